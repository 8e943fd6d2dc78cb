"""The whole product, running, and what it keeps: rows, objects and temporary files, seen from outside."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.person import NO_TLS
from tests.practice_server import poll
from tests.servers.postgres import PostgresServer
from tests.servers.product import Product

Execute = Callable[[str], list[str]]
"""Runs one SQL statement; gives back the first column."""

LONG_AGO = "'2020-01-01 00:00:00.000000'"
"""A moment in SQL that both databases read."""


@dataclass(frozen=True, slots=True)
class Belongings:
    """What a server keeps that an upload or a generation could add to."""

    rows: dict[str, int]
    objects: frozenset[str]


@dataclass(frozen=True, slots=True)
class Live:
    """A running product. Tests share it, so each signs up somebody of its own."""

    product: Product
    execute: Execute
    list_objects: Callable[[], frozenset[str]]

    @property
    def url(self) -> str:
        return self.product.url

    def count(self, table: str, where: str = "1 = 1") -> int:
        """How many rows of a table fulfil the condition."""
        return int(self.execute(f"SELECT count(*) FROM {table} WHERE {where}")[0])

    def belongings(self) -> Belongings:
        """What is kept now."""
        tables = ("images", "renditions", "storage_intents", "posts", "publications")
        return Belongings({table: self.count(table) for table in tables}, self.list_objects())

    def temporary_files(self) -> list[str]:
        """What lies in the folder for work that is under way."""
        work = self.product.data_dir / "work"
        return sorted(path.name for path in work.rglob("*")) if work.exists() else []

    def memory(self) -> int:
        """The bytes of memory that the process takes, as it says itself; on Linux only."""
        lines = fetch(f"{self.url}/metrics").text.splitlines()
        (line,) = (line for line in lines if line.startswith("process_resident_memory_bytes "))
        return int(float(line.split()[1]))

    @contextlib.contextmanager
    def nothing_is_left_behind(self) -> Iterator[None]:
        """Afterwards the server keeps what it kept before, has tidied up, and still answers."""
        before = self.belongings()
        yield
        poll(lambda: None if self.temporary_files() else True, what="an empty folder for temporary files")
        assert self.belongings() == before
        self.is_well()

    def is_well(self) -> None:
        """The process lives and says that everything works."""
        assert self.product.process.is_running()
        answer = fetch(f"{self.url}/readyz")
        assert answer.status_code == 200, answer.text


def fetch(url: str, method: str = "GET", **headers: str) -> httpx.Response:
    """Ask for a URL as nobody in particular."""
    return httpx.request(method, url, headers=headers, trust_env=False, verify=NO_TLS, timeout=60)


def files_below(folder: Path) -> frozenset[str]:
    """The keys of the objects in a folder of the local store."""
    # The readiness check of the store writes below `check`, whenever somebody asks.
    return frozenset(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] not in ("check", ".tmp")
    )


def sqlite_execute(path: Path) -> Execute:
    """Statements on the embedded database of a running product."""

    def execute(statement: str) -> list[str]:
        with contextlib.closing(sqlite3.connect(path, timeout=30)) as connection, connection:
            return [str(row[0]) for row in connection.execute(statement)]

    return execute


def postgres_execute(server: PostgresServer, name: str) -> Execute:
    """Statements on a PostgreSQL database."""
    return lambda statement: server.execute(statement, database=name).splitlines()


class Trap:
    """A port that nobody may knock at."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._listener = socket.create_server((host, 0))
        self._listener.setblocking(False)
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> Trap:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def was_touched(self) -> bool:
        """Whether somebody connected."""
        try:
            connection, _ = self._listener.accept()
        except BlockingIOError:
            return False
        connection.close()
        return True


def raw_form(*parts: tuple[str, bytes], boundary: str = "frontier") -> tuple[bytes, dict[str, str]]:
    """A multipart body with these Content-Disposition values, exactly as given, and its header."""
    body = b"".join(
        f"--{boundary}\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + content + b"\r\n"
        for disposition, content in parts
    )
    return (
        body + f"--{boundary}--\r\n".encode(),
        {"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )


def upload_form(business_id: int, content: bytes, disposition: str) -> tuple[bytes, dict[str, str]]:
    """An upload whose file's Content-Disposition is exactly `disposition`."""
    return raw_form(('form-data; name="business_id"', str(business_id).encode()), (disposition, content))
