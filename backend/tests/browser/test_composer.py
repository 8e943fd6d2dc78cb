"""Writing a post: what stands in the way and how it is cured, and that nothing written is lost."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Route, expect

from tests.browser.conftest import OpenMember
from tests.browser.member import (
    composer,
    drops,
    fills_library,
    on_disk,
    opens_composer,
    painting,
    picks,
    sends_to,
    tile,
)
from tests.browser.screen import gallery
from tests.factories_pictures import flat, jpeg

MISSING = "Instagram requires at least one image"


def test_instagram_asks_for_an_image_until_there_is_one(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    fills_library(person, "harbour.jpg")
    page.goto("/dashboard/posts")
    modal = opens_composer(page)
    sends_to(modal, "Practice Instagram")
    modal.get_by_label("Text", exact=True).fill("Words alone")
    images = modal.get_by_role("group", name="Images (required)")
    publish = modal.get_by_role("button", name="Publish to Practice Instagram")
    expect(images.get_by_role("status").filter(has_text=MISSING)).to_be_visible()
    expect(publish).to_be_disabled()
    expect(publish).to_have_accessible_description("An image is missing")
    gallery(page, "composer-image-missing")

    modal.get_by_role("button", name="Choose from Library").click()
    gallery(page, "composer-library")
    tile(modal, "harbour.jpg").click()
    modal.get_by_role("button", name="Done").click()
    expect(modal.get_by_text(MISSING)).to_have_count(0)
    expect(publish).to_be_enabled()

    modal.get_by_role("button", name="Take harbour.jpg out of the post").click(force=True)
    expect(modal.get_by_text(MISSING)).to_be_visible()
    expect(publish).to_be_disabled()

    # A Page takes words alone.
    sends_to(modal, "Practice Page")
    expect(modal.get_by_text(MISSING)).to_have_count(0)
    expect(modal.get_by_role("group", name="Images (required)")).to_have_count(0)
    expect(modal.get_by_role("button", name="Publish to the Practice Page")).to_be_enabled()


def test_each_rule_that_a_text_breaks_is_told_with_its_cure(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    image_ids = fills_library(person, *(f"harbour-{number}.jpg" for number in range(11)))
    page.goto(f"/dashboard?compose=new&with=%5B{'%2C'.join(map(str, image_ids))}%5D")
    modal = composer(page)
    sends_to(modal, "Practice Instagram")
    text = modal.get_by_label("Text", exact=True)
    text.fill("🌅" + "a" * 2190 + " " + " ".join(f"#tag{n}" for n in range(31)))
    expect(modal.get_by_text("Instagram takes 2,200 characters", exact=False)).to_be_visible()
    expect(modal.get_by_text("Instagram takes 30 hashtags, and this text has 31.")).to_be_visible()
    expect(modal.get_by_text("31 of 30 hashtags")).to_be_visible()
    expect(modal.get_by_text("Instagram takes 10 images here, and this post has 11.")).to_be_visible()
    expect(modal.get_by_role("button", name="Publish to Practice Instagram")).to_be_disabled()
    gallery(page, "composer-rules")
    modal.get_by_role("button", name="Keep the first 10").click()
    # One press leads to where it begins to be too much, and one key takes that out.
    modal.get_by_role("button", name="Show me where").first.click()
    expect(text).to_be_focused()
    page.keyboard.press("Delete")
    expect(modal.get_by_text("Instagram takes 2,200 characters", exact=False)).to_have_count(0)
    text.fill("Short enough")
    expect(modal.get_by_role("button", name="Publish to Practice Instagram")).to_be_enabled()
    expect(modal.get_by_role("list", name="Images in this post").get_by_role("listitem")).to_have_count(10)


def test_without_a_channel_there_is_nothing_to_preview_or_publish(new_member: OpenMember) -> None:
    page = new_member().page
    page.goto("/dashboard")
    modal = opens_composer(page)
    sends_to(modal)
    expect(modal.get_by_text("Nothing to preview yet")).to_be_visible()
    expect(modal.get_by_role("button", name="Publish", exact=True)).to_be_disabled()
    expect(modal.get_by_text("Choose where it goes", exact=True)).to_be_visible()
    gallery(page, "composer-no-channel")


def test_a_draft_is_saved_written_on_and_deleted(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    fills_library(person, "harbour.jpg")
    page.goto("/dashboard/posts")
    modal = opens_composer(page)
    modal.get_by_label("Text", exact=True).fill("Half a thought")
    modal.get_by_role("button", name="Save draft").click()
    expect(modal.get_by_text("Draft saved just now")).to_be_visible()
    expect(modal.get_by_role("button", name="Save draft")).to_be_disabled()
    gallery(page, "composer-saved")
    # Kept: closing asks nothing.
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)

    card = page.get_by_role("article").filter(has_text="Half a thought")
    card.get_by_role("button", name="Edit draft").click()
    modal = composer(page)
    expect(modal.get_by_label("Text", exact=True)).to_have_value("Half a thought")
    modal.get_by_label("Text", exact=True).fill("A whole thought")
    modal.get_by_role("button", name="Choose from Library").click()
    tile(modal, "harbour.jpg").click()
    modal.get_by_role("button", name="Done").click()
    modal.get_by_label("Alt text").fill("Boats at rest")
    modal.get_by_role("button", name="Save draft").click()
    expect(modal.get_by_text("Draft saved just now")).to_be_visible()
    page.reload()
    modal = composer(page)
    expect(modal.get_by_label("Text", exact=True)).to_have_value("A whole thought")
    expect(modal.get_by_label("Alt text")).to_have_value("Boats at rest")
    page.keyboard.press("Escape")

    # On Home it can be gone on with, on Posts it can be deleted, once it was asked.
    page.get_by_role("link", name="Home").click()
    drafts = page.get_by_role("region", name="Drafts")
    expect(drafts.get_by_role("button", name="A whole thought")).to_be_visible()
    page.get_by_role("link", name="Posts", exact=True).click()
    card = page.get_by_role("article").filter(has_text="A whole thought")
    card.get_by_role("button", name="More for A whole thought").click()
    page.get_by_role("menuitem", name="Delete draft").click()
    question = page.get_by_role("alertdialog").or_(page.get_by_role("dialog"))
    expect(question).to_contain_text("A whole thought")
    gallery(page, "posts-delete-draft")
    question.get_by_role("button", name="Delete draft").click()
    expect(page.get_by_text("Draft deleted")).to_be_visible()
    expect(
        page.get_by_role("heading", name="No posts yet").or_(page.get_by_text("No posts yet"))
    ).to_be_visible()
    assert person.client.get("/posts", params={"business_id": person.business_id}).json()["posts"] == []


def test_closing_with_something_unsaved_asks_once(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    page.goto("/dashboard/images")
    modal = opens_composer(page)
    # Nothing written: nothing asked.
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)

    modal = opens_composer(page)
    modal.get_by_label("Text", exact=True).fill("Do not lose me")
    page.keyboard.press("Escape")
    question = page.get_by_role("dialog", name="Keep this post as a draft?")
    expect(question).to_be_visible()
    gallery(page, "composer-leave")
    question.get_by_role("button", name="Keep writing").click()
    expect(modal.get_by_label("Text", exact=True)).to_have_value("Do not lose me")

    page.keyboard.press("Escape")
    expect(question).to_be_visible()
    question.get_by_role("button", name="Save draft").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    (post,) = person.client.get("/posts", params={"business_id": person.business_id}).json()["posts"]
    assert post["content_text"] == "Do not lose me"

    page.goto(f"/dashboard/posts?compose={post['id']}")
    composer(page).get_by_label("Text", exact=True).fill("Lose this")
    page.keyboard.press("Escape")
    page.get_by_role("dialog", name="Keep your changes?").get_by_role("button", name="Discard").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("article")).to_contain_text("Do not lose me")


def test_the_back_button_is_a_way_out_that_asks_as_well(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    page.goto("/dashboard/images")
    modal = opens_composer(page)
    modal.get_by_label("Text", exact=True).fill("Do not lose me")
    page.go_back()
    question = page.get_by_role("dialog", name="Keep this post as a draft?")
    question.get_by_role("button", name="Keep writing").click()
    expect(modal.get_by_label("Text", exact=True)).to_have_value("Do not lose me")
    page.go_back()
    question.get_by_role("button", name="Save draft").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    (post,) = person.client.get("/posts", params={"business_id": person.business_id}).json()["posts"]
    assert post["content_text"] == "Do not lose me"


def test_a_bad_file_in_the_post_is_told_and_the_post_goes_on(new_member: OpenMember, tmp_path: Path) -> None:
    page = new_member().page
    page.goto("/dashboard")
    modal = opens_composer(page)
    notes = on_disk(tmp_path, "notes.jpg", b"These are words, not a picture.\n" * 40)
    small = on_disk(tmp_path, "stamp.jpg", jpeg(flat((200, 90, 40), 100, 100)))
    picks(page, modal.get_by_role("button", name="Upload New"), [notes, small])
    told = modal.get_by_role("alert")
    expect(told.filter(has_text="notes.jpg was not taken.")).to_contain_text("not a picture that we can take")
    expect(told.filter(has_text="stamp.jpg was not taken.")).to_contain_text("100 × 100 pixels")
    gallery(page, "composer-refused")
    good = on_disk(tmp_path, "harbour.jpg", painting("harbour"))
    drops(page, good)
    expect(modal.get_by_role("button", name="harbour.jpg", exact=True)).to_be_visible()


def test_a_post_that_cannot_be_sent_now_is_kept_as_a_draft(new_member: OpenMember) -> None:
    page, person = (member := new_member(trouble=True)).page, member.person
    (image_id,) = fills_library(person, "harbour.jpg")
    page.goto(f"/dashboard?compose=new&with=%5B{image_id}%5D")
    modal = composer(page)
    modal.get_by_label("Text", exact=True).fill("Sent into the void")
    page.route("**/api/v1/posts/*/publish", lambda route: route.abort())
    publish = modal.get_by_role("button", name="Publish to 2 channels")
    publish.click()
    expect(modal.get_by_role("alert").filter(has_text="Not published yet.")).to_contain_text(
        "It is kept as a draft."
    )
    gallery(page, "composer-not-sent")
    page.unroute("**/api/v1/posts/*/publish")
    publish.click()
    expect(page.get_by_text("Your post is on Practice Instagram and the Practice Page.")).to_be_visible()
    posts = person.client.get("/posts", params={"business_id": person.business_id}).json()["posts"]
    assert [post["content_text"] for post in posts] == ["Sent into the void"]


def test_a_draft_that_is_loading_or_cannot_be_opened_says_so(new_member: OpenMember) -> None:
    page, person = (member := new_member(trouble=True)).page, member.person
    post_id = person.writes("Slow to come", image_ids=[])
    held: list[Route] = []
    page.route(f"**/api/v1/posts/{post_id}", lambda route: held.append(route))
    page.goto(f"/dashboard/posts?compose={post_id}")
    expect(page.get_by_text("Loading the post")).to_be_visible()
    gallery(page, "composer-loading")
    held.pop().fulfill(status=500, json={"code": "internal_error", "detail": "This did not work. Try again."})
    expect(page.get_by_text("This post could not be opened")).to_be_visible()
    gallery(page, "composer-error")
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(composer(page).get_by_label("Text", exact=True)).to_have_value("Slow to come")
