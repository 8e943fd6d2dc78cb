"""Publishing while the platform misbehaves: the post is out once, or the truth is told about it.

Every post of `posts` is sent when the first test asks for them, so that their waiting is done together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.api.conftest import SignsUp
from tests.api.edge_app import assert_problem
from tests.api.live import Live
from tests.api.platforms import codes, publication_in, publishes, waits_for_publication
from tests.person import Person
from tests.practice_server import PracticeControl, PracticeProcess, poll

SOON = {"headers": {"Retry-After": "1"}}


@dataclass(frozen=True, slots=True)
class Sent:
    """A post on its way, and whose it is."""

    person: Person
    post_id: int
    text: str

    def ends(self, state: str) -> dict[str, Any]:
        """Its publication, once it is in this state."""
        return waits_for_publication(self.person, self.post_id, state)


Trouble = Callable[[PracticeControl, str], object]

ON_INSTAGRAM: dict[str, Trouble] = {
    "refused to begin with": lambda c, who: c.fault("http_500", edge="media", account_id=who, **SOON),
    "nonsense to begin with": lambda c, who: c.fault("garbage", edge="media", account_id=who, **SOON),
    "not ready yet": lambda c, who: c.fault("publish_not_ready", account_id=who, **SOON),
    "answer lost": lambda c, who: c.fault("drop_after", edge="media_publish", account_id=who),
    "answer is nonsense": lambda c, who: c.fault("garbage", edge="media_publish", account_id=who),
    "half an answer": lambda c, who: c.fault("truncated", edge="media_publish", account_id=who),
    "error after the work": lambda c, who: c.fault(
        "http_500", edge="media_publish", executed=True, account_id=who
    ),
    "no link at first": lambda c, who: c.fault("http_500", edge="media_item", account_id=who),
}
UNCLEAR_FOR_A_WHILE = {"answer lost", "answer is nonsense", "half an answer", "error after the work"}


@pytest.fixture(scope="module")
def control(elsewhere: PracticeProcess) -> Iterator[PracticeControl]:
    elsewhere.control.settings(processing_ms=0)
    yield elsewhere.control
    elsewhere.control.clear_faults()


@pytest.fixture(scope="module")
def sent(troubled: Live, control: PracticeControl) -> Iterator[dict[str, Sent]]:
    """A post for every trouble, each of a business of its own."""
    on_their_way: dict[str, Sent] = {}
    for case, trouble in ON_INSTAGRAM.items():
        person = Person.signs_up(troubled.url, business_name=case)
        trouble(control, person.channel("instagram")["external_id"])
        post_id = person.writes(case, image_ids=[person.keeps_picture()["id"]])
        person.sends(post_id)
        on_their_way[case] = Sent(person, post_id, case)
    for case, kind in (("a Page, done", "drop_after"), ("a Page, not done", "drop_before")):
        person = Person.signs_up(troubled.url, business_name=case)
        control.fault(kind, edge="feed", account_id=person.channel("facebook")["external_id"])
        post_id = person.writes(case, image_ids=[], platforms=("facebook",))
        person.sends(post_id)
        on_their_way[case] = Sent(person, post_id, case)
    yield on_their_way
    for one in on_their_way.values():
        one.person.close()


@pytest.fixture
def ada(troubled: Live, signs_up: SignsUp) -> Person:
    return signs_up(troubled)


@pytest.mark.parametrize("case", ON_INSTAGRAM)
def test_a_post_is_on_instagram_once_whatever_went_wrong(
    case: str, sent: dict[str, Sent], control: PracticeControl
) -> None:
    publication = sent[case].ends("published")
    (medium,) = control.media(case)
    assert publication["external_id"] == medium["id"] and publication["error"] is None
    assert ("outcome_unclear" in codes(publication)) is (case in UNCLEAR_FOR_A_WHILE)
    assert sent[case].person.waits_for_link(sent[case].post_id) == medium["permalink"]


def test_a_page_post_whose_answer_was_lost_is_found(sent: dict[str, Sent], control: PracticeControl) -> None:
    publication = sent["a Page, done"].ends("published")
    (found,) = control.posts("a Page, done")
    assert publication["external_id"] == found["id"]
    assert codes(publication) == ["started", "prepared", "outcome_unclear", "published"]


def test_a_page_post_that_cannot_be_found_stays_unclear_and_is_not_sent_again(
    sent: dict[str, Sent], control: PracticeControl, elsewhere: PracticeProcess
) -> None:
    one = sent["a Page, not done"]
    publication = one.ends("unconfirmed")
    assert publication["error"]["code"] == "outcome_unclear"
    assert publication["history"][-1]["message"] == (
        "The platform's answer was lost, so the post may be out. "
        "Looking at the Practice Page before anything is sent again."
    )
    path = f"/publications/{publication['id']}"
    assert_problem(one.person.client.post(f"{path}/retry"), 409, "publication_not_failed")
    confirmed = publication_in(one.person.client.post(f"{path}/confirm"), 200)
    assert confirmed["state"] == "unconfirmed" and codes(confirmed)[-1] == "looking_again"
    assert control.posts(one.text) == []

    # Somebody posts it by hand; then the next look finds it: this one, unless one of its own came before.
    page = control.accounts(reference=f"business-{one.person.business_id}").page
    answer = httpx.post(
        f"{elsewhere.graph_url}/v26.0/{page.id}/feed",
        data={"message": one.text},
        headers=page.headers,
        trust_env=False,
    )
    assert one.person.client.post(f"{path}/confirm").status_code in {200, 409}
    assert one.ends("published")["external_id"] == answer.json()["id"]
    assert_problem(one.person.client.post(f"{path}/confirm"), 409, "publication_settled")


def test_a_failed_publication_is_sent_again_when_its_owner_says_so(
    ada: Person, control: PracticeControl
) -> None:
    account_id = ada.channel("instagram")["external_id"]
    control.graph_error("media", 36001, 2207005, method="POST", account_id=account_id)
    failed = publication_in(publishes(ada, content_text="Second try", image_ids=[ada.keeps_picture()["id"]]))
    assert failed["state"] == "failed" and failed["error"]["code"] == "picture_format_refused"
    path = f"/publications/{failed['id']}"
    assert_problem(ada.client.post(f"{path}/confirm"), 409, "publication_settled")
    again = publication_in(ada.client.post(f"{path}/retry"), 200)
    assert again["error"] is None and codes(again)[2] == "retried"
    (post,) = ada.client.get("/posts", params={"business_id": ada.business_id}).json()["posts"]
    publication = waits_for_publication(ada, post["id"], "published")
    assert codes(publication) == ["started", "picture_format_refused", "retried", "prepared", "published"]
    assert len(control.media("Second try")) == 1
    assert_problem(ada.client.post(f"{path}/retry"), 409, "publication_not_failed")


def test_an_account_that_the_platform_holds_says_so(ada: Person, control: PracticeControl) -> None:
    account_id = ada.channel("instagram")["external_id"]
    control.change_account(account_id, is_restricted=True)
    image_ids = [ada.keeps_picture()["id"]]
    publication = publication_in(publishes(ada, image_ids=image_ids))
    assert publication["state"] == "failed"
    assert publication["error"]["code"] == "account_needs_attention"
    assert ada.channel("instagram")["status"] == "restricted"
    problem = assert_problem(publishes(ada, image_ids=image_ids), 422, "channel_not_connected")
    assert "In the settings it can be tried before its time." in problem["detail"]
    # The Page of the same business is another account.
    assert publication_in(publishes(ada, "facebook"))["state"] == "published"

    # Its owner may try it ahead of time: in vain while it is held, and then it works.
    channel = ada.channel("instagram")
    assert channel["tried_again_at"] and "Log in on Instagram" in channel["problem"]["detail"]
    for is_held, state in ((True, "failed"), (False, "published")):
        tried = ada.client.post(f"/channels/{channel['id']}/try")
        assert tried.status_code == 200, tried.text
        assert (tried.json()["status"], tried.json()["tried_again_at"]) == ("connected", None)
        control.change_account(account_id, is_restricted=is_held)
        assert publication_in(publishes(ada, image_ids=image_ids))["state"] == state
        assert ada.channel("instagram")["status"] == ("restricted" if is_held else "connected")
    control.change_account(account_id, token_subcode=463)
    ada.client.post(f"/channels/{channel['id']}/check")
    assert_problem(ada.client.post(f"/channels/{channel['id']}/try"), 409, "channel_not_connected")


def test_a_request_waits_for_the_outcome_and_not_for_the_link(ada: Person, control: PracticeControl) -> None:
    account_id = ada.channel("instagram")["external_id"]
    control.fault("http_500", edge="media_item", count=None, account_id=account_id)
    publication = publication_in(publishes(ada, image_ids=[ada.keeps_picture()["id"]]))
    assert (publication["state"], publication["permalink"]) == ("published", None)
    assert publication["external_id"]


def test_a_person_settles_over_the_api_what_no_look_can(ada: Person, control: PracticeControl) -> None:
    page_id = ada.channel("facebook")["external_id"]
    control.fault("drop_before", edge="feed", account_id=page_id)
    post_id = ada.writes("Only words", image_ids=[], platforms=("facebook",))
    ada.sends(post_id)
    publication = waits_for_publication(ada, post_id, "unconfirmed")
    assert publication["can_confirm"] and publication["held_until"] is None
    assert [(step["name"], step["state"]) for step in publication["steps"]] == [
        ("publish", "running"),
        ("link", "waiting"),
    ]
    path = f"/publications/{publication['id']}/confirm"
    for bad in ({"outcome": "maybe"}, {"outcome": "published", "surprise": 1}):
        assert ada.client.post(path, json=bad).status_code in (400, 422)
    assert publication["account_url"] == ada.channel("facebook")["account_url"]
    for link in ("javascript:alert(1)", "https://www.facebook.com/1", "https://evil.example.com/x"):
        settlement = {"outcome": "published", "permalink": link}
        problem = assert_problem(ada.client.post(path, json=settlement), 422, "permalink_not_usable")
        assert problem["detail"].startswith("Give the post's own address on the Practice Page. Only one")
    denial = {"outcome": "not_published"}
    assert publication["is_looked_up"]
    problem = assert_problem(ada.client.post(path, json=denial), 409, "still_looking")
    assert problem["detail"].startswith("The Practice Page is still looked at, as the post may appear there")
    # Looks end where the Page may not be seen.
    control.change_account(page_id, token_subcode=460)
    ada.client.post(path)
    poll(
        lambda: ada.post(post_id)["publications"][0]["is_looked_up"] is False or None,
        what="a person is asked",
    )
    control.change_account(page_id, token_subcode=None)
    settled = publication_in(ada.client.post(path, json=denial), 200)
    assert settled["state"] == "failed" and settled["error"]["code"] == "not_published"
    assert settled["history"][-1]["message"] == "Ada has looked: this did not go out."
    assert settled["steps"][0]["state"] == "failed" and not settled["can_confirm"]
    assert_problem(ada.client.post(path, json={"outcome": "published"}), 409, "publication_settled")
    again = ada.client.post(f"/publications/{publication['id']}/retry")
    assert again.status_code == 200, again.text
    published = waits_for_publication(ada, post_id, "published")
    assert {step["state"] for step in published["steps"][:1]} == {"done"}
    assert len(control.posts("Only words")) == 1


def test_an_account_that_is_asked_to_stay_away_is_told_as_an_incident(
    ada: Person, control: PracticeControl
) -> None:
    account_id = ada.channel("instagram")["external_id"]
    headers = {
        "X-Business-Use-Case-Usage": '{"1":[{"type":"instagram","estimated_time_to_regain_access":30}]}'
    }
    control.graph_error("media", 80002, method="POST", account_id=account_id, headers=headers)
    publication = publication_in(publishes(ada, image_ids=[ada.keeps_picture()["id"]]))
    assert publication["state"] == "publishing" and publication["held_until"] is not None
    assert codes(publication) == ["started", "platform_rate_limited"]
    listed = ada.client.get("/publications/incidents", params={"business_id": ada.business_id}).json()
    (incident,) = listed["incidents"]
    assert incident["channel_id"] == publication["channel_id"] and incident["platform"] == "instagram"
    assert incident["until"] == publication["held_until"]
    assert incident["detail"].endswith("Posts go out by themselves afterwards.")
    # The Page of the same business is another account.
    assert publication_in(publishes(ada, "facebook"))["state"] == "published"
