"""Fills the library of a business with made images, straight into the database: rows, no files.

python library_seed.py KIND WHERE BUSINESS_ID COUNT     KIND sqlite: WHERE a file; postgresql: WHERE a URL

The same count gives the same library. Indexes and triggers are put aside meanwhile and made again from what
the database says of them, and the counts are then taken from the rows: this is how a million come in minutes.
"""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "backend"))

from app.core.words import fold, fold_all, grams
from app.models.images.eras import eras_of, gram_words

RARE, COMMON, MIDDLING, OLD = "zeppelin", "harbour", "watercolour", "scan_"
"""In 1 of 30,000 images; in 1 of 4; in 1 of 25; in all of the oldest tenth and no others."""

_PLACES = [
    "harbour",
    "market",
    "bakery",
    "garden",
    "workshop",
    "vineyard",
    "station",
    "bridge",
    "lighthouse",
    "library",
    "café",
    "terrace",
]
_THINGS = [
    "boats",
    "bread",
    "flowers",
    "bicycles",
    "lamps",
    "books",
    "cups",
    "windows",
    "chairs",
    "baskets",
    "apples",
    "bottles",
    "umbrellas",
    "stairs",
    "candles",
    "shelves",
    "gloves",
    "kettles",
    "letters",
    "maps",
    "clocks",
    "violins",
    "ladders",
    "tiles",
]
_MOODS = [
    "quiet",
    "bright",
    "misty",
    "golden",
    "wintry",
    "crowded",
    "early",
    "rainy",
    "warm",
    "empty",
    "festive",
    "blue",
]
_MANNERS = ["photograph", "oil painting", "pencil drawing", "poster", "close-up", "night view"]
_TAGS = [f"{mood} {thing}" for mood in _MOODS for thing in _THINGS]
_STARTED_AT = datetime(2021, 1, 1, tzinfo=UTC)

IMAGE_COLUMNS = [
    "id",
    "business_id",
    "filename",
    "original_filename",
    "file_size",
    "mime_type",
    "width",
    "height",
    "storage_provider",
    "storage_key",
    "thumbnail_key",
    "thumbhash",
    "sha256",
    "perceptual_hash",
    "is_animated",
    "is_ai_generated",
    "ai_prompt",
    "ai_model",
    "ai_style",
    "edited_from_id",
    "alt_text",
    "tags",
    "usage_count",
    "last_used_at",
    "created_at",
    "updated_at",
    "deleted_at",
    "search_text",
]
TAG_COLUMNS = ["image_id", "tag", "label", "business_id", "shelf", "created_at", "usage_count"]
COUNT_COLUMNS = ["business_id", "tag", "shelf", "images", "bytes", "is_folded"]


def made_images(business_id: int, count: int) -> Iterator[dict[str, Any]]:
    """Images as a busy business collects them in five years, oldest first."""
    chance = random.Random(7)
    moment = _STARTED_AT
    step = timedelta(days=5 * 365) / count
    for number in range(1, count + 1):
        # A shoot comes in within one second.
        if chance.random() < 0.6:
            moment = _STARTED_AT + step * number
        is_ai = chance.random() < 0.4
        mood, thing = chance.choice(_MOODS), chance.choice(_THINGS)
        place = "harbour" if chance.random() < 0.2 else chance.choice(_PLACES)
        name = f"{mood}-{thing}-{number}.jpg" if is_ai else f"IMG_{number:07}.JPG"
        if number <= count // 10:
            name = f"Scan_{number:06}.png"
        if number % 30_000 == 77:
            name = f"zeppelin {number}.jpg"
        manner = "watercolour" if chance.random() < 0.1 else chance.choice(_MANNERS)
        prompt = f"A {manner} of {thing} at the {place}, {mood} light, seen from the {chance.choice(_PLACES)}"
        # Few tags are on many images, and many on few.
        tags = [_TAGS[int(len(_TAGS) * chance.random() ** 3)] for _ in range(chance.choice((0, 0, 1, 2, 3)))]
        usage = 0 if chance.random() < 0.7 else 1 + int(20 * chance.random() ** 3)
        used_at = moment + timedelta(days=3) if usage else None
        key = f"{business_id}/{chance.getrandbits(128):032x}"
        image = {
            "id": number,
            "business_id": business_id,
            "filename": f"{key}-image.jpg",
            "original_filename": name,
            "file_size": chance.randrange(80_000, 6_000_000),
            "mime_type": "image/jpeg",
            "width": chance.choice((1080, 1600, 4000)),
            "height": chance.choice((1080, 1350, 3000)),
            "storage_provider": "local",
            "storage_key": f"{key}-image.jpg",
            "thumbnail_key": f"{key}-thumb.webp",
            "thumbhash": "3OcRJYB4d3h/iIeHeEh3eIhw+j2w",
            "sha256": f"{chance.getrandbits(256):064x}",
            "perceptual_hash": f"{chance.getrandbits(64):016x}",
            "is_animated": False,
            "is_ai_generated": is_ai,
            "ai_prompt": prompt if is_ai else None,
            "ai_model": "practice-image-1" if is_ai else None,
            "ai_style": "professional" if is_ai else None,
            "edited_from_id": number - 1 if number > 1 and chance.random() < 0.01 else None,
            "alt_text": f"{thing.capitalize()} near the {place}" if chance.random() < 0.5 else "",
            "tags": list(dict.fromkeys(tags)),
            "usage_count": usage,
            "last_used_at": used_at,
            "created_at": moment,
            "updated_at": moment,
            "deleted_at": moment if chance.random() < 0.02 else None,
        }
        image["search_text"] = fold_all([name, image["alt_text"], image["ai_prompt"], *image["tags"]])
        yield image


