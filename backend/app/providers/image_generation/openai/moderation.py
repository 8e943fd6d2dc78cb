"""OpenAI's look at a prompt before a provider that does not look itself. It costs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx2
import openai
import orjson

from app.core.logging import get_logger
from app.providers.image_generation import words
from app.providers.image_generation.base import (
    AccountTrouble,
    GenerationError,
    GenerationUnknown,
    PromptRefused,
    ProviderDown,
    ProviderPaces,
)
from app.providers.image_generation.openai.client import make_client
from app.providers.image_generation.openai.errors import inside, meaning
from app.providers.image_generation.wire import MAX_WORDS_BYTES, is_key, retry_after, short_name

log = get_logger(__name__)

MODEL = "omni-moderation-latest"

_SUBJECTS: Mapping[str, str] = {
    "harassment": "harassment",
    "hate": "hate",
    "illicit": "advice for crimes",
    "self-harm": "self-harm",
    "sexual": "sexual content",
    "violence": "violence",
}
"""What the first part of a category is called for people."""


class OpenAIModerator:
    """One account's moderation. Build it once; close it at shutdown."""

    def __init__(self, base_url: str, api_key: str, *, timeout: timedelta = timedelta(seconds=15)) -> None:
        self._is_key_usable = is_key(api_key)
        self._client = make_client(
            base_url, api_key, timeout=timeout, connect_timeout=min(timeout, timedelta(seconds=5))
        )

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()

    async def refusal(self, prompt: str) -> str | None:
        """Why this prompt is refused; else None. Raises `GenerationError` when nobody answers."""
        if not self._is_key_usable:
            raise AccountTrouble(words.BAD_KEY)
        try:
            body = await self._ask(prompt)
        except openai.APIStatusError as error:
            # Raised below, without its cause: the SDK's text repeats the provider's.
            failure = _failure(error)
        except (openai.OpenAIError, httpx2.HTTPError) as error:
            raise ProviderDown(words.DOWN) from error
        else:
            return _said(body)
        raise failure

    async def _ask(self, prompt: str) -> bytes:
        body = bytearray()
        call = self._client.moderations.with_streaming_response.create(model=MODEL, input=prompt)
        async with call as response:
            async for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MAX_WORDS_BYTES:
                    raise ProviderDown(words.DOWN)
        return bytes(body)


def _failure(error: openai.APIStatusError) -> GenerationError:
    kind, detail = meaning(inside(error.body), error.status_code)
    log.warning(
        "moderation.failed",
        status=error.status_code,
        error_code=short_name(error.code),
        means=kind.__name__,
    )
    if kind in (GenerationUnknown, PromptRefused):
        # Nothing was painted and nothing judged, so it may be asked again.
        kind, detail = ProviderDown, words.DOWN
    waits = kind in (ProviderDown, ProviderPaces)
    return kind(detail, retry_after=retry_after(error.response.headers) if waits else None)


def _said(body: bytes) -> str | None:
    """The sentence for people that an answer comes to."""
    try:
        result: Any = orjson.loads(body)["results"][0]
        is_flagged = result["flagged"]
        categories = result["categories"]
    except (orjson.JSONDecodeError, LookupError, TypeError) as error:
        raise ProviderDown(words.DOWN) from error
    if is_flagged is False:
        return None
    flagged = (
        [name for name, value in categories.items() if value is True] if isinstance(categories, dict) else []
    )
    subjects = sorted({_SUBJECTS.get(name.partition("/")[0], "") for name in flagged} - {""})
    about = f" ({', '.join(subjects)})" if subjects else ""
    return f"The safety check refuses this prompt{about}. Say it differently and try again."
