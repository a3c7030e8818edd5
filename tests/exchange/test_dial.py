"""<Dial> with <Number> and <Client>: ringing, whisper, talk, and how it ends."""

from __future__ import annotations

import pytest
from aiohttp import web

from exchange.call import Call, Status
from exchange.stations import Station
from tests.exchange.conftest import Line


def children(line: Line, call: Call) -> list[Call]:
    return [c for c in line.exchange.calls() if c.parent_sid == call.sid][::-1]


def put(line: Line, address: str, outcome: str, **more: float) -> None:
    line.exchange.stations.put(address, Station(outcome, **more))


async def test_a_number_answers_after_three_seconds_and_hangs_up(line: Line) -> None:
    line.app["/voice"] = '<Dial action="/done">+66811111111</Dial><Say>Never</Say>'
    line.app["/done"] = "<Say>They left</Say>"
    call = await line.call()
    [leg] = children(line, call)
    assert (leg.status, leg.direction, leg.from_) == (Status.RINGING, "outbound-dial", call.from_)
    await line.after(3)
    assert (leg.status, leg.where, call.where) == (Status.IN_PROGRESS, "dial", "dial")
    await line.after(60)
    assert (leg.status, leg.end_cause) == (Status.COMPLETED, "the station hung up")
    [hit] = line.app.to("/done")
    assert hit["DialCallStatus"] == "completed"
    assert hit["DialCallSid"] == leg.sid
    assert hit["DialCallDuration"] == "60"
    assert hit["DialBridged"] == "true"
    assert line.said(call) == ["They left"]


@pytest.mark.parametrize("outcome", ["busy", "no-answer", "failed"])
async def test_nobody_answers(line: Line, outcome: str) -> None:
    put(line, "191", outcome, answer_after=1)
    line.app["/voice"] = '<Dial timeout="20" action="/done">191</Dial>'
    line.app["/done"] = "<Hangup/>"
    call = await line.call()
    [leg] = children(line, call)
    await line.after(20)
    [hit] = line.app.to("/done")
    assert hit["DialCallStatus"] == outcome
    assert hit["DialBridged"] == "false"
    assert leg.status.value == outcome


async def test_the_timeout_counts_ringing_only(line: Line) -> None:
    put(line, "191", "answer", answer_after=29)
    line.app["/voice"] = '<Dial timeout="30">191</Dial>'
    call = await line.call()
    await line.after(100)
    assert call.live
    put(line, "191", "answer", answer_after=31)
    other = await line.call()
    await line.after(30)
    assert other.ended


async def test_without_an_action_the_next_verb_follows(line: Line) -> None:
    put(line, "191", "busy")
    line.app["/voice"] = "<Dial>191</Dial><Say>Nobody there</Say>"
    call = await line.call()
    assert line.said(call) == ["Nobody there"]


async def test_the_first_to_answer_wins_and_the_others_stop_ringing(line: Line) -> None:
    put(line, "+66811111111", "answer", answer_after=5)
    put(line, "+66822222222", "answer", answer_after=2)
    put(line, "+66833333333", "busy", answer_after=1)
    line.app["/voice"] = (
        "<Dial><Number>+66811111111</Number><Number>+66822222222</Number>"
        "<Number>+66833333333</Number></Dial>"
    )
    call = await line.call()
    await line.after(6)
    assert [leg.status.value for leg in children(line, call)] == [
        "canceled",
        "in-progress",
        "busy",
    ]


async def test_sequential_dials_one_after_the_other(line: Line) -> None:
    put(line, "+66811111111", "busy", answer_after=2)
    line.app["/voice"] = (
        '<Dial sequential="true"><Number>+66811111111</Number><Client>a1</Client></Dial>'
    )
    call = await line.call()
    assert [leg.status.value for leg in children(line, call)] == ["ringing"]
    await line.after(2)
    assert [leg.to for leg in children(line, call)] == ["+66811111111", "client:a1"]
    assert children(line, call)[1].live


async def test_a_client_hears_the_whisper_first(line: Line) -> None:
    line.app["/voice"] = '<Dial><Client url="/whisper"><Identity>a1</Identity></Client></Dial>'
    line.app["/whisper"] = '<Say language="th-TH">' + "ก" * 30 + "</Say>"
    call = await line.call()
    [leg] = children(line, call)
    assert leg.to == "client:a1"
    assert line.app.to("/whisper")[0]["ParentCallSid"] == call.sid
    assert "dial" not in [entry.kind for entry in leg.transcript]
    await line.after(3)
    assert [entry.kind for entry in leg.transcript][-1] == "dial"


async def test_a_whisper_may_refuse_the_call(line: Line) -> None:
    line.app["/voice"] = '<Dial action="/done"><Number url="/whisper">191</Number></Dial>'
    line.app["/whisper"] = '<Gather numDigits="1" action="/accept"/><Hangup/>'
    line.app["/done"] = "<Hangup/>"
    await line.call()
    await line.after(3 + 5)
    [hit] = line.app.to("/done")
    assert hit["DialBridged"] == "false"


