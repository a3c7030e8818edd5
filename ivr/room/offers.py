"""Who is offered whom, and what became of it.

An offer touches three contended rows. They are always taken in the same order (the stay in the
waiting room, the offer, the agent's presence), each by compare-and-set; who gets no row raises
`Lost`, which takes back what was taken before. So two processes neither give one caller to two
agents nor wait for each other for ever.

Which offers there are, and how each stands, is asked of `reading.py`, through here.
"""

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents import routing
from agents import service as agents
from agents.config import Agents
from hotline import clock, outbox
from hotline.announce import announce
from hotline.db import after_commit, insert_ignore
from hotline.floor import Floor
from ivr import calls
from ivr.config import Ivr
from ivr.errors import (
    ColleagueBusy,
    Lost,
    NoMoreTime,
    NothingToFinish,
    NotTalking,
    OfferGone,
)
from ivr.events import LIVE, Departed, Kind, OfferState, Result, Waits
from ivr.models import Offer, Waiting
from ivr.room import absences, callouts, waiting
from ivr.room.reading import (
    OfferFacts,
    caller_sid,
    expired,
    facts,
    held,
    is_leg,
    latest_of,
    latest_of_agent,
    latest_of_both,
    leg_of_citizen,
    live_of,
    of_agent,
    of_conference,
    to_wrap_up,
)
from ivr.room.waiting import Skill, Stay
from ivr.room.wrapping import Mode
from ivr.talk import monitors, parties
from ivr.talk.parties import PartyFacts

__all__ = [
    "BRING_CALLER",
    "DIAL_AGENT",
    "FETCH_CALLER",
    "GRACE",
    "HANG_UP",
    "LET_GO",
    "LOST",
    "NOTHING_TO_WRITE",
    "RING_PLAIN",
    "OfferFacts",
    "accept",
    "becomes_the_callers",
    "call_over",
    "caller_sid",
    "colleague_goes",
    "consult",
    "consult_accepted",
    "consult_answered",
    "decline",
    "dialled",
    "drop_leg",
    "expired",
    "extend",
    "facts",
    "fail",
    "hang_up",
    "held",
    "is_leg",
    "join",
    "latest_of",
    "latest_of_agent",
    "latest_of_both",
    "leg_answered",
    "leg_over",
    "let_party_go",
    "live_of",
    "look",
    "look_for_agent",
    "look_later",
    "make",
    "may_extend",
    "more_time",
    "of_agent",
    "of_conference",
    "pair_of",
    "take",
    "talk_over",
    "to_wrap_up",
    "undialled",
    "withdraw",
]

#: Effects (see ivr/jobs.py).
DIAL_AGENT, BRING_CALLER, HANG_UP = "ivr.dial_agent", "ivr.bring_caller", "ivr.hang_up"
LET_GO, FETCH_CALLER = "ivr.let_go", "ivr.fetch_caller"
RING_PLAIN = "ivr.ring_plain"
#: Announced with `offer_id`: a conversation is over of which its agent writes nothing.
NOTHING_TO_WRITE = "ivr.nothing_to_write"
#: Whose side ended a conversation of which the agent's telephone went and did not come back.
LOST = "lost"
#: What machines may take on top of what people may, in seconds of the wall.
GRACE = 15.0
#: Pairs that one look makes at most, and how often in a row it may lose them to others.
_PAIRS, _LOSSES = 1000, 5


# ---------------------------------------------------------------- making offers


def look(floor: Floor, lines: Collection[Skill] | None = None) -> int:
    """Bring callers of these lines (all) together with agents, of all circles that the callers have
    reached, until no pair is left; returns how many offers were made.

    Looks at the heads of each line and at the longest idle agent of each skill only, so it costs
    the same however many wait and however many are ready. Each offer is a unit of work of its own.
    Losing a pair to another process is no fault: look again.
    """
    wanted = floor.section(Ivr).skills() if lines is None else lines
    return _look(floor, lambda _: wanted)


def look_for_agent(floor: Floor, agent_id: int) -> int:
    """Look on behalf of an agent who has become ready: into the lines of their skills, and into
    those that widen into any of these. Done when they have an offer.
    """
    wider = floor.section(Ivr).wider

    def lines(session: Session) -> Collection[Skill]:
        skills = agents.skills_of(session, agent_id)
        return {*map(_skill, skills), *wider.lines_into(skills)}

    return _look(floor, lines, agent_id)


