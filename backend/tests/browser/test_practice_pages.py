"""The practice pages in a real browser: for everybody, in both themes, on a phone and a wide screen."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from practice.openai.painting import paint
from tests.browser.screen import axe, shot
from tests.contracts.practice_desk import Desk, Served, picture_host
from tests.factories_pictures import jpeg
from tests.practice_server import PracticeThread, poll, practice_thread

CAPTION = (
    "First light, first cup. We open at 6 from Monday: the harbour is yours before the ferries are.\n\n"
    "#harbourcoffee #earlybird with @lighthouse.bakery"
)
SCREENS = [("light", 1440), ("dark", 390)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeThread]:
    with practice_thread(tmp_path_factory.mktemp("practice")) as running:
        running.control.settings(processing_ms=0)
        yield running


@pytest.fixture(scope="module")
def addresses(server: PracticeThread) -> Iterator[dict[str, str]]:
    """The pages of one business that has published, and of one that has not."""
    with picture_host() as host:
        desk = Desk(server.url, server.control, host, "Harbour Coffee")

        def picture(prompt: str, width: int, height: int) -> str:
            return host.put(Served(jpeg(Image.fromarray(paint(prompt, width, height, len(prompt))))))

        for prompt in ("fresh coffee", "pine forest", "minimalist mountains"):
            desk.published(
                image_url=picture(prompt, 1024, 1024), caption=f"Today: {prompt}", alt_text=f"A {prompt}"
            )
        slides = [
            desk.container(
                image_url=picture(prompt, width, height),
                is_carousel_item="true",
                alt_text=prompt,
                user_tags='[{"username": "lighthouse.bakery", "x": 0.4, "y": 0.6}]',
            )
            for prompt, width, height in (
                ("rose garden", 1080, 1080),
                ("sea at dawn", 1200, 640),
                ("night and stars", 1080, 1350),
            )
        ]
        carousel = desk.published(media_type="CAROUSEL", children=",".join(slides), caption="Three views")
        assert (
            desk.ask("POST", f"{carousel}/comments", data={"message": "#harbour #morning"}).status_code == 200
        )
        single = desk.published(
            image_url=picture("harbour at sunset", 1080, 1350),
            caption=CAPTION,
            alt_text="Fishing boats in the harbour before sunrise, hills behind",
            is_ai_generated="true",
        )
        photo = desk.photo(
            url=picture("coffee beans", 1200, 900), caption="New beans from Huila", alt_text_custom="Beans"
        ).json()
        for prompt in ("tea leaves", "almond cake"):
            desk.photo(url=picture(prompt, 900, 700), published="false")
        albums = {}
        for count, size in ((3, (1200, 800)), (4, (800, 1200)), (7, (900, 900))):
            photos = [
                desk.photo(url=picture(f"album {count} {number}", *size), published="false").json()["id"]
                for number in range(count)
            ]
            attached = json.dumps([{"media_fbid": found} for found in photos])
            made = desk.feed(message=f"{count} photos", attached_media=attached).json()["id"]
            albums[count] = desk.look(made, "permalink_url", desk.page)["permalink_url"]
        desk.feed(message="Only words today", link="https://example.com/menu")
        stranger = server.control.accounts("Nothing yet")
        yield {
            "profile": f"{server.url}/instagram/{desk.instagram.name}",
            "empty": f"{server.url}/instagram/{stranger.instagram.name}",
            "post": desk.look(single, "permalink")["permalink"],
            "carousel": desk.look(carousel, "permalink")["permalink"],
            "page": f"{server.url}/facebook/{desk.page.id}",
            "page-post": desk.look(photo["post_id"], "permalink_url", desk.page)["permalink_url"],
            "album": albums[7],
            "album-of-3": albums[3],
            "rehearse": f"{server.url}/rehearse?account={desk.instagram.name}",
            "missing": f"{server.url}/instagram/p/AAAAAAAAAAA/",
        }
        desk.close()


@pytest.fixture(params=SCREENS, ids=[f"{theme}-{width}" for theme, width in SCREENS])
def screen(request: pytest.FixtureRequest, browser: Browser) -> Iterator[tuple[Page, str]]:
    """A page of one theme and width, and the name of the two."""
    theme, width = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 900 if width > 600 else 844},
        color_scheme=theme,
        reduced_motion="reduce",
    )
    complaints: list[str] = []
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page, f"{theme}-{width}"
    context.close()
    missing = re.compile(r"Failed to load resource: the server responded with a status of 404")
    assert not [text for text in complaints if not missing.match(text)]


@pytest.mark.parametrize(
    "name",
    [
        "profile",
        "empty",
        "post",
        "carousel",
        "page",
        "page-post",
        "album",
        "album-of-3",
        "rehearse",
        "missing",
    ],
)
def test_a_practice_page_can_be_used_by_everybody_and_fits_the_screen(
    screen: tuple[Page, str], addresses: dict[str, str], name: str
) -> None:
    page, look = screen
    page.goto(addresses[name], wait_until="networkidle")
    shot(page, f"practice-{name}-{look}")
    assert page.get_by_text(re.compile("nothing here is public on")).is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]
    axe(page)


def test_comments_marked_people_and_photos_in_no_post_can_be_seen(
    browser: Browser, addresses: dict[str, str]
) -> None:
    page = browser.new_page()
    page.goto(addresses["carousel"])
    assert page.get_by_role("list", name="Comments").get_by_text("#harbour #morning").is_visible()
    assert page.get_by_text("@lighthouse.bakery").first.is_visible()
    page.goto(addresses["page"])
    page.get_by_role("heading", name="2 unpublished photos").wait_for()
    page.close()


def test_a_post_is_reached_from_the_profile_with_the_keyboard_and_back(
    browser: Browser, addresses: dict[str, str]
) -> None:
    page = browser.new_page()
    page.goto(addresses["profile"])
    link = page.get_by_role("link", name="Fishing boats in the harbour")
    link.focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="harbourcoffee").wait_for()
    assert page.get_by_role("img", name="Fishing boats in the harbour before sunrise").is_visible()
    assert page.get_by_text("First light, first cup.").is_visible()
    assert page.get_by_text("AI info: the publisher says that this was made with AI.").is_visible()
    page.get_by_role("link", name="All posts").click()
    page.get_by_role("link", name="Fishing boats in the harbour").wait_for()
    page.close()


def test_the_slides_of_a_carousel_scroll_with_the_keyboard(
    browser: Browser, addresses: dict[str, str]
) -> None:
    page = browser.new_page()
    page.goto(addresses["carousel"], wait_until="networkidle")
    slides = page.get_by_label("3 pictures, scroll sideways")
    # All have the shape of the first one, whatever their own is.
    boxes = [image.bounding_box() for image in slides.get_by_role("img").all()]
    assert [box and (round(box["width"]), round(box["height"])) for box in boxes] == [
        (round(boxes[0]["width"]), round(boxes[0]["width"]))  # type: ignore[index]
    ] * 3
    slides.focus()
    page.keyboard.press("ArrowRight")
    # Polled from here: the page's own policy lets nobody run a script in it, not even a waiting one.
    poll(lambda: slides.evaluate("it => it.scrollLeft > 0") or None, what="the scrolling")
    for way in ("To picture 2", "To picture 3"):
        page.get_by_role("link", name=way).first.click()
    poll(
        lambda: slides.evaluate("it => it.scrollLeft + it.clientWidth > it.scrollWidth - 2") or None,
        what="the last picture",
    )
    assert page.get_by_text("3 of 3").is_visible()
    slides.get_by_role("link", name="night and stars").click()
    page.wait_for_url(re.compile(r"/media/\w+\.jpg$"))
    page.close()


def test_the_photos_of_a_post_fill_their_grid_and_each_can_be_opened(
    browser: Browser, addresses: dict[str, str]
) -> None:
    page = browser.new_page()
    page.goto(addresses["page"], wait_until="networkidle")
    for count, shown in ((3, 3), (4, 4), (7, 5)):
        card = page.get_by_role("article").filter(has_text=f"{count} photos")
        grid = card.locator(".photos")
        whole = grid.bounding_box()
        boxes = [box for link in grid.get_by_role("link").all() if (box := link.bounding_box())]
        assert len(boxes) == shown
        # Without a hole, but for the lines between them.
        covered = sum(box["width"] * box["height"] for box in boxes)
        assert whole and covered > 0.97 * whole["width"] * whole["height"]
    page.get_by_role("link", name=re.compile("2 more photos")).click()
    page.get_by_role("heading", name="Harbour Coffee", level=1).wait_for()
    assert page.locator(".photos").get_by_role("link").count() == 7
    page.locator(".photos").get_by_role("link").last.click()
    page.wait_for_url(re.compile(r"/media/\w+\.jpg$"))
    page.close()


def test_what_shall_go_wrong_is_switched_on_and_off_with_the_keyboard(
    browser: Browser, addresses: dict[str, str]
) -> None:
    page = browser.new_page()
    page.goto(addresses["rehearse"])
    page.get_by_role("button", name=re.compile("Until I switch it off.*The token has expired")).focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Switched on").wait_for()
    assert page.get_by_text("until it is switched off").is_visible()
    page.get_by_role("button", name=re.compile("Once.*Half an answer")).click()
    page.get_by_text("once more on Practice Instagram").wait_for()
    page.emulate_media(color_scheme="light")
    shot(page, "practice-rehearse-switched-on")
    page.get_by_role("button", name="Switch everything off").click()
    page.get_by_text("Nothing is switched on").wait_for()
    page.close()
