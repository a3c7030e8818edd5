"""On to another node: a name of its own for a place that several ways lead to."""

from typing import Literal

from ivr.nodes.base import Base, Exit, Go, Here, NodeName, Outcome


class Goto(Base):
    """`kind: goto`"""

    kind: Literal["goto"]
    next: NodeName

    def exits(self) -> list[Exit]:
        return [Exit("next", self.next)]

    def silent(self) -> tuple[str, ...]:
        return (self.next,)

    def enter(self, _here: Here) -> Outcome:
        return Go(self.next)
