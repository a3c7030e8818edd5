"""the files behind links, made once for each version of a report"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import UtcDateTime

revision: str = "0047"
down_revision: str | None = "0046"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "report_link_files",
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("form", sa.String(length=8), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("making", sa.String(length=64), nullable=False),
        sa.Column("making_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("period", "language", "form", name=op.f("pk_report_link_files")),
    )


def downgrade() -> None:
    op.drop_table("report_link_files")
