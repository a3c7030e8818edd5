"""Makes `docs/metrics.md`: `python -m reports.definitions > docs/metrics.md`."""

import sys
from collections.abc import Iterable, Iterator

from reports.attendance import PRESENCE_COUNTERS, PRESENCE_RATES
from reports.fleet import JOB_COUNTERS, JOB_RATES
from reports.matters import RESOLVE_BOUNDS, TICKET_COUNTERS, TICKET_RATES
from reports.meanings import COUNTERS, RATES
from reports.metrics import (
    DEFAULT_SERVICE_LEVEL,
    SERVICE_LEVEL,
    WAIT_BOUNDS,
    Counters,
    Metric,
)
from reports.topics import FIRST_CALL_RATES, FIRST_CALLS

_UNITS = {
    "calls": "calls",
    "offers": "offers",
    "milliseconds": "milliseconds",
    "share": "0 to 1",
    "marks": "marks",
    "mark": "a mark",
    "tickets": "tickets",
    "suggestions": "tickets",
    "shifts": "shifts",
    "jobs": "jobs",
}
_INTRODUCTION = """\
# What every number means

Made from the code (`reports/metrics.py`, `matters.py`, `attendance.py`, `topics.py`, `fleet.py`) by
`python -m reports.definitions > docs/metrics.md`; a test holds the two equal. The pages of the
reports show the same texts.

**Where a call is counted.** In the quarter of an hour in which it entered the queue (or arrived,
when it never queued), under that queue and the caller's language, however long it lasted: a call
that enters the queue at 23:59 and ends at 00:20 belongs to the day before. Intervals and days are
half-open; days are the city's own, from midnight to midnight. A Thai fiscal year N (Buddhist era)
is 1 October N−544 to 30 September N−543.

**Counters** are stored, those of calls in the table `call_intervals`: one row an interval, queue
and language (and summed up by day in `call_days`). They add up, so that every number of a day, a
month or a year is the sum of its rows, and the largest of its maxima. Queue "" holds the calls that
never entered one, language "" those whose caller chose none. Durations are whole milliseconds.

**Rates** are never stored. Where there is nothing to divide by, a rate is empty, not zero.

**Limits belong to the good side**: a wait of exactly the threshold is within it.

**The night** counts every local day again from its events alone, by delete and insert: the day
before, the days of a trailing window, every older day to whose calls or tickets something was added
since, and what was counted by other rules than those of the settings now. Twice, late or after an
outage gives the same rows. A day whose numbers change after it was over is marked as revised.
Today, and what the night has not reached yet, is counted from the events whenever a page is asked
for.

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
        "## Calls: counters\n\n" + _table(COUNTERS),
        "## Calls: rates\n\n" + _table(RATES),
        "## The service level\n\n" + _SERVICE_LEVEL + "".join(_service_level()),
        "## Percentiles and medians\n\n" + _PERCENTILES,
        "## Calls: by what they were about\n\n" + _TOPICS + _table(FIRST_CALLS + FIRST_CALL_RATES),
        "## Tickets: counters\n\n" + _TICKETS + _table(TICKET_COUNTERS),
        "## Tickets: rates\n\n" + _table(TICKET_RATES),
        "## The agents' time: counters\n\n" + _PRESENCE + _table(PRESENCE_COUNTERS),
        "## The agents' time: rates\n\n" + _table(PRESENCE_RATES),
        "## Quick Response Units: counters\n\n" + _JOBS + _table(JOB_COUNTERS),
        "## Quick Response Units: rates\n\n" + _table(JOB_RATES),
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
_PERCENTILES = f"""\
Percentiles do not add up, so a bucket each is counted, and buckets add up: of the wait they end
at {", ".join(map(str, WAIT_BOUNDS))} seconds, of the time to resolve at
{", ".join(map(str, RESOLVE_BOUNDS))} hours; an end belongs to its bucket. Within a bucket the
values are taken to lie evenly. So a percentile lies in the same bucket as the exact one, and is
never farther from it than the bucket is wide: up to 20 seconds no more than 5 seconds, up to a
minute no more than 10, and never above the longest wait that there was.
"""
_TOPICS = """\
The table `call_topics` has the calls of each day spread along one thing at a time: the hour (all
calls), the outcome that was written (conversations), category and sub-district of the call's ticket
as they are now (conversations with a ticket). Who puts a category right puts the past right, and
the day is marked as revised. A *first call* is told so many days later as may not see another one.

"""
_TICKETS = """\
The table `ticket_days` has a row a day, category, division and area: those that the ticket has now.
What happened on a day (a *flow*) adds up. How it stood when the day was over (a *stock*: open,
overdue, ages) does not: of a span it is that of its last day. A bulk move that was taken back never
happened.

"""
_PRESENCE = """\
The table `presence_days` has a row a day and agent, from the presence events, cut at midnight, and
from the roster ([roster.md](roster.md)): a shift counts on the day on which it begins.

"""
_JOBS = """\
A *job* is a unit that was sent to a ticket ([units.md](units.md)). It is counted on the local day
on which it was sent, however long it took, and as it stands now. Nothing of it is stored: a year
has a few thousand, and each is read whenever a number is asked for. Moments are those of the crew's
telephone.

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
