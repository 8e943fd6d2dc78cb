"""Uploading in the page: refused before the journey, made to fit, sent by the hundred, resumed."""

from __future__ import annotations

import functools
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests import factories_pictures as pictures
from tests.browser.conftest import OpenMember
from tests.browser.member import drops, on_disk, tile
from tests.browser.screen import gallery
from tests.person import Person


def opens_library(page: Page) -> Locator:
    """The Images page of an empty library; returns where the uploads are shown."""
    page.goto("/dashboard/images")
    expect(page.get_by_role("heading", name="Add your first pictures")).to_be_visible()
    return page.get_by_role("region", name="Uploads")


def row(tray: Locator, name: str) -> Locator:
    """One file in the list."""
    return tray.get_by_role("listitem").filter(has_text=name)


def kept(person: Person) -> list[dict[str, object]]:
    """The images of the business, newest first."""
    answer = person.client.get("/images/list", params={"business_id": person.business_id, "limit": 100})
    found: list[dict[str, object]] = answer.json()["images"]
    return found


def original(person: Person, image: dict[str, object]) -> Image.Image:
    """The stored file, opened by a program that is not ours."""
    return Image.open(io.BytesIO(person.client.get(str(image["storage_url"])).content))


def is_red(picture: Image.Image, x: float, y: float) -> bool:
    """Whether the pixel at these parts of the sides is the red square."""
    red, green, blue = picture.convert("RGB").getpixel((int(picture.width * x), int(picture.height * y)))  # type: ignore[misc]
    return bool(red > 150 and green < 90 and blue < 90)


def test_what_is_refused_in_the_page_is_refused_in_the_servers_words(
    new_member: OpenMember, tmp_path: Path
) -> None:
    page, person = (member := new_member()).page, member.person
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    files = {
        "stamp.png": pictures.png(pictures.flat((200, 90, 40), 100, 300)),
        "thumb.webp": pictures.webp(pictures.photo(390, 800)),
        "dot.gif": pictures.gif(pictures.flat((1, 2, 3), 20, 20)),
        "banner.jpg": pictures.jpeg(pictures.flat((40, 90, 200), 5000, 420), quality=20),
        "turned.jpg": pictures.jpeg(
            pictures.flat((40, 90, 200), 4200, 500), exif=pictures.exif(6), quality=20
        ),
        "enormous.bin": bytes(11_000_000),
    }
    tray = opens_library(page)
    drops(page, *(on_disk(tmp_path, name, content) for name, content in files.items()))
    expect(tray.get_by_text("6 files not uploaded")).to_be_visible()
    assert not [address for address in asked if "/images/" in address]
    for name, content in files.items():
        said = person.uploads(content, filename=name).json()["detail"]
        expect(row(tray, name)).to_contain_text(said)
    gallery(page, "uploads-refused")


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_a_picture_with_too_many_pixels_is_resized_to_fit_and_stands_upright(
    new_member: OpenMember, tmp_path: Path, kind: str
) -> None:
    page, person = (member := new_member()).page, member.person
    # Lying on its side, as the camera was held: the wall is smooth, so that a PNG stays one.
    wall = pictures.flat((90, 120, 110), 5000, 5000 if kind == "jpeg" else 4000)
    wall.paste((220, 20, 20), (0, 0, 1000, 1000))
    options = {"quality": 90} if kind != "png" else {"compress_level": 1}
    name = f"wall.{kind}"
    tray = opens_library(page)
    drops(page, on_disk(tmp_path, name, getattr(pictures, kind)(wall, exif=pictures.exif(6), **options)))
    row(tray, name).get_by_role("button", name="Resize to fit and upload").click()
    expect(tile(page, name)).to_be_visible(timeout=60_000)
    (image,) = kept(person)
    sides = (4096, 4096) if kind == "jpeg" else (3277, 4096)
    assert (image["width"], image["height"]) == sides
    assert (image["original_filename"], image["mime_type"]) == (name, f"image/{kind}")
    # A quarter turn to the right: what was stored at the upper left stands at the upper right.
    stored = original(person, image)
    assert [is_red(stored, x, y) for x, y in ((0.05, 0.05), (0.95, 0.05), (0.95, 0.95), (0.05, 0.95))] == [
        False,
        True,
        False,
        False,
    ]


def test_a_photograph_with_too_many_bytes_is_written_again(new_member: OpenMember, tmp_path: Path) -> None:
    page, person = (member := new_member()).page, member.person
    content = grainy(4000, 3000)
    assert len(content) > 14_000_000
    tray = opens_library(page)
    drops(page, on_disk(tmp_path, "harbour.jpg", content))
    expect(row(tray, "harbour.jpg")).to_contain_text("The file is larger than 10 MiB.")
    row(tray, "harbour.jpg").get_by_role("button", name="Resize to fit and upload").click()
    expect(tile(page, "harbour.jpg")).to_be_visible(timeout=60_000)
    (image,) = kept(person)
    assert int(str(image["file_size"])) <= 10 * 1024 * 1024
    # Upright, and with as many pixels as before when they fit into the bytes.
    assert (image["height"], image["width"]) == (4000, 3000)


@functools.cache
def grainy(width: int, height: int) -> bytes:
    """A photograph of a camera that was held upright, at a quality that nobody can see."""
    grain = np.random.default_rng(5).normal(0, 16, (height, width, 1))
    smooth = np.asarray(pictures.photo(width, height, seed=5), dtype=np.float32)
    picture = Image.fromarray(np.clip(smooth + grain, 0, 255).astype(np.uint8))
    return pictures.jpeg(picture, quality=99, subsampling=0, exif=pictures.exif(6))


def test_what_cannot_be_resized_without_a_loss_says_why(new_member: OpenMember, tmp_path: Path) -> None:
    page = new_member().page
    big = [picture.resize((4200, 500)) for picture in pictures.frames(2)]
    moving = pictures.gif(big[0], save_all=True, append_images=big[1:])
    noise = np.random.default_rng(6).integers(0, 255, (2700, 2700, 4), dtype=np.uint8)
    glass = pictures.png(Image.fromarray(noise, "RGBA"), compress_level=1)
    tray = opens_library(page)
    drops(page, on_disk(tmp_path, "moving.gif", moving), on_disk(tmp_path, "glass.png", glass))
    expect(row(tray, "moving.gif")).to_contain_text("It moves, and resizing it here would keep only its")
    expect(row(tray, "moving.gif").get_by_role("button", name=re.compile("Resize"))).to_have_count(0)
    row(tray, "glass.png").get_by_role("button", name="Resize to fit and upload").click()
    expect(row(tray, "glass.png")).to_contain_text("because it is transparent.", timeout=90_000)
    expect(row(tray, "glass.png").get_by_role("button", name=re.compile("Resize"))).to_have_count(0)
