"""HTTP to a provider: a request goes out once, an answer is read no further than it may be long.

What happened to a request that got no whole answer is one of two things: `NotSent`, and nothing can have
been done, or `AnswerLost`, and anything can.
"""

from __future__ import annotations

import asyncio
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import orjson
import pybase64

from app.core import clock
from app.core.tls import public_certificates

MAX_PICTURE_BYTES = 64 * 1024 * 1024
MAX_ANSWER_BYTES = MAX_PICTURE_BYTES * 4 // 3 + 1024 * 1024
"""A picture of the largest size in base64, and the words around it."""
MAX_WORDS_BYTES = 4 * 1024 * 1024
"""An answer without a picture."""
MAX_WAIT = 60 * 60
"""Seconds; a longer `Retry-After` is cut."""

# Characters of base64 that are decoded in one go, a multiple of four: milliseconds at most.
_TURN = 8 * 1024 * 1024
_KEY = re.compile(r"[\x21-\x7e]{1,1024}")
# Raised before a byte of the request is on its way.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class NotSent(Exception):
    """The server did not get the request."""


class BadAddress(Exception):
    """The address of the settings is none."""


class AnswerLost(Exception):
    """The server may have got the request; `reason` is a word for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """What it says, None where that is no JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None

    def fields(self) -> dict[str, Any]:
        """The object that it is, empty where it is none."""
        said = self.json()
        return said if isinstance(said, dict) else {}


class Wire:
    """One server. Build it once; close it at shutdown.

    `timeout` is the longest that one request may take. A name and password in the address become a header.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: timedelta,
        connect_timeout: timedelta = timedelta(seconds=5),
    ) -> None:
        self._deadline = timeout.total_seconds()
        try:
            url = httpx.URL(base_url)
            self._base = str(url.copy_with(username=None, password=None)).rstrip("/")
            auth = httpx.BasicAuth(url.username, url.password) if url.userinfo else None
        except (httpx.InvalidURL, ValueError):
            self._base, auth = "", None
        self._client = httpx.AsyncClient(
            headers={"User-Agent": "AIGrowth", **(headers or {})},
            auth=auth,
            timeout=httpx.Timeout(self._deadline, connect=connect_timeout.total_seconds()),
            verify=public_certificates(),
            trust_env=False,
            follow_redirects=False,
            # No kept connections: one that the server has just closed would look like a lost answer.
            limits=httpx.Limits(max_connections=200, max_keepalive_connections=0),
        )

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, object] | None = None,
        files: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        most_bytes: int = MAX_WORDS_BYTES,
        seconds: float | None = None,
    ) -> Reply:
        """Send once and read the whole answer. `body` goes as JSON, `files` as a form.

        Raises `NotSent`, `BadAddress` and `AnswerLost`.
        """
        sent = dict(headers or {})
        if body is not None:
            sent["Content-Type"] = "application/json"
        try:
            async with (
                asyncio.timeout(seconds or self._deadline),
                self._client.stream(
                    method,
                    self._base + path,
                    content=None if body is None else orjson.dumps(body),
                    files=files,
                    params=params,
                    headers=sent,
                ) as response,
            ):
                read = bytearray()
                async for chunk in response.aiter_bytes():
                    read += chunk
                    if len(read) > most_bytes:
                        raise AnswerLost("answer_too_large")
                return Reply(response.status_code, response.headers, bytes(read))
        except _NOT_SENT as error:
            raise NotSent from error
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise BadAddress from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise AnswerLost(type(error).__name__) from error


def is_key(key: str) -> bool:
    """Whether this can be a key at all: what can't is never sent."""
    return _KEY.fullmatch(key) is not None


async def decoded(encoded: object) -> bytes | None:
    """The picture in a base64 text; None where it is none, empty, or too large."""
    if not isinstance(encoded, str) or not encoded or len(encoded) > MAX_ANSWER_BYTES:
        return None
    content = bytearray()
    for start in range(0, len(encoded), _TURN):
        try:
            content += pybase64.b64decode(encoded[start : start + _TURN], validate=True)
        except (binascii.Error, ValueError):
            return None
        if encoded[start : start + _TURN].endswith("=") and start + _TURN < len(encoded):
            return None
        # Others have their turn in between.
        await asyncio.sleep(0)
    return bytes(content) if len(content) <= MAX_PICTURE_BYTES else None


def whole(value: object) -> int | None:
    """A whole number from 0; None for everything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def short_name(value: object) -> str | None:
    """A vendor's code, when it looks like one."""
    return value if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", value) else None


def retry_after(headers: Mapping[str, str]) -> int | None:
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
