"""The carrier: its REST API through the twilio library, and the signatures of its webhooks.

The application speaks only this protocol; which carrier is behind it (Twilio, a compatible engine,
the local exchange) is a base URL and credentials. None of these calls is made inside a transaction.
"""

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote, urlsplit

import requests
from flask import Request
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from hotline.settings import Settings

#: Seconds that one REST request may take.
REST_TIMEOUT = 10.0
#: Twilio's numbers for "this call does not exist" and "this call is no longer in progress".
GONE_CODES = (20404, 21220)
#: Answers by which the carrier says that it never will, such as to a number that nobody has.
REFUSALS = (400, 403)


class CallGone(Exception):
    """The call has ended, or never was."""


class CarrierError(Exception):
    """The carrier refused, or could not be reached."""


class Refused(CarrierError):
    """The carrier answered no: what was asked for has not been done, and would not be next time."""


class Carrier:
    """What we ask of the carrier. Numbers are E.164, short numbers, or `client:NAME`; times are
    seconds.
    """

    def __init__(self, settings: Settings) -> None:
        self._client = Client(
            settings.carrier_account_sid,
            settings.carrier_auth_token,
            http_client=TwilioHttpClient(timeout=REST_TIMEOUT),
        )
        if settings.carrier_base_url:
            self._client.api.base_url = settings.carrier_base_url

    def dial(self, to: str, *, from_: str, url: str, status_callback: str, timeout: int) -> str:
        """Ring `to` for `timeout` seconds; once it answers, `url` says what it hears. Returns the
        call's sid.
        """
        call = self._ask(
            self._client.calls.create,
            to=to,
            from_=from_,
            url=url,
            status_callback=status_callback,
            status_callback_event=["completed"],
            timeout=timeout,
        )
        return cast(str, call.sid)

    def redirect(self, call_sid: str, url: str) -> None:
        """Have the call go on at `url`; raises CallGone when it has ended."""
        self._ask(self._client.calls(call_sid).update, url=url, method="POST")

    def hang_up(self, call_sid: str) -> None:
        """End the call; raises CallGone when it has ended already."""
        self._ask(self._client.calls(call_sid).update, status="completed")

    def call_status(self, call_sid: str) -> str | None:
        """The carrier's word for the call's state (`in-progress`, `completed`, …); None when it
        knows no such call.
        """
        try:
            return str(self._ask(self._client.calls(call_sid).fetch).status)
        except CallGone:
            return None

    def _ask(self, request: Any, **arguments: Any) -> Any:
        try:
            return request(**arguments)
        except TwilioRestException as error:
            if error.code in GONE_CODES or error.status == 404:
                raise CallGone(str(error)) from error
            if error.status in REFUSALS:
                raise Refused(str(error)) from error
            raise CarrierError(str(error)) from error
        except (TwilioException, requests.RequestException, ValueError) as error:
            # ValueError: what came back was no JSON, so it was not the carrier that answered
            raise CarrierError(str(error)) from error


class Signatures:
    """Checks that a webhook comes from the carrier.

    The signed address is built from the configured public URL and the raw request line, not from
    what a proxy made of the host and scheme, and not from Flask's `request.url`, which decodes a
    Thai query string.
    """

    def __init__(self, settings: Settings) -> None:
        self._public_url = settings.public_url
        self._validator = RequestValidator(settings.carrier_auth_token)

    def valid(self, request: Request) -> bool:
        signature = request.headers.get("X-Twilio-Signature", "")
        if not signature:
            return False
        url = self._public_url + raw_path(request)
        signed = _what_is_signed(request)
        if signed is None or (isinstance(signed, str) and "bodySHA256" not in request.args):
            return False  # (without bodySHA256 the library raises a TypeError)
        return bool(self._validator.validate(url, signed, signature))


def _what_is_signed(request: Request) -> Mapping[str, str] | str | None:
    """A form's fields, another body as text (its hash stands in the address), or None for a body
    that nobody can vouch for.
    """
    if request.mimetype == "application/x-www-form-urlencoded":
        return request.form
    if not (request.content_length or "Transfer-Encoding" in request.headers):
        return {}
    try:
        return request.get_data().decode()
    except UnicodeDecodeError:
        return None


def raw_path(request: Request) -> str:
    """Path and query string exactly as they stood on the wire."""
    raw = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI")
    if raw:
        return _without_host(str(raw))
    query = request.query_string.decode("latin-1")
    path = quote(request.path, safe="/:@!$&'()*+,;=-._~")
    return f"{path}?{query}" if query else path


def _without_host(target: str) -> str:
    """A request line may name the whole address (RFC 9112, 3.2.2)."""
    if target.startswith("/"):
        return target
    parts = urlsplit(target)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
