"""The dialogs in which a practice person allows something, or does not. Plain forms, without scripts.

As at Meta: permissions can be unticked one by one, Pages chosen, everything called off, and the browser is
then sent back with a code or with the reason why there is none.
"""

from __future__ import annotations

import html
import json
import re
import sqlite3
from collections.abc import Callable, Mapping
from urllib.parse import SplitResult, parse_qs, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from practice.accounts import Account
from practice.answers import PRACTICE_HEADERS, JsonAnswer
from practice.graph.context import Context
from practice.login.arrivals import let_in
from practice.login.people import (
    APP_ID,
    Grant,
    Person,
    add_code,
    add_person,
    find_person,
    forget_idle,
    held,
    use_code,
)
from practice.login.tokens import TokenApi
from practice.pages import style

COOKIE = "practice_person"
BODY_LIMIT = 256 * 1024
_HOST = re.compile(r"[A-Za-z0-9.\-:\[\]]+")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

PERMISSIONS: Mapping[str, str] = {
    "pages_show_list": "See the list of your Pages",
    "pages_read_engagement": "Read what is on your Pages",
    "pages_manage_posts": "Create and manage posts on your Pages",
    "pages_manage_engagement": "Comment on your Pages",
    "business_management": "Manage your business portfolio",
    "instagram_basic": "See the Instagram accounts of your Pages",
    "instagram_content_publish": "Publish on the Instagram accounts of your Pages",
    "instagram_manage_comments": "Comment on Instagram",
    "instagram_business_basic": "See your profile and posts",
    "instagram_business_content_publish": "Publish posts",
    "instagram_business_manage_comments": "Manage comments",
}
_NEVER_UNTICKED = frozenset({"instagram_business_basic"})


class _Unusable(Exception):
    """The address of a dialog that leads nowhere: shown to the person, and nothing is sent back."""


