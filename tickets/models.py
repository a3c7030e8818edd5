"""The rows of what the city promised."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId

# A ticket is open while it has not been closed. The planners find the partial indexes by this very
# condition; by the states they would not (a bound value could be any, and SQLite prefers the index
# on the state).
_OPEN = "closed_at IS NULL"


def _partial(name: str, *columns: str, where: str) -> sa.Index:
    return sa.Index(name, *columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


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
        _partial("ix_tickets_open_area", "area", "id", where=f"{_OPEN} AND area IS NOT NULL"),
        # what was closed lately: how much of it was in time
        _partial("ix_tickets_closed", "closed_at", where="closed_at IS NOT NULL"),
        # the same for what is still owed, a small part of a city's tickets
        _partial("ix_tickets_open", "id", where=_OPEN),
        _partial("ix_tickets_open_division", "division", "id", where=_OPEN),
        # what each minute looks for: the first of each that is over
        _partial("ix_tickets_due_unseen", "due_at", where=f"{_OPEN} AND overdue_at IS NULL"),
        _partial(
            "ix_tickets_acknowledge_unseen",
            "acknowledge_due_at",
            where=f"{_OPEN} AND acknowledged_at IS NULL AND acknowledge_missed_at IS NULL",
        ),
        _partial(
            "ix_tickets_update_unseen",
            "update_due_at",
            where=f"{_OPEN} AND update_missed_at IS NULL",
        ),
        _partial(
            "ix_tickets_waiting", "waiting_until", where=f"{_OPEN} AND waiting_for IS NOT NULL"
        ),
        _partial(
            "ix_tickets_escalate", "escalate_at", where=f"{_OPEN} AND escalate_at IS NOT NULL"
        ),
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


class EventKind(StrEnum):
    """What can happen to a ticket, and what `data` says of it.

    =========== =====================================================================
    made        kind, category, division, state, result, outcome, call_id, due_at,
                incomplete, text, source (`call`, `message` or `callback`)
    call        one more call about it: call_id, outcome, text
    called_out  an agent called its caller: call_id, result (`answered`, the carrier's word
                for why nobody was reached, or what kept the agent)
    moved       from, to, result, text; due_at when a reopening set a new deadline;
                instead: the number of the ticket that its call went to
    note        text (internal)
    completed   what an incomplete ticket turned out to be: as `made`
    overdue     due_at (the deadline that passed)
    missed      clock (`acknowledge` or `update`), due_at: it ran out
    waiting     for (citizen, agency), until, text (why)
    resumed     text; by itself when `until` has come
    routed      what it is or whose it is was changed: was and now (category, division,
                priority, each only if it changed), text (why)
    assigned    from, to (usernames or null), text
    escalated   level (from 1), to (a `tickets.config.Told`), clocks (those that ran out),
                since
    rated       the caller's mark for the conversation: call_id, mark
    named       the agent wrote down who called: call_id, person (an id: no name stands here)
    placed      where it is: was and now (as `tickets.places.rules.Place.told`), text (why)
    =========== =====================================================================

    Each that moves a clock says also `plan` (by clock: due_at, steps as
    `tickets.deadlines.Step.written`) and `before` (by clock: the moment that it was due before).
    `acknowledged` and `news` are true when it was a word of the division that has the ticket,
    `routed` when another division has it from then on.
    """

    MADE = "made"
    CALL = "call"
    CALLED_OUT = "called_out"
    MOVED = "moved"
    NOTE = "note"
    COMPLETED = "completed"
    OVERDUE = "overdue"
    MISSED = "missed"
    WAITING = "waiting"
    RESUMED = "resumed"
    ROUTED = "routed"
    ASSIGNED = "assigned"
    ESCALATED = "escalated"
    RATED = "rated"
    NAMED = "named"
    PLACED = "placed"


class TicketEvent(Base):
    """One thing that happened to a ticket. Rows are added, never changed."""

    __tablename__ = "ticket_events"
    __table_args__ = (
        sa.Index("ix_ticket_events_ticket", "ticket_id", "id"),
        sa.Index("ix_ticket_events_at", "at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("tickets.id"))
    at: Mapped[datetime]
    #: The username of an account, or "system".
    who: Mapped[str] = mapped_column(sa.String(64))
    kind: Mapped[str] = mapped_column(sa.String(12))
    data: Mapped[dict[str, Any]]


class Absence(Base):
    """Days on which somebody who answers for a division is away. Withdrawn, never deleted."""

    __tablename__ = "ticket_absences"
    __table_args__ = (sa.Index("ix_ticket_absences_last", "last"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    username: Mapped[str] = mapped_column(sa.String(64))
    #: Both included, in the city's time zone.
    first: Mapped[date]
    last: Mapped[date]
    #: Who has their divisions meanwhile; NULL: nobody in particular.
    substitute: Mapped[str | None] = mapped_column(sa.String(64))
    made_by: Mapped[str] = mapped_column(sa.String(64))
    made_at: Mapped[datetime]
    withdrawn_by: Mapped[str | None] = mapped_column(sa.String(64))
    withdrawn_at: Mapped[datetime | None]


class AttentionDay(Base):
    """What needed somebody's attention when a day was over, as `tickets.attention` keeps it."""

    __tablename__ = "ticket_attention"

    day: Mapped[date] = mapped_column(primary_key=True)
    #: When the list was made.
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]]


