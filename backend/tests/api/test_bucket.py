"""The product with its pictures in an S3 store: the same promises, other URLs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest

from tests import factories_pictures as pictures
from tests.api.conftest import SignsUp
from tests.api.edge_app import assert_problem
from tests.api.live import Live, fetch
from tests.person import Person
from tests.servers.seaweedfs import SeaweedServer


def test_a_picture_goes_into_the_bucket_and_is_read_from_there(
    bucket: Live, seaweedfs_server: SeaweedServer, signs_up: SignsUp
) -> None:
    ada = signs_up(bucket)
    before = bucket.list_objects()
    image = ada.keeps_picture(pictures.jpeg_with_secrets(pictures.photo(seed=51)), filename="Harbour.jpg")
    assert image["storage_provider"] == "s3"
    made = bucket.list_objects() - before
    assert image["storage_key"] in made
    assert len(made) == 2
    assert not (bucket.product.data_dir / "files").exists()
    for url, mime_type in ((image["storage_url"], "image/jpeg"), (image["thumbnail_url"], "image/webp")):
        assert url.startswith(f"{seaweedfs_server.endpoint}/")
        answer = fetch(url)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == mime_type
        assert "immutable" in answer.headers["cache-control"]
        assert pictures.SECRET not in answer.content
    assert len(fetch(image["storage_url"]).content) == image["file_size"]


def test_the_bucket_shows_nothing_to_whoever_has_no_signed_url(bucket: Live, signs_up: SignsUp) -> None:
    ada = signs_up(bucket)
    image, other = ada.keeps_picture(), ada.keeps_picture()
    bare, _, query = image["storage_url"].partition("?")
    folder = bare.rpartition("/")[0]
    for url in (
        bare,
        f"{bare}?{query.replace('X-Amz-Signature=', 'X-Amz-Signature=0')}",
        f"{other['storage_url'].partition('?')[0]}?{query}",
        f"{image['thumbnail_url'].partition('?')[0]}?{query}",
        f"{folder}/?{query}",
        folder.rpartition("/")[0],
    ):
        assert fetch(url).status_code in (400, 403), url


def test_a_signed_url_stays_the_same_all_day(bucket: Live, signs_up: SignsUp) -> None:
    ada = signs_up(bucket)
    image = ada.keeps_picture()
    again = ada.client.get(f"/images/{image['id']}").json()
    if urlsplit(again["storage_url"]).query.split("X-Amz-Date=")[1][:8] in image["storage_url"]:
        assert again["storage_url"] == image["storage_url"]


def test_the_same_bytes_at_once_make_one_object(bucket: Live, signs_up: SignsUp) -> None:
    ada = signs_up(bucket)
    content = pictures.jpeg(pictures.photo(seed=52))
    before = bucket.belongings()
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: ada.uploads(content), range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    after = bucket.belongings()
    assert after.rows == {**before.rows, "images": before.rows["images"] + 1}
    assert len(after.objects - before.objects) == 2


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"This is no picture", 415, "unsupported_image_type"),
        (pictures.jpeg()[:2000], 422, "image_corrupt"),
        (pictures.jpeg(pictures.photo(100, 100)), 422, "image_too_small"),
        (bytes(11_000_000), 413, "file_too_large"),
    ],
    ids=["text", "truncated", "small", "large"],
)
def test_what_is_refused_never_reaches_the_bucket(
    bucket: Live, signs_up: SignsUp, content: bytes, status: int, code: str
) -> None:
    ada = signs_up(bucket)
    with bucket.nothing_is_left_behind():
        assert_problem(ada.uploads(content), status, code)


def test_removing_for_good_empties_the_bucket_again(bucket: Live, signs_up: SignsUp) -> None:
    ada = signs_up(bucket)
    with bucket.nothing_is_left_behind():
        image = ada.keeps_picture()
        draft = {"business_id": ada.business_id, "images": [{"image_id": image["id"]}]}
        checked = ada.client.post("/posts/check", json={**draft, "channel_ids": [ada.channel()["id"]]})
        (rendition,) = checked.json()["channels"][0]["renditions"]
        assert fetch(rendition["url"]).headers["content-type"] == "image/jpeg"
        assert ada.client.delete(f"/images/{image['id']}").status_code == 200
        assert fetch(image["storage_url"]).status_code == 200
        answer = ada.client.delete(f"/images/{image['id']}", params={"permanent": True})
        assert answer.status_code == 200
        for url in (image["storage_url"], image["thumbnail_url"], rendition["url"]):
            assert fetch(url).status_code == 404


def test_a_picture_made_from_words_is_kept_there_too(bucket: Live, signs_up: SignsUp) -> None:
    ada = signs_up(bucket)
    wish = {"business_id": ada.business_id, "prompt": "A harbour", "size": "1024x1024", "quality": "standard"}
    image = ada.client.post("/images/generate", json=wish).json()["image"]
    assert image["storage_key"] in bucket.list_objects()
    assert b"trainedAlgorithmicMedia" in fetch(image["storage_url"]).content


def test_a_post_can_name_a_picture_by_its_url_in_the_bucket(bucket: Live, signs_up: SignsUp) -> None:
    ada, eve = signs_up(bucket), signs_up(bucket)
    image = ada.keeps_picture()

    def publishes(person: Person, url: str) -> httpx.Response:
        body = {"business_id": person.business_id, "content_text": "Boats", "content_images": [url]}
        return person.client.post("/publishing/instagram", json=body)

    # Practice Instagram fetches the picture from the bucket itself.
    answer = publishes(ada, image["storage_url"])
    assert answer.status_code == 201, answer.text
    assert answer.json()["post"]["state"] == "published", answer.text
    with bucket.nothing_is_left_behind():
        assert_problem(publishes(eve, image["storage_url"]), 404, "image_not_found")
        absent = image["storage_url"].replace(image["storage_key"], f"{eve.business_id}/none.jpg")
        assert_problem(publishes(eve, absent), 404, "image_not_found")
