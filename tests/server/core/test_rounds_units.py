"""Rounds, residents, villages, boundaries: what fits is stored, what does not is refused by name."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from server.database import Database
from server.errors import ConflictError, NotFoundError, UserError
from server.rounds import service as rounds
from server.units import service as units
from tests.server.fieldwork import PROVINCE, REVIEW_DATE, ROUND, squares


def test_the_standard_is_that_of_the_review_year(database: Database) -> None:
    with database.session() as session:
        assert rounds.get(session, ROUND).standard_id == "nd07-2021"
        with pytest.raises(UserError, match="2040"):
            rounds.create(session, "2040", province_code=PROVINCE, review_date=date(2040, 9, 1))


def test_a_round_is_created_once_and_only_goes_on(database: Database) -> None:
    with database.session() as session:
        with pytest.raises(ConflictError):
            rounds.create(session, ROUND, province_code=PROVINCE, review_date=REVIEW_DATE)
        made = rounds.create(session, "2026-10", province_code=PROVINCE, review_date=date(2026, 10, 15), kind="monthly")
        assert made.status == "planned"
        with pytest.raises(ConflictError):
            rounds.advance(session, "2026-10", "closed")
        rounds.advance(session, "2026-10", "open")
        rounds.advance(session, "2026-10", "open")
        assert rounds.advance(session, "2026-10", "closed").status == "closed"
        with pytest.raises(ConflictError):
            rounds.advance(session, "2026-10", "open")
        assert rounds.choose(session, None).round_id == ROUND  # the open one before the closed later one
        with pytest.raises(NotFoundError):
            rounds.get(session, "1999")


@pytest.mark.parametrize(
    ("round_id", "changes"),
    [("a b", {}), ("../x", {}), ("x", {"kind": "weekly"}), ("x", {"scope": "some"}), ("x", {"standard_id": "nd99"})],
)
def test_a_round_that_does_not_hold_is_refused(database: Database, round_id: str, changes: dict[str, str]) -> None:
    with database.session() as session, pytest.raises(UserError):
        rounds.create(session, round_id, province_code=PROVINCE, review_date=REVIEW_DATE, **changes)  # type: ignore[arg-type]


def test_one_form_feeds_one_round(database: Database) -> None:
    with database.session() as session:
        rounds.attach_form(session, ROUND, "household", 1, "household", "1")
        rounds.attach_form(session, ROUND, "household", 1, "household", "1")
        rounds.create(session, "other", province_code=PROVINCE, review_date=REVIEW_DATE)
        with pytest.raises(ConflictError):
            rounds.attach_form(session, "other", "household", 1, "household", None)
        rounds.attach_form(session, "other", "household", 2, "household", "1")
        rounds.attach_form(session, "other", "application", 2, "application", "1")
        assert [one.name for one in rounds.forms_of(session, "other")] == ["household", "application"]
        assert rounds.project_of(session, "other") == 2


def test_boundaries_come_back_as_they_went_in(database: Database) -> None:
    with database.session() as session:
        cells = units.cells_on(session, REVIEW_DATE, PROVINCE)
    assert cells is not None
    given = squares()
    assert list(cells.index) == sorted(given.index)
    assert cells.geometry.geom_equals(given.loc[cells.index].geometry).all()
    assert cells.attrs == {"is_boundary": True, "source": "squares"}


def test_the_official_lists_of_all_times_are_there(database: Database) -> None:
    with database.session() as session:
        assert len(units.units_on(session, REVIEW_DATE, PROVINCE)) == 104
        assert len(units.units_on(session, date(2025, 2, 1), PROVINCE)) == 139
        with pytest.raises(NotFoundError):
            units.units_on(session, REVIEW_DATE, "99")


def test_villages_need_a_unit_and_an_id_of_their_own(database: Database) -> None:
    place = {"on": REVIEW_DATE, "province_code": PROVINCE, "source": "t"}
    same_name = pd.DataFrame({"village_id": ["a", "b"], "name": "Thôn 1", "commune_code": "11953"})
    with database.session() as session:
        assert units.import_villages(session, same_name, **place) == 2  # type: ignore[arg-type]
        renamed = same_name.assign(name=["Thôn 1", "Thôn 2"])
        units.import_villages(session, renamed, **place)  # type: ignore[arg-type]
        held = units.villages_frame(session, REVIEW_DATE, PROVINCE).set_index("village_id")
        assert held.loc["b", "name"] == "Thôn 2"
        with pytest.raises(UserError, match="a"):
            units.import_villages(session, same_name.assign(village_id="a"), **place)  # type: ignore[arg-type]
        with pytest.raises(UserError, match="00000"):
            units.import_villages(session, same_name.assign(commune_code="00000"), **place)  # type: ignore[arg-type]
