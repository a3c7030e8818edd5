"""What a telephone number can do, and how it is kept. Pure."""

import phonenumbers
from phonenumbers import PhoneNumberType

_MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def kept(written: str, country: str, *, possible: bool = False) -> str | None:
    """E.164 of a number as people of this country write or key it; None when nobody can have it.

    `possible`: when it is no longer and no shorter than one is. Somebody has called from it, and a
    country gives out numbers faster than everybody hears of it.
    """
    try:
        parsed = phonenumbers.parse(written, country)
    except phonenumbers.NumberParseException:
        return None
    is_one = phonenumbers.is_possible_number if possible else phonenumbers.is_valid_number
    if not is_one(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def can_receive(number: str) -> bool:
    """Whether an SMS to this number (E.164) can arrive: a mobile telephone, of any country."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(parsed) and phonenumbers.number_type(parsed) in _MOBILE
