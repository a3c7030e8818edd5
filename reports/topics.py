"""What calls were about, and when in the day they came: the same calls as in `reports.metrics`,
spread along one thing at a time. Pure.

Each spread is of its own whole: by hour, of all calls; by outcome, of conversations that were
written up; by category and area, of conversations whose call has a ticket; of first calls, see
FIRST_CALLS.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from reports.metrics import CallFacts, Metric, Rules, Unit, moment

NOTHING: Final = ""


class By(StrEnum):
    """Along what calls are spread; the key's form."""

    HOUR = "hour"  # 00 to 23, local, of the moment that decides the interval
    OUTCOME = "outcome"  # an id of config.yaml
    CATEGORY = "category"  # of the call's ticket, as it is now; "" none yet
    AREA = "area"  # the same; "" nowhere that is known
    FIRST = "first"  # RESOLVED or REPEATED


RESOLVED, REPEATED = "resolved", "repeated"


@dataclass(slots=True)
class Tally:
    """How many, of one key; the names are those of `reports.metrics`."""

    calls: int = 0
    offered: int = 0
    answered: int = 0
    answered_on_line: int = 0
    answered_in_threshold: int = 0
    abandoned: int = 0

    def add(self, other: "Tally") -> None:
        for name in TALLIED:
            setattr(self, name, getattr(self, name) + getattr(other, name))


TALLIED: Final = tuple(field.name for field in fields(Tally))


class Key(NamedTuple):
    by: By
    key: str


class Matter(Protocol):
    """The ticket of a call as it is now."""

    @property
    def category(self) -> str | None: ...
    @property
    def area(self) -> str | None: ...


class Contact(NamedTuple):
    """A call of a number, in time."""

    call_id: int
    number: str
    at: datetime
    #: The tickets that it is about (its own, and the one that it asked about), and its category.
    tickets: frozenset[str]
    category: str | None


def count(
    facts: Iterable[CallFacts], matters: Mapping[int, Matter], rules: Rules, zone: ZoneInfo
) -> dict[Key, Tally]:
    """The tallies of one local day from the facts of its calls, in any order."""
    tallies: dict[Key, Tally] = {}
    for each in facts:
        if each.outgoing:
            continue
        tally = _one(each, rules)
        hour = f"{moment(each).astimezone(zone):%H}"
        tallies.setdefault(Key(By.HOUR, hour), Tally()).add(tally)
        for key in _about(each, matters):
            tallies.setdefault(key, Tally()).add(tally)
    return tallies


def _about(facts: CallFacts, matters: Mapping[int, Matter]) -> Iterable[Key]:
    # who is brought from other systems has no id by which a ticket could be known, and outcomes of
    # another kind
    call_id: int | None = getattr(facts, "call_id", None)
    if facts.connected_at is None or call_id is None:
        return
    if outcome := getattr(facts, "outcome", None):
        yield Key(By.OUTCOME, outcome)
    matter = matters.get(call_id)
    if matter is not None:
        yield Key(By.CATEGORY, matter.category or NOTHING)
        yield Key(By.AREA, matter.area or NOTHING)


def _one(facts: CallFacts, rules: Rules) -> Tally:
    tally = Tally(calls=int(facts.visit == 1))
    if facts.callback:
        tally.answered = int(facts.connected_at is not None)
        return tally
    if facts.queue is None or facts.queued_at is None:
        return tally
    tally.offered = 1
    if facts.connected_at is not None:
        tally.answered = tally.answered_on_line = 1
        tally.answered_in_threshold = int(facts.connected_at - facts.queued_at <= rules.threshold)
    elif facts.abandoned_at is not None:
        tally.abandoned = 1
    return tally


def first_calls(
    of_day: Iterable[Contact], around: Iterable[Contact], within: timedelta
) -> dict[Key, Tally]:
    """How many answered calls of a day settled the matter: `around` has all calls of the same
    numbers from `within` before the day to `within` after it, the day's own included.
    """
    tallies: dict[Key, Tally] = {}
    for _, what in judged(of_day, around, within):
        tallies.setdefault(Key(By.FIRST, what), Tally()).calls += 1
    return tallies


def judged(
    of_day: Iterable[Contact], around: Iterable[Contact], within: timedelta
) -> Iterator[tuple[Contact, str]]:
    """Each first call of a day, and what it was: RESOLVED or REPEATED."""
    by_number: dict[str, list[Contact]] = {}
    for each in around:
        by_number.setdefault(each.number, []).append(each)
    for each in of_day:
        others = [
            other
            for other in by_number.get(each.number, ())
            if other.call_id != each.call_id and _same(each, other)
        ]
        if any(timedelta(0) <= each.at - other.at <= within for other in others):
            continue  # a further call itself
        again = any(timedelta(0) < other.at - each.at <= within for other in others)
        yield each, REPEATED if again else RESOLVED


def _same(one: Contact, other: Contact) -> bool:
    """Whether two calls are about one matter: the same ticket, or one of the same category."""
    if one.tickets & other.tickets:
        return True
    return one.category is not None and one.category == other.category


def first_call_rate(resolved: int, repeated: int) -> float | None:
    """The share of first calls that settled the matter; None of none."""
    return resolved / (resolved + repeated) if resolved + repeated else None


def _metric(id_: str, unit: Unit, th: tuple[str, str], en: tuple[str, str]) -> Metric:
    return Metric(id_, unit, {"th": th[0], "en": en[0]}, {"th": th[1], "en": en[1]})


FIRST_CALLS: tuple[Metric, ...] = (
    _metric(
        "first_calls",
        "calls",
        (
            "การติดต่อครั้งแรก",
            "สายที่รับแล้วจากหมายเลขที่ทราบ ซึ่งก่อนหน้านั้นภายในจำนวนวันที่ตั้งไว้ หมายเลขเดียวกันไม่ได้โทรเรื่องเดียวกัน "
            "(เรื่องเดียวกัน: เลขเรื่องเดียวกัน หรือประเภทเดียวกัน) นับเมื่อพ้นจำนวนวันนั้นแล้ว",
        ),
        (
            "First calls",
            "Answered calls of a known number that had not called on the same matter (the same "
            "ticket, or one of the same category) in the days set before; counted once the same "
            "number of days after them is over.",
        ),
    ),
    _metric(
        "first_calls_resolved",
        "calls",
        ("จบในครั้งแรก", "ในจำนวนนั้น ที่หมายเลขเดียวกันไม่ได้โทรเรื่องเดียวกันอีกภายในจำนวนวันที่ตั้งไว้"),
        (
            "Resolved by the first call",
            "Of those, the ones after which the number did not call on the same matter in the days "
            "set.",
        ),
    ),
)
FIRST_CALL_RATES: tuple[Metric, ...] = (
    _metric(
        "first_call_resolution",
        "share",
        ("แก้ปัญหาได้ในครั้งแรก", "จบในครั้งแรก ÷ การติดต่อครั้งแรก"),
        ("First-call resolution", "Resolved by the first call ÷ first calls."),
    ),
)
