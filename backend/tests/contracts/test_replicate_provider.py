"""Replicate's oddities: predictions that take their time, end in many ways, and are gone after an hour."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from app.providers.image_generation.base import (
    AccountTrouble,
    GenerationError,
    GenerationRequest,
    GenerationUnknown,
    PromptRefused,
)
from app.providers.image_generation.replicate import ReplicateProvider
from practice import create_practice_app
from practice.openai.images import painter_key
from tests.contracts.painters import CATALOGUE, LOOK, Notes
from tests.contracts.scripted_server import Answer, ScriptedServer, scripted_server
from tests.practice_server import CONTROL_KEY, PracticeThread, practice_thread

SCHNELL = CATALOGUE.find("replicate", "black-forest-labs/flux-schnell")
SDXL = CATALOGUE.find("replicate", "stability-ai/sdxl")
ID = "gm3qorzdhgbfurvjtvhg6dckhu"
VERSION = "7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc"


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as running:
        yield running


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeThread]:
    with practice_thread(tmp_path_factory.mktemp("practice")) as running:
        yield running


def made_for(url: str, key: str = "key", **changes: Any) -> ReplicateProvider:
    usual: dict[str, Any] = {
        "has_own_files": True,
        "wait": timedelta(seconds=1),
        "look_every": LOOK,
        "timeout": timedelta(seconds=10),
    }
    return ReplicateProvider("replicate", url, key, (SCHNELL, SDXL), **(usual | changes))


def wish(model: str = SCHNELL.id, **changes: Any) -> GenerationRequest:
    asked: dict[str, Any] = {"prompt": "a hill", "size": "1024x1792", "quality": "standard"} | changes
    return GenerationRequest(model=model, **asked)


def prediction(status: str, code: int = 200, **more: Any) -> Answer:
    return Answer(
        json.dumps({"id": ID, "status": status, "output": None, "error": None, **more}).encode(), code
    )


async def outcome(provider: ReplicateProvider, call: Any) -> Any:
    try:
        return await call
    except GenerationError as error:
        return error
    finally:
        await provider.close()


async def paint(scripted: ScriptedServer, **changes: Any) -> Any:
    provider = made_for(scripted.url, **changes)
    return await outcome(provider, provider.generate(wish()))


async def test_an_official_model_is_called_by_its_name(scripted: ScriptedServer) -> None:
    scripted.will_say(
        prediction("succeeded", 201, output=[f"{scripted.url}/out-0.png"]), Answer(b"the picture")
    )
    provider, notes = made_for(scripted.url), Notes()
    made = await outcome(provider, provider.generate(wish(seed=5), notes))
    assert (made.content, made.seed, made.cost, notes.handles) == (b"the picture", 5, Decimal("0.003"), [ID])
    created, fetched = scripted.asked
    assert (created.method, created.path) == ("POST", f"/models/{SCHNELL.id}/predictions")
    assert created.headers["authorization"] == "Bearer key"
    assert (created.headers["prefer"], created.headers["cancel-after"]) == ("wait=1", "10s")
    assert json.loads(created.body) == {
        "input": {
            "prompt": "a hill",
            "aspect_ratio": "9:16",
            "num_outputs": 1,
            "output_format": "png",
            "go_fast": False,
            "seed": 5,
        }
    }
    # The token is for the API alone.
    assert fetched.path == "/out-0.png" and "authorization" not in fetched.headers


async def test_another_model_is_called_by_its_newest_version_which_is_looked_up_once(
    scripted: ScriptedServer,
) -> None:
    done = prediction("succeeded", 201, output=f"{scripted.url}/a.png", metrics={"predict_time": 2.5})
    latest = Answer(json.dumps({"latest_version": {"id": VERSION}}).encode())
    scripted.will_say(latest, done, Answer(b"one"), done, Answer(b"two"))
    provider = made_for(scripted.url)
    request = wish(SDXL.id, quality="hd", seed=5)
    first = await provider.generate(request)
    second = await outcome(provider, provider.generate(request))
    assert (first.content, second.content) == (b"one", b"two")
    assert first.cost == Decimal("0.002438")
    assert [asked.path for asked in scripted.asked] == [
        "/models/stability-ai/sdxl",
        "/predictions",
        "/a.png",
        "/predictions",
        "/a.png",
    ]
    assert json.loads(scripted.asked[1].body) == {
        "version": VERSION,
        "input": {
            "prompt": "a hill",
            "width": 1024,
            "height": 1792,
            "num_outputs": 1,
            "num_inference_steps": 50,
            "seed": 5,
        },
    }


async def test_a_call_that_was_held_open_in_vain_is_followed_by_looks(scripted: ScriptedServer) -> None:
    scripted.will_say(
        prediction("starting", 202),
        prediction("starting"),
        prediction("processing"),
        prediction("succeeded", output=[f"{scripted.url}/a.png"]),
        Answer(b"the picture"),
    )
    assert (await paint(scripted)).content == b"the picture"
    assert [asked.path for asked in scripted.asked[1:4]] == [f"/predictions/{ID}"] * 3


async def test_a_look_that_fails_is_repeated_and_nothing_is_asked_for_again(scripted: ScriptedServer) -> None:
    scripted.will_say(
        prediction("processing", 201),
        Answer(is_cut=True),
        Answer(b"<html>"),
        Answer(status=502),
        Answer(status=429),
        Answer(b"[]"),
        prediction("succeeded", output=[f"{scripted.url}/a.png"]),
        Answer(b"the picture"),
    )
    assert (await paint(scripted)).content == b"the picture"
    assert [asked.method for asked in scripted.asked].count("POST") == 1


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (prediction("failed", error="NSFW content detected in image."), PromptRefused, "safety rules"),
        (prediction("failed", error="CUDA error"), PromptRefused, "could not make"),
        (prediction("failed"), PromptRefused, "could not make"),
        (prediction("canceled"), PromptRefused, "stopped"),
        (prediction("aborted"), PromptRefused, "stopped"),
        (prediction("exploded", completed_at="2026-11-25T00:00:00Z"), PromptRefused, "stopped"),
        (prediction("succeeded", data_removed=True), GenerationUnknown, "no longer keeps"),
        (prediction("succeeded", output=[]), GenerationUnknown, "no longer keeps"),
        (prediction("succeeded", output={"a": 1}), GenerationUnknown, "no longer keeps"),
        (prediction("succeeded", output=[None]), GenerationUnknown, "no longer keeps"),
        (Answer(b"{}", 404), GenerationUnknown, "no longer keeps"),
        (Answer(b"{}", 401), GenerationUnknown, "lost"),
    ],
)
async def test_every_ending_is_named_by_what_to_do_next(
    scripted: ScriptedServer, answer: Answer, kind: type[GenerationError], said: str
) -> None:
    scripted.will_say(prediction("starting", 201), answer)
    error = await paint(scripted)
    assert type(error) is kind and said in error.detail
    assert len(scripted.asked) == 2


async def test_a_run_that_does_not_end_in_time_is_unknown(scripted: ScriptedServer) -> None:
    scripted.will_say(prediction("processing", 201))
    assert type(await paint(scripted, timeout=timedelta(seconds=0.3))) is GenerationUnknown
    assert [asked.method for asked in scripted.asked].count("POST") == 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"{}", 201),
        Answer(b'{"id": 7, "status": "starting"}', 201),
        Answer(b'{"id": "../../account", "status": "starting"}', 201),
    ],
)
async def test_a_prediction_without_a_usable_id_is_unknown(scripted: ScriptedServer, answer: Answer) -> None:
    scripted.will_say(answer)
    assert type(await paint(scripted)) is GenerationUnknown
    assert len(scripted.asked) == 1


async def test_files_come_from_the_hosts_of_replicate_only(scripted: ScriptedServer) -> None:
    async with scripted_server() as elsewhere:
        for url in (
            f"{elsewhere.url}/a.png",
            "https://replicate.delivery.example.com/a.png",
            "https://notreplicate.delivery/a.png",
            "http://replicate.delivery/a.png",
            "https://user:pw@replicate.delivery/a.png",
            "data:image/png;base64,AAAA",
        ):
            scripted.will_say(prediction("succeeded", 201, output=url))
            error = await paint(scripted)
            assert type(error) is GenerationUnknown, url
        # With Replicate's own address in the settings, its host alone has no files.
        scripted.will_say(prediction("succeeded", 201, output=f"{scripted.url}/a.png"))
        assert type(await paint(scripted, has_own_files=False)) is GenerationUnknown
        assert not elsewhere.asked


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, PromptRefused),
        (401, AccountTrouble),
        (402, AccountTrouble),
        (403, AccountTrouble),
        (404, AccountTrouble),
        (422, PromptRefused),
        (500, GenerationUnknown),
        (503, GenerationUnknown),
        (302, AccountTrouble),
    ],
)
async def test_every_documented_error_is_named_by_what_to_do_next(
    scripted: ScriptedServer, status: int, kind: type[GenerationError]
) -> None:
    scripted.will_say(Answer(b'{"detail": "no"}', status))
    assert type(await paint(scripted)) is kind
    assert len(scripted.asked) == 1


async def test_a_model_that_is_not_there_or_has_no_version_is_told(scripted: ScriptedServer) -> None:
    for answer in (Answer(b'{"detail":"Not found"}', 404), Answer(b'{"latest_version": null}'), Answer(b"x")):
        scripted.will_say(answer)
        provider = made_for(scripted.url)
        assert type(await outcome(provider, provider.generate(wish(SDXL.id)))) is AccountTrouble
    assert {asked.method for asked in scripted.asked} == {"GET"}


# Against the simulator


async def test_after_an_hour_a_picture_is_gone(practice: PracticeThread) -> None:
    provider, notes = made_for(practice.replicate_url, practice.openai_key), Notes()
    assert (await provider.generate(wish(), notes)).content
    (file,) = practice.control.calls("replicate.file")[-1:]
    assert file["params"]["has_token"] is False
    practice.control.advance_clock(3601)
    error = await outcome(provider, provider.resume(wish(), notes.handles[0]))
    assert type(error) is GenerationUnknown and "no longer keeps" in error.detail
    assert len(practice.control.bills("replicate")) == 1


async def test_below_another_application_the_simulator_names_its_own_addresses(tmp_path: Path) -> None:
    practice = create_practice_app(data_dir=tmp_path, public_url="http://x/practice", control_key=CONTROL_KEY)
    app = Starlette(routes=[Mount("/practice", practice)])
    headers = {"Authorization": f"Bearer {painter_key(CONTROL_KEY)}"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://here:81/practice/replicate/v1", headers=headers
    ) as client:
        told = (
            await client.post(
                f"/models/{SCHNELL.id}/predictions",
                json={"input": {"prompt": "x"}},
                headers={"Prefer": "wait=30"},
            )
        ).json()
        assert told["urls"]["get"] == f"http://here:81/practice/replicate/v1/predictions/{told['id']}"
        (file,) = told["output"]
        assert file.startswith("http://here:81/practice/replicate/files/")
        assert (await client.get(file)).content[8:12] == b"WEBP"
    await practice.state.store.close()


def test_the_simulator_keeps_the_rules(practice: PracticeThread) -> None:
    practice.control.settings(painting_ms=20_000)
    headers = {"Authorization": f"Bearer {practice.openai_key}"}
    with httpx.Client(base_url=practice.replicate_url, headers=headers, trust_env=False) as client:

        def create(path: str = f"/models/{SCHNELL.id}/predictions", **body: Any) -> httpx.Response:
            more = body.pop("headers", {})
            return client.post(path, json={"input": {"prompt": "x"}} | body, headers=more)

        started = create()
        assert (started.status_code, started.json()["status"]) == (201, "starting")
        assert create(headers={"Prefer": "wait=1"}).status_code == 202
        assert create(headers={"Prefer": "wait=61"}).status_code == 400
        assert create(headers={"Cancel-After": "soon"}).status_code == 400
        assert "deadline" in create(headers={"Cancel-After": "90s"}).json()
        assert create(f"/models/{SDXL.id}/predictions").status_code == 404
        assert create("/predictions", version="0" * 64).status_code == 422
        assert create("/predictions", version=VERSION).status_code == 201
        assert create("/predictions", version=SDXL.id).status_code == 201
        wrong: dict[str, Any]
        for wrong in (
            {"input": {}},
            {"input": []},
            {"input": {"prompt": "x", "aspect_ratio": "7:1"}},
            {"input": {"prompt": "x", "num_outputs": 5}},
            {"input": {"prompt": "x", "num_outputs": True}},
            {"input": {"prompt": "x", "width": 512}},
            {"webhook": "http://example.com/"},
            {"webhook_events_filter": ["begin"]},
            {"nonsense": 1},
        ):
            assert create(**wrong).status_code == 422, wrong
        here = f"/predictions/{started.json()['id']}"
        assert client.get(here).json()["output"] is None
        assert client.post(f"{here}/cancel").json()["status"] == "canceled"
        assert client.post(f"{here}/cancel").json()["status"] == "canceled"
        assert client.get("/predictions/nothing").status_code == 404
        described = client.get(f"/models/{SDXL.id}").json()
        assert described["latest_version"]["id"] == VERSION
    with httpx.Client(base_url=practice.replicate_url, trust_env=False) as stranger:
        assert stranger.get(here).status_code == 401
        assert stranger.get("/models/a/b").status_code == 401
    practice.control.settings(painting_ms=10)
