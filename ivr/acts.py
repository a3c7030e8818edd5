"""What a step of the flow does besides speaking: each act of `ivr.nodes.base`, written down."""

from collections.abc import Mapping
from datetime import datetime
from functools import singledispatch
from typing import NamedTuple

from sqlalchemy.orm import Session

from agents.config import Agents
from hotline.floor import Floor
from ivr import calls, nuisance, rating
from ivr.callbacks import service as callbacks
from ivr.callbacks.rows import Asked
from ivr.config import Ivr
from ivr.events import Kind
from ivr.nodes import Callback
from ivr.nodes.base import (
    AboutTicket,
    Act,
    AskCallback,
    Consented,
    Heard,
    Position,
    Rated,
    Refuse,
    TakePlace,
    TurnedAway,
)
from ivr.room import waiting


class Doing(NamedTuple):
    """In which unit of work, by which step of which call, at what moment.

    `position`: where the caller stands after the step; `form`: what the carrier sent.
    """

    floor: Floor
    session: Session
    call_id: int
    n: int
    position: Position
    form: Mapping[str, str]
    now: datetime

    @property
    def caller(self) -> str:
        """The caller's number as the carrier sent it."""
        return self.form.get("From", "")


def do(act: Act, here: Doing) -> None:
    """Write an act down, with its event."""
    _do(act, here)


@singledispatch
def _do(act: object, _here: Doing) -> None:
    raise TypeError(f"no such act: {act!r}")


@_do.register
def _consented(act: Consented, here: Doing) -> None:
    calls.note(here.session, here.call_id, consent=act.to)
    calls.tell(here.session, here.call_id, Kind.CONSENT, {"to": act.to}, now=here.now)


@_do.register
def _heard(act: Heard, here: Doing) -> None:
    said = {"bulletins": list(act.bulletins), "at": act.at}
    calls.tell(here.session, here.call_id, Kind.BULLETIN, said, now=here.now)


@_do.register
def _about_ticket(act: AboutTicket, here: Doing) -> None:
    calls.note(here.session, here.call_id, ticket=act.number)
    said = {"ticket": act.number, "proven": act.proven}
    calls.tell(here.session, here.call_id, Kind.ASKED_TICKET, said, now=here.now)


@_do.register
def _rated(act: Rated, here: Doing) -> None:
    rating.rate(here.session, here.call_id, act.mark, now=here.now)


@_do.register
def _refused(_act: Refuse, here: Doing) -> None:
    block = nuisance.blocked(here.session, here.caller, here.now)
    said = {"block": None if block is None else block.id}
    calls.tell(here.session, here.call_id, Kind.REFUSED, said, now=here.now)


@_do.register
def _turned_away(act: TurnedAway, here: Doing) -> None:
    said = {"queue": act.queue, "language": act.language, "why": act.why}
    calls.tell(here.session, here.call_id, Kind.TURNED_AWAY, said, now=here.now)


@_do.register
def _ask_callback(act: AskCallback, here: Doing) -> None:
    """With the place that the caller holds, or a new one in the queue that the node names."""
    stay = waiting.latest(here.session, here.call_id)
    held = stay if stay is not None and waiting.is_held(stay) else None
    config = here.floor.section(Ivr)
    node = config.flow[here.position.node]
    assert isinstance(node, Callback)
    asked = Asked(
        here.call_id,
        act.number,
        node.queue if held is None else held.queue,
        here.position.language if held is None else held.language,
        config.node_of(node.queue) if held is None else held.node,
        at=act.at,
    )
    callbacks.request(here.floor, here.session, asked, held, now=here.now)


@_do.register
def _take_place(_act: TakePlace, here: Doing) -> None:
    """The caller waits on the line in the place of the callback, which is not owed any more."""
    pending = callbacks.pending_for(here.session, here.caller)
    if pending is None:  # called back in this very moment
        return
    since = callbacks.resume(here.session, pending.id, here.call_id, now=here.now)
    config = here.floor.section(Ivr)
    node = config.node_of(pending.queue)
    place = waiting.Place(
        here.call_id,
        here.n,
        node,
        pending.queue,
        pending.language,
        config.priority_at(pending.queue, node),
        here.floor.section(Agents).policy,
    )
    waiting.enter(here.session, place, now=here.now, entered_at=since)
