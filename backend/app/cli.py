"""The `aigrowth` command."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI

from app.api.wire import BoundedHttp
from app.cli_common import leave, read_settings, require_data, run
from app.cli_secret import secret
from app.cli_storage import storage
from app.cli_users import user
from app.core import clock, migrate
from app.core.config import Settings
from app.core.db import Database
from app.core.logging import configure
from app.core.rate_limits import Counters
from app.main import create_app
from app.services import catalogue, exports
from app.services.doctor import Doctor
from app.wiring import (
    AlreadyRunning,
    image_models,
    make_image_providers,
    make_seal,
    meta_setup,
    opened_library,
    outsides,
    require_free,
)

main = typer.Typer(
    help="AIGrowth: pictures in, posts out.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


main.add_typer(secret, name="secret")
main.add_typer(storage, name="storage")
main.add_typer(user, name="user")


@main.callback()
def _main() -> None:
    """AIGrowth: pictures in, posts out."""
    # Pictures, tokens and the secret are nobody else's on this machine.
    os.umask(0o077)
    # The code that was read stays: whoever looks for garbage has no need to walk all of it again and again.
    gc.freeze()


@main.command()
def serve() -> None:
    """Serve the page, the API and the jobs from this one process (HOST, PORT and the other settings)."""
    settings = read_settings()
    configure(settings.log_level, settings.log_format)
    # Bound before anything is taken over from an earlier process: two cannot have the same port.
    try:
        listener = _bind(settings.host, settings.port)
    except OSError as error:
        leave(
            f"Port {settings.port} on {settings.host} can't be used: {error.strerror}. "
            "Choose another one, such as PORT=8001."
        )
    settings = settings.with_port(listener.getsockname()[1])
    try:
        image_models(settings)
        make_seal(settings)
        require_free(settings)
        # Asked for here, so that a damaged secret is a sentence too.
        settings.signing_key  # noqa: B018 -- read once, then kept
    except (AlreadyRunning, ValueError) as error:
        listener.close()
        leave(str(error))
    except OSError as error:
        listener.close()
        leave(f"DATA_DIR {settings.data_dir.absolute()} can't be used: {error.strerror}.")
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        http=BoundedHttp,
        # What one request has set must not be there for the next one on the same connection.
        reset_contextvars=True,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=10,
    )
    server = _Server(config, app, settings)
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        listener.close()
    if not server.started:
        raise typer.Exit(1)


class _Server(uvicorn.Server):
    """Says where it serves once it really does, and keeps nobody waiting once it stops."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, settings: Settings) -> None:
        super().__init__(config)
        self._app = app
        self._settings = settings

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what waits for news, then wait for what is being answered."""
        self._app.state.product.generations.board.close()
        await super().shutdown(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, then say so."""
        await super().startup(sockets)
        # What serves stays as well: a look for garbage among it would hold up every answer.
        gc.freeze()
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
        lines.append("Not set up: AI images. Set OPENAI_API_KEY, or another provider's key or address.")
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
    settings = read_settings()

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
def doctor(
    fix: Annotated[
        bool, typer.Option("--fix", help="sweep what was never finished, and count anew; nothing else")
    ] = False,
) -> None:
    """Look whether settings, database, storage, pictures and servers are as they must be."""
    settings = read_settings()
    configure("error", settings.log_format)
    require_data(settings)
    try:
        image_models(settings)
    except ValueError as error:
        leave(str(error))

    async def examine() -> bool:
        is_well = True
        providers = make_image_providers(settings)
        endings = catalogue.warnings(providers.values(), clock.now().date())
        for provider in providers.values():
            await provider.close()
        counters = Counters(settings.redis_address) if settings.redis_address else None
        async with opened_library(settings) as library, contextlib.AsyncExitStack() as stack:
            if counters is not None:
                stack.push_async_callback(counters.close)
            examining = Doctor(
                library,
                extra_formats=settings.extra_image_formats,
                outsides=outsides(settings),
                meta=meta_setup(settings),
                counters=counters,
                model_endings=endings,
                make_seal=lambda: make_seal(settings),
                is_fixing=fix,
            )
            async for finding in examining.examine():
                typer.echo(f"{'ok   ' if finding.is_ok else 'WRONG'}  {finding.what}: {finding.detail}")
                if finding.fix:
                    typer.echo(f"       {finding.fix}")
                is_well &= finding.is_ok
        return is_well

    typer.echo("ok     settings: They fit together.")
    if not asyncio.run(examine()):
        raise typer.Exit(1)


@main.command("export")
def export_pictures(
    business: Annotated[int, typer.Option(help="the id of the business")],
    target: Annotated[Path, typer.Option("--to", help="an empty folder, or a name that ends in .zip")],
) -> None:
    """Write a business's pictures into a folder or ZIP file, each with a description beside it."""
    settings = read_settings()
    configure("error", settings.log_format)
    require_data(settings)

    async def export() -> exports.Exported:
        async with opened_library(settings) as library:
            await exports.require_business(library, business)
            return await exports.export_business(library, business, target, _progress("written"))

    exported = run(export)
    typer.echo(f"{_pictures(exported.pictures)} written to {target}, {exported.bytes / 1e6:.1f} MB.")
    for name in exported.missing:
        typer.echo(f"Not written, as its file is missing in the store: {name}")
    if exported.missing:
        raise typer.Exit(1)


@main.command("import")
def import_pictures(
    business: Annotated[int, typer.Option(help="the id of the business")],
    source: Annotated[
        Path, typer.Argument(help="a folder or ZIP file that export has written, or any other")
    ],
) -> None:
    """Take the pictures of a folder or ZIP file in, with what is described beside them."""
    settings = read_settings()
    configure("error", settings.log_format)
    require_data(settings)

    async def take_back() -> exports.Imported:
        async with opened_library(settings) as library:
            await exports.require_business(library, business)
            return await exports.import_business(library, business, source, _progress("looked at"))

    imported = run(take_back)
    parts = [f"{_pictures(imported.taken)} taken in"]
    parts.append(f"{imported.duplicates} {'was' if imported.duplicates == 1 else 'were'} there already")
    if imported.brought_back:
        parts.append(f"{imported.brought_back} brought back from the trash")
    typer.echo(f"{', '.join(parts)}, {len(imported.refused)} refused.")
    for name, reason in imported.refused:
        typer.echo(f"Refused: {name}: {reason}")
    if imported.refused:
        raise typer.Exit(1)


def _pictures(count: int) -> str:
    return f"{count} picture{'' if count == 1 else 's'}"


def _progress(done: str) -> Callable[[int], None] | None:
    """A line that counts, on a terminal only."""
    if not sys.stderr.isatty():
        return None

    def show(count: int) -> None:
        typer.echo(f"\r{count} {done}", err=True, nl=False)

    return show


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
