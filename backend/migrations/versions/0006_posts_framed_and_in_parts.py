"""How images are framed in posts, texts per channel, the AI label, the first comment, publications in parts.

On SQLite columns are added and dropped one by one: making a table anew would lose triggers.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.core.db import Id, UtcDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("ALTER TABLE businesses ADD COLUMN label_ai_images BOOLEAN DEFAULT true NOT NULL")
    op.add_column("posts", sa.Column("ai_label", sa.Boolean(), nullable=True))
    op.add_column("posts", sa.Column("first_comment", sa.Text(), nullable=True))
    op.execute(
        "ALTER TABLE post_images ADD COLUMN framing VARCHAR(10) DEFAULT 'crop' NOT NULL"
        " CONSTRAINT ck_post_images_framing CHECK (framing IN ('crop', 'fit'))"
    )
    for name in ("focus_x", "focus_y"):
        op.execute(f"ALTER TABLE post_images ADD COLUMN {name} FLOAT DEFAULT 0.5 NOT NULL")
    op.execute("ALTER TABLE post_images ADD COLUMN background VARCHAR(7) DEFAULT '#ffffff' NOT NULL")
    op.execute("ALTER TABLE post_images ADD COLUMN user_tags JSON DEFAULT '[]' NOT NULL")
    op.create_table(
        "post_texts",
        sa.Column("post_id", Id, nullable=False),
        sa.Column("channel_id", Id, nullable=False),
        sa.Column("content_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name="fk_post_texts_post_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_post_texts_channel_id"),
        sa.PrimaryKeyConstraint("post_id", "channel_id", name="pk_post_texts"),
    )
    op.add_column("publications", sa.Column("comment_attempted_at", UtcDateTime(), nullable=True))
    op.add_column("publications", sa.Column("comment_id", sa.String(length=200), nullable=True))
    op.add_column("publications", sa.Column("comment_error", sa.Text(), nullable=True))
    op.create_table(
        "publication_parts",
        sa.Column("publication_id", Id, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=False),
        sa.Column("image_id", Id, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('child', 'photo')", name="ck_publication_parts_kind"),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publications.id"],
            name="fk_publication_parts_publication_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_publication_parts_image_id"),
        sa.PrimaryKeyConstraint("publication_id", "position", name="pk_publication_parts"),
    )
    op.create_index("ix_publication_parts_image_id", "publication_parts", ["image_id"])


def downgrade() -> None:
    op.drop_table("publication_parts")
    for name in ("comment_error", "comment_id", "comment_attempted_at"):
        op.execute(f"ALTER TABLE publications DROP COLUMN {name}")
    op.drop_table("post_texts")
    for name in ("user_tags", "background", "focus_y", "focus_x", "framing"):
        op.execute(f"ALTER TABLE post_images DROP COLUMN {name}")
    for name in ("first_comment", "ai_label"):
        op.execute(f"ALTER TABLE posts DROP COLUMN {name}")
    op.execute("ALTER TABLE businesses DROP COLUMN label_ai_images")
