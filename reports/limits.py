"""When the floor needs a look: which numbers of the wallboard break the city's limits. Pure.

A limit is the last value that is still well: `waiting: 5` is broken by the sixth caller,
`service_level: 0.7` by 69 %. What is not known (nobody waits, no call yet) breaks nothing.

Before a limit there may be a warning, which is the same with a value of its own: given, or as a
share of the limit. Where less is worse the share is taken the other way round: 0.8 of the way to
70 % is 87.5 %.
"""

from collections.abc import Mapping
from enum import StrEnum


class Measure(StrEnum):
    """What a limit can be set on."""

    WAITING = "waiting"  # callers on the line
    LONGEST_WAIT = "longest_wait"  # seconds
    SERVICE_LEVEL = "service_level"  # today, 0 to 1
    ABANDONED = "abandoned"  # today
    AGENTS_READY = "agents_ready"
    CALLBACKS_DUE = "callbacks_due"
    TICKETS_OVERDUE = "tickets_overdue"


#: Where less is worse; of all others more is.
LEAST = frozenset({Measure.SERVICE_LEVEL, Measure.AGENTS_READY})


def broken(
    limits: Mapping[Measure, float], numbers: Mapping[Measure, float | None]
) -> list[Measure]:
    """The measures whose number is beyond its limit, in the order of `Measure`."""
    return [
        measure
        for measure in Measure
        if (limit := limits.get(measure)) is not None
        and (number := numbers.get(measure)) is not None
        and (number < limit if measure in LEAST else number > limit)
    ]


def warnings(
    limits: Mapping[Measure, float], own: Mapping[Measure, float], share: float | None
) -> dict[Measure, float]:
    """From which values on it is said that a limit is near: `own` where given, else by `share`."""
    if share is None:
        return dict(own)
    return {measure: _near(measure, limit, share) for measure, limit in limits.items()} | dict(own)


def _near(measure: Measure, limit: float, share: float) -> float:
    if measure not in LEAST:
        return limit * share
    near = limit / share
    return min(near, 1.0) if measure is Measure.SERVICE_LEVEL else near


def contrary(limits: Mapping[Measure, float], own: Mapping[Measure, float]) -> list[Measure]:
    """The measures whose warning would come after the alarm."""
    return [
        measure
        for measure, warn in own.items()
        if (limit := limits.get(measure)) is not None
        and (warn < limit if measure in LEAST else warn > limit)
    ]
