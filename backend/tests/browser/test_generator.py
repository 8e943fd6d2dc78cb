"""The AI generator: words in, picture out; what it costs, how it goes, and what is said when it does not."""

from __future__ import annotations

import base64
import io
import json
import re

from PIL import Image
from playwright.sync_api import Locator, Page, Route, expect

from practice.desk import REFUSED_WORD
from practice.openai.images import EDGE, EDIT_EDGE
from tests.browser.conftest import BLOCKED_WORD, OpenMember
from tests.browser.member import composer, painting, tile
from tests.browser.screen import gallery, shot
from tests.browser.test_screens import expect_no_sideways_scrolling
from tests.person import Person
from tests.practice_server import PracticeControl


def opens_generator(page: Page) -> Locator:
    """Press Generate in the library, and wait for the form."""
    page.get_by_role("button", name="Generate", exact=True).click()
    dialog = page.get_by_role("dialog", name="Generate an image")
    expect(dialog.get_by_label("Describe your image")).to_be_visible()
    return dialog


def asks_for(dialog: Locator, prompt: str) -> None:
    """Write these words and press the button."""
    dialog.get_by_label("Describe your image").fill(prompt)
    dialog.get_by_role("button", name=re.compile("^Generate")).click()


def generations(person: Person) -> list[dict[str, object]]:
    """What was asked for in the business, newest first."""
    answer = person.client.get("/generations", params={"business_id": person.business_id}).json()
    found: list[dict[str, object]] = answer["generations"]
    return found


def picture_of(page: Page, address: str) -> Image.Image:
    """The picture at an address, as the page would get it."""
    return Image.open(io.BytesIO(page.request.get(address).body())).convert("RGB")


def differs(before: Image.Image, after: Image.Image, place: tuple[int, int]) -> bool:
    """Whether the colour at a place is another one."""
    was, now = before.getpixel(place), after.getpixel(place)
    assert isinstance(was, tuple) and isinstance(now, tuple)
    return max(abs(one - other) for one, other in zip(was, now, strict=True)) > 12


def previews(route: Route) -> None:
    """Answer in the place of a provider that paints slowly: it has begun, and the first look is there."""
    generation = route.fetch(url=route.request.url.removesuffix("/events")).json()
    look = base64.b64encode(painting("quiet harbour at dawn", 448, 256)).decode()
    begun = json.dumps({"generation": {**generation, "state": "running"}, "image": None})
    seen = json.dumps({"number": 1, "image": f"data:image/jpeg;base64,{look}"})
    events = f"retry: 60000\n\nevent: state\ndata: {begun}\n\nevent: partial\ndata: {seen}\n\n"
    route.fulfill(content_type="text/event-stream", body=events)


