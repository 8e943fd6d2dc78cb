"""What a provider's failure means for a generation, and how a failed generation is told to whoever asked."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.errors import (
    AppError,
    Conflict,
    OutcomeUnknown,
    RateLimited,
    RuleBroken,
    UnsupportedType,
    UpstreamRefused,
    UpstreamUnavailable,
)
from app.models.generations import Generation, GenerationState
from app.providers.image_generation.base import (
    AccountTrouble,
    GenerationError,
    GenerationUnknown,
    PromptRefused,
    ProviderPaces,
)

SHORT_WAIT = 30
"""Seconds to wait where a provider does not say how long."""
LOST = (
    "The server stopped while the provider was painting. The picture may have been made and billed, but it "
    "did not arrive."
)
_OWN_TROUBLE = frozenset({"storage_unavailable", "storage_slow", "busy", "database_full", "internal_error"})
"""Codes of what went wrong on this server and may go right later."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end that a failure leads to. `is_passing`: it may be tried again, for nothing was made. With
    `is_down` another provider may do it."""

    state: GenerationState
    code: str
    detail: str
    retry_after: int | None = None
    is_passing: bool = False
    is_down: bool = False


def outcome_of(error: GenerationError) -> Outcome:
    """What a provider's failure means."""
    match error:
        case PromptRefused():
            return Outcome(GenerationState.REFUSED, "prompt_refused", error.detail)
        case ProviderPaces():
            wait = error.retry_after or SHORT_WAIT
            return Outcome(
                GenerationState.FAILED, "provider_rate_limited", error.detail, wait, is_passing=True
            )
        case AccountTrouble():
            return Outcome(GenerationState.FAILED, "provider_account_trouble", error.detail)
        case GenerationUnknown():
            return Outcome(GenerationState.UNKNOWN, "outcome_unknown", error.detail)
        case _:
            wait = error.retry_after or SHORT_WAIT
            return Outcome(
                GenerationState.FAILED,
                "provider_unavailable",
                error.detail,
                wait,
                is_passing=True,
                is_down=True,
            )


def refusal_of(generation: Generation) -> AppError:
    """A generation that came to its end without a picture, as the answer to whoever waited for it."""
    code, detail = generation.error_code or "generation_failed", generation.error_detail or ""
    told = {"generation_id": generation.id}
    match GenerationState(generation.state):
        case GenerationState.REFUSED:
            return RuleBroken(code, detail or "The provider refused this prompt.", **told)
        case GenerationState.UNKNOWN:
            return OutcomeUnknown("outcome_unknown", detail, **told)
        case GenerationState.CANCELLED:
            return Conflict("generation_cancelled", "This generation was cancelled.", **told)
    if code == "provider_rate_limited":
        return RateLimited(code, detail, retry_after=generation.retry_after, **told)
    if code == "provider_account_trouble":
        return UpstreamRefused(code, detail, **told)
    if code == "provider_unavailable" or code in _OWN_TROUBLE:
        return UpstreamUnavailable(code, detail, retry_after=generation.retry_after, **told)
    if code == "unsupported_image_type":
        return UnsupportedType(code, detail, **told)
    return RuleBroken(code, detail, **told)


def still_running(generation_id: int) -> UpstreamUnavailable:
    """For who can't be kept waiting any longer: it goes on without them."""
    return UpstreamUnavailable(
        "still_running",
        "The picture is still being painted and comes into the library by itself. Look at the generation.",
        retry_after=SHORT_WAIT,
        generation_id=generation_id,
    )
