"""What is behind a number: every call, ticket or agent's day that is counted in it, and as how
much. What they add up to is the number, since each is counted alone by the same rules.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain, islice
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import clock
from hotline.errors import Invalid
from reports import figures, fleet, matters, rollups, source, topics
from reports.attendance import OF_SHIFTS, PRESENCE_COUNTER_NAMES
from reports.catalogue import CATALOGUE
from reports.fleet import JOB_COUNTER_NAMES
from reports.matters import STOCKS, TICKET_COUNTER_NAMES
from reports.metrics import (
    COUNTER_NAMES,
    INTERVAL,
    CallFacts,
    Counters,
    count_call,
    moment,
)
from reports.models import (
    ReportDay,
    RollupDay,
    call_days,
    call_intervals,
    call_topics,
    presence_days,
    ticket_days,
)
from reports.rollups import Part
from reports.service import How, days_between
from reports.source import Spans
from reports.span import Span
from reports.topics import RESOLVED, TALLIED, By, Key, Tally
from reports.untold import is_empty, of_days

T = TypeVar("T")

#: A rate leads to what it is taken over.
OF_RATE: Final[Mapping[str, str]] = {
    "service_level": "offered",
    "answer_rate": "offered",
    "abandon_rate": "offered",
    "average_wait": "answered",
    "average_wait_callback": "callbacks_reached",
    "average_wait_abandoned": "abandoned",
    "average_talk": "talked",
    "average_hold": "held",
    "average_wrap_up": "wrapped_up",
    "average_handling": "talked",
    "wait_median": "answered",
    "wait_90": "answered",
    "wait_95": "answered",
    "callbacks_kept_rate": "callbacks_asked",
    "average_mark": "rated",
    "rating_response": "talked",
    "first_call_resolution": "first_calls",
    "on_time": "tickets_closed_due",
    "average_resolve": "tickets_resolved",
    "median_resolve": "tickets_resolved",
    "reopened_rate": "tickets_closed",
    "average_judgement": "tickets_judged",
    "judgement_response": "tickets_resolved",
    "suggestion_accuracy": "categories_suggested",
    "occupancy": "present_ms",
    "adherence": "planned_ms",
    "jobs_acknowledged_on_time": "jobs_acknowledge_due",
    "median_first_sent": "jobs_first",
    "median_job_acknowledged": "jobs_acknowledged",
    "median_job_on_way": "jobs_on_way",
    "median_job_here": "jobs_here",
    "median_job_on_site": "jobs_done",
}
FIRST: Final = ("first_calls", "first_calls_resolved")
#: By which a number of calls, and one of tickets, can be narrowed; of calls one topic at a time.
OF_CALLS: Final = ("queue", "language")
OF_TICKETS: Final = ("category", "division", "area")
OF_JOBS: Final = ("unit",)
#: 1 Monday to 7 Sunday, beside an hour: a field of the week.
WEEKDAY: Final = "weekday"
TOPICS: Final = {
    "hour": By.HOUR,
    "outcome": By.OUTCOME,
    "category": By.CATEGORY,
    "area": By.AREA,
}


@dataclass(frozen=True)
class Wanted:
    """A number: the identifier of a counter, of which days, and narrowed by what."""

    metric: str
    span: Span
    by: Mapping[str, str]

    @property
    def part(self) -> Part:
        if self.metric in TICKET_COUNTER_NAMES:
            return Part.TICKETS
        return Part.PRESENCE if self.metric in PRESENCE_COUNTER_NAMES else Part.CALLS

    @property
    def is_of_jobs(self) -> bool:
        """A number of the units' jobs, which no night counts."""
        return self.metric in JOB_COUNTER_NAMES

    @property
    def weekday(self) -> int | None:
        """0 Monday to 6 Sunday; None: of every day."""
        return int(self.by[WEEKDAY]) - 1 if WEEKDAY in self.by else None

    @property
    def is_largest(self) -> bool:
        """The number is the largest of what is behind it, and not their sum."""
        return self.metric.endswith("_max_ms")

    @property
    def topic(self) -> Key | None:
        """What calls are spread along, when the number is one of those."""
        found = [Key(TOPICS[name], key) for name, key in self.by.items() if name in TOPICS]
        return found[0] if found and self.part is Part.CALLS else None


