"""Pictures from a ComfyUI server of one's own.

The work has a name that we choose before it is sent, so nothing that was sent is ever lost: whether the
server took it is a look into its queue and its history. Nothing is billed.

What is sent is a workflow in API format, with these words in its inputs: `{prompt}`, `{seed}`, `{steps}`,
`{width}`, `{height}`, `{model}`, `{id}`. A word that is all of an input keeps its type, a number stays one.
"""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from app.core.logging import get_logger
from app.providers.image_generation import words
from app.providers.image_generation.base import (
    NOBODY,
    AccountTrouble,
    GeneratedPicture,
    GenerationError,
    GenerationRequest,
    GenerationUnknown,
    Model,
    PromptRefused,
    ProviderDown,
    ProviderPaces,
    Watch,
)
from app.providers.image_generation.painter import Painter, seed_for
from app.providers.image_generation.prices import Usage
from app.providers.image_generation.wire import (
    MAX_PICTURE_BYTES,
    AnswerLost,
    BadAddress,
    NotSent,
    Reply,
    Wire,
    retry_after,
    whole,
)

log = get_logger(__name__)

SHIPPED_WORKFLOW = Path(__file__).with_name("comfyui_workflow.json")
_STOP_SECONDS = 5.0
_FILE_TRIES = 3
_WORDS = re.compile(r"\{(prompt|seed|steps|width|height|model|id)\}")


class WorkflowBroken(ValueError):
    """A workflow that can't be used, and why."""


