"""A supervisor in the conversation of somebody else: listens, whispers, barges in, takes over.

Their telephone is one more participant of the conference, rung muted: until the carrier has done
what the row says, nobody hears them. What is wanted stands in the row, written with its event and
its line of the audit log; effects make the carrier follow it. The conference never ends with them.

They stay when the conversation is handed over to a colleague, whom they whisper to from then on;
it is over for them with the conversation, and when the agent is cut off (`ivr.room.lost`), for then
the conference ends. Who takes over has the conversation as a colleague has it who was asked for a
word: in the same conference, whose recording goes on, so that the caller is never alone; and has
its ticket to write, with what the agent typed so far.

Listening is not recording: it leaves no sound behind, so that a caller who refused to be recorded
may be listened to (docs/supervise.md).
"""

import logging
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from agents import service as agents
from agents import supervise
from agents.service import AgentFacts
from agents.supervise import Author
from hotline import audit, clock, outbox
from hotline.auth import Identity
from hotline.db import insert_ignore
from hotline.floor import Floor
from hotline.outbox import Handler, Hopeless
from hotline.telephony import CallGone, CarrierError, Refused
from ivr import calls, closing, drafts
from ivr.config import Ivr
from ivr.errors import Lost, NotListening, NotNow, NotTalking, NotYours, SupervisorBusy
from ivr.events import OVER, RANK, Kind, OfferState
from ivr.models import Offer
from ivr.room import absences, lost, offers
from ivr.room.offers import GRACE, HANG_UP, OfferFacts
from ivr.talk import monitors, passing, service
from ivr.talk.monitors import Mode, MonitorFacts, MonitorState
from ivr.twiml import conference_name

log = logging.getLogger(__name__)

#: Effects.
RING: Final = "ivr.ring_supervisor"
FOLLOW: Final = service.FOLLOW_MONITOR
TAKE_OVER: Final = "ivr.take_over"
#: How an agent left a caller whom a supervisor has now (`Offer.passed_to`).
TO_SUPERVISOR: Final = "supervisor"
_LOOKS, _ASKED = 5, 10


# ---------------------------------------------------------------- the verbs


def listen(
    session: Session,
    call_id: int,
    me: AgentFacts,
    mode: Mode,
    *,
    by: Identity,
    now: datetime,
) -> int:
    """Ring the supervisor's telephone into the conversation of this call; the monitor's id.

    Raises `NotTalking` when there is none, `NotNow` while its agent is cut off, `SupervisorBusy`.
    """
    offer = offers.live_of(session, call_id)
    if offer is None or offer.state is not OfferState.CONNECTED:
        raise NotTalking(text="ivr.floor.talk_changed")
    if offer.agent_id == me.id:
        raise SupervisorBusy
    if absences.open_of(session, offer.id) is not None:
        raise NotNow
    if not service.take(session, offer):
        raise NotTalking(text="ivr.floor.talk_changed")
    monitor_id = monitors.start(session, offer.id, call_id, me.id, mode, by=by, now=now)
    _audit(session, offer, monitor_id, mode.value, by, now)
    outbox.post(session, RING, {"monitor": monitor_id}, now=now, key=f"{RING}:{monitor_id}")
    return monitor_id


def set_mode(
    session: Session, monitor_id: int, me: AgentFacts, mode: Mode, *, by: Identity, now: datetime
) -> None:
    """Be heard by others from now on. Said twice, it stands. Raises `NotYours`, `NotListening`."""
    monitor = _mine(session, monitor_id, me)
    if not monitor.live:
        raise NotListening
    if monitor.mode is mode:
        return
    if not monitors.set_mode(session, monitor, mode, now=now):
        raise NotListening
    _audit(session, offers.facts(session, monitor.offer_id), monitor.id, mode.value, by, now)
    outbox.post(session, FOLLOW, {"monitor": monitor_id}, now=now)


def leave(
    session: Session, monitor_id: int, me: AgentFacts, *, by: Identity, now: datetime
) -> None:
    """Leave the two alone. Said twice, it stands. Raises `NotYours`."""
    monitor = monitors.end(session, _mine(session, monitor_id, me).id, monitors.LEFT, now=now)
    if monitor is None:
        return
    _audit(session, offers.facts(session, monitor.offer_id), monitor.id, "left", by, now)
    if monitor.leg_sid is not None:
        outbox.post(session, HANG_UP, {"sid": monitor.leg_sid}, now=now)


