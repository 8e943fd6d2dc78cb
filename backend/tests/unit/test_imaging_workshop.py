"""The workshop: worker processes that fail, hang, die and end as they should."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.core.errors import UpstreamUnavailable
from app.imaging import (
    INSTAGRAM_FEED,
    PREVIEW,
    RECIPES,
    Framing,
    Limits,
    PictureRefused,
    SourceType,
    Wanted,
    Workshop,
)
from tests import factories_pictures as pictures

BACKEND = Path(__file__).resolve().parents[2]
# An animation that takes any machine much longer to decode than the deadlines used here.
SLOW = pictures.tiny_gif(4096, 4096, [(0, 0, 4096, 4096)] * 2000)
NO_LIMITS = Limits(max_frames=10_000, max_total_pixels=10**12)


@pytest.fixture(scope="module")
def workshop() -> Iterator[Workshop]:
    workshop = Workshop(workers=2)
    yield workshop
    workshop.close()


@pytest.fixture
def open_workshop() -> Iterator[Callable[..., Workshop]]:
    """Makes workshops that are closed after the test."""
    with contextlib.ExitStack() as closing:

        def make(**options: object) -> Workshop:
            workshop = Workshop(**options)  # type: ignore[arg-type]
            closing.callback(workshop.close)
            return workshop

        yield make


def written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def is_alive(pid: int) -> bool:
    """Whether a process runs. One that ended and was not collected yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


async def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    ends_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends_at, "it did not happen"
        await asyncio.sleep(0.02)


class Endless:
    """A file that gives its reader nothing and does not end until told to."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.path = folder / "endless"
        os.mkfifo(self.path)
        self._pipe: int | None = None

    async def is_being_read(self) -> None:
        """Returns when a reader has opened the file and waits for its first byte."""

        def is_open() -> bool:
            try:
                self._pipe = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
                return False
            return True

        await until(is_open)

    def kill_reader(self, pid: int, then: bytes | None = None) -> None:
        """The next reader finds an ordinary file with `then` in it, or another endless one."""
        successor = self.path.with_name("successor")
        if then is None:
            os.mkfifo(successor)
        else:
            successor.write_bytes(then)
        successor.replace(self.path)
        os.kill(pid, signal.SIGKILL)
        self.end()

    def end(self, data: bytes = b"") -> None:
        """Lets the reader see `data` and the end of the file."""
        if self._pipe is not None:
            os.set_blocking(self._pipe, True)
            with contextlib.suppress(BrokenPipeError), open(self._pipe, "wb") as pipe:
                pipe.write(data)
            self._pipe = None


def peak_memory(pid: int) -> int:
    """The most memory that a process has held so far, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


async def test_pictures_are_verified_and_rendered_in_other_processes(
    workshop: Workshop, tmp_path: Path
) -> None:
    source = written(tmp_path, "source", pictures.jpeg_with_secrets(pictures.photo(1200, 900)))
    clean, thumb, target = tmp_path / "clean", tmp_path / "thumb", tmp_path / "target"
    verified = await workshop.verify(source, clean, thumb)
    assert (verified.format.extension, verified.width, verified.height) == ("jpg", 1200, 900)
    assert clean.stat().st_size == verified.file_size and thumb.exists()
    rendered = await workshop.render(
        clean,
        INSTAGRAM_FEED,
        target,
        framing=Framing("fit", (0.2, 0.8), "#102030"),
        shape=(1, 1),
        source_type=SourceType.GENERATED,
    )
    assert target.stat().st_size == rendered.file_size
    assert rendered.crop is None and rendered.width == rendered.height == 1200
    cropped = await workshop.render(
        written(tmp_path, "tall", pictures.jpeg(pictures.photo(400, 900))), INSTAGRAM_FEED, target
    )
    assert cropped.crop == (0, 200, 400, 500)
    for pid in workshop.worker_pids:
        # They stand back for whoever answers, which counts among processes of one session alone.
        assert os.getpriority(os.PRIO_PROCESS, pid) > os.getpriority(os.PRIO_PROCESS, 0)
        assert os.getsid(pid) == os.getsid(0)


