"""What AIGrowth adds to the time of a provider of pictures: `make bench BENCHES=generations`.

First one generation after the other: from the request until the answer, without what the provider took for
itself, and without taking the picture into the library, which the log tells. Then 200 at the same time, with
answers spread over 15 to 35 seconds, while somebody looks at the library: lists compared with an idle server,
memory, and how long after the last answer everything is done. The provider is a process of its own that
waits and paints nothing. Writes `bench/results/generations.json`. Linux only.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from photographs import photographs
from PIL import Image
from processes import Watch, cpu_seconds, peak_bytes
from run import HERE, Server, call, percentile, processor, rounded, serving

OVERHEAD_BAR_MS = 60.0
DONE_BAR_S = 15.0
LIST_BAR = 5.0
MEMORY_BAR_MB = 600.0
SERVE = [sys.executable, "-c", "from app.cli import main; main()", "serve"]
WARM = 5
"""Generations that find nothing warm, and do not count."""
PROVIDERS = ("openai", "practice")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--single", type=int, default=100, help="generations one after the other")
    arguments.add_argument("--many", type=int, default=200, help="generations at the same time")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        pictures(folder / "pictures")
        painter = [sys.executable, str(HERE / "slow_painter.py"), "{port}", str(folder / "pictures")]
        with serving(painter, folder / "painter", {}) as provider:
            with product(folder / "single", provider) as server:
                single = measured_single(server, provider, folder / "single.log", options.single)
            with product(folder / "many", provider) as server:
                many = measured_many(server, provider, options.many)
    found = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "processor": processor(), "load": os.getloadavg()[0]},
        "one after the other": {key: rounded(value) for key, value in single.items()},
        "at the same time": {key: rounded(value) for key, value in many.items()},
    }
    report(single, many)
    (HERE / "results").mkdir(exist_ok=True)
    (HERE / "results" / "generations.json").write_text(json.dumps(found, indent=2) + "\n")
    print("\nwritten to bench/results/generations.json")


def pictures(folder: Path) -> None:
    """What the provider answers with: pieces of photographs, 1024 by 1024, as PNG."""
    folder.mkdir(parents=True)
    for path in photographs(HERE / "work" / "photographs"):
        with Image.open(path) as photograph:
            piece = photograph.convert("RGB").crop((500, 500, 2548, 2548)).resize((1024, 1024))
        encoded = io.BytesIO()
        piece.save(encoded, "PNG")
        (folder / f"{path.stem}.png").write_bytes(encoded.getvalue())


@contextmanager
def product(folder: Path, provider: Server) -> Iterator[Server]:
    """The product with two accounts at the provider, on an empty data folder."""
    address = f"http://127.0.0.1:{provider.port}"
    settings = {
        "DATA_DIR": str(folder),
        "IMAGE_PROVIDERS": ",".join(PROVIDERS),
        "OPENAI_API_KEY": "bench",
        "OPENAI_BASE_URL": f"{address}/v1",
        "PRACTICE_URL": address,
        "PRACTICE_KEY": "bench",
        # Nothing is published here.
        "META_APP_ID": "1",
        "META_APP_SECRET": "bench",
        "AI_RATE_LIMIT": "1000000/minute",
        "LOG_FORMAT": "json",
    }
    with serving(SERVE, folder, settings) as server:
        yield server


def account(server: Server, number: int) -> tuple[str, int]:
    """A new account: its token and its business."""
    person = {
        "email": f"bench-{number}@example.com",
        "password": "correct horse battery staple",
        "name": "Bench",
        "business_name": "Bench",
    }
    answer = call(server, "POST", "/api/v1/auth/register", json.dumps(person).encode())
    return answer["access_token"], answer["businesses"][0]["id"]


def told(provider: Server) -> dict[str, dict[str, Any]]:
    """When the provider was asked and when it answered, by prompt."""
    return {each["prompt"]: each for each in call(provider, "GET", "/log")}


def measured_single(server: Server, provider: Server, log: Path, count: int) -> dict[str, float]:
    token, business = account(server, 0)
    asked: list[tuple[str, int, float]] = []
    cpu = 0.0
    for number in range(count + WARM):
        if number == WARM:
            cpu = cpu_seconds(server.pid)
        prompt = f"Picture {number} of those one after the other, 0.2 s"
        wish = json.dumps({"business_id": business, "prompt": prompt}).encode()
        began = time.time()
        answer = call(server, "POST", "/api/v1/images/generate", wish, token)
        asked.append((prompt, answer["generation"]["id"], time.time() - began))
    cpu = cpu_seconds(server.pid) - cpu
    taken_in = {}
    for line in log.read_text().splitlines():
        if '"generation.succeeded"' in line:
            event = json.loads(line)
            taken_in[event["generation_id"]] = event["taken_in_ms"] / 1000
    calls = told(provider)
    without, ingest = [], []
    for prompt, generation_id, took in asked[WARM:]:
        own = calls[prompt]["left_at"] - calls[prompt]["came_at"]
        without.append((took - own - taken_in[generation_id]) * 1000)
        ingest.append(taken_in[generation_id] * 1000)
    return {
        "generations": count,
        "overhead_p50_ms": percentile(without, 50),
        "overhead_p99_ms": percentile(without, 99),
        "cpu_ms": cpu / count * 1000,
        "ingest_p50_ms": percentile(ingest, 50),
        "bar_ms": OVERHEAD_BAR_MS,
    }


def measured_many(server: Server, provider: Server, count: int) -> dict[str, float]:
    # A business gets at most half of a provider, so that two keep one busy.
    people = [account(server, number) for number in range(2 * len(PROVIDERS))]
    token, business = people[0]
    for number in range(30):
        prompt = f"Picture {number} of the library, 0.0 s"
        wish = json.dumps({"business_id": business, "prompt": prompt}).encode()
        call(server, "POST", "/api/v1/images/generate", wish, token)
    idle = Lists(server, token, business)
    with idle:
        time.sleep(10)
    already = len(told(provider))
    spread = random.Random(7)
    waits = [15 + 20 * spread.random() for _ in range(count)]
    busy = Lists(server, token, business)
    with Watch(server.pid) as memory, busy:

        def order(number: int) -> None:
            token, business = people[number % len(people)]
            wish = {
                "business_id": business,
                "prompt": f"Picture {number} of many, {waits[number]:.2f} s",
                "provider": PROVIDERS[number % len(PROVIDERS)],
            }
            body = json.dumps(wish).encode()
            call(server, "POST", "/api/v1/images/generate", body, token, {"Prefer": "respond-async"})

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(order, range(count)))
        await_all(server, provider, people, count)
        done_at = time.time()
    ours = [each for each in told(provider).values() if " of many, " in each["prompt"]]
    if len(ours) != count or len(told(provider)) != already + count:
        raise SystemExit(f"The provider answered {len(ours)} of {count} calls.")
    last_at = max(each["left_at"] for each in ours)
    first_answer_at = min(each["left_at"] for each in ours)
    in_flight = sum(each["came_at"] < first_answer_at for each in ours)
    return {
        "generations": count,
        "in_flight_at_first_answer": in_flight,
        "done_after_last_answer_s": done_at - last_at,
        "list_idle_p99_ms": percentile(idle.seconds, 99) * 1000,
        "list_busy_p99_ms": percentile(busy.seconds, 99) * 1000,
        "list_ratio": percentile(busy.seconds, 99) / percentile(idle.seconds, 99),
        "peak_mb": peak_bytes(server.pid) / 1e6,
        "peak_all_mb": memory.peak / 1e6,
    }


def await_all(server: Server, provider: Server, people: list[tuple[str, int]], count: int) -> None:
    """Wait until everything is done; the server is asked only once the provider has answered everything."""
    ends_at = time.monotonic() + 180
    while sum(" of many, " in prompt for prompt in told(provider)) < count and time.monotonic() < ends_at:
        time.sleep(1)
    while time.monotonic() < ends_at:
        states: list[str] = []
        for token, business in people:
            path = f"/api/v1/generations?business_id={business}&limit=100"
            rows = call(server, "GET", path, token=token)["generations"]
            states += [row["state"] for row in rows if " of many, " in row["prompt"]]
        if states.count("succeeded") == count:
            return
        if {"failed", "unknown", "refused"} & set(states):
            raise SystemExit(f"Not all went well: {sorted(set(states))}")
        time.sleep(0.25)
    raise SystemExit("It takes too long.")


class Lists:
    """Somebody who looks at the library ten times a second, for the time of a block."""

    def __init__(self, server: Server, token: str, business: int) -> None:
        self.seconds: list[float] = []
        self._look = lambda: call(
            server, "GET", f"/api/v1/images/list?business_id={business}&limit=20", token=token
        )
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(0.1):
            began = time.perf_counter()
            self._look()
            self.seconds.append(time.perf_counter() - began)


def report(single: dict[str, float], many: dict[str, float]) -> None:
    def line(what: str, value: str, *, is_met: bool | None = None) -> None:
        verdict = "" if is_met is None else "met" if is_met else "MISSED"
        print(f"{what:58}{value:>14}  {verdict}")

    print("one after the other")
    line("  beyond the provider and the ingest, p50", f"{single['overhead_p50_ms']:.1f} ms")
    line(
        "  beyond the provider and the ingest, p99",
        f"{single['overhead_p99_ms']:.1f} ms",
        is_met=single["overhead_p99_ms"] < OVERHEAD_BAR_MS,
    )
    line("  CPU of each, the ingest in it", f"{single['cpu_ms']:.1f} ms")
    line("  the ingest itself, p50", f"{single['ingest_p50_ms']:.1f} ms")
    print(f"{many['generations']} at the same time")
    line("  in flight when the first answer came", f"{many['in_flight_at_first_answer']}")
    line(
        "  done after the last answer",
        f"{many['done_after_last_answer_s']:.1f} s",
        is_met=many["done_after_last_answer_s"] < DONE_BAR_S,
    )
    line(
        "  list p99, idle and meanwhile",
        f"{many['list_idle_p99_ms']:.0f}, {many['list_busy_p99_ms']:.0f} ms",
        is_met=many["list_ratio"] < LIST_BAR,
    )
    line(
        "  memory of the process; with its workers",
        f"{many['peak_mb']:.0f}, {many['peak_all_mb']:.0f} MB",
        is_met=many["peak_mb"] < MEMORY_BAR_MB,
    )


if __name__ == "__main__":
    if not Path("/proc/self/stat").exists():
        raise SystemExit("The benchmark reads memory from /proc: run it on Linux.")
    main()
