"""The sound of a recording: a WAVE file of mu-law, 8 kHz, mono, made when it is asked for.

Of calls with media what was really heard is kept, on disk (`Reel`). Of all others nobody's voice
is: what was spoken is a murmur in the rhythm of speech, the other side of a talk another, and
silence is silence. That file is a function of the recording's stretches, so a thousand recordings
of an hour take no more memory than their list.
"""

from __future__ import annotations

import logging
import math
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

log = logging.getLogger("exchange.tape")

RATE = 8000
SILENCE = b"\xff"
"""Zero in mu-law."""
BIAS, CLIP = 0x84, 32635
LOUDNESS = 3000.0
"""Of 32767: a quiet voice."""


@dataclass(frozen=True)
class Stretch:
    """`seconds` of one kind of sound: voice, talk (two voices by turns) or silence."""

    seconds: float
    kind: str = "voice"


SLACK = RATE // 10
"""A gap shorter than this is no gap: the frames of a ticker do not come to the sample."""


class Reel:
    """Sound that is kept as it comes: mu-law in a file, each frame at its place in time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self.size = 0
        """Bytes that it takes."""

    def write(self, at: float, frame: bytes) -> None:
        """A frame that was heard `at` seconds from the beginning; silence fills a gap before it."""
        gap = round(at * RATE) - self.size
        if gap > SLACK:
            self._file.write(SILENCE * gap)
            self.size += gap
        self._file.write(frame)
        self.size += len(frame)

    def close(self) -> None:
        """No more comes. A disk that is full is no reason for a call not to end."""
        try:
            self._file.close()
        except OSError as error:
            log.warning("the end of a recording is lost: %s", error)

    def read(self) -> bytes:
        """All of it; nothing when the file has gone."""
        self.close()
        return self._path.read_bytes() if self._path.exists() else b""

    def delete(self) -> None:
        self.close()
        self._path.unlink(missing_ok=True)


def mulaw(sample: int) -> int:
    """A 16-bit sample as a mu-law byte. Source: ITU-T G.711, by its usual integer form."""
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), CLIP) + BIAS
    exponent = max(0, magnitude.bit_length() - 8)
    return ~(sign | exponent << 4 | (magnitude >> (exponent + 3)) & 0x0F) & 0xFF


@cache
def _pattern(kind: str) -> bytes:
    """Some whole seconds of a sound, to be repeated."""
    if kind == "silence":
        return SILENCE * RATE
    if kind == "talk":
        return _voice(130.0, 4) + _voice(210.0, 3)
    return _voice(170.0, 4)


def _voice(pitch: float, seconds: int) -> bytes:
    """A murmur of about four syllables a second, with a breath at the end."""
    return bytes(_sample(number / RATE, pitch, seconds) for number in range(seconds * RATE))


def _sample(at: float, pitch: float, seconds: int) -> int:
    if at > seconds - 0.4:
        return mulaw(0)
    syllable = max(0.0, math.sin(2 * math.pi * 4 * at)) ** 0.5
    tune = pitch * at - 4 * math.cos(at)  # a voice that rises and falls a little
    overtones = sum(math.sin(2 * math.pi * tune * n) / n for n in (1, 2, 3))
    return mulaw(int(LOUDNESS * syllable * overtones / 1.8))


def wave(stretches: Iterable[Stretch], seconds: int) -> bytes:
    """A WAVE file of exactly `seconds`: the stretches one after the other, then silence."""
    size = seconds * RATE
    data = bytearray()
    for stretch in stretches:
        length = min(round(stretch.seconds * RATE), size - len(data))
        pattern = _pattern(stretch.kind)
        data += (pattern * (length // len(pattern) + 1))[: max(0, length)]
    return packed(bytes(data), seconds)


def packed(sound: bytes, seconds: int) -> bytes:
    """A WAVE file of exactly `seconds` of this mu-law: cut, or filled up with silence."""
    size = seconds * RATE
    data = sound[:size] + SILENCE * (size - len(sound))
    form = struct.pack("<HHIIHHH", 7, 1, RATE, RATE, 1, 8, 0)
    fact = struct.pack("<I", size)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"fact" + struct.pack("<I", len(fact)) + fact
    chunks += b"data" + struct.pack("<I", size) + data + b"\x00" * (size % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks
