"""docs/configure.md tells every kind of node with every one of its fields, and their defaults."""

import re

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
