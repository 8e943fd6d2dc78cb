"""What a platform's fetcher would meet at the address of a picture. The servers are real ones on loopback."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from app.core.probe import Probe, Trouble, probe
from app.services.publishing.reachability import expiry
from tests.internet import PUBLIC, Certificates, Internet, Server, redirect, response

PICTURE = os.urandom(30_000)
URL = "https://pictures.example/media/1/a.jpg?e=1&s=x"
PATH = "/media/1/a.jpg?e=1&s=x"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def internet(certificates: Certificates) -> Internet:
    return Internet(certificates.believed())


@pytest.fixture
async def site(internet: Internet, certificates: Certificates) -> AsyncIterator[Server]:
    """`https://pictures.example`, and `https://other.example` with a certificate that is not its own."""
    server = Server()
    server.paths[PATH] = response(PICTURE)
    listener = await server.start(certificates.server("pictures.example"))
    internet.names |= {"pictures.example": [[PUBLIC]], "other.example": [[PUBLIC]]}
    internet.routes |= {PUBLIC: server.port}
    yield server
    listener.close()


async def look(
    internet: Internet, url: str = URL, *, deadline: float = 5.0, size: int = len(PICTURE)
) -> Probe:
    return await probe(url, mime_type="image/jpeg", size=size, deadline=deadline, network=internet)


async def test_a_picture_that_can_be_fetched_is_asked_for_as_the_platform_does_it(
    site: Server, internet: Internet
) -> None:
    assert await look(internet) == Probe()
    robots, picture = (request.decode() for request in site.requests)
    assert robots.startswith("GET /robots.txt HTTP/1.1\r\n")
    assert picture.startswith(f"GET {PATH} HTTP/1.1\r\n")
    assert "User-Agent: facebookexternalhit/1.1" in picture
    assert "Range" not in picture


def _text(body: str, kind: str = "text/plain") -> bytes:
    return response(body.encode()).replace(b"image/jpeg", kind.encode())


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (redirect("https://pictures.example/b.jpg"), Trouble.REDIRECTED),
        (redirect("/login", "307 Temporary Redirect"), Trouble.REDIRECTED),
        (response(b"", "404 Not Found"), Trouble.NOT_FOUND),
        (response(b"", "410 Gone"), Trouble.NOT_FOUND),
        (response(b"", "403 Forbidden"), Trouble.SLOW_OR_UNREACHABLE),
        (response(PICTURE, "503 Service Unavailable"), Trouble.SLOW_OR_UNREACHABLE),
        (_text("<h1>Are you human?</h1>", "text/html; charset=utf-8"), Trouble.WRONG_TYPE),
        (response(PICTURE).replace(b"image/jpeg", b"application/octet-stream"), Trouble.WRONG_TYPE),
        (response(PICTURE[:-1]), Trouble.WRONG_TYPE),
        (response(PICTURE + b"more"), Trouble.TOO_LONG),
        (response(PICTURE)[:-5], Trouble.SLOW_OR_UNREACHABLE),
        (b"SSH-2.0-OpenSSH_9.9\r\n", Trouble.SLOW_OR_UNREACHABLE),
    ],
)
async def test_each_answer_that_a_platform_could_not_use_has_its_kind(
    site: Server, internet: Internet, answer: bytes, trouble: Trouble
) -> None:
    site.paths[PATH] = answer
    assert (await look(internet)).trouble is trouble


@pytest.mark.parametrize(
    ("rules", "is_blocked"),
    [
        ("User-agent: *\nDisallow: /", True),
        ("User-agent: facebookexternalhit\nDisallow: /media", True),
        ("User-agent: *\nDisallow: /\nAllow: /media/", False),
        ("User-agent: facebookexternalhit\nAllow: /\n\nUser-agent: *\nDisallow: /", False),
        ("User-agent: Googlebot\nDisallow: /", False),
        ("\x00\xff not rules at all", False),
    ],
)
async def test_robots_rules_are_read_as_the_fetcher_reads_them(
    site: Server, internet: Internet, rules: str, is_blocked: bool
) -> None:
    site.paths["/robots.txt"] = _text(rules)
    assert (await look(internet)).trouble is (Trouble.BLOCKED_BY_ROBOTS if is_blocked else None)


@pytest.mark.parametrize(
    ("url", "trouble"),
    [
        ("http://localhost:8000/media/1/a.jpg", Trouble.LOCAL_ADDRESS),
        ("https://127.0.0.1/a.jpg", Trouble.LOCAL_ADDRESS),
        ("https://[::1]/a.jpg", Trouble.LOCAL_ADDRESS),
        ("https://192.168.0.7/a.jpg", Trouble.LOCAL_ADDRESS),
        ("https://nas.local/a.jpg", Trouble.LOCAL_ADDRESS),
        ("https://web/a.jpg", Trouble.LOCAL_ADDRESS),
        ("https://inside.example/a.jpg", Trouble.LOCAL_ADDRESS),
        ("http://pictures.example/a.jpg", Trouble.TLS_FAILED),
        (URL.replace("pictures", "other"), Trouble.TLS_FAILED),
        ("https://unknown.example/a.jpg", Trouble.SLOW_OR_UNREACHABLE),
        ("https://closed.example/a.jpg", Trouble.SLOW_OR_UNREACHABLE),
    ],
)
async def test_an_address_that_no_platform_reaches_has_its_kind(
    site: Server, internet: Internet, url: str, trouble: Trouble
) -> None:
    internet.names |= {"inside.example": [[PUBLIC, "10.0.0.5"]], "closed.example": [["93.184.215.99"]]}
    assert (await look(internet, url)).trouble is trouble
    assert site.requests == []


async def test_a_server_that_takes_too_long_is_given_up(site: Server, internet: Internet) -> None:
    gone = asyncio.Event()

    async def silent(_: bytes, writer: asyncio.StreamWriter) -> None:
        await gone.wait()

    site.paths[PATH] = silent
    assert (await look(internet, deadline=0.2)).trouble is Trouble.SLOW_OR_UNREACHABLE
    gone.set()


async def test_a_platform_of_our_own_network_may_fetch_inside(internet: Internet) -> None:
    server = Server()
    server.paths["/a.jpg"] = response(PICTURE)
    listener = await server.start(None)
    internet.routes["127.0.0.1"] = server.port
    found = await probe(
        f"http://127.0.0.1:{server.port}/a.jpg",
        mime_type="image/jpeg",
        size=len(PICTURE),
        is_local_allowed=True,
        network=internet,
    )
    assert found == Probe()
    listener.close()


def test_signed_addresses_say_when_they_end() -> None:
    noon = datetime(2026, 11, 25, 12, tzinfo=UTC)
    seconds = int(noon.timestamp())
    for query in (
        f"e={seconds}&s=x",
        f"Expires={seconds}&Signature=x",
        "X-Amz-Date=20261125T110000Z&X-Amz-Expires=3600",
    ):
        assert expiry(f"https://pictures.example/a.jpg?{query}") == noon
    for query in ("", "e=soon", "X-Amz-Expires=60", "e=99999999999999999999"):
        assert expiry(f"https://pictures.example/a.jpg?{query}") is None
