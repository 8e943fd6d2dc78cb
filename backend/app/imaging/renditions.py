"""Renditions: files derived from a stored picture, each by a named recipe. They can always be made again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.imaging import containers
from app.imaging.containers import Anatomy
from app.imaging.errors import too_complex, unsupported
from app.imaging.formats import HEAD_BYTES, Format, sniff
from app.imaging.origin import SourceType
from app.imaging.seals import Seal

if TYPE_CHECKING:
    from app.imaging.decoder import VipsImage


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
FACEBOOK = Recipe(
    name="facebook",
    version=1,
    mime_type=Format.JPEG.mime_type,
    max_width=2048,
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


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendition that was written. `crop` is (x, y, width, height) in pixels of the source, or None.
    `is_seal_broken` when a manifest was wanted and could not be written."""

    width: int
    height: int
    file_size: int
    sha256: str
    mime_type: str
    crop: tuple[int, int, int, int] | None
    is_seal_broken: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Which part of a picture becomes a rendition of which size."""

    crop: tuple[int, int, int, int]
    width: int
    height: int


def plan(width: int, height: int, recipe: Recipe, focus: tuple[float, float] = (0.5, 0.5)) -> Plan:
    """Lays a recipe over a picture of `width` by `height`, near to `focus` (0..1 from top left).

    The ratio of the result's whole pixels lies within the recipe's, exactly.
    """
    low = Fraction(*recipe.min_ratio) if recipe.min_ratio else Fraction(0)
    high = Fraction(*recipe.max_ratio) if recipe.max_ratio else None
    crop_width, crop_height = width, height
    if Fraction(width, height) < low:
        crop_height = floor(width / low)
    elif high is not None and Fraction(width, height) > high:
        crop_width = floor(height * high)
    left = _clamp(round(focus[0] * width - crop_width / 2), 0, width - crop_width)
    top = _clamp(round(focus[1] * height - crop_height / 2), 0, height - crop_height)

    scale = min(Fraction(1), Fraction(recipe.max_width, crop_width), Fraction(recipe.max_height, crop_height))
    out_width, out_height = max(1, round(crop_width * scale)), max(1, round(crop_height * scale))
    # Rounding may have left the ratio's range by a fraction of a pixel: the height gives way, then the width.
    if low:
        out_height = min(out_height, floor(out_width / low))
    if high is not None and Fraction(out_width, out_height) > high:
        if ceil(out_width / high) <= min(recipe.max_height, crop_height):
            out_height = ceil(out_width / high)
        else:
            out_width = floor(out_height * high)
    return Plan((left, top, crop_width, crop_height), out_width, out_height)


def render(
    source: Path,
    recipe: Recipe,
    target: Path,
    *,
    focus: tuple[float, float] = (0.5, 0.5),
    source_type: SourceType | None = None,
    seal: Seal | None = None,
) -> Rendered:
    """Writes the rendition of `source` (its first frame) to `target`: 8-bit sRGB, no metadata.

    A JPEG has no transparency; white lies below. With a `source_type` the file carries that mark and nothing
    else but, with a `seal` and where the source has one, a C2PA manifest that builds upon the source's.
    Raises `PictureRefused` when the source does not decode, `OSError` for trouble with the paths.
    """
    data = source.read_bytes()
    format = sniff(data[:HEAD_BYTES])
    if format is None:
        raise unsupported()
    anatomy = containers.walk(format, data)
    # libvips is loaded where pictures are opened, never in a process that only asks for it.
    from app.imaging import decoder

    parent = (data, format) if source_type and anatomy.has_manifest else None
    image, made = _picture(format, anatomy, recipe, focus)
    is_cropped = made.crop[2:] != (anatomy.width, anatomy.height)
    is_resized = made.crop[2:] != (made.width, made.height)
    steps = [*["c2pa.cropped"] * is_cropped, *["c2pa.resized"] * is_resized, "c2pa.transcoded"]
    room = recipe.max_bytes
    while True:
        with decoder.refusing():
            encoded = _best_that_fits(image, recipe, room)
        finished, is_seal_broken = _finished(encoded, recipe, source_type, seal, parent, steps)
        if len(finished) <= recipe.max_bytes:
            break
        room = min(room, recipe.max_bytes - (len(finished) - len(encoded))) - 1
    target.write_bytes(finished)
    return Rendered(
        width=made.width,
        height=made.height,
        file_size=len(finished),
        sha256=hashlib.sha256(finished).hexdigest(),
        mime_type=recipe.mime_type,
        crop=made.crop if is_cropped else None,
        is_seal_broken=is_seal_broken,
    )


def _picture(
    format: Format, anatomy: Anatomy, recipe: Recipe, focus: tuple[float, float]
) -> tuple[VipsImage, Plan]:
    """The rendition's pixels in memory, and the plan by which they were made."""
    from app.imaging import decoder

    made = plan(anatomy.width, anatomy.height, recipe, focus)
    left, top, crop_width, crop_height = made.crop
    # The whole picture is scaled first: a JPEG is then decoded at the lower resolution.
    full_width = max(made.width, round(Fraction(anatomy.width * made.width, crop_width)))
    full_height = max(made.height, round(Fraction(anatomy.height * made.height, crop_height)))
    out_left = _clamp(round(Fraction(left * made.width, crop_width)), 0, full_width - made.width)
    out_top = _clamp(round(Fraction(top * made.height, crop_height)), 0, full_height - made.height)

    with decoder.refusing():
        image = decoder.open_scaled(anatomy.clean, format, anatomy, full_width, full_height)
        image = decoder.to_srgb(
            decoder.cropped(image, out_left, out_top, made.width, made.height), anatomy.profile
        )
        if recipe.mime_type == Format.JPEG.mime_type:
            image = decoder.on_white(image)
        return image.copy_memory(), made


