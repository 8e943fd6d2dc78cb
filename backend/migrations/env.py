"""Runs migrations on a connection that the caller opened (`app.core.migrate`)."""

from alembic import context
from sqlalchemy import Connection

from app import models  # noqa: F401 -- importing it makes every table known
from app.core.db import Base

connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    if connection.dialect.name == "postgresql":
        # A migration that cannot get its lock gives up instead of stopping everybody behind it.
        connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
    context.run_migrations()
