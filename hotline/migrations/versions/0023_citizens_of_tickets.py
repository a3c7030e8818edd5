"""links to a ticket's page, SMS to its citizen, what they write, wrong proofs"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, UtcDateTime

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UNREAD = "unread_since IS NOT NULL"
DUE = "state IN ('waiting', 'sending')"
LOST = "lost_at IS NOT NULL"


def _partial(name: str, table: str, column: str, where: str) -> None:
    op.create_index(
        name, table, [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where)
    )


def upgrade() -> None:
    op.add_column("tickets", sa.Column("unread_since", UtcDateTime(), nullable=True))
    op.add_column(
        "tickets", sa.Column("reopened", sa.Integer(), server_default="0", nullable=False)
    )
    # what was opened again before it was counted stands in the stories
    op.execute(
        "UPDATE tickets SET reopened = (SELECT count(*) FROM ticket_events "
        "WHERE ticket_events.ticket_id = tickets.id AND ticket_events.kind = 'moved' "
        "AND ticket_events.data ->> 'from' IN ('done', 'cancelled'))"
    )
    _partial("ix_tickets_unread", "tickets", "id", UNREAD)
    op.create_table(
        "citizen_links",
        sa.Column("id", BigId, nullable=False),
        sa.Column("ticket_id", BigId, nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("nonce", sa.String(length=32), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_citizen_links_ticket_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_citizen_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_citizen_links_token_hash")),
    )
    op.create_index("ix_citizen_links_ticket", "citizen_links", ["ticket_id"])
    op.create_table(
        "ticket_sms",
        sa.Column("id", BigId, nullable=False),
        sa.Column("ticket_id", BigId, nullable=False),
        sa.Column("event_id", BigId, nullable=False),
        sa.Column("moment", sa.String(length=12), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("link_id", BigId, nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("why", sa.String(length=16), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tried_at", UtcDateTime(), nullable=True),
        sa.Column("leased_until", UtcDateTime(), nullable=True),
        sa.Column("sid", sa.String(length=40), nullable=True),
        sa.Column("carrier_status", sa.String(length=16), nullable=True),
        sa.Column("error_code", sa.String(length=8), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("lost_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_sms_ticket_id")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["ticket_events.id"], name=op.f("fk_ticket_sms_event_id")
        ),
        sa.ForeignKeyConstraint(
            ["link_id"], ["citizen_links.id"], name=op.f("fk_ticket_sms_link_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_sms")),
        sa.UniqueConstraint("event_id", "moment", name=op.f("uq_ticket_sms_event_id_moment")),
    )
    op.create_index("ix_ticket_sms_ticket", "ticket_sms", ["ticket_id", "id"])
    op.create_index("ix_ticket_sms_number", "ticket_sms", ["number", "id"])
    _partial("ix_ticket_sms_due", "ticket_sms", "due_at", DUE)
    _partial("ix_ticket_sms_lost", "ticket_sms", "lost_at", LOST)
    op.create_table(
        "sms_wishes",
        sa.Column("id", BigId, nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sms_wishes")),
    )
    op.create_index("ix_sms_wishes_number", "sms_wishes", ["number", "id"])
    op.create_table(
        "sms_received",
        sa.Column("sid", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("ticket_id", BigId, nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_sms_received_ticket_id")
        ),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_sms_received")),
    )
    op.create_index("ix_sms_received_number", "sms_received", ["number"])
    op.create_table(
        "citizen_attempts",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("tried_at", UtcDateTime(), nullable=False),
        sa.Column("locked_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_citizen_attempts")),
    )


def downgrade() -> None:
    for table in ("citizen_attempts", "sms_received", "sms_wishes", "ticket_sms", "citizen_links"):
        op.drop_table(table)
    op.drop_index("ix_tickets_unread", "tickets")
    for column in ("reopened", "unread_since"):
        op.drop_column("tickets", column)
