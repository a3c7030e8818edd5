"""agents' telephones that left in mid-conversation, and are rung again"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, UtcDateTime

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "absences",
        sa.Column("id", BigId, nullable=False),
        sa.Column("offer_id", BigId, nullable=False),
        sa.Column("left_leg", sa.String(length=64), nullable=False),
        sa.Column("lost_at", UtcDateTime(), nullable=False),
        sa.Column("back_before", UtcDateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("rung_at", UtcDateTime(), nullable=True),
        sa.Column("leg_sid", sa.String(length=64), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("result", sa.String(length=12), nullable=True),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["offers.id"], name=op.f("fk_absences_offer_id_offers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absences")),
        sa.UniqueConstraint("offer_id", "left_leg", name=op.f("uq_absences_offer_id_left_leg")),
    )
    op.create_index(
        "uq_absences_open",
        "absences",
        ["offer_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "uq_absences_open",
        table_name="absences",
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_table("absences")
