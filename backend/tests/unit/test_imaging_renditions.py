"""Renditions: the very files that platforms get."""

from __future__ import annotations

import dataclasses
import hashlib
import io
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.imaging import (
    AS_IT_IS,
    FACEBOOK,
    INSTAGRAM_FEED,
    PREVIEW,
    RECIPES,
    Framing,
    PictureRefused,
    Recipe,
    Rendered,
    SourceType,
    Wanted,
    plan,
    render,
    render_all,
)
from tests import factories_pictures as pictures
from tests.factories_pictures import SECRET

SIDES = st.integers(400, 4096)
FOCUS = st.tuples(st.floats(0, 1), st.floats(0, 1))


class Press:
    """A folder with one source and one rendition of it."""

    def __init__(self, folder: Path) -> None:
        self.source, self.target = folder / "source", folder / "target"

    def make(
        self,
        data: bytes,
        recipe: Recipe,
        *,
        framing: Framing = AS_IT_IS,
        shape: tuple[int, int] | None = None,
        source_type: SourceType | None = None,
    ) -> tuple[Rendered, Image.Image]:
        self.source.write_bytes(data)
        rendered = render(
            self.source, recipe, self.target, framing=framing, shape=shape, source_type=source_type
        )
        image = Image.open(io.BytesIO(self.target.read_bytes()))
        image.load()
        return rendered, image


@pytest.fixture
def press(tmp_path: Path) -> Press:
    return Press(tmp_path)


