"""What a URL from a stranger can and cannot make the product do. The servers are real ones on loopback."""

from __future__ import annotations

import asyncio
import gc
import gzip
import ipaddress
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpcore
import pytest

from app.core.errors import AppError, RuleBroken, TooLarge
from app.core.fetch import Fetched, fetch_to_file, is_public
from app.core.network import Network
from tests.internet import (
    PUBLIC,
    PUBLIC_V6,
    Answer,
    Certificates,
    Internet,
    Server,
    redirect,
    response,
)

PICTURE = os.urandom(300_000)

# --- the internet of these tests


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def internet(certificates: Certificates) -> Internet:
    return Internet(certificates.believed())


@pytest.fixture
async def site(internet: Internet, certificates: Certificates) -> AsyncIterator[Server]:
    """`https://pictures.example` and `https://more.example`, at one public address."""
    server = Server()
    server.paths["/a.jpg"] = response(PICTURE)
    listener = await server.start(certificates.server("pictures.example", "more.example"))
    internet.names |= {"pictures.example": [[PUBLIC]], "more.example": [[PUBLIC]]}
    internet.routes |= {PUBLIC: server.port}
    yield server
    listener.close()


@pytest.fixture
async def inside() -> AsyncIterator[Server]:
    """A plain server of ours that no stranger's URL may reach."""
    server = Server()
    server.paths["/a.jpg"] = response(PICTURE)
    listener = await server.start(None)
    yield server
    listener.close()
    # Whatever the test was about: only those that may have come here.
    assert all(b"Host: 127.0.0.1:" in request for request in server.requests)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "fetched"


async def refusal(url: str, target: Path, internet: Internet, *, max_bytes: int = 1_000_000) -> AppError:
    """How the URL is refused. Nothing is left behind, and nothing is told of what was reached."""
    with pytest.raises(AppError) as caught:
        await fetch_to_file(url, target, max_bytes=max_bytes, network=internet)
    assert not target.exists()
    for told in (url, *internet.asked, *internet.connected, "127.0.0.1"):
        assert len(told) <= len("https://") or told not in str(caught.value)
    return caught.value


async def assert_not_allowed(url: str, target: Path, internet: Internet) -> None:
    error = await refusal(url, target, internet)
    assert isinstance(error, RuleBroken)
    assert error.code == "image_url_not_allowed"


async def assert_unreachable(url: str, target: Path, internet: Internet) -> None:
    error = await refusal(url, target, internet)
    assert isinstance(error, RuleBroken)
    assert error.code == "image_url_unreachable"


# --- what works


async def test_a_picture_of_a_public_server_arrives_byte_for_byte(
    site: Server, internet: Internet, target: Path
) -> None:
    fetched = await fetch_to_file(
        "https://pictures.example/a.jpg", target, max_bytes=len(PICTURE), network=internet
    )
    assert fetched == Fetched(len(PICTURE))
    assert target.read_bytes() == PICTURE


async def test_the_server_learns_nothing_but_what_is_wanted(
    site: Server, internet: Internet, target: Path
) -> None:
    site.paths["/my%20picture.jpg?size=1&b=%2F"] = response(PICTURE)
    url = "https://Pictures.Example.:443/my picture.jpg?size=1&b=%2F#part"
    await fetch_to_file(url, target, max_bytes=1_000_000, network=internet)
    head = site.requests[0].decode().split("\r\n")
    assert head[0] == "GET /my%20picture.jpg?size=1&b=%2F HTTP/1.1"
    assert {line.partition(":")[0] for line in head[1:] if line} == {
        "Host",
        "User-Agent",
        "Accept",
        "Accept-Encoding",
        "Connection",
    }
    assert "Host: pictures.example" in head
    assert "Accept-Encoding: identity" in head


async def test_a_name_with_letters_of_any_language_is_found(
    internet: Internet, certificates: Certificates, target: Path
) -> None:
    server = Server()
    server.paths["/a.jpg"] = response(PICTURE)
    listener = await server.start(certificates.server("xn--bcher-kva.example"))
    internet.names["xn--bcher-kva.example"] = [[PUBLIC]]
    internet.routes[PUBLIC] = server.port
    await fetch_to_file("https://bücher.example/a.jpg", target, max_bytes=1_000_000, network=internet)
    assert target.read_bytes() == PICTURE
    listener.close()