def take_over(
    floor: Floor, session: Session, call_id: int, me: AgentFacts, author: Author, *, now: datetime
) -> None:
    """The supervisor, who is in the conversation, has it from now on.

    Raises `NotListening`, `NotTalking`; `NotNow` of somebody who was called back (the call to them
    is bound to who made it), or while a third party is there; `Lost`.
    """
    monitor, offer = _taking(session, call_id, me)
    typed = drafts.of_call(session, call_id, offer.agent_id)
    taken = _offer_to_me(session, offer, monitor, now)
    for other in monitors.goes_with(session, offer.id, taken):
        if other.id != monitor.id:
            outbox.post(session, FOLLOW, {"monitor": other.id}, now=now)
    if not (
        monitors.taken_over(session, monitor, now=now)
        and offers.talk_over(floor, session, offer, "agent", now=now)
    ):
        raise Lost("the conversation")
    closing.finish_passed_on(floor, session, offer, by=author.identity.username, now=now)
    _becomes_mine(session, offer, taken, me, author, now)
    if typed is not None:
        drafts.save(session, call_id, me.id, typed)
    supervise.tell(session, offer.agent_id, "taken_over", author, now=now)
    audit.record(
        session,
        "ivr.taken_over",
        f"call:{call_id}",
        by=author.identity,
        at=now,
        reason=author.reason,
        agent=offer.agent_id,
        offer=taken,
    )
    to = {"offer": offer.id, "by": taken}
    outbox.post(session, TAKE_OVER, to, now=now, key=f"{TAKE_OVER}:{offer.id}")


def _taking(session: Session, call_id: int, me: AgentFacts) -> tuple[MonitorFacts, OfferFacts]:
    """The conversation that the supervisor is in and may take over; its rows are taken."""
    monitor = monitors.live_of_agent(session, me.id)
    if monitor is None or monitor.state is not MonitorState.ON:
        raise NotListening
    offer = offers.facts(session, monitor.offer_id)
    if offer.call_id != call_id:
        raise NotListening
    # the call's row first: a caller who hangs up does so before, or after
    if not (
        calls.choose_language(session, call_id, offer.language)
        and service.mark(session, offer, passed_to=TO_SUPERVISOR, held_at=None)
    ):
        raise NotTalking(text="ivr.floor.talk_changed")
    _may_be_taken(session, offer)
    return monitor, offer


def _may_be_taken(session: Session, offer: OfferFacts) -> None:
    talk = service.talk_of(session, offer)
    if talk.cut_off:
        raise NotNow
    if talk.called_back:
        raise NotNow(text="ivr.floor.called_back")
    if talk.party is not None:
        raise NotNow(text="ivr.floor.third_party")


def _offer_to_me(session: Session, offer: OfferFacts, monitor: MonitorFacts, now: datetime) -> int:
    """A conversation of the supervisor's, beside the agent's until that is over; its offer's id."""
    taken = insert_ignore(
        session,
        Offer,
        {
            "call_id": offer.call_id,
            "waiting_id": offer.waiting_id,
            "agent_id": monitor.agent_id,
            "queue": offer.queue,
            "language": offer.language,
            "state": OfferState.CONNECTED.value,
            "made_at": now,
            "expires_at": now,
            "accepted_at": now,
            "leg_sid": monitor.leg_sid,
            "answered_at": now,
            "connected_at": now,
            "consults": offer.id,
            "talk_of": offer.talk,
        },
    )
    if taken is None:
        raise Lost("a live offer is in the way")
    return int(taken)


def _becomes_mine(
    session: Session,
    offer: OfferFacts,
    taken: int,
    me: AgentFacts,
    author: Author,
    now: datetime,
) -> None:
    mine = agents.takes_over(
        session, me.id, offer_id=taken, call_id=offer.call_id, now=now, by=author.by
    )
    if not (offers.becomes_the_callers(session, taken, now=now) and mine):
        raise Lost("the supervisor")
    new = offers.facts(session, taken)
    took = new.who | {"queue": new.queue, "language": new.language}
    said = {"who": author.identity.name, "why": author.reason}
    calls.tell(session, new.call_id, Kind.TAKEN_OVER, took | said, now=now)
    if offer.silent:
        service.record_on(session, new, now)


