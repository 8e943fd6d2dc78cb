"""Pictures in a bucket of S3, or of a store that speaks its protocol.

Every call to the store runs in a thread of a pool of our own: the asynchronous calls of obstore
abort a process that ends right after them, and a slow store must not take the threads that others
wait for. Objects never change, so reading one in ranges gives the same bytes as reading it at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from app.core import clock
from app.providers.storage.base import (
    DirectUpload,
    Method,
    ObjectExists,
    ObjectMissing,
    StorageError,
    StoredObject,
)
from app.providers.storage.rules import require_key, require_size
from app.providers.storage.s3.probe import Probe
from app.providers.storage.s3.signing import BrowserUploads, CloudFrontSigner, Signer, bucket_url

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import S3Config, S3Credential

_PIECE = 256 * 1024  # bytes handed on at once
_RANGE = 4 * 1024 * 1024  # bytes asked for at once; one request for most pictures
_THREADS = 16
_URLS_KEPT = 8192  # signed URLs that are not made again while their day lasts
_WITHOUT_FORMS = (".r2.cloudflarestorage.com",)  # stores that know no POST policies
_SIGNED_FOR = timedelta(hours=48)
_LONGEST_SIGNATURE = timedelta(days=7)  # what S3 accepts
_CACHE_CONTROL = "public, max-age=31536000, immutable"

DirectSetting = Literal["auto", "post", "put", "off"]

T = TypeVar("T")


class S3Storage:
    """Objects in one bucket, which stays private unless `public_url` says where it is public.

    `endpoint_url` is empty for Amazon; it must be an address at which the readers of our URLs reach
    the store, because a signature holds for one host. `public_url` is the base of a CDN or of a
    public bucket; with it, URLs are signed only by `cloudfront`, if that is given. `direct` says how
    browsers may send files to the bucket: a form where the store knows forms (`auto`), or `off`.
    `checksum_algorithm` (`sha256`, `crc64nvme`) adds a checksum to every upload, which some stores refuse.
    """

    name = "s3"

    def __init__(
        self,
        *,
        bucket: str,
        region: str,
        access_key_id: str,
        secret_access_key: str,
        endpoint_url: str = "",
        public_url: str = "",
        cloudfront: CloudFrontSigner | None = None,
        direct: DirectSetting = "auto",
        checksum_algorithm: str = "",
    ) -> None:
        base = bucket_url(bucket, region, endpoint_url)
        credential: S3Credential = {
            "access_key_id": access_key_id,
            "secret_access_key": secret_access_key,
            "token": None,
            "expires_at": None,
        }
        self.bucket, self.region = bucket, region
        self.public_url = public_url.rstrip("/")
        self.is_cloudfront = cloudfront is not None
        self._probe = (base, region, access_key_id, secret_access_key)
        self._sign = lru_cache(maxsize=_URLS_KEPT)(
            Signer(base, region, access_key_id, secret_access_key).sign
        )
        self._sign_public = lru_cache(maxsize=_URLS_KEPT)(cloudfront.sign) if cloudfront else None
        self._browser_uploads = BrowserUploads(base, bucket, region, access_key_id, secret_access_key)
        self.direct_method: Method | None = _direct_method(direct, endpoint_url)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="storage")
        self._store = S3Store(
            bucket,
            region=region,
            # Named even for Amazon, and under both names, so that no AWS_ENDPOINT_URL or
            # AWS_ENDPOINT_URL_S3 of the environment changes it. The bucket is part of it in both styles.
            endpoint=base,
            aws_endpoint_url_s3=base,
            virtual_hosted_style_request=True,
            # Not every store knows the bulk call that a deletion is otherwise made of.
            disable_bulk_delete=True,
            # Over TLS the body is safe without hashing it once more.
            unsigned_payload=base.startswith("https://"),
            # A function rather than the two values: next to those, obstore would take an
            # AWS_SESSION_TOKEN from the environment that belongs to other credentials.
            credential_provider=lambda: credential,
            config=_own_settings(checksum_algorithm),
            client_options={
                "allow_http": base.startswith("http://"),
                "connect_timeout": timedelta(seconds=5),
                "timeout": timedelta(seconds=30),
            },
            retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=20)},
        )

    async def put(self, key: str, source: Path, *, mime_type: str) -> None:
        """Keep the file's bytes under `key`, whole or not at all. Raises `ObjectExists`."""
        require_key(key)
        await self._in_thread(self._put, key, source, mime_type)

    async def open(self, key: str) -> StoredObject:
        """Read an object. Raises `ObjectMissing`."""
        require_key(key)
        size, first = await self._in_thread(self._read_start, key)
        return StoredObject(size=size, body=self._pieces(key, size, first))

    async def delete(self, key: str) -> None:
        """Remove an object. Removing a missing one succeeds."""
        require_key(key)
        await self._in_thread(self._delete, key)

    def url(self, key: str, *, expires_at: datetime) -> str:
        """A URL at which anyone can read the object until the UTC day of `expires_at` is over.

        All callers of one day get the same URL, in every process, so that caches hold.
        """
        require_key(key)
        moment = expires_at.astimezone(UTC)
        ends_at = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        if ends_at < moment:
            ends_at += timedelta(days=1)
        if self.public_url:
            url = f"{self.public_url}/{key}"
            return self._sign_public(url, ends_at) if self._sign_public else url
        return self._signed_until(key, ends_at)

    def presigned(self, key: str, expires_at: datetime) -> str:
        """A URL of the bucket itself, also where there is a public base."""
        return self._signed_until(require_key(key), expires_at.astimezone(UTC).replace(microsecond=0))

    def probe(self) -> Probe:
        """For a look at what the bucket answers. Close it."""
        return Probe(*self._probe)

    def _signed_until(self, key: str, ends_at: datetime) -> str:
        now = clock.now()
        # A signature that begins in the future is refused, and one that is too long as well.
        begins_at = min(ends_at - _SIGNED_FOR, now.replace(hour=0, minute=0, second=0, microsecond=0))
        if ends_at - begins_at > _LONGEST_SIGNATURE:
            raise StorageError("A signed URL of this store lasts six days at most.")
        return self._sign(key, begins_at, ends_at)

    def direct_upload(self, key: str, *, mime_type: str, size: int, expires_at: datetime) -> DirectUpload:
        """Leave for a browser to send one file under `key`."""
        require_key(key)
        if self.direct_method == "post":
            return self._browser_uploads.form(key, mime_type=mime_type, size=size, expires_at=expires_at)
        if self.direct_method == "put":
            return self._browser_uploads.bare(key, mime_type=mime_type, expires_at=expires_at)
        raise StorageError("Browsers do not send files to this bucket: AWS_S3_DIRECT_UPLOAD is off.")

    async def check(self) -> None:
        """Write, read and delete a small object; raises `StorageError` naming what failed."""
        await self._in_thread(self._check)

    async def inventory(self) -> AsyncIterator[Sequence[tuple[str, int]]]:
        """The key and size of every object in the bucket, a page at a time."""
        pages = await self._in_thread(self._list)
        while page := await self._in_thread(self._next_page, pages):
            yield page

    def _list(self) -> Iterator[Sequence[ObjectMeta]]:
        return iter(obstore.list(self._store, chunk_size=1000))

    def _next_page(self, pages: Iterator[Sequence[ObjectMeta]]) -> list[tuple[str, int]]:
        with _translated("listed"):
            return [(found["path"], found["size"]) for found in next(pages, ())]

    def _put(self, key: str, source: Path, mime_type: str) -> None:
        require_size(source)
        with _translated("written"):
            self._create(key, source, mime_type)

    def _create(self, key: str, content: Path | bytes, mime_type: str) -> None:
        # `create` sends If-None-Match. In one part: a multipart upload cannot be conditional.
        obstore.put(
            self._store,
            key,
            content,
            attributes={"Content-Type": mime_type, "Cache-Control": _CACHE_CONTROL},
            mode="create",
            use_multipart=False,
        )

    def _read_start(self, key: str) -> tuple[int, bytes]:
        with _translated("read"):
            result = obstore.get(self._store, key, options={"range": (0, _RANGE)})
            return result.meta["size"], bytes(result.bytes())

    def _read_range(self, key: str, start: int, end: int) -> bytes:
        with _translated("read"):
            return bytes(obstore.get_range(self._store, key, start=start, end=end))

    def _delete(self, key: str) -> None:
        with _translated("deleted"):
            try:
                obstore.delete(self._store, key)
            except FileNotFoundError:
                return

    async def _pieces(self, key: str, size: int, first: bytes) -> AsyncIterator[bytes]:
        piece, position = first, 0
        while True:
            position += len(piece)
            for start in range(0, len(piece), _PIECE):
                yield piece[start : start + _PIECE]
            if position >= size:
                return
            piece = await self._in_thread(self._read_range, key, position, min(position + _RANGE, size))
            if not piece:
                raise StorageError("The store gave back less than the whole object.")

    def _check(self) -> None:
        key = f"check/{uuid4().hex}"
        content = uuid4().bytes
        with _translated("written"):
            self._create(key, content, "application/octet-stream")
        try:
            size, read = self._read_start(key)
            if size != len(content) or read != content:
                raise StorageError("The bucket gave back other bytes than were written.")
            try:
                with _translated("written"):
                    self._create(key, content, "application/octet-stream")
            except ObjectExists:
                pass
            else:
                raise StorageError(
                    "The store replaces objects although it is asked not to (If-None-Match). "
                    "Use a version of it that knows conditional writes."
                )
        finally:
            self._delete(key)

    async def _in_thread(self, function: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *args)


