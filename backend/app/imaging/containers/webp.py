"""WebP: the chunks of a RIFF file."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from app.imaging import exif, icc, origin
from app.imaging.containers.anatomy import Anatomy
from app.imaging.errors import corrupt, too_complex
from app.imaging.origin import SourceType

_ICC_FLAG, _ALPHA_FLAG, _XMP_FLAG, _ANIMATION_FLAG = 0x20, 0x10, 0x04, 0x02
_PIXELS = (b"VP8 ", b"VP8L")
_MANIFEST = b"C2PA"
_MAX_CHUNKS = 5_000


def walk(data: bytes) -> Anatomy:
    """Keeps pixels, transparency, animation and colour profile; drops EXIF, XMP and the unknown."""
    if len(data) < 12:
        raise corrupt("the file ends before the picture does")
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise corrupt("the file ends before the picture does")

    first: dict[bytes, bytes] = {}
    frames: list[bytes] = []
    still: list[bytes] = []
    is_lossless = True
    for kind, body in _chunks(data, 12, end):
        if kind == b"ANMF":
            frame, frame_is_lossless = _animation_frame(body, first.get(b"VP8X", b""))
            frames.append(frame)
            is_lossless &= frame_is_lossless
        elif kind in _PIXELS or kind == b"ALPH":
            if kind in first or (kind in _PIXELS and any(other in first for other in _PIXELS)):
                raise corrupt("two still pictures in one file")
            still.append(_chunk(kind, body))
            is_lossless &= kind != b"VP8 "
        first.setdefault(kind, body)

    extended = first.get(b"VP8X")
    pixels = next((kind for kind in _PIXELS if kind in first), None)
    profile: icc.Profile | None = None
    clean: list[bytes] = []
    if extended is None:
        if pixels is None or frames:
            raise corrupt("the file holds no picture")
        width, height = _sides(pixels, first[pixels])
        clean.append(_chunk(pixels, first[pixels]))
    else:
        if len(extended) < 10:
            raise corrupt("a header of the wrong size")
        width, height = _canvas(extended)
        is_animated = bool(extended[0] & _ANIMATION_FLAG)
        if is_animated != bool(frames) or is_animated == (pixels is not None):
            raise corrupt("neither a still picture nor an animation")
        if pixels is not None and _sides(pixels, first[pixels]) != (width, height):
            raise corrupt("a picture of another size than its canvas")
        flags = extended[0] & (_ALPHA_FLAG | _ANIMATION_FLAG)
        profile = icc.inspect(first.get(b"ICCP", b""))
        if profile is not None and profile.components == 3:
            clean.append(_chunk(b"ICCP", profile.data))
            flags |= _ICC_FLAG
        else:
            profile = None
        if is_animated:
            if len(first.get(b"ANIM", b"")) < 6:
                raise corrupt("an animation without its header")
            clean += [_chunk(b"ANIM", first[b"ANIM"][:6]), *frames]
        else:
            clean += still
        clean.insert(0, _chunk(b"VP8X", bytes([flags, 0, 0, 0]) + extended[4:10]))

    is_turnable = not frames and b"EXIF" in first
    return Anatomy(
        width=width,
        height=height,
        clean=_riff(clean),
        frames=max(1, len(frames)),
        orientation=exif.orientation(first[b"EXIF"].removeprefix(b"Exif\0\0")) if is_turnable else 1,
        profile=profile,
        is_subsampled=True,
        is_lossless=is_lossless,
        source_type=origin.source_type_in(first.get(b"XMP ", b"")),
        has_manifest=_MANIFEST in first,
    )


def mark(clean: bytes, source_type: SourceType) -> bytes:
    chunks = list(_chunks(clean, 12, len(clean)))
    kind, body = chunks[0]
    if kind == b"VP8X":
        chunks[0] = (kind, bytes([body[0] | _XMP_FLAG]) + body[1:])
    else:
        width, height = _sides(kind, body)
        has_alpha = kind == b"VP8L" and bool(body[4] & 0x10)
        canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        flags = _XMP_FLAG | (_ALPHA_FLAG if has_alpha else 0)
        chunks.insert(0, (b"VP8X", bytes([flags, 0, 0, 0]) + canvas))
    chunks.append((b"XMP ", origin.xmp(source_type)))
    return _riff([_chunk(kind, body) for kind, body in chunks])


def without_manifest(data: bytes) -> bytes:
    end = 8 + int.from_bytes(data[4:8], "little")
    kept = [_chunk(kind, body) for kind, body in _chunks(data, 12, end) if kind != _MANIFEST]
    # What lies behind the end is none of the file's chunks and no manifest.
    return _riff(kept) + data[end:]


def _chunks(data: bytes, position: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    for _ in range(_MAX_CHUNKS):
        if position >= end:
            return
        if position + 8 > end:
            raise corrupt("a chunk longer than the file")
        kind, length = struct.unpack_from("<4sI", data, position)
        if position + 8 + length > end:
            raise corrupt("a chunk longer than the file")
        yield kind, data[position + 8 : position + 8 + length]
        position += 8 + length + (length & 1)
    raise too_complex("too many chunks", limit=_MAX_CHUNKS)


def _animation_frame(body: bytes, extended: bytes) -> tuple[bytes, bool]:
    """The frame without unknown chunks, and whether its pixels are lossless."""
    if len(body) < 16 or len(extended) < 10:
        raise corrupt("an animation frame without its header")
    left, top = 2 * int.from_bytes(body[0:3], "little"), 2 * int.from_bytes(body[3:6], "little")
    width, height = 1 + int.from_bytes(body[6:9], "little"), 1 + int.from_bytes(body[9:12], "little")
    canvas_width, canvas_height = _canvas(extended)
    if left + width > canvas_width or top + height > canvas_height:
        raise corrupt("a frame that does not lie on the canvas")
    kept: dict[bytes, bytes] = {}
    for kind, part in _chunks(body, 16, len(body)):
        if kind == b"ALPH" or kind in _PIXELS:
            if kind in kept:
                raise corrupt("two pictures in one frame")
            kept[kind] = part
    pixels = [kind for kind in _PIXELS if kind in kept]
    if len(pixels) != 1 or _sides(pixels[0], kept[pixels[0]]) != (width, height):
        raise corrupt("a frame of another size than it says")
    parts = b"".join(_chunk(kind, part) for kind, part in kept.items())
    return _chunk(b"ANMF", body[:16] + parts), pixels[0] == b"VP8L"


def _canvas(extended: bytes) -> tuple[int, int]:
    return 1 + int.from_bytes(extended[4:7], "little"), 1 + int.from_bytes(extended[7:10], "little")


def _sides(kind: bytes, body: bytes) -> tuple[int, int]:
    """Width and height as the compressed pixels themselves say."""
    if kind == b"VP8L":
        if len(body) < 5 or body[0] != 0x2F:
            raise corrupt("pixels without their header")
        packed = int.from_bytes(body[1:5], "little")
        return 1 + (packed & 0x3FFF), 1 + (packed >> 14 & 0x3FFF)
    if len(body) < 10 or body[3:6] != b"\x9d\x01\x2a":
        raise corrupt("pixels without their header")
    width, height = struct.unpack_from("<HH", body, 6)
    if not width & 0x3FFF or not height & 0x3FFF:
        raise corrupt("an empty picture")
    return width & 0x3FFF, height & 0x3FFF


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) & 1)


def _riff(chunks: list[bytes]) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + len(body).to_bytes(4, "little") + body
