"""Connections are kept alive and looked at daily: what ends is made new before, and what cannot be is told
the day it is known."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.core import clock
from app.core.crypto import Vault
from app.models.channels import Channel
from app.models.logins import Login
from app.providers.publishing.base import LoginGate, Publisher
from app.providers.publishing.facebook import FacebookPublisher
from app.providers.publishing.instagram import InstagramPublisher
from app.providers.publishing.login import FacebookLogin, InstagramLogin
from app.services import posts
from app.services.channel_health import ChannelHealth
from app.services.channels import Channels, Way, jittered
from app.services.logins import Connecting, LoginRenewal
from app.services.publishing import LookAhead
from practice.login.people import APP_ID, app_secret
from tests.api.meta import MetaPerson
from tests.integration.office import Office, codes, sentences
from tests.practice_server import CONTROL_KEY

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
REDIRECT = "http://localhost/api/v1/channels/meta/callback"
RENEWED_BETWEEN = (40 * DAY, 50 * DAY)
LOOKED_AT_BETWEEN = (0.8 * DAY, DAY)


def is_within(moment: datetime | None, bounds: tuple[timedelta, timedelta]) -> bool:
    """Whether a moment lies so far ahead. A test takes less than an hour."""
    assert moment is not None
    return bounds[0] - HOUR < moment - clock.now() <= bounds[1]


class Desk:
    """The office's connections: a person at Meta, both logins, and what looks after them."""

    def __init__(
        self,
        office: Office,
        pat: MetaPerson,
        *,
        secret: str = app_secret(CONTROL_KEY),
        extra: Sequence[str] = (),
    ) -> None:
        self.office, self.pat = office, pat
        practice, keys = office.practice, {"app_id": APP_ID, "app_secret": secret}
        facebook = FacebookLogin(
            **keys,
            graph_url=practice.graph_url,
            dialog_url=f"{practice.url}/login/facebook",
            version="v26.0",
            extra=extra,
        )
        instagram = InstagramLogin(
            **keys,
            graph_url=practice.graph_url,
            dialog_url=f"{practice.url}/login/instagram",
            token_url=f"{practice.url}/login/token",
            version="v26.0",
        )
        self.gates: tuple[FacebookLogin, InstagramLogin] = (facebook, instagram)
        publishers: dict[Way, Publisher] = {
            Way("facebook", "facebook", False): FacebookPublisher(office.graph),
            Way("instagram", "facebook", False): InstagramPublisher(office.graph),
            Way("instagram", "instagram", False): InstagramPublisher(office.graph),
        }
        database, vault = office.database, Vault(lambda: [b"office"])
        by_way: dict[tuple[str, bool], LoginGate] = {(gate.kind, False): gate for gate in self.gates}
        self.channels = Channels(database, vault, publishers, None, by_way)
        self.health = ChannelHealth(database, self.channels)
        gates: dict[str, tuple[LoginGate, bool]] = {gate.kind: (gate, False) for gate in self.gates}
        self.connecting = Connecting(database, vault, self.channels, gates, redirect_uri=REDIRECT)
        office.channels = self.channels
        self.renewal = LoginRenewal(database, vault, self.channels, gates)

    async def aclose(self) -> None:
        """Let go of connections."""
        for gate in self.gates:
            await gate.close()

    async def connects(self, kind: str = "facebook") -> Sequence[Channel]:
        """Log in, and choose everything that can be chosen."""
        who: dict[str, Any] = {"user_id": self.office.user_id, "session_token": "session"}
        address = await self.connecting.begin(
            **who, business_id=self.office.business_id, kind=kind, is_again=False
        )
        said = await asyncio.to_thread(self.pat.decides, address)
        attempt_id = await self.connecting.come_back(**who, state=said["state"], code=said["code"], error="")
        assert attempt_id is not None
        attempt = await self.connecting.attempt(user_id=self.office.user_id, attempt_id=attempt_id)
        assert attempt.problem is None
        return await self.connecting.choose(
            user_id=self.office.user_id,
            attempt_id=attempt_id,
            accounts=[(one.platform, one.external_id) for one in attempt.choices if one.hindrance is None],
        )

    async def time_passes(self, length: timedelta) -> None:
        """Here and at Meta."""
        await self.office.time_passes(length)
        await asyncio.to_thread(self.pat.changes, older_by=length.total_seconds())

    async def now(self, channels: Sequence[Channel]) -> list[Channel]:
        """These channels as they are now."""
        return [await self.office.channel(channel) for channel in channels]

    async def login(self) -> Login:
        """What the person has allowed."""
        async with self.office.database.reading() as session:
            (found,) = await session.scalars(select(Login))
        return found

    async def is_taken(self, channel: Channel) -> bool:
        """Whether the platform takes the channel's token, as it is kept now."""
        found = await self.office.channel(channel)
        await self.channels.publisher(found).verify(self.channels.account(found))
        return True

    def calls(self, edge: str) -> int:
        """How often a login's edge was asked."""
        return len(self.office.practice.control.calls(edge))


