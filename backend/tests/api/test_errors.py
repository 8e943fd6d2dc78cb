from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI, Query
from pydantic import AwareDatetime, Field

from app.api.deps import QueryId, api_router
from app.core import errors
from app.core.db import Database
from app.schemas.base import Body, Done
from tests.api.edge_app import assert_problem, edge_app, edge_client, edge_settings, json_log


class Thing(Body):
    """Something with a field of each kind."""

    name: str = Field(default="", max_length=5)
    names: list[str] = Field(default_factory=list, max_length=2)
    number: int = Field(default=0, ge=0, le=9)
    is_small: bool = False
    at: AwareDatetime | None = None


REFUSALS: dict[str, tuple[errors.AppError, int]] = {
    "malformed": (errors.Malformed("odd", "Say it otherwise."), 400),
    "unauthenticated": (errors.Unauthenticated("odd", "Sign in."), 401),
    "limit": (errors.LimitReached("cap_reached", "The cap is reached.", limit=5), 402),
    "forbidden": (errors.Forbidden("odd", "Ask an owner."), 403),
    "not_found": (errors.NotFound("odd", "It is not there."), 404),
    "conflict": (errors.Conflict("image_in_use", "Posts need it.", posts=[{"id": 1}]), 409),
    "too_large": (errors.TooLarge("file_too_large", "Make it smaller.", limit=10), 413),
    "type": (errors.UnsupportedType("odd", "Send a JPEG."), 415),
    "rule": (errors.RuleBroken("odd", "Choose a picture."), 422),
    "rate": (errors.RateLimited("rate_limited", "Wait.", retry_after=7), 429),
    "trouble": (errors.UpstreamTrouble("odd", "It did not work."), 502),
    "refused": (errors.UpstreamRefused("odd", "It said no."), 502),
    "unavailable": (errors.UpstreamUnavailable("busy", "Try later.", retry_after=30), 503),
    "unavailable_for_how_long": (errors.UpstreamUnavailable("busy", "Try later.", retry_after=None), 503),
    "unknown": (errors.OutcomeUnknown("outcome_unknown", "Look first.", generation_id=4), 504),
}

router = api_router("errors")


@router.post("/things")
async def make_thing(body: Thing) -> Done:
    return Done(message=body.name)


@router.get("/things")
async def list_things(
    business_id: QueryId, limit: Annotated[int, Query(ge=1, le=100)] = 20, search: str = ""
) -> Done:
    return Done(message=search)


@router.get("/refusals/{kind}")
async def refuse(kind: str) -> Done:
    raise REFUSALS[kind][0]


@router.get("/accidents")
async def have_accident(password: str) -> Done:
    raise RuntimeError(f"secret detail, access_token={password}")


@pytest.fixture
async def app(sqlite_url: str, tmp_path: Path) -> AsyncIterator[FastAPI]:
    database = Database(sqlite_url)
    yield edge_app(edge_settings(tmp_path), database, router)
    await database.close()


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with edge_client(app) as found:
        yield found


async def test_every_kind_of_refusal_has_its_status_and_carries_its_facts(client: httpx.AsyncClient) -> None:
    for kind, (error, status) in REFUSALS.items():
        answer = await client.get(f"/api/v1/refusals/{kind}")
        body = assert_problem(answer, status, error.code)
        assert body["detail"] == error.detail
        for name, value in error.facts.items():
            assert body.get(name) == value
        assert answer.headers.get("retry-after") == (
            str(error.facts["retry_after"]) if error.facts.get("retry_after") else None
        )
        assert (answer.headers.get("www-authenticate") == "Bearer") == (status == 401)


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"{", "application/json"),
        (b"", "application/json"),
        (b"null", "application/json"),
        (b"[1]", "application/json"),
        (b'"text"', "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"1" * 5000, "application/json"),
        (b'{"name": "a\\u0000b"}', "application/json"),
        (b'{"names": ["a\\u0000b"]}', "application/json"),
        (b'{"name": "x"}', "text/plain"),
        (b"name=x", "application/x-www-form-urlencoded"),
        (b"--x", "multipart/form-data; boundary=x"),
    ],
)
async def test_a_body_that_cannot_be_read_is_malformed(
    client: httpx.AsyncClient, content: bytes, content_type: str
) -> None:
    answer = await client.post("/api/v1/things", content=content, headers={"Content-Type": content_type})
    assert_problem(answer, 400, "malformed_request")


