"""What keeps posts from going out, and the look at a planned post before it is due.

On SQLite columns are added and dropped one by one: making a table anew would lose triggers.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.core.db import Id, UtcDateTime

revision = "0008"
down_revision = "0006"

_COLUMNS = ("held_since", "held_until", "preflight_at")


def upgrade() -> None:
    for name in _COLUMNS:
        op.add_column("publications", sa.Column(name, UtcDateTime(), nullable=True))
    op.create_table(
        "publishing_holds",
        sa.Column("id", Id, nullable=False),
        sa.Column("platform", sa.String(length=20), nullable=False),
        sa.Column("is_practice", sa.Boolean(), nullable=False),
        sa.Column("channel_id", Id, nullable=True),
        sa.Column("code", sa.String(length=100), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("probe_publication_id", Id, nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name="fk_publishing_holds_channel_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_publishing_holds"),
    )
    for name, columns, condition in (
        ("platform", ["platform", "is_practice"], "ended_at IS NULL AND channel_id IS NULL"),
        ("channel_id", ["channel_id"], "ended_at IS NULL AND channel_id IS NOT NULL"),
    ):
        op.create_index(
            f"uq_publishing_holds_{name}",
            "publishing_holds",
            columns,
            unique=True,
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )
    op.create_table(
        "publishing_troubles",
        sa.Column("id", Id, nullable=False),
        sa.Column("channel_id", Id, nullable=False),
        sa.Column("code", sa.String(length=100), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name="fk_publishing_troubles_channel_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_publishing_troubles"),
    )
    op.create_index("ix_publishing_troubles_at", "publishing_troubles", ["at"])


def downgrade() -> None:
    op.drop_table("publishing_troubles")
    op.drop_table("publishing_holds")
    for name in reversed(_COLUMNS):
        op.execute(f"ALTER TABLE publications DROP COLUMN {name}")