def _finished(
    encoded: bytes,
    recipe: Recipe,
    source_type: SourceType | None,
    seal: Seal | None,
    parent: tuple[bytes, Format] | None,
    steps: Sequence[str],
) -> tuple[bytes, bool]:
    """The file with all that it says of its origin, and whether a manifest is missing from that."""
    if source_type is None:
        return encoded, False
    format = Format.from_mime_type(recipe.mime_type)
    marked = containers.mark(format, encoded, source_type)
    if seal is None or parent is None:
        return marked, False
    # It takes a while to load, and few pictures need it.
    from app.imaging import manifests

    try:
        return manifests.write(marked, format, source_type, seal, steps=steps, parent=parent), False
    except manifests.NotSealed:
        return marked, True


def _best_that_fits(image: VipsImage, recipe: Recipe, max_bytes: int) -> bytes:
    from app.imaging import decoder

    def encode(quality: int) -> bytes:
        if recipe.mime_type == Format.JPEG.mime_type:
            return decoder.save_jpeg(image, quality)
        # More effort saves a twentieth of the bytes and nearly doubles the time.
        return decoder.save_webp(image, quality, effort=0)

    best = encode(recipe.best_quality)
    if len(best) <= max_bytes:
        return best
    fits, too_good = recipe.worst_quality, recipe.best_quality
    best = encode(fits)
    if len(best) > max_bytes:
        raise too_complex("no quality makes it small enough", limit=recipe.max_bytes)
    while too_good - fits > 1:
        middle = (fits + too_good) // 2
        encoded = encode(middle)
        if len(encoded) <= max_bytes:
            fits, best = middle, encoded
        else:
            too_good = middle
    return best


def _clamp(value: int, low: int, high: int) -> int:
    return max(low, min(value, high))


def recipe_from_json(fields: dict[str, Any]) -> Recipe:
    """The recipe that `dataclasses.asdict` took apart, after a journey as JSON."""
    pairs = {key: tuple(fields[key]) for key in ("min_ratio", "max_ratio") if fields[key] is not None}
    return Recipe(**{**fields, **pairs})
