"""Pictures, the files derived from them, and what was begun in storage.

A row in `storage_intents` says: under these keys something may be written. It is committed before
the first byte and removed in the transaction that adds the rows, so that a crash in between leaves a
trace for the sweep.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id


class Image(Base):
    """A stored picture. `sha256` is of the bytes received; the other facts are of the stored file."""

    __tablename__ = "images"
    __table_args__ = (
        UniqueConstraint("business_id", "sha256"),
        Index("ix_images_newest", "business_id", "created_at", "id"),
        Index("ix_images_most_used", "business_id", "usage_count", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    business_id: Mapped[int] = mapped_column(ForeignKey("businesses.id", ondelete="CASCADE"))
    filename: Mapped[str] = mapped_column(String(255), unique=True)
    original_filename: Mapped[str] = mapped_column(String(255))
    file_size: Mapped[int]
    mime_type: Mapped[str] = mapped_column(String(50))
    width: Mapped[int]
    height: Mapped[int]
    storage_provider: Mapped[str] = mapped_column(String(20))
    storage_key: Mapped[str] = mapped_column(String(500), unique=True)
    thumbnail_key: Mapped[str] = mapped_column(String(500))
    thumbhash: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))
    is_animated: Mapped[bool]
    is_ai_generated: Mapped[bool]
    ai_prompt: Mapped[str | None] = mapped_column(Text)
    ai_model: Mapped[str | None] = mapped_column(String(100))
    ai_style: Mapped[str | None] = mapped_column(String(50))
    alt_text: Mapped[str] = mapped_column(String(1000))
    tags: Mapped[list[str]] = mapped_column(JSON)
    usage_count: Mapped[int]
    last_used_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class Rendition(Base):
    """A derived file of an image. `recipe` names how it was made; it can be made again."""

    __tablename__ = "renditions"
    __table_args__ = (UniqueConstraint("image_id", "recipe"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"))
    recipe: Mapped[str] = mapped_column(String(100))
    storage_key: Mapped[str] = mapped_column(String(500), unique=True)
    mime_type: Mapped[str] = mapped_column(String(50))
    width: Mapped[int]
    height: Mapped[int]
    file_size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    is_cropped: Mapped[bool]
    created_at: Mapped[datetime]


class StorageIntent(Base):
    """Keys under which something was begun at `created_at`."""

    __tablename__ = "storage_intents"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    keys: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(index=True)
