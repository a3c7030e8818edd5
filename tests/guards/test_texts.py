"""Every word on a screen exists in Thai and English, and no word lies about unused."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import jinja2
import pytest
from jinja2 import nodes

import hotline.app
from hotline.config import READER_LANGUAGES
from hotline.errors import HotlineError
from hotline.i18n import Texts
from tests.guards.sources import ROOT, calls, files, shown, tree

ANYTHING = "\0"
#: English readers are told the Gregorian years of a Thai fiscal year too.
EXPLAINED_IN_ONE = {"reports.fiscal_year", "reports.print.of_year"}
#: The names under which `t` and its kind are called.
SAYS = ("t", "texts.get", ".texts.get")
PARSER = jinja2.Environment(autoescape=True)


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts.load(hotline.app.text_files())


def matching(pattern: str, texts: Texts) -> set[str]:
    """The keys that a text with gaps (`ivr.verdict.…`) may mean."""
    meant = re.compile(r"[\w-]+".join(re.escape(part) for part in pattern.split(ANYTHING)))
    return {key for key in texts.keys() if meant.fullmatch(key)}  # noqa: SIM118


# ---------------------------------------------------------------- what is said where


def python_pattern(node: ast.expr) -> str | None:
    """A literal, or an f-string with its gaps; None for what only the running program knows."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else ANYTHING for part in node.values)
        return "".join(str(part) for part in parts)
    return None


def template_pattern(node: nodes.Node) -> str | None:
    if isinstance(node, nodes.Const):
        return str(node.value)
    if isinstance(node, nodes.Concat):
        return "".join(template_pattern(part) or ANYTHING for part in node.nodes)
    return None


def said_in_python() -> Iterator[tuple[Path, str]]:
    for path, call in calls("t"):
        if ast.unparse(call.func) in SAYS and call.args and (found := python_pattern(call.args[0])):
            yield path, found
    for path in files("*.py"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.keyword) and node.arg == "text":
                found = python_pattern(node.value)
                if found and re.fullmatch(rf"[a-z]+\.[\w.{ANYTHING}]+", found):
                    yield path, found


def said_in_templates() -> Iterator[tuple[Path, str]]:
    for path in files("*.html"):
        for call in PARSER.parse(path.read_text(encoding="utf-8")).find_all(nodes.Call):
            named = isinstance(call.node, nodes.Name) and call.node.name == "t"
            if named and call.args and (found := template_pattern(call.args[0])):
                yield path, found


def literals() -> Iterator[str]:
    """Every string of every source, whole or with gaps: keys also travel in variables."""
    for path in files("*.py"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Constant | ast.JoinedStr) and (found := python_pattern(node)):
                yield found
    for path in files("*.html"):
        for node in PARSER.parse(path.read_text(encoding="utf-8")).find_all(
            (nodes.Const, nodes.Concat)
        ):
            if found := template_pattern(node):
                yield found


# ---------------------------------------------------------------- the guards


def test_what_is_said_exists(texts: Texts) -> None:
    said = [*said_in_python(), *said_in_templates()]
    assert len(said) > 100  # the guard can see
    missing = {(shown(path), key) for path, key in said if not matching(key, texts)}
    assert missing == set()


def test_every_error_has_its_words(texts: Texts) -> None:
    def below(kind: type[HotlineError]) -> Iterator[type[HotlineError]]:
        for each in kind.__subclasses__():
            yield each
            yield from below(each)

    kinds = [each for each in below(HotlineError) if not each.__module__.startswith("tests")]
    assert {each.__name__ for each in kinds if each.text not in texts} == set()


def test_no_text_lies_about_unused(texts: Texts) -> None:
    rooms = {key.split(".")[0] for key in texts.keys()}  # noqa: SIM118
    named = {each for each in literals() if each.split(".")[0] in rooms and "." in each}
    used = {key for each in named for key in matching(each, texts)}
    assert set(texts.keys()) - used == set()


def test_keys_carry_the_name_of_their_room() -> None:
    wrong = []
    for path in hotline.app.text_files():
        room = path.parent.name.replace("hotline", "floor")
        wrong += [key for key in Texts.load([path]).keys() if not key.startswith(f"{room}.")]  # noqa: SIM118
    assert wrong == []


def test_every_language_names_the_same_values(texts: Texts) -> None:
    def places(key: str, language: str) -> set[str | None]:
        text = texts.get(key, language)
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}

    differing = {
        key
        for key in texts.keys()  # noqa: SIM118
        if len({frozenset(places(key, language)) for language in READER_LANGUAGES}) > 1
    }
    assert differing == EXPLAINED_IN_ONE


def test_thai_is_thai_and_english_is_not(texts: Texts) -> None:
    thai = re.compile(r"[\u0e00-\u0e7f]")
    letters = re.compile(r"[^\W\d_]{3,}")
    suspicious = {
        key
        for key in texts.keys()  # noqa: SIM118
        if thai.search(texts.get(key, "en"))
        or (letters.search(texts.get(key, "th")) and not thai.search(texts.get(key, "th")))
    }
    # names of formats and products are the same in every language
    assert {key for key in suspicious if texts.get(key, "th") != texts.get(key, "en")} == set()


@pytest.mark.parametrize("path", files("*.html"), ids=shown)
def test_no_template_needs_what_the_pages_forbid(path: Path) -> None:
    """The content security policy allows no script or style in the page itself."""
    source = path.read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)", source)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", source)
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", source)


@pytest.mark.parametrize("path", files("*.html"), ids=shown)
def test_no_template_speaks_one_language_only(path: Path) -> None:
    """Thai in a template is a text that English readers cannot read (names of languages apart)."""
    names = path.read_text(encoding="utf-8").replace(">ไทย<", "")
    assert not re.search(r"[\u0e00-\u0e7f]", re.sub(r"\{#.*?#\}", "", names, flags=re.DOTALL))


@pytest.mark.parametrize("path", files("*.html"), ids=shown)
def test_no_macro_takes_its_caller_for_somebody_who_calls(path: Path) -> None:
    """Within a macro `caller` is what Jinja puts there: empty, unless it is called as a block."""
    source = path.read_text(encoding="utf-8")
    for macro in re.findall(r"\{% macro .*?\{% endmacro %\}", source, re.DOTALL):
        assert not re.search(r"(?<![\w.'\"-])caller\b(?![(=])(?=[^{}]*[%}]\})", macro)


def test_the_guard_reads_the_rooms_that_there_are() -> None:
    assert {path.parent.name for path in hotline.app.text_files()} == {
        path.parent.name for path in ROOT.glob("*/texts.yaml")
    }