async def test_answer_on_bridge_keeps_the_caller_ringing(line: Line) -> None:
    line.app["/voice"] = '<Dial answerOnBridge="true">191</Dial>'
    call = await line.call()
    await line.after(2.9)
    assert call.status is Status.RINGING
    await line.after(0.2)
    assert call.status is Status.IN_PROGRESS


async def test_star_and_time_limit_end_the_talk_but_not_the_call(line: Line) -> None:
    put(line, "191", "answer")
    for attributes in ('hangupOnStar="true"', 'timeLimit="10"'):
        line.app["/voice"] = f"<Dial {attributes}>191</Dial><Say>Still here</Say>"
        call = await line.call()
        await line.after(9)
        assert line.said(call) == []
        call.press("*")
        await line.after(1)
        assert line.said(call) == ["Still here"]
        assert children(line, call)[0].ended
        await line.after(2)


async def test_star_without_leave_to_is_a_key_like_any_other(line: Line) -> None:
    put(line, "191", "answer")
    line.app["/voice"] = "<Dial>191</Dial>"
    call = await line.call()
    call.press("*")
    await line.after(10)
    assert call.live


async def test_the_caller_hangs_up_while_it_rings(line: Line) -> None:
    line.app["/voice"] = '<Dial action="/done">191</Dial>'
    call = await line.call()
    [leg] = children(line, call)
    call.end()
    await line.clock.settle()
    assert leg.status is Status.CANCELED
    assert not line.app.to("/done")


async def test_the_caller_hangs_up_in_the_talk(line: Line) -> None:
    line.app["/voice"] = "<Dial><Client>a1</Client></Dial>"
    call = await line.call()
    [leg] = children(line, call)
    await line.after(12)
    call.end()
    await line.clock.settle()
    assert (leg.status, leg.duration) == (Status.COMPLETED, 12)


async def test_the_leg_s_own_callbacks(line: Line) -> None:
    line.app["/voice"] = (
        '<Dial callerId="1337"><Number statusCallback="/leg" '
        'statusCallbackEvent="initiated ringing answered completed">191</Number></Dial>'
    )
    line.app["/leg"] = lambda _: web.Response(status=204)
    call = await line.call()
    await line.after(70)
    hits = line.app.to("/leg")
    assert [hit["CallStatus"] for hit in hits] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    assert [hit["SequenceNumber"] for hit in hits] == ["0", "1", "2", "3"]
    assert {hit["ParentCallSid"] for hit in hits} == {call.sid}
    assert {hit["From"] for hit in hits} == {"1337"}
    assert hits[-1]["CallDuration"] == "60"


async def test_rest_gives_a_leg_a_life_of_its_own(line: Line) -> None:
    line.app["/voice"] = '<Dial action="/done"><Client>a1</Client></Dial>'
    line.app["/done"] = "<Say>They went elsewhere</Say>"
    line.app["/elsewhere"] = '<Pause length="60"/>'
    call = await line.call()
    [leg] = children(line, call)
    await line.rest(lambda c: c.calls(leg.sid).update(url=line.app.url + "/elsewhere"))
    assert leg.live
    assert line.said(call) == ["They went elsewhere"]
    await line.after(5)
    assert call.ended
    assert leg.live
    await line.after(60)


async def test_rest_takes_the_caller_out_of_the_talk(line: Line) -> None:
    line.app["/voice"] = '<Dial action="/done"><Client>a1</Client></Dial>'
    line.app["/elsewhere"] = '<Pause length="60"/>'
    call = await line.call()
    [leg] = children(line, call)
    await line.rest(lambda c: c.calls(call.sid).update(url=line.app.url + "/elsewhere"))
    assert (call.live, leg.status) == (True, Status.COMPLETED)
    assert not line.app.to("/done")
    await line.after(60)


async def test_a_number_that_is_none(line: Line) -> None:
    line.app["/voice"] = '<Dial action="/done">+0</Dial>'
    line.app["/done"] = "<Hangup/>"
    call = await line.call()
    assert line.app.to("/done")[0]["DialCallStatus"] == "failed"
    assert [fault.code for fault in call.errors] == [13224]


async def test_a_page_that_listens_is_asked(line: Line) -> None:
    line.app["/voice"] = '<Dial timeout="20">+66899999999</Dial><Say>Declined</Say>'
    page = line.exchange.stations.open_page("+66899999999")
    call = await line.call()
    leg = page.get_nowait()
    assert leg is not None
    assert (await line.http.post(f"/handset/calls/{leg.sid}/answer")).status == 200
    await line.clock.settle()
    assert leg.live
    assert (await line.http.post(f"/handset/calls/{leg.sid}/answer")).status == 409
    call.end()
    other = await line.call()
    leg = page.get_nowait()
    assert leg is not None
    await line.http.post(f"/handset/calls/{leg.sid}/decline")
    await line.clock.settle()
    assert leg.status is Status.BUSY
    assert line.said(other) == ["Declined"]
    await line.call()
    await line.after(20)
    third = page.get_nowait()
    assert third is not None
    assert third.status is Status.NO_ANSWER
    line.exchange.stations.close_page("+66899999999", page)
    assert line.exchange.stations.get("+66899999999").outcome == "answer"
