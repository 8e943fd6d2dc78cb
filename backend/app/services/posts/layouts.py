"""How each image of a post is laid out at the place where the post appears, and the file that comes of it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from app.core.errors import AppError
from app.imaging.framing import Framing, Plan, plan
from app.imaging.recipes import RECIPES, Recipe
from app.models.images import Rendition
from app.providers.publishing.base import Placement
from app.services.images import Form, Library
from app.services.posts.stories import PictureInPost


@dataclass(frozen=True, slots=True)
class Layout:
    """One image at its place. `shape` is that of the first image, where all have to share it."""

    position: int
    picture: PictureInPost
    recipe: Recipe
    framing: Framing
    shape: tuple[int, int] | None
    plan: Plan

    @property
    def is_fitted(self) -> bool:
        """The whole image stays, on a background."""
        return self.plan.place is not None

    @property
    def crop(self) -> tuple[float, float, float, float] | None:
        """The part of the image that stays, 0..1 of its sides (x, y, width, height); None: all of it."""
        image = self.picture.image
        left, top, width, height = self.plan.crop
        if (width, height) == (image.width, image.height):
            return None
        return left / image.width, top / image.height, width / image.width, height / image.height

    @property
    def form(self) -> Form:
        """What the file is to be."""
        return Form(self.recipe, self.framing, self.shape)


@dataclass(frozen=True, slots=True)
class FramedRendition:
    """The very file that is sent for one image, and how it was laid out."""

    layout: Layout
    file: Rendition


async def make_files(library: Library, layouts: Sequence[Layout]) -> list[Rendition | AppError]:
    """The files of these layouts, or why there is none, in order; those of one image are made together."""
    by_image: defaultdict[int, list[int]] = defaultdict(list)
    for number, layout in enumerate(layouts):
        by_image[layout.picture.image.id].append(number)

    async def make(numbers: list[int]) -> list[Rendition | AppError]:
        own = [layouts[number] for number in numbers]
        try:
            return await library.renditions(own[0].picture.image, [layout.form for layout in own])
        except AppError as error:
            return [error] * len(own)

    # All at once: several images keep the workshop's processes busy.
    found = await asyncio.gather(*(make(numbers) for numbers in by_image.values()))
    files = {
        number: file
        for numbers, made in zip(by_image.values(), found, strict=True)
        for number, file in zip(numbers, made, strict=True)
    }
    return [files[number] for number in range(len(layouts))]


def lay_out(placement: Placement, pictures: Sequence[PictureInPost]) -> list[Layout]:
    """Every image of a post at this placement, in order. A carousel takes the shape of the first."""
    if placement.recipe is None:
        return []
    recipe = RECIPES[placement.recipe]
    layouts: list[Layout] = []
    shape: tuple[int, int] | None = None
    for position, picture in enumerate(pictures[: placement.max_images]):
        image, framing = picture.image, picture.framing
        laid = plan(image.width, image.height, recipe, framing, shape)
        layouts.append(Layout(position, picture, recipe, framing, shape, laid))
        if placement.is_one_shape and shape is None:
            shape = (laid.width, laid.height)
    return layouts
