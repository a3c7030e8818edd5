"""a colleague who is asked into a conversation, and may take it over"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_LIVE = "state IN ('offered', 'accepted', 'connected')"


def upgrade() -> None:
    for name in ("consults", "talk_of"):
        op.add_column("offers", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("parties", sa.Column("consult_id", sa.BigInteger(), nullable=True))
    op.drop_index("uq_offers_live_call", "offers")
    _index("uq_offers_live_call", "offers", "call_id", f"{_LIVE} AND consults IS NULL")
    _index("uq_offers_live_consults", "offers", "consults", f"{_LIVE} AND consults IS NOT NULL")
    _index("uq_parties_consult", "parties", "consult_id", "consult_id IS NOT NULL")


def downgrade() -> None:
    op.drop_index("uq_parties_consult", "parties")
    op.drop_index("uq_offers_live_consults", "offers")
    op.drop_index("uq_offers_live_call", "offers")
    op.drop_column("parties", "consult_id")
    for name in ("consults", "talk_of"):
        op.drop_column("offers", name)
    _index("uq_offers_live_call", "offers", "call_id", _LIVE)


def _index(name: str, table: str, column: str, where: str) -> None:
    op.create_index(
        name,
        table,
        [column],
        unique=True,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )
