"""Making a picture over the OpenAI Images API: against the practice provider, and against broken answers."""

from __future__ import annotations

import base64
import io
import json
import logging
import socket
import traceback
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image

from app.providers.image_generation import wire
from app.providers.image_generation.base import (
    AccountTrouble,
    GenerationError,
    GenerationRequest,
    GenerationUnknown,
    PromptRefused,
    ProviderDown,
    ProviderPaces,
)
from app.providers.image_generation.catalogue import read_catalogue
from app.providers.image_generation.openai import OpenAIImageProvider
from practice.openai.images import painter_key
from tests.contracts.scripted_server import Answer, ScriptedServer, scripted_server
from tests.practice_server import CONTROL_KEY, PracticeProcess, practice_process

KEY = painter_key(CONTROL_KEY)
PROMPT = "A planted prompt: a quiet harbour at dawn"
CATALOGUE = read_catalogue()
MODELS = (*CATALOGUE.of("practice"), *CATALOGUE.of("openai")[:12])
COMPATIBLE = (CATALOGUE.find("openai", "stablediffusion"),)
EDGE = "images.generations"

Kind = type[GenerationError]


def wish(prompt: str = PROMPT, **changes: Any) -> GenerationRequest:
    asked: dict[str, Any] = {
        "model": "practice-image-1",
        "size": "1024x1024",
        "quality": "standard",
    } | changes
    return GenerationRequest(prompt=prompt, **asked)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeProcess]:
    with practice_process(tmp_path_factory.mktemp("practice")) as running:
        yield running


@pytest.fixture
def practice(server: PracticeProcess) -> Iterator[PracticeProcess]:
    yield server
    server.control.release(execute=False)
    server.control.clear_faults()


@pytest.fixture
async def provider(practice: PracticeProcess) -> AsyncIterator[OpenAIImageProvider]:
    running = OpenAIImageProvider("practice", practice.openai_url, KEY, MODELS)
    yield running
    await running.close()


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as running:
        yield running


@pytest.fixture
async def against_script(scripted: ScriptedServer) -> AsyncIterator[OpenAIImageProvider]:
    running = OpenAIImageProvider("openai", f"{scripted.url}/v1", KEY, MODELS)
    yield running
    await running.close()


async def failure(call: Any) -> GenerationError:
    with pytest.raises(GenerationError) as caught:
        await call
    return caught.value


def refusal(
    status: int,
    code: object,
    kind: object = "invalid_request_error",
    *,
    headers: dict[str, str] | None = None,
    **more: Any,
) -> Answer:
    error = {"message": f"Refused {PROMPT} {KEY}", "type": kind, "param": None, "code": code, **more}
    return Answer(json.dumps({"error": error}).encode(), status, headers or {})


# Against the practice provider


@pytest.mark.parametrize("size", ["1024x1024", "1024x1792", "1792x1024"])
async def test_a_picture_is_painted_in_the_size_that_was_asked_for(
    provider: OpenAIImageProvider, size: str
) -> None:
    made = await provider.generate(wish(size=size))
    image = Image.open(io.BytesIO(made.content), formats=["PNG"])
    assert f"{image.width}x{image.height}" == size
    assert made.model == "practice-image-1"
    assert made.input_tokens and made.output_tokens


async def test_the_words_of_the_house_become_the_words_of_the_provider(
    provider: OpenAIImageProvider, practice: PracticeProcess
) -> None:
    for quality in ("standard", "hd"):
        await provider.generate(wish(quality=quality))
    calls = [call["params"] for call in practice.control.calls(EDGE)][-2:]
    assert [call["quality"] for call in calls] == ["medium", "high"]
    assert all(call["model"] == "practice-image-1" and call["n"] == 1 for call in calls)


async def test_a_prompt_that_the_provider_refuses_is_told_and_costs_nothing(
    provider: OpenAIImageProvider, practice: PracticeProcess
) -> None:
    before = len(practice.control.calls(EDGE))
    error = await failure(provider.generate(wish("please blocked-by-provider now")))
    assert type(error) is PromptRefused and "blocked-by-provider" not in str(error)
    assert len(practice.control.calls(EDGE)) == before + 1


