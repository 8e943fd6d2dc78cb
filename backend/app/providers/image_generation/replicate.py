"""Pictures from models at Replicate: a prediction is asked for once, and looked at until it is done.

Its id is known as soon as the first answer is there, and from then on nothing is lost: a look costs nothing
and is repeated, and another process can take it up. Results are kept there for an hour. Their files are
fetched without the token.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

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
    ProviderPaces,
    Watch,
)
from app.providers.image_generation.files import FileHosts, bring
from app.providers.image_generation.painter import Painter, seed_for
from app.providers.image_generation.prices import Usage
from app.providers.image_generation.wire import (
    AnswerLost,
    BadAddress,
    NotSent,
    Reply,
    Wire,
    is_key,
    retry_after,
    whole,
)

log = get_logger(__name__)

FILE_HOSTS = ("replicate.delivery", "*.replicate.delivery")
_LARGEST_SEED = 2**31 - 2
_CANCEL_SECONDS = 5.0
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_MODEL = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")
_THROTTLED = re.compile(r"resets in ~?(\d{1,4})s")

_BY_STATUS: Mapping[int, tuple[type[GenerationError], str]] = {
    401: (AccountTrouble, words.BAD_KEY),
    402: (AccountTrouble, words.NO_MONEY),
    403: (AccountTrouble, words.NOT_ALLOWED),
    404: (AccountTrouble, words.NO_MODEL),
    408: (GenerationUnknown, words.UNKNOWN),
    413: (PromptRefused, words.BAD_PROMPT),
    429: (ProviderPaces, words.PACES),
}


class ReplicateProvider(Painter):
    """One account. A model's `dialect` says how it is called: `official` by its name, `community` by its
    version.

    `wait` is how long the first call is held open for a model that is quick; until it is answered the id of
    the prediction is not known. `look_every` is the pause between two looks.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        token: str,
        models: tuple[Model, ...],
        *,
        has_own_files: bool,
        timeout: timedelta = timedelta(seconds=300),
        connect_timeout: timedelta = timedelta(seconds=5),
        wait: timedelta = timedelta(seconds=5),
        look_every: timedelta = timedelta(seconds=1),
    ) -> None:
        super().__init__(name, models, at_once=100, is_moderated=False)
        self._is_key_usable = is_key(token)
        self._deadline = timeout.total_seconds()
        self._wait = max(1, min(60, round(wait.total_seconds())))
        self._look_every = look_every.total_seconds()
        # With another address than Replicate's own, files come from there as well.
        self._hosts = FileHosts.of(base_url if has_own_files else "", *FILE_HOSTS)
        self._versions: dict[str, str] = {}
        self._wire = Wire(
            base_url,
            headers={"Authorization": f"Bearer {token if self._is_key_usable else 'unusable'}"},
            timeout=timeout,
            connect_timeout=connect_timeout,
        )

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    async def generate(self, request: GenerationRequest, watch: Watch = NOBODY) -> GeneratedPicture:
        """Start one prediction, once, and wait for its picture."""
        model = self.model_for(request)
        if not self._is_key_usable:
            raise AccountTrouble(words.BAD_KEY)
        until = time.monotonic() + self._deadline
        seed = seed_for(request, _LARGEST_SEED)
        path, body = await self._address(model)
        body["input"] = _inputs(request, model, seed)
        headers = {"Prefer": f"wait={self._wait}", "Cancel-After": f"{round(self._deadline)}s"}
        reply = await self.once(lambda: self._wire.ask("POST", path, body=body, headers=headers))
        if reply.status not in (200, 201, 202):
            raise self._refused(reply)
        prediction = reply.fields()
        handle = prediction.get("id")
        if not isinstance(handle, str) or not _ID.fullmatch(handle):
            raise self.lost("prediction_without_id")
        await watch.accepted(handle)
        return await self._follow(request, model, handle, prediction, until, seed)

    async def resume(
        self, request: GenerationRequest, handle: str, watch: Watch = NOBODY
    ) -> GeneratedPicture:
        """Look at a prediction that was started earlier until it is done."""
        model = self.model_for(request)
        if not self._is_key_usable:
            raise AccountTrouble(words.BAD_KEY)
        if not _ID.fullmatch(handle):
            raise self.lost("no_such_handle")
        until = time.monotonic() + self._deadline
        return await self._follow(request, model, handle, None, until, request.seed)

    async def _address(self, model: Model) -> tuple[str, dict[str, Any]]:
        """Where a model's predictions are made, and what has to be said of its version."""
        name, _, version = model.id.partition(":")
        if not _MODEL.fullmatch(name):
            raise AccountTrouble(words.NO_MODEL)
        if model.dialect == "official":
            return f"/models/{name}/predictions", {}
        version = version or self._versions.get(name, "")
        if not version:
            reply = await self.once(lambda: self._wire.ask("GET", f"/models/{name}"))
            latest = reply.fields().get("latest_version")
            found = latest.get("id") if isinstance(latest, dict) else None
            if reply.status != 200:
                raise self._refused(reply)
            if not isinstance(found, str) or not _ID.fullmatch(found):
                raise AccountTrouble(words.NO_MODEL)
            version = self._versions[name] = found
        return "/predictions", {"version": version}

    async def _follow(
        self,
        request: GenerationRequest,
        model: Model,
        handle: str,
        prediction: Mapping[str, Any] | None,
        until: float,
        seed: int | None,
    ) -> GeneratedPicture:
        try:
            while prediction is None or not _is_over(prediction):
                if time.monotonic() >= until:
                    raise self.lost("too_slow")
                if prediction is not None:
                    await asyncio.sleep(self._look_every)
                prediction = await self._look(handle) or prediction or {}
            return await self._finished(request, model, prediction, seed)
        except asyncio.CancelledError:
            await self._cancel(handle)
            raise

    async def _look(self, handle: str) -> Mapping[str, Any] | None:
        """The prediction as it stands; None when it could not be seen this time."""
        try:
            reply = await self._wire.ask("GET", f"/predictions/{handle}")
        except (NotSent, AnswerLost):
            return None
        except BadAddress as error:
            raise self.lost("bad_address") from error
        if reply.status == 200:
            return reply.fields() or None
        if reply.status == 429 or reply.status >= 500:
            await asyncio.sleep(min(_wait_of(reply) or 0, 30))
            return None
        # It was taken, so a refusal to tell of it says nothing of what became of it.
        raise self.lost(f"look_refused_{reply.status}", words.GONE if reply.status == 404 else words.UNKNOWN)

    async def _finished(
        self, request: GenerationRequest, model: Model, prediction: Mapping[str, Any], seed: int | None
    ) -> GeneratedPicture:
        status = prediction.get("status")
        if status == "failed":
            said = str(prediction.get("error") or "")
            # Only the sentence depends on the text; what happens next does not.
            detail = words.REFUSED if "nsfw" in said.lower() else words.FAILED
            raise self.refusal(PromptRefused, detail, status=200, code="failed")
        if status != "succeeded":
            raise self.refusal(PromptRefused, words.STOPPED, status=200, code=status)
        output = prediction.get("output")
        url = output[0] if isinstance(output, list) and output else output
        if not isinstance(url, str):
            raise self.lost("output_gone", words.GONE)
        try:
            content = await bring(url, self._hosts)
        except AnswerLost as error:
            raise self.lost(error.reason) from error
        if seed is None:
            # Whoever took the work up does not know it: it is in what the prediction was asked for.
            inputs = prediction.get("input")
            seed = whole(inputs.get("seed")) if isinstance(inputs, dict) else None
        return GeneratedPicture(
            content=content,
            model=model.id,
            seed=seed if model.seeds else None,
            cost=_cost(request, model, prediction),
        )

    async def _cancel(self, handle: str) -> None:
        try:
            await self._wire.ask("POST", f"/predictions/{handle}/cancel", seconds=_CANCEL_SECONDS)
        except (NotSent, AnswerLost, BadAddress):
            log.warning("generation.cancel_failed", provider=self.name)

    def _refused(self, reply: Reply) -> GenerationError:
        if reply.status in _BY_STATUS:
            kind, detail = _BY_STATUS[reply.status]
        elif 400 <= reply.status < 500:
            kind, detail = PromptRefused, words.BAD_OPTION
        elif 200 < reply.status < 400:
            kind, detail = AccountTrouble, words.BAD_ADDRESS
        else:
            kind, detail = GenerationUnknown, words.UNKNOWN
        return self.refusal(kind, detail, status=reply.status, retry_after=_wait_of(reply))


