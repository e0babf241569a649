"""Attachments and paradata

Revision 0003, after 0002.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.database import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_VERSION = ("form_id", "central_id", "version_id")


def upgrade() -> None:
    """What each version of a submission names, and what was measured in its audit log."""
    op.create_table(
        "attachments",
        *(sa.Column(name, sa.String(length=100), nullable=False) for name in _VERSION),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.Column("media_type", sa.String(length=100), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("has_thumbnail", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("retry_at", UtcDateTime(), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            list(_VERSION),
            [f"submissions.{name}" for name in _VERSION],
            name=op.f("fk_attachments_version_submissions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(*_VERSION, "name", name=op.f("pk_attachments")),
    )
    op.create_index(op.f("ix_attachments_central_id"), "attachments", ["central_id"])
    op.create_index(op.f("ix_attachments_address"), "attachments", ["address"])
    op.create_index(op.f("ix_attachments_state"), "attachments", ["form_id", "state"])
    op.create_table(
        "paradata",
        *(sa.Column(name, sa.String(length=100), nullable=False) for name in _VERSION),
        sa.Column("measures", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            list(_VERSION),
            [f"submissions.{name}" for name in _VERSION],
            name=op.f("fk_paradata_version_submissions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(*_VERSION, name=op.f("pk_paradata")),
    )
    op.create_index(op.f("ix_paradata_central_id"), "paradata", ["central_id"])


def downgrade() -> None:
    """What was fetched and measured is forgotten; the sealed contents stay where they lie."""
    op.drop_table("paradata")
    op.drop_table("attachments")
