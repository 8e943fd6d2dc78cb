"""Perceptual hashes: near for what people call the same picture, far for any other."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance

from app.imaging import verify
from tests import factories_pictures as pictures

NEAR = 8
"""How many of the 64 bits may differ between near-duplicates."""


def hash_of(data: bytes, folder: Path) -> str | None:
    source = folder / "source"
    source.write_bytes(data)
    return verify(source, folder / "clean", folder / "thumb").perceptual_hash


def distance(one: str | None, other: str | None) -> int:
    assert one is not None and other is not None
    return (int(one, 16) ^ int(other, 16)).bit_count()


def shares_a_quarter(one: str | None, other: str | None) -> bool:
    """What a look-up by index needs: one quarter of the hash is the same."""
    assert one is not None and other is not None
    return any(one[at : at + 4] == other[at : at + 4] for at in range(0, 16, 4))


@functools.cache
def landscape(seed: int) -> Image.Image:
    """A picture with shapes of every size, the larger the stronger, as photographs have them."""
    sizes = [(4, 3), (12, 9), (40, 30), (120, 90)]
    layers = [
        pictures.photo(*size, seed=10 * seed + number).resize((1200, 900), Image.Resampling.BICUBIC)
        for number, size in enumerate(sizes)
    ]
    return functools.reduce(lambda below, above: Image.blend(below, above, 0.25), layers)


def trimmed(image: Image.Image, share: float) -> Image.Image:
    left, top = int(share * image.width), int(share * image.height)
    return image.crop((left, top, image.width - left, image.height - top))


CHANGED: dict[str, Callable[[Image.Image], bytes]] = {
    "saved as a poor JPEG": lambda image: pictures.jpeg(image, quality=40),
    "saved as PNG": pictures.png,
    "saved as WebP": pictures.webp,
    "half as large": lambda image: pictures.jpeg(image.resize((600, 450), Image.Resampling.LANCZOS)),
    "squeezed": lambda image: pictures.jpeg(image.resize((900, 900), Image.Resampling.LANCZOS)),
    "trimmed by one part in a hundred": lambda image: pictures.jpeg(trimmed(image, 0.01)),
    "a little brighter": lambda image: pictures.jpeg(ImageEnhance.Brightness(image).enhance(1.1)),
    "in greys": lambda image: pictures.jpeg(image.convert("L")),
    "turned by EXIF": lambda image: pictures.jpeg(pictures.turned(image, 6), exif=pictures.exif(6)),
}


@pytest.mark.parametrize("change", CHANGED)
def test_a_picture_that_was_changed_a_little_stays_near(change: str, tmp_path: Path) -> None:
    for seed in range(6):
        original = hash_of(pictures.jpeg(landscape(seed)), tmp_path)
        changed = hash_of(CHANGED[change](landscape(seed)), tmp_path)
        assert distance(original, changed) <= NEAR, seed
        # What was trimmed is found this way more often than not; everything else always.
        assert "trimmed" in change or shares_a_quarter(original, changed), seed


def test_other_pictures_are_far_away(tmp_path: Path) -> None:
    hashes = [hash_of(pictures.jpeg(landscape(seed)), tmp_path) for seed in range(20)]
    hashes += [hash_of(pictures.jpeg(pictures.photo(seed=seed)), tmp_path) for seed in range(20)]
    apart = [distance(one, other) for number, one in enumerate(hashes) for other in hashes[:number]]
    assert min(apart) > NEAR
    assert 30 < sum(apart) / len(apart) < 34


def test_a_picture_upside_down_or_in_the_mirror_is_another_picture(tmp_path: Path) -> None:
    upright = hash_of(pictures.jpeg(landscape(1)), tmp_path)
    for way in (Image.Transpose.ROTATE_180, Image.Transpose.FLIP_LEFT_RIGHT):
        assert distance(upright, hash_of(pictures.jpeg(landscape(1).transpose(way)), tmp_path)) > NEAR


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (200, 60, 40)])
@pytest.mark.parametrize("make", [pictures.jpeg, pictures.png, pictures.gif])
def test_a_picture_of_one_colour_has_no_hash(
    make: Callable[[Image.Image], bytes], colour: tuple[int, int, int], tmp_path: Path
) -> None:
    assert hash_of(make(pictures.flat(colour)), tmp_path) is None


def test_what_is_transparent_counts_as_white(tmp_path: Path) -> None:
    shape = landscape(2).convert("RGBA")
    shape.paste((255, 0, 0, 0), (0, 0, 600, 900))
    on_white = Image.new("RGB", shape.size, (255, 255, 255))
    on_white.paste(shape, mask=shape)
    see_through = hash_of(pictures.png(shape), tmp_path)
    assert distance(see_through, hash_of(pictures.png(on_white), tmp_path)) <= 2


def test_a_hash_is_sixteen_hex_characters_and_always_the_same(tmp_path: Path) -> None:
    data = pictures.jpeg(landscape(3))
    first = hash_of(data, tmp_path)
    assert first is not None and len(first) == 16 and len(bytes.fromhex(first)) == 8
    assert hash_of(data, tmp_path) == first