class ComfyUIProvider(Painter):
    """One server. `look_every` is the pause between two looks whether a picture is done."""

    def __init__(
        self,
        name: str,
        base_url: str,
        models: tuple[Model, ...],
        workflow: Mapping[str, Any],
        *,
        timeout: timedelta = timedelta(seconds=600),
        connect_timeout: timedelta = timedelta(seconds=5),
        look_every: timedelta = timedelta(seconds=1),
        most_bytes: int = MAX_PICTURE_BYTES,
    ) -> None:
        super().__init__(name, models, at_once=1, is_moderated=False)
        self._workflow = workflow
        self._deadline = timeout.total_seconds()
        self._look_every = look_every.total_seconds()
        self._most_bytes = most_bytes
        # No Origin is sent: with one the server refuses calls from elsewhere.
        self._wire = Wire(base_url, timeout=timeout, connect_timeout=connect_timeout)

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    async def generate(self, request: GenerationRequest, watch: Watch = NOBODY) -> GeneratedPicture:
        """Queue one workflow, once, and wait for its picture."""
        model = self.model_for(request)
        handle, seed = str(uuid.uuid4()), seed_for(request)
        until = time.monotonic() + self._deadline
        await watch.accepted(handle)
        try:
            await self._queue(handle, _filled(self._workflow, _values(request, model, handle, seed)))
            return await self._follow(request, model, handle, seed, until)
        except asyncio.CancelledError:
            await self._stop(handle)
            raise

    async def resume(
        self, request: GenerationRequest, handle: str, watch: Watch = NOBODY
    ) -> GeneratedPicture:
        """Wait for the picture of a workflow that was queued earlier."""
        model = self.model_for(request)
        try:
            uuid.UUID(handle)
        except ValueError:
            raise self.lost("no_such_handle") from None
        until = time.monotonic() + self._deadline
        try:
            return await self._follow(request, model, handle, request.seed, until)
        except asyncio.CancelledError:
            await self._stop(handle)
            raise

    async def _queue(self, handle: str, workflow: object) -> None:
        body = {"prompt": workflow, "client_id": handle, "prompt_id": handle}
        try:
            reply = await self._wire.ask("POST", "/prompt", body=body)
            if reply.json() is None and (reply.status == 200 or reply.status >= 500):
                raise AnswerLost(f"answer_unreadable_{reply.status}")
        except NotSent as error:
            raise ProviderDown(words.DOWN) from error
        except BadAddress as error:
            raise AccountTrouble(words.BAD_ADDRESS) from error
        except AnswerLost as error:
            if await self._knows(handle):
                return
            # It is there, and does not know the work: nothing was begun.
            raise ProviderDown(words.DOWN) from error
        if reply.status != 200:
            raise self._refused(reply)
        if reply.fields().get("prompt_id") != handle:
            # A server that is older than names of one's own: what it began can't be asked for.
            raise self.lost("another_handle")

    async def _knows(self, handle: str) -> bool:
        try:
            if await self._entry(handle) is not None or await self._place(handle):
                return True
            # It may have been done between the two looks.
            return await self._entry(handle) is not None
        except (NotSent, AnswerLost) as error:
            raise self.lost(type(error).__name__) from error

    async def _follow(
        self, request: GenerationRequest, model: Model, handle: str, seed: int | None, until: float
    ) -> GeneratedPicture:
        absences = 0
        while True:
            try:
                # In this order: work that ends between the two looks is found by the next pair of them.
                entry = await self._entry(handle)
                if entry is not None:
                    return await self._finished(request, model, entry, seed)
                absences = 0 if await self._place(handle) else absences + 1
            except (NotSent, AnswerLost):
                pass
            except BadAddress as error:
                raise AccountTrouble(words.BAD_ADDRESS) from error
            if absences > 1:
                raise self.lost("forgotten_by_server")
            if time.monotonic() >= until:
                raise self.lost("too_slow")
            await asyncio.sleep(self._look_every)

    async def _entry(self, handle: str) -> Mapping[str, Any] | None:
        """What the history says of finished work; None while it is queued, running or not known."""
        reply = await self._wire.ask("GET", f"/history/{handle}")
        entry = reply.fields().get(handle) if reply.status == 200 else None
        if reply.status != 200 or reply.json() is None:
            raise AnswerLost(f"history_{reply.status}")
        return entry if isinstance(entry, dict) else None

    async def _place(self, handle: str) -> str:
        """`running`, `pending`, or nothing."""
        reply = await self._wire.ask("GET", "/queue")
        lists = reply.fields()
        if reply.status != 200 or not lists:
            raise AnswerLost(f"queue_{reply.status}")
        for place in ("running", "pending"):
            waiting = lists.get(f"queue_{place}")
            if isinstance(waiting, list) and any(
                isinstance(item, list) and len(item) > 1 and item[1] == handle for item in waiting
            ):
                return place
        return ""

    async def _finished(
        self, request: GenerationRequest, model: Model, entry: Mapping[str, Any], seed: int | None
    ) -> GeneratedPicture:
        status = entry.get("status")
        if isinstance(status, dict) and status.get("status_str") == "error":
            raise self._failed(status.get("messages"))
        picture = _first_picture(entry.get("outputs"))
        if picture is None:
            raise self.refusal(AccountTrouble, words.BAD_WORKFLOW, status=200, code="no_output")
        if seed is None:
            # Whoever took the work up does not know it: it is in the workflow that was queued.
            queued = entry.get("prompt")
            seed = _seed_in(
                self._workflow, queued[2] if isinstance(queued, list) and len(queued) > 2 else None
            )
        return GeneratedPicture(
            content=await self._bring(picture),
            model=model.id,
            seed=seed,
            cost=model.pricing.cost(request.size, request.quality, Usage()) if model.pricing else None,
        )

    async def _bring(self, picture: Mapping[str, str]) -> bytes:
        """The file of a finished picture. It is only looked at, so a look that failed is repeated."""
        reason = ""
        for _ in range(_FILE_TRIES):
            try:
                reply = await self._wire.ask("GET", "/view", params=picture, most_bytes=self._most_bytes)
            except (NotSent, AnswerLost) as error:
                reason = getattr(error, "reason", "not_sent")
                if reason == "answer_too_large":
                    break
                continue
            if reply.status == 200 and reply.body:
                return reply.body
            reason = f"view_{reply.status}"
            if reply.status < 500:
                break
        raise self.lost(reason, words.GONE)

    async def _stop(self, handle: str) -> None:
        """Take the work out of the queue, or interrupt it, and nobody else's."""
        try:
            if await self._place(handle) == "running":
                body: dict[str, object] = {"prompt_id": handle}
                await self._wire.ask("POST", "/interrupt", body=body, seconds=_STOP_SECONDS)
            else:
                await self._wire.ask("POST", "/queue", body={"delete": [handle]}, seconds=_STOP_SECONDS)
        except (NotSent, AnswerLost, BadAddress):
            log.warning("generation.cancel_failed", provider=self.name)

    def _refused(self, reply: Reply) -> GenerationError:
        error = reply.fields().get("error")
        code = error.get("type") if isinstance(error, dict) else None
        kind: type[GenerationError]
        if reply.status == 400:
            kind, detail = AccountTrouble, words.BAD_WORKFLOW
        elif reply.status == 401:
            kind, detail = AccountTrouble, words.BAD_KEY
        elif reply.status == 413:
            kind, detail = PromptRefused, words.BAD_PROMPT
        elif reply.status == 429:
            kind, detail = ProviderPaces, words.PACES
        elif 300 <= reply.status < 500 and reply.status != 408:
            kind, detail = AccountTrouble, words.BAD_ADDRESS
        else:
            kind, detail = GenerationUnknown, words.UNKNOWN
        return self.refusal(
            kind, detail, status=reply.status, code=code, retry_after=retry_after(reply.headers)
        )

    def _failed(self, messages: object) -> GenerationError:
        """What a run that ended in an error comes to, by the names of what happened."""
        happened = {
            str(item[0]): item[1] if isinstance(item[1], dict) else {}
            for item in (messages if isinstance(messages, list) else [])
            if isinstance(item, list) and len(item) > 1
        }
        if "execution_interrupted" in happened:
            return self.refusal(PromptRefused, words.STOPPED, status=200, code="execution_interrupted")
        error = str(happened.get("execution_error", {}).get("exception_type", ""))
        detail = words.NO_MEMORY if error.endswith("OutOfMemoryError") else words.FAILED
        return self.refusal(PromptRefused, detail, status=200, code=error)


