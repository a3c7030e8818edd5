"""agencies that are asked, and moves of many tickets at once"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, Json, UtcDateTime

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "bulk_moves",
        sa.Column("id", BigId, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.Column("undone_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_moves")),
        sa.UniqueConstraint("key", name=op.f("uq_bulk_moves_key")),
    )
    op.create_table(
        "bulk_parts",
        sa.Column("bulk_id", BigId, autoincrement=False, nullable=False),
        sa.Column("ticket_id", BigId, autoincrement=False, nullable=False),
        sa.Column("refused", sa.String(length=64), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("undone", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["bulk_id"], ["bulk_moves.id"], name=op.f("fk_bulk_parts_bulk_id")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_bulk_parts_ticket_id")
        ),
        sa.PrimaryKeyConstraint("bulk_id", "ticket_id", name=op.f("pk_bulk_parts")),
    )
    op.create_table(
        "ticket_forwards",
        sa.Column("id", BigId, nullable=False),
        sa.Column("ticket_id", BigId, nullable=False),
        sa.Column("agency", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("every_days", sa.Integer(), nullable=False),
        sa.Column("chase_at", UtcDateTime(), nullable=False),
        sa.Column("due_since", UtcDateTime(), nullable=True),
        sa.Column("times", sa.Integer(), server_default="0", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("replied_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_forwards_ticket_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_forwards")),
    )
    op.create_index(
        "ix_ticket_forwards_chase",
        "ticket_forwards",
        ["chase_at"],
        unique=False,
        sqlite_where=sa.text("replied_at IS NULL"),
        postgresql_where=sa.text("replied_at IS NULL"),
    )
    op.create_index(
        "ix_ticket_forwards_ticket", "ticket_forwards", ["ticket_id", "id"], unique=False
    )


def downgrade() -> None:
    op.drop_index("ix_ticket_forwards_ticket", table_name="ticket_forwards")
    op.drop_index(
        "ix_ticket_forwards_chase",
        table_name="ticket_forwards",
        sqlite_where=sa.text("replied_at IS NULL"),
        postgresql_where=sa.text("replied_at IS NULL"),
    )
    op.drop_table("ticket_forwards")
    op.drop_table("bulk_parts")
    op.drop_table("bulk_moves")
