"""The files behind `storage_url` and `thumbnail_url`: who gets them, and what they no longer hold."""

from __future__ import annotations

import io
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from PIL import Image

from app.core.crypto import Signer
from tests import factories_pictures as pictures
from tests.api.conftest import SignsUp
from tests.api.edge_app import assert_problem
from tests.api.live import Live, fetch
from tests.person import NO_TLS, Person


def sign(live: Live, image: dict[str, Any], expires_at: int) -> str:
    """A URL of an image's original as the server itself would sign it."""
    key = (live.product.data_dir / "secret.key").read_bytes().strip()
    signature = Signer(key, "media-urls").sign(f"{image['storage_key']}/{expires_at}")
    return f"{live.url}/media/{image['id']}/original.jpg?e={expires_at}&s={signature}"


# --- what the files hold


PRIVATE: dict[str, Any] = {
    "JPEG": lambda: pictures.jpeg_with_secrets(pictures.photo(700, 500, 31)),
    "turned JPEG": lambda: pictures.jpeg_with_secrets(pictures.photo(700, 500, 32), 6),
    "PNG": lambda: pictures.png_with_secrets(pictures.photo(700, 500, 33)),
    "WebP": lambda: pictures.webp_with_secrets(pictures.photo(700, 500, 34)),
    "GIF": lambda: pictures.gif_with_secrets(pictures.gif(pictures.photo(700, 500, 35))),
    "moving GIF": lambda: pictures.gif_with_secrets(pictures.animated("GIF")),
}


def every_file(person: Person, image: dict[str, Any]) -> dict[str, bytes]:
    """Each file of an image, fetched by nobody in particular."""
    channels = [person.channel(platform)["id"] for platform in ("instagram", "facebook")]
    draft = {
        "business_id": person.business_id,
        "images": [{"image_id": image["id"]}],
        "channel_ids": channels,
    }
    checked = person.client.post("/posts/check", json=draft).json()
    urls = {"original": image["storage_url"], "thumb": image["thumbnail_url"]}
    for channel in checked["channels"]:
        for made in channel["renditions"]:
            urls[made["recipe"]] = made["url"]
    assert len(urls) == 4
    answers = {name: fetch(url) for name, url in urls.items()}
    assert {answer.status_code for answer in answers.values()} == {200}
    return {name: answer.content for name, answer in answers.items()}


@pytest.mark.parametrize("case", PRIVATE)
def test_no_file_that_is_served_holds_anything_private(embedded: Live, signs_up: SignsUp, case: str) -> None:
    received = PRIVATE[case]()
    assert pictures.SECRET in received
    ada = signs_up(embedded)
    image = ada.keeps_picture(received, filename="private.jpg")
    for name, content in every_file(ada, image).items():
        for marker in (pictures.SECRET, b"GPS", b"photoshop", b"private"):
            assert marker not in content, (name, marker)
        with Image.open(io.BytesIO(content)) as opened:
            assert not dict(opened.getexif()), name
            assert "comment" not in opened.info
            assert "xmp" not in opened.info
            opened.load()


def test_what_goes_out_holds_nothing_private_either(embedded: Live, signs_up: SignsUp) -> None:
    ada = signs_up(embedded)
    image = ada.keeps_picture(pictures.jpeg_with_secrets(pictures.photo(900, 700, 36)))
    post = {"business_id": ada.business_id, "content_text": "Boats", "image_ids": [image["id"]]}
    answer = ada.client.post("/publishing/instagram", json=post).json()["post"]
    assert answer["state"] == "published"
    page = fetch(answer["publications"][0]["permalink"]).text
    shown = [part.split('"')[0] for part in page.split('src="')[1:]]
    taken = [fetch(url if "://" in url else f"{embedded.url}{url}").content for url in shown]
    assert any(content.startswith(b"\xff\xd8") for content in taken)
    for content in taken:
        assert pictures.SECRET not in content
        assert b"GPS" not in content


# --- how they are served


