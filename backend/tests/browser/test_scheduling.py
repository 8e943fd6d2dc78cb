"""Scheduling a post in the page: seen everywhere, moved, taken back; and what a lost channel leaves."""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenMember
from tests.browser.member import composer, fills_library, opens_composer, sends_to
from tests.browser.screen import gallery
from tests.browser.test_posts import card
from tests.person import Person
from tests.practice_server import PracticeControl

NEW_YORK = ZoneInfo("America/New_York")


def in_new_york(**length: float) -> datetime:
    """A moment of today or later, to the minute, as it is written there."""
    return (datetime.now(NEW_YORK) + timedelta(**length)).replace(second=0, microsecond=0)


def sets_time(dialog: Locator, moment: datetime) -> None:
    dialog.get_by_label("Date").fill(f"{moment:%Y-%m-%d}")
    dialog.get_by_label("Time").fill(f"{moment:%H:%M}")


def scheduled_for(person: Person, post_id: int) -> datetime | None:
    moment = person.post(post_id)["scheduled_at"]
    return datetime.fromisoformat(moment) if moment else None


def test_a_post_is_scheduled_seen_moved_taken_back_and_sent(
    new_member: OpenMember, practice: PracticeControl
) -> None:
    page, person = (member := new_member()).page, member.person
    # Times are those of the business, wherever the browser is.
    business = f"/businesses/{person.business_id}"
    person.client.patch(business, json={"timezone": "America/New_York"}).raise_for_status()
    (image_id,) = fills_library(person, "harbour.jpg")
    practice.settings(quota_total=1)
    try:
        page.goto(f"/dashboard/posts?compose=new&with=%5B{image_id}%5D")
        modal = composer(page)
        modal.get_by_label("Text", exact=True).fill("Winter hours start on Monday.")
        sends_to(modal, "Practice Instagram")
        modal.get_by_role("button", name="Schedule…").press("Enter")
        dialog = page.get_by_role("dialog", name="Schedule this post")
        expect(dialog.get_by_label("Date")).to_be_focused()
        # Leaving it leaves the post as it is, and the keyboard goes on where it was.
        page.keyboard.press("Escape")
        expect(modal.get_by_role("button", name="Schedule…")).to_be_focused()
        page.keyboard.press("Enter")
        expect(dialog.get_by_label("Date")).to_have_value(f"{in_new_york(days=1):%Y-%m-%d}")
        expect(dialog).to_contain_text("Times are those of Harbour Coffee, in America/New York.")
        sets_time(dialog, in_new_york(minutes=-2))
        page.keyboard.press("Enter")
        expect(dialog.get_by_role("alert")).to_contain_text("This time has passed. Choose a later one")
        gallery(page, "composer-schedule")
        soon = in_new_york(hours=3)
        sets_time(dialog, soon)
        expect(dialog.get_by_role("alert")).to_have_count(0)
        expect(dialog).to_contain_text(re.compile(f"{soon:%A},? {soon.day} {soon:%B %Y} at {soon:%H:%M}"))
        dialog.get_by_role("button", name=re.compile(rf"^Schedule for .* at {soon:%H:%M}$")).click()
        told = page.get_by_role("dialog", name="Scheduled")
        expect(told.get_by_role("status")).to_have_text(
            re.compile(rf"^Your post goes out (today|tomorrow) at {soon:%H:%M}\.$")
        )
        gallery(page, "composer-scheduled")
        told.get_by_role("button", name="See the post").click()
        expect(page).to_have_url(re.compile(r"/dashboard/posts/\d+$"))
        post_id = int(page.url.rsplit("/", 1)[1])
        assert scheduled_for(person, post_id) == soon

        # Its page says when, and moves it.
        post = card(page, "Winter hours start on Monday.")
        expect(post).to_contain_text(
            re.compile(rf"Goes out (today|tomorrow) at {soon:%H:%M}, America/New York")
        )
        gallery(page, "post-scheduled")
        post.get_by_role("button", name="Change the time").click()
        dialog = page.get_by_role("dialog", name="Change the time")
        expect(dialog.get_by_label("Time")).to_have_value(f"{soon:%H:%M}")
        later = in_new_york(hours=4)
        sets_time(dialog, later)
        dialog.get_by_role("button", name=re.compile("^Schedule for")).click()
        expect(dialog).to_have_count(0)
        expect(post.get_by_role("button", name="Change the time")).to_be_focused()
        expect(post).to_contain_text(f"at {later:%H:%M}, America/New York")
        expect(post).to_contain_text("Moved to another time.")
        assert scheduled_for(person, post_id) == later

        # What the account takes in a day is told for each time; what was left out before is left out again.
        modal = opens_composer(page)
        expect(modal.get_by_role("checkbox", name=re.compile(", Practice Page$"))).not_to_be_checked()
        modal.get_by_label("Text", exact=True).fill("And in spring.")
        modal.get_by_role("button", name="Choose from Library").click()
        modal.get_by_role("gridcell").get_by_role("button", name="harbour.jpg").click()
        modal.get_by_role("button", name="Done").click()
        expect(modal.get_by_text("Instagram takes 1 post in 24 hours")).to_be_visible()
        expect(modal.get_by_role("button", name="Publish to Practice Instagram")).to_be_disabled()
        modal.get_by_role("button", name="Schedule…").click()
        dialog = page.get_by_role("dialog", name="Schedule this post")
        sets_time(dialog, in_new_york(hours=5))
        dialog.get_by_role("button", name=re.compile("^Schedule for")).click()
        expect(dialog.get_by_role("alert")).to_contain_text("Schedule this one for")
        sets_time(dialog, in_new_york(days=3))
        dialog.get_by_role("button", name=re.compile("^Schedule for")).click()
        page.get_by_role("dialog", name="Scheduled").get_by_role("button", name="Done").click()

        # Home has what goes out next at the top.
        page.goto("/dashboard")
        rows = page.get_by_role("region", name="Going out").get_by_role("listitem")
        expect(rows).to_contain_text(["Winter hours start on Monday.", "And in spring."])

        # The list has both; one becomes a draft, the other goes out at once.
        page.goto("/dashboard/posts?state=scheduled")
        expect(page.get_by_role("article")).to_have_count(2)
        gallery(page, "posts-scheduled")
        card(page, "And in spring.").get_by_role("button", name="Back to draft").click()
        expect(page.get_by_text("It is a draft again")).to_be_visible()
        expect(page.get_by_role("article")).to_have_count(1)
        page.get_by_role("button", name="Edit draft").click()
        expect(composer(page).get_by_label("Text", exact=True)).to_have_value("And in spring.")
        composer(page).get_by_role("button", name="Close").click()
        card(page, "Winter hours").get_by_role("button", name="Publish now").click()
        asked = page.get_by_role("dialog", name="Publish this post now?")
        expect(asked).to_contain_text("It goes out to Practice Instagram at once")
        gallery(page, "post-publish-now")
        asked.get_by_role("button", name="Publish now").click()
        expect(page.get_by_text("Nothing is scheduled")).to_be_visible()
        person.waits_for(post_id, "published")
        assert len(practice.media(caption="Winter hours start on Monday.")) == 1
        assert practice.media(caption="And in spring.") == []
    finally:
        practice.settings(quota_total=50)


