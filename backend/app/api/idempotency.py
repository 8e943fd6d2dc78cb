"""`Idempotency-Key`: the same request sent again gets the same answer, and the work is done once.

A key is bound to the user, the route and the body, and is kept for 24 hours. A repetition that comes
while the first request is at work waits for it a little, then gets 409 `in_progress`. A refused request
leaves its key free; one whose outcome is not known keeps it, because the work may have been done.

Before a kept answer is given again, its reader is looked at anew: who left the business meanwhile gets none.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from fastapi import Request
from starlette.responses import Response

from app.api import errors
from app.api.deps import Product
from app.core.errors import Conflict, Malformed, OutcomeUnknown
from app.models.businesses import Role
from app.schemas.base import View
from app.services import access, idempotency
from app.services.idempotency import Begun, Settled

WAIT_SECONDS = 10.0
_POLL_SECONDS = 0.1
_KEY = re.compile(r"[\x20-\x7e]{1,255}")

V = TypeVar("V", bound=View)

IDEMPOTENT: dict[str, Any] = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "A key of your choice, 1 to 255 printable ASCII characters. The same key with the "
            "same body gives the same answer for 24 hours, and the work is done once.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        }
    ]
}
"""For `openapi_extra=` of a route that answers through `idempotently`."""


async def body_fingerprint(request: Request) -> str:
    """A hash of a JSON body, blind to spacing and to the order of names."""
    body = await request.body()
    with contextlib.suppress(ValueError):
        body = json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(body).hexdigest()


async def idempotently(
    request: Request,
    product: Product,
    user_id: int,
    fingerprint: str,
    work: Callable[[str | None], Awaitable[tuple[int, V]]],
    *,
    admit: Callable[[], Awaitable[object]],
    as_kept: Callable[[V], V] = lambda view: view,
    wait_seconds: float = WAIT_SECONDS,
) -> Response:
    """The answer of `work`, or of the earlier request with the same key, once `admit` lets the user have it.

    `fingerprint` stands for what was sent (`body_fingerprint`, or a hash of a form's fields and file).
    `work` gets the key, so that what must not exist twice can keep it, and gives a status number and a
    view. It opens its own transactions: a route that calls this holds none, or the two would wait for
    each other. `as_kept` leaves out what only the first answer may say. `admit` (see `member_of`) raises
    where the user may not see the answer any more. A repetition waits up to `wait_seconds` for the first
    request. Raises Malformed (`invalid_idempotency_key`), Conflict (`idempotency_key_reused`,
    `in_progress`), and whatever `work` raises.
    """
    key = request.headers.get("idempotency-key")
    if key is None:
        status, view = await work(None)
        return _answer(status, view.model_dump(mode="json"))
    if not _KEY.fullmatch(key):
        raise Malformed(
            "invalid_idempotency_key", "An Idempotency-Key has 1 to 255 printable ASCII characters."
        )
    claim = await _claim(request, product, user_id, key, fingerprint, wait_seconds)
    if isinstance(claim, Settled):
        await admit()
        return _answer(claim.status, claim.answer, is_replayed=True)
    try:
        status, view = await work(key)
    except OutcomeUnknown as error:
        body = errors.problem_body(error)
        await asyncio.shield(
            idempotency.settle(
                product.database, request_id=claim.request_id, status=body["status"], answer=body
            )
        )
        raise
    except BaseException:
        # Whatever was done in spite of this carries the key on its own row.
        await asyncio.shield(idempotency.forget(product.database, request_id=claim.request_id))
        raise
    kept = as_kept(view).model_dump(mode="json")
    await asyncio.shield(
        idempotency.settle(product.database, request_id=claim.request_id, status=status, answer=kept)
    )
    return _answer(status, view.model_dump(mode="json"))


def member_of(
    product: Product, user_id: int, business_id: int, at_least: Role = Role.VIEWER
) -> Callable[[], Awaitable[object]]:
    """For `admit`: the user is in the business, with this role or a higher one."""

    async def admit() -> None:
        async with product.database.reading() as session:
            await access.require_role(session, business_id=business_id, user_id=user_id, at_least=at_least)

    return admit


async def _claim(
    request: Request, product: Product, user_id: int, key: str, fingerprint: str, wait_seconds: float
) -> Begun | Settled:
    whole = hashlib.sha256(f"{request.method} {request.url.path}\n{fingerprint}".encode()).hexdigest()
    give_up_at = asyncio.get_running_loop().time() + wait_seconds
    while True:
        claim = await idempotency.begin(
            product.database, user_id=user_id, key=key, fingerprint=whole, runner=product.instance
        )
        if isinstance(claim, Begun | Settled):
            return claim
        if asyncio.get_running_loop().time() > give_up_at:
            raise Conflict(
                "in_progress",
                "The first request with this Idempotency-Key is still at work. Ask again in a moment.",
                retry_after=2,
            )
        await asyncio.sleep(_POLL_SECONDS)


def _answer(status: int, body: Any, *, is_replayed: bool = False) -> Response:
    headers = {"Idempotent-Replayed": "true"} if is_replayed else {}
    if status >= 400:
        return errors.problem_response(body, headers)
    return Response(
        json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
        status_code=status,
        headers=headers,
        media_type="application/json",
    )