def middle(image: Image.Image) -> tuple[int, ...]:
    return image.convert("RGB").getpixel((image.width // 2, image.height // 2))  # type: ignore[return-value]


@given(SIDES, SIDES, FOCUS)
def test_every_instagram_rendition_lies_exactly_within_the_rules(
    width: int, height: int, focus: tuple[float, float]
) -> None:
    made = plan(width, height, INSTAGRAM_FEED, Framing(focus=focus))
    assert Fraction(4, 5) <= Fraction(made.width, made.height) <= Fraction(191, 100)
    assert 320 <= made.width <= 1440
    left, top, crop_width, crop_height = made.crop
    assert left >= 0 and left + crop_width <= width
    assert top >= 0 and top + crop_height <= height
    # Only one direction is cropped, and only as far as needed.
    assert crop_width == width or crop_height == height
    if Fraction(4, 5) <= Fraction(width, height) <= Fraction(191, 100):
        assert (crop_width, crop_height) == (width, height)
    # The picture keeps its proportions to within a pixel and is not enlarged.
    assert abs(Fraction(made.width, crop_width) * crop_height - made.height) <= Fraction(3, 2)
    assert made.width <= crop_width and made.height <= crop_height


@given(SIDES, SIDES, st.sampled_from([FACEBOOK, PREVIEW]))
def test_other_renditions_show_the_whole_picture(width: int, height: int, recipe: Recipe) -> None:
    made = plan(width, height, recipe)
    assert made.crop == (0, 0, width, height)
    assert made.width <= min(width, recipe.max_width) and made.height <= min(height, recipe.max_height)
    if width <= recipe.max_width and height <= recipe.max_height:
        assert (made.width, made.height) == (width, height)
    else:
        assert made.width == recipe.max_width or made.height == recipe.max_height


@pytest.mark.parametrize(
    ("source", "expected", "crop"),
    [
        ((1080, 1350), (1080, 1350), None),
        ((1080, 1351), (1080, 1350), (0, 0, 1080, 1350)),
        ((2160, 2700), (1440, 1800), None),
        ((4000, 3000), (1440, 1080), None),
        ((3000, 4000), (1440, 1800), (0, 125, 3000, 3750)),
        ((1910, 1000), (1440, 754), None),
        ((1911, 1000), (1440, 754), (0, 0, 1910, 1000)),
        ((400, 400), (400, 400), None),
        ((4096, 400), (764, 400), (1666, 0, 764, 400)),
        ((400, 4096), (400, 500), (0, 1798, 400, 500)),
    ],
)
def test_the_instagram_rendition_has_the_planned_sides(
    press: Press,
    source: tuple[int, int],
    expected: tuple[int, int],
    crop: tuple[int, int, int, int] | None,
) -> None:
    rendered, image = press.make(pictures.jpeg(pictures.flat((90, 120, 60), *source)), INSTAGRAM_FEED)
    assert (rendered.width, rendered.height) == image.size == expected
    assert rendered.crop == crop
    assert image.format == "JPEG" and rendered.mime_type == "image/jpeg"


def test_a_rendition_tells_the_size_and_hash_of_what_was_written(press: Press) -> None:
    for recipe in RECIPES.values():
        rendered, _ = press.make(pictures.jpeg(pictures.photo(900, 700)), recipe)
        written = press.target.read_bytes()
        assert rendered.file_size == len(written)
        assert rendered.sha256 == hashlib.sha256(written).hexdigest()


def test_the_same_picture_gives_the_same_rendition_byte_for_byte(press: Press) -> None:
    data = pictures.jpeg(pictures.photo(1700, 1200))
    for recipe in RECIPES.values():
        first, _ = press.make(data, recipe)
        second, _ = press.make(data, recipe)
        assert first == second


def test_files_made_together_are_those_made_alone(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(pictures.jpeg(pictures.photo(3000, 2000), quality=95))
    crop, fit = Framing(focus=(0.2, 0.5)), Framing("fit", background="#204060")
    of_one_size = [Wanted(recipe, tmp_path / recipe.name) for recipe in RECIPES.values()]
    larger = [
        Wanted(INSTAGRAM_FEED, tmp_path / "crop", crop, (4, 5)),
        Wanted(INSTAGRAM_FEED, tmp_path / "fit", fit, (1, 1)),
    ]
    alone: dict[Path, tuple[Rendered, bytes]] = {}
    for one in (*of_one_size, *larger):
        rendered = render(source, one.recipe, one.target, framing=one.framing, shape=one.shape)
        alone[one.target] = rendered, one.target.read_bytes()
        one.target.unlink()
    made = render_all(source, of_one_size)
    assert [(told, one.target.read_bytes()) for told, one in zip(made, of_one_size, strict=True)] == [
        alone[one.target] for one in of_one_size
    ]
    # Beside one that needs more pixels they are made of those.
    wanted = [*of_one_size, *larger]
    for one, together in zip(wanted, render_all(source, wanted), strict=True):
        rendered, encoded = alone[one.target]
        assert dataclasses.replace(together, sha256="", file_size=0) == dataclasses.replace(
            rendered, sha256="", file_size=0
        )
        assert together.sha256 == hashlib.sha256(one.target.read_bytes()).hexdigest()
        pixels, own = (
            np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
            for data in (one.target.read_bytes(), encoded)
        )
        assert np.abs(pixels - own).mean() < 1.5
    # Two platforms that show the same get the same file.
    assert (tmp_path / "facebook").read_bytes() == (tmp_path / "instagram-feed").read_bytes()


def test_the_crop_follows_the_focal_point(press: Press) -> None:
    wide = pictures.jpeg(pictures.quarters(2000, 500))
    for x, corner in ((0.0, pictures.CORNERS["top-left"]), (1.0, pictures.CORNERS["top-right"])):
        rendered, image = press.make(wide, INSTAGRAM_FEED, framing=Framing(focus=(x, 0.5)))
        assert rendered.crop == (int(x * 1045), 0, 955, 500)
        colours = [image.getpixel((at, 50)) for at in (20, image.width - 20)]
        assert all(pictures.is_close(colour, corner, 12) for colour in colours)  # type: ignore[arg-type]
    tall = pictures.jpeg(pictures.quarters(500, 2000))
    _, image = press.make(tall, INSTAGRAM_FEED, framing=Framing(focus=(0.5, 1.0)))
    assert pictures.is_close(image.getpixel((20, 20)), pictures.CORNERS["bottom-left"], 12)  # type: ignore[arg-type]


def test_a_scaled_and_cropped_picture_is_not_shifted(press: Press) -> None:
    _, image = press.make(pictures.jpeg(pictures.quarters(4000, 1500), quality=95), INSTAGRAM_FEED)
    across = np.asarray(image.convert("RGB")).astype(int)[100, :, 1]
    edge = int(np.argmax(across > 100))
    assert abs(edge - image.width / 2) <= 1.5


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize(
    "make",
    [
        pictures.jpeg_with_secrets,
        pictures.png_with_secrets,
        pictures.webp_with_secrets,
        lambda: pictures.gif_with_secrets(pictures.animated("GIF")),
    ],
    ids=["jpeg", "png", "webp", "gif"],
)
def test_no_metadata_reaches_a_rendition(press: Press, make: object, name: str) -> None:
    _, image = press.make(make(), RECIPES[name])  # type: ignore[operator]
    written = press.target.read_bytes()
    assert SECRET not in written
    assert not image.getexif() and "icc_profile" not in image.info and "xmp" not in image.info
    assert b"Exif" not in written and b"http://ns.adobe.com" not in written


def test_renditions_for_platforms_are_baseline_jpegs_in_three_colours(press: Press) -> None:
    for recipe in (INSTAGRAM_FEED, FACEBOOK):
        for data in (
            pictures.png(pictures.photo().convert("L")),
            pictures.jpeg(progressive=True),
            pictures.jpeg(pictures.photo().convert("CMYK")),
            pictures.png_16_bit((20_000, 30_000, 40_000, 65_535)),
        ):
            _, image = press.make(data, recipe)
            assert image.mode == "RGB"
            assert not image.info.get("progressive")


def test_transparency_lies_on_white_in_a_jpeg_and_stays_in_a_preview(press: Press) -> None:
    picture = Image.new("RGBA", (800, 800), (0, 0, 0, 0))
    picture.paste((200, 30, 30, 255), (0, 0, 400, 800))
    data = pictures.png(picture)
    for recipe in (INSTAGRAM_FEED, FACEBOOK):
        _, image = press.make(data, recipe)
        assert pictures.is_close(image.getpixel((700, 400)), (255, 255, 255), 4)  # type: ignore[arg-type]
        assert pictures.is_close(image.getpixel((100, 400)), (200, 30, 30), 6)  # type: ignore[arg-type]
    _, image = press.make(data, PREVIEW)
    assert image.mode == "RGBA"
    assert image.getpixel((700, 400))[3] == 0  # type: ignore[index]


def test_colours_are_right_in_srgb(press: Press) -> None:
    import pyvips

    from tests.unit.test_imaging_verify import as_srgb

    p3, ink = (bytes(pyvips.Image.profile_load(name)) for name in ("p3", "cmyk"))
    wide = pictures.flat((200, 60, 40), 1600, 1200)
    printed = pictures.flat((20, 200, 180, 10), 1600, 1200, mode="CMYK")
    for recipe in RECIPES.values():
        _, image = press.make(pictures.jpeg(wide, icc_profile=p3), recipe)
        assert pictures.is_close(middle(image), as_srgb(wide, p3), 5)
        _, image = press.make(pictures.jpeg(printed, icc_profile=ink, quality=97), recipe)
        assert pictures.is_close(middle(image), as_srgb(printed, ink), 8)
        _, image = press.make(pictures.png_16_bit((51_400, 25_700, 5_140)), recipe)
        assert pictures.is_close(middle(image), (200, 100, 20), 5)


def test_a_turned_source_is_rendered_as_it_is_stored(press: Press) -> None:
    # Stored files stand upright already; a rendition turns nothing.
    rendered, _ = press.make(pictures.jpeg(pictures.photo(600, 500), exif=pictures.exif(6)), FACEBOOK)
    assert (rendered.width, rendered.height) == (600, 500)


def test_an_animation_is_rendered_as_its_first_frame(press: Press) -> None:
    for format in ("GIF", "WEBP"):
        _, image = press.make(pictures.animated(format), PREVIEW)
        assert not getattr(image, "is_animated", False)
        assert pictures.is_close(image.convert("RGB").getpixel((25, 70)), (255, 0, 0), 40)  # type: ignore[arg-type]


@pytest.mark.parametrize(("recipe", "share"), [(FACEBOOK, 0.4), (PREVIEW, 0.85)], ids=["jpeg", "webp"])
@pytest.mark.parametrize("source_type", [None, SourceType.COMPOSITE])
def test_quality_gives_way_until_the_file_fits(
    press: Press, recipe: Recipe, share: float, source_type: SourceType | None
) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (700, 700, 3), dtype=np.uint8)
    data = pictures.png(Image.fromarray(noise))
    free, _ = press.make(data, recipe)
    limit = int(free.file_size * share)
    tight, _ = press.make(data, dataclasses.replace(recipe, max_bytes=limit), source_type=source_type)
    assert limit * 0.9 < tight.file_size <= limit


def test_a_picture_that_no_quality_makes_small_enough_is_refused(press: Press) -> None:
    with pytest.raises(PictureRefused) as caught:
        press.make(pictures.jpeg(), dataclasses.replace(INSTAGRAM_FEED, max_bytes=2_000))
    assert caught.value.code == "image_too_complex"


def test_a_source_that_is_no_picture_is_refused(press: Press) -> None:
    with pytest.raises(PictureRefused) as caught:
        press.make(b"not a picture", PREVIEW)
    assert caught.value.code == "unsupported_image_type"
    with pytest.raises(PictureRefused) as caught:
        press.make(pictures.jpeg()[:-4000], PREVIEW)
    assert caught.value.code == "image_corrupt"
