"""One suite for every store: the folder on disk, a bucket of a real S3 server, and Cloudinary's simulator."""

from __future__ import annotations

import asyncio
import errno
import gc
import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest

from app.core import clock
from app.providers.storage.base import ObjectExists, ObjectMissing, Storage, StorageError
from app.providers.storage.cloudinary import CloudinaryStorage
from app.providers.storage.local import LocalStorage
from app.providers.storage.s3 import S3Storage, Signer
from tests import factories_pictures as pictures
from tests.practice_server import PracticeThread, practice_thread
from tests.servers.seaweedfs import SeaweedServer

JPEG = "image/jpeg"
HEAD = pictures.jpeg(pictures.photo(16, 16))[:-2]
"""A whole picture but for its end mark."""


@pytest.fixture(scope="module")
def bucket(seaweedfs_server: SeaweedServer) -> str:
    return seaweedfs_server.create_bucket()


def s3_storage(server: SeaweedServer, bucket: str, **changes: Any) -> S3Storage:
    values: dict[str, Any] = {
        "bucket": bucket,
        "region": server.region,
        "access_key_id": server.access_key,
        "secret_access_key": server.secret_key,
        "endpoint_url": server.endpoint,
    }
    return S3Storage(**(values | changes))


@pytest.fixture
def s3(seaweedfs_server: SeaweedServer, bucket: str) -> S3Storage:
    return s3_storage(seaweedfs_server, bucket)


@pytest.fixture
def local(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "not" / "yet" / "made")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeThread]:
    with practice_thread(tmp_path_factory.mktemp("cloud")) as server:
        yield server


def cloudinary_storage(server: PracticeThread, **changes: str) -> CloudinaryStorage:
    values = {
        "cloud_name": server.cloud.cloud_name,
        "api_key": server.cloud.api_key,
        "api_secret": server.cloud.api_secret,
        "api_base": server.cloudinary_url,
    }
    return CloudinaryStorage(**(values | changes))


@pytest.fixture
async def cloudinary(cloud: PracticeThread) -> AsyncIterator[CloudinaryStorage]:
    opened = cloudinary_storage(cloud)
    yield opened
    await opened.close()
    cloud.control.clear_faults()


@pytest.fixture(params=["local", "s3", "cloudinary"])
def storage(request: pytest.FixtureRequest) -> Storage:
    chosen: Storage = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return file_of(tmp_path, 30_000)


def file_of(folder: Path, size: int) -> Path:
    """A picture of so many bytes, never the same: one store takes nothing else."""
    path = folder / f"source-{uuid4().hex}"
    head = HEAD[: max(0, size - 2)]
    path.write_bytes((head + os.urandom(max(0, size - len(head) - 2)) + b"\xff\xd9")[:size])
    return path


def new_key(extension: str = "jpg") -> str:
    return f"7/{uuid4()}-a-slug.{extension}"


async def read(storage: Storage, key: str) -> bytes:
    stored = await storage.open(key)
    content = b"".join([piece async for piece in stored.body])
    assert stored.size == len(content)
    return content


def in_a_day() -> datetime:
    return clock.now() + timedelta(hours=24)


# --- what every store does


async def test_what_is_put_is_read_back_byte_for_byte(storage: Storage, picture: Path) -> None:
    key = new_key()
    await storage.put(key, picture, mime_type=JPEG)
    assert await read(storage, key) == picture.read_bytes()


async def test_an_object_outlives_the_file_it_came_from(storage: Storage, picture: Path) -> None:
    key, content = new_key(), picture.read_bytes()
    await storage.put(key, picture, mime_type=JPEG)
    picture.unlink()
    assert await read(storage, key) == content


@pytest.mark.parametrize(
    "size",
    [len(HEAD) + 2, 256 * 1024, 256 * 1024 + 1, 4 * 1024 * 1024, 4 * 1024 * 1024 + 1, 10 * 1024**2],
)
async def test_an_object_of_any_size_comes_back_in_small_pieces(
    storage: Storage, tmp_path: Path, size: int
) -> None:
    key, source = new_key(), file_of(tmp_path, size)
    await storage.put(key, source, mime_type=JPEG)
    stored = await storage.open(key)
    assert stored.size == size
    digest = hashlib.sha256()
    async for piece in stored.body:
        assert 0 < len(piece) <= 256 * 1024
        digest.update(piece)
    assert digest.digest() == hashlib.sha256(source.read_bytes()).digest()


