"""Requests to AI image providers, and the questions asked of them."""

from app.models.generations.claiming import (
    claim_due,
    free_leases,
    list_held,
    next_due_at,
    release,
    renew_leases,
)
from app.models.generations.rows import (
    ask_to_cancel,
    count_unfinished,
    find,
    find_by_image,
    find_by_request,
    find_for_user,
    find_mask,
    forget_request,
    list_page,
    move,
    newest_error,
)
from app.models.generations.tables import MOVES, UNFINISHED, Generation, GenerationState

__all__ = [
    "MOVES",
    "UNFINISHED",
    "Generation",
    "GenerationState",
    "ask_to_cancel",
    "claim_due",
    "count_unfinished",
    "find",
    "find_by_image",
    "find_by_request",
    "find_for_user",
    "find_mask",
    "forget_request",
    "free_leases",
    "list_held",
    "list_page",
    "move",
    "newest_error",
    "next_due_at",
    "release",
    "renew_leases",
]
