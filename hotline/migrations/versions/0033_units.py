"""units, who is on them, where they are, and what they are sent to"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, Json, UtcDateTime

revision: str = "0033"
down_revision: str | None = "0032"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OPEN = "ended_at IS NULL"
UNSEEN = "state = 'sent' AND acknowledge_missed_at IS NULL"


def _partial(
    name: str, table: str, columns: list[str], where: str, *, unique: bool = False
) -> None:
    op.create_index(
        name,
        table,
        columns,
        unique=unique,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )


def upgrade() -> None:
    op.create_table(
        "units",
        sa.Column("id", BigId, nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("call_sign", sa.String(length=32), nullable=False),
        sa.Column("title", Json, nullable=False),
        sa.Column("divisions", Json, nullable=False),
        sa.Column("languages", Json, nullable=False),
        sa.Column("telephone", sa.String(length=32), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
        sa.UniqueConstraint("code", name=op.f("uq_units_code")),
    )
    op.create_table(
        "unit_crews",
        sa.Column("id", BigId, nullable=False),
        sa.Column("unit_id", BigId, nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("until_at", UtcDateTime(), nullable=True),
        sa.Column("put_on_by", sa.String(length=64), nullable=False),
        sa.Column("taken_off_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_unit_crews_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_crews")),
    )
    _partial("uq_unit_crews_now", "unit_crews", ["username"], "until_at IS NULL", unique=True)
    op.create_index("ix_unit_crews_unit", "unit_crews", ["unit_id", "until_at"])
    op.create_table(
        "unit_positions",
        sa.Column("unit_id", BigId, autoincrement=False, nullable=False),
        sa.Column("latitude", sa.Double(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=False),
        sa.Column("accuracy_m", sa.Double(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_unit_positions_unit_id")),
        sa.PrimaryKeyConstraint("unit_id", name=op.f("pk_unit_positions")),
    )
    op.create_index("ix_unit_positions_at", "unit_positions", ["at"])
    op.create_table(
        "dispatches",
        sa.Column("id", BigId, nullable=False),
        sa.Column("unit_id", BigId, nullable=False),
        sa.Column("ticket_id", BigId, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("sent_by", sa.String(length=64), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=False),
        sa.Column("acknowledge_due_at", UtcDateTime(), nullable=False),
        sa.Column("acknowledge_missed_at", UtcDateTime(), nullable=True),
        sa.Column("acknowledged_at", UtcDateTime(), nullable=True),
        sa.Column("on_way_at", UtcDateTime(), nullable=True),
        sa.Column("here_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("help_since", UtcDateTime(), nullable=True),
        sa.Column("from_id", BigId, nullable=True),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (state IN ('sent', 'acknowledged', 'on_way', 'here'))",
            name=op.f("ck_dispatches_ended"),
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_dispatches_unit_id")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_dispatches_ticket_id")
        ),
        sa.ForeignKeyConstraint(["from_id"], ["dispatches.id"], name=op.f("fk_dispatches_from_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatches")),
    )
    _partial("uq_dispatches_open", "dispatches", ["ticket_id", "unit_id"], OPEN, unique=True)
    _partial("ix_dispatches_jobs", "dispatches", ["unit_id", "place", "id"], OPEN)
    op.create_index("ix_dispatches_ticket", "dispatches", ["ticket_id", "id"])
    op.create_index("ix_dispatches_unit", "dispatches", ["unit_id", "id"])
    _partial("ix_dispatches_unseen", "dispatches", ["acknowledge_due_at"], UNSEEN)
    op.create_table(
        "dispatch_events",
        sa.Column("id", BigId, nullable=False),
        sa.Column("dispatch_id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("heard_at", UtcDateTime(), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=True),
        sa.Column("data", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["dispatch_id"], ["dispatches.id"], name=op.f("fk_dispatch_events_dispatch_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch_events")),
        sa.UniqueConstraint("who", "key", name=op.f("uq_dispatch_events_who_key")),
    )
    op.create_index("ix_dispatch_events_dispatch", "dispatch_events", ["dispatch_id", "id"])
    op.create_table(
        "unit_requests",
        sa.Column("ticket_id", BigId, autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_unit_requests_ticket_id")
        ),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_unit_requests")),
    )
    _partial("ix_unit_requests_open", "unit_requests", ["ticket_id"], OPEN)


def downgrade() -> None:
    for table in (
        "unit_requests",
        "dispatch_events",
        "dispatches",
        "unit_positions",
        "unit_crews",
        "units",
    ):
        op.drop_table(table)
