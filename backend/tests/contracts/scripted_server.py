"""A real HTTP server on loopback that says exactly what a test tells it to, and keeps what it was asked.

For answers that no well-behaved simulator gives: broken lengths, odd headers, cut connections.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def form(self) -> dict[str, str]:
        return {
            name: values[0] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say. `length` overrides the announced length; `is_cut` closes without a word;
    `is_silent` keeps the connection open and says nothing."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    is_cut: bool = False
    is_silent: bool = False


class ScriptedServer:
    """Gives its answers in order; the last one again and again."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.asked: list[Asked] = []
        self._answers: list[Answer] = [Answer(status=500)]

    def will_say(self, *answers: Answer) -> None:
        self._answers = list(answers)

    def next_answer(self) -> Answer:
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


async def _read_request(reader: asyncio.StreamReader) -> Asked | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        method, target, _version = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return Asked(method, target, headers, body)


def _rendered(answer: Answer) -> bytes:
    length = len(answer.body) if answer.length is None else answer.length
    headers = {"content-type": "application/json", "content-length": str(length), "connection": "close"}
    headers |= {name.lower(): value for name, value in answer.headers.items()}
    lines: Sequence[str] = [
        f"HTTP/1.1 {answer.status} Said",
        *(f"{k}: {v}" for k, v in headers.items()),
        "",
        "",
    ]
    return "\r\n".join(lines).encode("latin-1") + answer.body


@asynccontextmanager
async def scripted_server() -> AsyncIterator[ScriptedServer]:
    """Run a server for one test."""
    over = asyncio.Event()
    scripted: ScriptedServer

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await _read_request(reader)
            if request is None:
                return
            scripted.asked.append(request)
            answer = scripted.next_answer()
            if answer.is_silent:
                await over.wait()
            elif not answer.is_cut:
                writer.write(_rendered(answer))
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    scripted = ScriptedServer(server.sockets[0].getsockname()[1])
    try:
        yield scripted
    finally:
        over.set()
        server.close()
        await server.wait_closed()
