"""Several stores at once, moving between them, and uploads that browsers send to the store themselves.

On SQLite columns are added and dropped one by one: making a table anew would lose triggers.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.core.db import Id, UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    for table in ("renditions", "storage_intents"):
        op.execute(f"ALTER TABLE {table} ADD COLUMN storage_provider VARCHAR(20) DEFAULT 'local' NOT NULL")
    op.execute(
        "UPDATE renditions SET storage_provider ="
        " (SELECT storage_provider FROM images WHERE images.id = renditions.image_id)"
    )
    # What is begun goes where the newest pictures are.
    op.execute(
        "UPDATE storage_intents SET storage_provider ="
        " COALESCE((SELECT storage_provider FROM images ORDER BY id DESC LIMIT 1), 'local')"
    )
    op.add_column("storage_intents", sa.Column("swept_at", UtcDateTime(), nullable=True))
    # The sweep asks which of the keys that were begun a row names.
    op.create_index("ix_images_thumbnail_key", "images", ["thumbnail_key"])
    op.create_table(
        "upload_tickets",
        sa.Column("id", sa.String(length=43), nullable=False),
        sa.Column("business_id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("storage_provider", sa.String(length=20), nullable=False),
        sa.Column("storage_key", sa.String(length=500), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("mime_type", sa.String(length=50), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("completed_at", UtcDateTime(), nullable=True),
        sa.Column("image_id", Id, nullable=True),
        sa.Column("is_duplicate", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name="fk_upload_tickets_business_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_upload_tickets_user_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["image_id"], ["images.id"], name="fk_upload_tickets_image_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_upload_tickets"),
        sa.UniqueConstraint("storage_key", name="uq_upload_tickets_storage_key"),
    )
    op.create_index("ix_upload_tickets_created_at", "upload_tickets", ["created_at"])
    op.create_index("ix_upload_tickets_image_id", "upload_tickets", ["image_id"])


def downgrade() -> None:
    op.drop_table("upload_tickets")
    op.drop_index("ix_images_thumbnail_key", "images")
    for table, column in (
        ("storage_intents", "swept_at"),
        ("storage_intents", "storage_provider"),
        ("renditions", "storage_provider"),
    ):
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
