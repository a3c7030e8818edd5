"""who may see a caller, what is kept for how long, what has been forgotten"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import UtcDateTime

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_MOMENTS = ("held_at", "closing_told_at", "anonymised_at", "deleted_at")


def upgrade() -> None:
    op.add_column(
        "tickets",
        sa.Column("contact", sa.String(length=12), server_default="division", nullable=False),
    )
    op.add_column(
        "tickets", sa.Column("hide_name", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("tickets", sa.Column("hold", sa.Text(), server_default="", nullable=False))
    op.add_column("tickets", sa.Column("held_by", sa.String(length=64), nullable=True))
    for name in _MOMENTS:
        op.add_column("tickets", sa.Column(name, UtcDateTime(), nullable=True))
    op.add_column("recordings", sa.Column("forgotten_at", UtcDateTime(), nullable=True))
    op.create_index("ix_recordings_made_at", "recordings", ["made_at"])
    op.add_column(
        "drafts", sa.Column("hide_name", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("calls", sa.Column("forgotten_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("calls", "forgotten_at")
    op.drop_column("drafts", "hide_name")
    op.drop_index("ix_recordings_made_at", "recordings")
    op.drop_column("recordings", "forgotten_at")
    for name in (*_MOMENTS, "held_by", "hold", "hide_name", "contact"):
        op.drop_column("tickets", name)
