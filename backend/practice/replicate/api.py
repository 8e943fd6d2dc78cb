"""Predictions by Replicate's rules: started, looked at, cancelled, and gone after an hour."""

from __future__ import annotations

import asyncio
import re
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from practice.answers import PRACTICE_HEADERS, JsonAnswer
from practice.billing import Bill
from practice.desk import REFUSED_WORD, Call, Desk, Refused, parsed, read_body
from practice.graph.context import iso_time
from practice.replicate.models import MODELS, ReplicateModel, check_input, problem, size_for
from practice.store import setting
from practice.studio import FORMATS, Studio

BODY_LIMIT = 1024 * 1024
KEPT_SECONDS = 3600.0
CREATIONS_PER_MINUTE = 600

_BODY = frozenset({"input", "version", "webhook", "webhook_events_filter", "stream"})
_EVENTS = frozenset({"start", "output", "logs", "completed"})
_ENDED = ("succeeded", "failed", "canceled", "aborted")


@dataclass(slots=True)
class Prediction:
    """One run of a model. `seconds` is how long the machine worked."""

    id: str
    model: ReplicateModel
    given: dict[str, Any]
    created_at: float
    status: str = "starting"
    started_at: float | None = None
    completed_at: float | None = None
    deadline: float | None = None
    error: str | None = None
    files: list[bytes] = field(default_factory=list)
    seconds: float = 0.0
    is_over: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self, status: str, now: float, error: str | None = None) -> None:
        """Nothing more will come."""
        self.status, self.completed_at, self.error = status, now, error
        self.is_over.set()

    def is_gone(self, now: float) -> bool:
        """Whether input, output and logs have been deleted."""
        return self.completed_at is not None and now > self.completed_at + KEPT_SECONDS


