"""What the preview shows is what goes out, byte for byte: every number of images, framing and format."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from PIL import Image

from tests import factories_heif as heif
from tests import factories_pictures as pictures
from tests.api.conftest import SignsUp
from tests.api.edge_app import assert_problem
from tests.api.live import Live
from tests.api.platforms import checks, control_of, post_in, sha256_of
from tests.person import Person
from tests.practice_server import PracticeControl


@pytest.fixture
def platform(embedded: Live) -> Iterator[PracticeControl]:
    with control_of(embedded) as control:
        yield control


@pytest.fixture(scope="module")
def mia(embedded: Live) -> Iterator[Person]:
    """Somebody who asks for what no database decides, again and again."""
    person = Person.signs_up(embedded.url, name="Mia")
    yield person
    person.close()


def photo(width: int, height: int) -> Image.Image:
    """A picture that nobody has sent before."""
    return pictures.photo(width, height, seed=uuid.uuid4().int % 2**31)


def marked_gif() -> bytes:
    """An animation; its first frame is a picture of its own."""
    frames = [photo(500, 900), *pictures.frames(2, 500, 900)]
    return pictures.encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


FORMATS: dict[str, Callable[[], tuple[bytes, str]]] = {
    "jpeg": lambda: (pictures.jpeg(photo(1700, 700)), "wide.jpg"),
    "png": lambda: (pictures.png(photo(500, 1100).convert("RGBA")), "tall.png"),
    "webp": lambda: (pictures.webp(photo(900, 900)), "square.webp"),
    "gif": lambda: (marked_gif(), "moving.gif"),
    "heic": lambda: (heif.picture(photo(900, 700), "heic"), "phone.heic"),
}
SOME_TAG = {"username": "ada.lovelace", "x": 0.25, "y": 0.75}


def codes(channel: dict[str, Any]) -> list[str]:
    return [problem["code"] for problem in channel["problems"]]


def goes_out_as_checked(
    person: Person, platform: PracticeControl, images: list[dict[str, Any]], **more: Any
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Check a post for both channels, look at every file of it, publish it, and hold what the platforms
    downloaded against what was looked at. Returns both verdicts, and what is out."""
    text = f"Byte for byte {uuid.uuid4().hex[:8]}"
    channel_ids = [person.channel("instagram")["id"], person.channel("facebook")["id"]]
    wanted = {"content_text": text, "images": images, "channel_ids": channel_ids, **more}
    told = checks(person, **wanted)
    assert told["is_ready"] is True, told
    written = person.client.post("/posts", json={"business_id": person.business_id, **wanted})
    post_id = post_in(written)["id"]
    person.sends(post_id)
    person.waits_for(post_id, "published")
    (medium,), (page_post,) = platform.media(text), platform.posts(text)
    for channel, out in zip(told["channels"], (medium, page_post), strict=True):
        assert [r["position"] for r in channel["renditions"]] == list(range(len(images)))
        seen = [sha256_of(rendition["url"]) for rendition in channel["renditions"]]
        assert seen == [r["sha256"] for r in channel["renditions"]] == [p["sha256"] for p in out["pictures"]]
        for rendition in channel["renditions"]:
            assert rendition["mime_type"] == "image/jpeg"
            assert rendition["width"] <= 1440 and rendition["file_size"] <= 8_000_000
        assert (
            channel["placement"]
            == {
                ("instagram", True): "feed",
                ("instagram", False): "carousel",
                ("facebook", True): "photo",
                ("facebook", False): "photos",
            }[channel["platform"], len(images) == 1]
        )
    return told["channels"][0], told["channels"][1], medium, page_post


