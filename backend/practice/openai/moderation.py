"""`POST /v1/moderations` by OpenAI's rules: a few words stand for each category."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from practice.desk import Call, Desk, Refused, parsed, read_body
from practice.openai.images import answer, too_large, too_short, wrong_key
from practice.openai.rules import error

EDGE = "moderations"
BODY_LIMIT = 1024 * 1024

_MODELS = (
    "omni-moderation-latest",
    "omni-moderation-2024-09-26",
    "text-moderation-latest",
    "text-moderation-stable",
)
_CATEGORIES: Mapping[str, str] = {
    "harassment": r"insult",
    "harassment/threatening": r"threaten",
    "hate": r"hatred",
    "hate/threatening": r"exterminate",
    "illicit": r"steal",
    "illicit/violent": r"bomb",
    "self-harm": r"self-harm",
    "self-harm/intent": r"hurt myself",
    "self-harm/instructions": r"how to hurt oneself",
    "sexual": r"pornograph\w*",
    "sexual/minors": r"\bnever-to-be-painted\b",
    "violence": r"massacre",
    "violence/graphic": r"gore",
}
_SEES_PICTURES = ("self-harm", "self-harm/intent", "self-harm/instructions", "sexual", "violence")


class ModerationApi:
    """Answers `/openai/v1/moderations` to whoever has the painter's key. It costs nothing."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[Route]:
        """Below the place that `OPENAI_BASE_URL` names."""
        return [Route("/openai/v1/moderations", self.moderate, methods=["POST"])]

    async def moderate(self, request: Request) -> Response:
        """`POST /openai/v1/moderations`."""
        if not self._desk.has_bearer(request):
            return wrong_key()
        try:
            sent = parsed(await read_body(request, BODY_LIMIT, too_large(), too_short()))
        except Refused as refused:
            return answer(refused.body, refused.status)

        async def work(_: Call) -> Response:
            model = sent.get("model", _MODELS[0])
            if model not in _MODELS:
                raise error(404, "model_not_found", "There is no such model.", param="model")
            results = [_judged(text, model) for text in _texts(sent.get("input"))]
            return answer({"id": f"modr-{secrets.token_hex(12)}", "model": model, "results": results})

        def refuse(refused: Refused) -> Response:
            return answer(refused.body, refused.status)

        noted = {"model": sent.get("model"), "input_length": len(str(sent.get("input", "")))}
        return await self._desk.serve(request, EDGE, noted, work, answer=refuse)


def _texts(given: object) -> list[str]:
    """One text for each result: every string of a list has its own, the parts of a message share one."""
    if isinstance(given, str) and given:
        return [given]
    if isinstance(given, list) and given:
        if all(isinstance(item, str) for item in given):
            return [str(item) for item in given]
        parts = [
            item for item in given if isinstance(item, dict) and item.get("type") in ("text", "image_url")
        ]
        if len(parts) == len(given):
            return [" ".join(str(part.get("text", "")) for part in parts)]
    raise error(400, "invalid_value", "'input' must be a text, or a list of texts or parts.", param="input")


def _judged(text: str, model: str) -> dict[str, Any]:
    is_old = model.startswith("text-")
    flags: dict[str, bool | None] = {
        name: None if is_old and name.startswith("illicit") else bool(re.search(pattern, text, re.IGNORECASE))
        for name, pattern in _CATEGORIES.items()
    }
    result = {
        "flagged": any(flags.values()),
        "categories": flags,
        "category_scores": {name: 0.98 if flag else 0.0001 for name, flag in flags.items()},
    }
    if not is_old:
        result["category_applied_input_types"] = {name: ["text"] for name in flags}
    return result
