"""What must hold at every moment, read from the rows and, independently, told from the events.

`Told` folds `call_events` by the grammar that `ivr.events` documents, without asking any other row;
`check` then compares what was told with what stands in the rows. Neither uses the application's own
queries.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents.config import Agents
from agents.models import AgentSkill, PresenceEvent, PresenceRow
from hotline.floor import Floor
from ivr import service as calls
from ivr import story
from ivr.config import Ivr
from ivr.models import Call, CallEvent, Monitor, Offer, Waiting
from reports.metrics import Counters, Rules, count_call
from tickets.config import Tickets
from tickets.models import Ticket, TicketCall

IN_THE_ROOM = ("waiting", "offered", "connecting")
LIVE = ("offered", "accepted", "connected")
LISTENS = ("ringing", "on")
#: The state of a stay while its call has such an offer.
STAY_OF_OFFER = {"offered": "offered", "accepted": "connecting", "connected": "connected"}
STATE_OF_OFFER = {"offered": "offered", "accepted": "on_call", "connected": "on_call"}
#: From which state of the offer each result may come.
ENDS = {
    "declined": ("offered",),
    "no_answer": ("offered",),
    "failed": ("accepted",),
    "withdrawn": ("offered", "accepted"),
}
MISSED = ("declined", "no_answer", "failed")


# ---------------------------------------------------------------- the story, told by the events


@dataclass
class Visit:
    """One stay in the waiting room and what came of it, as told."""

    call_id: int
    visit: int
    queue: str
    language: str
    precedence: int
    #: The place in the line: a moment that priority may put earlier, and the number of the event.
    order: tuple[datetime, int]
    since: datetime
    state: str = "waiting"
    moments: dict[str, datetime] = field(default_factory=dict)
    offers: int = 0
    missed: int = 0
    holds: int = 0
    #: The agent whom a supervisor has given this caller, whatever the order.
    given_to: int | None = None

    @property
    def line(self) -> tuple[str, str]:
        return (self.queue, self.language)

    @property
    def key(self) -> tuple[int, datetime, int]:
        return (self.precedence, *self.order)


@dataclass
class Told:
    """Everything that `call_events` say. `overtaking` is only checked where one hand did it all."""

    in_order: bool = True
    #: Seconds that one point of priority is worth (`agents.routing.ageing` of config.yaml).
    ageing: float | None = None
    visits: dict[int, list[Visit]] = field(default_factory=dict)
    offers: dict[int, list[Any]] = field(default_factory=dict)  # id: [call, agent, state]
    holds: dict[int, int] = field(default_factory=dict)  # agent: offer
    ended: set[int] = field(default_factory=set)
    arrived: dict[int, datetime] = field(default_factory=dict)
    #: Moments of calls that have not queued.
    before: dict[int, dict[str, datetime]] = field(default_factory=dict)
    talked: set[int] = field(default_factory=set)
    #: The stay that each offer was of; the offers that are held; how often a call was passed on.
    stays: dict[int, Visit] = field(default_factory=dict)
    held: set[int] = field(default_factory=set)
    passed: Counter[int] = field(default_factory=Counter)
    wrapped: dict[int, str] = field(default_factory=dict)  # call: ticket number

    #: Calls with a callback, which outlives them: their stories are checked by
    #: `tests/service/ivr/test_callback_walks.py`, and here only when they came and ended, and that
    #: each conversation has its ticket.
    kept: set[int] = field(default_factory=set)
    wrapped_kept: list[tuple[int, str]] = field(default_factory=list)

    def hear(self, events: Iterable[Any]) -> "Told":
        heard = list(events)
        self.kept = {event.call_id for event in heard if event.kind == "callback"}
        for event in heard:
            if event.call_id not in self.kept:
                getattr(self, f"_{event.kind}")(event)
            elif event.kind == "arrived":
                self.arrived[event.call_id] = event.at
            elif event.kind == "ended":
                self.ended.add(event.call_id)
            elif event.kind == "wrapped_up":
                self.wrapped_kept.append((event.call_id, event.data["ticket"]))
        return self

    def _last(self, event: Any) -> Visit:
        visits = self.visits.get(event.call_id)
        assert visits, f"{event.kind} of a call that never queued: {event}"
        return visits[-1]

    def _alive(self, event: Any) -> None:
        assert event.call_id not in self.ended, f"after the end of its call: {event}"

    def _step(self, event: Any) -> None:
        """A key changes nothing but where the caller is, and may be heard of late."""

    #: What is told of a call without moving it.
    _monitored = _bulletin = _refused = _consent = _asked_ticket = _recorded = _listened = _step
    _turned_away = _step

    def _rated(self, event: Any) -> None:
        assert event.call_id in self.talked, f"a mark without a conversation: {event}"

    def _arrived(self, event: Any) -> None:
        assert event.call_id not in self.arrived, event
        self.arrived[event.call_id] = event.at

    def _transferring(self, event: Any) -> None:
        self._alive(event)
        self._moments_of(event.call_id)["transferred_at"] = event.at

    def _transferred(self, event: Any) -> None:
        """Back with us, unless they spoke there or the caller hung up while it rang."""
        moments = self._moments_of(event.call_id)
        if event.data["result"] not in ("completed", "answered") and not event.data["gone"]:
            moments.pop("transferred_at", None)

    def _fault(self, event: Any) -> None:
        """Put through to the fallback number: somebody outside has the caller now."""
        self._moments_of(event.call_id)["transferred_at"] = event.at

    def _moments_of(self, call_id: int) -> dict[str, datetime]:
        visits = self.visits.get(call_id, [])
        return visits[-1].moments if visits else self.before.setdefault(call_id, {})

    def _queued(self, event: Any) -> None:
        self._alive(event)
        before = self.visits.setdefault(event.call_id, [])
        assert all(visit.state not in IN_THE_ROOM for visit in before), event
        assert all(visit.visit != event.data["visit"] for visit in before), event
        since = datetime.fromisoformat(event.data.get("since", event.at.isoformat()))
        assert since <= event.at, event
        precedence, ahead = -event.data["priority"], timedelta(0)
        if self.ageing is not None and precedence > -100:
            precedence, ahead = 0, timedelta(seconds=event.data["priority"] * self.ageing)
        visit = Visit(
            event.call_id,
            event.data["visit"],
            event.data["queue"],
            event.data["language"],
            precedence,
            (since - ahead, event.id),
            since,
        )
        visit.moments |= {} if before else self.before.pop(event.call_id, {})
        visit.moments["queued_at"] = event.at
        before.append(visit)

    def _returned(self, event: Any) -> None:
        self._alive(event)
        visit = self._last(event)
        assert visit.state == "unseen", event
        visit.state = "waiting"
        visit.moments.pop("left_at", None)

    def _reordered(self, event: Any) -> None:
        """Said by whom and why: nobody is overtaken silently."""
        self._alive(event)
        visit, data = self._last(event), event.data
        assert data["who"], event
        assert data["why"], event
        assert visit.state == "waiting", (event, visit)
        visit.queue, visit.precedence = data["queue"], data["precedence"]
        visit.order = (datetime.fromisoformat(data["ranked_at"]), visit.order[1])
        visit.given_to = data.get("agent")

    def _left(self, event: Any) -> None:
        visit = self._last(event)
        if event.data["why"] == "unseen":
            assert visit.state == "waiting", event
            visit.state = "unseen"
        else:
            assert visit.state in IN_THE_ROOM, event
            visit.state = "left"
        visit.moments["left_at"] = event.at

    def _offered(self, event: Any) -> None:
        self._alive(event)
        visit, offer, agent = self._last(event), event.data["offer"], event.data["agent"]
        assert visit.state == "waiting", (event, visit)
        assert agent not in self.holds, f"an agent in two: {event}, holds {self.holds[agent]}"
        assert offer not in self.offers, event
        given, visit.given_to = visit.given_to == agent, None
        if self.in_order and not given:
            line = [v for v in self._waiting() if v.line == visit.line]
            first = min(line, key=lambda v: v.key)
            oldest = min(line, key=lambda v: (v.since, v.order))
            may = (first, oldest) if event.data["circle"] else (first,)
            assert any(each is visit for each in may), f"overtaken: {first} by {visit}"
        visit.state = "offered"
        visit.offers += 1
        self.offers[offer] = [event.call_id, agent, "offered"]
        self.stays[offer] = visit
        self.holds[agent] = offer

    def _waiting(self) -> Iterable[Visit]:
        return (v for visits in self.visits.values() for v in visits if v.state == "waiting")

    def _offer(self, event: Any, *states: str) -> list[Any]:
        offer: list[Any] = self.offers[event.data["offer"]]
        assert offer[0] == event.call_id, event
        assert offer[1] == event.data["agent"], event
        assert offer[2] in states, (event, offer)
        return offer

    def _accepted(self, event: Any) -> None:
        self._alive(event)
        self._offer(event, "offered")[2] = "accepted"
        visit = self._last(event)
        assert visit.state == "offered", (event, visit)
        visit.state = "connecting"

    def _offer_ended(self, event: Any) -> None:
        self._alive(event)
        result = event.data["result"]
        offer = self._offer(event, *ENDS[result])
        visit = self._last(event)
        if visit.state == "left":
            assert result == "withdrawn", (event, visit)
        else:
            assert visit.state == STAY_OF_OFFER[offer[2]], (event, visit)
            visit.state = "waiting"
        visit.missed += result in MISSED
        offer[2] = "ended"
        assert self.holds.pop(event.data["agent"]) == event.data["offer"], event

    def _connected(self, event: Any) -> None:
        self._alive(event)
        self._offer(event, "accepted")[2] = "connected"
        visit = self._last(event)
        assert visit.state == "connecting", (event, visit)
        visit.state = "connected"
        assert "connected_at" not in visit.moments, f"answered twice: {event}"
        visit.moments["connected_at"] = event.at
        self.talked.add(event.call_id)

    def _agent_lost(self, event: Any) -> None:
        self._alive(event)
        self._offer(event, "connected")[2] = "lost"

    def _agent_back(self, event: Any) -> None:
        self._alive(event)
        self._offer(event, "lost")[2] = "connected"

    def _held(self, event: Any) -> None:
        self._alive(event)
        offer = event.data["offer"]
        self._offer(event, "connected")
        assert offer not in self.held, f"held twice: {event}"
        self.held.add(offer)
        self.stays[offer].holds += 1

    def _resumed(self, event: Any) -> None:
        self._alive(event)
        self._offer(event, "connected", "lost")
        self.held.remove(event.data["offer"])

    def _party_asked(self, event: Any) -> None:
        self._alive(event)
        self._offer(event, "connected")

    #: A colleague who was asked for a word: no offer of the caller's, and so told by their parts.
    _party_joined = _handed_over = _party_asked

    def _party_left(self, event: Any) -> None:
        assert event.data["offer"] in self.offers, event

    def _taken_over(self, event: Any) -> None:
        """A visit without a stay: who was asked for a word talks with the caller now."""
        self._alive(event)
        offer, agent = event.data["offer"], event.data["agent"]
        assert agent not in self.holds, f"an agent in two: {event}"
        last = self._last(event)
        visit = replace(last, visit=-offer, moments={}, offers=0, missed=0, holds=0)
        visit.moments |= {"queued_at": event.at, "connected_at": event.at}
        self.visits[event.call_id].append(visit)
        self.passed[event.call_id] += 1
        self.offers[offer] = [event.call_id, agent, "connected"]
        self.stays[offer], self.holds[agent] = visit, offer

    def _passed_on(self, event: Any) -> None:
        self._alive(event)
        self._offer(event, "connected")
        self.passed[event.call_id] += 1

    def _talk_ended(self, event: Any) -> None:
        self._alive(event)
        self._offer(event, "connected", "lost")[2] = "talked"
        self.held.discard(event.data["offer"])
        self.stays[event.data["offer"]].moments["talk_ended_at"] = event.at

    def _wrapped_up(self, event: Any) -> None:
        self._offer(event, "talked")[2] = "done"
        visit, ticket = self.stays[event.data["offer"]], event.data["ticket"]
        assert "wrapped_up_at" not in visit.moments, event
        again = self.passed[event.call_id]  # a matter of its own may have one of its own
        assert again or self.wrapped.get(event.call_id, ticket) == ticket, f"two tickets: {event}"
        self.wrapped[event.call_id] = ticket
        visit.moments["wrapped_up_at"] = event.at
        assert self.holds.pop(event.data["agent"]) == event.data["offer"], event

    def _abandoned(self, event: Any) -> None:
        self._alive(event)
        visit = self._last(event)
        assert visit.state in IN_THE_ROOM, (event, visit)
        visit.state = "left"
        visit.moments["abandoned_at"] = event.at

    def _ended(self, event: Any) -> None:
        self._alive(event)
        for visit in self.visits.get(event.call_id, []):
            assert visit.state not in IN_THE_ROOM, (event, visit)
        self.ended.add(event.call_id)
        self._moments_of(event.call_id)["ended_at"] = event.at


def tell(session: Session, *, in_order: bool = True, ageing: float | None = None) -> Told:
    """The story of all calls, from the events alone."""
    columns = (CallEvent.id, CallEvent.call_id, CallEvent.at, CallEvent.kind, CallEvent.data)
    return Told(in_order, ageing).hear(session.execute(sa.select(*columns).order_by(CallEvent.id)))


# ---------------------------------------------------------------- the rows


def check(floor: Floor, *, in_order: bool = True, swept_at: datetime | None = None) -> Told:
    """Everything that must hold now; returns the story.

    Wider circles open by themselves, and only the next sweep need see it: `swept_at` is when
    everybody was looked for, if that was the last thing that happened.
    """
    with floor.db.read() as session:
        ageing = floor.section(Agents).policy.ageing
        told = tell(session, in_order=in_order, ageing=ageing)
        _rows_as_told(session, told)
        _agents_as_held(session)
        _agents_as_told(session)
        _nobody_waits_in_vain(session, floor.section(Ivr), swept_at)
        _tickets(session, floor, told)
        _statistics(session, told)
        called_back(session)
    return told


def _rows_as_told(session: Session, told: Told) -> None:
    calls = {row.id: row for row in session.execute(sa.select(*Call.__table__.c))}
    assert set(calls) == set(told.arrived), "a call without arrival, or an arrival without call"
    ended = {call_id for call_id, call in calls.items() if call.ended_at is not None}
    assert ended == told.ended, "the calls' ends are not those of the events"
    every_stay = session.execute(sa.select(*Waiting.__table__.c))
    stays = [stay for stay in every_stay if stay.call_id not in told.kept]
    rows = {(stay.call_id, stay.visit): stay.state for stay in stays}
    story = {
        (v.call_id, v.visit): v.state for vs in told.visits.values() for v in vs if v.visit >= 0
    }
    assert rows == story, "the waiting room is not as the events tell"
    every_offer = session.execute(sa.select(*Offer.__table__.c))
    offers = {
        row.id: row for row in every_offer if row.call_id not in told.kept and row.consults is None
    }
    assert set(offers) == set(told.offers), "an offer without event, or an event without offer"
    for offer_id, (call_id, agent_id, state) in told.offers.items():
        row = offers[offer_id]
        assert (row.call_id, row.agent_id) == (call_id, agent_id), row
        assert (row.held_at is not None and row.state == "connected") == (offer_id in told.held), (
            row
        )
        shown = row.state
        if row.state == "ended" and row.result == "done":
            shown = "talked" if row.wrapped_up_at is None else "done"
        assert shown == ("connected" if state == "lost" else state), (row, state)
    live = [row for row in offers.values() if row.state in LIVE]
    for row in live:
        assert row.call_id not in ended, f"a live offer of a call that is over: {row}"
        stay = next(each for each in stays if each.id == row.waiting_id)
        assert stay.state == STAY_OF_OFFER[row.state], (row, stay)
    held = {row.waiting_id for row in live}
    for stay in stays:
        kept = stay.callback_id is not None
        assert kept or stay.call_id not in ended or stay.state not in IN_THE_ROOM, stay
        gone = stay.state not in IN_THE_ROOM
        assert (stay.left_at is not None, stay.left_by is not None) == (gone, gone), stay
        assert (stay.state in ("offered", "connecting")) <= (stay.id in held), stay
    for column in ("call_id", "agent_id"):
        most = Counter(getattr(row, column) for row in live).most_common(1)
        assert not most or most[0][1] == 1, f"two live offers of one {column}: {most}"


def _agents_as_held(session: Session) -> None:
    """An agent is held by exactly what the offers say, and by nothing else."""
    held: dict[int, tuple[str, int]] = {}
    for row in session.execute(sa.select(*Offer.__table__.c)):
        if row.state in LIVE:
            holds = (STATE_OF_OFFER[row.state], row.call_id)
        elif row.result == "done" and row.wrapped_up_at is None:
            holds = ("wrap_up", row.call_id)
        else:
            continue
        assert row.agent_id not in held, f"an agent in two: {row}, {held[row.agent_id]}"
        held[row.agent_id] = holds
    listened = sa.select(Monitor.agent_id, Offer.call_id).join(Offer, Offer.id == Monitor.offer_id)
    for agent_id, call_id in session.execute(listened.where(Monitor.state.in_(LISTENS))):
        assert agent_id not in held, f"a supervisor in two: {agent_id}"
        held[agent_id] = ("monitoring", call_id)
    for row in session.execute(sa.select(*PresenceRow.__table__.c)):
        assert (row.state, row.call_id) == held.get(row.agent_id, ("idle", None)), row
    shown = sa.select(
        AgentSkill.agent_id,
        AgentSkill.ready_since,
        PresenceRow.status,
        PresenceRow.state,
        PresenceRow.trouble,
        PresenceRow.idle_since,
    ).join(PresenceRow, PresenceRow.agent_id == AgentSkill.agent_id)
    for row in session.execute(shown):
        available = (row.status, row.state, row.trouble) == ("ready", "idle", None)
        assert row.ready_since == (row.idle_since if available else None), row


def _agents_as_told(session: Session) -> None:
    """Each agent's events have no gap, follow from each other, and end where the row stands."""
    rows = {row.agent_id: row for row in session.execute(sa.select(*PresenceRow.__table__.c))}
    last: dict[int, Any] = {}
    columns = (PresenceEvent.agent_id, PresenceEvent.n, PresenceEvent.data)
    for event in session.execute(
        sa.select(*columns).order_by(PresenceEvent.agent_id, PresenceEvent.n)
    ):
        before = last.get(event.agent_id)
        assert event.n == (before.n + 1 if before else 1), event
        assert before is None or event.data["from"] == before.data["to"], (before, event)
        last[event.agent_id] = event
    for agent_id, event in last.items():
        row = rows[agent_id]
        assert event.n == row.n
        now = {"status": row.status, "reason": row.reason, "state": row.state}
        assert event.data["to"] == now, (event, row)


