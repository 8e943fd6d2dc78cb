"""Somebody in front of a browser: what they have at hand, and the moves that many tests make."""

from __future__ import annotations

import functools
import hashlib
import re
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page, expect

from practice.openai.painting import paint
from tests.factories_pictures import jpeg
from tests.person import Person

PASSWORD = "correct horse battery"


@dataclass(frozen=True, slots=True)
class Member:
    """A signed-in person: their browser, and the same person at the API."""

    page: Page
    person: Person


def signs_up(page: Page, business_name: str) -> str:
    """Through the form, as somebody who has never been here; returns the e-mail address."""
    email = f"{uuid.uuid4().hex}@example.com"
    page.goto("/")
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Your name").fill("Ada Lindqvist")
    page.get_by_label("Business name").fill(business_name)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    return email


@functools.cache
def painting(subject: str, width: int = 900, height: int = 675) -> bytes:
    """A JPEG that is pleasant to look at; the same for the same words."""
    return jpeg(Image.fromarray(paint(subject, width, height, zlib.crc32(subject.encode()))))


def on_disk(folder: Path, name: str, content: bytes) -> Path:
    """A file as it lies on somebody's computer."""
    path = folder / name
    path.write_bytes(content)
    return path


def fills_library(person: Person, *names: str) -> list[int]:
    """Put a picture for each name into the library, the first one first; returns their ids."""
    return [
        int(person.keeps_picture(painting(Path(name).stem.replace("-", " ")), filename=name)["id"])
        for name in names
    ]


def drops(page: Page, *files: Path, let_go: bool = True) -> None:
    """Drag files from the desktop over the page, as the browser itself sees it, and let go of them."""
    size = page.viewport_size or {"width": 1440, "height": 900}
    at = {"x": size["width"] // 2, "y": size["height"] // 2}
    carried = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
    browser = page.context.new_cdp_session(page)
    for step in ("dragEnter", "dragOver", *(("drop",) if let_go else ())):
        browser.send("Input.dispatchDragEvent", {"type": step, **at, "data": carried})


def picks(page: Page, button: Locator, files: Path | Sequence[Path]) -> None:
    """Press a button that opens the system's file dialog, and choose files there."""
    with page.expect_file_chooser() as opened:
        button.click()
    opened.value.set_files(files)


def tile(page: Page | Locator, name: str) -> Locator:
    """The picture of this name in a grid."""
    return page.get_by_role("gridcell").get_by_role("button", name=name, exact=False).first


def composer(page: Page) -> Locator:
    """The New post modal, while a post is written in it."""
    return page.get_by_role("dialog", name=re.compile("^(New post|Draft)"))


def opens_composer(page: Page) -> Locator:
    """Press New post, and wait until there is something to write in."""
    page.get_by_role("button", name="New post").filter(visible=True).first.click()
    modal = composer(page)
    expect(modal.get_by_label("Text", exact=True)).to_be_visible()
    return modal


def sends_to(modal: Locator, *platforms: str) -> None:
    """Choose these channels and no others."""
    for title in ("Practice Instagram", "Practice Page"):
        chip = modal.get_by_role("checkbox", name=re.compile(f", {title}$"))
        chip.set_checked(title in platforms)


def sha256(content: bytes) -> str:
    """What tells two files apart."""
    return hashlib.sha256(content).hexdigest()


def bytes_of(page: Page, picture: Locator) -> bytes:
    """The file behind an `<img>`, fetched as the page fetched it."""
    source = picture.evaluate("it => it.currentSrc")
    answer = page.request.get(source)
    assert answer.ok, f"{answer.status} from {source}"
    return answer.body()
