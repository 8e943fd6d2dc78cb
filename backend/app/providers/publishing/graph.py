"""The Graph API over HTTP: one way in, one way out, and every failure named by what to do next.

The token travels in a form field (POST) or a header (GET, DELETE), never in an address. A call is
irreversible when repeating it could publish twice. Such a call goes over a connection of its own: a kept
connection that the other side has just closed would look like a lost answer. Once it may have been received,
whatever is not a clear answer is `OutcomeUnclear`.

Usage headers at 80 % or more slow down later calls with the same token; at 95 % these are refused here, as
the platform would, until the time that it names. Both belong to the token and not to the client, because a
token can come from an app of its owner's, and an exhausted app must not stop anybody else.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
import orjson

from app.core import clock
from app.core.logging import get_logger
from app.core.tls import public_certificates
from app.providers.publishing.base import Account, RateLimited
from app.providers.publishing.errors import (
    ACCOUNT_NOT_VISIBLE,
    APP_RATE_LIMITED,
    RATE_LIMITED,
    TOKEN_INVALID,
    UNAVAILABLE,
    UNREACHABLE,
    Verdict,
    as_number,
    classify,
    trace_of,
    verdict_for_status,
)

log = get_logger(__name__)

MAX_ANSWER_BYTES = 4 * 1024 * 1024
USAGE_SLOW = 80
"""Percent of a limit from which calls keep a distance."""
USAGE_STOP = 95
"""Percent of a limit from which there are none."""
USAGE_DISTANCE = timedelta(seconds=6)
"""Between two calls of a token, shortly before the stop."""
USAGE_PAUSE = timedelta(minutes=5)
"""How long they wait before one call looks again, where the platform names no time."""

_MOST_SLOWED = 10_000
_ID = re.compile(r"[0-9]{1,64}(_[0-9]{1,64})?")
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")
# Raised before a byte of the request is on its way.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class GraphClient:
    """A client of one Graph host and version. Build it once; close it at shutdown.

    `timeout` is the longest silence that is borne; a whole call may take half as long again. With
    `app_secret`, every call carries its proof.
    """

    def __init__(
        self,
        base_url: str,
        version: str,
        *,
        app_secret: str | None = None,
        timeout: timedelta = timedelta(seconds=60),
        connect_timeout: timedelta = timedelta(seconds=5),
        usage_distance: timedelta = USAGE_DISTANCE,
    ) -> None:
        self._root = f"{base_url.rstrip('/')}/{version.strip('/')}"
        self._app_secret = app_secret.encode() if app_secret else None
        silence, connect = timeout.total_seconds(), connect_timeout.total_seconds()
        self._deadline = connect + silence * 1.5
        timeouts = httpx.Timeout(connect=connect, read=silence, write=silence, pool=connect)
        self._kept = httpx.AsyncClient(
            timeout=timeouts, verify=public_certificates(), trust_env=False, follow_redirects=False
        )
        self._fresh = httpx.AsyncClient(
            timeout=timeouts,
            verify=public_certificates(),
            trust_env=False,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=0),
        )
        # Until when, and whether it is the app that has to stay away.
        self._paused_until: dict[bytes, tuple[datetime, bool]] = {}
        self._usage_distance = usage_distance
        # By token: how far apart calls are for now, and when the next may begin.
        self._slowed: dict[bytes, tuple[float, float]] = {}

    def __repr__(self) -> str:
        return f"GraphClient({self._root!r})"

    async def close(self) -> None:
        """Let go of connections."""
        await self._kept.aclose()
        await self._fresh.aclose()

    async def get(
        self,
        account: Account,
        node: str,
        edge: str = "",
        *,
        fields: str,
        limit: int | None = None,
        since: str | None = None,
    ) -> dict[str, Any]:
        """Look at `node`, or at its `edge`. Raises `PublishingError`, never `OutcomeUnclear`."""
        params = {"fields": fields} | ({"limit": str(limit)} if limit is not None else {})
        if since is not None:
            params["since"] = since
        return await self._call("GET", account, node, edge, params, is_irreversible=False)

    async def post_for_id(
        self,
        account: Account,
        edge: str,
        form: Mapping[str, str],
        *,
        is_irreversible: bool,
        node: str | None = None,
    ) -> str:
        """Make something on an `edge` of the account, or of another `node`, and return its id.

        Raises `PublishingError`; `OutcomeUnclear` only when `is_irreversible`.
        """
        answer = await self._call(
            "POST", account, node or account.external_id, edge, form, is_irreversible=is_irreversible
        )
        made = answer.get("id")
        if isinstance(made, str) and _ID.fullmatch(made):
            return made
        raise UNAVAILABLE.build(is_irreversible=is_irreversible)

    async def delete(self, account: Account, node: str) -> None:
        """Remove `node`. May be repeated. Raises `PublishingError`, never `OutcomeUnclear`."""
        await self._call("DELETE", account, node, "", {}, is_irreversible=False)

    async def _call(
        self,
        method: str,
        account: Account,
        node: str,
        edge: str,
        params: Mapping[str, str],
        *,
        is_irreversible: bool,
    ) -> dict[str, Any]:
        token = account.access_token
        if not _ID.fullmatch(node):
            raise ACCOUNT_NOT_VISIBLE.build(is_irreversible=False)
        if not _TOKEN.fullmatch(token):
            raise TOKEN_INVALID.build(is_irreversible=False)
        self._refuse_if_paused(token)
        await self._keep_distance(token)

        proof = {"appsecret_proof": self._proof(token)} if self._app_secret else {}
        url = f"{self._root}/{node}/{edge}" if edge else f"{self._root}/{node}"
        client = self._fresh if is_irreversible else self._kept
        if method in ("GET", "DELETE"):
            request = client.build_request(
                method, url, params={**params, **proof}, headers={"Authorization": f"Bearer {token}"}
            )
        else:
            request = client.build_request("POST", url, data={**params, **proof, "access_token": token})

        try:
            async with asyncio.timeout(self._deadline):
                status, headers, body = await self._exchange(client, request)
        except _NOT_SENT as error:
            raise UNREACHABLE.build(is_irreversible=is_irreversible) from error
        except (httpx.RequestError, TimeoutError) as error:
            log.warning("graph.answer_lost", method=method, edge=edge, reason=type(error).__name__)
            raise UNAVAILABLE.build(is_irreversible=is_irreversible) from error

        pause = self._note_usage(token, headers)
        return self._read(method, edge, status, headers, body, pause, token, is_irreversible=is_irreversible)

    async def _exchange(
        self, client: httpx.AsyncClient, request: httpx.Request
    ) -> tuple[int, httpx.Headers, bytes | None]:
        """Status, headers and body of the answer; no body when it is larger than any answer may be."""
        response = await client.send(request, stream=True)
        try:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    return response.status_code, response.headers, None
            return response.status_code, response.headers, bytes(body)
        finally:
            await response.aclose()

    def _read(
        self,
        method: str,
        edge: str,
        status: int,
        headers: httpx.Headers,
        body: bytes | None,
        pause: int | None,
        token: str,
        *,
        is_irreversible: bool,
    ) -> dict[str, Any]:
        answer = _json_object(body)
        error = answer.get("error") if answer is not None else None
        if answer is not None and error is None and 200 <= status < 300:
            return answer

        retry_after = pause if pause is not None else _seconds(headers.get("retry-after"))
        if isinstance(error, dict):
            # An unknown error inside a success says neither yes nor no.
            refusal = classify(
                error,
                status=status if status >= 300 else 500 if is_irreversible else 400,
                is_irreversible=is_irreversible,
                retry_after=retry_after,
            )
            log.warning(
                "graph.refused",
                method=method,
                edge=edge,
                status=status,
                error_code=as_number(error.get("code")),
                error_subcode=as_number(error.get("error_subcode")),
                trace=trace_of(error),
                means=refusal.code,
            )
        else:
            # Whoever wrote this is not the Graph API as documented. Only a 429 can be believed.
            log.warning("graph.answer_unreadable", method=method, edge=edge, status=status)
            verdict: Verdict = verdict_for_status(status) if status == 429 else UNAVAILABLE
            refusal = verdict.build(is_irreversible=is_irreversible, retry_after=retry_after)
        if refusal.code == RATE_LIMITED.code:
            is_of_app = isinstance(refusal, RateLimited) and refusal.is_of_app
            self._pause(token, timedelta(seconds=refusal.retry_after or 0), is_of_app=is_of_app)
        raise refusal

    def _proof(self, token: str) -> str:
        assert self._app_secret is not None
        return hmac.new(self._app_secret, token.encode(), hashlib.sha256).hexdigest()

    async def _keep_distance(self, token: str) -> None:
        distance, free_at = self._slowed.get(_digest(token), (0.0, 0.0))
        if not distance:
            return
        now = asyncio.get_running_loop().time()
        begin = max(now, free_at)
        self._slowed[_digest(token)] = distance, begin + distance
        await asyncio.sleep(begin - now)

    def _refuse_if_paused(self, token: str) -> None:
        until, is_of_app = self._paused_until.get(_digest(token), (None, False))
        if until is None:
            return
        left = (until - clock.now()).total_seconds()
        if left > 0:
            verdict = APP_RATE_LIMITED if is_of_app else RATE_LIMITED
            raise verdict.build(is_irreversible=False, retry_after=int(left) + 1)
        self._paused_until.pop(_digest(token), None)

    def _pause(self, token: str, length: timedelta, *, is_of_app: bool) -> None:
        now = clock.now()
        for key in [key for key, (until, _) in self._paused_until.items() if until <= now]:
            del self._paused_until[key]
        key, until = _digest(token), now + length
        if key not in self._paused_until or self._paused_until[key][0] < until:
            self._paused_until[key] = until, is_of_app

    def _note_usage(self, token: str, headers: httpx.Headers) -> int | None:
        """Slow the token down when a limit comes near, and pause it when that is nearly used up; returns the
        pause in seconds."""
        worst, regain_minutes, of_app = 0.0, 0.0, 0.0
        for is_of_app, entry in _usage_entries(headers):
            used = max(_amount(entry.get(name)) for name in ("call_count", "total_time", "total_cputime"))
            minutes = _amount(entry.get("estimated_time_to_regain_access"))
            worst, regain_minutes = max(worst, used), max(regain_minutes, minutes)
            of_app = max(of_app, used) if is_of_app else of_app
        self._slow(token, worst)
        if worst < USAGE_STOP and regain_minutes <= 0:
            return None
        length = timedelta(minutes=min(regain_minutes, 24 * 60)) if regain_minutes > 0 else USAGE_PAUSE
        self._pause(token, length, is_of_app=of_app >= USAGE_STOP)
        log.warning("graph.usage_high", percent=worst, pause_seconds=int(length.total_seconds()))
        return int(length.total_seconds())

    def _slow(self, token: str, percent: float) -> None:
        if percent < USAGE_SLOW:
            self._slowed.pop(_digest(token), None)
            return
        nearness = min((percent - USAGE_SLOW + 1) / (USAGE_STOP - USAGE_SLOW), 1.0)
        distance = self._usage_distance.total_seconds() * nearness
        if len(self._slowed) > _MOST_SLOWED:
            self._slowed.clear()
        self._slowed[_digest(token)] = distance, asyncio.get_running_loop().time() + distance


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _json_object(body: bytes | str | None) -> dict[str, Any] | None:
    if body is None:
        return None
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return answer if isinstance(answer, dict) else None


def _usage_entries(headers: httpx.Headers) -> list[tuple[bool, dict[str, Any]]]:
    """Every usage record in the answer's headers, and whether it is the app's; what cannot be read is passed
    over."""
    app = _json_object(headers.get("x-app-usage")) or {}
    business = _json_object(headers.get("x-business-use-case-usage")) or {}
    entries = [(True, app)]
    for records in business.values():
        if isinstance(records, list):
            entries.extend((False, record) for record in records if isinstance(record, dict))
    return entries


def _amount(value: object) -> float:
    return float(value) if isinstance(value, int | float) and 0 <= value < 1_000_000 else 0.0


def _seconds(value: str | None) -> int | None:
    """A `Retry-After` in seconds, at most a day."""
    if value is None or not re.fullmatch(r"\d{1,9}", value.strip()):
        return None
    return min(int(value), 24 * 60 * 60)
