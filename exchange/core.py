"""The exchange itself: its account, its numbers, its calls, and everything they meet in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from exchange.call import INBOUND, OUTBOUND_API, Call, Settings
from exchange.callbacks import Subscription
from exchange.clock import Clock, RealClock, first_done
from exchange.conferences import Conference, Conferences, Options, Participant
from exchange.messages import Messages
from exchange.player import Player
from exchange.queues import Queues
from exchange.recordings import Recordings
from exchange.scene import Source
from exchange.sound import SoundLibrary
from exchange.stations import Stations
from exchange.voice.speech import Announcer
from exchange.webhook import Request, WebhookClient

if TYPE_CHECKING:
    from exchange.voice.media import Leg
    from exchange.voice.mix import Mixer

log = logging.getLogger("exchange")

SOUND_WITHIN = 3.0
"""Wall seconds that a caller's sound is waited for before the call begins without it."""

STOP_WITHIN = 5.0
"""Wall seconds in which an exchange that stops tells how its calls ended: so long an application
may be busy, and one that hangs holds it up."""

RING_BUFFER = 5.0
"""Twilio adds five seconds to the time-out of every call that REST makes."""


@dataclass(frozen=True)
class Config:
    """What the exchange is told at its start."""

    account_sid: str
    auth_token: str
    numbers: Mapping[str, str] = field(default_factory=dict)
    """Each number that can be called, and the voice URL that answers it."""
    voice_fallback_url: str = ""
    status_callback: str = ""
    status_callback_events: frozenset[str] = frozenset({"completed"})
    base_url: str = "http://127.0.0.1:8437"
    exposed: bool = False
    """Whether others than this machine may reach it."""
    keep_calls: int = 20_000
    """How many ended calls are remembered."""
    keep_recordings: int = 20_000
    keep_sound: int = 1_000_000_000
    """Bytes of recorded sound (8 kB a second); for more the oldest recordings are forgotten."""
    keep_messages: int = 20_000
    messaging: Mapping[str, str] = field(default_factory=dict)
    """The messaging URL of each number that has one."""
    api_key_sid: str = ""
    """The API key that signs access tokens; "" accepts any key's name."""
    api_key_secret: str = ""
    """Its secret; "" is the auth token."""


class NoSuchNumber(LookupError):
    """Nobody is connected to the number that was called."""


