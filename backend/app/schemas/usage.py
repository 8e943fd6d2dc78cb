"""The money ledger on the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.schemas.base import Moment, Money, View


class SumsView(View):
    """Some entries added up. What the business is charged and what the provider bills are two figures."""

    images: int = Field(description="That were made, or called off while they were made.")
    charged_usd: Money
    reserved_usd: Money = Field(description="What may still be charged.")
    provider_cost_usd: Money = Field(description="As far as it is known.")
    unknown_count: int = Field(description="Entries whose cost at the provider is not known.")
    practice_charged_usd: Money = Field(description="What of `charged_usd` is practice money.")
    practice_cost_usd: Money = Field(description="What of `provider_cost_usd` is practice money.")


class DayView(SumsView):
    """A day in the business's time zone."""

    day: str


class ModelSumsView(SumsView):
    """Everything that one model made."""

    model: str


class MemberSumsView(SumsView):
    """Everything that one person asked for."""

    user_id: int
    name: str


class UsageEntryView(View):
    """What one generation costs."""

    id: int
    generation_id: int
    user_id: int
    member: str
    prompt: str
    provider: str
    model: str
    size: str
    quality: str
    day: str
    state: Literal["reserved", "booked", "refunded", "unknown"]
    outcome: Literal["queued", "running", "succeeded", "refused", "failed", "cancelled", "unknown"] = Field(
        description="What became of the generation."
    )
    free: bool = Field(description="One of the month's free images.")
    refunded: bool
    by_hand: bool = Field(description="Settled by a person who looked at the provider's bill.")
    is_practice: bool = Field(description="Practice money: nobody bills it.")
    estimated_usd: Money | None = Field(description="What the provider was expected to bill; null: unknown.")
    booked_usd: Money | None = Field(description="What the provider bills; null: unknown, or not yet known.")
    price_usd: Money = Field(description="What the business is charged once it is booked.")
    charged_usd: Money | None = Field(description="What the business is charged; null: not settled.")
    created_at: Moment
    settled_at: Moment | None


class UsageView(SumsView):
    """A month of a business. The sums are of the whole month; `entries` is a page of it, newest first."""

    month: str
    timezone: str
    free_used: int
    free_per_month: int
    by_day: list[DayView]
    by_model: list[ModelSumsView]
    by_member: list[MemberSumsView]
    entries: list[UsageEntryView]
    next_cursor: str | None
