"""The free images of one user are counted over all businesses."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0012"


def upgrade() -> None:
    op.create_index("ix_usage_user_id_month", "usage", ["user_id", "month"])


def downgrade() -> None:
    op.drop_index("ix_usage_user_id_month", "usage")
