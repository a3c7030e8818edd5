"""The three clocks of a ticket: by when it is acknowledged, told of anew, and resolved, and why.

Pure. Moments are aware; what is worked out is in UTC. A clock counts the hours that an office is
open (`hotline.calendars`: its week, the country's holidays, the dates on which something else
holds), or every hour. Nothing counts while a ticket waits for somebody outside; only its
acknowledgement does not wait.

What comes out is not a moment alone but how it was reached, step by step, so that a page can say it
and a story can keep it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from hotline import calendars
from hotline.calendars import Names
from tickets.workflow import Kind, Priority

#: The calendar that is always open: no office, every hour counts.
ALWAYS: Final = "always"
#: So many days ahead is counted at most (`hotline check` refuses calendars that would need more).
HORIZON: Final = 10 * 366


class Clock(StrEnum):
    """What the city owes a ticket in time.

    The first two are owed by the division that has it: its word that it has seen it, and after that
    a word from time to time; the last by the city, from the day on which it was received.
    """

    ACKNOWLEDGE = "acknowledge"
    UPDATE = "update"
    RESOLVE = "resolve"


#: Clocks that stand still while a ticket waits.
PAUSED_BY_WAITING: Final = frozenset({Clock.UPDATE, Clock.RESOLVE})


class Begins(StrEnum):
    """From what a clock counts."""

    RECEIVED = "received"
    REOPENED = "reopened"
    ROUTED = "routed"
    NEWS = "news"


class StepKind(StrEnum):
    """What a step of the calculation says."""

    START = "start"
    WANTED = "wanted"
    COUNTED = "counted"
    CLOSED = "closed"
    HOLIDAY = "holiday"
    PAUSED = "paused"
    RESULT = "result"


@dataclass(frozen=True)
class Step:
    """One step, in the order of time. What it has is by its kind:

    ======== ==========================================================================
    start    start, about (a `Begins`)
    wanted   hours, about (the setting they come from), calendar (its name, or `always`)
    counted  start, end: all of it counts
    closed   start, end: nothing of it counts, the office being closed
    holiday  day, names: why the office was closed on a day of the closed span before it
    paused   start, end: nothing of it counts, the ticket waiting for somebody outside
    result   start: the moment that came out
    ======== ==========================================================================
    """

    kind: StepKind
    start: datetime | None = None
    end: datetime | None = None
    hours: float | None = None
    about: str = ""
    calendar: str = ""
    day: date | None = None
    names: Names = ()

    def written(self) -> dict[str, Any]:
        """Return it as an event keeps it (JSON)."""
        said: dict[str, Any] = {"kind": self.kind.value}
        for name in ("start", "end", "day"):
            value = getattr(self, name)
            said |= {name: value.isoformat()} if value is not None else {}
        said |= {"hours": self.hours} if self.hours is not None else {}
        said |= {"about": self.about} if self.about else {}
        said |= {"calendar": self.calendar} if self.calendar else {}
        return said | ({"names": dict(self.names)} if self.names else {})

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> "Step":
        """Read what `written` wrote."""
        start, end, day = said.get("start"), said.get("end"), said.get("day")
        return cls(
            kind=StepKind(said["kind"]),
            start=datetime.fromisoformat(start) if start else None,
            end=datetime.fromisoformat(end) if end else None,
            hours=said.get("hours"),
            about=said.get("about", ""),
            calendar=said.get("calendar", ""),
            day=date.fromisoformat(day) if day else None,
            names=tuple(said.get("names", {}).items()),
        )


@dataclass(frozen=True)
class Office:
    """Whose hours are counted."""

    name: str
    calendar: calendars.Calendar
    holidays: calendars.Holidays
    zone: ZoneInfo


@dataclass(frozen=True)
class Pause:
    """A span [start, end) in which the ticket waits for somebody outside."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Wanted:
    """So many hours (above 0) are given, and the setting of config.yaml that says so."""

    hours: float
    setting: str


