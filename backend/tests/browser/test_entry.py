"""The way in and the way out: signing up, signing in, and what happens when a session ends."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.member import PASSWORD, opens_composer, signs_up
from tests.browser.screen import axe, gallery, shot


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


def signs_in(page: Page, email: str, password: str = PASSWORD) -> None:
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def signs_out(page: Page) -> None:
    page.get_by_role("button", name="Harbour Coffee").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page).to_have_url(re.compile("/sign-in$"))


def test_who_signs_out_gets_in_again_with_the_right_password_only(page: Page) -> None:
    email = signs_up(page, "Harbour Coffee")
    signs_out(page)
    # Nothing of it is left: going back leads to the sign-in again.
    page.goto("/dashboard/images")
    expect(page).to_have_url(re.compile("/sign-in"))
    signs_in(page, email, "not the password")
    told = page.get_by_role("alert")
    expect(told).to_contain_text("E-mail or password is wrong.")
    expect(page.get_by_label("E-mail")).to_have_value(email)
    gallery(page, "sign-in-wrong")
    signs_in(page, "nobody@example.com")
    expect(told).to_contain_text("E-mail or password is wrong.")
    signs_in(page, email)
    # It leads where the person wanted to go.
    expect(page).to_have_url(re.compile("/dashboard/images$"))
    expect(page.get_by_role("heading", name="Images")).to_be_visible()


def test_what_is_missing_or_wrong_is_said_beside_its_field(page: Page) -> None:
    page.goto("/sign-up")
    page.get_by_role("button", name="Create account").click()
    name = page.get_by_label("Your name")
    expect(name).to_be_focused()
    expect(name).to_have_accessible_description("Write your name.")
    page.get_by_label("E-mail").fill("ada")
    page.get_by_label("Password", exact=True).fill("short")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_label("E-mail")).to_have_accessible_description(
        "This is not a whole address. It looks like name@example.com."
    )
    expect(page.get_by_label("Password", exact=True)).to_have_accessible_description(
        "3 more characters are needed."
    )
    gallery(page, "sign-up-problems")
    # What was told goes as soon as it is put right, without another press.
    name.fill("Ada")
    page.get_by_label("Password", exact=True).fill("shorter")
    expect(page.get_by_label("Password", exact=True)).to_have_accessible_description(
        "1 more character is needed."
    )
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    expect(page.get_by_text("Write your name.")).to_have_count(0)
    expect(page.get_by_text("This is not a whole address.")).to_have_count(0)
    expect(page.get_by_text("character is needed")).to_have_count(0)
    expect(page.get_by_text("Write the name of your business.")).to_be_visible()
    page.goto("/sign-in")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("E-mail")).to_have_accessible_description("Write your e-mail address.")
    page.get_by_label("E-mail").fill("ada@example.com")
    expect(page.get_by_text("Write your e-mail address.")).to_have_count(0)


def test_an_address_that_has_an_account_is_led_to_the_sign_in(page: Page) -> None:
    email = signs_up(page, "Harbour Coffee")
    signs_out(page)
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("Business name").fill("Second Cup")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_text("This address has an account already.")).to_be_visible()
    expect(page.get_by_label("E-mail")).to_be_focused()
    gallery(page, "sign-up-taken")
    page.get_by_role("link", name="Sign in instead").click()
    signs_in(page, email)
    expect(page.get_by_role("heading", name="Home")).to_be_visible()


def test_the_password_can_be_looked_at(page: Page) -> None:
    page.goto("/sign-in")
    password = page.get_by_label("Password", exact=True)
    password.fill(PASSWORD)
    expect(password).to_have_attribute("type", "password")
    page.get_by_role("button", name="Show password").click()
    expect(password).to_have_attribute("type", "text")
    page.get_by_role("button", name="Hide password").click()
    expect(password).to_have_attribute("type", "password")


def test_a_session_that_ended_leads_to_the_sign_in_and_back_to_where_one_was(page: Page) -> None:
    email = signs_up(page, "Harbour Coffee")
    page.goto("/dashboard/posts?state=draft")
    expect(page.get_by_text("No drafts")).to_be_visible()
    page.context.clear_cookies()
    # Not `check`, which looks at the radio afterwards: the page may have left by then.
    page.get_by_role("radio", name="Failed").click()
    expect(page).to_have_url(re.compile("/sign-in"))
    signs_in(page, email)
    expect(page).to_have_url(re.compile(r"/dashboard/posts\?state=failed$"))
    expect(page.get_by_text("Nothing failed")).to_be_visible()


def test_what_was_written_is_not_lost_when_the_session_ends_meanwhile(page: Page) -> None:
    email = signs_up(page, "Harbour Coffee")
    modal = opens_composer(page)
    modal.get_by_label("Text", exact=True).fill("Do not lose me")
    page.context.clear_cookies()
    modal.get_by_role("button", name="Save draft").click()
    told = modal.get_by_role("alert").filter(has_text="You are signed out.")
    expect(told).to_contain_text("What you wrote is still here")
    gallery(page, "composer-signed-out")
    with page.expect_popup() as opened:
        told.get_by_role("link", name="Sign in in a new tab").click()
    signs_in(opened.value, email)
    expect(opened.value.get_by_role("heading", name="Home")).to_be_visible()
    modal.get_by_role("button", name="Save draft").click()
    expect(modal.get_by_text("Draft saved just now")).to_be_visible()
    expect(told).to_have_count(0)
