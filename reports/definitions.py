"""Makes `docs/metrics.md`: `python -m reports.definitions > docs/metrics.md`."""

import sys
from collections.abc import Iterable, Iterator

from reports.metrics import (
    COUNTERS,
    DEFAULT_SERVICE_LEVEL,
    RATES,
    SERVICE_LEVEL,
    Counters,
    Metric,
)

_UNITS = {
    "calls": "calls",
    "offers": "offers",
    "milliseconds": "milliseconds",
    "share": "0 to 1",
}
_INTRODUCTION = """\
# What every number means

Made from `reports/metrics.py` by `python -m reports.definitions > docs/metrics.md`; a test holds
the two equal. The pages of the reports show the same texts.

**Where a call is counted.** In the quarter of an hour in which it entered the queue (or arrived,
when it never queued), under that queue and the caller's language, however long it lasted: a call
that enters the queue at 23:59 and ends at 00:20 belongs to the day before. Intervals and days are
half-open; days are the city's own, from midnight to midnight. A Thai fiscal year N (Buddhist era)
is 1 October N−544 to 30 September N−543.

**Counters** are stored, in the table `call_intervals`: one row an interval, queue and language.
They add up, so that every number of a day, a month or a year is the sum of its rows, and the
largest of its maxima. Queue "" holds the calls that never entered one, language "" those whose
caller chose none. Durations are whole milliseconds.

**Rates** are never stored. Where there is nothing to divide by, a rate is empty, not zero.

**Limits belong to the good side**: a wait of exactly the threshold is within it.

**The night** counts every local day again from its events alone, by delete and insert: the day
before, the days of a trailing window, and every older day to whose calls something was added
since. Twice, late or after an outage gives the same rows. A day whose numbers change after it was
over is marked as revised. Today, and what the night has not reached yet, is counted from the
events whenever a page is asked for.

**The files.** Every report is also a CSV (UTF-8 with a byte order mark, so that a spreadsheet shows
Thai): the day by quarters of an hour, month and year by days, each by queue and language. Heads are
the names below, in Thai with `?lang=th` and in English with `?lang=en`; durations are seconds,
shares percent, and the rates are those of each row alone, which do not add up. Dates are ISO 8601,
times the city's own. With `?names=identifiers` the file is the same for every reader and holds the
stored counters: the identifiers below, whole milliseconds, the interval's start with its offset.
"""


def markdown() -> str:
    """The whole document."""
    parts = (
        _INTRODUCTION,
        "## Counters\n\n" + _table(COUNTERS),
        "## Rates\n\n" + _table(RATES),
        "## The service level\n\n" + _SERVICE_LEVEL + "".join(_service_level()),
    )
    return "\n".join(parts)


def _table(metrics: Iterable[Metric]) -> str:
    return "\n".join(_lines(metrics)) + "\n"


def _lines(metrics: Iterable[Metric]) -> Iterator[str]:
    yield "| identifier | unit | name | ชื่อ | definition | คำจำกัดความ |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for metric in metrics:
        name, text = metric.name, metric.definition
        yield (
            f"| `{metric.id}` | {_UNITS[metric.unit]} | {name['en']} | {name['th']} "
            f"| {text['en']} | {text['th']} |"
        )


_SERVICE_LEVEL = """\
`reports.service_level.formula` in config.yaml chooses one of the published ways to work it out.
The counters are stored, so another choice changes the past as well. With 1,000 answered (860
within the threshold) and 60 abandoned (20 within the threshold, 10 of them short):

| formula | worked out as | result |
| --- | --- | --- |
"""
_EXAMPLE = Counters(
    offered=1060,
    answered=1000,
    answered_in_threshold=860,
    abandoned=60,
    abandoned_in_threshold=20,
    short_abandoned=10,
)
_FORMULAS = {
    "abandoned_as_missed": "answered within ÷ (answered + abandoned)",
    "answered_only": "answered within ÷ answered",
    "abandoned_in_threshold_as_met": "(answered + abandoned within) ÷ (answered + abandoned)",
    "abandoned_in_threshold_removed": "answered within ÷ (answered + abandoned after)",
    "short_abandons_as_met": "(answered within + short) ÷ (answered + abandoned)",
    "short_abandons_removed": "answered within ÷ (answered + abandoned − short)",
}


def _service_level() -> Iterator[str]:
    for name, formula in SERVICE_LEVEL.items():
        default = " (default)" if name == DEFAULT_SERVICE_LEVEL else ""
        result = formula(_EXAMPLE)
        assert result is not None
        yield f"| `{name}`{default} | {_FORMULAS[name]} | {100 * result:.2f} % |\n"


if __name__ == "__main__":
    sys.stdout.write(markdown())