async def test_a_wrong_key_and_an_unknown_model_are_the_owners_business(practice: PracticeProcess) -> None:
    for key, model in (("sk-not-practice", "practice-image-1"), (KEY, "gpt-image-1")):
        provider = OpenAIImageProvider("practice", practice.openai_url, key, MODELS)
        try:
            assert type(await failure(provider.generate(wish(model=model)))) is AccountTrouble
        finally:
            await provider.close()


async def test_a_size_that_the_model_cannot_make_is_refused(provider: OpenAIImageProvider) -> None:
    assert type(await failure(provider.generate(wish(size="1080x1350")))) is PromptRefused


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "garbage", "truncated", "http_500"])
async def test_a_lost_answer_is_unknown_and_asked_for_only_once(
    provider: OpenAIImageProvider, practice: PracticeProcess, kind: str
) -> None:
    practice.control.fault(kind, edge=EDGE)
    before = len(practice.control.calls(EDGE))
    assert type(await failure(provider.generate(wish()))) is GenerationUnknown
    assert len(practice.control.calls(EDGE)) == before + 1


async def test_a_picture_that_takes_too_long_is_unknown(practice: PracticeProcess) -> None:
    practice.control.fault("hold_before", edge=EDGE)
    hasty = OpenAIImageProvider("practice", practice.openai_url, KEY, MODELS, timeout=timedelta(seconds=0.5))
    try:
        assert type(await failure(hasty.generate(wish()))) is GenerationUnknown
    finally:
        await hasty.close()


# Against a server that says anything

ERRORS: list[tuple[int, object, object, Kind]] = [
    (400, "invalid_value", "invalid_request_error", PromptRefused),
    (400, "unknown_parameter", "invalid_request_error", PromptRefused),
    (400, "moderation_blocked", "image_generation_user_error", PromptRefused),
    (400, None, "image_generation_user_error", PromptRefused),
    (400, "content_policy_violation", "invalid_request_error", PromptRefused),
    (401, "invalid_api_key", "invalid_request_error", AccountTrouble),
    (401, None, None, AccountTrouble),
    (402, None, None, AccountTrouble),
    (403, None, "invalid_request_error", AccountTrouble),
    (404, "model_not_found", "invalid_request_error", AccountTrouble),
    (400, "model_not_found", "invalid_request_error", AccountTrouble),
    (404, None, None, AccountTrouble),
    (409, None, None, ProviderDown),
    (413, None, None, PromptRefused),
    (429, "rate_limit_exceeded", "requests", ProviderPaces),
    (429, "rate_limit_exceeded", "tokens", ProviderPaces),
    (429, "slow_down", "rate_limit_error", ProviderPaces),
    (429, None, None, ProviderPaces),
    (429, "insufficient_quota", "insufficient_quota", AccountTrouble),
    (429, "credit_balance_exhausted", "insufficient_quota", AccountTrouble),
    (429, "organization_spend_limit_exceeded", "insufficient_quota", AccountTrouble),
    (429, "project_spend_limit_exceeded", "insufficient_quota", AccountTrouble),
    (429, "organization_usage_limit_exceeded", "insufficient_quota", AccountTrouble),
    (429, "something_new", "insufficient_quota", AccountTrouble),
    (400, "billing_hard_limit_reached", "invalid_request_error", AccountTrouble),
    (429, "billing_not_active", "invalid_request_error", AccountTrouble),
    (500, "server_error", "server_error", GenerationUnknown),
    (500, None, None, GenerationUnknown),
    (502, None, None, GenerationUnknown),
    (503, None, None, GenerationUnknown),
    (503, "server_is_overloaded", "service_unavailable_error", ProviderDown),
    (503, None, "service_unavailable_error", ProviderDown),
    (408, None, None, GenerationUnknown),
    (302, None, None, AccountTrouble),
]


@pytest.mark.parametrize(("status", "code", "kind", "expected"), ERRORS)
async def test_every_documented_error_is_named_by_what_to_do_next(
    against_script: OpenAIImageProvider,
    scripted: ScriptedServer,
    status: int,
    code: object,
    kind: object,
    expected: Kind,
) -> None:
    scripted.will_say(refusal(status, code, kind))
    error = await failure(against_script.generate(wish()))
    assert type(error) is expected
    assert error.detail.endswith(".") and KEY not in str(error) and PROMPT not in str(error)
    assert len(scripted.asked) == 1


