"""Images, channels and texts of a post: given, found within the business, kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.imaging.framing import AS_IT_IS, Framing
from app.models import channels as channel_models
from app.models import images as image_models
from app.models.channels import Channel
from app.models.posts import Post, PostChannel, PostImage, PostText
from app.services.posts.stories import PictureInPost, UserTag


class Kept(Enum):
    """Stands for a value that stays as it is, where None is a value of its own."""

    KEPT = "kept"


KEPT: Final = Kept.KEPT
_NO_SUCH_IMAGE = ("image_not_found", "There is no such image in this business's library.")


@dataclass(frozen=True, slots=True)
class PictureInput:
    """An image for a post; without `alt_text` the image's own goes out."""

    image_id: int
    alt_text: str | None = None
    framing: Framing = AS_IT_IS
    user_tags: tuple[UserTag, ...] = ()


async def set_pictures(session: AsyncSession, post: Post, pictures: Sequence[PictureInput]) -> None:
    """Give a post its images, in order. Raises `NotFound`."""
    await find_pictures(session, post.business_id, pictures)
    session.add_all(
        PostImage(
            post_id=post.id,
            position=place,
            image_id=picture.image_id,
            alt_text=picture.alt_text,
            framing=picture.framing.mode,
            focus_x=picture.framing.focus[0],
            focus_y=picture.framing.focus[1],
            background=picture.framing.background,
            user_tags=[{"username": tag.username, "x": tag.x, "y": tag.y} for tag in picture.user_tags],
        )
        for place, picture in enumerate(pictures)
    )
    try:
        await session.flush()
    except IntegrityError as error:
        # Somebody has removed one for good since it was found.
        raise NotFound(*_NO_SUCH_IMAGE) from error


async def set_channels(session: AsyncSession, post: Post, channel_ids: Sequence[int]) -> None:
    """Say for which channels a post is meant."""
    await find_channels(session, post.business_id, channel_ids)
    session.add_all(
        PostChannel(post_id=post.id, channel_id=channel_id) for channel_id in dict.fromkeys(channel_ids)
    )
    await session.flush()


async def set_texts(session: AsyncSession, post: Post, texts: Mapping[int, str]) -> None:
    """Give channels texts of their own."""
    await find_channels(session, post.business_id, list(texts))
    session.add_all(
        PostText(post_id=post.id, channel_id=channel_id, content_text=text)
        for channel_id, text in texts.items()
    )
    await session.flush()


async def find_channels(session: AsyncSession, business_id: int, channel_ids: Sequence[int]) -> list[Channel]:
    """The connected channels with these ids. Raises `NotFound` when one is not the business's."""
    connected = {channel.id: channel for channel in await channel_models.list_connected(session, business_id)}
    missing = [channel_id for channel_id in channel_ids if channel_id not in connected]
    if missing:
        raise NotFound("channel_not_found", "This business has no such channel, or no longer.")
    return [connected[channel_id] for channel_id in dict.fromkeys(channel_ids)]


async def find_pictures(
    session: AsyncSession, business_id: int, pictures: Sequence[PictureInput]
) -> list[PictureInPost]:
    """The images as they would be in a post. Raises `NotFound` when one is not in the business's library."""
    images = await image_models.find_many(session, business_id, [picture.image_id for picture in pictures])
    if any(picture.image_id not in images for picture in pictures):
        raise NotFound(*_NO_SUCH_IMAGE)
    return [
        PictureInPost(
            images[picture.image_id],
            images[picture.image_id].alt_text if picture.alt_text is None else picture.alt_text,
            picture.framing,
            picture.user_tags,
        )
        for picture in pictures
    ]
