"""One id over the years: what is appended, what follows, what undoing takes back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import count
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciliation.identity import (
    Appearance,
    Event,
    IdentityLogError,
    Ids,
    Proposal,
    State,
    UndoError,
    arrive,
    close,
    consequences,
    fold,
    marks,
    part_by_hand,
    place_by_hand,
    propose,
    take_back,
    undo,
    with_parts,
)

LIST, ROUND, NEXT = "list/2025", "round/2026", "list/2026"
DAYS = {LIST: date(2025, 12, 31), ROUND: date(2026, 9, 1), NEXT: date(2026, 12, 31)}


class Log:
    """A log that grows, with ids that count up."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.ids = Ids((f"H{number}" for number in count(1)), count(1))

    def propose(self, source: str, codes: list[str], *links: dict[str, Any]) -> Proposal:
        columns = ["code", "to_source", "to_code", "kind", "status", "members", "has_head"]
        frame = pd.DataFrame(list(links), columns=columns)
        made = propose(self.events, source=source, on=DAYS[source], codes=codes, links=frame, ids=self.ids)
        self.events += made.events
        return made

    def take(self, made: list[Event]) -> None:
        self.events += made

    @property
    def state(self) -> State:
        return fold(self.events)

    def holder(self, source: str, code: str) -> str:
        return self.state.holder[Appearance(source, code)]

    def event(self, kind: str, code: str) -> int:
        return next(e.event_id for e in self.events if e.kind == kind and e.appearance.code == code)


def link(code: str, to: str, kind: str = "same", status: str = "linked", **more: Any) -> dict[str, Any]:
    return {"code": code, "to_source": LIST, "to_code": to, "kind": kind, "status": status, **more}


@pytest.fixture
def log() -> Log:
    """A list of three: H1 is A, H2 is B, H3 is C."""
    made = Log()
    made.propose(LIST, ["A", "B", "C"])
    return made


def test_a_link_keeps_the_id_and_a_stranger_gets_a_new_one(log: Log) -> None:
    log.propose(ROUND, ["a", "x"], link("a", "A"))
    assert (log.holder(ROUND, "a"), log.holder(ROUND, "x")) == ("H1", "H4")
    assert log.state.households["H1"].appearances == (Appearance(LIST, "A"), Appearance(ROUND, "a"))


def test_the_same_household_met_next_year_by_way_of_the_interview(log: Log) -> None:
    log.propose(ROUND, ["a", "x"], link("a", "A"))
    log.propose(NEXT, ["A7", "X"], link("A7", "a") | {"to_source": ROUND}, link("X", "x") | {"to_source": ROUND})
    assert (log.holder(NEXT, "A7"), log.holder(NEXT, "X")) == ("H1", "H4")


@pytest.mark.parametrize(
    ("parts", "keeper"),
    [
        ((("a", 1, True), ("b", 4, False)), "a"),  # the head, though fewer
        ((("a", 1, False), ("b", 4, False)), "b"),  # most members
        ((("a", 2, False), ("b", 2, False)), None),  # a person
        ((("a", 3, True), ("b", 2, True)), "a"),  # the head stands in both (written twice): most members
    ],
)
def test_a_split_keeps_the_id_by_the_keeper_rule(
    log: Log, parts: tuple[tuple[str, int, bool], ...], keeper: str | None
) -> None:
    rows = [link(code, "A", "split", members=members, has_head=head) for code, members, head in parts]
    rows[0]["kind"] = "same"  # what the linkage took for the best pair does not decide
    made = log.propose(ROUND, ["a", "b"], *rows)
    if keeper is None:
        assert [(one.kind, one.codes, one.household_ids) for one in made.questions] == [("keeper", ("a", "b"), ("H1",))]
        assert made.events == []
        log.take(
            place_by_hand(log.events, Appearance(ROUND, "b"), via=Appearance(LIST, "A"), on=DAYS[ROUND], ids=log.ids)
        )
        made = log.propose(ROUND, ["a", "b"], *rows)
        assert made.questions == []
        keeper = "b"
    other = "b" if keeper == "a" else "a"
    assert log.holder(ROUND, keeper) == "H1"
    off = log.state.households[log.holder(ROUND, other)]
    assert (off.household_id, off.split_from, off.split_on) == ("H4", "H1", DAYS[ROUND])
    assert log.propose(ROUND, ["a", "b"], *rows).events == []


