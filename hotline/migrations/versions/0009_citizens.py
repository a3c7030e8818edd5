"""citizens: who calls, and the numbers that they are recognised by"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, Json, UtcDateTime

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "citizens",
        sa.Column("id", BigId, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("vip", sa.Text(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_citizens")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "citizen_numbers",
        sa.Column("citizen_id", BigId, autoincrement=False, nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["citizen_id"], ["citizens.id"], name=op.f("fk_citizen_numbers_citizen_id")
        ),
        sa.PrimaryKeyConstraint("citizen_id", "number", name=op.f("pk_citizen_numbers")),
    )
    op.create_index("ix_citizen_numbers_number", "citizen_numbers", ["number", "at"])
    op.create_table(
        "call_citizens",
        sa.Column("call_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("citizen_id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["citizen_id"], ["citizens.id"], name=op.f("fk_call_citizens_citizen_id")
        ),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_call_citizens")),
    )
    op.create_index(op.f("ix_call_citizens_citizen_id"), "call_citizens", ["citizen_id"])
    op.create_table(
        "citizen_events",
        sa.Column("id", BigId, nullable=False),
        sa.Column("citizen_id", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_citizen_events")),
    )
    op.create_index(op.f("ix_citizen_events_citizen_id"), "citizen_events", ["citizen_id"])
    op.add_column("drafts", sa.Column("who", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("drafts", "who")
    for table in ("citizen_events", "call_citizens", "citizen_numbers", "citizens"):
        op.drop_table(table)
