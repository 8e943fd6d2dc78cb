"""GIF: block by block. Decoders do not report a cut-off GIF, so this walk does."""

from __future__ import annotations

import struct

from app.imaging import origin
from app.imaging.containers.anatomy import Anatomy
from app.imaging.errors import corrupt
from app.imaging.origin import SourceType

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_GRAPHIC_CONTROL, _PLAIN_TEXT, _APPLICATION = 0xF9, 0x01, 0xFF
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_XMP, _MANIFEST = b"XMP DataXMP", b"C2PA_GIF\1\0\0"
# The packet is not cut into sub-blocks. Whoever takes it for such, its letters for their lengths, lands
# somewhere in this and is led to its end.
_XMP_TRAILER = bytes([1, *range(255, -1, -1), 0])
_SIGNATURE = b"GIF89a"


def walk(data: bytes) -> Anatomy:
    """Keeps the frames, their timing and the loop count; drops comments and all other extensions."""
    if len(data) < 13:
        raise corrupt("the file ends before the picture does")
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    if not width or not height:
        raise corrupt("an empty canvas")
    position = 13 + _table_bytes(flags)
    kept: list[bytes] = [data[:position]]
    control = b""
    has_loop = has_manifest = False
    source_type: SourceType | None = None
    frames = 0

    while True:
        if position >= len(data):
            raise corrupt("the file ends before the picture does")
        block = data[position]
        if block == _TRAILER:
            break
        if block == 0:
            # Some encoders pad between blocks.
            position += 1
        elif block == _EXTENSION:
            label, start = data[position + 1 : position + 2], position + 2
            position = _skip_sub_blocks(data, start)
            body = data[start:position]
            if label == bytes([_GRAPHIC_CONTROL]):
                control = b"\x21\xf9" + body if len(body) == 6 and body[0] == 4 else b""
            elif label == bytes([_PLAIN_TEXT]):
                # A graphic control block belongs to what follows it, and that goes.
                control = b""
            elif label == bytes([_APPLICATION]) and not has_loop and body[1:12] in _LOOPS:
                loop = body[12:]
                if len(loop) >= 5 and loop[:2] == b"\x03\x01":
                    kept.append(b"\x21\xff\x0bNETSCAPE2.0" + loop[:4] + b"\0")
                    has_loop = True
            elif label == bytes([_APPLICATION]) and body[1:12] == _XMP:
                source_type = source_type or origin.source_type_in(body[12:])
            elif label == bytes([_APPLICATION]) and body[1:12] == _MANIFEST:
                has_manifest = True
        elif block == _IMAGE:
            end = _image_end(data, position, width, height)
            kept += [control, data[position:end]]
            control = b""
            frames += 1
            position = end
        else:
            raise corrupt("a block that no picture has")

    if frames == 0:
        raise corrupt("the file holds no picture")
    return Anatomy(
        width=width,
        height=height,
        clean=b"".join([*kept, b"\x3b"]),
        frames=frames,
        is_lossless=True,
        source_type=source_type,
        has_manifest=has_manifest,
    )


def mark(clean: bytes, source_type: SourceType) -> bytes:
    # At the end, where no player has to pass by it; extensions came with the second version of the format.
    packet = b"\x21\xff\x0b" + _XMP + origin.xmp(source_type) + _XMP_TRAILER
    return _SIGNATURE + clean[len(_SIGNATURE) : -1] + packet + b"\x3b"


def without_manifest(data: bytes) -> bytes:
    _, _, flags = struct.unpack_from("<HHB", data, 6)
    kept: list[bytes] = []
    start, position = 0, 13 + _table_bytes(flags)
    while (block := data[position]) != _TRAILER:
        at = position
        if block == _EXTENSION:
            position = _skip_sub_blocks(data, at + 2)
            if data[at + 1] == _APPLICATION and data.startswith(_MANIFEST, at + 3):
                kept.append(data[start:at])
                start = position
        elif block == _IMAGE:
            position = _skip_sub_blocks(data, at + 11 + _table_bytes(data[at + 9]))
        else:
            position += 1
    return b"".join([*kept, data[start:]])


def _table_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _image_end(data: bytes, position: int, width: int, height: int) -> int:
    """Where the frame at `position` ends. A frame outside the canvas makes decoders grow it."""
    if position + 11 > len(data):
        raise corrupt("the file ends inside a frame")
    left, top, frame_width, frame_height, flags = struct.unpack_from("<HHHHB", data, position + 1)
    if not frame_width or not frame_height or left + frame_width > width or top + frame_height > height:
        raise corrupt("a frame that does not lie on the canvas")
    codes = position + 10 + _table_bytes(flags)
    if codes >= len(data) or not 1 <= data[codes] <= 8:
        raise corrupt("a frame without pixels")
    end = _skip_sub_blocks(data, codes + 1)
    if end == codes + 2:
        raise corrupt("a frame without pixels")
    return end


def _skip_sub_blocks(data: bytes, position: int) -> int:
    """Where a chain of sub-blocks ends, after its terminator."""
    try:
        while size := data[position]:
            position += size + 1
    except IndexError:
        raise corrupt("the file ends inside a block") from None
    return position + 1
