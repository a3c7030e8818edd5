"""Searching answers from the desk: ours beside a plain LIKE over the same rows, on both databases.

Each question is asked both ways, one right after the other, so that the ratio is of one moment of
one machine. Questions are pieces of titles as somebody types them, half of them with their tone
marks left out: those LIKE cannot find. "First" is what a process pays once: reading all answers and
building its index. "Changed" is the first search after somebody has changed one of them.
"""

import itertools
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks import machine
from hotline import db
from hotline.config import load_yaml
from hotline.db import Database
from tests.support import servers
from tickets.answers import importing, service
from tickets.models import Answer

NOW = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
SIZES = (200, 2000)
QUESTIONS = 300
MARKS = "\u0e48\u0e49\u0e4a\u0e4b"


def main(*, quick: bool = False) -> None:
    """Print a table for each database."""
    questions = 40 if quick else QUESTIONS
    print(f"Answers: one search as somebody types, {questions} questions, milliseconds.")
    with tempfile.TemporaryDirectory() as folder, servers.postgres() as cluster:
        for name in ("SQLite", "PostgreSQL"):
            print(
                machine.row(name, "first", "changed", "p50", "p99", "LIKE p50", "÷ LIKE", "found")
            )
            for size in SIZES:
                url = (
                    f"sqlite:///{Path(folder) / f'{size}.sqlite'}"
                    if name == "SQLite"
                    else cluster.create(f"answers_{size}")
                )
                print(_cell(url, size, questions), flush=True)


def _cell(url: str, size: int, count: int) -> str:
    with _database(url) as database:
        titles = _fill(database, size)
        first = _timed(database, _ours, "ประปา")[0]
        with database.write() as session:
            session.execute(sa.update(Answer).where(Answer.id == 1).values(version=2))
        changed = _timed(database, _ours, "ประปา")[0]
        own, like, ratios, found = [], [], [], [0, 0]
        for number, (typed, meant) in enumerate(_questions(titles, count)):
            pair = [(_ours, own, 0), (_like, like, 1)]
            # who is asked second finds the pages warm: they take turns
            taken = {}
            for ask, kept, which in pair if number % 2 else reversed(pair):
                taken[which], ids = _timed(database, ask, typed)
                kept.append(taken[which])
                found[which] += meant in ids
            ratios.append(taken[0] / taken[1])
    ms = [f"{each * 1e3:.1f}" for each in (first, changed)]
    return machine.row(
        f"  {size:,} answers",
        *ms,
        f"{machine.percentile(own, 0.5) * 1e3:.2f}",
        f"{machine.percentile(own, 0.99) * 1e3:.2f}",
        f"{machine.percentile(like, 0.5) * 1e3:.2f}",
        f"{machine.percentile(ratios, 0.5):.2f}",
        f"{found[0] / count:.0%}/{found[1] / count:.0%}",
    )


@contextmanager
def _database(url: str) -> Iterator[Database]:
    db.migrate(url)
    database = Database(url)
    try:
        yield database
    finally:
        database.dispose()


#: The same words as plain text: in SQLite's JSON Thai letters are escapes, which LIKE cannot find.
PLAIN = sa.Table(
    "plain",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    *(sa.Column(name, sa.Text) for name in ("title", "keywords", "text")),
)

Ask = Callable[[sa.orm.Session, str], list[int]]


def _timed(database: Database, ask: Ask, typed: str) -> tuple[float, list[int]]:
    begun = time.perf_counter()
    with database.read() as session:
        ids = ask(session, typed)
    return time.perf_counter() - begun, ids


def _ours(session: sa.orm.Session, typed: str) -> list[int]:
    return [each.id for each in service.search(session, typed, NOW)]


def _like(session: sa.orm.Session, typed: str) -> list[int]:
    """What one writes first: every row read, and no ranking but the age."""
    columns = (PLAIN.c.title, PLAIN.c.keywords, PLAIN.c.text)
    anywhere = sa.or_(*(column.contains(typed, autoescape=True) for column in columns))
    query = sa.select(PLAIN).where(anywhere).order_by(PLAIN.c.id).limit(service.FOUND)
    return [row.id for row in session.execute(query)]


def _fill(database: Database, size: int) -> dict[int, str]:
    """So many answers made of the shipped ones: title of one, place, text of others; the titles."""
    chance = random.Random(1337)
    shipped = load_yaml(importing.PATTAYA)
    places = [f"{word} {number}" for word in ("ซอย", "ถนน", "หมู่บ้าน", "หาด") for number in range(99)]
    rows = []
    for number, at in zip(range(1, size + 1), itertools.cycle(range(len(shipped))), strict=False):
        one, other, place = shipped[at], chance.choice(shipped), chance.choice(places)
        texts = {code: f"{one['text'][code]}\n{other['text'][code]}" for code in ("th", "en")}
        title = f"{one['title']['th']} {place}"
        rows.append(
            {
                "id": number,
                "titles": {"th": title, "en": f"{one['title']['en']} {number}"},
                "texts": texts,
                "keywords": one["keywords"],
                "category": None,
                "valid_until": None,
                "author": "x",
                "written_at": NOW,
                "version": 1,
                "withdrawn_at": None,
            }
        )
    PLAIN.create(database.engine)
    with database.write() as session:
        db.bulk_insert(session, Answer, rows)
        session.execute(sa.insert(PLAIN), [_plain(row) for row in rows])
    with database.engine.connect() as connection:
        connection.execute(sa.text("ANALYZE"))
        connection.commit()
    return {row["id"]: row["titles"]["th"] for row in rows}


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    words = {"title": " ".join(row["titles"].values()), "text": " ".join(row["texts"].values())}
    return {"id": row["id"], "keywords": row["keywords"], **words}


def _questions(titles: dict[int, str], count: int) -> Iterator[tuple[str, int]]:
    """The ends of titles, which say the place and so which answer is meant; every second without
    its tone marks.
    """
    chance = random.Random(7)
    for number in range(count):
        id_, title = chance.choice(sorted(titles.items()))
        typed = title[-chance.randint(12, 24) :]
        yield (typed.translate(dict.fromkeys(map(ord, MARKS))) if number % 2 else typed), id_
