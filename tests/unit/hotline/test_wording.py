"""What is wrong with a file, told to somebody who runs a city's telephones."""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from hotline import city, wording
from hotline.config import load_yaml
from hotline.errors import ConfigError
from tests.support.floors import CONFIG

LEFT_OUT = object()


@pytest.fixture(scope="module")
def shipped() -> Any:
    return load_yaml(CONFIG)


def told(content: Any, path: str, value: object) -> list[str]:
    """The faults of the shipped file with another value, or none, at a path."""
    content = deepcopy(content)
    *way, last = path.split(".")
    here = content
    for part in way:
        here = here[int(part) if isinstance(here, list) else part]
    if value is LEFT_OUT:
        del here[last]
    else:
        here[last] = value
    with pytest.raises(ConfigError) as caught:
        city.parse(content)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("city.number", LEFT_OUT, "is missing"),
        ("city.colour", "green", "there is no such key"),
        ("city.accent", "green", 'expected a colour such as "#0b6e6e", found "green"'),
        ("city.accent", 5, "expected a text, found 5"),
        ("city.accent", None, "expected a text, found nothing"),
        (
            "city.country",
            "x" * 99,
            f'expected a country of two capitals, such as TH, found "{"x" * 40}…"',
        ),
        ("ivr.offers", "20", 'expected a mapping (key: value), found "20"'),
        ("ivr.waiting", ["loop"], "expected a mapping (key: value), found a list of 1"),
        ("ivr.waiting.loop", 4, "expected 5 or more, found 4"),
        ("ivr.waiting.loop", 121, "expected 120 or less, found 121"),
        ("ivr.waiting.loop", "long", 'expected a whole number, found "long"'),
        ("ivr.waiting.loop", 7.5, "expected a whole number, found 7.5"),
        ("agents.routing.across", "age", 'expected priority or longest_wait, found "age"'),
        ("agents.breaks", {}, "expected 1 of them or more, found an empty mapping"),
        ("tickets.outcomes", "none", 'expected a list, found "none"'),
        ("tickets.outcomes.0.default", "maybe", 'expected true or false, found "maybe"'),
        (
            "tickets.outcomes.0.makes",
            "none",
            'expected closed_inquiry, open_ticket or link, found "none"',
        ),
        ("reports.short_abandon_seconds", "few", 'expected a number, found "few"'),
        ("reports.night_at", "late", 'expected a time of day such as 00:30, found "late"'),
    ],
)
def test_a_wrong_value_is_told_in_plain_words(
    shipped: Any, path: str, value: object, words: str
) -> None:
    assert f"{path}: {words}" in told(shipped, path, value)


def test_a_kind_that_does_not_exist_is_told_with_those_that_do(shipped: Any) -> None:
    (fault,) = told(shipped, "ivr.flow.main.kind", "menue")
    assert fault.startswith('ivr.flow.main: no such kind "menue" (there are language, menu, say, ')
    assert told(shipped, "ivr.flow.main.kind", LEFT_OUT) == [
        "ivr.flow.main: the key kind is missing"
    ]


def test_a_key_that_is_wrong_is_told_as_a_value_is(shipped: Any) -> None:
    keys = {**shipped["ivr"]["flow"]["main"]["keys"], "10": "agent"}
    (fault,) = told(shipped, "ivr.flow.main.keys", keys)
    assert fault == 'ivr.flow.main.keys.10: expected one key: 0 to 9, * or #, found "10"'


def patterns(schema: Any) -> Iterator[str]:
    """Every pattern of a model's core schema: JSON schemas leave out what a validator precedes."""
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for each in schema.values():
            yield from patterns(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from patterns(each)


def test_every_form_of_a_text_has_words_that_fit_it() -> None:
    sections = city.SECTIONS.values()
    used = {each for section in sections for each in patterns(section.__pydantic_core_schema__)}
    assert used == set(wording.FORMS)
    for pattern, words in wording.FORMS.items():
        if found := re.search(r'such as "?([^",]+)', words):
            assert re.search(pattern, found.group(1)), (pattern, words)
