"""What pages are handed of units and their jobs: frozen facts, never rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tickets import numbers
from tickets.facts import TicketFacts
from tickets.places.rules import Pin, Place
from tickets.units.models import Dispatch, Unit
from tickets.units.rules import MOVES, ROAD, Act, Standing, State, Suggestion, is_late


@dataclass(frozen=True)
class DispatchFacts:
    """One job: a unit sent to a ticket. Moments are aware, UTC; None: not yet, or left out."""

    id: int
    unit: str
    call_sign: str
    title: Mapping[str, str]
    ticket_id: int
    ticket_number: str
    place: int
    state: State
    note: str
    outcome: str
    sent_by: str
    sent_at: datetime
    acknowledge_due_at: datetime
    acknowledge_missed_at: datetime | None
    acknowledged_at: datetime | None
    on_way_at: datetime | None
    here_at: datetime | None
    ended_at: datetime | None
    help_since: datetime | None
    from_id: int | None

    @property
    def is_open(self) -> bool:
        """Its unit still has it to do."""
        return self.ended_at is None

    @property
    def number_shown(self) -> str:
        """The ticket's number as it is printed."""
        return numbers.display(self.ticket_number)

    @property
    def since(self) -> datetime:
        """Since when it stands so."""
        moments = (self.ended_at, self.here_at, self.on_way_at, self.acknowledged_at)
        return next((at for at in moments if at is not None), self.sent_at)

    @property
    def next_acts(self) -> tuple[Act, ...]:
        """What its crew says next, in the order of use; the first is the usual one."""
        if not self.is_open:
            return ()
        usual = (Act.ACKNOWLEDGE, Act.ON_WAY, Act.HERE, Act.DONE)
        ahead = usual[ROAD.index(self.state) :]
        return tuple(act for act in ahead if act in MOVES[self.state])

    def is_late(self, now: datetime) -> bool:
        """Its crew should have answered."""
        return is_late(self.state, self.acknowledge_due_at, now)


@dataclass(frozen=True)
class CrewFacts:
    """Somebody who is on a unit now."""

    username: str
    name: str
    from_at: datetime


@dataclass(frozen=True)
class PositionFacts:
    """Where a unit was last; `accuracy_m`: the radius, as its telephone said."""

    pin: Pin
    accuracy_m: float | None
    at: datetime


@dataclass(frozen=True)
class UnitFacts:
    """A unit as it stands: who is on it, where, and its open jobs in their order."""

    id: int
    code: str
    call_sign: str
    title: Mapping[str, str]
    divisions: tuple[str, ...]
    languages: tuple[str, ...]
    telephone: str | None
    active: bool
    version: int
    crew: tuple[CrewFacts, ...]
    position: PositionFacts | None
    jobs: tuple[DispatchFacts, ...]
    standing: Standing
    since: datetime | None


@dataclass(frozen=True)
class Job:
    """What a crew is shown of one job. `photos`: of its ticket that are not removed; `after`: of
    what was done, since it was last opened; `needs_photo`: it cannot be done before there is one.
    """

    dispatch: DispatchFacts
    ticket: TicketFacts
    place: Place
    photos: int
    after: int


@dataclass(frozen=True)
class Taken:
    """A job that was taken from a unit, its ticket, and the call sign of the unit that has it now
    (None: none, it was called back or its ticket is closed).
    """

    dispatch: DispatchFacts
    ticket: TicketFacts
    to: str | None


@dataclass(frozen=True)
class Whole:
    """The incident that a ticket is part of: its id, its titles by language, its open tickets.
    `proposed`: nobody has said yet that it is one, and a unit is sent to each of its tickets.
    """

    id: int
    titles: Mapping[str, str]
    tickets: int
    proposed: bool


@dataclass(frozen=True)
class WaitingFacts:
    """A ticket that waits for a unit: since when, and who asked (None: it is of that kind). One
    with an `incident` that is open stands for all of that.
    """

    ticket: TicketFacts
    place: Place
    since: datetime
    asked_by: str | None
    text: str
    suggestions: Sequence[Suggestion]
    incident: Whole | None = None


@dataclass(frozen=True)
class Board:
    """What the dispatch board shows; `late`: jobs that no crew has answered in time."""

    waiting: Sequence[WaitingFacts]
    units: Sequence[UnitFacts]
    tickets: Mapping[int, TicketFacts]
    places: Mapping[int, Place]
    late: Sequence[DispatchFacts]

    @property
    def proposed(self) -> list[Whole]:
        """The incidents that nobody has confirmed yet and of which something waits here."""
        of = [each.incident for each in self.waiting if each.incident]
        return list({each.id: each for each in of if each.proposed}.values())


def of_dispatch(row: Dispatch, unit: Unit, ticket_number: str) -> DispatchFacts:
    """Copy a row into facts."""
    return DispatchFacts(
        id=row.id,
        unit=unit.code,
        call_sign=unit.call_sign,
        title=unit.title,
        ticket_id=row.ticket_id,
        ticket_number=ticket_number,
        place=row.place,
        state=State(row.state),
        note=row.note,
        outcome=row.outcome,
        sent_by=row.sent_by,
        sent_at=row.sent_at,
        acknowledge_due_at=row.acknowledge_due_at,
        acknowledge_missed_at=row.acknowledge_missed_at,
        acknowledged_at=row.acknowledged_at,
        on_way_at=row.on_way_at,
        here_at=row.here_at,
        ended_at=row.ended_at,
        help_since=row.help_since,
        from_id=row.from_id,
    )
