"""Colours for the painter, chosen by the words of the prompt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Colour = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Palette:
    """Five colours, each as three floats from 0 to 1."""

    sky_top: Colour
    sky_low: Colour
    sun: Colour
    hill_far: Colour
    hill_near: Colour


def _colour(text: str) -> Colour:
    return np.array([int(text[i : i + 2], 16) / 255 for i in (0, 2, 4)], np.float32)


def _palette(*colours: str) -> Palette:
    return Palette(*(_colour(text) for text in colours))


_PALETTES: Mapping[str, Palette] = {
    "sunset": _palette("f6d5a8", "ef9a72", "fbeec0", "c96b58", "3a3564"),
    "forest": _palette("d3e7d2", "a5cdae", "f1f8ea", "6a9c80", "1c4238"),
    "sea": _palette("cfe9e8", "8cc9cc", "f2fbf6", "4f9aa6", "143f58"),
    "coffee": _palette("ece2d5", "d9c1a4", "fbf3e4", "a98763", "3d2a20"),
    "rose": _palette("f8dfe3", "eeb3bf", "fff4ee", "c77a93", "5c2347"),
    "night": _palette("1c2145", "4a4f86", "f3ecd2", "3a3f73", "0d1028"),
    "gold": _palette("f8e9c4", "eecb7c", "fffbe6", "c99a44", "5b3b18"),
    "winter": _palette("dfe6f1", "b9c8de", "ffffff", "8398ba", "2c3b5c"),
    "violet": _palette("e4ddf0", "c2aedb", "fff6ea", "8d78b4", "32275a"),
}

_WORDS: Mapping[str, str] = {
    "sunset": "sunset sunrise dawn dusk evening fire autumn orange warm peach terracotta desert",
    "forest": "forest green tree trees leaf leaves garden plant plants nature mountain mountains hill tea",
    "sea": "sea ocean water beach wave waves harbour harbor lake river boat boats teal fish swim ferry",
    "coffee": "coffee cafe espresso latte bakery bread chocolate brown wood leather cup bean beans cake",
    "rose": "rose pink flower flowers love wedding beauty spring blossom cherry skin soft",
    "night": "night moon star stars dark midnight black space city neon music",
    "gold": "gold golden sun sunny summer yellow honey wheat field lemon beer morning light",
    "winter": "winter snow ice cold white grey blue sky minimalist clean calm mist fog",
    "violet": "violet purple lavender magic dream creative fantasy wine grape abstract",
}


def palette_for(prompt: str, rng: np.random.Generator) -> Palette:
    """The palette that the prompt's words speak of most, or any one."""
    words = re.findall(r"[a-z]+", prompt.lower())
    votes = {name: sum(words.count(word) for word in listed.split()) for name, listed in _WORDS.items()}
    best = max(votes.values())
    if best == 0:
        return _PALETTES[str(rng.choice(sorted(_PALETTES)))]
    return _PALETTES[next(name for name, count in votes.items() if count == best)]