def test_a_part_whose_rest_was_not_met_does_not_take_the_id(log: Log) -> None:
    log.propose(ROUND, ["a"], link("a", "A", "split", members=2))
    assert log.state.households[log.holder(ROUND, "a")].split_from == "H1"
    assert log.state.households["H1"].status == "open"


def test_a_merged_household_lives_in_the_other(log: Log) -> None:
    rows = [link("a", "A"), link("a", "B", "merge")]
    log.propose(ROUND, ["a"], *rows)
    state = log.state
    assert (state.households["H2"].status, state.households["H2"].into, state.live("H2")) == ("merged", "H1", "H1")
    assert log.propose(ROUND, ["a"], *rows).events == []
    # Then somebody is found who is B after all.
    log.propose(ROUND, ["a", "b"], *rows, link("b", "B"))
    assert log.state.households["H2"].status == "open"


def test_a_doubtful_pair_and_two_households_wait_for_a_person(log: Log) -> None:
    made = log.propose(ROUND, ["a", "b"], link("a", "A", status="doubtful"), link("b", "B"), link("b", "C"))
    assert made.events == []
    assert [(one.kind, one.household_ids) for one in made.questions] == [
        ("doubtful", ("H1",)),
        ("two_households", ("H2", "H3")),
    ]
    log.take(place_by_hand(log.events, Appearance(ROUND, "a"), via=None, on=DAYS[ROUND], ids=log.ids))
    assert log.holder(ROUND, "a") == "H4"
    log.propose(ROUND, ["a"], link("a", "A"))
    assert log.holder(ROUND, "a") == "H4", "a person said that it is of its own"


def test_what_was_new_and_is_then_decided_the_same_leaves_its_id_behind(log: Log) -> None:
    log.propose(ROUND, ["a"])
    assert log.holder(ROUND, "a") == "H4"
    log.propose(ROUND, ["a"], link("a", "A", status="doubtful"))
    assert log.holder(ROUND, "a") == "H4", "while it waits nothing changes"
    log.propose(ROUND, ["a"], link("a", "A", status="decided"))
    assert log.holder(ROUND, "a") == "H1"
    assert log.state.replaced == {"H4": "H1"}
    # And back: the id it once had is its own, and nobody else's.
    log.propose(ROUND, ["a", "z"])
    assert (log.holder(ROUND, "a"), log.holder(ROUND, "z")) == ("H4", "H5")


def test_an_interview_that_is_gone_leaves_unless_another_was_linked_by_it(log: Log) -> None:
    log.propose(ROUND, ["a", "x"], link("a", "A"))
    log.propose(NEXT, ["X"], link("X", "x") | {"to_source": ROUND})
    log.propose(ROUND, [])
    assert Appearance(ROUND, "a") not in log.state.holder
    assert log.holder(NEXT, "X") == log.holder(ROUND, "x") == "H4"


def test_closed_by_a_person_taken_back_and_back_again(log: Log) -> None:
    log.take(close(log.events, source=LIST, absences={"A": "death", "B": "move"}, on=DAYS[ROUND], ids=log.ids))
    assert (log.state.households["H1"].status, log.state.households["H1"].reason) == ("closed", "death")
    assert close(log.events, source=LIST, absences={"A": "death", "B": "move"}, on=DAYS[ROUND], ids=log.ids) == []
    log.take(close(log.events, source=LIST, absences={"B": "move"}, on=DAYS[ROUND], ids=log.ids))
    assert log.state.households["H1"].status == "open"
    log.propose(NEXT, ["B"], link("B", "B"))
    assert (log.state.households["H2"].status, log.state.households["H2"].reopened_on) == ("open", DAYS[NEXT])
    assert log.propose(NEXT, ["B"], link("B", "B")).events == []