async def test_a_key_is_never_overwritten(storage: Storage, tmp_path: Path) -> None:
    key, first, second = new_key(), file_of(tmp_path, 1000), file_of(tmp_path, 2000)
    await storage.put(key, first, mime_type=JPEG)
    with pytest.raises(ObjectExists):
        await storage.put(key, second, mime_type=JPEG)
    assert await read(storage, key) == first.read_bytes()


async def test_of_many_writers_of_one_key_exactly_one_wins(storage: Storage, tmp_path: Path) -> None:
    key = new_key()
    sources = [file_of(tmp_path, 100_000) for _ in range(8)]
    outcomes = await asyncio.gather(
        *(storage.put(key, source, mime_type=JPEG) for source in sources), return_exceptions=True
    )
    winners = [source for source, outcome in zip(sources, outcomes, strict=True) if outcome is None]
    assert len(winners) == 1
    assert sum(isinstance(outcome, ObjectExists) for outcome in outcomes) == 7
    assert await read(storage, key) == winners[0].read_bytes()


async def test_opening_what_is_not_there_says_so(storage: Storage) -> None:
    with pytest.raises(ObjectMissing):
        await storage.open(new_key())


async def test_a_deleted_object_is_gone(storage: Storage, picture: Path) -> None:
    key = new_key()
    await storage.put(key, picture, mime_type=JPEG)
    await storage.delete(key)
    with pytest.raises(ObjectMissing):
        await storage.open(key)


async def test_deleting_what_is_not_there_succeeds(storage: Storage) -> None:
    await storage.delete(new_key())


async def test_a_missing_or_empty_file_is_refused_and_leaves_nothing(
    storage: Storage, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    for source in (empty, tmp_path / "missing"):
        key = new_key()
        with pytest.raises(StorageError):
            await storage.put(key, source, mime_type=JPEG)
        with pytest.raises(ObjectMissing):
            await storage.open(key)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "../outside.jpg",
        "7/../../outside.jpg",
        "7/..jpg",
        "7/./a.jpg",
        "7//a.jpg",
        "7/",
        ".tmp/a",
        "7/.hidden",
        "7/A.jpg",
        "7/a b.jpg",
        "7\\a.jpg",
        "7/a%2e.jpg",
        "7/a.jpg\n",
        "7/a\x00.jpg",
        "7/ä.jpg",
        "7/a?b",
        "a" * 201,
        "/".join(["a" * 100] * 6),
    ],
)
async def test_a_key_that_is_not_ours_is_refused(storage: Storage, picture: Path, key: str) -> None:
    with pytest.raises(StorageError):
        await storage.put(key, picture, mime_type=JPEG)
    with pytest.raises(StorageError):
        await storage.open(key)
    with pytest.raises(StorageError):
        await storage.delete(key)
    with pytest.raises(StorageError):
        storage.url(key, expires_at=in_a_day())


async def test_the_check_of_a_good_store_passes_and_leaves_nothing(storage: Storage, tmp_path: Path) -> None:
    await storage.check()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_an_object_is_read_at_its_url_without_a_token(storage: Storage, picture: Path) -> None:
    key = new_key()
    await storage.put(key, picture, mime_type=JPEG)
    url = storage.url(key, expires_at=in_a_day())
    if url is None:
        # The product serves it itself.
        assert storage.name == "local"
        return
    answer = await get(url)
    assert (answer.status_code, answer.headers["content-type"]) == (200, JPEG)
    assert answer.content == picture.read_bytes()
    await storage.delete(key)
    assert (await get(url)).status_code == 404


async def test_many_objects_come_and_go_at_once(storage: Storage, tmp_path: Path) -> None:
    sources = {new_key(): file_of(tmp_path, 50_000 + number) for number in range(24)}

    async def comes_and_goes(key: str, source: Path) -> None:
        await storage.put(key, source, mime_type=JPEG)
        assert await read(storage, key) == source.read_bytes()
        await storage.delete(key)
        await storage.delete(key)
        with pytest.raises(ObjectMissing):
            await storage.open(key)

    await asyncio.gather(*(comes_and_goes(key, source) for key, source in sources.items()))


