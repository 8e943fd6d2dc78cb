"""The checkup of a store: every failure names the setting, or the rule of the bucket, to change."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from app.providers.storage import local as local_module
from app.providers.storage.base import Checkup, Finding
from app.providers.storage.local import LocalCheckup
from app.providers.storage.s3 import S3Checkup, S3Storage
from tests.servers.seaweedfs import SeaweedServer

ORIGIN = "https://growth.example"
ALL = (
    "reach",
    "clock",
    "write",
    "checksum",
    "read",
    "missing",
    "conditional",
    "presign",
    "private",
    "public",
    "direct",
    "cors",
    "delete",
)


async def found(checkup: Checkup) -> dict[str, Finding]:
    return {finding.name: finding async for finding in checkup.findings(origin=ORIGIN)}


def states(report: Mapping[str, Finding], state: str) -> set[str]:
    return {name for name, finding in report.items() if finding.state == state}


@pytest.fixture
def bucket(seaweedfs_server: SeaweedServer) -> str:
    """A bucket with the CORS rules that the checkup itself proposes."""
    name = seaweedfs_server.create_bucket()
    storage = storage_at(seaweedfs_server, name)
    (document,) = (found for found in S3Checkup(storage).documents(origin=ORIGIN) if "CORS" in found.title)
    rules = {"CORSRules": json.loads(document.content)}
    client = seaweedfs_server.client()
    client.put_bucket_cors(Bucket=name, CORSConfiguration=rules)
    client.close()
    return name


def storage_at(server: SeaweedServer, name: str, **changes: Any) -> S3Storage:
    values: dict[str, Any] = {
        "bucket": name,
        "region": server.region,
        "access_key_id": server.access_key,
        "secret_access_key": server.secret_key,
        "endpoint_url": server.endpoint,
    }
    return S3Storage(**(values | changes))


def objects(server: SeaweedServer, bucket: str) -> list[str]:
    client = server.client()
    try:
        return [entry["Key"] for entry in client.list_objects_v2(Bucket=bucket).get("Contents", ())]
    finally:
        client.close()


async def test_a_good_bucket_passes_and_nothing_is_left_in_it(
    seaweedfs_server: SeaweedServer, bucket: str
) -> None:
    report = await found(S3Checkup(storage_at(seaweedfs_server, bucket)))
    assert tuple(report) == ALL
    assert states(report, "failed") == states(report, "warning") == set(), report
    assert states(report, "skipped") == {"public"}
    assert objects(seaweedfs_server, bucket) == []


async def test_so_does_one_where_browsers_put(seaweedfs_server: SeaweedServer, bucket: str) -> None:
    report = await found(S3Checkup(storage_at(seaweedfs_server, bucket, direct="put")))
    assert (report["direct"].state, report["cors"].state) == ("ok", "ok"), report
    assert report["direct"].detail == "By PUT."
    report = await found(S3Checkup(storage_at(seaweedfs_server, bucket, direct="off")))
    assert states(report, "skipped") == {"public", "direct", "cors"}


@pytest.mark.parametrize(
    ("change", "fix"),
    [
        ({"secret_access_key": "wrong"}, "Set AWS_SECRET_ACCESS_KEY to the secret of AWS_ACCESS_KEY_ID."),
        ({"access_key_id": "wrong"}, "Set AWS_ACCESS_KEY_ID to a key of the store."),
    ],
)
async def test_a_wrong_setting_is_named(
    seaweedfs_server: SeaweedServer, bucket: str, change: dict[str, str], fix: str
) -> None:
    report = await found(S3Checkup(storage_at(seaweedfs_server, bucket, **change)))
    assert (report["write"].state, report["write"].fix) == ("failed", fix), report["write"]
    assert report["read"].state == report["delete"].state == "skipped"
    told = " ".join(finding.detail + finding.fix for finding in report.values())
    assert seaweedfs_server.secret_key not in told


async def test_a_store_that_is_not_there_is_named(seaweedfs_server: SeaweedServer) -> None:
    report = await found(S3Checkup(storage_at(seaweedfs_server, "b", endpoint_url="http://127.0.0.1:9")))
    assert report["reach"].state == "failed"
    assert "AWS_S3_ENDPOINT_URL" in report["reach"].fix
    assert states(report, "skipped") == set(ALL) - {"reach"}


async def test_missing_cors_rules_are_named_with_what_to_paste(
    seaweedfs_server: SeaweedServer, bucket: str
) -> None:
    # As Amazon answers where a bucket has no rules; this server then lets everybody.
    report = await report_behind(
        seaweedfs_server,
        bucket,
        rule=lambda request: error(403, "AccessForbidden") if request.method == "OPTIONS" else None,
    )
    assert report["cors"].state == "warning"
    assert f"Paste the CORS rules below into the bucket {bucket}." in report["cors"].fix
    documents = S3Checkup(storage_at(seaweedfs_server, bucket)).documents(origin=ORIGIN)
    policy, rules = (json.loads(document.content) for document in documents)
    assert rules[0]["AllowedOrigins"] == [ORIGIN]
    assert rules[0]["ExposeHeaders"] == ["ETag"]
    assert policy["Statement"][0]["Resource"] == f"arn:aws:s3:::{bucket}/*"
    assert policy["Statement"][1] == {
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": f"arn:aws:s3:::{bucket}",
    }


async def test_a_bucket_whose_rules_do_not_show_the_etag_is_told(
    seaweedfs_server: SeaweedServer, bucket: str
) -> None:
    client = seaweedfs_server.client()
    rule = {"AllowedOrigins": [ORIGIN], "AllowedMethods": ["POST", "GET"], "AllowedHeaders": ["content-type"]}
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    client.close()
    report = await found(S3Checkup(storage_at(seaweedfs_server, bucket)))
    assert (report["cors"].state, report["cors"].detail) == (
        "warning",
        "The bucket's CORS rules do not expose ETag.",
    )


async def test_a_public_base_that_leads_nowhere_is_named(
    seaweedfs_server: SeaweedServer, bucket: str
) -> None:
    for url, part in (
        ("http://127.0.0.1:9", "Nothing answers"),
        (f"{seaweedfs_server.endpoint}/{bucket}", "refuses to show"),
    ):
        report = await found(S3Checkup(storage_at(seaweedfs_server, bucket, public_url=url)))
        assert report["public"].state == "failed"
        assert part in report["public"].detail
        assert "AWS_S3_PUBLIC_URL" in report["public"].fix


# --- stores that misbehave: a real one behind somebody who changes what is said

Rule = Callable[[httpx.Request], httpx.Response | None]
Edit = Callable[[httpx.Request, httpx.Response], httpx.Response]


@asynccontextmanager
async def behind(
    server: SeaweedServer, *, rule: Rule = lambda _: None, edit: Edit = lambda _, answer: answer
) -> AsyncIterator[tuple[str, list[httpx.Request]]]:
    """Passes each request on with every header as it came, and keeps it. `rule` may answer in the store's
    place, `edit` may change its answer."""
    asked: list[httpx.Request] = []
    there = urlsplit(server.endpoint)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                first, *lines = head.decode("latin-1").strip().split("\r\n")
                method, target, _ = first.split(" ")
                headers = [
                    (name, value.strip()) for name, _, value in (line.partition(":") for line in lines)
                ]
                length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
                body = await reader.readexactly(length)
                request = httpx.Request(method, f"{server.endpoint}{target}", headers=headers, content=body)
                asked.append(request)
                answer = rule(request)
                if answer is None:
                    far_reader, far_writer = await asyncio.open_connection(there.hostname, there.port)
                    plain = "".join(
                        f"{name}: {value}\r\n" for name, value in headers if name.lower() != "connection"
                    )
                    far_writer.write(f"{first}\r\n{plain}Connection: close\r\n\r\n".encode("latin-1") + body)
                    answer = edit(request, parsed(await far_reader.read()))
                    far_writer.close()
                content = b"" if method == "HEAD" else answer.content
                kept = [
                    (name, value)
                    for name, value in answer.headers.items()
                    if name not in ("content-length", "transfer-encoding", "connection")
                ]
                said = "".join(f"{name}: {value}\r\n" for name, value in kept)
                said = f"HTTP/1.1 {answer.status_code} Said\r\n{said}Content-Length: {len(content)}\r\n\r\n"
                writer.write(said.encode("latin-1") + content)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}", asked
    finally:
        listener.close()


def header_pairs(lines: list[str]) -> list[tuple[str, str]]:
    return [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]


def parsed(raw: bytes) -> httpx.Response:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = header_pairs(lines)
    values = {name.lower(): value for name, value in headers}
    if values.get("transfer-encoding") == "chunked":
        whole = b""
        while body:
            size, _, body = body.partition(b"\r\n")
            count = int(size, 16)
            whole, body = whole + body[:count], body[count + 2 :]
        body = whole
    return httpx.Response(int(first.split(" ")[1]), headers=headers, content=body)


def error(status: int, code: str, **headers: str) -> httpx.Response:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>secret words</Message></Error>"
    return httpx.Response(status, content=body.encode(), headers=headers)


async def report_behind(server: SeaweedServer, bucket: str, **ways: Any) -> dict[str, Finding]:
    changes = ways.pop("changes", {})
    async with behind(server, **ways) as (address, _):
        return await found(S3Checkup(storage_at(server, bucket, endpoint_url=address, **changes)))


@pytest.mark.parametrize(
    ("method", "name", "right"),
    [
        ("PUT", "write", "s3:PutObject"),
        ("GET", "read", "s3:GetObject"),
        ("DELETE", "delete", "s3:DeleteObject"),
    ],
)
async def test_a_missing_right_is_named(
    seaweedfs_server: SeaweedServer, bucket: str, method: str, name: str, right: str
) -> None:
    def forbids(request: httpx.Request) -> httpx.Response | None:
        is_signed = "authorization" in request.headers
        return error(403, "AccessDenied") if request.method == method and is_signed else None

    report = await report_behind(seaweedfs_server, bucket, rule=forbids)
    assert report[name].state == "failed", report[name]
    assert f"{right} on arn:aws:s3:::{bucket}/*" in report[name].fix
    assert "secret words" not in report[name].detail


@pytest.mark.parametrize(
    ("answer", "fix"),
    [
        (
            error(301, "PermanentRedirect", **{"x-amz-bucket-region": "eu-west-1"}),
            "Set AWS_S3_REGION=eu-west-1.",
        ),
        (
            error(403, "RequestTimeTooSkewed"),
            "Set this server's clock by the network: timedatectl set-ntp true",
        ),
        (
            httpx.Response(200 + 204, content=b"<html>"),
            "Set AWS_S3_BUCKET to the name of a bucket that is there.",
        ),
    ],
    ids=["region", "clock", "bucket"],
)
async def test_a_refusal_is_understood_by_its_code(
    seaweedfs_server: SeaweedServer, bucket: str, answer: httpx.Response, fix: str
) -> None:
    report = await report_behind(
        seaweedfs_server, bucket, rule=lambda request: answer if request.method == "PUT" else None
    )
    assert (report["write"].state, report["write"].fix) == ("failed", fix)


@pytest.mark.parametrize(("minutes", "state"), [(0, "ok"), (5, "warning"), (20, "failed")])
async def test_clocks_that_differ_are_told(
    seaweedfs_server: SeaweedServer, bucket: str, minutes: int, state: str
) -> None:
    def late(_: httpx.Request, answer: httpx.Response) -> httpx.Response:
        answer.headers["date"] = format_datetime(datetime.now(UTC) - timedelta(minutes=minutes), usegmt=True)
        return answer

    report = await report_behind(seaweedfs_server, bucket, edit=late)
    assert report["clock"].state == state
    if state != "ok":
        assert "timedatectl" in report["clock"].fix


async def test_a_store_that_takes_no_forms_is_named(seaweedfs_server: SeaweedServer, bucket: str) -> None:
    report = await report_behind(
        seaweedfs_server,
        bucket,
        rule=lambda request: error(501, "NotImplemented") if request.method == "POST" else None,
    )
    assert (report["direct"].state, report["direct"].fix) == ("failed", "Set AWS_S3_DIRECT_UPLOAD=put.")


async def test_a_store_that_takes_no_checksums_is_named(seaweedfs_server: SeaweedServer, bucket: str) -> None:
    def refuses(request: httpx.Request) -> httpx.Response | None:
        has_checksum = any("checksum" in name for name in request.headers)
        return error(501, "NotImplemented") if has_checksum else None

    async with behind(seaweedfs_server, rule=refuses) as (address, _):
        storage = storage_at(seaweedfs_server, bucket, endpoint_url=address, checksum_algorithm="sha256")
        report = await found(S3Checkup(storage, checksum_algorithm="sha256"))
    assert report["write"].state == "failed"
    assert (report["checksum"].state, report["checksum"].fix) == (
        "failed",
        "Leave AWS_CHECKSUM_ALGORITHM empty.",
    )


async def test_no_call_carries_a_header_that_other_stores_refuse(
    seaweedfs_server: SeaweedServer, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # None of these belongs to this bucket.
    for name, value in (
        ("AWS_REQUEST_PAYER", "true"),
        ("AWS_SKIP_SIGNATURE", "true"),
        ("AWS_CONDITIONAL_PUT", "disabled"),
        ("AWS_REQUEST_CHECKSUM_CALCULATION", "when_supported"),
    ):
        monkeypatch.setenv(name, value)
    async with behind(seaweedfs_server) as (address, asked):
        storage = storage_at(seaweedfs_server, bucket, endpoint_url=address)
        source = tmp_path / "source"
        source.write_bytes(os.urandom(9_000_000))
        await storage.put("7/a.jpg", source, mime_type="image/jpeg")
        stored = await storage.open("7/a.jpg")
        assert len(b"".join([piece async for piece in stored.body])) == 9_000_000
        await storage.delete("7/a.jpg")
        report = await found(S3Checkup(storage))
        assert states(report, "failed") == set()
        put = await found(S3Checkup(storage_at(seaweedfs_server, bucket, endpoint_url=address, direct="put")))
        assert put["direct"].state == "ok"
        del storage
    assert {request.method for request in asked} >= {"PUT", "GET", "DELETE", "POST", "OPTIONS"}
    signed = {
        "x-amz-content-sha256",
        "x-amz-date",
    }
    for request in asked:
        names = {name for name in request.headers if name.startswith("x-amz-")}
        assert names <= signed, (request.method, names - signed)
        for refused in ("expect", "transfer-encoding", "content-md5", "trailer"):
            assert refused not in request.headers, (request.method, refused)
        assert "aws-chunked" not in request.headers.get("content-encoding", "")
        assert "STREAMING" not in request.headers.get("x-amz-content-sha256", "")
        assert b"x-amz-acl" not in request.content.lower()


# --- the folder


async def test_a_good_folder_passes(tmp_path: Path) -> None:
    report = await found(LocalCheckup(tmp_path / "files"))
    assert {name: finding.state for name, finding in report.items()} == dict.fromkeys(
        ("write", "conditional", "space"), "ok"
    )
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_a_folder_that_can_not_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "in-the-way"
    blocked.write_text("a file")
    report = await found(LocalCheckup(blocked / "files"))
    assert report["write"].state == "failed"
    assert "DATA_DIR" in report["write"].fix
    monkeypatch.setattr(local_module, "LITTLE_SPACE", 2**80)
    assert (await found(LocalCheckup(tmp_path / "files")))["space"].state == "warning"
    with contextlib.suppress(FileNotFoundError):
        blocked.unlink()
