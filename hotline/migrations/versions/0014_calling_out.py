"""calls that agents make: whose they are, whether they are recorded, how many there were"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COUNTERS = (
    ("outgoing", sa.Integer()),
    ("outgoing_reached", sa.Integer()),
    ("outgoing_talk_ms", sa.BigInteger()),
)
PROMISED = "uq_callbacks_pending_number"
CALLED = "uq_callbacks_called_number"
_PENDING = "state IN ('scheduled', 'in_line', 'dialling', 'paused')"


def _unique(name: str, condition: str) -> None:
    where = sa.text(condition)
    op.create_index(
        name, "callbacks", ["number"], unique=True, sqlite_where=where, postgresql_where=where
    )


def upgrade() -> None:
    op.add_column("callbacks", sa.Column("agent_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "callback_attempts",
        sa.Column("recorded", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    # a promise to a number, and an agent who calls it about a ticket, do not shut each other out
    op.drop_index(PROMISED, "callbacks")
    _unique(PROMISED, f"{_PENDING} AND agent_id IS NULL")
    _unique(CALLED, "state IN ('in_line', 'dialling') AND agent_id IS NOT NULL")
    # before this no agent called anybody
    for name, kind in COUNTERS:
        nothing = sa.Column(name, kind, nullable=False, server_default="0")
        op.add_column("call_intervals", nothing)
    with op.batch_alter_table("call_intervals") as batch:
        for name, kind in COUNTERS:
            batch.alter_column(name, existing_type=kind, server_default=None)


def downgrade() -> None:
    for name, _ in COUNTERS:
        op.drop_column("call_intervals", name)
    # rows of calls that agents made would read as promises
    made = "SELECT id FROM callbacks WHERE agent_id IS NOT NULL"
    op.execute(f"DELETE FROM callback_attempts WHERE callback_id IN ({made})")  # noqa: S608
    op.execute(f"UPDATE waiting SET callback_id = NULL WHERE callback_id IN ({made})")  # noqa: S608
    op.execute("DELETE FROM callbacks WHERE agent_id IS NOT NULL")
    op.drop_index(CALLED, "callbacks")
    op.drop_index(PROMISED, "callbacks")
    _unique(PROMISED, _PENDING)
    op.drop_column("callbacks", "agent_id")
    op.drop_column("callback_attempts", "recorded")
