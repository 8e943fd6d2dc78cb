"""Pictures that go from the browser to the bucket: promised, refused by the store, taken in."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests import factories_pictures as pictures
from tests.api.conftest import SignsUp
from tests.api.edge_app import assert_problem
from tests.api.live import LONG_AGO, Live, fetch
from tests.person import Person


def a_picture() -> bytes:
    return pictures.jpeg(pictures.photo(seed=uuid.uuid4().int % 2**31))


def wants_place(person: Person, content: bytes, **changes: Any) -> httpx.Response:
    wish = {
        "business_id": person.business_id,
        "filename": "Harbour.jpg",
        "size": len(content),
        "mime_type": "image/jpeg",
    }
    return person.client.post("/images/uploads", json=wish | changes)


def promised(person: Person, content: bytes, **changes: Any) -> dict[str, Any]:
    answer = wants_place(person, content, **changes)
    assert answer.status_code == 201, answer.text
    place: dict[str, Any] = answer.json()["upload"]
    return place


def sends(place: dict[str, Any], content: bytes, **fields: str) -> httpx.Response:
    """As a browser submits a form, straight to the store."""
    return httpx.post(
        place["url"],
        data=place["fields"] | fields,
        files={"file": ("Harbour.jpg", content, fields.get("Content-Type", "image/jpeg"))},
        trust_env=False,
    )


def completes(person: Person, place: dict[str, Any], **body: Any) -> httpx.Response:
    return person.client.post(f"/images/uploads/{place['id']}/complete", json=body)


def test_the_page_is_told_what_can_be_uploaded_and_which_way(
    bucket: Live, embedded: Live, signs_up: SignsUp
) -> None:
    ways = {}
    for live in (bucket, embedded):
        ada = signs_up(live)
        answer = ada.client.get("/images/upload-options", params={"business_id": ada.business_id})
        options = answer.json()
        ways[live] = (options.pop("direct"), options.pop("storage_provider"))
        assert options["max_bytes"] == 10 * 1024 * 1024
        assert (options["min_side"], options["max_side"]) == (400, 4096)
        assert {"image/jpeg", "image/png", "image/gif", "image/webp"} <= set(options["mime_types"])
    assert ways == {bucket: ("post", "s3"), embedded: (None, "local")}


def test_a_picture_that_was_sent_to_the_bucket_is_taken_in_like_any_other(
    bucket: Live, signs_up: SignsUp
) -> None:
    ada = signs_up(bucket)
    before = bucket.list_objects()
    content = pictures.jpeg_with_secrets(pictures.photo(seed=uuid.uuid4().int % 2**31))
    place = promised(ada, content)
    assert place["method"] == "post"
    assert sends(place, content).status_code == 204
    answer = completes(ada, place, alt_text="Boats at dawn")
    assert answer.status_code == 201, answer.text
    image = answer.json()["image"]
    assert (image["original_filename"], image["alt_text"]) == ("Harbour.jpg", "Boats at dawn")
    assert answer.json()["duplicate"] is False
    assert bucket.list_objects() - before == {image["storage_key"], thumbnail_of(image)}
    assert pictures.SECRET not in fetch(image["storage_url"]).content
    assert bucket.temporary_files() == []
    # The same answer as an upload gives.
    again = ada.uploads(content)
    assert again.status_code == 200
    assert again.json()["image"] == image


def thumbnail_of(image: dict[str, Any]) -> str:
    business, unique = image["storage_key"].split("-")[0].split("/")
    return f"{business}/{unique}-thumb.webp"


def test_the_bucket_refuses_what_the_form_does_not_allow(bucket: Live, signs_up: SignsUp) -> None:
    ada = signs_up(bucket)
    before = bucket.list_objects()
    content = a_picture()
    place = promised(ada, content)
    other_key = place["fields"]["key"].replace("incoming/", "elsewhere/")
    for refused in (
        sends(place, content + b"\0"),
        sends(place, b""),
        sends(place, content, key=other_key),
        sends(place, content, **{"Content-Type": "text/html"}),
        sends(place, content, **{"x-amz-signature": "0" * 64}),
        sends(place, content, **{"x-amz-meta-more": "more than was signed"}),
    ):
        assert refused.status_code in (400, 403, 411), refused.text
        assert bucket.list_objects() == before
    assert_problem(completes(ada, place), 409, "upload_incomplete")
    assert sends(place, content).status_code == 204
    assert completes(ada, place).status_code == 201


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"This is no picture", 415, "unsupported_image_type"),
        (pictures.jpeg()[:2000], 422, "image_corrupt"),
        (pictures.jpeg(pictures.photo(100, 100)), 422, "image_too_small"),
    ],
    ids=["text", "truncated", "small"],
)
def test_what_the_browser_says_of_a_file_counts_for_nothing(
    bucket: Live, signs_up: SignsUp, content: bytes, status: int, code: str
) -> None:
    ada = signs_up(bucket)
    with bucket.nothing_is_left_behind():
        place = promised(ada, content)
        assert sends(place, content).status_code == 204
        assert_problem(completes(ada, place), status, code)
        # A refusal ends it.
        assert_problem(completes(ada, place), 404, "upload_not_found")


def test_a_file_over_the_limit_gets_no_place(bucket: Live, signs_up: SignsUp) -> None:
    ada = signs_up(bucket)
    answer = wants_place(ada, b"", size=10 * 1024 * 1024 + 1)
    assert assert_problem(answer, 413, "file_too_large")["limit"] == 10 * 1024 * 1024
    assert_problem(wants_place(ada, b"x", mime_type="text/html"), 415, "unsupported_image_type")
    assert_problem(wants_place(ada, b""), 422, "invalid_fields")


def test_a_file_over_the_limit_that_is_there_all_the_same_is_not_read(
    bucket: Live, signs_up: SignsUp, store: Any
) -> None:
    ada = signs_up(bucket)
    with bucket.nothing_is_left_behind():
        place = promised(ada, b"x")
        client, name = store
        client.put_object(Bucket=name, Key=place["fields"]["key"], Body=bytes(10 * 1024 * 1024 + 1))
        assert_problem(completes(ada, place), 413, "file_too_large")


@pytest.fixture
def store(bucket: Live, seaweedfs_server: Any) -> Any:
    """The client and the name of the bucket."""
    client = seaweedfs_server.client()
    url = promised_url(bucket)
    yield client, url.rpartition("/")[2]
    client.close()


def promised_url(bucket: Live) -> str:
    person = Person.signs_up(bucket.url)
    try:
        return str(promised(person, b"x")["url"]).rstrip("/")
    finally:
        person.close()


def test_without_such_a_store_the_picture_comes_through_the_server(embedded: Live, signs_up: SignsUp) -> None:
    assert_problem(wants_place(signs_up(embedded), b"x"), 409, "direct_upload_unavailable")


def test_nothing_but_a_picture_that_has_arrived_can_be_finished(bucket: Live, signs_up: SignsUp) -> None:
    ada = signs_up(bucket)
    place = promised(ada, b"x")
    assert_problem(completes(ada, place), 409, "upload_incomplete")
    for absent in ("none", place["id"][:-1]):
        assert_problem(completes(ada, {"id": absent}), 404, "upload_not_found")


def test_what_cannot_be_an_upload_is_told_by_its_name(bucket: Live, signs_up: SignsUp) -> None:
    ada = signs_up(bucket)
    for wrong in ("no.such", "a" * 44):
        for answer in (completes(ada, {"id": wrong}), ada.client.delete(f"/images/uploads/{wrong}")):
            detail = assert_problem(answer, 400, "malformed_request")["detail"]
            assert detail.startswith("upload_id in the address") and "whole number" not in detail


def test_a_place_belongs_to_whoever_got_it(bucket: Live, signs_up: SignsUp) -> None:
    ada, eve = signs_up(bucket), signs_up(bucket)
    colleague = signs_up(bucket)
    email = colleague.client.get("/auth/me").json()["user"]["email"]
    members = f"/businesses/{ada.business_id}/members"
    assert ada.client.post(members, json={"email": email, "role": "editor"}).status_code == 201
    content = a_picture()
    place = promised(ada, content)
    assert sends(place, content).status_code == 204
    for other in (eve, colleague):
        assert_problem(completes(other, place), 404, "upload_not_found")
        assert other.client.delete(f"/images/uploads/{place['id']}").status_code == 200
    assert_problem(wants_place(eve, content, business_id=ada.business_id), 404, "business_not_found")
    assert completes(ada, place).status_code == 201


def test_whoever_may_no_longer_upload_can_not_finish_either(bucket: Live, signs_up: SignsUp) -> None:
    ada, ben = signs_up(bucket), signs_up(bucket)
    me = ben.client.get("/auth/me").json()["user"]
    members = f"/businesses/{ada.business_id}/members"
    ada.client.post(members, json={"email": me["email"], "role": "editor"})
    content = a_picture()
    place = promised(ben, content, business_id=ada.business_id)
    assert sends(place, content).status_code == 204
    ada.client.patch(f"{members}/{me['id']}", json={"role": "viewer"})
    assert_problem(completes(ben, place), 403, "role_too_low")
    assert_problem(wants_place(ben, content, business_id=ada.business_id), 403, "role_too_low")


def test_finishing_twice_and_all_at_once_gives_the_same_image(bucket: Live, signs_up: SignsUp) -> None:
    ada = signs_up(bucket)
    content = a_picture()
    before = bucket.belongings()
    place = promised(ada, content)
    assert sends(place, content).status_code == 204
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: completes(ada, place), range(8)))
    assert {answer.status_code for answer in answers} <= {200, 201}, [a.text for a in answers]
    assert len({answer.json()["image"]["id"] for answer in answers}) == 1
    assert completes(ada, place).json()["image"]["id"] == answers[0].json()["image"]["id"]
    after = bucket.belongings()
    assert after.rows == {**before.rows, "images": before.rows["images"] + 1}
    assert len(after.objects - before.objects) == 2


def test_a_picture_that_is_there_already_is_found(bucket: Live, signs_up: SignsUp) -> None:
    ada = signs_up(bucket)
    content = a_picture()
    image = ada.keeps_picture(content)
    with bucket.nothing_is_left_behind():
        place = promised(ada, content)
        assert sends(place, content).status_code == 204
        for _ in range(2):
            answer = completes(ada, place)
            assert (answer.status_code, answer.json()["duplicate"]) == (200, True)
            assert answer.json()["image"]["id"] == image["id"]


def test_calling_off_deletes_what_arrived(bucket: Live, signs_up: SignsUp) -> None:
    ada = signs_up(bucket)
    content = a_picture()
    with bucket.nothing_is_left_behind():
        place = promised(ada, content)
        assert sends(place, content).status_code == 204
        for _ in range(2):
            assert ada.client.delete(f"/images/uploads/{place['id']}").status_code == 200
        assert_problem(completes(ada, place), 404, "upload_not_found")
    # The image of a finished one stays.
    finished = promised(ada, content)
    assert sends(finished, content).status_code == 204
    image = completes(ada, finished).json()["image"]
    assert ada.client.delete(f"/images/uploads/{finished['id']}").status_code == 200
    assert fetch(image["storage_url"]).status_code == 200


def test_a_place_ends(bucket: Live, signs_up: SignsUp) -> None:
    ada = signs_up(bucket)
    content = a_picture()
    place = promised(ada, content)
    assert sends(place, content).status_code == 204
    bucket.execute(f"UPDATE upload_tickets SET expires_at = {LONG_AGO} WHERE id = '{place['id']}'")
    assert_problem(completes(ada, place), 404, "upload_not_found")


def test_the_same_wish_with_the_same_key_gets_the_same_place(bucket: Live, signs_up: SignsUp) -> None:
    ada = signs_up(bucket)
    ada.client.headers["Idempotency-Key"] = uuid.uuid4().hex
    assert promised(ada, b"x") == promised(ada, b"x")


def test_the_page_may_send_to_the_bucket_and_show_its_pictures(bucket: Live, signs_up: SignsUp) -> None:
    ada = signs_up(bucket)
    place = promised(ada, b"x")
    store = place["url"].rstrip("/").rpartition("/")[0]
    headers = fetch(f"{bucket.url}/healthz").headers["content-security-policy"]
    policy = {name: value.split() for name, _, value in (part.partition(" ") for part in headers.split("; "))}
    assert store in policy["connect-src"]
    assert store in policy["img-src"]
