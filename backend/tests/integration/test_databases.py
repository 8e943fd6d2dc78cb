"""The databases that the tests run on."""

from __future__ import annotations

import sqlalchemy as sa

from app.core.db import Base, Database


async def test_a_test_gets_a_database_with_every_table(database: Database) -> None:
    async with database.engine.connect() as connection:
        tables = await connection.run_sync(lambda sync: set(sa.inspect(sync).get_table_names()))
    assert set(Base.metadata.tables) <= tables


async def test_what_one_test_wrote_is_not_there_in_the_next(database: Database) -> None:
    async with database.writing() as session:
        assert await session.scalar(sa.text("SELECT count(*) FROM users")) == 0
        await session.execute(sa.text("CREATE TABLE left_over (id INTEGER)"))


async def test_what_one_test_wrote_is_not_there_in_the_next_either(database: Database) -> None:
    async with database.engine.connect() as connection:
        tables = await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names())
    assert "left_over" not in tables
