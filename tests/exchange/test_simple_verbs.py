"""<Say>, <Play>, <Pause>, <Redirect>, <Reject>, <Hangup>, <Record>: one document each."""

from __future__ import annotations

import struct

import pytest
from aiohttp import web

from exchange import errors
from exchange.call import Status
from exchange.sound import sound_seconds, speech_seconds, wave_seconds
from tests.exchange.conftest import Line


def wave(seconds: float, *, law: bool = False, rate: int = 8000) -> bytes:
    """A silent sound file: 16-bit PCM, or 8-bit mu-law, which the standard library refuses."""
    width = 1 if law else 2
    data = b"\x00" * int(seconds * rate * width)
    kind = 7 if law else 1
    form = struct.pack("<HHIIHH", kind, 1, rate, rate * width, width, width * 8)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"LIST" + struct.pack("<I", 3) + b"abc\x00"
    chunks += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("a" * 30, 2.0), ("ก" * 20, 2.0), ("你" * 10, 2.0), ("я" * 15, 1.0), ("a", 0.5)],
)
def test_how_long_words_take(text: str, seconds: float) -> None:
    assert speech_seconds(text) == pytest.approx(seconds)


def test_how_long_files_take() -> None:
    assert wave_seconds(wave(1.5)) == pytest.approx(1.5)
    assert wave_seconds(wave(2.0, law=True)) == pytest.approx(2.0)
    for broken in (b"", b"ID3" + b"\x00" * 40, wave(1)[:20]):
        with pytest.raises(ValueError, match=r"RIFF|data"):
            wave_seconds(broken)


def mp3(
    seconds: float, version: int, kbits_index: int, size: int, samples: int, rate: int
) -> bytes:
    """Silent layer III frames behind an ID3 tag: header, then zeros."""
    head = bytes([0xFF, 0xE3 | version << 3, kbits_index << 4, 0])
    tag = b"ID3\x04\x00\x00" + bytes([0, 0, 1, 0]) + b"\xff\xfb\x90\x00" + b"\x00" * 124
    return tag + (head + b"\x00" * (size - 4)) * round(seconds * rate / samples)


def test_how_long_mp3_files_take() -> None:
    """128 kbit/s at 44.1 kHz has frames of 417 bytes; 64 kbit/s at 22.05 kHz of 208."""
    assert sound_seconds(mp3(3, 3, 9, 417, 1152, 44100)) == pytest.approx(3, abs=0.03)
    assert sound_seconds(mp3(3, 2, 8, 208, 576, 22050)) == pytest.approx(3, abs=0.03)
    with pytest.raises(ValueError, match="MPEG"):
        sound_seconds(b"ID3" + b"\x00" * 40)


async def test_say_takes_its_time_loops_and_keeps_language_and_voice(line: Line) -> None:
    line.app["/voice"] = '<Say language="th-TH" voice="alice" loop="2">' + "ก" * 20 + "</Say>"
    call = await line.call()
    first = call.transcript[0]
    assert (first.kind, first.language, first.voice) == ("say", "th-TH", "alice")
    await line.after(3.9)
    assert not call.ended
    assert len(line.said(call)) == 2
    await line.after(0.2)
    assert call.ended
    assert call.duration == 4


async def test_ssml_changes_the_sound_and_not_the_words(line: Line) -> None:
    line.app["/voice"] = (
        '<Say>One <emphasis level="strong">two</emphasis><break time="2s"/> three</Say>'
    )
    call = await line.call()
    assert line.said(call) == ["One two three"]
    await line.after(2.8)
    assert not call.ended
    await line.after(0.1)
    assert call.ended


@pytest.mark.parametrize("law", [False, True])
async def test_play_takes_as_long_as_the_file_and_fetches_it_once(line: Line, law: bool) -> None:
    line.app["/voice"] = '<Play loop="2">/a.wav</Play><Play>/a.wav</Play>'
    line.app["/a.wav"] = wave(1.5, law=law)
    call = await line.call()
    await line.after(4.4)
    assert not call.ended
    await line.after(0.2)
    assert call.ended
    assert len(line.app.to("/a.wav")) == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (web.Response(status=404), errors.RETRIEVAL_FAILURE),
        (b"not a sound", errors.PLAY_UNREADABLE),
        ("<Say>no</Say>", errors.PLAY_UNREADABLE),
    ],
)
async def test_a_file_that_cannot_be_played_is_logged_and_passed_over(
    line: Line, answer: object, code: int
) -> None:
    line.app["/voice"] = "<Play>/a.wav</Play><Say>On</Say>"
    line.app["/a.wav"] = answer
    call = await line.call()
    assert line.said(call) == ["On"]
    assert [fault.code for fault in call.errors] == [code]


