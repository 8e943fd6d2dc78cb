"""What the form can offer a business, what it costs, and what to be warned of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.models import businesses as business_models
from app.models import generations as models
from app.models.businesses import Role
from app.providers.image_generation.base import ImageProvider, Model
from app.services import access, catalogue, usage
from app.services.generations.prompts import styles_of
from app.services.usage import Allowance, Terms


@dataclass(frozen=True, slots=True)
class Warning:
    """Something that whoever makes pictures here should know. `detail` is a sentence for people."""

    code: str
    detail: str
    provider: str
    model: str | None


@dataclass(frozen=True, slots=True)
class Options:
    """Providers in order of preference, each with its models, the default first."""

    offered: Sequence[tuple[ImageProvider, Sequence[Model]]]
    styles: Sequence[str]
    allowance: Allowance
    warnings: Sequence[Warning]


async def find_options(
    session: AsyncSession,
    providers: Mapping[str, ImageProvider],
    terms: Terms,
    *,
    user_id: int,
    business_id: int,
) -> Options:
    """For every member of the business."""
    await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.VIEWER)
    business = await business_models.find(session, business_id)
    if business is None:
        raise access.no_such_business()
    today = clock.now().date()
    warnings = [
        Warning(
            "model_ending" if ending.days_left else "model_retired",
            ending.detail,
            ending.provider,
            ending.model,
        )
        for ending in catalogue.warnings(providers.values(), today)
    ]
    for name in providers:
        if await models.newest_error(session, business_id, name) == "provider_account_trouble":
            detail = (
                f"The last picture failed because of the account at {name}: its key or its credit. Whoever "
                "runs this server has to look at it."
            )
            warnings.append(Warning("provider_account_trouble", detail, name, None))
    return Options(
        offered=[(provider, catalogue.offered(provider, today)) for provider in providers.values()],
        styles=[style.name for style in styles_of(business)],
        allowance=await usage.allowance(session, business, terms, user_id=user_id),
        warnings=warnings,
    )