async def test_the_next_address_is_tried_when_one_does_not_answer(
    site: Server, internet: Internet, target: Path
) -> None:
    internet.names["pictures.example"] = [[PUBLIC_V6, PUBLIC]]
    await fetch_to_file("https://pictures.example/a.jpg", target, max_bytes=1_000_000, network=internet)
    assert internet.connected == [PUBLIC_V6, PUBLIC]


async def test_proxies_of_the_environment_are_not_used(
    site: Server, internet: Internet, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    await fetch_to_file("https://pictures.example/a.jpg", target, max_bytes=1_000_000, network=internet)
    assert target.read_bytes() == PICTURE


async def test_names_of_this_machine_are_found_by_the_system() -> None:
    addresses = await Network().resolve("localhost", 443)
    assert addresses
    assert all(ipaddress.ip_address(address).is_loopback for address in addresses)


# --- which URLs


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.jpg",
        "//pictures.example/a.jpg",
        "pictures.example/a.jpg",
        "http://pictures.example/a.jpg",
        "ftp://pictures.example/a.jpg",
        "file:///etc/passwd",
        "gopher://pictures.example:443/",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "unix:///var/run/docker.sock",
        "https:",
        "https://",
        "https:///a.jpg",
        "https:pictures.example/a.jpg",
        "https:/pictures.example/a.jpg",
        " https://pictures.example/a.jpg",
        "https ://pictures.example/a.jpg",
        "https://pictures.example:80/a.jpg",
        "https://pictures.example:0/a.jpg",
        "https://pictures.example:8443/a.jpg",
        "https://pictures.example:65979/a.jpg",
        "https://pictures.example:-443/a.jpg",
        "https://pictures.example:https/a.jpg",
        "https://user@pictures.example/a.jpg",
        "https://user:secret@pictures.example/a.jpg",
        "https://pictures.example@127.0.0.1/a.jpg",
        "https://pictures.example:443@127.0.0.1/a.jpg",
        "https://pictures.example%40127.0.0.1/a.jpg",
        "https://127.0.0.1\\@pictures.example/a.jpg",
        "https://pictures.example\\a.jpg",
        "https://pictures.example\t/a.jpg",
        "https://pictures.example/a.jpg\r\nHost: 127.0.0.1",
        "https://pictures.example/\x00a.jpg",
        "https://pictures.example /a.jpg",
        "https://pic%74ures.example/a.jpg",
        "https://pictures..example/a.jpg",
        "https://.pictures.example/a.jpg",
        "https://pictures.example../a.jpg",
        "https://pictures*.example/a.jpg",
        "https://pictures.example,127.0.0.1/a.jpg",
        "https://" + "a" * 64 + ".example/a.jpg",
        "https://" + "a." * 130 + "example/a.jpg",
        "https://pictures.example/" + "a" * 4096,
        "https://[::1/a.jpg",
        "https://[pictures.example]/a.jpg",
        "https://xn--/a.jpg",
    ],
)
async def test_a_url_that_is_not_plain_https_is_refused_before_anything_is_asked(
    url: str, site: Server, internet: Internet, target: Path
) -> None:
    await assert_not_allowed(url, target, internet)
    assert internet.asked == []
    assert site.requests == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "127.0.1",
        "127.255.255.254",
        "2130706433",
        "0x7f000001",
        "0X7F000001",
        "0x7f.0.0.1",
        "0x7f.0x0.0x0.0x1",
        "0177.0.0.1",
        "017700000001",
        "0177.0.0.0x1",
        "127.0.0.01",
        "127.0.0.1.0",
        "127.0.0.256",
        "00000127.0.0.1",
        "1.2.3.4.5",
        "example.0x",
        "127。0。0。1",
        "127．0．0．1",
        "127｡0｡0｡1",
        "１２７.0.0.1",
        "①②⑦.⓪.⓪.①",
        "%31%32%37.0.0.1",
        "0",
        "0.0.0.0",  # noqa: S104 - an address to refuse, not to bind
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "169.254.169.254",
        "2852039166",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[0000:0000:0000:0000:0000:0000:0000:0001]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::ffff:a9fe:a9fe]",
        "[::ffff:0:127.0.0.1]",
        "[::127.0.0.1]",
        "[::7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b::a9fe:a9fe]",
        "[64:ff9b:1::a00:1]",
        "[2002:7f00:1::]",
        "[2002:a9fe:a9fe::1]",
        "[2001:0:7f00:1::]",
        "[2001::f5ff:fffe]",
        "[2001:db8::1]",
        "[2606:4700::5efe:127.0.0.1]",
        "[2606:4700::200:5efe:10.0.0.1]",
        "[3fff::1]",
        "[5f00::1]",
        "[100::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[fd20:ce::254]",
        "[fe80::1]",
        "[fe80::1%25eth0]",
        "[fe80::1%eth0]",
        "[2606:4700::1%25eth0]",
        "[fec0::1]",
        "[ff02::1]",
        "[::1%25lo]",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "ｌｏｃａｌｈｏｓｔ",
        "intranet",
        "metadata",
    ],
)
async def test_no_way_of_writing_a_private_address_gets_through(
    host: str, internet: Internet, target: Path
) -> None:
    # If it did, there is somebody who would answer for it.
    internet.names |= {name: [[PUBLIC]] for name in ("localhost", "intranet", "metadata")}
    await assert_not_allowed(f"https://{host}/a.jpg", target, internet)
    assert internet.asked == []
    assert internet.connected == []


