"""Undoing a wrong link, split or merger, and listing first what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciliation.identity.log import Appearance, Event, State, fold
from reconciliation.identity.propose import Ids

#: What a person may undo. A household is closed by a decision about its absence, which is taken back where it was made.
UNDOABLE = ("linked", "split", "merged")
#: The id that `consequences` shows in place of the one that undoing would give.
NEW = "+"


class UndoError(Exception):
    """An event that cannot be undone; `code`: unknown | undone_already | not_undoable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Consequences:
    """What undoing an event changes.

    moved: (appearance, its household, the household that it gets; `NEW` where that is a new one), sorted.
    origins: (household, the one it split from, from then on), where that changes. statuses: (household, its status
    open | closed | merged, from then on), where that changes. sources: those in which an appearance moves, sorted: the
    years and rounds whose movements change.
    """

    moved: list[tuple[Appearance, str, str]]
    origins: list[tuple[str, str | None, str | None]]
    statuses: list[tuple[str, str, str | None]]
    sources: list[str]


def undo(events: Sequence[Event], event_id: int, *, ids: Ids, reason: str = "wrong") -> list[Event]:
    """The events that undo one, as a person decided: a household wrongly linked gets a new id and takes along whatever
    was linked by way of it. The pair is never proposed again; a person may still link it.

    Raises `UndoError`.
    """
    found = next((event for event in events if event.event_id == event_id), None)
    if found is None:
        raise UndoError("unknown")
    if any(event.undoes == event_id for event in events):
        raise UndoError("undone_already")
    if found.kind not in UNDOABLE:
        raise UndoError("not_undoable")
    made = [
        Event(
            next(ids.events),
            "undone",
            found.on,
            found.appearance,
            via=found.via,
            undoes=event_id,
            reason=reason,
            decided=True,
        )
    ]
    if found.kind == "linked":
        household_id = fold(events).given.get(found.appearance) or next(ids.households)
        made.append(
            Event(next(ids.events), "opened", found.on, found.appearance, household_id=household_id, reason=reason)
        )
    return made


def consequences(events: Sequence[Event], event_id: int) -> Consequences:
    """What undoing an event would change; nothing is changed. Raises `UndoError`."""
    last = max((event.event_id for event in events), default=0)
    after = fold([*events, *undo(events, event_id, ids=Ids(iter([NEW]), iter((last + 1, last + 2))))])
    before = fold(events)
    moved = sorted(
        (appearance, of, after.holder[appearance])
        for appearance, of in before.holder.items()
        if after.holder[appearance] != of
    )
    return Consequences(
        moved,
        [one for one in _changes(before, after, "split_from") if NEW not in one[:1]],
        [(name, str(was), now) for name, was, now in _changes(before, after, "status") if name != NEW],
        sorted({appearance.source for appearance, _, _ in moved}),
    )


def _changes(before: State, after: State, name: str) -> list[tuple[str, str | None, str | None]]:
    changed = []
    for household_id, household in sorted(before.households.items()):
        now = after.households.get(household_id)
        was, is_now = getattr(household, name), None if now is None else getattr(now, name)
        if was != is_now:
            changed.append((household_id, was, is_now))
    return changed
