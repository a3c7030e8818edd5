"""What happened to tickets: the story that all figures are counted from."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId


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


class TicketEvent(Base):
    """One thing that happened to a ticket. Rows are added and never changed, but for personal data
    that are taken out of `data` (`tickets.keeping`): a `redacted` event then says that they were.
    """

    __tablename__ = "ticket_events"
    __table_args__ = (
        sa.Index("ix_ticket_events_ticket", "ticket_id", "id"),
        sa.Index("ix_ticket_events_at", "at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("tickets.id"))
    at: Mapped[datetime]
    #: The username of an account, "system", or "=citizen" (`tickets.facts`).
    who: Mapped[str] = mapped_column(sa.String(64))
    kind: Mapped[str] = mapped_column(sa.String(12))
    data: Mapped[dict[str, Any]]


class TicketFault(Base):
    """One failure of a promise, written with the event that tells of it (`tickets.faults`); taken
    away when the bulk move is taken back that it was part of.
    """

    __tablename__ = "ticket_faults"
    __table_args__ = (
        # all of a span, in order; all that is counted stands in the index
        sa.Index("ix_ticket_faults_at", "at", "event_id", "division", "fault"),
        # those of a kind, and those of a kind and a division, in order
        sa.Index("ix_ticket_faults_fault", "fault", "at", "event_id"),
        sa.Index("ix_ticket_faults_division", "division", "fault", "at", "event_id"),
        sa.Index("ix_ticket_faults_ticket", "ticket_id"),
    )

    event_id: Mapped[int] = mapped_column(
        BigId,
        sa.ForeignKey("ticket_events.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("tickets.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    #: A `tickets.faults.Fault`, and the division that had the ticket then.
    fault: Mapped[str] = mapped_column(sa.String(16))
    division: Mapped[str] = mapped_column(sa.String(64))
    #: The id of the bulk move that it was part of.
    bulk: Mapped[int | None] = mapped_column(sa.BigInteger)
