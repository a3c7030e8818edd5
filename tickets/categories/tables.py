"""Texts and what they were about, out of any city's table."""

from collections import Counter
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path

from hotline import tables
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
    #: How each file is written, and how many rows there are in all.
    forms: dict[Path, tables.Form] = field(default_factory=dict)
    rows: int = 0
    several: int = 0
    empty: int = 0
    contradicted: int = 0
    unknown: Counter[str] = field(default_factory=Counter)


def read(
    files: Iterable[Path], text: str, label: str, names: Names, without: Iterable[str] = ()
) -> Table:
    """Read CSV files (a line of headings; `hotline.tables` finds how they are written). `text` and
    `label` name columns, the first of several (by commas) that a file has. `without`: categories
    that are left out.

    Raises `Invalid` for a file without such a column, OSError for one that cannot be read.
    """
    left_out = set(without)
    table = Table()
    for file in files:
        form = table.forms[file] = tables.form_of(file)
        for words, cell in _rows(file, form, text, label):
            table.rows += 1
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


def _rows(file: Path, form: tables.Form, text: str, label: str) -> Iterator[tuple[str, str]]:
    with tables.rows(file, form) as reader:
        names = tables.columns(file, reader, {"text": text, "label": label})
        for row in reader:
            yield row[names["text"]] or "", row[names["label"]] or ""
