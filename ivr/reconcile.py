"""The carrier's own list of calls against ours: what we missed while something was down.

`compare` finds the differences of one day, `repair` writes what is certain: a call that never
reached us (the carrier's fallback document answered it), and the end of a call that we think is
open. Whatever else differs is for a person to look at. The moments written are the carrier's, and
each event says who found it (`BY`). A repaired call differs no more, so running twice changes
nothing.

The carrier's account is the hotline's own: every inbound call on it is one of the city's.
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import clock
from hotline.errors import HotlineError
from hotline.floor import Floor
from hotline.i18n import masked
from hotline.telephony import CarrierCall, CarrierError
from ivr import calls, closing
from ivr.config import Ivr
from ivr.events import OVER, RANK, Kind
from ivr.models import Call, CallEvent

log = logging.getLogger(__name__)

#: Who found it, in the events that are written here.
BY = "reconcile"
INBOUND, LEG_OF_DIAL = "inbound", "outbound-dial"
#: The carrier's start of a call and our arrival may lie on two sides of midnight.
AROUND_MIDNIGHT = timedelta(minutes=15)
#: What the carrier tells at the end of a call may be on its way for so long (wall seconds).
ON_ITS_WAY = 60.0
#: Ends that lie no further apart are the same (wall seconds): the carrier's are whole seconds, and
#: the status callback takes its time.
SAME_MOMENT = 30.0
#: Database parameters in one question.
_ASKED_AT_ONCE = 500
#: Before the night counts the day (`reports.night_at`, 00:30), so that it counts what was missed.
NIGHT_AT = time(0, 20)


class Unrepaired(HotlineError):
    """Something that was to be repaired could not be."""

    code, text = "unrepaired", "ivr.unrepaired"


class NoList(HotlineError):
    """The carrier's list could not be read to its end, so nothing was done."""

    code, text = "no-list", "ivr.no_list"


@dataclass(frozen=True, slots=True)
class OurCall:
    """A call as our row has it. Moments are aware."""

    id: int
    sid: str
    from_number: str
    to_number: str
    status: str
    arrived_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Differs:
    """One fact of one call that both know, in the carrier's words and in ours."""

    sid: str
    fact: str
    theirs: str
    ours: str


@dataclass
class Differences:
    """One local day, theirs against ours."""

    day: date
    #: Inbound calls that began on the day, and calls of ours that arrived on it.
    theirs: int = 0
    ours: int = 0
    missed: list[CarrierCall] = field(default_factory=list)
    #: Of a missed call, the leg to the fallback number.
    legs: dict[str, CarrierCall] = field(default_factory=dict)
    #: Open with us, over at the carrier.
    over: list[tuple[OurCall, CarrierCall]] = field(default_factory=list)
    #: Ours that the carrier does not know.
    unknown: list[OurCall] = field(default_factory=list)
    differing: list[Differs] = field(default_factory=list)
    #: Missed calls that have not ended, or only just: another time.
    too_early: int = 0
    #: Calls (their sids) whose repair failed.
    failed: list[str] = field(default_factory=list)
    repaired: int = 0
    #: Local days whose statistics are to be counted again.
    days: set[date] = field(default_factory=set)

    def as_dict(self) -> dict[str, Any]:
        """For a machine; telephone numbers are masked."""
        return {
            "day": self.day.isoformat(),
            "theirs": self.theirs,
            "ours": self.ours,
            "missed": [_shown(call) for call in self.missed],
            "over": [_shown(call) | {"call": ours.id} for ours, call in self.over],
            "unknown": [{"call": call.id, "sid": call.sid} for call in self.unknown],
            "differing": [
                {"sid": each.sid, "fact": each.fact, "theirs": each.theirs, "ours": each.ours}
                for each in self.differing
            ],
            "too_early": self.too_early,
            "repaired": self.repaired,
            "failed": self.failed,
            "days": sorted(day.isoformat() for day in self.days),
        }


def _shown(call: CarrierCall) -> dict[str, Any]:
    return {
        "sid": call.sid,
        "from": masked(call.from_number),
        "to": masked(call.to_number),
        "status": call.status,
        "started_at": call.started_at.isoformat(),
        "ended_at": call.ended_at.isoformat() if call.ended_at else None,
    }


# ---------------------------------------------------------------- the rule


