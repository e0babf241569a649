"""The registry of poor and near-poor households as frames, and as the worksheets the province writes.

The plain worksheet has one row per member under one line of headings (`COLUMNS`). The lists that communes keep by
hand come in other shapes: `reconciliation.lists` reads both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import yaml

#: Official status on the list: hộ nghèo, hộ cận nghèo.
STATUSES = {"poor": "Hộ nghèo", "near_poor": "Hộ cận nghèo"}
SEXES = {"male": "Nam", "female": "Nữ"}
RELATIONS = {
    "head": "Chủ hộ",
    "spouse": "Vợ/chồng",
    "child": "Con",
    "parent": "Bố/mẹ",
    "grandchild": "Cháu",
    "sibling": "Anh/chị/em",
    "child_in_law": "Con dâu/rể",
    "other": "Khác",
}

#: Heading of the worksheet -> (frame, column).
COLUMNS: dict[str, tuple[str, str]] = {
    "Mã hộ": ("both", "household_code"),
    "Năm": ("household", "year"),
    "Mã xã": ("household", "commune_code"),
    "Mã thôn": ("household", "village_id"),
    "Tên thôn": ("household", "village_name"),
    "Phân loại": ("household", "status"),
    "STT thành viên": ("member", "member_no"),
    "Họ và tên": ("member", "full_name"),
    "Quan hệ với chủ hộ": ("member", "relation"),
    "Giới tính": ("member", "sex"),
    "Ngày sinh": ("member", "birth_date"),
    "Năm sinh": ("member", "birth_year"),
    "Số định danh cá nhân": ("member", "cccd"),
    "Dân tộc": ("member", "ethnicity"),
}
REQUIRED = ("Mã hộ", "Năm", "Mã xã", "Phân loại", "STT thành viên", "Họ và tên")

HOUSEHOLD_COLUMNS = ["year", "commune_code", "village_id", "village_name", "status", "head_name"]
PROBLEM_COLUMNS = ["sheet", "row", "column", "problem", "column_en", "problem_en", "rejected"]
MEMBER_COLUMNS = ["full_name", "relation", "sex", "birth_date", "birth_year", "cccd", "ethnicity"]


class Said(NamedTuple):
    """A sentence in both languages: what is wrong and what to do about it, never a person's value."""

    vi: str
    en: str


class RegistryError(Exception):
    """A list that cannot be read at all: `vi` and `en` name the place and the remedy."""

    def __init__(self, place: str, vi: str, en: str) -> None:
        super().__init__(f"{place}: {vi}\n{place}: {en}")
        self.vi = f"{place}: {vi}"
        self.en = f"{place}: {en}"


@dataclass(frozen=True)
class Registry:
    """One year's list.

    households: by `household_code` (text): year (Int64), commune_code, village_id, village_name, status
        (poor | near_poor), head_name; and phone (today's digits, text) where the list has telephones.
    members: by (`household_code`, `member_no`): full_name, relation, sex, birth_date (datetime64), birth_year
        (Int64), cccd, ethnicity; codes as in `poverty.frames`.
    problems: one row per cell or row that was not taken as it stands: sheet (name), row (number on the sheet), column
        (heading; '' = the whole row), problem (Vietnamese sentence with the remedy; no value of a person), column_en
        and problem_en (the same in English), rejected (bool: the whole household, or the row that belongs to none, was
        left out).
    """

    households: pd.DataFrame
    members: pd.DataFrame
    problems: pd.DataFrame


def head_names(members: pd.DataFrame) -> pd.Series[str]:
    """Name of each household's head, by the first level of the members' index; the first member where none is named."""
    ordered = members.assign(_not_head=members["relation"].ne("head")).sort_values("_not_head", kind="stable")
    return ordered.groupby(level=0)["full_name"].first()


#: What a sheet can be written of: columns of the registry, and the forms in which communes' templates want them.
EXPORTED = (
    *(column for _, column in COLUMNS.values()),
    "head_name",
    "phone",
    "birth",  # the day, or the year where only that is known
    "birth_male",
    "birth_female",
    "mark_male",
    "mark_female",
    "mark_poor",
    "mark_near_poor",
)