class Exchange:
    """All state, in memory. Every method is to be called from one event loop."""

    def __init__(self, config: Config, clock: Clock | None = None) -> None:
        self.config = config
        self.clock = clock or RealClock()
        self.base_url = config.base_url
        self.webhooks = WebhookClient(config.auth_token, self.clock)
        self.sounds = SoundLibrary(self.webhooks)
        self.announcer = Announcer()
        self.player = Player(self.webhooks, self.clock)
        self.stations = Stations(self.clock)
        self.queues = Queues(self.clock)
        self.conferences = Conferences(self)
        self.recordings = Recordings(self)
        self.messages = Messages(self)
        self._calls: dict[str, Call] = {}
        self._live: dict[str, Call] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def account_sid(self) -> str:
        return self.config.account_sid

    @cached_property
    def mixer(self) -> Mixer:
        """What lets calls hear; loaded (numpy, av, aiortc) when the first call with sound comes."""
        from exchange.voice.mix import Mixer

        return Mixer(self)

    def sound_key(self, call: Call, digit: str) -> None:
        """Whoever is in the call's company hears the key, if anybody here hears anything."""
        if "mixer" in self.__dict__:
            self.mixer.press(call, digit)

    # -- calls ---------------------------------------------------------------------------------

    def calls(self, *, live: bool = False) -> Iterator[Call]:
        """Every call remembered, or every one that has not ended; newest first."""
        return iter(list(reversed((self._live if live else self._calls).values())))

    def call(self, call_sid: str) -> Call | None:
        return self._calls.get(call_sid)

    @property
    def live(self) -> int:
        """How many calls have not ended."""
        return len(self._live)

    def place(
        self,
        *,
        from_: str,
        to: str,
        direction: str,
        settings: Settings | None = None,
        parent: Call | None = None,
        script: Mapping[str, Any] | None = None,
    ) -> Call:
        """A new call, known to everybody but not yet doing anything."""
        if script is None and direction != INBOUND:
            script = self.stations.get(to).script
        call = Call(
            self,
            from_=from_,
            to=to,
            direction=direction,
            settings=settings,
            parent=parent,
            script=script,
        )
        self._calls[call.sid] = call
        self._live[call.sid] = call
        return call

    def dial_in(
        self,
        from_: str,
        to: str,
        script: Mapping[str, Any] | None = None,
        *,
        leg: Leg | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Call:
        """Somebody calls one of our numbers; with `leg` the call has sound.

        `params` go with the first request. Raises NoSuchNumber, ScriptError.
        """
        voice_url = self.config.numbers.get(to)
        if voice_url is None:
            raise NoSuchNumber(to)
        config = self.config
        callbacks = None
        if config.status_callback:
            callbacks = Subscription(config.status_callback, "POST", config.status_callback_events)
        fallback = Request(config.voice_fallback_url) if config.voice_fallback_url else None
        call = self.place(
            from_=from_,
            to=to,
            direction=INBOUND,
            settings=Settings(callbacks=callbacks, fallback=fallback),
            script=script,
        )
        if leg is not None:
            call.connect(leg)
        standard = call.params()
        extra = {name: value for name, value in (params or {}).items() if name not in standard}
        call.start(partial(self._inbound, call, Request(voice_url, params=extra)))
        return call

    async def _inbound(self, call: Call, source: Source) -> None:
        if call.media is not None:
            with self.clock.outside():  # or the greeting's first words would be lost
                await call.media.ready(SOUND_WITHIN)
        await self.player.main(call, source)

    def dial_out(self, from_: str, to: str, source: Source, settings: Settings) -> Call:
        """REST makes a call: it rings, and when answered runs `source`."""
        call = self.place(from_=from_, to=to, direction=OUTBOUND_API, settings=settings)
        call.start(partial(self._outbound, call, source))
        return call

    async def _outbound(self, call: Call, source: Source) -> None:
        if await self.stations.ring(call, call.settings.ring_timeout + RING_BUFFER):
            self._record(call)
            await self.player.main(call, source)

    def _record(self, call: Call) -> None:
        """The call is answered: it is recorded if that was asked for when it was made."""
        if call.settings.record is not None:
            self.recordings.start(call, call.settings.record)

    def invite(
        self,
        conference: Conference,
        from_: str,
        to: str,
        options: Options,
        settings: Settings,
        *,
        early_media: bool,
    ) -> Participant:
        """REST adds a participant: it rings, and is in the conference when it answers.

        With early media (the carrier's default) it is in as soon as it rings: the others hear
        the ringing, and participant-join comes before the answer.
        """
        call = self.place(from_=from_, to=to, direction=OUTBOUND_API, settings=settings)
        participant = conference.invite(call, options)
        call.start(partial(self._invited, participant, early_media))
        return participant

    async def _invited(self, participant: Participant, early_media: bool) -> None:
        call, conference = participant.call, participant.conference

        def ringing() -> None:
            if early_media:
                conference.join(participant)

        with call.staying(participant.interrupted):
            timeout = call.settings.ring_timeout + RING_BUFFER
            ring = call.spawn(self.stations.ring(call, timeout, ringing))
            await first_done(ring, participant.left)
            if not ring.done():
                call.end(cause="the conference ended")
                return
            if not ring.result():
                return
            self._record(call)
            with call.at("conference", conference=conference.name):
                call.say("conference", conference.name)
                conference.join(participant)
                conference.refresh()
                participant.play()
                await asyncio.wait({participant.left})
        call.end(cause="left the conference")

    def ended(self, call: Call) -> None:
        """A call has ended; the oldest ended calls are forgotten."""
        self._live.pop(call.sid, None)
        self.recordings.over(call=call)
        if call.media is not None:
            self.mixer.remove(call)
            self.spawn(call.disconnect().close())
        surplus = len(self._calls) - len(self._live) - self.config.keep_calls
        if surplus > 0:
            oldest = next(old for old in self._calls.values() if old.ended)
            del self._calls[oldest.sid]

    # -- tasks ---------------------------------------------------------------------------------

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Starts work that outlives its call (callbacks, the action after a hang-up)."""
        task: asyncio.Task[Any] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a background task failed", exc_info=task.exception())

    @property
    def tasks(self) -> int:
        """How many background tasks are running."""
        return len(self._tasks)

    async def close(self) -> None:
        """Ends every call and stops; what still has to be done is given a moment of real time.
        May be called again, for what has come meanwhile.
        """
        self.stations.close_pages()
        for call in list(self._live.values()):
            call.end(cause="the exchange stopped")
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_WITHIN):
                while self._tasks:  # these may start more, as an ended call its goodbye
                    await asyncio.wait(set(self._tasks))
        for task in list(self._tasks):
            task.cancel()
        self.recordings.close()
        await self.webhooks.close()
