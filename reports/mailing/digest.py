"""What a mail says of a report: a few figures, what they were before, and what stands out. Pure.

Made from the numbers of `reports.figures` alone, and kept as JSON, so that who gets the mail
tomorrow since the mail server was away reads what the others have read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

Value = int | float | None

#: In the order in which they are read; identifiers of docs/metrics.md.
FIGURES: Final = (
    "calls",
    "answered",
    "abandoned",
    "service_level",
    "average_wait",
    "tickets_received",
    "tickets_resolved",
    "tickets_open_overdue",
)
#: Of so few calls no share and no change says anything.
FEW: Final = 20
#: More or fewer calls than before by so much stand out, and so many of the offered who hung up.
CHANGE: Final = 0.3
ABANDONED: Final = 0.1


@dataclass(frozen=True)
class Figure:
    """One number, and what it was before; shares from 0 to 1, milliseconds, None for empty."""

    id: str
    value: Value
    before: Value


@dataclass(frozen=True)
class Remark:
    """Something that stands out: the text `reports.mail.stands_out.<kind>`, the numbers in it by
    the names it has for them, and the figure that it leads to.
    """

    kind: str
    metric: str
    values: Mapping[str, Value]


@dataclass(frozen=True)
class Digest:
    """The figures of a report, and what stands out."""

    figures: tuple[Figure, ...]
    remarks: tuple[Remark, ...]

    def as_data(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Digest":
        """The contrary of `as_data`."""
        return cls(
            tuple(Figure(**each) for each in data["figures"]),
            tuple(Remark(**each) for each in data["remarks"]),
        )

    def value(self, id_: str) -> Value:
        """The number of a figure."""
        return next(each.value for each in self.figures if each.id == id_)


@dataclass(frozen=True)
class Numbers:
    """All numbers of a period by identifier; `known` False: nobody counted it, they are none."""

    metrics: Mapping[str, Value]
    known: bool = True
    #: Of a day: calls by its hour, local.
    hours: Mapping[int, int] | None = None

    def get(self, id_: str) -> Value:
        """A number; None of what nobody counted."""
        return self.metrics.get(id_) if self.known else None


def digest(now: Numbers, before: Numbers, *, target: float) -> Digest:
    """What a mail says; `target`: the service level that is aimed at, 0 to 1."""
    figures = tuple(Figure(each, now.get(each), before.get(each)) for each in FIGURES)
    return Digest(figures, tuple(stands_out(now, before, target=target)))


def stands_out(now: Numbers, before: Numbers, *, target: float) -> Iterator[Remark]:
    """What a manager would want to be told first, the gravest first; often nothing."""
    yield from _level(now, target)
    yield from _abandoned(now)
    yield from _overdue(now, before)
    yield from _busier(now, before)
    yield from _busiest(now)


def _level(now: Numbers, target: float) -> Iterator[Remark]:
    level = now.get("service_level")
    if level is not None and level < target:
        yield Remark("low_level", "service_level", {"level": level, "target": target})


def _abandoned(now: Numbers) -> Iterator[Remark]:
    offered, abandoned = now.get("offered") or 0, now.get("abandoned") or 0
    if offered >= FEW and abandoned >= ABANDONED * offered:
        values = {"abandoned": abandoned, "share": abandoned / offered}
        yield Remark("many_abandoned", "abandoned", values)


def _overdue(now: Numbers, before: Numbers) -> Iterator[Remark]:
    number, was = now.get("tickets_open_overdue"), before.get("tickets_open_overdue")
    if number is not None and was is not None and number > was:
        yield Remark(
            "more_overdue", "tickets_open_overdue", {"number": number, "more": number - was}
        )


def _busier(now: Numbers, before: Numbers) -> Iterator[Remark]:
    calls, was = now.get("calls"), before.get("calls")
    if calls is None or was is None or max(calls, was) < FEW or was == 0:
        return
    change = (calls - was) / was
    if abs(change) >= CHANGE:
        kind = "more_calls" if change > 0 else "fewer_calls"
        yield Remark(kind, "calls", {"share": abs(change)})


def _busiest(now: Numbers) -> Iterator[Remark]:
    hours = now.hours if now.known else None
    if not hours or sum(hours.values()) < FEW:
        return
    # of two that are alike the earlier one
    hour = max(sorted(hours), key=lambda each: hours[each])
    yield Remark("busiest", "calls", {"hour": hour, "calls": hours[hour]})
