"""Where the households of a list live today: old communes by succession, split ones by village or by a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from reconciliation import RegistryError, guess_mapping, read_list, write_rejected
from reconciliation.lists import from_table, read, sentences
from reconciliation.lists.units import TODAY_HEADING
from tests.reconciliation.commune_lists import HEAD, HEADINGS, book, read_rows, rejected


def succession() -> Any:
    old = {"first_year": None, "last_year": 2024, "valid_from": pd.Timestamp(2023, 5, 7)}
    now = {"district": None, "first_year": 2025, "last_year": None, "valid_from": pd.Timestamp(2025, 7, 1)}
    table = pd.DataFrame(
        [
            {"code": "11989", "name": "Xã Lạc Đạo", "district": "Huyện Văn Lâm", "new_code": "11992", **old},
            {"code": "11989", "name": "Xã Lạc Đạo", "district": "Huyện Văn Lâm", "new_code": "11995", **old},
            {"code": "12000", "name": "Xã Minh Hải", "district": "Huyện Văn Lâm", "new_code": "11992", **old},
            {"code": "12500", "name": "Xã Minh Hải", "district": "Huyện Khác", "new_code": "12510", **old},
            {"code": "12600", "name": "Phường Minh Hải", "district": "Huyện Nữa", "new_code": "12510", **old},
            {"code": "12700", "name": "Xã Đông Á", "district": "Huyện Khác", "new_code": "12510", **old},
            {"code": "12701", "name": "Xã Đồng Á", "district": "Huyện Nữa", "new_code": "11995", **old},
            {"code": "11992", "name": "Xã Lạc Đạo", "new_code": "11992", **now},
            {"code": "11995", "name": "Xã Đại Đồng", "new_code": "11995", **now},
            {"code": "12510", "name": "Xã Minh Hải", "new_code": "12510", **now},
        ]
    )
    villages = pd.DataFrame([{"code": "11989", "village": "Thôn Đông", "new_code": "11995"}])
    return from_table(table, villages)


@pytest.mark.parametrize(
    ("commune", "district", "village", "year", "code", "words"),
    [
        ("Xã Minh Hải", "Văn Lâm", None, 2024, "11992", None),
        ("Minh Hải", "Khác", None, 2024, "12510", None),
        ("12000", None, None, 2024, "11992", None),
        ("Minh Hải", None, None, 2024, None, "Xã Minh Hải, Huyện Văn Lâm; Xã Minh Hải, Huyện Khác"),
        ("Xã Minh Hải", None, None, 2024, None, "cùng tên"),
        ("Phường Minh Hải", None, None, 2024, "12510", None),  # told apart by what it is
        ("Minh Hải", "Huyện Lạ", None, 2024, None, "không có ở huyện"),
        ("Xã Đông Á", None, None, 2024, "12510", None),  # told apart by its tones
        ("Đồng Á", None, None, 2024, "11995", None),
        ("Xa Dong A", None, None, 2024, None, "cùng tên"),
        ("Lạc Đạo", None, "Đông", 2024, "11995", None),  # split: by its village
        ("Lạc Đạo", None, "Thôn Đoài", 2024, None, "đã chia về"),  # a person has to say
        ("Lạc Đạo", None, None, 2025, "11992", None),  # the commune of today, not its old namesake
        ("Minh Hải", None, None, 2025, "12510", None),
        ("Minh Hải", "Huyện Khác", None, 2025, "12510", None),  # an old name, of the same commune today
        ("Minh Hải", "Văn Lâm", None, 2025, None, "không còn huyện"),  # an old name, of another
        ("Đông Á", "Huyện Khác", None, 2025, "12510", None),
        ("Đông Á", None, None, 2025, None, "nay thuộc 12510 Xã Minh Hải"),
        ("Hà Nội", None, None, 2024, None, "không có trong danh mục"),
        ("Hà Nội", None, None, 2022, None, "từ 07/05/2023"),
    ],
)
def test_old_communes_by_succession(
    tmp_path: Path,
    commune: str,
    district: str | None,
    village: str | None,
    year: int,
    code: str | None,
    words: str | None,
) -> None:
    headings = ["STT", "Họ và tên", "Năm sinh", "Thôn", "Xã", "Huyện", "Phân loại"]
    good = [2, "Vũ Văn Hai", 1961, None, "12000", None, "Hộ nghèo"]
    row = [1, "Lê Văn Một", 1960, village, commune, district, "Hộ nghèo"]
    path = book(tmp_path, {"Danh sách": [headings, row] + ([good] if year < 2025 else [])})
    registry = read_list(path, guess_mapping(path).confirm(), year=year, resolve=succession())
    found = registry.households.set_index("head_name")["commune_code"]
    assert found.get("Lê Văn Một") == code
    if words:
        assert [where for where in rejected(registry) if where[0] == 2] == [(2, "Xã")]
        assert registry.problems["problem"].str.contains(words).any()


def test_another_provinces_list_is_refused_whole(tmp_path: Path) -> None:
    path = book(tmp_path, {"Danh sách": [[*HEADINGS, "Xã"], [*HEAD, "Xã Nơi Khác"]]})
    with pytest.raises(RegistryError, match="không xã nào"):
        read_list(path, guess_mapping(path).confirm(), year=2024, resolve=succession())


def test_the_title_names_the_district_where_no_column_does(tmp_path: Path) -> None:
    title = [["UBND HUYỆN VĂN LÂM"], ["XÃ MINH HẢI"], ["DANH SÁCH HỘ NGHÈO NĂM 2024"]]
    path = book(tmp_path, {"Danh sách": [*title, HEADINGS, HEAD]})
    registry = read_list(path, guess_mapping(path).confirm(), resolve=succession())
    assert registry.households["commune_code"].tolist() == ["11992"]
    assert registry.problems.empty


def test_a_year_before_the_first_official_list_is_read_by_it_and_said_once(tmp_path: Path) -> None:
    rows = [[n, f"Lê Văn {n}", 1960, "Nam", "Chủ hộ", None, "Thôn Đông", "Hộ nghèo", "12000"] for n in (1, 2)]
    reading = read_rows(tmp_path, *rows, headings=[*HEADINGS, "Mã xã"], year=2022, resolve=succession())
    assert reading.registry.households["commune_code"].tolist() == ["11992", "11992"]
    assert sentences(reading.registry.problems) == [
        "Trang «Danh sách», dòng 2, cột «Mã xã»: xã xếp theo danh mục ngày 07/05/2023, sớm nhất có được; xã có thay đổi"
        " trước ngày đó thì kiểm tra lại."
    ]
    assert "2023-05-07" in sentences(reading.registry.problems, "en")[0]


def test_a_person_says_where_a_household_of_a_split_commune_lives(tmp_path: Path) -> None:
    """The rejected rows have a column for it; a code that an old commune had too is read as today's there."""
    rows = [[n, f"Lê Văn {n}", 1960, "Nam", "Chủ hộ", None, "Thôn Lạ", "Hộ nghèo", "Lạc Đạo"] for n in (1, 2, 3)]
    path = book(tmp_path, {"Danh sách": [[*HEADINGS, "Xã"], *rows]})
    mapping = guess_mapping(path).confirm()
    first = read(path, mapping, year=2024, resolve=succession())
    assert [column for _, column in rejected(first.registry)] == ["Xã"] * 3
    assert write_rejected(first, tmp_path / "rejected.xlsx") == 3
    workbook = openpyxl.load_workbook(tmp_path / "rejected.xlsx")
    sheet = workbook["Danh sách"]
    [column] = [cell.column for cell in sheet[1] if cell.value == TODAY_HEADING]
    for row, today in ((2, "11992"), (3, "Xã Đại Đồng"), (4, "12510")):
        sheet.cell(row, column).value = today
    workbook.save(tmp_path / "corrected.xlsx")
    second = read(tmp_path / "corrected.xlsx", mapping, year=2024, resolve=succession()).registry
    assert second.households["commune_code"].tolist() == ["11992", "11995"]
    assert second.households.index.tolist() == ["T-11989-2024-HN-thon-la-0001", "T-11989-2024-HN-thon-la-0002"]
    assert rejected(second) == [(4, TODAY_HEADING)]  # the old commune never became that one


def test_villages_of_one_name_in_communes_that_merged_stay_apart(tmp_path: Path) -> None:
    """Two files, each the first household of its «Thôn Đông»: their temporary codes differ."""
    codes = [
        read_rows(tmp_path, HEAD, year=2024, commune_code=commune, resolve=succession()).registry.households.index[0]
        for commune in ("12500", "12600")
    ]
    assert codes == ["T-12500-2024-HN-thon-dong-0001", "T-12600-2024-HN-thon-dong-0001"]
