from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.core.db import Database
from tests.api.edge_app import Person, assert_problem, count, edge_app, edge_client, edge_settings, sign_up


@pytest.fixture
async def client(database: Database, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with edge_client(edge_app(edge_settings(tmp_path), database)) as found:
        yield found


@pytest.fixture
async def ada(client: httpx.AsyncClient) -> Person:
    """The owner of the business that a test is about."""
    return await sign_up(client, "Ada")


async def add(owner: Person, person: Person, role: str) -> None:
    answer = await owner.ask(
        "POST", f"/businesses/{owner.business_id}/members", {"email": person.email, "role": role}
    )
    assert answer.status_code == 201, answer.text


async def roles(person: Person, business_id: int) -> dict[str, str]:
    answer = await person.ask("GET", f"/businesses/{business_id}/members")
    return {member["name"]: member["role"] for member in answer.json()["members"]}


async def test_a_business_can_be_made_looked_at_and_changed(ada: Person) -> None:
    made = await ada.ask("POST", "/businesses", {"name": "Harbour", "timezone": "Europe/Lisbon"})
    assert made.status_code == 201
    business = made.json()
    assert business == {
        "id": business["id"],
        "name": "Harbour",
        "timezone": "Europe/Lisbon",
        "role": "owner",
        "monthly_ai_cap_usd": None,
        "ai_provider_fallback": False,
        "label_ai_images": True,
    }
    path = f"/businesses/{business['id']}"
    assert (await ada.ask("GET", path)).json() == business
    changed = await ada.ask("PATCH", path, {"name": "  Harbour Coffee "})
    assert changed.json() == {**business, "name": "Harbour Coffee"}
    changed = await ada.ask("PATCH", path, {"label_ai_images": False})
    assert changed.json() == {**business, "name": "Harbour Coffee", "label_ai_images": False}
    listed = (await ada.ask("GET", "/businesses")).json()["businesses"]
    assert [found["id"] for found in listed] == [ada.business_id, business["id"]]
    assert listed[1] == changed.json()


async def test_nobody_makes_businesses_without_end(database: Database, tmp_path: Path) -> None:
    settings = edge_settings(tmp_path, business_rate_limit="2/day")
    async with edge_client(edge_app(settings, database)) as client:
        ada, eve = await sign_up(client, "Ada"), await sign_up(client, "Eve")
        answers = [await ada.ask("POST", "/businesses", {"name": f"Shop {n}"}) for n in range(3)]
        assert [answer.status_code for answer in answers] == [201, 201, 429]
        body = assert_problem(answers[2], 429, "rate_limited")
        assert 86_000 < body["retry_after"] <= 86_400
        assert (await eve.ask("POST", "/businesses", {"name": "Shop"})).status_code == 201


async def test_a_time_zone_that_does_not_exist_changes_nothing(ada: Person) -> None:
    path = f"/businesses/{ada.business_id}"
    before = (await ada.ask("GET", path)).json()
    for zone in ("Europe/Atlantis", "../etc/passwd", "utc+1", ""):
        answer = await ada.ask("PATCH", path, {"name": "New", "timezone": zone})
        assert_problem(answer, 422, "unknown_timezone")
    assert (await ada.ask("GET", path)).json() == before


async def test_a_business_of_others_is_answered_exactly_like_one_that_does_not_exist(
    client: httpx.AsyncClient, ada: Person
) -> None:
    eve = await sign_up(client, "Eve")
    calls: tuple[tuple[str, str, Any], ...] = (
        ("GET", "", None),
        ("PATCH", "", {"name": "Mine"}),
        ("GET", "/members", None),
        ("POST", "/members", {"email": eve.email, "role": "owner"}),
        ("POST", "/members", {"email": "nobody@example.com", "role": "owner"}),
        ("PATCH", f"/members/{ada.id}", {"role": "viewer"}),
        ("PATCH", f"/members/{eve.id}", {"role": "owner"}),
        ("DELETE", f"/members/{ada.id}", None),
        ("DELETE", f"/members/{eve.id}", None),
    )
    for method, path, body in calls:
        answers = []
        for business_id in (ada.business_id, 999_999, 2**63 - 1):
            answer = await eve.ask(method, f"/businesses/{business_id}{path}", body)
            problem = assert_problem(answer, 404, "business_not_found")
            del problem["request_id"]
            answers.append(problem)
        assert answers[0] == answers[1] == answers[2]
    assert await roles(ada, ada.business_id) == {"Ada": "owner"}


async def test_what_cannot_be_an_id_is_a_malformed_request(ada: Person) -> None:
    for business_id in ("0", "-1", "abc", "9223372036854775808", "1" * 400, "1.5", "%00"):
        answer = await ada.ask("GET", f"/businesses/{business_id}")
        assert_problem(answer, 400, "malformed_request")


# Who may do what: the status for owner, admin, editor, viewer.
TABLE: dict[str, tuple[str, str, Any, tuple[int, int, int, int]]] = {
    "look": ("GET", "", None, (200, 200, 200, 200)),
    "change": ("PATCH", "", {"name": "Changed"}, (200, 200, 403, 403)),
    "look at members": ("GET", "/members", None, (200, 200, 200, 200)),
    "add a viewer": (
        "POST",
        "/members",
        {"email": "new@example.com", "role": "viewer"},
        (201, 201, 403, 403),
    ),
    "add an owner": ("POST", "/members", {"email": "new@example.com", "role": "owner"}, (201, 403, 403, 403)),
    "promote an editor to admin": ("PATCH", "/members/{edgar}", {"role": "admin"}, (200, 200, 403, 403)),
    "promote an editor to owner": ("PATCH", "/members/{edgar}", {"role": "owner"}, (200, 403, 403, 403)),
    "promote oneself": ("PATCH", "/members/{self}", {"role": "owner"}, (200, 403, 403, 403)),
    "demote the owner": ("PATCH", "/members/{ada}", {"role": "viewer"}, (409, 403, 403, 403)),
    "remove an editor": ("DELETE", "/members/{edgar}", None, (200, 200, 403, 403)),
    "remove the owner": ("DELETE", "/members/{ada}", None, (409, 403, 403, 403)),
}


@pytest.mark.parametrize(("position", "role"), list(enumerate(["owner", "admin", "editor", "viewer"])))
async def test_each_role_can_do_what_the_table_says(
    client: httpx.AsyncClient, ada: Person, position: int, role: str
) -> None:
    edgar = await sign_up(client, "Edgar")
    await sign_up(client, "New")
    actor = ada if role == "owner" else await sign_up(client, "Actor")
    if role != "owner":
        await add(ada, actor, role)
    for what, (method, path, body, statuses) in TABLE.items():
        await ada.ask("DELETE", f"/businesses/{ada.business_id}/members/{edgar.id}")
        await add(ada, edgar, "editor")
        path = path.replace("{edgar}", str(edgar.id)).replace("{ada}", str(ada.id))
        path = path.replace("{self}", str(actor.id))
        answer = await actor.ask(method, f"/businesses/{ada.business_id}{path}", body)
        assert answer.status_code == statuses[position], f"{role} may not {what}: {answer.text}"
        if answer.status_code == 403:
            assert_problem(answer, 403, "role_too_low")
        if answer.status_code == 201:
            await ada.ask("DELETE", f"/businesses/{ada.business_id}/members/{answer.json()['user_id']}")


async def test_a_member_is_shown_with_name_email_role_and_moment(
    client: httpx.AsyncClient, ada: Person
) -> None:
    bob = await sign_up(client, "Bob")
    answer = await ada.ask(
        "POST", f"/businesses/{ada.business_id}/members", {"email": " BOB@example.com ", "role": "editor"}
    )
    assert answer.status_code == 201
    member = answer.json()
    assert member == {
        "user_id": bob.id,
        "email": "bob@example.com",
        "name": "Bob",
        "role": "editor",
        "created_at": member["created_at"],
    }
    assert member["created_at"].endswith("Z")
    changed = await ada.ask("PATCH", f"/businesses/{ada.business_id}/members/{bob.id}", {"role": "admin"})
    assert changed.json() == {**member, "role": "admin"}
    mine = (await bob.ask("GET", "/businesses")).json()["businesses"]
    assert [(business["id"], business["role"]) for business in mine] == [
        (bob.business_id, "owner"),
        (ada.business_id, "admin"),
    ]


async def test_nobody_is_added_twice_and_nobody_who_has_not_signed_up(
    client: httpx.AsyncClient, ada: Person
) -> None:
    bob = await sign_up(client, "Bob")
    path = f"/businesses/{ada.business_id}/members"
    await add(ada, bob, "viewer")
    answer = await ada.ask("POST", path, {"email": bob.email, "role": "admin"})
    assert_problem(answer, 409, "already_member")
    answer = await ada.ask("POST", path, {"email": "nobody@example.com", "role": "admin"})
    assert_problem(answer, 404, "user_not_found")
    answer = await ada.ask("POST", path, {"email": "no address", "role": "admin"})
    assert_problem(answer, 422, "invalid_fields")
    answer = await ada.ask("POST", path, {"email": bob.email, "role": "emperor"})
    body = assert_problem(answer, 422, "invalid_fields")
    assert body["errors"][0]["code"] == "not_a_choice"
    assert await roles(ada, ada.business_id) == {"Ada": "owner", "Bob": "viewer"}


async def test_a_removal_bites_on_the_next_request(client: httpx.AsyncClient, ada: Person) -> None:
    bob = await sign_up(client, "Bob")
    await add(ada, bob, "admin")
    assert (await bob.ask("GET", f"/businesses/{ada.business_id}")).status_code == 200
    removed = await ada.ask("DELETE", f"/businesses/{ada.business_id}/members/{bob.id}")
    assert removed.json() == {"success": True, "message": "Member removed successfully"}
    assert_problem(await bob.ask("GET", f"/businesses/{ada.business_id}"), 404, "business_not_found")
    again = await ada.ask("DELETE", f"/businesses/{ada.business_id}/members/{bob.id}")
    assert_problem(again, 404, "member_not_found")


async def test_anyone_can_leave_but_the_last_owner(client: httpx.AsyncClient, ada: Person) -> None:
    bob = await sign_up(client, "Bob")
    await add(ada, bob, "viewer")
    path = f"/businesses/{ada.business_id}/members"
    assert_problem(await ada.ask("DELETE", f"{path}/{ada.id}"), 409, "last_owner")
    assert (await bob.ask("DELETE", f"{path}/{bob.id}")).status_code == 200
    await add(ada, bob, "owner")
    assert (await ada.ask("DELETE", f"{path}/{ada.id}")).status_code == 200
    assert await roles(bob, ada.business_id) == {"Bob": "owner"}


async def test_two_owners_who_demote_each_other_at_once_leave_one(
    client: httpx.AsyncClient, ada: Person, database: Database
) -> None:
    bob = await sign_up(client, "Bob")
    await add(ada, bob, "owner")
    path = f"/businesses/{ada.business_id}/members"
    for _ in range(5):
        answers = await asyncio.gather(
            ada.ask("PATCH", f"{path}/{bob.id}", {"role": "viewer"}),
            bob.ask("PATCH", f"{path}/{ada.id}", {"role": "viewer"}),
        )
        # The second to come is a viewer by then.
        assert sorted(answer.status_code for answer in answers) == [200, 403]
        left = await roles(ada, ada.business_id)
        assert sorted(left.values()) == ["owner", "viewer"]
        first, second = (ada, bob) if left["Ada"] == "owner" else (bob, ada)
        restored = await first.ask("PATCH", f"{path}/{second.id}", {"role": "owner"})
        assert restored.status_code == 200
    assert await count(database, "members") == 3


async def test_who_was_removed_gets_no_kept_answer_either(client: httpx.AsyncClient, ada: Person) -> None:
    bob, cleo = await sign_up(client, "Bob"), await sign_up(client, "Cleo")
    await add(ada, bob, "admin")
    path, key = f"/businesses/{ada.business_id}/members", {"Idempotency-Key": "cleo"}
    wish = {"email": cleo.email, "role": "viewer"}
    added = await bob.ask("POST", path, wish, **key)
    assert added.status_code == 201
    assert (await bob.ask("POST", path, wish, **key)).json() == added.json()
    await ada.ask("DELETE", f"{path}/{bob.id}")
    assert_problem(await bob.ask("POST", path, wish, **key), 404, "business_not_found")
