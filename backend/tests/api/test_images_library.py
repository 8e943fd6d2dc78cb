"""The library: found again, changed, thrown away and brought back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
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


def page_of(person: Person, **query: Any) -> dict[str, Any]:
    answer = person.client.get("/images/list", params={"business_id": person.business_id, **query})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def ids(page: dict[str, Any]) -> list[int]:
    return [image["id"] for image in page["images"]]


def walk(person: Person, **query: Any) -> list[int]:
    """Every id of a list, page by page along its cursor."""
    page = page_of(person, **query)
    found = ids(page)
    while cursor := page["next_cursor"]:
        page = page_of(person, **query, cursor=cursor)
        assert page["images"]
        found += ids(page)
    return found


def change(person: Person, image_id: int, **fields: Any) -> dict[str, Any]:
    answer = person.client.patch(f"/images/{image_id}", json=fields)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


# --- lists


def test_an_empty_library_is_one_empty_page(live: Live, signs_up: SignsUp) -> None:
    page = page_of(signs_up(live))
    assert page == {
        "images": [],
        "total": 0,
        "page": 1,
        "pages": 1,
        "next_cursor": None,
        "total_capped": False,
    }


def test_the_list_shows_the_newest_first_in_pages(live: Live, signs_up: SignsUp) -> None:
    ada, eve = signs_up(live), signs_up(live)
    made = shelf(ada, 5)
    shelf(eve, 1)
    whole = page_of(ada)
    assert ids(whole) == made[::-1]
    assert (whole["total"], whole["page"], whole["pages"], whole["next_cursor"]) == (5, 1, 1, None)
    assert whole["images"][0] == {
        name: value
        for name, value in ada.client.get(f"/images/{made[-1]}").json().items()
        if name not in ("posts", "similar", "cost")
    }
    pages = [page_of(ada, page=number, limit=2) for number in (1, 2, 3, 4)]
    assert [ids(page) for page in pages] == [made[4:2:-1], made[2:0:-1], made[:1], []]
    assert {(page["total"], page["pages"]) for page in pages} == {(5, 3)}
    assert [page["page"] for page in pages] == [1, 2, 3, 4]


@pytest.mark.parametrize("limit", [1, 2, 4])
def test_every_order_can_be_walked_along_its_cursor(live: Live, signs_up: SignsUp, limit: int) -> None:
    ada = signs_up(live)
    made = shelf(ada, 4)
    for uses, image_id in zip((0, 3, 3, 1), made, strict=True):
        live.execute(f"UPDATE images SET usage_count = {uses} WHERE id = {image_id}")
    first, second, third, fourth = made
    assert walk(ada, limit=limit) == [fourth, third, second, first]
    assert walk(ada, limit=limit, sort="created_at_desc") == [fourth, third, second, first]
    assert walk(ada, limit=limit, sort="created_at_asc") == [first, second, third, fourth]
    assert walk(ada, limit=limit, sort="most_used") == [third, second, fourth, first]


def test_pictures_of_the_same_moment_are_each_shown_once(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    made = shelf(ada, 4)
    moment = live.execute(f"SELECT created_at FROM images WHERE id = {made[0]}")[0]
    live.execute(f"UPDATE images SET created_at = '{moment}' WHERE business_id = {ada.business_id}")
    assert walk(ada, limit=1) == made[::-1]
    assert walk(ada, limit=3, sort="created_at_asc") == made


def test_a_picture_that_arrives_meanwhile_moves_nothing_under_the_cursor(
    live: Live, signs_up: SignsUp
) -> None:
    ada = signs_up(live)
    made = shelf(ada, 3)
    first = page_of(ada, limit=2)
    ada.keeps_picture(small(99))
    rest = page_of(ada, limit=2, cursor=first["next_cursor"])
    assert ids(first) + ids(rest) == made[::-1]


def test_filters_keep_what_they_say(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    used, unused, trashed = shelf(ada, 3)
    wish = {"business_id": ada.business_id, "prompt": "A harbour", "size": "1024x1024", "quality": "standard"}
    painted = ada.client.post("/images/generate", json=wish).json()["image"]["id"]
    live.execute(f"UPDATE images SET usage_count = 2 WHERE id = {used}")
    assert ada.client.delete(f"/images/{trashed}").status_code == 200
    expected = {
        None: [painted, unused, used],
        "uploaded": [unused, used],
        "ai_generated": [painted],
        "edited": [],
        "unused": [painted, unused],
        "trashed": [trashed],
    }
    for chosen, found in expected.items():
        page = page_of(ada, **({"filter": chosen} if chosen else {}))
        assert (ids(page), page["total"]) == (found, len(found)), chosen


TAGS = [
    "sale",
    "sales",
    "Sommer 2026",
    "caf\u00e9",
    "\u6e2f",
    'size 12"',
    "100%",
    "a_b",
    "axb",
    "back\\slash",
    "[x]",
    "a,b",
]


def test_a_tag_finds_the_images_that_carry_it(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    made = shelf(ada, len(TAGS) + 1)
    for image_id, tag in zip(made, TAGS, strict=False):
        assert change(ada, image_id, tags=[tag, "harbour"])["tags"] == [tag, "harbour"]
    for image_id, tag in zip(made, TAGS, strict=False):
        assert ids(page_of(ada, tag=tag)) == [image_id], tag
    assert page_of(ada, tag="harbour")["total"] == len(TAGS)
    assert page_of(ada, tag="harbou")["total"] == 0
    assert page_of(ada, tag="harbour", filter="trashed")["total"] == 0
    assert walk(ada, tag="harbour", limit=5) == made[-2::-1]


def test_search_looks_at_names_alt_texts_tags_and_prompts(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    by_name = ada.keeps_picture(small(1), filename="Lighthouse_50%.jpg")["id"]
    by_alt = ada.keeps_picture(small(2), alt_text="The LIGHTHOUSE of L\u00fcbeck")["id"]
    by_tag = ada.keeps_picture(small(3))["id"]
    change(ada, by_tag, tags=["lighthouses", "caf\u00e9"])
    wish = {"prompt": "A red lighthouse", "size": "1024x1024", "quality": "standard"}
    answer = ada.client.post("/images/generate", json={"business_id": ada.business_id, **wish})
    by_prompt = answer.json()["image"]["id"]
    other = ada.keeps_picture(small(4), filename="beach.jpg")["id"]

    def found(words: str) -> set[int]:
        return set(ids(page_of(ada, search=words)))

    assert found("lighthouse") == found("  LightHouse ") == {by_name, by_alt, by_tag, by_prompt}
    assert found("red light") == {by_prompt}
    assert found("of L\u00fcbeck") == {by_alt}
    assert found("caf\u00e9") == {by_tag}
    assert found("50%") == found("e_5") == {by_name}
    assert found("bea%") == found("b_ach") == found("nothing like this") == set()
    assert found("beach") == {other}
    assert found("") == found("   ") == {by_name, by_alt, by_tag, by_prompt, other}
    assert page_of(ada, search="lighthouse", filter="uploaded", limit=2)["total"] == 3


def test_a_search_counts_up_to_a_thousand(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    image_id = ada.keeps_picture(filename="needle.jpg")["id"]
    copied = (
        "business_id, original_filename, file_size, mime_type, width, height, storage_provider, "
        "thumbnail_key, thumbhash, is_animated, is_ai_generated, alt_text, tags, usage_count, "
        "created_at, updated_at, search_text"
    )
    live.execute(
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 999) "
        f"INSERT INTO images (filename, storage_key, sha256, {copied}) "
        f"SELECT filename || n, storage_key || n, substr(sha256, 1, 60) || n, {copied} FROM images, numbers "
        f"WHERE images.id = {image_id}"
    )
    key = "rowid" if (live.product.data_dir / "aigrowth.db").exists() else "image_id"
    live.execute(
        f"INSERT INTO image_grams ({key}, grams) SELECT images.id, image_grams.grams "
        f"FROM images, image_grams WHERE image_grams.{key} = {image_id} AND images.id > {image_id} "
        f"AND images.business_id = {ada.business_id}"
    )
    page = page_of(ada, search="needle")
    assert (page["total"], page["total_capped"], page["pages"]) == (1000, False, 50)
    ada.keeps_picture(filename="needle.jpg")
    page = page_of(ada, search="needle")
    assert (page["total"], page["total_capped"], page["pages"]) == (1000, True, 50)
    assert page_of(ada)["total"] == 1001
    assert len(walk(ada, search="needle", limit=100)) == 1001


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"business_id": None}, 422, "invalid_fields"),
        ({"business_id": "x"}, 422, "invalid_fields"),
        ({"page": 0}, 422, "invalid_fields"),
        ({"page": "x"}, 422, "invalid_fields"),
        ({"page": 10**20}, 422, "invalid_fields"),
        ({"limit": 0}, 422, "invalid_fields"),
        ({"limit": 101}, 422, "invalid_fields"),
        ({"sort": "name"}, 422, "invalid_fields"),
        ({"filter": "pretty"}, 422, "invalid_fields"),
        ({"search": "x" * 201}, 422, "invalid_fields"),
        ({"tag": "x" * 51}, 422, "invalid_fields"),
        ({"cursor": "x"}, 400, "invalid_cursor"),
        ({"cursor": "bm90IGpzb24="}, 400, "invalid_cursor"),
        ({"cursor": "WyJjcmVhdGVkX2F0X2Rlc2MiLCAieCIsIDFd"}, 400, "invalid_cursor"),
        ({"cursor": "\u6e2f"}, 400, "invalid_cursor"),
        ({"search": "a\0b"}, 400, "malformed_request"),
    ],
)
def test_a_list_that_cannot_be_is_refused(
    live: Live, regular: Regular, query: dict[str, Any], status: int, code: str
) -> None:
    ada = regular(live)
    asked = {"business_id": ada.business_id, **query}
    answer = ada.client.get(
        "/images/list", params={name: value for name, value in asked.items() if value is not None}
    )
    problem = assert_problem(answer, status, code)
    if code == "invalid_fields":
        assert problem["errors"][0]["field"] == next(iter(query))


def test_a_cursor_belongs_to_its_order(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    shelf(ada, 2)
    cursor = page_of(ada, limit=1)["next_cursor"]
    answer = ada.client.get(
        "/images/list", params={"business_id": ada.business_id, "cursor": cursor, "sort": "most_used"}
    )
    assert_problem(answer, 400, "invalid_cursor")


def test_totals_count_what_is_kept_and_not_the_trash(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)

    def totals() -> dict[str, int]:
        body: dict[str, int] = ada.client.get(
            "/images/totals", params={"business_id": ada.business_id}
        ).json()
        return body

    def expected(images: int, size: int, **more: int) -> dict[str, int]:
        none = {"uploaded": 0, "ai_generated": 0, "edited": 0, "unused": 0, "trashed": 0}
        return {"images": images, "bytes": size} | none | more

    assert totals() == expected(0, 0)
    kept, thrown = ada.keeps_picture(small(1)), ada.keeps_picture(small(2))
    assert totals() == expected(2, kept["file_size"] + thrown["file_size"], uploaded=2, unused=2)
    ada.client.delete(f"/images/{thrown['id']}")
    assert totals() == expected(1, kept["file_size"], uploaded=1, unused=1, trashed=1)
    wish = {"business_id": ada.business_id, "prompt": "A harbour", "size": "1024x1024", "quality": "standard"}
    painted = ada.client.post("/images/generate", json=wish).json()["image"]
    live.execute(
        f"UPDATE images SET usage_count = 2, edited_from_id = {thrown['id']} WHERE id = {kept['id']}"
    )
    size = kept["file_size"] + painted["file_size"]
    assert totals() == expected(2, size, uploaded=1, ai_generated=1, edited=1, unused=1, trashed=1)
    assert ids(page_of(ada, filter="edited")) == [kept["id"]]
    assert page_of(ada)["images"][1]["edited_from_id"] == thrown["id"]
    # The picture that it was made from is gone for good, and it is a picture of its own then.
    ada.client.delete(f"/images/{thrown['id']}", params={"permanent": True})
    assert totals() == expected(2, size, uploaded=1, ai_generated=1, unused=1)
    assert page_of(ada)["images"][1]["edited_from_id"] is None


# --- changes


def test_what_people_write_on_an_image_can_be_changed_piece_by_piece(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    image = ada.keeps_picture()
    address = f"/images/{image['id']}"
    changed = change(ada, image["id"], alt_text="  Boats in fog ")
    assert changed["alt_text"] == "Boats in fog"
    assert changed["updated_at"] > image["updated_at"]
    changed = change(
        ada,
        image["id"],
        tags=["  sea ", "fog", "sea"],
        filename="Fog\u202e over \0the harbour.jpg".replace("\0", ""),
    )
    assert changed["tags"] == ["sea", "fog"]
    assert changed["original_filename"] == "Fog over the harbour.jpg"
    assert changed["alt_text"] == "Boats in fog"
    assert change(ada, image["id"], tags=[], alt_text="")["tags"] == []
    now = ada.client.get(address).json()
    assert (now["alt_text"], now["tags"]) == ("", [])
    fixed = (
        "id",
        "filename",
        "storage_key",
        "storage_url",
        "sha256",
        "created_at",
        "usage_count",
        "file_size",
    )
    assert {name: now[name] for name in fixed} == {name: image[name] for name in fixed}


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"alt_text": "x" * 1001}, 422, "invalid_fields", "alt_text"),
        ({"alt_text": 5}, 422, "invalid_fields", "alt_text"),
        ({"filename": ""}, 422, "invalid_fields", "filename"),
        ({"filename": "x" * 256}, 422, "invalid_fields", "filename"),
        ({"tags": "sea"}, 422, "invalid_fields", "tags"),
        ({"tags": [""]}, 422, "invalid_fields", "tags.0"),
        ({"tags": ["x" * 51]}, 422, "invalid_fields", "tags.0"),
        ({"tags": [f"tag {number}" for number in range(31)]}, 422, "invalid_fields", "tags"),
        ({"storage_key": "1/other.jpg"}, 422, "invalid_fields", "storage_key"),
        ({"business_id": 1}, 422, "invalid_fields", "business_id"),
        ({"usage_count": 9}, 422, "invalid_fields", "usage_count"),
        ({"alt_text": "a\0b"}, 400, "malformed_request", None),
        ({"tags": ["a\0b"]}, 400, "malformed_request", None),
        ([], 400, "malformed_request", None),
    ],
)
def test_a_change_that_cannot_be_is_refused_and_changes_nothing(
    embedded: Live, regular: Regular, body: Any, status: int, code: str, field: str | None
) -> None:
    ada = regular(embedded)
    image = ada.keeps_picture()
    problem = assert_problem(ada.client.patch(f"/images/{image['id']}", json=body), status, code)
    if field:
        assert problem["errors"][0]["field"] == field
    assert ada.client.get(f"/images/{image['id']}").json()["updated_at"] == image["updated_at"]


def test_half_a_character_is_refused(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    image = ada.keeps_picture()
    for body in (b'{"alt_text": "\\ud800"}', b'{"tags": ["\\udfff"]}', b'{"filename": "a\xff.jpg"}'):
        answer = ada.client.patch(
            f"/images/{image['id']}", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code in (400, 422), answer.text
        assert answer.json()["code"] in ("malformed_request", "invalid_fields")


# --- the trash


def test_a_deleted_image_goes_to_the_trash_and_comes_back(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    image = ada.keeps_picture()
    address = f"/images/{image['id']}"
    objects = live.list_objects()
    answer = ada.client.delete(address)
    assert answer.json() == {"success": True, "message": "Image deleted successfully"}
    assert live.list_objects() == objects
    for call in (
        ada.client.get(address),
        ada.client.patch(address, json={"alt_text": "x"}),
        ada.client.delete(address),
    ):
        assert_problem(call, 404, "image_not_found")
    assert page_of(ada)["images"] == []
    (shown,) = page_of(ada, filter="trashed")["images"]
    assert shown["deleted_at"]
    restored = ada.client.post(f"{address}/restore")
    assert restored.status_code == 200
    assert restored.json()["deleted_at"] is None
    again = ada.client.get(address).json()
    assert {name: again[name] for name in image if name != "updated_at"} == {
        name: value for name, value in image.items() if name != "updated_at"
    }
    assert ada.client.post(f"{address}/restore").status_code == 200


def test_removing_for_good_frees_every_byte(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    with live.nothing_is_left_behind():
        image = ada.keeps_picture(pictures.jpeg(pictures.photo(1000, 500)))
        address = f"/images/{image['id']}"
        channels = [ada.channel(platform)["id"] for platform in ("instagram", "facebook")]
        draft = {
            "business_id": ada.business_id,
            "images": [{"image_id": image["id"]}],
            "channel_ids": channels,
        }
        checked = ada.client.post("/posts/check", json=draft).json()
        rendered = [made["url"] for channel in checked["channels"] for made in channel["renditions"]]
        assert len(rendered) == 2
        assert ada.client.delete(address).status_code == 200
        answer = ada.client.delete(address, params={"permanent": True})
        assert (answer.status_code, answer.json()["success"]) == (200, True)
        for url in (image["storage_url"], image["thumbnail_url"], *rendered):
            assert_problem(fetch(url), 404, "link_not_valid")
        for call in (
            ada.client.get(address),
            ada.client.post(f"{address}/restore"),
            ada.client.delete(address, params={"permanent": True}),
        ):
            assert_problem(call, 404, "image_not_found")
    assert ada.uploads(pictures.jpeg(pictures.photo(1000, 500))).status_code == 201


def test_an_image_that_a_planned_post_needs_cannot_be_deleted(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    image, other = ada.keeps_picture(), ada.keeps_picture()
    address = f"/images/{image['id']}"
    planned = ada.client.post(
        "/publishing/instagram",
        json={
            "business_id": ada.business_id,
            "content_text": "See you on Sunday",
            "image_ids": [image["id"]],
            "scheduled_at": (datetime.now(UTC) + timedelta(days=2)).isoformat(),
        },
    )
    assert planned.status_code == 201, planned.text
    post_id = planned.json()["post"]["id"]
    for query in ({}, {"permanent": True}):
        problem = assert_problem(ada.client.delete(address, params=query), 409, "image_in_use")
        assert problem["posts"] == [{"id": post_id, "content_text": "See you on Sunday"}]
    assert ada.client.get(address).json()["posts"][0] | {"scheduled_at": None} == {
        "id": post_id,
        "content_text": "See you on Sunday",
        "state": "scheduled",
        "scheduled_at": None,
        "permalinks": [],
    }
    assert ada.client.delete(f"/images/{other['id']}").status_code == 200
    assert ada.client.post(f"/posts/{post_id}/unschedule").status_code == 200
    assert ada.client.delete(address).status_code == 200
    # The draft still shows it, so its bytes stay.
    assert_problem(ada.client.delete(address, params={"permanent": True}), 409, "image_in_use")
    assert ada.client.get(f"/posts/{post_id}").json()["images"][0]["image_id"] == image["id"]


def test_a_published_image_counts_its_use_and_may_be_thrown_away(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    image = ada.keeps_picture()
    address = f"/images/{image['id']}"
    answer = ada.client.post(
        "/publishing/instagram",
        json={
            "business_id": ada.business_id,
            "content_text": "Fog again",
            "content_images": [image["storage_url"]],
        },
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["post"]["state"] == "published"
    used = ada.client.get(address).json()
    assert used["usage_count"] == 1
    assert used["last_used_at"] >= image["created_at"]
    (use,) = used["posts"]
    (publication,) = answer.json()["post"]["publications"]
    channel = ada.channel()
    assert use["content_text"] == "Fog again"
    assert use["permalinks"] == [
        {
            "channel_id": channel["id"],
            "channel_name": channel["name"],
            "platform": "instagram",
            "is_practice": True,
            "permalink": publication["permalink"],
        }
    ]
    assert ids(page_of(ada, filter="unused")) == []
    assert ada.client.delete(address).status_code == 200
    post = ada.client.get(f"/posts/{answer.json()['post']['id']}").json()
    assert fetch(post["images"][0]["thumbnail_url"]).status_code == 200
