"""What the platforms would make of an image."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from app.imaging.framing import plan
from app.imaging.recipes import RECIPES
from app.models.images import Image


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a platform would make of an image."""

    platform: str
    is_ready: bool
    is_cropped: bool
    width: int
    height: int
    note: str


def readiness(image: Image) -> tuple[Readiness, ...]:
    """What Instagram and Facebook would get from this image, by arithmetic alone."""
    return _readiness(image.width, image.height, image.is_animated)


# Most pictures have one of a few sizes, and every list asks about each of its own.
@lru_cache(maxsize=4096)
def _readiness(width: int, height: int, is_animated: bool) -> tuple[Readiness, ...]:
    found = []
    for platform, recipe_name, label in (
        ("instagram", "instagram-feed", "Instagram"),
        ("facebook", "facebook", "Facebook"),
    ):
        laid = plan(width, height, RECIPES[recipe_name])
        is_cropped = laid.crop[2:] != (width, height)
        note = f"Sent as {laid.width} × {laid.height} sRGB JPEG."
        if is_cropped:
            note = f"{label} needs another shape: cropped around the centre to {laid.width} × {laid.height}."
        if is_animated:
            note += " Only the first frame is sent."
        found.append(Readiness(platform, True, is_cropped, laid.width, laid.height, note))
    return tuple(found)
