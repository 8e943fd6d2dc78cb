"""What keeping pictures in a bucket costs this server: `make bench BENCHES=storage`.

The same uploads to the product twice, once with files on disk and once with an S3 server (SeaweedFS) on this
machine. Measured is the CPU of the product and its processes alone; the difference between the two is the
work of a client of S3. Writes `bench/results/storage.json`. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from photographs import photographs
from run import (
    BACKEND,
    HERE,
    Measure,
    Server,
    measured_uploads,
    processor,
    register,
    rounded,
    serving,
    upload_all,
)

sys.path.insert(0, str(BACKEND))

from tests.servers.seaweedfs import seaweedfs

BAR_MS = 15.0
SERVE = [sys.executable, "-c", "from app.cli import main; main()", "serve"]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--uploads", type=int, default=120, help="uploads to each store, at concurrency 8")
    count = arguments.parse_args().uploads
    bodies = [path.read_bytes() for path in photographs(HERE / "work" / "photographs")]
    with tempfile.TemporaryDirectory(prefix="bench-") as name, seaweedfs() as store:
        bucket = {
            "STORAGE_PROVIDER": "s3",
            "AWS_S3_BUCKET": store.create_bucket(),
            "AWS_S3_ENDPOINT_URL": store.endpoint,
            "AWS_ACCESS_KEY_ID": store.access_key,
            "AWS_SECRET_ACCESS_KEY": store.secret_key,
        }
        local = measured("files on disk", product(Path(name) / "local", {}), bodies, count)
        remote = measured("bucket", product(Path(name) / "bucket", bucket), bodies, count)
    beyond = remote.cpu_ms - local.cpu_ms
    for row in (local, remote):
        print(f"{row.what:16}{row.per_second:>8.1f} per s{row.p50_ms:>8.0f} ms p50{row.cpu_ms:>8.1f} ms CPU")
    verdict = "met" if beyond < BAR_MS else "MISSED"
    print(f"{'beyond the disk':16}{beyond:>38.1f} ms CPU, bar {BAR_MS:.0f}: {verdict}")
    found = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "processor": processor(), "load": os.getloadavg()[0]},
        "rows": [{key: rounded(value) for key, value in asdict(row).items()} for row in (local, remote)],
        "beyond_local_cpu_ms": rounded(beyond),
        "bar_ms": BAR_MS,
    }
    (HERE / "results").mkdir(exist_ok=True)
    (HERE / "results" / "storage.json").write_text(json.dumps(found, indent=2) + "\n")
    print("written to bench/results/storage.json")


def product(folder: Path, settings: dict[str, str]) -> AbstractContextManager[Server]:
    """The product with these settings, on an empty data folder."""
    return serving(
        SERVE, folder, {"DATA_DIR": str(folder), "UPLOAD_RATE_LIMIT": "1000000/minute", **settings}
    )


def measured(what: str, running: AbstractContextManager[Server], bodies: list[bytes], count: int) -> Measure:
    with running as server:
        token, business = register(server)
        upload_all(server, token, business, bodies, 8, 2)
        return measured_uploads(what, server, token, business, bodies, count, 8)


if __name__ == "__main__":
    main()
