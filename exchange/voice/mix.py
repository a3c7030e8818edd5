"""Every 20 ms: what each leg with media says, what each hears, what each recording keeps.

A leg hears what the exchange plays to it (prompts, music, a beep) and the sum of those in whose
company it is, who may be in a conference, on a bridge, or still ringing. Legs without media are
silence. The ticker runs only while there is a leg with media.
"""

from __future__ import annotations

import asyncio
import logging
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from exchange import tape
from exchange.voice import tones

if TYPE_CHECKING:
    from exchange.call import Call
    from exchange.core import Exchange
    from exchange.recordings import Recording
    from exchange.voice.media import Leg

log = logging.getLogger("exchange.voice")

Samples = NDArray[np.int16]
Sound: TypeAlias = "Samples | array[int]"
"""What can be played: 16-bit samples at RATE."""
RATE = tones.RATE
FRAME_SECONDS = 0.02
FRAME = round(RATE * FRAME_SECONDS)
"""Samples in a frame."""
SILENCE: Samples = np.zeros(FRAME, np.int16)
LOUD = 300.0
"""Of 32767: above this (the root of the mean square of a frame) somebody is speaking."""
VERB = "RecordVerb"
"""The source of a recording of the caller alone."""
KEY_PAUSE = 0.06
"""Seconds between two keys: a machine that listens needs 40 ms at least (ITU-T Q.24)."""
LATE = 0.2
"""Seconds of delay after which the ticker gives up catching up: that sound is lost."""

_MULAW: NDArray[np.uint8] = np.array(
    [tape.mulaw(sample) for sample in range(-32768, 32768)], np.uint8
)


def mixed(frames: Iterable[Samples | None]) -> Samples | None:
    """The sum, cut off at the loudest that 16 bits can say; None when there is nothing."""
    total: NDArray[np.int32] | None = None
    only: Samples | None = None
    for frame in frames:
        if frame is None:
            continue
        if only is None:
            only = frame
        else:
            total = np.add(only if total is None else total, frame, dtype=np.int32)
    if total is None:
        return only
    return np.clip(total, -32768, 32767).astype(np.int16)


def mulaw(frame: Samples) -> bytes:
    """The samples as mu-law (ITU-T G.711)."""
    return bytes(_MULAW[frame.astype(np.int32) + 32768])


def loud(frame: Samples) -> bool:
    """Whether somebody speaks in it."""
    return bool(np.mean(np.square(frame, dtype=np.float32)) > LOUD * LOUD)


class Playback:
    """Something that the exchange plays to a call, from its beginning; in a circle if `loop`."""

    def __init__(self, sound: Sound, *, loop: bool = False) -> None:
        self._samples: Samples = np.frombuffer(sound, np.int16)
        self._loop = loop
        self._at = 0

    @property
    def over(self) -> bool:
        return self._at >= len(self._samples) and not self._loop

    def next(self) -> Samples | None:
        """The next frame, silence at its end included; None when it is over."""
        if self._at >= len(self._samples):
            if not self._loop or not len(self._samples):
                return None
            self._at = 0
        frame = self._samples[self._at : self._at + FRAME]
        self._at += FRAME
        if len(frame) < FRAME:
            frame = np.concatenate((frame, SILENCE[len(frame) :]))
        return frame


class Mixer:
    """One for the exchange. `tick` is the whole of it; `_run` only calls it in time."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._legs: dict[Call, Leg] = {}
        self._keys: dict[Call, list[Playback]] = {}
        self._task: asyncio.Task[None] | None = None
        self._ringback = Playback(tones.ringback(), loop=True)

    def __len__(self) -> int:
        return len(self._legs)

    def add(self, call: Call, leg: Leg) -> None:
        """From the next frame on the call has sound."""
        self._legs[call] = leg
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def remove(self, call: Call) -> None:
        self._legs.pop(call, None)
        self._keys.pop(call, None)

    def press(self, call: Call, digit: str) -> None:
        """A key comes by signalling, without a sound: those in its company hear its tone."""
        if self._legs and call.company is not None:
            sound = tones.key(digit) + tones.silence(KEY_PAUSE)
            self._keys.setdefault(call, []).append(Playback(sound))

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while self._legs:
            try:
                self.tick()
            except Exception:
                log.exception("a frame could not be mixed")
            due += FRAME_SECONDS
            if loop.time() - due > LATE:
                due = loop.time()
            await asyncio.sleep(due - loop.time())
        self._task = None

    def tick(self) -> None:
        """One frame for everybody; whose cannot be made is out of it, and nobody else."""
        now = self._exchange.clock.time()
        said: dict[Call, Samples] = {}
        for call, leg in list(self._legs.items()):
            with self._or_out(call):
                frame = leg.take()
                if frame is not None:
                    said[call] = frame
                    if loud(frame):
                        leg.spoke_at = now
        self._add_keys(said)
        ringback = self._ringback.next()
        heard: dict[Call, Samples | None] = {}
        for call, leg in list(self._legs.items()):
            with self._or_out(call):
                frame = heard[call] = self._heard(call, said, ringback)
                leg.hear(SILENCE if frame is None else frame)
        for recording in self._exchange.recordings.running:
            try:
                self._record(recording, said, heard)
            except Exception:
                log.exception("recording %s keeps no more sound", recording.sid)
                recording.deafen()

    def _add_keys(self, said: dict[Call, Samples]) -> None:
        """One key after the other; while one sounds nothing else is said, as on a telephone."""
        for call, keys in list(self._keys.items()):
            if (frame := keys[0].next()) is not None:
                said[call] = frame
            if keys[0].over:
                del keys[0]
            if not keys:
                del self._keys[call]

    @contextmanager
    def _or_out(self, call: Call) -> Iterator[None]:
        """A fault of one call's sound is the end of that call."""
        try:
            yield
        except Exception:
            log.exception("the sound of call %s failed", call.sid)
            self.remove(call)
            call.end(cause="the line broke")

    def _heard(
        self, call: Call, said: dict[Call, Samples], ringback: Samples | None
    ) -> Samples | None:
        frames = [playback.next() for playback in call.playbacks]
        call.playbacks[:] = [playback for playback in call.playbacks if not playback.over]
        ringing = False
        for other in call.company.heard_by(call) if call.company is not None else ():
            frames.append(said.get(other))
            ringing = ringing or other.is_ringing
        if ringing:
            frames.append(ringback)
        return mixed(frames)

    def _record(
        self,
        recording: Recording,
        said: dict[Call, Samples],
        heard: dict[Call, Samples | None],
    ) -> None:
        """Keeps what the recording is of; of calls without media there is nothing to keep."""
        frames: list[Samples | None] = []
        if recording.conference is not None:
            frames = [said.get(call) for call in recording.conference.speakers()]
        else:
            call, track = recording.call, recording.wish.track
            if track != "outbound" or recording.wish.source == VERB:
                frames.append(said.get(call))
            if track != "inbound" and recording.wish.source != VERB:
                frames.append(heard[call] if call in heard else self._heard(call, said, None))
        frame = mixed(frames)
        if frame is not None:
            recording.write(mulaw(frame))