@dataclass(frozen=True)
class Reckoning:
    """The moment at which the hours are over (UTC), and how it was reached."""

    due: datetime
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class History:
    """What of a ticket's story its clocks depend on.

    `started_at`: received, or reopened for the last time; `routed_at`: when the division that has
    it got it, `news_at`: when that division last said something of it (None: not yet).
    """

    started_at: datetime
    began: Begins = Begins.RECEIVED
    routed_at: datetime | None = None
    acknowledged_at: datetime | None = None
    news_at: datetime | None = None
    pauses: tuple[Pause, ...] = ()


# ------------------------------------------------------------------ how many hours


@dataclass(frozen=True)
class Promises:
    """What config.yaml gives: hours by priority for each clock, and by kind to resolve."""

    by_priority: Mapping[Clock, Mapping[Priority, float]]
    of_kind: Mapping[Kind, float]


@dataclass(frozen=True)
class Usual:
    """What a category is used to: its name, its priority, and the hours that are its own."""

    name: str
    priority: Priority
    hours: Mapping[Clock, float]


def wanted(
    clock: Clock, kind: Kind, priority: Priority, usual: Usual | None, promises: Promises
) -> Wanted | None:
    """Return the hours that a clock gives; None: config.yaml gives this clock none.

    The category's own; else those of the priority; to resolve those of the kind. Whatever is more
    urgent than its category is used to waits no longer than its priority allows, and an emergency
    never longer than emergencies do: of all that holds, the shortest.
    """
    order = list(Priority)
    usual_priority = usual.priority if usual else Priority.NORMAL
    raised = order.index(priority) > order.index(usual_priority)
    own = _own(clock, usual)
    resolve = clock is Clock.RESOLVE
    holds = [own] if own else [_of_kind(kind, promises)] if resolve else []
    if raised or (own is None and not resolve):
        of_priority = promises.by_priority.get(clock, {}).get(priority)
        if of_priority is not None:
            holds.append(Wanted(of_priority, f"deadlines.{clock}.{priority}"))
    if resolve and kind is Kind.EMERGENCY:
        holds.append(_of_kind(kind, promises))
    return min(holds, key=lambda each: each.hours, default=None)


def _own(clock: Clock, usual: Usual | None) -> Wanted | None:
    hours = usual.hours.get(clock) if usual else None
    if usual is None or hours is None:
        return None
    return Wanted(hours, f"categories.{usual.name}.{clock}_hours")


def _of_kind(kind: Kind, promises: Promises) -> Wanted:
    return Wanted(promises.of_kind[kind], f"resolve_hours.{kind}")


def counts_every_hour(kind: Kind, priority: Priority) -> bool:
    """Say whether the matter cannot wait for an office to open, whatever its calendar is."""
    return kind is Kind.EMERGENCY or priority is Priority.CRITICAL


# ------------------------------------------------------------------ by when


def plan(
    hours: Mapping[Clock, Wanted], office: Office | None, history: History
) -> dict[Clock, Reckoning]:
    """Work out each clock that has hours; one that has been stopped for good is not in it.

    `office`: whose hours are counted; None: every hour. The acknowledgement counts from when the
    division got it, the update from its last news, the resolution from the beginning.
    """
    routed = history.routed_at or history.started_at
    at_division = (routed, history.began if routed == history.started_at else Begins.ROUTED)
    begins = {
        Clock.ACKNOWLEDGE: at_division,
        Clock.UPDATE: (history.news_at, Begins.NEWS) if history.news_at else at_division,
        Clock.RESOLVE: (history.started_at, history.began),
    }
    running = {
        clock: each
        for clock, each in hours.items()
        if clock is not Clock.ACKNOWLEDGE or history.acknowledged_at is None
    }
    return {
        clock: reckon(
            *begins[clock],
            each,
            office,
            history.pauses if clock in PAUSED_BY_WAITING else (),
        )
        for clock, each in running.items()
    }


