"""What every image provider promises, held against each of them and its server."""

from __future__ import annotations

import asyncio
import io
import logging
import socket
import traceback
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from app.providers.image_generation import files, wire
from app.providers.image_generation.base import (
    AccountTrouble,
    GeneratedPicture,
    GenerationError,
    GenerationUnknown,
    ImageProvider,
    PromptRefused,
    ProviderDown,
    ProviderPaces,
    SourcePicture,
)
from tests.contracts.painters import PROMPT, SUBJECTS, Notes, Subject, fault_of, those_that, those_that_do_not
from tests.practice_server import PracticeProcess, poll, practice_process

EVERY = pytest.mark.parametrize("subject", SUBJECTS, ids=str)


def each(subjects: list[Subject]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("subject", subjects, ids=str)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeProcess]:
    with practice_process(tmp_path_factory.mktemp("practice")) as running:
        running.control.settings(painting_ms=10)
        yield running


@pytest.fixture
def practice(server: PracticeProcess) -> Iterator[PracticeProcess]:
    yield server
    server.control.release(execute=False)
    server.control.clear_faults()
    server.control.settings(painting_ms=10, gpu_megapixels=4, stability_credits=100_000)


@pytest.fixture
async def provider(subject: Subject, practice: PracticeProcess) -> AsyncIterator[ImageProvider]:
    running = subject.make(practice)
    yield running
    await running.close()


async def failure(call: Any) -> GenerationError:
    with pytest.raises(GenerationError) as caught:
        await call
    return caught.value


def opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content), formats=["PNG", "JPEG", "WEBP"])
    picture.load()
    return picture


def pixels(content: bytes) -> Any:
    return np.asarray(opened(content).convert("RGB").resize((64, 64), Image.Resampling.BOX), np.float32)


def mark(practice: PracticeProcess) -> int:
    """The last call so far; older ones fall out of the log."""
    calls = practice.control.calls()
    return int(calls[-1]["id"]) if calls else 0


def calls_after(practice: PracticeProcess, before: int, edge: str | None = None) -> list[dict[str, Any]]:
    return [call for call in practice.control.calls(edge) if call["id"] > before]


def png(colour: tuple[int, ...], width: int = 256, height: int = 256) -> bytes:
    written = io.BytesIO()
    Image.new("RGBA" if len(colour) == 4 else "RGB", (width, height), colour).save(written, "PNG")
    return written.getvalue()


# Painting


@EVERY
async def test_every_size_of_the_form_is_painted_in_its_shape(
    subject: Subject, provider: ImageProvider
) -> None:
    for size in subject.model.sizes:
        width, height = (int(side) for side in size.split("x"))
        made = await provider.generate(subject.wish(size=size))
        picture = opened(made.content)
        if subject.is_exact:
            assert picture.size == (width, height)
        else:
            assert picture.width / picture.height == pytest.approx(width / height, rel=0.04)
        assert made.model


@EVERY
async def test_every_quality_of_the_form_is_taken(
    subject: Subject, provider: ImageProvider, practice: PracticeProcess
) -> None:
    before = mark(practice)
    for quality in subject.model.qualities:
        assert (await provider.generate(subject.wish(quality=quality))).content
    asked = calls_after(practice, before, subject.edge)
    assert len(asked) == len(subject.model.qualities)
    assert {call["status"] for call in asked} <= {200, 201, 202}


@EVERY
async def test_what_it_says_it_costs_is_what_is_billed(
    subject: Subject, provider: ImageProvider, practice: PracticeProcess
) -> None:
    before = len(practice.control.bills(subject.bill))
    made = await provider.generate(subject.wish())
    (bill,) = practice.control.bills(subject.bill)[before:]
    assert made.cost == Decimal(bill["amount"])
    expected = subject.model.price(subject.size, "standard", prompt_length=len(PROMPT))
    if expected is not None:
        # An estimate is never below what is billed, nor far above it.
        assert made.cost <= expected <= made.cost + Decimal("0.0005")


@each(those_that("seeds"))
async def test_the_seed_that_is_told_paints_the_same_picture_again(
    subject: Subject, provider: ImageProvider
) -> None:
    first = await provider.generate(subject.wish())
    other = await provider.generate(subject.wish())
    assert first.seed is not None and first.seed != other.seed
    again = await provider.generate(subject.wish(seed=first.seed))
    assert again.seed == first.seed
    assert (again.content == first.content) and (other.content != first.content)


@each(those_that_do_not("seeds"))
async def test_without_seeds_none_is_told(subject: Subject, provider: ImageProvider) -> None:
    assert not subject.model.seeds
    assert (await provider.generate(subject.wish(seed=7))).seed is None


