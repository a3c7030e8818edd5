"""The section `reports:` of config.yaml."""

from collections.abc import Iterator
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from hotline.config import Identifier, Language, Section
from hotline.errors import Fault
from reports.limits import Measure
from reports.metrics import DEFAULT_SERVICE_LEVEL, Rules

#: Must be the keys of `metrics.SERVICE_LEVEL` (held by a test); spelled out so that a wrong one
#: is refused by name.
Formula = Literal[
    "abandoned_as_missed",
    "answered_only",
    "abandoned_in_threshold_as_met",
    "abandoned_in_threshold_removed",
    "short_abandons_as_met",
    "short_abandons_removed",
]


class ServiceLevel(Section):
    """How the promise to callers is measured."""

    threshold_seconds: Annotated[float, Field(gt=0, le=3600)] = 20
    formula: Formula = DEFAULT_SERVICE_LEVEL
    #: The share that the city wants to reach, 0 to 1.
    target: Annotated[float, Field(gt=0, le=1)] = 0.8


Count = Annotated[int, Field(ge=0)]


class QueueLimits(Section):
    """The last values that are still well for one queue (`reports.limits`); None: no alarm."""

    waiting: Count | None = None
    #: In seconds.
    longest_wait: Annotated[float, Field(gt=0, le=86_400)] | None = None
    service_level: Annotated[float, Field(gt=0, le=1)] | None = None
    abandoned: Count | None = None
    agents_ready: Count | None = None
    callbacks_due: Count | None = None

    @property
    def by_measure(self) -> dict[Measure, float]:
        """Those that are set."""
        return {Measure(name): value for name, value in self if value is not None}


class Limits(QueueLimits):
    """The same for the whole floor."""

    tickets_overdue: Count | None = None


class Wallboard(Section):
    """What the wallboard raises an alarm for."""

    floor: Limits = Limits()
    #: Of every queue that has none of its own below.
    queue: QueueLimits = QueueLimits()
    queues: dict[Identifier, QueueLimits] = Field(default_factory=dict)
    #: The service level of so few calls says nothing yet.
    service_level_after: Annotated[int, Field(ge=1, le=1000)] = 10

    def of_queue(self, queue: str) -> dict[Measure, float]:
        return self.queues.get(queue, self.queue).by_measure


class Printed(Section):
    """What printed reports have of the city's own. Files stand beside config.yaml."""

    #: A picture for the cover: SVG, PNG or JPEG.
    seal: Path | None = None
    #: Of the annual report. By language a Markdown file: paragraphs, headings, lists.
    foreword: dict[Language, Path] = Field(default_factory=dict)
    #: Figures of the Thai report as ๐ to ๙.
    thai_numerals: bool = False


class Reports(Section):
    """When and how the night counts."""

    service_level: ServiceLevel = ServiceLevel()
    #: Callers who hang up within so many seconds are counted apart as well.
    short_abandon_seconds: Annotated[float, Field(ge=0, le=600)] = 5
    #: So many days are counted again each night; older ones when something was added to their
    #: calls.
    window_days: Annotated[int, Field(ge=1, le=60)] = 3
    #: A call has settled its matter when the number does not call on it again for so many days.
    first_call_days: Annotated[int, Field(ge=1, le=60)] = 7
    wallboard: Wallboard = Wallboard()
    printed: Printed = Printed()
    #: Local time at which the night counts the day before.
    night_at: time = time(0, 30)

    def faults(self) -> Iterator[Fault]:
        if self.short_abandon_seconds > self.service_level.threshold_seconds:
            yield Fault(
                "short_abandon_seconds",
                "is longer than service_level.threshold_seconds",
                follows="service_level.threshold_seconds",
            )

    @property
    def rules(self) -> Rules:
        return Rules(
            threshold=timedelta(seconds=self.service_level.threshold_seconds),
            short_abandon=timedelta(seconds=self.short_abandon_seconds),
        )
