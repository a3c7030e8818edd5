"""When the floor needs a look: which numbers of the wallboard break the city's limits. Pure.

A limit is the last value that is still well: `waiting: 5` is broken by the sixth caller,
`service_level: 0.7` by 69 %. What is not known (nobody waits, no call yet) breaks nothing.
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
