"""What a pull stores by the hundred thousand costs less: sealed answers are not tried for compression, and the notes of
what is to be derived again have neither an index nor a foreign key by their round

Revision 0009, after 0008.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _store_answers("EXTERNAL")
    with op.batch_alter_table("stale_interviews") as table:
        table.drop_index("ix_stale_interviews_round_id")
        table.drop_constraint("fk_stale_interviews_round_id_rounds", type_="foreignkey")


def downgrade() -> None:
    with op.batch_alter_table("stale_interviews") as table:
        table.create_foreign_key("fk_stale_interviews_round_id_rounds", "rounds", ["round_id"], ["round_id"])
        table.create_index("ix_stale_interviews_round_id", ["round_id"])
    _store_answers("EXTENDED")


def _store_answers(how: str) -> None:
    """PostgreSQL tries to compress each value it moves out of the row: in vain where it is encrypted."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE submissions ALTER COLUMN payload SET STORAGE {how}")