# --- which addresses


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.1.2.3"],
        ["169.254.169.254"],
        ["168.63.129.16"],
        ["100.100.100.200"],
        ["224.0.0.1"],
        ["::1"],
        ["::ffff:10.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["2002:7f00:1::"],
        ["fe80::1%eth0"],
        ["fd00:ec2::254"],
        [PUBLIC, "127.0.0.1"],
        ["127.0.0.1", PUBLIC],
        [PUBLIC, PUBLIC, PUBLIC, PUBLIC, PUBLIC, "10.0.0.1"],
        ["not an address"],
        [],
    ],
)
async def test_a_name_is_refused_when_any_of_its_addresses_is_not_public(
    addresses: list[str], site: Server, internet: Internet, target: Path
) -> None:
    internet.names["pictures.example"] = [addresses]
    await assert_not_allowed("https://pictures.example/a.jpg", target, internet)
    assert internet.connected == []


async def test_a_name_that_leads_inside_and_one_that_does_not_exist_are_refused_alike(
    internet: Internet, target: Path
) -> None:
    internet.names["database.internal"] = [["10.0.0.5"]]
    there = await refusal("https://database.internal/", target, internet)
    not_there = await refusal("https://nothing.internal/", target, internet)
    assert str(there) == str(not_there)


async def test_a_name_that_changes_its_mind_is_asked_once_and_connected_where_it_was_judged(
    site: Server, internet: Internet, target: Path
) -> None:
    internet.names["pictures.example"] = [[PUBLIC], ["127.0.0.1"]]
    await fetch_to_file("https://pictures.example/a.jpg", target, max_bytes=1_000_000, network=internet)
    assert internet.asked == ["pictures.example"]
    assert internet.connected == [PUBLIC]


async def test_a_name_that_has_become_private_is_refused_on_the_next_hop(
    site: Server, internet: Internet, target: Path
) -> None:
    internet.names["pictures.example"] = [[PUBLIC], ["127.0.0.1"]]
    site.paths["/again"] = redirect("/a.jpg")
    await assert_not_allowed("https://pictures.example/again", target, internet)
    assert internet.connected == [PUBLIC]


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "100.128.0.1"])
def test_addresses_of_the_open_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", ["", "localhost", "127.1", "fe80::1%eth0", "::ffff:8.8.8.8", "4000::1"])
def test_what_is_not_surely_public_is_not(address: str) -> None:
    assert not is_public(address)


# --- redirects


