"""Pictures from the OpenAI Images API, or from any server that speaks it.

The call is paid and has no idempotency key: it is sent once, and once it may have been received whatever
is not a clear answer is `GenerationUnknown`.

A model's `dialect` says which server is spoken to: none is OpenAI's own, and `compatible` a server that only
resembles it. Such a one is told no more than it knows, answers with an address perhaps, and would take
commands out of a prompt.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx2
import openai
import orjson

from app.providers.image_generation import words
from app.providers.image_generation.base import (
    NOBODY,
    AccountTrouble,
    GeneratedPicture,
    GenerationError,
    GenerationRequest,
    Model,
    PromptRefused,
    ProviderDown,
    Watch,
)
from app.providers.image_generation.files import FileHosts, bring
from app.providers.image_generation.openai.client import NOT_SENT, make_client
from app.providers.image_generation.openai.errors import inside, meaning
from app.providers.image_generation.openai.streams import read_events
from app.providers.image_generation.painter import Painter
from app.providers.image_generation.prices import Usage
from app.providers.image_generation.wire import (
    MAX_ANSWER_BYTES,
    AnswerLost,
    decoded,
    is_key,
    retry_after,
    whole,
)

COMPATIBLE = "compatible"
_MOST_PARTIALS = 3
_COMMANDS = re.compile(r"<\s*sd_cpp_extra_args\s*>.*?(?:<\s*/\s*sd_cpp_extra_args\s*>|\Z)", re.I | re.S)
_LOOSE_TAG = re.compile(r"<\s*/?\s*sd_cpp_extra_args\s*>", re.I)


class OpenAIImageProvider(Painter):
    """One account at one server that speaks the Images API. Build it once; close it at shutdown.

    `timeout` is the longest that a generation may take; a shorter one loses pictures that are paid for.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        api_key: str,
        models: tuple[Model, ...],
        *,
        timeout: timedelta = timedelta(seconds=300),
        connect_timeout: timedelta = timedelta(seconds=5),
        most_bytes: int = MAX_ANSWER_BYTES,
    ) -> None:
        is_own = any(model.dialect != COMPATIBLE for model in models)
        # A server of one's own paints one picture after the other, and looks at no prompt.
        super().__init__(name, models, at_once=200 if is_own else 1, is_moderated=is_own)
        self._is_key_usable = is_key(api_key)
        self._deadline = timeout.total_seconds()
        self._most_bytes = most_bytes
        self._hosts = FileHosts.of(base_url)
        self._client = make_client(base_url, api_key, timeout=timeout, connect_timeout=connect_timeout)

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()

    async def generate(self, request: GenerationRequest, watch: Watch = NOBODY) -> GeneratedPicture:
        """Ask for one picture, once."""
        model = self.model_for(request)
        if not self._is_key_usable:
            raise AccountTrouble(words.BAD_KEY)
        asked = self._asked(request, model)
        try:
            async with asyncio.timeout(self._deadline):
                answer = await self._ask(request, asked, watch)
                return await self._unpack(answer, request, model)
        except openai.APIStatusError as error:
            # Raised below, without its cause: the SDK's text repeats the provider's, and that the prompt.
            refusal = self._refusal(inside(error.body), error.status_code, error.response.headers)
        except openai.APIConnectionError as error:
            if isinstance(error.__cause__, NOT_SENT):
                raise ProviderDown(words.DOWN) from error
            if isinstance(error.__cause__, httpx2.UnsupportedProtocol):
                raise AccountTrouble(words.BAD_ADDRESS) from error
            raise self.lost(type(error.__cause__).__name__) from error
        except AnswerLost as error:
            raise self.lost(error.reason) from error
        except (openai.OpenAIError, httpx2.HTTPError, TimeoutError) as error:
            raise self.lost(type(error).__name__) from error
        raise refusal

    def _asked(self, request: GenerationRequest, model: Model) -> dict[str, Any]:
        """The request in the provider's words."""
        prompt, more = request.prompt, dict(model.sends)
        if model.dialect == COMPATIBLE:
            prompt = _harmless(prompt)
            if not prompt:
                raise PromptRefused(words.BAD_PROMPT)
            if model.seeds and request.seed is not None:
                more["seed"] = request.seed
        asked: dict[str, Any] = {
            "model": request.model,
            "prompt": prompt,
            "size": model.asked(request.size),
            "n": 1,
            "extra_body": more,
        }
        if quality := model.asked(request.quality):
            asked["quality"] = quality
        if request.requester and model.dialect != COMPATIBLE:
            more["safety_identifier"] = request.requester
        if request.partials and model.streams:
            asked |= {"stream": True, "partial_images": min(request.partials, _MOST_PARTIALS)}
        if request.sources:
            asked["image"] = [
                (f"image-{number}.{source.mime_type.rpartition('/')[2]}", source.content, source.mime_type)
                for number, source in enumerate(request.sources)
            ]
            if request.mask is not None:
                asked["mask"] = ("mask.png", request.mask, "image/png")
        return asked

    async def _ask(
        self, request: GenerationRequest, asked: dict[str, Any], watch: Watch
    ) -> Mapping[str, Any]:
        """What a success says, read no further than any answer may be long."""
        images: Any = self._client.images.with_streaming_response
        call = images.edit(**asked) if request.sources else images.generate(**asked)
        async with call as response:
            chunks = response.iter_bytes()
            if "text/event-stream" in response.headers.get("content-type", ""):
                return await self._follow(chunks, request, watch)
            body = bytearray()
            async for chunk in chunks:
                body += chunk
                if len(body) > self._most_bytes:
                    raise AnswerLost("answer_too_large")
        try:
            answer = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise AnswerLost("answer_unreadable") from error
        if not isinstance(answer, dict):
            raise AnswerLost("answer_unreadable")
        return answer

    async def _follow(self, chunks: Any, request: GenerationRequest, watch: Watch) -> Mapping[str, Any]:
        """Pass previews on until the picture is there, and return it as an answer without events has it."""
        async for event in read_events(chunks, self._most_bytes * (1 + _MOST_PARTIALS)):
            if "error" in event:
                raise self._refusal(inside(event), None, {})
            step = str(event.get("type", "")).partition(".")[2]
            if step == "completed":
                return {**event, "data": [{"b64_json": event.get("b64_json")}]}
            preview = await decoded(event.get("b64_json")) if step == "partial_image" else None
            if preview is not None:
                await watch.partial(preview)
        raise AnswerLost("stream_ended")

    async def _unpack(
        self, answer: Mapping[str, Any], request: GenerationRequest, model: Model
    ) -> GeneratedPicture:
        try:
            item = answer["data"][0]
            encoded, url = item.get("b64_json"), item.get("url")
        except (LookupError, TypeError, AttributeError) as error:
            raise AnswerLost("answer_unreadable") from error
        content = await decoded(encoded)
        if content is None and isinstance(url, str) and model.dialect == COMPATIBLE:
            content = await bring(url, self._hosts)
        if content is None:
            raise AnswerLost("picture_missing_or_too_large")
        usage, named = answer.get("usage"), answer.get("model")
        size, pricing = model.asked(request.size), model.pricing
        return GeneratedPicture(
            content=content,
            model=named if isinstance(named, str) and 0 < len(named) <= 100 else request.model,
            input_tokens=_tokens(usage, "input_tokens"),
            output_tokens=_tokens(usage, "output_tokens"),
            seed=request.seed if model.seeds else None,
            cost=pricing.cost(size, request.quality, _usage(usage, request)) if pricing else None,
        )

    def _refusal(
        self, error: Mapping[str, Any], status: int | None, headers: Mapping[str, str]
    ) -> GenerationError:
        kind, detail = meaning(error, status)
        return self.refusal(
            kind,
            detail,
            status=status or 200,
            code=error.get("code") or error.get("type"),
            retry_after=retry_after(headers),
        )


def _harmless(prompt: str) -> str:
    """The prompt without what would be commands to such a server, however they are put into each other."""
    while True:
        cleaned = _COMMANDS.sub("", prompt)
        if cleaned == prompt:
            cleaned = _LOOSE_TAG.sub("", prompt)
        if cleaned == prompt:
            return prompt.replace("|", ",").strip()
        prompt = cleaned


def _tokens(usage: object, field: str) -> int | None:
    return whole(usage.get(field)) if isinstance(usage, dict) else None


def _usage(usage: object, request: GenerationRequest) -> Usage:
    """What was used, by sort. Without details everything that went into a picture from words was words."""
    if not isinstance(usage, dict):
        return Usage()
    details = usage.get("input_tokens_details")
    if isinstance(details, dict):
        text, image = _tokens(details, "text_tokens"), _tokens(details, "image_tokens")
    else:
        text, image = (None, None) if request.sources else (_tokens(usage, "input_tokens"), 0)
    return Usage(text_in=text, image_in=image, out=_tokens(usage, "output_tokens"))
