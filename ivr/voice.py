"""The rim of the caller's side: whatever goes wrong inside, the caller hears words.

One decorator holds what every webhook owes: an answer in time, in TwiML, also when the database is
away, the parameters are broken or we have a bug. A lost connection is tried once more: steps may
come twice.
"""

import functools
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import sqlalchemy.exc
from flask import Response, current_app, request
from werkzeug.datastructures import MultiDict

from hotline import clock
from hotline.errors import Invalid
from hotline.web import floor
from ivr import closing
from ivr.config import Ivr
from ivr.errors import Lost
from ivr.twiml import Speaker, Wait

log = logging.getLogger(__name__)

_EXTENSION = "ivr.speaker"
#: PostgreSQL: could not serialise, deadlock. Tried again like a lost connection.
_TRY_AGAIN = frozenset({"40001", "40P01"})
Answering = Callable[[], str]
Webhook = Callable[[], Response]


def speaker() -> Speaker:
    """What speaks in this process."""
    found = current_app.extensions.get(_EXTENSION)
    if found is None:
        here = floor()
        found = Speaker(here.settings.webhooks_at, here.section(Ivr), here.city)
        current_app.extensions[_EXTENSION] = found
    assert isinstance(found, Speaker)
    return found


def twiml(document: str) -> Response:
    """A TwiML answer."""
    return Response(document, mimetype="text/xml")


def answering(on_fault: Callable[[Exception], str]) -> Callable[[Answering], Webhook]:
    """A webhook whose answer is heard: a fault is logged, and `on_fault` says what is heard."""

    def wrap(view: Answering) -> Webhook:
        @functools.wraps(view)
        def answer() -> Response:
            try:
                return twiml(twice(view))
            except Exception as error:
                log.exception("fault in %s", request.path, exc_info=error)
                return twiml(on_fault(error))

        return answer

    return wrap


def told(view: Callable[[], None]) -> Webhook:
    """A status callback: nobody hears it; a fault is a 503, for a carrier that then repeats it."""

    @functools.wraps(view)
    def answer() -> Response:
        try:
            twice(view)
        except Exception as error:
            log.exception("fault in %s", request.path, exc_info=error)
            return Response("", status=503, mimetype="text/plain")
        return Response("", status=204)

    return answer


def twice(view: Callable[[], Any]) -> Any:
    """Run `view`, and once more if it lost a row to another process, or the database connection."""
    try:
        return view()
    except Lost:
        return view()
    except sqlalchemy.exc.DBAPIError as error:
        if not _worth_another(error):
            raise
        log.warning("trying again after %s", error.orig)
        return view()


def number(name: str) -> int:
    """A number of the address; raises Invalid."""
    try:
        return int(request.args[name])
    except (KeyError, ValueError) as error:
        raise Invalid(f"{name} is not a number") from error


def _worth_another(error: sqlalchemy.exc.DBAPIError) -> bool:
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _TRY_AGAIN


def _sorry(error: Exception) -> str:
    """The apology. It is written down if that is possible, and heard in any case."""
    if not isinstance(error, sqlalchemy.exc.DBAPIError):
        # with the database away, another try would cost the caller seconds of silence
        try:
            _note(error)
        except Exception:
            log.exception("the fault could not be written down")
    return speaker().apology(request.args.get("lang", ""))


def _note(error: Exception) -> None:
    call_id = number("call")
    why = {"where": request.path, "error": type(error).__name__}
    with floor().db.write() as session:
        closing.put_through(floor(), session, call_id, why, now=clock.now())


def _patience(_error: Exception) -> str:
    """Music, and round again: a waiting caller loses nothing by a fault that passes.

    For one that does not: a document of the wait loop may not dial, so the caller leaves the queue
    and is put through at the address given when it was entered.
    """
    failed = request.args.get("failed", 0, type=int) + 1
    if failed > floor().section(Ivr).waiting.patience or not request.args.get("call"):
        return speaker().leave()
    return speaker().waiting(replace(wait_of(request.args), failed=failed))


def wait_of(given: MultiDict[str, str]) -> Wait:
    """Where in the wait loop a caller is, from the address that `Speaker` wrote."""
    return Wait(
        given.get("call", 0, type=int),
        given.get("n", 0, type=int),
        given.get("at", ""),
        speaker().language(given.get("lang", "")),
        best=given.get("best", 0, type=int),
        told=given.get("told", ""),
        last=given.get("last", 0, type=int),
        next_step=given.get("s", 0, type=int),
        failed=given.get("failed", 0, type=int),
    )


def _goodbye(_error: Exception) -> str:
    return speaker().goodbye(speaker().language(request.args.get("lang", "")))


def _hang_up(_error: Exception) -> str:
    return speaker().hang_up()


#: In the menu: an apology, and put through to the fallback number.
spoken = answering(_sorry)
#: In the waiting room: borne for some rounds.
waits = answering(_patience)
#: After the conversation: goodbye is all that is owed.
at_the_end = answering(_goodbye)
#: On an agent's telephone: hung up, and the caller is offered to the next.
to_agent = answering(_hang_up)