def wanted(metric: str, span: Span, by: Mapping[str, str]) -> Wanted:
    """The number that is meant; a rate is what it is taken over. Raises Invalid for no number, or
    one that is not told along these.
    """
    found = Wanted(OF_RATE.get(metric, metric), span, by)
    if found.metric not in CATALOGUE:
        raise Invalid(f"no such number: {metric}")
    if unknown := set(by) - _told_by(found):
        raise Invalid(f"{metric} is not told by {', '.join(sorted(unknown))}")
    return found


def _told_by(found: Wanted) -> set[str]:
    """Along what a number is told. Raises Invalid for a day of the week that is none."""
    if found.part is Part.TICKETS:
        return set(OF_TICKETS)
    if found.is_of_jobs:
        return set(OF_JOBS)
    if found.metric not in TALLIED:
        return set(OF_CALLS) if found.metric in COUNTER_NAMES else set()
    if set(found.by) == {"hour", WEEKDAY}:
        if found.by[WEEKDAY] not in map(str, range(1, 8)):
            raise Invalid(f"no weekday: {found.by[WEEKDAY]}")
        return set(found.by)
    return {*OF_CALLS, *(TOPICS if len(found.by) == 1 else ())}


@dataclass(frozen=True)
class Item:
    """One thing that is counted: `kind` is `call`, `ticket` or `agent`, `id` a call's or agent's
    id, or a ticket's number (None: brought from another system); `adds` in the number's unit.
    """

    kind: str
    id: int | str | None
    day: date
    at: datetime
    adds: int


def behind(
    session: Session, of: Wanted, how: How, *, now: datetime, since: date | None = None
) -> Iterator[Item]:
    """Everything that is counted in a number, by day; from `since` on, where that is given."""
    last = min(of.span.last, clock.local_day(now, how.zone))
    first = max(of.span.first, since or of.span.first)
    if of.is_of_jobs:
        yield from _jobs(session, of, first, last, how)
        return
    reading = {Part.CALLS: _calls, Part.TICKETS: _tickets, Part.PRESENCE: _presence}[of.part]
    settled = _settled(session, of.part, first, last, how)
    days = (
        _Day(day, day in settled)
        for day in _days(session, of, first, last, settled)
        if of.weekday in (None, day.weekday())
    )
    yield from reading(session, days, of, how, now)


def _growing(found: Iterable[T], first: int, most: int) -> Iterator[list[T]]:
    """Twice as many each time: who asks for a page of what is frequent is given little more, and a
    page of what is rare is not a hundred statements.
    """
    rest, many = iter(found), first
    while some := list(islice(rest, many)):
        yield some
        many = min(2 * many, most)


@dataclass(frozen=True)
class _Day:
    """A local day; `settled`: it was counted when it was over, so its rows say where to look."""

    day: date
    settled: bool


def summed(of: Wanted, items: Iterator[Item]) -> int:
    """The number that these items give."""
    if of.is_largest:
        return max((item.adds for item in items), default=0)
    return sum(item.adds for item in items)


def _settled(session: Session, part: Part, first: date, last: date, how: How) -> set[date]:
    table: Any = ReportDay if part is Part.CALLS else RollupDay
    known = sa.select(table.day, table.counted_at).where(table.day.between(first, last))
    if part is not Part.CALLS:
        known = known.where(RollupDay.part == part.value)
    days = {
        row.day
        for row in session.execute(known)
        if clock.local_day(row.counted_at, how.zone) > row.day
    }
    return days - source.days_to_count(session, first, last) if part is Part.CALLS else days


def _days(
    session: Session, of: Wanted, first: date, last: date, settled: Collection[date]
) -> Iterator[date]:
    """The days on which there may be something: those whose rows say so, and those without."""
    if of.metric in STOCKS:
        # how it stood when the last day was over
        if last >= first:
            yield last
        return
    table, conditions = _stored(of)
    # of a year of tickets the rows are a hundred thousand
    for some in _growing(days_between(first, last), _DAYS_LOOKED_AT, _MOST_DAYS_LOOKED_AT):
        inside = table.c.day.between(some[0], some[-1])
        there = set(session.scalars(sa.select(table.c.day).where(inside, *conditions).distinct()))
        yield from (day for day in some if day not in settled or day in there)


