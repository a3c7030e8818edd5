"""How long a caller will still wait, and what of it is said to them: pure.

**The estimate** is two thirds position and one third experience.

*Position* is the pace at which the line has moved while somebody waited in it, times the places
that it has to move:

    (callers ahead + 1) × (time in which somebody waited) ÷ (callers who left in it)

over the last `RECENT` callers who left the line. Who hung up counts as who was answered: both bring
the line forward. Time in which nobody waited does not count, nor do the callers who were answered
at once in it: they say how many call, not how fast a line moves. Few callers make an unsteady pace,
so that the textbook's (mean handling time ÷ agents) is mixed in with the weight of `PRIOR` callers
more. This is the estimator by queue length of the literature (QL; Ibrahim & Whitt, "Real-Time Delay
Estimation in Overloaded Multiserver Queues with Abandonments", Management Science 55, 2009), with
the pace measured where they work it out. So it need not know how many agents share their time with
other lines, who is about to take a break, nor how patient those ahead are.

*Experience* is what those of them who were answered had waited on average, less what this caller
has waited already: the delay history (Ibrahim & Whitt, "Real-Time Delay Estimation Based on Delay
History", M&SOM 11, 2009; on call centres' logs: Senderovich et al., "Queue Mining for Delay
Prediction in Multi-Class Service Processes", Information Systems 53, 2015). Alone it errs more than
the position, mixed in it mends what the position gets wrong: that agents who serve several lines
turn to the one in which somebody has waited long. `python -m benchmarks estimate` measures both.

**What is said** is a range, since no estimator is right to the minute: from half the estimate to
a quarter and a minute more than it, in whole minutes. Its upper end is a promise: being late costs
the caller more than being early (Jouini et al., "Call Center Delay Announcement Using a
Newsvendor-Like Performance Criterion", POMS 24, 2015). A promise once made is never moved later:
what cannot be said without that is not said.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

#: So many callers who left the line last are looked at, and none who left longer ago (seconds).
RECENT, OLDEST = 20, 7200.0
#: Who waited less (seconds) met a free agent: that is no line which moved, but a telephone ringing.
AT_ONCE = 10.0
#: The textbook's pace weighs as much as so many callers; with fewer than `FEW`, it included, the
#: pace is not known.
PRIOR, FEW = 5, 3
#: The weight of the experience against the position.
EXPERIENCE = 1 / 3
#: A range reaches from this share of the estimate to that one and so many seconds: chosen so that
#: about four callers of five are answered by its upper end.
LOW, HIGH, SLACK = 0.5, 1.25, 60.0
#: No number of minutes beyond this is said, only that it is more.
LONGEST = 30
_FINE, _COARSE = 10, 5  # up to ten minutes by the minute, then by five
_MINUTE = 60.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Departure:
    """Somebody who left the line: answered, hung up, or led elsewhere. Moments are aware.

    `handled` is how long an agent was busy with the call, talk and wrap-up, in seconds; None while
    that is not known, or when there was none.
    """

    entered_at: datetime
    left_at: datetime
    answered: bool
    handled: float | None = None

    @property
    def waited(self) -> float:
        """Seconds in the line."""
        return (self.left_at - self.entered_at).total_seconds()


@dataclass(frozen=True, slots=True)
class Line:
    """A line as one caller in it sees it.

    `ahead` are the callers who go before this one, `agents` those who are signed in for the line
    (ready or busy, not on a break), `longest` the seconds that the first in line has waited so far:
    so a newcomer learns of a line that has stopped. 0 where it is not known.
    """

    now: datetime
    ahead: int
    agents: int
    longest: float = 0.0


@dataclass(frozen=True, slots=True)
class Range:
    """What is said, in whole minutes: `Range(0, 1)` less than a minute, `Range(0, 3)` less than
    three minutes, `Range(2, 5)` two to five, `Range(4, 4)` about four, and where `is_open` more
    than `low`.
    """

    low: int
    high: int

    @property
    def is_open(self) -> bool:
        """More than `low` minutes: no upper end is promised."""
        return self.low == self.high == LONGEST


@dataclass(frozen=True, slots=True)
class Heard:
    """What this caller was told last: at most so many minutes (None: more than `LONGEST`), when."""

    most: int | None
    at: datetime

    def left(self, now: datetime) -> float:
        """Seconds until the promise is due; negative when it is broken, infinite when none was."""
        if self.most is None:
            return math.inf
        return self.most * _MINUTE - (now - self.at).total_seconds()

    def to_text(self) -> str:
        """Short, and safe in a URL as it is: `5.1786500000000000` (microseconds since 1970)."""
        most = "" if self.most is None else str(self.most)
        return f"{most}.{(self.at - _EPOCH) // timedelta(microseconds=1)}"

    @classmethod
    def from_text(cls, text: str) -> "Heard | None":
        """The reverse. None for anything else: a caller on the line gets no error for it."""
        most, dot, at = text.partition(".")
        try:
            moment = _EPOCH + timedelta(microseconds=int(at))
            return cls(int(most) if most else None, moment) if dot else None
        except (ValueError, OverflowError):
            return None


# ---------------------------------------------------------------- how long


def expected(line: Line, recent: Sequence[Departure], own_wait: float) -> float | None:
    """Seconds still to wait; None when nothing honest can be said.

    `recent` are the last callers who left this line, in any order (more than `RECENT` do no
    harm), `own_wait` the seconds that this caller has waited. Nothing can be said where nobody is
    signed in, and where neither the line's pace nor the agents' is known.
    """
    if line.agents <= 0:
        return None
    oldest = line.now - timedelta(seconds=OLDEST)
    known = sorted((one for one in recent if one.left_at >= oldest), key=lambda one: one.left_at)
    latest = known[-RECENT:]
    pace = _pace(line, latest, max(0.0, own_wait, line.longest))
    if pace is None:
        return None
    position = (line.ahead + 1) * pace
    waited = _mean([one.waited for one in latest if one.answered])
    if waited is None:
        return position
    return (1 - EXPERIENCE) * position + EXPERIENCE * max(0.0, waited - own_wait)


def _pace(line: Line, latest: Sequence[Departure], waiting: float) -> float | None:
    """Seconds for one place; None when that is not known."""
    took, moved = _moved(line, latest, waiting)
    handling = _mean([one.handled for one in latest if one.handled is not None])
    if handling is not None:
        took, moved = took + PRIOR * handling / line.agents, moved + PRIOR
    return took / moved if moved >= FEW else None


def _moved(line: Line, latest: Sequence[Departure], waiting: float) -> tuple[float, int]:
    """Seconds in which somebody waited since the first of `latest` left, and how many left."""
    if not latest:
        return 0.0, 0
    waited = [(one.entered_at, one.left_at) for one in latest[1:] if one.waited >= AT_ONCE]
    still = (line.now - timedelta(seconds=waiting), line.now)
    return _covered([*waited, still], latest[0].left_at), len(waited)


def _covered(spans: Iterable[tuple[datetime, datetime]], since: datetime) -> float:
    """Seconds after `since` that at least one of the spans covers."""
    covered = timedelta()
    for begin, end in sorted(spans):
        if end > since:
            covered += end - max(begin, since)
            since = end
    return covered.total_seconds()


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


# ---------------------------------------------------------------- what is said


def say(
    seconds: float | None, heard: Heard | None, now: datetime, every: float
) -> tuple[Range | None, Heard | None]:
    """What is said now, None for nothing; and what the caller has heard then.

    `seconds` as from `expected`. Nothing is said within `every` seconds of the last time, nor what
    would move the promise of then to a later moment, nor twice that it is more than `LONGEST`.
    """
    if seconds is None or (heard and (now - heard.at).total_seconds() < every):
        return None, heard
    said = _kept(seconds, heard.left(now)) if heard else _range(seconds)
    if said is None:
        return None, heard
    return said, Heard(None if said.is_open else said.high, now)


def _range(seconds: float) -> Range:
    if seconds > LONGEST * _MINUTE:
        return Range(LONGEST, LONGEST)
    return Range(_down(LOW * seconds), min(LONGEST, _up(HIGH * seconds + SLACK)))


def _kept(seconds: float, left: float) -> Range | None:
    """The range whose upper end keeps a promise due in `left` seconds; None when none does."""
    said = _range(seconds)
    high = said.high if left == math.inf else min(said.high, _down(left))
    if high < 1 or seconds > high * _MINUTE:
        return None
    return Range(min(said.low, high), high)


def _up(seconds: float) -> int:
    """Whole minutes that people say, not less than this and at least one."""
    minutes = max(1, math.ceil(seconds / _MINUTE))
    return minutes if minutes <= _FINE else math.ceil(minutes / _COARSE) * _COARSE


def _down(seconds: float) -> int:
    """Whole minutes that people say, not more than this."""
    minutes = math.floor(seconds / _MINUTE)
    return minutes if minutes <= _FINE else minutes // _COARSE * _COARSE
