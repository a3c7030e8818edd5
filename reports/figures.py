"""All numbers of a span of days at once, from the stored rows: what dashboards, files and the
annual report are drawn from. A year takes a quarter of a second.

Nothing is worked out here but sums: what each number means stands in `metrics`, `topics`,
`matters` and `attendance`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any, Final, Literal, TypeVar

from sqlalchemy.orm import Session

from hotline import clock
from reports import attendance, fleet, source
from reports.attendance import (
    PresenceCounters,
    PresenceRates,
    presence_rates,
)
from reports.fleet import Job, JobCounters, JobRates, job_rates
from reports.matters import (
    STOCKS,
    TicketCounters,
    TicketRates,
    ticket_rates,
)
from reports.metrics import Counters, Rates, is_largest_of_none, rates, total
from reports.rollups import Part
from reports.service import How, LiveFacts
from reports.span import Coverage, Span
from reports.stored import Stored, TicketCell
from reports.topics import RESOLVED, By, Tally, first_call_rate
from reports.untold import EVERYTHING_TOLD, Untold, basis, is_empty, of_days

Item = TypeVar("Item")
#: So many digits of a rate are told.
DIGITS: Final = 6
Value = int | float | None


@dataclass(frozen=True)
class Calls:
    """Some calls: counters and rates, and the first calls where they are told of (the whole)."""

    counters: Counters
    rates: Rates
    first: tuple[int, int] | None = None
    #: False: nobody counted them, and they are not none.
    known: bool = True
    #: The counters that nobody could have told of them (`untold`).
    untold: frozenset[str] = frozenset()

    @property
    def metrics(self) -> dict[str, Value]:
        """Every number by its identifier; the largest of none is None, and all of what nobody
        counted or could have told.
        """
        counted: dict[str, Value] = {**self.counters.as_dict()}
        for name in counted:
            if is_largest_of_none(self.counters, name):
                counted[name] = None
        if self.first is not None:
            resolved, repeated = self.first
            counted["first_calls"] = resolved + repeated
            counted["first_calls_resolved"] = resolved
            counted["first_call_resolution"] = first_call_rate(resolved, repeated)
        found = counted | asdict(self.rates)
        for name in found if self.untold else ():
            if is_empty(self.untold, name, counted.get(basis(name))):
                found[name] = None
        return found if self.known else dict.fromkeys(found)


@dataclass(frozen=True)
class Tickets:
    """Some tickets: counters and rates. `stocks` False: of a span without any, empty ones; `known`
    False: nobody counted them.
    """

    counters: TicketCounters
    rates: TicketRates
    stocks: bool = True
    known: bool = True

    @property
    def metrics(self) -> dict[str, Value]:
        """Every number by its identifier."""
        counted: dict[str, Value] = {**self.counters.as_dict()}
        if not self.stocks:
            counted |= dict.fromkeys(STOCKS)
        found = counted | asdict(self.rates)
        return found if self.known else dict.fromkeys(found)


@dataclass(frozen=True)
class Presence:
    """The time of some agents: counters and rates. `known` False: nobody counted it."""

    counters: PresenceCounters
    rates: PresenceRates
    known: bool = True

    @property
    def metrics(self) -> dict[str, Value]:
        """Every number by its identifier."""
        found: dict[str, Value] = {**self.counters.as_dict(), **asdict(self.rates)}
        return found if self.known else dict.fromkeys(found)


@dataclass(frozen=True)
class Jobs:
    """Some jobs of units: counters and rates."""

    counters: JobCounters
    rates: JobRates

    @property
    def metrics(self) -> dict[str, Value]:
        """Every number by its identifier."""
        return {**self.counters.as_dict(), **asdict(self.rates)}


@dataclass(frozen=True)
class Figures:
    """All numbers of a span. Mappings are in the order of time or, of ids, by how many."""

    span: Span
    as_of: datetime
    #: The last day of which anything can be told: that of `as_of`, if the span is not over.
    until: date
    formula: str
    threshold_seconds: float
    coverage: Mapping[Part, Coverage]
    calls: Calls
    calls_by_month: Mapping[date, Calls]
    calls_by_queue: Mapping[str, Calls]
    calls_by_language: Mapping[str, Calls]
    #: (weekday, 0 Monday; hour, local) → calls.
    hours: Mapping[tuple[int, int], Tally]
    outcomes: Mapping[str, Tally]
    categories: Mapping[str, Tally]
    areas: Mapping[str, Tally]
    tickets: Tickets
    tickets_by_month: Mapping[date, Tickets]
    tickets_by_category: Mapping[str, Tickets]
    tickets_by_division: Mapping[str, Tickets]
    tickets_by_area: Mapping[str, Tickets]
    presence: Presence
    presence_by_month: Mapping[date, Presence]
    jobs: Jobs
    jobs_by_month: Mapping[date, Jobs]
    jobs_by_unit: Mapping[str, Jobs]
    #: What each unit is called, by its code and then by language.
    unit_titles: Mapping[str, Mapping[str, str]]
    #: Who told of the calls: the imports of which some may be among them.
    untold: Untold = EVERYTHING_TOLD

    @property
    def metrics(self) -> dict[str, Value]:
        """Every number of the whole span, by the identifier of docs/metrics.md."""
        return {
            **self.calls.metrics,
            **self.tickets.metrics,
            **self.presence.metrics,
            **self.jobs.metrics,
        }

    def knows_whole(self, id_: str) -> bool:
        """Whether every day of the span is in a number."""
        part = Part.CALLS
        if id_ in self.tickets.metrics or id_ in self.jobs.metrics:
            part = Part.TICKETS
        elif id_ in self.presence.metrics:
            part = Part.PRESENCE
        return self.coverage[part].days == (self.until - self.span.first).days + 1

    def unit_title(self, language: str) -> Callable[[str], str]:
        """What a unit is called, of its code."""
        return lambda code: self.unit_titles.get(code, {}).get(language) or code

    def as_json(self) -> dict[str, Any]:
        """The whole, as JSON takes it: durations in milliseconds, shares from 0 to 1, None for
        what is empty.
        """
        return {
            "from": self.span.first.isoformat(),
            "until": self.span.last.isoformat(),
            "as_of": self.as_of.isoformat(timespec="seconds"),
            "service_level": {
                "formula": self.formula,
                "threshold_seconds": self.threshold_seconds,
            },
            "coverage": {part.value: _coverage(each) for part, each in self.coverage.items()},
            "imported": [
                {
                    "source": each.source,
                    "from": each.first.isoformat(),
                    "until": each.last.isoformat(),
                    "untold": sorted(each.untold),
                }
                for each in self.untold.tellers
            ],
            "metrics": _rounded(self.metrics),
            "calls": {
                "by_month": _by(self.calls_by_month, lambda day: f"{day:%Y-%m}"),
                "by_queue": _by(self.calls_by_queue, str),
                "by_language": _by(self.calls_by_language, str),
                "by_weekday_and_hour": [
                    {"weekday": weekday + 1, "hour": hour, **asdict(tally)}
                    for (weekday, hour), tally in self.hours.items()
                ],
                "by_outcome": _tallies(self.outcomes),
                "by_category": _tallies(self.categories),
                "by_area": _tallies(self.areas),
            },
            "tickets": {
                "by_month": _by(self.tickets_by_month, lambda day: f"{day:%Y-%m}"),
                "by_category": _by(self.tickets_by_category, str),
                "by_division": _by(self.tickets_by_division, str),
                "by_area": _by(self.tickets_by_area, str),
            },
            "presence": {"by_month": _by(self.presence_by_month, lambda day: f"{day:%Y-%m}")},
            "jobs": {
                "by_month": _by(self.jobs_by_month, lambda day: f"{day:%Y-%m}"),
                "by_unit": _by(self.jobs_by_unit, str),
            },
        }


def _by(found: Mapping[Item, Any], name: Callable[[Item], str]) -> list[dict[str, Any]]:
    return [{"key": name(key), "metrics": _rounded(each.metrics)} for key, each in found.items()]


def _tallies(found: Mapping[str, Tally]) -> list[dict[str, Any]]:
    return [{"key": key, "answered": tally.answered} for key, tally in found.items()]


def _rounded(metrics: Mapping[str, Value]) -> dict[str, Value]:
    return {
        name: round(value, DIGITS) if isinstance(value, float) else value
        for name, value in metrics.items()
    }


def _coverage(each: Coverage) -> dict[str, Any]:
    return {
        "days": each.days,
        "counted_at": each.counted_at.isoformat(timespec="seconds") if each.counted_at else None,
        **{
            name: [day.isoformat() for day in getattr(each, name)]
            for name in ("live", "missing", "revised", "outdated", "unknown")
        },
    }


# ---------------------------------------------------------------- making them


def figures(session: Session, span: Span, how: How, *, now: datetime) -> Figures:
    """All numbers of a span as they stand: stored rows, and the newest days from the events."""
    stored = Stored(session, span, how, now)
    calls, known = stored.calls(), stored.known_months(Part.CALLS)
    tickets = stored.tickets()
    merged = _merged(tickets)
    presence = stored.presence()
    jobs = stored.jobs()
    tallies = stored.tallies()
    # of what nobody counted nothing is known: not even that it was nothing
    knows = {part: each.days > 0 for part, each in stored.coverage.items()}
    first = tallies.get(By.FIRST, {})
    resolved = first.get(RESOLVED, Tally()).calls
    repeated = sum(tally.calls for key, tally in first.items() if key != RESOLVED)
    whole = _calls((counters for _, _, counters in _flat(calls)), how)
    untold = of_days(session, span.first, span.last, how)
    of_span = untold.of(span.first, span.last)
    return Figures(
        span=span,
        as_of=now,
        until=min(span.last, clock.local_day(now, how.zone)),
        formula=how.formula,
        threshold_seconds=how.rules.threshold.total_seconds(),
        coverage=stored.coverage,
        calls=Calls(whole.counters, whole.rates, (resolved, repeated), knows[Part.CALLS], of_span),
        calls_by_month={
            month: replace(
                _calls(of.values(), how),
                known=month in known,
                untold=untold.of(month, _month_end(month, span)),
            )
            for month, of in calls.items()
        },
        calls_by_queue=_calls_by(calls, 0, how, of_span),
        calls_by_language=_calls_by(calls, 1, how, of_span),
        hours=stored.hours(),
        outcomes=_sorted(tallies.get(By.OUTCOME, {})),
        categories=_sorted(tallies.get(By.CATEGORY, {})),
        areas=_sorted(tallies.get(By.AREA, {})),
        tickets=replace(_tickets([*merged.values()]), known=knows[Part.TICKETS]),
        tickets_by_month={
            month: _tickets([each for _, each in of]) for month, of in tickets.items()
        },
        tickets_by_category=_tickets_by(merged, 0),
        tickets_by_division=_tickets_by(merged, 1),
        tickets_by_area=_tickets_by(merged, 2),
        presence=replace(_presence(presence.values()), known=knows[Part.PRESENCE]),
        presence_by_month={month: _presence([each]) for month, each in presence.items()},
        jobs=_jobs(jobs),
        jobs_by_month={month: _jobs(of) for month, of in stored.by_month(jobs).items()}
        if jobs
        else {},
        jobs_by_unit=_jobs_by_unit(jobs),
        unit_titles=source.unit_titles(session) if jobs else {},
        untold=untold,
    )


@dataclass(frozen=True)
class Patterns:
    """When in the week people call, and where complaints come from: of `Figures` what a page draws
    beside its own lines.
    """

    hours: Mapping[tuple[int, int], Tally]
    areas: Mapping[str, Tickets]


def coverage(session: Session, span: Span, how: How, *, now: datetime) -> dict[Part, Coverage]:
    """How far the numbers of a span can be trusted, without them."""
    return Stored(session, span, how, now).coverage


def patterns(
    session: Session, span: Span, how: How, *, now: datetime, facts: LiveFacts | None = None
) -> Patterns:
    """The same numbers as `figures` has them, without the rest."""
    stored = Stored(session, span, how, now, (Part.CALLS, Part.TICKETS), facts)
    areas = {key: [counters] for key, counters in stored.areas().items()}
    return Patterns(stored.hours(), _tickets_by_key(areas))


def of_calls(
    session: Session, span: Span, how: How, name: str, by: Mapping[str, str], *, now: datetime
) -> int:
    """One counter of calls of a span, of all of them or of one queue or language."""
    return Stored(session, span, how, now, (Part.CALLS,)).of_calls(name, by)


def along(
    session: Session, span: Span, how: How, by: By, *, now: datetime, weekday: int | None = None
) -> Mapping[str, Tally]:
    """The calls of a span spread along one thing, by its key; hours also of one day of the week."""
    stored = Stored(session, span, how, now, (Part.CALLS,))
    if by is not By.HOUR:
        return stored.tallies(by).get(by, {})
    found: dict[str, Tally] = {}
    for (day, hour), tally in stored.hours().items():
        if weekday in (None, day):
            found.setdefault(f"{hour:02}", Tally()).add(tally)
    return found


def of_tickets(
    session: Session, span: Span, how: How, name: str, of: Mapping[str, str], *, now: datetime
) -> int | None:
    """One counter of the tickets of a span that are of a category, a division, an area; None where
    there was none of these.
    """
    return Stored(session, span, how, now, (Part.TICKETS,)).of_tickets(name, of)


def of_presence(session: Session, span: Span, how: How, name: str, *, now: datetime) -> int:
    """One counter of the agents' time of a span."""
    return Stored(session, span, how, now, (Part.PRESENCE,)).of_presence(name)


