"""the jobs of units by when they were sent: what the reports read of a year"""

from collections.abc import Sequence

from alembic import op

revision: str = "0042"
down_revision: str | None = "0041"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("ix_dispatches_sent", "dispatches", ["sent_at"])


def downgrade() -> None:
    op.drop_index("ix_dispatches_sent", "dispatches")
