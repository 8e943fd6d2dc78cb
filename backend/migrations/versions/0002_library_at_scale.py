"""A library of any size: shelves, counts, tags and search that are found by an index.

On SQLite the columns are added one by one and never by making the table anew: that would lose the triggers,
and take away the rows that refer to an image.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from app.core.db import Id, UtcDateTime
from app.core.words import fold, fold_all, grams

revision = "0002"
down_revision = "0001"

SHELF = (
    "CASE WHEN usage_count = 0 THEN 0 ELSE 1 END"
    " + CASE WHEN edited_from_id IS NULL THEN 0 ELSE 2 END"
    " + CASE WHEN is_ai_generated THEN 4 ELSE 0 END"
    " + CASE WHEN deleted_at IS NULL THEN 0 ELSE 8 END"
)
BATCH = 1000


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.drop_index("ix_images_newest", "images")
    op.drop_index("ix_images_most_used", "images")
    for column in (
        "perceptual_hash VARCHAR(16)",
        f"edited_from_id {'INTEGER' if is_sqlite else 'BIGINT'} CONSTRAINT fk_images_edited_from_id"
        " REFERENCES images (id) ON DELETE SET NULL",
        "search_text TEXT DEFAULT '' NOT NULL",
        f"shelf INTEGER NOT NULL GENERATED ALWAYS AS ({SHELF}) {'VIRTUAL' if is_sqlite else 'STORED'}",
    ):
        op.execute(f"ALTER TABLE images ADD COLUMN {column}")
    op.create_table(
        "image_tags",
        sa.Column("image_id", Id, nullable=False),
        sa.Column("tag", sa.String(length=200), nullable=False),
        sa.Column("label", sa.String(length=50), nullable=False),
        sa.Column("business_id", Id, nullable=False),
        sa.Column("shelf", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("usage_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["image_id"], ["images.id"], name="fk_image_tags_image_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("image_id", "tag", name="pk_image_tags"),
    )
    op.create_table(
        "library_counts",
        sa.Column("id", Id, nullable=False),
        sa.Column("business_id", Id, nullable=False),
        sa.Column("tag", sa.String(length=200), nullable=False),
        sa.Column("shelf", sa.Integer(), nullable=False),
        sa.Column("images", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("is_folded", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name="fk_library_counts_business_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_library_counts"),
        sqlite_autoincrement=True,
    )
    if is_sqlite:
        op.execute(
            "CREATE VIRTUAL TABLE image_grams"
            " USING fts5(grams, tokenize = 'ascii', detail = none, columnsize = 0)"
        )
    else:
        op.execute(
            "CREATE TABLE image_grams (image_id BIGINT CONSTRAINT pk_image_grams PRIMARY KEY"
            " CONSTRAINT fk_image_grams_image_id REFERENCES images (id) ON DELETE CASCADE,"
            " grams INTEGER[] NOT NULL)"
        )
    _take_up(is_sqlite)
    _create_indexes(is_sqlite)
    for statement in SQLITE_TRIGGERS if is_sqlite else POSTGRESQL_TRIGGERS:
        op.execute(statement)


def _create_indexes(is_sqlite: bool) -> None:
    op.create_index("ix_images_newest", "images", ["business_id", "shelf", "created_at", "id"])
    op.create_index("ix_images_most_used", "images", ["business_id", "shelf", "usage_count", "id"])
    for name in ("edited_from_id", "deleted_at"):
        op.execute(f"CREATE INDEX ix_images_{name} ON images ({name}) WHERE {name} IS NOT NULL")
    for number, start in enumerate((1, 5, 9, 13)):
        op.execute(
            f"CREATE INDEX ix_images_hash_band_{number} ON images"
            f" (business_id, substr(perceptual_hash, {start}, 4))"
            " WHERE perceptual_hash IS NOT NULL AND deleted_at IS NULL"
        )
    op.create_index(
        "ix_image_tags_newest", "image_tags", ["business_id", "tag", "shelf", "created_at", "image_id"]
    )
    op.create_index(
        "ix_image_tags_most_used", "image_tags", ["business_id", "tag", "shelf", "usage_count", "image_id"]
    )
    op.create_index("ix_library_counts_key", "library_counts", ["business_id", "tag", "shelf"])
    op.execute("CREATE INDEX ix_library_counts_unfolded ON library_counts (business_id) WHERE NOT is_folded")
    if not is_sqlite:
        op.execute("CREATE INDEX ix_image_grams_grams ON image_grams USING gin (grams)")


def _take_up(is_sqlite: bool) -> None:
    """Bring what is there already into the new tables."""
    connection = op.get_bind()
    images = sa.table(
        "images",
        sa.column("id", Id),
        sa.column("business_id", Id),
        sa.column("original_filename", sa.Text),
        sa.column("alt_text", sa.Text),
        sa.column("ai_prompt", sa.Text),
        sa.column("tags", sa.JSON),
    )
    last_id = 0
    while rows := connection.execute(
        sa.select(images).where(images.c.id > last_id).order_by(images.c.id).limit(BATCH)
    ).all():
        last_id = rows[-1].id
        _index(connection, rows, is_sqlite)
    connection.execute(
        sa.text(
            "INSERT INTO library_counts (business_id, tag, shelf, images, bytes, is_folded)"
            " SELECT business_id, '', shelf, count(*), sum(file_size), true FROM images"
            " GROUP BY business_id, shelf"
        )
    )
    connection.execute(
        sa.text(
            "INSERT INTO library_counts (business_id, tag, shelf, images, bytes, is_folded)"
            " SELECT business_id, tag, shelf, count(*), 0, true FROM image_tags"
            " GROUP BY business_id, tag, shelf"
        )
    )


def _index(connection: sa.Connection, rows: Sequence[Any], is_sqlite: bool) -> None:
    texts, found, tagged = [], [], []
    for row in rows:
        words = fold_all([row.original_filename, row.alt_text, row.ai_prompt, *row.tags])
        numbers = grams(row.business_id, words)
        texts.append({"id": row.id, "words": words})
        found.append(
            {
                "id": row.id,
                "grams": " ".join(f"{number + 2**31:x}" for number in numbers) if is_sqlite else numbers,
            }
        )
        labels: dict[str, str] = {}
        for label in row.tags:
            labels.setdefault(fold(label), label)
        tagged += [{"id": row.id, "tag": tag, "label": label} for tag, label in labels.items()]
    connection.execute(sa.text("UPDATE images SET search_text = :words WHERE id = :id"), texts)
    key = "rowid" if is_sqlite else "image_id"
    connection.execute(sa.text(f"INSERT INTO image_grams ({key}, grams) VALUES (:id, :grams)"), found)
    if tagged:
        connection.execute(
            sa.text(
                "INSERT INTO image_tags (image_id, tag, label, business_id, shelf, created_at, usage_count)"
                " SELECT id, :tag, :label, business_id, shelf, created_at, usage_count FROM images"
                " WHERE id = :id"
            ),
            tagged,
        )


_ADDED = "INSERT INTO library_counts (business_id, tag, shelf, images, bytes, is_folded)"
# A business that is being deleted takes its counts with it.
_STILL_THERE = "EXISTS (SELECT 1 FROM businesses WHERE id = old.business_id)"

SQLITE_TRIGGERS = (
    f"""
    CREATE TRIGGER images_are_counted_in AFTER INSERT ON images BEGIN
        {_ADDED} VALUES (new.business_id, '', new.shelf, 1, new.file_size, false);
    END
    """,
    f"""
    CREATE TRIGGER images_are_counted_out AFTER DELETE ON images BEGIN
        DELETE FROM image_grams WHERE rowid = old.id;
        {_ADDED} SELECT old.business_id, '', old.shelf, -1, -old.file_size, false WHERE {_STILL_THERE};
    END
    """,
    f"""
    CREATE TRIGGER images_change_shelves AFTER UPDATE ON images
    WHEN old.shelf <> new.shelf OR old.file_size <> new.file_size OR old.business_id <> new.business_id BEGIN
        {_ADDED} VALUES (old.business_id, '', old.shelf, -1, -old.file_size, false),
            (new.business_id, '', new.shelf, 1, new.file_size, false);
    END
    """,
    """
    CREATE TRIGGER images_take_their_tags_along AFTER UPDATE ON images
    WHEN old.shelf <> new.shelf OR old.usage_count <> new.usage_count OR old.created_at <> new.created_at
        OR old.business_id <> new.business_id BEGIN
        UPDATE image_tags SET business_id = new.business_id, shelf = new.shelf,
            created_at = new.created_at, usage_count = new.usage_count
        WHERE image_id = new.id;
    END
    """,
    f"""
    CREATE TRIGGER image_tags_are_counted_in AFTER INSERT ON image_tags BEGIN
        {_ADDED} VALUES (new.business_id, new.tag, new.shelf, 1, 0, false);
    END
    """,
    f"""
    CREATE TRIGGER image_tags_are_counted_out AFTER DELETE ON image_tags BEGIN
        {_ADDED} SELECT old.business_id, old.tag, old.shelf, -1, 0, false WHERE {_STILL_THERE};
    END
    """,
    f"""
    CREATE TRIGGER image_tags_change_shelves AFTER UPDATE ON image_tags
    WHEN old.shelf <> new.shelf OR old.business_id <> new.business_id OR old.tag <> new.tag BEGIN
        {_ADDED} VALUES (old.business_id, old.tag, old.shelf, -1, 0, false),
            (new.business_id, new.tag, new.shelf, 1, 0, false);
    END
    """,
)


def _counting(table: str, tag: str, size: str) -> tuple[str, ...]:
    """PostgreSQL counts once for each statement, however many rows it changed."""
    return (
        f"""
        CREATE FUNCTION {table}_are_counted() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                {_ADDED} SELECT business_id, {tag}, shelf, count(*), sum({size}), false
                FROM new_rows GROUP BY 1, 2, 3;
            ELSIF TG_OP = 'DELETE' THEN
                {_ADDED} SELECT business_id, {tag}, shelf, -count(*), -sum({size}), false
                FROM old_rows WHERE EXISTS (SELECT FROM businesses WHERE id = old_rows.business_id)
                GROUP BY 1, 2, 3;
            ELSE
                {_ADDED} SELECT business_id, tag, shelf, sum(one), sum(size), false
                FROM (
                    SELECT business_id, {tag} AS tag, shelf, 1 AS one, {size} AS size FROM new_rows
                    UNION ALL
                    SELECT business_id, {tag}, shelf, -1, -{size} FROM old_rows
                ) AS changed
                GROUP BY business_id, tag, shelf HAVING sum(one) <> 0 OR sum(size) <> 0;
            END IF;
            RETURN NULL;
        END $$
        """,
        f"""
        CREATE TRIGGER {table}_are_counted_in AFTER INSERT ON {table}
        REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION {table}_are_counted()
        """,
        f"""
        CREATE TRIGGER {table}_are_counted_out AFTER DELETE ON {table}
        REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION {table}_are_counted()
        """,
        f"""
        CREATE TRIGGER {table}_change_shelves AFTER UPDATE ON {table}
        REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION {table}_are_counted()
        """,
    )


POSTGRESQL_TRIGGERS = (
    *_counting("images", "''", "file_size"),
    *_counting("image_tags", "tag", "0"),
    """
    CREATE FUNCTION images_take_their_tags_along() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE image_tags SET business_id = new.business_id, shelf = new.shelf,
            created_at = new.created_at, usage_count = new.usage_count
        WHERE image_id = new.id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER images_take_their_tags_along AFTER UPDATE ON images FOR EACH ROW
    WHEN (old.shelf <> new.shelf OR old.usage_count <> new.usage_count OR old.created_at <> new.created_at
        OR old.business_id <> new.business_id)
    EXECUTE FUNCTION images_take_their_tags_along()
    """,
)


def downgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if is_sqlite:
        for statement in SQLITE_TRIGGERS:
            op.execute(f"DROP TRIGGER {statement.split()[2]}")
    else:
        for function in ("images_are_counted", "image_tags_are_counted", "images_take_their_tags_along"):
            op.execute(f"DROP FUNCTION {function}() CASCADE")
    for table in ("image_grams", "library_counts", "image_tags"):
        op.drop_table(table)
    for index in (
        *("newest", "most_used", "edited_from_id", "deleted_at"),
        *(f"hash_band_{number}" for number in range(4)),
    ):
        op.drop_index(f"ix_images_{index}", "images")
    for column in ("shelf", "search_text", "edited_from_id", "perceptual_hash"):
        op.execute(f"ALTER TABLE images DROP COLUMN {column}")
    op.create_index("ix_images_newest", "images", ["business_id", "created_at", "id"])
    op.create_index("ix_images_most_used", "images", ["business_id", "usage_count", "id"])
