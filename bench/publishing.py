"""What AIGrowth adds to the time of a platform when a post is published: `make bench BENCHES=publishing`.

One post after the other, each with a picture whose rendition exists, as it does once the composer has shown
it. Measured is the time from the request to publish until the call that cannot be taken back has arrived at
the platform, without what the platform took for the calls before. The platform is a process of its own whose
pictures are ready at once. Writes `bench/results/publishing.json`. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from photographs import photographs
from processes import cpu_seconds
from run import BOUNDARY, HERE, Server, call, form, percentile, processor, rounded, serving

BAR_MS = 150.0
SERVE = [sys.executable, "-c", "from app.cli import main; main()", "serve"]
KEY = "bench-publishing"
WARM = 3
"""Posts that find nothing warm, and do not count."""
FINAL = {"instagram": "media_publish", "facebook": "feed"}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--posts", type=int, default=60, help="posts on each platform")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        watch = [sys.executable, str(HERE / "timed_platform.py"), "{port}", str(folder / "platform"), KEY]
        with serving(watch, folder / "platform", {}) as platform:
            settings = {
                "DATA_DIR": str(folder / "data"),
                "PRACTICE_URL": f"http://127.0.0.1:{platform.port}",
                "PRACTICE_KEY": KEY,
                "LOG_LEVEL": "warning",
            }
            steer(platform, "PATCH", "settings", {"processing_ms": 0, "quota_total": 1_000_000})
            with serving(SERVE, folder / "data", settings) as server:
                # Nobody may check posts as often as both together do.
                measured = {
                    platform_name: measure(
                        server, platform, account(server, platform_name), platform_name, options.posts
                    )
                    for platform_name in FINAL
                }
    found = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "processor": processor(), "load": os.getloadavg()[0]},
        "bar_ms": BAR_MS,
        **{name: {key: rounded(value) for key, value in values.items()} for name, values in measured.items()},
    }
    for name, values in measured.items():
        verdict = "met" if values["overhead_p50_ms"] < BAR_MS else "MISSED"
        print(f"{name}: from publish to {FINAL[name]}, beyond the platform")
        print(f"  p50 {values['overhead_p50_ms']:8.1f} ms  {verdict} ({BAR_MS:.0f} ms)")
        print(f"  p95 {values['overhead_p95_ms']:8.1f} ms")
        print(f"  the platform itself, p50 {values['platform_p50_ms']:.1f} ms")
        print(f"  CPU of each {values['cpu_ms']:.1f} ms")
    (HERE / "results").mkdir(exist_ok=True)
    (HERE / "results" / "publishing.json").write_text(json.dumps(found, indent=2) + "\n")
    print("\nwritten to bench/results/publishing.json")


def steer(platform: Server, method: str, path: str, body: dict[str, Any]) -> None:
    """Tell the simulators how to be."""
    call(platform, method, f"/control/{path}", json.dumps(body).encode(), more={"X-Practice-Key": KEY})


def account(server: Server, who: str) -> Callable[[str], dict[str, Any]]:
    """Somebody with one picture and two channels; what is returned publishes it on one of them."""
    person = {
        "email": f"{who}@example.com",
        "password": "correct horse battery staple",
        "name": "Bench",
        "business_name": "Bench",
    }
    answer = call(server, "POST", "/api/v1/auth/register", json.dumps(person).encode())
    token, business = answer["access_token"], answer["businesses"][0]["id"]
    picture = photographs(HERE / "work" / "photographs")[0].read_bytes()
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    uploaded = call(server, "POST", "/api/v1/images/upload", form(picture, business), token, kind)
    image = uploaded["image"]["id"]
    channels: dict[str, int] = {}
    while len(channels) < len(FINAL):
        listed = call(server, "GET", f"/api/v1/channels?business_id={business}", token=token)["channels"]
        channels = {channel["platform"]: channel["id"] for channel in listed}
        time.sleep(0.2)

    def publish(platform_name: str) -> dict[str, Any]:
        post = {
            "business_id": business,
            "content_text": f"Fresh bread {time.time_ns()}",
            "images": [{"image_id": image}],
            "channel_ids": [channels[platform_name]],
        }
        call(server, "POST", "/api/v1/posts/check", json.dumps(post).encode(), token)
        made = call(server, "POST", "/api/v1/posts", json.dumps(post).encode(), token)["post"]
        began = time.time()
        call(server, "POST", f"/api/v1/posts/{made['id']}/publish", b"{}", token)
        while made["state"] != "published" or not made["publications"][0]["permalink"]:
            time.sleep(0.05)
            made = call(server, "GET", f"/api/v1/posts/{made['id']}", token=token)
            if made["state"] not in ("draft", "publishing", "published"):
                raise SystemExit(f"A post is {made['state']}: {made['publications']}")
        return {"began": began}

    return publish


def measure(
    server: Server, platform: Server, publish: Callable[[str], dict[str, Any]], name: str, count: int
) -> dict[str, float]:
    overheads, own = [], []
    cpu = 0.0
    for number in range(count + WARM):
        if number == WARM:
            cpu = cpu_seconds(server.pid)
        already = len(call(platform, "GET", "/log"))
        began = publish(name)["began"]
        calls = call(platform, "GET", "/log")[already:]
        final = next(each for each in calls if each["edge"] == FINAL[name] and each["method"] == "POST")
        before = [each for each in calls if began <= each["came_at"] < final["came_at"]]
        platform_time = sum(each["left_at"] - each["came_at"] for each in before)
        if number >= WARM:
            overheads.append((final["came_at"] - began - platform_time) * 1000)
            own.append(platform_time * 1000)
    cpu = cpu_seconds(server.pid) - cpu
    return {
        "posts": count,
        "overhead_p50_ms": percentile(overheads, 50),
        "overhead_p95_ms": percentile(overheads, 95),
        "platform_p50_ms": percentile(own, 50),
        "cpu_ms": cpu / count * 1000,
    }


if __name__ == "__main__":
    main()
