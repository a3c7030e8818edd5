"""what is asked of some days or of a moment, found without reading what came in ten years:
the calls of a number, how an agent stood
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0043"
down_revision: str | None = "0042"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("ix_presence_events_agent_at", "presence_events", ["agent_id", "at"])
    op.create_index("ix_calls_from_number_arrived", "calls", ["from_number", "arrived_at"])
    op.drop_index("ix_calls_from_number", "calls")


def downgrade() -> None:
    op.create_index("ix_calls_from_number", "calls", ["from_number"])
    op.drop_index("ix_calls_from_number_arrived", "calls")
    op.drop_index("ix_presence_events_agent_at", "presence_events")
