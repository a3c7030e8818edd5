"""reports that go out by themselves: subscriptions, mails, links"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, Json, UtcDateTime

revision: str = "0041"
down_revision: str | None = "0040"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_OF_ACCOUNTS = "ended_at IS NULL AND account_id IS NOT NULL"
_OUTSIDE = "ended_at IS NULL AND account_id IS NULL"
_OPEN = "state IN ('waiting', 'posted')"


def _index(
    name: str, table: str, columns: Sequence[str], where: str, *, unique: bool = False
) -> None:
    condition = sa.text(where)
    op.create_index(
        name,
        table,
        columns,
        unique=unique,
        sqlite_where=condition,
        postgresql_where=condition,
    )


def upgrade() -> None:
    op.create_table(
        "report_subscriptions",
        sa.Column("id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=True),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("forms", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("made_by", sa.String(length=120), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("paused_at", UtcDateTime(), nullable=True),
        sa.Column("paused_because", sa.String(length=200), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_report_subscriptions_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_subscriptions")),
    )
    op.create_index("ix_report_subscriptions_ended_at", "report_subscriptions", ["ended_at"])
    for name, columns, where in (
        ("uq_report_subscriptions_account", ["account_id", "kind"], _OF_ACCOUNTS),
        ("uq_report_subscriptions_email", ["email", "kind"], _OUTSIDE),
    ):
        _index(name, "report_subscriptions", columns, where, unique=True)
    op.create_table(
        "report_editions",
        sa.Column("id", BigId, nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_editions")),
        sa.UniqueConstraint("period", "language", name=op.f("uq_report_editions_period_language")),
    )
    op.create_index("ix_report_editions_made_at", "report_editions", ["made_at"])
    op.create_table(
        "report_edition_files",
        sa.Column("edition_id", BigId, nullable=False),
        sa.Column("form", sa.String(length=8), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"],
            ["report_editions.id"],
            name=op.f("fk_report_edition_files_edition_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("edition_id", "form", name=op.f("pk_report_edition_files")),
    )
    _mails()
    _links()


def _mails() -> None:
    op.create_table(
        "report_mails",
        sa.Column("id", BigId, nullable=False),
        sa.Column("subscription_id", BigId, nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("again_at", UtcDateTime(), nullable=False),
        sa.Column("posted", sa.Integer(), nullable=False),
        sa.Column("edition_id", BigId, nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("error", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["report_subscriptions.id"],
            name=op.f("fk_report_mails_subscription_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["report_editions.id"], name=op.f("fk_report_mails_edition_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_mails")),
        sa.UniqueConstraint(
            "subscription_id", "period", name=op.f("uq_report_mails_subscription_id_period")
        ),
    )
    op.create_index("ix_report_mails_due_at", "report_mails", ["due_at"])
    _index("ix_report_mails_open", "report_mails", ["again_at"], _OPEN)


def _links() -> None:
    op.create_table(
        "report_links",
        sa.Column("id", BigId, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("forms", sa.String(length=40), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("made_by", sa.String(length=120), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_by", sa.String(length=120), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_report_links_token_hash")),
    )
    op.create_index("ix_report_links_expires_at", "report_links", ["expires_at"])
    op.create_table(
        "report_link_visitors",
        sa.Column("link_id", BigId, nullable=False),
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["link_id"],
            ["report_links.id"],
            name=op.f("fk_report_link_visitors_link_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("link_id", "address_hash", name=op.f("pk_report_link_visitors")),
    )


def downgrade() -> None:
    for table in (
        "report_link_visitors",
        "report_links",
        "report_mails",
        "report_edition_files",
        "report_editions",
        "report_subscriptions",
    ):
        op.drop_table(table)