# ------------------------------------------------------------------ who brings them


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


# ------------------------------------------------------------------ what the city answers


class Answer(Base):
    """What the city says to what it is asked (`tickets.answers`), as it stands now."""

    __tablename__ = "answers"
    # what every search looks at: whether anything has changed
    __table_args__ = (sa.Index("ix_answers_version", "version"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: Language → title, and language → text; Thai and English at least.
    titles: Mapped[dict[str, Any]]
    texts: Mapped[dict[str, Any]]
    keywords: Mapped[str] = mapped_column(sa.Text)
    category: Mapped[str | None] = mapped_column(sa.String(64))
    #: From when on it is not found any more; NULL: as long as nobody changes it.
    valid_until: Mapped[datetime | None]
    #: The username of who wrote it first.
    author: Mapped[str] = mapped_column(sa.String(64))
    written_at: Mapped[datetime]
    #: Counts its changes: who changes it says which one they saw.
    version: Mapped[int]
    withdrawn_at: Mapped[datetime | None]


class AnswerEvent(Base):
    """What was done to an answer, `n` counting from 1. Append-only.

    Kinds: `written`, `changed`, `withdrawn`. The latter two carry it as it stood before under
    `before`: `titles`, `texts`, `keywords`, `category`, `valid_until` (ISO 8601, UTC, or null).
    """

    __tablename__ = "answer_events"
    __table_args__ = (sa.UniqueConstraint("answer_id", "n"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    answer_id: Mapped[int] = mapped_column(sa.ForeignKey("answers.id"))
    n: Mapped[int]
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(sa.String(64))
    kind: Mapped[str] = mapped_column(sa.String(16))
    data: Mapped[dict[str, Any]]


class AnswerUse(Base):
    """An answer that was used in a call, which is counted once. Append-only."""

    __tablename__ = "answer_uses"
    __table_args__ = (sa.Index("ix_answer_uses_at", "at", "answer_id"),)

    #: The id of the call in the room `ivr`.
    call_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    answer_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("answers.id"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime]


# ------------------------------------------------------------------ where it is


class TicketPlace(Base):
    """Where a ticket is (`tickets.places.rules.Place`); one without a row is nowhere yet."""

    __tablename__ = "ticket_places"
    __table_args__ = (
        sa.CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="pin"),
        # what is in a box: what is near
        _partial("ix_ticket_places_pin", "latitude", "longitude", where="latitude IS NOT NULL"),
        sa.Index(
            "ix_ticket_places_contradicts",
            "ticket_id",
            sqlite_where=sa.text("contradicts = 1"),
            postgresql_where=sa.text("contradicts"),
        ),
    )

    ticket_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("tickets.id"), primary_key=True, autoincrement=False
    )
    #: WGS 84, degrees.
    latitude: Mapped[float | None] = mapped_column(sa.Double)
    longitude: Mapped[float | None] = mapped_column(sa.Double)
    #: A `tickets.places.rules.PinSource`.
    source: Mapped[str | None] = mapped_column(sa.String(16))
    asset_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("assets.id"), index=True)
    #: The sub-district that the words name; the ticket's own `area` is whose the place is.
    written: Mapped[str | None] = mapped_column(sa.String(64))
    house: Mapped[str] = mapped_column(sa.Text)
    moo: Mapped[str] = mapped_column(sa.Text)
    soi: Mapped[str] = mapped_column(sa.Text)
    road: Mapped[str] = mapped_column(sa.Text)
    address: Mapped[str] = mapped_column(sa.Text)
    landmark: Mapped[str] = mapped_column(sa.Text)
    contradicts: Mapped[bool]


#: The condition of the partial index: the pin is not where the words say.
MISPLACED = TicketPlace.contradicts == sa.true()


class Asset(Base):
    """A thing of the city with a number on it and a place: a lamp, a bin, a water point."""

    __tablename__ = "assets"
    __table_args__ = (
        sa.UniqueConstraint("kind", "key"),
        sa.Index("ix_assets_key", "key"),
        sa.Index("ix_assets_pin", "latitude", "longitude"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(32))
    #: As it stands on it, and as it is compared (`tickets.places.assets.key_of`).
    number: Mapped[str] = mapped_column(sa.String(64))
    key: Mapped[str] = mapped_column(sa.String(64))
    note: Mapped[str] = mapped_column(sa.Text)
    latitude: Mapped[float] = mapped_column(sa.Double)
    longitude: Mapped[float] = mapped_column(sa.Double)
    at: Mapped[datetime]