def load_columns(path: Path) -> dict[str, str]:
    """Read an export mapping: YAML, heading -> column (one of `EXPORTED`), in the order of the sheet.

    Raises `RegistryError` naming the heading whose column does not exist.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RegistryError(
            path.name, "không có tệp này; kiểm tra lại đường dẫn", "no such file; check the path"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise RegistryError(
            path.name,
            "không đọc được như YAML; mỗi dòng ghi «Tiêu đề: cột»",
            "cannot be read as YAML; write «Heading: column» on each line",
        ) from None
    if not isinstance(document, dict) or not document:
        raise RegistryError(
            path.name,
            "chưa có cột nào; mỗi dòng ghi «Tiêu đề: cột»",
            "holds no column; write «Heading: column» on each line",
        )
    columns = {str(heading): str(column) for heading, column in document.items()}
    check_columns(columns, path.name)
    return columns


def check_columns(columns: Mapping[str, str], source: str) -> None:
    """Raise `RegistryError` where an export mapping names a column that does not exist."""
    for heading, column in columns.items():
        if column not in EXPORTED:
            raise RegistryError(
                source,
                f"cột «{heading}»: không có «{column}»; chọn một trong: {', '.join(EXPORTED)}",
                f"column «{heading}»: there is no «{column}»; choose one of: {', '.join(EXPORTED)}",
            )


def write_registry(registry: Registry, path: Path, columns: Mapping[str, str] | None = None) -> None:
    """Write `registry` as a worksheet with one row per member. All cells are text: none is executed.

    columns: heading -> column (one of `EXPORTED`), such as the ministry software's template wants; without it the plain
    worksheet, which `read_registry` reads. The household code of the ministry's software is written as it was read.
    """
    columns = columns if columns is not None else {heading: column for heading, (_, column) in COLUMNS.items()}
    check_columns(columns, path.name)
    rows = registry.members.reset_index().merge(registry.households.reset_index(), on="household_code", how="left")
    birth_date = rows["birth_date"].dt.strftime("%d/%m/%Y").astype("object")
    birth = birth_date.where(rows["birth_date"].notna(), rows["birth_year"].astype("object"))
    derived = {
        "status": rows["status"].map(STATUSES),
        "sex": rows["sex"].map(SEXES),
        "relation": rows["relation"].map(RELATIONS),
        "birth_date": birth_date,
        "birth": birth,
        **{f"birth_{sex}": birth.where(rows["sex"].eq(sex)) for sex in SEXES},
        **{f"mark_{sex}": rows["sex"].eq(sex).map({True: "x"}) for sex in SEXES},
        **{f"mark_{status}": rows["status"].eq(status).map({True: "x"}) for status in STATUSES},
    }
    empty = pd.Series(pd.NA, index=rows.index)
    table = pd.DataFrame({heading: derived.get(column, rows.get(column, empty)) for heading, column in columns.items()})
    cells = table.astype("object").where(table.notna(), None).to_numpy().tolist()
    texts = [[None if cell is None else str(cell) for cell in row] for row in cells]
    write_text_sheets(path, {"Danh sách": [list(columns), *texts]})


def write_text_sheets(path: Path, sheets: Mapping[str, list[list[str | None]]]) -> None:
    """Write an .xlsx whose cells are all text: no formula, no link, whatever a cell begins with. Raises `OSError`."""
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    try:
        with xlsxwriter.Workbook(path, {"constant_memory": True}) as workbook:
            as_text = workbook.add_format({"num_format": "@"})
            for name, rows in sheets.items():
                sheet = workbook.add_worksheet(name)
                for number, row in enumerate(rows):
                    for column, cell in enumerate(row):
                        if cell is not None:
                            sheet.write_string(number, column, cell, as_text)
    except FileCreateError as error:
        raise OSError(f"{path.name} cannot be written") from error
