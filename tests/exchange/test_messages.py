"""Text messages: what a handset gets and sends, and what the application answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from twilio.base.exceptions import TwilioRestException

from tests.exchange.conftest import CALLER, SID, Line
from tests.exchange.test_handset import get, next_event, post


@pytest.fixture
def sms(line: Line) -> Line:
    line.exchange.config = replace(
        line.exchange.config, messaging={"1337": line.app.url + "/message"}
    )
    line.app["/message"] = ""
    return line


async def send(line: Line, body: str = "เรื่องของท่าน", to: str = CALLER) -> Any:
    return await line.rest(lambda c: c.messages.create(to=to, from_="1337", body=body))


async def write(line: Line, body: str, from_: str = CALLER) -> Any:
    status, message = await post(
        line, "/handset/messages", {"from": from_, "to": "1337", "body": body}
    )
    assert status == 201
    return message


async def shown(line: Line, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await get(line, f"/handset/messages?{query}"))["messages"]
    return found


async def test_a_handset_sees_what_was_sent_to_it(sms: Line) -> None:
    sent = await send(sms)
    await send(sms, "to somebody else", to="+66800000002")
    [message] = await shown(sms, "to=%2B66812345678")
    assert (message["sid"], message["status"]) == (sent.sid, "queued")
    await sms.after(2)
    [message] = await shown(sms, "to=%2B66812345678")
    assert message == {
        "sid": sent.sid,
        "at": "2027-01-15T08:00:02.000+00:00",
        "from": "1337",
        "to": CALLER,
        "body": "เรื่องของท่าน",
        "direction": "outbound-api",
        "status": "delivered",
        "segments": 1,
        "errors": [],
    }
    assert len(await shown(sms, "from=1337")) == 2
    assert len(await shown(sms, "limit=1")) == 1
    async with sms.http.get("/handset/messages?limit=many") as response:
        assert response.status == 400


async def test_an_open_page_sees_it_arrive(sms: Line) -> None:
    await send(sms, "before")
    await sms.after(3)
    await send(sms, "on its way")
    async with sms.http.get("/handset/stations/+66812345678/rings") as stream:
        kind, first = await next_event(stream)
        assert kind == "ready"
        assert [m["body"] for m in first["messages"]] == ["before"]
        await send(sms, "for another", to="+66800000002")
        await sms.after(3)
        kind, message = await next_event(stream)
        assert (kind, message["body"], message["status"]) == ("message", "on its way", "delivered")
        await write(sms, "thanks")
        kind, message = await next_event(stream)
        assert (message["body"], message["direction"]) == ("thanks", "inbound")


async def test_the_application_is_asked_with_the_documented_parameters(sms: Line) -> None:
    message = await write(sms, "ไฟดับ " * 20)
    [hit] = sms.app.to("/message")
    assert hit.method == "POST"
    assert hit.params == {
        "MessageSid": message["sid"],
        "SmsSid": message["sid"],
        "SmsMessageSid": message["sid"],
        "SmsStatus": "received",
        "AccountSid": SID,
        "From": CALLER,
        "To": "1337",
        "Body": "ไฟดับ " * 20,
        "NumMedia": "0",
        "NumSegments": "2",
        "ApiVersion": "2010-04-01",
    }
    fetched = await sms.rest(lambda c: c.messages(message["sid"]).fetch())
    assert (fetched.direction, fetched.status) == ("inbound", "received")
    assert len(await shown(sms)) == 1, "an empty <Response/> answers nothing"


async def test_answers_go_back(sms: Line) -> None:
    sms.app["/status/of/it"] = lambda _: web.Response(status=204)
    sms.app["/message"] = (
        '<Message action="/status/of/it">One</Message>'
        "<Message><Body>Two</Body><Media>http://a/b.png</Media></Message>"
        '<Message to="+66800000002" from="1338">Three</Message>'
    )
    await write(sms, "hello")
    await sms.after(3)
    replies = [m for m in reversed(await shown(sms)) if m["direction"] == "outbound-reply"]
    assert [(m["from"], m["to"], m["body"]) for m in replies] == [
        ("1337", CALLER, "One"),
        ("1337", CALLER, "Two"),
        ("1338", "+66800000002", "Three"),
    ]
    hits = sms.app.to("/status/of/it")
    assert {hit["MessageSid"] for hit in hits} == {replies[0]["sid"]}


async def test_a_redirect_and_plain_text(sms: Line) -> None:
    sms.app["/message"] = '<Redirect method="GET">/other?a=b</Redirect><Message>Never</Message>'
    sms.app["/other"] = web.Response(text="Just words", content_type="text/plain")
    await write(sms, "hello")
    await sms.after(3)
    [hit] = sms.app.to("/other")
    assert (hit.method, hit["a"], hit["Body"]) == ("GET", "b", "hello")
    assert [m["body"] for m in await shown(sms, "to=%2B66812345678")] == ["Just words"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (web.Response(status=500), 11200),
        ("<Redirect>/message</Redirect>", 11215),
        ("<Say>no</Say>", 12200),
        ("<Message/>", 12200),
        (web.Response(text="<Response>", content_type="text/xml"), 12100),
        (web.Response(text="{}", content_type="application/json"), 12300),
    ],
)
async def test_what_is_wrong_with_an_answer_is_kept_with_the_message(
    sms: Line, answer: Any, code: int
) -> None:
    sms.app["/message"] = lambda _: answer
    if isinstance(answer, str):
        sms.app["/message"] = answer
    await write(sms, "hello")
    [message] = await shown(sms)
    assert [fault["code"] for fault in message["errors"]] == [code]


async def test_a_number_without_a_messaging_url_only_receives(line: Line) -> None:
    await write(line, "hello")
    assert not line.app.hits
    assert [m["body"] for m in await shown(line, "number=1337")] == ["hello"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"from": CALLER, "to": "999", "body": "a"}, 404),
        ({"from": "me", "to": "1337", "body": "a"}, 400),
        ({"from": CALLER, "to": "1337", "body": " "}, 400),
        ({"from": CALLER, "to": "1337", "body": 1}, 400),
        ({"from": CALLER, "to": "1337", "body": "a" * 1601}, 400),
        ({"from": CALLER, "to": ["1337"], "body": "a"}, 404),
    ],
)
async def test_what_a_handset_cannot_send(sms: Line, body: Any, status: int) -> None:
    got, answer = await post(sms, "/handset/messages", body)
    assert (got, bool(answer["error"])) == (status, True)
    assert await shown(sms) == []


async def test_a_text_that_is_too_long_is_refused(sms: Line) -> None:
    with pytest.raises(TwilioRestException) as fault:
        await send(sms, "a" * 1601)
    assert (fault.value.status, fault.value.code) == (400, 21617)
    assert (await send(sms, "a" * 1600)).num_segments == "11"


async def test_the_oldest_messages_are_forgotten(sms: Line) -> None:
    sms.exchange.config = replace(sms.exchange.config, keep_messages=2)
    for text in "abc":
        await send(sms, text)
    assert [m["body"] for m in await shown(sms)] == ["c", "b"]
    await sms.after(3)
