"""Businesses and their members.

Any member looks; admins change the business and manage its members; only owners make, change or remove
owners; anyone may leave. A business always keeps an owner. Nobody raises their own role: to make an
owner one must be one.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from decimal import Decimal
from functools import cache

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Conflict, Forbidden, NotFound, RuleBroken
from app.core.logging import get_logger
from app.models import businesses as models
from app.models import users as user_models
from app.models.businesses import Business, Member, Role
from app.models.users import User
from app.services import access

__all__ = ["Business", "Member", "Role", "User"]

DEFAULT_TIMEZONE = "UTC"

log = get_logger(__name__)


@cache
def _known_timezones() -> frozenset[str]:
    # Two names of the database are no places, and no browser knows them.
    return frozenset(zoneinfo.available_timezones() - {"localtime", "Factory"})


def checked_timezone(name: str | None) -> str:
    """An IANA name, or UTC where none is given. Raises RuleBroken (`unknown_timezone`)."""
    if name is None:
        return DEFAULT_TIMEZONE
    if name not in _known_timezones():
        raise RuleBroken(
            "unknown_timezone",
            "This time zone is not known. Use a name such as Europe/Berlin or America/New_York.",
            errors=[{"field": "timezone", "code": "unknown_timezone", "message": "Not a known time zone."}],
        )
    return name


async def create(session: AsyncSession, *, user_id: int, name: str, timezone: str | None) -> Business:
    """A new business, owned by whoever makes it. Raises RuleBroken (`unknown_timezone`)."""
    now = clock.now()
    business = Business(name=name, timezone=checked_timezone(timezone), created_at=now, updated_at=now)
    session.add(business)
    await session.flush()
    session.add(Member(business_id=business.id, user_id=user_id, role=Role.OWNER.value, created_at=now))
    await session.flush()
    return business


async def list_for_user(session: AsyncSession, *, user_id: int) -> Sequence[tuple[Business, Role]]:
    """The user's businesses, oldest membership first."""
    return await models.list_for_user(session, user_id)


async def get(session: AsyncSession, *, business_id: int, user_id: int) -> tuple[Business, Role]:
    """A business of the user and their role in it. Raises NotFound (`business_not_found`)."""
    role = await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.VIEWER)
    business = await models.find(session, business_id)
    if business is None:
        raise access.no_such_business()
    return business, role


async def change(
    session: AsyncSession,
    *,
    business_id: int,
    user_id: int,
    name: str | None,
    timezone: str | None,
    ai_provider_fallback: bool | None = None,
    label_ai_images: bool | None = None,
) -> tuple[Business, Role]:
    """Change what is given; None leaves a value as it is. For admins."""
    business, role = await get(session, business_id=business_id, user_id=user_id)
    access.ensure(role, Role.ADMIN)
    if ai_provider_fallback is not None:
        business.ai_provider_fallback = ai_provider_fallback
    if label_ai_images is not None:
        business.label_ai_images = label_ai_images
    if name is not None:
        business.name = name
    if timezone is not None:
        business.timezone = checked_timezone(timezone)
    business.updated_at = clock.now()
    await session.flush()
    return business, role


async def set_ai_cap(
    session: AsyncSession, *, business_id: int, user_id: int, cap: Decimal | None
) -> tuple[Business, Role]:
    """The most that AI images may be charged in a month, in USD; None: no limit. For owners."""
    _, role = await get(session, business_id=business_id, user_id=user_id)
    access.ensure(role, Role.OWNER)
    # Whoever reserves at this moment does so under the old cap or the new one, never between them.
    business = await models.hold(session, business_id)
    business.monthly_ai_cap, business.updated_at = cap, clock.now()
    await session.flush()
    log.info("business.ai_cap_set", business_id=business_id, user_id=user_id)
    return business, role


async def list_members(
    session: AsyncSession, *, business_id: int, user_id: int
) -> Sequence[tuple[Member, User]]:
    """Everybody in the business, oldest first. For every member."""
    await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.VIEWER)
    return await models.list_members(session, business_id)


