"""Generations as the wire shows them."""

from __future__ import annotations

import math
from datetime import datetime

from app.api.deps import Product
from app.api.images import image_view
from app.core import clock
from app.models.generations import Generation, GenerationState
from app.schemas.generations import GenerationStory, GenerationView
from app.services.generations import Story


def generation_view(story: Story) -> GenerationView:
    """A generation with its price. Those of an older version of the product have none."""
    row, entry = story.generation, story.entry
    retry_at = _retry_at(row)
    return GenerationView(
        id=row.id,
        business_id=row.business_id,
        user_id=row.user_id,
        prompt=row.prompt,
        enhanced_prompt=row.enhanced_prompt,
        provider=row.provider,
        model=row.model,
        size=row.size,
        quality=row.quality,
        style=row.style,
        state=GenerationState(row.state).value,
        image_id=row.image_id,
        source_image_id=row.source_image_id,
        is_edit=row.is_edit,
        seed=row.seed,
        error_code=row.error_code,
        error_detail=row.error_detail,
        retry_after=_seconds_until(retry_at) if retry_at else row.retry_after,
        retry_at=retry_at,
        is_free=entry.is_free if entry else None,
        price_usd=entry.price if entry else None,
        estimated_usd=entry.estimate if entry else None,
        ledger_state=entry.state if entry else None,
        booked_usd=entry.cost if entry else None,
        created_at=row.created_at,
        started_at=row.started_at,
        cancel_requested_at=row.cancel_requested_at,
        finished_at=row.finished_at,
    )


def _retry_at(row: Generation) -> datetime | None:
    """When a generation that waits after a failed try is tried again."""
    is_waiting = row.state == GenerationState.QUEUED.value and row.retry_after is not None
    return row.next_step_at if is_waiting else None


def _seconds_until(moment: datetime) -> int:
    return max(0, math.ceil((moment - clock.now()).total_seconds()))


def story_view(product: Product, story: Story) -> GenerationStory:
    """A generation and its image, once there is one."""
    return GenerationStory(
        generation=generation_view(story),
        image=image_view(product, story.image) if story.image else None,
    )
