"""What a caller may hear: the rule that the chaos runs judge by."""

from typing import Any

import pytest

from hotline.chaos import heard
from hotline.chaos.heard import Sentences
from hotline.city import CityConfig
from ivr.speech import prompts

AT = "2026-11-20T05:00:{:02}+00:00"


@pytest.fixture(scope="module")
def sentences(city_config: CityConfig) -> Sentences:
    return Sentences.of(city_config)


def call(*lines: tuple[str, str], cause: str = "caller hung up", first: int = 0) -> dict[str, Any]:
    """A call that was answered at second 0, heard its first line at `first`, and has ended."""
    told = [
        {"at": AT.format(first + n), "kind": kind, "text": text}
        for n, (kind, text) in enumerate(lines)
    ]
    return {
        "answered_at": AT.format(0),
        "ended_at": AT.format(59),
        "end_cause": cause,
        "transcript": told,
    }


def said(config: CityConfig, prompt: str, language: str = "th", **places: object) -> str:
    return str(config.ivr.prompts[prompt][language]).format(**places)


def test_every_sentence_of_the_file_is_one_and_no_other(
    sentences: Sentences, city_config: CityConfig
) -> None:
    places = {
        place: "12"
        for texts in city_config.ivr.prompts.values()
        for text in texts.values()
        for place in prompts.places(str(text))
    }
    for name, texts in city_config.ivr.prompts.items():
        for language in texts:
            spoken = said(city_config, name, language, **places)
            assert heard.faults(call(("say", spoken)), sentences) == [] or name == "apology"
    cut = said(city_config, "welcome")[:-2]
    assert heard.faults(call(("say", cut)), sentences) == [f"not a sentence of ours: {cut}"]
    assert heard.faults(call(("say", "")), sentences) == ["not a sentence of ours: "]


def test_an_error_of_the_carrier_is_a_fault(sentences: Sentences) -> None:
    lines = call(("error", "We are sorry, an application error has occurred. Goodbye."))
    assert any("application error" in fault for fault in heard.faults(lines, sentences))


def test_an_apology_stands_only_with_the_transfer(
    sentences: Sentences, city_config: CityConfig
) -> None:
    th, en = (("say", said(city_config, "apology", name)) for name in ("th", "en"))
    welcome = ("say", said(city_config, "welcome"))
    dial = ("dial", sentences.fallback_number)
    good = [
        (th, dial),
        (th, en, dial),
        (th, ("end", "caller hung up")),
        (welcome, th, en, dial, ("say", said(city_config, "try_again")), ("end", "hung up")),
    ]
    for lines in good:
        assert heard.faults(call(*lines), sentences) == []
        assert heard.apologies(call(*lines), sentences) == 1
    for lines in [(th, welcome), (th, en, ("dial", "191")), (th, ("queue", "information"))]:
        assert "an apology, and then" in "".join(heard.faults(call(*lines), sentences))
    assert heard.apologies(call(welcome), sentences) == 0


def test_who_waited_met_somebody_or_hung_up(sentences: Sentences, city_config: CityConfig) -> None:
    waited = ("say", said(city_config, "welcome")), ("queue", "information")
    alone = call(*waited, cause="redirected into nothing")
    assert heard.faults(alone, sentences) == ["waited and met nobody: redirected into nothing"]
    assert heard.faults(call(*waited), sentences) == []
    met = call(*waited, ("conference", "call-1"), cause="the conference ended")
    assert heard.faults(met, sentences) == []


def test_silence_is_a_fault(sentences: Sentences, city_config: CityConfig) -> None:
    welcome = ("say", said(city_config, "welcome"))
    assert heard.faults(call(welcome, first=20), sentences) == []
    assert heard.faults(call(welcome, first=21), sentences) == ["silence for 21 s"]
    assert heard.faults(call(), sentences) == ["silence for 59 s"]
