"""The workshop: processes of their own in which pictures are opened.

A picture can crash its decoder, fill the memory or never end, so none is opened in the process that serves.
Each worker process has one thread here that hands it one task at a time, waits with a deadline, and
replaces it when it ends. A worker that dies during a task gets that task once more in its successor, as its
death may have had nothing to do with the picture; a second death is the picture's fault. Tasks wait in one
queue, each party's in turn, with a bound for one and for all; beyond it the answer is *busy*, at once.

Workers are started afresh, never forked, with an environment that holds no setting of ours. Only paths and
small JSON values travel. Workers end with this process, however it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from app.core.errors import UpstreamUnavailable
from app.imaging.errors import PictureRefused, corrupt, too_complex, too_slow
from app.imaging.fair_queue import FairQueue
from app.imaging.formats import Format
from app.imaging.origin import SourceType
from app.imaging.renditions import Recipe, Rendered
from app.imaging.verify import Limits, Verified

_MIB = 1024 * 1024
_START_SECONDS = 60.0
_MAX_ANSWER_BYTES = 64 * 1024
_BACKEND = Path(__file__).resolve().parents[2]
_ENVIRONMENT = {
    "PYTHONPATH": str(_BACKEND),
    "LANG": "C.UTF-8",
    # One thread per picture; the other cores work on other pictures.
    "VIPS_CONCURRENCY": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # What a large picture took goes back to the system.
    "MALLOC_ARENA_MAX": "2",
}


class _WorkerDied(Exception):
    """The worker process ended before it answered."""


class _DeadlinePassed(Exception):
    """The worker process did not answer in time."""


@dataclass(slots=True)
class _Job:
    task: dict[str, Any]
    outputs: tuple[Path, ...]
    answer: Future[dict[str, Any]] = field(default_factory=Future)
    is_abandoned: bool = False

    def remove_outputs(self) -> None:
        for path in self.outputs:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


class Workshop:
    """Verifies and renders pictures in worker processes.

    `workers` defaults to the number of cores. `max_waiting` tasks may wait, half of them of one party at
    most; parties take turns. `deadline` is for one task, from when a worker takes it. `memory_bytes` is
    what one task may take beyond an idle worker.

    It may be used from any number of event loops and threads.
    """

    def __init__(
        self,
        *,
        workers: int | None = None,
        max_waiting: int = 128,
        deadline: timedelta = timedelta(seconds=30),
        memory_bytes: int = 768 * _MIB,
    ) -> None:
        self._jobs = FairQueue[_Job](most=max_waiting, most_of_one=max(1, max_waiting // 2))
        self._lock = threading.Lock()
        self._is_closed = False
        self._benches = [
            _Bench(self._take, deadline.total_seconds(), memory_bytes)
            for _ in range(workers or os.cpu_count() or 1)
        ]

    def start(self) -> None:
        """Starts the workers in the background. Calling it again does nothing.

        Raises `UpstreamUnavailable` after `close`.
        """
        with self._lock:
            if self._is_closed:
                raise _closed()
            for bench in self._benches:
                bench.start()

    async def warm(self) -> None:
        """Returns when every worker is ready. The first task does not need it, it only waits less."""
        self.start()
        for bench in self._benches:
            await asyncio.shield(asyncio.wrap_future(bench.ready))

    @property
    def waiting(self) -> int:
        """How many tasks wait for a worker."""
        return len(self._jobs)

    @property
    def worker_pids(self) -> list[int]:
        """The process ids of the workers that live now."""
        return [pid for bench in self._benches if (pid := bench.pid) is not None]

    async def verify(
        self,
        source: Path,
        clean: Path,
        thumb: Path,
        limits: Limits | None = None,
        *,
        source_type: SourceType | None = None,
        party: int = 0,
    ) -> Verified:
        """As `app.imaging.verify`, in turn with other parties. After any error neither output exists.

        Raises `PictureRefused`, also with `image_timeout`; `UpstreamUnavailable` when too many wait;
        `OSError` for trouble with the paths.
        """
        task = {
            "kind": "verify",
            "source": _absolute(source),
            "clean": _absolute(clean),
            "thumb": _absolute(thumb),
            "limits": asdict(limits or Limits()),
            "source_type": source_type and source_type.value,
        }
        done = await self._perform(_Job(task, (clean, thumb)), party)
        told = done["source_type"] and SourceType(done["source_type"])
        return Verified(**{**done, "format": Format(done["format"]), "source_type": told})

    async def render(
        self,
        source: Path,
        recipe: Recipe,
        target: Path,
        *,
        focus: tuple[float, float] = (0.5, 0.5),
        source_type: SourceType | None = None,
        party: int = 0,
    ) -> Rendered:
        """As `app.imaging.render`, in turn with other parties. After any error the target does not exist.
        Raises as `verify` does."""
        task = {
            "kind": "render",
            "source": _absolute(source),
            "recipe": asdict(recipe),
            "target": _absolute(target),
            "focus": list(focus),
            "source_type": source_type and source_type.value,
        }
        done = await self._perform(_Job(task, (target,)), party)
        return Rendered(**{**done, "crop": tuple(done["crop"]) if done["crop"] else None})

    def close(self) -> None:
        """Ends the workers at once. Tasks that run or wait fail with `UpstreamUnavailable`."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
        waiting = self._jobs.close()
        for bench in self._benches:
            bench.stop()
        for bench in self._benches:
            bench.join()
        for job in waiting:
            if job.answer.set_running_or_notify_cancel():
                job.answer.set_exception(_closed())

    async def _perform(self, job: _Job, party: int) -> dict[str, Any]:
        self.start()
        place = self._jobs.put(party, job)
        if place != "taken":
            whose = "Many pictures" if place == "full" else "Many of your pictures"
            raise UpstreamUnavailable(
                "busy", f"{whose} are being read right now. Try again in a few seconds.", retry_after=5
            )
        try:
            return _outcome(await asyncio.wrap_future(job.answer))
        except asyncio.CancelledError:
            job.is_abandoned = True
            raise
        except BaseException:
            job.remove_outputs()
            raise

    def _take(self) -> _Job | None:
        """The next task for a worker, or None when the workshop closes."""
        while (job := self._jobs.take()) is not None:
            if not job.answer.set_running_or_notify_cancel():
                continue
            if not self._is_closed:
                return job
            job.answer.set_exception(_closed())
        return None