def compare(
    day: date,
    span: tuple[datetime, datetime],
    theirs: Iterable[CarrierCall],
    ours: Collection[OurCall],
    *,
    now: datetime,
    speed: float = 1.0,
    on_its_way: float = ON_ITS_WAY,
) -> Differences:
    """What differs between two lists.

    `theirs` reaches beyond the half-open `span` (aware) on both sides, `ours` are those that
    arrived in it and those that the carrier names. `speed`: of the clock that both keep.
    `on_its_way`: what has ended so many seconds ago (of the wall) may yet be told.
    """
    by_sid = {call.sid: call for call in theirs}  # a list that grew meanwhile names a call twice
    known = {call.sid: call for call in ours}
    arrived = [call for call in ours if span[0] <= call.arrived_at < span[1]]
    inbound = [
        call
        for call in by_sid.values()
        if call.direction == INBOUND and span[0] <= call.started_at < span[1]
    ]
    found = Differences(day, theirs=len(inbound), ours=len(arrived))
    before = now - timedelta(seconds=on_its_way * speed)
    for call in sorted(inbound, key=lambda each: (each.started_at, each.sid)):
        if call.sid not in known:
            _missed(found, call, before)
        else:
            _both(found, known[call.sid], call, before, speed)
    found.unknown = [call for call in arrived if call.sid not in by_sid]
    missed = {call.sid for call in found.missed}
    for leg in by_sid.values():
        if leg.direction == LEG_OF_DIAL and leg.parent_sid in missed:
            found.legs[leg.parent_sid] = leg
    return found


def _missed(found: Differences, call: CarrierCall, before: datetime) -> None:
    if _is_over(call, before):
        found.missed.append(call)
    else:
        found.too_early += 1


def _both(
    found: Differences, ours: OurCall, call: CarrierCall, before: datetime, speed: float
) -> None:
    if ours.ended_at is None:
        if _is_over(call, before):
            found.over.append((ours, call))
    else:
        found.differing.extend(_ends(ours, call, SAME_MOMENT * speed))
    found.differing.extend(
        _moment(call.sid, "arrived_at", call.started_at, ours.arrived_at, SAME_MOMENT * speed)
    )
    for fact in ("from_number", "to_number"):
        theirs, mine = getattr(call, fact), getattr(ours, fact)
        # a number of ours that is empty was forgotten: it does not differ, and stays so
        if mine and theirs != mine:
            found.differing.append(Differs(call.sid, fact, masked(theirs), masked(mine)))


def _ends(ours: OurCall, call: CarrierCall, same: float) -> Iterator[Differs]:
    assert ours.ended_at is not None
    if call.status != ours.status:
        yield Differs(call.sid, "status", call.status, ours.status)
    elif call.ended_at:
        yield from _moment(call.sid, "ended_at", call.ended_at, ours.ended_at, same)


def _moment(
    sid: str, fact: str, theirs: datetime, ours: datetime, same: float
) -> Iterator[Differs]:
    if abs((theirs - ours).total_seconds()) > same:
        yield Differs(sid, fact, *(f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (theirs, ours)))


def _is_over(call: CarrierCall, before: datetime) -> bool:
    return (
        RANK.get(call.status, 0) >= OVER and call.ended_at is not None and call.ended_at <= before
    )


# ---------------------------------------------------------------- what is done


def run(
    floor: Floor,
    day: date,
    *,
    now: datetime,
    dry: bool = False,
    on_its_way: float = ON_ITS_WAY,
) -> Differences:
    """Compare local `day` with the carrier's list and, unless `dry`, repair what was missed.

    Each repair is a unit of work of its own; those that fail are in `failed`. Raises `NoList`
    when the list cannot be read whole: then nothing is changed. `on_its_way` as in `compare`.
    """
    span = clock.day_bounds(day, floor.city.zone)
    theirs = _list(floor, span)
    with floor.db.read() as session:
        ours = _ours(session, span, [call.sid for call in theirs])
    found = compare(day, span, theirs, ours, now=now, speed=clock.speed(), on_its_way=on_its_way)
    if not dry:
        repair(floor, found)
    return found


def _list(floor: Floor, span: tuple[datetime, datetime]) -> list[CarrierCall]:
    read: list[CarrierCall] = []
    around = AROUND_MIDNIGHT * clock.speed()
    try:
        for call in floor.carrier.calls_between(span[0] - around, span[1] + around):
            read.append(call)  # noqa: PERF402 - how far it was read is told when it breaks off
    except CarrierError as error:
        raise NoList(f"after {len(read)} calls: {error}") from error
    return read


def _ours(session: Session, span: tuple[datetime, datetime], sids: Sequence[str]) -> list[OurCall]:
    """Our calls that arrived in the span, and those that the carrier names; not those that agents
    made, which its list has under other names.
    """
    arrived = sa.and_(
        Call.arrived_at >= span[0],
        Call.arrived_at < span[1],
        ~Call.sid.startswith(calls.OUTGOING),
    )
    asked = [sids[at : at + _ASKED_AT_ONCE] for at in range(0, len(sids), _ASKED_AT_ONCE)]
    found: dict[int, OurCall] = {}
    for which in (arrived, *(Call.sid.in_(some) for some in asked)):
        for row in session.execute(sa.select(*_COLUMNS).where(which)):
            found[row.id] = OurCall(*row)
    return list(found.values())


_COLUMNS = (
    Call.id,
    Call.sid,
    Call.from_number,
    Call.to_number,
    Call.status,
    Call.arrived_at,
    Call.ended_at,
)


