"""The `agents:` section of config.yaml: reasons of a break, who comes first, who is forgotten."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from agents.routing import Across, Policy
from agents.states import DECLINED, Status
from hotline.config import Identifier, LocalText, Section
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


class Agents(Section):
    """What the city decides about the people who answer."""

    breaks: dict[Identifier, LocalText] = Field(min_length=1)
    routing: Routing = Routing()
    sign_out_after: SignOutAfter = SignOutAfter()
    monitoring: Monitoring = Monitoring()

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
        """The reason that the engine writes itself cannot be one of the city's."""
        if DECLINED in self.breaks:
            yield Fault(
                f"breaks.{DECLINED}", "this reason is written when an agent declines an offer"
            )
