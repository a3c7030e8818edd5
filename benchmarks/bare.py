"""The bare path of one IVR step: Flask, the library's signature check, a fixed answer."""

import os

from flask import Flask, Response, abort, request
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Gather, VoiceResponse

PUBLIC_URL = os.environ["PUBLIC_URL"]
validator = RequestValidator(os.environ["CARRIER_AUTH_TOKEN"])


def _answer() -> str:
    response = VoiceResponse()
    gather = Gather(action="/ivr/step?call=1&n=3&at=main&lang=en&try=0", num_digits=1, timeout=5)
    gather.say("For information, press 1. To report a problem, press 2.", language="en-GB")
    response.append(gather)
    response.redirect("/ivr/step?call=1&n=3&at=main&lang=en&try=0")
    return str(response)


ANSWER = _answer()
app = Flask(__name__)


@app.get("/health")
def health() -> str:
    """Answer that it runs."""
    return "ok"


@app.post("/ivr/voice")
@app.post("/ivr/step")
def step() -> Response:
    """Check the signature, answer."""
    url = PUBLIC_URL + request.environ["RAW_URI"]
    if not validator.validate(url, request.form, request.headers.get("X-Twilio-Signature", "")):
        abort(403)
    return Response(ANSWER, mimetype="text/xml")
