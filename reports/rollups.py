"""The parts that the night counts beside the calls' intervals: what calls were about, the tickets,
the agents' time. Each day whole, from events alone, by delete and insert.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents import figures as agents
from hotline import clock
from reports import matters, source, topics
from reports.attendance import (
    PRESENCE_COUNTER_NAMES,
    PresenceCounters,
    count_presence,
    count_shifts,
)
from reports.matters import FLOWS, TICKET_COUNTER_NAMES, Days, Of, TicketCounters
from reports.metrics import CallFacts
from reports.models import (
    RollupDay,
    call_days,
    call_topics,
    presence_days,
    ticket_days,
    ticket_months,
)
from reports.topics import TALLIED, By, Key, Tally

if TYPE_CHECKING:
    from reports.service import How

ONE_DAY = timedelta(days=1)


class Part(StrEnum):
    """What is counted on its own, and looked at on its own."""

    CALLS = "calls"
    TICKETS = "tickets"
    PRESENCE = "presence"


@dataclass(frozen=True)
class Counted:
    """What counting some days of a part did."""

    days: int
    read: int
    written: int
    changed: Sequence[date]


# ---------------------------------------------------------------- what calls were about


def topics_of(session: Session, facts: Sequence[CallFacts], how: "How") -> dict[Key, Tally]:
    """The tallies of a local day from the facts of its calls, but for the first calls."""
    answered = {
        call
        for each in facts
        if each.connected_at is not None
        and not each.outgoing
        and (call := source.id_of(each)) is not None
    }
    found = source.matters(session, answered)
    return topics.count(facts, found, how.rules, how.zone)


def first_calls_of(
    session: Session, day: date, facts: Sequence[CallFacts], how: "How", *, now: datetime
) -> dict[Key, Tally] | None:
    """The first calls of a local day; nothing before their days are over, None where it is not
    known any more who called.
    """
    found = _contacts(session, day, facts, how, now)
    return None if found is None else topics.first_calls(*found)


def first_calls_alone(
    session: Session, day: date, facts: Sequence[CallFacts], how: "How", *, now: datetime
) -> Iterator[tuple[topics.Contact, str]]:
    """The same one by one."""
    found = _contacts(session, day, facts, how, now)
    return iter(()) if found is None else topics.judged(*found)


def _contacts(
    session: Session, day: date, facts: Sequence[CallFacts], how: "How", now: datetime
) -> tuple[list[topics.Contact], list[topics.Contact], timedelta] | None:
    within = timedelta(days=how.first_call_days)
    start, end = clock.day_bounds(day, how.zone)
    if now < end + within:
        return [], [], within
    answered = {
        call
        for each in facts
        if each.connected_at is not None
        and not each.callback
        and not each.outgoing
        and (call := source.id_of(each)) is not None
    }
    around = source.contacts_around(session, answered, start - within, end + within)
    if around is None:
        return None
    return [each for each in around if each.call_id in answered], around, within


def read_topics(session: Session, first: date, last: date) -> dict[tuple[date, Key], Tally]:
    """The stored tallies of some local days, both included."""
    rows = session.execute(sa.select(call_topics).where(call_topics.c.day.between(first, last)))
    return {
        (row["day"], Key(By(row["by"]), row["key"])): Tally(*(int(row[name]) for name in TALLIED))
        for row in rows.mappings()
    }


def write_topics(session: Session, day: date, tallies: Mapping[Key, Tally]) -> None:
    """Put these in the place of a day's rows."""
    session.execute(sa.delete(call_topics).where(call_topics.c.day == day))
    rows = [
        {"day": day, "by": key.by.value, "key": key.key}
        | {name: getattr(tally, name) for name in TALLIED}
        for key, tally in tallies.items()
    ]
    if rows:
        session.execute(sa.insert(call_topics), rows)


# ---------------------------------------------------------------- tickets


def count_tickets(
    session: Session, first: date, last: date, how: "How", *, now: datetime
) -> tuple[dict[Of, TicketCounters], int]:
    """The cells of some local days, both included, as the events stand; and how many tickets were
    read. Writes nothing.
    """
    days = days_of(first, last, how, now=now)
    read = list(source.histories(session, days.starts[0], days.starts[-1]))
    return matters.count(read, days), len(read)


def days_of(first: date, last: date, how: "How", *, now: datetime) -> Days:
    """Some local days, both included, as what is counted in them needs them."""
    number = (last - first).days + 1
    starts = [clock.midnight(first + n * ONE_DAY, how.zone) for n in range(number + 1)]
    return Days(first, starts, now)


def read_tickets(session: Session, first: date, last: date) -> dict[Of, TicketCounters]:
    """The stored cells of some local days, both included."""
    rows = session.execute(sa.select(ticket_days).where(ticket_days.c.day.between(first, last)))
    return {
        Of(row["day"], row["category"], row["division"], row["area"]): TicketCounters(
            *(int(row[name]) for name in TICKET_COUNTER_NAMES)
        )
        for row in rows.mappings()
    }


