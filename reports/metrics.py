"""What every number of calls means, in code; in words it stands in `reports.meanings`, by the same
names. Pure: facts of calls in, counters out; no database, no clock.

A *counter* is stored (one row a quarter of an hour, queue and language) and adds up: sums add,
maxima take the larger. A *rate* is never stored: it is worked out from counters, and is None
(shown as empty) where there is nothing to divide by. Durations are whole milliseconds, so that
sums are exact and the same in whatever order they are made.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

INTERVAL = timedelta(minutes=15)
_MILLISECOND = timedelta(milliseconds=1)

#: The queue of calls that never entered one, and the language of callers who chose none.
NO_QUEUE = ""
NO_LANGUAGE = ""

Unit = Literal[
    "calls", "offers", "milliseconds", "share", "marks", "mark", "tickets", "suggestions", "shifts",
    "jobs",
]  # fmt: skip

#: Raised when the code counts otherwise than before: what was counted by the code before is then
#: counted again by the night, and not taken for a late correction.
COUNTED_BY: Final = 2

#: The upper ends of the wait's buckets, in seconds, each within its bucket; one more is open.
WAIT_BOUNDS: Final = (
    5, 10, 15, 20, 30, 40, 50, 60, 90, 120, 150, 180, 240, 300, 420, 600, 900, 1200, 1800,
)  # fmt: skip


class CallFacts(Protocol):
    """What the events of a call say about one visit to a queue, or about a call that never queued
    (`queue` None).

    All moments are aware, UTC; None = did not happen (yet).
    """

    @property
    def visit(self) -> int: ...  # 1 for the first queue of a call, and for a call that never queued
    @property
    def queue(self) -> str | None: ...
    @property
    def language(self) -> str | None: ...
    @property
    def arrived_at(self) -> datetime: ...
    @property
    def queued_at(self) -> datetime | None: ...
    @property
    def connected_at(self) -> datetime | None: ...
    @property
    def abandoned_at(self) -> datetime | None: ...
    @property
    def left_at(self) -> datetime | None: ...  # left the queue unanswered without having hung up
    @property
    def talk_ended_at(self) -> datetime | None: ...
    @property
    def wrapped_up_at(self) -> datetime | None: ...
    @property
    def transferred_at(self) -> datetime | None: ...
    @property
    def holds(self) -> int: ...  # how often the caller was held
    @property
    def held(self) -> timedelta: ...  # how long, of the conversation
    @property
    def again(self) -> bool: ...  # an earlier visit of the same call was answered
    @property
    def offers(self) -> int: ...
    @property
    def missed(self) -> int: ...
    @property
    def callback(self) -> bool: ...  # a visit of a callback: nobody waited on the line
    @property
    def promised(self) -> bool: ...  # left the line for a callback
    @property
    def dequeued_at(self) -> datetime | None: ...  # an agent took the callback; then it was rung
    @property
    def unreached(self) -> bool: ...  # the last try of the callback was in vain
    @property
    def outgoing(self) -> bool: ...  # an agent called somebody: nobody called us
    @property
    def told(self) -> bool: ...  # a bulletin was spoken before any queue
    @property
    def asked_back(self) -> bool: ...  # a callback was asked for in it
    @property
    def kept_back(self) -> bool: ...  # and it led to a conversation
    @property
    def passed_out(self) -> bool: ...  # its agent left the caller to somebody outside
    @property
    def mark(self) -> int | None: ...  # the caller's, for the conversation


@dataclass(frozen=True)
class Rules:
    """The settings that decide what is counted: both limits belong to the good side (`<=`)."""

    threshold: timedelta = timedelta(seconds=20)
    short_abandon: timedelta = timedelta(seconds=5)


@dataclass(slots=True)
class Counters:
    """The counters of one cell, or of any sum of cells. Each is defined in `meanings.COUNTERS`."""

    calls: int = 0
    not_queued: int = 0
    transferred: int = 0
    offered: int = 0
    answered: int = 0
    answered_in_threshold: int = 0
    abandoned: int = 0
    abandoned_in_threshold: int = 0
    short_abandoned: int = 0
    left_queue: int = 0
    left_for_callback: int = 0
    wait_answered_ms: int = 0
    wait_answered_max_ms: int = 0
    wait_abandoned_ms: int = 0
    wait_abandoned_max_ms: int = 0
    talked: int = 0
    talk_ms: int = 0
    talk_max_ms: int = 0
    answered_again: int = 0
    held: int = 0
    hold_ms: int = 0
    hold_max_ms: int = 0
    wrapped_up: int = 0
    wrap_up_ms: int = 0
    wrap_up_max_ms: int = 0
    offers_made: int = 0
    offers_missed: int = 0
    callbacks: int = 0
    callbacks_reached: int = 0
    callbacks_unreached: int = 0
    wait_callback_ms: int = 0
    wait_callback_max_ms: int = 0
    outgoing: int = 0
    outgoing_reached: int = 0
    outgoing_talk_ms: int = 0
    ended_with_bulletin: int = 0
    passed_out: int = 0
    callbacks_asked: int = 0
    callbacks_kept: int = 0
    rated: int = 0
    mark_sum: int = 0
    waited_to_5s: int = 0
    waited_to_10s: int = 0
    waited_to_15s: int = 0
    waited_to_20s: int = 0
    waited_to_30s: int = 0
    waited_to_40s: int = 0
    waited_to_50s: int = 0
    waited_to_60s: int = 0
    waited_to_90s: int = 0
    waited_to_120s: int = 0
    waited_to_150s: int = 0
    waited_to_180s: int = 0
    waited_to_240s: int = 0
    waited_to_300s: int = 0
    waited_to_420s: int = 0
    waited_to_600s: int = 0
    waited_to_900s: int = 0
    waited_to_1200s: int = 0
    waited_to_1800s: int = 0
    waited_longer: int = 0

    def add(self, other: "Counters") -> None:
        """Take the cell `other` into this sum."""
        for name in _SUMS:
            if number := getattr(other, name):
                setattr(self, name, getattr(self, name) + number)
        for name in _MAXIMA:
            if (number := getattr(other, name)) > getattr(self, name):
                setattr(self, name, number)

    def as_dict(self) -> dict[str, int]:
        """Every counter by its name."""
        return {name: getattr(self, name) for name in COUNTER_NAMES}

    @property
    def waiting(self) -> int:
        """Calls that entered a queue and have neither been answered nor left it: 0 once a day is
        over.
        """
        return self.offered - self.answered_on_line - self.abandoned - self.left_queue

    @property
    def answered_on_line(self) -> int:
        """Answered calls whose caller waited on the line: what service levels and waits are of."""
        return self.answered - self.callbacks_reached

    @property
    def settled(self) -> int:
        """Calls that waited on the line until it ended one way or another. Who left it for a
        callback is not among them: how that ended is counted with the callbacks.
        """
        return self.offered - self.waiting - self.left_for_callback


COUNTER_NAMES = tuple(field.name for field in fields(Counters))
_MAXIMA = tuple(name for name in COUNTER_NAMES if name.endswith("_max_ms"))
_SUMS = tuple(name for name in COUNTER_NAMES if name not in _MAXIMA)
#: The buckets of the wait, shortest first.
WAIT_BUCKETS: Final = (*(f"waited_to_{bound}s" for bound in WAIT_BOUNDS), "waited_longer")
_WAIT_BOUNDS_MS = [1000 * bound for bound in WAIT_BOUNDS]


#: How many there were of what a maximum is the largest of.
_LARGEST_OF: Final[Mapping[str, str]] = {
    "wait_answered_max_ms": "answered_on_line",
    "wait_abandoned_max_ms": "abandoned",
    "talk_max_ms": "talked",
    "hold_max_ms": "held",
    "wrap_up_max_ms": "wrapped_up",
    "wait_callback_max_ms": "callbacks_reached",
}


def is_largest_of_none(counters: Counters, name: str) -> bool:
    """Whether a counter is the largest of nothing, and so is shown as empty."""
    return name in _LARGEST_OF and not getattr(counters, _LARGEST_OF[name])


@dataclass(frozen=True, order=True)
class Cell:
    """Where a call is counted: quarter of an hour (its start, UTC), queue, language of the
    caller.
    """

    interval_start: datetime
    queue: str
    language: str


def total(cells: Iterable[Counters]) -> Counters:
    """The sum of cells: this, and nothing else, is every number on a report."""
    result = Counters()
    for each in cells:
        result.add(each)
    return result


# ---------------------------------------------------------------- from facts to cells


def moment(facts: CallFacts) -> datetime:
    """The moment that decides day and interval: entry into the queue, or arrival when the call
    never queued.
    """
    return facts.queued_at or facts.arrived_at


def cell_of(facts: CallFacts, day_start: datetime) -> Cell:
    """The cell of a call of the local day that begins at `day_start` (UTC). Intervals are
    half-open.
    """
    intervals = (moment(facts) - day_start) // INTERVAL
    return Cell(
        day_start + intervals * INTERVAL, facts.queue or NO_QUEUE, facts.language or NO_LANGUAGE
    )


def count(facts: Iterable[CallFacts], day_start: datetime, rules: Rules) -> dict[Cell, Counters]:
    """All cells of one local day from the facts of its calls, in any order."""
    cells: dict[Cell, Counters] = {}
    for each in facts:
        cell = cell_of(each, day_start)
        counters = cells.get(cell)
        if counters is None:
            counters = cells[cell] = Counters()
        count_call(counters, each, rules)
    return cells


def count_call(counters: Counters, facts: CallFacts, rules: Rules) -> None:
    """Count one call (or one further visit of a call to a queue) into its cell."""
    if facts.outgoing:
        _count_outgoing(counters, facts)
        return
    counters.calls += facts.visit == 1
    counters.callbacks_asked += facts.asked_back
    counters.callbacks_kept += facts.kept_back
    if facts.callback:
        _count_callback(counters, facts)
        return
    if facts.queue is None or facts.queued_at is None:
        counters.not_queued += 1
        counters.transferred += facts.transferred_at is not None
        settled = facts.transferred_at is None and not facts.asked_back
        counters.ended_with_bulletin += facts.told and settled
        return
    counters.offered += 1
    counters.offers_made += facts.offers
    counters.offers_missed += facts.missed
    if facts.connected_at is not None:
        _count_answered(counters, facts, facts.queued_at, facts.connected_at, rules)
    elif facts.abandoned_at is not None:
        _count_abandoned(counters, facts.abandoned_at - facts.queued_at, rules)
    elif facts.left_at is not None:
        counters.left_queue += 1
        counters.left_for_callback += facts.promised
        counters.transferred += facts.transferred_at is not None


def _count_answered(
    counters: Counters, facts: CallFacts, queued_at: datetime, connected_at: datetime, rules: Rules
) -> None:
    wait = connected_at - queued_at
    counters.answered += 1
    counters.answered_in_threshold += wait <= rules.threshold
    milliseconds = wait // _MILLISECOND
    counters.wait_answered_ms += milliseconds
    counters.wait_answered_max_ms = max(counters.wait_answered_max_ms, milliseconds)
    # by the exact wait, so that a bucket's end is within it as the threshold is
    bucket = WAIT_BUCKETS[bisect_left(_WAIT_BOUNDS_MS, wait / _MILLISECOND)]
    setattr(counters, bucket, getattr(counters, bucket) + 1)
    _count_talk(counters, facts, connected_at)


def _count_callback(counters: Counters, facts: CallFacts) -> None:
    """A callback: an answered call once they speak, but with a wait of its own."""
    counters.callbacks += 1
    counters.offers_made += facts.offers
    counters.offers_missed += facts.missed
    counters.callbacks_unreached += facts.unreached
    if facts.connected_at is None or facts.queued_at is None:
        return
    counters.answered += 1
    counters.callbacks_reached += 1
    wait = (facts.dequeued_at or facts.connected_at) - facts.queued_at
    milliseconds = wait // _MILLISECOND
    counters.wait_callback_ms += milliseconds
    counters.wait_callback_max_ms = max(counters.wait_callback_max_ms, milliseconds)
    _count_talk(counters, facts, facts.connected_at)


def _count_outgoing(counters: Counters, facts: CallFacts) -> None:
    """A call that an agent made: none that the city was offered, nor one that it answered."""
    counters.outgoing += 1
    if facts.connected_at is None:
        return
    counters.outgoing_reached += 1
    if facts.talk_ended_at is not None:
        counters.outgoing_talk_ms += (facts.talk_ended_at - facts.connected_at) // _MILLISECOND


def _count_talk(counters: Counters, facts: CallFacts, connected_at: datetime) -> None:
    counters.answered_again += facts.again
    counters.passed_out += facts.passed_out
    if facts.mark is not None:
        counters.rated += 1
        counters.mark_sum += facts.mark
    if facts.talk_ended_at is None:
        return
    milliseconds = (facts.talk_ended_at - connected_at) // _MILLISECOND
    counters.talked += 1
    counters.talk_ms += milliseconds
    counters.talk_max_ms = max(counters.talk_max_ms, milliseconds)
    _count_hold(counters, facts)
    if facts.wrapped_up_at is None:
        return
    milliseconds = (facts.wrapped_up_at - facts.talk_ended_at) // _MILLISECOND
    counters.wrapped_up += 1
    counters.wrap_up_ms += milliseconds
    counters.wrap_up_max_ms = max(counters.wrap_up_max_ms, milliseconds)


def _count_hold(counters: Counters, facts: CallFacts) -> None:
    milliseconds = facts.held // _MILLISECOND
    counters.held += facts.holds > 0
    counters.hold_ms += milliseconds
    counters.hold_max_ms = max(counters.hold_max_ms, milliseconds)


def _count_abandoned(counters: Counters, wait: timedelta, rules: Rules) -> None:
    counters.abandoned += 1
    counters.abandoned_in_threshold += wait <= rules.threshold
    counters.short_abandoned += wait <= rules.short_abandon
    milliseconds = wait // _MILLISECOND
    counters.wait_abandoned_ms += milliseconds
    counters.wait_abandoned_max_ms = max(counters.wait_abandoned_max_ms, milliseconds)


# ---------------------------------------------------------------- rates


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


#: The published ways to work out a service level (telephony vendors differ; all keep to these).
#: The raw counters are stored, so that another choice changes the past as well.
SERVICE_LEVEL: Mapping[str, Callable[[Counters], float | None]] = {
    "abandoned_as_missed": lambda c: _share(
        c.answered_in_threshold, c.answered_on_line + c.abandoned
    ),
    "answered_only": lambda c: _share(c.answered_in_threshold, c.answered_on_line),
    "abandoned_in_threshold_as_met": lambda c: _share(
        c.answered_in_threshold + c.abandoned_in_threshold, c.answered_on_line + c.abandoned
    ),
    "abandoned_in_threshold_removed": lambda c: _share(
        c.answered_in_threshold, c.answered_on_line + c.abandoned - c.abandoned_in_threshold
    ),
    "short_abandons_as_met": lambda c: _share(
        c.answered_in_threshold + c.short_abandoned, c.answered_on_line + c.abandoned
    ),
    "short_abandons_removed": lambda c: _share(
        c.answered_in_threshold, c.answered_on_line + c.abandoned - c.short_abandoned
    ),
}
DEFAULT_SERVICE_LEVEL: Final = "abandoned_as_missed"


@dataclass(frozen=True)
class Rates:
    """The rates of a sum of cells: shares from 0 to 1, durations in milliseconds; None = nothing
    to divide by.
    """

    answer_rate: float | None
    abandon_rate: float | None
    service_level: float | None
    average_wait: float | None
    average_wait_callback: float | None
    average_wait_abandoned: float | None
    average_talk: float | None
    average_hold: float | None
    average_wrap_up: float | None
    average_handling: float | None
    wait_median: float | None
    wait_90: float | None
    wait_95: float | None
    callbacks_kept_rate: float | None
    average_mark: float | None
    rating_response: float | None


def rates(counters: Counters, service_level: str = DEFAULT_SERVICE_LEVEL) -> Rates:
    """Work the rates out; `service_level` is a key of SERVICE_LEVEL."""
    talk = _share(counters.talk_ms, counters.talked)
    wrap_up = _share(counters.wrap_up_ms, counters.wrapped_up)
    return Rates(
        answer_rate=_share(counters.answered_on_line, counters.settled),
        abandon_rate=_share(counters.abandoned, counters.settled),
        service_level=SERVICE_LEVEL[service_level](counters),
        average_wait=_share(counters.wait_answered_ms, counters.answered_on_line),
        average_wait_callback=_share(counters.wait_callback_ms, counters.callbacks_reached),
        average_wait_abandoned=_share(counters.wait_abandoned_ms, counters.abandoned),
        average_talk=talk,
        average_hold=_share(counters.hold_ms, counters.held),
        average_wrap_up=wrap_up,
        average_handling=None if talk is None else talk + (wrap_up or 0.0),
        wait_median=wait_percentile(counters, 0.5),
        wait_90=wait_percentile(counters, 0.9),
        wait_95=wait_percentile(counters, 0.95),
        callbacks_kept_rate=_share(counters.callbacks_kept, counters.callbacks_asked),
        average_mark=_share(counters.mark_sum, counters.rated),
        rating_response=_share(counters.rated, counters.talked),
    )


def wait_percentile(counters: Counters, share: float) -> float | None:
    """The wait in milliseconds that `share` (0 to 1) of the calls answered on the line did not
    exceed; None without any. At most a bucket's width from the exact one (`percentile`).
    """
    counts = [getattr(counters, name) for name in WAIT_BUCKETS]
    return percentile(_WAIT_BOUNDS_MS, counts, share, counters.wait_answered_max_ms)


def percentile(
    bounds: Sequence[float], counts: Sequence[int], share: float, largest: float
) -> float | None:
    """The value that `share` (above 0, to 1) of the counted do not exceed; None of nothing.

    `counts` are of the buckets that end at `bounds` (included) and of one beyond, which ends at
    `largest`. Within a bucket the values are taken to lie evenly: so the result lies in the same
    bucket as the exact one (that of rank ceil(share × n)), and is no farther from it than the
    bucket is wide; never above `largest`.
    """
    wanted = share * sum(counts)
    if not wanted:
        return None
    below, seen = 0.0, 0
    for bound, counted in zip((*bounds, largest), counts, strict=True):
        if counted and seen + counted >= wanted - _ROUNDING:
            top = min(bound, largest)
            return below + (top - below) * min(1.0, (wanted - seen) / counted)
        below, seen = bound, seen + counted
    raise AssertionError("more is wanted than there is")


#: That 0.9 × 10 is 9.000000000000002 must not take a value from the next bucket.
_ROUNDING = 1e-9


# ---------------------------------------------------------------- in words


@dataclass(frozen=True)
class Metric:
    """One number of a report: its identifier, its name and its definition, in Thai and in
    English.
    """

    id: str
    unit: Unit
    name: Mapping[str, str]
    definition: Mapping[str, str]

    @property
    def is_rate(self) -> bool:
        return self.id not in COUNTER_NAMES

    @property
    def is_bucket(self) -> bool:
        """One of the buckets that percentiles are worked out from: for programs."""
        return self.id in WAIT_BUCKETS
