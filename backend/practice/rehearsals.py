"""What a person can let go wrong in practice mode, to see how it is told and what helps.

Each rehearsal is one or more faults (see `faults.py`) under a name that people understand. Those of an
account stand for something that is the matter with it and not with one call.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """`kind` says on which account of a pair it acts: `instagram`, `page`, or both (empty). `painter` is none
    of them: it acts on the pictures of everybody here."""

    key: str
    title: str
    told: str
    kind: str = ""
    faults: tuple[Options, ...] = ()
    account: Options = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Group:
    """Rehearsals under one heading."""

    title: str
    rehearsals: tuple[Rehearsal, ...]


def _error(code: int, subcode: int | None, *, is_transient: bool = False) -> dict[str, Any]:
    error: dict[str, Any] = {
        "message": "practice fault",
        "type": "OAuthException",
        "code": code,
        "is_transient": is_transient,
        "error_user_title": "Error de prueba",
        "error_user_msg": "Este error se ha activado en el modo de práctica.",
        "fbtrace_id": "APracticeFault",
    }
    if subcode is not None:
        error["error_subcode"] = subcode
    return error


_KIND_OF_EDGE: Mapping[str, str] = {
    "media": "instagram",
    "media_publish": "instagram",
    "photos": "page",
    "feed": "page",
}


def faults_on(rehearsal: Rehearsal, kind: str) -> list[Options]:
    """The faults that can act on an account of this kind. One that cannot would never be used up."""
    return [fault for fault in rehearsal.faults if _KIND_OF_EDGE.get(fault.get("edge", ""), kind) == kind]


def _finish(kind: str, **options: Any) -> tuple[Options, ...]:
    """The same fault in both calls that cannot be taken back."""
    return tuple(
        {"kind": kind, "edge": edge, "method": "POST", **options} for edge in ("media_publish", "feed")
    )


_ANSWERS = Group(
    "Lines and answers",
    (
        Rehearsal(
            "slow",
            "Everything takes long",
            "Each call waits for eight seconds. Nothing goes wrong, and the steps are told.",
            faults=tuple(
                {"kind": "slow", "edge": edge, "method": "POST", "ms": 8_000}
                for edge in ("media", "media_publish", "photos", "feed")
            ),
        ),
        Rehearsal(
            "lost_before",
            "The line breaks before the post arrives",
            "Nobody knows at first whether it is out. Looking shows that it is not, and it is sent again.",
            faults=_finish("drop_before"),
        ),
        Rehearsal(
            "lost_after",
            "The line breaks after the post arrived",
            "It is out, and the answer is lost. It is found by looking, and not sent twice.",
            faults=_finish("drop_after"),
        ),
        Rehearsal(
            "half",
            "Half an answer",
            "The answer ends in the middle. Looking shows what became of it.",
            faults=_finish("truncated"),
        ),
        Rehearsal(
            "error_inside",
            "An error inside of a success",
            "The answer says 200 and holds an error. It is not taken for a yes.",
            faults=_finish("error", status=200, error=_error(1, 99)),
        ),
        Rehearsal(
            "login_wall",
            "A page instead of an answer",
            "Something in between answers with a page of its own.",
            faults=_finish("garbage"),
        ),
        Rehearsal(
            "down_undone",
            "A server error, and nothing was done",
            "Looking shows that nothing went out, and it is sent again.",
            faults=_finish("http_500", executed=False),
        ),
        Rehearsal(
            "down_done",
            "A server error, and it is out all the same",
            "It is found by looking, and not sent twice.",
            faults=_finish("http_500", executed=True),
        ),
        Rehearsal(
            "outage",
            "The platform is down",
            "Every call fails. With several accounts, posts are held back and follow in order when it works.",
            faults=({"kind": "http_500", "executed": False},),
        ),
    ),
)

_PICTURES = Group(
    "Pictures on Instagram",
    (
        Rehearsal(
            "not_ready",
            "Finished, and not ready yet",
            "Publishing is refused twice although the picture is finished. It is tried again by itself.",
            "instagram",
            ({"kind": "publish_not_ready", "nth": 1}, {"kind": "publish_not_ready", "nth": 1}),
        ),
        Rehearsal(
            "never_finished",
            "The picture is never finished",
            "It is looked at for ten minutes, then the post fails and can be sent again.",
            "instagram",
            ({"kind": "never_finished"},),
        ),
        Rehearsal(
            "expired",
            "The prepared picture has expired",
            "It is handed over once more by itself.",
            "instagram",
            ({"kind": "expired"},),
        ),
        Rehearsal(
            "failed_container",
            "The picture could not be prepared",
            "It is handed over once more by itself.",
            "instagram",
            ({"kind": "failed"},),
        ),
    ),
)

# edge, code, subcode, HTTP status, what the person reads here
_REFUSALS: Mapping[str, tuple[tuple[str, int, int | None, int, str], ...]] = {
    "Refused by Instagram": (
        ("media", 9004, 2207052, 400, "The picture cannot be fetched"),
        ("media", -2, 2207003, 400, "Fetching the picture takes too long"),
        ("media", -1, 2207001, 400, "Instagram has trouble of its own"),
        ("media", -1, 2207032, 400, "Preparing fails, for no reason given"),
        ("media", -1, 2207053, 400, "The upload fails, for no reason given"),
        ("media_publish", -2, 2207020, 400, "The prepared picture has expired"),
        ("media_publish", 24, 2207006, 400, "The prepared picture is not found"),
        ("media_publish", 24, 2207008, 400, "The prepared picture is not there yet"),
        ("media", 36000, 2207004, 400, "The picture is too large"),
        ("media", 36001, 2207005, 400, "The format of the picture is not taken"),
        ("media", 36003, 2207009, 400, "The shape of the picture is not taken"),
        ("media", 36004, 2207010, 400, "The text is too long"),
        ("media", 100, 2207040, 400, "Too many mentions"),
        ("media", 100, 2207018, 400, "A collaborator cannot be named"),
        ("media", 100, 2207028, 400, "The number of pictures in a carousel is not taken"),
        ("media", 100, 2207023, 400, "The kind of post is not known"),
        ("media", 100, 2207035, 400, "Product tags are not taken"),
        ("media", 352, 2207026, 400, "The video is not taken"),
        ("media", 1, 2207057, 400, "The moment of the cover is outside of the video"),
    ),
    "Limits and blocks": (
        ("media_publish", 9, 2207042, 400, "The day's posts are used up"),
        ("media_publish", 4, 2207051, 403, "Blocked as spam"),
        ("media_publish", 25, 2207050, 400, "The account is restricted"),
        ("", 4, None, 403, "The app calls too often"),
        ("", 17, None, 400, "The person calls too often"),
        ("", 32, None, 400, "The Page calls too often"),
        ("", 613, None, 400, "A limit of the app's own"),
        ("", 341, None, 400, "The application's limit"),
        ("", 80002, None, 400, "Instagram asks for a pause of a minute"),
        ("", 80001, None, 400, "Facebook asks for a pause of a minute"),
        ("feed", 368, None, 400, "The action is blocked for a while"),
        ("feed", 368, 1390008, 400, "Posting too fast"),
        ("feed", 368, 1346003, 400, "The post is held as abusive"),
    ),
    "Connection and permissions": (
        ("", 10, None, 403, "A permission is missing"),
        ("", 200, None, 403, "The app lacks a permission"),
        ("", 3, None, 400, "The app lacks a capability"),
        ("", 100, 33, 400, "The account is not visible"),
        ("", 102, None, 400, "The session has ended"),
        ("", 1, 99, 500, "An unknown error"),
        ("", 2, None, 503, "The service is down for a moment"),
    ),
    "Refused by Facebook": (
        ("photos", 100, 1366046, 400, "The photo cannot be read"),
        ("photos", 324, 2069019, 400, "The file is not taken"),
        ("photos", 324, None, 400, "A file is missing"),
        ("photos", 321, None, 400, "The album is full"),
        ("feed", 100, 1366051, 400, "The photos were posted already"),
        ("feed", 506, None, 400, "The same post was there already"),
        ("feed", 1609005, None, 400, "The link is not taken"),
        ("feed", 100, 1609008, 400, "A link to Facebook is not taken"),
        ("feed", 100, 2061006, 400, "The address is not taken"),
        ("feed", 100, 1349125, 400, "The form of the content is not taken"),
        ("feed", 100, 1404102, 400, "Against the community standards"),
        ("feed", 100, 1404078, 400, "The Page needs an authorization to publish"),
        ("feed", 100, 1404006, 400, "A security check is due"),
        ("feed", 100, 1404112, 400, "The identity has to be confirmed"),
        ("feed", 100, 4854002, 400, "The account has to be checked"),
        ("feed", 100, 1363047, 400, "The service is not available"),
        ("feed", 100, 1609010, 400, "The service is not available now"),
    ),
}
_PAUSES = {80001: "pages", 80002: "instagram"}
_ONLY_ON = {80001: "page", 32: "page", 80002: "instagram"}
_HELD = frozenset({4, 17, 32, 613, 341, 80001, 80002})
_TRANSIENT = frozenset({1, 2, 4, 17, 32, 613, 341, 80001, 80002})


def _refusals(rows: tuple[tuple[str, int, int | None, int, str], ...]) -> Iterator[Rehearsal]:
    for edge, code, subcode, status, title in rows:
        fault: dict[str, Any] = {
            "kind": "error",
            "method": "POST",
            "status": status,
            "error": _error(code, subcode, is_transient=code in _TRANSIENT),
        }
        if edge:
            fault["edge"] = edge
        if code in _PAUSES:
            usage = {"type": _PAUSES[code], "call_count": 100, "estimated_time_to_regain_access": 1}
            fault["headers"] = {"X-Business-Use-Case-Usage": json.dumps({"1": [usage]})}
        number = f"{code}" if subcode is None else f"{code}/{subcode}"
        told = f"Meta's error {number}."
        if subcode == 2207042:
            told += " Posts wait for an hour; in the settings the channel can be tried at once."
        elif code in _HELD and subcode is None:
            told += " Posts wait, and follow by themselves when the pause is over."
        kind = _KIND_OF_EDGE.get(edge) or _ONLY_ON.get(code, "")
        yield Rehearsal(f"error_{code}_{subcode or 0}", title, told, kind, (fault,))


def _painting(kind: str, **options: Any) -> tuple[Options, ...]:
    """The same fault where a picture is made and where one is changed."""
    return tuple(
        {"kind": kind, "edge": edge, "method": "POST", **options}
        for edge in ("images.generations", "images.edits")
    )


def _painter_error(code: str, message: str) -> dict[str, Any]:
    kind = "image_generation_user_error" if code == "moderation_blocked" else "requests"
    return {"message": message, "type": kind, "param": None, "code": code}


_PAINTER = Group(
    "Pictures made with AI",
    (
        Rehearsal(
            "painter_refused",
            "The prompt is refused",
            "Nothing is charged, and the words can be changed.",
            "painter",
            _painting(
                "error",
                status=400,
                error=_painter_error("moderation_blocked", "Your request was rejected by the safety system."),
            ),
        ),
        Rehearsal(
            "painter_busy",
            "The provider has too much to do",
            "It is asked again by itself; until then calling it off costs nothing.",
            "painter",
            _painting(
                "error",
                status=429,
                error=_painter_error("rate_limit_exceeded", "Rate limit reached for images per minute."),
                headers={"Retry-After": "10"},
            ),
        ),
        Rehearsal(
            "painter_slow",
            "Painting takes long",
            "It begins fifteen seconds late. The page can be left, and the picture comes all the same.",
            "painter",
            _painting("slow", ms=15_000),
        ),
        Rehearsal(
            "painter_lost",
            "The answer is lost",
            "Nobody knows what it cost, until somebody settles it in the settings.",
            "painter",
            _painting("drop_after"),
        ),
    ),
)

_ACCOUNT = Group(
    "The account itself",
    (
        *(
            Rehearsal(
                f"token_{subcode}",
                title,
                "The channel asks to be connected again.",
                account={"token_subcode": subcode},
            )
            for subcode, title in (
                (463, "The token has expired"),
                (460, "The password was changed"),
                (458, "The app was removed"),
                (459, "Meta wants a login on its own site"),
                (492, "The role on the Page is gone"),
            )
        ),
        Rehearsal(
            "restricted",
            "The account is restricted",
            "Nothing goes out until Instagram lets it.",
            "instagram",
            account={"is_restricted": True},
        ),
    ),
)

GROUPS: tuple[Group, ...] = (
    _ANSWERS,
    _PICTURES,
    *(Group(title, tuple(_refusals(rows))) for title, rows in _REFUSALS.items()),
    _ACCOUNT,
    _PAINTER,
)
BY_KEY: Mapping[str, Rehearsal] = {found.key: found for group in GROUPS for found in group.rehearsals}
