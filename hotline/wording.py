"""What pydantic finds wrong with a value, in plain words: what is expected, and what was found.

Who reads them runs a city's telephones and writes no Python. What the models' own checks say
(`value_error`), and whatever is not in the tables, is told as it comes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails

#: Of a value of the wrong type: what it should be.
_TYPES = {
    "a text": ("string_type",),
    "a whole number": ("int_type", "int_parsing", "int_from_float"),
    "a number": ("float_type", "float_parsing", "finite_number"),
    "true or false": ("bool_type", "bool_parsing"),
    "a mapping (key: value)": ("dict_type", "mapping_type", "model_type", "model_attributes_type"),
    "a list": ("list_type", "tuple_type"),
    "a time of day such as 00:30": ("time_type", "time_parsing"),
}
#: Of a value of the right type, and of a choice: what it should be, filled with pydantic's context.
_EXPECTED = {type_: words for words, types in _TYPES.items() for type_ in types} | {
    "literal_error": "{expected}",
    "enum": "{expected}",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge:g} or more",
    "less_than": "less than {lt:g}",
    "less_than_equal": "{le:g} or less",
    "string_too_short": "{min_length} characters or more",
    "string_too_long": "{max_length} characters or less",
    "too_short": "{min_length} of them or more",
    "too_long": "{max_length} of them or less",
}
#: Of a key, and of what a mapping is.
_SAID = {
    "missing": "is missing",
    "extra_forbidden": "there is no such key",
    "union_tag_not_found": "the key {discriminator} is missing",
    "union_tag_invalid": 'no such {discriminator} "{tag}" (there are {expected_tags})',
}
#: The forms of texts, by the pattern of the model (a test holds that each one is here).
FORMS: Mapping[str, str] = {
    r"^[a-z][a-z0-9_]*$": "a name of small letters, digits and _, such as main_menu",
    r"^(\+[1-9]\d{6,14}|[1-9]\d{2,5})$": "a telephone number such as +6638111337, or a short one",
    r"^(\+[1-9]\d{6,14}|[1-9]\d{2,5}|[A-Za-z][A-Za-z0-9 ]{1,10})$": (
        "a number that sends SMS, such as +6638111337, or up to 11 letters, such as Pattaya"
    ),
    r"^[a-z]{2,3}$": "a language of two or three small letters, such as th",
    r"^#[0-9a-fA-F]{6}$": 'a colour such as "#0b6e6e"',
    r"^[A-Z]{2}$": "a country of two capitals, such as TH",
    r"^[a-z]{2,3}(-[A-Z][A-Za-z]{1,3})*$": "the language tag of a voice, such as th-TH",
    r"^\+\d*$": 'the beginning of telephone numbers, such as "+66"',
    r"^[0-9*#]$": "one key: 0 to 9, * or #",
    r"^[1-9]$": "one key: 1 to 9",
    r"^[1-9][0-9]{0,3} (day|month|year)s?$": "days, months or years, such as 90 days",
    r"^[\w-][\w.-]*(/[\w-][\w.-]*)*$": "a file in the folder of recordings, such as welcome-th.wav",
    r"^[a-z0-9][a-z0-9._-]*$": "a name of small letters, digits, ., _ and -, such as pattaya-1337",
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$": "the short name of a licence, such as CC-BY-4.0",
    r"^https?://\S+$": "an address that begins with https://",
}
_LONGEST = 40


def of(error: ErrorDetails) -> str:
    """The error in words, without its place."""
    kind, context = error["type"], error.get("ctx", {})
    if kind in _SAID:
        return _filled(_SAID[kind], context)
    if kind == "string_pattern_mismatch":
        what = FORMS.get(context["pattern"], f"the form {context['pattern']}")
    elif kind in _EXPECTED:
        what = _filled(_EXPECTED[kind], context)
    else:
        return error["msg"].removeprefix("Value error, ")
    return f"expected {what}, found {_shown(error['input'])}"


def _filled(words: str, context: Mapping[str, Any]) -> str:
    # names stand in the file without pydantic's quotes
    return words.format(**context).replace("'", "")


def _shown(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"' if len(value) <= _LONGEST else f'"{value[:_LONGEST]}…"'
        case Mapping():
            return "a mapping" if value else "an empty mapping"
        case Sequence():
            return f"a list of {len(value)}" if value else "an empty list"
        case _:
            return str(value)
