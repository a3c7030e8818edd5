"""Where the reports get their facts: of calls from the caller's side and from what was
imported, of tickets from theirs.

Kept apart so that everything else in this room knows only `metrics.CallFacts` and
`matters.History`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import chain
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from ivr import figures as callers
from ivr import service as ivr
from ivr.events import Kind
from reports.history import service as history
from reports.history.service import Teller
from reports.matters import RESOLVE_BUCKETS
from reports.metrics import WAIT_BUCKETS, CallFacts
from reports.topics import By, Contact
from tickets import figures as tickets
from tickets.figures import History, Matter, Touched, What
from tickets.units import figures as units
from tickets.units.figures import Job

#: Without an event of one of these kinds a call adds nothing to a number: one that is not named
#: here may be told of any call.
_ANSWERED: Final = (Kind.CONNECTED, Kind.TAKEN_OVER)
_NEEDED: Final[Mapping[str, Collection[Kind]]] = {
    "transferred": (Kind.TRANSFERRING, Kind.TRANSFERRED, Kind.FAULT),
    **dict.fromkeys(
        (
            *("answered", "answered_on_line", "answered_in_threshold", "answered_again"),
            *("wait_answered_ms", "wait_answered_max_ms", *WAIT_BUCKETS),
        ),
        _ANSWERED,
    ),
    **dict.fromkeys(
        (
            *("abandoned", "abandoned_in_threshold", "short_abandoned"),
            *("wait_abandoned_ms", "wait_abandoned_max_ms"),
        ),
        (Kind.ABANDONED,),
    ),
    "left_queue": (Kind.LEFT, Kind.CALLBACK),
    **dict.fromkeys(("left_for_callback", "callbacks_asked", "callbacks_kept"), (Kind.CALLBACK,)),
    **dict.fromkeys(("talked", "talk_ms", "talk_max_ms"), (Kind.TALK_ENDED,)),
    **dict.fromkeys(("held", "hold_ms", "hold_max_ms"), (Kind.HELD,)),
    **dict.fromkeys(("wrapped_up", "wrap_up_ms", "wrap_up_max_ms"), (Kind.WRAPPED_UP,)),
    "offers_made": (Kind.OFFERED,),
    "offers_missed": (Kind.OFFER_ENDED,),
    **dict.fromkeys(
        (
            *("callbacks", "callbacks_reached", "callbacks_unreached"),
            *("wait_callback_ms", "wait_callback_max_ms"),
        ),
        (Kind.CALLBACK_QUEUED,),
    ),
    **dict.fromkeys(("outgoing", "outgoing_reached", "outgoing_talk_ms"), (Kind.CALLED_OUT,)),
    "ended_with_bulletin": (Kind.BULLETIN,),
    "passed_out": (Kind.PASSED_ON, Kind.HANDED_OVER),
    **dict.fromkeys(("rated", "mark_sum"), (Kind.RATED,)),
}
#: What has to happen to a ticket to add to a flow: one that is not named here may be told of by
#: anything.
_HAPPENED: Final[Mapping[str, Collection[What]]] = {
    **dict.fromkeys(("tickets_received", "tickets_answered_at_once"), (What.RECEIVED,)),
    **dict.fromkeys(
        (
            *("tickets_closed", "tickets_closed_due", "tickets_closed_on_time"),
            *("tickets_cancelled", "tickets_resolved", "resolve_ms", *RESOLVE_BUCKETS),
        ),
        (What.CLOSED,),
    ),
    "tickets_merged": (What.MERGED,),
    "tickets_reopened": (What.REOPENED,),
    "deadlines_passed": (What.OVERDUE,),
    **dict.fromkeys(("tickets_judged", "judgement_sum", "results_judged"), (What.JUDGED,)),
    **dict.fromkeys(("categories_suggested", "categories_suggested_right"), (What.CHOSEN,)),
}
#: From a moment on, and before another (UTC).
Spans = Sequence[tuple[datetime, datetime]]


def facts(session: Session, start: datetime, end: datetime) -> Iterator[CallFacts]:
    """One for every visit to a queue that began in [start, end) (UTC), and for every call without
    one that arrived in it.
    """
    return chain(ivr.visits(session, start, end), history.facts(session, [(start, end)]))


def facts_within(session: Session, spans: Spans, *, adding_to: str = "") -> Iterator[CallFacts]:
    """The same of some spans, which are in order and do not touch. `adding_to`: of calls of our own
    none that adds nothing to this counter need be there, nor is most of them.
    """
    calls = ivr.calls_within(session, spans, having=_NEEDED.get(adding_to, ()))
    return chain(ivr.visits_of_calls(session, calls, spans), history.facts(session, spans))


def facts_about(session: Session, spans: Spans, by: By, key: str) -> Iterator[CallFacts]:
    """Those of the calls with this outcome, or whose ticket is of this category or area. None that
    was imported is about anything that we know.
    """
    if by is By.OUTCOME:
        calls = ivr.calls_within(session, spans, outcome=key)
    else:
        there = ivr.calls_within(session, spans)
        calls = tickets.calls_about(session, there, of={by.value: key})
    return ivr.visits_of_calls(session, calls, spans)


def days_to_count(session: Session, first: date = date.min, last: date = date.max) -> set[date]:
    """The days from `first` to `last` (both included) that an import has changed since they were
    counted.
    """
    return history.days_to_count(session, first, last)


def imported_from(session: Session, start: datetime, end: datetime) -> list[str]:
    """The old exchanges of which calls were imported from a time that touches [start, end)."""
    return history.sources(session, start, end)


def tellers(session: Session, start: datetime, end: datetime, zone: ZoneInfo) -> list[Teller]:
    """The same for each import, with the days of its calls and what it knows nothing of."""
    return history.tellers(session, start, end, zone)


def brought(session: Session, start: datetime, end: datetime) -> tuple[int, int]:
    """What is another one as soon as an import changes which calls are counted in [start, end)."""
    return history.brought(session, start, end)


def counting(session: Session, day: date) -> None:
    """Say that a day is being counted, before its facts are read."""
    history.counting(session, day)


def touched_since(session: Session, event_id: int) -> tuple[set[datetime], int]:
    """The deciding moments of all calls with an event newer than `event_id`, and the newest
    event's id.
    """
    return ivr.touched_since(session, event_id)


def facts_of(
    session: Session, calls: Collection[int], start: datetime, end: datetime
) -> Iterator[CallFacts]:
    """Those of some of the hotline's own calls."""
    return ivr.visits_of_calls(session, sorted(calls), [(start, end)])


