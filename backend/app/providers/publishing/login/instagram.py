"""Instagram Login: one Instagram account, without a Page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from app.providers.publishing.base import Grant, OfferedAccount, PublishingError, ReconnectNeeded, TokenFacts
from app.providers.publishing.errors import UNAVAILABLE
from app.providers.publishing.login.wire import Wire, end_in, names_of, of_exchange, text_of, token_in

_NEEDED = ("instagram_business_basic", "instagram_business_content_publish")
_PROFESSIONAL = frozenset(("BUSINESS", "MEDIA_CREATOR", "CREATOR"))
_PERSONAL = (
    "This is a personal Instagram account, and those cannot publish from outside. Turn it into a "
    "professional account in Instagram's settings (Account type and tools), then connect it again."
)


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
        self._wire = Wire(app_secret=app_secret)

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    def needed(self, platform: str) -> tuple[str, ...]:
        """What the account needs."""
        return _NEEDED

    def address(self, *, redirect_uri: str, state: str, is_again: bool) -> str:
        """The dialog. With `is_again` the person is asked to log in anew, and for everything."""
        params = {
            "client_id": self._app_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": ",".join((*_NEEDED, *self._extra)),
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
            raise of_exchange(error) from error
        listed = answer.get("data")
        # Documented as a list of one; seen as the object itself.
        short = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else answer
        long = await self._wire.get(
            f"{self._root}/access_token",
            {
                "grant_type": "ig_exchange_token",
                "client_secret": self._app_secret,
                "access_token": token_in(short),
            },
        )
        token = token_in(long)
        me = await self._me(token)
        return Grant(
            user_id=text_of(me.get("id")) or text_of(short.get("user_id")),
            user_name=text_of(me.get("username")),
            access_token=token,
            permissions=dict.fromkeys(names_of(short.get("permissions")), "granted"),
            expires_at=end_in(long),
        )

    async def accounts(self, grant: Grant) -> tuple[OfferedAccount, ...]:
        """The one account that the person has logged in with."""
        me = await self._me(grant.access_token)
        account_id = text_of(me.get("user_id"))
        if not account_id:
            raise UNAVAILABLE.build(is_irreversible=False)
        hindrance = None if me.get("account_type") in _PROFESSIONAL else _PERSONAL
        username = text_of(me.get("username")) or account_id
        return (OfferedAccount("instagram", account_id, username, grant.access_token, hindrance),)

    async def renew(self, access_token: str) -> tuple[str, datetime | None]:
        """Another 60 days, for a token that is a day old at least."""
        answer = await self._wire.get(
            f"{self._root}/refresh_access_token",
            {"grant_type": "ig_refresh_token", "access_token": access_token},
        )
        return token_in(answer), end_in(answer)

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
