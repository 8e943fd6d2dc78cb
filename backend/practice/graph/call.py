"""Reading one Graph call off the wire: its parameters may come as query, form, multipart or JSON."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from practice.graph import errors
from practice.graph.errors import GraphError

NEWEST = "v26.0"
OLDEST_LIVE = 22
BODY_LIMIT = 24 * 1024 * 1024

_VERSION = re.compile(r"v(\d{1,3})\.\d")
_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off", ""})


@dataclass(frozen=True, slots=True)
class GraphCall:
    """One call: `node` and `edge` from the path, parameters merged, the token taken out."""

    method: str
    version: str
    node: str
    edge: str | None
    params: Mapping[str, Any]
    source: bytes | None
    token: str | None

    def text(self, name: str, default: str = "") -> str:
        """A text parameter; numbers are taken as their digits."""
        value = self.params.get(name)
        if value is None:
            return default
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str) and _is_unicode(value):
            return value
        if isinstance(value, (int, float)):
            return str(value)
        raise GraphError(errors.PARAMETER_INVALID, name=name, problem="must be a string")

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean parameter."""
        value = self.params.get(name)
        if value is None:
            return default
        word = str(value).strip().lower()
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
        raise GraphError(errors.PARAMETER_INVALID, name=name, problem="must be a boolean")

    def number(self, name: str) -> int | None:
        """A whole number, if it was sent."""
        word = self.text(name).strip()
        if not word:
            return None
        if not re.fullmatch(r"-?\d{1,18}", word):
            raise GraphError(errors.PARAMETER_INVALID, name=name, problem="must be an integer")
        return int(word)

    def items(self, name: str) -> list[Any]:
        """A list: an array, its JSON, a comma list, or `name[0]`, `name[1]` …"""
        value = self.params.get(name)
        if value is None:
            numbered = sorted(
                (int(found[1]), item)
                for key, item in self.params.items()
                if (found := re.fullmatch(re.escape(name) + r"\[(\d{1,4})\]", key))
            )
            return [_decoded(item) for _, item in numbered]
        if isinstance(value, str):
            text = value.strip()
            if text.startswith("["):
                value = _decoded(text)
            else:
                return [part.strip() for part in text.split(",") if part.strip()]
        if not isinstance(value, list):
            raise GraphError(errors.PARAMETER_INVALID, name=name, problem="must be an array.")
        return [_decoded(item) for item in value]

    def fields(self, default: tuple[str, ...]) -> list[str]:
        """The asked fields, without what is asked inside them, and always the id first."""
        asked = _split_fields(self.text("fields")) or list(default)
        return list(dict.fromkeys(["id", *asked]))


def _is_unicode(text: str) -> bool:
    """Whether the text can be written down: JSON may hold halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _decoded(item: Any) -> Any:
    if isinstance(item, str) and item.lstrip().startswith(("{", "[")):
        try:
            return json.loads(item)
        except (ValueError, RecursionError):
            return item
    return item


def _split_fields(text: str) -> list[str]:
    names, depth, name = [], 0, ""
    for char in text + ",":
        if char in "{(":
            depth += 1
        elif char in "})":
            depth -= 1
        elif depth == 0 and char == ",":
            names.append(name.strip().partition(".")[0])
            name = ""
        elif depth == 0:
            name += char
    return [name for name in names if name]


async def read_call(request: Request) -> GraphCall:
    """Read the call completely; raises `GraphError` for what cannot be understood."""
    segments = [part for part in request.path_params["rest"].split("/") if part]
    version = NEWEST
    if segments and (found := _VERSION.fullmatch(segments[0])):
        number = int(found[1])
        if number > int(NEWEST[1:3]):
            raise GraphError(errors.PATH_UNKNOWN, path="/" + "/".join(segments[:2]))
        # A call to an expired version is served by the oldest live one.
        version = f"v{max(number, OLDEST_LIVE)}.0"
        segments = segments[1:]
    if not 1 <= len(segments) <= 2:
        raise GraphError(errors.PATH_UNKNOWN, path="/" + "/".join(segments))
    params: dict[str, Any] = dict(parse_qsl(request.url.query, keep_blank_values=True))
    sent, source = await _read_body(request)
    params.update(sent)
    token = params.pop("access_token", None)
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() in ("bearer", "oauth") and value.strip():
        token = value.strip()
    return GraphCall(
        method=request.method,
        version=version,
        node=segments[0],
        edge=segments[1] if len(segments) == 2 else None,
        params=params,
        source=source,
        token=str(token) if token else None,
    )


async def _read_body(request: Request) -> tuple[dict[str, Any], bytes | None]:
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > BODY_LIMIT:
                raise GraphError(errors.BODY_TOO_LARGE)
    except ClientDisconnect as gone:
        raise GraphError(errors.SERVICE_DOWN) from gone
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not body:
        return {}, None
    if kind == "application/json":
        try:
            sent = json.loads(bytes(body))
        except (ValueError, RecursionError) as error:
            raise GraphError(errors.PARAMETER_INVALID, name="body", problem="must be JSON") from error
        if not isinstance(sent, dict):
            raise GraphError(errors.PARAMETER_INVALID, name="body", problem="must be an object")
        return sent, None
    if kind == "multipart/form-data":
        return await _read_multipart(request, bytes(body))
    try:
        return dict(parse_qsl(bytes(body).decode(), keep_blank_values=True)), None
    except UnicodeDecodeError as error:
        raise GraphError(errors.PARAMETER_INVALID, name="body", problem="must be UTF-8") from error


async def _read_multipart(request: Request, body: bytes) -> tuple[dict[str, Any], bytes | None]:
    async def parts() -> AsyncIterator[bytes]:
        yield body

    try:
        form = await MultiPartParser(request.headers, parts(), max_part_size=BODY_LIMIT).parse()  # type: ignore[arg-type]
    except (MultiPartException, KeyError, ValueError) as error:
        raise GraphError(errors.PARAMETER_INVALID, name="body", problem="must be multipart") from error
    sent: dict[str, Any] = {}
    source: bytes | None = None
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            source = await value.read()
        else:
            sent[name] = value
    await form.close()
    return sent, source
