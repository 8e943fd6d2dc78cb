"""Libraries of any size, made from a few real images: rows straight into the embedded database."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

_OWN = {
    "filename": "seed.business_id || '/' || lower(hex(randomblob(16))) || '.jpg'",
    "storage_key": "seed.business_id || '/' || lower(hex(randomblob(16))) || '.jpg'",
    "sha256": "lower(hex(randomblob(32)))",
    "original_filename": "printf('photo-%06d.jpg', i)",
    # A second apart, before anything that is made now.
    "created_at": "strftime('%Y-%m-%d %H:%M:%S', '2020-01-01', i || ' seconds') || '.000000'",
}
"""What differs between the copies; everything else, the thumbnail as well, is the seed's."""


def multiplies_images(data_dir: Path, image_ids: Sequence[int], count: int) -> None:
    """Add `count` images to the business of these ones, each with the thumbnail of one of them.

    They are called photo-000001.jpg and so on, the last one is the newest, and all are older than what
    is uploaded. The server may be running. Their originals are not there.
    """
    path = data_dir / "aigrowth.db"
    with closing(sqlite3.connect(path, timeout=60)) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(images)") if row[1] != "id"]
        values = ", ".join(_OWN.get(column, f"seed.{column}") for column in columns)
        seeds = ", ".join(f"({place}, {image_id})" for place, image_id in enumerate(image_ids))
        database.execute(
            f"WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {count}), "
            f"seeds(place, id) AS (VALUES {seeds}) "
            f"INSERT INTO images ({', '.join(columns)}) SELECT {values} FROM numbers "
            f"JOIN seeds ON seeds.place = numbers.i % {len(image_ids)} "
            "JOIN images AS seed ON seed.id = seeds.id ORDER BY i"
        )
        database.commit()
