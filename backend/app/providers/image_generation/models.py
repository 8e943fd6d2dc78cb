"""What a model can do, what it costs, and how long it will be there."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from app.providers.image_generation.prices import Price

_SIZE = re.compile(r"([1-9]\d{1,4})x([1-9]\d{1,4})")


class ModelState(enum.StrEnum):
    """Where a model stands on a given day."""

    CURRENT = "current"
    ENDING = "ending"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class SizeRule:
    """Sizes besides the listed ones: sides in steps, a ratio, and so many pixels."""

    step: int
    longest_ratio: int
    longest_side: int
    fewest_pixels: int
    most_pixels: int

    def admits(self, size: str) -> bool:
        """Whether `WIDTHxHEIGHT` keeps the rule."""
        found = _SIZE.fullmatch(size)
        if found is None:
            return False
        short, long = sorted((int(found[1]), int(found[2])))
        return (
            not short % self.step
            and not long % self.step
            and long <= self.longest_side
            and long <= short * self.longest_ratio
            and self.fewest_pixels <= short * long <= self.most_pixels
        )


@dataclass(frozen=True, slots=True)
class Model:
    """What one model can do: the form, the price, the check and the adapter read it.

    `sizes` and `qualities` are what the form offers, best known first; other sizes may be asked for where
    they keep `size_rule`. `asks` are the provider's own words for ours where they differ, by the name of
    the size or quality; an empty word is not sent. `sends` goes with every call. `edits` is whether it
    changes pictures, `max_sources` at a time; `masks` whether only a painted part of one. `streams` says that
    previews come, `seeds` that the same seed gives the same picture. `shutdown_on` is the first day
    without it; `successor` is the model that is used from then on.
    """

    id: str
    name: str
    sizes: tuple[str, ...]
    qualities: tuple[str, ...]
    max_prompt_length: int
    provider: str = ""
    streams: bool = False
    edits: bool = False
    masks: bool = False
    max_sources: int = 1
    seeds: bool = False
    size_rule: SizeRule | None = None
    pricing: Price | None = None
    shutdown_on: date | None = None
    successor: str | None = None
    dialect: str = ""
    asks: Mapping[str, str] = field(default_factory=dict)
    sends: Mapping[str, object] = field(default_factory=dict)

    def price(self, size: str, quality: str, *, prompt_length: int = 0, partials: int = 0) -> Decimal | None:
        """USD for one picture before the click: an estimate where tokens are paid for. None: not known."""
        if self.pricing is None:
            return None
        return self.pricing.estimate(
            self.asked(size), quality, prompt_length=prompt_length, partials=partials
        )

    def asked(self, word: str) -> str:
        """What the provider is told for one of our sizes or qualities."""
        return self.asks.get(word, word)

    def paints(self, size: str) -> bool:
        """Whether this size may be asked for."""
        return size in self.sizes or (self.size_rule is not None and self.size_rule.admits(size))

    def state_on(self, today: date) -> ModelState:
        """Where it stands on this day."""
        if self.shutdown_on is None:
            return ModelState.CURRENT
        return ModelState.RETIRED if self.shutdown_on <= today else ModelState.ENDING


def in_force(models: Sequence[Model], model_id: str, today: date) -> Model | None:
    """The model that does the work of `model_id` on this day: itself, or who followed it. None where there is
    no such model, or nobody followed."""
    by_id = {model.id: model for model in models}
    for _ in models:
        model = by_id.get(model_id)
        if model is None or model.state_on(today) is not ModelState.RETIRED:
            return model
        model_id = model.successor or ""
    return None
