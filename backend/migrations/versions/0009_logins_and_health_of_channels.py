"""Logins at Meta, the attempts on the way there, wishes to be forgotten, and how each channel is.

On SQLite columns are added and dropped one by one: making a table anew would lose triggers.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.core.db import Id, UtcDateTime

revision = "0009"
down_revision = "0008"

_MOMENTS = ("token_expires_at", "data_access_expires_at", "renew_at", "checked_at", "check_at")


def upgrade() -> None:
    op.create_table(
        "logins",
        sa.Column("id", Id, nullable=False),
        sa.Column("business_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("is_practice", sa.Boolean(), nullable=False),
        sa.Column("meta_user_id", sa.String(length=100), nullable=False),
        sa.Column("token_sealed", sa.Text(), nullable=False),
        sa.Column("permissions", sa.JSON(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("renew_at", UtcDateTime(), nullable=True),
        sa.Column("granted_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('facebook', 'instagram')", name="ck_logins_kind"),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name="fk_logins_business_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_logins"),
        sa.UniqueConstraint(
            "business_id",
            "kind",
            "is_practice",
            "meta_user_id",
            name="uq_logins_business_id_kind_is_practice_meta_user_id",
        ),
    )
    op.create_index("ix_logins_meta_user_id", "logins", ["meta_user_id"])
    op.create_index("ix_logins_renew_at", "logins", ["renew_at"])
    op.create_table(
        "login_attempts",
        sa.Column("id", Id, nullable=False),
        sa.Column("business_id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("session_hash", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("is_practice", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("returned_at", UtcDateTime(), nullable=True),
        sa.Column("problem_code", sa.String(length=100), nullable=True),
        sa.Column("problem_detail", sa.Text(), nullable=True),
        sa.Column("offer_sealed", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('facebook', 'instagram')", name="ck_login_attempts_kind"),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name="fk_login_attempts_business_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_login_attempts_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_login_attempts"),
        sa.UniqueConstraint("state_hash", name="uq_login_attempts_state_hash"),
    )
    op.create_index("ix_login_attempts_expires_at", "login_attempts", ["expires_at"])
    op.create_table(
        "deletion_requests",
        sa.Column("id", Id, nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("logins_removed", sa.Integer(), nullable=False),
        sa.Column("channels_removed", sa.Integer(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deletion_requests"),
        sa.UniqueConstraint("code_hash", name="uq_deletion_requests_code_hash"),
    )
    op.execute(
        "ALTER TABLE channels ADD COLUMN login_id BIGINT"
        " CONSTRAINT fk_channels_login_id REFERENCES logins (id) ON DELETE SET NULL"
    )
    for name in _MOMENTS:
        op.add_column("channels", sa.Column(name, UtcDateTime(), nullable=True))
    op.execute("ALTER TABLE channels ADD COLUMN missing_permissions JSON DEFAULT '[]' NOT NULL")
    op.add_column("channels", sa.Column("problem_code", sa.String(length=100), nullable=True))
    op.add_column("channels", sa.Column("problem_detail", sa.Text(), nullable=True))
    for name in ("quota_used", "quota_total"):
        op.add_column("channels", sa.Column(name, sa.Integer(), nullable=True))
    op.create_index("ix_channels_check_at", "channels", ["check_at"])
    # Those that are connected already are looked at in the first day.
    op.execute("UPDATE channels SET check_at = updated_at WHERE disconnected_at IS NULL")


def downgrade() -> None:
    op.drop_index("ix_channels_check_at", table_name="channels")
    for name in ("quota_total", "quota_used", "problem_detail", "problem_code", "missing_permissions"):
        op.drop_column("channels", name)
    for name in reversed(_MOMENTS):
        op.drop_column("channels", name)
    op.drop_column("channels", "login_id")
    op.drop_table("deletion_requests")
    op.drop_table("login_attempts")
    op.drop_table("logins")