@pytest.mark.parametrize("kind", FORMATS)
def test_one_image_of_each_format_goes_out_as_it_was_shown(
    mia: Person, platform: PracticeControl, kind: str
) -> None:
    content, name = FORMATS[kind]()
    image = mia.keeps_picture(content, filename=name)
    for framing in (
        {},
        {"focus": {"x": 0.1, "y": 0.9}},
        {"framing": "fit", "background": "#204060"},
    ):
        on_instagram, on_page, *_ = goes_out_as_checked(
            mia, platform, [{"image_id": image["id"], **framing, "user_tags": [SOME_TAG]}]
        )
        (shown,) = on_instagram["renditions"]
        is_other_shape = kind in ("jpeg", "png", "gif")
        assert shown["is_fitted"] is (is_other_shape and "framing" in framing)
        assert (shown["crop"] is not None) is (is_other_shape and "framing" not in framing)
        assert shown["is_cropped"] is (shown["crop"] is not None)
        assert ("first_frame_only" in codes(on_instagram)) is (kind == "gif")
        # A Page takes any shape, so nothing is done to it there.
        (whole,) = on_page["renditions"]
        assert whole["crop"] is None and whole["is_fitted"] is False
        assert "user_tag_not_supported" in codes(on_page) and on_page["is_ready"]


def test_a_carousel_takes_the_shape_of_its_first_image_whatever_the_formats(
    mia: Person, platform: PracticeControl
) -> None:
    images = [mia.keeps_picture(*_named(kind)) for kind in ("jpeg", "png", "gif", "heic", "webp")]
    on_instagram, on_page, medium, _ = goes_out_as_checked(
        mia,
        platform,
        [
            {"image_id": images[0]["id"], "alt_text": "First", "focus": {"x": 0.9, "y": 0.5}},
            {"image_id": images[1]["id"], "framing": "fit", "background": "#ff0000"},
            {"image_id": images[2]["id"], "focus": {"x": 0.5, "y": 0.1}},
            {"image_id": images[3]["id"], "user_tags": [SOME_TAG]},
            {"image_id": images[4]["id"]},
        ],
    )
    first, *others = on_instagram["renditions"]
    ratio = first["width"] / first["height"]
    assert abs(ratio - 1.91) < 0.01
    for shown in others:
        # To the nearest pixel.
        assert abs(shown["height"] - shown["width"] / ratio) <= 1
    assert [shown["is_fitted"] for shown in on_instagram["renditions"]] == [False, True, False, False, False]
    # The focal point is where it was put: the right end of the first, the upper end of the third.
    assert first["crop"]["x"] > 0.05
    third = on_instagram["renditions"][2]["crop"]
    assert third["y"] == 0 and third["width"] == 1 and third["height"] < 0.4
    assert codes(on_instagram).count("carousel_ratio") == 1 and on_instagram["is_ready"]
    assert "carousel_ratio" not in codes(on_page) and "image_cropped" not in codes(on_page)
    assert medium["media_type"] == "CAROUSEL" and medium["pictures"][0]["alt_text"] == "First"
    assert medium["user_tags"] == [[], [], [], [SOME_TAG], []]
    with Image.open(io.BytesIO(httpx.get(others[0]["url"], trust_env=False).content)) as fitted:
        corner = fitted.convert("RGB").getpixel((4, 4))
    assert pictures.is_close(corner, (254, 0, 0), 8)  # type: ignore[arg-type]


def _named(kind: str) -> tuple[bytes]:
    return (FORMATS[kind]()[0],)


