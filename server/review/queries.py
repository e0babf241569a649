"""What the queue and the interview's page read. Every query on interviews is within the reader's scope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from server.accounts.access import Scope
from server.cases.tables import Flag, Interview
from server.linkage.tables import Link
from server.registry.tables import OfficialDecision, RegistryHousehold
from server.review.filters import STATES, Filters
from server.review.tables import CONFLICT, Outbox, ReviewDecision
from server.secrets.service import vault_of
from server.submissions.tables import Submission
from server.units.tables import Unit, Village

PAGE_SIZE = 50
#: Strongest first.
_SEVERITIES = ("severe", "look", "note")


def order_keys(of: type[Interview]) -> list[ColumnElement[Any]]:
    """Corrected ones first, then the severe, then class changed, near a cut, oldest; all ascending."""
    near_cut = exists().where(Flag.interview_id == of.interview_id, Flag.code == "near_cut")
    changed = and_(of.previous_class.is_not(None), of.previous_class != of.proposed_class)
    return [
        case((of.review_state == "edited", 0), else_=1),
        -of.severity_rank,
        case((changed, 0), else_=1),
        case((near_cut, 0), else_=1),
        func.coalesce(of.visited_at, of.submitted_at),
        of.interview_id.expression,
    ]


def page(session: Session, filters: Filters, scope: Scope, number: int) -> tuple[list[Interview], int]:
    """One page of the queue (from 1), and how many interviews there are in all."""
    conditions = _conditions(session, filters, scope)
    total = session.scalar(select(func.count()).select_from(Interview).where(*conditions)) or 0
    statement = select(Interview).where(*conditions).order_by(*order_keys(Interview))
    found = session.scalars(statement.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE))
    return list(found), total


def following(session: Session, filters: Filters, scope: Scope, interview_id: str) -> str | None:
    """The interview that comes after this one in the queue's order, whether this one is still in it or not."""
    keys = order_keys(Interview)
    here = session.execute(select(*keys).where(Interview.interview_id == interview_id, scope.where(Interview))).first()
    statement = select(Interview.interview_id).where(*_conditions(session, filters, scope))
    statement = statement.where(Interview.interview_id != interview_id).order_by(*keys).limit(1)
    if here is not None:
        # Lexicographic: greater in one key and equal in all before it. The first key changes with a decision; left out.
        later = [
            and_(*(keys[before] == here[before] for before in range(1, at)), keys[at] > here[at])
            for at in range(1, len(keys))
        ]
        after = session.scalar(statement.where(or_(*later)))
        if after is not None:
            return after
    return session.scalar(statement)


def state_counts(session: Session, filters: Filters, scope: Scope) -> dict[str, int]:
    """Interviews per review state, all other filters as they are."""
    statement = (
        select(Interview.review_state, func.count())
        .where(*_conditions(session, filters, scope, state=False))
        .group_by(Interview.review_state)
    )
    return {str(state): int(count) for state, count in session.execute(statement)}


def flag_counts(session: Session, filters: Filters, scope: Scope) -> dict[str, tuple[str, int]]:
    """Flag code -> (severity, interviews with it), the flag filter itself left out; severe and frequent first."""
    interviews = func.count(Flag.interview_id.distinct())
    statement = (
        select(Flag.code, func.min(_severity()), interviews)
        .join(Interview, Interview.interview_id == Flag.interview_id)
        .where(*_conditions(session, filters, scope, flag=False))
        .group_by(Flag.code)
    )
    rows = sorted(session.execute(statement).all(), key=lambda row: (row[1], -row[2], row[0]))
    return {code: (_SEVERITIES[rank], count) for code, rank, count in rows}


def communes(session: Session, round_id: str, scope: Scope) -> list[str]:
    """Codes of the communes that have interviews."""
    statement = (
        select(Interview.commune_code)
        .where(Interview.round_id == round_id, Interview.commune_code.is_not(None), scope.where(Interview))
        .distinct()
    )
    return [code for code in session.scalars(statement) if code is not None]


def one(session: Session, interview_id: str, scope: Scope) -> Interview | None:
    """An interview that may be read, or None."""
    return session.scalars(
        select(Interview).where(Interview.interview_id == interview_id, scope.where(Interview))
    ).first()


def flags(session: Session, ids: Sequence[str]) -> dict[str, list[Flag]]:
    """Flags of interviews that were read within a scope, severe first."""
    found: dict[str, list[Flag]] = {one: [] for one in ids}
    statement = select(Flag).where(Flag.interview_id.in_(ids))
    for flag in session.scalars(statement.order_by(_severity(), Flag.code, Flag.member_no, Flag.field)):
        found[flag.interview_id].append(flag)
    return found


