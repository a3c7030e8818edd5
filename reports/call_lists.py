"""What the list of calls (`ivr.pages.call_list`) asks of this room: the calls that were imported,
and where on the clock there is something of a list, as it was counted.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from hotline import clock, i18n
from hotline.auth import Role, current_account
from hotline.web import language, t
from ivr.pages.call_list import Brought, Wanted
from ivr.story import Visit
from reports import behind, here
from reports.history import service as history
from reports.service import days_between
from reports.span import Span

#: The counter that says in which quarters of an hour there is something of a list; a visit on any
#: of them is counted in it.
_COUNTED: Final[Mapping[str, str]] = {
    "incoming": "calls",
    "not_queued": "not_queued",
    "transferred": "transferred",
    "queued": "offered",
    "answered": "answered",
    "answered_on_line": "answered",
    "talked": "talked",
    "held": "held",
    "wrapped_up": "wrapped_up",
    "abandoned": "abandoned",
    "left": "left_queue",
    "callback": "callbacks",
    "called_back": "callbacks_reached",
    "outgoing": "outgoing",
}
#: What a visit of ours and an imported one have in common, by name.
_COMMON: Final = (
    *("arrived_at", "visit", "queue", "language", "queued_at", "connected_at", "abandoned_at"),
    *("left_at", "talk_ended_at", "wrapped_up_at", "transferred_at", "again", "offers", "missed"),
    "ended_at",
)


class CallLists:
    """Fits `call_list.Above`."""

    def brought(self, session: Session, start: datetime, end: datetime) -> Iterator[Brought]:
        """The imported visits in [start, end), with where each is from."""
        for each in history.listed(session, start, end):
            common = {name: getattr(each.visit, name) for name in _COMMON}
            yield Brought(
                each.id,
                Visit(call_id=0, **common),
                each.visit.number,
                each.visit.agent,
                t("reports.imports.line", source=each.source, line=each.line),
                _import(each.import_id),
            )

    def where(self, session: Session, wanted: Wanted) -> Iterator[tuple[datetime, datetime]]:
        """The parts of the days: of those that the night counts again anyway, all."""
        how, today = here.how(), here.day()
        last = min(wanted.last, today)
        begin = wanted.first
        counted = _COUNTED.get(wanted.outcome or "")
        if counted is not None:
            settled = min(last, today - timedelta(days=how.window_days + 1))
            by = {"queue": wanted.queue, "language": wanted.language}
            narrowed = {name: key for name, key in by.items() if key is not None}
            of = behind.wanted(counted, Span(begin, settled), narrowed)
            if begin <= settled:
                yield from behind.where(session, of, how, now=clock.now())
                begin = settled + timedelta(days=1)
        yield from (clock.day_bounds(day, how.zone) for day in days_between(begin, last))

    def remark(self, session: Session, wanted: Wanted) -> str:
        """A list up to a threshold goes by the one of now, and its number by the one it was counted
        by, until the next night.
        """
        if wanted.within is None:
            return ""
        of = behind.wanted("answered_in_threshold", Span(wanted.first, wanted.last), {})
        days = behind.outdated(session, of, here.how())
        return t("reports.behind_outdated", count=i18n.number(days, language())) if days else ""


def _import(number: int) -> str | None:
    """Where an import is told of, for who may read it."""
    reads = current_account().role in (Role.MANAGER, Role.ADMINISTRATOR)
    return f"/reports/imports#import-{number}" if reads else None
