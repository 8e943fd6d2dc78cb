"""What an error of the Graph API means for us.

The platform names an error by `error_subcode`, then `code`, then `is_transient`, then the HTTP status, and
that is the order of the tables here. Its texts are in the account's language and may name addresses, so
they are neither matched nor passed on.

A sentence says what happened and what a person can do about it. Whether we try again by ourselves is not
known here.

A row is *settled* when the platform surely did nothing. In an irreversible call every other transient row
means that the outcome is unclear.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.providers.publishing.base import (
    AccountRestricted,
    ActionNeeded,
    AppRateLimited,
    ContentRefused,
    OutcomeUnclear,
    PrepareAgain,
    PublishingError,
    RateLimited,
    ReconnectNeeded,
    TryLater,
)

_TRACE = re.compile(r"[A-Za-z0-9_-]{1,64}")

RATE_LIMIT_WAIT = 15 * 60
"""Seconds to stay away after a rate limit that names no time of its own."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one error is told. `retry_after` is in seconds."""

    error: type[PublishingError]
    code: str
    detail: str
    retry_after: int | None = None
    is_settled: bool = True

    def build(
        self, *, is_irreversible: bool, retry_after: int | None = None, trace: str | None = None
    ) -> PublishingError:
        """The error to raise; an unsettled one becomes `OutcomeUnclear` in an irreversible call."""
        if is_irreversible and not self.is_settled:
            return OutcomeUnclear(UNCLEAR.code, UNCLEAR.detail, trace=trace)
        return self.error(
            self.code,
            self.detail,
            retry_after=self.retry_after if retry_after is None else retry_after,
            trace=trace,
        )


UNCLEAR = Verdict(
    OutcomeUnclear,
    "outcome_unclear",
    "The platform's answer was lost, so the post may be out.",
)
DUPLICATE = Verdict(
    OutcomeUnclear,
    "duplicate_post",
    "The platform says that it already has this post.",
)
UNREACHABLE = Verdict(
    TryLater,
    "platform_unreachable",
    "The platform cannot be reached right now.",
    retry_after=15,
)
"""No connection could be made: nothing was sent."""
UNAVAILABLE = Verdict(
    TryLater,
    "platform_unavailable",
    "The platform does not work properly right now.",
    retry_after=30,
    is_settled=False,
)
RATE_LIMITED = Verdict(
    RateLimited,
    "platform_rate_limited",
    "The platform asks for a pause: too many calls in the last hour.",
    retry_after=RATE_LIMIT_WAIT,
)
APP_RATE_LIMITED = Verdict(
    AppRateLimited,
    "platform_rate_limited",
    "The platform asks this server for a pause: too many calls in the last hour.",
    retry_after=RATE_LIMIT_WAIT,
)
TOKEN_INVALID = Verdict(
    ReconnectNeeded,
    "token_invalid",
    "Meta no longer accepts this connection. Connect the channel again.",
)
ACCOUNT_NOT_VISIBLE = Verdict(
    ReconnectNeeded,
    "account_not_visible",
    "Meta does not show this account to the connection. Check the account's id, and connect it again with a "
    "login that may publish there.",
)
NOT_READY = Verdict(
    TryLater,
    "not_ready_yet",
    "Instagram is still preparing the picture.",
    retry_after=5,
)

PARTS_MISSING = Verdict(
    PrepareAgain,
    "parts_missing",
    "Not every image is there that was handed over for this post.",
)

_LOGIN_FIRST = Verdict(
    ReconnectNeeded,
    "login_needed",
    "Meta wants you to log in on its own site first. Do that, then connect the channel again.",
)
_PERMISSION_MISSING = Verdict(
    ReconnectNeeded,
    "permission_missing",
    "This connection may not publish here. Connect the channel again and grant every permission asked for.",
)
_BAD_REQUEST = Verdict(
    ContentRefused,
    "platform_refused",
    "The platform does not take this post as it is. Change its text or picture and try again.",
)
_BLOCKED = Verdict(
    AccountRestricted,
    "account_blocked",
    "Meta has blocked this action for a while. Wait a day, and look at the account for a notice.",
)
_CHECKPOINT = Verdict(
    AccountRestricted,
    "account_needs_attention",
    "Meta asks for a check of the account. Log in on its own site, follow what it asks, then try again.",
)
_PICTURE_FETCH = Verdict(
    PrepareAgain,
    "picture_not_fetched",
    "Instagram could not fetch the picture. Check that this server's public address can be reached from the "
    "internet.",
    retry_after=15,
)
_MAKE_ANEW = Verdict(
    PrepareAgain,
    "preparation_failed",
    "Instagram could not prepare the picture.",
    retry_after=15,
)
_GONE = Verdict(
    PrepareAgain,
    "preparation_gone",
    "Instagram no longer has the prepared picture.",
    retry_after=30,
)
_VIDEO = Verdict(
    PrepareAgain,
    "media_processing_failed",
    "Instagram could not process the file.",
    retry_after=60,
)
_PRODUCT_TAGS = Verdict(
    ContentRefused,
    "product_tags_refused",
    "Instagram does not take the product tags of this post. Change them.",
)
_FACEBOOK_FILE = Verdict(
    ContentRefused,
    "picture_refused",
    "Facebook cannot read the picture, or it is larger than 4 MB. Choose another one.",
)
_FACEBOOK_LINK = Verdict(
    ContentRefused, "link_refused", "Facebook does not take a link in this post. Change or remove it."
)

