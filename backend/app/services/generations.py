"""AI generations: checked against what a model can do, painted once, and kept in the library."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Database
from app.core.errors import (
    AppError,
    Conflict,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    RuleBroken,
    UpstreamRefused,
    UpstreamUnavailable,
)
from app.core.faults import fault
from app.core.logging import get_logger
from app.imaging import HEAD_BYTES, sniff
from app.models import generations as models
from app.models import images as image_models
from app.models.businesses import Role
from app.models.generations import Generation, GenerationState
from app.models.images import Image
from app.providers.image_generation.base import (
    AccountTrouble,
    GeneratedPicture,
    GenerationError,
    GenerationRequest,
    GenerationUnknown,
    ImageProvider,
    Model,
    PromptRefused,
    ProviderPaces,
)
from app.services import access
from app.services.idempotency import KEPT_FOR, key_reused
from app.services.images import AiOrigin, Library, Received

log = get_logger(__name__)

STYLES: Mapping[str, str] = {
    "professional": "Professional, polished, clean composition, natural light, high detail",
    "creative": "Creative, imaginative, bold colours, unexpected perspective",
    "minimalist": "Minimalist, simple shapes, plenty of empty space, few colours",
    "vintage": "Vintage, film grain, faded warm colours, nostalgic mood",
}
"""What a style adds to the prompt that the provider sees."""


NAME_LENGTH = 60
"""Characters of a prompt that a generated picture bears as its name, at most."""

_WISHED = ("business_id", "prompt", "size", "quality", "style")
"""What makes two wishes the same."""


class Generations:
    """Painting for every business. `providers` in order of preference."""

    def __init__(self, database: Database, library: Library, providers: Mapping[str, ImageProvider]) -> None:
        self._database = database
        self._library = library
        self.providers = providers

    async def generate(
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
        request_key: str | None,
    ) -> tuple[Generation, Image]:
        """Paint a picture and take it into the library; can take minutes.

        Raises `RuleBroken` for a wish that no model can fill or that was refused, and the kinds of
        `UpstreamTrouble` for what went wrong at the provider. The generation keeps what happened.
        """
        provider, model = self._choose(provider_name, model_id)
        _check(model, prompt=prompt, size=size, quality=quality)
        enhanced = f"{prompt}. {STYLES[style]}." if style else prompt
        generation = Generation(
            business_id=business_id,
            user_id=user_id,
            prompt=prompt,
            enhanced_prompt=enhanced,
            provider=provider.name,
            model=model.id,
            size=size,
            quality=quality,
            style=style,
            state=GenerationState.RUNNING.value,
            request_key=request_key,
            created_at=clock.now(),
        )
        try:
            async with self._database.writing() as session:
                await access.require_role(
                    session, business_id=business_id, user_id=user_id, at_least=Role.EDITOR
                )
                if request_key is not None:
                    await models.forget_request(session, user_id, request_key, clock.now() - KEPT_FOR)
                session.add(generation)
        except IntegrityError as error:
            return await self._earlier(generation, error)
        fault("generate.after_reserve")
        request = GenerationRequest(prompt=enhanced, model=model.id, size=size, quality=quality)
        try:
            picture = await provider.generate(request)
        except GenerationError as error:
            raise await self._give_up(generation, error) from error
        try:
            image = await self._take_in(generation, picture)
        except AppError as error:
            await self._settle(generation, GenerationState.FAILED, code=error.code, detail=error.detail)
            raise
        await self._settle(generation, GenerationState.SUCCEEDED, image=image, model=picture.model)
        log.info("generation.succeeded", generation_id=generation.id, image_id=image.id)
        return generation, image

    async def settle_abandoned(self) -> None:
        """Generations of a process that is gone: whether they were painted is not known."""
        async with self._database.writing() as session:
            count = await models.settle_abandoned(session, clock.now(), clock.now())
        if count:
            log.warning("generation.abandoned", count=count)

    async def _take_in(self, generation: Generation, picture: GeneratedPicture) -> Image:
        origin = AiOrigin(prompt=generation.prompt, model=picture.model, style=generation.style)
        async with self._library.workspace() as workspace:
            path = workspace / "received"
            await asyncio.to_thread(path.write_bytes, picture.content)
            digest = (await asyncio.to_thread(hashlib.sha256, picture.content)).hexdigest()
            received = Received(path, digest, picture_name(generation.prompt, picture.content))
            image, _ = await self._library.accept(
                received, business_id=generation.business_id, workspace=workspace, origin=origin
            )
        return image

    async def _give_up(self, generation: Generation, error: GenerationError) -> AppError:
        """Settle what a provider's failure means, and say it in our words."""
        refusal: AppError
        state = GenerationState.FAILED
        match error:
            case PromptRefused():
                state, refusal = GenerationState.REFUSED, RuleBroken("prompt_refused", error.detail)
            case ProviderPaces():
                refusal = RateLimited(
                    "provider_rate_limited", error.detail, retry_after=error.retry_after or 30
                )
            case AccountTrouble():
                refusal = UpstreamRefused("provider_account_trouble", error.detail)
            case GenerationUnknown():
                state = GenerationState.UNKNOWN
                refusal = OutcomeUnknown("outcome_unknown", error.detail, generation_id=generation.id)
            case _:
                refusal = UpstreamUnavailable(
                    "provider_unavailable", error.detail, retry_after=error.retry_after or 30
                )
        # Nothing was painted, so whoever sends the same request again means it.
        is_repeatable = state is GenerationState.FAILED
        await self._settle(
            generation, state, code=refusal.code, detail=error.detail, is_repeatable=is_repeatable
        )
        log.info("generation.failed", generation_id=generation.id, code=refusal.code)
        return refusal

    async def _settle(
        self,
        generation: Generation,
        state: GenerationState,
        *,
        image: Image | None = None,
        model: str | None = None,
        code: str | None = None,
        detail: str | None = None,
        is_repeatable: bool = False,
    ) -> None:
        now = clock.now()
        async with self._database.writing() as session:
            await models.settle(
                session,
                generation.id,
                state,
                now,
                image_id=image.id if image else None,
                model=model,
                error_code=code,
                error_detail=detail,
                frees_request=is_repeatable,
            )
        generation.state, generation.finished_at = state.value, now
        generation.image_id = image.id if image else None
        generation.model = model or generation.model
        generation.error_code, generation.error_detail = code, detail

    async def _earlier(self, wish: Generation, error: IntegrityError) -> tuple[Generation, Image]:
        """The same request came before, in a process that did not live to answer it."""
        async with self._database.reading() as session:
            earlier = wish.request_key and await models.find_by_request(
                session, wish.user_id, wish.request_key
            )
            if not earlier:
                raise error
            if any(getattr(earlier, name) != getattr(wish, name) for name in _WISHED):
                raise key_reused()
            image = earlier.image_id and (await image_models.find_by_ids(session, [earlier.image_id])).get(
                earlier.image_id
            )
        if image:
            return earlier, image
        if earlier.state == GenerationState.RUNNING.value:
            raise Conflict("in_progress", "This picture is being painted already.")
        if earlier.state == GenerationState.UNKNOWN.value:
            raise OutcomeUnknown("outcome_unknown", earlier.error_detail or "", generation_id=earlier.id)
        if earlier.state == GenerationState.REFUSED.value:
            raise RuleBroken("prompt_refused", earlier.error_detail or "The provider refused this prompt.")
        raise RuleBroken(
            "generation_failed",
            "This picture was painted and could not be kept. Ask again with a new Idempotency-Key.",
        )

    def _choose(self, provider_name: str | None, model_id: str | None) -> tuple[ImageProvider, Model]:
        if not self.providers:
            raise UpstreamUnavailable(
                "no_image_provider",
                "No AI image provider is set up on this server. Set OPENAI_API_KEY to use OpenAI.",
            )
        provider = self.providers.get(provider_name or next(iter(self.providers)))
        if provider is None:
            raise RuleBroken("unknown_provider", "This AI provider is not set up on this server.")
        if model_id is None:
            return provider, provider.models[0]
        model = next((model for model in provider.models if model.id == model_id), None)
        if model is None:
            raise RuleBroken("unknown_model", "This provider has no such model here.")
        return provider, model