async def add_member(
    session: AsyncSession, *, business_id: int, user_id: int, email: str, role: Role
) -> tuple[Member, User]:
    """Take in somebody who has an account; `email` in the form in which accounts keep it.

    Raises NotFound (`user_not_found`), Conflict (`already_member`), Forbidden (`role_too_low`).
    """
    own_role = await access.require_role(
        session, business_id=business_id, user_id=user_id, at_least=Role.ADMIN
    )
    _ensure_may_touch(own_role, role)
    user = await user_models.find_by_email(session, email)
    if user is None:
        raise NotFound(
            "user_not_found", "Nobody has signed up with this e-mail. Ask them to sign up, then add them."
        )
    member = Member(business_id=business_id, user_id=user.id, role=role.value, created_at=clock.now())
    session.add(member)
    try:
        await session.flush()
    except IntegrityError as error:
        raise Conflict("already_member", "This person is a member of the business already.") from error
    log.info("member.added", business_id=business_id, user_id=user.id, role=role.value)
    return member, user


async def change_member(
    session: AsyncSession, *, business_id: int, user_id: int, member_id: int, role: Role
) -> tuple[Member, User]:
    """Give the member whose user id is `member_id` another role.

    Raises NotFound (`member_not_found`), Conflict (`last_owner`), Forbidden (`role_too_low`).
    """
    own_role, current = await _roles_for_change(session, business_id, user_id, member_id)
    access.ensure(own_role, Role.ADMIN)
    _ensure_may_touch(own_role, current)
    _ensure_may_touch(own_role, role)
    if current is Role.OWNER and role is not Role.OWNER:
        await _ensure_another_owner(session, business_id)
    await models.set_role(session, business_id, member_id, role)
    log.info("member.changed", business_id=business_id, user_id=member_id, role=role.value)
    members = await models.list_members(session, business_id)
    return next((member, user) for member, user in members if member.user_id == member_id)


async def remove_member(session: AsyncSession, *, business_id: int, user_id: int, member_id: int) -> None:
    """End the membership of the user `member_id`: an admin another's, anyone their own.

    Raises NotFound (`member_not_found`), Conflict (`last_owner`), Forbidden (`role_too_low`).
    """
    own_role, current = await _roles_for_change(session, business_id, user_id, member_id)
    if member_id != user_id:
        access.ensure(own_role, Role.ADMIN)
        _ensure_may_touch(own_role, current)
    if current is Role.OWNER:
        await _ensure_another_owner(session, business_id)
    await models.remove_member(session, business_id, member_id)
    log.info("member.removed", business_id=business_id, user_id=member_id)


async def _roles_for_change(
    session: AsyncSession, business_id: int, user_id: int, member_id: int
) -> tuple[Role, Role]:
    """The role of who asks, and of whom it is about, both as of now and held until the end.

    Changes of members take turns at the business's row: otherwise two owners could demote each other
    at the same moment and leave none.
    """
    await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.VIEWER)
    await session.get(Business, business_id, with_for_update=True)
    own_role = await access.require_role(
        session, business_id=business_id, user_id=user_id, at_least=Role.VIEWER
    )
    current = None
    if 0 < member_id <= access.LARGEST_ID:
        current = await models.find_role(session, business_id, member_id)
    if current is None:
        raise NotFound("member_not_found", "Nobody with this id is a member of the business.")
    return own_role, current


def _ensure_may_touch(own_role: Role, role: Role) -> None:
    if role is Role.OWNER and own_role is not Role.OWNER:
        raise Forbidden(
            "role_too_low",
            "Only an owner can make, change or remove an owner.",
            required_role=Role.OWNER.value,
            role=own_role.value,
        )


async def _ensure_another_owner(session: AsyncSession, business_id: int) -> None:
    if await models.count_owners(session, business_id) < 2:
        raise Conflict(
            "last_owner", "A business needs an owner. Make somebody else an owner first, then try again."
        )
