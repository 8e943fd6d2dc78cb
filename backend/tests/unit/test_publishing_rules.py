"""The rule table: it is whole, it agrees with itself, and what is sent fulfils it."""

from __future__ import annotations

import pytest

from app.imaging.recipes import RECIPES
from app.providers.publishing.facebook import FacebookPublisher
from app.providers.publishing.instagram import InstagramPublisher
from app.providers.publishing.rules import FACEBOOK, INSTAGRAM, Placement, PlatformRules

TABLES = [INSTAGRAM, FACEBOOK]
OFFERED = [(rules, found) for rules in TABLES for found in rules.placements if found.is_offered]


def named(value: object) -> str | None:
    return getattr(value, "name", None) or getattr(value, "platform", None)


def test_every_placement_has_a_row_and_the_publishers_use_the_table() -> None:
    assert [found.name for found in INSTAGRAM.placements] == ["feed", "carousel", "story", "reel_cover"]
    assert [found.name for found in FACEBOOK.placements] == ["text", "photo", "photos"]
    assert InstagramPublisher.rules is INSTAGRAM and FacebookPublisher.rules is FACEBOOK


@pytest.mark.parametrize("rules", TABLES, ids=named)
def test_every_number_of_images_has_exactly_one_placement(rules: PlatformRules) -> None:
    offered = [found for found in rules.placements if found.is_offered]
    for count in range(rules.min_images, rules.max_images + 1):
        fitting = [found for found in offered if found.min_images <= count <= found.max_images]
        assert fitting == [rules.placement_for(count)]
    # What is out of bounds is laid out as the nearest that is not, so that it can be shown.
    assert rules.placement_for(0) == rules.placement_for(rules.min_images)
    assert rules.placement_for(99) == rules.placement_for(rules.max_images)


@pytest.mark.parametrize(("rules", "placement"), OFFERED, ids=named)
def test_what_is_sent_fulfils_the_rules_of_its_placement(rules: PlatformRules, placement: Placement) -> None:
    if placement.recipe is None:
        assert placement.max_images == 0
        return
    recipe = RECIPES[placement.recipe]
    assert recipe.mime_type in placement.formats
    assert recipe.max_width <= 1440 and recipe.max_bytes <= 8_000_000
    assert placement.max_bytes is None or recipe.max_bytes <= placement.max_bytes
    assert placement.max_width is None or recipe.max_width <= placement.max_width
    assert (recipe.min_ratio, recipe.max_ratio) == (placement.min_ratio, placement.max_ratio)
    assert placement.max_alt_text == rules.max_alt_text
    # A post of several images is handed over image by image.
    assert placement.max_images == 1 or placement.part is not None
