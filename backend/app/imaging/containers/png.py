"""PNG: chunk by chunk, each with its checksum."""

from __future__ import annotations

import struct
import zlib

from app.imaging import exif, icc, origin
from app.imaging.containers.anatomy import Anatomy
from app.imaging.errors import corrupt, too_complex
from app.imaging.origin import SourceType

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CRITICAL = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
# What may stay beside the pixels, and the most bytes it can need.
_KEPT_ANCILLARY = {
    b"tRNS": 256,
    b"gAMA": 4,
    b"cHRM": 32,
    b"sRGB": 1,
    b"sBIT": 4,
    b"bKGD": 6,
    b"pHYs": 9,
    b"cICP": 4,
}
_XMP_KEYWORD = b"XML:com.adobe.xmp\0"
_MANIFEST = b"caBX"
_MAX_CHUNKS = 20_000
_COLOUR_COMPONENTS = {0: 1, 2: 3, 3: 3, 4: 1, 6: 3}


def walk(data: bytes) -> Anatomy:
    """Keeps the still picture with its transparency and colour; drops texts, EXIF, time and animation."""
    kept: list[bytes | memoryview] = [_SIGNATURE]
    seen: set[bytes] = set()
    header: tuple[int, int, int] | None = None
    profile: icc.Profile | None = None
    orientation: int | None = None
    source_type: SourceType | None = None
    has_xmp = pixels_ended = False

    view = memoryview(data)
    position = len(_SIGNATURE)
    for _ in range(_MAX_CHUNKS):
        if position + 12 > len(data):
            raise corrupt("the file ends before the picture does")
        length, kind = struct.unpack_from(">I4s", data, position)
        body, end = position + 8, position + 12 + length
        if end > len(data):
            raise corrupt("a chunk longer than the file")
        is_critical = not kind[0] & 0x20
        is_wanted = is_critical or (kind in _KEPT_ANCILLARY and length <= _KEPT_ANCILLARY[kind])
        is_sound = is_wanted and zlib.crc32(view[position + 4 : end - 4]) == int.from_bytes(
            view[end - 4 : end], "big"
        )
        if is_critical and (kind not in _CRITICAL or not is_sound):
            raise corrupt("a damaged chunk")
        if (header is None) != (kind == b"IHDR"):
            raise corrupt("the header is not where it must be")

        if kind == b"IHDR":
            header = _header(data[body : end - 4])
        elif kind == b"IEND":
            kept.append(view[position:end])
            break
        elif kind == b"IDAT":
            if pixels_ended:
                raise corrupt("pixels in two places")
        elif b"IDAT" in seen:
            pixels_ended = True

        if kind == b"eXIf" and orientation is None:
            orientation = exif.orientation(data[body : end - 4])
        elif kind == b"iTXt" and data.startswith(_XMP_KEYWORD, body):
            # A file has one: thousands of packed ones would take minutes to unpack.
            if not has_xmp:
                source_type = origin.source_type_in(_xmp(data[body : end - 4]))
            has_xmp = True
        elif kind == b"iCCP" and kind not in seen and header is not None:
            profile = _profile(data[body : end - 4], header[2])
            if profile is not None:
                kept.append(_chunk(b"iCCP", b"icc\0\0" + zlib.compress(profile.data)))
        elif is_sound and (kind == b"IDAT" or kind not in seen):
            kept.append(view[position:end])
        elif kind == b"PLTE":
            raise corrupt("two palettes")
        seen.add(kind)
        position = end
    else:
        raise too_complex("too many chunks", limit=_MAX_CHUNKS)

    if header is None or b"IDAT" not in seen:
        raise corrupt("the file holds no picture")
    return Anatomy(
        width=header[0],
        height=header[1],
        clean=b"".join(kept),
        orientation=orientation or 1,
        profile=profile,
        is_lossless=True,
        source_type=source_type,
        has_manifest=_MANIFEST in seen,
    )


def mark(clean: bytes, source_type: SourceType) -> bytes:
    at = len(_SIGNATURE) + 12 + 13
    return clean[:at] + _chunk(b"iTXt", _XMP_KEYWORD + bytes(4) + origin.xmp(source_type)) + clean[at:]


def without_manifest(data: bytes) -> bytes:
    kept: list[bytes] = []
    start = position = len(_SIGNATURE)
    while position + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if kind == _MANIFEST:
            kept.append(data[start:position])
            start = end
        position = end
    return b"".join([_SIGNATURE, *kept, data[start:]])


def _header(body: bytes) -> tuple[int, int, int]:
    """Width, height, and the number of colours, transparency not counted."""
    if len(body) != 13:
        raise corrupt("a header of the wrong size")
    width, height, _depth, colour_type = struct.unpack_from(">IIBB", body)
    if not width or not height or colour_type not in _COLOUR_COMPONENTS:
        raise corrupt("a header that makes no sense")
    return width, height, _COLOUR_COMPONENTS[colour_type]


def _profile(body: bytes, components: int) -> icc.Profile | None:
    _name, separator, rest = body[:81].partition(b"\0")
    if not separator or rest[:1] != b"\0":
        return None
    packed = body[len(_name) + 2 :]
    try:
        # The limit comes before the bytes: a few kilobytes can unpack to gigabytes.
        unpacked = zlib.decompressobj().decompress(packed, icc.MAX_READ_BYTES + 1)
    except zlib.error:
        return None
    profile = icc.inspect(unpacked)
    return profile if profile is not None and profile.components == components else None


def _xmp(body: bytes) -> bytes:
    """The packet in an `iTXt` chunk, unpacked no further than it is searched."""
    is_packed, rest = body[len(_XMP_KEYWORD) : len(_XMP_KEYWORD) + 1] == b"\1", body[len(_XMP_KEYWORD) + 2 :]
    text = rest.split(b"\0", 2)[-1]
    if not is_packed:
        return text
    try:
        return zlib.decompressobj().decompress(text, origin.MOST_XMP_BYTES)
    except zlib.error:
        return b""


def _chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")
