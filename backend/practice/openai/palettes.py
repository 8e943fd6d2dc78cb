"""Colours and scenery for the painter, chosen by the words of the prompt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

Colour = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one picture, each as three floats from 0 to 1."""

    sky_top: Colour
    sky_middle: Colour
    sky_low: Colour
    sun: Colour
    far: Colour
    near: Colour
    accent: Colour

    def varied(self, rng: np.random.Generator) -> Palette:
        """The same mood in another hour: every colour a little warmer or cooler, lighter or darker."""
        warmth, light = rng.normal(0, 0.018), rng.normal(1, 0.02)
        shift = np.array([1 + warmth, 1, 1 - warmth], np.float32) * np.float32(light)
        changed = {f.name: np.clip(getattr(self, f.name) * shift, 0, 1) for f in fields(self)}
        return replace(self, **changed)


@dataclass(frozen=True, slots=True)
class Scenery:
    """What is in the picture. `grain` is in levels of 255."""

    palette: Palette
    is_sea: bool
    is_night: bool
    has_trees: bool
    has_peaks: bool
    has_orbs: bool
    ridges: int
    grain: float


def _colour(text: str) -> Colour:
    return np.array([int(text[i : i + 2], 16) / 255 for i in (0, 2, 4)], np.float32)


def _palette(colours: str) -> Palette:
    return Palette(*(_colour(text) for text in colours.split()))


_PALETTES: Mapping[str, Palette] = {
    #                   sky                  sun    far    near   accent
    "sunset": _palette("f4cfa0 f1b083 ec8f69 fcefc2 c9695a 35305e e5b18c"),
    "forest": _palette("dbebd6 c2ddc2 a4ccae f4f9e6 7fab8d 16392f b9d3a0"),
    "sea": _palette("d9efec bfe3e2 97d0d1 f6fcf3 5fa7b0 113a52 a8d9c9"),
    "coffee": _palette("f0e8dc e6d6c1 d8bf9f fdf6e8 b08d69 35231a c98f62"),
    "rose": _palette("fae6e6 f5cfd2 eeb1bc fff5ec cb8299 55203f e8a3a0"),
    "night": _palette("151a3b 262c5a 4b4f85 f5eed6 3c4278 0b0e24 7f7fc4"),
    "gold": _palette("faeecb f4dc9f ecc778 fffce9 cfa04e 53350f e2b565"),
    "winter": _palette("e8edf5 d3ddeb b4c5dc ffffff 8da2c2 26355a a9bede"),
    "violet": _palette("ebe4f3 d7cae8 bda8d8 fff5e6 9480bb 2c2152 a7a0de"),
}

_MOODS: Mapping[str, str] = {
    "sunset": "sunset sunrise dawn dusk evening fire autumn fall orange warm peach terracotta desert pizza",
    "forest": "forest green tree trees leaf leaves garden plant plants nature park tea vegan herb salad",
    "sea": "sea ocean water beach wave waves harbour harbor lake river boat boats teal fish swim ferry surf",
    "coffee": "coffee cafe espresso latte bakery bread chocolate brown wood leather cup beans cake retro",
    "rose": "rose pink flower flowers love wedding beauty spring blossom cherry skin soft spa salon",
    "night": "night moon star stars dark midnight black space city neon music jazz bar",
    "gold": "gold golden sun sunny summer yellow honey wheat field lemon beer light wine harvest",
    "winter": "winter snow ice cold white grey gray blue minimalist clean calm mist fog professional office",
    "violet": "violet purple lavender magic dream creative fantasy grape abstract digital technology future",
}
# The hour colours everything: a harbour at sunset is orange first.
_HOURS: Mapping[str, str] = {
    "sunset": "sunset sunrise dawn dusk evening",
    "night": "night midnight moon stars",
}
_SEA = "sea ocean water beach wave waves harbour harbor lake boat boats fish swim ferry surf island coast bay"
_TREES = "forest tree trees pine wood woods park nature leaves camping cabin winter snow christmas"
_PEAKS = "mountain mountains peak peaks alps hike hiking climb climbing snow winter ski"
_ORBS = "abstract creative dream magic bubble bubbles balloon balloons party digital music orb circle circles"


def scenery_for(prompt: str, rng: np.random.Generator) -> Scenery:
    """What the prompt's words ask for; what they leave open is chosen by chance."""
    words = re.findall(r"[a-z]+", prompt.lower())

    def speaks_of(listed: str) -> bool:
        return any(word in listed.split() for word in words)

    votes = {mood: sum(words.count(word) for word in listed.split()) for mood, listed in _MOODS.items()}
    for mood, listed in _HOURS.items():
        votes[mood] += 10 * speaks_of(listed)
    best = max(votes.values())
    moods = sorted(mood for mood, count in votes.items() if count == best)
    if best:
        # The mood that is spoken of first wins a draw.
        mood = min(moods, key=lambda m: min(words.index(w) for w in words if w in _MOODS[m].split()))
    else:
        mood = str(rng.choice([m for m in moods if m != "night"]))
    chance = rng.random(4)
    is_plain = speaks_of("minimalist minimal simple clean")
    is_sea = speaks_of(_SEA) or (best == 0 and bool(chance[0] < 0.3))
    is_wild = mood in ("forest", "winter", "night")
    return Scenery(
        palette=_PALETTES[mood].varied(rng),
        is_sea=is_sea,
        is_night=mood == "night",
        has_trees=not is_plain and (speaks_of(_TREES) or (is_wild and bool(chance[1] < 0.4))),
        has_peaks=speaks_of(_PEAKS) or bool(chance[2] < 0.25),
        has_orbs=speaks_of(_ORBS) or (best == 0 and not is_sea and bool(chance[3] < 0.3)),
        ridges=3 if is_plain else int(rng.integers(4, 7)),
        grain=2.6 if speaks_of("vintage retro film old nostalgic") else 1.2,
    )
