"""What every practice page has around it: the frame, its headers, and the pictures of accounts."""

from __future__ import annotations

import html

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from practice.accounts import Account
from practice.pages import style

COMMON_HEADERS = {"X-Content-Type-Options": "nosniff", "X-Practice": "1", "X-Robots-Tag": "noindex"}
_PAGE_HEADERS = {
    **COMMON_HEADERS,
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; "
    "form-action 'none'",
    "Referrer-Policy": "no-referrer",
}
INSTAGRAM, PAGE = "Practice Instagram", "Practice Page"
_NOTICES = {
    INSTAGRAM: "nothing here is public on Instagram",
    PAGE: "nothing here is public on Facebook",
}
_MARKS = {INSTAGRAM: style.INSTAGRAM_MARK, PAGE: style.PAGE_MARK}
COVERS = (
    ("#f4cfa0", "#c9695a"),
    ("#c2ddc2", "#4f8a78"),
    ("#bfe3e2", "#3d7f97"),
    ("#f5cfd2", "#a95c7d"),
    ("#d7cae8", "#6a5aa3"),
    ("#d3ddeb", "#5d76a8"),
)


def root_of(request: Request) -> str:
    """Where the application is mounted, as the browser's links need it."""
    return html.escape(str(request.scope.get("root_path", "")).rstrip("/"))


def page_of(
    request: Request,
    site: str,
    title: str,
    body: str,
    *,
    status: int = 200,
    is_wide: bool = False,
    has_forms: bool = False,
) -> Response:
    root = root_of(request)
    document = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex"><meta name="color-scheme" content="light dark">'
        f"<title>{html.escape(title)}</title>"
        f'<link rel="icon" type="image/svg+xml" href="{root}/assets/practice.svg">'
        f'<link rel="stylesheet" href="{root}/assets/practice.css?v={style.STYLESHEET_VERSION}">'
        '</head><body><a class="skip" href="#content">Skip to the content</a>'
        f'<header class="bar"><div class="bar-inner"><span class="brand">{_MARKS[site]}{site}</span>'
        f'<p class="notice"><strong>{site}:</strong> {_NOTICES[site]}</p></div></header>'
        f'<main id="content" class="{"wide-on-phone" if is_wide else "narrow"}">{body}</main>'
        "<footer>A simulator that runs on this server. It shows the very files and texts that were published "
        "in practice mode.</footer></body></html>"
    )
    headers = dict(_PAGE_HEADERS)
    if has_forms:
        headers["Content-Security-Policy"] = headers["Content-Security-Policy"].replace(
            "form-action 'none'", "form-action 'self'"
        )
        # Without it a form of this page says that it comes from nowhere.
        headers["Referrer-Policy"] = "same-origin"
    return HTMLResponse(document, status_code=status, headers=headers)


def cover_of(account: Account) -> tuple[str, str]:
    # Both accounts of a pair have the same colours.
    return COVERS[sum(account.username.encode()) % len(COVERS)]


def avatar(root: str, account: Account, size: str) -> str:
    return f'<span class="avatar {size}"><img src="{root}/avatars/{account.id}.svg" alt=""></span>'
