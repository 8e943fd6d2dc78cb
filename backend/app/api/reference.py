"""The API reference: the OpenAPI description as one page for people, without a script.

It is made of the description alone, so it cannot say anything else than the code. It loads nothing but the
icon and the typeface of this server. Every text of the description is escaped.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from http import HTTPStatus
from string import Template
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from app.api.reference_page import PAGE, STYLE

Schema = Mapping[str, Any]
Operations = Sequence[tuple[str, str, Schema]]
"""Method, path and description of each."""

_HEADERS = {
    "Cache-Control": "public, max-age=300",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}
# Not a rule for anybody: ids end where the database's column does.
_LARGEST_ID = 2**63 - 1
_FONT = Template('@font-face { font-family: "Inter Variable"; font-weight: 100 900; src: url("$url"); }')


def install(app: FastAPI, *, address: str, base_url: str, font_url: str | None = None) -> None:
    """Serve the page at `address`. It is made at the first request and kept.

    `base_url` is where the world reaches this server, without a path. `font_url` is where it serves Inter.
    """

    @cache
    def page() -> str:
        return render(app.openapi(), base_url=base_url, font_url=font_url)

    @app.get(address, include_in_schema=False)
    async def reference() -> HTMLResponse:
        return HTMLResponse(page(), headers=_HEADERS)


def render(description: Schema, *, base_url: str, font_url: str | None = None) -> str:
    """The whole page for an OpenAPI 3.1 description."""
    schemas: Schema = description.get("components", {}).get("schemas", {})
    groups: dict[str, list[tuple[str, str, Schema]]] = {}
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            tag = (operation.get("tags") or ["other"])[0]
            groups.setdefault(tag, []).append((method.upper(), path, operation))
    title = html.escape(description["info"]["title"])
    return PAGE.substitute(
        title=title,
        version=html.escape(description["info"]["version"]),
        about=_prose(description["info"].get("description")),
        api=html.escape(f"{base_url}/api/v1"),
        style=(_FONT.substitute(url=font_url) if font_url else "") + STYLE,
        index="".join(_index_entry(tag, group) for tag, group in groups.items()),
        operations="".join(_group(tag, group, schemas) for tag, group in groups.items()),
        types="".join(_type(name, schema) for name, schema in sorted(schemas.items())),
    )


def _index_entry(tag: str, group: Operations) -> str:
    links = "".join(
        f'<li><a href="#{_operation_anchor(method, path, operation)}">'
        f"{html.escape(operation.get('summary', path))}</a></li>"
        for method, path, operation in group
    )
    return f'<li><a href="#{_anchor("tag", tag)}">{html.escape(tag.capitalize())}</a><ul>{links}</ul></li>'


def _group(tag: str, group: Operations, schemas: Schema) -> str:
    anchor = _anchor("tag", tag)
    cards = "".join(_operation(method, path, operation, schemas) for method, path, operation in group)
    heading = f'<h2 id="{anchor}">{html.escape(tag.capitalize())}</h2>'
    return f'<section aria-labelledby="{anchor}">{heading}{cards}</section>'


def _operation(method: str, path: str, operation: Schema, schemas: Schema) -> str:
    anchor = _operation_anchor(method, path, operation)
    shown_path = re.sub(r"\{[^}]*\}", r"<var>\g<0></var>", html.escape(path))
    taken = [
        _row(one["name"], one["in"] + (", required" if one.get("required") else ""), one["schema"], one)
        for one in operation.get("parameters", ())
    ]
    asked = f"<table><caption>Parameters</caption>{''.join(taken)}</table>" if taken else ""
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        asked += _fields(
            f"Body, {_named(media_type, content)}", content.get("schema", {}), schemas, is_sent=True
        )
    answers = "".join(
        _answer(status, answer, schemas) for status, answer in sorted(operation.get("responses", {}).items())
    )
    return (
        f'<article class="card" aria-labelledby="{anchor}"><header>'
        f'<h3 id="{anchor}">{html.escape(operation.get("summary", path))}</h3><p class="call">'
        f'<span class="method {method.lower()}">{html.escape(method)}</span> '
        f'<code class="all">{shown_path}</code> '
        f'<span class="quiet">{"needs a token" if operation.get("security") else "open to all"}</span></p>'
        "</header>"
        f'<div class="asked">{_prose(operation.get("description"))}{asked}</div>'
        f'<div class="answers">{answers}</div></article>'
    )


def _answer(status: str, answer: Schema, schemas: Schema) -> str:
    if status == "default":
        return f'<p class="quiet">Any refusal: {_link("Problem")}</p>' if "Problem" in schemas else ""
    phrase = HTTPStatus(int(status)).phrase if status.isdigit() else ""
    # The framework's own words for an answer that nobody described say nothing.
    said = "" if answer["description"] == "Successful Response" else f": {html.escape(answer['description'])}"
    label = f'{html.escape(status)} {phrase}<span class="named">{said}</span>'
    return (
        "".join(
            _fields(f"{label} {_named(media_type, content)}", content.get("schema", {}), schemas)
            for media_type, content in answer.get("content", {}).items()
        )
        or f'<p class="label">{label}</p>'
    )


def _named(media_type: str, content: Schema) -> str:
    """What a body is: its type, and how it is written when that is not JSON."""
    kind = _kind(content["schema"]) if "$ref" in content.get("schema", {}) else ""
    written = "" if media_type == "application/json" else f"<code>{html.escape(media_type)}</code>"
    return f'<span class="named">{written} {kind}</span>'


def _type(name: str, schema: Schema) -> str:
    # What clients send refuses fields that it does not know; answers may grow.
    is_sent = schema.get("additionalProperties") is False
    closed = '<p class="quiet">Other fields are refused.</p>' if is_sent else ""
    anchor = _anchor("type", name)
    return (
        f'<article class="card type" aria-labelledby="{anchor}"><header>'
        f'<h3 id="{anchor}"><code>{html.escape(name)}</code></h3>'
        f"{_prose(schema.get('description'))}{closed}</header>"
        f"<div>{_fields('', schema, {}, is_sent=is_sent)}</div></article>"
    )


def _fields(caption: str, schema: Schema, schemas: Schema, *, is_sent: bool = False) -> str:
    """The fields of an object, named or not; of anything else, what it is."""
    found = schemas.get(schema["$ref"].rpartition("/")[2], {}) if "$ref" in schema else schema
    required = found.get("required", ()) if is_sent else ()
    rows = "".join(
        _row(name, "required" if name in required else "", field, field, is_sent=is_sent)
        for name, field in found.get("properties", {}).items()
    )
    if not rows:
        return f'<p class="label">{caption} {_kind(schema) if schema else ""}</p>'
    return f"<table>{f'<caption>{caption}</caption>' if caption else ''}{rows}</table>"


def _row(name: str, note: str, schema: Schema, described: Schema, *, is_sent: bool = True) -> str:
    limits = "".join(f", {limit}" for limit in _limits(schema))
    if is_sent and "default" in schema:
        limits += f", default {_code(schema['default'])}"
    return (
        f'<tr><th scope="row"><code>{html.escape(name)}</code>'
        f"{f'<span>{html.escape(note)}</span>' if note else ''}</th>"
        f"<td>{_kind(schema)}{limits}{_prose(described.get('description'))}</td></tr>"
    )


def _kind(schema: Schema) -> str:
    """What a value is: a type, a choice, a list of something."""
    if "$ref" in schema:
        return _link(schema["$ref"].rpartition("/")[2])
    for together, word in (("anyOf", " or "), ("oneOf", " or "), ("allOf", " and ")):
        if together in schema:
            return word.join(map(_kind, schema[together]))
    if "enum" in schema or "const" in schema:
        return " ".join(map(_code, schema.get("enum", [schema.get("const")])))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_kind(schema['additionalProperties'])}"
    return html.escape(_FORMATS.get(schema.get("format", "")) or str(schema.get("type", "any value")))


def _limits(schema: Schema) -> Iterable[str]:
    for part in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from _limits(part)
    for least, most, unit in (
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " items"),
        ("minimum", "maximum", ""),
    ):
        low, high = schema.get(least), schema.get(most)
        if high is not None and high >= _LARGEST_ID:
            high = None
        if low is not None and high is not None:
            yield f"{low:,.15g} to {high:,.15g}{unit}"
        elif low is not None:
            yield f"at least {low:,.15g}{unit}"
        elif high is not None:
            yield f"up to {high:,.15g}{unit}"
    if schema.get("type") == "array":
        yield from (f"each {limit}" for limit in _limits(schema.get("items", {})))
    if "pattern" in schema:
        yield f"matching <code>{html.escape(schema['pattern'])}</code>"
    for example in schema.get("examples", ()):
        yield f"such as {_code(example)}"


def _code(value: object) -> str:
    shown = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return f"<code>{html.escape(shown)}</code>"


def _prose(text: str | None) -> str:
    """Paragraphs, with words between backticks as code."""
    paragraphs = [part for part in re.split(r"\n\s*\n", html.escape(text or "")) if part.strip()]
    return re.sub("`([^`]+)`", r"<code>\1</code>", "".join(f"<p>{part}</p>" for part in paragraphs))


def _link(name: str) -> str:
    return f'<a href="#{_anchor("type", name)}">{html.escape(name)}</a>'


def _operation_anchor(method: str, path: str, operation: Schema) -> str:
    return _anchor("op", operation.get("operationId") or f"{method}{path}")


def _anchor(kind: str, name: str) -> str:
    return re.sub(r"[^\w.]+", "-", f"{kind}-{name}")


_FORMATS = {
    "binary": "file",
    "date-time": "RFC 3339 time",
    "email": "e-mail address",
    "uri": "URL",
}