@each(those_that("previews"))
async def test_previews_come_on_the_way_and_show_the_picture_that_comes(
    subject: Subject, provider: ImageProvider
) -> None:
    notes = Notes()
    made = await provider.generate(subject.wish(partials=2), notes)
    assert len(notes.previews) == 2
    assert opened(notes.previews[0]).width < opened(made.content).width == 1024
    assert float(np.abs(pixels(notes.previews[-1]) - pixels(made.content)).mean()) < 12
    assert made.cost is not None and made.output_tokens


@each(those_that_do_not("previews"))
async def test_where_no_previews_come_asking_for_them_changes_nothing(
    subject: Subject, provider: ImageProvider
) -> None:
    assert not subject.model.streams
    notes = Notes()
    assert opened((await provider.generate(subject.wish(partials=3), notes)).content)
    assert notes.previews == []


# Changing pictures


@each(those_that("edits"))
async def test_a_changed_picture_comes_from_its_source(
    subject: Subject, provider: ImageProvider, practice: PracticeProcess
) -> None:
    made: list[GeneratedPicture] = []
    before = mark(practice)
    for colour in ((250, 10, 10), (10, 10, 250)):
        source = SourcePicture(png(colour), "image/png")
        made.append(await provider.generate(subject.wish(sources=(source,))))
    red, blue = (pixels(picture.content).reshape(-1, 3).mean(axis=0) for picture in made)
    assert red[0] > blue[0] + 50 and blue[2] > red[2] + 50
    assert len(calls_after(practice, before, subject.edit_edge)) == 2
    assert made[-1].cost == Decimal(practice.control.bills(subject.bill)[-1]["amount"])


@each(those_that("masks"))
async def test_outside_of_the_mask_the_source_stays(subject: Subject, provider: ImageProvider) -> None:
    mask = Image.new("RGBA", (256, 256), (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), (0, 0, 128, 256))  # transparent on the left: to be painted anew
    written = io.BytesIO()
    mask.save(written, "PNG")
    source = SourcePicture(png((250, 10, 10)), "image/png")
    made = await provider.generate(subject.wish(sources=(source,), mask=written.getvalue()))
    kept, changed = pixels(made.content)[:, 40:], pixels(made.content)[:, :24]
    assert float(np.abs(kept - (250, 10, 10)).mean()) < 4
    assert float(np.abs(changed - (250, 10, 10)).mean()) > 40


@EVERY
async def test_what_a_model_cannot_do_is_said_before_anything_is_asked(
    subject: Subject, provider: ImageProvider, practice: PracticeProcess
) -> None:
    source = SourcePicture(png((1, 2, 3)), "image/png")
    wrong: list[Any] = [subject.wish(size="1001x77"), subject.wish(model="nonsense")]
    wrong.append(subject.wish(sources=(source,) * 17))
    wrong.append(subject.wish(sources=(SourcePicture(b"GIF89a", "image/gif"),)))
    if "edits" not in subject.can:
        wrong.append(subject.wish(sources=(source,)))
    if "masks" not in subject.can:
        wrong.append(subject.wish(sources=(source,), mask=b"mask"))
    before = mark(practice)
    for request in wrong:
        error = await failure(provider.generate(request))
        assert type(error) is (AccountTrouble if request.model == "nonsense" else PromptRefused)
    assert not calls_after(practice, before)


# No picture


@each(those_that("refuses"))
async def test_a_prompt_that_is_refused_is_told_and_costs_nothing(
    subject: Subject, provider: ImageProvider, practice: PracticeProcess
) -> None:
    before = len(practice.control.bills()), mark(practice)
    error = await failure(provider.generate(subject.wish("please blocked-by-provider now")))
    assert type(error) is PromptRefused and "safety rules refuse" in error.detail
    assert len(practice.control.bills()) == before[0]
    assert len(calls_after(practice, before[1], subject.edge)) == 1


@each(those_that("holds back"))
async def test_a_picture_that_is_held_back_is_told_and_costs_nothing(
    subject: Subject, provider: ImageProvider, practice: PracticeProcess
) -> None:
    before = len(practice.control.bills())
    error = await failure(provider.generate(subject.wish("please held-back-by-provider now")))
    assert type(error) is PromptRefused and "finished picture" in error.detail
    assert len(practice.control.bills()) == before


@EVERY
async def test_too_many_calls_say_how_long_to_wait(
    subject: Subject, provider: ImageProvider, practice: PracticeProcess
) -> None:
    practice.control.fault("error", edge=subject.edge, **fault_of(subject, "paces"))
    before = mark(practice)
    error = await failure(provider.generate(subject.wish()))
    assert (type(error), error.retry_after) == (ProviderPaces, subject.wait)
    assert len(calls_after(practice, before, subject.edge)) == 1


