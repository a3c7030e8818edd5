"""What a map cannot tell of any call: a report of such calls has it empty, not zero. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from reports.history.maps import AnyMap, RowsMap
from reports.metrics import WAIT_BUCKETS

#: What may be told of a call, by its main number, and the numbers that go with it.
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "not_queued": (),
    "transferred": (),
    "answered": (
        *("answered_in_threshold", "wait_answered_ms", "wait_answered_max_ms", *WAIT_BUCKETS),
    ),
    "abandoned": (
        *("abandoned_in_threshold", "short_abandoned"),
        *("wait_abandoned_ms", "wait_abandoned_max_ms"),
    ),
    "left_queue": (),
    "talked": ("talk_ms", "talk_max_ms"),
    "answered_again": (),
    "held": ("hold_ms", "hold_max_ms"),
    "wrapped_up": ("wrap_up_ms", "wrap_up_max_ms"),
    "offers_missed": (),
    "callbacks": (
        *("callbacks_reached", "callbacks_unreached", "wait_callback_ms", "wait_callback_max_ms"),
        *("callbacks_asked", "callbacks_kept", "left_for_callback"),
    ),
    "outgoing": ("outgoing_reached", "outgoing_talk_ms"),
    "ended_with_bulletin": (),
    "passed_out": (),
    "rated": ("mark_sum",),
    "first_calls": ("first_calls_resolved",),
}
#: What no map has a word for.
NEVER: Final = (
    "held",
    "callbacks",
    "outgoing",
    "ended_with_bulletin",
    "passed_out",
    "rated",
    "first_calls",
)
#: What a rule's outcome is counted as.
_OUTCOMES: Final[Mapping[str, tuple[str, ...]]] = {
    "answered": ("answered",),
    "abandoned": ("abandoned",),
    "left": ("left_queue",),
    "not_queued": ("not_queued",),
    "transferred": ("transferred", "not_queued"),
}
#: What an event of Asterisk's queues is counted as. A call that the menu settled is none of them;
#: one that was not let in is one that never queued.
_QUEUE_LOG: Final = (
    "answered",
    "abandoned",
    "left_queue",
    "talked",
    "answered_again",
    "offers_missed",
)


def untold(the_map: AnyMap) -> frozenset[str]:
    """The main numbers that no call of a file with this map can add to."""
    told = _of_rows(the_map) if isinstance(the_map, RowsMap) else _QUEUE_LOG
    return frozenset(GROUPS) - frozenset(told)


def _of_rows(the_map: RowsMap) -> Iterator[str]:
    for rule in the_map.outcomes:
        yield from _OUTCOMES.get(rule.is_, ())
    if the_map.moments.talk_ended or the_map.lengths.talk:
        yield "talked"
    if the_map.moments.wrapped_up or the_map.lengths.wrap_up:
        yield "wrapped_up"


def counters(groups: Iterable[str]) -> frozenset[str]:
    """Every number of some groups."""
    return frozenset(name for group in groups for name in (group, *GROUPS[group]))
