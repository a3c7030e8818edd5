"""The rows of what the city promised."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId
from tickets.workflow import OPEN, State

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
        # what was closed lately: how much of it was in time; and what came in. All that is counted
        # stands in the index: a month of tickets is not read for a dozen numbers
        _partial(
            "ix_tickets_closed",
            *("closed_at", "division", "due_at", "result", "private", "made_by"),
            where="closed_at IS NOT NULL",
        ),
        sa.Index("ix_tickets_received", "received_at", "division", "private", "made_by"),
        # all that ever was due, the first in front
        _partial("ix_tickets_due", "due_at", "id", where="due_at IS NOT NULL"),
        # the same for what is still owed, a small part of a city's tickets
        _partial("ix_tickets_open", "id", where=_OPEN),
        _partial("ix_tickets_open_division", "division", "id", where=_OPEN),
        _partial("ix_tickets_open_owner", "owner", "id", where=_OPEN),
        # the same, what is due first in front
        _partial("ix_tickets_open_division_due", "division", "due_at", "id", where=_OPEN),
        _partial("ix_tickets_open_due", "due_at", "id", where=_OPEN),
        _partial("ix_tickets_escalated", "escalation", "id", where=f"{_OPEN} AND escalation > 0"),
        # what the inbox counts on every page
        _partial(
            "ix_tickets_owed",
            *("division", "due_at", "owner", "private", "made_by", "incomplete", "source"),
            *("acknowledged_at", "acknowledge_due_at", "update_due_at"),
            where=_OPEN,
        ),
        # what each minute looks for: the first of each that is over
        # (the first column is NULL in all of it: so that SQLite takes this one, and not another of
        # what is due)
        _partial(
            "ix_tickets_due_unseen", "overdue_at", "due_at", where=f"{_OPEN} AND overdue_at IS NULL"
        ),
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
        _partial("ix_tickets_unread", "id", where="unread_since IS NOT NULL"),
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
    citizen     what the citizen says: text, by (`page` or `sms`); caller (as that of `caller`)
                when it is one who came with it later
    judged      the citizen's mark for the result: mark (1 to 5), text
    confirmed   the citizen says that it is done: text
    read        somebody has read what the citizen wrote, and needs not answer it: text
    links_ended no link that was sent opens it any more: count
    file_added  file (its id), of (a `tickets.files.rules.Kind`); of a citizen's: who is `CITIZEN`
    file_marked made public or private again: file, of, public, text (why)
    file_removed file, of, text (why)
    message     the city's word to the citizen: text, language, key (of the form, so that it is
                written once), template (an id or null); quiet: no SMS tells of it; cannot be
                taken back
    linked      kind (a `tickets.life.rules.Bond`), other (a number), text (why)
    unlinked    the same, of a link that was taken away
    merged      it is the same matter as into (a number), text (why), from (its state)
    unmerged    it is a matter of its own again: out_of (a number), text, to (its state)
    joined      other (a number) was merged into it, text
    parted      other (a number) is a matter of its own again, text
    forwarded   agency, reference (that agency's number of it), text, chase_at
    to_chase    agency, times: by itself, when it is time to ask the agency again
    chased      agency, text: somebody has asked the agency again; chase_at
    replied     agency, text: what the agency answered
    undone      what a bulk move did to it was taken back: bulk, kind, was, now (its columns)
    told        somebody was told of it: level (of the escalation, or null), why (a
                `hotline.notices.rules.Kind`), to (usernames)
    looked      somebody had the caller's hidden number shown: text (why)
    hidden      the caller's wish to be hidden was written down, or taken back: hidden
    held        nothing of it may be forgotten for now: text (why)
    released    it may again: text (why)
    closing     it will be closed, since nothing happens: until
    caller      one more caller came with the same matter: call_id, caller (the id of a
                `tickets.matters.models.TicketCaller`), callers (how many there are now), again
                (that number had called about it)
    caller_gone it was another matter after all: call_id, caller, callers, text; instead: the
                number of the ticket that the call has now, if it has another one
    unit_asked  a unit is asked for, or no longer: wanted, text
    unit_sent   a unit was sent: dispatch (its id), unit (a code), call_sign, title (by
                language), text (to its crew), due_at (by when it answers)
    unit_moved  the same four, from and to (`tickets.units.rules.State`), text, at (when it
                happened); `tell`: its caller is told; `late`: the job had ended otherwise,
                and nothing was changed
    unit_late   the same four, due_at: it has not answered; instead (a call sign, or null)
    unit_help   the same four, needed, text, at
    redacted    personal data were taken out of it: why (`retention`, `deletion`, `request`,
                `category`), text
    incident    it is part of an incident, or (`out`) is so no more: incident (an id), titles
    =========== =====================================================================

    Each that moves a clock says also `plan` (by clock: due_at, steps as
    `tickets.deadlines.Step.written`) and `before` (by clock: the moment that it was due before).
    `acknowledged` and `news` are true when it was a word of the division that has the ticket,
    `routed` when another division has it from then on, `without_photo` of a `moved` that closed it
    as fixed without the photo that its category wants. `bulk` is the id of the bulk move that an
    event is part of.
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
    MESSAGE = "message"
    CITIZEN = "citizen"
    JUDGED = "judged"
    CONFIRMED = "confirmed"
    READ = "read"
    LINKS_ENDED = "links_ended"
    FILE_ADDED = "file_added"
    FILE_MARKED = "file_marked"
    FILE_REMOVED = "file_removed"
    LINKED = "linked"
    UNLINKED = "unlinked"
    MERGED = "merged"
    UNMERGED = "unmerged"
    JOINED = "joined"
    PARTED = "parted"
    FORWARDED = "forwarded"
    TO_CHASE = "to_chase"
    CHASED = "chased"
    REPLIED = "replied"
    UNDONE = "undone"
    TOLD = "told"
    LOOKED = "looked"
    HIDDEN = "hidden"
    HELD = "held"
    RELEASED = "released"
    CLOSING = "closing"
    CALLER = "caller"
    CALLER_GONE = "caller_gone"
    UNIT_ASKED = "unit_asked"
    UNIT_SENT = "unit_sent"
    UNIT_MOVED = "unit_moved"
    UNIT_LATE = "unit_late"
    UNIT_HELP = "unit_help"
    REDACTED = "redacted"
    INCIDENT = "incident"


#: What may tell of a failure; a move only if it opens again what was closed.
FAULT_KINDS = (
    EventKind.MISSED,
    EventKind.OVERDUE,
    EventKind.ESCALATED,
    EventKind.ROUTED,
    EventKind.RESUMED,
    EventKind.TO_CHASE,
    EventKind.UNDONE,
    EventKind.MOVED,
)


def fault_events(*, sqlite: bool, table: str = "") -> str:
    """The condition under which an event may tell of a failure (`tickets.accountability`): word for
    word the same in the index and in what asks, or the index is not taken.
    """
    kinds = ", ".join(f"'{kind.value}'" for kind in FAULT_KINDS if kind is not EventKind.MOVED)
    data = f"{table}data"
    was = f"json_extract({data}, '$.from')" if sqlite else f"({data} ->> 'from')"
    closed = ", ".join(f"'{state.value}'" for state in State if state not in OPEN)
    again = f"{table}kind = '{EventKind.MOVED.value}' AND {was} IN ({closed})"
    return f"{table}kind IN ({kinds}) OR {again}"


class TicketEvent(Base):
    """One thing that happened to a ticket. Rows are added and never changed, but for personal data
    that are taken out of `data` (`tickets.keeping`): a `redacted` event then says that they were.
    """

    __tablename__ = "ticket_events"
    __table_args__ = (
        sa.Index("ix_ticket_events_ticket", "ticket_id", "id"),
        sa.Index("ix_ticket_events_at", "at"),
        # what a promise failed by, among a hundred times as many
        sa.Index(
            "ix_ticket_events_faults",
            "kind",
            "at",
            "ticket_id",
            sqlite_where=sa.text(fault_events(sqlite=True)),
            postgresql_where=sa.text(fault_events(sqlite=False)),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("tickets.id"))
    at: Mapped[datetime]
    #: The username of an account, "system", or "=citizen" (`tickets.facts`).
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


# ------------------------------------------------------------------ its citizen is told, and acts


class CitizenLink(Base):
    """A link that opens a ticket's page to its citizen (`tickets.links`). The token stands nowhere:
    it is worked out of the nonce with the installation's secret.
    """

    __tablename__ = "citizen_links"
    __table_args__ = (sa.Index("ix_citizen_links_ticket", "ticket_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("tickets.id"))
    #: Whom it was sent to, E.164.
    number: Mapped[str] = mapped_column(sa.String(32))
    nonce: Mapped[str] = mapped_column(sa.String(32))
    #: SHA-256 of the token, in hexadecimal figures.
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    #: A username.
    revoked_by: Mapped[str | None] = mapped_column(sa.String(64))


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
        _partial("ix_ticket_sms_due", "due_at", where="state IN ('waiting', 'sending')"),
        _partial("ix_ticket_sms_lost", "lost_at", where="lost_at IS NOT NULL"),
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


class CitizenAttempt(Base):
    """Wrong proofs of a ticket's page, of one number or from one address (`tickets.attempts`)."""

    __tablename__ = "citizen_attempts"

    #: An HMAC: neither a number nor an address stands here.
    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    failures: Mapped[int]
    tried_at: Mapped[datetime]
    locked_until: Mapped[datetime | None]


