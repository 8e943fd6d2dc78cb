"""Connecting through Meta's simulated logins: there, back, the choice, what was declined, and once more."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import OpenMember
from tests.browser.screen import gallery
from tests.browser.test_settings import section


def test_channels_are_connected_through_metas_login_and_what_was_declined_is_asked_for_again(
    new_member: OpenMember,
) -> None:
    page = new_member().page
    page.goto("/dashboard/settings")
    channels = section(page, "Channels")
    expect(channels.get_by_role("listitem")).to_have_count(2)
    gallery(page, "connect-ways")
    channels.get_by_role("button", name="Connect with Facebook").click()
    page.get_by_role("heading", name="Log in to AIGrowth with Facebook").wait_for()
    gallery(page, "connect-dialog")
    page.get_by_label(re.compile("Create and manage posts")).uncheck()
    page.get_by_role("button", name="Continue").click()
    dialog = page.get_by_role("dialog", name="Choose what to connect")
    expect(dialog).to_contain_text("post on your Pages (pages_manage_posts)")
    expect(dialog.get_by_role("checkbox", disabled=True)).to_have_count(3)
    gallery(page, "connect-declined")
    dialog.get_by_role("button", name="Ask Meta again").click()
    page.get_by_role("button", name="Continue").click()
    expect(dialog.get_by_role("checkbox", disabled=True)).to_have_count(1)
    gallery(page, "connect-choose")
    dialog.get_by_role("button", name="Connect 4 channels").click()
    expect(dialog).to_have_count(0)
    expect(channels.get_by_role("listitem")).to_have_count(6)
    assert "login=" not in page.url
    gallery(page, "connect-done")
    channels.get_by_role("button", name="Connect with Facebook").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_contain_text("You called it off")
