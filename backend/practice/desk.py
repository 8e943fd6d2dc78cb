"""Where the simulators of AI providers take calls: every call is noted, planned with its faults, and billed.

A call that has been taken is finished whether or not its client stays, as a provider would.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from practice.answers import JsonAnswer
from practice.billing import Bill, add_bill
from practice.calls import begin_call, end_call
from practice.faults import Holds, Plan, conduct, draw_plan
from practice.store import Store

REFUSED_WORD = "blocked-by-provider"
"""A prompt with this word is refused by every simulator's safety rules."""
HELD_BACK_WORD = "held-back-by-provider"
"""A prompt with this word is painted, and the picture is then held back, where a provider can do that."""


class Refused(Exception):
    """Ends a call with an error in the provider's own form. `code` is for the log of calls."""

    def __init__(
        self, status: int, code: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.body: dict[str, Any] = dict(body)
        self.headers = dict(headers or {})


class Call:
    """One call on its way: what it costs is added here and billed when its work is done."""

    def __init__(self, request: Request, call_id: int) -> None:
        self.request = request
        self.id = call_id
        self.bills: list[Bill] = []


def painter_key(control_key: str) -> str:
    """The API key that opens the image providers where `control_key` opens `/control`."""
    return f"practice-{hmac.digest(control_key.encode(), b'aigrowth:practice-painter', 'sha256').hex()}"


class Desk:
    """Shared by all simulators of AI providers."""

    def __init__(self, store: Store, holds: Holds, control_key: Callable[[], str]) -> None:
        self.store = store
        self._holds = holds
        self._control_key = control_key
        self._running: set[asyncio.Task[Any]] = set()

    def is_key(self, offered: str) -> bool:
        """Whether this is the painter's key."""
        control_key = self._control_key()
        return bool(control_key) and hmac.compare_digest(
            offered.strip().encode(), painter_key(control_key).encode()
        )

    def has_bearer(self, request: Request) -> bool:
        """Whether the call bears the painter's key as a token."""
        scheme, _, offered = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self.is_key(offered)

    def has_password(self, request: Request) -> bool:
        """Whether the call bears the painter's key as a password, under any name."""
        scheme, _, offered = request.headers.get("authorization", "").partition(" ")
        try:
            password = base64.b64decode(offered, validate=True).decode().partition(":")[2]
        except ValueError:
            return False
        return scheme.lower() == "basic" and self.is_key(password)

    async def serve(
        self,
        request: Request,
        edge: str,
        noted: Mapping[str, Any],
        work: Callable[[Call], Awaitable[Response]],
        *,
        answer: Callable[[Refused], Response] | None = None,
    ) -> Response:
        """Do one call of `edge` as its faults allow; `work` gives the honest answer or raises `Refused`."""
        task = asyncio.create_task(self._serve(request, edge, noted, work, answer or refusal))
        self.keep(task)
        return await asyncio.shield(task)

    def keep(self, task: asyncio.Task[Any]) -> None:
        """Hold on to work that goes on after its call was answered."""
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def bill(self, bill: Bill, call_id: int | None = None) -> None:
        """Bill work that was done after its call was answered."""
        at = self.store.now()
        await self.store.run(lambda db: add_bill(db, bill, at=at, call_id=call_id))

    async def _serve(
        self,
        request: Request,
        edge: str,
        noted: Mapping[str, Any],
        work: Callable[[Call], Awaitable[Response]],
        answer: Callable[[Refused], Response],
    ) -> Response:
        def begin(db: sqlite3.Connection) -> tuple[Plan, int]:
            plan = draw_plan(db, edge=edge, method=request.method, account_id=None)
            call_id = begin_call(
                db,
                at=self.store.now(),
                method=request.method,
                # ComfyUI's address has the key in it.
                path=request.url.path.replace(painter_key(self._control_key()), "KEY"),
                edge=edge,
                account_id=None,
                params=noted,
                faults=plan.kinds,
            )
            return plan, call_id

        plan, call_id = await self.store.run(begin)
        call = Call(request, call_id)

        async def honest() -> Response:
            problem: str | None = None
            try:
                said = await work(call)
            except Refused as refused:
                problem, said = refused.code, answer(refused)

            def end(db: sqlite3.Connection) -> None:
                end_call(db, call_id, status=said.status_code, error=problem)
                for bill in call.bills:
                    add_bill(db, bill, at=self.store.now(), call_id=call_id)

            await self.store.run(end)
            return said

        return await conduct(plan, request, self._holds, honest, edge=edge, account_id=None, params=noted)


def refusal(refused: Refused) -> Response:
    """The error as it is."""
    return JsonAnswer(refused.body, refused.status, refused.headers)


async def read_body(request: Request, limit: int, too_large: Refused, too_short: Refused) -> bytes:
    """The whole body, up to `limit` bytes."""
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > limit:
                raise too_large
    except ClientDisconnect as gone:
        raise too_short from gone
    return bytes(body)


def parsed(body: bytes) -> dict[str, Any]:
    """The object that a body is; empty where it is none."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return sent if isinstance(sent, dict) else {}
