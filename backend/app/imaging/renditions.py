"""Renditions: files derived from a stored picture, each by a named recipe. They can always be made again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from app.imaging import containers
from app.imaging.containers import Anatomy
from app.imaging.errors import too_complex, unsupported
from app.imaging.formats import HEAD_BYTES, Format, sniff
from app.imaging.framing import AS_IT_IS, Framing, Plan, plan
from app.imaging.origin import SourceType
from app.imaging.recipes import Recipe
from app.imaging.seals import Seal

if TYPE_CHECKING:
    from app.imaging.decoder import VipsImage


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


def render(
    source: Path,
    recipe: Recipe,
    target: Path,
    *,
    framing: Framing = AS_IT_IS,
    shape: tuple[int, int] | None = None,
    source_type: SourceType | None = None,
    seal: Seal | None = None,
) -> Rendered:
    """Writes the rendition of `source` (its first frame) to `target`: 8-bit sRGB, no metadata. `framing` and
    `shape` are those of `plan`.

    A JPEG has no transparency; white lies below, or the background of a picture that is fitted. With a
    `source_type` the file carries that mark and nothing else but, with a `seal` and where the source has one,
    a C2PA manifest that builds upon the source's. Raises `PictureRefused` when the source does not decode,
    `OSError` for trouble with the paths.
    """
    data = source.read_bytes()
    format = sniff(data[:HEAD_BYTES])
    if format is None:
        raise unsupported()
    anatomy = containers.walk(format, data)
    # libvips is loaded where pictures are opened, never in a process that only asks for it.
    from app.imaging import decoder

    parent = (data, format) if source_type and anatomy.has_manifest else None
    made = plan(anatomy.width, anatomy.height, recipe, framing, shape)
    image = _picture(format, anatomy, recipe, made)
    is_cropped = made.crop[2:] != (anatomy.width, anatomy.height)
    is_fitted = made.place is not None
    is_resized = made.crop[2:] != (made.place[2:] if made.place else (made.width, made.height))
    steps = [
        *["c2pa.cropped"] * is_cropped,
        *["c2pa.resized"] * is_resized,
        *["c2pa.edited"] * is_fitted,
        "c2pa.transcoded",
    ]
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


def _picture(format: Format, anatomy: Anatomy, recipe: Recipe, made: Plan) -> VipsImage:
    """The rendition's pixels in memory, as planned."""
    from app.imaging import decoder

    left, top, crop_width, crop_height = made.crop
    width, height = made.place[2:] if made.place else (made.width, made.height)
    # The whole picture is scaled first: a JPEG is then decoded at the lower resolution.
    full_width = max(width, round(Fraction(anatomy.width * width, crop_width)))
    full_height = max(height, round(Fraction(anatomy.height * height, crop_height)))
    out_left = _clamp(round(Fraction(left * width, crop_width)), 0, full_width - width)
    out_top = _clamp(round(Fraction(top * height, crop_height)), 0, full_height - height)

    with decoder.refusing():
        image = decoder.open_scaled(anatomy.clean, format, anatomy, full_width, full_height)
        image = decoder.to_srgb(decoder.cropped(image, out_left, out_top, width, height), anatomy.profile)
        if made.place:
            image = decoder.on_ground(image, made.background, made.place[:2], (made.width, made.height))
        elif recipe.mime_type == Format.JPEG.mime_type:
            image = decoder.on_white(image)
        return image.copy_memory()


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
