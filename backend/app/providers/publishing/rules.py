"""The platforms' rules, as data: one row for each placement, for the check, the composer and the publishers.

A placement is a place on a platform where a post can appear. Which one a post takes follows from its
platform and from how many images it has (`PlatformRules.placement_for`). Figures without a source in Meta's
documentation are on the careful side; what a rendition must fulfil stands in its recipe as well, and a test
holds the two against each other.
"""

from __future__ import annotations

from dataclasses import dataclass

JPEG = "image/jpeg"
Ratio = tuple[int, int]
"""Width to height, as whole numbers."""


@dataclass(frozen=True, slots=True)
class Placement:
    """What one place on a platform takes. Sides in pixels; None: no limit.

    `part` says what each image is handed over as before the whole: a `child` of a carousel, an unpublished
    `photo`; None where the image is the whole. `is_one_shape`: the platform crops every image to the first
    one's ratio. `is_offered`: this product publishes there. `recipe` names the rendition that is sent.
    """

    name: str
    min_images: int
    max_images: int
    formats: tuple[str, ...]
    max_bytes: int | None
    min_ratio: Ratio | None = None
    max_ratio: Ratio | None = None
    min_width: int | None = None
    max_width: int | None = None
    takes_text: bool = True
    max_alt_text: int | None = None
    max_user_tags: int | None = None
    takes_ai_label: bool = False
    is_one_shape: bool = False
    is_offered: bool = True
    part: str | None = None
    recipe: str | None = None

    @property
    def takes_alt_text(self) -> bool:
        """Whether images are described here."""
        return self.max_alt_text is not None

    @property
    def takes_user_tags(self) -> bool:
        """Whether people can be marked in images here."""
        return self.max_user_tags is not None


@dataclass(frozen=True, slots=True)
class CommentRules:
    """What the platform takes as a comment. None: no limit."""

    max_characters: int
    max_hashtags: int | None


@dataclass(frozen=True, slots=True)
class PlatformRules:
    """A platform's limits and its placements."""

    platform: str
    min_images: int
    max_images: int
    max_characters: int
    max_hashtags: int | None
    max_mentions: int | None
    max_alt_text: int
    placements: tuple[Placement, ...]
    first_comment: CommentRules | None

    def placement_for(self, image_count: int) -> Placement:
        """Where a post with so many images appears. What is out of bounds goes to the nearest placement, and
        the bounds are told by `min_images` and `max_images`."""
        offered = [placement for placement in self.placements if placement.is_offered]
        count = max(self.min_images, min(image_count, self.max_images))
        return next(found for found in offered if found.min_images <= count <= found.max_images)


_META_PHOTOS = (JPEG, "image/png", "image/gif", "image/bmp", "image/tiff")

INSTAGRAM = PlatformRules(
    platform="instagram",
    min_images=1,
    max_images=10,
    max_characters=2200,
    max_hashtags=30,
    max_mentions=20,
    max_alt_text=1000,
    placements=(
        Placement(
            "feed",
            min_images=1,
            max_images=1,
            formats=(JPEG,),
            max_bytes=8_000_000,
            min_ratio=(4, 5),
            max_ratio=(191, 100),
            min_width=320,
            max_width=1440,
            max_alt_text=1000,
            max_user_tags=20,
            takes_ai_label=True,
            recipe="instagram-feed",
        ),
        Placement(
            "carousel",
            min_images=2,
            max_images=10,
            formats=(JPEG,),
            max_bytes=8_000_000,
            min_ratio=(4, 5),
            max_ratio=(191, 100),
            min_width=320,
            max_width=1440,
            max_alt_text=1000,
            max_user_tags=20,
            # On the whole, never on a slide.
            takes_ai_label=True,
            is_one_shape=True,
            part="child",
            recipe="instagram-feed",
        ),
        Placement(
            "story",
            min_images=1,
            max_images=1,
            formats=(JPEG,),
            max_bytes=8_000_000,
            min_width=320,
            max_width=1440,
            takes_text=False,
            max_user_tags=20,
            takes_ai_label=True,
            is_offered=False,
        ),
        Placement(
            "reel_cover",
            min_images=1,
            max_images=1,
            formats=(JPEG,),
            max_bytes=8_000_000,
            min_ratio=(9, 16),
            max_ratio=(9, 16),
            min_width=320,
            max_width=1440,
            takes_text=False,
            is_offered=False,
        ),
    ),
    first_comment=CommentRules(max_characters=2200, max_hashtags=30),
)

FACEBOOK = PlatformRules(
    platform="facebook",
    min_images=0,
    max_images=10,
    max_characters=63206,
    max_hashtags=None,
    max_mentions=None,
    max_alt_text=1000,
    placements=(
        Placement("text", min_images=0, max_images=0, formats=(), max_bytes=None),
        Placement(
            "photo",
            min_images=1,
            max_images=1,
            formats=_META_PHOTOS,
            max_bytes=4_000_000,
            max_alt_text=1000,
            part="photo",
            recipe="facebook",
        ),
        Placement(
            "photos",
            min_images=2,
            max_images=10,
            formats=_META_PHOTOS,
            max_bytes=4_000_000,
            max_alt_text=1000,
            part="photo",
            recipe="facebook",
        ),
    ),
    first_comment=CommentRules(max_characters=8000, max_hashtags=None),
)
