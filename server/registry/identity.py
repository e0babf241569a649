"""One id over the years: the log of identity in the database, and what the linkage adds to it; what people say of it is
in `deciding`.

Events are facts: they are appended with author and time and never computed again. Which household an appearance belongs
to follows from them (`HouseholdAppearance`).
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from server.accounts.access import system_work
from server.audit.service import SYSTEM
from server.database import insert_rows
from server.errors import NotFoundError, UserError
from server.registry.tables import HouseholdAppearance, IdentityEvent, IdentityQuestion

if TYPE_CHECKING:
    import pandas as pd

    from reconciliation.identity import Appearance, Event, Ids, Question, State

#: Of an id: letters and digits that are not taken for one another, so many that no two are drawn alike.
_LETTERS, _LENGTH = "23456789ABCDEFGHJKMNPQRSTVWXYZ", 12
_AT_ONCE = 5000
ERASED = "erased-"


def list_source(year: int) -> str:
    """The source of a year's list."""
    return f"list/{year}"


def round_source(round_id: str) -> str:
    """The source of a round's interviews."""
    return f"round/{round_id}"


def list_day(year: int) -> date:
    """The day from which a year's list holds."""
    return date(year, 12, 31)


def day_of(session: Session, source: str) -> date:
    """The day of the appearances of a source."""
    from server.rounds import service as rounds

    kind, _, name = source.partition("/")
    return list_day(int(name)) if kind == "list" else rounds.get(session, name).review_date


def days_of(session: Session, sources: Collection[str]) -> dict[str, date]:
    """`day_of` of some sources."""
    return {source: day_of(session, source) for source in sources}


def parse_appearance(text: str) -> Appearance:
    """`list/2025/CODE` or `round/ROUND/INTERVIEW` as an appearance. Raises `UserError`."""
    from reconciliation.identity import Appearance

    kind, _, rest = text.partition("/")
    name, _, code = rest.partition("/")
    if kind not in ("list", "round") or not name or not code or (kind == "list" and not name.isdecimal()):
        raise UserError(
            "appearance",
            f"«{text}»: ghi list/NĂM/MÃ HỘ hoặc round/ĐỢT/MÃ PHIẾU.",
            f"{text!r}: write list/YEAR/HOUSEHOLD CODE or round/ROUND/INTERVIEW.",
        )
    return Appearance(f"{kind}/{name}", code)


@system_work("identity")
def load_events(session: Session, province_code: str) -> list[Event]:
    """The log of a province, in order."""
    rows = session.scalars(
        select(IdentityEvent).where(IdentityEvent.province_code == province_code).order_by(IdentityEvent.event_id)
    )
    return [_event(row) for row in rows]


@system_work("identity")
def load_events_around(session: Session, province_code: str, appearances: Collection[Appearance]) -> list[Event]:
    """The part of the log that speaks of some appearances, of those they are tied with, and so on, in order.

    It folds by itself and says of them what the whole log says, in a moment, where that of a province takes seconds.
    """
    found: dict[int, Event] = {}
    known: set[Appearance] = set()
    fresh = set(appearances)
    while fresh:
        codes = {one.code for one in fresh}
        rows = session.scalars(
            select(IdentityEvent).where(
                IdentityEvent.province_code == province_code,
                or_(IdentityEvent.code.in_(codes), IdentityEvent.via_code.in_(codes)),
            )
        )
        near = [event for event in map(_event, rows) if event.appearance in fresh or event.via in fresh]
        found |= {event.event_id: event for event in near}
        known |= fresh
        fresh = {one for event in near for one in (event.appearance, event.via) if one is not None} - known
    return [found[number] for number in sorted(found)]


def _event(row: IdentityEvent) -> Event:
    from reconciliation.identity import Appearance, Event

    return Event(
        row.event_id,
        row.kind,
        row.holds_from,
        Appearance(row.source, row.code),
        row.household_id,
        None if row.via_source is None or row.via_code is None else Appearance(row.via_source, row.via_code),
        row.undoes,
        row.reason,
        row.decided,
        row.members,
    )


