"""A call: its state, what was heard and pressed on it, and the tasks that belong to it.

A call's programme (the TwiML it runs) is one task. It is interrupted in two ways only: the call
ends, or a REST request gives it another document. Whatever place the call is in (a queue, a
conference, a bridge) registers how to leave it, and is left before the programme is cancelled, so
that nobody ever sees a dead call in a living queue.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from exchange.callbacks import CallbackLine, Subscription
from exchange.errors import CarrierError
from exchange.ids import API_VERSION, rfc2822, sid
from exchange.script import Script, Utterance
from exchange.voice import tones
from exchange.webhook import Attempt, Request

if TYPE_CHECKING:
    from exchange.core import Exchange
    from exchange.recordings import Wish
    from exchange.scene import Source
    from exchange.voice.media import Leg
    from exchange.voice.mix import Playback, Sound

log = logging.getLogger("exchange.call")


class Status(StrEnum):
    """The states of a call, as the carrier names them."""

    QUEUED = "queued"
    INITIATED = "initiated"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    FAILED = "failed"
    NO_ANSWER = "no-answer"
    CANCELED = "canceled"


_UNANSWERED = {Status.BUSY, Status.FAILED, Status.NO_ANSWER, Status.CANCELED}
TRANSITIONS: dict[Status, set[Status]] = {
    Status.QUEUED: {Status.INITIATED, *_UNANSWERED},
    Status.INITIATED: {Status.RINGING, *_UNANSWERED},
    Status.RINGING: {Status.IN_PROGRESS, Status.COMPLETED, *_UNANSWERED},
    Status.IN_PROGRESS: {Status.COMPLETED},
}
"""A state that has no row is final."""

SIP_CODES = {
    Status.COMPLETED: "200",
    Status.BUSY: "486",
    Status.NO_ANSWER: "487",
    Status.CANCELED: "487",
    Status.FAILED: "404",
}
"""The final SIP answer of an outgoing leg, by how it ended."""

INBOUND = "inbound"
OUTBOUND_API = "outbound-api"
OUTBOUND_DIAL = "outbound-dial"


class Leaving(StrEnum):
    """Why a programme is interrupted."""

    HANGUP = "hangup"
    REDIRECT = "redirected"


@dataclass(frozen=True)
class Line:
    """One line of the transcript."""

    at: datetime
    kind: str
    text: str
    language: str = ""
    voice: str = ""
    heard: bool = False
    """Whether it was also played as sound."""


@dataclass(frozen=True)
class Hook:
    """One HTTP request made for the call; `seconds` are wall seconds."""

    at: datetime
    attempt: Attempt


@dataclass(frozen=True)
class Fault:
    """One entry of the call's error log."""

    at: datetime
    code: int
    message: str
    url: str


