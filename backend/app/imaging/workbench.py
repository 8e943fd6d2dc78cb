"""One worker process of the workshop, its successors, and the thread that hands it tasks.

They talk in lines of JSON. A worker that seals a picture asks for the signature on the way, for the key never
leaves this process.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.core.errors import UpstreamUnavailable
from app.imaging.errors import corrupt, too_slow

_START_SECONDS = 60.0
_MAX_ANSWER_BYTES = 64 * 1024
# For each file. A second one is for the case that nobody could be asked for the time.
_MOST_SIGNATURES = 2
_BACKEND = Path(__file__).resolve().parents[2]
_ENVIRONMENT = {
    "PYTHONPATH": str(_BACKEND),
    "LANG": "C.UTF-8",
    # One thread per picture; the other cores work on other pictures.
    "VIPS_CONCURRENCY": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # What an ordinary picture took is there for the next one, what a large one took goes back to the system.
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_TRIM_THRESHOLD_": str(16 * 1024 * 1024),
    "MALLOC_MMAP_THRESHOLD_": str(8 * 1024 * 1024),
}


class _WorkerDied(Exception):
    """The worker process ended before it answered."""


class _DeadlinePassed(Exception):
    """The worker process did not answer in time."""


@dataclass(slots=True)
class Job:
    task: dict[str, Any]
    outputs: tuple[Path, ...]
    party: int
    answer: Future[dict[str, Any]] = field(default_factory=Future)
    is_abandoned: bool = False

    def remove_outputs(self) -> None:
        for path in self.outputs:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


class Bench:
    """One worker process, its successors, and the thread that serves them."""

    def __init__(
        self,
        take: Callable[[], Job | None],
        finish: Callable[[Job], None],
        deadline: float,
        memory_bytes: int,
        sign: Callable[[bytes], bytes] | None,
    ) -> None:
        self._take = take
        self._finish = finish
        self._deadline = deadline
        self._memory_bytes = memory_bytes
        self._sign = sign
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
                try:
                    answer = self._attempt(job)
                finally:
                    # First, so that whoever hears of it and brings the next finds nothing in work.
                    self._finish(job)
            except Exception as error:
                job.answer.set_exception(error)
            else:
                job.answer.set_result(answer)
            if job.is_abandoned:
                job.remove_outputs()
        self._end_worker()

    def _attempt(self, job: Job) -> dict[str, Any]:
        line = json.dumps(job.task).encode("ascii") + b"\n"
        for _ in range(2):
            try:
                process = self._ensure_worker()
            except _WorkerDied:
                raise closed() if self._is_stopping else _unavailable() from None
            try:
                _send(process, line)
                answer = _receive(process, self._deadline)
                for _ in range(_MOST_SIGNATURES * len(job.outputs)):
                    if "to_sign" not in answer:
                        break
                    _send(process, self._signature(answer["to_sign"]))
                    answer = _receive(process, self._deadline)
                return answer
            except _WorkerDied:
                self._end_worker()
                if self._is_stopping:
                    raise closed() from None
            except _DeadlinePassed:
                self._end_worker()
                raise too_slow(self._deadline) from None
        raise corrupt("reading it ended the reader")

    def _signature(self, wanted: Any) -> bytes:
        """The answer to a worker that seals. One that asks for nonsense is not to be trusted."""
        try:
            message = base64.b64decode(wanted, validate=True)
        except (TypeError, ValueError) as error:
            raise _WorkerDied from error
        signature = self._sign(message) if self._sign else b""
        return json.dumps({"signature": base64.b64encode(signature).decode()}).encode() + b"\n"

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
                    # A ctrl-C at the terminal is for this process alone; it ends its workers itself. In a
                    # session of its own it would have a share of the cores of its own, whatever its rank.
                    process_group=0,
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


def _unavailable() -> UpstreamUnavailable:
    return UpstreamUnavailable(
        "busy", "Pictures cannot be read right now. Try again in a few seconds.", retry_after=5
    )


def closed() -> UpstreamUnavailable:
    return UpstreamUnavailable("busy", "The server is restarting. Try again in a few seconds.", retry_after=5)
