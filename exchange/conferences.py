"""Conferences: who is in, who hears what, when one starts and ends.

Source: Twilio, "TwiML Conference", "Conference resource", "Conference Participant resource".
A conference starts when a second participant has joined and at least one of them has
startConferenceOnEnter; until then each hears the wait document. It ends with its last participant,
or with one that has endConferenceOnExit, or by REST; a new one may then take the name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from exchange.call import Call, Leaving
from exchange.callbacks import CallbackLine, Subscription
from exchange.errors import CarrierError
from exchange.ids import rfc2822, sid
from exchange.recordings import Wish
from exchange.scene import CONFERENCE_WAIT
from exchange.voice import tones
from exchange.webhook import Request

if TYPE_CHECKING:
    from exchange.core import Exchange

BREATH = 1.0
EVENTS = {
    "conference-start": "start",
    "conference-end": "end",
    "participant-join": "join",
    "participant-leave": "leave",
    "participant-mute": "mute",
    "participant-unmute": "mute",
    "participant-hold": "hold",
    "participant-unhold": "hold",
    "participant-modify": "modify",
    "announcement-end": "announcement",
}
"""Each event and the word by which one subscribes to it."""
WORDS = ("start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement")


@dataclass
class Options:
    """How a participant joins. `wait` None is the carrier's music, its url "" is silence."""

    muted: bool = False
    hold: bool = False
    coaching: bool = False
    call_sid_to_coach: str | None = None
    start_on_enter: bool = True
    end_on_exit: bool = False
    beep: str = "true"
    label: str | None = None
    wait: Request | None = None
    max_participants: int = 250
    callbacks: Subscription | None = None
    record: Wish | None = None
    """The whole conference is recorded, from its start."""


class Participant:
    """One call in (or being invited to) a conference. `left` is done with the reason."""

    def __init__(self, conference: Conference, call: Call, options: Options) -> None:
        self.conference = conference
        self.call = call
        self.options = options
        self.joined = False
        self.left: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.created_at: datetime = conference.exchange.clock.now()
        self._sound: asyncio.Task[Any] | None = None
        self._hold: Request | None = None

    @property
    def status(self) -> str:
        """The participant's state as the REST API names it."""
        if self.call.ended:
            return "complete" if self.call.answered_at else "failed"
        names = {"queued": "queued", "initiated": "connecting", "ringing": "ringing"}
        return names.get(self.call.status.value, "connected")

    @property
    def speaks(self) -> bool:
        """Whether the others may hear this one."""
        return self.joined and not (self.options.muted or self.options.hold)

    def interrupted(self, why: Leaving) -> None:
        """What the call registers with `Call.staying`."""
        hung_up = why is Leaving.HANGUP
        reason = "participant_hung_up" if hung_up else "participant_updated_via_api"
        self.conference.leave(self, reason)

    def play(self) -> None:
        """(Re)starts what this participant should hear now; silence if it hears the others."""
        if self._sound is not None:
            self._sound.cancel()
            self._sound = None
        if self.left.done() or not self.call.live:
            return
        if self.options.hold:
            self._sound = self.call.spawn(self._repeat(self._hold, "on hold"))
        elif not self.conference.started:
            self._sound = self.call.spawn(self._repeat(self.options.wait, "waiting"))

    async def _repeat(self, request: Request | None, what: str) -> None:
        if request is not None and not request.url:
            self.call.say("conference", f"{what}: silence")
            return
        if request is None or not await self._play_again_and_again(request):
            self.call.say("conference", f"{what}: music")
            if self.call.media is not None:
                with self.call.music():
                    await asyncio.get_running_loop().create_future()

    async def _play_again_and_again(self, request: Request) -> bool:
        """Does not return while the document can be played; False when it cannot."""
        clock = self.conference.exchange.clock
        while True:
            before = clock.time()
            try:
                await self.conference.exchange.player.run(self.call, request, CONFERENCE_WAIT)
            except CarrierError as error:
                self.call.fault(error)
                return False
            await clock.sleep(before + BREATH - clock.time())

    def mute(self, muted: bool) -> None:
        if muted != self.options.muted:
            self.options.muted = muted
            self.conference.tell("participant-mute" if muted else "participant-unmute", self)

    def put_on_hold(self, hold: bool, music: Request | None = None) -> None:
        if hold == self.options.hold and music is None:
            return
        changed = hold != self.options.hold
        self.options.hold = hold
        self._hold = music
        if changed:
            self.call.say("conference", "on hold" if hold else "off hold")
            self.conference.tell("participant-hold" if hold else "participant-unhold", self)
        self.play()
        self.conference.refresh()

    def coach(self, call_sid: str | None) -> None:
        """Only that call hears this participant from here on; None: everybody does again."""
        self.options.coaching = call_sid is not None
        self.options.call_sid_to_coach = call_sid
        self.conference.tell("participant-modify", self)

    def ends_it(self, ends: bool) -> None:
        """Whether the conference ends when this one leaves."""
        if ends != self.options.end_on_exit:
            self.options.end_on_exit = ends
            self.conference.tell("participant-modify", self)

    def announce(self, request: Request) -> None:
        """Plays a document to this participant only, once."""
        self.call.spawn(self._announce(request))

    async def _announce(self, request: Request) -> None:
        try:
            await self.conference.exchange.player.run(self.call, request, CONFERENCE_WAIT)
        except CarrierError as error:
            self.call.fault(error)
        self.conference.tell("announcement-end", self)


