"""What is known before anything goes out: pictures that cannot be fetched, or that were there before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.core import clock
from app.core.crypto import Signer
from app.core.errors import RuleBroken
from app.models.channels import Channel
from app.models.images import Image
from app.providers.storage.base import Stores
from app.services import posts
from app.services.channel_health import ChannelHealth
from app.services.media_urls import MediaUrls
from app.services.posts import PictureInput, Problem
from app.services.publishing import LookAhead, Preflight, PublicationSteps, Publishing, Quotas, Reachability
from app.services.publishing.reachability import expiry
from tests.factories_pictures import jpeg, photo
from tests.integration.office import SETTLE_AFTER, Office, codes, sentences
from tests.internet import PUBLIC, Certificates, Internet, Server, redirect, response


@pytest.fixture
def office(embedded_office: Office) -> Office:
    """No database decides what happens here."""
    return embedded_office


class Outside:
    """The office's pictures at `https://pictures.example`, as its platform would meet them."""

    def __init__(self, office: Office, site: Server, internet: Internet) -> None:
        self.site = site
        urls = MediaUrls(
            Stores(office.storage),
            Signer(b"office", "media-urls"),
            public_url="https://pictures.example",
            loopback_url="http://127.0.0.1:9",
        )
        reachability = Reachability(urls, "auto", network=internet)
        self.preflight = Preflight(office.database, reachability, Quotas(office.database, office.channels))
        self.publishing = Publishing(
            office.database,
            office.library,
            office.channels,
            office.urls,
            preflight=self.preflight,
            wake=lambda: None,
        )
        self.look_ahead = LookAhead(
            office.database,
            office.library,
            office.channels,
            self.preflight,
            ChannelHealth(office.database, office.channels),
        )
        self.steps = PublicationSteps(
            office.database,
            office.library,
            office.channels,
            office.urls,
            owner="office#1",
            wake=lambda: None,
            settle_after=SETTLE_AFTER,
            preflight=self.preflight,
            sites=office.sites,
        )
        self._office, self._urls = office, urls

    async def gives(self, image: Image, answer: bytes | None = None) -> None:
        """From now on the rendition of an image is answered like this; None: as it is."""
        verdict = await self._verdict(self._office.instagram, image)
        (rendition,) = verdict.files
        stored = await self._office.storage.open(rendition.storage_key)
        body = b"".join([piece async for piece in stored.body])
        url = self._urls.url(
            image_id=image.id,
            name=rendition.recipe,
            provider=rendition.storage_provider,
            key=rendition.storage_key,
        )
        parts = urlsplit(url)
        self.site.paths[f"{parts.path}?{parts.query}"] = response(body) if answer is None else answer

    async def problems(self, channel: Channel, image: Image) -> list[Problem]:
        """What a check says."""
        verdict = await self._verdict(channel, image)
        await self.preflight.complete([verdict], [image.id], at=None)
        return [problem for problem in verdict.problems if problem.code.startswith(("media_", "posted_"))]

    async def _verdict(self, channel: Channel, image: Image) -> posts.ChannelVerdict:
        (verdict,) = await posts.check_post(
            self._office.database,
            self._office.library,
            self._office.channels,
            user_id=self._office.user_id,
            business_id=self._office.business_id,
            content_text="Fresh bread",
            pictures=[PictureInput(image.id)],
            channel_ids=[channel.id],
        )
        return verdict


@pytest.fixture
async def outside(office: Office, tmp_path: Path) -> AsyncIterator[Outside]:
    """The office behind a public name."""
    certificates = Certificates(tmp_path)
    internet, site = Internet(certificates.believed()), Server()
    listener = await site.start(certificates.server("pictures.example"))
    internet.names["pictures.example"] = [[PUBLIC]]
    internet.routes[PUBLIC] = site.port
    yield Outside(office, site, internet)
    listener.close()


async def test_a_picture_that_the_platform_could_not_fetch_is_refused_when_planned_and_the_cure_is_told(
    office: Office, outside: Outside
) -> None:
    image = await office.image()
    post_id = await office.writes("Fresh bread", images=[image])
    await outside.gives(image, redirect("https://pictures.example/login"))
    (problem,) = await outside.problems(office.instagram, image)
    assert (problem.code, problem.is_blocking, problem.image_id) == ("media_redirected", True, image.id)
    assert problem.sentences == (
        "Instagram can't fetch the picture: pictures.example sends it on to another address, which it does "
        "not follow. Let pictures.example give pictures out itself: set its final address, with the right "
        "scheme and host."
    )
    moment = clock.now() + timedelta(hours=1)
    for ask in (
        outside.publishing.schedule(user_id=office.user_id, post_id=post_id, scheduled_at=moment),
        outside.publishing.publish(user_id=office.user_id, post_id=post_id),
    ):
        with pytest.raises(RuleBroken) as refused:
            await ask
        assert refused.value.code == "media_redirected"
    # What this office really is: a server of its own network, whose platform reaches it all the same.
    verdict = await outside._verdict(office.instagram, image)
    (local,) = await Reachability(office.urls, "lenient").problems(office.instagram, verdict.files)
    assert (local.code, local.is_blocking) == ("media_local_address", False)
    (strict,) = await Reachability(office.urls, "auto").problems(office.instagram, verdict.files)
    assert (strict.code, strict.is_blocking) == ("media_local_address", True)
    assert "PUBLIC_BASE_URL" in strict.fix


