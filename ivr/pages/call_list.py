"""The list of calls: what is behind every number of a report, and where a supervisor looks for one.

It is told by the moment that decides where a call is counted, so that a page of a year is read as
quickly as one of a day. What another system took, and where there is something of a list at all, is
known by the room above (`Above`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Final, NamedTuple, Protocol

from flask import current_app, render_template, request
from sqlalchemy.orm import Session

from hotline import clock
from hotline.auth import access
from hotline.errors import Invalid
from hotline.floor import Floor
from hotline.web import floor
from ivr import bulletins, calls, story, verdicts
from ivr.config import Ivr
from ivr.pages.base import READS, agent_names, blueprint, caller_shown, queue_title, spoken_title
from ivr.story import Visit
from tickets import service as tickets

#: Calls on one page of the list.
PAGE = 100
#: Days that one list may span.
LONGEST_SPAN = 366
#: What can be chosen; a number of a report may lead to a list beside these.
CHOICES = (
    "not_queued",
    "transferred",
    "queued",
    "answered",
    "abandoned",
    "left",
    "callback",
    "called_back",
    "incoming",
    "outgoing",
)
#: The extension with which a room above tells what it knows (`Above`).
ABOVE = "ivr.above_the_list"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Wanted:
    """What a list of calls is asked for; days are local and both included."""

    first: date
    last: date
    hour: int | None
    queue: str | None
    language: str | None
    #: A name of `verdicts.LISTS`.
    outcome: str | None
    #: Seconds within which it was answered or abandoned.
    within: float | None
    #: Only calls that heard this bulletin (and, `satisfied`, wanted nothing else), on whatever day.
    bulletin: int | None = None
    satisfied: bool = False
    #: Only the calls of the caller of this call, whatever their number is.
    like: int | None = None

    @property
    def by_day(self) -> bool:
        """Whether the days count: other lists are of calls that are known one by one."""
        return self.bulletin is None and self.like is None

    def fits(self, visit: Visit, here: Floor) -> bool:
        """Whether a visit belongs on the list: the same question that the statistics ask."""
        if self.queue is not None and (visit.queue or "") != self.queue:
            return False
        if self.language is not None and (visit.language or "") != self.language:
            return False
        if self.hour is not None and clock.local(visit.moment, here.city.zone).hour != self.hour:
            return False
        if self.outcome is not None and not verdicts.LISTS[self.outcome](visit):
            return False
        return self.within is None or verdicts.waited(visit) <= self.within


class Place(NamedTuple):
    """Where a line stands on a list of days, and where the next page goes on."""

    moment: datetime
    #: 0 of our own calls, 1 of those that were brought.
    kind: int
    id: int
    visit: int

    @property
    def written(self) -> str:
        """As an address has it."""
        at = (self.moment - _EPOCH) // _MICROSECOND
        return f"{at}.{self.kind}.{self.id}.{self.visit}"

    @classmethod
    def read(cls, text: str) -> "Place":
        """Raises Invalid."""
        parts = text.split(".")
        # so long a number of microseconds is a year that there is
        written = all(each.isascii() and each.isdecimal() and len(each) < 18 for each in parts)
        if len(parts) != len(cls._fields) or not written:
            raise Invalid(f"after: {text!r}")
        at, kind, id_, visit = map(int, parts)
        return cls(_EPOCH + at * _MICROSECOND, kind, id_, visit)


@dataclass(frozen=True)
class Brought:
    """A visit that another system saw: it has no story here, and its `call_id` is 0."""

    id: int
    visit: Visit
    #: E.164; None: withheld, forgotten, or never known.
    number: str | None
    agent: str | None
    #: Which system, and where the call stands in what it left.
    source: str
    #: Where that is told, for who may read it.
    href: str | None


class Above(Protocol):
    """What a room above knows of calls."""

    def brought(self, session: Session, start: datetime, end: datetime) -> Iterable[Brought]:
        """The visits in [start, end) that were brought from another system."""
        ...

    def where(self, session: Session, wanted: Wanted) -> Iterable[tuple[datetime, datetime]]:
        """The parts of the days that are wanted, in order, in which there may be something."""
        ...

    def remark(self, session: Session, wanted: Wanted) -> str:
        """What is to be said of the list as a whole; empty: nothing."""
        ...


@dataclass(frozen=True)
class Line:
    """A visit on the list."""

    place: Place
    visit: Visit
    #: None: one of our own calls.
    brought: Brought | None = None


@blueprint.get("/calls")
@access(*READS)
def call_list() -> str:
    """The calls of a span of days; reports link here, so that a number can be looked into."""
    wanted = _wanted()
    with floor().db.read() as session:
        lines, more = _page(session, wanted, request.args.get("after", ""))
        above: Above | None = current_app.extensions.get(ABOVE)
        remark = above.remark(session, wanted) if above else ""
        ids = [line.visit.call_id for line in lines if line.brought is None]
        who, ticket_of = story.calls_by_id(session, ids), tickets.tickets_of_calls(session, ids)
        names = agent_names(session)
    return render_template(
        "ivr/list.html",
        # found by what decides where it is counted, which is nearly the order of arrival
        lines=sorted(lines, key=lambda line: (line.visit.arrived_at, line.place)),
        who=who,
        ticket_of=ticket_of,
        more=more,
        wanted=wanted,
        remark=remark,
        names=names,
        masked=caller_shown,
        verdict=verdicts.verdict,
        queue_title=queue_title,
        spoken_title=spoken_title,
        queues=floor().section(Ivr).queues,
        languages=floor().section(Ivr).languages,
        choices=_choices(wanted),
    )


def _choices(wanted: Wanted) -> Sequence[str]:
    asked = wanted.outcome
    return CHOICES if asked is None or asked in CHOICES else (*CHOICES, asked)


def _page(session: Session, wanted: Wanted, after: str) -> tuple[list[Line], str | None]:
    """One page, and where the next one goes on (None: nowhere)."""
    if wanted.by_day:
        found = list(islice(_of_days(session, wanted, after), PAGE + 1))
        return found[:PAGE], found[PAGE - 1].place.written if len(found) > PAGE else None
    ids = [each for each in _one_by_one(session, wanted) if each > _call_id(after)][: PAGE + 1]
    # one line a call, so that there are as many as the number that led here says
    lines = [
        Line(Place(visit.moment, 0, visit.call_id, visit.visit), visit)
        for visit in story.last_visits(session, ids[:PAGE])
    ]
    return lines, str(ids[PAGE - 1]) if len(ids) > PAGE else None


def _call_id(after: str) -> int:
    try:
        return int(after or 0)
    except ValueError as error:
        raise Invalid(f"after: {after!r}") from error


def _one_by_one(session: Session, wanted: Wanted) -> Sequence[int]:
    if wanted.bulletin is not None:
        return bulletins.calls_that_heard(
            session, floor().section(Ivr), wanted.bulletin, satisfied=wanted.satisfied
        )
    assert wanted.like is not None
    return story.calls_like(session, calls.facts(session, wanted.like))


# ---------------------------------------------------------------- of some days


def _of_days(session: Session, wanted: Wanted, after: str) -> Iterator[Line]:
    here = floor()
    above: Above | None = current_app.extensions.get(ABOVE)
    place = Place.read(after) if after else None
    for begin, end in _where(session, wanted, above):
        if place is not None and end <= place.moment:
            continue
        start = begin if place is None else max(begin, place.moment)
        for line in sorted(_lines(session, wanted, above, start, end), key=lambda line: line.place):
            if (place is None or line.place > place) and wanted.fits(line.visit, here):
                yield line


def _where(
    session: Session, wanted: Wanted, above: Above | None
) -> Iterable[tuple[datetime, datetime]]:
    if above is not None:
        return above.where(session, wanted)
    zone = floor().city.zone
    last = min(wanted.last, clock.local_day(clock.now(), zone))
    days = (last - wanted.first).days + 1
    return (clock.day_bounds(wanted.first + timedelta(days=n), zone) for n in range(days))


def _lines(
    session: Session, wanted: Wanted, above: Above | None, start: datetime, end: datetime
) -> Iterator[Line]:
    having = verdicts.NEEDED.get(wanted.outcome or "", ())
    for visit in story.visits(session, start, end, having=having):
        yield Line(Place(visit.moment, 0, visit.call_id, visit.visit), visit)
    for each in above.brought(session, start, end) if above else ():
        yield Line(Place(each.visit.moment, 1, each.id, each.visit.visit), each.visit, each)


# ---------------------------------------------------------------- what is asked for


def _wanted() -> Wanted:
    given = request.args
    today = clock.local_day(clock.now(), floor().city.zone)
    first = _day(given.get("day") or given.get("from"), today)
    last = _day(given.get("day") or given.get("until"), first)
    if last < first or last - first > timedelta(days=LONGEST_SPAN):
        raise Invalid("from, until: not a span of at most a year", text="ivr.bad_span")
    outcome = given.get("outcome") or None
    if outcome is not None and outcome not in verdicts.LISTS:
        raise Invalid(f"outcome: {outcome!r}")
    return Wanted(
        first,
        last,
        hour=given.get("hour", type=int),
        queue=given.get("queue"),
        language=given.get("language"),
        outcome=outcome,
        within=given.get("within", type=float),
        bulletin=given.get("bulletin", type=int),
        satisfied=given.get("satisfied") == "1",
        like=given.get("like", type=int),
    )


def _day(text: str | None, otherwise: date) -> date:
    if not text:
        return otherwise
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"not a day: {text!r}") from error
