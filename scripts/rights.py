"""Writes the table of docs/rights.md: every address and who may call it; a test holds the file to
it, so that a change of rights is seen where changes are read.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from flask import Flask

from hotline import settings
from hotline.app import build_floor, create_app
from hotline.auth import EVERYONE

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "rights.md"
PART = re.compile(r"(<!-- generated from [^\n]*-->\n).*?(<!-- end of generated -->)", re.DOTALL)
#: Enough to build the application, which reads nothing of it: no table has a row of a database.
PLACE = {
    "HOTLINE_CONFIG": str(ROOT / "config.yaml"),
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing",
    "REDIS_URL": "redis://127.0.0.1:9",
    "PUBLIC_URL": "https://hotline.example",
    "CARRIER_ACCOUNT_SID": "AC0",
    "CARRIER_AUTH_TOKEN": "none",
    "SECRET_KEY": "none",
}


def table(app: Flask) -> str:
    """One line for each method of each address."""
    lines = [
        f"| address | | {' | '.join(EVERYONE)} | |",
        "| --- | --- |" + " :-: |" * len(EVERYONE) + " --- |",
        *sorted(_lines(app)),
    ]
    return "\n".join(lines) + "\n"


def _lines(app: Flask) -> Iterator[str]:
    for route in app.url_map.iter_rules():
        if route.endpoint.endswith(".static"):
            continue
        rule = getattr(app.view_functions[route.endpoint], "access_rule", {})
        marks = ["●" if each in rule.get("roles", ()) else "–" for each in EVERYONE]
        address = re.sub(r"<(?:[^:>]*:)?(\w+)>", lambda found: found[1].upper(), route.rule)
        for method in sorted((route.methods or set()) - {"HEAD", "OPTIONS"}):
            yield f"| `{address}` | {method} | {' | '.join(marks)} | {_also(rule)} |"


def _also(rule: dict[str, object]) -> str:
    if rule.get("public"):
        return "anybody"
    if rule.get("signed"):
        return "the carrier"
    also = {
        "unfinished": "before the second factor is set up",
        "screen": "on a screen on a wall",
    }
    words = [word for name, word in also.items() if rule.get(name)]
    return f"also {' and '.join(words)}" if words else ""


def page(text: str, app: Flask) -> str:
    """The page with its generated part renewed."""
    return PART.sub(lambda found: found[1] + table(app) + found[2], text)


def main() -> None:
    """Write the page."""
    floor = build_floor(settings.from_environment(PLACE))
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), create_app(floor)), encoding="utf-8")
    floor.close()


if __name__ == "__main__":
    main()
