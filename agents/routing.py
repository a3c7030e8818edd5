"""Who gets whom: pure, total and stable, so that it can be read aloud and proved by properties.

The rule, in one sentence: the most urgent caller for whom anybody suitable is ready gets, of these,
the agent who has been idle longest; then the next.

Two things make it wider. A caller's *rank* may age: waiting counts like priority. And a caller who
has waited long enough may be offered to *wider circles* of agents, of other languages or queues; an
agent of a narrower circle who is ready goes first. Callers of one line (one skill) may differ in
how far they reach, so a line shows two of its callers: its first by rank, and, if nobody is ready
for that one, the one who has waited longest and therefore reaches furthest.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Any, Final

#: From this priority on a caller goes before everybody with less, however long those have waited:
#: an emergency. Below it, ageing makes up for any difference in time.
ABSOLUTE: Final = 100

#: What the smaller of goes first: minus the priority (0 when it is in the moment), and a moment.
Rank = tuple[int, datetime]


def skill(queue: str, language: str) -> str:
    """The name of one skill: a queue answered in a language, such as `complaint/th`."""
    return f"{queue}/{language}"


class Across(StrEnum):
    """How callers of different skills compare. Within one skill the rank always decides."""

    PRIORITY = "priority"  # by rank, as within one skill
    LONGEST_WAIT = "longest_wait"  # emergencies first, then who has waited longest


@dataclass(frozen=True, slots=True)
class Policy:
    """What the city decides about routing.

    `ageing`: the seconds of waiting that one point of priority is worth; None: waiting never makes
    up for priority.
    """

    across: Across = Across.PRIORITY
    ageing: float | None = None


def rank(priority: int, entered_at: datetime, policy: Policy) -> Rank:
    """A caller's rank for as long as they wait; the smaller goes first.

    Static, though it ages: a point of priority is worth the same seconds to everybody, so who is
    ahead now stays ahead, and an index can hold the order. With ageing, priority is a head start:
    who has 3 points goes as one who entered `3 * ageing` seconds earlier.
    """
    if priority >= ABSOLUTE or policy.ageing is None:
        return (-priority, entered_at)
    return (0, entered_at - timedelta(seconds=priority * policy.ageing))


@dataclass(frozen=True, slots=True)
class Waiting:
    """One caller in the waiting room, with their rank. Moments are aware.

    `circles`: the wider circles that this caller has reached, the narrower first, each by the
    skills that it adds to the ones before (maybe none). Who has waited longer has reached more.
    """

    id: int
    queue: str
    language: str
    precedence: int
    ranked_at: datetime
    entered_at: datetime
    circles: tuple[frozenset[str], ...] = ()

    @property
    def skill(self) -> str:
        """What an agent needs to answer this caller."""
        return skill(self.queue, self.language)

    @property
    def place(self) -> tuple[int, datetime, int]:
        """The place within the line, the smaller first: the rank, then the smaller id."""
        return (self.precedence, self.ranked_at, self.id)

    @property
    def age(self) -> tuple[datetime, int]:
        """Since when, the smaller being who has waited longest."""
        return (self.entered_at, self.id)


@dataclass(frozen=True, slots=True)
class Ready:
    """One agent who may get an offer. `idle_since` is aware."""

    agent_id: int
    idle_since: datetime
    skills: frozenset[str]


@dataclass(frozen=True, slots=True)
class Pair:
    """A caller and the agent to whom the call is to be offered, and by which skill of theirs.

    `circle`: 0 when that is the caller's own skill, else the number of the wider circle, from 1.
    """

    waiting: Waiting
    agent: Ready
    skill: str
    circle: int


def choose(
    waiting: Sequence[Waiting], ready: Sequence[Ready], policy: Policy | None = None
) -> list[Pair]:
    """Pairs of callers and agents, the most urgent first; nobody is in two.

    What comes out depends on the set of callers and agents only, not on their order.

    Given only the heads of each line (its first by rank and its longest waiting caller; for each
    skill its longest idle agent), the *first* pair is the one that the whole waiting room would
    give; the later ones need not be, since a head is followed by somebody who was not shown. So who
    looks at heads uses `first` and looks again.
    """
    return list(_pairs(waiting, ready, policy or Policy()))


def first(
    waiting: Sequence[Waiting], ready: Sequence[Ready], policy: Policy | None = None
) -> Pair | None:
    """The first pair of `choose`, or None; right also for the heads of each line alone."""
    return next(islice(_pairs(waiting, ready, policy or Policy()), 1), None)


def _pairs(waiting: Iterable[Waiting], ready: Iterable[Ready], policy: Policy) -> Iterator[Pair]:
    """Take the most urgent pair that any line can give, again and again; a line that can give none
    drops out, since agents only become fewer.
    """
    lines, agents = _lines(waiting), _Agents(ready)
    while True:
        options = [(line, line.option(agents)) for line in lines]
        able = [(line, pair) for line, pair in options if pair is not None]
        if not able:
            return
        line, best = min(able, key=lambda option: _urgency(option[1].waiting, policy))
        yield best
        agents.taken.add(best.agent.agent_id)
        line.served.add(best.waiting.id)
        lines = [line for line, _ in able]


class _Line:
    """The callers of one skill, the first last so that it can be popped: by rank, and by age."""

    def __init__(self, callers: list[Waiting]) -> None:
        self.served: set[int] = set()
        self._by_rank = sorted(callers, key=lambda one: one.place, reverse=True)
        # where nobody reaches further, who is behind the first gets nobody whom the first does not
        widened = callers if any(one.circles for one in callers) else []
        self._by_age = sorted(widened, key=lambda one: one.age, reverse=True)

    def option(self, agents: "_Agents") -> Pair | None:
        """The pair that this line can give now: for its first, else for its longest waiting."""
        for order in (self._by_rank, self._by_age):
            while order and order[-1].id in self.served:
                order.pop()
            if order and (pair := agents.best_for(order[-1])) is not None:
                return pair
        return None


class _Agents:
    """Who is ready and not yet `taken`; for each skill the longest idle last."""

    def __init__(self, ready: Iterable[Ready]) -> None:
        self.taken: set[int] = set()
        self._by_skill: dict[str, list[Ready]] = {}
        for agent in sorted(ready, key=_idle, reverse=True):
            for name in agent.skills:
                self._by_skill.setdefault(name, []).append(agent)

    def best_for(self, caller: Waiting) -> Pair | None:
        """The caller with the longest idle agent of the narrowest circle that has any."""
        for number, names in enumerate(({caller.skill}, *caller.circles)):
            free = [(agent, name) for name in names if (agent := self._free(name)) is not None]
            if free:
                agent, name = min(free, key=lambda one: (_idle(one[0]), one[1]))
                return Pair(caller, agent, name, number)
        return None

    def _free(self, name: str) -> Ready | None:
        agents = self._by_skill.get(name, [])
        while agents and agents[-1].agent_id in self.taken:
            agents.pop()
        return agents[-1] if agents else None


def _lines(waiting: Iterable[Waiting]) -> list[_Line]:
    callers: dict[str, list[Waiting]] = {}
    for caller in waiting:
        callers.setdefault(caller.skill, []).append(caller)
    return [_Line(line) for line in callers.values()]


def _idle(agent: Ready) -> tuple[datetime, int]:
    return (agent.idle_since, agent.agent_id)


def _urgency(caller: Waiting, policy: Policy) -> tuple[Any, ...]:
    """How callers of different lines compare; the smallest is the most urgent."""
    if policy.across is Across.PRIORITY:
        return caller.place
    return (min(caller.precedence, 1 - ABSOLUTE), caller.entered_at, *caller.place)