def _look(
    floor: Floor, lines_of: Callable[[Session], Collection[Skill]], only_for: int | None = None
) -> int:
    made = losses = 0
    while made < _PAIRS and losses < _LOSSES:
        pair = _first_pair(floor, lines_of)
        if pair is None:
            break
        if not _offer(floor, pair):
            losses += 1
            continue
        made, losses = made + 1, 0
        if pair.agent.agent_id == only_for:
            break
    return made


def look_later(floor: Floor, session: Session, skill: Skill) -> None:
    """After the commit of `session`: whether somebody is ready for those who wait in a line."""

    def look_now() -> None:
        look(floor, [skill])

    after_commit(session, look_now)


def _first_pair(
    floor: Floor, lines_of: Callable[[Session], Collection[Skill]]
) -> routing.Pair | None:
    wider, now = floor.section(Ivr).wider, clock.now()
    with floor.db.read() as session:
        heads = [
            replace(head, circles=wider.reached((head.queue, head.language), _waited(head, now)))
            for head in waiting.heads(session, lines_of(session), wider.wider)
        ]
        if not heads:
            return None
        ready = agents.ready_heads(session, _skills(heads))
    return routing.first(heads, ready, floor.section(Agents).policy)


def _waited(head: routing.Waiting, now: datetime) -> float:
    return (now - head.entered_at).total_seconds()


def _skills(heads: Collection[routing.Waiting]) -> set[str]:
    """By whom one of these callers may be answered now."""
    return {name for head in heads for name in (head.skill, *chain(*head.circles))}


def _offer(floor: Floor, pair: routing.Pair) -> bool:
    with suppress(Lost), floor.db.write() as session:
        make(floor, session, pair, now=clock.now())
        return True
    return False


def pair_of(stay: Stay, seen: agents.PresenceFacts) -> routing.Pair:
    """A caller for one very agent, whatever the order of the lines."""
    skill = routing.skill(stay.queue, stay.language)
    caller = routing.Waiting(
        stay.id, stay.queue, stay.language, stay.precedence, stay.ranked_at, stay.entered_at
    )
    idle_since = seen.idle_since or seen.state_since
    ready = routing.Ready(seen.agent_id, idle_since, frozenset({skill}))
    return routing.Pair(caller, ready, skill, 0)


def make(floor: Floor, session: Session, pair: routing.Pair, *, now: datetime) -> int:
    """Offer a caller to an agent; the offer's id. Raises `Lost` when either is no longer free."""
    stay = waiting.move(session, pair.waiting.id, (Waits.WAITING,), Waits.OFFERED)
    if stay is None:
        raise Lost("the caller")
    agent_id = pair.agent.agent_id
    how = {"circle": pair.circle, "skill": pair.skill}
    until = now + _to_answer(floor)
    offer_id = _written(session, stay, agent_id, until, now, waiting_id=stay.id, **how)
    if offer_id is None:
        raise Lost("a live offer is in the way")
    if not agents.reserve(session, agent_id, offer_id=offer_id, call_id=stay.call_id, now=now):
        raise Lost("the agent")
    offered = {"offer": offer_id, "agent": agent_id, **how}
    calls.tell(session, stay.call_id, Kind.OFFERED, offered, now=now)
    _ring_plain(session, agent_id, offer_id, now)
    return offer_id


def _written(
    session: Session,
    of: Stay | OfferFacts,
    agent_id: int,
    until: datetime,
    now: datetime,
    **more: Any,
) -> int | None:
    """The row of an offer to an agent, of the same call as `of`; its id, or None when a live offer
    is in the way.
    """
    row = {
        "call_id": of.call_id,
        "agent_id": agent_id,
        "queue": of.queue,
        "language": of.language,
        "state": OfferState.OFFERED.value,
        "made_at": now,
        "expires_at": until,
    }
    made = insert_ignore(session, Offer, row | more)
    return None if made is None else int(made)


def _ring_plain(session: Session, agent_id: int, offer_id: int, now: datetime) -> None:
    if not agents.agent(session, agent_id).in_browser:  # nothing else tells them
        effect = {"offer": offer_id}
        outbox.post(session, RING_PLAIN, effect, now=now, key=f"{RING_PLAIN}:{offer_id}")


