"""The rows of who else came with a matter."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId


class TicketCaller(Base):
    """One more caller of a ticket: who called with a matter that had one already. The first caller
    is the ticket's own. Taken away, never deleted; who it was goes when the caller is forgotten.

    The person who spoke is that of the call (`tickets.models.CallCitizen`).
    """

    __tablename__ = "ticket_callers"
    __table_args__ = (
        sa.Index("ix_ticket_callers_ticket", "ticket_id", "id"),
        sa.Index("ix_ticket_callers_number", "number"),
        # however often somebody says so, a call adds one caller, and a number counts once
        sa.Index(
            "uq_ticket_callers_call",
            "call_id",
            unique=True,
            sqlite_where=sa.text("removed_at IS NULL"),
            postgresql_where=sa.text("removed_at IS NULL"),
        ),
        sa.Index(
            "uq_ticket_callers_number",
            "ticket_id",
            "number",
            unique=True,
            sqlite_where=sa.text("removed_at IS NULL AND number IS NOT NULL AND again = 0"),
            postgresql_where=sa.text("removed_at IS NULL AND number IS NOT NULL AND NOT again"),
        ),
        # ids stand in events and in what was sent
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("tickets.id"))
    #: The id of the call in the room `ivr`.
    call_id: Mapped[int] = mapped_column(sa.BigInteger)
    #: E.164; NULL: withheld, of an anonymous matter, or forgotten.
    number: Mapped[str | None] = mapped_column(sa.String(32))
    #: Whether that number had called about it before: then nobody new came, and it is not counted.
    again: Mapped[bool]
    #: In which they are written to.
    language: Mapped[str] = mapped_column(sa.String(8))
    #: What this caller said, as the agent wrote it down.
    note: Mapped[str] = mapped_column(sa.Text)
    #: Whether they are told by SMS what becomes of it.
    wants_news: Mapped[bool]
    #: A username.
    by: Mapped[str] = mapped_column(sa.String(64))
    at: Mapped[datetime]
    #: When the conversation was written up: from then on they are told of it.
    settled_at: Mapped[datetime | None]
    removed_by: Mapped[str | None] = mapped_column(sa.String(64))
    removed_at: Mapped[datetime | None]


#: It stands; and it counts.
STANDS = TicketCaller.removed_at.is_(None)
IS_COUNTED = STANDS & (TicketCaller.again == sa.false())
