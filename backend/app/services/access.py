"""Who may do what in a business. Asked on every request, so that a removal bites on the next one."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Forbidden, NotFound
from app.models import businesses
from app.models.businesses import Role

Session = AsyncSession
"""A unit of work, under a name that the floor above may use."""

LARGEST_ID = 2**63 - 1
"""What fits into the database's column. Asking for more is asking for something absent."""


async def require_role(session: Session, *, business_id: int, user_id: int, at_least: Role) -> Role:
    """The user's role in the business, when it is `at_least` the one named.

    Raises NotFound (`business_not_found`) for a stranger, exactly as for a business that does not exist,
    and Forbidden (`role_too_low`) for a member whose role is lower.
    """
    role = None
    if 0 < business_id <= LARGEST_ID:
        role = await businesses.find_role(session, business_id, user_id)
    if role is None:
        raise no_such_business()
    ensure(role, at_least)
    return role


def ensure(role: Role, at_least: Role) -> None:
    """Raises Forbidden (`role_too_low`) where `role` may not do what `at_least` may."""
    if not role.includes(at_least):
        whose = "this API key acts as" if businesses.is_within_bounds() else "yours in this business is"
        raise Forbidden(
            "role_too_low",
            f"This needs the role {at_least.value} or higher; {whose} {role.value}.",
            required_role=at_least.value,
            role=role.value,
        )


def no_such_business() -> NotFound:
    """The one answer for an absent business and for somebody else's."""
    return NotFound("business_not_found", "There is no such business, or you are not a member of it.")