@pytest.mark.parametrize(
    "body", [b'{"error":"prompt required"}', b"no json", b"", b'{"error":{"code":7}}', b"[1]"]
)
async def test_an_error_of_a_server_that_only_resembles_the_api_is_understood_by_its_status(
    against_script: OpenAIImageProvider, scripted: ScriptedServer, body: bytes
) -> None:
    for status, expected in ((400, PromptRefused), (401, AccountTrouble), (500, GenerationUnknown)):
        scripted.will_say(Answer(body, status))
        assert type(await failure(against_script.generate(wish()))) is expected


async def test_a_picture_that_was_held_back_says_so(
    against_script: OpenAIImageProvider, scripted: ScriptedServer
) -> None:
    details = {"moderation_stage": "output", "categories": ["violence"]}
    scripted.will_say(
        refusal(400, "moderation_blocked", "image_generation_user_error", moderation_details=details)
    )
    error = await failure(against_script.generate(wish()))
    assert type(error) is PromptRefused and "finished picture" in error.detail


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "12"}, 12),
        ({"retry-after-ms": "1500"}, 2),
        ({"retry-after": "0"}, 1),
        ({"retry-after": "999999"}, 3600),
        ({"retry-after": "Thu, 01 Jan 2015 00:00:00 GMT"}, 1),
        ({"retry-after": "Fri, 01 Jan 2100 00:00:00 GMT"}, 3600),
        ({"retry-after": "Fri, 01 Jan 2100 00:00:00 -0000"}, None),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
async def test_the_wait_that_the_provider_asks_for_is_passed_on(
    against_script: OpenAIImageProvider,
    scripted: ScriptedServer,
    headers: dict[str, str],
    seconds: int | None,
) -> None:
    scripted.will_say(refusal(429, "rate_limit_exceeded", "requests", headers=headers))
    assert (await failure(against_script.generate(wish()))).retry_after == seconds


UNREADABLE = {
    "nothing": b"",
    "no json": b"<html>",
    "a list": b"[]",
    "no data": b"{}",
    "empty data": b'{"data":[]}',
    "data that is null": b'{"data":null}',
    "an address instead of a picture": b'{"data":[{"url":"http://127.0.0.1:9/a.png"}]}',
    "null": b'{"data":[{"b64_json":null}]}',
    "a number": b'{"data":[{"b64_json":7}]}',
    "an empty picture": b'{"data":[{"b64_json":""}]}',
    "loose base64": b'{"data":[{"b64_json":"aGVs bG8="}]}',
    "cut base64": b'{"data":[{"b64_json":"aGVsbG8"}]}',
    "letters outside": '{"data":[{"b64_json":"ü"}]}'.encode(),
    "a deep document": b"[" * 200_000,
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
@pytest.mark.parametrize("content_type", ["application/json", "text/html"])
async def test_a_success_without_a_readable_picture_is_unknown(
    against_script: OpenAIImageProvider, scripted: ScriptedServer, body: bytes, content_type: str
) -> None:
    scripted.will_say(Answer(body, headers={"content-type": content_type}))
    assert type(await failure(against_script.generate(wish()))) is GenerationUnknown
    assert len(scripted.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(is_cut=True),
        Answer(b'{"data":', length=1000),
        Answer(b"plain", headers={"content-encoding": "gzip"}),
        Answer(b'{"error":', 429, length=1000),
    ],
)
async def test_an_answer_that_breaks_off_is_unknown(
    against_script: OpenAIImageProvider, scripted: ScriptedServer, answer: Answer
) -> None:
    scripted.will_say(answer)
    assert type(await failure(against_script.generate(wish()))) is GenerationUnknown
    assert len(scripted.asked) == 1


