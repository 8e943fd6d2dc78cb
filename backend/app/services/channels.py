"""Connected accounts: listed, connected with a token, let go.

A channel's token is opened only here and in `publishing`, right before it is used.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.core.db import Database
from app.core.errors import Conflict, NotFound, RuleBroken, UpstreamUnavailable
from app.core.logging import get_logger
from app.models import channels as models
from app.models import posts as post_models
from app.models.businesses import Role
from app.models.channels import Channel, ChannelStatus
from app.providers.publishing.base import (
    Account,
    AccountOpener,
    PlatformRules,
    Publisher,
    PublishingError,
    TryLater,
)
from app.services import access

log = get_logger(__name__)

_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Way:
    """How a channel is reached: its platform, through which login, and whether for practice."""

    platform: str
    login: str
    is_practice: bool


class Channels:
    """The channels of every business, and the way to each platform."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        publishers: Mapping[Way, Publisher],
        opener: AccountOpener | None,
    ) -> None:
        self._database = database
        self._vault = vault
        self._publishers = publishers
        self._opener = opener
        self._reopened: set[int] = set()

    def rules(self, channel: Channel) -> PlatformRules:
        """The platform's limits for this channel."""
        return self.publisher(channel).rules

    def publisher(self, channel: Channel) -> Publisher:
        """The platform behind this channel. Raises `RuleBroken` when this server no longer has it."""
        found = self._publishers.get(Way(channel.platform, channel.login, channel.is_practice))
        if found is None:
            raise RuleBroken(
                "channel_not_available",
                f"{channel.name} is a practice channel, and practice mode is off on this server.",
            )
        return found

    def account(self, channel: Channel) -> Account:
        """The channel as its platform knows it, with its token opened."""
        return Account(channel.external_id, self._vault.open(channel.token_sealed, _token_context(channel)))

    async def connect(
        self,
        *,
        user_id: int,
        business_id: int,
        platform: str,
        external_id: str,
        access_token: str,
        name: str | None,
        login: str,
    ) -> Channel:
        """Connect an account with its token, after the platform has confirmed it. An account that was
        connected before is renewed."""
        async with self._database.reading() as session:
            await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.ADMIN)
            known = await models.find_account(session, business_id, platform, external_id)
        way = Way(platform, login, known.is_practice if known else False)
        publisher = self._publishers.get(way)
        if publisher is None:
            raise RuleBroken("login_not_supported", f"{platform.title()} has no such way to connect.")
        try:
            facts = await publisher.verify(Account(external_id, access_token))
        except TryLater as error:
            raise UpstreamUnavailable(
                error.code, f"{error.detail} Try again later.", retry_after=error.retry_after or 30
            ) from error
        except PublishingError as error:
            raise RuleBroken(error.code, error.detail) from error
        return await self._keep(business_id, way, facts.external_id, name or facts.name, access_token)

    async def open_practice(self, business_id: int, business_name: str) -> bool:
        """Connect the business to a practice account on each platform. Safe to repeat; trouble is
        logged, and the runner tries again. Returns whether the accounts were opened."""
        if self._opener is None:
            return False
        try:
            accounts = await self._opener.open_accounts(business_name, reference=f"business-{business_id}")
        except PublishingError as error:
            log.warning("practice.accounts_not_opened", business_id=business_id, code=error.code)
            return False
        for opened in accounts:
            await self._keep(
                business_id,
                Way(opened.platform, "facebook", True),
                opened.external_id,
                opened.name,
                opened.access_token,
            )
        return True

    async def open_missing_practice(self) -> None:
        """Give practice channels to businesses that never had any channel, and new tokens to practice
        channels whose own cannot be read any more because the server's secret has changed."""
        if self._opener is None:
            return
        async with self._database.reading() as session:
            waiting = await models.businesses_without(session, 20)
            broken = await models.practice_to_reconnect(session)
        for business in waiting:
            await self.open_practice(business.id, business.name)
        unreadable = {business.id: business for channel, business in broken if not self._is_readable(channel)}
        for business in unreadable.values():
            # Once is enough: an account that did not come back is not there any more.
            if business.id not in self._reopened and await self.open_practice(business.id, business.name):
                self._reopened.add(business.id)

    def _is_readable(self, channel: Channel) -> bool:
        try:
            self.account(channel)
        except ValueError:
            return False
        return True

    async def _keep(
        self, business_id: int, way: Way, external_id: str, name: str, access_token: str
    ) -> Channel:
        try:
            return await self._write(business_id, way, external_id, name, access_token)
        except IntegrityError:
            # Connected twice at once: the second time it is there and gets renewed.
            return await self._write(business_id, way, external_id, name, access_token)

    async def _write(
        self, business_id: int, way: Way, external_id: str, name: str, access_token: str
    ) -> Channel:
        now = clock.now()
        async with self._database.writing() as session:
            channel = await models.find_account(session, business_id, way.platform, external_id)
            if channel is None:
                channel = Channel(
                    business_id=business_id,
                    platform=way.platform,
                    external_id=external_id,
                    created_at=now,
                )
                session.add(channel)
            channel.name = shown_name(name) or external_id
            channel.status = ChannelStatus.CONNECTED.value
            channel.is_practice = way.is_practice
            channel.login = way.login
            channel.token_sealed = self._vault.seal(access_token, _token_context(channel))
            channel.updated_at = now
            channel.disconnected_at = None
        log.info("channel.connected", channel_id=channel.id, business_id=business_id, platform=way.platform)
        return channel


def shown_name(name: str) -> str:
    """A platform's name for an account, fit to be kept and shown: on one line, at most 200 long, without
    control characters, marks that turn the direction of writing, and halves of characters."""
    kept = "".join(
        " " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char
        for char in name
        if unicodedata.category(char) != "Cs" and char not in _DIRECTIONS
    )
    return " ".join(kept.split())[:200]


async def list_channels(session: AsyncSession, *, user_id: int, business_id: int) -> Sequence[Channel]:
    """The business's connected channels."""
    await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.VIEWER)
    return await models.list_connected(session, business_id)


async def disconnect(session: AsyncSession, *, user_id: int, channel_id: int) -> None:
    """Let go of a channel. Refused while posts are still to go out on it."""
    found = await models.find_for_user(session, channel_id, user_id)
    if found is None:
        raise NotFound("channel_not_found", "There is no such channel.")
    channel, role = found
    access.ensure(role, Role.ADMIN)
    waiting = await post_models.waiting_on_channel(session, channel_id)
    if waiting:
        raise Conflict(
            "channel_in_use",
            "Posts are still to go out on this channel. Unschedule them first.",
            posts=[{"id": post.id, "content_text": post.content_text[:80]} for post in waiting],
        )
    channel.disconnected_at = channel.updated_at = clock.now()
    # The token is of no more use, so it is not kept.
    channel.token_sealed = ""


def _token_context(channel: Channel) -> str:
    """A sealed token opens only for the channel it was sealed for."""
    return f"channel:{channel.business_id}:{channel.platform}:{channel.external_id}"
