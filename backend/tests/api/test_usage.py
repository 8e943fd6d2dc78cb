"""Money over HTTP: known before the click, booked after it, capped, and told."""

from __future__ import annotations

import csv
import io
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import SignsUp
from tests.api.edge_app import assert_problem
from tests.api.live import Live
from tests.api.test_generations_followed import usage
from tests.person import Person
from tests.servers.product import running_product


def paints(person: Person, prompt: str = "A quiet harbour", **changes: Any) -> httpx.Response:
    """Ask for a picture and wait for it."""
    body = {"business_id": person.business_id, "prompt": prompt, **changes}
    return person.client.post("/images/generate", json=body)


def options(person: Person) -> dict[str, Any]:
    found = person.client.get("/generations/options", params={"business_id": person.business_id})
    body: dict[str, Any] = found.json()
    return body


def sets_cap(person: Person, amount: object) -> httpx.Response:
    return person.client.patch(f"/businesses/{person.business_id}", json={"monthly_ai_cap_usd": amount})


def test_the_price_is_known_before_and_booked_after(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    before = options(ada)
    berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    local = datetime.now(berlin)
    assert (before["free_per_month"], before["free_remaining"]) == (3, 3)
    resets_at = datetime.fromisoformat(before["free_resets_at"])
    assert resets_at.tzinfo == UTC
    assert resets_at.astimezone(berlin).strftime("%d %H:%M:%S") == "01 00:00:00"
    assert resets_at > local
    assert (before["next_price_usd"], before["extra_price_usd"]) == ("0.00", "0.10")
    assert (before["cap_usd"], before["cap_remaining"]) == (None, None)
    (model,) = before["providers"][0]["models"]
    assert {(price["size"], price["quality"]) for price in model["prices"]} == {
        (size, quality) for size in model["sizes"] for quality in model["qualities"]
    }
    assert {price["price_usd"] for price in model["prices"]} == {"0.00"}
    for _ in range(4):
        assert paints(ada).status_code == 201
    after = options(ada)
    assert (after["free_remaining"], after["next_price_usd"]) == (0, "0.10")
    assert {price["price_usd"] for price in after["providers"][0]["models"][0]["prices"]} == {"0.10"}
    found = usage(ada)
    assert (found["month"], found["timezone"]) == (local.strftime("%Y-%m"), "Europe/Berlin")
    assert (found["free_used"], found["charged_usd"], found["reserved_usd"]) == (3, "0.10", "0.00")
    assert [entry["free"] for entry in found["entries"]] == [False, True, True, True]
    assert [entry["charged_usd"] for entry in found["entries"]] == ["0.10", "0.00", "0.00", "0.00"]
    known = [entry["booked_usd"] for entry in found["entries"] if entry["booked_usd"] is not None]
    assert found["unknown_count"] == 4 - len(known)
    for part in ("by_day", "by_model", "by_member"):
        (sums,) = found[part]
        assert (sums["images"], sums["charged_usd"]) == (4, "0.10")
        assert sums["practice_charged_usd"] == "0.10"
    assert found["by_member"][0]["user_id"] == ada.user_id
    listed = ada.client.get("/generations", params={"business_id": ada.business_id}).json()["generations"]
    # What an image came to is told with it; practice money says that it is practice.
    newest, *_, oldest = (ada.client.get(f"/images/{row['image_id']}").json()["cost"] for row in listed)
    assert (newest["charged_usd"], newest["is_free"], newest["is_practice"]) == ("0.10", False, True)
    assert (oldest["charged_usd"], oldest["is_free"], oldest["provider"]) == ("0.00", True, "practice")
    assert ada.client.get(f"/images/{ada.keeps_picture()['id']}").json()["cost"] is None
    assert (found["practice_charged_usd"], found["entries"][0]["is_practice"]) == ("0.10", True)
    assert [row["price_usd"] for row in listed] == ["0.10", "0.00", "0.00", "0.00"]


def test_a_refusal_costs_nothing(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    assert_problem(paints(ada, "blocked-by-provider"), 422, "prompt_refused")
    assert options(ada)["free_remaining"] == 3
    (entry,) = usage(ada)["entries"]
    assert (entry["state"], entry["refunded"], entry["charged_usd"]) == ("refunded", True, "0.00")


def test_an_owner_sets_a_cap_and_it_holds(live: Live, signs_up: SignsUp) -> None:
    ada, admin = signs_up(live), signs_up(live)
    email = admin.client.get("/auth/me").json()["user"]["email"]
    ada.client.post(f"/businesses/{ada.business_id}/members", json={"email": email, "role": "admin"})
    url = f"/businesses/{ada.business_id}"
    assert_problem(admin.client.patch(url, json={"monthly_ai_cap_usd": "5"}), 403, "role_too_low")
    assert admin.client.patch(url, json={"name": "Harbour Tea"}).status_code == 200
    amounts: list[object] = [
        "-1",
        "lots",
        "1e3",
        "NaN",
        "Infinity",
        "0.0000001",
        True,
        1.5,
        "",
        "١",
        [],
        "9" * 10,
    ]
    for wrong in amounts:
        assert_problem(sets_cap(ada, wrong), 422, "invalid_fields")
    assert sets_cap(ada, "0.05").json()["monthly_ai_cap_usd"] == "0.05"
    assert options(ada)["cap_remaining"] == "0.05"
    for _ in range(3):
        assert paints(ada).status_code == 201
    problem = assert_problem(paints(ada), 402, "spending_cap_reached")
    assert "0.05 USD" in problem["detail"]
    assert problem["limit_usd"] == "0.05"
    assert len(usage(ada)["entries"]) == 3
    # Another field leaves the cap as it is, null lifts it.
    assert ada.client.patch(url, json={"name": "Harbour"}).json()["monthly_ai_cap_usd"] == "0.05"
    assert sets_cap(ada, None).json()["monthly_ai_cap_usd"] is None
    assert paints(ada).status_code == 201
    assert sets_cap(ada, 2).json()["monthly_ai_cap_usd"] == "2.00"


def test_the_month_can_be_taken_along_as_a_file(live: Live, signs_up: SignsUp) -> None:
    ada, eve = signs_up(live, name="=Ada"), signs_up(live)
    paints(ada, "\u200b=1+1\x07")
    query = {"business_id": str(ada.business_id)}
    answer = ada.client.get("/usage/export.csv", params=query)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    month = usage(ada)["month"]
    assert answer.headers["content-disposition"] == f'attachment; filename="ai-usage-{month}.csv"'
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["prompt"], row["member"], row["free"], row["charged_usd"]) == (
        "'\u200b=1+1",
        "'=Ada",
        "yes",
        "0",
    )
    empty = ada.client.get("/usage/export.csv", params={**query, "month": "2020-02"})
    assert list(csv.DictReader(io.StringIO(empty.text))) == []
    for path in ("/usage", "/usage/export.csv"):
        assert_problem(eve.client.get(path, params=query), 404, "business_not_found")
        for month in ("2026-13", "2026-1", "\u0662\u0660\u0662\u0666-11"):
            answer = ada.client.get(path, params={**query, "month": month})
            assert_problem(answer, 422, "unknown_month")
    past = ada.client.get("/usage", params={**query, "month": "2020-02"}).json()
    assert (past["month"], past["entries"], past["charged_usd"]) == ("2020-02", [], "0.00")


# --- styles


def test_a_business_has_styles_of_its_own(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    url = f"/businesses/{ada.business_id}/styles"
    built_in = ada.client.get(url).json()["styles"]
    assert [style["name"] for style in built_in] == ["professional", "creative", "minimalist", "vintage"]
    assert all(style["is_built_in"] and not style["is_changed"] for style in built_in)
    changed = ada.client.put(
        url,
        json={
            "styles": [
                {"name": "vintage", "label": "Old", "words": "Like a postcard of 1910"},
                {"name": "our-brand", "label": "Our brand", "words": "Teal and sand"},
                {"name": "creative", "label": "Creative", "words": built_in[1]["words"]},
            ]
        },
    ).json()["styles"]
    assert changed == ada.client.get(url).json()["styles"]
    assert [(style["name"], style["is_changed"]) for style in changed] == [
        ("professional", False),
        ("creative", False),
        ("minimalist", False),
        ("vintage", True),
        ("our-brand", False),
    ]
    assert options(ada)["styles"][-1] == "our-brand"
    image, generation = (paints(ada, style="our-brand").json()[part] for part in ("image", "generation"))
    assert (image["ai_style"], image["ai_prompt"]) == ("our-brand", "A quiet harbour")
    assert generation["enhanced_prompt"] == "A quiet harbour. Teal and sand."
    old = paints(ada, style="vintage").json()["generation"]
    assert old["enhanced_prompt"] == "A quiet harbour. Like a postcard of 1910."
    assert ada.client.put(url, json={"styles": []}).json()["styles"] == built_in
    assert_problem(paints(ada, style="our-brand"), 422, "unknown_style")


@pytest.mark.parametrize(
    ("styles", "code"),
    [
        ([{"name": "a", "label": "A", "words": "x"}] * 2, "style_twice"),
        ([{"name": f"a{n}", "label": "A", "words": "x"} for n in range(25)], "too_many_styles"),
        ([{"name": "A b", "label": "A", "words": "x"}], "invalid_fields"),
        ([{"name": "a", "label": "", "words": "x"}], "invalid_fields"),
        ([{"name": "a", "label": "A", "words": "x" * 501}], "invalid_fields"),
        ([{"name": "a", "label": "A"}], "invalid_fields"),
        ("all", "invalid_fields"),
    ],
)
def test_styles_that_are_none_are_refused(
    embedded: Live, signs_up: SignsUp, styles: object, code: str
) -> None:
    ada = signs_up(embedded)
    answer = ada.client.put(f"/businesses/{ada.business_id}/styles", json={"styles": styles})
    assert_problem(answer, 422, code)


# --- settings of the server


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with other terms, and with blocked words; its address."""
    folder: Path = tmp_path_factory.mktemp("strict")
    (folder / "words.txt").write_text("cruel\n", encoding="utf-8")
    settings = {
        "FREE_AI_IMAGES_PER_MONTH": "0",
        "EXTRA_AI_IMAGE_PRICE": "0.125",
        "BLOCKED_PROMPT_WORDS": "ass,two words",
        "BLOCKED_PROMPT_WORDS_FILE": str(folder / "words.txt"),
    }
    with running_product(folder / "data", settings=settings) as product:
        yield product.url


def test_a_blocked_word_is_told_and_costs_nothing(strict: str) -> None:
    ada = Person.signs_up(strict)
    for prompt, word in (("An ＡＳＳ", "ass"), ("Two\nWORDS here", "two words"), ("so cruel!", "cruel")):
        problem = assert_problem(paints(ada, prompt), 422, "prompt_blocked")
        assert problem["word"] == word
        assert word in problem["detail"]
    url = f"/businesses/{ada.business_id}/styles"
    ada.client.put(url, json={"styles": [{"name": "sly", "label": "Sly", "words": "very cruel"}]})
    assert_problem(paints(ada, style="sly"), 422, "prompt_blocked")
    assert usage(ada)["entries"] == []
    ada.close()


def test_the_terms_are_those_of_the_settings(strict: str) -> None:
    ada = Person.signs_up(strict)
    found = options(ada)
    assert (found["free_remaining"], found["next_price_usd"]) == (0, "0.125")
    assert paints(ada, "A classic glass").status_code == 201
    assert usage(ada)["charged_usd"] == "0.125"
    ada.close()
