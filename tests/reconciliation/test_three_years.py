"""Three years of a province: lists, reviews and decisions, and movements that are those of the truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Any

import numpy as np
import pandas as pd
import pytest

from reconciliation import movements, tally
from reconciliation.identity import Appearance, Event, Ids, Question, State, close, ends, fold, marks, propose
from reconciliation.linkage import default_model, link
from reconciliation.movement_forms import COLUMNS
from reconciliation.status import HISTORY_COLUMNS, LISTED
from sandbox.years import begin, evolve, observe
from sandbox.years.standing import draw_standing, form_counts, true_movements

FIRST, YEARS = 2023, 4
HOUSEHOLDS = 900
#: Movement by what was before and after; who came back or split off is told apart below.
EXPECTED = {
    ("poor", "poor"): "stayed_poor", ("poor", "near_poor"): "poor_to_near_poor",
    ("poor", "not_poor"): "escaped_poverty", ("poor", "absent"): "poor_left",
    ("near_poor", "near_poor"): "stayed_near_poor",
    ("near_poor", "poor"): "near_poor_to_poor", ("near_poor", "not_poor"): "escaped_near_poverty",
    ("near_poor", "absent"): "near_poor_left",
}  # fmt: skip


@dataclass
class Province:
    """The history of households with its truth, and what the service would know of it year by year."""

    scope: str
    seed: int = 11
    events: list[Event] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    questions: list[tuple[str, Question]] = field(default_factory=list)
    #: Where each household was last seen: household_no -> appearance.
    seen: dict[int, Appearance] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.states = [begin(HOUSEHOLDS, FIRST, self.seed)]
        for step in range(1, YEARS):
            self.states.append(evolve(self.states[-1], self.seed * 100 + step))
        self.standing = draw_standing(self.states, self.seed)
        self.ids = Ids((f"H{number}" for number in count(1)), count(1))
        self.truths = {at: true_movements(self.states, self.standing, at) for at in range(1, YEARS)}
        if self.scope == "full":
            numbers = self.states[0].households.index
            self.seen = {number: self.name("round", 0, number) for number in numbers}
            self.propose(f"round/{FIRST}", date(FIRST, 9, 1), [one.code for one in self.seen.values()], [])
        self.publish(0)
        for at in range(1, YEARS):
            self.review(at)
            self.publish(at)

    def name(self, what: str, at: int, number: int) -> Appearance:
        return Appearance(f"{what}/{FIRST + at}", f"{what[0]}{FIRST + at}-{number}")

    def review(self, at: int) -> None:
        """Households are interviewed, linked with where they were last seen, missed ones asked for, and decided."""
        truth, source, on = self.truths[at], f"round/{FIRST + at}", date(FIRST + at, 9, 1)
        listed = truth["before"].isin(LISTED)
        needy = truth["after"].isin(LISTED)
        here = truth["after"].ne("absent")
        visited = here if self.scope == "full" else here & (listed | needy)
        links = self.links(at, truth, visited)
        codes = [self.name("round", at, number).code for number in truth.index[visited]]
        self.propose(source, on, codes, links)
        state = fold(self.events)
        self.answer_absences(at, truth[listed & ~here].index, state)
        for number in truth.index[visited]:
            self.seen[number] = self.name("round", at, number)
            self.decide(self.seen[number], f"{FIRST + at}-11-20", truth.loc[number], "decision")

    def links(self, at: int, truth: pd.DataFrame, visited: pd.Series) -> list[tuple[Any, ...]]:
        """Who is who, as the truth has it: (interview, the appearance it is linked with, kind, status)."""
        listed = truth["before"].isin(LISTED)
        links = []
        for number, row in truth[visited].iterrows():
            interview = self.name("round", at, number)
            if number in self.seen:
                links.append((interview.code, self.seen[number], "same", "linked"))
            elif row["kind"] == "split_off" and row["other"] in self.seen:
                links.append((interview.code, self.seen[row["other"]], "split", "decided"))
        for number, row in truth[truth["kind"].eq("merged") & listed].iterrows():
            if visited.get(row["other"], False):
                links.append((self.name("round", at, row["other"]).code, self.seen[number], "merge", "linked"))
        return links

    def answer_absences(self, at: int, numbers: pd.Index, state: State) -> None:
        """A person says why a listed household was not met, unless it was found merged into another."""
        source = f"list/{FIRST + at - 1}"
        absences = {}
        for number in numbers:
            appearance = self.name("list", at - 1, number)
            if state.households[state.holder[appearance]].status == "open":
                absences[appearance.code] = "death" if number % 2 else "move"
        made = close(self.events, source=source, absences=absences, on=date(FIRST + at, 9, 1), ids=self.ids)
        self.events += made

    def publish(self, at: int) -> None:
        """The list of the year: who was decided poor or near-poor, under new codes."""
        standing, source = self.standing[at], f"list/{FIRST + at}"
        numbers = standing.index[standing.isin(LISTED)]
        links = [
            (self.name("list", at, number).code, self.seen[number], "same", "linked")
            for number in numbers
            if number in self.seen
        ]
        self.propose(
            source, date(FIRST + at, 12, 31), [self.name("list", at, number).code for number in numbers], links
        )
        sizes = self.states[at].people.groupby("household").size()
        for number in numbers:
            self.seen[number] = self.name("list", at, number)
            row = pd.Series({"after": standing[number], "persons_after": sizes[number]})
            self.decide(self.seen[number], f"{FIRST + at}-12-31", row, "list")

    def propose(self, source: str, on: date, codes: list[str], links: list[tuple[Any, ...]]) -> None:
        frame = pd.DataFrame(
            [(code, to.source, to.code, kind, status) for code, to, kind, status in links],
            columns=["code", "to_source", "to_code", "kind", "status"],
        )
        made = propose(self.events, source=source, on=on, codes=codes, links=frame, ids=self.ids)
        self.questions += [(source, question) for question in made.questions]
        self.events += made.events
        assert propose(self.events, source=source, on=on, codes=codes, links=frame, ids=self.ids).events == []

    def decide(self, appearance: Appearance, day: str, row: pd.Series, source: str) -> None:
        self.rows.append((appearance, day, row["after"], source, "", "C", int(row["persons_after"])))

    def compute(self, at: int) -> tuple[pd.DataFrame, dict[int, str]]:
        """Movements of a year from what was known at its end, and the id of each household of either year."""
        state = fold(self.events)
        rows = pd.DataFrame(self.rows, columns=HISTORY_COLUMNS)
        known = state.holder
        rows["household_id"] = [state.owner(one) if one in known else f"?{one.code}" for one in rows["household_id"]]
        rows["date"] = pd.to_datetime(rows["date"])
        history = pd.concat([rows.astype({"persons": "Int64"}), ends(state)], ignore_index=True)
        of: dict[int, str] = {}
        for number in self.truths[at].index:
            for what, year in (("round", at), ("list", at - 1), ("list", at), ("round", at - 1)):
                found = self.name(what, year, number)
                if found in state.holder:
                    of[number] = state.holder[found]
                    break
        stayed = self.truths[at]["persons_stayed"]
        kept = pd.Series({of[number]: stayed[number] for number in of}, dtype="Int64")
        households = marks(state)
        waiting = pd.Index(rows["household_id"].unique()).difference(households.index)
        households = households.reindex(households.index.union(waiting))
        households.loc[waiting, "waiting"] = "identity"
        return movements(history, households, FIRST + at, kept=kept), of


@pytest.fixture(scope="module", params=["full", "annual"])
def province(request: pytest.FixtureRequest) -> Province:
    return Province(request.param)


@pytest.mark.parametrize("at", range(1, YEARS))
def test_movements_are_those_of_the_truth(province: Province, at: int) -> None:
    truth = province.truths[at]
    table, of = province.compute(at)
    wrong = compare(truth, table, of)
    if province.scope == "annual":
        # A split from a household that nobody ever visited or listed looks like any new one.
        unseen = {n for n in wrong if truth.loc[n, "kind"] == "split_off" and wrong[n][0].startswith("newly")}
        wrong = {number: what for number, what in wrong.items() if number not in unseen}
    assert wrong == {}
    assert province.questions == []
    assert not table["provisional"].any()


def compare(truth: pd.DataFrame, table: pd.DataFrame, of: dict[int, str]) -> dict[int, tuple[Any, str]]:
    """(found, expected) of every household of `of` whose movement is not that of the truth."""
    wrong = {}
    for number, row in truth[truth.index.isin(list(of))].iterrows():
        listed_after = row["after"] in LISTED
        movement = EXPECTED.get((row["before"], row["after"]))
        if movement is None and listed_after:
            word = "came" if row["kind"] == "split_off" else "fallen_back" if row[f"{row['after']}_before"] else "newly"
            movement = f"{word}_{row['after']}"
        if movement is not None and (found := table["movement"].get(of[number])) != movement:
            wrong[number] = (found, movement)
    return wrong


def test_every_hard_case_occurs(province: Province) -> None:
    kinds = pd.concat([truth["kind"] for truth in province.truths.values()]).value_counts()
    assert set(kinds.index) == {"same", "split_off", "merged", "new", "gone"}
    last = province.compute(YEARS - 1)[0]
    assert set(last["movement"]) >= {"fallen_back_poor", "fallen_back_near_poor", "newly_poor", "poor_left"}
    table = pd.concat([province.compute(at)[0] for at in range(1, YEARS)])
    assert set(table["movement"]) >= {"came_poor", "came_near_poor"}
    # A yearly review often does not visit the household into which one merged.
    assert set(table["cause"]) >= {"death", "move", "split"} | ({"merged"} if province.scope == "full" else set())


@pytest.mark.parametrize("at", range(1, YEARS))
@pytest.mark.parametrize("status", LISTED)
def test_forms_2_and_3_are_those_of_the_truth(province: Province, at: int, status: str) -> None:
    table, _ = province.compute(at)
    counted = tally(table)
    true = form_counts(province.truths[at], status)
    for position, unit in enumerate(("households", "persons")):
        row = counted.loc[("total", status, unit)]
        assert (row["residual"], row["unexplained"]) == (0, 0)
        for column in ("opening", *COLUMNS, "closing"):
            if province.scope == "annual" and column in ("new", "came"):
                continue  # splits from households that were never seen: the sum below
            assert row[column] == true[column][position], (unit, column)
        assert row["new"] + row["came"] == true["new"][position] + true["came"][position]


def test_ids_never_change_while_the_years_go_by(province: Province) -> None:
    state = fold(province.events)
    opened = [event.household_id for event in province.events if event.kind == "opened"]
    assert len(opened) == len(set(opened))
    for at in range(1, YEARS):
        until = [event for event in province.events if event.on <= date(FIRST + at, 12, 31)]
        then = fold(until).holder
        assert {appearance: state.holder[appearance] for appearance in then} == then
    assert np.array([len(one.appearances) for one in state.households.values()]).max() >= 2 * YEARS - 1


class Linked(Province):
    """The same province, whose interviews are linked with last year's households by what was written down of both."""

    def links(self, at: int, truth: pd.DataFrame, visited: pd.Series) -> list[tuple[Any, ...]]:
        before = observe(self.states[at - 1], "list", seed=self.seed * 10 + at)
        now = observe(self.states[at], "census", seed=self.seed * 10 + at + 5)
        found = link(before.side, now.side, default_model()).households
        links = []
        for interview, code, kind, status in found[["interview_id", "household_code", "kind", "status"]].to_numpy():
            asked, listed = int(now.households[interview]), int(before.households[code])
            if visited.get(asked, False) and listed in self.seen:
                links.append((self.name("round", at, asked).code, self.seen[listed], kind, status))
        return links


