"""The ticket itself, and the calls that it is the ticket of."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId
from tickets.models.indexes import partial_index

# A ticket is open while it has not been closed. The planners find the partial indexes by this very
# condition; by the states they would not (a bound value could be any, and SQLite prefers the index
# on the state).
_OPEN = "closed_at IS NULL"


class Ticket(Base):
    """One matter that somebody brought to the city.

    States, kinds and results are those of `tickets.workflow`; usernames are those of accounts.
    """

    __tablename__ = "tickets"
    __table_args__ = (
        sa.CheckConstraint("division <> ''", name="division"),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (state IN ('received', 'in_progress'))", name="closed"
        ),
        # the lists: all of one state, of one division, of one caller, newest first
        sa.Index("ix_tickets_state", "state", "id"),
        sa.Index("ix_tickets_division", "division", "id"),
        sa.Index("ix_tickets_caller", "caller_number", "id"),
        # what is open in an area, newest first
        partial_index("ix_tickets_open_area", "area", "id", where=f"{_OPEN} AND area IS NOT NULL"),
        # what was closed lately: how much of it was in time; and what came in. All that is counted
        # stands in the index: a month of tickets is not read for a dozen numbers
        partial_index(
            "ix_tickets_closed",
            *("closed_at", "division", "due_at", "result", "private", "made_by"),
            where="closed_at IS NOT NULL",
        ),
        sa.Index("ix_tickets_received", "received_at", "division", "private", "made_by"),
        # what was open at some moment long ago, without the tickets themselves
        partial_index(
            "ix_tickets_lived",
            *("received_at", "closed_at", "id"),
            where="closed_at IS NOT NULL",
        ),
        # all that ever was due, the first in front
        partial_index("ix_tickets_due", "due_at", "id", where="due_at IS NOT NULL"),
        # the same for what is still owed, a small part of a city's tickets
        partial_index("ix_tickets_open", "id", where=_OPEN),
        partial_index("ix_tickets_open_division", "division", "id", where=_OPEN),
        partial_index("ix_tickets_open_owner", "owner", "id", where=_OPEN),
        # the same, what is due first in front
        partial_index("ix_tickets_open_division_due", "division", "due_at", "id", where=_OPEN),
        partial_index("ix_tickets_open_due", "due_at", "id", where=_OPEN),
        partial_index(
            "ix_tickets_escalated", "escalation", "id", where=f"{_OPEN} AND escalation > 0"
        ),
        # what the inbox counts on every page
        partial_index(
            "ix_tickets_owed",
            *("division", "due_at", "owner", "private", "made_by", "incomplete", "source"),
            *("acknowledged_at", "acknowledge_due_at", "update_due_at"),
            where=_OPEN,
        ),
        # what each minute looks for: the first of each that is over
        # (the first column is NULL in all of it: so that SQLite takes this one, and not another of
        # what is due)
        partial_index(
            "ix_tickets_due_unseen", "overdue_at", "due_at", where=f"{_OPEN} AND overdue_at IS NULL"
        ),
        partial_index(
            "ix_tickets_acknowledge_unseen",
            "acknowledge_due_at",
            where=f"{_OPEN} AND acknowledged_at IS NULL AND acknowledge_missed_at IS NULL",
        ),
        partial_index(
            "ix_tickets_update_unseen",
            "update_due_at",
            where=f"{_OPEN} AND update_missed_at IS NULL",
        ),
        partial_index(
            "ix_tickets_waiting", "waiting_until", where=f"{_OPEN} AND waiting_for IS NOT NULL"
        ),
        partial_index(
            "ix_tickets_escalate", "escalate_at", where=f"{_OPEN} AND escalate_at IS NOT NULL"
        ),
        partial_index("ix_tickets_unread", "id", where="unread_since IS NOT NULL"),
        sa.Index(
            "ix_tickets_incomplete",
            "id",
            sqlite_where=sa.text("incomplete = 1"),
            postgresql_where=sa.text("incomplete"),
        ),
        # ids must never be used again, also after an erasure: numbers are made of them
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: Made of the id (`tickets.numbers`), so NULL only within the transaction that makes the row.
    number: Mapped[str] = mapped_column(sa.String(12), unique=True, nullable=True)
    kind: Mapped[str] = mapped_column(sa.String(12))
    state: Mapped[str] = mapped_column(sa.String(12))
    category: Mapped[str | None] = mapped_column(sa.String(64))
    division: Mapped[str] = mapped_column(sa.String(64))
    #: Where it is, by the id of an area (`tickets.places`); NULL: nowhere that is known.
    area: Mapped[str | None] = mapped_column(sa.String(64))
    #: The person in the division who took it up; the division owns it with or without one.
    owner: Mapped[str | None] = mapped_column(sa.String(64))
    priority: Mapped[str] = mapped_column(sa.String(12))
    private: Mapped[bool] = mapped_column(default=False)
    #: Made without its agent's word; somebody must complete it.
    incomplete: Mapped[bool] = mapped_column(default=False)
    text: Mapped[str] = mapped_column(sa.Text)
    language: Mapped[str] = mapped_column(sa.String(8))
    #: E.164, or None when withheld.
    caller_number: Mapped[str | None] = mapped_column(sa.String(32))
    #: One of `tickets.facts.SOURCES`.
    source: Mapped[str] = mapped_column(sa.String(16))
    made_by: Mapped[str] = mapped_column(sa.String(64))
    received_at: Mapped[datetime]
    #: When its resolution is due; the other two clocks (`tickets.deadlines`) have columns below.
    due_at: Mapped[datetime | None]
    #: When its lateness was noticed and written down; None again when it is due anew.
    overdue_at: Mapped[datetime | None]
    #: By when the division that has it shows that it has seen it, and when it did; NULL: not yet.
    acknowledge_due_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledge_missed_at: Mapped[datetime | None]
    #: By when that division says something of it again.
    update_due_at: Mapped[datetime | None]
    update_missed_at: Mapped[datetime | None]
    #: A `tickets.workflow.Waiting` while it waits for somebody outside, and until when at most.
    waiting_for: Mapped[str | None] = mapped_column(sa.String(16))
    waiting_until: Mapped[datetime | None]
    #: How many levels of the escalation have been told, and when the next one is.
    escalation: Mapped[int] = mapped_column(default=0, server_default="0")
    escalate_at: Mapped[datetime | None]
    #: Counts the changes of what it is, whose and where: who changes it says which one they saw.
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    closed_at: Mapped[datetime | None]
    result: Mapped[str | None] = mapped_column(sa.String(16))
    #: Since when its citizen has written something that nobody has answered.
    unread_since: Mapped[datetime | None]
    #: How often it was opened again after a closing.
    reopened: Mapped[int] = mapped_column(default=0, server_default="0")
    #: Who may see its caller (`tickets.protection.Contact`), and whether the caller wished to be
    #: hidden from all but the central desk.
    contact: Mapped[str] = mapped_column(
        sa.String(12), default="division", server_default="division"
    )
    hide_name: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    #: Why nothing of it may be forgotten for now (a lawsuit, say), by whom and since when; empty:
    #: it may.
    hold: Mapped[str] = mapped_column(sa.Text, default="", server_default="")
    held_by: Mapped[str | None] = mapped_column(sa.String(64))
    held_at: Mapped[datetime | None]
    #: When it was announced that it will be closed, since nothing happens; when nobody's data were
    #: left in it; and when no words were (`tickets.keeping`).
    closing_told_at: Mapped[datetime | None]
    anonymised_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


#: The conditions of the partial indexes.
IS_OPEN = Ticket.closed_at.is_(None)
IS_INCOMPLETE = Ticket.incomplete == sa.true()


class TicketCall(Base):
    """The one ticket of a call: the primary key holds that there is never a second."""

    __tablename__ = "ticket_calls"
    __table_args__ = (sa.Index("ix_ticket_calls_caller", "caller_number", "ticket_id"),)

    #: The id of the call in the room `ivr`.
    call_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("tickets.id"), index=True)
    caller_number: Mapped[str | None] = mapped_column(sa.String(32))
    at: Mapped[datetime]
