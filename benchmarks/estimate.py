"""The expected wait as it is announced, beside the wait that was left (`ivr/room/estimate.py`).

Every caller who waited and was answered is asked about on entry and every half minute of waiting,
with what was known at that moment and nothing else. Beside ours stand the two simple estimates of
many telephone systems, average wait of the last answered calls and position × mean handling time ÷
agents, and the two of research that look at delays alone: the wait of the last caller answered
(LES) and what the first in line has waited so far (HOL).

With `--log FILE` this is a real centre's log. The parameters were chosen on the days up to
`CHOSEN_ON`; what is printed are the days after it. Without, it is a week made from
`hotline/replay/generate.py` with too few agents.

The log: August 1999 of the centre of a bank, anonymous, tab separated, one row a call, with the
columns of `hotline/replay/log.py`. It comes from the Service Enterprise Engineering laboratory of
the Technion, Haifa ("Anonymous Bank Call Center"), and is not part of this project. A line is a
type of service; a preferred customer (priority 2) enters it as if they had waited 90 seconds
already, as that centre's rule was.
"""

import csv
import heapq
import math
import random
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from benchmarks import machine
from hotline.replay import generate
from hotline.replay.log import COLUMNS, NO_SERVER
from ivr.room.estimate import RECENT, Departure, Heard, Line, Range, expected, say