def _nobody_waits_in_vain(session: Session, ivr: Ivr, swept_at: datetime | None) -> None:
    """Nobody waits, or rings at somebody who has gone, while a suitable agent is ready and idle."""
    ready = set(
        session.scalars(
            sa.select(AgentSkill.skill)
            .join(PresenceRow, PresenceRow.agent_id == AgentSkill.agent_id)
            .where(PresenceRow.status == "ready", PresenceRow.state == "idle")
        )
    )
    waiting = sa.select(Waiting.call_id, Waiting.queue, Waiting.language, Waiting.entered_at)
    for row in session.execute(waiting.where(Waiting.state == "waiting")):
        waited = (swept_at - row.entered_at).total_seconds() if swept_at else 0
        by = ready & ivr.circles(row.queue, row.language, waited)
        assert not by, f"waits in vain: {row}, ready {by}"
    rung = sa.select(Offer.id, Offer.queue, Offer.language, PresenceRow.status).join(
        PresenceRow, PresenceRow.agent_id == Offer.agent_id
    )
    absent = rung.where(Offer.state == "offered", PresenceRow.status != "ready")
    for offer in session.execute(absent):
        skill = f"{offer.queue}/{offer.language}"
        assert skill not in ready, f"rings at nobody: {offer}, ready {ready}"


