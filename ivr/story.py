"""What is read of calls: by reports, by lists and pages, by the desk.

Every number of a report and every list of calls comes from `visits`, so that a number and the calls
behind it cannot differ.
"""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from agents import service as agents
from hotline.db import chunks_of_ids, not_by_index
from ivr import calls, drafts
from ivr.callbacks import rows as callback_rows
from ivr.callbacks.rows import CallbackFacts
from ivr.calls import CallFacts
from ivr.errors import NoSuchCall, NoSuchParty
from ivr.events import Kind, OfferState, Result
from ivr.models import Call, CallEvent, Offer, Waiting
from ivr.nodes.base import DIAL_DONE
from ivr.room import absences, offers
from ivr.room.offers import OfferFacts
from ivr.talk import parties

#: How an offer ends that the agent let pass.
MISSED = frozenset({Result.DECLINED.value, Result.NO_ANSWER.value, Result.FAILED.value})
_FETCHED_AT_ONCE = 5000
_CALLS_AT_ONCE = 500
_SPANS_AT_ONCE = 100
#: Of `passed_on`: to a number outside; a third party who is left with the caller is outside, too.
OUTSIDE = "outside"
#: From a moment on, and before another (UTC).
Spans = Sequence[tuple[datetime, datetime]]


@dataclass(slots=True)
class Visit:
    """What the events of a call say about one visit to a queue, or (queue None) about a call that
    never came to one. Moments are aware; None: did not happen (yet).
    """

    call_id: int
    #: 1 for the first queue of a call, and for a call that never queued.
    visit: int
    arrived_at: datetime
    queue: str | None = None
    #: That of the queue; before one, what the caller has chosen, or is known to speak.
    language: str | None = None
    queued_at: datetime | None = None
    connected_at: datetime | None = None
    abandoned_at: datetime | None = None
    #: Left the queue without having been answered and without having hung up.
    left_at: datetime | None = None
    talk_ended_at: datetime | None = None
    wrapped_up_at: datetime | None = None
    #: Was put through to a number outside: began to be, unless the caller came back from there.
    transferred_at: datetime | None = None
    #: How often the caller was held, for how long in all, and since when they are now.
    holds: int = 0
    held: timedelta = timedelta(0)
    held_since: datetime | None = None
    #: The caller had been answered before, and was passed on or came back.
    again: bool = False
    ended_at: datetime | None = None
    agent_id: int | None = None
    #: The conversation of the visit, by which what is told of it later is known to be of it.
    offer_id: int | None = None
    offers: int = 0
    missed: int = 0
    outcome: str | None = None
    ticket: str | None = None
    #: A visit that a callback made, after the caller's own: nobody waited on the line.
    callback: bool = False
    #: The caller left the line for a callback.
    promised: bool = False
    #: An agent took the callback, and the citizen was rung: what was waited for was over.
    dequeued_at: datetime | None = None
    #: The last try was in vain.
    unreached: bool = False
    #: An agent called, to follow up a ticket: nobody came to a queue (`queue` is None).
    outgoing: bool = False
    #: A bulletin was spoken to the caller before they came to a queue.
    told: bool = False
    #: A callback was asked for in it, and that callback led to a conversation.
    asked_back: bool = False
    kept_back: bool = False
    #: The agent left the caller to somebody outside.
    passed_out: bool = False
    #: The caller's mark for the conversation.
    mark: int | None = None

    @property
    def moment(self) -> datetime:
        """What decides in which span the visit is counted: the entry, or the arrival."""
        return self.queued_at or self.arrived_at


@dataclass(frozen=True, slots=True)
class EventFacts:
    """One event of a call; `data` as in the table of `ivr.events`."""

    at: datetime
    kind: Kind
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PassedOut:
    """To which telephone outside a caller was passed on last, by which offer, and what came of it
    (the carrier's word); None: nothing yet, or the two speak.
    """

    offer_id: int
    title: str
    result: str | None = None

    @property
    def in_vain(self) -> str | None:
        """Why nobody was reached there, so that the caller came back; None when they did not."""
        if self.result is None or self.result in ("completed", "answered"):
            return None
        return self.result if self.result in ("busy", "no-answer") else "failed"


