"""What every part of the Graph simulator needs, and the small things they share."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from practice.graph import errors
from practice.graph.call import GraphCall
from practice.graph.errors import GraphError
from practice.store import Store

DAY = 86_400.0
PAGE_SIZE, PAGE_SIZE_LIMIT = 25, 100

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Context:
    """The store, and how a browser reaches the place where the application is mounted."""

    store: Store
    public_url: Callable[[], str]

    def link(self, path: str) -> str:
        """The absolute address of a path below the application's root."""
        return self.public_url().rstrip("/") + path


def json_text(value: Any) -> str:
    """JSON without spaces, for headers."""
    return json.dumps(value, separators=(",", ":"))


def iso_time(moment: float) -> str:
    """A moment as Graph writes it: `2026-11-22T09:30:12+0000`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def choose(call: GraphCall, node: str, values: Mapping[str, Callable[[], Any]], *default: str) -> Json:
    """The asked fields only, and the id. A value of `None` is left out, as Graph does."""
    return pick(call.fields(default), node, values)


def pick(fields: Sequence[str], node: str, values: Mapping[str, Callable[[], Any]]) -> Json:
    """Like `choose`, for fields that are already read."""
    picked: Json = {}
    for name in fields:
        if name not in values:
            raise GraphError(errors.FIELD_UNKNOWN, field=name, node=node)
        value = values[name]()
        if value is not None:
            picked[name] = value
    return picked


def page_of(call: GraphCall, rows: Sequence[Json], link: str) -> Json:
    """One page of a list, with cursors and the address of the next page (without the token).

    `rows` is the whole list, newest first, each with its id.
    """
    limit = call.number("limit")
    limit = PAGE_SIZE if limit is None else max(1, min(limit, PAGE_SIZE_LIMIT))
    after = _read_cursor(call.text("after"))
    start = 0
    if after is not None:
        start = next((i + 1 for i, row in enumerate(rows) if row["id"] == after), len(rows))
    shown = list(rows[start : start + limit])
    if not shown:
        return {"data": []}
    paging: Json = {"cursors": {"before": _cursor(shown[0]["id"]), "after": _cursor(shown[-1]["id"])}}
    if start + limit < len(rows):
        paging["next"] = f"{link}?limit={limit}&after={paging['cursors']['after']}"
    return {"data": shown, "paging": paging}


def _cursor(row_id: str) -> str:
    return base64.urlsafe_b64encode(json.dumps(row_id).encode()).decode().rstrip("=")


def _read_cursor(text: str) -> str | None:
    if not text:
        return None
    try:
        return str(json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))
    except ValueError as error:
        raise GraphError(errors.PARAMETER_INVALID, name="after", problem="is not a cursor") from error
