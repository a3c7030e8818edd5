"""The waiting music is a WAV file that a telephone can play."""

import struct

from ivr.speech import music


def test_the_recording_is_mulaw_of_the_length_asked_for() -> None:
    wave = music.recording(5)
    assert (wave[:4], wave[8:12], len(wave)) == (b"RIFF", b"WAVE", 8 + wave_size(wave))
    chunks = dict(read_chunks(wave[12:]))
    form, channels, rate, _, _, bits, _ = struct.unpack("<HHIIHHH", chunks[b"fmt "])
    assert (form, channels, rate, bits) == (7, 1, 8000, 8)
    assert len(chunks[b"data"]) == 5 * 8000
    assert len(set(chunks[b"data"])) > 100
    assert chunks[b"data"][-1] & 0x7F > 0x70, "it ends in silence"


def test_mulaw_of_the_standard() -> None:
    """ITU-T G.711, table 2a: silence, the extremes, and the same but for the sign."""
    assert music._mulaw(0) == 0xFF
    assert music._mulaw(32767) == 0x80
    assert music._mulaw(-32768) == 0x00
    assert music._mulaw(1000) ^ music._mulaw(-1000) == 0x80


def wave_size(wave: bytes) -> int:
    return int(struct.unpack("<I", wave[4:8])[0])


def read_chunks(body: bytes) -> list[tuple[bytes, bytes]]:
    chunks = []
    while body:
        size = struct.unpack("<I", body[4:8])[0]
        chunks.append((body[:4], body[8 : 8 + size]))
        body = body[8 + size :]
    return chunks
