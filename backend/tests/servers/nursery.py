"""The product as processes that start at once: forked from one that has read the code already.

Reading the code takes a core well over a second, and a test run starts the product more than a hundred times.
What is forked has used nothing of it yet: it reads its settings, opens its database and starts its helpers as
a process of its own, and `kill -9` ends it as any other. `running_product(is_forked=False)` starts the
command itself.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from tests.light_passwords import hash_lightly
from tests.servers.process import ServerProcess


def run_forked(
    arguments: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    typed: Path = Path(os.devnull),
    seconds: float = 100,
) -> subprocess.CompletedProcess[str]:
    """`aigrowth …` to its end, as `subprocess.run` would: exit code and what it said.

    `typed` is its standard input: a file, or the path of a terminal, which it then has to itself.
    """
    with tempfile.TemporaryDirectory(prefix="aigrowth-said-") as folder:
        said, complained = Path(folder, "out"), Path(folder, "err")
        process = _forked(arguments, env, cwd, said, complained, typed)
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(list(arguments), seconds)
        return subprocess.CompletedProcess(
            list(arguments), process.exitcode, said.read_text(), complained.read_text()
        )


class ForkedProcess(ServerProcess):
    """`aigrowth …` that runs until it is told to end, and never longer than this process."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str],
        cwd: Path,
        grace: float = 10.0,
    ) -> None:
        self.log = log
        self._grace = grace
        self._process = _forked(arguments, env, cwd, log, log)
        assert self._process.pid is not None
        self.pid = self._process.pid

    def is_running(self) -> bool:
        return self._process.exitcode is None

    def kill(self) -> None:
        self._process.kill()
        self._process.join(30)
        self._end_helpers()

    def stop(self) -> int:
        if self.is_running():
            self._process.terminate()
            self._process.join(self._grace)
        if self.is_running():
            self._process.kill()
            self._process.join(30)
        self._end_helpers()
        code = self._process.exitcode
        assert code is not None
        return code

    def _end_helpers(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


def start_forked(work: Callable[..., None], *arguments: object) -> ForkServerProcess:
    """A function with these arguments, in a process of its own that has the product's code already."""
    process = _nursery().Process(target=work, args=arguments, daemon=True)
    process.start()
    return process


def _forked(
    arguments: Sequence[str],
    env: Mapping[str, str],
    cwd: Path,
    out: Path,
    err: Path,
    typed: Path = Path(os.devnull),
) -> ForkServerProcess:
    return start_forked(
        _become_the_command, list(arguments), dict(env), str(cwd), str(out), str(err), str(typed)
    )


def _nursery() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    # Counts only before the first start; it is the same each time.
    context.set_forkserver_preload(["tests.servers.readings"])
    return context


def _become_the_command(
    arguments: list[str], env: dict[str, str], cwd: str, out: str, err: str, typed: str
) -> None:
    os.setsid()
    threading.Thread(target=_end_with_the_test_process, daemon=True).start()
    for descriptor, path in ((1, out), (2, err)):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(opened, descriptor)
        os.close(opened)
    # Opened by the first process of a session, a terminal becomes the session's own.
    given = os.open(typed, os.O_RDWR if typed.startswith("/dev/") else os.O_RDONLY)
    os.dup2(given, 0)
    os.close(given)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 -- as long as the process lives
    for stream in (sys.stdout, sys.stderr):
        assert hasattr(stream, "reconfigure")
        stream.reconfigure(line_buffering=True)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = ["aigrowth", *arguments]
    from app.cli import main

    hash_lightly()
    main()


def _end_with_the_test_process() -> None:
    """In whichever way it ends: nobody else stops what it has started."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.killpg(0, signal.SIGKILL)
