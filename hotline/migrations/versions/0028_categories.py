"""suggested categories: what was chosen instead, and the models"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, Json, UtcDateTime

revision: str = "0028"
down_revision: str | None = "0027"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "category_choices",
        sa.Column("id", BigId, nullable=False),
        sa.Column("ticket_id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("how", sa.String(length=12), nullable=False),
        sa.Column("model_id", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.String(length=64), nullable=True),
        sa.Column("share", sa.Float(), nullable=True),
        sa.Column("sure", sa.Boolean(), nullable=False),
        sa.Column("said", Json, nullable=False),
        sa.Column("chosen", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_category_choices_ticket_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category_choices")),
    )
    op.create_index("ix_category_choices_ticket", "category_choices", ["ticket_id", "id"])
    op.create_index("ix_category_choices_at", "category_choices", ["at"])
    op.create_table(
        "category_models",
        sa.Column("id", BigId, nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("against", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("figures", Json, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("weights", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category_models")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "category_model_uses",
        sa.Column("id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("model_id", sa.BigInteger(), nullable=False),
        sa.Column("follows", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category_model_uses")),
        sa.UniqueConstraint("follows", name=op.f("uq_category_model_uses_follows")),
    )


def downgrade() -> None:
    op.drop_table("category_model_uses")
    op.drop_table("category_models")
    op.drop_table("category_choices")
