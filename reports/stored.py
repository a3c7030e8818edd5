"""What the nights have stored of a span of days, summed up, and counted from the events what they
have not reached: the counters that `figures` makes its numbers of.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import clock
from reports import attendance, rollups, service, source
from reports.attendance import PRESENCE_COUNTER_NAMES, PresenceCounters
from reports.fleet import Job
from reports.matters import (
    FLOWS,
    STOCKS,
    TICKET_COUNTER_NAMES,
    Of,
    TicketCounters,
    without_stocks,
)
from reports.metrics import COUNTER_NAMES, Counters, total
from reports.models import (
    ReportDay,
    RollupDay,
    call_days,
    call_topics,
    presence_days,
    ticket_days,
    ticket_months,
)
from reports.rollups import ONE_DAY, Part
from reports.service import How, LiveFacts
from reports.span import Coverage, Span
from reports.topics import TALLIED, By, Key, Tally

TICKET_KEYS: Final = ("category", "division", "area")
#: Category, division, area; what is counted.
TicketCell = tuple[tuple[str, str, str], TicketCounters]


class Stored:
    """Reads the stored sums month by month, and counts what the night has not reached."""

    def __init__(
        self,
        session: Session,
        span: Span,
        how: How,
        now: datetime,
        parts: Iterable[Part] = tuple(Part),
        facts: LiveFacts | None = None,
    ) -> None:
        self._session, self._how, self._now = session, how, now
        self._facts = facts or LiveFacts(session, how)
        last = min(span.last, clock.local_day(now, how.zone))
        self._span = Span(span.first, last)
        #: The days whose stored rows an import has made old.
        self._old = source.days_to_count(session, self._span.first, self._span.last)
        self._counted: dict[Part, tuple[Sequence[Any], date | None]] = {}
        self.coverage = {part: self._covered(part) for part in parts}

    def _covered(self, part: Part) -> Coverage:
        known, begin = self._known(part)
        over = {
            each.day
            for each in known
            if clock.local_day(each.counted_at, self._how.zone) > each.day
        }
        old = self._old if part is Part.CALLS else set()
        over -= old
        # before its first day the hotline knows nothing: that is no gap
        first = max(self._span.first, begin or clock.local_day(self._now, self._how.zone))
        own = set(service.days_between(first, self._span.last)) - over
        open_ = sorted(own | old)
        every = service.days_between(self._span.first, self._span.last)
        live = tuple(open_[-self._how.window_days :])
        return Coverage(
            len(over) + len(live),
            min((each.counted_at for each in known), default=None),
            live,
            tuple(open_[: -len(live)]) if live else (),
            tuple(each.day for each in known if each.revised_at is not None),
            tuple(
                each.day for each in known if each.rules != self._how.mark and each.day not in open_
            ),
            tuple(day for day in every if day not in over and day not in own | old),
        )

    def known_months(self, part: Part) -> set[date]:
        """The first days of the months that are not wholly unknown."""
        coverage = self.coverage[part]
        return {month.first for month in self._span.months if coverage.knows(month)}

    def _known(self, part: Part) -> tuple[Sequence[Any], date | None]:
        """The days that were counted (day, counted_at, revised_at, rules), and the first of all."""
        if part not in self._counted:
            self._counted[part] = self._read_known(part)
        return self._counted[part]

    def _read_known(self, part: Part) -> tuple[Sequence[Any], date | None]:
        table: Any = ReportDay if part is Part.CALLS else RollupDay
        found = sa.select(table.day, table.counted_at, table.revised_at, table.rules)
        inside = found.where(table.day.between(self._span.first, self._span.last))
        if part is Part.CALLS:
            begin = service.first_day_of_calls(self._session, self._how)
            return self._session.execute(inside).all(), begin
        of_part = table.part == part.value
        begin = rollups.begin(self._session, part, self._how)
        return self._session.execute(inside.where(of_part)).all(), begin

    def _not_read(self, part: Part) -> set[date]:
        """The days whose stored rows are not read."""
        old = self._old if part is Part.CALLS else set()
        return {*self.coverage[part].live, *old}

    def _sums_of(
        self,
        part: Part,
        table: sa.Table,
        keys: Sequence[str],
        sums: Mapping[str, Any],
        months: Sequence[Span] | None = None,
    ) -> Iterator[tuple[date, Sequence[Any]]]:
        """The stored sums by month (of the span) and key; the days that are counted live are left
        out.
        """
        columns = [table.c[key] for key in keys]
        left_out = self._not_read(part)
        for month in self._span.months if months is None else months:
            asked = sa.select(*columns, *sums.values()).where(
                table.c.day.between(month.first, month.last)
            )
            if left_out:
                asked = asked.where(table.c.day.not_in(left_out))
            if columns:
                asked = asked.group_by(*columns)
            yield month.first, self._session.execute(asked).all()

    # ------------------------------------------------------------ calls

    def calls(
        self, names: Sequence[str] = COUNTER_NAMES
    ) -> dict[date, dict[tuple[str, str], Counters]]:
        """By month, queue and language; of the days that are counted live all counters, of the
        others these.
        """
        sums = {
            name: (sa.func.max if name.endswith("_max_ms") else sa.func.sum)(call_days.c[name])
            for name in names
        }
        found: dict[date, dict[tuple[str, str], Counters]] = {}
        for month, rows in self._sums_of(Part.CALLS, call_days, ("queue", "language"), sums):
            found[month] = {
                (row[0], row[1]): Counters(**dict(zip(names, map(int, row[2:]), strict=True)))
                for row in rows
            }
        for day in self.coverage[Part.CALLS].live:
            of_month = found.setdefault(self._month_of(day), {})
            for key, counters in service.summed(self._facts.cells(day)).items():
                of_month.setdefault(key, Counters()).add(counters)
        return found

    def of_calls(self, name: str, of: Mapping[str, str]) -> int:
        """One counter of the whole span, of all calls or of a queue or language."""
        table, left_out = call_days.c, self._not_read(Part.CALLS)
        summed = sa.func.max if name.endswith("_max_ms") else sa.func.sum
        narrowed = (table[column] == key for column, key in of.items())
        inside = table.day.between(self._span.first, self._span.last)
        asked = sa.select(summed(table[name])).where(inside, *narrowed)
        if left_out:
            asked = asked.where(table.day.not_in(left_out))
        found = [Counters(**{name: int(self._session.scalar(asked) or 0)})]
        for day in self.coverage[Part.CALLS].live:
            found += (
                counters
                for cell, counters in self._facts.cells(day).items()
                if all(getattr(cell, column) == key for column, key in of.items())
            )
        counted: int = getattr(total(found), name)
        return counted

    def _month_of(self, day: date) -> date:
        return max(self._span.first, day.replace(day=1))

    def hours(self) -> dict[tuple[int, int], Tally]:
        """By weekday (0 Monday) and hour."""
        weekday = sa.extract("dow", call_topics.c.day)
        rows = self._session.execute(
            self._of_topics(weekday, call_topics.c.key, *self._sums())
            .where(call_topics.c.by == By.HOUR.value)
            .group_by(weekday, call_topics.c.key)
        )
        found = {((int(row[0]) - 1) % 7, int(row[1])): Tally(*map(int, row[2:])) for row in rows}
        for day in self.coverage[Part.CALLS].live:
            for cell, counters in self._facts.cells(day).items():
                tally = Tally(*(getattr(counters, name) for name in TALLIED))
                hour = clock.local(cell.interval_start, self._how.zone).hour
                if tally != Tally():
                    found.setdefault((day.weekday(), hour), Tally()).add(tally)
        return dict(sorted(found.items()))

    def tallies(self, alone: By | None = None) -> dict[By, dict[str, Tally]]:
        """By what calls were about, but for the hours; or by one thing alone."""
        some = call_topics.c.by != By.HOUR.value if alone is None else call_topics.c.by == alone
        rows = self._session.execute(
            self._of_topics(call_topics.c.by, call_topics.c.key, *self._sums())
            .where(some)
            .group_by(call_topics.c.by, call_topics.c.key)
        )
        found: dict[By, dict[str, Tally]] = {}
        for row in rows:
            found.setdefault(By(row[0]), {})[row[1]] = Tally(*map(int, row[2:]))
        for _, tallies in self._live_tallies():
            for key, tally in tallies.items():
                if key.by is not By.HOUR:
                    found.setdefault(key.by, {}).setdefault(key.key, Tally()).add(tally)
        return found

    @staticmethod
    def _sums() -> list[sa.Function[Any]]:
        return [sa.func.sum(call_topics.c[name]) for name in TALLIED]

    def _of_topics(self, *columns: Any) -> sa.Select[Any]:
        asked = sa.select(*columns).where(
            call_topics.c.day.between(self._span.first, self._span.last)
        )
        left_out = self._not_read(Part.CALLS)
        return asked.where(call_topics.c.day.not_in(left_out)) if left_out else asked

    def _live_tallies(self) -> Iterator[tuple[date, Mapping[Key, Tally]]]:
        for day in self.coverage[Part.CALLS].live:
            yield day, rollups.topics_of(self._session, self._facts.of(day), self._how)

    # ------------------------------------------------------------ tickets

    def tickets(self) -> dict[date, list[TicketCell]]:
        """By month the cells of category, division and area; stocks are of the month's last day
        that is known.
        """
        live = self.coverage[Part.TICKETS].live
        found: dict[date, list[TicketCell]] = {}
        for month, rows in self._flows():
            if rows:
                found[month] = [
                    ((row[0], row[1], row[2]), TicketCounters(*map(int, row[3:]))) for row in rows
                ]
        newest = self._newest_days()
        for month, day in newest.items():
            if day not in live:
                found.setdefault(month, []).extend(self._stocks(day))
        for of, counters in self._live_tickets().items():
            month = self._month_of(of.day)
            is_newest = of.day == newest.get(month)
            cell = counters if is_newest else without_stocks(counters)
            found.setdefault(month, []).append((of[1:], cell))
        return dict(sorted(found.items()))

    def areas(self) -> dict[str, TicketCounters]:
        """By area."""
        along = self._along(("area",), TICKET_COUNTER_NAMES, {})
        return {key: counters for (key,), counters in along.items()}

    def of_tickets(self, name: str, of: Mapping[str, str]) -> int | None:
        """One counter of those of a category, a division, an area; None where there are none."""
        found = self._along((), (name,), of).get(())
        if found is None:
            return None if of or name in STOCKS else 0
        counted: int = getattr(found, name)
        return counted

    def _along(
        self, keys: Sequence[str], names: Sequence[str], of: Mapping[str, str]
    ) -> dict[tuple[str, ...], TicketCounters]:
        """Some counters of the whole span along some of `TICKET_KEYS`, summed up by the database;
        the same as of all cells of `tickets` in one.
        """
        found: dict[tuple[str, ...], TicketCounters] = {}
        flows = [name for name in names if name in FLOWS]
        whole = [month.first for month in self._span.months if self._stands_summed_up(month)]
        parts = [month for month in self._span.months if month.first not in whole]
        days = ticket_days.c.day
        left_out = days.not_in(self.coverage[Part.TICKETS].live)
        for table, condition in (
            *([(ticket_months, ticket_months.c.month.in_(whole))] if whole else []),
            *((ticket_days, days.between(each.first, each.last) & left_out) for each in parts),
        ):
            for key, counters in self._summed(table, condition, keys, flows, of):
                found.setdefault(key, TicketCounters()).add(counters)
        newest = self._newest_days()
        last = max(newest.values(), default=None)
        ends = set(newest.values()) - set(self.coverage[Part.TICKETS].live)
        # who had something open at the end of any month is there, if with nothing
        for some, at in (
            ([name for name in names if name in STOCKS], ends & {last}),
            ([], ends - {last}),
        ):
            stood = days.in_(at) & (ticket_days.c.tickets_open > 0)
            for key, counters in self._summed(ticket_days, stood, keys, some, of) if at else ():
                found.setdefault(key, TicketCounters()).add(counters)
        for cell, counters in self._live_tickets().items():
            if all(getattr(cell, name) == key for name, key in of.items()):
                mine = found.setdefault(
                    tuple(getattr(cell, name) for name in keys), TicketCounters()
                )
                mine.add(counters, stocks=cell.day == last)
        return found

    def _summed(
        self,
        table: sa.Table,
        condition: sa.ColumnElement[bool],
        keys: Sequence[str],
        names: Sequence[str],
        of: Mapping[str, str],
    ) -> Iterator[tuple[tuple[str, ...], TicketCounters]]:
        columns = [table.c[key] for key in keys]
        sums = (sa.func.sum(table.c[name]) for name in names)
        narrowed = (table.c[name] == key for name, key in of.items())
        asked = sa.select(sa.func.count(), *columns, *sums).where(condition, *narrowed)
        for many, *row in self._session.execute(asked.group_by(*columns) if columns else asked):
            if many:
                counted = dict(zip(names, map(int, row[len(keys) :]), strict=True))
                yield tuple(row[: len(keys)]), TicketCounters(**counted)

    def _stands_summed_up(self, month: Span) -> bool:
        live = self.coverage[Part.TICKETS].live
        whole = month == Span.of_month(month.first.year, month.first.month)
        return whole and not any(month.first <= day <= month.last for day in live)

    def _flows(self) -> Iterator[tuple[date, Sequence[Any]]]:
        """The flows by month: of a whole one that is over as it stands summed up."""
        keys = TICKET_KEYS
        columns = [ticket_months.c[name] for name in (*keys, *FLOWS)]
        sums = {name: sa.func.sum(ticket_days.c[name]) for name in FLOWS}
        for month in self._span.months:
            if self._stands_summed_up(month):
                asked = sa.select(*columns).where(ticket_months.c.month == month.first)
                yield month.first, self._session.execute(asked).all()
            else:
                yield from self._sums_of(Part.TICKETS, ticket_days, keys, sums, [month])

    def _newest_days(self) -> dict[date, date]:
        """The last day of each month that has numbers; one without a row may have had no ticket."""
        known, _ = self._known(Part.TICKETS)
        days = {*(each.day for each in known), *self.coverage[Part.TICKETS].live}
        return {self._month_of(day): day for day in sorted(days)}

    def _live_tickets(self) -> dict[Of, TicketCounters]:
        live = self.coverage[Part.TICKETS].live
        if not live:
            return {}
        cells, _ = rollups.count_tickets(self._session, live[0], live[-1], self._how, now=self._now)
        return {of: counters for of, counters in cells.items() if of.day in live}

    def _stocks(self, day: date) -> Iterator[TicketCell]:
        columns = (ticket_days.c[name] for name in ("category", "division", "area", *STOCKS))
        rows = self._session.execute(
            sa.select(*columns).where(ticket_days.c.day == day, ticket_days.c.tickets_open > 0)
        )
        for row in rows:
            counters = TicketCounters(**dict(zip(STOCKS, map(int, row[3:]), strict=True)))
            yield (row[0], row[1], row[2]), counters

    # ------------------------------------------------------------ the agents' time

    def presence(self) -> dict[date, PresenceCounters]:
        """By month."""
        sums = {
            name: sa.func.coalesce(sa.func.sum(presence_days.c[name]), 0)
            for name in PRESENCE_COUNTER_NAMES
        }
        found = {
            month: PresenceCounters(*map(int, rows[0]))
            for month, rows in self._sums_of(Part.PRESENCE, presence_days, (), sums)
        }
        for day in self.coverage[Part.PRESENCE].live:
            counted = rollups.count_presence_of(self._session, day, self._how, now=self._now)
            for counters in counted.values():
                found.setdefault(self._month_of(day), PresenceCounters()).add(counters)
        return found

    def of_presence(self, name: str) -> int:
        """One counter of the whole span."""
        table, live = presence_days.c, self.coverage[Part.PRESENCE].live
        inside = table.day.between(self._span.first, self._span.last)
        asked = sa.select(sa.func.sum(table[name])).where(inside)
        if live:
            asked = asked.where(table.day.not_in(live))
        found = int(self._session.scalar(asked) or 0)
        for day in live:
            shifts = name in attendance.OF_SHIFTS
            counted = rollups.count_presence_of(
                self._session, day, self._how, now=self._now, shifts=shifts
            )
            found += sum(getattr(counters, name) for counters in counted.values())
        return found

    # ------------------------------------------------------------ the units' jobs

    def jobs(self) -> list[Job]:
        """In the order in which they were sent."""
        zone = self._how.zone
        start = clock.midnight(self._span.first, zone)
        end = clock.midnight(self._span.last + ONE_DAY, zone)
        return list(source.jobs(self._session, start, end))

    def by_month(self, jobs: Iterable[Job]) -> dict[date, list[Job]]:
        """Every month that has begun: one in which nobody was sent has none, which is a number."""
        groups: dict[date, list[Job]] = {month.first: [] for month in self._span.months}
        for job in jobs:
            groups[self._month_of(clock.local_day(job.sent_at, self._how.zone))].append(job)
        return groups
