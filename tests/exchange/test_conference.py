"""<Dial><Conference> and the participants that REST adds."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from exchange.call import Call, Status
from exchange.conferences import Conference
from exchange.stations import Station
from tests.exchange.conftest import Line

EVENTS = "start end join leave mute hold modify"


def room(attributes: str = "", events: str = EVENTS) -> str:
    return (
        f'<Dial action="/out"><Conference statusCallback="/room" statusCallbackEvent="{events}" '
        f'waitUrl="/music" {attributes}>room</Conference></Dial><Say>Never</Say>'
    )


@pytest.fixture
def meeting(line: Line) -> Line:
    line.app["/voice"] = room()
    line.app["/music"] = '<Pause length="20"/>'
    line.app["/room"] = lambda _: web.Response(status=204)
    line.app["/out"] = "<Say>Goodbye</Say>"
    return line


def events(line: Line) -> list[str]:
    return [hit["StatusCallbackEvent"] for hit in line.app.to("/room")]


def living(line: Line) -> Conference:
    conference = line.exchange.conferences.living("room")
    assert conference is not None
    return conference


async def invite(line: Line, to: str = "client:a1", **options: Any) -> Call:
    participant = await line.rest(
        lambda c: c.conferences("room").participants.create(from_="1337", to=to, **options)
    )
    call = line.exchange.call(participant.call_sid)
    assert call is not None
    return call


async def test_the_first_waits_with_music_the_second_starts_it(meeting: Line) -> None:
    first = await meeting.call()
    assert living(meeting).status == "init"
    await meeting.after(45)
    assert len(meeting.app.to("/music")) == 3
    second = await meeting.call(from_="+66800000002")
    assert living(meeting).status == "in-progress"
    assert events(meeting) == ["participant-join", "participant-join", "conference-start"]
    await meeting.after(100)
    assert len(meeting.app.to("/music")) == 3, "the music stops when the conference starts"
    assert first.where == second.where == "conference"
    assert first.conference == "room"


async def test_callbacks_are_numbered_and_describe_the_participant(meeting: Line) -> None:
    first = await meeting.call()
    await meeting.call(from_="+66800000002")
    hits = meeting.app.to("/room")
    assert [hit["SequenceNumber"] for hit in hits] == ["1", "2", "3"]
    assert {hit["ConferenceSid"] for hit in hits} == {living(meeting).sid}
    assert hits[0]["CallSid"] == first.sid
    assert hits[0]["FriendlyName"] == "room"
    assert hits[0]["EndConferenceOnExit"] == "false"
    assert hits[0]["Timestamp"].endswith("+0000")


async def test_the_last_to_leave_ends_it_and_the_action_is_asked(meeting: Line) -> None:
    first = await meeting.call()
    second = await meeting.call(from_="+66800000002")
    conference = living(meeting)
    first.end()
    await meeting.clock.settle()
    assert second.live
    second.end()
    await meeting.clock.settle()
    assert conference.status == "completed"
    assert conference.ended_because == "last-participant-left"
    last = meeting.app.to("/room")[-1]
    assert last["StatusCallbackEvent"] == "conference-end"
    assert last["ReasonConferenceEnded"] == "last-participant-left"
    assert last["CallSidEndingConference"] == second.sid
    leave = [h for h in meeting.app.to("/room") if h["StatusCallbackEvent"] == "participant-leave"]
    assert leave[0]["ReasonParticipantLeft"] == "participant_hung_up"
    assert leave[0]["ParticipantCallStatus"] == "completed"


async def test_end_on_exit_sends_everybody_to_their_action(meeting: Line) -> None:
    first = await meeting.call()
    meeting.app["/voice"] = room('endConferenceOnExit="true"')
    chair = await meeting.call(from_="+66800000002")
    conference = living(meeting)
    await meeting.after(8)
    chair.end()
    await meeting.clock.settle()
    assert conference.ended_because == "participant-with-end-conference-on-exit-left"
    assert meeting.said(first) == ["Goodbye"]
    [hit] = meeting.app.to("/out")
    assert hit["DialCallStatus"] == "answered"
    assert "DialCallSid" not in hit.params
    assert "DialCallDuration" not in hit.params
    assert meeting.exchange.conferences.living("room") is None


async def test_nobody_starts_it_who_may_not(meeting: Line) -> None:
    meeting.app["/voice"] = room('startConferenceOnEnter="false"')
    await meeting.call()
    await meeting.call(from_="+66800000002")
    assert living(meeting).status == "init"
    await invite(meeting)
    assert living(meeting).status == "in-progress"


async def test_a_full_room(meeting: Line) -> None:
    meeting.app["/voice"] = room('maxParticipants="2"')
    await meeting.call()
    await meeting.call()
    third = await meeting.call()
    assert meeting.app.to("/out")[0]["DialCallStatus"] == "failed"
    assert third.errors


async def test_star_leaves_the_room_when_allowed(meeting: Line) -> None:
    meeting.app["/voice"] = room().replace("<Dial ", '<Dial hangupOnStar="true" ')
    call = await meeting.call()
    call.press("*")
    await meeting.clock.settle()
    assert meeting.said(call) == ["Goodbye"]
    assert meeting.exchange.conferences.living("room") is None


async def test_rest_moves_a_participant_elsewhere(meeting: Line) -> None:
    first = await meeting.call()
    await meeting.call(from_="+66800000002")
    meeting.app["/elsewhere"] = '<Pause length="9"/>'
    await meeting.rest(lambda c: c.calls(first.sid).update(url=meeting.app.url + "/elsewhere"))
    assert first.where == "menu"
    assert len(living(meeting)) == 1
    assert not meeting.app.to("/out")
    leave = meeting.app.to("/room")[-1]
    assert leave["ReasonParticipantLeft"] == "participant_updated_via_api"


async def test_an_invited_agent_answers_and_talks(meeting: Line) -> None:
    caller = await meeting.call({"hang_up": {"in": "conference", "after": 30}})
    await meeting.after(12)
    assert caller.live
    agent = await invite(
        meeting,
        label="agent",
        end_conference_on_exit=True,
        status_callback=meeting.app.url + "/leg",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
    )
    meeting.app["/leg"] = lambda _: web.Response(status=204)
    assert agent.live
    participants = await meeting.rest(
        lambda c: c.conferences(living(meeting).sid).participants.list()
    )
    assert {p.call_sid: p.status for p in participants} == {
        caller.sid: "connected",
        agent.sid: "connected",
    }
    by_label = await meeting.rest(
        lambda c: c.conferences(living(meeting).sid).participants("agent").fetch()
    )
    assert by_label.call_sid == agent.sid
    await meeting.after(29.9)
    assert caller.live, "the hang-up counts from the talk, not from the music"
    await meeting.after(0.2)
    assert caller.ended
    assert agent.live
    agent.end()
    await meeting.clock.settle()
    assert meeting.exchange.conferences.living("room") is None


@pytest.mark.parametrize("early", [True, False])
async def test_early_media_joins_while_it_rings(meeting: Line, early: bool) -> None:
    await meeting.call()
    agent = await invite(meeting, to="+66811111111", early_media=early)
    joins = events(meeting).count("participant-join")
    assert joins == (2 if early else 1)
    [ringing] = [p for p in living(meeting) if p.call is agent]
    assert ringing.status == "ringing"
    await meeting.after(3)
    assert events(meeting).count("participant-join") == 2
    assert ringing.status == "connected"


async def test_an_invited_telephone_that_does_not_answer(meeting: Line) -> None:
    meeting.exchange.stations.put("+66811111111", Station("no-answer"))
    await meeting.call()
    agent = await invite(meeting, to="+66811111111", timeout=20)
    await meeting.after(24.9)
    assert not agent.ended, "the carrier adds five seconds"
    await meeting.after(0.2)
    assert agent.status is Status.NO_ANSWER
    assert len(living(meeting)) == 1
    leave = meeting.app.to("/room")[-1]
    assert leave["StatusCallbackEvent"] == "participant-leave"
    assert leave["ParticipantCallStatus"] == "no-answer"


async def test_the_room_closes_while_a_telephone_rings(meeting: Line) -> None:
    caller = await meeting.call()
    agent = await invite(meeting, to="+66811111111", early_media=False)
    conference = living(meeting)
    await meeting.rest(lambda c: c.conferences(conference.sid).update(status="completed"))
    assert agent.status is Status.CANCELED
    assert meeting.said(caller) == ["Goodbye"]
    assert conference.ended_because == "conference-ended-via-api"


async def test_mute_hold_and_coaching(meeting: Line) -> None:
    caller = await meeting.call()
    agent = await invite(meeting)
    room_sid = living(meeting).sid
    meeting.app["/hold"] = '<Pause length="5"/>'

    async def update(call: Call, **options: Any) -> Any:
        return await meeting.rest(
            lambda c: c.conferences(room_sid).participants(call.sid).update(**options)
        )

    await update(agent, muted=True)
    held = await update(caller, hold=True, hold_url=meeting.app.url + "/hold")
    assert held.hold is True
    assert meeting.app.to("/hold")[0].method == "GET"
    await meeting.after(12)
    assert len(meeting.app.to("/hold")) == 3
    await update(caller, hold=False)
    await meeting.after(60)
    assert len(meeting.app.to("/hold")) == 3
    await update(agent, muted=False)
    coach = await update(agent, coaching=True, call_sid_to_coach=caller.sid)
    assert (coach.coaching, coach.call_sid_to_coach) == (True, caller.sid)
    assert events(meeting)[3:] == [
        "participant-mute",
        "participant-hold",
        "participant-unhold",
        "participant-unmute",
        "participant-modify",
    ]


async def test_a_script_does_not_hang_up_on_hold(meeting: Line) -> None:
    caller = await meeting.call({"hang_up": {"in": "conference", "after": 10}})
    await invite(meeting)
    await meeting.after(4)
    [participant] = [p for p in living(meeting) if p.call is caller]
    participant.put_on_hold(True)
    await meeting.after(20)
    assert caller.live
    participant.put_on_hold(False)
    await meeting.after(1)
    assert caller.ended


async def test_a_kicked_participant_goes_on_with_its_document(meeting: Line) -> None:
    caller = await meeting.call()
    agent = await invite(meeting)
    sid = living(meeting).sid
    await meeting.rest(lambda c: c.conferences(sid).participants(agent.sid).delete())
    assert agent.ended
    await meeting.rest(lambda c: c.conferences(sid).participants(caller.sid).delete())
    assert meeting.said(caller) == ["Goodbye"]
    ended = await meeting.rest(lambda c: c.conferences(sid).fetch())
    assert ended.reason_conference_ended == "last-participant-kicked"


async def test_an_announcement_is_heard_by_one(meeting: Line) -> None:
    caller = await meeting.call()
    agent = await invite(meeting)
    meeting.app["/news"] = "<Say>Mind the time</Say>"
    url = meeting.app.url + "/news"
    sid = living(meeting).sid
    await meeting.rest(
        lambda c: c.conferences(sid).participants(agent.sid).update(announce_url=url)
    )
    assert (meeting.said(agent), meeting.said(caller)) == (["Mind the time"], [])


async def test_conferences_are_listed_and_filtered(meeting: Line) -> None:
    call = await meeting.call()
    call.end()
    await meeting.clock.settle()
    await meeting.call()
    done = await meeting.rest(lambda c: c.conferences.list(status="completed"))
    named = await meeting.rest(lambda c: c.conferences.list(friendly_name="room"))
    assert (len(done), len(named)) == (1, 2)
    assert named[0].sid == living(meeting).sid
