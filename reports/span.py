"""The days that numbers are of, and how far they can be trusted."""

from dataclasses import dataclass
from datetime import date, datetime

from hotline import clock
from reports.rollups import ONE_DAY
from reports.service import days_between


@dataclass(frozen=True)
class Span:
    """Local days, both included."""

    first: date
    last: date

    @property
    def months(self) -> list["Span"]:
        """The span month by month; the first and last may be parts."""
        found, first = [], self.first
        while first <= self.last:
            after = clock.month_days(first.year, first.month)[1]
            found.append(Span(first, min(self.last, after - ONE_DAY)))
            first = after
        return found

    @classmethod
    def of_month(cls, year: int, month: int) -> "Span":
        """A month of the Gregorian `year`; raises ValueError when there is none."""
        first, after = clock.month_days(year, month)
        return cls(first, after - ONE_DAY)

    @classmethod
    def of_fiscal_year(cls, year_be: int) -> "Span":
        """Thai fiscal year `year_be` (Buddhist era); raises ValueError when there is none."""
        first, after = clock.fiscal_year_days(year_be)
        return cls(first, after - ONE_DAY)


@dataclass(frozen=True)
class Coverage:
    """How far the numbers of a part can be trusted."""

    #: How many days of the span are in the numbers.
    days: int
    #: When the oldest of the stored counts was made.
    counted_at: datetime | None
    #: Counted just now from the events; over and not counted; changed after they were over;
    #: counted by other settings than those of now, until the next night.
    live: tuple[date, ...]
    missing: tuple[date, ...]
    revised: tuple[date, ...]
    outdated: tuple[date, ...]
    #: Over, and before the hotline's own: of them nothing was imported either.
    unknown: tuple[date, ...]

    def knows(self, month: Span) -> bool:
        """Whether anything of a month that has begun is in the numbers."""
        days = set(days_between(month.first, month.last))
        return not days <= {*self.unknown, *self.missing}
