"""Cloudinary: its signatures, its refusals, and what the adapter makes of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.providers.storage.base import ObjectExists, ObjectMissing, ObjectTooLarge, StorageError
from app.providers.storage.cloudinary import CloudinaryCheckup, CloudinaryStorage
from practice.cloudinary.signing import signature, string_to_sign
from tests.contracts.test_storage import JPEG, cloudinary_storage, file_of, new_key, read
from tests.practice_server import PracticeThread, practice_thread


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeThread]:
    with practice_thread(tmp_path_factory.mktemp("cloud")) as server:
        yield server


@pytest.fixture
async def storage(cloud: PracticeThread) -> AsyncIterator[CloudinaryStorage]:
    opened = cloudinary_storage(cloud)
    yield opened
    await opened.close()
    cloud.control.clear_faults()


# --- the simulator's own rules


def test_the_signature_is_the_one_of_the_vendors_documentation() -> None:
    params = {
        "public_id": "sample_image",
        "timestamp": "1315060510",
        "eager": "w_400,h_300,c_pad|w_260,h_200,c_crop",
        # Never part of it.
        "file": "x",
        "api_key": "1",
        "resource_type": "image",
        "cloud_name": "demo",
        "tags": "",
    }
    assert signature(params, "abcd") == "bfd09f95f331f558cbd1320e67aa8d488770583e"
    assert string_to_sign({"b": "1&a=2", "a": "x"}) == "a=x&b=1%26a=2"


def call(cloud: PracticeThread, *, file: bytes, account: str = "practice", **changes: str) -> httpx.Response:
    """A call signed as the documentation says, then changed."""
    params = {"public_id": "7/direct", "timestamp": str(int(time.time()))}
    form = params | {"signature": signature(params, cloud.cloud.api_secret), "api_key": cloud.cloud.api_key}
    form |= changes
    return httpx.post(
        f"{cloud.cloudinary_url}/v1_1/{account}/image/upload",
        data={name: value for name, value in form.items() if value},
        files={"file": ("a.jpg", file)} if file else {"nothing": ("", b"")},
        trust_env=False,
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"signature": "0" * 40}, "Invalid Signature"),
        ({"signature": ""}, "Invalid Signature"),
        ({"tags": "one-more"}, "Invalid Signature"),
        ({"public_id": "7/another"}, "Invalid Signature"),
        ({"public_id": ""}, "Invalid Signature"),
        ({"folder": "x"}, "Invalid Signature"),
        ({"api_key": "123"}, "Unknown API key"),
        ({"api_key": ""}, "Unknown API key"),
        ({"account": "other"}, "cloud_name mismatch"),
    ],
)
def test_whatever_is_not_exactly_what_was_signed_is_refused(
    cloud: PracticeThread, tmp_path: Path, changes: dict[str, str], told: str
) -> None:
    answer = call(cloud, file=file_of(tmp_path, 5000).read_bytes(), **changes)
    assert answer.status_code == 401
    assert told in answer.json()["error"]["message"]
    assert told in answer.headers["x-cld-error"]


def test_a_signature_is_good_for_an_hour(cloud: PracticeThread, tmp_path: Path) -> None:
    for seconds, status in ((3500, 200), (3700, 401), (-3700, 401)):
        timestamp = str(int(time.time()) - seconds)
        params = {"public_id": f"7/of-{seconds}", "timestamp": timestamp}
        answer = call(
            cloud,
            file=file_of(tmp_path, 5000).read_bytes(),
            **params,
            signature=signature(params, cloud.cloud.api_secret),
        )
        assert answer.status_code == status, answer.text


def test_what_is_no_picture_or_too_large_is_refused(cloud: PracticeThread, tmp_path: Path) -> None:
    answer = call(cloud, file=b"This is no picture")
    assert (answer.status_code, answer.headers["x-cld-error"]) == (400, "Invalid image file")
    large = file_of(tmp_path, 10 * 1024 * 1024 + 1).read_bytes()
    assert "Maximum is 10485760" in call(cloud, file=large).json()["error"]["message"]


# --- the adapter


async def test_what_is_kept_carries_our_name_and_is_delivered_as_it_is(
    storage: CloudinaryStorage, cloud: PracticeThread, tmp_path: Path
) -> None:
    key, source = new_key(), file_of(tmp_path, 40_000)
    await storage.put(key, source, mime_type=JPEG)
    url = storage.url(key, expires_at=datetime.now(UTC))
    assert url == f"{cloud.cloudinary_url}/practice/image/upload/v1/{key}"
    uploads = [noted for noted in cloud.control.calls("cloudinary.upload") if noted["status"] == 200]
    assert uploads[-1]["params"] == {"public_id": key.removesuffix(".jpg"), "overwrite": "false"}


async def test_real_addresses_are_cloudinarys_own() -> None:
    storage = CloudinaryStorage(cloud_name="demo", api_key="1", api_secret="s")
    url = storage.url("7/a.jpg", expires_at=datetime.now(UTC))
    assert url == "https://res.cloudinary.com/demo/image/upload/v1/7/a.jpg"
    await storage.close()


async def test_a_picture_over_their_limit_is_refused_before_it_is_sent(
    storage: CloudinaryStorage, cloud: PracticeThread, tmp_path: Path
) -> None:
    before = len(cloud.control.calls("cloudinary.upload"))
    with pytest.raises(ObjectTooLarge, match="10 MiB"):
        await storage.put(new_key(), file_of(tmp_path, 10 * 1024 * 1024 + 1), mime_type=JPEG)
    assert len(cloud.control.calls("cloudinary.upload")) == before


@pytest.mark.parametrize("status", [420, 429, 500, 502, 503])
async def test_busy_servers_are_asked_again(
    storage: CloudinaryStorage, cloud: PracticeThread, tmp_path: Path, status: int
) -> None:
    key = new_key()
    answer = {"status": status, "error": {"message": "Rate limited"}, "executed": False}
    cloud.control.fault("error", edge="cloudinary.upload", count=2, **answer)
    await storage.put(key, file_of(tmp_path, 5000), mime_type=JPEG)
    cloud.control.fault("error", edge="cloudinary.destroy", **answer)
    await storage.delete(key)
    with pytest.raises(ObjectMissing):
        await storage.open(key)


async def test_a_server_that_stays_busy_is_given_up(
    storage: CloudinaryStorage, cloud: PracticeThread, tmp_path: Path
) -> None:
    cloud.control.fault("http_500", edge="cloudinary.upload", status=503, count=None)
    with pytest.raises(StorageError, match="503"):
        await storage.put(new_key(), file_of(tmp_path, 5000), mime_type=JPEG)


@pytest.mark.parametrize("kind", ["drop_after", "truncated"])
async def test_an_upload_whose_answer_was_lost_is_found_to_be_ours(
    storage: CloudinaryStorage, cloud: PracticeThread, tmp_path: Path, kind: str
) -> None:
    key, source = new_key(), file_of(tmp_path, 5000)
    cloud.control.fault(kind, edge="cloudinary.upload")
    await storage.put(key, source, mime_type=JPEG)
    assert await read(storage, key) == source.read_bytes()
    with pytest.raises(ObjectExists):
        await storage.put(key, file_of(tmp_path, 5000), mime_type=JPEG)


@pytest.mark.parametrize("kind", ["drop_before", "garbage", "truncated"])
@pytest.mark.parametrize("edge", ["cloudinary.upload", "cloudinary.destroy", "cloudinary.delivery"])
async def test_whatever_goes_wrong_is_a_storage_error_and_no_other(
    storage: CloudinaryStorage, cloud: PracticeThread, tmp_path: Path, kind: str, edge: str
) -> None:
    key = new_key()
    await storage.put(key, file_of(tmp_path, 300_000), mime_type=JPEG)
    cloud.control.fault(kind, edge=edge, count=None)
    with pytest.raises(StorageError):
        if edge == "cloudinary.upload":
            await storage.put(new_key(), file_of(tmp_path, 5000), mime_type=JPEG)
        elif edge == "cloudinary.destroy":
            await storage.delete(key)
        else:
            await read(storage, key)


@pytest.mark.parametrize("change", ["api_secret", "api_key", "cloud_name"])
async def test_wrong_keys_are_named_and_nothing_secret_is_told(
    cloud: PracticeThread, tmp_path: Path, change: str
) -> None:
    storage = cloudinary_storage(cloud, **{change: "123456"})
    try:
        with pytest.raises(StorageError, match="CLOUDINARY_API_SECRET") as refused:
            await storage.put(new_key(), file_of(tmp_path, 5000), mime_type=JPEG)
        told = str(refused.value)
        assert "String to sign" not in told
        assert cloud.cloud.api_key not in told
        report = await checked(storage)
        assert "CLOUDINARY_API_KEY" in report["write"].fix
        assert report["write"].state == "failed"
        assert report["delete"].state == "skipped"
    finally:
        await storage.close()


async def checked(storage: CloudinaryStorage) -> dict[str, Any]:
    checkup = CloudinaryCheckup(storage)
    return {finding.name: finding async for finding in checkup.findings(origin="https://growth.example")}


async def test_the_checkup_of_a_good_account_finds_nothing(storage: CloudinaryStorage) -> None:
    report = await checked(storage)
    assert {name: finding.state for name, finding in report.items()} == {
        name: "ok" for name in ("clock", "write", "conditional", "public", "delete")
    }


async def test_the_checkup_names_a_wrong_host() -> None:
    storage = CloudinaryStorage(
        cloud_name="practice", api_key="1", api_secret="s", api_base="http://127.0.0.1:9"
    )
    report = await checked(storage)
    await storage.close()
    assert report["clock"].state == "failed"
    assert "CLOUDINARY_API_BASE" in report["clock"].fix


async def test_calls_made_at_once_do_not_wait_for_each_other(
    storage: CloudinaryStorage, cloud: PracticeThread, tmp_path: Path
) -> None:
    cloud.control.fault("hold_before", edge="cloudinary.upload")
    held = asyncio.create_task(storage.put(new_key(), file_of(tmp_path, 5000), mime_type=JPEG))
    await asyncio.to_thread(cloud.control.wait_for_hold, "cloudinary.upload")
    key = new_key()
    await storage.put(key, file_of(tmp_path, 5000), mime_type=JPEG)
    assert await read(storage, key)
    assert not held.done()
    await asyncio.to_thread(cloud.control.release)
    await asyncio.wait_for(held, timedelta(seconds=30).total_seconds())
