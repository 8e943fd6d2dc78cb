"""What the adapters send and the simulators answer, held against the vendors' own OpenAPI files.

The files do not belong to this repository; where they are not beside it, there is nothing to hold against.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator, ValidationError

from app.providers.image_generation.base import GenerationError, GenerationRequest, SourcePicture
from app.providers.image_generation.catalogue import read_catalogue
from app.providers.image_generation.openai import OpenAIImageProvider, OpenAIModerator
from app.providers.image_generation.replicate import ReplicateProvider
from tests.contracts.scripted_server import Answer, ScriptedServer, scripted_server
from tests.practice_server import PracticeThread, practice_thread

SPECS = Path(__file__).resolve().parents[4] / "shared" / "contracts" / "specs"
CATALOGUE = read_catalogue()
# The file is older than the models of today: sizes that it does not list are left out here.
FLARE = CATALOGUE.find("openai", "gpt-image-2.5-flare")
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

pytestmark = pytest.mark.skipif(
    not SPECS.is_dir(), reason="the vendors' OpenAPI files are not beside this repository"
)


def holds(file: str, schema: str, value: object) -> None:
    """Raises `ValidationError` where a value is not what the vendor's schema says."""
    document = json.loads((SPECS / file).read_text(encoding="utf-8"))
    rule = {"$ref": f"#/components/schemas/{schema}", "components": document["components"]}
    Draft202012Validator(rule).validate(value)


def openai(schema: str, value: object) -> None:
    holds("openai-images.openapi.json", schema, value)


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as running:
        running.will_say(Answer(b'{"results":[{"flagged":false,"categories":{}}]}', 200))
        yield running


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeThread]:
    with practice_thread(tmp_path_factory.mktemp("practice")) as running:
        yield running


@pytest.fixture
async def client(practice: PracticeThread) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {practice.openai_key}"}
    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=60) as made:
        yield made


async def sent_to_openai(scripted: ScriptedServer, **wanted: Any) -> bytes:
    """What the adapter sends for a request, after which nothing useful is answered."""
    provider = OpenAIImageProvider("openai", f"{scripted.url}/v1", "key", (FLARE,))
    asked: dict[str, Any] = {"prompt": "a hill", "size": "1024x1024", "quality": "standard"} | wanted
    with pytest.raises(GenerationError):
        await provider.generate(GenerationRequest(model=FLARE.id, **asked))
    await provider.close()
    return scripted.asked[-1].body


@pytest.mark.parametrize("wanted", [{}, {"quality": "hd", "size": "1024x1792"}, {"partials": 2}])
async def test_a_request_for_a_picture_and_its_answer(
    scripted: ScriptedServer, client: httpx.AsyncClient, practice: PracticeThread, wanted: dict[str, Any]
) -> None:
    body = json.loads(await sent_to_openai(scripted, **wanted))
    openai("CreateImageRequest", body)
    body["size"] = "1024x1024"
    answer = await client.post(f"{practice.openai_url}/images/generations", json=body)
    if not wanted.get("partials"):
        openai("ImagesResponse", answer.json())
        return
    events = [
        json.loads(block.partition("\ndata: ")[2]) for block in answer.text.split("\n\n") if block.strip()
    ]
    assert [event["type"].partition(".")[2] for event in events] == ["partial_image"] * 2 + ["completed"]
    for event in events:
        openai("ImageGenStreamEvent", event)


@pytest.mark.parametrize("is_streamed", [False, True])
async def test_a_request_for_an_edit_and_its_answer(
    scripted: ScriptedServer, client: httpx.AsyncClient, practice: PracticeThread, is_streamed: bool
) -> None:
    body = await sent_to_openai(
        scripted,
        sources=(SourcePicture(PNG, "image/png"),) * 2,
        mask=PNG,
        partials=1 if is_streamed else 0,
    )
    content_type = scripted.asked[-1].headers["content-type"]
    fields = _fields(body)
    openai("CreateImageEditRequest", fields)
    answer = await client.post(
        f"{practice.openai_url}/images/edits", content=body, headers={"content-type": content_type}
    )
    assert answer.status_code == 200, answer.text
    if not is_streamed:
        openai("ImagesResponse", answer.json())
        return
    for block in answer.text.strip().split("\n\n"):
        openai("ImageEditStreamEvent", json.loads(block.partition("\ndata: ")[2]))