def first_call(session: Session) -> datetime | None:
    """When the first of the hotline's own arrived; None before it."""
    return callers.first_arrived(session)


def events_since(session: Session, event_id: int) -> list[tuple[int, int]]:
    """Every event of a call newer than `event_id`: its id, and its call's."""
    return ivr.events_since(session, event_id)


def newest_event(session: Session) -> int:
    """The id of the newest event of any call; 0 before the first."""
    return ivr.newest_event(session)


def id_of(facts: CallFacts) -> int | None:
    """By which the tickets know a call; None of one that was brought from another system."""
    found: int | None = getattr(facts, "call_id", None)
    return found


# ---------------------------------------------------------------- who called again


def contacts_around(
    session: Session, calls: Collection[int], start: datetime, end: datetime
) -> list[Contact] | None:
    """Every call in [start, end) of the numbers that made these calls, with what it is about; None
    where it is not known any more who made one of them.
    """
    made = callers.contacts(session, calls)
    if made is None:
        return None
    found = callers.contacts_of(session, {each.number for each in made}, start, end)
    about = matters(session, (each.call_id for each in found))
    return [_contact(each, about.get(each.call_id)) for each in found]


def _contact(call: callers.Contact, matter: Matter | None) -> Contact:
    tickets_of = {call.asked, matter.number if matter else None} - {None}
    category = matter.category if matter else None
    numbers = frozenset(each for each in tickets_of if each is not None)
    return Contact(call.call_id, call.number, call.at, numbers, category)


# ---------------------------------------------------------------- tickets


def histories(session: Session, start: datetime, end: datetime) -> Iterator[History]:
    """Every ticket of which a number in [start, end) (UTC) can be told."""
    return tickets.histories(session, start, end)


def moved(
    session: Session, spans: Spans, *, of: Mapping[str, str], adding_to: str = ""
) -> Iterator[History]:
    """Those of them that add to flows of the spans, of this category, division or area alone; with
    `adding_to` to this counter, and maybe some more.
    """
    what = _HAPPENED.get(adding_to, tuple(What))
    return tickets.moved(session, spans, of=of, what=what)


def standing(
    session: Session, start: datetime, end: datetime, *, of: Mapping[str, str]
) -> Iterator[History]:
    """Those of them that may be open at the end, of this category, division or area alone."""
    return tickets.standing(session, start, end, of=of)


def matters(session: Session, calls: Iterable[int]) -> dict[int, Matter]:
    """The ticket of each of some calls that has one, as it is now."""
    return tickets.matters(session, calls)


def first_ticket(session: Session) -> datetime | None:
    """When the first was received; None before it."""
    return tickets.first_received(session)


def newest_ticket_event(session: Session) -> int:
    """The id of the newest event of any ticket; 0 before the first."""
    return tickets.newest_event(session)


def tickets_touched_since(session: Session, event_id: int) -> Touched:
    """What was added to tickets after an event of theirs."""
    return tickets.touched_since(session, event_id)


def moments_of(session: Session, calls: Collection[int]) -> set[datetime]:
    """The deciding moments of some calls."""
    return callers.moments_of(session, calls)


# ---------------------------------------------------------------- units


def jobs(session: Session, start: datetime, end: datetime) -> Iterator[Job]:
    """Every job of a unit that was sent in [start, end) (UTC)."""
    return units.jobs(session, start, end)


def unit_titles(session: Session) -> Mapping[str, Mapping[str, str]]:
    """What each unit is called, by its code and then by language."""
    return units.titles(session)
