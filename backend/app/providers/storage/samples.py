"""A picture so small that writing it costs nothing, for the checks."""

from __future__ import annotations

from base64 import b64decode

SAMPLE_TYPE = "image/png"
SAMPLE = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mP4//8/AAX+Av4zEpUUAAAAAElFTkSuQmCC"
)
"""One white pixel as PNG."""
