"""Practice servers for tests, and the remote control that all suites use.

with practice_process(tmp_path) as practice:          # a process of its own: can be killed, restarted
    accounts = practice.control.accounts("Harbour Coffee")
    practice.control.fault("drop_after", edge="media_publish")
    ...
    assert len(practice.control.media(caption="Hello")) == 1

with practice_thread(tmp_path) as practice: ...       # in this process: starts at once
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import uvicorn

from practice import create_practice_app
from practice.answers import with_transport
from practice.cloudinary.signing import CloudAccount, cloud_account
from practice.openai.images import painter_key
from tests.servers.process import GuardedProcess, ServerDidNotStart, answers, free_ports, started

CONTROL_KEY = "practice-control-key-of-the-tests"
BACKEND = Path(__file__).resolve().parents[1]

T = TypeVar("T")


def poll(look: Callable[[], T | None], *, what: str, seconds: float = 30.0) -> T:
    """What `look` returns as soon as it is something; fails the test after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen within {seconds:.0f} s")


@dataclass(frozen=True, slots=True)
class PracticeAccount:
    """One practice account; `name` is the username of an Instagram account."""

    id: str
    name: str
    access_token: str

    @property
    def headers(self) -> dict[str, str]:
        """The header that makes a call in this account's name."""
        return {"Authorization": f"Bearer {self.access_token}"}


@dataclass(frozen=True, slots=True)
class PracticeAccounts:
    """The pair that every practice business has."""

    instagram: PracticeAccount
    page: PracticeAccount


class PracticeControl:
    """Steers a practice server through `/control`. `url` is where the application is mounted."""

    def __init__(self, url: str, key: str = CONTROL_KEY) -> None:
        self._client = httpx.Client(
            base_url=url, headers={"X-Practice-Key": key}, trust_env=False, timeout=30
        )

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> PracticeControl:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Any call below `/control`; fails the test when it is refused."""
        answer = self._client.request(method, f"/control/{path}", json=body)
        assert answer.status_code == 200, f"{method} /control/{path}: {answer.status_code} {answer.text}"
        told: dict[str, Any] = answer.json()
        return told

    # Accounts

    def accounts(
        self,
        name: str = "Harbour Coffee",
        *,
        handle: str | None = None,
        reference: str | None = None,
        language: str = "es",
    ) -> PracticeAccounts:
        """Make a pair of accounts, or get the one that `reference` already made."""
        told = self.ask(
            "POST",
            "accounts",
            {"name": name, "handle": handle, "reference": reference, "language": language},
        )
        instagram, page = told["instagram"], told["page"]
        return PracticeAccounts(
            PracticeAccount(instagram["id"], instagram["username"], instagram["access_token"]),
            PracticeAccount(page["id"], page["name"], page["access_token"]),
        )

    def change_account(self, account_id: str, **changes: Any) -> None:
        """`token_subcode=460` ends its token, `None` heals it; `is_restricted`, `language`."""
        self.ask("PATCH", f"accounts/{account_id}", changes)

    # Faults and holds

    def fault(self, kind: str, **options: Any) -> int:
        """Switch a fault on; see `practice/faults.py` for the kinds and options. Returns its id."""
        return int(self.ask("POST", "faults", {"kind": kind, **options})["id"])

    def graph_error(
        self, edge: str, code: int, subcode: int | None = None, *, status: int = 400, **options: Any
    ) -> int:
        """Let calls of `edge` be refused with these numbers."""
        error = {
            "message": "practice fault",
            "type": "OAuthException",
            "code": code,
            "is_transient": False,
            "fbtrace_id": "APracticeFault",
        }
        if subcode is not None:
            error["error_subcode"] = subcode
        return self.fault("error", edge=edge, status=status, error=error, **options)

    def clear_faults(self) -> None:
        self.ask("DELETE", "faults")

    def holds(self) -> list[dict[str, Any]]:
        """The calls that are held now."""
        held: list[dict[str, Any]] = self.ask("GET", "holds")["holds"]
        return held

    def wait_for_hold(self, edge: str, *, seconds: float = 30.0) -> dict[str, Any]:
        """Wait until a call of `edge` is held, and return it."""
        return poll(
            lambda: next((hold for hold in self.holds() if hold["edge"] == edge), None),
            what=f"a held call of {edge}",
            seconds=seconds,
        )

    def wait_until_gone(self, hold_id: int, *, seconds: float = 30.0) -> None:
        """Wait until the client of a held call has gone away."""
        poll(
            lambda: next((True for h in self.holds() if h["id"] == hold_id and h["is_client_gone"]), None),
            what="the client's leaving",
            seconds=seconds,
        )

    def release(self, hold_id: int | None = None, *, execute: bool = True) -> int:
        """Let one held call go on, or all; `execute=False` gives it up without doing it."""
        path = "holds/release" if hold_id is None else f"holds/{hold_id}/release"
        return int(self.ask("POST", path, {"execute": execute})["released"])

    # What happened

    def state(self) -> dict[str, Any]:
        """Everything the server remembers, without tokens."""
        return self.ask("GET", "state")

    def media(self, caption: str | None = None) -> list[dict[str, Any]]:
        """What is published on Practice Instagram, oldest first."""
        return [m for m in self.state()["media"] if caption is None or m["caption"] == caption]

    def posts(self, message: str | None = None) -> list[dict[str, Any]]:
        """The posts of all Practice Pages, oldest first."""
        return [p for p in self.state()["posts"] if message is None or p["message"] == message]

    def containers(self, caption: str | None = None) -> list[dict[str, Any]]:
        """Every Instagram container, oldest first."""
        return [c for c in self.state()["containers"] if caption is None or c["caption"] == caption]

    def calls(self, edge: str | None = None, *, method: str | None = None) -> list[dict[str, Any]]:
        """What reached the server, oldest first; `is_executed` tells whether the work was done."""
        return [
            call
            for call in self.state()["calls"]
            if (edge is None or call["edge"] == edge) and (method is None or call["method"] == method)
        ]

    def bills(self, provider: str | None = None) -> list[dict[str, Any]]:
        """What the AI providers have billed, oldest first; `amount` is a decimal in USD."""
        return [b for b in self.state()["bills"] if provider is None or b["provider"] == provider]

    # Time and limits

    def advance_clock(self, seconds: float) -> None:
        """Move the server's own clock: containers get ready or expire, quotas free themselves."""
        self.ask("POST", "clock", {"advance_seconds": seconds})

    def settings(self, **values: int) -> None:
        """`processing_ms`, `download_timeout_ms`, `quota_total`, `painting_ms`, `gpu_megapixels`,
        `stability_credits`."""
        self.ask("PATCH", "settings", values)


