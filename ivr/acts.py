"""What a step of the flow does besides speaking: each act of `ivr.nodes.base`, written down."""

from collections.abc import Mapping
from datetime import datetime
from functools import singledispatch
from typing import NamedTuple

from sqlalchemy.orm import Session

from hotline.floor import Floor
from ivr import callbacks, calls, nuisance, rating, room, waiting
from ivr.config import Ivr
from ivr.events import Kind
from ivr.nodes import Callback
from ivr.nodes.base import (
    AboutTicket,
    Act,
    AskCallback,
    Consented,
    Heard,
    Rated,
    Refuse,
    TakePlace,
)


class Doing(NamedTuple):
    """In which unit of work, for which call, at what moment; `form`: what the carrier sent."""

    floor: Floor
    session: Session
    call_id: int
    form: Mapping[str, str]
    node: str
    language: str
    now: datetime


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
    block = nuisance.blocked(here.session, here.form.get("From", ""), here.now)
    said = {"block": None if block is None else block.id}
    calls.tell(here.session, here.call_id, Kind.REFUSED, said, now=here.now)


@_do.register
def _ask_callback(act: AskCallback, here: Doing) -> None:
    """With the place that the caller holds, or a new one in the queue that the node names."""
    stay = waiting.latest(here.session, here.call_id)
    held = stay if stay is not None and waiting.is_held(stay) else None
    node = here.floor.section(Ivr).flow[here.node]
    assert isinstance(node, Callback)
    callbacks.request(
        here.session,
        call_id=here.call_id,
        number=act.number,
        queue=node.queue if held is None else held.queue,
        language=here.language if held is None else held.language,
        node=here.node if held is None else held.node,
        stay=held,
        at=act.at,
        now=here.now,
    )


@_do.register
def _take_place(_act: TakePlace, here: Doing) -> None:
    room.take_promised_place(here)
