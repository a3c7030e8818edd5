"""incidents: many callers, one thing that happened"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, Json, UtcDateTime

revision: str = "0032"
down_revision: str | None = "0031"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("topic", sa.String(64), nullable=False),
        sa.Column("titles", Json, nullable=False),
        sa.Column("category", sa.String(64), nullable=True),
        sa.Column("division", sa.String(64), nullable=False),
        sa.Column("area", sa.String(64), nullable=True),
        sa.Column("named", Json, nullable=False),
        sa.Column("latitude", sa.Double, nullable=True),
        sa.Column("longitude", sa.Double, nullable=True),
        sa.Column("metres", sa.Integer, nullable=False),
        sa.Column("set_by_hand", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("since", UtcDateTime, nullable=False),
        sa.Column("found_at", UtcDateTime, nullable=False),
        sa.Column("opened_at", UtcDateTime, nullable=True),
        sa.Column("opened_by", sa.String(64), nullable=True),
        sa.Column("ended_at", UtcDateTime, nullable=True),
        sa.Column("ended_by", sa.String(64), nullable=True),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_incidents_state", "incidents", ["state", "id"])
    op.create_table(
        "incident_tickets",
        sa.Column("incident_id", BigId, sa.ForeignKey("incidents.id"), primary_key=True),
        sa.Column("ticket_id", BigId, sa.ForeignKey("tickets.id"), primary_key=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("removed_at", UtcDateTime, nullable=True),
        sa.Column("removed_by", sa.String(64), nullable=True),
    )
    op.create_index(
        "uq_incident_tickets_ticket",
        "incident_tickets",
        ["ticket_id"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "incident_events",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("incident_id", BigId, sa.ForeignKey("incidents.id"), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("data", Json, nullable=False),
    )
    op.create_index("ix_incident_events_incident", "incident_events", ["incident_id", "id"])
    op.create_table(
        "incident_works",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("incident_id", BigId, sa.ForeignKey("incidents.id"), nullable=False),
        sa.Column("key", sa.String(64), nullable=False, unique=True),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("done_at", UtcDateTime, nullable=True),
        sa.Column("undone_by_id", sa.BigInteger, nullable=True),
    )
    op.create_index(
        "ix_incident_works_to_do",
        "incident_works",
        ["id"],
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_index("ix_incident_works_incident", "incident_works", ["incident_id", "id"])
    op.create_table(
        "incident_parts",
        sa.Column("work_id", BigId, sa.ForeignKey("incident_works.id"), primary_key=True),
        sa.Column("ticket_id", BigId, sa.ForeignKey("tickets.id"), primary_key=True),
        sa.Column("refused", sa.String(64), nullable=False),
        sa.Column("data", Json, nullable=False),
    )
    op.add_column("bulletins", sa.Column("incident_id", sa.BigInteger, nullable=True))


def downgrade() -> None:
    op.drop_column("bulletins", "incident_id")
    for table in (
        "incident_parts",
        "incident_works",
        "incident_events",
        "incident_tickets",
        "incidents",
    ):
        op.drop_table(table)
