"""drafts keep the place that is being typed"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import Json

revision: str = "0030"
down_revision: str | None = "0029"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("drafts", sa.Column("place", Json, nullable=True))


def downgrade() -> None:
    op.drop_column("drafts", "place")