#: The last day on which parameters were chosen; only days after it are printed.
CHOSEN_ON = 14
STEP, EVERY = 30, 60.0
HEAD_START = 90
#: An agent counts as signed in for a line that they have served within so many seconds; where there
#: is none, within so many more.
SIGNED_IN = (900, 3600)
WEEK, CALLS, STAFFED = 7, 1200, 0.8
HOUR, DAY = 3600, 86_400
ZERO = datetime(1999, 8, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who entered a line; seconds after `ZERO`. `place` orders the line."""

    line: str
    place: float
    entered: float
    left: float
    answered: bool
    busy: float
    agent: str | None


@dataclass(frozen=True, slots=True)
class Moment:
    """What was known about one caller at one moment, and the wait that was left."""

    caller: Caller
    line: Line
    recent: Sequence[Departure]
    own_wait: float
    truth: float


Estimate = Callable[[Moment], float | None]


def main(*, quick: bool = False, log: Path | None = None) -> None:
    """Print the errors of each estimate, and what became of the announcements."""
    if log is None:
        print("Expected wait: no --log FILE (see benchmarks/estimate.py): a week made up instead.")
        callers, after = generated(1 if quick else WEEK), 0
    else:
        callers, after = read(log), CHOSEN_ON * DAY
        print(f"Expected wait: a real log, the days after the {CHOSEN_ON}th.")
    report([one for one in moments(callers) if one.caller.entered >= after])


# ---------------------------------------------------------------- the estimates


def ours(at: Moment) -> float | None:
    """The one of the product."""
    return expected(at.line, at.recent, at.own_wait)


def average(at: Moment) -> float | None:
    """The average wait of those of the recent who were answered, less what this one has waited."""
    waits = [one.waited for one in at.recent if one.answered]
    return max(0.0, sum(waits) / len(waits) - at.own_wait) if waits else None


def textbook(at: Moment) -> float | None:
    """Position × mean handling time ÷ agents."""
    handled = [one.handled for one in at.recent if one.handled is not None]
    if not handled or not at.line.agents:
        return None
    return (at.line.ahead + 1) * sum(handled) / len(handled) / at.line.agents


def last(at: Moment) -> float | None:
    """LES: the wait of the last caller answered, less what this caller has waited."""
    waits = [one.waited for one in at.recent if one.answered]
    return max(0.0, waits[-1] - at.own_wait) if waits else None


def head(at: Moment) -> float | None:
    """HOL: what the first in line has waited so far, less what this caller has."""
    return max(0.0, at.line.longest - at.own_wait)


ESTIMATES: Mapping[str, Estimate] = {
    "ours": ours,
    "average wait of the last answered": average,
    "position × handling ÷ agents": textbook,
    "the last answered (LES)": last,
    "the first in line (HOL)": head,
}


# ---------------------------------------------------------------- what was known when


def moments(callers: Iterable[Caller]) -> Iterator[Moment]:
    """Every moment at which a caller who waited and was answered could have been told something."""
    by_line = attrgetter("line")
    for _, members in groupby(sorted(callers, key=by_line), key=by_line):
        yield from _History(list(members)).moments()


class _History:
    """One line, and what could be known of it at any moment."""

    def __init__(self, callers: list[Caller]) -> None:
        self.arrivals = sorted(callers, key=attrgetter("entered"))
        self.entered = [one.entered for one in self.arrivals]
        self.departures = sorted(callers, key=attrgetter("left"))
        self.left = [one.left for one in self.departures]
        self.longest = max(one.left - one.entered for one in callers)

    def moments(self) -> Iterator[Moment]:
        for caller in self.arrivals:
            at = caller.entered
            while caller.answered and at < caller.left:
                yield self._moment(caller, at)
                at += STEP

    def _moment(self, caller: Caller, at: float) -> Moment:
        begin = bisect_right(self.entered, at - self.longest - 1)
        waiting = [
            one
            for one in self.arrivals[begin : bisect_right(self.entered, at)]
            if one.left > at and (one.place, one.entered) < (caller.place, caller.entered)
        ]
        longest = max((at - one.entered for one in waiting), default=0.0)
        gone = bisect_right(self.left, at)
        return Moment(
            caller,
            Line(_time(at), len(waiting), self._agents(at, gone), longest),
            [_departure(one, at) for one in self.departures[max(0, gone - RECENT) : gone]],
            at - caller.entered,
            caller.left - at,
        )

    def _agents(self, at: float, gone: int) -> int:
        """Who has been busy with this line lately: the log does not say who is signed in."""
        begin = bisect_right(self.left, at - 2 * SIGNED_IN[-1])
        busy = [(one.agent, one.left + one.busy) for one in self.departures[begin:gone]]
        counts = (
            len({agent for agent, until in busy if agent and until > at - recently})
            for recently in SIGNED_IN
        )
        return next(filter(None, counts), 0)


def _departure(one: Caller, at: float) -> Departure:
    known = one.answered and one.left + one.busy <= at
    return Departure(_time(one.entered), _time(one.left), one.answered, one.busy if known else None)


def _time(seconds: float) -> datetime:
    return ZERO + timedelta(seconds=seconds)


# ---------------------------------------------------------------- what comes out


def report(asked: list[Moment]) -> None:
    """The tables."""
    said = [{name: estimate(at) for name, estimate in ESTIMATES.items()} for at in asked]
    callers = {id(at.caller) for at in asked}
    silent = sum(None in each.values() for each in said) / len(said)
    print(f"  {len(callers):,} callers who waited and were answered, {len(asked):,} moments.")
    print(f"  Of errors, not counted: {silent:.1%} of them, at which one estimate has no answer.")
    for title, chosen in GROUPS.items():
        both = [(at, each) for at, each in zip(asked, said, strict=True) if chosen(at)]
        _errors(title, [(at, each) for at, each in both if None not in each.values()])
    print(machine.row("announcements", "callers told", "came true", "or sooner", "mean width"))
    for name in ESTIMATES:
        _announcements(name, [(at, each[name]) for at, each in zip(asked, said, strict=True)])


GROUPS: Mapping[str, Callable[[Moment], bool]] = {
    "on entry": lambda at: at.own_wait == 0,
    "while waiting": lambda at: at.own_wait > 0,
    "nobody ahead": lambda at: at.line.ahead == 0,
    "1 to 2 ahead": lambda at: 1 <= at.line.ahead <= 2,
    "3 to 5 ahead": lambda at: 3 <= at.line.ahead <= 5,
    "6 ahead or more": lambda at: at.line.ahead >= 6,
}


def _errors(title: str, both: list[tuple[Moment, dict[str, float | None]]]) -> None:
    if not both:
        return
    wait = machine.percentile([at.truth for at, _ in both], 0.5)
    print(machine.row(f"{title}: {len(both):,}, median {wait:.0f} s left", "50 % error", "90 %"))
    for name in ESTIMATES:
        wrong = [abs(each[name] - at.truth) for at, each in both]  # type: ignore[operator]
        cells = (f"{machine.percentile(wrong, share):.0f} s" for share in (0.5, 0.9))
        print(machine.row(f"  {name}", *cells))


def _announcements(name: str, both: list[tuple[Moment, float | None]]) -> None:
    callers: dict[int, Heard | None] = {}
    told: list[tuple[Range, float]] = []
    for at, seconds in both:
        heard = callers.get(id(at.caller))
        said, callers[id(at.caller)] = say(seconds, heard, at.line.now, EVERY)
        if said is not None:
            told.append((said, at.truth / 60))
    in_time = [said.is_open or truth <= said.high for said, truth in told]
    true = [now and truth >= said.low for now, (said, truth) in zip(in_time, told, strict=True)]
    print(
        machine.row(
            f"  {name}: {len(told):,}",
            f"{sum(heard is not None for heard in callers.values()) / len(callers):.0%}",
            f"{sum(true) / len(told):.0%}",
            f"{sum(in_time) / len(told):.0%}",
            f"{sum(said.high - said.low for said, _ in told) / len(told):.1f} min",
        )
    )


# ---------------------------------------------------------------- a real log


def read(path: Path) -> list[Caller]:
    """All callers of the log who entered a line. What cannot be used is left out: phantoms and
    negative durations. SystemExit for a file that is no such log.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            if tuple(rows.fieldnames or ()) != COLUMNS:
                raise SystemExit(
                    f"{path}: the first line must name the columns {' '.join(COLUMNS)}"
                )
            return [caller for row in rows if (caller := _logged(row)) is not None]
    except OSError as error:
        raise SystemExit(f"cannot read {path}: {error.strerror}") from error


def _logged(row: Mapping[str, str]) -> Caller | None:
    wait, busy = int(row["q_time"]), int(row["ser_time"])
    answered = row["outcome"] == "AGENT"
    if row["outcome"] == "PHANTOM" or min(wait, busy, int(row["vru_time"])) < 0:
        return None
    if not answered and wait == 0:
        return None  # hung up in the menu
    midnight = (date.fromisoformat(row["date"]).day - 1) * DAY
    came, entered = _seconds(row["vru_entry"]), _seconds(row["q_start" if wait else "ser_start"])
    entered += midnight + (DAY if entered < came else 0)
    return Caller(
        line=row["type"],
        place=entered - (HEAD_START if row["priority"] == "2" else 0),
        entered=entered,
        left=entered + wait,
        answered=answered,
        busy=busy,
        agent=None if row["server"] == NO_SERVER else row["server"],
    )


def _seconds(text: str) -> int:
    hours, minutes, seconds = map(int, text.split(":"))
    return hours * HOUR + minutes * 60 + seconds


# ---------------------------------------------------------------- a week made up


def generated(days: int) -> list[Caller]:
    """Days of a city's hotline: nine lines, agents who do all of them, and too few of these."""
    chance = random.Random(1337)
    return [caller for day in range(days) for caller in _day(day * DAY, chance)]


def _day(midnight: float, chance: random.Random) -> Iterator[Caller]:
    hours = chance.choices(range(24), weights=generate.BY_HOUR, k=CALLS)
    free = _shifts(midnight)
    for at in sorted(midnight + hour * HOUR + chance.uniform(0, HOUR) for hour in hours):
        queue, language = chance.choices([*generate.MATTERS], weights=generate.MATTERS.values())[0]
        patience, busy = chance.expovariate(1 / generate.PATIENCE), _busy(chance)
        while free and max(at, free[0][0]) >= free[0][2]:
            heapq.heappop(free)  # has gone home
        start, agent, until = free[0] if free else (math.inf, 0, 0.0)
        start = max(at, start)
        answered = start - at <= patience
        if answered:
            heapq.heapreplace(free, (start + busy, agent, until))
        left = start if answered else at + patience
        yield Caller(f"{queue}/{language}", at, at, left, answered, busy, str(agent))


def _shifts(midnight: float) -> list[tuple[float, int, float]]:
    """(free from, agent, until): an agent's hours are those with at least so many agents."""
    staff = [max(2, round(STAFFED * agents)) for agents in generate.staff(CALLS)]
    shifts = [
        (midnight + hour * HOUR, agent, midnight + (hour + 1) * HOUR)
        for hour, agents in enumerate(staff)
        for agent in range(agents)
    ]
    heapq.heapify(shifts)
    return shifts


def _busy(chance: random.Random) -> float:
    """Talk and wrap-up."""
    talk = chance.lognormvariate(math.log(generate.TALK_MEDIAN), generate.TALK_SPREAD)
    return min(generate.TALK_MOST, max(generate.TALK_LEAST, talk)) + chance.uniform(3, 15)