def of_jobs(
    session: Session, span: Span, how: How, of: Mapping[str, str], *, now: datetime
) -> Jobs:
    """The units' jobs of a span, of all of them or of one unit."""
    jobs = Stored(session, span, how, now, ()).jobs()
    return _jobs([each for each in jobs if of.get("unit", each.unit) == each.unit])


def _calls(cells: Iterable[Counters], how: How) -> Calls:
    counters = total(cells)
    return Calls(counters, rates(counters, how.formula))


ByMonth = Mapping[date, Mapping[tuple[str, str], Counters]]


def _flat(calls: ByMonth) -> Iterator[tuple[date, tuple[str, str], Counters]]:
    for month, of in calls.items():
        for key, counters in of.items():
            yield month, key, counters


def _month_end(first: date, span: Span) -> date:
    return min(span.last, Span.of_month(first.year, first.month).last)


def _calls_by(
    calls: ByMonth, place: Literal[0, 1], how: How, untold: frozenset[str]
) -> dict[str, Calls]:
    groups: dict[str, list[Counters]] = {}
    for _, key, counters in _flat(calls):
        groups.setdefault(key[place], []).append(counters)
    found = {key: replace(_calls(cells, how), untold=untold) for key, cells in groups.items()}
    by_most = sorted(found, key=lambda key: (-_many(found[key].counters), key))
    return {key: found[key] for key in by_most}