def fresh_ids(session: Session, province_code: str) -> Ids:
    """Ids that were never given: of households by chance, of events in order."""
    from reconciliation.identity import Ids

    last = session.scalar(select(func.max(IdentityEvent.event_id))) or 0
    return Ids(_household_ids(province_code), count(last + 1))


def _household_ids(province_code: str) -> Iterator[str]:
    while True:
        yield province_code + "-" + "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


def append_events(session: Session, province_code: str, events: Sequence[Event], *, by: str = SYSTEM) -> None:
    """Append to the log of a province."""
    now = datetime.now(UTC)
    rows = [
        {
            "event_id": event.event_id,
            "province_code": province_code,
            "kind": event.kind,
            "holds_from": event.on,
            "source": event.appearance.source,
            "code": event.appearance.code,
            "household_id": event.household_id,
            "via_source": None if event.via is None else event.via.source,
            "via_code": None if event.via is None else event.via.code,
            "undoes": event.undoes,
            "reason": event.reason,
            "decided": event.decided,
            "members": event.members,
            "made_by": by,
            "made_at": now,
        }
        for event in events
    ]
    for start in range(0, len(rows), _AT_ONCE):
        insert_rows(session, IdentityEvent, rows[start : start + _AT_ONCE])


@system_work("identity")
def derive_appearances(session: Session, province_code: str, state: State | None = None) -> State:
    """Bring `HouseholdAppearance` to the log; the state of the log."""
    from reconciliation.identity import fold

    state = state or fold(load_events(session, province_code))
    session.execute(delete(HouseholdAppearance).where(HouseholdAppearance.province_code == province_code))
    _insert_appearances(session, province_code, state)
    return state


@system_work("identity")
def derive_around(session: Session, province_code: str, events: Sequence[Event]) -> State:
    """Bring `HouseholdAppearance` to a part of the log (`load_events_around`); the state of that part."""
    from reconciliation.identity import fold

    named: dict[str, set[str]] = defaultdict(set)
    for event in events:
        for appearance in (event.appearance, event.via):
            if appearance is not None:
                named[appearance.source].add(appearance.code)
    for source, codes in named.items():
        session.execute(
            delete(HouseholdAppearance).where(
                HouseholdAppearance.province_code == province_code,
                HouseholdAppearance.source == source,
                HouseholdAppearance.code.in_(codes),
            )
        )
    state = fold(events)
    _insert_appearances(session, province_code, state)
    return state


def _insert_appearances(session: Session, province_code: str, state: State) -> None:
    rows = [
        {
            "province_code": province_code,
            "source": appearance.source,
            "code": appearance.code,
            "household_id": state.owner(appearance),
        }
        for appearance in sorted(state.holder)
    ]
    for start in range(0, len(rows), _AT_ONCE):
        insert_rows(session, HouseholdAppearance, rows[start : start + _AT_ONCE])


@system_work("identity")
def store_questions(session: Session, province_code: str, source: str, questions: Sequence[Question]) -> None:
    """Replace the open questions of a source."""
    session.execute(
        delete(IdentityQuestion).where(
            IdentityQuestion.province_code == province_code, IdentityQuestion.source == source
        )
    )
    rows: list[dict[str, Any]] = [
        {
            "province_code": province_code,
            "source": source,
            "number": number,
            "kind": one.kind,
            "codes": list(one.codes),
            "household_ids": list(one.household_ids),
            "answered_by": None,
            "answer": [],
        }
        for number, one in enumerate(questions, start=1)
    ]
    if rows:
        insert_rows(session, IdentityQuestion, rows)


@system_work("identity")
def open_questions(session: Session, province_code: str) -> Sequence[IdentityQuestion]:
    """What a person must say, by source and number."""
    found = session.scalars(
        select(IdentityQuestion).where(
            IdentityQuestion.province_code == province_code, IdentityQuestion.answered_by.is_(None)
        )
    )
    return sorted(found, key=lambda one: (one.source, one.number))


