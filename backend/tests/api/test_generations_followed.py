"""Pictures that nobody waits for at the other end of a line: followed by events, listed, and called off."""

from __future__ import annotations

import base64
import contextlib
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from app.api.generations.events import MOST_LINES_OF_USER
from tests.api.conftest import SignsUp
from tests.api.edge_app import assert_problem
from tests.api.live import Live, fetch
from tests.factories_pictures import flat, png
from tests.person import Person
from tests.practice_server import PracticeProcess, poll
from tests.servers.product import start_product

EDGE = "images.generations"
PROMPT = "A quiet harbour at dawn"
ASYNC = {"Prefer": "respond-async"}


def asks(person: Person, *, headers: dict[str, str] | None = None, **changes: Any) -> httpx.Response:
    """Ask for a picture without waiting for it."""
    body = {"business_id": person.business_id, "prompt": PROMPT, **changes}
    return person.client.post("/images/generate", json=body, headers={**ASYNC, **(headers or {})})


def begun(person: Person, **changes: Any) -> int:
    """A generation that goes on by itself; returns its id."""
    answer = asks(person, **changes)
    assert answer.status_code == 202, answer.text
    return int(answer.json()["generation"]["id"])


def settled(person: Person, generation_id: int) -> dict[str, Any]:
    """The generation, once it has come to its end."""

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = person.client.get(f"/generations/{generation_id}").json()
        return None if found["state"] in ("queued", "running") else found

    return poll(look, what=f"the end of generation {generation_id}")


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event."""

    id: str
    kind: str
    told: dict[str, Any]


def events(answer: httpx.Response) -> Iterator[Event]:
    """What a stream tells, as it comes."""
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            yield Event(fields["id"], fields["event"], json.loads(fields["data"]))
            fields = {}


def follow(person: Person, generation_id: int, **headers: str) -> list[Event]:
    """Everything that a stream tells, to its end."""
    url = f"/generations/{generation_id}/events"
    with person.client.stream("GET", url, headers=headers, timeout=30) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        return list(events(answer))


def test_who_does_not_wait_is_answered_at_once_and_finds_the_picture_later(
    live: Live, signs_up: SignsUp
) -> None:
    ada = signs_up(live)
    answer = asks(ada, style="vintage")
    assert answer.status_code == 202, answer.text
    assert answer.headers["preference-applied"] == "respond-async"
    body = answer.json()
    assert body["success"] is True
    assert body["generation"]["state"] in ("queued", "running")
    assert (body["generation"]["is_free"], body["generation"]["price_usd"]) == (True, "0.00")
    told = follow(ada, body["generation"]["id"])
    assert told[-1].kind == "done"
    assert {event.kind for event in told[:-1]} <= {"state", "partial"}
    done = told[-1].told
    assert done["generation"]["state"] == "succeeded"
    assert done["generation"]["enhanced_prompt"].startswith(f"{PROMPT}. Vintage")
    assert done["image"]["id"] == done["generation"]["image_id"]
    assert done["image"]["ai_prompt"] == PROMPT
    with Image.open(io.BytesIO(fetch(done["image"]["storage_url"]).content)) as opened:
        assert opened.size == (1024, 1024)
    assert settled(ada, body["generation"]["id"]) == done["generation"]
    assert live.temporary_files() == []


def test_a_stream_tells_what_is_new_and_ends(
    troubled: Live, elsewhere: PracticeProcess, signs_up: SignsUp
) -> None:
    ada = signs_up(troubled)
    elsewhere.control.fault("hold_before", edge=EDGE)
    generation_id = begun(ada)
    elsewhere.control.wait_for_hold(EDGE)
    url = f"/generations/{generation_id}/events"
    with ada.client.stream("GET", url, timeout=30) as answer:
        told = events(answer)
        first = next(told)
        assert (first.kind, first.told["generation"]["state"]) == ("state", "running")
        assert first.told["image"] is None
    # The page was loaded anew: it knows that state already.
    with ada.client.stream("GET", url, headers={"Last-Event-ID": first.id}, timeout=30) as answer:
        told = events(answer)
        elsewhere.control.release()
        rest = list(told)
    assert [event.kind for event in rest if event.kind != "partial"] == ["done"]
    assert rest[-1].told["generation"]["state"] == "succeeded"
    # A browser that asks again after the end is told to stop; anybody else hears the end once more.
    assert ada.client.get(url, headers={"Last-Event-ID": rest[-1].id}).status_code == 204
    assert [event.kind for event in follow(ada, generation_id)] == ["done"]
    assert [event.kind for event in follow(ada, generation_id, **{"Last-Event-ID": "no such"})] == ["done"]


def test_a_stream_is_for_members_and_ends_with_what_it_was_asked_by(
    troubled: Live, elsewhere: PracticeProcess, signs_up: SignsUp
) -> None:
    owner, member, eve = signs_up(troubled), signs_up(troubled), signs_up(troubled)
    key = owner.makes_key("viewer")
    email = member.client.get("/auth/me").json()["user"]["email"]
    members = f"/businesses/{owner.business_id}/members"
    owner.client.post(members, json={"email": email, "role": "viewer"})
    elsewhere.control.fault("hold_before", edge=EDGE)
    generation_id = begun(owner)
    hold = elsewhere.control.wait_for_hold(EDGE)
    url = f"/generations/{generation_id}/events"
    assert_problem(eve.client.get(url), 404, "generation_not_found")
    with owner.with_key(key["secret"]) as program:
        with (
            member.client.stream("GET", url, timeout=60) as of_member,
            program.stream("GET", url, timeout=60) as of_key,
            owner.client.stream("GET", url, timeout=60) as of_token,
        ):
            streams = [events(answer) for answer in (of_member, of_key, of_token)]
            assert [next(told).kind for told in streams] == ["state"] * 3
            assert owner.client.delete(f"{members}/{member.user_id}").status_code == 200
            assert owner.client.delete(f"/api-keys/{key['api_key']['id']}").status_code == 200
            assert owner.client.post("/auth/logout").status_code == 204
            # Nothing happens to the picture, and it is held until they have ended.
            assert [list(told) for told in streams] == [[], [], []]
            assert hold["id"] in [each["id"] for each in elsewhere.control.holds()]
        elsewhere.control.release(hold["id"])
        assert_problem(member.client.get(url), 404, "generation_not_found")
        assert_problem(program.get(url), 401, "api_key_invalid")
        assert_problem(owner.client.get(url), 401, "token_invalid")


def test_one_user_has_so_many_streams_and_others_have_theirs(
    troubled: Live, elsewhere: PracticeProcess, signs_up: SignsUp
) -> None:
    ada, eve = signs_up(troubled), signs_up(troubled)
    elsewhere.control.fault("hold_before", edge=EDGE, count=2)
    of_ada, of_eve = (f"/generations/{begun(person)}/events" for person in (ada, eve))
    with contextlib.ExitStack() as streams:
        for _ in range(MOST_LINES_OF_USER):
            answer = streams.enter_context(ada.client.stream("GET", of_ada, timeout=30))
            assert answer.status_code == 200
        problem = assert_problem(ada.client.get(of_ada), 429, "too_many_streams")
        assert problem["retry_after"] == 10 and "Close some" in problem["detail"]
        with eve.client.stream("GET", of_eve, timeout=30) as answer:
            assert next(events(answer)).kind == "state"

    def opened_again() -> bool | None:
        with ada.client.stream("GET", of_ada, timeout=30) as answer:
            return answer.status_code == 200 or None

    poll(opened_again, what="room for a stream after others were closed")
    elsewhere.control.release()


def test_generations_are_listed_newest_first(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    ids = []
    for number in range(3):
        ids.append(begun(ada, prompt=f"Boat {number}" if number else "blocked-by-provider"))
        settled(ada, ids[-1])
    query = {"business_id": ada.business_id}
    page = ada.client.get("/generations", params={**query, "limit": "2"}).json()
    assert [row["id"] for row in page["generations"]] == ids[:0:-1]
    assert {image["id"] for image in page["images"]} == {row["image_id"] for row in page["generations"]}
    rest = ada.client.get("/generations", params={**query, "cursor": page["next_cursor"]}).json()
    assert [(row["id"], row["state"]) for row in rest["generations"]] == [(ids[0], "refused")]
    assert (rest["images"], rest["next_cursor"]) == ([], None)
    for cursor in ("x", "-1", "1" * 19):
        answer = ada.client.get("/generations", params={**query, "cursor": cursor})
        assert_problem(answer, 422, "invalid_fields")


def test_what_is_painted_can_be_called_off(
    troubled: Live, elsewhere: PracticeProcess, signs_up: SignsUp
) -> None:
    ada = signs_up(troubled)
    elsewhere.control.fault("hold_before", edge=EDGE, on_gone="discard")
    generation_id = begun(ada)
    hold = elsewhere.control.wait_for_hold(EDGE)
    answer = ada.client.post(f"/generations/{generation_id}/cancel")
    assert answer.status_code == 200, answer.text
    found = settled(ada, generation_id)
    assert found["state"] == "cancelled"
    # The provider is let go of, not only the row.
    poll(
        lambda: None if hold["id"] in [each["id"] for each in elsewhere.control.holds()] else True,
        what="the end of the call",
    )
    # It had begun, so it counts. This provider bills nothing, so nothing about its cost is unknown.
    entry = usage(ada)["entries"][0]
    assert (entry["state"], entry["free"], Decimal(entry["booked_usd"])) == ("booked", True, Decimal(0))
    assert ada.client.post(f"/generations/{generation_id}/cancel").status_code == 200
    assert_problem(ada.client.post(f"/generations/{begun_and_done(ada)}/cancel"), 409, "generation_finished")


def begun_and_done(person: Person) -> int:
    generation_id = begun(person)
    settled(person, generation_id)
    return generation_id


def usage(person: Person) -> dict[str, Any]:
    """This month's money."""
    found: dict[str, Any] = person.client.get("/usage", params={"business_id": person.business_id}).json()
    return found