# ---------------------------------------------------------------- what the carrier tells


def answered(session: Session, monitor_id: int, leg_sid: str, *, now: datetime) -> None:
    """The supervisor is in, and heard by nobody until the carrier has been told otherwise."""
    monitor = monitors.answered(session, monitor_id, leg_sid, now=now)
    if monitor is not None and monitor.mode is not Mode.LISTENING:
        outbox.post(session, FOLLOW, {"monitor": monitor_id}, now=now)


def leg_over(
    floor: Floor, session: Session, monitor_id: int, leg_sid: str, status: str, *, now: datetime
) -> None:
    """The supervisor's telephone was not reached, or has left. Of one who has taken over it is as
    of any agent's.
    """
    monitor = monitors.facts(session, monitor_id)
    if monitor.leg_sid not in (None, leg_sid):
        return
    if monitor.result != monitors.TOOK_OVER:
        monitors.end(session, monitor_id, status, now=now)
        return
    offer = offers.latest_of_agent(session, monitor.agent_id)
    if offer is None or offer.leg_sid != leg_sid:
        return
    if lost.leave(floor, session, offer, leg_sid, now=now) is None:
        offers.leg_over(floor, session, offer.id, leg_sid, now=now)


# ---------------------------------------------------------------- what makes the carrier follow


def ring(floor: Floor, payload: dict[str, Any]) -> None:
    """Ring the supervisor's telephone into the conference, once, muted.

    Where the carrier's answer is lost, the telephone may be ringing: what becomes of that is heard
    from its webhooks, or found by the sweep.
    """
    with floor.db.read() as session:
        monitor = monitors.facts(session, int(payload["monitor"]))
        talk = offers.facts(session, monitor.offer_id).talk
        address = agents.agent(session, monitor.agent_id).address
    if monitor.state is not MonitorState.RINGING or monitor.leg_sid is not None:
        return
    try:
        leg_sid = floor.carrier.invite(
            conference_name(talk),
            address,
            from_=floor.city.caller_id,
            status_callback=_url(floor, "/ivr/monitor/status", monitor=monitor.id),
            timeout=floor.section(Ivr).offers.ring,
            muted=True,
        )
    except (Refused, CallGone) as error:
        log.warning("monitor %s: the carrier does not ring it: %s", monitor.id, error)
        with floor.db.write() as session:
            monitors.end(session, monitor.id, "failed", now=clock.now())
        return
    except CarrierError:
        log.warning("monitor %s: whether it rings is not known", monitor.id)
        return
    with floor.db.write() as session:
        wanted = monitors.dialled(session, monitor.id, leg_sid)
    if not wanted:  # it was over before it rang
        _hang_up(floor, leg_sid)


def follow(floor: Floor, payload: dict[str, Any]) -> None:
    """The supervisor is heard by whom the row says. Looked at again after it, so that two that
    overtake each other end at the truth.

    Who cannot whisper, since the agent is not there (any more), listens: by no means are they heard
    by somebody else.
    """
    monitor_id = int(payload["monitor"])
    sent: tuple[Mode, str | None] | None = None
    for _ in range(_LOOKS):
        with floor.db.read() as session:
            monitor = monitors.facts(session, monitor_id)
            offer = offers.facts(session, monitor.offer_id)
        wanted = (monitor.mode, offer.leg_sid)
        if monitor.state is not MonitorState.ON or wanted == sent:
            return
        sent = wanted
        try:
            _speak(floor, monitor, offer)
        except CallGone as gone:
            raise Hopeless("the conversation is over") from gone
        except Refused as error:
            log.warning("monitor %s: listens only: %s", monitor.id, error)
            with floor.db.write() as session:
                monitors.set_mode(session, monitor, Mode.LISTENING, now=clock.now())


def _speak(floor: Floor, monitor: MonitorFacts, offer: OfferFacts) -> None:
    assert monitor.leg_sid is not None, "on without a telephone"
    whispers = monitor.mode is Mode.WHISPERING
    if whispers and offer.leg_sid is None:
        raise Refused("nobody to whisper to")
    floor.carrier.speak(
        conference_name(offer.talk),
        monitor.leg_sid,
        muted=monitor.mode is Mode.LISTENING,
        to=offer.leg_sid if whispers else None,
    )


