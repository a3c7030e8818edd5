"""searching tickets, what is unread, saved views"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, Json, UtcDateTime

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OPEN = "closed_at IS NULL"
INDEXES = (
    ("ix_tickets_open_owner", ["owner", "id"]),
    ("ix_tickets_open_division_due", ["division", "due_at", "id"]),
)


def upgrade() -> None:
    # what is written into these two, and their triggers, is `tickets.inbox.index`
    op.create_table(
        "ticket_search",
        sa.Column("ticket_id", BigId, autoincrement=False, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_ticket_search")),
    )
    op.create_table(
        "ticket_grams",
        sa.Column("id", BigId, nullable=False),
        sa.Column("gram", sa.Text(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_grams")),
    )
    op.create_index("ix_ticket_grams_gram", "ticket_grams", ["gram", "block"])
    op.create_table(
        "ticket_looks",
        sa.Column("account_id", BigId, autoincrement=False, nullable=False),
        sa.Column("ticket_id", BigId, autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.id"],
            name=op.f("fk_ticket_looks_ticket_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "ticket_id", name=op.f("pk_ticket_looks")),
    )
    op.create_table(
        "ticket_views",
        sa.Column("id", BigId, nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("division", sa.String(length=64), nullable=True),
        sa.Column("asked", Json, nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_views")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ticket_views_account_id", "ticket_views", ["account_id"])
    op.create_index("ix_ticket_views_division", "ticket_views", ["division"])
    op.create_table(
        "ticket_views_chosen",
        sa.Column("account_id", BigId, autoincrement=False, nullable=False),
        sa.Column("view_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["view_id"],
            ["ticket_views.id"],
            name=op.f("fk_ticket_views_chosen_view_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_ticket_views_chosen")),
    )
    op.create_index("ix_ticket_views_chosen_view_id", "ticket_views_chosen", ["view_id"])
    for name, columns in INDEXES:
        op.create_index(
            name,
            "tickets",
            columns,
            sqlite_where=sa.text(OPEN),
            postgresql_where=sa.text(OPEN),
        )


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        _forget_sqlite(connection)
    else:
        _forget_postgresql(connection)
    for name, _ in INDEXES:
        op.drop_index(name, "tickets")
    for name in ("views_chosen", "views", "looks", "grams", "search"):
        op.drop_table(f"ticket_{name}")


def _forget_sqlite(connection: sa.Connection) -> None:
    triggers = connection.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'ticket_search_%'"
    )
    for name in triggers.scalars().all():
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    for name in ("terms", "fts"):
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS ticket_search_{name}")


def _forget_postgresql(connection: sa.Connection) -> None:
    functions = connection.exec_driver_sql(
        "SELECT oid::regprocedure::text FROM pg_proc WHERE proname LIKE 'ticket_search_%%'"
    )
    for name in functions.scalars().all():
        connection.exec_driver_sql(f"DROP FUNCTION {name} CASCADE")
