"""Questions of identity that a person answered, and the log found by either side of a link

Revision 0010, after 0009.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("identity_questions") as table:
        table.add_column(sa.Column("answered_by", sa.String(length=200), nullable=True))
        table.add_column(sa.Column("answer", sa.JSON(), server_default="[]", nullable=False))
    with op.batch_alter_table("identity_questions") as table:
        table.alter_column("answer", server_default=None)
    op.create_index("ix_identity_events_via", "identity_events", ["via_code"])


def downgrade() -> None:
    op.drop_index("ix_identity_events_via", table_name="identity_events")
    with op.batch_alter_table("identity_questions") as table:
        table.drop_column("answer")
        table.drop_column("answered_by")
