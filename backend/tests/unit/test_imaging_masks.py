"""Masks in every way in which a PNG can say that something is transparent."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from app.imaging import PictureRefused
from app.imaging.masks import MaskRead, read_mask

WIDTH, HEIGHT = 8, 2


def written(colour_type: int, depth: int, rows: list[bytes], **chunks: bytes) -> bytes:
    """A PNG of 8 by 2 pixels, chunk by chunk: no library writes all of them."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colour_type, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    more = b"".join(chunk(kind.encode(), body) for kind, body in chunks.items())
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


# The first pixel of each row is transparent, the others are opaque, but for the half of the two that say so.
KINDS = {
    "colours, 8 bits": written(6, 8, [b"\1\2\3\0" + b"\1\2\3\xff" * 7] * 2),
    "colours, 16 bits": written(6, 16, [b"\0\1\0\2\0\3\0\0" + b"\0\1\0\2\0\3\xff\xff" * 7] * 2),
    "greys, 8 bits": written(4, 8, [b"\7\0" + b"\7\xff" * 7] * 2),
    "greys, 16 bits": written(4, 16, [b"\0\7\0\0" + b"\0\7\xff\xff" * 7] * 2),
    "one grey, 1 bit": written(0, 1, [b"\x7f"] * 2, tRNS=b"\0\0"),
    "one grey, 2 bits": written(0, 2, [b"\x3f\xff"] * 2, tRNS=b"\0\0"),
    "one grey, 8 bits": written(0, 8, [b"\0" + b"\xff" * 7] * 2, tRNS=b"\0\0"),
    "one grey, 16 bits": written(0, 16, [b"\0\0" + b"\xff\xff" * 7] * 2, tRNS=b"\0\0"),
    "one colour, 8 bits": written(2, 8, [b"\0\0\0" + b"\xff\xff\xff" * 7] * 2, tRNS=b"\0" * 6),
    "a palette, 1 bit": written(3, 1, [b"\x7f"] * 2, PLTE=b"\0\0\0\xff\xff\xff", tRNS=b"\0"),
    "a palette, 8 bits": written(3, 8, [b"\0" + b"\1" * 7] * 2, PLTE=b"\0\0\0\xff\xff\xff", tRNS=b"\0"),
}


@pytest.mark.parametrize("content", KINDS.values(), ids=KINDS.keys())
def test_a_mask_of_any_kind_becomes_black_with_8_bits_of_transparency(tmp_path: Path, content: bytes) -> None:
    source, target = tmp_path / "mask", tmp_path / "black"
    source.write_bytes(content)
    assert read_mask(source, target) == MaskRead(has_alpha=True, has_hole=True)
    with Image.open(target, formats=["PNG"]) as made:
        assert (made.mode, made.size) == ("RGBA", (WIDTH, HEIGHT))
        red, green, blue, alpha = (list(band.tobytes()) for band in made.split())
    assert alpha == ([0] + [255] * 7) * 2
    assert set(red) | set(green) | set(blue) == {0}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (written(2, 8, [b"\0\0\0" * 8] * 2), MaskRead(has_alpha=False, has_hole=False)),
        (written(0, 8, [b"\0" * 8] * 2), MaskRead(has_alpha=False, has_hole=False)),
        (written(6, 8, [b"\0\0\0\xff" * 8] * 2), MaskRead(has_alpha=True, has_hole=False)),
        (written(6, 8, [b"\0\0\0\x01" * 8] * 2), MaskRead(has_alpha=True, has_hole=False)),
        (written(4, 16, [b"\0\0\x80\0" * 8] * 2), MaskRead(has_alpha=True, has_hole=False)),
    ],
)
def test_where_nothing_is_entirely_transparent_nothing_is_written(
    tmp_path: Path, content: bytes, found: MaskRead
) -> None:
    source, target = tmp_path / "mask", tmp_path / "black"
    source.write_bytes(content)
    assert read_mask(source, target) == found
    assert not target.exists()


def test_what_does_not_decode_is_refused(tmp_path: Path) -> None:
    source, target = tmp_path / "mask", tmp_path / "black"
    source.write_bytes(KINDS["colours, 8 bits"][:-30])
    with pytest.raises(PictureRefused):
        read_mask(source, target)
    assert not target.exists()