@dataclass(frozen=True)
class Settings:
    """What was asked for when the call was made."""

    callbacks: Subscription | None = None
    fallback: Request | None = None
    ring_timeout: float = 60.0
    time_limit: float = 14400.0
    send_digits: str = ""
    record: Wish | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What is handed to a browser telephone beside From and To."""


class Company(Protocol):
    """Where calls meet: a conference, a bridge, a dialling."""

    def heard_by(self, call: Call) -> Iterable[Call]:
        """Those whom `call` hears at this moment."""


class Call:
    """One leg. Times are aware UTC moments of the exchange's clock."""

    def __init__(
        self,
        exchange: Exchange,
        *,
        from_: str,
        to: str,
        direction: str,
        settings: Settings | None = None,
        parent: Call | None = None,
        script: Mapping[str, Any] | None = None,
    ) -> None:
        self.exchange = exchange
        self.settings = settings or Settings()
        self.sid = sid("CA")
        self.parent_sid = parent.sid if parent else None
        self.from_ = from_
        self.to = to
        self.direction = direction
        self.fallback = self.settings.fallback
        self.status = Status.RINGING if direction == INBOUND else Status.QUEUED
        self.created_at = exchange.clock.now()
        self.answered_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.end_cause = ""
        self.transcript: list[Line] = []
        self.webhooks: list[Hook] = []
        self.errors: list[Fault] = []
        self.where = "dial" if parent else "menu"
        self.queue: str | None = None
        self.conference: str | None = None
        self.waited = 0.0
        self.queued_since: float | None = None
        self.listener: Callable[[str], None] | None = None
        self.ear: Callable[[Utterance], None] | None = None
        self.answer_asked: asyncio.Future[bool] | None = None
        self.watchers: set[asyncio.Queue[dict[str, Any]]] = set()
        self.over = asyncio.Event()
        self.media: Leg | None = None
        """The call's sound; None is silence."""
        self.company: Company | None = None
        self.playbacks: list[Playback] = []
        self.callbacks = CallbackLine(
            exchange, self.settings.callbacks, log=self.log_attempt, fault=self.fault
        )
        self.script = Script(self, script or {})
        self._exits: list[Callable[[Leaving], None]] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._program: asyncio.Task[None] | None = None

    # -- what the carrier tells about the call ------------------------------------------------

    def params(self) -> dict[str, str]:
        """The parameters that go with every request about this call."""
        params = {
            "CallSid": self.sid,
            "AccountSid": self.exchange.account_sid,
            "From": self.from_,
            "To": self.to,
            "Caller": self.from_,
            "Called": self.to,
            "CallStatus": self.status.value,
            "ApiVersion": API_VERSION,
            "Direction": self.direction,
        }
        if self.parent_sid:
            params["ParentCallSid"] = self.parent_sid
        return params

    @property
    def ended(self) -> bool:
        return self.ended_at is not None

    @property
    def live(self) -> bool:
        """Answered and not yet ended."""
        return self.status is Status.IN_PROGRESS

    @property
    def duration(self) -> int | None:
        """Whole seconds between answer and end; 0 if never answered; None while it lasts."""
        if self.ended_at is None:
            return None
        if self.answered_at is None:
            return 0
        return round((self.ended_at - self.answered_at).total_seconds())

    @property
    def waited_seconds(self) -> float:
        """Seconds in queues, the present one included."""
        now = self.exchange.clock.time()
        return self.waited + (0.0 if self.queued_since is None else now - self.queued_since)

    # -- states ------------------------------------------------------------------------------

    def become(self, status: Status) -> bool:
        """Moves to `status` if the table allows it; says whether it did."""
        if status not in TRANSITIONS.get(self.status, ()):
            return False
        self.status = status
        self.changed()
        return True

    def progress(self, status: Status, event: str) -> None:
        """Moves to `status` and sends the callback of that event."""
        if self.become(status):
            self._callback(event)

    def answer(self) -> None:
        """Picks the call up; nothing happens if it is up already."""
        if self.status is not Status.RINGING:
            return
        self.answered_at = self.exchange.clock.now()
        self.progress(Status.IN_PROGRESS, "answered")
        self.script.moved(self.where)
        self.spawn(self._limit())

    async def _limit(self) -> None:
        await self.exchange.clock.sleep(self.settings.time_limit)
        self.end(cause="time limit")

    def end(self, status: Status | None = None, cause: str = "hangup") -> None:
        """Ends the call, whatever it is doing. Only the first call of this has an effect."""
        if self.ended:
            return
        usual = Status.COMPLETED if self.answered_at else Status.CANCELED
        self.status = status if status and not self.answered_at else usual
        self.ended_at = self.exchange.clock.now()
        self.end_cause = cause
        self._leave_all(Leaving.HANGUP)
        self.where = "ended"
        self.queue = self.conference = None
        self.listener = self.ear = None
        self.say("end", cause)
        self._callback("completed", final=True)
        self.over.set()
        self.exchange.ended(self)
        self._cancel_tasks()

    def _callback(self, event: str, *, final: bool = False) -> None:
        params = self.params() | {
            "Timestamp": rfc2822(self.exchange.clock.now()) or "",
            "CallbackSource": "call-progress-events",
        }
        if final:
            seconds = self.duration or 0
            params["CallDuration"] = str(seconds)
            params["Duration"] = str(math.ceil(seconds / 60))
            if self.direction != INBOUND:
                params["SipResponseCode"] = SIP_CODES[self.status]
        self.callbacks.fire(event, params)

    # -- the programme -------------------------------------------------------------------------

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Starts a task that ends with the call at the latest."""
        task: asyncio.Task[Any] = asyncio.create_task(work)
        if self.ended:
            task.cancel()
        self._tasks.add(task)
        task.add_done_callback(self._task_done)
        return task

    def start(self, program: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Starts the call's programme; when it is through, so is the call."""
        self._program = self.spawn(self._guarded(program))

    def redirect(self, source: Source) -> None:
        """Interrupts what the call is doing and goes on with another document."""
        self._leave_all(Leaving.REDIRECT)
        self.listener = self.ear = None
        self.start(partial(self._after, self._program, source))

    async def _after(self, before: asyncio.Task[None] | None, source: Source) -> None:
        """The new programme begins when the old one has put everything back in its place."""
        if before is not None:
            before.cancel()
            await asyncio.wait({before})
        await self.exchange.player.main(self, source)

    @contextmanager
    def staying(self, leave: Callable[[Leaving], None]) -> Iterator[None]:
        """While inside, an interruption calls `leave` first."""
        self._exits.append(leave)
        try:
            yield
        finally:
            if leave in self._exits:
                self._exits.remove(leave)

    @contextmanager
    def at(
        self, where: str, *, queue: str | None = None, conference: str | None = None
    ) -> Iterator[None]:
        """While inside, the call is in this place."""
        before = (self.where, self.queue, self.conference)
        self._move(where, queue, conference)
        try:
            yield
        finally:
            if not self.ended:
                self._move(*before)

    def _move(self, where: str, queue: str | None, conference: str | None) -> None:
        self.where, self.queue, self.conference = where, queue, conference
        if where != "conference":
            self.script.moved(where)
        self.changed()

    async def _guarded(self, program: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await program()
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("a fault of the exchange itself on call %s", self.sid)
            self.end(Status.FAILED, "a fault of the exchange")
        else:
            self.end(Status.COMPLETED, "end of document")

    def _leave_all(self, why: Leaving) -> None:
        exits, self._exits = self._exits, []
        for leave in reversed(exits):
            leave(why)

    def _cancel_tasks(self) -> None:
        current = asyncio.current_task()
        for task in list(self._tasks):
            if task is not current:
                task.cancel()

    def _task_done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, CarrierError):
            log.error("a task of call %s failed", self.sid, exc_info=error)

    @property
    def tasks(self) -> int:
        """How many tasks belong to the call at this moment."""
        return len(self._tasks)

    # -- keys ------------------------------------------------------------------------------------

    def press(self, digits: str) -> None:
        """Keys pressed on the handset: heard by whom one talks with. Nobody there: lost."""
        for digit in digits:
            if self.ended or digit not in "0123456789*#":
                continue
            self.say("key", digit)
            self.exchange.sound_key(self, digit)
            if self.listener is not None:
                self.listener(digit)

    @contextmanager
    def listening(self, listener: Callable[[str], None]) -> Iterator[None]:
        """While inside, pressed keys go to `listener`."""
        before = self.listener
        self.listener = listener
        try:
            yield
        finally:
            if self.listener is listener:
                self.listener = before

    # -- speech ----------------------------------------------------------------------------------

    def utter(self, said: Utterance) -> None:
        """Words said on the handset. Where nothing listens to them they are lost."""
        if self.ended or not said.text:
            return
        self.say("speech", said.text)
        if self.ear is not None:
            self.ear(said)

    @contextmanager
    def hearing(self, ear: Callable[[Utterance], None]) -> Iterator[None]:
        """While inside, what is said goes to `ear`; the handset is told of beginning and end."""
        before = self.ear
        self.ear = ear
        self.changed()
        try:
            yield
        finally:
            if self.ear is ear:
                self.ear = before
                self.changed()

    # -- sound -----------------------------------------------------------------------------------

    @property
    def is_ringing(self) -> bool:
        return self.status is Status.RINGING

    def connect(self, leg: Leg) -> None:
        """From here on the call has sound, until it ends."""
        self.media = leg
        leg.gone = partial(self.end, cause="the line broke")
        self.exchange.mixer.add(self, leg)

    def disconnect(self) -> Leg:
        """Takes the sound away: a call is remembered for long after its end, its sound is not.

        Whoever leaves a place at the end (a <Record> asks when the microphone was last loud) has
        left it before.
        """
        assert self.media is not None
        leg, self.media = self.media, None
        self.playbacks.clear()
        return leg

    def parted(self, company: Company) -> None:
        """The call is no longer there (it may be elsewhere already)."""
        if self.company is company:
            self.company = None

    def sound(self, sound: Sound, *, loop: bool = False) -> Playback | None:
        """Plays something to a call that has sound; None to one that has not."""
        if self.media is None or self.ended:
            return None
        from exchange.voice.mix import Playback

        playback = Playback(sound, loop=loop)
        self.playbacks.append(playback)
        return playback

    @contextmanager
    def playing(self, sound: Sound | None, *, loop: bool = False) -> Iterator[None]:
        """While inside, the call hears it (if it hears anything)."""
        playback = None if sound is None else self.sound(sound, loop=loop)
        try:
            yield
        finally:
            with suppress(ValueError):
                self.playbacks.remove(playback)  # type: ignore[arg-type]

    @contextmanager
    def music(self) -> Iterator[None]:
        """While inside, the call hears the exchange's waiting music."""
        with self.playing(tones.music() if self.media is not None else None, loop=True):
            yield

    # -- the log -------------------------------------------------------------------------------

    def say(
        self, kind: str, text: str, language: str = "", voice: str = "", *, heard: bool = False
    ) -> None:
        """Adds a line to the transcript."""
        line = Line(self.exchange.clock.now(), kind, text, language, voice, heard)
        self.transcript.append(line)
        self._publish({"type": "line", "line": line})

    def changed(self) -> None:
        """Tells those who watch that the call's state is another."""
        self._publish({"type": "state"})

    def _publish(self, event: dict[str, Any]) -> None:
        for watcher in self.watchers:
            watcher.put_nowait(event)

    def log_attempt(self, attempt: Attempt) -> None:
        """Keeps one HTTP request in the call's log."""
        self.webhooks.append(Hook(self.exchange.clock.now(), attempt))

    def fault(self, error: CarrierError) -> None:
        """Keeps one error in the call's log."""
        now = self.exchange.clock.now()
        self.errors.append(Fault(now, error.code, error.message, error.url))
        log.warning("call %s: %s", self.sid, error)
        self.changed()
