"""The `units:` part of config.yaml's section of tickets."""

from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Annotated

from pydantic import Field, field_validator

from hotline.config import DialNumber, Identifier, Language, LocalText, Section
from hotline.errors import Fault
from tickets.workflow import Priority

Minutes = Annotated[float, Field(gt=0, le=24 * 60)]
CallSign = Annotated[str, Field(min_length=1, max_length=32)]


class UnitOfFile(Section):
    """A unit that the city begins with; afterwards its page is what counts."""

    title: LocalText
    call_sign: CallSign
    #: Whose work it does; empty: everybody's.
    divisions: tuple[Identifier, ...] = ()
    languages: tuple[Language, ...] = ("th",)
    telephone: DialNumber | None = None


class Needed(Section):
    """Which open tickets wait for a unit without anybody asking for one: either is enough."""

    categories: tuple[Identifier, ...] = ()
    priorities: tuple[Priority, ...] = ()


def _minutes() -> dict[Priority, float]:
    return {Priority.NORMAL: 15.0, Priority.URGENT: 5.0, Priority.CRITICAL: 3.0}


class Units(Section):
    """Who drives out, and by which rules."""

    #: By code.
    fleet: dict[Identifier, UnitOfFile] = Field(default_factory=dict)
    needed: Needed = Needed()
    #: By when a crew says that it has seen its job.
    acknowledge_minutes: dict[Priority, Minutes] = Field(default_factory=_minutes)
    #: A way by road is so much longer than a straight line.
    road_factor: Annotated[float, Field(ge=1, le=3)] = 1.3
    #: A position of more minutes ago is said to be old.
    position_old_minutes: Minutes = 10
    #: Only the last place of a unit is kept, and so long at most.
    keep_position_hours: Annotated[float, Field(gt=0, le=24 * 31)] = 12
    #: True: what a crew has done is closed as fixed; false: the division closes it.
    crew_closes: bool = False
    #: A caller is not told that a unit is on its way when that is longer ago.
    tell_within_minutes: Minutes = 15

    @field_validator("acknowledge_minutes")
    @classmethod
    def _all_priorities(cls, given: dict[Priority, float]) -> dict[Priority, float]:
        return _minutes() | given

    @property
    def old_after(self) -> timedelta:
        """A position older than this is said to be old."""
        return timedelta(minutes=self.position_old_minutes)

    def faults_in(self, divisions: Collection[str], categories: Collection[str]) -> Iterator[Fault]:
        """Yield what this names and the city does not have; `follows` is a path of the section."""
        for code, unit in self.fleet.items():
            for division in unit.divisions:
                if division not in divisions:
                    yield Fault(
                        f"fleet.{code}.divisions",
                        f'no such division "{division}"',
                        f"divisions.{division}",
                    )
        for category in self.needed.categories:
            if category not in categories:
                yield Fault(
                    "needed.categories",
                    f'no such category "{category}"',
                    f"categories.{category}",
                )
