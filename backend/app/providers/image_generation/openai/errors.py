"""What OpenAI's errors mean: told apart by `code`, then `type`, then status, never by their text, which may
repeat the prompt or part of the key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.providers.image_generation import words
from app.providers.image_generation.base import (
    AccountTrouble,
    GenerationError,
    GenerationUnknown,
    PromptRefused,
    ProviderDown,
    ProviderPaces,
)

Meaning = tuple[type[GenerationError], str]

_BY_NAME: Mapping[str, Meaning] = {
    "moderation_blocked": (PromptRefused, words.REFUSED),
    "content_policy_violation": (PromptRefused, words.REFUSED),
    "image_generation_user_error": (PromptRefused, words.REFUSED),
    "invalid_api_key": (AccountTrouble, words.BAD_KEY),
    "authentication_error": (AccountTrouble, words.BAD_KEY),
    "model_not_found": (AccountTrouble, words.NO_MODEL),
    "insufficient_quota": (AccountTrouble, words.NO_MONEY),
    "credit_balance_exhausted": (AccountTrouble, words.NO_MONEY),
    "organization_spend_limit_exceeded": (AccountTrouble, words.NO_MONEY),
    "project_spend_limit_exceeded": (AccountTrouble, words.NO_MONEY),
    "organization_usage_limit_exceeded": (AccountTrouble, words.NO_MONEY),
    "billing_hard_limit_reached": (AccountTrouble, words.NO_MONEY),
    "billing_not_active": (AccountTrouble, words.NO_MONEY),
    "rate_limit_exceeded": (ProviderPaces, words.PACES),
    "slow_down": (ProviderPaces, words.PACES),
    "rate_limit_error": (ProviderPaces, words.PACES),
    "server_is_overloaded": (ProviderDown, words.BUSY),
    "service_unavailable_error": (ProviderDown, words.BUSY),
    "server_error": (GenerationUnknown, words.UNKNOWN),
}
"""Meaning of a `code`, or of a `type` where the code says nothing."""

_BY_STATUS: Mapping[int, Meaning] = {
    401: (AccountTrouble, words.BAD_KEY),
    402: (AccountTrouble, words.NO_MONEY),
    403: (AccountTrouble, words.NOT_ALLOWED),
    404: (AccountTrouble, words.NO_MODEL),
    408: (GenerationUnknown, words.UNKNOWN),
    409: (ProviderDown, words.BUSY),
    413: (PromptRefused, words.BAD_PROMPT),
    429: (ProviderPaces, words.PACES),
}


def meaning(error: Mapping[str, Any], status: int | None) -> Meaning:
    """What to do next, and what to tell. `error` is the inside of the envelope; without a status it came in
    the middle of a stream."""
    for name in (error.get("code"), error.get("type")):
        if isinstance(name, str) and name in _BY_NAME:
            kind, detail = _BY_NAME[name]
            if kind is PromptRefused and _stage(error) == "output":
                return kind, words.HELD_BACK
            return kind, detail
    if status is None:
        return GenerationUnknown, words.UNKNOWN
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if 400 <= status < 500:
        param = error.get("param")
        if param == "prompt":
            return PromptRefused, words.BAD_PROMPT
        is_source = isinstance(param, str) and param.partition("[")[0] in ("image", "mask")
        return PromptRefused, words.BAD_SOURCE if is_source else words.BAD_OPTION
    if 300 <= status < 400:
        return AccountTrouble, words.BAD_ADDRESS
    return GenerationUnknown, words.UNKNOWN


def inside(body: object) -> Mapping[str, Any]:
    """The inside of an error's envelope, however the SDK or a server that only resembles the API wraps it."""
    if not isinstance(body, dict):
        return {}
    error = body.get("error")
    return error if isinstance(error, dict) else body


def _stage(error: Mapping[str, Any]) -> object:
    details = error.get("moderation_details")
    return details.get("moderation_stage") if isinstance(details, dict) else None
