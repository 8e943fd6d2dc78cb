"""The library: pictures go in or are refused with a reason, are found again, described, thrown away."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import OpenMember
from tests.browser.member import (
    composer,
    drops,
    fills_library,
    on_disk,
    painting,
    picks,
    tile,
)
from tests.browser.screen import gallery, shot
from tests.factories_pictures import flat, jpeg
from tests.person import Person
from tests.practice_server import poll
from tests.servers.product import Product

SUBJECTS = (
    "harbour-at-dawn",
    "coffee-beans",
    "pine-forest",
    "rose-garden",
    "snow-on-the-hills",
    "city-at-night",
)


def expect_order(page: Page, *names: str) -> None:
    """The grid shows exactly these pictures, in this order."""
    cells = page.get_by_role("grid", name="Images").get_by_role("gridcell")
    expect(cells).to_have_count(len(names))
    for cell, name in zip([cells.nth(place) for place in range(len(names))], names, strict=True):
        expect(cell.get_by_role("button").first).to_have_accessible_name(re.compile(f"^{re.escape(name)}"))


def library_size(person: Person) -> int:
    """How many images the business has, the trash not counted."""
    answer = person.client.get("/images/list", params={"business_id": person.business_id})
    return int(answer.json()["total"])


def files_in(product: Product) -> set[Path]:
    """Everything that the product keeps on disk besides its databases."""
    return {path for path in product.data_dir.rglob("*") if path.is_file() and ".db" not in path.name}


def test_an_empty_library_shows_the_ways_to_begin(new_member: OpenMember) -> None:
    page = new_member().page
    page.goto("/dashboard/images")
    expect(page.get_by_role("heading", name="Add your first pictures")).to_be_visible()
    gallery(page, "images-empty")


def test_files_that_are_no_good_are_refused_in_words_and_leave_nothing(
    new_member: OpenMember, product: Product, tmp_path: Path
) -> None:
    page, person = (member := new_member()).page, member.person
    page.goto("/dashboard/images")
    expect(page.get_by_role("heading", name="Add your first pictures")).to_be_visible()
    before = files_in(product)
    whole = painting("harbour")
    drops(
        page,
        on_disk(tmp_path, "notes.jpg", b"These are words, not a picture.\n" * 40),
        on_disk(tmp_path, "stamp.jpg", jpeg(flat((200, 90, 40), 100, 100))),
        on_disk(tmp_path, "poster.jpg", jpeg(flat((40, 90, 200), 5000, 5000), quality=20)),
        on_disk(tmp_path, "torn.jpg", whole[: len(whole) // 2]),
        on_disk(tmp_path, "enormous.jpg", whole + b"\0" * 20_000_000),
    )
    tray = page.get_by_role("region", name="Uploads")
    expect(tray.get_by_text("5 files not uploaded")).to_be_visible()
    for name, words in {
        "notes.jpg": "This file is not a picture that we can take. "
        "Use a JPEG, PNG, GIF, WebP, HEIC or AVIF picture.",
        "stamp.jpg": "This picture is 100 × 100 pixels. Use one that is at least 400 pixels on each side.",
        "poster.jpg": "This picture is 5000 × 5000 pixels. Make it at most 4096 pixels on each side",
        "torn.jpg": "This picture is damaged or incomplete. Save or export it again and use the new file.",
        "enormous.jpg": "The file is larger than 10 MiB. Make it smaller",
    }.items():
        expect(tray.get_by_role("listitem").filter(has_text=name)).to_contain_text(words)
    gallery(page, "images-refused")
    assert library_size(person) == 0
    assert files_in(product) == before
    # They have been read: the list can be closed, and a good one is taken as ever.
    tray.get_by_role("button", name="Close the list of uploads").click()
    expect(tray).to_have_count(0)
    picks(
        page,
        page.get_by_role("button", name="Upload", exact=True),
        on_disk(tmp_path, "harbour.jpg", whole),
    )
    expect(tile(page, "harbour.jpg")).to_be_visible()


def test_an_upload_can_be_cancelled_on_its_way_and_the_same_file_is_kept_once(
    new_member: OpenMember, tmp_path: Path
) -> None:
    page, person = (member := new_member()).page, member.person
    held: list[Route] = []
    page.route("**/api/v1/images/upload", lambda route: held.append(route))
    page.goto("/dashboard/images")
    expect(page.get_by_role("heading", name="Add your first pictures")).to_be_visible()
    harbour = on_disk(tmp_path, "harbour.jpg", painting("harbour"))
    drops(page, harbour)
    tray = page.get_by_role("region", name="Uploads")
    tray.get_by_role("button", name="Cancel harbour.jpg").click()
    expect(tray).to_have_count(0)
    page.unroute_all(behavior="ignoreErrors")

    drops(page, harbour)
    expect(tile(page, "harbour.jpg")).to_be_visible()
    drops(page, harbour)
    expect(tray.get_by_role("listitem").get_by_text("Already in your library")).to_be_visible()
    assert library_size(person) == 1


def test_uploads_go_on_when_the_connection_comes_back(new_member: OpenMember, tmp_path: Path) -> None:
    page = new_member(trouble=True).page
    page.goto("/dashboard/images")
    expect(page.get_by_role("heading", name="Add your first pictures")).to_be_visible()
    page.context.set_offline(True)
    expect(page.get_by_text("You are offline.")).to_be_visible()
    drops(page, on_disk(tmp_path, "harbour.jpg", painting("harbour")))
    tray = page.get_by_role("region", name="Uploads")
    expect(tray.get_by_role("listitem")).to_contain_text("Waiting for the connection")
    gallery(page, "images-offline")
    page.context.set_offline(False)
    expect(tile(page, "harbour.jpg")).to_be_visible()
    expect(page.get_by_text("You are offline.")).to_have_count(0)


def test_images_are_found_by_kind_words_and_order(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    ids = fills_library(person, *(f"{subject}.jpg" for subject in SUBJECTS))
    person.client.post(
        "/images/generate",
        json={"business_id": person.business_id, "prompt": "A lighthouse in fog", "size": "1024x1024"},
    ).raise_for_status()
    person.client.patch(
        f"/images/{ids[3]}", json={"alt_text": "Roses beside the bakery door"}
    ).raise_for_status()
    for text in ("One", "Two"):
        person.sends(post_id := person.writes(text, image_ids=[ids[1]]))
        person.waits_for(post_id, "published")
    newest_first = [f"{subject}.jpg" for subject in reversed(SUBJECTS)]
    newest_first[2] = "Roses beside the bakery door"

    page.goto("/dashboard/images")
    expect_order(page, "A lighthouse in fog", *newest_first)
    expect(tile(page, "A lighthouse in fog")).to_have_accessible_name(re.compile("AI generated"))
    gallery(page, "images")

    kinds = page.get_by_role("group", name="Which images")
    kinds.get_by_role("radio", name="AI generated").check()
    expect_order(page, "A lighthouse in fog")
    kinds.get_by_role("radio", name="Uploaded").check()
    expect_order(page, *newest_first)
    kinds.get_by_role("radio", name="Unused").check()
    expect_order(page, "A lighthouse in fog", *(name for name in newest_first if name != "coffee-beans.jpg"))
    kinds.get_by_role("radio", name="All", exact=True).check()

    page.get_by_role("button", name="Order: Newest").click()
    page.get_by_role("menuitemradio", name="Most used").click()
    first = page.get_by_role("grid", name="Images").get_by_role("gridcell").first
    expect(first.get_by_role("button").first).to_have_accessible_name("coffee-beans.jpg, used 2 times")
    page.get_by_role("button", name="Order: Most used").click()
    gallery(page, "images-order-menu", within="[role=menu]")
    page.get_by_role("menuitemradio", name="Oldest").click()
    expect_order(page, *reversed(newest_first), "A lighthouse in fog")

    search = page.get_by_role("searchbox", name="Search your images")
    search.fill("bakery")
    expect_order(page, "Roses beside the bakery door")
    expect(page).to_have_url(re.compile("search=bakery"))
    search.fill("lighthouse")
    expect_order(page, "A lighthouse in fog")
    search.fill("nothing like it")
    expect(page.get_by_text("Nothing found for “nothing like it”")).to_be_visible()
    gallery(page, "images-nothing-found")
    page.get_by_role("button", name="Show all images").click()
    expect_order(page, *reversed(newest_first), "A lighthouse in fog")
    expect(search).to_have_value("")


def test_details_tell_all_about_an_image_and_keep_its_alt_text(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    (image_id,) = fills_library(person, "harbour-at-dawn.jpg")
    person.sends(post_id := person.writes("First light", image_ids=[image_id]))
    person.waits_for(post_id, "published")
    page.goto("/dashboard/images")
    tile(page, "harbour-at-dawn.jpg").click()
    panel = page.get_by_role("complementary", name="Image details")
    expect(panel.get_by_role("heading", name="harbour-at-dawn.jpg")).to_be_visible()
    expect(panel.get_by_text("900 × 675 · ")).to_be_visible()
    expect(panel.get_by_text("Ready for Instagram and Facebook")).to_be_visible()
    expect(panel.get_by_role("list", name="Posts with this image")).to_contain_text("First light")
    gallery(page, "images-details")

    panel.get_by_label("Alt text").fill("Boats before sunrise")
    expect(panel.get_by_text("Saved", exact=True)).to_be_visible()
    assert person.client.get(f"/images/{image_id}").json()["alt_text"] == "Boats before sunrise"
    page.reload()
    expect(panel.get_by_label("Alt text")).to_have_value("Boats before sunrise")

    panel.get_by_role("button", name="Use in a post").click()
    modal = composer(page)
    expect(modal.get_by_role("list", name="Images in this post").get_by_role("listitem")).to_have_count(1)
    expect(modal.get_by_label("Alt text")).to_have_value("Boats before sunrise")
    # Nothing was written: closing asks nothing, and what was there before is still there.
    page.keyboard.press("Escape")
    expect(modal).to_have_count(0)
    expect(panel).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)


def test_a_deleted_image_comes_back_by_undo_or_from_the_trash_until_it_is_gone_for_good(
    new_member: OpenMember, product: Product
) -> None:
    page, person = (member := new_member()).page, member.person
    before = files_in(product)
    fills_library(person, "harbour.jpg", "coffee-beans.jpg")
    page.goto("/dashboard/images")
    tile(page, "coffee-beans.jpg").hover()
    # The other picture slides under the pointer between the two clicks: it was not meant.
    page.get_by_role("button", name="Delete coffee-beans.jpg").dblclick()
    expect_order(page, "harbour.jpg")
    expect(page.get_by_text("Moved to the trash")).to_be_visible()
    shot(page, "images-deleted-wide-light")
    page.get_by_role("button", name="Undo").click()
    expect_order(page, "coffee-beans.jpg", "harbour.jpg")

    tile(page, "harbour.jpg").focus()
    page.keyboard.press("Delete")
    expect(page.get_by_text("Moved to the trash").last).to_be_visible()
    page.get_by_role("button", name="Open the trash").click()
    trash = page.get_by_role("grid", name="Images in the trash")
    expect(trash.get_by_role("gridcell")).to_have_count(1)
    gallery(page, "images-trash")
    tile(page, "harbour.jpg").click()
    choice = page.get_by_role("dialog", name="harbour.jpg")
    gallery(page, "images-trashed")
    choice.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("The trash is empty")).to_be_visible()
    gallery(page, "images-trash-empty")
    page.get_by_role("button", name="All images", exact=True).click()
    expect_order(page, "coffee-beans.jpg", "harbour.jpg")

    for name in ("harbour.jpg", "coffee-beans.jpg"):
        tile(page, name).focus()
        page.keyboard.press("Delete")
        expect(tile(page, name)).to_have_count(0)
    page.get_by_role("button", name="2 images in the trash").click()
    for left in (1, 0):
        trash.get_by_role("gridcell").first.get_by_role("button").click()
        page.get_by_role("button", name="Delete for good").click()
        page.get_by_role("button", name="Delete for good").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(trash.get_by_role("gridcell")).to_have_count(left)
    poll(lambda: files_in(product) <= before or None, what="the end of the files")


def test_an_image_is_painted_in_the_library_and_put_into_a_post(new_member: OpenMember) -> None:
    page = new_member().page
    page.goto("/dashboard/images")
    page.get_by_role("button", name="Generate an image").click()
    dialog = page.get_by_role("dialog", name="Generate an image")
    dialog.get_by_role("button", name="Generate · free").click()
    expect(dialog.get_by_text("Describe the picture you want.")).to_be_visible()
    dialog.get_by_label("Describe your image").fill("Morning fog over a quiet lake")
    dialog.get_by_role("radio", name="Portrait").check()
    dialog.get_by_role("button", name="Generate · free").click()
    expect(dialog.get_by_role("img", name="Morning fog over a quiet lake")).to_be_visible()
    dialog.get_by_role("button", name="Keep in library").click()
    expect(tile(page, "Morning fog over a quiet lake")).to_be_visible()
    tile(page, "Morning fog over a quiet lake").click()
    panel = page.get_by_role("complementary", name="Image details")
    expect(panel.get_by_text("practice-image-1")).to_be_visible()
    gallery(page, "images-details-ai")
    panel.get_by_role("button", name="Use in a post").click()
    expect(composer(page).get_by_text("This image was made with AI.")).to_be_visible()


def test_a_library_that_is_loading_or_does_not_answer_says_so(new_member: OpenMember) -> None:
    page, person = (member := new_member(trouble=True)).page, member.person
    fills_library(person, "harbour.jpg")
    held: list[Route] = []
    page.route("**/api/v1/images/list?**", lambda route: held.append(route))
    page.goto("/dashboard/images")
    expect(page.get_by_text("Loading images")).to_be_visible()
    gallery(page, "images-loading")
    # No answer at all: it tries three times before it says so.
    page.route("**/api/v1/images/list?**", lambda route: route.abort())
    for route in held:
        route.abort()
    expect(page.get_by_text("Your images could not be loaded")).to_be_visible()
    expect(page.get_by_text("Nothing is lost.")).to_be_visible()
    gallery(page, "images-error")
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(tile(page, "harbour.jpg")).to_be_visible()
