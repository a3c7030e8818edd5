"""The section `reports:` of config.yaml."""

from collections.abc import Iterator
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from hotline.config import Identifier, Language, Section
from hotline.errors import Fault
from reports.limits import Measure, contrary, warnings
from reports.mailing.config import Mailing
from reports.metrics import DEFAULT_SERVICE_LEVEL, Rules
from reports.open_data.config import OpenData

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


class QueueValues(Section):
    """A value for each measure of one queue (`reports.limits`); None: none."""

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
        names = set(Measure)
        return {Measure(name): value for name, value in self if name in names and value is not None}


class FloorValues(QueueValues):
    """The same for the whole floor."""

    tickets_overdue: Count | None = None


class QueueLimits(QueueValues):
    """The last values that are still well for one queue; None: no alarm."""

    #: From which on it is said that a limit is near, in place of `Wallboard.warn_at`.
    warn: QueueValues = QueueValues()

    def faults(self) -> Iterator[Fault]:
        yield from _too_late(self.by_measure, self.warn.by_measure)


class Limits(FloorValues):
    """The same for the whole floor."""

    warn: FloorValues = FloorValues()

    def faults(self) -> Iterator[Fault]:
        yield from _too_late(self.by_measure, self.warn.by_measure)


def _too_late(limits: dict[Measure, float], warn: dict[Measure, float]) -> Iterator[Fault]:
    for measure in contrary(limits, warn):
        yield Fault(f"warn.{measure}", "comes after the alarm")


class Wallboard(Section):
    """What the wallboard raises an alarm for."""

    floor: Limits = Limits()
    #: Of every queue that has none of its own below.
    queue: QueueLimits = QueueLimits()
    queues: dict[Identifier, QueueLimits] = Field(default_factory=dict)
    #: The service level of so few calls says nothing yet.
    service_level_after: Annotated[int, Field(ge=1, le=1000)] = 10
    #: The share of a limit from which on it is said that it is near; None: only where `warn` says.
    warn_at: Annotated[float, Field(ge=0.1, lt=1)] | None = None

    def parts(self) -> Iterator[tuple[str, "QueueLimits | Limits"]]:
        """All limits, each with its path."""
        yield "floor", self.floor
        yield "queue", self.queue
        for name, limits in self.queues.items():
            yield f"queues.{name}", limits

    def of_queue(self, queue: str) -> dict[Measure, float]:
        return self.queues.get(queue, self.queue).by_measure

    def warns_of_queue(self, queue: str) -> dict[Measure, float]:
        """From which values of a queue on it is said that a limit is near."""
        return self._warns(self.queues.get(queue, self.queue))

    def warns_of_floor(self) -> dict[Measure, float]:
        """The same for the whole floor."""
        return self._warns(self.floor)

    def _warns(self, limits: QueueLimits | Limits) -> dict[Measure, float]:
        return warnings(limits.by_measure, limits.warn.by_measure, self.warn_at)


class Printed(Section):
    """What printed reports have of the city's own. Files stand beside config.yaml."""

    #: A picture for the cover: SVG, PNG or JPEG.
    seal: Path | None = None
    #: Of the annual report. By language a Markdown file: paragraphs, headings, lists.
    foreword: dict[Language, Path] = Field(default_factory=dict)


def _in(part: str, fault: Fault) -> str:
    return f"{part}.{fault.follows}" if fault.follows else ""


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
    mailing: Mailing = Mailing()
    open_data: OpenData = OpenData()
    #: Of what readers of Thai are given, on pages and on paper: 0 to 9, or ๐ to ๙.
    numerals: Literal["arabic", "thai"] = "arabic"
    #: Local time at which the night counts the day before.
    night_at: time = time(0, 30)

    def faults(self) -> Iterator[Fault]:
        if self.short_abandon_seconds > self.service_level.threshold_seconds:
            yield Fault(
                "short_abandon_seconds",
                "is longer than service_level.threshold_seconds",
                follows="service_level.threshold_seconds",
            )
        for fault in self.mailing.faults():
            yield Fault(f"mailing.{fault.path}", fault.message, follows=_in("mailing", fault))
        for path, limits in self.wallboard.parts():
            for fault in limits.faults():
                yield Fault(f"wallboard.{path}.{fault.path}", fault.message)

    @property
    def rules(self) -> Rules:
        return Rules(
            threshold=timedelta(seconds=self.service_level.threshold_seconds),
            short_abandon=timedelta(seconds=self.short_abandon_seconds),
        )
