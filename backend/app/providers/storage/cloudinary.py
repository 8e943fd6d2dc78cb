"""Pictures in a Cloudinary account, under public ids of our own.

The public id is the key without its ending, because Cloudinary's URLs end in the format: the path of a URL
ends in the key itself. Uploads are signed and never replace. Refusals are told apart by their status alone:
their words hold what was signed.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import httpx
import orjson

from app.core import clock
from app.core.tls import public_certificates
from app.providers.storage.base import (
    Document,
    Finding,
    ObjectExists,
    ObjectMissing,
    ObjectTooLarge,
    StorageError,
    StoredObject,
)
from app.providers.storage.checkups import Trouble, look, skipped
from app.providers.storage.rules import require_key, require_size
from app.providers.storage.samples import SAMPLE, SAMPLE_TYPE

API = "https://api.cloudinary.com"
DELIVERY = "https://res.cloudinary.com"
MAX_BYTES = 10 * 1024 * 1024
"""What every plan takes of a picture."""

_PIECE = 256 * 1024  # bytes
_ANSWER_BYTES = 256 * 1024
_PAUSES = (0.2, 0.8)  # seconds before the second and the third try
_AGAIN = frozenset({420, 429, 500, 502, 503, 504})
_SETTINGS = "CLOUDINARY_CLOUD_NAME, CLOUDINARY_API_KEY and CLOUDINARY_API_SECRET"
_SKEW_REFUSED = timedelta(hours=1)
_SKEW_WORTH_SAYING = timedelta(minutes=1)


class CloudinaryStorage:
    """Objects in one account. `api_base` is another host that takes both uploads and readers; empty for
    Cloudinary's own. Close it at shutdown."""

    name = "cloudinary"

    def __init__(self, *, cloud_name: str, api_key: str, api_secret: str, api_base: str = "") -> None:
        self._calls = f"{api_base or API}/v1_1/{cloud_name}/image"
        self._delivery = f"{api_base or DELIVERY}/{cloud_name}/image/upload/v1"
        self._api_key = api_key
        self._secret = api_secret
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(30, connect=5),
            verify=public_certificates(),
            trust_env=False,
            follow_redirects=False,
        )

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()

    async def put(self, key: str, source: Path, *, mime_type: str) -> None:
        """Keep the file's bytes under `key`, whole or not at all. Raises `ObjectExists`."""
        require_key(key)
        size = await asyncio.to_thread(require_size, source)
        if size > MAX_BYTES:
            raise ObjectTooLarge(f"Cloudinary takes pictures up to {MAX_BYTES // 1024**2} MiB.")
        content = await asyncio.to_thread(source.read_bytes)
        params = {"public_id": _public_id(key), "overwrite": "false"}
        # The ending alone: names of files are nobody's business there.
        file = {"file": (f"picture{PurePosixPath(key).suffix}", content, mime_type)}
        answer, tries = await self._call("upload", params, file)
        is_ours = answer.get("bytes") == size and answer.get("etag") == _md5(content)
        # Of a try whose answer was lost, the next one finds what that one did.
        if answer.get("existing") and not (tries > 1 and is_ours):
            raise ObjectExists("There is an object under this key already.")
        if not is_ours:
            await self.delete(key)
            raise StorageError("Cloudinary kept other bytes than were sent: look for an upload preset.")

    async def open(self, key: str) -> StoredObject:
        """Read an object. Raises `ObjectMissing`."""
        request = self._client.build_request(
            "GET", self._url(key), headers={"Accept-Encoding": "identity", "Accept": "image/*"}
        )
        try:
            answer = await self._client.send(request, stream=True)
        except httpx.HTTPError as error:
            raise _unreachable() from error
        length, kind = (answer.headers.get(name, "") for name in ("content-length", "content-type"))
        if answer.status_code == 200 and length.isdigit() and kind.startswith("image/"):
            return StoredObject(int(length), _pieces(answer))
        await answer.aclose()
        if answer.status_code == 404:
            raise ObjectMissing("There is no object under this key.")
        raise StorageError(f"Cloudinary does not show the object: it answers {answer.status_code}.")

    async def delete(self, key: str) -> None:
        """Remove an object. Removing a missing one succeeds."""
        require_key(key)
        answer, _ = await self._call("destroy", {"public_id": _public_id(key), "invalidate": "1"})
        if answer.get("result") not in ("ok", "not found"):
            raise StorageError("Cloudinary did not remove the object.")

    def url(self, key: str, *, expires_at: datetime) -> str:
        """A URL at which anyone can read the object: one that nobody guesses, and that does not end."""
        return self._url(key)

    async def check(self) -> None:
        """Write, read and delete a small object; raises `StorageError` naming what failed."""
        key = f"check/{uuid4().hex}.png"
        await self.put_sample(key)
        try:
            stored = await self.open(key)
            if b"".join([piece async for piece in stored.body]) != SAMPLE:
                raise StorageError("Cloudinary gave back other bytes than were written.")
        finally:
            await self.delete(key)

    async def put_sample(self, key: str) -> None:
        """Keep the picture of the checks under `key`."""
        with TemporaryDirectory() as folder:
            source = Path(folder) / "sample.png"
            await asyncio.to_thread(source.write_bytes, SAMPLE)
            await self.put(key, source, mime_type=SAMPLE_TYPE)

    async def read_clock(self) -> datetime | None:
        """The time at Cloudinary, if it tells it."""
        try:
            answer = await self._client.get(self._delivery)
            return parsedate_to_datetime(answer.headers.get("date", ""))
        except httpx.HTTPError as error:
            raise _unreachable() from error
        except (ValueError, TypeError):
            return None

    def _url(self, key: str) -> str:
        return f"{self._delivery}/{require_key(key)}"

    async def _call(
        self, action: str, params: Mapping[str, str], files: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Any], int]:
        """The answer to a signed call, and how many tries it took. Repeating one is safe: it has our public
        id, and never replaces."""
        for tries, pause in enumerate((*_PAUSES, None), start=1):
            try:
                answer = await self._client.post(
                    f"{self._calls}/{action}", data=self._signed(params), files=files
                )
            except httpx.HTTPError as error:
                if pause is None:
                    raise _unreachable() from error
            else:
                if answer.status_code not in _AGAIN or pause is None:
                    return _read(answer), tries
            await asyncio.sleep(pause or 0)
        raise AssertionError("the last try returns or raises")

    def _signed(self, params: Mapping[str, str]) -> dict[str, str]:
        # Imported when needed: it reads the environment, and may find something broken there.
        from cloudinary.utils import api_sign_request

        sent = {**params, "timestamp": str(int(clock.now().timestamp()))}
        return {**sent, "signature": api_sign_request(sent, self._secret), "api_key": self._api_key}


