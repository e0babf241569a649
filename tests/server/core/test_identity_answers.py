"""What a person answers to "whose is it": it settles all that was asked, is kept, taken back, and of the own area."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from reconciliation.identity import Appearance, fold
from reconciliation.movement_forms import COLUMNS, expected_closing, tally
from server import cli
from server.accounts.access import Action, Scope, permitted
from server.accounts.actor import Actor, AreaKind, Grant, Role
from server.accounts.errors import Refused
from server.database import Database
from server.errors import ConflictError, NotFoundError, UserError
from server.jobs import service as jobs
from server.linkage.tables import Link
from server.registry import deciding, queries
from server.registry import service as registry
from server.registry.identity import load_events, load_events_around
from server.registry.questions import Waiting, waiting
from server.registry.tables import HouseholdAppearance, IdentityEvent, IdentityQuestion, Movement
from server.settings import load_settings
from server.work import make_handlers
from tests.server.core.identity_fieldwork import CLERK, decide, everything, found, identify, ids, interviewed, listed
from tests.server.fieldwork import PROVINCE, ROUND, commune_of, instance_id
from tests.server.keys import KEY_TEXT
from tests.server.pairs import link_row

HERE = permitted(CLERK, Action.LINK)


def of_commune(number: int) -> Actor:
    """A clerk of the commune of an interview."""
    return Actor("commune", (Grant(Role.CLERK, AreaKind.COMMUNE, commune_of(number)),))


def asked(database: Database, scope: Scope = HERE) -> list[tuple[str, list[str]]]:
    """The questions that wait within a scope: kind, codes."""
    with database.session() as session:
        return [(one.question.kind, one.question.codes) for one in waiting(session, PROVINCE, scope)[0]]


def say(database: Database, choice: str | None, actor: Actor = CLERK) -> None:
    """Answer the first question."""
    with database.session() as session:
        first: Waiting = waiting(session, PROVINCE, HERE)[0][0]
        deciding.answer(session, first.question, choice, actor=actor)
        registry.recount_province(session, PROVINCE)


def unsay(database: Database, actor: Actor = CLERK) -> None:
    """Take back the last answer."""
    with database.session() as session:
        last = deciding.last_answer(session, PROVINCE, CLERK)
        assert last is not None
        deciding.take_back(session, last, actor=actor)
        registry.recount_province(session, PROVINCE)


def interview(number: int) -> str:
    return f"round/{ROUND}/{instance_id(number)}"


def test_which_part_keeps_the_id_settles_all_parts_and_every_run_keeps_it(database: Database) -> None:
    listed(database, 2025, A=("poor", 1))
    interviewed(database, 1, 2, 3)
    links = [(number, "A", "same", "linked") for number in (1, 2, 3)]
    identify(database, *links)
    assert asked(database) == [("keeper", [instance_id(number) for number in (1, 2, 3)])]
    assert [one[1] for one in found(database).values()].count("identity") == 3
    say(database, instance_id(2))
    of = ids(database)
    assert of[interview(2)] == of["list/2025/A"]
    assert len({of[interview(number)] for number in (1, 2, 3)}) == 3
    with database.session() as session:
        state = fold(load_events(session, PROVINCE))
    assert [state.households[of[interview(number)]].split_from for number in (1, 3)] == [of["list/2025/A"]] * 2
    assert asked(database) == []
    assert "identity" not in [one[1] for one in found(database).values()]
    before = everything(database)
    identify(database, *links)
    assert everything(database) == before, "nothing appended, and the derived tables row for row"


def test_no_part_keeps_the_id(database: Database) -> None:
    listed(database, 2025, A=("poor", 1))
    interviewed(database, 1, 2)
    links = [(1, "A", "same", "linked"), (2, "A", "same", "linked")]
    identify(database, *links)
    say(database, None)
    of = ids(database)
    assert len({of["list/2025/A"], of[interview(1)], of[interview(2)]}) == 3
    before = everything(database)
    identify(database, *links)
    assert everything(database) == before
    assert asked(database) == []


def test_an_answer_is_taken_back_and_the_question_is_there_again(database: Database) -> None:
    listed(database, 2025, A=("poor", 1), B=("poor", 2))
    interviewed(database, 1, 3)
    links = [(1, "A", "same", "linked"), (3, "A", "same", "linked")]
    identify(database, *links)
    before, question = ids(database), asked(database)
    counted = found(database)
    say(database, instance_id(1))
    with pytest.raises(NotFoundError):
        unsay(database, of_commune(1))
    unsay(database)
    assert (ids(database), asked(database), found(database)) == (before, question, counted)
    with database.session() as session:
        assert deciding.last_answer(session, PROVINCE, CLERK) is None
    say(database, instance_id(3))
    assert ids(database)[interview(3)] == before["list/2025/A"]


def test_an_answer_upon_which_another_rests_is_not_taken_back(database: Database) -> None:
    listed(database, 2025, A=("poor", 1))
    interviewed(database, 1)
    identify(database, (1, "A", "same", "doubtful"))
    say(database, None)
    with database.session() as session:
        here, there = registry.parse_appearance(interview(1)), registry.parse_appearance("list/2025/A")
        registry.place(session, PROVINCE, here, there, actor=CLERK)
    with pytest.raises(ConflictError):
        unsay(database)


def test_two_households_and_one_of_its_own(database: Database) -> None:
    listed(database, 2025, A=("poor", 1), B=("near_poor", 2))
    interviewed(database, 1, 2)
    links = [(1, "A", "same", "linked"), (1, "B", "same", "linked"), (2, "B", "same", "doubtful")]
    identify(database, *links)
    of = ids(database)
    assert [kind for kind, _ in asked(database)] == ["two_households", "doubtful"]
    with pytest.raises(ConflictError):
        say(database, "33-NONE")
    say(database, of["list/2025/B"])
    assert ids(database)[interview(1)] == of["list/2025/B"]
    say(database, None)
    assert ids(database)[interview(2)] not in of.values()
    before = everything(database)
    identify(database, *links)
    assert everything(database) == before


def test_a_link_that_a_person_had_undone_and_another_confirmed(database: Database) -> None:
    listed(database, 2025, A=("poor", 1))
    interviewed(database, 1)
    identify(database, (1, "A", "same", "linked"))
    own = ids(database)["list/2025/A"]
    with database.session() as session:
        wrong = next(one.event_id for one in registry.events_of(session, PROVINCE, own) if one.kind == "linked")
        registry.undo_event(session, wrong, actor=CLERK)
    identify(database, (1, "A", "same", "decided"))
    assert asked(database) == [("undone", [instance_id(1)])]
    say(database, own)
    assert ids(database)[interview(1)] == own
    unsay(database)
    assert asked(database) == [("undone", [instance_id(1)])]
    say(database, own)
    identify(database, (1, "A", "same", "decided"))
    assert asked(database) == []


def test_a_doubtful_pair_is_the_desks_until_everybody_was_unsure(database: Database) -> None:
    listed(database, 2025, A=("poor", 1))
    interviewed(database, 1)
    identify(database, (1, "A", "same", "doubtful"))
    with database.session() as session:
        session.add(Link(**link_row(instance_id(1), "A")))
    for next_reading, status, waits in ((1, "doubtful", False), (2, "doubtful", False), (None, "doubtful", True)):
        with database.session() as session:
            pair = session.scalars(select(Link)).one()
            pair.next_reading, pair.status = next_reading, status
        assert bool(asked(database)) is waits
    for status in ("decided", "apart"):
        with database.session() as session:
            session.scalars(select(Link)).one().status = status
            session.flush()
            assert [len(waiting(session, PROVINCE, HERE)[0]), waiting(session, PROVINCE, HERE)[1]] == [0, 1], (
                "the desk has settled it: the next run brings it"
            )


def test_questions_lie_in_the_own_area_with_all_their_sides(database: Database) -> None:
    listed(database, 2025, A=("poor", 1), B=("poor", 2))
    interviewed(database, 1, 2)
    identify(database, (1, "B", "same", "doubtful"), (2, "B", "same", "doubtful"))
    assert commune_of(1) != commune_of(2)
    assert asked(database, permitted(of_commune(2), Action.LINK)) == [("doubtful", [instance_id(2)])]
    assert asked(database, permitted(of_commune(1), Action.LINK)) == [], "the household lies elsewhere"
    assert asked(database, Scope()) == []
    with pytest.raises(Refused):
        say(database, None, of_commune(2))


def test_the_log_around_a_household_says_what_the_whole_log_says(database: Database) -> None:
    listed(database, 2024, A=("poor", 1), B=("poor", 2))
    listed(database, 2025, A=("poor", 1), B=("poor", 2), D=("poor", 3))
    interviewed(database, 1, 2, 4)
    identify(database, (1, "A", "same", "linked"), (2, "A", "split", "linked"), (4, "D", "same", "linked"))
    with database.session() as session:
        whole = fold(load_events(session, PROVINCE))
        for appearance in whole.holder:
            part = fold(load_events_around(session, PROVINCE, [appearance]))
            of = whole.holder[appearance]
            assert part.holder[appearance] == of
            assert part.households[of] == whole.households[of]
        assert len(load_events_around(session, PROVINCE, [Appearance("list/2025", "D")])) == 2


def test_a_circle_is_refused(database: Database) -> None:
    listed(database, 2024, A=("poor", 1))
    listed(database, 2025, A=("poor", 1))
    identify(database)
    first, second = Appearance("list/2024", "A"), Appearance("list/2025", "A")
    with database.session() as session, pytest.raises(ConflictError):
        registry.place(session, PROVINCE, first, second, actor=CLERK)


def test_moved_in_as_poor_goes_from_column_7_to_column_8(database: Database) -> None:
    listed(database, 2025, A=("poor", 1))
    interviewed(database, 1, 2)
    identify(database, (1, "A", "same", "linked"))
    decide(database, i1="poor", i2="poor")
    new = registry.parse_appearance(interview(2))

    def form() -> dict[str, dict[str, int]]:
        with database.session() as session:
            counted = tally(queries.sums(session, ROUND, HERE))
        rows = {unit: counted.loc[("total", "poor", unit)] for unit in ("households", "persons")}
        for row in rows.values():
            assert row["closing"] == expected_closing({name: int(row[name]) for name in ("opening", *COLUMNS)})
        return {unit: {name: int(row[name]) for name in ("new", "came", "closing")} for unit, row in rows.items()}

    assert form() == {
        "households": {"new": 1, "came": 0, "closing": 2},
        "persons": {"new": 2, "came": 0, "closing": 4},
    }
    counted = ids(database)
    for arrived, of_new in (
        (True, ("came_poor", "moved_in")),
        (False, ("newly_poor", "")),
        (True, ("came_poor", "moved_in")),
    ):
        with database.session() as session:
            registry.set_arrived(session, PROVINCE, new, arrived=arrived, actor=CLERK)
            registry.recount_province(session, PROVINCE)
        assert found(database)[interview(2)] == (*of_new, False)
        came = 1 if arrived else 0
        assert form() == {
            "households": {"new": 1 - came, "came": came, "closing": 2},
            "persons": {"new": 2 - 2 * came, "came": 2 * came, "closing": 4},
        }
    assert ids(database) == counted
    identify(database, (1, "A", "same", "linked"))
    assert found(database)[interview(2)] == ("came_poor", "moved_in", False), "a run keeps what a person said"
    with database.session() as session:
        made = session.scalars(select(IdentityEvent).where(IdentityEvent.kind == "arrived")).all()
        assert {one.made_by for one in made} == {CLERK.user_id}


def test_only_a_new_household_has_moved_in_and_only_who_may_link_says_so(database: Database) -> None:
    listed(database, 2025, A=("poor", 1))
    interviewed(database, 1, 2)
    identify(database, (1, "A", "same", "linked"))
    old, new = registry.parse_appearance(interview(1)), registry.parse_appearance(interview(2))
    with database.session() as session, pytest.raises(ConflictError):
        registry.set_arrived(session, PROVINCE, old, arrived=True, actor=CLERK)
    for stranger in (of_commune(1), Actor("y", (Grant(Role.SUPERVISOR, AreaKind.PROVINCE, PROVINCE),))):
        with database.session() as session, pytest.raises(Refused):
            registry.set_arrived(session, PROVINCE, new, arrived=True, actor=stranger)
    with database.session() as session, pytest.raises((UserError, Refused)):
        registry.set_arrived(session, PROVINCE, Appearance("list/2025", "X"), arrived=True, actor=CLERK)


def test_the_command_line_says_it_too(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    listed(database, 2025, A=("poor", 1))
    interviewed(database, 1, 2)
    identify(database, (1, "A", "same", "linked"))
    decide(database, i1="poor", i2="poor")
    monkeypatch.setenv("RASOAT_DATABASE_URL", database.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("RASOAT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("RASOAT_MASTER_KEY", KEY_TEXT)

    def rasoat(*words: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["rasoat", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), capsys.readouterr().out

    assert rasoat("user", "add", "lan", "--name", "Lan", "--role", f"clerk@province:{PROVINCE}")[0] == 0
    said = ("registry", "moved-in", "--by", "lan")
    assert rasoat(*said, interview(2), "--json")[0] == 0
    assert found(database)[interview(2)] == ("came_poor", "moved_in", False)
    assert rasoat(*said, interview(2), "--take-back")[0] == 0
    assert found(database)[interview(2)] == ("newly_poor", "", False)
    assert rasoat(*said, interview(1))[0] == 1, "it was on last year's list"


def test_the_worker_counts_again(database: Database, tmp_path: Path) -> None:
    listed(database, 2025, A=("poor", 1))
    interviewed(database, 1)
    identify(database, (1, "A", "same", "doubtful"))
    with database.session() as session:
        first = waiting(session, PROVINCE, HERE)[0][0]
        deciding.answer(session, first.question, None, actor=CLERK)
        jobs.enqueue(session, "recount")
    assert [one[1] for one in found(database).values()].count("identity") == 1, "a request counts nothing"
    handlers = make_handlers(load_settings({}, data={"dir": tmp_path}))
    assert jobs.run_worker(database, handlers, once=True) == 1
    assert "identity" not in [one[1] for one in found(database).values()]


def test_the_questions_of_a_source_are_replaced_with_their_answers(database: Database) -> None:
    listed(database, 2025, A=("poor", 1))
    interviewed(database, 1)
    identify(database, (1, "A", "same", "doubtful"))
    say(database, None)
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(IdentityQuestion)) == 1
    identify(database, (1, "A", "same", "doubtful"))
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(IdentityQuestion)) == 0
        assert deciding.last_answer(session, PROVINCE, CLERK) is None
        assert session.scalar(select(func.count()).select_from(HouseholdAppearance)) == 2
        assert session.scalar(select(func.count()).select_from(Movement)) == 1
