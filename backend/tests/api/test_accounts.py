from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text, update

from app.core import clock
from app.core.db import Database
from app.models.users import AccessToken
from tests.api.edge_app import (
    PASSWORD,
    assert_problem,
    count,
    edge_app,
    edge_client,
    edge_settings,
    serving,
    sign_up,
    visitor,
)

ADA = {"email": "ada@example.com", "password": PASSWORD, "name": "Ada Lovelace"}


@pytest.fixture
def app(database: Database, tmp_path: Path) -> FastAPI:
    return edge_app(edge_settings(tmp_path), database)


@pytest.fixture
async def simple_client(sqlite_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """For what is decided before the database is asked."""
    database = Database(sqlite_url)
    async with edge_client(edge_app(edge_settings(tmp_path), database)) as found:
        yield found
    await database.close()


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with edge_client(app) as found:
        yield found


async def test_signing_up_gives_a_token_a_user_and_a_business_of_their_own(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/api/v1/auth/register", json={**ADA, "business_name": "Engines", "timezone": "Europe/London"}
    )
    assert answer.status_code == 201
    told = answer.json()
    assert told["token_type"] == "bearer"
    assert len(told["access_token"]) >= 43
    assert told["user"] == {"id": told["user"]["id"], "email": "ada@example.com", "name": "Ada Lovelace"}
    business = told["businesses"][0]
    assert business == {
        "id": business["id"],
        "name": "Engines",
        "timezone": "Europe/London",
        "role": "owner",
        "monthly_ai_cap_usd": None,
        "ai_provider_fallback": False,
        "label_ai_images": True,
    }
    assert told["practice"] == {"meta": True, "images": True}
    assert told["limits"] == {
        "max_upload_bytes": 10 * 1024 * 1024,
        "min_side": 400,
        "max_side": 4096,
        "trash_days": 30,
    }
    me = await client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {told['access_token']}"})
    assert me.status_code == 200
    assert me.json() == {name: told[name] for name in ("user", "businesses", "practice", "limits")}


async def test_signing_up_sets_the_token_as_a_cookie_that_scripts_cannot_read(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post("/api/v1/auth/register", json=ADA)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"aigrowth_session={answer.json()['access_token']};")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Max-Age=2592000" in cookie
    assert "Secure" not in cookie
    assert (await client.get("/api/v1/auth/me")).status_code == 200


async def test_the_cookie_is_sent_by_https_only_where_the_server_is_reached_by_https(
    database: Database, tmp_path: Path
) -> None:
    settings = edge_settings(tmp_path, public_base_url="https://growth.example.com")
    async with edge_client(edge_app(settings, database)) as client:
        answer = await client.post("/api/v1/auth/register", json=ADA)
        assert "Secure" in answer.headers["set-cookie"]


async def test_without_a_business_name_the_business_is_called_after_its_owner(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post("/api/v1/auth/register", json=ADA)
    business = answer.json()["businesses"][0]
    assert business["name"] == "Ada Lovelace's business"
    assert business["timezone"] == "UTC"


async def test_an_email_can_be_used_once_in_whatever_case(
    client: httpx.AsyncClient, database: Database
) -> None:
    await sign_up(client)
    answer = await client.post("/api/v1/auth/register", json={**ADA, "email": "ADA@Example.COM"})
    assert_problem(answer, 409, "email_taken")
    assert await count(database, "businesses") == 1


async def test_of_two_people_who_sign_up_with_one_email_at_once_one_succeeds(
    client: httpx.AsyncClient, database: Database
) -> None:
    answers = await asyncio.gather(
        *(client.post("/api/v1/auth/register", json={**ADA, "name": f"Ada {n}"}) for n in range(3))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert await count(database, "users") == 1
    assert await count(database, "businesses") == 1
    assert await count(database, "members") == 1


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"email": "not an address"}, "email", "not_an_email"),
        ({"email": ""}, "email", "too_short"),
        ({"email": None}, "email", "wrong_type"),
        ({"password": "short"}, "password", "too_short"),
        ({"password": "x" * 201}, "password", "too_long"),
        ({"name": "   "}, "name", "too_short"),
        ({"name": 5}, "name", "wrong_type"),
        ({"business_name": ""}, "business_name", "too_short"),
        ({"role": "owner"}, "role", "unknown_field"),
    ],
)
async def test_a_wrong_field_is_named(
    simple_client: httpx.AsyncClient, changes: dict[str, Any], field: str, code: str
) -> None:
    answer = await simple_client.post("/api/v1/auth/register", json={**ADA, **changes})
    body = assert_problem(answer, 422, "invalid_fields")
    assert [(problem["field"], problem["code"]) for problem in body["errors"]] == [(field, code)]
    assert body["detail"].startswith(f"{field}: ")
    assert "set-cookie" not in answer.headers


async def test_missing_fields_are_all_named_at_once(simple_client: httpx.AsyncClient) -> None:
    body = assert_problem(await simple_client.post("/api/v1/auth/register", json={}), 422, "invalid_fields")
    assert {problem["field"] for problem in body["errors"]} == {"email", "password", "name"}
    assert {problem["code"] for problem in body["errors"]} == {"missing"}


async def test_a_time_zone_that_does_not_exist_is_refused(
    client: httpx.AsyncClient, database: Database
) -> None:
    answer = await client.post("/api/v1/auth/register", json={**ADA, "timezone": "Mars/Olympus_Mons"})
    assert_problem(answer, 422, "unknown_timezone")
    assert await count(database, "users") == 0


async def test_signing_in_takes_the_email_in_any_case_and_gives_a_new_session(
    client: httpx.AsyncClient,
) -> None:
    ada = await sign_up(client)
    answer = await client.post(
        "/api/v1/auth/login", json={"email": " Ada@EXAMPLE.com ", "password": PASSWORD}
    )
    assert answer.status_code == 200
    told = answer.json()
    assert told["user"]["id"] == ada.id
    assert told["businesses"][0]["id"] == ada.business_id
    assert told["access_token"] != ada.token
    assert "aigrowth_session=" in answer.headers["set-cookie"]


async def test_blanks_around_a_password_are_part_of_it(client: httpx.AsyncClient) -> None:
    await sign_up(client, password="  with blanks  ")
    for password, status in (("with blanks", 401), ("  with blanks  ", 200)):
        answer = await client.post(
            "/api/v1/auth/login", json={"email": "ada@example.com", "password": password}
        )
        assert answer.status_code == status


async def test_a_wrong_password_and_an_unknown_email_get_the_same_answer(client: httpx.AsyncClient) -> None:
    await sign_up(client)
    bodies = []
    for email in ("ada@example.com", "nobody@example.com", "no address at all", "\u0131@example.com"):
        answer = await client.post("/api/v1/auth/login", json={"email": email, "password": "wrong password"})
        body = assert_problem(answer, 401, "invalid_credentials")
        del body["request_id"]
        bodies.append(body)
        assert "set-cookie" not in answer.headers
    assert all(body == bodies[0] for body in bodies)


async def test_signing_out_ends_this_session_and_no_other(client: httpx.AsyncClient) -> None:
    ada = await sign_up(client)
    other = await client.post("/api/v1/auth/login", json={"email": ada.email, "password": PASSWORD})
    client.cookies.clear()
    answer = await ada.ask("POST", "/auth/logout")
    assert answer.status_code == 204
    assert 'aigrowth_session="";' in answer.headers["set-cookie"]
    assert_problem(await ada.ask("GET", "/auth/me"), 401, "token_invalid")
    still = await client.get(
        "/api/v1/auth/me", headers={"Authorization": f"Bearer {other.json()['access_token']}"}
    )
    assert still.status_code == 200


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "not_signed_in"),
        ("Bearer nonsense", "token_invalid"),
        ("Bearer " + "x" * 5000, "token_invalid"),
        ("Bearer", "token_invalid"),
        ("Basic YWRhOmFkYQ==", "token_invalid"),
    ],
)
async def test_who_has_no_valid_token_is_told_why(
    simple_client: httpx.AsyncClient, header: str | None, code: str
) -> None:
    headers = {"Authorization": header} if header else {}
    answer = await simple_client.get("/api/v1/auth/me", headers=headers)
    assert_problem(answer, 401, code)
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_session_ends_by_itself_and_says_so(client: httpx.AsyncClient, database: Database) -> None:
    ada = await sign_up(client)
    async with database.writing() as session:
        await session.execute(update(AccessToken).values(expires_at=clock.now() - timedelta(seconds=1)))
    assert_problem(await ada.ask("GET", "/auth/me"), 401, "token_expired")


async def test_the_database_keeps_neither_passwords_nor_tokens(
    client: httpx.AsyncClient, database: Database
) -> None:
    ada = await sign_up(client)
    async with database.reading() as session:
        password_hash = await session.scalar(text("SELECT password_hash FROM users"))
        token_hash = await session.scalar(text("SELECT token_hash FROM access_tokens"))
    assert password_hash is not None
    assert password_hash.startswith("$argon2id$")
    assert PASSWORD not in password_hash
    assert token_hash != ada.token
    assert ada.token not in str(token_hash)


class TestCookies:
    """A cookie travels by itself, so where a request comes from decides."""

    async def _signed_in(self, url: str) -> httpx.AsyncClient:
        client = visitor(url)
        cookie = (await client.post("/api/v1/auth/register", json=ADA)).headers["set-cookie"]
        await client.aclose()
        return visitor(url, Cookie=cookie.partition(";")[0])

    async def test_reading_needs_only_the_cookie(self, app: FastAPI) -> None:
        async with serving(app) as url, await self._signed_in(url) as client:
            assert (await client.get("/api/v1/businesses")).status_code == 200

    async def test_changing_something_from_another_place_is_refused(
        self, app: FastAPI, database: Database
    ) -> None:
        places: tuple[dict[str, str], ...] = (
            {},
            {"Origin": "null"},
            {"Origin": "https://evil.example"},
            {"Origin": "http://127.0.0.1:1"},
            {"Referer": "https://evil.example/page"},
            {"Origin": "https://evil.example", "Referer": "http://localhost:8000/"},
            {"Origin": "http://[not-an-address"},
        )
        async with serving(app) as url, await self._signed_in(url) as client:
            for headers in places:
                answer = await client.post("/api/v1/businesses", json={"name": "Forged"}, headers=headers)
                assert_problem(answer, 403, "origin_not_allowed")
                answer = await client.post("/api/v1/auth/logout", headers=headers)
                assert_problem(answer, 403, "origin_not_allowed")
            assert (await client.get("/api/v1/auth/me")).status_code == 200
        assert await count(database, "businesses") == 1

    async def test_changing_something_from_our_own_pages_works(self, app: FastAPI) -> None:
        async with serving(app) as url, await self._signed_in(url) as client:
            for number, headers in enumerate(
                (
                    {"Origin": url},
                    {"Referer": f"{url}/dashboard/images?page=2"},
                    {"Origin": "http://localhost:8000"},
                )
            ):
                answer = await client.post(
                    "/api/v1/businesses", json={"name": f"No {number}"}, headers=headers
                )
                assert answer.status_code == 201, answer.text

    async def test_a_bearer_token_needs_no_origin_and_goes_before_the_cookie(self, app: FastAPI) -> None:
        async with serving(app) as url, await self._signed_in(url) as client, visitor(url) as another:
            eve = await sign_up(another, "Eve")
            answer = await client.post(
                "/api/v1/businesses",
                json={"name": "By token"},
                headers={"Authorization": f"Bearer {eve.token}", "Origin": "https://evil.example"},
            )
            assert answer.status_code == 201
            names = [
                business["name"] for business in (await eve.ask("GET", "/businesses")).json()["businesses"]
            ]
            assert "By token" in names


async def test_signing_in_is_limited_for_each_address(database: Database, tmp_path: Path) -> None:
    app = edge_app(edge_settings(tmp_path, auth_rate_limit="3/hour"), database)
    async with edge_client(app) as client:
        for _ in range(3):
            answer = await client.post("/api/v1/auth/login", json={"email": "a@b.co", "password": "guess"})
            assert answer.status_code == 401
        answer = await client.post("/api/v1/auth/register", json=ADA)
        body = assert_problem(answer, 429, "rate_limited")
        assert body["retry_after"] == int(answer.headers["retry-after"])
        assert 3500 < body["retry_after"] <= 3600
        assert (await client.get("/healthz")).status_code == 200


async def test_a_name_and_a_password_are_changed_by_who_knows_it_and_other_sessions_end(
    client: httpx.AsyncClient,
) -> None:
    ada, eve = await sign_up(client), await sign_up(client, "Eve")
    there = await client.post("/api/v1/auth/login", json={"email": ada.email, "password": PASSWORD})
    client.cookies.clear()
    renamed = await ada.ask("PATCH", "/users/me", json={"name": "Ada Byron"})
    assert renamed.json() == {"id": ada.id, "email": ada.email, "name": "Ada Byron"}
    assert_problem(await ada.ask("PATCH", "/users/me", json={"name": " "}), 422, "invalid_fields")

    path, new = "/users/me/password", "another long one"
    wrong = {"current_password": new, "new_password": new}
    problem = assert_problem(await ada.ask("POST", path, json=wrong), 422, "wrong_password")
    assert problem["errors"][0]["field"] == "current_password"
    short = {"current_password": PASSWORD, "new_password": "short"}
    assert_problem(await ada.ask("POST", path, json=short), 422, "invalid_fields")
    changed = await ada.ask("POST", path, json={"current_password": PASSWORD, "new_password": new})
    assert changed.json() == {"sessions_ended": 1}
    # This session goes on, and so does everybody else's.
    assert (await ada.ask("GET", "/auth/me")).json()["user"]["name"] == "Ada Byron"
    assert (await eve.ask("GET", "/auth/me")).status_code == 200
    ended = {"Authorization": f"Bearer {there.json()['access_token']}"}
    assert_problem(await client.get("/api/v1/auth/me", headers=ended), 401, "token_invalid")
    for password, status in ((PASSWORD, 401), (new, 200)):
        answer = await client.post("/api/v1/auth/login", json={"email": ada.email, "password": password})
        assert answer.status_code == status
