"""Migrations, up and down again, on databases that hold something."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.core.db import Base, Database
from app.core.migrate import downgrade, upgrade
from app.core.words import needed_grams
from app.models.images.eras import eras_of, gram_words
from tests.servers.postgres import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
async def bare(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A database without any table, on each engine."""
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path / 'bare.db'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.create_database(f"bare_{uuid.uuid4().hex}").replace("postgresql:", "postgresql+asyncpg:")
    opened = Database(url)
    yield opened
    await opened.close()


async def execute(database: Database, statement: str, **values: Any) -> list[tuple[Any, ...]]:
    async with database.writing() as session:
        result = await session.execute(sa.text(statement), values)
        return [tuple(row) for row in result] if result.returns_rows else []  # type: ignore[attr-defined]


async def shape(database: Database) -> dict[str, set[str]]:
    """The names of all columns by table; of all indexes; and of all triggers."""

    def columns(connection: sa.Connection) -> dict[str, set[str]]:
        inspector = sa.inspect(connection)
        return {
            table: {found["name"] for found in inspector.get_columns(table)}
            for table in inspector.get_table_names()
        }

    if database.is_sqlite:
        indexes = "SELECT name FROM sqlite_master WHERE type = 'index'"
        triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        indexes = "SELECT indexname FROM pg_indexes WHERE schemaname = 'public'"
        triggers = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    async with database.engine.connect() as connection:
        found = await connection.run_sync(columns)
        for kind, statement in (("indexes", indexes), ("triggers", triggers)):
            found[kind] = set((await connection.execute(sa.text(statement))).scalars())
    return found


async def test_every_migration_can_be_undone_and_done_again(bare: Database) -> None:
    await upgrade(bare, "0001")
    first = await shape(bare)
    await upgrade(bare)
    newest = await shape(bare)
    await downgrade(bare, "0001")
    assert await shape(bare) == first
    await upgrade(bare)
    assert await shape(bare) == newest
    await downgrade(bare, "base")
    assert set(await shape(bare)) - {"alembic_version", "sqlite_sequence"} == {"indexes", "triggers"}


async def test_the_newest_schema_is_the_one_that_the_models_describe(bare: Database) -> None:
    await upgrade(bare)
    found = await shape(bare)
    for table in Base.metadata.sorted_tables:
        # What SQLite computes when it is read is not told as a column.
        assert found[table.name] >= {column.name for column in table.columns} - {"shelf"}, table.name
        assert found["indexes"] >= {str(index.name) for index in table.indexes}, table.name


async def test_the_triggers_of_the_library_are_there_at_the_end(bare: Database) -> None:
    """A migration that makes `images` anew on SQLite would lose them, and nothing would count any more."""
    await upgrade(bare)
    assert (await shape(bare))["triggers"] >= {
        f"{table}_{what}"
        for table in ("images", "image_tags")
        for what in ("are_counted_in", "are_counted_out", "change_shelves")
    } | {"images_take_their_tags_along"}


async def keep_image(database: Database, number: int, **values: Any) -> None:
    """An image as the first schema keeps it."""
    row = {
        "business_id": 1,
        "filename": f"1/{number}.jpg",
        "original_filename": f"Photo {number}.jpg",
        "file_size": 100 + number,
        "mime_type": "image/jpeg",
        "width": 500,
        "height": 500,
        "storage_provider": "local",
        "storage_key": f"1/{number}.jpg",
        "thumbnail_key": f"1/{number}-thumb.webp",
        "thumbhash": "",
        "sha256": f"{number:064}",
        "is_animated": False,
        "is_ai_generated": False,
        "ai_prompt": None,
        "alt_text": "",
        "tags": [],
        "usage_count": 0,
        **values,
    }
    row["tags"] = json.dumps(row["tags"])
    moments = {name: f"'2026-01-01 00:00:{number:02}.000000'" for name in ("created_at", "updated_at")}
    if row.pop("is_trashed", False):
        moments["deleted_at"] = "'2026-02-01 00:00:00.000000'"
    await execute(
        database,
        f"INSERT INTO images ({', '.join((*row, *moments))})"
        f" VALUES ({', '.join((*(f':{name}' for name in row), *moments.values()))})",
        **row,
    )


