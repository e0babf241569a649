"""The log of identity: what happened to households, and the state that follows from it.

An appearance is a household in one source: a line of a year's list, or an interview of a round. An event speaks of
appearances; only `opened` names an id. Whose an appearance is follows from the log: it opened a household, or it was
linked with another appearance and belongs where that one does. So undoing a wrong link takes along whatever was linked
by way of it, and nothing has to be written again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

#: opened: an id is given to an appearance. linked: an appearance (`appearance`) is the household of another (`via`).
#: split: the household of `appearance` left that of `via` (tách hộ). merged: the household of `appearance` now lives in
#: that of `via` (nhập hộ). closed: it is no more, or not here (`reason`). reopened: it is here again. arrived: it came
#: from elsewhere, where it was poor or near-poor already (chuyển đến). undone: the event `undoes` never held.
KINDS = ("opened", "linked", "split", "merged", "closed", "reopened", "arrived", "undone")


class IdentityLogError(Exception):
    """A log that cannot be: an appearance placed twice, or linked with one that has no household."""


class Appearance(NamedTuple):
    """A household in one source: `list/2025` with the code on that list, `round/2026` with the interview's id."""

    source: str
    code: str


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the log, never rewritten.

    on: the day from which it holds (31 December of a list's year, a round's review date, the day of a death).
    decided: a person said so; such an event is changed by a person only. members: of `linked`, how many members were
    found in both appearances (None: not counted).
    """

    event_id: int
    kind: str
    on: date
    appearance: Appearance
    household_id: str | None = None  # of `opened`
    via: Appearance | None = None  # of `linked`, `split`, `merged`
    undoes: int | None = None  # of `undone`
    reason: str | None = None
    decided: bool = False
    members: int | None = None


@dataclass(frozen=True)
class Household:
    """A household as the log has it.

    status: open | closed | merged. split_from: the household that it left. into: the one in which it lives now.
    arrived_on: the day from which it counts as come from elsewhere.
    """

    household_id: str
    opened_on: date
    appearances: tuple[Appearance, ...]
    status: str = "open"
    ended_on: date | None = None
    reason: str | None = None
    split_from: str | None = None
    split_on: date | None = None
    into: str | None = None
    reopened_on: date | None = None
    arrived_on: date | None = None


@dataclass(frozen=True)
class State:
    """What follows from a log.

    households: by id. holder: the id that an appearance belongs to. placed: the event that gave it its household.
    attached: the other events that hold, in their order. barred: (kind, appearance, via) that a person has undone.
    given: the id that an appearance once had of its own; it is kept for this appearance and never given to another.
    replaced: such an id -> the household to which its appearance was found to belong.
    """

    households: dict[str, Household]
    holder: dict[Appearance, str]
    placed: dict[Appearance, Event]
    attached: tuple[Event, ...] = ()
    barred: frozenset[tuple[str, Appearance, Appearance]] = frozenset()
    given: dict[Appearance, str] = field(default_factory=dict)

    @property
    def replaced(self) -> dict[str, str]:
        """Ids that stand for no household of their own any more, and the household meant by each."""
        return {
            household_id: self.holder[appearance]
            for appearance, household_id in self.given.items()
            if appearance in self.holder and household_id not in self.households
        }

    def owner(self, appearance: Appearance) -> str:
        """The household to which an appearance counts: its own, or the one that it had merged into by then."""
        household = self.households[self.holder[appearance]]
        merged_before = household.ended_on is not None and household.ended_on < self.placed[appearance].on
        return self.live(household.household_id) if household.into and merged_before else household.household_id

    def is_newcomer(self, household_id: str) -> bool:
        """Whether all that is known of a household is of one year and it left no other: it came onto a list as new."""
        household = self.households[household_id]
        years = {self.placed[appearance].on.year for appearance in household.appearances}
        return len(years) == 1 and household.split_from is None

    def live(self, household_id: str) -> str:
        """The household in which `household_id` lives now: itself, unless it was merged into another."""
        into = self.households[household_id].into
        return household_id if into is None else self.live(into)


def fold(events: Iterable[Event]) -> State:
    """The state that follows from a log, in whatever order its events are handed over.

    Raises `IdentityLogError` for a log that cannot be.
    """
    ordered = sorted(events, key=lambda event: event.event_id)
    undone = {event.undoes for event in ordered if event.kind == "undone"}
    by_id = {event.event_id: event for event in ordered if event.event_id in undone}
    barred = {
        (of.kind, of.appearance, of.via)
        for event in ordered
        if event.kind == "undone" and event.decided and (of := by_id[event.undoes or 0]).via is not None
    }
    placed: dict[Appearance, Event] = {}
    attached = []
    for event in ordered:
        if event.event_id in undone or event.kind == "undone":
            continue
        if event.kind not in ("opened", "linked"):
            attached.append(event)
        elif event.appearance in placed:
            raise IdentityLogError(f"event {event.event_id}: the appearance has a household already")
        else:
            placed[event.appearance] = event
    holder = _holders(placed)
    return State(
        _households(placed, holder, attached),
        holder,
        placed,
        tuple(attached),
        frozenset((kind, appearance, via) for kind, appearance, via in barred if via is not None),
        {event.appearance: event.household_id for event in ordered if event.household_id is not None},
    )


def _holders(placed: dict[Appearance, Event]) -> dict[Appearance, str]:
    """The household of every appearance: that of the one it was linked with, and so on back to one that was opened."""
    holder: dict[Appearance, str] = {}
    for start in placed:
        path: dict[Appearance, None] = {}
        at = start
        while at not in holder:
            event = placed.get(at)
            if event is None or at in path:
                raise IdentityLogError("an appearance is linked with one that has no household")
            path[at] = None
            if event.household_id is not None:
                holder[at] = event.household_id
            elif event.via is not None:
                at = event.via
        holder.update(dict.fromkeys(path, holder[at]))
    return holder


def _households(
    placed: dict[Appearance, Event], holder: dict[Appearance, str], attached: list[Event]
) -> dict[str, Household]:
    opened_on: dict[str, date] = {}
    appearances: dict[str, list[Appearance]] = {}
    for appearance, event in placed.items():
        household_id = holder[appearance]
        appearances.setdefault(household_id, []).append(appearance)
        opened_on[household_id] = min(event.on, opened_on.get(household_id, event.on))
    ends: dict[str, list[Event]] = {}
    splits: dict[str, tuple[str, date]] = {}
    into: dict[str, tuple[str, date]] = {}
    arrived: dict[str, date] = {}
    for event in attached:
        of = holder.get(event.appearance)
        other = None if event.via is None else holder.get(event.via)
        if of is None or of == other:
            continue  # its appearance went, or both are found to be one household
        if event.kind in ("closed", "reopened"):
            ends.setdefault(of, []).append(event)
        elif event.kind == "arrived":
            arrived[of] = event.on
        elif other is not None and event.kind == "split":
            splits[of] = (other, event.on)
        elif other is not None and event.kind == "merged" and of not in _chain(into, other):
            into[of] = (other, event.on)
    found = {}
    for household_id, day in opened_on.items():
        last = max(ends.get(household_id, ()), key=lambda event: (event.on, event.event_id), default=None)
        closed = last is not None and last.kind == "closed"
        merged = household_id in into
        split_from, split_on = splits.get(household_id, (None, None))
        found[household_id] = Household(
            household_id,
            day,
            tuple(sorted(appearances[household_id])),
            status="merged" if merged else "closed" if closed else "open",
            ended_on=into[household_id][1] if merged else last.on if last is not None and closed else None,
            reason="merged" if merged else last.reason if last is not None and closed else None,
            split_from=split_from,
            split_on=split_on,
            into=into[household_id][0] if merged else None,
            reopened_on=last.on if last is not None and not closed else None,
            arrived_on=arrived.get(household_id),
        )
    return found


def _chain(into: dict[str, tuple[str, date]], household_id: str) -> list[str]:
    """The households in which `household_id` lives, one in the other, itself first."""
    chain = [household_id]
    while chain[-1] in into:
        chain.append(into[chain[-1]][0])
    return chain
