"""telephones that cannot be answered"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0051"
down_revision: str | None = "0050"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("presence", sa.Column("trouble", sa.String(12), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("presence") as presence:
        presence.drop_column("trouble")