BY_PAIR: Mapping[tuple[int, int], Verdict] = {
    (100, 33): ACCOUNT_NOT_VISIBLE,
    (190, 459): _LOGIN_FIRST,
    (190, 464): _LOGIN_FIRST,
}
"""Small subcodes mean something only together with their code."""

BY_SUBCODE: Mapping[int, Verdict] = {
    # Instagram publishing
    2207001: Verdict(
        TryLater,
        "platform_unavailable",
        "Instagram has trouble of its own right now.",
        retry_after=30,
        is_settled=False,
    ),
    2207003: Verdict(
        PrepareAgain,
        "picture_download_slow",
        "Instagram took too long to fetch the picture.",
        retry_after=15,
    ),
    2207004: Verdict(
        ContentRefused,
        "picture_too_large",
        "The picture is larger than Instagram's 8 MB. Choose a smaller one.",
    ),
    2207005: Verdict(
        ContentRefused,
        "picture_format_refused",
        "Instagram takes JPEG pictures only. Choose another picture.",
    ),
    2207006: _GONE,
    2207008: _GONE,
    2207009: Verdict(
        ContentRefused,
        "picture_ratio_refused",
        "Instagram does not take this shape of picture. Use one between 4:5 (upright) and 1.91:1 (wide).",
    ),
    2207010: Verdict(
        ContentRefused,
        "text_too_long",
        "The text is too long for Instagram: at most 2,200 characters and 30 hashtags. Shorten it.",
    ),
    2207018: Verdict(
        ContentRefused,
        "collaborator_refused",
        "One of the collaborators cannot be named on Instagram. Remove them.",
    ),
    2207020: _GONE,
    2207023: Verdict(
        ContentRefused,
        "media_type_refused",
        "Instagram does not know this kind of post. Choose another kind.",
    ),
    2207026: Verdict(
        ContentRefused, "video_format_refused", "Instagram does not take this video. Choose another file."
    ),
    2207027: NOT_READY,
    2207028: Verdict(
        ContentRefused,
        "carousel_count_refused",
        "An Instagram carousel has 2 to 10 pictures. Change their number.",
    ),
    2207032: _MAKE_ANEW,
    2207035: _PRODUCT_TAGS,
    2207036: _PRODUCT_TAGS,
    2207037: _PRODUCT_TAGS,
    2207040: Verdict(
        ContentRefused,
        "too_many_mentions",
        "Instagram takes at most 20 @ mentions. Remove some from the text.",
    ),
    2207042: Verdict(
        RateLimited,
        "daily_limit_reached",
        "The account has as many posts as Instagram takes in 24 hours.",
        retry_after=60 * 60,
    ),
    2207050: Verdict(
        AccountRestricted,
        "account_needs_attention",
        "Instagram has restricted this account. Log in on Instagram, follow what it asks, then try again.",
    ),
    2207051: Verdict(
        AccountRestricted,
        "account_blocked",
        "Instagram has blocked this as unusual activity. Wait at least a day before you try again.",
    ),
    2207052: _PICTURE_FETCH,
    2207053: _MAKE_ANEW,
    2207057: Verdict(
        ContentRefused,
        "cover_moment_refused",
        "The moment chosen for the video's cover is outside the video.",
    ),
    2207073: Verdict(
        ContentRefused, "delete_refused", "Instagram does not let this kind of post be deleted from outside."
    ),
    2207076: _VIDEO,
    2207077: _VIDEO,
    2207081: Verdict(
        ContentRefused, "trial_reel_refused", "This account cannot use trial reels on Instagram."
    ),
    2207082: _VIDEO,
    2207085: _VIDEO,
    # Facebook Pages
    324: _FACEBOOK_FILE,
    1346003: Verdict(
        ActionNeeded,
        "post_held",
        "Facebook holds this post for abusive content. Look at the Page for a notice before you try again.",
    ),
    1349125: Verdict(
        ContentRefused,
        "content_format_refused",
        "Facebook does not take this form of content. Change the post.",
    ),
    1363047: UNAVAILABLE,
    1366046: _FACEBOOK_FILE,
    1366051: DUPLICATE,
    1390008: Verdict(
        AccountRestricted,
        "account_blocked",
        "Facebook finds the posts too fast. Wait some hours before the next.",
    ),
    1404006: _CHECKPOINT,
    1404078: Verdict(
        AccountRestricted,
        "page_authorization_needed",
        "Facebook wants the Page's publishing authorization completed. Do that on Facebook, then try again.",
    ),
    1404102: Verdict(
        ActionNeeded,
        "community_standards",
        "Facebook holds this post against its community standards. Look at the Page for a notice.",
    ),
    1404112: _CHECKPOINT,
    1609005: _FACEBOOK_LINK,
    1609008: _FACEBOOK_LINK,
    1609010: UNAVAILABLE,
    2061006: _FACEBOOK_LINK,
    2069019: _FACEBOOK_FILE,
    4854002: _CHECKPOINT,
}
"""Subcodes that mean the same whatever their code."""

