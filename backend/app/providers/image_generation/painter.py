"""What every adapter does the same way: knowing its models, and saying what went wrong."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.core.logging import get_logger
from app.providers.image_generation import words
from app.providers.image_generation.base import (
    NOBODY,
    AccountTrouble,
    GeneratedPicture,
    GenerationError,
    GenerationRequest,
    GenerationUnknown,
    Model,
    PromptRefused,
    ProviderDown,
    ProviderPaces,
    Watch,
)
from app.providers.image_generation.wire import AnswerLost, BadAddress, NotSent, short_name

log = get_logger(__name__)

T = TypeVar("T")

_SOURCES = ("image/png", "image/jpeg", "image/webp")
"""What every provider that changes pictures takes."""


class Painter:
    """The part of an image provider that has nothing to do with its protocol."""

    def __init__(self, name: str, models: tuple[Model, ...], *, at_once: int, is_moderated: bool) -> None:
        self.name = name
        self.models = models
        self.at_once = at_once
        self.is_moderated = is_moderated
        self._by_id = {model.id: model for model in models}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    async def resume(
        self, request: GenerationRequest, handle: str, watch: Watch = NOBODY
    ) -> GeneratedPicture:
        """This provider keeps no work that could be asked for again."""
        raise self.lost("nothing_to_resume")

    def model_for(self, request: GenerationRequest) -> Model:
        """The model of a request that it can fill. Raises what to tell where it can't."""
        model = self._by_id.get(request.model)
        if model is None:
            raise AccountTrouble(words.NO_MODEL)
        if request.sources and not model.edits:
            raise PromptRefused(words.NO_EDITS)
        if request.mask is not None and not model.masks:
            raise PromptRefused(words.NO_MASKS)
        if len(request.sources) > model.max_sources:
            raise PromptRefused(words.BAD_SOURCE)
        if any(source.mime_type not in _SOURCES for source in request.sources):
            raise PromptRefused(words.BAD_SOURCE_TYPE)
        if not model.paints(request.size):
            raise PromptRefused(words.BAD_OPTION)
        return model

    async def once(self, paid: Callable[[], Awaitable[T]]) -> T:
        """A paid call: what it means that its answer did not come."""
        try:
            return await paid()
        except NotSent as error:
            raise ProviderDown(words.DOWN) from error
        except BadAddress as error:
            raise AccountTrouble(words.BAD_ADDRESS) from error
        except AnswerLost as error:
            raise self.lost(error.reason) from error

    def refusal(
        self,
        kind: type[GenerationError],
        detail: str,
        *,
        status: int,
        code: object = None,
        retry_after: int | None = None,
    ) -> GenerationError:
        """The error to raise for a clear answer that is no picture."""
        log.warning(
            "generation.refused_by_provider",
            provider=self.name,
            status=status,
            error_code=short_name(code),
            means=kind.__name__,
        )
        waits = kind in (ProviderPaces, ProviderDown)
        return kind(detail, retry_after=retry_after if waits else None)

    def lost(self, reason: str, detail: str = words.UNKNOWN) -> GenerationUnknown:
        """The error to raise for an answer that is none."""
        log.warning("generation.answer_lost", provider=self.name, reason=reason)
        return GenerationUnknown(detail)


def seed_for(request: GenerationRequest, largest: int = 2**32 - 2) -> int:
    """The wanted seed, else one of our own, so that it is known whatever the answer says; from 1."""
    return request.seed if request.seed is not None else 1 + secrets.randbelow(largest)
