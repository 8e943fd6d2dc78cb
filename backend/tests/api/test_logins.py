"""Connecting through Meta's two logins, in the simulator's dialogs: out, back, and the choice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.api.conftest import SignsUp
from tests.api.edge_app import assert_problem
from tests.api.live import LONG_AGO, Live
from tests.api.meta import (
    FACEBOOK_PERMISSIONS,
    MetaPerson,
    attempt_of,
    begins,
    chooses,
    comes_back,
    dialog_of,
    logs_in,
    usable,
)
from tests.api.platforms import control_of, joins, publication_in, publishes, text_of
from tests.person import Person
from tests.practice_server import PracticeControl

AtMeta = Callable[..., MetaPerson]


@pytest.fixture
def control(live: Live) -> Iterator[PracticeControl]:
    with control_of(live) as found:
        yield found
        found.clear_faults()


@pytest.fixture
def at_meta(control: PracticeControl) -> Iterator[AtMeta]:
    people: list[MetaPerson] = []

    def make(**more: Any) -> MetaPerson:
        people.append(MetaPerson(control, **more))
        return people[-1]

    yield make
    for person in people:
        person.close()


@pytest.fixture
def ada(live: Live, signs_up: SignsUp) -> Person:
    return signs_up(live)


def test_pages_and_their_instagram_accounts_are_connected_by_facebook_login(
    live: Live, ada: Person, at_meta: AtMeta, control: PracticeControl
) -> None:
    pat = at_meta()
    address = dialog_of(begins(ada))
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert asked["redirect_uri"] == f"{live.url}/api/v1/channels/meta/callback".replace(
        "127.0.0.1", "localhost"
    )
    assert asked["response_type"] == "code" and "auth_type" not in asked
    assert set(asked["scope"].split(",")) == set(FACEBOOK_PERMISSIONS)
    said = pat.decides(address)
    assert pat.landed_at.endswith("#_=_") and said["state"] == asked["state"]
    attempt = attempt_of(ada, comes_back(ada, said)["login"])
    assert (attempt["login"], attempt["is_practice"], attempt["problem"]) == ("facebook", True, None)
    assert attempt["missing_permissions"] == [] and attempt["missing_in_words"] is None
    assert [(one["platform"], one["hindrance"] is None) for one in attempt["choices"]] == [
        ("facebook", True),
        ("instagram", True),
        ("facebook", True),
        ("instagram", True),
        ("facebook", False),
    ]
    assert "task Content" in attempt["choices"][-1]["hindrance"]
    assert_problem(chooses(ada, attempt, attempt["choices"][-1]), 422, "account_not_usable")
    foreign = {"platform": "facebook", "external_id": "1"}
    assert_problem(chooses(ada, attempt, foreign), 422, "account_not_offered")
    # Many at once, as agencies do.
    answer = chooses(ada, attempt, *usable(attempt))
    assert answer.status_code == 201, answer.text
    made = answer.json()["channels"]
    assert [channel["external_id"] for channel in made] == [one["external_id"] for one in usable(attempt)]
    for channel in made:
        assert (channel["status"], channel["login"], channel["problem"]) == ("connected", "facebook", None)
        # A Page's token has no end of its own; Meta's access to data has.
        assert channel["token_expires_at"] is None and channel["data_access_expires_at"] is not None
    # The tokens really publish, that of the Page also for its Instagram account.
    image_ids = [ada.keeps_picture()["id"]]
    for channel in made[:2]:
        sent = publishes(ada, channel["platform"], channel_id=channel["id"], image_ids=image_ids)
        assert publication_in(sent)["state"] == "published"
    # Choosing once more, and logging in once more, renews what is there.
    again = chooses(ada, attempt, usable(attempt)[0]).json()["channels"]
    assert again[0]["id"] == made[0]["id"]
    newer = logs_in(ada, pat)
    assert [one["channel_id"] for one in usable(newer)] == [channel["id"] for channel in made]
    assert live.count("logins", f"business_id = {ada.business_id}") == 1
    assert_nothing_shows_tokens(live, ada, control)


def assert_nothing_shows_tokens(live: Live, person: Person, control: PracticeControl) -> None:
    """No token, code or state of the simulator is in an answer, the log, or the product's own files."""
    import sqlite3

    with sqlite3.connect(live.product.data_dir / "practice.db") as practice:
        planted = [
            str(row[0])
            for question in ("SELECT token FROM login_grants", "SELECT code FROM login_codes")
            for row in practice.execute(question)
        ]
    assert len(planted) >= 4
    answers = [
        person.client.get(path, params={"business_id": person.business_id})
        for path in ("/channels", "/posts", "/images/list")
    ]
    shown = [text_of(answer).encode() for answer in answers]
    shown.append(live.product.process.log.read_bytes())
    for table in (
        "channels",
        "logins",
        "login_attempts",
        "publications",
        "publication_events",
        "idempotent_requests",
    ):
        columns = live.execute(f"SELECT name FROM pragma_table_info('{table}')") if _is_sqlite(live) else None
        row = (
            f"CAST({table} AS TEXT)"
            if columns is None
            else " || ".join(f"coalesce(CAST({name} AS TEXT), '')" for name in columns)
        )
        shown.append("\n".join(live.execute(f"SELECT {row} FROM {table}")).encode())
    for path in live.product.data_dir.rglob("*"):
        if path.is_file() and not path.name.startswith("practice.db"):
            shown.append(path.read_bytes())
    for token in planted:
        assert not any(token.encode() in text for text in shown)


