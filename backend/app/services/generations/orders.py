"""What users ask for: a picture, news of it, the picture called off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import after_commit
from app.core.errors import Conflict, NotFound, RateLimited, RuleBroken
from app.core.faults import fault
from app.core.logging import get_logger
from app.core.words import without_controls
from app.models import businesses as business_models
from app.models import generations as models
from app.models import images as image_models
from app.models.businesses import Role
from app.models.generations import Generation, GenerationState
from app.models.images import Image
from app.models.usage import UsageEntry
from app.providers.image_generation.base import ImageProvider
from app.services import access, catalogue, usage
from app.services.generations.blocked import PromptFilter
from app.services.generations.checks import (
    check_length,
    check_wish,
    chosen_provider,
)
from app.services.generations.masks import Mask, check_mask, read_mask
from app.services.generations.outcomes import refusal_of, still_running
from app.services.generations.prompts import enhanced
from app.services.generations.watching import Board, Moment, Preview, next_change
from app.services.idempotency import KEPT_FOR, key_reused
from app.services.images import Library

log = get_logger(__name__)

RETRIED_FOR = timedelta(minutes=10)
"""How long a generation that nobody waits for at the other end of a line is tried again by itself."""
WAITED_FOR = timedelta(minutes=10)
"""How long whoever waits at the other end of a line is kept waiting."""
MOST_UNFINISHED = 1000
"""Generations of one business that may wait or be in the works."""
PREVIEWS = 2
"""Wanted on the way, where the model streams."""
ASKED_EVERY = 3.0
"""Seconds between two looks at whether who listens to a generation still may."""
_LOOK_EVERY = 0.5
"""Seconds between two looks at what another process runs."""
_WISHED = ("business_id", "prompt", "size", "quality", "style", "source_image_id")
"""What makes two wishes the same."""


@dataclass(frozen=True, slots=True)
class Story:
    """A generation, its image once there is one, and its line in the ledger."""

    generation: Generation
    image: Image | None
    entry: UsageEntry | None


class Generations:
    """Painting for every business. `providers` in order of preference; `wake` starts a runner once there is
    something to do, `call_off` stops one of this process."""

    def __init__(
        self,
        library: Library,
        providers: Mapping[str, ImageProvider],
        board: Board,
        *,
        terms: usage.Terms,
        prompt_filter: PromptFilter,
        wake: Callable[[], None],
        call_off: Callable[[int], None],
    ) -> None:
        self._library = library
        self._database = library.database
        self.providers = providers
        self.board = board
        self.terms = terms
        self._prompt_filter = prompt_filter
        self._wake = wake
        self._call_off = call_off

    async def order(
        self,
        *,
        user_id: int,
        business_id: int,
        prompt: str,
        size: str,
        quality: str,
        style: str | None,
        provider_name: str | None,
        model_id: str | None,
        source_image_id: int | None,
        mask: str | None,
        is_awaited: bool,
        request_key: str | None,
    ) -> Story:
        """Write a wish down and reserve its price; returns its generation, which goes on by itself.

        `mask` is a PNG in base64. With `is_awaited` somebody waits for the answer, so a provider that has no
        time now is a failure; else it is asked again for ten minutes. The same `request_key` gives the same
        generation for a day. Raises `RuleBroken` for a wish that no model can fill, and `LimitReached` at the
        business's cap.
        """
        prompt = without_controls(prompt)
        provider = chosen_provider(self.providers, provider_name)
        model = catalogue.chosen(provider, model_id, clock.now().date())
        is_edit = source_image_id is not None
        check_wish(
            model, prompt=prompt, size=size, quality=quality, is_edit=is_edit, has_mask=mask is not None
        )
        # Before the transaction: a long text takes its time.
        self._prompt_filter.check(prompt)
        painted = None if mask is None else await self._read_mask(user_id, business_id, mask)
        now = clock.now()
        partials = PREVIEWS if model.streams and not is_awaited else 0
        generation = Generation(
            business_id=business_id,
            user_id=user_id,
            prompt=prompt,
            enhanced_prompt=prompt,
            provider=provider.name,
            model=model.id,
            size=size,
            quality=quality,
            style=style,
            state=GenerationState.QUEUED.value,
            source_image_id=source_image_id,
            is_edit=is_edit,
            has_mask=mask is not None,
            mask=None,
            partials=partials,
            request_key=request_key,
            retry_until=None if is_awaited else now + RETRIED_FOR,
            next_step_at=now,
            created_at=now,
        )
        try:
            async with self._database.writing() as session:
                await access.require_role(
                    session, business_id=business_id, user_id=user_id, at_least=Role.EDITOR
                )
                if request_key is not None:
                    await models.forget_request(session, user_id, request_key, now - KEPT_FOR)
                business = await business_models.hold(session, business_id)
                generation.enhanced_prompt = enhanced(business, prompt, style)
                check_length(model, generation.enhanced_prompt, style)
                self._prompt_filter.check(generation.enhanced_prompt.removeprefix(prompt))
                if source_image_id is not None:
                    source = await _source(session, business_id, source_image_id)
                    generation.mask = None if painted is None else check_mask(painted, source)
                session.add(generation)
                await session.flush()
                if await models.count_unfinished(session, business_id) > MOST_UNFINISHED:
                    raise RateLimited(
                        "too_many_waiting",
                        f"{MOST_UNFINISHED:,} pictures of this business wait already. Try again later.",
                        retry_after=60,
                    )
                entry = await usage.reserve(
                    session,
                    generation,
                    business,
                    self.terms,
                    estimate=model.price(
                        size, quality, prompt_length=len(generation.enhanced_prompt), partials=partials
                    ),
                )
                after_commit(session, self._wake)
        except IntegrityError as error:
            return await self._earlier(generation, error)
        log.info("generation.queued", generation_id=generation.id, business_id=business_id)
        fault("generate.after_reserve")
        return Story(generation, None, entry)

    async def outcome(self, *, user_id: int, generation_id: int) -> Story:
        """Wait until it comes to an end, minutes if need be; its story when there is an image.

        Raises what became of it otherwise (`outcomes.refusal_of`), and `UpstreamUnavailable`
        (`still_running`) when it takes longer than anybody can be kept waiting, or this server stops.
        """
        deadline = asyncio.get_running_loop().time() + WAITED_FOR.total_seconds()
        with self.board.waiting(generation_id) as audience:
            while True:
                changed = audience.changed
                async with self._database.reading() as session:
                    story = await get_story(session, user_id=user_id, generation_id=generation_id)
                if story.generation.state not in models.UNFINISHED:
                    break
                if self.board.is_closing or asyncio.get_running_loop().time() > deadline:
                    raise still_running(generation_id)
                await next_change(changed, self._patience(generation_id))
        if story.generation.state != GenerationState.SUCCEEDED.value:
            raise refusal_of(story.generation)
        if story.image is None:
            raise NotFound("image_not_found", "The picture was made, and its image has been removed since.")
        return story

    async def moments(
        self,
        *,
        user_id: int,
        generation_id: int,
        last_id: str | None,
        silence: timedelta,
        may_hear: Callable[[], Awaitable[bool]],
    ) -> AsyncIterator[Moment | None]:
        """What happens to a generation from now on, or since the moment named `last_id`, to its end; None
        when nothing happened for as long as `silence`. Ends too, within `ASKED_EVERY`, when the user may not
        see it any more or `may_hear` says no: nobody is told anything after that."""
        state, number = _position(last_id)
        quiet_since = asyncio.get_running_loop().time()
        with self.board.waiting(generation_id) as audience:
            while not self.board.is_closing:
                changed = audience.changed
                if not await may_hear():
                    return
                async with self._database.reading() as session:
                    try:
                        story = await get_story(session, user_id=user_id, generation_id=generation_id)
                    except NotFound:
                        return
                preview = self.board.preview(generation_id)
                new = _news(story, preview, state, number)
                for moment in new:
                    yield moment
                    state, number = _position(moment.id)
                if story.generation.state not in models.UNFINISHED:
                    return
                now = asyncio.get_running_loop().time()
                if new:
                    quiet_since = now
                elif now - quiet_since >= silence.total_seconds():
                    yield None
                    quiet_since = now
                seconds = min(self._patience(generation_id), ASKED_EVERY, silence.total_seconds())
                await next_change(changed, seconds)

    async def cancel(self, *, user_id: int, generation_id: int) -> Story:
        """Call a generation off. One that waits costs nothing; one in the works ends as soon as its provider
        has let go, and what was billed stays booked. Raises Conflict (`generation_finished`)."""
        now = clock.now()
        async with self._database.writing() as session:
            found = await models.find_for_user(session, generation_id, user_id)
            if found is None:
                raise _not_found()
            generation, role = found
            access.ensure(role, Role.EDITOR)
            is_off = await models.move(
                session,
                generation_id,
                to=GenerationState.CANCELLED,
                origin=GenerationState.QUEUED,
                finished_at=now,
                next_step_at=None,
                mask=None,
                error_code=None,
                error_detail=None,
                retry_after=None,
            )
            if is_off:
                await usage.refund(session, generation_id, cost=usage.NOTHING)
            elif (
                not await models.ask_to_cancel(session, generation_id, now)
                and generation.state != GenerationState.CANCELLED.value
            ):
                raise Conflict("generation_finished", "This generation has come to its end already.")
        self._call_off(generation_id)
        self.board.changed(generation_id)
        async with self._database.reading() as session:
            return await get_story(session, user_id=user_id, generation_id=generation_id)

    async def settle_by_hand(self, *, user_id: int, generation_id: int, cost: Decimal | None) -> Story:
        """A person has looked at the provider's bill: this much was charged for it, or nothing (None). For
        admins. Raises Conflict as `usage.settle_by_hand`."""
        async with self._database.writing() as session:
            found = await models.find_for_user(session, generation_id, user_id, is_held=True)
            if found is None:
                raise _not_found()
            generation, role = found
            access.ensure(role, Role.ADMIN)
            await usage.settle_by_hand(session, generation, cost=cost, by=user_id)
        self.board.changed(generation_id)
        async with self._database.reading() as session:
            return await get_story(session, user_id=user_id, generation_id=generation_id)

    def _patience(self, generation_id: int) -> float:
        return 15.0 if self.board.is_run_here(generation_id) else _LOOK_EVERY

    async def _read_mask(self, user_id: int, business_id: int, mask: str) -> Mask:
        # It takes the workshop's time on the business's account: nobody else's may.
        async with self._database.reading() as session:
            await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.EDITOR)
        return await read_mask(self._library, mask, business_id=business_id)

    async def _earlier(self, wish: Generation, error: IntegrityError) -> Story:
        """The same request came before, in a process that did not live to answer it, or a moment ago."""
        async with self._database.reading() as session:
            earlier = wish.request_key and await models.find_by_request(
                session, wish.user_id, wish.request_key
            )
            if not earlier:
                raise error
            if any(getattr(earlier, name) != getattr(wish, name) for name in _WISHED):
                raise key_reused()
            (story,) = await _tell(session, [earlier])
            return story


async def get_story(session: AsyncSession, *, user_id: int, generation_id: int) -> Story:
    """A generation in one of the user's businesses."""
    found = await models.find_for_user(session, generation_id, user_id)
    if found is None:
        raise _not_found()
    (story,) = await _tell(session, [found[0]])
    return story


