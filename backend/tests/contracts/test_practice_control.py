"""Who may steer the practice servers, how accounts are made, and how they live inside another application."""

from __future__ import annotations

import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from practice import create_practice_app
from practice.openai.images import painter_key
from tests.contracts.practice_desk import Desk, PictureHost, picture_host
from tests.practice_server import (
    BACKEND,
    CONTROL_KEY,
    PracticeControl,
    PracticeThread,
    poll,
    practice_thread,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("practice")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[PracticeThread]:
    with practice_thread(folder) as running:
        running.control.settings(processing_ms=0)
        yield running


@pytest.fixture(scope="module")
def host() -> Iterator[PictureHost]:
    with picture_host() as running:
        yield running


@pytest.mark.parametrize("key", [None, "", "wrong", CONTROL_KEY[:-1], CONTROL_KEY + "x", "schlüssel"])
def test_without_the_right_key_there_is_no_control(server: PracticeThread, key: str | None) -> None:
    headers = [] if key is None else [(b"X-Practice-Key", key.encode())]
    for method, path in (("GET", "state"), ("POST", "accounts"), ("POST", "faults"), ("GET", "holds")):
        answer = httpx.request(
            method, f"{server.url}/control/{path}", headers=headers, json={}, trust_env=False
        )
        assert answer.status_code == 404


@pytest.mark.parametrize("number", ["9" * 5000, "%C2%B2", "-1", "x"])
def test_a_number_that_is_none_is_not_there_with_the_key_and_without(
    server: PracticeThread, number: str
) -> None:
    for headers in ({}, {"X-Practice-Key": server.key}):
        for method, path in (("POST", f"holds/{number}/release"), ("DELETE", f"faults/{number}")):
            answer = httpx.request(method, f"{server.url}/control/{path}", headers=headers, trust_env=False)
            assert answer.status_code == 404


def test_strangers_are_refused_and_leave_no_trace(server: PracticeThread) -> None:
    account = server.control.accounts().instagram
    before = server.control.calls()
    with httpx.Client(base_url=f"{server.url}/graph/v26.0", trust_env=False) as client:
        for headers in ({}, {"Authorization": "Bearer nobody"}):
            for path in (account.id, f"{account.id}/media", "debug_token?input_token=nobody", "debug_token"):
                client.get(path, headers=headers)
                answer = client.post(f"{account.id}/media_publish", headers=headers)
                assert answer.json()["error"]["code"] in (104, 190, 2500)
    assert server.control.calls() == before


async def test_an_empty_key_opens_nothing(tmp_path: Path) -> None:
    app = create_practice_app(data_dir=tmp_path, public_url="http://localhost", control_key="")
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        assert (await client.get("/control/state", headers={"X-Practice-Key": ""})).status_code == 404
        key = {"Authorization": f"Bearer {painter_key('')}"}
        assert (await client.get("/openai/v1/models", headers=key)).status_code == 401


def test_the_same_reference_gives_the_same_accounts(server: PracticeThread) -> None:
    first = server.control.accounts("Harbour Coffee", reference="business-7")
    again = server.control.accounts("Renamed since", reference="business-7")
    other = server.control.accounts("Harbour Coffee", reference="business-8")
    assert first == again
    assert first.instagram.id != other.instagram.id
    assert first.instagram.access_token != other.instagram.access_token


@pytest.mark.parametrize(
    ("name", "handle", "username"),
    [
        ("Möwe & Söhne GmbH", None, "mowesohnegmbh"),
        ("The Café", "The.Best_Café", "the.best_cafe"),
        ("寿司", None, "practice"),
        ("   x   ", None, "x"),
        ("n" * 200, None, "n" * 24),
        ("<script>alert(1)</script>", None, "scriptalert1script"),
    ],
)
def test_a_username_is_made_from_any_name(
    server: PracticeThread, name: str, handle: str | None, username: str
) -> None:
    assert server.control.accounts(name, handle=handle).instagram.name == username


def test_usernames_stay_unique(server: PracticeThread) -> None:
    names = [server.control.accounts("Twin Bakery").instagram.name for _ in range(3)]
    assert names == ["twinbakery", "twinbakery2", "twinbakery3"]


def test_the_state_tells_no_token(server: PracticeThread, host: PictureHost) -> None:
    desk = Desk(server.url, server.control, host, "Secretive")
    desk.raw("GET", f"/graph/v26.0/me?access_token={desk.instagram.access_token}")
    desk.raw("GET", "/graph/v26.0/debug_token", params={"input_token": desk.page.access_token})
    desk.published(caption="seen")
    told = str(server.control.state())
    assert "seen" in told
    assert desk.instagram.access_token not in told
    assert desk.page.access_token not in told
    desk.close()


def test_only_the_owner_of_the_file_can_read_the_tokens(server: PracticeThread, folder: Path) -> None:
    server.control.accounts()
    assert stat.S_IMODE((folder / "practice.db").stat().st_mode) == 0o600


@pytest.mark.parametrize("wrong", [{"processing_ms": -1}, {"unheard_of": 1}, {"clock_offset": 5}])
def test_a_setting_that_makes_no_sense_is_refused(server: PracticeThread, wrong: dict[str, int]) -> None:
    headers = {"X-Practice-Key": server.key}
    answer = httpx.patch(f"{server.url}/control/settings", json=wrong, headers=headers, trust_env=False)
    assert answer.status_code == 422


def test_the_application_works_below_any_path_of_another_one(tmp_path: Path, host: PictureHost) -> None:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen(16)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/deep/practice"
    app = create_practice_app(data_dir=tmp_path, public_url=lambda: url, control_key=CONTROL_KEY)
    outer = Starlette(routes=[Mount("/deep/practice", app)])
    server = uvicorn.Server(
        uvicorn.Config(outer, log_config=None, access_log=False, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        poll(lambda: True if server.started else None, what="the start")
        with PracticeControl(url) as control:
            control.settings(processing_ms=0)
            desk = Desk(url, control, host, "Harbour Coffee")
            media = desk.look(desk.published(caption="Below"), "permalink,media_url")
            assert media["permalink"].startswith(f"{url}/instagram/p/")
            page = desk.raw("GET", media["permalink"])
            assert page.status_code == 200
            assert 'href="/deep/practice/instagram/harbourcoffee"' in page.text
            assert desk.raw("GET", media["media_url"]).status_code == 200
            # Without the server's own help a cut connection is still no usable answer.
            for kind in ("drop_before", "drop_after", "truncated"):
                control.fault(kind, edge="account")
                with pytest.raises(httpx.RemoteProtocolError):
                    desk.ask("GET", "me")
            desk.close()
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        listener.close()


def test_the_process_does_not_start_without_a_key(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "practice", "--data-dir", str(tmp_path)]
    ended = subprocess.run(command, cwd=BACKEND, env={}, capture_output=True, text=True, timeout=60)
    assert ended.returncode != 0
    assert "PRACTICE_KEY" in ended.stderr
