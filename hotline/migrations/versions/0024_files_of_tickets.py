"""files of tickets: photos and documents"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, UtcDateTime

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PRESENT = "removed_at IS NULL AND erased_at IS NULL"


def upgrade() -> None:
    op.create_table(
        "ticket_files",
        sa.Column("id", BigId, nullable=False),
        sa.Column("ticket_id", BigId, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("thumb", sa.String(length=64), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("added_by", sa.String(length=64), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column("by_citizen", sa.Boolean(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("taken_at", UtcDateTime(), nullable=True),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.Column("removed_by", sa.String(length=64), nullable=True),
        sa.Column("stored_at", UtcDateTime(), nullable=True),
        sa.Column("missing_at", UtcDateTime(), nullable=True),
        sa.Column("erased_at", UtcDateTime(), nullable=True),
        sa.Column("gone_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_files_ticket_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_files")),
    )
    op.create_index("ix_ticket_files_ticket", "ticket_files", ["ticket_id", "id"])
    op.create_index("ix_ticket_files_hash", "ticket_files", ["hash"])
    op.create_index("ix_ticket_files_thumb", "ticket_files", ["thumb"])
    for name, columns, unique, where in (
        ("uq_ticket_files_same", ["ticket_id", "hash"], True, PRESENT),
        ("ix_ticket_files_waiting", ["id"], False, "stored_at IS NULL AND erased_at IS NULL"),
        ("ix_ticket_files_erased", ["id"], False, "erased_at IS NOT NULL AND gone_at IS NULL"),
    ):
        op.create_index(
            name,
            "ticket_files",
            columns,
            unique=unique,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )


def downgrade() -> None:
    op.drop_table("ticket_files")
