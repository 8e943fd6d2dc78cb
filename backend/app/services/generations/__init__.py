"""AI generations: asked for once, painted outside of requests, paid for once, and kept in the library.

A generation is worked on by a runner that holds its lease. What it does next is read from the row and from
the spool alone, so a new process goes on where a dead one stopped:

    picture in   attempted_at   handle   what is known                       next
    the spool
    ----------   ------------   ------   ---------------------------------   ------------------------------
    yes          any            any      it is painted and paid for          take it into the library
    no           none           none     nobody was asked                    ask the provider
    no           set            set      the provider has it in the works    go on with it there
    no           set            none     asked, and the answer is missing    say `unknown`; never ask again

`attempted_at` is committed before the provider is asked, the picture is on disk before anything else is done
with it, and the ledger moves in the transaction that moves the generation. A late picture is taken in
whoever has the lease by then.
"""

from __future__ import annotations

from app.services.generations.blocked import PromptFilter
from app.services.generations.checks import NAME_LENGTH, picture_name
from app.services.generations.masks import MASK_LIMIT
from app.services.generations.options import Options, find_options
from app.services.generations.orders import Generations, Story, get_story, is_end, list_stories
from app.services.generations.prompts import (
    MOST_STYLES,
    STYLES,
    Style,
    change_styles,
    list_styles,
    styles_of,
)
from app.services.generations.spool import Spool
from app.services.generations.steps import LEASE, GenerationSteps
from app.services.generations.watching import Board, Moment

__all__ = [
    "LEASE",
    "MASK_LIMIT",
    "MOST_STYLES",
    "NAME_LENGTH",
    "STYLES",
    "Board",
    "GenerationSteps",
    "Generations",
    "Moment",
    "Options",
    "PromptFilter",
    "Spool",
    "Story",
    "Style",
    "change_styles",
    "find_options",
    "get_story",
    "is_end",
    "list_stories",
    "list_styles",
    "picture_name",
    "styles_of",
]
