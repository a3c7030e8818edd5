"""counters: how long callers are held, and which calls are answered again"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COUNTERS = (
    ("answered_again", sa.Integer()),
    ("held", sa.Integer()),
    ("hold_ms", sa.BigInteger()),
    ("hold_max_ms", sa.BigInteger()),
)


def upgrade() -> None:
    # before this nobody could be held, nor passed on
    for name, kind in COUNTERS:
        nothing = sa.Column(name, kind, nullable=False, server_default="0")
        op.add_column("call_intervals", nothing)
    with op.batch_alter_table("call_intervals") as batch:
        for name, kind in COUNTERS:
            batch.alter_column(name, existing_type=kind, server_default=None)


def downgrade() -> None:
    for name, _ in COUNTERS:
        op.drop_column("call_intervals", name)
