"""Puts calls together from the lines of Asterisk's queue_log. Pure.

A line is `seconds|call|queue|agent|EVENT|…`; what stands after the event is told in the
documentation of Asterisk ("Queue Logs"). A visit begins with ENTERQUEUE and ends with the line that
says how: what the line itself says of lengths is taken (they are what Asterisk's own reports
count), and must agree with the moments of the lines.

Held at a time: the calls that are open, and how many visits each call of the last hours has made.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hotline import telephones
from reports.history import times
from reports.history.files import Record
from reports.history.maps import CITY, EventsMap
from reports.history.rows import Bad, Ignored, mapped, name_of
from reports.history.times import Place, Unreadable
from reports.history.visit import Outcome, Row, Visit, digest

#: Of the exchange, of its agents, or of a call without a bearing on any figure.
ASIDE = frozenset(
    {
        "ADDMEMBER",
        "REMOVEMEMBER",
        "PAUSE",
        "UNPAUSE",
        "PAUSEALL",
        "UNPAUSEALL",
        "PENALTY",
        "RINGINUSE",
        "AGENTLOGIN",
        "AGENTLOGOFF",
        "AGENTCALLBACKLOGIN",
        "AGENTCALLBACKLOGOFF",
        "CONFIGRELOAD",
        "DID",
        "INFO",
        "OUTCALL",
    }
)
#: A call that was never let into the queue.
NOT_LET_IN = frozenset({"JOINEMPTY", "FULL", "JOINUNAVAIL"})
RESTART = "QUEUESTART"
#: How long after its last visit a call may come to another queue.
_REMEMBERED = timedelta(hours=12)
#: In so many open calls those that cannot go on are looked for.
_LOOK_AFTER = 1000


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log. `data` is what stands after the event."""

    record: Record
    at: datetime
    call: str
    queue: str
    agent: str
    event: str
    data: Sequence[str]

    def seconds(self, place: int) -> timedelta | None:
        """A length at a place of the data, which may be counted from its end; None: not told."""
        try:
            text = self.data[place]
        except IndexError:
            return None
        return times.length(text, "seconds") if text else None


@dataclass(slots=True)
class Open:
    """A visit that has not ended."""

    entered: Line
    number: int
    again: bool
    key: str
    lines: list[Record] = field(default_factory=list)
    connected: datetime | None = None
    #: How long the caller had waited by then, as CONNECT says.
    held: timedelta | None = None
    agent: str | None = None
    offers: int = 0
    missed: int = 0
    wrong: str = ""


@dataclass(slots=True)
class _Known:
    """The visits of a call so far."""

    visits: int = 0
    answered: bool = False
    last: datetime | None = None
    #: How many of them entered the same queue in the same second as the last.
    at_once: int = 0
    queue: str = ""

    def enter(self, line: Line) -> None:
        self.at_once = self.at_once + 1 if (self.queue, self.last) == (line.queue, line.at) else 1
        self.visits, self.last, self.queue = self.visits + 1, line.at, line.queue


@dataclass(frozen=True)
class Reading:
    """A map where it is used; see `rows.Reading`."""

    map: EventsMap
    zone: ZoneInfo
    country: str
    now: datetime

    @property
    def place(self) -> Place:
        time = self.map.time
        zone = self.zone if time.zone == CITY else ZoneInfo(time.zone)
        return Place(zone, time.repeated_hour, time.skipped_hour)

    def rows(self, records: Iterable[Record]) -> Iterator[Row]:
        """The visits of a log in the order in which they end, and the lines that belong to none."""
        return _Assembly(self).rows(records)


