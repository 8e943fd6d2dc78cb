"""OpenAI and every server that speaks its Images API; and its moderation of prompts."""

from __future__ import annotations

from app.providers.image_generation.openai.moderation import OpenAIModerator
from app.providers.image_generation.openai.provider import OpenAIImageProvider

__all__ = ["OpenAIImageProvider", "OpenAIModerator"]