def shelf_of(image: dict[str, Any]) -> int:
    return (
        (1 if image["usage_count"] else 0)
        + (2 if image["edited_from_id"] else 0)
        + (4 if image["is_ai_generated"] else 0)
        + (8 if image["deleted_at"] else 0)
    )


def index_numbers(image: dict[str, Any]) -> list[int]:
    """What the index of grams holds of an image."""
    return [*grams(image["business_id"], image["search_text"]), *eras_of(image["created_at"])]


class Tally:
    """What the counts of a made library are."""

    def __init__(self) -> None:
        self._images: Counter[tuple[str, int]] = Counter()
        self._bytes: Counter[tuple[str, int]] = Counter()

    def add(self, image: dict[str, Any]) -> list[tuple[Any, ...]]:
        """Count an image; returns its rows of tags."""
        shelf = shelf_of(image)
        for tag in ("", *map(fold, image["tags"])):
            self._images[tag, shelf] += 1
        self._bytes["", shelf] += image["file_size"]
        return [
            (
                image["id"],
                fold(tag),
                tag,
                image["business_id"],
                shelf,
                image["created_at"],
                image["usage_count"],
            )
            for tag in image["tags"]
        ]

    def rows(self, business_id: int) -> list[tuple[Any, ...]]:
        return [
            (business_id, tag, shelf, count, self._bytes[tag, shelf], True)
            for (tag, shelf), count in self._images.items()
        ]


def batches(business_id: int, count: int) -> Iterator[list[dict[str, Any]]]:
    images = made_images(business_id, count)
    done = 0
    while batch := list(islice(images, 10_000)):
        yield batch
        done += len(batch)
        print(f"  {done:,} of {count:,} images", end="\r", flush=True, file=sys.stderr)
    print(file=sys.stderr)


def seed_sqlite(path: str, business_id: int, count: int) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA cache_size=-500000")
    aside = connection.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type IN ('index', 'trigger')"
        " AND tbl_name IN ('images', 'image_tags', 'library_counts')"
    ).fetchall()
    connection.execute("BEGIN")
    for kind, name, _ in aside:
        connection.execute(f"DROP {kind} {name}")

    def put(table: str, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
        marks = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 -- names of above
        connection.executemany(statement, rows)

    tally = Tally()
    for batch in batches(business_id, count):
        tags = [row for image in batch for row in tally.add(image)]
        put(
            "images",
            IMAGE_COLUMNS,
            [tuple(map(_for_sqlite, map(image.get, IMAGE_COLUMNS))) for image in batch],
        )
        put("image_tags", TAG_COLUMNS, [tuple(map(_for_sqlite, row)) for row in tags])
        put(
            "image_grams",
            ["rowid", "grams"],
            [(image["id"], gram_words(index_numbers(image))) for image in batch],
        )
    put("library_counts", COUNT_COLUMNS, tally.rows(business_id))
    for _, _, statement in aside:
        connection.execute(statement)
    connection.execute("COMMIT")
    connection.execute("INSERT INTO image_grams (image_grams) VALUES ('optimize')")
    connection.execute("ANALYZE")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _for_sqlite(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")
    return json.dumps(value) if isinstance(value, list) else value


async def seed_postgresql(url: str, business_id: int, count: int) -> None:
    import asyncpg

    connection = await asyncpg.connect(url)
    await connection.execute("SET maintenance_work_mem = '1GB'; SET synchronous_commit = off")
    aside = await connection.fetch(
        "SELECT indexname AS name, indexdef AS definition FROM pg_indexes WHERE schemaname = 'public'"
        " AND tablename IN ('images', 'image_tags', 'library_counts', 'image_grams')"
        " AND indexname LIKE 'ix_%'"
    )
    for table in ("images", "image_tags"):
        await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for index in aside:
        await connection.execute(f"DROP INDEX {index['name']}")
    tally = Tally()
    for batch in batches(business_id, count):
        tags = [row for image in batch for row in tally.add(image)]
        rows = [
            tuple(json.dumps(image[name]) if name == "tags" else image[name] for name in IMAGE_COLUMNS)
            for image in batch
        ]
        await connection.copy_records_to_table("images", records=rows, columns=IMAGE_COLUMNS)
        await connection.copy_records_to_table("image_tags", records=tags, columns=TAG_COLUMNS)
        await connection.copy_records_to_table(
            "image_grams",
            records=[(image["id"], index_numbers(image)) for image in batch],
            columns=["image_id", "grams"],
        )
    await connection.copy_records_to_table(
        "library_counts", records=tally.rows(business_id), columns=COUNT_COLUMNS
    )
    for index in aside:
        await connection.execute(index["definition"])
    for table in ("images", "image_tags"):
        await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    await connection.execute(f"SELECT setval(pg_get_serial_sequence('images', 'id'), {count})")
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


if __name__ == "__main__":
    kind, where, business, number = sys.argv[1:]
    if kind == "sqlite":
        seed_sqlite(where, int(business), int(number))
    else:
        asyncio.run(seed_postgresql(where, int(business), int(number)))
