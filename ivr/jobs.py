"""Effects that follow a change, and the sweeps behind every hand-off.

A sweep finds what was dropped: an offer that nobody answered, a limit that is over, a caller or a
call that went silent, an agent held by nothing, a pair that nobody looked for.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from sqlalchemy import orm

from agents import service as agents
from agents.presence import PresenceFacts
from agents.states import State, Status
from hotline import clock
from hotline.floor import Floor
from hotline.jobs import Every, Job, Sweep
from hotline.outbox import Handler, Hopeless
from hotline.schedule import Nightly
from hotline.telephony import CallGone, CarrierError, Refused
from ivr import bulletins, calls, closing, drafts, messages, reconcile, recordings
from ivr.callbacks import attempts
from ivr.callbacks import rows as callback_rows
from ivr.callbacks import service as callbacks
from ivr.callbacks.rows import AttemptFacts, CallbackFacts
from ivr.callbacks.rules import Missed
from ivr.config import Ivr
from ivr.errors import Lost, NoSuchOffer
from ivr.events import COUNTED, HOLDS_PLACE, LIVE, OVER, RANK, OfferState, Result
from ivr.models import Call, Offer, Waiting
from ivr.room import lost, offers, plain, waiting
from ivr.room.offers import GRACE, OfferFacts
from ivr.talk import consults, monitors, supervising
from ivr.talk import effects as talk_effects

log = logging.getLogger(__name__)

#: Rows that one sweep takes at once; the next takes the rest.
BATCH = 50
#: Calls that the carrier is asked about at once: each is a request.
ASKED = 10
#: What the call's state is written as when the carrier no longer knows it.
FORGOTTEN = "completed"


def topics(event: Mapping[str, Any]) -> Iterator[str]:
    """What an event of a call is about, for the pages that are open: the agent it names, and the
    day's figures.
    """
    if (agent_id := (event.get("data") or {}).get("agent")) is not None:
        yield f"agent:{agent_id}"
    if event.get("kind") in COUNTED:
        yield "service"


# ---------------------------------------------------------------- effects


def dial_agent(floor: Floor, payload: dict[str, Any]) -> None:
    """Ring the telephone of the agent who accepted `offer`."""
    offer_id = int(payload["offer"])
    with floor.db.read() as session:
        offer = offers.facts(session, offer_id)
        address = agents.agent(session, offer.agent_id).address
    if offer.state is not OfferState.ACCEPTED or offer.leg_sid is not None:
        return
    leg_sid = floor.carrier.dial(
        address,
        from_=floor.city.caller_id,
        url=_url(floor, "/ivr/agent-leg", offer=offer_id),
        status_callback=_url(floor, "/ivr/agent-leg/status", offer=offer_id),
        timeout=floor.section(Ivr).offers.ring,
    )
    with floor.db.write() as session:
        wanted = offers.dialled(session, offer_id, leg_sid)
    if not wanted:  # the caller went while we dialled
        hang_up(floor, {"sid": leg_sid})


def bring_caller(floor: Floor, payload: dict[str, Any]) -> None:
    """Take the caller of `offer` out of the queue and to the agent; ring who is to be called back,
    unless they are still on the line that they asked on.
    """
    with floor.db.read() as session:
        offer = offers.facts(session, int(payload["offer"]))
        call = calls.facts(session, offer.call_id)
        promise = callback_rows.of_stay(session, offer.waiting_id)
    if offer.state is not OfferState.ACCEPTED:
        return
    if promise is not None and call.ended_at is not None:
        _ring_citizen(floor, offer, promise)
        return
    try:
        floor.carrier.redirect(
            call.sid,
            _url(floor, "/ivr/join", offer=offer.id, call=call.id, lang=offer.language),
        )
    except CallGone as gone:
        with floor.db.write() as session:
            closing.end_call(floor, session, call.id, FORGOTTEN, now=clock.now())
        if promise is None:
            raise Hopeless("the caller has hung up") from gone
        _ring_citizen(floor, offer, promise)


def _ring_citizen(floor: Floor, offer: OfferFacts, promise: CallbackFacts) -> None:
    """Ring the citizen once for this offer, however often the effect is carried out.

    Where the carrier's answer is lost, the telephone may be ringing: what becomes of that is heard
    from its webhooks, or found by the sweep, and nobody is rung a second time meanwhile.
    """
    with floor.db.write() as session:
        attempt = attempts.begin(floor, session, offer.id, now=clock.now())
    if attempt is None:
        return
    try:
        leg_sid = floor.carrier.dial(
            promise.number,
            from_=floor.city.caller_id,
            url=_url(floor, "/ivr/callback-leg", attempt=attempt.id, lang=promise.language),
            status_callback=_url(floor, "/ivr/callback-leg/status", attempt=attempt.id),
            timeout=floor.section(Ivr).callbacks.ring,
        )
    except Refused as error:
        log.warning("callback %s: the carrier does not dial it: %s", promise.id, error)
        with floor.db.write() as session:
            attempts.not_reached(floor, session, attempt, Missed.FAILED, now=clock.now())
        return
    except CarrierError:
        log.warning("callback %s: whether it rings is not known", promise.id)
        return
    with floor.db.write() as session:
        wanted = attempts.dialled(session, attempt.id, leg_sid)
    if not wanted:  # cancelled, or taken over, while we dialled
        hang_up(floor, {"sid": leg_sid})


def let_go(floor: Floor, payload: dict[str, Any]) -> None:
    """Tell the agent who waits on the line that nobody was reached, and hang up there."""
    offer_id, sid = int(payload["offer"]), str(payload["sid"])
    with suppress(CallGone):
        floor.carrier.redirect(sid, _url(floor, "/ivr/agent-leg/unreached", offer=offer_id))


def hang_up(floor: Floor, payload: dict[str, Any]) -> None:
    """End a call; one that has ended already is as wished."""
    with suppress(CallGone):
        floor.carrier.hang_up(str(payload["sid"]))


def bring_recording(floor: Floor, payload: dict[str, Any]) -> None:
    """Fetch the sound from the carrier, keep it, and have the carrier delete its copy."""
    with floor.db.read() as session:
        recording = recordings.facts(session, int(payload["recording"]))
    gone = recording.forgotten_at is not None
    if recording.file is None and not gone:  # else only the deleting failed, the last time
        sound = floor.carrier.fetch_recording(recording.url)
        file = recordings.keep_sound(floor, recording, sound)
        with floor.db.write() as session:
            kept = recordings.fetched(session, recording.id, file)
        if not kept:
            recordings.path_in(floor, file).unlink(missing_ok=True)
    floor.carrier.delete_recording(recording.sid)


def _url(floor: Floor, path: str, **query: object) -> str:
    return floor.url(f"{path}?{urlencode(query)}")


# ---------------------------------------------------------------- what others announce


def agent_ready(floor: Floor, *, agent_id: int) -> None:
    """Somebody is ready: is there a caller for them?"""
    offers.look_for_agent(floor, agent_id)


def agent_left(floor: Floor, *, agent_id: int, offer_id: int) -> None:
    """Somebody took a break or went home while an offer rang, or their telephone cannot be
    answered: the next agent is rung at once.
    """
    with suppress(Lost, NoSuchOffer), floor.db.write() as session:
        offer = offers.facts(session, offer_id)
        if offer.agent_id != agent_id or offer.state is not OfferState.OFFERED:
            return
        if consults.turned_away(session, offer, now=clock.now()):
            return
        # a telephone that fails is no fault of theirs, and no break
        chose = agents.presence_of(session, agent_id).status is not Status.READY
        result = Result.DECLINED if chose else Result.WITHDRAWN
        offers.fail(floor, session, offer, result, now=clock.now())


# ---------------------------------------------------------------- sweeps


def expire_offers(floor: Floor, now: datetime) -> None:
    """Offers that rang out, and accepted ones whose two telephones did not meet in time."""
    with floor.db.read() as session:
        overdue = offers.expired(session, now, BATCH)
    for offer in overdue:
        rang = offer.state is OfferState.OFFERED
        result = Result.NO_ANSWER if rang else Result.FAILED
        _each(offer.id, partial(_fail, floor, offer, result, now))


def _fail(floor: Floor, offer: OfferFacts, result: Result, now: datetime) -> None:
    with suppress(Lost), floor.db.write() as session:
        expired = consults.expire(session, offer, now=now) or attempts.expire(
            floor, session, offer, now=now
        )
        if not expired:
            offers.fail(floor, session, offer, result, now=now)


def wrap_up(floor: Floor, now: datetime) -> None:
    """Conversations whose agent wrote no outcome in time: the default one, marked incomplete."""
    with floor.db.read() as session:
        overdue = offers.to_wrap_up(session, now, BATCH)
    for offer in overdue:
        _each(offer.id, partial(_finish, floor, offer, now))


def nothing_to_write(floor: Floor, *, offer_id: int) -> None:
    """A conversation is over of which nobody writes anything: the agent is free at once. (`wrap_up`
    finds what this misses.)
    """
    with floor.db.write() as session:
        offer = offers.facts(session, offer_id)
        closing.finish_by_default(floor, session, offer, now=clock.now())


def _finish(floor: Floor, offer: OfferFacts, now: datetime) -> None:
    with floor.db.write() as session:
        closing.finish_by_default(floor, session, offer, now=now)


def repair_agents(floor: Floor, now: datetime) -> None:
    """Agents whom an offer or a call holds that is not there (any more)."""
    quiet = timedelta(seconds=GRACE * clock.speed())
    with floor.db.read() as session:
        held = [
            seen
            for seen in agents.stuck(session, now=now, quiet=quiet)
            if not _holds(session, seen)
        ]
    for seen in held:
        with floor.db.write() as session:
            if agents.repair(session, seen, now=now):
                log.warning("agent %s was held by nothing and is free again", seen.agent_id)


def _holds(session: orm.Session, seen: PresenceFacts) -> bool:
    if seen.state is State.MONITORING:
        return monitors.live_of_agent(session, seen.agent_id) is not None
    return _stands_behind(offers.latest_of_agent(session, seen.agent_id), seen)


def _stands_behind(offer: OfferFacts | None, seen: PresenceFacts) -> bool:
    if offer is None or offer.call_id != seen.call_id:
        return False
    match seen.state:
        case State.OFFERED:
            return offer.state is OfferState.OFFERED
        case State.ON_CALL:
            return offer.state in (OfferState.ACCEPTED, OfferState.CONNECTED)
        case _:
            return offer.result is Result.DONE and offer.wrapped_up_at is None


def ask_for_unseen(floor: Floor, now: datetime) -> None:
    """Waiting callers whose wait loop fell silent: has the call ended without our hearing of it?"""
    loop = floor.section(Ivr).waiting.loop
    silent_since = now - timedelta(seconds=3 * loop + GRACE * clock.speed())
    with floor.db.read() as session:
        unseen = waiting.unseen(session, silent_since, ASKED)
        sids = {stay.call_id: calls.facts(session, stay.call_id).sid for stay in unseen}
    for stay in unseen:
        over = _over(floor, sids[stay.call_id])
        if over is None:
            continue
        with floor.db.write() as session:
            if over:
                closing.end_call(floor, session, stay.call_id, over, now=now, by="unknown")
            else:
                waiting.give_up(session, stay, now=now)


def ask_for_calls(floor: Floor, now: datetime) -> None:
    """Calls without an end that were not asked about for long: do they live?"""
    before = now - timedelta(seconds=floor.section(Ivr).calls.check_after)
    with floor.db.write() as session:
        due = (
            sa.select(Call.id)
            .where(Call.ended_at.is_(None), Call.checked_at < before)
            .order_by(Call.checked_at)
            .limit(ASKED)
        )
        asked = session.execute(
            sa.update(Call)
            .where(Call.id.in_(due), Call.checked_at < before)
            .values(checked_at=now)
            .returning(Call.id, Call.sid)
            .execution_options(synchronize_session=False)
        ).all()
    for call_id, sid in asked:
        if over := _over(floor, sid):
            with floor.db.write() as session:
                closing.end_call(floor, session, call_id, over, now=now, by="unknown")


def _over(floor: Floor, sid: str) -> str | None:
    """The carrier's word for how a call ended; empty while it lives; None when nobody could say."""
    try:
        status = floor.carrier.call_status(sid)
    except CarrierError as error:
        log.warning("the carrier was not reached: %s", error)
        return None
    if status is None:
        return FORGOTTEN
    return status if RANK.get(status, 0) >= OVER else ""


