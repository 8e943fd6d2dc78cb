"""Each screen as everybody gets it: on any width, in both themes, for viewers, and when things go wrong."""

from __future__ import annotations

import re
import uuid

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import OpenMember
from tests.browser.member import PASSWORD, Member, fills_library, tile
from tests.browser.screen import gallery, shot
from tests.practice_server import poll
from tests.servers.product import Product

SUBJECTS = (
    "harbour-at-dawn",
    "coffee-beans",
    "pine-forest",
    "rose-garden",
    "snow-on-the-hills",
    "city-at-night",
    "sea-in-summer",
    "autumn-lake",
)
TROUBLE = {"code": "internal_error", "detail": "This did not work. Try again in a moment."}


def lives_in(member: Member) -> list[int]:
    """A business that has been at work for a while: images (their ids), posts that went out, a draft."""
    person = member.person
    ids = fills_library(person, *(f"{subject}.jpg" for subject in SUBJECTS))
    texts = (
        "First light, first cup. The harbour is yours before the ferries are.",
        "New beans from Huila",
        "A quiet walk after closing",
    )
    post_ids = [
        person.writes(text, image_ids=[image_id], platforms=("instagram", "facebook"))
        for text, image_id in zip(texts, ids, strict=False)
    ]
    for post_id in post_ids:
        person.sends(post_id)
    for post_id in post_ids:
        person.waits_for(post_id, "published")
    person.writes("Winter hours, from December", image_ids=[ids[4]])
    return ids


def expect_no_sideways_scrolling(page: Page) -> None:
    """Nothing is wider than the window."""
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.evaluate("innerWidth"), f"{page.url} is {width} px wide"


