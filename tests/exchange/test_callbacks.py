"""Status callbacks of calls and messages: which, in which order, with what."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from exchange.call import TRANSITIONS, Status
from exchange.stations import Station
from tests.exchange.conftest import Hit, Line

ALL = ["initiated", "ringing", "answered", "completed"]


async def create(line: Line, to: str = "+66811111111", **options: Any) -> Any:
    line.app["/leg"] = lambda _: web.Response(status=204)
    return await line.rest(
        lambda c: c.calls.create(
            to=to,
            from_="1337",
            twiml="<Response><Pause length='10'/></Response>",
            status_callback=line.app.url + "/leg",
            **options,
        )
    )


async def test_an_inbound_call_tells_its_end_once(line: Line) -> None:
    line.app["/voice"] = '<Pause length="2"/><Say>Hi</Say><Pause length="70"/>'
    call = await line.call()
    await line.after(2 + 0.5 + 70)
    [hit] = line.app.to("/status")
    assert hit["CallSid"] == call.sid
    assert hit["CallStatus"] == "completed"
    assert hit["CallDuration"] == "70"
    assert hit["Duration"] == "2", "minutes begun"
    assert hit["SequenceNumber"] == "0"
    assert hit["CallbackSource"] == "call-progress-events"
    assert hit["Timestamp"] == "Fri, 15 Jan 2027 08:01:12 +0000"


async def test_all_events_in_order_with_their_numbers(line: Line) -> None:
    await create(line, status_callback_event=ALL)
    await line.after(13)
    hits = line.app.to("/leg")
    assert [h["CallStatus"] for h in hits] == ["initiated", "ringing", "in-progress", "completed"]
    assert [h["SequenceNumber"] for h in hits] == ["0", "1", "2", "3"]
    assert ["CallDuration" in h.params for h in hits] == [False, False, False, True]


async def test_the_default_is_completed_alone(line: Line) -> None:
    await create(line)
    await line.after(13)
    assert [hit["CallStatus"] for hit in line.app.to("/leg")] == ["completed"]
    assert line.app.to("/leg")[0]["SequenceNumber"] == "0"


@pytest.mark.parametrize("outcome", ["busy", "failed", "no-answer"])
async def test_completed_fires_for_every_end(line: Line, outcome: str) -> None:
    line.exchange.stations.put("+66811111111", Station(outcome))
    await create(line, timeout=10)
    await line.after(15)
    [hit] = line.app.to("/leg")
    assert (hit["CallStatus"], hit["CallDuration"]) == (outcome, "0")
    codes = {"busy": "486", "failed": "404", "no-answer": "487"}
    assert hit["SipResponseCode"] == codes[outcome]


async def test_the_next_waits_for_the_one_before(line: Line) -> None:
    """In order, each a request of its own; a slow answer delays the rest and loses nothing."""
    slow = asyncio.Event()
    begun = asyncio.Event()

    async def answer(hit: Hit) -> web.Response:
        if hit["SequenceNumber"] == "0":
            begun.set()
            await slow.wait()
        return web.Response(status=204)

    line.app["/leg"] = answer
    created = asyncio.create_task(
        asyncio.to_thread(
            lambda: line.client.calls.create(
                to="client:a1",
                from_="1337",
                twiml="<Response><Hangup/></Response>",
                status_callback=line.app.url + "/leg",
                status_callback_event=ALL,
            )
        )
    )
    await begun.wait()
    await created
    assert [hit["SequenceNumber"] for hit in line.app.to("/leg")] == ["0"]
    slow.set()
    await line.clock.settle()
    assert [hit["SequenceNumber"] for hit in line.app.to("/leg")] == ["0", "1", "2", "3"]


async def test_a_callback_that_fails_is_retried_by_its_policy_and_logged(line: Line) -> None:
    line.app["/voice"] = "<Hangup/>"
    line.app["/status"] = lambda _: web.Response(status=500)
    call = await line.call()
    assert [fault.code for fault in call.errors] == [11200]
    assert len(line.app.to("/status")) == 1


async def test_events_may_be_words_or_repeated(line: Line) -> None:
    await create(line, to="client:a1", status_callback_event=["ringing answered"])
    assert [h["CallStatus"] for h in line.app.to("/leg")] == ["ringing", "in-progress"]


async def test_messages_are_queued_sent_delivered(line: Line) -> None:
    line.app["/sms"] = lambda _: web.Response(status=204)
    message = await line.rest(
        lambda c: c.messages.create(
            to="+66812345678",
            from_="1337",
            body="เรื่องของท่าน " * 6,
            status_callback=line.app.url + "/sms",
        )
    )
    assert (message.status, message.num_segments) == ("queued", "2")
    await line.after(3)
    hits = line.app.to("/sms")
    assert [hit["MessageStatus"] for hit in hits] == ["queued", "sent", "delivered"]
    assert {hit["MessageSid"] for hit in hits} == {message.sid}
    again = await line.rest(lambda c: c.messages(message.sid).fetch())
    assert (again.status, again.body) == ("delivered", message.body)
    listed = await line.rest(lambda c: c.messages.list(to="+66812345678"))
    assert [m.sid for m in listed] == [message.sid]


def test_every_state_leads_to_an_end() -> None:
    final = {status for status in Status if status not in TRANSITIONS}
    assert final == {
        Status.COMPLETED,
        Status.BUSY,
        Status.FAILED,
        Status.NO_ANSWER,
        Status.CANCELED,
    }
    for status, targets in TRANSITIONS.items():
        assert targets & final, status
