"""each agent who has talked in a call has a draft of their own"""

from collections.abc import Sequence

from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    _key("call_id", "agent_id")


def _key(*columns: str) -> None:
    with op.batch_alter_table("drafts") as drafts:
        drafts.drop_constraint("pk_drafts", type_="primary")
        drafts.create_primary_key("pk_drafts", list(columns))


def downgrade() -> None:
    # of two drafts of a call only the later one can stay
    op.execute(
        "DELETE FROM drafts WHERE EXISTS (SELECT 1 FROM drafts AS newer"
        " WHERE newer.call_id = drafts.call_id AND (newer.saved_at > drafts.saved_at"
        " OR (newer.saved_at = drafts.saved_at AND newer.agent_id > drafts.agent_id)))"
    )
    _key("call_id")
