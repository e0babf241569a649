"""Statements over rounds that depend on who asks."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.access import Scope
from server.rounds.tables import Round


def within(session: Session, scope: Scope) -> set[str]:
    """Ids of the rounds whose whole province lies within the scope."""
    return set(session.scalars(select(Round.round_id).where(scope.where(Round))))
