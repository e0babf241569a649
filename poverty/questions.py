"""The questions a standard may speak of: scope, kind, codes, and a short name in both languages.

Drawn from the contract of the frames (`poverty.frames`); a standard that names anything else is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from poverty import frames

Scope = Literal["household", "member"]
Kind = Literal["choice", "multiple", "number"]
Language = Literal["vi", "en"]


@dataclass(frozen=True)
class Text:
    """One wording in both languages."""

    vi: str
    en: str

    def in_language(self, language: Language) -> str:
        return self.vi if language == "vi" else self.en


@dataclass(frozen=True)
class Question:
    """A question of the form. `known` are the codes that are answers: `dk` (do not know) is not one of them."""

    name: str
    scope: Scope
    kind: Kind
    known: tuple[str, ...] = ()


def _known(codes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(code for code in codes if code != frames.DK)


QUESTIONS: dict[str, Question] = {
    question.name: question
    for question in (
        Question("area_class", "household", "choice", frames.AREA_CLASSES),
        *(Question(n, "household", "choice", _known(c)) for n, c in frames.HOUSEHOLD_CHOICES.items()),
        *(Question(n, "household", "multiple", _known(c)) for n, c in frames.HOUSEHOLD_MULTIPLE.items()),
        Question("floor_area", "household", "number"),
        *(Question(n, "household", "number") for n in frames.INCOME_SOURCES),
        *(Question(n, "member", "choice", _known(c)) for n, c in frames.MEMBER_CHOICES.items()),
    )
}

#: Short names of the answers that explanations and lists of missing answers mention.
ANSWER_NAMES: dict[str, Text] = {
    "review_date": Text("ngày rà soát", "review date"),
    "area_class": Text("khu vực", "area class"),
    "wall": Text("tường", "walls"),
    "column": Text("cột", "columns"),
    "roof": Text("mái", "roof"),
    "floor_area": Text("diện tích nhà ở", "floor area"),
    "water_source": Text("nguồn nước", "water source"),
    "toilet": Text("nhà tiêu", "toilet"),
    "internet": Text("sử dụng Internet", "Internet use"),
    "digital_services": Text("sử dụng dịch vụ số", "use of digital services"),
    "waste": Text("xử lý rác thải", "waste treatment"),
    "shared_devices": Text("phương tiện dùng chung", "shared devices"),
    "personal_devices": Text("phương tiện cá nhân", "personal devices"),
    "income_wage": Text("thu nhập từ tiền lương, tiền công", "wage income"),
    "income_farm": Text("thu nhập từ nông, lâm, thủy sản", "farm income"),
    "income_business": Text("thu nhập từ kinh doanh", "business income"),
    "income_other": Text("thu nhập khác", "other income"),
    "income_allowance": Text("trợ cấp xã hội", "social allowances"),
    "member": Text("danh sách thành viên", "list of members"),
    "birth_date": Text("ngày sinh", "birth date"),
    "birth_year": Text("năm sinh", "birth year"),
    "attending": Text("cấp đang học", "level attending"),
    "qualification": Text("bằng cấp cao nhất", "highest qualification"),
    "job_training": Text("đào tạo nghề tại chỗ có chứng nhận", "certified job training"),
    "work": Text("việc làm", "work"),
    "contract": Text("hợp đồng lao động", "labour contract"),
    "insured": Text("thẻ bảo hiểm y tế", "health insurance"),
    "allowance": Text("trợ cấp xã hội hằng tháng", "monthly social allowance"),
    "malnourished": Text("suy dinh dưỡng", "malnutrition"),
    "nutrition_source": Text("nguồn xác nhận suy dinh dưỡng", "source of the nutrition answer"),
}


def answer_name(name: str, language: Language) -> str:
    """Short name of an answer in the language; its leaf name when none is written."""
    text = ANSWER_NAMES.get(name)
    return text.in_language(language) if text else name
