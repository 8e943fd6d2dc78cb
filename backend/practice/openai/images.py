"""`POST /v1/images/generations` and `/v1/images/edits` by OpenAI's rules, painted on this machine."""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from practice.answers import PRACTICE_HEADERS, JsonAnswer
from practice.billing import Bill
from practice.desk import HELD_BACK_WORD, REFUSED_WORD, Call, Desk, Refused, painter_key, parsed, read_body
from practice.openai.rules import (
    PRACTICE_MODEL,
    Wanted,
    billed,
    check,
    check_sources,
    error,
    from_form,
    tokens_of,
)
from practice.studio import Studio, TooBusy

__all__ = ["EDGE", "EDIT_EDGE", "ImagesApi", "painter_key"]

EDGE = "images.generations"
EDIT_EDGE = "images.edits"
BODY_LIMIT = 1024 * 1024
FORM_LIMIT = 64 * 1024 * 1024

# What the log of calls keeps; never the prompt.
_NOTED = ("model", "size", "quality", "n", "stream", "partial_images", "safety_identifier")
_DATA_URL = re.compile(r"data:image/(?:png|jpeg|webp);base64,(?P<encoded>[A-Za-z0-9+/=]+)")


class ImagesApi:
    """Answers `/openai/v1/images/…` and `/openai/v1/models` to whoever has the painter's key.

    Anybody else is refused before anything is read or written down. When as many pictures as may be are
    painted or waited for, the server says that it is overloaded.
    """

    def __init__(self, desk: Desk, studio: Studio) -> None:
        self._desk = desk
        self._studio = studio

    def routes(self) -> list[Route]:
        """Below the place that `OPENAI_BASE_URL` names."""
        return [
            Route("/openai/v1/images/generations", self.generate, methods=["POST"]),
            Route("/openai/v1/images/edits", self.edit, methods=["POST"]),
            Route("/openai/v1/models", self.models, methods=["GET"]),
        ]

    async def models(self, request: Request) -> Response:
        """`GET /openai/v1/models`."""
        if not self._desk.has_bearer(request):
            return wrong_key()
        model = {"id": PRACTICE_MODEL, "object": "model", "created": 1_760_000_000, "owned_by": "practice"}
        return answer({"object": "list", "data": [model]})

    async def generate(self, request: Request) -> Response:
        """`POST /openai/v1/images/generations`."""
        if not self._desk.has_bearer(request):
            return wrong_key()
        try:
            sent = parsed(await read_body(request, BODY_LIMIT, too_large(), too_short()))
        except Refused as refused:
            return answer(refused.body, refused.status)

        async def wanted() -> Wanted:
            if not sent:
                raise error(400, "invalid_json", "The body must be a JSON object.")
            return check(sent)

        return await self._serve(request, EDGE, sent, wanted)

    async def edit(self, request: Request) -> Response:
        """`POST /openai/v1/images/edits`, as a form or as JSON."""
        if not self._desk.has_bearer(request):
            return wrong_key()
        try:
            if request.headers.get("content-type", "").startswith("multipart/form-data"):
                sent, sources, mask = await _form(request)
            else:
                sent = parsed(await read_body(request, FORM_LIMIT, too_large(), too_short()))
                sources, mask = _referred(sent)
        except Refused as refused:
            return answer(refused.body, refused.status)

        async def wanted() -> Wanted:
            check_sources(sources, mask)
            return check(sent, sources, mask)

        return await self._serve(request, EDIT_EDGE, sent, wanted)

    async def _serve(
        self, request: Request, edge: str, sent: Mapping[str, Any], find: Callable[[], Awaitable[Wanted]]
    ) -> Response:
        started = time.monotonic()
        noted: dict[str, Any] = {name: sent[name] for name in _NOTED if name in sent}
        noted["prompt_length"] = len(str(sent.get("prompt", "")))

        async def work(call: Call) -> Response:
            wanted = await find()
            if REFUSED_WORD in wanted.prompt.lower():
                raise _blocked("input")
            said = await self._painted(wanted, edge)
            if HELD_BACK_WORD in wanted.prompt.lower():
                raise _blocked("output")
            call.bills.append(Bill("openai", wanted.model, billed(wanted)))
            said.headers["openai-processing-ms"] = str(round((time.monotonic() - started) * 1000))
            return said

        def refuse(refused: Refused) -> Response:
            return answer(refused.body, refused.status)

        return await self._desk.serve(request, edge, noted, work, answer=refuse)

    async def _painted(self, wanted: Wanted, edge: str) -> Response:
        seeds = [secrets.randbits(63) for _ in range(wanted.n)]
        common = {
            "background": "opaque",
            "output_format": "png",
            "quality": wanted.quality,
            "size": wanted.size,
        }
        if wanted.is_streamed:
            return StreamingResponse(
                self._events(
                    wanted, seeds, common, "image_edit" if edge == EDIT_EDGE else "image_generation"
                ),
                media_type="text/event-stream",
                headers={**PRACTICE_HEADERS, "x-request-id": _request_id(), "Cache-Control": "no-store"},
            )
        pictures = [await self._picture(wanted, seed, 1) for seed in seeds]
        return answer(
            {
                "created": int(time.time()),
                **common,
                "data": [{"b64_json": picture} for picture in pictures],
                "usage": tokens_of(wanted),
            }
        )

    async def _picture(self, wanted: Wanted, seed: int, shrink: int) -> str:
        try:
            content = await self._studio.picture(
                wanted.prompt,
                wanted.width // shrink,
                wanted.height // shrink,
                seed,
                sources=wanted.sources,
                mask=wanted.mask,
            )
        except TooBusy as busy:
            raise _busy() from busy
        except ValueError as broken:
            raise error(400, "invalid_image_file", "The image can't be read.", param="image") from broken
        return base64.b64encode(content).decode()

    async def _events(
        self, wanted: Wanted, seeds: list[int], common: Mapping[str, Any], kind: str
    ) -> AsyncIterator[str]:
        try:
            for seed in seeds:
                for index in range(wanted.partials):
                    # Each preview is twice as sharp as the one before.
                    preview = await self._picture(wanted, seed, 8 >> index)
                    partial = {"b64_json": preview, "partial_image_index": index, **common}
                    yield _event(f"{kind}.partial_image", partial)
                picture = await self._picture(wanted, seed, 1)
                done = {"b64_json": picture, **common, "usage": tokens_of(wanted)}
                yield _event(f"{kind}.completed", done)
        except Refused as refused:
            # The head of the answer is out: what remains is to say it in the stream.
            yield f"event: error\ndata: {json.dumps(refused.body)}\n\n"