@dataclass(frozen=True, slots=True)
class AtHand:
    """What an agent has at hand: an offer that rings, a call, or a conversation to write up."""

    offer: OfferFacts
    call: CallFacts
    entered_at: datetime
    #: The keys that led to the queue, in order, with the nodes that they were pressed at.
    pressed: tuple[tuple[str, str], ...]
    #: When the wait was over: the caller met an agent, who may be the one that asked this one in.
    met_at: datetime | None
    #: The promise that is to be kept, when it is a callback.
    callback: CallbackFacts | None = None
    #: The agent's telephone was cut off and is rung again (`ivr.room.lost`).
    cut_off: bool = False
    #: It was not reached again in time: the caller waits for somebody else, or was let go.
    lost: bool = False
    #: Who asks this agent for a word about the caller; None: it is this agent's own.
    asked_by: str | None = None
    #: What who asks, or has handed the caller over, has typed of it and not written up yet.
    told: str = ""
    #: Where this agent has passed the caller on to; or from where the caller came back to them.
    passed_out: PassedOut | None = None

    @property
    def number(self) -> str:
        """Whose call it is: who called, or whom to ring."""
        return self.call.from_number if self.callback is None else self.callback.number

    @property
    def taken_over(self) -> bool:
        """Whether a colleague had this caller before, and asked this agent in."""
        return self.offer.talk_of is not None and self.offer.consults is None

    @property
    def phase(self) -> str:
        """`offered`, `connecting`, `talking`, `consulting` or `wrap_up`."""
        return phase(self.offer)


def phase(offer: OfferFacts) -> str:
    """The phase of an offer that holds an agent: `offered`, `connecting`, `talking` (`consulting`,
    of one who was asked for a word) or `wrap_up`.
    """
    if offer.consults is not None and offer.state is OfferState.CONNECTED:
        return "consulting"
    return _PHASES[offer.state]


_PHASES = {
    OfferState.OFFERED: "offered",
    OfferState.ACCEPTED: "connecting",
    OfferState.CONNECTED: "talking",
    OfferState.ENDED: "wrap_up",
}


# ---------------------------------------------------------------- for reports and lists


def visits(
    session: Session, start: datetime, end: datetime, *, having: Collection[Kind] = ()
) -> Iterator[Visit]:
    """Every visit to a queue that began in [start, end), and every call without one that arrived
    in it, by call. `having`: only of calls with an event of one of these kinds, so that what is
    rare is found without reading all that came beside it.
    """
    if session.get_bind().dialect.name == "postgresql":
        # A stream is planned for its first rows (a tenth of them) unless told that all are wanted:
        # thirty times slower over one day of a year.
        session.execute(sa.text("SET LOCAL cursor_tuple_fraction = 1"))
    rows = session.connection().execute(
        _events_of_span(tuple(sorted(having))),
        {"start": start, "end": end},
        execution_options={"yield_per": _FETCHED_AT_ONCE},
    )
    yield from _within(rows, [(start, end)])


def visits_of_calls(session: Session, calls: Sequence[int], spans: Spans) -> Iterator[Visit]:
    """Those of some calls alone, and of some spans, which are in order and do not touch."""
    for first in range(0, len(calls), _CALLS_AT_ONCE):
        some = {"calls": list(calls[first : first + _CALLS_AT_ONCE])}
        yield from _within(session.connection().execute(_EVENTS_OF_CALLS, some), spans)


def _within(rows: Any, spans: Spans) -> Iterator[Visit]:
    starts = [start for start, _ in spans]
    for of_call in _by_call(rows):
        for visit in of_call:
            place = bisect_right(starts, visit.moment) - 1
            if place >= 0 and visit.moment < spans[place][1]:
                yield visit


