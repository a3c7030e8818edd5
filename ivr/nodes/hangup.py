"""The end."""

from typing import Literal

from hotline.config import Identifier
from ivr.nodes.base import Base, HangUp, Here, Outcome, Stop


class Hangup(Base):
    """`kind: hangup`"""

    kind: Literal["hangup"]
    prompt: Identifier | None = None

    ends = True

    def enter(self, here: Here) -> Outcome:
        said = () if self.prompt is None else (here.speak(self.prompt),)
        return Stop((*said, HangUp()))
