"""The sound of one leg: a WebRTC connection with a browser.

What is agreed on is always mu-law, the telephone's own codec: every browser has it, and it costs
next to nothing. No STUN, no TURN: browser and exchange are on one machine or one network.

The carrier's SDK sends its description without candidates (it expects a media server that waits to
be reached), and a page's own candidates may be names that only it can resolve. So neither is used:
the exchange waits, and where the browser comes from is learnt from its first packet (a
peer-reflexive candidate). aioice, however, gives up at once on a peer that has none; it is given
one where nobody is.
"""

from __future__ import annotations

import asyncio
import fractions
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import aioice.ice
import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

from exchange.voice.mix import FRAME, RATE, Samples

log = logging.getLogger("exchange.voice")

NOBODY = "a=candidate:1 1 udp 1 127.0.0.1 9 typ host"
"""The candidate where nobody is (port 9 discards)."""
CUSHION, DEEPEST = 2, 6
"""Frames kept before what is said is used, so that a late packet makes no hole; and at most."""
BACKLOG = 10
"""Frames that may wait for the network; more are dropped."""
TIME_BASE = fractions.Fraction(1, RATE)


_elsewhere = aioice.ice.get_host_addresses


def _addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    """Where a browser may reach us: this machine's addresses, and the one it has without a network.

    aioice leaves loopback out, and has no setting for it.
    """
    return [*_elsewhere(use_ipv4, use_ipv6), "127.0.0.1"]


aioice.ice.get_host_addresses = _addresses


class Refused(ValueError):
    """The browser's description cannot be used."""


@contextmanager
def _understood() -> Iterator[None]:
    """Raises Refused for whatever aiortc's parser stumbles over."""
    try:
        yield
    except Exception as error:
        raise Refused(f"not a description of sound: {error!r}") from error


def reachable(sdp: str) -> str:
    """The description with the candidate where nobody is, and no others."""
    lines = [line for line in sdp.splitlines() if line]
    kept = [line for line in lines if not line.startswith(("a=candidate:", "a=end-of-candidates"))]
    return "\r\n".join([*kept, NOBODY, "a=end-of-candidates", ""])


class Speaker(MediaStreamTrack):
    """What the leg hears, frame by frame, on its way to the browser."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._frames: asyncio.Queue[Samples] = asyncio.Queue()
        self._sent = 0

    def put(self, samples: Samples) -> None:
        if self._frames.qsize() < BACKLOG:
            self._frames.put_nowait(samples)

    async def recv(self) -> AudioFrame:
        """Called by aiortc. Raises MediaStreamError after the end."""
        if self.readyState != "live":
            raise MediaStreamError
        samples = await self._frames.get()
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE
        frame.time_base = TIME_BASE
        frame.pts = self._sent
        self._sent += FRAME
        return frame


class Leg:
    """One connection. Either `offer` and `accept`, or `answer`; then `take` and `hear`."""

    def __init__(self) -> None:
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._speaker = Speaker()
        self._gathering: asyncio.Future[None] | None = None
        self._ears: asyncio.Task[None] | None = None
        self._said = bytearray()
        self._flowing = False
        self.connected = asyncio.Event()
        self.gone: Callable[[], None] = lambda: None
        """Called when the connection breaks, or the browser ends it."""
        self.spoke_at = 0.0
        """When something louder than a room was last heard; Unix seconds of the exchange."""
        self._peer.on("track", self._listen)
        self._peer.on("connectionstatechange", self._changed)

    async def offer(self) -> str:
        """Our description, for a browser that is called."""
        self._peer.addTrack(self._speaker)
        self._prefer_telephone()
        return await self._describe(await self._peer.createOffer())

    async def accept(self, sdp: str) -> None:
        """The browser's answer to our offer. Raises Refused."""
        with _understood():
            await self._remote(sdp, "answer")

    async def answer(self, sdp: str) -> str:
        """Our answer to the browser's offer. Raises Refused."""
        self._peer.addTrack(self._speaker)
        self._prefer_telephone()  # before the offer is read, or the browser's preference counts
        with _understood():
            await self._remote(sdp, "offer")
            return await self._describe(await self._peer.createAnswer())

    async def _describe(self, description: RTCSessionDescription) -> str:
        """Ours, with where we may be reached.

        Who waits for it may be cancelled, the work itself not: aioice knows the sockets that it
        opens, to close them, only when it has opened all.
        """
        self._gathering = asyncio.ensure_future(self._peer.setLocalDescription(description))
        await asyncio.shield(self._gathering)
        return self._peer.localDescription.sdp

    async def _remote(self, sdp: str, kind: str) -> None:
        await self._peer.setRemoteDescription(RTCSessionDescription(reachable(sdp), kind))

    def _prefer_telephone(self) -> None:
        codecs = RTCRtpSender.getCapabilities("audio").codecs
        for transceiver in self._peer.getTransceivers():
            transceiver.setCodecPreferences([c for c in codecs if c.mimeType == "audio/PCMU"])

    @property
    def speaks(self) -> bool:
        """Whether the browser sends sound: one may listen without a microphone."""
        return self._ears is not None

    async def ready(self, seconds: float) -> None:
        """Returns when sound can flow, or after `seconds` of the wall."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.connected.wait(), seconds)

    def take(self) -> Samples | None:
        """The next 20 ms that the browser sent; None when there is nothing (yet)."""
        size = 2 * FRAME
        if len(self._said) < size * (1 if self._flowing else CUSHION):
            self._flowing = False
            return None
        self._flowing = True
        samples = np.frombuffer(bytes(self._said[:size]), np.int16)
        del self._said[:size]
        return samples

    def hear(self, samples: Samples) -> None:
        """20 ms for the browser to play."""
        if self.connected.is_set():
            self._speaker.put(samples)

    async def close(self) -> None:
        """Ends the connection. May be called again."""
        self.gone = lambda: None
        if self._ears is not None:
            self._ears.cancel()
        self._speaker.stop()
        if self._gathering is not None:
            await asyncio.wait({self._gathering})
        await self._peer.close()

    def _listen(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio" and self._ears is None:
            self._ears = asyncio.create_task(self._hear_browser(track))

    async def _hear_browser(self, track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                assert isinstance(frame, AudioFrame) and frame.sample_rate == RATE
                self._said += frame.to_ndarray().astype(np.int16).tobytes()
                surplus = len(self._said) - DEEPEST * 2 * FRAME
                if surplus > 0:
                    del self._said[:surplus]

    def _changed(self) -> None:
        state = self._peer.connectionState
        if state == "connected":
            self.connected.set()
        elif state in ("failed", "closed"):
            self.gone()
