"""The `agents:` section of config.yaml: reasons of a break, who comes first, who is forgotten, what
the roster is measured by.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from agents.roster import adherence
from agents.routing import Across, Policy
from agents.states import DECLINED, Status
from hotline import calendars
from hotline.config import Identifier, LocalText, Section, Weekdays
from hotline.errors import Fault

Hours = Annotated[float, Field(gt=0, le=24 * 7)]


class Routing(Section):
    """Who comes first: how callers of different queues and languages compare, and how they age."""

    across: Across = Across.PRIORITY
    #: Seconds of waiting that one point of priority is worth; None: waiting never makes up for it.
    ageing: Annotated[float, Field(gt=0, le=3600)] | None = None


class SignOutAfter(Section):
    """Hours in which nobody does anything at a desk, until it is signed out."""

    ready: Hours = 12
    break_: Hours = Field(default=3, alias="break")
    missed: Hours = 1


class Monitoring(Section):
    """What agents are shown of a supervisor in their conversation."""

    #: Whether they see that somebody only listens. Who speaks to them is always named.
    shown: bool = True


Minutes = Annotated[float, Field(ge=0, le=240)]


def _read_span(text: str) -> str:
    calendars.span(text)
    return text


class Wanted(Section):
    """How many agents should be here: on these weekdays (`mon-fri`), in these hours (those past
    midnight belong to the day on which they begin).
    """

    days: Weekdays
    hours: Annotated[str, AfterValidator(_read_span)]
    agents: Annotated[int, Field(ge=0, le=1000)]

    def covers(self, weekday: int, minute: int) -> bool:
        """Whether this is about a minute of a weekday (0: Monday), counted from midnight."""
        span, days = calendars.span(self.hours), calendars.weekdays(self.days)
        today = weekday in days and span.start <= minute < span.end
        return today or ((weekday - 1) % 7 in days and minute + calendars.DAY < span.end)


class Roster(Section):
    """What the roster is measured by: minutes, but for `rest_hours` (docs/roster.md)."""

    rest_hours: Annotated[float, Field(ge=0, le=24)] = 8
    grace: Minutes = 5
    absent_after: Minutes = 30
    early: Minutes = 30
    #: Reasons of a break that count as present.
    breaks: tuple[Identifier, ...] = ()
    wanted: tuple[Wanted, ...] = ()

    @property
    def rest(self) -> timedelta:
        """The least time between two shifts of one agent."""
        return timedelta(hours=self.rest_hours)

    @property
    def rules(self) -> adherence.Rules:
        """The same as the pure rules take it."""
        return adherence.Rules(
            grace=timedelta(minutes=self.grace),
            absent_after=timedelta(minutes=self.absent_after),
            early=timedelta(minutes=self.early),
            breaks=frozenset(self.breaks),
        )

    def wanted_at(self, weekday: int, minute: int) -> int | None:
        """How many should be here, by the first of `wanted` that says so; None: nothing is said."""
        found = (each.agents for each in self.wanted if each.covers(weekday, minute))
        return next(found, None)


class Agents(Section):
    """What the city decides about the people who answer."""

    breaks: dict[Identifier, LocalText] = Field(min_length=1)
    routing: Routing = Routing()
    sign_out_after: SignOutAfter = SignOutAfter()
    monitoring: Monitoring = Monitoring()
    roster: Roster = Roster()

    @property
    def policy(self) -> Policy:
        """What `agents.routing` is to go by."""
        return Policy(across=self.routing.across, ageing=self.routing.ageing)

    @property
    def limits(self) -> Mapping[Status, timedelta]:
        """For each status, how long a desk may stay in it with nothing happening."""
        after = self.sign_out_after
        return {
            Status.READY: timedelta(hours=after.ready),
            Status.BREAK: timedelta(hours=after.break_),
            Status.MISSED: timedelta(hours=after.missed),
        }

    def faults(self) -> Iterator[Fault]:
        """The reason that the engine writes itself is none of the city's; the roster's are."""
        if DECLINED in self.breaks:
            yield Fault(
                f"breaks.{DECLINED}", "this reason is written when an agent declines an offer"
            )
        for number, reason in enumerate(self.roster.breaks):
            if reason not in self.breaks:
                there = ", ".join(self.breaks)
                yield Fault(
                    f"roster.breaks.{number}",
                    f'no such break "{reason}" (there are {there})',
                    "breaks",
                )