@dataclass(frozen=True)
class CountedTickets:
    """The cells of some local days, counted before the lock for writing them was taken; `newest`:
    the newest event of a ticket by then.
    """

    first: date
    newest: int
    cells: Mapping[Of, TicketCounters]
    read: int


def counted_tickets(
    session: Session, first: date, last: date, how: "How", *, now: datetime
) -> CountedTickets:
    """Count some local days, both included, for `rebuild_tickets`. Writes nothing."""
    newest = source.newest_ticket_event(session)
    return CountedTickets(first, newest, *count_tickets(session, first, last, how, now=now))


def rebuild_tickets(
    session: Session,
    first: date,
    last: date,
    how: "How",
    *,
    now: datetime,
    counted: CountedTickets | None = None,
) -> Counted:
    """Count some local days, both included, anew, and put their rows in the place of the old.

    With `counted` (of these days and maybe others) they are not counted again, unless something has
    happened to a ticket since.
    """
    _one_at_a_time(session, "ticket_days")
    if counted is not None and counted.newest == source.newest_ticket_event(session):
        days = {of: each for of, each in counted.cells.items() if first <= of.day <= last}
        cells, read = days, counted.read if counted.first == first else 0
    else:
        cells, read = count_tickets(session, first, last, how, now=now)
    before = read_tickets(session, first, last)
    changed = _changed_days(before, cells)
    table = ticket_days
    session.execute(sa.delete(table).where(table.c.day.between(first, last)))
    if cells:
        rows = [of._asdict() | counters.as_dict() for of, counters in cells.items()]
        session.execute(sa.insert(table), rows)
    for month in months_of(first, last):
        session.execute(sa.delete(ticket_months).where(ticket_months.c.month == month))
        session.execute(sa.insert(ticket_months).from_select(["month", *_OF_MONTH], of_days(month)))
    _note(session, Part.TICKETS, first, last, changed, how, now=now)
    return Counted((last - first).days + 1, read, len(cells), sorted(changed))


_KEYS = ("category", "division", "area")
_OF_MONTH = (*_KEYS, *FLOWS)


