"""The rules of the house, read from the imports and calls that the code really makes.

Each rule has a sentence of its own, which is what a person sees who breaks it, and below an example that
proves it can fail.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

BACKEND = Path(__file__).resolve().parents[1]

# What each floor may import of the house, besides itself. Modules directly in `app` put the floors
# together and may import everything.
MAY_IMPORT = {
    "api": {"schemas", "services", "core"},
    "worker": {"services", "core"},
    "schemas": {"core"},
    "services": {"models", "imaging", "providers", "core"},
    "models": {"core"},
    "imaging": {"core"},
    "providers": {"core"},
    "core": set[str](),
}
# The two doors may name the classes of these floors, to say what they were given, but call nothing there.
CLASSES_FROM = {"api": {"models", "imaging", "providers"}, "worker": {"models", "imaging", "providers"}}
# A request finds the assembled product here, and only here.
EXCEPTIONS = {("app.api.deps", "app.wiring")}

FOREIGN = {
    "api": {"sqlalchemy", "alembic"},
    "worker": {"sqlalchemy", "fastapi", "starlette"},
    "schemas": {"sqlalchemy", "fastapi", "starlette"},
    "services": {"fastapi", "starlette", "celery"},
    "models": {"fastapi", "starlette", "celery", "pydantic"},
    "imaging": {"fastapi", "starlette", "celery", "sqlalchemy"},
    "providers": {"fastapi", "starlette", "celery", "sqlalchemy"},
    "core": {"fastapi", "starlette", "celery"},
}

ADAPTERS = {
    "storage": {"local", "s3", "cloudinary"},
    "image_generation": {"openai", "stability", "replicate", "automatic1111", "comfyui"},
    "publishing": {"instagram", "facebook"},
}

HTTP_CLIENTS = {"httpx", "httpx2", "aiohttp", "requests", "urllib3", "urllib.request", "http.client"}
STATEMENTS = {"select", "insert", "update", "delete"}
CLOCKS = {
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
    "sqlalchemy.func.now",
    "sqlalchemy.func.current_timestamp",
}


@dataclass(frozen=True, slots=True)
class Module:
    """A source file: what it imports, and what the names that it uses stand for."""

    name: str
    imports: dict[str, int] = field(default_factory=dict)  # full dotted name -> line
    uses: dict[str, int] = field(default_factory=dict)  # full dotted name -> line

    @property
    def floor(self) -> str:
        """`api` for `app.api.images`; empty for `app.main`, and for everything that is not `app`."""
        parts = self.name.split(".")
        return parts[1] if parts[0] == "app" and len(parts) > 1 and parts[1] in MAY_IMPORT else ""


def read_module(name: str, source: str, *, is_package: bool = False) -> Module:
    """Take a file apart. Imports inside of functions and type checks count like all others."""
    module = Module(name)
    aliases: dict[str, str] = {}
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                module.imports[alias.name] = node.lineno
                aliases[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                here = name.split(".") if is_package else name.split(".")[:-1]
                base = ".".join([*here[: len(here) - node.level + 1], *([base] if base else [])])
            for alias in node.names:
                module.imports[f"{base}.{alias.name}"] = node.lineno
                aliases[alias.asname or alias.name] = f"{base}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            parts: list[str] = []
            inner: ast.expr = node
            while isinstance(inner, ast.Attribute):
                parts.insert(0, inner.attr)
                inner = inner.value
            if isinstance(inner, ast.Name) and inner.id in aliases:
                module.uses.setdefault(".".join([aliases[inner.id], *parts]), node.lineno)
    return module


def is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


Rule = Callable[[Module], Iterator[tuple[int, str]]]


def calls_go_downwards(module: Module) -> Iterator[tuple[int, str]]:
    if not module.floor:
        return
    for name, line in module.imports.items():
        if not is_within(name, "app"):
            continue
        target = name.split(".")[1] if "." in name else ""
        if target == module.floor or target in MAY_IMPORT[module.floor]:
            continue
        if any(module.name == user and is_within(name, used) for user, used in EXCEPTIONS):
            continue
        if target not in CLASSES_FROM.get(module.floor, ()):
            allowed = ", ".join(sorted(MAY_IMPORT[module.floor])) or "nothing of the house"
            yield line, f"{module.floor} may import {allowed}, not {name}"
        elif not name.rpartition(".")[2][:1].isupper():
            yield line, f"{module.floor} may name classes of {target}, and leave calling {name} to a service"


def each_floor_knows_its_own_tools(module: Module) -> Iterator[tuple[int, str]]:
    for name, line in module.imports.items():
        for package in FOREIGN.get(module.floor, ()):
            if is_within(name, package):
                yield line, f"{module.floor} must not know {package}"


def services_know_providers_by_their_contract(module: Module) -> Iterator[tuple[int, str]]:
    if module.floor in ("", "providers"):
        return
    for name, line in module.imports.items():
        if is_within(name, "app.providers") and name.split(".")[3:4] != ["base"]:
            yield line, f"only app/wiring.py names concrete providers; import the folder's base, not {name}"


def only_wiring_names_adapters(module: Module) -> Iterator[tuple[int, str]]:
    if not is_within(module.name, "app") or module.floor or module.name == "app.wiring":
        return
    for name, line in module.imports.items():
        if is_within(name, "app.providers") and name.split(".")[3:4] != ["base"]:
            yield line, f"only app/wiring.py names concrete providers, not {module.name}"


def providers_do_not_know_each_other(module: Module) -> Iterator[tuple[int, str]]:
    if module.floor != "providers":
        return
    folder, own = [*module.name.split("."), "", ""][2:4]
    for name, line in module.imports.items():
        other_folder, other = [*name.split("."), "", "", ""][2:4]
        if not is_within(name, "app.providers") or not other_folder:
            continue
        if other_folder != folder:
            yield line, f"providers/{folder} must not import providers/{other_folder}"
        elif other in ADAPTERS.get(folder, ()) and other != own:
            yield line, f"providers do not import each other, so {own} not {other}"


def statements_are_written_in_models(module: Module) -> Iterator[tuple[int, str]]:
    if not is_within(module.name, "app") or module.floor == "models":
        return
    for name, line in module.uses.items():
        if name.partition(".")[0] == "sqlalchemy" and name.rpartition(".")[2] in STATEMENTS:
            yield (
                line,
                f"{name.rpartition('.')[2]}( is written in app/models only: give the question a name there",
            )


def the_environment_is_read_in_config(module: Module) -> Iterator[tuple[int, str]]:
    if not is_within(module.name, "app") or module.name == "app.core.config":
        return
    for name, line in (module.uses | module.imports).items():
        if any(is_within(name, variable) for variable in ("os.environ", "os.environb", "os.getenv")):
            yield line, "the environment is read in app/core/config.py only: take a Settings"


def the_time_is_read_from_the_clock(module: Module) -> Iterator[tuple[int, str]]:
    if not is_within(module.name, "app") or module.name == "app.core.clock":
        return
    for name, line in module.uses.items():
        if name in CLOCKS:
            yield line, "the current time is read in app/core/clock.py only: call clock.now()"


def outgoing_http_has_two_homes(module: Module) -> Iterator[tuple[int, str]]:
    if not is_within(module.name, "app") or module.floor in ("core", "providers"):
        return
    for name, line in module.imports.items():
        if any(is_within(name, client) for client in HTTP_CLIENTS):
            yield line, "outgoing HTTP is for app/core/fetch.py and the providers"


def practice_and_the_product_are_strangers(module: Module) -> Iterator[tuple[int, str]]:
    for name, line in module.imports.items():
        if is_within(module.name, "practice") and is_within(name, "app"):
            yield line, "practice imports nothing from app: they talk over HTTP"
        if is_within(module.name, "app") and is_within(name, "practice") and module.name != "app.main":
            yield line, "only app/main.py knows that practice exists: it mounts it"


RULES: list[Rule] = [
    calls_go_downwards,
    each_floor_knows_its_own_tools,
    services_know_providers_by_their_contract,
    only_wiring_names_adapters,
    providers_do_not_know_each_other,
    statements_are_written_in_models,
    the_environment_is_read_in_config,
    the_time_is_read_from_the_clock,
    outgoing_http_has_two_homes,
    practice_and_the_product_are_strangers,
]


def all_modules() -> Iterator[tuple[Path, Module]]:
    for package in ("app", "practice"):
        for path in sorted((BACKEND / package).rglob("*.py")):
            parts = path.relative_to(BACKEND).with_suffix("").parts
            is_package = parts[-1] == "__init__"
            name = ".".join(parts[:-1] if is_package else parts)
            yield path, read_module(name, path.read_text(encoding="utf-8"), is_package=is_package)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_code_keeps_the_rule(rule: Rule) -> None:
    broken = [
        f"{path.relative_to(BACKEND)}:{line}: {message}"
        for path, module in all_modules()
        for line, message in rule(module)
    ]
    assert not broken, "\n" + "\n".join(broken)


# One example for each way to break a rule: the module that it stands in, its source, a part of the message.
BROKEN: list[tuple[Rule, str, str, str]] = [
    (calls_go_downwards, "app.services.images", "from app.api import images", "services may import"),
    (
        calls_go_downwards,
        "app.services.images",
        "from app.schemas.images import ImageView",
        "services may import",
    ),
    (
        calls_go_downwards,
        "app.services.images",
        "def f():\n    from app import wiring",
        "services may import",
    ),
    (calls_go_downwards, "app.services.images", "from ..api import images", "services may import"),
    (calls_go_downwards, "app.api.images", "from app.models import images", "to a service"),
    (calls_go_downwards, "app.api.images", "from app.models.images import find_image", "to a service"),
    (calls_go_downwards, "app.api.images", "from app.wiring import Product", "api may import"),
    (calls_go_downwards, "app.worker.jobs", "import app.models.images", "to a service"),
    (calls_go_downwards, "app.models.images", "from app.imaging import verify", "models may import core"),
    (calls_go_downwards, "app.imaging.verify", "from app.models import images", "imaging may import core"),
    (calls_go_downwards, "app.core.db", "from app.models import images", "nothing of the house"),
    (each_floor_knows_its_own_tools, "app.api.images", "from sqlalchemy.orm import Session", "sqlalchemy"),
    (each_floor_knows_its_own_tools, "app.services.images", "from fastapi import Request", "fastapi"),
    (each_floor_knows_its_own_tools, "app.services.images", "import starlette.requests", "starlette"),
    (each_floor_knows_its_own_tools, "app.services.jobs", "import celery", "celery"),
    (
        services_know_providers_by_their_contract,
        "app.services.images",
        "from app.providers.storage.local import LocalStorage",
        "only app/wiring.py",
    ),
    (
        services_know_providers_by_their_contract,
        "app.services.images",
        "from app.providers.storage import local",
        "only app/wiring.py",
    ),
    (only_wiring_names_adapters, "app.main", "import app.providers.storage.s3", "not app.main"),
    (
        providers_do_not_know_each_other,
        "app.providers.storage.s3",
        "from app.providers.publishing.base import TryLater",
        "providers/storage must not import providers/publishing",
    ),
    (
        providers_do_not_know_each_other,
        "app.providers.publishing.facebook",
        "from .instagram import InstagramPublisher",
        "so facebook not instagram",
    ),
    (
        statements_are_written_in_models,
        "app.services.images",
        "from sqlalchemy import select\nselect(1)",
        "select( is written",
    ),
    (
        statements_are_written_in_models,
        "app.wiring",
        "import sqlalchemy as sa\nsa.update(1)",
        "update( is written",
    ),
    (the_environment_is_read_in_config, "app.main", "import os\nos.environ['A']", "app/core/config.py"),
    (the_environment_is_read_in_config, "app.main", "from os import getenv", "app/core/config.py"),
    (the_environment_is_read_in_config, "app.core.db", "import os as o\no.getenv('A')", "app/core/config.py"),
    (
        the_time_is_read_from_the_clock,
        "app.services.posts",
        "from datetime import UTC, datetime\ndatetime.now(UTC)",
        "clock.now()",
    ),
    (
        the_time_is_read_from_the_clock,
        "app.core.db",
        "import datetime as dt\ndt.datetime.utcnow()",
        "clock.now()",
    ),
    (the_time_is_read_from_the_clock, "app.api.images", "from time import time\ntime()", "clock.now()"),
    (
        the_time_is_read_from_the_clock,
        "app.models.posts",
        "from sqlalchemy import func\nfunc.now()",
        "clock.now()",
    ),
    (outgoing_http_has_two_homes, "app.services.images", "import httpx", "app/core/fetch.py"),
    (
        outgoing_http_has_two_homes,
        "app.api.images",
        "from urllib.request import urlopen",
        "app/core/fetch.py",
    ),
    (outgoing_http_has_two_homes, "app.imaging.verify", "import http.client", "app/core/fetch.py"),
    (
        practice_and_the_product_are_strangers,
        "practice.graph",
        "from app.core import clock",
        "nothing from app",
    ),
    (practice_and_the_product_are_strangers, "app.services.users", "import practice", "only app/main.py"),
]


@pytest.mark.parametrize(
    ("rule", "name", "source", "message"),
    BROKEN,
    ids=[f"{rule.__name__}-{number}" for number, (rule, *_) in enumerate(BROKEN)],
)
def test_breaking_the_rule_is_noticed(rule: Rule, name: str, source: str, message: str) -> None:
    [(_, found)] = set(rule(read_module(name, source)))
    assert message in found


def test_every_rule_has_an_example_that_breaks_it() -> None:
    assert {rule for rule, *_ in BROKEN} == set(RULES)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("app.api.images", "from fastapi import APIRouter\nfrom app.services import images"),
        ("app.api.images", "from app.models.images import Image"),
        ("app.api.deps", "from app.wiring import Product"),
        ("app.services.images", "from app.providers.storage.base import Storage"),
        ("app.services.images", "import time\ntime.monotonic()\nfrom urllib.parse import urlsplit"),
        (
            "app.services.images",
            "from sqlalchemy.exc import IntegrityError\nitems.update(a=1)\nsession.delete(1)",
        ),
        ("app.models.images", "from sqlalchemy import select\nselect(1)"),
        (
            "app.providers.publishing.facebook",
            "import httpx\nfrom app.providers.publishing.graph import GraphClient",
        ),
        ("app.wiring", "from app.providers.storage.s3 import S3Storage"),
        ("app.main", "from practice import create_practice_app"),
    ],
)
def test_what_the_rules_allow_is_left_alone(name: str, source: str) -> None:
    module = read_module(name, source)
    assert [message for rule in RULES for _, message in rule(module)] == []
