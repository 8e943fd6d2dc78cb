"""Several images in one post: how they are ordered and framed, what each channel is told, and that what the
preview shows is what goes out."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenMember
from tests.browser.member import bytes_of, composer, painting, sends_to, sha256
from tests.browser.screen import gallery
from tests.person import Person
from tests.practice_server import PracticeControl

SHAPES = {"harbour.jpg": (800, 1200), "coffee-beans.jpg": (1200, 700), "pine-forest.jpg": (900, 900)}


def keeps_shapes(person: Person, *names: str) -> list[int]:
    """A tall, a wide and a square picture in the library; returns the ids of those that are named."""
    return [
        int(person.keeps_picture(painting(name, *SHAPES[name]), filename=name)["id"])
        for name in names or SHAPES
    ]


def opens_with(page: Page, image_ids: list[int]) -> Locator:
    """A new post that starts with these images."""
    page.goto(f"/dashboard?compose=new&with=%5B{'%2C'.join(map(str, image_ids))}%5D")
    modal = composer(page)
    expect(modal.get_by_text("the file that will be sent: ")).to_be_visible()
    return modal


def sent_file(page: Page, preview: Locator, alt: str) -> str:
    """The identity of the file that the preview shows under this alt text."""
    picture = preview.get_by_role("img", name=alt)
    picture.evaluate("it => it.decode()")
    return sha256(bytes_of(page, picture))


def swipes_left(page: Page, picture: Locator) -> None:
    """Pull the picture aside, as a thumb does."""
    box = picture.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] / 2)
    page.mouse.up()


def test_a_carousel_is_ordered_framed_and_goes_out_as_it_is_shown(
    new_member: OpenMember, practice: PracticeControl
) -> None:
    page, person = (member := new_member()).page, member.person
    modal = opens_with(page, keeps_shapes(person))
    strip = modal.get_by_role("list", name="Images in this post")
    preview = modal.get_by_role("article", name="As it looks on Instagram")
    modal.get_by_label("Text", exact=True).fill("First light, first cup. #harbour")

    # The third is dragged to the front: all slides take its shape.
    third, first = strip.get_by_role("button", name=re.compile("^Image 3 of 3")), strip.locator("li").first
    third.drag_to(first)
    expect(strip.get_by_role("button", name="Image 1 of 3, pine-forest.jpg")).to_be_visible()
    modal.get_by_role("group", name="Images (required)").get_by_role(
        "button", name="Image 1 of 3, pine-forest.jpg"
    ).click()
    expect(modal.get_by_text("Instagram shows all images of a carousel in the shape")).to_be_visible()
    gallery(page, "composer-carousel")

    # What is cut off is chosen with the arrow keys, and the file follows.
    cut = modal.get_by_text("this image is cropped around its centre").first
    expect(cut).to_be_visible()
    modal.get_by_role("button", name="Choose what stays visible").first.click()
    editor = page.get_by_role("dialog", name="What stays visible")
    frame = editor.get_by_role("button", name=re.compile("^Frame of Instagram"))
    frame.focus()
    page.keyboard.press("Shift+ArrowUp")
    expect(frame).to_have_accessible_description(re.compile("40 % from the top"))
    # The pointer does the same.
    box = frame.bounding_box()
    assert box
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0], middle[1] + box["height"] * 0.15)
    page.mouse.up()
    expect(frame).to_have_accessible_description(re.compile("50 % from the top"))
    page.keyboard.press("ArrowDown")
    gallery(page, "composer-crop")
    editor.get_by_role("button", name="Done").click()
    expect(modal.get_by_text("cropped around the point that you chose")).to_be_visible()

    # Another one is shown whole, on a colour of its own.
    modal.get_by_role("button", name="Show the whole picture").last.click()
    strip.get_by_role("button", name=re.compile("^Image 3 of 3")).click()
    modal.get_by_role("button", name="What stays visible", exact=True).click()
    expect(editor.get_by_role("radio", name="Whole picture")).to_be_checked()
    editor.get_by_role("radio", name="Black").check()
    gallery(page, "composer-fit")
    editor.get_by_role("radio", name="People").check()
    marks = page.get_by_role("dialog", name="Who is in the picture")
    marks.get_by_label("Instagram account").fill("@harbour.baker")
    page.keyboard.press("Enter")
    expect(marks.get_by_role("list", name="Marked accounts")).to_contain_text("harbour.baker")
    gallery(page, "composer-people")
    marks.get_by_role("button", name="Done").click()
    expect(modal.get_by_role("button", name="1 account marked")).to_be_visible()

    # Facebook says something else, and shows the photos in a grid.
    modal.get_by_role("button", name="Write another text for Facebook").click()
    modal.get_by_label("Text for Facebook").fill("Open from six.")
    page_preview = modal.get_by_role("article", name="As it looks on Facebook")
    expect(page_preview).to_contain_text("Open from six.")
    expect(page_preview.get_by_role("list", name="Photos of the post").get_by_role("listitem")).to_have_count(
        3
    )
    modal.get_by_role("button", name="Add a first comment").click()
    modal.get_by_label("First comment").fill("#coffee #harbour")
    modal.get_by_role("radio", name="Desktop").check()
    gallery(page, "composer-texts")
    modal.get_by_role("radio", name="Instagram", exact=True).check()
    expect(preview).to_contain_text("First light, first cup.")

    # The preview shows the image that is worked on; turned through, it gives the files in order.
    expect(preview.get_by_role("img", name="coffee-beans.jpg")).to_be_visible()
    strip.get_by_role("button", name=re.compile("^Image 1 of 3")).click()
    shown = []
    for name in ("pine-forest.jpg", "harbour.jpg", "coffee-beans.jpg"):
        shown.append(sent_file(page, preview, name))
        if name == "pine-forest.jpg":
            swipes_left(page, preview.get_by_role("img", name=name))
        elif name == "harbour.jpg":
            preview.get_by_role("button", name="Next image").click()
    expect(preview.get_by_role("button", name="Next image")).to_have_count(0)

    modal.get_by_role("button", name="Publish to 2 channels").click()
    expect(page.get_by_text("Your post is on Practice Instagram and the Practice Page.")).to_be_visible()
    gallery(page, "composer-carousel-out")
    steps = page.get_by_role("list", name=re.compile("^Steps to ")).get_by_role("listitem")
    expect(steps.filter(has_text="First comment: done")).to_have_count(2)
    (media,) = practice.media(caption="First light, first cup. #harbour")
    assert [slide["sha256"] for slide in media["pictures"]] == shown
    assert [[tag["username"] for tag in slide] for slide in media["user_tags"]] == [[], [], ["harbour.baker"]]
    (post,) = practice.posts(message="Open from six.")
    assert media["comments"] == post["comments"] == ["#coffee #harbour"]


def test_what_the_check_tells_is_cured_in_place(new_member: OpenMember, practice: PracticeControl) -> None:
    page, person = (member := new_member()).page, member.person
    tall, wide = keeps_shapes(person, "harbour.jpg", "coffee-beans.jpg")
    person.sends(before := person.writes("The first time", image_ids=[tall]))
    person.waits_for(before, "published")
    modal = opens_with(page, [wide, tall])
    sends_to(modal, "Practice Instagram")
    # A warning stands in nobody's way.
    again = modal.get_by_text("You posted this picture on Instagram as")
    expect(again).to_be_visible()
    expect(again).to_contain_text("Image 2")
    publish = modal.get_by_role("button", name="Publish to Practice Instagram")
    expect(publish).to_be_enabled()
    # A comment that is too long does, until it is cured.
    modal.get_by_role("button", name="Add a first comment").click()
    comment = modal.get_by_label("First comment")
    comment.fill(" ".join(f"#tag{number}" for number in range(31)))
    told = modal.get_by_text("Instagram takes 30 hashtags in a comment, and the first comment has 31.")
    expect(told).to_be_visible()
    expect(publish).to_be_disabled()
    modal.get_by_role("button", name="Go there").click()
    expect(comment).to_be_focused()
    gallery(page, "composer-cures")
    modal.get_by_role("button", name="Leave it out").click()
    expect(publish).to_be_enabled()
    modal.get_by_role("button", name="Take it out").click()
    expect(again).to_have_count(0)
    expect(modal.get_by_role("list", name="Images in this post").get_by_role("listitem")).to_have_count(1)

    # A channel that went away is left out, or leads to where it is connected.
    practice.change_account(person.channel()["external_id"], token_subcode=460)
    publish.click()
    expect(page.get_by_role("dialog", name="Not published")).to_be_visible()
    page.goto(f"/dashboard?compose=new&with=%5B{wide}%5D")
    sends_to(modal, "Practice Instagram", "Practice Page")
    expect(modal.get_by_role("link", name="See the channel")).to_have_attribute(
        "href", re.compile(r"/dashboard/settings.*#channels$")
    )
    modal.get_by_role("button", name="Leave it out").click()
    expect(modal.get_by_role("button", name="Publish to the Practice Page")).to_be_enabled()


def test_an_ai_label_is_on_unless_it_is_switched_off(
    new_member: OpenMember, practice: PracticeControl
) -> None:
    page, person = (member := new_member()).page, member.person
    (image_id,) = keeps_shapes(person, "pine-forest.jpg")
    made = person.client.post(
        "/images/generate",
        json={"business_id": person.business_id, "prompt": "A lighthouse in fog", "size": "1024x1024"},
    )
    modal = opens_with(page, [image_id, int(made.json()["image"]["id"])])
    sends_to(modal, "Practice Instagram")
    preview = modal.get_by_role("article", name="As it looks on Instagram")
    label = modal.get_by_role("switch", name="Show the AI label")
    expect(label).to_be_checked()
    expect(preview.get_by_text("AI info")).to_be_visible()
    gallery(page, "composer-ai-label")
    label.click()
    expect(preview.get_by_text("AI info")).to_have_count(0)
    expect(modal.get_by_text("No label is shown.")).to_be_visible()
    label.click()
    expect(preview.get_by_text("AI info")).to_be_visible()
    modal.get_by_label("Text", exact=True).fill("Painted in part")
    modal.get_by_role("button", name="Publish to Practice Instagram").click()
    expect(page.get_by_text("Your post is on Practice Instagram.")).to_be_visible()
    (media,) = practice.media(caption="Painted in part")
    assert media["is_ai_generated"] is True