# ------------------------------------------------------------------ its files


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
        _partial("ix_ticket_files_waiting", "id", where="stored_at IS NULL AND erased_at IS NULL"),
        _partial("ix_ticket_files_erased", "id", where="erased_at IS NOT NULL AND gone_at IS NULL"),
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


# ------------------------------------------------------------------ what the city writes


class MessageTemplate(Base):
    """Words that are offered for a message to a citizen (`tickets.life.templates`), as they stand
    now: for a category and a state, each NULL for any, in one language.
    """

    __tablename__ = "message_templates"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    category: Mapped[str | None] = mapped_column(sa.String(64))
    state: Mapped[str | None] = mapped_column(sa.String(12))
    language: Mapped[str] = mapped_column(sa.String(8))
    title: Mapped[str] = mapped_column(sa.String(120))
    #: With placeholders (`tickets.life.placeholders`).
    text: Mapped[str] = mapped_column(sa.Text)
    #: How many messages were sent that began with it.
    used: Mapped[int] = mapped_column(default=0, server_default="0")
    #: Counts its changes: who changes it says which one they saw.
    version: Mapped[int]
    author: Mapped[str] = mapped_column(sa.String(64))
    written_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class MessageTemplateEvent(Base):
    """What was done to a template: `written`, `changed`, `withdrawn`, the latter two with how it
    stood under `before`. Append-only.
    """

    __tablename__ = "message_template_events"
    __table_args__ = (sa.Index("ix_message_template_events_template", "template_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    template_id: Mapped[int] = mapped_column(sa.ForeignKey("message_templates.id"))
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(sa.String(64))
    kind: Mapped[str] = mapped_column(sa.String(12))
    data: Mapped[dict[str, Any]]


# ------------------------------------------------------------------ who watches it


class Watch(Base):
    """Somebody who wants to know what becomes of a ticket. Nobody is one without having said so."""

    __tablename__ = "ticket_watches"
    __table_args__ = (sa.Index("ix_ticket_watches_username", "username", "ticket_id"),)

    ticket_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("tickets.id"), primary_key=True, autoincrement=False
    )
    username: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    since: Mapped[datetime]
    #: How many events of others the watcher has seen: a count, since ids need not come in order.
    seen: Mapped[int]


# ------------------------------------------------------------------ several tickets, one matter


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


# ------------------------------------------------------------------ outside agencies


class Forward(Base):
    """A matter that was handed to an agency outside the city, which still owes the answer."""

    __tablename__ = "ticket_forwards"
    __table_args__ = (
        sa.Index("ix_ticket_forwards_ticket", "ticket_id", "id"),
        _partial("ix_ticket_forwards_chase", "chase_at", where="replied_at IS NULL"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("tickets.id"))
    #: An id of `agencies` in config.yaml.
    agency: Mapped[str] = mapped_column(sa.String(64))
    #: The agency's own number of it; empty: it gave none.
    reference: Mapped[str] = mapped_column(sa.String(64))
    by: Mapped[str] = mapped_column(sa.String(64))
    at: Mapped[datetime]
    #: Every so many days it is time to ask again, next at `chase_at`.
    every_days: Mapped[int]
    chase_at: Mapped[datetime]
    #: Since when somebody is to ask; NULL: nothing is to be done now.
    due_since: Mapped[datetime | None]
    #: How often it was time to ask.
    times: Mapped[int] = mapped_column(default=0, server_default="0")
    #: Counts what people did with it: who acts says which one they saw.
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    replied_at: Mapped[datetime | None]


# ------------------------------------------------------------------ many at once


class BulkMove(Base):
    """One move that was made with many tickets. `key` is the form's: it is applied once."""

    __tablename__ = "bulk_moves"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(64), unique=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(sa.String(64))
    #: A `tickets.life.bulk.What`, and what was asked of it.
    kind: Mapped[str] = mapped_column(sa.String(12))
    data: Mapped[dict[str, Any]]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None] = mapped_column(sa.String(64))


class BulkPart(Base):
    """What a bulk move did with one ticket, or why it did not."""

    __tablename__ = "bulk_parts"

    bulk_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("bulk_moves.id"), primary_key=True, autoincrement=False
    )
    ticket_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("tickets.id"), primary_key=True, autoincrement=False
    )
    #: The key of the words for why it was left out, and their values; empty: it was done.
    refused: Mapped[str] = mapped_column(sa.String(64))
    data: Mapped[dict[str, Any]]
    #: The version that it left, and the last of its events.
    version: Mapped[int | None]
    event_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    #: NULL: not asked to undo; empty: undone; else the key of the words for why not.
    undone: Mapped[str | None] = mapped_column(sa.String(64))


