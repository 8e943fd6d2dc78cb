"""What the first bytes, EXIF, colour profiles and placeholders say."""

from __future__ import annotations

import base64
import pickle
import struct

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ImageCms

from app.imaging import Format, PictureRefused, containers, exif, icc, sniff, thumbhash
from tests import factories_pictures as pictures


@pytest.mark.parametrize(
    ("data", "format"),
    [
        (pictures.jpeg(), Format.JPEG),
        (pictures.png(), Format.PNG),
        (pictures.gif(), Format.GIF),
        (pictures.webp(), Format.WEBP),
        (b"RIFF\x24\0\0\0WAVEfmt ", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"%!PS-Adobe-3.0 EPSF-3.0", None),
        (b"II*\0\x08\0\0\0", None),
        (b"\0\0\0\x18ftypheic", None),
        (b"BM\x36\0\0\0", None),
        (b"\xff\xd8", None),
        (b"", None),
    ],
)
def test_the_first_bytes_decide_the_format(data: bytes, format: Format | None) -> None:
    assert sniff(data[:16]) is format


@pytest.mark.parametrize("shift", range(-3, 4))
def test_a_scan_ends_at_its_marker_wherever_that_stands(shift: int) -> None:
    data = pictures.jpeg()
    start = data.index(b"\xff\xda") + 2
    head = data[: start + int.from_bytes(data[start : start + 2], "big")]
    # Stuffed bytes, restart markers and the last byte of a stretch of any length are part of the scan.
    scan = (b"\x11\xff\x00\xd9\xff\xd3" * 50_000)[: 2 * 128 * 1024 + shift].rstrip(b"\xff")
    scan += b"\x22" * (2 * 128 * 1024 + shift - len(scan))
    for end in (b"\xff\xd9", b"\xff\xff\xd9"):
        clean = containers.walk(Format.JPEG, head + scan + end + b"\x11\xff\xd9").clean
        assert clean.endswith(head[-8:] + scan + end[:-2] + b"\xff\xd9")
    for cut in (b"", b"\xff", b"\xff\x00"):
        with pytest.raises(PictureRefused):
            containers.walk(Format.JPEG, head + scan + cut)


def test_each_format_has_one_content_type_and_one_extension() -> None:
    assert [(format.mime_type, format.extension) for format in Format] == [
        ("image/jpeg", "jpg"),
        ("image/png", "png"),
        ("image/gif", "gif"),
        ("image/webp", "webp"),
    ]
    assert all(Format.from_mime_type(format.mime_type) is format for format in Format)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_read_from_exif_in_both_byte_orders(orientation: int) -> None:
    big = pictures.exif(orientation).removeprefix(b"Exif\0\0")
    little = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    assert big.startswith(b"MM")
    assert exif.orientation(big) == exif.orientation(little) == orientation


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"MM\0*",
        b"MM\0*\xff\xff\xff\xff",
        b"MM\0*\0\0\0\x08\xff\xff",
        b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, 9, 0, 0),
        b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 4, 1, 6, 0, 0),
        b"JUNK" * 20,
    ],
)
def test_broken_exif_counts_as_upright(broken: bytes) -> None:
    assert exif.orientation(broken) == 1


