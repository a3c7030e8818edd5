"""the waiting room: ranks that age, wider circles, how a stay ended, places that are kept"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import UtcDateTime

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

#: Nullable columns of each table, in the order in which they are added.
NULLABLE = {
    "waiting": (
        ("left_at", UtcDateTime()),
        ("left_by", sa.String(length=12)),
        ("callback_id", sa.BigInteger()),
        ("wants", sa.String(length=64)),
        ("wants_why", sa.String(length=12)),
    ),
    "calls": (
        ("consent", sa.String(length=8)),
        ("mark", sa.Integer()),
        ("ticket", sa.String(length=12)),
    ),
    "offers": (("mark", sa.Integer()), ("skill", sa.String(length=80))),
}

# how the stays before this revision ended, and when, as far as rows tell
_HOW = """
    UPDATE waiting SET left_by = CASE state
        WHEN 'connected' THEN 'connected'
        WHEN 'unseen' THEN 'unseen'
        ELSE CASE WHEN EXISTS (SELECT 1 FROM call_events AS e
                               WHERE e.call_id = waiting.call_id AND e.kind = 'abandoned')
             THEN 'abandoned' ELSE 'fault' END
    END
    WHERE state IN ('connected', 'unseen', 'left')
"""
_WHEN = """
    UPDATE waiting SET left_at = COALESCE(
        (SELECT MAX(e.at) FROM call_events AS e
         WHERE e.call_id = waiting.call_id AND e.kind IN ('connected', 'abandoned', 'left')),
        last_seen_at)
    WHERE left_by IS NOT NULL
"""


def upgrade() -> None:
    for table, columns in NULLABLE.items():
        for name, kind in columns:
            op.add_column(table, sa.Column(name, kind, nullable=True))
    op.add_column("offers", sa.Column("circle", sa.Integer(), server_default="0", nullable=False))
    # SQLite adds a column that must not be NULL only with a default, which nothing ever uses
    default = sa.text("'1970-01-01 00:00:00.000000'")
    op.add_column(
        "waiting", sa.Column("ranked_at", UtcDateTime(), server_default=default, nullable=False)
    )
    op.execute("UPDATE waiting SET ranked_at = entered_at")
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("waiting", "ranked_at", server_default=None)
    op.execute(_HOW)
    op.execute(_WHEN)
    _drop_old_indexes()
    _index("ix_waiting_line", "precedence", "ranked_at", "id", where="state = 'waiting'")
    _index("ix_waiting_oldest", "entered_at", "id", where="state = 'waiting'")
    _index("ix_waiting_departed", "left_at", where="left_at IS NOT NULL")
    seen = sa.text("state = 'waiting' AND callback_id IS NULL")
    op.create_index(
        "ix_waiting_seen",
        "waiting",
        ["last_seen_at"],
        sqlite_where=seen,
        postgresql_where=seen,
    )
    op.create_index("ix_agent_skills_skill", "agent_skills", ["skill", "agent_id"])


def _index(name: str, *columns: str, where: str) -> None:
    """A partial index over the lines of the waiting room."""
    op.create_index(
        name,
        "waiting",
        ["queue", "language", *columns],
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )


def _drop_old_indexes() -> None:
    op.drop_index("ix_waiting_line", "waiting")
    op.drop_index("ix_waiting_seen", "waiting")


def downgrade() -> None:
    op.drop_index("ix_agent_skills_skill", "agent_skills")
    op.drop_index("ix_waiting_oldest", "waiting")
    op.drop_index("ix_waiting_departed", "waiting")
    _drop_old_indexes()
    op.drop_column("offers", "circle")
    op.drop_column("waiting", "ranked_at")
    for table, columns in NULLABLE.items():
        for name, _ in columns:
            op.drop_column(table, name)
    _index("ix_waiting_line", "precedence", "entered_at", "id", where="state = 'waiting'")
    where = sa.text("state = 'waiting'")
    op.create_index(
        "ix_waiting_seen", "waiting", ["last_seen_at"], sqlite_where=where, postgresql_where=where
    )
