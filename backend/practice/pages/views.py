"""Practice Instagram and the Practice Page, rendered on the server, without scripts.

What is shown is what was published: the very bytes that the simulator downloaded, and the very text.
Every page says that it is practice.
"""

from __future__ import annotations

import html
import sqlite3

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from practice.accounts import Account, find_account, find_by_username
from practice.graph.comments import comments_of
from practice.graph.context import Context
from practice.graph.instagram import tags_of
from practice.graph.media import slide_containers
from practice.graph.page import loose_photos
from practice.graph.pictures import picture_path
from practice.pages import style
from practice.pages.frame import COMMON_HEADERS as _COMMON_HEADERS
from practice.pages.frame import INSTAGRAM as _INSTAGRAM
from practice.pages.frame import PAGE as _PAGE
from practice.pages.frame import avatar as _avatar
from practice.pages.frame import cover_of as _cover
from practice.pages.frame import page_of as _page
from practice.pages.frame import root_of as _root
from practice.pages.pieces import AI_TAG, card, comment_list, facts, page_head, stage, tile, waiting_photos
from practice.pages.words import caption_html, shortened, time_html

GRID_SIZE, FEED_SIZE = 60, 20

_KEPT_HEADERS = {
    **_COMMON_HEADERS,
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
}

_PICTURES_OF_MEDIA = (
    "SELECT p.id, p.mime_type, p.width, p.height, p.size, m.alt_text FROM media_pictures m "
    "JOIN pictures p ON p.id = m.picture_id WHERE m.media_id = ? ORDER BY m.position"
)
_PICTURES_OF_POST = (
    "SELECT p.id, p.mime_type, p.width, p.height, p.size, f.alt_text FROM photos f "
    "JOIN pictures p ON p.id = f.picture_id WHERE f.post_id = ? ORDER BY f.position, f.rowid"
)
_TILES = (
    "SELECT m.rowid AS place, m.*, p.id AS picture_id, p.mime_type, s.alt_text FROM media m "
    "JOIN media_pictures s ON s.media_id = m.id AND s.position = 0 JOIN pictures p ON p.id = s.picture_id "
    "WHERE m.account_id = ? AND m.media_type != 'STORIES' AND m.rowid < ? ORDER BY m.rowid DESC LIMIT ?"
)
_LAST_PLACE = 2**62


def _place(given: str) -> int:
    """A place in a list, as the link to older posts names it; the newest for anything else."""
    return int(given) if given.isascii() and given.isdigit() and len(given) < 18 else _LAST_PLACE