def test_a_file_is_served_to_whoever_has_its_url(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    image = ada.keeps_picture(pictures.png(pictures.photo(seed=41)))
    for url, mime_type in ((image["storage_url"], "image/png"), (image["thumbnail_url"], "image/webp")):
        assert url.startswith(f"{live.url}/media/{image['id']}/")
        answer = fetch(url)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        wanted = {
            "content-type": mime_type,
            "content-length": str(len(answer.content)),
            "cache-control": "public, max-age=31536000, immutable",
            "x-content-type-options": "nosniff",
            "content-security-policy": "default-src 'none'; sandbox",
            "cross-origin-resource-policy": "cross-origin",
            "content-disposition": "inline",
        }
        assert {name: answer.headers[name] for name in wanted} == wanted
        head = fetch(url, "HEAD")
        assert (head.status_code, head.content) == (200, b"")
        assert {name: head.headers[name] for name in wanted} == wanted
        assert head.headers["etag"] == answer.headers["etag"]


def test_who_has_the_file_already_gets_it_no_second_time(embedded: Live, signs_up: SignsUp) -> None:
    ada = signs_up(embedded)
    image = ada.keeps_picture()
    tag = fetch(image["storage_url"]).headers["etag"]
    assert tag != fetch(image["thumbnail_url"]).headers["etag"]
    for given in (tag, f"W/{tag}", f'"other", {tag}'):
        answer = fetch(image["storage_url"], **{"If-None-Match": given})
        assert (answer.status_code, answer.content) == (304, b""), given
        assert answer.headers["etag"] == tag
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    for given in ('"other"', tag.strip('"'), ""):
        assert fetch(image["storage_url"], **{"If-None-Match": given}).status_code == 200
    assert fetch(image["thumbnail_url"], **{"If-None-Match": tag}).status_code == 200


def test_a_url_stays_the_same_all_day_and_ends_within_two(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    image = ada.keeps_picture()
    again = ada.client.get(f"/images/{image['id']}").json()
    ends_at = int(parse_qs(urlsplit(image["storage_url"]).query)["e"][0])
    assert ends_at % 86400 == 0
    assert 24 * 3600 - 60 <= ends_at - time.time() <= 48 * 3600
    if ends_at == int(parse_qs(urlsplit(again["storage_url"]).query)["e"][0]):
        assert (again["storage_url"], again["thumbnail_url"]) == (
            image["storage_url"],
            image["thumbnail_url"],
        )


def test_a_url_that_we_did_not_sign_shows_nothing(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    image, other = ada.keeps_picture(), ada.keeps_picture()
    parts = urlsplit(image["storage_url"])
    ends_at, signature = (parse_qs(parts.query)[name][0] for name in ("e", "s"))
    path = f"{live.url}/media/{image['id']}"
    swapped = signature[::-1]
    for url in (
        f"{path}/original.jpg",
        f"{path}/original.jpg?e={ends_at}",
        f"{path}/original.jpg?s={signature}",
        f"{path}/original.jpg?e={ends_at}&s={swapped}",
        f"{path}/original.jpg?e={ends_at}&s={signature[:-1]}",
        f"{path}/original.jpg?e={ends_at}&s={signature}x",
        f"{path}/original.jpg?e={ends_at}&s=",
        f"{path}/original.jpg?e={int(ends_at) + 1}&s={signature}",
        f"{path}/original.jpg?e={int(ends_at) + 86400}&s={signature}",
        f"{path}/original.jpg?e=%D9%A1{ends_at[1:]}&s={signature}",
        f"{path}/original.jpg?e=-{ends_at}&s={signature}",
        f"{path}/original.jpg?e={'9' * 20}&s={signature}",
        f"{path}/original.jpg?e={ends_at}&s=%ff%fe",
        f"{path}/thumb.webp?e={ends_at}&s={signature}",
        f"{path}/instagram-feed.jpg?e={ends_at}&s={signature}",
        f"{live.url}/media/{other['id']}/original.jpg?e={ends_at}&s={signature}",
        f"{live.url}/media/987654321/original.jpg?e={ends_at}&s={signature}",
    ):
        for method in ("GET", "HEAD"):
            answer = fetch(url, method)
            assert answer.status_code == 404, url
        assert_problem(fetch(url), 404, "link_not_valid")
    # A token opens no file: only the URL does.
    bare = fetch(f"{path}/original.jpg", Authorization=f"Bearer {ada.token}")
    assert_problem(bare, 404, "link_not_valid")
    assert fetch(image["storage_url"]).status_code == 200


def test_a_url_that_has_ended_shows_nothing(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    image = ada.keeps_picture()
    now = int(time.time())
    assert fetch(sign(live, image, now + 600)).status_code == 200
    for moment in (now - 1, 0):
        assert_problem(fetch(sign(live, image, moment)), 404, "link_not_valid")


def test_a_url_of_what_is_not_there_shows_nothing(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    image = ada.keeps_picture()
    valid = sign(live, image, int(time.time()) + 600)
    for path in ("/media/987654321/original.", f"/media/{2**62}/original.", f"/media/{image['id']}/unknown."):
        address = valid.replace(f"/media/{image['id']}/original.", path)
        assert_problem(fetch(address), 404, "link_not_valid")


@pytest.mark.parametrize(
    "path",
    [
        "/media/1/original",
        "/media/1/..%2foriginal.jpg",
        "/media/../secret.key",
        "/media/1/%2e%2e/original.jpg",
        "/media/x/original.jpg",
        "/media/0/original.jpg",
        "/media/9999999999999999999999/original.jpg",
        "/media/1/ORIGINAL.jpg",
        "/media/1/original.php5x",
        "/media/1/orig%00inal.jpg",
        "/media/1/" + "x" * 61 + ".jpg",
        "/media/",
        "/media",
        "/files/1/original.jpg",
        "/data/secret.key",
    ],
)
def test_no_other_address_leads_to_a_file(embedded: Live, path: str) -> None:
    answer = httpx.get(
        f"{embedded.url}{path}",
        trust_env=False,
        verify=NO_TLS,
        headers={"Accept": "image/*"},
        follow_redirects=True,
    )
    assert answer.status_code in (400, 404), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_file_that_is_missing_in_the_store_is_told_and_no_error(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    image = ada.keeps_picture()
    (live.product.data_dir / "files" / image["storage_key"]).unlink()
    assert_problem(fetch(image["storage_url"]), 404, "image_file_missing")
    assert fetch(image["thumbnail_url"]).status_code == 200
    draft = {"business_id": ada.business_id, "images": [{"image_id": image["id"]}]}
    draft["channel_ids"] = [ada.channel()["id"]]
    checked = ada.client.post("/posts/check", json=draft)
    assert checked.status_code == 200, checked.text
    assert [p["code"] for p in checked.json()["channels"][0]["problems"]] == ["image_file_missing"]
    live.is_well()
    # Taking it out for good needs no file.
    ada.client.delete(f"/images/{image['id']}")
    assert ada.client.delete(f"/images/{image['id']}", params={"permanent": True}).status_code == 200
