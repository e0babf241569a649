"""The registry: lists imported (`importing`), households known over the years (`identity`, `identify`, and what people
say of them in `deciding`), movements counted (`movement`)."""

from __future__ import annotations

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from server.accounts.access import system_work
from server.registry.deciding import consequences_of, place, set_arrived, undo_event
from server.registry.identify import identify
from server.registry.identity import (
    close_absent,
    events_of,
    forget_appearance,
    household_of,
    list_source,
    open_erased,
    open_questions,
    parse_appearance,
)
from server.registry.importing import Imported, export_list, import_list, mapping_beside, mapping_for, save_mapping
from server.registry.lists import load_list, load_rows
from server.registry.movement import movement_counts, recount, recount_all, recount_province, rules_of, set_rules
from server.registry.sealed import listed_people, listed_texts
from server.registry.tables import IdentityEvent, RegistryHousehold, RegistryMember

__all__ = [
    "Imported",
    "close_absent",
    "consequences_of",
    "erase",
    "events_of",
    "export_list",
    "forget_interview",
    "household_of",
    "identify",
    "import_list",
    "latest_year",
    "listed_people",
    "listed_texts",
    "load_list",
    "load_rows",
    "mapping_beside",
    "mapping_for",
    "movement_counts",
    "open_questions",
    "parse_appearance",
    "place",
    "recount",
    "recount_all",
    "recount_province",
    "rules_of",
    "save_mapping",
    "set_arrived",
    "set_rules",
    "undo_event",
]


@system_work("reconcile")
def latest_year(session: Session, province_code: str, before: int) -> int | None:
    """The latest year of which a list is held, before a year; None without any."""
    statement = select(func.max(RegistryHousehold.year)).where(
        RegistryHousehold.province_code == province_code, RegistryHousehold.year < before
    )
    return session.scalar(statement)


def forget_interview(session: Session, interview_id: str) -> None:
    """Remove from the log of identity what leads to an erased interview."""
    forget_appearance(session, "round", interview_id)


@system_work("erasure")
def erase(session: Session, province_code: str, year: int, household_code: str) -> bool:
    """Forget who a household on a list is: its status and its place, which the tables count, stay.

    False when no list has it.
    """
    of = (RegistryHousehold.province_code == province_code, RegistryHousehold.year == year)
    found = session.scalars(select(RegistryHousehold).where(*of, RegistryHousehold.household_code == household_code))
    household = found.one_or_none()
    if household is None:
        return False
    household.head_name = household.phone = None
    session.execute(
        delete(RegistryMember).where(
            RegistryMember.province_code == province_code,
            RegistryMember.year == year,
            RegistryMember.household_code == household_code,
        )
    )
    source = list_source(year)
    if session.scalar(select(exists().where(IdentityEvent.source == source, IdentityEvent.code == household_code))):
        forget_appearance(session, "list", household_code, source)
        open_erased(session, province_code, year, household_code)
    return True