def test_the_same_framing_is_the_same_file_made_once_under_an_address_of_its_own(
    mia: Person, embedded: Live
) -> None:
    image = mia.keeps_picture(pictures.jpeg(photo(2000, 600)))
    channel_ids = [mia.channel("instagram")["id"]]

    def shown(**framing: Any) -> dict[str, Any]:
        told = checks(mia, images=[{"image_id": image["id"], **framing}], channel_ids=channel_ids)
        (rendition,) = told["channels"][0]["renditions"]
        found: dict[str, Any] = rendition
        return found

    def kept() -> int:
        return embedded.count("renditions", f"image_id = {image['id']}")

    centre, left, fitted = shown(), shown(focus={"x": 0, "y": 0.5}), shown(framing="fit")
    assert len({made["sha256"] for made in (centre, left, fitted)}) == 3
    assert len({made["url"].partition("?")[0] for made in (centre, left, fitted)}) == 3
    before = kept()
    # A point beyond the edge, and a background of the same colour, change nothing.
    assert shown(focus={"x": 0.1, "y": 0.9}) == left
    assert shown(framing="fit", background="#FFFFFF", focus={"x": 0, "y": 0}) == fitted
    assert shown() == centre and kept() == before
    url = httpx.URL(left["url"])
    guess = url.copy_with(params={**url.params, "s": "0" * len(url.params["s"])})
    assert httpx.get(guess, trust_env=False).status_code in (403, 404)


# --- texts, tags, the AI label and the first comment, before anything is sent


def test_every_text_is_checked_for_the_channel_that_gets_it(mia: Person) -> None:
    instagram, facebook = mia.channel("instagram")["id"], mia.channel("facebook")["id"]
    image_id = mia.keeps_picture()["id"]
    wanted: dict[str, Any] = {
        "content_text": "x" * 3000,
        "images": [{"image_id": image_id, "user_tags": [SOME_TAG] * 21}],
        "channel_ids": [instagram, facebook],
        "texts": [{"channel_id": instagram, "content_text": "👋" * 1101}],
        "first_comment": "#a " * 31,
    }
    on_instagram, on_page = checks(mia, **wanted)["channels"]
    # Counted as the platform may count at most: an emoji is two.
    assert on_instagram["text"]["characters"] == 2202 and on_page["text"]["characters"] == 3000
    assert codes(on_instagram) == ["text_too_long", "too_many_user_tags", "first_comment_too_many_hashtags"]
    assert codes(on_page) == ["user_tag_not_supported"] and on_page["is_ready"]
    wanted["texts"][0]["content_text"] = "Short"
    wanted["first_comment"] = "x" * 2201
    wanted["images"][0]["user_tags"] = [SOME_TAG] * 20
    on_instagram, on_page = checks(mia, **wanted)["channels"]
    assert codes(on_instagram) == ["first_comment_too_long"] and codes(on_page) == ["user_tag_not_supported"]
    # What the check says in the way is what publishing says.
    post_id = post_in(mia.client.post("/posts", json={"business_id": mia.business_id, **wanted}))["id"]
    assert_problem(mia.client.post(f"/posts/{post_id}/publish"), 422, "first_comment_too_long")


def test_an_ai_image_is_labelled_unless_the_business_or_the_post_decides_otherwise(
    embedded: Live, signs_up: SignsUp, platform: PracticeControl
) -> None:
    ada = signs_up(embedded)
    painted = ada.client.post(
        "/images/generate",
        json={"business_id": ada.business_id, "prompt": "A harbour", "size": "1024x1024"},
    )
    assert painted.status_code == 201, painted.text
    made, photograph = painted.json()["image"]["id"], ada.keeps_picture()["id"]

    def labelled(images: list[int], label: bool | None) -> tuple[bool, bool]:
        given = [{"image_id": image_id} for image_id in images]
        on_instagram, on_page, medium, _ = goes_out_as_checked(ada, platform, given, ai_label=label)
        assert on_page["ai_label"] is False
        is_told = "ai_label_not_supported" in codes(on_page)
        assert is_told is on_instagram["ai_label"]
        return on_instagram["ai_label"], medium["is_ai_generated"]

    assert labelled([made], None) == (True, True)
    assert labelled([photograph, made], None) == (True, True)
    assert labelled([photograph], True) == (False, False)
    assert labelled([made], False) == (False, False)
    path = f"/businesses/{ada.business_id}"
    assert ada.client.patch(path, json={"label_ai_images": False}).status_code == 200
    assert labelled([made], None) == (False, False)
    assert labelled([made], True) == (True, True)
