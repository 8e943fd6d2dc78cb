"""The edge of the product on a real server: errors, sign-in, businesses, and the layers around them.

    async with serving(edge_app(settings, database)) as url: ...

The application holds everything that every request passes, and only the routers that need no picture
workshop, so that a test starts in milliseconds on either database.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import structlog
import uvicorn
from fastapi import APIRouter, FastAPI
from sqlalchemy import text

from app.api import api_keys, businesses, errors, middleware, operations, rate_limits, users
from app.core.config import Settings
from app.core.crypto import Vault
from app.core.db import Database
from app.core.logging import configure
from app.providers.storage.local import LocalStorage
from app.services.channels import Channels
from app.services.logins import Callbacks

PASSWORD = "correct horse battery"


@dataclass
class Runner:
    """A job runner as far as readiness looks at it."""

    is_alive: bool = True


@dataclass
class EdgeProduct:
    """The parts of the product that the edge asks for; real ones, but for the job runner."""

    settings: Settings
    database: Database
    storage: LocalStorage
    channels: Channels
    callbacks: Callbacks
    runner: Runner
    instance: str = "edge-tests#1"


def edge_settings(data_dir: Path, **changes: Any) -> Settings:
    """Settings that no environment influences. Sign-in and keys are not limited unless the test says so."""
    given = {
        "data_dir": data_dir,
        "auth_rate_limit": "1000/second",
        "api_key_rate_limit": "1000/second",
        **changes,
    }
    return Settings(_env_file=None, **given)


def edge_app(settings: Settings, database: Database, *more: APIRouter) -> FastAPI:
    """The application. `more` routers are mounted under `/api/v1` too."""
    app = FastAPI()
    errors.install(app)
    rate_limits.install(app, settings)
    middleware.install(app, settings)
    for router in (users.router, businesses.router, api_keys.router, *more):
        app.include_router(router, prefix="/api/v1")
    app.include_router(operations.router)
    app.state.product = EdgeProduct(
        settings=settings,
        database=database,
        storage=LocalStorage(settings.data_dir / "files"),
        channels=Channels(database, Vault(lambda: [b"edge"]), {}, None),
        callbacks=Callbacks(database, []),
        runner=Runner(),
    )
    return app


@contextlib.asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """Serve the application on a free loopback port; gives its address."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off", access_log=False)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    try:
        while not server.started:
            assert not task.done(), "the server did not start"
            await asyncio.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


@contextlib.asynccontextmanager
async def edge_client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application, on a real server."""
    async with serving(app) as url, visitor(url) as client:
        yield client


def visitor(url: str, **headers: str) -> httpx.AsyncClient:
    """Somebody with a cookie jar of their own."""
    return httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=30)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has signed up, and a client that speaks for them by token."""

    id: int
    email: str
    token: str
    business_id: int
    client: httpx.AsyncClient

    async def ask(self, method: str, path: str, json: Any = None, **headers: str) -> httpx.Response:
        """Call the API as this person."""
        return await self.client.request(
            method, f"/api/v1{path}", json=json, headers={"Authorization": f"Bearer {self.token}", **headers}
        )


async def sign_up(client: httpx.AsyncClient, name: str = "Ada", **changes: Any) -> Person:
    """Register somebody, with an e-mail made of their name."""
    body = {"email": f"{name.lower()}@example.com", "password": PASSWORD, "name": name, **changes}
    answer = await client.post("/api/v1/auth/register", json=body)
    assert answer.status_code == 201, answer.text
    client.cookies.clear()
    told = answer.json()
    return Person(
        told["user"]["id"], body["email"], told["access_token"], told["businesses"][0]["id"], client
    )


@contextlib.contextmanager
def json_log() -> Iterator[io.StringIO]:
    """What the product logs meanwhile, as it does in production; afterwards logging is as it was."""
    handlers, level = logging.root.handlers, logging.root.level
    configure("info", "json")
    written = io.StringIO()
    handler = logging.root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)
    try:
        yield written
    finally:
        logging.root.handlers = handlers
        logging.root.setLevel(level)
        structlog.reset_defaults()


async def count(database: Database, table: str) -> int:
    """How many rows a table has."""
    async with database.reading() as session:
        return int(await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The answer is a problem of this kind, complete and consistent. Returns its body."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code, body
    assert body["status"] == status
    assert body["type"] == f"urn:aigrowth:problem:{code}"
    assert body["title"]
    assert body["detail"].endswith((".", ">.")), body["detail"]
    assert body["request_id"] == answer.headers["x-request-id"]
    return body
