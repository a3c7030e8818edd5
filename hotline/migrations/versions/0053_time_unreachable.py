"""time in which agents could not be reached"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0053"
down_revision: str | None = "0052"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    column = sa.Column("unreachable_ms", sa.BigInteger(), nullable=False, server_default="0")
    op.add_column("presence_days", column)


def downgrade() -> None:
    with op.batch_alter_table("presence_days") as presence:
        presence.drop_column("unreachable_ms")
