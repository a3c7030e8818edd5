"""Suggesting a category while somebody types: time and memory of the shipped model, and what
learning costs.

"Ask" is the model alone; "with db" adds what a request asks there: which model is in use. "First"
is what a process pays once: numpy, and the weights. Texts are made of the words of the shipped
`starters.csv`, Thai and English, in the lengths that complaints have (median 60 letters, one in ten
more than 170). Learning is from such texts: the time depends on their number and length.
"""

import csv
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import machine
from hotline import city, db
from hotline.db import Database
from tickets.categories import service, versions

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
    config = city.load(ROOT / "config.yaml").tickets
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
    from tickets.categories import learning
    from tickets.categories.learning import Lesson

    print(machine.row("  learning on top of the shipped one", "seconds", "peak MB"))
    labels = [label for _, label in _starters()]
    for size in sizes:
        chance = random.Random(7)
        lessons = [Lesson(text, chance.choice(labels)) for text in _texts(size, 60)]
        begun = time.perf_counter()
        learning.learn(lessons, before=versions.shipped())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        seconds = time.perf_counter() - begun
        print(machine.row(f"    {size:,} tickets", f"{seconds:.0f}", f"{peak:.0f}"), flush=True)


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
