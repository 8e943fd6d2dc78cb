"""Models that end: who paints in their place, what the form offers, and who is told when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest

from app.core.errors import RuleBroken
from app.providers.image_generation.base import ImageProvider, Model, ModelState, SizeRule
from app.providers.image_generation.prices import ImagePrice, SecondPrice, TokenPrice, Usage
from app.services import catalogue

END = date(2026, 12, 1)


@dataclass
class Painter:
    """A provider of which only the models are asked for."""

    models: tuple[Model, ...]


def painter(*models: Model) -> ImageProvider:
    return cast(ImageProvider, Painter(models))


def model(name: str, **more: Any) -> Model:
    return Model(name, name.title(), ("1024x1024",), ("standard",), 1000, provider="openai", **more)


OLD, NEWER = model("old", shutdown_on=END, successor="newer"), model("newer")


@pytest.mark.parametrize(
    ("days", "state"), [(-1, ModelState.ENDING), (0, ModelState.RETIRED), (400, ModelState.RETIRED)]
)
def test_a_model_is_gone_from_the_day_that_is_named(days: int, state: ModelState) -> None:
    assert OLD.state_on(END + timedelta(days=days)) is state
    assert NEWER.state_on(END) is ModelState.CURRENT


def test_who_followed_paints_from_the_day_of_the_end() -> None:
    provider = painter(OLD, NEWER)
    assert catalogue.chosen(provider, "old", END - timedelta(days=1)) is OLD
    assert catalogue.chosen(provider, "old", END) is NEWER
    assert catalogue.chosen(provider, None, END) is NEWER
    assert catalogue.offered(provider, END) == [NEWER]


def test_the_successor_of_the_default_is_offered_first() -> None:
    between = model("between")
    assert catalogue.offered(painter(OLD, between, NEWER), END) == [NEWER, between]


def test_a_line_of_successors_is_followed_to_its_end() -> None:
    eldest = model("eldest", shutdown_on=END - timedelta(days=50), successor="old")
    assert catalogue.chosen(painter(eldest, OLD, NEWER), "eldest", END) is NEWER


@pytest.mark.parametrize("successor", [None, "nobody", "old"])
def test_a_model_that_nobody_followed_is_refused_with_a_sentence(successor: str | None) -> None:
    provider = painter(model("old", shutdown_on=END, successor=successor), NEWER)
    with pytest.raises(RuleBroken) as refused:
        catalogue.chosen(provider, "old", END)
    assert refused.value.code == "model_retired"


def test_a_model_that_never_was_is_refused() -> None:
    with pytest.raises(RuleBroken) as refused:
        catalogue.chosen(painter(NEWER), "nonsense", END)
    assert refused.value.code == "unknown_model"


@pytest.mark.parametrize(
    ("days_left", "within"),
    [(91, None), (90, 90), (31, 90), (30, 30), (8, 30), (7, 7), (1, 7), (0, 0), (-9, 0)],
)
def test_the_end_is_told_90_30_and_7_days_before(days_left: int, within: int | None) -> None:
    told = catalogue.warnings([painter(OLD, NEWER)], END - timedelta(days=days_left))
    assert [ending.within for ending in told] == ([] if within is None else [within])
    for ending in told:
        assert (ending.model, ending.successor, ending.days_left) == ("old", "newer", max(0, days_left))
        assert "2026-12-01" in ending.detail and "newer paints in its place" in ending.detail


def test_what_ended_and_is_not_the_default_is_no_news() -> None:
    assert catalogue.warnings([painter(NEWER, OLD)], END) == []


def test_the_default_is_told_of_first() -> None:
    sooner = model("sooner", shutdown_on=END - timedelta(days=3))
    told = catalogue.warnings([painter(OLD, sooner, NEWER)], END - timedelta(days=20))
    assert [(ending.model, ending.is_default) for ending in told] == [("old", True), ("sooner", False)]
    assert "nothing follows it" in told[1].detail


# Sizes and prices

RULE = SizeRule(step=16, longest_ratio=3, longest_side=3840, fewest_pixels=655_360, most_pixels=8_294_400)


@pytest.mark.parametrize(
    ("size", "is_admitted"),
    [
        ("1024x1792", True),
        ("1088x1360", True),
        ("1536x800", True),
        ("3840x2160", True),
        ("3856x1024", False),
        ("1080x1350", False),
        ("512x512", False),
        ("640x2048", False),
        ("3840x2176", False),
        ("0x1024", False),
        ("1024", False),
        ("1024x1024x1", False),
    ],
)
def test_free_sizes_keep_their_rule(size: str, is_admitted: bool) -> None:
    assert RULE.admits(size) is is_admitted
    assert model("free", size_rule=RULE).paints(size) is is_admitted
    assert model("fixed").paints(size) is (size == "1024x1024")


RATES: dict[str, Any] = {"text_in": Decimal(5), "image_in": Decimal(8), "out": Decimal(30)}


def test_a_picture_is_estimated_from_its_tokens() -> None:
    pricing = TokenPrice(**RATES, efforts={"standard": 24, "hd": 48})
    made = model("tokens", pricing=pricing)
    assert made.price("1024x1024", "standard") == Decimal("0.0132")  # 439 tokens
    assert made.price("1024x1024", "hd") == Decimal("0.0527")  # 1,756 tokens
    assert made.price("1024x1024", "hd", partials=3, prompt_length=4000) == Decimal("0.0667")
    assert made.price("1024x1024", "ultra") is None
    wider = made.price("1024x1792", "standard")
    assert wider is not None and wider == made.price("1792x1024", "standard")


def test_a_listed_number_of_tokens_counts_for_the_size_that_is_asked_of_the_provider() -> None:
    pricing = TokenPrice(out=Decimal(32), tokens={"hd": {"1024x1536": 6240}})
    made = model("listed", pricing=pricing, asks={"1024x1792": "1024x1536"})
    assert made.price("1024x1792", "hd") == Decimal("0.1997")
    assert made.price("1024x1024", "hd") is None


def test_what_was_used_is_booked_to_a_millionth() -> None:
    pricing = TokenPrice(**RATES)
    assert pricing.cost("", "", Usage(text_in=10, image_in=40, out=439)) == Decimal("0.013540")
    assert pricing.cost("", "", Usage(text_in=1, image_in=0, out=1)) == Decimal("0.000035")


def test_a_price_that_is_not_known_is_never_nothing() -> None:
    assert model("any").price("1024x1024", "standard") is None
    assert ImagePrice().estimate("1024x1024", "hd") is None
    assert SecondPrice(Decimal("0.001")).estimate("1024x1024", "hd") is None
    assert SecondPrice(Decimal("0.001")).cost("", "", Usage()) is None
    assert TokenPrice(**RATES).cost("", "", Usage(text_in=1, out=1)) is None
    assert TokenPrice(out=Decimal(1)).cost("", "", Usage(text_in=1, image_in=0, out=1)) is None


def test_a_picture_that_costs_nothing_costs_zero() -> None:
    assert ImagePrice(Decimal(0)).cost("", "", Usage()) == Decimal(0)


def test_prices_by_size_quality_and_second() -> None:
    pricing = ImagePrice(Decimal("0.05"), {"hd": {"1024x1024": Decimal("0.08")}})
    assert pricing.cost("1024x1024", "hd", Usage()) == Decimal("0.08")
    assert pricing.cost("1024x1024", "standard", Usage()) == Decimal("0.05")
    assert SecondPrice(Decimal("0.000975")).cost("", "", Usage(seconds=Decimal("2.5"))) == Decimal("0.002438")
