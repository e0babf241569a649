"""Reasons to return or to reject an interview, chosen by a digit; the enumerator reads them in Vietnamese."""

from __future__ import annotations

from server.errors import UserError
from server.web.language import mark

#: Digit -> what the enumerator is to mend. The last is said in the supervisor's own words.
RETURN = {
    "1": mark("Còn thiếu câu trả lời"),
    "2": mark("Thành viên hộ chưa đúng hoặc chưa đủ"),
    "3": mark("Năm sinh hoặc số định danh chưa đúng"),
    "4": mark("Thu nhập cần hỏi lại"),
    "5": mark("Nhà ở, nước, nhà tiêu cần xem lại"),
    "6": mark("Vị trí GPS hoặc xã, thôn chưa đúng"),
    "7": mark("Thiếu ảnh hoặc tệp đính kèm"),
    "8": mark("Khác nhiều so với năm trước, cần xác nhận"),
    "9": mark("Lý do khác"),
}
REJECT = {
    "1": mark("Phiếu trùng với phiếu khác"),
    "2": mark("Phiếu thử, không phải hộ thật"),
    "3": mark("Hộ không thuộc địa bàn"),
    "9": mark("Lý do khác"),
}
OWN_WORDS = "9"


def compose(reasons: dict[str, str], digit: str, note: str) -> str:
    """The text for the enumerator: the reason, then the note. Raises `UserError` when it would say nothing."""
    note = " ".join(note.split())
    if digit not in reasons:
        raise UserError("review_reason", "Chọn một lý do.", "Choose a reason.")
    if digit == OWN_WORDS:
        if not note:
            raise UserError("review_reason", "Lý do khác: cần ghi rõ.", "Another reason: say which.")
        return note
    return f"{reasons[digit]}: {note}" if note else f"{reasons[digit]}."
