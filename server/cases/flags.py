"""Flags (cảnh báo): why an interview deserves a look, in one line, with its weight and its remedy.

Each flag is written from its code and details, so that a page can say it in either language. Details hold field names,
distances and counts: never a name, a number or a place of a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["severe", "look", "note"]

#: An interview of a household shorter than this many minutes was hardly held.
SHORTEST_MINUTES = 3.0
#: Income within this share of the line: a small error changes the class.
NEAR_CUT = 0.05
#: Metres that a point may lie outside the commune answered, beside its own error: maps and phones differ by that.
TOLERANCE_M = 100.0
#: From here on a point and an answer do not speak of the same place.
FAR_M = 5000.0
#: How an interview was held, by its audit log. All of these are working values of this project: no rule names any.
#: Seconds for each answer below which nobody was asked; of interviews with so many answers at least.
FAST_SECONDS, FAST_ANSWERS = 2.0, 20
#: Minutes of work between ten in the evening and five in the morning.
NIGHT_MINUTES = 10.0
#: Answers about incomes that were typed again.
INCOME_CHANGES = 3


@dataclass(frozen=True)
class Kind:
    """A kind of flag: its usual severity, its reason with `{details}`, and what to do."""

    severity: Severity
    vi: str
    en: str
    remedy_vi: str
    remedy_en: str


KINDS: dict[str, Kind] = {
    "no_commune": Kind(
        "severe",
        "Phiếu không ghi xã, phường",
        "The interview names no commune",
        "Hỏi rà soát viên hộ thuộc xã nào; trả lại phiếu để ghi.",
        "Ask the enumerator which commune it is; return it to be filled in.",
    ),
    "unknown_commune": Kind(
        "severe",
        "Mã xã đã ghi không có trong danh mục của đợt",
        "The commune's code is not on the round's list",
        "Kiểm tra phiên bản phiếu trên điện thoại; trả lại để chọn lại xã.",
        "Check the form's version on the phone; return it to choose the commune again.",
    ),
    "round_differs": Kind(
        "severe",
        "Phiếu lập cho đợt rà soát hoặc ngày rà soát khác",
        "The interview was made for another round or review date",
        "Cập nhật phiếu trên điện thoại; kiểm tra phiếu này có thuộc đợt không.",
        "Update the form on the phone; check that this interview belongs to the round.",
    ),
    "unknown_choice": Kind(
        "look",
        "Câu {field}: mã trả lời không có trong danh sách, tính là chưa biết",
        "Question {field}: the answer is not on its list and counts as unknown",
        "Cập nhật phiếu trên điện thoại; trả lại để chọn lại.",
        "Update the form on the phone; return it to choose again.",
    ),
    "unreadable": Kind(
        "look",
        "Câu {field}: không đọc được câu trả lời, tính là chưa biết",
        "Question {field}: the answer cannot be read and counts as unknown",
        "Trả lại để ghi lại câu này.",
        "Return it to answer this question again.",
    ),
    "unknown_fields": Kind(
        "note",
        "Phiếu có {count} câu hỏi mà hệ thống chưa biết; câu trả lời được giữ nguyên",
        "The form has {count} questions unknown to the service; the answers are kept",
        "So phiếu trên Central với phiếu của đợt.",
        "Compare the form on Central with the round's.",
    ),
    "not_met": Kind(
        "look",
        "Không phỏng vấn được hộ: {outcome}",
        "The household was not interviewed: {outcome}",
        "Vắng nhà thì hẹn quay lại; chuyển đi, không còn hoặc tách hộ thì đối chiếu với thôn.",
        "If nobody was at home, visit again; if it moved, ended or split, ask the village.",
    ),
    "no_members": Kind(
        "severe",
        "Phiếu không có thành viên nào",
        "The interview has no member",
        "Trả lại để kê khai thành viên.",
        "Return it to list the members.",
    ),
    "no_head": Kind(
        "look",
        "Không có hoặc có hơn một chủ hộ",
        "There is no head of household, or more than one",
        "Xác định chủ hộ.",
        "Find out who is the head.",
    ),
    "gps_missing": Kind(
        "note",
        "Không có vị trí GPS",
        "There is no GPS position",
        "Nếu cần bản đồ, ghi vị trí khi quay lại.",
        "If the map needs it, take it at the next visit.",
    ),
    "gps_outside": Kind(
        "look",
        "Vị trí GPS nằm ngoài tỉnh (toạ độ 0,0, trên biển, hoặc sai)",
        "The GPS position lies outside the province (0,0, at sea, or wrong)",
        "Ghi lại vị trí ngoài trời; phiếu vẫn tính theo xã đã ghi.",
        "Take the position again outdoors; the interview counts in the commune answered.",
    ),
    "gps_disagrees": Kind(
        "look",
        "Vị trí GPS cách xã đã ghi {distance} m",
        "The GPS position is {distance} m from the commune answered",
        "Hỏi nơi phỏng vấn; sửa xã hoặc ghi lại vị trí.",
        "Ask where it was held; correct the commune or the position.",
    ),
    "class_undetermined": Kind(
        "look",
        "Chưa đủ thông tin để phân loại: thiếu {missing}",
        "The class is undetermined: missing {missing}",
        "Trả lại để hỏi các câu còn thiếu.",
        "Return it to ask what is missing.",
    ),
    "class_changed": Kind(
        "look",
        "Năm trước {previous}, nay đề xuất {proposed}",
        "Last year {previous}, now proposed {proposed}",
        "Đối chiếu từng chỉ số với năm trước trước khi duyệt.",
        "Compare each indicator with last year's before approving.",
    ),
    "near_cut": Kind(
        "look",
        "Thu nhập cách chuẩn chỉ {percent} %",
        "The income is only {percent} % from the line",
        "Kiểm tra lại từng khoản thu nhập.",
        "Check each income again.",
    ),
    "phone_server_differ": Kind(
        "look",
        "Điện thoại và máy chủ tính khác nhau: {fields}",
        "Phone and server computed differently: {fields}",
        "Kết quả của máy chủ được dùng; kiểm tra phiên bản phiếu trên điện thoại.",
        "The server's result counts; check the form's version on the phone.",
    ),
    "duplicate_cccd": Kind(
        "severe",
        "Số định danh của một thành viên có trong {count} lượt kê khai của đợt",
        "A member's personal number stands {count} times in this round",
        "Tìm phiếu trùng, hoặc số ghi nhầm.",
        "Find the duplicate interview, or the mistaken number.",
    ),
    "size_mismatch": Kind(
        "look",
        "Khai {stated} người nhưng kê {listed} thành viên",
        "{stated} persons stated, {listed} members listed",
        "Hỏi lại số thành viên.",
        "Ask for the number of members again.",
    ),
    "short_interview": Kind(
        "look",
        "Phỏng vấn chỉ {minutes} phút",
        "The interview took only {minutes} minutes",
        "Hỏi rà soát viên phiếu được lập thế nào.",
        "Ask the enumerator how it was made.",
    ),
    "superseded": Kind(
        "note",
        "Đã có phiếu khác của hộ thay cho phiếu này",
        "Another interview of the household counts in place of this one",
        "Không cần làm gì: phiếu này không được tính.",
        "Nothing: this interview is not counted.",
    ),
    "attachments_missing": Kind(
        "note",
        "Còn thiếu {count} tệp đính kèm",
        "{count} attachments are missing",
        "Nhắc rà soát viên gửi nốt khi có mạng.",
        "Remind the enumerator to send them when there is a network.",
    ),
    "fast_answers": Kind(
        "look",
        "Mỗi câu trả lời chỉ mất {seconds} giây ({count} câu)",
        "Each answer took only {seconds} seconds ({count} answers)",
        "Hỏi rà soát viên có hỏi từng câu không; gọi hoặc đến lại hộ để kiểm tra.",
        "Ask whether each question was put; call or visit the household again.",
    ),
    "night_work": Kind(
        "look",
        "Phiếu được làm {minutes} phút trong đêm (22 giờ đến 5 giờ)",
        "{minutes} minutes of the interview were done at night (22:00 to 05:00)",
        "Hỏi vì sao làm ban đêm, có mặt người của hộ không.",
        "Ask why it was done at night, and whether the household was there.",
    ),
    "location_jumps": Kind(
        "look",
        "Trong lúc làm phiếu, vị trí đổi {count} lần, xa nhất {distance} m",
        "The position changed {count} times during the interview, by {distance} m at most",
        "Hỏi phiếu được làm ở đâu; xem vị trí trên bản đồ.",
        "Ask where it was filled in; look at the position on the map.",
    ),
    "income_changes": Kind(
        "look",
        "Câu trả lời về thu nhập bị sửa {count} lần",
        "Answers about incomes were changed {count} times",
        "Xem từng lần sửa ở mục Cách làm phiếu; hỏi lại thu nhập.",
        "See each change under How it was held; ask for the incomes again.",
    ),
}

#: Flags that need the whole round beside the interview itself.
CROSS_KINDS = ("duplicate_cccd", "class_changed", "superseded")


def say(code: str, details: dict[str, Any], language: Literal["vi", "en"] = "vi") -> str:
    """The reason of a flag in one line. An unknown code (a newer version's) is said as its code."""
    kind = KINDS.get(code)
    if kind is None:
        return code
    from string import Formatter

    template = kind.vi if language == "vi" else kind.en
    wanted = [name for _, name, _, _ in Formatter().parse(template) if name]
    return template.format(**{name: _worded(name, details.get(name, "?"), language) for name in wanted})


def remedy(code: str, language: Literal["vi", "en"] = "vi") -> str:
    """What to do about a flag; empty for an unknown code."""
    kind = KINDS.get(code)
    return "" if kind is None else (kind.remedy_vi if language == "vi" else kind.remedy_en)


_CLASS_WORDS = {
    "vi": {
        "poor": "hộ nghèo",
        "near_poor": "hộ cận nghèo",
        "not_poor": "hộ không nghèo",
        "undetermined": "chưa đủ thông tin",
    },
    "en": {"poor": "poor", "near_poor": "near-poor", "not_poor": "not poor", "undetermined": "undetermined"},
}


_OUTCOME_WORDS = {
    "vi": {
        "absent": "vắng nhà",
        "refused": "từ chối",
        "moved_away": "đã chuyển đi",
        "dissolved": "hộ không còn",
        "split": "đã tách hộ",
    },
    "en": {
        "absent": "nobody at home",
        "refused": "it refused",
        "moved_away": "it moved away",
        "dissolved": "it no longer exists",
        "split": "it split",
    },
}


def _worded(name: str, value: Any, language: Literal["vi", "en"]) -> str:
    if name == "outcome":
        return _OUTCOME_WORDS[language].get(str(value), str(value))
    if name in ("previous", "proposed"):
        return _CLASS_WORDS[language].get(str(value), str(value))
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        text = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
        return text.translate(str.maketrans(",.", ".,")) if language == "vi" else text
    return str(value)
