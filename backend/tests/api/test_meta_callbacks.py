"""What Meta calls by itself: only what is signed counts, and what it says bites at once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.api import meta_callbacks
from app.core.crypto import derived_key
from app.core.db import Database
from app.core.rate_limits import RateLimit
from tests.api.conftest import SignsUp
from tests.api.edge_app import assert_problem, edge_app, edge_settings, serving, visitor
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


def signed(secret: bytes, user_id: object, **more: Any) -> dict[str, str]:
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
        assert live.count("logins", theirs) == 1
        told = meta.post("/data-deletion", data=signed(secret, pat.id)).json()
        assert live.count("logins", theirs) == 0
        assert live.count("channels", f"{theirs} AND name = 'Deleted account'") == 1
        assert told["confirmation_code"] in told["url"]
        page = meta.get(f"/data-deletion/{told['confirmation_code']}")
        assert page.status_code == 200 and "Data deletion" in page.text
        assert_problem(meta.get("/data-deletion/del_made-up"), 404, "deletion_not_found")


ODD_IDS = ("\ud800", "a\0b", "x" * 700, "１２３", "-1", " ", 10**300, 1.5, True, [1], {"a": 1})


def test_odd_ids_name_nobody_and_break_nothing(live: Live, secret: bytes) -> None:
    with httpx.Client(base_url=f"{live.url}/api/v1/meta", trust_env=False) as meta:
        for odd in ODD_IDS:
            form = signed(secret, odd)
            for path in ("/deauthorize", "/data-deletion"):
                assert meta.post(path, data=form).status_code == 200, (path, odd)
        body = json.dumps({"entry": [{"id": odd} for odd in ODD_IDS]}).encode()
        header = {"X-Hub-Signature-256": "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()}
        assert meta.post("/webhooks", content=body, headers=header).status_code == 200


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


async def test_webhooks_are_subscribed_with_the_token_of_the_settings(
    sqlite_url: str, tmp_path: Path
) -> None:
    database = Database(sqlite_url)
    asked = {"hub.mode": "subscribe", "hub.verify_token": "open sésame", "hub.challenge": "1158201444"}
    path = "/api/v1/meta/webhooks"
    settings = edge_settings(tmp_path, meta_webhook_verify_token="open sésame")
    async with serving(edge_app(settings, database, meta_callbacks.router)) as url, visitor(url) as meta:
        answer = await meta.get(path, params=asked)
        # The bare challenge, as text: it is the caller's, and no page.
        assert (answer.status_code, answer.text) == (200, "1158201444")
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.headers["x-content-type-options"] == "nosniff"
        for changes in ({"hub.verify_token": "open"}, {"hub.verify_token": ""}, {"hub.mode": "unsubscribe"}):
            body = assert_problem(
                await meta.get(path, params={**asked, **changes}), 403, "verify_token_invalid"
            )
            assert "META_WEBHOOK_VERIFY_TOKEN" in body["detail"] and "sésame" not in body["detail"]
        strange = await meta.get(path, params={**asked, "hub.challenge": "<script>"})
        assert_problem(strange, 422, "invalid_fields")
    # A server whose settings name no token takes none, not even the empty one.
    app = edge_app(edge_settings(tmp_path), database, meta_callbacks.router)
    async with serving(app) as url, visitor(url) as meta:
        answer = await meta.get(path, params={**asked, "hub.verify_token": ""})
        assert_problem(answer, 404, "not_found")
    await database.close()


async def test_what_nobody_has_signed_in_for_is_limited_for_each_address(
    sqlite_url: str, tmp_path: Path
) -> None:
    database = Database(sqlite_url)
    app = edge_app(edge_settings(tmp_path), database, meta_callbacks.router)
    app.state.rate_limits.meta = RateLimit("Meta", "5/hour")
    calls = (
        ("GET", "/webhooks"),
        ("POST", "/webhooks"),
        ("POST", "/deauthorize"),
        ("POST", "/data-deletion"),
        ("GET", "/data-deletion/del_made-up"),
    )
    async with serving(app) as url:
        async with visitor(f"{url}/api/v1/meta") as meta:
            # Each counts, whatever it is answered.
            answered = [(await meta.request(method, path)).status_code for method, path in calls]
            assert answered == [404, 403, 422, 422, 404]
            for method, path in calls:
                body = assert_problem(await meta.request(method, path), 429, "rate_limited")
                assert body["retry_after"] > 3000
        elsewhere = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
        async with httpx.AsyncClient(transport=elsewhere) as other:
            assert (await other.get(f"{url}/api/v1/meta/webhooks")).status_code == 404
    await database.close()
