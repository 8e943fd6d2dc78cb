"""What a hostile client tried once, and must not try with success again."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.api.conftest import SignsUp
from tests.api.live import Live
from tests.factories_pictures import jpeg, photo
from tests.servers.nursery import run_forked
from tests.servers.product import product_environment, start_product


def test_the_url_of_a_removed_picture_never_shows_another_one(live: Live, signs_up: SignsUp) -> None:
    mine, theirs = signs_up(live), signs_up(live)
    removed = mine.keeps_picture()
    for _ in range(2):  # to the trash, then for good
        assert mine.client.delete(f"/images/{removed['id']}?permanent=true").status_code in (200, 404)
    later = theirs.keeps_picture()
    assert later["id"] > removed["id"]
    for name in ("storage_url", "thumbnail_url"):
        assert httpx.get(removed[name]).status_code == 404
        # Not even when the number of another picture is put into the address.
        other = removed[name].replace(f"/{removed['id']}/", f"/{later['id']}/")
        assert httpx.get(other).status_code == 404


def test_addresses_made_up_by_strangers_do_not_add_to_the_metrics(embedded: Live) -> None:
    def series() -> int:
        return len(httpx.get(f"{embedded.url}/metrics").text.splitlines())

    httpx.get(f"{embedded.url}/media/1/a.jpg")
    before = series()
    for number in range(30):
        httpx.get(f"{embedded.url}/media/1/a{number}.x{number}z")
    assert series() <= before + 25  # the one label that an ill-formed extension may bring


def test_a_body_of_thousands_of_fields_gets_a_short_refusal(embedded: Live) -> None:
    answer = httpx.post(
        f"{embedded.url}/api/v1/auth/login", json={f"f{number}": 0 for number in range(50_000)}
    )
    assert answer.status_code == 400
    assert len(answer.content) < 1000


def test_lists_in_lists_in_lists_are_refused(embedded: Live) -> None:
    for depth in (50, 600, 100_000):
        body = '{"email":' + "[" * depth + "]" * depth + "}"
        answer = httpx.post(
            f"{embedded.url}/api/v1/auth/register",
            content=body,
            headers={"Content-Type": "application/json"},
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


def test_a_page_whose_name_no_file_can_have_is_not_found(embedded: Live) -> None:
    for name in ("a" * 300 + ".js", "é" * 200 + ".js"):
        assert httpx.get(f"{embedded.url}/{name}").status_code == 404


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_cursor_beyond_the_calendar_is_refused(live: Live, signs_up: SignsUp, moment: str) -> None:
    person = signs_up(live)
    cursor = base64.urlsafe_b64encode(json.dumps(["created_at_desc", moment, 1]).encode()).decode()
    answer = person.client.get("/images/list", params={"business_id": person.business_id, "cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize("name", ["localtime", "Factory"])
def test_a_time_zone_that_is_no_place_is_refused(embedded: Live, signs_up: SignsUp, name: str) -> None:
    person = signs_up(embedded)
    answer = person.client.patch(f"/businesses/{person.business_id}", json={"timezone": name})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_timezone")


def _serve(data_dir: Path) -> subprocess.CompletedProcess[str]:
    environment = product_environment(data_dir, {"PORT": "0"})
    return run_forked(["serve"], env=environment, cwd=data_dir.parent)


def test_a_damaged_secret_stops_the_start_with_a_sentence(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    (data_dir / "secret.key").touch()
    refused = _serve(data_dir)
    assert refused.returncode == 1
    assert "secret.key is damaged" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_second_server_on_the_same_data_says_so(tmp_path: Path) -> None:
    product = start_product(tmp_path / "data")
    try:
        refused = _serve(tmp_path / "data")
        assert refused.returncode == 1
        assert "already running" in refused.stderr
        assert "Traceback" not in refused.stderr
    finally:
        product.process.stop()


def test_nobody_else_on_the_machine_reads_what_the_server_keeps(live: Live, signs_up: SignsUp) -> None:
    signs_up(live).keeps_picture(jpeg(photo(640, 480)))
    kept = [path for path in live.product.data_dir.rglob("*") if not path.is_symlink()]
    assert any(path.suffix == ".jpg" for path in kept)
    assert any(path.suffix == ".db" for path in kept)
    open_to_others = [path for path in kept if path.stat().st_mode & 0o077]
    assert not open_to_others
