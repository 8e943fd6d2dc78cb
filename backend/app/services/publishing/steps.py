"""The steps of a publication: what a runner does with one that is due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from app.core import clock
from app.core.db import Database
from app.core.errors import AppError, UpstreamTrouble, UpstreamUnavailable
from app.core.faults import fault
from app.core.logging import get_logger
from app.models import posts as models
from app.models.channels import ChannelStatus
from app.models.posts import PublicationState
from app.models.sending import Hold
from app.providers.publishing.base import (
    Account,
    AccountRestricted,
    Content,
    OutcomeUnclear,
    PrepareAgain,
    Publisher,
    PublishingError,
    ReconnectNeeded,
    Sites,
    Standing,
    TryLater,
)
from app.services import posts
from app.services.channels import Channels
from app.services.images import Library
from app.services.media_urls import MediaUrls
from app.services.publishing.comments import CommentOutcome, FirstComments, is_comment_due, refused
from app.services.publishing.doubts import Doubts
from app.services.publishing.history import note
from app.services.publishing.holds import LONGEST_HELD, Holds, HoldTerms
from app.services.publishing.journal import ORDINARY_WAIT, PATIENCE, PAUSES, Journal, Task, label, pause
from app.services.publishing.parts import Parts, is_from_before, require_same
from app.services.publishing.preflight import Preflight
from app.services.publishing.tasks import Tasks

log = get_logger(__name__)

LEASE = timedelta(minutes=4)
"""Longer than any step: two calls to a platform take up to 95 s each."""
MAX_PREPARES = 3
_NOT_FETCHED = frozenset({"picture_not_fetched", "picture_download_slow"})
_RATIO_REFUSED = "picture_ratio_refused"
"""Also what is said of a picture that could not be downloaded: its ratio is 0 then."""
NOT_READY = "not_ready_yet"
NOT_READY_PAUSES = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 30, 60))
"""Between attempts of what the platform calls ready in one place, and not ready in the other."""
_LONGEST_LINK = 500


class PublicationSteps:
    """The state machine of publications. `owner` names this runner in leases; `wake` starts it again.

    `settle_after` a lost answer, the platform is believed when it says that nothing went out: until then it
    may still be working on the request.
    """

    def __init__(
        self,
        database: Database,
        library: Library,
        channels: Channels,
        media_urls: MediaUrls,
        *,
        owner: str,
        wake: Callable[[], None],
        settle_after: timedelta,
        preflight: Preflight,
        sites: Sites,
        hold_terms: HoldTerms | None = None,
    ) -> None:
        self._preflight = preflight
        self._sites = sites
        self._holds = Holds(database, wake=wake, terms=hold_terms)
        self._database = database
        self._library = library
        self._channels = channels
        self._owner = owner
        self._tasks = Tasks(database, library, channels, media_urls, owner=owner)
        self._journal = Journal(database, owner=owner, wake=wake)
        self._doubts = Doubts(self._tasks, self._journal, settle_after=settle_after, succeed=self._succeed)
        self._parts = Parts(database, owner=owner, lease=LEASE)
        self._comments = FirstComments(database, owner=owner, lease=LEASE, settle_after=settle_after)

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
            task = await self._tasks.load(publication_id)
            if task is None:
                return
            await self._advance(task)
        except Exception:
            # The outer edge of a job: whatever it was, the row says where to go on.
            log.exception("publication.step_failed", publication_id=publication_id)
            try:
                await self._journal.put_back(publication_id)
            except Exception:
                # Then the lease ends by itself.
                log.exception("publication.put_back_failed", publication_id=publication_id)

    async def _advance(self, task: Task) -> None:
        publication = task.publication
        if await self._is_held_back(task):
            return
        match task.state:
            case PublicationState.SCHEDULED:
                await self._begin(task)
            case PublicationState.PUBLISHING if publication.attempted_at is not None:
                await self._doubts.begin(
                    task, "interrupted", "Publishing was interrupted, so the post may be out.", clock.now()
                )
            case PublicationState.PUBLISHING if task.is_post_deleted:
                await self._fail(task, "post_deleted", "The post was deleted before it went out.")
            case PublicationState.PUBLISHING:
                await self._push(task)
            case PublicationState.UNCONFIRMED:
                await self._doubts.look(task)
            case PublicationState.PUBLISHED if publication.permalink is None or is_comment_due(task):
                await self._follow_up(task)
            case PublicationState.FAILED if task.has_leftovers:
                await self._tidy(task)
            case _:
                await self._journal.rest(task)

    async def _is_held_back(self, task: Task) -> bool:
        """Whether nothing may be sent on this channel for now. What may have been sent is looked at all the
        same."""
        publication = task.publication
        is_sending = task.state is PublicationState.SCHEDULED or (
            task.state is PublicationState.PUBLISHING and publication.attempted_at is None
        )
        if not is_sending or task.is_post_deleted:
            return False
        hold = await self._holds.in_the_way(task.channel, publication.id)
        if hold is not None:
            await self._keep_back(task, hold)
            return True
        if publication.held_until is not None:
            await self._journal.go_on(task)
        return False

    async def _keep_back(self, task: Task, hold: Hold, **values: Any) -> None:
        since = task.publication.held_since
        if since is not None and clock.now() > since + LONGEST_HELD:
            await self._fail(
                task,
                hold.code,
                "This was held back for a day. Nothing went out. Send it again when it works.",
            )
        else:
            await self._journal.hold(task, hold, **values)

    async def _fail(self, task: Task, code: str, detail: str) -> None:
        """It did not work. Where it tried for others, the next one does, and not this one once more."""
        await self._journal.fail(task, code, detail)
        await self._holds.pass_on(task.channel, task.publication.id)

    async def _begin(self, task: Task) -> None:
        """A scheduled publication is due: check once more, then start."""
        try:
            verdict = await posts.judge(self._library, self._channels, task.channel, task.outgoing)
        except UpstreamTrouble:
            # Trouble of our own is waited out by the steps that follow.
            obstacle = None
        else:
            obstacle = verdict.obstacle or await self._preflight.obstacle(task.channel, verdict.files)
        if obstacle is not None:
            await self._fail(task, obstacle.code, obstacle.sentences)
            return
        now = clock.now()
        await self._journal.keep(
            task,
            PublicationState.PUBLISHING,
            code="started",
            message="The time has come: publishing.",
            started_at=now,
            next_step_at=now,
            error_code=None,
            error_detail=None,
        )

    async def _push(self, task: Task) -> None:
        """Prepare what is not prepared, publish what is ready."""
        publication = task.publication
        try:
            publisher, account = self._tasks.platform(task.channel)
            if is_from_before(task):
                await self._parts.take_back(task, publisher, account)
            placement = publisher.rules.placement_for(len(task.outgoing.pictures))
            content = await self._tasks.content(task, placement)
            has_parts = placement.part is not None
            if publication.reference is None:
                require_same(task, content, is_whole=False)
                if await self._parts.hand_over(task, publisher, account, content, placement):
                    await self._prepare(task, publisher, account, content)
                return
            require_same(task, content, is_whole=has_parts)
            look = await publisher.check(account, publication.reference, content, None, task.references)
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
                    task, TryLater(ORDINARY_WAIT, f"{label(task)} is still working on the picture.")
                )

    async def _prepare(self, task: Task, publisher: Publisher, account: Account, content: Content) -> None:
        fault("publish.before_prepare")
        reference = await publisher.prepare(account, content, task.references)
        fault("publish.after_prepare")
        await self._journal.keep(
            task,
            PublicationState.PUBLISHING,
            code="prepared",
            message=_taken(task),
            reference=reference,
            prepare_count=task.publication.prepare_count + 1,
            step_count=0,
            next_step_at=clock.now(),
        )

    async def _finish(
        self, task: Task, publisher: Publisher, account: Account, content: Content, reference: str
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
            external_id = await publisher.finish(account, reference, content, task.references)
        except OutcomeUnclear as error:
            await self._holds.note(task.channel, task.publication.id, error)
            await self._doubts.begin(task, error.code, error.detail, clock.now() + pause(0))
            return
        except PublishingError as error:
            # The platform answered, and the answer is no: nothing went out.
            task.publication.attempted_at = None
            await self._handle(task, error)
            return
        fault("publish.after_finish")
        await self._succeed(task, external_id)

    async def _follow_up(self, task: Task) -> None:
        """The link to a published post and its first comment: nice to have, never a reason to doubt the
        publication."""
        publication = task.publication
        permalink, comment = publication.permalink, CommentOutcome()
        is_commenting = is_comment_due(task)
        try:
            publisher, account = self._tasks.platform(task.channel)
            if permalink is None and publication.external_id:
                permalink = await self._link(task, publisher, account, publication.external_id)
            if is_commenting:
                comment = await self._comments.write(task, publisher, account)
        except (PublishingError, AppError) as error:
            if is_commenting:
                comment = refused(task, error.detail)
        is_last = publication.step_count >= len(PAUSES)
        if is_commenting and is_last and not comment.is_settled:
            comment = comment.given_up()
        is_link_missing = permalink is None and publication.external_id is not None
        is_comment_missing = is_commenting and not comment.is_settled
        next_step_at = None
        if not is_last and (is_link_missing or is_comment_missing):
            soonest = clock.now() + pause(publication.step_count)
            next_step_at = max(soonest, comment.not_before or soonest)
        async with self._database.writing() as session:
            moved = await models.move(
                session,
                publication.id,
                to=PublicationState.PUBLISHED,
                origin=PublicationState.PUBLISHED,
                at=clock.now(),
                held_by=self._owner,
                permalink=permalink if permalink and len(permalink) <= _LONGEST_LINK else None,
                comment_id=comment.comment_id or publication.comment_id,
                comment_error=comment.error or publication.comment_error,
                step_count=publication.step_count + 1,
                next_step_at=next_step_at,
                lease_owner=None,
                lease_until=None,
            )
            if moved and comment.comment_id:
                note(session, publication.id, clock.now(), "commented", "The first comment is written.")
            elif moved and comment.error:
                told = f"The post is out. {comment.error}"
                note(session, publication.id, clock.now(), "comment_failed", told)

    async def _link(self, task: Task, publisher: Publisher, account: Account, external_id: str) -> str | None:
        try:
            link = await publisher.permalink(account, external_id)
        except PublishingError:
            return None
        # People follow it: an address elsewhere is as good as none.
        channel = task.channel
        is_kept = self._sites.is_kept(channel.platform, link, is_practice=channel.is_practice)
        return link if is_kept else None

    async def _tidy(self, task: Task) -> None:
        """What was handed over for a publication that failed is removed from the platform."""
        count = task.publication.step_count
        try:
            publisher, account = self._tasks.platform(task.channel)
            await self._parts.take_back(task, publisher, account)
        except TryLater as error:
            wait = max(pause(count), timedelta(seconds=error.retry_after or 0))
            await self._journal.again(task, clock.now() + wait if count < len(PAUSES) else None)
        except (AppError, PublishingError) as error:
            log.warning("publication.parts_left", publication_id=task.publication.id, code=error.code)
            await self._journal.rest(task)
        else:
            await self._journal.rest(task)

    async def _handle(self, task: Task, error: PublishingError) -> None:
        """What a platform's no means for the publication. Nothing has gone out."""
        publication, now = task.publication, clock.now()
        started_at = publication.started_at or publication.created_at
        if error.code == _RATIO_REFUSED and await self._keeps_every_rule(task):
            error = PrepareAgain(
                "picture_not_fetched",
                f"{label(task)} could not tell the shape of the picture, which means that it did not get all "
                "of it.",
                trace=error.trace,
            )
        hold = await self._holds.note(task.channel, publication.id, error)
        if hold is not None:
            fresh = {"reference": None} if isinstance(error, PrepareAgain) else {}
            await self._keep_back(task, hold, attempted_at=None, **fresh)
            return
        match error:
            case ReconnectNeeded():
                error = await self._tasks.named(task.channel, error)
                await self._journal.mark_channel(task, ChannelStatus.RECONNECT_NEEDED, error)
                await self._fail(task, error.code, error.detail)
            case AccountRestricted():
                await self._journal.mark_channel(task, ChannelStatus.RESTRICTED, error)
                await self._fail(task, error.code, error.detail)
            case PrepareAgain() if task.parts and not await self._can_begin_anew(task):
                await self._handle(task, TryLater(error.code, error.detail))
            case PrepareAgain() if publication.prepare_count < MAX_PREPARES:
                wait = max(timedelta(seconds=error.retry_after or 0), pause(publication.prepare_count))
                await self._journal.keep(
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
            case PrepareAgain() if reason := await self._why_not_fetched(task, error):
                told = f"{error.detail} Nothing went out. Looked from here: {reason.sentences}"
                await self._fail(task, reason.code, told)
            case PrepareAgain():
                await self._fail(
                    task,
                    error.code,
                    f"{error.detail} Nothing went out, after {publication.prepare_count} attempts. "
                    "Send it again later.",
                )
            case TryLater():
                wait = max(timedelta(seconds=error.retry_after or 0), pause(task.steps_of(error)))
                if error.code == NOT_READY:
                    wait = NOT_READY_PAUSES[min(task.steps_of(error), len(NOT_READY_PAUSES) - 1)]
                if now + wait > started_at + PATIENCE:
                    await self._fail(
                        task, error.code, f"{error.detail} Nothing went out. Send it again later."
                    )
                else:
                    await self._journal.again(task, now + wait, error, attempted_at=None)
            case _:
                await self._fail(task, error.code, error.detail)

    async def _keeps_every_rule(self, task: Task) -> bool:
        """Whether the files of this post are as the platform wants them."""
        try:
            verdict = await posts.judge(self._library, self._channels, task.channel, task.outgoing)
        except AppError:
            return False
        return verdict.obstacle is None

    async def _why_not_fetched(self, task: Task, error: PrepareAgain) -> posts.Problem | None:
        """What of our own address may have kept the platform from fetching a picture."""
        if error.code not in _NOT_FETCHED:
            return None
        try:
            verdict = await posts.judge(self._library, self._channels, task.channel, task.outgoing)
        except AppError:
            return None
        return await self._preflight.why_not_fetched(task.channel, verdict.files)

    async def _can_begin_anew(self, task: Task) -> bool:
        """Take back what was handed over. False when the platform cannot be asked now."""
        try:
            publisher, account = self._tasks.platform(task.channel)
            await self._parts.take_back(task, publisher, account)
        except TryLater:
            return False
        except (AppError, PublishingError) as error:
            log.warning("publication.parts_left", publication_id=task.publication.id, code=error.code)
            await self._parts.forget(task)
        return True

    async def _handle_own_trouble(self, task: Task, error: AppError) -> None:
        """The picture could not be made or read on our side."""
        if isinstance(error, UpstreamUnavailable):
            await self._handle(task, TryLater(error.code, error.detail))
        else:
            await self._fail(task, error.code, error.detail)

    async def _succeed(self, task: Task, external_id: str | None) -> None:
        """Keep that it is out, then find its link and write its first comment."""
        if not await self._journal.succeed(task, external_id):
            return
        fault("publish.after_published")
        await self._holds.end(task.channel, task.publication.id)
        task.publication.external_id, task.publication.step_count = external_id, 0
        # Without the lease this changes nothing: whoever has it finds the link.
        await self._follow_up(task)


def _taken(task: Task) -> str:
    count = len(task.outgoing.pictures)
    if not count:
        return "Ready to send."
    return f"{label(task)} has taken the picture{'s' if count > 1 else ''}."
