"""Several images at once: chosen with the mouse, the keys or a finger; thrown away, tagged, fetched, used."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenMember
from tests.browser.member import composer, fills_library, tile
from tests.browser.screen import PHONE, gallery, shot
from tests.person import Person

NAMES = tuple(
    f"{subject}.jpg"
    for subject in (
        "harbour-at-dawn",
        "coffee-beans",
        "pine-forest",
        "rose-garden",
        "snow-on-the-hills",
        "city-at-night",
        "sea-in-summer",
        "autumn-lake",
        "bakery-door",
    )
)
"""In the order in which they come into the library: the grid shows the last one first."""


def bar(page: Page) -> Locator:
    """What can be done with all that is chosen."""
    return page.get_by_role("toolbar", name="Selected images")


def check_of(page: Page, name: str) -> Locator:
    """The check on the picture of this name."""
    return page.get_by_role("checkbox", name=f"Select {name}")


def expect_chosen(page: Page, *names: str) -> None:
    """Exactly these are chosen, for the eye and for a screen reader."""
    chosen = page.get_by_role("grid").locator("[role=gridcell][aria-selected=true]")
    expect(chosen).to_have_count(len(names))
    for name in names:
        expect(check_of(page, name)).to_be_checked()
    if names:
        plural = "" if len(names) == 1 else "s"
        expect(page.get_by_text(f"{len(names)} image{plural} selected", exact=True)).to_be_attached()
    else:
        expect(bar(page)).to_have_count(0)


def schedules(person: Person, text: str, image_id: int) -> int:
    """A post that is planned for tomorrow; returns its id."""
    post_id = person.writes(text, image_ids=[image_id])
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    person.client.post(f"/posts/{post_id}/schedule", json={"scheduled_at": tomorrow}).raise_for_status()
    return post_id


def trashed(person: Person) -> list[str]:
    """The names of what is in the trash, sorted."""
    answer = person.client.get(
        "/images/list", params={"business_id": person.business_id, "filter": "trashed", "limit": 100}
    )
    return sorted(image["original_filename"] for image in answer.json()["images"])


def test_images_are_chosen_with_the_mouse_and_pressing_one_still_opens_it(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    fills_library(person, *NAMES)
    page.goto("/dashboard/images")
    expect(page.get_by_role("grid", name="Images")).to_have_attribute("aria-multiselectable", "true")
    tile(page, "bakery-door.jpg").hover()
    check_of(page, "bakery-door.jpg").click()
    expect_chosen(page, "bakery-door.jpg")
    tile(page, "snow-on-the-hills.jpg").click(modifiers=["Shift"])
    between = ("bakery-door.jpg", "autumn-lake.jpg", "sea-in-summer.jpg", "city-at-night.jpg")
    expect_chosen(page, *between, "snow-on-the-hills.jpg")
    # Less far: what was reached before is given up again.
    check_of(page, "city-at-night.jpg").click(modifiers=["Shift"])
    expect_chosen(page, *between)
    tile(page, "harbour-at-dawn.jpg").click(modifiers=["ControlOrMeta"])
    tile(page, "sea-in-summer.jpg").click(modifiers=["ControlOrMeta"])
    expect_chosen(page, "bakery-door.jpg", "autumn-lake.jpg", "city-at-night.jpg", "harbour-at-dawn.jpg")
    gallery(page, "images-chosen")

    tile(page, "pine-forest.jpg").click()
    panel = page.get_by_role("complementary", name="Image details")
    expect(panel.get_by_role("heading", name="pine-forest.jpg")).to_be_visible()
    expect_chosen(page, "bakery-door.jpg", "autumn-lake.jpg", "city-at-night.jpg", "harbour-at-dawn.jpg")
    shot(page, "images-chosen-and-open-wide-light")
    page.keyboard.press("Escape")
    expect_chosen(page)
    expect(panel).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    # Another view begins with nothing chosen.
    check_of(page, "bakery-door.jpg").click()
    bar(page).get_by_role("button", name="Clear the selection").click()
    expect_chosen(page)
    check_of(page, "bakery-door.jpg").click()
    page.get_by_role("button", name="Clear the selection").click()
    page.get_by_role("radio", name="Uploaded").check()
    expect_chosen(page)


def test_images_are_chosen_and_thrown_away_with_the_keys_alone(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    fills_library(person, *NAMES)
    page.goto("/dashboard/images")
    tile(page, "bakery-door.jpg").focus()
    page.keyboard.press("Space")
    expect_chosen(page, "bakery-door.jpg")
    expect(page.get_by_role("complementary", name="Image details")).to_have_count(0)
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect_chosen(page, "bakery-door.jpg", "autumn-lake.jpg", "sea-in-summer.jpg")
    expect(tile(page, "sea-in-summer.jpg")).to_be_focused()
    shot(page, "keyboard-chosen-wide-light")
    page.keyboard.press("Shift+ArrowLeft")
    expect_chosen(page, "bakery-door.jpg", "autumn-lake.jpg")
    page.keyboard.press("Space")
    expect_chosen(page, "bakery-door.jpg")
    page.keyboard.press("ControlOrMeta+a")
    expect_chosen(page, *NAMES)
    page.keyboard.press("Escape")
    expect_chosen(page)
    expect(tile(page, "autumn-lake.jpg")).to_be_focused()

    page.keyboard.press("Home")
    page.keyboard.press("Shift+ArrowRight")
    expect_chosen(page, "bakery-door.jpg", "autumn-lake.jpg")
    page.keyboard.press("Delete")
    expect(page.get_by_text("2 images moved to the trash")).to_be_visible()
    expect_chosen(page)
    assert trashed(person) == ["autumn-lake.jpg", "bakery-door.jpg"]
    # The keyboard stays at its place, where other images have moved up.
    expect(tile(page, "city-at-night.jpg")).to_be_focused()


def test_a_finger_that_rests_begins_to_choose_and_taps_choose_more(new_member: OpenMember) -> None:
    page, person = (member := new_member(phone=True)).page, member.person
    fills_library(person, *NAMES)
    page.goto("/dashboard/images")
    expect(tile(page, "bakery-door.jpg")).to_be_visible()
    box = tile(page, "bakery-door.jpg").bounding_box()
    assert box
    finger = page.context.new_cdp_session(page)
    at = [{"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}]
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": at})
    expect_chosen(page, "bakery-door.jpg")
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect_chosen(page, "bakery-door.jpg")
    tile(page, "autumn-lake.jpg").tap()
    tile(page, "pine-forest.jpg").tap()
    expect_chosen(page, "bakery-door.jpg", "autumn-lake.jpg", "pine-forest.jpg")
    gallery(page, "images-chosen-by-finger")
    page.set_viewport_size({"width": 360, "height": 740})
    shot(page, "images-chosen-360-light")
    page.set_viewport_size(PHONE)
    tile(page, "autumn-lake.jpg").tap()
    expect_chosen(page, "bakery-door.jpg", "pine-forest.jpg")
    bar(page).get_by_role("button", name="2 selected. Clear").tap()
    expect_chosen(page)
    # With nothing chosen a tap opens, as ever.
    tile(page, "autumn-lake.jpg").tap()
    expect(page.get_by_role("dialog", name="Image details")).to_be_visible()


def test_many_images_go_to_the_trash_at_once_and_those_that_are_planned_stay(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    ids = dict(zip(NAMES, fills_library(person, *NAMES), strict=True))
    schedules(person, "Winter hours, from December", ids["rose-garden.jpg"])
    person.sends(sent := person.writes("First light, first cup", image_ids=[ids["pine-forest.jpg"]]))
    person.waits_for(sent, "published")
    page.goto("/dashboard/images")
    tile(page, "bakery-door.jpg").focus()
    page.keyboard.press("ControlOrMeta+a")
    expect_chosen(page, *NAMES)
    bar(page).get_by_role("button", name="Delete").click()
    # Published posts show one of them: it asks once, naming them.
    asks = page.get_by_role("dialog", name="Delete 9 images?")
    expect(asks.get_by_text("“First light, first cup”")).to_be_visible()
    gallery(page, "images-delete-published")
    asks.get_by_role("button", name="Cancel").click()
    expect(asks).to_have_count(0)
    expect_chosen(page, *NAMES)
    bar(page).get_by_role("button", name="Delete").click()
    asks.get_by_role("button", name="Move 9 images to the trash").click()
    expect(page.get_by_text("8 images moved to the trash")).to_be_visible()
    expect(page.get_by_text("One image stays: a scheduled post needs it.")).to_be_visible()
    expect(tile(page, "rose-garden.jpg")).to_be_visible()
    expect(page.get_by_role("grid").get_by_role("gridcell")).to_have_count(1)
    gallery(page, "images-deleted-many")
    assert "rose-garden.jpg" not in trashed(person)
    page.get_by_role("button", name="“Winter hours, from December”").click()
    expect(page).to_have_url(re.compile("/dashboard/posts.*scheduled"))
    page.go_back()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("grid").get_by_role("gridcell")).to_have_count(9)
    assert trashed(person) == []


def test_an_image_that_is_planned_stays_and_the_post_is_named(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    (image_id,) = fills_library(person, "rose-garden.jpg")
    schedules(person, "Winter hours, from December", image_id)
    page.goto("/dashboard/images")
    tile(page, "rose-garden.jpg").focus()
    page.keyboard.press("Delete")
    expect(page.get_by_text("rose-garden.jpg was not deleted").last).to_be_visible()
    expect(page.get_by_role("button", name="“Winter hours, from December”")).to_be_visible()
    expect(tile(page, "rose-garden.jpg")).to_be_visible()
    shot(page, "images-planned-stays-wide-light")


def test_many_images_come_back_from_the_trash_at_once(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    for image_id in fills_library(person, *NAMES[:4]):
        person.client.delete(f"/images/{image_id}").raise_for_status()
    page.goto("/dashboard/images?filter=trashed")
    expect(page.get_by_text("Images stay here for 30 days.")).to_be_visible()
    check_of(page, "harbour-at-dawn.jpg").click()
    tile(page, "pine-forest.jpg").click(modifiers=["Shift"])
    expect_chosen(page, "harbour-at-dawn.jpg", "coffee-beans.jpg", "pine-forest.jpg")
    gallery(page, "images-trash-chosen")
    bar(page).get_by_role("button", name="Restore").click()
    expect(page.get_by_text("3 images back in the library")).to_be_visible()
    expect(page.get_by_role("grid").get_by_role("gridcell")).to_have_count(1)
    assert trashed(person) == ["rose-garden.jpg"]
    tile(page, "rose-garden.jpg").click()
    expect(page.get_by_role("dialog").get_by_text("Gone for good in 30 days.")).to_be_visible()


def test_many_images_are_tagged_at_once(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    ids = fills_library(person, *NAMES[:4])
    person.client.patch(f"/images/{ids[0]}", json={"tags": ["harbour", "dawn"]}).raise_for_status()
    person.client.patch(f"/images/{ids[1]}", json={"tags": ["harbour"]}).raise_for_status()
    page.goto("/dashboard/images")
    tile(page, "harbour-at-dawn.jpg").focus()
    page.keyboard.press("ControlOrMeta+a")
    bar(page).get_by_role("button", name="Tag").click()
    dialog = page.get_by_role("dialog", name="Tag 4 images")
    harbour, dawn = (dialog.get_by_role("checkbox", name=re.compile(tag)) for tag in ("harbour", "dawn"))
    expect(harbour).to_be_checked(indeterminate=True)
    expect(dialog.get_by_text("2 of 4")).to_be_visible()
    harbour.click()
    expect(harbour).to_be_checked()
    dawn.click()
    dawn.click()
    expect(dawn).not_to_be_checked()
    dialog.get_by_label("Add tags").fill("menu")
    expect(page.get_by_role("option", name="New tag “menu”")).to_be_visible()
    shot(page, "images-tag-suggestions-wide-light")
    page.keyboard.press("Enter")
    dialog.get_by_label("Add tags").press_sequentially("winter,")
    expect(dialog.get_by_role("button", name="Take the tag winter away")).to_be_visible()
    gallery(page, "images-tag-dialog")
    dialog.get_by_role("button", name="Save tags").click()
    expect(dialog).to_have_count(0)
    # They stay chosen, for what is to be done with them next, which sees their new tags.
    expect_chosen(page, *NAMES[:4])
    bar(page).get_by_role("button", name="Tag").click()
    expect(page.get_by_role("dialog").get_by_role("checkbox", name=re.compile("winter"))).to_be_checked()
    page.keyboard.press("Escape")
    for image_id in ids:
        tags = person.client.get(f"/images/{image_id}").json()["tags"]
        assert sorted(tags) == ["harbour", "menu", "winter"]


def test_many_images_are_fetched_as_one_file(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    fills_library(person, *NAMES[:3])
    page.goto("/dashboard/images")
    check_of(page, "pine-forest.jpg").click()
    with page.expect_download() as one:
        bar(page).get_by_role("button", name="Download").click()
    assert one.value.suggested_filename == "pine-forest.jpg"
    check_of(page, "coffee-beans.jpg").click()
    with page.expect_download() as many:
        bar(page).get_by_role("button", name="Download").click()
    content = Path(many.value.path()).read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert sorted(archive.namelist()) == ["coffee-beans.jpg", "pine-forest.jpg"]
        assert archive.testzip() is None


def test_an_image_is_dragged_into_a_new_post_and_what_is_chosen_goes_along(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    fills_library(person, *NAMES[:5])
    page.goto("/dashboard/images")
    takes(page, tile(page, "rose-garden.jpg"))
    target = page.get_by_text("New post with this image")
    expect(target).to_be_visible()
    gallery_of_drag(page, "images-drag")
    page.keyboard.press("Escape")
    expect(target).to_have_count(0)
    page.mouse.up()
    expect(page.get_by_role("complementary", name="Image details")).to_have_count(0)

    takes(page, tile(page, "rose-garden.jpg"))
    page.mouse.move(700, 300)
    page.mouse.up()
    expect(composer(page)).to_have_count(0)
    takes(page, tile(page, "rose-garden.jpg"))
    brings(page, target)
    strip = composer(page).get_by_role("list", name="Images in this post").get_by_role("listitem")
    expect(strip).to_have_count(1)
    expect(strip.get_by_role("button", name="rose-garden.jpg").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(composer(page)).to_have_count(0)

    check_of(page, "coffee-beans.jpg").click()
    check_of(page, "pine-forest.jpg").click()
    takes(page, tile(page, "pine-forest.jpg"))
    expect(page.get_by_text("New post with 2 images")).to_be_visible()
    shot(page, "images-drag-many-wide-light")
    brings(page, page.get_by_text("New post with 2 images"))
    expect(strip).to_have_count(2)
    expect(strip.get_by_role("button", name="pine-forest.jpg").first).to_be_visible()


def takes(page: Page, picture: Locator) -> None:
    """Press the mouse on a picture and move."""
    picture.hover()
    box = picture.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y + 20)
    page.mouse.move(x + 80, y + 60)


def brings(page: Page, target: Locator) -> None:
    """Move what is held there, and let go."""
    box = target.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    expect(page.get_by_text("Let go to begin")).to_be_visible()
    shot(page, "images-drag-over-wide-light")
    page.mouse.up()


def gallery_of_drag(page: Page, name: str) -> None:
    """While something is held the window keeps its size: only the themes."""
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        shot(page, f"{name}-wide-{theme}")
    page.emulate_media(color_scheme="light")