class ReplicateApi:
    """One account, for whoever has the painter's key. Files are there without one."""

    def __init__(self, desk: Desk, studio: Studio) -> None:
        self._desk = desk
        self._studio = studio
        self._predictions: dict[str, Prediction] = {}
        self._creations: list[float] = []

    def routes(self) -> list[Route]:
        """Below the place that `REPLICATE_BASE_URL` names."""
        base = "/replicate/v1"
        return [
            Route(f"{base}/models/{{owner}}/{{name}}/predictions", self.create, methods=["POST"]),
            Route(f"{base}/models/{{owner}}/{{name}}", self.describe, methods=["GET"]),
            Route(f"{base}/predictions", self.create, methods=["POST"]),
            Route(f"{base}/predictions/{{id}}", self.get, methods=["GET"]),
            Route(f"{base}/predictions/{{id}}/cancel", self.cancel, methods=["POST"]),
            Route("/replicate/files/{id}/{file}", self.file, methods=["GET"]),
        ]

    async def describe(self, request: Request) -> Response:
        """`GET /models/{owner}/{name}`."""
        if not self._desk.has_bearer(request):
            return _unauthenticated()
        model = MODELS.get(f"{request.path_params['owner']}/{request.path_params['name']}")
        if model is None:
            return _not_found()
        owner, _, name = model.name.partition("/")
        properties: dict[str, Any] = {key: {} for key in model.inputs}
        schema = {"components": {"schemas": {"Input": {"properties": properties}}}}
        version = {"id": model.version, "openapi_schema": schema, "cog_version": "0.16.0"}
        return JsonAnswer(
            {
                "owner": owner,
                "name": name,
                "url": f"https://replicate.com/{model.name}",
                "visibility": "public",
                "latest_version": version,
            }
        )

    async def create(self, request: Request) -> Response:
        """`POST /predictions` and `POST /models/{owner}/{name}/predictions`."""
        if not self._desk.has_bearer(request):
            return _unauthenticated()
        too_large = problem(413, "Payload too large", "The request is too large.")
        too_short = problem(400, "Bad request", "The request ended too early.")
        try:
            sent = parsed(await read_body(request, BODY_LIMIT, too_large, too_short))
        except Refused as refused:
            return JsonAnswer(refused.body, refused.status)
        given = sent.get("input")
        noted: dict[str, Any] = {
            name: value
            for name, value in (given.items() if isinstance(given, dict) else ())
            if name not in ("prompt", "negative_prompt")
        }
        noted["prefer"] = request.headers.get("prefer")

        async def work(call: Call) -> Response:
            self._pace()
            wait = _wait(request)
            prediction = self._started(_model_of(request, sent), sent, request)
            task = asyncio.create_task(self._run(prediction, call.id))
            self._desk.keep(task)
            if wait:
                try:
                    async with asyncio.timeout(wait):
                        await prediction.is_over.wait()
                except TimeoutError:
                    pass
            status = 201 if prediction.status in _ENDED or not wait else 202
            return JsonAnswer(self._described(request, prediction), status)

        return await self._desk.serve(request, "replicate.create", noted, work)

    async def get(self, request: Request) -> Response:
        """`GET /predictions/{id}`."""
        if not self._desk.has_bearer(request):
            return _unauthenticated()

        async def work(_: Call) -> Response:
            return JsonAnswer(self._described(request, self._find(request)))

        return await self._desk.serve(request, "replicate.get", {"id": request.path_params["id"]}, work)

    async def cancel(self, request: Request) -> Response:
        """`POST /predictions/{id}/cancel`."""
        if not self._desk.has_bearer(request):
            return _unauthenticated()

        async def work(_: Call) -> Response:
            prediction = self._find(request)
            if prediction.status not in _ENDED:
                prediction.end("canceled", self._desk.store.now())
            return JsonAnswer(self._described(request, prediction))

        return await self._desk.serve(request, "replicate.cancel", {"id": request.path_params["id"]}, work)

    async def file(self, request: Request) -> Response:
        """A finished picture, for an hour."""
        noted = {"has_token": "authorization" in request.headers, "id": request.path_params["id"]}

        async def work(_: Call) -> Response:
            prediction = self._find(request)
            found = re.fullmatch(r"out-(\d)\.(png|jpg|webp)", request.path_params["file"])
            number = int(found[1]) if found else len(prediction.files)
            if prediction.is_gone(self._desk.store.now()) or number >= len(prediction.files):
                raise problem(404, "Not found", "There is no such file.")
            mime_type = FORMATS[str(found[2] if found else "").replace("jpg", "jpeg")]
            return Response(prediction.files[number], media_type=mime_type, headers=dict(PRACTICE_HEADERS))

        return await self._desk.serve(request, "replicate.file", noted, work)

    def _started(self, model: ReplicateModel, sent: Mapping[str, Any], request: Request) -> Prediction:
        now = self._desk.store.now()
        alphabet = string.ascii_lowercase + string.digits
        prediction = Prediction(
            "".join(secrets.choice(alphabet) for _ in range(26)),
            model,
            check_input(model, sent.get("input")),
            now,
        )
        after = request.headers.get("cancel-after")
        if after is not None:
            found = re.fullmatch(r"(\d{1,5})(s|m|h)?", after)
            if found is None:
                raise problem(400, "Bad request", "Cancel-After must be a duration such as 90s.")
            prediction.deadline = now + int(found[1]) * {"m": 60, "h": 3600}.get(found[2], 1)
        self._predictions = {
            key: kept for key, kept in self._predictions.items() if kept.created_at > now - 2 * KEPT_SECONDS
        } | {prediction.id: prediction}
        return prediction

    async def _run(self, prediction: Prediction, call_id: int) -> None:
        store = self._desk.store
        seconds = await store.run(lambda db: setting(db, "painting_ms")) / 1000
        if await self._is_stopped(prediction, seconds / 2):
            return
        prediction.status, prediction.started_at = "processing", store.now()
        if await self._is_stopped(prediction, seconds / 2):
            return
        given = prediction.given
        if REFUSED_WORD in given["prompt"].lower():
            said = "NSFW content detected in image. Try running it again, or try a different prompt."
            prediction.end("failed", store.now(), said)
            return
        seed = given.get("seed", secrets.randbelow(2**31))
        width, height = size_for(given)
        format = str(given.get("output_format", "webp" if "flux" in prediction.model.name else "png"))
        pictures = [
            await self._studio.picture(
                given["prompt"],
                width,
                height,
                seed + number,
                format=format.replace("jpg", "jpeg"),
                is_quick=True,
            )
            for number in range(given.get("num_outputs", 1))
        ]
        if prediction.status in _ENDED:
            return
        prediction.seconds = 1.25 * len(pictures)
        prediction.files = pictures
        model = prediction.model
        amount = model.price * len(pictures) if model.price is not None else None
        if amount is None:
            amount = (model.second_price * Decimal(str(prediction.seconds))).quantize(Decimal("0.000001"))
        await self._desk.bill(Bill("replicate", model.name, amount, prediction.id), call_id)
        prediction.end("succeeded", store.now())

    async def _is_stopped(self, prediction: Prediction, seconds: float) -> bool:
        """Work for so long, unless the run is cancelled or its time is over before."""
        limit = prediction.deadline
        left = seconds if limit is None else min(seconds, max(0.0, limit - self._desk.store.now()))
        try:
            async with asyncio.timeout(left):
                await prediction.is_over.wait()
            return True
        except TimeoutError:
            if left < seconds:
                status = "aborted" if prediction.status == "starting" else "canceled"
                prediction.end(status, self._desk.store.now())
                return True
            return False

    def _find(self, request: Request) -> Prediction:
        prediction = self._predictions.get(request.path_params["id"])
        if prediction is None:
            raise problem(404, "Not found", "The requested resource could not be found.")
        return prediction

    def _described(self, request: Request, prediction: Prediction) -> dict[str, Any]:
        base = f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
        is_gone = prediction.is_gone(self._desk.store.now())
        ending = str(
            prediction.given.get("output_format", "webp" if "flux" in prediction.model.name else "png")
        )
        urls = [
            f"{base}/replicate/files/{prediction.id}/out-{number}.{ending}"
            for number in range(len(prediction.files))
        ]
        output = None if is_gone or not urls else urls if prediction.model.is_list else urls[0]
        here = f"{base}/replicate/v1/predictions/{prediction.id}"
        described = {
            "id": prediction.id,
            "model": prediction.model.name,
            "version": "hidden" if prediction.model.is_official else prediction.model.version,
            "input": {} if is_gone else prediction.given,
            "logs": "",
            "output": output,
            "error": prediction.error,
            "status": prediction.status,
            "created_at": _zulu(prediction.created_at),
            "started_at": _zulu(prediction.started_at),
            "completed_at": _zulu(prediction.completed_at),
            "data_removed": is_gone,
            "metrics": {"predict_time": prediction.seconds} if prediction.status == "succeeded" else {},
            "urls": {
                "get": here,
                "cancel": f"{here}/cancel",
                "web": f"https://replicate.com/p/{prediction.id}",
            },
        }
        if prediction.deadline is not None:
            described["deadline"] = _zulu(prediction.deadline)
        return described

    def _pace(self) -> None:
        now = self._desk.store.now()
        self._creations = [at for at in self._creations if at > now - 60] + [now]
        if len(self._creations) > CREATIONS_PER_MINUTE:
            detail = "Request was throttled. Your rate limit resets in ~30s."
            raise Refused(429, "throttled", {"detail": detail})