def _is_sqlite(live: Live) -> bool:
    return (live.product.data_dir / "aigrowth.db").exists()


def test_a_professional_account_is_connected_by_instagram_login_and_a_personal_one_is_not(
    ada: Person, at_meta: AtMeta, control: PracticeControl
) -> None:
    pat = at_meta()
    # Twice: the simulator speaks both of the forms that Meta's answer has.
    for number in range(2):
        address = dialog_of(begins(ada, "instagram"))
        accounts = pat.sees(address)["account"]
        assert len(accounts) == 3
        said = pat.decides(address, accounts=[accounts[number]])
        assert pat.landed_at.endswith("#_")
        # Some browsers send the mark along.
        attempt = attempt_of(ada, comes_back(ada, {**said, "code": said["code"] + "#_"})["login"])
        (choice,) = usable(attempt)
        assert choice["external_id"] == accounts[number]
        (channel,) = chooses(ada, attempt, choice).json()["channels"]
        assert (channel["platform"], channel["login"]) == ("instagram", "instagram")
        assert channel["token_expires_at"] is not None
        image_ids = [ada.keeps_picture()["id"]]
        sent = publishes(ada, channel_id=channel["id"], image_ids=image_ids)
        assert publication_in(sent)["state"] == "published"
    attempt = logs_in(ada, pat, "instagram", accounts=[accounts[2]])
    (choice,) = attempt["choices"]
    assert "personal Instagram account" in choice["hindrance"]
    assert "professional" in choice["hindrance"]
    assert_problem(chooses(ada, attempt, choice), 422, "account_not_usable")


def test_what_was_not_allowed_is_named_and_asked_for_again(ada: Person, at_meta: AtMeta) -> None:
    pat = at_meta()
    attempt = logs_in(ada, pat, without=["pages_manage_posts"])
    assert attempt["missing_permissions"] == ["pages_manage_posts"]
    assert attempt["missing_in_words"] == "post on your Pages (pages_manage_posts)"
    page, account = attempt["choices"][:2]
    # What can be connected can be: the Instagram account needs none of it.
    assert (page["missing_permissions"], account["missing_permissions"]) == (["pages_manage_posts"], [])
    assert_problem(chooses(ada, attempt, page, account), 422, "permission_missing")
    assert {one["platform"] for one in usable(attempt)} == {"instagram"}
    address = dialog_of(begins(ada, again=True))
    assert parse_qs(urlsplit(address).query)["auth_type"] == ["rerequest"]
    attempt = attempt_of(ada, comes_back(ada, pat.decides(address))["login"])
    assert attempt["missing_permissions"] == [] and len(usable(attempt)) == 4
    # Without any Page, and without the right to see them, there is nothing to choose; that is said.
    decisions: tuple[dict[str, Any], ...] = ({"accounts": []}, {"without": ["pages_show_list"]})
    for decision in decisions:
        attempt = logs_in(ada, pat, **decision)
        assert attempt["problem"]["code"] == "no_accounts" and attempt["choices"] == []