def calls_within(
    session: Session, spans: Spans, *, having: Collection[Kind] = (), outcome: str | None = None
) -> list[int]:
    """The calls that may have a visit in one of some spans, in order, without what happened in
    them: all, or those with an event of one of these kinds, or of which this outcome was written.
    """
    ids: set[int] = set()
    for first in range(0, len(spans), _SPANS_AT_ONCE):
        some = spans[first : first + _SPANS_AT_ONCE]
        # each with the kinds, or SQLite takes no index
        decided = (
            sa.and_(CallEvent.kind.in_(DECIDE), CallEvent.at >= start, CallEvent.at < end)
            for start, end in some
        )
        ids |= set(session.scalars(sa.select(CallEvent.call_id).where(sa.or_(*decided))))
    such: list[sa.ColumnElement[bool]] = []
    if having:
        such = [CallEvent.kind.in_(sorted(having))]
    if outcome is not None:
        said = CallEvent.data["outcome"].as_string() == outcome
        such = [CallEvent.kind == Kind.WRAPPED_UP.value, said]
    return sorted(ids) if not such else sorted(_having(session, sorted(ids), such))


def _having(
    session: Session, calls: Sequence[int], such: Sequence[sa.ColumnElement[bool]]
) -> set[int]:
    """Those of some calls, in order, with such an event."""
    found: set[int] = set()
    # a planner that began with the kind would read all of it that there ever was
    by_call = [not_by_index(each) for each in such]
    for some in chunks_of_ids(CallEvent.call_id, calls):
        found |= set(session.scalars(sa.select(CallEvent.call_id).where(some, *by_call)))
    return found.intersection(calls)


def visits_of(session: Session, call_id: int) -> list[Visit]:
    """The visits of one call; a call without any has one with no queue. Raises `NoSuchCall`."""
    rows = session.execute(_EVENTS_OF_CALL, {"call": call_id})
    for found in _by_call(rows):
        return found
    raise NoSuchCall(f"call {call_id}")


def last_visits(session: Session, ids: Sequence[int]) -> Iterator[Visit]:
    """The last visit of each of some calls, which are few, by call."""
    rows = session.execute(_EVENTS_OF_CALLS, {"calls": list(ids)})
    for of_call in _by_call(rows):
        yield of_call[-1]


def calls_like(session: Session, call: CallFacts) -> list[int]:
    """The calls from the same number, in order."""
    same = sa.select(Call.id).where(Call.from_number == call.from_number).order_by(Call.id)
    return list(session.scalars(same))


def touched_since(session: Session, event_id: int) -> tuple[set[datetime], int]:
    """The deciding moments of all calls with an event newer than `event_id`, and the newest id."""
    newest = session.scalar(sa.select(sa.func.max(CallEvent.id))) or event_id
    changed = sa.select(CallEvent.call_id).where(CallEvent.id > event_id)
    # SQLite would begin with the kinds: every call that there ever was
    decides = not_by_index(CallEvent.kind.in_(DECIDE))
    moments = session.scalars(
        sa.select(CallEvent.at).where(decides, CallEvent.call_id.in_(changed))
    )
    return set(moments), newest


def events_since(session: Session, event_id: int) -> list[tuple[int, int]]:
    """Every event newer than `event_id`: its id, and its call's."""
    rows = session.execute(_NEWER, {"than": event_id})
    return [(row.id, row.call_id) for row in rows]


def newest_event(session: Session) -> int:
    """The id of the newest event of any call; 0 before the first."""
    return session.scalar(sa.select(sa.func.max(CallEvent.id))) or 0


def _by_call(rows: Any) -> Iterator[list[Visit]]:
    """Fold the events of each call, which come by call and in their order, into its visits."""
    current: list[Visit] = []
    call_id = None
    for row_call, kind, at, data in rows:
        if row_call != call_id:
            if current:
                yield current
            call_id, current = row_call, [Visit(row_call, 1, at)]
        fold = _FOLD.get(kind)
        if fold is not None:
            fold(current, at, data)
    if current:
        yield current


def _chose(seen: list[Visit], _at: datetime, data: Mapping[str, Any]) -> None:
    last = seen[-1]
    if last.queue is None:
        last.language = data.get("chosen", last.language)


def _queued(seen: list[Visit], at: datetime, data: Mapping[str, Any]) -> None:
    if seen[-1].queue is not None:
        seen.append(Visit(seen[-1].call_id, len(seen) + 1, seen[0].arrived_at))
    last = seen[-1]
    last.queued_at, last.queue, last.language = at, data["queue"], data["language"]