@pytest.mark.parametrize("keeper", ["a", "b", None])
def test_who_keeps_the_id_settles_every_part(log: Log, keeper: str | None) -> None:
    rows = [link(code, "A", "split", members=2, has_head=False) for code in "abc"]
    assert [one.kind for one in log.propose(ROUND, ["a", "b", "c"], *rows).questions] == ["keeper"]
    parts = [Appearance(ROUND, code) for code in "abc"]
    chosen = None if keeper is None else Appearance(ROUND, keeper)
    given = part_by_hand(log.events, parts, keeper=chosen, of=Appearance(LIST, "A"), on=DAYS[ROUND], ids=log.ids)
    log.take(given)
    for part in parts:
        household = log.state.households[log.state.holder[part]]
        expected = ("H1", None) if part == chosen else (household.household_id, "H1")
        assert (household.household_id, household.split_from) == expected
    assert len({log.state.holder[part] for part in parts}) == 3
    made = log.propose(ROUND, ["a", "b", "c"], *rows)
    assert (made.events, made.questions) == ([], []), "what a person said is not said again, nor asked again"
    # Another head, another linkage: it stays as it was said.
    changed = [row | {"has_head": row["code"] == "c"} for row in rows]
    made = log.propose(ROUND, ["a", "b", "c"], *changed)
    assert (made.events, made.questions) == ([], [])


def test_an_answer_is_taken_back_as_if_it_had_never_been_given(log: Log) -> None:
    rows = [link("a", "A", "split", members=2), link("b", "A", "split", members=2)]
    log.propose(ROUND, ["a", "b"])
    before = log.state
    asked = log.propose(ROUND, ["a", "b"], *rows).questions
    parts = [Appearance(ROUND, "a"), Appearance(ROUND, "b")]
    given = part_by_hand(log.events, parts, keeper=parts[1], of=Appearance(LIST, "A"), on=DAYS[ROUND], ids=log.ids)
    log.take(given)
    assert log.holder(ROUND, "b") == "H1"
    log.take(take_back(log.events, [event.event_id for event in given], ids=log.ids))
    state = log.state
    assert (state.holder, state.households, state.barred) == (before.holder, before.households, before.barred)
    assert log.propose(ROUND, ["a", "b"], *rows).questions == asked, "it is asked again"
    with pytest.raises(UndoError, match="undone_already"):
        take_back(log.events, [event.event_id for event in given], ids=log.ids)


def test_an_answer_by_way_of_which_another_was_placed_stands(log: Log) -> None:
    given = place_by_hand(log.events, Appearance(ROUND, "x"), via=None, on=DAYS[ROUND], ids=log.ids)
    log.take(given)
    log.propose(NEXT, ["X"], link("X", "x") | {"to_source": ROUND})
    with pytest.raises(IdentityLogError):
        take_back(log.events, [event.event_id for event in given], ids=log.ids)


def test_a_household_that_came_from_elsewhere_says_so_until_that_is_taken_back(log: Log) -> None:
    log.propose(ROUND, ["a", "x"], link("a", "A"))
    new = Appearance(ROUND, "x")
    assert [log.state.is_newcomer(of) for of in ("H1", "H4")] == [False, True]
    log.take(arrive(log.events, new, arrived=True, on=DAYS[ROUND], ids=log.ids))
    assert arrive(log.events, new, arrived=True, on=DAYS[ROUND], ids=log.ids) == [], "once is enough"
    assert log.state.households["H4"].arrived_on == DAYS[ROUND]
    days = marks(log.state)["arrived_on"]
    assert days["H4"] == pd.Timestamp(DAYS[ROUND])
    assert days.drop("H4").isna().all()
    # On the list of the end of the year it is still the household that came this year; the linkage says nothing of it.
    log.propose(NEXT, ["X"], link("X", "x") | {"to_source": ROUND})
    assert log.state.is_newcomer("H4")
    assert log.propose(ROUND, ["a", "x"], link("a", "A")).events == []
    log.take(arrive(log.events, Appearance(NEXT, "X"), arrived=False, on=DAYS[NEXT], ids=log.ids))
    assert log.state.households["H4"].arrived_on is None
    assert arrive(log.events, new, arrived=False, on=DAYS[ROUND], ids=log.ids) == []