def _stored(of: Wanted) -> tuple[sa.Table, list[sa.ColumnElement[bool]]]:
    """The rows in which a part of a number stands: their table, and by what they are known."""
    if of.topic is not None or of.metric in FIRST:
        table = call_topics
        by, key = of.topic or Key(By.FIRST, RESOLVED if of.metric == FIRST[1] else "")
        alone = [table.c.key == key] if of.topic is not None or key else []
        metric = "calls" if of.metric in FIRST else of.metric
        return table, [table.c.by == by.value, *alone, table.c[metric] > 0]
    table = {Part.CALLS: call_days, Part.TICKETS: ticket_days, Part.PRESENCE: presence_days}[
        of.part
    ]
    narrowed = [table.c[name] == key for name, key in of.by.items()]
    return table, [table.c[of.metric] > 0, *narrowed]


# ---------------------------------------------------------------- calls


#: The rows of so many days are looked at, first and at most.
_DAYS_LOOKED_AT, _MOST_DAYS_LOOKED_AT = 8, 64
#: So many parts of days, and so many days, are read at once, first and at most.
_PIECES, _MOST_PIECES = 4, 128
_MOST_DAYS = 8
#: What is read of a day at once where the rows say that there is something everywhere.
_PIECE: Final = 4 * INTERVAL


@dataclass(frozen=True)
class _Piece:
    """A part of a local day, [start, end) in UTC."""

    day: date
    start: datetime
    end: datetime


def _calls(
    session: Session, days: Iterable[_Day], of: Wanted, how: How, now: datetime
) -> Iterator[Item]:
    if of.metric in FIRST:
        for of_day in days:
            yield from _first_calls(session, of, of_day.day, how, now)
        return
    for pieces in _batches(session, days, of, how):
        read = list(_read(session, of, _joined((piece.start, piece.end) for piece in pieces)))
        adds = _of_topic(session, of, read, how) if of.topic else _of_counter(of, read, how)
        starts = [piece.start for piece in pieces]
        found: list[list[Item]] = [[] for _ in pieces]
        for each, number in adds:
            if number:
                at = moment(each)
                place = bisect_right(starts, at) - 1
                item = Item("call", source.id_of(each), pieces[place].day, at, number)
                found[place].append(item)
        yield from chain.from_iterable(found)


def _batches(
    session: Session, days: Iterable[_Day], of: Wanted, how: How
) -> Iterator[Sequence[_Piece]]:
    """The parts of some days in which there may be something, in order, some at a time."""
    pieces = (
        _Piece(day, begin, min(end, begin + piece))
        for day, (start, end) in _windows(session, days, of, how)
        for piece in [_PIECE if _told_of_intervals(of) else end - start]
        for begin in _steps(start, end, piece)
    )
    first, most = (_PIECES, _MOST_PIECES) if _told_of_intervals(of) else (1, _MOST_DAYS)
    return _growing(pieces, first, most)


def _steps(start: datetime, end: datetime, step: timedelta) -> Iterator[datetime]:
    while start < end:
        yield start
        start += step


def _told_of_intervals(of: Wanted) -> bool:
    """Whether rows say in which intervals there is something, and not only on which days."""
    return of.topic is None and of.metric not in FIRST


def _read(session: Session, of: Wanted, spans: Spans) -> Iterator[CallFacts]:
    if of.topic is None or of.topic.by is By.HOUR:
        return source.facts_within(session, spans, adding_to=of.metric)
    return source.facts_about(session, spans, *of.topic)


