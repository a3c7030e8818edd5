"""The night's work of this room, and the same by hand."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

from hotline.db import Database
from hotline.errors import Invalid
from hotline.schedule import Nightly
from reports import service
from reports.config import Reports
from reports.service import How

if TYPE_CHECKING:
    from hotline.floor import Floor


def night(floor: "Floor", day: date) -> str:
    """Count `day` and the days before it in the trailing window, and every older day that has
    changed since.
    """
    counting = How.of(floor)
    with floor.db.read() as session:
        since = service.last_seen_event(session)
    window = service.days_between(day - timedelta(days=counting.window_days - 1), day)
    return service.in_words(service.run_night(floor.db, window, counting, since=since or 0))


def recompute(floor: "Floor", first: date, last: date) -> str:
    """Count `first` to `last` (both included) anew: `hotline nightly --from … --until …`.

    Returns what was done, in words; raises Invalid when the span is empty.
    """
    return recount(floor.db, How.of(floor), first, last)


def recount(db: Database, how: How, first: date, last: date) -> str:
    """`recompute` for a tool, which has a database and no floor."""
    if last < first:
        raise Invalid(f"{last} is before {first}")
    span = service.days_between(first, last)
    return service.in_words(service.run_night(db, span, how))


def nightly(floor: "Floor") -> dict[str, Nightly]:
    """What is due each night, and when (the city's local time)."""
    return {"reports.night": Nightly(at=floor.section(Reports).night_at, run=night)}
