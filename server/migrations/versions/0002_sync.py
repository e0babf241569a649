"""Forms of a round, and the sync of several

Revision 0002, after 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

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


def downgrade() -> None:
    """Back to one form a round; where the other forms are is lost, their submissions stay."""
    op.add_column("rounds", sa.Column("project_id", sa.Integer(), nullable=True))
    op.add_column("rounds", sa.Column("form_id", sa.String(length=100), nullable=True))
    op.execute(
        "UPDATE rounds SET (project_id, form_id) = (SELECT f.project_id, f.form_id FROM round_forms f "
        "WHERE f.round_id = rounds.round_id AND f.name = 'household')"
    )
    op.drop_table("round_forms")
