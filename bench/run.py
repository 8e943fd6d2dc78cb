"""The benchmark: `make bench`. Prints a table and writes `bench/results/uploads.json`.

In one run, on the same photographs: uploads to the product over HTTP (verified, cleaned, thumbnail made,
stored, committed, answered), the picture work by libvips alone, and the naive way. Ratios between them hold
on any machine; rates do not. CPU is that of the server and all its processes, without the client.

`--uploads N` and `--alone N` change how much is measured. Linux only.
"""

from __future__ import annotations

import argparse
import http.client
import json
import math
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from photographs import photographs
from processes import Watch, cpu_seconds, peak_bytes

HERE = Path(__file__).resolve().parent
BACKEND = HERE.parent / "backend"
BOUNDARY = "----bench-3f7a1c"
UPLOAD = "/api/v1/images/upload"


@dataclass(frozen=True)
class Measure:
    """One row of the table. Milliseconds per picture; memory in megabytes, `peak_all` with all children."""

    what: str
    concurrency: int
    pictures: int
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    peak_mb: float
    peak_all_mb: float


@dataclass(frozen=True)
class Server:
    port: int
    pid: int


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--uploads", type=int, default=160, help="uploads at concurrency 8; a third at 1")
    arguments.add_argument("--alone", type=int, default=80, help="pictures for libvips alone")
    options = arguments.parse_args()

    pictures = photographs(HERE / "work" / "photographs")
    bodies = [path.read_bytes() for path in pictures]
    sizes = ", ".join(f"{len(body) / 1e6:.1f}" for body in bodies)
    print(f"{len(bodies)} photographs of 12 megapixels, {sizes} MB\n", flush=True)

    cores = os.cpu_count() or 1
    few, many = max(8, options.uploads // 3), options.uploads
    rows: list[Measure] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with product(folder / "product") as server:
            token, business = register(server)
            upload_all(server, token, business, bodies, 2 * cores, cores)
            for concurrency, count in ((1, few), (8, many)):
                rows.append(measured_uploads("AIGrowth", server, token, business, bodies, count, concurrency))
            check_files(server, token, business)
        rows.append(alone("libvips alone", "vips", pictures, folder, max(8, options.alone // 2), 1))
        rows.append(alone("libvips alone", "vips", pictures, folder, options.alone, cores))
        with naive(folder / "naive") as server:
            upload_all(server, "", 1, bodies, cores, cores)
            for concurrency, count in ((1, max(4, few // 4)), (8, max(8, many // 4))):
                rows.append(measured_uploads("naive server", server, "", 1, bodies, count, concurrency))
        rows.append(alone("Pillow alone", "pillow", pictures, folder, max(8, options.alone // 4), cores))

    ratios = compared(rows, cores)
    report(rows, ratios)
    write(rows, ratios, bodies)


def compared(rows: list[Measure], cores: int) -> dict[str, float]:
    """The figures that can be compared between machines."""
    at = {(row.what, row.concurrency): row for row in rows}
    ours, vips, quick = at["AIGrowth", 8], at["libvips alone", cores], at["naive server", 8]
    return {
        "uploads a second, of libvips alone": ours.per_second / vips.per_second,
        "CPU per picture, of libvips alone": ours.cpu_ms / vips.cpu_ms,
        "uploads a second, of the naive server": ours.per_second / quick.per_second,
        "CPU of the naive server, of ours": quick.cpu_ms / ours.cpu_ms,
        "CPU of Pillow alone, of ours": at["Pillow alone", cores].cpu_ms / ours.cpu_ms,
        "peak memory of the naive server, of ours": quick.peak_all_mb / ours.peak_all_mb,
    }


def report(rows: list[Measure], ratios: dict[str, float]) -> None:
    head = ("what", "conc.", "pictures", "per s", "p50 ms", "p99 ms", "CPU ms", "peak MB", "all MB")
    print(f"{head[0]:16}" + "".join(f"{title:>10}" for title in head[1:]))
    for row in rows:
        print(
            f"{row.what:16}{row.concurrency:>10}{row.pictures:>10}{row.per_second:>10.1f}{row.p50_ms:>10.0f}"
            f"{row.p99_ms:>10.0f}{row.cpu_ms:>10.1f}{row.peak_mb:>10.0f}{row.peak_all_mb:>10.0f}"
        )
    print("\npeak: the serving process; all: with its worker processes, shared pages counted once\n")
    for name, ratio in ratios.items():
        print(f"{name:44}{ratio:>6.2f}")


def write(rows: list[Measure], ratios: dict[str, float], bodies: list[bytes]) -> None:
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    found: dict[str, Any] = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "cores": os.cpu_count(),
            "processor": processor(),
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
        },
        "photographs": {"megapixels": 12, "bytes": [len(body) for body in bodies]},
        "rows": [{key: rounded(value) for key, value in asdict(row).items()} for row in rows],
        "ratios": {name: rounded(ratio) for name, ratio in ratios.items()},
    }
    (folder / "uploads.json").write_text(json.dumps(found, indent=2) + "\n")
    print("\nwritten to bench/results/uploads.json")


def rounded(value: Any) -> Any:
    return round(value, 2) if isinstance(value, float) else value


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


# Servers


@contextmanager
def product(folder: Path) -> Iterator[Server]:
    """The product as `make run` serves it, on an empty data folder."""
    settings = {"DATA_DIR": str(folder), "UPLOAD_RATE_LIMIT": "1000000/minute"}
    command = [sys.executable, "-c", "from app.cli import main; main()", "serve"]
    with serving(command, folder, settings) as server:
        yield server


@contextmanager
def naive(folder: Path) -> Iterator[Server]:
    with serving(
        [sys.executable, str(HERE / "naive_server.py"), "{port}", str(folder)], folder, {}
    ) as server:
        yield server


@contextmanager
def serving(command: list[str], folder: Path, settings: dict[str, str]) -> Iterator[Server]:
    """A server process, from when it answers `/readyz` to the end of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    environment = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "PYTHONPATH": str(BACKEND),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        **settings,
    }
    log = folder.parent / f"{folder.name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [part.replace("{port}", str(port)) for part in command],
            # A .env file of the repository does not count here.
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_ready(process, port, log)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    ends_at = time.monotonic() + 60
    while time.monotonic() < ends_at and process.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.1)
    raise SystemExit(f"The server did not start:\n{log.read_text(errors='replace')[-4000:]}")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


# Clients


def register(server: Server) -> tuple[str, int]:
    """A new account: its token and its business."""
    person = {
        "email": "bench@example.com",
        "password": "correct horse battery staple",
        "name": "Bench",
        "business_name": "Bench",
    }
    answer = call(server, "POST", "/api/v1/auth/register", json.dumps(person).encode())
    return answer["access_token"], answer["businesses"][0]["id"]


def call(
    server: Server,
    method: str,
    path: str,
    body: bytes = b"",
    token: str = "",
    more: dict[str, str] | None = None,
) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = {"Content-Type": "application/json", **(more or {})}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    connection.request(method, path, body or None, headers)
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    if response.status >= 300:
        raise SystemExit(f"{method} {path} answered {response.status}: {answer[:500]!r}")
    return json.loads(answer)


_numbers = iter(range(1, 1_000_000_000))


def form(picture: bytes, business: int) -> bytes:
    """An upload that no earlier one equals: a comment with a number makes the file another one."""
    number = next(_numbers)
    comment = b"\xff\xfe\x00\x12" + f"{number:016d}".encode()
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="business_id"\r\n\r\n{business}\r\n'
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="photo-{number}.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    return b"".join([head.encode(), picture[:2], comment, picture[2:], f"\r\n--{BOUNDARY}--\r\n".encode()])


def upload_all(
    server: Server, token: str, business: int, pictures: list[bytes], count: int, concurrency: int
) -> list[float]:
    """Seconds of each of `count` uploads, `concurrency` of them at any time."""
    left = iter(range(count))
    seconds: list[float] = []
    failures: list[str] = []
    lock = threading.Lock()
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    if token:
        headers["Authorization"] = f"Bearer {token}"

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        while not failures:
            with lock:
                number = next(left, None)
                if number is None:
                    break
                body = form(pictures[number % len(pictures)], business)
            began = time.perf_counter()
            connection.request("POST", UPLOAD, body, headers)
            response = connection.getresponse()
            answer = response.read()
            took = time.perf_counter() - began
            with lock:
                seconds.append(took)
                if response.status != 201:
                    failures.append(f"an upload answered {response.status}: {answer[:500]!r}")
        connection.close()

    clients = [threading.Thread(target=client) for _ in range(concurrency)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    if failures or len(seconds) != count:
        raise SystemExit(failures[0] if failures else "a client broke off")
    return seconds


def measured_uploads(
    what: str, server: Server, token: str, business: int, pictures: list[bytes], count: int, concurrency: int
) -> Measure:
    cpu, began = cpu_seconds(server.pid), time.perf_counter()
    with Watch(server.pid) as memory:
        seconds = upload_all(server, token, business, pictures, count, concurrency)
        took = time.perf_counter() - began
    return Measure(
        what=what,
        concurrency=concurrency,
        pictures=count,
        per_second=count / took,
        p50_ms=percentile(seconds, 50) * 1000,
        p99_ms=percentile(seconds, 99) * 1000,
        cpu_ms=(cpu_seconds(server.pid) - cpu) / count * 1000,
        peak_mb=peak_bytes(server.pid) / 1e6,
        peak_all_mb=memory.peak / 1e6,
    )


def check_files(server: Server, token: str, business: int) -> None:
    """What was answered for is there: the newest picture and its thumbnail can be fetched."""
    page = call(server, "GET", f"/api/v1/images/list?business_id={business}&limit=1", token=token)
    for key in ("storage_url", "thumbnail_url"):
        path = "/" + page["images"][0][key].split("/", 3)[3]
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request("GET", path)
        response = connection.getresponse()
        if response.status != 200 or not response.read():
            raise SystemExit(f"the {key} of an uploaded picture answered {response.status}")
        connection.close()


def alone(what: str, kind: str, pictures: list[Path], folder: Path, count: int, processes: int) -> Measure:
    """The same pictures through `alone.py`, in as many processes."""
    target = folder / f"{kind}-{processes}"
    workers = []
    for number in range(processes):
        out = target / str(number)
        out.mkdir(parents=True)
        workers.append(
            subprocess.Popen(
                [sys.executable, str(HERE / "alone.py"), kind, str(pictures[0].parent), str(out)],
                env={"PATH": os.defpath, "PYTHONPATH": str(BACKEND), "VIPS_CONCURRENCY": "1"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
    for worker in workers:
        assert worker.stdout is not None
        if worker.stdout.readline() != "ready\n":
            raise SystemExit(f"{what} did not start")
    began = time.perf_counter()
    outputs = []
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write(f"{math.ceil(count / processes)}\n")
        worker.stdin.flush()
    for worker in workers:
        assert worker.stdout is not None
        outputs.append(json.loads(worker.stdout.readline()))
    took = time.perf_counter() - began
    for worker in workers:
        worker.communicate()
    shutil.rmtree(target)
    seconds = [second for output in outputs for second in output["seconds"]]
    return Measure(
        what=what,
        concurrency=processes,
        pictures=len(seconds),
        per_second=len(seconds) / took,
        p50_ms=percentile(seconds, 50) * 1000,
        p99_ms=percentile(seconds, 99) * 1000,
        cpu_ms=sum(output["cpu"] for output in outputs) / len(seconds) * 1000,
        peak_mb=max(output["peak"] for output in outputs) / 1e6,
        peak_all_mb=sum(output["peak"] for output in outputs) / 1e6,
    )


def percentile(values: list[float], percent: int) -> float:
    """The smallest value that at least `percent` of all values do not exceed."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(len(ranked) * percent / 100) - 1)]


if __name__ == "__main__":
    if not Path("/proc/self/stat").exists():
        raise SystemExit("The benchmark reads CPU and memory from /proc: run it on Linux.")
    main()
