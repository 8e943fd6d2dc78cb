"""JPEG: from SOI to EOI, segment by segment."""

from __future__ import annotations

import struct

from app.imaging import exif, icc, origin
from app.imaging.containers.anatomy import Anatomy
from app.imaging.errors import corrupt, too_complex
from app.imaging.origin import SourceType

_SOI, _EOI, _SOS, _COM = 0xD8, 0xD9, 0xDA, 0xFE
_APP0, _APP1, _APP2, _APP11, _APP14, _APP15 = 0xE0, 0xE1, 0xE2, 0xEB, 0xEE, 0xEF
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Huffman tables, arithmetic conditioning, quantisation tables, restart interval.
_TABLES = frozenset({0xC4, 0xCC, 0xDB, 0xDD})

# Bytes that are searched at once: few enough to stay in the processor's cache.
_WINDOW = 128 * 1024

# Each scan of a progressive file walks all pixels again; encoders write about ten.
_MAX_SCANS = 100
_MAX_SEGMENTS = 10_000

_EXIF_HEADER = b"Exif\0\0"
_ICC_HEADER = b"ICC_PROFILE\0"
_XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
_MORE_XMP_HEADER = b"http://ns.adobe.com/xmp/extension/\0"
# What C2PA stores its boxes as (JPEG XT, ISO 18477-3).
_JUMBF_HEADER = b"JP"
_MAX_SEGMENT_BODY = 65533


def walk(data: bytes) -> Anatomy:
    """Keeps the picture, its JFIF density, colour profile and Adobe transform; ends at the first EOI."""
    view = memoryview(data)
    kept: list[bytes | memoryview] = []
    jfif = adobe = b""
    profile_parts: dict[int, bytes] = {}
    orientation: int | None = None
    source_type: SourceType | None = None
    has_manifest = False
    frame: tuple[int, int, int, bool] | None = None
    scans = 0

    position = 2
    for _ in range(_MAX_SEGMENTS):
        marker, position = _next_marker(data, position)
        if marker == _EOI:
            break
        start = position - 2
        body, position = _body(data, position)

        if marker in _FRAMES:
            if frame is not None:
                raise corrupt("two frame headers")
            frame = _frame(data[body])
            kept.append(view[start:position])
        elif marker == _SOS:
            if frame is None:
                raise corrupt("pixels before the frame header")
            scans += 1
            if scans > _MAX_SCANS:
                raise too_complex("too many scans", limit=_MAX_SCANS)
            position = _end_of_scan(data, position)
            kept.append(view[start:position])
        elif marker in _TABLES:
            kept.append(view[start:position])
        elif marker == _APP0 and data.startswith(b"JFIF\0", body.start):
            # Version, unit and density. A thumbnail that may follow them is left out.
            jfif = jfif or data[body.start : min(body.start + 12, body.stop)].ljust(12, b"\0") + b"\0\0"
        elif marker == _APP1 and data.startswith(_EXIF_HEADER, body.start):
            if orientation is None:
                orientation = exif.orientation(data[body.start + len(_EXIF_HEADER) : body.stop])
        elif marker == _APP1 and data.startswith((_XMP_HEADER, _MORE_XMP_HEADER), body.start):
            source_type = source_type or origin.source_type_in(data[body])
        elif marker == _APP11 and data.startswith(_JUMBF_HEADER, body.start):
            has_manifest = True
        elif marker == _APP2 and data.startswith(_ICC_HEADER, body.start):
            number_at = body.start + len(_ICC_HEADER)
            if number_at + 2 <= body.stop:
                profile_parts.setdefault(data[number_at], data[number_at + 2 : body.stop])
        elif marker == _APP14 and data.startswith(b"Adobe", body.start) and body.stop - body.start >= 12:
            adobe = adobe or data[body.start : body.start + 12]
        elif not (_APP0 <= marker <= _APP15 or marker == _COM):
            raise corrupt("a segment that no picture has")
    else:
        raise too_complex("too many segments", limit=_MAX_SEGMENTS)

    if frame is None or scans == 0:
        raise corrupt("the file holds no picture")
    width, height, components, is_subsampled = frame
    profile = icc.inspect(b"".join(profile_parts[number] for number in sorted(profile_parts)))
    if profile is not None and profile.components != components:
        profile = None

    head: list[bytes | memoryview] = [b"\xff\xd8"]
    if jfif:
        head.append(_segment(_APP0, jfif))
    if adobe:
        head.append(_segment(_APP14, adobe))
    if profile is not None:
        head += _profile_segments(profile.data)
    return Anatomy(
        width=width,
        height=height,
        clean=b"".join([*head, *kept, b"\xff\xd9"]),
        orientation=orientation or 1,
        profile=profile,
        is_subsampled=is_subsampled,
        source_type=source_type,
        has_manifest=has_manifest,
    )