@EVERY
async def test_a_wrong_key_is_the_owners_business(subject: Subject, practice: PracticeProcess) -> None:
    address = subject.address(practice).replace(practice.openai_key, "not-the-key")
    before = mark(practice)
    provider = subject.at(address, "not-the-key")
    try:
        assert type(await failure(provider.generate(subject.wish()))) is AccountTrouble
    finally:
        await provider.close()
    assert not calls_after(practice, before)


@each(those_that("asks for money"))
async def test_an_account_without_money_is_its_owners_business_and_asked_once(
    subject: Subject, provider: ImageProvider, practice: PracticeProcess
) -> None:
    practice.control.fault("error", edge=subject.edge, **fault_of(subject, "money"))
    before = mark(practice)
    error = await failure(provider.generate(subject.wish()))
    assert type(error) is AccountTrouble and "credit" in error.detail
    assert len(calls_after(practice, before, subject.edge)) == 1


@EVERY
async def test_a_server_that_is_not_there_did_not_take_the_work(subject: Subject) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody answers here
        provider = subject.at(f"http://127.0.0.1:{taken.getsockname()[1]}", "key")
        try:
            assert type(await failure(provider.generate(subject.wish()))) is ProviderDown
        finally:
            await provider.close()


@EVERY
@pytest.mark.parametrize("address", ["localhost/no/scheme", "ftp://localhost/"])
async def test_an_address_that_is_none_is_the_owners_business(subject: Subject, address: str) -> None:
    provider = subject.at(address, "key")
    try:
        assert type(await failure(provider.generate(subject.wish()))) is AccountTrouble
    finally:
        await provider.close()


# Lost answers


@EVERY
@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "garbage", "truncated", "http_500"])
async def test_a_lost_answer_is_never_asked_for_twice(
    subject: Subject, provider: ImageProvider, practice: PracticeProcess, kind: str
) -> None:
    practice.control.fault(kind, edge=subject.edge)
    before = mark(practice), len(practice.control.bills(subject.bill))
    is_done = kind in ("drop_after", "garbage", "truncated")
    if subject.lost == "found" and is_done:
        assert opened((await provider.generate(subject.wish())).content)
    else:
        expected = ProviderDown if subject.lost == "found" else GenerationUnknown
        assert type(await failure(provider.generate(subject.wish()))) is expected
    assert len(calls_after(practice, before[0], subject.edge)) == 1
    if is_done:
        poll(
            lambda: len(practice.control.bills(subject.bill)) == before[1] + 1 or None,
            what="the bill of the work that was done",
        )


@EVERY
async def test_an_answer_that_takes_too_long_is_unknown(subject: Subject, practice: PracticeProcess) -> None:
    practice.control.fault("hold_before", edge=subject.edge)
    provider = subject.make(practice, timeout=timedelta(seconds=0.4))
    expected = ProviderDown if subject.lost == "found" else GenerationUnknown
    try:
        assert type(await failure(provider.generate(subject.wish()))) is expected
    finally:
        await provider.close()


@EVERY
async def test_a_picture_larger_than_any_may_be_is_not_kept(
    subject: Subject, practice: PracticeProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "MAX_PICTURE_BYTES", 5000)
    monkeypatch.setattr(files, "MAX_PICTURE_BYTES", 5000)
    provider = subject.make(practice, **({"most_bytes": 5000} if subject.name == "comfyui" else {}))
    try:
        assert type(await failure(provider.generate(subject.wish()))) is GenerationUnknown
    finally:
        await provider.close()


# Stopping and going on


@EVERY
async def test_a_call_that_is_called_off_ends_at_once(
    subject: Subject, provider: ImageProvider, practice: PracticeProcess
) -> None:
    practice.control.fault("hold_before", edge=subject.edge)
    task = asyncio.create_task(provider.generate(subject.wish()))
    await asyncio.to_thread(practice.control.wait_for_hold, subject.edge)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@each(those_that("cancels"))
async def test_the_server_is_told_to_stop_where_it_can_be(
    subject: Subject, provider: ImageProvider, practice: PracticeProcess
) -> None:
    practice.control.settings(painting_ms=60_000)
    before = len(practice.control.bills(subject.bill))
    notes = Notes()
    task = asyncio.create_task(provider.generate(subject.wish(), notes))
    if "resumes" in subject.can:
        async with asyncio.timeout(20):
            await notes.is_accepted.wait()
    await asyncio.to_thread(
        poll, lambda: practice.control.calls(subject.edge)[-1:] or None, what="the call that is called off"
    )
    if subject.name == "automatic1111":
        await _until_painting(practice)
    if subject.name == "comfyui":
        await _until_queued(practice, notes.handles[0])
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    edges = [call["edge"] for call in practice.control.calls()][-3:]
    assert set(edges) & {"replicate.cancel", "automatic1111.interrupt", "comfyui.interrupt"}
    practice.control.settings(painting_ms=10)
    # It is free at once for whoever comes next, and nothing was billed for what was stopped.
    assert (await provider.generate(subject.wish())).content
    assert len(practice.control.bills(subject.bill)) == before + 1


