"""Recordings of calls and conferences: begun, paused, ended; each step is a status callback.

Sources: Twilio, "TwiML Record", "TwiML Dial: record", "TwiML Conference: record", "Recording
resource", "RecordingStatusCallback parameters". The sound is made by `exchange.tape` when it is
asked for, from what was heard if a call with media was recorded.
"""

from __future__ import annotations

import logging
import math
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from exchange import tape
from exchange.callbacks import CallbackLine, Subscription
from exchange.ids import API_VERSION, rfc2822, sid
from exchange.tape import Reel, Stretch

if TYPE_CHECKING:
    from exchange.call import Call
    from exchange.conferences import Conference
    from exchange.core import Exchange

log = logging.getLogger("exchange.recordings")

EVENTS = ("in-progress", "completed", "absent")
PAUSES = ("silence", "skip")


@dataclass(frozen=True)
class Wish:
    """How somebody asked for a recording. `source` is the carrier's word for who asked."""

    source: str
    channels: int = 1
    track: str = "both"
    callbacks: Subscription | None = None


class Recording:
    """One recording. Its status: in-progress, paused, completed, absent."""

    def __init__(self, call: Call, wish: Wish, conference: Conference | None = None) -> None:
        exchange = call.exchange
        self.sid = sid("RE")
        self.call = call
        self.conference = conference
        self.wish = wish
        self.status = "in-progress"
        self.started_at: datetime = exchange.clock.now()
        self.updated_at = self.started_at
        self.duration: int | None = None
        """Whole seconds, at least one; None until it is complete, and of an absent one."""
        self.text = ""
        """What was said into it, as far as that is known in words."""
        self.deaf = False
        """Its sound can be kept no longer: the rest of it is silence."""
        self._stretches: list[Stretch] = []
        self._reel: Reel | None = None
        self._since = exchange.clock.time()
        self._kind = "talk"
        self._exchange = exchange
        self._line = CallbackLine(
            exchange, wish.callbacks, first=None, log=call.log_attempt, fault=call.fault
        )
        self._tell()

    @property
    def url(self) -> str:
        """Where the sound is, without an extension."""
        account = self._exchange.account_sid
        return f"{self._exchange.base_url}/{API_VERSION}/Accounts/{account}/Recordings/{self.sid}"

    @property
    def live(self) -> bool:
        """Whether it still goes on (or is paused)."""
        return self.status in ("in-progress", "paused")

    def pause(self, behavior: str = "silence") -> None:
        """From here on silence is recorded, or (skip) nothing."""
        if self.status == "in-progress":
            self._cut()
            self._kind = behavior
            self._become("paused")

    def resume(self) -> None:
        if self.status == "paused":
            self._cut()
            self._kind = "talk"
            self._become("in-progress")

    def stop(self) -> None:
        """The end; only the first call of this has an effect."""
        if self.live:
            self._cut()
            self.finish(self._stretches)

    def finish(self, stretches: list[Stretch]) -> None:
        """Complete, with this sound; absent when there is none."""
        seconds = sum(stretch.seconds for stretch in stretches)
        if not self.live:
            return
        self._stretches = stretches
        if self._reel is not None:
            self._reel.close()
        if seconds > 0:
            self.duration = max(1, math.ceil(round(seconds, 3)))
        self._become("completed" if seconds > 0 else "absent")
        self._tell()
        self._exchange.recordings.ended(self)

    def sound(self) -> bytes:
        """The WAVE file, exactly `duration` long."""
        if self._reel is not None:
            return tape.packed(self._reel.read(), self.duration or 0)
        return tape.wave(self._stretches, self.duration or 0)

    def write(self, frame: bytes) -> None:
        """20 ms of mu-law that were heard now."""
        if not self._exchange.recordings.make_room(len(frame)):
            log.warning("recording %s keeps no more sound: there is no room for it", self.sid)
            self.deafen()
            return
        if self._reel is None:
            self._reel = Reel(self._exchange.recordings.folder / self.sid)
        before, passed = self.size, sum(stretch.seconds for stretch in self._stretches)
        self._reel.write(passed + self._exchange.clock.time() - self._since, frame)
        self._exchange.recordings.kept += self.size - before

    @property
    def size(self) -> int:
        """Bytes of sound that are kept of it."""
        return 0 if self._reel is None else self._reel.size

    def deafen(self) -> None:
        """It goes on, but of what is heard from here on nothing is kept."""
        self.deaf = True
        if self._reel is not None:
            self._reel.close()

    def forget(self) -> None:
        """Its sound is gone."""
        self._exchange.recordings.kept -= self.size
        if self._reel is not None:
            self._reel.delete()

    def _cut(self) -> None:
        """Ends the stretch that is being recorded."""
        now = self._exchange.clock.time()
        if self._kind != "skip" and now > self._since:
            self._stretches.append(Stretch(now - self._since, self._kind))
        self._since = now

    def _become(self, status: str) -> None:
        self.status = status
        self.updated_at = self._exchange.clock.now()

    def _tell(self) -> None:
        params = {
            "AccountSid": self._exchange.account_sid,
            "RecordingSid": self.sid,
            "RecordingUrl": self.url,
            "RecordingStatus": self.status,
            "RecordingChannels": str(self.wish.channels),
            "RecordingStartTime": rfc2822(self.started_at) or "",
            "RecordingSource": self.wish.source,
            "RecordingTrack": self.wish.track,
        }
        if self.conference is None:
            params["CallSid"] = self.call.sid
        else:
            params["ConferenceSid"] = self.conference.sid
        if self.status == "completed":
            params["RecordingDuration"] = str(self.duration)
        self._line.fire(self.status, params)


