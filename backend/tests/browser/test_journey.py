"""From nothing to a published post: what a new user does in the first two minutes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenMember, OpenPage
from tests.browser.member import (
    bytes_of,
    composer,
    drops,
    fills_library,
    on_disk,
    opens_composer,
    painting,
    picks,
    sends_to,
    sha256,
    signs_up,
    tile,
)
from tests.browser.screen import axe, gallery, shot
from tests.practice_server import PracticeControl

TEXT = "First light, first cup.\n\nWe open at 6 from Monday. #harbourcoffee @lighthouse.bakery"


def sees_post(page: Page, link: Locator) -> Page:
    """Follow a link to the platform; the page that it opens."""
    with page.expect_popup() as opened:
        link.click()
    opened.value.wait_for_load_state()
    return opened.value


def test_a_new_user_takes_a_picture_from_the_desktop_to_instagram(
    new_page: OpenPage, practice: PracticeControl, tmp_path: Path
) -> None:
    page = new_page()
    signs_up(page, "Harbour Coffee")
    expect(page.get_by_role("heading", name="Your first post, in two minutes")).to_be_visible()
    gallery(page, "home-new")

    # A picture is dropped on the library, and can be watched on its way.
    page.get_by_role("link", name="Go to Images").click()
    expect(page.get_by_role("heading", name="Add your first pictures")).to_be_visible()
    harbour = on_disk(tmp_path, "harbour.jpg", painting("harbour at sunrise", 1600, 1200))
    line = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 20_000}
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", slow)
    drops(page, harbour, let_go=False)
    expect(page.get_by_text("Let go to upload")).to_be_visible()
    shot(page, "images-drop-wide-light")
    drops(page, harbour)
    progress = page.get_by_role("progressbar", name="Uploading harbour.jpg")
    expect(progress).to_have_attribute("aria-valuenow", re.compile(r"^[1-9]\d?$"))
    shot(page, "images-uploading-wide-light")
    line.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
    expect(tile(page, "harbour.jpg")).to_be_visible()
    expect(page.get_by_label("Uploads").get_by_text("In your library")).to_be_visible()

    # Another one through the system's file dialog.
    beans = on_disk(tmp_path, "coffee-beans.jpg", painting("coffee beans", 1000, 1000))
    picks(page, page.get_by_role("button", name="Upload", exact=True), beans)
    expect(tile(page, "coffee-beans.jpg")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^2\b")).first).to_be_visible()

    # The post: the picture from the library, the text, and the file that will be sent.
    modal = opens_composer(page)
    sends_to(modal, "Practice Instagram")
    modal.get_by_role("button", name="Choose from Library").click()
    tile(modal, "harbour.jpg").click()
    modal.get_by_role("button", name="Done").click()
    modal.get_by_label("Text", exact=True).fill(TEXT)
    preview = modal.get_by_role("article", name="As it looks on Instagram")
    expect(preview).to_contain_text("First light, first cup.")
    expect(modal.get_by_text("This is the file that will be sent: ")).to_be_visible()
    gallery(page, "composer-ready")
    shown = sha256(bytes_of(page, preview.get_by_role("img")))

    modal.get_by_role("button", name="Publish to Practice Instagram").click()
    expect(page.get_by_role("status").filter(has_text="Your post is on Practice Instagram.")).to_be_visible()
    link = page.get_by_role("dialog").get_by_role("link", name="See it on Practice Instagram")
    expect(link).to_be_visible()
    gallery(page, "composer-published")

    # Practice Instagram shows the text, and serves the very bytes of the preview.
    post = sees_post(page, link)
    expect(post.get_by_text("First light, first cup.")).to_be_visible()
    expect(post.get_by_text("#harbourcoffee")).to_be_visible()
    served = bytes_of(post, post.get_by_role("main").get_by_role("img").first)
    assert sha256(served) == shown
    (medium,) = practice.media(caption=TEXT)
    assert medium["permalink"] == post.url

    page.get_by_role("dialog").get_by_role("button", name="Done").click()
    page.get_by_role("link", name="Home").click()
    expect(page.get_by_role("region", name="Last published")).to_contain_text("First light, first cup.")
    expect(page.get_by_role("heading", name="Your first post, in two minutes")).to_be_hidden()
    gallery(page, "home-published")


def test_an_upload_from_inside_the_post_goes_to_both_channels(
    new_member: OpenMember, practice: PracticeControl, tmp_path: Path
) -> None:
    page, person = (member := new_member()).page, member.person
    page.goto("/dashboard")
    modal = opens_composer(page)
    picture = on_disk(tmp_path, "new-oven.jpg", painting("bread oven", 1200, 900))
    picks(page, modal.get_by_role("button", name="Upload New"), picture)
    strip = modal.get_by_role("list", name="Images in this post")
    expect(strip.get_by_role("button", name="new-oven.jpg", exact=True)).to_be_visible()
    modal.get_by_label("Text", exact=True).fill("The new oven is in.")
    modal.get_by_label("Alt text").fill("An oven with a round door")
    modal.get_by_text("Facebook", exact=True).click()
    preview = modal.get_by_role("article", name="As it looks on Facebook")
    expect(preview.get_by_role("img", name="An oven with a round door")).to_be_visible()
    expect(modal.get_by_text("This is the file that will be sent: ")).to_be_visible()
    shown = sha256(bytes_of(page, preview.get_by_role("img", name="An oven with a round door")))
    gallery(page, "composer-facebook")
    # On the phone it was out of view; it is still the one that was chosen.
    expect(preview).to_be_visible()
    modal.get_by_role("button", name="Publish to 2 channels").click()
    expect(page.get_by_text("Your post is on Practice Instagram and the Practice Page.")).to_be_visible()

    dialog = page.get_by_role("dialog")
    on_page = sees_post(page, dialog.get_by_role("link", name="See it on the Practice Page"))
    expect(on_page.get_by_text("The new oven is in.")).to_be_visible()
    picture_there = on_page.get_by_role("img", name="An oven with a round door")
    assert sha256(bytes_of(on_page, picture_there)) == shown
    on_instagram = sees_post(page, dialog.get_by_role("link", name="See it on Practice Instagram"))
    expect(on_instagram.get_by_role("img", name="An oven with a round door")).to_be_visible()

    # What was uploaded for the post is in the library as well.
    answer = person.client.get("/images/list", params={"business_id": person.business_id}).json()
    assert [image["original_filename"] for image in answer["images"]] == ["new-oven.jpg"]


def test_a_painted_picture_goes_into_the_post_and_instagram_says_that_it_is_ai(
    new_member: OpenMember,
) -> None:
    page = new_member().page
    page.goto("/dashboard/posts")
    modal = opens_composer(page)
    sends_to(modal, "Practice Instagram")
    modal.get_by_role("button", name="Generate with AI").click()
    generator = page.get_by_role("dialog", name="Generate an image")
    prompt = generator.get_by_label("Describe your image")
    prompt.fill("A quiet harbour at dawn, wooden fishing boats")
    gallery(page, "composer-generator")
    generator.get_by_role("button", name="Generate · free").click()
    expect(generator.get_by_role("img", name="A quiet harbour at dawn")).to_be_visible()
    gallery(page, "composer-generated")
    generator.get_by_role("button", name="Add to the post").click()
    expect(generator).to_be_hidden()

    expect(modal.get_by_text("This image was made with AI.")).to_be_visible()
    expect(modal.get_by_text("Instagram will show its AI label.")).to_be_visible()
    preview = modal.get_by_role("article", name="As it looks on Instagram")
    expect(preview.get_by_text("AI info")).to_be_visible()
    modal.get_by_label("Text", exact=True).fill("Painted, not photographed.")
    expect(modal.get_by_text("This is the file that will be sent: ")).to_be_visible()
    gallery(page, "composer-ai")
    shown = sha256(bytes_of(page, preview.get_by_role("img")))
    modal.get_by_role("button", name="Publish to Practice Instagram").click()
    link = page.get_by_role("dialog").get_by_role("link", name="See it on Practice Instagram")
    post = sees_post(page, link)
    expect(post.get_by_text("AI info: the publisher says that this was made with AI.")).to_be_visible()
    assert sha256(bytes_of(post, post.get_by_role("main").get_by_role("img").first)) == shown


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_same_way_on_a_phone(new_page: OpenPage, tmp_path: Path, dark: bool) -> None:
    page = new_page(phone=True, dark=dark)
    theme = "dark" if dark else "light"

    def keep(name: str) -> None:
        shot(page, f"phone-{name}-{theme}")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, f"{name} is {width} px wide"
        axe(page)

    signs_up(page, "Harbour Coffee")
    keep("1-home")
    page.get_by_role("link", name="Go to Images").tap()
    harbour = on_disk(tmp_path, "harbour.jpg", painting("harbour at sunrise", 1600, 1200))
    with page.expect_file_chooser() as opened:
        page.get_by_role("button", name="Upload pictures").tap()
    opened.value.set_files(harbour)
    expect(tile(page, "harbour.jpg")).to_be_visible()
    keep("2-library")
    page.get_by_role("navigation").get_by_role("button", name="New post").tap()
    modal = composer(page)
    sends_to(modal, "Practice Instagram")
    keep("3-write")
    modal.get_by_role("button", name="Choose from Library").tap()
    tile(modal, "harbour.jpg").tap()
    keep("4-choose")
    modal.get_by_role("button", name="Done").tap()
    modal.get_by_label("Text", exact=True).fill(TEXT)
    keep("5-written")
    modal.get_by_text("Preview", exact=True).tap()
    preview = modal.get_by_role("article", name="As it looks on Instagram")
    expect(preview.get_by_role("img")).to_be_visible()
    expect(modal.get_by_text("This is the file that will be sent: ")).to_be_visible()
    keep("6-preview")
    shown = sha256(bytes_of(page, preview.get_by_role("img")))
    modal.get_by_role("button", name="Publish to Practice Instagram").tap()
    expect(page.get_by_text("Your post is on Practice Instagram.")).to_be_visible()
    link = page.get_by_role("dialog").get_by_role("link", name="See it on Practice Instagram")
    expect(link).to_be_visible()
    keep("7-published")
    post = sees_post(page, link)
    assert sha256(bytes_of(post, post.get_by_role("main").get_by_role("img").first)) == shown


def test_two_tabs_and_a_reload_show_the_true_state_of_a_post_on_its_way(
    new_member: OpenMember, practice: PracticeControl
) -> None:
    page, person = (member := new_member()).page, member.person
    (image_id,) = fills_library(person, "harbour.jpg")
    account = person.channel()["external_id"]
    practice.fault("hold_before", edge="media_publish", method="POST", account_id=account)
    post_id = person.writes("Held at the door", image_ids=[image_id])
    page.goto(f"/dashboard?compose={post_id}")
    composer(page).get_by_role("button", name="Publish to Practice Instagram").click()
    expect(page.get_by_text("Publishing to Practice Instagram")).to_be_visible()
    hold = practice.wait_for_hold("media_publish")
    gallery(page, "composer-publishing")

    # A second tab, and the first one loaded again.
    other = page.context.new_page()
    other.goto("/dashboard/posts")
    card = other.get_by_role("article").filter(has_text="Held at the door")
    expect(card.get_by_text("Publishing", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_text("Publishing to Practice Instagram")).to_be_visible()
    expect(page.get_by_role("button", name="Publish to")).to_have_count(0)

    practice.release(hold["id"])
    expect(page.get_by_text("Your post is on Practice Instagram.")).to_be_visible()
    expect(card.get_by_text("Published", exact=True)).to_be_visible()
    expect(card.get_by_role("link", name="See it on Practice Instagram")).to_be_visible()
    assert len(practice.media(caption="Held at the door")) == 1


def test_a_post_that_is_left_while_it_goes_out_tells_how_it_ended(
    new_member: OpenMember, practice: PracticeControl
) -> None:
    page, person = (member := new_member()).page, member.person
    (image_id,) = fills_library(person, "harbour.jpg")
    account = person.channel()["external_id"]
    practice.fault("hold_before", edge="media_publish", method="POST", account_id=account)
    post_id = person.writes("Closed too early", image_ids=[image_id])
    page.goto(f"/dashboard?compose={post_id}")
    composer(page).get_by_role("button", name="Publish to Practice Instagram").click()
    hold = practice.wait_for_hold("media_publish")
    page.get_by_role("dialog").get_by_role("button", name="Close", exact=True).last.click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    practice.release(hold["id"])
    expect(page.get_by_text("Published on Practice Instagram")).to_be_visible()
    shot(page, "home-toast-published-wide-light")


def test_a_second_press_on_publish_sends_nothing_twice(
    new_member: OpenMember, practice: PracticeControl
) -> None:
    page, person = (member := new_member()).page, member.person
    (image_id,) = fills_library(person, "harbour.jpg")
    post_id = person.writes("Only once", image_ids=[image_id])
    page.goto(f"/dashboard/posts?compose={post_id}")
    button = composer(page).get_by_role("button", name="Publish to Practice Instagram")
    expect(button).to_be_enabled()
    button.evaluate("it => { it.click(); it.click(); it.click(); }")
    expect(page.get_by_text("Your post is on Practice Instagram.")).to_be_visible()

    assert len(practice.media(caption="Only once")) == 1
