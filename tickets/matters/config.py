"""The `duplicates:` parts of config.yaml's section of tickets."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from hotline.config import Section
from tickets.matters.rules import Limits


class Duplicates(Section):
    """How far apart and how long ago what is the same matter can be."""

    radius_m: Annotated[float, Field(ge=10, le=5000)] = 200
    #: Every hour counts, from when the open ticket was received.
    within_hours: Annotated[float, Field(gt=0, le=24 * 366)] = 168

    @property
    def limits(self) -> Limits:
        """The same as the rules take it."""
        return Limits(self.radius_m, timedelta(hours=self.within_hours))
