"""What comes after a conversation for the agent: whether an outcome is to be written, and by when.

Pure. The field calls it after-call work; which way holds is decided by queue, and the offer keeps
it from the end of the talk on, so that a change of the configuration changes nobody's countdown.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, model_validator

from hotline.config import Section
from hotline.errors import Fault


class Mode(StrEnum):
    """Who must write what."""

    NONE = "none"  # nothing: what was typed in the talk is written at once
    OPTIONAL = "optional"  # whoever wants to, for a while; skipping it costs one key
    TIMED = "timed"  # the outcome, within the limit; then the default one, incomplete
    MANDATORY = "mandatory"  # the outcome, however long it takes; the limit is an aim

    @property
    def asks(self) -> bool:
        """Whether a ticket of which nobody wrote the outcome is incomplete."""
        return self in (Mode.TIMED, Mode.MANDATORY)

    @property
    def may_be_extended(self) -> bool:
        """Whether there is a countdown that an agent can ask more of."""
        return self in (Mode.OPTIONAL, Mode.TIMED)


class WrapUp(Section):
    """How a conversation is written up. A bare number is the seconds of `timed`."""

    mode: Mode = Mode.TIMED
    #: The limit; of `mandatory`, the aim.
    seconds: Annotated[int, Field(ge=10, le=3600)] = 180
    #: So many seconds more, once, for who asks for them; 0: nobody may.
    extend: Annotated[int, Field(ge=0, le=1800)] = 0
    #: `mandatory`: after so long the default outcome is written even so, and the agent is free: one
    #: who has left the desk would be held for ever, and the ticket with them.
    at_most: Annotated[int, Field(ge=60, le=12 * 3600)] = 3600

    @model_validator(mode="before")
    @classmethod
    def _seconds_alone(cls, given: Any) -> Any:
        """`wrap_up: 180` says the same as `wrap_up: {seconds: 180}`."""
        return {"seconds": given} if type(given) is int else given

    def faults(self) -> Iterator[Fault]:
        """What does not go together."""
        if self.extend and not self.mode.may_be_extended:
            yield Fault("extend", f"there is no countdown to extend with mode: {self.mode}")
        if self.mode is Mode.MANDATORY and self.at_most < self.seconds:
            yield Fault("at_most", f"is less than the aim of {self.seconds} seconds")

    def from_(self, now: datetime) -> "Times":
        """The two moments, when the talk ends `now`."""
        if self.mode is Mode.NONE:
            return Times(now, now)
        due = now + timedelta(seconds=self.seconds)
        if self.mode is Mode.MANDATORY:
            return Times(due, now + timedelta(seconds=self.at_most))
        return Times(due, due)


@dataclass(frozen=True, slots=True)
class Times:
    """`due`: when the outcome should be there. `until`: when the default one is written."""

    due: datetime
    until: datetime
