"""Something is said, then the call goes on."""

from typing import Literal

from hotline.config import Identifier
from ivr.nodes.base import Base, Exit, Go, Here, NodeName, Outcome


class Say(Base):
    """`kind: say`"""

    kind: Literal["say"]
    prompt: Identifier
    next: NodeName

    def exits(self) -> list[Exit]:
        return [Exit("next", self.next)]

    def silent(self) -> tuple[str, ...]:
        return (self.next,)

    def enter(self, here: Here) -> Outcome:
        return Go(self.next, (here.speak(self.prompt),))
