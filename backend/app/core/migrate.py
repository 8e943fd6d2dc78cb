"""Brings the database to the newest schema. Two processes that start together take turns."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from app.core.db import Database

BACKEND = Path(__file__).resolve().parents[2]
_LOCK = 4_207_849_484  # any fixed number: names the advisory lock


def alembic_config(connection: Connection) -> Config:
    """Alembic's settings for this open connection."""
    config = Config(str(BACKEND / "alembic.ini"))
    config.attributes["connection"] = connection
    return config


async def upgrade(database: Database, revision: str = "head") -> None:
    """Run every migration that is missing, in one transaction."""
    await _run(database, lambda config: command.upgrade(config, revision))


async def is_current(database: Database) -> bool:
    """Whether the database has the newest schema."""

    def look(connection: Connection) -> bool:
        scripts = ScriptDirectory.from_config(alembic_config(connection))
        return set(MigrationContext.configure(connection).get_current_heads()) == set(scripts.get_heads())

    async with database.engine.connect() as connection:
        return await connection.run_sync(look)


async def downgrade(database: Database, revision: str) -> None:
    """Undo migrations down to `revision` (`base`: all)."""
    await _run(database, lambda config: command.downgrade(config, revision))


async def _run(database: Database, action) -> None:  # type: ignore[no-untyped-def]  # two fixed lambdas above
    async with database.engine.connect() as connection:
        await connection.execution_options(is_writing=True)
        async with connection.begin():
            if not database.is_sqlite:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            await connection.run_sync(lambda sync: action(alembic_config(sync)))
