"""`POST /v1/images/generations` by OpenAI's rules, painted on this machine."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import math
import re
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from practice.answers import PRACTICE_HEADERS, JsonAnswer
from practice.calls import begin_call, end_call
from practice.faults import Holds, Plan, conduct, draw_plan
from practice.openai.painting import paint
from practice.openai.png import encode_png
from practice.store import Store

EDGE = "images.generations"
PRACTICE_MODEL = "practice-image-1"
PROMPT_LIMIT = 32_000
BODY_LIMIT = 1024 * 1024
PICTURE_LIMIT = 32
REFUSED_WORD = "blocked-by-provider"

_FREE_SIZE_MODELS = re.compile(r"practice-image-1|gpt-image-2(\.[56]-(flare|sunburst))?(-\d{4}-\d\d-\d\d)?")
_FIXED_SIZE_MODELS = frozenset({"gpt-image-1.5", "gpt-image-1-mini", "chatgpt-image-latest"})
_FIXED_SIZES = ("1024x1024", "1536x1024", "1024x1536")
_QUALITIES = ("low", "medium", "high", "auto")
_FINE_QUALITIES = ("xhigh", "max")
_EFFORT = {"low": 16, "medium": 24, "high": 48, "xhigh": 64, "max": 96}
_KNOWN = frozenset(
    {
        "prompt",
        "model",
        "n",
        "size",
        "quality",
        "background",
        "output_format",
        "output_compression",
        "moderation",
        "complexity",
        "stream",
        "partial_images",
        "safety_identifier",
        "user",
    }
)


# What the log of calls keeps; never the prompt.
_NOTED = ("model", "size", "quality", "n", "stream")


class Refused(Exception):
    """Ends a call with OpenAI's error envelope."""

    def __init__(
        self, status: int, code: str, message: str, *, param: str | None = None, kind: str | None = None
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.body: dict[str, Any] = {
            "error": {
                "message": message,
                "type": kind or "invalid_request_error",
                "param": param,
                "code": code,
            }
        }


def _invalid(param: str, message: str) -> Refused:
    return Refused(400, "invalid_value", message, param=param)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request that keeps every rule."""

    prompt: str
    model: str
    n: int
    width: int
    height: int
    quality: str
    is_streamed: bool
    partials: int

    @property
    def size(self) -> str:
        """The size as the answer names it."""
        return f"{self.width}x{self.height}"


def check(sent: Mapping[str, Any]) -> Wanted:
    """Hold a request against the rules; raises `Refused`."""
    for name in sent:
        if name not in _KNOWN:
            raise Refused(400, "unknown_parameter", f"Unknown parameter: '{name}'.", param=name)
    prompt = sent.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise Refused(
            400, "missing_required_parameter", "Missing required parameter: 'prompt'.", param="prompt"
        )
    if len(prompt) > PROMPT_LIMIT:
        raise Refused(
            400,
            "string_above_max_length",
            f"Invalid 'prompt': string too long. Expected a string with maximum length {PROMPT_LIMIT}.",
            param="prompt",
        )
    model = sent.get("model", PRACTICE_MODEL)
    is_free = isinstance(model, str) and _FREE_SIZE_MODELS.fullmatch(model) is not None
    if not isinstance(model, str) or not (is_free or model in _FIXED_SIZE_MODELS):
        raise Refused(
            404,
            "model_not_found",
            f"The model '{model}' does not exist or you do not have access to it.",
            param="model",
        )
    width, height = _size(sent.get("size", "auto"), is_free=is_free)
    qualities = (*_QUALITIES, *_FINE_QUALITIES) if "-2.5-" in model or "-2.6-" in model else _QUALITIES
    quality = _one_of(sent, "quality", qualities, "auto")
    if _one_of(sent, "output_format", ("png", "jpeg", "webp"), "png") != "png":
        raise _invalid("output_format", "Practice pictures are PNG only. Leave 'output_format' out.")
    if _one_of(sent, "background", ("transparent", "opaque", "auto"), "auto") == "transparent":
        raise _invalid("background", "Practice pictures are opaque. Use 'opaque' or 'auto'.")
    _one_of(sent, "moderation", ("auto", "low"), "auto")
    _one_of(sent, "complexity", ("low", "medium", "high"), "medium")
    _whole(sent, "output_compression", 0, 100, 100)
    is_streamed = sent.get("stream") or False
    if not isinstance(is_streamed, bool):
        raise Refused(400, "invalid_type", "Invalid type for 'stream': expected a boolean.", param="stream")
    partials = _whole(sent, "partial_images", 0, 3, 0)
    if partials and not is_streamed:
        raise _invalid("partial_images", "'partial_images' needs 'stream' to be true.")
    return Wanted(
        prompt=prompt,
        model=model,
        n=_whole(sent, "n", 1, 10, 1),
        width=width,
        height=height,
        quality="medium" if quality == "auto" else quality,
        is_streamed=is_streamed,
        partials=partials,
    )


def _one_of(sent: Mapping[str, Any], name: str, allowed: tuple[str, ...], default: str) -> str:
    value = sent.get(name)
    if value is None:
        return default
    if value not in allowed:
        listed = ", ".join(f"'{word}'" for word in allowed)
        raise _invalid(name, f"Invalid value: '{value}'. Supported values are: {listed}.")
    return str(value)


def _whole(sent: Mapping[str, Any], name: str, low: int, high: int, default: int) -> int:
    value = sent.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool):
        raise Refused(400, "invalid_type", f"Invalid type for '{name}': expected an integer.", param=name)
    if not low <= value <= high:
        raise _invalid(name, f"Invalid '{name}': expected a value from {low} to {high}.")
    return value


def _size(value: Any, *, is_free: bool) -> tuple[int, int]:
    if value in (None, "auto"):
        return 1024, 1024
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", value) if isinstance(value, str) else None
    if found is None:
        raise _invalid("size", f"Invalid value: '{value}'. Use WIDTHxHEIGHT or 'auto'.")
    if not is_free:
        if value not in _FIXED_SIZES:
            raise _invalid("size", f"Invalid value: '{value}'. Use one of {', '.join(_FIXED_SIZES)}.")
        return int(found[1]), int(found[2])
    width, height = int(found[1]), int(found[2])
    if width % 16 or height % 16 or not width or not height:
        raise _invalid("size", f"Invalid size '{value}': width and height must be divisible by 16.")
    if max(width, height) > 3 * min(width, height):
        raise _invalid("size", f"Invalid size '{value}': the ratio must be between 1:3 and 3:1.")
    if max(width, height) > 3840 or not 655_360 <= width * height <= 8_294_400:
        raise _invalid("size", f"Invalid size '{value}': it must have 655,360 to 8,294,400 pixels.")
    return width, height


def tokens_of(wanted: Wanted) -> dict[str, Any]:
    """The usage that a real provider would report for this request."""
    effort = _EFFORT[wanted.quality]
    long, short = max(wanted.width, wanted.height), min(wanted.width, wanted.height)
    grid = round(effort * short / long)
    each = math.ceil(effort * grid * (2_000_000 + wanted.width * wanted.height) / 4_000_000)
    output = each * wanted.n + 100 * wanted.partials
    text = max(1, math.ceil(len(wanted.prompt) / 4))
    return {
        "input_tokens": text,
        "output_tokens": output,
        "total_tokens": text + output,
        "input_tokens_details": {"text_tokens": text, "image_tokens": 0},
        "output_tokens_details": {"image_tokens": output, "text_tokens": 0},
    }


def _picture(prompt: str, width: int, height: int, seed: int) -> str:
    return base64.b64encode(encode_png(paint(prompt, width, height, seed))).decode()


def painter_key(control_key: str) -> str:
    """The API key that opens the image provider where `control_key` opens `/control`."""
    return f"practice-{hmac.digest(control_key.encode(), b'aigrowth:practice-painter', 'sha256').hex()}"


class ImagesApi:
    """Answers `/openai/v1/images/generations` and `/openai/v1/models` to whoever has the painter's key.

    Anybody else is refused before anything is read or written down.

    At most `picture_limit` pictures are painted or waited for at a time; beyond that the server says that
    it is overloaded.
    """

    def __init__(
        self,
        store: Store,
        holds: Holds,
        control_key: Callable[[], str],
        *,
        picture_limit: int = PICTURE_LIMIT,
    ) -> None:
        self._store = store
        self._holds = holds
        self._control_key = control_key
        self._running: set[asyncio.Task[Response]] = set()
        # Painting takes a core for a moment: two at a time are enough for any machine.
        self._brushes = asyncio.Semaphore(2)
        self._picture_limit = picture_limit
        self._pictures = 0

    async def models(self, request: Request) -> Response:
        """`GET /openai/v1/models`."""
        try:
            self._check_key(request)
        except Refused as refused:
            return _answer(refused.body, refused.status)
        model = {"id": PRACTICE_MODEL, "object": "model", "created": 1_760_000_000, "owned_by": "practice"}
        return _answer({"object": "list", "data": [model]})

    async def generate(self, request: Request) -> Response:
        """`POST /openai/v1/images/generations`."""
        try:
            self._check_key(request)
            body = await _read_body(request)
        except Refused as refused:
            return _answer(refused.body, refused.status)
        task = asyncio.create_task(self._serve(request, body))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    def _check_key(self, request: Request) -> None:
        scheme, _, offered = request.headers.get("authorization", "").partition(" ")
        control_key = self._control_key()
        if control_key and scheme.lower() == "bearer":
            wanted = painter_key(control_key).encode()
            if hmac.compare_digest(offered.strip().encode(), wanted):
                return
        raise Refused(401, "invalid_api_key", "Incorrect API key provided.")

    async def _serve(self, request: Request, body: bytes) -> Response:
        started = time.monotonic()
        sent = _parsed(body)
        noted: dict[str, Any] = {name: sent[name] for name in _NOTED if name in sent}
        noted["prompt_length"] = len(str(sent.get("prompt", "")))

        def begin(db: sqlite3.Connection) -> tuple[Plan, int]:
            plan = draw_plan(db, edge=EDGE, method=request.method, account_id=None)
            call_id = begin_call(
                db,
                at=self._store.now(),
                method=request.method,
                path=request.url.path,
                edge=EDGE,
                account_id=None,
                params=noted,
                faults=plan.kinds,
            )
            return plan, call_id

        plan, call_id = await self._store.run(begin)

        async def work() -> Response:
            problem: str | None = None
            try:
                if not sent:
                    raise Refused(400, "invalid_json", "The body must be a JSON object.")
                wanted = check(sent)
                if REFUSED_WORD in wanted.prompt.lower():
                    raise _moderation_blocked()
                answer = await self._generated(wanted)
            except Refused as refused:
                problem = refused.code
                answer = _answer(refused.body, refused.status)
            await self._store.run(lambda db: end_call(db, call_id, status=answer.status_code, error=problem))
            answer.headers["openai-processing-ms"] = str(round((time.monotonic() - started) * 1000))
            return answer

        return await conduct(plan, request, self._holds, work, edge=EDGE, account_id=None, params=noted)

    async def _generated(self, wanted: Wanted) -> Response:
        seeds = [secrets.randbits(63) for _ in range(wanted.n)]
        common = {
            "background": "opaque",
            "output_format": "png",
            "quality": wanted.quality,
            "size": wanted.size,
        }
        if wanted.is_streamed:
            return StreamingResponse(
                self._events(wanted, seeds, common),
                media_type="text/event-stream",
                headers={**PRACTICE_HEADERS, "x-request-id": _request_id(), "Cache-Control": "no-store"},
            )
        pictures = [await self._painted(wanted, seed, 1) for seed in seeds]
        return _answer(
            {
                "created": int(time.time()),
                **common,
                "data": [{"b64_json": picture} for picture in pictures],
                "usage": tokens_of(wanted),
            }
        )

    async def _painted(self, wanted: Wanted, seed: int, shrink: int) -> str:
        size = (wanted.width // shrink, wanted.height // shrink)
        if self._pictures >= self._picture_limit:
            raise Refused(
                503,
                "server_is_overloaded",
                "The server is overloaded. Please try again later.",
                kind="service_unavailable_error",
            )
        self._pictures += 1
        try:
            async with self._brushes:
                return await asyncio.to_thread(_picture, wanted.prompt, *size, seed)
        finally:
            self._pictures -= 1

    async def _events(
        self, wanted: Wanted, seeds: list[int], common: Mapping[str, Any]
    ) -> AsyncIterator[str]:
        try:
            for seed in seeds:
                for index in range(wanted.partials):
                    # Each preview is twice as sharp as the one before.
                    preview = await self._painted(wanted, seed, 8 >> index)
                    yield _event(
                        "partial_image", {"b64_json": preview, "partial_image_index": index, **common}
                    )
                picture = await self._painted(wanted, seed, 1)
                yield _event("completed", {"b64_json": picture, **common, "usage": tokens_of(wanted)})
        except Refused as refused:
            # The head of the answer is out: what remains is to say it in the stream.
            yield f"event: error\ndata: {json.dumps(refused.body)}\n\n"


def _event(step: str, body: Mapping[str, Any]) -> str:
    kind = f"image_generation.{step}"
    content = json.dumps({"type": kind, "created_at": int(time.time()), **body})
    return f"event: {kind}\ndata: {content}\n\n"


def _moderation_blocked() -> Refused:
    refused = Refused(
        400,
        "moderation_blocked",
        "Your request was rejected by the safety system.",
        kind="image_generation_user_error",
    )
    refused.body["error"]["moderation_details"] = {"moderation_stage": "input", "categories": ["violence"]}
    return refused


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > BODY_LIMIT:
                raise Refused(413, "request_too_large", "The request is too large.")
    except ClientDisconnect as gone:
        raise Refused(400, "invalid_json", "The request ended too early.") from gone
    return bytes(body)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return sent if isinstance(sent, dict) else {}


def _request_id() -> str:
    return "req_" + secrets.token_hex(16)


def _answer(content: Mapping[str, Any], status: int = 200) -> JsonAnswer:
    return JsonAnswer(content, status, {"x-request-id": _request_id()})
