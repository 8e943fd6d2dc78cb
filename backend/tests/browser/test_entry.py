"""The first screen that anybody sees."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.screen import axe, shot


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["wide", "phone"])
@pytest.mark.parametrize("screen", ["sign-in", "sign-up"])
def test_a_stranger_can_read_and_use_the_way_in(
    new_page: OpenPage, screen: str, phone: bool, dark: bool
) -> None:
    page = new_page(dark=dark, phone=phone)
    page.goto(f"/{screen}")
    expect(page.get_by_role("button", name="Sign in" if screen == "sign-in" else "account")).to_be_visible()
    shot(page, f"{screen}-{'phone' if phone else 'wide'}-{'dark' if dark else 'light'}")
    axe(page)


def test_a_stranger_is_led_to_the_sign_in(new_page: OpenPage) -> None:
    page = new_page()
    page.goto("/dashboard/images")
    expect(page).to_have_url(re.compile("/sign-in"))
