"""The platforms behind a running product, and short words for what people ask the product to publish."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from app.core.crypto import derived_key
from tests.api.live import Live
from tests.person import Person
from tests.practice_server import PracticeControl, poll


def control_of(live: Live) -> PracticeControl:
    """The simulators inside a product: it keeps the key to them in its data folder. Close it."""
    secret = (live.product.data_dir / "secret.key").read_bytes().strip()
    control = PracticeControl(f"{live.url}/practice", derived_key(secret, "practice").hex())
    # A picture that is ready at once is one look less.
    control.settings(processing_ms=0)
    return control


def publishes(
    person: Person, platform: str = "instagram", *, key: str | None = None, **changes: Any
) -> httpx.Response:
    """Publish in one call; None leaves a field out."""
    body = {"business_id": person.business_id, "content_text": "Fresh bread from seven", **changes}
    return person.client.post(
        f"/publishing/{platform}",
        # Escaped, so that a text may hold what is no character.
        content=json.dumps({name: value for name, value in body.items() if value is not None}),
        headers={"Content-Type": "application/json"} | ({} if key is None else {"Idempotency-Key": key}),
    )


def checks(person: Person, **changes: Any) -> dict[str, Any]:
    """What the channels would say of a post."""
    answer = person.client.post("/posts/check", json={"business_id": person.business_id, **changes})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def post_in(answer: httpx.Response, status: int = 201) -> dict[str, Any]:
    """The post of an answer."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["success"] is True
    post: dict[str, Any] = body["post"]
    return post


def publication_in(answer: httpx.Response, status: int = 201) -> dict[str, Any]:
    """The only publication of an answer's post."""
    (publication,) = post_in(answer, status)["publications"]
    found: dict[str, Any] = publication
    return found


def codes(publication: dict[str, Any]) -> list[str]:
    """A publication's history, by its codes."""
    return [event["code"] for event in publication["history"]]


def waits_for_publication(person: Person, post_id: int, state: str, *, seconds: float = 30) -> dict[str, Any]:
    """The post's only publication, once it is in this state."""
    (publication,) = person.waits_for(post_id, state, seconds=seconds)["publications"]
    found: dict[str, Any] = publication
    return found


def all_at_once(calls: Sequence[Any]) -> list[Any]:
    """What each of several calls gives back, all made at the same time."""
    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result() for future in [threads.submit(call) for call in calls]]


def sha256_of(url: str) -> str:
    """The hash of what anybody gets at this address."""
    answer = httpx.get(url, trust_env=False)
    assert answer.status_code == 200, answer.text
    return hashlib.sha256(answer.content).hexdigest()


def in_the_future(**length: float) -> str:
    """A moment as the wire says it."""
    return (datetime.now(UTC) + timedelta(**length)).isoformat()


def joins(owner: Person, person: Person, role: str) -> None:
    """Make `person` a member of the owner's business, who works there from now on."""
    email = person.client.get("/auth/me").json()["user"]["email"]
    answer = owner.client.post(
        f"/businesses/{owner.business_id}/members", json={"email": email, "role": role}
    )
    assert answer.status_code == 201, answer.text
    person.business_id = owner.business_id


def connects(
    person: Person,
    external_id: str,
    access_token: str,
    platform: str = "instagram",
    *,
    key: str | None = None,
    **changes: Any,
) -> httpx.Response:
    """Connect an account with its token."""
    body = {
        "business_id": person.business_id,
        "platform": platform,
        "external_id": external_id,
        "access_token": access_token,
        **changes,
    }
    return person.client.post("/channels", json=body, headers={} if key is None else {"Idempotency-Key": key})


def text_of(answer: httpx.Response) -> str:
    """Everything that an answer says: its headers and its body."""
    return json.dumps([list(answer.headers.items()), answer.text])


def settled(person: Person, post_id: int) -> dict[str, Any]:
    """The post, once nothing of it is on its way."""

    def look() -> dict[str, Any] | None:
        found = person.post(post_id)
        return None if found["state"] in ("publishing", "scheduled") else found

    return poll(look, what=f"the end of post {post_id}")