async def test_an_upload_that_is_cut_off_leaves_nothing_to_read(
    storage: Storage,
    seaweedfs_server: SeaweedServer,
    bucket: str,
    cloud: PracticeThread,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key, source = new_key(), file_of(tmp_path, 3_000_000)
    if isinstance(storage, LocalStorage):
        # As on another filesystem, where the file must be copied; the disk is full in the middle.
        def cut_off(source: Path, target: Path) -> None:
            target.write_bytes(source.read_bytes()[:1_000_000])
            raise OSError(errno.ENOSPC, "no space")

        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(errno.EXDEV, "other")))
        monkeypatch.setattr("shutil.copyfile", cut_off)
        with pytest.raises(StorageError):
            await storage.put(key, source, mime_type=JPEG)
        monkeypatch.undo()
    else:
        there = seaweedfs_server.endpoint if storage.name == "s3" else cloud.url
        async with recording_proxy(there, cuts_after=1_000_000) as (address, _):
            broken: Storage = (
                s3_storage(seaweedfs_server, bucket, endpoint_url=address)
                if storage.name == "s3"
                else cloudinary_storage(cloud, api_base=f"{address}/cloudinary")
            )
            with pytest.raises(StorageError):
                await broken.put(key, source, mime_type=JPEG)
            if isinstance(broken, CloudinaryStorage):
                await broken.close()
    with pytest.raises(ObjectMissing):
        await storage.open(key)
    # The key was never taken.
    await storage.put(key, source, mime_type=JPEG)
    assert await read(storage, key) == source.read_bytes()


# --- the folder


async def test_the_product_serves_local_objects_itself(local: LocalStorage, picture: Path) -> None:
    key = new_key()
    await local.put(key, picture, mime_type=JPEG)
    assert local.url(key, expires_at=in_a_day()) is None


async def test_a_file_on_another_filesystem_is_copied(
    local: LocalStorage, tmp_path: Path, another_filesystem: Path
) -> None:
    key, source = new_key(), file_of(another_filesystem, 50_000)
    await local.put(key, source, mime_type=JPEG)
    with pytest.raises(ObjectExists):
        await local.put(key, source, mime_type=JPEG)
    assert await read(local, key) == source.read_bytes()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.name for path in files] == [Path(key).name]


@pytest.fixture
def another_filesystem(tmp_path: Path) -> Iterator[Path]:
    shared = Path("/dev/shm")
    if not shared.is_dir() or shared.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is one filesystem only")
    folder = shared / f"aigrowth-{uuid4().hex}"
    folder.mkdir()
    yield folder
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


async def test_objects_that_are_opened_and_not_read_on_do_not_stay_open(
    local: LocalStorage, tmp_path: Path
) -> None:
    key = new_key()
    await local.put(key, file_of(tmp_path, 2_000_000), mime_type=JPEG)
    gc.collect()
    before = len(os.listdir("/dev/fd"))
    for _ in range(20):
        stored = await local.open(key)
        async for _piece in stored.body:
            break
    del stored
    await asyncio.sleep(0)  # until then the event loop holds the answer that woke this test
    gc.collect()
    assert len(os.listdir("/dev/fd")) <= before


async def test_the_check_of_a_folder_that_cannot_be_written_names_the_cure(tmp_path: Path) -> None:
    blocked = tmp_path / "a-file"
    blocked.write_text("in the way")
    with pytest.raises(StorageError, match="DATA_DIR"):
        await LocalStorage(blocked / "objects").check()


# --- the bucket