def test_a_part_that_left_is_no_newcomer(log: Log) -> None:
    log.propose(ROUND, ["a", "s"], link("a", "A", members=3), link("s", "A", "split", members=1))
    assert not log.state.is_newcomer(log.holder(ROUND, "s"))


def test_undoing_a_link_takes_along_what_came_by_it_and_says_so_first(log: Log) -> None:
    log.propose(ROUND, ["a", "b"], link("a", "A", members=3), link("b", "A", "split", members=1))
    log.propose(NEXT, ["A7"], link("A7", "a") | {"to_source": ROUND})
    wrong = log.event("linked", "a")
    told = consequences(log.events, wrong)
    assert told.moved == [(Appearance(NEXT, "A7"), "H1", "+"), (Appearance(ROUND, "a"), "H1", "+")]
    assert (told.sources, told.origins, told.statuses) == ([NEXT, ROUND], [], [])
    before = log.state
    log.take(undo(log.events, wrong, ids=log.ids))
    assert log.holder(ROUND, "a") == log.holder(NEXT, "A7") == "H5"
    unmoved = {one: of for one, of in before.holder.items() if one not in {m[0] for m in told.moved}}
    assert {one: log.state.holder[one] for one in unmoved} == unmoved
    # The linkage finds the same pair again; a person has spoken.
    made = log.propose(ROUND, ["a", "b"], link("a", "A", members=3), link("b", "A", "split", members=1))
    assert (made.events, made.questions) == ([], [])
    made = log.propose(
        ROUND, ["a", "b"], link("a", "A", status="decided", members=3), link("b", "A", "split", members=1)
    )
    assert (made.events, [one.kind for one in made.questions]) == ([], ["undone"])


def test_undoing_a_split_or_a_merger_leaves_the_households_as_they_are(log: Log) -> None:
    rows = [link("a", "A", members=3), link("s", "A", "split", members=1), link("a", "B", "merge")]
    log.propose(ROUND, ["a", "s"], *rows)
    split, merged = log.event("split", "s"), log.event("merged", "B")
    assert consequences(log.events, split).origins == [("H4", "H1", None)]
    assert consequences(log.events, merged).statuses == [("H2", "merged", "open")]
    for event_id in (split, merged):
        log.take(undo(log.events, event_id, ids=log.ids))
    assert (log.state.households["H4"].split_from, log.state.households["H2"].status) == (None, "open")
    assert log.propose(ROUND, ["a", "s"], *rows).events == []


def test_what_cannot_be_undone_says_why(log: Log) -> None:
    log.propose(ROUND, ["a"], link("a", "A"))
    linked = log.event("linked", "a")
    for event_id, code in ((1, "not_undoable"), (99, "unknown")):
        with pytest.raises(UndoError, match=code):
            undo(log.events, event_id, ids=log.ids)
    log.take(undo(log.events, linked, ids=log.ids))
    with pytest.raises(UndoError, match="undone_already"):
        consequences(log.events, linked)


def test_a_log_that_cannot_be_is_refused() -> None:
    here, there = Appearance(LIST, "A"), Appearance(LIST, "B")
    opened = Event(1, "opened", DAYS[LIST], here, household_id="H1")
    with pytest.raises(IdentityLogError):
        fold([opened, Event(2, "opened", DAYS[LIST], here, household_id="H2")])
    with pytest.raises(IdentityLogError):
        fold([Event(1, "linked", DAYS[LIST], here, via=there)])


