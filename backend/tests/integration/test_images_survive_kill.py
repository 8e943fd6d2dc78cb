"""`kill -9` at every named point of taking in, deriving, removing and sweeping, on a real server.

Afterwards no row is without its object. After the sweep of what is older than an hour no object is without
its row, and nothing else is gone.
"""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.live import LONG_AGO, Execute, fetch, files_below, postgres_execute, sqlite_execute
from tests.person import Person
from tests.practice_server import poll
from tests.servers.postgres import PostgresServer
from tests.servers.process import ServerDidNotStart
from tests.servers.product import Product, start_product

# Each of these starts a server many times.
pytestmark = pytest.mark.timeout(600)

APP = Path(__file__).resolve().parents[2] / "app" / "services" / "images"

TAKING_IN = ("after_intent", "after_original", "after_objects", "before_commit", "after_commit")
DERIVING = ("after_intent", "after_object", "before_commit", "after_commit")
REMOVING = ("before_commit", "after_commit", "after_an_object", "after_objects")
SWEEPING = ("after_an_object", "after_objects")

STRANGER = "1/nobody-knows.jpg"
"""An object that no row and no note names: it is not ours to remove."""


@dataclass
class House:
    """A product that is killed and started again on the same data."""

    data_dir: Path
    execute: Execute
    settings: dict[str, str]
    product: Product = field(init=False)
    ada: Person = field(init=False)

    def __post_init__(self) -> None:
        self.product = start_product(self.data_dir, settings=self.settings)
        self.ada = Person.signs_up(self.product.url)
        stranger = self.data_dir / "files" / STRANGER
        stranger.parent.mkdir(parents=True, exist_ok=True)
        stranger.write_bytes(b"a stranger")

    def start(self, point: str = "") -> None:
        settings = {**self.settings, "FAULT_POINT": point}
        self.product = start_product(self.data_dir, port=self.product.port, settings=settings)

    def dies_at(self, point: str, work: Callable[[], httpx.Response]) -> None:
        """Start with the point armed, do the work, and see the process killed in the middle of it."""
        self.product.process.stop()
        self.start(point)
        with contextlib.suppress(httpx.TransportError):
            answer = work()
            raise AssertionError(f"{point} was passed: {answer.status_code} {answer.text}")
        self._is_dead(point)

    def dies_while_sweeping_at(self, point: str) -> None:
        """What is begun is old: the first sweep after the start meets the point."""
        self.product.process.stop()
        self.ages()
        with contextlib.suppress(ServerDidNotStart):
            self.start(point)
            self._is_dead(point)

    def _is_dead(self, point: str) -> None:
        poll(lambda: None if self.product.process.is_running() else True, what=f"the end at {point}")
        self.product.process.stop()

    def ages(self) -> None:
        """Everything that is begun was begun long ago."""
        self.execute_change(f"UPDATE storage_intents SET created_at = {LONG_AGO}")

    def execute_change(self, statement: str) -> None:
        self.execute(statement)

    def count(self, table: str) -> int:
        return int(self.execute(f"SELECT count(*) FROM {table}")[0])

    def named(self) -> set[str]:
        """Every key that a row names."""
        return {
            *self.execute("SELECT storage_key FROM images"),
            *self.execute("SELECT thumbnail_key FROM images"),
            *self.execute("SELECT storage_key FROM renditions"),
        }

    def noted(self) -> set[str]:
        """Every key that a note of something begun names."""
        return set(re.findall(r'"([^"]+)"', " ".join(self.execute("SELECT keys FROM storage_intents"))))

    def objects(self) -> set[str]:
        return set(files_below(self.data_dir / "files"))

    def is_consistent(self) -> None:
        """No row without its object; no object without a row or a note."""
        assert self.named() <= self.objects()
        assert self.objects() <= self.named() | self.noted() | {STRANGER}

    def is_tidied_up(self) -> None:
        """Restarted an hour later, the server settles what was begun, and removes nothing else."""
        self.product.process.stop()
        self.ages()
        self.start()
        poll(lambda: None if self.count("storage_intents") else True, what="the end of the sweep")
        assert self.objects() == self.named() | {STRANGER}

    def preview(self, image: dict[str, Any]) -> httpx.Response:
        return fetch(image["preview_url"])


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    data_dir = tmp_path / "data"
    # Without simulators it starts sooner.
    settings = {"PRACTICE_MODE": "off"}
    execute = sqlite_execute(data_dir / "aigrowth.db")
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        name = f"killed_{uuid.uuid4().hex}"
        settings["DATABASE_URL"] = server.create_database(name)
        execute = postgres_execute(server, name)
    made = House(data_dir, execute, settings)
    yield made
    made.product.process.stop()
    made.ada.close()


