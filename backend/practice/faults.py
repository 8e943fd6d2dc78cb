"""Faults that can be switched on, and calls that are held at an exact point.

A fault matches calls by edge, method and account, skips the first `nth - 1` of them, and then acts
`count` times or for ever. What is switched on survives a restart; what is held does not, because a held
call is a live connection.

    before the call's work          in place of the answer
    ----------------------          ----------------------
    slow         waits              error        a status and an envelope
    hold_before  waits for control  http_500     a page of the load balancer
    drop_before  cuts the line      garbage      200 with HTML
                                    truncated    half an answer
                                    drop_after   the work is done, the answer is lost
                                    hold_after   the work is done, the answer waits for control

Options: `executed` says whether the work is done before `error`, `http_500`, `garbage` (by default it is)
or `truncated` (it is) answers. `status`, `error` or `body`, and `headers` make the answer of `error`. `ms`
belongs to `slow`, `on_gone` (`wait`, `execute`, `discard`) to the holds. Some kinds act elsewhere: the
container of this call stays IN_PROGRESS (`never_finished`), is EXPIRED (`expired`) or an ERROR (`failed`, its
`code`, by default 2207032, is the reason) at once; `publish_not_ready` refuses a publish.

Edges: `account`, `media`, `media_publish`, `content_publishing_limit`, `container`, `media_item`, `photos`,
`feed`, `published_posts`, `scheduled_posts`, `post`, `photo`, `media_item.comments`, `post.comments`,
`debug_token`, `permissions`;
`oauth.access_token`, `access_token`, `refresh_access_token`, `me`, `me.permissions`, `me.accounts` of logins;
`images.generations`, `images.edits`, `moderations` of OpenAI; `stability.core`, `stability.ultra`,
`stability.sd3`; `replicate.create`, `replicate.get`, `replicate.cancel`, `replicate.file`;
`automatic1111.txt2img`, `automatic1111.img2img`, `automatic1111.interrupt`; `comfyui.prompt`,
`comfyui.history`, `comfyui.view`, `comfyui.queue`, `comfyui.interrupt`; `cloudinary.upload`,
`cloudinary.destroy`, `cloudinary.delivery`. `media` and `feed` are listed with GET and added to with POST.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from practice.answers import PRACTICE_HEADERS, CutBody, CutConnection, JsonAnswer, wait_for_disconnect

ANSWERS = frozenset(
    {"error", "http_500", "drop_before", "drop_after", "garbage", "truncated", "publish_not_ready"}
)
HOLDS = frozenset({"hold_before", "hold_after"})
FATES = frozenset({"never_finished", "expired", "failed"})
KINDS = ANSWERS | HOLDS | FATES | {"slow"}

_DEFAULT_EDGES: Mapping[str, str] = {"publish_not_ready": "media_publish", **dict.fromkeys(FATES, "media")}
_DEFAULT_METHODS: Mapping[str, str] = {"publish_not_ready": "POST", **dict.fromkeys(FATES, "POST")}
_SORTS: Mapping[str, frozenset[str]] = {"answer": ANSWERS, "hold": HOLDS, "fate": FATES}
_NOT_READY = {
    "error": {
        "message": "Media ID is not available",
        "type": "OAuthException",
        "code": 9007,
        "error_subcode": 2207027,
        "is_transient": False,
        "error_user_title": "No se puede publicar",
        "error_user_msg": "El contenido no está listo para publicarse. Espera un momento.",
        "fbtrace_id": "APracticeFault",
    }
}
_SERVICE_DOWN = {
    "message": "An unexpected error has occurred. Please retry your request later.",
    "type": "OAuthException",
    "is_transient": True,
    "code": 2,
    "fbtrace_id": "APracticeFault",
}
_SERVER_PAGE = "<!doctype html><title>Error</title><h1>Sorry, something went wrong.</h1>"
_GARBAGE_PAGE = "<!doctype html><title>Log in</title><h1>Please log in to continue</h1>"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault as it applies to one call."""

    id: int
    kind: str
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes wrong with one call: at most one of each sort."""

    slow: Fault | None = None
    hold: Fault | None = None
    answer: Fault | None = None
    fate: Fault | None = None

    @property
    def kinds(self) -> list[str]:
        """The names of the faults, for the log of calls."""
        return [f.kind for f in (self.slow, self.hold, self.answer, self.fate) if f is not None]


def add_fault(db: sqlite3.Connection, wanted: Mapping[str, Any]) -> int:
    """Switch a fault on; `ValueError` names what is wrong with it."""
    kind = wanted.get("kind")
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(sorted(KINDS))}")
    known = {"kind", "edge", "method", "account_id", "nth", "count"}
    nth, count = wanted.get("nth", 1), wanted.get("count", 1)
    if not isinstance(nth, int) or nth < 1:
        raise ValueError("nth must be a whole number from 1")
    if count is not None and (not isinstance(count, int) or count < 1):
        raise ValueError("count must be a whole number from 1, or null for ever")
    method = wanted.get("method") or _DEFAULT_METHODS.get(str(kind))
    cursor = db.execute(
        "INSERT INTO faults (kind, edge, method, account_id, skip, remaining, options) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            kind,
            wanted.get("edge") or _DEFAULT_EDGES.get(str(kind)),
            method.upper() if method else None,
            wanted.get("account_id"),
            nth - 1,
            count,
            json.dumps({k: v for k, v in wanted.items() if k not in known}),
        ),
    )
    return int(cursor.lastrowid or 0)


def list_faults(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """Every fault that can still act."""
    return [
        {
            "id": row["id"],
            "kind": row["kind"],
            "edge": row["edge"],
            "method": row["method"],
            "account_id": row["account_id"],
            "skip": row["skip"],
            "remaining": row["remaining"],
            **json.loads(row["options"]),
        }
        for row in db.execute("SELECT * FROM faults WHERE remaining IS NULL OR remaining > 0 ORDER BY id")
    ]


def draw_plan(db: sqlite3.Connection, *, edge: str, method: str, account_id: str | None) -> Plan:
    """Decide what goes wrong with this call, and use the faults up accordingly."""
    chosen: dict[str, Fault] = {}
    for row in db.execute(
        "SELECT * FROM faults WHERE (remaining IS NULL OR remaining > 0) AND (edge IS NULL OR edge = ?) "
        "AND (method IS NULL OR method = ?) AND (account_id IS NULL OR account_id = ?) ORDER BY id",
        (edge, method, account_id),
    ).fetchall():
        sort = next((sort for sort, kinds in _SORTS.items() if row["kind"] in kinds), row["kind"])
        if row["skip"] > 0:
            db.execute("UPDATE faults SET skip = skip - 1 WHERE id = ?", (row["id"],))
        elif sort not in chosen:
            chosen[sort] = Fault(row["id"], row["kind"], json.loads(row["options"]))
            db.execute(
                "UPDATE faults SET remaining = remaining - 1 WHERE id = ? AND remaining IS NOT NULL",
                (row["id"],),
            )
    return Plan(
        slow=chosen.get("slow"),
        hold=chosen.get("hold"),
        answer=chosen.get("answer"),
        fate=chosen.get("fate"),
    )


@dataclass(slots=True)
class Hold:
    """One call that waits for control."""

    id: int
    kind: str
    edge: str
    method: str
    account_id: str | None
    params: Mapping[str, Any]
    release: asyncio.Future[bool]
    is_client_gone: bool = False

    def described(self) -> dict[str, Any]:
        """What tests may see of it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "edge": self.edge,
            "method": self.method,
            "account_id": self.account_id,
            "params": dict(self.params),
            "is_client_gone": self.is_client_gone,
        }