def test_the_work_goes_on_when_who_waited_has_gone(
    troubled: Live, elsewhere: PracticeProcess, signs_up: SignsUp
) -> None:
    ada = signs_up(troubled)
    elsewhere.control.fault("hold_before", edge=EDGE)
    with pytest.raises(httpx.ReadTimeout):
        ada.client.post(
            "/images/generate", json={"business_id": ada.business_id, "prompt": PROMPT}, timeout=1
        )
    elsewhere.control.wait_for_hold(EDGE)
    elsewhere.control.release()
    (newest,) = ada.client.get("/generations", params={"business_id": ada.business_id}).json()["generations"]
    assert settled(ada, newest["id"])["state"] == "succeeded"


def test_a_provider_that_is_busy_is_asked_again_by_itself(
    troubled: Live, elsewhere: PracticeProcess, signs_up: SignsUp
) -> None:
    ada = signs_up(troubled)
    code = "rate_limit_exceeded"
    error = {"message": "slow", "type": code, "param": None, "code": code}
    elsewhere.control.fault("error", edge=EDGE, error=error, status=429, headers={"Retry-After": "1"})
    generation_id = begun(ada)
    told = follow(ada, generation_id)
    stories = [event.told["generation"] for event in told if event.kind != "partial"]
    waits = [row for row in stories if row["error_code"]]
    assert [(row["state"], row["error_code"]) for row in waits] == [("queued", "provider_rate_limited")]
    (wait,) = waits
    assert wait["retry_after"] in (0, 1, 2) and wait["retry_at"] > wait["created_at"]
    assert {(row["retry_after"], row["retry_at"]) for row in stories if row is not wait} == {(None, None)}
    assert told[-1].told["generation"]["state"] == "succeeded"
    assert len(usage(ada)["entries"]) == 1


