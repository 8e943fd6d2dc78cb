"""Pictures made from words: what is kept of them, and what is said when the provider fails."""

from __future__ import annotations

import io
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.api.conftest import Regular, SignsUp
from tests.api.edge_app import assert_problem
from tests.api.live import LONG_AGO, Live, fetch
from tests.person import Person
from tests.practice_server import PracticeProcess, poll
from tests.servers.product import start_product

EDGE = "images.generations"
PROMPT = "A quiet harbour at dawn, in fog"


def wishes(person: Person, key: str | None = None, **changes: Any) -> httpx.Response:
    """Ask for a picture; None leaves a field out."""
    body = {
        "business_id": person.business_id,
        "prompt": PROMPT,
        "size": "1024x1024",
        "quality": "standard",
        **changes,
    }
    return person.client.post(
        "/images/generate",
        json={name: value for name, value in body.items() if value is not None},
        headers={} if key is None else {"Idempotency-Key": key},
    )


def told(live: Live, person: Person) -> dict[str, Any]:
    """The newest generation of this person, as it is shown."""
    (newest,) = live.execute(f"SELECT max(id) FROM generations WHERE user_id = {person.user_id}")
    body: dict[str, Any] = person.client.get(f"/generations/{newest}").json()
    return body


def test_words_become_an_image_in_the_library(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    answer = wishes(ada, style="vintage")
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert body["success"] is True
    image, generation = body["image"], body["generation"]
    assert re.fullmatch(rf"{ada.business_id}/ai-[0-9a-f]{{32}}\.png", image["filename"])
    assert image["storage_key"] == image["filename"]
    assert (image["width"], image["height"], image["mime_type"]) == (1024, 1024, "image/png")
    assert image["is_ai_generated"] is True
    assert (image["ai_prompt"], image["ai_style"]) == (PROMPT, "vintage")
    assert image["ai_model"] == generation["model"] == "practice-image-1"
    assert generation["state"] == "succeeded"
    assert generation["image_id"] == image["id"]
    assert generation["provider"] == "practice"
    assert (generation["size"], generation["quality"], generation["style"]) == (
        "1024x1024",
        "standard",
        "vintage",
    )
    assert generation["error_code"] is generation["error_detail"] is None
    assert generation["finished_at"] >= generation["created_at"]
    assert ada.client.get(f"/generations/{generation['id']}").json() == generation
    assert ada.client.get(f"/images/{image['id']}").json()["sha256"] == image["sha256"]
    kept = fetch(image["storage_url"]).content
    assert b"digitalsourcetype/trainedAlgorithmicMedia" in kept
    assert PROMPT.encode() not in kept
    with Image.open(io.BytesIO(kept)) as opened:
        assert opened.size == (1024, 1024)
    assert live.temporary_files() == []


@pytest.mark.parametrize("size", ["1024x1792", "1792x1024"])
def test_a_picture_has_exactly_the_size_that_was_asked_for(
    embedded: Live, signs_up: SignsUp, size: str
) -> None:
    image = wishes(signs_up(embedded), size=size, quality="hd").json()["image"]
    assert f"{image['width']}x{image['height']}" == size


def test_the_form_learns_what_can_be_asked_for(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    options = ada.client.get("/generations/options", params={"business_id": ada.business_id}).json()
    (provider,) = options["providers"]
    (model,) = provider["models"]
    assert (provider["name"], provider["is_practice"]) == ("practice", True)
    assert model["sizes"] == ["1024x1024", "1024x1792", "1792x1024"]
    assert model["qualities"] == ["standard", "hd"]
    assert options["styles"] == ["professional", "creative", "minimalist", "vintage"]
    answer = wishes(ada, provider=provider["name"], model=model["id"])
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("changes", "status", "code", "field"),
    [
        ({"prompt": None}, 422, "invalid_fields", "prompt"),
        ({"prompt": ""}, 422, "invalid_fields", "prompt"),
        ({"prompt": "   "}, 422, "invalid_fields", "prompt"),
        ({"prompt": "x" * 32001}, 422, "invalid_fields", "prompt"),
        ({"prompt": 7}, 422, "invalid_fields", "prompt"),
        ({"prompt": "a\0b"}, 400, "malformed_request", None),
        ({"business_id": None}, 422, "invalid_fields", "business_id"),
        ({"business_id": "mine"}, 422, "invalid_fields", "business_id"),
        ({"business_id": 987654321}, 404, "business_not_found", None),
        ({"size": "999x999"}, 422, "size_not_offered", None),
        ({"size": "huge"}, 422, "invalid_fields", "size"),
        ({"size": "99999x99999"}, 422, "size_not_offered", None),
        ({"quality": "ultra"}, 422, "invalid_fields", "quality"),
        ({"style": "cubist"}, 422, "unknown_style", "style"),
        ({"prompt": "x" * 31_990, "style": "vintage"}, 422, "prompt_too_long", None),
        ({"style": "Cubist!"}, 422, "invalid_fields", "style"),
        ({"provider": "nobody"}, 422, "unknown_provider", None),
        ({"model": "no-such-model"}, 422, "unknown_model", None),
        ({"price": "0.00"}, 422, "invalid_fields", "price"),
    ],
)
def test_a_wish_that_cannot_be_filled_is_refused_before_anybody_is_asked(
    troubled: Live,
    elsewhere: PracticeProcess,
    regular: Regular,
    changes: dict[str, Any],
    status: int,
    code: str,
    field: str | None,
) -> None:
    ada = regular(troubled)
    asked, kept = len(elsewhere.control.calls(EDGE)), troubled.count("generations")
    with troubled.nothing_is_left_behind():
        problem = assert_problem(wishes(ada, **changes), status, code)
    if field:
        assert problem["errors"][0]["field"] == field
    assert len(elsewhere.control.calls(EDGE)) == asked
    assert troubled.count("generations") == kept


def test_a_prompt_that_the_provider_refuses_is_told_as_that(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    with live.nothing_is_left_behind():
        answer = wishes(ada, prompt="Something blocked-by-provider, please")
    problem = assert_problem(answer, 422, "prompt_refused")
    assert "blocked-by-provider" not in answer.text
    generation = told(live, ada)
    assert generation["state"] == "refused"
    assert generation["error_code"] == "prompt_refused"
    assert generation["error_detail"] == problem["detail"]
    assert generation["image_id"] is None


def test_whoever_asks_too_often_is_told_when_to_come_back(live: Live, signs_up: SignsUp) -> None:
    ada, eve = signs_up(live), signs_up(live)
    refused = "blocked-by-provider"
    answers = [wishes(ada, prompt=refused) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [422] * 5 + [429]
    problem = assert_problem(answers[-1], 429, "rate_limited")
    assert 1 <= problem["retry_after"] <= 60
    assert answers[-1].headers["retry-after"] == str(problem["retry_after"])
    assert wishes(eve, prompt=refused).status_code == 422
    # Keys are counted by themselves, and all of a user's together: new ones help nobody for long.
    found = []
    for _ in range(4):
        with ada.with_key(ada.makes_key()["secret"]) as program:
            found += [program.post("/images/generate", json={}).status_code for _ in range(5)]
    assert found == [422] * 15 + [429] * 5
    assert ada.client.get("/auth/me").status_code == 200


def test_the_same_wish_sent_twice_is_painted_once(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda _: wishes(ada, "wish-1"), range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert live.count("generations", f"user_id = {ada.user_id}") == 1
    assert live.count("images", f"business_id = {ada.business_id}") == 1
    assert_problem(wishes(ada, "wish-1", prompt="Something else"), 409, "idempotency_key_reused")
    # A day later the key is free.
    for table in ("idempotent_requests", "generations"):
        live.execute(f"UPDATE {table} SET created_at = {LONG_AGO} WHERE user_id = {ada.user_id}")
    third = wishes(ada, "wish-1", prompt="Something else")
    assert third.status_code == 201, third.text
    assert third.json()["image"]["ai_prompt"] == "Something else"


def test_somebody_elses_generation_is_not_found(live: Live, signs_up: SignsUp) -> None:
    ada, eve = signs_up(live), signs_up(live)
    generation = wishes(ada, prompt="blocked-by-provider")
    assert generation.status_code == 422
    hers = told(live, ada)["id"]
    answers = [eve.client.get(f"/generations/{number}") for number in (hers, 987654321, 2**62)]
    for answer in answers:
        assert_problem(answer, 404, "generation_not_found")
    assert len({answer.json()["detail"] for answer in answers}) == 1


# --- the provider fails


def error(code: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": f"no: {PROMPT}", "type": code, "param": None, "code": code}, **more}


TROUBLES: dict[str, tuple[str, dict[str, Any], int, str, str, int | None]] = {
    "too many requests": (
        "error",
        error("rate_limit_exceeded", status=429, headers={"Retry-After": "7"}),
        429,
        "provider_rate_limited",
        "failed",
        7,
    ),
    "overloaded": (
        "error",
        error("server_is_overloaded", status=503),
        503,
        "provider_unavailable",
        "failed",
        30,
    ),
    "no money": (
        "error",
        error("insufficient_quota", status=429),
        502,
        "provider_account_trouble",
        "failed",
        None,
    ),
    "wrong key": (
        "error",
        error("invalid_api_key", status=401),
        502,
        "provider_account_trouble",
        "failed",
        None,
    ),
    "model gone": (
        "error",
        error("model_not_found", status=404),
        502,
        "provider_account_trouble",
        "failed",
        None,
    ),
    "refused after painting": (
        "error",
        error("moderation_blocked", status=400),
        422,
        "prompt_refused",
        "refused",
        None,
    ),
    "500": ("http_500", {}, 504, "outcome_unknown", "unknown", None),
    "gateway timeout": ("http_500", {"status": 504}, 504, "outcome_unknown", "unknown", None),
    "answer dropped": ("drop_after", {}, 504, "outcome_unknown", "unknown", None),
    "request dropped": ("drop_before", {}, 504, "outcome_unknown", "unknown", None),
    "half an answer": ("truncated", {}, 504, "outcome_unknown", "unknown", None),
    "another page": ("garbage", {}, 504, "outcome_unknown", "unknown", None),
}


@pytest.mark.parametrize("case", TROUBLES)
def test_trouble_at_the_provider_is_told_by_what_to_do_next_and_nothing_is_asked_twice(
    troubled: Live, elsewhere: PracticeProcess, regular: Regular, case: str
) -> None:
    kind, options, status, code, state, retry_after = TROUBLES[case]
    ada = regular(troubled)
    asked = len(elsewhere.control.calls(EDGE))
    elsewhere.control.fault(kind, edge=EDGE, **options)
    with troubled.nothing_is_left_behind():
        answer = wishes(ada)
    elsewhere.control.clear_faults()
    problem = assert_problem(answer, status, code)
    assert PROMPT not in answer.text
    assert problem.get("retry_after") == retry_after
    if retry_after:
        assert answer.headers["retry-after"] == str(retry_after)
    assert len(elsewhere.control.calls(EDGE)) == asked + 1
    generation = told(troubled, ada)
    assert (generation["state"], generation["error_code"]) == (state, code)
    assert generation["image_id"] is None
    assert generation["finished_at"]
    if code == "outcome_unknown":
        assert problem["generation_id"] == generation["id"]


def test_an_unclear_outcome_stays_unclear_for_the_same_key(
    troubled: Live, elsewhere: PracticeProcess, signs_up: SignsUp
) -> None:
    ada = signs_up(troubled)
    elsewhere.control.fault("drop_after", edge=EDGE)
    first = wishes(ada, "unclear-1")
    asked = len(elsewhere.control.calls(EDGE))
    again = wishes(ada, "unclear-1")
    for answer in (first, again):
        assert_problem(answer, 504, "outcome_unknown")
    assert again.json()["generation_id"] == first.json()["generation_id"]
    assert len(elsewhere.control.calls(EDGE)) == asked
    assert wishes(ada, "unclear-2").status_code == 201
    # Whoever has looked at the provider's bill says how it stands, once.
    settling = f"/generations/{first.json()['generation_id']}/settle"
    wrong: list[dict[str, object]] = [
        {},
        {"outcome": "charged"},
        {"outcome": "not_charged", "cost_usd": "0.04"},
        {"outcome": "charged", "cost_usd": "-1"},
        {"outcome": "charged", "cost_usd": 0.04},
        {"outcome": "perhaps"},
    ]
    for body in wrong:
        assert_problem(ada.client.post(settling, json=body), 422, "invalid_fields")
    for _ in range(2):
        told = ada.client.post(settling, json={"outcome": "charged", "cost_usd": "0.0425"}).json()
        assert (told["generation"]["state"], told["generation"]["ledger_state"]) == ("unknown", "booked")
        assert told["generation"]["booked_usd"] == "0.0425"
    assert_problem(ada.client.post(settling, json={"outcome": "not_charged"}), 409, "already_settled")


def test_a_provider_that_cannot_be_reached_has_painted_nothing(
    troubled: Live, elsewhere: PracticeProcess, signs_up: SignsUp
) -> None:
    ada = signs_up(troubled)
    elsewhere.kill()
    try:
        with troubled.nothing_is_left_behind():
            answer = wishes(ada, "down-1")
        assert_problem(answer, 503, "provider_unavailable")
        assert told(troubled, ada)["state"] == "failed"
    finally:
        elsewhere.start()
    # It is known that nothing was done, so the key is free.
    assert wishes(ada, "down-1").status_code == 201


def test_a_picture_that_was_being_painted_when_the_server_died_is_unclear_and_asked_for_once(
    elsewhere: PracticeProcess, tmp_path: Path
) -> None:
    settings = {"PRACTICE_URL": elsewhere.url, "PRACTICE_KEY": elsewhere.key}
    product = start_product(tmp_path / "data", settings=settings)
    try:
        ada = Person.signs_up(product.url)
        asked = len(elsewhere.control.calls(EDGE))
        elsewhere.control.fault("hold_after", edge=EDGE)
        with ThreadPoolExecutor(1) as threads:
            wish = threads.submit(wishes, ada, "killed-1")
            elsewhere.control.wait_for_hold(EDGE)
            product.process.kill()
            with pytest.raises(httpx.HTTPError):
                wish.result()
        elsewhere.control.release()
        product = start_product(tmp_path / "data", port=product.port, settings=settings)
        problem = assert_problem(wishes(ada, "killed-1"), 504, "outcome_unknown")
        generation = ada.client.get(f"/generations/{problem['generation_id']}").json()
        assert (generation["state"], generation["error_code"]) == ("unknown", "outcome_unknown")
        assert len(elsewhere.control.calls(EDGE)) == asked + 1
        another = wishes(ada, "killed-1", prompt="Something else")
        assert_problem(another, 409, "idempotency_key_reused")
        page = ada.client.get("/images/list", params={"business_id": ada.business_id}).json()
        assert page["total"] == 0
        poll(lambda: None if list((tmp_path / "data/work").glob("*")) else True, what="an empty work folder")
        ada.close()
    finally:
        product.process.stop()
