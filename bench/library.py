"""The benchmark of the library: lists and searches with a thousand and a million images in one business.

Over HTTP, against one server process, on SQLite and on PostgreSQL. Prints a table with the bars and writes
`bench/results/library.json`. The made libraries are kept in `bench/work/library`: `--images N` changes how
large the large one is, `--fresh` makes them anew. Linux only.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from library_seed import COMMON, MIDDLING, OLD, RARE
from run import BACKEND, HERE, Server, free_port, percentile, processor, register, rounded, serving

sys.path.insert(0, str(BACKEND))

from tests.servers import postgres as test_postgres

WORK = HERE / "work" / "library"
LIMIT = 20
SORTS = ("created_at_desc", "created_at_asc", "most_used")
FILTERS: dict[str, dict[str, str]] = {
    "all": {},
    "uploaded": {"filter": "uploaded"},
    "ai_generated": {"filter": "ai_generated"},
    "edited": {"filter": "edited"},
    "unused": {"filter": "unused"},
    "trashed": {"filter": "trashed"},
    "tag, on many": {"tag": "quiet boats"},
    "tag, on few": {"tag": "blue tiles"},
}
WORDS = {
    "common": COMMON,
    "middling": MIDDLING,
    "rare": RARE,
    "absent": "xylophonist",
    "only in old ones": OLD,
    "several, absent as a whole": "garden bridge station",
    "two letters": "ha",
    "two letters, absent": "qz",
    "one letter": "z",
}
BARS = {
    "list_p99_ms": 12.0,
    "pages_per_second": 200.0,
    "search_p99_ms": 40.0,
    "times_worse": 2.0,
}


@dataclass(frozen=True)
class Measure:
    """One row of the table: a list or a search, first pages and deep ones together."""

    engine: str
    images: int
    what: str
    requests: int
    p50_ms: float
    p99_ms: float
    pages_per_second: float


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--images", type=int, default=1_000_000, help="in the large library")
    arguments.add_argument("--repeat", type=int, default=50, help="requests for each page at concurrency 1")
    arguments.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    arguments.add_argument("--fresh", action="store_true", help="make the libraries anew")
    arguments.add_argument("--only-make", action="store_true", help="make the libraries, measure nothing")
    options = arguments.parse_args()
    if options.fresh:
        shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True, exist_ok=True)
    load_before = os.getloadavg()[0]
    rows: list[Measure] = []
    for engine in options.engine or ("sqlite", "postgresql"):
        with database_server(engine) as url:
            for count in (1_000, options.images):
                with library(engine, url, count) as (server, token, business):
                    if options.only_make:
                        continue
                    rows += measured(engine, count, server, token, business, options.repeat)
    if options.only_make:
        return
    found = verdicts(rows, options.images)
    report(rows, found)
    write(rows, found, load_before)


# Measuring


def measured(
    engine: str, count: int, server: Server, token: str, business: int, repeat: int
) -> list[Measure]:
    client = Client(server, token)
    pages: dict[str, list[str]] = {
        f"{name}, {sort}": list_pages(client, business, {**query, "sort": sort})
        for name, query in FILTERS.items()
        for sort in SORTS
    }
    searches = {
        f"search: {name}": [
            address(business, {"search": word, "sort": sort}) for sort in ("created_at_desc", "most_used")
        ]
        for name, word in WORDS.items()
    }
    rows = []
    for what, addresses in (pages | searches).items():
        for one in addresses:
            client.get(one)
        seconds = [client.timed(one) for _ in range(repeat) for one in addresses]
        # The server lets go of a connection that is quiet for a while.
        client.close()
        rate = at_once(server, token, addresses, 8, max(80, repeat * len(addresses) // 2))
        rows.append(
            Measure(
                engine=engine,
                images=count,
                what=what,
                requests=len(seconds),
                p50_ms=percentile(seconds, 50) * 1000,
                p99_ms=percentile(seconds, 99) * 1000,
                pages_per_second=rate,
            )
        )
        print(f"{engine:11}{count:>10,}  {what:32}{rows[-1].p50_ms:8.1f}{rows[-1].p99_ms:8.1f}{rate:8.0f}")
    client.close()
    return rows


def address(business: int, query: dict[str, str]) -> str:
    return "/api/v1/images/list?" + urlencode({"business_id": business, "limit": LIMIT, **query})


def list_pages(client: Client, business: int, query: dict[str, str]) -> list[str]:
    """The first page, and cursor pages after a hundredth, the half and nearly all of the list."""
    total = client.get(address(business, query))["total"]
    found = [address(business, query)]
    for depth in (0.01, 0.5, 0.98):
        number = min(1_000_000, int(total * depth) // LIMIT)
        if number:
            page = client.get(address(business, {**query, "page": str(number)}))
            if page["next_cursor"]:
                found.append(address(business, {**query, "cursor": page["next_cursor"]}))
    return found


class Client:
    """One connection that is kept open."""

    def __init__(self, server: Server, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str) -> Any:
        return json.loads(self._read(path))

    def timed(self, path: str) -> float:
        began = time.perf_counter()
        self._read(path)
        return time.perf_counter() - began

    def _read(self, path: str) -> bytes:
        self._connection.request("GET", path, headers=self._headers)
        response = self._connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise SystemExit(f"{path} answered {response.status}: {body[:500]!r}")
        return body

    def close(self) -> None:
        self._connection.close()


def at_once(server: Server, token: str, addresses: list[str], concurrency: int, count: int) -> float:
    """Pages a second with so many clients at any time."""
    left = iter(range(count))
    lock = threading.Lock()
    done = 0

    def work() -> None:
        nonlocal done
        client = Client(server, token)
        while True:
            with lock:
                number = next(left, None)
            if number is None:
                break
            client.timed(addresses[number % len(addresses)])
            with lock:
                done += 1
        client.close()

    threads = [threading.Thread(target=work) for _ in range(concurrency)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if done != count:
        raise SystemExit("a client broke off")
    return count / (time.perf_counter() - began)


# The verdict


def verdicts(rows: list[Measure], large: int) -> dict[str, dict[str, Any]]:
    """Each figure against its bar: the worst of its kind on each engine."""
    found: dict[str, dict[str, Any]] = {}
    for engine in dict.fromkeys(row.engine for row in rows):
        own = [row for row in rows if row.engine == engine]
        small = {row.what: row for row in own if row.images != large}
        lists = [row for row in own if row.images == large and not row.what.startswith("search")]
        searches = [row for row in own if row.images == large and row.what.startswith("search")]

        def put(
            name: str, row: Measure, value: float, bar: float, is_met: bool, engine: str = engine
        ) -> None:
            found[f"{engine}: {name}"] = {"value": value, "bar": bar, "is_met": is_met, "worst": row.what}

        slowest = max(lists, key=lambda row: row.p99_ms)
        put(
            "list, p99 ms", slowest, slowest.p99_ms, BARS["list_p99_ms"], slowest.p99_ms < BARS["list_p99_ms"]
        )
        fewest = min(lists, key=lambda row: row.pages_per_second)
        rate = fewest.pages_per_second
        put("list, pages a second", fewest, rate, BARS["pages_per_second"], rate >= BARS["pages_per_second"])
        worst = max(lists, key=lambda row: row.p99_ms / small[row.what].p99_ms)
        times = worst.p99_ms / small[worst.what].p99_ms
        put("list, p99, times 1,000 images", worst, times, BARS["times_worse"], times <= BARS["times_worse"])
        worst = max(lists, key=lambda row: small[row.what].pages_per_second / row.pages_per_second)
        times = small[worst.what].pages_per_second / worst.pages_per_second
        put("list, rate, times 1,000 images", worst, times, BARS["times_worse"], times <= BARS["times_worse"])
        slowest = max(searches, key=lambda row: row.p99_ms)
        bar = BARS["search_p99_ms"]
        put("search, p99 ms", slowest, slowest.p99_ms, bar, slowest.p99_ms < bar)
    return found


def report(rows: list[Measure], found: dict[str, dict[str, Any]]) -> None:
    print(f"\n{'what':46}{'worst':>10}{'bar':>8}        in")
    for name, one in found.items():
        mark = "met" if one["is_met"] else "MISSED"
        print(f"{name:46}{one['value']:>10.1f}{one['bar']:>8.0f}  {mark:8}{one['worst']}")


def write(rows: list[Measure], found: dict[str, dict[str, Any]], load_before: float) -> None:
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    content = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "cores": os.cpu_count(),
            "processor": processor(),
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
            "load_average": {"before": round(load_before, 2), "after": round(os.getloadavg()[0], 2)},
        },
        "bars": {name: {key: rounded(value) for key, value in one.items()} for name, one in found.items()},
        "rows": [{key: rounded(value) for key, value in asdict(row).items()} for row in rows],
    }
    (folder / "library.json").write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    print("\nwritten to bench/results/library.json")


# Libraries that are kept


@contextmanager
def library(engine: str, url: str, count: int) -> Iterator[tuple[Server, str, int]]:
    """The product over a made library of so many images: the server, a token and the business."""
    folder = WORK / f"{engine}-{count}"
    # What is in the made trash is old.
    settings = {"DATA_DIR": str(folder), "TRASH_DAYS": "3650"}
    name = f"library_{count}"
    if engine == "postgresql":
        settings["DATABASE_URL"] = f"{url}/{name}"
    note = folder / "made.json"
    if not note.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if engine == "postgresql":
            psql(url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
        with serving(
            [sys.executable, "-c", "from app.cli import main; main()", "serve"], folder, settings
        ) as server:
            token, business = register(server)
        print(f"making {count:,} images on {engine}", flush=True)
        where = f"{url}/{name}" if engine == "postgresql" else str(folder / "aigrowth.db")
        seed = [sys.executable, str(HERE / "library_seed.py"), engine, where, str(business), str(count)]
        subprocess.run(seed, check=True)
        note.write_text(json.dumps({"token": token, "business": business}))
    made = json.loads(note.read_text())
    command = [sys.executable, "-c", "from app.cli import main; main()", "serve"]
    with serving(command, folder, settings | {"LOG_LEVEL": "warning"}) as server:
        yield server, made["token"], made["business"]


def psql(url: str, *statements: str) -> None:
    binaries = test_postgres._installed_binaries()
    for statement in statements:
        command = [
            str(binaries / "psql"),
            "-XqAt",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            statement,
            f"{url}/postgres",
        ]
        subprocess.run(command, check=True, env=test_postgres._plain_environment())


@contextmanager
def database_server(engine: str) -> Iterator[str]:
    """For PostgreSQL a server on a cluster that is kept; gives its address without a database."""
    if engine == "sqlite":
        yield ""
        return
    folder = WORK / "postgres"
    folder.mkdir(exist_ok=True)
    user = 65534 if os.geteuid() == 0 else None
    binaries = test_postgres._reachable_binaries(user, folder) if not (folder / "bin").exists() else None
    if binaries is None:
        binaries = Path((folder / "bin").read_text())
    data = folder / "data"
    if not data.exists():
        (folder / "bin").write_text(str(binaries))
        data.mkdir(mode=0o700)
        if user is not None:
            os.chown(data, user, user)
        initdb = [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--encoding=UTF8"]
        test_postgres._run_as(user, [*initdb, "--locale=C", "--no-sync", "--no-instructions"])
    port = free_port()
    options = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "shared_buffers": "512MB",
        "fsync": "off",
        "max_wal_size": "8GB",
    }
    command = [str(binaries / "postgres"), "-D", str(data), "-p", str(port)]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    identity: dict[str, Any] = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    with (folder / "postgres.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=test_postgres._plain_environment(), cwd="/", stdout=log, stderr=log, **identity
        )
    try:
        ready = [str(binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
        while subprocess.run(ready, env=test_postgres._plain_environment()).returncode:
            if process.poll() is not None:
                raise SystemExit((folder / "postgres.log").read_text())
            time.sleep(0.1)
        yield f"postgresql://postgres@127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


if __name__ == "__main__":
    main()
