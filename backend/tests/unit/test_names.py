"""What files are called on other computers, and which tags are kept."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from app.models.images import Image
from app.schemas.images import ImageChange
from app.services.images import download_name
from app.services.images.packing import unique_names


@pytest.mark.parametrize("ending", [".jpg", ".png", ".JPEG", ""])
@pytest.mark.parametrize("character", ["\U0001f600", "\u00e9", "a"])
def test_a_file_name_fits_on_any_disk(character: str, ending: str) -> None:
    image = Image(original_filename=character * (255 - len(ending)) + ending, mime_type="image/jpeg")
    names = unique_names([download_name(image)] * 3)
    assert len(set(names)) == 3
    for name in names:
        assert 190 < len(name.encode()) <= 220
        assert name.lower().endswith((".jpg", ".jpeg"))


def test_a_short_name_stays() -> None:
    for given, expected in (("Boats.jpeg", "Boats.jpeg"), ("Boats.png", "Boats.jpg"), ("v1.2", "v1.2.jpg")):
        assert download_name(Image(original_filename=given, mime_type="image/jpeg")) == expected


@pytest.mark.parametrize(
    ("given", "kept"),
    [("\u202eBoats\u2066 ", "Boats"), ("sea\u200bside", "seaside"), ("\U0001f600", "\U0001f600")],
)
def test_a_tag_is_kept_without_what_is_not_seen(given: str, kept: str) -> None:
    assert ImageChange(tags=[given]).tags == [kept]


@pytest.mark.parametrize("given", ["\x1f", "\u200b", "\u3164", "\u0301", "x" * 51, 7])
def test_a_tag_that_nobody_sees_is_refused(given: object) -> None:
    with pytest.raises(ValidationError):
        ImageChange(tags=[given])