def where(
    session: Session, of: Wanted, how: How, *, now: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """The parts of the span of a number of calls, in order, in which there may be one that is
    counted in it, as the rows say.
    """
    first, last = of.span.first, min(of.span.last, clock.local_day(now, how.zone))
    settled = _settled(session, of.part, first, last, how)
    days = (_Day(day, day in settled) for day in _days(session, of, first, last, settled))
    yield from (window for _, window in _windows(session, days, of, how))


def _windows(
    session: Session, days: Iterable[_Day], of: Wanted, how: How
) -> Iterator[tuple[date, tuple[datetime, datetime]]]:
    """The parts of some days, in order, in which there may be something, each with its day."""
    for some in _growing(days, 1, _MOST_DAYS_LOOKED_AT):
        told = _intervals(session, some, of)
        for each in some:
            start, end = clock.day_bounds(each.day, how.zone)
            parts: Spans = [(start, end)]
            if of.topic is not None and of.topic.by is By.HOUR:
                quarters = (start + n * INTERVAL for n in range((end - start) // INTERVAL))
                at_hour = (at for at in quarters if _hour(at, how) == of.topic.key)
                parts = _joined((at, at + INTERVAL) for at in at_hour)
            elif _told_of_intervals(of) and each.settled:
                parts = _joined((at, at + INTERVAL) for at in told.get(each.day, ()))
            yield from ((each.day, part) for part in parts)


def _hour(at: datetime, how: How) -> str:
    return f"{at.astimezone(how.zone):%H}"


def _intervals(
    session: Session, days: Sequence[_Day], of: Wanted
) -> Mapping[date, Sequence[datetime]]:
    """The intervals of settled days of which rows say that there is something, in order."""
    settled = [each.day for each in days if each.settled]
    if not settled or not _told_of_intervals(of):
        return {}
    table = call_intervals.c
    narrowed = (table[name] == key for name, key in of.by.items())
    asked = sa.select(table.day, table.interval_start).where(
        table.day.in_(settled), table[of.metric] > 0, *narrowed
    )
    found: dict[date, list[datetime]] = {}
    for day, at in session.execute(asked.distinct().order_by(table.day, table.interval_start)):
        found.setdefault(day, []).append(at)
    return found


def _joined(spans: Iterable[tuple[datetime, datetime]]) -> Spans:
    """Spans, in order, as stretches: those that touch are read at once."""
    found: list[tuple[datetime, datetime]] = []
    for start, end in spans:
        if found and start == found[-1][1]:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def _of_counter(of: Wanted, read: list[CallFacts], how: How) -> Iterator[tuple[CallFacts, int]]:
    for each in read:
        theirs = {"queue": each.queue or "", "language": each.language or ""}
        if all(theirs[name] == key for name, key in of.by.items()):
            alone = Counters()
            count_call(alone, each, how.rules)
            yield each, getattr(alone, of.metric)


def _of_topic(
    session: Session, of: Wanted, read: list[CallFacts], how: How
) -> Iterator[tuple[CallFacts, int]]:
    assert of.topic is not None
    ids = (call for each in read if (call := source.id_of(each)) is not None)
    found = source.matters(session, ids)
    for each in read:
        alone = topics.count([each], found, how.rules, how.zone)
        yield each, getattr(alone.get(of.topic, Tally()), of.metric)


def _first_calls(
    session: Session, of: Wanted, day: date, how: How, now: datetime
) -> Iterator[Item]:
    # those that were answered are told of, as of `answered`
    spans = [clock.day_bounds(day, how.zone)]
    read = list(source.facts_within(session, spans, adding_to="answered"))
    for contact, settled in rollups.first_calls_alone(session, day, read, how, now=now):
        if settled == RESOLVED or of.metric == FIRST[0]:
            yield Item("call", contact.call_id, day, contact.at, 1)


# ---------------------------------------------------------------- tickets


def _tickets(
    session: Session, days: Iterable[_Day], of: Wanted, how: How, now: datetime
) -> Iterator[Item]:
    if of.metric in STOCKS:
        for of_day in days:
            yield from _standing(session, of_day, of, how, now)
        return
    for some in _growing(days, 1, _MOST_DAYS):
        span = rollups.days_of(some[0].day, some[-1].day, how, now=now)
        spans = _joined(clock.day_bounds(one.day, how.zone) for one in some)
        found: dict[date, list[Item]] = {one.day: [] for one in some}
        for each in source.moved(session, spans, of=of.by, adding_to=of.metric):
            adds: Counter[date] = Counter()
            for day, name, by in matters.flows(each, span):
                adds[day] += by * (name == of.metric)
            for day, number in adds.items():
                if number and day in found:
                    found[day].append(Item("ticket", each.number, day, each.received_at, number))
        yield from chain.from_iterable(found.values())


def _standing(
    session: Session, of_day: _Day, of: Wanted, how: How, now: datetime
) -> Iterator[Item]:
    """What was open when a day was over."""
    day = of_day.day
    days = rollups.days_of(day, day, how, now=now)
    for each in source.standing(session, days.starts[0], days.starts[-1], of=of.by):
        adds = sum(by for _, name, by in matters.stocks(each, days) if name == of.metric)
        if adds:
            yield Item("ticket", each.number, day, each.received_at, adds)


# ---------------------------------------------------------------- the agents' time


def _presence(
    session: Session, days: Iterable[_Day], of: Wanted, how: How, now: datetime
) -> Iterator[Item]:
    shifts = of.metric in OF_SHIFTS
    for each in days:
        start, _ = clock.day_bounds(each.day, how.zone)
        counted = rollups.count_presence_of(session, each.day, how, now=now, shifts=shifts)
        for agent, counters in counted.items():
            adds = getattr(counters, of.metric)
            if adds:
                yield Item("agent", agent, each.day, start, adds)


# ---------------------------------------------------------------- the units' jobs


def _jobs(session: Session, of: Wanted, first: date, last: date, how: How) -> Iterator[Item]:
    start, end = clock.midnight(first, how.zone), clock.day_bounds(last, how.zone)[1]
    for job in source.jobs(session, start, end) if first <= last else ():
        if of.by.get("unit", job.unit) == job.unit and of.metric in fleet.counted(job):
            yield Item("ticket", job.ticket, clock.local_day(job.sent_at, how.zone), job.sent_at, 1)


# ---------------------------------------------------------------- the number itself


def outdated(session: Session, of: Wanted, how: How) -> int:
    """How many of the days were counted by other settings than those that the list goes by: the
    number and its list differ until the next night.
    """
    if of.is_of_jobs:
        return 0  # counted whenever it is asked for
    table: Any = ReportDay if of.part is Part.CALLS else RollupDay
    days = sa.select(sa.func.count()).where(
        table.day.between(of.span.first, of.span.last), table.rules != how.mark
    )
    if of.part is not Part.CALLS:
        days = days.where(RollupDay.part == of.part.value)
    return session.scalar(days) or 0


def number(session: Session, of: Wanted, how: How, *, now: datetime) -> int | None:
    """The number as the reports have it, from the rows; None where it is empty."""
    if of.topic is not None:
        weekday, by = of.weekday, of.topic.by
        tallies = figures.along(session, of.span, how, by, now=now, weekday=weekday)
        return int(getattr(tallies.get(of.topic.key, Tally()), of.metric))
    if of.metric in FIRST:
        first = figures.along(session, of.span, how, By.FIRST, now=now)
        kept = first if of.metric == FIRST[0] else {RESOLVED: first.get(RESOLVED, Tally())}
        first_calls = sum(each.calls for each in kept.values())
        return None if _is_untold(session, of, how, first_calls) else first_calls
    if of.part is Part.TICKETS:
        counted = figures.of_tickets(session, of.span, how, of.metric, of.by, now=now)
        return 0 if counted is None and len(of.by) > 1 else counted
    if of.part is Part.PRESENCE:
        return figures.of_presence(session, of.span, how, of.metric, now=now)
    if not of.is_of_jobs:
        counted = figures.of_calls(session, of.span, how, of.metric, of.by, now=now)
        return None if _is_untold(session, of, how, counted) else counted
    value = figures.of_jobs(session, of.span, how, of.by, now=now).metrics[of.metric]
    return None if value is None else int(value)


def _is_untold(session: Session, of: Wanted, how: How, counted: int) -> bool:
    if counted:
        return False
    first, last = of.span.first, of.span.last
    return is_empty(of_days(session, first, last, how).of(first, last), of.metric, counted)
