"""Sound without a network: mixing, who hears whom, recordings, and the sounds made here."""

from __future__ import annotations

import io
import wave
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange import tape
from exchange.call import Call
from exchange.recordings import Wish
from exchange.stations import Station
from exchange.tape import Reel
from exchange.voice import mix, tones
from exchange.voice.media import NOBODY, reachable
from exchange.voice.mix import FRAME, Playback, Samples, mixed
from tests.exchange.conftest import Line
from tests.exchange.voice_support import fetch, power, unmulaw


class Voice:
    """A leg that says one number, and keeps what it hears."""

    def __init__(self, level: int) -> None:
        self.level = level
        self.heard: list[Samples] = []
        self.spoke_at = 0.0
        self.speaks = True
        self.closed = False

    def take(self) -> Samples | None:
        return np.full(FRAME, self.level, np.int16) if self.level else None

    def hear(self, samples: Samples) -> None:
        self.heard.append(samples)

    async def ready(self, seconds: float) -> None: ...

    async def close(self) -> None:
        self.closed = True

    @property
    def last(self) -> int:
        return int(self.heard[-1][0])


def give(line: Line, call: Call, level: int) -> Voice:
    """The call has sound; the mixer's ticks are the test's."""
    voice = Voice(level)
    call.media = voice  # type: ignore[assignment]
    line.exchange.mixer._legs[call] = voice  # type: ignore[index, assignment]
    return voice


frames = st.lists(st.integers(-32768, 32767), min_size=FRAME, max_size=FRAME).map(
    lambda values: np.array(values, np.int16)
)


@given(st.lists(st.one_of(st.none(), frames), max_size=4))
def test_the_sum_is_cut_off_at_sixteen_bits(given: list[Any]) -> None:
    there = [frame.astype(int) for frame in given if frame is not None]
    result = mixed(given)
    if not there:
        assert result is None
    else:
        assert result is not None and result.dtype == np.int16
        assert (result == np.clip(sum(there), -32768, 32767)).all()


@given(frames)
def test_mu_law_is_the_tapes(frame: Any) -> None:
    assert mix.mulaw(frame) == bytes(tape.mulaw(int(sample)) for sample in frame)
    error = np.abs(unmulaw(mix.mulaw(frame)).astype(int) - frame.astype(int))
    assert (error <= np.maximum(16, np.abs(frame.astype(int)) / 16)).all()


def test_a_playback_ends_with_silence_or_begins_again() -> None:
    sound = np.arange(FRAME + 10, dtype=np.int16)
    once = Playback(sound)
    first, second = once.next(), once.next()
    assert first is not None and (first == sound[:FRAME]).all()
    assert second is not None and second[9] == FRAME + 9 and not second[10:].any()
    assert once.over and once.next() is None
    circle = Playback(sound, loop=True)
    heard = [circle.next() for _ in range(3)]
    assert not circle.over and (heard[2] == heard[0]).all()


def test_loud_and_quiet() -> None:
    assert not mix.loud(mix.SILENCE)
    assert not mix.loud(np.full(FRAME, 100, np.int16))
    assert mix.loud(np.frombuffer(tones.key("5"), np.int16)[:FRAME])


async def test_no_ticker_without_sound(line: Line) -> None:
    line.app["/voice"] = '<Enqueue waitUrl="">help</Enqueue>'
    await line.call()
    assert "mixer" not in line.exchange.__dict__


async def conference(line: Line, *levels: int) -> tuple[list[Call], list[Voice]]:
    line.app["/voice"] = '<Dial><Conference beep="false" waitUrl="">room</Conference></Dial>'
    calls = [await line.call(from_=f"+6681000000{number}") for number in range(len(levels))]
    return calls, [give(line, call, level) for call, level in zip(calls, levels, strict=True)]


async def test_each_hears_the_sum_of_the_others(line: Line) -> None:
    _, voices = await conference(line, 1, 20, 300)
    line.exchange.mixer.tick()
    assert [voice.last for voice in voices] == [320, 301, 21]


async def test_a_key_is_heard_by_the_others_one_after_the_other(line: Line) -> None:
    calls, voices = await conference(line, 1, 20)
    calls[0].press("91")
    for _ in range(25):
        line.exchange.mixer.tick()
    heard = np.concatenate(voices[1].heard)
    nine, one = heard[: 6 * FRAME], heard[11 * FRAME : 17 * FRAME]
    assert min(power(nine, 852), power(nine, 1477)) > 10 * max(power(nine, 697), power(nine, 941))
    assert min(power(one, 697), power(one, 1209)) > 10 * max(power(one, 852), power(one, 941))
    assert voices[1].last == 1  # and then the voice again
    assert {int(frame.max()) for frame in voices[0].heard} == {20}  # who presses is told by the key