async def _form(request: Request) -> tuple[dict[str, Any], tuple[bytes, ...], bytes | None]:
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length[:20]) > FORM_LIMIT:
        raise too_large()
    async with request.form(max_files=20, max_fields=40, max_part_size=1024 * 1024) as form:
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        parts = [
            value
            for name in ("image[]", "image")
            for value in form.getlist(name)
            if isinstance(value, UploadFile)
        ]
        sources = tuple([await part.read() for part in parts])
        of_mask = form.get("mask")
        mask = await of_mask.read() if isinstance(of_mask, UploadFile) else None
    return from_form(fields), sources, mask


def _referred(sent: dict[str, Any]) -> tuple[tuple[bytes, ...], bytes | None]:
    """The pictures that a JSON body holds as data URLs."""
    listed = sent.get("images")
    items = listed if isinstance(listed, list) else []
    mask = sent.get("mask")
    return tuple(_data(item) for item in items), None if mask is None else _data(mask)


def _data(item: object) -> bytes:
    keys = set(item) if isinstance(item, dict) else set()
    if not isinstance(item, dict) or keys not in ({"image_url"}, {"file_id"}):
        raise error(400, "invalid_value", "Give each image an 'image_url' or a 'file_id'.", param="images")
    found = _DATA_URL.fullmatch(str(item.get("image_url")))
    if found is None:
        raise error(400, "invalid_value", "Practice takes data URLs only.", param="images")
    return base64.b64decode(found["encoded"] + "==")


def _event(kind: str, body: Mapping[str, Any]) -> str:
    content = json.dumps({"type": kind, "created_at": int(time.time()), **body})
    return f"event: {kind}\ndata: {content}\n\n"


def _busy() -> Refused:
    return error(
        503,
        "server_is_overloaded",
        "The server is overloaded. Please try again later.",
        kind="service_unavailable_error",
    )


def too_large() -> Refused:
    """A body over the limit."""
    return error(413, "request_too_large", "The request is too large.")


def too_short() -> Refused:
    """A body that was not sent to its end."""
    return error(400, "invalid_json", "The request ended too early.")


def _blocked(stage: str) -> Refused:
    refused = error(
        400,
        "moderation_blocked",
        "Your request was rejected by the safety system.",
        kind="image_generation_user_error",
    )
    refused.body["error"]["moderation_details"] = {"moderation_stage": stage, "categories": ["violence"]}
    return refused


def wrong_key() -> Response:
    """The answer to whoever has not the painter's key."""
    refused = error(401, "invalid_api_key", "Incorrect API key provided.")
    return answer(refused.body, refused.status)


def _request_id() -> str:
    return "req_" + secrets.token_hex(16)


def answer(content: Mapping[str, Any], status: int = 200) -> JsonAnswer:
    """JSON with the header that names the request."""
    return JsonAnswer(content, status, {"x-request-id": _request_id()})
