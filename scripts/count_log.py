"""Counts a call log in the form of the bank's (docs/history.md) with plain csv and datetime, and
nothing of the hotline's: what the reports must give once it is imported, to the second.

    python scripts/count_log.py FILE
"""

import csv
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path

YEARS_WRONG = -11  # the log prints 2010 for 1999
NONE = "0:00:00"


def count(lines: Iterable[str]) -> tuple[Counter[str], dict[date, Counter[str]]]:
    """The figures of the whole log, and of each of its days; waits and talks in seconds."""
    whole: Counter[str] = Counter()
    days: dict[date, Counter[str]] = {}
    for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
        whole["rows"] += 1
        if row["outcome"] == "PHANTOM":
            whole["phantom"] += 1
        elif min(int(row[name]) for name in ("vru_time", "q_time", "ser_time")) < 0:
            whole["negative duration"] += 1
        else:
            for figures in (whole, days.setdefault(day_of(row), Counter())):
                take(figures, row)
    return whole, days


def take(figures: Counter[str], row: Mapping[str, str]) -> None:
    wait, talk = int(row["q_time"]), int(row["ser_time"])
    figures["calls"] += 1
    if row["outcome"] == "AGENT":
        figures["offered"] += 1
        figures["answered"] += 1
        figures["answered within 20 s"] += wait <= 20
        figures["wait of answered"] += wait
        figures["longest wait"] = max(figures["longest wait"], wait)
        figures["talk"] += talk
    elif row["q_start"] != NONE:
        figures["offered"] += 1
        figures["abandoned"] += 1
        figures["abandoned within 5 s"] += wait <= 5
        figures["wait of abandoned"] += wait
    else:
        figures["not queued"] += 1


def day_of(row: Mapping[str, str]) -> date:
    """The day on which the call entered the queue; hung up in the menu: on which it came."""
    printed = date.fromisoformat(row["date"])
    day = printed.replace(year=printed.year + YEARS_WRONG)
    entered = row["q_start"]
    if entered == NONE:
        entered = row["vru_exit"] if row["outcome"] == "AGENT" else row["vru_entry"]
    return day + timedelta(days=clock(entered) < clock(row["vru_entry"]))


def clock(text: str) -> time:
    return datetime.strptime(f"{text} +0000", "%H:%M:%S %z").time()


if __name__ == "__main__":
    with Path(sys.argv[1]).open(encoding="ascii", newline="") as file:
        total, _ = count(file)
    for name, number in total.items():
        print(f"{name:<22} {number:>12,}")
