"""Posts with their images and channels: found, listed, cleared, and asked for by what they use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.businesses import Member, Role, role_within
from app.models.posts.tables import Post, PostChannel, PostImage, PostText, Publication, PublicationState


async def find_for_user(
    session: AsyncSession, post_id: int, user_id: int, *, is_held: bool = False
) -> tuple[Post, Role] | None:
    """A post and the asking user's role; None when it is absent, deleted or not theirs.

    With `is_held` nobody else can hold it until the unit of work ends: who changes a post, sends it or
    deletes it comes one after the other. On SQLite a unit that writes is alone anyway.
    """
    query = (
        select(Post, Member.role)
        .join(Member, and_(Member.business_id == Post.business_id, Member.user_id == user_id))
        .where(Post.id == post_id, Post.deleted_at.is_(None))
    )
    if is_held:
        query = query.with_for_update(of=Post).execution_options(populate_existing=True)
    row = (await session.execute(query)).one_or_none()
    role = role_within(row[1], row[0].business_id) if row else None
    return (row[0], role) if row and role else None


async def find(session: AsyncSession, post_id: int) -> Post | None:
    """The post with this id, whoever asks, also a deleted one."""
    return await session.get(Post, post_id)


async def find_by_request(
    session: AsyncSession, user_id: int, request_key: str, since: datetime
) -> Post | None:
    """The post that an earlier request with the same idempotency key made since then."""
    return await session.scalar(
        select(Post).where(
            Post.author_id == user_id, Post.request_key == request_key, Post.created_at >= since
        )
    )


async def forget_request(session: AsyncSession, user_id: int, request_key: str, before: datetime) -> None:
    """A key that was used before this moment is free again."""
    await session.execute(
        update(Post)
        .where(Post.author_id == user_id, Post.request_key == request_key, Post.created_at < before)
        .values(request_key=None)
    )


PAGE_WEIGHT = 2_000_000
"""About so many characters are told of the posts on one page."""
_IMAGE_WEIGHT = 1_000
_PUBLICATION_WEIGHT = 4_000


@dataclass(frozen=True, slots=True)
class Place:
    """The last post of a page. `due_at` where the list is in the order in which posts go out."""

    post_id: int
    due_at: datetime | None = None


async def list_page(
    session: AsyncSession,
    business_id: int,
    *,
    state: str | None,
    limit: int,
    after: Place | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[Sequence[Post], Place | None]:
    """Posts, newest first, and where the page ends when there are more. `state` is `draft` or a publication
    state that at least one of a post's publications has; those that are scheduled come soonest first.

    `since` and `until` (excluded) bound when a post goes out or went out; of a draft, when it was written.
    A page of long posts ends before it has `limit` of them, but never without any.
    """
    due_at = func.coalesce(Post.scheduled_at, Post.created_at)
    is_by_time = state == PublicationState.SCHEDULED.value
    order = (due_at, Post.id) if is_by_time else (Post.id.desc(),)
    conditions: list[ColumnElement[bool]] = [Post.business_id == business_id, Post.deleted_at.is_(None)]
    has_publication = select(Publication.id).where(Publication.post_id == Post.id)
    if state == "draft":
        conditions.append(~has_publication.exists())
    elif state:
        conditions.append(has_publication.where(Publication.state == state).exists())
    if since is not None or until is not None:
        out_at = select(func.min(Publication.published_at)).where(Publication.post_id == Post.id)
        moment = func.coalesce(Post.scheduled_at, out_at.scalar_subquery(), Post.created_at)
        conditions += [moment >= since] if since is not None else []
        conditions += [moment < until] if until is not None else []
    if after is not None and is_by_time:
        # A place of the other order stands at the end of this one's day zero: the list begins anew.
        last_due = after.due_at or datetime.min.replace(tzinfo=UTC)
        conditions.append(or_(due_at > last_due, and_(due_at == last_due, Post.id > after.post_id)))
    elif after is not None:
        conditions.append(Post.id < after.post_id)
    weighed = (
        await session.execute(select(Post.id, _weight()).where(*conditions).order_by(*order).limit(limit + 1))
    ).all()
    chosen: list[int] = []
    for post_id, weight in accumulate(weighed, lambda before, row: (row[0], before[1] + row[1])):
        if len(chosen) == limit or (chosen and weight > PAGE_WEIGHT):
            break
        chosen.append(post_id)
    rows = (await session.scalars(select(Post).where(Post.id.in_(chosen)).order_by(*order))).all()
    if len(chosen) == len(weighed):
        return rows, None
    last = rows[-1]
    return rows, Place(last.id, (last.scheduled_at or last.created_at) if is_by_time else None)


def _weight() -> ColumnElement[int]:
    """About how many characters are told of a post in a list."""
    images = select(func.count()).where(PostImage.post_id == Post.id).scalar_subquery()
    publications = select(func.count()).where(Publication.post_id == Post.id).scalar_subquery()
    return func.length(Post.content_text) + images * _IMAGE_WEIGHT + publications * _PUBLICATION_WEIGHT


async def list_images(session: AsyncSession, post_ids: Sequence[int]) -> Sequence[PostImage]:
    """The images of these posts, in order."""
    return (
        await session.scalars(
            select(PostImage)
            .where(PostImage.post_id.in_(post_ids))
            .order_by(PostImage.post_id, PostImage.position)
        )
    ).all()


async def list_channels(session: AsyncSession, post_ids: Sequence[int]) -> Sequence[PostChannel]:
    """The channels these posts are meant for."""
    return (
        await session.scalars(
            select(PostChannel)
            .where(PostChannel.post_id.in_(post_ids))
            .order_by(PostChannel.post_id, PostChannel.channel_id)
        )
    ).all()


async def list_texts(session: AsyncSession, post_ids: Sequence[int]) -> Sequence[PostText]:
    """The texts of their own that channels have in these posts."""
    return (
        await session.scalars(
            select(PostText)
            .where(PostText.post_id.in_(post_ids))
            .order_by(PostText.post_id, PostText.channel_id)
        )
    ).all()


async def clear_images(session: AsyncSession, post_id: int) -> None:
    """Take the images off a draft that is about to get new ones."""
    await session.execute(delete(PostImage).where(PostImage.post_id == post_id))


async def clear_channels(session: AsyncSession, post_id: int) -> None:
    """Take the channels off a draft that is about to get new ones."""
    await session.execute(delete(PostChannel).where(PostChannel.post_id == post_id))


async def clear_texts(session: AsyncSession, post_id: int) -> None:
    """Take the channels' own texts off a draft that is about to get new ones."""
    await session.execute(delete(PostText).where(PostText.post_id == post_id))


