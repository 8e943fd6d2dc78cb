"""Every door of the API at once: a new route is covered without being named here."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.main import create_app
from tests.api.edge_app import assert_problem, edge_settings, serving, visitor

OPEN_TO_ALL = {
    ("POST", "/api/v1/auth/register"),
    ("POST", "/api/v1/auth/login"),
    # A browser comes back here, and is led to a page, whoever it belongs to.
    ("GET", "/api/v1/channels/meta/callback"),
    # Meta itself calls here; a signature is what counts.
    ("GET", "/api/v1/meta/webhooks"),
    ("POST", "/api/v1/meta/webhooks"),
    ("POST", "/api/v1/meta/deauthorize"),
    ("POST", "/api/v1/meta/data-deletion"),
    ("GET", "/api/v1/meta/data-deletion/{code}"),
}
CREATES = re.compile(r"/(businesses|members|upload|generate|channels|posts|publish|instagram|facebook)$")


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    """The whole product, of which nothing has been opened: whoever gets past the door gets a 500."""
    return create_app(edge_settings(tmp_path))


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(app) as url, visitor(url) as found:
        yield found


def doors(app: FastAPI) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of each operation of the API."""
    return [
        (method.upper(), path, operation)
        for path, operations in app.openapi()["paths"].items()
        if path.startswith("/api/v1/")
        for method, operation in operations.items()
    ]


async def test_a_stranger_is_sent_away_from_every_door_but_those_that_are_open(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    closed = [(method, path) for method, path, _ in doors(app) if (method, path) not in OPEN_TO_ALL]
    assert len(closed) > 20
    for method, path in closed:
        # Neither the ids nor the body are right: who asks is asked first.
        answer = await client.request(
            method, re.sub(r"\{\w+\}", "1", path), content=b"{", headers={"Content-Type": "application/json"}
        )
        assert_problem(answer, 401, "not_signed_in")


def test_every_door_is_described(app: FastAPI) -> None:
    names = []
    for method, path, operation in doors(app):
        names.append(operation["operationId"])
        assert operation["summary"], path
        assert operation["tags"], path
        problem = operation["responses"]["default"]["content"]
        assert list(problem) == ["application/problem+json"], path
        assert ("security" in operation) == ((method, path) not in OPEN_TO_ALL), path
    assert len(set(names)) == len(names)


def test_every_door_that_makes_something_takes_an_idempotency_key(app: FastAPI) -> None:
    making = [
        (path, operation)
        for method, path, operation in doors(app)
        if method == "POST" and CREATES.search(path)
    ]
    assert len(making) >= 9
    for path, operation in making:
        headers = [p["name"] for p in operation.get("parameters", []) if p["in"] == "header"]
        # Whoever asks for an image may prefer not to wait for it.
        more = ["Prefer"] if path == "/api/v1/images/generate" else []
        assert headers == ["Idempotency-Key", *more], path
