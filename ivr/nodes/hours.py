"""Opening hours: one way while a calendar of the city is open, another while it is closed."""

from typing import Literal

from hotline.config import Identifier
from ivr.nodes.base import Base, Exit, Go, Here, NodeName, Outcome
from ivr.speech.prompts import Places
from ivr.speech.spoken import Moment


class Hours(Base):
    """`kind: hours`"""

    kind: Literal["hours"]
    #: A name in `city.calendars`.
    calendar: Identifier
    open: NodeName
    closed: NodeName
    #: Said when it is closed; `{opens}` is when it opens next.
    prompt: Identifier | None = None

    def exits(self) -> list[Exit]:
        return [Exit("open", self.open), Exit("closed", self.closed)]

    def silent(self) -> tuple[str, ...]:
        return (self.open, self.closed)

    def places(self) -> Places:
        return {} if self.prompt is None else {self.prompt: frozenset({"opens"})}

    def enter(self, here: Here) -> Outcome:
        if here.world.is_open(self.calendar):
            return Go(self.open)
        opens = here.world.opens(self.calendar)
        # a calendar that never opens again has nothing to promise
        if self.prompt is None or opens is None:
            return Go(self.closed)
        return Go(
            self.closed, (here.speak(self.prompt, opens=Moment(opens, here.world.now.date())),)
        )
