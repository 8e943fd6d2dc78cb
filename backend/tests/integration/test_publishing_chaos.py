"""Many publications, several servers on one PostgreSQL, and `kill -9` again and again: each goes out once.

`make test` sends 50, `make chaos` 1,000 (`CHAOS_PUBLICATIONS`). The platform is slow, so that there is always
a call on its way when a server dies; it does what it was asked to, whoever asked and is gone.
"""

from __future__ import annotations

import os
import random
import threading
import time
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.person import Person
from tests.practice_server import practice_process
from tests.servers.postgres import PostgresServer
from tests.servers.product import Product, start_product

PUBLICATIONS = int(os.environ.get("CHAOS_PUBLICATIONS", "50"))
WORKERS = 4
POSTS_OF_A_BUSINESS = 50
LONGEST = 60 + PUBLICATIONS


class Worker:
    """A server that is killed at random moments and started again."""

    def __init__(self, product: Product, settings: dict[str, str], seed: int) -> None:
        self.product = product
        self.kills = 0
        self._settings = settings
        self._random = random.Random(seed)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """No more kills; the server runs."""
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        # The first time early, while everything is on its way.
        pause = self._random.uniform(0.3, 1.5)
        while not self._is_over.wait(pause):
            pause = self._random.uniform(2, 6)
            self.product.process.kill()
            self.kills += 1
            self.product = start_product(
                self.product.data_dir, port=self.product.port, settings=self._settings
            )


def plan(url: str, captions: list[str]) -> None:
    """Posts of one business, for tomorrow."""
    person = Person.signs_up(url)
    image = person.keeps_picture()["id"]
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    channel_ids = [person.channel(platform)["id"] for platform in ("instagram", "facebook")]
    for caption in captions:
        answer = person.client.post(
            "/posts",
            json={
                "business_id": person.business_id,
                "content_text": caption,
                "images": [{"image_id": image}],
                "channel_ids": channel_ids,
                "scheduled_at": tomorrow,
            },
        )
        assert answer.status_code == 201, answer.text
    person.close()


@pytest.mark.timeout(LONGEST * 2 + 120)
def test_every_publication_goes_out_once_while_servers_are_killed(
    postgres_server: PostgresServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = f"chaos_{uuid.uuid4().hex}"
    with practice_process(tmp_path / "practice") as practice:
        control = practice.control
        control.settings(processing_ms=200, quota_total=100_000)
        settings = {
            "PRACTICE_URL": practice.url,
            "PRACTICE_KEY": practice.key,
            "DATABASE_URL": postgres_server.create_database(database),
            "SECRET_KEY": uuid.uuid4().hex,
            "PUBLISH_SETTLE_AFTER": "2",
        }
        seed = random.randrange(2**32)
        products = [start_product(tmp_path / "data", settings=settings) for _ in range(WORKERS)]
        workers = [Worker(product, settings, seed + number) for number, product in enumerate(products)]
        captions = [f"Chaos {number}" for number in range(PUBLICATIONS // 2)]
        try:
            for first in range(0, len(captions), POSTS_OF_A_BUSINESS):
                plan(products[0].url, captions[first : first + POSTS_OF_A_BUSINESS])
            for edge in ("media", "media_publish", "photos", "feed"):
                control.fault("slow", edge=edge, method="POST", ms=150, count=None)
            postgres_server.execute("UPDATE publications SET next_step_at = now()", database=database)
            began = time.monotonic()
            for worker in workers:
                worker.begin()
            states = _states(postgres_server, database)
            while states["published"] < PUBLICATIONS and time.monotonic() - began < LONGEST:
                time.sleep(0.5)
                states = _states(postgres_server, database)
            took = time.monotonic() - began
        finally:
            for worker in workers:
                worker.end()
                worker.product.process.stop()
        kills = sum(worker.kills for worker in workers)
        with capsys.disabled():
            print(
                f"\nchaos: {dict(states)} after {took:.0f} s, {kills} kills, {WORKERS} servers, seed {seed}"
            )
        assert states == Counter({"published": PUBLICATIONS})
        assert kills >= WORKERS
        assert Counter(medium["caption"] for medium in control.media()) == Counter(captions)
        assert Counter(post["message"] for post in control.posts()) == Counter(captions)


def _states(server: PostgresServer, database: str) -> Counter[str]:
    rows = server.execute("SELECT state FROM publications", database=database)
    return Counter(rows.split())