def read_workflow(path: Path | None) -> Mapping[str, Any]:
    """A workflow in API format, the product's own by default. Raises `WorkflowBroken`."""
    try:
        workflow = orjson.loads((path or SHIPPED_WORKFLOW).read_bytes())
    except OSError as error:
        raise WorkflowBroken(
            f"COMFYUI_WORKFLOW names {path}, which can't be read: {error.strerror}."
        ) from error
    except orjson.JSONDecodeError as error:
        raise WorkflowBroken(f"COMFYUI_WORKFLOW names {path}, which is no JSON: {error}.") from error
    if not isinstance(workflow, dict) or not all(
        isinstance(node, dict) and "class_type" in node and isinstance(node.get("inputs"), dict)
        for node in workflow.values()
    ):
        raise WorkflowBroken(
            f"COMFYUI_WORKFLOW names {path}, which is no workflow in API format. "
            "Save it with Export (API) in ComfyUI."
        )
    found = set(_WORDS.findall(orjson.dumps(workflow).decode()))
    if missing := [word for word in ("prompt", "seed") if word not in found]:
        raise WorkflowBroken(
            f"COMFYUI_WORKFLOW names {path}, in which no input is {{{missing[0]}}}: "
            "put the words of README.md into the inputs that change."
        )
    return workflow


def _values(request: GenerationRequest, model: Model, handle: str, seed: int) -> dict[str, str | int]:
    width, height = (int(side) for side in model.asked(request.size).split("x"))
    return {
        "prompt": request.prompt,
        "seed": seed,
        "steps": int(model.asked(request.quality) or 25),
        "width": width,
        "height": height,
        "model": model.id,
        "id": handle,
    }


def _filled(part: Any, values: Mapping[str, str | int]) -> Any:
    """The workflow with its words replaced, once: what a prompt says is never looked at for words."""
    if isinstance(part, dict):
        return {name: _filled(value, values) for name, value in part.items()}
    if isinstance(part, list):
        return [_filled(value, values) for value in part]
    if not isinstance(part, str):
        return part
    alone = _WORDS.fullmatch(part)
    return values[alone[1]] if alone else _WORDS.sub(lambda word: str(values[word[1]]), part)


def _seed_in(workflow: Any, queued: Any) -> int | None:
    """What stands in a queued workflow where ours has its seed."""
    if workflow == "{seed}":
        return whole(queued)
    if not isinstance(workflow, dict) or not isinstance(queued, dict):
        return None
    found = (_seed_in(part, queued.get(name)) for name, part in workflow.items())
    return next((seed for seed in found if seed is not None), None)


def _first_picture(outputs: object) -> Mapping[str, str] | None:
    """Where the first finished picture lies. One only shown in passing counts where there is no other."""
    found = [
        {name: str(image.get(name, "")) for name in ("filename", "subfolder", "type")}
        for node in (outputs.values() if isinstance(outputs, dict) else ())
        if isinstance(node, dict)
        for image in (node.get("images") or ())
        if isinstance(image, dict) and image.get("filename")
    ]
    return min(found, key=lambda image: image["type"] != "output", default=None)
