"""Enumerators, assignments and entity lists

Revision 0004, after 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.database import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """People with phones, what each is assigned, and the interviews drawn to be checked."""
    op.create_table(
        "enumerators",
        sa.Column("round_id", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("person", sa.LargeBinary(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("token", sa.LargeBinary(), nullable=True),
        sa.Column("issued_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.round_id"], name=op.f("fk_enumerators_round_id_rounds")),
        sa.PrimaryKeyConstraint("round_id", "code", name=op.f("pk_enumerators")),
    )
    op.create_table(
        "assignments",
        sa.Column("round_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("unit_code", sa.String(length=100), nullable=False),
        sa.Column("enumerator", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["round_id", "enumerator"],
            ["enumerators.round_id", "enumerators.code"],
            name=op.f("fk_assignments_round_id_enumerators"),
        ),
        sa.PrimaryKeyConstraint("round_id", "kind", "unit_code", name=op.f("pk_assignments")),
    )
    op.create_index("ix_assignments_enumerator", "assignments", ["round_id", "enumerator"])
    op.create_table(
        "back_checks",
        sa.Column("round_id", sa.String(length=40), nullable=False),
        sa.Column("interview_id", sa.String(length=100), nullable=False),
        sa.Column("checker", sa.String(length=32), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("drawn_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["round_id", "checker"],
            ["enumerators.round_id", "enumerators.code"],
            name=op.f("fk_back_checks_round_id_enumerators"),
        ),
        sa.PrimaryKeyConstraint("round_id", "interview_id", name=op.f("pk_back_checks")),
    )


def downgrade() -> None:
    """Forget who visits whom; the app users stay at Central."""
    op.drop_table("back_checks")
    op.drop_index("ix_assignments_enumerator", table_name="assignments")
    op.drop_table("assignments")
    op.drop_table("enumerators")