def mark(clean: bytes, source_type: SourceType) -> bytes:
    at = 2
    if clean[2:4] == b"\xff\xe0":
        # JFIF, when there, comes first.
        at += 2 + int.from_bytes(clean[4:6], "big")
    return clean[:at] + _segment(_APP1, _XMP_HEADER + origin.xmp(source_type)) + clean[at:]


def without_manifest(data: bytes) -> bytes:
    kept: list[bytes] = []
    start = position = 2
    while True:
        at = position
        marker, position = _next_marker(data, position)
        if marker in (_SOS, _EOI):
            return b"".join([data[:2], *kept, data[start:]])
        body, position = _body(data, position)
        if marker == _APP11 and data.startswith(_JUMBF_HEADER, body.start):
            kept.append(data[start:at])
            start = position


def _next_marker(data: bytes, position: int) -> tuple[int, int]:
    """The marker at `position` and where its content begins. Any number of FF may stand before it."""
    end = len(data)
    if position < end and data[position] != 0xFF:
        raise corrupt("stray bytes between segments")
    while position < end and data[position] == 0xFF:
        position += 1
    if position >= end:
        raise corrupt("the file ends before the picture does")
    marker = data[position]
    if marker == _SOI or marker < 0xC0 or 0xD0 <= marker <= 0xD7:
        raise corrupt("a marker where none can stand")
    return marker, position + 1


def _end_of_scan(data: bytes, position: int) -> int:
    """Where the marker stands that ends the scan. Before it, FF is followed by 00 (a stuffed FF) or by a
    restart marker."""
    # Where no picture is opened it is not needed.
    import numpy as np

    for start in range(position, len(data) - 1, _WINDOW):
        window = np.frombuffer(data, np.uint8, min(_WINDOW + 1, len(data) - start), start)
        follows = window[1:]
        at = np.flatnonzero((window[:-1] == 0xFF) & (follows != 0))
        markers = follows[at]
        at = at[(markers != 0xFF) & ((markers < 0xD0) | (markers > 0xD7))]
        if at.size:
            return start + int(at[0])
    raise corrupt("the file ends inside the picture")


def _body(data: bytes, position: int) -> tuple[slice, int]:
    """The segment's content and where the next one begins."""
    length = int.from_bytes(data[position : position + 2], "big")
    if length < 2 or position + length > len(data):
        raise corrupt("a segment longer than the file")
    return slice(position + 2, position + length), position + length


def _frame(body: bytes) -> tuple[int, int, int, bool]:
    """Width, height, number of components, and whether colour has less resolution than brightness."""
    if len(body) < 6:
        raise corrupt("a frame header that is too short")
    precision, height, width, components = struct.unpack_from(">BHHB", body)
    if components not in (1, 3, 4) or len(body) != 6 + 3 * components or not width or not height:
        raise corrupt("a frame header that makes no sense")
    if precision != 8:
        raise corrupt("not 8 bits per colour")
    sampling = body[7::3]
    return width, height, components, any(factor != sampling[0] for factor in sampling)


def _segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


def _profile_segments(profile: bytes) -> list[bytes]:
    room = _MAX_SEGMENT_BODY - len(_ICC_HEADER) - 2
    parts = [profile[start : start + room] for start in range(0, len(profile), room)]
    return [
        _segment(_APP2, _ICC_HEADER + bytes([number, len(parts)]) + part)
        for number, part in enumerate(parts, start=1)
    ]
