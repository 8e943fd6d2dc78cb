"""A library too long to look through: any part of it is at hand, and what is looked at stays in place."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, urlsplit

import httpx
from playwright.sync_api import Page, Request, Route, expect

from tests.browser.conftest import OpenMember
from tests.browser.member import fills_library, tile
from tests.browser.screen import shot
from tests.factories_library import multiplies_images
from tests.practice_server import poll
from tests.servers.product import Product

COUNT = 6_000
SEEDS = ("harbour-at-dawn.jpg", "coffee-beans.jpg", "pine-forest.jpg", "city-at-night.jpg")


def opens_large_library(page: Page, member_ids: list[int], product: Product) -> list[str]:
    """The library with thousands of images; returns the pages that are asked for, as they are."""
    multiplies_images(product.data_dir, member_ids, COUNT)
    asked: list[str] = []

    def on_request(request: Request) -> None:
        address = urlsplit(request.url)
        if address.path.endswith("/images/list"):
            asked.extend(parse_qs(address.query).get("page", ["cursor"]))

    page.on("request", on_request)
    page.goto("/dashboard/images")
    expect(tile(page, SEEDS[-1])).to_be_visible()
    return asked


def test_any_part_of_a_long_library_is_reached_at_once(new_member: OpenMember, product: Product) -> None:
    page, person = (member := new_member()).page, member.person
    asked = opens_large_library(page, fills_library(person, *SEEDS), product)
    grid = page.get_by_role("grid", name="Images")
    columns = int(grid.get_attribute("aria-colcount") or 0)
    expect(grid).to_have_attribute("aria-rowcount", str(-(-(COUNT + len(SEEDS)) // columns)))
    expect(page.get_by_text("6,004 ·")).to_be_visible()

    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    expect(tile(page, "photo-000001.jpg")).to_be_visible()
    # From one end to the other without what lies between.
    assert len(asked) <= 6, asked
    assert "101" in asked
    shot(page, "images-large-end-wide-light")
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight / 2)")
    expect(tile(page, "photo-003001.jpg").or_(tile(page, "photo-003000.jpg")).first).to_be_visible()
    assert page.get_by_role("gridcell").count() < 200
    page.evaluate("scrollTo(0, 0)")
    expect(tile(page, SEEDS[-1])).to_be_visible()

    tile(page, SEEDS[-1]).focus()
    page.keyboard.press("End")
    expect(tile(page, "photo-000001.jpg")).to_be_focused()
    page.keyboard.press("Home")
    expect(tile(page, SEEDS[-1])).to_be_focused()


def test_what_is_looked_at_stays_in_its_place_when_the_panel_opens(
    new_member: OpenMember, product: Product
) -> None:
    page, person = (member := new_member()).page, member.person
    opens_large_library(page, fills_library(person, *SEEDS), product)
    page.evaluate("scrollTo(0, 40_000)")
    cell = page.locator("[role=gridcell][data-image]").filter(visible=True)
    expect(cell.first).to_be_visible()
    name = poll(lambda: middle_name(page), what="an image in the middle of the window")
    picture = tile(page, name)
    picture.click(modifiers=["ControlOrMeta"])
    before = picture.bounding_box()
    columns = page.get_by_role("grid").get_attribute("aria-colcount")
    picture.click()
    expect(page.get_by_role("complementary", name="Image details")).to_be_visible()
    expect(page.get_by_role("grid")).not_to_have_attribute("aria-colcount", columns or "")
    after = picture.bounding_box()
    assert before and after
    assert abs(before["y"] - after["y"]) < 2
    expect(page.get_by_role("checkbox", name=f"Select {name}")).to_be_checked()
    shot(page, "images-large-panel-wide-light")
    page.get_by_role("button", name="Close image details").click()
    expect(page.get_by_role("grid")).to_have_attribute("aria-colcount", columns or "")
    back = picture.bounding_box()
    assert back
    assert abs(before["y"] - back["y"]) < 2


def middle_name(page: Page) -> str | None:
    """The name of the image in the middle of the window, once it is known."""
    name: str | None = page.evaluate(
        "document.elementsFromPoint(700, 450).find((it) => it.matches('[data-tile]'))?.ariaLabel ?? null"
    )
    return name


def test_shift_reaches_over_what_was_never_loaded(new_member: OpenMember, product: Product) -> None:
    page, person = (member := new_member()).page, member.person
    opens_large_library(page, fills_library(person, *SEEDS), product)
    page.get_by_role("checkbox", name=f"Select {SEEDS[-1]}").click()
    # Four were uploaded; photo-006000 follows them at place 5, so this one is at place 301.
    row = 300 // int(page.get_by_role("grid").get_attribute("aria-colcount") or 1)
    height = page.get_by_role("row").first.bounding_box()
    assert height
    page.evaluate(f"scrollTo(0, {row * (height['height'] + 10)})")
    tile(page, "photo-005704.jpg").click(modifiers=["Shift"])
    expect(page.get_by_text("301 images selected", exact=True)).to_be_attached()
    page.keyboard.press("Escape")
    # As many as can be chosen at once, and no more.
    page.get_by_role("checkbox", name="Select photo-005704.jpg").click()
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    tile(page, "photo-000001.jpg").click(modifiers=["Shift"])
    expect(page.get_by_text("500 images selected, which is the most")).to_be_attached()


def test_a_page_that_was_open_for_days_fetches_new_addresses_of_its_pictures(new_member: OpenMember) -> None:
    page, person = (member := new_member()).page, member.person
    fills_library(person, *SEEDS)
    answers: list[str] = []

    def with_ended_addresses(route: Route) -> None:
        answer = route.fetch()
        body = answer.text()
        if not answers:
            # As the page got them long ago: they have ended since.
            listed = json.loads(body)
            for image in listed["images"]:
                image["thumbnail_url"] = re.sub(r"\?e=\d+", "?e=1700000000", image["thumbnail_url"])
            body = json.dumps(listed)
        answers.append(body)
        route.fulfill(response=answer, body=body)

    page.route("**/api/v1/images/list?**", with_ended_addresses)
    page.goto("/dashboard/images")
    # Not the placeholders, which are pictures as well.
    pictures = page.get_by_role("grid", name="Images").locator("img[src*='/media/']")
    for place in range(len(SEEDS)):
        expect(pictures.nth(place)).to_have_css("opacity", "1")
        assert pictures.nth(place).evaluate("it => it.naturalWidth") > 0
    expect(pictures).to_have_count(len(SEEDS))
    # Once for all of them.
    assert len(answers) == 2


def test_the_code_of_the_page_travels_compressed(new_member: OpenMember) -> None:
    page = new_member().page
    encodings: dict[str, str | None] = {}
    page.on(
        "response",
        lambda it: (
            encodings.update({it.url: it.header_value("content-encoding")})
            if it.url.endswith((".js", ".css")) and "/assets/" in it.url
            else None
        ),
    )
    page.goto("/dashboard/images")
    expect(page.get_by_role("heading", name="Add your first pictures")).to_be_visible()
    plain = {url: httpx.get(url, headers={"Accept-Encoding": "identity"}).content for url in dict(encodings)}
    large = {url: encodings[url] for url, content in plain.items() if len(content) > 2_000}
    assert large
    assert set(large.values()) == {"br"}, large
    # Whoever can unpack only the older kind gets that, and everybody gets the same.
    url = max(plain, key=lambda it: len(plain[it]))
    older = httpx.get(url, headers={"Accept-Encoding": "gzip, deflate"})
    assert older.headers["Content-Encoding"] == "gzip"
    assert older.content == plain[url]
    assert older.headers["Content-Type"] == httpx.head(url).headers["Content-Type"]
    assert older.headers["Vary"] == "Accept-Encoding"
