"""The project's own source as the guards read it."""

import ast
import importlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
#: What runs in the hotline's processes; the exchange is not ours, it plays the carrier.
PACKAGES = ("hotline", "ivr", "agents", "tickets", "reports")


def files(pattern: str) -> list[Path]:
    """The files of our packages that match, without the migrations."""
    found = [path for package in PACKAGES for path in (ROOT / package).rglob(pattern)]
    return sorted(path for path in found if "migrations" not in path.parts)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def shown(path: Path) -> str:
    """The path as people write it."""
    return path.relative_to(ROOT).as_posix()


def calls(name: str) -> Iterator[tuple[Path, ast.Call]]:
    """Every call of a function or method of that name (`post`, or `outbox.post`)."""
    for path in files("*.py"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(name):
                yield path, node


def value(path: Path, expression: ast.expr) -> Any:
    """What an expression is in the namespace of its module."""
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    return eval(ast.unparse(expression), vars(module))
