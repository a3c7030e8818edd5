"""callbacks: promises to call somebody back, and each time that they were rung"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, UtcDateTime

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PENDING = sa.text("state IN ('scheduled', 'in_line', 'dialling', 'paused')")
TO_COME = sa.text("state IN ('scheduled', 'paused')")
OPEN = sa.text("ended_at IS NULL")
COUNTERS = (
    ("left_for_callback", sa.Integer()),
    ("callbacks", sa.Integer()),
    ("callbacks_reached", sa.Integer()),
    ("callbacks_unreached", sa.Integer()),
    ("wait_callback_ms", sa.BigInteger()),
    ("wait_callback_max_ms", sa.BigInteger()),
)


def upgrade() -> None:
    op.create_table(
        "callbacks",
        sa.Column("id", BigId, nullable=False),
        sa.Column("call_id", BigId, nullable=False),
        sa.Column("waiting_id", BigId, nullable=True),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("queue", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("promised_at", UtcDateTime(), nullable=False),
        sa.Column("wanted_at", UtcDateTime(), nullable=True),
        sa.Column("awake_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(length=64), nullable=True),
        sa.Column("word", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_callbacks_call_id")),
        sa.ForeignKeyConstraint(
            ["waiting_id"], ["waiting.id"], name=op.f("fk_callbacks_waiting_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callbacks")),
    )
    _index("uq_callbacks_pending_number", "callbacks", ["number"], PENDING, unique=True)
    _index("uq_callbacks_pending_call", "callbacks", ["call_id"], PENDING, unique=True)
    _index("ix_callbacks_due", "callbacks", ["due_at"], TO_COME)
    _index("ix_callbacks_open", "callbacks", ["state"], OPEN)
    op.create_index("ix_callbacks_promised_at", "callbacks", ["promised_at"])
    op.create_index(op.f("ix_callbacks_call_id"), "callbacks", ["call_id"])
    op.create_table(
        "callback_attempts",
        sa.Column("id", BigId, nullable=False),
        sa.Column("callback_id", BigId, nullable=False),
        sa.Column("offer_id", BigId, nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("leg_sid", sa.String(length=64), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("checked_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("result", sa.String(length=12), nullable=True),
        sa.ForeignKeyConstraint(
            ["callback_id"], ["callbacks.id"], name=op.f("fk_callback_attempts_callback_id")
        ),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["offers.id"], name=op.f("fk_callback_attempts_offer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback_attempts")),
        sa.UniqueConstraint("offer_id", name=op.f("uq_callback_attempts_offer_id")),
    )
    _index("uq_callback_attempts_open", "callback_attempts", ["callback_id"], OPEN, unique=True)
    for name, kind in COUNTERS:
        # the days counted before had none
        op.add_column("call_intervals", sa.Column(name, kind, server_default="0", nullable=False))


def _index(
    name: str, table: str, columns: list[str], where: sa.TextClause, *, unique: bool = False
) -> None:
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name, _ in COUNTERS:
        op.drop_column("call_intervals", name)
    op.drop_table("callback_attempts")
    op.drop_table("callbacks")