async def test_a_planned_post_is_looked_at_ten_minutes_before_and_told_while_there_is_time(
    office: Office, outside: Outside
) -> None:
    image = await office.image()
    await outside.gives(image)
    post_id = await office.writes("Fresh bread", images=[image])
    moment = clock.now() + timedelta(hours=1)
    await outside.publishing.schedule(user_id=office.user_id, post_id=post_id, scheduled_at=moment)
    assert await outside.look_ahead.look() == 1  # at its channel
    assert await outside.look_ahead.look() == 0
    await outside.gives(image, response(b"<h1>Log in</h1>").replace(b"image/jpeg", b"text/html"))
    await office.time_passes(timedelta(minutes=51))
    assert await outside.look_ahead.look() == 1
    assert await outside.look_ahead.look() == 0  # once is enough
    story = await office.publication(post_id)
    assert (story.publication.state, story.publication.error_code) == ("scheduled", "media_wrong_type")
    assert sentences(story)[-1].startswith(
        "Looked at before its time: Instagram can't use what pictures.example gives out for the picture: "
        "text/html."
    )
    # The owner has put it right meanwhile: it goes out, and nothing is left of the warning.
    await outside.gives(image)
    outside.preflight._reachability._seen.clear()
    await office.time_passes(timedelta(minutes=10))
    story = await office.settles(post_id, "published", publishing=outside.steps)
    assert story.publication.error_code is None and len(office.media("Fresh bread")) == 1


async def test_a_planned_post_whose_picture_cannot_be_fetched_at_its_time_fails_with_the_reason(
    office: Office, outside: Outside
) -> None:
    image = await office.image()
    await outside.gives(image)
    post_id = await office.writes("Fresh bread", images=[image])
    moment = clock.now() + timedelta(hours=1)
    await outside.publishing.schedule(user_id=office.user_id, post_id=post_id, scheduled_at=moment)
    outside.site.paths["/robots.txt"] = response(b"User-agent: *\nDisallow: /")
    outside.preflight._reachability._seen.clear()
    story = await office.settles(post_id, "failed", publishing=outside.steps)
    assert story.publication.error_code == "media_blocked_by_robots"
    assert "Allow the user agent facebookexternalhit there." in (story.publication.error_detail or "")
    assert codes(story) == ["scheduled", "media_blocked_by_robots"]


async def test_when_the_platform_cannot_fetch_a_picture_the_reason_is_looked_for_from_here(
    office: Office, outside: Outside
) -> None:
    image = await office.image()
    await outside.gives(image)
    post_id = await office.writes("Fresh bread", images=[image])
    await outside.publishing.publish(user_id=office.user_id, post_id=post_id)
    await outside.gives(image, redirect("https://pictures.example/login"))
    office.practice.control.graph_error(
        "media", 9004, 2207052, method="POST", account_id=office.accounts.instagram.id, count=None
    )
    story = await office.settles(post_id, "failed", publishing=outside.steps)
    assert story.publication.error_code == "media_redirected"
    assert "Looked from here: Instagram can't fetch the picture" in (story.publication.error_detail or "")


async def test_addresses_made_at_publish_time_live_for_a_day_and_shorter_ones_are_refused(
    office: Office, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = await office.image()
    verdict = await outside._verdict(office.instagram, image)
    (rendition,) = verdict.files
    for moment in ("2026-11-25T00:00:00+00:00", "2026-11-25T23:59:59.9+00:00"):
        now = datetime.fromisoformat(moment)
        monkeypatch.setattr(clock, "now", lambda now=now: now)
        url = outside._urls.url(
            image_id=image.id,
            name=rendition.recipe,
            provider=rendition.storage_provider,
            key=rendition.storage_key,
        )
        ends_at = expiry(url)
        assert ends_at is not None and ends_at - now >= timedelta(hours=24)
    monkeypatch.setattr(
        outside._urls, "url", lambda **_: f"https://pictures.example/a.jpg?e={now.timestamp():.0f}"
    )
    (problem,) = await outside.preflight._reachability.problems(office.instagram, verdict.files)
    assert (problem.code, problem.is_blocking) == ("media_expires_too_soon", True)


async def test_a_picture_that_was_here_before_is_said_and_not_refused(
    office: Office, outside: Outside
) -> None:
    image = await office.image(file=jpeg(photo(), quality=90))
    other = await office.image(file=jpeg(photo(), quality=60))
    for shown in (image, other):
        await outside.gives(shown)
    assert await outside.problems(office.instagram, image) == []
    await office.settles(await office.sends("Twelve days ago", images=[image]), "published")
    await office.time_passes(timedelta(days=12))
    (problem,) = await outside.problems(office.instagram, image)
    assert (problem.code, problem.is_blocking, problem.image_id) == ("posted_before", False, image.id)
    assert problem.message == f"You posted this picture on Instagram as {office.instagram.name} 12 days ago."
    (near,) = await outside.problems(office.instagram, other)
    like = "a picture that looks like this one"
    assert near.message == f"You posted {like} on Instagram as {office.instagram.name} 12 days ago."
    assert "posted_before" not in [found.code for found in await outside.problems(office.page, image)]
