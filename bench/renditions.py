"""The files that platforms get, against Pillow doing the same work: `make bench` prints a table and writes
`bench/results/renditions.json`.

In one run, on the same photographs of 12 megapixels, one half of them in Display P3 as phones take them: the
file that Instagram gets, as the photograph is, cropped to 4:5 around a focal point, and fitted on a square
ground. Each is decoded, stands upright, is in sRGB, at most 1440 wide and below 8,000,000 bytes. `Pillow` is
that library used as most would; `Pillow, draft` decodes a JPEG at a lower resolution where it can, as we do.
The makers take turns in rounds, and the best round of each counts, so that a busy moment of the machine hits
none of them alone. CPU holds on any machine, rates on one that does nothing else: the load average in the
file says whether it did.

`--pictures N` and `--rounds N` change how much is measured. Linux only.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import tempfile
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import run
from photographs import photographs
from PIL import Image
from run import Measure, alone, rounded

sys.path.insert(0, str(run.BACKEND))

WAYS = {"whole": "as it is", "crop": "cropped to 4:5", "fit": "fitted on 1:1"}
MAKERS = {"ours": "AIGrowth", "pillow": "Pillow", "draft": "Pillow, draft"}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--pictures", type=int, default=8, help="in a round, by each maker, for each way")
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        pictures = taken_in(photographs(run.HERE / "work" / "photographs"), folder / "taken-in")
        rows: dict[tuple[str, str], Measure] = {}
        for _ in range(options.rounds):
            for way in WAYS:
                for maker, label in MAKERS.items():
                    what, kind = f"{label}, {WAYS[way]}", f"feed-{way}-{maker}"
                    found = alone(what, kind, pictures, folder, options.pictures, 1)
                    rows[way, maker] = better(rows.get((way, maker), found), found)
    ratios = {
        f"{what} of {MAKERS[other]} {WAYS[way]}, {of}": ratio
        for way in WAYS
        for other in ("pillow", "draft")
        for what, of, ratio in (
            ("CPU", "of ours", rows[way, other].cpu_ms / rows[way, "ours"].cpu_ms),
            ("pictures a second", "ours of it", rows[way, "ours"].per_second / rows[way, other].per_second),
        )
    }
    report(rows, ratios)
    write(list(rows.values()), ratios, load)


def better(one: Measure, other: Measure) -> Measure:
    """The best that either round showed of CPU and of pictures a second."""
    rate = max(one.per_second, other.per_second)
    return replace(min(one, other, key=lambda row: row.cpu_ms), per_second=rate)


def taken_in(pictures: list[Path], folder: Path) -> list[Path]:
    """The photographs as they lie in the library: upright, without metadata, half of them in Display P3."""
    import pyvips

    from app.imaging import verify

    folder.mkdir()
    wide = bytes(pyvips.Image.profile_load("p3"))
    kept = []
    for number, path in enumerate(pictures):
        received, clean = folder / "received", folder / f"picture-{number}.jpg"
        stream = io.BytesIO()
        profile = {"icc_profile": wide} if number % 2 else {}
        Image.open(path).save(stream, "JPEG", quality=90, **profile)
        received.write_bytes(stream.getvalue())
        verify(received, clean, folder / "thumb")
        kept.append(clean)
    return kept


def report(rows: dict[tuple[str, str], Measure], ratios: dict[str, float]) -> None:
    print(f"{'what':34}{'pictures':>9}{'per s':>9}{'p50 ms':>9}{'p99 ms':>9}{'CPU ms':>9}{'peak MB':>9}")
    for row in rows.values():
        print(
            f"{row.what:34}{row.pictures:>9}{row.per_second:>9.1f}{row.p50_ms:>9.0f}{row.p99_ms:>9.0f}"
            f"{row.cpu_ms:>9.1f}{row.peak_mb:>9.0f}"
        )
    print()
    for name, ratio in ratios.items():
        print(f"{name:66}{ratio:>6.2f}")


def write(rows: list[Measure], ratios: dict[str, float], load: float) -> None:
    folder = run.HERE / "results"
    folder.mkdir(exist_ok=True)
    found = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "processor": run.processor(),
        "load_average_before": rounded(load),
        "rows": [{key: rounded(value) for key, value in asdict(row).items()} for row in rows],
        "ratios": {name: rounded(ratio) for name, ratio in ratios.items()},
    }
    (folder / "renditions.json").write_text(json.dumps(found, indent=2) + "\n")
    print("\nwritten to bench/results/renditions.json")


if __name__ == "__main__":
    main()
