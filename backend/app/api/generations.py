"""AI generations over HTTP."""

from __future__ import annotations

from fastapi import Depends, Request
from starlette.responses import Response

from app.api.deps import (
    PathId,
    ProductDep,
    QueryId,
    ReadSession,
    UserId,
    api_router,
    limit_ai,
)
from app.api.idempotency import IDEMPOTENT, body_fingerprint, idempotently, member_of
from app.api.images import image_view
from app.models.businesses import Role
from app.schemas.base import View
from app.schemas.generations import (
    Generate,
    Generated,
    GenerationOptions,
    GenerationView,
    ModelView,
    ProviderView,
)
from app.services import access, generations

router = api_router("generations")


@router.post(
    "/images/generate",
    response_model=Generated,
    status_code=201,
    dependencies=[Depends(limit_ai)],
    openapi_extra=IDEMPOTENT,
    summary="Make a picture from words",
)
async def generate_image(request: Request, product: ProductDep, user_id: UserId, wish: Generate) -> Response:
    """Answers when the picture is in the library; that can take minutes."""

    async def paint(key: str | None) -> tuple[int, View]:
        generation, image = await product.generations.generate(
            user_id=user_id,
            business_id=wish.business_id,
            prompt=wish.prompt,
            size=wish.size,
            quality=wish.quality,
            style=wish.style,
            provider_name=wish.provider,
            model_id=wish.model,
            request_key=key,
        )
        return 201, Generated(
            image=image_view(product, image), generation=GenerationView.model_validate(generation)
        )

    admit = member_of(product, user_id, wish.business_id)
    return await idempotently(request, product, user_id, await body_fingerprint(request), paint, admit=admit)


@router.get("/generations/options", summary="What the form can offer")
async def get_options(
    product: ProductDep, session: ReadSession, user_id: UserId, business_id: QueryId
) -> GenerationOptions:
    """Providers, models and what each can do."""
    await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.VIEWER)
    return GenerationOptions(
        providers=[
            ProviderView(
                name=provider.name,
                is_practice=provider.name == "practice",
                models=[ModelView.model_validate(model) for model in provider.models],
            )
            for provider in product.generations.providers.values()
        ],
        styles=list(generations.STYLES),
    )


@router.get("/generations/{generation_id}", summary="A generation and what became of it")
async def get_generation(session: ReadSession, user_id: UserId, generation_id: PathId) -> GenerationView:
    """Its state, and its image once there is one."""
    found = await generations.get_generation(session, user_id=user_id, generation_id=generation_id)
    return GenerationView.model_validate(found)
