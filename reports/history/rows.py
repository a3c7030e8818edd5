"""Makes a visit of a row, by the map of its file. Pure.

What the map does not say is not guessed: such a row is bad, with the reason.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain, groupby
from zoneinfo import ZoneInfo

from hotline import telephones
from reports.history import times
from reports.history.files import Record
from reports.history.maps import CITY, IGNORE, KEEP, REFUSE, Moment, RowsMap, Values
from reports.history.times import Place, Unreadable
from reports.history.visit import Outcome, Row, Visit, digest, together

DAY = timedelta(days=1)
LONGEST_NAME = 120
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class Bad(ValueError):
    """Why a row is none."""


class Ignored(Exception):
    """Why a row is left out on purpose."""


@dataclass(frozen=True)
class Reading:
    """A map where it is used: in a city of this `zone` and `country`, at `now`; columns by place in
    a row.
    """

    map: RowsMap
    columns: Sequence[str]
    zone: ZoneInfo
    country: str
    now: datetime

    def rows(self, records: Iterable[Record]) -> Iterator[Row]:
        """What the records are; those of one call that stand together are one (`RowsMap.parts`)."""
        if not self.map.parts:
            return map(self.row, records)
        calls = groupby(records, key=self._part)
        return chain.from_iterable(self._one_call(found) for _, found in calls)

    def _part(self, record: Record) -> tuple[str, ...] | int:
        """What records of one call have in common; of what cannot be read its line."""
        if record.bad or len(record.fields) != len(self.columns):
            return record.line
        values = dict(zip(self.columns, record.fields, strict=True))
        found = tuple(values[column].strip() for column in self.map.parts)
        return found if any(found) else record.line

    def _one_call(self, records: Iterable[Record]) -> Iterator[Row]:
        found = [self.row(each) for each in records]
        parts = [each for each in found if each.visit is not None]
        wrong = next((each for each in found if each.bad), None)
        if wrong is not None and parts:
            reason = f"another row of its call is bad: line {wrong.line}"
            return iter(
                [replace(each, visit=None, bad=reason) if each.visit else each for each in found]
            )
        if len(parts) < 2:
            return iter(found)
        whole = Row(parts[0].line, b"".join(each.raw for each in parts), key=parts[0].key)
        visit = together([each.visit for each in parts if each.visit is not None])
        fault = visit.fault(self.now, self.map.time.longest)
        whole = replace(whole, bad=fault) if fault else replace(whole, visit=visit)
        return chain((each for each in found if each.visit is None), [whole])

    def row(self, record: Record) -> Row:
        """What the record is."""
        if record.bad:
            return Row(record.line, record.raw, bad=record.bad)
        if not any(field.strip() for field in record.fields):
            return Row(record.line, record.raw, ignored="empty line")
        try:
            values = self._values(record.fields)
            visit, key = self._visit(values), self._key(values)
        except (Bad, Unreadable) as reason:
            return Row(record.line, record.raw, bad=str(reason))
        except Ignored as reason:
            return Row(record.line, record.raw, ignored=str(reason))
        return Row(record.line, record.raw, visit=visit, key=key)

    def _values(self, fields: Sequence[str]) -> dict[str, str]:
        if len(fields) != len(self.columns):
            raise Bad(f"{len(fields)} fields where there are {len(self.columns)} columns")
        values = {
            name: text.strip() for name, text in zip(self.columns, fields, strict=True) if name
        }
        for column, nothing in self.map.empty.items():
            if values[column] in nothing:
                values[column] = ""
        return values

    def _key(self, values: Mapping[str, str]) -> str:
        parts = [values[column] for column in self.map.key]
        if not any(parts):
            # two such rows would be one call, told twice
            raise Bad(f"nothing says which call it is: {', '.join(self.map.key)} is empty")
        return digest("\x1f".join((self.map.source, *parts)), 16)

    # ------------------------------------------------------------ the visit

    def _visit(self, values: Mapping[str, str]) -> Visit:
        for column, wanted in self.map.only.items():
            if values[column] not in wanted:
                raise Ignored(f"{column} is {values[column]!r}")
        outcome = self._outcome(values)
        self._check_lengths(values)
        came_to_one = outcome not in (Outcome.NOT_QUEUED, Outcome.TRANSFERRED)
        number = values[self.map.number] if self.map.number else ""
        told = {
            "queue": mapped(self.map.queue, values, "queue") if came_to_one else None,
            "language": mapped(self.map.language, values, "language"),
            "agent": name_of(values[self.map.agent]) if self.map.agent else None,
            "number": telephones.kept(number, self.country, possible=True),
        }
        visit = _Moments(self, values).visit(outcome, told)
        fault = visit.fault(self.now, self.map.time.longest)
        if fault is not None:
            raise Bad(fault)
        return visit

    def _outcome(self, values: Mapping[str, str]) -> Outcome:
        for rule in self.map.outcomes:
            if all(values[column] in wanted for column, wanted in rule.when.items()):
                found, reason = rule.is_, rule.reason
                break
        else:
            found, reason = self.map.otherwise, ""
        said = ", ".join(f"{name}={values[name]}" for name in self.map.decide)
        if found == REFUSE:
            raise Bad(reason or f"no outcome for {said}")
        if found == IGNORE:
            raise Ignored(reason or said)
        return Outcome(found)

    def _check_lengths(self, values: Mapping[str, str]) -> None:
        lengths = self.map.lengths
        for column in (*lengths.not_negative, *lengths.columns):
            if values[column]:
                times.length(values[column], lengths.unit)


def mapped(rule: Values | None, values: Mapping[str, str], what: str) -> str | None:
    """What the rule makes of a row's value. Raises Bad, or Ignored."""
    if rule is None or rule.always is not None:
        return None if rule is None else rule.always
    assert rule.column is not None, "the map has been checked"
    text = values[rule.column]
    found = rule.values.get(text, rule.otherwise)
    if found == REFUSE or (found == KEEP and not _NAME.fullmatch(text)):
        raise Bad(f"no {what} for {rule.column}={text}")
    if found == IGNORE:
        raise Ignored(f"{rule.column}={text}")
    return text if found == KEEP else found


