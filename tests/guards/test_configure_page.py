"""docs/configure.md, and the pages that it links to, tell every key of config.yaml, and every field
of every kind of node with its default.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import yaml

from hotline import city
from hotline.config import Section
from ivr.nodes.base import Base
from tests.guards.sources import ROOT
from tests.unit.ivr.nodes.test_every_kind import KINDS, own_fields

PAGE = (ROOT / "docs" / "configure.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| ", re.MULTILINE)
FIELD = re.compile(r"`(\w+)`(?: \((\d+)\))?")
#: Told as "as `transfer`".
SAME = {"emergency": "transfer"}


def told() -> dict[str, dict[str, str]]:
    part = PAGE[PAGE.index("| kind | fields |") : PAGE.index("### What is proved")]
    return {kind: dict(FIELD.findall(fields)) for kind, fields in ROW.findall(part)}


def test_every_kind_is_told_with_all_its_fields() -> None:
    """What any node may have is told once, before the table."""
    assert all(f"`{name}`" in PAGE for name in Base.model_fields)
    found = told()
    assert set(found) == set(KINDS)
    for kind in KINDS:
        fields = {
            name: str(field.default) if _is_number(field.default) else ""
            for name, field in own_fields(kind).items()
        }
        assert {**found[SAME.get(kind, kind)]} == fields, kind


def _is_number(value: object) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and value.isdigit())


# ---------------------------------------------------------------- every other key

#: A table of keys: "| key of `ivr.offers` | what |", "| key of each of `ivr.queues` | what |".
TABLE = re.compile(
    r"^\| key of (?:each of )?`([\w.]+)` \|.*\n\|[- :|]+\n((?:\|.*\n)+)", re.MULTILINE
)
NAME = re.compile(r"`(\w+)`")
FENCE = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
#: Told by kind, above; and prompts, whose names are the flow's.
TOLD_ELSEWHERE = {"ivr.flow", "ivr.prompts"}


def keys(section: type[Section], path: str) -> Iterator[str]:
    """Every key of a section by its path; of a mapping of names, the keys of each."""
    for name, field in section.model_fields.items():
        here = f"{path}.{field.alias or name}"
        yield here
        if here not in TOLD_ELSEWHERE:
            for inner in sections_in(field.annotation):
                yield from keys(inner, here)


def sections_in(annotation: Any) -> Iterator[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for each in get_args(annotation):
        yield from sections_in(each)


def pages() -> Iterator[str]:
    yield PAGE
    linked = dict.fromkeys(re.findall(r"\]\((\w+\.md)", PAGE))
    yield from (Path(ROOT, "docs", name).read_text(encoding="utf-8") for name in linked)


def told_keys() -> Iterator[str]:
    """The keys in tables (also those in a third column, "keys of each"), and in whole examples."""
    for page in pages():
        for path, rows in TABLE.findall(page):
            for _, names, _, *more in (row.split("|") for row in rows.splitlines()):
                for name in NAME.findall(names):
                    yield f"{path}.{name}"
                    yield from (f"{path}.{name}.{each}" for each in NAME.findall("".join(more)))
        for example in FENCE.findall(page):
            yield from flat(yaml.safe_load(example), "")


def flat(content: Any, path: str) -> Iterator[str]:
    if isinstance(content, dict):
        for name, inner in content.items():
            yield f"{path}{name}"
            yield from flat(inner, f"{path}{name}.")


def test_every_key_is_told() -> None:
    every = {key for name, section in city.SECTIONS.items() for key in keys(section, name)}
    assert len(every) > 100, "the guard can see"
    assert sorted(every - set(told_keys())) == []
