"""The money ledger over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Query
from starlette.responses import StreamingResponse

from app.api.deps import ProductDep, QueryId, ReadSession, UserId, api_router
from app.api.streams import whole_pieces
from app.models.generations import GenerationState
from app.models.usage import EntryState
from app.schemas.usage import DayView, MemberSumsView, ModelSumsView, UsageEntryView, UsageView
from app.services import usage
from app.services.usage import Entry, Sums

router = api_router("usage")

Month = Annotated[str | None, Query(max_length=7, description="As `2026-11`; the current month by default.")]


@router.get("/usage", summary="What AI images cost in a month")
async def get_usage(
    product: ProductDep,
    session: ReadSession,
    user_id: UserId,
    business_id: QueryId,
    month: Month = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(pattern=r"^[0-9]{1,18}$")] = None,
) -> UsageView:
    """Months and days are those of the business's time zone. What is not known is counted, never summed."""
    found = await usage.report(
        session,
        user_id=user_id,
        business_id=business_id,
        month=month,
        terms=product.generations.terms,
        limit=limit,
        before_id=int(cursor) if cursor else None,
    )
    return UsageView(
        month=found.month,
        timezone=found.timezone,
        free_used=found.free_used,
        free_per_month=found.free_per_month,
        **_sums(found.total),
        by_day=[DayView(day=day, **_sums(sums)) for day, sums in found.by_day],
        by_model=[ModelSumsView(model=model, **_sums(sums)) for model, sums in found.by_model],
        by_member=[
            MemberSumsView(user_id=member_id, name=name, **_sums(sums))
            for member_id, name, sums in found.by_member
        ],
        entries=[_entry(line) for line in found.entries],
        next_cursor=str(found.next_before_id) if found.next_before_id else None,
    )


@router.get("/usage/export.csv", summary="The same as a file", response_class=StreamingResponse)
async def export_usage(
    product: ProductDep, user_id: UserId, business_id: QueryId, month: Month = None
) -> StreamingResponse:
    """CSV, newest first, fit for spreadsheets: no cell is taken for a formula. What is unknown is empty."""
    name, pieces = await usage.export_csv(
        product.database, user_id=user_id, business_id=business_id, month=month
    )
    return StreamingResponse(
        whole_pieces(pieces),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _sums(sums: Sums) -> Mapping[str, Any]:
    return {
        "images": sums.images,
        "charged_usd": sums.charged,
        "reserved_usd": sums.reserved,
        "provider_cost_usd": sums.cost,
        "unknown_count": sums.unknown,
        "practice_charged_usd": sums.practice_charged,
        "practice_cost_usd": sums.practice_cost,
    }


def _entry(line: Entry) -> UsageEntryView:
    entry, generation = line.entry, line.generation
    return UsageEntryView(
        id=entry.id,
        generation_id=entry.generation_id,
        user_id=entry.user_id,
        member=line.member_name,
        prompt=generation.prompt,
        provider=entry.provider,
        model=entry.model,
        size=generation.size,
        quality=generation.quality,
        day=entry.day,
        state=EntryState(entry.state).value,
        outcome=GenerationState(generation.state).value,
        free=entry.is_free,
        refunded=entry.state == EntryState.REFUNDED.value,
        by_hand=entry.settled_by is not None,
        is_practice=usage.is_practice(entry),
        estimated_usd=entry.estimate,
        booked_usd=entry.cost,
        price_usd=entry.price,
        charged_usd=usage.charged(entry),
        created_at=entry.created_at,
        settled_at=entry.settled_at,
    )
