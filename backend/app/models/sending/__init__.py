"""What keeps posts from going out, and what has gone out where.

`holds`: why nothing is sent for now. `troubles`: the faults that lead there. `times`: posts in time.
"""

from __future__ import annotations

from app.models.sending.holds import (
    Hold,
    begin_hold,
    begin_probe,
    end_holds,
    end_probe,
    forget_holds,
    hold_no_longer,
    holds_of_business,
    holds_on,
    release_held,
    shorten_holds,
    take_back_held,
    until_when,
)
from app.models.sending.times import (
    claim_first_looks,
    claim_last_looks,
    hold_accounts,
    last_published,
    list_cut_off,
    list_joined_again,
    sending_times,
)
from app.models.sending.troubles import (
    Trouble,
    Troubled,
    forget_troubles,
    has_published_since,
    note_trouble,
    who_is_troubled,
)

__all__ = [
    "Hold",
    "Trouble",
    "Troubled",
    "begin_hold",
    "begin_probe",
    "claim_first_looks",
    "claim_last_looks",
    "end_holds",
    "end_probe",
    "forget_holds",
    "forget_troubles",
    "has_published_since",
    "hold_accounts",
    "hold_no_longer",
    "holds_of_business",
    "holds_on",
    "last_published",
    "list_cut_off",
    "list_joined_again",
    "note_trouble",
    "release_held",
    "sending_times",
    "shorten_holds",
    "take_back_held",
    "until_when",
    "who_is_troubled",
]