def take(floor: Floor, session: Session, stay: Stay, agent_id: int, *, now: datetime) -> int:
    """Give a place to an agent who has asked for it, and so has taken it: their telephone is rung.
    The offer's id. Raises `Lost` when either is no longer free.
    """
    if waiting.move(session, stay.id, (Waits.WAITING,), Waits.CONNECTING) is None:
        raise Lost("the caller")
    accepted = {"state": OfferState.ACCEPTED.value, "accepted_at": now}
    until = now + _to_meet(floor)
    offer_id = _written(session, stay, agent_id, until, now, waiting_id=stay.id, **accepted)
    if offer_id is None:
        raise Lost("a live offer is in the way")
    if not agents.call_out(session, agent_id, offer_id=offer_id, call_id=stay.call_id, now=now):
        raise Lost("the agent")
    calls.tell(
        session, stay.call_id, Kind.ACCEPTED, {"offer": offer_id, "agent": agent_id}, now=now
    )
    outbox.post(session, DIAL_AGENT, {"offer": offer_id}, now=now, key=f"{DIAL_AGENT}:{offer_id}")
    return offer_id


# ---------------------------------------------------------------- the agent's answer


def accept(floor: Floor, session: Session, offer_id: int, agent_id: int, *, now: datetime) -> None:
    """The agent takes the offer: their telephone is rung, and then the caller is brought.

    Said twice, it stands. Raises `NoSuchOffer`, `NotYours`, `OfferGone`.
    """
    offer = of_agent(session, offer_id, agent_id)
    if offer.state in (OfferState.ACCEPTED, OfferState.CONNECTED):
        return
    taken = (
        waiting.move(session, offer.waiting_id, (Waits.OFFERED,), Waits.CONNECTING) is not None
        and _swap(
            session,
            offer_id,
            OfferState.OFFERED,
            state=OfferState.ACCEPTED.value,
            accepted_at=now,
            expires_at=now + _to_meet(floor),
        )
        and agents.on_call(session, agent_id, offer_id=offer_id, now=now)
    )
    if not taken:
        raise OfferGone
    calls.tell(session, offer.call_id, Kind.ACCEPTED, offer.who, now=now)
    outbox.post(session, DIAL_AGENT, {"offer": offer_id}, now=now, key=f"{DIAL_AGENT}:{offer_id}")


def _to_answer(floor: Floor) -> timedelta:
    """How long an offer rings."""
    return timedelta(seconds=floor.section(Ivr).offers.timeout)


def _to_meet(floor: Floor) -> timedelta:
    """How long the telephone of an agent who has accepted may take."""
    return timedelta(seconds=floor.section(Ivr).offers.ring + GRACE * clock.speed())


def decline(floor: Floor, session: Session, offer_id: int, agent_id: int, *, now: datetime) -> None:
    """The agent does not take the offer; the caller keeps the place and the next agent is rung.

    Said twice, it stands. Raises `NoSuchOffer`, `NotYours`, `OfferGone`.
    """
    offer = of_agent(session, offer_id, agent_id)
    if offer.result is Result.DECLINED:
        return
    if not fail(floor, session, offer, Result.DECLINED, now=now):
        raise OfferGone


def fail(
    floor: Floor, session: Session, offer: OfferFacts, result: Result, *, now: datetime
) -> bool:
    """An offer came to nothing: the caller is back in the same place, the agent is told off or not.

    `result`: `declined` and `no_answer` end an offer that rings; `failed` one that was accepted but
    did not bring the two together; `withdrawn` either, through no fault of the agent's; `unreached`
    one of a callback, whose place is kept out of the line for a while. A call that the agent makes
    is over with it. False when the offer is no longer as `offer` says: then nothing has changed
    (`Lost` takes back what was).
    """
    came = Waits.OFFERED if offer.state is OfferState.OFFERED else Waits.CONNECTING
    if offer.state not in _FAILS[result]:
        return False
    over = callouts.failed(session, offer.waiting_id, result, now=now)
    stay = _back(session, offer, came, result, now, over=over is not None)
    if stay is None:
        if over:
            raise Lost("the place")
        return False
    if not _swap(
        session,
        offer.id,
        offer.state,
        state=OfferState.ENDED.value,
        result=result.value,
        ended_at=now,
    ):
        raise Lost("the offer")
    _not_awaited(session, offer, now)
    _free_agent(session, offer, result, now)
    calls.tell(session, offer.call_id, Kind.OFFER_ENDED, offer.who | {"result": result}, now=now)
    if result is Result.UNREACHED and offer.answered_at is not None:
        _let_go(session, offer, now)
    else:
        drop_leg(session, offer, now)
    look_later(floor, session, stay.skill)
    return True


