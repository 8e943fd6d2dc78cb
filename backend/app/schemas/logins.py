"""Meta's logins on the wire."""

from __future__ import annotations

from pydantic import Field

from app.schemas.base import Body, Moment, View
from app.schemas.channels import ChannelProblemView, ChannelView, LoginName, PlatformName


class LoginBegun(View):
    """Where the browser goes to log in."""

    authorize_url: str


class AccountChoiceView(View):
    """An account that can be connected, unless `hindrance` says why not or permissions are missing.
    `channel_id`: it is connected already, and choosing it renews it."""

    platform: PlatformName
    external_id: str
    name: str
    hindrance: str | None
    missing_permissions: list[str]
    channel_id: int | None


class AttemptView(View):
    """What became of a login. `missing_permissions`: what was not allowed and is needed."""

    id: int
    business_id: int
    login: LoginName
    is_practice: bool
    expires_at: Moment
    problem: ChannelProblemView | None
    missing_permissions: list[str]
    missing_in_words: str | None
    person: str | None = Field(description="How Meta calls whoever has logged in.")
    choices: list[AccountChoiceView]


class AccountChoice(Body):
    """One of the accounts that the login brought."""

    platform: PlatformName
    external_id: str = Field(min_length=1, max_length=100)


class AccountChoices(Body):
    """The accounts to connect."""

    accounts: list[AccountChoice] = Field(min_length=1, max_length=500)


class AccountsConnected(View):
    """The channels that they are."""

    channels: list[ChannelView]


class DeletionAccepted(View):
    """As Meta wants it: where the outcome can be seen, and under which code."""

    url: str
    confirmation_code: str
