"""Test pictures, drawn here: photographs, odd encodings, private metadata, damage and bombs."""

from __future__ import annotations

import functools
import io
import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import piexif
from PIL import Image

# Planted wherever a file can hide something; must be in nothing that we keep.
SECRET = b"SECRET-9f31-owner-and-place"
CORNERS = {"top-left": (200, 30, 30), "top-right": (30, 170, 40), "bottom-left": (30, 50, 200)}
BOTTOM_RIGHT = (230, 220, 60)


def photo(width: int = 640, height: int = 480, seed: int = 1) -> Image.Image:
    """Something like a photograph: soft shapes, texture and a little noise."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    shapes = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), dtype=np.float32)
    grain = random.normal(0, 6, (height, width, 1)).astype(np.float32)
    return Image.fromarray(np.clip(shapes + grain, 0, 255).astype(np.uint8))


def flat(colour: tuple[int, ...], width: int = 400, height: int = 400, mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (width, height), colour)


def quarters(width: int = 640, height: int = 480) -> Image.Image:
    """A picture that shows which way up it is: another colour in each corner."""
    image = Image.new("RGB", (width, height), BOTTOM_RIGHT)
    image.paste(CORNERS["top-left"], (0, 0, width // 2, height // 2))
    image.paste(CORNERS["top-right"], (width // 2, 0, width, height // 2))
    image.paste(CORNERS["bottom-left"], (0, height // 2, width // 2, height))
    return image


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """`image` stored so that EXIF `orientation` makes it upright again."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    return image.transpose(undo[orientation]) if orientation in undo else image


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def jpeg(image: Image.Image | None = None, **options: Any) -> bytes:
    return encoded(image or photo(), "JPEG", **{"quality": 90, **options})


def png(image: Image.Image | None = None, **options: Any) -> bytes:
    return encoded(image or photo(), "PNG", **options)


def webp(image: Image.Image | None = None, **options: Any) -> bytes:
    return encoded(image or photo(), "WEBP", **{"quality": 80, "method": 0, **options})


def gif(image: Image.Image | None = None, **options: Any) -> bytes:
    return encoded(image or photo(), "GIF", **options)


def frames(count: int = 4, width: int = 400, height: int = 400) -> list[Image.Image]:
    """A square that moves over a photograph."""
    pictures = []
    for index in range(count):
        picture = photo(width, height, seed=7)
        picture.paste((255, 0, 0), (40 * index % (width - 60), 40, 40 * index % (width - 60) + 60, 100))
        pictures.append(picture)
    return pictures


@functools.cache
def animated(format: str, count: int = 4, width: int = 400, height: int = 400) -> bytes:
    first, *rest = frames(count, width, height)
    return encoded(first, format, save_all=True, append_images=rest, duration=80, loop=0)


def exif(orientation: int = 1, *, with_secrets: bool = True) -> bytes:
    """EXIF as a phone writes it: orientation, place, owner, serial number, maker's note, thumbnail."""
    if not with_secrets:
        return piexif.dump({"0th": {piexif.ImageIFD.Orientation: orientation}})
    return piexif.dump(
        {
            "0th": {
                piexif.ImageIFD.Orientation: orientation,
                piexif.ImageIFD.Artist: SECRET,
                piexif.ImageIFD.ImageDescription: SECRET,
            },
            "Exif": {
                piexif.ExifIFD.BodySerialNumber: SECRET,
                piexif.ExifIFD.CameraOwnerName: SECRET,
                piexif.ExifIFD.MakerNote: SECRET * 20,
                piexif.ExifIFD.UserComment: b"ASCII\0\0\0" + SECRET,
            },
            "GPS": {
                piexif.GPSIFD.GPSLatitudeRef: b"N",
                piexif.GPSIFD.GPSLatitude: ((47, 1), (22, 1), (3912, 100)),
                piexif.GPSIFD.GPSAreaInformation: SECRET,
            },
            "1st": {piexif.ImageIFD.Compression: 6},
            "thumbnail": jpeg(photo(160, 120), comment=SECRET),
        }
    )


