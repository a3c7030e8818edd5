"""docs/configure.md tells every kind of node with every one of its fields, and their defaults."""

import re

from tests.guards.sources import ROOT
from tests.unit.ivr.nodes.test_every_kind import KINDS

PAGE = (ROOT / "docs" / "configure.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| ", re.MULTILINE)
FIELD = re.compile(r"`(\w+)`(?: \((\d+)\))?")
#: Told as "as `transfer`".
SAME = {"emergency": "transfer"}


def told() -> dict[str, dict[str, str]]:
    part = PAGE[PAGE.index("| kind | fields |") : PAGE.index("### What is proved")]
    return {kind: dict(FIELD.findall(fields)) for kind, fields in ROW.findall(part)}


def test_every_kind_is_told_with_all_its_fields() -> None:
    found = told()
    assert set(found) == set(KINDS)
    for kind, model in KINDS.items():
        fields = {
            name: str(field.default) if _is_number(field.default) else ""
            for name, field in model.model_fields.items()
            if name != "kind"
        }
        assert {**found[SAME.get(kind, kind)]} == fields, kind


def _is_number(value: object) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and value.isdigit())
