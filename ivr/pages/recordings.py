"""The sound of recordings, for those who may hear it; every hearing is written down."""

from collections.abc import Collection
from typing import Any

from flask import Response, send_file, url_for
from sqlalchemy.orm import Session

from agents import service as agents
from hotline import clock
from hotline.auth import Role, access, current_account
from hotline.errors import Forbidden
from hotline.floor import Floor
from hotline.web import floor
from ivr import recordings
from ivr.pages.base import blueprint
from ivr.recordings import CONVERSATION, MESSAGE, RecordingFacts
from ivr.room import offers
from tickets import service as tickets
from tickets.config import Tickets

#: Who hears any conversation; an agent hears their own.
HEARS = (Role.SUPERVISOR,)
#: Who answers for messages: everybody who works on tickets, a division those of its own.
ANSWERS_FOR = (Role.SUPERVISOR, Role.AGENT)


@blueprint.get("/recordings/<int:recording_id>")
@access(Role.AGENT, Role.SUPERVISOR, Role.DIVISION)
def recording(recording_id: int) -> Response:
    """The sound of a recording (WAVE)."""
    here = floor()
    with here.db.read() as session:
        found = recordings.facts(session, recording_id)
        if not _may_hear(here, session, found):
            raise Forbidden(f"recording {recording_id}")
    file = recordings.path_of(here, found)
    with here.db.write() as session:
        recordings.heard(session, found, current_account().username, now=clock.now())
    response = send_file(file, mimetype="audio/x-wav", conditional=True)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def hearable(session: Session, call_ids: Collection[int]) -> list[dict[str, Any]]:
    """What was recorded in some calls, as far as the signed-in account may hear it: for pages."""
    return [
        {
            "kind": each.kind,
            "seconds": each.seconds,
            "call": each.call_id,
            "made_at": each.made_at,
            "url": url_for("ivr.recording", recording_id=each.id) if each.file else "",
        }
        for each in recordings.of_calls(session, list(call_ids))
        if _may_hear(floor(), session, each)
    ]


def _may_hear(here: Floor, session: Session, found: RecordingFacts) -> bool:
    account = current_account()
    if account.role in HEARS:
        return True
    if found.kind == MESSAGE:
        if account.role in ANSWERS_FOR:
            return True
        ticket = tickets.ticket_of_call(session, found.call_id)
        actor = tickets.actor_of(here.section(Tickets), account.username, account.role)
        return ticket is not None and ticket.division in actor.divisions
    me = agents.agent_of_account(session, account.id) if account.role is Role.AGENT else None
    return found.kind == CONVERSATION and me is not None and _talked(session, found, me.id)


def _talked(session: Session, found: RecordingFacts, agent_id: int) -> bool:
    """Whether this agent is the one who is heard on it."""
    return found.offer_id is not None and offers.facts(session, found.offer_id).agent_id == agent_id
