from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from app.api.deps import UserId, api_router, limit_uploads
from app.core.db import Database
from app.providers.storage.base import StorageError
from app.schemas.base import Done
from tests.api.edge_app import (
    assert_problem,
    edge_app,
    edge_client,
    edge_settings,
    json_log,
    serving,
    sign_up,
    visitor,
)

MIB = 1024 * 1024

router = api_router("edge")


@router.post("/images/upload")
async def upload(request: Request, user_id: UserId) -> Done:
    size = 0
    async for piece in request.stream():
        size += len(piece)
    return Done(message=f"{size} bytes")


@router.post("/texts")
async def take_text(request: Request) -> Done:
    return Done(message=f"{len(await request.body())} bytes")


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    opened = Database(sqlite_url)
    yield opened
    await opened.close()


@pytest.fixture
def app(database: Database, tmp_path: Path) -> FastAPI:
    return edge_app(edge_settings(tmp_path, max_upload_bytes=2 * MIB), database, router)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with edge_client(app) as found:
        yield found


async def pieces(total: int) -> AsyncIterator[bytes]:
    """A body without a declared length."""
    for start in range(0, total, 64 * 1024):
        yield b"x" * min(64 * 1024, total - start)


async def say(url: str, head: str) -> bytes:
    """Send a request's head and nothing more; return the answer."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(head.replace("\n", "\r\n").encode())
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    answer += await asyncio.wait_for(reader.readexactly(length), 30)
    writer.close()
    await writer.wait_closed()
    return answer


async def test_every_answer_has_a_request_id_and_a_sensible_one_is_taken_over(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/healthz", headers={"X-Request-ID": "Trace-1.a_b"})
    assert answer.headers["x-request-id"] == "Trace-1.a_b"
    seen = set()
    for given in ("", "two words", "x" * 65, "a;b", "caf\u00e9"):
        headers: Any = {"X-Request-ID": given.encode("latin-1")}
        answer = await client.get("/nothing", headers=headers)
        seen.add(answer.headers["x-request-id"])
        assert answer.headers["x-request-id"] != given
    assert len(seen) == 5


async def test_every_answer_says_how_it_may_be_used(client: httpx.AsyncClient) -> None:
    for address in ("/healthz", "/nothing", "/api/v1/auth/me"):
        headers = (await client.get(address)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
        policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        assert policy["img-src"] == "'self' data: blob: http://localhost:8000"
        assert "script-src" not in policy
        assert "strict-transport-security" not in headers
    assert (await client.get("/api/v1/auth/me")).headers["cache-control"] == "no-store"


async def test_a_server_reached_by_https_asks_browsers_to_keep_to_it(
    database: Database, tmp_path: Path
) -> None:
    settings = edge_settings(tmp_path, public_base_url="https://growth.example.com")
    async with edge_client(edge_app(settings, database)) as client:
        headers = (await client.get("/healthz")).headers
        assert headers["strict-transport-security"].startswith("max-age=")
        assert "https://growth.example.com" in headers["content-security-policy"]


async def test_a_body_over_the_limit_is_refused_declared_or_not(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/texts", content=b"x" * MIB)
    assert answer.json()["message"] == f"{MIB} bytes"
    answer = await client.post("/api/v1/texts", content=pieces(MIB + 1))
    body = assert_problem(answer, 413, "body_too_large")
    assert body["limit"] == MIB
    answer = await client.post("/api/v1/auth/login", content=pieces(3 * MIB))
    assert_problem(answer, 413, "body_too_large")


async def test_a_declared_length_over_the_limit_is_refused_before_a_byte_is_read(app: FastAPI) -> None:
    async with serving(app) as url:
        for length in (MIB + 1, 10**15, 10**40):
            answer = await say(url, f"POST /api/v1/texts HTTP/1.1\nHost: x\nContent-Length: {length}\n\n")
            if length == 10**40:
                assert answer.startswith((b"HTTP/1.1 413", b"HTTP/1.1 400"))
            else:
                assert answer.startswith(b"HTTP/1.1 413")
                assert b"body_too_large" in answer


async def test_uploads_have_their_own_limit(client: httpx.AsyncClient) -> None:
    ada = await sign_up(client)
    headers = {"Authorization": f"Bearer {ada.token}"}
    answer = await client.post("/api/v1/images/upload", content=b"x" * 2 * MIB, headers=headers)
    assert answer.json()["message"] == f"{2 * MIB} bytes"
    for content in (b"x" * (3 * MIB), pieces(3 * MIB)):
        try:
            answer = await client.post("/api/v1/images/upload", content=content, headers=headers)
        except (httpx.WriteError, httpx.RemoteProtocolError):
            # The refusal came while the body was still under way, and the connection was closed.
            continue
        body = assert_problem(answer, 413, "file_too_large")
        assert body["limit"] == 2 * MIB
        assert "2 MiB" in body["detail"]


async def test_a_stranger_is_refused_before_the_body_is_read(app: FastAPI) -> None:
    async with serving(app) as url:
        for path in ("/api/v1/businesses", "/api/v1/images/upload"):
            for token, code in (
                ("", b"not_signed_in"),
                ("Authorization: Bearer nonsense\n", b"token_invalid"),
            ):
                head = (
                    f"POST {path} HTTP/1.1\nHost: x\nContent-Type: application/json\n{token}"
                    "Content-Length: 1000\nExpect: 100-continue\n\n"
                )
                answer = await say(url, head)
                assert answer.startswith(b"HTTP/1.1 401"), answer
                assert code in answer


async def test_what_a_user_may_do_so_often_is_counted_for_each_user(
    database: Database, tmp_path: Path
) -> None:
    limited = api_router("limited")

    @limited.post("/limited", dependencies=[])
    async def take(request: Request, user_id: UserId) -> Done:
        await limit_uploads(request, user_id)
        return Done(message="taken")

    settings = edge_settings(tmp_path, upload_rate_limit="2/hour")
    async with serving(edge_app(settings, database, limited)) as url, visitor(url) as client:
        ada, eve = await sign_up(client, "Ada"), await sign_up(client, "Eve")
        assert [(await ada.ask("POST", "/limited")).status_code for _ in range(3)] == [200, 200, 429]
        assert (await eve.ask("POST", "/limited")).status_code == 200
        body = assert_problem(await ada.ask("POST", "/limited"), 429, "rate_limited")
        assert body["retry_after"] >= 1
        # Nor do programs take anything from who made their keys, or from each other.
        for number in range(2):
            wish = {"business_id": ada.business_id, "name": f"Script {number}"}
            secret = (await ada.ask("POST", "/api-keys", json=wish)).json()["secret"]
            headers = {"Authorization": f"Bearer {secret}"}
            answers = [await client.post("/api/v1/limited", headers=headers) for _ in range(3)]
            assert [answer.status_code for answer in answers] == [200, 200, 429]


async def test_the_process_says_that_it_is_alive_and_ready(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "database": "ok", "storage": "ok", "queue": "ok"}


async def test_readiness_names_the_parts_that_fail_and_not_why(
    client: httpx.AsyncClient, app: FastAPI, database: Database
) -> None:
    class BrokenStorage:
        async def check(self) -> None:
            raise StorageError("the bucket secret-bucket at 10.0.0.7 is gone")

    app.state.product.storage = BrokenStorage()
    app.state.product.runner.is_alive = False
    answer = await client.get("/readyz")
    body = assert_problem(answer, 503, "not_ready")
    assert body["failing"] == ["storage", "queue"]
    assert "secret-bucket" not in answer.text
    assert answer.headers["retry-after"]
    assert (await client.get("/healthz")).status_code == 200


async def test_metrics_count_requests_by_route_and_name_nobody(client: httpx.AsyncClient) -> None:
    ada = await sign_up(client, business_name="Harbour Coffee")
    await ada.ask("GET", f"/businesses/{ada.business_id}?note=private")
    await ada.ask("GET", "/businesses/987654321")
    await client.get("/api/v1/no-such-thing/ada@example.com")
    await client.request("BREW", "/api/v1/businesses")
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.text.splitlines()
    route = 'method="GET",route="/api/v1/businesses/{business_id}"'
    assert f'aigrowth_http_requests_total{{{route},status="200"}} 1.0' in lines
    assert f'aigrowth_http_requests_total{{{route},status="404"}} 1.0' in lines
    assert 'aigrowth_http_requests_total{method="GET",route="*",status="404"} 1.0' in lines
    assert f"aigrowth_http_request_seconds_count{{{route}}} 2.0" in lines
    for secret in ("Harbour", "ada@", "987654321", "private", ada.token, "BREW"):
        assert secret not in answer.text


async def test_the_access_log_tells_route_and_status_but_no_query(
    client: httpx.AsyncClient,
) -> None:
    with json_log() as log:
        ada = await sign_up(client)
        await client.get(
            f"/api/v1/businesses/{ada.business_id}?access_token=hidden-1",
            headers={"Authorization": f"Bearer {ada.token}", "X-Request-ID": "logged-1"},
        )
    output = log.getvalue()
    lines = [json.loads(line) for line in output.splitlines() if "logged-1" in line]
    assert len(lines) == 1
    line = lines[0]
    assert line["event"] == "request.answered"
    assert line["method"] == "GET"
    assert line["route"] == "/api/v1/businesses/{business_id}"
    assert line["status"] == 200
    assert line["ms"] >= 0
    assert line["request_id"] == "logged-1"
    for secret in ("hidden-1", ada.token, "correct horse"):
        assert secret not in output