@dataclass(slots=True)
class Holds:
    """The calls that are held now."""

    waiting: dict[int, Hold] = field(default_factory=dict)
    last_id: int = 0

    async def wait(
        self,
        fault: Fault,
        request: Request,
        *,
        edge: str,
        account_id: str | None,
        params: Mapping[str, Any],
    ) -> bool:
        """Wait until control lets the call go on; false when it is to be given up.

        A client that goes away does not end the wait, unless the fault says `on_gone`: `execute` goes on
        at once, `discard` gives the call up.
        """
        self.last_id += 1
        hold = Hold(
            id=self.last_id,
            kind=fault.kind,
            edge=edge,
            method=request.method,
            account_id=account_id,
            params=params,
            release=asyncio.get_running_loop().create_future(),
        )
        self.waiting[hold.id] = hold
        watcher = asyncio.create_task(self._watch(hold, request, str(fault.options.get("on_gone", "wait"))))
        try:
            return await hold.release
        finally:
            watcher.cancel()
            self.waiting.pop(hold.id, None)

    async def _watch(self, hold: Hold, request: Request, on_gone: str) -> None:
        await wait_for_disconnect(request.receive)
        hold.is_client_gone = True
        if on_gone in ("execute", "discard") and not hold.release.done():
            hold.release.set_result(on_gone == "execute")

    def release(self, hold_id: int | None, *, execute: bool) -> int:
        """Let one held call go on, or all of them. Returns how many."""
        chosen = [h for h in self.waiting.values() if hold_id is None or h.id == hold_id]
        for hold in chosen:
            if not hold.release.done():
                hold.release.set_result(execute)
        return len(chosen)


async def conduct(
    plan: Plan,
    request: Request,
    holds: Holds,
    work: Callable[[], Awaitable[Response]],
    *,
    edge: str,
    account_id: str | None,
    params: Mapping[str, Any],
) -> Response:
    """Run one call the way its plan says. `work` does the call and gives the honest answer."""
    if plan.slow is not None:
        await asyncio.sleep(min(float(plan.slow.options.get("ms", 1000)), 120_000) / 1000)
    if plan.hold is not None and plan.hold.kind == "hold_before":
        goes_on = await holds.wait(plan.hold, request, edge=edge, account_id=account_id, params=params)
        if not goes_on:
            return CutConnection()
    fault = plan.answer
    if fault is None or fault.kind == "drop_after":
        answer = await work()
    elif fault.kind == "truncated":
        answer = CutBody(
            await work() if fault.options.get("executed", True) else JsonAnswer({"id": "1788945556005"})
        )
    else:
        if fault.options.get("executed", fault.kind == "garbage"):
            await work()
        answer = _stand_in(fault)
    if plan.hold is not None and plan.hold.kind == "hold_after":
        await holds.wait(plan.hold, request, edge=edge, account_id=account_id, params=params)
    return CutConnection() if fault is not None and fault.kind == "drop_after" else answer


def _stand_in(fault: Fault) -> Response:
    options = fault.options
    headers = {str(k): str(v) for k, v in dict(options.get("headers") or {}).items()}
    if fault.kind == "drop_before":
        return CutConnection()
    if fault.kind == "publish_not_ready":
        return JsonAnswer(_NOT_READY, 400, headers)
    if fault.kind == "garbage":
        return HTMLResponse(_GARBAGE_PAGE, 200, {**PRACTICE_HEADERS, **headers})
    if fault.kind == "http_500":
        return HTMLResponse(_SERVER_PAGE, int(options.get("status", 500)), {**PRACTICE_HEADERS, **headers})
    error = options.get("error")
    body = options.get("body") or {"error": error or _SERVICE_DOWN}
    return JsonAnswer(body, int(options.get("status", 400 if error else 500)), headers)
