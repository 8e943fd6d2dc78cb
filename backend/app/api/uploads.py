"""Receiving a file: multipart, streamed to disk, never more than a piece of it in memory."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from app.core.errors import Malformed, RuleBroken, UpstreamUnavailable, file_too_large
from app.core.logging import get_logger

MAX_FIELDS = 20
MAX_FIELD_BYTES = 16 * 1024
MAX_HEADER_BYTES = 16 * 1024
PENDING_BYTES = 24 * 1024 * 1024
"""What all uploads together may hold in memory before it is written, shared evenly."""
MOST_PENDING_BYTES = 2 * 1024 * 1024
LEAST_PENDING_BYTES = 256 * 1024
# A client that sends byte by byte must not fill the memory with the wrappings.
_MOST_PIECES = 256

log = get_logger(__name__)

# Older programs send a name outside of ASCII only like this, which the form parser leaves out.
_EXTENDED_NAME = re.compile(rb";\s*filename\*\s*=\s*utf-8'[^';]*'([^;\s]*)", re.IGNORECASE)


@dataclass(slots=True)
class ReceivedForm:
    """The form: its text fields, and its file where one was sent. `sha256` is of the file's bytes."""

    fields: dict[str, str] = field(default_factory=dict)
    filename: str | None = None
    has_file: bool = False
    size: int = 0
    sha256: str = ""


class _Shares:
    """How much of its file an upload gathers before it is written: more while there are few of them."""

    def __init__(self) -> None:
        self._count = 0

    @property
    def bytes(self) -> int:
        """The share of each, at this moment."""
        share = PENDING_BYTES // max(1, self._count)
        return max(LEAST_PENDING_BYTES, min(MOST_PENDING_BYTES, share))

    @contextmanager
    def one(self) -> Iterator[_Shares]:
        """One more upload, until the end of the block."""
        self._count += 1
        try:
            yield self
        finally:
            self._count -= 1


_SHARES = _Shares()


class _Parts:
    """Callbacks of the parser: sorts what arrives into text fields and the one file."""

    def __init__(self, max_bytes: int) -> None:
        self.form = ReceivedForm()
        # Views of what arrived, which is copied nowhere on its way to the file.
        self.pending: list[memoryview] = []
        self.pending_bytes = 0
        self._max_bytes = max_bytes
        self._header_name = bytearray()
        self._header_value = bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._header_bytes = 0
        self._name = ""
        self._is_file = False
        self._text = bytearray()
        self._count = 0
        self.is_complete = False

    def on_part_begin(self) -> None:
        self._count += 1
        if self._count > MAX_FIELDS:
            raise Malformed("malformed_request", f"A form has at most {MAX_FIELDS} fields here.")
        self._headers, self._header_bytes = {}, 0
        self._text = bytearray()

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]
        self._count_header(end - start)

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]
        self._count_header(end - start)

    def on_header_end(self) -> None:
        self._headers[bytes(self._header_name).lower()] = bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()

    def on_headers_finished(self) -> None:
        disposition = self._headers.get(b"content-disposition", b"")
        _, options = parse_options_header(disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        filename = options.get(b"filename")
        if filename is None and (extended := _EXTENDED_NAME.search(disposition)):
            filename = unquote_to_bytes(extended[1])
        self._is_file = filename is not None
        if filename is None:
            return
        if self._name != "file" or self.form.has_file:
            raise Malformed("malformed_request", "Send one file, in the form field named file.")
        self.form.has_file = True
        self.form.filename = filename.decode("utf-8", "replace")

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self.form.size += end - start
            if self.form.size > self._max_bytes:
                raise file_too_large(self._max_bytes)
            self.pending.append(memoryview(data)[start:end])
            self.pending_bytes += end - start
            return
        self._text += data[start:end]
        if len(self._text) > MAX_FIELD_BYTES:
            raise Malformed("malformed_request", f"The form field {self._name[:50]} is too long.")

    def on_part_end(self) -> None:
        if not self._is_file:
            try:
                self.form.fields[self._name] = self._text.decode("utf-8")
            except UnicodeDecodeError as error:
                raise Malformed(
                    "malformed_request", f"The form field {self._name[:50]} is not UTF-8 text."
                ) from error

    def on_end(self) -> None:
        self.is_complete = True

    def take_pending(self) -> list[memoryview]:
        """What is to be written next, once."""
        pieces, self.pending, self.pending_bytes = self.pending, [], 0
        return pieces

    def _count_header(self, count: int) -> None:
        self._header_bytes += count
        if self._header_bytes > MAX_HEADER_BYTES:
            raise Malformed("malformed_request", "The headers of a form field are too long.")


def field_problem(name: str, code: str, message: str) -> RuleBroken:
    """The refusal of a form because of one field, in the shape that JSON bodies get."""
    return RuleBroken("invalid_fields", message, errors=[{"field": name, "code": code, "message": message}])


async def receive_form(request: Request, target: Path, *, max_bytes: int) -> ReceivedForm:
    """Read a multipart body; its file goes to `target`.

    Raises `Malformed` for a body that is not such a form, `TooLarge` as soon as the file passes `max_bytes`,
    `UpstreamUnavailable` when the server stops meanwhile.
    """
    content_type, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if content_type != b"multipart/form-data" or not boundary:
        raise Malformed("malformed_request", "Send the picture as multipart/form-data.")
    parts = _Parts(max_bytes)
    names = [
        "on_part_begin",
        "on_part_data",
        "on_part_end",
        "on_header_field",
        "on_header_value",
        "on_header_end",
        "on_headers_finished",
        "on_end",
    ]
    callbacks: Any = {name: getattr(parts, name) for name in names}
    digest = hashlib.sha256()
    try:
        parser = MultipartParser(boundary, callbacks)
        with _SHARES.one() as share:
            async for chunk in request.stream():
                parser.write(chunk)
                if parts.pending_bytes >= share.bytes or len(parts.pending) >= _MOST_PIECES:
                    await asyncio.to_thread(_write, target, parts.take_pending(), digest)
            parser.finalize()
            await asyncio.to_thread(_write, target, parts.take_pending(), digest)
    except FormParserError as error:
        raise Malformed("malformed_request", "The form cannot be read.") from error
    except asyncio.CancelledError as stopped:
        # Only a server that stops calls this off, and nothing is done yet: an answer, not a traceback.
        log.info("upload.cut_off", received=parts.form.size)
        raise UpstreamUnavailable(
            "server_stopping", "The server is being restarted. Send the picture again in a minute."
        ) from stopped
    if not parts.is_complete:
        raise Malformed("malformed_request", "The form ended in the middle. Send it again.")
    parts.form.sha256 = digest.hexdigest()
    return parts.form


def _write(target: Path, pieces: Sequence[memoryview], digest: hashlib._Hash) -> None:
    """Append to the file. It is open for this alone: a visit to a thread costs more than opening it."""
    with target.open("ab") as file:
        for piece in pieces:
            digest.update(piece)
            file.write(piece)
