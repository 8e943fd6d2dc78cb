"""Framing: what stays of a picture when another shape is needed, and what lies around it."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.imaging import FACEBOOK, INSTAGRAM_FEED, PREVIEW, Framing, plan, render
from tests import factories_pictures as pictures

SIDES = st.integers(400, 4096)
FOCUS = st.tuples(st.floats(0, 1), st.floats(0, 1))
FIT = Framing("fit", background="#102030")


@given(SIDES, SIDES, SIDES, SIDES, FOCUS, st.booleans())
def test_every_slide_has_the_shape_of_the_first_and_keeps_the_rules(
    width: int, height: int, other_width: int, other_height: int, focus: tuple[float, float], is_fitted: bool
) -> None:
    framing = Framing("fit" if is_fitted else "crop", focus)
    first = plan(width, height, INSTAGRAM_FEED)
    slide = plan(other_width, other_height, INSTAGRAM_FEED, framing, (first.width, first.height))
    assert Fraction(4, 5) <= Fraction(slide.width, slide.height) <= Fraction(191, 100)
    assert 320 <= slide.width <= 1440
    # To the nearest pixel, and a second one where the bounds need it.
    assert abs(slide.height - Fraction(slide.width * first.height, first.width)) <= 2
    left, top, crop_width, crop_height = slide.crop
    assert left >= 0 and left + crop_width <= other_width
    assert top >= 0 and top + crop_height <= other_height
    if is_fitted:
        assert (crop_width, crop_height) == (other_width, other_height)
        if slide.place is not None:
            x, y, inner_width, inner_height = slide.place
            assert x >= 0 and y >= 0
            assert x + inner_width <= slide.width and y + inner_height <= slide.height
            # It touches two sides, lies in the middle, and keeps its proportions to within a pixel.
            assert inner_width >= slide.width - 1 or inner_height >= slide.height - 1
            assert abs(slide.width - inner_width - 2 * x) <= 1
            assert abs(Fraction(inner_width * other_height, other_width) - inner_height) <= Fraction(7, 2)
    else:
        assert slide.place is None
        assert crop_width == other_width or crop_height == other_height
    # The same is the same, whoever asks.
    again = plan(other_width, other_height, INSTAGRAM_FEED, framing, (first.width, first.height))
    assert again == slide and again.mark == slide.mark


@given(SIDES, SIDES)
def test_framing_does_nothing_where_no_other_shape_is_needed(width: int, height: int) -> None:
    for recipe in (FACEBOOK, PREVIEW):
        assert plan(width, height, recipe, FIT) == plan(width, height, recipe, Framing(focus=(0, 1)))
    if Fraction(4, 5) <= Fraction(width, height) <= Fraction(191, 100):
        assert plan(width, height, INSTAGRAM_FEED, FIT) == plan(width, height, INSTAGRAM_FEED)


def test_plans_that_differ_have_different_marks() -> None:
    found = [
        plan(2000, 500, INSTAGRAM_FEED),
        plan(2000, 500, INSTAGRAM_FEED, Framing(focus=(0.2, 0.5))),
        plan(2000, 500, INSTAGRAM_FEED, FIT),
        plan(2000, 500, INSTAGRAM_FEED, Framing("fit", background="#ffffff")),
        plan(2000, 500, INSTAGRAM_FEED, shape=(1, 1)),
    ]
    assert len({made.mark for made in found}) == len(found)
    # A focus that changes nothing is no other file: beyond the edge there is no more to show.
    near, far = (plan(2000, 500, INSTAGRAM_FEED, Framing(focus=(x, 0.1))) for x in (0.0, 0.2))
    assert near.mark == far.mark


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_fitted_picture_is_whole_on_its_background(tmp_path: Path, kind: str) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(pictures.encoded(pictures.quarters(500, 2000), kind))
    made = render(source, INSTAGRAM_FEED, target, framing=FIT)
    image = Image.open(io.BytesIO(target.read_bytes())).convert("RGB")
    assert (made.width, made.height) == image.size == (1440, 1800) and made.crop is None
    width = round(1800 * 500 / 2000)
    left = (1440 - width) // 2
    for at in ((5, 5), (left - 6, 900), (left + width + 6, 900), (1434, 1794)):
        assert pictures.is_close(image.getpixel(at), (16, 32, 48), 6)  # type: ignore[arg-type]
    for at, corner in (
        ((left + 12, 12), "top-left"),
        ((left + width - 12, 12), "top-right"),
        ((left + 12, 1788), "bottom-left"),
    ):
        assert pictures.is_close(image.getpixel(at), pictures.CORNERS[corner], 14)  # type: ignore[arg-type]


def test_the_background_shows_through_a_fitted_picture(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(pictures.png(pictures.flat((200, 0, 0, 0), 1600, 400, mode="RGBA")))
    render(source, INSTAGRAM_FEED, target, framing=FIT)
    image = Image.open(io.BytesIO(target.read_bytes())).convert("RGB")
    for at in ((10, 10), (image.width // 2, image.height // 2)):
        assert pictures.is_close(image.getpixel(at), (16, 32, 48), 6)  # type: ignore[arg-type]


def test_a_grey_picture_is_fitted_on_a_colour(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(pictures.encoded(pictures.flat((120,), 1600, 400, mode="L"), "JPEG"))
    render(source, INSTAGRAM_FEED, target, framing=Framing("fit", background="#ff0000"))
    image = Image.open(io.BytesIO(target.read_bytes())).convert("RGB")
    assert pictures.is_close(image.getpixel((10, 10)), (254, 0, 0), 8)  # type: ignore[arg-type]
    assert pictures.is_close(image.getpixel((720, image.height // 2)), (120, 120, 120), 8)  # type: ignore[arg-type]