class _Assembly:
    def __init__(self, reading: Reading) -> None:
        self._reading, self._map, self._place = reading, reading.map, reading.place
        self._tolerance = timedelta(seconds=reading.map.tolerance_seconds)
        self._open: dict[str, Open] = {}
        self._known: dict[str, _Known] = {}
        self._look_at = _LOOK_AFTER

    def rows(self, records: Iterable[Record]) -> Iterator[Row]:
        for record in records:
            yield from self._record(record)
        yield from self._cut("the file ends before the call does", list(self._open))

    def _record(self, record: Record) -> Iterator[Row]:
        if record.bad:
            yield Row(record.line, record.raw, bad=record.bad)
            return
        if not any(record.fields):
            yield Row(record.line, record.raw, ignored="empty line")
            return
        try:
            line = self._line(record)
        except (Bad, Unreadable) as reason:
            yield Row(record.line, record.raw, bad=str(reason))
            return
        yield from self._event(line)

    def _line(self, record: Record) -> Line:
        if len(record.fields) < 5:
            raise Bad(f"{len(record.fields)} fields where a line has five or more")
        moment, call, queue, agent, event, *data = (each.strip() for each in record.fields)
        time = self._map.time
        parts = times.read(moment, time.formats, time.calendar)
        at = parts.at
        if at is None:
            assert parts.day is not None and parts.clock is not None, "the map has been checked"
            local = datetime.combine(parts.day, parts.clock)
            at = (
                self._place.utc(local)
                if parts.offset is None
                else local.replace(tzinfo=parts.offset).astimezone(UTC)
            )
        return Line(record, at, call, queue, agent, event, data)

    def _event(self, line: Line) -> Iterator[Row]:
        if line.event == RESTART:
            yield from self._cut("Asterisk was started anew during the call", list(self._open))
        if line.event in ASIDE or line.event == RESTART:
            yield Row(line.record.line, line.record.raw, ignored=line.event)
        elif line.event == "ENTERQUEUE":
            yield from self._enter(line)
        elif line.event in NOT_LET_IN:
            yield from self._not_let_in(line)
        elif (visit := self._open.get(line.call)) is None:
            known = line.event in GOES_ON or line.event in ENDS
            why = "without ENTERQUEUE before it" if known else "is no event that is known"
            yield Row(line.record.line, line.record.raw, bad=f"{line.event} {why}")
        elif line.event in GOES_ON:
            visit.lines.append(line.record)
            GOES_ON[line.event](visit, line)
        elif line.event in ENDS:
            visit.lines.append(line.record)
            del self._open[line.call]
            yield self._row(visit, line)
        else:
            yield Row(
                line.record.line, line.record.raw, bad=f"{line.event} is no event that is known"
            )

    def _enter(self, line: Line) -> Iterator[Row]:
        if line.call in self._open:
            yield from self._cut("entered a queue again before it had left this one", [line.call])
        if len(self._open) + len(self._known) > self._look_at:
            yield from self._forget(line.at)
        known = self._known.setdefault(line.call, _Known())
        known.enter(line)
        self._open[line.call] = Open(
            line, known.visits, known.answered, self._key(line, known.at_once), [line.record]
        )

    def _not_let_in(self, line: Line) -> Iterator[Row]:
        """A full queue, or one that nobody serves: it was never entered."""
        known = self._known.setdefault(line.call, _Known())
        known.enter(line)
        record, key = line.record, self._key(line, known.at_once)
        entered = Open(line, known.visits, known.answered, key)
        try:
            visit = self._visit(entered, None, Outcome.NOT_QUEUED)
        except (Bad, Unreadable) as reason:
            yield Row(record.line, record.raw, bad=str(reason))
        except Ignored as reason:
            yield Row(record.line, record.raw, ignored=str(reason))
        else:
            yield Row(record.line, record.raw, visit=visit, key=key)

    def _forget(self, now: datetime) -> Iterator[Row]:
        """Calls that cannot be of the log any more."""
        longest = self._map.time.longest
        late = [call for call, each in self._open.items() if each.entered.at + longest < now]
        yield from self._cut(f"no end within {longest}", late)
        for call, each in list(self._known.items()):
            if call not in self._open and each.last is not None and each.last + _REMEMBERED < now:
                del self._known[call]
        self._look_at = 2 * (len(self._open) + len(self._known)) + _LOOK_AFTER

    def _cut(self, why: str, calls: Iterable[str]) -> Iterator[Row]:
        for call in calls:
            yield _row_of(self._open.pop(call), bad=why)

    def _row(self, visit: Open, line: Line) -> Row:
        outcome, wait, talk = ENDS[line.event]
        try:
            if visit.wrong:
                raise Bad(visit.wrong)
            made = self._ended(visit, line, outcome, wait(line), talk(line))
        except (Bad, Unreadable) as reason:
            return _row_of(visit, bad=str(reason))
        except Ignored as reason:
            return _row_of(visit, ignored=str(reason))
        known = self._known[line.call]
        known.answered = known.answered or outcome is Outcome.ANSWERED
        return _row_of(visit, made=made)

    def _key(self, entered: Line, at_once: int) -> str:
        """Not by the number of the visit: an earlier one may stand in another piece of the log."""
        seconds = f"{entered.at.timestamp():.6f}"
        parts = (self._map.source, entered.call, entered.queue, seconds, str(at_once))
        return digest("\x1f".join(parts), 16)

    def _ended(
        self,
        visit: Open,
        line: Line,
        outcome: Outcome,
        wait: timedelta | None,
        talk: timedelta | None,
    ) -> Visit:
        queued = visit.entered.at
        if outcome is not Outcome.ANSWERED:
            if visit.connected is not None:
                raise Bad(f"{line.event} after CONNECT")
            name = "abandoned_at" if outcome is Outcome.ABANDONED else "left_at"
            known = {name: queued + self._agreed(wait, line.at - queued, line.event)}
            return self._visit(visit, queued, outcome, **known)
        if visit.connected is None:
            raise Bad(f"{line.event} without CONNECT before it")
        waited = self._agreed(visit.held, visit.connected - queued, "CONNECT")
        if wait is not None:  # said again at the end, and what Asterisk's own sums are of
            waited = self._agreed(wait, visit.connected - queued, line.event)
        talked = self._agreed(talk, line.at - visit.connected, line.event)
        connected = queued + waited
        return self._visit(
            visit, queued, outcome, connected_at=connected, talk_ended_at=connected + talked
        )

    def _agreed(self, told: timedelta | None, seen: timedelta, event: str) -> timedelta:
        """What the log says of a length, unless its own moments say something else."""
        if seen < -self._tolerance:
            raise Bad(f"{event} stands before what it follows")
        if told is None:
            return max(seen, timedelta())
        if abs(told - seen) > self._tolerance:
            raise Bad(f"{event} says {told.total_seconds():g} s after {seen.total_seconds():g} s")
        return told

    def _visit(
        self, visit: Open, queued: datetime | None, outcome: Outcome, **known: datetime
    ) -> Visit:
        entered = visit.entered
        number = entered.data[1] if len(entered.data) > 1 else ""
        values: Mapping[str, str] = {
            "queue": entered.queue,
            "agent": visit.agent or "",
            "callerid": number,
        }
        queue = mapped(self._map.queue, values, "queue")
        made = Visit(
            arrived_at=entered.at,
            outcome=outcome,
            queue=None if queued is None else queue,
            language=mapped(self._map.language, values, "language"),
            queued_at=queued,
            visit=visit.number,
            again=visit.again and outcome is Outcome.ANSWERED,
            offers=visit.offers,
            missed=visit.missed,
            agent=name_of(visit.agent or ""),
            number=telephones.kept(values[self._map.number], self._reading.country, possible=True)
            if self._map.number
            else None,
            **known,
        )
        fault = made.fault(self._reading.now, self._map.time.longest)
        if fault is not None:
            raise Bad(fault)
        return made


