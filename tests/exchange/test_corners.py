"""The ugly corners, verb by verb: what a hurried, silent or vanishing caller, and a broken
application, do to each.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from exchange import errors
from exchange.call import Call, Status
from exchange.player import IN_A_ROW
from exchange.stations import Station
from tests.exchange.conftest import CALLER, Hit, Line
from tests.exchange.test_moments import MOMENTS, nothing_left, prepare

# -- <Gather>: keys --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attributes", "keys", "digits", "ended_by"),
    [
        ("", "12#3", "12", "#"),
        ('finishOnKey="#"', "12#3", "12", "#"),
        ('finishOnKey=""', "#", "#", ""),
        ('finishOnKey=""', "1#*2", "1#*2", ""),
        ('finishOnKey="*"', "1#2*", "1#2", "*"),
        ('finishOnKey="0"', "1230", "123", "0"),
        ('finishOnKey="" numDigits="1"', "#", "#", ""),
        ('finishOnKey="" numDigits="2"', "#*9", "#*", ""),
        ('numDigits="3"', "12", "12", ""),  # a partial entry that times out
        ('numDigits="3"', "12#", "12", "#"),
        ('numDigits="2"', "12#", "12", ""),  # complete: the finish key comes too late
        ('finishOnKey="1"', "21", "2", "1"),
    ],
)
async def test_which_keys_count(
    line: Line, attributes: str, keys: str, digits: str, ended_by: str
) -> None:
    line.app["/voice"] = f'<Gather action="/chose" {attributes}/>'
    line.app["/chose"] = "<Hangup/>"
    call = await line.call()
    call.press(keys)
    await line.after(5.1)
    [hit] = line.app.to("/chose")
    assert (hit["Digits"], hit["FinishedOnKey"]) == (digits, ended_by)


async def test_each_key_gives_new_time_but_a_partial_entry_ends(line: Line) -> None:
    line.app["/voice"] = '<Gather action="/chose" numDigits="13" timeout="4"/>'
    line.app["/chose"] = "<Hangup/>"
    call = await line.call()
    for key in "110":
        await line.after(3.9)
        call.press(key)
    await line.after(3.9)
    assert not line.app.to("/chose")
    await line.after(0.2)
    assert line.app.to("/chose")[0]["Digits"] == "110"


async def test_a_hang_up_with_keys_half_entered_asks_nothing(line: Line) -> None:
    line.app["/voice"] = '<Gather action="/chose" numDigits="13" input="dtmf speech"/>'
    call = await line.call()
    call.press("11")
    await line.after(1)
    call.end(cause="caller hung up")
    await line.after(30)
    assert not line.app.to("/chose")
    nothing_left(line, call)


async def test_a_gather_without_an_action_in_a_document_without_a_url(line: Line) -> None:
    """Without input it falls through; with it there is nowhere to go, and the fault says so."""
    line.app["/voice"] = '<Say>Hi</Say><Pause length="60"/>'
    call = await line.call()
    twiml = "<Response><Gather/><Say>Nothing</Say></Response>"
    await line.rest(lambda c: c.calls(call.sid).update(twiml=twiml))
    await line.after(5.1)
    assert line.said(call)[-1] == "Nothing"
    other = await line.call()
    line.app["/fallback"] = "<Hangup/>"
    await line.rest(lambda c: c.calls(other.sid).update(twiml=twiml))
    other.press("1#")
    await line.clock.settle()
    assert [fault.code for fault in other.errors] == [errors.INVALID_URL]


# -- answers that are none -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"text": "", "content_type": "text/xml"}, errors.PARSE_FAILURE),
        ({"text": "   \n", "content_type": "text/xml"}, errors.PARSE_FAILURE),
        ({"text": "hello", "content_type": "text/xml"}, errors.PARSE_FAILURE),
        ({"text": "<html><body>Oops</body></html>", "content_type": "text/html"}, 12102),
        ({"text": "<Response><Say>a</Say>", "content_type": "text/xml"}, errors.PARSE_FAILURE),
        ({"text": "<Response/><Response/>", "content_type": "text/xml"}, errors.PARSE_FAILURE),
        ({"body": b"\xff\xfe\x00", "content_type": "text/xml"}, errors.PARSE_FAILURE),
        ({"text": "<Response/>", "content_type": "application/json"}, errors.CONTENT_TYPE),
        ({"body": b"", "status": 204}, errors.CONTENT_TYPE),
        ({"body": b"<Response/>"}, errors.CONTENT_TYPE),  # none given: octet-stream
    ],
)
async def test_what_is_no_document_asks_the_fallback(
    line: Line, answer: dict[str, Any], code: int
) -> None:
    line.app["/voice"] = lambda _: web.Response(**answer)
    line.app["/fallback"] = "<Say>Please hold on</Say>"
    call = await line.call()
    assert line.app.to("/fallback")[0]["ErrorCode"] == str(code)
    assert line.said(call) == ["Please hold on"]
    await line.after(2)


@pytest.mark.parametrize("place", ["/voice", "/chose", "/after"])
async def test_an_empty_response_hangs_up_wherever_it_is_the_answer(line: Line, place: str) -> None:
    line.app["/voice"] = {
        "/voice": "",
        "/chose": '<Gather action="/chose" numDigits="1"/>',
        "/after": '<Dial action="/after">191</Dial>',
    }[place]
    line.app[place] = ""
    line.exchange.stations.put("191", Station("busy"))
    call = await line.call()
    call.press("1")
    await line.clock.settle()
    assert (call.status, call.end_cause) == (Status.COMPLETED, "end of document")
    assert line.app.to(place)


async def test_a_verb_behind_the_fault_is_not_run_nor_the_one_before(line: Line) -> None:
    line.app["/voice"] = "<Say>First</Say><Gather><Redirect>/x</Redirect></Gather><Say>Last</Say>"
    line.app["/fallback"] = "<Say>Sorry</Say>"
    call = await line.call()
    assert line.said(call) == ["Sorry"]
    await line.after(2)


# -- circles ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "circle",
    [
        {"/voice": "<Redirect>/voice</Redirect>"},
        {"/voice": "<Redirect>/a</Redirect>", "/a": "<Redirect>/voice</Redirect>"},
        {"/voice": '<Dial action="/voice">191</Dial>'},
        {"/voice": '<Enqueue action="/voice" maxQueueSize="1">full</Enqueue>'},
        {"/voice": "<Leave/><Redirect>/voice</Redirect>"},
    ],
)
async def test_a_circle_that_takes_no_time_takes_some_in_the_end(
    line: Line, circle: dict[str, str]
) -> None:
    line.exchange.stations.put("191", Station("busy"))
    line.app["/hold"] = '<Enqueue waitUrl="">full</Enqueue>'
    line.exchange.config = replace(
        line.exchange.config, numbers={"1337": line.app.url + "/voice", "1": line.app.url + "/hold"}
    )
    line.exchange.queues.create("full", 1)
    line.exchange.dial_in("+66800000009", "1")
    await line.clock.settle()
    for path, document in circle.items():
        line.app[path] = document
    call = await line.call()
    assert len(line.app.hits) <= IN_A_ROW + 3
    before = len(line.app.hits)
    await line.after(10)
    assert before + 9 <= len(line.app.hits) <= before + 12, "then one a second"
    call.end()
    await line.clock.settle()
    assert call.tasks == 0


async def test_a_circle_that_takes_its_time_is_left_alone(line: Line) -> None:
    line.app["/voice"] = '<Pause length="1"/><Redirect>/voice</Redirect>'
    call = await line.call()
    await line.after(60.5)
    assert len(line.app.to("/voice")) == 61
    call.end()


async def test_a_hurried_caller_is_not_held_up(line: Line) -> None:
    line.app["/voice"] = '<Gather numDigits="1" timeout="9"><Say>Next</Say></Gather>'
    call = await line.call()
    for _ in range(IN_A_ROW - 1):
        call.press("1")
        await line.clock.settle()
    assert len(line.app.to("/voice")) == IN_A_ROW


# -- a fetch that does not end ---------------------------------------------------------------------


@pytest.mark.parametrize("place", ["/voice", "/chose", "/wait"])
async def test_a_document_that_does_not_come_in_time(line: Line, place: str) -> None:
    silent = asyncio.Event()

    async def hang(_: Hit) -> web.Response:
        await silent.wait()
        return web.Response()

    slow = f"{place}#rt=100&amp;rc=0"
    line.app["/first"] = {
        "/voice": f"<Redirect>{slow}</Redirect>",
        "/chose": f'<Gather action="{slow}" numDigits="1"/>',
        "/wait": f'<Enqueue waitUrl="{slow}">q</Enqueue>',
    }[place]
    line.exchange.config = replace(line.exchange.config, numbers={"1337": line.app.url + "/first"})
    line.app[place] = hang
    line.app["/fallback"] = "<Say>Please hold on</Say>"
    call = await line.call()
    call.press("1")
    await line.clock.settle()
    silent.set()
    assert line.said(call) == ["Please hold on"]
    assert line.app.to("/fallback")[0]["ErrorCode"] == str(errors.CONNECTION_FAILURE)
    await line.after(2)
    assert call.ended


# -- somebody goes, or is taken elsewhere, in the middle -------------------------------------------

MIDDLE = MOMENTS | {
    "say": "<Say>" + "a long text " * 9 + "</Say>",
    "speech": '<Gather input="dtmf speech" timeout="20"><Say>a long prompt</Say></Gather>',
    "recorded-dial": '<Dial record="record-from-answer"><Client>a1</Client></Dial>',
    "recorded-room": '<Dial><Conference record="record-from-start">c</Conference></Dial>',
    "play": '<Play digits="1wwwwwwwww"/>',
    "redirect": '<Pause length="1"/><Redirect>/slow</Redirect>',
}


@pytest.fixture
def middle(line: Line) -> Line:
    prepare(line.app)
    line.exchange.queues.create("empty")
    line.app["/slow"] = '<Pause length="30"/>'
    line.app["/elsewhere"] = '<Say>Elsewhere</Say><Pause length="60"/>'
    return line


@pytest.mark.parametrize("moment", MIDDLE)
@pytest.mark.parametrize("wait", [0.0, 0.6, 2.0])
async def test_a_hang_up_in_the_middle(middle: Line, moment: str, wait: float) -> None:
    middle.app["/voice"] = MIDDLE[moment]
    call = await middle.call()
    await middle.after(wait)
    call.end(cause="caller hung up")
    await middle.clock.settle()
    nothing_left(middle, call)
    assert middle.exchange.recordings.of() == []


@pytest.mark.parametrize("moment", MIDDLE)
@pytest.mark.parametrize("wait", [0.0, 0.6, 2.0])
async def test_rest_takes_the_call_elsewhere(middle: Line, moment: str, wait: float) -> None:
    middle.app["/voice"] = "<Say>Hi</Say>" + MIDDLE[moment]
    call = await middle.call()
    await middle.after(0.5 + wait)
    assert call.live, "the verb was over before it could be interrupted"
    url = middle.app.url + "/elsewhere"
    await middle.rest(lambda c: c.calls(call.sid).update(url=url))
    assert middle.said(call)[-1] == "Elsewhere"
    assert (call.where, call.listener, call.ear) == ("menu", None, None)
    assert all(len(queue) == 0 for queue in middle.exchange.queues)
    assert all(conference.ended for conference in middle.exchange.conferences)
    assert [leg for leg in middle.exchange.calls(live=True) if leg is not call] == []
    assert middle.exchange.recordings.of() == []
    assert [fault.code for fault in call.errors] == []
    await middle.after(70)
    nothing_left(middle, call)


# -- <Dial>, <Enqueue>, <Leave> --------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["busy", "no-answer", "failed"])
async def test_a_dial_in_vain_without_an_action_goes_on(line: Line, outcome: str) -> None:
    line.exchange.stations.put("191", Station(outcome))
    line.app["/voice"] = '<Dial timeout="10">191</Dial><Say>Nobody there</Say>'
    call = await line.call()
    await line.after(10)
    assert line.said(call) == ["Nobody there"]


async def test_the_time_limit_tells_the_action_how_long_they_talked(line: Line) -> None:
    line.exchange.stations.put("191", Station("answer", answer_after=4))
    line.app["/voice"] = '<Dial timeLimit="10" action="/done">191</Dial>'
    line.app["/done"] = "<Say>Time is up</Say>"
    call = await line.call()
    await line.after(13.9)
    assert not line.app.to("/done")
    await line.after(0.2)
    [hit] = line.app.to("/done")
    assert (hit["DialCallStatus"], hit["DialCallDuration"]) == ("completed", "10")
    assert line.said(call) == ["Time is up"]


async def test_a_full_queue_without_an_action_goes_on(line: Line) -> None:
    line.app["/voice"] = '<Enqueue maxQueueSize="1" waitUrl="">q</Enqueue><Say>Full</Say>'
    await line.call()
    second = await line.call(from_="+66800000002")
    assert line.said(second) == ["Full"]
    assert [fault.code for fault in second.errors] == [errors.QUEUE_FULL]


@pytest.mark.parametrize(
    "document",
    [
        "<Leave/><Say>Still here</Say>",
        '<Gather action="/left" numDigits="1"/>',
    ],
)
async def test_leave_outside_a_queue_leaves_nothing(line: Line, document: str) -> None:
    line.app["/voice"] = document
    line.app["/left"] = "<Leave/><Say>Still here</Say>"
    call = await line.call()
    call.press("1")
    await line.clock.settle()
    assert line.said(call) == ["Still here"]


@pytest.mark.parametrize("verb", ["<Enqueue>q</Enqueue>", "<Dial>191</Dial>", "<Record/>"])
async def test_what_a_wait_document_may_not_do(line: Line, verb: str) -> None:
    line.app["/voice"] = '<Enqueue waitUrl="/wait" action="/after">q</Enqueue>'
    line.app["/wait"] = verb
    line.app["/after"] = "<Hangup/>"
    call = await line.call()
    assert line.app.to("/after")[0]["QueueResult"] == "error"
    assert [fault.code for fault in call.errors] == [errors.SCHEMA]


# -- conference music ------------------------------------------------------------------------------


def heard(call: Call) -> list[str]:
    return [entry.text for entry in call.transcript if entry.kind == "conference"]


async def hold(line: Line, call: Call, **options: Any) -> None:
    [room] = [room for room in line.exchange.conferences if not room.ended]
    await line.rest(lambda c: c.conferences(room.sid).participants(call.sid).update(**options))


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [("", ["room", "waiting: music"]), ('waitUrl=""', ["room", "waiting: silence"])],
)
async def test_music_or_silence_before_the_start(
    line: Line, attribute: str, expected: list[str]
) -> None:
    line.app["/voice"] = f"<Dial><Conference {attribute}>room</Conference></Dial>"
    call = await line.call()
    await line.after(300)
    assert heard(call) == expected


async def test_a_sound_file_is_played_again_until_the_start(line: Line) -> None:
    from tests.exchange.test_simple_verbs import wave

    line.app["/music"] = wave(10)
    line.app["/voice"] = (
        '<Dial><Conference waitUrl="/music" waitMethod="GET">room</Conference></Dial>'
    )
    call = await line.call()
    await line.after(35)
    assert line.kinds(call).count("play") == 4
    await line.call(from_="+66800000002")
    await line.after(35)
    assert line.kinds(call).count("play") == 4


async def test_a_wait_document_that_fails_gives_way_to_the_music(line: Line) -> None:
    line.app["/music"] = "<Dial>191</Dial>"
    line.app["/voice"] = '<Dial><Conference waitUrl="/music">room</Conference></Dial>'
    call = await line.call()
    assert heard(call) == ["room", "waiting: music"]
    assert [fault.code for fault in call.errors] == [errors.SCHEMA]
    assert call.live


async def test_what_is_heard_on_hold_and_after_it(line: Line) -> None:
    line.app["/wait"] = '<Say>Wait</Say><Pause length="9"/>'
    line.app["/hold"] = '<Say>On hold</Say><Pause length="9"/>'
    line.app["/other"] = "<Redirect>/hold</Redirect>"
    line.app["/voice"] = '<Dial><Conference waitUrl="/wait">room</Conference></Dial>'
    call = await line.call()
    await hold(line, call, hold=True, hold_url=line.app.url + "/hold")
    await line.after(20)
    assert line.said(call) == ["Wait", "On hold", "On hold", "On hold"]
    await hold(line, call, hold=False)
    assert line.said(call)[-1] == "Wait", "it has not begun: the wait document again"
    await line.call(from_="+66800000002")
    await hold(line, call, hold=True)
    assert heard(call)[-1] == "on hold: music"
    await hold(line, call, hold=True, hold_url=line.app.url + "/other", hold_method="POST")
    assert line.said(call)[-1] == "On hold", "another document while on hold"
    assert line.app.to("/other")[0].method == "POST"
    said = len(line.said(call))
    await hold(line, call, hold=False)
    await line.after(60)
    assert len(line.said(call)) == said, "the others are heard, and nothing else"


async def test_a_caller_on_hold_hangs_up(line: Line) -> None:
    line.app["/hold"] = '<Pause length="9"/>'
    line.app["/voice"] = '<Dial><Conference waitUrl="">room</Conference></Dial>'
    first, second = await line.call(), await line.call(from_=CALLER[:-1] + "9")
    await hold(line, first, hold=True, hold_url=line.app.url + "/hold")
    first.end()
    await line.clock.settle()
    asked = len(line.app.to("/hold"))
    await line.after(60)
    assert len(line.app.to("/hold")) == asked
    second.end()