def test_a_channel_that_is_let_go_leaves_the_draft_and_nothing_goes_there(
    new_member: OpenMember, practice: PracticeControl
) -> None:
    page, person = (member := new_member(width=1440)).page, member.person
    text = f"For all of them {uuid.uuid4().hex[:8]}"
    page.goto("/dashboard/settings")
    page.get_by_role("button", name="Connect with Facebook").click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile(r"^Connect \d channels$")).click()
    expect(page.get_by_role("list", name="Channels").get_by_role("listitem")).to_have_count(6)
    channels = person.client.get("/channels", params={"business_id": person.business_id}).json()["channels"]
    body = {
        "business_id": person.business_id,
        "content_text": text,
        "images": [{"image_id": image_id} for image_id in fills_library(person, "harbour.jpg", "beans.jpg")],
        "channel_ids": [channel["id"] for channel in channels],
    }
    post_id = person.client.post("/posts", json=body).json()["post"]["id"]
    page.goto("/dashboard/posts")
    expect(card(page, text)).to_contain_text("and 3 others")
    gallery(page, "posts-draft-for-many")
    page.goto(f"/dashboard/posts?compose={post_id}")
    modal = composer(page)
    expect(modal.get_by_role("button", name="Publish to 6 channels")).to_be_enabled()
    # However many there are, each can be looked at, and the image that is worked on is the one on show.
    chosen = modal.get_by_label("Preview of")
    last = [channel for channel in channels if channel["platform"] == "instagram"][-1]
    chosen.select_option(str(last["id"]))
    preview = modal.get_by_role("article", name="As it looks on Instagram")
    expect(preview.get_by_text(last["name"]).first).to_be_visible()
    modal.get_by_role("button", name=re.compile("^Image 2 of 2")).click()
    expect(preview.get_by_role("img", name="beans.jpg")).to_be_visible()
    expect(modal.get_by_text("Image 2 of 2, as the file that will be sent")).to_be_visible()
    preview.get_by_role("button", name="Previous image").click()
    expect(modal.get_by_role("button", name=re.compile("^Image 1 of 2"))).to_have_attribute(
        "aria-pressed", "true"
    )
    gallery(page, "composer-many-channels")
    modal.get_by_role("button", name="Write another text for…").click()
    gallery(page, "composer-another-text", within="[role=menu]")
    page.get_by_role("menuitem", name=last["name"], exact=True).click()
    modal.get_by_label(f"Text for {last['name']}").fill("Said there alone.")
    expect(preview).to_contain_text("Said there alone.")

    # Let go elsewhere meanwhile: the next look tells, and the rest of the post goes on.
    gone = channels[2:]
    for channel in gone:
        person.client.delete(f"/channels/{channel['id']}").raise_for_status()
    modal.get_by_label("Text", exact=True).fill(f"{text}, still")
    publish = modal.get_by_role("button", name="Publish to 2 channels")
    expect(publish).to_be_enabled()
    for channel in gone:
        expect(
            modal.get_by_role("checkbox", name=re.compile(f"^{re.escape(channel['name'])}, "))
        ).to_have_count(0)
    expect(modal.get_by_text("The preview could not be made.")).to_have_count(0)
    publish.click()
    expect(page.get_by_text("Your post is on Practice Instagram and the Practice Page.")).to_be_visible()
    sent_to = {publication["channel_id"] for publication in person.post(post_id)["publications"]}
    assert sent_to == {channel["id"] for channel in channels} - {channel["id"] for channel in gone}
