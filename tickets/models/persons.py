"""The people who bring tickets, and the numbers that they call from."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId


class Citizen(Base):
    """A person who called (`tickets.persons`). All of it is personal data."""

    __tablename__ = "citizens"
    # an id in an event must never become somebody else's after an erasure
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    #: The language that they want to be spoken to in; NULL: as they choose on the telephone.
    language: Mapped[str | None] = mapped_column(sa.String(8))
    note: Mapped[str] = mapped_column(sa.Text)
    #: Why a supervisor has marked them as a VIP; empty: they are none.
    vip: Mapped[str] = mapped_column(sa.Text)
    made_at: Mapped[datetime]
    #: Counts the changes: who changes says which one they saw.
    version: Mapped[int]


class CitizenNumber(Base):
    """A number that a person has called from."""

    __tablename__ = "citizen_numbers"
    __table_args__ = (sa.Index("ix_citizen_numbers_number", "number", "at"),)

    citizen_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("citizens.id"), primary_key=True, autoincrement=False
    )
    #: E.164.
    number: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    #: When they last called from it.
    at: Mapped[datetime]


class CallCitizen(Base):
    """Who spoke in a call. A ticket's persons are those of its calls."""

    __tablename__ = "call_citizens"

    #: The id of the call in the room `ivr`.
    call_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    citizen_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("citizens.id"), index=True)
    at: Mapped[datetime]


class CitizenEvent(Base):
    """What was done to a person's row: `made`, `changed` (before), `vip` (reason), `no_vip`,
    `erased`. Append-only, but for an erasure: it leaves only that it was done, when and by whom.
    """

    __tablename__ = "citizen_events"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: Outlives the person.
    citizen_id: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(sa.String(64))
    kind: Mapped[str] = mapped_column(sa.String(16))
    data: Mapped[dict[str, Any]]
