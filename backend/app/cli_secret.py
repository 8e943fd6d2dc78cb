"""`aigrowth secret`: another secret, without connecting a channel again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import typer

from app.cli_common import leave, read_settings, require_data, run
from app.core import faults, migrate
from app.core.config import Settings, new_secret
from app.core.crypto import Vault
from app.core.db import Database
from app.core.logging import configure
from app.services.logins import Sealing
from app.services.logins.sealing import Sealed

T = TypeVar("T")

secret = typer.Typer(help="Change the secret that tokens are sealed with.", no_args_is_help=True)


@secret.command("rotate")
def rotate_secret() -> None:
    """Seal every token with a new secret, while servers run. It can be stopped at any time and begun again.
    With SECRET_KEY set, put the old one into SECRET_KEY_PREVIOUS and a new one into SECRET_KEY first."""
    settings = _settings()
    is_given = bool(settings.secret_key.get_secret_value())
    if is_given and not settings.earlier_keys:
        leave("Put the SECRET_KEY of now into SECRET_KEY_PREVIOUS and a new one into SECRET_KEY, then again.")

    async def rotate(sealing: Sealing) -> Sealed:
        # Where an earlier rotation was cut off, it is brought to its end, with the secret that it had begun.
        if not is_given and not await sealing.count_old():
            settings.write_secrets((new_secret(), *settings.read_secrets()))
        return await _with_sealing(settings, lambda fresh: fresh.seal_anew())

    done = run(lambda: _with_sealing(settings, rotate))
    typer.echo(f"{done.count} {'token was' if done.count == 1 else 'tokens were'} sealed anew.")
    if done.unreadable_channels or done.unreadable_logins:
        names = ", ".join(map(str, done.unreadable_channels)) or "none"
        typer.echo(f"No secret opens the tokens of these channels, connect them again: {names}.", err=True)
    typer.echo("Restart every server. After that: aigrowth secret forget")


@secret.command("forget")
def forget_secrets() -> None:
    """Remove earlier secrets, once nothing needs them any more. Servers must have been restarted."""
    settings = _settings()

    async def forget(sealing: Sealing) -> int:
        await sealing.seal_anew()
        await sealing.forget_attempts()
        return await sealing.count_old()

    if run(lambda: _with_sealing(settings, forget)):
        typer.echo(
            "Some tokens open with no secret that is known; they need to be connected again.", err=True
        )
    if settings.secret_key.get_secret_value():
        typer.echo("SECRET_KEY_PREVIOUS can be removed now.")
        return
    settings.write_secrets(settings.read_secrets()[:1])
    typer.echo("Earlier secrets are removed.")


async def _with_sealing(settings: Settings, work: Callable[[Sealing], Awaitable[T]]) -> T:
    database = Database(settings.sqlalchemy_url)
    try:
        await migrate.upgrade(database)
        return await work(Sealing(database, Vault(settings.read_secrets)))
    finally:
        await database.close()


def _settings() -> Settings:
    settings = read_settings()
    configure("warning", settings.log_format)
    require_data(settings)
    faults.arm(settings.fault_point)
    return settings
