"""Passing a caller on without speaking first: to a queue, a colleague, or a telephone outside.

Among ourselves the story goes along: the agent's part is over at once, what they have typed becomes
the call's ticket, marked incomplete, and whoever talks next completes it; should the caller hang up
before, it is there all the same. Who waits again has waited for as long as before: the talk does
not count. Of a caller who is put through outside the agent writes the outcome as after any talk.
"""

from datetime import datetime
from urllib.parse import urlencode

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents import routing
from agents import service as agents
from agents.config import Agents
from hotline import outbox
from hotline.floor import Floor
from ivr import calls, closing
from ivr.callbacks import rows as callback_rows
from ivr.config import Ivr
from ivr.errors import ColleagueBusy, Lost, NobodyThere, NotNow, NotTalking
from ivr.events import Kind, Waits
from ivr.models import Offer
from ivr.room import offers, waiting
from ivr.room.offers import OfferFacts
from ivr.room.waiting import Place
from ivr.talk import parties, service
from ivr.talk.rules import Verb, possible
from ivr.talk.targets import Telephone

#: An effect (`ivr.talk.effects`).
REDIRECT = "ivr.redirect_caller"
#: Where a caller was passed on to: `Offer.passed_to`, and `to` of the event.
TO_QUEUE, TO_COLLEAGUE, OUTSIDE = "queue", "colleague", "outside"
#: `heard` of the step that a caller takes who is passed on, or comes back from outside.
PASSED_ON = "passed_on"


def to_queue(
    floor: Floor,
    session: Session,
    call_id: int,
    agent_id: int,
    queue: str,
    *,
    by: str,
    now: datetime,
) -> None:
    """The caller waits in `queue`, in the language of this conversation. `by`: who passes them on.

    Raises `NotYours`, `NotTalking`, `NotNow`, and `NobodyThere` for a queue that there is not.
    """
    if queue not in floor.section(Ivr).queues:
        raise NobodyThere(f"queue: {queue!r}", to=queue)
    offer = _passing(session, call_id, agent_id)
    _let_go(floor, session, offer, {"to": TO_QUEUE, "queue": queue}, by, now)
    _waits_again(floor, session, offer, queue, now)
    offers.look_later(floor, session, (queue, offer.language))


def to_colleague(
    floor: Floor,
    session: Session,
    call_id: int,
    agent_id: int,
    colleague_id: int,
    *,
    by: str,
    now: datetime,
) -> None:
    """The caller is offered to this very colleague; when that comes to nothing, to the others of
    the queue. Raises `NotYours`, `NotTalking`, `NotNow`; `ColleagueBusy` when they are not free.
    """
    seen = agents.presence_of(session, colleague_id)
    offer = _passing(session, call_id, agent_id)
    if not seen.presence.available:
        raise ColleagueBusy
    went = {"to": TO_COLLEAGUE, "colleague": colleague_id}
    _let_go(floor, session, offer, went, by, now)
    stay_id = _waits_again(floor, session, offer, offer.queue, now)
    offers.make(floor, session, _pair(session, stay_id, seen), now=now)


def outside(
    floor: Floor,
    session: Session,
    call_id: int,
    agent_id: int,
    whom: Telephone,
    *,
    now: datetime,
) -> None:
    """The caller is put through to a telephone outside; when nobody answers there, they wait in our
    queue, in front. Raises `NotYours`, `NotTalking`, `NotNow`.
    """
    offer = _passing(session, call_id, agent_id)
    _mark(session, offer, OUTSIDE)
    calls.tell(session, call_id, Kind.PASSED_ON, offer.who | {"to": OUTSIDE}, now=now)
    offers.talk_over(floor, session, offer, "agent", now=now)
    calls.tell(session, call_id, Kind.TRANSFERRING, {"number": whom.title}, now=now)
    there = {
        "call": call_id,
        "offer": offer.id,
        "n": calls.next_step(session, call_id),
        "lang": offer.language,
        "to": whom.number,
    }
    _redirect(session, offer, f"/ivr/passed-on/outside?{urlencode(there)}", now)


def came_back(
    floor: Floor, session: Session, offer: OfferFacts, n: int, result: str, *, now: datetime
) -> waiting.Stay | None:
    """Nobody answered outside: the caller waits in the queue that they came from, in front. The
    same for the same step `n` however often it is asked. None when the call is over.
    """
    if not calls.choose_language(session, offer.call_id, offer.language):
        return None
    node = floor.section(Ivr).node_of(offer.queue)
    told = {"number": "", "result": result, "gone": False, "at": "", "heard": PASSED_ON}
    told |= {"language": offer.language, "to": node}
    if calls.step(session, offer.call_id, n, Kind.TRANSFERRED, told, now=now):
        _enter(floor, session, offer, offer.queue, node, n, now)
        offers.look_later(floor, session, (offer.queue, offer.language))
    return waiting.of_visit(session, offer.call_id, n)


