"""ways to wrap up"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import UtcDateTime

revision: str = "0039"
down_revision: str | None = "0038"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("offers", sa.Column("wrap_up", sa.String(12), nullable=True))
    op.add_column("offers", sa.Column("wrap_up_due", UtcDateTime(), nullable=True))
    op.add_column("offers", sa.Column("wrap_up_extended_at", UtcDateTime(), nullable=True))
    op.add_column("presence", sa.Column("wrap_up_due", UtcDateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("presence") as presence:
        presence.drop_column("wrap_up_due")
    with op.batch_alter_table("offers") as offers:
        for name in ("wrap_up_extended_at", "wrap_up_due", "wrap_up"):
            offers.drop_column(name)
