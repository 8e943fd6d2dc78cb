"""Keeping the counts of a library few, and right."""

from __future__ import annotations

from app.core.db import Database
from app.models import images as models
from app.models.images import Miscount

MOST_BUSINESSES = 100
"""Whose counts are put together in one run."""


async def fold_counts(database: Database) -> int:
    """Put the counts together that changes of images have left; returns how many rows there are less."""
    async with database.reading() as session:
        business_ids = await models.list_unfolded(session, MOST_BUSINESSES)
    folded = 0
    for business_id in business_ids:
        async with database.writing() as session:
            folded += await models.fold_counts(session, business_id)
    return folded


async def find_miscounts(database: Database) -> list[Miscount]:
    """Where a library counts other than what is there; reads every image."""
    async with database.reading() as session:
        return await models.find_miscounts(session)


async def recount(database: Database) -> list[Miscount]:
    """Put wrong counts right; returns where they were. Nobody changes an image meanwhile."""
    async with database.writing() as session:
        return await models.recount(session)
