"""The carrier: its REST API through the twilio library, and the signatures of its webhooks.

The application speaks only this protocol; which carrier is behind it (Twilio, a compatible engine,
the local exchange) is a base URL and credentials. None of these calls is made inside a transaction.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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
#: Seconds without a byte after which fetching a recording is given up.
RECORDING_TIMEOUT = 10.0
#: Twilio's numbers for "this call does not exist" and "this call is no longer in progress".
GONE_CODES = (20404, 21220)
#: Calls that one page of the carrier's list holds (Twilio gives at most 1000).
PAGE = 500
#: So many of the newest messages to somebody are looked through for one that was sent already, and
#: so many seconds may the carrier's clock be behind ours.
MESSAGES_LOOKED_AT, CLOCKS_DIFFER = 50, 60
#: Answers by which the carrier says that it never will, such as to a number that nobody has.
REFUSALS = (400, 403)


class CallGone(Exception):
    """The call has ended, or never was."""


class CarrierError(Exception):
    """The carrier refused, or could not be reached."""


@dataclass(frozen=True, slots=True)
class CarrierCall:
    """A call as the carrier's own list has it. Moments are aware, whole seconds."""

    sid: str
    from_number: str
    to_number: str
    #: `inbound`; `outbound-api` for one that we asked for; `outbound-dial` for a leg of a `<Dial>`.
    direction: str
    status: str
    started_at: datetime
    #: None while it lives.
    ended_at: datetime | None
    #: The call whose `<Dial>` made this leg, if one did.
    parent_sid: str | None = None


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

    # ---- a conversation, which is a conference with a name of ours

    def hold(self, conference: str, call_sid: str, *, on: bool, music: str) -> None:
        """Let a participant hear what `music` (an address of TwiML) says, and nobody else; or be
        back. Raises CallGone when they, or the conference, are not there any more.
        """
        there = self._conference(conference).participants(call_sid)
        self._ask(there.update, hold=on, hold_url=music, hold_method="POST")

    def end_with(self, conference: str, call_sid: str, *, ends: bool) -> None:
        """Whether the conference ends when this participant leaves. Raises CallGone."""
        there = self._conference(conference).participants(call_sid)
        self._ask(there.update, end_conference_on_exit=ends)

    def pause_recording(self, conference: str, *, paused: bool) -> None:
        """Record silence instead of what is said, or what is said again. Raises CallGone when
        nothing is recorded there.
        """
        # the carrier's word for the recording that is being made. Source: Twilio, "Conference
        # Recordings resource", "Update a recording in progress"
        recording = self._conference(conference).recordings("Twilio.CURRENT")
        if paused:
            self._ask(recording.update, status="paused", pause_behavior="silence")
        else:
            self._ask(recording.update, status="in-progress")

    def stop_recording(self, conference: str) -> None:
        """What was recorded so far is all. Raises CallGone when nothing is recorded there."""
        self._ask(
            self._conference(conference).recordings("Twilio.CURRENT").update, status="stopped"
        )

    def invite(
        self,
        conference: str,
        to: str,
        *,
        from_: str,
        status_callback: str,
        timeout: int,
        muted: bool = False,
    ) -> str:
        """Ring `to` for `timeout` seconds, and bring them into the conference; `muted`: heard by
        nobody there. Returns the call's sid. Raises CallGone when the conference is not there any
        more.
        """
        participant = self._ask(
            self._conference(conference).participants.create,
            from_=from_,
            to=to,
            beep="false",
            end_conference_on_exit=False,
            status_callback=status_callback,
            status_callback_event=["answered", "completed"],
            timeout=timeout,
            **({"muted": True} if muted else {}),
        )
        return str(participant.call_sid)

    def speak(self, conference: str, call_sid: str, *, muted: bool, to: str | None) -> None:
        """Who hears a participant: nobody (`muted`), that call alone (`to`), or everybody. In one
        request, so that there is no moment at which somebody else does. Raises CallGone; Refused
        when `to` is not there to be spoken to.
        """
        there = self._conference(conference).participants(call_sid)
        # Source: Twilio, "Conference Participant resource", "Coaching"
        whom = {"coaching": False} if to is None else {"coaching": True, "call_sid_to_coach": to}
        self._ask(there.update, muted=muted, **whom)

    def _conference(self, name: str) -> Any:
        """The conference that goes on under this name; raises CallGone."""
        found = self._ask(
            self._client.conferences.list, friendly_name=name, status="in-progress", limit=1
        )
        if not found:
            raise CallGone(f"no conference {name}")
        return self._client.conferences(found[0].sid)

    # ---- what is kept there

    def fetch_recording(self, url: str) -> bytes:
        """The sound of a recording (WAVE), from the address that the carrier named; raises
        CarrierError. An address of anybody else is refused: our credentials are for the carrier.
        """
        if urlsplit(url).netloc != urlsplit(self._client.api.base_url).netloc:
            raise CarrierError(f"not an address of the carrier: {urlsplit(url).netloc}")
        sid, token = self._client.username, self._client.password
        try:
            answer = requests.get(f"{url}.wav", auth=(sid, token), timeout=RECORDING_TIMEOUT)
            answer.raise_for_status()
        except requests.RequestException as error:
            raise CarrierError(str(error)) from error
        return answer.content

    def delete_recording(self, sid: str) -> None:
        """Have the carrier delete its copy; one that is gone already is as wished."""
        with suppress(CallGone):
            self._ask(self._client.recordings(sid).delete)

    def send_message(
        self, to: str, *, from_: str, body: str, status_callback: str | None = None
    ) -> str:
        """Have an SMS sent; its sid. `status_callback`: where we are told what becomes of it.
        Raises Refused for who gets none, or CarrierError.
        """
        told = {} if status_callback is None else {"status_callback": status_callback}
        try:
            message = self._ask(self._client.messages.create, to=to, from_=from_, body=body, **told)
        except CallGone as error:  # a carrier without this service
            raise Refused(str(error)) from error
        return cast(str, message.sid)

    def find_message(self, to: str, *, body: str, since: datetime) -> str | None:
        """The sid of an SMS of ours to `to` with that very text, which the carrier has taken since
        then (aware); None when it lists none. Raises CarrierError.
        """
        # whole seconds are listed, and the carrier's clock is not ours
        earliest = since - timedelta(seconds=CLOCKS_DIFFER)
        try:
            listed = self._ask(self._client.messages.list, to=to, limit=MESSAGES_LOOKED_AT)
        except CallGone as error:  # a list that is not there is no list, and no empty one
            raise CarrierError(str(error)) from error
        for message in listed:
            at = message.date_created
            if message.body == body and isinstance(at, datetime) and at >= earliest:
                return str(message.sid)
        return None

    def calls_between(self, start: datetime, end: datetime) -> Iterator[CarrierCall]:
        """Every call that began in [start, end) (aware), in the carrier's order, page by page.

        Raises CarrierError at whatever page cannot be read; what came before it is not the whole.
        A call that began while the list is read may come twice.
        """
        # The list's filter is documented as one of whole days in UTC (Twilio, "Call resource"), and
        # engines differ in whether they heed the time of day: asked for days, cut here.
        begin = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        before = end.astimezone(UTC) + timedelta(days=1)
        before = before.replace(hour=0, minute=0, second=0, microsecond=0)
        span = {"start_time_after": begin, "start_time_before": before}
        page = self._page(self._client.calls.page, **span, page_size=PAGE)
        while page is not None:
            for call in page:
                found = _carrier_call(call)
                if start <= found.started_at < end:
                    yield found
            page = self._page(page.next_page)

    def _page(self, request: Any, **arguments: Any) -> Any:
        try:
            return self._ask(request, **arguments)
        except CallGone as error:  # a list that is not there is no list, and no empty one
            raise CarrierError(str(error)) from error

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


def _carrier_call(call: Any) -> CarrierCall:
    """One row of the list; raises CarrierError for one without any time."""
    started = call.start_time or call.date_created
    if not isinstance(started, datetime):
        raise CarrierError(f"call {call.sid} of the carrier's list has no time")
    return CarrierCall(
        sid=str(call.sid),
        from_number=str(call._from or ""),
        to_number=str(call.to or ""),
        direction=str(call.direction),
        status=str(call.status),
        started_at=started,
        ended_at=call.end_time or None,
        parent_sid=call.parent_call_sid or None,
    )


class Signatures:
    """Checks that a webhook comes from the carrier.

    The signed address is built from the configured address for webhooks and the raw request line,
    not from what a proxy made of the host and scheme, and not from Flask's `request.url`, which
    decodes a Thai query string.
    """

    def __init__(self, settings: Settings) -> None:
        self._address = settings.webhooks_at
        self._validator = RequestValidator(settings.carrier_auth_token)

    def valid(self, request: Request) -> bool:
        signature = request.headers.get("X-Twilio-Signature", "")
        if not signature:
            return False
        url = self._address + raw_path(request)
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