def _many(counters: Counters) -> int:
    return counters.offered + counters.not_queued


def _sorted(tallies: Mapping[str, Tally]) -> dict[str, Tally]:
    return dict(sorted(tallies.items(), key=lambda each: (-each[1].answered, each[0])))


TicketMonths = Mapping[date, Sequence[TicketCell]]


def _merged(tickets: TicketMonths) -> dict[tuple[str, str, str], TicketCounters]:
    """The cells of all months: their flows, and the stocks of the newest month."""
    newest = max(tickets, default=None)
    merged: dict[tuple[str, str, str], TicketCounters] = {}
    for month, of in tickets.items():
        for key, counters in of:
            merged.setdefault(key, TicketCounters()).add(counters, stocks=month == newest)
    return merged


def _tickets(cells: Sequence[TicketCounters]) -> Tickets:
    counters = TicketCounters()
    for each in cells:
        counters.add(each)
    return Tickets(counters, ticket_rates(counters), stocks=bool(cells))


def _tickets_by(
    merged: Mapping[tuple[str, str, str], TicketCounters], place: Literal[0, 1, 2]
) -> dict[str, Tickets]:
    groups: dict[str, list[TicketCounters]] = {}
    for key, counters in merged.items():
        groups.setdefault(key[place], []).append(counters)
    return _tickets_by_key(groups)


def _tickets_by_key(groups: Mapping[str, Sequence[TicketCounters]]) -> dict[str, Tickets]:
    found = {key: _tickets(cells) for key, cells in groups.items()}
    by_most = sorted(found, key=lambda key: (-found[key].counters.tickets_received, key))
    return {key: found[key] for key in by_most}


def _presence(cells: Iterable[PresenceCounters]) -> Presence:
    counters = attendance.total(cells)
    return Presence(counters, presence_rates(counters))


def _jobs(jobs: Sequence[Job]) -> Jobs:
    counters = fleet.count(jobs)
    return Jobs(counters, job_rates(jobs, counters))


def _jobs_by_unit(jobs: Sequence[Job]) -> dict[str, Jobs]:
    groups: dict[str, list[Job]] = {}
    for job in jobs:
        groups.setdefault(job.unit, []).append(job)
    by_most = sorted(groups, key=lambda unit: (-len(groups[unit]), unit))
    return {unit: _jobs(groups[unit]) for unit in by_most}