def _returned(seen: list[Visit], _at: datetime, _data: Mapping[str, Any]) -> None:
    seen[-1].left_at = None


def _reordered(seen: list[Visit], _at: datetime, data: Mapping[str, Any]) -> None:
    seen[-1].queue = data["queue"]


def _offered(seen: list[Visit], _at: datetime, _data: Mapping[str, Any]) -> None:
    seen[-1].offers += 1


def _offer_ended(seen: list[Visit], _at: datetime, data: Mapping[str, Any]) -> None:
    seen[-1].missed += data["result"] in MISSED


def _connected(seen: list[Visit], at: datetime, data: Mapping[str, Any]) -> None:
    last = seen[-1]
    last.connected_at, last.agent_id, last.offer_id = at, data["agent"], data["offer"]
    last.again = any(visit.connected_at is not None for visit in seen[:-1])
    if last.callback:
        _keep_promise(seen)


def _keep_promise(seen: list[Visit]) -> None:
    """The visit in which this callback was asked for; one that we began ourselves has none."""
    asked = next((visit for visit in reversed(seen) if visit.asked_back), None)
    if asked is not None:
        asked.kept_back = True


def _taken_over(seen: list[Visit], at: datetime, data: Mapping[str, Any]) -> None:
    """A visit of its own, without a wait: another agent talks with the same caller."""
    visit = Visit(seen[-1].call_id, len(seen) + 1, seen[0].arrived_at)
    visit.queued_at, visit.queue, visit.language = at, data["queue"], data["language"]
    seen[-1].passed_out = False  # the third party was a colleague
    seen.append(visit)
    _connected(seen, at, data)


def _held(seen: list[Visit], at: datetime, data: Mapping[str, Any]) -> None:
    visit = _of_offer(seen, data)
    visit.holds, visit.held_since = visit.holds + 1, at


def _resumed(seen: list[Visit], at: datetime, data: Mapping[str, Any]) -> None:
    visit = _of_offer(seen, data)
    if visit.held_since is not None:
        visit.held, visit.held_since = visit.held + (at - visit.held_since), None


def _wrapped_up(seen: list[Visit], at: datetime, data: Mapping[str, Any]) -> None:
    last = _of_offer(seen, data)
    last.wrapped_up_at, last.outcome, last.ticket = at, data["outcome"], data["ticket"]


def _talk_ended(seen: list[Visit], at: datetime, data: Mapping[str, Any]) -> None:
    _resumed(seen, at, data)  # nobody is held any longer
    _of_offer(seen, data).talk_ended_at = at


def _of_offer(seen: list[Visit], data: Mapping[str, Any]) -> Visit:
    """The visit whose conversation is meant: the caller may have been passed on to another."""
    mine = (visit for visit in reversed(seen) if visit.offer_id == data["offer"])
    return next(mine, seen[-1])


def _transferred(seen: list[Visit], at: datetime, data: Mapping[str, Any]) -> None:
    """Nobody took it there: the caller is ours again, unless they hung up while it rang."""
    last = seen[-1]
    if data["result"] in DIAL_DONE or data["gone"]:
        last.transferred_at = last.transferred_at or at
    else:
        last.transferred_at = None


def _callback(seen: list[Visit], at: datetime, _data: Mapping[str, Any]) -> None:
    """Need not wait on the line any more; who had hung up before has abandoned all the same."""
    last = seen[-1]
    last.asked_back = last.asked_back or last.abandoned_at is None
    if last.queue is not None and _still_waits(last):
        last.left_at, last.promised = at, True


def _still_waits(visit: Visit) -> bool:
    return (visit.connected_at, visit.abandoned_at, visit.left_at) == (None, None, None)


def _callback_queued(seen: list[Visit], at: datetime, data: Mapping[str, Any]) -> None:
    visit = Visit(seen[-1].call_id, len(seen) + 1, seen[0].arrived_at)
    visit.queued_at, visit.queue, visit.language = at, data["queue"], data["language"]
    visit.callback = True
    seen.append(visit)


