"""Everything with the keys alone: no test here touches a mouse."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenMember, OpenPage
from tests.browser.member import composer, fills_library, on_disk, painting, tile
from tests.browser.screen import shot
from tests.practice_server import PracticeControl, poll

_FOCUSED = """it => it === document.activeElement"""
_IS_SEEN = """() => {
    const ringed = (it) => it && getComputedStyle(it).outlineStyle !== 'none';
    const it = document.activeElement;
    // The end of the page, and the invisible stops that keep the focus in a dialog.
    if (it === document.body || it.ariaHidden === 'true') return true;
    // Where the file dialog was answered for the person.
    if (it.type === 'file') return true;
    return ringed(it) || ringed(it.closest('label, fieldset')) || ringed(it.parentElement);
}"""


def tabs_to(page: Page, target: Locator, *, steps: int = 60) -> None:
    """Press Tab until the focus is there; each stop on the way shows where the focus is."""
    expect(target).to_be_attached()
    for _ in range(steps):
        if target.evaluate(_FOCUSED):
            return
        page.keyboard.press("Tab")
        assert page.evaluate(_IS_SEEN), f"no ring around {page.evaluate('document.activeElement.outerHTML')}"
    raise AssertionError(f"{target} is not reached with {steps} presses of Tab")


def presses(page: Page, target: Locator, key: str = "Enter") -> None:
    """Go there with Tab, and press a key."""
    tabs_to(page, target)
    page.keyboard.press(key)


def test_from_sign_up_to_a_published_post_without_a_mouse(new_page: OpenPage, tmp_path: Path) -> None:
    page = new_page()
    page.goto("/sign-up")
    for label, text in {
        "Your name": "Ada Lindqvist",
        "Business name": "Harbour Coffee",
        "E-mail": f"{uuid.uuid4().hex}@example.com",
        "Password": "correct horse battery",
    }.items():
        tabs_to(page, page.get_by_label(label, exact=True))
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Home")).to_be_visible()

    presses(page, page.get_by_role("link", name="Images", exact=True))
    expect(page.get_by_role("heading", name="Add your first pictures")).to_be_visible()
    expect(page.get_by_role("main")).to_be_focused()
    with page.expect_file_chooser() as opened:
        presses(page, page.get_by_role("button", name="Upload pictures"))
    opened.value.set_files(on_disk(tmp_path, "harbour.jpg", painting("harbour")))
    expect(tile(page, "harbour.jpg")).to_be_visible()

    presses(page, page.get_by_role("button", name="New post"))
    modal = composer(page)
    expect(modal.get_by_label("Text", exact=True)).to_be_focused()
    page.keyboard.type("Written with the keys alone")
    presses(page, modal.get_by_role("button", name="Choose from Library"))
    presses(page, tile(modal, "harbour.jpg"), "Space")
    expect(tile(modal, "harbour.jpg")).to_have_attribute("aria-pressed", "true")
    shot(page, "keyboard-choosing-wide-light")
    presses(page, modal.get_by_role("button", name="Done"))
    expect(modal.get_by_role("button", name="Choose from Library")).to_be_focused()
    expect(modal.get_by_role("button", name="Publish to 2 channels")).to_be_enabled()
    presses(page, modal.get_by_role("button", name="Publish to 2 channels"))
    expect(page.get_by_text("Your post is on Practice Instagram and the Practice Page.")).to_be_visible()
    link = page.get_by_role("dialog").get_by_role("link", name="See it on Practice Instagram")
    tabs_to(page, link)
    shot(page, "keyboard-published-wide-light")
    with page.expect_popup() as post:
        page.keyboard.press("Enter")
    expect(post.value.get_by_text("Written with the keys alone")).to_be_visible()


def test_arrow_keys_walk_the_library_and_escape_leads_back(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    fills_library(person, "a-first.jpg", "b-second.jpg", "c-third.jpg", "d-fourth.jpg")
    page.goto("/dashboard/images")
    tabs_to(page, tile(page, "d-fourth.jpg"))
    page.keyboard.press("ArrowRight")
    expect(tile(page, "c-third.jpg")).to_be_focused()
    page.keyboard.press("End")
    expect(tile(page, "a-first.jpg")).to_be_focused()
    page.keyboard.press("Home")
    expect(tile(page, "d-fourth.jpg")).to_be_focused()
    shot(page, "keyboard-tile-wide-light")
    page.keyboard.press("Enter")
    panel = page.get_by_role("complementary", name="Image details")
    expect(panel).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(tile(page, "d-fourth.jpg")).to_be_focused()
    page.keyboard.press("Delete")
    expect(tile(page, "d-fourth.jpg")).to_have_count(0)
    expect(tile(page, "c-third.jpg")).to_be_focused()
    presses(page, page.get_by_role("button", name="Undo"))
    expect(tile(page, "d-fourth.jpg")).to_be_visible()


def test_images_of_a_post_are_ordered_and_taken_out_with_keys(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    first, second = fills_library(person, "harbour.jpg", "coffee-beans.jpg")
    page.goto(f"/dashboard?compose=new&with=%5B{first}%2C{second}%5D")
    modal = composer(page)
    strip = modal.get_by_role("list", name="Images in this post")
    tabs_to(page, strip.get_by_role("button", name=re.compile("^Image 1 of 2")))
    page.keyboard.press("Alt+ArrowRight")
    expect(modal.get_by_text("Moved to place 2 of 2.")).to_be_attached()
    expect(strip.get_by_role("button", name="Image 2 of 2, harbour.jpg")).to_be_focused()
    page.keyboard.press("Delete")
    expect(strip.get_by_role("listitem")).to_have_count(1)
    expect(strip.get_by_role("button", name="coffee-beans.jpg", exact=True)).to_be_focused()


def test_an_image_is_framed_and_an_account_marked_with_keys(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    wide = person.keeps_picture(painting("harbour", 1400, 500), filename="harbour.jpg")["id"]
    page.goto(f"/dashboard?compose=new&with=%5B{wide}%5D")
    modal = composer(page)
    presses(page, modal.get_by_role("button", name="What stays visible", exact=True))
    frame = page.get_by_role("button", name=re.compile("^Frame of Instagram"))
    tabs_to(page, frame)
    page.keyboard.press("ArrowLeft")
    expect(frame).to_have_accessible_description(re.compile("^Middle at 48 % from the left"))
    page.keyboard.press("Escape")
    expect(modal.get_by_role("button", name="What stays visible", exact=True)).to_be_focused()
    presses(page, modal.get_by_role("button", name="Mark accounts"))
    tabs_to(page, page.get_by_label("Instagram account"))
    page.keyboard.type("harbour.baker")
    page.keyboard.press("Shift+Tab")
    mark = page.get_by_role("button", name=re.compile("^harbour.baker Place of the mark"))
    expect(mark).to_be_focused()
    page.keyboard.press("Shift+ArrowUp")
    expect(mark).to_have_accessible_description("50 % from the left, 40 % from the top")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    presses(page, page.get_by_role("button", name="Done"))
    expect(modal.get_by_role("button", name="1 account marked")).to_be_focused()


def test_a_dialog_keeps_the_focus_and_gives_it_back(new_member: OpenMember) -> None:
    page = new_member().page
    page.goto("/dashboard/posts")
    opener = (
        page.get_by_role("banner").or_(page.get_by_role("main")).get_by_role("button", name="New post").first
    )
    expect(opener).to_be_visible()
    opener.focus()
    page.keyboard.press("Enter")
    modal = composer(page)
    expect(modal.get_by_label("Text", exact=True)).to_be_focused()
    is_inside = "document.activeElement.matches('[role=dialog] *, [aria-hidden=true]')"
    for _ in range(25):
        page.keyboard.press("Tab")
        # An invisible stop at either end sends the focus back in, a moment later.
        poll(lambda: page.evaluate(is_inside) or None, what="the focus in the dialog")
    page.keyboard.press("Escape")
    expect(modal).to_have_count(0)
    expect(opener).to_be_focused()


@pytest.mark.parametrize("path", ["/dashboard", "/dashboard/images", "/dashboard/posts"])
def test_the_first_stop_skips_the_rail(new_member: OpenMember, path: str) -> None:
    page = new_member().page
    page.goto(path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


def test_the_keyboard_is_never_left_behind_what_is_open(
    new_member: OpenMember, practice: PracticeControl
) -> None:
    page, person = (member := new_member()).page, member.person
    (image_id,) = fills_library(person, "harbour.jpg")
    place = person.channel("facebook")["external_id"]
    practice.fault("drop_before", edge="feed", account_id=place)
    person.sends(post_id := person.writes("Is it out?", image_ids=[], platforms=("facebook",)))
    unclear = person.waits_for(post_id, "unconfirmed")
    # Looks end where the Page may not be seen.
    practice.change_account(place, token_subcode=460)
    person.client.post(f"/publications/{unclear['publications'][0]['id']}/confirm")
    poll(
        lambda: not person.post(post_id)["publications"][0]["is_looked_up"] or None,
        what="a person is asked",
    )
    page.goto(f"/dashboard/images?compose={post_id}")
    told = page.get_by_role("dialog", name="Needs a look")
    presses(page, told.get_by_role("button", name="I looked myself"))
    question = page.get_by_role("dialog", name="Is it on the Practice Page?")
    expect(question.get_by_role("link", name=re.compile("^Look at"))).to_be_focused()
    presses(page, question.get_by_role("button", name="It is not there"))
    expect(question).to_have_count(0)
    # The button that had opened the question is gone.
    told = page.get_by_role("dialog", name="Not published")
    expect(told).to_be_focused()
    presses(page, told.get_by_role("button", name="Done"))
    expect(told).to_have_count(0)
    expect(page.get_by_role("main")).to_be_focused()

    # A draft is saved, and its button has nothing to do any more.
    draft = person.writes("Not yet", image_ids=[image_id])
    page.goto(f"/dashboard/posts?compose={draft}")
    modal = composer(page)
    expect(modal.get_by_label("Text", exact=True)).to_be_focused()
    page.keyboard.type("Perhaps. ")
    presses(page, modal.get_by_role("button", name="Save draft"))
    expect(modal.get_by_role("button", name="Save draft")).to_be_disabled()
    expect(modal).to_be_focused()
    page.keyboard.press("Escape")
    # Back to a draft: the card is in another list, and the keyboard is on the page.
    soon = (datetime.now(UTC) + timedelta(hours=3)).isoformat()
    assert person.client.post(f"/posts/{draft}/schedule", json={"scheduled_at": soon}).is_success
    page.goto("/dashboard/posts?state=scheduled")
    presses(page, page.get_by_role("button", name=re.compile("^Back to draft")))
    expect(page.get_by_role("article")).to_have_count(0)
    expect(page.get_by_role("main")).to_be_focused()

    # A dialog begins where there is something to write, and not on its cross.
    page.goto("/dashboard/settings")
    presses(page, page.get_by_role("button", name="Add a person"))
    expect(page.get_by_role("dialog").get_by_label("E-mail")).to_be_focused()
