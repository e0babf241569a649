"""Forms of a round, and the sync of several

Revision 0002, after 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.database import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A round has several forms; its one form of before is the household form."""
    op.create_table(
        "round_forms",
        sa.Column("round_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("form_id", sa.String(length=100), nullable=False),
        sa.Column("published_version", sa.String(length=100), nullable=True),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.round_id"], name=op.f("fk_round_forms_round_id_rounds")),
        sa.PrimaryKeyConstraint("round_id", "name", name=op.f("pk_round_forms")),
        sa.UniqueConstraint("project_id", "form_id", name=op.f("uq_round_forms_project_id_form_id")),
    )
    op.execute(
        "INSERT INTO round_forms (round_id, name, project_id, form_id) "
        "SELECT round_id, 'household', project_id, form_id FROM rounds "
        "WHERE project_id IS NOT NULL AND form_id IS NOT NULL"
    )
    op.drop_column("rounds", "form_id")
    op.drop_column("rounds", "project_id")
    op.create_table(
        "sync_leases",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("holder", sa.String(length=80), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sync_leases")),
    )
    for column in (
        sa.Column("live_here", sa.Integer(), nullable=True),
        sa.Column("awaiting_files", sa.Integer(), nullable=True),
        sa.Column("erased_at_central", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("compared_at", UtcDateTime(), nullable=True),
        sa.Column("expected_version", sa.String(length=100), nullable=True),
        sa.Column("expected_fields", sa.JSON(), nullable=True),
        sa.Column("unknown_fields", sa.JSON(), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("missing_fields", sa.JSON(), nullable=False, server_default=sa.text("'{}'")),
    ):
        op.add_column("sync_states", column)
    for column in (
        sa.Column("payload_format", sa.String(length=10), nullable=False, server_default=sa.text("'odata_json'")),
        sa.Column("purged_at", UtcDateTime(), nullable=True),
        sa.Column("history_known", sa.Boolean(), nullable=False, server_default=sa.true()),
    ):
        op.add_column("submissions", column)
    # What replaced a version before now may have replaced others that were never seen.
    op.execute("UPDATE submissions SET history_known = (edits = 0)")
    open_ = sa.text("is_current AND NOT history_known")
    op.create_index(
        "ix_submissions_history", "submissions", ["form_id", "central_id"], sqlite_where=open_, postgresql_where=open_
    )


def downgrade() -> None:
    """Back to one form a round; where the other forms are is lost, their submissions stay.

    Versions that came as XML go: before, only OData rows were kept.
    """
    op.execute("DELETE FROM submissions WHERE payload_format = 'xml'")
    op.drop_index("ix_submissions_history", "submissions")
    for column in ("payload_format", "purged_at", "history_known"):
        op.drop_column("submissions", column)
    for column in (
        "live_here",
        "awaiting_files",
        "erased_at_central",
        "compared_at",
        "expected_version",
        "expected_fields",
        "unknown_fields",
        "missing_fields",
    ):
        op.drop_column("sync_states", column)
    op.drop_table("sync_leases")
    op.add_column("rounds", sa.Column("project_id", sa.Integer(), nullable=True))
    op.add_column("rounds", sa.Column("form_id", sa.String(length=100), nullable=True))
    op.execute(
        "UPDATE rounds SET (project_id, form_id) = (SELECT f.project_id, f.form_id FROM round_forms f "
        "WHERE f.round_id = rounds.round_id AND f.name = 'household')"
    )
    op.drop_table("round_forms")
