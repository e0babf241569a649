"""What a pull stores and asks for by the hundred thousand costs less

Sealed answers are not tried for compression. The notes of what is to be derived again have neither an index nor a
foreign key by their round. What every pull asks of the submissions has an index (of those that were there, SQLite used
none: to it `is_current = 1`, as SQLAlchemy writes it, and `is_current` are two conditions).

Revision 0009, after 0008.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


#: Name, columns, and the condition on SQLite and on PostgreSQL.
_INDEXES = (
    ("uq_submissions_current", ["project_id", "form_id", "central_id", "is_current"], "is_current = 1", "is_current"),
    (
        "ix_submissions_history",
        ["project_id", "form_id", "central_id"],
        "is_current = 1 AND history_known = 0",
        "is_current AND NOT history_known",
    ),
    (
        "ix_submissions_awaiting",
        ["project_id", "form_id", "central_id"],
        "is_current = 1 AND deleted_at IS NULL AND attachments_present < attachments_expected",
        "is_current AND deleted_at IS NULL AND attachments_present < attachments_expected",
    ),
    (
        "ix_submissions_gone",
        ["project_id", "form_id"],
        "is_current = 1 AND (deleted_at IS NOT NULL OR payload IS NULL)",
        "is_current AND (deleted_at IS NOT NULL OR payload IS NULL)",
    ),
    (
        "ix_submissions_changed",
        ["project_id", "form_id", "updated_at"],
        "is_current = 1 AND updated_at IS NOT NULL",
        "is_current AND updated_at IS NOT NULL",
    ),
)
_BEFORE = (
    ("uq_submissions_current", ["form_id", "central_id"], "is_current", "is_current"),
    (
        "ix_submissions_history",
        ["form_id", "central_id"],
        "is_current AND NOT history_known",
        "is_current AND NOT history_known",
    ),
)


def upgrade() -> None:
    _store_answers("EXTERNAL")
    _replace_indexes(_BEFORE, _INDEXES)
    with op.batch_alter_table("stale_interviews") as table:
        table.drop_index("ix_stale_interviews_round_id")
        table.drop_constraint("fk_stale_interviews_round_id_rounds", type_="foreignkey")


def downgrade() -> None:
    with op.batch_alter_table("stale_interviews") as table:
        table.create_foreign_key("fk_stale_interviews_round_id_rounds", "rounds", ["round_id"], ["round_id"])
        table.create_index("ix_stale_interviews_round_id", ["round_id"])
    _replace_indexes(_INDEXES, _BEFORE)
    _store_answers("EXTENDED")


def _store_answers(how: str) -> None:
    """PostgreSQL tries to compress each value it moves out of the row: in vain where it is encrypted."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE submissions ALTER COLUMN payload SET STORAGE {how}")


Indexes = tuple[tuple[str, list[str], str, str], ...]


def _replace_indexes(before: Indexes, after: Indexes) -> None:
    for name, *_ in before:
        op.drop_index(name, table_name="submissions")
    for name, columns, on_sqlite, on_postgresql in after:
        op.create_index(
            name,
            "submissions",
            columns,
            unique=name.startswith("uq_"),
            sqlite_where=sa.text(on_sqlite),
            postgresql_where=sa.text(on_postgresql),
        )
