"""Calls of Meta's logins, and reading what is answered."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import orjson

from app.core import clock
from app.core.logging import get_logger
from app.core.tls import public_certificates
from app.providers.publishing.base import ActionNeeded, PublishingError, ReconnectNeeded, TryLater
from app.providers.publishing.errors import UNAVAILABLE, UNREACHABLE, as_number, classify, trace_of

log = get_logger(__name__)

MAX_ANSWER_BYTES = 4 * 1024 * 1024

_LOGIN_REFUSED = "Meta did not complete this login. Begin again."
APP_REFUSED = (
    "Meta does not know this server's app, or not by this secret. Its operator has to check META_APP_ID and "
    "META_APP_SECRET (for Instagram Login META_INSTAGRAM_APP_ID and META_INSTAGRAM_APP_SECRET)."
)
_REDIRECT_REFUSED = (
    "Meta does not know this server's address for logins. Its operator has to enter it in the app at Meta, "
    "exactly: PUBLIC_BASE_URL with /api/v1/channels/meta/callback behind it."
)


class Wire:
    """Calls of a login: each is made once, and an answer that is none says so."""

    def __init__(self, *, app_secret: str, timeout: timedelta = timedelta(seconds=30)) -> None:
        self._app_secret = app_secret.encode()
        seconds = timeout.total_seconds()
        self._deadline = seconds * 1.5
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(seconds, connect=5.0),
            verify=public_certificates(),
            trust_env=False,
            follow_redirects=False,
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def get(self, url: str, params: Mapping[str, str], *, token: str | None = None) -> dict[str, Any]:
        """Ask; with `token` in its name, and with its proof."""
        headers = {}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
            # Of the very token of this call: any other proves nothing.
            params = {**params, "appsecret_proof": self._proof(token)}
        return await self._call(self._client.build_request("GET", url, params=params, headers=headers))

    async def post(self, url: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Send a form."""
        return await self._call(self._client.build_request("POST", url, data=form))

    def _proof(self, token: str) -> str:
        return hmac.new(self._app_secret, token.encode(), hashlib.sha256).hexdigest()

    async def _call(self, request: httpx.Request) -> dict[str, Any]:
        try:
            async with asyncio.timeout(self._deadline):
                status, body = await self._exchange(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol) as error:
            raise UNREACHABLE.build(is_irreversible=False) from error
        except (httpx.RequestError, TimeoutError) as error:
            raise UNAVAILABLE.build(is_irreversible=False) from error
        answer = _json_object(body)
        if answer is None:
            raise UNAVAILABLE.build(is_irreversible=False)
        refused = answer.get("error")
        if isinstance(refused, dict):
            log.warning(
                "login.refused",
                path=request.url.path,
                status=status,
                error_code=as_number(refused.get("code")),
                error_subcode=as_number(refused.get("error_subcode")),
                trace=trace_of(refused),
            )
            raise _about_app(refused) or classify(refused, status=status, is_irreversible=False)
        if status == 400 and "error_type" in answer:
            # The form in which Instagram's token address refuses.
            log.warning("login.refused", path=request.url.path, status=status)
            raise ReconnectNeeded("login_refused", _LOGIN_REFUSED)
        if not 200 <= status < 300:
            raise UNAVAILABLE.build(is_irreversible=False)
        return answer

    async def _exchange(self, request: httpx.Request) -> tuple[int, bytes]:
        response = await self._client.send(request, stream=True)
        try:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    return 502, b""
            return response.status_code, bytes(body)
        finally:
            await response.aclose()


def _about_app(refused: Mapping[str, Any]) -> PublishingError | None:
    """Errors that only whoever runs the server can cure."""
    code = as_number(refused.get("code"))
    if code == 191:
        return ActionNeeded("login_redirect_refused", _REDIRECT_REFUSED, trace=trace_of(refused))
    if code == 101 or (code == 1 and refused.get("type") == "OAuthException"):
        return ActionNeeded("login_app_refused", APP_REFUSED, trace=trace_of(refused))
    return None


def of_exchange(error: PublishingError) -> PublishingError:
    """A code that is not taken says nothing of any channel: the login has to begin again."""
    if isinstance(error, TryLater | ActionNeeded):
        return error
    return ReconnectNeeded("login_refused", _LOGIN_REFUSED, trace=error.trace)


def next_cursor(answer: Mapping[str, Any]) -> str | None:
    """Where the list goes on. The address of the next page is not followed: it could lead anywhere."""
    paging = answer.get("paging")
    address = paging.get("next") if isinstance(paging, dict) else None
    if not isinstance(address, str):
        return None
    cursors = paging.get("cursors") if isinstance(paging, dict) else None
    if isinstance(cursors, dict) and (after := text_of(cursors.get("after"))):
        return after
    try:
        found = parse_qs(urlsplit(address).query).get("after")
    except ValueError:
        return None
    return found[0] if found else None


def token_in(answer: Mapping[str, Any]) -> str:
    if token := text_of(answer.get("access_token")):
        return token
    raise UNAVAILABLE.build(is_irreversible=False)


def end_in(answer: Mapping[str, Any]) -> datetime | None:
    seconds = as_number(answer.get("expires_in"))
    return clock.now() + timedelta(seconds=seconds) if seconds and 0 < seconds < 10**9 else None


def moment_of(value: object) -> datetime | None:
    """A moment in seconds since 1970; 0 is never."""
    seconds = as_number(value)
    return datetime.fromtimestamp(seconds, UTC) if seconds and 0 < seconds < 10**11 else None


def text_of(value: object) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def names_of(value: object) -> list[str]:
    """Names as a list, or with commas between."""
    parts = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    return [name for part in parts if (name := str(part).strip())]


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return answer if isinstance(answer, dict) else None
