"""What a hostile client tried once, and must not try with success again."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
import socket
import subprocess
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from app.api import wire
from tests.api.conftest import SignsUp
from tests.api.live import Live
from tests.factories_pictures import jpeg, photo
from tests.servers.nursery import run_forked
from tests.servers.product import product_environment, start_product


def test_the_url_of_a_removed_picture_never_shows_another_one(live: Live, signs_up: SignsUp) -> None:
    mine, theirs = signs_up(live), signs_up(live)
    removed = mine.keeps_picture()
    for _ in range(2):  # to the trash, then for good
        assert mine.client.delete(f"/images/{removed['id']}?permanent=true").status_code in (200, 404)
    later = theirs.keeps_picture()
    assert later["id"] > removed["id"]
    for name in ("storage_url", "thumbnail_url"):
        assert httpx.get(removed[name]).status_code == 404
        # Not even when the number of another picture is put into the address.
        other = removed[name].replace(f"/{removed['id']}/", f"/{later['id']}/")
        assert httpx.get(other).status_code == 404


def test_addresses_made_up_by_strangers_do_not_add_to_the_metrics(embedded: Live) -> None:
    def series() -> int:
        return len(httpx.get(f"{embedded.url}/metrics").text.splitlines())

    httpx.get(f"{embedded.url}/media/1/a.jpg")
    before = series()
    for number in range(30):
        httpx.get(f"{embedded.url}/media/1/a{number}.x{number}z")
    assert series() <= before + 25  # the one label that an ill-formed extension may bring


def test_a_body_of_thousands_of_fields_gets_a_short_refusal(embedded: Live) -> None:
    answer = httpx.post(
        f"{embedded.url}/api/v1/auth/login", json={f"f{number}": 0 for number in range(50_000)}
    )
    assert answer.status_code == 400
    assert len(answer.content) < 1000


def test_lists_in_lists_in_lists_are_refused(embedded: Live) -> None:
    for depth in (50, 600, 100_000):
        body = '{"email":' + "[" * depth + "]" * depth + "}"
        answer = httpx.post(
            f"{embedded.url}/api/v1/auth/register",
            content=body,
            headers={"Content-Type": "application/json"},
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


def test_a_page_whose_name_no_file_can_have_is_not_found(embedded: Live) -> None:
    for name in ("a" * 300 + ".js", "é" * 200 + ".js"):
        assert httpx.get(f"{embedded.url}/{name}").status_code == 404


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_cursor_beyond_the_calendar_is_refused(live: Live, signs_up: SignsUp, moment: str) -> None:
    person = signs_up(live)
    cursor = base64.urlsafe_b64encode(json.dumps(["created_at_desc", moment, 1]).encode()).decode()
    answer = person.client.get("/images/list", params={"business_id": person.business_id, "cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize("name", ["localtime", "Factory"])
def test_a_time_zone_that_is_no_place_is_refused(embedded: Live, signs_up: SignsUp, name: str) -> None:
    person = signs_up(embedded)
    answer = person.client.patch(f"/businesses/{person.business_id}", json={"timezone": name})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_timezone")


def _serve(data_dir: Path) -> subprocess.CompletedProcess[str]:
    environment = product_environment(data_dir, {"PORT": "0"})
    return run_forked(["serve"], env=environment, cwd=data_dir.parent)


def test_a_damaged_secret_stops_the_start_with_a_sentence(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    (data_dir / "secret.key").touch()
    refused = _serve(data_dir)
    assert refused.returncode == 1
    assert "secret.key is damaged" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_second_server_on_the_same_data_says_so(tmp_path: Path) -> None:
    product = start_product(tmp_path / "data")
    try:
        refused = _serve(tmp_path / "data")
        assert refused.returncode == 1
        assert "already running" in refused.stderr
        assert "Traceback" not in refused.stderr
    finally:
        product.process.stop()


def test_nobody_else_on_the_machine_reads_what_the_server_keeps(live: Live, signs_up: SignsUp) -> None:
    signs_up(live).keeps_picture(jpeg(photo(640, 480)))
    kept = [path for path in live.product.data_dir.rglob("*") if not path.is_symlink()]
    assert any(path.suffix == ".jpg" for path in kept)
    assert any(path.suffix == ".db" for path in kept)
    open_to_others = [path for path in kept if path.stat().st_mode & 0o077]
    assert not open_to_others


MIB = 1024 * 1024
HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
BODY = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"


def sent_until_cut_off(live: Live, start: bytes, endless: bytes) -> tuple[int, bytes]:
    """How many of 16 MiB a server took of something that does not end, and what it said."""
    sent, said = 0, b""
    with socket.create_connection(("127.0.0.1", live.product.port), timeout=60) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(start)
            while sent < 16 * MIB:
                connection.sendall(endless)
                sent += len(endless)
        with contextlib.suppress(ConnectionError):
            said = connection.recv(64 * 1024)
    return sent, said


@pytest.mark.parametrize(
    ("start", "endless"),
    [
        (b"GET /healthz?", b"a" * 8192),
        (HEAD, b"X: aaaaaaaaaa\r\n" * 512),
        (HEAD + b"X: ", b"a" * 8192),
        (BODY + b"0\r\n", b"X: aaaaaaaaaa\r\n" * 512),
        (BODY + b"0\r\nX: ", b"a" * 8192),
        (BODY + b"2;", b"a" * 8192),
        (b"", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200),
    ],
    ids=[
        *("address", "headers", "one header", "trailers", "one trailer", "a chunk's extension"),
        "requests that nobody waits for",
    ],
)
def test_what_is_not_a_body_and_does_not_end_is_cut_off(embedded: Live, start: bytes, endless: bytes) -> None:
    sent, _ = sent_until_cut_off(embedded, start, endless)
    assert sent < 16 * MIB


def test_headers_that_are_too_large_are_told_so_and_large_ones_are_taken(embedded: Live) -> None:
    for rest, status in ((b"a" * 48 * 1024 + b"\r\n\r\n", b"200"), (b"a" * 65 * 1024, b"431")):
        with socket.create_connection(("127.0.0.1", embedded.product.port), timeout=60) as connection:
            connection.sendall(HEAD + b"X: " + rest)
            answer = connection.recv(64 * 1024)
        assert answer.startswith(b"HTTP/1.1 " + status), answer
    assert b'"code":"headers_too_large"' in answer


def test_some_requests_may_be_sent_before_the_first_is_answered(embedded: Live) -> None:
    ask = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
    with socket.create_connection(("127.0.0.1", embedded.product.port), timeout=60) as connection:
        connection.sendall(ask.join([b"", *([b"\r\n"] * 29), b"Connection: close\r\n\r\n"]))
        said = b""
        while piece := connection.recv(64 * 1024):
            said += piece
    assert said.count(b"HTTP/1.1 200") == 30


async def test_whoever_does_not_say_what_they_want_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "HEAD_SECONDS", 0.2)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("here")(scope, receive, send)

    config = uvicorn.Config(app, port=0, http=wire.BoundedHttp, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    for begun in (b"", b"GET / HTTP/1.1\r\nHost: loc"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begun)
        assert await asyncio.wait_for(reader.read(), 30) == b""
        writer.close()
    server.should_exit = True
    await serving


def test_a_body_in_many_small_chunks_is_a_body(embedded: Live) -> None:
    answer = httpx.post(
        f"{embedded.url}/api/v1/auth/login",
        headers={"Content-Type": "application/json"},
        content=iter([b'{"email": "nobody@example.com",', *([b" " * 3] * 40_000), b' "password": "none"}']),
    )
    assert answer.json()["code"] == "invalid_credentials"


def test_a_key_counts_for_its_own_request_alone(live: Live, signs_up: SignsUp) -> None:
    """Also where another one follows on the same connection before the first is answered."""
    ada = signs_up(live)
    made = ada.client.post(
        "/api-keys", json={"business_id": ada.business_id, "name": "Till", "role": "editor"}
    ).json()
    other = ada.client.post("/businesses", json={"name": "Second", "timezone": "UTC"}).json()

    def asks(path: str, token: str) -> bytes:
        return (
            f"GET /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
        ).encode()

    with socket.create_connection(("127.0.0.1", live.product.port), timeout=60) as connection:
        connection.sendall(
            asks(f"/images/list?business_id={ada.business_id}", made["secret"])
            + asks(f"/images/list?business_id={other['id']}", ada.token).replace(
                b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"
            )
        )
        said = b""
        while piece := connection.recv(64 * 1024):
            said += piece
    assert re.findall(rb"HTTP/1.1 (\d+)", said) == [b"200", b"200"]