def end_lonely(floor: Floor, now: datetime) -> None:
    """Callers who were left behind in a conference: the conversation is over, the call is not.

    Not those who are being asked how it was: that takes less than half a minute.
    """
    before = now - timedelta(seconds=4 * GRACE * clock.speed())
    other = orm.aliased(Offer)
    live_again = (
        sa.select(sa.literal(1)).where(other.call_id == Call.id, other.state.in_(LIVE)).exists()
    )
    waits_again = (
        sa.select(sa.literal(1))
        .where(Waiting.call_id == Call.id, Waiting.state.in_(HOLDS_PLACE))
        .exists()
    )
    with floor.db.read() as session:
        lonely = session.execute(
            sa.select(Call.id, Call.sid)
            .join(Offer, Offer.call_id == Call.id)
            .where(
                Call.ended_at.is_(None),
                Offer.result == Result.DONE,
                Offer.passed_to.is_(None),
                Offer.ended_at < before,
                Call.checked_at < before,
                ~live_again,
                ~waits_again,
            )
            .limit(ASKED)
        ).all()
    for call_id, sid in lonely:
        with suppress(CarrierError):
            hang_up(floor, {"sid": sid})
        over = _over(floor, sid)
        with floor.db.write() as session:
            if over:
                closing.end_call(floor, session, call_id, over, now=now, by="unknown")
            else:
                session.execute(sa.update(Call).where(Call.id == call_id).values(checked_at=now))