async def test_a_key_of_whom_nobody_may_hear_is_not_heard(line: Line) -> None:
    calls, voices = await conference(line, 1, 20)
    line.app["/voice"] = '<Pause length="60"/>'
    alone = give(line, await line.call(from_="+66810000009"), 300)
    room = line.exchange.conferences.living("room")
    assert room is not None
    next(iter(room)).mute(True)
    for call in (calls[0], *line.exchange.calls(live=True)):
        call.press("5")
    line.exchange.mixer.tick()
    assert voices[1].last == 0 and alone.last == 0


async def test_who_is_muted_or_on_hold_or_coaches_is_not_heard(line: Line) -> None:
    calls, voices = await conference(line, 1, 20, 300)
    room = line.exchange.conferences.living("room")
    assert room is not None
    first, second, third = room
    first.mute(True)
    line.exchange.mixer.tick()
    assert [voice.last for voice in voices] == [320, 300, 20]
    first.mute(False)
    second.coach(calls[0].sid)
    line.exchange.mixer.tick()
    assert [voice.last for voice in voices] == [320, 301, 1]
    second.coach(None)
    third.put_on_hold(True)
    await line.clock.settle()
    line.exchange.mixer.tick()
    assert [voice.last for voice in voices[:2]] == [20, 1]
    assert calls[2].playbacks  # the music
    third.put_on_hold(False)
    await line.clock.settle()
    line.exchange.mixer.tick()
    assert [voice.last for voice in voices] == [320, 301, 21]
    assert not calls[2].playbacks


async def test_silent_legs_are_silence(line: Line) -> None:
    _, voices = await conference(line, 0, 20)
    await line.call(from_="+66810000009")  # nothing but a number
    line.exchange.mixer.tick()
    assert [voice.last for voice in voices] == [20, 0]


async def test_who_waits_hears_music_until_somebody_comes(line: Line) -> None:
    line.app["/voice"] = '<Dial><Conference beep="false">room</Conference></Dial>'
    first = await line.call()
    give(line, first, 1)
    room = line.exchange.conferences.living("room")
    assert room is not None
    [waiting] = room
    waiting.play()
    await line.clock.settle()
    assert len(first.playbacks) == 1
    second = await line.call(from_="+66810000002")
    give(line, second, 20)
    line.exchange.mixer.tick()
    assert first.playbacks == []


async def test_a_dialler_hears_ringing_and_then_the_other(line: Line) -> None:
    line.app["/voice"] = "<Dial>+66899999999</Dial>"
    caller = await line.call()
    voice = give(line, caller, 1)
    line.exchange.mixer.tick()
    line.exchange.mixer.tick()
    assert voice.heard[-1].any()  # the ringing
    await line.after(3)
    [other] = [call for call in line.exchange.calls() if call.to == "+66899999999"]
    answered = give(line, other, 20)
    line.exchange.mixer.tick()
    assert (voice.last, answered.last) == (20, 1)
    caller.end()
    await line.clock.settle()
    assert voice.closed and answered.closed


@pytest.mark.parametrize(
    "twiml",
    [
        '<Play loop="0">/music.wav</Play>',
        '<Record action="/kept"/>',
        "<Dial><Conference>room</Conference></Dial>",
        "<Enqueue>help</Enqueue>",
        '<Dial record="record-from-ringing">+66899999999</Dial>',
    ],
)
async def test_an_ended_call_keeps_no_sound(line: Line, twiml: str) -> None:
    line.app["/music.wav"] = tones.wave(tones.tone((1000,), 9.0))
    line.app["/voice"] = twiml
    caller = line.exchange.dial_in("+66812345678", "1337")
    voice = give(line, caller, 1000)
    await line.clock.settle()
    for _ in range(60):
        line.exchange.mixer.tick()
        await line.clock.advance(0.02)
    recordings = list(line.exchange.recordings)
    caller.end()
    await line.clock.settle()
    assert (caller.media, caller.playbacks, caller.company) == (None, [], None)
    assert voice.closed
    for recording in recordings:  # a call's sound is in its recording, not in the call
        assert unmulaw(recording.sound()[-16000:])[4000] > 900