async def test_a_library_that_is_there_is_found_counted_and_tagged(bare: Database) -> None:
    await upgrade(bare, "0001")
    moments = "'2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000'"
    await execute(
        bare,
        "INSERT INTO businesses (id, name, timezone, created_at, updated_at)"
        f" VALUES (1, 'Harbour', 'UTC', {moments}), (2, 'Other', 'UTC', {moments})",
    )
    await keep_image(bare, 1, original_filename="Straße.JPG", tags=["Café", "sea"])
    await keep_image(bare, 2, is_ai_generated=True, ai_prompt="A red BOAT", tags=["SEA"], usage_count=3)
    await keep_image(bare, 3, alt_text="Fog", is_trashed=True, tags=["sea", "Sea"])
    await keep_image(bare, 4, business_id=2)
    await upgrade(bare, "0010")
    kept = f"SELECT * FROM {'image_grams_content' if bare.is_sqlite else 'image_grams'} ORDER BY 1"
    without_eras = await execute(bare, kept)
    await upgrade(bare)

    assert await execute(bare, "SELECT id, digital_source_type FROM images ORDER BY id") == [
        (1, None),
        (2, "trainedAlgorithmicMedia"),
        (3, None),
        (4, None),
    ]
    assert await execute(bare, "SELECT id, shelf, search_text FROM images ORDER BY id") == [
        (1, 0, "strasse.jpg\ncafé\nsea"),
        (2, 5, "photo 2.jpg\na red boat\nsea"),
        (3, 8, "photo 3.jpg\nfog\nsea\nsea"),
        (4, 0, "photo 4.jpg"),
    ]
    counted = "SELECT business_id, tag, shelf, images, bytes FROM library_counts ORDER BY 1, 2, 3"
    assert await execute(bare, counted) == [
        (1, "", 0, 1, 101),
        (1, "", 5, 1, 102),
        (1, "", 8, 1, 103),
        (1, "café", 0, 1, 0),
        (1, "sea", 0, 1, 0),
        (1, "sea", 5, 1, 0),
        (1, "sea", 8, 1, 0),
        (2, "", 0, 1, 104),
    ]
    tagged = "SELECT image_id, tag, label, business_id, shelf, usage_count FROM image_tags ORDER BY 1, 2"
    assert await execute(bare, tagged) == [
        (1, "café", "Café", 1, 0, 0),
        (1, "sea", "sea", 1, 0, 0),
        (2, "sea", "SEA", 1, 5, 3),
        (3, "sea", "sea", 1, 8, 0),
    ]
    numbers: Any = needed_grams(1, "sea")
    found = "SELECT image_id FROM image_grams WHERE grams @> CAST(:grams AS INTEGER[]) ORDER BY 1"
    if bare.is_sqlite:
        numbers = gram_words(numbers)
        found = "SELECT rowid FROM image_grams WHERE image_grams MATCH :grams ORDER BY 1"
    assert await execute(bare, found, grams=numbers) == [(1,), (2,), (3,)]
    # And in which eras each came.
    for era in eras_of(datetime(2026, 1, 1, 0, 0, 3, tzinfo=UTC)):
        numbers = gram_words([era]) if bare.is_sqlite else [era]
        assert await execute(bare, found, grams=numbers) == [(1,), (2,), (3,), (4,)]
    await downgrade(bare, "0010")
    assert await execute(bare, found, grams=numbers) == []
    assert await execute(bare, kept) == without_eras
    await upgrade(bare)
    assert len(await execute(bare, found, grams=numbers)) == 4

    await downgrade(bare, "0001")
    assert await execute(bare, "SELECT id, original_filename FROM images ORDER BY id") == [
        (1, "Straße.JPG"),
        (2, "Photo 2.jpg"),
        (3, "Photo 3.jpg"),
        (4, "Photo 4.jpg"),
    ]
