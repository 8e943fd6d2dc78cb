"""Generations that run outside of requests, and the money ledger.

On SQLite columns are added and dropped one by one: making a table anew would lose triggers.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.core.db import Id, Usd, UtcDateTime

revision = "0004"
down_revision = "0003"

_PARTIAL_INDEXES = ("next_step_at", "lease_owner", "source_image_id")
_MOMENTS = (
    "attempted_at",
    "retry_until",
    "next_step_at",
    "lease_until",
    "cancel_requested_at",
    "started_at",
)


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(
        "ALTER TABLE generations ADD COLUMN source_image_id"
        f" {'INTEGER' if is_sqlite else 'BIGINT'}"
        " CONSTRAINT fk_generations_source_image_id REFERENCES images(id) ON DELETE SET NULL"
    )
    for name, kind in {
        "mask": sa.LargeBinary(),
        "seed": sa.BigInteger(),
        "retry_after": sa.Integer(),
        "handle": sa.String(length=500),
        "lease_owner": sa.String(length=200),
        **{name: UtcDateTime() for name in _MOMENTS},
    }.items():
        op.add_column("generations", sa.Column(name, kind, nullable=True))
    for name in ("partials", "attempts"):
        op.execute(f"ALTER TABLE generations ADD COLUMN {name} INTEGER DEFAULT 0 NOT NULL")
    for name in ("is_edit", "has_mask"):
        op.execute(f"ALTER TABLE generations ADD COLUMN {name} BOOLEAN DEFAULT false NOT NULL")
    for name in _PARTIAL_INDEXES:
        condition = sa.text(f"{name} IS NOT NULL")
        op.create_index(
            f"ix_generations_{name}",
            "generations",
            [name],
            sqlite_where=condition,
            postgresql_where=condition,
        )
    # Nobody knows what a server of the earlier kind was painting when it stopped.
    op.execute(
        "UPDATE generations SET state = 'unknown', finished_at = created_at, error_code = 'outcome_unknown',"
        " error_detail = 'The server stopped while the provider was painting. The picture may have been made"
        " and billed, but it did not arrive.' WHERE state IN ('queued', 'running')"
    )
    op.add_column("businesses", sa.Column("monthly_ai_cap", Usd(), nullable=True))
    op.execute("ALTER TABLE businesses ADD COLUMN ai_styles JSON DEFAULT '[]' NOT NULL")
    op.execute("ALTER TABLE businesses ADD COLUMN ai_provider_fallback BOOLEAN DEFAULT false NOT NULL")
    op.create_table(
        "usage",
        sa.Column("id", Id, nullable=False),
        sa.Column("business_id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("generation_id", Id, nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("provider", sa.String(length=30), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("is_free", sa.Boolean(), nullable=False),
        sa.Column("price", Usd(), nullable=False),
        sa.Column("estimate", Usd(), nullable=True),
        sa.Column("cost", Usd(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("state IN ('reserved', 'booked', 'refunded', 'unknown')", name="ck_usage_state"),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name="fk_usage_business_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_usage_user_id"),
        sa.ForeignKeyConstraint(
            ["generation_id"], ["generations.id"], name="fk_usage_generation_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_usage"),
        sa.UniqueConstraint("generation_id", name="uq_usage_generation_id"),
    )
    op.create_index("ix_usage_month", "usage", ["business_id", "month", "id"])


def downgrade() -> None:
    op.drop_table("usage")
    for name in ("ai_provider_fallback", "ai_styles", "monthly_ai_cap"):
        op.execute(f"ALTER TABLE businesses DROP COLUMN {name}")
    for name in _PARTIAL_INDEXES:
        op.drop_index(f"ix_generations_{name}", "generations")
    for name in (
        *_MOMENTS,
        *(
            "attempts",
            "partials",
            "lease_owner",
            "handle",
            "retry_after",
            "seed",
            "mask",
            "has_mask",
            "is_edit",
        ),
        "source_image_id",
    ):
        op.execute(f"ALTER TABLE generations DROP COLUMN {name}")