async def test_early_media_is_the_ringing(line: Line) -> None:
    """A participant who joins while it rings is heard ringing, and then speaking."""
    _, [voice] = await conference(line, 1)
    line.exchange.stations.put("client:b", Station(answer_after=5.0))
    await line.rest(
        lambda c: c.conferences("room").participants.create(to="client:b", from_="1", beep="false")
    )
    await line.clock.settle()
    for _ in range(5):
        line.exchange.mixer.tick()
    assert voice.heard[-1].any()
    await line.after(5)
    line.exchange.mixer.tick()
    assert not voice.heard[-1].any()


async def test_queues_and_bridges_have_sound(line: Line) -> None:
    line.app["/voice"] = "<Enqueue>help</Enqueue>"
    caller = line.exchange.dial_in("+66810000001", "1337")
    voice = give(line, caller, 1)
    await line.clock.settle()
    line.exchange.mixer.tick()
    assert len(caller.playbacks) == 1
    twiml = "<Response><Dial><Queue>help</Queue></Dial></Response>"
    await line.rest(lambda c: c.calls.create(to="client:a", from_="1337", twiml=twiml))
    [agent] = [call for call in line.exchange.calls() if call.to == "client:a"]
    other = give(line, agent, 20)
    line.exchange.mixer.tick()
    assert (voice.last, other.last) == (20, 1)


async def test_a_conference_is_recorded_as_it_was(line: Line) -> None:
    line.app["/voice"] = (
        '<Dial><Conference beep="false" record="record-from-start">room</Conference></Dial>'
    )
    calls = [await line.call(from_=f"+6681000000{number}") for number in range(2)]
    voices = [give(line, call, level) for call, level in zip(calls, (1000, 2000), strict=True)]
    for _ in range(50):
        line.exchange.mixer.tick()
        await line.clock.advance(0.02)
    voices[0].level = 0
    for _ in range(50):
        line.exchange.mixer.tick()
        await line.clock.advance(0.02)
    calls[0].end()
    calls[1].end()
    await line.clock.settle()
    [recording] = line.exchange.recordings
    assert recording.duration == 2
    line.exchange.base_url = line.url
    sound = unmulaw((await fetch(recording.url))[-16000:])
    assert len(sound) == 16000
    assert abs(int(sound[4000]) - 3000) < 100
    assert abs(int(sound[12000]) - 2000) < 100
    path = line.exchange.recordings.folder / recording.sid
    assert path.exists()
    await line.rest(lambda c: c.recordings(recording.sid).delete())
    assert not path.exists()


async def test_a_dials_recording_has_the_track_that_was_asked_for(line: Line) -> None:
    kept = {}
    for track in ("inbound", "outbound", "both"):
        line.app["/voice"] = (
            f'<Dial record="record-from-answer" recordingTrack="{track}"><Client>a</Client></Dial>'
        )
        caller = await line.call()
        give(line, caller, 1000)
        [other] = [c for c in line.exchange.calls(live=True) if c.to == "client:a"]
        give(line, other, 2000)
        for _ in range(50):
            line.exchange.mixer.tick()
            await line.clock.advance(0.02)
        caller.end()
        await line.clock.settle()
        recording = list(line.exchange.recordings)[-1]
        kept[track] = round(int(unmulaw(recording.sound()[-8000:])[4000]), -2)
    assert kept == {"inbound": 1000, "outbound": 2000, "both": 3000}