async def _until_painting(practice: PracticeProcess) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        async with asyncio.timeout(20):
            while True:
                address = f"{practice.automatic1111_url}/sdapi/v1/progress"
                if (await client.get(address)).json()["progress"]:
                    return
                await asyncio.sleep(0.02)


async def _until_queued(practice: PracticeProcess, handle: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        async with asyncio.timeout(20):
            while True:
                running = (await client.get(f"{practice.comfyui_url}/queue")).json()["queue_running"]
                if handle in [item[1] for item in running]:
                    return
                await asyncio.sleep(0.02)


@each(those_that("resumes"))
async def test_another_process_goes_on_with_work_that_was_taken(
    subject: Subject, practice: PracticeProcess
) -> None:
    practice.control.settings(painting_ms=1500)
    before = len(practice.control.bills(subject.bill)), mark(practice)
    notes = Notes()
    first, second = subject.make(practice), subject.make(practice)
    task = asyncio.create_task(first.generate(subject.wish(), notes))
    try:
        async with asyncio.timeout(20):
            await notes.is_accepted.wait()
        if subject.name == "comfyui":
            await _until_queued(practice, notes.handles[0])
        # The other one does not know which seed the first one chose.
        resumed = await second.resume(subject.wish(), notes.handles[0])
        made = await task
    finally:
        await first.close()
        await second.close()
    assert resumed == made and opened(resumed.content) and resumed.seed is not None
    assert len(practice.control.bills(subject.bill)) == before[0] + 1
    assert len(calls_after(practice, before[1], subject.edge)) == 1


@EVERY
@pytest.mark.parametrize("handle", ["no-such-handle", "../x", "", "0b1c0ffe-0000-4000-8000-000000000000"])
async def test_work_that_the_provider_does_not_keep_is_unknown(
    subject: Subject, provider: ImageProvider, practice: PracticeProcess, handle: str
) -> None:
    before = mark(practice)
    assert type(await failure(provider.resume(subject.wish(), handle))) is GenerationUnknown
    assert not calls_after(practice, before, subject.edge)


# People and secrets


@each(those_that("names people"))
async def test_the_person_is_told_by_a_name_that_nobody_can_read(
    subject: Subject, provider: ImageProvider, practice: PracticeProcess
) -> None:
    await provider.generate(subject.wish(requester="f00dfeed"))
    noted = practice.control.calls(subject.edge)[-1]["params"]
    assert "f00dfeed" in (noted.get("safety_identifier"), noted.get("user"))


@EVERY
async def test_neither_key_nor_prompt_shows_in_any_text_or_log(
    subject: Subject,
    provider: ImageProvider,
    practice: PracticeProcess,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG, logger="app")
    texts = [repr(provider)]
    said = {"error": {"message": f"{PROMPT} {practice.openai_key}", "type": PROMPT, "code": PROMPT}}
    for status in (400, 401, 403, 404, 409, 413, 422, 429, 500, 503):
        practice.control.fault("error", edge=subject.edge, status=status, body={**said, "detail": PROMPT})
        error = await failure(provider.generate(subject.wish()))
        assert error.detail.endswith(".")
        texts += [str(error), repr(vars(error)), "".join(traceback.format_exception(error))]
        seen: BaseException | None = error
        while seen is not None:
            texts.append(repr(seen))
            seen = seen.__cause__ or seen.__context__
    printed = capsys.readouterr()
    texts += [printed.out, printed.err, *(str(vars(record)) for record in caplog.records)]
    assert "generation.refused_by_provider" in "".join(texts)
    for secret in (practice.openai_key, PROMPT, "planted"):
        assert not [text for text in texts if secret in text]


def test_every_case_of_the_suite_has_somebody_who_can_and_somebody_who_cannot() -> None:
    abilities = frozenset[str]().union(*(subject.can for subject in SUBJECTS))
    for ability in abilities:
        assert those_that(ability) and those_that_do_not(ability)
    assert {subject.model.provider for subject in SUBJECTS} == {
        "openai",
        "practice",
        "stability",
        "replicate",
        "automatic1111",
        "comfyui",
    }
