"""Why a form asks what it asks: the texts behind forms and questions, where one is known.

A question that a rule of a standard reads has that rule's source besides. `unofficial`: the text was read in a copy
or summary that is not official. What stands here with no text has none at hand; nothing is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass

from poverty.standard_file import Status


@dataclass(frozen=True)
class Ground:
    text: str
    status: Status


_PROCEDURE = "Quyết định 24/2021/QĐ-TTg"
_FORMS = "Thông tư 07/2021/TT-BLĐTBXH, Phụ lục (hợp nhất tại VBHN 1315/VBHN-BLĐTBXH)"

FORM_GROUNDS: dict[str, Ground] = {
    "application": Ground(f"{_PROCEDURE} (Giấy đề nghị); {_FORMS}, Phiếu A (chưa có nguyên văn)", "unofficial"),
    "household": Ground(f"{_PROCEDURE}; {_FORMS}, Phiếu B (chưa có nguyên văn)", "unofficial"),
    "village_meeting": Ground(f"{_PROCEDURE}, bước họp dân thống nhất kết quả", "unofficial"),
}

QUESTION_GROUNDS: dict[str, Ground] = {
    "notice_read": Ground("Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15", "unofficial"),
    "consent_gps": Ground("Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15, Điều 9", "unofficial"),
    "consent_photo": Ground("Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15, Điều 9", "unofficial"),
    "cccd": Ground("Thông tư 59/2021/TT-BCA, Điều 4 (cấu trúc số định danh)", "unofficial"),
    "ethnicity": Ground("Biểu báo cáo số 9 (theo dân tộc); danh mục dân tộc của Cục Thống kê", "unofficial"),
    "causes": Ground("Biểu báo cáo số 10 (tám nguyên nhân nghèo)", "unofficial"),
    "special_groups": Ground("Biểu báo cáo số 8 (nhóm đối tượng)", "unofficial"),
    "support_needs": Ground("Biểu báo cáo số 14, 15 (nhu cầu hỗ trợ)", "unofficial"),
    "b1_points": Ground(f"{_FORMS}, bảng điểm B1 (chưa có trong tay)", "unofficial"),
    "b2_points": Ground(f"{_FORMS}, bảng điểm B2", "unofficial"),
    "allowance": Ground("Nghị định 20/2021/NĐ-CP, Điều 5 (trợ cấp xã hội hằng tháng)", "unofficial"),
}
