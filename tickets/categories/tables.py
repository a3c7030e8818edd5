"""Texts and what they were about, out of any city's table."""

import csv
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path

from hotline.errors import Invalid
from tickets.categories import text as texts
from tickets.categories.learning import Lesson
from tickets.categories.names import Names


@dataclass
class Table:
    """What was found in one or more files.

    `lessons`: what names one category or several, each text once, as what all of its rows name;
    those whose text stands there as things that have nothing in common are `contradicted` and left
    out. `several`: the rows that name more than one. `unknown`: the names that are no category's,
    and in how many rows each stands.
    """

    lessons: list[Lesson] = field(default_factory=list)
    #: Lessons with the repetitions still in it, for who wants to see what those do to a figure.
    repeated: list[Lesson] = field(default_factory=list)
    several: int = 0
    empty: int = 0
    contradicted: int = 0
    unknown: Counter[str] = field(default_factory=Counter)


def read(
    files: Iterable[Path], text: str, label: str, names: Names, without: Iterable[str] = ()
) -> Table:
    """Read CSV files (UTF-8, a line of headings). `text` and `label` name columns, the first of
    several (by commas) that a file has. `without`: categories that are left out.

    Raises `Invalid` for a file without such a column, OSError for one that cannot be read.
    """
    left_out = set(without)
    table = Table()
    for file in files:
        for words, cell in _rows(file, text, label):
            if not words.strip() or not texts.same(words):
                table.empty += 1
                continue
            found, unknown = names.categories(cell)
            table.unknown.update(unknown)
            found -= left_out
            table.several += len(found) > 1
            if found:
                table.repeated.append(_lesson(words, found))
    _once(table)
    return table


def _lesson(words: str, labels: AbstractSet[str]) -> Lesson:
    first = min(labels)
    return Lesson(words, first, frozenset(labels - {first}))


def _once(table: Table) -> None:
    """Keep each text once, and none that is one thing here and another there."""
    by_words: dict[str, list[Lesson]] = {}
    for lesson in table.repeated:
        by_words.setdefault(texts.same(lesson.text), []).append(lesson)
    for same in by_words.values():
        agreed = frozenset.intersection(*(lesson.labels for lesson in same))
        if agreed:
            table.lessons.append(_lesson(same[0].text, agreed))
        else:
            table.contradicted += len(same)


def _rows(file: Path, text: str, label: str) -> Iterator[tuple[str, str]]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    with file.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.DictReader(opened)
        try:
            headings = list(reader.fieldnames or ())
            of_text, of_label = _column(file, headings, text), _column(file, headings, label)
            for row in reader:
                yield row[of_text] or "", row[of_label] or ""
        except (csv.Error, UnicodeDecodeError) as error:
            raise Invalid(f"{file}: {error}") from error


def _column(file: Path, headings: list[str], asked: str) -> str:
    if asked in headings:
        return asked
    for name in asked.split(","):
        if name.strip() in headings:
            return name.strip()
    raise Invalid(f'{file}: no column "{asked}" (there are {", ".join(headings)})')
