"""Practice Instagram and the Practice Page, rendered on the server, without scripts."""

from __future__ import annotations

import html
import sqlite3

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from practice.accounts import find_account, find_by_username
from practice.graph.context import Context

_PICTURE_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Practice": "1",
}


class Pages:
    """The routes for people."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> list[Route]:
        """Every route."""
        return [
            Route("/instagram/p/{shortcode}/", self.instagram_post),
            Route("/instagram/{username}", self.instagram_profile),
            Route("/facebook/{page_id}", self.facebook_page),
            Route("/facebook/{page_id}/posts/{post_id}", self.facebook_post),
            Route("/media/{name}", self.picture),
        ]

    async def picture(self, request: Request) -> Response:
        """The very bytes that were downloaded."""
        picture_id = request.path_params["name"].partition(".")[0]
        row: sqlite3.Row | None = await self._context.store.run(
            lambda db: db.execute(
                "SELECT mime_type, body FROM pictures WHERE id = ?", (picture_id,)
            ).fetchone()
        )
        if row is None:
            return HTMLResponse("Not found", 404)
        return Response(row["body"], media_type=row["mime_type"], headers=_PICTURE_HEADERS)

    async def instagram_post(self, request: Request) -> Response:
        """One post."""
        row = await self._context.store.run(
            lambda db: db.execute(
                "SELECT m.caption, p.picture_id FROM media m JOIN media_pictures p ON p.media_id = m.id "
                "WHERE shortcode = ?",
                (request.path_params["shortcode"],),
            ).fetchone()
        )
        if row is None:
            return HTMLResponse("Not found", 404)
        return HTMLResponse(
            f"<img src='../../../media/{row['picture_id']}.jpg'><p>{html.escape(row['caption'])}</p>"
        )

    async def instagram_profile(self, request: Request) -> Response:
        """All posts of one account."""
        account = await self._context.store.run(
            lambda db: find_by_username(db, request.path_params["username"])
        )
        return HTMLResponse("Not found", 404) if account is None else HTMLResponse(account.username)

    async def facebook_page(self, request: Request) -> Response:
        """All posts of one Page."""
        account = await self._context.store.run(lambda db: find_account(db, request.path_params["page_id"]))
        return HTMLResponse("Not found", 404) if account is None else HTMLResponse(html.escape(account.name))

    async def facebook_post(self, request: Request) -> Response:
        """One post of a Page."""
        return HTMLResponse("Not found", 404)