def look(floor: Floor, _now: datetime) -> None:
    """A pair that nobody looked for: a process died between a change and the look after it."""
    offers.look(floor)


def fetch_recordings(floor: Floor, now: datetime) -> None:
    """What was not fetched while the carrier was away for longer than an effect is tried."""
    with floor.db.write() as session:
        late = recordings.late(session, BATCH, now=now)
    for recording_id in late:
        _each(recording_id, partial(bring_recording, floor, {"recording": recording_id}))


def forget_drafts(floor: Floor, now: datetime) -> None:
    """What agents typed of calls that no outcome came after."""
    with floor.db.write() as session:
        drafts.forget(session, now=now)


def settle_bulletins(floor: Floor, now: datetime) -> None:
    """Bulletins that are over: who heard them is counted once, outside the unit that keeps it."""
    with floor.db.read() as session:
        found = bulletins.counted_for_good(session, floor.section(Ivr), now)
    if found:
        with floor.db.write() as session:
            bulletins.settle(session, found)


# ---------------------------------------------------------------- sweeps of callbacks


def call_back(floor: Floor, now: datetime) -> None:
    """Callbacks whose hour, or whose pause's end, has come; and those that it is too late for."""
    with floor.db.read() as session:
        due = callbacks.due(session, now, BATCH)
        in_line = callbacks.in_line(session)
    hours = floor.section(Ivr).callbacks.calling_hours(floor.city.zone)
    for callback_id in due:
        _each(callback_id, partial(_callback, floor, callbacks.come_due, callback_id, now))
    for found in in_line:
        if not hours.allow(now, found.awake_at):
            _each(found.id, partial(_callback, floor, callbacks.go_to_sleep, found.id, now))


