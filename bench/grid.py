"""The library's page with 100,000 images in Chromium. Prints a table and writes `bench/results/grid.json`.

One real server, rows straight into its database, a real browser: scrolled from one end to the other and
back, with the longest task of our own code, the memory of the tab before and after, and what has to be
fetched before the first image is seen. Lighthouse looks at the same page, fetched from npm when it can be.

`--images N` and `--seconds N` (of scrolling) change how much is measured. Linux only.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "backend"))

from playwright.sync_api import Browser, Page, Response, sync_playwright  # noqa: E402
from run import Server, free_port, processor, product, register, upload_all  # noqa: E402

from app.api.deps import SESSION_COOKIE  # noqa: E402
from practice.openai.painting import paint  # noqa: E402
from tests.factories_library import multiplies_images  # noqa: E402
from tests.factories_pictures import jpeg  # noqa: E402
from tests.servers.chromium import FLAGS, find_chromium  # noqa: E402

LIGHTHOUSE = "lighthouse@12.8.2"
SUBJECTS = ("harbour", "coffee", "forest", "roses", "snow", "city", "sea", "bakery")

# Long animation frames say which scripts ran and for how long; a long task only that something did.
_WATCH = """() => {
    window.bench = { ours: 0, frame: 0, task: 0, tasks: 0, where: '' };
    new PerformanceObserver((list) => {
        for (const frame of list.getEntries()) {
            window.bench.frame = Math.max(window.bench.frame, frame.duration);
            for (const script of frame.scripts) {
                // What scrolls the page is this benchmark's, and not the product's.
                if (!script.sourceURL.startsWith(location.origin)) continue;
                if (script.duration <= window.bench.ours) continue;
                window.bench.ours = script.duration;
                window.bench.where = `${script.invoker} ${script.sourceFunctionName}`;
            }
        }
    }).observe({ type: 'long-animation-frame' });
    new PerformanceObserver((list) => {
        for (const task of list.getEntries()) {
            window.bench.task = Math.max(window.bench.task, task.duration);
            window.bench.tasks += 1;
        }
    }).observe({ type: 'longtask' });
}"""

# As fast as a hand on the wheel that does not stop: the same way in every frame, to the very end.
_SCROLL = """async ([seconds, isDown]) => {
    const end = document.documentElement.scrollHeight - innerHeight;
    const began = performance.now();
    let frames = 0;
    for (;;) {
        const part = Math.min(1, (performance.now() - began) / 1000 / seconds);
        scrollTo(0, end * (isDown ? part : 1 - part));
        await new Promise(requestAnimationFrame);
        frames += 1;
        if (part === 1) return frames / seconds;
    }
}"""


@dataclass
class Found:
    """Times in milliseconds, memory in megabytes, sizes in kilobytes."""

    images: int
    first_image_ms: float
    javascript_kb: float
    frames_per_second: float
    longest_own_task: float
    longest_own_task_in: str
    longest_task: float
    tasks_above_50: int
    pages_read: int
    heap_start_mb: float
    heap_end_mb: float
    heap_peak_mb: float
    tab_start_mb: float
    tab_end_mb: float
    elements: int
    jump_ms: float
    lighthouse_performance: int | None = None
    lighthouse_accessibility: int | None = None


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--images", type=int, default=100_000)
    arguments.add_argument("--seconds", type=float, default=60, help="from one end to the other")
    options = arguments.parse_args()
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="bench-grid-") as name:
        folder = Path(name)
        with product(folder / "product") as server:
            token, business = register(server)
            pictures = [jpeg(_painting(subject)) for subject in SUBJECTS]
            upload_all(server, token, business, pictures, len(pictures), 1)
            print(f"adding {options.images:,} images to the database", flush=True)
            multiplies_images(folder / "product", range(1, len(SUBJECTS) + 1), options.images)
            with chromium() as (browser, port):
                found = measured(browser, server, token, options.images, options.seconds)
                found.lighthouse_performance, found.lighthouse_accessibility = lighthouse(server, token, port)
    report(found)
    write(found, load_before)


def _painting(subject: str) -> Any:
    from PIL import Image

    return Image.fromarray(paint(subject, 900, 675, zlib.crc32(subject.encode())))


@contextmanager
def chromium() -> Iterator[tuple[Browser, int]]:
    """The tests' browser, and the port at which others can steer it."""
    program, port = find_chromium(), free_port()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program.executable,
            env=dict(program.environment()),
            args=[*FLAGS, f"--remote-debugging-port={port}", "--enable-precise-memory-info"],
        )
        yield browser, port
        browser.close()


