"""Whether a channel's connection may write comments, so that a first comment is not lost after the post."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("channels", sa.Column("may_comment", sa.Boolean(), nullable=True))


def downgrade() -> None:
    op.drop_column("channels", "may_comment")
