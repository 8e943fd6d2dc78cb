"""The oddities of Stable Diffusion servers of one's own: AUTOMATIC1111 with its kin, and ComfyUI."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.providers.image_generation.automatic1111 import Automatic1111Provider
from app.providers.image_generation.base import (
    AccountTrouble,
    GenerationError,
    GenerationRequest,
    GenerationUnknown,
    Model,
    PromptRefused,
    ProviderDown,
    SourcePicture,
)
from app.providers.image_generation.comfyui import ComfyUIProvider, WorkflowBroken, read_workflow
from tests.contracts.painters import CATALOGUE, LOOK, Notes
from tests.contracts.scripted_server import Answer, ScriptedServer, scripted_server
from tests.practice_server import PracticeThread, practice_thread

LOADED = CATALOGUE.find("automatic1111", "as loaded")
CHECKPOINT = CATALOGUE.find("automatic1111", "dreamshaper_8.safetensors")
COMFY = CATALOGUE.find("comfyui", "sd_xl_base_1.0.safetensors")
PICTURE = base64.b64encode(b"the picture").decode()


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as running:
        yield running


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeThread]:
    with practice_thread(tmp_path_factory.mktemp("practice")) as running:
        running.control.settings(painting_ms=10)
        yield running


async def outcome(provider: Any, call: Any) -> Any:
    try:
        return await call
    except GenerationError as error:
        return error
    finally:
        await provider.close()


def wish(model: Model, **changes: Any) -> GenerationRequest:
    asked: dict[str, Any] = {"prompt": "a hill", "size": "512x512", "quality": "standard"} | changes
    return GenerationRequest(model=model.id, **asked)


# AUTOMATIC1111


async def draw(url: str, model: Model = LOADED, **changes: Any) -> Any:
    provider = Automatic1111Provider("automatic1111", url, (LOADED, CHECKPOINT))
    return await outcome(provider, provider.generate(wish(model, **changes)))


def drawn(info: object = "", images: object = (PICTURE,)) -> Answer:
    return Answer(json.dumps({"images": images, "parameters": {}, "info": info}).encode())


async def test_what_is_sent_is_what_the_server_knows(scripted: ScriptedServer) -> None:
    scripted.will_say(drawn())
    await draw(scripted.url.replace("://", "://name:pass%20word@"), seed=5, quality="hd")
    (asked,) = scripted.asked
    assert asked.path == "/sdapi/v1/txt2img"
    assert asked.headers["authorization"] == "Basic " + base64.b64encode(b"name:pass word").decode()
    assert json.loads(asked.body) == {
        "prompt": "a hill",
        "negative_prompt": "",
        "width": 512,
        "height": 512,
        "steps": 50,
        "seed": 5,
        "sampler_name": "DPM++ 2M",
        "scheduler": "Karras",
        "cfg_scale": 7,
        "batch_size": 1,
        "n_iter": 1,
        "send_images": True,
        "save_images": False,
    }


async def test_another_checkpoint_is_loaded_for_the_call(scripted: ScriptedServer) -> None:
    scripted.will_say(drawn())
    made = await draw(scripted.url, CHECKPOINT)
    sent = json.loads(scripted.asked[0].body)
    assert sent["override_settings"] == {"sd_model_checkpoint": "dreamshaper_8.safetensors"}
    assert sent["override_settings_restore_afterwards"] is True and made.model == CHECKPOINT.id


@pytest.mark.parametrize(
    ("info", "seed", "model"),
    [
        ('{"seed": 9, "all_seeds": [9], "sd_model_name": "dream"}', 9, "dream"),
        ('{"seed": 0}', 0, "as loaded"),
        ("", 5, "as loaded"),
        ("no json", 5, "as loaded"),
        ("[]", 5, "as loaded"),
        (None, 5, "as loaded"),
        ({"seed": 9}, 5, "as loaded"),
        ('{"seed": "9", "sd_model_name": 7}', 5, "as loaded"),
    ],
)
async def test_what_the_server_tells_of_its_work_is_json_in_a_string_or_nothing(
    scripted: ScriptedServer, info: object, seed: int, model: str
) -> None:
    scripted.will_say(drawn(info))
    made = await draw(scripted.url, seed=5)
    assert (made.content, made.seed, made.model) == (b"the picture", seed, model)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (drawn(images=[]), GenerationUnknown),
        (drawn(images=None), GenerationUnknown),
        (drawn(images=[None]), GenerationUnknown),
        (drawn(images=["?"]), GenerationUnknown),
        (Answer(b"[]"), GenerationUnknown),
        (Answer(b'{"detail":"Not Found"}', 404), AccountTrouble),
        (Answer(b'{"error":"HTTPException","detail":"Sampler not found"}', 404), AccountTrouble),
        (Answer(b'{"detail":[{"msg":"x"}]}', 422), PromptRefused),
        (Answer(b'{"error":"OutOfMemoryError","errors":"CUDA out of memory."}', 500), PromptRefused),
        (Answer(b'{"error":"RuntimeError"}', 500), ProviderDown),
        (Answer(b"<html>", 500), GenerationUnknown),
        (Answer(b"<html>", 504), GenerationUnknown),
        (Answer(b"", 301), AccountTrouble),
        # The server of stable-diffusion.cpp says it in another way.
        (Answer(b'{"error":"server_error","message":"x"}', 500), ProviderDown),
        (Answer(b'{"error":"prompt required"}', 400), PromptRefused),
    ],
)
async def test_every_answer_without_a_picture_is_named_by_what_to_do_next(
    scripted: ScriptedServer, answer: Answer, kind: type[GenerationError]
) -> None:
    scripted.will_say(answer)
    assert type(await draw(scripted.url)) is kind
    assert len(scripted.asked) == 1


async def test_a_picture_too_large_for_the_machine_is_told(practice: PracticeThread) -> None:
    practice.control.settings(gpu_megapixels=0)
    error = await draw(practice.automatic1111_url)
    assert type(error) is PromptRefused and "memory" in error.detail
    practice.control.settings(gpu_megapixels=4)


@pytest.mark.parametrize(("format", "start"), [("jpg", b"\xff\xd8"), ("webp", b"RIFF"), ("png", b"\x89PNG")])
async def test_pictures_come_in_the_format_that_the_server_likes(
    practice: PracticeThread, format: str, start: bytes
) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        options = f"{practice.automatic1111_url}/sdapi/v1/options"
        assert (await client.post(options, json={"samples_format": format})).status_code == 200
    assert (await draw(practice.automatic1111_url)).content.startswith(start)


async def test_the_model_that_really_made_it_is_told(practice: PracticeThread) -> None:
    assert (await draw(practice.automatic1111_url)).model == "sd_xl_base_1.0"
    assert (await draw(practice.automatic1111_url, CHECKPOINT)).model == "dreamshaper_8"


async def test_a_checkpoint_that_is_not_there_is_told(practice: PracticeThread) -> None:
    missing = CATALOGUE.find("automatic1111", "missing.safetensors")
    provider = Automatic1111Provider("automatic1111", practice.automatic1111_url, (missing,))
    assert type(await outcome(provider, provider.generate(wish(missing)))) is AccountTrouble


async def test_a_source_goes_as_plain_base64(scripted: ScriptedServer) -> None:
    scripted.will_say(drawn())
    await draw(scripted.url, sources=(SourcePicture(b"source", "image/jpeg"),), mask=b"mask")
    sent = json.loads(scripted.asked[0].body)
    assert scripted.asked[0].path == "/sdapi/v1/img2img"
    assert sent["init_images"] == [base64.b64encode(b"source").decode()]
    assert sent["mask"] == base64.b64encode(b"mask").decode() and sent["inpainting_mask_invert"] == 1


def test_the_simulator_of_automatic1111_keeps_the_rules(practice: PracticeThread) -> None:
    base = f"{practice.automatic1111_url}/sdapi/v1"
    with httpx.Client(trust_env=False) as client:
        client.post(f"{base}/options", json={"samples_format": "png"})
        for wrong, status in (
            ({"width": 513}, 422),
            ({"width": "512"}, 422),
            ({"steps": 0}, 422),
            ({"cfg_scale": "x"}, 422),
            ({"prompt": 7}, 422),
            ({"sampler_name": "Magic"}, 404),
            ({"scheduler": "Magic"}, 404),
            ({"override_settings": {"sd_model_checkpoint": "x"}}, 404),
        ):
            assert client.post(f"{base}/txt2img", json={"prompt": "x"} | wrong).status_code == status, wrong
        assert client.post(f"{base}/img2img", json={"prompt": "x"}).status_code == 404
        assert client.post(f"{base}/img2img", json={"init_images": ["?"]}).status_code == 500
        several = client.post(f"{base}/txt2img", json={"prompt": "x", "batch_size": 2}).json()
        assert len(several["images"]) == 3 and len(json.loads(several["info"])["all_seeds"]) == 2
        assert client.get(f"{base}/sd-models").json() and client.get(f"{base}/samplers").json()
        assert client.get(f"{base}/nonsense").status_code == 404
        assert client.get(f"{base}/progress").json()["progress"] == 0
        stranger = practice.url + "/automatic1111/sdapi/v1"
        for path in ("txt2img", "img2img", "interrupt", "options"):
            assert client.post(f"{stranger}/{path}", json={}).status_code == 401
        for path in ("progress", "options", "sd-models"):
            assert client.get(f"{stranger}/{path}").status_code == 401


# ComfyUI


def comfy(url: str, workflow: Any = None, **changes: Any) -> ComfyUIProvider:
    usual: dict[str, Any] = {"look_every": LOOK, "timeout": timedelta(seconds=20)}
    return ComfyUIProvider("comfyui", url, (COMFY,), workflow or read_workflow(None), **(usual | changes))


async def test_the_workflow_is_filled_and_queued_under_our_own_name(practice: PracticeThread) -> None:
    provider, notes = comfy(practice.comfyui_url), Notes()
    made = await outcome(provider, provider.generate(wish(COMFY, seed=5, quality="hd"), notes))
    (call,) = practice.control.calls("comfyui.prompt")[-1:]
    assert call["params"]["prompt_id"] == notes.handles[0] and made.seed == 5
    assert practice.openai_key not in str(practice.control.calls())


async def test_a_prompt_cannot_fill_in_other_words(scripted: ScriptedServer) -> None:
    scripted.will_say(Answer(b"{}", 400))
    provider = comfy(scripted.url)
    prompt = '{seed} {model} "}, "x": {'
    await outcome(provider, provider.generate(wish(COMFY, prompt=prompt, seed=5)))
    sent = json.loads(scripted.asked[0].body)
    nodes = sent["prompt"]
    assert nodes["6"]["inputs"]["text"] == prompt
    assert nodes["3"]["inputs"]["seed"] == 5 and nodes["3"]["inputs"]["steps"] == 25
    assert nodes["4"]["inputs"]["ckpt_name"] == "sd_xl_base_1.0.safetensors"
    assert nodes["5"]["inputs"] == {"width": 512, "height": 512, "batch_size": 1}
    assert nodes["9"]["inputs"]["filename_prefix"] == f"aigrowth-{sent['prompt_id']}"
    assert "origin" not in scripted.asked[0].headers


async def test_the_same_workflow_twice_gives_nothing_unless_it_is_named_anew(
    practice: PracticeThread,
) -> None:
    workflow = json.loads(json.dumps(read_workflow(None)))
    workflow["9"]["inputs"]["filename_prefix"] = "always the same"
    request = wish(COMFY, seed=11)
    provider = comfy(practice.comfyui_url, workflow)
    assert (await provider.generate(request)).content
    # This is what the server does, and why the shipped workflow puts the name of the work into its last node.
    assert type(await outcome(provider, provider.generate(request))) is AccountTrouble
    provider = comfy(practice.comfyui_url)
    first = await provider.generate(request)
    again = await outcome(provider, provider.generate(request))
    assert first.content == again.content


async def test_a_picture_only_shown_in_passing_counts_where_there_is_no_other(
    practice: PracticeThread,
) -> None:
    workflow = json.loads(json.dumps(read_workflow(None)))
    workflow["10"] = {"class_type": "PreviewImage", "inputs": {"images": ["8", 0]}}
    provider = comfy(practice.comfyui_url, workflow)
    assert (await outcome(provider, provider.generate(wish(COMFY)))).content
    assert practice.control.calls("comfyui.view")[-1]["params"]["type"] == "output"
    del workflow["9"]
    provider = comfy(practice.comfyui_url, workflow)
    assert (await outcome(provider, provider.generate(wish(COMFY)))).content
    assert practice.control.calls("comfyui.view")[-1]["params"]["type"] == "temp"


async def test_a_checkpoint_that_the_server_has_not_is_told(practice: PracticeThread) -> None:
    missing = CATALOGUE.find("comfyui", "missing.safetensors")
    provider = ComfyUIProvider("comfyui", practice.comfyui_url, (missing,), read_workflow(None))
    error = await outcome(provider, provider.generate(wish(missing)))
    assert type(error) is AccountTrouble and "workflow" in error.detail


async def test_a_run_that_fails_or_is_stopped_by_somebody_says_so(practice: PracticeThread) -> None:
    practice.control.settings(gpu_megapixels=0)
    provider = comfy(practice.comfyui_url)
    error = await outcome(provider, provider.generate(wish(COMFY)))
    assert type(error) is PromptRefused and "memory" in error.detail
    practice.control.settings(gpu_megapixels=4, painting_ms=60_000)
    provider, notes = comfy(practice.comfyui_url), Notes()
    task = asyncio.create_task(outcome(provider, provider.generate(wish(COMFY), notes)))
    async with httpx.AsyncClient(trust_env=False) as client:
        while not (await client.get(f"{practice.comfyui_url}/queue")).json()["queue_running"]:
            await asyncio.sleep(0.02)
        await client.post(f"{practice.comfyui_url}/interrupt", json={})
    error = await task
    assert type(error) is PromptRefused and "stopped" in error.detail
    practice.control.settings(painting_ms=10)


async def test_work_that_waits_is_taken_out_of_the_queue_when_it_is_called_off(
    practice: PracticeThread,
) -> None:
    practice.control.settings(painting_ms=60_000)
    provider, other = comfy(practice.comfyui_url), Notes()
    running = asyncio.create_task(provider.generate(wish(COMFY), Notes()))
    async with httpx.AsyncClient(base_url=practice.comfyui_url, trust_env=False) as client:

        async def queue(place: str, count: int) -> None:
            while len((await client.get("/queue")).json()[f"queue_{place}"]) != count:
                await asyncio.sleep(0.02)

        await queue("running", 1)
        waiting = asyncio.create_task(provider.generate(wish(COMFY), other))
        await queue("pending", 1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await queue("pending", 0)
        await queue("running", 1)  # what somebody else waits for goes on
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await queue("running", 0)
    await provider.close()
    practice.control.settings(painting_ms=10)


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        # The history is gone after a restart, and so is the queue.
        ([Answer(b"{}"), Answer(b'{"queue_running":[],"queue_pending":[]}')], GenerationUnknown),
        ([Answer(b"{}"), Answer(b"{}")], GenerationUnknown),
        ([Answer(status=500)], GenerationUnknown),
        ([Answer(b"<html>")], GenerationUnknown),
    ],
)
async def test_work_that_the_server_has_forgotten_is_unknown(
    scripted: ScriptedServer, answers: list[Answer], kind: type[GenerationError]
) -> None:
    provider = comfy(scripted.url, timeout=timedelta(seconds=1))
    scripted.will_say(*(answers * 200))
    handle = "0b1c0ffe-0000-4000-8000-000000000000"
    assert type(await outcome(provider, provider.resume(wish(COMFY), handle))) is kind
    assert {asked.method for asked in scripted.asked} == {"GET"}


async def test_a_server_that_gives_its_own_name_is_unknown(scripted: ScriptedServer) -> None:
    scripted.will_say(Answer(b'{"prompt_id":"another","number":1,"node_errors":{}}'))
    provider = comfy(scripted.url)
    assert type(await outcome(provider, provider.generate(wish(COMFY)))) is GenerationUnknown


async def test_a_file_that_is_gone_is_unknown(scripted: ScriptedServer) -> None:
    handle = "0b1c0ffe-0000-4000-8000-000000000000"
    outputs = {"9": {"images": [{"filename": "a.png", "subfolder": "s", "type": "output"}]}}
    done = {handle: {"outputs": outputs, "status": {"status_str": "success"}}}
    for answers, expected in (
        ([Answer(status=404)], None),
        ([Answer(status=502), Answer(b"the picture")], b"the picture"),
        ([Answer(is_cut=True), Answer(b"the picture")], b"the picture"),
        ([Answer(is_cut=True)] * 3, None),
        ([Answer(b"")] * 3, None),
    ):
        scripted.will_say(Answer(json.dumps(done).encode()), *answers)
        provider = comfy(scripted.url)
        made = await outcome(provider, provider.resume(wish(COMFY), handle))
        if expected is None:
            assert type(made) is GenerationUnknown
        else:
            assert made.content == expected
    assert scripted.asked[-1].query == {"filename": "a.png", "type": "output"} | {"subfolder": "s"}


def test_the_simulator_of_comfyui_keeps_the_rules(practice: PracticeThread) -> None:
    good = json.loads(json.dumps(read_workflow(None)))
    good["3"]["inputs"] |= {"seed": 1, "steps": 5}
    good["4"]["inputs"]["ckpt_name"] = "dreamshaper_8.safetensors"
    good["5"]["inputs"] |= {"width": 256, "height": 256}
    with httpx.Client(base_url=practice.comfyui_url, trust_env=False) as client:

        def queue(workflow: Any, **more: Any) -> httpx.Response:
            return client.post("/prompt", json={"prompt": workflow, **more})

        def changed(node: str, **inputs: Any) -> Any:
            workflow = json.loads(json.dumps(good))
            workflow[node]["inputs"] |= inputs
            return workflow

        for workflow, kind in (
            (None, "no_prompt"),
            ({}, "no_prompt"),
            ({"1": {"class_type": "Magic", "inputs": {}}}, "invalid_prompt"),
            ({"1": "x"}, "invalid_prompt"),
            (changed("4", ckpt_name="x"), "prompt_outputs_failed_validation"),
            (changed("5", width=257), "prompt_outputs_failed_validation"),
            (changed("3", model=["77", 0]), "prompt_outputs_failed_validation"),
            (changed("3", steps="5"), "prompt_outputs_failed_validation"),
            ({key: node for key, node in good.items() if key != "9"}, "prompt_no_outputs"),
        ):
            answer = queue(workflow)
            assert (answer.status_code, answer.json()["error"]["type"]) == (400, kind)
        assert client.post("/prompt", json={}, headers={"Origin": "https://evil.example"}).status_code == 403
        started = queue(good).json()
        assert started["node_errors"] == {} and started["prompt_id"]
        assert client.get("/history/nothing").json() == {}
        assert client.get("/view", params={"filename": "../x"}).status_code == 400
        assert client.get("/view", params={"filename": "a", "subfolder": ".."}).status_code == 403
        assert client.get("/view", params={"filename": "a"}).status_code == 404
        assert client.get("/system_stats").status_code == 200
        assert client.get("/object_info/KSampler").json()
        while started["prompt_id"] not in client.get("/history").json():
            pass
        client.post("/history", json={"clear": True})
        assert client.get("/history").json() == {}
        assert client.get(f"{practice.url}/comfyui/not-the-key/queue").status_code == 404


# Workflows of one's own


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no JSON"),
        ("[]", "no workflow in API format"),
        ('{"nodes": [], "links": []}', "no workflow in API format"),
        ('{"1": {"class_type": "X"}}', "no workflow in API format"),
        ('{"1": {"class_type": "X", "inputs": {"seed": "{seed}"}}}', "no input is {prompt}"),
        ('{"1": {"class_type": "X", "inputs": {"text": "{prompt}"}}}', "no input is {seed}"),
    ],
)
def test_a_workflow_that_cannot_be_used_is_told(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "workflow.json"
    path.write_text(text)
    with pytest.raises(WorkflowBroken) as broken:
        read_workflow(path)
    assert said in str(broken.value) and "COMFYUI_WORKFLOW" in str(broken.value)


def test_a_workflow_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(WorkflowBroken, match="can't be read"):
        read_workflow(tmp_path / "missing.json")
