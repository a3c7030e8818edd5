"""accounts and how they sign in: sessions that rest, second factors, links for a password"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, UtcDateTime

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NEW = ("password_resets", "recovery_codes", "second_factors", "sign_in_events", "strangers")


def upgrade() -> None:
    op.add_column(
        "accounts", sa.Column("contact", sa.String(120), nullable=False, server_default="")
    )
    op.add_column("sign_ins", sa.Column("seen_at", UtcDateTime(), nullable=True))
    op.add_column(
        "sign_ins", sa.Column("browser", sa.String(200), nullable=False, server_default="")
    )
    _table(
        "strangers",
        sa.Column("name_hash", sa.String(64), primary_key=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", UtcDateTime(), nullable=True),
        sa.Column("tried_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_strangers_tried_at", "strangers", ["tried_at"])
    _table(
        "sign_in_events",
        sa.Column("id", BigId, primary_key=True),
        _account("sign_in_events"),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("browser", sa.String(200), nullable=False),
    )
    op.create_index("ix_sign_in_events_account_id", "sign_in_events", ["account_id", "id"])
    op.create_index("ix_sign_in_events_at", "sign_in_events", ["at"])
    _table(
        "second_factors",
        _account("second_factors", primary_key=True),
        sa.Column("secret", sa.String(200), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
    )
    _table(
        "recovery_codes",
        _account("recovery_codes", primary_key=True),
        sa.Column("code_hash", sa.String(64), primary_key=True),
    )
    _table(
        "password_resets",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        _account("password_resets"),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_password_resets_account_id", "password_resets", ["account_id"])
    op.create_index("ix_password_resets_expires_at", "password_resets", ["expires_at"])


def _table(name: str, *columns: sa.Column[object]) -> None:
    keys = [column for column in columns if column.primary_key]
    op.create_table(
        name, *columns, sa.PrimaryKeyConstraint(*(key.name for key in keys), name=f"pk_{name}")
    )


def _account(table: str, *, primary_key: bool = False) -> sa.Column[object]:
    whose = sa.ForeignKey("accounts.id", name=f"fk_{table}_account_id")
    return sa.Column("account_id", BigId, whose, primary_key=primary_key, nullable=False)


def downgrade() -> None:
    for name in NEW:
        op.drop_table(name)
    op.drop_column("sign_ins", "browser")
    op.drop_column("sign_ins", "seen_at")
    op.drop_column("accounts", "contact")
