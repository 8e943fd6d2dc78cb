"""What the platforms would make of an image."""

from __future__ import annotations

from dataclasses import dataclass

from app.imaging.renditions import RECIPES, plan
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


def readiness(image: Image) -> list[Readiness]:
    """What Instagram and Facebook would get from this image, by arithmetic alone."""
    found = []
    for platform, recipe_name, label in (
        ("instagram", "instagram-feed", "Instagram"),
        ("facebook", "facebook", "Facebook"),
    ):
        laid = plan(image.width, image.height, RECIPES[recipe_name])
        is_cropped = laid.crop[2:] != (image.width, image.height)
        note = f"Sent as {laid.width} × {laid.height} sRGB JPEG."
        if is_cropped:
            note = f"{label} needs another shape: cropped around the centre to {laid.width} × {laid.height}."
        if image.is_animated:
            note += " Only the first frame is sent."
        found.append(Readiness(platform, True, is_cropped, laid.width, laid.height, note))
    return found
