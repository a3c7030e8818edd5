"""Bringing in a file of shifts: first what it would change, then all of it or nothing.

A file brought in twice is brought in once: a line of a table whose shift is there already adds
nothing, nor does an event of a calendar that plans what is planned. What was stays as it was: a
series that a calendar changes is changed from tomorrow on.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from agents.roster import calendar_file, rules, service, sheets
from agents.roster.calendar_file import Entry
from agents.roster.rules import ONE_DAY
from agents.roster.service import Act, Plan, Wish
from agents.roster.sheets import Bad, Row

#: Lines or events of one file.
MOST = 5000
#: Days of the future in which two series that are the same there are taken for the same.
_AHEAD = 730


@dataclass(frozen=True, slots=True)
class Coming:
    """A shift that a file would add, or (`changes`: the id of a series) make another."""

    line: int
    plan: Plan
    entry: Entry | None = None
    changes: int | None = None


@dataclass
class Preview:
    """What a file would do: shifts that are new, how many are there already, lines that are bad."""

    form: str
    new: list[Coming] = field(default_factory=list)
    changed: list[Coming] = field(default_factory=list)
    there: int = 0
    bad: list[Bad] = field(default_factory=list)


def of_table(session: Session, text: str, act: Act) -> Preview:
    """What a table (CSV) would do."""
    preview = Preview("csv")
    known = {each.username: each.id for each in service.people(session)}
    rows: list[Row] = []
    for each in _limited(sheets.read(text, act.zone)):
        if isinstance(each, Row) and each.agent not in known:
            preview.bad.append(Bad(each.line, "no_such_agent", each.agent))
        elif isinstance(each, Row):
            rows.append(each)
        else:
            preview.bad.append(each)
    there = _there(session, rows, act)
    for row in rows:
        key = _key(known[row.agent], row, act)
        if key in there:
            preview.there += 1
            continue
        there.add(key)
        plan = Plan(known[row.agent], row.day, row.start, row.minutes, note=row.note)
        preview.new.append(Coming(row.line, plan))
    return preview


def _limited(found: Iterable[Any]) -> Iterator[Any]:
    for number, each in enumerate(found):
        if number == MOST:
            yield Bad(number + 1, "too_many", str(MOST))
            return
        yield each


Key = tuple[int, datetime, datetime]


def _key(agent_id: int, row: Row, act: Act) -> Key:
    start = rules.moment(row.day, row.start, act.zone)
    return agent_id, start, start + timedelta(minutes=row.minutes)


def _there(session: Session, rows: list[Row], act: Act) -> set[Key]:
    if not rows:
        return set()
    first, last = min(row.day for row in rows), max(row.day for row in rows)
    found = service.shifts_between(session, first, last, act.zone)
    return {(each.agent_id, each.start, each.end) for each in found}


def of_calendar(session: Session, agent_id: int, content: bytes, act: Act) -> Preview:
    """What a calendar file (iCalendar) would do to one agent's shifts."""
    preview = Preview("ics")
    series = service.series_of(session, agent_id)
    mine = {each.uid: each for each in series if each.agent_id == agent_id and each.run == 1}
    known = {each.uid: each for each in calendar_file.entries(series, agent_id)}
    since = act.today + ONE_DAY
    for number, each in enumerate(_limited(calendar_file.read(content, act.zone)), 1):
        if isinstance(each, Bad):
            preview.bad.append(each)
            continue
        before = known.get(each.uid)
        if before is not None and _future(before, since) == _future(each, since):
            preview.there += 1
            continue
        plan = Plan(
            agent_id, each.first_day, each.start, each.minutes, each.rule,
            last_day=each.last_day, note=each.note,
        )  # fmt: skip
        if each.uid in mine:
            preview.changed.append(Coming(number, plan, each, mine[each.uid].id))
        elif before is None:
            known[each.uid] = each
            preview.new.append(Coming(number, plan, each))
        else:
            preview.bad.append(Bad(number, "part_of_another", each.uid))
    return preview


def _future(entry: Entry, since: date) -> tuple[Any, ...]:
    """What an entry plans from a day on."""
    last = since + timedelta(days=_AHEAD)
    planned = (entry.start, entry.minutes)
    days = {
        on: planned if (change := entry.changes.get(on, entry)) is entry else change
        for on in rules.planned_days(entry.series, since, last)
    }
    shown = {
        on: (each.day, each.start, each.minutes)
        if isinstance(each, calendar_file.Altered)
        else each
        for on, each in days.items()
    }
    return entry.note if days else "", tuple(sorted(shown.items(), key=lambda each: each[0]))


def bring(session: Session, preview: Preview, act: Act) -> None:
    """Do what a preview without a bad line says; the caller's unit of work is all or nothing."""
    assert not preview.bad
    counts: dict[int, int] = {}
    for coming in preview.new:
        uid = coming.entry.uid if coming.entry is not None else ""
        shift_id = service.add(session, coming.plan, act, uid=uid, told=False)
        _alter(session, shift_id, coming.entry, date.min)
        counts[coming.plan.agent_id] = counts.get(coming.plan.agent_id, 0) + 1
    for coming in preview.changed:
        _change(session, coming, act)
    service.tell_imported(session, counts, act, form=preview.form)


def _change(session: Session, coming: Coming, act: Act) -> None:
    assert coming.changes is not None and coming.entry is not None
    old, since = service.find(session, coming.changes), act.today + ONE_DAY
    future = next(rules.planned_days(coming.entry.series, since, date(since.year + 10, 1, 1)), None)
    if future is None:
        service.remove(session, old.id, since, act, version=old.version)
        return
    plan = replace(coming.plan, first_day=since if coming.plan.rule else future)
    shift_id = service.change(session, old.id, plan, act, version=old.version)
    service.count_from(session, shift_id, coming.entry.first_day)
    service.forget_changes(session, shift_id)
    _alter(session, shift_id, coming.entry, since)


def _alter(session: Session, shift_id: int, entry: Entry | None, since: date) -> None:
    """The single days of an entry from a day on, as the file has them."""
    for on, change in sorted((entry.changes if entry is not None else {}).items()):
        series = service.find(session, shift_id)
        if on < since or on not in rules.planned_days(series, on, on):
            continue
        held = change or calendar_file.Altered(on, series.start, series.minutes)
        wish = Wish(
            held.reason or "iCalendar", change is None, series.agent_id, held.day, held.start,
            held.minutes,
        )  # fmt: skip
        service.put(session, series, on, wish)
