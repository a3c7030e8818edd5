"""Suggesting a category while somebody types: time and memory of the shipped model, and what
learning costs.

"Ask" is the model alone; "with db" adds what a request asks there: which model is in use. "First"
is what a process pays once: numpy, and the weights. Texts are made of the words of the shipped
`starters.csv`, Thai and English, in the lengths that complaints have (median 60 letters, one in ten
more than 170).

"Learning" is the night's whole job, in a process of its own: tickets whose category somebody has
corrected are read from the database, what was learned is compared on the fifth that is held out,
and put in use if it is better. Their texts are a sentence of `starters.csv`, whose category is the
right one, between words after Zipf's law, as texts have them (`benchmarks.tickets_made`).
"""

import csv
import json
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import machine, tickets, tickets_made
from hotline import city, db
from hotline.db import Database
from tickets.categories import service, versions
from tickets.models import EventKind

ROOT = Path(__file__).parents[1]
LENGTHS = (60, 170, 1000)
#: What a new process needs for its first suggestion: seconds, then kilobytes more than before.
FIRST = """
import resource, time
import tickets.categories.service
from tickets.categories import versions
def used():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() // 1024
before = used()
begun = time.perf_counter()
versions.shipped().judge("น้ำท่วมซอยบัวขาว")
took = time.perf_counter() - begun
print(took, used() - before)
"""


#: What a night needs: seconds, those of the processor, kilobytes at the most, what came of it.
NIGHT = """
import resource, sys, time
from datetime import UTC, datetime
from benchmarks.categories import CONFIG
from hotline import city
from hotline.db import Database
from tickets.categories import retraining
database, config = Database(sys.argv[1]), city.load(CONFIG).tickets
begun = time.perf_counter()
done = retraining.retrain(database, config, by="night", now=datetime.now(UTC))
took, used = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF)
print(took, used.ru_utime + used.ru_stime, used.ru_maxrss, done, sep="\\t")
"""
CONFIG = ROOT / "config.yaml"


def main(*, quick: bool = False) -> None:
    """Print the tables."""
    asked, sizes = (50, (500,)) if quick else (500, (2000, 10_000))
    model = versions.shipped()
    size, memory = versions.WEIGHTS.stat().st_size / 1e6, model.bytes_in_memory / 1e6
    print(
        f"Categories: the shipped model has {len(model.labels)} labels, {len(model.hashes):,} "
        f"n-grams; file {size:.1f} MB, in memory {memory:.1f} MB."
    )
    done = subprocess.run(
        [sys.executable, "-c", FIRST], cwd=ROOT, capture_output=True, check=True, text=True
    )
    seconds, kilobytes = done.stdout.split()
    print(f"  first suggestion of a process: {float(seconds) * 1e3:.0f} ms, with numpy and weights")
    print(f"  memory of a web process more than before: {int(kilobytes) / 1024:.0f} MB")
    _asking(asked)
    _learning(sizes)


def _asking(count: int) -> None:
    config = city.load(CONFIG).tickets
    print(machine.row("  one suggestion, milliseconds", "ask p50", "ask p99", "with db p50", "p99"))
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/categories.sqlite"
        db.migrate(url)
        database = Database(url)
        for length in LENGTHS:
            alone, whole = [], []
            for text in _texts(count, length):
                begun = time.perf_counter()
                versions.shipped().judge(text)
                alone.append((time.perf_counter() - begun) * 1e3)
                begun = time.perf_counter()
                with database.read() as session:
                    service.suggest(session, config, text)
                whole.append((time.perf_counter() - begun) * 1e3)
            shown = [
                f"{machine.percentile(values, share):.2f}"
                for values in (alone, whole)
                for share in (0.5, 0.99)
            ]
            print(machine.row(f"    {length} letters", *shown))
        database.dispose()


def _learning(sizes: tuple[int, ...]) -> None:
    print(machine.row("  learning from corrected tickets", "seconds", "of processor", "peak MB"))
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{folder}/categories.sqlite"
            _correct(url, size)
            done = subprocess.run(
                [sys.executable, "-c", NIGHT, url],
                cwd=ROOT,
                capture_output=True,
                check=True,
                text=True,
            )
        seconds, used, peak, said = done.stdout.strip().split("\t")
        shown = f"{float(seconds):.0f}", f"{float(used):.0f}", f"{int(peak) / 1024:.0f}"
        print(machine.row(f"    {size:,} tickets", *shown) + f"  {said}", flush=True)


def _correct(url: str, size: int) -> None:
    """Make a database with so many tickets, each passed on to the category that it is of."""
    db.migrate(url)
    database = Database(url)
    config, now = city.load(CONFIG).tickets, datetime.now(UTC)
    tickets._copy_sqlite(database, _corrected(size, list(config.divisions), now))
    database.dispose()


def _corrected(size: int, divisions: list[str], now: datetime) -> tickets.Rows:
    chance, said = random.Random(7), _starters()
    columns = tickets_made.TABLES["tickets"]
    for table, values in tickets_made.rows(size, divisions, now):
        if table != "tickets":
            yield table, values
            continue
        row = dict(zip(columns, values, strict=True))
        text, category = chance.choice(said)
        words = row["text"].split()
        text = " ".join([words[0][:20], text, words[-1][:20]])
        yield table, tuple((row | {"text": text, "category": category, "private": False}).values())
        event = row["id"], row["received_at"], "supervisor", EventKind.ROUTED.value
        yield "ticket_events", (*event, json.dumps({"now": {"category": category}}))


def _starters() -> list[tuple[str, str]]:
    with (versions.WEIGHTS.parent / "starters.csv").open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["category"]) for row in csv.DictReader(file)]


def _texts(count: int, length: int) -> list[str]:
    chance = random.Random(1337)
    said = [text for text, _ in _starters()]
    made = []
    for _ in range(count):
        text = chance.choice(said)
        while len(text) < length:
            text += " " + chance.choice(said)
        made.append(text[:length])
    return made