def test_an_srgb_profile_is_known_and_another_is_not_taken_for_it() -> None:
    import pyvips

    srgb = icc.inspect(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    also_srgb = icc.inspect(bytes(pyvips.Image.profile_load("srgb")))
    p3 = icc.inspect(bytes(pyvips.Image.profile_load("p3")))
    cmyk = icc.inspect(bytes(pyvips.Image.profile_load("cmyk")))
    assert srgb and srgb.is_srgb and srgb.components == 3
    assert also_srgb and also_srgb.is_srgb
    assert p3 and not p3.is_srgb and p3.components == 3
    assert cmyk and not cmyk.is_srgb and cmyk.components == 4


def test_a_profile_that_makes_no_sense_is_none() -> None:
    good = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert icc.inspect(good[:100]) is None
    assert icc.inspect(good[:-10]) is None
    assert icc.inspect(good[:36] + b"nope" + good[40:]) is None
    assert icc.inspect(good[:128] + b"\xff\xff\xff\xff" + good[132:]) is None
    longer = icc.inspect(good + pictures.SECRET)
    assert longer is not None and longer.data == good


def test_a_refusal_survives_pickling() -> None:
    refusal = PictureRefused("image_too_small", "Use a larger one.", {"width": 3})
    copy = pickle.loads(pickle.dumps(refusal))  # noqa: S301 - our own bytes
    assert (copy.code, copy.detail, copy.facts) == (refusal.code, refusal.detail, refusal.facts)
    assert str(copy) == "image_too_small: Use a larger one."


def paint(encoded: str, width: int, height: int) -> NDArray[np.float64]:
    """Reads a thumbhash as a page does, written from the format's description."""
    data = base64.b64decode(encoded)
    head, tail = int.from_bytes(data[:3], "little"), int.from_bytes(data[3:5], "little")
    has_alpha, is_landscape = bool(head >> 23), bool(tail >> 15)
    nx = max(3, (5 if has_alpha else 7) if is_landscape else tail & 7)
    ny = max(3, tail & 7 if is_landscape else (5 if has_alpha else 7))
    start = 6 if has_alpha else 5
    nibbles = [nibble for byte in data[start:] for nibble in (byte & 15, byte >> 4)]

    def channel(dc: float, scale: float, nx: int, ny: int) -> NDArray[np.float64]:
        values = np.full((height, width), dc)
        for cy in range(ny):
            for cx in range(nx):
                if (cx or cy) and cx * ny < nx * (ny - cy):
                    wave = np.outer(
                        np.cos(np.pi / height * cy * (np.arange(height) + 0.5)),
                        np.cos(np.pi / width * cx * (np.arange(width) + 0.5)),
                    )
                    values += 2 * (nibbles.pop(0) / 7.5 - 1) * scale * wave
        return values

    lightness = channel((head & 63) / 63, (head >> 18 & 31) / 31, nx, ny)
    p = channel((head >> 6 & 63) / 31.5 - 1, (tail >> 3 & 63) / 63, 3, 3)
    q = channel((head >> 12 & 63) / 31.5 - 1, (tail >> 9 & 63) / 63, 3, 3)
    blue = lightness - 2 / 3 * p
    red = (3 * lightness - blue + q) / 2
    layers = [red, red - q, blue]
    if has_alpha:
        layers.append(channel((data[5] & 15) / 15, (data[5] >> 4) / 15, 5, 5))
    return np.clip(np.stack(layers, -1), 0, 1) * 255


@pytest.mark.parametrize(("width", "height"), [(32, 24), (24, 32), (32, 32), (32, 3)])
def test_a_placeholder_looks_like_its_picture(width: int, height: int) -> None:
    y, x = np.mgrid[0:height, 0:width]
    soft = np.stack([60 + 150 * x / width, 200 - 120 * y / height, 90 + 0 * x], -1).astype(np.uint8)
    painted = paint(thumbhash.encode(soft), width, height)
    assert np.abs(painted - soft).mean() < 12


def test_a_placeholder_keeps_transparency() -> None:
    soft = np.zeros((32, 32, 4), dtype=np.uint8)
    soft[:, 16:] = (200, 100, 50, 255)
    painted = paint(thumbhash.encode(soft), 32, 32)
    assert painted[:, :8, 3].mean() < 60 < 200 < painted[:, 24:, 3].mean()


def test_a_placeholder_of_one_colour_is_that_colour() -> None:
    flat = np.full((32, 32, 3), (120, 40, 200), dtype=np.uint8)
    assert pictures.is_close(
        tuple(int(v) for v in paint(thumbhash.encode(flat), 32, 32).mean((0, 1))), (120, 40, 200), 6
    )
