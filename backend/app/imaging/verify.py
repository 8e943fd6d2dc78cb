"""Taking a picture in: proof that it is whole, the one file that is kept, its thumbnail and placeholder.

The order is the defence: the first bytes decide the format, the structure is walked, the header's claims meet
the limits, and only then does a decoder see the file, cleaned of everything that it does not need.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.imaging import containers, icc
from app.imaging.containers import Anatomy, heif
from app.imaging.containers.heif import HeifAnatomy
from app.imaging.errors import PictureRefused, not_taken_here, too_complex, unsupported
from app.imaging.formats import HEAD_BYTES, ExtraFormat, Format, sniff
from app.imaging.origin import SourceType

if TYPE_CHECKING:
    from app.imaging.decoder import VipsImage

THUMB_MIME_TYPE = Format.WEBP.mime_type
# The shorter side fills a square tile; the longer side is capped so that a panorama stays small.
THUMB_SHORTER_SIDE = 400
THUMB_LONGER_SIDE = 800
_THUMB_QUALITY = 80
# Codecs work in blocks, so a picture may be a little larger than what is shown of it.
_MOST_TRIMMED = 128
# More effort costs several milliseconds on every upload and saves a few hundred bytes.
_THUMB_EFFORT = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a picture may be. Sides in pixels; `max_total_pixels` counts every frame at full canvas size.

    `extra_formats` are taken in beside the four, and kept as JPEG. A still picture of at most
    `most_scaled_pixels` is scaled to fit where its sides are too long.
    """

    min_side: int = 400
    max_side: int = 4096
    max_frames: int = 300
    max_total_pixels: int = 300_000_000
    most_scaled_pixels: int = 0
    extra_formats: tuple[ExtraFormat, ...] = ()


