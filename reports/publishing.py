"""Months as they were told to the public. A publication is written once; what is corrected later
appears beside it, and never inside it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import audit, clock
from hotline.auth import Identity
from hotline.db import insert_ignore
from hotline.errors import Conflict, Invalid
from reports.catalogue import CATALOGUE
from reports.figures import Figures, Value, coverage, figures
from reports.models import PublishedMonth
from reports.rollups import Part
from reports.service import How
from reports.span import Coverage, Span

AUDITED = "reports.published"


class AlreadyPublished(Conflict):
    """The month was published before: its numbers stay as they were told."""

    code, text = "already-published", "reports.already_published"


class NotOver(Invalid):
    """The month is not over, or the night has not counted all of it."""

    code, text = "not-over", "reports.not_over"


@dataclass(frozen=True)
class Publication:
    """A month as it was published; `figures` as `Figures.as_json`."""

    month: date
    published_at: datetime
    by: str
    figures: Mapping[str, Any]

    @property
    def metrics(self) -> Mapping[str, Value]:
        """The numbers by their identifiers."""
        found: Mapping[str, Value] = self.figures["metrics"]
        return found


@dataclass(frozen=True)
class Beside:
    """A number that is another one today than was published."""

    id: str
    published: Value
    today: Value


def parse_month(text: str) -> date:
    """The first day of `2026-10`; raises Invalid."""
    try:
        year, _, month = text.partition("-")
        return clock.month_days(int(year), int(month))[0]
    except ValueError as error:
        raise Invalid(f"{text!r} is no month such as 2026-10", text="reports.no_month") from error


def publish(
    session: Session, month: date, how: How, *, by: Identity | None, now: datetime
) -> Publication:
    """Freeze the numbers of a month as they stand; `by` None: the command line.

    Raises `NotOver` while a day of it is not counted for good, `AlreadyPublished`.
    """
    span = Span.of_month(month.year, month.month)
    found = figures(session, span, how, now=now)
    _check_counted(found, now, how)
    name = f"{month:%Y-%m}"
    who = by.username if by else audit.COMMAND_LINE
    values = {"month": name, "published_at": now, "by": who, "figures": found.as_json()}
    # two at once: the first one's numbers are those that were published
    made = insert_ignore(session, PublishedMonth, values, returning=PublishedMonth.month)
    if made is None:
        raise AlreadyPublished(month=name)
    calls = found.calls.counters.calls
    audit.record(session, AUDITED, f"month:{name}", by=by, at=now, calls=calls)
    return Publication(month, now, who, found.as_json())


def _check_counted(found: Figures, now: datetime, how: How) -> None:
    if _missing(found.span, found.coverage, now, how) is not None:
        raise NotOver(month=f"{found.span.first:%Y-%m}")


@dataclass(frozen=True)
class Missing:
    """Why a month cannot be published yet: it is not `over`, a day of it is not `counted`, or it
    has `nothing`. `until`: the last day of that.
    """

    why: Literal["over", "counted", "nothing"]
    until: date


def waits_for(session: Session, month: date, how: How, *, now: datetime) -> Missing | None:
    """What a month lacks to be published; None: nothing."""
    span = Span.of_month(month.year, month.month)
    return _missing(span, coverage(session, span, how, now=now), now, how)


def _missing(
    span: Span, covered: Mapping[Part, Coverage], now: datetime, how: How
) -> Missing | None:
    if span.last >= clock.local_day(now, how.zone):
        return Missing("over", span.last)
    pending = [
        each for part in covered.values() for each in (*part.live, *part.missing, *part.outdated)
    ]
    if not covered[Part.CALLS].days:
        return Missing("nothing", span.last)
    return Missing("counted", max(pending)) if pending else None


def publication(session: Session, month: date) -> Publication | None:
    """A month as it was published; None: it was not."""
    row = session.get(PublishedMonth, f"{month:%Y-%m}")
    return None if row is None else Publication(month, row.published_at, row.by, row.figures)


def published(session: Session, first: date, last: date) -> list[date]:
    """The months that were published, of some days."""
    names = session.scalars(
        sa.select(PublishedMonth.month)
        .where(PublishedMonth.month.between(f"{first:%Y-%m}", f"{last:%Y-%m}"))
        .order_by(PublishedMonth.month)
    )
    return [parse_month(name) for name in names]


def beside(session: Session, found: Publication, how: How, *, now: datetime) -> list[Beside]:
    """What is another number today, in the order of the definitions; today's are by the settings of
    today.
    """
    span = Span.of_month(found.month.year, found.month.month)
    today = figures(session, span, how, now=now).as_json()["metrics"]
    return list(_differ(found.metrics, today))


def _differ(was: Mapping[str, Value], now: Mapping[str, Value]) -> Iterator[Beside]:
    for id_ in CATALOGUE:
        # what was not known as a number then was not published
        if id_ in was and was[id_] != now.get(id_):
            yield Beside(id_, was[id_], now.get(id_))