async def test_a_picture_larger_than_any_may_be_is_not_kept(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = base64.b64encode(b"x" * 1001).decode()
    scripted.will_say(Answer(json.dumps({"data": [{"b64_json": picture}]}).encode()))
    for most_bytes, largest in ((1000, 2000), (2000, 1000)):
        monkeypatch.setattr(wire, "MAX_PICTURE_BYTES", largest)
        provider = OpenAIImageProvider("openai", f"{scripted.url}/v1", KEY, MODELS, most_bytes=most_bytes)
        try:
            assert type(await failure(provider.generate(wish()))) is GenerationUnknown
        finally:
            await provider.close()


async def test_what_is_sent_is_what_the_api_knows(
    against_script: OpenAIImageProvider, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = base64.b64encode(b"picture").decode()
    scripted.will_say(
        Answer(json.dumps({"data": [{"b64_json": picture}], "usage": {"input_tokens": "x"}}).encode())
    )
    made = await against_script.generate(wish(model="gpt-image-2.5-flare", size="1024x1792", quality="hd"))
    assert (made.content, made.model) == (b"picture", "gpt-image-2.5-flare")
    assert (made.input_tokens, made.output_tokens) == (None, None)

    (asked,) = scripted.asked
    assert (asked.method, asked.target) == ("POST", "/v1/images/generations")
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert json.loads(asked.body) == {
        "model": "gpt-image-2.5-flare",
        "prompt": PROMPT,
        "size": "1024x1792",
        "quality": "high",
        "n": 1,
        "output_format": "png",
    }


@pytest.mark.parametrize("model", ["gpt-image-1.5", "gpt-image-1-mini", "chatgpt-image-latest"])
async def test_a_model_of_fixed_sizes_is_asked_for_the_nearest_one(
    against_script: OpenAIImageProvider, scripted: ScriptedServer, model: str
) -> None:
    for size, sent in (("1024x1792", "1024x1536"), ("1792x1024", "1536x1024"), ("1024x1024", "1024x1024")):
        await failure(against_script.generate(wish(model=model, size=size)))
        assert json.loads(scripted.asked[-1].body)["size"] == sent


async def test_the_accounts_of_the_environment_are_not_used(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY", "OPENAI_BASE_URL", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/from-the-environment")
    provider = OpenAIImageProvider("openai", f"{scripted.url}/v1", KEY, MODELS)
    try:
        await failure(provider.generate(wish()))
    finally:
        await provider.close()
    (asked,) = scripted.asked
    assert "from-the-environment" not in str(asked.headers)


async def test_a_provider_that_is_not_there_did_not_take_the_work() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody answers here
        provider = OpenAIImageProvider("openai", f"http://127.0.0.1:{taken.getsockname()[1]}/v1", KEY, MODELS)
        try:
            assert type(await failure(provider.generate(wish()))) is ProviderDown
        finally:
            await provider.close()


@pytest.mark.parametrize("key", ["", "sk with space", "sk-clé", "sk\n-x"])
async def test_a_key_that_cannot_be_one_is_never_sent(scripted: ScriptedServer, key: str) -> None:
    provider = OpenAIImageProvider("openai", f"{scripted.url}/v1", key, MODELS)
    try:
        assert type(await failure(provider.generate(wish()))) is AccountTrouble
    finally:
        await provider.close()
    assert not scripted.asked


async def test_neither_key_nor_prompt_shows_in_any_text_or_log(
    against_script: OpenAIImageProvider,
    scripted: ScriptedServer,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    texts = [repr(against_script)]
    answers = [refusal(status, code, kind) for status, code, kind, _ in ERRORS]
    answers += [Answer(body) for body in UNREADABLE.values()]
    for answer in (*answers, Answer(is_cut=True)):
        scripted.will_say(answer)
        error = await failure(against_script.generate(wish()))
        texts += [str(error), repr(vars(error)), "".join(traceback.format_exception(error))]
        seen: BaseException | None = error
        while seen is not None:
            texts.append(repr(seen))
            seen = seen.__cause__ or seen.__context__
    printed = capsys.readouterr()
    texts += [caplog.text, printed.out, printed.err, *(str(vars(record)) for record in caplog.records)]
    texts += [asked.target for asked in scripted.asked]
    assert caplog.records
    for secret in (KEY, PROMPT, "planted"):
        assert not [text for text in texts if secret in text]