def reckon(
    start: datetime,
    began: Begins,
    given: Wanted,
    office: Office | None,
    pauses: Sequence[Pause] = (),
) -> Reckoning:
    """Work out when the hours given are over, and say each step.

    The result is the end of the last hour counted: never inside a closed span or a pause, though it
    may be the moment at which one begins.
    """
    start = start.astimezone(UTC)
    calendar = office.name if office else ALWAYS
    steps = [
        Step(StepKind.START, start=start, about=began.value),
        Step(StepKind.WANTED, hours=given.hours, about=given.setting, calendar=calendar),
    ]
    due = start
    left = timedelta(hours=given.hours)
    for kind, begin, end in _stretches(start, office, pauses):
        due = min(end, begin + left) if kind is StepKind.COUNTED else end
        steps.append(Step(kind, start=begin, end=due))
        if kind is StepKind.COUNTED:
            left -= due - begin
            if not left:
                break
        elif kind is StepKind.CLOSED and office is not None:
            steps += _named_days(office, begin, end)
    return Reckoning(due, (*steps, Step(StepKind.RESULT, start=due)))


_Stretch = tuple[StepKind, datetime, datetime]


def _stretches(
    start: datetime, office: Office | None, pauses: Sequence[Pause]
) -> Iterator[_Stretch]:
    """Cut all time from `start` to the horizon into what counts, is closed, and is paused."""
    held: _Stretch | None = None
    for each in _cut(_open_and_closed(start, office), _merged(pauses)):
        if held is not None and each[0] is held[0] and each[1] == held[2]:
            held = (held[0], held[1], each[2])  # a pause over a night is one pause
            continue
        if held is not None:
            yield held
        held = each
    if held is not None:
        yield held


def _open_and_closed(start: datetime, office: Office | None) -> Iterator[_Stretch]:
    if office is None:
        yield StepKind.COUNTED, start, start + timedelta(days=HORIZON)
        return
    at = start
    local = start.astimezone(office.zone)
    for begin, end in calendars.periods(office.calendar, local, office.holidays, HORIZON):
        if end <= at:
            continue
        if begin > at:
            yield StepKind.CLOSED, at, begin
        yield StepKind.COUNTED, max(at, begin), end
        at = end


def _merged(pauses: Sequence[Pause]) -> list[Pause]:
    merged: list[Pause] = []
    for each in sorted(pauses, key=lambda pause: pause.start):
        if each.end <= each.start:
            continue
        if merged and each.start <= merged[-1].end:
            merged[-1] = Pause(merged[-1].start, max(merged[-1].end, each.end))
        else:
            merged.append(each)
    return merged


def _cut(stretches: Iterator[_Stretch], pauses: Sequence[Pause]) -> Iterator[_Stretch]:
    for kind, begin, end in stretches:
        at = begin
        for pause in pauses:
            paused, again = max(at, pause.start), min(end, pause.end)
            if paused >= again:
                continue
            if paused > at:
                yield kind, at, paused
            yield StepKind.PAUSED, paused, again
            at = again
        if at < end:
            yield kind, at, end


def _named_days(office: Office, begin: datetime, end: datetime) -> Iterator[Step]:
    """Name the days of a closed span that the week alone would not have closed."""
    day = begin.astimezone(office.zone).date()
    last = (end - timedelta(microseconds=1)).astimezone(office.zone).date()
    while day <= last:
        hours = calendars.plan(office.calendar, day, office.holidays)
        worked = office.calendar.hours.weekly[day.weekday()]
        if not hours.spans and hours.reason is not calendars.Reason.WEEKLY and worked:
            yield Step(StepKind.HOLIDAY, day=day, names=hours.names)
        day += timedelta(days=1)


# ------------------------------------------------------------------ how it went


def on_time(*, closed_on_time: int, closed: int, open_overdue: int) -> float | None:
    """Return the share (0 to 1) of what was due that was kept; None when nothing was.

    What is open and overdue counts as missed (Austin 311), otherwise a backlog looks like 100 %.
    """
    owed = closed + open_overdue
    return closed_on_time / owed if owed else None