def test_what_is_painted_goes_on_without_the_page_and_is_found_again(
    new_member: OpenMember, practice: PracticeControl
) -> None:
    page = new_member().page
    page.goto("/dashboard/images")
    dialog = opens_generator(page)
    expect(dialog.get_by_text("Free this month: 3 of 3 left")).to_be_visible()
    gallery(page, "generator-empty")
    practice.fault("hold_before", edge=EDGE)
    dialog.get_by_role("radio", name="Vintage").check()
    dialog.get_by_role("radio", name="Landscape").check()
    dialog.get_by_role("radio", name="HD").check()
    page.route("**/generations/*/events", previews)
    asks_for(dialog, "A quiet harbour at dawn, wooden fishing boats")
    practice.wait_for_hold(EDGE)
    expect(
        dialog.get_by_role("status").filter(has_text="A first look at your image is here")
    ).to_be_attached()
    expect(dialog.get_by_text("Free this month: 2 of 3 left")).to_be_attached()
    gallery(page, "generator-painting")
    page.unroute_all()

    # Another page, a reload, another tab: it is told everywhere, and leads back.
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.goto("/dashboard")
    pill = page.get_by_role("button", name="Painting 1 image")
    expect(pill).to_be_visible()
    gallery(page, "generator-left")
    other = page.context.new_page()
    other.goto("/dashboard/images")
    opens_generator(other)
    expect(other.get_by_role("progressbar", name="Painting your image")).to_be_visible()
    other.close()
    pill.click()
    expect(dialog.get_by_role("progressbar", name="Painting your image")).to_be_visible()
    practice.release()
    expect(dialog.get_by_role("img", name="A quiet harbour at dawn")).to_be_visible()
    expect(dialog.get_by_text("In your library · 1792 × 1024")).to_be_visible()
    gallery(page, "generator-painted")

    # What comes next: vary it, ask for it again, pick up what was asked before, use it.
    dialog.get_by_role("button", name="Vary the prompt").click()
    shot(page, "generator-vary")
    page.get_by_role("menuitem", name="In winter").click()
    prompt = dialog.get_by_label("Describe your image")
    expect(prompt).to_have_value("A quiet harbour at dawn, wooden fishing boats, in winter, with snow")
    expect(prompt).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(dialog.get_by_role("img", name="in winter")).to_be_visible()
    dialog.get_by_role("button", name="Earlier prompts").click()
    expect(page.get_by_role("menuitem")).to_have_count(2)
    shot(page, "generator-earlier")
    page.get_by_role("menuitem", name="A quiet harbour at dawn, wooden fishing boats").last.click()
    expect(prompt).to_have_value("A quiet harbour at dawn, wooden fishing boats")
    expect(dialog.get_by_role("radio", name="Vintage")).to_be_checked()
    dialog.get_by_role("button", name="Use in a post").click()
    expect(composer(page).get_by_text("This image was made with AI.")).to_be_visible()


def test_each_style_shape_and_quality_is_asked_for_as_it_was_chosen(new_member: OpenMember) -> None:
    page, person = (member := new_member(width=360, height=740)).page, member.person
    page.goto("/dashboard/images")
    dialog = opens_generator(page)
    expect_no_sideways_scrolling(page)
    chosen = [
        ("Professional", "Square", "Standard"),
        ("Creative", "Portrait", "HD"),
        ("Minimalist", "Landscape", "Standard"),
        ("Vintage", "Square", "HD"),
    ]
    for style, shape, quality in chosen:
        for choice in (style, shape, quality):
            dialog.get_by_role("radio", name=re.compile(f"^{choice}")).check()
        asks_for(dialog, f"A bowl of oranges, {style}")
        expect(dialog.get_by_role("img", name=f"A bowl of oranges, {style}")).to_be_visible()
        expect_no_sideways_scrolling(page)
        shot(page, f"generator-{style.lower()}-{shape.lower()}-360")
        page.get_by_role("button", name="Vary the prompt").click()
        page.get_by_role("menuitem", name="In your own words").click()
    made = [(it["style"], it["size"], it["quality"], it["price_usd"]) for it in generations(person)]
    assert made == [
        ("vintage", "1024x1024", "hd", "0.10"),
        ("minimalist", "1792x1024", "standard", "0.00"),
        ("creative", "1024x1792", "hd", "0.00"),
        ("professional", "1024x1024", "standard", "0.00"),
    ]
    expect(dialog.get_by_role("button", name="Generate · $0.10")).to_be_visible()


