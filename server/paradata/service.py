"""Paradata of interviews, from their audit logs."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.orm import Session

from server.accounts.access import system_work
from server.paradata.tables import Paradata


@system_work("erasure")
def forget(session: Session, central_id: str) -> None:
    """Remove what was measured of a submission."""
    session.execute(delete(Paradata).where(Paradata.central_id == central_id))
