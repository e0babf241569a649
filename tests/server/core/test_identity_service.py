"""One household over the years in the database: ids, movements, undoing, erasing; on both databases."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from server.accounts.actor import Actor, AreaKind, Grant, Role
from server.accounts.errors import Refused
from server.database import Database
from server.errors import UserError
from server.privacy import service as privacy
from server.registry import service as registry
from server.registry.identity import load_events
from server.registry.tables import IdentityEvent, Movement
from tests.server.core.identity_fieldwork import (
    CLERK,
    decide,
    everything,
    found,
    identify,
    ids,
    interviewed,
    listed,
)
from tests.server.fieldwork import PROVINCE, ROUND, commune_of, instance_id


def test_ids_last_over_lists_and_interviews_and_a_second_run_adds_nothing(database: Database) -> None:
    # The ministry's code is kept for the first; the second has a new code and the same people; the third is new.
    listed(database, 2024, A=("poor", 1), B=("poor", 2), C=("near_poor", 5))
    listed(database, 2025, A=("poor", 1), B9=("near_poor", 2), D=("poor", 3))
    interviewed(database, 1, 2, 4, 5)
    links = [(1, "A", "same", "linked"), (2, "B9", "same", "linked")]
    identify(database, *links)
    of = ids(database)
    assert of["list/2024/A"] == of["list/2025/A"] == of[f"round/{ROUND}/{instance_id(1)}"]
    assert of["list/2024/B"] == of["list/2025/B9"] == of[f"round/{ROUND}/{instance_id(2)}"]
    # Off the list since 2024, met again as an applicant: one household, by way of the older list.
    assert of["list/2024/C"] == of[f"round/{ROUND}/{instance_id(5)}"]
    assert len(set(of.values())) == 5
    before = everything(database)
    identify(database, *links)
    assert everything(database) == before, "nothing appended, and the derived tables row for row"
    with database.session() as session:
        registry.recount(session, ROUND)
    assert everything(database) == before


def test_a_code_that_was_given_to_other_people_is_not_the_same_household(database: Database) -> None:
    listed(database, 2024, A=("poor", 1))
    listed(database, 2025, A=("poor", 2))
    identify(database)
    of = ids(database)
    assert of["list/2024/A"] != of["list/2025/A"]


def test_proposals_are_provisional_and_decisions_official(database: Database) -> None:
    listed(database, 2023, F=("poor", 4))
    listed(database, 2025, A=("poor", 1), B=("poor", 2), G=("poor", 9), H=("near_poor", 4 + 104))
    assert commune_of(4) == commune_of(4 + 104), "its list of 2025 says that F is not on it"
    interviewed(database, 1, 2, 4)
    identify(database, (1, "A", "same", "linked"), (2, "B", "same", "doubtful"))
    waiting = f"?round/{ROUND}/{instance_id(2)}"
    assert found(database) == {
        "list/2025/A": ("escaped_poverty", "", True),
        "list/2025/B": ("open", "not_found", True),
        "list/2025/G": ("open", "not_found", True),
        "list/2025/H": ("open", "not_found", True),
        waiting: ("open", "identity", True),
        "list/2023/F": ("not_on_any_list", "", True),  # off the lists within three years: newly escaped
    }
    decide(database, i1="near_poor", i4="poor")
    now = found(database)
    assert now["list/2025/A"] == ("poor_to_near_poor", "", False)
    assert now["list/2023/F"] == ("fallen_back_poor", "", False)
    with database.session() as session:
        registry.set_rules(session, ROUND, look_back_years=2, newly_escaped_years=1, by="officer")
    assert found(database)["list/2023/F"] == ("newly_poor", "", False)
    with database.session() as session:
        day = date(2026, 9, 20)
        assert registry.close_absent(session, PROVINCE, 2025, {"G": "death"}, on=day, by="clerk") == 1
        registry.recount(session, ROUND)
    assert found(database)["list/2025/G"] == ("poor_left", "death", False)


def test_a_wrong_link_is_undone_by_who_may_with_its_consequences_first(database: Database) -> None:
    listed(database, 2025, A=("poor", 1))
    interviewed(database, 1)
    identify(database, (1, "A", "same", "linked"))
    interview = f"round/{ROUND}/{instance_id(1)}"
    own = ids(database)["list/2025/A"]
    with database.session() as session:
        events = registry.events_of(session, PROVINCE, own)
        wrong = next(one.event_id for one in events if one.kind == "linked")
        _, told = registry.consequences_of(session, wrong)
        assert [("/".join(one), was, now) for one, was, now in told.moved] == [(interview, own, "+")]
    for stranger in (Actor("x"), Actor("y", (Grant(Role.SUPERVISOR, AreaKind.PROVINCE, PROVINCE),))):
        with database.session() as session, pytest.raises(Refused):
            registry.undo_event(session, wrong, actor=stranger)
    with database.session() as session:
        registry.undo_event(session, wrong, actor=CLERK)
        registry.recount_province(session, PROVINCE)
    assert ids(database)[interview] != own
    assert found(database) == {"list/2025/A": ("open", "not_found", True)}
    identify(database, (1, "A", "same", "linked"))
    assert ids(database)[interview] != own, "a person has undone this link"
    with database.session() as session, pytest.raises(UserError, match="hoàn tác"):
        registry.undo_event(session, wrong, actor=CLERK)
    with database.session() as session:
        here, there = registry.parse_appearance(interview), registry.parse_appearance("list/2025/A")
        registry.place(session, PROVINCE, here, there, actor=CLERK)
    assert ids(database)[interview] == own


def test_questions_are_kept_until_a_person_answers(database: Database) -> None:
    listed(database, 2025, A=("poor", 1))
    interviewed(database, 1, 2)
    links = [(1, "A", "same", "linked"), (2, "A", "same", "linked")]
    identify(database, *links)
    with database.session() as session:
        (question,) = registry.open_questions(session, PROVINCE)
        assert (question.kind, question.codes) == ("keeper", [instance_id(1), instance_id(2)])
        keeper = registry.parse_appearance(f"round/{ROUND}/{instance_id(2)}")
        registry.place(session, PROVINCE, keeper, registry.parse_appearance("list/2025/A"), actor=CLERK)
    identify(database, *links)
    of = ids(database)
    assert of[f"round/{ROUND}/{instance_id(2)}"] == of["list/2025/A"] != of[f"round/{ROUND}/{instance_id(1)}"]
    with database.session() as session:
        assert registry.open_questions(session, PROVINCE) == []


def test_nothing_leads_to_an_erased_household_and_its_status_is_still_counted(database: Database) -> None:
    listed(database, 2025, A=("poor", 1), B=("poor", 2))
    interviewed(database, 1, 2)
    identify(database, (1, "A", "same", "linked"), (2, "B", "same", "linked"))
    by = {"by": "officer", "reason": privacy.Reason.SUBJECT_REQUEST}
    privacy.erase(database, "33/2025/A", **by)
    privacy.erase(database, instance_id(2), **by)
    with database.session() as session:
        rows = session.scalars(select(IdentityEvent)).all()
        said = {value for row in rows for value in (row.code, row.via_code)}
        events = load_events(session, PROVINCE)
    assert instance_id(2) not in said
    of = ids(database)
    interview = f"round/{ROUND}/{instance_id(1)}"
    assert of["list/2025/A"] != of[interview], "a new id, which no event ties to the old one"
    assert [event.kind for event in events if event.appearance.code == "A"] == ["opened"]
    assert found(database)["list/2025/A"] == ("open", "not_found", True)
    with database.session() as session:
        listed_poor = session.scalars(select(Movement).where(Movement.previous == "poor")).all()
        assert len(listed_poor) == 2
    identify(database, (1, "A", "same", "linked"))
    assert ids(database)["list/2025/B"] == of["list/2025/B"]