class Conference:
    """One meeting. Its status: init, in-progress, completed."""

    def __init__(self, exchange: Exchange, name: str) -> None:
        self.exchange = exchange
        self.sid = sid("CF")
        self.name = name
        self.status = "init"
        self.created_at = self.updated_at = exchange.clock.now()
        self.ended_because: str | None = None
        self.ended_by: str | None = None
        self.callbacks = CallbackLine(exchange, None, first=1)
        self._participants: dict[str, Participant] = {}
        self._recorded = False

    def __iter__(self) -> Iterator[Participant]:
        return iter(list(self._participants.values()))

    def __len__(self) -> int:
        return len(self._participants)

    @property
    def started(self) -> bool:
        return self.status == "in-progress"

    @property
    def ended(self) -> bool:
        return self.status == "completed"

    def get(self, call_sid_or_label: str) -> Participant | None:
        found = self._participants.get(call_sid_or_label)
        if found is None:
            labels = (p for p in self if p.options.label == call_sid_or_label)
            found = next(labels, None)
        return found

    def invite(self, call: Call, options: Options) -> Participant:
        """Makes a participant of a call that is not in yet. The first one's callback is used."""
        participant = Participant(self, call, options)
        self._participants[call.sid] = participant
        if self.callbacks.subscription is None and options.callbacks is not None:
            self.callbacks = CallbackLine(
                self.exchange, options.callbacks, first=1, log=call.log_attempt, fault=call.fault
            )
        return participant

    def join(self, participant: Participant) -> None:
        """The participant is in and hears; the conference starts if it can."""
        if participant.joined or participant.left.done():
            return
        participant.joined = True
        participant.call.company = self
        self.tell("participant-join", participant)
        present = [p for p in self if p.joined]
        can_start = len(present) > 1 and any(p.options.start_on_enter for p in present)
        if can_start and not self.started:
            self._set_status("in-progress")
            self.tell("conference-start", participant)
            for other in present:
                other.play()
        self._beep(participant, "onEnter")
        self._record(present)
        self.refresh()

    def _beep(self, participant: Participant, moment: str) -> None:
        """Those in the conference hear that somebody comes or goes; on hold one is not in it."""
        if participant.options.beep in ("true", moment):
            for other in self:
                if other.joined and not other.options.hold:
                    other.call.sound(tones.knock())

    def _record(self, present: list[Participant]) -> None:
        """One recording from the start, if anybody present asks for it; the first one's wish."""
        asking = [p for p in present if p.options.record is not None]
        if self.started and asking and not self._recorded:
            self._recorded = True
            wish = asking[0].options.record
            assert wish is not None
            self.exchange.recordings.start(asking[0].call, wish, self)

    def leave(self, participant: Participant, reason: str, *, kicked: bool = False) -> None:
        """The participant is out; the conference ends if that ends it."""
        if participant.left.done():
            return
        self._participants.pop(participant.call.sid, None)
        participant.call.parted(self)
        participant.left.set_result(reason)
        participant.play()
        if participant.joined:
            self._beep(participant, "onExit")
            self.tell("participant-leave", participant, reason)
        done = "kicked" if kicked else "left"
        if participant.options.end_on_exit and participant.joined:
            because = f"participant-with-end-conference-on-exit-{done}"
            self.end(because, participant.call.sid)
        elif not self._participants:
            self.end(f"last-participant-{done}", participant.call.sid)
        else:
            self.refresh()

    def end(self, because: str, by: str | None = None) -> None:
        """Everybody is out. Only the first call of this has an effect."""
        if self.ended:
            return
        self._set_status("completed")
        self.ended_because, self.ended_by = because, by
        for participant in self:
            self._participants.pop(participant.call.sid, None)
            participant.call.parted(self)
            if not participant.left.done():
                participant.left.set_result("conference_ended")
                participant.play()
                if participant.joined:
                    self.tell("participant-leave", participant, "conference_ended")
        self.exchange.recordings.over(conference=self)
        self.tell("conference-end")
        self.exchange.conferences.closed(self)

    def heard_by(self, call: Call) -> Iterable[Call]:
        """The others, except who is muted or on hold, or coaches somebody else."""
        listener = self._participants.get(call.sid)
        if listener is None or not self.started or listener.options.hold:
            return
        for other in self._participants.values():
            coached = other.options.call_sid_to_coach
            if other is not listener and other.speaks and coached in (None, call.sid):
                yield other.call

    def speakers(self) -> Iterable[Call]:
        """Those who are recorded."""
        if self.started:
            for participant in self._participants.values():
                if participant.speaks and not participant.options.coaching:
                    yield participant.call

    def refresh(self) -> None:
        """Tells every caller's script whether the caller is talking with somebody."""
        live = [p for p in self if p.joined and p.call.live]
        for participant in live:
            talking = self.started and len(live) > 1 and not participant.options.hold
            participant.call.script.moved("conference" if talking else "lobby")

    def tell(self, event: str, participant: Participant | None = None, reason: str = "") -> None:
        """Sends the event to the conference's status callback, if it is subscribed to."""
        self.updated_at = self.exchange.clock.now()
        params = {
            "ConferenceSid": self.sid,
            "FriendlyName": self.name,
            "AccountSid": self.exchange.account_sid,
            "Timestamp": rfc2822(self.updated_at) or "",
            "StatusCallbackEvent": event,
        }
        if participant is not None:
            params |= _about(participant)
        if reason and participant is not None:
            params["ReasonParticipantLeft"] = reason
            params["ParticipantCallStatus"] = participant.call.status.value
        if event == "conference-end":
            params["ReasonConferenceEnded"] = self.ended_because or ""
            if self.ended_by:
                params["CallSidEndingConference"] = self.ended_by
        self.callbacks.fire(EVENTS[event], params)

    def _set_status(self, status: str) -> None:
        self.status = status
        self.updated_at = self.exchange.clock.now()