class CloudinaryCheckup:
    """The checks of an account, for whoever operates it."""

    provider = "cloudinary"

    def __init__(self, storage: CloudinaryStorage) -> None:
        self._storage = storage
        self._is_written = False
        self._key = ""

    def documents(self, *, origin: str) -> list[Document]:
        """None: there is nothing to paste."""
        return []

    async def findings(self, *, origin: str) -> AsyncIterator[Finding]:
        """Each check as it ends."""
        self._is_written, self._key = False, f"check/{uuid4().hex}.png"
        yield await look("clock", "The clocks agree", self._clock)
        yield await look("write", "Pictures can be uploaded with our signature", self._write)
        for name, title, step in (
            ("conditional", "No picture is ever replaced", self._conditional),
            ("public", "Pictures are delivered as they were sent", self._delivered),
            ("delete", "Pictures can be removed", self._delete),
        ):
            yield (
                await look(name, title, step)
                if self._is_written
                else skipped(name, title, "Nothing could be uploaded.")
            )

    async def _clock(self) -> str | None:
        try:
            theirs = await self._storage.read_clock()
        except StorageError as error:
            raise Trouble(
                str(error), "Leave CLOUDINARY_API_BASE empty, and let this server reach *.cloudinary.com."
            ) from error
        if theirs is None:
            return "Cloudinary does not tell its time."
        skew = abs(clock.now() - theirs)
        if skew <= _SKEW_WORTH_SAYING:
            return None
        raise Trouble(
            f"This server's clock and Cloudinary's are {round(skew.total_seconds())} s apart; "
            "signatures fail from 3600 s on.",
            "Set this server's clock by the network: timedatectl set-ntp true",
            state="failed" if skew >= _SKEW_REFUSED else "warning",
        )

    async def _write(self) -> str | None:
        try:
            await self._storage.put_sample(self._key)
        except StorageError as error:
            raise Trouble(str(error), f"Set {_SETTINGS} as the console of Cloudinary shows them.") from error
        self._is_written = True
        return None

    async def _conditional(self) -> str | None:
        try:
            await self._storage.put_sample(self._key)
        except ObjectExists:
            return None
        raise Trouble(
            "The account replaces pictures although it is asked not to.",
            "Take `overwrite` out of the account's default upload preset.",
        )

    async def _delivered(self) -> str | None:
        try:
            stored = await self._storage.open(self._key)
            content = b"".join([piece async for piece in stored.body])
        except StorageError as error:
            raise Trouble(
                str(error), "Allow delivery of the type `upload` in the account's security settings."
            ) from error
        if content != SAMPLE:
            raise Trouble(
                "The account delivers other bytes than were sent.",
                "Take automatic format and quality out of the account's delivery settings.",
            )
        return None

    async def _delete(self) -> str | None:
        await self._storage.delete(self._key)
        try:
            stored = await self._storage.open(self._key)
            await stored.body.aclose()  # type: ignore[attr-defined]  # an asynchronous generator of ours
        except ObjectMissing:
            return None
        return "Removed; caches show it for a while."


def _public_id(key: str) -> str:
    return str(PurePosixPath(key).with_suffix(""))


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


async def _pieces(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.aiter_raw(_PIECE):
            yield piece
    except httpx.HTTPError as error:
        raise StorageError("Cloudinary gave back less than the whole object.") from error
    finally:
        await answer.aclose()


def _read(answer: httpx.Response) -> dict[str, Any]:
    """The facts of a good answer. Raises `StorageError` for any other; never with Cloudinary's own words."""
    status = answer.status_code
    if status in (401, 403):
        raise StorageError(f"Cloudinary refused the signature or the key. Check {_SETTINGS}, and the clock.")
    if status == 404:
        raise StorageError("Cloudinary knows no such account. Check CLOUDINARY_CLOUD_NAME.")
    if status != 200:
        raise StorageError(f"Cloudinary did not do what was asked: it answered {status}.")
    try:
        body = orjson.loads(answer.content[:_ANSWER_BYTES])
    except ValueError as error:
        raise StorageError("Cloudinary's answer can't be read.") from error
    if not isinstance(body, dict):
        raise StorageError("Cloudinary's answer can't be read.")
    return body


def _unreachable() -> StorageError:
    return StorageError("Cloudinary did not answer. Check CLOUDINARY_API_BASE and the network.")
