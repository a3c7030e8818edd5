"""The picture of the flow in the documentation is what the shipped configuration gives."""

import importlib.util
from types import ModuleType

import pytest

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
    for name in script.city.load(ROOT / "config.yaml").ivr.flow:
        assert f"{script.picture.called(name).upper()} – " in page