class Pages:
    """The routes for people."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store

    def routes(self) -> list[Route]:
        """Every route."""
        return [
            Route("/instagram/p/{shortcode}/", self.instagram_post),
            Route("/instagram/p/{shortcode}", self.instagram_post),
            Route("/instagram/{username}", self.instagram_profile),
            Route("/instagram/{username}/", self.instagram_profile),
            Route("/facebook/{page_id}", self.facebook_page),
            Route("/facebook/{page_id}/", self.facebook_page),
            Route("/facebook/{page_id}/posts/{post_id}", self.facebook_post),
            Route("/media/{name}", self.picture),
            Route("/avatars/{account_id}.svg", self.avatar),
            Route("/assets/practice.css", self.stylesheet),
            Route("/assets/practice.svg", self.icon),
        ]

    # Files

    async def picture(self, request: Request) -> Response:
        """The very bytes that were downloaded or sent."""
        picture_id, _, extension = request.path_params["name"].partition(".")
        row: sqlite3.Row | None = await self._store.run(
            lambda db: db.execute("SELECT * FROM pictures WHERE id = ?", (picture_id,)).fetchone()
        )
        if row is None or picture_path(picture_id, row["mime_type"]) != f"/media/{picture_id}.{extension}":
            return await self.not_found(request)
        return Response(row["body"], media_type=row["mime_type"], headers=_KEPT_HEADERS)

    async def avatar(self, request: Request) -> Response:
        """A drawn profile picture: the first letter of the name on the account's own colours."""
        account = await self._store.run(lambda db: find_account(db, request.path_params["account_id"]))
        if account is None:
            return await self.not_found(request)
        letter = next((c for c in account.name if c.isalnum()), "P").upper()
        start, end = _cover(account)
        drawing = (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 160" width="160" height="160">'
            '<defs><linearGradient id="g" x1="0" y1="0" x2="0" y2="1">'
            f'<stop stop-color="{start}"/><stop offset="1" stop-color="{end}"/></linearGradient></defs>'
            '<rect width="160" height="160" fill="url(#g)"/>'
            '<text x="80" y="84" text-anchor="middle" dominant-baseline="central" fill="#1b1b1a" '
            'font-family="Inter, system-ui, sans-serif" font-size="76" font-weight="600">'
            f"{html.escape(letter)}</text></svg>"
        )
        return Response(drawing, media_type="image/svg+xml", headers=_KEPT_HEADERS)

    async def stylesheet(self, request: Request) -> Response:
        """The one stylesheet."""
        return Response(style.STYLESHEET, media_type="text/css", headers=_KEPT_HEADERS)

    async def icon(self, request: Request) -> Response:
        """The icon of the tab."""
        return Response(style.ICON, media_type="image/svg+xml", headers=_KEPT_HEADERS)

    async def not_found(self, request: Request, error: Exception | None = None) -> Response:
        """What stands where nothing is."""
        site = _PAGE if "/facebook/" in request.url.path else _INSTAGRAM
        body = (
            f'<div class="empty">{style.EMPTY_MARK}<h1>This is not here</h1>'
            "<p>It was never published in practice mode, or it has been deleted since.</p></div>"
        )
        return _page(request, site, "Not here", body, status=404)

    # Practice Instagram

    async def instagram_profile(self, request: Request) -> Response:
        """All posts of one account, newest first."""
        older = request.query_params.get("older", "")
        before = _place(older)

        def read(db: sqlite3.Connection) -> tuple[Account, list[sqlite3.Row], int] | None:
            account = find_by_username(db, request.path_params["username"])
            if account is None:
                return None
            tiles = db.execute(_TILES, (account.id, before, GRID_SIZE + 1)).fetchall()
            count = db.execute(
                "SELECT count(*) FROM media WHERE account_id = ? AND media_type != 'STORIES'", (account.id,)
            ).fetchone()[0]
            return account, tiles, int(count)

        found = await self._store.run(read)
        if found is None:
            return await self._by_id(request)
        account, tiles, count = found
        root = _root(request)
        shown = tiles[:GRID_SIZE]
        head = (
            f'<header class="profile">{_avatar(root, account, "avatar-large")}<div>'
            f"<h1>{html.escape(account.username)}</h1>"
            f'<p class="facts"><b>{count}</b> post{"" if count == 1 else "s"}</p>'
            f'<p class="name">{html.escape(account.name)}</p></div></header>'
        )
        if not shown:
            body = (
                f'<div class="empty">{style.EMPTY_MARK}<h2>No posts yet</h2>'
                "<p>Publish a post to this practice account, and its picture and text appear here.</p></div>"
            )
        else:
            now = self._store.now()
            body = f'<ul class="grid">{"".join(tile(root, row, now) for row in shown)}</ul>'
        if len(tiles) > GRID_SIZE:
            body += f'<a class="older" href="?older={shown[-1]["place"]}">Older posts</a>'
        title = f"{account.username} on {_INSTAGRAM}"
        return _page(request, _INSTAGRAM, title, head + body, is_wide=True)

    async def _by_id(self, request: Request) -> Response:
        """Programs know an account by its id; its address has its name."""
        account = await self._store.run(lambda db: find_account(db, request.path_params["username"]))
        if account is None or account.kind != "instagram":
            return await self.not_found(request)
        return RedirectResponse(f"{_root(request)}/instagram/{account.username}", 307)

    async def instagram_post(self, request: Request) -> Response:
        """One post: the picture, the text, and what exactly was published."""

        def read(db: sqlite3.Connection) -> tuple[sqlite3.Row, Account, list[sqlite3.Row]] | None:
            media = db.execute(
                "SELECT * FROM media WHERE shortcode = ?", (request.path_params["shortcode"],)
            ).fetchone()
            account = None if media is None else find_account(db, media["account_id"])
            if account is None:
                return None
            return media, account, db.execute(_PICTURES_OF_MEDIA, (media["id"],)).fetchall()

        found = await self._store.run(read)
        if found is None:
            return await self.not_found(request)
        media, account, pictures = found
        tags, said = await self._store.run(
            lambda db: (
                [tags_of(db, slide) for slide in slide_containers(db, media)],
                comments_of(db, media["id"]),
            )
        )
        root, now = _root(request), self._store.now()
        profile = f"{root}/instagram/{account.username}"
        is_ai = bool(media["is_ai_generated"])
        caption = (
            f'<p class="caption" dir="auto"><b>{html.escape(account.username)}</b> '
            f"{caption_html(media['caption'])}</p>"
            if media["caption"]
            else '<p class="caption none">This post has no text.</p>'
        )
        label = (
            f'<p class="label">{AI_TAG}<span>AI info: the publisher says that this was made with AI.'
            "</span></p>"
        )
        body = (
            f'<a class="back" href="{profile}">{style.BACK_MARK}All posts</a>'
            f'<article class="post"><div class="stage">{stage(root, pictures)}</div><div class="side">'
            f'<header class="who">{_avatar(root, account, "avatar-small")}<div>'
            f'<h1 class="name"><a href="{profile}">{html.escape(account.username)}</a></h1>'
            f'<p class="sub">{"AI info · " if is_ai else ""}{time_html(media["created_at"], now)}</p>'
            f"</div></header>{caption}{label if is_ai else ''}{comment_list(account.username, said, now)}"
            f"{facts('Media', media['id'], pictures, tags)}</div></article>"
        )
        title = f"{account.username} on {_INSTAGRAM}"
        if media["caption"]:
            title += f": {shortened(media['caption'], 60)}"
        return _page(request, _INSTAGRAM, title, body, is_wide=True)

    # Practice Page

    async def facebook_page(self, request: Request) -> Response:
        """All published posts of one Page, newest first."""
        older = request.query_params.get("older", "")
        before = _place(older)

        def read(
            db: sqlite3.Connection,
        ) -> tuple[Account, list[tuple[sqlite3.Row, list[sqlite3.Row]]]] | None:
            page = find_account(db, request.path_params["page_id"])
            if page is None or page.kind != "page":
                return None
            posts = db.execute(
                "SELECT rowid AS place, * FROM posts WHERE page_id = ? AND publish_at <= ? AND rowid < ? "
                "ORDER BY rowid DESC LIMIT ?",
                (page.id, self._store.now(), before, FEED_SIZE + 1),
            ).fetchall()
            return page, [(post, db.execute(_PICTURES_OF_POST, (post["id"],)).fetchall()) for post in posts]

        found = await self._store.run(read)
        if found is None:
            return await self.not_found(request)
        page, posts = found
        root, now = _root(request), self._store.now()
        loose = await self._store.run(lambda db: loose_photos(db, page.id))
        body = page_head(root, page) + waiting_photos(root, loose)
        if not posts:
            body += (
                f'<div class="empty">{style.EMPTY_MARK}<h2>No posts yet</h2>'
                "<p>Publish a post to this practice Page, and it appears here.</p></div>"
            )
        body += '<div class="feed">'
        for post, pictures in posts[:FEED_SIZE]:
            body += card(root, page, post, pictures, now, heading="h2")
        if len(posts) > FEED_SIZE:
            body += f'<a class="older" href="?older={posts[FEED_SIZE - 1][0]["place"]}">Older posts</a>'
        return _page(request, _PAGE, f"{page.name}, {_PAGE}", body + "</div>")

    async def facebook_post(self, request: Request) -> Response:
        """One post of a Page."""
        page_id, number = request.path_params["page_id"], request.path_params["post_id"]
        post_id = number if "_" in number else f"{page_id}_{number}"

        def read(
            db: sqlite3.Connection,
        ) -> tuple[Account, sqlite3.Row, list[sqlite3.Row], list[sqlite3.Row]] | None:
            page = find_account(db, page_id)
            post = db.execute(
                "SELECT * FROM posts WHERE id = ? AND page_id = ? AND publish_at <= ?",
                (post_id, page_id, self._store.now()),
            ).fetchone()
            if page is None or post is None:
                return None
            pictures = db.execute(_PICTURES_OF_POST, (post_id,)).fetchall()
            return page, post, pictures, comments_of(db, post_id)

        found = await self._store.run(read)
        if found is None:
            return await self.not_found(request)
        page, post, pictures, said = found
        root, now = _root(request), self._store.now()
        body = (
            f'<div class="feed"><a class="back" href="{root}/facebook/{page.id}">{style.BACK_MARK}'
            f"All posts of {html.escape(page.name)}</a>"
            f"{card(root, page, post, pictures, now, heading='h1', has_facts=True, comments=said)}</div>"
        )
        title = f"{page.name}, {_PAGE}"
        if post["message"]:
            title += f": {shortened(post['message'], 60)}"
        return _page(request, _PAGE, title, body)
