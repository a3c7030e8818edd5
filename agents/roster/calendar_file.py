"""Shifts as a calendar file (iCalendar, RFC 5545), by the library `icalendar`.

Pure, but for the library. A series is an event with RRULE; a day off, or one that somebody else
works, is its EXDATE; a day at another time an event of its own with RECURRENCE-ID. What an agent
works for a colleague is a single event. Times are local with their zone, which the file describes
(VTIMEZONE), so that a series keeps its hour on the wall when the clocks change.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard, vRecur

from agents.roster import rules, sheets
from agents.roster.rules import ONE_DAY, BadRule, Kind, Series
from agents.roster.sheets import NOTE_LENGTH, Bad

PRODUCT: Final = "-//Saidduan//roster//EN"
#: Years after the last that is needed for which the file describes the zone.
_YEARS_AHEAD = 5
_UID_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Altered:
    """One day of an entry at another time."""

    day: date
    start: time
    minutes: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of one agent's calendar; `changes`: None is a day without it."""

    uid: str
    first_day: date
    start: time
    minutes: int
    rule: str = ""
    last_day: date | None = None
    note: str = ""
    changes: Mapping[date, Altered | None] = field(default_factory=dict)

    @property
    def series(self) -> Series:
        """The entry as a series of nobody, without its changes: for the rules."""
        return Series(
            0, 0, self.uid, self.first_day, self.start, self.minutes, self.first_day, self.rule,
            last_day=self.last_day, note=self.note,
        )  # fmt: skip


# ---------------------------------------------------------------- from the roster


def entries(of: Iterable[Series], agent_id: int) -> Iterator[Entry]:
    """What an agent's calendar shows of some series: their own, and what they work for others."""
    for series in of:
        if series.agent_id == agent_id:
            yield from _own(series)
        for on, change in sorted(series.changes.items()):
            theirs = change.agent_id == agent_id and change.kind is not Kind.OFF
            if theirs and series.agent_id != agent_id:
                yield Entry(
                    f"{series.uid}/{on:%Y%m%d}", change.day, change.start, change.minutes,
                    note=series.note,
                )  # fmt: skip


def _own(series: Series) -> Iterator[Entry]:
    """One entry, or one for each of the days in a row, each with the same rule."""
    if not series.rule:
        yield from _once(series)
        return
    for nth in range(series.run):
        one = replace(series, anchor=series.anchor + nth * ONE_DAY, run=1)
        end = series.last_day or series.first_day + timedelta(days=rules.FARTHEST)
        first = next(rules.planned_days(one, series.first_day, end), None)
        if first is None:
            continue
        planned = _planned(one, series.changes)
        changes = {
            on: _altered(series, change) for on, change in series.changes.items() if on in planned
        }
        last = series.last_day
        if last is not None:
            last = max(rules.planned_days(one, first, last))
        uid = series.uid if series.run == 1 else f"{series.uid}.{nth}"
        yield Entry(
            uid, first, series.start, series.minutes, series.rule,
            last, series.note, changes,
        )  # fmt: skip


def _planned(series: Series, days: Iterable[date]) -> set[date]:
    """The planned days between the first and the last of these, with one walk along the rule."""
    among = sorted(days)
    return set(rules.planned_days(series, among[0], among[-1])) if among else set()


def _once(series: Series) -> Iterator[Entry]:
    """A shift that comes once, at the time at which it is now, if it is."""
    change = series.changes.get(series.first_day)
    if change is None:
        yield Entry(series.uid, series.first_day, series.start, series.minutes, note=series.note)
    elif (moved := _altered(series, change)) is not None:
        yield Entry(series.uid, moved.day, moved.start, moved.minutes, note=series.note)


def _altered(series: Series, change: rules.Change) -> Altered | None:
    if change.kind is Kind.OFF or change.agent_id != series.agent_id:
        return None
    return Altered(change.day, change.start, change.minutes, change.reason)


# ---------------------------------------------------------------- out


