"""Accounts on the wire."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.schemas.base import Body, View
from app.schemas.businesses import BusinessView

Email = Annotated[
    str,
    Field(min_length=1, max_length=254, json_schema_extra={"format": "email"}, examples=["ada@example.com"]),
]
"""An e-mail address; whether it is one is decided where it is used."""

_Secret = Field(repr=False, json_schema_extra={"format": "password", "writeOnly": True})
# Blanks around a password are part of it, other than with names.
Password = Annotated[str, StringConstraints(strip_whitespace=False, min_length=8, max_length=200), _Secret]
AnyPassword = Annotated[str, StringConstraints(strip_whitespace=False, max_length=200), _Secret]


class Register(Body):
    """A new user, and the business they start with."""

    email: Email
    password: Password
    name: str = Field(min_length=1, max_length=200)
    business_name: str | None = Field(default=None, min_length=1, max_length=200)
    timezone: str | None = Field(default=None, max_length=64, examples=["Europe/Berlin"])


class UserChange(Body):
    """What can be changed of a user."""

    name: str = Field(min_length=1, max_length=200)


class PasswordChange(Body):
    """The password as it is, and the one to come."""

    current_password: AnyPassword
    new_password: Password


class NewPassword(Body):
    """Another password for whoever has this e-mail."""

    email: Email
    password: Password


class Login(Body):
    """E-mail and password."""

    email: str = Field(max_length=320, json_schema_extra={"format": "email"})
    password: AnyPassword


class UserView(View):
    """A user as they see themselves."""

    id: int
    email: str
    name: str


class PasswordChanged(View):
    """The password is another one."""

    sessions_ended: int = Field(description="In how many other places the user was signed in.")


class PracticeView(View):
    """Which parts of the product are practice."""

    meta: bool
    images: bool


class LimitsView(View):
    """What a picture may be on this server (sides in pixels), and how many days the trash keeps it."""

    max_upload_bytes: int
    min_side: int
    max_side: int
    trash_days: int


class Me(View):
    """Who asks, their businesses, and what is practice and what is possible on this server."""

    user: UserView
    businesses: list[BusinessView]
    practice: PracticeView
    limits: LimitsView


class SignedIn(Me):
    """A fresh session. The same token is set as a cookie for browsers."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"
