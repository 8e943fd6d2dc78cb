"""`/sdapi/v1/…` as AUTOMATIC1111's server answers: one job at a time, a call open until its job is done."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import secrets
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from practice.answers import JsonAnswer
from practice.billing import Bill
from practice.desk import Call, Desk, Refused, parsed, read_body
from practice.store import setting
from practice.studio import Studio

BODY_LIMIT = 64 * 1024 * 1024
CHECKPOINTS = ("sd_xl_base_1.0.safetensors", "dreamshaper_8.safetensors")
SAMPLERS = ("Euler a", "Euler", "DPM++ 2M", "DPM++ SDE", "DDIM", "LMS", "Heun")
SCHEDULERS = ("Automatic", "Karras", "Exponential", "Uniform")
_MODEL_HASH = "31e35c80fc"
_WHOLE: Mapping[str, range] = {
    "width": range(64, 2049),
    "height": range(64, 2049),
    "steps": range(1, 151),
    "seed": range(-1, 2**32),
    "batch_size": range(1, 9),
    "n_iter": range(1, 9),
    "resize_mode": range(4),
    "inpainting_fill": range(4),
    "inpainting_mask_invert": range(2),
}
_BROKEN: Mapping[str, tuple[float, float]] = {"cfg_scale": (1, 30), "denoising_strength": (0, 1)}
_TEXTS = ("prompt", "negative_prompt", "sampler_name", "scheduler")


class Automatic1111Api:
    """One server, guarded by `--api-auth` with the painter's key. Its edges are `automatic1111.txt2img`,
    `.img2img` and `.interrupt`."""

    def __init__(self, desk: Desk, studio: Studio) -> None:
        self._desk = desk
        self._studio = studio
        self._lock = asyncio.Lock()
        self._is_interrupted = asyncio.Event()
        self._job: dict[str, Any] | None = None
        self._options: dict[str, Any] = {
            "sd_model_checkpoint": CHECKPOINTS[0],
            "samples_format": "png",
            "return_grid": True,
        }

    def routes(self) -> list[Route]:
        """Below the place that `AUTOMATIC1111_URL` names."""
        base = "/automatic1111/sdapi/v1"
        return [
            Route(f"{base}/txt2img", self.paint, methods=["POST"]),
            Route(f"{base}/img2img", self.paint, methods=["POST"]),
            Route(f"{base}/progress", self.progress, methods=["GET"]),
            Route(f"{base}/interrupt", self.interrupt, methods=["POST"]),
            Route(f"{base}/options", self.options, methods=["GET", "POST"]),
            Route(f"{base}/{{what}}", self.list_things, methods=["GET"]),
        ]

    async def paint(self, request: Request) -> Response:
        """`POST /sdapi/v1/txt2img` and `img2img`."""
        if not self._desk.has_password(request):
            return _unauthorised()
        action = request.url.path.rpartition("/")[2]
        too_large = _error(413, "RequestEntityTooLarge", "Payload too large")
        try:
            sent = parsed(await read_body(request, BODY_LIMIT, too_large, _invalid("body", "Field required")))
        except Refused as refused:
            return JsonAnswer(refused.body, refused.status)
        noted: dict[str, Any] = {
            name: value
            for name, value in sent.items()
            if name not in ("prompt", "negative_prompt", "init_images", "mask")
        }
        noted["prompt_length"] = len(str(sent.get("prompt", "")))

        async def work(call: Call) -> Response:
            checkpoint = _checked(sent, is_edit=action == "img2img")
            async with self._lock:
                return await self._painted(sent, checkpoint or self._options["sd_model_checkpoint"], call)

        return await self._desk.serve(request, f"automatic1111.{action}", noted, work)

    async def _painted(self, sent: Mapping[str, Any], checkpoint: str, call: Call) -> Response:
        def read(db: Any) -> tuple[int, int]:
            return setting(db, "painting_ms"), setting(db, "gpu_megapixels")

        painting_ms, megapixels = await self._desk.store.run(read)
        width, height = int(sent.get("width", 512)), int(sent.get("height", 512))
        count = int(sent.get("batch_size", 1)) * int(sent.get("n_iter", 1))
        if width * height > megapixels * 1_048_576:
            raise _error(500, "OutOfMemoryError", "", "CUDA out of memory. Tried to allocate more.")
        given = sent.get("seed", -1)
        first = secrets.randbelow(2**32) if given == -1 else int(given)
        self._is_interrupted.clear()
        self._job = {"job": "scripts_txt2img", "job_count": count}
        try:
            async with asyncio.timeout(painting_ms / 1000):
                await self._is_interrupted.wait()
        except TimeoutError:
            pass
        finally:
            self._job = None
        sources = [base64.b64decode(image) for image in sent.get("init_images") or ()]
        format = str(self._options["samples_format"]).replace("jpg", "jpeg")
        pictures = [
            await self._picture(sent, width, height, first + number, format, sources)
            for number in range(count)
        ]
        if count > 1 and self._options["return_grid"]:
            pictures.insert(0, await self._picture(sent, width, height, first, format, sources))
        if not self._is_interrupted.is_set():
            call.bills.append(Bill("automatic1111", checkpoint, Decimal(0)))
        info = {
            "seed": first,
            "all_seeds": [first + number for number in range(count)],
            "sd_model_name": checkpoint.removesuffix(".safetensors"),
            "sd_model_hash": _MODEL_HASH,
            "infotexts": [f"Steps: {sent.get('steps', 50)}, Seed: {first}"] * count,
        }
        images = [base64.b64encode(picture).decode() for picture in pictures]
        return JsonAnswer({"images": images, "parameters": dict(sent), "info": json.dumps(info)})

    async def _picture(
        self, sent: Mapping[str, Any], width: int, height: int, seed: int, format: str, sources: list[bytes]
    ) -> bytes:
        # A mask is opaque where it is painted anew, unless it is inverted; the studio's is transparent there.
        mask = sent.get("mask") if sent.get("inpainting_mask_invert") else None
        try:
            return await self._studio.picture(
                str(sent.get("prompt", "")),
                width,
                height,
                seed,
                format=format,
                sources=sources,
                mask=base64.b64decode(mask) if isinstance(mask, str) else None,
                is_quick=True,
            )
        except ValueError as broken:
            raise _error(500, "HTTPException", "Invalid encoded image") from broken

    async def progress(self, request: Request) -> Response:
        """`GET /sdapi/v1/progress`."""
        if not self._desk.has_password(request):
            return _unauthorised()
        is_busy = self._job is not None
        return JsonAnswer(
            {
                "progress": 0.5 if is_busy else 0.0,
                "eta_relative": 1.0 if is_busy else 0.0,
                "state": self._job or {"job": "", "job_count": 0},
                "current_image": None,
            }
        )

    async def interrupt(self, request: Request) -> Response:
        """`POST /sdapi/v1/interrupt`: whatever runs stops, and answers with what it has."""
        if not self._desk.has_password(request):
            return _unauthorised()

        async def work(_: Call) -> Response:
            self._is_interrupted.set()
            return JsonAnswer({})

        return await self._desk.serve(request, "automatic1111.interrupt", {}, work)

    async def options(self, request: Request) -> Response:
        """`GET` and `POST /sdapi/v1/options`."""
        if not self._desk.has_password(request):
            return _unauthorised()
        if request.method == "GET":
            return JsonAnswer(self._options)
        sent = parsed(await request.body())
        self._options |= {name: value for name, value in sent.items() if name in self._options}
        return JsonAnswer(None)

    async def list_things(self, request: Request) -> Response:
        """`GET /sdapi/v1/sd-models`, `samplers`, `schedulers`, `memory`."""
        if not self._desk.has_password(request):
            return _unauthorised()
        things: dict[str, Any] = {
            "sd-models": [{"title": name, "model_name": name, "hash": _MODEL_HASH} for name in CHECKPOINTS],
            "samplers": [{"name": name, "aliases": [], "options": {}} for name in SAMPLERS],
            "schedulers": [{"name": name.lower(), "label": name} for name in SCHEDULERS],
            "memory": {"ram": {}, "cuda": {}},
        }
        what = request.path_params["what"]
        return JsonAnswer(things[what]) if what in things else JsonAnswer({"detail": "Not Found"}, 404)


def _checked(sent: Mapping[str, Any], *, is_edit: bool) -> str | None:
    """Hold a request against the rules; the checkpoint that it wants. Raises `Refused`."""
    if not sent:
        raise _invalid("body", "Field required")
    for name, allowed in _WHOLE.items():
        value = sent.get(name, allowed[0])
        if not isinstance(value, int) or isinstance(value, bool) or value not in allowed:
            raise _invalid(name, f"Input should be a valid integer from {allowed[0]} to {allowed[-1]}")
    for name in ("width", "height"):
        if sent.get(name, 512) % 8:
            raise _invalid(name, "Input should be a multiple of 8")
    for name, (low, high) in _BROKEN.items():
        value = sent.get(name, low)
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            raise _invalid(name, "Input should be a valid number")
    for name in _TEXTS:
        if not isinstance(sent.get(name, ""), str):
            raise _invalid(name, "Input should be a valid string")
    if sent.get("sampler_name", SAMPLERS[0]) not in SAMPLERS:
        raise _error(404, "HTTPException", "Sampler not found")
    if sent.get("scheduler", SCHEDULERS[0]) not in SCHEDULERS:
        raise _error(404, "HTTPException", "Scheduler not found")
    if is_edit:
        _check_images(sent)
    override = sent.get("override_settings") or {}
    checkpoint = override.get("sd_model_checkpoint") if isinstance(override, dict) else None
    if checkpoint is not None and checkpoint not in CHECKPOINTS:
        raise _error(404, "HTTPException", "Checkpoint not found")
    return checkpoint


def _check_images(sent: Mapping[str, Any]) -> None:
    images = sent.get("init_images")
    if not isinstance(images, list) or not images:
        raise _error(404, "HTTPException", "Init image not found")
    for image in (*images, *([sent["mask"]] if sent.get("mask") is not None else ())):
        try:
            base64.b64decode(image, validate=True)
        except (TypeError, binascii.Error) as broken:
            raise _error(500, "HTTPException", "Invalid encoded image") from broken


def _error(status: int, name: str, detail: str, errors: str = "") -> Refused:
    body = {"error": name, "detail": detail, "body": "", "errors": errors}
    return Refused(status, name, body)


def _invalid(name: str, said: str) -> Refused:
    return Refused(422, "invalid", {"detail": [{"loc": ["body", name], "msg": said, "type": "value_error"}]})


def _unauthorised() -> Response:
    return JsonAnswer(
        {"detail": "Incorrect username or password"}, 401, {"WWW-Authenticate": 'Basic realm="api"'}
    )
