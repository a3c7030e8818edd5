"""Tables and their description as files: a Frictionless data package. Pure.

The same tables give the same bytes: no time of making, no name of a machine, no order but the
rows' own.
"""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from reports.open_data.tables import Cell, Table

DESCRIPTION: Final = "datapackage.json"
#: The first moment that a ZIP file can name.
_NO_TIME: Final = (1980, 1, 1, 0, 0, 0)
_LANGUAGES: Final = ("th", "en")

#: Text by key and language.
Say = Callable[[str, str], str]


@dataclass(frozen=True)
class About:
    """What is said of the whole."""

    name: str
    #: By language.
    title: Mapping[str, str]
    description: Mapping[str, str]
    #: What a version of it is known by: its days.
    version: str
    #: In the form of the standard.
    licences: Sequence[Mapping[str, str]]
    sources: Sequence[Mapping[str, str]]


def files(about: About, tables: Sequence[Table], say: Say, language: str) -> dict[str, bytes]:
    """Name and content of every file, the description first; titles in `language` (th or en), and
    beside it in both. `say` gives the texts of tables and columns.
    """
    contents = {f"{table.name}.csv": _csv(table) for table in tables}
    resources = [_resource(table, contents[f"{table.name}.csv"], say, language) for table in tables]
    whole = {
        "profile": "tabular-data-package",
        "name": about.name,
        **_in_both("title", about.title.__getitem__, language),
        **_in_both("description", about.description.__getitem__, language),
        "version": about.version,
        **({"licenses": list(about.licences)} if about.licences else {}),
        "sources": list(about.sources),
        "resources": resources,
    }
    text = json.dumps(whole, ensure_ascii=False, indent=2) + "\n"
    return {DESCRIPTION: text.encode(), **contents}


def summary(contents: Mapping[str, bytes]) -> Iterator[str]:
    """One line a table: how many rows, and how much was withheld, as the description has it."""
    for each in json.loads(contents[DESCRIPTION])["resources"]:
        withheld = ", ".join(
            f"{what} {number:,}" for what, number in each.get("withheld", {}).items() if number
        )
        rows = f"{each['path']}: {each['rows']:,} rows"
        yield f"{rows} (withheld: {withheld})" if withheld else rows


def zipped(contents: Mapping[str, bytes]) -> bytes:
    """The files as one, without a time."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as book:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(name, _NO_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            book.writestr(entry, content)
    return whole.getvalue()


def _csv(table: Table) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([column.name for column in table.columns])
    writer.writerows([_cell(each) for each in row] for row in table.rows)
    return text.getvalue().encode()


def _cell(value: Cell) -> Cell:
    return "" if value is None else value


def _resource(table: Table, content: bytes, say: Say, language: str) -> dict[str, Any]:
    def of(part: str, name: str) -> Callable[[str], str]:
        return lambda spoken: say(f"reports.open.{part}.{name}", spoken)

    fields = [
        {
            **column.schema,
            **_in_both("title", of("column", column.name), language),
            **_in_both("description", of("about", column.name), language),
        }
        for column in table.columns
    ]
    schema: dict[str, Any] = {
        "fields": fields,
        "primaryKey": list(table.key),
        "missingValues": [""],
    }
    if table.lists:
        schema["foreignKeys"] = [
            {"fields": name, "reference": {"resource": list_, "fields": "id"}}
            for name, list_ in table.lists.items()
        ]
    return {
        "profile": "tabular-data-resource",
        "name": table.name,
        "path": f"{table.name}.csv",
        **_in_both("title", of("table", table.name), language),
        **_in_both("description", of("of", table.name), language),
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(content),
        "hash": f"sha256:{sha256(content).hexdigest()}",
        "rows": len(table.rows),
        **({"withheld": dict(table.withheld)} if table.withheld else {}),
        "schema": schema,
    }


def _in_both(name: str, text: Callable[[str], str], language: str) -> dict[str, Any]:
    """The standard knows one text; both stand beside it."""
    return {name: text(language), f"{name}s": {each: text(each) for each in _LANGUAGES}}
