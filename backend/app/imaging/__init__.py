"""Pictures as bytes: what is one, what of it is kept, and what is made from it. No database, no network.

Importing this loads no picture library. `verify` and `render_all` do, in the process that calls them; a
server uses a `Workshop`, which calls them in processes of its own.
"""

from __future__ import annotations

from app.imaging.errors import REFUSAL_CODES, PictureRefused, RefusalCode
from app.imaging.formats import EXTRA_MIME_TYPES, HEAD_BYTES, ExtraFormat, Format, has_decoder, sniff
from app.imaging.framing import AS_IT_IS, Framing, Plan, plan
from app.imaging.origin import SourceType
from app.imaging.recipes import FACEBOOK, INSTAGRAM_FEED, PREVIEW, RECIPES, Recipe
from app.imaging.renditions import Rendered, Wanted, render, render_all
from app.imaging.seals import SEAL_ALGORITHMS, OwnSeal, Seal, SealAlgorithm, read_seal
from app.imaging.verify import THUMB_MIME_TYPE, Limits, Verified, is_clean, verify
from app.imaging.workshop import Workshop

__all__ = [
    "AS_IT_IS",
    "EXTRA_MIME_TYPES",
    "FACEBOOK",
    "HEAD_BYTES",
    "INSTAGRAM_FEED",
    "PREVIEW",
    "RECIPES",
    "REFUSAL_CODES",
    "SEAL_ALGORITHMS",
    "THUMB_MIME_TYPE",
    "ExtraFormat",
    "Format",
    "Framing",
    "Limits",
    "OwnSeal",
    "PictureRefused",
    "Plan",
    "Recipe",
    "RefusalCode",
    "Rendered",
    "Seal",
    "SealAlgorithm",
    "SourceType",
    "Verified",
    "Wanted",
    "Workshop",
    "has_decoder",
    "is_clean",
    "plan",
    "read_seal",
    "render",
    "render_all",
    "sniff",
    "verify",
]