@dataclass(frozen=True, slots=True)
class Verified:
    """A picture that decodes. All but the thumbnail's sides describes the clean file.

    `thumbhash` is base64. `perceptual_hash` is 16 hex characters, hardly changed when a picture is saved,
    scaled or trimmed anew; None for one that is flat. `is_reencoded` is False when the compressed pixels are
    those that were received. `source_type` is what the clean file says of its origin.
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
    source_type: SourceType | None


def verify(
    source: Path,
    clean: Path,
    thumb: Path,
    limits: Limits | None = None,
    *,
    source_type: SourceType | None = None,
) -> Verified:
    """Proves that `source` decodes, writes the file to keep to `clean` and a WebP thumbnail to `thumb`.

    The clean file has the format of the source, or is a JPEG where that is none of ours. It stands upright,
    and holds no metadata but its colour profile and, where a model made it, the mark of that: `source_type`
    when that is known, else what the source says of itself. Raises `PictureRefused` for anything wrong with
    the picture; `OSError` means trouble with the paths. After an error neither output is to be used.
    """
    limits = limits or Limits()
    data = source.read_bytes()
    format = sniff(data[:HEAD_BYTES])
    if format is not None:
        anatomy = containers.walk(format, data)
        sides = _upright_sides(anatomy)
        # A GIF is never written anew, nor is an animation.
        if anatomy.frames == 1 and format is not Format.GIF:
            sides = _fitting_sides(*sides, limits)
        _enforce(*sides, anatomy.frames, anatomy.total_pixels, limits)
        kept, told = _opened(format, anatomy, *sides), anatomy.source_type
    elif heif.is_heif(data):
        foreign = heif.walk(data)
        if foreign.format not in limits.extra_formats:
            raise not_taken_here(foreign.format)
        coded_width, coded_height = foreign.coded_width, foreign.coded_height
        _enforce(foreign.width, foreign.height, 1, coded_width * coded_height, limits)
        if max(coded_width, coded_height) > limits.max_side + _MOST_TRIMMED:
            raise too_complex("a much larger picture below the part that shows")
        kept, told = _opened_foreign(foreign), foreign.source_type
    else:
        raise unsupported(limits.extra_formats)
    return _write(kept, clean, thumb, source_type or told)


@dataclass(frozen=True, slots=True)
class _Kept:
    """The file that is kept, and its first frame as a small sRGB image in memory."""

    format: Format
    data: bytes
    width: int
    height: int
    frames: int
    small: VipsImage
    is_reencoded: bool


def _opened(format: Format, anatomy: Anatomy, width: int, height: int) -> _Kept:
    # libvips is loaded where pictures are opened, never in a process that only asks for it.
    from app.imaging import decoder

    data, profile = anatomy.clean, anatomy.profile
    is_too_much_profile = profile is not None and len(profile.data) > icc.MAX_KEPT_BYTES
    is_scaled = (width, height) != _upright_sides(anatomy)
    is_reencoded = anatomy.orientation != 1 or is_too_much_profile or is_scaled
    thumb_width, thumb_height = _thumb_sides(width, height)

    with decoder.refusing():
        if anatomy.frames > 1:
            decoder.prove_every_frame(data, format)
        if is_reencoded:
            upright = decoder.open_upright(data, format, anatomy.orientation)
            upright = decoder.resized(upright, width, height)
            if is_too_much_profile:
                upright, profile = decoder.to_srgb(upright, profile), None
                upright = decoder.without_profile(upright)
            # What an encoder writes is walked as well: every file that is kept has the same form.
            data = containers.walk(format, decoder.save_upright(upright, format, anatomy)).clean
            small = decoder.resized(upright, thumb_width, thumb_height)
        else:
            small = decoder.open_scaled(data, format, anatomy, thumb_width, thumb_height)
        small = decoder.to_srgb(small, profile).copy_memory()
    return _Kept(format, data, width, height, anatomy.frames, small, is_reencoded)


def _opened_foreign(anatomy: HeifAnatomy) -> _Kept:
    from app.imaging import decoder, foreign

    with decoder.refusing():
        upright, profile = foreign.open_upright(anatomy)
        if profile is not None and len(profile.data) > icc.MAX_KEPT_BYTES:
            upright, profile = decoder.without_profile(decoder.to_srgb(upright, profile)), None
        upright = upright.copy_memory()
        small = decoder.resized(upright, *_thumb_sides(upright.width, upright.height))
        small = decoder.to_srgb(small, profile).copy_memory()
        data = decoder.save_jpeg(upright, decoder.FULL_QUALITY, keep="icc")
        data = containers.walk(Format.JPEG, data).clean
    return _Kept(Format.JPEG, data, upright.width, upright.height, 1, small, True)


def _write(kept: _Kept, clean: Path, thumb: Path, source_type: SourceType | None) -> Verified:
    from app.imaging import decoder

    with decoder.refusing():
        has_alpha = bool(kept.small.hasalpha())
        thumb_bytes = decoder.save_webp(kept.small, _THUMB_QUALITY, _THUMB_EFFORT)
        placeholder = decoder.placeholder(kept.small)
        perceptual_hash = decoder.perceptual_hash(kept.small)

    data = containers.mark(kept.format, kept.data, source_type) if source_type else kept.data
    clean.write_bytes(data)
    thumb.write_bytes(thumb_bytes)
    return Verified(
        format=kept.format,
        mime_type=kept.format.mime_type,
        extension=kept.format.extension,
        width=kept.width,
        height=kept.height,
        file_size=len(data),
        animated=kept.frames > 1,
        has_alpha=has_alpha,
        thumb_width=kept.small.width,
        thumb_height=kept.small.height,
        thumbhash=placeholder,
        perceptual_hash=perceptual_hash,
        is_reencoded=kept.is_reencoded,
        source_type=source_type,
    )


def _upright_sides(anatomy: Anatomy) -> tuple[int, int]:
    turned = anatomy.orientation >= 5
    return (anatomy.height, anatomy.width) if turned else (anatomy.width, anatomy.height)


def _fitting_sides(width: int, height: int, limits: Limits) -> tuple[int, int]:
    """The sides at which a picture is kept: smaller ones where it is too long and may be scaled."""
    longer = max(width, height)
    if longer <= limits.max_side or width * height > limits.most_scaled_pixels:
        return width, height
    scale = limits.max_side / longer
    return max(1, round(width * scale)), max(1, round(height * scale))


def _enforce(width: int, height: int, frames: int, pixels: int, limits: Limits) -> None:
    """Holds the header's claims against the limits."""
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
    if frames > limits.max_frames:
        raise too_complex("too many frames", frames=frames, limit=limits.max_frames)
    if pixels > limits.max_total_pixels:
        raise too_complex("too many pixels in all frames", pixels=pixels, limit=limits.max_total_pixels)


def _thumb_sides(width: int, height: int) -> tuple[int, int]:
    scale = min(1.0, THUMB_SHORTER_SIDE / min(width, height), THUMB_LONGER_SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def is_clean(data: bytes, format: Format, *, source_type: SourceType | None) -> bool:
    """Whether a stored file is what `verify` leaves of it: of its format, whole, with nothing private, and
    saying of its origin what it must."""
    if sniff(data[:HEAD_BYTES]) is not format:
        return False
    try:
        kept = containers.walk(format, data).clean
    except PictureRefused:
        return False
    return data == (containers.mark(format, kept, source_type) if source_type else kept)
