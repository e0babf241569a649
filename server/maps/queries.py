"""What the map reads. Interviews are read without anything that names a household."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from geo.aggregate import RULES
from server.accounts.access import Scope
from server.cases import service as cases
from server.cases.tables import Interview
from server.registry.tables import OfficialDecision, RegistryHousehold
from server.units.tables import Boundary, Residents, Unit

_COLUMNS = ("commune_code", "proposed_class", "member_count", "review_state", "provisional", *RULES)


def cases_frame(session: Session, round_id: str, scope: Scope) -> pd.DataFrame:
    """One row per interview that counts, as `geo.aggregate` reads it, with `official_status` (None = undecided)."""
    statement = (
        _interviews(select(*(getattr(Interview, name) for name in _COLUMNS), OfficialDecision.decided_class), scope)
        .join(
            OfficialDecision,
            (OfficialDecision.interview_id == Interview.interview_id)
            & (OfficialDecision.round_id == Interview.round_id),
            isouter=True,
        )
        .where(Interview.round_id == round_id, Interview.superseded_by.is_(None))
    )
    frame = pd.DataFrame(session.execute(statement).all(), columns=[*_COLUMNS, "official_status"])
    for name in RULES:
        frame[name] = frame[name].astype("boolean")
    return frame.astype({"commune_code": "string", "proposed_class": "string", "review_state": "string"})


def causes(session: Session, round_id: str, commune_code: str, scope: Scope) -> Counter[str]:
    """How many poor and near-poor households of a commune named each cause (a household may name several)."""
    statement = _interviews(select(Interview.interview_id, Interview.answers), scope).where(
        Interview.round_id == round_id,
        Interview.commune_code == commune_code,
        Interview.proposed_class.in_(("poor", "near_poor")),
        Interview.review_state != "rejected",
        Interview.superseded_by.is_(None),
    )
    found: Counter[str] = Counter()
    for answers in cases.open_answers(session, [(row[0], row[1]) for row in session.execute(statement)]):
        found.update(set(str((answers or {}).get("causes") or "").split()))
    return found


def listed(session: Session, province_code: str, year: int, scope: Scope) -> pd.DataFrame:
    """Households on one year's list by commune: `listed_poor`, `listed_near_poor` (Int64), index `commune_code`."""
    statement = (
        select(RegistryHousehold.commune_code, RegistryHousehold.status, func.count())
        .where(RegistryHousehold.province_code == province_code, RegistryHousehold.year == year)
        .where(scope.where(RegistryHousehold))
        .group_by(RegistryHousehold.commune_code, RegistryHousehold.status)
    )
    rows = pd.DataFrame(session.execute(statement).all(), columns=["commune_code", "status", "households"])
    table = rows.pivot_table(index="commune_code", columns="status", values="households", aggfunc="sum", fill_value=0)
    table = table.reindex(columns=["poor", "near_poor"], fill_value=0).astype("Int64")
    table.columns = pd.Index(["listed_poor", "listed_near_poor"])
    return table


def residents_source(session: Session, year: int, vintages: set[date]) -> tuple[str, date] | None:
    """Where the resident figures of a year come from, and of which day; None when there are none."""
    statement = (
        select(Residents.source, Residents.source_date)
        .where(Residents.year == year, Residents.unit_valid_from.in_(vintages))
        .order_by(Residents.source_date.desc())
        .limit(1)
    )
    row = session.execute(statement).first()
    return None if row is None else (row[0], row[1])


def drawn_from(session: Session, on: date, province_code: str) -> tuple[str, bool] | None:
    """Source of the shapes of a day's units, and whether all of them are boundaries; None without any shape."""
    statement = (
        select(Boundary.source, Boundary.is_boundary)
        .join(Unit, (Unit.code == Boundary.code) & (Unit.valid_from == Boundary.valid_from))
        .where(Unit.province_code == province_code, Unit.valid_from <= on)
        .where(Unit.valid_to.is_(None) | (Unit.valid_to >= on))
        .distinct()
    )
    found = session.execute(statement).all()
    return (", ".join(sorted({row[0] for row in found})), all(row[1] for row in found)) if found else None


def _interviews(statement: Select[*tuple[Any, ...]], scope: Scope) -> Select[*tuple[Any, ...]]:
    return statement.select_from(Interview).where(scope.where(Interview))
