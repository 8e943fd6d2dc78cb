"""How each image of a post is laid out at the place where the post appears, and the file that comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.imaging.framing import Framing, Plan, plan
from app.imaging.recipes import RECIPES, Recipe
from app.models.images import Rendition
from app.providers.publishing.base import Placement
from app.services.images import Library
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

    async def rendition(self, library: Library) -> Rendition:
        """The file, made when it is first wanted. Raises `AppError`."""
        return await library.rendition(self.picture.image, self.recipe, self.framing, self.shape)


@dataclass(frozen=True, slots=True)
class FramedRendition:
    """The very file that is sent for one image, and how it was laid out."""

    layout: Layout
    file: Rendition


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
