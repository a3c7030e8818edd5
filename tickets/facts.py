"""What other rooms and pages are handed: frozen facts, never rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tickets import numbers, workflow
from tickets.deadlines import Clock
from tickets.models import EventKind, Ticket, TicketEvent
from tickets.protection import Contact
from tickets.workflow import Kind, Priority, Result, Role, State, Waiting

SYSTEM = "system"
"""Who did what the hotline did by itself."""

CITIZEN = "=citizen"
"""Who did what a ticket's own citizen did: no account can be called so."""

#: How a matter reached the city: told to an agent, left as a voice message, or not heard of yet,
#: since the caller who was promised a callback could not be reached; or written in an SMS.
SOURCES = CALL, MESSAGE, CALLBACK, SMS = "call", "message", "callback", "sms"


def clean(text: str | None) -> str:
    """Return somebody's words trimmed, and without NUL, which PostgreSQL does not keep."""
    return (text or "").replace("\0", "").strip()


@dataclass(frozen=True)
class Actor:
    """Somebody who reads or moves tickets: username, role, and the divisions they administer."""

    username: str
    role: Role
    divisions: frozenset[str] = frozenset()


@dataclass(frozen=True)
class TicketFacts:
    """One ticket as it stands; moments are aware, UTC."""

    id: int
    number: str
    kind: Kind
    state: State
    category: str | None
    division: str
    owner: str | None
    priority: Priority
    private: bool
    incomplete: bool
    text: str
    language: str
    caller_number: str | None
    source: str
    made_by: str
    received_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    result: Result | None
    #: As the columns of `tickets.models.Ticket`.
    version: int = 1
    overdue_at: datetime | None = None
    acknowledge_due_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledge_missed_at: datetime | None = None
    update_due_at: datetime | None = None
    update_missed_at: datetime | None = None
    waiting_for: Waiting | None = None
    waiting_until: datetime | None = None
    escalation: int = 0
    escalate_at: datetime | None = None
    unread_since: datetime | None = None
    reopened: int = 0
    contact: Contact = Contact.DIVISION
    hide_name: bool = False
    hold: str = ""
    held_by: str | None = None
    held_at: datetime | None = None
    closing_told_at: datetime | None = None
    anonymised_at: datetime | None = None
    deleted_at: datetime | None = None
    area: str | None = None

    def due_of(self, clock: Clock) -> datetime | None:
        """When a clock runs out."""
        return {
            Clock.ACKNOWLEDGE: self.acknowledge_due_at,
            Clock.UPDATE: self.update_due_at,
            Clock.RESOLVE: self.due_at,
        }[clock]

    @property
    def ran_out(self) -> dict[Clock, datetime]:
        """The clocks of which it was noticed that they have run out, and when each did."""
        noticed = {
            Clock.ACKNOWLEDGE: self.acknowledge_missed_at and not self.acknowledged_at,
            Clock.UPDATE: self.update_missed_at,
            Clock.RESOLVE: self.overdue_at,
        }
        dues = {clock: self.due_of(clock) for clock in Clock if noticed[clock]}
        return {clock: due for clock, due in dues.items() if due is not None}

    @property
    def is_open(self) -> bool:
        """The city still owes something."""
        return self.state in workflow.OPEN

    @property
    def is_unheard(self) -> bool:
        """Nobody of the city has heard yet what it is about, so its kind says nothing."""
        return self.incomplete and self.source not in (CALL, SMS)

    @property
    def number_shown(self) -> str:
        """The number as it is printed."""
        return numbers.display(self.number)

    @property
    def number_spoken(self) -> str:
        """The number as it is read aloud, digit by digit."""
        return numbers.speech(self.number)

    def is_overdue(self, now: datetime) -> bool:
        """The city owes it and is late."""
        return workflow.is_overdue(self.state, self.due_at, now)


@dataclass(frozen=True)
class EventFacts:
    """One thing that happened; `data` as in the table of `EventKind`."""

    at: datetime
    who: str
    kind: EventKind
    data: dict[str, Any]


def of_ticket(row: Ticket) -> TicketFacts:
    """Copy a row into facts."""
    return TicketFacts(
        id=row.id,
        number=row.number,
        kind=Kind(row.kind),
        state=State(row.state),
        category=row.category,
        division=row.division,
        owner=row.owner,
        priority=Priority(row.priority),
        private=row.private,
        incomplete=row.incomplete,
        text=row.text,
        language=row.language,
        caller_number=row.caller_number,
        source=row.source,
        made_by=row.made_by,
        received_at=row.received_at,
        due_at=row.due_at,
        closed_at=row.closed_at,
        result=None if row.result is None else Result(row.result),
        version=row.version,
        overdue_at=row.overdue_at,
        acknowledge_due_at=row.acknowledge_due_at,
        acknowledged_at=row.acknowledged_at,
        acknowledge_missed_at=row.acknowledge_missed_at,
        update_due_at=row.update_due_at,
        update_missed_at=row.update_missed_at,
        waiting_for=None if row.waiting_for is None else Waiting(row.waiting_for),
        waiting_until=row.waiting_until,
        escalation=row.escalation,
        escalate_at=row.escalate_at,
        unread_since=row.unread_since,
        reopened=row.reopened,
        contact=Contact(row.contact),
        hide_name=row.hide_name,
        hold=row.hold,
        held_by=row.held_by,
        held_at=row.held_at,
        closing_told_at=row.closing_told_at,
        anonymised_at=row.anonymised_at,
        deleted_at=row.deleted_at,
        area=row.area,
    )


def of_event(row: TicketEvent) -> EventFacts:
    """Copy a row into facts."""
    return EventFacts(row.at, row.who, EventKind(row.kind), row.data)
