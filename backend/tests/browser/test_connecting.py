"""Connecting through Meta's simulated logins: there, back, the choice, what was declined, and once more."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import OpenMember
from tests.browser.screen import gallery
from tests.browser.test_settings import section
from tests.practice_server import PracticeControl, poll
from tests.servers.product import Product


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
    expect(dialog.get_by_role("checkbox", disabled=True)).to_have_count(4)
    gallery(page, "connect-declined")
    dialog.get_by_role("button", name="Ask Meta again").click()
    page.get_by_role("button", name="Continue").click()
    expect(dialog.get_by_role("checkbox", disabled=True)).to_have_count(1)
    gallery(page, "connect-choose")
    dialog.get_by_role("button", name="Connect 6 channels").click()
    expect(dialog).to_have_count(0)
    expect(channels.get_by_role("listitem")).to_have_count(6)
    assert "login=" not in page.url
    gallery(page, "connect-done")
    channels.get_by_role("button", name="Connect with Facebook").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_contain_text("You called it off")

    # One account that can't be connected: it says so of this one, and the way on is another login.
    page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
    channels.get_by_role("button", name="Connect with Instagram").click()
    page.get_by_label(re.compile("personal")).check()
    page.get_by_label(re.compile("Publish posts")).uncheck()
    page.get_by_role("button", name="Continue").click()
    expect(dialog).to_contain_text("this can't be connected.")
    gallery(page, "connect-personal")
    dialog.get_by_role("button", name="Log in again").click()
    page.get_by_role("heading", name="Log in to AIGrowth with Instagram").wait_for()


def test_a_channel_of_the_first_minute_is_connected_again_and_never_by_whoever_does_not_have_it(
    product: Product, new_member: OpenMember, practice: PracticeControl
) -> None:
    page, person = (member := new_member()).page, member.person
    account = person.channel("instagram")
    practice.change_account(account["external_id"], token_subcode=463)
    stranger = practice.ask("POST", "people", {})
    page.context.add_cookies(
        [{"name": "practice_person", "value": stranger["cookie"], "url": f"{product.url}/practice/login/"}]
    )
    page.goto("/dashboard/settings")
    channels = section(page, "Channels")
    row = channels.get_by_role("listitem").filter(has_text=account["name"]).first
    row.get_by_role("button", name=re.compile("^Check ")).click()
    row.get_by_role("button", name="Connect it again").click()
    page.get_by_role("button", name="Continue").click()

    dialog = page.get_by_role("dialog", name=f"Connect {account['name']} again")
    expect(dialog).to_contain_text(f"{account['name']} is not among them.")
    expect(dialog).to_contain_text("You logged in as Pat Practice, who does not have")
    expect(dialog.get_by_role("checkbox", checked=True)).to_have_count(0)
    expect(dialog.get_by_role("button", name="Connect", exact=True)).to_be_disabled()
    gallery(page, "connect-wrong-account")
    page.context.clear_cookies(name="practice_person")
    dialog.get_by_role("button", name="Log in with another account").click()
    page.get_by_role("button", name="Continue").click()

    expect(dialog.get_by_role("checkbox", checked=True)).to_have_count(1)
    expect(dialog.get_by_role("checkbox").first).to_be_checked()
    expect(dialog.get_by_text("is not among them")).to_have_count(0)
    gallery(page, "connect-again")
    dialog.get_by_role("button", name="Connect 1 channel").click()
    expect(row.get_by_text("Connected", exact=True)).to_be_visible()
    expect(channels.get_by_role("listitem")).to_have_count(2)
    assert person.channel("instagram")["id"] == account["id"]
    assert person.channel("instagram")["status"] == "connected"


def test_a_restricted_channel_is_found_from_the_post_and_from_home_and_tried_when_its_owner_says_so(
    new_member: OpenMember, practice: PracticeControl
) -> None:
    page, person = (member := new_member()).page, member.person
    account = person.channel("instagram")
    image_id = person.keeps_picture()["id"]
    post_id = person.writes("Held back", image_ids=[image_id])
    page.goto("/dashboard")
    home = page.get_by_role("region", name="Channels")
    expect(home.get_by_text("Connected", exact=True)).to_have_count(2)
    page.get_by_role("link", name="Posts").first.click()
    practice.change_account(account["external_id"], is_restricted=True)
    page.get_by_role("link", name="Held back").first.click()
    person.sends(post_id)
    person.waits_for(post_id, "failed")
    page.reload()
    page.get_by_role("link", name="See the channel").first.click()
    row = section(page, "Channels").get_by_role("listitem").filter(has_text="Practice Instagram")
    expect(row.get_by_text("Restricted", exact=True)).to_be_visible()
    expect(row).to_contain_text("Log in on Instagram, follow what it asks")
    expect(row).to_contain_text("Posts are tried on it again from tomorrow at")
    gallery(page, "channel-restricted")
    page.get_by_role("link", name="Home").first.click()
    expect(home.get_by_text("Restricted", exact=True)).to_be_visible()
    gallery(page, "home-restricted")
    home.get_by_role("link", name="Manage").click()
    practice.change_account(account["external_id"], is_restricted=False)
    row.get_by_role("button", name="Try it now").click()
    expect(row.get_by_text("Connected", exact=True)).to_be_visible()
    expect(page.get_by_text(f"Posts go out on {account['name']} again")).to_be_visible()

    # The posts of the day are used up, as the platform says once; what waits goes out when it is tried.
    practice.graph_error("media_publish", 9, 2207042, method="POST", account_id=account["external_id"])
    second = person.writes("The last one today", image_ids=[image_id])
    page.get_by_role("link", name="Home").first.click()
    person.sends(second)
    poll(lambda: person.post(second)["publications"][0]["held_until"], what="the wait")
    page.get_by_role("link", name="Manage").click()
    expect(row).to_contain_text("Posts wait on it.")
    gallery(page, "channel-held")
    row.get_by_role("button", name="Try it now").click()
    person.waits_for(second, "published")
    expect(row.get_by_text("Posts wait on it.")).to_have_count(0)
