"""Generations as they happen: server-sent events."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Annotated

from fastapi import Header, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from app.api.deps import PathId, Product, ProductDep, UserId, api_router, still_counts
from app.api.generations.views import story_view
from app.api.streams import whole_pieces
from app.core.errors import RateLimited, UpstreamUnavailable
from app.schemas.generations import PartialView
from app.services import generations
from app.services.generations import Moment

router = api_router("generations")

SILENCE = timedelta(seconds=15)
"""After so long without news a comment is sent, so that nobody in between takes the line for dead."""
MOST_LINES = 1000
"""Streams that one process keeps open."""
MOST_LINES_OF_USER = 50
"""And for one user: more than anybody has pages open."""


class _Line(StreamingResponse):
    """A stream that counts as its user's from the answer's first byte to its last."""

    def __init__(self, pieces: AsyncIterator[bytes], listening: AbstractContextManager[None]) -> None:
        super().__init__(pieces, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        self._listening = listening

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._listening:
            await super().__call__(scope, receive, send)


@router.get(
    "/generations/{generation_id}/events",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
            "description": "`state`: a GenerationStory; `partial`: a PartialView; `done`: a GenerationStory, "
            "and the end.",
        },
        204: {"description": "The end was told already; there is nothing more to hear."},
    },
    summary="A generation as it happens",
)
async def follow_generation(
    request: Request,
    product: ProductDep,
    user_id: UserId,
    generation_id: PathId,
    last_event_id: Annotated[str | None, Header(max_length=64)] = None,
) -> Response:
    """Server-sent events: `state` at once and whenever it changes, `partial` for previews where the model
    streams them, `done` at the end. With `Last-Event-ID` it goes on behind that event. It ends without a word
    once whoever listens may not any more: signed out, key revoked, no member."""
    async with product.database.reading() as session:
        await generations.get_story(session, user_id=user_id, generation_id=generation_id)
    if generations.is_end(last_event_id):
        # A browser asks again whenever a stream ends, unless it is told so.
        return Response(status_code=204)
    board = product.generations.board
    if board.lines_of(user_id) >= MOST_LINES_OF_USER:
        raise RateLimited(
            "too_many_streams",
            f"You follow {MOST_LINES_OF_USER} generations at once already. Close some of these streams, or "
            "look at the generation instead.",
            retry_after=10,
        )
    if board.listeners >= MOST_LINES:
        raise UpstreamUnavailable(
            "busy", "Too many are listening right now. Look at the generation instead.", retry_after=10
        )
    told = _told(request, product, user_id, generation_id, last_event_id)
    return _Line(whole_pieces(told), board.listening(user_id))


async def _told(
    request: Request, product: Product, user_id: int, generation_id: int, last_id: str | None
) -> AsyncGenerator[bytes, None]:
    # Without anything to read a client may take the stream for one that does not begin.
    yield b"retry: 2000\n\n"
    moments = product.generations.moments(
        user_id=user_id,
        generation_id=generation_id,
        last_id=last_id,
        silence=SILENCE,
        may_hear=lambda: still_counts(request),
    )
    async for moment in moments:
        yield b": still here\n\n" if moment is None else _event(product, moment)


def _event(product: Product, moment: Moment) -> bytes:
    if moment.kind == "partial" and moment.preview is not None:
        preview = moment.preview
        url = f"data:{preview.mime_type};base64,{base64.b64encode(preview.content).decode()}"
        told = PartialView(number=preview.number, image=url).model_dump_json()
    else:
        told = story_view(product, moment.story).model_dump_json()
    return f"id: {moment.id}\nevent: {moment.kind}\ndata: {told}\n\n".encode()
