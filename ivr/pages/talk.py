"""What an agent does in a conversation, as JSON and for the desk's forms (docs/api.md)."""

from collections.abc import Callable

from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hotline import clock
from hotline.auth import access, current_account
from hotline.errors import Invalid
from hotline.web import floor, json_body, language
from ivr.errors import NobodyThere
from ivr.pages.base import ANSWERS, blueprint, me
from ivr.pages.desk import current
from ivr.talk import consults, passing, service, targets

#: How a place to pass on to is named in a request.
_QUEUE, _AGENT = "queue:", "agent:"


@blueprint.post("/api/calls/<int:call_id>/hold")
@access(*ANSWERS)
def hold(call_id: int) -> Response:
    """Let the caller hear music."""
    return _do(lambda session, who: service.hold(floor(), session, call_id, who, now=clock.now()))


@blueprint.post("/api/calls/<int:call_id>/resume")
@access(*ANSWERS)
def resume(call_id: int) -> Response:
    """Have the caller back; with a third party there, all three talk."""
    return _do(lambda session, who: service.resume(session, call_id, who, now=clock.now()))


@blueprint.post("/api/calls/<int:call_id>/recording/pause")
@access(*ANSWERS)
def pause_recording(call_id: int) -> Response:
    """Record silence while something private is said."""
    return _do(lambda session, who: service.pause_recording(session, call_id, who, now=clock.now()))


@blueprint.post("/api/calls/<int:call_id>/recording/resume")
@access(*ANSWERS)
def resume_recording(call_id: int) -> Response:
    """Record again."""
    return _do(
        lambda session, who: service.resume_recording(session, call_id, who, now=clock.now())
    )


@blueprint.post("/api/calls/<int:call_id>/transfer")
@access(*ANSWERS)
def transfer(call_id: int) -> Response:
    """Pass the caller on (`how: now`), or ring a telephone and speak there first (`how: first`; of
    a queue: with somebody who is free).

    `to`: `queue:ID`, `agent:ID`, `division:ID`, `directory:ID`; without it `number`: a telephone
    number as it is keyed.
    """
    body = json_body()
    to = str(body.get("to") or "") or str(body.get("number") or "").strip()
    if not to:
        raise Invalid("to: is missing", text="ivr.talk.to_missing")
    first = body.get("how") == "first"
    return _do(lambda session, who: _transfer(session, call_id, who, to, first=first))


@blueprint.post("/api/calls/<int:call_id>/party/drop")
@access(*ANSWERS)
def drop_party(call_id: int) -> Response:
    """The third party goes, and the caller is back."""
    return _do(lambda session, who: service.drop(session, call_id, who, now=clock.now()))


@blueprint.post("/api/calls/<int:call_id>/party/hand-over")
@access(*ANSWERS)
def hand_over(call_id: int) -> Response:
    """Leave caller and third party to each other."""
    return _do(
        lambda session, who: service.hand_over(floor(), session, call_id, who, now=clock.now())
    )


def _do(what: Callable[[Session, int], object]) -> Response:
    with floor().db.write() as session:
        what(session, me(session).id)
    return current()


def _transfer(session: Session, call_id: int, who: int, to: str, *, first: bool) -> None:
    here, by, now = floor(), current_account().username, clock.now()
    if to.startswith(_QUEUE):
        queue = to.removeprefix(_QUEUE)
        if first:
            consults.ask_queue(here, session, call_id, who, queue, now=now)
        else:
            passing.to_queue(here, session, call_id, who, queue, by=by, now=now)
        return
    if to.startswith(_AGENT):
        colleague = _id(to.removeprefix(_AGENT))
        if first:
            consults.ask(here, session, call_id, who, colleague, now=now)
        else:
            passing.to_colleague(here, session, call_id, who, colleague, by=by, now=now)
        return
    whom = targets.telephone(here, to, language())
    if first:
        service.call_in(here, session, call_id, who, whom, now=now)
    else:
        passing.outside(here, session, call_id, who, whom, now=now)


def _id(text: str) -> int:
    if not text.isdecimal():
        raise NobodyThere(f"to: {text!r}", to=text)
    return int(text)
