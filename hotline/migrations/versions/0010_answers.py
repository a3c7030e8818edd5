"""answers: what the city says to what it is asked, and the calls in which it was used"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, Json, UtcDateTime

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "answers",
        sa.Column("id", BigId, nullable=False),
        sa.Column("titles", Json, nullable=False),
        sa.Column("texts", Json, nullable=False),
        sa.Column("keywords", sa.Text(), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=True),
        sa.Column("valid_until", UtcDateTime(), nullable=True),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("written_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
    )
    op.create_index("ix_answers_version", "answers", ["version"])
    op.create_table(
        "answer_events",
        sa.Column("id", BigId, nullable=False),
        sa.Column("answer_id", BigId, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["answers.id"], name=op.f("fk_answer_events_answer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_events")),
        sa.UniqueConstraint("answer_id", "n", name=op.f("uq_answer_events_answer_id_n")),
    )
    op.create_table(
        "answer_uses",
        sa.Column("call_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("answer_id", BigId, autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["answers.id"], name=op.f("fk_answer_uses_answer_id")
        ),
        sa.PrimaryKeyConstraint("call_id", "answer_id", name=op.f("pk_answer_uses")),
    )
    op.create_index("ix_answer_uses_at", "answer_uses", ["at", "answer_id"])


def downgrade() -> None:
    for table in ("answer_uses", "answer_events", "answers"):
        op.drop_table(table)
