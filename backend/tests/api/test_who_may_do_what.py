"""Actor by route: who may do what in a business, and that nobody else learns that it exists.

`TABLE` names every route of the API. A route that is missing here fails a test.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import httpx
import pytest

from tests import factories_pictures as pictures
from tests.api.conftest import SignsUp
from tests.api.live import Live, fetch
from tests.person import Person

ROLES = ("viewer", "editor", "admin", "owner")
Least = Literal["nobody", "anybody", "viewer", "editor", "admin", "owner"]


@dataclass(frozen=True, slots=True)
class House:
    """One business with somebody in every role, everything that a route can name, and a stranger."""

    marker: str
    business_id: int
    people: dict[str, Person]
    foreigner: Person
    newcomer_email: str
    member_id: int
    leaver_id: int
    image_id: int
    trashed_id: int
    doomed_id: int
    generation_id: int
    channel_id: int
    api_key_id: int
    draft_id: int
    doomed_draft_id: int
    sent_draft_id: int
    publication_id: int

    @property
    def tomorrow(self) -> str:
        return (datetime.now(UTC) + timedelta(days=1)).isoformat()

    @property
    def draft(self) -> dict[str, Any]:
        """A post that breaks no rule."""
        return {
            "business_id": self.business_id,
            "content_text": self.marker,
            "images": [{"image_id": self.image_id}],
            "channel_ids": [self.channel_id],
        }

    @property
    def message(self) -> dict[str, Any]:
        """The same for one platform."""
        return {
            "business_id": self.business_id,
            "content_text": self.marker,
            "image_ids": [self.image_id],
            "scheduled_at": self.tomorrow,
        }


Call = Callable[[httpx.Client, House], httpx.Response]


@dataclass(frozen=True, slots=True)
class Row:
    """How to call a route in the name of the house, who may, and what they then get.

    `nobody`: a signed-out caller may. `anybody`: whoever is signed in, about themselves alone.
    `takes_person`: no API key may, whatever its role.
    """

    least: Least
    status: int
    call: Call
    takes_person: bool = False


def get(path: str, **query: str) -> Call:
    return lambda client, house: client.get(
        path.format(h=house), params={name: value.format(h=house) for name, value in query.items()}
    )


def send(method: str, path: str, body: Callable[[House], Any] | None = None) -> Call:
    return lambda client, house: client.request(
        method, path.format(h=house), json=None if body is None else body(house)
    )


def upload(client: httpx.Client, house: House) -> httpx.Response:
    content = pictures.jpeg(pictures.photo(400, 400, seed=uuid.uuid4().int % 2**31))
    return client.post(
        "/images/upload", data={"business_id": house.business_id}, files={"file": ("a.jpg", content)}
    )


def chosen(house: House) -> dict[str, Any]:
    """Images for what is done to many at once: one that the planned post needs."""
    return {"business_id": house.business_id, "image_ids": [house.image_id]}


IN_BUSINESS = {"business_id": "{h.business_id}"}
MEMBER = "/businesses/{h.business_id}/members/{h.member_id}"
LEAVER = "/businesses/{h.business_id}/members/{h.leaver_id}"

TABLE: dict[str, Row] = {
    "POST /auth/register": Row("nobody", 422, send("POST", "/auth/register", lambda _: {})),
    "POST /auth/login": Row("nobody", 422, send("POST", "/auth/login", lambda _: {})),
    "POST /auth/logout": Row("anybody", 204, send("POST", "/auth/logout"), takes_person=True),
    "GET /auth/me": Row("anybody", 200, get("/auth/me")),
    "PATCH /users/me": Row(
        "anybody", 200, send("PATCH", "/users/me", lambda _: {"name": "Ada"}), takes_person=True
    ),
    "POST /users/me/password": Row(
        "anybody",
        422,
        send(
            "POST",
            "/users/me/password",
            lambda _: {"current_password": "not this one", "new_password": "correct horse battery"},
        ),
        takes_person=True,
    ),
    "GET /businesses": Row("anybody", 200, get("/businesses")),
    "POST /businesses": Row(
        "anybody", 201, send("POST", "/businesses", lambda _: {"name": "Second"}), takes_person=True
    ),
    "GET /businesses/{business_id}": Row("viewer", 200, get("/businesses/{h.business_id}")),
    "PATCH /businesses/{business_id}": Row(
        "admin", 200, send("PATCH", "/businesses/{h.business_id}", lambda h: {"name": h.marker})
    ),
    "GET /businesses/{business_id}/members": Row("viewer", 200, get("/businesses/{h.business_id}/members")),
    "POST /businesses/{business_id}/members": Row(
        "admin",
        201,
        send(
            "POST",
            "/businesses/{h.business_id}/members",
            lambda h: {"email": h.newcomer_email, "role": "viewer"},
        ),
        takes_person=True,
    ),
    "PATCH /businesses/{business_id}/members/{member_id}": Row(
        "admin", 200, send("PATCH", MEMBER, lambda _: {"role": "editor"}), takes_person=True
    ),
    "DELETE /businesses/{business_id}/members/{member_id}": Row(
        "admin", 200, send("DELETE", LEAVER), takes_person=True
    ),
    "GET /api-keys": Row("viewer", 200, get("/api-keys", **IN_BUSINESS), takes_person=True),
    "POST /api-keys": Row(
        "viewer",
        201,
        send(
            "POST", "/api-keys", lambda h: {"business_id": h.business_id, "name": "Script", "role": "viewer"}
        ),
        takes_person=True,
    ),
    "DELETE /api-keys/{key_id}": Row(
        "admin", 200, send("DELETE", "/api-keys/{h.api_key_id}"), takes_person=True
    ),
    "POST /images/upload": Row("editor", 201, upload),
    "POST /images/import": Row(
        "editor",
        422,
        send(
            "POST",
            "/images/import",
            lambda h: {"business_id": h.business_id, "url": "https://127.0.0.1/a.jpg"},
        ),
    ),
    "GET /images/upload-options": Row("viewer", 200, get("/images/upload-options", **IN_BUSINESS)),
    # The folder on disk takes nothing from browsers.
    "POST /images/uploads": Row(
        "editor",
        409,
        send(
            "POST",
            "/images/uploads",
            lambda h: {
                "business_id": h.business_id,
                "filename": "a.jpg",
                "size": 1000,
                "mime_type": "image/jpeg",
            },
        ),
    ),
    "POST /images/uploads/{upload_id}/complete": Row(
        "anybody", 404, send("POST", "/images/uploads/none/complete", lambda _: {})
    ),
    "DELETE /images/uploads/{upload_id}": Row("anybody", 200, send("DELETE", "/images/uploads/none")),
    "GET /storage/check": Row("admin", 200, get("/storage/check", **IN_BUSINESS)),
    "GET /images/list": Row("viewer", 200, get("/images/list", **IN_BUSINESS)),
    "GET /images/totals": Row("viewer", 200, get("/images/totals", **IN_BUSINESS)),
    "GET /images/tags": Row("viewer", 200, get("/images/tags", **IN_BUSINESS)),
    "GET /images/download": Row("viewer", 200, get("/images/download", **IN_BUSINESS, ids="{h.image_id}")),
    "GET /images/{image_id}/download": Row("viewer", 200, get("/images/{h.image_id}/download")),
    "POST /images/bulk/delete": Row("editor", 200, send("POST", "/images/bulk/delete", chosen)),
    "POST /images/bulk/restore": Row("editor", 200, send("POST", "/images/bulk/restore", chosen)),
    "POST /images/bulk/tag": Row(
        "editor", 200, send("POST", "/images/bulk/tag", lambda h: chosen(h) | {"add": [h.marker]})
    ),
    "GET /images/{image_id}": Row("viewer", 200, get("/images/{h.image_id}")),
    "PATCH /images/{image_id}": Row(
        "editor", 200, send("PATCH", "/images/{h.image_id}", lambda h: {"alt_text": h.marker})
    ),
    "DELETE /images/{image_id}": Row("editor", 200, send("DELETE", "/images/{h.doomed_id}")),
    "POST /images/{image_id}/restore": Row("editor", 200, send("POST", "/images/{h.trashed_id}/restore")),
    "POST /images/generate": Row(
        "editor",
        422,
        send(
            "POST",
            "/images/generate",
            lambda h: {"business_id": h.business_id, "prompt": "blocked-by-provider"},
        ),
    ),
    "GET /businesses/{business_id}/styles": Row("viewer", 200, get("/businesses/{h.business_id}/styles")),
    "PUT /businesses/{business_id}/styles": Row(
        "admin", 200, send("PUT", "/businesses/{h.business_id}/styles", lambda _: {"styles": []})
    ),
    "GET /generations": Row("viewer", 200, get("/generations", **IN_BUSINESS)),
    "GET /generations/{generation_id}/events": Row(
        "viewer", 200, get("/generations/{h.generation_id}/events")
    ),
    "POST /generations/{generation_id}/cancel": Row(
        "editor", 409, send("POST", "/generations/{h.generation_id}/cancel")
    ),
    # It was refused, so it is known to have cost nothing.
    "POST /generations/{generation_id}/settle": Row(
        "admin",
        409,
        send("POST", "/generations/{h.generation_id}/settle", lambda _: {"outcome": "not_charged"}),
    ),
    "GET /usage": Row("viewer", 200, get("/usage", **IN_BUSINESS)),
    "GET /usage/export.csv": Row("viewer", 200, get("/usage/export.csv", **IN_BUSINESS)),
    "GET /generations/options": Row("viewer", 200, get("/generations/options", **IN_BUSINESS)),
    "GET /generations/{generation_id}": Row("viewer", 200, get("/generations/{h.generation_id}")),
    "GET /channels": Row("viewer", 200, get("/channels", **IN_BUSINESS)),
    "POST /channels": Row(
        "admin",
        422,
        send(
            "POST",
            "/channels",
            lambda h: {
                "business_id": h.business_id,
                "platform": "facebook",
                "external_id": "1",
                "access_token": "x",
                # There is no such way to connect, so that nobody outside is asked.
                "login": "instagram",
            },
        ),
        takes_person=True,
    ),
    "GET /channels/meta/authorize": Row(
        "admin", 200, get("/channels/meta/authorize", **IN_BUSINESS), takes_person=True
    ),
    "GET /channels/meta/callback": Row("nobody", 303, get("/channels/meta/callback")),
    # What a login brought is for whoever logged in, and here nobody did.
    "GET /channels/meta/attempts/{attempt_id}": Row(
        "anybody", 404, get("/channels/meta/attempts/1"), takes_person=True
    ),
    "POST /channels/meta/attempts/{attempt_id}": Row(
        "anybody",
        404,
        send(
            "POST",
            "/channels/meta/attempts/1",
            lambda _: {"accounts": [{"platform": "facebook", "external_id": "1"}]},
        ),
        takes_person=True,
    ),
    "POST /channels/{channel_id}/check": Row("admin", 200, send("POST", "/channels/{h.channel_id}/check")),
    "POST /channels/{channel_id}/try": Row("admin", 200, send("POST", "/channels/{h.channel_id}/try")),
    "GET /meta/webhooks": Row("nobody", 404, get("/meta/webhooks")),
    "POST /meta/webhooks": Row("nobody", 403, send("POST", "/meta/webhooks", lambda _: {})),
    "POST /meta/deauthorize": Row("nobody", 422, send("POST", "/meta/deauthorize", lambda _: {})),
    "POST /meta/data-deletion": Row("nobody", 422, send("POST", "/meta/data-deletion", lambda _: {})),
    "GET /meta/data-deletion/{code}": Row("nobody", 404, get("/meta/data-deletion/1")),
    "DELETE /channels/{channel_id}": Row(
        "admin", 409, send("DELETE", "/channels/{h.channel_id}"), takes_person=True
    ),
    "POST /posts": Row("editor", 201, send("POST", "/posts", lambda h: h.draft)),
    "GET /posts": Row("viewer", 200, get("/posts", **IN_BUSINESS)),
    "POST /posts/check": Row("editor", 200, send("POST", "/posts/check", lambda h: h.draft)),
    "GET /posts/{post_id}": Row("viewer", 200, get("/posts/{h.draft_id}")),
    "PATCH /posts/{post_id}": Row(
        "editor", 200, send("PATCH", "/posts/{h.draft_id}", lambda h: {"content_text": h.marker})
    ),
    "DELETE /posts/{post_id}": Row("editor", 200, send("DELETE", "/posts/{h.doomed_draft_id}")),
    "POST /posts/{post_id}/publish": Row("editor", 202, send("POST", "/posts/{h.sent_draft_id}/publish")),
    "POST /posts/{post_id}/schedule": Row(
        "editor", 200, send("POST", "/posts/{h.draft_id}/schedule", lambda h: {"scheduled_at": h.tomorrow})
    ),
    "POST /posts/{post_id}/unschedule": Row("editor", 200, send("POST", "/posts/{h.draft_id}/unschedule")),
    "POST /publications/{publication_id}/retry": Row(
        "editor", 409, send("POST", "/publications/{h.publication_id}/retry")
    ),
    "POST /publications/{publication_id}/confirm": Row(
        "editor", 409, send("POST", "/publications/{h.publication_id}/confirm")
    ),
    "GET /publications/incidents": Row("viewer", 200, get("/publications/incidents", **IN_BUSINESS)),
    "POST /publishing/instagram": Row(
        "editor", 201, send("POST", "/publishing/instagram", lambda h: h.message)
    ),
    "POST /publishing/facebook": Row(
        "editor", 201, send("POST", "/publishing/facebook", lambda h: h.message)
    ),
    "GET /healthz": Row("nobody", 200, get("/../../healthz")),
    "GET /readyz": Row("nobody", 200, get("/../../readyz")),
    "GET /metrics": Row("nobody", 200, get("/../../metrics")),
}


def settle_in(live: Live, signs_up: SignsUp) -> House:
    """Build the house through the API."""
    marker = f"Planted-{uuid.uuid4().hex}"
    owner = signs_up(live, name="Olga", business_name=marker)
    own = owner.business_id

    def join(role: str) -> Person:
        person = signs_up(live, name=f"{role} of the house")
        answer = owner.client.post(
            f"/businesses/{own}/members", json={"email": email_of(person), "role": role}
        )
        assert answer.status_code == 201, answer.text
        return person

    image_id = owner.keeps_picture(filename=f"{marker}.jpg")["id"]
    trashed_id, doomed_id = (owner.keeps_picture()["id"] for _ in range(2))
    assert owner.client.delete(f"/images/{trashed_id}").status_code == 200
    owner.client.post("/images/generate", json={"business_id": own, "prompt": "blocked-by-provider"})
    (generation_id,) = live.execute(f"SELECT id FROM generations WHERE business_id = {own}")
    draft_ids = [owner.writes(marker, image_ids=[image_id]) for _ in range(4)]
    planned = owner.client.post(
        f"/posts/{draft_ids[3]}/schedule",
        json={"scheduled_at": (datetime.now(UTC) + timedelta(days=9)).isoformat()},
    ).json()["post"]
    return House(
        marker=marker,
        business_id=own,
        people={role: join(role) for role in ROLES[:3]} | {"owner": owner},
        foreigner=signs_up(live, name="Eve"),
        newcomer_email=email_of(signs_up(live, name="Newcomer")),
        member_id=join("viewer").user_id,
        leaver_id=join("viewer").user_id,
        image_id=image_id,
        trashed_id=trashed_id,
        doomed_id=doomed_id,
        generation_id=int(generation_id),
        channel_id=owner.channel()["id"],
        api_key_id=owner.makes_key("viewer")["api_key"]["id"],
        draft_id=draft_ids[0],
        doomed_draft_id=draft_ids[1],
        sent_draft_id=draft_ids[2],
        publication_id=planned["publications"][0]["id"],
    )


def email_of(person: Person) -> str:
    return str(person.client.get("/auth/me").json()["user"]["email"])


@pytest.fixture
def signed_out(live: Live) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{live.url}/api/v1", trust_env=False) as client:
        yield client


def refusal(answer: httpx.Response) -> str:
    """What was answered, in short."""
    is_problem = answer.headers.get("content-type") == "application/problem+json"
    return f"{answer.status_code} {answer.json()['code'] if is_problem else ''}".strip()


def test_every_route_is_in_the_table(live: Live) -> None:
    paths = fetch(f"{live.url}/api/v1/openapi.json").json()["paths"]
    routes = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, operations in paths.items()
        for method in operations
    }
    assert routes - set(TABLE) == set(), "say in TABLE who may call these"
    assert set(TABLE) - routes == set(), "these are no routes any more"


def test_each_actor_gets_what_the_table_says(live: Live, signs_up: SignsUp, signed_out: httpx.Client) -> None:
    house = settle_in(live, signs_up)
    wrong = []

    def expect(route: str, actor: str, client: httpx.Client, expected: str) -> None:
        answer = TABLE[route].call(client, house)
        found = refusal(answer)
        is_right = found.startswith(expected) or (expected == "404" and answer.status_code == 404)
        if not is_right:
            wrong.append(f"{route}: {actor} got {found} instead of {expected}: {answer.text[:200]}")
        if actor == "somebody else" and house.marker in answer.text:
            wrong.append(f"{route}: {actor} was shown something of the house")

    for route, row in TABLE.items():
        if row.least == "nobody":
            expect(route, "a signed-out caller", signed_out, str(row.status))
            continue
        expect(route, "a signed-out caller", signed_out, "401 not_signed_in")
        if row.least == "anybody":
            expect(route, "somebody else", signs_up(live).client, str(row.status))
            continue
        expect(route, "somebody else", house.foreigner.client, "404")
        for role in ROLES[: ROLES.index(row.least)]:
            expect(route, role, house.people[role].client, "403 role_too_low")
        expect(route, row.least, house.people[row.least].client, str(row.status))
    assert not wrong, "\n".join(wrong)


def test_a_key_may_what_its_role_may_in_its_business_alone(embedded: Live, signs_up: SignsUp) -> None:
    """All keys here are made by an owner, so it is the key that is refused."""
    house = settle_in(embedded, signs_up)
    owner = house.people["owner"]
    second = owner.client.post("/businesses", json={"name": "Second"}).json()["id"]
    keys = {role: owner.with_key(owner.makes_key(role)["secret"]) for role in ROLES}
    elsewhere = owner.with_key(owner.makes_key("owner", business_id=second)["secret"])
    wrong = []

    def expect(route: str, key: str, client: httpx.Client, expected: str) -> None:
        answer = TABLE[route].call(client, house)
        found = refusal(answer)
        if not found.startswith(expected):
            wrong.append(f"{route}: the {key} key got {found} instead of {expected}: {answer.text[:200]}")
        if key == "other business's" and house.marker in answer.text:
            wrong.append(f"{route}: the {key} key was shown something of the house")

    for route, row in TABLE.items():
        if row.takes_person:
            expect(route, "owner", keys["owner"], "403 not_with_api_key")
        elif row.least == "anybody":
            expect(route, "viewer", keys["viewer"], str(row.status))
            expect(route, "other business's", elsewhere, str(row.status))
        elif row.least != "nobody":
            expect(route, "other business's", elsewhere, "404")
            for role in ROLES[: ROLES.index(row.least)]:
                expect(route, role, keys[role], "403 role_too_low")
            expect(route, row.least, keys[row.least], str(row.status))
    for client in (*keys.values(), elsewhere):
        client.close()
    assert not wrong, "\n".join(wrong)


def test_a_member_who_was_removed_or_demoted_notices_on_the_next_request(
    live: Live, signs_up: SignsUp
) -> None:
    owner, member = signs_up(live), signs_up(live)
    members = f"/businesses/{owner.business_id}/members"
    owner.client.post(members, json={"email": email_of(member), "role": "editor"})
    member.business_id = owner.business_id
    image = member.keeps_picture()
    owner.client.patch(f"{members}/{member.user_id}", json={"role": "viewer"})
    assert refusal(member.uploads()) == "403 role_too_low"
    assert refusal(member.client.delete(f"/images/{image['id']}")) == "403 role_too_low"
    assert member.client.get(f"/images/{image['id']}").status_code == 200
    owner.client.delete(f"{members}/{member.user_id}")
    assert refusal(member.client.get(f"/images/{image['id']}")) == "404 image_not_found"
    assert refusal(member.uploads()) == "404 business_not_found"
