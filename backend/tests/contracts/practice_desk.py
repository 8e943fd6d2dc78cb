"""What the practice suites share: a server, a place that pictures are fetched from, and short calls."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from tests.factories_pictures import flat, jpeg
from tests.practice_server import PracticeAccount, PracticeAccounts, PracticeControl


@dataclass(frozen=True, slots=True)
class Served:
    """One file as it is served. `is_endless` announces nothing and never stops sending."""

    body: bytes = b""
    content_type: str = "image/jpeg"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    is_silent: bool = False


class PictureHost:
    """Files on loopback, as the product serves its renditions. Remembers who asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.files: dict[str, Served] = {}
        self.user_agents: list[str] = []

    def put(self, served: Served) -> str:
        """Serve a file and return its address."""
        path = f"/{len(self.files)}.jpg"
        self.files[path] = served
        return self.url + path

    def picture(self, width: int = 1080, height: int = 1080, **options: Any) -> str:
        """Serve a JPEG of this size and return its address."""
        return self.put(Served(jpeg(flat((200, 120, 60), width, height), **options)))


@contextlib.contextmanager
def picture_host() -> Iterator[PictureHost]:
    """A host for the time of a `with` block."""
    over = threading.Event()
    host: PictureHost

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served = host.files.get(self.path, Served(status=404))
            host.user_agents.append(self.headers.get("User-Agent", ""))
            if served.is_silent:
                over.wait(30)
                return
            self.send_response(served.status)
            headers = {"Content-Type": served.content_type, "Content-Length": str(len(served.body))}
            for name, value in (headers | served.headers).items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self.wfile.write(served.body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    host = PictureHost(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


class Desk:
    """A business's practice accounts, and the calls that a publisher makes in their name."""

    def __init__(self, url: str, control: PracticeControl, host: PictureHost, name: str) -> None:
        self.control = control
        self.host = host
        self.accounts: PracticeAccounts = control.accounts(name)
        self._client = httpx.Client(base_url=url, trust_env=False, timeout=30)

    def close(self) -> None:
        self._client.close()

    @property
    def instagram(self) -> PracticeAccount:
        return self.accounts.instagram

    @property
    def page(self) -> PracticeAccount:
        return self.accounts.page

    def ask(
        self, method: str, path: str, by: PracticeAccount | None = None, **options: Any
    ) -> httpx.Response:
        """Any Graph call, by the Instagram account unless another is named."""
        headers = (by or self.instagram).headers | options.pop("headers", {})
        return self._client.request(method, f"/graph/v26.0/{path}", headers=headers, **options)

    def raw(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Any call, without a token."""
        return self._client.request(method, path, **options)

    def create(self, **params: Any) -> httpx.Response:
        """Make a container."""
        return self.ask("POST", f"{self.instagram.id}/media", data=params)

    def container(self, **params: Any) -> str:
        """The id of a container of a good picture, unless told otherwise."""
        if "image_url" not in params and "children" not in params:
            params["image_url"] = self.host.picture()
        answer = self.create(**params)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def publish(self, creation_id: str) -> httpx.Response:
        return self.ask("POST", f"{self.instagram.id}/media_publish", data={"creation_id": creation_id})

    def published(self, **params: Any) -> str:
        """The id of a media that is out."""
        answer = self.publish(self.container(**params))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def look(self, node: str, fields: str, by: PracticeAccount | None = None) -> dict[str, Any]:
        answer = self.ask("GET", node, by, params={"fields": fields})
        assert answer.status_code == 200, answer.text
        looked: dict[str, Any] = answer.json()
        return looked

    def photo(self, **params: Any) -> httpx.Response:
        """Hand a photo to the Page."""
        return self.ask("POST", f"{self.page.id}/photos", self.page, data=params)

    def feed(self, **params: Any) -> httpx.Response:
        """Post on the Page."""
        return self.ask("POST", f"{self.page.id}/feed", self.page, data=params)


def refusal(answer: httpx.Response) -> tuple[int, int | None]:
    """Code and subcode of an error envelope; fails the test when it is none."""
    error = answer.json()["error"]
    assert answer.status_code >= 400
    assert error["message"] and error["type"] and error["fbtrace_id"]
    return error["code"], error.get("error_subcode")
