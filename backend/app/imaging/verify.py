"""Taking a picture in: proof that it is whole, the one file that is kept, its thumbnail and placeholder.

The order is the defence: the first bytes decide the format, the structure is walked, the header's claims meet
the limits, and only then does a decoder see the file, cleaned of everything that it does not need.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.imaging import containers, icc
from app.imaging.containers import Anatomy
from app.imaging.errors import PictureRefused, too_complex, unsupported
from app.imaging.formats import HEAD_BYTES, Format, sniff

THUMB_MIME_TYPE = Format.WEBP.mime_type
# The shorter side fills a square tile; the longer side is capped so that a panorama stays small.
THUMB_SHORTER_SIDE = 400
THUMB_LONGER_SIDE = 800
_THUMB_QUALITY = 80
# More effort costs several milliseconds on every upload and saves a few hundred bytes.
_THUMB_EFFORT = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a picture may be. Sides in pixels; `max_total_pixels` counts every frame at full canvas size."""

    min_side: int = 400
    max_side: int = 4096
    max_frames: int = 300
    max_total_pixels: int = 300_000_000


@dataclass(frozen=True, slots=True)
class Verified:
    """A picture that decodes. All but the thumbnail's sides describes the clean file.

    `thumbhash` is base64. `perceptual_hash` is 16 hex characters, hardly changed when a picture is saved,
    scaled or trimmed anew; None for one that is flat. `is_reencoded` is False when the compressed pixels are
    those that were received.
    """

    format: Format
    mime_type: str
    extension: str
    width: int
    height: int
    file_size: int
    animated: bool
    has_alpha: bool
    thumb_width: int
    thumb_height: int
    thumbhash: str
    perceptual_hash: str | None
    is_reencoded: bool


def verify(
    source: Path, clean: Path, thumb: Path, limits: Limits | None = None, *, is_ai_generated: bool = False
) -> Verified:
    """Proves that `source` decodes, writes the file to keep to `clean` and a WebP thumbnail to `thumb`.

    The clean file has the format of the source, stands upright, and holds no metadata but its colour profile
    and, with `is_ai_generated`, the mark of that. Raises `PictureRefused` for anything wrong with the
    picture; `OSError` means trouble with the paths. After an error neither output is to be used.
    """
    limits = limits or Limits()
    data = source.read_bytes()
    format = sniff(data[:HEAD_BYTES])
    if format is None:
        raise unsupported()
    anatomy = containers.walk(format, data)
    _enforce(anatomy, limits)
    return _take_in(format, anatomy, clean, thumb, is_ai_generated)


def _take_in(format: Format, anatomy: Anatomy, clean: Path, thumb: Path, is_ai_generated: bool) -> Verified:
    # libvips is loaded where pictures are opened, never in a process that only asks for it.
    from app.imaging import decoder

    kept, profile = anatomy.clean, anatomy.profile
    is_too_much_profile = profile is not None and len(profile.data) > icc.MAX_KEPT_BYTES
    is_reencoded = anatomy.orientation != 1 or is_too_much_profile
    width, height = anatomy.width, anatomy.height
    if anatomy.orientation >= 5:
        width, height = height, width
    thumb_width, thumb_height = _thumb_sides(width, height)

    with decoder.refusing():
        if anatomy.frames > 1:
            decoder.prove_every_frame(kept, format)
        if is_reencoded:
            upright = decoder.open_upright(kept, format, anatomy.orientation)
            if is_too_much_profile:
                upright, profile = decoder.to_srgb(upright, profile), None
                upright = decoder.without_profile(upright)
            kept = decoder.save_upright(upright, format, anatomy)
            small = decoder.resized(upright, thumb_width, thumb_height)
        else:
            small = decoder.open_scaled(kept, format, anatomy, thumb_width, thumb_height)
        small = decoder.to_srgb(small, profile).copy_memory()
        has_alpha = bool(small.hasalpha())
        thumb_bytes = decoder.save_webp(small, _THUMB_QUALITY, _THUMB_EFFORT)
        placeholder = decoder.placeholder(small)
        perceptual_hash = decoder.perceptual_hash(small)

    if is_ai_generated:
        kept = containers.mark_ai_generated(format, kept)
    clean.write_bytes(kept)
    thumb.write_bytes(thumb_bytes)
    return Verified(
        format=format,
        mime_type=format.mime_type,
        extension=format.extension,
        width=width,
        height=height,
        file_size=len(kept),
        animated=anatomy.frames > 1,
        has_alpha=has_alpha,
        thumb_width=thumb_width,
        thumb_height=thumb_height,
        thumbhash=placeholder,
        perceptual_hash=perceptual_hash,
        is_reencoded=is_reencoded,
    )


def _enforce(anatomy: Anatomy, limits: Limits) -> None:
    """Holds the header's claims against the limits. Both sides have the same, so turning changes nothing."""
    width, height = anatomy.width, anatomy.height
    if anatomy.orientation >= 5:
        width, height = height, width
    facts = {"width": width, "height": height}
    if min(width, height) < limits.min_side:
        raise PictureRefused(
            "image_too_small",
            f"This picture is {width} × {height} pixels. Use one that is at least {limits.min_side} pixels"
            " on each side.",
            {**facts, "limit": limits.min_side},
        )
    if max(width, height) > limits.max_side:
        raise PictureRefused(
            "image_dimensions_too_large",
            f"This picture is {width} × {height} pixels. Make it at most {limits.max_side} pixels on each"
            " side and upload it again.",
            {**facts, "limit": limits.max_side},
        )
    if anatomy.frames > limits.max_frames:
        raise too_complex("too many frames", frames=anatomy.frames, limit=limits.max_frames)
    if anatomy.total_pixels > limits.max_total_pixels:
        raise too_complex(
            "too many pixels in all frames", pixels=anatomy.total_pixels, limit=limits.max_total_pixels
        )


def _thumb_sides(width: int, height: int) -> tuple[int, int]:
    scale = min(1.0, THUMB_SHORTER_SIDE / min(width, height), THUMB_LONGER_SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))
