"""Pictures, the files derived from them, and what was begun in storage.

A row in `storage_intents` says: under these keys something may be written. It is committed before
the first byte and removed in the transaction that adds the rows, so that a crash in between leaves a
trace for the sweep.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Computed,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id

IS_USED, IS_EDITED, IS_AI_GENERATED, IS_TRASHED = 1, 2, 4, 8

SHELF = (
    "CASE WHEN usage_count = 0 THEN 0 ELSE 1 END"
    " + CASE WHEN edited_from_id IS NULL THEN 0 ELSE 2 END"
    " + CASE WHEN is_ai_generated THEN 4 ELSE 0 END"
    " + CASE WHEN deleted_at IS NULL THEN 0 ELSE 8 END"
)
"""What the column `shelf` is computed from, in SQL."""

HASH_BANDS = tuple(
    literal_column(f"substr(perceptual_hash, {start}, 4)", String(4)) for start in (1, 5, 9, 13)
)
"""The four parts of a perceptual hash by which its neighbours are found: 16 bits each."""
_HAS_NEIGHBOURS = text("perceptual_hash IS NOT NULL AND deleted_at IS NULL")


class Image(Base):
    """A stored picture. `sha256` is of the bytes received; the other facts are of the stored file.

    `digital_source_type` is IPTC's term for how a model had a part in it, and set when `is_ai_generated` is.
    What made it and from which words is known of pictures that were made here.

    `shelf` says in one number what every filter asks about: each filter takes or leaves a shelf as a
    whole. The database computes it. `search_text` is what a search looks into; it follows by itself
    whenever an image is written through a session, and so do the image's rows in `image_tags`.
    """

    __tablename__ = "images"
    __table_args__ = (
        UniqueConstraint("business_id", "sha256"),
        Index("ix_images_newest", "business_id", "shelf", "created_at", "id"),
        Index("ix_images_most_used", "business_id", "shelf", "usage_count", "id"),
        Index(
            "ix_images_edited_from_id",
            "edited_from_id",
            sqlite_where=text("edited_from_id IS NOT NULL"),
            postgresql_where=text("edited_from_id IS NOT NULL"),
        ),
        Index(
            "ix_images_deleted_at",
            "deleted_at",
            sqlite_where=text("deleted_at IS NOT NULL"),
            postgresql_where=text("deleted_at IS NOT NULL"),
        ),
        *(
            Index(
                f"ix_images_hash_band_{number}",
                "business_id",
                band,
                sqlite_where=_HAS_NEIGHBOURS,
                postgresql_where=_HAS_NEIGHBOURS,
            )
            for number, band in enumerate(HASH_BANDS)
        ),
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
    thumbnail_key: Mapped[str] = mapped_column(String(500), index=True)
    thumbhash: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))
    perceptual_hash: Mapped[str | None] = mapped_column(String(16))
    is_animated: Mapped[bool]
    is_ai_generated: Mapped[bool]
    digital_source_type: Mapped[str | None] = mapped_column(String(50))
    ai_prompt: Mapped[str | None] = mapped_column(Text)
    ai_model: Mapped[str | None] = mapped_column(String(100))
    ai_style: Mapped[str | None] = mapped_column(String(50))
    edited_from_id: Mapped[int | None] = mapped_column(ForeignKey("images.id", ondelete="SET NULL"))
    alt_text: Mapped[str] = mapped_column(String(1000))
    tags: Mapped[list[str]] = mapped_column(JSON)
    usage_count: Mapped[int]
    last_used_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    search_text: Mapped[str] = mapped_column(Text, default="", server_default="", deferred=True)
    shelf: Mapped[int] = mapped_column(Computed(SHELF), deferred=True)


class ImageTag(Base):
    """A tag on an image, folded; `label` is how it was written. The columns from `business_id` on are the
    image's own, kept here by the database so that the images of a tag can be listed in order."""

    __tablename__ = "image_tags"
    __table_args__ = (
        Index("ix_image_tags_newest", "business_id", "tag", "shelf", "created_at", "image_id"),
        Index("ix_image_tags_most_used", "business_id", "tag", "shelf", "usage_count", "image_id"),
    )

    image_id: Mapped[int] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(200), primary_key=True)
    label: Mapped[str] = mapped_column(String(50))
    business_id: Mapped[int] = mapped_column(Id)
    shelf: Mapped[int]
    created_at: Mapped[datetime]
    usage_count: Mapped[int]


class LibraryCount(Base):
    """How many images a business has on a shelf, and their bytes: the sum over the rows with the same key.

    `tag` is a folded tag, or empty for all images; bytes are counted for all only. The database adds a row,
    which may be negative, with every change of an image or tag: nobody waits for anybody to count. Now and
    then rows are put together into one that `is_folded`.
    """

    __tablename__ = "library_counts"
    __table_args__ = (
        Index("ix_library_counts_key", "business_id", "tag", "shelf"),
        Index(
            "ix_library_counts_unfolded",
            "business_id",
            sqlite_where=text("NOT is_folded"),
            postgresql_where=text("NOT is_folded"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    business_id: Mapped[int] = mapped_column(ForeignKey("businesses.id", ondelete="CASCADE"))
    tag: Mapped[str] = mapped_column(String(200))
    shelf: Mapped[int]
    images: Mapped[int] = mapped_column(BigInteger)
    bytes: Mapped[int] = mapped_column(BigInteger)
    is_folded: Mapped[bool]


class Rendition(Base):
    """A derived file of an image. `recipe` names how it was made; it can be made again."""

    __tablename__ = "renditions"
    __table_args__ = (UniqueConstraint("image_id", "recipe"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"))
    recipe: Mapped[str] = mapped_column(String(100))
    storage_provider: Mapped[str] = mapped_column(String(20), server_default="local")
    storage_key: Mapped[str] = mapped_column(String(500), unique=True)
    mime_type: Mapped[str] = mapped_column(String(50))
    width: Mapped[int]
    height: Mapped[int]
    file_size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    is_cropped: Mapped[bool]
    created_at: Mapped[datetime]


class StorageIntent(Base):
    """Keys under which something was begun in a store at `created_at`.

    From `swept_at` on a sweep may be deleting the objects: whoever began the work must not finish it.
    """

    __tablename__ = "storage_intents"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    storage_provider: Mapped[str] = mapped_column(String(20), server_default="local")
    keys: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(index=True)
    swept_at: Mapped[datetime | None]
