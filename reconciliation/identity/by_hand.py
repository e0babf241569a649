"""What a person says of identity, as events: whose an appearance is, which part of a household keeps its id, that one
came from elsewhere; and an answer taken back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date

from reconciliation.identity.log import Appearance, Event, fold
from reconciliation.identity.propose import Ids, undone
from reconciliation.identity.undo import UndoError


def place_by_hand(
    events: Sequence[Event], appearance: Appearance, *, via: Appearance | None, on: date, ids: Ids
) -> list[Event]:
    """A person says whose an appearance is: that of `via`, or of its own (None). The answer to every `Question`."""
    state = fold(events)
    made = []
    if (placed := state.placed.get(appearance)) is not None:
        made.append(undone(ids, placed, "decided"))
    number = next(ids.events)
    if via is None:
        own = state.given.get(appearance) or next(ids.households)
        made.append(Event(number, "opened", on, appearance, household_id=own, decided=True))
    else:
        made.append(Event(number, "linked", on, appearance, via=via, decided=True))
    return made


def part_by_hand(
    events: Sequence[Event],
    parts: Sequence[Appearance],
    *,
    keeper: Appearance | None,
    of: Appearance,
    on: date,
    ids: Ids,
) -> list[Event]:
    """A person says which part of a household keeps its id (None: none of these); the other parts left it (tách hộ).

    parts: appearances of one source. of: an appearance of the household from before.
    """
    made: list[Event] = []
    for part in parts:
        made += place_by_hand([*events, *made], part, via=of if part == keeper else None, on=on, ids=ids)
        if part != keeper:
            made.append(Event(next(ids.events), "split", on, part, via=of, decided=True))
    return made


def arrive(events: Sequence[Event], appearance: Appearance, *, arrived: bool, on: date, ids: Ids) -> list[Event]:
    """A person says that the household of an appearance came from elsewhere as poor or near-poor (chuyển đến), or takes
    that back; nothing where it stands so already."""
    state = fold(events)
    household_id = state.holder[appearance]
    standing = [
        event
        for event in state.attached
        if event.kind == "arrived" and state.holder.get(event.appearance) == household_id
    ]
    if not arrived:
        return [undone(ids, event, "taken_back") for event in standing]
    return [] if standing else [Event(next(ids.events), "arrived", on, appearance, decided=True)]


def take_back(events: Sequence[Event], answer: Collection[int], *, ids: Ids) -> list[Event]:
    """Take back what a person said by mistake: the events of the answer never held, and what they undid holds again.

    Unlike `undo` this says nothing of who is whom. answer: ids of events.
    Raises `UndoError` (undone_already) where somebody has changed it since, `IdentityLogError` where others were placed
    by way of it.
    """
    by_id = {event.event_id: event for event in events}
    given = [by_id[number] for number in sorted(answer)]
    undone_within = {event.undoes for event in given}
    if any(event.undoes in answer for event in events if event.event_id not in answer):
        raise UndoError("undone_already")
    made = [
        undone(ids, event, "taken_back")
        for event in given
        if event.kind != "undone" and event.event_id not in undone_within
    ]
    made += [
        replace(by_id[event.undoes], event_id=next(ids.events))
        for event in given
        if event.undoes is not None and event.undoes not in answer
    ]
    fold([*events, *made])
    return made
