"""The practice image provider speaks OpenAI's Images API by its rules, and paints."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openai
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.routing import Route

from practice.desk import Desk
from practice.faults import Holds
from practice.openai.images import ImagesApi, painter_key
from practice.openai.painting import paint
from practice.openai.png import encode_png
from practice.store import Store
from practice.studio import Studio
from tests.practice_server import CONTROL_KEY, PracticeThread, practice_thread

KEY = {"Authorization": f"Bearer {painter_key(CONTROL_KEY)}"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeThread]:
    with practice_thread(tmp_path_factory.mktemp("practice")) as running:
        yield running


@pytest.fixture
def client(server: PracticeThread) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.openai_url, headers=KEY, trust_env=False, timeout=60) as made:
        yield made
    server.control.clear_faults()


def generate(client: httpx.Client, **wanted: Any) -> httpx.Response:
    body = {"model": "practice-image-1", "prompt": "a harbour at dawn", **wanted}
    return client.post("/images/generations", json=body)


def opened(encoded: str) -> Image.Image:
    picture = Image.open(io.BytesIO(base64.b64decode(encoded)), formats=["PNG"])
    picture.load()
    return picture


def test_a_prompt_gives_a_picture_of_the_asked_size_and_its_usage(client: httpx.Client) -> None:
    answer = generate(client, size="1024x1024", quality="medium").json()
    picture = opened(answer["data"][0]["b64_json"])
    assert (picture.size, picture.mode, picture.format) == ((1024, 1024), "RGB", "PNG")
    assert (answer["size"], answer["quality"], answer["output_format"]) == ("1024x1024", "medium", "png")
    assert answer["usage"]["output_tokens"] == 439
    assert set(answer["data"][0]) == {"b64_json"}


@pytest.mark.parametrize("size", ["1024x1792", "1792x1024", "1088x1360", "1536x800"])
def test_sizes_in_steps_of_16_are_painted_exactly(client: httpx.Client, size: str) -> None:
    answer = generate(client, size=size, quality="low").json()
    assert "x".join(map(str, opened(answer["data"][0]["b64_json"]).size)) == size


def test_the_same_prompt_gives_another_picture_each_time(client: httpx.Client) -> None:
    first, second = (generate(client).json()["data"][0]["b64_json"] for _ in range(2))
    assert first != second


def test_several_pictures_are_several_different_ones(client: httpx.Client) -> None:
    pictures = [item["b64_json"] for item in generate(client, n=3).json()["data"]]
    assert len(set(pictures)) == 3


def test_answers_say_that_they_are_practice(client: httpx.Client) -> None:
    answer = generate(client)
    assert answer.headers["x-practice"] == "1"
    assert answer.headers["x-request-id"].startswith("req_")
    assert client.get("/models").json()["data"][0]["id"] == "practice-image-1"


@pytest.mark.parametrize(
    ("wanted", "status", "code", "param"),
    [
        ({"prompt": ""}, 400, "missing_required_parameter", "prompt"),
        ({"prompt": 5}, 400, "missing_required_parameter", "prompt"),
        ({"prompt": "x" * 32_001}, 400, "string_above_max_length", "prompt"),
        ({"model": "dall-e-3"}, 404, "model_not_found", "model"),
        ({"model": "gpt-image-1"}, 404, "model_not_found", "model"),
        ({"size": "1080x1350"}, 400, "invalid_value", "size"),
        ({"size": "512x512"}, 400, "invalid_value", "size"),
        ({"size": "3840x1024"}, 400, "invalid_value", "size"),
        ({"size": "4096x2048"}, 400, "invalid_value", "size"),
        ({"size": "0x0"}, 400, "invalid_value", "size"),
        ({"size": 1024}, 400, "invalid_value", "size"),
        ({"model": "gpt-image-1.5", "size": "1024x1792"}, 400, "invalid_value", "size"),
        ({"quality": "hd"}, 400, "invalid_value", "quality"),
        ({"quality": "max"}, 400, "invalid_value", "quality"),
        ({"n": 0}, 400, "invalid_value", "n"),
        ({"n": 11}, 400, "invalid_value", "n"),
        ({"n": "2"}, 400, "invalid_type", "n"),
        ({"n": True}, 400, "invalid_type", "n"),
        ({"output_format": "bmp"}, 400, "invalid_value", "output_format"),
        ({"background": "transparent"}, 400, "invalid_value", "background"),
        ({"stream": "yes"}, 400, "invalid_type", "stream"),
        ({"partial_images": 1}, 400, "invalid_value", "partial_images"),
        ({"response_format": "b64_json"}, 400, "unknown_parameter", "response_format"),
        ({"style": "vivid"}, 400, "unknown_parameter", "style"),
    ],
)
def test_a_parameter_beyond_the_rules_is_refused_by_name(
    client: httpx.Client, wanted: dict[str, Any], status: int, code: str, param: str
) -> None:
    answer = generate(client, **wanted)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (status, code, param)
    assert error["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "model", ["gpt-image-2.5-flare", "gpt-image-2.6-sunburst", "gpt-image-2", "gpt-image-1-mini"]
)
def test_the_current_models_are_known(client: httpx.Client, model: str) -> None:
    assert generate(client, model=model, quality="low").status_code == 200


@pytest.mark.parametrize(
    "key",
    ["", "Bearer", "Bearer sk-real", "Bearer practice-key", KEY["Authorization"].replace("Bearer", "Basic")],
)
def test_a_wrong_key_is_refused_and_leaves_no_trace(
    server: PracticeThread, client: httpx.Client, key: str
) -> None:
    before = server.control.calls()
    for method, path in (("POST", "/images/generations"), ("GET", "/models")):
        answer = client.request(method, path, json={"prompt": "x"}, headers={"Authorization": key})
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")
    assert server.control.calls() == before


def test_a_blocked_prompt_is_refused_as_the_safety_system_does(client: httpx.Client) -> None:
    answer = generate(client, prompt="please be BLOCKED-BY-PROVIDER now")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "moderation_blocked")
    assert error["type"] == "image_generation_user_error"
    assert error["moderation_details"]["moderation_stage"] == "input"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 100_000, b"\xff", b'{"prompt": "\\ud83d"}'])
def test_whatever_is_sent_the_answer_is_never_a_crash(client: httpx.Client, body: bytes) -> None:
    answer = client.post("/images/generations", content=body)
    assert answer.status_code in (200, 400)


def test_a_huge_body_is_refused(client: httpx.Client) -> None:
    answer = client.post("/images/generations", content=b" " * (2 * 1024 * 1024))
    assert answer.status_code == 413


def test_a_stream_shows_previews_of_the_picture_that_comes(client: httpx.Client) -> None:
    answer = generate(client, stream=True, partial_images=2)
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [block.split("\ndata: ") for block in answer.text.strip().split("\n\n")]
    kinds = [name.removeprefix("event: ") for name, _ in events]
    bodies = [json.loads(body) for _, body in events]
    assert kinds == ["image_generation.partial_image"] * 2 + ["image_generation.completed"]
    assert [body["type"] for body in bodies] == kinds
    assert [body.get("partial_image_index") for body in bodies] == [0, 1, None]
    pictures = [opened(body["b64_json"]) for body in bodies]
    assert [picture.width for picture in pictures] == [128, 256, 1024]
    assert bodies[-1]["usage"]["output_tokens"] == 439 + 200
    # A preview shows the picture that comes, only smaller.
    small, large = (
        np.asarray(picture.resize((64, 64), Image.Resampling.BOX), np.float32)
        for picture in (pictures[0], pictures[-1])
    )
    assert float(np.abs(small - large).mean()) < 6


async def test_the_vendors_own_client_is_served(server: PracticeThread) -> None:
    async with openai.AsyncOpenAI(
        api_key=server.openai_key, base_url=server.openai_url, max_retries=0
    ) as client:
        answer = await client.images.generate(model="practice-image-1", prompt="a hill", size="1024x1024")
        assert answer.data is not None
        assert opened(answer.data[0].b64_json or "").size == (1024, 1024)
        with pytest.raises(openai.BadRequestError) as refused:
            await client.images.generate(model="practice-image-1", prompt="blocked-by-provider")
        assert refused.value.code == "moderation_blocked"


def test_faults_reach_the_provider_too(server: PracticeThread, client: httpx.Client) -> None:
    quota = {"message": "no money", "type": "insufficient_quota", "param": None, "code": "insufficient_quota"}
    server.control.fault("error", edge="images.generations", status=429, error=quota)
    answer = generate(client)
    assert (answer.status_code, answer.json()["error"]) == (429, quota)
    server.control.fault("drop_after", edge="images.generations")
    with pytest.raises(httpx.RemoteProtocolError):
        generate(client)
    assert generate(client).status_code == 200


def test_no_prompt_is_kept(server: PracticeThread, client: httpx.Client) -> None:
    generate(client, prompt="a very private wish")
    call = server.control.calls("images.generations")[-1]
    assert call["params"]["prompt_length"] == 19
    assert "private wish" not in str(server.control.state())


@pytest.mark.parametrize(("picture_limit", "statuses"), [(0, [503, 503]), (1, [200, 200])])
async def test_more_work_than_can_wait_is_refused_and_finished_work_makes_room(
    tmp_path: Path, picture_limit: int, statuses: list[int]
) -> None:
    store = Store(tmp_path / "practice.db")
    images = ImagesApi(Desk(store, Holds(), lambda: CONTROL_KEY), Studio(picture_limit))
    app = Starlette(routes=[Route("/generations", images.generate, methods=["POST"])])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://practice", headers=KEY
    ) as client:
        answers = [await client.post("/generations", json={"prompt": "a hill"}) for _ in statuses]
    assert [answer.status_code for answer in answers] == statuses
    refused = [a.json()["error"]["code"] for a in answers if a.status_code == 503]
    assert set(refused) <= {"server_is_overloaded"}
    await store.close()


# The painter


def test_the_same_seed_paints_the_same_picture() -> None:
    first, again, other = (paint("sea and mountains", 320, 240, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    "prompt", ["", "forest", "night stars", "abstract dream", "the sea", "snow", "寿司 🍣"]
)
@pytest.mark.parametrize("size", [(64, 200), (200, 64), (16, 16), (401, 333)])
def test_any_prompt_paints_a_picture_of_any_size(prompt: str, size: tuple[int, int]) -> None:
    picture = paint(prompt, *size, seed=7)
    assert picture.shape == (size[1], size[0], 3)
    assert picture.dtype == np.uint8
    assert int(picture.max()) - int(picture.min()) > 40


def test_the_words_of_a_prompt_choose_the_colours() -> None:
    forest, sunset = (
        paint(prompt, 200, 200, 3).reshape(-1, 3).mean(axis=0) for prompt in ("forest", "sunset")
    )
    assert forest[1] > forest[0]
    assert sunset[0] > sunset[2] + 20


def test_a_written_png_reads_back_pixel_for_pixel() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (37, 53, 3), dtype=np.uint8)
    with Image.open(io.BytesIO(encode_png(noise)), formats=["PNG"]) as read:
        assert np.array_equal(np.asarray(read), noise)