def _fields(body: bytes) -> dict[str, Any]:
    """A form as the schema has it: files as texts, numbers as numbers."""
    fields: dict[str, Any] = {"image": []}
    for part in body.split(b"\r\n--"):
        head, _, value = part.partition(b"\r\n\r\n")
        name = head.partition(b'name="')[2].partition(b'"')[0].decode()
        if name == "image[]":
            fields["image"].append("file")
        elif name:
            text = "file" if b"filename" in head else value.decode()
            fields[name] = int(text) if text.isdigit() else text == "true" if name == "stream" else text
    return fields


async def test_a_moderation_and_its_answer(
    scripted: ScriptedServer, client: httpx.AsyncClient, practice: PracticeThread
) -> None:
    moderator = OpenAIModerator(f"{scripted.url}/v1", "key")
    await moderator.refusal("a hill")
    await moderator.close()
    body = json.loads(scripted.asked[-1].body)
    openai("CreateModerationRequest", body)
    for prompt in ("a hill", "a massacre with a bomb"):
        answer = await client.post(f"{practice.openai_url}/moderations", json={**body, "input": prompt})
        openai("CreateModerationResponse", answer.json())


async def test_errors_have_the_envelope(client: httpx.AsyncClient, practice: PracticeThread) -> None:
    for body in ({"prompt": ""}, {"prompt": "x", "model": "x"}, {"prompt": "blocked-by-provider"}):
        answer = await client.post(f"{practice.openai_url}/images/generations", json=body)
        assert answer.status_code >= 400
        openai("ErrorResponse", answer.json())
    openai("ListModelsResponse", (await client.get(f"{practice.openai_url}/models")).json())


@pytest.mark.parametrize(
    ("model", "schema"),
    [
        ("black-forest-labs/flux-schnell", "schemas_prediction_request"),
        ("black-forest-labs/flux-1.1-pro", "schemas_prediction_request"),
        (
            "stability-ai/sdxl:7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc",
            "schemas_version_prediction_request",
        ),
    ],
)
async def test_a_prediction_as_it_is_asked_for(
    scripted: ScriptedServer,
    client: httpx.AsyncClient,
    practice: PracticeThread,
    model: str,
    schema: str,
) -> None:
    name, _, version = model.partition(":")
    found = CATALOGUE.find("replicate", name)
    if version:
        found = replace(found, id=model)
    provider = ReplicateProvider("replicate", scripted.url, "key", (found,), has_own_files=True)
    with pytest.raises(GenerationError):
        await provider.generate(GenerationRequest("a hill", found.id, "1024x1024", "standard"))
    await provider.close()
    asked = scripted.asked[-1]
    body = json.loads(asked.body)
    holds("replicate-predictions.openapi.json", schema, body)
    # The simulator takes what the vendor's file allows. Of answers the file says nothing.
    answer = await client.post(f"{practice.replicate_url}{asked.path}", json=body)
    assert answer.status_code == 201, answer.text


def test_the_files_refuse_what_is_wrong() -> None:
    for schema, value in (
        ("CreateImageRequest", {"prompt": 7}),
        ("CreateImageRequest", {"n": 1}),
        ("CreateImageRequest", {"prompt": "x", "n": 11}),
        ("ImagesResponse", {"data": []}),
        ("ImagesResponse", {"created": 1, "size": 7}),
        ("CreateModerationResponse", {"id": "x", "model": "y", "results": [{}]}),
        ("ErrorResponse", {"error": "text"}),
        ("ImageGenStreamEvent", {"type": "image_generation.completed"}),
    ):
        with pytest.raises(ValidationError):
            openai(schema, value)
    with pytest.raises(ValidationError):
        holds("replicate-predictions.openapi.json", "schemas_prediction_request", {"nonsense": 1})
