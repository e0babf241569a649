"""What a person says of identity: whose an appearance is, that a household came from elsewhere, what was wrong.

Appended to the log with author and time, by whoever may link the household. It counts at once for the households
themselves; the movements of the province are counted again by whoever asked (`movement.recount_province`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server.accounts.access import Action, permitted, system_work
from server.accounts.actor import Actor
from server.accounts.errors import Refused
from server.errors import ConflictError, NotFoundError, UserError
from server.registry.appearances import within
from server.registry.identity import (
    appearances_of,
    append_events,
    day_of,
    days_of,
    derive_around,
    fresh_ids,
    load_events_around,
)
from server.registry.tables import IdentityEvent, IdentityQuestion

if TYPE_CHECKING:
    from reconciliation.identity import Appearance, Consequences, Event, State, UndoError


def check_reach(session: Session, actor: Actor, province_code: str, *appearances: Appearance) -> None:
    """Raise `Refused` unless the person may say whose these are (đối chiếu danh sách, within the own areas)."""
    if set(appearances) - within(session, province_code, appearances, permitted(actor, Action.LINK)):
        raise Refused("not_allowed")


def place(
    session: Session, province_code: str, appearance: Appearance, via: Appearance | None, *, actor: Actor
) -> None:
    """A person says whose an appearance is: that of `via`, or of its own (None). It answers what is asked of it.

    Where it is asked which part keeps the id of a household, saying so of one says of all others that they left it.
    Raises `UserError`, or `Refused` to who may not link these.
    """
    from reconciliation.identity import Appearance, fold, part_by_hand, place_by_hand

    check_reach(session, actor, province_code, appearance)
    asked = _asked_of(session, province_code, appearance)
    fallen = next((one for one in asked if one.kind == "keeper"), None)
    parts = [appearance] if fallen is None else [Appearance(fallen.source, code) for code in fallen.codes]
    before = None if fallen is None else last_seen(session, province_code, fallen.household_ids[0], fallen.source)
    around = [one for one in (appearance, via, before, *parts) if one is not None]
    events = load_events_around(session, province_code, around)
    state = fold(events)
    if via is not None and (via == appearance or via not in state.holder):
        raise UserError(
            "identity_unknown",
            f"Chưa có hộ nào mang {'/'.join(via)}.",
            f"No household is known by {'/'.join(via)}.",
        )
    ids, day = fresh_ids(session, province_code), day_of(session, appearance.source)
    if before is None or (via is not None and state.holder[via] != state.holder[before]):
        parts = [appearance]
        made = place_by_hand(events, appearance, via=via, on=day, ids=ids)
    else:
        # A part of which a person has said already that it is another household stays so.
        elsewhere = [one for one in parts if one != appearance and _is_elsewhere(state, one, before)]
        parts = [appearance] if via is None else [one for one in parts if one not in elsewhere]
        keeper = None if via is None else appearance
        made = part_by_hand(events, parts, keeper=keeper, of=before, on=day, ids=ids)
    check_reach(session, actor, province_code, *parts)
    state = _record(session, province_code, events, made, actor)
    for question in asked:
        question.answer = [*question.answer, *(event.event_id for event in made)]
        if all(_is_decided(state, Appearance(question.source, code)) for code in question.codes):
            question.answered_by = actor.user_id
    session.flush()


def answer(session: Session, question: IdentityQuestion, choice: str | None, *, actor: Actor) -> None:
    """Answer a question. choice: the code of the part that keeps the id (keeper), else a household's id; None: each
    appearance is a household of its own.

    Raises `ConflictError` where the question has no such answer, and what `place` raises.
    """
    from reconciliation.identity import Appearance

    is_keeper = question.kind == "keeper"
    if choice is not None and choice not in (question.codes if is_keeper else question.household_ids):
        raise question_changed()
    household_id = question.household_ids[0] if is_keeper else choice
    via = None
    if choice is not None and household_id is not None:
        via = last_seen(session, question.province_code, household_id, question.source)
    codes = [choice] if is_keeper and choice is not None else list(question.codes)
    for code in codes:
        place(session, question.province_code, Appearance(question.source, code), via, actor=actor)


def question_changed() -> ConflictError:
    """What was asked is asked no more: the source was identified again meanwhile."""
    return ConflictError(
        "identity_question_changed",
        "Câu hỏi này vừa thay đổi. Đọc lại rồi trả lời.",
        "This question has just changed. Read it again, then answer.",
    )


def last_answer(session: Session, province_code: str, actor: Actor) -> IdentityQuestion | None:
    """The question that this person answered last, as long as the answer can be taken back."""
    found = session.scalars(
        select(IdentityQuestion).where(
            IdentityQuestion.province_code == province_code, IdentityQuestion.answered_by == actor.user_id
        )
    )
    return max(found, key=lambda one: max(one.answer), default=None)


def take_back(session: Session, question: IdentityQuestion, *, actor: Actor) -> None:
    """Take back an answer of one's own: the question waits again.

    Raises `NotFoundError` for another's answer, `ConflictError` where something rests upon it by now.
    """
    from reconciliation.identity import Appearance, IdentityLogError, UndoError
    from reconciliation.identity import take_back as taken_back

    if question.answered_by != actor.user_id:
        raise NotFoundError("decision_unknown", "Không có quyết định này.", "There is no such decision.")
    asked = [Appearance(question.source, code) for code in question.codes]
    check_reach(session, actor, question.province_code, *asked)
    events = load_events_around(session, question.province_code, asked)
    try:
        made = taken_back(events, question.answer, ids=fresh_ids(session, question.province_code))
    except (UndoError, IdentityLogError):
        raise ConflictError(
            "identity_answer_used",
            "Đã có ghi nhận khác dựa vào câu trả lời này. Mở trang của hộ để hoàn tác từng liên kết.",
            "Something else rests upon this answer by now. Undo the links one by one on the household's page.",
        ) from None
    _record(session, question.province_code, events, made, actor)
    given = set(question.answer)
    for one in _of_source(session, question.province_code, question.source):
        # What answered several questions of an appearance is taken back from all of them.
        if given.intersection(one.answer):
            one.answered_by, one.answer = None, []
    session.flush()


def set_arrived(session: Session, province_code: str, appearance: Appearance, *, arrived: bool, actor: Actor) -> None:
    """A person says that a household came from elsewhere as poor or near-poor (chuyển đến), or takes that back.

    Raises `UserError` where the appearance has no household, or it is not new, `Refused` to who may not link it.
    """
    from reconciliation.identity import arrive, fold

    check_reach(session, actor, province_code, appearance)
    events = load_events_around(session, province_code, [appearance])
    state = fold(events)
    if appearance not in state.holder:
        raise UserError(
            "identity_unknown",
            f"Chưa có hộ nào mang {'/'.join(appearance)}.",
            f"No household is known by {'/'.join(appearance)}.",
        )
    if arrived and not state.is_newcomer(state.holder[appearance]):
        raise ConflictError(
            "identity_not_new",
            "Hộ này đã có từ trước hoặc tách từ hộ khác nên không phải hộ mới chuyển đến.",
            "This household was known before or left another, so it is not one that has just moved in.",
        )
    ids, day = fresh_ids(session, province_code), day_of(session, appearance.source)
    made = arrive(events, appearance, arrived=arrived, on=day, ids=ids)
    _record(session, province_code, events, made, actor)


@system_work("identity")
def consequences_of(session: Session, event_id: int) -> tuple[IdentityEvent, Consequences]:
    """An event of the log and what undoing it would change. Raises `NotFoundError` or `UserError`."""
    from reconciliation.identity import UndoError, consequences

    event = session.get(IdentityEvent, event_id)
    if event is None:
        raise NotFoundError("identity_event_unknown", f"Không có sự kiện {event_id}.", f"There is no event {event_id}.")
    try:
        return event, consequences(_around(session, event), event_id)
    except UndoError as error:
        raise _refusal(error) from None


def undo_event(session: Session, event_id: int, *, actor: Actor) -> Consequences:
    """Undo a link, split or merger, as a person decided; what it changed.

    Raises `NotFoundError`, `UserError`, or `Refused` to who may not link this household.
    """
    from reconciliation.identity import Appearance, undo

    event, told = consequences_of(session, event_id)
    check_reach(session, actor, event.province_code, Appearance(event.source, event.code))
    events = _around(session, event)
    made = undo(events, event_id, ids=fresh_ids(session, event.province_code))
    _record(session, event.province_code, events, made, actor)
    return told


def last_seen(session: Session, province_code: str, household_id: str, source: str | None = None) -> Appearance | None:
    """Where a household was seen last, outside of a source if it can be; None for a household that is not held."""
    held = appearances_of(session, province_code, [household_id])[household_id]
    return last_of(held, days_of(session, {one.source for one in held}), source)


def last_of(held: Collection[Appearance], days: Mapping[str, date], source: str | None = None) -> Appearance | None:
    """The last of some appearances, outside of a source if there is one. days: by source."""
    before = [one for one in held if one.source != source] or held
    return max(before, key=lambda one: (days[one.source], one), default=None)


def _asked_of(session: Session, province_code: str, appearance: Appearance) -> list[IdentityQuestion]:
    """The questions about an appearance that wait."""
    found = _of_source(session, province_code, appearance.source)
    return [one for one in found if one.answered_by is None and appearance.code in one.codes]


def _of_source(session: Session, province_code: str, source: str) -> Sequence[IdentityQuestion]:
    of = (IdentityQuestion.province_code == province_code, IdentityQuestion.source == source)
    return session.scalars(select(IdentityQuestion).where(*of)).all()


def _is_decided(state: State, appearance: Appearance) -> bool:
    return appearance in state.placed and state.placed[appearance].decided


def _is_elsewhere(state: State, part: Appearance, before: Appearance) -> bool:
    return _is_decided(state, part) and state.holder[part] != state.holder[before]


def _around(session: Session, event: IdentityEvent) -> list[Event]:
    from reconciliation.identity import Appearance

    return load_events_around(session, event.province_code, [Appearance(event.source, event.code)])


def _record(
    session: Session, province_code: str, before: Sequence[Event], made: Sequence[Event], actor: Actor
) -> State:
    """Append what a person said to the part of the log that it concerns; the state of that part."""
    from reconciliation.identity import IdentityLogError

    try:
        append_events(session, province_code, made, by=actor.user_id)
        return derive_around(session, province_code, [*before, *made])
    except IntegrityError:
        raise ConflictError(
            "identity_busy",
            "Có người khác, hoặc một lần đối chiếu, vừa ghi vào lịch sử các hộ. Thử lại.",
            "Somebody else, or a linkage, has just written to the history of households. Try again.",
        ) from None
    except IdentityLogError:
        raise ConflictError(
            "identity_circular",
            "Hộ kia được nhận ra nhờ chính dòng này. Hoàn tác liên kết đó ở trang của hộ trước.",
            "The other household is known by way of this one. Undo that link on the household's page first.",
        ) from None


def _refusal(error: UndoError) -> UserError:
    said = {
        "undone_already": ("Sự kiện này đã được hoàn tác.", "This event was undone already."),
        "not_undoable": (
            "Chỉ hoàn tác được liên kết, tách hộ, nhập hộ.",
            "Only links, splits and mergers can be undone.",
        ),
    }
    return UserError(f"identity_{error.code}", *said.get(error.code, (error.code, error.code)))
