"""What an application changes by REST during a conference, as it is heard and recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from exchange.call import Call
from exchange.conferences import Conference
from exchange.recordings import Recording
from exchange.voice import tones
from tests.exchange.conftest import Line
from tests.exchange.test_voice_mix import Voice, give
from tests.exchange.test_voice_verbs import listen
from tests.exchange.voice_support import power, unmulaw

CALLER, AGENT, THIRD = 1000, 2000, 4000
MUSIC = 1000
ROOM = (
    '<Dial><Conference beep="false" waitUrl="" statusCallback="/room" '
    'statusCallbackEvent="start end join leave mute hold modify"{}>room</Conference></Dial>'
    '<Pause length="600"/>'
)


@dataclass
class Room:
    """A caller and an agent in conference, and whoever joins them."""

    line: Line
    calls: dict[str, Call]
    voices: dict[str, Voice]

    @property
    def conference(self) -> Conference:
        found = self.line.exchange.conferences.living("room")
        assert found is not None
        return found

    async def add(self, who: str, to: str, level: int, **options: Any) -> None:
        """REST dials somebody out into the conference; they speak when they have answered."""
        options = {"beep": "false", "early_media": False, "label": who} | options
        made = await self.line.rest(
            lambda c: c.conferences(self.conference.sid).participants.create(
                from_="1337", to=to, **options
            )
        )
        call = self.line.exchange.call(made.call_sid)
        assert call is not None
        if not call.live:
            await self.line.after(3)  # a telephone is not picked up at once
        self.calls[who], self.voices[who] = call, give(self.line, call, level)

    async def update(self, who: str, **options: Any) -> Any:
        sids = self.conference.sid, self.calls[who].sid
        return await self.line.rest(
            lambda c: c.conferences(sids[0]).participants(sids[1]).update(**options)
        )

    def hears(self) -> dict[str, int]:
        """What each hears in the next frame: the sum of levels."""
        self.line.exchange.mixer.tick()
        return {who: voice.last for who, voice in self.voices.items()}

    def events(self) -> list[str]:
        return [hit["StatusCallbackEvent"] for hit in self.line.app.to("/room")]


async def meet(line: Line, attributes: str = "") -> Room:
    line.app["/room"] = lambda _: web.Response(status=204)
    line.app["/voice"] = ROOM.format(attributes)
    caller = await line.call()
    room = Room(line, {"caller": caller}, {"caller": give(line, caller, CALLER)})
    await room.add("agent", "client:agent-1", AGENT)
    assert room.hears() == {"caller": AGENT, "agent": CALLER}
    return room


@pytest.fixture
async def room(line: Line) -> Room:
    return await meet(line)


# -- participants ----------------------------------------------------------------------------------


@pytest.mark.parametrize("to", ["client:agent-2", "+66811111111"])
async def test_whom_rest_dials_out_to_is_heard(room: Room, to: str) -> None:
    await room.add("third", to, THIRD)
    assert room.hears() == {"caller": 6000, "agent": 5000, "third": 3000}
    sid = room.conference.sid
    by_label = await room.line.rest(lambda c: c.conferences(sid).participants("third").fetch())
    assert by_label.call_sid == room.calls["third"].sid
    await room.line.rest(lambda c: c.conferences(sid).participants("third").delete())
    room.voices.pop("third")
    assert room.hears() == {"caller": AGENT, "agent": CALLER}


async def test_on_hold_one_hears_the_hold_document_and_nobody_else(room: Room) -> None:
    line = room.line
    await room.add("third", "client:agent-2", THIRD)
    line.app["/hold"] = "<Play>/music.wav</Play>"
    line.app["/music.wav"] = tones.wave(tones.tone((MUSIC,), 2.0))
    held = await room.update("caller", hold=True, hold_url=line.app.url + "/hold")
    assert held.hold is True
    assert line.app.to("/hold")[0].method == "GET"
    heard = await listen(line, room.voices["caller"], 3.0)
    assert power(heard[:8000], MUSIC) > 0.1
    assert power(heard[-8000:], MUSIC) > 0.1, "again when it is through"
    assert abs(heard.mean()) < 100, "and not the agents, who are a constant"
    assert (room.voices["agent"].last, room.voices["third"].last) == (THIRD, AGENT)
    back = await room.update("caller", hold=False)
    assert back.hold is False
    assert room.hears() == {"caller": 6000, "agent": 5000, "third": 3000}
    assert not room.calls["caller"].playbacks


async def test_a_sound_file_may_be_the_hold_music(room: Room) -> None:
    line = room.line
    line.app["/hold.wav"] = tones.wave(tones.tone((MUSIC,), 2.0))
    await room.update("caller", hold=True, hold_url=line.app.url + "/hold.wav")
    assert power(await listen(line, room.voices["caller"], 1.0), MUSIC) > 0.1
    await room.update("caller", hold=False)
    assert room.hears() == {"caller": AGENT, "agent": CALLER}


async def test_who_is_on_hold_hears_no_beeps(line: Line) -> None:
    room = await meet(line)
    await room.update("caller", hold=True)
    await room.add("third", "client:agent-2", THIRD, beep="true")
    assert len(room.calls["agent"].playbacks) == 1
    assert len(room.calls["caller"].playbacks) == 1, "the music alone"


async def test_muted_is_silence_for_the_others_only(room: Room) -> None:
    await room.add("third", "client:agent-2", THIRD)
    await room.update("agent", muted=True)
    assert room.hears() == {"caller": THIRD, "agent": 5000, "third": CALLER}
    await room.update("agent", muted=False)
    assert room.hears() == {"caller": 6000, "agent": 5000, "third": 3000}


async def test_a_coach_is_heard_by_the_coached_alone(room: Room) -> None:
    agent = room.calls["agent"].sid
    await room.add("third", "client:chief", THIRD, coaching=True, call_sid_to_coach=agent)
    whispering = {"caller": AGENT, "agent": 5000, "third": 3000}
    assert room.hears() == whispering
    await room.update("third", coaching=False)
    assert room.hears() == {"caller": 6000, "agent": 5000, "third": 3000}
    again = await room.update("third", coaching=True, call_sid_to_coach=agent)
    assert (again.coaching, again.call_sid_to_coach) == (True, agent)
    assert room.hears() == whispering
    assert room.events().count("participant-modify") == 2


async def test_a_listener_whispers_and_barges_in_by_one_request_each(room: Room) -> None:
    """As a supervisor does; whoever is in between hears nothing that was not for them."""
    agent = room.calls["agent"].sid
    await room.add("chief", "client:chief", THIRD, muted=True)
    listening = {"caller": AGENT, "agent": CALLER, "chief": 3000}
    assert room.hears() == listening
    whisper = {"muted": False, "coaching": True, "call_sid_to_coach": agent}
    await room.update("chief", **whisper)
    assert room.hears() == listening | {"agent": 5000}
    await room.update("chief", muted=False, coaching=False)
    assert room.hears() == listening | {"caller": 6000, "agent": 5000}
    await room.update("chief", **whisper)
    room.calls["agent"].end()
    assert "chief" in room.voices
    assert room.hears()["caller"] == 0, "who is coached has gone: nobody else hears the coach"
    with pytest.raises(TwilioRestException, match="not present"):
        await room.update("chief", **whisper)
    await room.update("chief", muted=True, coaching=False)
    assert room.hears()["caller"] == 0


async def test_who_names_a_call_to_coach_coaches_unless_it_says_no(room: Room) -> None:
    agent = room.calls["agent"].sid
    await room.add("third", "client:chief", THIRD, call_sid_to_coach=agent)
    participant = room.conference.get("third")
    assert participant is not None and participant.options.coaching
    assert room.hears()["caller"] == AGENT
    await room.add("fourth", "client:b", 1, coaching=False, call_sid_to_coach=agent)
    assert room.hears()["caller"] == AGENT + 1


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"coaching": True}, 20001),
        ({"call_sid_to_coach": "CA" + "0" * 32}, 16028),
        ({"coaching": True, "call_sid_to_coach": "CA" + "0" * 32}, 16028),
    ],
)
async def test_nobody_coaches_who_is_not_there(
    room: Room, options: dict[str, Any], code: int
) -> None:
    for attempt in (room.update, lambda _, **o: room.add("third", "client:chief", THIRD, **o)):
        with pytest.raises(TwilioRestException) as refused:
            await attempt("agent", **options)
        assert (refused.value.status, refused.value.code) == (400, code)
    assert room.hears() == {"caller": AGENT, "agent": CALLER}
    assert len(room.conference) == 2


@pytest.mark.parametrize("ends", [True, False])
async def test_whether_the_conference_ends_with_one_can_be_changed(room: Room, ends: bool) -> None:
    await room.add("third", "client:agent-2", THIRD, end_conference_on_exit=not ends)
    changed = await room.update("third", end_conference_on_exit=ends)
    assert changed.end_conference_on_exit is ends
    hit = room.line.app.to("/room")[-1]
    assert hit["StatusCallbackEvent"] == "participant-modify"
    assert hit["EndConferenceOnExit"] == str(ends).lower()
    conference = room.conference
    room.calls["third"].end()
    await room.line.clock.settle()
    assert conference.ended is ends
    if not ends:
        room.voices.pop("third")
        assert room.hears() == {"caller": AGENT, "agent": CALLER}


# -- recordings ------------------------------------------------------------------------------------


async def talk(room: Room, seconds: float) -> None:
    for _ in range(round(seconds / 0.02)):
        room.line.exchange.mixer.tick()
        await room.line.clock.advance(0.02)


def levels(recording: Recording) -> list[Any]:
    """What each second of it holds: one level, as near as mu-law comes to it."""
    assert recording.duration is not None
    sound = unmulaw(recording.sound()[-8000 * recording.duration :])
    seconds = [sound[at + 800 : at + 7200] for at in range(0, len(sound), 8000)]
    for second in seconds:
        assert second.max() - second.min() < 100, "it changes where it should"
    return [pytest.approx(int(second[0]), rel=0.03) for second in seconds]


Of = Callable[[Client, Room], Any]


def of_call(client: Client, room: Room) -> Any:
    return client.calls(room.calls["caller"].sid)


def of_conference(client: Client, room: Room) -> Any:
    return client.conferences(room.conference.sid)


async def change(room: Room, of: Of, sid: str, status: str, **more: str) -> str:
    done = await room.line.rest(lambda c: of(c, room).recordings(sid).update(status=status, **more))
    return str(done.status)


@pytest.mark.parametrize("of", [of_call, of_conference])
@pytest.mark.parametrize(
    ("behavior", "kept"), [("silence", [3000, 0, 0, 3000]), ("skip", [3000, 3000]), ("", None)]
)
async def test_a_paused_recording_is_silent_or_skips(
    line: Line, of: Of, behavior: str, kept: list[int] | None
) -> None:
    room = await meet(line, ' record="record-from-start"' if of is of_conference else "")
    if of is of_call:
        await line.rest(lambda c: of(c, room).recordings.create())
    [recording] = line.exchange.recordings
    more = {"pause_behavior": behavior} if behavior else {}
    await talk(room, 1)
    assert await change(room, of, recording.sid, "paused", **more) == "paused"
    await talk(room, 2)
    assert await change(room, of, "Twilio.CURRENT", "in-progress") == "in-progress"
    await talk(room, 1)
    assert await change(room, of, recording.sid, "stopped") == "completed"
    await talk(room, 1)
    assert levels(recording) == (kept or [3000, 0, 0, 3000]), "silence unless it is said"


@pytest.mark.parametrize(("behavior", "kept"), [("silence", [3000, 0]), ("skip", [3000])])
async def test_a_recording_may_end_while_it_is_paused(
    line: Line, behavior: str, kept: list[int]
) -> None:
    room = await meet(line, ' record="record-from-start"')
    [recording] = line.exchange.recordings
    await talk(room, 1)
    await change(room, of_conference, recording.sid, "paused", pause_behavior=behavior)
    await talk(room, 1)
    room.conference.end("over")
    assert levels(recording) == kept


async def test_hold_mute_and_whisper_in_a_conferences_recording(line: Line) -> None:
    room = await meet(line, ' record="record-from-start"')
    [recording] = line.exchange.recordings
    await room.add("third", "client:chief", THIRD, call_sid_to_coach=room.calls["agent"].sid)
    await talk(room, 1)
    await room.update("caller", hold=True)
    await talk(room, 1)
    await room.update("caller", hold=False)
    await room.update("agent", muted=True)
    await talk(room, 1)
    await room.update("third", coaching=False)
    await talk(room, 1)
    room.conference.end("over")
    assert levels(recording) == [3000, AGENT, CALLER, 5000]
