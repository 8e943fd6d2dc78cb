"""The workshop: processes of their own in which pictures are opened.

A picture can crash its decoder, fill the memory or never end, so none is opened in the process that serves.
Each worker process has one thread here that hands it one task at a time, waits with a deadline, and
replaces it when it ends. A worker that dies during a task gets that task once more in its successor, as its
death may have had nothing to do with the picture; a second death is the picture's fault. Tasks wait in one
queue, and of those who wait comes first who has the fewest in work, with a bound for one and for all; beyond
it the answer is *busy*, at once.

Workers are started afresh, never forked, with an environment that holds no setting of ours. Only paths and
small JSON values travel. Workers end with this process, however it ends.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from app.core.errors import UpstreamUnavailable
from app.imaging.errors import PictureRefused, too_complex
from app.imaging.fair_queue import FairQueue
from app.imaging.formats import Format
from app.imaging.framing import AS_IT_IS, Framing
from app.imaging.masks import MaskRead
from app.imaging.origin import SourceType
from app.imaging.recipes import Recipe
from app.imaging.renditions import Rendered, Wanted
from app.imaging.seals import Seal
from app.imaging.verify import Limits, Verified
from app.imaging.workbench import Bench, Job, closed

_MIB = 1024 * 1024


class Workshop:
    """Verifies and renders pictures in worker processes.

    `workers` defaults to the number of cores. `max_waiting` tasks may wait, half of them of one party at
    most; none has a second worker while another waits for its first. `deadline` is for one task, from when a
    worker takes it. `memory_bytes` is what one task may take beyond an idle worker. With a `seal` it writes
    C2PA manifests.

    It may be used from any number of event loops and threads.
    """

    def __init__(
        self,
        *,
        workers: int | None = None,
        max_waiting: int = 128,
        deadline: timedelta = timedelta(seconds=30),
        memory_bytes: int = 768 * _MIB,
        seal: Seal | None = None,
    ) -> None:
        self._seal = seal
        self._jobs = FairQueue[Job](most=max_waiting, most_of_one=max(1, max_waiting // 2))
        self._lock = threading.Lock()
        self._is_closed = False
        self._staffed = 0
        self._benches = [
            Bench(
                self._take, self._finish, deadline.total_seconds(), memory_bytes, seal.sign if seal else None
            )
            for _ in range(workers or os.cpu_count() or 1)
        ]

    def start(self) -> None:
        """Starts the first worker in the background; the others come when pictures wait. Calling it again
        does nothing.

        Raises `UpstreamUnavailable` after `close`.
        """
        self._staff(1)

    async def warm(self) -> None:
        """Returns when every worker is ready. The first tasks do not need it, they only wait less."""
        self._staff(len(self._benches))
        for bench in self._benches:
            await asyncio.shield(asyncio.wrap_future(bench.ready))

    def _staff(self, count: int) -> None:
        with self._lock:
            if self._is_closed:
                raise closed()
            for bench in self._benches[:count]:
                bench.start()
            self._staffed = max(self._staffed, count)

    @property
    def has_seal(self) -> bool:
        """Whether manifests are written."""
        return self._seal is not None

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
        parent: Path | None = None,
        is_sealed: bool = False,
        party: int = 0,
    ) -> Verified:
        """As `app.imaging.verify`, in turn with other parties. After any error neither output exists.
        `is_sealed` wishes for a manifest, where there is a seal.

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
            "parent": parent and _absolute(parent),
            "seal": self._public_seal() if is_sealed else None,
        }
        done = await self._complete(task, (clean, thumb), party)
        told = done["source_type"] and SourceType(done["source_type"])
        return Verified(**{**done, "format": Format(done["format"]), "source_type": told})

    async def render(
        self,
        source: Path,
        recipe: Recipe,
        target: Path,
        *,
        framing: Framing = AS_IT_IS,
        shape: tuple[int, int] | None = None,
        source_type: SourceType | None = None,
        party: int = 0,
    ) -> Rendered:
        """As `app.imaging.render`, in turn with other parties. After any error the target does not exist.
        Raises as `verify` does."""
        wanted = Wanted(recipe, target, framing, shape)
        return (await self.render_all(source, [wanted], source_type=source_type, party=party))[0]

    async def render_all(
        self,
        source: Path,
        wanted: Sequence[Wanted],
        *,
        source_type: SourceType | None = None,
        party: int = 0,
    ) -> list[Rendered]:
        """As `app.imaging.render_all`, in turn with other parties, as one task. After any error no target
        exists. Raises as `verify` does."""
        task = {
            "kind": "render",
            "source": _absolute(source),
            "wanted": [{**asdict(one), "target": _absolute(one.target)} for one in wanted],
            "source_type": source_type and source_type.value,
            "seal": self._public_seal(),
        }
        done = await self._complete(task, tuple(one.target for one in wanted), party)
        return [
            Rendered(**{**made, "crop": tuple(made["crop"]) if made["crop"] else None})
            for made in done["rendered"]
        ]

    async def read_mask(self, source: Path, target: Path, *, party: int = 0) -> MaskRead:
        """As `app.imaging.masks.read_mask`, in turn with other parties. Raises as `verify` does."""
        task = {"kind": "mask", "source": _absolute(source), "target": _absolute(target), "seal": None}
        return MaskRead(**await self._complete(task, (target,), party))

    def _public_seal(self) -> dict[str, str] | None:
        """What a worker may know of the seal."""
        seal = self._seal
        if seal is None:
            return None
        return {
            "certificate": seal.certificate,
            "algorithm": seal.algorithm,
            "timestamp_url": seal.timestamp_url,
        }

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
                job.answer.set_exception(closed())

    async def _complete(self, task: dict[str, Any], outputs: tuple[Path, ...], party: int) -> dict[str, Any]:
        """What `_perform` returns. A picture is not refused for a timestamp server that never answers."""
        try:
            return await self._perform(Job(task, outputs, party))
        except PictureRefused as refusal:
            seal = task["seal"]
            if refusal.code != "image_timeout" or not seal or not seal["timestamp_url"]:
                raise
        without_time = {**task, "seal": {**seal, "timestamp_url": ""}}
        return await self._perform(Job(without_time, outputs, party))

    async def _perform(self, job: Job) -> dict[str, Any]:
        self.start()
        place = self._jobs.put(job.party, job)
        if place != "taken":
            whose = "Many pictures" if place == "full" else "Many of your pictures"
            raise UpstreamUnavailable(
                "busy", f"{whose} are being read right now. Try again in a few seconds.", retry_after=5
            )
        if self._staffed < len(self._benches) and self._jobs.lacks_hands:
            self._staff(self._staffed + 1)
        try:
            return _outcome(await asyncio.wrap_future(job.answer))
        except asyncio.CancelledError:
            job.is_abandoned = True
            raise
        except BaseException:
            job.remove_outputs()
            raise

    def _take(self) -> Job | None:
        """The next task for a worker, or None when the workshop closes."""
        while (job := self._jobs.take()) is not None:
            if not job.answer.set_running_or_notify_cancel():
                self._finish(job)
                continue
            if not self._is_closed:
                return job
            job.answer.set_exception(closed())
        return None

    def _finish(self, job: Job) -> None:
        self._jobs.finish(job.party)


def _absolute(path: Path) -> str:
    """Workers have a working directory of their own."""
    return os.path.abspath(path)


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
