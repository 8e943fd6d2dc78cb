"""The practice servers misbehave exactly when, where and as often as they are told, and forget nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contracts.practice_desk import Desk, PictureHost, picture_host, refusal
from tests.practice_server import (
    PracticeProcess,
    PracticeThread,
    poll,
    practice_process,
    practice_thread,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeThread]:
    with practice_thread(tmp_path_factory.mktemp("practice")) as running:
        running.control.settings(processing_ms=0)
        yield running


@pytest.fixture(scope="module")
def host() -> Iterator[PictureHost]:
    with picture_host() as running:
        yield running


@pytest.fixture
def desk(server: PracticeThread, host: PictureHost) -> Iterator[Desk]:
    made = Desk(server.url, server.control, host, "Harbour Coffee")
    yield made
    made.close()
    server.control.release(execute=False)
    server.control.clear_faults()


def post_in_the_background(server_url: str, desk: Desk, message: str) -> subprocess.Popen[bytes]:
    """A client of its own that can be killed: it posts on the Page."""
    script = "import sys, httpx; httpx.post(sys.argv[1], data={'message': sys.argv[2]}, trust_env=False, \
headers={'Authorization': 'Bearer ' + sys.argv[3]}, timeout=60)"
    url = f"{server_url}/graph/v26.0/{desk.page.id}/feed"
    return subprocess.Popen([sys.executable, "-c", script, url, message, desk.page.access_token])


# What an answer can look like


def test_a_refusal_is_given_as_told_and_does_nothing(desk: Desk) -> None:
    desk.control.graph_error("feed", 368, 1390008)
    assert refusal(desk.feed(message="too fast")) == (368, 1390008)
    assert not desk.control.posts("too fast")
    assert desk.feed(message="too fast").status_code == 200


def test_a_refusal_without_numbers_is_a_passing_trouble_of_the_server(desk: Desk) -> None:
    desk.control.fault("error", edge="feed")
    answer = desk.feed(message="x")
    assert (answer.status_code, refusal(answer)) == (500, (2, None))
    assert answer.json()["error"]["is_transient"] is True


def test_headers_of_a_refusal_are_sent(desk: Desk) -> None:
    desk.control.graph_error("account", 4, status=403, headers={"X-App-Usage": '{"call_count":100}'})
    assert desk.ask("GET", "me").headers["x-app-usage"] == '{"call_count":100}'


def test_a_broken_server_answers_with_a_page_and_does_nothing(desk: Desk) -> None:
    desk.control.fault("http_500", edge="feed", status=503)
    answer = desk.feed(message="503")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert not desk.control.posts("503")


@pytest.mark.parametrize("kind", ["http_500", "error", "garbage"])
def test_a_bad_answer_may_follow_work_that_was_done(desk: Desk, kind: str) -> None:
    desk.control.fault(kind, edge="feed", executed=True)
    desk.feed(message=f"done before {kind}")
    assert len(desk.control.posts(f"done before {kind}")) == 1


def test_garbage_is_a_success_that_says_nothing(desk: Desk) -> None:
    desk.control.fault("garbage", edge="feed")
    answer = desk.feed(message="garbage")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert len(desk.control.posts("garbage")) == 1


def test_a_cut_connection_before_the_work_leaves_nothing(desk: Desk) -> None:
    desk.control.fault("drop_before", edge="feed")
    with pytest.raises(httpx.RemoteProtocolError):
        desk.feed(message="cut before")
    assert not desk.control.posts("cut before")


def test_a_cut_connection_after_the_work_loses_only_the_answer(desk: Desk) -> None:
    desk.control.fault("drop_after", edge="feed")
    with pytest.raises(httpx.RemoteProtocolError):
        desk.feed(message="cut after")
    assert len(desk.control.posts("cut after")) == 1
    call = desk.control.calls("feed", method="POST")[-1]
    assert (call["is_executed"], call["status"], call["faults"]) == (True, 200, ["drop_after"])


def test_half_an_answer_breaks_off(desk: Desk) -> None:
    desk.control.fault("truncated", edge="feed")
    with pytest.raises(httpx.RemoteProtocolError):
        desk.feed(message="half")
    assert len(desk.control.posts("half")) == 1


def test_a_slow_answer_is_given_up_by_an_impatient_client_and_done_all_the_same(desk: Desk) -> None:
    desk.control.fault("slow", edge="feed", ms=700)
    with pytest.raises(httpx.ReadTimeout):
        desk.ask(
            "POST",
            f"{desk.page.id}/feed",
            desk.page,
            data={"message": "slowly"},
            timeout=httpx.Timeout(30, read=0.2),
        )
    poll(lambda: desk.control.posts("slowly") or None, what="the post")


def test_a_container_that_never_finishes_stays_in_progress(desk: Desk) -> None:
    desk.control.fault("never_finished", account_id=desk.instagram.id)
    container = desk.container()
    desk.control.advance_clock(3600)
    assert desk.look(container, "status_code")["status_code"] == "IN_PROGRESS"
    assert refusal(desk.publish(container)) == (9007, 2207027)
    assert desk.look(desk.container(), "status_code")["status_code"] == "FINISHED"


def test_a_finished_container_may_be_not_ready_once(desk: Desk) -> None:
    desk.control.fault("publish_not_ready")
    container = desk.container(caption="not ready once")
    assert desk.look(container, "status_code")["status_code"] == "FINISHED"
    assert refusal(desk.publish(container)) == (9007, 2207027)
    assert desk.publish(container).status_code == 200
    assert len(desk.control.media("not ready once")) == 1


# Which calls are hit


def test_a_fault_hits_the_named_call_of_the_named_account_as_often_as_told(desk: Desk) -> None:
    other = desk.control.accounts("Somebody else")
    desk.control.fault("error", edge="account", account_id=desk.instagram.id, nth=2, count=2)
    assert desk.ask("GET", other.instagram.id, other.instagram).status_code == 200
    codes = [desk.ask("GET", "me").status_code for _ in range(4)]
    assert codes == [200, 500, 500, 200]


def test_a_fault_without_a_count_lasts_until_it_is_switched_off(desk: Desk) -> None:
    fault_id = desk.control.fault("error", edge="account", count=None)
    assert [desk.ask("GET", "me").status_code for _ in range(5)] == [500] * 5
    assert [fault["id"] for fault in desk.control.ask("GET", "faults")["faults"]] == [fault_id]
    desk.control.clear_faults()
    assert desk.ask("GET", "me").status_code == 200


def test_a_fault_of_one_method_spares_the_other(desk: Desk) -> None:
    desk.control.fault("error", edge="feed", method="POST")
    assert desk.ask("GET", f"{desk.page.id}/feed", desk.page).status_code == 200
    assert desk.feed(message="x").status_code == 500


@pytest.mark.parametrize(
    "wrong", [{"kind": "fire"}, {"kind": "slow", "nth": 0}, {"kind": "slow", "count": 0}]
)
def test_a_fault_that_makes_no_sense_is_refused(server: PracticeThread, wrong: dict[str, Any]) -> None:
    headers = {"X-Practice-Key": server.key}
    answer = httpx.post(f"{server.url}/control/faults", json=wrong, headers=headers, trust_env=False)
    assert answer.status_code == 422


# Holding a call at an exact point


def test_a_call_held_before_its_work_does_it_when_released_though_its_client_was_killed(
    server: PracticeThread, desk: Desk
) -> None:
    desk.control.fault("hold_before", edge="feed", method="POST")
    client = post_in_the_background(server.url, desk, "held before")
    hold = desk.control.wait_for_hold("feed")
    assert not desk.control.posts("held before")
    client.kill()
    client.wait()
    desk.control.wait_until_gone(hold["id"])
    assert not desk.control.posts("held before")
    assert desk.control.release(hold["id"]) == 1
    poll(lambda: desk.control.posts("held before") or None, what="the post")
    assert len(desk.control.posts("held before")) == 1


def test_a_call_held_after_its_work_has_done_it_and_answers_when_released(
    server: PracticeThread, desk: Desk
) -> None:
    desk.control.fault("hold_after", edge="feed", method="POST")
    client = post_in_the_background(server.url, desk, "held after")
    desk.control.wait_for_hold("feed")
    assert len(desk.control.posts("held after")) == 1
    desk.control.release()
    assert client.wait(timeout=30) == 0
    assert len(desk.control.posts("held after")) == 1


def test_a_held_call_can_be_given_up(server: PracticeThread, desk: Desk) -> None:
    desk.control.fault("hold_before", edge="feed", method="POST")
    client = post_in_the_background(server.url, desk, "given up")
    desk.control.wait_for_hold("feed")
    desk.control.release(execute=False)
    assert client.wait(timeout=30) != 0
    assert not desk.control.posts("given up")


@pytest.mark.parametrize(("on_gone", "posts"), [("execute", 1), ("discard", 0)])
def test_a_killed_client_can_decide_what_becomes_of_its_call(
    server: PracticeThread, desk: Desk, on_gone: str, posts: int
) -> None:
    desk.control.fault("hold_before", edge="feed", method="POST", on_gone=on_gone)
    client = post_in_the_background(server.url, desk, f"gone {on_gone}")
    desk.control.wait_for_hold("feed")
    client.kill()
    client.wait()
    poll(lambda: True if not desk.control.holds() else None, what="the end of the hold")
    if posts:
        poll(lambda: desk.control.posts(f"gone {on_gone}") or None, what="the post")
    assert len(desk.control.posts(f"gone {on_gone}")) == posts


def test_other_calls_go_on_while_one_is_held(server: PracticeThread, desk: Desk) -> None:
    desk.control.fault("hold_before", edge="feed", method="POST")
    client = post_in_the_background(server.url, desk, "in the way")
    desk.control.wait_for_hold("feed")
    assert desk.feed(message="past it").status_code == 200
    desk.control.release()
    assert client.wait(timeout=30) == 0


# Memory


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[PracticeProcess]:
    with practice_process(tmp_path) as running:
        yield running


def test_what_was_answered_survives_kill_9_and_so_do_faults_and_the_clock(
    mortal: PracticeProcess, host: PictureHost
) -> None:
    mortal.control.settings(processing_ms=0)
    desk = Desk(mortal.url, mortal.control, host, "Harbour Coffee")
    media_id = desk.published(caption="for good")
    waiting = desk.container(caption="still to come")
    desk.control.fault("error", edge="feed")
    desk.control.advance_clock(3600)
    before = desk.control.state()
    mortal.kill()
    mortal.start()
    after = desk.control.state()
    for part in ("accounts", "containers", "media", "posts"):
        assert after[part] == before[part]
    assert desk.look(media_id, "caption")["caption"] == "for good"
    assert desk.publish(waiting).status_code == 200
    assert desk.feed(message="x").status_code == 500
    last = desk.control.calls("feed")[-1]
    assert last["at"] - after["calls"][0]["at"] > 3500
    desk.close()


def test_a_kill_9_before_the_work_leaves_nothing_and_after_it_everything(
    mortal: PracticeProcess, host: PictureHost
) -> None:
    desk = Desk(mortal.url, mortal.control, host, "Harbour Coffee")
    for kind in ("hold_before", "hold_after"):
        desk.control.fault(kind, edge="feed", method="POST")
        client = post_in_the_background(mortal.url, desk, kind)
        desk.control.wait_for_hold("feed")
        mortal.kill()
        assert client.wait(timeout=30) != 0
        mortal.start()
    assert [post["message"] for post in desk.control.posts()] == ["hold_after"]
    assert not desk.control.holds()
    desk.close()


def test_the_log_of_the_process_holds_no_complaint_about_cut_connections(
    mortal: PracticeProcess, host: PictureHost
) -> None:
    desk = Desk(mortal.url, mortal.control, host, "Harbour Coffee")
    for kind in ("drop_before", "drop_after", "truncated"):
        desk.control.fault(kind, edge="account")
        with pytest.raises(httpx.RemoteProtocolError):
            desk.ask("GET", "me")
    assert desk.ask("GET", "me").status_code == 200
    assert mortal.log().strip() == f"listening {mortal.url}"
    desk.close()