def _back(
    session: Session, offer: OfferFacts, came: Waits, result: Result, now: datetime, *, over: bool
) -> Stay | None:
    """Where the place goes when its offer came to nothing; None when it is not as expected."""
    if over:
        left = {"state": Waits.LEFT.value, "left_at": now, "left_by": Departed.LEFT.value}
        return waiting.swap(session, offer.waiting_id, (came,), **left)
    to = Waits.PAUSED if result is Result.UNREACHED else Waits.WAITING
    return waiting.move(session, offer.waiting_id, (came,), to)


_FAILS = {
    Result.DECLINED: (OfferState.OFFERED,),
    Result.NO_ANSWER: (OfferState.OFFERED,),
    Result.FAILED: (OfferState.ACCEPTED,),
    Result.WITHDRAWN: (OfferState.OFFERED, OfferState.ACCEPTED),
    Result.UNREACHED: (OfferState.ACCEPTED,),
}
#: Ends of an offer that are no fault of the agent's.
_NOBODYS_FAULT = (Result.WITHDRAWN, Result.UNREACHED)


def _free_agent(session: Session, offer: OfferFacts, result: Result, now: datetime) -> None:
    if result is Result.DECLINED:
        agents.declined(session, offer.agent_id, offer_id=offer.id, now=now)
    elif result in _NOBODYS_FAULT or (result is Result.FAILED and offer.answered_at is not None):
        agents.release(session, offer.agent_id, offer_id=offer.id, now=now)
    else:
        agents.missed(session, offer.agent_id, offer_id=offer.id, now=now)


def drop_leg(session: Session, offer: OfferFacts, now: datetime) -> None:
    """Hang up the agent's telephone: no conference that ends does it."""
    if offer.leg_sid is not None:
        outbox.post(session, HANG_UP, {"sid": offer.leg_sid}, now=now)


def _let_go(session: Session, offer: OfferFacts, now: datetime) -> None:
    """The agent waits on the line for somebody who was not reached: told so, and hung up."""
    if offer.leg_sid is not None:
        told = {"sid": offer.leg_sid, "offer": offer.id}
        outbox.post(session, LET_GO, told, now=now, key=f"{LET_GO}:{offer.id}")


# ---------------------------------------------------------------- the two telephones meet


def dialled(session: Session, offer_id: int, leg_sid: str) -> bool:
    """Note the call to the agent's telephone; False when it is not wanted (any more)."""
    return _swap(
        session,
        offer_id,
        OfferState.ACCEPTED,
        _or_same(leg_sid),
        leg_sid=leg_sid,
    ) or is_leg(session, offer_id, leg_sid)


def undialled(session: Session, offer_id: int, leg_sid: str) -> bool:
    """The call to the agent's telephone came to nothing, and another will be made; False when this
    offer waits for another one, or for none any more.
    """
    return _swap(
        session,
        offer_id,
        OfferState.ACCEPTED,
        _or_same(leg_sid),
        Offer.answered_at.is_(None),
        leg_sid=None,
    )


def leg_answered(session: Session, offer_id: int, leg_sid: str, *, now: datetime) -> int | None:
    """The agent's telephone answered: the caller is sent for. Returns the call's id.

    None when this telephone is not wanted (any more): the caller has gone, or another call to the
    same agent was faster. The same answer comes for the same telephone however often it is asked.
    """
    won = _swap(
        session,
        offer_id,
        OfferState.ACCEPTED,
        _or_same(leg_sid),
        Offer.answered_at.is_(None),
        leg_sid=leg_sid,
        answered_at=now,
        expires_at=now + timedelta(seconds=2 * GRACE * clock.speed()),
    )
    if won:
        effect = {"offer": offer_id}
        outbox.post(session, BRING_CALLER, effect, now=now, key=f"{BRING_CALLER}:{offer_id}")
    elif not is_leg(session, offer_id, leg_sid):
        return None
    return facts(session, offer_id).call_id


