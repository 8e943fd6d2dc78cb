"""How each channel is: looked at daily and before a planned post, and its token made new before it ends.

What a look shows is kept with the channel, so that everybody knows it the same day. A platform that does not
answer says nothing about the channel: it is looked at again soon.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from app.core import clock
from app.core.db import Database
from app.core.errors import RuleBroken
from app.core.logging import get_logger
from app.models import channels as models
from app.models.channels import Channel, ChannelStatus
from app.providers.publishing.base import (
    Account,
    AccountRestricted,
    Metered,
    PublishingError,
    ReconnectNeeded,
    TokenFacts,
    TryLater,
)
from app.services.channels import (
    CHECK_EVERY,
    Channels,
    jittered,
    may_comment,
    missing_permissions,
    not_allowed,
)

log = get_logger(__name__)

CHECK_AGAIN = timedelta(minutes=15)
"""After a platform did not answer."""
WARN_BEFORE = timedelta(days=14)
RENEW_AFTER = timedelta(days=50)
"""Of the 60 days that a token lives; jitter takes up to a fifth of it away."""
RESTRICTED_FOR = timedelta(hours=24)
"""After so long a restricted channel is tried again: Meta says a day. A look does not show it."""
_TAKEN_FOR = timedelta(minutes=10)
_AT_ONCE = 20


class ChannelHealth:
    """Looks at channels, and keeps what it sees."""

    def __init__(self, database: Database, channels: Channels) -> None:
        self._database = database
        self._channels = channels

    async def check_due(self) -> int:
        """Look at every channel whose time has come, as many as fit into one round; how many there were."""
        now, count = clock.now(), 0
        async with self._database.reading() as session:
            due = await models.list_to_check(session, now, _AT_ONCE)
        for channel in due:
            assert channel.check_at is not None
            async with self._database.writing() as session:
                is_ours = await models.take_to_check(session, channel.id, channel.check_at, now + _TAKEN_FOR)
            if is_ours:
                await self.check_health(channel.id, is_due=True)
                count += 1
        return count

    async def check_health(self, channel_id: int, *, is_due: bool = False) -> Channel | None:
        """Look at a channel now. Returns it with what is known of it afterwards; None where it is not
        connected. `is_due`: the time of a restriction is over, where there is one. Raises nothing that a
        platform can cause."""
        async with self._database.reading() as session:
            channel = await models.find(session, channel_id)
        if channel is None or channel.disconnected_at is not None:
            return None
        before = channel.token_sealed
        facts = await self._look(channel, is_due=is_due)
        now = clock.now()
        facts = {"check_at": _next_look(facts, now), "checked_at": now, "updated_at": now} | facts
        async with self._database.writing() as session:
            await models.keep_facts(session, channel_id, seen_token=before, **facts)
        async with self._database.reading() as session:
            seen = await models.find(session, channel_id)
        if seen is not None and seen.status != channel.status:
            log.info(
                "channel.status_changed", channel_id=channel_id, status=seen.status, reason=seen.problem_code
            )
        return seen

    async def _look(self, channel: Channel, *, is_due: bool) -> dict[str, Any]:
        try:
            publisher, account = self._channels.publisher(channel), self._channels.account(channel)
        except RuleBroken:
            return {}  # practice is off on this server: there is nobody to ask
        except ValueError:
            return _reconnect(*_unreadable(channel))
        gate = self._channels.gate(channel)
        renewed: dict[str, Any] = {}
        try:
            if gate is not None and channel.renew_at is not None and channel.renew_at <= clock.now():
                account, renewed = await self._renew(channel, account)
            await publisher.verify(account)
            token = await gate.inspect(account.access_token) if gate else TokenFacts()
            quota = await publisher.quota(account) if isinstance(publisher, Metered) else None
        except TryLater as error:
            log.info("channel.not_seen", channel_id=channel.id, code=error.code)
            again = clock.now() + max(CHECK_AGAIN, timedelta(seconds=error.retry_after or 0))
            return {"check_at": again, "checked_at": channel.checked_at} | renewed
        except ReconnectNeeded as error:
            return renewed | _reconnect(error.code, error.detail)
        except AccountRestricted as error:
            return renewed | {
                "status": ChannelStatus.RESTRICTED.value,
                "problem_code": error.code,
                "problem_detail": error.detail,
            }
        except PublishingError as error:
            return renewed | {"problem_code": error.code, "problem_detail": error.detail}
        missing = missing_permissions(gate, channel.platform, token.permissions)
        ends_at = renewed.get("token_expires_at") or token.expires_at or channel.token_expires_at
        data_until = token.data_access_expires_at or channel.data_access_expires_at
        known = renewed | {
            "token_expires_at": ends_at,
            "data_access_expires_at": data_until,
            "missing_permissions": missing,
            "may_comment": may_comment(channel.platform, channel.login, token.permissions),
            "quota_used": quota.used if quota else None,
            "quota_total": quota.total if quota else None,
        }
        will_renew = gate is not None and (channel.renew_at is not None or "renew_at" in renewed)
        if channel.status == ChannelStatus.RESTRICTED.value and not is_due:
            known["check_at"] = channel.check_at
        return known | _judged(
            channel, token, missing, ends_at, data_until, will_renew=will_renew, is_due=is_due
        )

    async def _renew(self, channel: Channel, account: Account) -> tuple[Account, dict[str, Any]]:
        """The account with a new token, and what to keep of it. An unanswered wish changes nothing."""
        gate = self._channels.gate(channel)
        assert gate is not None
        now = clock.now()
        try:
            access_token, expires_at = await gate.renew(account.access_token)
        except (TryLater, ReconnectNeeded):
            raise
        except PublishingError as error:
            # Too young, say: the one that is there goes on meanwhile.
            log.warning("channel.token_not_renewed", channel_id=channel.id, code=error.code)
            return account, {"renew_at": now + jittered(timedelta(days=1))}
        log.info("channel.token_renewed", channel_id=channel.id)
        return Account(account.external_id, access_token), {
            "token_sealed": self._channels.seal(channel, access_token),
            "token_expires_at": expires_at,
            "renew_at": now + jittered(RENEW_AFTER),
        }


def _next_look(facts: dict[str, Any], now: datetime) -> datetime:
    """Within a day, and when something of it ends, so that this is told that day."""
    ends: list[datetime | None] = [facts.get("token_expires_at"), facts.get("data_access_expires_at")]
    return min([now + jittered(CHECK_EVERY), *(end for end in ends if end is not None and end > now)])


def _judged(
    channel: Channel,
    token: TokenFacts,
    missing: list[str],
    ends_at: datetime | None,
    data_until: datetime | None,
    *,
    will_renew: bool,
    is_due: bool,
) -> dict[str, Any]:
    """What the facts mean for the channel."""
    now = clock.now()
    if missing:
        return _reconnect("permission_missing", not_allowed(missing))
    if data_until is not None and data_until <= now:
        return _reconnect(
            "data_access_ended",
            "Meta wants the person who connected this channel to log in again, as every 90 days.",
        )
    if channel.status == ChannelStatus.RESTRICTED.value and not is_due:
        return {}  # a look proves nothing: its time has to pass, or a post to go out
    if channel.problem_code == "permission_missing" and not channel.missing_permissions:
        return {}  # the platform refused a post for it, and does not say more
    warning: tuple[str | None, str | None] = (None, None)
    if data_until is not None and data_until - now < WARN_BEFORE:
        warning = (
            "data_access_ends",
            f"Log in with Meta again before {data_until:%-d %B %Y}: after that it gives no access here.",
        )
    elif ends_at is not None and ends_at - now < WARN_BEFORE and not will_renew:
        warning = ("token_ends", f"The token ends on {ends_at:%-d %B %Y}. Connect the channel again before.")
    return {
        "status": ChannelStatus.CONNECTED.value,
        "problem_code": warning[0],
        "problem_detail": warning[1],
    }


def _reconnect(code: str, detail: str) -> dict[str, Any]:
    return {
        "status": ChannelStatus.RECONNECT_NEEDED.value,
        "problem_code": code,
        "problem_detail": detail,
    }


def _unreadable(channel: Channel) -> tuple[str, str]:
    if channel.token_sealed:
        return (
            "channel_token_unreadable",
            f"The token of {channel.name} can't be read with today's SECRET_KEY. Connect it again.",
        )
    return (
        channel.problem_code or "login_removed",
        channel.problem_detail or "Meta no longer accepts this connection. Connect the channel again.",
    )
