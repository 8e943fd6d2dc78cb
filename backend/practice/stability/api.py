"""`POST /v2beta/stable-image/generate/…` by Stability AI's rules, painted on this machine."""

from __future__ import annotations

import base64
import secrets
import sqlite3
from collections import deque
from decimal import Decimal

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from practice.answers import PRACTICE_HEADERS, JsonAnswer
from practice.billing import Bill, list_bills
from practice.desk import HELD_BACK_WORD, REFUSED_WORD, Call, Desk, Refused
from practice.stability.rules import Wanted, bad, check, error
from practice.store import setting
from practice.studio import FORMATS, Studio, TooBusy

REQUEST_LIMIT = 10 * 1024 * 1024
CALLS_ALLOWED, CALLS_WITHIN, PENALTY = 150, 10.0, 60
CREDIT = Decimal("0.01")


class StabilityApi:
    """One account, for whoever has the painter's key. Faults act on `stability.core`, `.ultra`, `.sd3`."""

    def __init__(self, desk: Desk, studio: Studio) -> None:
        self._desk = desk
        self._studio = studio
        self._recent: deque[float] = deque()

    def routes(self) -> list[Route]:
        """Below the place that `STABILITY_BASE_URL` names."""
        return [
            Route("/stability/v2beta/stable-image/generate/{endpoint}", self.generate, methods=["POST"]),
            Route("/stability/v1/user/balance", self.balance, methods=["GET"]),
        ]

    async def balance(self, request: Request) -> Response:
        """`GET /v1/user/balance`."""
        if not self._desk.has_bearer(request):
            return _refusal(error(401, "unauthorized", "authorization: invalid or missing header value"))
        return JsonAnswer({"credits": float(await self._credits())})

    async def generate(self, request: Request) -> Response:
        """`POST /v2beta/stable-image/generate/{core,ultra,sd3}`."""
        endpoint = request.path_params["endpoint"]
        length = request.headers.get("content-length", "")
        if not self._desk.has_bearer(request):
            return _refusal(error(401, "unauthorized", "authorization: invalid or missing header value"))
        if endpoint not in ("core", "ultra", "sd3"):
            return _refusal(error(404, "not_found", "There is no such endpoint."))
        if not length.isdecimal() or int(length[:20]) > REQUEST_LIMIT:
            return _refusal(error(413, "payload_too_large", "The request is larger than 10 MiB."))
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            return _refusal(bad("content-type", "must be multipart/form-data"))
        async with request.form(max_files=4, max_fields=40) as form:
            fields = {name: value for name, value in form.items() if isinstance(value, str)}
            given = form.get("image")
            image = await given.read() if isinstance(given, UploadFile) else None
        noted: dict[str, object] = {
            name: fields[name] for name in ("model", "mode", "aspect_ratio", "seed") if name in fields
        }
        noted |= {
            "prompt_length": len(fields.get("prompt", "")),
            "user": request.headers.get("stability-client-user-id"),
        }

        async def work(call: Call) -> Response:
            self._pace()
            wanted = check(endpoint, fields, image)
            if REFUSED_WORD in wanted.prompt.lower():
                raise error(403, "content_moderation", "Your request was flagged, and you were not charged.")
            if await self._credits() < wanted.credits:
                raise error(402, "payment_required", "You lack sufficient credits to make this request.")
            is_held_back = HELD_BACK_WORD in wanted.prompt.lower()
            content = await self._painted(wanted)
            if not is_held_back:
                call.bills.append(Bill("stability", wanted.model, wanted.credits * CREDIT))
            return _answer(request, wanted, content, "CONTENT_FILTERED" if is_held_back else "SUCCESS")

        return await self._desk.serve(request, f"stability.{endpoint}", noted, work)

    async def _painted(self, wanted: Wanted) -> bytes:
        try:
            return await self._studio.picture(
                wanted.prompt,
                wanted.width,
                wanted.height,
                wanted.seed,
                format=wanted.output_format,
                sources=(wanted.source,) if wanted.source is not None else (),
                is_quick=True,
            )
        except TooBusy as busy:
            raise error(500, "internal_error", "An unexpected server error has occurred.") from busy
        except ValueError as broken:
            raise bad("image", "can't be read") from broken

    async def _credits(self) -> Decimal:
        def count(db: sqlite3.Connection) -> Decimal:
            spent = sum(
                (Decimal(bill["amount"]) for bill in list_bills(db) if bill["provider"] == "stability"),
                Decimal(0),
            )
            return Decimal(setting(db, "stability_credits")) - spent / CREDIT

        return await self._desk.store.run(count)

    def _pace(self) -> None:
        now = self._desk.store.now()
        while self._recent and self._recent[0] < now - CALLS_WITHIN:
            self._recent.popleft()
        if len(self._recent) >= CALLS_ALLOWED:
            raise error(429, "rate_limit_exceeded", f"You have exceeded {CALLS_ALLOWED} calls in 10 seconds.")
        self._recent.append(now)


def _answer(request: Request, wanted: Wanted, content: bytes, reason: str) -> Response:
    headers = {**PRACTICE_HEADERS, "x-request-id": secrets.token_hex(16)}
    mime_type = FORMATS[wanted.output_format]
    accepted = request.headers.get("accept", "*/*")
    if "application/json" in accepted:
        body = {
            "image": base64.b64encode(content).decode(),
            "finish_reason": reason,
            "seed": wanted.seed,
        }
        return JsonAnswer(body, headers={**headers, "content-type": f"application/json; type={mime_type}"})
    if "image/*" in accepted or "*/*" in accepted:
        headers |= {"finish-reason": reason, "seed": str(wanted.seed)}
        return Response(content, media_type=mime_type, headers=headers)
    raise bad("accept", "must be image/* or application/json")


def _refusal(refused: Refused) -> Response:
    return JsonAnswer(refused.body, refused.status)
