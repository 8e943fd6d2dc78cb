"""Businesses and their members."""

from __future__ import annotations

from fastapi import Depends, Request, Response

from app.api.deps import (
    PathId,
    PersonId,
    ProductDep,
    ReadSession,
    UserId,
    WriteSession,
    api_router,
    limit_businesses,
)
from app.api.idempotency import IDEMPOTENT, body_fingerprint, idempotently, member_of
from app.api.rate_limits import limit_auth
from app.schemas.base import Done
from app.schemas.businesses import (
    BusinessChange,
    BusinessCreate,
    BusinessList,
    BusinessView,
    MemberAdd,
    MemberChange,
    MemberList,
    MemberView,
    StyleList,
    StylesChange,
    StyleView,
)
from app.services import businesses, generations, users
from app.services.businesses import Business, Member, Role, User

router = api_router("businesses")


@router.get("/businesses", summary="Your businesses")
async def list_businesses(user_id: UserId, session: ReadSession) -> BusinessList:
    """Every business that you are a member of, with your role in it."""
    found = await businesses.list_for_user(session, user_id=user_id)
    return BusinessList(businesses=[business_view(business, role) for business, role in found])


@router.post(
    "/businesses",
    status_code=201,
    summary="Create a business",
    response_model=BusinessView,
    dependencies=[Depends(limit_businesses)],
    openapi_extra=IDEMPOTENT,
)
async def createbusiness_view(
    body: BusinessCreate, user_id: PersonId, product: ProductDep, request: Request
) -> Response:
    """You own it. Without `timezone` it lives in UTC; 422 `unknown_timezone` when the name is not known."""

    async def create(_key: str | None) -> tuple[int, BusinessView]:
        async with product.database.writing() as session:
            business = await businesses.create(
                session, user_id=user_id, name=body.name, timezone=body.timezone
            )
        await product.channels.open_practice(business.id, business.name)
        return 201, business_view(business, Role.OWNER)

    async def admit() -> None:
        """What somebody made is theirs to hear of."""

    return await idempotently(request, product, user_id, await body_fingerprint(request), create, admit=admit)


@router.get("/businesses/{business_id}", summary="A business")
async def getbusiness_view(business_id: PathId, user_id: UserId, session: ReadSession) -> BusinessView:
    """404 `business_not_found` also for a business that exists and is not yours."""
    return business_view(*await businesses.get(session, business_id=business_id, user_id=user_id))


@router.patch("/businesses/{business_id}", summary="Change a business")
async def changebusiness_view(
    business_id: PathId, body: BusinessChange, user_id: UserId, session: WriteSession
) -> BusinessView:
    """What is not given stays. For admins and owners; the cap is for owners, and null lifts it."""
    changed = await businesses.change(
        session,
        business_id=business_id,
        user_id=user_id,
        name=body.name,
        timezone=body.timezone,
        ai_provider_fallback=body.ai_provider_fallback,
        label_ai_images=body.label_ai_images,
    )
    if "monthly_ai_cap_usd" in body.model_fields_set:
        changed = await businesses.set_ai_cap(
            session, business_id=business_id, user_id=user_id, cap=body.monthly_ai_cap_usd
        )
    return business_view(*changed)


@router.get("/businesses/{business_id}/styles", summary="The styles of a business")
async def list_styles(business_id: PathId, user_id: UserId, session: ReadSession) -> StyleList:
    """The built-in styles, in the business's own words where it has any, then its own styles."""
    found = await generations.list_styles(session, business_id=business_id, user_id=user_id)
    return StyleList(styles=[StyleView.model_validate(style) for style in found])


@router.put("/businesses/{business_id}/styles", summary="Change the styles of a business")
async def change_styles(
    business_id: PathId, body: StylesChange, user_id: UserId, session: WriteSession
) -> StyleList:
    """Replaces what the business says itself. A built-in style that is left out is as it came; one of the
    business's own is gone. For admins and owners."""
    changed = await generations.change_styles(
        session,
        business_id=business_id,
        user_id=user_id,
        styles=[(style.name, style.label, style.words) for style in body.styles],
    )
    return StyleList(styles=[StyleView.model_validate(style) for style in changed])


@router.get("/businesses/{business_id}/members", summary="The members of a business")
async def list_members(business_id: PathId, user_id: UserId, session: ReadSession) -> MemberList:
    """Everybody in the business, oldest first."""
    found = await businesses.list_members(session, business_id=business_id, user_id=user_id)
    return MemberList(members=[_member(member, user) for member, user in found])


@router.post(
    "/businesses/{business_id}/members",
    status_code=201,
    summary="Add a member",
    response_model=MemberView,
    openapi_extra=IDEMPOTENT,
    # The answer tells whether somebody has an account, as signing up does.
    dependencies=[Depends(limit_auth)],
)
async def add_member(
    business_id: PathId, body: MemberAdd, user_id: PersonId, product: ProductDep, request: Request
) -> Response:
    """Take in somebody who has signed up already. For admins and owners; only owners make owners."""

    async def add(_key: str | None) -> tuple[int, MemberView]:
        async with product.database.writing() as session:
            added = await businesses.add_member(
                session,
                business_id=business_id,
                user_id=user_id,
                email=users.checked_email(body.email),
                role=Role(body.role),
            )
        return 201, _member(*added)

    admit = member_of(product, user_id, business_id, Role.ADMIN)
    return await idempotently(request, product, user_id, await body_fingerprint(request), add, admit=admit)


@router.patch("/businesses/{business_id}/members/{member_id}", summary="Change a member's role")
async def change_member(
    business_id: PathId, member_id: PathId, body: MemberChange, user_id: PersonId, session: WriteSession
) -> MemberView:
    """`member_id` is the member's user id. 409 `last_owner` when no owner would be left."""
    changed = await businesses.change_member(
        session, business_id=business_id, user_id=user_id, member_id=member_id, role=Role(body.role)
    )
    return _member(*changed)


@router.delete("/businesses/{business_id}/members/{member_id}", summary="Remove a member, or leave")
async def remove_member(
    business_id: PathId, member_id: PathId, user_id: PersonId, session: WriteSession
) -> Done:
    """It bites on the member's next request. Your own user id: you leave the business."""
    await businesses.remove_member(session, business_id=business_id, user_id=user_id, member_id=member_id)
    return Done(message="Member removed successfully")


def business_view(business: Business, role: Role) -> BusinessView:
    """A business as whoever has this role in it sees it."""
    return BusinessView(
        id=business.id,
        name=business.name,
        timezone=business.timezone,
        role=role.value,
        monthly_ai_cap_usd=business.monthly_ai_cap,
        ai_provider_fallback=business.ai_provider_fallback,
        label_ai_images=business.label_ai_images,
    )


def _member(member: Member, user: User) -> MemberView:
    return MemberView(
        user_id=user.id,
        email=user.email,
        name=user.name,
        role=Role(member.role).value,
        created_at=member.created_at,
    )
