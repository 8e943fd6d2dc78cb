"""The first tables: people, businesses, images, channels, posts, publications."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.core.db import Id, UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    # sqlite_autoincrement: SQLite would give the id of a deleted row to the next one.
    op.create_table(
        "businesses",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_businesses"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "storage_intents",
        sa.Column("id", Id, nullable=False),
        sa.Column("keys", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_storage_intents"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("storage_intents", schema=None) as batch_op:
        batch_op.create_index("ix_storage_intents_created_at", ["created_at"], unique=False)

    op.create_table(
        "users",
        sa.Column("id", Id, nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "access_tokens",
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_access_tokens_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_access_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_access_tokens_token_hash"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("access_tokens", schema=None) as batch_op:
        batch_op.create_index("ix_access_tokens_expires_at", ["expires_at"], unique=False)
        batch_op.create_index("ix_access_tokens_user_id", ["user_id"], unique=False)

    op.create_table(
        "channels",
        sa.Column("id", Id, nullable=False),
        sa.Column("business_id", Id, nullable=False),
        sa.Column("platform", sa.String(length=20), nullable=False),
        sa.Column("external_id", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("is_practice", sa.Boolean(), nullable=False),
        sa.Column("login", sa.String(length=20), nullable=False),
        sa.Column("token_sealed", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("disconnected_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("platform IN ('instagram', 'facebook')", name="ck_channels_platform"),
        sa.CheckConstraint(
            "status IN ('connected', 'reconnect_needed', 'restricted')", name="ck_channels_status"
        ),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name="fk_channels_business_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_channels"),
        sa.UniqueConstraint(
            "business_id", "platform", "external_id", name="uq_channels_business_id_platform_external_id"
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "idempotent_requests",
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("runner", sa.String(length=100), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_idempotent_requests_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_idempotent_requests"),
        sa.UniqueConstraint("user_id", "key", name="uq_idempotent_requests_user_id_key"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("idempotent_requests", schema=None) as batch_op:
        batch_op.create_index("ix_idempotent_requests_created_at", ["created_at"], unique=False)

    op.create_table(
        "images",
        sa.Column("id", Id, nullable=False),
        sa.Column("business_id", Id, nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("original_filename", sa.String(length=255), nullable=False),
        sa.Column("file_size", sa.Integer(), nullable=False),
        sa.Column("mime_type", sa.String(length=50), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("storage_provider", sa.String(length=20), nullable=False),
        sa.Column("storage_key", sa.String(length=500), nullable=False),
        sa.Column("thumbnail_key", sa.String(length=500), nullable=False),
        sa.Column("thumbhash", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("is_animated", sa.Boolean(), nullable=False),
        sa.Column("is_ai_generated", sa.Boolean(), nullable=False),
        sa.Column("ai_prompt", sa.Text(), nullable=True),
        sa.Column("ai_model", sa.String(length=100), nullable=True),
        sa.Column("ai_style", sa.String(length=50), nullable=True),
        sa.Column("alt_text", sa.String(length=1000), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("usage_count", sa.Integer(), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name="fk_images_business_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_images"),
        sa.UniqueConstraint("business_id", "sha256", name=op.f("uq_images_business_id_sha256")),
        sa.UniqueConstraint("filename", name="uq_images_filename"),
        sa.UniqueConstraint("storage_key", name="uq_images_storage_key"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("images", schema=None) as batch_op:
        batch_op.create_index("ix_images_most_used", ["business_id", "usage_count", "id"], unique=False)
        batch_op.create_index("ix_images_newest", ["business_id", "created_at", "id"], unique=False)

    op.create_table(
        "members",
        sa.Column("id", Id, nullable=False),
        sa.Column("business_id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("role IN ('owner', 'admin', 'editor', 'viewer')", name="ck_members_role"),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name="fk_members_business_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_members_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_members"),
        sa.UniqueConstraint("business_id", "user_id", name="uq_members_business_id_user_id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("members", schema=None) as batch_op:
        batch_op.create_index("ix_members_user_id", ["user_id"], unique=False)

    op.create_table(
        "posts",
        sa.Column("id", Id, nullable=False),
        sa.Column("business_id", Id, nullable=False),
        sa.Column("author_id", Id, nullable=False),
        sa.Column("content_text", sa.Text(), nullable=False),
        sa.Column("scheduled_at", UtcDateTime(), nullable=True),
        sa.Column("request_key", sa.String(length=255), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name="fk_posts_author_id"),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name="fk_posts_business_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_posts"),
        sa.UniqueConstraint("author_id", "request_key", name="uq_posts_author_id_request_key"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("posts", schema=None) as batch_op:
        batch_op.create_index("ix_posts_newest", ["business_id", "id"], unique=False)

    op.create_table(
        "generations",
        sa.Column("id", Id, nullable=False),
        sa.Column("business_id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("enhanced_prompt", sa.Text(), nullable=False),
        sa.Column("provider", sa.String(length=30), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("size", sa.String(length=20), nullable=False),
        sa.Column("quality", sa.String(length=20), nullable=False),
        sa.Column("style", sa.String(length=50), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("image_id", Id, nullable=True),
        sa.Column("error_code", sa.String(length=100), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.Column("request_key", sa.String(length=255), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'succeeded', 'refused', 'failed', 'cancelled', 'unknown')",
            name="ck_generations_state",
        ),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name="fk_generations_business_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["image_id"], ["images.id"], name="fk_generations_image_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_generations_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_generations"),
        sa.UniqueConstraint("user_id", "request_key", name="uq_generations_user_id_request_key"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("generations", schema=None) as batch_op:
        batch_op.create_index("ix_generations_image_id", ["image_id"], unique=False)
        batch_op.create_index("ix_generations_newest", ["business_id", "id"], unique=False)

    op.create_table(
        "post_channels",
        sa.Column("post_id", Id, nullable=False),
        sa.Column("channel_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_post_channels_channel_id"),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name="fk_post_channels_post_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("post_id", "channel_id", name="pk_post_channels"),
    )
    op.create_table(
        "post_images",
        sa.Column("post_id", Id, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("image_id", Id, nullable=False),
        sa.Column("alt_text", sa.String(length=1000), nullable=True),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_post_images_image_id"),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name="fk_post_images_post_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("post_id", "position", name="pk_post_images"),
    )
    with op.batch_alter_table("post_images", schema=None) as batch_op:
        batch_op.create_index("ix_post_images_image_id", ["image_id"], unique=False)

    op.create_table(
        "publications",
        sa.Column("id", Id, nullable=False),
        sa.Column("post_id", Id, nullable=False),
        sa.Column("channel_id", Id, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=True),
        sa.Column("prepare_count", sa.Integer(), nullable=False),
        sa.Column("step_count", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("attempted_at", UtcDateTime(), nullable=True),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column("permalink", sa.String(length=500), nullable=True),
        sa.Column("error_code", sa.String(length=100), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.Column("next_step_at", UtcDateTime(), nullable=True),
        sa.Column("lease_owner", sa.String(length=200), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('scheduled', 'publishing', 'published', 'failed', 'unconfirmed', 'cancelled')",
            name="ck_publications_state",
        ),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_publications_channel_id"),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name="fk_publications_post_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_publications"),
        sa.UniqueConstraint("post_id", "channel_id", name="uq_publications_post_id_channel_id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("publications", schema=None) as batch_op:
        batch_op.create_index("ix_publications_channel_id", ["channel_id"], unique=False)
        batch_op.create_index("ix_publications_due", ["next_step_at"], unique=False)

    op.create_table(
        "renditions",
        sa.Column("id", Id, nullable=False),
        sa.Column("image_id", Id, nullable=False),
        sa.Column("recipe", sa.String(length=100), nullable=False),
        sa.Column("storage_key", sa.String(length=500), nullable=False),
        sa.Column("mime_type", sa.String(length=50), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("file_size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("is_cropped", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["image_id"], ["images.id"], name="fk_renditions_image_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_renditions"),
        sa.UniqueConstraint("image_id", "recipe", name="uq_renditions_image_id_recipe"),
        sa.UniqueConstraint("storage_key", name="uq_renditions_storage_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "publication_events",
        sa.Column("id", Id, nullable=False),
        sa.Column("publication_id", Id, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("code", sa.String(length=100), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publications.id"],
            name="fk_publication_events_publication_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_publication_events"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("publication_events", schema=None) as batch_op:
        batch_op.create_index("ix_publication_events_publication_id", ["publication_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("publication_events", schema=None) as batch_op:
        batch_op.drop_index("ix_publication_events_publication_id")

    op.drop_table("publication_events")
    op.drop_table("renditions")
    with op.batch_alter_table("publications", schema=None) as batch_op:
        batch_op.drop_index("ix_publications_due")
        batch_op.drop_index("ix_publications_channel_id")

    op.drop_table("publications")
    with op.batch_alter_table("post_images", schema=None) as batch_op:
        batch_op.drop_index("ix_post_images_image_id")

    op.drop_table("post_images")
    op.drop_table("post_channels")
    with op.batch_alter_table("generations", schema=None) as batch_op:
        batch_op.drop_index("ix_generations_newest")
        batch_op.drop_index("ix_generations_image_id")

    op.drop_table("generations")
    with op.batch_alter_table("posts", schema=None) as batch_op:
        batch_op.drop_index("ix_posts_newest")

    op.drop_table("posts")
    with op.batch_alter_table("members", schema=None) as batch_op:
        batch_op.drop_index("ix_members_user_id")

    op.drop_table("members")
    with op.batch_alter_table("images", schema=None) as batch_op:
        batch_op.drop_index("ix_images_newest")
        batch_op.drop_index("ix_images_most_used")

    op.drop_table("images")
    with op.batch_alter_table("idempotent_requests", schema=None) as batch_op:
        batch_op.drop_index("ix_idempotent_requests_created_at")

    op.drop_table("idempotent_requests")
    op.drop_table("channels")
    with op.batch_alter_table("access_tokens", schema=None) as batch_op:
        batch_op.drop_index("ix_access_tokens_user_id")
        batch_op.drop_index("ix_access_tokens_expires_at")

    op.drop_table("access_tokens")
    op.drop_table("users")
    with op.batch_alter_table("storage_intents", schema=None) as batch_op:
        batch_op.drop_index("ix_storage_intents_created_at")

    op.drop_table("storage_intents")
    op.drop_table("businesses")
