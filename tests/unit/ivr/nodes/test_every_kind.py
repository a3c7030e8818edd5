"""Every kind of node has a spec of its own, whose table is the table of the kind's fields."""

import ast
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic_core import PydanticUndefined

from ivr.nodes import Node
from ivr.nodes.base import Base

HERE = Path(__file__).parent
KINDS: dict[str, Any] = {
    get_args(kind.model_fields["kind"].annotation)[0]: kind for kind in get_args(get_args(Node)[0])
}
ROW = re.compile(r"^\| `(\w+)` +\| (.*?) +\|", re.MULTILINE)


def default(field: Any) -> str:
    """As the tables write it."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    assert value is not PydanticUndefined
    return (
        {None: "none", "": "none"}.get(value, str(value)) if not isinstance(value, dict) else "{}"
    )


def own_fields(kind: str) -> dict[str, Any]:
    """What a kind has beside its name and what every node may have."""
    return {
        name: field
        for name, field in KINDS[kind].model_fields.items()
        if name != "kind" and (name not in Base.model_fields or field.is_required())
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_spec_of_a_kind_quotes_its_fields(kind: str) -> None:
    spec = HERE / f"test_{kind}.py"
    quoted = ast.get_docstring(ast.parse(spec.read_text(encoding="utf-8"))) or ""
    fields = {name: default(field) for name, field in own_fields(kind).items()}
    assert dict(ROW.findall(quoted)) == fields


def test_every_spec_is_of_a_kind() -> None:
    named = {path.stem.removeprefix("test_") for path in HERE.glob("test_*.py")}
    assert named - {"every_kind"} == set(KINDS)