def written(of: Sequence[Entry], zone: ZoneInfo, *, name: str, title: str, now: datetime) -> bytes:
    """The file of some entries. `name` is the calendar's, `title` what each event is called."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", name)
    years = [each.first_day.year for each in of] + [now.year]
    calendar.add_component(_zone(zone, min(years) - 1, max(years) + _YEARS_AHEAD))
    for entry in of:
        calendar.add_component(_event(entry, zone, title, now))
        for on, change in sorted(entry.changes.items()):
            if change is not None:
                calendar.add_component(_override(entry, on, change, zone, title, now))
    return bytes(calendar.to_ical())


def _event(entry: Entry, zone: ZoneInfo, title: str, now: datetime) -> Event:
    event = _plain(entry, zone, title, now, entry.first_day, entry.start, entry.minutes)
    if entry.rule:
        until = "" if entry.last_day is None else f";UNTIL={_utc(entry.last_day, entry, zone)}"
        event.add("rrule", vRecur.from_ical(entry.rule + until))
    off = [_local(on, entry.start, zone) for on, each in sorted(entry.changes.items()) if not each]
    if off:
        event.add("exdate", off)
    return event


def _override(
    entry: Entry, on: date, change: Altered, zone: ZoneInfo, title: str, now: datetime
) -> Event:
    event = _plain(entry, zone, title, now, change.day, change.start, change.minutes)
    event.add("recurrence-id", _local(on, entry.start, zone))
    if change.reason:
        event.add("comment", change.reason)
    return event


def _plain(
    entry: Entry, zone: ZoneInfo, title: str, now: datetime, day: date, start: time, minutes: int
) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("dtstamp", now)
    event.add("dtstart", _local(day, start, zone))
    event.add("duration", timedelta(minutes=minutes))
    event.add("summary", title)
    if entry.note:
        event.add("description", entry.note)
    return event


def _local(day: date, start: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, start, tzinfo=zone)


def _utc(day: date, entry: Entry, zone: ZoneInfo) -> str:
    """UNTIL is a moment in UTC where DTSTART has a zone (RFC 5545, 3.3.10)."""
    return f"{rules.moment(day, entry.start, zone):%Y%m%dT%H%M%SZ}"


def _zone(zone: ZoneInfo, first_year: int, last_year: int) -> Timezone:
    """The zone with every change of its clocks in these years: each begins at the local time that
    was shown before it (RFC 5545, 3.6.5; the library's own writes the time after it).
    """
    described = Timezone()
    described.add("tzid", zone.key)
    begin = datetime(first_year, 1, 1, tzinfo=UTC)
    described.add_component(_observance(zone, begin, zone.utcoffset(begin.astimezone(zone))))
    for at in _jumps(zone, first_year, last_year):
        before = (at - timedelta(seconds=1)).astimezone(zone).utcoffset()
        described.add_component(_observance(zone, at, before))
    return described


def _observance(zone: ZoneInfo, at: datetime, before: timedelta | None) -> Any:
    local = at.astimezone(zone)
    assert before is not None
    part = TimezoneDaylight() if local.dst() else TimezoneStandard()
    part.add("dtstart", at.replace(tzinfo=None) + before)
    part.add("tzoffsetfrom", before)
    part.add("tzoffsetto", local.utcoffset())
    part.add("tzname", local.tzname() or zone.key)
    return part


def _jumps(zone: ZoneInfo, first_year: int, last_year: int) -> Iterator[datetime]:
    """The moments at which the clocks change, to the second."""
    at, end = datetime(first_year, 1, 1, tzinfo=UTC), datetime(last_year + 1, 1, 1, tzinfo=UTC)
    while at < end:
        following = at + timedelta(days=7)
        if _offset(at, zone) != _offset(following, zone):
            low, high = at, following
            while high - low > timedelta(seconds=1):
                middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
                low, high = (middle, high) if _offset(middle, zone) == _offset(at, zone) else (
                    low, middle)  # fmt: skip
            yield high
        at = following


def _offset(at: datetime, zone: ZoneInfo) -> tuple[timedelta | None, timedelta | None]:
    local = at.astimezone(zone)
    return local.utcoffset(), local.dst()


# ---------------------------------------------------------------- in


class _Refused(Exception):
    """This event is none that a roster has: `agents.roster.bad.<why>`."""

    def __init__(self, why: str, what: object = "") -> None:
        super().__init__(why)
        self.why, self.what = why, str(what)[:80]


def read(content: bytes, zone: ZoneInfo) -> list[Entry | Bad]:
    """The entries of a file, and the events that cannot be read, each with the line at which it
    begins.
    """
    try:
        calendar = Calendar.from_ical(content)
        events = list(calendar.walk("VEVENT"))
    except (ValueError, TypeError, IndexError, KeyError, AttributeError) as error:
        return [Bad(1, "unreadable", str(error)[:80])]
    ours = str(calendar.get("prodid", "")) == PRODUCT
    text = content.decode("utf-8", "replace").splitlines()
    lines = [n for n, line in enumerate(text, 1) if line.strip().upper() == "BEGIN:VEVENT"]
    at = dict(zip(map(id, events), lines, strict=False))
    if not events:
        return [Bad(1, "no_events")]
    changed: dict[str, list[Any]] = {}
    for each in events:
        if "RECURRENCE-ID" in each:
            changed.setdefault(str(each.get("uid")), []).append(each)
    return [
        _entry(each, changed.get(str(each.get("uid")), ()), zone, at.get(id(each), 1), ours=ours)
        for each in _masters(events)
    ]


def _masters(events: Sequence[Any]) -> list[Any]:
    """The events that are no single day of another, and are not called off."""
    alone = {str(each.get("uid")) for each in events if "RECURRENCE-ID" not in each}
    return [
        each
        for each in events
        if ("RECURRENCE-ID" not in each or str(each.get("uid")) not in alone)
        and str(each.get("status", "")).upper() != "CANCELLED"
    ]


def _entry(event: Any, changed: Sequence[Any], zone: ZoneInfo, line: int, *, ours: bool) -> Any:
    try:
        return _read(event, changed, zone, ours=ours)
    except _Refused as refused:
        return Bad(line, refused.why, refused.what)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        return Bad(line, "unreadable", str(error)[:80])


def _read(event: Any, changed: Sequence[Any], zone: ZoneInfo, *, ours: bool) -> Entry:
    uid = str(event.get("uid", ""))
    if not 0 < len(uid) <= _UID_LENGTH:
        raise _Refused("uid")
    if "RECURRENCE-ID" in event or "RDATE" in event:
        raise _Refused("no_series")
    day, start = _when(event["dtstart"].dt, zone)
    if day.year not in sheets.YEARS:
        raise _Refused("first_day", day)
    note = str(event.get("description") or ("" if ours else event.get("summary", "")))
    plain = Entry(uid, day, start, _minutes(event), note=" ".join(note.split())[:NOTE_LENGTH])
    if "RRULE" not in event:
        return plain
    entry = _repeated(plain, event, zone)
    changes: dict[date, Altered | None] = dict.fromkeys(_excluded(event, zone))
    for each in changed:
        on, altered = _of_one_day(each, zone)
        changes[on] = altered
    if len(changes) > rules.MOST:
        raise _Refused("too_many", rules.MOST)
    farthest = entry.first_day + timedelta(days=2 * rules.FARTHEST)
    planned = _planned(entry.series, (on for on in changes if on <= farthest))
    return replace(entry, changes={on: each for on, each in changes.items() if on in planned})


def _plans(entry: Entry, on: date) -> bool:
    return on in rules.planned_days(entry.series, on, on)


def _when(found: Any, zone: ZoneInfo) -> tuple[date, time]:
    """Local day and time; one without a zone is the city's."""
    if not isinstance(found, datetime):
        raise _Refused("all_day", found)
    local = found if found.tzinfo is None else found.astimezone(zone)
    return local.date(), local.time().replace(second=0, microsecond=0)


def _minutes(event: Any) -> int:
    minutes = round(event.duration.total_seconds() / 60)
    if not rules.SHORTEST <= minutes <= rules.LONGEST:
        raise _Refused("length", event.duration)
    return int(minutes)


def _repeated(plain: Entry, event: Any, zone: ZoneInfo) -> Entry:
    found = event["rrule"]
    if isinstance(found, list):
        raise _Refused("rule", "RRULE, RRULE")
    first = event["dtstart"].dt
    if first.tzinfo is not None and not _same_clock(first, zone):
        raise _Refused("zone", first.tzinfo)
    asked = found.to_ical().decode()
    until, count = found.pop("UNTIL", None), found.pop("COUNT", None)
    try:
        rule = rules.canonical(found.to_ical().decode())
        entry = replace(plain, rule=rule)
        if not _plans(entry, plain.first_day):
            raise _Refused("first_day", plain.first_day)
        if count:
            return replace(entry, last_day=rules.nth_day(entry.series, int(count[0])))
    except BadRule as error:
        raise _Refused("rule", asked) from error
    return replace(entry, last_day=_last(until[0], entry, zone)) if until else entry


def _same_clock(first: datetime, zone: ZoneInfo) -> bool:
    """Whether the file's zone shows the city's time, in winter and in summer."""
    both = (first, first + timedelta(days=182))
    return all(each.utcoffset() == each.astimezone(zone).utcoffset() for each in both)


def _last(until: Any, entry: Entry, zone: ZoneInfo) -> date:
    if not isinstance(until, datetime):
        return date(until.year, until.month, until.day)
    local = until if until.tzinfo is None else until.astimezone(zone)
    day = local.date()
    return day if local.time() >= entry.start else day - ONE_DAY


def _excluded(event: Any, zone: ZoneInfo) -> Iterator[date]:
    found = event.get("exdate", [])
    for group in found if isinstance(found, list) else [found]:
        for each in group.dts:
            yield each.dt if not isinstance(each.dt, datetime) else _when(each.dt, zone)[0]


def _of_one_day(event: Any, zone: ZoneInfo) -> tuple[date, Altered | None]:
    at = event["recurrence-id"]
    if at.params.get("RANGE"):
        raise _Refused("no_series", "RANGE")
    on = at.dt if not isinstance(at.dt, datetime) else _when(at.dt, zone)[0]
    if str(event.get("status", "")).upper() == "CANCELLED":
        return on, None
    day, start = _when(event["dtstart"].dt, zone)
    reason = str(event.get("comment", ""))[:NOTE_LENGTH]
    return on, Altered(day, start, _minutes(event), reason)
