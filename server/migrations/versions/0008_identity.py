"""Households over the years, and their movements

Revision 0008, after 0007.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.database import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Movements are derived: those of before are counted again by `rasoat reconcile`."""
    op.create_table(
        "identity_events",
        sa.Column("event_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("province_code", sa.String(length=2), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("holds_from", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("code", sa.String(length=100), nullable=False),
        sa.Column("household_id", sa.String(length=20), nullable=True),
        sa.Column("via_source", sa.String(length=60), nullable=True),
        sa.Column("via_code", sa.String(length=100), nullable=True),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.Column("decided", sa.Boolean(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=True),
        sa.Column("made_by", sa.String(length=200), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_identity_events")),
    )
    op.create_index("ix_identity_events_province", "identity_events", ["province_code", "event_id"])
    op.create_index("ix_identity_events_code", "identity_events", ["code"])
    op.create_table(
        "identity_questions",
        sa.Column("province_code", sa.String(length=2), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("codes", sa.JSON(), nullable=False),
        sa.Column("household_ids", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("province_code", "source", "number", name=op.f("pk_identity_questions")),
    )
    op.create_table(
        "household_appearances",
        sa.Column("province_code", sa.String(length=2), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("code", sa.String(length=100), nullable=False),
        sa.Column("household_id", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("province_code", "source", "code", name=op.f("pk_household_appearances")),
    )
    op.create_index("ix_household_appearances_household", "household_appearances", ["household_id"])
    op.drop_table("movements")
    op.create_table(
        "movements",
        sa.Column("round_id", sa.String(length=40), nullable=False),
        sa.Column("household_id", sa.String(length=170), nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("province_code", sa.String(length=2), nullable=False),
        sa.Column("commune_code", sa.String(length=5), nullable=False),
        sa.Column("village_id", sa.String(length=100), nullable=True),
        sa.Column("interview_id", sa.String(length=100), nullable=True),
        sa.Column("previous", sa.String(length=20), nullable=False),
        sa.Column("current", sa.String(length=20), nullable=False),
        sa.Column("movement", sa.String(length=30), nullable=False),
        sa.Column("waiting", sa.String(length=20), nullable=False),
        sa.Column("cause", sa.String(length=20), nullable=False),
        sa.Column("earlier_year", sa.Integer(), nullable=True),
        sa.Column("newly_escaped", sa.String(length=20), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("persons_before", sa.Integer(), nullable=True),
        sa.Column("persons_after", sa.Integer(), nullable=True),
        sa.Column("persons_kept", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.round_id"], name=op.f("fk_movements_round_id_rounds")),
        sa.PrimaryKeyConstraint("round_id", "household_id", "part", name=op.f("pk_movements")),
    )
    op.create_index("ix_movements_commune", "movements", ["province_code", "round_id", "commune_code"])
    op.create_table(
        "movement_changes",
        sa.Column("round_id", sa.String(length=40), nullable=False),
        sa.Column("household_id", sa.String(length=170), nullable=False),
        sa.Column("step", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("province_code", sa.String(length=2), nullable=False),
        sa.Column("commune_code", sa.String(length=5), nullable=False),
        sa.Column("village_id", sa.String(length=100), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("before", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("decision_number", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.round_id"], name=op.f("fk_movement_changes_round_id_rounds")),
        sa.PrimaryKeyConstraint("round_id", "household_id", "step", name=op.f("pk_movement_changes")),
    )
    op.create_table(
        "movement_rules",
        sa.Column("round_id", sa.String(length=40), nullable=False),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.Column("look_back_years", sa.Integer(), nullable=True),
        sa.Column("newly_escaped_years", sa.Integer(), nullable=False),
        sa.Column("set_by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.round_id"], name=op.f("fk_movement_rules_round_id_rounds")),
        sa.PrimaryKeyConstraint("round_id", "set_at", name=op.f("pk_movement_rules")),
    )


def downgrade() -> None:
    op.drop_table("movement_rules")
    for name in ("movement_changes", "movements", "household_appearances", "identity_questions", "identity_events"):
        op.drop_table(name)
    op.create_table(
        "movements",
        sa.Column("round_id", sa.String(length=40), nullable=False),
        sa.Column("commune_code", sa.String(length=5), nullable=False),
        sa.Column("previous", sa.String(length=20), nullable=False),
        sa.Column("current", sa.String(length=20), nullable=False),
        sa.Column("movement", sa.String(length=40), nullable=False),
        sa.Column("province_code", sa.String(length=2), nullable=False),
        sa.Column("registry_year", sa.Integer(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.round_id"], name=op.f("fk_movements_round_id_rounds")),
        sa.PrimaryKeyConstraint("round_id", "commune_code", "previous", "current", name=op.f("pk_movements")),
    )