def test_a_repeated_click_is_one_generation_and_one_charge(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    answers = [asks(ada, headers={"Idempotency-Key": "click-1"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert len({answer.json()["generation"]["id"] for answer in answers}) == 1
    assert {answer.headers["preference-applied"] for answer in answers} == {"respond-async"}
    settled(ada, answers[0].json()["generation"]["id"])
    found = usage(ada)
    assert (len(found["entries"]), found["free_used"]) == (1, 1)


# --- an image of the library, changed


def mask(width: int, height: int, *, alpha: int = 0, **changes: Any) -> str:
    """A painted mask: its middle is as opaque as `alpha`."""
    image = flat((0, 0, 0, 255), width, height, mode="RGBA")
    image.paste((0, 0, 0, alpha), (10, 10, width - 10, height - 10))
    return base64.b64encode(png(image.convert(changes.get("mode", "RGBA")))).decode()


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"source_image_id": 987654321}, 404, "image_not_found"),
        ({"source_image_id": 0}, 422, "invalid_fields"),
        ({"mask": "AAAA"}, 422, "mask_without_source"),
        ({"source_image_id": "mine", "mask": "not base64!"}, 422, "mask_unreadable"),
        ({"source_image_id": "mine", "mask": "AAAA"}, 422, "mask_unreadable"),
        ({"source_image_id": "mine", "mask": mask(64, 64)}, 422, "mask_wrong_size"),
        (
            {"source_image_id": "mine", "mask": mask(640, 480, mode="RGB")},
            422,
            "mask_without_transparency",
        ),
        ({"source_image_id": "mine", "mask": mask(640, 480, alpha=255)}, 422, "mask_opaque"),
        ({"source_image_id": "mine", "mask": mask(640, 480, alpha=1)}, 422, "mask_opaque"),
        ({"source_image_id": "mine", "mask": mask(40, 5000)}, 422, "mask_wrong_size"),
    ],
)
def test_a_change_that_cannot_be_made_is_refused_before_anybody_is_asked(
    troubled: Live,
    elsewhere: PracticeProcess,
    signs_up: SignsUp,
    changes: dict[str, Any],
    status: int,
    code: str,
) -> None:
    ada = signs_up(troubled)
    if changes.get("source_image_id") == "mine":
        changes = {**changes, "source_image_id": ada.keeps_picture()["id"]}
    asked = len(elsewhere.control.calls())
    assert_problem(asks(ada, **changes), status, code)
    assert len(elsewhere.control.calls()) == asked
    assert usage(ada)["entries"] == []