def _callback(floor: Floor, do: Callable[..., bool], callback_id: int, now: datetime) -> None:
    with suppress(Lost), floor.db.write() as session:
        do(floor, session, callback_id, now=now)


def ask_for_citizens(floor: Floor, now: datetime) -> None:
    """Calls to citizens of whose end nothing was heard: do they live, and with anybody?"""
    quiet = floor.section(Ivr).callbacks.ring + 2 * GRACE * clock.speed()
    with floor.db.write() as session:
        before = now - timedelta(seconds=quiet)
        asked = attempts.to_ask_about(session, before, ASKED, now=now)
        # they may have been handed over to a colleague there
        met = {each.id: offers.of_conference(session, each.offer_id) for each in asked}
    for attempt in asked:
        _each(attempt.id, partial(_ask_for_citizen, floor, attempt, met[attempt.id], now))


def _ask_for_citizen(floor: Floor, attempt: AttemptFacts, offer: OfferFacts, now: datetime) -> None:
    sid = attempt.leg_sid
    if sid is not None and offer.state is OfferState.ENDED:  # left behind in the conference
        with suppress(CarrierError):
            hang_up(floor, {"sid": sid})
    over = FORGOTTEN if sid is None else _over(floor, sid)
    if over:
        with suppress(Lost), floor.db.write() as session:
            attempts.leg_over(floor, session, attempt.id, sid or "", over, now=now)


