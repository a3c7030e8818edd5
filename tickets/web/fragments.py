"""What the desk shows of tickets, composed by address."""

from flask import render_template

from hotline.auth import EVERYONE, access
from hotline.web import floor
from tickets import service, words
from tickets.web.shared import ANSWERS, LARGEST_ID, acting, blueprint, number_at_hand, section


@blueprint.get(f"/tickets/of-call/<int(max={LARGEST_ID}):call_id>")
@access(*EVERYONE)
def of_call(call_id: int) -> str:
    """Show, as a fragment, the ticket of a call."""
    with floor().db.read() as session:
        ticket = service.ticket_of_call(session, call_id)
    if ticket is not None and not service.may_read(acting(), ticket):
        ticket = None
    return render_template("tickets/of_call.html", ticket=ticket, config=section(), words=words)


@blueprint.get("/tickets/near-caller")
@access(*ANSWERS)
def near_caller() -> str:
    """Show, as a fragment, the earlier tickets of the caller of an offer (`offer`, its id) that the
    reader has at hand; of a number that is withheld nothing.
    """
    with floor().db.read() as session:
        if not (number := number_at_hand(session)):
            return ""
        found = service.near_caller(session, number, acting())
    return render_template("tickets/near_caller.html", found=found, config=section(), words=words)
