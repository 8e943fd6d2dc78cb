"""Taking pictures in: what is kept of them, under which name, and once only."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image

from tests import factories_pictures as pictures
from tests.api.conftest import Regular, SignsUp
from tests.api.edge_app import assert_problem
from tests.api.live import Live, fetch, upload_form
from tests.practice_server import poll

FIELDS = {
    "id",
    "business_id",
    "filename",
    "original_filename",
    "file_size",
    "mime_type",
    "width",
    "height",
    "storage_provider",
    "storage_url",
    "storage_key",
    "is_ai_generated",
    "ai_prompt",
    "ai_model",
    "ai_style",
    "usage_count",
    "last_used_at",
    "created_at",
    "updated_at",
    "alt_text",
    "tags",
    "thumbnail_url",
    "thumbhash",
    "sha256",
    "animated",
    "platform_readiness",
}
MIB = 1024 * 1024


def new_photo() -> Image.Image:
    """One that nobody has uploaded yet."""
    return pictures.photo(400, 400, seed=uuid.uuid4().int % 2**31)


def test_an_upload_answers_with_the_image_and_every_promised_field(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    content = pictures.jpeg(pictures.photo(800, 600))
    answer = ada.uploads(content, filename="Morning at the harbour.JPG", alt_text="  Boats in fog ")
    assert answer.status_code == 201
    body = answer.json()
    assert body["success"] is True
    assert body["duplicate"] is False
    image = body["image"]
    assert set(image) >= FIELDS
    assert image["business_id"] == ada.business_id
    assert image["original_filename"] == "Morning at the harbour.JPG"
    assert re.fullmatch(rf"{ada.business_id}/[0-9a-f]{{32}}-morning-at-the-harbour\.jpg", image["filename"])
    assert image["storage_key"] == image["filename"]
    assert (image["mime_type"], image["width"], image["height"]) == ("image/jpeg", 800, 600)
    assert image["storage_provider"] == "local"
    assert image["sha256"] == hashlib.sha256(content).hexdigest()
    assert image["alt_text"] == "Boats in fog"
    assert image["tags"] == []
    assert image["thumbhash"]
    assert image["animated"] is image["is_ai_generated"] is False
    assert image["ai_prompt"] is image["ai_model"] is image["ai_style"] is image["last_used_at"] is None
    assert image["usage_count"] == 0
    assert image["created_at"] == image["updated_at"]
    assert image["created_at"].endswith("Z")
    assert datetime.fromisoformat(image["created_at"]).tzinfo is not None
    assert {row["platform"] for row in image["platform_readiness"]} == {"instagram", "facebook"}
    assert all(row["is_ready"] for row in image["platform_readiness"])
    kept = fetch(image["storage_url"])
    assert len(kept.content) == image["file_size"]
    assert image["storage_key"] in live.list_objects()


@pytest.mark.parametrize(
    ("make", "mime_type", "extension", "is_animated"),
    [
        (pictures.jpeg, "image/jpeg", "jpg", False),
        (pictures.png, "image/png", "png", False),
        (pictures.gif, "image/gif", "gif", False),
        (pictures.webp, "image/webp", "webp", False),
        (lambda _: pictures.animated("GIF"), "image/gif", "gif", True),
        (lambda _: pictures.animated("WEBP"), "image/webp", "webp", True),
    ],
    ids=["jpeg", "png", "gif", "webp", "moving gif", "moving webp"],
)
def test_bytes_decide_what_a_file_is_and_not_its_name_or_its_label(
    embedded: Live, regular: Regular, make: Any, mime_type: str, extension: str, is_animated: bool
) -> None:
    ada = regular(embedded)
    form = {"business_id": ada.business_id}
    content = make(new_photo())
    answer = ada.client.post("/images/upload", data=form, files={"file": ("page.html", content, "text/html")})
    assert answer.status_code == 201, answer.text
    image = answer.json()["image"]
    assert (image["mime_type"], image["animated"]) == (mime_type, is_animated)
    assert image["filename"].endswith(f"-page.{extension}")
    assert urlsplit(image["storage_url"]).path.endswith(f".{extension}")
    for url, type_ in ((image["storage_url"], mime_type), (image["thumbnail_url"], "image/webp")):
        assert fetch(url).headers["content-type"] == type_


def test_a_picture_that_lies_on_its_side_is_kept_upright(embedded: Live, signs_up: SignsUp) -> None:
    ada = signs_up(embedded)
    lying = pictures.turned(pictures.quarters(640, 480), 6)
    image = ada.keeps_picture(pictures.jpeg(lying, exif=pictures.exif(6, with_secrets=False)))
    assert (image["width"], image["height"]) == (640, 480)


def test_the_smallest_and_the_largest_sides_are_taken(embedded: Live, signs_up: SignsUp) -> None:
    ada = signs_up(embedded)
    for width, height in ((400, 400), (4096, 400), (400, 4096)):
        image = ada.keeps_picture(pictures.jpeg(pictures.flat((90, 120, 60), width, height)))
        assert (image["width"], image["height"]) == (width, height)


def test_a_file_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(
    embedded: Live, signs_up: SignsUp
) -> None:
    ada = signs_up(embedded)
    picture = pictures.jpeg(pictures.photo(seed=17))
    image = ada.keeps_picture(picture + bytes(10 * MIB - len(picture)))
    assert image["file_size"] <= len(picture)
    with embedded.nothing_is_left_behind():
        answer = ada.uploads(picture + bytes(10 * MIB - len(picture) + 1))
        assert assert_problem(answer, 413, "file_too_large")["limit"] == 10 * MIB


# --- names


NAMES = {
    "a path": ("../../etc/passwd\u2044x.jpg", "../../etc/passwd\u2044x.jpg", "passwdx"),
    "a path that is only dots": ("../..", "../..", "image"),
    "a right-to-left mark": ("invoice\u202egpj.exe", "invoicegpj.exe", "invoicegpj"),
    "other marks": ("a\u200f\u2066b\u2069\ufeffc.jpg", "abc.jpg", "abc"),
    "500 characters": ("n" * 500 + ".jpg", "n" * 251 + ".jpg", "n" * 50),
    "500 characters of another script": ("\u6e2f" * 500 + ".jpg", "\u6e2f" * 251 + ".jpg", "image"),
    "none": ("", "untitled.jpg", "image"),
    "spaces alone": ("   ", "untitled.jpg", "image"),
    "NUL": ("a\0b.jpg", "ab.jpg", "a-b"),
    "control characters": ("a\x01\x1f\x7fb.jpg", "ab.jpg", "a-b"),
    "an emoji": ("\N{SAILBOAT} caf\u00e9.jpg", "\N{SAILBOAT} caf\u00e9.jpg", "cafe"),
    "markup": (
        "<img src=x onerror=alert(1)>.jpg",
        "<img src=x onerror=alert(1)>.jpg",
        "img-src-x-onerror-alert-1",
    ),
    "a name of the system": (".tmp", ".tmp", "tmp"),
}


@pytest.mark.parametrize("case", NAMES)
def test_a_file_may_be_called_anything_and_the_name_is_never_a_path(
    embedded: Live, regular: Regular, case: str
) -> None:
    given, shown, slug = NAMES[case]
    ada = regular(embedded)
    body, headers = upload_form(
        ada.business_id, pictures.jpeg(new_photo()), f'form-data; name="file"; filename="{given}"'
    )
    answer = ada.client.post("/images/upload", content=body, headers=headers)
    assert answer.status_code == 201, answer.text
    image = answer.json()["image"]
    assert image["original_filename"] == shown
    assert re.fullmatch(rf"{ada.business_id}/[0-9a-f]{{32}}-{slug}\.jpg", image["storage_key"])
    assert image["storage_key"] in embedded.list_objects()
    assert ada.client.get(f"/images/{image['id']}").json()["original_filename"] == shown


@pytest.mark.parametrize(
    ("disposition", "shown"),
    [
        ('form-data; name="file"; filename=harbour.jpg', "harbour.jpg"),
        ("form-data; name=\"file\"; filename*=UTF-8''na%C3%AFve%20%E2%82%AC.jpg", "na\u00efve \u20ac.jpg"),
        ("form-data; name=\"file\"; filename*=utf-8'de'%FF.jpg", "\ufffd.jpg"),
        ('form-data; name="file"; filename="C:\\\\pictures\\\\a.jpg"', "a.jpg"),
        ('form-data; name="file"; filename="with \\"quotes\\".jpg"', 'with "quotes".jpg'),
    ],
)
def test_names_are_read_however_programs_write_them(
    embedded: Live, regular: Regular, disposition: str, shown: str
) -> None:
    ada = regular(embedded)
    body, headers = upload_form(ada.business_id, pictures.jpeg(new_photo()), disposition)
    answer = ada.client.post("/images/upload", content=body, headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.json()["image"]["original_filename"] == shown


# --- the same picture again


def test_the_same_bytes_give_the_same_image_and_keep_what_was_written_on_it(
    live: Live, signs_up: SignsUp
) -> None:
    ada = signs_up(live)
    content = pictures.jpeg(pictures.photo(seed=21))
    image = ada.keeps_picture(content, alt_text="Boats")
    before = live.belongings()
    again = ada.uploads(content, filename="other name.jpg", alt_text="Something else")
    assert again.status_code == 200
    assert again.json()["success"] is again.json()["duplicate"] is True
    assert again.json()["image"] == image
    assert live.belongings() == before


def test_businesses_do_not_learn_of_each_others_pictures(live: Live, signs_up: SignsUp) -> None:
    content = pictures.jpeg(pictures.photo(seed=22))
    hers, his = signs_up(live).keeps_picture(content), signs_up(live).keeps_picture(content)
    assert hers["id"] != his["id"]
    assert hers["storage_key"] != his["storage_key"]


def test_a_picture_in_the_trash_comes_back_when_it_is_uploaded_again(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    content = pictures.jpeg(pictures.photo(seed=23))
    image = ada.keeps_picture(content)
    assert ada.client.delete(f"/images/{image['id']}").status_code == 200
    again = ada.uploads(content)
    assert (again.status_code, again.json()["duplicate"]) == (200, True)
    assert again.json()["image"]["id"] == image["id"]
    assert again.json()["image"]["deleted_at"] is None
    assert ada.client.get(f"/images/{image['id']}").status_code == 200


def test_of_twenty_uploads_of_the_same_bytes_at_once_one_makes_the_image(
    live: Live, signs_up: SignsUp
) -> None:
    ada = signs_up(live)
    content = pictures.jpeg(pictures.photo(seed=24))
    before = live.belongings()
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: ada.uploads(content), range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.json()["image"]["id"] for answer in answers}) == 1
    after = live.belongings()
    assert after.rows == {**before.rows, "images": before.rows["images"] + 1}
    image = answers[0].json()["image"]
    made = after.objects - before.objects
    assert image["storage_key"] in made
    assert len(made) == 2  # the picture and its thumbnail
    assert live.temporary_files() == []


def test_a_repeated_request_with_the_same_key_gives_the_first_answer(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    content = pictures.jpeg(pictures.photo(seed=25))

    def upload(content: bytes, **fields: Any) -> httpx.Response:
        return ada.client.post(
            "/images/upload",
            data={"business_id": ada.business_id, **fields},
            files={"file": ("a.jpg", content)},
            headers={"Idempotency-Key": "upload-1"},
        )

    first = upload(content)
    again = upload(content)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    with live.nothing_is_left_behind():
        assert_problem(upload(content, alt_text="x"), 409, "idempotency_key_reused")
        assert_problem(upload(pictures.jpeg()), 409, "idempotency_key_reused")


# --- load


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="memory is told on Linux only")
def test_many_slow_uploads_at_once_take_little_memory(embedded: Live, signs_up: SignsUp) -> None:
    ada = signs_up(embedded)
    ada.keeps_picture()
    file = os.urandom(MIB) * 10
    body, headers = upload_form(ada.business_id, file, 'form-data; name="file"; filename="a.jpg"')
    head = (
        f"POST /api/v1/images/upload HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Authorization: Bearer {ada.token}\r\nContent-Type: {headers['Content-Type']}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    with embedded.nothing_is_left_behind():
        before = embedded.memory()
        sockets = [socket.create_connection(("127.0.0.1", embedded.product.port)) for _ in range(50)]
        try:
            for connection in sockets:
                connection.sendall(head)
            for start in range(0, 10 * MIB, MIB):
                for connection in sockets:
                    connection.sendall(body[start : start + MIB])
            held = poll(
                lambda: len(found) if len(found := embedded.temporary_files()) >= 100 else None,
                what="every upload under way",
            )
            assert held == 100  # a folder and a file each
            assert embedded.memory() - before < 150 * MIB
            for connection in sockets:
                connection.sendall(body[10 * MIB :])
            for connection in sockets:
                with connection.makefile("rb") as answer:
                    assert answer.readline().startswith(b"HTTP/1.1 415 ")
        finally:
            for connection in sockets:
                connection.close()


def test_an_upload_that_breaks_off_leaves_nothing(embedded: Live, signs_up: SignsUp) -> None:
    ada = signs_up(embedded)
    body, headers = upload_form(ada.business_id, pictures.jpeg(), 'form-data; name="file"; filename="a.jpg"')
    head = (
        f"POST /api/v1/images/upload HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ada.token}\r\n"
        f"Content-Type: {headers['Content-Type']}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    server = ("127.0.0.1", embedded.product.port)
    with embedded.nothing_is_left_behind(), socket.create_connection(server) as connection:
        connection.sendall(head + body[: len(body) // 2])
        poll(lambda: embedded.temporary_files() or None, what="the upload under way")
        connection.close()