def test_an_image_is_changed_into_a_new_one(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    source = ada.keeps_picture()
    picture = f"data:image/png;base64,{mask(640, 480, mode='LA')}"
    generation_id = begun(ada, source_image_id=source["id"], mask=picture, prompt="More fog")
    found = settled(ada, generation_id)
    assert (found["state"], found["is_edit"], found["source_image_id"]) == ("succeeded", True, source["id"])
    image = ada.client.get(f"/images/{found['image_id']}").json()
    assert (image["edited_from_id"], image["is_ai_generated"]) == (source["id"], True)
    assert (image["ai_prompt"], image["id"] == source["id"]) == ("More fog", False)
    edited = ada.client.get("/images/list", params={"business_id": ada.business_id, "filter": "edited"})
    assert [row["id"] for row in edited.json()["images"]] == [image["id"]]
    # The mask is not kept longer than it is needed.
    assert live.count("generations", f"id = {generation_id} AND mask IS NOT NULL") == 0


def test_previews_come_on_the_way(troubled: Live, elsewhere: PracticeProcess, signs_up: SignsUp) -> None:
    ada = signs_up(troubled)
    elsewhere.control.fault("hold_before", edge=EDGE)
    generation_id = begun(ada)
    elsewhere.control.wait_for_hold(EDGE)
    with ada.client.stream("GET", f"/generations/{generation_id}/events", timeout=60) as answer:
        stream = events(answer)
        assert next(stream).kind == "state"
        elsewhere.control.release()
        told = list(stream)
    previews = [event for event in told if event.kind == "partial"]
    assert previews
    for event in previews:
        kind, _, encoded = event.told["image"].partition(";base64,")
        assert kind in ("data:image/png", "data:image/jpeg", "data:image/webp")
        with Image.open(io.BytesIO(base64.b64decode(encoded))) as opened:
            assert opened.width == opened.height
    numbers = [event.told["number"] for event in previews]
    assert numbers == sorted(set(numbers))
    assert told[-1].told["generation"]["state"] == "succeeded"


def test_a_mask_may_be_larger_than_other_requests(live: Live, signs_up: SignsUp) -> None:
    ada = signs_up(live)
    source = ada.keeps_picture()["id"]
    assert_problem(asks(ada, source_image_id=source, mask="A" * 5_000_000), 422, "mask_unreadable")
    assert_problem(asks(ada, source_image_id=source, mask="A" * 5_700_000), 422, "invalid_fields")
    assert_problem(asks(ada, source_image_id=source, mask="A" * 7_000_000), 413, "body_too_large")


def test_a_server_that_stops_keeps_nobody_waiting_and_tells_no_provider_to_stop(
    elsewhere: PracticeProcess, tmp_path: Path
) -> None:
    settings = {"PRACTICE_URL": elsewhere.url, "PRACTICE_KEY": elsewhere.key}
    product = start_product(tmp_path / "data", settings=settings)
    ada = Person.signs_up(product.url)
    try:
        elsewhere.control.fault("hold_before", edge=EDGE, on_gone="wait", count=2)
        generation_id = begun(ada)
        elsewhere.control.wait_for_hold(EDGE)
        wish = {"business_id": ada.business_id, "prompt": PROMPT}
        with (
            ThreadPoolExecutor(2) as threads,
            ada.client.stream("GET", f"/generations/{generation_id}/events", timeout=60) as answer,
        ):
            told = events(answer)
            assert next(told).kind == "state"
            waiting = threads.submit(ada.client.post, "/images/generate", json=wish, timeout=60)
            poll(lambda: True if len(elsewhere.control.holds()) == 2 else None, what="both calls")
            stopping = threads.submit(product.process.stop)
            # The stream ends in good order, and so does the answer that somebody waited for.
            assert list(told) == []
            problem = assert_problem(waiting.result(), 503, "still_running")
            stopping.result()
        elsewhere.control.release()
        product = start_product(tmp_path / "data", port=product.port, settings=settings)
        for number in (generation_id, problem["generation_id"]):
            assert settled(ada, number)["state"] == "unknown"
    finally:
        product.process.stop()
        ada.close()
