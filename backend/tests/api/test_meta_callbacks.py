"""What Meta calls by itself: only what is signed counts, and what it says bites at once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.core.crypto import derived_key
from tests.api.conftest import SignsUp
from tests.api.edge_app import assert_problem
from tests.api.live import Live
from tests.api.meta import MetaPerson, chooses, logs_in, usable
from tests.api.platforms import control_of
from tests.person import Person


@pytest.fixture
def secret(live: Live) -> bytes:
    """The practice app's secret, with which practice Meta signs."""
    kept = (live.product.data_dir / "secret.key").read_bytes().strip()
    return derived_key(derived_key(kept, "practice").hex().encode(), "practice-login").hex().encode()


@pytest.fixture
def pat(live: Live) -> Iterator[MetaPerson]:
    with control_of(live) as control:
        person = MetaPerson(control)
        yield person
        person.close()


def signed(secret: bytes, user_id: str, **more: Any) -> dict[str, str]:
    said = {"user_id": user_id, "algorithm": "HMAC-SHA256", "issued_at": int(time.time()) + 5, **more}
    payload = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=")
    signature = base64.urlsafe_b64encode(hmac.digest(secret, payload, hashlib.sha256)).rstrip(b"=")
    return {"signed_request": f"{signature.decode()}.{payload.decode()}"}


def test_a_person_who_removes_the_app_or_wants_to_be_forgotten_is_gone_at_once(
    live: Live, signs_up: SignsUp, pat: MetaPerson, secret: bytes
) -> None:
    ada: Person = signs_up(live)
    attempt = logs_in(ada, pat)
    channel = chooses(ada, attempt, usable(attempt)[0]).json()["channels"][0]
    theirs = f"business_id = {ada.business_id}"
    with httpx.Client(base_url=f"{live.url}/api/v1/meta", trust_env=False) as meta:
        forged = (signed(b"another", pat.id), signed(secret, pat.id, algorithm="none"))
        for form in (*forged, {"signed_request": "a.b"}):
            assert_problem(meta.post("/deauthorize", data=form), 403, "signature_invalid")
        # What was signed before the person logged in takes nothing from them.
        old = signed(secret, pat.id, issued_at=1_700_000_000)
        assert meta.post("/deauthorize", data=old).status_code == 200
        assert live.count("logins", theirs) == 1
        assert meta.post("/deauthorize", data=signed(secret, pat.id)).status_code == 200
        listed = ada.client.get("/channels", params={"business_id": ada.business_id}).json()["channels"]
        (found,) = [one for one in listed if one["id"] == channel["id"]]
        assert (found["status"], found["problem"]["code"]) == ("reconnect_needed", "login_removed")
        assert live.count("logins", theirs) == 0
        assert live.count("channels", f"id = {channel['id']} AND token_sealed = ''") == 1
        # An Instagram account that logged in by itself is forgotten with its name.
        attempt = logs_in(ada, pat, "instagram")
        assert chooses(ada, attempt, usable(attempt)[0]).status_code == 201
        told = meta.post("/data-deletion", data=signed(secret, pat.id)).json()
        assert told["confirmation_code"] in told["url"]
        page = meta.get(f"/data-deletion/{told['confirmation_code']}")
        assert page.status_code == 200 and "Data deletion" in page.text
        assert_problem(meta.get("/data-deletion/del_made-up"), 404, "deletion_not_found")


def test_an_event_makes_its_channel_be_looked_at(
    live: Live, signs_up: SignsUp, pat: MetaPerson, secret: bytes
) -> None:
    ada: Person = signs_up(live)
    attempt = logs_in(ada, pat)
    channel = chooses(ada, attempt, usable(attempt)[0]).json()["channels"][0]
    body = json.dumps({"object": "user", "entry": [{"id": pat.id, "changed_fields": ["é"]}]}).encode()
    signature = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    due = f"id = {channel['id']} AND check_at <= '2100-01-01 00:00:00'"
    before = live.execute(f"SELECT check_at FROM channels WHERE {due}")
    with httpx.Client(base_url=f"{live.url}/api/v1/meta", trust_env=False) as meta:
        for header in ("", "sha256=00", signature[:-1]):
            answer = meta.post("/webhooks", content=body, headers={"X-Hub-Signature-256": header})
            assert_problem(answer, 403, "signature_invalid")
        for _ in range(2):
            answer = meta.post("/webhooks", content=body, headers={"X-Hub-Signature-256": signature})
            assert answer.status_code == 200
    assert live.execute(f"SELECT check_at FROM channels WHERE {due}") != before
