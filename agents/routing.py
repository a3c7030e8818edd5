"""Who gets whom: pure, total and stable, so that it can be read aloud and proved by properties.

The rule, in one sentence: the most urgent caller for whom anybody suitable is ready gets, of these,
the agent who has been idle longest; then the next.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from heapq import heapify, heappop, heapreplace
from itertools import islice
from typing import Any


def skill(queue: str, language: str) -> str:
    """The name of one skill: a queue answered in a language, such as `complaint/th`."""
    return f"{queue}/{language}"


class Across(StrEnum):
    """How callers of different skills compare. Within one skill priority always comes first."""

    PRIORITY = "priority"  # the higher priority first, then who has waited longest
    LONGEST_WAIT = "longest_wait"  # who has waited longest, whatever the queue's priority


@dataclass(frozen=True, slots=True)
class Policy:
    """What the city decides about routing."""

    across: Across = Across.PRIORITY


@dataclass(frozen=True, slots=True)
class Waiting:
    """One caller in the waiting room. `entered_at` is aware; a larger `priority` goes first."""

    id: int
    queue: str
    language: str
    priority: int
    entered_at: datetime

    @property
    def skill(self) -> str:
        """What an agent needs to answer this caller."""
        return skill(self.queue, self.language)


@dataclass(frozen=True, slots=True)
class Ready:
    """One agent who may get an offer. `idle_since` is aware."""

    agent_id: int
    idle_since: datetime
    skills: frozenset[str]


@dataclass(frozen=True, slots=True)
class Pair:
    """A caller and the agent to whom the call is to be offered."""

    waiting: Waiting
    agent: Ready


def choose(
    waiting: Sequence[Waiting], ready: Sequence[Ready], policy: Policy | None = None
) -> list[Pair]:
    """Pairs of callers and agents, the most urgent first; nobody is in two.

    What comes out depends on the set of callers and agents only, not on their order.

    Given only the head of each skill (its most urgent caller, its longest idle agent), the *first*
    pair is the one that the whole waiting room would give; the later ones need not be, since the
    head of a skill is followed by somebody who was not shown. So who looks at heads uses `first`
    and looks again.
    """
    return list(_pairs(waiting, ready, policy or Policy()))


def first(
    waiting: Sequence[Waiting], ready: Sequence[Ready], policy: Policy | None = None
) -> Pair | None:
    """The first pair of `choose`, or None; right also for the heads of each skill alone."""
    return next(islice(_pairs(waiting, ready, policy or Policy()), 1), None)


def _pairs(waiting: Iterable[Waiting], ready: Iterable[Ready], policy: Policy) -> Iterator[Pair]:
    """Take the most urgent head of all skills again and again; a skill without agents drops out."""
    lines = _lines(waiting)
    agents = _longest_idle_last(ready)
    taken: set[int] = set()
    heads = [(_urgency(line[-1], policy), name) for name, line in lines.items()]
    heapify(heads)
    while heads:
        name = heads[0][1]
        agent = _next_free(agents.get(name, []), taken)
        if agent is None:
            heappop(heads)
            continue
        line = lines[name]
        yield Pair(line.pop(), agent)
        taken.add(agent.agent_id)
        if line:
            heapreplace(heads, (_urgency(line[-1], policy), name))
        else:
            heappop(heads)


def _lines(waiting: Iterable[Waiting]) -> dict[str, list[Waiting]]:
    """Each skill's callers, the most urgent last so that it can be popped."""
    lines: dict[str, list[Waiting]] = {}
    for caller in waiting:
        lines.setdefault(caller.skill, []).append(caller)
    for line in lines.values():
        line.sort(key=_place, reverse=True)
    return lines


def _longest_idle_last(ready: Iterable[Ready]) -> dict[str, list[Ready]]:
    agents: dict[str, list[Ready]] = {}
    for agent in sorted(ready, key=lambda one: (one.idle_since, one.agent_id), reverse=True):
        for name in agent.skills:
            agents.setdefault(name, []).append(agent)
    return agents


def _next_free(agents: list[Ready], taken: set[int]) -> Ready | None:
    """The longest idle of these who is in no pair yet."""
    while agents and agents[-1].agent_id in taken:
        agents.pop()
    return agents[-1] if agents else None


def _place(caller: Waiting) -> tuple[int, datetime, int]:
    """The place within one skill: higher priority, longer waiting, then the smaller id."""
    return (-caller.priority, caller.entered_at, caller.id)


def _urgency(caller: Waiting, policy: Policy) -> tuple[Any, ...]:
    """How the heads of different skills compare; the smallest is the most urgent."""
    if policy.across is Across.LONGEST_WAIT:
        return (caller.entered_at, -caller.priority, caller.id)
    return _place(caller)
