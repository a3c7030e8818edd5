"""The sound of recordings, for those who may hear it; every hearing is written down."""

from collections.abc import Collection, Sequence
from typing import Any

from flask import Response, send_file, url_for
from sqlalchemy.orm import Session

from agents import service as agents
from hotline import clock
from hotline.auth import Role, access, current_account
from hotline.errors import Forbidden
from hotline.web import floor
from ivr import recordings
from ivr.pages.base import acting, blueprint
from ivr.recordings import MESSAGE, RecordingFacts
from tickets import service as tickets

#: Who hears everything. An agent hears their own conversations, also those that they took over,
#: and, since messages are everybody's to answer for, every message; a division the messages of its
#: own tickets.
HEARS = (Role.SUPERVISOR,)


@blueprint.get("/recordings/<int:recording_id>")
@access(Role.AGENT, Role.SUPERVISOR, Role.DIVISION)
def recording(recording_id: int) -> Response:
    """The sound of a recording (WAVE)."""
    here = floor()
    with here.db.read() as session:
        found = recordings.facts(session, recording_id)
        if not _heard_by_reader(session, [found]):
            raise Forbidden(f"recording {recording_id}")
    file = recordings.path_of(here, found)
    with here.db.write() as session:
        recordings.heard(session, found, current_account(), now=clock.now())
    response = send_file(file, mimetype="audio/x-wav", conditional=True)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def hearable(session: Session, call_ids: Collection[int]) -> list[dict[str, Any]]:
    """What was recorded in some calls, as far as the signed-in account may hear it: for pages."""
    found = recordings.of_calls(session, list(call_ids))
    return [
        {
            "kind": each.kind,
            "seconds": each.seconds,
            "call": each.call_id,
            "made_at": each.made_at,
            "url": url_for("ivr.recording", recording_id=each.id) if each.file else "",
        }
        for each in _heard_by_reader(session, found)
    ]


def _heard_by_reader(session: Session, found: Sequence[RecordingFacts]) -> list[RecordingFacts]:
    """Those of the recordings that the signed-in account may hear."""
    account = current_account()
    if account.role in HEARS:
        return list(found)
    if account.role is Role.AGENT:
        me = agents.agent_of_account(session, account.id)
        ids = {each.call_id for each in found}
        theirs = recordings.of_agent(session, ids, me.id) if me is not None else set()
        return [each for each in found if each.kind == MESSAGE or each.id in theirs]
    actor = acting(session)
    messages = [each for each in found if each.kind == MESSAGE]
    of_calls = tickets.tickets_of_calls(session, {each.call_id for each in messages})
    calls = {id_ for id_, ticket in of_calls.items() if ticket.division in actor.divisions}
    return [each for each in messages if each.call_id in calls]
