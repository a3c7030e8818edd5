"""marks of all who came with a matter: how many results have one"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0044"
down_revision: str | None = "0043"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("ticket_days", "ticket_months")


def upgrade() -> None:
    for name in TABLES:
        with op.batch_alter_table(name) as table:
            table.add_column(
                sa.Column("results_judged", sa.Integer(), nullable=False, server_default="0")
            )
        # until now only a ticket's first caller gave marks: one a result
        columns = [sa.column(each, sa.Integer) for each in ("results_judged", "tickets_judged")]
        counted = sa.table(name, *columns)
        op.execute(sa.update(counted).values(results_judged=counted.c.tickets_judged))


def downgrade() -> None:
    for name in TABLES:
        with op.batch_alter_table(name) as table:
            table.drop_column("results_judged")
