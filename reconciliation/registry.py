"""The registry of poor and near-poor households as frames, and its plain worksheet.

The plain worksheet has one row per member under one line of headings (`COLUMNS`), as the province's own export
writes it. The lists that communes keep by hand come in other shapes; they are not read here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from reconciliation.names import fold, nfc

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
MEMBER_COLUMNS = ["full_name", "relation", "sex", "birth_date", "birth_year", "cccd", "ethnicity"]


class RegistryError(Exception):
    """A list that cannot be read at all; the message names the place and the remedy."""


@dataclass(frozen=True)
class Registry:
    """One year's list.

    households: by `household_code` (text): year (Int64), commune_code, village_id, village_name, status
        (poor | near_poor), head_name.
    members: by (`household_code`, `member_no`): full_name, relation, sex, birth_date (datetime64), birth_year
        (Int64), cccd, ethnicity; codes as in `poverty.frames`.
    problems: one row per cell or row that was not taken as it stands: row (number on the sheet), column
        (heading), problem (Vietnamese sentence with the remedy; no value of a person), rejected (bool: the whole
        household was left out).
    """

    households: pd.DataFrame
    members: pd.DataFrame
    problems: pd.DataFrame


def read_registry(path: Path) -> Registry:
    """Read a plain registry worksheet (.xlsx).

    A household with a row that cannot stand (no code, unknown status, doubled member number, two communes) is
    left out whole and reported; the rest is taken.

    Raises `RegistryError` when the file is no workbook, has no data, or lacks a required heading.
    """
    sheet = _read_sheet(path)
    problems = _Problems()
    rows = pd.DataFrame(index=sheet.index)
    for heading, (_, column) in COLUMNS.items():
        rows[column] = sheet[heading] if heading in sheet else pd.Series(pd.NA, index=sheet.index, dtype="str")

    problems.reject(rows["household_code"].isna(), "Mã hộ", "thiếu mã hộ; ghi mã hộ rồi nhập lại")
    codes = rows["household_code"].fillna("")
    rows["status"] = _codes(rows["status"], STATUSES)
    problems.reject(rows["status"].isna(), "Phân loại", "phải là «Hộ nghèo» hoặc «Hộ cận nghèo»")
    rows["commune_code"] = rows["commune_code"].str.zfill(5)
    problems.reject(~rows["commune_code"].str.fullmatch(r"\d{5}").fillna(False), "Mã xã", "phải có 5 chữ số")
    for column, heading in (("year", "Năm"), ("member_no", "STT thành viên")):
        rows[column] = pd.to_numeric(rows[column], errors="coerce").astype("Float64")
        whole = rows[column].notna() & (rows[column] % 1 == 0).fillna(False)
        problems.reject(~whole, heading, "phải là số nguyên")
        rows[column] = rows[column].where(whole).astype("Int64")
    problems.reject(
        rows.duplicated(["household_code", "member_no"], keep=False) & rows["household_code"].notna(),
        "STT thành viên",
        "trùng số thứ tự trong cùng một hộ",
    )
    for column, heading in (("commune_code", "Mã xã"), ("status", "Phân loại"), ("year", "Năm")):
        several = rows.groupby(codes)[column].transform("nunique").gt(1)
        problems.reject(several, heading, "các dòng của cùng một hộ ghi khác nhau")

    _read_members(rows, problems)

    rejected = set(codes[problems.rejected_rows(rows.index)])
    kept = rows[~codes.isin(rejected)].copy()
    kept["member_no"] = kept["member_no"].astype("int64")
    members = kept.set_index(["household_code", "member_no"])[MEMBER_COLUMNS].sort_index()
    households = kept.drop_duplicates("household_code").set_index("household_code")
    households["head_name"] = head_names(members)
    return Registry(households[HOUSEHOLD_COLUMNS].sort_index(), members, problems.frame())


def head_names(members: pd.DataFrame) -> pd.Series[str]:
    """Name of each household's head, by the first level of the members' index; the first member where none is named."""
    ordered = members.assign(_not_head=members["relation"].ne("head")).sort_values("_not_head", kind="stable")
    return ordered.groupby(level=0)["full_name"].first()


def write_registry(registry: Registry, path: Path) -> None:
    """Write `registry` as the plain worksheet that `read_registry` reads. All cells are text: none is executed."""
    rows = registry.members.reset_index().merge(
        registry.households.drop(columns="head_name").reset_index(), on="household_code", how="left"
    )
    rows["status"] = rows["status"].map(STATUSES)
    rows["sex"] = rows["sex"].map(SEXES)
    rows["relation"] = rows["relation"].map(RELATIONS)
    rows["birth_date"] = rows["birth_date"].dt.strftime("%d/%m/%Y")
    table = pd.DataFrame({heading: rows[column] for heading, (_, column) in COLUMNS.items()})
    table = table.astype("object").where(table.notna(), None)
    with pd.ExcelWriter(
        path,
        engine="xlsxwriter",
        engine_kwargs={"options": {"strings_to_formulas": False, "strings_to_urls": False}},
    ) as writer:
        table.to_excel(writer, sheet_name="Danh sách", index=False)


class _Problems:
    """Problems gathered while reading; row numbers are those of the sheet, where line 1 holds the headings."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []

    def add(self, where: pd.Series[bool], heading: str, problem: str, *, rejected: bool) -> None:
        self._rows += [
            {"row": int(index) + 2, "column": heading, "problem": problem, "rejected": rejected}
            for index in where.index[where.to_numpy(dtype=bool, na_value=False)]
        ]

    def reject(self, where: pd.Series[bool], heading: str, problem: str) -> None:
        self.add(where, heading, problem, rejected=True)

    def rejected_rows(self, index: pd.Index) -> pd.Series[bool]:
        lines = {row["row"] - 2 for row in self._rows if row["rejected"]}
        return pd.Series(index.isin(lines), index=index)

    def frame(self) -> pd.DataFrame:
        return pd.DataFrame(self._rows, columns=["row", "column", "problem", "rejected"])


