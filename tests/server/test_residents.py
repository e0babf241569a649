"""Resident households and persons: imported or typed, checked, and every change kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.database import Database, import_tables
from server.errors import UserError
from server.units import service as units
from server.units.problems import FileError
from server.units.residents import NumberError, read_figures, read_number
from server.units.service import Figures

ON, PROVINCE, YEAR = date(2026, 9, 1), "33", 2026
ONE, TWO, THREE = "11953", "11977", "12070"
NOW = datetime(2026, 9, 2, 3, tzinfo=UTC)


@pytest.fixture
def database(any_database: Database) -> Iterator[Database]:
    import_tables().create_all(any_database.engine)
    with any_database.session() as session:
        units.import_official_units(session)
    return any_database


def take(database: Database, frame: pd.DataFrame, **changes: Any) -> int:
    options = {"source": "Chi cục Thống kê", "source_date": date(2026, 8, 1), "file": "dancu.csv"} | changes
    with database.session() as session:
        return units.import_residents(session, frame, year=YEAR, on=ON, province_code=PROVINCE, **options)


def type_in(database: Database, figures: dict[str, Figures | None], **changes: Any) -> int:
    options = {"source": "UBND xã", "source_date": date(2026, 8, 20), "by": "u1", "now": NOW} | changes
    with database.session() as session:
        return units.set_residents(session, figures, year=YEAR, on=ON, province_code=PROVINCE, **options)


def held(database: Database, year: int = YEAR) -> dict[str, tuple[Any, Any]]:
    with database.session() as session:
        frame = units.residents_frame(session, year, ON, PROVINCE)
    if frame is None:
        return {}
    return {
        row.commune_code: (row.households, None if pd.isna(row.persons) else row.persons) for row in frame.itertuples()
    }


def history(database: Database) -> list[tuple[str, int | None, int | None, str, str]]:
    with database.session() as session:
        changes = units.residents_history(session, YEAR, ON, PROVINCE)
    return [(one.commune_code, one.households_before, one.households, one.source, one.changed_by) for one in changes]


def test_a_file_brings_its_communes_and_leaves_the_others(database: Database) -> None:
    frame = pd.DataFrame({"commune_code": [ONE, TWO], "households": ["1.794", "20"], "persons": ["6 500", None]})
    assert take(database, frame) == 2
    assert take(database, pd.DataFrame({"commune_code": [THREE], "households": [7]})) == 1
    assert held(database) == {ONE: (1794, 6500), TWO: (20, None), THREE: (7, None)}
    assert held(database, 2025) == {}


def test_what_stood_there_who_wrote_it_and_why_is_kept(database: Database) -> None:
    take(database, pd.DataFrame({"commune_code": [ONE], "households": ["10"], "persons": ["30"]}))
    assert type_in(database, {ONE: Figures(12, 30), TWO: Figures(5, None)}) == 2
    assert type_in(database, {TWO: None}, by="u2") == 1
    assert held(database) == {ONE: (12, 30)}
    assert history(database) == [
        (TWO, 5, None, "UBND xã", "u2"),
        (TWO, None, 5, "UBND xã", "u1"),
        (ONE, 10, 12, "UBND xã", "u1"),
        (ONE, None, 10, "Chi cục Thống kê", "system"),
    ]


def test_the_same_again_changes_nothing_but_a_new_source_does(database: Database) -> None:
    assert type_in(database, {ONE: Figures(12, 30), TWO: None}) == 1
    assert type_in(database, {ONE: Figures(12, 30), TWO: None}) == 0
    assert type_in(database, {ONE: Figures(12, 30)}, source="Niên giám thống kê") == 1
    with database.session() as session:
        assert units.residents_of(session, YEAR, ON, PROVINCE)[ONE].source == "Niên giám thống kê"
    assert len(history(database)) == 2


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        ({"commune_code": "99999"}, "commune_code", "99999"),
        ({"commune_code": ONE}, "commune_code", "dòng trên"),
        ({"households": "nhiều"}, "households", "số nguyên"),
        ({"households": "-1"}, "households", "số nguyên"),
        ({"households": "99999999"}, "households", "số nguyên"),
        ({"households": None}, "households", "thiếu"),
        ({"households": None, "persons": "3"}, "households", "thiếu"),
        ({"persons": "1.5"}, "households", "số nguyên"),
        ({"persons": "1"}, "households", "ít hơn"),
    ],
)
def test_a_wrong_cell_is_named_and_nothing_is_taken(
    database: Database, row: dict[str, Any], column: str, says: str
) -> None:
    rows = [
        {"commune_code": ONE, "households": "5", "persons": "9"},
        {"commune_code": TWO, "households": "5", "persons": "9"} | row,
    ]
    with pytest.raises(FileError) as refused:
        take(database, pd.DataFrame(rows))
    [problem] = refused.value.problems
    assert (problem.row, problem.column) == (3, column)
    assert says in problem.vi
    assert refused.value.vi.startswith("dancu.csv: dòng 3")
    assert held(database) == {}
    assert history(database) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"source": " "}, "residents_source"),
        ({"source_date": date(2026, 9, 4)}, "residents_date"),
        ({"source_date": date(1999, 1, 1)}, "residents_date"),
    ],
)
def test_figures_need_a_source_and_its_date(database: Database, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(UserError) as refused:
        type_in(database, {ONE: Figures(1, 1)}, **changes)
    assert refused.value.code == code
    assert held(database) == {}


def test_a_year_out_of_reach_is_refused(database: Database) -> None:
    with database.session() as session, pytest.raises(UserError, match="1999"):
        units.set_residents(
            session, {}, year=1999, on=ON, province_code=PROVINCE, source="x", source_date=ON, by="u1", now=NOW
        )


@given(st.integers(0, 10_000_000), st.sampled_from(["{}", "{:,}", " {} ", "{}.0"]))
def test_a_number_is_read_as_people_write_it(number: int, layout: str) -> None:
    written = layout.format(number)
    assert read_number(written) == number
    if "," in written:
        assert read_number(written.replace(",", ".")) == number
        assert read_number(written.replace(",", "\N{NO-BREAK SPACE}")) == number


@given(st.text(max_size=12))
def test_whatever_is_typed_is_a_number_nothing_or_refused(text: str) -> None:
    try:
        number = read_number(text)
    except NumberError:
        return
    assert number is None or 0 <= number <= 10_000_000
    assert (number is None) == (not text.strip())


def test_persons_alone_do_not_stand() -> None:
    assert read_figures("", " ") is None
    assert read_figures("3", "") == Figures(3, None)
    with pytest.raises(NumberError, match="thiếu số hộ"):
        read_figures("", "3")