def _tickets(session: Session, floor: Floor, told: Told) -> None:
    divisions = floor.section(Tickets).divisions
    for division in session.scalars(sa.select(Ticket.division)):
        assert division in divisions, division
    query = sa.select(TicketCall.call_id, Ticket.number).join(
        Ticket, Ticket.id == TicketCall.ticket_id
    )
    rows = [tuple(row) for row in session.execute(query)]
    kept = [row for row in rows if row[0] in told.kept]
    assert sorted(kept) == sorted(told.wrapped_kept), "the tickets of called-back calls"
    found = [row for row in rows if row[0] not in told.kept]
    assert dict(found) == told.wrapped, "the tickets are not those that the events name"
    assert len(found) == len(told.wrapped), "two tickets of one call"


def _statistics(session: Session, told: Told) -> None:
    """`ivr.service.visits` says what we count by ourselves."""
    if not told.arrived:
        return
    moments = [
        *told.arrived.values(),
        *(v.moments["queued_at"] for vs in told.visits.values() for v in vs),
    ]
    first, end = min(moments), max(moments) + timedelta(seconds=1)
    every = calls.visits(session, first, end)
    said = Counter(_as_said(facts) for facts in every if facts.call_id not in told.kept)
    assert said == Counter(_as_told(told)), "the statistics are not those of the events"


