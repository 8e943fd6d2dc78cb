"""One server process under a guard, and the small tools that every server here needs."""

from __future__ import annotations

import abc
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_GUARD = Path(__file__).with_name("guard.py")


class ServerDidNotStart(RuntimeError):
    """The server ended, or did not answer in time; the message holds the end of its log."""


class ServerProcess(abc.ABC):
    """A process of ours. It writes to `log`, and its id is `pid`."""

    log: Path
    pid: int

    @abc.abstractmethod
    def is_running(self) -> bool:
        """Whether it has not ended."""

    @abc.abstractmethod
    def kill(self) -> None:
        """`kill -9` for the process itself, then wait until it is gone."""

    @abc.abstractmethod
    def stop(self) -> int:
        """End it in order and return its exit code. Harmless when it is gone already."""

    def log_tail(self, lines: int = 60) -> str:
        """The end of what it wrote, for the message of a failed test."""
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        return ""

    def wait_until(self, is_ready: Callable[[], bool], *, what: str, seconds: float = 60.0) -> None:
        """Poll `is_ready` until it is true. Otherwise stop, and raise `ServerDidNotStart` with the log."""
        deadline = time.monotonic() + seconds
        try:
            while self.is_running():
                if is_ready():
                    return
                if time.monotonic() > deadline:
                    raise ServerDidNotStart(f"{what} is not ready after {seconds:.0f} s:\n{self.log_tail()}")
                time.sleep(0.02)
            raise ServerDidNotStart(f"{what} ended while starting:\n{self.log_tail()}")
        except BaseException:
            self.stop()
            raise


class GuardedProcess(ServerProcess):
    """A command that ends with this process, whatever happens to it (see `guard.py`).

    `stop` asks with `stop_signal`, waits `grace` seconds, then kills. `remove` is a folder to delete when
    this process dies without calling `stop`.
    `user` is a numeric user id to run as; only root may give it.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | str | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        grace: float = 10.0,
        user: int | None = None,
        remove: Path | None = None,
    ) -> None:
        self.log = log
        self._grace = grace
        options = ["--log", str(log), "--signal", stop_signal.name, "--grace", str(grace)]
        if user is not None:
            options += ["--user", str(user)]
        if remove is not None:
            options += ["--remove", str(remove)]
        self._guard = subprocess.Popen(
            [sys.executable, "-I", str(_GUARD), *options, "--", *map(str, command)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=None if env is None else dict(env),
            cwd=cwd,
            # A Ctrl-C in the terminal reaches the test run, not the servers that it still needs.
            start_new_session=True,
        )
        assert self._guard.stdout is not None
        first_line = self._guard.stdout.readline()
        self._guard.stdout.close()
        if not first_line.strip().isdigit():
            self.stop()
            raise ServerDidNotStart(f"{command[0]} could not be started")
        self.pid = int(first_line)

    def is_running(self) -> bool:
        return self._guard.poll() is None

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self._guard.wait(timeout=30)
        self._close()

    def stop(self) -> int:
        self._close()
        try:
            return self._guard.wait(timeout=self._grace + 20)
        except subprocess.TimeoutExpired:
            self._guard.kill()
            return self._guard.wait()

    def _close(self) -> None:
        if self._guard.stdin is not None:
            with contextlib.suppress(OSError, ValueError):
                self._guard.stdin.write(b"stop")
                self._guard.stdin.close()


def free_ports(count: int = 1) -> list[int]:
    """Loopback ports that nobody listens on now. They are not reserved: start soon, retry on a clash."""
    with contextlib.ExitStack() as stack:
        ports = []
        for _ in range(count):
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            ports.append(int(listener.getsockname()[1]))
        return ports


def answers(port: int) -> bool:
    """Whether something accepts TCP connections on this loopback port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def started(start: Callable[[], T], *, attempts: int = 3) -> T:
    """`start()`, tried again when another process took the free port in between."""
    for _ in range(attempts - 1):
        with contextlib.suppress(ServerDidNotStart):
            return start()
    return start()
