"""who else came with a matter, and what they were told"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, UtcDateTime

revision: str = "0031"
down_revision: str | None = "0030"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COUNTED = "removed_at IS NULL"
NUMBERED = "removed_at IS NULL AND number IS NOT NULL"
PINNED = "latitude IS NOT NULL"
ONCE = "uq_ticket_sms_event_id_moment"


def upgrade() -> None:
    op.create_table(
        "ticket_callers",
        sa.Column("id", BigId, nullable=False),
        sa.Column("ticket_id", BigId, nullable=False),
        sa.Column("call_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=True),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("wants_news", sa.Boolean(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.Column("removed_by", sa.String(length=64), nullable=True),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_callers_ticket_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_callers")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ticket_callers_ticket", "ticket_callers", ["ticket_id", "id"])
    op.create_index("ix_ticket_callers_number", "ticket_callers", ["number"])
    op.create_index(
        "uq_ticket_callers_call",
        "ticket_callers",
        ["call_id"],
        unique=True,
        sqlite_where=sa.text(COUNTED),
        postgresql_where=sa.text(COUNTED),
    )
    op.create_index(
        "uq_ticket_callers_number",
        "ticket_callers",
        ["ticket_id", "number"],
        unique=True,
        sqlite_where=sa.text(f"{NUMBERED} AND again = 0"),
        postgresql_where=sa.text(f"{NUMBERED} AND NOT again"),
    )
    # what is near and new is found in the index alone
    _pins("latitude", "longitude", "ticket_id")
    with op.batch_alter_table("ticket_sms") as batch:
        batch.add_column(
            sa.Column("caller_id", sa.BigInteger(), nullable=False, server_default="0")
        )
        batch.drop_constraint(ONCE, type_="unique")
        batch.create_unique_constraint(f"{ONCE}_caller_id", ["event_id", "moment", "caller_id"])


def downgrade() -> None:
    op.execute("DELETE FROM ticket_sms WHERE caller_id <> 0")
    with op.batch_alter_table("ticket_sms") as batch:
        batch.drop_constraint(f"{ONCE}_caller_id", type_="unique")
        batch.create_unique_constraint(ONCE, ["event_id", "moment"])
        batch.drop_column("caller_id")
    _pins("latitude", "longitude")
    op.drop_table("ticket_callers")


def _pins(*columns: str) -> None:
    op.drop_index("ix_ticket_places_pin", "ticket_places")
    op.create_index(
        "ix_ticket_places_pin",
        "ticket_places",
        list(columns),
        sqlite_where=sa.text(PINNED),
        postgresql_where=sa.text(PINNED),
    )
