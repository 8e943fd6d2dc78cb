"""Many images at once. Each is judged on its own: what one is refused does not hold up the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Database
from app.core.words import fold
from app.models import images as models
from app.models import posts as post_models
from app.models.businesses import Role
from app.models.images import Image
from app.models.posts import Post
from app.services import access

MOST_TAGS = 30
"""On one image."""
TAGGED_AT_ONCE = 10
"""Images in one unit of work. Ten with the longest texts and thirty tags take a few tenths of a second."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an image was left as it is. `posts` are those in the way."""

    image_id: int
    code: str
    detail: str
    posts: Sequence[Post] = ()


@dataclass(slots=True)
class Outcome:
    """Which images were changed, and which were refused, both in the order in which they were named."""

    done: list[int] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


async def trash_images(
    session: AsyncSession, *, user_id: int, business_id: int, image_ids: Sequence[int]
) -> Outcome:
    """Move images to the trash, all but those that a post which is still to go out needs."""
    held, outcome = await _hold(session, user_id, business_id, image_ids)
    needed_by = await post_models.scheduled_by_image(session, list(held))
    for image_id, image in held.items():
        if image.deleted_at is not None:
            outcome.refused.append(_absent(image_id))
        elif image_id in needed_by:
            outcome.refused.append(
                Refusal(
                    image_id,
                    "image_in_use",
                    "A scheduled post needs this image. Make it a draft again, or take it off the list.",
                    needed_by[image_id],
                )
            )
        else:
            outcome.done.append(image_id)
    await models.move_to_trash(session, outcome.done, clock.now())
    return _in_order(outcome, image_ids)


async def restore_images(
    session: AsyncSession, *, user_id: int, business_id: int, image_ids: Sequence[int]
) -> Outcome:
    """Bring images back from the trash; those that are not there stay as they are."""
    held, outcome = await _hold(session, user_id, business_id, image_ids)
    outcome.done += held
    trashed = [image_id for image_id, image in held.items() if image.deleted_at is not None]
    await models.restore(session, trashed, clock.now())
    return _in_order(outcome, image_ids)


async def tag_images(
    database: Database,
    *,
    user_id: int,
    business_id: int,
    image_ids: Sequence[int],
    add: Sequence[str],
    remove: Sequence[str],
) -> Outcome:
    """Add tags and take tags away, whatever their case. Done are the images that this changed.

    A few at a time, each in a unit of work of its own: what finds an image is written anew with its tags,
    and others who write want their turn in between.
    """
    outcome = Outcome()
    named = list(dict.fromkeys(image_ids))
    for start in range(0, len(named), TAGGED_AT_ONCE):
        async with database.writing() as session:
            part = await _tag(
                session,
                user_id=user_id,
                business_id=business_id,
                image_ids=named[start : start + TAGGED_AT_ONCE],
                add=add,
                remove=remove,
            )
        outcome.done += part.done
        outcome.refused += part.refused
    return outcome


async def _tag(
    session: AsyncSession,
    *,
    user_id: int,
    business_id: int,
    image_ids: Sequence[int],
    add: Sequence[str],
    remove: Sequence[str],
) -> Outcome:
    held, outcome = await _hold(session, user_id, business_id, image_ids)
    gone = {fold(tag) for tag in remove}
    now = clock.now()
    for image_id, image in held.items():
        if image.deleted_at is not None:
            outcome.refused.append(_absent(image_id))
            continue
        tags = distinct_tags([*(tag for tag in image.tags if fold(tag) not in gone), *add])
        if tags == image.tags:
            continue
        if len(tags) > MOST_TAGS:
            outcome.refused.append(
                Refusal(
                    image_id,
                    "too_many_tags",
                    f"This image would have {len(tags)} tags. Take some away: {MOST_TAGS} are the most.",
                )
            )
            continue
        image.tags, image.updated_at = tags, now
        outcome.done.append(image_id)
    await session.flush()
    return _in_order(outcome, image_ids)


def distinct_tags(tags: Sequence[str]) -> list[str]:
    """The tags in their order, each once: of those that differ in case only, the first."""
    found: dict[str, str] = {}
    for tag in tags:
        found.setdefault(fold(tag), tag)
    return [tag for folded, tag in found.items() if folded]


async def _hold(
    session: AsyncSession, user_id: int, business_id: int, image_ids: Sequence[int]
) -> tuple[dict[int, Image], Outcome]:
    """The business's images among those named, until the unit of work ends; the others are refused."""
    await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.EDITOR)
    named = list(dict.fromkeys(image_ids))
    held = await models.hold(session, business_id, named)
    return held, Outcome(refused=[_absent(image_id) for image_id in named if image_id not in held])


def _absent(image_id: int) -> Refusal:
    return Refusal(image_id, "image_not_found", "There is no such image.")


def _in_order(outcome: Outcome, image_ids: Sequence[int]) -> Outcome:
    place = {image_id: number for number, image_id in reversed(list(enumerate(image_ids)))}
    outcome.done.sort(key=place.__getitem__)
    outcome.refused.sort(key=lambda refusal: place[refusal.image_id])
    return outcome
