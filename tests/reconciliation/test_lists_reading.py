"""What real lists do beyond their layout: dividing rows, contradictions, bad files, rejected rows, old communes."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import xlsxwriter

from reconciliation import RegistryError, guess_mapping, read_list, read_registry, write_registry, write_rejected
from reconciliation.lists import Limits, Mapping, read, sentences
from reconciliation.lists.guess import mask
from reconciliation.registry import load_columns
from tests.reconciliation.commune_lists import COMMUNE, HEAD, HEADINGS, WIFE, book, read_rows, rejected
from tests.reconciliation.people import registry_of


def test_nobody_whose_name_looks_like_a_total_or_a_village_is_lost(tmp_path: Path) -> None:
    names = ["Tống Văn Cộng", "Khu Văn Bảy", "Cộng", "Tổng", "Thôn", "Phạm Trưởng Thôn"]
    rows = [[n, name, 1960, "Nam", "Chủ hộ", None, "Thôn Đông", "Hộ nghèo"] for n, name in enumerate(names, start=1)]
    totals = [["Tổng cộng", 6], [None, "Cộng", 12], [None, "TỔNG SỐ: 6 hộ"], [None, "Cong thon", 3]]
    registry = read_rows(tmp_path, *rows, *totals).registry
    assert sorted(registry.members["full_name"]) == sorted(names)


def test_dividing_rows_end_what_stood_inside_them(tmp_path: Path) -> None:
    headings = ["STT", "Họ và tên", "Năm sinh", "Quan hệ với chủ hộ"]
    rows = [
        ["A", "HỘ NGHÈO"], ["I", "Thôn Đông: 1 hộ"], [1, "Lê Văn Một", 1960, "Chủ hộ"],
        ["II", "Thôn Đoài"], [2, "Lê Văn Hai", 1961, "Chủ hộ"],
        ["B", "HỘ CẬN NGHÈO (1 hộ)"], [1, "Lê Văn Ba", 1962, "Chủ hộ"],
        ["C", "HỘ THOÁT NGHÈO"], [1, "Lê Văn Tư", 1963, "Chủ hộ"],
    ]  # fmt: skip
    registry = read_rows(tmp_path, *rows, headings=headings).registry
    found = registry.households.set_index("head_name")[["village_name", "status"]]
    assert found.loc["Lê Văn Một"].tolist() == ["Thôn Đông", "poor"]
    assert found.loc["Lê Văn Hai"].tolist() == ["Thôn Đoài", "poor"]
    assert found.loc["Lê Văn Ba", "status"] == "near_poor"
    assert pd.isna(found.loc["Lê Văn Ba", "village_name"])  # not carried over from hộ nghèo
    assert "Lê Văn Tư" not in found.index
    assert registry.problems["problem"].str.contains("thoát nghèo").any()


def test_a_repeated_heading_opens_the_list_again_and_a_line_below_signatures_is_reported(tmp_path: Path) -> None:
    signed = [[None, "NGƯỜI LẬP BIỂU"], [None, "Trần Văn Ký"]]
    second = [2, "Lê Văn Hai", 1970, "Nam", "Chủ hộ", None, "Thôn Đông", "Hộ nghèo"]
    assert len(read_rows(tmp_path, HEAD, HEADINGS, second).registry.households) == 2
    assert len(read_rows(tmp_path, HEAD, *signed, HEADINGS, second).registry.households) == 2
    reading = read_rows(tmp_path, HEAD, *signed, second)
    assert reading.registry.households["head_name"].tolist() == ["Nguyễn Văn An"]
    assert rejected(reading.registry) == [(5, "")]


@pytest.mark.parametrize(
    ("rows", "where"),
    [
        ([[*HEAD[:7], "giàu"], WIFE], (2, "Phân loại")),
        ([[*HEAD[:7], None], WIFE], (2, "Phân loại")),
        ([HEAD, [*WIFE[:7], "Hộ cận nghèo"]], (2, "Phân loại")),
        ([HEAD, [*WIFE[:4], "Chủ hộ", *WIFE[5:]]], (2, "Quan hệ với chủ hộ")),
        ([[1, None, 1960, "Nam", "Chủ hộ", None, "Thôn Đông", "Hộ nghèo"]], (2, "Họ và tên")),
        ([WIFE, HEAD], (2, "STT")),
    ],
)
def test_what_cannot_stand_is_left_out_and_named(tmp_path: Path, rows: list[Any], where: tuple[int, str]) -> None:
    good = [9, "Vũ Văn Chín", 1970, "Nam", "Chủ hộ", None, "Thôn Đông", "Hộ cận nghèo"]
    registry = read_rows(tmp_path, *rows, good).registry
    assert where in rejected(registry)
    assert "Vũ Văn Chín" in set(registry.households["head_name"])
    assert len(registry.households) == (2 if rows[0] == WIFE else 1)


def test_marks_that_contradict(tmp_path: Path) -> None:
    headings = ["STT", "Họ và tên", "Năm sinh", "Hộ nghèo", "Hộ cận nghèo"]
    rows = [[1, "Lê Văn Một", 1960, "x", "x"], [2, "Lê Văn Hai", 1961, None, None], [3, "Lê Văn Ba", 1962, None, "X"]]
    registry = read_rows(tmp_path, *rows, headings=headings).registry
    assert registry.households[["head_name", "status"]].to_numpy().tolist() == [["Lê Văn Ba", "near_poor"]]
    assert [row for row, _ in rejected(registry)] == [2, 3]


def test_two_households_with_one_number_are_both_named(tmp_path: Path) -> None:
    number = "033060000001"
    rows = [[n, f"Lê Văn {n}", 1960, "Nam", "Chủ hộ", number, "Thôn Đông", "Hộ nghèo"] for n in ("1", "2")]
    registry = read_rows(tmp_path, *rows).registry
    said = registry.problems[registry.problems["problem"].str.contains("trùng số")]
    assert said["row"].tolist() == [2, 3]
    assert number not in " ".join(sentences(registry.problems))


def test_sheets_that_contradict_are_both_left_out_and_copies_are_taken_once(tmp_path: Path) -> None:
    headings = ["Mã hộ", "Họ và tên", "Năm sinh", "Quan hệ với chủ hộ", "Phân loại"]

    def household(code: str, status: str) -> list[Any]:
        return [code, f"Lê Văn {code}", 1960, "Chủ hộ", status]

    poor = [headings, household("A", "Hộ nghèo"), household("B", "Hộ nghèo")]
    near = [headings, household("A", "Hộ cận nghèo"), household("B", "Hộ nghèo"), household("C", "Hộ cận nghèo")]
    path = book(tmp_path, {"Thôn 1": poor, "Tổng hợp": near})
    mapping = guess_mapping(path).confirm()
    registry = read_list(path, mapping, year=2025, commune_code=COMMUNE)
    assert registry.households.index.tolist() == ["B", "C"]
    said = sentences(registry.problems)
    assert any("«Tổng hợp» dòng 2" in text and text.startswith("Trang «Thôn 1», dòng 2") for text in said)
    assert any("giống hệt" in text for text in said)


def test_a_list_of_heads_alone_is_taken_and_said(tmp_path: Path) -> None:
    rows = [[n, f"Lê Văn {n}", 1960, "Nam", None, None, "Thôn Đông", "Hộ nghèo"] for n in (1, 2, 3)]
    registry = read_rows(tmp_path, *rows).registry
    assert registry.members["relation"].tolist() == ["head"] * 3
    assert registry.problems["problem"].str.contains("chỉ có chủ hộ").sum() == 1


@pytest.mark.parametrize(
    "evil",
    ['=HYPERLINK("http://x","bấm")', "+84 cmd", "-1+2", "@SUM(A1)", "\tTAB", "=1+1", "'=1+1", '=cmd|"/c calc"!A0'],
)
def test_formulas_are_text_stay_text_and_come_back_unchanged(tmp_path: Path, evil: str) -> None:
    """Of a household that was taken, by the export; of one that was left out, by the file of rejected rows."""
    taken = read_rows(tmp_path, [1, evil, *HEAD[2:]], [2, evil, 1970, "Nam", "Chủ hộ", None, None, "giàu"])
    name = " ".join(evil.split()).removeprefix("'")
    assert taken.registry.members["full_name"].tolist() == [name]
    write_registry(taken.registry, tmp_path / "out.xlsx")
    write_rejected(taken, tmp_path / "rejected.xlsx")
    for file in ("out.xlsx", "rejected.xlsx"):
        cells = [cell for row in openpyxl.load_workbook(tmp_path / file).active for cell in row]  # type: ignore[union-attr]
        assert all(cell.data_type in ("s", "n") and cell.hyperlink is None for cell in cells)
        assert any(cell.value == name for cell in cells)
        assert b"<f>" not in zipfile.ZipFile(tmp_path / file).read("xl/worksheets/sheet1.xml")
    assert read_registry(tmp_path / "out.xlsx").members["full_name"].tolist() == [name]
    back = openpyxl.load_workbook(tmp_path / "rejected.xlsx")
    back.worksheets[0].cell(2, 8).value = "Hộ nghèo"
    back.save(tmp_path / "corrected.xlsx")
    mapping = guess_mapping(tmp_path / "danh-sach.xlsx").confirm()
    again = read_list(tmp_path / "corrected.xlsx", mapping, year=2025, commune_code=COMMUNE)
    assert again.members["full_name"].tolist() == [name]


def test_a_formula_cell_gives_what_it_showed_and_is_not_computed(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as workbook:
        sheet = workbook.add_worksheet("Danh sách")
        sheet.write_row(0, 0, HEADINGS)
        sheet.write_row(1, 0, HEAD)
        sheet.write_formula(1, 1, '=HYPERLINK("http://x","bấm")', value="Lê Văn Một")
    path = tmp_path / "a.xlsx"
    registry = read_list(path, guess_mapping(path).confirm(), year=2025, commune_code=COMMUNE)
    assert registry.members["full_name"].tolist() == ["Lê Văn Một"]


def test_no_sentence_holds_a_persons_value(tmp_path: Path) -> None:
    secret = ["Nguyễn Bí Mật", "31/02/1999", "giới lạ", "quan hệ lạ", "03312345", "dân tộc lạ", "12345678", "Hộ xyz"]
    headings = ["STT", "Họ và tên", "Ngày sinh", "Giới tính", "Quan hệ", "CCCD", "Dân tộc", "Điện thoại", "Phân loại"]
    registry = read_rows(tmp_path, [1, *secret], headings=headings).registry
    text = " ".join(sentences(registry.problems))
    assert len(registry.problems) >= 6
    assert not any(value in text for value in secret)
    assert all(part in text for part in ("Trang «Danh sách», dòng 2, cột «CCCD»", "Ngày sinh", "ghi lại"))


@pytest.mark.parametrize(
    ("sheets", "words"),
    [
        ({"A": [[]]}, "thiếu cột"),
        ({"A": [["a", "b"], ["c", "d"]]}, "thiếu cột"),
        ({"A": [["UBND"], HEADINGS]}, "không có dòng dữ liệu"),
        ({"A": [[*HEADINGS, *[f"c{n}" for n in range(300)]], HEAD]}, "308 cột"),
    ],
)
def test_a_file_that_is_no_list_is_refused(tmp_path: Path, sheets: dict[str, Any], words: str) -> None:
    path = book(tmp_path, sheets)
    with pytest.raises(RegistryError, match=words):
        read_list(path, guess_mapping(path).confirm(), year=2025, commune_code=COMMUNE)


def test_every_problem_is_said_in_both_languages(tmp_path: Path) -> None:
    headings = ["STT", "Họ và tên", "Ngày sinh", "Giới tính", "Quan hệ", "CCCD", "Dân tộc", "Điện thoại", "Phân loại"]
    wrong = [1, "Lê Văn Một", "31/02/1999", "lạ", "lạ", "12345", "lạ", "12", "giàu"]
    signed = [[None, "NGƯỜI LẬP BIỂU"], ["Vũ Thị Lập", None, "Trần Văn Ký"], wrong]
    problems = read_rows(tmp_path, ["Thôn Đông", "nt"], wrong, *signed, headings=headings).registry.problems
    assert len(problems) >= 8
    assert problems["problem_en"].str.isascii().mean() > 0.5  # the rest quotes words of the list
    assert not (problems["problem"] == problems["problem_en"]).any()
    vi, en = sentences(problems), sentences(problems, "en")
    assert [text.split("dòng ")[1][:2] for text in vi] == [text.split("row ")[1][:2] for text in en]


def test_who_signs_below_the_list_is_nobody_on_it(tmp_path: Path) -> None:
    """Even where the name stands in the column of the numbers."""
    signed = [
        ["NGƯỜI LẬP BIỂU", None, None, None, None, "TM. ỦY BAN NHÂN DÂN"],
        ["Vũ Thị Lập", None, None, None, None, "Ký"],
    ]
    registry = read_rows(tmp_path, HEAD, *signed).registry
    assert registry.members["full_name"].tolist() == ["Nguyễn Văn An"]
    assert registry.problems.empty


def test_files_that_are_too_large_or_broken_are_refused(tmp_path: Path) -> None:
    path = book(tmp_path, {"A": [HEADINGS, *[HEAD] * 30]})
    for limits, words in (
        (Limits(file_bytes=1000), "lớn hơn mức"),
        (Limits(unpacked_bytes=1000), "giải nén"),
        (Limits(rows=20), "hơn 20 dòng"),
    ):
        with pytest.raises(RegistryError, match=words):
            guess_mapping(path, limits)
    for name, data, words in (
        ("a.xlsx", b"PK\x03\x04 half", "không đọc được"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "không đọc được"),
        ("a.pdf", b"%PDF", "loại này"),
        ("a.csv", b"\0\0\0\0", "không phải tệp văn bản"),
        ("b.csv", b"", "thiếu cột"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(RegistryError, match=words):
            guess_mapping(tmp_path / name)


def test_an_unconfirmed_mapping_reads_nothing_but_a_dry_run(tmp_path: Path) -> None:
    path = book(tmp_path, {"Danh sách": [HEADINGS, HEAD, WIFE]})
    mapping = guess_mapping(path)
    with pytest.raises(RegistryError, match="chưa được xác nhận"):
        read_list(path, mapping, year=2025, commune_code=COMMUNE)
    assert len(read_list(path, mapping, year=2025, commune_code=COMMUNE, dry_run=True).members) == 2


def test_a_saved_mapping_reads_next_years_list(tmp_path: Path) -> None:
    path = book(tmp_path, {"Danh sách": [["DANH SÁCH NĂM 2024"], HEADINGS, HEAD, WIFE]}, "2024.xlsx")
    mapping = guess_mapping(path)
    assert not mapping.unsure()
    mapping.confirm().save(tmp_path / "mapping.yaml")
    text = (tmp_path / "mapping.yaml").read_text(encoding="utf-8")
    assert "Nguyễn" not in text
    assert mask("Nguyễn Văn An, 1960") in text.replace("'", "") or "Xxxxxx Xxx Xx" in text
    again = Mapping.load(tmp_path / "mapping.yaml")
    assert again.confirm() == mapping.confirm()
    # Next year: columns in another order, two more lines on top, a heading nobody mapped.
    order = [7, 1, 0, 3, 2, 4, 6, 5]
    rows = [[line[i] for i in order] for line in (HEADINGS, HEAD, WIFE)]
    later = book(tmp_path, {"Xã": [["UBND"], ["DANH SÁCH NĂM 2025"], [*rows[0], "Số thẻ"], *rows[1:]]}, "2025.xlsx")
    registry = read_list(later, again, commune_code=COMMUNE)
    assert registry.households["year"].tolist() == [2025]
    assert registry.members["full_name"].tolist() == ["Nguyễn Văn An", "Lê Thị Ba"]
    assert registry.problems["column"].tolist() == ["Số thẻ"]


def test_a_list_without_a_mapped_column_or_of_another_year_is_refused(tmp_path: Path) -> None:
    path = book(tmp_path, {"Danh sách": [["DANH SÁCH NĂM 2024"], HEADINGS, HEAD]}, "a.xlsx")
    mapping = guess_mapping(path).confirm()
    other = book(tmp_path, {"Danh sách": [HEADINGS[:-1], HEAD[:-1]]}, "b.xlsx")
    with pytest.raises(RegistryError, match="thiếu cột Phân loại"):
        read_list(other, mapping, year=2025, commune_code=COMMUNE)
    with pytest.raises(RegistryError, match="ghi năm 2024 nhưng đang nhập năm 2025"):
        read_list(path, mapping, year=2025, commune_code=COMMUNE)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "YAML"), ("version: 9", "bản 1"), ("version: 1\ncolumns: []", "họ tên"),
        ("version: 1\ncolumns: [{heading: A, field: xyz}]", "phải là một trong"),
        ("version: 1\ncolumns: [{heading: A, field: full_name}, {heading: a, field: sex}]", "cùng tiêu đề"),
        ("version: 1\ncolumns: [{heading: A, field: full_name}]\nsheets: [{name: T, status: rich}]", "status"),
    ],
)  # fmt: skip
def test_a_mapping_file_that_cannot_stand_says_where(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "m.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RegistryError, match=words):
        Mapping.load(tmp_path / "m.yaml")


def test_rejected_rows_come_back_corrected_and_nothing_is_read_twice(tmp_path: Path) -> None:
    headings = ["STT", "Họ và tên", "Năm sinh", None, "Quan hệ với chủ hộ", "Dân tộc", "Phân loại"]
    sub = [None, None, "Nam", "Nữ"]
    rows = [
        ["DANH SÁCH NĂM 2025"], headings, sub,
        ["I", "Thôn Đông"],
        [1, "Lê Văn Một", 1960, None, "Chủ hộ", "Tày", "Hộ nghèo"],
        [2, "Lê Văn Hai", 1961, None, "Chủ hộ", "nt", "giàu"],
        [None, "Vũ Thị Vợ", None, 1963, "Vợ", "nt"],
        ["II", "Thôn Đoài"],
        [3, "Lê Văn Ba", 1962, None, "Chủ hộ", "Kinh", None],
    ]  # fmt: skip
    path = book(tmp_path, {"Danh sách": rows})
    mapping = guess_mapping(path).confirm()
    first = read(path, mapping, commune_code=COMMUNE)
    assert len(first.registry.households) == 1
    assert write_rejected(first, tmp_path / "rejected.xlsx") == 3
    # Read as it is, it is rejected again for the same reasons.
    again = read(tmp_path / "rejected.xlsx", mapping, commune_code=COMMUNE)
    assert again.registry.households.empty
    assert [column for _, column in rejected(again.registry)] == [column for _, column in rejected(first.registry)]
    workbook = openpyxl.load_workbook(tmp_path / "rejected.xlsx")
    sheet = workbook["Danh sách"]
    for row in sheet.iter_rows():
        if row[4].value == "Chủ hộ":
            row[6].value = "Hộ nghèo"
    workbook.save(tmp_path / "corrected.xlsx")
    second = read(tmp_path / "corrected.xlsx", mapping, commune_code=COMMUNE)
    assert not rejected(second.registry)
    # Together they are what the list would have been had it been right at once.
    for row in rows[4:]:
        if row[-1] in ("giàu", None) and len(row) == 7:
            row[-1] = "Hộ nghèo"
    whole = read_list(book(tmp_path, {"Danh sách": rows}, "whole.xlsx"), mapping, commune_code=COMMUNE)
    for name in ("households", "members"):
        parts = [getattr(reading.registry, name) for reading in (first, second)]
        pd.testing.assert_frame_equal(pd.concat(parts).sort_index(), getattr(whole, name))


def test_a_list_without_faults_leaves_no_file(tmp_path: Path) -> None:
    reading = read_rows(tmp_path, HEAD, WIFE)
    assert write_rejected(reading, tmp_path / "none.xlsx") == 0
    assert not (tmp_path / "none.xlsx").exists()


def test_telephones_are_kept_where_the_list_has_them(tmp_path: Path) -> None:
    registry = read_rows(tmp_path, [*HEAD, 1681234567], headings=[*HEADINGS, "Số điện thoại"]).registry
    assert registry.households["phone"].tolist() == ["0381234567"]
    assert "phone" not in read_rows(tmp_path, HEAD).registry.households


def test_an_export_mapping_writes_the_template_another_program_wants(tmp_path: Path) -> None:
    people = [
        {"full_name": "Lê Văn Một", "relation": "head", "sex": "male", "birth_date": "1960-02-03"},
        {"full_name": "Vũ Thị Hai", "relation": "spouse", "sex": "female", "birth_year": 1962},
    ]
    registry = registry_of({"33-000017": people}, status={"33-000017": "near_poor"})
    (tmp_path / "columns.yaml").write_text(
        "Mã hộ gia đình: household_code\nHọ tên: full_name\nQuan hệ với chủ hộ: relation\nNăm sinh (nam): birth_male\n"
        "Năm sinh (nữ): birth_female\nCận nghèo: mark_near_poor\nNghèo: mark_poor\n",
        encoding="utf-8",
    )
    write_registry(registry, tmp_path / "out.xlsx", load_columns(tmp_path / "columns.yaml"))
    written = pd.read_excel(tmp_path / "out.xlsx", dtype=str, engine="openpyxl").astype("object")
    assert written.where(written.notna(), None).to_numpy().tolist() == [
        ["33-000017", "Lê Văn Một", "Chủ hộ", "03/02/1960", None, "x", None],
        ["33-000017", "Vũ Thị Hai", "Vợ/chồng", None, "1962", "x", None],
    ]
    (tmp_path / "columns.yaml").write_text("Họ tên: name", encoding="utf-8")
    with pytest.raises(RegistryError, match="Họ tên"):
        load_columns(tmp_path / "columns.yaml")