def follow_take_over(floor: Floor, payload: dict[str, Any]) -> None:
    """The supervisor is heard by the caller, the conference ends with them, and the agent's
    telephone goes without ending it.

    Where the supervisor's telephone has gone in this very moment, it is waited for, if it is a
    browser's; else the caller waits in the queue again, in front: they are not left alone.
    """
    with floor.db.read() as session:
        before = offers.facts(session, int(payload["offer"]))
        taken = offers.facts(session, int(payload["by"]))
        caller = offers.caller_sid(session, before)
    conference, held = conference_name(before.talk), taken.held_at is not None
    try:
        floor.carrier.hold(conference, caller, on=held, music=floor.url("/ivr/hold"))
    except CallGone:
        log.info("offer %s: the caller hung up while they were taken over", before.id)
    else:
        if not _is_in_charge(floor, conference, before, taken) and _left_to_nobody(
            floor, before, taken
        ):
            return
    if before.leg_sid is not None:
        _hang_up(floor, before.leg_sid)


def _is_in_charge(floor: Floor, conference: str, before: OfferFacts, taken: OfferFacts) -> bool:
    """False when the supervisor's telephone is not there any more."""
    if taken.leg_sid is None:
        return False
    try:
        floor.carrier.speak(conference, taken.leg_sid, muted=False, to=None)
        floor.carrier.end_with(conference, taken.leg_sid, ends=True)
    except CallGone:
        return False
    if before.leg_sid is not None:
        with suppress(CallGone):
            floor.carrier.end_with(conference, before.leg_sid, ends=False)
    return True


def _left_to_nobody(floor: Floor, before: OfferFacts, taken: OfferFacts) -> bool:
    """Whether the caller goes back to the queue; also when this is sent again."""
    with floor.db.write() as session:
        now_with = offers.live_of(session, before.call_id)
        if now_with is None or (now_with.id, now_with.leg_sid) != (taken.id, taken.leg_sid):
            return False
        if lost.leave(floor, session, taken, taken.leg_sid, now=clock.now()) is not None:
            return False
        passing.handed_to_nobody(floor, session, before, None, now=clock.now())
        return True


def ask_for_monitors(floor: Floor, now: datetime) -> None:
    """Supervisors' telephones of whose end nothing was heard: do they live?"""
    ring_time = floor.section(Ivr).offers.ring
    before = now - timedelta(seconds=(ring_time + 2 * GRACE) * clock.speed())
    with floor.db.write() as session:
        asked = monitors.to_ask_about(session, before, _ASKED, now=now)
    for monitor in asked:
        try:
            result = _over(floor, monitor)
        except CarrierError as error:
            log.warning("monitor %s: the carrier was not reached: %s", monitor.id, error)
            continue
        if result is not None:
            with floor.db.write() as session:
                leg_over(floor, session, monitor.id, monitor.leg_sid or "", result, now=now)


def _over(floor: Floor, monitor: MonitorFacts) -> str | None:
    """How the call to a supervisor ended; None while it lives."""
    if monitor.leg_sid is None:
        return monitors.LOST
    status = floor.carrier.call_status(monitor.leg_sid)
    if status is None:
        return monitors.LOST
    return status if RANK.get(status, 0) >= OVER else None


# ---------------------------------------------------------------- small parts


def _mine(session: Session, monitor_id: int, me: AgentFacts) -> MonitorFacts:
    monitor = monitors.facts(session, monitor_id)
    if monitor.agent_id != me.id:
        raise NotYours
    return monitor


def _audit(
    session: Session, offer: OfferFacts, monitor_id: int, mode: str, by: Identity, now: datetime
) -> None:
    audit.record(
        session,
        "ivr.monitored",
        f"call:{offer.call_id}",
        by=by,
        at=now,
        monitor=monitor_id,
        agent=offer.agent_id,
        mode=mode,
    )


def _hang_up(floor: Floor, sid: str) -> None:
    with suppress(CallGone):
        floor.carrier.hang_up(sid)


def _url(floor: Floor, path: str, **query: object) -> str:
    return floor.url(f"{path}?{urlencode(query)}")


EFFECTS: dict[str, Handler] = {RING: ring, FOLLOW: follow, TAKE_OVER: follow_take_over}