async def _open(office: Office) -> AsyncIterator[Desk]:
    pat = await asyncio.to_thread(MetaPerson, office.practice.control)
    async with contextlib.aclosing(Desk(office, pat)) as desk:
        yield desk
    pat.close()


@pytest.fixture
async def desk(embedded_office: Office) -> AsyncIterator[Desk]:
    """On SQLite: no database decides what happens here."""
    async for opened in _open(embedded_office):
        yield opened


@pytest.fixture
async def desk_anywhere(office: Office) -> AsyncIterator[Desk]:
    """On each database."""
    async for opened in _open(office):
        yield opened


def test_what_began_together_comes_back_spread_over_a_fifth_of_the_time() -> None:
    lengths = [jittered(50 * DAY) for _ in range(500)]
    assert all(40 * DAY < length <= 50 * DAY for length in lengths)
    by_day = {length // (2 * DAY) for length in lengths}
    assert len(by_day) >= 5  # no two days of the ten are left empty


async def test_a_login_is_renewed_once_before_it_ends_and_with_it_the_tokens_of_its_pages(
    desk_anywhere: Desk,
) -> None:
    desk = desk_anywhere
    channels = await desk.connects()
    assert [channel.platform for channel in channels] == ["facebook", "instagram"] * 2
    first = await desk.login()
    assert is_within(first.renew_at, RENEWED_BETWEEN)
    await desk.time_passes(39 * DAY)
    assert await desk.renewal.renew_due() == 0
    await desk.time_passes(11 * DAY)
    before = desk.calls("oauth.access_token")
    # Two servers at once: one of them takes it.
    counts = await asyncio.gather(desk.renewal.renew_due(), desk.renewal.renew_due())
    assert sorted(counts) == [0, 1] and desk.calls("oauth.access_token") == before + 1
    renewed = await desk.login()
    assert renewed.token_sealed != first.token_sealed
    assert is_within(renewed.renew_at, RENEWED_BETWEEN) and is_within(
        renewed.expires_at, (59 * DAY, 60 * DAY)
    )
    for channel, kept in zip(channels, await desk.now(channels), strict=True):
        assert kept.token_sealed != channel.token_sealed and await desk.is_taken(kept)
        assert kept.check_at is not None and kept.check_at <= clock.now()
    # Two at once look at them, each at half.
    looked = await asyncio.gather(desk.health.check_due(), desk.health.check_due())
    assert sum(looked) >= len(channels) and await desk.health.check_due() == 0
    for kept in await desk.now(channels):
        assert (kept.status, kept.problem_code) == ("connected", None)
        assert is_within(kept.check_at, LOOKED_AT_BETWEEN)


async def test_pages_of_business_portfolios_are_offered_and_renewed_where_that_was_allowed(
    embedded_office: Office,
) -> None:
    office, control = embedded_office, embedded_office.practice.control
    pat = await asyncio.to_thread(lambda: MetaPerson(control, pages=1, owned=104, clients=2))
    async with contextlib.aclosing(Desk(office, pat)) as desk:
        # Not asked for, they stay out of sight, as at Meta.
        assert len(await desk.connects()) == 2
    async with contextlib.aclosing(Desk(office, pat, extra=("business_management",))) as desk:
        channels = await desk.connects()
        pages = [channel for channel in channels if channel.platform == "facebook"]
        assert len(pages) == 107 and len(channels) == 214
        assert len({channel.external_id for channel in channels}) == 214
        assert [page.name for page in (pages[0], pages[1], pages[104], pages[106])] == [
            "Bakery 001",
            "Owned 001",
            "Owned 104",
            "Client 002",
        ]
        client = pages[-1]
        assert await desk.is_taken(client)
        await desk.time_passes(50 * DAY)
        # What one portfolio does not show for now costs its Pages no more than that.
        control.graph_error("portfolio.owned_pages", 200, status=403)
        assert await desk.renewal.renew_due() == 1
        kept = await desk.now([client, pages[1]])
        assert kept[0].token_sealed != client.token_sealed
        assert kept[1].token_sealed == pages[1].token_sealed and await desk.is_taken(pages[1])
    pat.close()


async def test_an_unanswered_renewal_changes_nothing_and_is_tried_again_in_time(desk: Desk) -> None:
    channels = await desk.connects()
    first = await desk.login()
    await desk.time_passes(50 * DAY)
    for edge in ("oauth.access_token", "me.accounts"):
        fault = desk.office.practice.control.fault("http_500", edge=edge)
        assert await desk.renewal.renew_due() == 1
        kept = await desk.login()
        assert kept.token_sealed == first.token_sealed and is_within(kept.renew_at, (4.8 * HOUR, 6 * HOUR))
        desk.office.practice.control.ask("DELETE", f"faults/{fault}")
        await desk.time_passes(6 * HOUR)
    assert await desk.renewal.renew_due() == 1
    assert (await desk.login()).token_sealed != first.token_sealed
    assert [kept.status for kept in await desk.now(channels)] == ["connected"] * 4


async def test_a_refused_renewal_is_told_at_once_and_healed_by_the_next_login(desk: Desk) -> None:
    channels = await desk.connects()
    await desk.time_passes(50 * DAY)
    desk.pat.changes(subcode=460)  # the password was changed
    assert await desk.renewal.renew_due() == 1
    ended = await desk.login()
    assert (ended.token_sealed, ended.renew_at) == ("", None)
    await desk.health.check_due()
    for kept in await desk.now(channels):
        assert (kept.status, kept.problem_code) == ("reconnect_needed", "token_invalid")
        assert "Connect the channel again" in (kept.problem_detail or "")
    assert await desk.renewal.renew_due() == 0
    desk.pat.changes(subcode=None)
    again = await desk.connects()
    assert [channel.id for channel in again] == [channel.id for channel in channels]
    for kept in await desk.now(again):
        assert (kept.status, kept.problem_code) == ("connected", None) and await desk.is_taken(kept)


async def test_an_end_of_the_access_to_data_is_told_two_weeks_before_and_when_it_has_come(
    desk: Desk,
) -> None:
    """A server that was off for long: the login cannot be renewed, but the Pages go on, until Meta wants the
    person to log in again."""
    channels = await desk.connects()
    await desk.time_passes(61 * DAY)
    assert await desk.renewal.renew_due() == 1
    assert (await desk.login()).token_sealed == ""
    await desk.health.check_due()
    for kept in await desk.now(channels):
        assert (kept.status, kept.problem_code) == ("connected", None) and await desk.is_taken(kept)
    await desk.time_passes(16 * DAY)
    await desk.health.check_due()
    page = (await desk.now(channels))[0]
    until = page.data_access_expires_at
    assert until is not None and is_within(until, (12 * DAY, 13 * DAY))
    assert (page.status, page.problem_code) == ("connected", "data_access_ends")
    assert f"before {until:%-d %B %Y}" in (page.problem_detail or "")
    await desk.time_passes(12.7 * DAY)
    await desk.health.check_due()
    # Looked at when it ends, not as late as the next day.
    page = (await desk.now(channels))[0]
    assert page.check_at is not None and page.check_at - clock.now() < 0.31 * DAY
    await desk.time_passes(0.31 * DAY)
    await desk.health.check_due()
    for kept in await desk.now(channels):
        assert (kept.status, kept.problem_code) == ("reconnect_needed", "data_access_ended")
    await desk.connects()
    assert {(kept.status, kept.problem_code) for kept in await desk.now(channels)} == {("connected", None)}


async def test_an_instagram_account_that_logged_in_by_itself_renews_its_token_while_it_is_looked_at(
    desk: Desk,
) -> None:
    (channel,) = await desk.connects("instagram")
    assert is_within(channel.renew_at, RENEWED_BETWEEN)
    # Meta's own clock says that the token is too young: it goes on, and is tried again a day later.
    await desk.office.time_passes(50 * DAY)
    await desk.health.check_health(channel.id)
    (young,) = await desk.now([channel])
    assert (young.status, young.token_sealed) == ("connected", channel.token_sealed)
    assert is_within(young.renew_at, LOOKED_AT_BETWEEN)
    await desk.time_passes(2 * DAY)
    # Unanswered, it stays due; the next look is soon.
    desk.office.practice.control.fault("http_500", edge="refresh_access_token", count=1)
    await desk.health.check_due()
    (waiting,) = await desk.now([channel])
    assert (waiting.status, waiting.token_sealed) == ("connected", channel.token_sealed)
    assert is_within(waiting.check_at, (0.2 * HOUR, 0.25 * HOUR))
    await desk.office.time_passes(HOUR)
    await desk.health.check_due()
    (renewed,) = await desk.now([channel])
    assert renewed.token_sealed != channel.token_sealed and await desk.is_taken(renewed)
    assert is_within(renewed.renew_at, RENEWED_BETWEEN)
    assert is_within(renewed.token_expires_at, (59 * DAY, 60 * DAY))
    assert (renewed.status, renewed.problem_code) == ("connected", None)
    # Unrenewed for 60 days it is dead for good.
    await desk.time_passes(61 * DAY)
    await desk.health.check_due()
    (dead,) = await desk.now([channel])
    assert (dead.status, dead.problem_code) == ("reconnect_needed", "token_invalid")


async def test_every_channel_is_looked_at_daily_and_soon_again_when_the_platform_is_silent(
    desk: Desk,
) -> None:
    channels = await desk.connects()
    assert all(is_within(channel.check_at, LOOKED_AT_BETWEEN) for channel in channels)
    assert await desk.health.check_due() == 0
    await desk.time_passes(DAY)
    desk.office.practice.control.fault("http_500", edge="account", account_id=channels[0].external_id)
    assert await desk.health.check_due() == 6  # with the two that the office has
    silent, *others = await desk.now(channels)
    assert (silent.status, silent.problem_code) == ("connected", None)
    assert is_within(silent.check_at, (0.2 * HOUR, 0.25 * HOUR))
    assert silent.checked_at is not None and silent.checked_at < clock.now() - 23 * HOUR
    for kept in others:
        assert kept.checked_at is not None and kept.checked_at > clock.now() - HOUR
        assert is_within(kept.check_at, LOOKED_AT_BETWEEN)
    # A server whose own secret is wrong blames no channel for it.
    async with contextlib.aclosing(Desk(desk.office, desk.pat, secret="wrong")) as mistaken:
        await mistaken.health.check_health(channels[0].id)
    assert {(kept.status, kept.problem_code) for kept in await desk.now(channels)} == {("connected", None)}
    # A permission that was taken away at Meta is named, in words as well.
    desk.pat.changes(declined=["pages_manage_posts"])
    await desk.time_passes(DAY)
    await desk.health.check_due()
    page, account, *_ = await desk.now(channels)
    assert (page.status, page.problem_code) == ("reconnect_needed", "permission_missing")
    assert page.missing_permissions == ["pages_manage_posts"]
    assert "post on your Pages (pages_manage_posts)" in (page.problem_detail or "")
    assert (account.status, account.missing_permissions) == ("connected", [])


async def test_a_restricted_channel_is_tried_again_after_its_time_and_not_because_of_a_look(
    desk: Desk,
) -> None:
    (page, *_) = await desk.connects()
    desk.office.practice.control.graph_error("feed", 368, method="POST", account_id=page.external_id)
    await desk.office.settles(await desk.office.sends("Too fast", to=[page]), "failed")
    (restricted,) = await desk.now([page])
    assert (restricted.status, restricted.problem_code) == ("restricted", "account_blocked")
    for _ in range(2):
        await desk.health.check_health(page.id)
        await desk.time_passes(11 * HOUR)
        await desk.health.check_due()
    (kept,) = await desk.now([page])
    assert (kept.status, kept.problem_code) == ("restricted", "account_blocked")
    await desk.time_passes(3 * HOUR)
    await desk.health.check_due()
    (free,) = await desk.now([page])
    assert (free.status, free.problem_code) == ("connected", None)
    await desk.office.settles(await desk.office.sends("Slower", to=[free]), "published")


async def test_a_token_that_ends_and_cannot_be_made_new_says_when_from_the_first_day(desk: Desk) -> None:
    await desk.connects()
    page_id, token = await asyncio.to_thread(_short_page_token, desk)
    channel = await desk.channels.connect(
        user_id=desk.office.user_id,
        business_id=desk.office.business_id,
        platform="facebook",
        external_id=page_id,
        access_token=token,
        name=None,
        login="facebook",
    )
    assert is_within(channel.token_expires_at, (0.5 * HOUR, HOUR))
    await desk.health.check_due()
    (kept,) = await desk.now([channel])
    assert (kept.status, kept.problem_code) == ("connected", "token_ends")
    assert f"{channel.token_expires_at:%-d %B %Y}" in (kept.problem_detail or "")
    # Looked at when it ends.
    await desk.time_passes(HOUR)
    await desk.health.check_due()
    (ended,) = await desk.now([channel])
    assert (ended.status, ended.problem_code) == ("reconnect_needed", "token_invalid")


async def test_a_channel_that_is_cut_off_is_told_on_its_planned_posts_and_when_it_is_well_again(
    desk_anywhere: Desk,
) -> None:
    desk, office = desk_anywhere, desk_anywhere.office
    page, *_ = await desk.connects()
    ahead = LookAhead(office.database, office.library, desk.channels, office.preflight(), desk.health)
    ids = [await office.writes(text, to=[page], images=[]) for text in ("Bread", "Rolls")]
    for post_id in ids:
        moment = clock.now() + 3 * DAY
        await office.publishing.schedule(user_id=office.user_id, post_id=post_id, scheduled_at=moment)
    assert await ahead.look() == 0
    # A day before: one look at the channel is enough for both posts, and for two servers.
    await desk.time_passes(2 * DAY + HOUR / 2)
    before = desk.calls("account")
    desk.pat.changes(declined=["pages_manage_posts"])
    looks = await asyncio.gather(ahead.look(), ahead.look())
    assert sum(looks) == 2 and desk.calls("account") == before + 1
    assert (await desk.now([page]))[0].status == "reconnect_needed"
    for post_id in ids:
        story = await office.publication(post_id)
        told = "Nothing goes out on Harbour Bakery now. This connection may not post on your Pages "
        assert sentences(story)[1:] == [
            f"{told}(pages_manage_posts). Connect the channel again and leave that ticked."
        ]
        assert codes(story) == ["scheduled", "channel_not_connected"]
        assert story.publication.error_code == "channel_not_connected"
        assert (story.publication.error_detail or "").startswith(told)
    assert await ahead.look() == 0
    assert codes(await office.publication(ids[0])) == ["scheduled", "channel_not_connected"]
    # Connected again, they say so, and nothing is left of the warning.
    await desk.connects()
    assert await ahead.look() == 0
    story = await office.publication(ids[0])
    assert (story.publication.error_code, story.publication.error_detail) == (None, None)
    assert sentences(story)[-1] == "Harbour Bakery is connected again: this goes out at its time."
    # Ten minutes before they are looked at once more.
    desk.pat.changes(subcode=460)
    await desk.time_passes(DAY - HOUR / 2 - timedelta(minutes=10))
    assert await ahead.look() == 2 and await ahead.look() == 0
    assert (await office.publication(ids[0])).publication.error_code == "channel_not_connected"
    story = await office.settles(ids[0], "failed", publishing=office.runner(channels=desk.channels))
    assert (
        codes(story)
        == ["scheduled", "channel_not_connected", "channel_connected"] + ["channel_not_connected"] * 2
    )


async def test_a_post_that_a_permission_is_missing_for_says_which_and_what_to_do(desk: Desk) -> None:
    office = desk.office
    page, account, *_ = await desk.connects()
    runner = office.runner(channels=desk.channels)
    for channel, permission, words in (
        (page, "pages_manage_posts", "post on your Pages"),
        (account, "instagram_content_publish", "publish on Instagram"),
        # Instagram Login does not say what a token allows. The account is the one of before.
        (account, "instagram_business_content_publish", None),
    ):
        if words is None:
            await desk.connects("instagram")
        desk.pat.changes(declined=[permission])
        post_id = await office.sends("Not allowed", to=[channel], images=[await office.image()])
        story = await office.settles(post_id, "failed", publishing=runner)
        detail = "Connect the channel again and grant every permission asked for."
        if words is not None:
            detail = f"This connection may not {words} ({permission}). Connect the channel again and leave "
        assert story.publication.error_code == "permission_missing"
        assert detail in (story.publication.error_detail or "")
        (kept,) = await desk.now([channel])
        assert (kept.status, kept.problem_code) == ("reconnect_needed", "permission_missing")
        assert detail in (kept.problem_detail or "")
        # The look that follows soon does not take it back.
        await desk.time_passes(timedelta(minutes=3))
        await desk.health.check_due()
        (kept,) = await desk.now([channel])
        assert (kept.status, kept.problem_code) == ("reconnect_needed", "permission_missing")
    control = office.practice.control
    assert not control.media("Not allowed") and not control.posts("Not allowed")


async def test_a_comment_that_is_not_allowed_is_told_before_and_after_and_the_post_is_out(
    desk: Desk,
) -> None:
    office = desk.office
    page, *_ = await desk.connects()
    (verdict,) = await posts.check_post(
        office.database,
        office.library,
        desk.channels,
        user_id=office.user_id,
        business_id=office.business_id,
        content_text="Fresh bread",
        pictures=[],
        channel_ids=[page.id],
        first_comment="Open until six",
    )
    assert [problem.code for problem in verdict.problems] == ["first_comment_not_allowed"]
    assert "pages_manage_engagement is missing" in verdict.problems[0].message and verdict.is_ready
    post_id = await office.sends("Fresh bread", to=[page], first_comment="Open until six")
    story = await office.settles(post_id, "published", publishing=office.runner(channels=desk.channels))
    assert codes(story)[-2:] == ["published", "comment_failed"]
    assert "pages_manage_engagement is missing" in sentences(story)[-1]
    (kept,) = await desk.now([page])
    assert (kept.status, kept.problem_code) == ("connected", None)


def _short_page_token(desk: Desk) -> tuple[str, str]:
    """What somebody copies out of a tool of Meta's: a Page's token that lasts as long as theirs."""
    address = desk.gates[0].address(redirect_uri=REDIRECT, state="st", is_again=False)
    code = desk.pat.decides(address)["code"]
    keys = {"client_id": APP_ID, "client_secret": app_secret(CONTROL_KEY)}
    graph = f"{desk.office.practice.graph_url}/v26.0"
    with httpx.Client(trust_env=False) as client:
        asked = client.get(
            f"{graph}/oauth/access_token", params={**keys, "redirect_uri": REDIRECT, "code": code}
        )
        short = asked.json()["access_token"]
        listed = client.get(f"{graph}/me/accounts", headers={"Authorization": f"Bearer {short}"})
    page = listed.json()["data"][0]
    return str(page["id"]), str(page["access_token"])