async def test_three_redirects_are_followed_and_each_is_judged_anew(
    site: Server, internet: Internet, target: Path
) -> None:
    site.paths |= {
        "/1": redirect("2", "301 Moved Permanently"),
        "/2": redirect("//more.example/3", "307 Temporary Redirect"),
        "/3": redirect("https://pictures.example:443/a.jpg#part", "308 Permanent Redirect"),
    }
    await fetch_to_file("https://pictures.example/1", target, max_bytes=1_000_000, network=internet)
    assert target.read_bytes() == PICTURE
    assert internet.asked == ["pictures.example", "pictures.example", "more.example", "pictures.example"]


async def test_a_fourth_redirect_is_not_followed(site: Server, internet: Internet, target: Path) -> None:
    site.paths |= {f"/{number}": redirect(f"/{number + 1}") for number in range(1, 4)}
    site.paths["/4"] = redirect("/a.jpg")
    await assert_unreachable("https://pictures.example/1", target, internet)
    assert len(site.requests) == 4


@pytest.mark.parametrize(
    "location",
    [
        "http://pictures.example/a.jpg",
        "https://127.0.0.1/a.jpg",
        "https://[::1]/a.jpg",
        "https://169.254.169.254/latest/meta-data/",
        "https://localhost/a.jpg",
        "https://inside.example/a.jpg",
        "https://pictures.example:8443/a.jpg",
        "https://user:secret@pictures.example/a.jpg",
        "//127.0.0.1/a.jpg",
        "\\\\127.0.0.1\\a.jpg",
        "https:\\\\127.0.0.1\\a.jpg",
        "file:///etc/passwd",
        "ftp://pictures.example/a.jpg",
        "https://[::1/a.jpg",
        "https://pictures.example:port/a.jpg",
        "https://\xff.example/",
    ],
)
async def test_a_redirect_to_a_forbidden_place_is_not_followed(
    location: str, site: Server, internet: Internet, target: Path
) -> None:
    internet.names["inside.example"] = [["10.0.0.1"]]
    site.paths["/1"] = b"HTTP/1.1 302 Found\r\nLocation: " + location.encode("latin-1") + b"\r\n\r\n"
    error = await refusal("https://pictures.example/1", target, internet)
    assert error.code in ("image_url_not_allowed", "image_url_unreachable")
    assert internet.connected == [PUBLIC] * len(site.requests)
    assert all(b"Host: pictures.example\r\n" in request for request in site.requests)


async def test_a_redirect_to_our_own_network_is_refused_by_name(
    site: Server, inside: Server, internet: Internet, target: Path
) -> None:
    site.paths["/1"] = redirect(f"http://127.0.0.1:{inside.port}/a.jpg")
    await assert_not_allowed("https://pictures.example/1", target, internet)
    assert inside.requests == []


async def test_a_redirect_without_a_place_is_unreachable(
    site: Server, internet: Internet, target: Path
) -> None:
    site.paths["/1"] = response(b"", "302 Found")
    await assert_unreachable("https://pictures.example/1", target, internet)


# --- who answers


async def test_a_server_must_prove_the_name_that_was_asked_for(
    site: Server, internet: Internet, target: Path
) -> None:
    internet.names["other.example"] = [[PUBLIC]]
    await assert_unreachable("https://other.example/a.jpg", target, internet)
    assert site.requests == []


async def test_a_server_at_a_bare_address_must_prove_it_too(
    site: Server, internet: Internet, target: Path
) -> None:
    await assert_unreachable(f"https://{PUBLIC}/a.jpg", target, internet)
    assert site.requests == []


async def test_an_authority_that_nobody_knows_proves_nothing(
    site: Server, internet: Internet, target: Path, tmp_path: Path
) -> None:
    internet._certificates = Certificates(tmp_path).believed()
    await assert_unreachable("https://pictures.example/a.jpg", target, internet)
    assert site.requests == []


async def test_a_name_that_only_looks_like_punycode_is_refused_in_order(
    site: Server, internet: Internet, target: Path
) -> None:
    internet.names |= {"xn--a.example": [[PUBLIC]], "xn--\u0061-.example": [[PUBLIC]]}
    for name in ("xn--a", "xn--a-"):
        error = await refusal(f"https://{name}.example/a.jpg", target, internet)
        assert error.code in ("image_url_not_allowed", "image_url_unreachable")


