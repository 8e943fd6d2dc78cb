"""`aigrowth user`: accounts made and brought back by whoever runs the server."""

from __future__ import annotations

import sys
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel, ValidationError

from app.api.errors import explain
from app.cli_common import leave, read_settings, require_database, run
from app.core.config import Settings
from app.core.db import Database
from app.core.logging import configure
from app.schemas.users import NewPassword, Register
from app.services import users

user = typer.Typer(help="Make an account, or set a forgotten password.", no_args_is_help=True)

_LONGEST_LINE = 1000  # bytes, more than any password may have

M = TypeVar("M", bound=BaseModel)


@user.command("create")
def create_user(
    email: Annotated[str, typer.Argument(help="the e-mail to sign in with")],
    name: Annotated[str, typer.Option(help="what the user is called")],
    business: Annotated[
        str | None, typer.Option(help="what their business is called; without it, made of the name")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="the business's time zone, such as Europe/Berlin; without it, UTC")
    ] = None,
) -> None:
    """Make an account with a business of its own. The password is asked for, or read from the first line of
    the standard input."""
    settings = _settings()
    wanted = _checked(
        Register, email=email, name=name, business_name=business, timezone=timezone, password=_read_password()
    )

    async def create() -> users.Account:
        database = Database(settings.sqlalchemy_url)
        try:
            return await users.create(
                database,
                email=wanted.email,
                password=wanted.password,
                name=wanted.name,
                business_name=wanted.business_name,
                timezone=wanted.timezone,
            )
        finally:
            await database.close()

    account = run(create)
    own, _ = account.businesses[0]
    typer.echo(f"{account.user.email} can sign in, and owns business {own.id} ({own.name}, {own.timezone}).")


@user.command("password")
def set_password(email: Annotated[str, typer.Argument(help="the e-mail of the account")]) -> None:
    """Set another password, end every session of its user and revoke their API keys. The password is asked
    for, or read from the first line of the standard input."""
    settings = _settings()
    wanted = _checked(NewPassword, email=email, password=_read_password())

    async def change() -> tuple[int, int]:
        database = Database(settings.sqlalchemy_url)
        try:
            return await users.set_password(database, email=wanted.email, password=wanted.password)
        finally:
            await database.close()

    ended, revoked = run(change)
    typer.echo(
        f"The password is set, {ended} session{'' if ended == 1 else 's'} ended, and "
        f"{revoked} API key{'' if revoked == 1 else 's'} revoked."
    )


def _settings() -> Settings:
    settings = read_settings()
    configure("error", settings.log_format)
    require_database(settings)
    return settings


def _read_password() -> str:
    """Never an argument: those stand in the list of processes and in the shell's history."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    try:
        return sys.stdin.buffer.readline(_LONGEST_LINE).decode().rstrip("\r\n")
    except UnicodeDecodeError:
        leave("password: Give it as UTF-8 text.")


def _checked(form: type[M], **given: Any) -> M:
    """What was given, by the same rules as over HTTP."""
    try:
        return form(**given)
    except ValidationError as error:
        problems = [explain(problem) for problem in error.errors(include_input=False, include_url=False)]
        leave("\n".join(f"{problem.field}: {problem.message}" for problem in problems))
