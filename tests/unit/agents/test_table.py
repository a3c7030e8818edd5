"""The picture in the docs is the table in the code."""

from pathlib import Path

from agents.table import document

PRESENCE = Path(__file__).parents[3] / "docs" / "presence.md"


def test_the_documentation_shows_the_table_as_it_is():
    assert PRESENCE.read_text(encoding="utf-8") == document(), (
        "run: python -m agents.table > docs/presence.md"
    )
