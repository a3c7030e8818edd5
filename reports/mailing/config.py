"""The section `reports.mailing:` of config.yaml."""

from collections.abc import Iterator
from datetime import time
from typing import Annotated

from pydantic import Field

from hotline.config import Section
from hotline.errors import Fault

Days = Annotated[int, Field(ge=1, le=366)]


class Mailing(Section):
    """When reports go out by themselves, and how long a link to one lasts."""

    #: Local time at which a report is due on the morning after its period.
    at: time = time(7)
    #: A link for people without an account lasts so long, unless its maker says otherwise, and at
    #: most so long.
    link_days: Days = 14
    longest_link_days: Days = 90

    def faults(self) -> Iterator[Fault]:
        if self.link_days > self.longest_link_days:
            yield Fault("link_days", "is more than longest_link_days", follows="longest_link_days")