def test_whatever_does_not_work_is_said_in_plain_words_and_nothing_is_lost(
    new_member: OpenMember, practice: PracticeControl
) -> None:
    page, person = (member := new_member(trouble=True)).page, member.person
    page.goto("/dashboard/images")
    dialog = opens_generator(page)
    prompt = dialog.get_by_label("Describe your image")

    # A word that may not be used is named beside the words, before anybody is asked.
    asks_for(dialog, f"A {BLOCKED_WORD.upper()} by the sea")
    expect(dialog.get_by_text(f"The word “{BLOCKED_WORD}” may not be used")).to_be_visible()
    shot(page, "generator-blocked-word")

    asks_for(dialog, f"A storm, {REFUSED_WORD}")
    expect(dialog.get_by_role("alert")).to_contain_text("This prompt was refused.")
    expect(dialog.get_by_text("Free this month: 3 of 3 left")).to_be_visible()
    shot(page, "generator-refused")
    dialog.get_by_role("button", name="Change the prompt").click()
    expect(prompt).to_be_focused()

    # A provider that is down is asked again by itself; until then it costs nothing to call it off.
    overloaded = {"error": {"code": "server_is_overloaded", "message": "Overloaded.", "type": "server_error"}}
    practice.fault("error", edge=EDGE, status=503, error=overloaded, executed=False)
    asks_for(dialog, "A calm sea")
    expect(
        dialog.get_by_text(re.compile(r"It is tried again in (\d+ seconds|1 second|a moment), by itself"))
    ).to_be_visible()
    gallery(page, "generator-provider-down", within="[role=dialog]")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Cancelled. Nothing was charged.")
    practice.clear_faults()

    # One that has begun is stopped, and what that costs is said.
    practice.fault("hold_before", edge=EDGE, on_gone="discard")
    asks_for(dialog, "A calm sea at noon")
    practice.wait_for_hold(EDGE)
    expect(dialog.get_by_text("counts as a free image even if you cancel")).to_be_visible()
    gallery(page, "generator-painting", within="[role=dialog]")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog.get_by_role("alert")).to_contain_text("it took one of your free images")
    shot(page, "generator-cancelled")
    practice.clear_faults()

    # An answer that was lost is never asked for again by itself.
    practice.fault("drop_after", edge=EDGE)
    asks_for(dialog, "A calm sea at night")
    expect(dialog.get_by_role("alert")).to_contain_text("It is not clear whether your image was made.")
    settle = dialog.get_by_role("alert").get_by_role("link", name="Settle what it cost")
    expect(settle).to_have_attribute("href", "/dashboard/settings#ai-and-spending")
    shot(page, "generator-unknown")
    practice.clear_faults()

    # More than five a minute: how long to wait, and then it goes on. However long all of the above took.
    for _ in range(5):
        wish = {"business_id": person.business_id, "prompt": " "}
        assert person.client.post("/images/generate", json=wish).status_code in (422, 429)
    asks_for(dialog, "A calm sea in the morning")
    expect(dialog.get_by_role("alert")).to_contain_text("That was a lot at once.")
    expect(dialog.get_by_role("button", name=re.compile(r"^In \d+ s$"))).to_be_disabled()
    gallery(page, "generator-too-many", within="[role=dialog]")
    expect(prompt).to_have_value("A calm sea in the morning")
    assert len(generations(person)) == 4

    # The connection is gone: the words stay, and asking again does not make it twice.
    page.keyboard.press("Escape")
    page.reload()
    opens_generator(page)
    expect(prompt).to_have_value("A calm sea in the morning")
    page.route("**/api/v1/images/generate", lambda route: route.abort())
    asks_for(dialog, "A calm sea in the morning")
    expect(dialog.get_by_role("alert")).to_contain_text("asking again does not make it twice")

    # What the provider billed for the lost one is looked up by a person, and booked once.
    page.goto("/dashboard/settings#ai-and-spending")
    lost = page.get_by_role("region", name="AI and spending").get_by_role(
        "row", name=re.compile("A calm sea at night")
    )
    expect(lost).to_contain_text("free, outcome unknown")
    lost.get_by_role("button", name="Settle").filter(visible=True).click()
    settling = page.get_by_role("dialog", name="What did Practice bill?")
    expect(settling.get_by_label("Amount in USD")).to_be_focused()
    settling.get_by_role("button", name="It was charged").click()
    expect(settling).to_contain_text("Write the amount that stands on the bill")
    settling.get_by_label("Amount in USD").fill("0,0425")
    gallery(page, "settings-settle", within="[role=dialog]")
    settling.get_by_label("Amount in USD").press("Enter")
    expect(settling).to_have_count(0)
    expect(lost).to_contain_text("$0.0425 practice")
    expect(lost).to_contain_text("settled by hand")
    expect(lost.get_by_role("button", name="Settle")).to_have_count(0)
    gallery(page, "settings-settled")