def jpeg_segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg_with_secrets(image: Image.Image | None = None, orientation: int = 1, **options: Any) -> bytes:
    """A JPEG with the secret in every place that it can hold one, also after its end."""
    plain = jpeg(image, exif=exif(orientation), comment=SECRET, **options)
    hidden = [
        jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x>" + SECRET + b"</x>"),
        jpeg_segment(0xE2, b"MPF\0" + SECRET),
        jpeg_segment(0xED, b"Photoshop 3.0\0" + SECRET),
        jpeg_segment(0xEB, SECRET),
        jpeg_segment(0xE0, b"JFXX\0\x10" + SECRET),
    ]
    second_picture = jpeg(photo(64, 64), comment=SECRET)
    return plain[:2] + b"".join(hidden) + plain[2:] + second_picture + SECRET


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 8
    while position < len(data):
        (length,) = struct.unpack_from(">I", data, position)
        yield data[position + 4 : position + 8], data[position + 8 : position + 8 + length]
        position += 12 + length


def png_of(chunks: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, body) for kind, body in chunks)


def png_with(data: bytes, *extra: tuple[bytes, bytes]) -> bytes:
    """`data` with more chunks after its header."""
    header, *rest = png_chunks(data)
    return png_of([header, *extra, *rest])


def png_with_secrets(image: Image.Image | None = None) -> bytes:
    packed = zlib.compress(SECRET)
    plain = png_with(
        png(image),
        (b"tEXt", b"Comment\0" + SECRET),
        (b"zTXt", b"Author\0\0" + packed),
        (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + SECRET),
        (b"eXIf", exif().removeprefix(b"Exif\0\0")),
        (b"tIME", struct.pack(">H5B", 2026, 1, 2, 3, 4, 5)),
        (b"prVt", SECRET),
        (b"pHYs", struct.pack(">IIB", 2835, 2835, 1)),
    )
    return plain + SECRET


def raw_png(width: int, height: int, depth: int, colour_type: int, rows: bytes, *extra: Any) -> bytes:
    """A PNG from unfiltered rows (each begins with a zero byte), also of kinds that Pillow cannot write."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    return png_of([(b"IHDR", header), *extra, (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b"")])


def png_16_bit(colour: tuple[int, ...], side: int = 400) -> bytes:
    """A flat PNG with 16 bits per channel; `colour` of 1 to 4 channels (grey, grey+alpha, RGB, RGBA)."""
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[len(colour)]
    row = b"\0" + struct.pack(f">{len(colour)}H", *colour) * side
    return raw_png(side, side, 16, colour_type, row * side)


def repack(seed: bytes, times: int, level: int = 9) -> bytes:
    """zlib data that unpacks to `seed` repeated `times` times, made without holding that in memory."""
    packer = zlib.compressobj(level)
    return b"".join([*(packer.compress(seed) for _ in range(times)), packer.flush()])


def riff(chunks: Iterable[tuple[bytes, bytes]]) -> bytes:
    body = b"".join(
        kind + struct.pack("<I", len(part)) + part + b"\0" * (len(part) & 1) for kind, part in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def riff_chunks(data: bytes, position: int = 12) -> Iterator[tuple[bytes, bytes]]:
    while position + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, position)
        yield kind, data[position + 8 : position + 8 + length]
        position += 8 + length + (length & 1)


def webp_with_secrets(image: Image.Image | None = None, orientation: int = 1) -> bytes:
    plain = webp(image, exif=exif(orientation), xmp=b"<x>" + SECRET + b"</x>")
    return riff([*riff_chunks(plain), (b"PRIV", SECRET)]) + SECRET


def gif_extension(label: int, *blocks: bytes) -> bytes:
    return bytes([0x21, label]) + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def gif_with_secrets(data: bytes) -> bytes:
    """`data` with a comment, a plain text and an XMP extension in front of its first frame."""
    at = 13 + (3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0)
    hidden = [
        gif_extension(0xFE, SECRET),
        gif_extension(0xF9, b"\x04\0\0\0"),
        gif_extension(0x01, b"\0" * 12, SECRET),
        gif_extension(0xFF, b"XMP DataXMP", SECRET),
    ]
    return data[:at] + b"".join(hidden) + data[at:] + SECRET


def tiny_gif(width: int, height: int, frames: Iterable[tuple[int, int, int, int]]) -> bytes:
    """A GIF whose frames claim the given rectangles (left, top, width, height) and hold almost no pixels."""
    body = [b"GIF89a", struct.pack("<HHBBB", width, height, 0x80, 0, 0), b"\0\0\0\xff\xff\xff"]
    for left, top, frame_width, frame_height in frames:
        body.append(b"\x2c" + struct.pack("<HHHHB", left, top, frame_width, frame_height, 0))
        body.append(b"\x02\x02\x4c\x01\0")
    return b"".join([*body, b"\x3b"])


def is_close(found: tuple[int, ...], expected: tuple[int, ...], tolerance: int) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(found, expected, strict=True))
