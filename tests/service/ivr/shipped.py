"""The same world on config.yaml as it is shipped: consent is asked, nobody may be there."""

from collections.abc import Iterator
from typing import Any

import pytest

from hotline.city import CityConfig
from ivr.config import Ivr
from tests.service.ivr.world import Agent, Caller, World


@pytest.fixture
def city_config(shipped_config: CityConfig) -> CityConfig:
    """Instead of the plain one."""
    return shipped_config


@pytest.fixture
def agent(world: World) -> Iterator[Agent]:
    """Somebody is there for every queue, in Thai and English."""
    return world.agent()


def prompt(world: World, name: str, language: str = "th", **values: Any) -> str:
    """A prompt that is one text, filled in."""
    text = world.floor.section(Ivr).prompts[name][language]
    assert isinstance(text, str)
    return text.format(**values)


def to_queue(caller: Caller, language: str = "1", key: str = "1", consent: str = "") -> Caller:
    """Through the menu, and through the question whether the conversation may be recorded (where
    it is asked: not when there will be none).
    """
    caller.ring().press(language, key)
    gather = caller.xml.find("Gather")
    asked = gather is not None and "part=consent" in gather.attrib["action"]
    return caller.press(consent) if asked else caller