def _model_of(request: Request, sent: Mapping[str, Any]) -> ReplicateModel:
    """Which model is meant: by the address for official ones, by its version for the others."""
    for name in sent:
        if name not in _BODY:
            raise problem(422, "Input validation failed", f"- {name}: Additional property is not allowed\n")
    webhook = sent.get("webhook")
    if webhook is not None and not str(webhook).startswith("https://"):
        raise problem(422, "Input validation failed", "- webhook: must be an HTTPS URL\n")
    if not set(sent.get("webhook_events_filter") or ()) <= _EVENTS:
        raise problem(422, "Input validation failed", "- webhook_events_filter: unknown event\n")
    if "owner" in request.path_params:
        model = MODELS.get(f"{request.path_params['owner']}/{request.path_params['name']}")
        if model is None or not model.is_official:
            raise problem(404, "Not found", "The requested resource could not be found.")
        return model
    version = str(sent.get("version", ""))
    for model in MODELS.values():
        if version in (model.version, model.name, f"{model.name}:{model.version}"):
            return model
    detail = "- version: The specified version does not exist\n"
    raise problem(422, "Invalid version or not permitted", detail)


def _wait(request: Request) -> int:
    """How many seconds the call is held open."""
    found = re.fullmatch(r"wait(?:=(\d{1,3}))?", request.headers.get("prefer", "wait=0").strip())
    if found is None:
        raise problem(400, "Bad request", "Prefer must be wait or wait=N.")
    wait = 60 if found[1] is None else int(found[1])
    if wait > 60:
        raise problem(400, "Bad request", "Prefer: wait must be at most 60 seconds.")
    return wait


def _zulu(moment: float | None) -> str | None:
    return None if moment is None else iso_time(moment).replace("+0000", "Z")


def _unauthenticated() -> Response:
    refused = problem(401, "Unauthenticated", "You did not pass a valid authentication token")
    return JsonAnswer(refused.body, refused.status)


def _not_found() -> Response:
    refused = problem(404, "Not found", "The requested resource could not be found.")
    return JsonAnswer(refused.body, refused.status)
