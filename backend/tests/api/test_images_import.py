"""Taking a picture in from a URL, as the API has it. What may be fetched from where: `unit/test_fetch.py`."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from tests.api.conftest import Regular, SignsUp
from tests.api.edge_app import assert_problem
from tests.api.live import Live, Trap
from tests.person import Person


def imports(person: Person, url: str, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
    body = {"business_id": person.business_id, "url": url, **more}
    return person.client.post("/images/import", json=body, headers=headers)


def test_an_image_of_ones_own_is_found_again_by_its_url(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    image = ada.keeps_picture()
    with live.nothing_is_left_behind():
        answer = imports(ada, image["storage_url"])
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["success"], body["duplicate"], body["image"]["id"]) == (True, True, image["id"])
    assert body["image"].keys() == image.keys()


def test_an_image_of_ones_own_in_a_bucket_is_found_again_by_its_url(bucket: Live, signs_up: SignsUp) -> None:
    ada = signs_up(bucket)
    image = ada.keeps_picture()
    answer = imports(ada, image["storage_url"])
    assert (answer.status_code, answer.json()["image"]["id"]) == (200, image["id"])


def test_somebody_elses_image_is_as_absent_as_one_that_never_was(live: Live, signs_up: SignsUp) -> None:
    ada, eve = signs_up(live), signs_up(live)
    image = ada.keeps_picture()
    with live.nothing_is_left_behind():
        assert_problem(imports(eve, image["storage_url"]), 404, "image_not_found")


def test_no_inner_address_is_touched(live: Live, regular: Regular) -> None:
    ada = regular(live)
    with live.nothing_is_left_behind(), Trap() as trap:
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1."):
            for url in (f"https://{host}:{trap.port}/a.jpg", f"http://{host}:{trap.port}/a.jpg"):
                assert_problem(imports(ada, url), 422, "image_url_not_allowed")
        for path in ("/practice/control/state", "/metrics", "/media/1/original.jpg"):
            assert_problem(imports(ada, f"{live.url}{path}"), 422, "image_url_not_allowed")
        assert not trap.was_touched()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": None}, "url"),
        ({"url": ""}, "url"),
        ({"url": 7}, "url"),
        ({"url": "https://a.example/" + "a" * 4096}, "url"),
        ({"business_id": "x"}, "business_id"),
        ({"business_id": 0}, "business_id"),
        ({"alt_text": "x" * 1001}, "alt_text"),
        ({"filename": "a.jpg"}, "filename"),
    ],
)
def test_a_wrong_field_is_named(embedded: Live, regular: Regular, change: dict[str, Any], field: str) -> None:
    ada = regular(embedded)
    body = {"business_id": ada.business_id, "url": "https://127.0.0.1/a.jpg", **change}
    problem = assert_problem(ada.client.post("/images/import", json=body), 422, "invalid_fields")
    assert [entry["field"] for entry in problem["errors"]] == [field]


def test_the_same_key_gives_the_same_answer(embedded: Live, signs_up: SignsUp) -> None:
    ada = signs_up(embedded)
    image = ada.keeps_picture()
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first = imports(ada, image["storage_url"], key)
    second = imports(ada, image["storage_url"], key)
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.headers["idempotent-replayed"] == "true"
    assert second.json() == first.json()
    other = imports(ada, image["storage_url"], key, alt_text="Another wish")
    assert_problem(other, 409, "idempotency_key_reused")


def test_imports_count_as_uploads(tmp_path_factory: pytest.TempPathFactory) -> None:
    from tests.servers.product import running_product

    folder = tmp_path_factory.mktemp("paced") / "data"
    with running_product(folder, settings={"UPLOAD_RATE_LIMIT": "3/minute"}) as product:
        ada = Person.signs_up(product.url)
        assert ada.uploads().status_code == 201
        for _ in range(2):
            assert_problem(imports(ada, "https://127.0.0.1/a.jpg"), 422, "image_url_not_allowed")
        problem = assert_problem(imports(ada, "https://127.0.0.1/a.jpg"), 429, "rate_limited")
        assert problem["retry_after"] >= 1
        ada.close()
