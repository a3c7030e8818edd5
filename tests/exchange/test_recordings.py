"""Recordings: who asks for one, what is told of it, and the sound."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from twilio.base.exceptions import TwilioRestException

from exchange import tape
from exchange.call import Call
from exchange.recordings import Recording
from exchange.sound import wave_seconds
from exchange.stations import Station
from exchange.tape import Stretch
from tests.exchange.conftest import SID, START, TOKEN, Hit, Line

EVENTS = (
    'recordingStatusCallback="/rec" recordingStatusCallbackEvent="in-progress completed absent"'
)
RIGHT = {"Authorization": aiohttp.encode_basic_auth(SID, TOKEN)}


@pytest.fixture
def studio(line: Line) -> Line:
    line.exchange.config = replace(line.exchange.config, base_url=line.url)
    line.exchange.base_url = line.url
    line.app["/rec"] = lambda _: web.Response(status=204)
    line.app["/done"] = '<Pause length="600"/>'
    line.exchange.stations.put("191", Station("answer", answer_after=3))
    return line


def told(line: Line) -> list[tuple[str, str | None]]:
    """Status and duration of each callback, in order."""
    return [(h["RecordingStatus"], h.params.get("RecordingDuration")) for h in line.app.to("/rec")]


def only(line: Line) -> Recording:
    [recording] = list(line.exchange.recordings)
    return recording


async def fetch(line: Line, url: str, **headers: str) -> tuple[int, bytes]:
    async with line.http.get(url.removeprefix(line.url), headers=headers) as response:
        if response.status < 300:
            assert response.content_type == "audio/x-wav"
        return response.status, await response.read()


async def refused(line: Line, work: Any) -> TwilioRestException:
    with pytest.raises(TwilioRestException) as fault:
        await line.rest(work)
    return fault.value


# -- the sound -------------------------------------------------------------------------------------


def test_mulaw_is_the_standard_s() -> None:
    """Values of ITU-T G.711: zero, both ends of the scale, and some on the way."""
    assert tape.mulaw(0) == 0xFF
    assert tape.mulaw(32635) == 0x80
    assert tape.mulaw(-32635) == 0x00
    assert tape.mulaw(-1) == 0x7F
    assert [tape.mulaw(n) for n in (8, 132, 1000, 8000)] == [0xFE, 0xEF, 0xCE, 0xA0]


@pytest.mark.parametrize("seconds", [1, 2, 61])
def test_a_file_is_exactly_as_long_as_asked(seconds: int) -> None:
    data = tape.wave([Stretch(0.3), Stretch(0.2, "silence"), Stretch(100.0, "talk")], seconds)
    assert wave_seconds(data) == seconds
    short = tape.wave([Stretch(0.5)], seconds)
    assert wave_seconds(short) == seconds
    assert set(short[-4000:]) == {0xFF}, "silence at the end"
    assert len(set(short[58 : 58 + 4000])) > 20, "a voice at the beginning"


async def test_an_hour_is_made_on_demand_and_kept_nowhere(studio: Line) -> None:
    studio.app["/voice"] = '<Record action="/done"/>'
    await studio.call({"speak": 3000})
    await studio.after(3010)
    recording = only(studio)
    assert len(recording.sound()) == 3000 * 8000 + 58
    assert len(recording._stretches) == 1


async def test_the_sound_is_served_with_and_without_extension(studio: Line) -> None:
    studio.app["/voice"] = '<Record action="/done"/>'
    await studio.call({"speak": 6.2})
    recording = only(studio)
    assert (await fetch(studio, recording.url))[0] == 404, "not while it is being recorded"
    await studio.after(20)
    [hit] = studio.app.to("/done")
    assert hit["RecordingUrl"] == recording.url
    status, data = await fetch(studio, recording.url)
    assert (status, wave_seconds(data)) == (200, 7.0)
    assert hit["RecordingDuration"] == "7"
    assert (await fetch(studio, recording.url + ".wav")) == (200, data)
    status, answer = await fetch(studio, recording.url + ".mp3")
    assert status == 404
    assert b".wav" in answer
    assert (await fetch(studio, recording.url, **RIGHT))[0] == 200
    assert (await fetch(studio, recording.url, Authorization="Basic eDp5"))[0] == 401
    assert (await fetch(studio, recording.url + "00"))[0] == 404


@pytest.mark.parametrize(
    ("asked", "first", "length"),
    [("bytes=0-99", 0, 100), ("bytes=100-", 100, None), ("bytes=-50", -50, 50)],
)
async def test_a_player_may_ask_for_a_part(
    studio: Line, asked: str, first: int, length: int | None
) -> None:
    studio.app["/voice"] = '<Record action="/done"/>'
    await studio.call({"speak": 2})
    await studio.after(20)
    _, data = await fetch(studio, only(studio).url)
    status, part = await fetch(studio, only(studio).url, Range=asked)
    assert status == 206
    end = None if length is None or first < 0 else first + length
    assert part == data[first:end]
    assert (await fetch(studio, only(studio).url, Range="bytes=99999999-"))[0] == 416


async def test_a_deleted_recording_is_gone_with_its_sound(studio: Line) -> None:
    studio.app["/voice"] = '<Record action="/done"/>'
    await studio.call({"speak": 2})
    recording = only(studio)
    error = await refused(studio, lambda c: c.recordings(recording.sid).delete())
    assert error.code == 21220
    await studio.after(20)
    assert await studio.rest(lambda c: c.recordings(recording.sid).delete())
    assert (await fetch(studio, recording.url))[0] == 404
    error = await refused(studio, lambda c: c.recordings(recording.sid).fetch())
    assert (error.status, error.code) == (404, 20404)


async def test_the_oldest_recordings_are_forgotten(studio: Line) -> None:
    studio.exchange.config = replace(studio.exchange.config, keep_recordings=2)
    studio.app["/voice"] = "<Record/>"
    studio.app["/voice"] = '<Record action="/done"/>'
    for _ in range(4):
        await studio.call({"speak": 1})
        await studio.after(10)
    kept = [recording.started_at.timestamp() - START for recording in studio.exchange.recordings]
    assert kept == [20, 30]


# -- <Record> --------------------------------------------------------------------------------------


async def test_record_tells_its_beginning_and_end(studio: Line) -> None:
    studio.app["/voice"] = f'<Record action="/done" timeout="3" {EVENTS}/>'
    call = await studio.call({"speak": 4})
    assert told(studio) == [("in-progress", None)]
    await studio.after(7.1)
    assert told(studio) == [("in-progress", None), ("completed", "4")]
    hit = studio.app.to("/rec")[-1]
    assert hit.params == {
        "AccountSid": SID,
        "CallSid": call.sid,
        "RecordingSid": only(studio).sid,
        "RecordingUrl": only(studio).url,
        "RecordingStatus": "completed",
        "RecordingDuration": "4",
        "RecordingChannels": "1",
        "RecordingStartTime": "Fri, 15 Jan 2027 08:00:00 +0000",
        "RecordingSource": "RecordVerb",
        "RecordingTrack": "both",
    }


async def test_a_recording_of_nothing_is_absent(studio: Line) -> None:
    studio.app["/voice"] = f'<Record action="/done" {EVENTS}/><Say>Nothing heard</Say>'
    call = await studio.call({"speak": 0})
    await studio.after(5.1)
    assert told(studio)[-1] == ("absent", None)
    assert studio.said(call) == ["Nothing heard"]
    assert (await fetch(studio, only(studio).url))[0] == 404


@pytest.mark.parametrize(("trim", "seconds"), [("trim-silence", "2"), ("do-not-trim", "5")])
async def test_silence_at_the_end_is_trimmed_or_not(studio: Line, trim: str, seconds: str) -> None:
    studio.app["/voice"] = f'<Record action="/done" timeout="3" trim="{trim}"/>'
    await studio.call({"speak": 2})
    await studio.after(5.1)
    assert studio.app.to("/done")[0]["RecordingDuration"] == seconds


async def test_words_may_be_left_by_script_or_by_hand(studio: Line) -> None:
    studio.app["/voice"] = '<Record action="/done" timeout="3" finishOnKey=""/>'
    call = await studio.call({"speak": "ก" * 40})
    assert only(studio).text == "ก" * 40
    await studio.after(7.1)
    assert studio.app.to("/done")[0]["RecordingDuration"] == "4"
    assert ("speech", "ก" * 40) in [(entry.kind, entry.text) for entry in call.transcript]
    by_hand = await studio.call({"speak": 60})
    await studio.after(2)
    for words in ("ก" * 30, "ข" * 20):
        body = {"text": words}
        await studio.http.post(f"/handset/calls/{by_hand.sid}/speech", json=body)
        await studio.after(4)
    assert by_hand.ear is not None
    await studio.after(1.1)
    assert studio.app.to("/done")[1]["RecordingDuration"] == "8", "2 s, 4 s, and 2 s of the last"
    [_, second] = list(studio.exchange.recordings)
    assert second.text == "ก" * 30 + " " + "ข" * 20


async def test_a_redirect_keeps_the_recording_and_asks_no_action(studio: Line) -> None:
    studio.app["/voice"] = f'<Record action="/done" {EVENTS}/>'
    call = await studio.call({"speak": 60})
    await studio.after(5)
    twiml = "<Response><Say>Elsewhere</Say></Response>"
    await studio.rest(lambda c: c.calls(call.sid).update(twiml=twiml))
    assert told(studio)[-1] == ("completed", "5")
    assert studio.said(call) == ["Elsewhere"]
    assert not studio.app.to("/done")


# -- <Dial record> ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "seconds", "channels"),
    [
        ("record-from-answer", "10", "1"),
        ("record-from-answer-dual", "10", "2"),
        ("record-from-ringing", "13", "1"),
        ("record-from-ringing-dual", "13", "2"),
        ("true", "10", "1"),
    ],
)
async def test_a_dial_is_recorded(studio: Line, mode: str, seconds: str, channels: str) -> None:
    studio.app["/voice"] = f'<Dial action="/done" record="{mode}" {EVENTS}>191</Dial>'
    call = await studio.call()
    await studio.after(13)
    [leg] = [c for c in studio.exchange.calls() if c.parent_sid == call.sid]
    leg.end(cause="the other side hung up")
    await studio.clock.settle()
    [hit] = studio.app.to("/done")
    assert hit["RecordingUrl"] == only(studio).url
    assert hit["RecordingDuration"] == seconds
    done = studio.app.to("/rec")[-1]
    assert (done["RecordingStatus"], done["RecordingSource"]) == ("completed", "DialVerb")
    assert (done["CallSid"], done["RecordingChannels"]) == (call.sid, channels)
    assert done["RecordingDuration"] == seconds
    assert wave_seconds((await fetch(studio, only(studio).url))[1]) == float(seconds)


@pytest.mark.parametrize("mode", ["do-not-record", "false", "record-from-answer"])
async def test_a_dial_without_a_recording(studio: Line, mode: str) -> None:
    outcome = "busy" if mode == "record-from-answer" else "answer"
    studio.exchange.stations.put("191", Station(outcome, answer_after=2, hang_up_after=5))
    studio.app["/voice"] = f'<Dial action="/done" record="{mode}" {EVENTS}>191</Dial>'
    await studio.call()
    await studio.after(10)
    [hit] = studio.app.to("/done")
    assert "RecordingUrl" not in hit.params
    assert told(studio) == []
    assert list(studio.exchange.recordings) == []


@pytest.mark.parametrize("how", ["hang-up", "redirect", "queue", "conference"])
async def test_a_dial_s_recording_ends_with_it(studio: Line, how: str) -> None:
    noun = {"queue": "<Queue>q</Queue>", "conference": "<Conference>c</Conference>"}.get(
        how, "<Client>a1</Client>"
    )
    studio.app["/voice"] = '<Enqueue waitUrl="">q</Enqueue>'
    await studio.call()
    await studio.after(3)
    studio.app["/voice"] = f'<Dial record="record-from-answer" {EVENTS}>{noun}</Dial>'
    call = await studio.call()
    await studio.after(6)
    assert told(studio) == [("in-progress", None)]
    if how == "redirect":
        url = studio.app.url + "/done"
        await studio.rest(lambda c: c.calls(call.sid).update(url=url))
    else:
        call.end()
    await studio.clock.settle()
    assert told(studio)[1:] == [("completed", "6")]


# -- <Conference record> ---------------------------------------------------------------------------


def room(attributes: str) -> str:
    return f'<Dial><Conference waitUrl="" {attributes}>room</Conference></Dial>'


async def meet(line: Line, attributes: str = f'record="record-from-start" {EVENTS}') -> list[Call]:
    line.app["/voice"] = room(attributes)
    first = await line.call()
    await line.after(5)
    line.app["/voice"] = room("")
    return [first, await line.call(from_="+66800000002")]


async def test_a_conference_is_recorded_from_its_start_to_its_end(studio: Line) -> None:
    first, second = await meet(studio)
    assert told(studio) == [("in-progress", None)], "not while the first one waits"
    await studio.after(30)
    first.end()
    await studio.after(12)
    assert len(told(studio)) == 1, "the conference goes on without the one who asked"
    second.end()
    await studio.clock.settle()
    hit = studio.app.to("/rec")[-1]
    [conference] = list(studio.exchange.conferences)
    assert (hit["RecordingStatus"], hit["RecordingDuration"]) == ("completed", "42")
    assert (hit["RecordingSource"], hit["ConferenceSid"]) == ("Conference", conference.sid)
    assert hit["RecordingStartTime"] == "Fri, 15 Jan 2027 08:00:05 +0000"
    assert "CallSid" not in hit.params
    listed = await studio.rest(lambda c: c.conferences(conference.sid).recordings.list())
    assert [(r.sid, r.source, r.duration) for r in listed] == [
        (only(studio).sid, "Conference", "42")
    ]


async def test_a_conference_is_recorded_once_whoever_asks(studio: Line) -> None:
    await meet(studio)
    studio.app["/voice"] = room(f'record="record-from-start" {EVENTS}')
    await studio.call(from_="+66800000003")
    assert len(list(studio.exchange.recordings)) == 1


@pytest.mark.parametrize("options", [{"conference_record": "record-from-start"}, {"record": True}])
async def test_a_participant_by_rest_may_be_recorded(studio: Line, options: dict[str, Any]) -> None:
    studio.app["/voice"] = room("")
    await studio.call()
    prefix = "conference_recording" if "conference_record" in options else "recording"
    options |= {
        f"{prefix}_status_callback": studio.app.url + "/rec",
        f"{prefix}_status_callback_event": ["in-progress", "completed"],
    }
    participant = await studio.rest(
        lambda c: c.conferences("room").participants.create(from_="1337", to="client:a1", **options)
    )
    await studio.after(20)
    await studio.rest(
        lambda c: c.conferences(participant.conference_sid).update(status="completed")
    )
    assert told(studio) == [("in-progress", None), ("completed", "20")]
    expected = "Conference" if prefix == "conference_recording" else "OutboundAPI"
    assert {hit["RecordingSource"] for hit in studio.app.to("/rec")} == {expected}


# -- REST ------------------------------------------------------------------------------------------


async def start(line: Line, call: Call, **options: Any) -> Any:
    return await line.rest(
        lambda c: c.calls(call.sid).recordings.create(
            recording_status_callback=line.app.url + "/rec",
            recording_status_callback_event=["in-progress", "completed"],
            **options,
        )
    )


@pytest.mark.parametrize(("behavior", "seconds"), [("silence", 30), ("skip", 20)])
async def test_a_recording_is_started_paused_resumed_and_stopped(
    studio: Line, behavior: str, seconds: int
) -> None:
    studio.app["/voice"] = '<Pause length="100"/>'
    studio.app["/voice"] = '<Say>Hello</Say><Pause length="100"/>'
    call = await studio.call()
    made = await start(studio, call, recording_channels="dual", recording_track="inbound")
    assert (made.status, made.source, made.channels) == ("in-progress", "StartCallRecordingAPI", 2)
    await studio.after(10)
    context = studio.client.calls(call.sid).recordings("Twilio.CURRENT")
    paused = await studio.rest(lambda _: context.update(status="paused", pause_behavior=behavior))
    assert (paused.sid, paused.status) == (made.sid, "paused")
    await studio.after(10)
    assert (await studio.rest(lambda _: context.update(status="in-progress"))).sid == made.sid
    await studio.after(10)
    done = await studio.rest(lambda _: context.update(status="stopped"))
    assert (done.status, done.duration) == ("completed", str(seconds))
    _, data = await fetch(studio, only(studio).url)
    assert wave_seconds(data) == seconds
    quiet = set(data[58 + 8000 * 12 : 58 + 8000 * 18]) == {0xFF}
    assert quiet is (behavior == "silence")
    assert told(studio) == [("in-progress", None), ("completed", str(seconds))]
    assert studio.app.to("/rec")[0]["RecordingTrack"] == "inbound"
    error = await refused(studio, lambda _: context.update(status="paused"))
    assert error.status == 404, "nothing is being recorded any more"
    error = await refused(
        studio, lambda c: c.calls(call.sid).recordings(made.sid).update(status="paused")
    )
    assert error.code == 21220


async def test_a_recording_ends_with_its_call(studio: Line) -> None:
    studio.app["/voice"] = '<Say>Hello</Say><Pause length="100"/>'
    call = await studio.call()
    await start(studio, call)
    await studio.after(9)
    call.end()
    await studio.clock.settle()
    assert told(studio)[-1] == ("completed", "9")
    error = await refused(studio, lambda c: c.calls(call.sid).recordings.create())
    assert (error.status, error.code) == (400, 21220)


async def test_an_outgoing_call_is_recorded_from_its_answer(studio: Line) -> None:
    def recorded(hit: Hit) -> web.Response:
        return web.Response(status=204)

    studio.app["/rec"] = recorded
    call = await studio.rest(
        lambda c: c.calls.create(
            to="191",
            from_="1337",
            twiml="<Response><Pause length='8'/></Response>",
            record=True,
            recording_status_callback=studio.app.url + "/rec",
        )
    )
    await studio.after(12)
    [hit] = studio.app.to("/rec")
    assert (hit["RecordingDuration"], hit["RecordingSource"]) == ("8", "OutboundAPI")
    assert hit["CallSid"] == call.sid


async def test_recordings_are_listed_by_call_conference_and_date(studio: Line) -> None:
    first, second = await meet(studio)
    await start(studio, second)
    await studio.after(5)
    by_call = await studio.rest(lambda c: c.calls(second.sid).recordings.list())
    [conference] = list(studio.exchange.conferences)
    by_conference = await studio.rest(lambda c: c.recordings.list(conference_sid=conference.sid))
    everything = await studio.rest(lambda c: c.recordings.list())
    assert [r.source for r in by_call] == ["StartCallRecordingAPI"]
    assert [r.source for r in by_conference] == ["Conference"]
    assert len(everything) == 2
    day = studio.clock.now().replace(minute=0, second=0)
    assert len(await studio.rest(lambda c: c.recordings.list(date_created=day))) == 2
    assert await studio.rest(lambda c: c.recordings.list(date_created_before=day)) == []
    error = await refused(studio, lambda c: c.calls(first.sid).recordings(by_call[0].sid).fetch())
    assert error.status == 404, "another call's"
    current = studio.client.conferences(conference.sid).recordings("Twilio.CURRENT")
    stopped = await studio.rest(lambda _: current.update(status="stopped"))
    assert (stopped.sid, stopped.status) == (by_conference[0].sid, "completed")


@pytest.mark.parametrize(
    "options",
    [
        {"recording_channels": "three"},
        {"recording_track": "left"},
        {"recording_status_callback_event": ["failed"]},
    ],
)
async def test_what_cannot_be_recorded(studio: Line, options: dict[str, Any]) -> None:
    studio.app["/voice"] = '<Say>Hello</Say><Pause length="100"/>'
    call = await studio.call()
    options = {"recording_status_callback": studio.app.url + "/rec"} | options
    error = await refused(studio, lambda c: c.calls(call.sid).recordings.create(**options))
    assert error.status == 400
    made = await start(studio, call)
    for wrong in ({"status": "completed"}, {"status": "paused", "pause_behavior": "noise"}):
        error = await refused(
            studio, lambda c, w=wrong: c.calls(call.sid).recordings(made.sid).update(**w)
        )
        assert error.status == 400


def test_the_file_opens_as_sound() -> None:
    """The format chunk says mu-law, 8 kHz, mono, and the sizes agree with the file."""
    data = io.BytesIO(tape.wave([Stretch(1.0)], 1)).getvalue()
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    assert data[20:26] == bytes([7, 0, 1, 0, 0x40, 0x1F])
