"""How long it takes to say or play something, in seconds of the exchange's clock."""

from __future__ import annotations

import asyncio
import struct
import unicodedata
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from exchange import errors
from exchange.errors import CarrierError, RetrievalError
from exchange.webhook import WebhookClient

if TYPE_CHECKING:
    from exchange.voice.mix import Samples

KEPT = 50
"""Decoded files that are kept."""
SHORTEST = 0.5
LATIN_RATE, THAI_RATE, HAN_RATE = 15.0, 10.0, 5.0
"""Characters a second at an announcer's pace."""


def speech_seconds(text: str) -> float:
    """The time to say `text`, each character at the pace of its script; at least half a second."""
    seconds = sum(1 / _rate(character) for character in text)
    return max(SHORTEST, seconds)


def _rate(character: str) -> float:
    code = ord(character)
    if 0x0E00 <= code <= 0x0E7F:
        return THAI_RATE
    if 0x2E80 <= code <= 0x9FFF or 0xAC00 <= code <= 0xD7A3 or 0x20000 <= code <= 0x3FFFF:
        return LATIN_RATE if unicodedata.category(character).startswith("P") else HAN_RATE
    return LATIN_RATE


def wave_seconds(data: bytes) -> float:
    """The length of a RIFF/WAVE file of any encoding with a constant byte rate (PCM, mu-law, …).

    Raises ValueError when it is not one. (The standard library's `wave` refuses mu-law.)
    """
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError("not a RIFF/WAVE file")
    position, rate = 12, 0
    while position + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, position)
        body = position + 8
        if name == b"fmt " and body + 12 <= len(data):
            rate = struct.unpack_from("<I", data, body + 8)[0]
        elif name == b"data":
            if not rate:
                raise ValueError("no format before the data")
            return float(min(size, len(data) - body) / rate)
        position = body + size + size % 2
    raise ValueError("no data in the file")


_KBITS = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def mp3_seconds(data: bytes) -> float:
    """The length of an MPEG layer III file, frame by frame. Raises ValueError when it is not one.

    Source: the frame header of ISO/IEC 11172-3 and 13818-3.
    """
    position, seconds = _after_id3(data), 0.0
    while position + 4 <= len(data):
        frame = _frame(data[position : position + 4])
        if frame is None:
            if data[position : position + 3] == b"TAG":
                break
            position += 1
            continue
        size, duration = frame
        seconds += duration
        position += size
    if not seconds:
        raise ValueError("no MPEG frames")
    return seconds


def _after_id3(data: bytes) -> int:
    """Where the sound begins after the ID3v2 tag, if there is one."""
    if data[:3] != b"ID3" or len(data) < 10:
        return 0
    return 10 + sum(
        (byte & 0x7F) << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True)
    )


def _frame(header: bytes) -> tuple[int, float] | None:
    """Bytes and seconds of the layer III frame that begins here; None if none does."""
    if header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return None
    version, index, rate = header[1] >> 3 & 3, header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or index in (0, 15) or rate == 3:
        return None
    hertz = _RATES[version][rate]
    bits = _KBITS[1 if version == 3 else 2][index] * 1000
    samples = 1152 if version == 3 else 576
    return samples // 8 * bits // hertz + (header[2] >> 1 & 1), samples / hertz


def sound_seconds(data: bytes) -> float:
    """The length of a WAVE or MP3 file. Raises ValueError for anything else."""
    return wave_seconds(data) if data[:4] == b"RIFF" else mp3_seconds(data)


class SoundLibrary:
    """Sound files by URL: each is fetched once, and only its length is kept.

    For calls with media it is fetched once more, decoded, and the last few are kept.
    """

    def __init__(self, webhooks: WebhookClient) -> None:
        self._webhooks = webhooks
        self._seconds: dict[str, float] = {}
        self._samples: OrderedDict[str, Samples] = OrderedDict()

    async def seconds(self, url: str) -> float:
        """The length of the file at `url`. Raises CarrierError (fetch) or 13420 (content)."""
        if url not in self._seconds:
            body = await self._fetch(url)
            with _readable(url):
                self._seconds[url] = sound_seconds(body)
        return self._seconds[url]

    async def samples(self, url: str) -> Samples:
        """The file at `url` for a call to hear. Raises as `seconds` does."""
        if url not in self._samples:
            from exchange.voice.decode import decode

            body = await self._fetch(url)
            with _readable(url):
                self._samples[url] = await asyncio.to_thread(decode, body)
            while len(self._samples) > KEPT:
                self._samples.popitem(last=False)
        self._samples.move_to_end(url)
        return self._samples[url]

    async def _fetch(self, url: str) -> bytes:
        reply = await self._webhooks.send(url, "GET", {})
        if not reply.content_type.startswith("audio/"):
            message = f"Play: invalid content type {reply.content_type!r}"
            raise CarrierError(errors.PLAY_UNREADABLE, message, url)
        return reply.body


@contextmanager
def _readable(url: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        message = f"Play: unreadable sound: {error}"
        raise RetrievalError(errors.PLAY_UNREADABLE, message, url) from error
