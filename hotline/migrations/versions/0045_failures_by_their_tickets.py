"""what went wrong is counted without reading each event"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0045"
down_revision: str | None = "0044"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_FAULTS = (
    "kind IN ('missed', 'overdue', 'escalated', 'routed', 'resumed', 'to_chase', 'undone')"
    " OR kind = 'moved' AND {was} IN ('done', 'cancelled')"
)


def _index(*columns: str) -> None:
    op.drop_index("ix_ticket_events_faults", "ticket_events")
    op.create_index(
        "ix_ticket_events_faults",
        "ticket_events",
        list(columns),
        sqlite_where=sa.text(_FAULTS.format(was="json_extract(data, '$.from')")),
        postgresql_where=sa.text(_FAULTS.format(was="(data ->> 'from')")),
    )


def upgrade() -> None:
    _index("kind", "at", "ticket_id")


def downgrade() -> None:
    _index("kind", "at")
