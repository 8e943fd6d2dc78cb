"""Somebody at Meta: a browser that goes through the dialogs of the simulators as a person would."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.person import NO_TLS, Person
from tests.practice_server import PracticeControl

FACEBOOK_PERMISSIONS = (
    "pages_show_list",
    "pages_read_engagement",
    "pages_manage_posts",
    "instagram_basic",
    "instagram_content_publish",
)


class MetaPerson:
    """A browser with an account at practice Meta."""

    def __init__(
        self, control: PracticeControl, *, pages: int | None = None, owned: int = 0, clients: int = 0
    ) -> None:
        made = control.ask("POST", "people", {"pages": pages, "owned": owned, "clients": clients})
        self.id = str(made["id"])
        self._control = control
        self._browser = httpx.Client(trust_env=False, verify=NO_TLS, timeout=30, follow_redirects=False)
        self._cookie = {"Cookie": f"practice_person={made['cookie']}"}

    def close(self) -> None:
        self._browser.close()

    def changes(self, **changes: Any) -> None:
        """`subcode=460` ends every token of theirs, `declined` takes permissions away, and with `older_by`
        everything is so many seconds longer ago."""
        self._control.ask("PATCH", f"people/{self.id}", changes)

    def sees(self, address: str) -> dict[str, list[str]]:
        """What the dialog at this address shows: names of boxes, and their values."""
        page = self._browser.get(address, headers=self._cookie)
        assert page.status_code == 200, page.text
        boxes: dict[str, list[str]] = {}
        for name, value in re.findall(r'name="(\w+)" value="([^"]+)"', page.text):
            boxes.setdefault(name, []).append(unescape(value))
        return boxes

    def decides(
        self,
        address: str,
        *,
        allow: bool = True,
        without: Sequence[str] = (),
        accounts: Sequence[str] | None = None,
    ) -> dict[str, str]:
        """Press Continue or Cancel; gives what the browser is then sent back with. `accounts` None: all."""
        boxes = self.sees(address)
        sent = {
            "permission": [name for name in boxes.get("permission", []) if name not in without],
            "account": list(boxes.get("account", []) if accounts is None else accounts),
            "action": "allow" if allow else "cancel",
        }
        answer = self._browser.post(address, headers=self._cookie, data=sent)
        assert answer.status_code == 303, answer.text
        address = answer.headers["location"]
        self.landed_at = address
        return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def begins(person: Person, login: str = "facebook", **more: Any) -> httpx.Response:
    """Ask where to log in."""
    return person.client.get(
        "/channels/meta/authorize", params={"business_id": person.business_id, "login": login, **more}
    )


def dialog_of(answer: httpx.Response) -> str:
    """The address of the dialog in an answer."""
    assert answer.status_code == 200, answer.text
    return str(answer.json()["authorize_url"])


def comes_back(person: Person, said: dict[str, str]) -> dict[str, str]:
    """The browser comes back; gives what the settings page is told."""
    answer = person.client.get("/channels/meta/callback", params=said, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    target = urlsplit(answer.headers["location"])
    assert (target.netloc, target.path, target.fragment) == ("", "/dashboard/settings", "channels")
    return {name: values[0] for name, values in parse_qs(target.query).items()}


def attempt_of(person: Person, attempt_id: str | int) -> dict[str, Any]:
    """What a login brought."""
    answer = person.client.get(f"/channels/meta/attempts/{attempt_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def logs_in(person: Person, meta: MetaPerson, login: str = "facebook", **decision: Any) -> dict[str, Any]:
    """All the way there and back; gives the attempt."""
    said = meta.decides(dialog_of(begins(person, login)), **decision)
    return attempt_of(person, comes_back(person, said)["login"])


def chooses(person: Person, attempt: dict[str, Any], *choices: dict[str, Any]) -> httpx.Response:
    """Connect these of an attempt's choices."""
    accounts = [{"platform": one["platform"], "external_id": one["external_id"]} for one in choices]
    return person.client.post(f"/channels/meta/attempts/{attempt['id']}", json={"accounts": accounts})


def usable(attempt: dict[str, Any], platform: str | None = None) -> list[dict[str, Any]]:
    """What of an attempt can be connected."""
    return [
        one
        for one in attempt["choices"]
        if not one["hindrance"] and not one["missing_permissions"] and platform in (None, one["platform"])
    ]
