"""Beside the citizen's page: what staff do about it, and what the carrier tells of SMS."""

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from twilio.twiml.messaging_response import MessagingResponse

from hotline import clock
from hotline.auth import access, signed
from hotline.web import floor
from tickets import answering, service, sms, sms_received
from tickets.config import Tickets
from tickets.web import LARGEST_ID, MOVERS, acting, spoken_languages

#: Its templates are the room's.
blueprint = Blueprint("citizens_desk", __name__)
_LONGEST_SID = 40


@blueprint.post("/tickets/<number>/read")
@access(*MOVERS)
def read(number: str) -> ResponseReturnValue:
    """Say that what the citizen wrote has been read and needs no answer. Form: `text`."""
    with floor().db.write() as session:
        ticket = service.by_number_for(session, number, acting())
        text = request.form.get("text", "")
        answering.read(session, ticket, text=text, actor=acting(), now=clock.now())
    return redirect(url_for("tickets.ticket_page", number=number), 303)


@blueprint.post("/tickets/<number>/links/end")
@access(*MOVERS)
def end_links(number: str) -> ResponseReturnValue:
    """End every link that was sent to a ticket's citizen."""
    with floor().db.write() as session:
        ticket = service.by_number_for(session, number, acting())
        answering.end_links(session, ticket, actor=acting(), now=clock.now())
    return redirect(url_for("tickets.ticket_page", number=number), 303)


@blueprint.post("/sms/status")
@signed
def sms_status() -> Response:
    """What has become of an SMS of ours (`id`, in the address that we gave)."""
    form, sms_id = request.form, request.args.get("id", 0, type=int)
    if 0 < sms_id <= LARGEST_ID:
        with floor().db.write() as session:
            sms.status(
                session,
                sms_id,
                sid=form.get("MessageSid", "")[:_LONGEST_SID],
                word=form.get("MessageStatus", ""),
                error_code=form.get("ErrorCode", ""),
                now=clock.now(),
            )
    return Response(status=204)


@blueprint.post("/sms/incoming")
@signed
def sms_incoming() -> Response:
    """An SMS has come from a citizen. What it leads to is told by an SMS of its own."""
    form = request.form
    sid, number = form.get("MessageSid", "")[:_LONGEST_SID], form.get("From", "")[:32]
    if sid and number:
        with floor().db.write() as session:
            sms_received.receive(
                session,
                floor().section(Tickets),
                sid=sid,
                number=number,
                text=form.get("Body", ""),
                language=spoken_languages()[0],
                now=clock.now(),
            )
    return Response(str(MessagingResponse()), mimetype="text/xml")