def _about(participant: Participant) -> dict[str, str]:
    options = participant.options
    params = {
        "CallSid": participant.call.sid,
        "Muted": str(options.muted).lower(),
        "Hold": str(options.hold).lower(),
        "Coaching": str(options.coaching).lower(),
        "StartConferenceOnEnter": str(options.start_on_enter).lower(),
        "EndConferenceOnExit": str(options.end_on_exit).lower(),
    }
    if options.call_sid_to_coach:
        params["CallSidToCoach"] = options.call_sid_to_coach
    if options.label:
        params["ParticipantLabel"] = options.label
    return params


class Conferences:
    """All conferences by SID, and the living ones by name."""

    def __init__(self, exchange: Exchange, keep: int = 5000) -> None:
        self._exchange = exchange
        self._keep = keep
        self._by_sid: dict[str, Conference] = {}
        self._living: dict[str, Conference] = {}

    def __iter__(self) -> Iterator[Conference]:
        return iter(list(self._by_sid.values()))

    def get(self, conference_sid: str) -> Conference | None:
        return self._by_sid.get(conference_sid)

    def living(self, name: str) -> Conference | None:
        """The conference of that name (or SID) that has not ended."""
        found = self._living.get(name, self._by_sid.get(name))
        return None if found is None or found.ended else found

    def obtain(self, name: str) -> Conference:
        """The living conference of that name, made if need be."""
        found = self.living(name)
        if found is None:
            found = Conference(self._exchange, name)
            self._by_sid[found.sid] = found
            self._living[name] = found
            while len(self._by_sid) > self._keep and next(iter(self._by_sid.values())).ended:
                del self._by_sid[next(iter(self._by_sid))]
        return found

    def closed(self, conference: Conference) -> None:
        if self._living.get(conference.name) is conference:
            del self._living[conference.name]
