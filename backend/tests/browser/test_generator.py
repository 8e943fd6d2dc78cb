"""The AI generator: words in, picture out; what it costs, how it goes, and what is said when it does not."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from practice.openai.images import EDGE
from tests.browser.conftest import OpenMember
from tests.browser.screen import gallery
from tests.practice_server import PracticeControl


def opens_generator(page: Page) -> Locator:
    """Press Generate in the library, and wait for the form."""
    page.get_by_role("button", name="Generate", exact=True).click()
    dialog = page.get_by_role("dialog", name="Generate an image")
    expect(dialog.get_by_label("Describe your image")).to_be_visible()
    return dialog


def asks_for(dialog: Locator, prompt: str) -> None:
    """Write these words and press the button."""
    dialog.get_by_label("Describe your image").fill(prompt)
    dialog.get_by_role("button", name=re.compile("^Generate")).click()


def test_what_is_painted_goes_on_without_the_page_and_is_found_again(
    new_member: OpenMember, practice: PracticeControl
) -> None:
    page = new_member().page
    page.goto("/dashboard/images")
    dialog = opens_generator(page)
    expect(dialog.get_by_text("Free this month: 3 of 3 left")).to_be_visible()
    gallery(page, "generator-empty")
    practice.fault("hold_before", edge=EDGE)
    dialog.get_by_role("radio", name="Vintage").check()
    dialog.get_by_role("radio", name="Landscape").check()
    dialog.get_by_role("radio", name="HD").check()
    asks_for(dialog, "A quiet harbour at dawn, wooden fishing boats")
    practice.wait_for_hold(EDGE)
    expect(dialog.get_by_text("Painting", exact=True).first).to_be_visible()
    expect(dialog.get_by_text("Free this month: 2 of 3 left")).to_be_attached()
    gallery(page, "generator-painting")

    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.reload()
    page.goto("/dashboard")
    pill = page.get_by_role("button", name="Painting 1 image")
    expect(pill).to_be_visible()
    gallery(page, "generator-left")
    pill.click()
    expect(dialog.get_by_role("progressbar", name="Painting your image")).to_be_visible()
    practice.release()
    expect(dialog.get_by_role("img", name="A quiet harbour at dawn")).to_be_visible()
    expect(dialog.get_by_text("In your library · 1792 × 1024")).to_be_visible()
    gallery(page, "generator-painted")
