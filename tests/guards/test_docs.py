"""The documentation says what the code says."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from flask import Flask

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


def _script(name: str) -> ModuleType:
    path = ROOT / "scripts" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"{name}_script", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_architecture_page_is_what_the_code_gives() -> None:
    script = _script("architecture")
    text = script.PAGE.read_text(encoding="utf-8")
    assert "| `arrived` |" in text
    assert text == script.page(text), "run: python scripts/architecture.py"


def test_every_link_inside_the_documentation_leads_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("**/*.md")]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_the_page_of_rights_is_what_the_application_gives(app: Flask) -> None:
    script = _script("rights")
    text = script.PAGE.read_text(encoding="utf-8")
    assert "| `/people` | GET |" in text
    assert text == script.page(text, app), "run: python -m scripts.rights"
