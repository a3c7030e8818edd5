"""The night's work of this room, and what `hotline nightly` does by hand."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

from hotline.schedule import Nightly
from reports import service
from reports.config import Reports
from reports.service import How

if TYPE_CHECKING:
    from hotline.floor import Floor
    from reports.models import NightRun


def how(floor: "Floor") -> How:
    """How this floor's city counts."""
    return How.of(floor.city.zone, floor.section(Reports))


def night(floor: "Floor", day: date) -> str:
    """Count `day` and the days before it in the trailing window, and every older day that has
    changed since.
    """
    counting = how(floor)
    with floor.db.read() as session:
        since = service.last_seen_event(session)
    window = service.days_between(day - timedelta(days=counting.window_days - 1), day)
    return _in_words(service.run_night(floor.db, window, counting, since=since or 0))


def recompute(floor: "Floor", first: date, last: date) -> str:
    """Count `first` to `last` (both included) anew: `hotline nightly --from … --until …`.

    Returns what was done, in words; raises ValueError when the span is empty.
    """
    if last < first:
        raise ValueError(f"{last} is before {first}")
    return _in_words(service.run_night(floor.db, service.days_between(first, last), how(floor)))


def _in_words(run: "NightRun") -> str:
    return (
        f"{run.first_day} to {run.last_day}: {run.days} days counted from {run.calls_read} calls "
        f"into {run.rows_written} rows in {run.milliseconds} ms; {run.days_changed} days have "
        "other numbers than before"
    )


def nightly(floor: "Floor") -> dict[str, Nightly]:
    """What is due each night, and when (the city's local time)."""
    return {"reports.night": Nightly(at=floor.section(Reports).night_at, run=night)}