async def scheduled_with_image(session: AsyncSession, image_id: int) -> Sequence[Post]:
    """Posts that are still to go out, or are going out, with this image."""
    return (
        await session.scalars(
            select(Post)
            .join(PostImage, PostImage.post_id == Post.id)
            .where(
                PostImage.image_id == image_id,
                Post.deleted_at.is_(None),
                select(Publication.id)
                .where(
                    Publication.post_id == Post.id,
                    Publication.state.in_(
                        [PublicationState.SCHEDULED.value, PublicationState.PUBLISHING.value]
                    ),
                )
                .exists(),
            )
            .distinct()
            .order_by(Post.id)
        )
    ).all()


async def scheduled_by_image(session: AsyncSession, image_ids: Sequence[int]) -> dict[int, list[Post]]:
    """Posts that are still to go out, or are going out, by the images that they need."""
    states = [PublicationState.SCHEDULED.value, PublicationState.PUBLISHING.value]
    rows = await session.execute(
        select(PostImage.image_id, Post)
        .join(Post, Post.id == PostImage.post_id)
        .where(
            PostImage.image_id.in_(image_ids),
            Post.deleted_at.is_(None),
            select(Publication.id)
            .where(Publication.post_id == Post.id, Publication.state.in_(states))
            .exists(),
        )
        .order_by(Post.id)
    )
    found: dict[int, list[Post]] = {}
    for image_id, post in rows:
        found.setdefault(image_id, []).append(post)
    return found


async def with_image(
    session: AsyncSession, image_id: int, *, include_deleted: bool = False, limit: int = 50
) -> Sequence[Post]:
    """Posts that use this image, newest first."""
    return (
        await session.scalars(
            select(Post)
            .join(PostImage, PostImage.post_id == Post.id)
            .where(PostImage.image_id == image_id, *([] if include_deleted else [Post.deleted_at.is_(None)]))
            .distinct()
            .order_by(Post.id.desc())
            .limit(limit)
        )
    ).all()


async def waiting_on_channel(session: AsyncSession, channel_id: int) -> Sequence[Post]:
    """Posts that are still to go out, or are going out, on this channel."""
    return (
        await session.scalars(
            select(Post)
            .join(Publication, Publication.post_id == Post.id)
            .where(
                Publication.channel_id == channel_id,
                Post.deleted_at.is_(None),
                Publication.state.in_([PublicationState.SCHEDULED.value, PublicationState.PUBLISHING.value]),
            )
            .order_by(Post.id)
        )
    ).all()


async def remove_draft(session: AsyncSession, post_id: int) -> None:
    """Remove a post that has no publications, as if it had never been written."""
    has_publication = select(Publication.id).where(Publication.post_id == post_id).exists()
    if await session.scalar(select(has_publication)):
        return
    await clear_images(session, post_id)
    await clear_channels(session, post_id)
    await clear_texts(session, post_id)
    await session.execute(delete(Post).where(Post.id == post_id))
