"""`aigrowth storage`: looking at the store, and moving pictures into another one."""

from __future__ import annotations

import asyncio
import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated

import typer

from app.cli_common import leave, read_settings, require_data, run
from app.core import faults, migrate
from app.core.config import Settings
from app.core.db import Database
from app.core.logging import configure
from app.providers.storage.base import Finding, StorageError
from app.services.images import Objects
from app.services.storage import Move, Moved
from app.wiring import close_stores, make_checkup, make_stores

storage = typer.Typer(
    help="Look at the store of pictures, or move them into another one.", no_args_is_help=True
)

_SIGNS = {"ok": "ok     ", "warning": "warning", "failed": "FAILED ", "skipped": "skipped"}


class Target(StrEnum):
    """A store that pictures can be moved to."""

    LOCAL = "local"
    S3 = "s3"
    CLOUDINARY = "cloudinary"


@storage.command("check")
def check_storage() -> None:
    """Try everything that the store must do; names the setting or the rule to change. Exit code 1 when
    something fails."""
    settings = _settings()
    if settings.storage_provider == "local":
        # The other stores need nothing here, and may well be looked at before the first start.
        require_data(settings)
    if not run(lambda: _check(settings)):
        raise typer.Exit(1)


async def _check(settings: Settings) -> bool:
    stores = make_stores(settings)
    checkup = make_checkup(settings, stores.chosen)
    typer.echo(f"Storage: {checkup.provider}")
    is_ok = True
    try:
        async for finding in checkup.findings(origin=settings.public_url):
            _tell(finding)
            is_ok = is_ok and finding.state != "failed"
    finally:
        await close_stores(stores)
    for document in checkup.documents(origin=settings.public_url):
        typer.echo(f"\n{document.title}:\n{document.content}")
    return is_ok


def _tell(finding: Finding) -> None:
    typer.echo(f"{_SIGNS[finding.state]}  {finding.title}")
    for line in (finding.detail, finding.fix):
        if line:
            typer.echo(f"         {line}")


@storage.command("move")
def move_pictures(
    to: Annotated[Target, typer.Option(help="the store that the pictures go to")],
    keep: Annotated[bool, typer.Option("--keep", help="leave the old files where they are")] = False,
) -> None:
    """Move every picture into another store, while the product runs. Set STORAGE_PROVIDER to it first and
    restart the server, so that new pictures go there. It can be stopped at any time and begun again."""
    settings = _settings()
    missing = settings.missing_for_storage(to.value)
    if missing:
        leave(f"The store {to.value} is not set up: it needs {', '.join(missing)}.")
    require_data(settings)
    faults.arm(settings.fault_point)
    with _alone(settings):
        moved = run(lambda: _move(settings, to.value, keep))
    _summarise(moved, to.value, is_chosen=settings.storage_provider == to.value)
    if moved.left:
        raise typer.Exit(1)


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Hold the right to move; a second move would only get in the way of the first."""
    with (settings.data_dir / "move.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            leave("Another move is under way. Wait for its end.")
        yield


async def _move(settings: Settings, to: str, keep: bool) -> Moved:
    database = Database(settings.sqlalchemy_url)
    stores = make_stores(settings)
    folder = settings.data_dir / "moving"
    try:
        await migrate.upgrade(database)
        # Copies of a run that died.
        await asyncio.to_thread(shutil.rmtree, folder, True)
        try:
            await stores[to].check()
        except StorageError as error:
            leave(f"{error}\nLook closer: STORAGE_PROVIDER={to} aigrowth storage check")
        move = Move(database, stores, to, folder=folder, is_keeping=keep)
        with typer.progressbar(length=await move.count(), label=f"Moving to {to}", show_pos=True) as bar:
            return await move.run(bar.update)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, True)
        await close_stores(stores)
        await database.close()


def _summarise(moved: Moved, to: str, *, is_chosen: bool) -> None:
    typer.echo(f"Moved {moved.parcels} files and images ({moved.bytes / 1e6:.1f} MB) to {to}.")
    for key, reason in list(moved.failed.items())[:20]:
        typer.echo(f"Not moved: {key}: {reason}", err=True)
    if len(moved.failed) > 20:
        typer.echo(f"And {len(moved.failed) - 20} more.", err=True)
    if moved.is_stopped:
        typer.echo("Stopped: nothing could be moved any more. Begin again when that is cured.", err=True)
    if moved.waiting:
        typer.echo(
            f"{moved.waiting} wait until an earlier run is tidied up. Begin again in an hour.", err=True
        )
    if not is_chosen:
        typer.echo(f"New pictures still go elsewhere: set STORAGE_PROVIDER={to} and restart the server.")
    if not moved.left:
        typer.echo("Everything is there.")


@storage.command("tidy")
def tidy_up() -> None:
    """Delete every file that is no longer needed and whose time is over, without waiting for the server to do
    it bit by bit."""
    settings = _settings()
    require_data(settings)
    typer.echo(f"Settled {run(lambda: _tidy(settings))} notes of what was begun or moved away.")


async def _tidy(settings: Settings) -> int:
    database = Database(settings.sqlalchemy_url)
    stores = make_stores(settings)
    try:
        objects = Objects(database, stores, work_dir=settings.data_dir / "work")
        count = 0
        while settled := await objects.sweep():
            count += settled
        return count
    finally:
        await close_stores(stores)
        await database.close()


def _settings() -> Settings:
    settings = read_settings()
    configure("warning", settings.log_format)
    return settings
