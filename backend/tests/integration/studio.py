"""A business that has pictures painted, by providers that do what a test tells them.

The providers here speak the product's own protocol; what real adapters make of real answers is tested with
the simulators. A `Painter` is asked, and answers when its test lets it: so each order of events can be had.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.core import clock
from app.core.db import Database
from app.imaging import Workshop
from app.models.businesses import Business, Member, Role
from app.models.generations import Generation
from app.models.images import Image
from app.models.usage import UsageEntry
from app.models.users import User
from app.providers.image_generation.base import (
    NOBODY,
    GeneratedPicture,
    GenerationRequest,
    Model,
    Moderator,
    Watch,
)
from app.providers.image_generation.prices import ImagePrice
from app.providers.storage.base import Stores
from app.services import generations
from app.services.generations import Board, Generations, GenerationSteps, PromptFilter, Spool, Story
from app.services.images import Library, Received
from app.services.usage import Terms
from tests.factories_pictures import flat, png
from tests.integration.office import TroubledStorage

PRICE = Decimal("0.041")
SIZES = ("1024x1024", "1024x1792", "1792x1024")
Answer = GeneratedPicture | Exception


def model(name: str = "oil", **more: Any) -> Model:
    """A model that can do everything, and what a picture of it costs."""
    values: dict[str, Any] = {
        "sizes": SIZES,
        "qualities": ("standard", "hd"),
        "max_prompt_length": 1000,
        "edits": True,
        "masks": True,
        "pricing": ImagePrice(each=PRICE),
        **more,
    }
    return Model(id=name, name=name.capitalize(), **values)


def picture(
    cost: Decimal | None = PRICE, *, content: bytes | None = None, name: str = "oil"
) -> GeneratedPicture:
    """A picture that is new each time."""
    unique = uuid.uuid4().bytes
    made = content or png(flat((unique[0], unique[1], unique[2]), 64, 64))
    return GeneratedPicture(content=made, model=name, cost=cost, seed=unique[3])


@dataclass
class Painter:
    """A provider. `script` is what it answers, call by call; when that is used up it paints. While `gate` is
    shut it thinks. `asked` are the requests that reached it, `resumed` the handles, `let_go` how many calls
    were broken off."""

    name: str = "studio"
    models: tuple[Model, ...] = (model(),)
    at_once: int = 100
    is_moderated: bool = True
    handle: str | None = None
    script: list[Answer] = field(default_factory=list)
    previews: list[bytes] = field(default_factory=list)
    asked: list[GenerationRequest] = field(default_factory=list)
    resumed: list[str] = field(default_factory=list)
    let_go: int = 0
    busy: int = 0
    most_busy: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def generate(self, request: GenerationRequest, watch: Watch = NOBODY) -> GeneratedPicture:
        self.asked.append(request)
        if self.handle is not None:
            await watch.accepted(self.handle)
        for preview in self.previews:
            await watch.partial(preview)
        return await self._answer()

    async def resume(
        self, request: GenerationRequest, handle: str, watch: Watch = NOBODY
    ) -> GeneratedPicture:
        self.resumed.append(handle)
        return await self._answer()

    async def close(self) -> None:
        """There is nothing to let go of."""

    async def _answer(self) -> GeneratedPicture:
        self.busy += 1
        self.most_busy = max(self.most_busy, self.busy)
        try:
            # Others get their turn in the meantime, as with any answer over a network.
            await asyncio.sleep(0.01)
            await self.gate.wait()
        except asyncio.CancelledError:
            self.let_go += 1
            raise
        finally:
            self.busy -= 1
        answer = self.script.pop(0) if self.script else picture()
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Studio:
    """One business with one user, and whatever a server has to make pictures."""

    database: Database
    storage: TroubledStorage
    library: Library
    folder: Path
    painter: Painter
    user_id: int
    business_id: int
    board: Board = field(default_factory=Board)
    terms: Terms = field(default_factory=lambda: Terms(3, Decimal("0.10")))
    words: tuple[str, ...] = ()
    others: tuple[Painter, ...] = ()
    moderator: Moderator | None = None
    called_off: list[int] = field(default_factory=list)

    @property
    def spool(self) -> Spool:
        return Spool(self.folder / "spool")

    @property
    def providers(self) -> dict[str, Painter]:
        return {painter.name: painter for painter in (self.painter, *self.others)}

    def desk(self, call_off: Callable[[int], None] | None = None) -> Generations:
        """What users ask at."""
        return Generations(
            self.library,
            self.providers,
            self.board,
            terms=self.terms,
            prompt_filter=PromptFilter(self.words),
            wake=lambda: None,
            call_off=call_off or self.called_off.append,
        )

    def runner(self, name: str = "studio#1", *, board: Board | None = None) -> GenerationSteps:
        """Somebody who works on what is ordered."""
        return GenerationSteps(
            self.database,
            self.library,
            self.providers,
            self.spool,
            board or self.board,
            owner=name,
            wake=lambda: None,
            requester=lambda user_id: f"requester-{user_id}",
            moderator=self.moderator,
        )

    async def orders(self, desk: Generations | None = None, **changes: Any) -> int:
        """A wish; returns the id of its generation."""
        wish: dict[str, Any] = {
            "user_id": self.user_id,
            "business_id": self.business_id,
            "prompt": "A quiet harbour",
            "size": "1024x1024",
            "quality": "standard",
            "style": None,
            "provider_name": None,
            "model_id": None,
            "source_image_id": None,
            "mask": None,
            "is_awaited": False,
            "request_key": None,
            **changes,
        }
        return (await (desk or self.desk()).order(**wish)).generation.id

    async def turn(self, runner: GenerationSteps | None = None, limit: int = 400) -> list[int]:
        """Take everything that is due, and do it, all at once; returns what was taken."""
        runner = runner or self.runner()
        taken = await runner.claim_due(limit)
        await asyncio.gather(*(runner.step(generation_id) for generation_id in taken))
        return taken

    async def story(self, generation_id: int) -> Story:
        """A generation as it is shown."""
        async with self.database.reading() as session:
            return await generations.get_story(session, user_id=self.user_id, generation_id=generation_id)

    async def entry(self, generation_id: int) -> UsageEntry:
        """Its line in the ledger."""
        entry = (await self.story(generation_id)).entry
        assert entry is not None
        return entry

    async def row(self, generation_id: int) -> Generation:
        """The row as it is now."""
        async with self.database.reading() as session:
            return await session.get_one(Generation, generation_id)

    async def changes(self, generation_id: int, **values: Any) -> None:
        """Write into the row, as another process would, or one that is gone."""
        async with self.database.writing() as session:
            row = await session.get_one(Generation, generation_id)
            for name, value in values.items():
                setattr(row, name, value)

    async def time_passes(self, length: timedelta) -> None:
        """From now on everything about generations is that much longer ago."""
        names = (
            "created_at started_at finished_at attempted_at retry_until next_step_at lease_until "
            "cancel_requested_at"
        )
        async with self.database.writing() as session:
            for row in await session.scalars(select(Generation)):
                for name in names.split():
                    moment = getattr(row, name)
                    if moment is not None:
                        setattr(row, name, moment - length)

    async def business(self, **values: Any) -> None:
        """Change the business."""
        async with self.database.writing() as session:
            row = await session.get_one(Business, self.business_id)
            for name, value in values.items():
                setattr(row, name, value)

    async def another_business(self) -> int:
        """One more that this user owns."""
        return (await _business(self.database, user_id=self.user_id))[1]

    async def somebody_else(self) -> tuple[int, int]:
        """A user with a business of their own: both ids."""
        return await _business(self.database)

    async def image(self, **more: Any) -> Image:
        """A picture in the library."""
        unique = uuid.uuid4()
        content = png(flat(tuple(unique.bytes[:3]), 500, 400))
        async with self.library.workspace() as workspace:
            path = workspace / "received"
            path.write_bytes(content)
            image, _ = await self.library.accept(
                Received(path, unique.hex, "loaf.png"),
                business_id=self.business_id,
                workspace=workspace,
                **more,
            )
        return image

    async def until(self, look: Callable[[], bool]) -> None:
        """Wait for something that goes on in this process."""
        async with asyncio.timeout(30):
            while not look():
                await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def open_studio(database: Database, workshop: Workshop, folder: Path) -> AsyncIterator[Studio]:
    """A studio for the time of a `with` block."""
    storage = TroubledStorage(folder / "files")
    library = Library(database, Stores(storage), workshop, work_dir=folder / "work")
    user_id, business_id = await _business(database)
    yield Studio(database, storage, library, folder, Painter(), user_id, business_id)


async def _business(database: Database, *, user_id: int | None = None) -> tuple[int, int]:
    now = clock.now()
    async with database.writing() as session:
        if user_id is None:
            user = User(
                email=f"{uuid.uuid4().hex}@example.com",
                name="Ada",
                password_hash="none",
                created_at=now,
                updated_at=now,
            )
            session.add(user)
            await session.flush()
            user_id = user.id
        business = Business(name="Harbour Coffee", timezone="Europe/Berlin", created_at=now, updated_at=now)
        session.add(business)
        await session.flush()
        session.add(Member(business_id=business.id, user_id=user_id, role=Role.OWNER.value, created_at=now))
    return user_id, business.id
