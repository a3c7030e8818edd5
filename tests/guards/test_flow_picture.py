"""The picture of the flow in the documentation is what the shipped configuration gives."""

import importlib.util
from functools import partial
from types import ModuleType

import pytest

from hotline.app import text_files
from hotline.i18n import Texts
from ivr import picture
from tests.guards.sources import ROOT

AGAIN = "run: python scripts/flow.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("flow_script", ROOT / "scripts" / "flow.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_picture_and_the_page_are_what_the_configuration_gives(script: ModuleType) -> None:
    for path, content in script.drawn().items():
        assert path.read_text(encoding="utf-8") == content, AGAIN


def test_the_page_tells_every_node(script: ModuleType) -> None:
    page = script.PAGE.read_text(encoding="utf-8")
    config = script.city.load(ROOT / "config.yaml")
    t = partial(Texts.load(text_files()).get, language=script.LANGUAGE)
    for name in picture.known_as(picture.boxes(config.ivr, script.LANGUAGE, t)).values():
        assert f"{name.upper()} – " in page
