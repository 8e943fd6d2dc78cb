"""Files that were made while somebody looked for the right crop, and that no post is sent with.

They can be made again, so a day later they go. What stays: the large preview of each image, and every file
that a post which is not deleted would be sent with, or was.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import RuleBroken
from app.core.logging import get_logger
from app.imaging.recipes import PREVIEW
from app.models import channels as channel_models
from app.models import images as image_models
from app.models import posts as models
from app.services.channels import Channels
from app.services.images import Library, rendition_name
from app.services.posts.layouts import lay_out
from app.services.posts.stories import tell

log = get_logger(__name__)

KEPT_FOR = timedelta(days=1)
_PAGE = 100
_PAGES = 20
_MOST_POSTS = 200
"""An image in more posts than this keeps all its files: they are few for what is sent so often."""


class Leftovers:
    """Removes them, page by page; the next run goes on where the last one stopped."""

    def __init__(self, library: Library, channels: Channels) -> None:
        self._library = library
        self._channels = channels
        self._after_id = 0

    async def sweep(self) -> int:
        """Remove files that no post needs, some thousands a run at most; returns how many."""
        removed = 0
        for _ in range(_PAGES):
            async with self._library.database.reading() as session:
                page = await image_models.list_old_renditions(
                    session,
                    clock.now() - KEPT_FOR,
                    but=[rendition_name(PREVIEW)],
                    after_id=self._after_id,
                    limit=_PAGE,
                )
                needed = {
                    image_id: await self._needed(session, image_id)
                    for image_id in {made.image_id for made in page}
                }
            removed += await self._library.remove_renditions(
                [
                    made.id
                    for made in page
                    if (names := needed[made.image_id]) is not None and made.recipe not in names
                ]
            )
            if len(page) < _PAGE:
                self._after_id = 0
                break
            self._after_id = page[-1].id
        if removed:
            log.info("renditions.swept", count=removed)
        return removed

    async def _needed(self, session: AsyncSession, image_id: int) -> set[str] | None:
        """The names of the files of this image with which posts are sent; None when that is not known."""
        using = await models.with_image(session, image_id, limit=_MOST_POSTS)
        if len(using) == _MOST_POSTS:
            return None
        names: set[str] = set()
        for story in await tell(session, using, is_brief=True):
            chosen = [*story.channel_ids, *(part.channel.id for part in story.publications)]
            for channel in (await channel_models.list_by_ids(session, set(chosen))).values():
                try:
                    rules = self._channels.rules(channel)
                except RuleBroken:
                    return None  # this server does not reach it now, which may change
                for layout in lay_out(rules.placement_for(len(story.pictures)), story.pictures):
                    if layout.picture.image.id == image_id:
                        names.add(layout.form.name_for(layout.picture.image))
        return names