def measured(browser: Browser, server: Server, token: str, images: int, seconds: float) -> Found:
    address = f"http://localhost:{server.port}"
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": address}])
    page = context.new_page()
    scripts: list[Response] = []
    pages: list[str] = []
    page.on("response", lambda it: scripts.append(it) if it.url.endswith(".js") else None)
    page.on("request", lambda it: pages.append(it.url) if "/images/list" in it.url else None)
    began = time.perf_counter()
    page.goto(f"{address}/dashboard/images")
    page.locator("[role=gridcell] img").first.wait_for()
    first_image = (time.perf_counter() - began) * 1000
    size = sum(len(gzip.compress(script.body(), 9)) for script in list(scripts))
    page.wait_for_timeout(3000)

    cdp = context.new_cdp_session(page)
    tab = renderer(browser)
    start_heap, start_tab = heap_mb(page, cdp), tab_mb(tab)
    page.evaluate(_WATCH)
    down = page.evaluate(_SCROLL, [seconds, True])
    peak = page.evaluate("performance.memory.usedJSHeapSize") / 1e6
    up = page.evaluate(_SCROLL, [seconds / 2, False])
    page.wait_for_timeout(1000)
    seen = page.evaluate("window.bench")
    end_heap, end_tab = heap_mb(page, cdp), tab_mb(tab)

    began = time.perf_counter()
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    page.get_by_role("button", name="photo-000001.jpg", exact=True).wait_for()
    jump = (time.perf_counter() - began) * 1000
    elements = page.evaluate("document.querySelectorAll('*').length")
    context.close()
    return Found(
        images=images,
        first_image_ms=first_image,
        javascript_kb=size / 1000,
        frames_per_second=min(down, up),
        longest_own_task=seen["ours"],
        longest_own_task_in=seen["where"],
        longest_task=seen["task"],
        tasks_above_50=seen["tasks"],
        pages_read=len(pages),
        heap_start_mb=start_heap,
        heap_end_mb=end_heap,
        heap_peak_mb=peak,
        tab_start_mb=start_tab,
        tab_end_mb=end_tab,
        elements=elements,
        jump_ms=jump,
    )


def heap_mb(page: Page, cdp: Any) -> float:
    """What the page's own objects take once nothing is there that could be thrown away."""
    cdp.send("HeapProfiler.collectGarbage")
    used: float = page.evaluate("performance.memory.usedJSHeapSize")
    return used / 1e6


def renderer(browser: Browser) -> int:
    """The process of the only tab."""
    found = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    tabs = [process["id"] for process in found if process["type"] == "renderer"]
    return max(tabs, key=tab_mb)


def tab_mb(pid: int) -> float:
    """Memory that a process alone holds."""
    rolled = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(kb) for kb in re.findall(r"^Private_(?:Clean|Dirty):\s+(\d+)", rolled, re.M)) / 1000


def lighthouse(server: Server, token: str, port: int) -> tuple[int | None, int | None]:
    """Its points for the page, of 100; None where it cannot be fetched or does not run."""
    folder = ROOT / ".tools" / LIGHTHOUSE
    program = folder / "node_modules" / ".bin" / "lighthouse"
    try:
        if not program.exists():
            folder.mkdir(parents=True, exist_ok=True)
            subprocess.run(
                ["npm", "install", "--no-save", "--no-fund", "--no-audit", "--loglevel=error", LIGHTHOUSE],
                cwd=folder,
                check=True,
                timeout=600,
            )
        done = subprocess.run(
            [
                str(program),
                f"http://localhost:{server.port}/dashboard/images",
                f"--port={port}",
                "--preset=desktop",
                "--only-categories=performance,accessibility",
                "--output=json",
                "--quiet",
                "--disable-storage-reset",
                f"--extra-headers={json.dumps({'Cookie': f'{SESSION_COOKIE}={token}'})}",
            ],
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
            timeout=300,
        )
        answer = json.loads(done.stdout)
        if not answer["finalDisplayedUrl"].endswith("/dashboard/images"):
            raise ValueError(f"it looked at {answer['finalDisplayedUrl']}")
        points = {name: round(part["score"] * 100) for name, part in answer["categories"].items()}
        return points["performance"], points["accessibility"]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as error:
        print(f"no figures of Lighthouse: {error}", file=sys.stderr)
        return None, None


def report(found: Found) -> None:
    bars = {
        "longest_own_task": ("longest task of our own code, ms", "below 50"),
        "longest_task": ("longest task of any kind, ms", ""),
        "tasks_above_50": ("tasks of any kind above 50 ms", ""),
        "frames_per_second": ("frames a second while scrolling", ""),
        "heap_start_mb": ("JavaScript heap before, MB", ""),
        "heap_end_mb": ("JavaScript heap after, MB", "bounded"),
        "heap_peak_mb": ("JavaScript heap at the far end, MB", ""),
        "tab_start_mb": ("memory of the tab before, MB", ""),
        "tab_end_mb": ("memory of the tab after, MB", "bounded"),
        "elements": ("elements of the page at the far end", ""),
        "pages_read": ("pages of the list that were asked for", ""),
        "jump_ms": ("from the first image to the last, ms", ""),
        "first_image_ms": ("from nothing to the first image, ms", ""),
        "javascript_kb": ("JavaScript of the first load, gzip, kB", "below 180"),
        "lighthouse_performance": ("Lighthouse, performance", "at least 95"),
        "lighthouse_accessibility": ("Lighthouse, accessibility", "at least 95"),
    }
    print(f"\n{found.images:,} images\n")
    for name, (words, bar) in bars.items():
        value = getattr(found, name)
        shown = "unknown" if value is None else f"{value:,.0f}" if abs(value) >= 10 else f"{value:.1f}"
        print(f"{words:44}{shown:>10}   {bar}")


def write(found: Found, load_before: float) -> None:
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    kept = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "processor": processor(), "load_before": round(load_before, 2)},
        **{
            key: round(value, 1) if isinstance(value, float) else value
            for key, value in asdict(found).items()
        },
    }
    (folder / "grid.json").write_text(json.dumps(kept, indent=2) + "\n")
    print("\nwritten to bench/results/grid.json")


if __name__ == "__main__":
    main()
