"""The REST API through the real twilio library."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from exchange.call import Status
from tests.exchange.conftest import CALLER, SID, TOKEN, Line

LONG = "<Response><Pause length='100'/></Response>"


async def refused(line: Line, work: Any) -> TwilioRestException:
    with pytest.raises(TwilioRestException) as fault:
        await line.rest(work)
    return fault.value


async def test_create_fetch_and_the_form_of_dates(line: Line) -> None:
    line.app["/agent"] = '<Pause length="5"/>'
    call = await line.rest(
        lambda c: c.calls.create(to="+66 81-111-1111", from_="1337", url=line.app.url + "/agent")
    )
    assert (call.status, call.direction, call.to) == ("queued", "outbound-api", "+66811111111")
    assert (call.start_time, call.duration) == (None, None)
    await line.after(8)
    done = await line.rest(lambda c: c.calls(call.sid).fetch())
    assert done.status == "completed"
    assert done.start_time == datetime(2027, 1, 15, 8, 0, 3, tzinfo=UTC)
    assert done.end_time - done.start_time == timedelta(seconds=5)
    assert done.duration == "5"
    assert done.account_sid == SID
    assert line.app.to("/agent")[0]["Direction"] == "outbound-api"
    assert line.app.to("/agent")[0]["CallStatus"] == "in-progress"


async def test_create_with_twiml_and_a_get(line: Line) -> None:
    line.app["/agent"] = "<Hangup/>"
    await line.rest(
        lambda c: c.calls.create(
            to="client:a1", from_="1337", url=line.app.url + "/agent?x=1", method="GET"
        )
    )
    assert (line.app.to("/agent")[0].method, line.app.to("/agent")[0]["x"]) == ("GET", "1")
    call = await line.rest(
        lambda c: c.calls.create(
            to="client:a1", from_="1337", twiml="<Response><Say>Hello</Say></Response>"
        )
    )
    leg = line.exchange.call(call.sid)
    assert leg is not None
    assert line.said(leg) == ["Hello"]
    await line.after(1)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"to": "", "from_": "1337", "twiml": LONG}, 21201),
        ({"to": "+66811111111", "from_": "", "twiml": LONG}, 21213),
        ({"to": "+66811111111", "from_": "1337"}, 21205),
        ({"to": "nonsense", "from_": "1337", "twiml": LONG}, 21211),
        ({"to": "191", "from_": "1337", "twiml": "<Response><Sing/></Response>"}, 12200),
        ({"to": "191", "from_": "1337", "url": "/relative"}, 21205),
        (
            {
                "to": "191",
                "from_": "1337",
                "twiml": LONG,
                "status_callback": "http://a/b",
                "status_callback_event": ["busy"],
            },
            21626,
        ),
    ],
)
async def test_what_cannot_be_called(line: Line, options: dict[str, Any], code: int) -> None:
    error = await refused(line, lambda c: c.calls.create(**options))
    assert (error.status, error.code) == (400, code)
    assert line.exchange.live == 0


async def test_a_wrong_password_and_a_wrong_account(line: Line) -> None:
    wrong = Client(SID, "wrong")
    wrong.api.base_url = line.url
    error = await refused(line, lambda _: wrong.calls("CA1").fetch())
    assert (error.status, error.code) == (401, 20003)
    wrong.http_client.session.close()
    other = "AC" + "1" * 32
    right = {"Authorization": aiohttp.encode_basic_auth(SID, TOKEN)}
    response = await line.http.get(f"/2010-04-01/Accounts/{other}/Calls.json", headers=right)
    assert (response.status, (await response.json())["code"]) == (404, 20404)
    for header in ("Basic !!!", "Bearer x", ""):
        response = await line.http.get(
            f"/2010-04-01/Accounts/{SID}/Calls.json", headers={"Authorization": header}
        )
        assert response.status == 401


async def test_what_is_not_there(line: Line) -> None:
    for work in (
        lambda c: c.calls("CA" + "0" * 32).fetch(),
        lambda c: c.queues("QU" + "0" * 32).fetch(),
        lambda c: c.conferences("CF" + "0" * 32).fetch(),
        lambda c: c.conferences("CF" + "0" * 32).participants("CA1").fetch(),
        lambda c: c.messages("SM" + "0" * 32).fetch(),
        lambda c: c.recordings("RE" + "0" * 32).fetch(),
    ):
        error = await refused(line, work)
        assert (error.status, error.code) == (404, 20404)
        assert "was not found" in error.msg


async def test_update_by_twiml_interrupts_what_is_said(line: Line) -> None:
    line.app["/voice"] = "<Say>" + "long " * 100 + "</Say>"
    call = await line.call()
    twiml = "<Response><Say>Interrupted</Say></Response>"
    updated = await line.rest(lambda c: c.calls(call.sid).update(twiml=twiml))
    assert updated.status == "in-progress"
    assert line.said(call)[-1] == "Interrupted"
    await line.after(1)
    assert call.ended


async def test_update_by_status(line: Line) -> None:
    line.app["/voice"] = '<Say>Hi</Say><Pause length="60"/>'
    call = await line.call()
    canceled = await line.rest(lambda c: c.calls(call.sid).update(status="canceled"))
    assert canceled.status == "in-progress", "only calls that are not answered can be canceled"
    done = await line.rest(lambda c: c.calls(call.sid).update(status="completed"))
    assert done.status == "completed"
    ringing = await line.rest(lambda c: c.calls.create(to="+66811111111", from_="1337", twiml=LONG))
    gone = await line.rest(lambda c: c.calls(ringing.sid).update(status="canceled"))
    assert gone.status == "canceled"


async def test_update_of_a_call_that_is_not_in_progress(line: Line) -> None:
    ringing = await line.rest(lambda c: c.calls.create(to="+66811111111", from_="1337", twiml=LONG))
    error = await refused(line, lambda c: c.calls(ringing.sid).update(twiml=LONG))
    assert (error.status, error.code) == (400, 21220)
    await line.rest(lambda c: c.calls(ringing.sid).update(status="completed"))
    for options in ({"twiml": LONG}, {"status": "completed"}):
        error = await refused(line, lambda c, o=options: c.calls(ringing.sid).update(**o))
        assert error.code == 21220


async def test_update_with_a_wrong_document_leaves_the_call_alone(line: Line) -> None:
    line.app["/voice"] = "<Pause length='60'/><Say>x</Say>"
    line.app["/voice"] = "<Say>Hi</Say><Pause length='60'/>"
    call = await line.call()
    error = await refused(line, lambda c: c.calls(call.sid).update(twiml="<Response><Sing/>"))
    assert error.code == 12100
    assert call.live


async def test_the_fallback_of_a_call_made_by_rest(line: Line) -> None:
    line.app["/other"] = "<Say>Sorry</Say>"
    call = await line.rest(
        lambda c: c.calls.create(
            to="client:a1",
            from_="1337",
            url=line.app.url + "/missing",
            fallback_url=line.app.url + "/other",
        )
    )
    assert line.app.to("/other")[0]["ErrorUrl"] == line.app.url + "/missing"
    leg = line.exchange.call(call.sid)
    assert leg is not None
    assert line.said(leg) == ["Sorry"]


async def test_the_time_limit_of_a_call(line: Line) -> None:
    call = await line.rest(
        lambda c: c.calls.create(to="client:a1", from_="1337", twiml=LONG, time_limit=30)
    )
    await line.after(30)
    leg = line.exchange.call(call.sid)
    assert leg is not None
    assert (leg.status, leg.duration) == (Status.COMPLETED, 30)


async def test_lists_filter_and_page(line: Line) -> None:
    line.app["/voice"] = "<Say>Hi</Say><Pause length='60'/>"
    for n in range(5):
        await line.call(from_=f"+6680000000{n}")
        await line.after(10)
    calls = await line.rest(lambda c: c.calls.list(page_size=2))
    assert [call._from for call in calls] == [f"+6680000000{n}" for n in (4, 3, 2, 1, 0)]
    assert len(await line.rest(lambda c: c.calls.list(limit=3))) == 3
    one = await line.rest(lambda c: c.calls.list(from_="+66800000003"))
    assert len(one) == 1
    assert len(await line.rest(lambda c: c.calls.list(status="in-progress"))) == 5
    assert len(await line.rest(lambda c: c.calls.list(status="busy"))) == 0
    middle = line.clock.now() - timedelta(seconds=25)
    later = await line.rest(lambda c: c.calls.list(start_time_after=middle))
    sooner = await line.rest(lambda c: c.calls.list(start_time_before=middle))
    assert (len(later), len(sooner)) == (2, 3)
    assert len(await line.rest(lambda c: c.calls.list(start_time=middle.date()))) in (0, 5)
    first = await line.rest(lambda c: c.calls.page(page_size=2))
    second = await line.rest(lambda _: first.next_page())
    assert [call._from for call in second] == ["+66800000002", "+66800000001"]


async def test_queues_and_their_members(line: Line) -> None:
    line.app["/voice"] = '<Enqueue waitUrl="">help</Enqueue>'
    queue = await line.rest(lambda c: c.queues.create(friendly_name="help", max_size=3))
    assert (queue.max_size, queue.current_size) == (3, 0)
    error = await refused(line, lambda c: c.queues.create(friendly_name="help"))
    assert error.code == 22003
    first = await line.call()
    await line.after(6)
    second = await line.call(from_="+66800000002")
    members = await line.rest(lambda c: c.queues(queue.sid).members.list())
    assert [(m.call_sid, m.position, m.wait_time) for m in members] == [
        (first.sid, 1, 6),
        (second.sid, 2, 0),
    ]
    state = await line.rest(lambda c: c.queues(queue.sid).fetch())
    assert (state.current_size, state.average_wait_time) == (2, 3)
    error = await refused(line, lambda c: c.queues(queue.sid).delete())
    assert error.status == 400
    line.app["/out"] = '<Say>Your turn</Say><Pause length="60"/>'
    member = await line.rest(
        lambda c: c.queues(queue.sid).members("Front").update(url=line.app.url + "/out")
    )
    assert member.call_sid == first.sid
    assert line.said(first) == ["Your turn"]
    assert second.where == "queue"
    await line.rest(lambda c: c.queues(queue.sid).members(second.sid).fetch())
    error = await refused(line, lambda c: c.queues(queue.sid).members(first.sid).fetch())
    assert error.code == 20404
    renamed = await line.rest(lambda c: c.queues(queue.sid).update(friendly_name="aid", max_size=9))
    assert (renamed.friendly_name, renamed.max_size) == ("aid", 9)
    second.end()
    await line.clock.settle()
    await line.rest(lambda c: c.queues(queue.sid).delete())
    assert await line.rest(lambda c: c.queues.list()) == []


async def test_messages_that_cannot_be_sent(line: Line) -> None:
    for options, code in (
        ({"to": "", "from_": "1337", "body": "a"}, 21604),
        ({"to": CALLER, "body": "a"}, 21603),
        ({"to": CALLER, "from_": "1337"}, 21602),
    ):
        error = await refused(line, lambda c, o=options: c.messages.create(**o))
        assert error.code == code
