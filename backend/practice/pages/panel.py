"""The panel on which a person lets things go wrong on their practice accounts, to rehearse them.

It works without scripts, on one pair of accounts at a time. Another site cannot push its buttons: a browser
says where a form was sent from.
"""

from __future__ import annotations

import html
import sqlite3
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from practice.accounts import Account, find_account, find_by_username, set_trouble
from practice.faults import add_fault, list_faults
from practice.graph.context import Context
from practice.pages.frame import INSTAGRAM, avatar, page_of, root_of
from practice.rehearsals import BY_KEY, GROUPS, Rehearsal, faults_on

_LONGEST_FORM = 4_000
_MOST_PAIRS = 30
_PLACES = {
    "instagram": "Practice Instagram",
    "page": "the Practice Page",
    "painter": "the practice painter, for everybody here",
}


@dataclass(frozen=True, slots=True)
class Active:
    """A rehearsal that is switched on, and on which kinds of accounts: once more, or until it is switched
    off."""

    rehearsal: Rehearsal
    kinds: frozenset[str]
    is_lasting: bool


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The pair whose buttons are shown, and the names of all pairs that the person can go to."""

    instagram: Account
    page: Account
    among: tuple[str, ...]


class Panel:
    """The routes of the panel."""

    def __init__(self, context: Context) -> None:
        self._store = context.store

    def routes(self) -> list[Route]:
        """Every route."""
        return [
            Route("/rehearse", self.show, methods=["GET"]),
            Route("/rehearse", self.change, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """What can go wrong, and what is switched on."""
        username = request.query_params.get("account", "")
        among = _names(request.query_params.get("among", ""), username)

        def read(db: sqlite3.Connection) -> tuple[_Chosen, list[Active]] | None:
            pair = _pair(db, username)
            if pair is None:
                return None
            known = tuple(name for name in among if _pair(db, name) is not None)
            return _Chosen(*pair, known), _active(db, pair)

        found = await self._store.run(read)
        if found is None:
            return _choose(request, username)
        chosen, active = found
        body = _head(root_of(request), chosen) + _switched_on(chosen, active)
        for number, group in enumerate(GROUPS):
            rows = "".join(_row(chosen, rehearsal, active) for rehearsal in group.rehearsals)
            name = f"group-{number}"
            body += (
                f'<section class="rehearsals" aria-labelledby="{name}"><h2 id="{name}">'
                f"{html.escape(group.title)}</h2><ul>{rows}</ul></section>"
            )
        return page_of(request, INSTAGRAM, "Let something go wrong", body, has_forms=True)

    async def change(self, request: Request) -> Response:
        """Switch one rehearsal on or off, or everything off."""
        if not _is_from_here(request):
            return Response("This form can only be sent from its own page.", 403)
        body = await request.body()
        form = {name: values[-1] for name, values in parse_qs(body[:_LONGEST_FORM].decode("latin-1")).items()}
        username, key, how = (form.get(name, "") for name in ("account", "key", "how"))

        def write(db: sqlite3.Connection) -> Account | None:
            pair = _pair(db, username)
            if pair is None:
                return None
            if how == "off":
                _switch_off(db, pair, key)
            elif key in BY_KEY:
                _switch_off(db, pair, key)
                _switch_on(db, pair, BY_KEY[key], count=None if how == "always" else 1)
            return pair[0]

        account = await self._store.run(write)
        chosen = "" if account is None else _address(account.username, _names(form.get("among", ""), ""))
        return RedirectResponse(f"{root_of(request)}/rehearse{chosen}", 303)


def _pair(db: sqlite3.Connection, username: str) -> tuple[Account, Account] | None:
    instagram = find_by_username(db, username)
    page = find_account(db, instagram.pair_id) if instagram is not None else None
    return (instagram, page) if instagram is not None and page is not None else None


def _names(given: str, username: str) -> tuple[str, ...]:
    """The names in a list of them, and this one."""
    listed = [name for name in given.split(",") if name]
    return tuple(dict.fromkeys([*listed, username] if username else listed))[:_MOST_PAIRS]


def _address(username: str, among: tuple[str, ...]) -> str:
    rest = f"&among={quote(','.join(among))}" if len(among) > 1 else ""
    return f"?account={quote(username)}{rest}"


def _accounts_of(pair: tuple[Account, Account], rehearsal: Rehearsal) -> list[Account]:
    return [account for account in pair if rehearsal.kind in ("", account.kind)]


def _active(db: sqlite3.Connection, pair: tuple[Account, Account]) -> list[Active]:
    kinds = {account.id: account.kind for account in pair}
    where: dict[str, set[str]] = {}
    lasting: set[str] = set()
    for fault in list_faults(db):
        key, account_id = str(fault.get("rehearsal", "")), fault["account_id"]
        kind = "painter" if account_id is None else kinds.get(str(account_id))
        if kind is not None and key in BY_KEY:
            where.setdefault(key, set()).add(kind)
            if fault["remaining"] is None:
                lasting.add(key)
    for account in pair:
        for rehearsal in BY_KEY.values():
            values = {name: getattr(account, name) for name in rehearsal.account}
            if rehearsal.account and values == rehearsal.account:
                where.setdefault(rehearsal.key, set()).add(account.kind)
                lasting.add(rehearsal.key)
    return [Active(BY_KEY[key], frozenset(found), key in lasting) for key, found in where.items()]


def _switch_on(
    db: sqlite3.Connection, pair: tuple[Account, Account], rehearsal: Rehearsal, *, count: int | None
) -> None:
    if rehearsal.kind == "painter":
        for fault in rehearsal.faults:
            add_fault(db, {**fault, "count": count, "rehearsal": rehearsal.key})
    for account in _accounts_of(pair, rehearsal):
        if rehearsal.account:
            subcode = rehearsal.account.get("token_subcode", account.token_subcode)
            is_restricted = bool(rehearsal.account.get("is_restricted", account.is_restricted))
            set_trouble(db, account.id, token_subcode=subcode, is_restricted=is_restricted)
        for fault in faults_on(rehearsal, account.kind):
            add_fault(db, {**fault, "account_id": account.id, "count": count, "rehearsal": rehearsal.key})


def _switch_off(db: sqlite3.Connection, pair: tuple[Account, Account], key: str) -> None:
    """One rehearsal; all of them without a key."""
    # The painter belongs to nobody: what is switched on there, everybody can switch off.
    ids = {account.id for account in pair} | {None}
    for fault in list_faults(db):
        if fault["account_id"] in ids and (fault.get("rehearsal") == key if key else "rehearsal" in fault):
            db.execute("DELETE FROM faults WHERE id = ?", (fault["id"],))
    if not key or (key in BY_KEY and BY_KEY[key].account):
        for account in pair:
            set_trouble(db, account.id, token_subcode=None, is_restricted=False)


def _is_from_here(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    try:
        return urlsplit(request.headers.get("origin", "")).netloc == request.headers.get("host")
    except ValueError:
        return False


def _choose(request: Request, username: str) -> Response:
    told = "There is no practice account with this name." if username else "On which practice account?"
    body = (
        f'<div class="empty"><h1>Let something go wrong</h1><p>{told}</p>'
        '<form method="get" class="choose"><label>Its name on Practice Instagram '
        f'<input name="account" required autocomplete="off" value="{html.escape(username)}"></label>'
        "<button>Go on</button></form></div>"
    )
    return page_of(
        request, INSTAGRAM, "Let something go wrong", body, status=404 if username else 200, has_forms=True
    )


def _head(root: str, chosen: _Chosen) -> str:
    """On which accounts the buttons act, and the way to others."""
    instagram, page = chosen.instagram, chosen.page
    others = ""
    if len(chosen.among) > 1:
        listed = "".join(_way_to(name, chosen) for name in chosen.among)
        others = f'<nav class="pairs" aria-label="Accounts"><ul>{listed}</ul></nav>'
    return (
        f'<header class="profile">{avatar(root, instagram, "avatar-large")}<div>'
        "<h1>Let something go wrong</h1>"
        f'<p class="facts">On <a href="{root}/instagram/{html.escape(instagram.username)}">'
        f"{html.escape(instagram.username)}</a> on Practice Instagram and on the Practice Page "
        f'<a href="{root}/facebook/{page.id}">{html.escape(page.name)}</a>.</p>'
        '<p class="name">Switch on what should happen, publish, and see what is told and what helps.</p>'
        '<p class="facts"><b>Once</b> acts once on each of the two accounts; with AI, once on a new picture '
        "and once on a changed one.</p>"
        f"</div></header>{others}"
    )


def _way_to(name: str, chosen: _Chosen) -> str:
    current = ' aria-current="page"' if name == chosen.instagram.username else ""
    address = html.escape(_address(name, chosen.among))
    return f'<li><a href="{address}"{current}>{html.escape(name)}</a></li>'


def _button(chosen: _Chosen, key: str, how: str, words: str, about: str, style: str = "") -> str:
    return (
        '<form method="post">'
        f'<input type="hidden" name="account" value="{html.escape(chosen.instagram.username)}">'
        f'<input type="hidden" name="among" value="{html.escape(",".join(chosen.among))}">'
        f'<input type="hidden" name="key" value="{html.escape(key)}">'
        f'<button name="how" value="{how}"{f" class={style}" if style else ""}>{words}'
        f'<span class="unseen">: {html.escape(about)}</span></button></form>'
    )


def _switched_on(chosen: _Chosen, active: list[Active]) -> str:
    if not active:
        return '<p class="quiet" role="status">Nothing is switched on: everything works.</p>'
    listed = "".join(
        f"<li><b>{html.escape(found.rehearsal.title)}</b> <span>{_how_long(found)}</span>"
        f"{_button(chosen, found.rehearsal.key, 'off', 'Switch off', found.rehearsal.title)}</li>"
        for found in active
    )
    everything = _button(chosen, "", "off", "Switch everything off", "all rehearsals")
    return (
        '<section class="active" aria-labelledby="active"><div><h2 id="active">Switched on</h2>'
        f"{everything}</div><ul>{listed}</ul></section>"
    )


def _how_long(found: Active) -> str:
    places = " and ".join(_PLACES[kind] for kind in sorted(found.kinds))
    return f"on {places} until it is switched off" if found.is_lasting else f"once more on {places}"


def _row(chosen: _Chosen, rehearsal: Rehearsal, active: list[Active]) -> str:
    title = html.escape(rehearsal.title)
    if any(found.rehearsal.key == rehearsal.key for found in active):
        buttons = _button(chosen, rehearsal.key, "off", "Switch off", rehearsal.title)
    else:
        buttons = ""
        if rehearsal.faults:
            buttons += _button(chosen, rehearsal.key, "once", "Once", rehearsal.title)
        buttons += _button(chosen, rehearsal.key, "always", "Until I switch it off", rehearsal.title)
    places = {"instagram": "Instagram", "page": "Page", "painter": "For everybody here"}
    place = f'<span class="place">{places[rehearsal.kind]}</span>' if rehearsal.kind else ""
    return (
        f"<li><div><h3>{title}{place}</h3><p>{html.escape(rehearsal.told)}</p></div>"
        f'<div class="buttons">{buttons}</div></li>'
    )