def versions(session: Session, interview_id: str, scope: Scope) -> list[Submission]:
    """Every version of the interview's submission, newest first."""
    statement = (
        select(Submission)
        .join(Interview, Interview.interview_id == Submission.central_id)
        .where(Submission.central_id == interview_id, scope.where(Interview))
        .order_by(Submission.is_current.desc(), Submission.edits.desc(), Submission.received_at.desc())
    )
    return list(session.scalars(statement))


def decisions(session: Session, ids: Sequence[str]) -> list[tuple[ReviewDecision, bool]]:
    """Decisions about interviews, newest first, with whether each can still be undone (nothing of it was sent)."""
    begun = exists().where(Outbox.decision_id == ReviewDecision.decision_id, Outbox.state != "waiting")
    statement = (
        select(ReviewDecision, and_(ReviewDecision.undone_at.is_(None), ~begun))
        .where(ReviewDecision.interview_id.in_(ids))
        .order_by(ReviewDecision.decided_at.desc(), ReviewDecision.decision_id.desc())
    )
    return [(decision, bool(can)) for decision, can in session.execute(statement)]


def decision(session: Session, decision_id: int, scope: Scope) -> ReviewDecision | None:
    """A decision about an interview within the scope, or None."""
    statement = (
        select(ReviewDecision)
        .join(Interview, Interview.interview_id == ReviewDecision.interview_id)
        .where(ReviewDecision.decision_id == decision_id, scope.where(Interview))
    )
    return session.scalars(statement).first()


def conflict(session: Session, interview_id: str) -> tuple[ReviewDecision, str] | None:
    """The decision about an interview, read within a scope, that stopped at another of Central, and Central's state."""
    statement = (
        select(ReviewDecision, Outbox.found_state)
        .join(Outbox, Outbox.decision_id == ReviewDecision.decision_id)
        .where(ReviewDecision.interview_id == interview_id, Outbox.state == CONFLICT, Outbox.kind == "review_state")
        .order_by(ReviewDecision.decision_id.desc())
    )
    found = session.execute(statement).first()
    return None if found is None else (found[0], found[1] or "received")


def waiting_messages(session: Session) -> int:
    """What Central has not been told yet."""
    return session.scalar(select(func.count()).select_from(Outbox).where(Outbox.state.in_(("waiting", "sending")))) or 0


def last_year(session: Session, interview_id: str, scope: Scope) -> list[tuple[Link, RegistryHousehold]]:
    """The household, or the candidates, that an interview was linked with on last year's list.

    They may have lived in a foreign area: what counts is that the interview may be read.
    """
    statement = (
        select(Link, RegistryHousehold)
        .join(Link.listed)
        .join(Interview, Interview.interview_id == Link.interview_id)
        .where(Link.interview_id == interview_id, Link.status != "apart", scope.where(Interview))
        .order_by(Link.status != "decided", Link.status != "linked", Link.weight.desc())
    )
    return [(link, household) for link, household in session.execute(statement)]


def official(session: Session, interview: Interview) -> OfficialDecision | None:
    key = (interview.province_code, interview.round_id, interview.interview_id)
    return session.get(OfficialDecision, key)


def places(session: Session, of: Sequence[Interview]) -> tuple[dict[str, Village], dict[str, str]]:
    """Villages by id and names of communes by code, of some interviews."""
    village_ids = {one.village_id for one in of if one.village_id}
    codes = {one.commune_code: one.unit_valid_from for one in of if one.commune_code}
    villages = session.scalars(select(Village).where(Village.village_id.in_(village_ids)))
    units = session.scalars(select(Unit).where(Unit.code.in_(codes)))
    return (
        {village.village_id: village for village in villages},
        {unit.code: unit.name for unit in units if codes[unit.code] in (None, unit.valid_from)},
    )


def _severity() -> ColumnElement[int]:
    """0 for the strongest."""
    return case(*((Flag.severity == name, at) for at, name in enumerate(_SEVERITIES)), else_=len(_SEVERITIES))


def _conditions(
    session: Session, filters: Filters, scope: Scope, *, state: bool = True, flag: bool = True
) -> list[ColumnElement[bool]]:
    # What another interview of the household was made in place of waits for nobody.
    counted = Interview.superseded_by.is_(None)
    conditions: list[ColumnElement[bool]] = [Interview.round_id == filters.round_id, counted, scope.where(Interview)]
    states = STATES[filters.state]
    if state and states is not None:
        conditions.append(Interview.review_state.in_(states))
    if filters.commune:
        conditions.append(Interview.commune_code == filters.commune)
    if filters.village:
        conditions.append(Interview.village_id == filters.village)
    if filters.proposed:
        conditions.append(Interview.proposed_class == filters.proposed)
    if flag and filters.flag:
        has = exists().where(Flag.interview_id == Interview.interview_id, Flag.code == filters.flag)
        conditions.append(has)
    if filters.search.strip():
        # Whole words: names are stored as keyed hashes of their words.
        conditions += [Interview.head_words.contains(word) for word in vault_of(session).word_patterns(filters.search)]
    return conditions