def test_every_screen_fits_every_width(new_member: OpenMember) -> None:
    page = (member := new_member()).page
    image_id = lives_in(member)[0]
    for path, settled in {
        "/dashboard": page.get_by_role("region", name="Last published").get_by_role("listitem").first,
        "/dashboard/images": tile(page, "autumn-lake.jpg"),
        f"/dashboard/images?image={image_id}": page.get_by_role("heading", level=2).first,
        "/dashboard/posts": page.get_by_role("article").first,
        "/dashboard?compose=new": page.get_by_role("dialog").get_by_label("Text", exact=True),
    }.items():
        page.goto(path)
        expect(settled).to_be_visible()
        for width in (360, 768, 1024, 1920):
            page.set_viewport_size({"width": width, "height": 800})
            expect_no_sideways_scrolling(page)
        page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/dashboard")
    expect(page.get_by_role("region", name="Last published").get_by_role("listitem")).to_have_count(3)
    gallery(page, "home")
    page.goto("/dashboard/images")
    expect(tile(page, "autumn-lake.jpg")).to_be_visible()
    for width in (360, 768, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        shot(page, f"images-{width}-light")


def test_the_theme_is_a_choice_that_stays(new_member: OpenMember) -> None:
    page = new_member().page
    page.goto("/dashboard")
    heading = page.get_by_role("heading", name="Home")
    ink = "it => getComputedStyle(it).color"
    light = heading.evaluate(ink)
    page.get_by_role("button", name="Harbour Coffee").click()
    expect(page.get_by_role("menuitemradio", name="Like the system")).to_be_checked()
    gallery(page, "menu", within="[role=menu]")
    page.get_by_role("menuitemradio", name="Dark").click()
    dark = poll(lambda: now if (now := heading.evaluate(ink)) != light else None, what="the dark theme")
    page.reload()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    assert heading.evaluate(ink) == dark
    page.get_by_role("button", name="Harbour Coffee").click()
    page.get_by_role("menuitemradio", name="Like the system").click()
    poll(lambda: heading.evaluate(ink) == light or None, what="the light theme")


def test_a_viewer_can_look_at_everything_and_is_offered_nothing_else(
    new_member: OpenMember, product: Product
) -> None:
    owner = new_member()
    lives_in(owner)
    guest = new_member("Second Cup")
    email = f"{uuid.uuid4().hex}@example.com"
    registered = guest.page.request.post(
        "/api/v1/auth/register",
        data={"email": email, "password": PASSWORD, "name": "Guest", "business_name": "Second Cup"},
        headers={"Origin": product.url},
    )
    assert registered.ok, registered.text()
    owner.person.client.post(
        f"/businesses/{owner.person.business_id}/members", json={"email": email, "role": "viewer"}
    ).raise_for_status()
    page = guest.page
    page.goto("/dashboard")
    page.get_by_role("button", name="Second Cup").click()
    page.get_by_role("menuitemradio", name="Harbour Coffee").click()
    expect(page.get_by_role("region", name="Last published").get_by_role("listitem")).to_have_count(3)
    expect(page.get_by_role("button", name="New post")).to_have_count(0)
    gallery(page, "viewer-home")
    page.get_by_role("link", name=re.compile("^Images")).click()
    expect(tile(page, "autumn-lake.jpg")).to_be_visible()
    for name in ("Upload", "Generate", "Use in a post", "Delete autumn-lake.jpg"):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
    tile(page, "autumn-lake.jpg").click()
    panel = page.get_by_role("complementary", name="Image details")
    expect(panel.get_by_text("No post yet")).to_be_visible()
    expect(panel.get_by_label("Alt text")).to_have_count(0)
    gallery(page, "viewer-images")
    page.get_by_role("link", name="Posts", exact=True).click()
    expect(page.get_by_role("article")).to_have_count(4)
    expect(page.get_by_role("button", name=re.compile("^More for"))).to_have_count(0)
    gallery(page, "viewer-posts")


def test_home_that_is_loading_or_does_not_answer_says_so_card_by_card(new_member: OpenMember) -> None:
    page = (member := new_member(trouble=True)).page
    lives_in(member)
    held: list[Route] = []
    apis = re.compile(r"/api/v1/(posts|images|channels)")
    page.route(apis, lambda route: held.append(route))
    page.goto("/dashboard")
    expect(page.get_by_text("Loading channels")).to_be_visible()
    gallery(page, "home-loading")
    page.route(apis, lambda route: route.fulfill(status=500, json=TROUBLE))
    for route in held:
        route.fulfill(status=500, json=TROUBLE)
    expect(page.get_by_text("Your channels could not be loaded")).to_be_visible()
    expect(page.get_by_text("Your posts could not be loaded")).to_be_visible()
    gallery(page, "home-error")
    page.unroute_all()
    page.get_by_role("region", name="Channels").get_by_role("button", name="Try again").click()
    expect(page.get_by_role("region", name="Channels").get_by_text("Connected").first).to_be_visible()


def test_a_server_that_is_away_is_told_and_found_again(new_member: OpenMember) -> None:
    page = new_member(trouble=True).page
    page.route("**/api/v1/**", lambda route: route.abort())
    page.goto("/dashboard")
    expect(page.get_by_text("AIGrowth does not answer")).to_be_visible()
    expect(page.get_by_text("Nothing you saved is lost.")).to_be_visible()
    gallery(page, "screen-no-answer")
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()


@pytest.mark.parametrize("path", ["/dashboard/nowhere", "/nowhere"])
def test_an_address_that_leads_nowhere_leads_home(new_member: OpenMember, path: str) -> None:
    page = new_member().page
    page.goto(path)
    expect(page.get_by_role("heading", name="This page does not exist")).to_be_visible()
    gallery(page, "screen-not-found" if path == "/nowhere" else "screen-not-found-inside")
    page.get_by_role("link", name="Go to Home").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()


def test_an_image_or_a_post_that_is_gone_says_so(new_member: OpenMember) -> None:
    page = new_member().page
    page.goto("/dashboard/images?image=999999")
    expect(page.get_by_text("This image is not here any more")).to_be_visible()
    gallery(page, "images-details-gone")
    page.goto("/dashboard/posts?compose=999999")
    expect(page.get_by_text("This post could not be opened")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Close", exact=True).last.click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_other_peoples_things_are_simply_not_there(new_member: OpenMember) -> None:
    stranger, page = new_member(), new_member("Second Cup").page
    (image_id,) = fills_library(stranger.person, "secret.jpg")
    page.goto(f"/dashboard/images?image={image_id}")
    expect(page.get_by_text("This image is not here any more")).to_be_visible()
    expect(page.get_by_text("secret.jpg")).to_have_count(0)


def test_a_name_full_of_odd_signs_is_shown_as_it_is(new_member: OpenMember) -> None:
    page, person = (member := new_member("<b>Tea</b> & “Cö” 茶 🍵")).page, member.person
    odd = "../../etc/<img src=x onerror=alert(1)>‮gpj.exe " + "lång" * 60 + ".jpg"
    person.keeps_picture(filename=odd)
    page.goto("/dashboard/images")
    page.get_by_role("gridcell").get_by_role("button").first.click()
    panel = page.get_by_role("complementary", name="Image details")
    expect(panel.get_by_role("heading", level=2)).to_contain_text("onerror=alert(1)")
    expect(page.get_by_role("button", name="<b>Tea</b>")).to_be_visible()
    gallery(page, "images-odd-name")
    expect_no_sideways_scrolling(page)
