from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Request
from sqlalchemy import update
from starlette.responses import Response

from app.api.deps import ProductDep, UserId, api_router
from app.api.idempotency import body_fingerprint, idempotently
from app.core import clock
from app.core.db import Database
from app.core.errors import NotFound, OutcomeUnknown, RuleBroken
from app.models import idempotency as models
from app.models.idempotency import IdempotentRequest
from app.schemas.base import Done, View
from tests.api.edge_app import (
    Person,
    assert_problem,
    count,
    edge_app,
    edge_client,
    edge_settings,
    json_log,
    sign_up,
)

KEY = {"Idempotency-Key": "order-66"}


class Workbench:
    """A route whose work a test can hold and let go wrong."""

    def __init__(self) -> None:
        self.keys: list[str | None] = []
        self.error: Exception | None = None
        self.is_closed_to_all = False
        self._starts = asyncio.Semaphore(0)
        self.may_finish = asyncio.Event()
        self.may_finish.set()
        self.router: APIRouter = api_router("bench")

        @self.router.post("/work", response_model=Done)
        async def work(request: Request, product: ProductDep, user_id: UserId) -> Response:
            async def do(key: str | None) -> tuple[int, View]:
                self.keys.append(key)
                self._starts.release()
                await self.may_finish.wait()
                if self.error:
                    raise self.error
                return 202, Done(message=f"No {len(self.keys)}")

            fingerprint = await body_fingerprint(request)

            async def admit() -> None:
                if self.is_closed_to_all:
                    raise NotFound("not_found", "There is nothing here for you any more.")

            return await idempotently(
                request, product, user_id, fingerprint, do, admit=admit, wait_seconds=0.3
            )

    async def until_started(self) -> None:
        """Wait until the work begins once more."""
        await asyncio.wait_for(self._starts.acquire(), 30)


@pytest.fixture
def bench() -> Workbench:
    return Workbench()


@pytest.fixture
async def client(database: Database, tmp_path: Path, bench: Workbench) -> AsyncIterator[httpx.AsyncClient]:
    async with edge_client(edge_app(edge_settings(tmp_path), database, bench.router)) as found:
        yield found


@pytest.fixture
async def ada(client: httpx.AsyncClient) -> Person:
    return await sign_up(client, "Ada")


async def test_the_same_request_gets_the_same_answer_and_is_done_once(
    ada: Person, database: Database
) -> None:
    first = await ada.ask("POST", "/businesses", {"name": "Harbour", "timezone": "UTC"}, **KEY)
    again = await ada.ask("POST", "/businesses", {"timezone": "UTC", "name": "Harbour"}, **KEY)
    assert first.status_code == again.status_code == 201
    assert again.content == first.content
    assert again.headers["content-type"] == first.headers["content-type"] == "application/json"
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert await count(database, "businesses") == 2


async def test_without_a_key_every_request_counts(ada: Person, database: Database) -> None:
    for _ in range(2):
        assert (await ada.ask("POST", "/businesses", {"name": "Harbour"})).status_code == 201
    assert await count(database, "businesses") == 3
    assert await count(database, "idempotent_requests") == 0


