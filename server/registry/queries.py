"""What the page of movements reads: sums of the households in the reader's areas, and the households themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from reconciliation.movement_forms import COUNTED
from reconciliation.movements import OPEN
from reconciliation.status import LISTED
from server.accounts.access import Scope
from server.registry.tables import Movement, MovementChange

_KEYS = ("commune_code", "previous", "current", "movement", "waiting", "newly_escaped", "provisional")
_PERSONS = ("persons_before", "persons_after", "persons_kept")
#: Most households that are shown at once.
MOST = 500


def sums(session: Session, round_id: str, scope: Scope) -> pd.DataFrame:
    """Rows as `reconciliation.movement_forms.tally` reads them, with `waiting` and `newly_escaped`."""
    unknown = or_(
        and_(Movement.previous.in_(LISTED), Movement.persons_before.is_(None)),
        and_(Movement.current.in_(LISTED), Movement.persons_after.is_(None)),
    )
    unknown_size = case((unknown, 1), else_=0)
    keys = [getattr(Movement, name) for name in _KEYS]
    statement = (
        select(
            *keys,
            unknown_size,
            func.count(),
            *(func.coalesce(func.sum(getattr(Movement, name)), 0) for name in _PERSONS),
        )
        .where(Movement.round_id == round_id, scope.where(Movement))
        .group_by(*keys, unknown_size)
    )
    frame = pd.DataFrame(
        [tuple(row) for row in session.execute(statement)],
        columns=[*_KEYS, "unknown_size", "households", *_PERSONS],
    )
    frame = frame.astype(dict.fromkeys(("unknown_size", "households", *_PERSONS), "Int64"))
    return frame.assign(unknown_size=frame["unknown_size"] * frame["households"]).astype({"provisional": "bool"})


def households(
    session: Session, round_id: str, scope: Scope, *, name: str, column: str, commune_code: str | None
) -> Sequence[Movement]:
    """The households that a cell of a form counts: `MOST` of them, by commune, village and id."""
    statement = (
        select(Movement)
        .where(Movement.round_id == round_id, _counted(name, column, scope))
        .order_by(Movement.commune_code, Movement.village_id, Movement.household_id, Movement.part)
        .limit(MOST)
    )
    if commune_code is not None:
        statement = statement.where(Movement.commune_code == commune_code)
    return session.scalars(statement).all()


def movements_of(session: Session, household_id: str, scope: Scope) -> Sequence[Movement]:
    """How each round counts a household, in the order of rounds."""
    statement = select(Movement).where(Movement.household_id == household_id, scope.where(Movement))
    return session.scalars(statement.order_by(Movement.round_id, Movement.part)).all()


def changes(session: Session, round_id: str, scope: Scope) -> Sequence[MovementChange]:
    """The annex: changes within the year that opening and closing do not show, `MOST` of them."""
    return session.scalars(
        select(MovementChange)
        .where(MovementChange.round_id == round_id, scope.where(MovementChange))
        .order_by(MovementChange.commune_code, MovementChange.household_id, MovementChange.step)
        .limit(MOST)
    ).all()


def changed_households(session: Session, round_id: str, scope: Scope) -> int:
    """How many households the annex lists."""
    counted: Any = select(func.count(MovementChange.household_id.distinct()))
    return session.scalar(counted.where(MovementChange.round_id == round_id, scope.where(MovementChange))) or 0


def _counted(name: str, column: str, scope: Scope) -> ColumnElement[bool]:
    """The households of a cell, within the scope."""
    of_opening, of_closing = Movement.previous == name, Movement.current == name
    unsettled = Movement.movement == OPEN
    conditions: dict[str, ColumnElement[bool]] = {
        "opening": of_opening,
        "closing": of_closing,
        "open": and_(of_opening, unsettled),
        "unplaced": and_(of_closing, unsettled),
    }
    movements = [movement for movement, of in COUNTED[name].items() if of == column]
    return and_(scope.where(Movement), conditions.get(column, Movement.movement.in_(movements)))
