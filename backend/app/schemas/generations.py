"""AI generations on the wire."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from app.schemas.base import Amount, Body, Id, Moment, Money, View
from app.schemas.images import ImageView

LONGEST_MASK = 5_600_000
"""Characters of 4 MiB in base64."""


class Generate(Body):
    """A picture to be made from words, or an image of the library to be changed by them."""

    business_id: Id
    prompt: str = Field(min_length=1, max_length=32000)
    size: str = Field(default="1024x1024", pattern=r"^\d{2,5}x\d{2,5}$")
    quality: Literal["standard", "hd"] = "standard"
    style: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9-]{1,50}$",
        description="`professional`, `creative`, `minimalist`, `vintage`, or a style of the business.",
    )
    provider: str | None = Field(default=None, max_length=30)
    model: str | None = Field(default=None, max_length=100)
    source_image_id: Id | None = Field(
        default=None, description="The image to be changed, for models that can edit."
    )
    mask: str | None = Field(
        default=None,
        min_length=1,
        max_length=LONGEST_MASK,
        description="A PNG in base64 (a data URL too), at most 4 MiB and as large as the source: what is "
        "transparent in it is painted anew.",
    )


class Charge(Body):
    """What somebody found on the provider's bill."""

    outcome: Literal["charged", "not_charged"]
    cost_usd: Amount | None = Field(
        default=None, validate_default=True, description="What the provider charged; with `charged` alone."
    )

    @field_validator("cost_usd")
    @classmethod
    def _goes_with_charged(cls, cost: Decimal | None, others: ValidationInfo) -> Decimal | None:
        outcome = others.data.get("outcome")
        if outcome == "charged" and cost is None:
            raise ValueError("Give the amount that was charged, in USD, such as 0.04")
        if outcome == "not_charged" and cost is not None:
            raise ValueError("Leave the amount out where nothing was charged")
        return cost


class GenerationView(View):
    """A request to an AI provider and what became of it."""

    id: int
    business_id: int
    user_id: int
    prompt: str
    enhanced_prompt: str = Field(description="What the provider saw: the prompt with its style.")
    provider: str
    model: str
    size: str
    quality: str
    style: str | None
    state: Literal["queued", "running", "succeeded", "refused", "failed", "cancelled", "unknown"]
    image_id: int | None
    source_image_id: int | None
    is_edit: bool
    seed: int | None
    error_code: str | None = Field(description="Of the last trouble; while it is queued, why it waits.")
    error_detail: str | None
    retry_after: int | None = Field(
        description="Seconds until it is tried again by itself, while it is queued for that; of one that "
        "failed, for how long its provider wants to be left alone. Null: nothing to wait for."
    )
    retry_at: Moment | None = Field(description="When it is tried again by itself.")
    is_free: bool | None = Field(description="Whether it takes one of the month's free images.")
    price_usd: Money | None = Field(description="What the business is charged when it succeeds.")
    estimated_usd: Money | None = Field(description="What the provider was expected to bill; null: unknown.")
    ledger_state: Literal["reserved", "booked", "refunded", "unknown"] | None = Field(
        description="How its price stands: held, owed, given back (a free image too), or not known yet."
    )
    booked_usd: Money | None = Field(description="What the provider bills; null: unknown, or not yet known.")
    created_at: Moment
    started_at: Moment | None
    cancel_requested_at: Moment | None
    finished_at: Moment | None


class Generated(View):
    """The picture and how it was made."""

    success: Literal[True] = True
    image: ImageView
    generation: GenerationView


class GenerationAccepted(View):
    """The picture is being made; the generation tells how it goes."""

    success: Literal[True] = True
    generation: GenerationView


class GenerationStory(View):
    """A generation and its image, once there is one."""

    generation: GenerationView
    image: ImageView | None


class GenerationList(View):
    """A page of generations, newest first."""

    generations: list[GenerationView]
    images: list[ImageView] = Field(description="Those that these generations made.")
    next_cursor: str | None


class PartialView(View):
    """A picture on its way."""

    number: int
    image: str = Field(description="A data URL.")


class PriceView(View):
    """What one picture costs. Two different figures: `price_usd` is what the business is charged for the next
    one, `provider_usd` what the provider is expected to bill this server; null: unknown."""

    size: str
    quality: str
    price_usd: Money
    provider_usd: Money | None


class ModelView(View):
    """A model and what it can do."""

    id: str
    name: str
    sizes: list[str]
    qualities: list[str]
    max_prompt_length: int
    streams: bool = Field(description="Whether previews come on the way.")
    edits: bool = Field(description="Whether it changes images.")
    masks: bool = Field(description="Whether it changes a painted part of an image.")
    shutdown_on: date | None
    successor: str | None
    prices: list[PriceView]


class ProviderView(View):
    """A provider that is set up on this server."""

    name: str
    is_practice: bool
    models: list[ModelView]


class WarningView(View):
    """Something that whoever makes pictures here should know. `code` is stable: `model_ending`,
    `model_retired`, `provider_account_trouble`."""

    code: str
    detail: str
    provider: str
    model: str | None


class GenerationOptions(View):
    """What the form can offer; the first provider and its first model are the defaults."""

    providers: list[ProviderView]
    styles: list[str]
    free_per_month: int
    free_remaining: int
    free_resets_at: Moment
    extra_price_usd: Money = Field(description="Of each image beyond the free ones.")
    next_price_usd: Money = Field(description="Of the next image.")
    cap_usd: Money | None
    cap_remaining: Money | None = Field(description="USD that may still be charged this month; null: no cap.")
    warnings: list[WarningView]
