"""Connected accounts: listed, connected with a token, let go.

A channel's token is opened only by `Channels`, right before it is used.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.crypto import Vault
from app.core.db import Database
from app.core.errors import Conflict, NotFound, RuleBroken, UpstreamUnavailable
from app.core.logging import get_logger
from app.models import channels as models
from app.models import logins as login_models
from app.models import posts as post_models
from app.models import sending as sending_models
from app.models.businesses import Role
from app.models.channels import Channel, ChannelStatus
from app.providers.publishing.base import (
    Account,
    AccountOpener,
    LoginGate,
    PlatformRules,
    Publisher,
    PublishingError,
    TokenFacts,
    TryLater,
)
from app.services import access

log = get_logger(__name__)

CHECK_EVERY = timedelta(hours=24)
"""How often each account is looked at, at the least."""

_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Way:
    """How a channel is reached: its platform, through which login, and whether for practice."""

    platform: str
    login: str
    is_practice: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of an account when it is connected. `renew_at`: when its token is to be made new."""

    login_id: int | None = None
    token_expires_at: datetime | None = None
    data_access_expires_at: datetime | None = None
    renew_at: datetime | None = None
    may_comment: bool | None = None


class Channels:
    """The channels of every business, and the way to each platform."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        publishers: Mapping[Way, Publisher],
        opener: AccountOpener | None,
        gates: Mapping[tuple[str, bool], LoginGate] | None = None,
    ) -> None:
        self._database = database
        self._vault = vault
        self._publishers = publishers
        self._opener = opener
        self._gates = gates or {}
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

    def gate(self, channel: Channel) -> LoginGate | None:
        """The login that the channel's token is from, where this server has it."""
        return self._gates.get((channel.login, channel.is_practice))

    def account(self, channel: Channel) -> Account:
        """The channel as its platform knows it, with its token opened. Raises ValueError when it is there no
        more, or sealed with a secret that is not known."""
        return Account(channel.external_id, self._vault.open(channel.token_sealed, token_context(channel)))

    def seal(self, channel: Channel, access_token: str) -> str:
        """The token as it is kept."""
        return self._vault.seal(access_token, token_context(channel))

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
        gate = self._gates.get((way.login, way.is_practice))
        try:
            facts = await publisher.verify(Account(external_id, access_token))
            token = await gate.inspect(access_token) if gate else TokenFacts()
        except TryLater as error:
            raise UpstreamUnavailable(
                error.code, f"{error.detail} Try again later.", retry_after=error.retry_after or 30
            ) from error
        except PublishingError as error:
            raise RuleBroken(error.code, error.detail) from error
        missing = missing_permissions(gate, platform, token.permissions)
        if missing:
            raise RuleBroken(
                "permission_missing", f"The token does not allow to {in_words(missing)}. Make one that does."
            )
        standing = Standing(
            token_expires_at=token.expires_at,
            data_access_expires_at=token.data_access_expires_at,
            # Of unknown age: it can be renewed once it is a day old.
            renew_at=clock.now() + jittered(timedelta(hours=36)) if login == "instagram" else None,
            may_comment=may_comment(platform, login, token.permissions),
        )
        return await self.keep(
            business_id, way, facts.external_id, name or facts.name, access_token, standing
        )

    async def open_practice(self, business_id: int, business_name: str) -> bool:
        """Connect the business to a practice account on each platform. Safe to repeat; trouble is
        logged, and the runner tries again. Returns whether the accounts were opened."""
        if self._opener is None:
            return False
        try:
            accounts = await self._opener.open_accounts(business_name, reference=_reference(business_id))
        except PublishingError as error:
            log.warning("practice.accounts_not_opened", business_id=business_id, code=error.code)
            return False
        for opened in accounts:
            await self.keep(
                business_id,
                Way(opened.platform, "facebook", True),
                opened.external_id,
                opened.name,
                opened.access_token,
            )
        return True

    async def announce_practice_login(self, business_id: int, state: str) -> None:
        """Let whoever comes to the practice login with this state find the business's own practice accounts
        there. Without that, the others are found all the same."""
        if self._opener is None:
            return
        try:
            await self._opener.announce_login(state, reference=_reference(business_id))
        except PublishingError as error:
            log.warning("practice.login_not_announced", business_id=business_id, code=error.code)

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

    async def keep(
        self,
        business_id: int,
        way: Way,
        external_id: str,
        name: str,
        access_token: str,
        standing: Standing | None = None,
    ) -> Channel:
        """Keep an account that the platform has confirmed; one that was connected before is renewed."""
        standing = standing or Standing()
        try:
            return await self._write(business_id, way, external_id, name, access_token, standing)
        except IntegrityError:
            # Connected twice at once: the second time it is there and gets renewed.
            return await self._write(business_id, way, external_id, name, access_token, standing)

    async def _write(
        self, business_id: int, way: Way, external_id: str, name: str, access_token: str, standing: Standing
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
            channel.token_sealed = self.seal(channel, access_token)
            channel.updated_at = channel.checked_at = now
            channel.disconnected_at = channel.problem_code = channel.problem_detail = None
            channel.missing_permissions = []
            channel.quota_used = channel.quota_total = None
            channel.login_id = standing.login_id
            channel.token_expires_at = standing.token_expires_at
            channel.data_access_expires_at = standing.data_access_expires_at
            channel.renew_at = standing.renew_at
            channel.may_comment = standing.may_comment
            # How long a token still lasts that nobody makes new is told at once.
            is_ending = standing.token_expires_at is not None and standing.renew_at is None
            channel.check_at = now if is_ending else now + jittered(CHECK_EVERY)
        log.info("channel.connected", channel_id=channel.id, business_id=business_id, platform=way.platform)
        return channel


def _reference(business_id: int) -> str:
    return f"business-{business_id}"


def jittered(length: timedelta) -> timedelta:
    """This long, less up to a fifth of it: what began together must not come back together."""
    return length * (1 - secrets.randbelow(1000) / 5000)


PERMISSION_MISSING = "permission_missing"
PERMISSIONS = {
    "pages_show_list": "see your Pages",
    "pages_read_engagement": "read your Pages",
    "pages_manage_posts": "post on your Pages",
    "instagram_basic": "see your Instagram account",
    "instagram_content_publish": "publish on Instagram",
    "instagram_business_basic": "see your Instagram account",
    "instagram_business_content_publish": "publish on Instagram",
}
"""Meta's permissions, as what they allow us to do."""
COMMENT_PERMISSIONS = {
    ("facebook", "facebook"): "pages_manage_engagement",
    ("instagram", "facebook"): "instagram_manage_comments",
    ("instagram", "instagram"): "instagram_business_manage_comments",
}
"""By platform and login: what a comment needs. Not asked for unless the settings name it."""


def in_words(permissions: Sequence[str]) -> str:
    """What these permissions allow, each with Meta's name for it."""
    parts = [f"{PERMISSIONS.get(name, 'do more')} ({name})" for name in permissions]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def not_allowed(missing: Sequence[str]) -> str:
    """That a connection lacks these permissions, and the cure."""
    them = "that" if len(missing) == 1 else "them"
    return f"This connection may not {in_words(missing)}. Connect the channel again and leave {them} ticked."


def missing_permissions(gate: LoginGate | None, platform: str, granted: Collection[str] | None) -> list[str]:
    """The needed permissions that were not given; none where the platform does not say."""
    if gate is None or granted is None:
        return []
    return [name for name in gate.needed(platform) if name not in granted]


def may_comment(platform: str, login: str, granted: Collection[str] | None) -> bool | None:
    """Whether a connection with these permissions may write comments; None where nobody says."""
    return None if granted is None else COMMENT_PERMISSIONS[platform, login] in granted


def comments_not_allowed(channel: Channel) -> tuple[str, str]:
    """That a connection may not write comments, and the cure."""
    name = COMMENT_PERMISSIONS[channel.platform, channel.login]
    return (
        f"This connection may not write comments: Meta's permission {name} is missing.",
        "Whoever runs this server names it in META_EXTRA_PERMISSIONS; connect the channel again after that.",
    )


_SHOWN_AS: dict[int, str | None] = {
    **dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029), " "),
    **dict.fromkeys((*range(0xD800, 0xE000), *map(ord, _DIRECTIONS)), None),
}
"""Controls and ends of lines are blanks; halves of characters and marks of direction are nothing."""
_READ_OF_A_NAME = 400
"""No platform has names as long as this, and there may be thousands of them to read."""