def _callback_ended(seen: list[Visit], at: datetime, data: Mapping[str, Any]) -> None:
    last = seen[-1]
    if last.callback and _still_waits(last):
        last.left_at, last.unreached = at, data["result"] == "unreached"


def _called_out(seen: list[Visit], _at: datetime, data: Mapping[str, Any]) -> None:
    last = seen[-1]
    last.outgoing, last.language = True, data["language"]
    last.agent_id, last.ticket = data["agent"], data["ticket"]


def _not_reached(seen: list[Visit], at: datetime, _data: Mapping[str, Any]) -> None:
    seen[-1].left_at, seen[-1].unreached = at, True


def _heard_bulletin(seen: list[Visit], _at: datetime, _data: Mapping[str, Any]) -> None:
    seen[0].told = True


def _passed_out(seen: list[Visit], _at: datetime, data: Mapping[str, Any]) -> None:
    if data.get("to", OUTSIDE) == OUTSIDE:
        _of_offer(seen, data).passed_out = True


def _rated(seen: list[Visit], _at: datetime, data: Mapping[str, Any]) -> None:
    _of_offer(seen, data).mark = data["mark"]


def _accepted(seen: list[Visit], at: datetime, _data: Mapping[str, Any]) -> None:
    if seen[-1].callback:
        seen[-1].dequeued_at = at


def _ended(seen: list[Visit], at: datetime, _data: Mapping[str, Any]) -> None:
    """The caller's own call: a callback, which may be in the line already, goes on."""
    own = [visit for visit in seen if not visit.callback]
    own[-1].ended_at = at


def _fault(seen: list[Visit], at: datetime, _data: Mapping[str, Any]) -> None:
    seen[-1].transferred_at = at


def _moment(name: str) -> "Fold":
    def note(seen: list[Visit], at: datetime, _data: Mapping[str, Any]) -> None:
        setattr(seen[-1], name, at)

    return note


Fold = Callable[[list[Visit], datetime, Mapping[str, Any]], None]
_FOLD: Mapping[str, Fold] = {
    Kind.ARRIVED.value: _chose,
    Kind.STEP.value: _chose,
    Kind.QUEUED.value: _queued,
    Kind.RETURNED.value: _returned,
    Kind.REORDERED.value: _reordered,
    Kind.OFFERED.value: _offered,
    Kind.OFFER_ENDED.value: _offer_ended,
    Kind.ACCEPTED.value: _accepted,
    Kind.CONNECTED.value: _connected,
    Kind.TAKEN_OVER.value: _taken_over,
    Kind.HELD.value: _held,
    Kind.RESUMED.value: _resumed,
    Kind.TALK_ENDED.value: _talk_ended,
    Kind.WRAPPED_UP.value: _wrapped_up,
    Kind.ABANDONED.value: _moment("abandoned_at"),
    Kind.LEFT.value: _moment("left_at"),
    Kind.TRANSFERRING.value: _moment("transferred_at"),
    Kind.TRANSFERRED.value: _transferred,
    Kind.FAULT.value: _fault,
    Kind.ENDED.value: _ended,
    Kind.CALLBACK.value: _callback,
    Kind.CALLBACK_QUEUED.value: _callback_queued,
    Kind.CALLBACK_ENDED.value: _callback_ended,
    Kind.CALLED_OUT.value: _called_out,
    Kind.NOT_REACHED.value: _not_reached,
    Kind.BULLETIN.value: _heard_bulletin,
    Kind.PASSED_ON.value: _passed_out,
    Kind.HANDED_OVER.value: _passed_out,
    Kind.RATED.value: _rated,
}
#: All that `_FOLD` reads. Steps are many: of them only those that settled a language.
_FOLDED = sa.or_(
    CallEvent.kind.in_(sorted({*_FOLD} - {Kind.STEP.value})),
    sa.and_(CallEvent.kind == Kind.STEP.value, CallEvent.data["chosen"].as_string().is_not(None)),
)
#: The kinds whose moment may decide in which span a visit is counted.
DECIDE = (
    Kind.ARRIVED.value,
    Kind.QUEUED.value,
    Kind.CALLBACK_QUEUED.value,
    Kind.TAKEN_OVER.value,
    Kind.CALLED_OUT.value,
)
_COUNTED = (CallEvent.call_id, CallEvent.kind, CallEvent.at, CallEvent.data)
_IN_SPAN = sa.select(CallEvent.call_id).where(
    CallEvent.kind.in_(DECIDE),
    CallEvent.at >= sa.bindparam("start"),
    CallEvent.at < sa.bindparam("end"),
)
_OTHER = aliased(CallEvent)


