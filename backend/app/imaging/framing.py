"""How a picture is brought into the shape that is asked for: which part of it, how large, on what ground."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from math import ceil, floor

from app.imaging.recipes import Recipe

CROP, FIT = "crop", "fit"
WHITE = "#ffffff"

Box = tuple[int, int, int, int]
"""Left, top, width and height in pixels."""


@dataclass(frozen=True, slots=True)
class Framing:
    """What a person chose for one picture. It has an effect only where another shape is needed.

    `focus` is the middle of what must stay, 0..1 from top left, to the thousandth. `background` is a colour,
    `#rrggbb`, around a picture that is fitted.
    """

    mode: str = CROP
    focus: tuple[float, float] = (0.5, 0.5)
    background: str = WHITE

    @property
    def is_fitted(self) -> bool:
        """The whole picture stays, on its background."""
        return self.mode == FIT


AS_IT_IS = Framing()
"""Cropped around the centre, where another shape is needed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Which part of a picture becomes a rendition of which size. `place` is where that part lies in the
    rendition, on a ground of the colour `background`; None: it fills the rendition."""

    crop: Box
    width: int
    height: int
    place: Box | None = None
    background: str = WHITE

    @property
    def mark(self) -> str:
        """Sixteen letters and digits, the same for the same plan."""
        ground = (self.place, self.background) if self.place else None
        return sha256(repr((self.crop, self.width, self.height, ground)).encode()).hexdigest()[:16]


def plan(
    width: int,
    height: int,
    recipe: Recipe,
    framing: Framing = AS_IT_IS,
    shape: tuple[int, int] | None = None,
) -> Plan:
    """Lays a recipe over a picture of `width` by `height`.

    With a `shape`, the width and height of another rendition, the result gets its ratio. The ratio of the
    result's whole pixels lies within the recipe's, exactly. Nothing is enlarged.
    """
    ratio = Fraction(width, height)
    wanted = _wanted(ratio, recipe, shape)
    if wanted == ratio:
        return _sized((0, 0, width, height), Fraction(width), Fraction(height), recipe, shape)
    if framing.is_fitted:
        return _fitted(width, height, wanted, framing.background, recipe, shape)
    return _cropped(width, height, wanted, framing.focus, recipe, shape)


def _wanted(ratio: Fraction, recipe: Recipe, shape: tuple[int, int] | None) -> Fraction:
    """The ratio that the result should have: the picture's own where nothing speaks against it."""
    if shape is not None:
        return Fraction(*shape)
    if recipe.min_ratio and ratio < (low := Fraction(*recipe.min_ratio)):
        return low
    if recipe.max_ratio and ratio > (high := Fraction(*recipe.max_ratio)):
        return high
    return ratio


def _cropped(
    width: int,
    height: int,
    wanted: Fraction,
    focus: tuple[float, float],
    recipe: Recipe,
    shape: tuple[int, int] | None,
) -> Plan:
    # A shape is met to the nearest pixel; the bounds of a recipe are kept on the safe side.
    whole = round if shape is not None else floor
    crop_width, crop_height = width, height
    if Fraction(width, height) < wanted:
        crop_height = _clamp(whole(width / wanted), 1, height)
    else:
        crop_width = _clamp(whole(height * wanted), 1, width)
    left = _clamp(round(focus[0] * width - crop_width / 2), 0, width - crop_width)
    top = _clamp(round(focus[1] * height - crop_height / 2), 0, height - crop_height)
    crop = (left, top, crop_width, crop_height)
    return _sized(crop, Fraction(crop_width), Fraction(crop_height), recipe, shape)


def _fitted(
    width: int,
    height: int,
    wanted: Fraction,
    background: str,
    recipe: Recipe,
    shape: tuple[int, int] | None,
) -> Plan:
    ground_width, ground_height = Fraction(width), Fraction(height)
    if ground_width / ground_height < wanted:
        ground_width = ground_height * wanted
    else:
        ground_height = ground_width / wanted
    made = _sized((0, 0, width, height), ground_width, ground_height, recipe, shape)
    scale = min(made.width / ground_width, made.height / ground_height)
    inner_width = _clamp(round(width * scale), 1, made.width)
    inner_height = _clamp(round(height * scale), 1, made.height)
    if (inner_width, inner_height) == (made.width, made.height):
        return made
    left, top = (made.width - inner_width) // 2, (made.height - inner_height) // 2
    return Plan(made.crop, made.width, made.height, (left, top, inner_width, inner_height), background)


def _sized(
    crop: Box, width: Fraction, height: Fraction, recipe: Recipe, shape: tuple[int, int] | None
) -> Plan:
    """A part of a picture, or a ground, of this size in the picture's pixels, as large as it may be."""
    low = Fraction(*recipe.min_ratio) if recipe.min_ratio else Fraction(0)
    high = Fraction(*recipe.max_ratio) if recipe.max_ratio else None
    scale = min(Fraction(1), recipe.max_width / width, recipe.max_height / height)
    out_width, out_height = max(1, round(width * scale)), max(1, round(height * scale))
    if shape is not None:
        out_height = _clamp(round(Fraction(out_width * shape[1], shape[0])), 1, recipe.max_height)
    # Rounding may have left the ratio's range by a fraction of a pixel: the height gives way, then the width.
    if low:
        out_height = min(out_height, floor(out_width / low))
    if high is not None and Fraction(out_width, out_height) > high:
        if ceil(out_width / high) <= min(recipe.max_height, ceil(height)):
            out_height = ceil(out_width / high)
        else:
            out_width = floor(out_height * high)
    return Plan(crop, out_width, out_height)


def _clamp(value: int, low: int, high: int) -> int:
    return max(low, min(value, high))
