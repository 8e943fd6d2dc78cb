"""Facebook Login: Pages, and the Instagram accounts linked to them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from app.core.logging import get_logger
from app.providers.publishing.base import (
    ActionNeeded,
    Grant,
    OfferedAccount,
    PublishingError,
    ReconnectNeeded,
    TokenFacts,
    TryLater,
)
from app.providers.publishing.errors import TOKEN_INVALID, UNAVAILABLE, classify
from app.providers.publishing.login.wire import (
    APP_REFUSED,
    Wire,
    end_in,
    moment_of,
    next_cursor,
    of_exchange,
    text_of,
    token_in,
)

log = get_logger(__name__)

MOST_PAGES_OF_LIST = 50
"""A hundred Pages on each: an agency with more has to ask in parts."""

_PAGES = ("pages_show_list", "pages_read_engagement", "pages_manage_posts")
_INSTAGRAM = ("pages_show_list", "pages_read_engagement", "instagram_basic", "instagram_content_publish")
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

_NO_TASK = (
    "You may look at this Page, not post on it. Have an admin give you the task Content, then log in again."
)
_NO_TOKEN = "Meta gives no token for this Page. Have an admin of it log in."


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
        self._wire = Wire(app_secret=app_secret)

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
            raise of_exchange(error) from error
        token, expires_at = await self.renew(token_in(short))
        facts = await self._debug(token)
        permissions = await self._permissions(token)
        user_id, user_name = await self._person(token)
        return Grant(
            user_id=text_of(facts.get("user_id")) or user_id,
            user_name=user_name,
            access_token=token,
            permissions=permissions,
            # What the platform has written down itself counts most; where it says nothing, it is unknown.
            expires_at=moment_of(facts.get("expires_at")) or expires_at,
            data_access_expires_at=moment_of(facts.get("data_access_expires_at")),
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
            page_id, token = text_of(page.get("id")), text_of(page.get("access_token"))
            if not page_id or page_id in seen:
                continue
            seen.add(page_id)
            name, hindrance = text_of(page.get("name")) or page_id, _page_hindrance(page, token)
            found.append(OfferedAccount("facebook", page_id, name, token, hindrance))
            linked = page.get("instagram_business_account")
            if isinstance(linked, dict) and (account_id := text_of(linked.get("id"))):
                username = text_of(linked.get("username")) or account_id
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
        return token_in(answer), end_in(answer)

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
            expires_at=moment_of(facts.get("expires_at")),
            data_access_expires_at=moment_of(facts.get("data_access_expires_at")),
            permissions=frozenset(map(str, scopes)) if isinstance(scopes, list) else None,
        )

    async def try_keys(self) -> None:
        """Whether Meta takes the app's id and secret. Raises `PublishingError`."""
        facts = await self._facts(f"{self._app_id}|{self._app_secret}")
        if str(facts.get("app_id")) != self._app_id or not facts.get("is_valid"):
            raise ActionNeeded("login_app_refused", APP_REFUSED)

    async def _facts(self, token: str) -> dict[str, Any]:
        try:
            answer = await self._wire.get(
                f"{self._graph}/debug_token",
                {"input_token": token, "access_token": f"{self._app_id}|{self._app_secret}"},
            )
        except ReconnectNeeded as error:
            # It is the app's own token that is not taken: that says nothing of the one that was asked about.
            raise ActionNeeded("login_app_refused", APP_REFUSED, trace=error.trace) from error
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
            raise ActionNeeded("login_app_refused", APP_REFUSED)
        return facts

    async def _person(self, token: str) -> tuple[str, str]:
        """Id and name of whoever has logged in."""
        answer = await self._wire.get(f"{self._graph}/me", {"fields": "id,name"}, token=token)
        if found := text_of(answer.get("id")):
            return found, text_of(answer.get("name"))
        raise UNAVAILABLE.build(is_irreversible=False)

    async def _permissions(self, token: str) -> dict[str, str]:
        answer = await self._wire.get(f"{self._graph}/me/permissions", {}, token=token)
        listed = answer.get("data")
        entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
        return {
            name: text_of(entry.get("status"))
            for entry in entries
            if (name := text_of(entry.get("permission")))
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
        ids = [found for portfolio in portfolios if (found := text_of(portfolio.get("id"))).isdigit()]
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
            after = next_cursor(answer)
            if after is None or after in seen:
                break
            seen.add(after)
            params["after"] = after
        return found


def _page_hindrance(page: Mapping[str, Any], token: str) -> str | None:
    tasks = page.get("tasks")
    if isinstance(tasks, list) and not _MAY_POST & set(map(str, tasks)):
        return _NO_TASK
    return None if token else _NO_TOKEN
