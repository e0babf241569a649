from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from reconciliation import RegistryError, read_registry, write_registry
from tests.reconciliation.people import registry_of

HEAD = {
    "full_name": "Nguyễn Văn An",
    "relation": "head",
    "sex": "male",
    "birth_date": "1960-02-03",
    "cccd": "033060000001",
    "ethnicity": "01",
}
CHILD = {"full_name": "Nguyễn Thị Ánh", "relation": "child", "sex": "female", "birth_year": 2012}


def sheet(tmp_path: Path, rows: list[dict[str, object]]) -> Path:
    path = tmp_path / "list.xlsx"
    pd.DataFrame(rows).to_excel(path, index=False)
    return path


def row(**more: object) -> dict[str, object]:
    plain = {
        "Mã hộ": "H1",
        "Năm": 2025,
        "Mã xã": "11953",
        "Phân loại": "Hộ nghèo",
        "STT thành viên": 1,
        "Họ và tên": "Lê Văn Ba",
    }
    return plain | more


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    registry = registry_of({"H1": [HEAD, CHILD], "H2": [CHILD]}, status={"H2": "near_poor"})
    write_registry(registry, tmp_path / "list.xlsx")
    again = read_registry(tmp_path / "list.xlsx")
    pd.testing.assert_frame_equal(again.households, registry.households)
    pd.testing.assert_frame_equal(again.members, registry.members, check_dtype=False)
    assert again.problems.empty


def test_a_formula_is_text_when_written(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    registry = registry_of({"H1": [HEAD | {"full_name": "=HYPERLINK(1)"}]})
    write_registry(registry, tmp_path / "list.xlsx")
    cells = [cell for line in openpyxl.load_workbook(tmp_path / "list.xlsx").active.iter_rows() for cell in line]
    assert any(cell.value == "=HYPERLINK(1)" and cell.data_type == "s" for cell in cells)


def test_headings_are_known_without_tones_and_codes_get_their_zeros_back(tmp_path: Path) -> None:
    rows = [
        {
            "MA HO": "H1",
            "nam": 2025,
            "mã xã": 4561,
            "PHAN LOAI": "HỘ NGHÈO",
            "STT thành viên": 1,
            "Họ và tên": "Lê Văn Ba",
        }
    ]
    registry = read_registry(sheet(tmp_path, rows))
    assert registry.households.loc["H1", ["commune_code", "status"]].tolist() == ["04561", "poor"]


@pytest.mark.parametrize(
    ("rows", "heading"),
    [
        ([row(**{"Mã hộ": None})], "Mã hộ"),
        ([row(**{"Phân loại": "giàu"})], "Phân loại"),
        ([row(**{"Mã xã": "Phố Hiến"})], "Mã xã"),
        ([row(**{"STT thành viên": "một"})], "STT thành viên"),
        ([row(), row()], "STT thành viên"),
        ([row(), row(**{"STT thành viên": 2, "Mã xã": "11977"})], "Mã xã"),
    ],
)
def test_a_household_that_cannot_stand_is_left_out_whole_and_named(
    tmp_path: Path, rows: list[dict[str, object]], heading: str
) -> None:
    good = row(**{"Mã hộ": "H9"})
    registry = read_registry(sheet(tmp_path, [*rows, good]))
    assert registry.households.index.tolist() == ["H9"]
    rejected = registry.problems[registry.problems["rejected"]]
    assert set(rejected["column"]) == {heading}
    assert rejected["row"].min() == 2


def test_a_doubtful_cell_is_left_blank_and_reported_without_its_value(tmp_path: Path) -> None:
    cells = {"Giới tính": "?", "Ngày sinh": "31/02/1980", "Năm sinh": "80", "Số định danh cá nhân": "12345"}
    registry = read_registry(sheet(tmp_path, [row(**cells)]))
    member = registry.members.loc[("H1", 1)]
    assert member[["sex", "birth_date", "birth_year", "cccd"]].isna().all()
    assert set(registry.problems["column"]) == set(cells)
    assert not registry.problems["problem"].str.contains("12345|31/02", regex=True).any()


@pytest.mark.parametrize(
    ("rows", "words"),
    [([], "thiếu cột"), ([{"Mã hộ": "H1"}], "thiếu cột"), ([dict.fromkeys(row())], "không có dòng dữ liệu")],
)
def test_an_unusable_file_says_what_to_do(tmp_path: Path, rows: list[dict[str, object]], words: str) -> None:
    with pytest.raises(RegistryError, match=words):
        read_registry(sheet(tmp_path, rows))


def test_a_file_that_is_no_workbook_says_so(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    path.write_text("not a workbook")
    with pytest.raises(RegistryError, match="không đọc được"):
        read_registry(path)
    with pytest.raises(RegistryError, match="không có tệp"):
        read_registry(tmp_path / "nowhere.xlsx")