async def get_generation(session: AsyncSession, *, user_id: int, generation_id: int) -> Generation:
    """A generation in one of the user's businesses."""
    generation = await models.find_for_user(session, generation_id, user_id)
    if generation is None:
        raise NotFound("generation_not_found", "There is no such generation.")
    return generation


def picture_name(prompt: str, content: bytes) -> str:
    """What a generated picture is called: the first whole words of its prompt, and its format."""
    words = " ".join(prompt.split())
    if len(words) > NAME_LENGTH:
        # The character after the cut tells whether the last word is whole. One endless word is cut.
        words = words[: NAME_LENGTH + 1].rsplit(" ", 1)[0][:NAME_LENGTH]
    words = words.rstrip(" ,.;:-")
    found = sniff(content[:HEAD_BYTES])
    return f"{words}.{found.extension}" if found else words


def _check(model: Model, *, prompt: str, size: str, quality: str) -> None:
    """What the model can do decides, before anything is asked of a provider."""
    if not prompt.strip():
        raise RuleBroken("prompt_empty", "Describe the picture you want.")
    if len(prompt) > model.max_prompt_length:
        raise RuleBroken(
            "prompt_too_long",
            f"{model.name} takes {model.max_prompt_length:,} characters, and this has {len(prompt):,}.",
            limit=model.max_prompt_length,
        )
    if size not in model.sizes:
        raise RuleBroken("size_not_offered", f"{model.name} paints {', '.join(model.sizes)}.")
    if quality not in model.qualities:
        raise RuleBroken("quality_not_offered", f"{model.name} offers {', '.join(model.qualities)}.")
