"""A little music for the waiting room, made here so that nobody's rights are touched.

Slow broken chords in a pentatonic scale, 8 kHz µ-law as telephones carry it (ITU-T G.711). A city
puts its own recording in its place with `ivr.room.waiting.music`.
"""

import math
import struct
from functools import lru_cache

RATE = 8000
#: C major pentatonic, in Hz, as four broken chords; each note is `_NOTE` seconds long.
_CHORDS = (
    (261.63, 329.63, 392.00, 523.25),
    (220.00, 261.63, 329.63, 440.00),
    (293.66, 392.00, 440.00, 587.33),
    (196.00, 293.66, 392.00, 493.88),
)
_NOTE = 0.625
_LOUDNESS = 6000
_WAVE_FORMAT_MULAW = 7


@lru_cache(4)
def recording(seconds: int) -> bytes:
    """A WAV file of so many seconds."""
    samples = bytes(_mulaw(sample) for sample in _melody(seconds))
    form = struct.pack("<HHIIHHH", _WAVE_FORMAT_MULAW, 1, RATE, RATE, 1, 8, 0)
    count = struct.pack("<I", len(samples))
    body = b"WAVE" + _chunk(b"fmt ", form) + _chunk(b"fact", count) + _chunk(b"data", samples)
    return _chunk(b"RIFF", body)


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content


def _melody(seconds: int) -> list[int]:
    """Each note fades in 5 ms and out over its length; the last second fades to silence."""
    length, note_length = seconds * RATE, int(_NOTE * RATE)
    notes = [tone for chord in _CHORDS for tone in chord]
    wave = []
    for at in range(length):
        number, within = divmod(at, note_length)
        angle = 2 * math.pi * notes[number % len(notes)] * within / RATE
        fade = min(1.0, within / 40) * math.exp(-3.0 * within / note_length)
        end = min(1.0, (length - at) / RATE)
        wave.append(int(_LOUDNESS * fade * end * (math.sin(angle) + 0.3 * math.sin(2 * angle))))
    return wave


def _mulaw(sample: int) -> int:
    """One 16-bit sample as G.711 µ-law."""
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), 32635) + 132
    exponent = magnitude.bit_length() - 8
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    return ~(sign | exponent << 4 | mantissa) & 0xFF