def months_of(first: date, last: date) -> list[date]:
    """The months (their first days) that some local days, both included, lie in."""
    number = (last.year - first.year) * 12 + last.month - first.month + 1
    months = (first.month - 1 + n for n in range(number))
    return [date(first.year + month // 12, month % 12 + 1, 1) for month in months]


def of_days(month: date) -> sa.Select[Any]:
    """What the days of a month add up to, as its rows in `ticket_months` should be."""
    keys = [ticket_days.c[name] for name in _KEYS]
    sums = [sa.func.sum(ticket_days.c[name]).label(name) for name in FLOWS]
    after = clock.month_days(month.year, month.month)[1]
    anything = sum((ticket_days.c[name] for name in FLOWS), start=sa.literal(0))
    return (
        sa.select(sa.literal(month, sa.Date).label("month"), *keys, *sums)
        .where(ticket_days.c.day >= month, ticket_days.c.day < after)
        .group_by(*keys)
        .having(sa.func.sum(anything) > 0)
    )


def _changed_days(before: Mapping[Of, Any], after: Mapping[Of, Any]) -> set[date]:
    return {of.day for of in {*before, *after} if before.get(of) != after.get(of)}


# ---------------------------------------------------------------- the agents' time


def count_presence_of(
    session: Session, day: date, how: "How", *, now: datetime, shifts: bool = True
) -> dict[int, PresenceCounters]:
    """The counters of each agent who was there on a local day, or should have been; without
    `shifts` those of shifts are left out.
    """
    start, end = clock.day_bounds(day, how.zone)
    cells: dict[int, PresenceCounters] = {}
    for each in agents.days_of(session, day, how.zone, how.roster, now=now, shifts=shifts):
        counters = PresenceCounters()
        count_presence(counters, each.seen, start, min(end, now))
        count_shifts(counters, each.shifts, each.unplanned)
        if not counters.is_empty:
            cells[each.agent_id] = counters
    return cells


def read_presence(session: Session, first: date, last: date) -> dict[tuple[date, int], Any]:
    """The stored counters of some local days, both included, by day and agent."""
    rows = session.execute(sa.select(presence_days).where(presence_days.c.day.between(first, last)))
    return {
        (row["day"], row["agent_id"]): PresenceCounters(
            *(int(row[name]) for name in PRESENCE_COUNTER_NAMES)
        )
        for row in rows.mappings()
    }


@dataclass(frozen=True)
class CountedPresence:
    """The counters of a local day, counted before the lock for writing them was taken; `mark`: that
    of `agents.figures` by then.
    """

    mark: tuple[int, ...]
    cells: Mapping[int, PresenceCounters]


def counted_presence(session: Session, day: date, how: "How", *, now: datetime) -> CountedPresence:
    """Count a local day for `rebuild_presence`. Writes nothing."""
    mark = agents.mark(session, now)
    return CountedPresence(mark, count_presence_of(session, day, how, now=now))


def rebuild_presence(
    session: Session,
    day: date,
    how: "How",
    *,
    now: datetime,
    counted: CountedPresence | None = None,
) -> Counted:
    """Count a local day anew, and put its rows in the place of the old; with `counted` (of this day
    and moment) it is not counted again, unless something has happened since.
    """
    _one_at_a_time(session, "presence_days")
    if counted is not None and counted.mark == agents.mark(session, now):
        cells = counted.cells
    else:
        cells = count_presence_of(session, day, how, now=now)
    before = {agent: each for (_, agent), each in read_presence(session, day, day).items()}
    session.execute(sa.delete(presence_days).where(presence_days.c.day == day))
    if cells:
        rows = [{"day": day, "agent_id": key} | each.as_dict() for key, each in cells.items()]
        session.execute(sa.insert(presence_days), rows)
    changed = [day] if cells != before else []
    _note(session, Part.PRESENCE, day, day, changed, how, now=now)
    return Counted(1, len(cells), len(cells), changed)


# ---------------------------------------------------------------- which days


def totals(session: Session, part: Part, days: Sequence[date]) -> dict[str, int]:
    """The main sums over the stored rows of some days: what a run tells before and after."""
    table, names = _TOLD[part]
    # runs of days, since a year of single ones is more than a statement takes
    found = dict.fromkeys(names, 0)
    for first, last in runs(days):
        columns = (sa.func.coalesce(sa.func.sum(table.c[name]), 0) for name in names)
        row = session.execute(sa.select(*columns).where(table.c.day.between(first, last))).one()
        for name, number in zip(names, row, strict=True):
            found[name] += int(number)
    return found


_TOLD: Mapping[Part, tuple[sa.Table, Sequence[str]]] = {
    Part.CALLS: (call_days, ("calls", "offered", "answered", "abandoned", "talk_ms")),
    Part.TICKETS: (ticket_days, ("tickets_received", "tickets_closed", "tickets_reopened")),
    Part.PRESENCE: (presence_days, ("present_ms", "on_call_ms", "planned_ms")),
}


def known(session: Session, part: Part, first: date, last: date) -> list[RollupDay]:
    """The days of a part that have been counted, of some."""
    return list(
        session.scalars(
            sa.select(RollupDay)
            .where(RollupDay.part == part.value, RollupDay.day.between(first, last))
            .order_by(RollupDay.day)
        )
    )


def begin(session: Session, part: Part, how: "How") -> date | None:
    """The day of the first event of tickets, or of presence, or the first that was counted of them;
    None before any.
    """
    event = source.first_ticket(session) if part is Part.TICKETS else agents.first_seen(session)
    counted = session.scalar(
        sa.select(sa.func.min(RollupDay.day)).where(RollupDay.part == part.value)
    )
    days = [each for each in (event and clock.local_day(event, how.zone), counted) if each]
    return min(days, default=None)


def to_count(session: Session, part: Part, last: date, how: "How") -> set[date]:
    """The days up to `last`, from the part's first event or count on, that were never counted, or
    while they lasted, or by other rules.
    """
    first = begin(session, part, how)
    if first is None:
        return set()
    done = {
        each.day
        for each in known(session, part, first, last)
        if each.rules == how.mark and each.counted_at >= clock.day_bounds(each.day, how.zone)[1]
    }
    number = (last - first).days + 1
    return {day for n in range(number) if (day := first + n * ONE_DAY) not in done}


def runs(days: Iterable[date], longest: int = 92) -> list[tuple[date, date]]:
    """Days as runs of days in a row, none longer than `longest`."""
    found: list[tuple[date, date]] = []
    for day in sorted(days):
        if found and day - found[-1][1] == ONE_DAY and (day - found[-1][0]).days < longest:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def _note(
    session: Session,
    part: Part,
    first: date,
    last: date,
    changed: Collection[date],
    how: "How",
    *,
    now: datetime,
) -> None:
    there = {each.day: each for each in known(session, part, first, last)}
    for number in range((last - first).days + 1):
        day = first + number * ONE_DAY
        row = there.get(day)
        if row is None:
            session.add(
                RollupDay(part=part.value, day=day, counted_at=now, revised_at=None, rules=how.mark)
            )
            continue
        # a shift that begins on a day may end on the next: until then nothing is late
        settled = clock.day_bounds(day, how.zone)[1] + (
            ONE_DAY if part is Part.PRESENCE else 0 * ONE_DAY
        )
        if day in changed and row.counted_at >= settled and row.rules == how.mark:
            row.revised_at = now
        row.counted_at, row.rules = now, how.mark
    session.flush()


def _one_at_a_time(session: Session, table: str) -> None:
    # as `service._one_at_a_time`
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"))
