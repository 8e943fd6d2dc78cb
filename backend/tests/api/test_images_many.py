"""Many images at once: thrown away, brought back, tagged, downloaded; and images that look alike."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests import factories_pictures as pictures
from tests.api.conftest import Regular, SignsUp
from tests.api.edge_app import assert_problem
from tests.api.live import Live, fetch
from tests.person import Person


def small(seed: int) -> bytes:
    return pictures.jpeg(pictures.photo(400, 400, seed))


def shelf(person: Person, count: int) -> list[int]:
    """The ids of so many new images, oldest first."""
    return [person.keeps_picture(small(seed))["id"] for seed in range(count)]


def listed(person: Person, **query: Any) -> list[int]:
    answer = person.client.get("/images/list", params={"business_id": person.business_id, **query})
    assert answer.status_code == 200, answer.text
    return [image["id"] for image in answer.json()["images"]]


def bulk(person: Person, what: str, image_ids: list[int], **more: Any) -> dict[str, Any]:
    answer = person.client.post(
        f"/images/bulk/{what}",
        json={"business_id": person.business_id, "image_ids": image_ids, **more},
    )
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    assert body.pop("success") is True
    return body


def absent(image_id: int) -> dict[str, Any]:
    return {
        "image_id": image_id,
        "code": "image_not_found",
        "detail": "There is no such image.",
        "posts": [],
    }


# --- the trash


def test_many_images_go_to_the_trash_and_come_back(live: Live, signs_up: SignsUp) -> None:
    ada, eve = signs_up(live), signs_up(live)
    first, second, third = shelf(ada, 3)
    (foreign,) = shelf(eve, 1)
    planned = ada.client.post(
        "/publishing/instagram",
        json={
            "business_id": ada.business_id,
            "content_text": "See you on Sunday",
            "image_ids": [second],
            "scheduled_at": (datetime.now(UTC) + timedelta(days=2)).isoformat(),
        },
    )
    assert planned.status_code == 201, planned.text
    post_id = planned.json()["post"]["id"]

    gone = bulk(ada, "delete", [third, foreign, second, first, third, 10**15])
    assert gone["deleted"] == [third, first]
    assert [refused["image_id"] for refused in gone["refused"]] == [foreign, second, 10**15]
    assert gone["refused"][0] == absent(foreign)
    assert gone["refused"][1]["code"] == "image_in_use"
    assert gone["refused"][1]["posts"] == [{"id": post_id, "content_text": "See you on Sunday"}]
    assert listed(ada) == [second]
    assert sorted(listed(ada, filter="trashed")) == [first, third]
    assert listed(eve) == [foreign]
    assert bulk(ada, "delete", [first])["refused"] == [absent(first)]

    back = bulk(ada, "restore", [foreign, first, third, second])
    assert back == {"restored": [first, third, second], "refused": [absent(foreign)]}
    assert listed(ada) == [third, second, first]


# --- tags


def tags_of(person: Person, search: str = "") -> list[tuple[str, int]]:
    answer = person.client.get(
        "/images/tags", params={"business_id": person.business_id, **({"search": search} if search else {})}
    )
    assert answer.status_code == 200, answer.text
    return [(found["tag"], found["count"]) for found in answer.json()["tags"]]


def test_many_images_are_tagged_and_tags_are_counted(live: Live, signs_up: SignsUp) -> None:
    ada, eve = signs_up(live), signs_up(live)
    first, second, third = shelf(ada, 3)
    (foreign,) = shelf(eve, 1)
    assert tags_of(ada) == []
    tagged = bulk(ada, "tag", [first, second, third, foreign], add=["Sea", " Größe ", "sea"])
    assert tagged == {"changed": [first, second, third], "refused": [absent(foreign)]}
    assert tags_of(ada) == [("Größe", 3), ("Sea", 3)]
    assert tags_of(eve) == []
    tagged = bulk(ada, "tag", [first, second], add=["fog"], remove=["SEA"])
    assert tagged == {"changed": [first, second], "refused": []}
    assert ada.client.get(f"/images/{first}").json()["tags"] == ["Größe", "fog"]
    assert ada.client.get(f"/images/{third}").json()["tags"] == ["Sea", "Größe"]
    assert bulk(ada, "tag", [first, third], add=["SEA"], remove=["fog"])["changed"] == [first]
    assert tags_of(ada) == [("Größe", 3), ("SEA", 2), ("fog", 1)]
    assert tags_of(ada, search="ö") == tags_of(ada, search="GRÖSSE") == [("Größe", 3)]
    assert listed(ada, tag="sea") == listed(ada, tag="SEA") == [third, first]
    assert listed(ada, tag="grösse") == [third, second, first]
    assert listed(ada, tag="se") == []
    bulk(ada, "delete", [third])
    assert tags_of(ada) == [("Größe", 2), ("fog", 1), ("SEA", 1)]
    assert listed(ada, tag="Sea", filter="trashed") == [third]
    assert bulk(ada, "tag", [third], add=["x"])["refused"] == [absent(third)]


def test_an_image_never_gets_more_than_thirty_tags(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    full, free = shelf(ada, 2)
    bulk(ada, "tag", [full], add=[f"tag {number}" for number in range(30)])
    tagged = bulk(ada, "tag", [full, free], add=["one more"])
    assert tagged["changed"] == [free]
    assert [(refused["image_id"], refused["code"]) for refused in tagged["refused"]] == [
        (full, "too_many_tags")
    ]
    assert bulk(ada, "tag", [full], add=["one more"], remove=["TAG 7"])["changed"] == [full]


@pytest.mark.parametrize("what", ["delete", "restore", "tag"])
@pytest.mark.parametrize("image_ids", [[], [0], ["x"], list(range(1, 502)), [2**63], None, "1,2"])
def test_a_choice_that_cannot_be_is_refused(
    embedded: Live, regular: Regular, what: str, image_ids: Any
) -> None:
    ada = regular(embedded)
    answer = ada.client.post(
        f"/images/bulk/{what}", json={"business_id": ada.business_id, "image_ids": image_ids}
    )
    assert_problem(answer, 422, "invalid_fields")


# --- downloads


def unpacked(person: Person, image_ids: list[int]) -> zipfile.ZipFile:
    answer = person.client.get(
        "/images/download",
        params={"business_id": person.business_id, "ids": ",".join(map(str, image_ids))},
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    return archive


def test_many_originals_are_downloaded_as_one_file(live: Live, signs_up: SignsUp) -> None:
    ada, eve = signs_up(live), signs_up(live)
    names = ["Hafen über Föhr.JPG", "photo.jpg", "PHOTO.jpg", "..\\..\\a/b.heic", "notes"]
    made = [ada.keeps_picture(small(seed), filename=name) for seed, name in enumerate(names)]
    png = ada.keeps_picture(pictures.png(pictures.photo(400, 400, 60)), filename="photo.jpg")
    foreign = eve.keeps_picture(small(9), filename="secret.jpg")
    wanted = [*made, png]
    archive = unpacked(ada, [image["id"] for image in (*wanted, foreign)])
    assert archive.namelist() == [
        "Hafen über Föhr.JPG",
        "photo.jpg",
        "PHOTO (2).jpg",
        "_.._a_b.jpg",
        "notes.jpg",
        "photo.png",
    ]
    for image, entry in zip(wanted, archive.infolist(), strict=True):
        assert archive.read(entry) == fetch(image["storage_url"]).content
        assert entry.compress_type == zipfile.ZIP_STORED
        assert entry.date_time[0] == datetime.now(UTC).year


def test_what_cannot_be_packed_is_named_and_the_rest_is_packed(embedded: Live, signs_up: SignsUp) -> None:
    ada = signs_up(embedded)
    kept = ada.keeps_picture(small(1), filename="kept.jpg")
    lost = ada.keeps_picture(small(2), filename="lost.jpg")
    (Path(embedded.product.data_dir) / "files" / lost["storage_key"]).unlink()
    archive = unpacked(ada, [lost["id"], kept["id"]])
    assert archive.namelist() == ["kept.jpg", "missing.txt"]
    assert archive.read("missing.txt").decode() == (
        f"lost.jpg (image {lost['id']}): its file is missing in storage\r\n"
    )


def test_a_download_from_a_bucket_is_whole(bucket: Live, signs_up: SignsUp) -> None:
    ada = signs_up(bucket)
    image = ada.keeps_picture(small(1), filename="kept.jpg")
    archive = unpacked(ada, [image["id"]])
    assert archive.read("kept.jpg") == fetch(image["storage_url"]).content


@pytest.mark.parametrize(
    ("ids", "status", "code"),
    [
        ("", 422, "invalid_fields"),
        ("1,", 422, "invalid_fields"),
        ("1;2", 422, "invalid_fields"),
        ("-1", 422, "invalid_fields"),
        (",".join(map(str, range(1, 502))), 422, "too_many_images"),
        (str(10**15), 404, "image_not_found"),
        ("9999999999999999999", 404, "image_not_found"),
    ],
)
def test_a_download_of_nothing_is_refused(
    live: Live, regular: Regular, ids: str, status: int, code: str
) -> None:
    ada = regular(live)
    answer = ada.client.get("/images/download", params={"business_id": ada.business_id, "ids": ids})
    assert_problem(answer, status, code)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("boats.jpg", 'attachment; filename="boats.jpg"'),
        (
            "Möw \u6e2f.png",
            "attachment; filename=\"M_w _.jpg\"; filename*=UTF-8''M%C3%B6w%20%E6%B8%AF.jpg",
        ),
        ('a"; x="b.jpg', 'attachment; filename="a_; x=_b.jpg"'),
    ],
)
def test_an_original_is_downloaded_under_its_own_name(
    live: Live, signs_up: SignsUp, name: str, expected: str
) -> None:
    ada, eve = signs_up(live), signs_up(live)
    image = ada.keeps_picture()
    address = f"/images/{image['id']}"
    assert ada.client.patch(address, json={"filename": name}).status_code == 200
    answer = ada.client.get(f"{address}/download")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == expected
    assert (answer.headers["content-type"], len(answer.content)) == ("image/jpeg", image["file_size"])
    assert answer.content == fetch(image["storage_url"]).content
    assert_problem(eve.client.get(f"{address}/download"), 404, "image_not_found")


# --- look-alikes


def similar_to(person: Person, image_id: int) -> list[int]:
    return [found["id"] for found in person.client.get(f"/images/{image_id}").json()["similar"]]


def test_images_that_look_alike_are_told_the_most_alike_first(live: Live, signs_up: SignsUp) -> None:
    ada, eve = signs_up(live), signs_up(live)
    made = shelf(ada, 6)
    (foreign,) = shelf(eve, 1)
    whole = 0x0123_4567_89AB_CDEF
    # No bit apart; one; eight in one band; two in each band; nine, which is too many.
    apart = [0, 1 << 63, 0xFF, 0x0003_0003_0003_0003, 0x1FF]
    live.execute(f"UPDATE images SET perceptual_hash = '{whole:016x}' WHERE id IN ({made[0]}, {foreign})")
    for image_id, bits in zip(made[1:], apart, strict=True):
        live.execute(f"UPDATE images SET perceptual_hash = '{whole ^ bits:016x}' WHERE id = {image_id}")
    first, same, near, in_one, in_each, far = made
    assert similar_to(ada, first) == [same, near, in_one, in_each]
    assert similar_to(ada, in_each) == [first, same]
    assert similar_to(ada, far) == [in_one]
    bulk(ada, "delete", [same])
    assert similar_to(ada, first) == [near, in_one, in_each]
    assert similar_to(eve, foreign) == []
    (hint, *_) = ada.client.get(f"/images/{first}").json()["similar"]
    assert set(hint) == {"id", "original_filename", "thumbnail_url", "width", "height"}
    assert fetch(hint["thumbnail_url"]).headers["content-type"] == "image/webp"
    live.execute(f"UPDATE images SET perceptual_hash = NULL WHERE id = {first}")
    assert similar_to(ada, first) == []
