"""The likely households of one record, by keys: what is looked up is a piece of the key's hash, never the key."""

from __future__ import annotations

from sqlalchemy.orm import Session

from server.linkage.sides import Side


def index_list(session: Session, province_code: str, year: int, side: Side) -> None:
    """Interim."""
