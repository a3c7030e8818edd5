"""marks of conversations, and comments on them"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, Json, UtcDateTime

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "quality_marks",
        sa.Column("id", BigId, nullable=False),
        sa.Column("call_id", BigId, nullable=False),
        sa.Column("agent_id", BigId, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("form", Json, nullable=False),
        sa.Column("answers", Json, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("marked_by", BigId, nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_quality_marks_call_id")),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_quality_marks_agent_id")
        ),
        sa.ForeignKeyConstraint(
            ["marked_by"], ["accounts.id"], name=op.f("fk_quality_marks_marked_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_marks")),
        sa.UniqueConstraint(
            "call_id", "agent_id", "version", name=op.f("uq_quality_marks_call_id_agent_id_version")
        ),
    )
    op.create_index("ix_quality_marks_agent_id", "quality_marks", ["agent_id", "published_at"])
    op.create_table(
        "quality_comments",
        sa.Column("id", BigId, nullable=False),
        sa.Column("mark_id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mark_id"], ["quality_marks.id"], name=op.f("fk_quality_comments_mark_id")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_quality_comments_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_comments")),
    )
    op.create_index("ix_quality_comments_mark_id", "quality_comments", ["mark_id"])


def downgrade() -> None:
    op.drop_table("quality_comments")
    op.drop_table("quality_marks")
