"""Photos and documents of tickets."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId
from tickets.models.indexes import partial_index


class TicketFile(Base):
    """A photo or document of a ticket (`tickets.files`). Its bytes are kept elsewhere, by name
    (`tickets.files.store`); they are there before the row is. Removed is hidden, never deleted;
    what is erased keeps its row without anything that it told.
    """

    __tablename__ = "ticket_files"
    __table_args__ = (
        sa.Index("ix_ticket_files_ticket", "ticket_id", "id"),
        sa.Index("ix_ticket_files_hash", "hash"),
        sa.Index("ix_ticket_files_thumb", "thumb"),
        # the same picture stands once in a ticket, however often it is sent
        sa.Index(
            "uq_ticket_files_same",
            "ticket_id",
            "hash",
            unique=True,
            sqlite_where=sa.text("removed_at IS NULL AND erased_at IS NULL"),
            postgresql_where=sa.text("removed_at IS NULL AND erased_at IS NULL"),
        ),
        # what each sweep looks for: what the service does not have yet, what is still to be deleted
        partial_index(
            "ix_ticket_files_waiting", "id", where="stored_at IS NULL AND erased_at IS NULL"
        ),
        partial_index(
            "ix_ticket_files_erased", "id", where="erased_at IS NOT NULL AND gone_at IS NULL"
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("tickets.id"))
    #: A `tickets.files.rules.Kind`, and a `Type`: what it is kept as.
    kind: Mapped[str] = mapped_column(sa.String(12))
    type: Mapped[str] = mapped_column(sa.String(8))
    #: What its sender called it; empty for a picture, whose name says nothing.
    name: Mapped[str] = mapped_column(sa.String(120))
    #: The names of its bytes, and of those of its small picture (none of a document).
    hash: Mapped[str] = mapped_column(sa.String(64))
    thumb: Mapped[str | None] = mapped_column(sa.String(64))
    size: Mapped[int] = mapped_column(sa.BigInteger)
    width: Mapped[int | None]
    height: Mapped[int | None]
    #: A username, or `tickets.facts.CITIZEN`.
    added_by: Mapped[str] = mapped_column(sa.String(64))
    added_at: Mapped[datetime]
    by_citizen: Mapped[bool] = mapped_column(default=False)
    #: Where and when it was taken, as its camera said (degrees, WGS 84): an offer for the ticket.
    latitude: Mapped[float | None] = mapped_column(sa.Double)
    longitude: Mapped[float | None] = mapped_column(sa.Double)
    taken_at: Mapped[datetime | None]
    public: Mapped[bool] = mapped_column(default=False)
    removed_at: Mapped[datetime | None]
    removed_by: Mapped[str | None] = mapped_column(sa.String(64))
    #: Since when they are where they are to stay; NULL: they wait in the folder to be sent there.
    stored_at: Mapped[datetime | None]
    #: When the night found that they are not where they should be.
    missing_at: Mapped[datetime | None]
    #: When it was decided that they go, and when they were gone.
    erased_at: Mapped[datetime | None]
    gone_at: Mapped[datetime | None]
