"""ComfyUI's server: a queue of workflows, their history, and the pictures that they leave.

It knows no keys, so the painter's key is the first part of the address.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from practice.answers import PRACTICE_HEADERS, JsonAnswer
from practice.billing import Bill
from practice.desk import Call, Desk, Refused, parsed, read_body
from practice.selfhosted.workflows import NODES, Painting, read_workflow, refused
from practice.store import setting
from practice.studio import Studio

BODY_LIMIT = 1024 * 1024
HISTORY_LIMIT = 100

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(slots=True)
class Job:
    """One workflow in the queue."""

    id: str
    number: int
    workflow: dict[str, Any]
    painting: Painting
    call_id: int
    is_interrupted: asyncio.Event = field(default_factory=asyncio.Event)


class ComfyUIApi:
    """One server that does one job after the other. Its edges are `comfyui.prompt`, `.history`, `.view`,
    `.queue` and `.interrupt`. Queue and history are in memory, and gone after a restart."""

    def __init__(self, desk: Desk, studio: Studio) -> None:
        self._desk = desk
        self._studio = studio
        self._pending: list[Job] = []
        self._running: Job | None = None
        self._history: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._files: dict[tuple[str, str], bytes] = {}
        self._cached: set[str] = set()
        self._number = 0
        self._worker: asyncio.Task[None] | None = None

    def routes(self) -> list[Route]:
        """Below the place that `COMFYUI_URL` names, which ends in the painter's key."""
        base = "/comfyui/{key}"
        table: list[tuple[str, str, Endpoint]] = [
            ("POST", "prompt", self._prompt),
            ("GET", "history/{id}", self._look),
            ("GET", "history", self._look),
            ("POST", "history", self._forget),
            ("GET", "view", self._view),
            ("GET", "queue", self._list),
            ("POST", "queue", self._take_out),
            ("POST", "interrupt", self._interrupt),
            ("GET", "system_stats", self._stats),
            ("GET", "object_info/{name}", self._node),
        ]
        return [Route(f"{base}/{path}", self._guarded(run), methods=[method]) for method, path, run in table]

    def _guarded(
        self, run: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            if not self._desk.is_key(request.path_params["key"]):
                return Response("404: Not Found", 404, media_type="text/plain")
            origin = request.headers.get("origin")
            if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
                return Response(status_code=403)
            return await run(request)

        return endpoint

    async def _prompt(self, request: Request) -> Response:
        too_large = Refused(413, "too_large", {"error": "Request Entity Too Large"})
        try:
            sent = parsed(await read_body(request, BODY_LIMIT, too_large, refused("no_prompt", "No prompt")))
        except Refused as problem:
            return JsonAnswer(problem.body, problem.status)
        noted = {"prompt_id": sent.get("prompt_id"), "client_id": sent.get("client_id")}

        async def work(call: Call) -> Response:
            painting = read_workflow(sent.get("prompt"))
            given = sent.get("prompt_id")
            self._number += 1
            job = Job(
                str(given) if given else str(uuid.uuid4()), self._number, sent["prompt"], painting, call.id
            )
            self._pending.insert(0 if sent.get("front") else len(self._pending), job)
            if self._worker is None or self._worker.done():
                self._worker = asyncio.create_task(self._work())
                self._desk.keep(self._worker)
            return JsonAnswer({"prompt_id": job.id, "number": job.number, "node_errors": {}})

        return await self._desk.serve(request, "comfyui.prompt", noted, work)

    async def _work(self) -> None:
        while self._pending:
            job = self._running = self._pending.pop(0)
            try:
                entry = await self._done(job)
            finally:
                self._running = None
            self._history[job.id] = entry
            while len(self._history) > HISTORY_LIMIT:
                self._history.popitem(last=False)

    async def _done(self, job: Job) -> dict[str, Any]:
        def read(db: Any) -> tuple[int, int]:
            return setting(db, "painting_ms"), setting(db, "gpu_megapixels")

        painting_ms, megapixels = await self._desk.store.run(read)
        try:
            async with asyncio.timeout(painting_ms / 1000):
                await job.is_interrupted.wait()
            return _entry(job, "error", {}, ["execution_interrupted", {"prompt_id": job.id}])
        except TimeoutError:
            pass
        painting = job.painting
        if painting.width * painting.height > megapixels * 1_048_576:
            said = {
                "prompt_id": job.id,
                "node_type": "KSampler",
                "exception_type": "torch.OutOfMemoryError",
                "exception_message": "Allocation on device",
            }
            return _entry(job, "error", {}, ["execution_error", said])
        fingerprint = json.dumps(job.workflow, sort_keys=True)
        if fingerprint in self._cached:
            # Nothing is left to be done, so nothing comes out.
            return _entry(job, "success", {}, ["execution_cached", {"prompt_id": job.id}])
        self._cached.add(fingerprint)
        outputs: dict[str, Any] = {}
        for node, place, prefix in painting.outputs:
            content = await self._studio.picture(
                painting.prompt, painting.width, painting.height, painting.seed, is_quick=True
            )
            name = f"{prefix}_{len(self._files) + 1:05}_.png"
            self._files[place, name] = content
            outputs[node] = {"images": [{"filename": name, "subfolder": "", "type": place}]}
        await self._desk.bill(Bill("comfyui", painting.model, Decimal(0), job.id), job.call_id)
        return _entry(job, "success", outputs, ["execution_success", {"prompt_id": job.id}])

    async def _look(self, request: Request) -> Response:
        wanted = request.path_params.get("id")

        async def work(_: Call) -> Response:
            return JsonAnswer({key: entry for key, entry in self._history.items() if wanted in (None, key)})

        return await self._desk.serve(request, "comfyui.history", {"id": wanted}, work)

    async def _forget(self, request: Request) -> Response:
        sent = parsed(await request.body())
        for key in list(self._history) if sent.get("clear") else sent.get("delete") or ():
            self._history.pop(key, None)
        return Response(status_code=200)

    async def _view(self, request: Request) -> Response:
        name, place = request.query_params.get("filename", ""), request.query_params.get("type", "output")

        async def work(_: Call) -> Response:
            if not name or name.startswith("/") or ".." in name or place not in ("output", "temp", "input"):
                raise Refused(400, "bad_path", {"error": "bad path"})
            if ".." in request.query_params.get("subfolder", ""):
                raise Refused(403, "bad_path", {"error": "bad path"})
            content = self._files.get((place, name))
            if content is None:
                raise Refused(404, "missing", {"error": "not found"})
            return Response(content, media_type="image/png", headers=dict(PRACTICE_HEADERS))

        return await self._desk.serve(request, "comfyui.view", {"filename": name, "type": place}, work)

    async def _list(self, request: Request) -> Response:
        async def work(_: Call) -> Response:
            running = [] if self._running is None else [self._running]
            return JsonAnswer(
                {
                    "queue_running": [[job.number, job.id, job.workflow, {}, []] for job in running],
                    "queue_pending": [[job.number, job.id, job.workflow, {}, []] for job in self._pending],
                }
            )

        return await self._desk.serve(request, "comfyui.queue", {}, work)

    async def _take_out(self, request: Request) -> Response:
        sent = parsed(await request.body())
        deleted = sent.get("delete") or []

        async def work(_: Call) -> Response:
            self._pending = [job for job in self._pending if not sent.get("clear") and job.id not in deleted]
            return Response(status_code=200)

        return await self._desk.serve(request, "comfyui.queue", {"delete": deleted}, work)

    async def _interrupt(self, request: Request) -> Response:
        sent = parsed(await request.body())
        wanted = sent.get("prompt_id")

        async def work(_: Call) -> Response:
            if self._running is not None and wanted in (None, self._running.id):
                self._running.is_interrupted.set()
            return Response(status_code=200)

        return await self._desk.serve(request, "comfyui.interrupt", {"prompt_id": wanted}, work)

    async def _stats(self, request: Request) -> Response:
        return JsonAnswer({"system": {"comfyui_version": "0.3.64", "os": "posix"}, "devices": []})

    async def _node(self, request: Request) -> Response:
        name = request.path_params["name"]
        return JsonAnswer({name: {"name": name}} if name in NODES else {})


def _entry(job: Job, status: str, outputs: dict[str, Any], *messages: list[Any]) -> dict[str, Any]:
    started = ["execution_start", {"prompt_id": job.id}]
    return {
        "prompt": [job.number, job.id, job.workflow, {}, [node for node, *_ in job.painting.outputs]],
        "outputs": outputs,
        "status": {
            "status_str": status,
            "completed": status == "success",
            "messages": [started, *messages],
        },
        "meta": {},
    }