def join(session: Session, offer_id: int, *, now: datetime) -> bool:
    """The caller comes to the conference, and from now on the two talk; False when the agent has
    gone meanwhile. The same for the same caller however often it is asked.
    """
    offer = facts(session, offer_id)
    if offer.state is OfferState.CONNECTED:
        return True
    if offer.state is not OfferState.ACCEPTED or offer.answered_at is None:
        return False
    if waiting.connect(session, offer.waiting_id, now=now) is None:
        return False
    if not _swap(
        session,
        offer_id,
        OfferState.ACCEPTED,
        state=OfferState.CONNECTED.value,
        connected_at=now,
    ):
        raise Lost("the offer")
    met = {**offer.who, "queue": offer.queue, "language": offer.language}
    calls.tell(session, offer.call_id, Kind.CONNECTED, met, now=now)
    return True


def leg_over(floor: Floor, session: Session, offer_id: int, leg_sid: str, *, now: datetime) -> None:
    """The agent's telephone hung up, or was never reached. Another leg's end means nothing."""
    offer = facts(session, offer_id)
    if offer.leg_sid not in (None, leg_sid):
        return
    if offer.state is OfferState.CONNECTED:
        talk_over(floor, session, offer, "agent", now=now)
    elif offer.state is OfferState.ACCEPTED:
        # who hung up while the caller was on the way has missed the call, too
        unreached = replace(offer, answered_at=None, leg_sid=None)
        fail(floor, session, unreached, Result.FAILED, now=now)
    elif offer.state is OfferState.OFFERED:
        fail(floor, session, replace(offer, leg_sid=None), Result.NO_ANSWER, now=now)


def talk_over(floor: Floor, session: Session, offer: OfferFacts, by: str, *, now: datetime) -> bool:
    """One of the two (`by`: `agent`, `caller`, `unknown`; `lost`: the agent was cut off and did
    not come back) has left: the agent writes the outcome.

    False when that was known already.
    """
    rules = floor.section(Ivr).wrap_up_of(offer.queue)
    times = rules.from_(now)
    won = _swap(
        session,
        offer.id,
        OfferState.CONNECTED,
        state=OfferState.ENDED.value,
        result=Result.DONE.value,
        ended_at=now,
        wrap_up=rules.mode.value,
        wrap_up_due=times.due,
        wrap_up_until=times.until,
    )
    if won:
        _not_awaited(session, offer, now)
        party = parties.leave_with(session, offer.id, now=now)
        if party is not None:
            let_party_go(session, party, now=now)
        _nobody_listens(session, offer, now)
        calls.tell(session, offer.call_id, Kind.TALK_ENDED, offer.who | {"by": by}, now=now)
        over = agents.lost if by == LOST else agents.wrap_up
        over(
            session,
            offer.agent_id,
            call_id=offer.call_id,
            until=times.until,
            due=times.due,
            now=now,
        )
        if rules.mode is Mode.NONE:
            announce(session, NOTHING_TO_WRITE, offer_id=offer.id)
    return won


def more_time(
    floor: Floor, session: Session, call_id: int, agent_id: int, *, now: datetime
) -> None:
    """The agent takes the extension of the wrap-up that is allowed once. Said twice, it stands.

    Raises `NotYours`, `NothingToFinish` for what is written or was never talked, and `NoMoreTime`
    where the configuration allows none.
    """
    offer = latest_of_both(session, call_id, agent_id)
    if offer.result is not Result.DONE or offer.wrapped_up_at is not None:
        raise NothingToFinish
    if offer.wrap_up_extended_at is not None:
        return
    if not (more := may_extend(floor, offer)) or offer.wrap_up_until is None:
        raise NoMoreTime
    until = max(offer.wrap_up_until, now) + timedelta(seconds=more)
    unwritten = (Offer.wrapped_up_at.is_(None), Offer.wrap_up_extended_at.is_(None))
    more_of_it = {"wrap_up_until": until, "wrap_up_due": until, "wrap_up_extended_at": now}
    if not _swap(session, offer.id, OfferState.ENDED, *unwritten, **more_of_it):
        raise Lost("the offer")
    calls.tell(session, call_id, Kind.WRAP_UP_EXTENDED, offer.who, now=now)
    agents.more_wrap_up(session, agent_id, call_id=call_id, until=until, now=now)


