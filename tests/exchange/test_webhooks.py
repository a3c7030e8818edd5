"""What goes over the wire, and what happens when nothing good comes back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from exchange import errors
from exchange.call import Status
from exchange.core import Config
from exchange.webhook import Overrides
from tests.exchange.conftest import CALLER, SID, Hit, Line


def voice(line: Line, url: str, fallback: str = "") -> None:
    """Points the number elsewhere."""
    line.exchange.config = Config(
        account_sid=SID,
        auth_token=line.exchange.config.auth_token,
        numbers={"1337": url},
        voice_fallback_url=fallback,
    )


async def test_the_carrier_s_parameters_and_headers(line: Line) -> None:
    line.app["/voice"] = "<Hangup/>"
    call = await line.call()
    [hit] = line.app.to("/voice")
    assert hit.method == "POST"
    assert hit.params == {
        "CallSid": call.sid,
        "AccountSid": SID,
        "From": CALLER,
        "Caller": CALLER,
        "To": "1337",
        "Called": "1337",
        "CallStatus": "ringing",
        "ApiVersion": "2010-04-01",
        "Direction": "inbound",
    }
    assert hit.headers["User-Agent"] == "TwilioProxy/1.1"
    assert hit.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
    assert hit.headers["I-Twilio-Idempotency-Token"]


async def test_each_request_has_its_own_token_and_a_retry_the_same(line: Line) -> None:
    voice(line, line.app.url + "/voice#rc=2&rp=5xx")
    line.app["/voice"] = [web.Response(status=500), web.Response(status=503), "<Hangup/>"]
    call = await line.call()
    tokens = [hit.headers["I-Twilio-Idempotency-Token"] for hit in line.app.to("/voice")]
    assert len(tokens) == 3
    assert len(set(tokens)) == 1
    assert call.status is Status.COMPLETED
    assert [hook.attempt.status for hook in call.webhooks[:3]] == [500, 503, 200]
    await line.call()
    assert line.app.to("/voice")[-1].headers["I-Twilio-Idempotency-Token"] != tokens[0]


@pytest.mark.parametrize(
    ("fragment", "status", "requests"),
    [
        ("", 500, 1),
        ("#rc=3", 500, 1),
        ("#rc=3&rp=5xx", 500, 4),
        ("#rc=3&rp=5xx", 404, 1),
        ("#rp=4xx", 404, 2),
        ("#rc=5&rp=all", 500, 6),
        ("#rc=0&rp=all", 500, 1),
    ],
)
async def test_what_is_retried(line: Line, fragment: str, status: int, requests: int) -> None:
    voice(line, line.app.url + "/voice" + fragment)
    line.app["/voice"] = lambda _: web.Response(status=status)
    await line.call()
    assert len(line.app.to("/voice")) == requests
    await line.after(10)


def test_the_defaults_and_limits_of_the_overrides() -> None:
    assert Overrides.parse("") == Overrides(5.0, 15.0, 15.0, 1, frozenset({"ct"}))
    assert Overrides.parse("ct=2000&rt=3000&tt=9000&rc=2&rp=rt,4xx") == Overrides(
        2.0, 3.0, 9.0, 2, frozenset({"rt", "4xx"})
    )
    for wrong in ("ct=50", "ct=10001", "rc=6", "rt=x", "rp=maybe"):
        with pytest.raises(errors.RetrievalError):
            Overrides.parse(wrong)


async def test_an_application_that_does_not_answer_in_time(line: Line) -> None:
    silent = asyncio.Event()

    async def hang(_: Hit) -> web.Response:
        await silent.wait()
        return web.Response()

    voice(line, line.app.url + "/voice#rt=100&rc=1&rp=rt", line.app.url + "/fallback")
    line.app["/voice"] = hang
    line.app["/fallback"] = "<Say>Sorry</Say>"
    call = await line.call()
    silent.set()
    assert len(line.app.to("/voice")) == 2
    assert line.said(call) == ["Sorry"]
    assert line.app.to("/fallback")[0]["ErrorCode"] == str(errors.CONNECTION_FAILURE)
    await line.after(1)


async def test_an_application_that_is_not_there_is_tried_twice(line: Line) -> None:
    voice(line, "http://127.0.0.1:9/voice", line.app.url + "/fallback")
    line.app["/fallback"] = "<Say>Sorry</Say>"
    call = await line.call()
    failed = [hook for hook in call.webhooks if hook.attempt.status is None]
    assert len(failed) == 2
    assert line.said(call) == ["Sorry"]
    await line.after(1)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (web.Response(status=500), 11200),
        (web.Response(text="<Response><Say>a", content_type="text/xml"), 12100),
        (web.Response(text="<Answer/>", content_type="text/xml"), 12102),
        ("<Sing>a</Sing>", 12200),
        ('<Say tempo="3">a</Say>', 12200),
        (web.Response(text="{}", content_type="application/json"), 12300),
        (web.Response(text=" " * 70000, content_type="text/xml"), 11750),
        ("<Redirect>nowhere://a/b</Redirect>", 11100),
    ],
)
async def test_every_fault_asks_the_fallback_and_says_why(
    line: Line, answer: Any, code: int
) -> None:
    line.app["/voice"] = answer
    line.app["/fallback"] = "<Say>Please hold on</Say>"
    call = await line.call()
    [hit] = line.app.to("/fallback")
    assert hit["ErrorCode"] == str(code)
    assert hit["ErrorUrl"]
    assert hit["CallSid"] == call.sid
    assert [fault.code for fault in call.errors] == [code]
    assert line.said(call) == ["Please hold on"]
    await line.after(2)
    assert call.status is Status.COMPLETED


async def test_nothing_of_a_faulty_document_is_run(line: Line) -> None:
    line.app["/voice"] = "<Say>First</Say><Sing/>"
    line.app["/fallback"] = "<Hangup/>"
    call = await line.call()
    assert line.said(call) == []


@pytest.mark.parametrize("fallback", [True, False])
async def test_when_nothing_is_left_the_carrier_apologises_and_hangs_up(
    line: Line, fallback: bool
) -> None:
    voice(line, line.app.url + "/voice", line.app.url + "/fallback" if fallback else "")
    line.app["/voice"] = lambda _: web.Response(status=500)
    line.app["/fallback"] = lambda _: web.Response(status=500)
    call = await line.call()
    assert line.kinds(call) == ["error"]
    assert len(line.app.to("/fallback")) == fallback
    await line.after(5)
    assert call.status is Status.COMPLETED
    assert call.end_cause == "application error"


async def test_a_fallback_that_leads_back_into_the_fault_ends_some_time(line: Line) -> None:
    line.app["/voice"] = lambda _: web.Response(status=500)
    line.app["/fallback"] = "<Redirect>/voice</Redirect>"
    call = await line.call()
    await line.after(5)
    assert call.ended
    assert len(line.app.to("/fallback")) <= 10


@pytest.mark.parametrize(("status", "method"), [(302, "GET"), (307, "POST")])
async def test_redirects_are_followed(line: Line, status: int, method: str) -> None:
    line.app["/voice"] = lambda _: web.Response(status=status, headers={"Location": "/moved?a=b"})
    line.app["/moved"] = "<Say>Here</Say>"
    call = await line.call()
    assert line.said(call) == ["Here"]
    [hit] = line.app.to("/moved")
    assert hit.method == method
    assert ("CallSid" in hit.params) == (method == "POST")
    await line.after(1)


async def test_redirects_without_end_are_a_fault(line: Line) -> None:
    line.app["/voice"] = lambda _: web.Response(status=302, headers={"Location": "/voice"})
    line.app["/fallback"] = "<Hangup/>"
    await line.call()
    assert line.app.to("/fallback")[0]["ErrorCode"] == str(errors.TOO_MANY_REDIRECTS)


async def test_plain_text_is_said(line: Line) -> None:
    line.app["/voice"] = web.Response(text="Just words", content_type="text/plain")
    call = await line.call()
    assert line.said(call) == ["Just words"]
    await line.after(1)


async def test_the_fragment_stays_at_home_and_thai_is_encoded(line: Line) -> None:
    voice(line, line.app.url + "/เมนู?ชื่อ=ถนน#rc=0")
    line.app["/เมนู"] = "<Hangup/>"
    call = await line.call()
    assert call.status is Status.COMPLETED
    [hit] = line.app.hits[:1]
    assert "#" not in hit.url
    assert hit.url.isascii()
