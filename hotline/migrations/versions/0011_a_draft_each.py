"""a draft for each agent who talked in a call: who is passed on has two at once"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NAME = "pk_drafts"


def upgrade() -> None:
    _key("call_id", "agent_id")


def downgrade() -> None:
    # the last one stays, as one row a call had it
    drafts = sa.table("drafts", sa.column("call_id"), sa.column("saved_at"))
    other = drafts.alias()
    newer = sa.exists().where(
        other.c.call_id == drafts.c.call_id, other.c.saved_at > drafts.c.saved_at
    )
    op.execute(sa.delete(drafts).where(newer))
    _key("call_id")


def _key(*columns: str) -> None:
    with op.batch_alter_table("drafts") as batch:
        batch.drop_constraint(NAME, type_="primary")
        batch.create_primary_key(NAME, list(columns))