class Addresses:
    """Where a practice server answers, and what opens it."""

    @property
    def base(self) -> str:
        """Where the application is mounted."""
        raise NotImplementedError

    @property
    def graph_url(self) -> str:
        """For `META_GRAPH_URL`: without a version."""
        return f"{self.base}/graph"

    @property
    def openai_url(self) -> str:
        return f"{self.base}/openai/v1"

    @property
    def cloudinary_url(self) -> str:
        """For `CLOUDINARY_API_BASE`."""
        return f"{self.base}/cloudinary"

    @property
    def cloud(self) -> CloudAccount:
        """The Cloudinary account."""
        return cloud_account(CONTROL_KEY)

    @property
    def key(self) -> str:
        return CONTROL_KEY

    @property
    def openai_key(self) -> str:
        """The API key of the image provider."""
        return painter_key(CONTROL_KEY)

    @property
    def stability_url(self) -> str:
        """For `STABILITY_BASE_URL`."""
        return f"{self.base}/stability"

    @property
    def replicate_url(self) -> str:
        """For `REPLICATE_BASE_URL`."""
        return f"{self.base}/replicate/v1"

    @property
    def automatic1111_url(self) -> str:
        """For `AUTOMATIC1111_URL`, with the password in it."""
        return f"{self.base.replace('://', f'://practice:{self.openai_key}@')}/automatic1111"

    @property
    def comfyui_url(self) -> str:
        """For `COMFYUI_URL`, with the key in it."""
        return f"{self.base}/comfyui/{self.openai_key}"


class PracticeProcess(Addresses):
    """`python -m practice` on a port that stays the same over restarts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self.port = 0
        self._process: GuardedProcess | None = None
        started(self._start_on_a_free_port)
        self.control = PracticeControl(self.url)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base(self) -> str:
        return self.url

    def _start_on_a_free_port(self) -> None:
        self.port = free_ports()[0]
        self.start()

    def start(self) -> None:
        """Start again after `kill` or `stop`, with the same port and the same memory."""
        self._process = GuardedProcess(
            [
                sys.executable,
                "-m",
                "practice",
                "--port",
                str(self.port),
                "--data-dir",
                self._folder,
                "--public-url",
                self.url,
            ],
            log=self._folder / "practice.log",
            env={**os.environ, "PRACTICE_KEY": CONTROL_KEY, "PYTHONUNBUFFERED": "1"},
            cwd=BACKEND,
        )
        self._process.wait_until(lambda: answers(self.port), what="the practice server")

    def kill(self) -> None:
        """`kill -9`."""
        if self._process is not None:
            self._process.kill()

    def stop(self) -> None:
        """End in order, and close the control."""
        self.control.close()
        if self._process is not None:
            self._process.stop()

    def log(self) -> str:
        """What the server wrote."""
        return "" if self._process is None else self._process.log_tail()


@contextlib.contextmanager
def practice_process(folder: Path) -> Iterator[PracticeProcess]:
    """A practice server in a process of its own; it is always stopped."""
    server = PracticeProcess(folder)
    try:
        yield server
    finally:
        server.stop()


@dataclass(frozen=True, slots=True)
class PracticeThread(Addresses):
    """A practice server in a thread of this process."""

    url: str
    control: PracticeControl

    @property
    def base(self) -> str:
        return self.url


@contextlib.contextmanager
def practice_thread(folder: Path) -> Iterator[PracticeThread]:
    """A practice server in a thread of this process; it is always stopped."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        app = create_practice_app(data_dir=folder, public_url=url, control_key=CONTROL_KEY)
        config = uvicorn.Config(
            with_transport(app),
            log_config=None,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), name="practice", daemon=True)
        thread.start()
        try:
            _wait_for(server, thread)
            with PracticeControl(url) as control:
                try:
                    yield PracticeThread(url, control)
                finally:
                    control.release(execute=False)
        finally:
            server.should_exit = True
            thread.join(timeout=20)
            assert not thread.is_alive(), "the practice server does not stop"


def _wait_for(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + 30
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise ServerDidNotStart("the practice server did not start in its thread")
        time.sleep(0.01)
