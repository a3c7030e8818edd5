"""conversations: hold, pauses of a recording, third parties, callers who are passed on"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, UtcDateTime

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COLUMNS = (
    ("held_at", UtcDateTime()),
    ("paused_at", UtcDateTime()),
    ("passed_to", sa.String(length=12)),
)
_PRESENT = "state IN ('dialling', 'talking', 'handed_over')"


def upgrade() -> None:
    for name, kind in COLUMNS:
        op.add_column("offers", sa.Column(name, kind, nullable=True))
    op.create_table(
        "parties",
        sa.Column("id", BigId, nullable=False),
        sa.Column("offer_id", BigId, nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("leg_sid", sa.String(length=64), nullable=True),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("result", sa.String(length=16), nullable=True),
        sa.Column("checked_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["offers.id"], name=op.f("fk_parties_offer_id_offers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parties")),
    )
    _index("uq_parties_present", "offer_id", unique=True)
    _index("ix_parties_checked", "checked_at", unique=False)


def _index(name: str, column: str, *, unique: bool) -> None:
    where = sa.text(_PRESENT)
    op.create_index(
        name, "parties", [column], unique=unique, sqlite_where=where, postgresql_where=where
    )


def downgrade() -> None:
    op.drop_table("parties")
    for name, _ in COLUMNS:
        op.drop_column("offers", name)
