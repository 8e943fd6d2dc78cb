"""The Graph calls of a login: codes and tokens exchanged, what was granted, what there is to choose from."""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
from collections.abc import Callable

from practice.graph import errors
from practice.graph.call import GraphCall
from practice.graph.context import Context, Json, page_of
from practice.graph.errors import GraphError
from practice.login.people import (
    APP_ID,
    LONG,
    Grant,
    add_grant,
    app_secret,
    find_grant,
    held,
    page_token,
    pages_in_portfolios,
    portfolios,
    use_code,
)

DAY = 86_400.0
CODE_TROUBLES = {
    "used": errors.CODE_USED,
    "expired": errors.CODE_EXPIRED,
    "redirect": errors.REDIRECT_DIFFERS,
    "unknown": errors.CODE_INVALID,
}
_OF_PORTFOLIOS = frozenset({"me.businesses", "portfolio.owned_pages", "portfolio.client_pages"})
_WITHOUT_TOKEN = frozenset({"oauth.access_token", "access_token", "refresh_access_token"})


class TokenApi:
    """Answers what a login asks of the Graph simulator."""

    def __init__(self, context: Context, control_key: Callable[[], str]) -> None:
        self._context = context
        self._control_key = control_key

    @property
    def secret(self) -> str:
        """The app's secret."""
        return app_secret(self._control_key())

    def edge_of(self, db: sqlite3.Connection, call: GraphCall) -> str | None:
        """The name of the edge when the call is a login's, else nothing."""
        if call.node == "oauth" and call.edge == "access_token":
            return "oauth.access_token"
        if call.node in ("access_token", "refresh_access_token") and call.edge is None:
            return call.node
        if call.node == "debug_token" and call.edge is None:
            asked = str(call.params.get("input_token", ""))
            return "debug_token" if find_grant(db, asked) or "|" in asked else None
        grant = find_grant(db, call.token)
        if grant is not None and grant.kind == "user" and call.node in portfolios(db, grant.person_id):
            return f"portfolio.{call.edge}"
        if call.node != "me" or grant is None or grant.kind == "page":
            return None
        return "me" if call.edge is None else f"me.{call.edge}"

    def check_proof(self, db: sqlite3.Connection, call: GraphCall) -> None:
        """Refuse a proof that was made of another token, where the token came of a login."""
        proof = call.params.get("appsecret_proof")
        if proof is None or call.token is None or find_grant(db, call.token) is None:
            return
        expected = hmac.new(self.secret.encode(), call.token.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, str(proof)):
            raise GraphError(errors.PROOF_INVALID)

    def answer(self, db: sqlite3.Connection, call: GraphCall, edge: str) -> Json:
        """The answer to a login's call."""
        if edge == "oauth.access_token":
            return self._exchange(db, call)
        if edge == "debug_token":
            return self._debug(db, call)
        if edge == "access_token":
            return self._lengthen(db, call)
        if edge == "refresh_access_token":
            return self._refresh(db, call)
        self.check_proof(db, call)
        grant = self._grant(db, call)
        if edge == "me":
            return self._me(db, grant)
        if edge == "me.permissions" and grant.kind == "user":
            return {
                "data": [
                    *({"permission": name, "status": "granted"} for name in grant.granted),
                    *({"permission": name, "status": "declined"} for name in grant.declined),
                ]
            }
        if edge == "me.accounts" and grant.kind == "user":
            return self._accounts(db, call, grant)
        if edge in _OF_PORTFOLIOS and grant.kind == "user":
            return self._of_portfolios(db, call, grant)
        raise GraphError(errors.METHOD_UNSUPPORTED, verb=call.method.lower())

    def _grant(self, db: sqlite3.Connection, call: GraphCall) -> Grant:
        grant = find_grant(db, call.token)
        if grant is None:
            raise GraphError(errors.TOKEN_INVALID)
        trouble = grant.trouble(self._context.store.now())
        if trouble is not None:
            raise GraphError(errors.TOKEN_TROUBLES.get(trouble, errors.TOKEN_INVALID))
        return grant

    def _check_app(self, call: GraphCall, *, has_id: bool = True) -> None:
        if has_id and call.text("client_id") != APP_ID:
            raise GraphError(errors.APP_UNKNOWN)
        if not hmac.compare_digest(call.text("client_secret").encode(), self.secret.encode()):
            raise GraphError(errors.APP_SECRET_WRONG)

    def _exchange(self, db: sqlite3.Connection, call: GraphCall) -> Json:
        self._check_app(call)
        store = self._context.store
        if call.text("grant_type") == "fb_exchange_token":
            old = find_grant(db, call.text("fb_exchange_token"))
            if old is None or old.kind != "user":
                raise GraphError(errors.TOKEN_INVALID)
            if (trouble := old.trouble(store.now())) is not None:
                raise GraphError(errors.TOKEN_TROUBLES.get(trouble, errors.TOKEN_INVALID))
            fresh = self._again(db, old)
            return _answered(fresh)
        made = use_code(db, store, call.text("code"), kind="facebook", redirect_uri=call.text("redirect_uri"))
        if isinstance(made, str):
            raise GraphError(CODE_TROUBLES[made])
        return _answered(made)

    def _lengthen(self, db: sqlite3.Connection, call: GraphCall) -> Json:
        if call.text("grant_type") != "ig_exchange_token":
            raise GraphError(errors.PARAMETER_INVALID, name="grant_type", problem="is not known")
        self._check_app(call, has_id=False)
        return _answered(self._again(db, self._instagram(db, call)))

    def _refresh(self, db: sqlite3.Connection, call: GraphCall) -> Json:
        if call.text("grant_type") != "ig_refresh_token":
            raise GraphError(errors.PARAMETER_INVALID, name="grant_type", problem="is not known")
        old = self._instagram(db, call)
        if self._context.store.now() - old.issued_at < DAY:
            raise GraphError(errors.TOKEN_TOO_YOUNG)
        return _answered(self._again(db, old))

    def _instagram(self, db: sqlite3.Connection, call: GraphCall) -> Grant:
        grant = self._grant(db, call)
        if grant.kind != "instagram":
            raise GraphError(errors.TOKEN_INVALID)
        return grant

    def _again(self, db: sqlite3.Connection, old: Grant) -> Grant:
        return add_grant(
            db,
            self._context.store,
            kind=old.kind,
            person_id=old.person_id,
            account_id=old.account_id,
            granted=old.granted,
            declined=old.declined,
            account_ids=old.account_ids,
            life=LONG,
            data_access_expires_at=old.data_access_expires_at,
        )

    def _debug(self, db: sqlite3.Connection, call: GraphCall) -> Json:
        if call.token != f"{APP_ID}|{self.secret}":
            raise GraphError(errors.TOKEN_SIGNATURE)
        asked = call.text("input_token")
        if asked == call.token:
            app = {"app_id": APP_ID, "type": "APP", "application": "Practice", "is_valid": True, "scopes": []}
            return {"data": app}
        grant = find_grant(db, asked)
        if grant is None:
            raise GraphError(errors.TOKEN_SIGNATURE)
        trouble = grant.trouble(self._context.store.now())
        data: Json = {
            "app_id": APP_ID,
            "application": "Practice",
            "type": "PAGE" if grant.kind == "page" else "USER",
            "is_valid": trouble is None,
            "issued_at": int(grant.issued_at),
            "expires_at": 0 if grant.expires_at is None else int(grant.expires_at),
            "data_access_expires_at": int(grant.data_access_expires_at),
            "scopes": list(grant.granted),
            "granular_scopes": [
                {"scope": name, "target_ids": list(grant.account_ids)} for name in grant.granted
            ],
            "user_id": grant.person_id,
        }
        if trouble is not None:
            refusal = errors.TOKEN_TROUBLES.get(trouble, errors.TOKEN_INVALID)
            data["error"] = {"code": 190, "message": refusal.message, "subcode": trouble}
        return {"data": data}

    def _me(self, db: sqlite3.Connection, grant: Grant) -> Json:
        if grant.kind == "user":
            row = db.execute("SELECT name FROM people WHERE id = ?", (grant.person_id,)).fetchone()
            return {"id": grant.person_id, "name": row["name"]}
        for account, _, account_type in held(db, grant.person_id, "instagram"):
            if account.id == grant.account_id:
                return {
                    "id": grant.person_id,
                    "user_id": account.id,
                    "username": account.username,
                    "account_type": account_type,
                    "name": account.name,
                    "profile_picture_url": self._context.link(f"/avatars/{account.id}.svg"),
                }
        raise GraphError(errors.TOKEN_INVALID)

    def _accounts(self, db: sqlite3.Connection, call: GraphCall, grant: Grant) -> Json:
        if "pages_show_list" not in grant.granted:
            return {"data": []}
        # Those are not shown here, as it happens at Meta.
        elsewhere = {page_id for _, _, page_id in pages_in_portfolios(db, grant.person_id)}
        return self._pages(db, call, grant, lambda page_id: page_id not in elsewhere)

    def _of_portfolios(self, db: sqlite3.Connection, call: GraphCall, grant: Grant) -> Json:
        if "business_management" not in grant.granted:
            raise GraphError(errors.PORTFOLIO_PERMISSION_MISSING)
        if call.edge == "businesses":
            listed = [{"id": key, "name": name} for key, name in portfolios(db, grant.person_id).items()]
            return page_of(call, listed, self._context.link(f"/graph/{call.version}/me/businesses"))
        if "tasks" in call.fields(()):
            raise GraphError(errors.FIELD_UNKNOWN, field="tasks", node="Page")
        inside = {
            page_id
            for portfolio_id, edge, page_id in pages_in_portfolios(db, grant.person_id)
            if (portfolio_id, edge) == (call.node, call.edge)
        }
        answer = self._pages(db, call, grant, lambda page_id: page_id in inside)
        for entry in answer["data"]:
            del entry["tasks"]
        return answer

    def _pages(
        self, db: sqlite3.Connection, call: GraphCall, grant: Grant, is_shown: Callable[[str], bool]
    ) -> Json:
        instagrams = {account.id: account for account, _, _ in held(db, grant.person_id, "instagram")}
        listed: list[Json] = []
        for page, tasks, _ in held(db, grant.person_id, "page"):
            if page.id not in grant.account_ids or not is_shown(page.id):
                continue
            entry: Json = {"id": page.id, "name": page.name, "tasks": tasks}
            linked = instagrams.get(page.pair_id)
            if linked is not None and "instagram_basic" in grant.granted:
                entry["instagram_business_account"] = {"id": linked.id, "username": linked.username}
            listed.append(entry)
        link = self._context.link(f"/graph/{call.version}/{call.node}/{call.edge}")
        answer = page_of(call, listed, link)
        for entry in answer["data"]:
            entry["access_token"] = page_token(db, self._context.store, grant, entry["id"])
        return answer


def _answered(grant: Grant) -> Json:
    life = 0 if grant.expires_at is None else int(grant.expires_at - grant.issued_at)
    return {"access_token": grant.token, "token_type": "bearer", "expires_in": life}
