"""where people sign in, and what the city's own sign-in says of them"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, UtcDateTime

revision: str = "0040"
down_revision: str | None = "0039"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "sign_in_origins",
        sa.Column("network", sa.String(64), nullable=False),
        sa.Column("name_hash", sa.String(64), nullable=False),
        sa.Column("failed_at", UtcDateTime(), nullable=True),
        sa.Column("entered_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("network", "name_hash"),
    )
    op.create_index("ix_sign_in_origins_failed", "sign_in_origins", ["network", "failed_at"])
    op.add_column("accounts", sa.Column("provisioned_at", UtcDateTime(), nullable=True))
    op.add_column("accounts", sa.Column("group_gone_at", UtcDateTime(), nullable=True))
    op.create_table(
        "memberships",
        sa.Column("account_id", BigId, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("division", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "division"),
    )


def downgrade() -> None:
    op.drop_table("memberships")
    op.drop_column("accounts", "group_gone_at")
    op.drop_column("accounts", "provisioned_at")
    op.drop_table("sign_in_origins")
