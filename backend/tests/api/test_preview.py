"""The preview of an image: made when it is first fetched, once, kept, and for nobody without its URL."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from tests import factories_pictures as pictures
from tests.api.conftest import SignsUp
from tests.api.edge_app import assert_problem
from tests.api.live import Live, fetch


def previews(live: Live, image: dict[str, Any]) -> int:
    return live.count("renditions", f"image_id = {image['id']} AND recipe = 'preview'")


@pytest.mark.parametrize(
    ("sides", "expected"),
    [((3000, 2000), (1440, 960)), ((800, 2400), (480, 1440)), ((640, 480), (640, 480))],
)
def test_a_preview_is_a_webp_of_at_most_1440_pixels(
    embedded: Live, signs_up: SignsUp, sides: tuple[int, int], expected: tuple[int, int]
) -> None:
    image = signs_up(embedded).keeps_picture(pictures.jpeg_with_secrets(pictures.photo(*sides, seed=81)))
    assert previews(embedded, image) == 0
    answer = fetch(image["preview_url"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    assert "immutable" in answer.headers["cache-control"]
    with Image.open(io.BytesIO(answer.content)) as opened:
        assert (opened.format, opened.size) == ("WEBP", expected)
    assert pictures.SECRET not in answer.content
    assert previews(embedded, image) == 1
    again = fetch(image["preview_url"], **{"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = fetch(image["preview_url"], "HEAD")
    assert int(head.headers["content-length"]) == len(answer.content)


def test_fifty_who_ask_at_once_get_the_one_that_is_made(live: Live, signs_up: SignsUp) -> None:
    image = signs_up(live).keeps_picture(pictures.jpeg(pictures.photo(2400, 1800, seed=82)))
    before = live.list_objects()
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: fetch(image["preview_url"]), range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert previews(live, image) == 1
    assert len(live.list_objects() - before) == 1
    assert live.count("storage_intents") == 0


@pytest.mark.parametrize("format", ["GIF", "WEBP"])
def test_the_preview_of_a_moving_picture_shows_its_first_frame(
    embedded: Live, signs_up: SignsUp, format: str
) -> None:
    image = signs_up(embedded).keeps_picture(pictures.animated(format))
    with Image.open(io.BytesIO(fetch(image["preview_url"]).content)) as opened:
        assert not getattr(opened, "is_animated", False)
        found = opened.convert("RGB").getpixel((20, 70))
    # The square stands at the left in the first frame.
    assert pictures.is_close(found, (255, 0, 0), 40)  # type: ignore[arg-type]


def test_a_preview_opens_by_its_own_url_alone(embedded: Live, signs_up: SignsUp) -> None:
    ada = signs_up(embedded)
    image, other = ada.keeps_picture(), ada.keeps_picture()
    url, query = image["preview_url"], urlsplit(image["preview_url"]).query
    original, thumb = urlsplit(image["storage_url"]).query, urlsplit(image["thumbnail_url"]).query
    signature = query.partition("&s=")[2]
    with embedded.nothing_is_left_behind():
        for changed in (
            url.partition("?")[0],
            url.replace(query, original),
            url.replace(query, thumb),
            url.replace("?e=", "?e=9"),
            url.replace(signature, "A" * len(signature)),
            f"{other['preview_url'].partition('?')[0]}?{query}",
            f"{embedded.url}/media/999999/preview.webp?{query}",
            # Its signature opens no other file either.
            f"{image['storage_url'].partition('?')[0]}?{query}",
            f"{image['thumbnail_url'].partition('?')[0]}?{query}",
        ):
            assert_problem(fetch(changed), 404, "link_not_valid")


def test_every_door_tells_the_preview_of_an_image(embedded: Live, signs_up: SignsUp) -> None:
    ada = signs_up(embedded)
    image = ada.keeps_picture()
    listed = ada.client.get("/images/list", params={"business_id": ada.business_id}).json()["images"][0]
    detail = ada.client.get(f"/images/{image['id']}").json()
    assert {image["preview_url"]} == {listed["preview_url"], detail["preview_url"]}


def test_a_preview_in_a_bucket_comes_from_the_bucket(bucket: Live, signs_up: SignsUp) -> None:
    image = signs_up(bucket).keeps_picture(pictures.jpeg(pictures.photo(2000, 1500, seed=83)))
    answer = fetch(image["preview_url"])
    assert answer.status_code == 302
    store = urlsplit(image["storage_url"])
    assert answer.headers["location"].startswith(f"{store.scheme}://{store.netloc}/")
    kind, _, seconds = answer.headers["cache-control"].partition(", max-age=")
    # Whoever keeps the way to the bucket keeps it no longer than it leads there.
    assert kind == "public" and 0 < int(seconds) <= 48 * 3600
    found = fetch(answer.headers["location"])
    assert (found.status_code, found.headers["content-type"]) == (200, "image/webp")
    with Image.open(io.BytesIO(found.content)) as opened:
        assert opened.size == (1440, 1080)
    assert fetch(image["preview_url"]).headers["location"] == answer.headers["location"]
    assert previews(bucket, image) == 1