def _has(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """The call of an event has another one such."""
    # a planner that began with the kind would read all of it that there ever was
    such = (not_by_index(each) for each in conditions)
    return sa.exists().where(_OTHER.call_id == CallEvent.call_id, *such)


@cache
def _events_of_span(having: tuple[Kind, ...]) -> sa.Select[Any]:
    calls = _IN_SPAN
    if having:
        calls = calls.where(_has(_OTHER.kind.in_([each.value for each in having])))
    return (
        sa.select(*_COUNTED)
        .where(CallEvent.call_id.in_(calls), _FOLDED)
        .order_by(CallEvent.call_id, CallEvent.id)
    )


_EVENTS_OF_CALLS = (
    sa.select(*_COUNTED)
    # of a hundred calls SQLite would begin with the kinds: every event that there ever was
    .where(CallEvent.call_id.in_(sa.bindparam("calls", expanding=True)), not_by_index(_FOLDED))
    .order_by(CallEvent.call_id, CallEvent.id)
)
_NEWER = sa.select(CallEvent.id, CallEvent.call_id).where(CallEvent.id > sa.bindparam("than"))
_EVENTS_OF_CALL = (
    sa.select(*_COUNTED)
    .where(CallEvent.call_id == sa.bindparam("call"), _FOLDED)
    .order_by(CallEvent.call_id, CallEvent.id)
)


# ---------------------------------------------------------------- for pages


def events_of(session: Session, call_id: int) -> list[EventFacts]:
    """The whole story of a call, in order."""
    rows = session.execute(
        sa.select(CallEvent.at, CallEvent.kind, CallEvent.data)
        .where(CallEvent.call_id == call_id)
        .order_by(CallEvent.id)
    )
    return [EventFacts(at, Kind(kind), data) for at, kind, data in rows]


def calls_by_id(session: Session, ids: list[int]) -> dict[int, CallFacts]:
    """Who some calls are."""
    rows = session.execute(sa.select(*calls.COLUMNS).where(Call.id.in_(ids)))
    return {row.id: CallFacts(*row) for row in rows}


def had_part(session: Session, call_id: int, agent_id: int) -> bool:
    """Whether a call was ever offered to this agent."""
    row = session.execute(
        sa.select(Offer.id).where(Offer.call_id == call_id, Offer.agent_id == agent_id).limit(1)
    ).one_or_none()
    return row is not None


# ---------------------------------------------------------------- for the desk


def at_hand(session: Session, agent_id: int) -> AtHand | None:
    """What this agent has at hand, or None."""
    offer = offers.latest_of_agent(session, agent_id)
    if offer is None or not _at_hand(offer):
        return None
    return _with_call(session, offer)


@dataclass(frozen=True, slots=True)
class Finished:
    """What an agent did last: the call whose outcome they wrote, or that they made in vain."""

    call_id: int
    #: Nobody was reached: why, as in the events `not_reached` and `callback_tried`.
    not_reached: str | None = None
    #: It was a callback: of no ticket yet, and tried again by its own rules.
    callback: bool = False


#: The carrier's words of a citizen who was rung in vain.
UNREACHED = frozenset({"busy", "no-answer", "failed"})


def last_finished(session: Session, agent_id: int) -> Finished | None:
    """What this agent had at hand last, or None: an offer that came to nothing is nothing."""
    offer = offers.latest_of_agent(session, agent_id)
    if offer is None:
        return None
    if offer.wrapped_up_at is not None:
        return Finished(offer.call_id)
    tried = session.execute(
        sa.select(CallEvent.kind, CallEvent.data).where(
            CallEvent.call_id == offer.call_id,
            not_by_index(CallEvent.kind.in_([Kind.NOT_REACHED, Kind.CALLBACK_TRIED])),
        )
    ).all()
    for kind, data in tried:
        if kind == Kind.NOT_REACHED:
            return Finished(offer.call_id, data["result"])
    for _, data in tried:
        if data.get("offer") == offer.id and data["result"] in UNREACHED:
            return Finished(offer.call_id, data["result"], callback=True)
    return None


def all_at_hand(session: Session) -> list[OfferFacts]:
    """Every offer that lives and every conversation that is to be written up, by agent."""
    return offers.held(session)


def _at_hand(offer: OfferFacts) -> bool:
    if offer.state is OfferState.ENDED:
        return offer.result is Result.DONE and offer.wrapped_up_at is None
    return True


def _with_call(session: Session, offer: OfferFacts) -> AtHand:
    of = {"call": offer.call_id, "stay": offer.waiting_id}
    *of_call, entered_at, kept = session.execute(_CALL_AND_STAY, of).one()
    call = CallFacts(*of_call)
    steps = [(Kind(kind), data) for kind, data in session.execute(_STEPS, {"call": call.id})]
    keys = [data for kind, data in steps if kind is Kind.STEP and data.get("digits")]
    pressed = tuple((data["digits"], data["at"]) for data in keys)
    promise = None if kept is None else callback_rows.facts(session, kept)
    connected = offer.state is OfferState.CONNECTED
    cut_off = connected and absences.open_of(session, offer.id) is not None
    met = offer if offer.talk_of is None else offers.facts(session, offer.talk)
    return AtHand(
        offer,
        call,
        entered_at,
        pressed,
        met.connected_at,
        promise,
        cut_off,
        offer.state is OfferState.ENDED and absences.is_gone(session, offer.id),
        asked_by(session, offer),
        _told(session, offer),
        _went_to(steps, offer),
    )


def _went_to(
    steps: Sequence[tuple[Kind, Mapping[str, Any]]], offer: OfferFacts
) -> PassedOut | None:
    """Who has passed the caller on is told where to, and what came of it; whom the caller is with
    after that, from where they came back.
    """
    found, by = None, None
    for kind, data in steps:
        if kind is Kind.PASSED_ON:
            found, by = None, data["offer"] if data["to"] == OUTSIDE else None
        elif kind is Kind.TRANSFERRING and by is not None:
            found = PassedOut(by, data["number"])
        elif kind is Kind.TRANSFERRED and found is not None:
            found = replace(found, result=data["result"])
    if found is None or found.offer_id == offer.id:
        return found
    return found if found.in_vain else None


_CALL_AND_STAY = (
    sa.select(*calls.COLUMNS, Waiting.entered_at, Waiting.callback_id)
    .join(Waiting, Waiting.id == sa.bindparam("stay"))
    .where(Call.id == sa.bindparam("call"))
)
_STEPS = (
    sa.select(CallEvent.kind, CallEvent.data)
    # by the kind SQLite would read every step that there ever was
    .where(
        CallEvent.call_id == sa.bindparam("call"),
        not_by_index(
            CallEvent.kind.in_([Kind.STEP, Kind.PASSED_ON, Kind.TRANSFERRING, Kind.TRANSFERRED])
        ),
    )
    .order_by(CallEvent.id)
)


def _told(session: Session, offer: OfferFacts) -> str:
    if offer.talk_of is None:
        return ""
    try:
        asked = parties.of_consult(session, offer.id)
    except NoSuchParty:
        return ""  # a supervisor who took over has what was typed as their own
    asker = offers.facts(session, asked.offer_id)
    draft = drafts.of_call(session, offer.call_id, asker.agent_id)
    return "" if draft is None else draft.note


def asked_by(session: Session, offer: OfferFacts) -> str | None:
    """Who asks the agent of this offer for a word about their caller; None when it is none such."""
    if offer.consults is None:
        return None
    return agents.agent(session, offers.facts(session, offer.consults).agent_id).name
