"""What finds an image by its words and tags, kept up with every image that a session writes.

`image_grams` holds the grams of each image's `search_text` (see `app.core.words`) and its eras (see `eras`):
on PostgreSQL an array in a row, on SQLite a document of the full text index, one word for each number.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    Integer,
    bindparam,
    column,
    delete,
    event,
    insert,
    inspect,
    select,
    table,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.db import Id
from app.core.words import fold, fold_all, grams
from app.models.images.eras import eras_of, gram_words
from app.models.images.tables import Image, ImageTag

GRAMS = table("image_grams", column("image_id", Id), column("grams", postgresql.ARRAY(Integer)))
"""On PostgreSQL. On SQLite the id is the `rowid`, and the grams are words: see `gram_words`."""

_WORDS = ("original_filename", "alt_text", "ai_prompt", "tags")


def labels_by_tag(labels: Iterable[str]) -> dict[str, str]:
    """Tags by their folded form; of those that differ in case only, the first. One that folds to nothing is
    none: its count would be that of all images."""
    found: dict[str, str] = {}
    for label in labels:
        if folded := fold(label):
            found.setdefault(folded, label)
    return found


@event.listens_for(Session, "before_flush")
def _reword(session: Session, _context: object, _instances: object) -> None:
    for image in (*session.new, *session.dirty):
        if not isinstance(image, Image):
            continue
        if any(_is_changed(image, name) for name in _WORDS):
            image.search_text = fold_all(
                [image.original_filename, image.alt_text, image.ai_prompt, *image.tags]
            )


@event.listens_for(Session, "after_flush")
def _index(session: Session, _context: object) -> None:
    written = [image for image in (*session.new, *session.dirty) if isinstance(image, Image)]
    reworded = [image for image in written if _is_changed(image, "search_text")]
    if reworded:
        _write_grams(session, reworded)
    retagged = [image for image in written if _is_changed(image, "tags")]
    if retagged:
        _write_tags(session, retagged)


def _is_changed(image: Image, name: str) -> bool:
    return inspect(image).attrs[name].history.has_changes()


def _write_grams(session: Session, images: list[Image]) -> None:
    found = {
        image.id: [*grams(image.business_id, image.search_text), *eras_of(image.created_at)]
        for image in images
    }
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        connection.execute(
            text("INSERT OR REPLACE INTO image_grams (rowid, grams) VALUES (:id, :words)"),
            [{"id": image_id, "words": gram_words(numbers)} for image_id, numbers in found.items()],
        )
        return
    statement = postgresql.insert(GRAMS)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["image_id"], set_={"grams": statement.excluded.grams}
        ),
        [{"image_id": image_id, "grams": numbers} for image_id, numbers in found.items()],
    )


def _write_tags(session: Session, images: list[Image]) -> None:
    """The rest of a row is the image's own, as the database has it."""
    connection = session.connection()
    # A new image has no tags yet, and mostly gets none.
    new = session.new
    known = [image.id for image in images if image not in new]
    if known:
        connection.execute(delete(ImageTag).where(ImageTag.image_id.in_(known)))
    added: list[dict[str, Any]] = [
        {"of": image.id, "tag": tag, "label": label}
        for image in images
        for tag, label in labels_by_tag(image.tags).items()
    ]
    if not added:
        return
    own = [ImageTag.business_id, ImageTag.shelf, ImageTag.created_at, ImageTag.usage_count]
    source = select(
        Image.id,
        bindparam("tag", type_=ImageTag.tag.type),
        bindparam("label", type_=ImageTag.label.type),
        *(getattr(Image, attribute.key) for attribute in own),
    ).where(Image.id == bindparam("of"))
    connection.execute(
        insert(ImageTag).from_select(
            [ImageTag.image_id, ImageTag.tag, ImageTag.label, *own], source, include_defaults=False
        ),
        added,
    )
