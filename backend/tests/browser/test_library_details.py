"""An image's details: looked at closely, named, tagged, and what is known about it elsewhere."""

from __future__ import annotations

import io
import re

from PIL import Image
from playwright.sync_api import Locator, Page, expect

from practice.openai.painting import paint
from tests.browser.conftest import OpenMember
from tests.browser.member import bytes_of, composer, fills_library, painting, tile
from tests.browser.screen import PHONE, WIDE, axe, gallery, shot
from tests.factories_pictures import jpeg


def opens_details(page: Page, name: str) -> Locator:
    """Press an image, and wait for all that is known about it."""
    tile(page, name).click()
    panel = page.get_by_role("complementary", name="Image details")
    expect(panel.get_by_role("heading", name=re.compile("^(Used in|In no post yet)"))).to_be_visible()
    return panel


def panel_gallery(page: Page, name: str) -> None:
    """As `gallery`, once the sheet that a phone shows in the panel's place is there."""
    page.set_viewport_size(PHONE)
    expect(page.get_by_role("dialog", name="Image details")).to_be_visible()
    page.set_viewport_size(WIDE)
    expect(page.get_by_role("complementary", name="Image details")).to_be_visible()
    gallery(page, name)


def test_a_picture_is_looked_at_closely(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    large = jpeg(Image.fromarray(paint("a wide harbour", 3200, 2400, 7)), quality=80)
    fills_library(person, "harbour.jpg")
    person.keeps_picture(large, filename="wide-harbour.jpg")
    fills_library(person, "coffee-beans.jpg")
    page.goto("/dashboard/images")
    panel = opens_details(page, "wide-harbour.jpg")
    panel.get_by_role("button", name="Look closer at wide-harbour.jpg").click()
    box = page.get_by_role("dialog", name="wide-harbour.jpg")
    expect(box.get_by_text("2 of 3")).to_be_visible()
    picture = box.get_by_role("img", name="wide-harbour.jpg")

    def width() -> float:
        found = picture.bounding_box()
        assert found
        return found["width"]

    whole = width()
    assert whole < 1440
    shot(page, "lightbox-wide-light")
    axe(page)
    box.get_by_role("button", name="Show at 100 %").click()
    expect(box.get_by_text("100 %")).to_be_visible()
    assert round(width()) == 3200
    # Only now is the picture itself fetched.
    original = box.locator("img[src*='/original.']")
    expect(original).to_have_css("opacity", "1")
    with Image.open(io.BytesIO(bytes_of(page, original))) as opened:
        assert opened.size == (3200, 2400)
    before = picture.bounding_box()
    page.mouse.move(700, 500)
    page.mouse.down()
    page.mouse.move(500, 400, steps=4)
    page.mouse.up()
    after = picture.bounding_box()
    assert before and after
    assert (round(after["x"] - before["x"]), round(after["y"] - before["y"])) == (-200, -100)
    shot(page, "lightbox-actual-wide-light")
    page.keyboard.press("0")
    expect(box.get_by_role("button", name="Show at 100 %")).to_be_visible()
    assert round(width()) == round(whole)
    # The wheel zooms around the pointer: what lies under it stays there.
    page.mouse.move(400, 300)
    page.mouse.wheel(0, -400)
    expect(box.get_by_role("button", name="Fit into the window")).to_be_visible()
    assert width() > whole * 1.5
    page.mouse.click(400, 300)
    expect(box.get_by_role("button", name="Show at 100 %")).to_be_visible()

    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("dialog", name="harbour.jpg").get_by_text("3 of 3")).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("dialog", name="coffee-beans.jpg").get_by_text("1 of 3")).to_be_visible()
    expect(page.get_by_role("button", name="Previous image")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(panel.get_by_role("heading", name="coffee-beans.jpg")).to_be_visible()


def test_two_fingers_zoom_a_picture(new_member: OpenMember) -> None:
    page, person = (member := new_member(phone=True)).page, member.person
    fills_library(person, "harbour.jpg")
    page.goto("/dashboard/images")
    tile(page, "harbour.jpg").tap()
    page.get_by_role("dialog", name="Image details").get_by_role("button", name="Look closer").tap()
    box = page.get_by_role("dialog", name="harbour.jpg")
    picture = box.get_by_role("img", name="harbour.jpg")
    before = picture.bounding_box()
    fingers = page.context.new_cdp_session(page)

    def touches(kind: str, *distances: int) -> None:
        for distance in distances:
            points = [{"x": 195 - distance, "y": 430, "id": 0}, {"x": 195 + distance, "y": 430, "id": 1}]
            fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touches("touchStart", 30)
    touches("touchMove", 45, 60, 75, 90)
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(box.get_by_role("button", name="Fit into the window")).to_be_visible()
    after = picture.bounding_box()
    assert before and after
    assert 2.5 < after["width"] / before["width"] < 3.5
    shot(page, "lightbox-pinched-phone-light")
    # A screen that is turned, also one that is wide then, leaves it where it is.
    for width, height in ((844, 390), (1300, 600), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        expect(box).to_be_visible()
    box.get_by_role("button", name="Close").tap()
    expect(box).to_have_count(0)


def test_an_image_gets_another_name(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    (image_id,) = fills_library(person, "img-4711.jpg")
    page.goto("/dashboard/images")
    panel = opens_details(page, "img-4711.jpg")
    panel.get_by_role("button", name="img-4711.jpg", exact=True).click()
    field = panel.get_by_role("textbox", name="Name")
    expect(field).to_be_focused()
    # The ending stays unless it is meant: only what is before it is chosen.
    page.keyboard.type("first-light")
    expect(field).to_have_value("first-light.jpg")
    shot(page, "images-details-naming-wide-light")
    page.keyboard.press("Escape")
    expect(panel.get_by_role("button", name="img-4711.jpg", exact=True)).to_be_focused()
    expect(panel).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.type("harbour")
    page.route("**/api/v1/images/*", lambda route: route.fulfill(status=422, json=TROUBLE), times=1)
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        page.keyboard.press("Enter")
    expect(panel.get_by_text("Not renamed. This did not work.")).to_be_visible()
    expect(field).to_have_value("harbour.jpg")
    page.keyboard.press("Enter")
    expect(panel.get_by_role("heading", name="harbour.jpg")).to_be_visible()
    expect(tile(page, "harbour.jpg")).to_be_visible()
    assert person.client.get(f"/images/{image_id}").json()["original_filename"] == "harbour.jpg"


TROUBLE = {"code": "rule_broken", "detail": "This did not work."}


def test_an_image_is_tagged_and_its_tags_lead_to_others(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    first, second, _ = fills_library(person, "harbour.jpg", "coffee-beans.jpg", "pine-forest.jpg")
    person.client.patch(f"/images/{first}", json={"tags": ["Winter menu"]}).raise_for_status()
    page.goto("/dashboard/images")
    panel = opens_details(page, "coffee-beans.jpg")
    field = panel.get_by_role("combobox", name="Tags")
    field.press_sequentially("wint")
    expect(page.get_by_role("option", name="Winter menu")).to_be_visible()
    shot(page, "images-details-tag-suggestions-wide-light")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    field.press_sequentially("coffee")
    page.keyboard.press("Enter")
    expect(panel.get_by_text("Saved", exact=True)).to_be_visible()
    assert person.client.get(f"/images/{second}").json()["tags"] == ["Winter menu", "coffee"]
    panel_gallery(page, "images-details-tags")
    panel.get_by_role("button", name="Take the tag coffee away").click()
    expect(panel.get_by_text("coffee", exact=True)).to_have_count(0)

    panel.get_by_text("Winter menu", exact=True).click()
    expect(page).to_have_url(re.compile("tag=Winter"))
    expect(page.get_by_role("grid", name="Images").get_by_role("gridcell")).to_have_count(2)
    gallery(page, "images-by-tag")
    assert person.client.get(f"/images/{second}").json()["tags"] == ["Winter menu"]
    page.get_by_role("button", name="Show images without the tag Winter menu as well").click()
    expect(page.get_by_role("grid", name="Images").get_by_role("gridcell")).to_have_count(3)
    page.get_by_role("button", name="Close image details").click()
    page.get_by_role("button", name="Filter by tag").click()
    expect(page.get_by_role("menuitem")).to_have_count(1)
    gallery(page, "images-tag-menu", within="[role=menu]")
    page.get_by_role("menuitem", name=re.compile("^Winter menu")).click()
    expect(page.get_by_role("grid", name="Images").get_by_role("gridcell")).to_have_count(2)


def test_what_the_platforms_get_is_shown_as_a_picture(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    person.keeps_picture(painting("a tall tower", 600, 1200), filename="tower.jpg")
    page.goto("/dashboard/images")
    panel = opens_details(page, "tower.jpg")
    cropped = panel.get_by_role("img", name="As Instagram gets it, cropped")
    whole = panel.get_by_role("img", name="As Facebook gets it, whole")
    expect(panel.get_by_text("600 × 750 JPEG")).to_be_visible()
    expect(panel.get_by_text("Cropped around the centre")).to_be_visible()
    for picture, ratio in ((cropped, 600 / 750), (whole, 600 / 1200)):
        box = picture.bounding_box()
        assert box
        assert abs(box["width"] / box["height"] - ratio) < 0.01
    panel_gallery(page, "images-details-cropped")


def test_where_an_image_is_used_leads_to_its_posts(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    (image_id,) = fills_library(person, "harbour-at-dawn.jpg")
    person.sends(sent := person.writes("First light, first cup", image_ids=[image_id]))
    person.waits_for(sent, "published")
    link = person.waits_for_link(sent)
    person.writes("Winter hours, from December", image_ids=[image_id])
    page.goto("/dashboard/images")
    panel = opens_details(page, "harbour-at-dawn.jpg")
    uses = panel.get_by_role("list", name="Posts with this image")
    expect(uses.get_by_role("listitem")).to_have_count(2)
    expect(uses.get_by_role("link", name=re.compile("^See it on"))).to_have_attribute("href", link)
    uses.scroll_into_view_if_needed()
    panel_gallery(page, "images-details-used")
    uses.get_by_role("button", name=re.compile("^Winter hours")).click()
    expect(composer(page).get_by_label("Text", exact=True)).to_have_value("Winter hours, from December")
    page.keyboard.press("Escape")
    expect(composer(page)).to_have_count(0)
    uses.get_by_role("link", name=re.compile("^First light")).click()
    expect(page).to_have_url(re.compile(rf"/dashboard/posts/{sent}$"))


def test_a_prompt_is_used_again(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    person.client.post(
        "/images/generate",
        json={
            "business_id": person.business_id,
            "prompt": "A lighthouse in fog",
            "size": "1024x1024",
            "style": "vintage",
        },
    ).raise_for_status()
    page.goto("/dashboard/images")
    panel = opens_details(page, "A lighthouse in fog")
    expect(panel.get_by_role("definition").filter(has_text="Free, practice")).to_be_visible()
    panel.get_by_role("button", name="Use this prompt again").click()
    dialog = page.get_by_role("dialog", name="Generate an image")
    expect(dialog.get_by_label("Describe your image")).to_have_value("A lighthouse in fog")
    expect(dialog.get_by_role("radio", name="Vintage")).to_be_checked()


def test_the_same_picture_twice_is_hinted_at(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    picture = Image.fromarray(paint("boats in the harbour", 1200, 900, 11))
    person.keeps_picture(jpeg(picture, quality=92), filename="boats.jpg")
    person.keeps_picture(jpeg(picture.resize((800, 600)), quality=70), filename="boats-small.jpg")
    fills_library(person, "coffee-beans.jpg")
    page.goto("/dashboard/images")
    panel = opens_details(page, "boats.jpg")
    hint = panel.get_by_role("region", name="Similar images")
    expect(hint.get_by_text("Looks like 1 other image.")).to_be_visible()
    panel_gallery(page, "images-details-similar")
    hint.get_by_role("button", name="Show boats-small.jpg, 800 × 600").click()
    expect(panel.get_by_role("heading", name="boats-small.jpg")).to_be_visible()
    expect(hint.get_by_role("button", name=re.compile("^Show boats.jpg"))).to_be_visible()
