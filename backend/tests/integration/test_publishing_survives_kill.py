"""`kill -9` in the middle of a publish: after the restart every post is out exactly once.

The simulator is a process of its own and lives on. It holds each call at an exact point, so that the
product is killed while that call is on its way, done, or undone.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.person import Person
from tests.practice_server import PracticeProcess, poll, practice_process
from tests.servers.postgres import PostgresServer
from tests.servers.product import Product, start_product


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[PracticeProcess]:
    with practice_process(tmp_path / "practice") as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, practice: PracticeProcess) -> dict[str, str]:
    """A product with its simulators elsewhere, on each database."""
    chosen = {
        "PRACTICE_URL": practice.url,
        "PRACTICE_KEY": practice.key,
        # The platform here is not slower than this.
        "PUBLISH_SETTLE_AFTER": "3",
    }
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        chosen["DATABASE_URL"] = server.create_database(f"kill_{uuid.uuid4().hex}")
    return chosen


def begin_post(product: Product, caption: str) -> tuple[Person, int]:
    """A new business with a draft that is ready to be sent."""
    person = Person.signs_up(product.url, business_name=caption)
    image = person.keeps_picture()
    return person, person.writes(caption, image_ids=[image["id"]])


# Where the product is when it dies: which call is held, before or after its work is done, and whether a
# call that was not done yet is still done later, as a slow platform would.
POINTS = {
    "before the container": ("media", "POST", "hold_before", "discard"),
    "container made, id lost": ("media", "POST", "hold_after", "discard"),
    "after the container": ("container", "GET", "hold_before", "discard"),
    "media_publish lost on its way": ("media_publish", "POST", "hold_before", "discard"),
    "media_publish done late": ("media_publish", "POST", "hold_before", "execute"),
    "media_publish done, answer lost": ("media_publish", "POST", "hold_after", "discard"),
    "after media_publish": ("media_item", "GET", "hold_before", "discard"),
}


def test_a_post_goes_out_once_wherever_the_server_was_killed(
    practice: PracticeProcess, settings: dict[str, str], tmp_path: Path
) -> None:
    product = start_product(tmp_path / "data", settings=settings)
    people: dict[str, tuple[Person, int]] = {}
    try:
        for caption, (edge, method, kind, on_gone) in POINTS.items():
            person, post_id = people[caption] = begin_post(product, caption)
            account_id = person.channel()["external_id"]
            practice.control.fault(kind, edge=edge, method=method, account_id=account_id, on_gone=on_gone)
            person.sends(post_id)
        held = poll(
            lambda: holds if len(holds := practice.control.holds()) == len(POINTS) else None,
            what="every publication at its point",
        )
        assert {hold["edge"] for hold in held} == {"media", "container", "media_publish", "media_item"}

        product.process.kill()
        poll(lambda: None if practice.control.holds() else True, what="the end of the cut calls")
        product = start_product(tmp_path / "data", port=product.port, settings=settings)

        for caption, (person, post_id) in people.items():
            post = person.waits_for(post_id, "published", seconds=100)
            (publication,) = post["publications"]
            (medium,) = practice.control.media(caption=caption)
            assert publication["external_id"] == medium["id"]
            link = person.waits_for_link(post_id)
            assert link == medium["permalink"]
    finally:
        product.process.stop()
        for person, _ in people.values():
            person.close()


@pytest.mark.parametrize(
    ("settings", "point"),
    [
        ("sqlite", "publish.after_prepare"),
        ("postgresql", "publish.after_finish"),
        ("sqlite", "publish.after_published"),
        ("postgresql", "publish.after_part"),
        ("sqlite", "publish.after_comment"),
    ],
    indirect=["settings"],
)
def test_a_post_goes_out_once_when_the_server_dies_between_two_steps(
    practice: PracticeProcess, settings: dict[str, str], tmp_path: Path, point: str
) -> None:
    product = start_product(tmp_path / "data", settings={**settings, "FAULT_POINT": point})
    person, post_id = begin_post(product, point)
    more = {
        "images": [{"image_id": person.keeps_picture()["id"]} for _ in range(2)],
        "first_comment": "First",
    }
    assert person.client.patch(f"/posts/{post_id}", json=more).status_code == 200
    try:
        person.sends(post_id)
        poll(lambda: None if product.process.is_running() else True, what="the death of the server")
        product.process.stop()
        product = start_product(tmp_path / "data", port=product.port, settings=settings)
        person.waits_for(post_id, "published", seconds=100)
        person.waits_for_link(post_id)
        (medium,) = practice.control.media(caption=point)
        assert len(medium["pictures"]) == 2
        poll(lambda: practice.control.media(caption=point)[0]["comments"] or None, what="the first comment")
        assert practice.control.media(caption=point)[0]["comments"] == ["First"]
    finally:
        product.process.stop()
        person.close()
