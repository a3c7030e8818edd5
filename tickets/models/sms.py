"""What a ticket's citizen is told by SMS, and says by it."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId
from tickets.models.indexes import partial_index


class TicketSms(Base):
    """One SMS to a ticket's citizen about one event, or why there was none (`tickets.sms`).

    The states: `waiting` (goes at `due_at`), `sending`, `sent` (the carrier has taken it), `failed`
    and `skipped` (`why`: a `tickets.texting.Why`).
    """

    __tablename__ = "ticket_sms"
    __table_args__ = (
        # however often an event is heard of, each who waits for it is told once
        sa.UniqueConstraint("event_id", "moment", "ticket_id", "call_id", "caller_id"),
        sa.Index("ix_ticket_sms_ticket", "ticket_id", "id"),
        sa.Index("ix_ticket_sms_number", "number", "id"),
        partial_index("ix_ticket_sms_due", "due_at", where="state IN ('waiting', 'sending')"),
        partial_index("ix_ticket_sms_lost", "lost_at", where="lost_at IS NOT NULL"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("tickets.id"))
    event_id: Mapped[int] = mapped_column(sa.ForeignKey("ticket_events.id"))
    #: The id of the call by which somebody asked about it whose ticket it is not; 0: the ticket's
    #: own citizen. The event may be of the ticket into which this one is merged.
    call_id: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0")
    #: A `tickets.texting.Moment`.
    moment: Mapped[str] = mapped_column(sa.String(12))
    #: Which of those who came with it later (`tickets.matters.models.TicketCaller`); 0: the first.
    caller_id: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0")
    #: E.164; NULL: withheld, or erased.
    number: Mapped[str | None] = mapped_column(sa.String(32))
    language: Mapped[str] = mapped_column(sa.String(8))
    #: As it is sent, but that {link} stands in the place of the link.
    text: Mapped[str] = mapped_column(sa.Text)
    link_id: Mapped[int | None] = mapped_column(sa.ForeignKey("citizen_links.id"))
    state: Mapped[str] = mapped_column(sa.String(12))
    why: Mapped[str | None] = mapped_column(sa.String(16))
    made_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    #: When the first attempt was made, and until when the present one has.
    tried_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    #: The carrier's name of it, and its word for how far it is (`tickets.texting.RANK`).
    sid: Mapped[str | None] = mapped_column(sa.String(40))
    carrier_status: Mapped[str | None] = mapped_column(sa.String(16))
    error_code: Mapped[str | None] = mapped_column(sa.String(8))
    sent_at: Mapped[datetime | None]
    #: When nothing more is to come of it, and when it was known that it never arrived.
    ended_at: Mapped[datetime | None]
    lost_at: Mapped[datetime | None]


class SmsWish(Base):
    """That somebody wants no SMS, or wants them again: the last word of a number holds."""

    __tablename__ = "sms_wishes"
    __table_args__ = (sa.Index("ix_sms_wishes_number", "number", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(32))
    at: Mapped[datetime]
    wanted: Mapped[bool]


class SmsReceived(Base):
    """An SMS from a citizen that was dealt with: the carrier may tell of it twice."""

    __tablename__ = "sms_received"
    __table_args__ = (sa.Index("ix_sms_received_number", "number"),)

    #: The carrier's name of it.
    sid: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(32))
    at: Mapped[datetime]
    #: The ticket that its words stand in, if it was no wish.
    ticket_id: Mapped[int | None] = mapped_column(sa.ForeignKey("tickets.id"))
