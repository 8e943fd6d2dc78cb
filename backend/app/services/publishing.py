"""Publishing: one post becomes one publication per channel, and each goes out once or is told as it is.

A publication is moved by steps. A step is taken by a runner that holds its lease, does at most one
thing on the platform that changes something, and commits what it learned before the next. What the
steps are is read from the row alone, so a new process goes on where a dead one stopped:

    reference   attempted_at   what is known                        next
    ---------   ------------   ----------------------------------   --------------------------------
    none        none           nothing was handed over              prepare
    set         none           handed over, not published           look; when ready, write down the
                                                                    attempt, then finish
    set         set            finish was or may have been sent     look; never finish again unless
                                                                    the look proves nothing went out

`attempted_at` is committed before `finish` is sent. A process that dies in between leaves a
publication that looks as if it had been sent: the look then says READY, and after a safe while
(`SETTLE_AFTER`, the platform may still be working on a request whose answer was lost) it goes on.

A lease outlives the longest step. Should a runner be slower still, another one looks before it does
anything, and a late yes of the platform is kept whoever has the lease by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Database, after_commit
from app.core.errors import AppError, Conflict, NotFound, RuleBroken, UpstreamTrouble, UpstreamUnavailable
from app.core.faults import fault
from app.core.logging import get_logger
from app.imaging.renditions import RECIPES
from app.models import channels as channel_models
from app.models import images as image_models
from app.models import posts as models
from app.models.businesses import Role
from app.models.channels import Channel, ChannelStatus
from app.models.posts import Post, Publication, PublicationEvent, PublicationState
from app.providers.publishing.base import (
    Account,
    AccountRestricted,
    Content,
    Look,
    OutcomeUnclear,
    Picture,
    PlatformRules,
    PrepareAgain,
    Publisher,
    PublishingError,
    ReconnectNeeded,
    Standing,
    TryLater,
)
from app.services import access, posts
from app.services.channels import Channels
from app.services.images import Library, rendition_name
from app.services.media_urls import MediaUrls
from app.services.posts import LABELS, PictureInPost

log = get_logger(__name__)

LEASE = timedelta(minutes=4)
"""Longer than any step: two calls to a platform take up to 95 s each."""
SETTLE_AFTER = timedelta(seconds=60)
"""How long after a lost answer the platform is believed when it says that nothing went out."""
PATIENCE = timedelta(minutes=10)
"""How long a publication tries before it says that it did not work."""
MAX_PREPARES = 3
MAX_ATTEMPTS = 5
"""How often `finish` is sent when each time its answer is lost and a look proves that nothing went out."""
MAX_LOOKS = 20
"""After so many looks a person is asked to look. A platform that does not answer is asked further on."""
_PAUSES = (1, 2, 3, 5, 10, 20, 30, 60)
_LONGEST_LINK = 500
_LOOKING = frozenset({"needs_a_look", "looking_again"})
"""Lines of history that say nothing new about what was sent."""


def pause(step_count: int) -> timedelta:
    """How long to wait before the next look, longer each time."""
    return timedelta(seconds=_PAUSES[min(step_count, len(_PAUSES) - 1)])


@dataclass(frozen=True, slots=True)
class _Task:
    """Everything one step needs, read in one go."""

    publication: Publication
    channel: Channel
    text: str
    pictures: Sequence[PictureInPost]
    events: Sequence[PublicationEvent]
    is_post_deleted: bool

    @property
    def state(self) -> PublicationState:
        """Where the publication stood when the step began."""
        return PublicationState(self.publication.state)

    @property
    def unclear_since(self) -> datetime:
        """When it became unclear whether the last attempt worked."""
        lines = [event.at for event in self.events if event.code not in _LOOKING]
        return max(lines, default=self.publication.updated_at)


class Publishing:
    """The state machine of publications. `owner` names this runner in leases; `wake` starts it."""

    def __init__(
        self,
        database: Database,
        library: Library,
        channels: Channels,
        media_urls: MediaUrls,
        *,
        owner: str,
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._library = library
        self._channels = channels
        self._media_urls = media_urls
        self._owner = owner
        self._wake = wake

    # --- what users ask for

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
                scheduled_at=scheduled_at,
                request_key=request_key,
            )
        await self._send(user_id, post.id, scheduled_at)
        return post.id

    async def _send(self, user_id: int, post_id: int, scheduled_at: datetime | None) -> None:
        if scheduled_at is not None:
            await self.schedule_new(user_id=user_id, post_id=post_id, scheduled_at=scheduled_at)
        else:
            await self.publish_new(user_id=user_id, post_id=post_id)

    async def publish(self, *, user_id: int, post_id: int) -> None:
        """Send a draft, or a scheduled post ahead of its time. Publications that are on their way or out
        already stay as they are, so that a second click changes nothing.

        Raises `RuleBroken` with the first rule that stands in the way, and `Conflict` (`post_changed`)
        when the post became another one while it was checked.
        """
        async with self._database.reading() as session:
            post = await posts.get_post(session, user_id=user_id, post_id=post_id, at_least=Role.EDITOR)
            publications = await models.list_publications(session, [post.id])
            chosen, pictures = await self._parts(session, post)
        if not publications or any(row.state == PublicationState.SCHEDULED.value for row in publications):
            await self._check(post, chosen, pictures)
        try:
            async with self._database.writing() as session:
                held = await self._hold_checked(session, user_id, post)
                await self._start(session, held, [channel.id for channel in chosen], at=clock.now())
        except IntegrityError:
            # Sent twice at the same moment: the other request has started it.
            log.info("post.publish_repeated", post_id=post.id)

    async def schedule(self, *, user_id: int, post_id: int, scheduled_at: datetime) -> None:
        """Plan a draft for a moment; checked now as far as it can be."""
        posts.check_moment(scheduled_at)
        async with self._database.reading() as session:
            post = await posts.get_post(session, user_id=user_id, post_id=post_id, at_least=Role.EDITOR)
            chosen, pictures = await self._parts(session, post)
            await self._require_draft(session, post)
        await self._check(post, chosen, pictures)
        now = clock.now()
        async with self._database.writing() as session:
            held = await posts.hold_post(session, user_id=user_id, post_id=post_id)
            await self._require_draft(session, held)
            _require_unchanged(post, held)
            held.scheduled_at, held.updated_at = scheduled_at, now
            for channel in chosen:
                publication = _new_publication(
                    post.id, channel.id, PublicationState.SCHEDULED, next_step_at=scheduled_at
                )
                session.add(publication)
                await session.flush()
                _note(session, publication.id, now, "scheduled", "Planned.")
            after_commit(session, self._wake)

    async def schedule_new(self, *, user_id: int, post_id: int, scheduled_at: datetime) -> None:
        """Plan a post that was just written. One that cannot be planned is not kept: whoever wrote it
        has it still, and gets the reason. A post that is planned already stays as it is."""
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

    async def _discard(self, post_id: int) -> None:
        async with self._database.writing() as session:
            await models.remove_draft(session, post_id)

    async def unschedule(self, *, user_id: int, post_id: int) -> None:
        """Make a scheduled post a draft again."""
        async with self._database.writing() as session:
            post = await posts.hold_post(session, user_id=user_id, post_id=post_id)
            publications = await models.list_publications(session, [post.id])
            planned = [row for row in publications if row.state == PublicationState.SCHEDULED.value]
            # All or none: one whose time has come goes out, and the others with it.
            if not planned or await models.drop_scheduled(session, post.id) < len(planned):
                raise Conflict("post_not_scheduled", "This post is not planned any more.")
            post.scheduled_at, post.updated_at = None, clock.now()

    async def retry(self, *, user_id: int, publication_id: int) -> Post:
        """Send a failed publication again. Only a failure is known not to have gone out."""
        now = clock.now()
        async with self._database.writing() as session:
            post = await self._hold_post_of(session, publication_id, user_id)
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
                error_code=None,
                error_detail=None,
                next_step_at=now,
            )
            if not moved:
                raise Conflict("publication_not_failed", "Only a failed publication can be sent again.")
            _note(session, publication_id, now, "retried", "Sending again.")
            after_commit(session, self._wake)
            return post

    async def confirm(self, *, user_id: int, publication_id: int) -> Post:
        """Look at the platform again, now, for a publication whose outcome is unclear."""
        now = clock.now()
        async with self._database.writing() as session:
            post = await self._hold_post_of(session, publication_id, user_id)
            moved = await models.move(
                session,
                publication_id,
                to=PublicationState.UNCONFIRMED,
                origin=PublicationState.UNCONFIRMED,
                at=now,
                step_count=0,
                next_step_at=now,
            )
            if not moved:
                raise Conflict("publication_settled", "There is nothing to look up for this publication now.")
            _note(session, publication_id, now, "looking_again", "Looking at the platform again.")
            after_commit(session, self._wake)
            return post

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

    # --- what the runner does

    async def claim_due(self, limit: int) -> list[int]:
        """Take publications whose next step is due."""
        now = clock.now()
        async with self._database.writing() as session:
            return await models.claim_due(
                session, owner=self._owner, now=now, lease_until=now + LEASE, limit=limit
            )

    async def next_due_at(self) -> datetime | None:
        """When the earliest step is due that nobody has taken."""
        async with self._database.reading() as session:
            return await models.next_due_at(session)

    async def step(self, publication_id: int) -> None:
        """Do the next step of a claimed publication. Never raises for what a platform does."""
        try:
            task = await self._load(publication_id)
            if task is None:
                return
            await self._advance(task)
        except Exception:
            # The outer edge of a job: whatever it was, the row says where to go on.
            log.exception("publication.step_failed", publication_id=publication_id)
            try:
                await self._put_back(publication_id)
            except Exception:
                # Then the lease ends by itself.
                log.exception("publication.put_back_failed", publication_id=publication_id)

    async def _advance(self, task: _Task) -> None:
        publication = task.publication
        match task.state:
            case PublicationState.SCHEDULED:
                await self._begin(task)
            case PublicationState.PUBLISHING if publication.attempted_at is not None:
                await self._doubt(
                    task, "interrupted", "Publishing was interrupted, so the post may be out.", clock.now()
                )
            case PublicationState.PUBLISHING if task.is_post_deleted:
                await self._fail(task, "post_deleted", "The post was deleted before it went out.")
            case PublicationState.PUBLISHING:
                await self._push(task)
            case PublicationState.UNCONFIRMED:
                await self._look(task)
            case PublicationState.PUBLISHED if publication.permalink is None:
                await self._find_link(task)
            case _:
                await self._rest(task)

    async def _begin(self, task: _Task) -> None:
        """A scheduled publication is due: check once more, then start."""
        try:
            verdict = await posts.judge(self._library, self._channels, task.channel, task.text, task.pictures)
        except UpstreamTrouble:
            # Trouble of our own is waited out by the steps that follow.
            obstacle = None
        else:
            obstacle = verdict.obstacle
        if obstacle is not None:
            await self._fail(task, obstacle.code, obstacle.sentences)
            return
        now = clock.now()
        await self._keep(
            task,
            PublicationState.PUBLISHING,
            code="started",
            message="The time has come: publishing.",
            started_at=now,
            next_step_at=now,
        )

    async def _push(self, task: _Task) -> None:
        """Prepare what is not prepared, publish what is ready."""
        publication = task.publication
        try:
            publisher, account = self._platform(task.channel)
            content = await self._content(task, publisher.rules)
            if publication.reference is None:
                await self._prepare(task, publisher, account, content)
                return
            look = await publisher.check(account, publication.reference, content, None)
        except AppError as error:
            await self._handle_own_trouble(task, error)
            return
        except PublishingError as error:
            await self._handle(task, error)
            return
        match look.standing:
            case Standing.READY:
                await self._finish(task, publisher, account, content, publication.reference)
            case Standing.PUBLISHED:
                await self._succeed(task, look.external_id)
            case Standing.GONE:
                await self._handle(
                    task, PrepareAgain("preparation_lost", "The platform lost what was handed over.")
                )
            case Standing.PENDING | Standing.UNKNOWN:
                await self._handle(
                    task, TryLater("platform_slow", f"{_label(task)} is still working on the picture.")
                )

    async def _prepare(self, task: _Task, publisher: Publisher, account: Account, content: Content) -> None:
        fault("publish.before_prepare")
        reference = await publisher.prepare(account, content)
        fault("publish.after_prepare")
        await self._keep(
            task,
            PublicationState.PUBLISHING,
            code="prepared",
            message=f"{_label(task)} has taken the picture." if content.pictures else "Ready to send.",
            reference=reference,
            prepare_count=task.publication.prepare_count + 1,
            step_count=0,
            next_step_at=clock.now(),
        )

    async def _finish(
        self, task: _Task, publisher: Publisher, account: Account, content: Content, reference: str
    ) -> None:
        """The irreversible call, written down before it is made."""
        now = clock.now()
        async with self._database.writing() as session:
            is_ours = await models.move(
                session,
                task.publication.id,
                to=PublicationState.PUBLISHING,
                origin=PublicationState.PUBLISHING,
                at=now,
                held_by=self._owner,
                attempted_at=now,
                lease_until=now + LEASE,
            )
        if not is_ours:
            return
        task.publication.attempted_at = now
        fault("publish.before_finish")
        try:
            external_id = await publisher.finish(account, reference, content)
        except OutcomeUnclear as error:
            await self._doubt(task, error.code, error.detail, clock.now() + pause(0))
            return
        except PublishingError as error:
            # The platform answered, and the answer is no: nothing went out.
            task.publication.attempted_at = None
            await self._handle(task, error)
            return
        fault("publish.after_finish")
        await self._succeed(task, external_id)

    async def _doubt(self, task: _Task, code: str, detail: str, look_at: datetime) -> None:
        """`finish` may have worked: nothing is sent before a look has shown what became of it."""
        told = _sentence(f"{detail} Looking at {_label(task)} before anything is sent again.")
        await self._keep(
            task,
            PublicationState.UNCONFIRMED,
            code=code,
            message=told,
            error_code=code,
            error_detail=told,
            step_count=0,
            next_step_at=look_at,
        )

    async def _look(self, task: _Task) -> None:
        """Find out what became of an attempt whose answer is missing."""
        publication = task.publication
        attempted_at = publication.attempted_at or publication.updated_at
        is_answering = True
        try:
            publisher, account = self._platform(task.channel)
            content = await self._content(task, publisher.rules)
            look = await publisher.check(account, publication.reference or "", content, attempted_at)
        except (TryLater, UpstreamTrouble):
            look, is_answering = Look(Standing.UNKNOWN), False
        except ReconnectNeeded as error:
            await self._mark_channel(task, ChannelStatus.RECONNECT_NEEDED)
            await self._ask_person(task, error.detail)
            return
        except AppError as error:
            await self._ask_person(task, error.detail)
            return
        except PublishingError:
            look = Look(Standing.UNKNOWN)
        now = clock.now()
        settled_at = max(attempted_at, task.unclear_since) + SETTLE_AFTER
        match look.standing:
            case Standing.PUBLISHED if look.external_id or publication.step_count >= 5:
                # It is out. Where the platform does not show which one it is, there is no link.
                await self._succeed(task, look.external_id)
            case Standing.READY if now >= settled_at:
                await self._send_again(task)
            case Standing.READY:
                await self._again(task, settled_at)
            case Standing.GONE:
                await self._fail(
                    task,
                    "preparation_lost",
                    f"{_label(task)} shows that nothing went out, and what was handed over is gone. "
                    "Try again.",
                )
            case _ if publication.step_count + 1 == MAX_LOOKS:
                await self._ask_person(
                    task,
                    f"{_label(task)} does not say whether this went out.",
                    step_count=publication.step_count + 1,
                    next_step_at=None if is_answering else now + pause(publication.step_count),
                )
            case _ if publication.step_count >= MAX_LOOKS and is_answering:
                await self._again(task, None)
            case _:
                await self._again(task, now + pause(publication.step_count))

    async def _send_again(self, task: _Task) -> None:
        """A look has proved that the attempt did nothing."""
        publication, now = task.publication, clock.now()
        nothing_out = f"{_label(task)} shows that nothing went out"
        started_at = publication.started_at or publication.created_at
        attempts = 1 + sum(event.code == "not_sent" and event.at >= started_at for event in task.events)
        if task.is_post_deleted:
            await self._fail(task, "post_deleted", f"{nothing_out}, and the post was deleted meanwhile.")
        elif attempts >= MAX_ATTEMPTS:
            await self._fail(
                task, "not_taken", f"{nothing_out}, after {attempts} attempts. Send it again later."
            )
        else:
            await self._keep(
                task,
                PublicationState.PUBLISHING,
                code="not_sent",
                message=f"{nothing_out}. Sending now.",
                attempted_at=None,
                step_count=0,
                next_step_at=now,
                error_code=None,
                error_detail=None,
            )

    async def _ask_person(self, task: _Task, detail: str, **values: Any) -> None:
        """Looking does not settle it: whoever asks for another look brings it back."""
        told = _sentence(f"{detail} Look at {_label(task)} yourself, then check again.")
        await self._keep(
            task,
            PublicationState.UNCONFIRMED,
            code="needs_a_look",
            message=told,
            error_code="needs_a_look",
            error_detail=told,
            **{"next_step_at": None, **values},
        )

    async def _find_link(self, task: _Task) -> None:
        """The link to a published post: nice to have, never a reason to doubt the publication."""
        publication = task.publication
        permalink, next_step_at = None, None
        if publication.external_id:
            try:
                publisher, account = self._platform(task.channel)
                found = await publisher.permalink(account, publication.external_id)
                permalink = found if len(found) <= _LONGEST_LINK else None
            except (PublishingError, AppError):
                if publication.step_count < len(_PAUSES):
                    next_step_at = clock.now() + pause(publication.step_count)
        async with self._database.writing() as session:
            await models.move(
                session,
                publication.id,
                to=PublicationState.PUBLISHED,
                origin=PublicationState.PUBLISHED,
                at=clock.now(),
                held_by=self._owner,
                permalink=permalink,
                step_count=publication.step_count + 1,
                next_step_at=next_step_at,
                lease_owner=None,
                lease_until=None,
            )

    async def _succeed(self, task: _Task, external_id: str | None) -> None:
        """It is out. That is true whoever holds the lease by now, so it is kept in any case."""
        publication, channel, now = task.publication, task.channel, clock.now()
        async with self._database.writing() as session:
            moved = await models.move(
                session,
                publication.id,
                to=PublicationState.PUBLISHED,
                at=now,
                external_id=external_id,
                published_at=now,
                error_code=None,
                error_detail=None,
                step_count=0,
            )
            if not moved:
                return
            await image_models.count_use(session, [picture.image.id for picture in task.pictures], now)
            if channel.status != ChannelStatus.CONNECTED.value:
                # Whatever stood in the way has been put right.
                await channel_models.set_status(
                    session, channel.id, ChannelStatus.CONNECTED, now, token_sealed=channel.token_sealed
                )
            _note(session, publication.id, now, "published", f"Published on {_label(task)}.")
        log.info("publication.published", publication_id=publication.id, channel_id=task.channel.id)
        fault("publish.after_published")
        publication.external_id, publication.step_count = external_id, 0
        # Without the lease this changes nothing: whoever has it finds the link.
        await self._find_link(task)

    async def _handle(self, task: _Task, error: PublishingError) -> None:
        """What a platform's no means for the publication. Nothing has gone out."""
        publication, now = task.publication, clock.now()
        started_at = publication.started_at or publication.created_at
        match error:
            case ReconnectNeeded():
                await self._mark_channel(task, ChannelStatus.RECONNECT_NEEDED)
                await self._fail(task, error.code, error.detail)
            case AccountRestricted():
                await self._mark_channel(task, ChannelStatus.RESTRICTED)
                await self._fail(task, error.code, error.detail)
            case PrepareAgain() if publication.prepare_count < MAX_PREPARES:
                wait = max(timedelta(seconds=error.retry_after or 0), pause(publication.prepare_count))
                await self._keep(
                    task,
                    PublicationState.PUBLISHING,
                    code=error.code,
                    message=f"{error.detail} Handing it over once more.",
                    reference=None,
                    attempted_at=None,
                    # Counts here too: a platform that refuses in `prepare` never returns a reference.
                    prepare_count=publication.prepare_count + 1,
                    next_step_at=now + wait,
                )
            case PrepareAgain():
                await self._fail(
                    task,
                    error.code,
                    f"{error.detail} Nothing went out, after {publication.prepare_count} attempts. "
                    "Send it again later.",
                )
            case TryLater():
                wait = max(timedelta(seconds=error.retry_after or 0), pause(publication.step_count))
                if now + wait > started_at + PATIENCE:
                    await self._fail(
                        task, error.code, f"{error.detail} Nothing went out. Send it again later."
                    )
                else:
                    await self._again(task, now + wait, error, attempted_at=None)
            case _:
                await self._fail(task, error.code, error.detail)

    async def _handle_own_trouble(self, task: _Task, error: AppError) -> None:
        """The picture could not be made or read on our side."""
        if isinstance(error, UpstreamUnavailable):
            await self._handle(task, TryLater(error.code, error.detail))
        else:
            await self._fail(task, error.code, error.detail)

    async def _fail(self, task: _Task, code: str, detail: str) -> None:
        await self._keep(
            task,
            PublicationState.FAILED,
            code=code,
            message=detail,
            error_code=code,
            error_detail=_sentence(detail),
            attempted_at=None,
            next_step_at=None,
        )
        log.info("publication.failed", publication_id=task.publication.id, code=code)

    async def _again(
        self, task: _Task, at: datetime | None, error: PublishingError | None = None, **values: Any
    ) -> None:
        """The same state, another step at `at`; None: no other by itself."""
        publication = task.publication
        async with self._database.writing() as session:
            moved = await models.move(
                session,
                publication.id,
                to=task.state,
                origin=task.state,
                at=clock.now(),
                held_by=self._owner,
                step_count=publication.step_count + 1,
                next_step_at=at,
                lease_owner=None,
                lease_until=None,
                **values,
            )
            if not moved:
                await models.release(session, publication.id, self._owner)
            elif error and publication.step_count == 0:
                # One line for a wait, not one for every look.
                told = f"{error.detail} It is tried again by itself."
                _note(session, publication.id, clock.now(), error.code, told)

    async def _keep(
        self,
        task: _Task,
        state: PublicationState,
        *,
        code: str,
        message: str,
        **values: Any,
    ) -> None:
        """Commit what a step came to, with a line of history, and let the lease go. Nothing of it is kept
        when the publication was moved elsewhere meanwhile."""
        publication, now = task.publication, clock.now()
        async with self._database.writing() as session:
            moved = await models.move(
                session,
                publication.id,
                to=state,
                origin=task.state,
                at=now,
                held_by=self._owner,
                lease_owner=None,
                lease_until=None,
                **values,
            )
            if moved:
                _note(session, publication.id, now, code, message)
            else:
                await models.release(session, publication.id, self._owner)
        if values.get("next_step_at"):
            self._wake()

    async def _rest(self, task: _Task) -> None:
        """There is nothing to do for this publication."""
        await self._again(task, None)

    async def _put_back(self, publication_id: int) -> None:
        """After trouble that nobody foresaw: once more in a while, but not for ever."""
        now = clock.now()
        async with self._database.writing() as session:
            publication = await models.find_publication(session, publication_id)
            if publication is None or publication.lease_owner != self._owner:
                return
            state = PublicationState(publication.state)
            started_at = publication.started_at or now
            is_unsent = state in (PublicationState.SCHEDULED, PublicationState.PUBLISHING)
            if is_unsent and publication.attempted_at is None and now > started_at + PATIENCE:
                told = "Something went wrong on this server. Nothing went out. Send it again later."
                await models.move(
                    session,
                    publication_id,
                    to=PublicationState.FAILED,
                    origin=state,
                    at=now,
                    held_by=self._owner,
                    error_code="internal_error",
                    error_detail=told,
                    next_step_at=None,
                    lease_owner=None,
                    lease_until=None,
                )
                _note(session, publication_id, now, "internal_error", told)
                return
            await models.move(
                session,
                publication_id,
                to=state,
                origin=state,
                at=now,
                held_by=self._owner,
                started_at=started_at,
                # A link is not worth more.
                next_step_at=None if state is PublicationState.PUBLISHED else now + pause(4),
                lease_owner=None,
                lease_until=None,
            )

    async def _mark_channel(self, task: _Task, status: ChannelStatus) -> None:
        """Say so on the channel, unless it has been connected with another token meanwhile."""
        channel = task.channel
        async with self._database.writing() as session:
            await channel_models.set_status(
                session, channel.id, status, clock.now(), token_sealed=channel.token_sealed
            )

    # --- parts

    async def _load(self, publication_id: int) -> _Task | None:
        async with self._database.reading() as session:
            publication = await models.find_publication(session, publication_id)
            if publication is None or publication.lease_owner != self._owner:
                return None
            post = await models.find(session, publication.post_id)
            channel = await channel_models.find(session, publication.channel_id)
            if post is None or channel is None:
                return None
            (story,) = await posts.tell(session, [post])
        return _Task(
            publication=publication,
            channel=channel,
            text=post.content_text,
            pictures=story.pictures,
            events=next(s.events for s in story.publications if s.publication.id == publication_id),
            is_post_deleted=post.deleted_at is not None,
        )

    async def _content(self, task: _Task, rules: PlatformRules) -> Content:
        pictures = []
        for picture in task.pictures:
            recipe = RECIPES[rules.recipe]
            made = await self._library.rendition(picture.image, recipe)
            url = self._media_urls.url(
                image_id=picture.image.id,
                name=rendition_name(recipe),
                key=made.storage_key,
                for_practice=task.channel.is_practice,
            )
            pictures.append(Picture(url, picture.alt_text))
        return Content(
            text=task.text,
            pictures=tuple(pictures),
            is_ai_generated=any(picture.image.is_ai_generated for picture in task.pictures),
        )

    def _platform(self, channel: Channel) -> tuple[Publisher, Account]:
        if channel.disconnected_at is not None:
            raise RuleBroken("channel_disconnected", f"{channel.name} was disconnected. Connect it again.")
        try:
            return self._channels.publisher(channel), self._channels.account(channel)
        except ValueError as error:
            raise RuleBroken(
                "channel_token_unreadable",
                f"The token of {channel.name} can't be read with today's SECRET_KEY. Connect it again.",
            ) from error

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
        own_id, own_key = self._media_urls.own_image_id(url), self._media_urls.own_storage_key(url)
        async with self._database.reading() as session:
            if own_id is not None:
                found = (await image_models.find_many(session, business_id, [own_id])).get(own_id)
            elif own_key is not None:
                found = await image_models.find_by_storage_key(session, business_id, own_key)
            else:
                found = None
        if found is not None:
            return found.id
        if own_id is not None or own_key is not None:
            raise NotFound("image_not_found", "There is no such image in this business's library.")
        image = await self._library.import_url(url, business_id=business_id, max_bytes=max_bytes)
        return image.id

    async def _parts(
        self, session: AsyncSession, post: Post
    ) -> tuple[list[Channel], Sequence[PictureInPost]]:
        (story,) = await posts.tell(session, [post])
        found = await channel_models.list_by_ids(session, story.channel_ids)
        return [found[channel_id] for channel_id in story.channel_ids], story.pictures

    async def _check(self, post: Post, chosen: Sequence[Channel], pictures: Sequence[PictureInPost]) -> None:
        if not chosen:
            raise RuleBroken("channel_required", "Choose where to publish: at least one channel.")
        for picture in pictures:
            if picture.image.deleted_at is not None:
                raise RuleBroken(
                    "image_in_trash",
                    f"{picture.image.original_filename} is in the trash. Restore it or take it out.",
                )
        for channel in chosen:
            verdict = await posts.judge(self._library, self._channels, channel, post.content_text, pictures)
            if verdict.obstacle is not None:
                raise verdict.obstacle.refusal()

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
            _note(session, publication.id, at, "started", "Publishing.")
        post.scheduled_at = None
        after_commit(session, self._wake)

    async def _hold_checked(self, session: AsyncSession, user_id: int, checked: Post) -> Post:
        """The post that was checked, held; Conflict when it was changed since."""
        held = await posts.hold_post(session, user_id=user_id, post_id=checked.id)
        _require_unchanged(checked, held)
        return held

    async def _require_draft(self, session: AsyncSession, post: Post) -> None:
        if await models.list_publications(session, [post.id]):
            raise Conflict("post_not_draft", "This post is planned, on its way or out already.")

    async def _hold_post_of(self, session: AsyncSession, publication_id: int, user_id: int) -> Post:
        """The post of a publication, held, for whoever may send it."""
        found = await models.find_publication_for_user(session, publication_id, user_id)
        if found is None:
            raise NotFound("publication_not_found", "There is no such publication.")
        return await posts.hold_post(session, user_id=user_id, post_id=found[0].post_id)


def _require_unchanged(checked: Post, held: Post) -> None:
    if held.updated_at != checked.updated_at:
        raise Conflict(
            "post_changed", "This post was changed at the same moment. Look at it, then try again."
        )


def _is_on_its_way(publication: Publication) -> bool:
    """Still moving by itself: also one that is being looked up, or is out while its link is fetched."""
    if publication.state == PublicationState.PUBLISHING.value:
        return True
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


def _note(session: AsyncSession, publication_id: int, at: datetime, code: str, message: str) -> None:
    session.add(PublicationEvent(publication_id=publication_id, at=at, code=code, message=_sentence(message)))


def _sentence(text: str) -> str:
    """A place may stand at its beginning."""
    return text[:1].upper() + text[1:]


def _label(task: _Task) -> str:
    """Where a publication goes, inside a sentence."""
    if task.channel.is_practice:
        return {"instagram": "Practice Instagram", "facebook": "the Practice Page"}[task.channel.platform]
    return LABELS[task.channel.platform]
