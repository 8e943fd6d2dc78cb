"""How a picture is brought into another shape: cropped around a point, or fitted on a background."""

from __future__ import annotations

from dataclasses import dataclass

CROP, FIT = "crop", "fit"


@dataclass(frozen=True, slots=True)
class Framing:
    """What a person chose for one picture. It has an effect only where the platform needs another shape.

    `focus` is the middle of what must stay, 0..1 from top left, to the thousandth. `background` is a colour,
    `#rrggbb`, around a picture that is fitted.
    """

    mode: str = CROP
    focus: tuple[float, float] = (0.5, 0.5)
    background: str = "#ffffff"

    @property
    def is_fitted(self) -> bool:
        """The whole picture stays, on its background."""
        return self.mode == FIT


AS_IT_IS = Framing()
"""Cropped around the centre."""
