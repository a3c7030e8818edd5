"""Sound files as samples."""

from __future__ import annotations

import io

import av
import numpy as np

from exchange.voice.mix import RATE, Samples


def decode(data: bytes) -> Samples:
    """A WAVE or MP3 file as 16-bit samples at 8 kHz, its channels mixed. Raises ValueError."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    parts: list[Samples] = []
    try:
        with av.open(io.BytesIO(data), "r") as file:
            frames = [*file.decode(audio=0), None]  # None: what the resampler still holds
            for frame in frames:
                parts += [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
    except (av.FFmpegError, IndexError) as error:
        raise ValueError(f"cannot be decoded: {error}") from error
    return np.concatenate(parts).astype(np.int16) if parts else np.zeros(0, np.int16)
