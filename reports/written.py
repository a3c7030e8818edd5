"""The numbers of a span as a file: `FORMS` has each form by its name, so that another one (a
printed report, say) is a function more.
"""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from hotline.spreadsheets import BYTE_ORDER_MARK, plain
from reports import workbook
from reports.catalogue import CATALOGUE
from reports.figures import DIGITS, Figures, Value
from reports.wording import Wording

Form = Callable[[Figures, Wording, Path], None]


def as_json(found: Figures, words: Wording, path: Path) -> None:
    """Every number by its identifier, raw: milliseconds, shares from 0 to 1, null for empty."""
    whole: dict[str, Any] = {"language": words.language, **found.as_json()}
    whole["names"] = {id_: CATALOGUE[id_].name[words.language] for id_ in whole["metrics"]}
    text = json.dumps(whole, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def as_csv(found: Figures, words: Wording, path: Path) -> None:
    """One number a line: along what, of which key, its identifier, its name, its value."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(BYTE_ORDER_MARK)
        writer = csv.writer(file)
        heads = ("along", "key", "key_name", "identifier", "name", "value")
        writer.writerow([words.text(f"reports.column.{head}") for head in heads])
        for cells in _lines(found, words):
            # what a unit is called was typed by somebody; numbers stay numbers
            writer.writerow([plain(each) if isinstance(each, str) else each for each in cells])


def _lines(found: Figures, words: Wording) -> Iterator[tuple[Any, ...]]:
    for id_, value in found.metrics.items():
        yield ("whole", "", "", id_, CATALOGUE[id_].name[words.language], _cell(value))
    for along, groups, title in _groups(found, words):
        for key, metrics in groups.items():
            shown = f"{key:%Y-%m}" if hasattr(key, "strftime") else key
            for id_, value in metrics.items():
                name = CATALOGUE[id_].name[words.language]
                yield (along, shown, title(key), id_, name, _cell(value))
    for (weekday, hour), tally in found.hours.items():
        key = f"{weekday + 1}-{hour:02}"
        yield ("calls_by_weekday_and_hour", key, "", "calls", "", tally.calls)


def _groups(found: Figures, words: Wording) -> Iterator[tuple[str, Mapping[Any, Any], Any]]:
    for along, groups, title in (
        ("calls_by_month", found.calls_by_month, words.month),
        ("calls_by_queue", found.calls_by_queue, words.queue),
        ("calls_by_language", found.calls_by_language, words.spoken),
        ("tickets_by_month", found.tickets_by_month, words.month),
        ("tickets_by_category", found.tickets_by_category, words.category),
        ("tickets_by_division", found.tickets_by_division, words.division),
        ("tickets_by_area", found.tickets_by_area, words.area),
        ("presence_by_month", found.presence_by_month, words.month),
        ("jobs_by_month", found.jobs_by_month, words.month),
        ("jobs_by_unit", found.jobs_by_unit, found.unit_title(words.language)),
    ):
        yield along, {key: each.metrics for key, each in groups.items()}, title
    for along, tallies, title in (
        ("calls_by_outcome", found.outcomes, words.outcome),
        ("calls_by_category", found.categories, words.category),
        ("calls_by_area", found.areas, words.area),
    ):
        yield along, {key: {"answered": each.answered} for key, each in tallies.items()}, title


def _cell(value: Value) -> float | int | str:
    return "" if value is None else round(value, DIGITS)


FORMS: Final[Mapping[str, Form]] = {"json": as_json, "csv": as_csv, "xlsx": workbook.write}
