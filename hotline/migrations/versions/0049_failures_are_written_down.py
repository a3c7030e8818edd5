"""what a promise failed by has a row of its own, with the division that had the ticket then"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, UtcDateTime

revision: str = "0049"
down_revision: str | None = "0048"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_FAULTS = (
    "kind IN ('missed', 'overdue', 'escalated', 'routed', 'resumed', 'to_chase', 'undone')"
    " OR kind = 'moved' AND {was} IN ('done', 'cancelled')"
)
#: What stories said of it until now: where a ticket was when something happened is where it was led
#: away from next.
_WRITE = """
    INSERT INTO ticket_faults (event_id, ticket_id, at, fault, division, bulk)
    SELECT f.id, f.ticket_id, f.at, f.fault, coalesce(
        (SELECT {led_r} FROM ticket_events r WHERE r.ticket_id = f.ticket_id AND r.id >= f.id
         AND r.kind = 'routed' AND {led_r} IS NOT NULL ORDER BY r.id LIMIT 1),
        t.division), f.bulk
    FROM (
        SELECT e.id, e.ticket_id, e.at, {bulk_e} AS bulk, CASE
            WHEN e.kind = 'missed' THEN
                CASE {clock_e} WHEN 'acknowledge' THEN 'unacknowledged' ELSE 'silent' END
            WHEN e.kind IN ('overdue', 'escalated') THEN e.kind
            WHEN e.kind = 'to_chase' THEN 'unanswered'
            WHEN e.kind = 'routed' AND ({led_e} IS NOT NULL OR {category_e} IS NOT NULL)
                THEN 'misrouted'
            WHEN e.kind = 'moved' AND {to_e} IN ('received', 'in_progress') THEN 'reopened'
            WHEN e.kind = 'resumed' AND e.who = 'system' AND (
                SELECT {for_w} FROM ticket_events w WHERE w.ticket_id = e.ticket_id
                AND w.id < e.id AND w.kind = 'waiting' ORDER BY w.id DESC LIMIT 1) = 'agency'
                THEN 'unanswered'
            END AS fault
        FROM ticket_events e WHERE {may_be}
    ) f JOIN tickets t ON t.id = f.ticket_id
    WHERE f.fault IS NOT NULL AND (f.bulk IS NULL OR NOT EXISTS (
        SELECT 1 FROM ticket_events u WHERE u.ticket_id = f.ticket_id AND u.kind = 'undone'
        AND {bulk_u} = f.bulk))
"""


def upgrade() -> None:
    op.create_table(
        "ticket_faults",
        sa.Column("event_id", BigId, autoincrement=False, nullable=False),
        sa.Column("ticket_id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("fault", sa.String(length=16), nullable=False),
        sa.Column("division", sa.String(length=64), nullable=False),
        sa.Column("bulk", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["ticket_events.id"],
            name=op.f("fk_ticket_faults_event_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.id"],
            name=op.f("fk_ticket_faults_ticket_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_ticket_faults")),
    )
    write(op.get_bind())
    op.create_index("ix_ticket_faults_at", "ticket_faults", ["at", "event_id", "division", "fault"])
    op.create_index("ix_ticket_faults_fault", "ticket_faults", ["fault", "at", "event_id"])
    op.create_index(
        "ix_ticket_faults_division", "ticket_faults", ["division", "fault", "at", "event_id"]
    )
    op.create_index("ix_ticket_faults_ticket", "ticket_faults", ["ticket_id"])
    op.drop_index("ix_ticket_events_faults", "ticket_events")


def write(connection: sa.Connection) -> None:
    """Write the rows of what happened until now."""
    sqlite = connection.dialect.name == "sqlite"

    def said(row: str, *path: str) -> str:
        if sqlite:
            return f"json_extract({row}.data, '$.{'.'.join(path)}')"
        return f"({row}.data #>> '{{{','.join(path)}}}')"

    def bulk(row: str) -> str:
        return said(row, "bulk") if sqlite else f"{said(row, 'bulk')}::bigint"

    statement = _WRITE.format(
        led_r=said("r", "was", "division"),
        led_e=said("e", "was", "division"),
        category_e=said("e", "was", "category"),
        clock_e=said("e", "clock"),
        to_e=said("e", "to"),
        for_w=said("w", "for"),
        bulk_e=bulk("e"),
        bulk_u=bulk("u"),
        # as the index says it that found them
        may_be=_FAULTS.format(was=said("e", "from") if sqlite else "(e.data ->> 'from')"),
    )
    connection.exec_driver_sql(statement)


def downgrade() -> None:
    said = {"sqlite": "json_extract(data, '$.from')", "postgresql": "(data ->> 'from')"}
    op.create_index(
        "ix_ticket_events_faults",
        "ticket_events",
        ["kind", "at", "ticket_id"],
        sqlite_where=sa.text(_FAULTS.format(was=said["sqlite"])),
        postgresql_where=sa.text(_FAULTS.format(was=said["postgresql"])),
    )
    op.drop_table("ticket_faults")
