"""The web application: API, files, the built page, and in practice mode the simulators."""

from __future__ import annotations

import mimetypes
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app import __version__
from app.api import (
    api_keys,
    businesses,
    channels,
    direct_uploads,
    errors,
    generations,
    images,
    logins,
    media,
    meta_callbacks,
    middleware,
    operations,
    posts,
    publishing,
    rate_limits,
    reference,
    storage,
    usage,
    users,
)
from app.core.config import Settings
from app.core.errors import NotFound
from app.wiring import image_origins, practice_key, running, upload_origins

UPLOAD_PATHS = ("/api/v1/images/upload", "/practice/cloudinary/v1_1/practice/image/upload")
"""What takes whole pictures: our own door, and that of the simulator of Cloudinary."""
BODY_LIMITS = {
    "/api/v1/images/generate": 6 * 1024 * 1024,
    "/practice/openai/v1/images/edits": 64 * 1024 * 1024,
}
"""What takes more than texts and ids: a painted mask, and pictures that the simulator of OpenAI changes."""
FRONTEND = Path(__file__).resolve().parents[2] / "frontend" / "dist"


def create_app(settings: Settings) -> FastAPI:
    """The application for these settings. Nothing is opened before its lifespan begins."""
    practice = _make_practice(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running(settings) as product:
            app.state.product = product
            try:
                yield
            finally:
                await app.state.rate_limits.counters.close()
                if practice is not None:
                    await practice.state.store.close()

    app = FastAPI(
        title="AIGrowth",
        version=__version__,
        description="Pictures in, posts out: a media library, AI images, and publishing to Meta.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        generate_unique_id_function=_operation_id,
    )
    errors.install(app)
    rate_limits.install(app, settings)
    middleware.install(
        app,
        settings,
        upload_paths=UPLOAD_PATHS,
        body_limits=BODY_LIMITS,
        image_origins=image_origins(settings),
        upload_origins=upload_origins(settings),
    )
    for part in (
        users,
        businesses,
        api_keys,
        direct_uploads,
        images,
        storage,
        generations,
        usage,
        channels,
        logins,
        meta_callbacks,
        posts,
        publishing,
    ):
        app.include_router(part.router, prefix="/api/v1")
    app.include_router(media.router)
    app.include_router(operations.router)
    reference.install(app, address="/api/v1/docs", base_url=settings.public_url, font_url=_font_url())
    if practice is not None:
        app.mount("/practice", practice)
    _serve_page(app)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name


def _make_practice(settings: Settings) -> Any:
    if not settings.is_practice or settings.practice_url:
        return None
    from practice import create_practice_app

    return create_practice_app(
        data_dir=settings.data_dir,
        public_url=f"{settings.public_url}/practice",
        # Asked for when needed: it is made from the secret, which may have to be made first.
        control_key=lambda: practice_key(settings),
    )


def _font_url() -> str | None:
    """Where the built page's typeface is served; None while nothing is built."""
    found = next((FRONTEND / "assets").glob("inter-latin-opsz-normal-*.woff2"), None)
    return f"/assets/{found.name}" if found else None


def _serve_page(app: FastAPI) -> None:
    """The built page: its assets for ever, its entry never from a cache, for every address of the page."""
    app.mount("/assets", _Assets(directory=FRONTEND / "assets", check_dir=False))

    async def page(request: Request) -> Response:
        path = request.path_params["path"]
        file = FRONTEND / path
        if path and "/" not in path and file.suffix and _is_file(file):
            return FileResponse(file, headers={"Cache-Control": "public, max-age=3600"})
        accepted = request.headers.get("accept", "*/*")
        if file.suffix or not ("text/html" in accepted or "*/*" in accepted):
            raise NotFound("not_found", "There is nothing at this address.")
        entry = FRONTEND / "index.html"
        if not entry.is_file():
            raise NotFound("page_not_built", "The page is not built here. Run: make run")
        return FileResponse(entry, headers={"Cache-Control": "no-cache"})

    app.router.routes.append(_PageRoute("/{path:path}", page, methods=["GET"], include_in_schema=False))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        # A name that no file can have.
        return False


class _PageRoute(Route):
    """Every address that is not the API's, the files' or the simulators', and only for looking at."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As any route, but a match by address alone would turn every unknown address into a 405."""
        match, child = super().matches(scope)
        if match is not Match.FULL or scope["path"].startswith(("/api/", "/media/", "/practice/")):
            return Match.NONE, {}
        return match, child


class _Assets(StaticFiles):
    """Files whose names hold a hash of their content. The build has packed the larger ones: what goes out is
    the smallest that the browser can unpack."""

    async def get_response(self, path: str, scope: Any) -> Response:
        response = await self._packed(path, scope) or await super().get_response(path, scope)
        if response.status_code in (200, 304):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
            response.headers["Vary"] = "Accept-Encoding"
        return response

    async def _packed(self, path: str, scope: Any) -> Response | None:
        accepted = {
            name.strip() for name in Headers(scope=scope).get("accept-encoding", "").lower().split(",")
        }
        for encoding, suffix in (("br", ".br"), ("gzip", ".gz")):
            found = encoding in accepted and self.lookup_path(path + suffix)[1]
            if found:
                response = await super().get_response(path + suffix, scope)
                response.headers["Content-Encoding"] = encoding
                response.headers["Content-Type"] = _content_type(path)
                return response
        return None


def _content_type(path: str) -> str:
    name = mimetypes.guess_type(path)[0] or "application/octet-stream"
    return f"{name}; charset=utf-8" if name.startswith("text/") else name
