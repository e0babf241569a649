from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciliation.lists.cells import birth_of, is_ditto, is_mark, split_birth, text_of
from reconciliation.lists.identifiers import NEW_PREFIXES, cccd_of, phone_of
from reconciliation.lists.words import code_of, ethnicity_of, status_in

DAY = date(1980, 9, 5)


@pytest.mark.parametrize(
    "cell",
    [
        DAY, datetime(1980, 9, 5, 7, tzinfo=UTC), "05/09/1980", "5/9/1980", "5-9-1980", "5.9.1980", "5 9 1980",
        " 05 / 09 / 1980 ",
        "1980-09-05", "1980-09-05 00:00:00", "1980/9/5", "05091980", 5091980.0, "19800905", "ngày 5 tháng 9 năm 1980",
        29469, 29469.0, "29469", "'05/09/1980", "5/9/80",
    ],
)  # fmt: skip
def test_a_day_in_many_shapes(cell: object) -> None:
    assert birth_of(cell, 2025).day == DAY  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "cell", [1980, 1980.0, "1980", "../../1980", "00/00/1980", "?/?/1980", "9/1980", "tháng 9/1980"]
)
def test_a_year_where_only_the_year_is_known(cell: object) -> None:
    birth = birth_of(cell, 2025)  # type: ignore[arg-type]
    assert (birth.day, birth.year, birth.problem) == (None, 1980, None)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("45", "4 chữ số"), (45, "4 chữ số"), ("31/02/1980", "lịch"), ("5/9/2030", "sau năm"), ("2030", "sau năm"),
        ("5/9/12", "hai thế kỷ"), ("chưa rõ", "không đọc được"), ("99/99/9999", "không đọc được"),
        (True, "không đọc được"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_blank_and_says_why(cell: object, words: str) -> None:
    birth = birth_of(cell, 2025)  # type: ignore[arg-type]
    assert birth.day is None
    assert birth.year is None
    assert words in str(birth.problem)


def test_month_first_is_read_and_reported() -> None:
    birth = birth_of("9/25/1980", 2025)
    assert birth.day == date(1980, 9, 25)
    assert "tháng/ngày/năm" in str(birth.problem)


@settings(deadline=None)
@given(
    st.dates(date(1911, 1, 1), date(2025, 12, 31)),
    st.sampled_from(["%d/%m/%Y", "%d-%m-%Y", "%Y-%m-%d", "%d%m%Y", "%Y%m%d"]),
)
def test_every_day_survives_every_shape(day: date, shape: str) -> None:
    assert birth_of(day.strftime(shape), 2025).day == day
    assert birth_of(float((day - date(1899, 12, 30)).days), 2025).day in (day, None)
    assert split_birth(day.day, str(day.month), float(day.year), 2025).day == day


@settings(deadline=None)
@given(st.text(max_size=12) | st.floats() | st.integers())
def test_no_cell_breaks_the_readers(cell: str | float | int) -> None:
    birth = birth_of(cell, 2025)
    assert birth.day is None or birth.year is None
    assert birth.day or birth.year or birth.problem or text_of(cell) is None
    for number in (cccd_of(cell, "male", 1980), phone_of(cell)):
        assert number.value is None or number.value.isdigit()


def test_parts_without_a_day_give_the_year() -> None:
    assert split_birth(None, None, 1980).year == 1980
    assert split_birth(5, None, 1980).year == 1980
    assert split_birth(5, 9, None).problem is not None


def test_cells_as_text() -> None:
    assert text_of(12.0) == "12"
    assert text_of("  a\u00a0 b\u200b ") == "a b"
    assert [text_of(blank) for blank in (None, "", " ", "-", "...", False)] == [None] * 6
    assert all(map(is_ditto, ["nt", "-nt-", '"', "Như trên", "NT"]))
    assert all(map(is_mark, ["x", "X", "✓", "1"]))
    assert not is_mark("0")


@pytest.mark.parametrize(
    ("cell", "sex", "year", "value", "noted"),
    [
        (33060000001, "male", 1960, "033060000001", True),  # one zero eaten
        (1060000001.0, "male", 1960, "001060000001", True),  # two, Hà Nội
        (33060000001, "female", 1960, None, True),
        (33060000001, "male", 1961, None, True),
        (33060000001, None, 1960, None, True),
        (33060000001, "male", None, None, True),
        (97060000001, "male", 1960, None, True),  # no such province
        ("033 060 000 001", "male", 1960, "033060000001", False),
        ("033060000001", "female", 1960, "033060000001", True),  # kept, to be looked at
        ("033312000001", "female", 2012, "033312000001", False),
        ("145123456", None, None, "145123456", False),
        ("3.306E+10", "male", 1960, None, True),
        ("12345", "male", 1960, None, True),
        (None, "male", 1960, None, False),
    ],
)
def test_a_zero_comes_back_only_where_sex_and_year_agree(
    cell: object, sex: str | None, year: int | None, value: str | None, noted: bool
) -> None:
    number = cccd_of(cell, sex, year)  # type: ignore[arg-type]
    assert number.value == value
    assert (number.problem is not None) == noted
    assert not any(digit in str(number.problem) for digit in ("33060", "12345"))


@settings(deadline=None)
@given(st.sampled_from(["033", "034", "001"]), st.booleans(), st.integers(1920, 2025), st.integers(0, 999_999))
def test_an_eaten_zero_is_put_back_exactly(province: str, female: bool, year: int, rest: int) -> None:
    number = f"{province}{2 * (year // 100 - 19) + female}{year % 100:02d}{rest:06d}"
    sex, other = ("female", "male") if female else ("male", "female")
    assert cccd_of(int(number), sex, year).value == number
    assert cccd_of(int(number), other, year).value is None
    assert cccd_of(int(number), sex, year + 1).value is None


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("01681234567", "0381234567"), ("0912345678", "0912345678"), ("912345678", "0912345678"),
        (912345678, "0912345678"),
        ("+84 91 234 5678", "0912345678"), ("84912345678", "0912345678"), (1681234567, "0381234567"),
        ("0221 3862 123", "02213862123"), ("0912.345.678; 0168 1234567", "0912345678"),
        ("12", None), ("không có", None),
    ],
)  # fmt: skip
def test_telephones_in_todays_digits(cell: object, value: str | None) -> None:
    assert phone_of(cell).value == value  # type: ignore[arg-type]


def test_every_old_prefix_becomes_a_mobile_of_today() -> None:
    assert all(phone_of(f"{old}1234567").value == f"{new}1234567" for old, new in NEW_PREFIXES.items())


def test_words_of_the_lists() -> None:
    assert [code_of("relation", text) for text in ("Chủ hộ", "VỢ", "Con đẻ", "cháu nội", "Con dâu/rể")] == [
        "head", "spouse", "child", "grandchild", "child_in_law",
    ]  # fmt: skip
    assert [code_of("status", text) for text in ("HỘ NGHÈO", "cận nghèo", "HCN", "thoát nghèo")] == [
        "poor", "near_poor", "near_poor", None,
    ]  # fmt: skip
    assert [ethnicity_of(text) for text in ("Kinh", "1", "01", "Mường", "dân tộc Tày", "Sao Hoả")] == [
        "01", "01", "01", "04", "02", None,
    ]  # fmt: skip
    assert status_in("DANH SÁCH HỘ NGHÈO, HỘ CẬN NGHÈO") is None
    assert status_in("II. Hộ cận nghèo năm 2025") == "near_poor"
    assert status_in("Hộ thoát nghèo") is None
