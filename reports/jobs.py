"""The night's work of this room, and the same by hand."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

from hotline import clock
from hotline.db import Database
from hotline.errors import Invalid
from hotline.jobs import Every, Job, Sweep
from hotline.outbox import Handler
from hotline.schedule import Nightly
from reports import check, service
from reports.config import Reports
from reports.mailing import posting
from reports.models import NightRun
from reports.service import How

if TYPE_CHECKING:
    from hotline.floor import Floor

#: So far back the night looks whether the rows are what the events say.
CHECKED = timedelta(days=34)


JOBS: dict[str, Job] = {posting.SET_JOB: posting.set_mails}
SWEEPS: dict[str, Sweep] = {
    "reports.mailing": Every(20, posting.sweep),
    "reports.mailing_forget": Every(3600, posting.forget),
}
EFFECTS: dict[str, Handler] = {posting.MAIL: posting.deliver}
#: Those that go to a server that may hang.
SLOW_EFFECTS = {posting.MAIL}


def night(floor: "Floor", day: date) -> str:
    """Count `day` and the days before it in the trailing window, and every older day that has
    changed since; then look whether what stands there is what the events say.
    """
    counting = How.of(floor)
    with floor.db.read() as session:
        since = service.last_run(session)
    window = service.days_between(day - timedelta(days=counting.window_days - 1), day)
    since = since or NightRun(last_event_id=0, last_ticket_event_id=0)
    words = service.in_words(service.run_night(floor.db, window, counting, since=since))
    found = check.run(floor.db, day - CHECKED, day, counting)
    check.alarm(floor.db, day, found, now=clock.now())
    return f"{words}; {check.in_words(found)}"


def recompute(floor: "Floor", first: date, last: date) -> str:
    """Count `first` to `last` (both included) anew: `hotline nightly --from … --until …`.

    Returns what was done, in words; raises Invalid when the span is empty.
    """
    return recount(floor.db, How.of(floor), first, last)


def recount(db: Database, how: How, first: date, last: date) -> str:
    """`recompute` for a tool, which has a database and no floor."""
    if last < first:
        raise Invalid(f"{last} is before {first}")
    today = clock.local_day(clock.now(), how.zone)
    if first > today:
        raise Invalid(f"{first}: that day has not come")
    span = service.days_between(first, min(last, today))
    return service.in_words(service.run_night(db, span, how))


def nightly(floor: "Floor") -> dict[str, Nightly]:
    """What is due each night, and when (the city's local time)."""
    return {"reports.night": Nightly(at=floor.section(Reports).night_at, run=night)}
