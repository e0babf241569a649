"""Households that were not met, and interviews made in place of others: what is said of them, and what counts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from server.cases import service as cases
from server.cases.tables import Flag, Interview
from server.database import Database
from tests.server.core.rows_of import derived_rows
from tests.server.fieldwork import ROUND, answers, instance_id, odata_row, receive

LATER = "2026-09-05T02:00:00.000Z"


def not_met(number: int, outcome: str, code: str | None = None) -> dict[str, Any]:
    """What a phone sends of a household that was not met: the place, the household, what came of it."""
    given = answers(number)
    kept = ("started_at", "ended_at", "enumerator", "round_id", "province_code", "review_date")
    place = {name: given["place"][name] for name in ("commune_code", "village_id")}
    selection = {"on_list": "listed" if code else "new", "household_code": code, "visits_done": "x y", "done_count": 2}
    return {name: given[name] for name in kept} | {"place": place, "selection": selection, "outcome": outcome}


def met(number: int, code: str | None = None, **selection: Any) -> dict[str, Any]:
    consent = {"notice_read": "OK", "consent_gps": "yes", "consent_photo": "yes"}
    return answers(number) | {
        "selection": {"on_list": "listed" if code else "new", "household_code": code, **selection},
        "outcome": "met",
        "legal": consent,
    }


def interview(database: Database, number: int) -> Interview:
    with database.session() as session:
        found = session.get(Interview, instance_id(number))
    assert found is not None
    return found


def flags(database: Database, number: int) -> dict[str, dict[str, Any]]:
    with database.session() as session:
        found = session.scalars(select(Flag).where(Flag.interview_id == instance_id(number)))
        return {flag.code: flag.details for flag in found}


def counted(database: Database) -> set[str]:
    with database.session() as session:
        return set(cases.cases_frame(session, ROUND).index)


def test_a_household_that_was_not_met_is_undetermined_and_only_that_is_said(database: Database) -> None:
    receive(database, odata_row(not_met(1, "moved_away", "33-1"), 1))
    found = interview(database, 1)
    assert (found.outcome, found.proposed_class, found.missing, found.member_count) == (
        "moved_away",
        "undetermined",
        "",
        0,
    )
    assert flags(database, 1) == {"not_met": {"outcome": "moved_away"}}


def test_a_form_of_before_asked_only_whom_it_met(database: Database) -> None:
    receive(database, odata_row(answers(1), 1))
    assert interview(database, 1).outcome == "met"
    assert flags(database, 1) == {}


def test_who_does_not_agree_to_a_position_owes_none(database: Database) -> None:
    refusing = met(1) | {"location": None}
    refusing["legal"] = refusing["legal"] | {"consent_gps": "no"}
    receive(database, odata_row(refusing, 1), odata_row(met(2) | {"location": None}, 2))
    assert flags(database, 1) == {}
    assert set(flags(database, 2)) == {"gps_missing"}


def test_the_interview_that_replaces_counts_and_the_replaced_one_does_not(database: Database) -> None:
    receive(database, odata_row(met(1, "33-1"), 1, reviewState="hasIssues"))
    assert counted(database) == {instance_id(1)}
    receive(database, odata_row(met(2, "33-1", replaces=instance_id(1)), 2, submissionDate=LATER))
    assert counted(database) == {instance_id(2)}
    assert interview(database, 1).superseded_by == instance_id(2)
    assert interview(database, 2).replaces == instance_id(1)
    assert "superseded" in flags(database, 1)
    assert "superseded" not in flags(database, 2)
    before = derived_rows(database)
    cases.rebuild(database, ROUND)
    assert derived_rows(database) == before


def test_a_rejected_interview_takes_nobodys_place(database: Database) -> None:
    receive(database, odata_row(met(1, "33-1"), 1))
    receive(
        database,
        odata_row(met(2, "33-1", replaces=instance_id(1)), 2, submissionDate=LATER, reviewState="rejected"),
    )
    assert interview(database, 1).superseded_by is None
    with database.session() as session:
        session.execute(update(Interview).values(review_state="received"))
        cases.crosscheck(session, ROUND)
    assert interview(database, 1).superseded_by == instance_id(2)


def test_a_household_visited_a_second_time_counts_once(database: Database) -> None:
    receive(database, odata_row(not_met(1, "absent", "33-1"), 1), odata_row(not_met(3, "absent", "33-3"), 3))
    receive(database, odata_row(met(2, "33-1"), 2, submissionDate=LATER))
    assert counted(database) == {instance_id(2), instance_id(3)}
    receive(database, odata_row(not_met(4, "refused", "33-3"), 4, submissionDate=LATER))
    assert counted(database) == {instance_id(2), instance_id(4)}


def test_two_interviews_that_were_both_held_are_left_to_a_person(database: Database) -> None:
    receive(database, odata_row(met(1, "33-1"), 1))
    receive(database, odata_row(met(2, "33-1"), 2, submissionDate=LATER))
    assert counted(database) == {instance_id(1), instance_id(2)}


def test_two_that_name_each_other_do_not_both_vanish(database: Database) -> None:
    receive(database, odata_row(met(1, "33-1", replaces=instance_id(2)), 1))
    receive(database, odata_row(met(2, "33-1", replaces=instance_id(1)), 2, submissionDate=LATER))
    assert counted(database) == {instance_id(2)}
