"""Pictures from the OpenAI Images API, or from any server that speaks it.

The call is paid and has no idempotency key: it is sent once, and once it may have been received whatever
is not a clear answer is `GenerationUnknown`. Errors are told apart by `code`, then `type`, then status,
never by their text, which may repeat the prompt or part of the key.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
import openai
import orjson

from app.core import clock
from app.core.logging import get_logger
from app.core.tls import public_certificates
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

log = get_logger(__name__)

MAX_PICTURE_BYTES = 64 * 1024 * 1024
MAX_ANSWER_BYTES = MAX_PICTURE_BYTES * 4 // 3 + 1024 * 1024
"""A picture of the largest size in base64, and the words around it."""
MAX_WAIT = 60 * 60
"""Seconds; a longer `Retry-After` is cut."""

_KEY = re.compile(r"[\x21-\x7e]{1,1024}")
_QUALITIES = {"standard": "medium", "hd": "high"}
# These know three sizes only; the others take any that the form offers.
_FIXED_SIZE_MODELS = re.compile(r"gpt-image-1(\.5|-mini)?(-\d{4}-\d{2}-\d{2})?|chatgpt-image-latest")
_FIXED_SIZES = {"1024x1792": "1024x1536", "1792x1024": "1536x1024"}

# Raised before a byte of the request is on its way.
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)

_REFUSED = "The provider's safety rules refuse this prompt. Say it differently and try again."
_HELD_BACK = (
    "The provider's safety rules held the finished picture back. Say the prompt differently and try again."
)
_BAD_PROMPT = "The provider does not take this prompt. Shorten it or say it differently."
_BAD_OPTION = "The provider does not take this size or quality for the model. Choose another one."
_PACES = "The provider gets too many requests right now. Try again a little later."
_BUSY = "The provider is overloaded and did not take the request. Try again a little later."
_DOWN = "The provider cannot be reached right now. Try again a little later."
_NO_MONEY = (
    "The account at the AI provider has no credit left or has reached its limit. Its owner has to top it up."
)
_BAD_KEY = "The AI provider does not accept the key. Whoever runs this server has to check its settings."
_NOT_ALLOWED = "The account at the AI provider may not use this model. Its owner has to check it there."
_NO_MODEL = "The AI provider does not know this model, or no longer offers it. Choose another one."
_BAD_ADDRESS = "The AI provider's address in the settings does not answer as it should. Check it."
_UNKNOWN = (
    "The provider's answer was lost. The picture may have been made and billed, so it is not asked for again."
)

_BY_NAME: Mapping[str, tuple[type[GenerationError], str]] = {
    "moderation_blocked": (PromptRefused, _REFUSED),
    "content_policy_violation": (PromptRefused, _REFUSED),
    "image_generation_user_error": (PromptRefused, _REFUSED),
    "invalid_api_key": (AccountTrouble, _BAD_KEY),
    "authentication_error": (AccountTrouble, _BAD_KEY),
    "model_not_found": (AccountTrouble, _NO_MODEL),
    "insufficient_quota": (AccountTrouble, _NO_MONEY),
    "credit_balance_exhausted": (AccountTrouble, _NO_MONEY),
    "organization_spend_limit_exceeded": (AccountTrouble, _NO_MONEY),
    "project_spend_limit_exceeded": (AccountTrouble, _NO_MONEY),
    "organization_usage_limit_exceeded": (AccountTrouble, _NO_MONEY),
    "billing_hard_limit_reached": (AccountTrouble, _NO_MONEY),
    "billing_not_active": (AccountTrouble, _NO_MONEY),
    "rate_limit_exceeded": (ProviderPaces, _PACES),
    "slow_down": (ProviderPaces, _PACES),
    "rate_limit_error": (ProviderPaces, _PACES),
    "server_is_overloaded": (ProviderDown, _BUSY),
    "service_unavailable_error": (ProviderDown, _BUSY),
    "server_error": (GenerationUnknown, _UNKNOWN),
}
"""Meaning of a `code`, or of a `type` where the code says nothing."""

_BY_STATUS: Mapping[int, tuple[type[GenerationError], str]] = {
    401: (AccountTrouble, _BAD_KEY),
    402: (AccountTrouble, _NO_MONEY),
    403: (AccountTrouble, _NOT_ALLOWED),
    404: (AccountTrouble, _NO_MODEL),
    408: (GenerationUnknown, _UNKNOWN),
    409: (ProviderDown, _BUSY),
    413: (PromptRefused, _BAD_PROMPT),
    429: (ProviderPaces, _PACES),
}


class OpenAIImageProvider:
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
    ) -> None:
        self.name = name
        self.models = models
        self.at_once = 100
        self.is_moderated = True
        self._is_key_usable = _KEY.fullmatch(api_key) is not None
        self._deadline = timeout.total_seconds()
        timeouts = httpx2.Timeout(self._deadline, connect=connect_timeout.total_seconds())
        self._client = openai.AsyncOpenAI(
            api_key=api_key if self._is_key_usable else "unusable",
            base_url=base_url,
            max_retries=0,
            timeout=timeouts,
            # No kept connections: one that the server has just closed would look like a lost answer.
            http_client=httpx2.AsyncClient(
                timeout=timeouts,
                verify=public_certificates(),
                trust_env=False,
                follow_redirects=False,
                limits=httpx2.Limits(max_connections=100, max_keepalive_connections=0),
            ),
        )
        # The SDK fills these from the environment; only our own settings count.
        self._client.organization = None
        self._client.project = None

    def __repr__(self) -> str:
        return f"OpenAIImageProvider({self.name!r})"

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()

    async def resume(
        self, request: GenerationRequest, handle: str, watch: Watch = NOBODY
    ) -> GeneratedPicture:
        """This API keeps no work that could be asked for again."""
        raise self._lost("nothing_to_resume")

    async def generate(self, request: GenerationRequest, watch: Watch = NOBODY) -> GeneratedPicture:
        """Ask for one PNG, once."""
        if not self._is_key_usable:
            raise AccountTrouble(_BAD_KEY)
        size = request.size
        if _FIXED_SIZE_MODELS.fullmatch(request.model):
            size = _FIXED_SIZES.get(size, size)
        try:
            async with asyncio.timeout(self._deadline):
                body = await self._ask(request, size)
        except openai.APIStatusError as error:
            # Raised below, without its cause: the SDK's text repeats the provider's, and that the prompt.
            refusal = self._refusal(error)
        except openai.APIConnectionError as error:
            if isinstance(error.__cause__, _NOT_SENT):
                raise ProviderDown(_DOWN) from error
            if isinstance(error.__cause__, httpx2.UnsupportedProtocol):
                raise AccountTrouble(_BAD_ADDRESS) from error
            raise self._lost(type(error.__cause__).__name__) from error
        except (openai.OpenAIError, httpx2.HTTPError, TimeoutError) as error:
            raise self._lost(type(error).__name__) from error
        else:
            return self._unpack(body, request)
        raise refusal

    async def _ask(self, request: GenerationRequest, size: str) -> bytes:
        """The body of a success, as it came, read no further than any answer may be long."""
        asked: Any = {
            "model": request.model,
            "prompt": request.prompt,
            "size": size,
            "quality": _QUALITIES.get(request.quality, request.quality),
            "n": 1,
            "output_format": "png",
        }
        body = bytearray()
        async with self._client.images.with_streaming_response.generate(**asked) as response:
            async for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise self._lost("answer_too_large")
        return bytes(body)

    def _unpack(self, body: bytes, request: GenerationRequest) -> GeneratedPicture:
        try:
            answer = orjson.loads(body)
            encoded = answer["data"][0]["b64_json"]
            content = base64.b64decode(encoded, validate=True)
        except (orjson.JSONDecodeError, LookupError, TypeError, binascii.Error, ValueError) as error:
            raise self._lost("answer_unreadable") from error
        if not content or len(content) > MAX_PICTURE_BYTES:
            raise self._lost("picture_missing_or_too_large")
        usage = answer.get("usage")
        model = answer.get("model")
        return GeneratedPicture(
            content=content,
            model=model if isinstance(model, str) and 0 < len(model) <= 100 else request.model,
            input_tokens=_tokens(usage, "input_tokens"),
            output_tokens=_tokens(usage, "output_tokens"),
        )

    def _refusal(self, error: openai.APIStatusError) -> GenerationError:
        kind, detail = _meaning(error)
        log.warning(
            "generation.refused_by_provider",
            provider=self.name,
            status=error.status_code,
            error_code=_name(error.code),
            error_type=_name(error.type),
            means=kind.__name__,
        )
        waits = kind in (ProviderPaces, ProviderDown)
        return kind(detail, retry_after=_retry_after(error.response.headers) if waits else None)

    def _lost(self, reason: str) -> GenerationUnknown:
        log.warning("generation.answer_lost", provider=self.name, reason=reason)
        return GenerationUnknown(_UNKNOWN)


def _meaning(error: openai.APIStatusError) -> tuple[type[GenerationError], str]:
    """What to do next, and what to tell."""
    for name in (error.code, error.type):
        if isinstance(name, str) and name in _BY_NAME:
            kind, detail = _BY_NAME[name]
            if kind is PromptRefused and _stage(error.body) == "output":
                return kind, _HELD_BACK
            return kind, detail
    status = error.status_code
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if 400 <= status < 500:
        return PromptRefused, _BAD_PROMPT if error.param == "prompt" else _BAD_OPTION
    if 300 <= status < 400:
        return AccountTrouble, _BAD_ADDRESS
    return GenerationUnknown, _UNKNOWN


def _stage(body: object) -> object:
    details = body.get("moderation_details") if isinstance(body, dict) else None
    return details.get("moderation_stage") if isinstance(details, dict) else None


def _name(value: object) -> str | None:
    """A vendor's code, when it looks like one."""
    return value if isinstance(value, str) and re.fullmatch(r"[a-z0-9_]{1,64}", value) else None


def _tokens(usage: object, field: str) -> int | None:
    value = usage.get(field) if isinstance(usage, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _retry_after(headers: httpx2.Headers) -> int | None:
    """How long the provider asks to wait, in whole seconds, between 1 and `MAX_WAIT`."""
    precise, plain = headers.get("retry-after-ms", ""), headers.get("retry-after", "").strip()
    seconds: float
    if re.fullmatch(r"\d{1,12}(\.\d+)?", precise):
        seconds = float(precise) / 1000
    elif re.fullmatch(r"\d{1,9}(\.\d+)?", plain):
        seconds = float(plain)
    else:
        try:
            at = parsedate_to_datetime(plain)
            seconds = (at - clock.now()).total_seconds()
        except (TypeError, ValueError):
            return None
    return max(1, min(MAX_WAIT, int(seconds + 0.999)))