def test_the_end_of_what_is_painted_elsewhere_is_told_on_every_page(
    new_member: OpenMember, practice: PracticeControl
) -> None:
    page, person = (member := new_member()).page, member.person
    page.goto("/dashboard/posts")
    practice.fault("hold_before", edge=EDGE, count=1)
    wish = {"business_id": person.business_id, "prompt": "Morning fog", "size": "1024x1024"}
    answer = person.client.post("/images/generate", json=wish, headers={"Prefer": "respond-async"})
    assert answer.status_code == 202
    practice.wait_for_hold(EDGE)
    page.reload()
    expect(page.get_by_role("button", name="Painting 1 image")).to_be_visible()
    practice.release()
    expect(page.get_by_text("Your image is painted")).to_be_visible()
    expect(page.get_by_role("button", name="Painting 1 image")).to_have_count(0)
    page.get_by_role("button", name="Look at it").click()
    dialog = page.get_by_role("dialog", name="Generate an image")
    expect(dialog.get_by_role("img", name="Morning fog")).to_be_visible()
    dialog.get_by_role("button", name="Keep in library").click()
    expect(tile(page, "Morning fog")).to_be_visible()


def test_a_part_of_an_image_is_painted_anew(new_member: OpenMember, practice: PracticeControl) -> None:
    page, person = (member := new_member()).page, member.person
    source = person.keeps_picture(painting("harbour with boats", 1024, 1024), filename="harbour.jpg")
    page.goto(f"/dashboard/images?image={source['id']}")
    panel = page.get_by_role("complementary", name="Image details")
    expect(panel.get_by_role("button", name="Edit with AI")).to_be_visible()
    panel.get_by_role("button", name="Look closer at harbour.jpg").click()
    page.get_by_role("dialog", name="harbour.jpg").get_by_role("button", name="Edit with AI").click()
    dialog = page.get_by_role("dialog", name="Edit with AI")
    expect(dialog.get_by_role("img", name="harbour.jpg")).to_be_visible()
    shot(page, "edit-whole")

    # By keyboard: a rectangle, moved and made larger.
    dialog.get_by_role("radio", name="A part of it").check()
    dialog.get_by_role("button", name="Rectangle", exact=True).click()
    box = dialog.get_by_role("button", name=re.compile(r"^Rectangle\."))
    expect(box).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowRight")
    expect(dialog.get_by_text("42 % wide, 40 % high, 28 % from the left")).to_be_attached()
    # By hand: a stroke, and another one that is taken back.
    area = dialog.get_by_role("img", name="harbour.jpg").bounding_box()
    assert area is not None
    for height in (0.8, 0.1):
        page.mouse.move(area["x"] + area["width"] * 0.3, area["y"] + area["height"] * height)
        page.mouse.down()
        page.mouse.move(area["x"] + area["width"] * 0.7, area["y"] + area["height"] * height, steps=4)
        page.mouse.up()
    dialog.get_by_role("button", name="Undo").click()
    dialog.get_by_label("Describe the change").fill("A red evening sky")
    gallery(page, "edit-part", within="[role=dialog]")
    dialog.get_by_role("button", name=re.compile("^Change the image")).click()
    expect(dialog.get_by_text("In your library · ")).to_be_visible()
    gallery(page, "edit-done", within="[role=dialog]")

    (generation,) = generations(person)
    assert (generation["is_edit"], generation["source_image_id"]) == (True, source["id"])
    (call,) = practice.calls(EDIT_EDGE)
    assert call["is_executed"]
    dialog.get_by_role("button", name="Keep in library").click()
    expect(page.get_by_role("gridcell")).to_have_count(2)
    tile(page, "A red evening sky").click()
    expect(panel.get_by_text("Edited with AI")).to_be_visible()
    panel.get_by_role("button", name="from this image").click()
    expect(panel.get_by_role("heading", name="harbour.jpg")).to_be_visible()
    edited = person.client.get(f"/images/{generation['image_id']}").json()
    # What was painted over is new, and everything else is the same as before.
    before, after = (picture_of(page, it["storage_url"]) for it in (source, edited))
    places = [(512, 512), (512, 819), (51, 51), (512, 102)]
    assert [differs(before, after, place) for place in places] == [True, True, False, False]
