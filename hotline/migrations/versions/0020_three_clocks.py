"""three clocks of a ticket, waiting, escalation, absences, the nightly list"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, Json, UtcDateTime

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OPEN = "closed_at IS NULL"
INDEXES = (
    (
        "ix_tickets_acknowledge_unseen",
        "acknowledge_due_at",
        f"{OPEN} AND acknowledged_at IS NULL AND acknowledge_missed_at IS NULL",
    ),
    ("ix_tickets_update_unseen", "update_due_at", f"{OPEN} AND update_missed_at IS NULL"),
    ("ix_tickets_waiting", "waiting_until", f"{OPEN} AND waiting_for IS NOT NULL"),
    ("ix_tickets_closed", "closed_at", "closed_at IS NOT NULL"),
    ("ix_tickets_escalate", "escalate_at", f"{OPEN} AND escalate_at IS NOT NULL"),
)
MOMENTS = (
    "acknowledge_due_at",
    "acknowledged_at",
    "acknowledge_missed_at",
    "update_due_at",
    "update_missed_at",
    "waiting_until",
    "escalate_at",
)


def upgrade() -> None:
    for name in MOMENTS:
        op.add_column("tickets", sa.Column(name, UtcDateTime(), nullable=True))
    op.add_column("tickets", sa.Column("waiting_for", sa.String(length=16), nullable=True))
    for name, first in (("escalation", "0"), ("version", "1")):
        op.add_column(
            "tickets", sa.Column(name, sa.Integer(), server_default=first, nullable=False)
        )
    # what was taken up before there was such a clock has been acknowledged by that
    op.execute(
        "UPDATE tickets SET acknowledged_at = (SELECT min(at) FROM ticket_events "
        "WHERE ticket_events.ticket_id = tickets.id AND ticket_events.kind = 'moved') "
        "WHERE state = 'in_progress'"
    )
    # and what is late already is told from the first level on
    op.execute("UPDATE tickets SET escalate_at = overdue_at WHERE closed_at IS NULL")
    for name, column, where in INDEXES:
        op.create_index(
            name,
            "tickets",
            [column],
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )
    op.create_table(
        "ticket_absences",
        sa.Column("id", BigId, nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("substitute", sa.String(length=64), nullable=True),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_by", sa.String(length=64), nullable=True),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_absences")),
    )
    op.create_index("ix_ticket_absences_last", "ticket_absences", ["last"])
    op.create_table(
        "ticket_attention",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_ticket_attention")),
    )


def downgrade() -> None:
    op.drop_table("ticket_attention")
    op.drop_table("ticket_absences")
    for name, _, _ in INDEXES:
        op.drop_index(name, "tickets")
    for name in (*MOMENTS, "waiting_for", "escalation", "version"):
        op.drop_column("tickets", name)
