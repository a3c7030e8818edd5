"""how an agent stood at a moment of the past, found without reading all that came after"""

from collections.abc import Sequence

from alembic import op

revision: str = "0044"
down_revision: str | None = "0040"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("ix_presence_events_agent_at", "presence_events", ["agent_id", "at"])


def downgrade() -> None:
    op.drop_index("ix_presence_events_agent_at", "presence_events")
