"""the roster: shifts, what is changed on single days, the addresses of calendars"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, UtcDateTime

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "roster_shifts",
        sa.Column("id", BigId, nullable=False),
        sa.Column("agent_id", BigId, nullable=False),
        sa.Column("uid", sa.String(length=255), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("start", sa.Time(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("anchor", sa.Date(), nullable=False),
        sa.Column("rule", sa.String(length=200), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_roster_shifts_agent_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_shifts")),
        sa.UniqueConstraint("agent_id", "uid", name=op.f("uq_roster_shifts_agent_id_uid")),
    )
    op.create_table(
        "roster_changes",
        sa.Column("shift_id", BigId, nullable=False),
        sa.Column("planned_day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("agent_id", BigId, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("start", sa.Time(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shift_id"], ["roster_shifts.id"], name=op.f("fk_roster_changes_shift_id")
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_roster_changes_agent_id")
        ),
        sa.PrimaryKeyConstraint("shift_id", "planned_day", name=op.f("pk_roster_changes")),
    )
    op.create_index("ix_roster_changes_agent_id", "roster_changes", ["agent_id"])
    op.create_table(
        "roster_feeds",
        sa.Column("agent_id", BigId, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_roster_feeds_agent_id")),
        sa.PrimaryKeyConstraint("agent_id", name=op.f("pk_roster_feeds")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_roster_feeds_token_hash")),
    )


def downgrade() -> None:
    op.drop_table("roster_feeds")
    op.drop_table("roster_changes")
    op.drop_table("roster_shifts")
