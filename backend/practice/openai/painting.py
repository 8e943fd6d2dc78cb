"""Painting a calm landscape from a prompt: sky, sun, mist, hills or water, with numpy alone.

The words of the prompt choose the colours and the scenery; the seed chooses the rest. The picture is
computed in horizontal bands, so that memory stays small for any size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from practice.openai.palettes import Colour, Scenery, scenery_for

Floats = npt.NDArray[np.floating[Any]]

_BAND = 64


def paint(prompt: str, width: int, height: int, seed: int) -> npt.NDArray[np.uint8]:
    """An RGB picture shaped (height, width, 3). The same arguments give the same picture."""
    rng = np.random.default_rng(seed)
    scene = _Scene(scenery_for(prompt, rng), width, height, rng)
    picture = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _BAND):
        picture[top : top + _BAND] = scene.rows(top, min(top + _BAND, height))
    return picture


@dataclass(frozen=True, slots=True)
class _Ridge:
    """One layer: everything below its skyline `line`, down to `floor` if it has one.

    `ground` is the skyline without what grows on it. `steepness` smooths the skyline's edge. `mist` and
    `light` are strengths from 0 to 1, `reach` is the depth in pixels over which the mist grows.
    """

    line: Floats
    ground: Floats
    steepness: Floats
    colour: Colour
    mist: float
    reach: float
    light: Floats
    floor: float | None = None

    def begins(self) -> float:
        """Above this row nothing of it is to be seen."""
        return float(self.line.min()) - 2

    def covers(self) -> float:
        """Below this row nothing is to be seen but it."""
        if self.floor is not None:
            return float("inf")
        return float((self.line + self.steepness).max()) + 2


@dataclass(frozen=True, slots=True)
class _Disc:
    """One translucent circle."""

    x: float
    y: float
    radius: float
    colour: Colour
    strength: float


class _Scene:
    """What is to be seen, decided once; `rows` draws any part of it."""

    def __init__(self, scenery: Scenery, width: int, height: int, rng: np.random.Generator) -> None:
        self._scenery, self._rng = scenery, rng
        self._width, self._height = width, height
        self._unit = float(min(width, height))
        self._x = np.arange(width, dtype=np.float32) + np.float32(0.5)
        self._horizon = height * float(rng.uniform(0.52, 0.62))
        is_left = rng.random() < 0.5
        self._sun_x = width * float(rng.uniform(0.24, 0.40) if is_left else rng.uniform(0.60, 0.76))
        self._sun_y = self._horizon - self._unit * float(rng.uniform(0.13, 0.34))
        self._sun_radius = self._unit * float(rng.uniform(0.07, 0.12))
        self._clouds = _Noise(rng, columns=6, rows=40)
        self._shimmer = _Noise(rng, columns=46, rows=150)
        self._stars = self._scatter_stars() if scenery.is_night else None
        self._ridges = self._water_ridges() if scenery.is_sea else self._land_ridges()
        self._orbs = self._scatter_orbs() if scenery.has_orbs else []

    # Deciding

    def _land_ridges(self) -> list[_Ridge]:
        count, ridges = self._scenery.ridges, []
        for index in range(count):
            depth = index / max(count - 1, 1)
            base = self._horizon + (self._height * 0.94 - self._horizon) * depth**1.1
            is_peak = self._scenery.has_peaks and index < (count + 1) // 2
            swell = self._unit * ((0.16 - 0.05 * depth) if is_peak else (0.085 + 0.045 * depth))
            line = base - swell * self._skyline(depth, is_peak=is_peak)
            trees = self._trees(depth) if self._scenery.has_trees and depth >= 0.5 else None
            ridges.append(self._ridge(line, depth, mist=0.62 * (1 - depth) + 0.08, reach=0.22, trees=trees))
        return ridges

    def _water_ridges(self) -> list[_Ridge]:
        # Far land lies on the horizon here and there; where its line sinks below, there is open water.
        land = self._skyline(0.15, is_peak=self._scenery.has_peaks)
        land = (land - np.quantile(land, 0.45)) * np.float32(self._unit * 0.16)
        far_land = self._ridge(self._horizon - land, 0.10, mist=0.45, reach=0.06, floor=self._horizon)
        ridges = [far_land]
        count = 4
        for index in range(count):
            depth = (index + 1) / count
            base = self._horizon + (self._height - self._horizon) * (0.42 + 0.52 * (index / count) ** 0.9)
            x, unit = self._x / self._unit, self._unit
            phase = self._rng.uniform(0, 2 * np.pi, 3)
            pace = float(self._rng.uniform(4.2, 6.5))
            wave = np.sin(x * pace + phase[0]) + 0.35 * np.sin(x * pace * 0.43 + phase[1])
            crest = np.abs(np.sin(x * pace * 0.5 + phase[2])) ** 0.8
            line = base - unit * (0.014 + 0.012 * depth) * (wave + 0.8 * crest)
            ridges.append(self._ridge(line, 0.30 + 0.70 * depth, mist=0.30 * (1 - depth) + 0.04, reach=0.16))
        return ridges

    def _ridge(
        self,
        line: Floats,
        depth: float,
        *,
        mist: float,
        reach: float,
        trees: Floats | None = None,
        floor: float | None = None,
    ) -> _Ridge:
        palette = self._scenery.palette
        ground = line.astype(np.float32)
        line = ground if trees is None else (ground - trees).astype(np.float32)
        slope = np.gradient(line).astype(np.float32)
        # Slopes that face the sun are a little lighter.
        span = max(int(self._unit * 0.055), 1)
        padded = np.pad(slope, (span, span), mode="edge")
        bell = np.hanning(2 * span + 1).astype(np.float32)
        smooth = np.convolve(padded, bell / bell.sum(), mode="valid")
        side = np.tanh((self._x - self._sun_x) / (self._unit * 0.10))
        facing = np.clip(side * -smooth, -1, 1)
        colour = palette.far + (palette.near - palette.far) * np.float32(depth**1.15)
        return _Ridge(
            line=line,
            ground=ground,
            steepness=np.sqrt(1 + slope**2),
            colour=colour,
            mist=mist,
            reach=self._unit * reach,
            light=(0.20 * facing * (1 - 0.6 * depth) * (trees is None)).astype(np.float32),
            floor=floor,
        )

    def _skyline(self, depth: float, *, is_peak: bool) -> Floats:
        """Heights around 0..1 for every column."""
        x = self._x / np.float32(self._unit)
        total = np.zeros_like(x)
        weight, pace = 1.0, float(self._rng.uniform(1.5, 2.4))
        octaves = 7 if is_peak else 5
        for _ in range(octaves):
            value = _noise_line(x * np.float32(pace), self._rng)
            total += np.float32(weight) * (1 - np.abs(2 * value - 1) if is_peak else value)
            weight *= 0.47 if is_peak else 0.40 - 0.06 * depth
            pace *= 2.03
        return total

    def _trees(self, depth: float) -> Floats:
        """The height that firs add to a skyline, in pixels; in groups, with clearings."""
        added = np.zeros_like(self._x)
        size = self._unit * (0.035 + 0.055 * depth)
        groups = _noise_line(self._x / np.float32(self._unit * 0.30), self._rng)
        for position in np.arange(0, self._width, size * 0.30):
            at = float(position + self._rng.normal(0, size * 0.12))
            density = float(groups[int(np.clip(at, 0, self._width - 1))])
            tall = size * float(self._rng.uniform(0.55, 1.1)) * (0.35 + 0.9 * density)
            if density < 0.36 or tall <= 0:
                continue
            half = tall * 0.24
            left, right = max(int(at - half), 0), min(int(at + half) + 2, self._width)
            distance = np.abs(self._x[left:right] - np.float32(at)) / np.float32(half)
            # Branches: the outline goes down in steps, each a little wider than the one above.
            steps = 5.0
            outline = 1 - (np.floor(distance * steps) + (distance * steps % 1) ** 2) / steps
            np.maximum(added[left:right], np.float32(tall) * np.clip(outline, 0, 1), out=added[left:right])
        return added

    def _scatter_stars(self) -> Floats:
        """Columns: x, y, radius, brightness."""
        count = 90
        rng = self._rng
        return np.stack(
            [
                rng.uniform(0, self._width, count),
                rng.uniform(0, 1, count) ** 1.4 * self._horizon * 0.9,
                self._unit * rng.uniform(0.0006, 0.0016, count),
                rng.uniform(0.25, 0.95, count),
            ],
            axis=1,
        ).astype(np.float32)

    def _scatter_orbs(self) -> list[_Disc]:
        rng, palette = self._rng, self._scenery.palette
        colours = (palette.accent, palette.sun, palette.sky_low, palette.far)
        return [
            _Disc(
                x=float(rng.normal(self._width * 0.5, self._width * 0.24)),
                y=float(rng.normal(self._horizon + self._unit * 0.14, self._unit * 0.10)),
                radius=self._unit * float(rng.uniform(0.035, 0.115)),
                colour=colours[int(rng.integers(len(colours)))],
                strength=float(rng.uniform(0.35, 0.62)),
            )
            for _ in range(int(rng.integers(7, 12)))
        ]

    # Drawing

    def rows(self, top: int, bottom: int) -> npt.NDArray[np.uint8]:
        """The rows from `top` to `bottom`, ready to be stored."""
        y = np.arange(top, bottom, dtype=np.float32) + np.float32(0.5)
        canvas = self._sky(y)
        if self._scenery.is_sea and bottom > self._horizon:
            self._water(canvas, y)
        for index, ridge in enumerate(self._ridges):
            # What nearer ones cover need not be painted.
            hidden = min((nearer.covers() for nearer in self._ridges[index + 1 :]), default=float("inf"))
            if ridge.begins() < bottom and top < hidden:
                self._layer(canvas, y, ridge, hidden)
            if self._orbs and index == len(self._ridges) // 2:
                for orb in self._orbs:
                    self._disc(canvas, y, orb)
        grain = self._rng.standard_normal((bottom - top, self._width, 1), np.float32)
        canvas *= 255
        canvas += grain * np.float32(self._scenery.grain) + np.float32(0.5)
        np.clip(canvas, 0, 255, out=canvas)
        return canvas.astype(np.uint8)

    def _sky(self, y: Floats) -> Floats:
        palette = self._scenery.palette
        fall = np.clip(y / np.float32(self._horizon), 0, 1)[:, None]
        upper = np.clip(fall / 0.55, 0, 1)
        lower = np.clip((fall - 0.55) / 0.45, 0, 1)
        row = palette.sky_top + (palette.sky_middle - palette.sky_top) * upper
        row = row + (palette.sky_low - row) * lower
        canvas = np.repeat(row[:, None, :].astype(np.float32), self._width, axis=1)
        above = y < self._horizon + self._unit * 0.02
        if not above.any():
            return canvas
        part, y = canvas[above], y[above]
        distance = np.hypot(self._x[None, :] - np.float32(self._sun_x), y[:, None] - np.float32(self._sun_y))
        reach = np.float32(self._sun_radius)
        glow = 0.42 * np.exp(-((distance / (reach * 2.4)) ** 2)) + 0.20 * np.exp(
            -((distance / (reach * 6)) ** 2)
        )
        if self._scenery.is_night:
            glow *= np.float32(0.45)
        _blend(part, palette.sun, glow)
        if self._stars is not None:
            self._sprinkle(part, y)
        clouds = self._clouds.at(self._x / self._width * 5, y / self._height * 26)
        low = np.clip((y / np.float32(self._horizon) - 0.15) * 1.3, 0, 1)[:, None]
        cover = np.clip((clouds - 0.52) * 2.2, 0, 1) * low
        tint = palette.sky_low if self._scenery.is_night else palette.sun
        _blend(part, tint, cover * np.float32(0.26))
        _blend(part, palette.sun, np.clip(reach - distance + 0.5, 0, 1))
        canvas[above] = part
        return canvas

    def _sprinkle(self, part: Floats, y: Floats) -> None:
        assert self._stars is not None
        for star_x, star_y, radius, brightness in self._stars:
            if not y[0] - 4 < star_y < y[-1] + 4:
                continue
            left, right = max(int(star_x) - 4, 0), min(int(star_x) + 6, self._width)
            distance = np.hypot(self._x[None, left:right] - star_x, y[:, None] - star_y)
            _blend(
                part[:, left:right],
                self._scenery.palette.sun,
                brightness * np.clip(radius - distance + 0.8, 0, 1),
            )

    def _water(self, canvas: Floats, y: Floats) -> None:
        palette = self._scenery.palette
        below = y > self._horizon
        part, y = canvas[below], y[below]
        depth = ((y - self._horizon) / (self._height - self._horizon)).astype(np.float32)
        near = palette.far + (palette.near - palette.far) * np.float32(0.18)
        row = palette.sky_low + (near - palette.sky_low) * np.clip(0.18 + 1.3 * depth, 0, 1)[:, None]
        part[:] = row[:, None, :]
        # Closer ripples are farther apart: rows of noise are counted by the logarithm of the distance.
        counted = np.log1p(depth * 18) * 34
        ripples = self._shimmer.at(self._x / self._width * 44, counted)
        _blend(part, palette.sky_low, np.clip((ripples - 0.5) * 1.6, 0, 1) * (0.20 - 0.1 * depth)[:, None])
        spread = self._sun_radius * (0.75 + 2.2 * depth)[:, None]
        column = np.exp(-(((self._x[None, :] - np.float32(self._sun_x)) / spread) ** 2))
        glitter = np.clip((ripples + 0.55 * column - 0.66) * 7, 0, 1) * column
        _blend(part, palette.sun, glitter * np.clip(0.85 - 0.75 * depth, 0, 1)[:, None])
        canvas[below] = part

    def _layer(self, canvas: Floats, y: Floats, ridge: _Ridge, hidden: float) -> None:
        """Paint the ridge between its top and the row from which on it is hidden."""
        start, end = int(np.searchsorted(y, ridge.begins())), int(np.searchsorted(y, hidden))
        part, y = canvas[start:end], y[start:end]
        below = y[:, None] - ridge.line[None, :]
        cover = np.clip(below / ridge.steepness[None, :] + 0.5, 0, 1)
        if ridge.floor is not None:
            cover = np.minimum(cover, np.clip(np.float32(ridge.floor) - y[:, None] + 0.5, 0, 1))
        # Mist lies in the valleys: a layer gets paler downwards, the far ones more than the near ones.
        under = np.minimum(ridge.ground[None, :] - y[:, None], 0)
        mist = np.float32(ridge.mist) * (1 - np.exp(under / np.float32(ridge.reach)))
        light = ridge.light[None, :] * np.exp(under / np.float32(self._unit * 0.05))
        palette = self._scenery.palette
        shade = ridge.colour + (palette.sky_low - ridge.colour) * mist[:, :, None]
        shade += (palette.sun - shade) * light[:, :, None]
        shade -= part
        shade *= cover[:, :, None]
        part += shade

    def _disc(self, canvas: Floats, y: Floats, disc: _Disc) -> None:
        if not y[0] - disc.radius - 2 < disc.y < y[-1] + disc.radius + 2:
            return
        left = int(np.clip(disc.x - disc.radius - 2, 0, self._width))
        right = int(np.clip(disc.x + disc.radius + 3, 0, self._width))
        distance = np.hypot(self._x[None, left:right] - np.float32(disc.x), y[:, None] - np.float32(disc.y))
        edge = np.clip(np.float32(disc.radius) - distance + 0.5, 0, 1)
        body = np.float32(disc.strength) * (0.72 + 0.28 * np.clip(distance / disc.radius, 0, 1) ** 2)
        _blend(canvas[:, left:right], disc.colour, edge * body)


class _Noise:
    """Smooth values from 0 to 1 over a plane, from a grid of random ones."""

    def __init__(self, rng: np.random.Generator, *, columns: int, rows: int) -> None:
        self._grid = rng.random((rows + 1, columns + 1), np.float32)

    def at(self, x: Floats, y: Floats) -> Floats:
        """The values at every pair of `y` and `x`, shaped (len(y), len(x))."""
        # Both directions are interpolated one after the other: two small products instead of a large sum.
        across = _interpolate(self._grid.T, x).T
        return _interpolate(across, y)


def _interpolate(grid: Floats, at: Floats) -> Floats:
    last = grid.shape[0] - 2
    whole = np.clip(np.floor(at).astype(np.int64), 0, last)
    part = np.clip(at - whole, 0, 1).astype(np.float32)
    part = (part * part * (3 - 2 * part))[:, None]
    values: Floats = grid[whole] * (1 - part) + grid[whole + 1] * part
    return values


def _noise_line(at: Floats, rng: np.random.Generator) -> Floats:
    """Smooth values from 0 to 1 along a line."""
    shifted = at - at.min() + np.float32(rng.random())
    grid = rng.random((int(shifted.max()) + 3, 1), np.float32)
    return _interpolate(grid, shifted)[:, 0]


def _blend(canvas: Floats, colour: Colour, cover: Floats) -> None:
    """Lay `colour` over the canvas, as strongly as `cover` says, in place."""
    canvas += (colour - canvas) * cover.astype(np.float32)[:, :, None]
