"""Running products for the tests of the API.

`live` runs a test twice, on SQLite and on PostgreSQL; `embedded` is the one on SQLite, for what no database
decides; `bucket` keeps its pictures in an S3 store; `troubled` has its simulators in a process of its own,
`elsewhere`, where tests switch faults on. Each starts when first wanted and serves every test of
this process that asks for it. `signs_up` makes a person with a business of their own.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator

import pytest

from tests.api.live import Live, files_below, postgres_execute, sqlite_execute
from tests.person import Person
from tests.practice_server import PracticeProcess, practice_process
from tests.servers.postgres import PostgresServer
from tests.servers.product import running_product
from tests.servers.seaweedfs import SeaweedServer

SignsUp = Callable[..., Person]
Regular = Callable[[Live], Person]

_GROUPS = ("embedded", "on_postgresql", "bucket", "troubled")


# Before pytest-xdist reads the groups, which it does in the same hook.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Tests of one server go to one test process, so that it starts once.
    for item in items:
        wanted = set(getattr(item, "fixturenames", ()))
        callspec = getattr(item, "callspec", None)
        wanted.add(callspec.params.get("live") if callspec else None)
        for name in _GROUPS:
            if name in wanted:
                item.add_marker(pytest.mark.xdist_group(name))
                break


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The product as it comes: SQLite, files in a folder, simulators inside."""
    data_dir = tmp_path_factory.mktemp("embedded") / "data"
    with running_product(data_dir) as product:
        yield Live(product, sqlite_execute(data_dir / "aigrowth.db"), lambda: files_below(data_dir / "files"))


@pytest.fixture(scope="session")
def on_postgresql(
    postgres_server: PostgresServer, _migrated_postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    """The product on PostgreSQL."""
    data_dir = tmp_path_factory.mktemp("on-postgresql") / "data"
    name = f"api_{uuid.uuid4().hex}"
    url = postgres_server.create_database(name, template=_migrated_postgres)
    with running_product(data_dir, settings={"DATABASE_URL": url}) as product:
        yield Live(product, postgres_execute(postgres_server, name), lambda: files_below(data_dir / "files"))


@pytest.fixture(scope="session")
def bucket(seaweedfs_server: SeaweedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The product with its pictures in a bucket of an S3 store."""
    data_dir = tmp_path_factory.mktemp("bucket") / "data"
    name, client = seaweedfs_server.create_bucket(), seaweedfs_server.client()
    settings = {
        "STORAGE_PROVIDER": "s3",
        "AWS_S3_BUCKET": name,
        "AWS_S3_REGION": seaweedfs_server.region,
        "AWS_S3_ENDPOINT_URL": seaweedfs_server.endpoint,
        "AWS_ACCESS_KEY_ID": seaweedfs_server.access_key,
        "AWS_SECRET_ACCESS_KEY": seaweedfs_server.secret_key,
    }

    def list_objects() -> frozenset[str]:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=name)
        keys = (entry["Key"] for page in pages for entry in page.get("Contents", ()))
        return frozenset(key for key in keys if not key.startswith("check/"))

    with running_product(data_dir, settings=settings) as product, contextlib.closing(client):
        yield Live(product, sqlite_execute(data_dir / "aigrowth.db"), list_objects)


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeProcess]:
    """The simulators of `troubled`."""
    with practice_process(tmp_path_factory.mktemp("elsewhere")) as server:
        yield server


@pytest.fixture(scope="session")
def troubled(elsewhere: PracticeProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The product whose simulators misbehave when they are told to."""
    data_dir = tmp_path_factory.mktemp("troubled") / "data"
    settings = {
        "PRACTICE_URL": elsewhere.url,
        "PRACTICE_KEY": elsewhere.key,
        "PUBLISH_SETTLE_AFTER": "2",
        # Accounts whose tokens the tests know can be connected as anybody's would be.
        "META_GRAPH_URL": elsewhere.graph_url,
        "MEDIA_REACHABILITY": "lenient",
        # Tests that have nothing to do with each other misbehave here at the same time.
        "PUBLISH_HOLD_ACCOUNTS": "1000",
        "AI_RATE_LIMIT": "1000/minute",
    }
    with running_product(data_dir, settings=settings) as product:
        yield Live(product, sqlite_execute(data_dir / "aigrowth.db"), lambda: files_below(data_dir / "files"))


@pytest.fixture(params=["embedded", "on_postgresql"])
def live(request: pytest.FixtureRequest) -> Live:
    """The product, on each database."""
    found: Live = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def regular() -> Iterator[Regular]:
    """`regular(live)`: the same person each time, for what only gets refused."""
    people: dict[str, Person] = {}

    def find(where: Live) -> Person:
        if where.url not in people:
            people[where.url] = Person.signs_up(where.url)
        return people[where.url]

    yield find
    for person in people.values():
        person.close()


@pytest.fixture
def signs_up() -> Iterator[SignsUp]:
    """`signs_up(live)`: a new person there; more of `Person.signs_up` by keyword."""
    people: list[Person] = []

    def sign_up(where: Live, **more: str) -> Person:
        people.append(Person.signs_up(where.url, **more))
        return people[-1]

    yield sign_up
    for person in people:
        person.close()
