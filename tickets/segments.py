"""How many segments an SMS takes, for each of which the carrier is paid: GSM 03.38 or UCS-2. Pure.

Source: 3GPP TS 23.038 (the alphabet and its extension) and Twilio, "SMS character limits": 160
characters of the GSM alphabet in one segment and 153 in each of several; with anything else in the
text (one Thai letter is enough) 70 and 67 UTF-16 code units. What takes two units is not torn apart
between two segments.
"""

from typing import Final

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: Each of these is sent as an escape and a character.
_EXTENSION: Final = frozenset("^{}\\[~]|€\f")


def is_gsm(text: str) -> bool:
    """Say whether the cheap alphabet has every character."""
    return set(text) <= _BASIC | _EXTENSION


def segments(text: str) -> int:
    """Return how many segments a text takes; an empty one takes one."""
    if is_gsm(text):
        only, each = 160, 153
        sizes = [2 if character in _EXTENSION else 1 for character in text]
    else:
        only, each = 70, 67
        sizes = [2 if ord(character) > 0xFFFF else 1 for character in text]
    if sum(sizes) <= only:
        return 1
    count, room = 1, each
    for size in sizes:
        if size > room:
            count, room = count + 1, each
        room -= size
    return count