def _row_of(visit: Open, *, made: Visit | None = None, bad: str = "", ignored: str = "") -> Row:
    raw = b"".join(each.raw for each in visit.lines)
    return Row(visit.entered.record.line, raw, visit=made, key=visit.key, bad=bad, ignored=ignored)


# ---------------------------------------------------------------- the table of events


def _rung(visit: Open, _line: Line) -> None:
    visit.offers += 1


def _let_ring(visit: Open, _line: Line) -> None:
    visit.offers += 1
    visit.missed += 1


def _connect(visit: Open, line: Line) -> None:
    if visit.connected is not None:
        visit.wrong = visit.wrong or "CONNECT twice"
        return
    visit.connected, visit.agent = line.at, line.agent
    visit.offers += 1
    try:
        visit.held = line.seconds(0)
    except Unreadable as reason:
        visit.wrong = visit.wrong or str(reason)


def _nothing(_visit: Open, _line: Line) -> None:
    return


#: What an event within a visit changes. A caller whom an agent dumped, or who could not be joined
#: with one, leaves with a line of their own (ABANDON).
GOES_ON: Mapping[str, Callable[[Open, Line], None]] = {
    "RINGNOANSWER": _let_ring,
    "RINGCANCELED": _rung,
    "AGENTDUMP": _let_ring,
    "SYSCOMPAT": _let_ring,
    "CONNECT": _connect,
    "HOLD": _nothing,
    "UNHOLD": _nothing,
    "MUTE": _nothing,
    "UNMUTE": _nothing,
}

Told = Callable[[Line], timedelta | None]


def _at(place: int) -> Told:
    return lambda line: line.seconds(place)


def _transfer(place: int) -> Told:
    """extension | context | hold | talk | position: the first two alone in old versions."""
    return lambda line: line.seconds(place) if len(line.data) > place else None


def _attended(place: int) -> Told:
    """From the end, as LINK has one field more than BRIDGE and APP."""
    return lambda line: line.seconds(place) if len(line.data) >= 4 else None


def _untold(_line: Line) -> None:
    return None


#: How an event ends a visit, and where it tells how long was waited and talked.
ENDS: Mapping[str, tuple[Outcome, Told, Told]] = {
    "ABANDON": (Outcome.ABANDONED, _at(2), _untold),
    "EXITWITHTIMEOUT": (Outcome.LEFT, _at(2), _untold),
    "EXITEMPTY": (Outcome.LEFT, _at(2), _untold),
    "EXITWITHKEY": (Outcome.LEFT, _at(3), _untold),
    "WITHDRAW": (Outcome.LEFT, _at(2), _untold),
    "COMPLETECALLER": (Outcome.ANSWERED, _at(0), _at(1)),
    "COMPLETEAGENT": (Outcome.ANSWERED, _at(0), _at(1)),
    "TRANSFER": (Outcome.ANSWERED, _transfer(2), _transfer(3)),
    "BLINDTRANSFER": (Outcome.ANSWERED, _transfer(2), _transfer(3)),
    "ATTENDEDTRANSFER": (Outcome.ANSWERED, _attended(-3), _attended(-2)),
}
