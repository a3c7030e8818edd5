"""the limits of a queue that have sent a caller on, each kept"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import Json

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("waiting", sa.Column("sent_on", Json, server_default="[]", nullable=False))
    # of the stays before, the last one is known
    waiting = sa.table("waiting", sa.column("sent_on", Json), sa.column("wants_why", sa.String))
    for limit in ("overflow", "nobody"):
        op.execute(sa.update(waiting).where(waiting.c.wants_why == limit).values(sent_on=[limit]))


def downgrade() -> None:
    op.drop_column("waiting", "sent_on")
