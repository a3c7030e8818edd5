"""What will be played: callers and shifts, worked out before the first call. Pure: no network, no
clock, no chance but
the one that is handed in.
"""

import csv
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from statistics import fmean

from hotline.replay import log
from hotline.replay.log import DayLog, LoggedCall, Outcome
from ivr.flow import Flow
from ivr.nodes.queue import CONSENT
from ivr.steps import Given, Position, Step, advance, begin

DAY = 24 * 3600.0
#: Where the services of the bank's log belong in the shipped city: type → (queue, language).
SERVICES = {
    "PS": ("information", "th"),
    "PE": ("information", "en"),
    "NW": ("information", "zh"),
    "NE": ("complaint", "th"),
    "IN": ("complaint", "en"),
    "TT": ("emergency", "th"),
}
#: A city's menu leads a silent caller to a person: nobody can stay in it for longer than so many
#: seconds.
LONGEST_IN_MENU = 60.0
#: An agent of the log without a service for so many seconds was away.
AWAY_AFTER = 30 * 60
#: An agent comes and goes so many seconds before the first and after the last service of a stretch.
MARGIN = 120.0
#: What callers cannot press faster than, in seconds a key.
QUICKEST = 0.5

Skill = tuple[str, str]


@dataclass(frozen=True)
class Caller:
    """One call to be placed. Seconds; `at` after local midnight."""

    number: str
    at: float
    queue: str
    language: str
    keys: tuple[str, ...]
    think: float
    #: ("menu" or "queue", seconds in it) after which the caller hangs up; None: waits until served.
    hang_up: tuple[str, float] | None
    #: How long the conversation lasts, if there is one.
    talk: float
    #: What the log says, for comparison; None where it says nothing.
    logged_wait: float | None = None

    @property
    def skill(self) -> Skill:
        return self.queue, self.language

    def script(self) -> dict[str, object]:
        """What the exchange's handset is told to do."""
        script: dict[str, object] = {"keys": list(self.keys), "think": self.think}
        if self.hang_up is not None:
            script["hang_up"] = {"in": self.hang_up[0], "after": self.hang_up[1]}
        return script


@dataclass(frozen=True)
class Shift:
    """One agent's stretch of duty; seconds after local midnight. Who still has a caller to serve
    stays on.
    """

    agent: str
    start: float
    end: float


@dataclass(frozen=True)
class Plan:
    """A day to be played."""

    day: date
    callers: list[Caller]
    shifts: list[Shift]
    #: What each agent can do.
    skills: dict[str, frozenset[Skill]]
    skipped: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


class PlanError(ValueError):
    """The day cannot be played; the text says why."""


def number_of(index: int) -> str:
    """The telephone number of the caller `index`: a Thai mobile's, unique in the day."""
    return f"+668{index:08d}"


def keys_to(flow: Flow, queue: str, language: str) -> tuple[str, ...]:
    """The fewest keys that lead a caller into `queue` in `language`, and "" where the notice of the
    recording is heard out. Raises PlanError when none do.
    """
    todo: deque[tuple[Position, tuple[str, ...]]] = deque([(begin(flow).position, ())])
    seen: set[tuple[str, str, str]] = set()
    while todo:
        position, pressed = todo.popleft()
        place = (position.node, position.part, position.language)
        if place in seen:
            continue
        seen.add(place)
        for key in ("",) if position.part == CONSENT else "1234567890":
            step = advance(flow, position, Given(digits=key))
            if key and step.heard != "key":
                continue  # not a key of this menu; and nobody presses 0 who knows what they want
            if step.queue is None:
                todo.append((step.position, (*pressed, key)))
            elif _skill(step) == (queue, language):
                return (*pressed, key)
    raise PlanError(f"no keys lead to the queue {queue} in {language}")


def _skill(step: Step) -> Skill | None:
    return (step.queue, step.position.language) if step.queue else None


# ---------------------------------------------------------------- from a log


def from_log(day_log: DayLog, flow: Flow, staff: Path | None = None) -> Plan:
    """The plan of a logged day; `staff` is a table of agents by hour, else as many as the log had
    are on duty.
    """
    keys = {service: keys_to(flow, *skill) for service, skill in SERVICES.items()}
    skipped = day_log.skipped.copy()
    calls = [call for call in day_log.calls if call.service in SERVICES]
    if unknown := len(day_log.calls) - len(calls):
        skipped["unknown type of service"] += unknown
    talk = _mean_talk(calls)
    callers = [_caller(index, call, keys[call.service], talk) for index, call in enumerate(calls)]
    shortened = sum(
        call.outcome is Outcome.HUNG_UP_IN_MENU and call.menu > LONGEST_IN_MENU for call in calls
    )
    notes = []
    if shortened:
        notes.append(
            f"{shortened} callers who hung up in the menu later than after "
            f"{LONGEST_IN_MENU:g} s do so then: our menu keeps nobody that long"
        )
    if staff is not None:
        shifts, skills = from_table(staff_table(staff), _skills_of(callers))
    else:
        shifts, skills = _as_logged(calls)
    return Plan(day_log.day, callers, shifts, skills, skipped, notes)


