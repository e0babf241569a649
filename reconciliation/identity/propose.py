"""From links to events: what the log lacks so that it says what the linkage found, and what a person must say.

The keeper rule: of the parts of a household that split, the one with its previous head keeps the id, else the one with
most of its members, else a person decides. This rule is the service's own (no official text gives one).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import pandas as pd

from reconciliation.identity.log import Appearance, Event, State, fold

#: Columns of `links`; `members` and `has_head` may be left out (`with_parts` adds them).
LINK_COLUMNS = ("code", "to_source", "to_code", "kind", "status", "members", "has_head")


@dataclass(frozen=True)
class Ids:
    """Fresh ids, given from outside: of households (never given before), of events (each greater than all before)."""

    households: Iterator[str]
    events: Iterator[int]


def undone(ids: Ids, event: Event, reason: str) -> Event:
    """That an event never held, as the service finds or a person corrects; the pair may be proposed again."""
    return Event(
        next(ids.events), "undone", event.on, event.appearance, via=event.via, undoes=event.event_id, reason=reason
    )


@dataclass(frozen=True)
class Question:
    """What a person must say before these appearances of a source have a household.

    kind: keeper (which part keeps the id), two_households (one is linked with two), doubtful (a link that is not sure),
    undone (a link that a person has undone was decided again). household_ids: those concerned, sorted.
    """

    kind: str
    source: str
    codes: tuple[str, ...]
    household_ids: tuple[str, ...]


@dataclass(frozen=True)
class Proposal:
    """Events to append, and questions that stay open. While one is open, or a link doubtful, nothing is changed."""

    events: list[Event]
    questions: list[Question]


class _Row(NamedTuple):
    code: str
    target: Appearance
    kind: str
    status: str
    members: int | None
    has_head: bool


class _Home(NamedTuple):
    """Where an appearance belongs: linked with `via`, or of its own; `left`: the appearance that it split from."""

    via: Appearance | None = None
    left: Appearance | None = None
    members: int | None = None


def with_parts(links: pd.DataFrame, people: pd.DataFrame, heads: Mapping[str, int]) -> pd.DataFrame:
    """`links` with `members` (Int64) and `has_head` (bool): what the keeper rule weighs.

    links: interview_id, household_code, ... people: interview_id, household_code, registry_member_no, one row per pair
    of members found to be one person. heads: member number of the head by household code.
    """
    keys = ["interview_id", "household_code"]
    of_head = people["registry_member_no"].eq(people["household_code"].map(heads))
    found = (
        people.assign(has_head=of_head.fillna(False))
        .groupby(keys)
        .agg(members=("registry_member_no", "nunique"), has_head=("has_head", "any"))
    )
    joined = links.drop(columns=["members", "has_head"], errors="ignore").merge(
        found.reset_index(), on=keys, how="left"
    )
    return joined.assign(
        members=joined["members"].fillna(0).astype("Int64"), has_head=joined["has_head"].eq(True).astype("bool")
    )


def propose(
    events: Sequence[Event],
    *,
    source: str,
    on: date,
    codes: Iterable[str],
    links: pd.DataFrame,
    ids: Ids,
    settled: Collection[str] = (),
) -> Proposal:
    """What to append so that every household of a source has its id. Proposing again from the same appends nothing.

    codes: every household of the source. settled: those of them that stay as they are. links: `LINK_COLUMNS`; kind
    same | split | merge, status linked | decided (by a person) | doubtful: code is a household of the source,
    (to_source, to_code) an appearance that the log has.
    What an earlier proposal said and this one does not is undone, unless a person decided it, or another appearance was
    linked by way of it.
    """
    before = fold(events)
    known = sorted(set(codes))
    rows = _rows(links, before)
    desk = _Desk(before, source, on, known, ids)
    homes, questions = _homes(before, source, [code for code in known if code not in set(settled)], rows)
    desk.place(homes)
    desk.attach(fold([*events, *desk.events]), homes, rows)
    return Proposal(desk.events, questions)


def close(events: Sequence[Event], *, source: str, absences: Mapping[str, str], on: date, ids: Ids) -> list[Event]:
    """Close the households of a list that a person found gone, and open again those of whom this was taken back.

    absences: all of them, reason (death | move | other) by code of the source; a household that refused is no absence.
    """
    state = fold(events)
    standing = {e.appearance: e for e in state.attached if e.kind == "closed" and e.appearance.source == source}
    wanted = {Appearance(source, code): reason for code, reason in absences.items()}
    made = []
    for appearance, event in sorted(standing.items()):
        if wanted.get(appearance) != event.reason:
            made.append(undone(ids, event, "withdrawn"))
    for appearance, reason in sorted(wanted.items()):
        held = standing.get(appearance)
        if appearance in state.holder and (held is None or held.reason != reason):
            made.append(Event(next(ids.events), "closed", on, appearance, reason=reason, decided=True))
    return made


def _rows(links: pd.DataFrame, state: State) -> list[_Row]:
    found = []
    columns = [links.reindex(columns=[name])[name].astype("object").tolist() for name in LINK_COLUMNS]
    for code, to_source, to_code, kind, status, members, has_head in zip(*columns, strict=True):
        target = Appearance(str(to_source), str(to_code))
        if target in state.holder:
            found.append(
                _Row(
                    str(code),
                    target,
                    str(kind),
                    str(status),
                    None if pd.isna(members) else int(members),
                    not pd.isna(has_head) and bool(has_head),
                )
            )
    return sorted(found, key=lambda row: (row.code, row.target))


def _homes(
    state: State, source: str, codes: Sequence[str], rows: Sequence[_Row]
) -> tuple[dict[str, _Home], list[Question]]:
    """Where each code belongs; those that wait for a person are left out."""
    of_code: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        if row.kind in ("same", "split"):
            of_code[row.code].append(row)
    questions: list[Question] = []
    parts: dict[str, list[_Row]] = defaultdict(list)
    homes: dict[str, _Home] = {}
    for code in codes:
        placed = state.placed.get(Appearance(source, code))
        if placed is not None and placed.decided:
            homes[code] = _Home(via=placed.via)
            parts[state.holder[placed.appearance]].append(_settled(placed))
            continue
        barred = [row for row in of_code[code] if _barred(state, source, row)]
        left = [row for row in of_code[code] if row not in barred]
        kept = [row for row in left if row.status != "doubtful"]
        chosen = [row for row in kept if row.kind == "same"] or kept
        households = sorted({state.holder[row.target] for row in chosen})
        if again := sorted({state.holder[row.target] for row in barred if row.status == "decided"}):
            questions.append(Question("undone", source, (code,), tuple(again)))
        if len(households) > 1:
            questions.append(Question("two_households", source, (code,), tuple(households)))
        elif chosen:
            parts[households[0]].append(chosen[0])
        elif left:
            candidates = sorted({state.holder[row.target] for row in left})
            questions.append(Question("doubtful", source, (code,), tuple(candidates)))
        else:
            homes[code] = _Home()
    for household_id, found in sorted(parts.items()):
        keeper, asked = _keeper(state, source, household_id, found)
        if asked:
            questions.append(Question("keeper", source, tuple(row.code for row in found), (household_id,)))
            continue
        for row in found:
            if row.code not in homes:
                homes[row.code] = (
                    _Home(row.target, members=row.members) if row.code == keeper else _Home(left=row.target)
                )
    return homes, questions


def _settled(placed: Event) -> _Row:
    """A place that a person decided, as a row: it keeps its household."""
    return _Row(placed.appearance.code, placed.via or placed.appearance, "same", "decided", None, True)


def _barred(state: State, source: str, row: _Row) -> bool:
    """Whether a person has undone a link of this appearance with the household that is proposed again."""
    appearance = Appearance(source, row.code)
    return any(
        kind == "linked" and of == appearance and state.holder.get(via) == state.holder[row.target]
        for kind, of, via in state.barred
    )


def _keeper(state: State, source: str, household_id: str, parts: Sequence[_Row]) -> tuple[str | None, bool]:
    """Which part keeps the id (None: none of them), and whether a person must say."""
    decided = [row.code for row in parts if row.kind == "same" and row.status == "decided"]
    if decided:
        return (decided[0], False) if len(decided) == 1 else (None, True)
    free = [row for row in parts if not (row.kind == "split" and row.status == "decided")]
    same = [row for row in free if row.kind == "same"]
    if len(free) < 2:
        # A part alone whose rest was not met: the id waits for the rest.
        return (same[0].code if same else None), False
    heads = [row for row in free if row.has_head]
    if len(heads) == 1:
        return heads[0].code, False
    if all(row.members is None for row in free) and len(same) == 1:
        return same[0].code, False
    candidates = heads or free
    most = max(row.members or 0 for row in candidates)
    largest = [row for row in candidates if (row.members or 0) == most]
    if len(largest) == 1:
        return largest[0].code, False
    keeps = [row for row in free if state.holder.get(Appearance(source, row.code)) == household_id]
    return (keeps[0].code, False) if len(keeps) == 1 else (None, True)


class _Desk:
    """Writes the events by which a source comes to stand as it should."""

    def __init__(self, state: State, source: str, on: date, codes: Sequence[str], ids: Ids) -> None:
        self.state = state
        self.source = source
        self.on = on
        self.codes = frozenset(codes)
        self.ids = ids
        self.events: list[Event] = []
        self.withdrawn: set[int] = set()
        #: Appearances by way of which others were linked.
        self.relied_on = {event.via for event in state.placed.values() if event.via is not None}

    def place(self, homes: Mapping[str, _Home]) -> None:
        """Give every code its household; take it from those that have none any more."""
        for appearance, placed in sorted(self.state.placed.items()):
            gone = appearance.source == self.source and appearance.code not in self.codes
            if gone and not placed.decided and appearance not in self.relied_on:
                self._undo(placed)
        for code, home in sorted(homes.items()):
            appearance = Appearance(self.source, code)
            current = self.state.placed.get(appearance)
            if current is not None and self._stands(current, home):
                continue
            if current is not None:
                self._undo(current)
            if home.via is None:
                own = self.state.given.get(appearance)
                self._append("opened", appearance, household_id=own or next(self.ids.households))
            else:
                self._append("linked", appearance, via=home.via, members=home.members)

    def attach(self, state: State, homes: Mapping[str, _Home], rows: Sequence[_Row]) -> None:
        """Splits, mergers and returns of this source, as they now hold; what no longer does is undone."""
        wanted = {
            ("split", Appearance(self.source, code), home.left) for code, home in homes.items() if home.left is not None
        }
        wanted |= {("merged", a, via) for a, via in self._mergers(state, homes, rows)}
        wanted = {one for one in wanted if one not in self.state.barred}
        standing = {}
        for event in state.attached:
            of_this = (
                event.appearance.source == self.source
                if event.kind == "split"
                else (event.via is not None and event.via.source == self.source)
            )
            if event.kind in ("split", "merged") and of_this and not event.decided:
                standing[event.kind, event.appearance, event.via] = event
        for key, event in standing.items():
            code = (event.appearance if event.kind == "split" else key[2] or event.appearance).code
            waits = code in self.codes and code not in homes
            if key not in wanted and not waits and event.event_id not in self.withdrawn:
                self._undo(event)
        for kind, appearance, via in sorted(wanted - standing.keys()):
            self._append(kind, appearance, via=via)
        for code in sorted(homes):
            appearance = Appearance(self.source, code)
            household = state.households[state.holder[appearance]]
            if household.status == "closed" and household.ended_on is not None and household.ended_on < self.on:
                self._append("reopened", appearance)

    def _mergers(
        self, state: State, homes: Mapping[str, _Home], rows: Sequence[_Row]
    ) -> Iterator[tuple[Appearance, Appearance]]:
        """(listed appearance, the appearance into which its household went), where nobody else holds that household."""
        held = {of for appearance, of in state.holder.items() if appearance.source == self.source}
        taken: set[str] = set()
        for row in rows:
            of = state.holder[row.target]
            if row.kind == "merge" and row.status != "doubtful" and row.code in homes and of not in held | taken:
                taken.add(of)
                yield row.target, Appearance(self.source, row.code)

    def _stands(self, current: Event, home: _Home) -> bool:
        """Whether an appearance is where it belongs already: a link by way of another appearance is as good."""
        if home.via is None:
            return current.kind == "opened"
        if current.decided:
            return True
        return self.state.holder[current.appearance] == self.state.holder[home.via]

    def _append(
        self,
        kind: str,
        appearance: Appearance,
        *,
        via: Appearance | None = None,
        household_id: str | None = None,
        members: int | None = None,
    ) -> None:
        number = next(self.ids.events)
        self.events.append(Event(number, kind, self.on, appearance, household_id, via, members=members))

    def _undo(self, event: Event) -> None:
        """Undo an event of an earlier proposal, and what hung on the place that it gave."""
        self.events.append(undone(self.ids, event, "withdrawn"))
        self.withdrawn.add(event.event_id)
        if event.kind not in ("opened", "linked"):
            return
        for other in self.state.attached:
            hangs = other.appearance == event.appearance and other.kind in ("split", "reopened")
            if hangs and other.event_id not in self.withdrawn:
                self._undo(other)
