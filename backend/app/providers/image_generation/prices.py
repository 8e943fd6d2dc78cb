"""What a picture costs at a provider, in USD: an estimate before the click, and the cost after it.

None is a price that is not known, which is never the same as nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal
from typing import Protocol

MILLION = Decimal(1_000_000)
_CENT_OF_A_CENT = Decimal("0.0001")
_MICRO = Decimal("0.000001")
_PARTIAL_TOKENS = 100
"""What each preview adds to the output."""
_CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Usage:
    """What a provider reports of its work. None where it does not say."""

    text_in: int | None = None
    image_in: int | None = None
    out: int | None = None
    seconds: Decimal | None = None


class Price(Protocol):
    """How a model is paid for."""

    def estimate(self, size: str, quality: str, *, prompt_length: int, partials: int) -> Decimal | None:
        """Before the click; `size` is what the provider is asked for."""

    def cost(self, size: str, quality: str, usage: Usage) -> Decimal | None:
        """What is billed for work that was done."""


@dataclass(frozen=True, slots=True)
class ImagePrice:
    """So much for each picture, by quality and size where a table says so."""

    each: Decimal | None = None
    table: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)

    def estimate(
        self, size: str, quality: str, *, prompt_length: int = 0, partials: int = 0
    ) -> Decimal | None:
        """The price itself: nothing else is counted."""
        return self.table.get(quality, {}).get(size, self.each)

    def cost(self, size: str, quality: str, usage: Usage) -> Decimal | None:
        """The same as before the click."""
        return self.estimate(size, quality)


@dataclass(frozen=True, slots=True)
class SecondPrice:
    """So much for each second that the provider's machine works; nobody knows before how many."""

    each: Decimal

    def estimate(
        self, size: str, quality: str, *, prompt_length: int = 0, partials: int = 0
    ) -> Decimal | None:
        """Not known."""
        return None

    def cost(self, size: str, quality: str, usage: Usage) -> Decimal | None:
        """By the seconds that were reported."""
        return None if usage.seconds is None else _exact(self.each * usage.seconds)


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """USD per million tokens. How many a picture takes is in `tokens` by quality and size, or reckoned from
    the `efforts` of the qualities."""

    text_in: Decimal | None = None
    image_in: Decimal | None = None
    out: Decimal | None = None
    tokens: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    efforts: Mapping[str, int] = field(default_factory=dict)

    def estimate(
        self, size: str, quality: str, *, prompt_length: int = 0, partials: int = 0
    ) -> Decimal | None:
        """By what such a picture usually takes, rounded up to a hundredth of a cent."""
        output = self._output_tokens(size, quality)
        if output is None or self.out is None:
            return None
        text = math.ceil(prompt_length / _CHARACTERS_PER_TOKEN)
        total = (output + partials * _PARTIAL_TOKENS) * self.out + text * (self.text_in or Decimal(0))
        return (total / MILLION).quantize(_CENT_OF_A_CENT, ROUND_UP)

    def cost(self, size: str, quality: str, usage: Usage) -> Decimal | None:
        """By the tokens that were reported, to a millionth; None unless the price of each sort is known."""
        total = Decimal(0)
        for tokens, rate in (
            (usage.text_in, self.text_in),
            (usage.image_in, self.image_in),
            (usage.out, self.out),
        ):
            if tokens is None or (tokens and rate is None):
                return None
            total += tokens * (rate or Decimal(0))
        return _exact(total / MILLION)

    def _output_tokens(self, size: str, quality: str) -> int | None:
        listed = self.tokens.get(quality, {}).get(size)
        if listed is not None or quality not in self.efforts:
            return listed
        width, height = (int(side) for side in size.split("x"))
        effort = self.efforts[quality]
        grid = round(effort * min(width, height) / max(width, height))
        return math.ceil(effort * grid * (2_000_000 + width * height) / 4_000_000)


def _exact(amount: Decimal) -> Decimal:
    return amount.quantize(_MICRO, ROUND_HALF_UP)