def name_of(text: str) -> str | None:
    """An agent's name; None for none. Raises Bad for one that cannot be one."""
    if len(text) > LONGEST_NAME or not text.isprintable():
        raise Bad(f"an agent called {text[:LONGEST_NAME]!r}")
    return text or None


class _Moments:
    """The moments of one row, in their order: a time of day alone is the next one after the moment
    before, so a call may cross midnight.
    """

    def __init__(self, reading: Reading, values: Mapping[str, str]) -> None:
        self._map, self._values = reading.map, values
        time = reading.map.time
        zone = reading.zone if time.zone == CITY else ZoneInfo(time.zone)
        self._place = Place(zone, time.repeated_hour, time.skipped_hour)
        self._before: datetime | None = None

    def visit(self, outcome: Outcome, told: Mapping[str, str | None]) -> Visit:
        moments, lengths = self._map.moments, self._map.lengths
        arrived = self._moment(moments.arrived)
        if arrived is None:
            raise Bad("no moment of arrival")
        known = {"arrived_at": arrived}
        if outcome is Outcome.TRANSFERRED:
            known["transferred_at"] = arrived
        elif outcome is not Outcome.NOT_QUEUED:
            queued = self._reached(arrived, moments.queued, lengths.menu) or arrived
            known["queued_at"] = queued
            known |= (
                self._answered(queued)
                if outcome is Outcome.ANSWERED
                else self._left(queued, outcome)
            )
        return self._made(outcome, told, **known)

    def _left(self, queued: datetime, outcome: Outcome) -> dict[str, datetime]:
        left = self._reached(queued, self._map.moments.left, self._map.lengths.wait)
        if left is None:
            raise Bad("nobody knows when the caller left the queue")
        if left < queued:
            raise Bad("left before queued")
        return {"abandoned_at" if outcome is Outcome.ABANDONED else "left_at": left}

    def _answered(self, queued: datetime) -> dict[str, datetime]:
        moments, lengths = self._map.moments, self._map.lengths
        connected = self._reached(queued, moments.connected, lengths.wait)
        if connected is None:
            raise Bad("answered, but nobody knows when")
        known = {"connected_at": connected}
        ended = self._reached(connected, moments.talk_ended, lengths.talk)
        if ended is None and (moments.talk_ended or lengths.talk):
            raise Bad("answered, but nobody knows until when")
        if ended is not None:
            known["talk_ended_at"] = ended
            done = self._reached(ended, moments.wrapped_up, lengths.wrap_up)
            known |= {} if done is None else {"wrapped_up_at": done}
        return known

    def _made(self, outcome: Outcome, told: Mapping[str, str | None], **known: datetime) -> Visit:
        # an answer is an offer that was taken; of the others nobody knows
        return Visit(
            outcome=outcome,
            queue=told["queue"],
            language=told["language"],
            agent=told["agent"],
            number=told["number"],
            offers=int(outcome is Outcome.ANSWERED),
            **known,  # type: ignore[arg-type]
        )

    def _reached(
        self, start: datetime, moment: Sequence[Moment], length: str | None
    ) -> datetime | None:
        """The end of a stretch that began at `start`, by its moment or by its length."""
        if length is not None:
            text = self._values[length]
            end = start + times.length(text, self._map.lengths.unit) if text else None
            self._before = None if end is None else self._local(end)
            return end
        return self._moment(moment)

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self._place.zone).replace(tzinfo=None)

    def _moment(self, choices: Sequence[Moment]) -> datetime | None:
        """The first of the columns that is filled; None when none is."""
        for each in choices:
            text = self._values[each.column] if each.column else self._values[each.time or ""]
            if text:
                return self._read(each, text)
        return None

    def _read(self, moment: Moment, text: str) -> datetime:
        time = self._map.time
        parts = times.read(text, time.times if moment.time else time.formats, time.calendar)
        if parts.at is not None:
            self._before = self._local(parts.at)
            return parts.at
        if parts.clock is None:
            raise Unreadable(f"{text!r} has no time of day")
        day = parts.day if moment.date is None else self._day(moment.date)
        if day is None:
            raise Unreadable(f"{text!r} has no day")
        at = datetime.combine(day, parts.clock)
        if moment.date is not None and self._before is not None and time.past_midnight:
            # written without a day of its own: the day is that of the arrival
            while at < self._before and at.date() <= self._before.date():
                at += DAY
        self._before = at
        if parts.offset is not None:
            return at.replace(tzinfo=parts.offset).astimezone(UTC)
        return self._place.utc(at)

    def _day(self, column: str) -> date | None:
        text = self._values[column]
        return times.read(text, self._map.time.dates, self._map.time.calendar).day if text else None