async def test_simultaneous_requests_with_one_key_are_done_once(ada: Person, database: Database) -> None:
    answers = await asyncio.gather(
        *(ada.ask("POST", "/businesses", {"name": "Harbour"}, **KEY) for _ in range(5))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 4
    assert await count(database, "businesses") == 2


async def test_a_key_is_bound_to_the_body_and_the_route(ada: Person, database: Database) -> None:
    assert (await ada.ask("POST", "/businesses", {"name": "Harbour"}, **KEY)).status_code == 201
    other_body = await ada.ask("POST", "/businesses", {"name": "Harbor"}, **KEY)
    assert_problem(other_body, 409, "idempotency_key_reused")
    other_route = await ada.ask("POST", "/work", {"name": "Harbour"}, **KEY)
    assert_problem(other_route, 409, "idempotency_key_reused")
    assert await count(database, "businesses") == 2


async def test_a_key_is_bound_to_the_user(client: httpx.AsyncClient, ada: Person, bench: Workbench) -> None:
    eve = await sign_up(client, "Eve")
    assert (await ada.ask("POST", "/work", {}, **KEY)).json()["message"] == "No 1"
    answer = await eve.ask("POST", "/work", {}, **KEY)
    assert answer.json()["message"] == "No 2"
    assert "idempotent-replayed" not in answer.headers


async def test_a_kept_answer_is_only_for_whoever_may_still_see_it(ada: Person, bench: Workbench) -> None:
    assert (await ada.ask("POST", "/work", {}, **KEY)).status_code == 202
    bench.is_closed_to_all = True
    assert_problem(await ada.ask("POST", "/work", {}, **KEY), 404, "not_found")
    bench.is_closed_to_all = False
    assert (await ada.ask("POST", "/work", {}, **KEY)).headers["idempotent-replayed"] == "true"


async def test_the_work_gets_the_key(ada: Person, bench: Workbench) -> None:
    await ada.ask("POST", "/work", {})
    await ada.ask("POST", "/work", {}, **KEY)
    assert bench.keys == [None, "order-66"]


async def test_a_key_that_is_none_is_refused(ada: Person, bench: Workbench) -> None:
    for key in ("", "x" * 256, "caf\u00e9", "tab\there"):
        headers: Any = {"Idempotency-Key": key.encode("latin-1")}
        answer = await ada.ask("POST", "/work", {}, **headers)
        assert_problem(answer, 400, "invalid_idempotency_key")
    assert bench.keys == []


async def test_a_repetition_while_the_first_is_at_work_is_told_so_after_a_while(
    ada: Person, bench: Workbench
) -> None:
    bench.may_finish.clear()
    first = asyncio.create_task(ada.ask("POST", "/work", {}, **KEY))
    await bench.until_started()
    body = assert_problem(await ada.ask("POST", "/work", {}, **KEY), 409, "in_progress")
    assert body["retry_after"] >= 1
    bench.may_finish.set()
    assert (await first).status_code == 202
    again = await ada.ask("POST", "/work", {}, **KEY)
    assert again.status_code == 202
    assert again.content == first.result().content
    assert len(bench.keys) == 1


async def test_a_refused_request_leaves_its_key_free(ada: Person, bench: Workbench) -> None:
    bench.error = RuleBroken("prompt_refused", "Not this one.")
    assert_problem(await ada.ask("POST", "/work", {}, **KEY), 422, "prompt_refused")
    bench.error = None
    assert (await ada.ask("POST", "/work", {"other": "body"}, **KEY)).status_code == 202


async def test_an_accident_leaves_the_key_free(ada: Person, bench: Workbench) -> None:
    bench.error = ValueError("a bug")
    with json_log():
        assert_problem(await ada.ask("POST", "/work", {}, **KEY), 500, "internal_error")
    bench.error = None
    assert (await ada.ask("POST", "/work", {}, **KEY)).status_code == 202


async def test_an_unknown_outcome_is_not_tried_again(ada: Person, bench: Workbench) -> None:
    bench.error = OutcomeUnknown("outcome_unknown", "Look before you try again.", generation_id=7)
    first = assert_problem(await ada.ask("POST", "/work", {}, **KEY), 504, "outcome_unknown")
    bench.error = None
    answer = await ada.ask("POST", "/work", {}, **KEY)
    again = assert_problem(answer, 504, "outcome_unknown")
    assert answer.headers["idempotent-replayed"] == "true"
    assert again["generation_id"] == first["generation_id"] == 7
    assert len(bench.keys) == 1


async def test_an_answer_is_kept_for_a_day(ada: Person, bench: Workbench, database: Database) -> None:
    await ada.ask("POST", "/work", {}, **KEY)
    for age, message in ((timedelta(hours=23, minutes=59), "No 1"), (timedelta(hours=24), "No 2")):
        async with database.writing() as session:
            await session.execute(update(IdempotentRequest).values(created_at=clock.now() - age))
        answer = await ada.ask("POST", "/work", {}, **KEY)
        assert answer.json()["message"] == message
    assert await count(database, "idempotent_requests") == 1


async def test_what_a_dead_process_was_working_on_can_be_asked_again(
    ada: Person, bench: Workbench, database: Database
) -> None:
    bench.may_finish.clear()
    first = asyncio.create_task(ada.ask("POST", "/work", {}, **KEY))
    await bench.until_started()
    async with database.writing() as session:
        await models.forget_running(session, "edge-tests#")
    second = asyncio.create_task(ada.ask("POST", "/work", {}, **KEY))
    await bench.until_started()
    bench.may_finish.set()
    assert {(await first).status_code, (await second).status_code} == {202}