def _caller(index: int, call: LoggedCall, keys: tuple[str, ...], talk: dict[str, float]) -> Caller:
    queue, language = SERVICES[call.service]
    hang_up: tuple[str, float] | None = None
    if call.outcome is Outcome.HUNG_UP_IN_MENU:
        keys, hang_up = (), ("menu", min(float(call.menu), LONGEST_IN_MENU))
    elif call.outcome is Outcome.HUNG_UP_WAITING:
        hang_up = ("queue", float(call.wait))
    return Caller(
        number=number_of(index),
        at=float(call.entered),
        queue=queue,
        language=language,
        keys=keys,
        think=max(QUICKEST, call.menu / max(1, len(keys) + 1)),
        hang_up=hang_up,
        # whoever gave up in the log may be answered in time here: then as long as others of that
        # service
        talk=float(call.talk) if call.outcome is Outcome.SERVED else talk[call.service],
        logged_wait=float(call.wait) if call.outcome is Outcome.SERVED else None,
    )


def _mean_talk(calls: Iterable[LoggedCall]) -> dict[str, float]:
    served: dict[str, list[int]] = {service: [] for service in SERVICES}
    for call in calls:
        if call.outcome is Outcome.SERVED:
            served[call.service].append(call.talk)
    everyone = [talk for talks in served.values() for talk in talks] or [180]
    return {service: fmean(talks or everyone) for service, talks in served.items()}


def _skills_of(callers: Iterable[Caller]) -> frozenset[Skill]:
    return frozenset(caller.skill for caller in callers)


def _as_logged(calls: list[LoggedCall]) -> tuple[list[Shift], dict[str, frozenset[Skill]]]:
    """Shifts as the log shows its servers at work, each able to do what they did that day."""
    names: dict[str, str] = {}
    shifts = [
        Shift(
            names.setdefault(server, agent_name(len(names))), max(0.0, start - MARGIN), end + MARGIN
        )
        for server, start, end in log.spells(calls, AWAY_AFTER)
    ]
    if not shifts:
        raise PlanError("the log names no server on this day: give a staff table")
    served: dict[str, set[Skill]] = {name: set() for name in names.values()}
    unserved = {SERVICES[call.service] for call in calls}
    for call in calls:
        if call.server in names:
            served[names[call.server]].add(SERVICES[call.service])
            unserved.discard(SERVICES[call.service])
    # calls that only nameless servers took: everybody can
    return shifts, {name: frozenset(skills | unserved) for name, skills in served.items()}


def agent_name(index: int) -> str:
    """The username of the agent `index`."""
    return f"replay-{index + 1}"


# ---------------------------------------------------------------- from a table


def staff_table(path: Path) -> list[int]:
    """The agents on duty in each of 24 hours, from a CSV with the columns `hour` and `agents`.

    Raises PlanError saying what is wrong; an hour that is not named has nobody.
    """
    hours = [0] * 24
    with path.open(encoding="utf-8", newline="") as file:
        for line, row in enumerate(csv.DictReader(file), start=2):
            try:
                hour, agents = int(row["hour"]), int(row["agents"])
            except (KeyError, TypeError, ValueError) as error:
                raise PlanError(f"{path}, line {line}: the columns are hour and agents") from error
            if not (0 <= hour < 24 and 0 <= agents <= 500):
                raise PlanError(f"{path}, line {line}: hour 0 to 23, agents 0 to 500")
            hours[hour] = agents
    return hours


def from_table(
    hours: list[int], skills: frozenset[Skill]
) -> tuple[list[Shift], dict[str, frozenset[Skill]]]:
    """Shifts by a table of agents by hour. Everybody can do everything; the first come are the
    last to go.
    """
    if not any(hours):
        raise PlanError("nobody is on duty at any hour")
    shifts = [
        Shift(agent_name(index), start * 3600.0, end * 3600.0)
        for index in range(max(hours))
        for start, end in _stretches([agents > index for agents in hours])
    ]
    return shifts, {shift.agent: skills for shift in shifts}


def _stretches(on_duty: list[bool]) -> Iterator[tuple[int, int]]:
    start: int | None = None
    for hour, there in enumerate([*on_duty, False]):
        if there and start is None:
            start = hour
        elif not there and start is not None:
            yield start, hour
            start = None