async def list_stories(
    session: AsyncSession, *, user_id: int, business_id: int, limit: int, before_id: int | None
) -> tuple[Sequence[Story], int | None]:
    """A page of a business's generations, newest first, and where the next page begins."""
    await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.VIEWER)
    found, next_before_id = await models.list_page(session, business_id, limit=limit, before_id=before_id)
    return await _tell(session, found), next_before_id


async def _tell(session: AsyncSession, generations: Sequence[Generation]) -> list[Story]:
    image_ids = [generation.image_id for generation in generations if generation.image_id is not None]
    images = await image_models.find_by_ids(session, image_ids) if image_ids else {}
    entries = await usage.entries_of(session, generations)
    return [
        Story(generation, images.get(generation.image_id or 0), entries.get(generation.id))
        for generation in generations
    ]


async def _source(session: AsyncSession, business_id: int, image_id: int) -> Image:
    found = await image_models.find_many(session, business_id, [image_id])
    if image_id not in found:
        raise NotFound("image_not_found", "There is no such image to be changed.")
    if found[image_id].is_animated:
        raise RuleBroken("source_is_animated", "An animation can't be changed. Choose a still image.")
    return found[image_id]


def is_end(moment_id: str | None) -> bool:
    """Whether whoever has heard of this moment knows how the generation ended."""
    state, _ = _position(moment_id)
    return state in set(GenerationState) and state not in models.UNFINISHED


def _not_found() -> NotFound:
    return NotFound("generation_not_found", "There is no such generation.")


def _news(story: Story, preview: Preview | None, state: str, number: int) -> list[Moment]:
    """What is there to be told to who knows of this state, and of so many previews."""
    generation = story.generation
    if generation.state not in models.UNFINISHED:
        return [Moment(f"{generation.state}.0", "done", story)]
    new = []
    position = generation.state if generation.retry_after is None else f"{generation.state}-waiting"
    if position != state:
        number = 0
        new.append(Moment(f"{position}.0", "state", story))
    if preview is not None and preview.number > number:
        new.append(Moment(f"{position}.{preview.number}", "partial", story, preview))
    return new


def _position(moment_id: str | None) -> tuple[str, int]:
    state, _, number = (moment_id or "").partition(".")
    return state, int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0
