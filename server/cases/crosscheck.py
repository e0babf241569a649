"""Checks that need the whole round: which interview counts, doubled numbers, last year's class; severities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, delete, func, insert, select, update
from sqlalchemy.orm import Session

from server.accounts.access import system_work
from server.cases.flags import CROSS_KINDS, KINDS
from server.cases.superseding import supersede
from server.cases.tables import SEVERITIES, Flag, Interview, InterviewMember
from server.linkage import service as linkage

_AT_ONCE = 1000


@system_work("derive")
def crosscheck(session: Session, round_id: str) -> None:
    """Replace the round-wide flags, last year's classes, and the severities of a round."""
    of_round = select(Interview.interview_id).where(Interview.round_id == round_id)
    session.execute(delete(Flag).where(Flag.code.in_(CROSS_KINDS), Flag.interview_id.in_(of_round)))
    flags = supersede(session, round_id)
    session.execute(update(Interview).where(Interview.round_id == round_id).values(previous_class=None))
    flags += _duplicates(session, round_id) + _class_changes(session, linkage.previous_classes(session, round_id))
    _write(session, flags)
    _set_severities(session, Interview.round_id == round_id)


@system_work("what was decided about links within what the person may read")
def recheck(session: Session, round_id: str, ids: Sequence[str]) -> None:
    """Bring last year's class of a few interviews of a round, and what follows from it, up to their links."""
    of = Interview.interview_id.in_(ids)
    session.execute(delete(Flag).where(Flag.code == "class_changed", Flag.interview_id.in_(ids)))
    session.execute(update(Interview).where(of).values(previous_class=None))
    _write(session, _class_changes(session, linkage.previous_classes(session, round_id, ids)))
    _set_severities(session, of)


def _write(session: Session, flags: Sequence[dict[str, Any]]) -> None:
    for start in range(0, len(flags), _AT_ONCE):
        session.execute(insert(Flag), flags[start : start + _AT_ONCE])


@system_work("derive")
def _set_severities(session: Session, of: ColumnElement[bool]) -> None:
    """Set the strongest severity of some interviews."""
    rank = case({name: number for number, name in enumerate(SEVERITIES, start=1)}, value=Flag.severity, else_=0)
    strongest = (
        select(func.coalesce(func.max(rank), 0)).where(Flag.interview_id == Interview.interview_id).scalar_subquery()
    )
    session.execute(update(Interview).where(of).values(severity_rank=strongest))
    words = case(dict(enumerate(SEVERITIES, start=1)), value=Interview.severity_rank, else_=None)
    session.execute(update(Interview).where(of).values(severity=words))


@system_work("derive")
def _duplicates(session: Session, round_id: str) -> list[dict[str, Any]]:
    """Members whose personal number stands more than once in the round; rejected and replaced interviews aside."""
    of_round = (
        select(InterviewMember.interview_id, InterviewMember.member_no, InterviewMember.cccd_hash)
        .join(Interview, Interview.interview_id == InterviewMember.interview_id)
        .where(
            Interview.round_id == round_id,
            Interview.review_state != "rejected",
            Interview.superseded_by.is_(None),
            InterviewMember.cccd_hash.is_not(None),
        )
        .subquery()
    )
    doubled = (
        select(of_round.c.cccd_hash, func.count().label("times"))
        .group_by(of_round.c.cccd_hash)
        .having(func.count() > 1)
        .subquery()
    )
    statement = (
        select(of_round.c.interview_id, of_round.c.member_no, doubled.c.times)
        .join(doubled, doubled.c.cccd_hash == of_round.c.cccd_hash)
        .order_by(of_round.c.interview_id, of_round.c.member_no)
    )
    return [
        {
            "interview_id": interview_id,
            "code": "duplicate_cccd",
            "field": "cccd",
            "member_no": member_no,
            "severity": KINDS["duplicate_cccd"].severity,
            "details": {"count": times},
        }
        for interview_id, member_no, times in session.execute(statement)
    ]


@system_work("derive")
def _class_changes(session: Session, previous: Mapping[str, str]) -> list[dict[str, Any]]:
    """Set last year's class of interviews, and flag the determined ones whose proposal differs from it."""
    # The table, not the entity: an entity is loaded with all that is sealed in it.
    table = Interview.__table__
    write = update(table).where(table.c.interview_id == bindparam("of")).values(previous_class=bindparam("previous"))  # type: ignore[arg-type]
    ids = sorted(previous)
    flags: list[dict[str, Any]] = []
    for start in range(0, len(ids), _AT_ONCE):
        batch = ids[start : start + _AT_ONCE]
        statement = select(Interview.interview_id, Interview.proposed_class).where(Interview.interview_id.in_(batch))
        rows = session.execute(statement.order_by(Interview.interview_id)).all()
        if rows:
            session.execute(write, [{"of": of, "previous": previous[of]} for of, _proposed in rows])
        flags += [
            {
                "interview_id": of,
                "code": "class_changed",
                "field": "",
                "member_no": 0,
                "severity": KINDS["class_changed"].severity,
                "details": {"previous": previous[of], "proposed": proposed},
            }
            for of, proposed in rows
            if proposed not in ("undetermined", previous[of])
        ]
    return flags
