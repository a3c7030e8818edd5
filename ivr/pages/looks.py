"""Who sees the whole number of a call's caller: it is hidden until somebody asks, and that is
written down, as on the page of a ticket.
"""

from flask import request

from hotline import audit, clock
from hotline.auth import Role, access, current_account
from hotline.errors import Forbidden
from hotline.web import floor
from ivr import story
from ivr.errors import NoSuchCall
from ivr.pages import calls
from ivr.pages.base import blueprint

#: A look at a hidden number, in the audit log.
LOOKED = "ivr.looked"


@blueprint.post("/calls/<int:call_id>/caller")
@access(Role.SUPERVISOR, Role.AGENT)
def show_caller(call_id: int) -> str:
    """Show the page of a call with its caller's whole number, and write down who saw it. Form:
    `text`, why (may be empty). An agent may for the calls that were offered to them.
    """
    now = clock.now()
    with floor().db.write() as session:
        if call_id not in calls.readable_calls(session, [call_id]):
            raise Forbidden(f"call {call_id}")
        found = story.calls_by_id(session, [call_id])
        if call_id not in found:
            raise NoSuchCall(f"call {call_id}")
        if not calls.may_look(session, call_id):
            raise Forbidden(f"the caller of call {call_id}")
        reason = request.form.get("text", "")
        audit.record(
            session, LOOKED, f"call:{call_id}", by=current_account(), at=now, reason=reason
        )
        number = found[call_id].from_number
    return calls.page_of(call_id, shown_caller=number)
