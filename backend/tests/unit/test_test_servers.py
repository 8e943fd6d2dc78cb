"""The servers that the tests start, and the wall around them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import loopback
from tests.servers.postgres import PostgresRefused, PostgresServer
from tests.servers.process import GuardedProcess, ServerDidNotStart
from tests.servers.seaweedfs import SeaweedServer

BACKEND = Path(__file__).resolve().parents[2]
FOREVER = [sys.executable, "-c", "import time; time.sleep(600)"]


def is_alive(pid: int) -> bool:
    """Whether this process still runs; a dead one that nobody has collected does not count."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 30
    while is_alive(pid):
        assert time.monotonic() < deadline, "the process still runs"
        time.sleep(0.02)


def test_postgresql_is_real_and_has_the_extensions_that_search_needs(postgres_server: PostgresServer) -> None:
    postgres_server.create_database("extensions")
    postgres_server.execute("CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gin", database="extensions")
    assert postgres_server.execute("SHOW server_version").startswith("18.")
    postgres_server.drop_database("extensions")


def test_a_failing_statement_says_what_postgresql_said(postgres_server: PostgresServer) -> None:
    with pytest.raises(PostgresRefused, match="nothing_here"):
        postgres_server.execute("SELECT * FROM nothing_here")


@pytest.mark.xdist_group("seaweedfs")
def test_the_s3_server_keeps_what_is_put_and_refuses_a_wrong_key(seaweedfs_server: SeaweedServer) -> None:
    import botocore.exceptions

    bucket = seaweedfs_server.create_bucket()
    client = seaweedfs_server.client()
    client.put_object(Bucket=bucket, Key="a/b.txt", Body=b"hello")
    assert client.get_object(Bucket=bucket, Key="a/b.txt")["Body"].read() == b"hello"

    stranger = SeaweedServer(seaweedfs_server.endpoint, seaweedfs_server.access_key, "wrong")
    with pytest.raises(botocore.exceptions.ClientError, match="SignatureDoesNotMatch"):
        stranger.client().get_object(Bucket=bucket, Key="a/b.txt")


def test_a_server_is_gone_after_stop(tmp_path: Path) -> None:
    process = GuardedProcess(FOREVER, log=tmp_path / "log")
    assert is_alive(process.pid)
    process.stop()
    assert not is_alive(process.pid)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's list of processes")
def test_a_server_and_its_folder_are_gone_when_the_test_run_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    script = (
        "import sys, time; from pathlib import Path; from tests.servers.process import GuardedProcess\n"
        f"log, folder = Path({str(tmp_path / 'log')!r}), Path({str(folder)!r})\n"
        f"p = GuardedProcess({FOREVER!r}, log=log, remove=folder)\n"
        "print(p.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(BACKEND)},
    ) as run:
        assert run.stdout is not None
        server = int(run.stdout.readline())
        assert is_alive(server)
        run.kill()
    wait_until_gone(server)
    deadline = time.monotonic() + 30
    while folder.exists():
        assert time.monotonic() < deadline, "the folder is still there"
        time.sleep(0.02)


def test_a_server_that_was_forked_is_gone_when_the_test_run_is_killed(tmp_path: Path) -> None:
    script = (
        "import time; from pathlib import Path; from tests.servers.product import start_product\n"
        f"p = start_product(Path({str(tmp_path / 'data')!r}), settings={{'PRACTICE_MODE': 'off'}})\n"
        "print(p.process.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(BACKEND)},
    ) as run:
        assert run.stdout is not None
        server = int(run.stdout.readline())
        assert is_alive(server)
        run.kill()
    wait_until_gone(server)


def test_a_server_that_does_not_start_shows_its_log(tmp_path: Path) -> None:
    process = GuardedProcess([sys.executable, "-c", "raise SystemExit('no disk')"], log=tmp_path / "log")
    with pytest.raises(ServerDidNotStart, match="no disk"):
        process.wait_until(lambda: False, what="it")


@pytest.mark.parametrize("host", ["93.184.215.14", "10.0.0.1", "::ffff:8.8.8.8"])
def test_a_test_cannot_connect_to_another_machine(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as outside, pytest.raises(loopback.LeavesThisMachine, match="do not leave"):
        outside.connect((host, 80))
    assert loopback.attempts == [host]
    loopback.attempts.clear()


def test_a_test_cannot_ask_for_the_name_of_another_machine() -> None:
    with pytest.raises(loopback.LeavesThisMachine):
        socket.getaddrinfo("example.com", 443)
    loopback.attempts.clear()
    assert socket.getaddrinfo("localhost", 80)
