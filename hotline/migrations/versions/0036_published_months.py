"""months as they were published"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import Json, UtcDateTime

revision: str = "0036"
down_revision: str | None = "0035"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

REFUSED = "what was published stays as it was"


def upgrade() -> None:
    op.create_table(
        "published_months",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("figures", Json, nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_published_months")),
    )
    _keep()


def _keep() -> None:
    """Not even a mistake of ours changes a row: the database refuses it."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER published_months_{verb.lower()} BEFORE {verb} ON published_months "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION published_months_kept() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSED}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER published_months_kept BEFORE UPDATE OR DELETE ON published_months "
        "FOR EACH ROW EXECUTE FUNCTION published_months_kept()"
    )


def downgrade() -> None:
    op.drop_table("published_months")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION published_months_kept()")
