"""Sounds that the exchange makes itself: keys, ringing, beeps, waiting music.

16-bit samples at 8 kHz, made once and kept; nothing here needs more than the standard library.
"""

from __future__ import annotations

import math
import struct
import sys
from array import array
from collections.abc import Sequence
from functools import cache

RATE = 8000
LEVEL = 6000
"""Of 32767: as loud as a voice."""

ROWS, COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477)
KEYS = ("123", "456", "789", "*0#")
"""The keypad; a key is the tone of its row and that of its column. Source: ITU-T Q.23."""
KEY_SECONDS = 0.16
NAMES = {"*": "dtmfs", "#": "dtmfh"}


def tone(hertz: Sequence[float], seconds: float, level: float = LEVEL) -> array[int]:
    """Sines together, with 5 ms to rise and to fall, so that nothing clicks."""
    length = round(seconds * RATE)
    edge = RATE // 200
    return array(
        "h",
        (
            round(
                level
                * min(1.0, n / edge, (length - n) / edge)
                * sum(math.sin(2 * math.pi * h * n / RATE) for h in hertz)
                / len(hertz)
            )
            for n in range(length)
        ),
    )


def silence(seconds: float) -> array[int]:
    return array("h", bytes(2 * round(seconds * RATE)))


def key(digit: str, seconds: float = KEY_SECONDS) -> array[int]:
    """The sound of a key (0-9 * #)."""
    [(row, column)] = [(r, keys.index(digit)) for r, keys in enumerate(KEYS) if digit in keys]
    return tone((ROWS[row], COLUMNS[column]), seconds)


@cache
def beep() -> array[int]:
    """Before a recording."""
    return tone((1000,), 0.3)


@cache
def knock() -> array[int]:
    """Somebody comes into a conference, or goes."""
    return tone((620, 880), 0.15)


@cache
def ringback() -> array[int]:
    """What a caller hears while it rings elsewhere: 1 s of sound in 4 s, as in Thailand."""
    return tone((400,), 1.0, LEVEL / 2) + silence(3.0)


@cache
def music() -> array[int]:
    """Waiting music, eight seconds to be repeated: four chords, broken, softly."""
    sound = array("h")
    for chord in ((262, 330, 392), (220, 262, 330), (175, 220, 262), (196, 247, 294)):
        for step in (0, 1, 2, 1):
            sound += _plucked(chord[step], 0.5)
    return sound


def _plucked(hertz: float, seconds: float) -> array[int]:
    samples = tone((hertz, 2 * hertz), seconds, LEVEL)
    return array("h", (round(s * math.exp(-3 * n / RATE)) for n, s in enumerate(samples)))


@cache
def device_sounds() -> dict[str, bytes]:
    """A WAVE file for each of the sounds that the SDK plays, by the SDK's names for them."""
    sounds = {NAMES.get(d, f"dtmf{d}"): key(d) for keys in KEYS for d in keys}
    ring = tone((440, 554), 0.4, LEVEL) + silence(0.2)
    sounds["incoming"] = ring + ring + silence(1.8)
    sounds["outgoing"] = tone((523, 659), 0.15, LEVEL / 2)
    sounds["disconnect"] = tone((392,), 0.15, LEVEL / 2)
    return {name: wave(sound) for name, sound in sounds.items()}


def wave(samples: array[int]) -> bytes:
    """A WAVE file of 16-bit PCM, 8 kHz, mono."""
    if sys.byteorder == "big":
        samples = samples[:]
        samples.byteswap()
    data = samples.tobytes()
    form = struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks
