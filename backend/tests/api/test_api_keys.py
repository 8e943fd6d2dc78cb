"""Keys for programs: shown once, bound to a business and two roles, gone with their maker.

What each role's key may is in `test_who_may_do_what`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from app.core import clock
from app.core.db import Database
from app.models.api_keys import ApiKey
from app.models.idempotency import IdempotentRequest
from app.services import api_keys
from tests.api.edge_app import (
    Person,
    assert_problem,
    edge_app,
    edge_client,
    edge_settings,
    json_log,
    sign_up,
    visitor,
)


@pytest.fixture
def app(database: Database, tmp_path: Path) -> FastAPI:
    return edge_app(edge_settings(tmp_path), database)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with edge_client(app) as found:
        yield found


async def make(
    person: Person, *, status: int = 201, headers: dict[str, str] | None = None, **more: Any
) -> Any:
    """Ask for a key; what is answered."""
    wish = {"business_id": person.business_id, "name": "Nightly import", **more}
    answer = await person.ask("POST", "/api-keys", json=wish, **(headers or {}))
    assert answer.status_code == status, answer.text
    return answer.json()


async def list_keys(person: Person, business_id: int) -> list[dict[str, Any]]:
    answer = await person.ask("GET", f"/api-keys?business_id={business_id}")
    assert answer.status_code == 200, answer.text
    keys: list[dict[str, Any]] = answer.json()["api_keys"]
    return keys


async def with_key(
    client: httpx.AsyncClient, secret: str, method: str, path: str, **more: Any
) -> httpx.Response:
    return await client.request(
        method, f"/api/v1{path}", headers={"Authorization": f"Bearer {secret}"}, **more
    )


async def own_role(client: httpx.AsyncClient, secret: str, business_id: int) -> str:
    """What a key may now, or the code of what it is refused with."""
    answer = await with_key(client, secret, "GET", f"/businesses/{business_id}")
    body = answer.json()
    return str(body["role"] if answer.status_code == 200 else body["code"])


async def join(owner: Person, member: Person, role: str) -> None:
    answer = await owner.ask(
        "POST", f"/businesses/{owner.business_id}/members", json={"email": member.email, "role": role}
    )
    assert answer.status_code == 201, answer.text


async def test_a_key_is_shown_once_kept_hashed_and_counts_until_it_is_revoked(
    client: httpx.AsyncClient, database: Database
) -> None:
    ada = await sign_up(client)
    with json_log() as written:
        made = await make(ada, role="editor")
        secret = made["secret"]
        assert secret.startswith("agk_") and len(secret) == 47
        key = made["api_key"]
        assert key == {
            "id": key["id"],
            "business_id": ada.business_id,
            "name": "Nightly import",
            "role": "editor",
            "hint": secret[:12],
            "made_by": "Ada",
            "made_by_id": ada.id,
            "created_at": key["created_at"],
            "expires_at": None,
            "last_used_at": None,
        }
        me = (await with_key(client, secret, "GET", "/auth/me")).json()
        assert (me["user"]["id"], [row["role"] for row in me["businesses"]]) == (ada.id, ["editor"])
        used_at = (await list_keys(ada, ada.business_id))[0]["last_used_at"]
        assert used_at >= key["created_at"]
        async with database.reading() as session:
            (row,) = (await session.scalars(select(ApiKey))).all()
        assert secret not in repr(vars(row))
        refused = await with_key(
            client, secret, "PATCH", f"/businesses/{ada.business_id}", json={"name": "X"}
        )
        problem = assert_problem(refused, 403, "role_too_low")
        assert "this API key acts as editor" in problem["detail"]
        revoked = await ada.ask("DELETE", f"/api-keys/{key['id']}")
        assert revoked.json() == {"success": True, "message": "API key revoked"}
        assert await own_role(client, secret, ada.business_id) == "api_key_invalid"
        assert await list_keys(ada, ada.business_id) == []
        assert_problem(await ada.ask("DELETE", f"/api-keys/{key['id']}"), 404, "api_key_not_found")
    assert '"api_key.made"' in written.getvalue() and '"api_key.revoked"' in written.getvalue()
    assert secret[4:] not in written.getvalue()


async def test_the_same_request_again_gives_the_key_without_its_secret(
    client: httpx.AsyncClient, database: Database
) -> None:
    ada = await sign_up(client)
    headers = {"Idempotency-Key": "key-1"}
    first, second = await asyncio.gather(make(ada, headers=headers), make(ada, headers=headers))
    if first["secret"] is None:
        first, second = second, first
    assert first["secret"].startswith("agk_") and second["secret"] is None
    assert first["api_key"] == second["api_key"]
    assert "is not kept" in second["message"] and "make another one" in second["message"]
    assert len(await list_keys(ada, ada.business_id)) == 1
    async with database.reading() as session:
        (kept,) = (await session.scalars(select(IdempotentRequest))).all()
    assert first["secret"] not in repr(kept.answer)


async def test_what_cannot_be_a_key_is_refused_with_what_to_do(client: httpx.AsyncClient) -> None:
    ada, eve = await sign_up(client), await sign_up(client, "Eve")
    past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    for wish in (
        {"name": ""},
        {"name": "x" * 101},
        {"role": "god"},
        {"expires_at": "2026-11-25T10:00:00"},
        {"secret": "agk_mine"},
        {"business_id": 0},
    ):
        assert (await make(ada, status=422, **wish))["code"] == "invalid_fields"
    for never in ("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"):
        assert (await make(ada, status=422, expires_at=never))["code"] == "invalid_fields"
    assert (await make(ada, status=422, expires_at=past))["code"] == "expires_in_past"
    assert (await make(ada, status=404, business_id=eve.business_id))["code"] == "business_not_found"
    for _ in range(api_keys.MOST_KEYS):
        await make(ada)
    assert "Revoke one" in (await make(ada, status=409))["detail"]
    for secret in ("agk_", "agk_" + "x" * 43, "agk_" + "x" * 500):
        assert await own_role(client, secret, ada.business_id) == "api_key_invalid"


async def test_nobody_makes_keys_without_end(database: Database, tmp_path: Path) -> None:
    async with edge_client(
        edge_app(edge_settings(tmp_path, api_key_rate_limit="2/hour"), database)
    ) as client:
        ada, eve = await sign_up(client), await sign_up(client, "Eve")
        for _ in range(2):
            made = await make(ada)
            assert (await ada.ask("DELETE", f"/api-keys/{made['api_key']['id']}")).status_code == 200
        refused = await make(ada, status=429)
        assert refused["code"] == "rate_limited" and 3_000 < refused["retry_after"] <= 3_600
        await make(eve)


async def test_a_key_may_as_much_as_its_role_and_its_makers_role_of_this_moment(
    client: httpx.AsyncClient,
) -> None:
    ada, bob = await sign_up(client), await sign_up(client, "Bob")
    await join(ada, bob, "admin")
    bobs = Person(bob.id, bob.email, bob.token, ada.business_id, client)
    assert (await make(bobs, status=403, role="owner"))["code"] == "role_too_low"
    high, low = (await make(bobs, role="admin"))["secret"], (await make(bobs, role="viewer"))["secret"]
    member = f"/businesses/{ada.business_id}/members/{bob.id}"
    found = []
    for role in ("admin", "editor", "owner"):
        await ada.ask("PATCH", member, json={"role": role})
        found.append([await own_role(client, secret, ada.business_id) for secret in (high, low)])
    assert found == [["admin", "viewer"], ["editor", "viewer"], ["admin", "viewer"]]
    # Bob's own business is none of theirs, and his keys go with his membership for good.
    assert await own_role(client, high, bob.business_id) == "business_not_found"
    listed = (await with_key(client, high, "GET", "/businesses")).json()["businesses"]
    assert [row["id"] for row in listed] == [ada.business_id]
    assert (await ada.ask("DELETE", member)).status_code == 200
    assert await own_role(client, high, ada.business_id) == "api_key_invalid"
    await join(ada, bob, "admin")
    assert await own_role(client, high, ada.business_id) == "api_key_invalid"
    assert await list_keys(ada, ada.business_id) == []


async def test_members_see_and_revoke_their_own_keys_and_admins_everybodys(client: httpx.AsyncClient) -> None:
    ada, bob, eve = [await sign_up(client, name) for name in ("Ada", "Bob", "Eve")]
    await join(ada, bob, "editor")
    bobs = Person(bob.id, bob.email, bob.token, ada.business_id, client)
    adas_key, bobs_key, gone = (await make(ada))["api_key"], (await make(bobs))["api_key"], (await make(bobs))
    assert [key["made_by"] for key in await list_keys(ada, ada.business_id)] == ["Bob", "Bob", "Ada"]
    assert {key["made_by"] for key in await list_keys(bobs, ada.business_id)} == {"Bob"}
    assert_problem(await bobs.ask("DELETE", f"/api-keys/{adas_key['id']}"), 403, "role_too_low")
    assert_problem(await eve.ask("DELETE", f"/api-keys/{adas_key['id']}"), 404, "api_key_not_found")
    assert (await ada.ask("DELETE", f"/api-keys/{bobs_key['id']}")).status_code == 200
    assert (await bobs.ask("DELETE", f"/api-keys/{gone['api_key']['id']}")).status_code == 200
    assert [key["id"] for key in await list_keys(ada, ada.business_id)] == [adas_key["id"]]


async def test_a_key_expires_and_its_use_is_noted_once_a_minute(
    client: httpx.AsyncClient, database: Database, app: FastAPI
) -> None:
    ada = await sign_up(client)
    made = await make(ada, expires_at=(datetime.now(UTC) + timedelta(days=30)).isoformat())
    secret, key_id = made["secret"], made["api_key"]["id"]

    async def last_used_at() -> datetime | None:
        async with database.reading() as session:
            return await session.scalar(select(ApiKey.last_used_at).where(ApiKey.id == key_id))

    async def set_values(**values: datetime) -> None:
        async with database.writing() as session:
            await session.execute(update(ApiKey).where(ApiKey.id == key_id).values(**values))

    async with visitor(str(client.base_url)) as other:
        answers = [own_role(one, secret, ada.business_id) for one in (client, other) * 4]
        assert set(await asyncio.gather(*answers)) == {"editor"}
    first = await last_used_at()
    assert first is not None
    recent = clock.now() - timedelta(seconds=50)
    await set_values(last_used_at=recent)
    await own_role(client, secret, ada.business_id)
    assert await last_used_at() == recent
    await set_values(last_used_at=clock.now() - timedelta(seconds=61))
    await own_role(client, secret, ada.business_id)
    noted = await last_used_at()
    assert noted is not None and noted >= first
    await set_values(expires_at=clock.now())
    problem = assert_problem(await with_key(client, secret, "GET", "/auth/me"), 401, "api_key_expired")
    assert "Make another one" in problem["detail"]
    assert (await list_keys(ada, ada.business_id))[0]["id"] == key_id


async def test_a_key_is_a_programs_and_never_a_browsers(client: httpx.AsyncClient) -> None:
    """What a login at Meta begins is bound to a session, and a cookie travels by itself."""
    ada = await sign_up(client)
    secret = (await make(ada))["secret"]
    answer = await client.get("/api/v1/auth/me", headers={"Cookie": f"aigrowth_session={secret}"})
    assert_problem(answer, 401, "token_invalid")
    assert_problem(await with_key(client, secret, "POST", "/auth/logout"), 403, "not_with_api_key")
    assert await own_role(client, secret, ada.business_id) == "editor"