def may_extend(floor: Floor, offer: OfferFacts) -> int:
    """The seconds that an agent may add to the wrap-up; 0: none (any more)."""
    if offer.wrap_up is None or offer.wrap_up_extended_at is not None:
        return 0
    rules = floor.section(Ivr).wrap_up_of(offer.queue)
    return rules.extend if Mode(offer.wrap_up).may_be_extended else 0


def _nobody_listens(session: Session, offer: OfferFacts, now: datetime) -> None:
    """A conversation is over, and with it whatever a supervisor did in it."""
    for monitor in monitors.leave_with(session, offer.id, now=now):
        if monitor.leg_sid is not None:
            outbox.post(session, HANG_UP, {"sid": monitor.leg_sid}, now=now)


def _not_awaited(session: Session, offer: OfferFacts, now: datetime) -> None:
    """Who was cut off (`ivr.room.lost`) is rung no more; the caller is taken from the music."""
    absence = absences.end(session, offer.id, absences.Ended.OVER, now=now)
    if absence is None:
        return
    if absence.leg_sid is not None:
        outbox.post(session, HANG_UP, {"sid": absence.leg_sid}, now=now)
    if offer.state is not OfferState.CONNECTED:
        return  # the caller waits in the queue
    fetch = {"absence": absence.id}
    outbox.post(session, FETCH_CALLER, fetch, now=now, key=f"{FETCH_CALLER}:over:{absence.id}")


def hang_up(floor: Floor, session: Session, call_id: int, agent_id: int, *, now: datetime) -> None:
    """The agent ends the conversation: from now on it is over, and the agent's telephone is hung
    up. The conference ends with it, and the caller goes on to a goodbye, or to the survey.

    Raises `NotYours`, `NotTalking`. Said twice, it stands.
    """
    offer = latest_of_both(session, call_id, agent_id)
    if offer.result is Result.DONE:
        return
    if offer.state is not OfferState.CONNECTED:
        raise NotTalking
    if talk_over(floor, session, offer, "agent", now=now):
        drop_leg(session, offer, now)


# ---------------------------------------------------------------- a word with a colleague


def consult(
    floor: Floor, session: Session, asker: OfferFacts, colleague_id: int, *, now: datetime
) -> int:
    """Ask a colleague for a word about the caller of `asker` (`ivr.talk.consults`); the offer's id.
    Raises `ColleagueBusy` when they are not free (any more).
    """
    about = {"waiting_id": asker.waiting_id, "consults": asker.id, "talk_of": asker.talk}
    offer_id = _written(session, asker, colleague_id, now + _to_answer(floor), now, **about)
    if offer_id is None or not agents.reserve(
        session, colleague_id, offer_id=offer_id, call_id=asker.call_id, now=now
    ):
        raise ColleagueBusy
    _ring_plain(session, colleague_id, offer_id, now)
    return offer_id


def asked(session: Session, offer_id: int) -> set[int]:
    """The colleagues who were asked for a word in this conversation, whatever came of it."""
    return {*session.scalars(sa.select(Offer.agent_id).where(Offer.consults == offer_id))}


def consult_accepted(floor: Floor, session: Session, offer: OfferFacts, *, now: datetime) -> bool:
    """The colleague takes it: their telephone is rung, into the conference of who asks."""
    until = now + _to_meet(floor)
    taken = {"state": OfferState.ACCEPTED.value, "accepted_at": now, "expires_at": until}
    if not (
        _swap(session, offer.id, OfferState.OFFERED, **taken)
        and agents.on_call(session, offer.agent_id, offer_id=offer.id, now=now)
    ):
        return False
    outbox.post(session, DIAL_AGENT, {"offer": offer.id}, now=now, key=f"{DIAL_AGENT}:{offer.id}")
    return True


def consult_answered(session: Session, offer_id: int, leg_sid: str, *, now: datetime) -> bool:
    """The colleague's telephone answered; False when it is not wanted (any more)."""
    return _swap(
        session,
        offer_id,
        OfferState.ACCEPTED,
        _or_same(leg_sid),
        state=OfferState.CONNECTED.value,
        leg_sid=leg_sid,
        answered_at=now,
        connected_at=now,
    ) or is_leg(session, offer_id, leg_sid)


