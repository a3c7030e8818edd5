"""what crews' telephones have sent, so that nothing is done twice"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, Json, UtcDateTime

revision: str = "0034"
down_revision: str | None = "0033"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "field_acts",
        sa.Column("username", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("job", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("refused", sa.String(64), nullable=True),
        sa.Column("words", sa.String(128), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("username", "key", name="pk_field_acts"),
    )
    op.create_index("ix_field_acts_at", "field_acts", ["at"])


def downgrade() -> None:
    op.drop_index("ix_field_acts_at", table_name="field_acts")
    op.drop_table("field_acts")
