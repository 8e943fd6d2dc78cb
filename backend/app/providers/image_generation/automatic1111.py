"""Pictures from a Stable Diffusion server of one's own that speaks AUTOMATIC1111's API.

A call blocks until its picture is done, and the server does one at a time. It keeps nothing that could be
asked for again, and nothing is billed.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from datetime import timedelta
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
    MAX_ANSWER_BYTES,
    AnswerLost,
    BadAddress,
    NotSent,
    Reply,
    Wire,
    decoded,
    retry_after,
    whole,
)

log = get_logger(__name__)

CHECKPOINT = "checkpoint"
_INTERRUPT_SECONDS = 5.0
# Within the masked part the old content stays as a start; the rest is kept as it is.
_INPAINTING = {"inpainting_fill": 1, "inpaint_full_res": False}


class Automatic1111Provider(Painter):
    """One server. A name and password for it stand in the address of the settings.

    A model's `dialect` says whether it is the checkpoint that is loaded there, or one to load for the call.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        models: tuple[Model, ...],
        *,
        timeout: timedelta = timedelta(seconds=600),
        connect_timeout: timedelta = timedelta(seconds=5),
        most_bytes: int = MAX_ANSWER_BYTES,
    ) -> None:
        super().__init__(name, models, at_once=1, is_moderated=False)
        self._most_bytes = most_bytes
        self._wire = Wire(base_url, timeout=timeout, connect_timeout=connect_timeout)

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    async def generate(self, request: GenerationRequest, watch: Watch = NOBODY) -> GeneratedPicture:
        """Ask for one picture, once."""
        model = self.model_for(request)
        seed = seed_for(request)
        path = "/sdapi/v1/img2img" if request.sources else "/sdapi/v1/txt2img"
        body = _body(request, model, seed)
        try:
            reply = await self.once(
                lambda: self._wire.ask("POST", path, body=body, most_bytes=self._most_bytes)
            )
        except asyncio.CancelledError:
            await self._interrupt()
            raise
        if reply.status != 200:
            raise self._refused(reply)
        said = reply.fields()
        images = said.get("images")
        content = await decoded(images[0]) if isinstance(images, list) and images else None
        if content is None:
            raise self.lost("answer_unreadable")
        told = _info(said.get("info"))
        loaded = told.get("sd_model_name")
        return GeneratedPicture(
            content=content,
            model=loaded if isinstance(loaded, str) and 0 < len(loaded) <= 100 else model.id,
            seed=seed if (found := whole(told.get("seed"))) is None else found,
            cost=model.pricing.cost(request.size, request.quality, Usage()) if model.pricing else None,
        )

    async def _interrupt(self) -> None:
        try:
            await self._wire.ask("POST", "/sdapi/v1/interrupt", seconds=_INTERRUPT_SECONDS)
        except (NotSent, AnswerLost, BadAddress):
            log.warning("generation.cancel_failed", provider=self.name)

    def _refused(self, reply: Reply) -> GenerationError:
        said = reply.fields()
        # Only the server itself names its errors; what stands before it does not.
        name = said.get("error")
        kind: type[GenerationError]
        if name == "OutOfMemoryError":
            kind, detail = PromptRefused, words.NO_MEMORY
        elif reply.status in (401, 403):
            kind, detail = AccountTrouble, words.BAD_KEY
        elif reply.status == 404:
            kind, detail = AccountTrouble, words.NO_MODEL if name else words.BAD_ADDRESS
        elif reply.status == 429:
            kind, detail = ProviderPaces, words.PACES
        elif reply.status in (400, 413, 422):
            kind, detail = PromptRefused, words.BAD_OPTION
        elif 300 <= reply.status < 500 and reply.status != 408:
            kind, detail = AccountTrouble, words.BAD_ADDRESS
        elif reply.status == 500 and name:
            kind, detail = ProviderDown, words.FAILED
        else:
            kind, detail = GenerationUnknown, words.UNKNOWN
        wait = retry_after(reply.headers)
        return self.refusal(kind, detail, status=reply.status, code=name, retry_after=wait)


def _body(request: GenerationRequest, model: Model, seed: int) -> dict[str, object]:
    width, height = (int(side) for side in model.asked(request.size).split("x"))
    body: dict[str, object] = {
        **model.sends,
        "prompt": request.prompt,
        "width": width,
        "height": height,
        "seed": seed,
        "batch_size": 1,
        "n_iter": 1,
        "send_images": True,
        "save_images": False,
    }
    if steps := model.asked(request.quality):
        body["steps"] = int(steps)
    if model.dialect == CHECKPOINT:
        body["override_settings"] = {"sd_model_checkpoint": model.id}
        body["override_settings_restore_afterwards"] = True
    if request.sources:
        body["init_images"] = [base64.b64encode(request.sources[0].content).decode()]
        body["resize_mode"] = 1  # cut to the wanted shape rather than pressed into it
        body["denoising_strength"] = 0.75
        if request.mask is not None:
            # There the opaque part of a mask is painted anew, here the transparent one.
            body |= _INPAINTING | {
                "mask": base64.b64encode(request.mask).decode(),
                "inpainting_mask_invert": 1,
            }
    return body


def _info(told: object) -> Mapping[str, Any]:
    """What the server tells of its work: JSON in a string, or an empty string."""
    if not isinstance(told, str) or not told:
        return {}
    try:
        info = orjson.loads(told)
    except orjson.JSONDecodeError:
        return {}
    return info if isinstance(info, dict) else {}
