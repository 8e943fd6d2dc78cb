"""Meta's two logins. Facebook Login gives Pages and the Instagram accounts linked to them, Instagram Login
one Instagram account without a Page.

The texts of Meta's errors are in the person's language and may hold addresses: they are never passed on.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import orjson

from app.core import clock
from app.core.logging import get_logger
from app.core.tls import public_certificates
from app.providers.publishing.base import (
    ActionNeeded,
    Grant,
    OfferedAccount,
    PublishingError,
    ReconnectNeeded,
    TokenFacts,
    TryLater,
)
from app.providers.publishing.errors import (
    TOKEN_INVALID,
    UNAVAILABLE,
    UNREACHABLE,
    as_number,
    classify,
    trace_of,
)

log = get_logger(__name__)

MAX_ANSWER_BYTES = 4 * 1024 * 1024
MOST_PAGES_OF_LIST = 50
"""A hundred Pages on each: an agency with more has to ask in parts."""

_PAGES = ("pages_show_list", "pages_read_engagement", "pages_manage_posts")
_INSTAGRAM = ("pages_show_list", "pages_read_engagement", "instagram_basic", "instagram_content_publish")
_INSTAGRAM_ALONE = ("instagram_business_basic", "instagram_business_content_publish")
_PORTFOLIOS = "business_management"
"""Not needed, but asked for where the settings name it: without it, Pages that a person holds through a
business portfolio stay out of sight."""
_LINKED = "instagram_business_account{id,username}"
_PAGE_FIELDS = f"id,name,access_token,tasks,{_LINKED}"
_PORTFOLIO_PAGE_FIELDS = f"id,name,access_token,{_LINKED}"
_AT_ONCE = 6
_MAY_POST = frozenset(
    (
        "CREATE_CONTENT",
        "MANAGE",
        "PROFILE_PLUS_CREATE_CONTENT",
        "PROFILE_PLUS_MANAGE",
        "PROFILE_PLUS_FULL_CONTROL",
    )
)
_PROFESSIONAL = frozenset(("BUSINESS", "MEDIA_CREATOR", "CREATOR"))

_LOGIN_REFUSED = "Meta did not complete this login. Begin again."
_APP_REFUSED = (
    "Meta does not know this server's app, or not by this secret. Its operator has to check META_APP_ID and "
    "META_APP_SECRET (for Instagram Login META_INSTAGRAM_APP_ID and META_INSTAGRAM_APP_SECRET)."
)
_REDIRECT_REFUSED = (
    "Meta does not know this server's address for logins. Its operator has to enter it in the app at Meta, "
    "exactly: PUBLIC_BASE_URL with /api/v1/channels/meta/callback behind it."
)
_PERSONAL = (
    "This is a personal Instagram account, and those cannot publish from outside. Turn it into a "
    "professional account in Instagram's settings (Account type and tools), then connect it again."
)

_NO_TASK = (
    "You may look at this Page, not post on it. Have an admin give you the task Content, then log in again."
)
_NO_TOKEN = "Meta gives no token for this Page. Have an admin of it log in."


class _Wire:
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


class FacebookLogin:
    """Facebook Login, also for Business (`config_id`, which names the permissions by itself)."""

    kind = "facebook"

    def __init__(
        self,
        *,
        app_id: str,
        app_secret: str,
        graph_url: str,
        dialog_url: str,
        version: str,
        config_id: str = "",
        extra: Sequence[str] = (),
    ) -> None:
        self._app_id = app_id
        self._app_secret = app_secret
        self._graph = f"{graph_url}/{version}"
        self._dialog = f"{dialog_url}/{version}/dialog/oauth"
        self._config_id = config_id
        self._extra = tuple(name for name in extra if not name.startswith("instagram_business_"))
        self._wire = _Wire(app_secret=app_secret)

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    def needed(self, platform: str) -> tuple[str, ...]:
        """What a Page, or an Instagram account linked to one, needs."""
        return _INSTAGRAM if platform == "instagram" else _PAGES

    def address(self, *, redirect_uri: str, state: str, is_again: bool) -> str:
        """The dialog."""
        asked = dict.fromkeys((*_PAGES, *_INSTAGRAM, *self._extra))
        params = {
            "client_id": self._app_id,
            "redirect_uri": redirect_uri,
            "state": state,
            "response_type": "code",
            **({"config_id": self._config_id} if self._config_id else {"scope": ",".join(asked)}),
            **({"auth_type": "rerequest"} if is_again else {}),
        }
        return f"{self._dialog}?{urlencode(params)}"

    async def exchange(self, code: str, redirect_uri: str) -> Grant:
        """Code, short token, long token, then what was really granted."""
        keys = {"client_id": self._app_id, "client_secret": self._app_secret}
        try:
            short = await self._wire.get(
                f"{self._graph}/oauth/access_token", {**keys, "redirect_uri": redirect_uri, "code": code}
            )
        except PublishingError as error:
            raise _of_exchange(error) from error
        token, expires_at = await self.renew(_token(short))
        facts = await self._debug(token)
        permissions = await self._permissions(token)
        user_id, user_name = await self._person(token)
        return Grant(
            user_id=_text(facts.get("user_id")) or user_id,
            user_name=user_name,
            access_token=token,
            permissions=permissions,
            # What the platform has written down itself counts most; where it says nothing, it is unknown.
            expires_at=_moment(facts.get("expires_at")) or expires_at,
            data_access_expires_at=_moment(facts.get("data_access_expires_at")),
        )

    async def accounts(self, grant: Grant) -> tuple[OfferedAccount, ...]:
        """Every Page, also those that the person holds through a business portfolio, each followed by the
        Instagram account that is linked to it."""
        found: list[OfferedAccount] = []
        seen: set[str] = set()
        pages = await self._list("me/accounts", _PAGE_FIELDS, grant.access_token)
        if grant.permissions.get(_PORTFOLIOS) == "granted":
            pages += await self._pages_of_portfolios(grant.access_token)
        for page in pages:
            page_id, token = _text(page.get("id")), _text(page.get("access_token"))
            if not page_id or page_id in seen:
                continue
            seen.add(page_id)
            name, hindrance = _text(page.get("name")) or page_id, _page_hindrance(page, token)
            found.append(OfferedAccount("facebook", page_id, name, token, hindrance))
            linked = page.get("instagram_business_account")
            if isinstance(linked, dict) and (account_id := _text(linked.get("id"))):
                username = _text(linked.get("username")) or account_id
                found.append(OfferedAccount("instagram", account_id, username, token, hindrance))
        return tuple(found)

    async def renew(self, access_token: str) -> tuple[str, datetime | None]:
        """A long-lived token of about 60 days for any that still counts."""
        answer = await self._wire.get(
            f"{self._graph}/oauth/access_token",
            {
                "grant_type": "fb_exchange_token",
                "client_id": self._app_id,
                "client_secret": self._app_secret,
                "fb_exchange_token": access_token,
            },
        )
        return _token(answer), _end(answer)

    async def inspect(self, access_token: str) -> TokenFacts:
        """What Meta has written down of a token. One of another app says nothing: its facts are unknown."""
        try:
            facts = await self._debug(access_token)
        except (TryLater, ReconnectNeeded):
            raise
        except PublishingError:
            return TokenFacts()
        scopes = facts.get("scopes")
        return TokenFacts(
            expires_at=_moment(facts.get("expires_at")),
            data_access_expires_at=_moment(facts.get("data_access_expires_at")),
            permissions=frozenset(map(str, scopes)) if isinstance(scopes, list) else None,
        )

    async def try_keys(self) -> None:
        """Whether Meta takes the app's id and secret. Raises `PublishingError`."""
        facts = await self._facts(f"{self._app_id}|{self._app_secret}")
        if str(facts.get("app_id")) != self._app_id or not facts.get("is_valid"):
            raise ActionNeeded("login_app_refused", _APP_REFUSED)

    async def _facts(self, token: str) -> dict[str, Any]:
        try:
            answer = await self._wire.get(
                f"{self._graph}/debug_token",
                {"input_token": token, "access_token": f"{self._app_id}|{self._app_secret}"},
            )
        except ReconnectNeeded as error:
            # It is the app's own token that is not taken: that says nothing of the one that was asked about.
            raise ActionNeeded("login_app_refused", _APP_REFUSED, trace=error.trace) from error
        facts = answer.get("data")
        if not isinstance(facts, dict):
            raise UNAVAILABLE.build(is_irreversible=False)
        return facts

    async def _debug(self, token: str) -> dict[str, Any]:
        facts = await self._facts(token)
        if facts.get("is_valid") is not True:
            trouble = facts.get("error")
            if isinstance(trouble, dict):
                named = {**trouble, "code": 190, "error_subcode": trouble.get("subcode")}
                raise classify(named, status=400, is_irreversible=False)
            raise TOKEN_INVALID.build(is_irreversible=False)
        if str(facts.get("app_id")) != self._app_id:
            # Somebody else's app got it: it proves nothing here.
            raise ActionNeeded("login_app_refused", _APP_REFUSED)
        return facts

    async def _person(self, token: str) -> tuple[str, str]:
        """Id and name of whoever has logged in."""
        answer = await self._wire.get(f"{self._graph}/me", {"fields": "id,name"}, token=token)
        if found := _text(answer.get("id")):
            return found, _text(answer.get("name"))
        raise UNAVAILABLE.build(is_irreversible=False)

    async def _permissions(self, token: str) -> dict[str, str]:
        answer = await self._wire.get(f"{self._graph}/me/permissions", {}, token=token)
        listed = answer.get("data")
        entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
        return {
            name: _text(entry.get("status")) for entry in entries if (name := _text(entry.get("permission")))
        }

    async def _pages_of_portfolios(self, token: str) -> list[dict[str, Any]]:
        """Pages that the person's portfolios own, or look after for clients. What Meta does not show is left
        out: the Pages that the person holds directly are there all the same."""
        try:
            portfolios = await self._list("me/businesses", "id", token)
        except TryLater:
            raise
        except PublishingError as error:
            log.info("login.portfolios_not_shown", code=error.code)
            return []
        ids = [found for portfolio in portfolios if (found := _text(portfolio.get("id"))).isdigit()]
        limit = asyncio.Semaphore(_AT_ONCE)

        async def pages_of(portfolio_id: str, edge: str) -> list[dict[str, Any]]:
            async with limit:
                try:
                    return await self._list(f"{portfolio_id}/{edge}", _PORTFOLIO_PAGE_FIELDS, token)
                except TryLater:
                    raise
                except PublishingError as error:
                    log.info("login.portfolio_not_shown", edge=edge, code=error.code)
                    return []

        edges = ("owned_pages", "client_pages")
        lists = await asyncio.gather(*(pages_of(one, edge) for one in ids for edge in edges))
        return [page for pages in lists for page in pages]

    async def _list(self, path: str, fields: str, token: str) -> list[dict[str, Any]]:
        """Everything that a list holds, one page of it after the other."""
        params, found = {"fields": fields, "limit": "100"}, []
        seen: set[str] = set()
        for _ in range(MOST_PAGES_OF_LIST):
            answer = await self._wire.get(f"{self._graph}/{path}", params, token=token)
            listed = answer.get("data")
            found += [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
            after = _next_cursor(answer)
            if after is None or after in seen:
                break
            seen.add(after)
            params["after"] = after
        return found


class InstagramLogin:
    """Instagram API with Instagram Login: one professional account, no Page."""

    kind = "instagram"

    def __init__(
        self,
        *,
        app_id: str,
        app_secret: str,
        graph_url: str,
        dialog_url: str,
        token_url: str,
        version: str,
        extra: Sequence[str] = (),
    ) -> None:
        self._app_id = app_id
        self._app_secret = app_secret
        self._root = graph_url
        self._graph = f"{graph_url}/{version}"
        self._dialog = f"{dialog_url}/oauth/authorize"
        self._token_url = f"{token_url}/oauth/access_token"
        self._extra = tuple(name for name in extra if name.startswith("instagram_business_"))
        self._wire = _Wire(app_secret=app_secret)

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    def needed(self, platform: str) -> tuple[str, ...]:
        """What the account needs."""
        return _INSTAGRAM_ALONE

    def address(self, *, redirect_uri: str, state: str, is_again: bool) -> str:
        """The dialog. With `is_again` the person is asked to log in anew, and for everything."""
        params = {
            "client_id": self._app_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": ",".join((*_INSTAGRAM_ALONE, *self._extra)),
            "state": state,
            **({"force_reauth": "true"} if is_again else {}),
        }
        return f"{self._dialog}?{urlencode(params)}"

    async def exchange(self, code: str, redirect_uri: str) -> Grant:
        """Code, short token, long token, then whose it is."""
        try:
            answer = await self._wire.post(
                self._token_url,
                {
                    "client_id": self._app_id,
                    "client_secret": self._app_secret,
                    "grant_type": "authorization_code",
                    "redirect_uri": redirect_uri,
                    "code": code,
                },
            )
        except PublishingError as error:
            raise _of_exchange(error) from error
        listed = answer.get("data")
        # Documented as a list of one; seen as the object itself.
        short = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else answer
        long = await self._wire.get(
            f"{self._root}/access_token",
            {
                "grant_type": "ig_exchange_token",
                "client_secret": self._app_secret,
                "access_token": _token(short),
            },
        )
        token = _token(long)
        me = await self._me(token)
        return Grant(
            user_id=_text(me.get("id")) or _text(short.get("user_id")),
            user_name=_text(me.get("username")),
            access_token=token,
            permissions=dict.fromkeys(_names(short.get("permissions")), "granted"),
            expires_at=_end(long),
        )

    async def accounts(self, grant: Grant) -> tuple[OfferedAccount, ...]:
        """The one account that the person has logged in with."""
        me = await self._me(grant.access_token)
        account_id = _text(me.get("user_id"))
        if not account_id:
            raise UNAVAILABLE.build(is_irreversible=False)
        hindrance = None if me.get("account_type") in _PROFESSIONAL else _PERSONAL
        username = _text(me.get("username")) or account_id
        return (OfferedAccount("instagram", account_id, username, grant.access_token, hindrance),)

    async def renew(self, access_token: str) -> tuple[str, datetime | None]:
        """Another 60 days, for a token that is a day old at least."""
        answer = await self._wire.get(
            f"{self._root}/refresh_access_token",
            {"grant_type": "ig_refresh_token", "access_token": access_token},
        )
        return _token(answer), _end(answer)

    async def inspect(self, access_token: str) -> TokenFacts:
        """Whether it still counts; Instagram says no more of a token."""
        me = await self._me(access_token)
        if me.get("account_type") not in _PROFESSIONAL:
            raise ReconnectNeeded("personal_account", _PERSONAL)
        return TokenFacts()

    async def _me(self, token: str) -> dict[str, Any]:
        return await self._wire.get(
            f"{self._graph}/me",
            {"fields": "id,user_id,username,account_type,name,profile_picture_url"},
            token=token,
        )


def _page_hindrance(page: Mapping[str, Any], token: str) -> str | None:
    tasks = page.get("tasks")
    if isinstance(tasks, list) and not _MAY_POST & set(map(str, tasks)):
        return _NO_TASK
    return None if token else _NO_TOKEN


def _about_app(refused: Mapping[str, Any]) -> PublishingError | None:
    """Errors that only whoever runs the server can cure."""
    code = as_number(refused.get("code"))
    if code == 191:
        return ActionNeeded("login_redirect_refused", _REDIRECT_REFUSED, trace=trace_of(refused))
    if code == 101 or (code == 1 and refused.get("type") == "OAuthException"):
        return ActionNeeded("login_app_refused", _APP_REFUSED, trace=trace_of(refused))
    return None


def _of_exchange(error: PublishingError) -> PublishingError:
    """A code that is not taken says nothing of any channel: the login has to begin again."""
    if isinstance(error, TryLater | ActionNeeded):
        return error
    return ReconnectNeeded("login_refused", _LOGIN_REFUSED, trace=error.trace)


def _next_cursor(answer: Mapping[str, Any]) -> str | None:
    """Where the list goes on. The address of the next page is not followed: it could lead anywhere."""
    paging = answer.get("paging")
    address = paging.get("next") if isinstance(paging, dict) else None
    if not isinstance(address, str):
        return None
    cursors = paging.get("cursors") if isinstance(paging, dict) else None
    if isinstance(cursors, dict) and (after := _text(cursors.get("after"))):
        return after
    try:
        found = parse_qs(urlsplit(address).query).get("after")
    except ValueError:
        return None
    return found[0] if found else None


def _token(answer: Mapping[str, Any]) -> str:
    if token := _text(answer.get("access_token")):
        return token
    raise UNAVAILABLE.build(is_irreversible=False)


def _end(answer: Mapping[str, Any]) -> datetime | None:
    seconds = as_number(answer.get("expires_in"))
    return clock.now() + timedelta(seconds=seconds) if seconds and 0 < seconds < 10**9 else None


def _moment(value: object) -> datetime | None:
    """A moment in seconds since 1970; 0 is never."""
    seconds = as_number(value)
    return datetime.fromtimestamp(seconds, UTC) if seconds and 0 < seconds < 10**11 else None


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _names(value: object) -> list[str]:
    """Names as a list, or with commas between."""
    parts = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    return [name for part in parts if (name := str(part).strip())]


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return answer if isinstance(answer, dict) else None
