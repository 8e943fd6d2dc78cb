"""What users ask for: send a post, plan it, take it back, send it again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Database, after_commit
from app.core.errors import AppError, Conflict, NotFound, RuleBroken
from app.core.logging import get_logger
from app.models import channels as channel_models
from app.models import images as image_models
from app.models import posts as models
from app.models import sending as sending_models
from app.models.businesses import Role
from app.models.channels import Channel, ChannelStatus
from app.models.images import Image
from app.models.posts import Post, Publication, PublicationState
from app.services import access, posts
from app.services.channels import Channels
from app.services.images import Library, image_at
from app.services.media_urls import MediaUrls
from app.services.posts import LABELS, PostStory
from app.services.publishing.history import note
from app.services.publishing.journal import LOOKING_FIRST, place
from app.services.publishing.preflight import Preflight
from app.services.publishing.quota import Meter
from app.services.publishing.settling import hold_post_of

log = get_logger(__name__)


class Publishing:
    """Posts on their way out. `wake` starts a runner once there is something to do."""

    def __init__(
        self,
        database: Database,
        library: Library,
        channels: Channels,
        media_urls: MediaUrls,
        *,
        preflight: Preflight,
        wake: Callable[[], None],
    ) -> None:
        self.preflight = preflight
        self._database = database
        self._library = library
        self._channels = channels
        self._media_urls = media_urls
        self._wake = wake

    async def compose(
        self,
        *,
        user_id: int,
        business_id: int,
        platform: str,
        content_text: str,
        image_ids: Sequence[int],
        image_urls: Sequence[str],
        channel_id: int | None,
        scheduled_at: datetime | None,
        max_bytes: int,
        request_key: str | None,
        ai_label: bool | None = None,
        first_comment: str | None = None,
    ) -> int:
        """Write a post for one channel and send or plan it; returns its id.

        `image_urls` are URLs of this library, or foreign ones that are taken in first. A post that
        breaks a rule is not kept.
        """
        if scheduled_at is not None:
            posts.check_moment(scheduled_at)
        async with self._database.reading() as session:
            await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.EDITOR)
            earlier = request_key and await posts.find_earlier(session, user_id, request_key)
            if not earlier:
                channel = await self._only_channel(session, business_id, platform, channel_id)
        if earlier:
            # The first request may have died between writing the post and sending it.
            await self._send(user_id, earlier.id, scheduled_at)
            return earlier.id
        # What can be known without the pictures is said before they are fetched.
        rules, count = self._channels.rules(channel), len(image_ids) + len(image_urls)
        for problem in posts.early_problems(rules, channel, content_text, count):
            raise problem.refusal()
        pictures = [posts.PictureInput(image_id) for image_id in image_ids]
        for url in image_urls:
            pictures.append(posts.PictureInput(await self._image_at(url, business_id, max_bytes)))
        async with self._database.writing() as session:
            post = await posts.create_post(
                session,
                user_id=user_id,
                business_id=business_id,
                content_text=content_text,
                pictures=pictures,
                channel_ids=[channel.id],
                ai_label=ai_label,
                first_comment=first_comment,
                scheduled_at=scheduled_at,
                request_key=request_key,
            )
        await self._send(user_id, post.id, scheduled_at)
        return post.id

    async def publish(self, *, user_id: int, post_id: int) -> None:
        """Send a draft, or a scheduled post ahead of its time. Publications that are on their way or out
        already stay as they are, so that a second click changes nothing.

        Raises `RuleBroken` with the first rule that stands in the way, and `Conflict` (`post_changed`)
        when the post became another one while it was checked.
        """
        async with self._database.reading() as session:
            post = await posts.get_post(session, user_id=user_id, post_id=post_id, at_least=Role.EDITOR)
            publications = await models.list_publications(session, [post.id])
            chosen, story = await self._parts(session, post)
        if not publications or any(row.state == PublicationState.SCHEDULED.value for row in publications):
            await self._check(chosen, story)
        meters = await self.preflight.meters(chosen)
        try:
            async with self._database.writing() as session:
                held = await self._hold_checked(session, user_id, post)
                await _hold_pictures(session, held)
                waiting = _waiting(chosen, await models.list_publications(session, [held.id]))
                await self._take_room(session, held, waiting, meters, clock.now())
                await self._start(session, held, [channel.id for channel in chosen], at=clock.now())
        except IntegrityError:
            # Sent twice at the same moment: the other request has started it.
            log.info("post.publish_repeated", post_id=post.id)

    async def schedule(self, *, user_id: int, post_id: int, scheduled_at: datetime) -> None:
        """Schedule a draft, or move a scheduled post to another moment; checked now as far as it can be."""
        posts.check_moment(scheduled_at)
        async with self._database.reading() as session:
            post = await posts.get_post(session, user_id=user_id, post_id=post_id, at_least=Role.EDITOR)
            chosen, story = await self._parts(session, post)
            await _list_unbegun(session, post)
        await self._check(chosen, story)
        meters = await self.preflight.meters(chosen)
        now = clock.now()
        async with self._database.writing() as session:
            held = await posts.hold_post(session, user_id=user_id, post_id=post_id)
            scheduled = await _list_unbegun(session, held)
            _require_unchanged(post, held)
            await _hold_pictures(session, held)
            await self._take_room(session, held, chosen, meters, scheduled_at)
            held.scheduled_at, held.updated_at = scheduled_at, now
            if await models.reschedule(session, post.id, scheduled_at, now) < len(scheduled):
                raise _too_late()
            for publication in scheduled:
                note(session, publication.id, now, "rescheduled", "Moved to another time.")
            for channel in [] if scheduled else chosen:
                publication = _new_publication(
                    post.id, channel.id, PublicationState.SCHEDULED, next_step_at=scheduled_at
                )
                session.add(publication)
                await session.flush()
                note(session, publication.id, now, "scheduled", "Scheduled.")
            after_commit(session, self._wake)

    async def schedule_new(self, *, user_id: int, post_id: int, scheduled_at: datetime) -> None:
        """Schedule a post that was just written. One that cannot be scheduled is not kept: whoever wrote it
        has it still, and gets the reason. A post that is scheduled already stays as it is."""
        async with self._database.reading() as session:
            if await models.list_publications(session, [post_id]):
                return
        try:
            await self.schedule(user_id=user_id, post_id=post_id, scheduled_at=scheduled_at)
        except AppError:
            await self._discard(post_id)
            raise

    async def publish_new(self, *, user_id: int, post_id: int) -> None:
        """Send a post that was just written, by the same rule."""
        try:
            await self.publish(user_id=user_id, post_id=post_id)
        except AppError:
            await self._discard(post_id)
            raise

    async def unschedule(self, *, user_id: int, post_id: int) -> None:
        """Make a scheduled post a draft again."""
        async with self._database.writing() as session:
            post = await posts.hold_post(session, user_id=user_id, post_id=post_id)
            publications = await models.list_publications(session, [post.id])
            scheduled = [row for row in publications if row.state == PublicationState.SCHEDULED.value]
            # All or none: one whose time has come goes out, and the others with it.
            if not scheduled or await models.drop_scheduled(session, post.id) < len(scheduled):
                raise Conflict("post_not_scheduled", "This post is not scheduled any more.")
            post.scheduled_at, post.updated_at = None, clock.now()

    async def retry(self, *, user_id: int, publication_id: int) -> Post:
        """Send a failed publication again. Where only a person has said that it did not go out, the platform
        is looked at first, and what turns out to be there is not sent."""
        async with self._database.reading() as session:
            channel = await self._channel_of(session, user_id, publication_id)
        meters = await self.preflight.meters([channel])
        now = clock.now()
        async with self._database.writing() as session:
            publication, post = await hold_post_of(session, publication_id, user_id)
            if publication.state != PublicationState.FAILED.value:
                raise _not_failed()
            if channel.disconnected_at is None:
                await self._take_room(session, post, [channel], meters, now)
            if publication.attempted_at is not None:
                await self._look_first(session, publication)
                return post
            await _hold_pictures(session, post)
            moved = await models.move(
                session,
                publication_id,
                to=PublicationState.PUBLISHING,
                origin=PublicationState.FAILED,
                at=now,
                reference=None,
                attempted_at=None,
                prepare_count=0,
                step_count=0,
                started_at=now,
                held_since=None,
                held_until=None,
                error_code=None,
                error_detail=None,
                next_step_at=now,
            )
            if not moved:
                raise _not_failed()
            note(session, publication_id, now, "retried", "Sending again.")
            after_commit(session, self._wake)
            return post

    async def _channel_of(self, session: AsyncSession, user_id: int, publication_id: int) -> Channel:
        found = await models.find_publication_for_user(session, publication_id, user_id)
        if found is None:
            raise NotFound("publication_not_found", "There is no such publication.")
        access.ensure(found[1], Role.EDITOR)
        channel = await channel_models.find(session, found[0].channel_id)
        assert channel is not None
        return channel

    async def _look_first(self, session: AsyncSession, publication: Publication) -> None:
        """Its last attempt may have worked, whatever a person saw: nothing is sent before a look."""
        channel = await channel_models.find(session, publication.channel_id)
        assert channel is not None
        told, now = f"Looking at {place(channel)} once more before it is sent again.", clock.now()
        moved = await models.move(
            session,
            publication.id,
            to=PublicationState.UNCONFIRMED,
            origin=PublicationState.FAILED,
            at=now,
            step_count=0,
            error_code=LOOKING_FIRST,
            error_detail=told,
            next_step_at=now,
        )
        if not moved:
            raise _not_failed()
        note(session, publication.id, now, LOOKING_FIRST, told)
        after_commit(session, self._wake)

    async def settled(self, post_id: int, *, timeout: timedelta) -> None:
        """Return when no publication of the post is on its way any more, or after `timeout`."""
        deadline = asyncio.get_running_loop().time() + timeout.total_seconds()
        while True:
            async with self._database.reading() as session:
                publications = await models.list_publications(session, [post_id])
            on_the_way = [row for row in publications if _is_on_its_way(row)]
            if not on_the_way or asyncio.get_running_loop().time() > deadline:
                return
            await asyncio.sleep(0.2)

    async def _send(self, user_id: int, post_id: int, scheduled_at: datetime | None) -> None:
        if scheduled_at is not None:
            await self.schedule_new(user_id=user_id, post_id=post_id, scheduled_at=scheduled_at)
        else:
            await self.publish_new(user_id=user_id, post_id=post_id)

    async def _discard(self, post_id: int) -> None:
        async with self._database.writing() as session:
            await models.remove_draft(session, post_id)

    async def _only_channel(
        self, session: AsyncSession, business_id: int, platform: str, channel_id: int | None
    ) -> Channel:
        connected = [
            channel
            for channel in await channel_models.list_connected(session, business_id)
            if channel.platform == platform
        ]
        if channel_id is not None:
            connected = [channel for channel in connected if channel.id == channel_id]
            if not connected:
                raise NotFound("channel_not_found", f"This business has no such {LABELS[platform]} channel.")
        if len(connected) > 1:
            # One that cannot be published to is no choice.
            connected = [
                channel for channel in connected if channel.status == ChannelStatus.CONNECTED.value
            ] or connected
        if len(connected) != 1:
            raise RuleBroken(
                "channel_required",
                f"Say which {LABELS[platform]} channel by its channel_id."
                if connected
                else f"Connect an {LABELS[platform]} channel first."
                if platform == "instagram"
                else "Connect a Facebook Page first.",
            )
        return connected[0]

    async def _image_at(self, url: str, business_id: int, max_bytes: int) -> int:
        """The image behind a URL: one of this business's, or a foreign one that is taken in now."""
        image, _ = await image_at(
            self._library, self._media_urls, url, business_id=business_id, max_bytes=max_bytes
        )
        return image.id

    async def _parts(self, session: AsyncSession, post: Post) -> tuple[list[Channel], PostStory]:
        (story,) = await posts.tell(session, [post])
        found = await channel_models.list_by_ids(session, story.channel_ids)
        return [found[channel_id] for channel_id in story.channel_ids], story

    async def _check(self, chosen: Sequence[Channel], story: PostStory) -> None:
        if not chosen:
            raise RuleBroken("channel_required", "Choose where to publish: at least one channel.")
        for picture in story.pictures:
            _require_kept(picture.image)
        parts = [(channel, story.outgoing(channel.id)) for channel in chosen]
        for verdict in await posts.judge_all(self._library, self._channels, parts):
            obstacle = verdict.obstacle or await self.preflight.obstacle(verdict.channel, verdict.files)
            if obstacle is not None:
                raise obstacle.refusal()

    async def _take_room(
        self,
        session: AsyncSession,
        post: Post,
        chosen: Sequence[Channel],
        meters: Mapping[int, Meter | None],
        at: datetime,
    ) -> None:
        """Give the post its place among those that an account may send in 24 hours. Nobody disconnects these
        channels until this unit of work ends."""
        if not chosen:
            return
        await sending_models.hold_accounts(session, chosen)
        connected = {channel.id for channel in await channel_models.list_connected(session, post.business_id)}
        for channel in chosen:
            if channel.id not in connected:
                raise Conflict(
                    "post_changed",
                    f"{channel.name} was disconnected at the same moment. Look at the post, then try again.",
                )
            problem = await self.preflight.quotas.problem(
                session, channel, meters.get(channel.id), at, but_post_id=post.id
            )
            if problem is not None:
                raise problem.refusal()

    async def _start(
        self, session: AsyncSession, post: Post, channel_ids: Sequence[int], *, at: datetime
    ) -> None:
        """One publication per channel, due now. The unique constraint keeps a double click from two."""
        publications = {row.channel_id: row for row in await models.list_publications(session, [post.id])}
        for channel_id in channel_ids:
            publication = publications.get(channel_id)
            if publication is None:
                publication = _new_publication(
                    post.id, channel_id, PublicationState.PUBLISHING, next_step_at=at
                )
                publication.started_at = at
                session.add(publication)
                await session.flush()
            elif publication.state == PublicationState.SCHEDULED.value:
                moved = await models.move(
                    session,
                    publication.id,
                    to=PublicationState.PUBLISHING,
                    origin=PublicationState.SCHEDULED,
                    at=at,
                    started_at=at,
                    next_step_at=at,
                    # A runner that is about to begin with it has come too late.
                    lease_owner=None,
                    lease_until=None,
                )
                if not moved:
                    continue
            else:
                continue
            note(session, publication.id, at, "started", "Publishing.")
        post.scheduled_at = None
        after_commit(session, self._wake)

    async def _hold_checked(self, session: AsyncSession, user_id: int, checked: Post) -> Post:
        """The post that was checked, held; Conflict when it was changed since."""
        held = await posts.hold_post(session, user_id=user_id, post_id=checked.id)
        _require_unchanged(checked, held)
        return held


