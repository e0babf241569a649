"""Which interview of a household counts, where a round holds several.

An interview is made in place of another when the form says so (`replaces`: the one before was returned and its
household offered again), and a household on the list that was not met is visited again. Only the newest counts.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session, aliased

from poverty.frames import MET
from server.accounts.access import system_work
from server.cases.flags import KINDS
from server.cases.tables import Interview


@system_work("derive")
def supersede(session: Session, round_id: str) -> list[dict[str, Any]]:
    """Set `superseded_by` of every interview of a round; rows of `flags` for those that no longer count.

    A rejected interview takes nobody's place, and none takes that of one that came after it.
    """
    session.execute(
        update(Interview)
        .where(Interview.round_id == round_id, Interview.superseded_by.is_not(None))
        .values(superseded_by=None)
    )
    old, new = aliased(Interview), aliased(Interview)
    later = or_(
        new.submitted_at > old.submitted_at,
        and_(new.submitted_at == old.submitted_at, new.interview_id > old.interview_id),
    )
    pairs = select(new.submitted_at, new.interview_id, old.interview_id).where(
        old.round_id == round_id, new.round_id == round_id, new.review_state != "rejected", later
    )
    # Two statements, each led by the few that name another or were not met: joined by `or` they would read all pairs.
    replacing = pairs.join_from(new, old, new.replaces == old.interview_id)
    again = pairs.join_from(old, new, new.household_code == old.household_code)
    again = again.where(old.outcome != MET)
    found = [(at, after, before) for query in (replacing, again) for at, after, before in session.execute(query)]
    newest = {before: after for _, after, before in sorted(found)}
    for before, after in newest.items():
        session.execute(update(Interview).where(Interview.interview_id == before).values(superseded_by=after))
    return [
        {
            "interview_id": before,
            "code": "superseded",
            "field": "",
            "member_no": 0,
            "severity": KINDS["superseded"].severity,
            "details": {},
        }
        for before in sorted(newest)
    ]
