"""What is on today: the bulletins that a supervisor has put on the air at this place of the flow.

They are spoken before the next question, so any key goes on at once; who hangs up content was
answered by the city without an agent.
"""

from typing import Literal

from hotline.config import LocalText
from ivr.nodes.base import Base, Exit, Go, Heard, Here, NodeName, Outcome, Read


class Bulletin(Base):
    """`kind: bulletin`"""

    kind: Literal["bulletin"]
    #: How the place is called on the page where bulletins are written.
    title: LocalText
    next: NodeName

    def exits(self) -> list[Exit]:
        return [Exit("next", self.next)]

    def silent(self) -> tuple[str, ...]:
        return (self.next,)

    def enter(self, here: Here) -> Outcome:
        on_air = here.world.bulletins(here.name)
        if not on_air:
            return Go(self.next)
        said = []
        for each in on_air:
            language, text = each.text(here.language)
            said.append(Read(text, language if language in here.languages else here.language))
        heard = Heard(tuple(each.id for each in on_air), here.name)
        return Go(self.next, tuple(said), acts=(heard,))