async def test_a_server_that_speaks_something_else_is_unreachable(internet: Internet, target: Path) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        writer.close()

    listener = await asyncio.start_server(greet, "127.0.0.1", 0)
    internet.routes[PUBLIC] = listener.sockets[0].getsockname()[1]
    internet.names["pictures.example"] = [[PUBLIC]]
    await assert_unreachable("https://pictures.example/a.jpg", target, internet)
    listener.close()


async def test_nobody_there_is_unreachable(internet: Internet, target: Path) -> None:
    internet.names["pictures.example"] = [[PUBLIC]]
    await assert_unreachable("https://pictures.example/a.jpg", target, internet)


# --- what is answered


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\x01\x02\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n0123456789",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n0123456789",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n01",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 500_000 + b"\r\n\r\n",
        response(b""),
        response(b"gone", "404 Not Found"),
        response(b"part", "206 Partial Content"),
        response(b"", "204 No Content"),
        response(b"", "304 Not Modified"),
        response(b"oops", "500 Internal Server Error"),
        response(b"sign in", "401 Unauthorized", "WWW-Authenticate: Basic"),
    ],
    ids=range(17),
)
async def test_anything_but_one_whole_answer_is_unreachable_and_leaves_no_file(
    answer: bytes, site: Server, internet: Internet, target: Path
) -> None:
    site.paths["/a.jpg"] = answer
    await assert_unreachable("https://pictures.example/a.jpg", target, internet)


async def test_a_compressed_answer_is_not_unpacked(site: Server, internet: Internet, target: Path) -> None:
    bomb = gzip.compress(bytes(20_000_000))
    site.paths["/a.jpg"] = response(bomb, "200 OK", "Content-Encoding: gzip")
    fetched = await fetch_to_file(
        "https://pictures.example/a.jpg", target, max_bytes=100_000, network=internet
    )
    assert fetched.size == len(bomb)
    assert target.read_bytes() == bomb


# --- how much and how long


async def test_a_picture_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(
    site: Server, internet: Internet, target: Path
) -> None:
    url = "https://pictures.example/a.jpg"
    await fetch_to_file(url, target, max_bytes=len(PICTURE), network=internet)
    target.unlink()
    error = await refusal(url, target, internet, max_bytes=len(PICTURE) - 1)
    assert isinstance(error, TooLarge)
    assert error.code == "file_too_large"
    assert error.facts == {"limit": len(PICTURE) - 1}


