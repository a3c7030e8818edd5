"""where a ticket is, and the things of the city that stand there"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from hotline.db import BigId, UtcDateTime

revision: str = "0029"
down_revision: str | None = "0028"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OPEN_AREA = "closed_at IS NULL AND area IS NOT NULL"
PINNED = "latitude IS NOT NULL"
WORDS = ("house", "moo", "soi", "road", "address", "landmark")


def upgrade() -> None:
    op.add_column("tickets", sa.Column("area", sa.String(length=64), nullable=True))
    op.create_index(
        "ix_tickets_open_area",
        "tickets",
        ["area", "id"],
        sqlite_where=sa.text(OPEN_AREA),
        postgresql_where=sa.text(OPEN_AREA),
    )
    op.create_table(
        "assets",
        sa.Column("id", BigId, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assets")),
        sa.UniqueConstraint("kind", "key", name=op.f("uq_assets_kind_key")),
    )
    op.create_index("ix_assets_key", "assets", ["key"])
    op.create_index("ix_assets_pin", "assets", ["latitude", "longitude"])
    op.create_table(
        "ticket_places",
        sa.Column("ticket_id", BigId, autoincrement=False, nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("source", sa.String(length=16), nullable=True),
        sa.Column("asset_id", BigId, nullable=True),
        sa.Column("written", sa.String(length=64), nullable=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in WORDS),
        sa.Column("contradicts", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(latitude IS NULL) = (longitude IS NULL)", name=op.f("ck_ticket_places_pin")
        ),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name=op.f("fk_ticket_places_asset_id")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_places_ticket_id")
        ),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_ticket_places")),
    )
    op.create_index(op.f("ix_ticket_places_asset_id"), "ticket_places", ["asset_id"])
    op.create_index(
        "ix_ticket_places_pin",
        "ticket_places",
        ["latitude", "longitude"],
        sqlite_where=sa.text(PINNED),
        postgresql_where=sa.text(PINNED),
    )
    op.create_index(
        "ix_ticket_places_contradicts",
        "ticket_places",
        ["ticket_id"],
        sqlite_where=sa.text("contradicts = 1"),
        postgresql_where=sa.text("contradicts"),
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        # it lets no table change that a trigger names which names one that is gone; the index of
        # the search makes its own anew
        made = (
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'ticket_search_%'"
        )
        for name in op.get_bind().exec_driver_sql(made).scalars().all():
            op.execute(f"DROP TRIGGER {name}")
    op.drop_table("ticket_places")
    op.drop_table("assets")
    op.drop_index("ix_tickets_open_area", "tickets")
    op.drop_column("tickets", "area")