def propose_source(
    session: Session,
    province_code: str,
    *,
    source: str,
    on: date,
    codes: Sequence[str],
    links: pd.DataFrame,
    settled: Sequence[str] = (),
) -> None:
    """Append what the log lacks so that every household of a source has its id (`reconciliation.identity.propose`)."""
    from reconciliation.identity import propose

    made = propose(
        load_events(session, province_code),
        source=source,
        on=on,
        codes=codes,
        links=links,
        ids=fresh_ids(session, province_code),
        settled=settled,
    )
    append_events(session, province_code, made.events)
    store_questions(session, province_code, source, made.questions)


def close_absent(
    session: Session, province_code: str, year: int, absences: Mapping[str, str], *, on: date, by: str
) -> int:
    """Close the households of a year's list that a person found gone (death | move | other, by household code: all of
    them), and open again those of whom this was taken back; how many events that took."""
    from reconciliation.identity import close

    events = load_events(session, province_code)
    ids = fresh_ids(session, province_code)
    made = close(events, source=list_source(year), absences=absences, on=on, ids=ids)
    append_events(session, province_code, made, by=by)
    return len(made)


@system_work("identity")
def events_of(session: Session, province_code: str, household_id: str) -> Sequence[IdentityEvent]:
    """The events that speak of a household's appearances, in order. Raises `NotFoundError`."""
    held = appearances_of(session, province_code, [household_id])[household_id]
    codes = {one.code for one in held}
    found = session.scalars(
        select(IdentityEvent)
        .where(
            IdentityEvent.province_code == province_code,
            or_(IdentityEvent.code.in_(codes), IdentityEvent.via_code.in_(codes)),
        )
        .order_by(IdentityEvent.event_id)
    )
    # Another year's list may have given the same code to others.
    events = [one for one in found if (one.source, one.code) in held or (one.via_source, one.via_code) in held]
    if not events:
        raise NotFoundError(
            "household_unknown", f"Không có hộ {household_id}.", f"There is no household {household_id}."
        )
    return events


@system_work("identity")
def appearances_of(session: Session, province_code: str, household_ids: Collection[str]) -> dict[str, set[Appearance]]:
    """Where some households were seen, by id; nowhere, for an id that is not held."""
    from reconciliation.identity import Appearance

    found: dict[str, set[Appearance]] = {one: set() for one in household_ids}
    wanted = list(found)
    for start in range(0, len(wanted), _AT_ONCE):
        rows = session.scalars(
            select(HouseholdAppearance).where(
                HouseholdAppearance.province_code == province_code,
                HouseholdAppearance.household_id.in_(wanted[start : start + _AT_ONCE]),
            )
        )
        for row in rows:
            found[row.household_id].add(Appearance(row.source, row.code))
    return found


def household_of(session: Session, province_code: str, round_id: str, interview_id: str) -> str | None:
    """The household over the years that an interview, read within a scope, belongs to; None while it has none."""
    found = session.get(HouseholdAppearance, (province_code, round_source(round_id), interview_id))
    return None if found is None else found.household_id


@system_work("erasure")
def forget_appearance(session: Session, kind: str, code: str, source: str | None = None) -> None:
    """Nothing in the log leads to an erased appearance any more: a random word stands for its code.

    kind: list | round. source: where it is known; of an interview every round.
    """
    word = ERASED + secrets.token_hex(8)
    like = source or f"{kind}/%"
    for of_source, of_code in (
        (IdentityEvent.source, IdentityEvent.code),
        (IdentityEvent.via_source, IdentityEvent.via_code),
    ):
        session.execute(update(IdentityEvent).where(of_source.like(like), of_code == code).values({of_code.key: word}))
    session.execute(
        delete(HouseholdAppearance).where(HouseholdAppearance.source.like(like), HouseholdAppearance.code == code)
    )


def open_erased(session: Session, province_code: str, year: int, household_code: str) -> None:
    """A new id for an erased household on a list, whose status the tables go on counting."""
    from reconciliation.identity import Appearance, Event

    ids = fresh_ids(session, province_code)
    appearance = Appearance(list_source(year), household_code)
    opened = Event(next(ids.events), "opened", list_day(year), appearance, next(ids.households), reason="erased")
    append_events(session, province_code, [opened])
