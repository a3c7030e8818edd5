"""bulletins and blocks"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, Json, UtcDateTime

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    _bulletins()
    _blocks()


def _bulletins() -> None:
    op.create_table(
        "bulletins",
        sa.Column("id", BigId, nullable=False),
        sa.Column("texts", Json, nullable=False),
        sa.Column("places", Json, nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("written_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.Column("heard", sa.Integer(), nullable=True),
        sa.Column("satisfied", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulletins")),
    )
    with op.batch_alter_table("bulletins", schema=None) as batch_op:
        batch_op.create_index(
            "ix_bulletins_on_air",
            ["ends_at"],
            unique=False,
            sqlite_where=sa.text("withdrawn_at IS NULL"),
            postgresql_where=sa.text("withdrawn_at IS NULL"),
        )
    op.create_table(
        "bulletin_events",
        sa.Column("id", BigId, nullable=False),
        sa.Column("bulletin_id", BigId, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["bulletin_id"], ["bulletins.id"], name=op.f("fk_bulletin_events_bulletin_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulletin_events")),
        sa.UniqueConstraint("bulletin_id", "n", name=op.f("uq_bulletin_events_bulletin_id_n")),
    )


def _blocks() -> None:
    op.create_table(
        "blocks",
        sa.Column("id", BigId, nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blocks")),
    )
    with op.batch_alter_table("blocks", schema=None) as batch_op:
        batch_op.create_index(
            "uq_blocks_open",
            ["number"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.create_index("ix_blocks_made", ["made_at"], unique=False)
    op.create_table(
        "block_events",
        sa.Column("id", BigId, nullable=False),
        sa.Column("block_id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.ForeignKeyConstraint(["block_id"], ["blocks.id"], name=op.f("fk_block_events_block_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_block_events")),
    )
    with op.batch_alter_table("block_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_block_events_block_id"), ["block_id"], unique=False)
    op.create_table(
        "nuisance_dismissals",
        sa.Column("id", BigId, nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nuisance_dismissals")),
    )
    with op.batch_alter_table("nuisance_dismissals", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_nuisance_dismissals_until"), ["until"], unique=False)


#: With their indexes, in an order that no foreign key minds.
TABLES = ("nuisance_dismissals", "block_events", "blocks", "bulletin_events", "bulletins")


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