def repair(floor: Floor, found: Differences) -> None:
    """Write what was missed into our story; counts go into `found`."""
    for call in found.missed:
        with _noting(found, call.sid), floor.db.write() as session:
            _count(floor, found, _write_missed(floor, session, call, found.legs.get(call.sid)))
    for ours, call in found.over:
        with _noting(found, call.sid), floor.db.write() as session:
            _count(floor, found, _end(floor, session, ours, call))


@contextmanager
def _noting(found: Differences, sid: str) -> Iterator[None]:
    """A repair that fails is noted, and does not keep the others from theirs."""
    try:
        yield
    except Exception:
        log.exception("call %s could not be repaired", sid)
        found.failed.append(sid)


def _count(floor: Floor, found: Differences, moments: Sequence[datetime]) -> None:
    found.repaired += bool(moments)
    found.days |= {clock.local_day(at, floor.city.zone) for at in moments}


def _write_missed(
    floor: Floor, session: Session, call: CarrierCall, leg: CarrierCall | None
) -> list[datetime]:
    """A call that never reached us: arrived, put through if it was, ended. Returns the moments that
    decide where it is counted; none when it has reached us meanwhile.
    """
    assert call.ended_at is not None
    call_id, is_new = calls.arrive(
        session,
        calls.Arrival(call.sid, call.from_number, call.to_number, call.status),
        language=next(iter(floor.section(Ivr).languages)),
        at="",
        now=call.started_at,
        found_by=BY,
    )
    if not is_new:
        return []
    if leg is not None:
        _write_fallback(session, call_id, leg)
    ended = max(call.started_at, call.ended_at)
    closing.end_call(floor, session, call_id, call.status, now=ended, by="unknown", found_by=BY)
    return [call.started_at]


def _write_fallback(session: Session, call_id: int, leg: CarrierCall) -> None:
    """The fallback document put the caller through; how that ended."""
    fault = {"where": "", "error": "unreached", "by": BY}
    calls.tell(session, call_id, Kind.FAULT, fault, now=leg.started_at)
    if leg.ended_at is None:
        return
    transferred = {
        "number": leg.to_number,
        "result": leg.status,
        "gone": leg.status == "canceled",  # they hung up while it rang
        "by": BY,
    }
    calls.tell(session, call_id, Kind.TRANSFERRED, transferred, now=leg.ended_at)


def _end(floor: Floor, session: Session, ours: OurCall, call: CarrierCall) -> list[datetime]:
    """The end of a call that we think is open, at the carrier's moment, but after all that we have
    written of it: the carrier's moments are whole seconds.
    """
    assert call.ended_at is not None
    last = session.scalar(
        sa.select(sa.func.max(CallEvent.at, type_=CallEvent.at.type)).where(
            CallEvent.call_id == ours.id
        )
    )
    at = max(call.ended_at, last or ours.arrived_at)
    ended = closing.end_call(
        floor, session, ours.id, call.status, now=at, by="unknown", found_by=BY
    )
    return [ours.arrived_at, at] if ended else []


# ---------------------------------------------------------------- by night, and in words


def night(floor: Floor, day: date) -> str:
    """Reconcile `day`; raises what makes the night try again: `NoList`, `Unrepaired`."""
    found = run(floor, day, now=clock.now())
    words = in_words(found)
    if found.failed:
        raise Unrepaired(words)
    return words


def in_words(found: Differences, *, dry: bool = False) -> str:
    """What was found of one day, and done, in one line."""
    done = "to repair" if dry else "repaired"
    count = len(found.missed) + len(found.over) if dry else found.repaired
    parts = [
        f"{found.day}: {found.theirs} calls at the carrier, {found.ours} here",
        f"{len(found.missed)} never reached us",
        f"{len(found.over)} had ended unheard",
        f"{count} {done}",
        f"{len(found.unknown)} unknown to the carrier",
        f"{len(found.differing)} facts differ",
    ]
    if found.too_early:
        parts.append(f"{found.too_early} still on, another time")
    if found.failed:
        parts.append(f"{len(found.failed)} could not be repaired")
    return ", ".join(parts)


def details(found: Differences) -> Iterator[str]:
    """Each call behind the line, for a person; telephone numbers are masked."""
    for call in found.missed:
        yield f"missed   {call.sid}  {call.started_at:%H:%M:%SZ}  {masked(call.from_number)}"
    for ours, call in found.over:
        yield f"over     {call.sid}  {call.ended_at:%H:%M:%SZ}  call {ours.id}, {call.status}"
    for unknown in found.unknown:
        yield f"unknown  {unknown.sid}  call {unknown.id}"
    for each in found.differing:
        yield f"differs  {each.sid}  {each.fact}: {each.theirs} there, {each.ours} here"
    for sid in found.failed:
        yield f"failed   {sid}"