@contextlib.contextmanager
def kept_picture(house: House) -> Iterator[None]:
    """A picture with its preview is there before, and the very same files are there afterwards."""
    image = house.ada.keeps_picture()
    urls = [image[kind] for kind in ("storage_url", "thumbnail_url", "preview_url")]
    before = [fetch(url).content for url in urls]
    yield
    after = [fetch(url) for url in urls]
    assert {answer.status_code for answer in after} == {200}
    assert [answer.content for answer in after] == before


def test_taking_in(house: House) -> None:
    with kept_picture(house):
        objects = house.objects()
        for number, point in enumerate(TAKING_IN, 1):
            house.dies_at(f"images.{point}", house.ada.uploads)
            house.is_consistent()
            is_done = point == "after_commit"
            # What is young may still be at work, so restarting alone settles nothing.
            assert house.count("storage_intents") == min(number, len(TAKING_IN) - 1)
            assert house.count("images") == (2 if is_done else 1)
            assert len(house.objects() - objects) == {"after_intent": 0, "after_original": 1}.get(point, 2)
            objects = house.objects()
        house.is_tidied_up()
        assert house.count("images") == 2
        assert house.ada.uploads().status_code == 201


def test_deriving(house: House) -> None:
    with kept_picture(house):
        image = house.ada.keeps_picture()
        for number, point in enumerate(DERIVING, 1):
            house.dies_at(f"renditions.{point}", lambda: house.preview(image))
            house.is_consistent()
            assert house.count("renditions") == (2 if point == "after_commit" else 1)
            assert house.count("storage_intents") == min(number, len(DERIVING) - 1)
        house.is_tidied_up()
        assert house.preview(image).status_code == 200
        assert house.count("renditions") == 2


def test_removing(house: House) -> None:
    with kept_picture(house):
        doomed = [house.ada.keeps_picture() for _ in REMOVING]
        for image in doomed:
            assert house.preview(image).status_code == 200
        for point, image in zip(REMOVING, doomed, strict=True):

            def remove(image: dict[str, Any] = image) -> httpx.Response:
                return house.ada.client.delete(f"/images/{image['id']}", params={"permanent": True})

            house.dies_at(f"remove.{point}", remove)
            house.is_consistent()
        # The first one died before it was settled, so it is still there, whole.
        assert house.count("images") == 2
        assert house.count("storage_intents") == len(REMOVING) - 1
        house.is_tidied_up()
        assert fetch(doomed[0]["storage_url"]).status_code == 200
        for image in doomed[1:]:
            assert fetch(image["storage_url"]).status_code == 404


def test_sweeping(house: House) -> None:
    with kept_picture(house):
        for _ in SWEEPING:
            house.dies_at("images.after_objects", house.ada.uploads)
        for point in SWEEPING:
            house.dies_while_sweeping_at(f"sweep.{point}")
            house.is_consistent()
            assert house.count("storage_intents") >= 1
        house.is_tidied_up()
        assert house.count("images") == 1


def test_every_point_that_is_named_is_tested() -> None:
    source = "".join(path.read_text() for path in sorted(APP.glob("*.py")))
    named = set(re.findall(r'fault\("([a-z_.]+)"\)', source))
    by_work = {
        "images": TAKING_IN,
        "renditions": DERIVING,
        "remove": REMOVING,
        "sweep": SWEEPING,
    }
    tested = {f"{work}.{point}" for work, points in by_work.items() for point in points}
    assert named <= tested
    # These stand in a place that several kinds of work share.
    shared = set(re.findall(r'fault\(f"\{work\}\.([a-z_]+)"\)', source))
    assert (
        tested - named == {f"{work}.{point}" for work, points in by_work.items() for point in points} - named
    )
    assert shared == {point.partition(".")[2] for point in tested - named}
