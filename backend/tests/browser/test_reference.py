"""The API reference in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.screen import axe, shot


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["wide", "phone"])
def test_the_reference_can_be_read_by_everybody_and_fits_the_screen(
    new_page: OpenPage, phone: bool, dark: bool
) -> None:
    page = new_page(dark=dark, phone=phone)
    page.goto("/api/v1/docs", wait_until="networkidle")
    shot(page, f"reference-{'phone' if phone else 'wide'}-{'dark' if dark else 'light'}")
    assert page.evaluate("document.documentElement.scrollWidth") <= (390 if phone else 1440)
    axe(page)


@pytest.mark.parametrize("phone", [False, True], ids=["wide", "phone"])
def test_the_keyboard_leads_to_the_content_and_the_index_to_each_part(
    new_page: OpenPage, phone: bool
) -> None:
    page = new_page(phone=phone)
    page.goto("/api/v1/docs")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()

    index = page.get_by_role("navigation", name="Contents")
    for link, heading in [
        ("Types", "Types"),
        ("Publishing", "Publishing" if phone else "Publish to Instagram"),
    ]:
        index.get_by_role("link", name=link if phone else heading, exact=True).click()
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_in_viewport()
    card = page.get_by_role("article", name="Publish to Instagram")
    card.get_by_role("link", name="PublishInput").click()
    # What floats at the top of the window must not cover what was looked for.
    heading_at = page.get_by_role("heading", name="PublishInput").bounding_box()
    assert heading_at is not None
    assert heading_at["y"] > (96 if phone else 52)
