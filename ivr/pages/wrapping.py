"""What an agent may do about the wrap-up itself: take more time, or leave it unwritten."""

from flask import jsonify
from werkzeug.wrappers import Response

from hotline import clock
from hotline.auth import access, current_account
from hotline.web import floor
from ivr import closing
from ivr.pages.base import ANSWERS, blueprint, me
from ivr.pages.desk import current
from ivr.room import offers


@blueprint.post("/api/calls/<int:call_id>/more-time")
@access(*ANSWERS)
def more_time(call_id: int) -> Response:
    """Take the extension of my wrap-up that the configuration allows once."""
    with floor().db.write() as session:
        offers.more_time(floor(), session, call_id, me(session).id, now=clock.now())
    return current()


@blueprint.post("/api/calls/<int:call_id>/skip")
@access(*ANSWERS)
def skip(call_id: int) -> Response:
    """Write no outcome where none is asked for: what is typed so far stands."""
    by = current_account().username
    with floor().db.write() as session:
        closing.skip(floor(), session, call_id, me(session).id, by=by, now=clock.now())
    return jsonify(skipped=True)
