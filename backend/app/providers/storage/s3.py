"""Pictures in a bucket of S3, or of a store that speaks its protocol.

Every call to the store runs in a thread of a pool of our own: the asynchronous calls of obstore
abort a process that ends right after them, and a slow store must not take the threads that others
wait for. Objects never change, so reading one in ranges gives the same bytes as reading it at once.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, urlsplit
from uuid import uuid4

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from app.core import clock
from app.providers.storage.base import ObjectExists, ObjectMissing, StorageError, StoredObject
from app.providers.storage.rules import require_key, require_size

if TYPE_CHECKING:
    from obstore.store import S3Credential

_PIECE = 256 * 1024  # bytes handed on at once
_RANGE = 4 * 1024 * 1024  # bytes asked for at once; one request for most pictures
_THREADS = 16
_SIGNED_FOR = timedelta(hours=48)
_LONGEST_SIGNATURE = timedelta(days=7)  # what S3 accepts
_CACHE_CONTROL = "public, max-age=31536000, immutable"

T = TypeVar("T")


class S3Storage:
    """Objects in one bucket, which stays private unless `public_url` says where it is public.

    `endpoint_url` is empty for Amazon; it must be an address at which the readers of our URLs reach
    the store, because a signature holds for one host. `public_url` is the base of a CDN or of a
    public bucket; with it, URLs are not signed.
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
    ) -> None:
        base = _bucket_url(bucket, region, endpoint_url)
        credential: S3Credential = {
            "access_key_id": access_key_id,
            "secret_access_key": secret_access_key,
            "token": None,
            "expires_at": None,
        }
        self._public_url = public_url.rstrip("/")
        self._sign = lru_cache(maxsize=8192)(Signer(base, region, access_key_id, secret_access_key).sign)
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
        if self._public_url:
            return f"{self._public_url}/{key}"
        moment = expires_at.astimezone(UTC)
        ends_at = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        if ends_at < moment:
            ends_at += timedelta(days=1)
        now = clock.now()
        # A signature that begins in the future is refused, and one that is too long as well.
        begins_at = min(ends_at - _SIGNED_FOR, now.replace(hour=0, minute=0, second=0, microsecond=0))
        if ends_at - begins_at > _LONGEST_SIGNATURE:
            raise StorageError("A signed URL of this store lasts six days at most.")
        return self._sign(key, begins_at, ends_at)

    async def check(self) -> None:
        """Write, read and delete a small object; raises `StorageError` naming what failed."""
        await self._in_thread(self._check)

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


def _bucket_url(bucket: str, region: str, endpoint_url: str) -> str:
    """Where the bucket answers. Amazon's address names the region: the one without answers redirects."""
    if endpoint_url:
        return f"{endpoint_url.rstrip('/')}/{bucket}"
    host = f"s3.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")
    # Amazon's certificate covers one label before its host.
    return f"https://{host}/{bucket}" if "." in bucket else f"https://{bucket}.{host}"


class Signer:
    """Presigned GET URLs (AWS Signature Version 4, query parameters).

    Written out, because the usual libraries sign for the current second: every process would give
    another URL for the same object, and none of them could be cached.
    """

    def __init__(self, base: str, region: str, access_key_id: str, secret_access_key: str) -> None:
        self._base = base
        self._host = urlsplit(base).netloc
        self._path = urlsplit(base).path
        self._region = region
        self._access_key_id = access_key_id
        self._secret = secret_access_key.encode()

    def sign(self, key: str, begins_at: datetime, ends_at: datetime) -> str:
        """The URL of `key`, readable between two moments in UTC. Always the same for the same arguments."""
        timestamp = f"{begins_at:%Y%m%dT%H%M%SZ}"
        scope = f"{begins_at:%Y%m%d}/{self._region}/s3/aws4_request"
        # In alphabetical order, as the signature needs them.
        query = "&".join(
            (
                "X-Amz-Algorithm=AWS4-HMAC-SHA256",
                f"X-Amz-Credential={quote(f'{self._access_key_id}/{scope}', safe='')}",
                f"X-Amz-Date={timestamp}",
                f"X-Amz-Expires={int((ends_at - begins_at).total_seconds())}",
                "X-Amz-SignedHeaders=host",
            )
        )
        request = f"GET\n{self._path}/{key}\n{query}\nhost:{self._host}\n\nhost\nUNSIGNED-PAYLOAD"
        digest = hashlib.sha256(request.encode()).hexdigest()
        signing_key = b"AWS4" + self._secret
        for part in scope.split("/"):
            signing_key = hmac.digest(signing_key, part.encode(), "sha256")
        statement = f"AWS4-HMAC-SHA256\n{timestamp}\n{scope}\n{digest}"
        signature = hmac.digest(signing_key, statement.encode(), "sha256").hex()
        return f"{self._base}/{key}?{query}&X-Amz-Signature={signature}"


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
