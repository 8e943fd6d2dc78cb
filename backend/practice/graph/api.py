"""The front door of the Graph simulator: whose token, which object, which edge, what goes wrong."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from practice.accounts import Account, account_of, find_account, find_by_token
from practice.answers import JsonAnswer
from practice.calls import begin_call, end_call, shown
from practice.faults import Holds, Plan, conduct, draw_plan
from practice.graph import comments, errors, instagram, media, page
from practice.graph.call import NEWEST, GraphCall, read_call
from practice.graph.context import DAY, Context, Json, json_text
from practice.graph.errors import GraphError
from practice.login.people import find_grant
from practice.login.tokens import TokenApi

_HOUR = 3_600.0
_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Target:
    """What a call is about. `edge` is the name that faults and the log of calls use."""

    edge: str
    caller: Account | None
    account: Account | None
    row: sqlite3.Row | None = None

    @property
    def account_id(self) -> str | None:
        """The account that the call is about, when there is one."""
        return self.account.id if self.account else None


_NODES = (
    ("container", "SELECT *, account_id AS owner_id FROM containers WHERE id = ?"),
    ("media_item", "SELECT *, account_id AS owner_id FROM media WHERE id = ?"),
    ("post", "SELECT *, page_id AS owner_id FROM posts WHERE id = ?"),
    ("photo", "SELECT *, page_id AS owner_id FROM photos WHERE id = ?"),
)


class GraphApi:
    """Answers every path below `/graph/`."""

    def __init__(self, context: Context, holds: Holds, tokens: TokenApi) -> None:
        self._context = context
        self._holds = holds
        self._tokens = tokens
        self._running: set[asyncio.Task[Response]] = set()

    async def __call__(self, request: Request) -> Response:
        """One call from the first byte to the answer, whatever happens to the client meanwhile."""
        try:
            call = await read_call(request)
        except GraphError as error:
            return _refused(error, _LANGUAGE)
        # A real server goes on when its client goes away; so does this one.
        task = asyncio.create_task(self._serve(request, call))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def _serve(self, request: Request, call: GraphCall) -> Response:
        store = self._context.store
        login = await store.run(lambda db: self._tokens.edge_of(db, call))
        target = await store.run(lambda db: _target(db, call))
        if login is not None:
            target = Target(login, target.caller, target.caller)
        elif target.caller is None:
            return await self._turned_away(call, target)

        def begin(db: sqlite3.Connection) -> tuple[Plan, int]:
            plan = draw_plan(db, edge=target.edge, method=call.method, account_id=target.account_id)
            call_id = begin_call(
                db,
                at=store.now(),
                method=call.method,
                path=request.url.path,
                edge=target.edge,
                account_id=target.account_id,
                params=call.params,
                faults=plan.kinds,
            )
            return plan, call_id

        plan, call_id = await store.run(begin)

        async def work() -> Response:
            language = target.caller.language if target.caller else _LANGUAGE
            problem: str | None = None
            try:
                answer: Response = JsonAnswer(await self._answer(call, target, plan, login))
            except GraphError as error:
                problem = str(error)
                answer = _refused(error, language)
            status = answer.status_code
            await store.run(lambda db: end_call(db, call_id, status=status, error=problem))
            answer.headers.update(await self._usage(target))
            answer.headers["facebook-api-version"] = call.version
            return answer

        return await conduct(
            plan,
            request,
            self._holds,
            work,
            edge=target.edge,
            account_id=target.account_id,
            params=shown(call.params),
        )

    async def _answer(self, call: GraphCall, target: Target, plan: Plan, login: str | None) -> Json:
        store = self._context.store
        if login is not None:
            return await store.run(lambda db: self._tokens.answer(db, call, login))
        # Looked up again: a held call may find things changed.
        current = await store.run(lambda db: _target(db, call))
        _check_token(call, current)
        await store.run(lambda db: self._tokens.check_proof(db, call))
        await store.run(lambda db: _check_permission(db, call, current))
        return await self._execute(call, current, plan)

    async def _turned_away(self, call: GraphCall, target: Target) -> Response:
        """The answer to a stranger. It is not written down: strangers would push out what the log is for."""
        try:
            _check_token(call, target)
            return JsonAnswer(await self._context.store.run(lambda db: _debug_token(db, call)))
        except GraphError as error:
            return _refused(error, _LANGUAGE)

    async def _usage(self, target: Target) -> dict[str, str]:
        now = self._context.store.now()
        count = await self._context.store.run(
            lambda db: db.execute("SELECT count(*) FROM calls WHERE at > ?", (now - _HOUR,)).fetchone()[0]
        )
        percent = min(int(count) // 50, 70)
        usage = {"call_count": percent, "total_time": percent // 2, "total_cputime": percent // 3}
        headers = {"X-App-Usage": json_text(usage)}
        if target.account is not None:
            kind = "pages" if target.account.kind == "page" else "instagram"
            business = {"type": kind, **usage, "estimated_time_to_regain_access": 0}
            headers["X-Business-Use-Case-Usage"] = json_text({target.account.id: [business]})
        return headers

    async def _execute(self, call: GraphCall, target: Target, plan: Plan) -> Json:
        context, caller = self._context, target.caller
        if target.edge == "debug_token":
            return await context.store.run(lambda db: _debug_token(db, call))
        if caller is None:
            raise GraphError(errors.TOKEN_MISSING)
        if target.edge == "permissions":
            return {"data": [{"permission": name, "status": "granted"} for name in _SCOPES[caller.kind]]}
        account = target.account
        if account is None:
            raise GraphError(errors.OBJECT_MISSING, verb=call.method.lower(), id=call.node)
        _check_reach(call, caller, account)
        writers: dict[tuple[str, str], Callable[[], Awaitable[Json]]] = {
            ("instagram", "media"): lambda: instagram.create_container(
                context, account, call, fate=plan.fate
            ),
            ("instagram", "media_publish"): lambda: instagram.publish_container(context, account, call),
            ("page", "photos"): lambda: page.create_photo(context, account, call),
            ("page", "feed"): lambda: page.create_post(context, account, call),
        }
        if call.method == "POST" and target.edge in _COMMENT_EDGES and target.row is not None:
            return await comments.create_comment(context, account, target.row["id"], call)
        if call.method == "POST" and (account.kind, target.edge) in writers:
            return await writers[account.kind, target.edge]()
        return await context.store.run(lambda db: self._read_or_delete(db, call, target, account))

    def _read_or_delete(
        self, db: sqlite3.Connection, call: GraphCall, target: Target, account: Account
    ) -> Json:
        context, row = self._context, target.row
        link = context.link(f"/graph/{call.version}/{call.node}/{call.edge}")
        if call.method == "GET":
            readers: dict[tuple[str, str], Callable[[], Json]] = {
                ("instagram", "account"): lambda: media.read_instagram_account(db, context, account, call),
                ("instagram", "media"): lambda: media.list_media(db, context, account, call, link),
                ("instagram", "content_publishing_limit"): lambda: instagram.read_quota(
                    db, context, account, call
                ),
                ("page", "account"): lambda: page.read_page(
                    context, account, find_account(db, account.pair_id), call
                ),
                ("page", "feed"): lambda: page.list_posts(
                    db, context, account, call, link, is_scheduled=False
                ),
                ("page", "published_posts"): lambda: page.list_posts(
                    db, context, account, call, link, is_scheduled=False
                ),
                ("page", "scheduled_posts"): lambda: page.list_posts(
                    db, context, account, call, link, is_scheduled=True
                ),
            }
            if row is None and (account.kind, target.edge) in readers:
                return readers[account.kind, target.edge]()
            if row is not None and target.edge in _COMMENT_EDGES:
                return comments.list_comments(db, account, row["id"], call, link)
            if row is not None and call.edge is None:
                if target.edge == "container":
                    return instagram.read_container(db, context, row, call)
                if target.edge == "media_item":
                    return media.read_media(db, context, row, call)
                if target.edge == "post":
                    return page.read_post(db, context, row, call)
                return page.read_photo(db, context, row, call)
        if call.method == "DELETE" and row is not None and call.edge is None:
            if target.edge == "post":
                return page.delete_post(db, row)
            if target.edge == "photo":
                return page.delete_photo(db, row)
        raise GraphError(errors.METHOD_UNSUPPORTED, verb=call.method.lower())


_COMMENT_EDGES = frozenset({"media_item.comments", "post.comments"})

_SCOPES = {
    # These tokens come of no login: they may do what either of Meta's two would let them.
    "instagram": [
        "instagram_business_basic",
        "instagram_business_content_publish",
        "pages_show_list",
        "pages_read_engagement",
        "instagram_basic",
        "instagram_content_publish",
        "instagram_business_manage_comments",
        "instagram_manage_comments",
        "pages_manage_engagement",
    ],
    "page": [
        "pages_show_list",
        "pages_read_engagement",
        "pages_manage_posts",
        "pages_manage_engagement",
        "instagram_basic",
        "instagram_content_publish",
        "instagram_manage_comments",
    ],
}


def _refused(error: GraphError, language: str) -> JsonAnswer:
    headers = {"facebook-api-version": NEWEST}
    if error.refusal.code in (190, 2500):
        headers["WWW-Authenticate"] = 'OAuth "Facebook Platform" "invalid_token"'
    return JsonAnswer(errors.envelope(error.refusal, error.facts, language), error.refusal.status, headers)


def _target(db: sqlite3.Connection, call: GraphCall) -> Target:
    caller = find_by_token(db, call.token) if call.token else None
    if call.node == "debug_token" and call.edge is None:
        return Target("debug_token", caller or _asked_about(db, call), None)
    if call.node == "me":
        if call.edge == "permissions":
            return Target("permissions", caller, caller)
        return Target(call.edge or "account", caller, caller)
    account = find_account(db, call.node)
    if account is not None:
        return Target(call.edge or "account", caller, account)
    for kind, question in _NODES:
        row = db.execute(question, (call.node,)).fetchone()
        if row is not None:
            edge = kind if call.edge is None else f"{kind}.{call.edge}"
            return Target(edge, caller, find_account(db, row["owner_id"]), row)
    return Target(call.edge or "unknown", caller, None)


def _asked_about(db: sqlite3.Connection, call: GraphCall) -> Account | None:
    try:
        return find_by_token(db, call.text("input_token"))
    except GraphError:
        return None


def _check_token(call: GraphCall, target: Target) -> None:
    if target.edge == "debug_token":
        return
    if call.token is None:
        raise GraphError(errors.TOKEN_MISSING)
    if target.caller is None:
        raise GraphError(errors.TOKEN_INVALID)
    if target.caller.token_subcode is not None:
        raise GraphError(errors.TOKEN_TROUBLES.get(target.caller.token_subcode, errors.TOKEN_INVALID))


def _check_reach(call: GraphCall, caller: Account, account: Account) -> None:
    """An account's own token reaches it; a Page's token also reaches its linked Instagram account."""
    if caller.id == account.id:
        return
    if caller.pair_id != account.id:
        raise GraphError(errors.OBJECT_MISSING, verb=call.method.lower(), id=call.node)
    if caller.kind == "instagram":
        refusal = errors.PERMISSION_MISSING if call.method == "GET" else errors.PAGE_TOKEN_NEEDED
        raise GraphError(refusal)


def _check_permission(db: sqlite3.Connection, call: GraphCall, target: Target) -> None:
    """Whoever allowed the token has to have allowed this, too. Tokens that come of no login may do all."""
    grant, account = find_grant(db, call.token), target.account
    if grant is None or account is None or call.method == "GET":
        return
    is_comment = target.edge in _COMMENT_EDGES
    if account.kind == "page":
        needed = "pages_manage_engagement" if is_comment else "pages_manage_posts"
    elif grant.kind == "instagram":
        needed = f"instagram_business_{'manage_comments' if is_comment else 'content_publish'}"
    else:
        needed = "instagram_manage_comments" if is_comment else "instagram_content_publish"
    if needed not in grant.granted:
        is_post = account.kind == "page" and not is_comment
        raise GraphError(errors.PAGE_PERMISSION_MISSING if is_post else errors.PERMISSION_MISSING)


def _debug_token(db: sqlite3.Connection, call: GraphCall) -> Json:
    token = call.text("input_token")
    if not token:
        raise GraphError(errors.PARAMETER_MISSING, name="input_token")
    row = db.execute("SELECT * FROM accounts WHERE access_token = ?", (token,)).fetchone()
    if row is None:
        return {
            "data": {
                "is_valid": False,
                "error": {"code": 190, "message": "Invalid OAuth access token.", "subcode": 467},
                "scopes": [],
            }
        }
    account = account_of(row)
    data: Json = {
        "app_id": "100000000000001",
        "type": "PAGE" if account.kind == "page" else "USER",
        "application": "Practice",
        "data_access_expires_at": int(account.created_at + 90 * DAY),
        "expires_at": 0,
        "is_valid": account.token_subcode is None,
        "issued_at": int(account.created_at),
        "scopes": _SCOPES[account.kind],
        "user_id": account.id,
    }
    if account.token_subcode is not None:
        trouble = errors.TOKEN_TROUBLES.get(account.token_subcode, errors.TOKEN_INVALID)
        data["error"] = {"code": 190, "message": trouble.message, "subcode": account.token_subcode}
    return {"data": data}
