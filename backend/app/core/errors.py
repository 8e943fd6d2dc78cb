"""Every refusal the product can give, by kind.

    AppError
    ├── Malformed            the request cannot be understood
    ├── Unauthenticated      nobody, or nobody any more
    ├── Forbidden            known, but not allowed
    ├── NotFound             absent, or another business's: the same answer for both
    ├── Conflict             true earlier, not true now
    ├── TooLarge             more bytes than we take
    ├── UnsupportedType      not a kind of picture we take
    ├── RuleBroken           understood, and against a rule
    ├── RateLimited          too often; says when to come back
    ├── LimitReached         the spending cap
    └── UpstreamTrouble      a platform or provider
        ├── UpstreamRefused      it answered, and not with what we need
        ├── UpstreamUnavailable  it, or our own queue, cannot take work now
        └── OutcomeUnknown       it may have done it: look before doing it again

Each carries a stable `code` (snake_case), a `detail` that says to a person what to do, and
`facts` that help a program (`retry_after`, `posts`, `limit`, `errors`). Only `api/errors.py`
knows status numbers.
"""

from __future__ import annotations

from typing import Any


class AppError(Exception):
    """A refusal that is part of the product's contract."""

    def __init__(self, code: str, detail: str, **facts: Any) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.facts = facts


class Malformed(AppError):
    """The request cannot be understood."""


class Unauthenticated(AppError):
    """No valid token."""


class Forbidden(AppError):
    """The caller is known and may not do this."""


class NotFound(AppError):
    """Absent, or somebody else's: callers cannot tell which."""


class Conflict(AppError):
    """The thing has moved on, or is needed elsewhere."""


class TooLarge(AppError):
    """More bytes than the limit named in `facts["limit"]`."""


def file_too_large(limit: int) -> TooLarge:
    """The refusal of a file over `limit` bytes."""
    megabytes = f"{limit / 1024 / 1024:.1f}".removesuffix(".0")
    return TooLarge(
        "file_too_large",
        f"The file is larger than {megabytes} MiB. Make it smaller and send it again.",
        limit=limit,
    )


class UnsupportedType(AppError):
    """The bytes are not one of the accepted picture formats."""


class RuleBroken(AppError):
    """The request is understood and breaks a rule of the product or of a platform."""


class RateLimited(AppError):
    """Too many requests; `facts["retry_after"]` is in whole seconds."""


class LimitReached(AppError):
    """The business's spending cap is reached."""


class UpstreamTrouble(AppError):
    """A platform or provider did not do what was asked."""


class UpstreamRefused(UpstreamTrouble):
    """It answered, but not with what we need."""


class UpstreamUnavailable(UpstreamTrouble):
    """It, or our own queue in front of it, cannot take work now."""


class OutcomeUnknown(UpstreamTrouble):
    """The work may have been done. Repeating it blindly could do it twice."""
