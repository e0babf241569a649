"""The registry: lists imported (`importing`), interviews linked with them by exact keys, households known over the
years (`identity`, `identify`), movements counted (`movement`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, func, insert, select
from sqlalchemy.orm import Session

from server.accounts.access import system_work
from server.registry.identify import identify
from server.registry.identity import (
    close_absent,
    consequences_of,
    events_of,
    forget_appearance,
    list_source,
    open_erased,
    open_questions,
    parse_appearance,
    place,
    undo_event,
)
from server.registry.importing import Imported, export_list, import_list, mapping_beside, mapping_for, save_mapping
from server.registry.lists import load_list
from server.registry.movement import movement_counts, recount, recount_province, rules_of, set_rules
from server.registry.tables import IdentityEvent, Link, RegistryHousehold, RegistryMember

if TYPE_CHECKING:
    import pandas as pd

    from server.database import Database

__all__ = [
    "Imported",
    "Reconciled",
    "close_absent",
    "consequences_of",
    "erase",
    "events_of",
    "export_list",
    "forget_interview",
    "identify",
    "import_list",
    "latest_year",
    "links_frame",
    "load_list",
    "mapping_beside",
    "mapping_for",
    "movement_counts",
    "open_questions",
    "parse_appearance",
    "place",
    "previous_classes",
    "reconcile",
    "recount",
    "recount_province",
    "rules_of",
    "save_mapping",
    "set_rules",
    "undo_event",
]

_AT_ONCE = 5000


@dataclass(frozen=True)
class Reconciled:
    """What reconciling a round gave: interviews, linked, contested, and households per movement."""

    registry_year: int
    interviews: int
    linked: int
    contested: int
    movements: dict[str, int]


@system_work("reconcile")
def latest_year(session: Session, province_code: str, before: int) -> int | None:
    """The latest year of which a list is held, before a year; None without any."""
    statement = select(func.max(RegistryHousehold.year)).where(
        RegistryHousehold.province_code == province_code, RegistryHousehold.year < before
    )
    return session.scalar(statement)


def reconcile(database: Database, round_id: str, progress: Callable[[int, int], None] | None = None) -> Reconciled:
    """Link a round's interviews with the latest list before it, give households their ids over the years, count
    movements, and check the round again.

    What was derived before is replaced. Raises `NotFoundError` when no list of an earlier year is held.
    """
    from reconciliation import link_exact
    from server.cases import service as cases
    from server.rounds import service as rounds

    report = progress or (lambda _done, _total: None)
    with database.session() as session:
        of = rounds.get(session, round_id)
        year = latest_year(session, of.province_code, of.review_date.year)
        registry = load_list(session, of.province_code, of.review_date.year - 1 if year is None else year)
        year = int(registry.households["year"].iloc[0])
        report(1, 4)
        current = cases.cases_frame(session, round_id)
        # A rejected interview is no household of this round.
        current = current[current["review_state"].ne("rejected")]
        households, members = cases.linkage_frames(session, round_id)
        households = households.loc[current.index]
        members = members[members.index.get_level_values("interview_id").isin(current.index)]
        report(2, 4)
        links = link_exact(households, members, registry)
        report(3, 4)
        session.execute(delete(Link).where(Link.round_id == round_id))
        fixed = {"province_code": of.province_code, "round_id": round_id, "registry_year": year}
        records: list[dict[str, Any]] = [
            {str(name): value for name, value in row.items()} | fixed for row in links.to_dict("records")
        ]
        for start in range(0, len(records), _AT_ONCE):
            session.execute(insert(Link), records[start : start + _AT_ONCE])
        identify(session, round_id, links)
        cases.crosscheck(session, round_id)
        report(4, 4)
        by_movement: Counter[str] = Counter()
        for (_previous, _current, movement), number in movement_counts(session, round_id).items():
            by_movement[movement] += number
        status = links["status"].value_counts()
        return Reconciled(
            registry_year=year,
            interviews=len(current),
            linked=int(status.get("linked", 0)),
            contested=int(links.loc[links["status"].eq("contested"), "interview_id"].nunique()),
            movements=dict(by_movement),
        )


@system_work("derive")
def previous_classes(session: Session, round_id: str) -> dict[str, str]:
    """Last year's official status of the linked interviews of a round, by interview."""
    statement = (
        select(Link.interview_id, RegistryHousehold.status)
        .join(
            RegistryHousehold,
            (RegistryHousehold.province_code == Link.province_code)
            & (RegistryHousehold.year == Link.registry_year)
            & (RegistryHousehold.household_code == Link.household_code),
        )
        .where(Link.round_id == round_id, Link.status == "linked")
    )
    return {row[0]: row[1] for row in session.execute(statement)}


def links_frame(session: Session, round_id: str) -> pd.DataFrame:
    """Links of a round: interview_id, household_code, rule, evidence, status (linked | contested), sorted."""
    import pandas as pd

    names = ("interview_id", "household_code", "rule", "evidence", "status")
    rows = session.execute(
        select(*(getattr(Link, name) for name in names))
        .where(Link.round_id == round_id)
        .order_by(Link.interview_id, Link.household_code)
    )
    return pd.DataFrame(rows.all(), columns=list(names))


def forget_interview(session: Session, interview_id: str) -> list[str]:
    """Remove the links of an interview, and from the log of identity what leads to it; the listed households it was
    linked with, as `province/year/code`, sorted."""
    linked = session.execute(
        select(Link.province_code, Link.registry_year, Link.household_code).where(
            Link.interview_id == interview_id, Link.status == "linked"
        )
    )
    found = sorted("/".join(map(str, row)) for row in linked)
    session.execute(delete(Link).where(Link.interview_id == interview_id))
    forget_appearance(session, "round", interview_id)
    return found


@system_work("erasure")
def erase(session: Session, province_code: str, year: int, household_code: str) -> set[str] | None:
    """Forget who a household on a list is: its status and its place, which the tables count, stay.

    The rounds in which an interview was linked with it, which no longer is; None when no list has it.
    """
    of = (RegistryHousehold.province_code == province_code, RegistryHousehold.year == year)
    found = session.scalars(select(RegistryHousehold).where(*of, RegistryHousehold.household_code == household_code))
    household = found.one_or_none()
    if household is None:
        return None
    household.head_name = None
    session.execute(
        delete(RegistryMember).where(
            RegistryMember.province_code == province_code,
            RegistryMember.year == year,
            RegistryMember.household_code == household_code,
        )
    )
    to_it = (
        Link.province_code == province_code,
        Link.registry_year == year,
        Link.household_code == household_code,
    )
    round_ids = set(session.scalars(select(Link.round_id).where(*to_it)))
    session.execute(delete(Link).where(*to_it))
    source = list_source(year)
    if session.scalar(select(exists().where(IdentityEvent.source == source, IdentityEvent.code == household_code))):
        forget_appearance(session, "list", household_code, source)
        open_erased(session, province_code, year, household_code)
    return round_ids
