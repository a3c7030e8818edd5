"""What the verbs do for a call that has sound: words, files, keys, messages."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exchange.call import Call
from exchange.clock import HandClock
from exchange.verbs import play
from exchange.voice import tones
from exchange.voice.decode import decode
from exchange.voice.speech import Announcer
from tests.exchange.conftest import Line
from tests.exchange.test_voice_mix import Voice, give
from tests.exchange.voice_support import power, unmulaw

SPEAKER = """#!{python}
# stands in for espeak-ng: a tone as long as the text, higher for Russian, at its 22,050 Hz
import array, math, struct, sys
text = sys.stdin.buffer.read().decode()
voice = sys.argv[sys.argv.index("-v") + 1]
if "fail" in text:
    sys.exit(1)
open({log!r}, "a").write(voice + " " + text + "\\n")
hertz = {{"en": 500, "ru": 900}}[voice]
count = 2205 * len(text)
wave = (int(9000 * math.sin(2 * math.pi * hertz * n / 22050)) for n in range(count))
data = array.array("h", wave)
form = struct.pack("<HHIIHH", 1, 1, 22050, 44100, 2, 16)
# a header that is written before the length is known, as espeak-ng's is
head = b"RIFF" + struct.pack("<I", 0x7FFFF024) + b"WAVEfmt " + struct.pack("<I", 16) + form
sys.stdout.buffer.write(head + b"data" + struct.pack("<I", 0x7FFFF000) + data.tobytes())
"""


@pytest.fixture
def speaker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of espeak-ng's name; what it said is in the file."""
    log = tmp_path / "said"
    program = tmp_path / "bin" / "espeak-ng"
    program.parent.mkdir()
    program.write_text(SPEAKER.format(python=sys.executable, log=str(log)))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    return log


async def call_with_sound(line: Line, level: int = 0) -> tuple[Call, Voice]:
    """A call whose first document is fetched when it has sound."""
    call = line.exchange.dial_in("+66812345678", "1337")
    voice = give(line, call, level)
    await line.clock.settle()
    return call, voice


async def listen(line: Line, voice: Voice, seconds: float) -> Any:
    """What is heard in the next seconds."""
    assert isinstance(line.clock, HandClock)
    begin = len(voice.heard)
    for _ in range(round(seconds / 0.02)):
        line.exchange.mixer.tick()
        await line.clock.advance(0.02)
    return np.concatenate(voice.heard[begin:])


async def test_words_are_heard_in_languages_that_have_a_voice(line: Line, speaker: Path) -> None:
    line.app["/voice"] = (
        '<Say language="en-GB">Hello world</Say><Say language="th-TH">สวัสดี</Say>'
        '<Say language="ru-RU">Привет</Say><Pause length="9"/>'
    )
    call, voice = await call_with_sound(line)
    english = await listen(line, voice, 1.1)
    assert power(english, 500) > 0.2
    thai = await listen(line, voice, 0.5)
    assert np.abs(thai).max() < 100
    await listen(line, voice, 0.1)
    assert power(await listen(line, voice, 0.4), 900) > 0.2
    said = [(entry.text, entry.heard) for entry in call.transcript if entry.kind == "say"]
    assert said == [("Hello world", True), ("สวัสดี", False), ("Привет", True)]


async def test_a_text_is_said_once_and_kept(speaker: Path) -> None:
    announcer = Announcer()
    first = await announcer.say("Press one", "en-US")
    again = await announcer.say("Press one", "en-GB")
    assert first is not None and first is again
    assert abs(len(first) - 900 * 8) < 20
    assert speaker.read_text() == "en Press one\n"
    assert await announcer.say("fail", "en") is None
    assert await announcer.say("สวัสดี", "th-TH") is None


async def test_a_text_that_could_not_be_said_is_tried_again(
    speaker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    announcer = Announcer()
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "which", lambda _: None)
        assert await announcer.say("Press one", "en-US") is None
    assert await announcer.say("Press one", "en-US") is not None


async def test_without_the_program_words_are_only_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert await Announcer().say("Hello", "en-US") is None


async def test_a_key_stops_what_is_being_said(line: Line, speaker: Path) -> None:
    line.app["/voice"] = (
        '<Gather numDigits="1" action="/next"><Say language="en">A long prompt</Say></Gather>'
    )
    line.app["/next"] = '<Pause length="9"/>'
    call, voice = await call_with_sound(line)
    assert power(await listen(line, voice, 0.2), 500) > 0.2
    call.press("1")
    await line.clock.settle()
    assert not (await listen(line, voice, 0.2)).any()
    assert call.playbacks == []


