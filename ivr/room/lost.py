"""A conversation whose agent was cut off: the page was loaded again, the network was away.

A browser's telephone that leaves without the desk's word for it (`offers.hang_up`) may come back.
For a while the conversation stays what it is (`OfferState.CONNECTED`); the caller hears music, and
the agent's telephone is rung, again and again, until it is registered and answers; then the two
talk on. When it does not, the caller is told so and waits again, in front, and the agent writes
the outcome. A plain telephone that hangs up has hung up.

The same goes for a browser that is not registered yet when its agent accepts: the offer stays
accepted, the caller in the waiting room, and for some seconds the agent is rung again.

Nothing here hangs on one message: that a leg has left is told by the leg, by its conference and by
the caller's own document, and each step that a process may die in is taken up by `ivr.lost`.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents import service as agents
from agents.config import Agents
from hotline import clock, outbox
from hotline.floor import Floor
from hotline.outbox import Handler
from hotline.telephony import CallGone, CarrierError
from ivr import calls, closing
from ivr.callbacks import attempts
from ivr.config import Ivr
from ivr.errors import Lost
from ivr.events import Kind, OfferState, Result
from ivr.models import Offer
from ivr.room import absences, offers, waiting
from ivr.room.absences import AbsenceFacts, Ended
from ivr.room.offers import FETCH_CALLER, GRACE, OfferFacts
from ivr.room.waiting import Place
from ivr.talk import parties

log = logging.getLogger(__name__)

#: An effect: rings the agent who was cut off.
RING_AGAIN: Final = "ivr.ring_again"
#: `heard` of the step by which a caller comes back to the waiting room.
HEARD: Final = "agent_lost"
#: Who answers in a page; everybody else's telephone has hung up when it is gone.
_BROWSER: Final = "client:"
#: Seconds of the wall after which a try that nothing is known of is given up for the next.
_UNHEARD: Final = 5.0
#: Seconds (of the wall) for a page that is being opened to register, once its agent has accepted:
#: the caller should not wait longer for a telephone that does not come.
_OPENS: Final = 10.0
#: How a call ends to a browser that is not there. Others say that somebody, or something, refused.
_NOT_THERE: Final = ("no-answer", "failed")
#: The shortest that a telephone is rung, in seconds.
_SHORTEST: Final = 5
_BATCH: Final = 50


# ---------------------------------------------------------------- cut off


def leave(
    floor: Floor, session: Session, offer: OfferFacts, leg_sid: str | None, *, now: datetime
) -> AbsenceFacts | None:
    """The agent's leg is gone and nobody said that the conversation is over: the absence that this
    is, or begins. None when it is none, and the conversation is over with it.

    Said twice, by whomever, it is one; said late, of a leg that was replaced, it changes nothing.
    """
    if offer.state is not OfferState.CONNECTED or leg_sid is None:
        return None
    if offer.leg_sid == leg_sid and _may_return(floor, session, offer.agent_id):
        _begin(floor, session, offer, leg_sid, now)
    return absences.open_of(session, offer.id)


def not_there_yet(
    floor: Floor, session: Session, offer_id: int, leg_sid: str, status: str, *, now: datetime
) -> bool:
    """Whether an agent who has accepted is rung again, `leg_sid` having come to nothing (`status`:
    the carrier's word). False when that is the end of the offer, or none of it.
    """
    offer = offers.facts(session, offer_id)
    if offer.state is not OfferState.ACCEPTED or offer.answered_at is not None:
        return False
    if absences.open_of(session, offer_id) is not None:
        return True
    if status not in _NOT_THERE or not _in_browser(session, offer.agent_id):
        return False
    ring = floor.section(Ivr).offers.ring
    asked_until = offer.expires_at - timedelta(seconds=GRACE * clock.speed())
    until = min(asked_until, now + timedelta(seconds=_OPENS * clock.speed()))
    if now >= until - timedelta(seconds=min(ring, _SHORTEST)):
        return False  # it has rung for its time
    return (
        offers.undialled(session, offer_id, leg_sid)
        and absences.begin(session, offer_id, leg_sid, until, now=now, rung_at=None) is not None
    )


def _may_return(floor: Floor, session: Session, agent_id: int) -> bool:
    return floor.section(Ivr).offers.return_within > 0 and _in_browser(session, agent_id)


def _in_browser(session: Session, agent_id: int) -> bool:
    return agents.agent(session, agent_id).address.startswith(_BROWSER)


def _begin(floor: Floor, session: Session, offer: OfferFacts, leg_sid: str, now: datetime) -> None:
    if not _take(session, offer.id, leg_sid, leg_sid):
        return
    until = now + timedelta(seconds=floor.section(Ivr).offers.return_within)
    absence_id = absences.begin(session, offer.id, leg_sid, until, now=now, rung_at=now)
    if absence_id is not None:
        party = parties.leave_with(session, offer.id, now=now)  # their conference is over
        if party is not None:
            offers.let_party_go(session, party, now=now)
        calls.tell(session, offer.call_id, Kind.AGENT_LOST, offer.who, now=now)
        _ring(session, absence_id, 1, now)


def _take(session: Session, offer_id: int, leg_sid: str | None, to: str) -> bool:
    """Hold the offer's row, its leg being `leg_sid`; False when the conversation is over."""
    row = session.execute(
        sa.update(Offer)
        .where(
            Offer.id == offer_id,
            Offer.state == OfferState.CONNECTED,
            Offer.leg_sid == leg_sid,
        )
        .values(leg_sid=to)
        .returning(Offer.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return row is not None


# ---------------------------------------------------------------- rung again


def _ring(session: Session, absence_id: int, number: int, now: datetime) -> None:
    what = {"absence": absence_id, "try": number}
    outbox.post(session, RING_AGAIN, what, now=now, key=f"{RING_AGAIN}:{absence_id}:{number}")


def ring_again(floor: Floor, payload: dict[str, Any]) -> None:
    """Ring the agent who was cut off; once for each try, whatever becomes of it."""
    absence_id, number = int(payload["absence"]), int(payload["try"])
    with floor.db.read() as session:
        seen = absences.facts(session, absence_id)
        address = agents.agent(session, offers.facts(session, seen.offer_id).agent_id).address
    if seen.ended_at is not None or seen.tries != number or seen.leg_sid is not None:
        return
    left = (seen.back_before - clock.now()).total_seconds()
    there = {"absence": absence_id, "try": number}
    try:
        leg_sid = floor.carrier.dial(
            address,
            from_=floor.city.caller_id,
            url=_url(floor, "/ivr/agent-back", **there),
            status_callback=_url(floor, "/ivr/agent-back/status", **there),
            timeout=max(_SHORTEST, round(left)),
        )
    except CarrierError as error:
        log.warning("absence %s: whether the agent is rung is not known: %s", absence_id, error)
        return  # the next try is the sweep's
    with floor.db.write() as session:
        wanted = absences.swap(session, seen, leg_sid=leg_sid) or _is_known(
            session, absence_id, leg_sid
        )
    if not wanted:
        _hang_up(floor, leg_sid)


def _is_known(session: Session, absence_id: int, leg_sid: str) -> bool:
    """Its own webhook was faster."""
    return absences.facts(session, absence_id).leg_sid == leg_sid


def answered(session: Session, absence_id: int, number: int, leg_sid: str, *, now: datetime) -> int:
    """The agent's telephone answers again, at try `number`: the offer's id; the caller is fetched.

    Raises `Lost` when this telephone is not wanted (any more). The same answer comes for the same
    telephone however often it is asked.
    """
    seen = absences.facts(session, absence_id)
    if seen.leg_sid == leg_sid and (seen.answered_at is not None or seen.result == Ended.BACK):
        return seen.offer_id
    known = seen.leg_sid in (None, leg_sid) and seen.tries == number and seen.ended_at is None
    offer = offers.facts(session, seen.offer_id)
    leg_before = offer.leg_sid
    if offer.state is OfferState.ACCEPTED:
        _there_at_last(session, seen, leg_sid, now, known=known)
        return offer.id
    meet = now + timedelta(seconds=2 * GRACE * clock.speed())
    if not (
        known
        and _take(session, seen.offer_id, leg_before, leg_sid)
        and absences.swap(session, seen, leg_sid=leg_sid, answered_at=now, back_before=meet)
    ):
        raise Lost("the agent who was cut off")
    fetch = {"absence": absence_id}
    outbox.post(session, FETCH_CALLER, fetch, now=now, key=f"{FETCH_CALLER}:{leg_sid}")
    return seen.offer_id


def _there_at_last(
    session: Session, seen: AbsenceFacts, leg_sid: str, now: datetime, *, known: bool
) -> None:
    """Who accepted before their page was ready is there: from here on it is as with any."""
    offers.undialled(session, seen.offer_id, seen.left_leg)  # noted after it had ended, maybe
    if not (
        known
        and offers.leg_answered(session, seen.offer_id, leg_sid, now=now) is not None
        and absences.swap(session, seen, leg_sid=leg_sid, ended_at=now, result=Ended.BACK.value)
    ):
        raise Lost("the agent who was not there")


def leg_over(
    floor: Floor, session: Session, absence_id: int, number: int, leg_sid: str, *, now: datetime
) -> None:
    """The telephone of try `number` was not reached, or has left (again)."""
    seen = absences.facts(session, absence_id)
    if seen.ended_at is None:
        if seen.tries == number and seen.leg_sid in (None, leg_sid):
            absences.swap(session, seen, rung_at=None, leg_sid=None, answered_at=None)
        return
    attempts.agent_gone(session, seen.offer_id, leg_sid, now=now)
    offer = offers.facts(session, seen.offer_id)
    if leave(floor, session, offer, leg_sid, now=now) is None:
        offers.leg_over(floor, session, offer.id, leg_sid, now=now)


def fetch_caller(floor: Floor, payload: dict[str, Any]) -> None:
    """Take the caller away from the music: to the agent, or on to what follows."""
    with floor.db.read() as session:
        seen = absences.facts(session, int(payload["absence"]))
        offer = offers.facts(session, seen.offer_id)
        sid = offers.caller_sid(session, offer)
        own = calls.facts(session, offer.call_id).sid == sid
        passed_on = sa.select(Offer.passed_to).where(Offer.id == offer.id)
        if session.execute(passed_on).scalar_one() is not None:
            return  # the agent has sent the caller elsewhere (`ivr.talk.passing`)
    try:
        floor.carrier.redirect(sid, _url(floor, "/ivr/lost", absence=seen.id, lang=offer.language))
    except CallGone:
        with floor.db.write() as session:
            if own:
                closing.end_call(floor, session, offer.call_id, "completed", now=clock.now())
            elif offers.talk_over(floor, session, offer, "caller", now=clock.now()):
                offers.drop_leg(session, offer, clock.now())  # alone in the conference


# ---------------------------------------------------------------- what becomes of it


def back(session: Session, seen: AbsenceFacts, *, now: datetime) -> AbsenceFacts:
    """The caller asks where to go: with the agent on the line again, the two talk on.

    The absence as it is afterwards. The same however often it is asked.
    """
    if seen.ended_at is None and seen.answered_at is not None:
        offer = offers.facts(session, seen.offer_id)
        if not (
            _take(session, offer.id, seen.leg_sid, str(seen.leg_sid))
            and absences.swap(session, seen, ended_at=now, result=Ended.BACK.value)
        ):
            raise Lost("the agent who was cut off")
        _not_held(session, offer, now)
        calls.tell(session, offer.call_id, Kind.AGENT_BACK, offer.who, now=now)
    return absences.facts(session, seen.id)


def _not_held(session: Session, offer: OfferFacts, now: datetime) -> None:
    """The conference that the caller was held in is over: in the new one they talk."""
    if offer.held_at is None:
        return
    session.execute(
        sa.update(Offer)
        .where(Offer.id == offer.id)
        .values(held_at=None)
        .execution_options(synchronize_session=False)
    )
    calls.tell(session, offer.call_id, Kind.RESUMED, offer.who, now=now)


def give_up(floor: Floor, session: Session, seen: AbsenceFacts, *, now: datetime) -> None:
    """The agent did not come back in time: the caller waits again, in front; the agent writes the
    outcome, and gets no offer before they say that they are there. Raises `Lost` when it is no
    longer as seen.
    """
    offer = offers.facts(session, seen.offer_id)
    if offer.state is OfferState.ACCEPTED:
        if not offers.fail(floor, session, offer, Result.FAILED, now=now):
            raise Lost("the offer")
        return
    by = offers.LOST if seen.answered_at is None else "unknown"
    waits = _wait_again(floor, session, offer, now)
    if not (
        _take(session, offer.id, offer.leg_sid, str(offer.leg_sid))
        and absences.swap(session, seen, ended_at=now, result=Ended.GONE.value)
        and offers.talk_over(floor, session, offer, by, now=now)
    ):
        raise Lost("the conversation")
    if seen.leg_sid is not None:
        outbox.post(session, offers.HANG_UP, {"sid": seen.leg_sid}, now=now)
    fetch = {"absence": seen.id}
    outbox.post(session, FETCH_CALLER, fetch, now=now, key=f"{FETCH_CALLER}:gone:{seen.id}")
    if waits:
        offers.look_later(floor, session, (offer.queue, offer.language))


def _wait_again(floor: Floor, session: Session, offer: OfferFacts, now: datetime) -> bool:
    """The caller takes a place as old as the one they had; False for whom there is none: the call
    is over, or it is one of ours to them.
    """
    before = waiting.by_id(session, offer.waiting_id)
    if before.callback_id is not None:
        return False
    if not calls.choose_language(session, offer.call_id, offer.language):
        return False
    n = calls.next_step(session, offer.call_id)
    step = {"at": before.node, "heard": HEARD, "digits": "", "to": before.node}
    calls.step(session, offer.call_id, n, Kind.STEP, step | {"language": offer.language}, now=now)
    place = Place(
        offer.call_id,
        n,
        before.node,
        offer.queue,
        offer.language,
        floor.section(Ivr).priority_at(offer.queue, before.node),
        floor.section(Agents).policy,
    )
    return waiting.enter(session, place, now=now, entered_at=before.entered_at)


def sweep(floor: Floor, now: datetime) -> None:
    """Who is not being rung is rung again; whose time is over is waited for no longer."""
    silent_since = now - timedelta(seconds=_UNHEARD * clock.speed())
    with floor.db.read() as session:
        late = absences.overdue(session, now, _BATCH)
        silent = absences.to_ring(session, silent_since, _BATCH)
    for seen in late:
        _one(seen, partial(give_up, floor, seen=seen, now=now), floor)
    for seen in silent:
        if seen.back_before > now:
            _one(seen, partial(_next_try, seen=seen, now=now), floor)


def _next_try(session: Session, seen: AbsenceFacts, now: datetime) -> None:
    number = seen.tries + 1
    if absences.swap(session, seen, tries=number, rung_at=now, leg_sid=None):
        _ring(session, seen.id, number, now)


def _one(seen: AbsenceFacts, do: Callable[..., None], floor: Floor) -> None:
    """One of many: its fault does not keep the others from their turn."""
    try:
        with floor.db.write() as session:
            do(session=session)
    except Lost:
        log.info("absence %s: somebody was faster", seen.id)
    except Exception:
        log.exception("absence %s", seen.id)


def _url(floor: Floor, path: str, **query: object) -> str:
    return floor.url(f"{path}?{urlencode(query)}")


def _hang_up(floor: Floor, sid: str) -> None:
    with suppress(CallGone):
        floor.carrier.hang_up(sid)


EFFECTS: Mapping[str, Handler] = {RING_AGAIN: ring_again, FETCH_CALLER: fetch_caller}
