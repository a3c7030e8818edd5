"""How tickets are found and listed: the search, who has read what, saved views."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId


class TicketSearch(Base):
    """What a ticket is found by. Triggers write it, nobody else does (`tickets.inbox.index`)."""

    __tablename__ = "ticket_search"

    ticket_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    #: What everybody finds it by who may read it, and what those do who may see its caller.
    words: Mapped[str] = mapped_column(sa.Text)
    who: Mapped[str] = mapped_column(sa.Text)


class TicketGram(Base):
    """One or two signs that occur in a block of tickets, on PostgreSQL; never taken away."""

    __tablename__ = "ticket_grams"
    __table_args__ = (sa.Index("ix_ticket_grams_gram", "gram", "block"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    gram: Mapped[str] = mapped_column(sa.Text)
    block: Mapped[int]


class TicketLook(Base):
    """How far somebody has read a ticket's story."""

    __tablename__ = "ticket_looks"

    account_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    ticket_id: Mapped[int] = mapped_column(
        BigId,
        sa.ForeignKey("tickets.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    #: The newest event that they have seen.
    event_id: Mapped[int] = mapped_column(sa.BigInteger)


class TicketView(Base):
    """A list of tickets that somebody keeps, for themselves or for their division."""

    __tablename__ = "ticket_views"
    __table_args__ = (
        sa.Index("ix_ticket_views_account_id", "account_id"),
        sa.Index("ix_ticket_views_division", "division"),
        # an address of a view must never become another's
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(sa.BigInteger)
    title: Mapped[str] = mapped_column(sa.String(80))
    #: Whose it is as well; NULL: nobody else's.
    division: Mapped[str | None] = mapped_column(sa.String(64))
    #: The query of the list's address, by its names (`tickets.inbox.views.FIELDS`).
    asked: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class TicketViewChosen(Base):
    """The view that somebody's list begins with."""

    __tablename__ = "ticket_views_chosen"

    account_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    view_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("ticket_views.id", ondelete="CASCADE"), index=True
    )