# ------------------------------------------------------------------ the inbox


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


# ------------------------------------------------------------------ what they are about


class CategoryChoice(Base):
    """What was suggested when somebody said what a ticket is about, and what they said. No words of
    anybody stand here.
    """

    __tablename__ = "category_choices"
    __table_args__ = (
        sa.Index("ix_category_choices_ticket", "ticket_id", "id"),
        sa.Index("ix_category_choices_at", "at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("tickets.id"))
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(sa.String(64))
    #: The `EventKind` that it came with: made, completed, routed.
    how: Mapped[str] = mapped_column(sa.String(12))
    #: The model that suggested; 0: the shipped one.
    model_id: Mapped[int] = mapped_column(sa.BigInteger)
    #: The likeliest and how likely it is; `said`: `items`, [category, share] of all.
    first: Mapped[str | None] = mapped_column(sa.String(64))
    share: Mapped[float | None] = mapped_column(sa.Float())
    sure: Mapped[bool]
    said: Mapped[dict[str, Any]]
    chosen: Mapped[str | None] = mapped_column(sa.String(64))


class CategoryModel(Base):
    """A model that was learned, with its figures; also one that was refused, without weights."""

    __tablename__ = "category_models"
    # an id in a choice must never become another model's
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(sa.String(64))
    #: `files`: of other cities' tables; `tickets`: of this city's own.
    source: Mapped[str] = mapped_column(sa.String(12))
    #: The model that it was compared with, and the one that it began with.
    against: Mapped[int] = mapped_column(sa.BigInteger)
    before: Mapped[int] = mapped_column(sa.BigInteger)
    #: `used`, `refused` (it was no better), `late` (another one was put in use meanwhile).
    outcome: Mapped[str] = mapped_column(sa.String(12))
    #: lessons, held_out; `new` and `old`: `Figures.as_json` of both; won, lost.
    figures: Mapped[dict[str, Any]]
    #: SHA-256 of the weights, hexadecimal: by it a process knows whether it has them.
    digest: Mapped[str | None] = mapped_column(sa.String(64))
    #: npz; NULL when refused, and when so many newer ones have been used that it was cleared away.
    weights: Mapped[bytes | None] = mapped_column(sa.LargeBinary)


class CategoryModelUse(Base):
    """Which model suggests from when on: the newest row holds. Rows are added, never changed."""

    __tablename__ = "category_model_uses"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(sa.String(64))
    #: 0: the shipped one.
    model_id: Mapped[int] = mapped_column(sa.BigInteger)
    #: The row that it follows (0: none). Two that follow the same one: the second is too late.
    follows: Mapped[int] = mapped_column(sa.BigInteger, unique=True)


# ------------------------------------------------------------------ where it is


class TicketPlace(Base):
    """Where a ticket is (`tickets.places.rules.Place`); one without a row is nowhere yet."""

    __tablename__ = "ticket_places"
    __table_args__ = (
        sa.CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="pin"),
        # what is in a box: what is near
        _partial(
            "ix_ticket_places_pin",
            "latitude",
            "longitude",
            "ticket_id",
            where="latitude IS NOT NULL",
        ),
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


# ------------------------------------------------------------------ whole packages of this room
# whoever knows the room's rows knows theirs

import tickets.field.models  # noqa: E402
import tickets.incidents.models  # noqa: E402
import tickets.matters.models  # noqa: E402
import tickets.units.models  # noqa: E402, F401
