"""The clocks of one ticket, from its story: nothing is remembered that its events do not give.

Pure but for the types of rows. A verb says what it is about to write; the same `after` that reads
old events reads that one, and the plan follows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from itertools import pairwise
from typing import Any, Final

from tickets import deadlines
from tickets.config import Tickets
from tickets.deadlines import Begins, Clock, History, Pause, Step
from tickets.facts import EventFacts, TicketFacts
from tickets.models import EventKind
from tickets.workflow import OPEN, Kind, Priority, State

DUE: Final[Mapping[Clock, str]] = {
    Clock.ACKNOWLEDGE: "acknowledge_due_at",
    Clock.UPDATE: "update_due_at",
    Clock.RESOLVE: "due_at",
}
"""The columns of the moments at which the clocks run out."""
MISSED: Final[Mapping[Clock, str]] = {
    Clock.ACKNOWLEDGE: "acknowledge_missed_at",
    Clock.UPDATE: "update_missed_at",
    Clock.RESOLVE: "overdue_at",
}
"""The columns of when it was noticed."""


def history(received_at: datetime, story: Iterable[EventFacts]) -> History:
    """Return what of a story its clocks depend on; events in the order in which they happened."""
    return reduce(after, standing(story), History(received_at))


def standing(story: Iterable[EventFacts]) -> list[EventFacts]:
    """Return the events that stand: without those of bulk moves that were taken back."""
    events = list(story)
    undone = {event.data.get("bulk") for event in events if event.kind is EventKind.UNDONE}
    return [event for event in events if event.data.get("bulk", 0) not in undone]


def after(before: History, event: EventFacts) -> History:
    """Return the history with one more event."""
    found = _moved(before, event) if event.kind is EventKind.MOVED else before
    if event.kind is EventKind.WAITING:
        until = datetime.fromisoformat(event.data["until"])
        found = replace(found, pauses=(*_ended(found, event.at), Pause(event.at, until)))
    elif event.kind is EventKind.RESUMED:
        found = replace(found, pauses=_ended(found, event.at))
    if event.data.get("routed"):
        pauses = _ended(found, event.at)
        return replace(found, routed_at=event.at, acknowledged_at=None, news_at=None, pauses=pauses)
    if event.data.get("acknowledged"):
        found = replace(found, acknowledged_at=found.acknowledged_at or event.at)
    if event.data.get("news"):
        found = replace(found, news_at=event.at)
    return found


def _moved(before: History, event: EventFacts) -> History:
    if State(event.data["to"]) not in OPEN:
        return before
    if State(event.data["from"]) not in OPEN:
        return History(event.at, Begins.REOPENED)
    # taken up: that is a word of the division, also where the event does not say so yet
    seen = before.acknowledged_at or event.at
    return replace(before, acknowledged_at=seen, news_at=event.at)


def _ended(before: History, at: datetime) -> tuple[Pause, ...]:
    """Return the pauses, none of which goes on after `at`."""
    return tuple(Pause(each.start, min(each.end, at)) for each in before.pauses)


# ------------------------------------------------------------------ what is written


@dataclass(frozen=True)
class Written:
    """What a plan changes in the row, and what the event says of it."""

    columns: dict[str, Any]
    said: dict[str, Any]


def first(
    config: Tickets, kind: Kind, priority: Priority, category: str | None, received_at: datetime
) -> Written:
    """Return the clocks of a ticket that is new."""
    return _write(_plan(config, kind, priority, category, History(received_at)), {})


def again(
    config: Tickets, ticket: TicketFacts, found: History, *, other_hours: bool = False
) -> Written:
    """Return the clocks of an open ticket (with its kind, category and priority as they will be)
    after what has happened to it.

    A clock that comes out as it was is not spoken of, unless by `other_hours`: the reason is new.
    What was noticed of a moment that is not due any more is forgotten, and an escalation of which
    every cause is gone ends.
    """
    plan = _plan(config, ticket.kind, ticket.priority, ticket.category, found)
    stands = {clock: ticket.due_of(clock) for clock in Clock}
    if found.acknowledged_at is not None:
        del stands[Clock.ACKNOWLEDGE]  # stopped: by when it had to be is a fact
    result = _write(plan, stands, all_of_them=other_hours)
    columns = result.columns
    if found.acknowledged_at != ticket.acknowledged_at:
        columns["acknowledged_at"] = found.acknowledged_at
    fresh = {column: columns[column] for column in MISSED.values() if column in columns}
    seen = replace(ticket, acknowledged_at=found.acknowledged_at, **fresh)
    if not seen.ran_out and (ticket.escalation or ticket.escalate_at):
        columns |= {"escalation": 0, "escalate_at": None}
    return result


def stopped(ticket: TicketFacts, now: datetime) -> dict[str, Any]:
    """Return the columns of a ticket that is closed: nothing runs, and nobody is told any more."""
    return {
        "acknowledged_at": ticket.acknowledged_at or now,
        "waiting_for": None,
        "waiting_until": None,
        "escalation": 0,
        "escalate_at": None,
    }


def _plan(
    config: Tickets, kind: Kind, priority: Priority, category: str | None, found: History
) -> dict[Clock, deadlines.Reckoning]:
    hours = config.hours(kind, priority, category)
    return deadlines.plan(hours, config.office(kind, priority, category), found)


def _write(
    plan: Mapping[Clock, deadlines.Reckoning],
    stands: Mapping[Clock, datetime | None],
    *,
    all_of_them: bool = False,
) -> Written:
    columns: dict[str, Any] = {}
    said: dict[str, Any] = {}
    for clock in Clock:
        reckoned = plan.get(clock)
        if reckoned is None and clock not in stands:
            continue
        due, before = reckoned.due if reckoned else None, stands.get(clock)
        if due == before and not (all_of_them and reckoned):
            continue
        if due != before:
            columns |= {DUE[clock]: due, MISSED[clock]: None}
        steps = [step.written() for step in reckoned.steps] if reckoned else []
        told = {"due_at": due.isoformat() if due else None, "steps": steps}
        said.setdefault("plan", {})[clock.value] = told
        if before is not None and due != before:
            said.setdefault("before", {})[clock.value] = before.isoformat()
    return Written(columns, said)


# ------------------------------------------------------------------ why this date?


@dataclass(frozen=True)
class Why:
    """How a clock's moment was reached, and which moments were told before it, oldest first."""

    clock: Clock
    due: datetime
    steps: tuple[Step, ...]
    before: tuple[datetime, ...]


def reasons(ticket: TicketFacts, story: Iterable[EventFacts]) -> list[Why]:
    """Return the reasons for the clocks that run, as they were written down when it was decided;
    one that was set before reasons were written down is not in it.
    """
    if not ticket.is_open:
        return []
    plans: dict[Clock, list[tuple[datetime, tuple[Step, ...]]]] = {}
    for event in standing(story):
        for clock, told in event.data.get("plan", {}).items():
            if told["due_at"] is None:
                continue
            steps = tuple(Step.read(each) for each in told["steps"])
            due = datetime.fromisoformat(told["due_at"])
            plans.setdefault(Clock(clock), []).append((due, steps))
    found = []
    for clock in Clock:
        stopped_for_good = clock is Clock.ACKNOWLEDGE and ticket.acknowledged_at is not None
        if clock in plans and not stopped_for_good:
            *earlier, (due, steps) = plans[clock]
            if due == ticket.due_of(clock):
                dues = [*(each for each, _ in earlier), due]
                before = tuple(each for each, then in pairwise(dues) if each != then)
                found.append(Why(clock, due, steps, before))
    return found
