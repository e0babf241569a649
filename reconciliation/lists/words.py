"""Words of the lists and the codes they stand for: status, sex, relation to the head, ethnic group."""

from __future__ import annotations

import re
from functools import lru_cache

from reconciliation.lists.cells import is_number
from reconciliation.names import fold

STATUS_WORDS = {
    "poor": ("ho ngheo", "ngheo", "hn", "ho n", "n", "poor"),
    "near_poor": ("ho can ngheo", "can ngheo", "hcn", "cn", "near_poor", "ho cn"),
}
SEX_WORDS = {"male": ("nam", "trai", "male", "m"), "female": ("nu", "gai", "female", "f")}
RELATION_WORDS = {
    "head": ("chu ho", "ch", "chu", "ban than", "head"),
    "spouse": ("vo", "chong", "vo chong", "spouse"),
    "child": ("con", "con trai", "con gai", "con de", "con nuoi", "con ruot", "con rieng", "child"),
    "parent": ("bo", "me", "cha", "bo me", "cha me", "bo de", "me de", "bo ruot", "me ruot", "parent"),
    "grandchild": (
        "chau", "chau noi", "chau ngoai", "chau noi ngoai", "chau noi, ngoai", "chau trai", "chau gai", "grandchild",
    ),
    "sibling": (
        "anh", "chi", "em", "anh chi em", "anh, chi, em", "anh trai", "chi gai", "em trai", "em gai", "anh ruot",
        "chi ruot", "em ruot", "sibling",
    ),
    "child_in_law": ("con dau", "con re", "dau", "re", "con dau re", "con dau, con re", "child_in_law"),
    "other": (
        "khac", "ong", "ba", "ong noi", "ba noi", "ong ngoai", "ba ngoai", "chu re", "bac", "co", "di", "cau", "mo",
        "bo chong", "me chong", "bo vo", "me vo", "chi dau", "anh re", "em dau", "em re", "chat", "o nho", "other",
    ),
}  # fmt: skip
#: Ethnic groups of the General Statistics Office with their two-digit codes, in its order (01 Kinh ... 54 Ơ Đu).
_ETHNIC_GROUPS = (
    "Kinh", "Tày", "Thái", "Mường", "Khmer", "Hoa", "Nùng", "Mông", "Dao", "Gia Rai", "Ê Đê", "Ba Na", "Sán Chay",
    "Chăm", "Cơ Ho", "Xơ Đăng", "Sán Dìu", "Hrê", "Ra Glay", "Mnông", "Thổ", "Xtiêng", "Khơ Mú", "Bru-Vân Kiều",
    "Cơ Tu", "Giáy", "Tà Ôi", "Mạ", "Giẻ Triêng", "Co", "Chơ Ro", "Xinh Mun", "Hà Nhì", "Chu Ru", "Lào", "La Chí",
    "Kháng", "Phù Lá", "La Hủ", "La Ha", "Pà Thẻn", "Lự", "Ngái", "Chứt", "Lô Lô", "Mảng", "Cơ Lao", "Bố Y", "Cống",
    "Si La", "Pu Péo", "Rơ Măm", "Brâu", "Ơ Đu",
)  # fmt: skip
_OTHER_NAMES = {
    "viet": "01",
    "hmong": "08",
    "h'mong": "08",
    "jrai": "10",
    "ede": "11",
    "cao lan": "13",
    "san chi": "13",
}
ETHNICITIES = {fold(name): f"{code:02d}" for code, name in enumerate(_ETHNIC_GROUPS, start=1)} | _OTHER_NAMES

_BY_WORD = {
    name: {word: code for code, words in table.items() for word in words}
    for name, table in (("status", STATUS_WORDS), ("sex", SEX_WORDS), ("relation", RELATION_WORDS))
}


@lru_cache(maxsize=65536)
def code_of(kind: str, text: str) -> str | None:
    """The code that `text` stands for (kind: status | sex | relation); None when it is none of the known words."""
    folded = re.sub(r"\s*[/.]\s*", " ", fold(text)).strip(" :;-*()")
    return _BY_WORD[kind].get(folded)


@lru_cache(maxsize=65536)
def ethnicity_of(text: str) -> str | None:
    """The two-digit code of an ethnic group given by name or code; None when it is neither."""
    if is_number(text):
        return text.zfill(2) if 1 <= int(text) <= 56 else None
    return ETHNICITIES.get(fold(text).removeprefix("dan toc ").strip())


_POOR = re.compile(r"\b(?:ho|dien)?\s*ngheo\b")


def status_in(text: str) -> str | None:
    """The one status that a title, a sheet's name or a dividing row speaks of; None where none, both, or an escape."""
    folded = fold(text)
    if "thoat" in folded:
        return None
    whole = code_of("status", re.sub(r"^(?:[a-z]|[ivx]+|\d+)\s*[.)/-]\s*", "", folded))
    if whole is not None and len(folded) > 1:
        return whole
    near = "can ngheo" in folded
    poor = _POOR.search(folded.replace("can ngheo", "")) is not None
    if near == poor:
        return None
    return "near_poor" if near else "poor"
