"""What holds of every picture that is taken in, whatever its format, size, turn, metadata and colours are."""

from __future__ import annotations

import io
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from app.imaging import Limits, PictureRefused, Verified, is_clean, verify
from tests import factories_heif as heif
from tests import factories_pictures as pictures
from tests.unit.test_imaging_verify import vips_profile

pytestmark = pytest.mark.timeout(600)

# Small pictures do as well as large ones, and many more of them fit into a test.
LIMITS = Limits(min_side=16, max_side=300, extra_formats=("heic", "avif"))
MODES = {"jpeg": ("RGB", "L", "CMYK"), "png": ("RGB", "RGBA", "L", "LA", "P", "1"), "webp": ("RGB", "RGBA")}
KINDS = ("jpeg", "png", "webp", "gif", "heic", "avif")
Corner = tuple[int, ...]


@dataclass(frozen=True)
class Wish:
    """One picture to be made. The profile and the turn are left out where the format has none."""

    kind: str
    mode: str
    width: int
    height: int
    orientation: int
    has_secrets: bool
    has_profile: bool
    is_special: bool
    """Progressive, interlaced, lossless."""


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    kind = draw(st.sampled_from(KINDS))
    return Wish(
        kind=kind,
        mode=draw(st.sampled_from(MODES.get(kind, ("RGB",)))),
        width=draw(st.integers(64, 300)),
        height=draw(st.integers(64, 300)),
        orientation=draw(st.integers(1, 8)) if kind != "gif" else 1,
        has_secrets=draw(st.booleans()),
        has_profile=draw(st.booleans()),
        is_special=draw(st.booleans()),
    )


TURNS: dict[int, list[heif.Property]] = {
    1: [],
    2: [heif.imir(1)],
    3: [heif.irot(2)],
    4: [heif.imir(0)],
    5: [heif.irot(3), heif.imir(1)],
    6: [heif.irot(3)],
    7: [heif.irot(1), heif.imir(1)],
    8: [heif.irot(1)],
}


def upright(wish: Wish) -> Image.Image:
    image = pictures.quarters(wish.width, wish.height)
    if wish.mode == "P":
        return image.quantize(16, dither=Image.Dither.NONE)
    return image.convert(wish.mode)


def made(wish: Wish) -> bytes:
    stored = pictures.turned(upright(wish), wish.orientation)
    if wish.kind in ("heic", "avif"):
        make: Any = heif.with_secrets if wish.has_secrets else heif.picture
        steps = list(TURNS[wish.orientation])
        if wish.has_profile:
            steps.append(heif.profile(vips_profile("p3")))
        return bytes(make(stored, wish.kind, *steps))
    if wish.kind == "gif":
        plain = pictures.gif(stored)
        return pictures.gif_with_secrets(plain) if wish.has_secrets else plain
    options: dict[str, Any] = {}
    if wish.has_profile and wish.mode in ("RGB", "RGBA"):
        options["icc_profile"] = vips_profile("p3")
    if wish.orientation != 1 or wish.has_secrets:
        options["exif"] = pictures.exif(wish.orientation, with_secrets=wish.has_secrets)
    if wish.kind == "jpeg":
        data = pictures.jpeg(stored, progressive=wish.is_special, quality=95, subsampling=0, **options)
        hidden = (
            pictures.jpeg_segment(0xED, b"Photoshop 3.0\0" + pictures.SECRET) if wish.has_secrets else b""
        )
        return data[:2] + hidden + data[2:]
    if wish.kind == "png":
        return pictures.png(stored, **options)
    return pictures.webp(stored, lossless=wish.is_special, quality=95, exact=True, **options)


def taken(data: bytes, folder: Path) -> tuple[Verified, bytes, bytes]:
    (folder / "source").write_bytes(data)
    verified = verify(folder / "source", folder / "clean", folder / "thumb", LIMITS)
    return verified, (folder / "clean").read_bytes(), (folder / "thumb").read_bytes()


def opened(data: bytes) -> Image.Image:
    """As an independent reader shows it, all of it."""
    image = Image.open(io.BytesIO(data), formats=["JPEG", "PNG", "GIF", "WEBP", "MPO"])
    image.load()
    return image


def corners(image: Image.Image) -> list[Corner]:
    """The colours in the middle of the four quarters."""
    shown = image.convert("RGB")
    x, y = (
        (shown.width // 4, shown.width - 1 - shown.width // 4),
        (shown.height // 4, shown.height - 1 - shown.height // 4),
    )
    return [shown.getpixel((left, top)) for top in y for left in x]  # type: ignore[misc]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(wish=wishes())
def test_it_is_upright_clean_whole_and_the_same_picture(wish: Wish) -> None:
    data = made(wish)
    with tempfile.TemporaryDirectory() as name:
        verified, clean, thumb = taken(data, Path(name))

        # Upright, and as large as was said.
        image = opened(clean)
        assert image.size == (verified.width, verified.height) == (wish.width, wish.height)
        assert not image.getexif()
        expected = upright(wish)
        for found, wanted in zip(corners(image), corners(expected), strict=True):
            assert pictures.is_close(found, wanted, 24), (found, wanted)

        # Clean, and known to be.
        for kept in (clean, thumb):
            assert pictures.SECRET not in kept
        assert is_clean(clean, verified.format, source_type=None)
        assert verified.file_size == len(clean)

        # A thumbnail that is the same picture, never larger.
        small = opened(thumb)
        assert small.format == "WEBP"
        assert small.size == (verified.thumb_width, verified.thumb_height)
        assert small.width <= image.width and small.height <= image.height
        assert abs(small.width / small.height - image.width / image.height) < 0.1 * image.width / image.height

        # Pixels are those that came, wherever cleaning alone was enough.
        if not verified.is_reencoded:
            before = opened(data).convert("RGBA")
            assert np.array_equal(np.asarray(before), np.asarray(image.convert("RGBA")))
        lossless = wish.kind == "png" or (wish.kind == "webp" and wish.is_special)
        if lossless and wish.mode in ("RGB", "RGBA"):
            assert np.array_equal(np.asarray(image.convert(wish.mode)), np.asarray(expected))

        # The profile stays where it means something.
        if wish.has_profile and wish.mode in ("RGB", "RGBA") and wish.kind != "gif":
            assert image.info["icc_profile"] == vips_profile("p3")

        # A second look finds nothing more to do.
        again, cleaner, _ = taken(clean, Path(name))
        assert cleaner == clean
        assert not again.is_reencoded


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(wish=wishes(), where=st.floats(0, 1, exclude_max=True), piece=st.binary(min_size=1, max_size=24))
def test_one_that_was_written_over_somewhere_is_taken_clean_or_refused(
    wish: Wish, where: float, piece: bytes
) -> None:
    data = bytearray(made(wish))
    at = int(where * len(data))
    data[at : at + len(piece)] = piece
    with tempfile.TemporaryDirectory() as name:
        try:
            verified, clean, thumb = taken(bytes(data), Path(name))
        except PictureRefused as refusal:
            assert refusal.detail.endswith(".")
            return
        # Of a GIF whose codes end early every viewer shows what is there; Pillow alone shows nothing of it.
        image = Image.open(io.BytesIO(clean)) if wish.kind == "gif" else opened(clean)
        assert image.size == (verified.width, verified.height)
        assert max(image.size) <= LIMITS.max_side and min(image.size) >= LIMITS.min_side
        assert is_clean(clean, verified.format, source_type=None)
        assert pictures.SECRET not in clean + thumb
