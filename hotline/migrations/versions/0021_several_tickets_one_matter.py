"""words that the city sends, who watches a ticket, links and merged tickets"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, Json, UtcDateTime

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "message_templates",
        sa.Column("id", BigId, nullable=False),
        sa.Column("category", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("used", sa.Integer(), server_default="0", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("written_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_templates")),
    )
    op.create_table(
        "message_template_events",
        sa.Column("id", BigId, nullable=False),
        sa.Column("template_id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["message_templates.id"],
            name=op.f("fk_message_template_events_template_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_template_events")),
    )
    op.create_index(
        "ix_message_template_events_template",
        "message_template_events",
        ["template_id", "id"],
        unique=False,
    )
    op.create_table(
        "ticket_links",
        sa.Column("id", BigId, nullable=False),
        sa.Column("from_id", BigId, nullable=False),
        sa.Column("to_id", BigId, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("removed_by", sa.String(length=64), nullable=True),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("from_id <> to_id", name=op.f("ck_ticket_links_two")),
        sa.ForeignKeyConstraint(["from_id"], ["tickets.id"], name=op.f("fk_ticket_links_from_id")),
        sa.ForeignKeyConstraint(["to_id"], ["tickets.id"], name=op.f("fk_ticket_links_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_links")),
    )
    op.create_index(
        "ix_ticket_links_once",
        "ticket_links",
        ["from_id", "to_id", "kind"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index("ix_ticket_links_to", "ticket_links", ["to_id"], unique=False)
    op.create_table(
        "ticket_merges",
        sa.Column("ticket_id", BigId, autoincrement=False, nullable=False),
        sa.Column("into_id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("was", Json, nullable=False),
        sa.CheckConstraint("ticket_id <> into_id", name=op.f("ck_ticket_merges_two")),
        sa.ForeignKeyConstraint(["into_id"], ["tickets.id"], name=op.f("fk_ticket_merges_into_id")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_merges_ticket_id")
        ),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_ticket_merges")),
    )
    op.create_index(op.f("ix_ticket_merges_into_id"), "ticket_merges", ["into_id"], unique=False)
    op.create_table(
        "ticket_watches",
        sa.Column("ticket_id", BigId, autoincrement=False, nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_watches_ticket_id")
        ),
        sa.PrimaryKeyConstraint("ticket_id", "username", name=op.f("pk_ticket_watches")),
    )
    op.create_index(
        "ix_ticket_watches_username", "ticket_watches", ["username", "ticket_id"], unique=False
    )


def downgrade() -> None:
    op.drop_index("ix_ticket_watches_username", table_name="ticket_watches")
    op.drop_table("ticket_watches")
    op.drop_index(op.f("ix_ticket_merges_into_id"), table_name="ticket_merges")
    op.drop_table("ticket_merges")
    op.drop_index("ix_ticket_links_to", table_name="ticket_links")
    op.drop_index(
        "ix_ticket_links_once",
        table_name="ticket_links",
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.drop_table("ticket_links")
    op.drop_index("ix_message_template_events_template", table_name="message_template_events")
    op.drop_table("message_template_events")
    op.drop_table("message_templates")
