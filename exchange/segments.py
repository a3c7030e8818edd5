"""How many segments a text message takes: GSM 03.38 or UCS-2.

Source: 3GPP TS 23.038 (the alphabet and its extension) and Twilio, "SMS character limits": 160
characters of the GSM alphabet in one segment, 153 in each of several; with anything else in the
text 70 and 67 UTF-16 code units. What takes two units (a character of the extension, a surrogate
pair) is not torn apart between two segments.
"""

from __future__ import annotations

from collections.abc import Iterable

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("^{}\\[~]|€\f")
"""Each of these is sent as an escape and a character."""
GSM = (160, 153)
UCS2 = (70, 67)
"""Units in an only segment, and in each of several."""


def encoding(text: str) -> str:
    """``GSM-7`` if the alphabet has every character, else ``UCS-2``."""
    return "GSM-7" if set(text) <= BASIC | EXTENSION else "UCS-2"


def segments(text: str) -> int:
    """How many segments `text` takes; an empty one takes one."""
    if encoding(text) == "GSM-7":
        return _pack([2 if character in EXTENSION else 1 for character in text], *GSM)
    return _pack([2 if ord(character) > 0xFFFF else 1 for character in text], *UCS2)


def _pack(units: Iterable[int], only: int, each: int) -> int:
    sizes = list(units)
    if sum(sizes) <= only:
        return 1
    count, room = 1, each
    for size in sizes:
        if size > room:
            count, room = count + 1, each
        room -= size
    return count