async def test_all_files_of_a_picture_are_made_in_one_task(workshop: Workshop, tmp_path: Path) -> None:
    endless = Endless(tmp_path)
    wanted = [Wanted(recipe, tmp_path / recipe.name) for recipe in RECIPES.values()]
    making = asyncio.create_task(workshop.render_all(endless.path, wanted))
    await endless.is_being_read()
    # It can be read once only: who opens it again waits for ever.
    endless.end(pictures.jpeg(pictures.photo(1600, 1200)))
    rendered = await making
    assert [(made.width, made.height) for made in rendered] == [(1440, 1080)] * 3
    assert [one.target.stat().st_size for one in wanted] == [made.file_size for made in rendered]
    # One that cannot be made takes the others with it.
    wanted.append(Wanted(replace(PREVIEW, max_bytes=100), tmp_path / "too small"))
    source = written(tmp_path, "source", pictures.jpeg())
    with pytest.raises(PictureRefused):
        await workshop.render_all(source, wanted)
    assert not any(one.target.exists() for one in wanted)


def test_a_process_that_uses_a_workshop_never_loads_a_picture_library(tmp_path: Path) -> None:
    source = written(tmp_path, "source", pictures.jpeg())
    code = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from app.imaging import PREVIEW, Workshop\n"
        "async def main(folder):\n"
        "    workshop = Workshop(workers=1)\n"
        "    await workshop.verify(folder / 'source', folder / 'clean', folder / 'thumb')\n"
        "    await workshop.render(folder / 'clean', PREVIEW, folder / 'preview')\n"
        "    workshop.close()\n"
        "asyncio.run(main(Path(sys.argv[1])))\n"
        "print(sorted({'pyvips', 'numpy', 'PIL', 'cffi'} & set(sys.modules)))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(source.parent)],
        cwd=BACKEND,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert (ran.stdout, ran.stderr) == ("[]\n", "")


async def test_refusals_arrive_with_their_code_sentence_and_facts(workshop: Workshop, tmp_path: Path) -> None:
    source = written(tmp_path, "source.jpg", pictures.png(pictures.flat((1, 2, 3), 100, 100)))
    with pytest.raises(PictureRefused) as caught:
        await workshop.verify(source, tmp_path / "clean", tmp_path / "thumb")
    assert caught.value.code == "image_too_small"
    assert caught.value.facts == {"width": 100, "height": 100, "limit": 400}
    assert "100 × 100" in caught.value.detail


async def test_nothing_is_left_behind_after_a_refusal(workshop: Workshop, tmp_path: Path) -> None:
    clean, thumb = written(tmp_path, "clean", b"old"), written(tmp_path, "thumb", b"old")
    source = written(tmp_path, "source", pictures.jpeg()[:-100])
    with pytest.raises(PictureRefused):
        await workshop.verify(source, clean, thumb)
    assert not clean.exists() and not thumb.exists()