async def test_a_leg_that_fails_is_out_and_the_others_hear_on(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> Any:
        raise ValueError("a frame of another size")

    calls, voices = await conference(line, 1, 20, 300, 4000)
    voices[0].take = broken  # type: ignore[method-assign]
    voices[1].hear = broken  # type: ignore[method-assign]
    for _ in range(3):
        line.exchange.mixer.tick()
    await line.clock.settle()
    assert [call.ended for call in calls] == [True, True, False, False]
    assert calls[0].end_cause == "the line broke"
    assert [voice.last for voice in voices[2:]] == [4000, 300]
    faults = [entry for entry in caplog.records if "sound of call" in entry.message]
    assert [calls[0].sid in faults[0].message, calls[1].sid in faults[1].message] == [True, True]
    assert len(faults) == 2


async def record(line: Line, seconds: float) -> None:
    for _ in range(round(seconds / 0.02)):
        line.exchange.mixer.tick()
        await line.clock.advance(0.02)


async def test_a_recording_that_fails_spoils_no_other(
    line: Line, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    calls, voices = await conference(line, 1000, 2000)
    first, second = [
        line.exchange.recordings.start(call, Wish("StartCallRecordingAPI", track="inbound"))
        for call in calls
    ]
    await record(line, 1)

    def full(*_: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(first._reel, "write", full)
    await record(line, 1)
    assert [voice.last for voice in voices] == [2000, 1000]
    assert len([e for e in caplog.records if "keeps no more sound" in e.message]) == 1
    for call in calls:
        call.end()
    await line.clock.settle()
    kept = [unmulaw(each.sound()[-16000:]) for each in (first, second)]
    assert [round(int(sound[4000]), -2) for sound in kept] == [1000, 2000]
    assert [round(int(sound[12000]), -2) for sound in kept] == [0, 2000], "the rest is silence"


async def test_a_disk_that_is_full_keeps_no_call_from_ending(line: Line, tmp_path: Any) -> None:
    class Full(io.BytesIO):
        def close(self) -> None:
            raise OSError("no space left on device")

    calls, _ = await conference(line, 1000, 2000)
    recording = line.exchange.recordings.start(calls[0], Wish("StartCallRecordingAPI"))
    await record(line, 0.1)
    assert recording._reel is not None
    recording._reel._file.close()
    recording._reel._file = Full()  # type: ignore[assignment]
    calls[0].end()
    assert recording.status == "completed"


async def test_there_is_a_limit_to_the_sound_that_is_kept(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    line.exchange.config = replace(line.exchange.config, keep_sound=20_000)
    recordings = line.exchange.recordings
    calls, voices = await conference(line, 1000, 2000)
    first = recordings.start(calls[0], Wish("StartCallRecordingAPI"))
    await record(line, 1)
    first.stop()
    inbound = Wish("StartCallRecordingAPI", track="inbound")
    silent = recordings.start(await line.call(), inbound)
    second = recordings.start(calls[0], Wish("StartCallRecordingAPI"))
    await record(line, 1)
    assert list(recordings) == [first, silent, second]
    await record(line, 1)
    assert list(recordings) == [silent, second], "the oldest one with sound makes room"
    assert [path.name for path in recordings.folder.iterdir()] == [second.sid]
    await record(line, 1)
    assert recordings.kept == second.size <= 20_000
    assert len([e for e in caplog.records if "keeps no more sound" in e.message]) == 1
    second.stop()
    sound = unmulaw(second.sound()[-24000:])
    assert (sound[8000] > 0, sound[22000]) == (True, 0)
    await line.rest(lambda c: c.recordings(second.sid).delete())
    assert recordings.kept == 0
    for voice in voices:
        assert voice.heard


def test_a_reel_fills_gaps_with_silence(tmp_path: Any) -> None:
    reel = Reel(tmp_path / "reel")
    reel.write(0.0, b"a" * 160)
    reel.write(0.03, b"b" * 160)  # a ticker that is late by a little
    reel.write(1.0, b"c" * 160)
    reel.close()
    data = reel.read()
    assert data[:320] == b"a" * 160 + b"b" * 160
    assert data[320:8000] == tape.SILENCE * 7680
    assert data[8000:] == b"c" * 160
    reel.delete()
    assert reel.read() == b""


# ---- sounds made here -------------------------------------------------------------------------


@pytest.mark.parametrize("digit", "1234567890*#")
def test_a_key_is_two_tones(digit: str) -> None:
    sound = tones.key(digit, 0.5)
    all_tones = tones.ROWS + tones.COLUMNS
    loudest = sorted(all_tones, key=lambda hertz: power(sound, hertz))[-2:]
    [row] = [n for n, keys in enumerate(tones.KEYS) if digit in keys]
    assert sorted(loudest) == [tones.ROWS[row], tones.COLUMNS[tones.KEYS[row].index(digit)]]


def test_every_sound_of_the_sdk_is_a_wave_file() -> None:
    sounds = tones.device_sounds()
    keys = {f"dtmf{key}" for key in "0123456789sh"}
    assert set(sounds) == keys | {"incoming", "outgoing", "disconnect"}
    for data in sounds.values():
        with wave.open(io.BytesIO(data)) as file:
            assert file.getparams()[:3] == (1, 2, 8000)
            assert np.abs(np.frombuffer(file.readframes(10**6), np.int16)).max() > 1000


def test_music_and_ringing_do_not_click() -> None:
    for sound in (tones.music(), tones.ringback(), tones.beep()):
        samples = np.frombuffer(sound, np.int16).astype(int)
        assert abs(samples[0]) < 100 and abs(samples[-1]) < 300
        assert 1000 < np.abs(samples).max() < 16000


def test_a_browsers_candidates_are_left_out() -> None:
    sdp = "v=0\r\na=candidate:7 1 udp 1 x.local 5 typ host\r\nm=audio 9 x\r\n"
    assert reachable(sdp) == f"v=0\r\nm=audio 9 x\r\n{NOBODY}\r\na=end-of-candidates\r\n"