def called_back(session: Session) -> None:
    """A called-back call is one call, and whatever happened to it is counted once, in each of the
    senses of docs/metrics.md; from its events alone.
    """
    kinds: dict[int, Counter[str]] = defaultdict(Counter)
    for call_id, kind in session.execute(sa.select(CallEvent.call_id, CallEvent.kind)):
        kinds[call_id][kind] += 1
    for call_id, happened in kinds.items():
        if not happened["callback"]:
            continue
        counted = Counters()
        for visit in story.visits_of(session, call_id):
            count_call(counted, visit, Rules())
        assert counted.calls == 1, call_id
        assert counted.not_queued == (happened["queued"] == 0), (call_id, happened, counted)
        for counter, counts in COUNTED_BY.items():
            told = sum(happened[kind] for kind in counts)
            assert getattr(counted, counter) == told, (call_id, counter, happened)
        assert counted.left_for_callback <= happened["callback"], (call_id, happened, counted)
        ends = counted.callbacks_reached + counted.callbacks_unreached
        assert ends <= counted.callbacks, (call_id, happened, counted)


#: Of a called-back call: the counter, and the events that it counts.
COUNTED_BY = {
    "offered": ("queued",),
    "callbacks": ("callback_queued",),
    "answered": ("connected", "taken_over"),
    "abandoned": ("abandoned",),
    "talked": ("talk_ended",),
    "wrapped_up": ("wrapped_up",),
    "offers_made": ("offered",),
}


