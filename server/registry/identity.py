"""One id over the years: the log of identity in the database, what the linkage adds to it, and what a person decides.

Events are facts: they are appended with author and time and never computed again. Which household an appearance belongs
to follows from them (`HouseholdAppearance`).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session

from server.accounts.access import Action, permitted, system_work
from server.accounts.actor import Actor
from server.accounts.errors import Refused
from server.audit.service import SYSTEM
from server.database import insert_rows
from server.errors import NotFoundError, UserError
from server.registry.tables import HouseholdAppearance, IdentityEvent, IdentityQuestion, RegistryHousehold

if TYPE_CHECKING:
    import pandas as pd

    from reconciliation.identity import Appearance, Consequences, Event, Ids, Question, State

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


def parse_appearance(text: str) -> Appearance:
    """`list/2025/CODE` or `round/ROUND/INTERVIEW` as an appearance. Raises `UserError`."""
    from reconciliation.identity import Appearance

    kind, _, rest = text.partition("/")
    name, _, code = rest.partition("/")
    if kind not in ("list", "round") or not name or not code:
        raise UserError(
            "appearance",
            f"«{text}»: ghi list/NĂM/MÃ HỘ hoặc round/ĐỢT/MÃ PHIẾU.",
            f"{text!r}: write list/YEAR/HOUSEHOLD CODE or round/ROUND/INTERVIEW.",
        )
    return Appearance(f"{kind}/{name}", code)


@system_work("identity")
def load_events(session: Session, province_code: str) -> list[Event]:
    """The log of a province, in order."""
    from reconciliation.identity import Appearance, Event

    rows = session.scalars(
        select(IdentityEvent).where(IdentityEvent.province_code == province_code).order_by(IdentityEvent.event_id)
    )
    return [
        Event(
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
        for row in rows
    ]


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
    return state


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
        }
        for number, one in enumerate(questions, start=1)
    ]
    if rows:
        insert_rows(session, IdentityQuestion, rows)


@system_work("identity")
def open_questions(session: Session, province_code: str) -> Sequence[IdentityQuestion]:
    """What a person must say, by source."""
    order = (IdentityQuestion.source, IdentityQuestion.number)
    return session.scalars(
        select(IdentityQuestion).where(IdentityQuestion.province_code == province_code).order_by(*order)
    ).all()


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
def consequences_of(session: Session, event_id: int) -> tuple[IdentityEvent, Consequences]:
    """An event of the log and what undoing it would change. Raises `NotFoundError` or `UserError`."""
    from reconciliation.identity import UndoError, consequences

    event = session.get(IdentityEvent, event_id)
    if event is None:
        raise NotFoundError(
            "identity_event_unknown",
            f"Không có sự kiện {event_id}; xem: rasoat registry history MÃ.",
            f"There is no event {event_id}; look: rasoat registry history ID.",
        )
    try:
        return event, consequences(load_events(session, event.province_code), event_id)
    except UndoError as error:
        raise _refusal(error) from None


def check_reach(session: Session, actor: Actor, appearance: Appearance) -> None:
    """Raise `Refused` unless the person may say whose an appearance is (đối chiếu danh sách, within the own areas)."""
    from server.cases.tables import Interview

    scope = permitted(actor, Action.LINK)
    kind, _, name = appearance.source.partition("/")
    if kind == "list":
        of = (RegistryHousehold.year == int(name), RegistryHousehold.household_code == appearance.code)
        found = session.scalar(select(exists().where(*of, scope.where(RegistryHousehold))))
    else:
        of_interview = (Interview.round_id == name, Interview.interview_id == appearance.code)
        found = session.scalar(select(exists().where(*of_interview, scope.where(Interview))))
    if not found:
        raise Refused("not_allowed")


def undo_event(session: Session, event_id: int, *, actor: Actor) -> Consequences:
    """Undo a link, split or merger, as a person decided; what it changed.

    Raises `NotFoundError`, `UserError`, or `Refused` to who may not link this household.
    """
    from reconciliation.identity import Appearance, undo

    event, told = consequences_of(session, event_id)
    check_reach(session, actor, Appearance(event.source, event.code))
    by = actor.user_id
    events = load_events(session, event.province_code)
    ids = fresh_ids(session, event.province_code)
    append_events(session, event.province_code, undo(events, event_id, ids=ids), by=by)
    derive_appearances(session, event.province_code)
    return told


def place(
    session: Session, province_code: str, appearance: Appearance, via: Appearance | None, *, actor: Actor
) -> None:
    """A person says whose an appearance is: that of `via`, or of its own (None).

    Raises `UserError`, or `Refused` to who may not link this household.
    """
    from reconciliation.identity import fold, place_by_hand

    check_reach(session, actor, appearance)
    events = load_events(session, province_code)
    state = fold(events)
    if via is not None and (via == appearance or via not in state.holder):
        raise UserError(
            "identity_unknown",
            f"Chưa có hộ nào mang {'/'.join(via)}.",
            f"No household is known by {'/'.join(via)}.",
        )
    day = _day_of(session, appearance)
    ids = fresh_ids(session, province_code)
    made = place_by_hand(events, appearance, via=via, on=day, ids=ids)
    append_events(session, province_code, made, by=actor.user_id)
    derive_appearances(session, province_code)


def _day_of(session: Session, appearance: Appearance) -> date:
    from server.rounds import service as rounds

    kind, _, name = appearance.source.partition("/")
    return list_day(int(name)) if kind == "list" else rounds.get(session, name).review_date


@system_work("identity")
def events_of(session: Session, province_code: str, household_id: str) -> Sequence[IdentityEvent]:
    """The events that speak of a household's appearances, in order. Raises `NotFoundError`."""
    held = select(HouseholdAppearance.code).where(
        HouseholdAppearance.province_code == province_code, HouseholdAppearance.household_id == household_id
    )
    found = session.scalars(
        select(IdentityEvent)
        .where(
            IdentityEvent.province_code == province_code,
            IdentityEvent.code.in_(held) | IdentityEvent.via_code.in_(held),
        )
        .order_by(IdentityEvent.event_id)
    ).all()
    if not found:
        raise NotFoundError(
            "household_unknown", f"Không có hộ {household_id}.", f"There is no household {household_id}."
        )
    return found


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


def _refusal(error: Any) -> UserError:
    said = {
        "undone_already": ("Sự kiện này đã được hoàn tác.", "This event was undone already."),
        "not_undoable": (
            "Chỉ hoàn tác được liên kết, tách hộ, nhập hộ.",
            "Only links, splits and mergers can be undone.",
        ),
    }
    return UserError(f"identity_{error.code}", *said.get(error.code, (error.code, error.code)))
