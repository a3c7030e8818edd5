"""Writes the generated part of docs/architecture.md; a test holds the file to it."""

import re
from pathlib import Path

from ivr import events

PAGE = Path(__file__).resolve().parents[1] / "docs" / "architecture.md"
PART = re.compile(r"(<!-- generated from [^\n]*-->\n).*?(<!-- end of generated -->)", re.DOTALL)


def table() -> str:
    """The table of kinds from the docstring of `ivr.events`."""
    lines = (events.__doc__ or "").splitlines()
    return "\n".join(line for line in lines if line.startswith("|")) + "\n"


def page(text: str) -> str:
    """The page with its generated part renewed."""
    return PART.sub(lambda found: found[1] + table() + found[2], text)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
