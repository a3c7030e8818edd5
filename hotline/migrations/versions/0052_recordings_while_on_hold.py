"""recordings while on hold"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import UtcDateTime

revision: str = "0052"
down_revision: str | None = "0051"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("offers", sa.Column("hushed_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("offers") as offers:
        offers.drop_column("hushed_at")
