"""Keys for programs, and who settled an entry of the ledger by hand.

On SQLite columns are added and dropped one by one: making a table anew would lose triggers.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.core.db import Id, UtcDateTime

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", Id, nullable=False),
        sa.Column("business_id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("hint", sa.String(length=16), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("role IN ('owner', 'admin', 'editor', 'viewer')", name="ck_api_keys_role"),
        sa.ForeignKeyConstraint(
            ["business_id", "user_id"],
            ["members.business_id", "members.user_id"],
            name="fk_api_keys_business_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("secret_hash", name="uq_api_keys_secret_hash"),
    )
    op.create_index("ix_api_keys_member", "api_keys", ["business_id", "user_id"])
    op.execute(
        "ALTER TABLE usage ADD COLUMN settled_by BIGINT CONSTRAINT fk_usage_settled_by REFERENCES users (id)"
    )


def downgrade() -> None:
    op.drop_column("usage", "settled_by")
    op.drop_table("api_keys")
