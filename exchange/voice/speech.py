"""Words as sound: espeak-ng, if it is installed, for the languages that it says understandably.

It says Thai and Chinese so that nobody would understand them; those are read on the page. Each text
is said once, outside the event loop, and kept; one that could not be said is tried again.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import subprocess
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exchange.voice.mix import Samples

log = logging.getLogger("exchange.voice")

PROGRAM = "espeak-ng"
VOICES = {"en": "en", "ru": "ru"}
"""The program's voice for a language tag's first part."""
PACE = 150
"""Words a minute: a voice that wants to be understood."""
WITHIN = 10.0
"""Seconds of the wall for saying one text."""
KEPT = 200
"""Texts that are kept; a minute is a megabyte."""


class Announcer:
    """Says texts. Nothing is looked for or loaded before there is something to say."""

    def __init__(self) -> None:
        self._said: OrderedDict[tuple[str, str], Samples] = OrderedDict()

    async def say(self, text: str, language: str) -> Samples | None:
        """The text as sound; None where there is no voice for it."""
        voice = VOICES.get(language.split("-", maxsplit=1)[0].lower())
        if voice is None:
            return None
        wanted = voice, text
        sound = self._said.get(wanted)
        if sound is None:
            sound = await asyncio.to_thread(_said, text, voice)
        if sound is not None:
            self._said[wanted] = sound
            self._said.move_to_end(wanted)
            while len(self._said) > KEPT:
                self._said.popitem(last=False)
        return sound


def _said(text: str, voice: str) -> Samples | None:
    from exchange.voice.decode import decode

    program = shutil.which(PROGRAM)
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, "-v", voice, "-s", str(PACE), "--stdin", "--stdout"],
            input=text.encode(),
            capture_output=True,
            check=True,
            timeout=WITHIN,
        )
        return decode(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        log.warning("%s did not say a text: %s", PROGRAM, error)
        return None