def test_a_login_that_is_called_off_or_refused_changes_nothing(
    live: Live, ada: Person, at_meta: AtMeta, control: PracticeControl
) -> None:
    pat = at_meta()
    before = live.count("channels"), live.count("logins")
    attempt = logs_in(ada, pat, allow=False)
    assert attempt["problem"]["code"] == "login_cancelled" and attempt["choices"] == []
    assert_problem(
        chooses(ada, attempt, {"platform": "facebook", "external_id": "1"}), 422, "nothing_to_choose"
    )
    for said, code in (
        ({"error": "server_error"}, "login_refused"),
        ({"code": "made-up"}, "login_refused"),
        ({}, "login_refused"),
    ):
        state = parse_qs(urlsplit(dialog_of(begins(ada))).query)["state"][0]
        attempt = attempt_of(ada, comes_back(ada, {"state": state, **said})["login"])
        assert attempt["problem"]["code"] == code and "Begin again" in attempt["problem"]["detail"]
    for edge in ("oauth.access_token", "debug_token", "me.permissions", "me.accounts"):
        control.fault("http_500", edge=edge)
        attempt = logs_in(ada, pat)
        assert attempt["problem"]["code"] == "platform_unavailable", edge
        assert "Begin again in a moment" in attempt["problem"]["detail"]
    assert (live.count("channels"), live.count("logins")) == before


def test_a_state_counts_once_for_one_session_and_for_a_quarter_of_an_hour(
    live: Live, ada: Person, signs_up: SignsUp, at_meta: AtMeta
) -> None:
    pat, eve = at_meta(), signs_up(live, name="Eve")
    refused = {"login_problem": "state_invalid"}
    said = pat.decides(dialog_of(begins(ada)))
    # Somebody else's browser brings it, in vain, and it still counts for the one that it belongs to.
    assert comes_back(eve, said) == refused
    attempt_id = comes_back(ada, said)["login"]
    assert comes_back(ada, said) == refused
    assert comes_back(ada, {**said, "state": "st_made-up"}) == refused
    assert comes_back(ada, {"code": said["code"]}) == refused
    # Whatever it is that a browser brings, it gets to a page.
    for state in ("x" * 4001, "st\x00", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")):
        assert comes_back(ada, {**said, "state": state}) == refused
    # Another session of the same person is another browser.
    elsewhere = ada.client.headers.pop("Authorization")
    assert comes_back(ada, said) == {"login_problem": "not_signed_in"}
    ada.client.headers["Authorization"] = elsewhere
    assert_problem(eve.client.get(f"/channels/meta/attempts/{attempt_id}"), 404, "attempt_not_found")
    late = pat.decides(dialog_of(begins(ada)))
    theirs = f"business_id = {ada.business_id}"
    live.execute(f"UPDATE login_attempts SET expires_at = {LONG_AGO} WHERE {theirs} RETURNING id")
    assert comes_back(ada, late) == refused
    assert_problem(ada.client.get(f"/channels/meta/attempts/{attempt_id}"), 404, "attempt_not_found")
    # The state itself is nowhere.
    assert late["state"] not in "".join(live.execute("SELECT state_hash FROM login_attempts"))


def test_an_agency_with_many_pages_sees_all_of_them(ada: Person, at_meta: AtMeta) -> None:
    attempt = logs_in(ada, at_meta(pages=130))
    assert len(usable(attempt, "facebook")) == len(usable(attempt, "instagram")) == 130
    answer = chooses(ada, attempt, *usable(attempt)[100:140])
    assert len(answer.json()["channels"]) == 40


def test_only_admins_log_in_and_only_while_they_are_admins(
    live: Live, ada: Person, signs_up: SignsUp, at_meta: AtMeta
) -> None:
    editor, pat = signs_up(live, name="Edith"), at_meta()
    attempt = logs_in(editor, pat)
    joins(ada, editor, "editor")
    assert_problem(begins(editor), 403, "role_too_low")
    own = chooses(editor, attempt, usable(attempt)[0])
    assert own.status_code == 201
    # A login can be meant for a channel of the business itself, and says so when it comes back.
    channel_id = ada.channel("instagram")["id"]
    elsewhere = signs_up(live, name="Ben").channel("instagram")["id"]
    assert_problem(begins(ada, channel_id=elsewhere), 404, "channel_not_found")
    back = comes_back(ada, pat.decides(dialog_of(begins(ada, channel_id=channel_id))))
    assert back["channel"] == str(channel_id)
    assert attempt_of(ada, back["login"])["person"] == "Pat Practice"
    assert_problem(
        ada.client.get("/channels/meta/authorize", params={"business_id": 999_999}), 404, "business_not_found"
    )
