"""The registry: lists imported (`importing`), movements counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from server.accounts.access import system_work
from server.registry.importing import Imported, export_list, import_list, mapping_beside, mapping_for
from server.registry.lists import load_list
from server.registry.tables import Movement, RegistryHousehold, RegistryMember

if TYPE_CHECKING:
    import pandas as pd

    from reconciliation import Registry

__all__ = [
    "Imported",
    "count_movements",
    "erase",
    "export_list",
    "import_list",
    "latest_year",
    "load_list",
    "mapping_beside",
    "mapping_for",
    "movement_counts",
]

_AT_ONCE = 5000


@system_work("reconcile")
def latest_year(session: Session, province_code: str, before: int) -> int | None:
    """The latest year of which a list is held, before a year; None without any."""
    statement = select(func.max(RegistryHousehold.year)).where(
        RegistryHousehold.province_code == province_code, RegistryHousehold.year < before
    )
    return session.scalar(statement)


def count_movements(
    session: Session, round_id: str, registry: Registry, current: pd.DataFrame, links: pd.DataFrame
) -> dict[str, int]:
    """Count the movements of a round anew: households by movement.

    registry: the list of the year before. current: interviews that count, with proposed_class and commune_code.
    links: interview_id, household_code of those that are the same household.
    """
    import pandas as pd

    from reconciliation import movements
    from server.rounds import service as rounds

    of = rounds.get(session, round_id)
    table = movements(registry.households["status"], current["proposed_class"], links)
    commune = table["interview_id"].map(current["commune_code"]).astype("object")
    commune = commune.where(commune.notna(), table["household_code"].map(registry.households["commune_code"]))
    tally = (
        table.assign(commune_code=commune.where(commune.notna(), ""))
        .groupby(["commune_code", "previous", "current", "movement"])
        .size()
        .reset_index(name="households")
    )
    year = int(registry.households["year"].iloc[0])
    fixed = {"province_code": of.province_code, "round_id": round_id, "registry_year": year}
    session.execute(delete(Movement).where(Movement.round_id == round_id))
    records: list[dict[str, Any]] = [
        {str(name): value for name, value in row.items()} | fixed for row in tally.to_dict("records")
    ]
    for start in range(0, len(records), _AT_ONCE):
        session.execute(insert(Movement), records[start : start + _AT_ONCE])
    by_movement = pd.Series(tally.groupby("movement")["households"].sum())
    return {str(name): int(count) for name, count in by_movement.items()}


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
    return True


def movement_counts(session: Session, round_id: str) -> list[Movement]:
    """Movements of a round, by commune, previous and current status."""
    return list(
        session.scalars(
            select(Movement)
            .where(Movement.round_id == round_id)
            .order_by(Movement.commune_code, Movement.previous, Movement.current)
        )
    )
