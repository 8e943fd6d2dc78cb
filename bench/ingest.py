"""What taking pictures in costs beside its own speed: `make bench` prints a table of bars and writes
`bench/results/ingest.json`.

Memory while many large uploads are on their way, what others wait meanwhile, the CPU of the sizes that are
shown, and how fast a thumbnail comes. Ratios hold on any machine that does nothing else; the load average in
the file says whether it did. Linux only.
"""

from __future__ import annotations

import http.client
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import run
from photographs import photographs
from processes import Watch, family, proportional
from run import Server, alone, call, percentile, product, register, rounded, upload_all

IN_FLIGHT = 50
MIB = 1024 * 1024
LIST_CALLS = 400
THUMB_CALLS = 2000
RENDITIONS = 24


@dataclass(frozen=True)
class Bar:
    """One figure. `is_most`: the bar is the most that it may be, not the least."""

    what: str
    found: float
    bar: float
    unit: str
    is_most: bool

    @property
    def is_met(self) -> bool:
        return self.found <= self.bar if self.is_most else self.found >= self.bar


def main() -> None:
    load = os.getloadavg()[0]
    pictures = photographs(run.HERE / "work" / "photographs")
    bodies = [path.read_bytes() for path in pictures]
    bars: list[Bar] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with product(folder / "flight") as server:
            bars += in_flight(server, bodies)
        with product(folder / "others") as server:
            bars += others(server, bodies)
        bars += renditions(pictures, folder)
    report(bars)
    write(bars, load)


# Many large uploads on their way