async def test_an_announced_size_beyond_the_limit_is_refused_before_the_body(
    site: Server, internet: Internet, target: Path
) -> None:
    async def never_send(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n")
        await writer.drain()
        await forever(writer)

    site.paths["/a.jpg"] = never_send
    error = await refusal("https://pictures.example/a.jpg", target, internet)
    assert error.code == "file_too_large"


@pytest.mark.parametrize("is_chunked", [True, False])
async def test_a_body_without_end_is_cut_at_the_limit(
    is_chunked: bool, site: Server, internet: Internet, target: Path
) -> None:
    async def endless(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n" + b"Transfer-Encoding: chunked\r\n" * is_chunked + b"\r\n")
        while not writer.is_closing():
            writer.write((b"10000\r\n" + bytes(65536) + b"\r\n") if is_chunked else bytes(65536))
            await writer.drain()

    site.paths["/a.jpg"] = endless
    error = await refusal("https://pictures.example/a.jpg", target, internet)
    assert error.code == "file_too_large"


@pytest.mark.parametrize("interim", [102, 103])
async def test_interim_answers_without_end_are_left_before_the_deadline(
    interim: int, site: Server, internet: Internet, target: Path
) -> None:
    """They would be read in one go for as long as they come, and nothing else would run."""
    sent = 0

    async def endless(head: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        while not writer.is_closing():
            writer.write(f"HTTP/1.1 {interim} Wait\r\n\r\n".encode() * 1000)
            await writer.drain()
            sent += 1

    site.paths["/a.jpg"] = endless
    with pytest.raises(RuleBroken) as caught:
        await fetch_to_file(
            "https://pictures.example/a.jpg", target, max_bytes=1_000_000, deadline=60, network=internet
        )
    assert caught.value.code == "image_url_unreachable"
    assert isinstance(caught.value.__cause__, httpcore.RemoteProtocolError)
    assert sent > 0


async def test_a_few_interim_answers_before_the_picture_are_in_order(
    site: Server, internet: Internet, target: Path
) -> None:
    site.paths["/a.jpg"] = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 20 + response(PICTURE)
    await fetch_to_file("https://pictures.example/a.jpg", target, max_bytes=1_000_000, network=internet)
    assert target.read_bytes() == PICTURE


async def drip(head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    await forever(writer, b".")


async def drip_headers(head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX: ")
    await forever(writer, b".")


async def early_hints(head: bytes, writer: asyncio.StreamWriter) -> None:
    await forever(writer, b"HTTP/1.1 103 Early Hints\r\n\r\n")


async def silence(head: bytes, writer: asyncio.StreamWriter) -> None:
    await forever(writer)


async def forever(writer: asyncio.StreamWriter, piece: bytes = b"") -> None:
    """Send a little now and then until the other side is gone."""
    while not writer.is_closing():
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("answer", [drip, drip_headers, early_hints, silence])
async def test_a_server_that_takes_for_ever_is_left_at_the_deadline(
    answer: Answer, site: Server, internet: Internet, target: Path
) -> None:
    site.paths["/a.jpg"] = answer
    with pytest.raises(RuleBroken) as caught:
        await fetch_to_file(
            "https://pictures.example/a.jpg", target, max_bytes=1_000_000, deadline=0.3, network=internet
        )
    assert caught.value.code == "image_url_unreachable"
    assert not target.exists()


async def test_a_handshake_that_never_ends_is_left_at_the_deadline(
    inside: Server, internet: Internet, target: Path
) -> None:
    internet.routes[PUBLIC] = inside.port
    internet.names["pictures.example"] = [[PUBLIC]]
    with pytest.raises(RuleBroken) as caught:
        await fetch_to_file(
            "https://pictures.example/a.jpg", target, max_bytes=1_000_000, deadline=0.3, network=internet
        )
    assert caught.value.code == "image_url_unreachable"
    gc.collect()  # a connection left open would be reported here


async def test_the_deadline_is_one_for_all_redirects_together(
    site: Server, internet: Internet, target: Path
) -> None:
    async def slow_redirect(head: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        writer.write(redirect("/1"))
        await writer.drain()

    site.paths["/1"] = slow_redirect
    with pytest.raises(RuleBroken):
        await fetch_to_file(
            "https://pictures.example/1", target, max_bytes=1_000_000, deadline=0.3, network=internet
        )
    assert len(site.requests) < 4


async def test_a_name_server_that_never_answers_is_left_at_the_deadline(
    certificates: Certificates, target: Path
) -> None:
    class Silent(Internet):
        async def resolve(self, host: str, port: int) -> Sequence[str]:
            await asyncio.Event().wait()
            raise AssertionError("unreachable")

    with pytest.raises(RuleBroken) as caught:
        await fetch_to_file(
            "https://pictures.example/a.jpg",
            target,
            max_bytes=1_000_000,
            deadline=0.05,
            network=Silent(certificates.believed()),
        )
    assert caught.value.code == "image_url_unreachable"


async def test_a_cancelled_fetch_leaves_no_file(site: Server, internet: Internet, target: Path) -> None:
    site.paths["/a.jpg"] = drip
    fetching = asyncio.create_task(
        fetch_to_file("https://pictures.example/a.jpg", target, max_bytes=1_000_000, network=internet)
    )
    while not target.exists() and not fetching.done():
        await asyncio.sleep(0.01)
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    assert not target.exists()


# --- what an operator allows


async def test_an_operator_may_name_a_private_host_and_port(inside: Server, target: Path) -> None:
    allowed = frozenset({f"127.0.0.1:{inside.port}"})
    await fetch_to_file(
        f"http://127.0.0.1:{inside.port}/a.jpg", target, max_bytes=1_000_000, allowed_hosts=allowed
    )
    assert target.read_bytes() == PICTURE


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{other}/a.jpg",
        "http://127.1:{port}/a.jpg",
        "http://localhost:{port}/a.jpg",
        "http://user@127.0.0.1:{port}/a.jpg",
        "ftp://127.0.0.1:{port}/a.jpg",
        "http://127.0.0.1/a.jpg",
    ],
)
async def test_what_an_operator_allows_is_exact(
    url: str, inside: Server, internet: Internet, target: Path
) -> None:
    allowed = frozenset({f"127.0.0.1:{inside.port}"})
    with pytest.raises(RuleBroken) as caught:
        await fetch_to_file(
            url.format(port=inside.port, other=inside.port + 1),
            target,
            max_bytes=1_000_000,
            allowed_hosts=allowed,
            network=internet,
        )
    assert caught.value.code == "image_url_not_allowed"
    assert internet.asked == []


async def test_an_allowed_host_cannot_send_us_to_another_inside(
    inside: Server, internet: Internet, target: Path
) -> None:
    inside.paths["/1"] = redirect("http://127.0.0.1:9/a.jpg")
    internet.routes["127.0.0.1"] = inside.port
    with pytest.raises(RuleBroken) as caught:
        await fetch_to_file(
            f"http://127.0.0.1:{inside.port}/1",
            target,
            max_bytes=1_000_000,
            allowed_hosts=frozenset({f"127.0.0.1:{inside.port}"}),
            network=internet,
        )
    assert caught.value.code == "image_url_not_allowed"
    assert len(inside.requests) == 1


# --- where alone a fetch may go


@pytest.mark.parametrize(
    "url",
    [
        "https://pictures.example/a.jpg",
        "https://other.example/a.jpg",
        "https://example/a.jpg",
        "https://xmore.example/a.jpg",
        "https://more.example.other.example/a.jpg",
        "https://more.example:8443/a.jpg",
        "http://more.example/a.jpg",
        "http://127.0.0.1/a.jpg",
    ],
)
async def test_only_the_hosts_that_are_named_are_asked(
    url: str, site: Server, internet: Internet, target: Path
) -> None:
    with pytest.raises(RuleBroken) as caught:
        await fetch_to_file(
            url,
            target,
            max_bytes=1_000_000,
            only_hosts=frozenset({"more.example", "*.more.example"}),
            network=internet,
        )
    assert caught.value.code == "image_url_not_allowed"
    assert internet.asked == [] and not site.requests


async def test_a_named_host_and_those_below_it_are_asked(
    internet: Internet, certificates: Certificates, target: Path
) -> None:
    server = Server()
    server.paths["/a.jpg"] = response(PICTURE)
    listener = await server.start(certificates.server("more.example", "a.b.more.example"))
    internet.names |= {"more.example": [[PUBLIC]], "a.b.more.example": [[PUBLIC]]}
    internet.routes |= {PUBLIC: server.port}
    only = frozenset({"more.example", "*.more.example"})
    for host in ("more.example", "a.b.more.example", "A.B.More.Example"):
        await fetch_to_file(
            f"https://{host}/a.jpg", target, max_bytes=1_000_000, only_hosts=only, network=internet
        )
        assert target.read_bytes() == PICTURE
    listener.close()


async def test_a_named_host_cannot_send_us_to_another(site: Server, internet: Internet, target: Path) -> None:
    site.paths["/1"] = redirect("https://pictures.example/a.jpg")
    with pytest.raises(RuleBroken) as caught:
        await fetch_to_file(
            "https://more.example/1",
            target,
            max_bytes=1_000_000,
            only_hosts=frozenset({"more.example"}),
            network=internet,
        )
    assert caught.value.code == "image_url_not_allowed"
    assert internet.asked == ["more.example"] and len(site.requests) == 1


async def test_a_named_host_that_leads_inside_is_refused(internet: Internet, target: Path) -> None:
    internet.names["more.example"] = [["127.0.0.1"]]
    with pytest.raises(RuleBroken) as caught:
        await fetch_to_file(
            "https://more.example/a.jpg",
            target,
            max_bytes=1_000_000,
            only_hosts=frozenset({"more.example"}),
            network=internet,
        )
    assert caught.value.code == "image_url_not_allowed" and internet.connected == []
