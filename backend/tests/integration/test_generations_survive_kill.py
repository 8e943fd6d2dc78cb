"""`kill -9` in the middle of a generation: after the restart each is in a true state, nothing was asked for
twice, and the ledger agrees with what the provider did, or says that it does not know.

The simulator is a process of its own and lives on. The product is killed at named points between two steps,
and while a call is on its way; each start afterwards takes over what the dead one left.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.person import Person
from tests.practice_server import PracticeProcess, poll, practice_process
from tests.servers.postgres import PostgresServer
from tests.servers.product import Product, start_product

EDGE = "images.generations"
DURING = "during the call"
POINTS = {
    # Where the process dies: what is found afterwards, how often the provider was asked, and what of it is
    # known to the ledger. In this order what goes on after one point never comes to the next, so the server
    # that takes it over is the one that waits for the next.
    "generate.after_settle": ("succeeded", 1, "booked"),
    "generate.after_ingest": ("succeeded", 1, "booked"),
    "generate.after_call": ("unknown", 1, "unknown"),
    "generate.after_arrival": ("succeeded", 1, "booked"),
    DURING: ("unknown", 1, "unknown"),
    # Written down that it may have been asked, and it was not: nobody can tell that from the other case.
    "generate.before_call": ("unknown", 0, "unknown"),
    "generate.before_attempt": ("succeeded", 1, "booked"),
    "generate.after_reserve": ("succeeded", 1, "booked"),
}


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeProcess]:
    with practice_process(tmp_path_factory.mktemp("practice")) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, practice: PracticeProcess) -> dict[str, str]:
    """A product with its simulators elsewhere, on each database."""
    chosen = {
        "PRACTICE_URL": practice.url,
        "PRACTICE_KEY": practice.key,
        # An account that is billed: the practice painter costs nothing.
        "OPENAI_API_KEY": practice.openai_key,
        "OPENAI_BASE_URL": practice.openai_url,
        "AI_RATE_LIMIT": "1000/minute",
        "FREE_AI_IMAGES_PER_MONTH": "2",
    }
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        chosen["DATABASE_URL"] = server.create_database(f"kill_{uuid.uuid4().hex}")
    return chosen


def billed(practice: PracticeProcess) -> Decimal:
    """What the provider has billed until now."""
    amounts = [Decimal(bill["amount"]) for bill in practice.control.state()["bills"]]
    return sum(amounts, Decimal(0))


def get(person: Person, path: str) -> dict[str, Any]:
    answer = person.client.get(path, params={"business_id": person.business_id})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def newest(person: Person) -> dict[str, Any]:
    """The last generation, once it has come to its end."""

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = get(person, "/generations")["generations"][0]
        return None if found["state"] in ("queued", "running") else found

    return poll(look, what="the end of the generation")


def dies(product: Product, practice: PracticeProcess, person: Person, point: str) -> None:
    """Ask for a picture; the process is gone afterwards."""
    if point == DURING:
        practice.control.fault("hold_after", edge=EDGE, on_gone="execute")
    with contextlib.suppress(httpx.HTTPError):
        person.client.post(
            "/images/generate",
            json={"business_id": person.business_id, "prompt": point},
            headers={"Prefer": "respond-async", "Idempotency-Key": point},
        )
    if point == DURING:
        practice.control.wait_for_hold(EDGE)
        product.process.kill()
        practice.control.release()
    poll(lambda: None if product.process.is_running() else True, what="the death of the server")
    product.process.stop()


def armed(settings: dict[str, str], point: str | None) -> dict[str, str]:
    """The settings of a server that dies at this point."""
    return settings if point in (None, DURING) else {**settings, "FAULT_POINT": str(point)}


def test_generations_and_their_money_survive_the_death_of_the_server(
    practice: PracticeProcess, settings: dict[str, str], tmp_path: Path
) -> None:
    data_dir = tmp_path / "data"
    points = list(POINTS)
    product = start_product(data_dir, settings=armed(settings, points[0]))
    person = Person.signs_up(product.url)
    images, lost, before = 0, Decimal(0), billed(practice)
    found_ids: dict[str, int] = {}
    try:
        for point, following in zip(points, [*points[1:], None], strict=True):
            state, asked, booked = POINTS[point]
            already, until_now = len(practice.control.calls(EDGE)), billed(practice)
            dies(product, practice, person, point)
            product = start_product(data_dir, port=product.port, settings=armed(settings, following))
            found = newest(person)
            assert (found["prompt"], found["state"]) == (point, state), found
            assert len(practice.control.calls(EDGE)) == already + asked, point
            entry = get(person, "/usage")["entries"][0]
            assert (entry["generation_id"], entry["state"]) == (found["id"], booked), point
            images += state == "succeeded"
            lost += billed(practice) - until_now if state == "unknown" else 0
            page = get(person, "/images/list")
            assert page["total"] == images, point
            if state == "succeeded":
                assert found["image_id"] == page["images"][0]["id"]
                assert found["booked_usd"] == entry["booked_usd"]
            found_ids[point] = found["id"]
        # The same click once more is the same generation, and no other charge.
        for point, generation_id in found_ids.items():
            again = person.client.post(
                "/images/generate",
                json={"business_id": person.business_id, "prompt": point},
                headers={"Prefer": "respond-async", "Idempotency-Key": point},
            )
            assert again.json()["generation"]["id"] == generation_id, point
        money = get(person, "/usage")
        entries = money["entries"]
        assert len(entries) == len(POINTS)
        # What the ledger does not have is what it says that it does not know.
        assert Decimal(money["provider_cost_usd"]) == billed(practice) - before - lost > 0
        assert lost > 0
        assert money["unknown_count"] == [state for state, _, _ in POINTS.values()].count("unknown")
        # Two were free, wherever the process died; what is unclear stays reserved.
        assert money["free_used"] == 2
        assert Decimal(money["charged_usd"]) + Decimal(money["reserved_usd"]) == Decimal("0.60")
        poll(lambda: None if list((data_dir / "spool").glob("*")) else True, what="an empty spool")
        poll(lambda: None if list((data_dir / "work").glob("*")) else True, what="an empty work folder")
    finally:
        product.process.stop()
        person.close()