@pytest.mark.slow
def test_movements_of_every_rightly_linked_household_are_those_of_the_truth() -> None:
    province = Linked("full")
    members: dict[str, set[int]] = {}
    state = fold(province.events)
    for appearance, household_id in state.holder.items():
        members.setdefault(household_id, set()).add(int(appearance.code.rpartition("-")[2]))
    for at in range(1, YEARS):
        truth = province.truths[at]
        table, of = province.compute(at)
        right = {}
        for number, household_id in of.items():
            kind, other = truth.loc[number, ["kind", "other"]]
            origin = state.households[household_id].split_from
            # Its id is of nobody else, all its appearances have it, and where it came from or went is known.
            ids = {state.holder[one] for one in appearances(province, state, number)}
            tied = kind not in ("split_off", "new") or (origin is None) == (kind == "new")
            tied &= kind != "split_off" or other not in of or origin == of[other]
            tied &= truth.loc[number, "after"] == "absent" or province.name("round", at, number) in state.holder
            tied &= kind != "merged" or state.households[household_id].status != "open"
            if ids == {household_id} and members[household_id] == {number} and tied:
                right[number] = household_id
        assert len(right) > 0.93 * len(of), "nearly everybody is linked rightly"
        assert compare(truth, table, right) == {}


def appearances(province: Province, state: State, number: int) -> list[Appearance]:
    """Where a household was seen in all the years."""
    names = (province.name(what, at, number) for what in ("round", "list") for at in range(YEARS))
    return [name for name in names if name in state.holder]
