"""Several tickets, one matter: links between them and mergings."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId


class TicketLink(Base):
    """Two tickets that have to do with each other: `from_id` is `kind` (`tickets.life.rules.Bond`)
    of `to_id`. Taken away, never deleted.
    """

    __tablename__ = "ticket_links"
    __table_args__ = (
        sa.Index(
            "ix_ticket_links_once",
            "from_id",
            "to_id",
            "kind",
            unique=True,
            sqlite_where=sa.text("removed_at IS NULL"),
            postgresql_where=sa.text("removed_at IS NULL"),
        ),
        sa.Index("ix_ticket_links_to", "to_id"),
        sa.CheckConstraint("from_id <> to_id", name="two"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    from_id: Mapped[int] = mapped_column(sa.ForeignKey("tickets.id"))
    to_id: Mapped[int] = mapped_column(sa.ForeignKey("tickets.id"))
    kind: Mapped[str] = mapped_column(sa.String(12))
    reason: Mapped[str] = mapped_column(sa.Text)
    by: Mapped[str] = mapped_column(sa.String(64))
    at: Mapped[datetime]
    removed_by: Mapped[str | None] = mapped_column(sa.String(64))
    removed_at: Mapped[datetime | None]


class TicketMerge(Base):
    """A ticket that is worked on as part of another: the primary key holds that there is one.

    Its calls, callers and events stay its own; the row goes when it is a matter of its own again.
    """

    __tablename__ = "ticket_merges"
    __table_args__ = (sa.CheckConstraint("ticket_id <> into_id", name="two"),)

    ticket_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("tickets.id"), primary_key=True, autoincrement=False
    )
    into_id: Mapped[int] = mapped_column(sa.ForeignKey("tickets.id"), index=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(sa.String(64))
    #: The columns that the merging changed, as they were.
    was: Mapped[dict[str, Any]]
