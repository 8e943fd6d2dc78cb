"""A business with images that are rows alone, and what its library should show, worked out in Python."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app.core.db import Database
from app.core.words import fold
from app.imaging import Workshop
from app.models.images import Filter, Image, Sort
from app.providers.storage.base import Stores
from app.providers.storage.local import LocalStorage
from app.services import images, users
from app.services.images import Library, Page

FILTERS: tuple[Filter | None, ...] = (None, "uploaded", "ai_generated", "edited", "unused", "trashed")
SORTS: tuple[Sort, ...] = ("created_at_desc", "created_at_asc", "most_used")
STARTED_AT = datetime(2026, 1, 1, tzinfo=UTC)


def made_image(business_id: int, number: int, **more: Any) -> Image:
    """A row for an image; `number` says when it came."""
    unique = uuid.uuid4().hex
    moment = STARTED_AT + timedelta(seconds=number)
    values = {
        "original_filename": f"photo {number}.jpg",
        "file_size": 1000 + number,
        "is_ai_generated": False,
        "ai_prompt": None,
        "alt_text": "",
        "tags": [],
        "usage_count": 0,
        "created_at": moment,
        "updated_at": moment,
        "deleted_at": None,
        "edited_from_id": None,
        **more,
    }
    return Image(
        business_id=business_id,
        filename=f"{business_id}/{unique}.jpg",
        mime_type="image/jpeg",
        width=500,
        height=500,
        storage_provider="local",
        storage_key=f"{business_id}/{unique}.jpg",
        thumbnail_key=f"{business_id}/{unique}-thumb.webp",
        thumbhash="",
        sha256=unique * 2,
        is_animated=False,
        last_used_at=None,
        **values,
    )


@dataclass
class Stock:
    """One business's library."""

    database: Database
    library: Library
    user_id: int
    business_id: int
    folder: Path
    _made: list[int] = field(default_factory=list)

    @classmethod
    async def open(cls, database: Database, folder: Path) -> Stock:
        """A new business with an owner."""
        signed_in = await users.register(
            database,
            email=f"{uuid.uuid4().hex}@example.com",
            password="correct horse battery",
            name="Ada",
            business_name="Harbour Coffee",
            timezone=None,
        )
        business, _ = signed_in.account.businesses[0]
        stores = Stores(LocalStorage(folder / "files"))
        library = Library(database, stores, Workshop(), work_dir=folder / "work")
        return cls(database, library, signed_in.account.user.id, business.id, folder)

    async def add(self, *wanted: dict[str, Any]) -> list[int]:
        """Images with these values, each newer than the one before; their ids."""
        made = [
            made_image(self.business_id, len(self._made) + number, **values)
            for number, values in enumerate(wanted)
        ]
        async with self.database.writing() as session:
            session.add_all(made)
        self._made += [image.id for image in made]
        return [image.id for image in made]

    async def rows(self) -> Sequence[Image]:
        """Every image, as it is now."""
        async with self.database.reading() as session:
            query = sa.select(Image).where(Image.business_id == self.business_id).order_by(Image.id)
            return (await session.scalars(query)).all()

    async def page(self, **asked: Any) -> Page:
        """One page, as the service gives it."""
        wish: dict[str, Any] = {
            "sort": "created_at_desc",
            "only": None,
            "tag": None,
            "search": None,
            "page": 1,
            "after": None,
            "limit": 20,
        }
        async with self.database.reading() as session:
            return await images.list_images(
                session, user_id=self.user_id, business_id=self.business_id, **(wish | asked)
            )

    async def walk(self, **asked: Any) -> list[int]:
        """Every id of a list along its cursors."""
        found: list[int] = []
        after = None
        while True:
            page = await self.page(**asked, after=after)
            found += [image.id for image in page.images]
            after = page.next_cursor
            if after is None:
                return found
            assert page.images

    async def leaf(self, **asked: Any) -> list[int]:
        """Every id of a list by its page numbers."""
        found: list[int] = []
        number = 1
        while ids := [image.id for image in (await self.page(**asked, page=number)).images]:
            found += ids
            number += 1
        return found


def expected(
    rows: Sequence[Image], sort: Sort, only: Filter | None, tag: str | None = None, search: str | None = None
) -> list[int]:
    """The ids that a list should show, in order."""
    chosen = [
        row for row in rows if _is_in(row, only) and _has_tag(row, tag) and _has_words(row, search or "")
    ]
    if sort == "most_used":
        chosen.sort(key=lambda row: (row.usage_count, row.id), reverse=True)
    else:
        chosen.sort(key=lambda row: (row.created_at, row.id), reverse=sort == "created_at_desc")
    return [row.id for row in chosen]


def _is_in(row: Image, only: Filter | None) -> bool:
    if only == "trashed" or row.deleted_at is not None:
        return only == "trashed" and row.deleted_at is not None
    return {
        None: True,
        "uploaded": not row.is_ai_generated,
        "ai_generated": row.is_ai_generated,
        "edited": row.edited_from_id is not None,
        "unused": row.usage_count == 0,
    }[only]


def _has_tag(row: Image, tag: str | None) -> bool:
    return tag is None or _folded(tag) in map(_folded, row.tags)


def _has_words(row: Image, words: str) -> bool:
    texts = (row.original_filename, row.alt_text, row.ai_prompt or "", *row.tags)
    return any(_folded(words) in _folded(text) for text in texts)


# The same words of the same rows are compared for every order and filter.
_folded = functools.cache(fold)