async def _list_unbegun(session: AsyncSession, post: Post) -> Sequence[Publication]:
    """The publications of a scheduled post; none of a draft. Raises when anything of the post has begun."""
    publications = await models.list_publications(session, [post.id])
    if any(row.state != PublicationState.SCHEDULED.value for row in publications):
        raise _too_late()
    return publications


def _not_failed() -> Conflict:
    return Conflict("publication_not_failed", "Only a failed publication can be sent again.")


def _too_late() -> Conflict:
    return Conflict("post_not_draft", "This post is on its way or out already, so it can't be scheduled.")


async def _hold_pictures(session: AsyncSession, post: Post) -> None:
    """Nobody throws these images away until this unit of work ends; since the check, somebody may have."""
    rows = await models.list_images(session, [post.id])
    held = await image_models.hold(session, post.business_id, [row.image_id for row in rows])
    for image in held.values():
        _require_kept(image)


def _require_kept(image: Image) -> None:
    if image.deleted_at is not None:
        raise RuleBroken(
            "image_in_trash", f"{image.original_filename} is in the trash. Restore it or take it out."
        )


def _require_unchanged(checked: Post, held: Post) -> None:
    if held.updated_at != checked.updated_at:
        raise Conflict(
            "post_changed", "This post was changed at the same moment. Look at it, then try again."
        )


def _waiting(chosen: Sequence[Channel], publications: Sequence[Publication]) -> list[Channel]:
    """The channels on which nothing has begun."""
    begun = {row.channel_id for row in publications if row.state != PublicationState.SCHEDULED.value}
    return [channel for channel in chosen if channel.id not in begun]


def _is_on_its_way(publication: Publication) -> bool:
    """Still moving by itself: also one that is being looked up, or is out while its link is fetched. Not one
    that is held back, which may take hours."""
    if publication.state == PublicationState.PUBLISHING.value:
        return publication.held_until is None or publication.held_until <= clock.now()
    if publication.state == PublicationState.UNCONFIRMED.value:
        return publication.next_step_at is not None
    return publication.state == PublicationState.PUBLISHED.value and publication.lease_owner is not None


def _new_publication(
    post_id: int, channel_id: int, state: PublicationState, *, next_step_at: datetime
) -> Publication:
    now = clock.now()
    return Publication(
        post_id=post_id,
        channel_id=channel_id,
        state=state.value,
        prepare_count=0,
        step_count=0,
        next_step_at=next_step_at,
        created_at=now,
        updated_at=now,
    )