class Dialogs:
    """Facebook's dialog, Instagram's, and the address at which Instagram turns codes into tokens."""

    def __init__(self, context: Context, tokens: TokenApi) -> None:
        self._context = context
        self._store = context.store
        self._tokens = tokens

    def routes(self) -> list[Route]:
        """Every route."""
        both = ["GET", "POST"]
        return [
            Route("/login/facebook/{version}/dialog/oauth", self._dialog("facebook"), methods=both),
            Route("/login/instagram/oauth/authorize", self._dialog("instagram"), methods=both),
            Route("/login/token/oauth/access_token", self._token, methods=["POST"]),
        ]

    def _dialog(self, kind: str) -> Callable[[Request], object]:
        async def endpoint(request: Request) -> Response:
            asked = dict(request.query_params)
            try:
                scopes = self._check(kind, asked)
            except _Unusable as error:
                return _page(
                    kind, f'<div class="empty"><h1>This login is not possible</h1><p>{error}</p></div>'
                )
            person = await self._person(request)
            if request.method == "POST":
                return await self._decide(request, kind, asked, scopes, person)
            accounts = await self._store.run(
                lambda db: held(db, person.id, "page" if kind == "facebook" else "instagram")
            )
            return self._ask(request, kind, person, scopes, accounts)

        return endpoint

    def _check(self, kind: str, asked: Mapping[str, str]) -> list[str]:
        """The permissions that are asked for. Meta, too, shows its own page where these are not right."""
        if asked.get("client_id") != APP_ID:
            raise _Unusable("Invalid App ID: the app is not known here.")
        address = _address(asked.get("redirect_uri", ""))
        own = urlsplit(self._context.public_url())
        is_ours = address.scheme in ("http", "https") and (
            address.netloc == own.netloc or address.hostname in _LOOPBACK
        )
        if not is_ours or address.fragment:
            raise _Unusable("URL blocked: the redirect address is not one of the app's.")
        if asked.get("response_type") != "code":
            raise _Unusable("Invalid response type.")
        scopes = [name for name in asked.get("scope", "").split(",") if name]
        known = [
            name for name in PERMISSIONS if name.startswith("instagram_business_") == (kind == "instagram")
        ]
        unknown = [name for name in scopes if name not in known]
        if unknown or not scopes:
            raise _Unusable(f"Invalid Scopes: {html.escape(', '.join(unknown) or 'none')}.")
        return scopes

    async def _person(self, request: Request) -> Person:
        cookie, state = request.cookies.get(COOKIE, ""), request.query_params.get("state", "")

        def find(db: sqlite3.Connection) -> Person:
            person = find_person(db, cookie)
            if person is None:
                person = add_person(db, self._store)
                forget_idle(db)
            let_in(db, person, state)
            return person

        return await self._store.run(find)

    def _ask(
        self,
        request: Request,
        kind: str,
        person: Person,
        scopes: list[str],
        accounts: list[tuple[Account, list[str], str]],
    ) -> Response:
        boxes = "".join(
            f'<li><label><input type="checkbox" name="permission" value="{name}" checked'
            f"{' disabled' if name in _NEVER_UNTICKED else ''}> {html.escape(PERMISSIONS[name])}"
            f"<small>{name}</small></label></li>"
            for name in scopes
        )
        rows = "".join(_row(kind, number, *entry) for number, entry in enumerate(accounts))
        what = "Pages" if kind == "facebook" else "account"
        legend = "Pages that AIGrowth may use" if kind == "facebook" else "Your account"
        site = "Facebook" if kind == "facebook" else "Instagram"
        body = (
            f'<form class="login" method="post" action="?{html.escape(request.url.query)}">'
            f"<h1>Log in to AIGrowth with {site}</h1>"
            f"<p>You are <b>{html.escape(person.name)}</b>, a practice person. Choose what may be used.</p>"
            f"<fieldset><legend>{legend}</legend>"
            f"<ul>{rows or f'<li>You have no {what}.</li>'}</ul></fieldset>"
            f"<fieldset><legend>What AIGrowth may do</legend><ul>{boxes}</ul></fieldset>"
            '<div class="choices"><button name="action" value="cancel">Cancel</button>'
            '<button class="main" name="action" value="allow">Continue</button></div></form>'
        )
        answer = _page(kind, body, sends_to=urlsplit(request.query_params["redirect_uri"]))
        # As long as the simulators remember the person.
        answer.set_cookie(
            COOKIE,
            person.cookie,
            max_age=365 * 86_400,
            path=f"{request.scope.get('root_path', '')}/login",
            httponly=True,
            samesite="lax",
        )
        return answer

    async def _decide(
        self, request: Request, kind: str, asked: Mapping[str, str], scopes: list[str], person: Person
    ) -> Response:
        sent = await _form(request)
        redirect_uri, state = asked["redirect_uri"], asked.get("state", "")
        if sent.get("action") != ["allow"]:
            return _redirect(
                redirect_uri,
                error="access_denied",
                error_reason="user_denied",
                error_description="The user denied your request.",
                state=state,
            )
        ticked = set(sent.get("permission", [])) | _NEVER_UNTICKED
        account_ids = sent.get("account", [])

        def allow(db: sqlite3.Connection) -> str:
            mine = [a.id for a, _, _ in held(db, person.id, "page" if kind == "facebook" else "instagram")]
            return add_code(
                db,
                self._store,
                person,
                kind=kind,
                redirect_uri=redirect_uri,
                granted=[name for name in scopes if name in ticked],
                declined=[name for name in scopes if name not in ticked],
                account_ids=[one for one in account_ids if one in mine],
            )

        code = await self._store.run(allow)
        return _redirect(redirect_uri, code=code, state=state, mark="#_=_" if kind == "facebook" else "#_")

    async def _token(self, request: Request) -> Response:
        """Instagram's own address for codes, with its own form of errors."""
        sent = {name: values[0] for name, values in (await _form(request)).items()}
        if sent.get("client_id") != APP_ID or sent.get("client_secret") != self._tokens.secret:
            return _instagram_error("Error validating client secret.")
        if sent.get("grant_type") != "authorization_code":
            return _instagram_error("Invalid grant_type.")

        def use(db: sqlite3.Connection) -> tuple[Grant | str, int]:
            code, redirect_uri = sent.get("code", ""), sent.get("redirect_uri", "")
            made = use_code(db, self._store, code, kind="instagram", redirect_uri=redirect_uri)
            used = "SELECT count(*) FROM login_codes WHERE kind = 'instagram' AND used_at IS NOT NULL"
            return made, int(db.execute(used).fetchone()[0])

        made, count = await self._store.run(use)
        if isinstance(made, str):
            return _instagram_error("Invalid authorization code.")
        flat = {
            "access_token": made.token,
            "user_id": int(made.person_id),
            "permissions": list(made.granted),
        }
        # Both forms have been seen at Meta, so both are spoken here, by turns.
        if count % 2:
            return JsonAnswer(flat)
        return JsonAnswer({"data": [{**flat, "permissions": ",".join(made.granted)}]})


