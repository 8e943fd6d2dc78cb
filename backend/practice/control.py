"""`/control/…`: how the product and the tests steer the simulators.

Guarded by the header `X-Practice-Key`; without the right one nothing is there.
"""

from __future__ import annotations

import hmac
import json
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from practice.accounts import Account, ensure_pair, find_account
from practice.answers import JsonAnswer
from practice.billing import list_bills
from practice.calls import list_calls
from practice.faults import Holds, add_fault, list_faults
from practice.graph import instagram, page
from practice.graph.comments import comments_of
from practice.graph.context import Context, iso_time
from practice.graph.media import slide_containers
from practice.graph.pictures import picture_path
from practice.login.arrivals import announce, make_stranger
from practice.login.people import Person, add_person, age_grants, end_grants, take_permissions
from practice.store import put_setting

Json = dict[str, Any]


class ControlError(Exception):
    """A control request that cannot be followed."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class ControlApi:
    """The routes below `/control`."""

    def __init__(self, context: Context, holds: Holds, control_key: Callable[[], str]) -> None:
        self._context = context
        self._holds = holds
        self._control_key = control_key

    def routes(self) -> list[Route]:
        """Every route, guarded."""
        table: list[tuple[str, str, Callable[[Request], Awaitable[Json]]]] = [
            ("POST", "/control/accounts", self._add_accounts),
            ("PATCH", "/control/accounts/{account_id}", self._change_account),
            ("POST", "/control/people", self._add_person),
            ("POST", "/control/logins", self._announce),
            ("PATCH", "/control/people/{person_id}", self._change_person),
            ("GET", "/control/faults", self._list_faults),
            ("POST", "/control/faults", self._add_fault),
            ("DELETE", "/control/faults", self._clear_faults),
            ("DELETE", "/control/faults/{fault_id}", self._remove_fault),
            ("GET", "/control/holds", self._list_holds),
            ("POST", "/control/holds/release", self._release),
            ("POST", "/control/holds/{hold_id}/release", self._release),
            ("PATCH", "/control/settings", self._change_settings),
            ("POST", "/control/clock", self._move_clock),
            ("GET", "/control/state", self._state),
        ]
        return [Route(path, self._guarded(run), methods=[method]) for method, path, run in table]

    def _guarded(self, run: Callable[[Request], Awaitable[Json]]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            offered = request.headers.get("x-practice-key", "").encode()
            key = self._control_key().encode()
            if not key or not hmac.compare_digest(offered, key):
                return JsonAnswer({"detail": "Not Found"}, 404)
            try:
                return JsonAnswer(await run(request))
            except ControlError as error:
                return JsonAnswer({"detail": error.message}, error.status)

        return endpoint

    async def _add_accounts(self, request: Request) -> Json:
        sent = await _body(request)
        name = sent.get("name")
        if not isinstance(name, str) or not name.strip():
            raise ControlError(422, "name must be a text")
        pair = await self._context.store.run(
            lambda db: ensure_pair(
                db,
                self._context.store,
                name=name.strip(),
                handle=sent.get("handle"),
                reference=None if sent.get("reference") is None else str(sent["reference"]),
                language=str(sent.get("language", "es")),
            )
        )
        return {
            "instagram": {
                "id": pair.instagram.id,
                "username": pair.instagram.username,
                "access_token": pair.instagram.access_token,
            },
            "page": {
                "id": pair.page.id,
                "name": pair.page.name,
                "access_token": pair.page.access_token,
            },
        }

    async def _change_account(self, request: Request) -> Json:
        sent, account_id = await _body(request), request.path_params["account_id"]

        def change(db: sqlite3.Connection) -> Account | None:
            if "token_subcode" in sent:
                db.execute(
                    "UPDATE accounts SET token_subcode = ? WHERE id = ?", (sent["token_subcode"], account_id)
                )
            if "is_restricted" in sent:
                db.execute(
                    "UPDATE accounts SET is_restricted = ? WHERE id = ?",
                    (bool(sent["is_restricted"]), account_id),
                )
            if "language" in sent:
                db.execute(
                    "UPDATE accounts SET language = ? WHERE id = ?", (str(sent["language"]), account_id)
                )
            return find_account(db, account_id)

        account = await self._context.store.run(change)
        if account is None:
            raise ControlError(404, "no such account")
        return _account_json(account)

    async def _add_person(self, request: Request) -> Json:
        """Somebody with so many Pages, and so many more that portfolios own or look after for clients; and
        the cookie of their browser."""
        sent = await _body(request)
        counts = {name: sent[name] for name in ("pages", "owned", "clients") if sent.get(name) is not None}
        if not all(isinstance(count, int) and 0 <= count <= 1000 for count in counts.values()):
            raise ControlError(422, "pages, owned and clients must be whole numbers up to 1000")

        def add(db: sqlite3.Connection) -> Person:
            person = add_person(db, self._context.store, **counts)
            make_stranger(db, person)
            return person

        person = await self._context.store.run(add)
        return {"id": person.id, "cookie": person.cookie}

    async def _announce(self, request: Request) -> Json:
        """Who will come to a login with `state`: somebody from the business behind `reference`."""
        sent = await _body(request)
        state, reference = sent.get("state"), sent.get("reference")
        if not (isinstance(state, str) and state and isinstance(reference, str) and reference):
            raise ControlError(422, "state and reference must be texts")
        store = self._context.store
        await store.run(lambda db: announce(db, store, state=state, reference=reference))
        return {"is_expected": True}

    async def _change_person(self, request: Request) -> Json:
        """`subcode` ends every token of theirs (null heals them), `declined` takes permissions away, and with
        `older_by` everything is so many seconds longer ago."""
        sent, person_id = await _body(request), request.path_params["person_id"]
        older_by = sent.get("older_by", 0)
        if not isinstance(older_by, int | float):
            raise ControlError(422, "older_by must be a number")

        def change(db: sqlite3.Connection) -> None:
            if "subcode" in sent:
                end_grants(db, person_id, sent["subcode"])
            take_permissions(db, person_id, sent.get("declined") or ())
            age_grants(db, person_id, float(older_by))

        await self._context.store.run(change)
        return sent

    async def _list_faults(self, request: Request) -> Json:
        return {"faults": await self._context.store.run(list_faults)}

    async def _add_fault(self, request: Request) -> Json:
        sent = await _body(request)
        try:
            return {"id": await self._context.store.run(lambda db: add_fault(db, sent))}
        except ValueError as error:
            raise ControlError(422, str(error)) from error

    async def _clear_faults(self, request: Request) -> Json:
        count = await self._context.store.run(lambda db: db.execute("DELETE FROM faults").rowcount)
        return {"removed": count}

    async def _remove_fault(self, request: Request) -> Json:
        fault_id = _number(request, "fault_id")
        count = await self._context.store.run(
            lambda db: db.execute("DELETE FROM faults WHERE id = ?", (fault_id,)).rowcount
        )
        return {"removed": count}

    async def _list_holds(self, request: Request) -> Json:
        return {"holds": [hold.described() for hold in self._holds.waiting.values()]}

    async def _release(self, request: Request) -> Json:
        sent = await _body(request)
        hold_id = _number(request, "hold_id") if "hold_id" in request.path_params else None
        count = self._holds.release(hold_id, execute=bool(sent.get("execute", True)))
        if hold_id is not None and not count:
            raise ControlError(404, "nothing is held under this id")
        return {"released": count}

    async def _change_settings(self, request: Request) -> Json:
        sent = await _body(request)
        if any(not isinstance(v, int) or v < 0 for v in sent.values()) or "clock_offset" in sent:
            raise ControlError(422, "settings are whole numbers from 0")

        def change(db: sqlite3.Connection) -> None:
            for name, value in sent.items():
                put_setting(db, name, value)

        try:
            await self._context.store.run(change)
        except KeyError as error:
            raise ControlError(422, f"no setting is called {error}") from error
        return sent

    async def _move_clock(self, request: Request) -> Json:
        seconds = (await _body(request)).get("advance_seconds")
        if not isinstance(seconds, (int, float)):
            raise ControlError(422, "advance_seconds must be a number")
        store = self._context.store
        await store.run(lambda db: store.move_clock(db, float(seconds)))
        return {"now": iso_time(store.now())}

    async def _state(self, request: Request) -> Json:
        state = await self._context.store.run(self._read_state)
        state["holds"] = [hold.described() for hold in self._holds.waiting.values()]
        return state

    def _read_state(self, db: sqlite3.Connection) -> Json:
        context, now = self._context, self._context.store.now()
        accounts = {row["id"]: row["username"] for row in db.execute("SELECT id, username FROM accounts")}
        containers = [
            {
                "id": row["id"],
                "account_id": row["account_id"],
                "media_type": row["media_type"],
                "caption": row["caption"],
                "status_code": instagram.state_of(row, now),
            }
            for row in db.execute("SELECT * FROM containers ORDER BY rowid")
        ]
        media = [
            {
                "id": row["id"],
                "account_id": row["account_id"],
                "username": accounts[row["account_id"]],
                "container_id": row["container_id"],
                "media_type": row["media_type"],
                "caption": row["caption"],
                "is_ai_generated": bool(row["is_ai_generated"]),
                "permalink": context.link(f"/instagram/p/{row['shortcode']}/"),
                "user_tags": [
                    [
                        {"username": tag["username"], "x": tag["x"], "y": tag["y"]}
                        for tag in instagram.tags_of(db, slide)
                    ]
                    for slide in slide_containers(db, row)
                ],
                "comments": [found["text"] for found in comments_of(db, row["id"])],
                "timestamp": iso_time(row["created_at"]),
                "pictures": _pictures(
                    context,
                    db.execute(
                        "SELECT p.id, p.mime_type, p.width, p.height, p.size, p.sha256, m.alt_text "
                        "FROM media_pictures m JOIN pictures p ON p.id = m.picture_id "
                        "WHERE m.media_id = ? ORDER BY m.position",
                        (row["id"],),
                    ).fetchall(),
                ),
            }
            for row in db.execute("SELECT * FROM media ORDER BY rowid")
        ]
        posts = [
            {
                "id": row["id"],
                "page_id": row["page_id"],
                "message": row["message"],
                "link": row["link"],
                "permalink_url": context.link(page.post_path(row)),
                "is_published": row["publish_at"] is not None and row["publish_at"] <= now,
                "comments": [found["text"] for found in comments_of(db, row["id"])],
                "pictures": _pictures(
                    context,
                    db.execute(
                        "SELECT p.id, p.mime_type, p.width, p.height, p.size, p.sha256, f.alt_text "
                        "FROM photos f JOIN pictures p ON p.id = f.picture_id "
                        "WHERE f.post_id = ? ORDER BY f.position, f.rowid",
                        (row["id"],),
                    ).fetchall(),
                ),
            }
            for row in db.execute("SELECT * FROM posts ORDER BY rowid")
        ]
        loose = page.loose_photos(db)
        return {
            "accounts": [
                _account_json(account)
                for account in (find_account(db, account_id) for account_id in accounts)
                if account is not None
            ],
            "containers": containers,
            "media": media,
            "posts": posts,
            "loose_photos": [row["id"] for row in loose],
            "loose_photos_by_page": {
                page_id: [row["id"] for row in loose if row["page_id"] == page_id]
                for page_id in dict.fromkeys(row["page_id"] for row in loose)
            },
            "calls": list_calls(db),
            "bills": list_bills(db),
        }


def _account_json(account: Account) -> Json:
    return {
        "id": account.id,
        "kind": account.kind,
        "pair_id": account.pair_id,
        "name": account.name,
        "username": account.username,
        "language": account.language,
        "token_subcode": account.token_subcode,
        "is_restricted": account.is_restricted,
    }


def _pictures(context: Context, rows: list[sqlite3.Row]) -> list[Json]:
    return [
        {
            "url": context.link(picture_path(row["id"], row["mime_type"])),
            "width": row["width"],
            "height": row["height"],
            "size": row["size"],
            "sha256": row["sha256"],
            "alt_text": row["alt_text"],
        }
        for row in rows
    ]


def _number(request: Request, name: str) -> int:
    """A number in the address, read only after the key was checked."""
    given: str = request.path_params[name]
    if not given.isascii() or not given.isdigit() or len(given) > 18:
        raise ControlError(404, "there is nothing under this id")
    return int(given)


async def _body(request: Request) -> Json:
    body = await request.body()
    if not body:
        return {}
    try:
        sent = json.loads(body)
    except ValueError as error:
        raise ControlError(400, "the body must be JSON") from error
    if not isinstance(sent, dict):
        raise ControlError(400, "the body must be an object")
    return sent
