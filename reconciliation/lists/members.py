"""One line's cells made into a member as the registry holds it; what could not be taken is left blank and named."""

from __future__ import annotations

from collections.abc import Mapping

from reconciliation.lists.cells import Birth, Cell, birth_of, split_birth, text_of
from reconciliation.lists.identifiers import cccd_of
from reconciliation.lists.rows import is_ticked
from reconciliation.lists.words import code_of, ethnicity_of
from reconciliation.names import nfc
from reconciliation.registry import RELATIONS, SEXES, Said

#: (field, problem): what to look at in a member's line; the member is taken all the same.
Notes = list[tuple[str, Said]]

_SPLIT = ("birth_day", "birth_month", "birth_year_part")


def member_of(values: Mapping[str, Cell], last_year: int) -> tuple[dict[str, object], Notes]:
    """full_name, relation, sex, birth_date (date), birth_year, cccd, ethnicity (codes as in `poverty.frames`, None
    where not known), and what to look at. `last_year`: year of the list."""
    notes: Notes = []
    name = text_of(values.get("full_name")) or text_of(values.get("head_name"))
    if name is None:
        notes.append(
            ("full_name", Said("thiếu tên thành viên; vẫn nhập", "the member has no name; taken all the same"))
        )
    sex = _sex(values, notes)
    birth = _birth(values, last_year, notes)
    number = cccd_of(values.get("cccd"), sex, birth.day.year if birth.day else birth.year)
    if number.problem:
        notes.append(("cccd", number.problem))
    return {
        "full_name": None if name is None else nfc(name),
        "relation": _relation(values, notes),
        "sex": sex,
        "birth_date": birth.day,
        "birth_year": birth.year,
        "cccd": number.value,
        "ethnicity": _ethnicity(values, notes),
    }, notes


def _not_one_of(table: Mapping[str, str]) -> Said:
    words = ", ".join(table.values())
    return Said(f"không thuộc danh mục {words}; để trống", f"is none of {words}; left blank")


def _relation(values: Mapping[str, Cell], notes: Notes) -> str | None:
    text = text_of(values.get("relation"))
    if text is not None:
        relation = code_of("relation", text)
        if relation is None:
            notes.append(("relation", _not_one_of(RELATIONS)))
        return relation
    head = text_of(values.get("head_name"))
    name = text_of(values.get("full_name"))
    # A head's own line in a list with a column for heads and another for members.
    return "head" if head is not None and (name is None or name == head) else None


def _sex(values: Mapping[str, Cell], notes: Notes) -> str | None:
    said: dict[str, str] = {}  # field -> sex
    text = text_of(values.get("sex"))
    if text is not None:
        sex = code_of("sex", text)
        if sex is None:
            notes.append(("sex", _not_one_of(SEXES)))
        else:
            said["sex"] = sex
    for field, sex in (("mark_male", "male"), ("mark_female", "female")):
        ticked = is_ticked(values.get(field))
        if ticked is None:
            notes.append((field, Said("chỉ đánh dấu x; bỏ qua nội dung khác", "tick with x only; passed over")))
        elif ticked:
            said[field] = sex
    for field, sex in (("birth_male", "male"), ("birth_female", "female")):
        if text_of(values.get(field)) is not None:
            said[field] = sex
    if len(set(said.values())) > 1:
        both = Said(
            "ghi cả nam và nữ; chỉ để một; để trống giới tính", "says male and female; leave one; sex left blank"
        )
        notes.append((next(iter(said)), both))
        return None
    return next(iter(said.values()), None)


def _birth(values: Mapping[str, Cell], last_year: int, notes: Notes) -> Birth:
    read: list[Birth] = []
    for field in ("birth", "birth_male", "birth_female", "birth_year"):
        birth = birth_of(values.get(field), last_year)
        if birth.problem:
            notes.append((field, birth.problem))
        read.append(birth)
    if any(field in values for field in _SPLIT):
        day, month, year = (values.get(field) for field in _SPLIT)
        birth = split_birth(day, month, year, last_year)
        if birth.problem:
            notes.append((_SPLIT[2], birth.problem))
        read.append(birth)
    days = {birth.day for birth in read if birth.day}
    years = {birth.year for birth in read if birth.year}
    if len(days) > 1 or len(years) > 1:
        field = next(field for field in (*_SPLIT, "birth_male", "birth_year", "birth") if field in values)
        differ = Said(
            "các cột ngày sinh, năm sinh ghi khác nhau; chỉ giữ một; để trống",
            "the columns of day and year of birth differ; keep one; left blank",
        )
        notes.append((field, differ))
        return Birth()
    if days and years and next(iter(days)).year not in years:
        differs = Said(
            "khác năm của cột ngày sinh; kiểm tra lại; lấy ngày sinh",
            "differs from the year in the day of birth; check it; the day is taken",
        )
        notes.append(("birth_year", differs))
        return Birth(day=next(iter(days)))
    # A list with both columns says the year twice; where it stands beside a day, both are kept as written.
    return Birth(next(iter(days), None), next(iter(years), None))


def _ethnicity(values: Mapping[str, Cell], notes: Notes) -> str | None:
    text = text_of(values.get("ethnicity"))
    if text is None:
        return None
    code = ethnicity_of(text)
    if code is None:
        unknown = Said(
            "không phải tên hay mã dân tộc trong danh mục 54 dân tộc; để trống",
            "is no name or code of the 54 ethnic groups; left blank",
        )
        notes.append(("ethnicity", unknown))
    return code