def handed_to_nobody(
    floor: Floor, session: Session, offer: OfferFacts, party_id: int | None, *, now: datetime
) -> None:
    """The third party (None: a supervisor who took over) had gone when the caller was handed over
    to them: the caller is told so, and waits in the queue that they came from, in front. Who was
    called back has no place there, and goes on to the end of the conversation.
    """
    called_back = callback_rows.of_stay(session, offer.waiting_id) is not None
    open_ = not called_back and calls.choose_language(session, offer.call_id, offer.language)
    if party_id is not None:
        parties.end(session, party_id, parties.LOST, now=now)
    took_over = offers.live_of(session, offer.call_id)
    if took_over is not None:  # a colleague, who did not stay either
        offers.talk_over(floor, session, took_over, "agent", now=now)
    if open_ and not waiting.holds_place(session, offer.call_id):
        _waits_again(floor, session, offer, offer.queue, now, sorry=True)
        offers.look_later(floor, session, (offer.queue, offer.language))
    elif offer.leg_sid is not None:
        outbox.post(session, offers.HANG_UP, {"sid": offer.leg_sid}, now=now)


# ---------------------------------------------------------------- small parts


def _passing(session: Session, call_id: int, agent_id: int) -> OfferFacts:
    """The conversation of an agent who may pass its caller on; the call's row is taken."""
    offer = service.talking(session, call_id, agent_id)
    if Verb.TRANSFER not in possible(service.talk_of(session, offer)):
        raise NotNow
    if not calls.choose_language(session, call_id, offer.language):
        raise NotTalking
    return offer


def _let_go(
    floor: Floor,
    session: Session,
    offer: OfferFacts,
    went: dict[str, object],
    by: str,
    now: datetime,
) -> None:
    _mark(session, offer, str(went["to"]))
    calls.tell(session, offer.call_id, Kind.PASSED_ON, offer.who | went, now=now)
    if not offers.talk_over(floor, session, offer, "agent", now=now):
        raise Lost("the conversation")
    closing.finish_passed_on(floor, session, offer, by=by, now=now)


def _waits_again(
    floor: Floor,
    session: Session,
    offer: OfferFacts,
    queue: str,
    now: datetime,
    *,
    sorry: bool = False,
) -> int:
    """The place that a caller takes who is passed on; its id. `sorry`: they are told first that
    nobody was there.
    """
    node, n = floor.section(Ivr).node_of(queue), calls.next_step(session, offer.call_id)
    told = {"at": floor.section(Ivr).node_of(offer.queue), "heard": PASSED_ON, "digits": ""}
    told |= {"language": offer.language, "to": node}
    calls.step(session, offer.call_id, n, Kind.STEP, told, now=now)
    _enter(floor, session, offer, queue, node, n, now)
    there = {"call": offer.call_id, "n": n, "lang": offer.language} | (
        {"sorry": 1} if sorry else {}
    )
    _redirect(session, offer, f"/ivr/passed-on?{urlencode(there)}", now)
    stay = waiting.of_visit(session, offer.call_id, n)
    if stay is None:
        raise Lost("the place")
    return stay.id


def _enter(
    floor: Floor,
    session: Session,
    offer: OfferFacts,
    queue: str,
    node: str,
    visit: int,
    now: datetime,
) -> None:
    before = waiting.by_id(session, offer.waiting_id)
    # until the first of ours talked with them, from whom a colleague may have taken over
    waited = (offers.facts(session, offer.talk).connected_at or now) - before.entered_at
    place = Place(
        offer.call_id,
        visit,
        node,
        queue,
        offer.language,
        floor.section(Ivr).priority_at(queue, node),
        floor.section(Agents).policy,
    )
    waiting.enter(session, place, now=now, entered_at=now - waited)


def _pair(session: Session, stay_id: int, seen: agents.PresenceFacts) -> routing.Pair:
    stay = waiting.by_id(session, stay_id)
    if stay.state is not Waits.WAITING:
        raise Lost("the caller")
    return offers.pair_of(stay, seen)


def _mark(session: Session, offer: OfferFacts, to: str) -> None:
    session.execute(
        sa.update(Offer)
        .where(Offer.id == offer.id)
        .values(passed_to=to, held_at=None)
        .execution_options(synchronize_session=False)
    )


def _redirect(session: Session, offer: OfferFacts, path: str, now: datetime) -> None:
    to = {"sid": offers.caller_sid(session, offer), "path": path, "leg": offer.leg_sid}
    outbox.post(session, REDIRECT, to, now=now, key=f"{REDIRECT}:{offer.id}")
