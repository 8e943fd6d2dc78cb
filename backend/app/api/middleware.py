"""What happens around every request, whoever answers it.

From the outside in: the request gets an id and is logged, counted and given security headers; an error
that nobody foresaw becomes an answer; an address or a body that nobody takes is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
import uuid
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

import structlog
from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api import errors
from app.core.config import Settings
from app.core.errors import Malformed, TooLarge, file_too_large
from app.core.logging import get_logger

MAX_BODY_BYTES = 1024 * 1024
"""For everything but uploads: texts and ids."""
FORM_OVERHEAD_BYTES = 64 * 1024
"""What a multipart form may need around the file itself."""
LINGER_BYTES = 64 * 1024 * 1024
LINGER_SECONDS = 60.0
"""How long the rest of a body that was refused is read away."""

log = get_logger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_QUIET_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestMetrics:
    """Counts and times of requests. Labels are route templates, never ids or texts of anybody."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ("method", "route")
        self.requests = Counter(
            "aigrowth_http_requests", "Requests answered.", (*labels, "status"), registry=registry
        )
        self.seconds = Histogram(
            "aigrowth_http_request_seconds",
            "Seconds until the answer was complete.",
            labels,
            registry=registry,
        )
        self.in_progress = Gauge(
            "aigrowth_http_requests_in_progress", "Requests being answered now.", registry=registry
        )


def install(
    app: FastAPI,
    settings: Settings,
    *,
    upload_paths: Iterable[str] = ("/api/v1/images/upload",),
    body_limits: Mapping[str, int] | None = None,
    image_origins: Iterable[str] = (),
    upload_origins: Iterable[str] = (),
) -> CollectorRegistry:
    """Put the middlewares around the application. Returns the registry behind `/metrics`.

    `upload_paths` take bodies up to `MAX_UPLOAD_BYTES` and a form around it, the paths of `body_limits` so
    many bytes, all others one MiB. `image_origins` are where
    pages may load pictures from besides this server, such as a bucket or a CDN; `upload_origins` are where
    they may send them.
    """
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    app.state.registry = registry
    uploads = dict.fromkeys(upload_paths, settings.max_upload_bytes)
    # Starlette puts the one that is added last outermost.
    app.add_middleware(_Doorkeeper, uploads=uploads, body_limits=body_limits or {})
    app.add_middleware(
        _RequestContext,
        metrics=RequestMetrics(registry),
        headers=_security_headers(settings, image_origins, upload_origins),
    )
    return registry


def _security_headers(
    settings: Settings, image_origins: Iterable[str], upload_origins: Iterable[str]
) -> dict[str, str]:
    policy = {
        "default-src": "'self'",
        "img-src": " ".join(("'self'", "data:", "blob:", *_origins(settings.public_url, *image_origins))),
        "connect-src": " ".join(("'self'", *_origins(*upload_origins))),
        # Dialogs and menus of the page put small style elements into the document while they are open.
        "style-src": "'self' 'unsafe-inline'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    headers = {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "X-Frame-Options": "DENY",
    }
    if settings.public_url.startswith("https://"):
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


def _origins(*urls: str) -> list[str]:
    parts = map(urlsplit, urls)
    known = (f"{part.scheme}://{part.netloc}" for part in parts if part.scheme in ("http", "https"))
    return list(dict.fromkeys(known))


