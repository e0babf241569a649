"""The run: a round linked with last year's list, what people said kept, movements counted, one record looked up."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from server import work
from server.accounts.access import system_scope
from server.cases import service as cases
from server.cases.tables import Flag, Interview
from server.database import Database
from server.errors import NotFoundError, UserError
from server.jobs import service as jobs
from server.linkage import service as linkage
from server.linkage.models import explain
from server.linkage.tables import Link, LinkageModel, LinkDecision, RegistryKey
from server.privacy.service import Reason, erase
from server.registry import service as registry
from server.registry.tables import Movement
from server.settings import LinkageSettings, load_settings
from tests.server.fieldwork import (
    PROVINCE,
    ROUND,
    answers,
    commune_of,
    instance_id,
    odata_row,
    receive,
)
from tests.server.lists import write_list

#: Every pair is read, the automatic ones too.
ALL_READ = LinkageSettings(second_share=0.0, check_share=1.0)


def import_list(database: Database, folder: Path, statuses: dict[str, str], numbers: dict[str, int]) -> None:
    path = write_list(folder / "2025.xlsx", statuses, numbers)
    with database.session() as session:
        registry.import_list(session, path, province_code=PROVINCE)


def test_a_round_is_linked_and_its_movements_counted(database: Database, tmp_path: Path) -> None:
    receive(database, *(odata_row(answers(number), number) for number in (1, 2, 3)))
    import_list(
        database,
        tmp_path,
        {"HN-1": "poor", "HN-2": "near_poor", "HN-9": "poor"},
        {"HN-1": 1, "HN-2": 2, "HN-9": 9},
    )

    result = linkage.reconcile(database, ROUND)
    assert (result.registry_year, result.interviews, result.linked, result.doubtful) == (2025, 3, 2, 0)
    # HN-9 was not met: a person has to say whether it is gone. Nobody was decided yet.
    assert result.movements == {"escaped_poverty": 1, "escaped_near_poverty": 1, "open": 1}
    with database.session() as session:
        counted = session.scalars(select(Movement)).all()
        by_commune = {(one.commune_code, one.movement, one.waiting, one.provisional) for one in counted}
        previous = dict(session.execute(select(Interview.interview_id, Interview.previous_class)).all())
        changed = set(session.scalars(select(Flag.interview_id).where(Flag.code == "class_changed")))
    assert (commune_of(1), "escaped_poverty", "", True) in by_commune
    assert (commune_of(9), "open", "not_found", True) in by_commune  # the commune of the list: nobody was met
    assert previous == {instance_id(1): "poor", instance_id(2): "near_poor", instance_id(3): None}
    assert changed == {instance_id(1), instance_id(2)}

    # Again, and after a rebuild: the same links, flags and classes.
    assert linkage.reconcile(database, ROUND) == result
    cases.rebuild(database, ROUND)
    with database.session() as session:
        assert set(session.scalars(select(Flag.interview_id).where(Flag.code == "class_changed"))) == changed


def test_a_rejected_interview_is_no_household(database: Database, tmp_path: Path) -> None:
    receive(database, odata_row(answers(1), 1, reviewState="rejected"))
    import_list(database, tmp_path, {"HN-1": "poor"}, {"HN-1": 1})
    assert linkage.reconcile(database, ROUND).movements == {"open": 1}


def test_without_a_list_there_is_nothing_to_reconcile(database: Database) -> None:
    with pytest.raises(NotFoundError, match="2025"):
        linkage.reconcile(database, ROUND)


def links(database: Database) -> dict[tuple[str, str], Link]:
    with database.session() as session:
        return {(one.interview_id, one.household_code): one for one in session.scalars(select(Link))}


def say(database: Database, number: int, code: str, verdict: str, reader: str = "lan") -> int:
    with database.session() as session:
        of = session.scalars(select(Link).where(Link.interview_id == instance_id(number), Link.household_code == code))
        version = instance_id(number)
        made = linkage.decide(session, of.one(), verdict, reader=reader, seen_version=version, version_id=version)
        return made.decision_id


def two_linked(database: Database, folder: Path, settings: LinkageSettings = ALL_READ) -> linkage.Reconciled:
    receive(database, *(odata_row(answers(number), number) for number in (1, 2, 3)))
    import_list(database, folder, {"HN-1": "poor", "HN-2": "near_poor"}, {"HN-1": 1, "HN-2": 2})
    return linkage.reconcile(database, ROUND, settings=settings)


def test_each_link_explains_itself_without_naming_anybody(database: Database, tmp_path: Path) -> None:
    two_linked(database, tmp_path)
    of = links(database)[instance_id(1), "HN-1"]
    assert (of.kind, of.status, of.members_agree) == ("same", "linked", 2)
    evidence = of.evidence
    assert [(one["member_no"], one["registry_member_no"]) for one in evidence["people"]] == [(1, 1), (2, 2)]
    assert sum(one["weight"] for one in evidence["people"]) == pytest.approx(
        evidence["household"]["people_weight"], abs=0.01
    )
    for value in (*evidence["household"].values(), *(v for one in evidence["people"] for v in one.values())):
        assert value is None or isinstance(value, int | float)
    with database.session() as session:
        told, people = explain(session, of, "vi")
    assert sum(bar.weight for bar in told) == pytest.approx(of.weight, abs=0.5)
    assert set(people) == {(1, 1), (2, 2)}


def test_who_reads_what_is_drawn_by_the_settings(database: Database, tmp_path: Path) -> None:
    two_linked(database, tmp_path, LinkageSettings(second_share=1.0, check_share=0.0))
    assert {one.next_reading for one in links(database).values()} == {None}
    linkage.reconcile(database, ROUND, settings=ALL_READ)
    assert {one.next_reading for one in links(database).values()} == {1}


def test_an_answer_outlives_every_run_and_can_be_undone_after_it(database: Database, tmp_path: Path) -> None:
    first = two_linked(database, tmp_path)
    number = say(database, 1, "HN-1", "different")
    with database.session() as session:
        assert session.scalar(select(Interview.previous_class).where(Interview.interview_id == instance_id(1))) is None
    again = linkage.reconcile(database, ROUND, settings=ALL_READ)
    assert (first.linked, again.linked) == (2, 1)
    assert links(database)[instance_id(1), "HN-1"].status == "apart"
    with database.session() as session:
        linkage.undo(session, number, reader="lan")
    assert links(database)[instance_id(1), "HN-1"].status == "linked", "as it was found"
    assert linkage.reconcile(database, ROUND, settings=ALL_READ) == first
    with database.session() as session:
        kept = session.scalars(select(LinkDecision)).one()
    assert (kept.verdict, kept.undone_at is not None, kept.version_id) == ("different", True, instance_id(1))


@pytest.mark.parametrize("verdict", ["same", "split", "merge"])
def test_a_confirmed_pair_stays_what_the_person_said(database: Database, tmp_path: Path, verdict: str) -> None:
    two_linked(database, tmp_path)
    say(database, 1, "HN-1", verdict)
    before = links(database)[instance_id(1), "HN-1"]
    linkage.reconcile(database, ROUND, settings=ALL_READ)
    after = links(database)[instance_id(1), "HN-1"]
    assert (before.kind, before.status) == (after.kind, after.status) == (verdict, "decided")
    assert (after.found_kind, after.found_status, after.next_reading) == ("same", "linked", None)


def test_an_answer_of_the_first_of_two_changes_nothing_in_a_run(database: Database, tmp_path: Path) -> None:
    two_linked(database, tmp_path)
    with database.session() as session:
        for one in session.scalars(select(Link)):
            one.readers = 2
    say(database, 1, "HN-1", "different")
    linkage.reconcile(database, ROUND, settings=ALL_READ)
    of = links(database)[instance_id(1), "HN-1"]
    assert (of.status, of.next_reading, of.readers) == ("doubtful", 2, 2)
    say(database, 1, "HN-1", "different", reader="mai")
    assert links(database)[instance_id(1), "HN-1"].status == "apart"


def test_a_model_is_kept_for_the_campaign(database: Database, tmp_path: Path) -> None:
    found = two_linked(database, tmp_path)
    with database.session() as session:
        model = session.scalars(select(LinkageModel)).one()
    assert (model.fingerprint, model.active, model.trained_at) == (found.model, True, None)
    with pytest.raises(UserError, match="train"):
        linkage.reconcile(database, ROUND, train=True, by="lan")
    assert linkage.reconcile(database, ROUND, settings=ALL_READ) == found


def test_a_new_household_has_its_nearest_candidates(database: Database, tmp_path: Path) -> None:
    two_linked(database, tmp_path)
    # The couple of interview 2, written down without numbers, in a household of its own code.
    alike = answers(2)
    for member in alike["member"]:
        member["identity"]["cccd"] = None
    receive(database, odata_row(alike, 12))
    with database.session() as session:
        scope = system_scope("test")
        new, stranger = (session.get_one(Interview, instance_id(number)) for number in (12, 3))
        found = linkage.candidates(session, new, scope)
        nobody = linkage.candidates(session, stranger, scope)
    assert found[0].household.household_code == "HN-2"
    assert found[0].agree == 2
    assert [one.household.household_code for one in nobody if one.weight > 0] == []


def test_keys_are_hashes_and_follow_the_list(database: Database, tmp_path: Path) -> None:
    two_linked(database, tmp_path)

    def held() -> dict[str, set[int]]:
        with database.session() as session:
            found: dict[str, set[int]] = {}
            for one in session.scalars(select(RegistryKey)):
                found.setdefault(one.household_code, set()).add(one.key)
            return found

    before = held()
    assert set(before) == {"HN-1", "HN-2"}
    assert all(len(keys) > 5 for keys in before.values())
    import_list(database, tmp_path, {"HN-1": "poor", "HN-2": "near_poor"}, {"HN-1": 1, "HN-2": 7})
    linkage.reconcile(database, ROUND)
    after = held()
    assert after["HN-1"] == before["HN-1"]
    assert after["HN-2"] & before["HN-2"] < before["HN-2"]


def test_an_erased_household_leaves_neither_links_nor_keys(database: Database, tmp_path: Path) -> None:
    two_linked(database, tmp_path)
    say(database, 1, "HN-1", "same")
    erase(database, f"{PROVINCE}/2025/HN-1", by="officer", reason=Reason.SUBJECT_REQUEST)
    erase(database, instance_id(2), by="officer", reason=Reason.SUBJECT_REQUEST)
    for _again in range(2):
        assert links(database) == {}
        with database.session() as session:
            keys = set(session.scalars(select(RegistryKey.household_code)))
        assert keys == {"HN-2"}, "of the listed household whose interview was erased, the list's own keys stay"
        linkage.reconcile(database, ROUND)
    with database.session() as session:
        assert session.scalars(select(LinkDecision)).all() == [], "what was said of it would link it anew"


def test_the_worker_links_when_asked(database: Database, tmp_path: Path) -> None:
    receive(database, odata_row(answers(1), 1))
    import_list(database, tmp_path, {"HN-1": "poor"}, {"HN-1": 1})
    with database.session() as session:
        jobs.enqueue(session, "reconcile", {"round": ROUND, "by": "lan"})
    jobs.run_worker(database, work.make_handlers(load_settings({}, data={"dir": tmp_path})), once=True)
    assert {one.status for one in links(database).values()} == {"linked"}


def test_a_household_that_a_person_found_gone_leaves_the_list(database: Database, tmp_path: Path) -> None:
    receive(database, odata_row(answers(1), 1))
    import_list(database, tmp_path, {"HN-1": "poor", "HN-9": "poor"}, {"HN-1": 1, "HN-9": 9})
    assert linkage.reconcile(database, ROUND).movements == {"escaped_poverty": 1, "open": 1}
    with database.session() as session:
        made = linkage.decide_absence(
            session, province_code=PROVINCE, round_id=ROUND, registry_year=2025, household_code="HN-9",
            reason="move", reader="lan",
        )  # fmt: skip
    gone = linkage.reconcile(database, ROUND).movements
    assert gone["escaped_poverty"] == 1
    assert "open" not in gone
    with database.session() as session:
        linkage.undo_absence(session, made.decision_id, reader="lan")
    assert linkage.reconcile(database, ROUND).movements == {"escaped_poverty": 1, "open": 1}
