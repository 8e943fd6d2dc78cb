"""Stability AI's oddities: forms without files, successes that are none, and a pause of a minute."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from app.providers.image_generation.base import (
    AccountTrouble,
    GenerationError,
    GenerationRequest,
    GenerationUnknown,
    PromptRefused,
    ProviderDown,
    ProviderPaces,
    SourcePicture,
)
from app.providers.image_generation.stability import StabilityProvider
from tests.contracts.painters import CATALOGUE
from tests.contracts.scripted_server import Answer, ScriptedServer, scripted_server
from tests.practice_server import PracticeThread, practice_thread

MODELS = CATALOGUE.of("stability")
PICTURE = base64.b64encode(b"the picture").decode()
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as running:
        yield running


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeThread]:
    with practice_thread(tmp_path_factory.mktemp("practice")) as running:
        yield running


async def paint(url: str, key: str = "key", model: str = "core", **changes: Any) -> Any:
    provider = StabilityProvider("stability", url, key, MODELS)
    asked: dict[str, Any] = {"prompt": "a hill", "size": "1024x1792", "quality": "standard"} | changes
    try:
        return await provider.generate(GenerationRequest(model=model, **asked))
    except GenerationError as error:
        return error
    finally:
        await provider.close()


def success(**more: Any) -> Answer:
    body = {"image": PICTURE, "finish_reason": "SUCCESS", "seed": 343940597, **more}
    return Answer(json.dumps(body).encode(), headers={"content-type": "application/json; type=image/png"})


def refusal(status: int, name: str | None) -> Answer:
    return Answer(json.dumps({"id": "0" * 32, "name": name, "errors": ["x"]}).encode(), status)


def fields(body: bytes) -> dict[str, str]:
    parts = body.split(b"\r\n--")
    found = {}
    for part in parts:
        head, _, value = part.partition(b"\r\n\r\n")
        name = head.partition(b'name="')[2].partition(b'"')[0].decode()
        if name:
            found[name] = value.decode("latin-1")
    return found


async def test_words_alone_are_sent_as_a_form(scripted: ScriptedServer) -> None:
    scripted.will_say(success())
    made = await paint(scripted.url, seed=7)
    assert (made.content, made.seed, str(made.cost)) == (b"the picture", 343940597, "0.03")
    (asked,) = scripted.asked
    assert asked.path == "/v2beta/stable-image/generate/core"
    assert asked.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert (asked.headers["accept"], asked.headers["authorization"]) == ("application/json", "Bearer key")
    assert fields(asked.body) == {
        "prompt": "a hill",
        "seed": "7",
        "output_format": "png",
        "aspect_ratio": "9:16",
    }


@pytest.mark.parametrize("model", ["sd3.5-large", "sd3.5-large-turbo", "sd3.5-medium", "sd3.5-flash"])
async def test_the_family_of_sd3_is_named_in_the_form(scripted: ScriptedServer, model: str) -> None:
    scripted.will_say(success())
    await paint(scripted.url, model=model)
    source = SourcePicture(PNG, "image/png")
    await paint(scripted.url, model=model, sources=(source,))
    words, change = (fields(asked.body) for asked in scripted.asked)
    assert (words["model"], words["mode"], words["aspect_ratio"]) == (model, "text-to-image", "9:16")
    assert (change["model"], change["mode"]) == (model, "image-to-image")
    assert "aspect_ratio" not in change and "image" in change and change["strength"] == "0.7"
    assert {asked.path for asked in scripted.asked} == {"/v2beta/stable-image/generate/sd3"}


async def test_a_blurred_picture_is_no_success(scripted: ScriptedServer) -> None:
    scripted.will_say(success(finish_reason="CONTENT_FILTERED"))
    error = await paint(scripted.url)
    assert type(error) is PromptRefused and "finished picture" in error.detail


@pytest.mark.parametrize(
    "answer",
    [
        success(image=None),
        success(image=""),
        success(image="?"),
        success(finish_reason="ERROR"),
        success(finish_reason=None),
        Answer(b"\x89PNG", headers={"content-type": "image/png"}),
        Answer(b"[]"),
        Answer(b""),
        Answer(is_cut=True),
        Answer(b"{", length=100),
    ],
)
async def test_a_success_without_a_readable_picture_is_unknown(
    scripted: ScriptedServer, answer: Answer
) -> None:
    scripted.will_say(answer)
    assert type(await paint(scripted.url)) is GenerationUnknown
    assert len(scripted.asked) == 1


@pytest.mark.parametrize(
    ("status", "name", "kind"),
    [
        (400, "bad_request", PromptRefused),
        (401, "unauthorized", AccountTrouble),
        (402, "payment_required", AccountTrouble),
        (403, "content_moderation", PromptRefused),
        (403, None, AccountTrouble),
        (404, None, AccountTrouble),
        (413, None, PromptRefused),
        (422, None, PromptRefused),
        (429, "rate_limit_exceeded", ProviderPaces),
        (429, None, ProviderPaces),
        (500, "internal_error", ProviderDown),
        (500, None, GenerationUnknown),
        (502, None, GenerationUnknown),
        (301, None, AccountTrouble),
        (204, None, GenerationUnknown),
    ],
)
async def test_every_documented_error_is_named_by_what_to_do_next(
    scripted: ScriptedServer, status: int, name: str | None, kind: type[GenerationError]
) -> None:
    scripted.will_say(refusal(status, name))
    error = await paint(scripted.url)
    assert type(error) is kind
    assert error.retry_after == (60 if kind is ProviderPaces else None)
    assert len(scripted.asked) == 1


async def test_a_source_that_makes_the_form_too_large_is_not_sent(scripted: ScriptedServer) -> None:
    source = SourcePicture(b"x" * (10 * 1024 * 1024 - 1000), "image/png")
    assert type(await paint(scripted.url, model="ultra", sources=(source,))) is PromptRefused
    assert not scripted.asked


@pytest.mark.parametrize("key", ["", "sk with space", "sk-clé"])
async def test_a_key_that_cannot_be_one_is_never_sent(scripted: ScriptedServer, key: str) -> None:
    assert type(await paint(scripted.url, key)) is AccountTrouble
    assert not scripted.asked


# Against the simulator


async def test_credits_run_out_for_real(practice: PracticeThread) -> None:
    practice.control.settings(stability_credits=5)
    url, key = practice.stability_url, practice.openai_key
    assert (await paint(url, key)).content
    error = await paint(url, key)
    assert type(error) is AccountTrouble and "credit" in error.detail
    assert [bill["amount"] for bill in practice.control.bills("stability")] == ["0.03"]
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(headers=headers, trust_env=False) as client:
        assert (await client.get(f"{url}/v1/user/balance")).json() == {"credits": 2.0}
    practice.control.settings(stability_credits=100_000)


def test_the_simulator_keeps_the_rules(practice: PracticeThread) -> None:
    headers = {"Authorization": f"Bearer {practice.openai_key}", "Accept": "application/json"}
    base = f"{practice.stability_url}/v2beta/stable-image/generate"
    with httpx.Client(headers=headers, trust_env=False) as client:

        def send(endpoint: str, image: bytes | None = None, **form: str) -> httpx.Response:
            parts: dict[str, Any] = {name: (None, value) for name, value in ({"prompt": "x"} | form).items()}
            if image is not None:
                parts["image"] = ("a.png", image, "image/png")
            return client.post(f"{base}/{endpoint}", files=parts)

        wrong: list[tuple[str, dict[str, Any], int]] = [
            ("core", {"prompt": ""}, 400),
            ("core", {"prompt": "x" * 10_001}, 400),
            ("core", {"negative_prompt": "x" * 10_001}, 400),
            ("core", {"aspect_ratio": "3:4"}, 400),
            ("core", {"width": "1024"}, 400),
            ("core", {"style_preset": "baroque"}, 400),
            ("core", {"seed": "-1"}, 400),
            ("core", {"seed": "4294967295"}, 422),
            ("core", {"output_format": "gif"}, 400),
            ("core", {"image": PNG, "strength": "1"}, 400),
            ("core", {"model": "sd3.5-large"}, 400),
            ("ultra", {"strength": "1"}, 400),
            ("ultra", {"image": PNG, "strength": "1"}, 400),  # smaller than 64 pixels
            ("ultra", {"image": b"no picture", "strength": "1"}, 400),
            ("ultra", {"image": PNG}, 400),
            ("sd3", {"output_format": "webp"}, 400),
            ("sd3", {"model": "sd3-large"}, 400),
            ("sd3", {"mode": "image-to-image"}, 400),
            ("sd3", {"cfg_scale": "11"}, 422),
            ("sd3", {"cfg_scale": "much"}, 400),
            ("sd3", {"model": "sd3.5-large-turbo", "negative_prompt": "no"}, 400),
            ("sdxl", {}, 404),
        ]
        for endpoint, form, status in wrong:
            answer = send(endpoint, **form)
            assert answer.status_code == status, (endpoint, form)
            assert set(answer.json()) == {"id", "name", "errors"}
        assert client.post(f"{base}/core", data={"prompt": "x"}).status_code == 400
        assert client.post(f"{base}/core", json={"prompt": "x"}).status_code == 400
        large: Any = {"prompt": (None, "x"), "image": ("a.png", b"x" * (10 * 1024 * 1024), "image/png")}
        assert client.post(f"{base}/ultra", files=large).status_code == 413
        raw = client.post(f"{base}/core", files={"prompt": (None, "x")}, headers={"Accept": "image/*"})
        assert raw.headers["finish-reason"] == "SUCCESS" and raw.headers["seed"].isdigit()
        assert raw.content.startswith(b"\x89PNG") and raw.headers["content-type"] == "image/png"
        webp = send("core", output_format="webp", aspect_ratio="21:9").json()
        assert base64.b64decode(webp["image"])[8:12] == b"WEBP"
        refused = client.post(f"{base}/core", files={"prompt": (None, "x")}, headers={"Accept": "text/html"})
        assert refused.status_code == 400
        for _ in range(150):
            last = send("core", prompt="")
        assert (last.status_code, last.json()["name"]) == (429, "rate_limit_exceeded")
    with httpx.Client(trust_env=False) as stranger:
        assert stranger.post(f"{base}/core").status_code == 401