def test_parts_are_weighed_by_members_and_heads() -> None:
    links = pd.DataFrame({"interview_id": ["a", "b"], "household_code": ["A", "A"], "kind": ["same", "split"]})
    people = pd.DataFrame(
        {"interview_id": ["a", "a", "b"], "household_code": ["A", "A", "A"], "registry_member_no": [2, 3, 1]}
    )
    weighed = with_parts(links, people, {"A": 1})
    assert weighed[["members", "has_head"]].to_numpy().tolist() == [[2, False], [1, True]]


codes = st.lists(st.sampled_from("ABCDEF"), unique=True)
statuses = st.sampled_from(["linked", "decided", "doubtful"])
kinds = st.sampled_from(["same", "split", "merge"])
pairs = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("ABCDEF"), kinds, statuses, st.integers(0, 3)))
steps = st.lists(
    st.tuples(st.sampled_from(["round", "next", "list", "undo", "absent"]), codes, pairs, st.integers(0, 40)),
    max_size=8,
)


def _walk(log: Log, script: list[tuple[str, list[str], list[tuple[Any, ...]], int]]) -> Iterator[tuple[str, Any]]:
    for what, some, found, number in script:
        lower = [code.lower() for code in some]
        rows = [link(a, b, kind, status, members=n, has_head=n == 3) for a, b, kind, status, n in found]
        by_interview = [link(b, a, kind, status) | {"to_source": ROUND} for a, b, kind, status, _ in found]
        if what == "list":
            yield what, lambda some=some: log.propose(LIST, some)
        elif what == "round":
            yield what, lambda lower=lower, rows=rows: log.propose(ROUND, lower, *rows)
        elif what == "next":
            yield what, lambda some=some, rows=by_interview: log.propose(NEXT, some, *rows)
        elif what == "absent":
            absences = dict.fromkeys(some, "move")
            log.take(close(log.events, source=LIST, absences=absences, on=DAYS[ROUND], ids=log.ids))
            yield what, None
        else:
            try:
                log.take(undo(log.events, number, ids=log.ids))
            except UndoError:
                continue
            yield what, None


@settings(max_examples=60, deadline=None)
@given(codes, steps, st.randoms(use_true_random=False))
def test_whatever_happens_everyone_is_somebody_once(first: list[str], script: list[Any], shuffle: Any) -> None:
    log = Log()
    log.propose(LIST, first)
    for what, again in _walk(log, script):
        if again is not None:
            again()
            assert again().events == [], "proposed again from the same, nothing is appended"
        state = log.state
        for appearance in state.holder:
            live = state.live(state.holder[appearance])
            assert state.households[live].status != "merged"
        listed = [appearance for household in state.households.values() for appearance in household.appearances]
        assert sorted(listed) == sorted(state.holder), what
        shuffled = list(log.events)
        shuffle.shuffle(shuffled)
        assert fold(shuffled) == state
        owners: dict[str, set[Appearance]] = {}
        for event in log.events:
            if event.household_id is not None:
                owners.setdefault(event.household_id, set()).add(event.appearance)
        assert all(len(of) == 1 for of in owners.values()), "an id is given to one appearance only"
        assert [event.event_id for event in log.events] == sorted({event.event_id for event in log.events})


@settings(max_examples=40, deadline=None)
@given(codes, pairs)
def test_undoing_a_link_restores_everyone_else(first: list[str], found: list[tuple[Any, ...]]) -> None:
    log = Log()
    log.propose(LIST, first)
    log.propose(ROUND, list("abcdef"), *(link(a, b, k, s, members=n) for a, b, k, s, n in found))
    links = [event for event in log.events if event.kind == "linked"]
    for event in links:
        state = log.state
        after = fold([*log.events, *undo(log.events, event.event_id, ids=Ids(iter(["N"]), iter((900, 901))))])
        moved = {one for one, _, _ in consequences(log.events, event.event_id).moved}
        assert event.appearance in moved
        assert {k: v for k, v in after.holder.items() if k not in moved} == {
            k: v for k, v in state.holder.items() if k not in moved
        }
