"""Posts, the channels they are meant for, and their publications.

A publication is one post on one channel. Its columns are the state machine's memory: what is written
here before each step on the platform is what a new process knows after a crash.

    scheduled ──due──▶ publishing ──▶ published
        │                 │   ▲
        ▼                 │   └── retried by the user, or `check` saw that nothing went out
    cancelled             ├──▶ failed        the platform said no, or patience ended before sending
                          └──▶ unconfirmed   sent, and the answer is missing; only a look moves it on

`reference` is what `prepare` returned. `attempted_at` is set, and committed, before `finish` is sent,
and cleared only when a look proves that nothing went out. `started_at` is when publishing began: a
publication does not try for ever. `next_step_at` is when a runner may take
the publication (None: at rest); `lease_owner` and `lease_until` say which runner has it now.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
    delete,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.models.businesses import Member, Role


class PublicationState(StrEnum):
    """Where a publication stands."""

    SCHEDULED = "scheduled"
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    CANCELLED = "cancelled"


MOVES: dict[PublicationState, frozenset[PublicationState]] = {
    PublicationState.SCHEDULED: frozenset(
        {PublicationState.PUBLISHING, PublicationState.FAILED, PublicationState.CANCELLED}
    ),
    PublicationState.PUBLISHING: frozenset(
        {PublicationState.PUBLISHED, PublicationState.FAILED, PublicationState.UNCONFIRMED}
    ),
    PublicationState.FAILED: frozenset({PublicationState.PUBLISHING, PublicationState.CANCELLED}),
    PublicationState.UNCONFIRMED: frozenset(
        {PublicationState.PUBLISHING, PublicationState.PUBLISHED, PublicationState.FAILED}
    ),
    PublicationState.PUBLISHED: frozenset(),
    PublicationState.CANCELLED: frozenset(),
}
"""Every allowed move. Anything else is a bug or a request that came too late."""


class Post(Base):
    """Text plus ordered images, written once. Without publications it is a draft."""

    __tablename__ = "posts"
    __table_args__ = (
        UniqueConstraint("author_id", "request_key"),
        Index("ix_posts_newest", "business_id", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    business_id: Mapped[int] = mapped_column(ForeignKey("businesses.id", ondelete="CASCADE"))
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    content_text: Mapped[str] = mapped_column(Text)
    scheduled_at: Mapped[datetime | None]
    request_key: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class PostImage(Base):
    """An image in a post, at its place. `alt_text` None: the image's own."""

    __tablename__ = "post_images"

    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("images.id"), index=True)
    alt_text: Mapped[str | None] = mapped_column(String(1000))


class PostChannel(Base):
    """A channel that a post is meant for."""

    __tablename__ = "post_channels"

    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), primary_key=True)


