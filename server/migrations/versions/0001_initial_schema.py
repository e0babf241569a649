"""Initial schema

Revision 0001, the first.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.audit.tables import append_only_statements
from server.database import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "area_communes",
        sa.Column("area_kind", sa.String(length=20), nullable=False),
        sa.Column("area_code", sa.String(length=60), nullable=False),
        sa.Column("commune_code", sa.String(length=5), nullable=False),
        sa.PrimaryKeyConstraint("area_kind", "area_code", "commune_code", name=op.f("pk_area_communes")),
    )
    op.create_table(
        "audit_entries",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("object_kind", sa.String(length=40), nullable=False),
        sa.Column("object_id", sa.String(length=200), nullable=True),
        sa.Column("purpose", sa.String(length=40), nullable=True),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_entries")),
    )
    with op.batch_alter_table("audit_entries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entries_actor"), ["actor"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_entries_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_entries_object_id"), ["object_id"], unique=False)

    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("args", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("run_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.String(length=32), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("heartbeat_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.String(length=80), nullable=True),
        sa.Column("schedule", sa.String(length=60), nullable=True),
        sa.Column("slot_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("schedule", "slot_at", name=op.f("uq_jobs_schedule_slot_at")),
    )
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.create_index("ix_jobs_state_run_at", ["state", "run_at"], unique=False)

    op.create_table(
        "login_attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("account_hash", sa.String(length=64), nullable=False),
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_attempts")),
    )
    with op.batch_alter_table("login_attempts", schema=None) as batch_op:
        batch_op.create_index("ix_login_attempts_account_at", ["account_hash", "at"], unique=False)
        batch_op.create_index("ix_login_attempts_address_at", ["address_hash", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_login_attempts_at"), ["at"], unique=False)

    op.create_table(
        "master_keys",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("check_value", sa.String(length=32), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_master_keys")),
        sa.UniqueConstraint("check_value", name=op.f("uq_master_keys_check_value")),
    )
    op.create_table(
        "registry_households",
        sa.Column("province_code", sa.String(length=2), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("household_code", sa.String(length=100), nullable=False),
        sa.Column("commune_code", sa.String(length=5), nullable=False),
        sa.Column("unit_valid_from", sa.Date(), nullable=True),
        sa.Column("village_id", sa.String(length=100), nullable=True),
        sa.Column("village_name", sa.String(length=200), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("head_name", sa.LargeBinary(), nullable=True),
        sa.Column("member_count", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("imported_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("province_code", "year", "household_code", name=op.f("pk_registry_households")),
    )
    with op.batch_alter_table("registry_households", schema=None) as batch_op:
        batch_op.create_index("ix_registry_households_commune", ["province_code", "year", "commune_code"], unique=False)

    op.create_table(
        "residents",
        sa.Column("commune_code", sa.String(length=5), nullable=False),
        sa.Column("unit_valid_from", sa.Date(), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_date", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("commune_code", "unit_valid_from", "year", name=op.f("pk_residents")),
    )
    op.create_table(
        "residents_changes",
        sa.Column("change_id", sa.Integer(), nullable=False),
        sa.Column("commune_code", sa.String(length=5), nullable=False),
        sa.Column("unit_valid_from", sa.Date(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("households_before", sa.Integer(), nullable=True),
        sa.Column("persons_before", sa.Integer(), nullable=True),
        sa.Column("households", sa.Integer(), nullable=True),
        sa.Column("persons", sa.Integer(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_date", sa.Date(), nullable=False),
        sa.Column("changed_by", sa.String(length=120), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_residents_changes")),
    )
    with op.batch_alter_table("residents_changes", schema=None) as batch_op:
        batch_op.create_index("ix_residents_changes_year", ["year", "changed_at"], unique=False)

    op.create_table(
        "review_decisions",
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.Column("interview_id", sa.String(length=100), nullable=False),
        sa.Column("version_id", sa.String(length=100), nullable=False),
        sa.Column("action", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_review_decisions")),
    )
    with op.batch_alter_table("review_decisions", schema=None) as batch_op:
        batch_op.create_index("ix_review_decisions_interview", ["interview_id", "decided_at"], unique=False)

    op.create_table(
        "rounds",
        sa.Column("round_id", sa.String(length=40), nullable=False),
        sa.Column("province_code", sa.String(length=2), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("review_date", sa.Date(), nullable=False),
        sa.Column("standard_id", sa.String(length=40), nullable=False),
        sa.Column("unit_vintage", sa.Date(), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=True),
        sa.Column("meetings_by", sa.Date(), nullable=True),
        sa.Column("closes_on", sa.Date(), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("form_id", sa.String(length=100), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("round_id", name=op.f("pk_rounds")),
    )
    op.create_table(
        "schedules",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("args", sa.JSON(), nullable=False),
        sa.Column("every_seconds", sa.Integer(), nullable=False),
        sa.Column("offset_seconds", sa.Integer(), nullable=False),
        sa.Column("begins_at", UtcDateTime(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_schedules")),
    )
    op.create_table(
        "sync_states",
        sa.Column("project_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("form_id", sa.String(length=100), nullable=False),
        sa.Column("submitted_until", UtcDateTime(), nullable=True),
        sa.Column("updated_until", UtcDateTime(), nullable=True),
        sa.Column("last_attempt_at", UtcDateTime(), nullable=True),
        sa.Column("last_success_at", UtcDateTime(), nullable=True),
        sa.Column("last_error_code", sa.String(length=40), nullable=True),
        sa.Column("live_at_central", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("project_id", "form_id", name=op.f("pk_sync_states")),
    )
    op.create_table(
        "units",
        sa.Column("code", sa.String(length=5), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("province_code", sa.String(length=2), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("unit_type", sa.String(length=20), nullable=False),
        sa.Column("area_class", sa.String(length=5), nullable=False),
        sa.Column("area_km2", sa.Double(), nullable=True),
        sa.Column("population", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("code", "valid_from", name=op.f("pk_units")),
    )
    with op.batch_alter_table("units", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_units_province_code"), ["province_code"], unique=False)

    op.create_table(
        "users",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("username", sa.String(length=60), nullable=False),
        sa.Column("full_name", sa.String(length=120), nullable=False),
        sa.Column("enumerator", sa.String(length=120), nullable=True),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("totp_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("totp_confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("totp_last_step", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("enumerator", name=op.f("uq_users_enumerator")),
        sa.UniqueConstraint("username", name=op.f("uq_users_username")),
    )
    op.create_table(
        "villages",
        sa.Column("village_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("village_type", sa.String(length=40), nullable=False),
        sa.Column("commune_code", sa.String(length=5), nullable=False),
        sa.Column("unit_valid_from", sa.Date(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("old_commune_code", sa.String(length=5), nullable=True),
        sa.Column("old_commune_valid_from", sa.Date(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("village_id", name=op.f("pk_villages")),
    )
    with op.batch_alter_table("villages", schema=None) as batch_op:
        batch_op.create_index("ix_villages_commune", ["commune_code", "unit_valid_from"], unique=False)

    op.create_table(
        "workers",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_workers")),
    )
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("scopes", sa.String(length=400), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_tokens_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_tokens_token_hash")),
    )
    with op.batch_alter_table("api_tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_api_tokens_user_id"), ["user_id"], unique=False)

    op.create_table(
        "boundaries",
        sa.Column("code", sa.String(length=5), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("geometry", sa.LargeBinary(), nullable=False),
        sa.Column("is_boundary", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["code", "valid_from"], ["units.code", "units.valid_from"], name=op.f("fk_boundaries_code_valid_from_units")
        ),
        sa.PrimaryKeyConstraint("code", "valid_from", name=op.f("pk_boundaries")),
    )
    op.create_table(
        "conflicts",
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=False),
        sa.Column("declared_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_conflicts_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", "kind", "reference", name=op.f("pk_conflicts")),
    )
    op.create_table(
        "household_keys",
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("master_number", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("destroyed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["master_number"], ["master_keys.number"], name=op.f("fk_household_keys_master_number_master_keys")
        ),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_household_keys")),
    )
    with op.batch_alter_table("household_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_household_keys_master_number"), ["master_number"], unique=False)

    op.create_table(
        "interviews",
        sa.Column("interview_id", sa.String(length=100), nullable=False),
        sa.Column("version_id", sa.String(length=100), nullable=False),
        sa.Column("province_code", sa.String(length=2), nullable=False),
        sa.Column("round_id", sa.String(length=40), nullable=False),
        sa.Column("commune_code", sa.String(length=5), nullable=True),
        sa.Column("unit_valid_from", sa.Date(), nullable=True),
        sa.Column("commune_answered", sa.String(length=100), nullable=True),
        sa.Column("commune_gps", sa.String(length=5), nullable=True),
        sa.Column("location_status", sa.String(length=20), nullable=False),
        sa.Column("distance_m", sa.Double(), nullable=True),
        sa.Column("village_id", sa.String(length=100), nullable=True),
        sa.Column("position", sa.LargeBinary(), nullable=True),
        sa.Column("household_code", sa.String(length=100), nullable=True),
        sa.Column("head_name", sa.LargeBinary(), nullable=True),
        sa.Column("head_words", sa.Text(), nullable=True),
        sa.Column("head_order", sa.Integer(), nullable=True),
        sa.Column("member_count", sa.Integer(), nullable=False),
        sa.Column("proposed_class", sa.String(length=20), nullable=False),
        sa.Column("method", sa.String(length=40), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("deprivations_min", sa.Integer(), nullable=False),
        sa.Column("deprivations_max", sa.Integer(), nullable=False),
        sa.Column("d01", sa.Boolean(), nullable=True),
        sa.Column("d02", sa.Boolean(), nullable=True),
        sa.Column("d03", sa.Boolean(), nullable=True),
        sa.Column("d04", sa.Boolean(), nullable=True),
        sa.Column("d05", sa.Boolean(), nullable=True),
        sa.Column("d06", sa.Boolean(), nullable=True),
        sa.Column("d07", sa.Boolean(), nullable=True),
        sa.Column("d08", sa.Boolean(), nullable=True),
        sa.Column("d09", sa.Boolean(), nullable=True),
        sa.Column("d10", sa.Boolean(), nullable=True),
        sa.Column("d11", sa.Boolean(), nullable=True),
        sa.Column("d12", sa.Boolean(), nullable=True),
        sa.Column("income_low", sa.Double(), nullable=True),
        sa.Column("income_high", sa.Double(), nullable=True),
        sa.Column("below_line", sa.Boolean(), nullable=True),
        sa.Column("missing", sa.Text(), nullable=False),
        sa.Column("phone_class", sa.String(length=20), nullable=True),
        sa.Column("previous_class", sa.String(length=20), nullable=True),
        sa.Column("visited_at", UtcDateTime(), nullable=True),
        sa.Column("minutes", sa.Double(), nullable=True),
        sa.Column("submitted_at", UtcDateTime(), nullable=False),
        sa.Column("enumerator", sa.Text(), nullable=True),
        sa.Column("form_version", sa.String(length=100), nullable=True),
        sa.Column("edits", sa.Integer(), nullable=False),
        sa.Column("review_state", sa.String(length=20), nullable=False),
        sa.Column("attachments_expected", sa.Integer(), nullable=False),
        sa.Column("attachments_present", sa.Integer(), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=True),
        sa.Column("severity_rank", sa.Integer(), nullable=False),
        sa.Column("answers", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.round_id"], name=op.f("fk_interviews_round_id_rounds")),
        sa.PrimaryKeyConstraint("interview_id", name=op.f("pk_interviews")),
    )
    with op.batch_alter_table("interviews", schema=None) as batch_op:
        batch_op.create_index("ix_interviews_household_code", ["household_code"], unique=False)
        batch_op.create_index("ix_interviews_queue", ["round_id", "review_state", "severity_rank"], unique=False)
        batch_op.create_index(
            "ix_interviews_round_commune", ["province_code", "round_id", "commune_code"], unique=False
        )

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
    with op.batch_alter_table("links", schema=None) as batch_op:
        batch_op.create_index("ix_links_round_household", ["round_id", "registry_year", "household_code"], unique=False)

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
    op.create_table(
        "official_decisions",
        sa.Column("province_code", sa.String(length=2), nullable=False),
        sa.Column("round_id", sa.String(length=40), nullable=False),
        sa.Column("interview_id", sa.String(length=100), nullable=False),
        sa.Column("decided_class", sa.String(length=20), nullable=False),
        sa.Column("decision_number", sa.String(length=100), nullable=False),
        sa.Column("decision_date", sa.Date(), nullable=False),
        sa.Column("recorded_by", sa.String(length=200), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.round_id"], name=op.f("fk_official_decisions_round_id_rounds")),
        sa.PrimaryKeyConstraint("province_code", "round_id", "interview_id", name=op.f("pk_official_decisions")),
    )
    op.create_table(
        "outbox",
        sa.Column("outbox_id", sa.Integer(), nullable=False),
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("form_id", sa.String(length=100), nullable=False),
        sa.Column("central_id", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("last_error_code", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["review_decisions.decision_id"], name=op.f("fk_outbox_decision_id_review_decisions")
        ),
        sa.PrimaryKeyConstraint("outbox_id", name=op.f("pk_outbox")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_decision_id"), ["decision_id"], unique=False)
        batch_op.create_index("ix_outbox_due", ["state", "next_attempt_at"], unique=False)

    op.create_table(
        "registry_members",
        sa.Column("province_code", sa.String(length=2), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("household_code", sa.String(length=100), nullable=False),
        sa.Column("member_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person", sa.LargeBinary(), nullable=False),
        sa.Column("cccd_hash", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["province_code", "year", "household_code"],
            ["registry_households.province_code", "registry_households.year", "registry_households.household_code"],
            name=op.f("fk_registry_members_province_code_year_household_code_registry_households"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "province_code", "year", "household_code", "member_no", name=op.f("pk_registry_members")
        ),
    )
    with op.batch_alter_table("registry_members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_members_cccd_hash"), ["cccd_hash"], unique=False)

    op.create_table(
        "reset_links",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_reset_links_user_id_users")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_reset_links")),
    )
    with op.batch_alter_table("reset_links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reset_links_user_id"), ["user_id"], unique=False)

    op.create_table(
        "role_grants",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=30), nullable=False),
        sa.Column("area_kind", sa.String(length=20), nullable=False),
        sa.Column("area_code", sa.String(length=60), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_role_grants_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grants")),
    )
    with op.batch_alter_table("role_grants", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_role_grants_user_id"), ["user_id"], unique=False)

    op.create_table(
        "service_keys",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("master_number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["master_number"], ["master_keys.number"], name=op.f("fk_service_keys_master_number_master_keys")
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_service_keys")),
    )
    op.create_table(
        "stale_interviews",
        sa.Column("interview_id", sa.String(length=100), nullable=False),
        sa.Column("round_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.round_id"], name=op.f("fk_stale_interviews_round_id_rounds")),
        sa.PrimaryKeyConstraint("interview_id", name=op.f("pk_stale_interviews")),
    )
    with op.batch_alter_table("stale_interviews", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stale_interviews_round_id"), ["round_id"], unique=False)

    op.create_table(
        "submissions",
        sa.Column("form_id", sa.String(length=100), nullable=False),
        sa.Column("central_id", sa.String(length=100), nullable=False),
        sa.Column("version_id", sa.String(length=100), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.String(length=40), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.Column("submitted_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=True),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("review_state", sa.String(length=20), nullable=False),
        sa.Column("edits", sa.Integer(), nullable=False),
        sa.Column("form_version", sa.String(length=100), nullable=True),
        sa.Column("attachments_expected", sa.Integer(), nullable=False),
        sa.Column("attachments_present", sa.Integer(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.round_id"], name=op.f("fk_submissions_round_id_rounds")),
        sa.PrimaryKeyConstraint("form_id", "central_id", "version_id", name=op.f("pk_submissions")),
    )
    with op.batch_alter_table("submissions", schema=None) as batch_op:
        batch_op.create_index("ix_submissions_central_id", ["central_id"], unique=False)
        batch_op.create_index("ix_submissions_round_current", ["round_id", "is_current"], unique=False)
        batch_op.create_index(
            "uq_submissions_current",
            ["form_id", "central_id"],
            unique=True,
            sqlite_where=sa.text("is_current"),
            postgresql_where=sa.text("is_current"),
        )

    op.create_table(
        "user_sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("stage", sa.String(length=10), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_sessions_user_id_users")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_user_sessions")),
    )
    with op.batch_alter_table("user_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_user_sessions_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_user_sessions_user_id"), ["user_id"], unique=False)

    op.create_table(
        "flags",
        sa.Column("interview_id", sa.String(length=100), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("field", sa.String(length=100), nullable=False),
        sa.Column("member_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["interview_id"],
            ["interviews.interview_id"],
            name=op.f("fk_flags_interview_id_interviews"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("interview_id", "code", "field", "member_no", name=op.f("pk_flags")),
    )
    with op.batch_alter_table("flags", schema=None) as batch_op:
        batch_op.create_index("ix_flags_code", ["code"], unique=False)

    op.create_table(
        "interview_members",
        sa.Column("interview_id", sa.String(length=100), nullable=False),
        sa.Column("member_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person", sa.LargeBinary(), nullable=False),
        sa.Column("cccd_hash", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["interview_id"],
            ["interviews.interview_id"],
            name=op.f("fk_interview_members_interview_id_interviews"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("interview_id", "member_no", name=op.f("pk_interview_members")),
    )
    with op.batch_alter_table("interview_members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_interview_members_cccd_hash"), ["cccd_hash"], unique=False)

    for statement in append_only_statements(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    with op.batch_alter_table("interview_members", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_interview_members_cccd_hash"))

    op.drop_table("interview_members")
    with op.batch_alter_table("flags", schema=None) as batch_op:
        batch_op.drop_index("ix_flags_code")

    op.drop_table("flags")
    with op.batch_alter_table("user_sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_user_sessions_user_id"))
        batch_op.drop_index(batch_op.f("ix_user_sessions_expires_at"))

    op.drop_table("user_sessions")
    with op.batch_alter_table("submissions", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_submissions_current", sqlite_where=sa.text("is_current"), postgresql_where=sa.text("is_current")
        )
        batch_op.drop_index("ix_submissions_round_current")
        batch_op.drop_index("ix_submissions_central_id")

    op.drop_table("submissions")
    with op.batch_alter_table("stale_interviews", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_stale_interviews_round_id"))

    op.drop_table("stale_interviews")
    op.drop_table("service_keys")
    with op.batch_alter_table("role_grants", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_role_grants_user_id"))

    op.drop_table("role_grants")
    with op.batch_alter_table("reset_links", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reset_links_user_id"))

    op.drop_table("reset_links")
    with op.batch_alter_table("registry_members", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_registry_members_cccd_hash"))

    op.drop_table("registry_members")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_due")
        batch_op.drop_index(batch_op.f("ix_outbox_decision_id"))

    op.drop_table("outbox")
    op.drop_table("official_decisions")
    op.drop_table("movements")
    with op.batch_alter_table("links", schema=None) as batch_op:
        batch_op.drop_index("ix_links_round_household")

    op.drop_table("links")
    with op.batch_alter_table("interviews", schema=None) as batch_op:
        batch_op.drop_index("ix_interviews_round_commune")
        batch_op.drop_index("ix_interviews_queue")
        batch_op.drop_index("ix_interviews_household_code")

    op.drop_table("interviews")
    with op.batch_alter_table("household_keys", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_household_keys_master_number"))

    op.drop_table("household_keys")
    op.drop_table("conflicts")
    op.drop_table("boundaries")
    with op.batch_alter_table("api_tokens", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_api_tokens_user_id"))

    op.drop_table("api_tokens")
    op.drop_table("workers")
    with op.batch_alter_table("villages", schema=None) as batch_op:
        batch_op.drop_index("ix_villages_commune")

    op.drop_table("villages")
    op.drop_table("users")
    with op.batch_alter_table("units", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_units_province_code"))

    op.drop_table("units")
    op.drop_table("sync_states")
    op.drop_table("schedules")
    op.drop_table("rounds")
    with op.batch_alter_table("review_decisions", schema=None) as batch_op:
        batch_op.drop_index("ix_review_decisions_interview")

    op.drop_table("review_decisions")
    with op.batch_alter_table("residents_changes", schema=None) as batch_op:
        batch_op.drop_index("ix_residents_changes_year")

    op.drop_table("residents_changes")
    op.drop_table("residents")
    with op.batch_alter_table("registry_households", schema=None) as batch_op:
        batch_op.drop_index("ix_registry_households_commune")

    op.drop_table("registry_households")
    op.drop_table("master_keys")
    with op.batch_alter_table("login_attempts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_login_attempts_at"))
        batch_op.drop_index("ix_login_attempts_address_at")
        batch_op.drop_index("ix_login_attempts_account_at")

    op.drop_table("login_attempts")
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_index("ix_jobs_state_run_at")

    op.drop_table("jobs")
    op.drop_table("audit_head")
    with op.batch_alter_table("audit_entries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_entries_object_id"))
        batch_op.drop_index(batch_op.f("ix_audit_entries_at"))
        batch_op.drop_index(batch_op.f("ix_audit_entries_actor"))

    op.drop_table("audit_entries")
    op.drop_table("area_communes")