async def test_trouble_with_paths_is_an_os_error(workshop: Workshop, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await workshop.render(tmp_path / "absent", PREVIEW, tmp_path / "target")


async def test_odd_names_of_folders_are_only_names(workshop: Workshop, tmp_path: Path) -> None:
    folder = tmp_path / "a [n=-1,page=3] ü \u202e \n folder"
    folder.mkdir()
    source = written(folder, "source[access=random]", pictures.jpeg())
    await workshop.verify(source, folder / "clean", folder / "thumb")
    assert (folder / "clean").exists()


def test_one_workshop_serves_several_event_loops(workshop: Workshop, tmp_path: Path) -> None:
    source = written(tmp_path, "source", pictures.jpeg())
    for index in range(3):
        verified = asyncio.run(workshop.verify(source, tmp_path / f"{index}", tmp_path / f"{index}t"))
        assert verified.width == 640


async def test_a_worker_killed_between_tasks_is_replaced_unnoticed(
    workshop: Workshop, tmp_path: Path
) -> None:
    await workshop.warm()
    source = written(tmp_path, "source", pictures.jpeg())
    for pid in workshop.worker_pids:
        os.kill(pid, signal.SIGKILL)
    tasks = [workshop.verify(source, tmp_path / f"{n}", tmp_path / f"{n}t") for n in range(4)]
    assert [verified.width for verified in await asyncio.gather(*tasks)] == [640] * 4


async def test_a_worker_killed_during_a_task_costs_one_more_try(
    open_workshop: Callable[..., Workshop], tmp_path: Path
) -> None:
    workshop = open_workshop(workers=1)
    source = Endless(tmp_path)
    task = asyncio.create_task(workshop.verify(source.path, tmp_path / "clean", tmp_path / "thumb"))
    await source.is_being_read()
    [pid] = workshop.worker_pids
    source.kill_reader(pid, then=pictures.jpeg())
    assert (await task).width == 640
    assert pid not in workshop.worker_pids


async def test_a_picture_that_ends_its_reader_twice_is_refused_and_the_workshop_goes_on(
    open_workshop: Callable[..., Workshop], tmp_path: Path
) -> None:
    workshop = open_workshop(workers=1)
    source = Endless(tmp_path)
    task = asyncio.create_task(workshop.verify(source.path, tmp_path / "clean", tmp_path / "thumb"))
    for _ in range(2):
        await source.is_being_read()
        source.kill_reader(workshop.worker_pids[0])
    with pytest.raises(PictureRefused) as caught:
        await task
    assert caught.value.code == "image_corrupt"
    good = written(tmp_path, "good", pictures.jpeg())
    assert (await workshop.verify(good, tmp_path / "clean", tmp_path / "thumb")).width == 640


async def test_a_picture_that_takes_too_long_is_refused_and_the_workshop_goes_on(
    open_workshop: Callable[..., Workshop], tmp_path: Path
) -> None:
    workshop = open_workshop(workers=1, deadline=timedelta(seconds=2))
    await workshop.warm()
    [pid] = workshop.worker_pids
    slow = written(tmp_path, "slow", SLOW)
    with pytest.raises(PictureRefused) as caught:
        await workshop.verify(slow, tmp_path / "clean", tmp_path / "thumb", limits=NO_LIMITS)
    assert caught.value.code == "image_timeout"
    assert not (tmp_path / "clean").exists()
    assert not is_alive(pid)
    good = written(tmp_path, "good", pictures.jpeg())
    assert (await workshop.verify(good, tmp_path / "clean", tmp_path / "thumb")).width == 640


async def test_more_tasks_than_may_wait_are_told_to_come_back(
    open_workshop: Callable[..., Workshop], tmp_path: Path
) -> None:
    workshop = open_workshop(workers=1, max_waiting=2)
    endless = Endless(tmp_path)
    source = written(tmp_path, "source", pictures.jpeg())
    parties = itertools.count()

    def submit(name: str, path: Path = source) -> asyncio.Task[object]:
        return asyncio.create_task(
            workshop.verify(path, tmp_path / name, tmp_path / f"{name}t", party=next(parties))
        )

    running = submit("running", endless.path)
    await endless.is_being_read()
    waiting = [submit("first"), submit("second")]
    await until(lambda: workshop.waiting == 2)
    with pytest.raises(UpstreamUnavailable) as caught:
        await submit("third")
    assert caught.value.code == "busy"
    assert caught.value.facts["retry_after"] > 0
    endless.end()
    with pytest.raises(PictureRefused):
        await running
    await asyncio.gather(*waiting)


async def test_a_party_with_many_tasks_holds_up_nobody_with_one(
    open_workshop: Callable[..., Workshop], tmp_path: Path
) -> None:
    workshop = open_workshop(workers=1, max_waiting=10)
    endless = Endless(tmp_path)
    source = written(tmp_path, "source", pictures.jpeg())
    done: list[str] = []

    async def verify(name: str, party: int, path: Path = source) -> None:
        await workshop.verify(path, tmp_path / name, tmp_path / f"{name}t", party=party)
        done.append(name)

    running = asyncio.create_task(verify("running", 1, endless.path))
    await endless.is_being_read()
    waiting = [asyncio.create_task(verify(f"many {number}", 1)) for number in range(5)]
    await until(lambda: workshop.waiting == 5)
    # Half of the places are one party's own share.
    with pytest.raises(UpstreamUnavailable) as caught:
        await verify("one too many", 1)
    assert (caught.value.code, caught.value.detail[:21]) == ("busy", "Many of your pictures")
    waiting.append(asyncio.create_task(verify("alone", 2)))
    await until(lambda: workshop.waiting == 6)
    endless.end()
    with pytest.raises(PictureRefused):
        await running
    await asyncio.gather(*waiting)
    assert done == ["many 0", "alone", "many 1", "many 2", "many 3", "many 4"]


async def test_nobody_has_a_second_worker_while_another_waits_for_the_first(
    open_workshop: Callable[..., Workshop], tmp_path: Path
) -> None:
    workshop = open_workshop(workers=2, max_waiting=20)
    pictures_held = [Endless(tmp_path / f"{number}") for number in range(4)]

    async def verify(path: Path, party: int) -> None:
        with pytest.raises(PictureRefused):
            await workshop.verify(path, path.with_name("clean"), path.with_name("thumb"), party=party)

    tasks = [asyncio.create_task(verify(held.path, 1)) for held in pictures_held[:3]]
    await asyncio.gather(*(held.is_being_read() for held in pictures_held[:2]))
    await until(lambda: workshop.waiting == 1)
    tasks.append(asyncio.create_task(verify(pictures_held[3].path, 2)))
    await until(lambda: workshop.waiting == 2)
    # One worker is free again, and the first who waits has the other one.
    pictures_held[0].end()
    await tasks[0]
    await pictures_held[3].is_being_read()
    assert workshop.waiting == 1
    for held in (pictures_held[1], pictures_held[3]):
        held.end()
    await pictures_held[2].is_being_read()
    pictures_held[2].end()
    await asyncio.gather(*tasks)


async def test_a_caller_that_gives_up_does_not_hold_up_others(
    open_workshop: Callable[..., Workshop], tmp_path: Path
) -> None:
    workshop = open_workshop(workers=1)
    endless = Endless(tmp_path)
    source = written(tmp_path, "source", pictures.jpeg())
    clean, thumb = tmp_path / "clean", tmp_path / "thumb"
    running = asyncio.create_task(workshop.verify(endless.path, clean, thumb))
    await endless.is_being_read()
    waiting = asyncio.create_task(workshop.verify(source, tmp_path / "never", tmp_path / "nevert"))
    await until(lambda: workshop.waiting == 1)
    for task in (running, waiting):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    endless.end(pictures.jpeg())
    verified = await workshop.verify(source, tmp_path / "other", tmp_path / "othert")
    assert verified.width == 640
    # What was made for the caller that left is gone, and what waited was never made.
    assert not clean.exists() and not thumb.exists()
    assert not (tmp_path / "never").exists()


async def test_closing_ends_the_workers_and_fails_what_runs_and_waits(tmp_path: Path) -> None:
    workshop = Workshop(workers=1)
    endless = Endless(tmp_path)
    tasks = [
        asyncio.create_task(workshop.verify(endless.path, tmp_path / f"{n}", tmp_path / f"{n}t"))
        for n in range(3)
    ]
    await endless.is_being_read()
    pids = workshop.worker_pids
    await until(lambda: workshop.waiting == 2)
    await asyncio.to_thread(workshop.close)
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [UpstreamUnavailable] * 3
    assert not any(is_alive(pid) for pid in pids)
    assert workshop.worker_pids == []
    workshop.close()
    with pytest.raises(UpstreamUnavailable):
        await workshop.verify(endless.path, tmp_path / "late", tmp_path / "latet")
    endless.end()


def test_closing_a_workshop_that_was_never_started_does_nothing() -> None:
    Workshop().close()


def test_closing_while_workers_start_does_not_hang() -> None:
    workshop = Workshop(workers=3)
    workshop.start()
    workshop.close()
    assert workshop.worker_pids == []


PARENT = """
import asyncio, signal, sys
from pathlib import Path
from app.core.errors import UpstreamUnavailable
from app.imaging import Workshop

# A test run in the background ignores Ctrl-C, and its children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

async def main(source):
    workshop = Workshop(workers=2)
    try:
        await workshop.warm()
        print(*workshop.worker_pids, flush=True)
        await workshop.verify(source, source.with_name("clean"), source.with_name("thumb"))
    finally:
        workshop.close()

try:
    asyncio.run(main(Path(sys.argv[1])))
except (KeyboardInterrupt, UpstreamUnavailable):
    # Ctrl-C reaches the workers too, and sometimes first: then whoever waits is told so.
    pass
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_workers_end_with_their_parent_however_it_ends(end: signal.Signals, tmp_path: Path) -> None:
    endless = Endless(tmp_path)
    parent = await asyncio.to_thread(
        subprocess.Popen,
        [sys.executable, "-c", PARENT, str(endless.path)],
        cwd=BACKEND,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert parent.stdout is not None
        pids = [int(pid) for pid in (await asyncio.to_thread(parent.stdout.readline)).split()]
        assert len(pids) == 2
        # One of them is at work and one waits for it.
        await endless.is_being_read()
        # As a terminal does it: to the whole group.
        os.killpg(parent.pid, end)
        await until(lambda: not any(is_alive(pid) for pid in pids))
        _, errors = await asyncio.to_thread(parent.communicate, timeout=30)
        assert errors == ""
    finally:
        endless.end()
        parent.kill()
        parent.communicate()


def bombs() -> dict[str, bytes]:
    rows = pictures.repack(bytes(1 << 20), 400)
    small_header = (b"IHDR", b"\0\0\x01\x90\0\0\x01\x90\x08\x02\0\0\0")
    huge_header = (b"IHDR", b"\0\0\x75\x30\0\0\x75\x30\x08\x02\0\0\0")
    end = (b"IEND", b"")
    text = b"a\0\0" + pictures.repack(bytes(1 << 20), 200)
    return {
        "a huge picture in a small PNG": pictures.png_of([huge_header, (b"IDAT", rows), end]),
        "a small picture whose pixels go on for long": pictures.png_of([small_header, (b"IDAT", rows), end]),
        "200 compressed texts": pictures.png_with(pictures.png(), *[(b"zTXt", text)] * 200),
        "a compressed profile": pictures.png_with(pictures.png(), (b"iCCP", text)),
        "a frame far beyond its canvas": pictures.tiny_gif(
            400, 400, [(0, 0, 400, 400), (0, 0, 65535, 65535)]
        ),
        "many frames": pictures.tiny_gif(4096, 4096, [(0, 0, 4096, 4096)] * 5000),
        "many scans": bomb_of_scans(),
    }


def bomb_of_scans() -> bytes:
    data = pictures.jpeg(pictures.photo(4096, 4096), progressive=True)
    first = data.index(b"\xff\xda")
    second = data.index(b"\xff\xc4", first)
    return data[:first] + data[first:second] * 101 + data[second:]


async def test_bombs_take_no_more_memory_than_a_picture(
    open_workshop: Callable[..., Workshop], tmp_path: Path
) -> None:
    workshop = open_workshop(workers=1)
    await workshop.warm()
    [pid] = workshop.worker_pids
    for name, bomb in bombs().items():
        source = written(tmp_path, "source", bomb)
        with contextlib.suppress(PictureRefused):
            await workshop.verify(source, tmp_path / "clean", tmp_path / "thumb")
        assert workshop.worker_pids == [pid], name
        assert peak_memory(pid) < 250 * 1024 * 1024, name


async def test_a_worker_cannot_take_more_memory_than_it_is_given(
    open_workshop: Callable[..., Workshop], tmp_path: Path
) -> None:
    workshop = open_workshop(workers=1, memory_bytes=96 * 1024 * 1024)
    await workshop.warm()
    [pid] = workshop.worker_pids
    rows = (b"\0" + bytes(8 * 4096)) * 4096
    turned = pictures.exif(6).removeprefix(b"Exif\0\0")
    large = pictures.png_with(pictures.raw_png(4096, 4096, 16, 6, rows), (b"eXIf", turned))
    source = written(tmp_path, "source", large)
    with pytest.raises(PictureRefused):
        await workshop.verify(source, tmp_path / "clean", tmp_path / "thumb")
    assert not is_alive(pid) or peak_memory(pid) < 256 * 1024 * 1024
    good = written(tmp_path, "good", pictures.jpeg())
    assert (await workshop.verify(good, tmp_path / "clean", tmp_path / "thumb")).width == 640


def mutated(random_: random.Random, data: bytes) -> bytes:
    """`data` with one kind of damage, mostly near its beginning, where the structure is."""
    body = bytearray(data)
    reach = len(body) if random_.random() < 0.5 else min(len(body), 700)
    for _ in range(random_.choice([1, 1, 2, 5, 40])):
        at = random_.randrange(reach)
        kind = random_.randrange(5)
        if kind == 0:
            body[at] ^= 1 << random_.randrange(8)
        elif kind == 1:
            body[at] = random_.choice([0, 1, 0x7F, 0x80, 0xFF])
        elif kind == 2:
            del body[at : at + random_.choice([1, 2, 4, 64, 1000])]
        elif kind == 3:
            body[at:at] = random_.randbytes(random_.choice([1, 2, 4, 64]))
        else:
            start = random_.randrange(reach)
            body[at:at] = body[start : start + random_.choice([8, 64, 1000])]
        reach = max(1, min(reach, len(body)))
    return bytes(body)


async def test_hundreds_of_damaged_files_are_each_taken_whole_or_refused(
    workshop: Workshop, tmp_path: Path
) -> None:
    photo = pictures.photo(400, 400)
    originals = [
        pictures.jpeg_with_secrets(photo),
        pictures.jpeg(photo, progressive=True),
        pictures.jpeg(photo.convert("CMYK")),
        pictures.png_with_secrets(photo),
        pictures.png(photo.quantize(64)),
        pictures.png_16_bit((1, 2, 3, 4)),
        pictures.gif_with_secrets(pictures.animated("GIF", 3)),
        pictures.webp_with_secrets(photo),
        pictures.webp(photo, lossless=True),
        pictures.animated("WEBP", 3),
    ]
    random_ = random.Random(20)
    outcomes: dict[str, int] = {}
    await workshop.warm()
    pids = workshop.worker_pids

    async def take(number: int, data: bytes) -> None:
        source, clean = written(tmp_path, f"{number}", data), tmp_path / f"{number}c"
        try:
            verified = await workshop.verify(source, clean, tmp_path / f"{number}t")
        except PictureRefused as refusal:
            outcome: str = refusal.code
            assert not clean.exists()
        else:
            outcome = "verified"
            # What is kept stands on its own: taking it in again changes nothing.
            once = clean.read_bytes()
            again = await workshop.verify(clean, source, tmp_path / f"{number}t")
            assert source.read_bytes() == once
            assert (again.width, again.height) == (verified.width, verified.height)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1

    for batch in range(12):
        await asyncio.gather(
            *(take(batch * 40 + n, mutated(random_, random_.choice(originals))) for n in range(40))
        )
    assert sum(outcomes.values()) == 480
    assert outcomes["image_corrupt"] > 50 < outcomes["verified"]
    assert "image_timeout" not in outcomes
    # No file has ended its reader.
    assert workshop.worker_pids == pids
