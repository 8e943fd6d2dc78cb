"""Taking a picture in: proof that it is whole, the one file that is kept, its thumbnail and placeholder.

The order is the defence: the first bytes decide the format, the structure is walked, the header's claims meet
the limits, and only then does a decoder see the file, cleaned of everything that it does not need.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.imaging import containers, icc
from app.imaging.containers import Anatomy, heif
from app.imaging.containers.heif import HeifAnatomy
from app.imaging.errors import PictureRefused, not_taken_here, too_complex, unsupported
from app.imaging.formats import EXTRA_MIME_TYPES, HEAD_BYTES, ExtraFormat, Format, sniff
from app.imaging.origin import SourceType
from app.imaging.seals import Seal

if TYPE_CHECKING:
    from app.imaging.decoder import VipsImage
    from app.imaging.manifests import Told

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
    those that were received. `source_type` is what the clean file says of its origin; `has_manifest` when it
    has a C2PA manifest, and `is_seal_broken` when that was wanted and could not be written.
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
    has_manifest: bool = False
    is_seal_broken: bool = False


def verify(
    source: Path,
    clean: Path,
    thumb: Path,
    limits: Limits | None = None,
    *,
    source_type: SourceType | None = None,
    parent: Path | None = None,
    seal: Seal | None = None,
) -> Verified:
    """Proves that `source` decodes, writes the file to keep to `clean` and a WebP thumbnail to `thumb`.

    The clean file has the format of the source, or is a JPEG where that is none of ours. It stands upright,
    and holds no metadata but its colour profile and, where a model made it, the mark of that: `source_type`
    when that is known, else what the source says of itself. One that is known to come from a model, and whose
    own manifest says so, is kept as it is where it holds nothing else; any other gets a manifest with `seal`,
    made from `parent` where it is an edit. Raises `PictureRefused` for anything wrong with
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
        kept, said = _opened(format, anatomy, *sides), anatomy.source_type
        told = _told(data, format.mime_type) if anatomy.has_manifest else None
    elif heif.is_heif(data):
        foreign = heif.walk(data)
        if foreign.format not in limits.extra_formats:
            raise not_taken_here(foreign.format)
        coded_width, coded_height = foreign.coded_width, foreign.coded_height
        _enforce(foreign.width, foreign.height, 1, coded_width * coded_height, limits)
        if max(coded_width, coded_height) > limits.max_side + _MOST_TRIMMED:
            raise too_complex("a much larger picture below the part that shows")
        kept, said = _opened_foreign(foreign), foreign.source_type
        told = _told(data, EXTRA_MIME_TYPES[foreign.format][0]) if foreign.has_manifest else None
    else:
        raise unsupported(limits.extra_formats)
    if source_type is None:
        marked = _marked(kept, (told and told.source_type) or said)
    elif told and told.source_type and _is_nothing_else(data, kept, told):
        marked = _Marked(data, told.source_type, has_manifest=True)
    else:
        marked = _marked(kept, source_type)
        marked = _sealed(marked, kept.format, seal, parent) if seal else marked
    return _write(kept, marked, clean, thumb)


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
            # All of the frame's data is decoded for it.
            small = decoder.scaled(data, format, anatomy, thumb_width, thumb_height)
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


@dataclass(frozen=True, slots=True)
class _Marked:
    """The file that is kept, with all that it says of its origin."""

    data: bytes
    source_type: SourceType | None
    has_manifest: bool = False
    is_seal_broken: bool = False


def _told(data: bytes, mime_type: str) -> Told | None:
    # It takes a while to load, and few files have a manifest.
    from app.imaging import manifests

    return manifests.read(data, mime_type)


def _is_nothing_else(data: bytes, kept: _Kept, told: Told) -> bool:
    """Whether a file as it was received is its picture and an intact manifest, with nothing private."""
    if (
        kept.is_reencoded
        or not told.is_intact
        or told.has_private
        or sniff(data[:HEAD_BYTES]) is not kept.format
    ):
        return False
    bare = containers.without_manifest(kept.format, data)
    return bare in (kept.data, _marked(kept, told.source_type).data)


def _marked(kept: _Kept, source_type: SourceType | None) -> _Marked:
    data = containers.mark(kept.format, kept.data, source_type) if source_type else kept.data
    return _Marked(data, source_type)


def _sealed(marked: _Marked, format: Format, seal: Seal, parent: Path | None) -> _Marked:
    from app.imaging import manifests

    assert marked.source_type is not None  # only what comes from a model is sealed
    edited = None
    if parent is not None:
        source = parent.read_bytes()
        source_format = sniff(source[:HEAD_BYTES])
        edited = (source, source_format) if source_format else None
    try:
        data = manifests.write(
            marked.data, format, marked.source_type, seal, steps=("c2pa.edited",), parent=edited
        )
    except manifests.NotSealed:
        # A picture that was paid for is not lost to a certificate that ended; the mark is there.
        return replace(marked, is_seal_broken=True)
    return _Marked(data, marked.source_type, has_manifest=True)


def _write(kept: _Kept, marked: _Marked, clean: Path, thumb: Path) -> Verified:
    from app.imaging import decoder

    with decoder.refusing():
        has_alpha = bool(kept.small.hasalpha())
        thumb_bytes = decoder.save_webp(kept.small, _THUMB_QUALITY, _THUMB_EFFORT)
        placeholder, perceptual_hash = decoder.fingerprints(kept.small)

    clean.write_bytes(marked.data)
    thumb.write_bytes(thumb_bytes)
    return Verified(
        format=kept.format,
        mime_type=kept.format.mime_type,
        extension=kept.format.extension,
        width=kept.width,
        height=kept.height,
        file_size=len(marked.data),
        animated=kept.frames > 1,
        has_alpha=has_alpha,
        thumb_width=kept.small.width,
        thumb_height=kept.small.height,
        thumbhash=placeholder,
        perceptual_hash=perceptual_hash,
        is_reencoded=kept.is_reencoded,
        source_type=marked.source_type,
        has_manifest=marked.has_manifest,
        is_seal_broken=marked.is_seal_broken,
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
        anatomy = containers.walk(format, data)
    except PictureRefused:
        return False
    kept = anatomy.clean
    if source_type is None:
        return data == kept
    marked = containers.mark(format, kept, source_type)
    if not anatomy.has_manifest:
        return data == marked
    told = _told(data, format.mime_type)
    return (
        told is not None
        and (told.source_type, told.is_intact, told.has_private) == (source_type, True, False)
        and containers.without_manifest(format, data) in (kept, marked)
    )
