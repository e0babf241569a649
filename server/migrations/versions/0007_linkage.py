"""Linkage: links with their evidence, decisions about them, models, keys

Revision 0007, after 0006.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.database import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Links of before had no weight: they are derived, and `rasoat reconcile` finds them again."""
    op.drop_index("ix_links_round_household", table_name="links")
    op.drop_table("links")
    op.create_table(
        "links",
        sa.Column("province_code", sa.String(length=2), nullable=False),
        sa.Column("round_id", sa.String(length=40), nullable=False),
        sa.Column("registry_year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("interview_id", sa.String(length=100), nullable=False),
        sa.Column("household_code", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("found_kind", sa.String(length=10), nullable=False),
        sa.Column("found_status", sa.String(length=10), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("members_agree", sa.Integer(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("readers", sa.Integer(), nullable=False),
        sa.Column("next_reading", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.round_id"], name=op.f("fk_links_round_id_rounds")),
        sa.PrimaryKeyConstraint(
            "province_code", "round_id", "registry_year", "interview_id", "household_code", name=op.f("pk_links")
        ),
    )
    op.create_index("ix_links_interview", "links", ["interview_id"])
    op.create_index("ix_links_round_household", "links", ["round_id", "registry_year", "household_code"])
    op.create_index("ix_links_waiting", "links", ["round_id", "next_reading"])
    op.create_table(
        "link_decisions",
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.Column("province_code", sa.String(length=2), nullable=False),
        sa.Column("round_id", sa.String(length=40), nullable=False),
        sa.Column("registry_year", sa.Integer(), nullable=False),
        sa.Column("interview_id", sa.String(length=100), nullable=False),
        sa.Column("household_code", sa.String(length=100), nullable=False),
        sa.Column("version_id", sa.String(length=100), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("reading", sa.Integer(), nullable=False),
        sa.Column("readers", sa.Integer(), nullable=False),
        sa.Column("reader", sa.String(length=120), nullable=False),
        sa.Column("found_status", sa.String(length=10), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.round_id"], name=op.f("fk_link_decisions_round_id_rounds")),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_link_decisions")),
    )
    op.create_index("ix_link_decisions_pair", "link_decisions", ["round_id", "interview_id", "household_code"])
    op.create_index("ix_link_decisions_reader", "link_decisions", ["reader", "decided_at"])
    op.create_table(
        "absence_decisions",
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.Column("province_code", sa.String(length=2), nullable=False),
        sa.Column("round_id", sa.String(length=40), nullable=False),
        sa.Column("registry_year", sa.Integer(), nullable=False),
        sa.Column("household_code", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.String(length=10), nullable=False),
        sa.Column("reader", sa.String(length=120), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.round_id"], name=op.f("fk_absence_decisions_round_id_rounds")),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_absence_decisions")),
    )
    op.create_index(
        "ix_absence_decisions_household", "absence_decisions", ["round_id", "registry_year", "household_code"]
    )
    op.create_table(
        "linkage_models",
        sa.Column("province_code", sa.String(length=2), nullable=False),
        sa.Column("round_id", sa.String(length=40), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("data_fingerprint", sa.String(length=64), nullable=False),
        sa.Column("trained_at", UtcDateTime(), nullable=True),
        sa.Column("trained_by", sa.String(length=120), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("cut_link", sa.Double(), nullable=False),
        sa.Column("cut_doubt", sa.Double(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.round_id"], name=op.f("fk_linkage_models_round_id_rounds")),
        sa.PrimaryKeyConstraint("province_code", "round_id", "fingerprint", name=op.f("pk_linkage_models")),
    )
    op.create_table(
        "registry_keys",
        sa.Column("province_code", sa.String(length=2), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("household_code", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("province_code", "year", "key", "household_code", name=op.f("pk_registry_keys")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_registry_keys_household", "registry_keys", ["province_code", "year", "household_code"])
    op.add_column("registry_households", sa.Column("phone", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """What people decided about links is lost; links are found again."""
    op.drop_column("registry_households", "phone")
    for table in ("registry_keys", "linkage_models", "absence_decisions", "link_decisions", "links"):
        op.drop_table(table)
    op.create_table(
        "links",
        sa.Column("interview_id", sa.String(length=100), nullable=False),
        sa.Column("registry_year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("household_code", sa.String(length=100), nullable=False),
        sa.Column("province_code", sa.String(length=2), nullable=False),
        sa.Column("round_id", sa.String(length=40), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("evidence", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.round_id"], name=op.f("fk_links_round_id_rounds")),
        sa.PrimaryKeyConstraint("interview_id", "registry_year", "household_code", name=op.f("pk_links")),
    )
    op.create_index("ix_links_round_household", "links", ["round_id", "registry_year", "household_code"])
