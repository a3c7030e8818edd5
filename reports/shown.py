"""A number of a line as a reader sees it, and the list of calls that it leads to. Pure."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from hotline import i18n
from reports.metrics import Metric, is_largest_of_none
from reports.untold import basis, is_empty
from reports.view import Line

#: Stand for the configured limits, in seconds.
THRESHOLD: Final = "{threshold:g}"
SHORT: Final = "{short:g}"
#: What the list of calls must be asked for to show the calls of a number; a rate leads to the
#: calls it is taken over.
CALLS_BEHIND: Final[Mapping[str, Mapping[str, str]]] = {
    "calls": {"outcome": "incoming"},
    "not_queued": {"outcome": "not_queued"},
    "offered": {"outcome": "queued"},
    "answered": {"outcome": "answered"},
    "answered_in_threshold": {"outcome": "answered", "within": THRESHOLD},
    "abandoned": {"outcome": "abandoned"},
    "short_abandoned": {"outcome": "abandoned", "within": SHORT},
    "left_queue": {"outcome": "left"},
    "callbacks": {"outcome": "callback"},
    "callbacks_reached": {"outcome": "called_back"},
    "outgoing": {"outcome": "outgoing"},
    "service_level": {"outcome": "queued"},
    "average_wait": {"outcome": "answered_on_line"},
    "wait_answered_max_ms": {"outcome": "answered_on_line"},
    "average_talk": {"outcome": "talked"},
    "average_hold": {"outcome": "held"},
    "average_wrap_up": {"outcome": "wrapped_up"},
    "average_handling": {"outcome": "talked"},
}


def value(line: Line, metric: Metric) -> float | None:
    """The number of `metric` in a line; a maximum over no call is empty, not zero, and so is what
    nobody could have told.
    """
    if is_empty(line.untold, metric.id, getattr(line.counters, basis(metric.id), None)):
        return None
    if metric.is_rate:
        found: float | None = getattr(line.rates, metric.id)
        return found
    number: int = getattr(line.counters, metric.id)
    return None if is_largest_of_none(line.counters, metric.id) else number


def written(metric: Metric, number: float | None, language: str) -> str:
    """A number in its unit, for a reader."""
    match metric.unit:
        case "share":
            return i18n.percent(number, language)
        case "milliseconds":
            return i18n.duration(None if number is None else number / 1000)
        case "mark":
            return i18n.number(number, language, 2)
        case _:
            return i18n.number(number, language)


def calls_behind(line: Line, metric: Metric, *, threshold: float, short: float) -> str | None:
    """The address of the list of calls that a number is made of; None where there is none. The
    limits are in seconds.
    """
    number = value(line, metric)
    # nothing is behind none; a longest wait of no time at all has calls behind it all the same
    none = number is None or (number == 0 and not metric.is_rate and metric.unit == "calls")
    if metric.id not in CALLS_BEHIND or none:
        return None
    limits = {"threshold": threshold, "short": short}
    asked = {name: text.format(**limits) for name, text in CALLS_BEHIND[metric.id].items()}
    return "/calls?" + urlencode({**line.calls, **asked})
