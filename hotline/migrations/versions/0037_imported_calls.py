"""calls of past years, imported from an old exchange"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, Json, UtcDateTime

revision: str = "0037"
down_revision: str | None = "0036"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_COUNTS = ("read", "new", "known", "ignored", "bad")
_PERHAPS = (
    *("queued_at", "connected_at", "abandoned_at", "left_at", "talk_ended_at", "wrapped_up_at"),
    "transferred_at",
)


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("id", BigId, nullable=False),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("file_name", sa.String(255), nullable=False),
        sa.Column("file_hash", sa.String(64), nullable=False),
        sa.Column("map_hash", sa.String(64), nullable=False),
        sa.Column("map_name", sa.String(255), nullable=False),
        sa.Column("map_text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.Column("undone_by", sa.String(64), nullable=True),
        *(sa.Column(f"rows_{name}", sa.BigInteger(), nullable=False) for name in _COUNTS),
        sa.Column("reasons", Json, nullable=False),
        sa.Column("first_at", UtcDateTime(), nullable=True),
        sa.Column("last_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_table(
        "imported_calls",
        sa.Column("id", BigId, nullable=False),
        sa.Column("import_id", BigId, nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("content", sa.String(16), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("moment", UtcDateTime(), nullable=False),
        sa.Column("visit", sa.SmallInteger(), nullable=False),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.Column("queue", sa.String(64), nullable=True),
        sa.Column("language", sa.String(8), nullable=True),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("arrived_at", UtcDateTime(), nullable=False),
        *(sa.Column(name, UtcDateTime(), nullable=True) for name in _PERHAPS),
        sa.Column("offers", sa.Integer(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("agent", sa.String(120), nullable=True),
        sa.Column("number", sa.String(20), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_imported_calls_import_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imported_calls")),
        sa.UniqueConstraint("key", name=op.f("uq_imported_calls_key")),
    )
    op.create_index("ix_imported_calls_moment", "imported_calls", ["moment"])
    op.create_index("ix_imported_calls_import_id", "imported_calls", ["import_id", "id"])
    op.create_index("ix_imported_calls_number", "imported_calls", ["number"])
    op.create_table(
        "import_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_import_days")),
    )
    # counted because an import brought its calls: the hotline's own days begin later
    op.add_column(
        "report_days",
        sa.Column("imported", sa.Boolean(), server_default=sa.false(), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("report_days", "imported")
    op.drop_table("import_days")
    op.drop_table("imported_calls")
    op.drop_table("imports")