def _read_sheet(path: Path) -> pd.DataFrame:
    try:
        sheet = pd.read_excel(path, dtype=str, engine="openpyxl")
    except FileNotFoundError:
        raise RegistryError(f"{path.name}: không có tệp này; kiểm tra lại đường dẫn") from None
    except Exception as error:  # openpyxl raises a dozen kinds for what is no workbook
        raise RegistryError(
            f"{path.name}: không đọc được như tệp Excel .xlsx; mở tệp và lưu lại dạng .xlsx ({type(error).__name__})"
        ) from None
    known = {fold(heading): heading for heading in COLUMNS}
    sheet = sheet.rename(columns={column: known.get(fold(str(column)), str(column)) for column in sheet.columns})
    missing = [heading for heading in REQUIRED if heading not in sheet]
    if missing:
        raise RegistryError(f"{path.name}: dòng 1 thiếu cột {', '.join(missing)}; thêm cột đúng tên rồi nhập lại")
    doubled = sheet.columns[sheet.columns.duplicated()].unique()
    if len(doubled):
        raise RegistryError(f"{path.name}: dòng 1 có hai cột cùng tên {', '.join(map(str, doubled))}; bỏ một cột")
    text: pd.DataFrame = sheet.apply(lambda column: column.str.strip().replace("", pd.NA))
    text = text[text.notna().any(axis=1)]
    if text.empty:
        raise RegistryError(f"{path.name}: không có dòng dữ liệu nào dưới dòng tiêu đề")
    return text


def _read_members(rows: pd.DataFrame, problems: _Problems) -> None:
    problems.add(rows["full_name"].isna(), "Họ và tên", "thiếu tên thành viên; vẫn nhập", rejected=False)
    rows["full_name"] = rows["full_name"].map(nfc, na_action="ignore").astype("str")
    for column, heading, labels in (
        ("sex", "Giới tính", SEXES),
        ("relation", "Quan hệ với chủ hộ", RELATIONS),
    ):
        coded = _codes(rows[column], labels)
        unknown = coded.isna() & rows[column].notna()
        problems.add(unknown, heading, f"không thuộc danh mục {', '.join(labels.values())}; để trống", rejected=False)
        rows[column] = coded
    dates = pd.to_datetime(rows["birth_date"], format="%d/%m/%Y", errors="coerce")
    # A cell that Excel holds as a date arrives in ISO form.
    dates = dates.fillna(pd.to_datetime(rows["birth_date"], format="ISO8601", errors="coerce"))
    bad = dates.isna() & rows["birth_date"].notna()
    problems.add(bad, "Ngày sinh", "không đọc được; ghi ngày/tháng/năm, ví dụ 05/09/1980; để trống", rejected=False)
    rows["birth_date"] = dates
    years = pd.to_numeric(rows["birth_year"], errors="coerce")
    plausible = years.between(1880, 2100) & (years % 1 == 0)
    bad = rows["birth_year"].notna() & ~plausible
    problems.add(bad, "Năm sinh", "phải là năm có 4 chữ số; để trống", rejected=False)
    rows["birth_year"] = years.where(plausible).astype("Int64")
    bad = rows["cccd"].notna() & ~rows["cccd"].str.fullmatch(r"\d{12}|\d{9}").fillna(False)
    problems.add(bad, "Số định danh cá nhân", "phải có 12 chữ số (hoặc CMND cũ 9 chữ số); để trống", rejected=False)
    rows["cccd"] = rows["cccd"].mask(bad)


def _codes(texts: pd.Series[str], labels: dict[str, str]) -> pd.Series[str]:
    by_label = {fold(label): code for code, label in labels.items()} | {code: code for code in labels}
    return texts.map(lambda text: by_label.get(fold(text)), na_action="ignore").astype("str")