async def test_play_digits(line: Line) -> None:
    line.app["/voice"] = '<Play digits="1w2"/>'
    call = await line.call()
    assert (call.transcript[0].kind, call.transcript[0].text) == ("play", "1w2")
    await line.after(0.9)
    assert not call.ended
    await line.after(0.2)
    assert call.ended


async def test_pause_first_delays_the_answer(line: Line) -> None:
    line.app["/voice"] = '<Pause length="3"/><Say>Hello</Say>'
    call = await line.call()
    assert call.status is Status.RINGING
    await line.after(2.9)
    assert call.answered_at is None
    await line.after(0.2)
    assert call.status is Status.IN_PROGRESS
    assert line.said(call) == ["Hello"]


async def test_redirect_goes_on_with_another_document(line: Line) -> None:
    line.app["/voice"] = '<Redirect method="GET">sub/next?step=2</Redirect><Say>Never</Say>'
    line.app["/sub/next"] = "<Redirect>more</Redirect>"
    line.app["/sub/more"] = "<Say>There</Say>"
    call = await line.call()
    assert line.said(call) == ["There"]
    [hit] = line.app.to("/sub/next")
    assert (hit.method, hit["step"], hit["CallSid"]) == ("GET", "2", call.sid)
    assert line.app.to("/sub/more")[0].method == "POST"


@pytest.mark.parametrize(
    ("verb", "status"),
    [("<Reject/>", "no-answer"), ('<Reject reason="busy"/>', "busy")],
)
async def test_reject_does_not_pick_up(line: Line, verb: str, status: str) -> None:
    line.app["/voice"] = verb + "<Say>Never</Say>"
    call = await line.call()
    assert call.status.value == status
    assert call.answered_at is None
    [hit] = line.app.to("/status")
    assert (hit["CallStatus"], hit["CallDuration"]) == (status, "0")


async def test_reject_after_the_answer_hangs_up(line: Line) -> None:
    line.app["/voice"] = "<Say>Hi</Say><Reject/>"
    call = await line.call()
    await line.after(1)
    assert call.status is Status.COMPLETED


async def test_hangup_ends_the_call(line: Line) -> None:
    line.app["/voice"] = "<Hangup/><Say>Never</Say>"
    call = await line.call()
    assert call.status is Status.COMPLETED
    assert call.answered_at is not None
    assert line.said(call) == []


async def test_an_empty_document_answers_and_hangs_up(line: Line) -> None:
    line.app["/voice"] = ""
    call = await line.call()
    assert call.status is Status.COMPLETED


async def test_record_ends_with_silence_and_tells_the_action(line: Line) -> None:
    line.app["/voice"] = '<Record action="/kept" timeout="3"/>'
    line.app["/kept"] = "<Hangup/>"
    call = await line.call({"speak": 7})
    await line.after(9.9)
    assert not line.app.to("/kept")
    await line.after(0.2)
    [hit] = line.app.to("/kept")
    assert (hit["RecordingDuration"], hit["Digits"]) == ("7", "")
    recording = await line.rest(lambda c: c.recordings(hit["RecordingSid"]).fetch())
    assert (recording.call_sid, recording.duration) == (call.sid, "7")
    assert [r.sid for r in await line.rest(lambda c: c.recordings.list())] == [recording.sid]


@pytest.mark.parametrize(
    ("verb", "seconds", "digits"),
    [('<Record action="/kept" maxLength="4"/>', "4", ""), ('<Record action="/kept"/>', "2", "#")],
)
async def test_record_ends_with_a_key_or_the_limit(
    line: Line, verb: str, seconds: str, digits: str
) -> None:
    line.app["/voice"] = verb
    line.app["/kept"] = "<Hangup/>"
    call = await line.call({"speak": 60})
    await line.after(2)
    if digits:
        call.press(digits)
    await line.after(2)
    [hit] = line.app.to("/kept")
    assert (hit["RecordingDuration"], hit["Digits"]) == (seconds, digits)


async def test_a_hangup_while_recording_keeps_what_was_said(line: Line) -> None:
    line.app["/voice"] = '<Record action="/kept" recordingStatusCallback="/recorded"/>'
    line.app["/kept"] = "<Say>Never</Say>"
    line.app["/recorded"] = web.Response(status=204)
    call = await line.call({"speak": 60})
    await line.after(3)
    call.end()
    await line.clock.settle()
    assert line.app.to("/kept")[0]["Digits"] == "hangup"
    assert line.app.to("/recorded")[0]["RecordingStatus"] == "completed"
    assert line.said(call) == []


async def test_a_recording_of_nothing_falls_through(line: Line) -> None:
    line.app["/voice"] = '<Record action="/kept"/><Say>Nothing heard</Say>'
    call = await line.call({"speak": 0})
    await line.after(5)
    assert line.said(call) == ["Nothing heard"]
    assert not line.app.to("/kept")
