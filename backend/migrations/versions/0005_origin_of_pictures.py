"""How a model had a part in a picture: IPTC's digital source type, as its file says.

On SQLite the column is added and dropped by itself: making a table anew would lose triggers.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("images", sa.Column("digital_source_type", sa.String(length=50), nullable=True))
    # The one mark that files of earlier versions carry.
    op.execute("UPDATE images SET digital_source_type = 'trainedAlgorithmicMedia' WHERE is_ai_generated")


def downgrade() -> None:
    op.drop_column("images", "digital_source_type")
