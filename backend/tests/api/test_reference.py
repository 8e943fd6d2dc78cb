"""The API reference: complete, at home on this server, and nothing but text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from app.api.reference import render
from app.main import create_app
from tests.api.edge_app import edge_settings, serving, visitor

_WITHOUT_END = {"img", "link", "meta"}
_WITHIN_A_LINE = {"a", "code", "var"}
_HOSTILE = "</p><script>alert(1)</script><img src=x onerror=\"alert(2)\"> & 'ü' `</code><b>`"


@dataclass
class Element:
    """A part of the page, and what is written in it."""

    tag: str
    attributes: dict[str, str]
    words: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


class Document(HTMLParser):
    """Every element of a page. Fails when one is not closed where it was opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(text)
        self.close()
        assert not self._open, [element.tag for element in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _WITHIN_A_LINE:
            self.handle_data(" ")
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in _WITHOUT_END:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

        if tag not in _WITHIN_A_LINE:
            self.handle_data(" ")

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.words.append(data)

    def with_tag(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]

    def article(self, anchor: str) -> Element:
        [found] = [one for one in self.with_tag("article") if one.attributes["aria-labelledby"] == anchor]
        return found


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    return create_app(edge_settings(tmp_path, public_base_url="http://localhost:4321"))


@pytest.fixture
def page(app: FastAPI) -> Document:
    return Document(render(app.openapi(), base_url="http://localhost:4321", font_url="/assets/inter.woff2"))


def field_names(schema: dict[str, Any], schemas: dict[str, Any]) -> Iterator[str]:
    yield from schemas.get(schema.get("$ref", "").rpartition("/")[2], schema).get("properties", ())


async def test_anybody_can_read_the_reference(app: FastAPI) -> None:
    async with serving(app) as url, visitor(url) as client:
        answer = await client.get("/api/v1/docs")
        again = await client.get("/api/v1/docs")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.text == again.text
    texts = [code.text for code in Document(answer.text).with_tag("code")]
    assert "http://localhost:4321/api/v1" in texts
    assert "/api/v1/docs" not in app.openapi()["paths"]


def test_every_operation_is_described_with_all_that_it_takes_and_answers(
    app: FastAPI, page: Document
) -> None:
    description = app.openapi()
    schemas = description["components"]["schemas"]
    links = {link.attributes["href"] for link in page.with_tag("a")}
    count = 0
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            anchor = f"op-{operation['operationId']}"
            text = page.article(anchor).text
            assert f"{operation['summary']} {method.upper()} {path} " in text
            assert " ".join(operation["description"].replace("`", "").split()) in text
            assert ("needs a token" in text) == ("security" in operation)
            # Some names that Meta chose have dots inside.
            words = {*re.findall(r"[\w-]+", text), *re.findall(r"[\w-]+(?:\.[\w-]+)+", text)}
            assert words >= {parameter["name"] for parameter in operation.get("parameters", ())}, anchor
            answers = operation["responses"]
            assert all(status in text for status in answers if status != "default"), anchor
            bodies = [
                operation.get("requestBody", {}),
                *(answers[key] for key in answers if key != "default"),
            ]
            for body in bodies:
                for content in body.get("content", {}).values():
                    assert set(field_names(content["schema"], schemas)) <= words, anchor
            assert f"#{anchor}" in links
            count += 1
    assert count > 30


def test_every_type_is_described_with_all_its_fields(app: FastAPI, page: Document) -> None:
    for name, schema in app.openapi()["components"]["schemas"].items():
        text = page.article(f"type-{name}").text
        assert set(field_names(schema, {})) <= set(re.findall(r"[\w-]+", text)), name


def test_every_link_on_the_page_leads_somewhere(page: Document) -> None:
    ids = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    for element in page.elements:
        for name in ("href", "aria-labelledby"):
            address = element.attributes.get(name, "")
            if name == "aria-labelledby" or address.startswith("#"):
                assert address.removeprefix("#") in {*ids, ""}, address


async def test_nothing_runs_and_nothing_is_loaded_from_another_host(app: FastAPI, page: Document) -> None:
    assert not page.with_tag("script")
    for element in page.elements:
        assert not [name for name in element.attributes if name.startswith("on")]
        for name in ("src", "href", "srcset", "action"):
            assert re.match(r"(#|/(?!/)|$)", element.attributes.get(name, "")), element
    [style] = page.with_tag("style")
    assert re.findall(r"url\(([^)]*)\)", style.text) == ['"/assets/inter.woff2"']
    assert "@import" not in style.text
    async with serving(app) as url, visitor(url) as client:
        policy = (await client.get("/api/v1/docs")).headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "script-src" not in policy


def test_texts_of_the_description_are_only_text() -> None:
    def described(text: str, name: str) -> Document:
        part = {
            "type": "string",
            "description": text,
            "enum": [text, None],
            "default": text,
            "pattern": text,
            "examples": [text],
        }
        named = {"type": "object", "properties": {name: part}, "required": [name], "description": text}
        reference = {"$ref": f"#/components/schemas/{name}"}
        operation = {
            "tags": [name],
            "summary": text,
            "description": text,
            "operationId": name,
            "parameters": [{"name": name, "in": name, "schema": part, "description": text}],
            "requestBody": {"content": {name: {"schema": named}, "text/plain": {"schema": {"type": name}}}},
            "responses": {
                f"3{name}": {"description": text, "content": {"application/json": {"schema": reference}}},
                "204": {"description": text},
            },
        }
        description = {
            "info": {"title": text, "version": text, "description": text},
            "paths": {f"/{{{name}}}": {"get": operation}},
            "components": {"schemas": {name: named}},
        }
        # As it would travel: the page must not depend on types that JSON has not.
        return Document(render(json.loads(json.dumps(description)), base_url=f"http://x/{name}"))

    plain, hostile = described("plain `code`", "plain"), described(_HOSTILE, "\"><b a='`>")
    assert [element.tag for element in hostile.elements] == [element.tag for element in plain.elements]
    assert [sorted(element.attributes) for element in hostile.elements] == [
        sorted(element.attributes) for element in plain.elements
    ]
    assert hostile.with_tag("title")[0].text.startswith(_HOSTILE)


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "string", "minLength": 1, "maxLength": 200}, "string, 1 to 200 characters"),
        ({"type": "string", "minLength": 8}, "string, at least 8 characters"),
        ({"type": "string", "maxLength": 70000}, "string, up to 70,000 characters"),
        ({"type": "integer", "minimum": 1, "maximum": 2**63 - 1}, "integer, at least 1"),
        ({"type": "integer", "minimum": 1.0, "maximum": 9.223372036854776e18}, "integer, at least 1"),
        ({"type": "integer", "minimum": 1, "maximum": 100, "default": 20}, "integer, 1 to 100, default 20"),
        ({"enum": ["a", "b"], "type": "string"}, "a b"),
        ({"const": True, "type": "boolean"}, "true"),
        (
            {"anyOf": [{"type": "string", "maxLength": 5}, {"type": "null"}]},
            "string or null, up to 5 characters",
        ),
        ({"type": "string", "format": "date-time"}, "RFC 3339 time"),
        ({"type": "string", "format": "binary"}, "file"),
        ({"type": "string", "default": ""}, 'string, default ""'),
        ({"type": "string", "pattern": "^a$", "examples": ["a"]}, "string, matching ^a$, such as a"),
        (
            {"type": "array", "maxItems": 3, "items": {"type": "integer", "minimum": 1}},
            "list of integer, up to 3 items, each at least 1",
        ),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "object of integer"),
        ({"type": "object", "additionalProperties": True}, "object"),
        ({}, "any value"),
    ],
)
def test_a_value_is_described_in_words(schema: dict[str, Any], said: str) -> None:
    body = {"type": "object", "additionalProperties": False, "properties": {"it": schema}}
    description = {
        "info": {"title": "A", "version": "1"},
        "paths": {},
        "components": {"schemas": {"Body": body}},
    }
    page = Document(render(description, base_url="http://localhost"))
    assert page.article("type-Body").text.endswith(f" it {said}")
