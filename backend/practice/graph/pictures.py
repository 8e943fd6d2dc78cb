"""Reading what a picture says about itself, without decoding it, and fetching one by its URL."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import secrets
import sqlite3
import ssl
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

USER_AGENT = "facebookexternalhit/1.1 (practice)"


@dataclass(frozen=True, slots=True)
class Picture:
    """Bytes and what their header says. `is_plain` is false for MPO files and cut-off ones."""

    mime_type: str
    width: int
    height: int
    is_plain: bool
    body: bytes


class DownloadError(Exception):
    """The URL gave nothing usable. `is_timeout` and `is_too_large` tell the two special cases."""

    def __init__(self, *, is_timeout: bool = False, is_too_large: bool = False) -> None:
        super().__init__("download failed")
        self.is_timeout = is_timeout
        self.is_too_large = is_too_large


@dataclass(frozen=True, slots=True)
class Downloaded:
    """An answer of status 200."""

    content_type: str
    body: bytes


@functools.cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


def is_fetchable(url: str) -> bool:
    """Whether Meta's fetcher takes the URL at all: absolute, http or https, ASCII only."""
    if not url.isascii() or any(c.isspace() for c in url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


async def download(url: str, *, limit: int, timeout: float) -> Downloaded:
    """Fetch `url` as Meta does: no redirect, no proxy, at most `limit` bytes, `timeout` seconds in all."""
    try:
        async with asyncio.timeout(timeout):
            async with (
                httpx.AsyncClient(
                    trust_env=False, follow_redirects=False, timeout=timeout, verify=_tls()
                ) as client,
                client.stream(
                    "GET", url, headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
                ) as answer,
            ):
                if answer.status_code != 200:
                    raise DownloadError
                body = bytearray()
                async for part in answer.aiter_raw():
                    body += part
                    if len(body) > limit:
                        raise DownloadError(is_too_large=True)
                content_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
                return Downloaded(content_type, bytes(body))
    except (TimeoutError, httpx.TimeoutException) as error:
        raise DownloadError(is_timeout=True) from error
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise DownloadError from error


def probe(body: bytes) -> Picture | None:
    """What kind of picture the bytes are, or `None` when they are none that Meta knows."""
    if body.startswith(b"\xff\xd8\xff"):
        return _probe_jpeg(body)
    if body.startswith(b"\x89PNG\r\n\x1a\n") and body[12:16] == b"IHDR" and len(body) >= 33:
        width, height = struct.unpack(">II", body[16:24])
        return _picture("image/png", width, height, b"IEND" in body[-12:], body)
    if body[:6] in (b"GIF87a", b"GIF89a") and len(body) >= 13:
        width, height = struct.unpack("<HH", body[6:10])
        return _picture("image/gif", width, height, body.rstrip(b"\0").endswith(b";"), body)
    if body.startswith(b"BM") and len(body) >= 26:
        width, height = struct.unpack("<ii", body[18:26])
        return _picture("image/bmp", width, abs(height), True, body)
    if body[:4] in (b"II*\0", b"MM\0*"):
        return Picture("image/tiff", 0, 0, True, body)
    return None


def _picture(mime_type: str, width: int, height: int, is_plain: bool, body: bytes) -> Picture | None:
    return Picture(mime_type, width, height, is_plain, body) if width > 0 and height > 0 else None


def _probe_jpeg(body: bytes) -> Picture | None:
    size: tuple[int, int] | None = None
    is_plain = body.rstrip(b"\0").endswith(b"\xff\xd9")
    for marker, start, end in _jpeg_segments(body):
        if marker == 0xE2 and body[start : start + 4] == b"MPF\0":
            is_plain = False
        is_frame = 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)
        if is_frame and end - start >= 6:
            height, width = struct.unpack(">HH", body[start + 1 : start + 5])
            size = (width, height)
    return None if size is None else _picture("image/jpeg", *size, is_plain, body)


def _jpeg_segments(body: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of every segment before the picture's data."""
    at = 2
    while at + 4 <= len(body) and body[at] == 0xFF:
        marker = body[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in (0xDA, 0xD9):
            return
        length = struct.unpack(">H", body[at + 2 : at + 4])[0]
        if length < 2 or at + 2 + length > len(body):
            return
        yield marker, at + 4, at + 2 + length
        at += 2 + length


EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/bmp": "bmp",
    "image/tiff": "tif",
}


def keep_picture(db: sqlite3.Connection, picture: Picture) -> str:
    """Store the bytes and return the name, unguessable, under which they are served."""
    picture_id = secrets.token_hex(16)
    db.execute(
        "INSERT INTO pictures (id, mime_type, width, height, size, sha256, body) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            picture_id,
            picture.mime_type,
            picture.width,
            picture.height,
            len(picture.body),
            hashlib.sha256(picture.body).hexdigest(),
            picture.body,
        ),
    )
    return picture_id


def picture_path(picture_id: str, mime_type: str) -> str:
    """Where the picture is served, below the application's root."""
    return f"/media/{picture_id}.{EXTENSIONS[mime_type]}"