def shown_name(name: str) -> str:
    """A platform's name for an account, fit to be kept and shown: on one line, at most 200 long, without
    control characters, marks that turn the direction of writing, and halves of characters."""
    begun = name[:_READ_OF_A_NAME]
    if not begun.isprintable():  # most are, and hold nothing of all that
        begun = begun.translate(_SHOWN_AS)
    return " ".join(begun.split())[:200]


async def list_channels(session: AsyncSession, *, user_id: int, business_id: int) -> Sequence[Channel]:
    """The business's connected channels."""
    await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.VIEWER)
    return await models.list_connected(session, business_id)


async def list_waiting(session: AsyncSession, channels: Sequence[Channel]) -> dict[int, list[dict[str, Any]]]:
    """What is still to go out on channels that cannot take it now, by channel."""
    waiting = {}
    for channel in channels:
        if channel.status != ChannelStatus.CONNECTED.value:
            posts = await post_models.waiting_on_channel(session, channel.id)
            waiting[channel.id] = [_named(post) for post in posts]
    return waiting


def _named(post: post_models.Post) -> dict[str, Any]:
    return {"id": post.id, "content_text": post.content_text[:80]}


async def require_channel(session: AsyncSession, *, user_id: int, channel_id: int) -> Channel:
    """A connected channel, for whoever may manage it."""
    found = await models.find_for_user(session, channel_id, user_id)
    if found is None:
        raise no_such_channel()
    channel, role = found
    access.ensure(role, Role.ADMIN)
    return channel


def no_such_channel() -> NotFound:
    """The one answer for an absent channel and for somebody else's."""
    return NotFound("channel_not_found", "There is no such channel.")


async def disconnect(session: AsyncSession, *, user_id: int, channel_id: int) -> None:
    """Let go of a channel, and of the login behind it when nothing else stands on that. Refused while posts
    are still to go out on it. Drafts stay, and go out without it."""
    channel = await require_channel(session, user_id=user_id, channel_id=channel_id)
    # Nobody sends or schedules anything on it until this unit of work ends.
    await sending_models.hold_accounts(session, [channel])
    waiting = await post_models.waiting_on_channel(session, channel_id)
    if waiting:
        raise Conflict(
            "channel_in_use",
            "Posts are still to go out on this channel. Make them drafts again, or wait until they are out.",
            posts=[_named(post) for post in waiting],
        )
    channel.disconnected_at = channel.updated_at = clock.now()
    # The token is of no more use, so it is not kept.
    channel.token_sealed = ""
    login_id, channel.login_id = channel.login_id, None
    channel.check_at = channel.renew_at = None
    if login_id is not None:
        await session.flush()
        if not await models.list_of_logins(session, [login_id]):
            await login_models.remove(session, [login_id])


def token_context(channel: Channel) -> str:
    """A sealed token opens only for the channel it was sealed for."""
    return f"channel:{channel.business_id}:{channel.platform}:{channel.external_id}"
