"""Styles, and what each adds to a prompt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import RuleBroken
from app.core.words import without_controls
from app.models.businesses import Business, Role
from app.services import access, businesses

STYLES: Mapping[str, str] = {
    "professional": "Professional, polished, clean composition, natural light, high detail",
    "creative": "Creative, imaginative, bold colours, unexpected perspective",
    "minimalist": "Minimalist, simple shapes, plenty of empty space, few colours",
    "vintage": "Vintage, film grain, faded warm colours, nostalgic mood",
}
"""The built-in styles, and what each adds to the prompt that the provider sees."""
MOST_STYLES = 24


@dataclass(frozen=True, slots=True)
class Style:
    """A style of a business. `words` are added to the prompt. `is_changed`: a built-in one in other words."""

    name: str
    label: str
    words: str
    is_built_in: bool
    is_changed: bool


def styles_of(business: Business) -> list[Style]:
    """The built-in styles, in the business's words where it has any, then its own."""
    own = {style["name"]: style for style in business.ai_styles}
    found = []
    for name, words in STYLES.items():
        changed = own.pop(name, None)
        found.append(
            Style(
                name=name,
                label=changed["label"] if changed else name.capitalize(),
                words=changed["words"] if changed else words,
                is_built_in=True,
                is_changed=changed is not None,
            )
        )
    return found + [
        Style(name=name, label=style["label"], words=style["words"], is_built_in=False, is_changed=False)
        for name, style in own.items()
    ]


def enhanced(business: Business, prompt: str, style_name: str | None) -> str:
    """The prompt as the provider sees it. Raises RuleBroken (`unknown_style`)."""
    if style_name is None:
        return prompt
    styles = {style.name: style for style in styles_of(business)}
    if style_name not in styles:
        raise RuleBroken(
            "unknown_style",
            f"This business has no such style. It has {', '.join(styles)}.",
            errors=[{"field": "style", "code": "unknown_style", "message": "Not a style of this business."}],
        )
    words = styles[style_name].words
    return f"{prompt}. {words}." if words else prompt


async def list_styles(session: AsyncSession, *, user_id: int, business_id: int) -> list[Style]:
    """The styles of a business. For every member."""
    business, _ = await businesses.get(session, business_id=business_id, user_id=user_id)
    return styles_of(business)


async def change_styles(
    session: AsyncSession, *, user_id: int, business_id: int, styles: Iterable[tuple[str, str, str]]
) -> list[Style]:
    """Replace what the business says itself: (name, label, words) of each style. For admins.

    A built-in style that is left out, or said in its own words, is as it came; one of the business's own is
    gone. Raises RuleBroken (`style_twice`, `too_many_styles`).
    """
    business, role = await businesses.get(session, business_id=business_id, user_id=user_id)
    access.ensure(role, Role.ADMIN)
    kept: dict[str, dict[str, str]] = {}
    for name, label, words in styles:
        if name in kept:
            raise RuleBroken("style_twice", f"The style {name} is there twice. Give each its own name.")
        kept[name] = {"name": name, "label": label, "words": without_controls(words)}
    if len(kept) > MOST_STYLES:
        raise RuleBroken(
            "too_many_styles", f"A business has at most {MOST_STYLES} styles.", limit=MOST_STYLES
        )
    business.ai_styles = [
        style
        for name, style in kept.items()
        if (style["label"], style["words"]) != (name.capitalize(), STYLES.get(name))
    ]
    business.updated_at = clock.now()
    await session.flush()
    return styles_of(business)
