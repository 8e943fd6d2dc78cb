"""Publishing: one post becomes one publication per channel, and each goes out once or is told as it is.

A publication is moved by steps. A step is taken by a runner that holds its lease, does at most one
thing on the platform that changes something, and commits what it learned before the next. What the
steps are is read from the row alone, so a new process goes on where a dead one stopped:

    reference   attempted_at   what is known                        next
    ---------   ------------   ----------------------------------   --------------------------------
    none        none           nothing was handed over              prepare
    set         none           handed over, not published           look; when ready, write down the
                                                                    attempt, then finish
    set         set            finish was or may have been sent     look; never finish again unless
                                                                    the look proves nothing went out

`attempted_at` is committed before `finish` is sent. A process that dies in between leaves a
publication that looks as if it had been sent: the look then says READY, and after a safe while
(`settle_after`, the platform may still be working on a request whose answer was lost) it goes on.

A lease outlives the longest step. Should a runner be slower still, another one looks before it does
anything, and a late yes of the platform is kept whoever has the lease by then.
"""

from __future__ import annotations

from app.services.publishing.doubts import MAX_ATTEMPTS, MAX_LOOKS
from app.services.publishing.holds import HoldTerms, held_until, list_holds
from app.services.publishing.journal import PATIENCE
from app.services.publishing.lookahead import LookAhead
from app.services.publishing.orders import Publishing
from app.services.publishing.preflight import Preflight
from app.services.publishing.quota import Quotas
from app.services.publishing.reachability import Reachability
from app.services.publishing.settling import Settling, is_looked_up
from app.services.publishing.stages import stages
from app.services.publishing.steps import LEASE, PublicationSteps

__all__ = [
    "LEASE",
    "MAX_ATTEMPTS",
    "MAX_LOOKS",
    "PATIENCE",
    "HoldTerms",
    "LookAhead",
    "Preflight",
    "PublicationSteps",
    "Publishing",
    "Quotas",
    "Reachability",
    "Settling",
    "held_until",
    "is_looked_up",
    "list_holds",
    "stages",
]