_MOMENTS = (
    "queued_at",
    "connected_at",
    "abandoned_at",
    "left_at",
    "talk_ended_at",
    "wrapped_up_at",
    "transferred_at",
    "ended_at",
)


def _as_said(facts: Any) -> tuple[Any, ...]:
    moments = tuple(getattr(facts, name) for name in _MOMENTS)
    language = facts.language if facts.queue else None
    counts = (facts.offers, facts.missed, facts.holds)
    return (facts.call_id, facts.arrived_at, facts.queue, language, *moments, *counts)


def _as_told(told: Told) -> Iterable[tuple[Any, ...]]:
    for call_id, arrived_at in told.arrived.items():
        if call_id in told.kept:
            continue
        visits = told.visits.get(call_id, [])
        for visit in visits:
            moments = tuple(visit.moments.get(name) for name in _MOMENTS)
            counts = (visit.offers, visit.missed, visit.holds)
            yield (call_id, arrived_at, visit.queue, visit.language, *moments, *counts)
        if not visits:
            before = told.before.get(call_id, {})
            moments = tuple(before.get(name) for name in _MOMENTS)
            yield (call_id, arrived_at, None, None, *moments, 0, 0, 0)


def check_at_rest(floor: Floor, *, in_order: bool = True) -> Told:
    """What must hold when nothing is left to be done: every call over, every agent free."""
    told = check(floor, in_order=in_order)
    assert told.ended == set(told.arrived), "a call without an end"
    assert set(told.wrapped) == told.talked, "an answered call without a ticket"
    assert not told.holds, f"agents held by an offer: {told.holds}"
    with floor.db.read() as session:
        states = set(session.scalars(sa.select(PresenceRow.state)))
    assert states <= {"idle"}, states
    return told


TABLES = (Call, CallEvent, Waiting, Offer, Ticket, TicketCall, PresenceRow, PresenceEvent)


def everything(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the story, to compare before and after."""
    return {
        model.__tablename__: sorted(
            (tuple(row) for row in session.execute(sa.select(*model.__table__.c))), key=repr
        )
        for model in TABLES
    }