def _own_settings(checksum_algorithm: str) -> S3Config:
    """What would otherwise be taken from variables of the environment that belong to somebody else."""
    own: S3Config = {
        "conditional_put": "etag",
        "request_payer": False,
        "s3_express": False,
        "skip_signature": False,
    }
    if checksum_algorithm:
        own["checksum_algorithm"] = checksum_algorithm
    return own


def _direct_method(setting: DirectSetting, endpoint_url: str) -> Method | None:
    if setting == "off":
        return None
    if setting != "auto":
        return setting
    host = urlsplit(endpoint_url).hostname or ""
    return "put" if host.endswith(_WITHOUT_FORMS) else "post"


@contextmanager
def _translated(done: str) -> Iterator[None]:
    """Turn the store's refusals into ours. `done` is the past participle of what was tried.

    The store's own words stay out of the message: they hold key ids and what was signed.
    """
    try:
        yield
    except FileNotFoundError as error:
        if done == "written":
            raise StorageError("The bucket does not exist: check AWS_S3_BUCKET and AWS_S3_REGION.") from error
        raise ObjectMissing("There is no object under this key.") from error
    except AlreadyExistsError as error:
        raise ObjectExists("There is an object under this key already.") from error
    except (PermissionDeniedError, UnauthenticatedError) as error:
        raise StorageError(
            f"The bucket refused access, so an object could not be {done}. Check AWS_ACCESS_KEY_ID, "
            "AWS_SECRET_ACCESS_KEY and the key's rights: s3:PutObject, s3:GetObject, s3:DeleteObject and, "
            "for the bucket itself, s3:ListBucket."
        ) from error
    except (BaseError, NotImplementedError, OSError) as error:
        raise StorageError(
            f"The bucket did not answer as expected, so an object could not be {done}. "
            "Check AWS_S3_ENDPOINT_URL and that the store is running."
        ) from error
