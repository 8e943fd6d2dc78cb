"""In the index of grams stands when each image came, so that a search skips times without the words.

On SQLite the documents are changed below the index, which is then built anew from them: that is quicker than
writing each of them again.
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0010"

SHIFTS = (22, 19, 16)
"""An era of each kind has two to the power of that many seconds."""


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        seconds = "max(0, CAST(strftime('%s', images.created_at) AS INTEGER))"
        words = " || ' ' || ".join(
            f"printf('%x', 2147483648 + (({shift} << 24) | ({seconds} >> {shift})))" for shift in SHIFTS
        )
        op.execute(
            f"UPDATE image_grams_content SET c0 = c0 || ' ' || {words}"
            " FROM images WHERE images.id = image_grams_content.id"
        )
        op.execute("INSERT INTO image_grams (image_grams) VALUES ('rebuild')")
        return
    seconds = "greatest(0, floor(extract(epoch FROM images.created_at)))::bigint"
    numbers = ", ".join(f"(({shift} << 24) | ({seconds} >> {shift})::int)" for shift in SHIFTS)
    # Putting a million rows into the index one by one takes many times as long as building it.
    op.execute("DROP INDEX ix_image_grams_grams")
    op.execute(
        f"UPDATE image_grams SET grams = grams || ARRAY[{numbers}] FROM images"
        " WHERE images.id = image_grams.image_id"
    )
    op.execute("CREATE INDEX ix_image_grams_grams ON image_grams USING gin (grams)")


def downgrade() -> None:
    count = len(SHIFTS)
    if op.get_bind().dialect.name == "sqlite":
        # Each word of an era has eight letters, and a blank before it.
        op.execute(f"UPDATE image_grams_content SET c0 = substr(c0, 1, length(c0) - {9 * count})")
        op.execute("INSERT INTO image_grams (image_grams) VALUES ('rebuild')")
        return
    op.execute("DROP INDEX ix_image_grams_grams")
    op.execute(f"UPDATE image_grams SET grams = grams[1 : cardinality(grams) - {count}]")
    op.execute("CREATE INDEX ix_image_grams_grams ON image_grams USING gin (grams)")
