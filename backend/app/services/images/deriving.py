"""Files derived from a stored picture: made when they are first wanted, together, and then kept."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.db import Database
from app.core.errors import AppError, NotFound, RuleBroken, UnsupportedType, UpstreamUnavailable
from app.core.faults import fault
from app.core.logging import get_logger
from app.imaging import PictureRefused, Rendered, SourceType, Wanted, Workshop
from app.imaging.framing import AS_IT_IS, Framing, plan
from app.imaging.recipes import PREVIEW, Recipe
from app.models import images as models
from app.models.images import Image, Rendition, StoredFile
from app.providers.storage.base import Stores
from app.services.images.names import framed_name, rendition_name
from app.services.images.sweeping import Objects

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Form:
    """What a rendition is to be: its recipe, and how that is framed."""

    recipe: Recipe
    framing: Framing = AS_IT_IS
    shape: tuple[int, int] | None = None

    def name_for(self, image: Image) -> str:
        """What the rendition of this image is called."""
        made = plan(image.width, image.height, self.recipe, self.framing, self.shape)
        return framed_name(self.recipe, image, made)


class _Desk:
    """Where renditions of one image are made: by one at a time, for all who have asked until then."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.wanted: dict[str, Form] = {}


class Derived(Objects):
    """What is made of pictures, in the workshop."""

    def __init__(self, database: Database, stores: Stores, workshop: Workshop, *, work_dir: Path) -> None:
        super().__init__(database, stores, work_dir=work_dir)
        self.workshop = workshop
        self._desks: WeakValueDictionary[int, _Desk] = WeakValueDictionary()

    async def rendition(
        self,
        image: Image,
        recipe: Recipe,
        framing: Framing = AS_IT_IS,
        shape: tuple[int, int] | None = None,
    ) -> Rendition:
        """The rendition of an image by a recipe, framed, made when it is first wanted and then kept."""
        (made,) = await self.renditions(image, [Form(recipe, framing, shape)])
        if isinstance(made, AppError):
            raise made
        return made

    async def renditions(self, image: Image, forms: Sequence[Form]) -> list[Rendition | AppError]:
        """The renditions of an image in these forms, or why there is none, in order. Those that nobody had
        wanted before are made together, and with them what others ask of the same image meanwhile."""
        by_name = {form.name_for(image): form for form in forms}
        desk = self._desks.setdefault(image.id, _Desk())
        desk.wanted.update(by_name)
        async with desk.lock:
            async with self.database.reading() as session:
                kept = await models.list_renditions(session, image.id)
            made: dict[str, Rendition | AppError] = {rendition.recipe: rendition for rendition in kept}
            missing = {name: form for name, form in (desk.wanted | by_name).items() if name not in made}
            desk.wanted.clear()
            if missing:
                async with self.workspace() as workspace:
                    made |= await self._make(image, missing, workspace)
        return [made[form.name_for(image)] for form in forms]

    async def preview(self, image_id: int) -> StoredFile:
        """The preview of an image, made when it is first wanted. The caller has checked that whoever asks may
        see it."""
        made = await self.find_file(image_id, rendition_name(PREVIEW))
        if made:
            return made
        async with self.database.reading() as session:
            image = (await models.find_by_ids(session, [image_id])).get(image_id)
        if image is None:
            raise NotFound("image_not_found", "This image is no longer there.")
        rendition = await self.rendition(image, PREVIEW)
        return StoredFile(rendition.storage_provider, rendition.storage_key, rendition.mime_type)

    async def _make(
        self, image: Image, forms: Mapping[str, Form], workspace: Path
    ) -> dict[str, Rendition | AppError]:
        """Renditions from one decode of the image, each kept under its name."""
        source = workspace / "source"
        await self._download(image.storage_provider, image.storage_key, source)
        wanted = [
            Wanted(form.recipe, workspace / f"target-{number}", form.framing, form.shape)
            for number, form in enumerate(forms.values())
        ]
        made: dict[str, Rendition | AppError] = {}
        for name, one, rendered in zip(forms, wanted, await self._render(image, source, wanted), strict=True):
            try:
                if isinstance(rendered, AppError):
                    raise rendered
                made[name] = await self._keep(image, name, one, rendered)
            except AppError as error:
                made[name] = error
        return made

    async def _render(
        self, image: Image, source: Path, wanted: Sequence[Wanted]
    ) -> Sequence[Rendered | AppError]:
        try:
            return await self.workshop.render_all(
                source, wanted, source_type=source_type_of(image), party=image.business_id
            )
        except PictureRefused as refusal:
            if len(wanted) > 1:
                # Whether it is one of them, or the picture, each says for itself.
                return [(await self._render(image, source, [one]))[0] for one in wanted]
            return [refused(refusal)]

    async def _keep(self, image: Image, name: str, wanted: Wanted, rendered: Rendered) -> Rendition:
        if rendered.is_seal_broken:
            log.error("rendition.not_sealed", image_id=image.id, recipe=name)
        key = f"{image.business_id}/{secrets.token_hex(16)}-{name}.{wanted.recipe.extension}"
        async with self._begun([key], "renditions") as intent:
            await self._put(key, wanted.target, rendered.mime_type)
            fault("renditions.after_object")
            made = Rendition(
                image_id=image.id,
                recipe=name,
                storage_provider=intent.storage_provider,
                storage_key=key,
                mime_type=rendered.mime_type,
                width=rendered.width,
                height=rendered.height,
                file_size=rendered.file_size,
                sha256=rendered.sha256,
                is_cropped=rendered.crop is not None,
                created_at=clock.now(),
            )
            try:
                async with self.database.writing() as session:
                    session.add(made)
                    await session.flush()
                    if not await models.finish_intent(session, intent.id):
                        raise UpstreamUnavailable("storage_slow", "Storing took too long. Try again.")
                    fault("renditions.before_commit")
                fault("renditions.after_commit")
            except IntegrityError as error:
                # Another process made it meanwhile, or the image is gone.
                await self._undo(intent, [key])
                async with self.database.reading() as session:
                    other = await models.find_rendition(session, image.id, name)
                if other is None:
                    raise NotFound("image_not_found", "This image is no longer there.") from error
                return other
        return made

    async def find_file(self, image_id: int, name: str) -> StoredFile | None:
        """Where `original`, `thumb` or a rendition of an image is, if it is there."""
        async with self.database.reading() as session:
            return await models.find_file(session, image_id, name)


def source_type_of(image: Image) -> SourceType | None:
    """How a model had a part in an image."""
    if image.digital_source_type:
        return SourceType(image.digital_source_type)
    # Written by a server of an earlier version that still runs beside this one.
    return SourceType.GENERATED if image.is_ai_generated else None


def refused(refusal: PictureRefused) -> AppError:
    kind = UnsupportedType if refusal.code == "unsupported_image_type" else RuleBroken
    return kind(refusal.code, refusal.detail, **refusal.facts)