def _row(kind: str, number: int, account: Account, tasks: list[str], account_type: str) -> str:
    if kind == "facebook":
        note = "" if "CREATE_CONTENT" in tasks else " · you may look at it only"
        box, name = "checkbox", account.name
        ticked = " checked"
    else:
        note = " · personal" if account_type == "PERSONAL" else " · business"
        box, name, ticked = "radio", account.username, " checked" if number == 0 else ""
    return (
        f'<li><label><input type="{box}" name="account" value="{account.id}"{ticked}> '
        f"{html.escape(name)}<small>{account.id}{note}</small></label></li>"
    )


def _instagram_error(message: str) -> Response:
    return JsonAnswer({"error_type": "OAuthException", "code": 400, "error_message": message}, 400)


def _redirect(address: str, *, mark: str = "", **said: str) -> Response:
    joint = "&" if urlsplit(address).query else "?"
    return RedirectResponse(f"{address}{joint}{urlencode(said)}{mark}", 303, headers=dict(PRACTICE_HEADERS))


def _address(written: str) -> SplitResult:
    """The parts of an address; of none, where it is not written as one."""
    try:
        address = urlsplit(written)
    except ValueError:
        return urlsplit("")
    # It is named in a header of the page.
    return address if _HOST.fullmatch(address.netloc) else urlsplit("")


async def _form(request: Request) -> dict[str, list[str]]:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_LIMIT:
            return {}
    kind = request.headers.get("content-type", "").partition(";")[0]
    if kind == "application/json":
        try:
            sent = json.loads(bytes(body))
        except (ValueError, RecursionError):
            return {}
        return {name: [str(value)] for name, value in sent.items()} if isinstance(sent, dict) else {}
    return parse_qs(bytes(body).decode("utf-8", "replace"), keep_blank_values=True)


def _page(kind: str, body: str, *, sends_to: SplitResult | None = None) -> Response:
    site = "Practice Facebook" if kind == "facebook" else "Practice Instagram"
    mark = style.PAGE_MARK if kind == "facebook" else style.INSTAGRAM_MARK
    # A form's answer leads back to the product, which may be served elsewhere.
    origin = (
        f"{getattr(sends_to, 'scheme', '')}://{getattr(sends_to, 'netloc', '')}" if sends_to else "'self'"
    )
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Log in · {site}</title><style>{style.STYLESHEET}{_STYLE}</style></head><body>"
        f'<header class="bar"><div class="bar-inner"><span class="brand">{mark}{site}</span>'
        '<p class="notice"><strong>Practice:</strong> this is not Meta, and nothing leaves this machine</p>'
        f"</div></header><main>{body}</main></body></html>"
    )
    return HTMLResponse(
        text,
        headers={
            **PRACTICE_HEADERS,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
            f"frame-ancestors 'none'; form-action 'self' {origin}",
        },
    )


_STYLE = """
.login { max-width: 480px; margin: 0 auto; background: var(--surface); border: 1px solid var(--line);
  border-radius: 12px; box-shadow: var(--shadow); padding: 24px; display: grid; gap: 16px; }
.login h1 { font-size: 20px; line-height: 28px; font-weight: 650; letter-spacing: -0.02em; }
.login p { color: var(--ink-2); }
.login fieldset { border: 1px solid var(--line); border-radius: 8px; margin: 0; padding: 4px 16px 8px; }
.login legend { font-weight: 600; font-size: 13px; padding: 0 6px; margin-left: -6px; }
.login li + li { border-top: 1px solid var(--line); }
.login label { display: grid; grid-template-columns: 20px minmax(0, 1fr); gap: 0 10px; padding: 8px 0;
  align-items: center; cursor: pointer; overflow-wrap: anywhere; }
.login input { width: 16px; height: 16px; margin: 0; accent-color: var(--accent); }
.login small { grid-column: 2; color: var(--ink-3); font-size: 12px; line-height: 16px; }
.choices { display: flex; justify-content: flex-end; gap: 8px; }
.choices button { font: inherit; font-weight: 550; min-height: 34px; padding: 0 14px; border-radius: 8px;
  border: 1px solid var(--line-strong); background: var(--surface); color: var(--ink); cursor: pointer; }
.choices .main { background: var(--ink); border-color: var(--ink); color: var(--surface); }
"""
