"""From official status to official status, in households and persons: report forms 2 and 3."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciliation import by_commune, movements, netted, tally
from reconciliation.movement_forms import COLUMNS, expected_closing
from reconciliation.movements import HOUSEHOLD_COLUMNS, Rules
from reconciliation.status import HISTORY_COLUMNS, in_force

YEAR = 2026
OPENING, CLOSING, SURVEY = "2025-12-31", "2026-11-20", "2026-09-01"


def history(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """(household, day, status[, source[, commune[, persons]]])."""
    filled = [
        (one, day, status, source or ("list" if day.endswith("12-31") else "decision"), "", commune, persons)
        for one, day, status, source, commune, persons in (
            (*row, *(None, "C1", 4)[len(row) - 3 :]) if len(row) < 6 else row for row in rows
        )
    ]
    frame = pd.DataFrame(filled, columns=HISTORY_COLUMNS)
    return frame.assign(date=pd.to_datetime(frame["date"]), persons=frame["persons"].astype("Int64"))


def households(**marks: dict[str, Any]) -> pd.DataFrame:
    """Marks by household, as `movements` wants them."""
    rows = [[marks[one].get(name) for name in HOUSEHOLD_COLUMNS] for one in marks]
    frame = pd.DataFrame(rows, columns=HOUSEHOLD_COLUMNS, index=pd.Index(list(marks), dtype="object"), dtype="object")
    days = {name: pd.to_datetime(frame[name]) for name in HOUSEHOLD_COLUMNS[:3]}
    return frame.assign(waiting=frame["waiting"].fillna("").astype("str"), **days)


NOBODY = households()


def of(table: pd.DataFrame, column: str = "movement") -> dict[str, str]:
    return dict(table[column])


def form(table: pd.DataFrame, name: str = "poor", unit: str = "households") -> dict[str, int]:
    row = tally(table).loc[("total", name, unit)]
    return {str(key): int(value) for key, value in row.items() if value}


def test_each_transition_has_its_movement() -> None:
    before = {"A": "poor", "B": "poor", "C": "poor", "D": "poor", "E": "near_poor", "F": "near_poor", "G": "near_poor"}
    now = {
        "A": "poor", "B": "near_poor", "C": "not_poor", "D": "gone",
        "E": "near_poor", "F": "poor", "G": "not_poor", "x": "poor", "y": "near_poor", "z": "not_poor",
    }  # fmt: skip
    ends = {"D"}
    table = movements(
        history(
            *((one, OPENING, status) for one, status in before.items()),
            *((one, CLOSING, status, "end" if one in ends else "decision") for one, status in now.items()),
        ),
        NOBODY,
        YEAR,
    )
    assert of(table) == {
        "A": "stayed_poor", "B": "poor_to_near_poor", "C": "escaped_poverty", "D": "poor_left",
        "E": "stayed_near_poor", "F": "near_poor_to_poor", "G": "escaped_near_poverty",
        "x": "newly_poor", "y": "newly_near_poor",
    }  # fmt: skip
    assert form(table) == {
        "opening": 4, "changed_to": 1, "escaped": 1, "left": 1, "changed_from": 1, "new": 1,
        "closing": 3, "expected": 3,
    }  # fmt: skip
    assert form(table, "near_poor") == {
        "opening": 3, "changed_to": 1, "escaped": 1, "changed_from": 1, "new": 1, "closing": 3, "expected": 3,
    }  # fmt: skip
    assert not table["provisional"].any()


#: Đắk Nông 2024, form 2 as published: opening, to near-poor, above the line, other, from near-poor, fallen back, new.
PUBLISHED = {
    "Cư Jút, hộ": ((294, 64, 45, 0, 5, 0, 14), 204, 0),
    "Cư Jút, khẩu": ((1313, 303, 243, 0, 26, 0, 59), 852, 0),
    "Đăk Glong, hộ": ((1369, 374, 128, 0, 39, 0, 28), 923, -11),
    "Đắk Mil, hộ": ((238, 47, 4, 0, 6, 14, 12), 221, 2),
}


@pytest.mark.parametrize(("figures", "closing", "residual"), PUBLISHED.values(), ids=PUBLISHED)
def test_published_rows_show_the_residual_that_they_have(figures: tuple[int, ...], closing: int, residual: int) -> None:
    row = dict(zip(("opening", *COLUMNS), figures, strict=False))
    assert closing - expected_closing(row) == residual


def test_the_row_of_cu_jut_comes_out_of_its_households() -> None:
    rows: list[tuple[Any, ...]] = []
    for kind, count in (("near_poor", 64), ("not_poor", 45), ("poor", 185)):
        for number in range(count):
            rows += [(f"{kind}{number}", OPENING, "poor"), (f"{kind}{number}", CLOSING, kind)]
    for number in range(5):
        rows += [(f"N{number}", OPENING, "near_poor"), (f"N{number}", CLOSING, "poor")]
    rows += [(f"new{number}", CLOSING, "poor") for number in range(14)]
    found = form(movements(history(*rows), NOBODY, YEAR))
    assert (found["opening"], found["changed_to"], found["escaped"], found["closing"]) == (294, 64, 45, 204)
    assert "residual" not in found


def test_without_a_decision_the_proposal_stands_and_says_so() -> None:
    table = movements(
        history(("A", OPENING, "poor"), ("A", SURVEY, "not_poor", "proposal"), ("B", OPENING, "poor")), NOBODY, YEAR
    )
    assert of(table) == {"A": "escaped_poverty", "B": "open"}
    assert of(table, "waiting") == {"A": "", "B": "no_decision"}
    assert table["provisional"].all()
    row = tally(table).loc[("total", "poor", "households")]
    assert (row["closing"], row["expected"], row["residual"], row["open"], row["unexplained"]) == (0, 1, -1, 1, 0)
    # The decision, when it comes, counts whatever was proposed.
    decided = movements(
        history(("A", OPENING, "poor"), ("A", SURVEY, "not_poor", "proposal"), ("A", CLOSING, "poor")), NOBODY, YEAR
    )
    assert of(decided) == {"A": "stayed_poor"}
    assert not decided["provisional"].any()


def test_what_waits_for_a_person_says_for_what() -> None:
    table = movements(
        history(
            ("A", OPENING, "poor"),
            ("B", OPENING, "poor"),
            ("B", SURVEY, "undetermined", "proposal"),
            ("?", SURVEY, "poor", "proposal"),
        ),
        households(A={"waiting": "not_found"}, **{"?": {"waiting": "identity"}}),
        YEAR,
    )
    assert of(table, "waiting") == {"A": "not_found", "B": "undetermined", "?": "identity"}
    assert of(table, "previous")["?"] == "unknown"
    row = tally(table).loc[("total", "poor", "households")]
    assert (row["residual"], row["open"], row["unplaced"], row["unexplained"]) == (-1, 2, 1, 0)
    assert bool(row["provisional"])


def test_fallen_back_needs_an_earlier_period_within_the_look_back() -> None:
    rows = history(
        ("A", "2022-12-31", "poor"), ("Z", "2024-12-31", "poor"), ("A", CLOSING, "poor"),
        ("B", "2024-12-31", "near_poor"), ("Z", OPENING, "poor"), ("B", CLOSING, "poor"),
        ("C", "2023-12-31", "near_poor"), ("C", CLOSING, "near_poor"), ("D", CLOSING, "poor"),
    )  # fmt: skip
    table = movements(rows, NOBODY, YEAR)
    assert {one: of(table)[one] for one in "ABCD"} == {
        "A": "fallen_back_poor", "B": "newly_poor", "C": "fallen_back_near_poor", "D": "newly_poor",
    }  # fmt: skip
    assert table["earlier_year"].dropna().to_dict() == {"A": 2022, "C": 2023}
    near = movements(rows, NOBODY, YEAR, rules=Rules(look_back_years=3))
    assert (of(near)["A"], of(near)["C"]) == ("newly_poor", "fallen_back_near_poor")
    assert form(table)["fallen_back"] == 1


@pytest.mark.parametrize(
    ("mark", "cause"), [("split_on", "split"), ("arrived_on", "moved_in"), ("reopened_on", "reopened")]
)
def test_who_came_as_poor_is_not_newly_poor(mark: str, cause: str) -> None:
    rows = history(
        ("A", "2023-12-31", "poor"), ("A", "2024-11-01", "not_poor"), ("A", CLOSING, "poor"), ("B", CLOSING, "poor"),
    )  # fmt: skip
    marks = households(A={mark: SURVEY}, B={mark: "2025-03-01"})
    table = movements(rows, marks, YEAR)
    assert of(table) == {"A": "came_poor", "B": "newly_poor"}
    assert of(table, "cause") == {"A": cause, "B": ""}
    assert form(table)["came"] == 1


def test_who_moved_in_as_poor_counts_in_column_8_and_not_in_column_7() -> None:
    rows = history(
        ("A", OPENING, "poor", "list", "C1", 4), ("A", CLOSING, "poor", "decision", "C1", 4),
        ("N", CLOSING, "poor", "decision", "C1", 3), ("M", CLOSING, "near_poor", "decision", "C1", 2),
    )  # fmt: skip
    for unit, sizes in (("households", (1, 1)), ("persons", (3, 2))):
        for came in (False, True):
            given_marks = households(N={"arrived_on": SURVEY}, M={"arrived_on": SURVEY}) if came else NOBODY
            table = tally(movements(rows, given_marks, YEAR))
            for name, size in zip(("poor", "near_poor"), sizes, strict=True):
                row = table.loc[("total", name, unit)]
                assert (row["new"], row["came"]) == ((0, size) if came else (size, 0))
                assert row["closing"] == expected_closing({str(key): int(value) for key, value in row.items()})
                assert row["residual"] == 0


def test_newly_escaped_within_the_years_that_count() -> None:
    rows = history(
        ("A", "2023-12-31", "poor"), ("A", "2024-11-01", "not_poor"), ("A", CLOSING, "not_poor"),
        ("B", OPENING, "near_poor"), ("B", CLOSING, "not_poor"),
        ("C", "2022-12-31", "poor"), ("C", "2023-11-01", "not_poor"), ("C", CLOSING, "not_poor"),
    )  # fmt: skip
    found = of(movements(rows, NOBODY, YEAR), "newly_escaped")
    assert found == {"A": "poverty", "B": "near_poverty"}
    assert of(movements(rows, NOBODY, YEAR, rules=Rules(newly_escaped_years=1)), "newly_escaped") == {
        "B": "near_poverty"
    }


def test_a_list_says_who_is_on_it_no_more_in_its_own_communes() -> None:
    rows = history(
        ("A", "2024-12-31", "poor"), ("B", "2024-12-31", "poor", "list", "C2", 4), ("Z", OPENING, "poor"),
        ("D", "2025-11-02", "poor"),
    )  # fmt: skip
    assert set(in_force(rows, pd.Timestamp(OPENING)).index) == {"B", "Z", "D"}


def test_changes_within_the_year_are_netted_and_listed() -> None:
    rows = history(
        ("A", OPENING, "poor"), ("A", "2026-03-20", "near_poor"), ("A", CLOSING, "poor"),
        ("B", OPENING, "poor"), ("B", "2026-03-20", "near_poor"), ("B", CLOSING, "not_poor"),
        ("C", OPENING, "poor"), ("C", CLOSING, "near_poor"), ("C", "2026-12-31", "near_poor"),
        ("D", "2026-02-10", "poor"), ("D", "2026-06-01", "gone", "end"),
        ("E", "2026-02-10", "not_poor"), ("E", CLOSING, "not_poor"),
    )  # fmt: skip
    assert of(movements(rows, NOBODY, YEAR)) == {
        "A": "stayed_poor", "B": "escaped_poverty", "C": "poor_to_near_poor",
    }  # fmt: skip
    listed = netted(rows, YEAR)
    assert list(zip(listed["household_id"], listed["before"], listed["status"], strict=True)) == [
        ("A", "poor", "near_poor"), ("A", "near_poor", "poor"),
        ("B", "poor", "near_poor"), ("B", "near_poor", "not_poor"),
        ("D", "none", "poor"), ("D", "poor", "gone"),
    ]  # fmt: skip


def test_persons_are_born_and_die_in_households_that_stay() -> None:
    rows = history(
        ("A", OPENING, "poor", "list", "C1", 5), ("A", CLOSING, "poor", "decision", "C1", 5),
        ("B", OPENING, "poor", "list", "C1", 3), ("B", CLOSING, "near_poor", "decision", "C1", 4),
        ("C", OPENING, "poor", "list", "C1", 2), ("C", CLOSING, "poor", "decision", "C1", 1),
    )  # fmt: skip
    table = movements(rows, NOBODY, YEAR, kept=pd.Series({"A": 4}, dtype="Int64"))
    persons = tally(table).loc[("total", "poor", "persons")]
    assert persons[["opening", "changed_to", "left", "came", "closing", "residual"]].to_list() == [10, 3, 2, 1, 6, 0]
    near = tally(table).loc[("total", "near_poor", "persons")]
    assert near[["opening", "changed_from", "closing", "residual"]].to_list() == [0, 4, 4, 0]


def test_a_size_that_is_not_known_is_a_residual_of_persons() -> None:
    rows = history(("A", OPENING, "poor", "list", "C1", None), ("A", CLOSING, "poor", "decision", "C1", 3))
    table = tally(movements(rows, NOBODY, YEAR))
    persons = table.loc[("total", "poor", "persons")]
    assert persons[["opening", "closing", "residual", "unexplained", "unknown_size"]].to_list() == [0, 3, 3, 3, 1]
    assert table.loc[("total", "poor", "households"), "residual"] == 0


def test_who_moved_between_communes_leaves_the_one_and_comes_to_the_other() -> None:
    rows = history(
        ("A", OPENING, "poor", "list", "C1", 3), ("A", CLOSING, "near_poor", "decision", "C2", 3),
        ("B", OPENING, "poor", "list", "C1", 2), ("B", CLOSING, "not_poor", "decision", "C2", 2),
    )  # fmt: skip
    table = by_commune(movements(rows, NOBODY, YEAR))
    found = table.reset_index()[["household_id", "commune_code", "movement", "cause"]].to_numpy().tolist()
    assert sorted(found) == [
        ["A", "C1", "poor_left", "moved_between"],
        ["A", "C2", "came_near_poor", "moved_between"],
        ["B", "C1", "escaped_poverty", ""],
    ]
    assert (tally(table, by="commune_code")["residual"] == 0).all()


statuses = st.sampled_from(["poor", "near_poor", "not_poor", "gone"])
days = st.sampled_from(["2023-12-31", "2024-06-01", "2024-12-31", "2025-05-01", OPENING, "2026-04-01", CLOSING])
decisions = st.lists(
    st.tuples(st.sampled_from("ABCDEFGH"), days, statuses, st.sampled_from(["C1", "C2"]), st.integers(1, 6)),
    max_size=30,
    unique_by=lambda row: row[:2],
)
marks = st.dictionaries(
    st.sampled_from("ABCDEFGH"),
    st.sampled_from(
        [
            {"split_on": SURVEY},
            {"arrived_on": SURVEY},
            {"reopened_on": SURVEY},
            {"waiting": "not_found"},
            {"waiting": "identity"},
        ]
    ),
)


@settings(max_examples=15, deadline=None)
@given(decisions, marks, st.integers(2024, 2026))
def test_nothing_is_left_unexplained(rows: list[tuple[Any, ...]], of_some: dict[str, Any], year: int) -> None:
    given_rows = history(
        *(
            (one, day, status, "end" if status == "gone" else None, commune, persons)
            for one, day, status, commune, persons in rows
            if not (status == "not_poor" and day.endswith("12-31"))
        )
    )
    table = movements(given_rows, households(**of_some), year)
    assert table.index.is_unique
    total, parts = tally(table), tally(by_commune(table), by="commune_code")
    for counted in (total, parts):
        assert (counted["unexplained"] == 0).all()
    # Households that moved from commune to commune are in both; those of the opening and the closing only once.
    for name in ("poor", "near_poor"):
        for unit in ("households", "persons"):
            if not len(table):
                continue
            whole = total.loc[("total", name, unit)]
            summed = parts.xs((name, unit), level=("list", "unit")).sum()
            assert (whole["opening"], whole["closing"]) == (summed["opening"], summed["closing"])
