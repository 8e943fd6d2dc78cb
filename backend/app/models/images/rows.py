"""Single images: found, counted as used, thrown away, brought back, removed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import and_, bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.businesses import Member, Role, role_within
from app.models.images.tables import Image, Rendition
from app.models.posts import PostImage


async def find_for_user(session: AsyncSession, image_id: int, user_id: int) -> tuple[Image, Role] | None:
    """An image and the asking user's role; None when it is absent or in a business that is not theirs."""
    row = (
        await session.execute(
            select(Image, Member.role)
            .join(Member, and_(Member.business_id == Image.business_id, Member.user_id == user_id))
            .where(Image.id == image_id)
        )
    ).one_or_none()
    role = role_within(row[1], row[0].business_id) if row else None
    return (row[0], role) if row and role else None


async def find_many(session: AsyncSession, business_id: int, image_ids: Sequence[int]) -> dict[int, Image]:
    """Those of the ids that are images of the business and not in the trash."""
    rows = await session.scalars(
        select(Image).where(
            Image.business_id == business_id, Image.id.in_(image_ids), Image.deleted_at.is_(None)
        )
    )
    return {image.id: image for image in rows}


async def find_by_hash(session: AsyncSession, business_id: int, sha256: str) -> Image | None:
    """The business's image that was received as these bytes, also from the trash."""
    return await session.scalar(_BY_HASH, {"business_id": business_id, "sha256": sha256})


# Asked with every upload, and made once.
_BY_HASH = select(Image).where(
    Image.business_id == bindparam("business_id"), Image.sha256 == bindparam("sha256")
)


async def find_by_storage_key(session: AsyncSession, business_id: int, key: str) -> Image | None:
    """The business's image that is stored under `key`."""
    return await session.scalar(
        select(Image).where(
            Image.business_id == business_id, Image.storage_key == key, Image.deleted_at.is_(None)
        )
    )


async def find_by_ids(session: AsyncSession, image_ids: Collection[int]) -> dict[int, Image]:
    """Images by id, also from the trash: what posts show."""
    return {image.id: image for image in await session.scalars(select(Image).where(Image.id.in_(image_ids)))}


async def count_use(session: AsyncSession, image_ids: Sequence[int], at: datetime) -> None:
    """These images went out with a publication at this moment."""
    await _lock(session, image_ids)
    await session.execute(
        update(Image)
        .where(Image.id.in_(image_ids))
        .values(usage_count=Image.usage_count + 1, last_used_at=at)
    )


async def hold(session: AsyncSession, business_id: int, image_ids: Sequence[int]) -> dict[int, Image]:
    """Those of the ids that are images of the business, also from the trash. Nobody else changes them until
    the unit of work ends. They are taken in the order of their ids, so that two who want the same images
    never wait for each other."""
    rows = await session.scalars(
        select(Image)
        .where(Image.business_id == business_id, Image.id.in_(image_ids))
        .order_by(Image.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {image.id: image for image in rows}


async def _lock(session: AsyncSession, image_ids: Sequence[int]) -> None:
    """As `hold`, whoever they belong to."""
    await session.execute(
        select(Image.id).where(Image.id.in_(image_ids)).order_by(Image.id).with_for_update(key_share=True)
    )


async def move_to_trash(session: AsyncSession, image_ids: Sequence[int], at: datetime) -> None:
    """Hidden from the library, recoverable. More than one are held already."""
    await session.execute(update(Image).where(Image.id.in_(image_ids)).values(deleted_at=at, updated_at=at))


async def list_trashed(session: AsyncSession, before: datetime, limit: int) -> Sequence[int]:
    """Images that went to the trash before this moment and that no post shows, the longest there first."""
    shown = select(PostImage.image_id).where(PostImage.image_id == Image.id)
    return (
        await session.scalars(
            select(Image.id)
            .where(Image.deleted_at.is_not(None), Image.deleted_at < before, ~shown.exists())
            .order_by(Image.deleted_at, Image.id)
            .limit(limit)
        )
    ).all()


async def restore(session: AsyncSession, image_ids: Sequence[int], at: datetime) -> None:
    """Back from the trash. More than one are held already."""
    await session.execute(update(Image).where(Image.id.in_(image_ids)).values(deleted_at=None, updated_at=at))


async def remove(session: AsyncSession, image_id: int) -> None:
    """The row is gone for good; its objects are the caller's to delete after the commit."""
    await session.execute(delete(Rendition).where(Rendition.image_id == image_id))
    await session.execute(delete(Image).where(Image.id == image_id))