async def get(url: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(url)


async def test_anyone_reads_an_object_at_its_url(s3: S3Storage, picture: Path) -> None:
    key = new_key()
    await s3.put(key, picture, mime_type=JPEG)
    answer = await get(s3.url(key, expires_at=in_a_day()))
    assert answer.status_code == 200
    assert answer.content == picture.read_bytes()
    assert answer.headers["content-type"] == JPEG
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_without_its_signature_an_object_cannot_be_read(s3: S3Storage, picture: Path) -> None:
    key, other = new_key(), new_key()
    await s3.put(key, picture, mime_type=JPEG)
    await s3.put(other, picture, mime_type=JPEG)
    url = s3.url(key, expires_at=in_a_day())
    assert (await get(url.partition("?")[0])).status_code == 403
    assert (await get(url.replace(key, other))).status_code == 403
    assert (await get(url.replace("Expires=172800", "Expires=604800"))).status_code == 403


async def test_a_url_ends(s3: S3Storage, picture: Path) -> None:
    key = new_key()
    await s3.put(key, picture, mime_type=JPEG)
    assert (await get(s3.url(key, expires_at=clock.now() - timedelta(hours=25)))).status_code == 403


@pytest.mark.parametrize("hours", [0, 1, 23, 24, 25, 36, 48, 100])
async def test_a_url_lasts_as_long_as_asked_and_a_day_longer_at_most(s3: S3Storage, hours: int) -> None:
    asked = clock.now() + timedelta(hours=hours)
    begins_at, ends_at = lifetime(s3.url(new_key(), expires_at=asked))
    assert begins_at <= clock.now()
    assert asked <= ends_at + timedelta(seconds=1)
    assert ends_at < asked + timedelta(days=1)
    assert ends_at - begins_at <= timedelta(days=7)


def lifetime(url: str) -> tuple[datetime, datetime]:
    query = parse_qs(urlsplit(url).query)
    begins_at = datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return begins_at, begins_at + timedelta(seconds=int(query["X-Amz-Expires"][0]))


async def test_a_url_stays_the_same_for_a_day_in_every_process(
    seaweedfs_server: SeaweedServer, bucket: str
) -> None:
    key = new_key()
    day = (clock.now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    urls = {
        s3_storage(seaweedfs_server, bucket).url(key, expires_at=day + timedelta(minutes=minutes))
        for minutes in (1, 59, 600, 1440)
    }
    assert len(urls) == 1


async def test_a_url_that_s3_would_not_honour_is_not_made(s3: S3Storage) -> None:
    with pytest.raises(StorageError):
        s3.url(new_key(), expires_at=clock.now() + timedelta(days=8))


def test_the_signature_is_the_one_of_amazons_documentation() -> None:
    signer = Signer(
        "https://examplebucket.s3.amazonaws.com",
        "us-east-1",
        "AKIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    )
    begins_at = datetime(2013, 5, 24, tzinfo=UTC)
    url = signer.sign("test.txt", begins_at, begins_at + timedelta(seconds=86400))
    assert url.endswith("X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")


@pytest.mark.parametrize(
    ("bucket_name", "region", "base"),
    [
        ("pictures", "eu-central-1", "https://pictures.s3.eu-central-1.amazonaws.com/"),
        ("pictures", "us-east-1", "https://pictures.s3.us-east-1.amazonaws.com/"),
        ("pictures", "cn-north-1", "https://pictures.s3.cn-north-1.amazonaws.com.cn/"),
        ("pictures.example", "eu-central-1", "https://s3.eu-central-1.amazonaws.com/pictures.example/"),
    ],
)
async def test_urls_of_amazon_name_the_region_so_that_nobody_is_redirected(
    bucket_name: str, region: str, base: str
) -> None:
    storage = S3Storage(bucket=bucket_name, region=region, access_key_id="key", secret_access_key="secret")
    key = new_key()
    assert storage.url(key, expires_at=in_a_day()).startswith(f"{base}{key}?")


async def test_with_a_public_base_urls_are_plain(seaweedfs_server: SeaweedServer, bucket: str) -> None:
    storage = s3_storage(seaweedfs_server, bucket, public_url="https://cdn.example/pictures/")
    assert storage.url("7/a.jpg", expires_at=in_a_day()) == "https://cdn.example/pictures/7/a.jpg"


async def test_a_put_asks_not_to_replace_and_sends_no_acl(
    seaweedfs_server: SeaweedServer, bucket: str, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # None of these belongs to the given keys and endpoint.
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-somebody-else")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    key = new_key()
    async with recording_proxy(seaweedfs_server.endpoint) as (address, sent):
        storage = s3_storage(seaweedfs_server, bucket, endpoint_url=address)
        await storage.put(key, picture, mime_type="image/webp")
        assert await read(storage, key) == picture.read_bytes()
        await storage.delete(key)
        del storage
    text = bytes(sent).lower()
    assert b"x-amz-acl" not in text
    assert b"x-amz-security-token" not in text
    head = text[text.index(f"put /{bucket}/{key} ".encode()) :].partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert b"if-none-match: *" in head
    assert b"content-type: image/webp" in head
    assert b"cache-control: public, max-age=31536000, immutable" in head
    assert f"delete /{bucket}/{key} ".encode() in text


@asynccontextmanager
async def recording_proxy(
    endpoint: str, *, cuts_after: int | None = None
) -> AsyncIterator[tuple[str, bytearray]]:
    """Passes every byte on, and keeps what clients send; cuts each connection after so many bytes of that."""
    parts = urlsplit(endpoint)
    sent = bytearray()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, keep: bool) -> None:
        count = 0
        try:
            while piece := await reader.read(65536):
                count += len(piece)
                if keep:
                    sent.extend(piece)
                    if cuts_after is not None and count > cuts_after:
                        raise ConnectionError("cut off")
                writer.write(piece)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(parts.hostname, parts.port)
        await asyncio.gather(pump(reader, there_writer, keep=True), pump(there_reader, writer, keep=False))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", sent
    finally:
        server.close()


async def test_a_wrong_key_is_named_without_being_shown(seaweedfs_server: SeaweedServer, bucket: str) -> None:
    storage = s3_storage(seaweedfs_server, bucket, secret_access_key="not-the-secret")
    with pytest.raises(StorageError, match="AWS_SECRET_ACCESS_KEY") as caught:
        await storage.check()
    assert "not-the-secret" not in str(caught.value)
    assert seaweedfs_server.access_key not in str(caught.value)


async def test_a_store_that_does_not_answer_is_named(bucket: str, seaweedfs_server: SeaweedServer) -> None:
    storage = s3_storage(seaweedfs_server, bucket, endpoint_url="http://127.0.0.1:9")
    with pytest.raises(StorageError, match="AWS_S3_ENDPOINT_URL"):
        await storage.check()


async def test_the_check_finds_a_store_that_replaces_objects() -> None:
    with careless_store() as endpoint:
        storage = S3Storage(
            bucket="pictures",
            region="us-east-1",
            access_key_id="key",
            secret_access_key="secret",
            endpoint_url=endpoint,
        )
        with pytest.raises(StorageError, match="If-None-Match"):
            await storage.check()


@contextmanager
def careless_store() -> Iterator[str]:
    """A store that takes whatever it is given, as old versions of some do."""

    class Careless(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        kept: ClassVar[dict[str, bytes]] = {}

        def do_PUT(self) -> None:
            self.kept[self.path] = self.rfile.read(int(self.headers["content-length"]))
            self.answer(200)

        def do_GET(self) -> None:
            body = self.kept[self.path]
            self.answer(206, body, {"Content-Range": f"bytes 0-{len(body) - 1}/{len(body)}"})

        def do_DELETE(self) -> None:
            self.kept.pop(self.path, None)
            self.answer(204)

        def answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            values = {"ETag": '"1"', "Last-Modified": "Sun, 01 Nov 2026 00:00:00 GMT"} | (headers or {})
            for name, value in values.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Careless)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


_PROGRAM = """
import asyncio, pathlib, sys
from app.providers.storage.s3 import S3Storage

async def main():
    bucket, region, access_key_id, secret_access_key, endpoint_url, source = sys.argv[1:]
    storage = S3Storage(bucket=bucket, region=region, access_key_id=access_key_id,
                        secret_access_key=secret_access_key, endpoint_url=endpoint_url)
    await storage.put("exit/" + pathlib.Path(source).name, pathlib.Path(source), mime_type="image/jpeg")
    stored = await storage.open("exit/" + pathlib.Path(source).name)
    async for piece in stored.body:
        pass

asyncio.run(main())
"""


def test_a_process_that_used_a_bucket_ends_cleanly(
    seaweedfs_server: SeaweedServer, bucket: str, tmp_path: Path
) -> None:
    server = seaweedfs_server
    arguments = [bucket, server.region, server.access_key, server.secret_key, server.endpoint]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, *arguments, str(file_of(tmp_path, 5_000_000))],
            cwd=Path(__file__).parents[2],
            stderr=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    for process in running:
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, b"")
