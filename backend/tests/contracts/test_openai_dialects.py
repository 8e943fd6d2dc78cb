"""OpenAI's streams, edits and costs, the servers that only resemble it, and its moderation."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from app.providers.image_generation.base import (
    AccountTrouble,
    GenerationError,
    GenerationRequest,
    GenerationUnknown,
    Model,
    PromptRefused,
    ProviderDown,
    ProviderPaces,
    SourcePicture,
)
from app.providers.image_generation.catalogue import read_catalogue
from app.providers.image_generation.openai import OpenAIImageProvider, OpenAIModerator
from tests.contracts.painters import Notes
from tests.contracts.scripted_server import Answer, ScriptedServer, scripted_server
from tests.practice_server import PracticeThread, practice_thread

CATALOGUE = read_catalogue()
FLARE = CATALOGUE.find("openai", "gpt-image-2.5-flare")
MINI = CATALOGUE.find("openai", "gpt-image-1-mini")
LOCAL = CATALOGUE.find("openai", "stablediffusion")
SD_CPP = CATALOGUE.find("openai", "sd-cpp-local")
DALL_E = replace(CATALOGUE.find("openai", "dall-e-3"), shutdown_on=None)
PICTURE = base64.b64encode(b"picture").decode()


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as running:
        yield running


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeThread]:
    with practice_thread(tmp_path_factory.mktemp("practice")) as running:
        yield running


async def ask(scripted: ScriptedServer, model: Model, notes: Notes | None = None, **wanted: Any) -> Any:
    """One generation at the scripted server: the picture, or the error."""
    provider = OpenAIImageProvider("openai", f"{scripted.url}/v1", "key", (model,), most_bytes=100_000)
    asked: dict[str, Any] = {"prompt": "a hill", "size": "1024x1024", "quality": "standard"} | wanted
    try:
        return await provider.generate(GenerationRequest(model=model.id, **asked), notes or Notes())
    except GenerationError as error:
        return error
    finally:
        await provider.close()


def picture(**more: Any) -> Answer:
    return Answer(json.dumps({"created": 1, "data": [{"b64_json": PICTURE}], **more}).encode())


def stream(*events: object, ending: str = "\n\n") -> Answer:
    said = [event if isinstance(event, str) else f"event: x\ndata: {json.dumps(event)}" for event in events]
    return Answer((ending.join(said) + ending).encode(), headers={"content-type": "text/event-stream"})


PARTIAL = {"type": "image_generation.partial_image", "b64_json": PICTURE, "partial_image_index": 0}
DONE = {"type": "image_generation.completed", "b64_json": PICTURE}


# What is sent


async def test_a_stream_is_asked_for_where_previews_are_wanted(scripted: ScriptedServer) -> None:
    scripted.will_say(stream(PARTIAL, PARTIAL, DONE))
    notes = Notes()
    made = await ask(scripted, FLARE, notes, partials=9, requester="someone")
    assert (made.content, notes.previews) == (b"picture", [b"picture"] * 2)
    assert json.loads(scripted.asked[0].body) == {
        "model": "gpt-image-2.5-flare",
        "prompt": "a hill",
        "size": "1024x1024",
        "quality": "medium",
        "n": 1,
        "output_format": "png",
        "stream": True,
        "partial_images": 3,
        "safety_identifier": "someone",
    }


async def test_an_edit_sends_its_pictures_in_a_form(scripted: ScriptedServer) -> None:
    scripted.will_say(picture())
    sources = tuple(
        SourcePicture(f"source {kind}".encode(), f"image/{kind}") for kind in ("png", "jpeg", "webp")
    )
    made = await ask(scripted, FLARE, sources=sources, mask=b"the mask", quality="hd")
    assert made.content == b"picture"
    (asked,) = scripted.asked
    assert asked.path == "/v1/images/edits"
    assert asked.headers["content-type"].startswith("multipart/form-data")
    assert asked.body.count(b'name="image[]"') == 3 and asked.body.count(b'name="mask"') == 1
    for part in (b"source png", b"source jpeg", b"source webp", b"the mask", b"image/webp"):
        assert part in asked.body
    for name, value in (("quality", "high"), ("output_format", "png"), ("n", "1"), ("size", "1024x1024")):
        assert f'name="{name}"\r\n\r\n{value}\r\n'.encode() in asked.body
    assert b"input_fidelity" not in asked.body and b"response_format" not in asked.body


async def test_a_server_that_resembles_it_is_told_no_more_than_it_knows(scripted: ScriptedServer) -> None:
    scripted.will_say(picture())
    await ask(scripted, LOCAL, partials=2, requester="someone", seed=7)
    assert json.loads(scripted.asked[0].body) == {
        "model": "stablediffusion",
        "prompt": "a hill",
        "size": "1024x1024",
        "n": 1,
        "response_format": "b64_json",
    }


async def test_a_seed_is_sent_where_the_operator_says_that_it_counts(scripted: ScriptedServer) -> None:
    scripted.will_say(picture())
    made = await ask(scripted, replace(LOCAL, seeds=True), seed=7)
    assert json.loads(scripted.asked[0].body)["seed"] == 7 and made.seed == 7


async def test_dall_e_3_is_spoken_to_in_its_own_words(scripted: ScriptedServer) -> None:
    scripted.will_say(picture())
    made = await ask(scripted, DALL_E, size="1024x1792", quality="hd")
    sent = json.loads(scripted.asked[0].body)
    assert (sent["size"], sent["quality"], sent["response_format"]) == ("1024x1792", "hd", "b64_json")
    assert made.cost == Decimal("0.12")


@pytest.mark.parametrize(
    ("prompt", "sent"),
    [
        ("cats | dogs", "cats , dogs"),
        ('hill <sd_cpp_extra_args>{"seed": 1}</sd_cpp_extra_args> lake', "hill  lake"),
        ("hill <sd_cpp_extra_args>{", "hill"),
        ("hill <SD_CPP_EXTRA_ARGS >x</ sd_cpp_extra_args> lake", "hill  lake"),
        ("a <sd_cpp_<sd_cpp_extra_args>x</sd_cpp_extra_args>extra_args>y</sd_cpp_extra_args> b", "a  b"),
        ("</sd_cpp_extra_args>hill", "hill"),
        ("<lora:x:1> a hill", "<lora:x:1> a hill"),
    ],
)
async def test_a_prompt_gives_no_commands_to_a_server_of_ones_own(
    scripted: ScriptedServer, prompt: str, sent: str
) -> None:
    scripted.will_say(picture())
    await ask(scripted, SD_CPP, prompt=prompt)
    assert json.loads(scripted.asked[0].body)["prompt"] == sent
    # OpenAI takes it as it is: there it is a text like any other.
    await ask(scripted, FLARE, prompt=prompt)
    assert json.loads(scripted.asked[1].body)["prompt"] == prompt


async def test_a_prompt_of_nothing_but_commands_is_refused(scripted: ScriptedServer) -> None:
    refused = await ask(scripted, SD_CPP, prompt="<sd_cpp_extra_args>{}</sd_cpp_extra_args>")
    assert type(refused) is PromptRefused and not scripted.asked


def test_a_server_of_ones_own_does_one_picture_at_a_time_and_looks_at_no_prompt() -> None:
    own = OpenAIImageProvider("openai", "http://127.0.0.1:9/v1", "key", (LOCAL,))
    theirs = OpenAIImageProvider("openai", "http://127.0.0.1:9/v1", "key", (FLARE, MINI))
    assert (own.at_once, own.is_moderated) == (1, False)
    assert (theirs.at_once, theirs.is_moderated) == (200, True)


# What is answered


async def test_an_address_is_followed_on_the_servers_own_host_only(scripted: ScriptedServer) -> None:
    def at(url: str) -> Answer:
        return Answer(json.dumps({"data": [{"url": url}]}).encode())

    scripted.will_say(at(f"{scripted.url}/generated/a.png"), Answer(b"a picture"))
    made = await ask(scripted, LOCAL)
    assert made.content == b"a picture"
    assert scripted.asked[1].path == "/generated/a.png" and "authorization" not in scripted.asked[1].headers

    async with scripted_server() as elsewhere:
        for url in (
            f"{elsewhere.url}/a.png",
            "https://example.com/a.png",
            "file:///etc/passwd",
            "http://[",
            scripted.url.replace("http:", "ftp:"),
        ):
            scripted.will_say(at(url))
            assert type(await ask(scripted, LOCAL)) is GenerationUnknown
        # A redirect leads nowhere else either.
        scripted.will_say(
            at(f"{scripted.url}/a.png"), Answer(status=302, headers={"location": f"{elsewhere.url}/a.png"})
        )
        assert type(await ask(scripted, LOCAL)) is GenerationUnknown
        assert not elsewhere.asked


async def test_a_file_that_does_not_come_is_looked_for_again_and_not_painted_again(
    scripted: ScriptedServer,
) -> None:
    url = json.dumps({"data": [{"url": f"{scripted.url}/a.png"}]}).encode()
    scripted.will_say(Answer(url), Answer(is_cut=True), Answer(status=503), Answer(b"a picture"))
    assert (await ask(scripted, LOCAL)).content == b"a picture"
    scripted.will_say(Answer(url), Answer(status=404))
    assert type(await ask(scripted, LOCAL)) is GenerationUnknown
    assert [asked.method for asked in scripted.asked].count("POST") == 2


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": "prompt required"}, PromptRefused),
        (500, {"error": "server_error", "message": "boom"}, GenerationUnknown),
        (
            404,
            {"error": {"code": 404, "message": "model not found", "param": None, "type": ""}},
            AccountTrouble,
        ),
        (500, {"error": {"code": 500, "message": "grpc", "type": ""}}, GenerationUnknown),
        (401, {"error": {"code": 401, "message": "An authentication key is required"}}, AccountTrouble),
        (400, {"detail": [{"msg": "nope"}]}, PromptRefused),
    ],
)
async def test_errors_in_another_shape_are_understood(
    scripted: ScriptedServer, status: int, body: Any, kind: type[GenerationError]
) -> None:
    scripted.will_say(Answer(json.dumps(body).encode(), status))
    assert type(await ask(scripted, LOCAL)) is kind


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (stream(PARTIAL), GenerationUnknown),
        (stream(), GenerationUnknown),
        (stream("data: {"), GenerationUnknown),
        (stream("data: [1]"), GenerationUnknown),
        (stream({**DONE, "b64_json": "?"}), GenerationUnknown),
        (stream({**DONE, "b64_json": None}), GenerationUnknown),
        (stream(PARTIAL, {"error": {"code": "moderation_blocked", "message": "x"}}), PromptRefused),
        (stream({"error": {"type": "service_unavailable_error", "message": "x"}}), ProviderDown),
        (stream({"error": {"message": "x"}}), GenerationUnknown),
        (stream({"error": "text"}), GenerationUnknown),
        (stream(*[{**PARTIAL, "b64_json": "A" * 90_000}] * 5, DONE), GenerationUnknown),
        (replace(stream(PARTIAL), length=10_000), GenerationUnknown),
    ],
)
async def test_a_stream_that_ends_badly_is_named_by_what_to_do_next(
    scripted: ScriptedServer, answer: Answer, kind: type[GenerationError]
) -> None:
    scripted.will_say(answer)
    assert type(await ask(scripted, FLARE, partials=1)) is kind
    assert len(scripted.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        picture(),
        stream(DONE),
        stream(": a remark", "event: ping\ndata: {}", PARTIAL, DONE, "data: [DONE]"),
        stream(PARTIAL, DONE, ending="\r\n\r\n"),
        stream({**PARTIAL, "b64_json": "?"}, DONE),
        stream(
            {"type": "image_edit.partial_image", "b64_json": PICTURE},
            {**DONE, "type": "image_edit.completed"},
        ),
    ],
)
async def test_streams_of_every_kind_come_to_a_picture(scripted: ScriptedServer, answer: Answer) -> None:
    scripted.will_say(answer)
    assert (await ask(scripted, FLARE, partials=1)).content == b"picture"


DETAILS = {"text_tokens": 10, "image_tokens": 40}
TOKENS = {"input_tokens": 50, "output_tokens": 439, "total_tokens": 489}


@pytest.mark.parametrize(
    ("model", "usage", "is_edit", "cost"),
    [
        (FLARE, TOKENS, False, "0.013420"),
        (
            FLARE,
            {**TOKENS, "input_tokens_details": {"text_tokens": 10, "image_tokens": 40}},
            True,
            "0.013540",
        ),
        (FLARE, TOKENS, True, None),
        (FLARE, None, False, None),
        (FLARE, {"input_tokens": "x", "output_tokens": 1}, False, None),
        (FLARE, {"input_tokens": 1, "output_tokens": True}, False, None),
        (MINI, TOKENS, False, None),
        (SD_CPP, None, False, "0"),
        (LOCAL, TOKENS, False, None),
    ],
)
async def test_a_cost_is_known_only_from_what_was_reported(
    scripted: ScriptedServer, model: Model, usage: Any, is_edit: bool, cost: str | None
) -> None:
    scripted.will_say(picture(usage=usage))
    sources = (SourcePicture(b"source", "image/png"),) if is_edit else ()
    made = await ask(scripted, model, sources=sources)
    assert made.cost == (None if cost is None else Decimal(cost))


async def test_the_picture_says_which_model_really_made_it(scripted: ScriptedServer) -> None:
    scripted.will_say(picture(model="gpt-image-2.5-flare-2026-09-08"))
    assert (await ask(scripted, FLARE)).model == "gpt-image-2.5-flare-2026-09-08"


# Moderation


async def judge(url: str, key: str, prompt: str) -> Any:
    moderator = OpenAIModerator(url, key, timeout=timedelta(seconds=5))
    try:
        return await moderator.refusal(prompt)
    except GenerationError as error:
        return error
    finally:
        await moderator.close()


@pytest.mark.parametrize(
    ("prompt", "subject"),
    [
        ("a massacre in the snow", "violence"),
        ("how to build a bomb", "advice for crimes"),
        ("hurt myself", "self-harm"),
        ("a massacre with a bomb", "advice for crimes, violence"),
    ],
)
async def test_a_prompt_is_refused_by_its_subject(
    practice: PracticeThread, prompt: str, subject: str
) -> None:
    refused = await judge(practice.openai_url, practice.openai_key, prompt)
    assert f"({subject})" in refused and prompt not in refused


async def test_a_harmless_prompt_passes_and_leaves_no_trace(practice: PracticeThread) -> None:
    assert await judge(practice.openai_url, practice.openai_key, "a calm bay") is None
    assert "calm bay" not in str(practice.control.state()) and practice.control.bills() == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(status=500), ProviderDown),
        (Answer(is_cut=True), ProviderDown),
        (Answer(b"<html>"), ProviderDown),
        (Answer(b'{"results":[]}'), ProviderDown),
        (Answer(b'{"results":[{"flagged":true}]}'), ProviderDown),
        (Answer(status=400), ProviderDown),
        (Answer(status=401), AccountTrouble),
        (Answer(b"{}", 429, {"retry-after": "5"}), ProviderPaces),
    ],
)
async def test_a_moderation_that_does_not_answer_lets_nothing_pass(
    scripted: ScriptedServer, answer: Answer, kind: type[GenerationError]
) -> None:
    scripted.will_say(answer)
    assert type(await judge(f"{scripted.url}/v1", "key", "a hill")) is kind
    assert len(scripted.asked) == 1


async def test_categories_that_are_new_or_null_refuse_without_a_subject(scripted: ScriptedServer) -> None:
    for categories in ({"illicit": None, "something/new": True}, None):
        scripted.will_say(
            Answer(json.dumps({"results": [{"flagged": True, "categories": categories}]}).encode())
        )
        assert "The safety check refuses this prompt." in await judge(f"{scripted.url}/v1", "key", "a hill")


async def test_a_key_that_cannot_be_one_is_not_sent(scripted: ScriptedServer) -> None:
    assert type(await judge(f"{scripted.url}/v1", "sk with space", "x")) is AccountTrouble
    assert not scripted.asked


# The simulator


def test_the_simulator_keeps_the_rules_of_edits(practice: PracticeThread) -> None:
    headers = {"Authorization": f"Bearer {practice.openai_key}"}
    png = base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
    cases: list[tuple[Any, Any, str | None]] = [
        ({"prompt": "x"}, {}, "missing_required_parameter"),
        ({"prompt": "x"}, [("image[]", b"no picture")], "invalid_image_file"),
        ({"prompt": "x"}, [("image[]", png)] * 17, "missing_required_parameter"),
        ({"prompt": "x"}, [("image[]", png), ("mask", b"no picture")], "invalid_image_file"),
        ({"prompt": ""}, [("image[]", png)], "missing_required_parameter"),
        ({"prompt": "x", "n": "11"}, [("image[]", png)], "invalid_value"),
        ({"prompt": "x", "style": "vivid"}, [("image[]", png)], "unknown_parameter"),
        ({"prompt": "x", "size": "1024x640", "quality": "low"}, [("image[]", png), ("mask", png)], None),
    ]
    with httpx.Client(base_url=practice.openai_url, headers=headers, trust_env=False) as client:
        for fields, parts, code in cases:
            files = [(name, ("a.png", content, "image/png")) for name, content in parts] or {
                "none": ("x", b"")
            }
            answer = client.post("/images/edits", data=fields, files=files)
            told = answer.json().get("error", {}).get("code")
            assert told == code, (fields, answer.text[:200])
        url = f"data:image/png;base64,{base64.b64encode(png).decode()}"
        for images, status in (
            ([{"image_url": url}], 200),
            ([{"file_id": "file-1"}], 400),
            ([{"image_url": url, "file_id": "file-1"}], 400),
            ([], 400),
        ):
            body = {"prompt": "x", "size": "1024x640", "images": images}
            assert client.post("/images/edits", json=body).status_code == status
        assert client.post("/moderations", json={"input": ["a", "a bomb"]}).json()["results"][1]["flagged"]
        assert client.post("/moderations", json={"input": 5}).status_code == 400
        assert client.post("/moderations", json={"input": "a", "model": "x"}).status_code == 404
    with httpx.Client(base_url=practice.openai_url, trust_env=False) as stranger:
        for path in ("/images/edits", "/moderations"):
            assert stranger.post(path, json={}).status_code == 401
