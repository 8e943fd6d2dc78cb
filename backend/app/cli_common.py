"""What the commands of `aigrowth` have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import typer
from pydantic import ValidationError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from app.core.config import Settings, describe_problems
from app.core.errors import AppError
from app.services.exports import NotAnExport

T = TypeVar("T")


def read_settings() -> Settings:
    """The settings, or a sentence about what is wrong with them and the end."""
    try:
        settings = Settings()
        settings.sqlalchemy_url  # noqa: B018 -- raises when DATABASE_URL is none
        return settings
    except (ValidationError, ValueError) as error:
        leave(f"The settings are not right:\n{describe_problems(error)}")


def leave(message: str) -> NoReturn:
    """Say why, and end with exit code 1."""
    typer.echo(message, err=True)
    raise typer.Exit(1)


def require_database(settings: Settings) -> None:
    """End unless there is an embedded database, where the settings name one: looking must not make it."""
    address = make_url(settings.sqlalchemy_url)
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
        _leave_empty_folder(settings)


def require_data(settings: Settings) -> None:
    """End unless there are a database and a folder of the product's own; nothing is made here."""
    require_database(settings)
    if not settings.data_dir.is_dir():
        _leave_empty_folder(settings)


def _leave_empty_folder(settings: Settings) -> NoReturn:
    leave(
        f"There is no data of AIGrowth in DATA_DIR {settings.data_dir.absolute()}. "
        "Set DATA_DIR to the folder that the server uses, or start the server once with this one "
        "(or make an empty database with: aigrowth migrate)."
    )


def run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """The work's result; what it refuses is said, and ends the command."""
    try:
        return asyncio.run(work())
    except (AppError, NotAnExport) as error:
        leave(error.detail if isinstance(error, AppError) else str(error))
    except DBAPIError:
        leave("The database cannot be used. Look what is wrong with: aigrowth doctor")
    except OSError as error:
        leave(f"That can't be read or written: {error.strerror}.")