class Recordings:
    """All recordings of the account, oldest first; the oldest ended ones are forgotten."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._by_sid: dict[str, Recording] = {}
        self._live: dict[str, Recording] = {}
        self.kept = 0
        """Bytes of sound of all of them together."""

    def __iter__(self) -> Iterator[Recording]:
        return iter(list(self._by_sid.values()))

    def get(self, recording_sid: str) -> Recording | None:
        return self._by_sid.get(recording_sid)

    @cached_property
    def folder(self) -> Path:
        """Where sound is kept until the exchange stops; made when there is some."""
        return Path(tempfile.mkdtemp(prefix="exchange-"))

    @property
    def running(self) -> list[Recording]:
        """Those into which something is being recorded at this moment."""
        return [e for e in self._live.values() if e.status == "in-progress" and not e.deaf]

    def make_room(self, size: int) -> bool:
        """Forgets the oldest ended recordings that have sound until so many bytes may be kept.

        False: all that is kept is of recordings that go on.
        """
        while self.kept + size > self._exchange.config.keep_sound:
            oldest = next((old for old in self._by_sid.values() if old.size and not old.live), None)
            if oldest is None:
                return False
            self.delete(oldest)
        return True

    def close(self) -> None:
        """The exchange stops: all sound goes with it."""
        if "folder" in self.__dict__:
            shutil.rmtree(self.__dict__.pop("folder"), ignore_errors=True)

    def start(self, call: Call, wish: Wish, conference: Conference | None = None) -> Recording:
        """Begins a recording of the call, or of the conference that it is in."""
        recording = Recording(call, wish, conference)
        self._by_sid[recording.sid] = self._live[recording.sid] = recording
        return recording

    def ended(self, recording: Recording) -> None:
        """It is complete: kept while there is room."""
        self._live.pop(recording.sid, None)
        surplus = len(self._by_sid) - len(self._live) - self._exchange.config.keep_recordings
        if surplus > 0:
            oldest = next(old for old in self._by_sid.values() if not old.live)
            del self._by_sid[oldest.sid]
            oldest.forget()

    def delete(self, recording: Recording) -> None:
        """Gone, with its sound."""
        self._by_sid.pop(recording.sid, None)
        self._live.pop(recording.sid, None)
        recording.forget()

    def of(
        self, *, call: Call | None = None, conference: Conference | None = None
    ) -> list[Recording]:
        """What is being recorded of a call, or of a conference; newest first."""
        return [
            recording
            for recording in reversed(self._live.values())
            if recording.conference is conference and (call is None or recording.call is call)
        ]

    def over(self, *, call: Call | None = None, conference: Conference | None = None) -> None:
        """The call or the conference has ended: so have its recordings."""
        for recording in self.of(call=call, conference=conference):
            recording.stop()