class Publication(Base):
    """One post on one channel."""

    __tablename__ = "publications"
    __table_args__ = (
        UniqueConstraint("post_id", "channel_id"),
        CheckConstraint(
            "state IN ('scheduled', 'publishing', 'published', 'failed', 'unconfirmed', 'cancelled')",
            name="state",
        ),
        Index("ix_publications_due", "next_step_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), index=True)
    state: Mapped[str] = mapped_column(String(20))
    reference: Mapped[str | None] = mapped_column(String(200))
    prepare_count: Mapped[int] = mapped_column(default=0)
    step_count: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime | None]
    attempted_at: Mapped[datetime | None]
    external_id: Mapped[str | None] = mapped_column(String(200))
    permalink: Mapped[str | None] = mapped_column(String(500))
    error_code: Mapped[str | None] = mapped_column(String(100))
    error_detail: Mapped[str | None] = mapped_column(Text)
    next_step_at: Mapped[datetime | None]
    lease_owner: Mapped[str | None] = mapped_column(String(200))
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    published_at: Mapped[datetime | None]


class PublicationEvent(Base):
    """One line of a publication's history. `message` is a sentence for people."""

    __tablename__ = "publication_events"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    publication_id: Mapped[int] = mapped_column(ForeignKey("publications.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    code: Mapped[str] = mapped_column(String(100))
    message: Mapped[str] = mapped_column(Text)


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
    return (row[0], Role(row[1])) if row else None


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


async def list_page(
    session: AsyncSession,
    business_id: int,
    *,
    state: str | None,
    limit: int,
    before_id: int | None = None,
) -> tuple[Sequence[Post], int | None]:
    """Posts, newest first, and the id before which the next page begins. `state` is `draft` or a
    publication state that at least one of a post's publications has."""
    conditions: list[ColumnElement[bool]] = [Post.business_id == business_id, Post.deleted_at.is_(None)]
    has_publication = select(Publication.id).where(Publication.post_id == Post.id)
    if state == "draft":
        conditions.append(~has_publication.exists())
    elif state:
        conditions.append(has_publication.where(Publication.state == state).exists())
    if before_id is not None:
        conditions.append(Post.id < before_id)
    rows = (
        await session.scalars(select(Post).where(*conditions).order_by(Post.id.desc()).limit(limit + 1))
    ).all()
    if len(rows) > limit:
        return rows[:limit], rows[limit - 1].id
    return rows, None


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


async def clear_images(session: AsyncSession, post_id: int) -> None:
    """Take the images off a draft that is about to get new ones."""
    await session.execute(delete(PostImage).where(PostImage.post_id == post_id))


async def clear_channels(session: AsyncSession, post_id: int) -> None:
    """Take the channels off a draft that is about to get new ones."""
    await session.execute(delete(PostChannel).where(PostChannel.post_id == post_id))


async def list_publications(session: AsyncSession, post_ids: Sequence[int]) -> Sequence[Publication]:
    """The publications of these posts, oldest first."""
    return (
        await session.scalars(
            select(Publication).where(Publication.post_id.in_(post_ids)).order_by(Publication.id)
        )
    ).all()


async def list_events(session: AsyncSession, publication_ids: Sequence[int]) -> Sequence[PublicationEvent]:
    """The history of these publications, oldest first."""
    return (
        await session.scalars(
            select(PublicationEvent)
            .where(PublicationEvent.publication_id.in_(publication_ids))
            .order_by(PublicationEvent.id)
        )
    ).all()


async def find_publication(session: AsyncSession, publication_id: int) -> Publication | None:
    """The publication with this id, whoever asks."""
    return await session.get(Publication, publication_id, populate_existing=True)


async def find_publication_for_user(
    session: AsyncSession, publication_id: int, user_id: int
) -> tuple[Publication, Role] | None:
    """A publication and the asking user's role in its business."""
    row = (
        await session.execute(
            select(Publication, Member.role)
            .join(Post, Post.id == Publication.post_id)
            .join(Member, and_(Member.business_id == Post.business_id, Member.user_id == user_id))
            .where(Publication.id == publication_id, Post.deleted_at.is_(None))
        )
    ).one_or_none()
    return (row[0], Role(row[1])) if row else None


async def move(
    session: AsyncSession,
    publication_id: int,
    *,
    to: PublicationState,
    at: datetime,
    origin: PublicationState | None = None,
    held_by: str | None = None,
    **values: Any,
) -> bool:
    """Move a publication to another state if that is allowed from where it is; False if it is not.

    With `origin`, only from that state, which may be `to` itself: a step inside it. With `held_by`, only
    while that runner still holds the lease.
    """
    origins = [state.value for state, targets in MOVES.items() if to in targets]
    if origin is not None:
        origins = [origin.value] if origin is to or origin.value in origins else []
    conditions = [Publication.id == publication_id, Publication.state.in_(origins)]
    if held_by is not None:
        conditions.append(Publication.lease_owner == held_by)
    result = await session.execute(
        update(Publication).where(*conditions).values(state=to.value, updated_at=at, **values)
    )
    return bool(result.rowcount)  # type: ignore[attr-defined]  # an UPDATE always gives a CursorResult


async def claim_due(
    session: AsyncSession, *, owner: str, now: datetime, lease_until: datetime, limit: int
) -> list[int]:
    """Take publications whose next step is due and that no living runner has. Returns their ids.

    On PostgreSQL, rows that another runner is claiming at this moment are skipped; SQLite has one
    writer at a time, so there are none.
    """
    due = (
        select(Publication.id)
        .where(
            Publication.next_step_at <= now,
            or_(Publication.lease_until.is_(None), Publication.lease_until < now),
        )
        .order_by(Publication.next_step_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(await session.scalars(due))
    if ids:
        await session.execute(
            update(Publication)
            .where(Publication.id.in_(ids))
            .values(lease_owner=owner, lease_until=lease_until)
        )
    return ids


async def next_due_at(session: AsyncSession) -> datetime | None:
    """When the earliest next step is due that no runner has yet."""
    return await session.scalar(
        select(Publication.next_step_at)
        .where(Publication.next_step_at.is_not(None), Publication.lease_owner.is_(None))
        .order_by(Publication.next_step_at)
        .limit(1)
    )


async def free_leases(session: AsyncSession, owner_prefix: str) -> int:
    """The runners with these names are gone: what they had can be taken at once."""
    result = await session.execute(
        update(Publication)
        .where(Publication.lease_owner.startswith(owner_prefix, autoescape=True))
        .values(lease_owner=None, lease_until=None)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]  # an UPDATE always gives a CursorResult


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


async def release(session: AsyncSession, publication_id: int, owner: str) -> None:
    """Let go of a publication that this runner holds; what is next for it stays as it is."""
    await session.execute(
        update(Publication)
        .where(Publication.id == publication_id, Publication.lease_owner == owner)
        .values(lease_owner=None, lease_until=None)
    )


async def drop_scheduled(session: AsyncSession, post_id: int) -> int:
    """Remove the publications of a post that wait for their time and that no runner has begun with;
    returns how many there were."""
    result = await session.execute(
        delete(Publication).where(
            Publication.post_id == post_id,
            Publication.state == PublicationState.SCHEDULED.value,
            Publication.lease_owner.is_(None),
        )
    )
    return int(result.rowcount)  # type: ignore[attr-defined]  # a DELETE always gives a CursorResult


async def remove_draft(session: AsyncSession, post_id: int) -> None:
    """Remove a post that has no publications, as if it had never been written."""
    has_publication = select(Publication.id).where(Publication.post_id == post_id).exists()
    if await session.scalar(select(has_publication)):
        return
    await clear_images(session, post_id)
    await clear_channels(session, post_id)
    await session.execute(delete(Post).where(Post.id == post_id))
