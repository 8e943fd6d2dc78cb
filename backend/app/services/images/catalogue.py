"""Images as members of a business see and change them: listed, described, thrown away, brought back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Conflict, NotFound
from app.models import images as models
from app.models import posts as post_models
from app.models.businesses import Role
from app.models.images import Filter, Image, Page, Sort, TagCount, Totals
from app.models.posts import Post
from app.services import access
from app.services.images.bulk import distinct_tags
from app.services.images.names import display_name

MOST_TAGS_LISTED = 200
MOST_SIMILAR = 6


async def get_image(
    session: AsyncSession, *, user_id: int, image_id: int, at_least: Role = Role.VIEWER, trashed: bool = False
) -> Image:
    """An image of one of the user's businesses. In the trash it is found only with `trashed`."""
    found = await models.find_for_user(session, image_id, user_id)
    if found is None or (found[0].deleted_at is not None and not trashed):
        raise NotFound("image_not_found", "There is no such image.")
    access.ensure(found[1], at_least)
    return found[0]


async def list_images(
    session: AsyncSession,
    *,
    user_id: int,
    business_id: int,
    sort: Sort,
    only: Filter | None,
    tag: str | None,
    search: str | None,
    page: int,
    limit: int,
    after: tuple[str, int] | None,
) -> Page:
    """One page of a business's library."""
    await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.VIEWER)
    wish = await models.wish_for(session, business_id, sort=sort, only=only, tag=tag, search=search)
    find = models.search_page if wish.words else models.list_page
    return await find(session, wish, limit=limit, offset=(page - 1) * limit, after=after)


async def library_totals(session: AsyncSession, *, user_id: int, business_id: int) -> Totals:
    """How much a business keeps."""
    await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.VIEWER)
    return await models.totals(session, business_id)


async def list_tags(
    session: AsyncSession, *, user_id: int, business_id: int, search: str | None
) -> list[TagCount]:
    """The tags of a business, the most used first; at most `MOST_TAGS_LISTED`."""
    await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.VIEWER)
    return await models.list_tags(session, business_id, search=search, limit=MOST_TAGS_LISTED)


async def find_similar(session: AsyncSession, image: Image) -> Sequence[Image]:
    """Images of the same business that look like this one, the most alike first."""
    return await models.find_similar(session, image, limit=MOST_SIMILAR)


async def change_image(
    session: AsyncSession,
    *,
    user_id: int,
    image_id: int,
    filename: str | None,
    alt_text: str | None,
    tags: list[str] | None,
) -> Image:
    """Change what people wrote about an image; None leaves a thing as it is."""
    image = await get_image(session, user_id=user_id, image_id=image_id, at_least=Role.EDITOR)
    if filename is not None:
        image.original_filename = display_name(filename, PurePosixPath(image.storage_key).suffix[1:])
    if alt_text is not None:
        image.alt_text = alt_text
    if tags is not None:
        image.tags = distinct_tags(tags)
    image.updated_at = clock.now()
    await session.flush()
    return image


async def trash_image(session: AsyncSession, *, user_id: int, image_id: int) -> None:
    """Move an image to the trash. Refused while a post that is still to go out needs it."""
    image = await get_image(session, user_id=user_id, image_id=image_id, at_least=Role.EDITOR)
    # Held before posts are looked at: whoever plans one with it comes before or after, never meanwhile.
    held = await models.hold(session, image.business_id, [image.id])
    if image.id not in held or held[image.id].deleted_at is not None:
        raise NotFound("image_not_found", "There is no such image.")
    needed_by = await post_models.scheduled_with_image(session, image_id)
    if needed_by:
        raise Conflict(
            "image_in_use",
            "A scheduled post needs this image. Make it a draft again, or take it off the list.",
            posts=[{"id": post.id, "content_text": post.content_text[:80]} for post in needed_by],
        )
    await models.move_to_trash(session, [image.id], clock.now())


async def restore_image(session: AsyncSession, *, user_id: int, image_id: int) -> Image:
    """Bring an image back from the trash; one that is not there stays as it is."""
    image = await get_image(session, user_id=user_id, image_id=image_id, at_least=Role.EDITOR, trashed=True)
    image.deleted_at = None
    image.updated_at = clock.now()
    await session.flush()
    return image


async def check_removable(session: AsyncSession, *, user_id: int, image_id: int) -> None:
    """Only what is in no post can be removed for good, from the trash or straight away."""
    image = await get_image(session, user_id=user_id, image_id=image_id, at_least=Role.EDITOR, trashed=True)
    used_in = await post_models.with_image(session, image.id, include_deleted=True)
    if used_in:
        raise Conflict(
            "image_in_use",
            "Posts show this image, so it stays in the trash and keeps their pictures.",
            posts=[{"id": post.id, "content_text": post.content_text[:80]} for post in used_in],
        )


async def posts_using(session: AsyncSession, image_id: int) -> Sequence[Post]:
    """Posts with this image, newest first; the caller has checked who asks."""
    return await post_models.with_image(session, image_id)


def checked_cursor(sort: Sort, value: str, image_id: int) -> tuple[str, int]:
    """A place in a list, as `Page.next_cursor` told it. Raises ValueError for anything else."""
    if not 0 < image_id <= access.LARGEST_ID:
        raise ValueError("not an id")
    if sort == "most_used":
        if not 0 <= int(value) <= access.LARGEST_ID:
            raise ValueError("not a count")
    else:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("not a moment")
        # At the ends of the calendar there are times that have none in UTC.
        moment.astimezone(UTC)
    return value, image_id
