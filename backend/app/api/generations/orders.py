"""Asking for pictures, and looking at what became of them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query, Request
from starlette.responses import Response

from app.api.deps import PathId, ProductDep, QueryId, ReadSession, UserId, api_router, limit_ai
from app.api.generations.views import generation_view
from app.api.idempotency import IDEMPOTENT, body_fingerprint, idempotently, member_of
from app.api.images import image_view
from app.schemas.base import View
from app.schemas.generations import (
    Charge,
    Generate,
    Generated,
    GenerationAccepted,
    GenerationList,
    GenerationOptions,
    GenerationView,
    ModelView,
    PriceView,
    ProviderView,
    WarningView,
)
from app.services import generations

router = api_router("generations")

ASYNC = "respond-async"
_PREFER: dict[str, Any] = {
    "parameters": [
        *IDEMPOTENT["parameters"],
        {
            "name": "Prefer",
            "in": "header",
            "required": False,
            "description": "`respond-async`: do not wait. The answer is 202 with the generation, and its "
            "events tell how it goes.",
            "schema": {"type": "string"},
        },
    ]
}


@router.post(
    "/images/generate",
    response_model=Generated,
    status_code=201,
    responses={202: {"model": GenerationAccepted, "description": "With `Prefer: respond-async`."}},
    dependencies=[Depends(limit_ai)],
    openapi_extra=_PREFER,
    summary="Make a picture from words",
)
async def generate_image(request: Request, product: ProductDep, user_id: UserId, wish: Generate) -> Response:
    """Answers when the picture is in the library, which can take minutes, or at once with
    `Prefer: respond-async`. Either way the work goes on when the caller goes away.

    402 `spending_cap_reached`; 422 `prompt_blocked` names the word; 504 `outcome_unknown` with the
    `generation_id` where the picture may have been made and did not arrive.
    """
    is_awaited = not _prefers_async(request)

    async def paint(key: str | None) -> tuple[int, View]:
        story = await product.generations.order(
            user_id=user_id,
            business_id=wish.business_id,
            prompt=wish.prompt,
            size=wish.size,
            quality=wish.quality,
            style=wish.style,
            provider_name=wish.provider,
            model_id=wish.model,
            source_image_id=wish.source_image_id,
            mask=wish.mask,
            is_awaited=is_awaited,
            request_key=key,
        )
        if is_awaited:
            story = await product.generations.outcome(user_id=user_id, generation_id=story.generation.id)
            assert story.image is not None  # what `outcome` gives has one
            return 201, Generated(image=image_view(product, story.image), generation=generation_view(story))
        return 202, GenerationAccepted(generation=generation_view(story))

    admit = member_of(product, user_id, wish.business_id)
    answer = await idempotently(
        request, product, user_id, await body_fingerprint(request), paint, admit=admit
    )
    if answer.status_code == 202:
        answer.headers["Preference-Applied"] = ASYNC
    return answer


def _prefers_async(request: Request) -> bool:
    wanted = ",".join(request.headers.getlist("prefer")).split(",")
    return any(part.partition(";")[0].strip().lower() == ASYNC for part in wanted)


@router.get("/generations/options", summary="What the form can offer")
async def get_options(
    product: ProductDep, session: ReadSession, user_id: UserId, business_id: QueryId
) -> GenerationOptions:
    """Providers, models and what each can do; what the next picture costs, and what is left this month."""
    terms = product.generations.terms
    found = await generations.find_options(
        session, product.generations.providers, terms, user_id=user_id, business_id=business_id
    )
    left = found.allowance
    return GenerationOptions(
        providers=[
            ProviderView(
                name=provider.name,
                is_practice=provider.name == "practice",
                models=[
                    ModelView(
                        id=model.id,
                        name=model.name,
                        sizes=list(model.sizes),
                        qualities=list(model.qualities),
                        max_prompt_length=model.max_prompt_length,
                        streams=model.streams,
                        edits=model.edits,
                        masks=model.masks,
                        shutdown_on=model.shutdown_on,
                        successor=model.successor,
                        prices=[
                            PriceView(
                                size=size,
                                quality=quality,
                                price_usd=left.next_price,
                                provider_usd=model.price(size, quality),
                            )
                            for size in model.sizes
                            for quality in model.qualities
                        ],
                    )
                    for model in models
                ],
            )
            for provider, models in found.offered
        ],
        styles=list(found.styles),
        free_per_month=terms.free_per_month,
        free_remaining=left.free_remaining,
        free_resets_at=left.free_resets_at,
        extra_price_usd=terms.extra_price,
        next_price_usd=left.next_price,
        cap_usd=left.cap,
        cap_remaining=left.cap_remaining,
        warnings=[WarningView.model_validate(warning) for warning in found.warnings],
    )


@router.get("/generations", summary="The generations of a business")
async def list_generations(
    product: ProductDep,
    session: ReadSession,
    user_id: UserId,
    business_id: QueryId,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Annotated[str | None, Query(pattern=r"^[0-9]{1,18}$")] = None,
) -> GenerationList:
    """Newest first, also those that are waiting or in the works."""
    stories, before_id = await generations.list_stories(
        session,
        user_id=user_id,
        business_id=business_id,
        limit=limit,
        before_id=int(cursor) if cursor else None,
    )
    images = {story.image.id: story.image for story in stories if story.image}
    return GenerationList(
        generations=[generation_view(story) for story in stories],
        images=[image_view(product, image) for image in images.values()],
        next_cursor=str(before_id) if before_id else None,
    )


@router.get("/generations/{generation_id}", summary="A generation and what became of it")
async def get_generation(session: ReadSession, user_id: UserId, generation_id: PathId) -> GenerationView:
    """Its state, and its image once there is one."""
    return generation_view(await generations.get_story(session, user_id=user_id, generation_id=generation_id))


@router.post("/generations/{generation_id}/cancel", summary="Call a generation off")
async def cancel_generation(
    product: ProductDep, user_id: UserId, generation_id: PathId
) -> GenerationAccepted:
    """One that waits costs nothing. One in the works ends as soon as its provider has let go, which its state
    tells, and what was billed stays booked. 409 `generation_finished` when it has come to its end."""
    story = await product.generations.cancel(user_id=user_id, generation_id=generation_id)
    return GenerationAccepted(generation=generation_view(story))


@router.post("/generations/{generation_id}/settle", summary="Say what a generation did cost")
async def settle_generation(
    product: ProductDep, user_id: UserId, generation_id: PathId, body: Charge
) -> GenerationAccepted:
    """For a generation whose cost nobody knows, once somebody has looked at the provider's bill: it was
    charged, with the amount, or it was not. For admins and owners. The same again changes nothing; 409
    `already_settled` where the cost is known by now, `not_settled_yet` while the generation is at work."""
    story = await product.generations.settle_by_hand(
        user_id=user_id, generation_id=generation_id, cost=body.cost_usd
    )
    return GenerationAccepted(generation=generation_view(story))
