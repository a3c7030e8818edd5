"""What a caller in the waiting room hears, and when they leave it by themselves.

`ivr.room.waiting` holds who waits; here is what follows for one of them: the position and the
expected wait, announced honestly; the limits of the queue; the way out to another node of the flow.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from agents import service as agents
from hotline.floor import Floor
from ivr.config import Ivr, WaitKey, WaitLoop
from ivr.events import Departed, OfferState, Waits
from ivr.nodes.base import Speak, Words
from ivr.room import estimate, offers, waiting
from ivr.room.estimate import Heard, Range
from ivr.room.waiting import Stay
from ivr.speech import prompts
from ivr.speech.spoken import Minutes, Ordinal
from ivr.twiml import Wait

#: Who waits is not sent on in the minute in which one shift goes and the next comes.
SHIFT_CHANGE = timedelta(seconds=90)
#: Departures of a line that the estimate looks at.
_RECENT = estimate.RECENT


@dataclass(frozen=True, slots=True)
class Outlook:
    """How it looks for a caller: the position from 1 (None: too far back to be told), the seconds
    waited, and those that are expected still (None: nothing honest can be said).
    """

    position: int | None
    waited: float
    expected: float | None


@dataclass(frozen=True, slots=True)
class Told:
    """What is said in this round of the wait loop, and what the next round has to know of it."""

    loop: Wait
    said: tuple[Words, ...]


def outlook(floor: Floor, session: Session, stay: Stay, *, now: datetime) -> Outlook:
    """How it looks for this caller now."""
    position = waiting.position(session, stay)
    waited = (now - stay.entered_at).total_seconds()
    if position is None:
        return Outlook(None, waited, None)
    skills = floor.section(Ivr).circles(stay.queue, stay.language, waited)
    first = waiting.heads(session, [stay.skill])
    line = estimate.Line(
        now,
        ahead=position - 1,
        agents=agents.able(session, skills),
        longest=(now - first[0].entered_at).total_seconds() if first else 0.0,
    )
    recent = waiting.recent_departures(session, stay.queue, stay.language, _RECENT)
    return Outlook(position, waited, estimate.expected(line, recent, waited))


def tell(config: WaitLoop, loop: Wait, here: Outlook | None, *, now: datetime) -> Told:
    """What is told, and nothing more often than configured: the position when it has fallen, the
    expected wait in a range, only downwards; else thanks for waiting. In between: music alone.
    """
    if here is None:
        return Told(loop, ())
    seconds = int(now.timestamp())
    # one round of the loop may come a little early; that is no reason to skip the next
    if loop.last and seconds - loop.last < config.announce_every - 1:
        return Told(loop, ())
    said: list[Words] = []
    best = loop.best
    if here.position is not None and (not best or here.position < best):
        best = here.position
        said.append(_position(here.position, loop.language))
    heard = Heard.from_text(loop.told) if loop.told else None
    span, heard = estimate.say(here.expected, heard, now, config.announce_every - 1)
    if span is not None:
        said.append(_wait(span, loop.language))
    if not said:
        said.append(Speak(prompts.STILL_WAITING, loop.language))
    said += [
        Speak(way.prompt, loop.language)
        for way in config.keys.values()
        if way.prompt is not None and _is_due(way, here)
    ]
    told = heard.to_text() if heard else ""
    return Told(replace(loop, best=best, told=told, last=seconds), tuple(said))


def _position(position: int, language: str) -> Words:
    if position == 1:
        return Speak(prompts.NEXT_IN_LINE, language)
    return Speak(prompts.POSITION, language, (("position", Ordinal(position)),))


def _wait(span: Range, language: str) -> Words:
    if span.is_open:
        return Speak(prompts.LONG_WAIT, language)
    return Speak(prompts.EXPECTED_WAIT, language, (("wait", Minutes(span.low, span.high)),))


def _is_due(way: WaitKey, here: Outlook) -> bool:
    """Whether a key of the waiting room is offered to this caller by now."""
    if here.waited >= way.after:
        return True
    return way.expected is not None and here.expected is not None and here.expected >= way.expected


def leaves_by_itself(
    floor: Floor, session: Session, stay: Stay, *, now: datetime
) -> tuple[str, str] | None:
    """(why, node) when a limit of the queue is reached, or nobody is there any more; else None.

    Only who waits: somebody who is being connected is not sent away.
    """
    if stay.state is not Waits.WAITING:
        return None
    queue = floor.section(Ivr).queues[stay.queue]
    waited = now - stay.entered_at
    limit = timedelta.max if queue.max_wait is None else timedelta(seconds=queue.max_wait)
    # who was sent on before, and chose to wait on, is not asked the same again
    if queue.overflow is not None and waited >= limit and waiting.OVERFLOW not in stay.sent_on:
        return waiting.OVERFLOW, queue.overflow
    patience = timedelta(seconds=queue.nobody_after)
    if queue.nobody is not None and waited >= patience and waiting.NOBODY not in stay.sent_on:
        skills = floor.section(Ivr).all_circles(stay.queue, stay.language)
        if not agents.signed_in(session, skills, or_since=now - SHIFT_CHANGE):
            return waiting.NOBODY, queue.nobody
    return None


def since_when(floor: Floor, session: Session, number: str, now: datetime) -> datetime | None:
    """Since when a caller waits who was cut off and calls again; the old place is taken over by
    one call alone. None when there is none (any more): then they wait from now.
    """
    within = timedelta(seconds=floor.section(Ivr).arrivals.resume_within)
    stay = waiting.abandoned_place(session, number, now - within)
    if stay is None or not waiting.resume(session, stay.id):
        return None
    return stay.entered_at


def out_of_line(
    floor: Floor,
    session: Session,
    call_id: int,
    why: str,
    *,
    by: Departed = Departed.LEFT,
    now: datetime,
) -> None:
    """A caller leaves the waiting room for another part of the flow; who rings for them is free."""
    for stay in waiting.leave(session, call_id, by, now=now):
        waiting.tell_left(session, stay, why, now=now)
    offer = offers.live_of(session, call_id)
    if offer is not None and offer.state is not OfferState.CONNECTED:
        offers.call_over(floor, session, call_id, "unknown", now=now)
