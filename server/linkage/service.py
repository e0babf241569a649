"""The linkage: reconciling (`reconciling`), what people say of pairs (`deciding`), and what others ask of links."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from server.accounts.access import system_work
from server.linkage.deciding import decide, decide_absence, undo, undo_absence
from server.linkage.keys import Candidate, candidates, index_since
from server.linkage.present import nearest
from server.linkage.reconciling import Reconciled, reconcile
from server.linkage.tables import HOLDS, AbsenceDecision, Link, LinkDecision, RegistryKey
from server.registry import service as registry
from server.registry.tables import RegistryHousehold
from server.rounds.tables import Round

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Candidate",
    "Reconciled",
    "at_the_desk",
    "candidates",
    "decide",
    "decide_absence",
    "forget_interview",
    "forget_listed",
    "index_since",
    "links_frame",
    "listed_year",
    "nearest",
    "previous_classes",
    "reconcile",
    "undo",
    "undo_absence",
]


_AT_ONCE = 5000


def listed_year(session: Session, of: Round) -> int | None:
    """The year of the list that a round is linked with; None without one."""
    return registry.latest_year(session, of.province_code, of.review_date.year)


@system_work("derive")
def previous_classes(session: Session, round_id: str, ids: Sequence[str] | None = None) -> dict[str, str]:
    """Last year's official status of interviews of a round that are a listed household; of some of them with `ids`."""
    statement = (
        select(Link.interview_id, RegistryHousehold.status)
        .join(Link.listed)
        .where(Link.round_id == round_id, Link.kind == "same", Link.status.in_(HOLDS))
    )
    if ids is not None:
        statement = statement.where(Link.interview_id.in_(ids))
    return {row[0]: row[1] for row in session.execute(statement)}


def at_the_desk(session: Session, interview_ids: Collection[str]) -> set[str]:
    """Those of some interviews of which the desk has still to say, or has said, what they are: a pair of theirs waits
    there, or everything was settled since the round was linked. Who was unsure of all is not among them."""
    waiting, doubtful, linked = set(), set(), set()
    wanted = sorted(interview_ids)
    for start in range(0, len(wanted), _AT_ONCE):
        rows = session.execute(
            select(Link.interview_id, Link.status, Link.next_reading).where(
                Link.interview_id.in_(wanted[start : start + _AT_ONCE])
            )
        )
        for interview_id, status, next_reading in rows:
            linked.add(interview_id)
            if next_reading is not None:
                waiting.add(interview_id)
            elif status == "doubtful":
                doubtful.add(interview_id)
    return waiting | (linked - doubtful)


def links_frame(session: Session, round_id: str) -> pd.DataFrame:
    """Links of a round: interview_id, household_code, kind, status, weight, members_agree, sorted."""
    import pandas as pd

    names = ("interview_id", "household_code", "kind", "status", "weight", "members_agree")
    rows = session.execute(
        select(*(getattr(Link, name) for name in names))
        .where(Link.round_id == round_id)
        .order_by(Link.interview_id, Link.household_code)
    )
    return pd.DataFrame(rows.all(), columns=list(names))


def forget_interview(session: Session, interview_id: str) -> list[str]:
    """Remove the links of an interview; the households it was linked with, as `province/year/code`, sorted.

    What people said of them goes too: it would tell who the erased household was, and link it anew.
    """
    linked = session.execute(
        select(Link.province_code, Link.registry_year, Link.household_code).where(
            Link.interview_id == interview_id, Link.status.in_(HOLDS)
        )
    )
    found = sorted("/".join(map(str, row)) for row in linked)
    session.execute(delete(Link).where(Link.interview_id == interview_id))
    session.execute(delete(LinkDecision).where(LinkDecision.interview_id == interview_id))
    return found


def forget_listed(session: Session, province_code: str, year: int, household_code: str) -> set[str]:
    """Remove the links and the keys of a household on a list, and what people said of it; the rounds in which it had
    links."""
    to_it = (
        Link.province_code == province_code,
        Link.registry_year == year,
        Link.household_code == household_code,
    )
    round_ids = set(session.scalars(select(Link.round_id).where(*to_it)))
    session.execute(delete(Link).where(*to_it))
    for table in (LinkDecision, AbsenceDecision):
        session.execute(
            delete(table).where(
                table.province_code == province_code,
                table.registry_year == year,
                table.household_code == household_code,
            )
        )
    session.execute(
        delete(RegistryKey).where(
            RegistryKey.province_code == province_code,
            RegistryKey.year == year,
            RegistryKey.household_code == household_code,
        )
    )
    return round_ids
