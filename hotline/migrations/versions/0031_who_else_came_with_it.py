"""who else came with a matter, and what they were told"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, UtcDateTime

revision: str = "0031"
down_revision: str | None = "0030"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COUNTED = "removed_at IS NULL"
NUMBERED = "removed_at IS NULL AND number IS NOT NULL"


def upgrade() -> None:
    op.create_table(
        "ticket_callers",
        sa.Column("id", BigId, nullable=False),
        sa.Column("ticket_id", BigId, nullable=False),
        sa.Column("call_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("wants_news", sa.Boolean(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.Column("removed_by", sa.String(length=64), nullable=True),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_callers_ticket_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_callers")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ticket_callers_ticket", "ticket_callers", ["ticket_id", "id"])
    op.create_index("ix_ticket_callers_number", "ticket_callers", ["number"])
    op.create_index(
        "uq_ticket_callers_call",
        "ticket_callers",
        ["call_id"],
        unique=True,
        sqlite_where=sa.text(COUNTED),
        postgresql_where=sa.text(COUNTED),
    )
    op.create_index(
        "uq_ticket_callers_number",
        "ticket_callers",
        ["ticket_id", "number"],
        unique=True,
        sqlite_where=sa.text(NUMBERED),
        postgresql_where=sa.text(NUMBERED),
    )


def downgrade() -> None:
    op.drop_table("ticket_callers")
