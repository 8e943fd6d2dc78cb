"""Renditions: files derived from a stored picture, each by a named recipe. They can always be made again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from app.imaging import containers
from app.imaging.containers import Anatomy
from app.imaging.errors import too_complex, unsupported
from app.imaging.formats import HEAD_BYTES, Format, sniff
from app.imaging.framing import AS_IT_IS, Framing, Plan, plan
from app.imaging.origin import SourceType
from app.imaging.recipes import Recipe
from app.imaging.seals import Seal

if TYPE_CHECKING:
    from app.imaging.decoder import VipsImage


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendition that was written. `crop` is (x, y, width, height) in pixels of the source, or None.
    `is_seal_broken` when a manifest was wanted and could not be written."""

    width: int
    height: int
    file_size: int
    sha256: str
    mime_type: str
    crop: tuple[int, int, int, int] | None
    is_seal_broken: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file to be made of a picture. `framing` and `shape` are those of `plan`."""

    recipe: Recipe
    target: Path
    framing: Framing = AS_IT_IS
    shape: tuple[int, int] | None = None


def render(
    source: Path,
    recipe: Recipe,
    target: Path,
    *,
    framing: Framing = AS_IT_IS,
    shape: tuple[int, int] | None = None,
    source_type: SourceType | None = None,
    seal: Seal | None = None,
) -> Rendered:
    """One rendition of `source`: see `render_all`."""
    wanted = Wanted(recipe, target, framing, shape)
    return render_all(source, [wanted], source_type=source_type, seal=seal)[0]


def render_all(
    source: Path,
    wanted: Sequence[Wanted],
    *,
    source_type: SourceType | None = None,
    seal: Seal | None = None,
) -> list[Rendered]:
    """Writes renditions of `source` (its first frame), all from one decode: 8-bit sRGB, no metadata.

    Beside a larger one a file is made from more pixels than alone, which nobody sees and a hash does.

    A JPEG has no transparency; white lies below, or the background of a picture that is fitted. With a
    `source_type` the files carry that mark and nothing else but, with a `seal` and where the source has one,
    a C2PA manifest that builds upon the source's. Raises `PictureRefused` when the source does not decode or
    one of the files cannot be made, `OSError` for trouble with the paths.
    """
    data = source.read_bytes()
    format = sniff(data[:HEAD_BYTES])
    if format is None:
        raise unsupported()
    anatomy = containers.walk(format, data)
    parent = (data, format) if source_type and anatomy.has_manifest else None
    plans = [plan(anatomy.width, anatomy.height, one.recipe, one.framing, one.shape) for one in wanted]
    pictures = _pictures(format, anatomy, [_Look.of(*pair) for pair in zip(wanted, plans, strict=True)])
    return [
        _written(picture, one, made, anatomy, source_type, seal, parent)
        for picture, one, made in zip(pictures, wanted, plans, strict=True)
    ]


def _written(
    picture: _Picture,
    wanted: Wanted,
    made: Plan,
    anatomy: Anatomy,
    source_type: SourceType | None,
    seal: Seal | None,
    parent: tuple[bytes, Format] | None,
) -> Rendered:
    """The file at its target, with what it says of its origin."""
    from app.imaging import decoder

    recipe = wanted.recipe
    is_cropped = made.crop[2:] != (anatomy.width, anatomy.height)
    is_resized = made.crop[2:] != (made.place[2:] if made.place else (made.width, made.height))
    steps = [
        *["c2pa.cropped"] * is_cropped,
        *["c2pa.resized"] * is_resized,
        *["c2pa.edited"] * (made.place is not None),
        "c2pa.transcoded",
    ]
    room = recipe.max_bytes
    while True:
        with decoder.refusing():
            encoded = _best_that_fits(picture, recipe, room)
        finished, is_seal_broken = _finished(encoded, recipe, source_type, seal, parent, steps)
        if len(finished) <= recipe.max_bytes:
            break
        room = min(room, recipe.max_bytes - (len(finished) - len(encoded))) - 1
    wanted.target.write_bytes(finished)
    return Rendered(
        width=made.width,
        height=made.height,
        file_size=len(finished),
        sha256=hashlib.sha256(finished).hexdigest(),
        mime_type=recipe.mime_type,
        crop=made.crop if is_cropped else None,
        is_seal_broken=is_seal_broken,
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """What the pixels of a rendition depend on; files that look alike are made of the same pixels."""

    plan: Plan
    is_opaque: bool

    @classmethod
    def of(cls, wanted: Wanted, made: Plan) -> _Look:
        return cls(made, made.place is not None or wanted.recipe.mime_type == Format.JPEG.mime_type)

    def whole_size(self, anatomy: Anatomy) -> tuple[int, int]:
        """How large the whole source is where the part that is shown has its final size."""
        width, height = self._shown
        _, _, crop_width, crop_height = self.plan.crop
        return (
            max(width, round(Fraction(anatomy.width * width, crop_width))),
            max(height, round(Fraction(anatomy.height * height, crop_height))),
        )

    def finish(self, whole: VipsImage, anatomy: Anatomy) -> VipsImage:
        """Its pixels in memory, from the whole source in sRGB at any size that is not smaller."""
        from app.imaging import decoder

        width, height = self._shown
        left, top, crop_width, crop_height = self.plan.crop
        whole_width, whole_height = self.whole_size(anatomy)
        out_left = _clamp(round(Fraction(left * width, crop_width)), 0, whole_width - width)
        out_top = _clamp(round(Fraction(top * height, crop_height)), 0, whole_height - height)
        # What is cut away is never computed: nothing is before the copy asks for it.
        image = decoder.resized(whole, whole_width, whole_height)
        image = decoder.cropped(image, out_left, out_top, width, height)
        if self.plan.place:
            ground = (self.plan.width, self.plan.height)
            image = decoder.on_ground(image, self.plan.background, self.plan.place[:2], ground)
        elif self.is_opaque:
            image = decoder.on_white(image)
        return image.copy_memory()

    @property
    def _shown(self) -> tuple[int, int]:
        return self.plan.place[2:] if self.plan.place else (self.plan.width, self.plan.height)


class _Picture:
    """The pixels of a rendition, and what they were encoded to already: two platforms mostly get the same."""

    def __init__(self, image: VipsImage) -> None:
        self._image = image
        self._encoded: dict[tuple[str, int], bytes] = {}

    def encode(self, mime_type: str, quality: int) -> bytes:
        from app.imaging import decoder

        known = self._encoded.get((mime_type, quality))
        if known is None:
            if mime_type == Format.JPEG.mime_type:
                known = decoder.save_jpeg(self._image, quality, optimized=False)
            else:
                # More effort saves a twentieth of the bytes and nearly doubles the time.
                known = decoder.save_webp(self._image, quality, effort=0)
            self._encoded[mime_type, quality] = known
        return known


def _pictures(format: Format, anatomy: Anatomy, looks: Sequence[_Look]) -> list[_Picture]:
    """The pixels of every look, from one decode at the largest size that one of them needs."""
    # libvips is loaded where pictures are opened, never in a process that only asks for it.
    from app.imaging import decoder

    sizes = [look.whole_size(anatomy) for look in looks]
    width, height = max(width for width, _ in sizes), max(height for _, height in sizes)
    made: dict[_Look, _Picture] = {}
    with decoder.refusing():
        # A JPEG is decoded at a lower resolution where that is enough.
        whole = decoder.scaled(anatomy.clean, format, anatomy, width, height)
        whole = decoder.to_srgb(whole, anatomy.profile)
        if len(set(looks)) > 1:
            whole = whole.copy_memory()
        for look in looks:
            if look not in made:
                made[look] = _Picture(look.finish(whole, anatomy))
    return [made[look] for look in looks]


def _finished(
    encoded: bytes,
    recipe: Recipe,
    source_type: SourceType | None,
    seal: Seal | None,
    parent: tuple[bytes, Format] | None,
    steps: Sequence[str],
) -> tuple[bytes, bool]:
    """The file with all that it says of its origin, and whether a manifest is missing from that."""
    if source_type is None:
        return encoded, False
    format = Format.from_mime_type(recipe.mime_type)
    marked = containers.mark(format, encoded, source_type)
    if seal is None or parent is None:
        return marked, False
    # It takes a while to load, and few pictures need it.
    from app.imaging import manifests

    try:
        return manifests.write(marked, format, source_type, seal, steps=steps, parent=parent), False
    except manifests.NotSealed:
        return marked, True


def _best_that_fits(picture: _Picture, recipe: Recipe, max_bytes: int) -> bytes:
    best = picture.encode(recipe.mime_type, recipe.best_quality)
    if len(best) <= max_bytes:
        return best
    fits, too_good = recipe.worst_quality, recipe.best_quality
    best = picture.encode(recipe.mime_type, fits)
    if len(best) > max_bytes:
        raise too_complex("no quality makes it small enough", limit=recipe.max_bytes)
    while too_good - fits > 1:
        middle = (fits + too_good) // 2
        encoded = picture.encode(recipe.mime_type, middle)
        if len(encoded) <= max_bytes:
            fits, best = middle, encoded
        else:
            too_good = middle
    return best


def _clamp(value: int, low: int, high: int) -> int:
    return max(low, min(value, high))
