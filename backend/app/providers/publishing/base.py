"""Putting a post on a platform.

What is published is handed over first: each picture of several as a part of its own (`prepare_part`), then
the whole (`prepare`). `finish` is the irreversible call and is sent at most once per attempt that is written
down beforehand. `check` and `permalink` only look. Afterwards: `discard` removes parts that will not be used,
`comment` writes the first comment, and `find_comment` looks whether it is there.

    PublishingError
    ├── TryLater          nothing happened; try the same step again after `retry_after` seconds
    │   └── RateLimited   the account, or the app that asks, has to stay away for so long
    ├── PrepareAgain      what was prepared is gone or unusable; prepare anew, a few times
    ├── ReconnectNeeded   the token or its permissions: the owner has to connect again
    ├── ContentRefused    the platform does not take this content: the user has to change it
    ├── ActionNeeded      the account is well, but a person has to act before this post can go out
    ├── AccountRestricted the platform holds the whole account until a person has acted there
    └── OutcomeUnclear    it may have been published: only `check` may say
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from app.providers.publishing.rules import CommentRules, Placement, PlatformRules

__all__ = [
    "NOTHING_ELSE",
    "Account",
    "AccountFacts",
    "AccountOpener",
    "AccountRestricted",
    "ActionNeeded",
    "CommentRules",
    "Content",
    "ContentRefused",
    "Follower",
    "Look",
    "Metered",
    "OpenedAccount",
    "Others",
    "OutcomeUnclear",
    "PersonTag",
    "Picture",
    "Placement",
    "PlatformRules",
    "PrepareAgain",
    "Publisher",
    "PublishingError",
    "Quota",
    "ReconnectNeeded",
    "Sender",
    "Standing",
    "TextFacts",
    "TryLater",
    "text_facts",
]


class PublishingError(Exception):
    """A step that did not work. `code` is stable (snake_case); `detail` says to the user what happened, and
    what to do where that is theirs to do: whether it is tried again is for the caller to add. `trace` is the
    platform's own reference for support."""

    def __init__(
        self, code: str, detail: str, *, retry_after: int | None = None, trace: str | None = None
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.retry_after = retry_after
        self.trace = trace


class TryLater(PublishingError):
    """Nothing was changed; the same step can be tried again."""


class RateLimited(TryLater):
    """The platform asks for a pause: further calls would make it longer. `is_of_app` when the app that asks
    is the one that asked too often, and not this account."""

    is_of_app = False


class AppRateLimited(RateLimited):
    """Too many calls of the app, for whatever account."""

    is_of_app = True


class PrepareAgain(PublishingError):
    """The prepared thing cannot be used; make a new one."""


class ReconnectNeeded(PublishingError):
    """The platform no longer accepts the token."""


class ContentRefused(PublishingError):
    """The content breaks a rule of the platform."""


class ActionNeeded(PublishingError):
    """This post is held until a person has acted elsewhere; others may go out meanwhile."""


class AccountRestricted(PublishingError):
    """Nothing goes out on this account for now; trying again would make it worse."""


class OutcomeUnclear(PublishingError):
    """The request may have been carried out."""


@dataclass(frozen=True, slots=True)
class Account:
    """A channel as the platform knows it. The token never shows in a repr."""

    external_id: str
    access_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What the platform says of an account that is being connected."""

    external_id: str
    name: str


@dataclass(frozen=True, slots=True)
class PersonTag:
    """An account that is marked in a picture, at (x, y), 0..1 from top left."""

    username: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Picture:
    """A rendition, at a URL that the platform can fetch. `image_id` and `sha256` say which file it is."""

    url: str
    alt_text: str
    user_tags: tuple[PersonTag, ...] = ()
    image_id: int = 0
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """What is published. `is_ai_generated` asks the platform for its AI label where it has one."""

    text: str
    pictures: tuple[Picture, ...]
    is_ai_generated: bool


@dataclass(frozen=True, slots=True)
class Quota:
    """How many posts the platform takes from an account in 24 hours, and how many it has had."""

    used: int
    total: int


class Standing(StrEnum):
    """What a look at the platform shows of a prepared publication."""

    PENDING = "pending"  # the platform still works on it: look again
    READY = "ready"  # prepared and not published: `finish` may be sent
    PUBLISHED = "published"  # it is out
    GONE = "gone"  # prepared thing expired or failed: prepare anew
    NOT_SHOWN = "not_shown"  # everything since the attempt was listed, and it is not among it
    UNKNOWN = "unknown"  # it could not be looked up, or what is shown proves nothing


@dataclass(frozen=True, slots=True)
class Look:
    """The result of `check`; `external_id` where the platform told it."""

    standing: Standing
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Others:
    """What else of ours may be on the account since an attempt: the `ids` of posts that belong to other
    publications, and the texts of those that may be out without our knowing as which post."""

    ids: frozenset[str] = frozenset()
    texts: tuple[str, ...] = ()


NOTHING_ELSE = Others()

_HASHTAG = re.compile(r"[#\uff03](?=\w|[\u2600-\u27bf\U0001f000-\U0001faff])")
_MENTION = re.compile(r"(?<![A-Za-z0-9_.])@(?=[A-Za-z0-9_])")


@dataclass(frozen=True, slots=True)
class TextFacts:
    """What of a text counts against `PlatformRules`."""

    characters: int
    hashtags: int
    mentions: int


def text_facts(text: str) -> TextFacts:
    """Count a text as the platforms may count it, never too low.

    The unit of their character limit is not documented, so the larger of code points and UTF-16 units
    counts. Every `#` before a letter, digit or emoji is a hashtag; an `@` inside an e-mail address is no
    mention.
    """
    return TextFacts(
        characters=max(len(text), len(text.encode("utf-16-le", "surrogatepass")) // 2),
        hashtags=len(_HASHTAG.findall(text)),
        mentions=len(_MENTION.findall(text)),
    )


class Sender(Protocol):
    """The way of a post onto one platform. Raises only `PublishingError` and its children."""

    rules: PlatformRules

    async def prepare_part(self, account: Account, content: Content, position: int) -> str:
        """Hand over one picture of a placement that has parts; returns the platform's reference. May be
        repeated: an unused one harms nobody, and `discard` removes it."""

    async def prepare(self, account: Account, content: Content, parts: Sequence[str] = ()) -> str:
        """Hand the whole over without publishing it, made of these parts; returns the platform's reference
        (empty where there is nothing to prepare). May be repeated."""

    async def check(
        self,
        account: Account,
        reference: str,
        content: Content,
        attempted_at: datetime | None,
        parts: Sequence[str] = (),
        others: Others = NOTHING_ELSE,
    ) -> Look:
        """Look what became of `reference`. With `attempted_at`, `finish` was sent then and its answer
        is missing; a post that belongs to one of the `others` is not taken for it."""

    async def finish(
        self, account: Account, reference: str, content: Content, parts: Sequence[str] = ()
    ) -> str:
        """Publish; returns the external id. A lost answer is `OutcomeUnclear`."""

    async def permalink(self, account: Account, external_id: str) -> str:
        """The public address of what was published."""


@runtime_checkable
class Metered(Protocol):
    """A platform that limits how many posts an account sends in 24 hours."""

    async def quota(self, account: Account) -> Quota:
        """Read it. Raises `PublishingError`."""


class Follower(Protocol):
    """What is done on one platform around a post. Raises only `PublishingError` and its children."""

    async def verify(self, account: Account) -> AccountFacts:
        """Ask the platform who the token speaks for. Raises `ReconnectNeeded`."""

    async def discard(self, account: Account, parts: Sequence[str]) -> None:
        """Remove parts that will not be used. One that is gone, or is in a post, is left alone."""

    async def comment(self, account: Account, external_id: str, text: str) -> str:
        """Write a comment under a post; returns its id. A lost answer is `OutcomeUnclear`."""

    async def find_comment(self, account: Account, external_id: str, text: str) -> str | None:
        """The id of a comment of ours with this text under the post, or None when there is none."""


class Publisher(Sender, Follower, Protocol):
    """One platform."""


@dataclass(frozen=True, slots=True)
class OpenedAccount:
    """A new account on a platform, ours from the start."""

    platform: str
    external_id: str
    name: str
    access_token: str = field(repr=False)


class AccountOpener(Protocol):
    """A platform on which accounts can be opened by a call. Raises `PublishingError`."""

    async def open_accounts(self, name: str, *, reference: str) -> tuple[OpenedAccount, ...]:
        """Accounts for a business of this name; the same `reference` gives the same accounts."""

    async def announce_login(self, state: str, *, reference: str) -> None:
        """Whoever comes to the platform's login with this state manages the accounts of `reference`."""

    async def close(self) -> None:
        """Let go of connections."""


class Sites(Protocol):
    """The platforms as people see them in a browser."""

    def start(self, platform: str, *, is_practice: bool) -> str:
        """What every address of the platform begins with."""

    def account(self, platform: str, external_id: str, name: str, *, is_practice: bool) -> str:
        """Where an account and its posts can be looked at."""

    def has(self, platform: str, address: str, *, is_practice: bool) -> bool:
        """Whether this is the address of something on the platform, and of nothing else."""

    def is_kept(self, platform: str, address: str, *, is_practice: bool) -> bool:
        """Whether an address that the platform told for a post is one that people may be led to."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person has allowed. `permissions`: what was asked for or granted before, each with whether it
    is `granted`, `declined` or `expired`; `expires_at` None: it is not known, or never. `user_name` is how
    the platform calls the person, empty where it does not say."""

    user_id: str
    access_token: str = field(repr=False)
    permissions: Mapping[str, str]
    expires_at: datetime | None = None
    data_access_expires_at: datetime | None = None
    user_name: str = ""


@dataclass(frozen=True, slots=True)
class OfferedAccount:
    """An account that a person could connect. `hindrance`: why it cannot be, and what to do about it."""

    platform: str
    external_id: str
    name: str
    access_token: str = field(repr=False)
    hindrance: str | None = None


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What the platform says of a token. `permissions` None: it does not say."""

    expires_at: datetime | None = None
    data_access_expires_at: datetime | None = None
    permissions: frozenset[str] | None = None


class LoginGate(Protocol):
    """One of the platform's logins. Raises only `PublishingError` and its children."""

    kind: str

    def needed(self, platform: str) -> tuple[str, ...]:
        """The permissions without which nothing can be published there."""

    def address(self, *, redirect_uri: str, state: str, is_again: bool) -> str:
        """Where the person's browser is sent. `is_again` asks anew for what was declined before."""

    async def exchange(self, code: str, redirect_uri: str) -> Grant:
        """What the person has allowed, with a token that lives long. The code counts once."""

    async def accounts(self, grant: Grant) -> tuple[OfferedAccount, ...]:
        """Everything that the person can connect, in the platform's order."""

    async def renew(self, access_token: str) -> tuple[str, datetime | None]:
        """A new token for one that has not ended yet, and when that ends."""

    async def inspect(self, access_token: str) -> TokenFacts:
        """What the platform says of a token. Raises `ReconnectNeeded` when it counts no more."""

    async def close(self) -> None:
        """Let go of connections."""