BY_CODE: Mapping[int, Verdict] = {
    -2: _MAKE_ANEW,
    -1: UNAVAILABLE,
    1: UNAVAILABLE,
    2: UNAVAILABLE,
    3: Verdict(
        ActionNeeded,
        "app_not_allowed",
        "The Meta app of this server may not do this. Its operator has to change the app's settings at Meta.",
    ),
    4: APP_RATE_LIMITED,
    9: RATE_LIMITED,
    10: _PERMISSION_MISSING,
    17: RATE_LIMITED,
    24: _GONE,
    25: _CHECKPOINT,
    32: RATE_LIMITED,
    100: _BAD_REQUEST,
    102: TOKEN_INVALID,
    120: _BAD_REQUEST,
    190: TOKEN_INVALID,
    321: Verdict(
        ActionNeeded,
        "album_full",
        "The Page's photo album is full. Make room on Facebook, then try again.",
    ),
    341: APP_RATE_LIMITED,
    352: _BAD_REQUEST,
    368: _BLOCKED,
    506: DUPLICATE,
    613: RATE_LIMITED,
    9004: _PICTURE_FETCH,
    9007: NOT_READY,
    36000: _BAD_REQUEST,
    36001: _BAD_REQUEST,
    36003: _BAD_REQUEST,
    36004: _BAD_REQUEST,
    **{code: _PERMISSION_MISSING for code in range(200, 300)},
    **{code: RATE_LIMITED for code in range(80000, 80100)},
}


def as_number(value: object) -> int | None:
    """A code as the platform may write it: a number, or digits in a string."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,10}", value):
        return int(value)
    return None


def verdict_for(code: int | None, subcode: int | None, *, is_transient: bool, status: int) -> Verdict:
    """What an error envelope with these marks means."""
    if code is not None and subcode is not None and (code, subcode) in BY_PAIR:
        return BY_PAIR[code, subcode]
    for number, table in ((subcode, BY_SUBCODE), (code, BY_CODE), (code, BY_SUBCODE)):
        if number is not None and number in table:
            return table[number]
    if is_transient:
        return UNAVAILABLE
    return verdict_for_status(status)


def verdict_for_status(status: int) -> Verdict:
    """What is left to go by when no code is known."""
    if status == 401:
        return TOKEN_INVALID
    if status == 403:
        return _PERMISSION_MISSING
    if status == 429:
        return RATE_LIMITED
    if 400 <= status < 500:
        return _BAD_REQUEST
    return UNAVAILABLE


def trace_of(error: Mapping[str, Any]) -> str | None:
    """The platform's reference of the failure, when it looks like one."""
    trace = error.get("fbtrace_id")
    return trace if isinstance(trace, str) and _TRACE.fullmatch(trace) else None


def classify(
    error: Mapping[str, Any], *, status: int, is_irreversible: bool, retry_after: int | None = None
) -> PublishingError:
    """The error to raise for the envelope's `error` object.

    `retry_after` is what the answer's headers ask for, in seconds; it counts only where waiting is the cure.
    """
    verdict = verdict_for(
        as_number(error.get("code")),
        as_number(error.get("error_subcode")),
        is_transient=error.get("is_transient") is True,
        status=status,
    )
    return verdict.build(
        is_irreversible=is_irreversible,
        retry_after=retry_after if issubclass(verdict.error, TryLater) else None,
        trace=trace_of(error),
    )
