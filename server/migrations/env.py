"""Alembic's way in; `server.migrations` gives it the connection."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from server.database import UtcDateTime, import_tables


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Times are written as the project's own type, imported by the revision."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "UtcDateTime()"
    return False


def run() -> None:
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=import_tables(),
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render_item,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
