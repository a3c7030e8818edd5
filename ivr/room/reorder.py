"""A supervisor gives a waiting caller another place: in front, by priority, in another queue, or
to a certain agent.

Nobody is overtaken silently: each is an event with who and why, and a line of the audit log. The
stay is changed by compare-and-set, from what the supervisor saw: routing may be offering the same
caller at this very moment, or another supervisor may be moving them. One wins; the other is told
who was first (`PlaceMoved`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents import routing, supervise
from agents import service as agents
from agents.config import Agents
from agents.supervise import Author
from hotline import audit
from hotline.errors import HotlineError
from hotline.floor import Floor
from ivr import calls
from ivr.config import Ivr
from ivr.errors import ColleagueBusy, InFront, Lost, NobodyThere, PlaceMoved
from ivr.events import STILL_WAITS, Kind, Waits
from ivr.models import Waiting
from ivr.room import offers, waiting
from ivr.room.waiting import Stay

#: How a place is changed: `how` of the event.
FRONT, PRIORITY, QUEUE, AGENT = "front", "priority", "queue", "agent"
#: Larger ones are for the city's file: from 100 on nobody with less is served meanwhile.
HIGHEST: Final = 99
#: By how much who is put in front goes before who was there.
_AHEAD: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a supervisor wants of a waiting caller. `seen`: the place that they saw (`place_of`);
    None: whichever it is.
    """

    call_id: int
    author: Author
    seen: str | None = None


def place_of(stay: Stay) -> str:
    """A place as a form carries it: what its writer saw."""
    return f"{stay.visit}:{stay.queue}:{stay.precedence}:{stay.ranked_at.isoformat()}"


def on_the_line(session: Session, limit: int) -> list[Stay]:
    """Callers who wait with a telephone in their hand, those of a line in their order."""
    query = (
        sa.select(*waiting.COLUMNS)
        .where(Waiting.state.in_(STILL_WAITS), Waiting.callback_id.is_(None))
        .order_by(
            Waiting.queue,
            Waiting.language,
            Waiting.precedence,
            Waiting.ranked_at,
            Waiting.id,
        )
        .limit(limit)
    )
    return [waiting.stay_of(row) for row in session.execute(query)]


def priority_of(stay: Stay, policy: routing.Policy) -> int:
    """The priority that gives a stay its rank (`agents.routing.rank`)."""
    if stay.precedence or policy.ageing is None:
        return -stay.precedence
    return round((stay.entered_at - stay.ranked_at).total_seconds() / policy.ageing)


# ---------------------------------------------------------------- the verbs


def to_front(floor: Floor, session: Session, wish: Wish, *, now: datetime) -> None:
    """Before everybody in the same line. Raises `InFront`, `PlaceMoved`."""
    stay = _waits(session, wish)
    first = next(iter(waiting.heads(session, [stay.skill])), None)
    if first is None:
        raise Lost("the caller")
    if first.id == stay.id:
        raise InFront
    to = {"precedence": first.precedence, "ranked_at": first.ranked_at - _AHEAD}
    _move(floor, session, wish, stay, FRONT, to, now)


def set_priority(
    floor: Floor, session: Session, wish: Wish, priority: int, *, now: datetime
) -> None:
    """As if they had come with this priority. Raises `PlaceMoved`; `NobodyThere` for a priority
    that there is not.
    """
    if not 0 <= priority <= HIGHEST:
        raise NobodyThere(f"priority: {priority}", text="ivr.floor.bad_priority", most=HIGHEST)
    stay = _waits(session, wish)
    to = _rank(floor, priority, stay)
    _move(floor, session, wish, stay, PRIORITY, to, now, priority=priority)


