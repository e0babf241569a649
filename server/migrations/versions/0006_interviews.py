"""Outcome of an interview

Revision 0006, after 0005.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Interviews of before came of a form that asked only households that were met, and replaced none."""
    op.add_column("interviews", sa.Column("outcome", sa.String(length=20), nullable=False, server_default="met"))
    op.add_column("interviews", sa.Column("replaces", sa.String(length=100), nullable=True))
    op.add_column("interviews", sa.Column("superseded_by", sa.String(length=100), nullable=True))
    op.create_index("ix_interviews_replaces", "interviews", ["replaces"])


def downgrade() -> None:
    op.drop_index("ix_interviews_replaces", "interviews")
    for column in ("outcome", "replaces", "superseded_by"):
        op.drop_column("interviews", column)