class _Bench:
    """One worker process, its successors, and the thread that serves them."""

    def __init__(self, take: Any, deadline: float, memory_bytes: int) -> None:
        self._take = take
        self._deadline = deadline
        self._memory_bytes = memory_bytes
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._is_stopping = False
        self._thread: threading.Thread | None = None
        self.ready: Future[None] = Future()

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="imaging-workshop", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        with self._lock:
            self._is_stopping = True
            if self._process is not None:
                self._process.kill()

    def join(self) -> None:
        if self._thread is not None:
            self._thread.join()

    def _serve(self) -> None:
        # Should this fail, the first task tries again and tells its caller when that fails too.
        with contextlib.suppress(_WorkerDied):
            self._ensure_worker()
        if not self.ready.done():
            self.ready.set_result(None)
        while (job := self._take()) is not None:
            try:
                answer = self._attempt(job.task)
            except Exception as error:
                job.answer.set_exception(error)
            else:
                job.answer.set_result(answer)
            if job.is_abandoned:
                job.remove_outputs()
        self._end_worker()

    def _attempt(self, task: dict[str, Any]) -> dict[str, Any]:
        line = json.dumps(task).encode("ascii") + b"\n"
        for _ in range(2):
            try:
                process = self._ensure_worker()
            except _WorkerDied:
                raise _closed() if self._is_stopping else _unavailable() from None
            try:
                _send(process, line)
                return _receive(process, self._deadline)
            except _WorkerDied:
                self._end_worker()
                if self._is_stopping:
                    raise _closed() from None
            except _DeadlinePassed:
                self._end_worker()
                raise too_slow(self._deadline) from None
        raise corrupt("reading it ended the reader")

    def _ensure_worker(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end_worker()
        with self._lock:
            if self._is_stopping:
                raise _WorkerDied
            try:
                process = subprocess.Popen(
                    [
                        sys.executable,
                        *("-P", "-m", "app.imaging.workshop_child"),
                        *(str(os.getpid()), str(self._memory_bytes)),
                    ],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    # libvips prints what it thinks of a file's metadata; that has no place in a log.
                    stderr=subprocess.DEVNULL,
                    env=_ENVIRONMENT,
                    # A ctrl-C at the terminal is for this process alone; it ends its workers itself.
                    start_new_session=True,
                )
            except OSError as error:
                raise _WorkerDied from error
            self._process = process
        try:
            _receive(process, _START_SECONDS)
        except (_DeadlinePassed, _WorkerDied):
            self._end_worker()
            raise _WorkerDied from None
        return process

    def _end_worker(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _absolute(path: Path) -> str:
    """Workers have a working directory of their own."""
    return os.path.abspath(path)


def _send(process: subprocess.Popen[bytes], line: bytes) -> None:
    assert process.stdin is not None  # opened as a pipe above
    try:
        process.stdin.write(line)
        process.stdin.flush()
    except OSError as error:
        raise _WorkerDied from error


def _receive(process: subprocess.Popen[bytes], seconds: float) -> dict[str, Any]:
    """One line of JSON. An answer that is none counts as a death, for the worker is not to be trusted."""
    assert process.stdout is not None  # opened as a pipe above
    descriptor = process.stdout.fileno()
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN | select.POLLHUP)
    ends_at = time.monotonic() + seconds
    received = b""
    while not received.endswith(b"\n"):
        left = ends_at - time.monotonic()
        if left <= 0 or not waiting.poll(left * 1000):
            raise _DeadlinePassed
        part = os.read(descriptor, _MAX_ANSWER_BYTES)
        received += part
        if not part or len(received) > _MAX_ANSWER_BYTES:
            raise _WorkerDied
    try:
        answer = json.loads(received)
    except ValueError as error:
        raise _WorkerDied from error
    if not isinstance(answer, dict):
        raise _WorkerDied
    return answer


def _outcome(answer: dict[str, Any]) -> dict[str, Any]:
    """What the worker did, or the error that it met, raised here."""
    match answer:
        case {"done": dict(done)}:
            return done
        case {"refused": {"code": code, "detail": detail, "facts": facts}}:
            raise PictureRefused(code, detail, facts)
        case {"failed": {"errno": errno, "strerror": strerror}}:
            raise OSError(errno, strerror)
        case {"out_of_memory": True}:
            raise too_complex("not enough memory for it")
        case _:
            raise RuntimeError(f"an imaging worker is broken: {answer.get('broken', 'unknown answer')}")


def _unavailable() -> UpstreamUnavailable:
    return UpstreamUnavailable(
        "busy", "Pictures cannot be read right now. Try again in a few seconds.", retry_after=5
    )


def _closed() -> UpstreamUnavailable:
    return UpstreamUnavailable("busy", "The server is restarting. Try again in a few seconds.", retry_after=5)
