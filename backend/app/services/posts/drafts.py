"""Posts: written, listed, changed while they are drafts, taken off the list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Conflict, NotFound, RuleBroken
from app.models import posts as models
from app.models import sending as sending_models
from app.models.businesses import Role
from app.models.posts import Place, Post, PublicationState
from app.services import access
from app.services.idempotency import KEPT_FOR
from app.services.posts.parts import KEPT, Kept, PictureInput, set_channels, set_pictures, set_texts

MAX_AHEAD = timedelta(days=366)


async def create_post(
    session: AsyncSession,
    *,
    user_id: int,
    business_id: int,
    content_text: str,
    pictures: Sequence[PictureInput],
    channel_ids: Sequence[int],
    texts: Mapping[int, str] | None = None,
    ai_label: bool | None = None,
    first_comment: str | None = None,
    scheduled_at: datetime | None = None,
    request_key: str | None = None,
) -> Post:
    """Keep a draft. With the `request_key` of an earlier request it is that request's post.

    `texts` are texts of their own, by channel. `scheduled_at` is only checked: planning the post is another
    step.
    """
    await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.EDITOR)
    if request_key is not None:
        earlier = await find_earlier(session, user_id, request_key)
        if earlier is not None:
            return earlier
        await models.forget_request(session, user_id, request_key, clock.now() - KEPT_FOR)
    if scheduled_at is not None:
        check_moment(scheduled_at)
    now = clock.now()
    post = Post(
        business_id=business_id,
        author_id=user_id,
        content_text=content_text,
        ai_label=ai_label,
        first_comment=first_comment or None,
        scheduled_at=None,
        request_key=request_key,
        created_at=now,
        updated_at=now,
        deleted_at=None,
    )
    session.add(post)
    await session.flush()
    await set_pictures(session, post, pictures)
    await set_channels(session, post, channel_ids)
    await set_texts(session, post, texts or {})
    return post


async def find_earlier(session: AsyncSession, user_id: int, request_key: str) -> Post | None:
    """The post of an earlier request with this key, as long as keys are kept."""
    return await models.find_by_request(session, user_id, request_key, clock.now() - KEPT_FOR)


async def change_post(
    session: AsyncSession,
    *,
    user_id: int,
    post_id: int,
    content_text: str | None,
    pictures: Sequence[PictureInput] | None,
    channel_ids: Sequence[int] | None,
    texts: Mapping[int, str] | None = None,
    ai_label: bool | Kept | None = KEPT,
    first_comment: str | Kept | None = KEPT,
) -> Post:
    """Change a draft; None (`KEPT` where None means something) leaves a thing as it is, also one that could
    not be chosen any more."""
    post = await hold_post(session, user_id=user_id, post_id=post_id)
    if await models.list_publications(session, [post.id]):
        raise Conflict(
            "post_not_draft", "This post is scheduled, on its way or out already, so it can't be changed."
        )
    if content_text is not None:
        post.content_text = content_text
    if pictures is not None:
        await models.clear_images(session, post.id)
        await set_pictures(session, post, pictures)
    if channel_ids is not None:
        await models.clear_channels(session, post.id)
        await set_channels(session, post, channel_ids)
    if texts is not None:
        await models.clear_texts(session, post.id)
        await set_texts(session, post, texts)
    if not isinstance(ai_label, Kept):
        post.ai_label = ai_label
    if not isinstance(first_comment, Kept):
        post.first_comment = first_comment or None
    post.updated_at = clock.now()
    await session.flush()
    return post


async def delete_post(session: AsyncSession, *, user_id: int, post_id: int) -> None:
    """Take a post off the list. What is scheduled is cancelled, and what is held back is taken back; what is
    going out cannot be stopped."""
    post = await hold_post(session, user_id=user_id, post_id=post_id)
    now = clock.now()
    publications = await models.list_publications(session, [post.id])
    if not publications:
        # A draft leaves nothing behind that anybody could ask for, and lets go of its images.
        await models.remove_draft(session, post.id)
        return
    for publication in publications:
        is_going_out = publication.state == PublicationState.PUBLISHING.value
        if is_going_out:
            is_going_out = not await sending_models.take_back_held(session, publication.id, now)
        if publication.state == PublicationState.SCHEDULED.value:
            # Its time may have come since it was read.
            is_going_out = not await models.move(
                session,
                publication.id,
                to=PublicationState.CANCELLED,
                origin=PublicationState.SCHEDULED,
                at=now,
                next_step_at=None,
            )
        if is_going_out:
            raise Conflict("post_publishing", "This post is going out right now. Wait until it has settled.")
    post.deleted_at = post.updated_at = now


async def get_post(
    session: AsyncSession, *, user_id: int, post_id: int, at_least: Role = Role.VIEWER
) -> Post:
    """A post of one of the user's businesses."""
    found = await models.find_for_user(session, post_id, user_id)
    if found is None:
        raise NotFound("post_not_found", "There is no such post.")
    access.ensure(found[1], at_least)
    return found[0]


async def hold_post(session: AsyncSession, *, user_id: int, post_id: int) -> Post:
    """A post that its editor is about to change or send: nobody else can until this unit of work ends."""
    found = await models.find_for_user(session, post_id, user_id, is_held=True)
    if found is None:
        raise NotFound("post_not_found", "There is no such post.")
    access.ensure(found[1], Role.EDITOR)
    return found[0]


async def list_posts(
    session: AsyncSession,
    *,
    user_id: int,
    business_id: int,
    state: str | None,
    limit: int,
    after: Place | None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[Sequence[Post], Place | None]:
    """A business's posts, newest first, those that are scheduled soonest first; and where the page ends.
    `since` and `until` (excluded) bound when they go out, went out, or were written as drafts."""
    await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.VIEWER)
    return await models.list_page(
        session, business_id, state=state, limit=limit, after=after, since=since, until=until
    )


def check_moment(scheduled_at: datetime) -> None:
    """Raises when a post cannot be scheduled for this moment."""
    now = clock.now()
    if scheduled_at <= now:
        raise RuleBroken("scheduled_in_past", "This time has passed. Choose a later one, or publish now.")
    if scheduled_at > now + MAX_AHEAD:
        raise RuleBroken("scheduled_too_far", "Posts can be scheduled up to a year ahead.")