async def test_files_and_keys_are_heard(line: Line) -> None:
    sound = tones.wave(tones.tone((1000,), 0.5))
    line.app["/sound.wav"] = sound
    line.app["/voice"] = (
        '<Play loop="2">/sound.wav</Play><Play digits="w5"/><Play>/no.wav</Play><Pause/>'
    )
    call, voice = await call_with_sound(line)
    assert power(await listen(line, voice, 1.0), 1000) > 0.1
    assert len(line.app.to("/sound.wav")) == 2  # its length, then its sound; not once more
    await listen(line, voice, 0.5)
    key = await listen(line, voice, 0.16)
    assert power(key, 770) > 0.05 and power(key, 1336) > 0.05
    assert [entry.heard for entry in call.transcript if entry.kind == "play"] == [True] * 3
    await listen(line, voice, 0.1)
    assert [fault.code for fault in call.errors] == [11200]


async def test_keys_that_nobody_hears_are_not_made(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    real = tones.key

    def key(digit: str) -> Any:
        made.append(digit)
        return real(digit)

    monkeypatch.setattr(tones, "key", key)
    play.keyed.cache_clear()
    line.app["/voice"] = '<Play digits="159"/><Pause length="9"/>'
    silent = await line.call()
    await line.after(1)
    assert line.kinds(silent)[:2] == ["play", "pause"]
    assert made == []
    for _ in range(2):
        _, voice = await call_with_sound(line)
        assert power(await listen(line, voice, 0.16), 697) > 0.05
    assert made == ["1", "5", "9"], "and only once"


async def test_a_message_is_what_was_said_and_ends_with_silence(line: Line) -> None:
    line.app["/voice"] = '<Record action="/kept" timeout="3"/>'
    line.app["/kept"] = "<Hangup/>"
    _, voice = await call_with_sound(line)
    assert power(await listen(line, voice, 0.3), 1000) > 0.1  # the beep
    await listen(line, voice, 0.7)
    voice.level = 3000
    await listen(line, voice, 1.0)
    voice.level = 0
    await listen(line, voice, 3.1)
    [kept] = line.app.to("/kept")
    assert kept["RecordingDuration"] == "2"
    [recording] = line.exchange.recordings
    sound = unmulaw(recording.sound()[-16000:]).astype(int)
    assert not sound[:7900].any()  # the beep is not recorded
    assert (abs(sound[8200:15700] - 3000) < 100).all()


async def test_who_says_nothing_leaves_nothing(line: Line) -> None:
    line.app["/voice"] = '<Record action="/kept" timeout="3"/><Say>nothing</Say>'
    call, voice = await call_with_sound(line)
    await listen(line, voice, 3.1)
    assert line.said(call) == ["nothing"]
    assert line.app.to("/kept") == []


async def test_a_listener_without_a_microphone_types_the_message(line: Line) -> None:
    line.app["/voice"] = '<Record action="/kept" timeout="3"/>'
    line.app["/kept"] = "<Hangup/>"
    call = line.exchange.dial_in("+66812345678", "1337", {"speak": 20})
    voice = give(line, call, 0)
    voice.speaks = False
    await line.clock.settle()
    await listen(line, voice, 10)
    assert line.app.to("/kept") == []
    await line.after(13.1)
    assert line.app.to("/kept")[0]["RecordingDuration"] == "20"


async def test_a_conference_beeps_when_asked_to(line: Line) -> None:
    line.app["/voice"] = '<Dial><Conference waitUrl="">room</Conference></Dial>'
    _, voice = await call_with_sound(line)
    await listen(line, voice, 1.0)
    second = await line.call(from_="+66810000002")
    assert power(await listen(line, voice, 0.15), 620) > 0.03
    assert not (await listen(line, voice, 0.3)).any()
    second.end()
    assert power(await listen(line, voice, 0.15), 620) > 0.03


def test_files_are_decoded_to_the_telephones_samples() -> None:
    sound = tones.tone((700,), 1.0)
    assert (decode(tones.wave(sound)) == np.frombuffer(sound, np.int16)).all()
    with pytest.raises(ValueError, match="decoded"):
        decode(b"RIFF and nothing else")
    with pytest.raises(ValueError, match="decoded"):
        decode(b"")


async def test_texts_are_said_outside_the_loop(speaker: Path) -> None:
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    turning = asyncio.create_task(turn())
    await Announcer().say("Press one", "en-US")
    turning.cancel()
    assert turns > 10