def _inputs(request: GenerationRequest, model: Model, seed: int) -> dict[str, object]:
    inputs: dict[str, object] = {"prompt": request.prompt, **model.sends}
    size = model.asked(request.size)
    if ":" in size:
        inputs["aspect_ratio"] = size
    else:
        inputs["width"], inputs["height"] = (int(side) for side in size.split("x"))
    if steps := model.asked(request.quality):
        inputs["num_inference_steps"] = int(steps)
    if model.seeds:
        inputs["seed"] = seed
    return inputs


def _is_over(prediction: Mapping[str, Any]) -> bool:
    """Whether nothing more will come. A status that is new to us is over once it has an end."""
    status = prediction.get("status")
    return status in ("succeeded", "failed", "canceled", "aborted") or (
        status not in ("starting", "processing") and bool(prediction.get("completed_at"))
    )


def _cost(request: GenerationRequest, model: Model, prediction: Mapping[str, Any]) -> Decimal | None:
    if model.pricing is None:
        return None
    metrics = prediction.get("metrics")
    seconds = metrics.get("predict_time") if isinstance(metrics, dict) else None
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    usage = Usage(seconds=Decimal(str(seconds)) if is_number else None)
    return model.pricing.cost(model.asked(request.size), request.quality, usage)


def _wait_of(reply: Reply) -> int | None:
    told = retry_after(reply.headers)
    if told is not None:
        return told
    found = _THROTTLED.search(str(reply.fields().get("detail", "")))
    return max(1, int(found[1])) if found else None