class _RequestContext:
    """The outermost layer: whatever happens inside, the answer has an id, and one line is logged."""

    def __init__(self, app: ASGIApp, *, metrics: RequestMetrics, headers: Mapping[str, str]) -> None:
        self.app = app
        self._metrics = metrics
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started_at = time.perf_counter()
        path: str = scope["path"]
        request_id = _request_id(Headers(scope=scope).get("x-request-id"))
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if path.startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        self._metrics.in_progress.inc()
        try:
            await self.app(scope, receive, send_with_headers)
        except ClientDisconnect:
            log.info("request.abandoned", method=scope["method"], route=_route(scope, path))
        except Exception:
            log.exception("request.failed", method=scope["method"], route=_route(scope, path))
            if status:
                # Half an answer has left; only a broken connection tells the client so.
                raise
            await errors.unexpected()(scope, receive, send_with_headers)
        finally:
            self._metrics.in_progress.dec()
            self._finish(scope, path, status, time.perf_counter() - started_at)
            structlog.contextvars.clear_contextvars()

    def _finish(self, scope: Scope, path: str, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = _route(scope, path)
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.seconds.labels(method, route).observe(seconds)
        level = log.debug if path in _QUIET_PATHS else log.info
        level("request.answered", method=method, route=route, status=status, ms=round(seconds * 1000, 1))


def _request_id(given: str | None) -> str:
    return given if given and _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _route(scope: Scope, path: str) -> str:
    """The address with its variable parts named; a fixed word where no route of ours matched.

    It is made from the path itself, because an included router knows only its own part of the template.
    """
    if scope.get("route") is None:
        root: str = scope.get("root_path", "")
        return f"{root}/*" if root and path.startswith(root) else "*"
    known = ""
    for name, value in (scope.get("path_params") or {}).items():
        # Every part of the address that a stranger can choose becomes its name: metrics keep each label.
        mark = "/" if f"/{value}" in path else "."
        before, found, path = path.partition(f"{mark}{value}")
        known += before + (f"{mark}{{{name}}}" if found else "")
    return known + path


_ANSWERED_BY_A_PAGE = frozenset({"/api/v1/channels/meta/callback"})
"""Where a browser is sent from elsewhere: whatever it brings along, the answer leads to a page."""


class _Doorkeeper:
    """Refuses what no route can want: NUL characters in the address, and bodies over the limit.

    A declared length is refused before anything is read, an undeclared one when it passes the limit. Either
    way the answer leaves at once, and what the client still sends is read away for a while: closing the
    connection under a client that sends first and listens later would cost it the answer.
    """

    def __init__(self, app: ASGIApp, *, uploads: Mapping[str, int], body_limits: Mapping[str, int]) -> None:
        self.app = app
        self._uploads = uploads
        self._body_limits = body_limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        has_nul = b"%00" in scope.get("query_string", b"") and scope["path"] not in _ANSWERED_BY_A_PAGE
        if "\x00" in scope["path"] or has_nul:
            refusal = Malformed("malformed_request", "The address holds a NUL character.")
            await errors.answer(refusal)(scope, receive, send)
            return
        upload_limit = self._uploads.get(scope["path"])
        limit = self._body_limits.get(scope["path"], MAX_BODY_BYTES)
        too_large = _body_too_large(limit)
        if upload_limit is not None:
            limit, too_large = upload_limit + FORM_OVERHEAD_BYTES, file_too_large(upload_limit)
        if _declared_length(scope) > limit:
            await errors.answer(too_large)(scope, receive, _lingering(receive, send))
            return
        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > limit:
                    raise too_large
            return message

        await self.app(scope, receive_within_limit, _lingering(receive, send))


def _lingering(receive: Receive, send: Send) -> Send:
    """Like `send`; after a 413 the connection closes once the client has stopped sending."""
    is_too_large = False

    async def send_and_linger(message: Message) -> None:
        nonlocal is_too_large
        if message["type"] == "http.response.start":
            is_too_large = message["status"] == 413
            if is_too_large:
                MutableHeaders(scope=message)["Connection"] = "close"
        elif is_too_large and not message.get("more_body", False):
            await send({**message, "more_body": True})
            await _read_away(receive)
            message = {"type": "http.response.body", "body": b""}
        await send(message)

    return send_and_linger


async def _read_away(receive: Receive) -> None:
    count = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            while count <= LINGER_BYTES:
                message = await receive()
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return
                count += len(message.get("body", b""))


def _body_too_large(limit: int) -> TooLarge:
    return TooLarge("body_too_large", f"The request is larger than {limit // 1024 // 1024} MiB.", limit=limit)


def _declared_length(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "")
    # Longer numbers than this are not lengths, and int() would take its time over them.
    if not length.isascii() or not length.isdigit():
        return 0
    return int(length[:20])