def _each(what: int, do: Callable[[], None]) -> None:
    """One of many: its fault is logged and does not keep the others from their turn."""
    try:
        do()
    except CarrierError as error:
        log.warning("sweep: %s: the carrier was not reached: %s", what, error)
    except Exception:
        log.exception("sweep: %s", what)


def nightly(_floor: Floor) -> dict[str, Nightly]:
    """What is due each night, and when (the city's local time)."""
    return {"ivr.reconcile": Nightly(at=reconcile.NIGHT_AT, run=reconcile.night)}


JOBS: Mapping[str, Job] = {}
EFFECTS: Mapping[str, Handler] = {
    offers.DIAL_AGENT: dial_agent,
    offers.BRING_CALLER: bring_caller,
    offers.HANG_UP: hang_up,
    recordings.FETCH: bring_recording,
    offers.LET_GO: let_go,
    offers.RING_PLAIN: plain.ring,
    **lost.EFFECTS,
    **talk_effects.EFFECTS,
    **supervising.EFFECTS,
    messages.SEND: messages.deliver,
}
SWEEPS: Mapping[str, Sweep] = {
    "ivr.expire_offers": expire_offers,
    "ivr.wrap_up": wrap_up,
    "ivr.lost": lost.sweep,
    "ivr.look": look,
    "ivr.repair_agents": Every(5, repair_agents),
    "ivr.ask_for_unseen": Every(5, ask_for_unseen),
    "ivr.ask_for_calls": Every(10, ask_for_calls),
    "ivr.end_lonely": Every(10, end_lonely),
    "ivr.call_back": call_back,
    "ivr.ask_for_citizens": Every(10, ask_for_citizens),
    "ivr.ask_for_parties": Every(10, talk_effects.ask_for_parties),
    "ivr.ask_for_monitors": Every(10, supervising.ask_for_monitors),
    "ivr.fetch_recordings": Every(300, fetch_recordings),
    "ivr.forgotten_sounds": Every(3600, recordings.sweep_forgotten),
    "ivr.forget_drafts": Every(3600, forget_drafts),
    "ivr.settle_bulletins": Every(3600, settle_bulletins),
}