def to_queue(floor: Floor, session: Session, wish: Wish, queue: str, *, now: datetime) -> None:
    """Into another queue, as old as they are, with the priority of that queue. Raises `PlaceMoved`,
    `NobodyThere`.
    """
    config = floor.section(Ivr)
    stay = _waits(session, wish)
    if queue not in config.queues or queue == stay.queue:
        raise NobodyThere(f"queue: {queue!r}", text="ivr.floor.no_other_queue")
    node = config.node_of(queue)
    to = _rank(floor, config.priority_at(queue, node), stay) | {"queue": queue, "node": node}
    _move(floor, session, wish, stay, QUEUE, to, now, was=stay.queue)


def to_agent(floor: Floor, session: Session, wish: Wish, agent_id: int, *, now: datetime) -> Stay:
    """Offered to this very agent next, whatever they speak; when that comes to nothing, to the
    others as before. Raises `PlaceMoved`, and `ColleagueBusy` when they are not free.
    """
    seen = agents.presence_of(session, agent_id)
    if not seen.presence.available:
        raise ColleagueBusy
    stay = _waits(session, wish)
    same = {"precedence": stay.precedence}
    moved = _move(floor, session, wish, stay, AGENT, same, now, agent=agent_id)
    offers.make(floor, session, offers.pair_of(moved, seen), now=now)
    supervise.tell(session, agent_id, "given", wish.author, now=now)
    return moved


def why_not(session: Session, call_id: int) -> HotlineError:
    """Why a caller whom routing was offering at the same moment cannot be given another place."""
    stay = waiting.latest(session, call_id)
    if stay is None or stay.state not in STILL_WAITS:
        return PlaceMoved(text="ivr.floor.waits_no_more")
    offer = offers.live_of(session, call_id)
    if offer is None:
        return PlaceMoved()
    return PlaceMoved(text="ivr.floor.is_offered", name=agents.agent(session, offer.agent_id).name)


# ---------------------------------------------------------------- small parts


def _waits(session: Session, wish: Wish) -> Stay:
    """The stay of a caller who waits as the supervisor saw it; raises `PlaceMoved`."""
    stay = waiting.latest(session, wish.call_id)
    if stay is None or stay.state is not Waits.WAITING or stay.callback_id is not None:
        raise why_not(session, wish.call_id)
    if wish.seen is not None and place_of(stay) != wish.seen:
        raise PlaceMoved
    return stay


def _rank(floor: Floor, priority: int, stay: Stay) -> dict[str, Any]:
    policy = floor.section(Agents).policy
    precedence, ranked_at = routing.rank(priority, stay.entered_at, policy)
    return {"precedence": precedence, "ranked_at": ranked_at}


def _move(
    floor: Floor,
    session: Session,
    wish: Wish,
    stay: Stay,
    how: str,
    to: dict[str, Any],
    now: datetime,
    **more: Any,
) -> Stay:
    """From the place that was seen to another one: the stay afterwards. Raises `Lost`."""
    row = session.execute(
        sa.update(Waiting)
        .where(
            Waiting.id == stay.id,
            Waiting.state == Waits.WAITING,
            Waiting.queue == stay.queue,
            Waiting.precedence == stay.precedence,
            Waiting.ranked_at == stay.ranked_at,
        )
        .values(**to)
        .returning(*waiting.COLUMNS)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row is None:
        raise Lost("the caller")
    moved = waiting.stay_of(row)
    identity, why = wish.author.identity, wish.author.reason
    told = {
        "who": identity.name,
        "why": why,
        "how": how,
        "queue": moved.queue,
        "language": moved.language,
        "precedence": moved.precedence,
        "ranked_at": moved.ranked_at.isoformat(),
        **more,
    }
    calls.tell(session, stay.call_id, Kind.REORDERED, told, now=now)
    subject, data = f"call:{stay.call_id}", {"how": how, "queue": moved.queue, **more}
    audit.record(session, "ivr.reordered", subject, by=identity, at=now, reason=why, **data)
    if how != AGENT:
        _look(floor, session, [stay, moved])
    return moved


def _look(floor: Floor, session: Session, stays: Sequence[Stay]) -> None:
    """Whether somebody is ready for who is first now."""
    for skill in {stay.skill for stay in stays}:
        offers.look_later(floor, session, skill)
