"""notices to the city's people, and how each wants to be told"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, Json, UtcDateTime

revision: str = "0027"
down_revision: str | None = "0026"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_UNSEEN = "seen_at IS NULL"
_TO_MAIL = "mail IN ('held', 'digest', 'posted', 'sending')"
_NOT_SENT = "mail IN ('failed', 'unsure', 'nowhere')"


def upgrade() -> None:
    op.add_column(
        "accounts", sa.Column("email", sa.String(length=254), server_default="", nullable=False)
    )
    op.create_table(
        "notices",
        sa.Column("id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=True),
        sa.Column("mail", sa.String(length=12), nullable=False),
        sa.Column("mail_due_at", UtcDateTime(), nullable=True),
        sa.Column("mail_at", UtcDateTime(), nullable=True),
        sa.Column("mail_error", sa.String(length=200), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_notices_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("account_id", "key", name=op.f("uq_notices_account_id_key")),
    )
    op.create_index("ix_notices_account", "notices", ["account_id", "id"])
    op.create_index("ix_notices_subject", "notices", ["subject", "id"])
    for name, columns, where in (
        ("ix_notices_unseen", ["account_id"], _UNSEEN),
        ("ix_notices_to_mail", ["mail", "mail_due_at"], _TO_MAIL),
        ("ix_notices_not_sent", ["at"], _NOT_SENT),
    ):
        op.create_index(
            name,
            "notices",
            columns,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )
    op.create_table(
        "notice_choices",
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("how", Json, nullable=False),
        sa.Column("quiet_from", sa.String(length=5), nullable=False),
        sa.Column("quiet_until", sa.String(length=5), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_notice_choices_account_id")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_notice_choices")),
    )


def downgrade() -> None:
    op.drop_table("notice_choices")
    op.drop_table("notices")
    op.drop_column("accounts", "email")
