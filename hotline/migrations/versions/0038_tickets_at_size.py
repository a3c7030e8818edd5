"""indexes by which a million tickets are counted and listed; an SMS to each who waits for one"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0038"
down_revision: str | None = "0037"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_OPEN = "closed_at IS NULL"
_OWED = ("division", "due_at", "owner", "private", "made_by", "incomplete", "source")
_CLOCKS = ("acknowledged_at", "acknowledge_due_at", "update_due_at")
_CLOSED = ("closed_at", "division", "due_at", "result", "private", "made_by")
#: As `tickets.models.fault_events` says it.
_FAULTS = (
    "kind IN ('missed', 'overdue', 'escalated', 'routed', 'resumed', 'to_chase', 'undone')"
    " OR kind = 'moved' AND {was} IN ('done', 'cancelled')"
)
_ONE = "uq_ticket_sms_event_id_moment_caller_id"
_EACH = "uq_ticket_sms_event_id_moment_ticket_id_call_id_caller_id"


def _partial(name: str, *columns: str, where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, "tickets", [*columns], sqlite_where=condition, postgresql_where=condition)


def _unseen(*columns: str) -> None:
    op.drop_index("ix_tickets_due_unseen", "tickets")
    _partial("ix_tickets_due_unseen", *columns, where=f"{_OPEN} AND overdue_at IS NULL")


def upgrade() -> None:
    op.drop_index("ix_tickets_closed", "tickets")
    _partial("ix_tickets_closed", *_CLOSED, where="closed_at IS NOT NULL")
    op.create_index(
        "ix_tickets_received", "tickets", ["received_at", "division", "private", "made_by"]
    )
    _partial("ix_tickets_due", "due_at", "id", where="due_at IS NOT NULL")
    _unseen("overdue_at", "due_at")
    _partial("ix_tickets_open_due", "due_at", "id", where=_OPEN)
    _partial("ix_tickets_escalated", "escalation", "id", where=f"{_OPEN} AND escalation > 0")
    _partial("ix_tickets_owed", *_OWED, *_CLOCKS, where=_OPEN)
    op.create_index(
        "ix_ticket_events_faults",
        "ticket_events",
        ["kind", "at"],
        sqlite_where=sa.text(_FAULTS.format(was="json_extract(data, '$.from')")),
        postgresql_where=sa.text(_FAULTS.format(was="(data ->> 'from')")),
    )
    with op.batch_alter_table("ticket_sms") as batch:
        batch.add_column(sa.Column("call_id", sa.BigInteger(), nullable=False, server_default="0"))
        batch.drop_constraint(_ONE, type_="unique")
        batch.create_unique_constraint(
            _EACH, ["event_id", "moment", "ticket_id", "call_id", "caller_id"]
        )


def downgrade() -> None:
    # the ticket's own citizen keeps theirs
    op.execute(
        "DELETE FROM ticket_sms WHERE call_id <> 0 OR ticket_id <>"
        " (SELECT e.ticket_id FROM ticket_events e WHERE e.id = ticket_sms.event_id)"
    )
    with op.batch_alter_table("ticket_sms") as batch:
        batch.drop_constraint(_EACH, type_="unique")
        batch.create_unique_constraint(_ONE, ["event_id", "moment", "caller_id"])
        batch.drop_column("call_id")
    op.drop_index("ix_ticket_events_faults", "ticket_events")
    for name in ("owed", "escalated", "open_due", "due", "received", "closed"):
        op.drop_index(f"ix_tickets_{name}", "tickets")
    _partial("ix_tickets_closed", "closed_at", where="closed_at IS NOT NULL")
    _unseen("due_at")