def in_flight(server: Server, bodies: list[bytes]) -> Iterator[Bar]:
    """All but the end of each upload is sent, then all ends at once."""
    token, business = register(server)
    upload_all(server, token, business, bodies, 8, 4)
    time.sleep(2)
    before = memory(server)
    forms = [large_form(bodies[number % len(bodies)], business) for number in range(IN_FLIGHT)]
    held = [begun(server, token, form) for form in forms]
    time.sleep(3)
    received = memory(server)
    with Watch(server.pid) as watch:
        threads = [
            threading.Thread(target=finished, args=(connection, form))
            for connection, form in zip(held, forms, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    time.sleep(10)
    after = memory(server)
    yield Bar(f"growth while {IN_FLIGHT} × 10 MiB are received", (received - before) / 1e6, 60, "MB", True)
    yield Bar("all processes, at most", max(watch.peak, received) / 1e6, 450, "MB", True)
    yield Bar("more than before, ten seconds later", (after - before) / 1e6, 60, "MB", True)


def memory(server: Server) -> int:
    """Of the server and all its processes; shared pages count once."""
    return sum(proportional(pid) for pid in family(server.pid))


def large_form(picture: bytes, business: int) -> bytes:
    """An upload of 10 MiB: the photograph with as many comments as it takes."""
    comment = b"\xff\xfe\xff\xff" + bytes(65533)
    room = 10 * MIB - len(picture) - 1000
    padding = comment * (room // len(comment))
    return run.form(picture[:2] + padding + picture[2:], business)


HELD_BACK = 4096


def begun(server: Server, token: str, form: bytes) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
    connection.putrequest("POST", run.UPLOAD)
    connection.putheader("Authorization", f"Bearer {token}")
    connection.putheader("Content-Type", f"multipart/form-data; boundary={run.BOUNDARY}")
    connection.putheader("Content-Length", str(len(form)))
    connection.endheaders()
    connection.send(form[:-HELD_BACK])
    return connection


def finished(connection: http.client.HTTPConnection, form: bytes) -> None:
    connection.send(form[-HELD_BACK:])
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    if response.status != 201:
        raise SystemExit(f"an upload answered {response.status}: {answer[:300]!r}")


# What others wait


def others(server: Server, bodies: list[bytes]) -> Iterator[Bar]:
    token, business = register(server)
    upload_all(server, token, business, bodies, 24, 4)
    path = f"/api/v1/images/list?business_id={business}&limit=20"
    thumbnail = call(server, "GET", path, token=token)["images"][0]["thumbnail_url"]
    thumbnail = "/" + thumbnail.split("/", 3)[3]

    timed(server, path, token, 50)
    idle = timed(server, path, token, LIST_CALLS)
    with uploading(server, token, business, bodies):
        busy = timed(server, path, token, LIST_CALLS)
    yield Bar("list, p99 when idle", percentile(idle, 99) * 1000, float("inf"), "ms", True)
    yield Bar("list, p99 while 8 uploads run", percentile(busy, 99) * 1000, float("inf"), "ms", True)
    yield Bar("… of its idle p99", percentile(busy, 99) / percentile(idle, 99), 5, "times", True)

    timed(server, thumbnail, "", 50)
    began = time.perf_counter()
    timed(server, thumbnail, "", THUMB_CALLS)
    rate = THUMB_CALLS / (time.perf_counter() - began)
    yield Bar("thumbnails over HTTP, one after the other", rate, 350, "a second", False)


def timed(server: Server, path: str, token: str, count: int) -> list[float]:
    """Seconds of each of `count` requests, one after the other on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    seconds = []
    for _ in range(count):
        began = time.perf_counter()
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        response.read()
        seconds.append(time.perf_counter() - began)
        if response.status != 200:
            raise SystemExit(f"{path} answered {response.status}")
    connection.close()
    return seconds


@contextmanager
def uploading(server: Server, token: str, business: int, bodies: list[bytes]) -> Iterator[None]:
    """Eight uploads at any time, until the end of the block."""
    is_over = threading.Event()

    def keep_on() -> None:
        while not is_over.is_set():
            upload_all(server, token, business, bodies, 8, 8)

    thread = threading.Thread(target=keep_on)
    thread.start()
    time.sleep(1)
    try:
        yield
    finally:
        is_over.set()
        thread.join()


# The sizes that are shown


def renditions(pictures: list[Path], folder: Path) -> Iterator[Bar]:
    def cpu(kind: str) -> float:
        return alone(kind, kind, pictures, folder, RENDITIONS, 1).cpu_ms

    apart, together = cpu("renditions-ours"), cpu("renditions-together")
    idiomatic, draft = cpu("renditions-pillow"), cpu("renditions-draft")
    for what, ours in (("each when it is wanted", apart), ("from one decode", together)):
        yield Bar(f"1440 and 400, {what}, CPU a picture", ours, float("inf"), "ms", True)
        yield Bar("… of Pillow as most write it, of ours", idiomatic / ours, 5, "times", False)
        yield Bar("… of Pillow tuned with draft, of ours", draft / ours, 2, "times", False)
    ours, idiomatic, draft = cpu("files-ours"), cpu("files-pillow"), cpu("files-draft")
    yield Bar("for two platforms, and the preview, CPU", ours, float("inf"), "ms", True)
    yield Bar("… of Pillow as most write it, of ours", idiomatic / ours, float("inf"), "times", True)
    yield Bar("… of Pillow tuned with draft, of ours", draft / ours, float("inf"), "times", True)


def report(bars: list[Bar]) -> None:
    for bar in bars:
        wanted = "" if bar.bar == float("inf") else f"{'below' if bar.is_most else 'at least'} {bar.bar:g}"
        verdict = "" if not wanted else "met" if bar.is_met else "MISSED"
        print(f"{bar.what:52}{bar.found:>10.1f} {bar.unit:10}{wanted:>16}  {verdict}")


def write(bars: list[Bar], load: float) -> None:
    folder = run.HERE / "results"
    folder.mkdir(exist_ok=True)
    rows = []
    for bar in bars:
        row = {key: rounded(value) for key, value in asdict(bar).items() if value != float("inf")}
        rows.append({**row, "is_met": bar.is_met} if bar.bar != float("inf") else row)
    found = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "processor": run.processor(),
        "load_average_before": rounded(load),
        "rows": rows,
    }
    (folder / "ingest.json").write_text(json.dumps(found, indent=2) + "\n")
    print("\nwritten to bench/results/ingest.json")


if __name__ == "__main__":
    main()