def becomes_the_callers(session: Session, consult_id: int, *, now: datetime) -> bool:
    """Who was asked for a word talks with the caller from now on; False when they have gone."""
    asked = Offer.consults.is_not(None)
    connected = OfferState.CONNECTED
    return _swap(session, consult_id, connected, asked, consults=None, connected_at=now)


def let_party_go(session: Session, party: PartyFacts, *, now: datetime) -> None:
    """A third party is not wanted any more (`parties.end`): their telephone is hung up, and a
    colleague is free again.
    """
    if party.leg_sid is not None:
        outbox.post(session, HANG_UP, {"sid": party.leg_sid}, now=now)
    colleague_goes(session, party, now=now)


def colleague_goes(session: Session, party: PartyFacts, *, now: datetime) -> None:
    """A party has left (`parties.end`): if it was a colleague, they are free again."""
    if party.consult_id is None:
        return
    seen = facts(session, party.consult_id)
    if party.leg_sid is None:  # it may be ringing
        drop_leg(session, seen, now)
    met = seen.state is OfferState.CONNECTED
    missed = not met and party.result in _MISSED_BY
    result = Result.CONSULTED if met else Result.NO_ANSWER if missed else Result.WITHDRAWN
    over = {"state": OfferState.ENDED.value, "result": result.value, "ended_at": now}
    if seen.state in LIVE and _swap(session, seen.id, seen.state, **over):
        free = agents.missed if missed else agents.release
        free(session, seen.agent_id, offer_id=seen.id, now=now)


#: How a party ends who, or whose telephone, did not answer.
_MISSED_BY = ("busy", "no-answer", "failed")


# ---------------------------------------------------------------- the caller has gone


def call_over(floor: Floor, session: Session, call_id: int, by: str, *, now: datetime) -> None:
    """The call has ended: whatever offer of it lives ends with it (`by` as in `talk_over`), unless
    it is of a callback, which outlives the call.
    """
    offer = live_of(session, call_id)
    if offer is None or _outlives(session, offer):
        return
    if offer.state is OfferState.CONNECTED:
        if talk_over(floor, session, offer, by, now=now):
            # who hung up on the way to the conference never was in it, and cannot end it by leaving
            drop_leg(session, offer, now)
        return
    withdraw(session, offer, now=now)


def withdraw(session: Session, offer: OfferFacts, *, now: datetime) -> bool:
    """End an offer that rings or was accepted, the stay being over; False if it is not as seen."""
    if offer.state is OfferState.CONNECTED or not _swap(
        session,
        offer.id,
        offer.state,
        state=OfferState.ENDED.value,
        result=Result.WITHDRAWN.value,
        ended_at=now,
    ):
        return False
    _not_awaited(session, offer, now)
    agents.release(session, offer.agent_id, offer_id=offer.id, now=now)
    ended = offer.who | {"result": Result.WITHDRAWN}
    calls.tell(session, offer.call_id, Kind.OFFER_ENDED, ended, now=now)
    drop_leg(session, offer, now)
    return True


def _outlives(session: Session, offer: OfferFacts) -> bool:
    """Whether an offer is of a callback, and not to be met on the line that has ended."""
    kept = sa.select(Waiting.callback_id).where(Waiting.id == offer.waiting_id)
    if session.execute(kept).scalar_one() is None:
        return False
    return offer.state is not OfferState.CONNECTED or leg_of_citizen(session, offer) is not None


def extend(session: Session, offer_id: int, until: datetime) -> bool:
    """Give the two telephones of an accepted offer more time to meet."""
    return _swap(session, offer_id, OfferState.ACCEPTED, expires_at=until)


# ---------------------------------------------------------------- small parts


def _swap(
    session: Session,
    offer_id: int,
    came: OfferState,
    *conditions: sa.ColumnElement[bool],
    **values: Any,
) -> bool:
    row = session.execute(
        sa.update(Offer)
        .where(Offer.id == offer_id, Offer.state == came, *conditions)
        .values(**values)
        .returning(Offer.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return row is not None


def _or_same(leg_sid: str) -> sa.ColumnElement[bool]:
    return sa.or_(Offer.leg_sid.is_(None), Offer.leg_sid == leg_sid)


def _skill(name: str) -> Skill:
    queue, _, language = name.partition("/")
    return (queue, language)
