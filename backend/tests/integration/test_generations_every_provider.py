"""The whole product with every provider that there is: what it paints, what it books, and what it takes up
again after its death. The simulators are a process of their own."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.person import Person
from tests.practice_server import PracticeProcess, poll, practice_process
from tests.servers.product import Product, running_product, start_product

PROVIDERS = ("openai", "stability", "replicate", "automatic1111", "comfyui")


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeProcess]:
    with practice_process(tmp_path_factory.mktemp("practice")) as server:
        server.control.settings(painting_ms=10)
        yield server


@pytest.fixture(scope="module")
def settings(practice: PracticeProcess, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    models = tmp_path_factory.mktemp("models") / "models.toml"
    models.write_text('[replicate."black-forest-labs/flux-schnell"]\nprice = 0.003\n')
    return {
        "PRACTICE_MODE": "off",
        "IMAGE_CATALOGUE": str(models),
        "AI_RATE_LIMIT": "1000/minute",
        "OPENAI_API_KEY": practice.openai_key,
        "OPENAI_BASE_URL": practice.openai_url,
        "STABILITY_API_KEY": practice.openai_key,
        "STABILITY_BASE_URL": practice.stability_url,
        "REPLICATE_API_TOKEN": practice.openai_key,
        "REPLICATE_BASE_URL": practice.replicate_url,
        "AUTOMATIC1111_URL": practice.automatic1111_url,
        "COMFYUI_URL": practice.comfyui_url,
    }


@pytest.fixture(scope="module")
def product(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_product(tmp_path_factory.mktemp("product") / "data", settings=settings) as running:
        yield running


@pytest.fixture
def person(product: Product) -> Iterator[Person]:
    signed_up = Person.signs_up(product.url)
    yield signed_up
    signed_up.close()


def ask(person: Person, prompt: str, **wanted: Any) -> Any:
    body = {"business_id": person.business_id, "prompt": prompt, **wanted}
    return person.client.post("/images/generate", json=body)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_each_provider_paints_for_the_library_and_its_bill_is_booked(
    practice: PracticeProcess, person: Person, provider: str
) -> None:
    before = len(practice.control.bills())
    answer = ask(person, "a quiet harbour", provider=provider, size="1024x1024")
    assert answer.status_code == 201, answer.text
    image, generation = answer.json()["image"], answer.json()["generation"]
    assert image["is_ai_generated"] and image["width"] >= 1000 and image["mime_type"] == "image/png"
    (bill,) = practice.control.bills()[before:]
    assert Decimal(generation["booked_usd"]) == Decimal(bill["amount"])
    usage = person.client.get("/usage", params={"business_id": person.business_id}).json()
    assert Decimal(usage["provider_cost_usd"]) == Decimal(bill["amount"]) and usage["unknown_count"] == 0


@pytest.mark.parametrize("provider", ["replicate", "automatic1111", "comfyui"])
def test_prompts_are_looked_at_before_a_provider_that_does_not_look(
    practice: PracticeProcess, person: Person, provider: str
) -> None:
    before = len(practice.control.bills())
    answer = ask(person, "a massacre in the snow", provider=provider)
    assert (answer.status_code, answer.json()["code"]) == (422, "prompt_refused")
    assert "violence" in answer.json()["detail"]
    assert len(practice.control.bills()) == before


def test_the_form_offers_what_each_provider_can_do(person: Person) -> None:
    told = person.client.get("/generations/options", params={"business_id": person.business_id}).json()
    offered = {provider["name"]: provider["models"] for provider in told["providers"]}
    assert set(offered) == set(PROVIDERS)
    assert offered["stability"][0]["qualities"] == ["standard"]
    assert offered["comfyui"][0]["qualities"] == ["standard", "hd"]


@pytest.mark.parametrize("provider", ["replicate", "comfyui"])
def test_work_that_a_provider_keeps_is_taken_up_after_the_death_of_the_server(
    practice: PracticeProcess, settings: dict[str, str], tmp_path: Path, provider: str
) -> None:
    edge = {"replicate": "replicate.create", "comfyui": "comfyui.prompt"}[provider]
    product = start_product(tmp_path / "data", settings=settings)
    person = Person.signs_up(product.url)
    practice.control.settings(painting_ms=8_000)
    before, calls = len(practice.control.bills()), len(practice.control.calls(edge))
    try:
        body = {"business_id": person.business_id, "prompt": "a bay", "provider": provider}
        answer = person.client.post("/images/generate", json=body, headers={"Prefer": "respond-async"})
        assert answer.status_code == 202, answer.text
        number = answer.json()["generation"]["id"]
        # The first look comes after the name of the work was written down.
        looks = {"replicate": "replicate.get", "comfyui": "comfyui.history"}[provider]
        seen = len(practice.control.calls(looks))
        poll(lambda: len(practice.control.calls(looks)) > seen or None, what="a look at the work")
        product.process.kill()
        product.process.stop()
        product = start_product(tmp_path / "data", port=product.port, settings=settings)

        def done() -> dict[str, Any] | None:
            story: dict[str, Any] = person.client.get(f"/generations/{number}").json()
            found: dict[str, Any] = story.get("generation", story)
            return None if found["state"] in ("queued", "running") else found

        found = poll(done, what="the end of the generation", seconds=60)
        assert (found["state"], found["error_code"]) == ("succeeded", None)
        assert found["image_id"] and found["booked_usd"] is not None
        assert len(practice.control.bills()) == before + 1
        assert len(practice.control.calls(edge)) == calls + 1
    finally:
        practice.control.settings(painting_ms=10)
        product.process.stop()
        person.close()


def test_who_followed_a_model_that_ended_paints_and_is_named(
    practice: PracticeProcess, settings: dict[str, str], tmp_path: Path
) -> None:
    """A server other than OpenAI's keeps its model; so this is shown with the models of Stability AI."""
    models = tmp_path / "models.toml"
    models.write_text('[stability."core"]\nshutdown_on = 2020-01-01\nsuccessor = "ultra"\n')
    with running_product(
        tmp_path / "data",
        settings={**settings, "IMAGE_CATALOGUE": str(models), "IMAGE_PROVIDERS": "stability"},
    ) as product:
        person = Person.signs_up(product.url)
        answer = ask(person, "a quiet harbour", model="core")
        assert answer.status_code == 201, answer.text
        assert answer.json()["image"]["ai_model"] == "ultra"
        assert practice.control.bills("stability")[-1]["model"] == "ultra"
        person.close()