@pytest.mark.parametrize(
    ("body", "field", "code", "message"),
    [
        ('{"name": "longer"}', "name", "too_long", "Use at most 5 characters."),
        ('{"name": 5}', "name", "wrong_type", "This must be text."),
        ('{"name": "\\ud800"}', "name", "wrong_type", "This must be text."),
        ('{"names": ["a", "b", "c"]}', "names", "too_long", "Give at most 2."),
        ('{"names": ["a", 7]}', "names.1", "wrong_type", "This must be text."),
        ('{"names": "a"}', "names", "wrong_type", "This must be a list."),
        ('{"number": -1}', "number", "too_small", "This must be 0 or more."),
        ('{"number": 10}', "number", "too_large", "This must be 9 or less."),
        ('{"number": "many"}', "number", "wrong_type", "This must be a whole number."),
        ('{"number": 1e400}', "number", "wrong_type", "This must be a number."),
        ('{"number": NaN}', "number", "wrong_type", "This must be a number."),
        ('{"is_small": "perhaps"}', "is_small", "wrong_type", "This must be true or false."),
        (
            '{"at": "2026-01-31T09:00:00"}',
            "at",
            "wrong_form",
            "Give the time with its offset, such as 2026-01-31T09:00:00Z.",
        ),
        ('{"at": "soon"}', "at", "wrong_type", "This must be a moment such as 2026-01-31T09:00:00Z."),
        ('{"nane": "x"}', "nane", "unknown_field", "There is no field of this name."),
    ],
)
async def test_a_wrong_field_is_explained_in_plain_words(
    client: httpx.AsyncClient, body: str, field: str, code: str, message: str
) -> None:
    answer = await client.post("/api/v1/things", content=body, headers={"Content-Type": "application/json"})
    problem = assert_problem(answer, 422, "invalid_fields")
    assert problem["errors"] == [{"field": field, "code": code, "message": message}]
    assert problem["detail"] == f"{field}: {message}"


async def test_wrong_query_parameters_are_explained_like_fields(client: httpx.AsyncClient) -> None:
    body = assert_problem(await client.get("/api/v1/things?limit=1000"), 422, "invalid_fields")
    assert {(problem["field"], problem["code"]) for problem in body["errors"]} == {
        ("business_id", "missing"),
        ("limit", "too_large"),
    }
    assert body["detail"] == "These fields need another look: business_id, limit."


async def test_what_was_sent_is_not_sent_back(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/things", json={"name": "my secret password", "number": "my secret"})
    assert "secret" not in answer.text


async def test_a_nul_character_in_the_address_is_refused(client: httpx.AsyncClient) -> None:
    for address in ("/api/v1/things?business_id=1&search=a%00b", "/api/v1/refusals/%00", "/%00"):
        assert_problem(await client.get(address), 400, "malformed_request")


async def test_an_unknown_address_and_a_wrong_method_are_problems_too(client: httpx.AsyncClient) -> None:
    assert_problem(await client.get("/api/v1/nothing"), 404, "not_found")
    answer = await client.put("/api/v1/things")
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"]


async def test_an_accident_tells_the_log_everything_and_the_client_nothing(
    client: httpx.AsyncClient,
) -> None:
    with json_log() as log:
        answer = await client.get(
            "/api/v1/accidents?password=hunter22", headers={"X-Request-ID": "accident-1"}
        )
    body = assert_problem(answer, 500, "internal_error")
    assert body["request_id"] == "accident-1"
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    lines = [json.loads(line) for line in log.getvalue().splitlines() if "accident-1" in line]
    failed = next(line for line in lines if line["event"] == "request.failed")
    assert "RuntimeError: secret detail" in failed["exception"]
    answered = next(line for line in lines if line["event"] == "request.answered")
    assert (answered["method"], answered["route"], answered["status"]) == ("GET", "/api/v1/accidents", 500)
    assert not any("hunter22" in json.dumps(line) for line in lines)


async def test_the_api_description_names_the_problem_for_every_route(app: FastAPI) -> None:
    description = app.openapi()
    for path, operations in description["paths"].items():
        if not path.startswith("/api/v1"):
            continue
        for operation in operations.values():
            content = operation["responses"]["default"]["content"]
            assert content == {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            }
            assert "422" not in operation["responses"]
    assert "detail" in description["components"]["schemas"]["Problem"]["properties"]
