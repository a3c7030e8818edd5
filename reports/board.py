"""The wallboard's figures: who waits, how today went, who is ready, what is owed; and what breaks a
limit. One fragment that is the same for every reader, so it is made once for all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from agents import service as agents
from ivr import service as ivr
from ivr.service import Line
from reports.config import Wallboard
from reports.limits import Measure, broken
from reports.metrics import Cell, Counters, rates, total
from reports.today import by_queue
from tickets import service as tickets

#: What stands for the whole floor among the rows.
FLOOR = "floor"


@dataclass(frozen=True)
class Row:
    """The figures of a queue, or of the whole floor."""

    id: str
    waiting: int
    #: Since when the first on the line waits.
    longest_since: datetime | None
    callbacks_due: int
    agents_ready: int
    today: Counters
    #: 0 to 1; None before the first call.
    service_level: float | None
    lines: Sequence[Line]
    limits: Mapping[Measure, float]
    broken: Sequence[Measure]
    #: From which values on a limit is near, and which are there and not beyond it yet.
    warns: Mapping[Measure, float]
    near: Sequence[Measure]

    @property
    def watched(self) -> list[Measure]:
        """What has a limit, or a warning, in the order of `Measure`."""
        return [each for each in Measure if each in self.limits or each in self.warns]


@dataclass(frozen=True)
class Board:
    """All of it at one moment."""

    floor: Row
    queues: Sequence[Row]
    tickets_overdue: int


@dataclass(frozen=True)
class _Seen:
    """What was read."""

    lines: Sequence[Line]
    #: Of each agent who is ready and idle, the queues that they answer.
    ready: Sequence[frozenset[str]]
    today: Mapping[str, Counters]
    overdue: int


def read(
    session: Session,
    today: Mapping[Cell, Counters],
    queues: Sequence[str],
    settings: Wallboard,
    formula: str,
    now: datetime,
) -> Board:
    """The board of these queues, as it stands now; `today`: what the day has counted so far."""
    seen = _Seen(
        list(ivr.lines(session)),
        agents.ready_queues(session),
        by_queue(today),
        tickets.overdue(session, now=now),
    )
    return made(seen, queues, settings, formula, now)


def made(
    seen: _Seen, queues: Sequence[str], settings: Wallboard, formula: str, now: datetime
) -> Board:
    """The board from what was read."""

    def row(
        id_: str,
        lines: list[Line],
        ready: int,
        counters: Counters,
        limits: Mapping[Measure, float],
        warns: Mapping[Measure, float],
    ) -> Row:
        since = min((line.longest_since for line in lines if line.longest_since), default=None)
        level = rates(counters, formula).service_level
        waiting = sum(line.waiting for line in lines)
        due = sum(line.callbacks for line in lines)
        enough = counters.settled >= settings.service_level_after
        numbers: dict[Measure, float | None] = {
            Measure.WAITING: waiting,
            Measure.LONGEST_WAIT: (now - since).total_seconds() if since else None,
            Measure.SERVICE_LEVEL: level if enough else None,
            Measure.ABANDONED: counters.abandoned,
            Measure.AGENTS_READY: ready,
            Measure.CALLBACKS_DUE: due,
            Measure.TICKETS_OVERDUE: seen.overdue if id_ == FLOOR else None,
        }
        there = broken(limits, numbers)
        near = [each for each in broken(warns, numbers) if each not in there]
        facts = (waiting, since, due, ready, counters, level, lines)
        return Row(id_, *facts, limits, there, warns, near)

    whole = total(seen.today.values())
    return Board(
        row(
            FLOOR,
            list(seen.lines),
            len(seen.ready),
            whole,
            settings.floor.by_measure,
            settings.warns_of_floor(),
        ),
        [
            row(
                queue,
                [line for line in seen.lines if line.queue == queue],
                sum(queue in skills for skills in seen.ready),
                seen.today.get(queue, Counters()),
                settings.of_queue(queue),
                settings.warns_of_queue(queue),
            )
            for queue in queues
        ],
        seen.overdue,
    )
