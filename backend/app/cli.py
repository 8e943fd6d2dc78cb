"""The `aigrowth` command."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
import uvicorn
from pydantic import ValidationError

from app.core import migrate
from app.core.config import Settings, describe_problems
from app.core.db import Database
from app.core.logging import configure
from app.main import create_app
from app.wiring import AlreadyRunning, require_free

main = typer.Typer(
    help="AIGrowth: pictures in, posts out.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


def _settings() -> Settings:
    try:
        return Settings()
    except (ValidationError, ValueError) as error:
        _leave(f"The settings are not right:\n{describe_problems(error)}")


def _leave(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)


@main.callback()
def _main() -> None:
    """AIGrowth: pictures in, posts out."""


@main.command()
def serve() -> None:
    """Serve the page, the API and the jobs from this one process (HOST, PORT and the other settings)."""
    settings = _settings()
    configure(settings.log_level, settings.log_format)
    # Bound before anything is taken over from an earlier process: two cannot have the same port.
    try:
        listener = _bind(settings.host, settings.port)
    except OSError as error:
        _leave(
            f"Port {settings.port} on {settings.host} can't be used: {error.strerror}. "
            "Choose another one, such as PORT=8001."
        )
    settings = settings.with_port(listener.getsockname()[1])
    try:
        require_free(settings)
        # Asked for here, so that a damaged secret is a sentence too.
        settings.signing_key  # noqa: B018 -- read once, then kept
    except (AlreadyRunning, ValueError) as error:
        listener.close()
        _leave(str(error))
    except OSError as error:
        listener.close()
        _leave(f"DATA_DIR {settings.data_dir.absolute()} can't be used: {error.strerror}.")
    config = uvicorn.Config(
        create_app(settings),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=10,
    )
    server = _Server(config, settings)
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        listener.close()
    if not server.started:
        raise typer.Exit(1)


class _Server(uvicorn.Server):
    """Says where it serves once it really does."""

    def __init__(self, config: uvicorn.Config, settings: Settings) -> None:
        super().__init__(config)
        self._settings = settings

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, then say so."""
        await super().startup(sockets)
        if self.started and not self.should_exit:
            typer.echo(describe_start(self._settings))
            sys.stdout.flush()


def describe_start(settings: Settings) -> str:
    """Where the product is, and which parts of it are practice."""
    lines = [f"AIGrowth is ready: {settings.public_url}"]
    if settings.is_meta_practice:
        lines.append(
            "Practice: Instagram and Facebook. Posts go to simulators on this machine, nowhere else."
        )
    elif not settings.meta_app_id:
        lines.append("Not set up: Instagram and Facebook. Set META_APP_ID and META_APP_SECRET.")
    if settings.active_image_providers == ("practice",):
        lines.append("Practice: AI images. They are painted on this machine, and cost nothing.")
    elif "practice" in settings.active_image_providers:
        lines.append("Practice: one of the AI image providers.")
    elif not settings.active_image_providers:
        lines.append("Not set up: AI images. Set OPENAI_API_KEY.")
    if settings.is_practice:
        lines.append("Going live, part by part: README.md, “Going live”.")
    return "\n".join(lines)


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.set_inheritable(False)
    return listener


@main.command("migrate")
def migrate_database(
    revision: Annotated[str, typer.Argument(help="head, base, or a revision")] = "head",
    down: Annotated[bool, typer.Option("--down", help="undo down to the revision")] = False,
) -> None:
    """Bring the database to the newest schema (serve does this by itself)."""
    settings = _settings()

    async def run() -> None:
        database = Database(settings.sqlalchemy_url)
        try:
            if down:
                await migrate.downgrade(database, revision)
            else:
                await migrate.upgrade(database, revision)
        finally:
            await database.close()

    asyncio.run(run())
    typer.echo(f"The database is at {revision}.")


@main.command()
def openapi(
    target: Annotated[Path | None, typer.Option("--out", help="a file; without it, the screen")] = None,
) -> None:
    """Write the description of the HTTP API as JSON."""
    text = json.dumps(create_app(Settings()).openapi(), indent=2, sort_keys=True) + "\n"
    if target is None:
        typer.echo(text, nl=False)
    else:
        target.write_text(text)


if __name__ == "__main__":
    main()
