"""The carrier's REST API: our requests as its documentation has them, its refusals in our words.

The answers here are the carrier's error bodies; conversations with the exchange are in the rooms'
tests.
"""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import pytest

from hotline import telephony
from hotline.settings import Settings
from hotline.telephony import CallGone, Carrier, CarrierError, Refused

SID = "CA" + "7" * 32


@dataclass
class Rest:
    """A REST API that gives the answer it was told to, and keeps what it was asked."""

    url: str = ""
    status: int = 200
    body: Any = field(default_factory=lambda: {"sid": SID, "status": "in-progress"})
    asked: list[tuple[str, str, dict[str, list[str]]]] = field(default_factory=list)


@pytest.fixture
def rest() -> Iterator[Rest]:
    api = Rest()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            fields: dict[str, list[str]] = {}
            for name, value in parse_qsl(self.rfile.read(length).decode(), keep_blank_values=True):
                fields.setdefault(name, []).append(value)
            api.asked.append((self.command, self.path, fields))
            text = api.body if isinstance(api.body, str) else json.dumps(api.body)
            self.send_response(api.status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_port}"
    yield api
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def carrier(settings: Settings, rest: Rest) -> Carrier:
    return Carrier(settings.model_copy(update={"carrier_base_url": rest.url}))


def dial(carrier: Carrier) -> str:
    return carrier.dial(
        "client:agent-7",
        from_="+6638111337",
        url="https://hotline.example/ivr/agent-leg?offer=1",
        status_callback="https://hotline.example/ivr/agent-leg/status?offer=1",
        timeout=20,
    )


def test_ringing_somebody(carrier: Carrier, rest: Rest, settings: Settings) -> None:
    rest.status = 201
    assert dial(carrier) == SID
    assert rest.asked == [
        (
            "POST",
            f"/2010-04-01/Accounts/{settings.carrier_account_sid}/Calls.json",
            {
                "To": ["client:agent-7"],
                "From": ["+6638111337"],
                "Url": ["https://hotline.example/ivr/agent-leg?offer=1"],
                "StatusCallback": ["https://hotline.example/ivr/agent-leg/status?offer=1"],
                "StatusCallbackEvent": ["completed"],
                "Timeout": ["20"],
            },
        )
    ]


def test_what_can_be_done_with_a_call(carrier: Carrier, rest: Rest, settings: Settings) -> None:
    path = f"/2010-04-01/Accounts/{settings.carrier_account_sid}/Calls/{SID}.json"
    carrier.redirect(SID, "https://hotline.example/ivr/join?offer=1")
    carrier.hang_up(SID)
    assert carrier.call_status(SID) == "in-progress"
    assert rest.asked == [
        ("POST", path, {"Url": ["https://hotline.example/ivr/join?offer=1"], "Method": ["POST"]}),
        ("POST", path, {"Status": ["completed"]}),
        ("GET", path, {}),
    ]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, {"code": 20404, "message": "The requested resource was not found", "status": 404}),
        (400, {"code": 21220, "message": "Call is not in-progress. Cannot redirect."}),
        (404, "not even JSON"),
    ],
)
def test_a_call_that_is_no_more(carrier: Carrier, rest: Rest, status: int, body: Any) -> None:
    rest.status, rest.body = status, body
    with pytest.raises(CallGone):
        carrier.redirect(SID, "https://hotline.example/")
    with pytest.raises(CallGone):
        carrier.hang_up(SID)
    assert carrier.call_status(SID) is None


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"code": 21211, "message": "The 'To' number is not valid"}),
        (401, {"code": 20003, "message": "Authenticate"}),
        (429, {"code": 20429, "message": "Too Many Requests"}),
        (500, {"code": 20500, "message": "Internal Server Error"}),
        (503, "<html>try again later</html>"),
        (200, "<html>a captive portal</html>"),
        (400, {"type": "about:blank", "title": "RFC 9457", "status": 400, "code": 70001}),
    ],
)
def test_a_refusal(carrier: Carrier, rest: Rest, status: int, body: Any) -> None:
    rest.status, rest.body = status, body
    with pytest.raises(CarrierError):
        dial(carrier)
    with pytest.raises(CarrierError):
        carrier.hang_up(SID)
    with pytest.raises(CarrierError):
        carrier.call_status(SID)


@pytest.mark.parametrize(
    ("status", "final"), [(400, True), (403, True), (429, False), (503, False)]
)
def test_a_no_is_told_from_a_not_now(
    carrier: Carrier, rest: Rest, status: int, *, final: bool
) -> None:
    rest.status, rest.body = status, {"code": 21211, "message": "Invalid 'To'", "status": status}
    with pytest.raises(CarrierError) as error:
        dial(carrier)
    assert isinstance(error.value, Refused) is final


def test_a_carrier_that_is_not_there(settings: Settings) -> None:
    with pytest.raises(CarrierError):
        dial(Carrier(settings))


def test_a_carrier_that_does_not_answer(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telephony, "REST_TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(CarrierError):
            dial(Carrier(settings.model_copy(update={"carrier_base_url": url})))


def test_without_a_base_url_it_is_the_librarys_own(settings: Settings) -> None:
    there = Carrier(settings.model_copy(update={"carrier_base_url": ""}))
    assert there._client.api.base_url == "https://api.twilio.com"


def test_a_message_is_asked_for_as_the_carrier_documents_it(rest: Rest, carrier: Carrier) -> None:
    rest.body, rest.status = {"sid": "SM1", "status": "queued"}, 201
    assert carrier.send_message("+66812345678", from_="+6638111337", body="โทร 1662") == "SM1"
    method, path, fields = rest.asked[-1]
    assert (method, path.rpartition("/")[2]) == ("POST", "Messages.json")
    assert fields == {"To": ["+66812345678"], "From": ["+6638111337"], "Body": ["โทร 1662"]}


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_message_to_nobody_is_refused(rest: Rest, carrier: Carrier, status: int) -> None:
    rest.body, rest.status = {"code": 21211, "message": "Invalid 'To'", "status": status}, status
    with pytest.raises(Refused):
        carrier.send_message("+66381234567", from_="+6638111337", body="x")
