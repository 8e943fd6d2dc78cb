"""Recipes: how a file is derived from a picture, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.imaging.formats import Format


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a rendition is made. Raise `version` when the same picture would come out differently.

    Ratios are width to height as (numerator, denominator); a picture outside them is cropped. Sides are in
    pixels; nothing is enlarged. Quality is the encoder's scale of 100: the best between the two that fits
    into `max_bytes` is used.
    """

    name: str
    version: int
    mime_type: str
    max_width: int
    max_height: int
    max_bytes: int
    min_ratio: tuple[int, int] | None = None
    max_ratio: tuple[int, int] | None = None
    best_quality: int = 92
    worst_quality: int = 50

    @property
    def extension(self) -> str:
        """Without the dot."""
        return Format.from_mime_type(self.mime_type).extension


# Instagram's feed takes JPEG only, from 4:5 to 1.91:1, shows at most 1440 pixels of width, refuses at 8 MB.
INSTAGRAM_FEED = Recipe(
    name="instagram-feed",
    version=1,
    mime_type=Format.JPEG.mime_type,
    max_width=1440,
    max_height=1800,
    max_bytes=8_000_000,
    min_ratio=(4, 5),
    max_ratio=(191, 100),
)
# A Page refuses at 4 MB. No wider than on Instagram, so that a picture looks the same on both.
FACEBOOK = Recipe(
    name="facebook",
    version=2,
    mime_type=Format.JPEG.mime_type,
    max_width=1440,
    max_height=2048,
    max_bytes=4_000_000,
)
PREVIEW = Recipe(
    name="preview",
    version=1,
    mime_type=Format.WEBP.mime_type,
    max_width=1440,
    max_height=1440,
    max_bytes=4_000_000,
    best_quality=82,
)
RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in (INSTAGRAM_FEED, FACEBOOK, PREVIEW)}


def recipe_from_json(fields: dict[str, Any]) -> Recipe:
    """The recipe that `dataclasses.asdict` took apart, after a journey as JSON."""
    pairs = {key: tuple(fields[key]) for key in ("min_ratio", "max_ratio") if fields[key] is not None}
    return Recipe(**{**fields, **pairs})
