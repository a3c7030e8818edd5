"""supervisors who listen to conversations, and more"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, UtcDateTime

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

LIVE = sa.text("state IN ('ringing', 'on')")
INDEXES = (
    ("uq_monitors_live_agent", "agent_id", True),
    ("ix_monitors_live_offer", "offer_id", False),
    ("ix_monitors_checked", "checked_at", False),
)


def upgrade() -> None:
    op.create_table(
        "monitors",
        sa.Column("id", BigId, nullable=False),
        sa.Column("offer_id", BigId, nullable=False),
        sa.Column("agent_id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("mode", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("leg_sid", sa.String(length=64), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("result", sa.String(length=16), nullable=True),
        sa.Column("checked_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_monitors_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_monitors_agent_id_agents")
        ),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["offers.id"], name=op.f("fk_monitors_offer_id_offers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitors")),
    )
    for name, column, unique in INDEXES:
        op.create_index(
            name, "monitors", [column], unique=unique, sqlite_where=LIVE, postgresql_where=LIVE
        )


def downgrade() -> None:
    for name, _, _ in reversed(INDEXES):
        op.drop_index(name, table_name="monitors", sqlite_where=LIVE, postgresql_where=LIVE)
    op.drop_table("monitors")
