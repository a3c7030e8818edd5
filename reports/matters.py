"""What every number about tickets means. Pure: histories of tickets in, counters of days out.

A *flow* is what happened on a local day, and adds up. A *stock* is how it stood when the day was
over (now, of today) and does not: of a span it is that of its last day. All of it is counted under
the category, division and area that the ticket has now, so that who puts a category right puts the
past right; where a ticket was when something failed is told by `tickets.accountability`.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple, Protocol

from reports.metrics import Metric, Unit, percentile

#: Stands for no category, no area.
NOTHING: Final = ""
_HOUR: Final = timedelta(hours=1)
_MILLISECOND: Final = timedelta(milliseconds=1)
#: The upper ends of the buckets of the time to resolve, in hours, each within its bucket.
RESOLVE_BOUNDS: Final = (
    1, 4, 8, 24, 48, 72, 120, 168, 240, 336, 504, 720, 1080, 1440, 2160, 4320, 8760,
)  # fmt: skip
#: The same of the age of what is open, in days.
AGE_BOUNDS: Final = (1, 3, 7, 14, 30, 60, 90, 180)
#: A median of so few says nothing: it is left empty.
LEAST: Final = 5


class Change(Protocol):
    """A ticket was closed or opened again: `how` is the result, or `reopened`, `unmerged`."""

    @property
    def at(self) -> datetime: ...
    @property
    def is_open(self) -> bool: ...
    @property
    def how(self) -> str | None: ...


class History(Protocol):
    """What the events that stand say of one ticket. Moments are aware; sequences in order."""

    @property
    def number(self) -> str: ...
    @property
    def category(self) -> str | None: ...
    @property
    def division(self) -> str: ...
    @property
    def area(self) -> str | None: ...
    @property
    def received_at(self) -> datetime: ...
    @property
    def closed_at_once(self) -> bool: ...  # answered in the call that brought it
    @property
    def changes(self) -> Sequence[Change]: ...
    @property
    def dues(self) -> Sequence[tuple[datetime, datetime | None]]: ...  # from when, due when
    @property
    def overdue(self) -> Sequence[datetime]: ...  # deadlines that passed
    @property
    def judged(self) -> Sequence[tuple[datetime, int, str]]: ...  # when, the mark, whose
    @property
    def suggested(self) -> tuple[datetime, str] | None: ...  # the first suggestion


class Of(NamedTuple):
    """Where a ticket is counted: local day, category, division, area."""

    day: date
    category: str
    division: str
    area: str


@dataclass(slots=True)
class TicketCounters:
    """The counters of one cell, or of any sum of cells. See TICKET_COUNTERS."""

    tickets_received: int = 0
    tickets_answered_at_once: int = 0
    tickets_closed: int = 0
    tickets_resolved: int = 0
    tickets_cancelled: int = 0
    tickets_merged: int = 0
    tickets_closed_due: int = 0
    tickets_closed_on_time: int = 0
    tickets_reopened: int = 0
    deadlines_passed: int = 0
    resolve_ms: int = 0
    tickets_judged: int = 0
    judgement_sum: int = 0
    results_judged: int = 0
    categories_suggested: int = 0
    categories_suggested_right: int = 0
    resolved_to_1h: int = 0
    resolved_to_4h: int = 0
    resolved_to_8h: int = 0
    resolved_to_24h: int = 0
    resolved_to_48h: int = 0
    resolved_to_72h: int = 0
    resolved_to_120h: int = 0
    resolved_to_168h: int = 0
    resolved_to_240h: int = 0
    resolved_to_336h: int = 0
    resolved_to_504h: int = 0
    resolved_to_720h: int = 0
    resolved_to_1080h: int = 0
    resolved_to_1440h: int = 0
    resolved_to_2160h: int = 0
    resolved_to_4320h: int = 0
    resolved_to_8760h: int = 0
    resolved_later: int = 0
    tickets_open: int = 0
    tickets_open_overdue: int = 0
    open_to_1d: int = 0
    open_to_3d: int = 0
    open_to_7d: int = 0
    open_to_14d: int = 0
    open_to_30d: int = 0
    open_to_60d: int = 0
    open_to_90d: int = 0
    open_to_180d: int = 0
    open_longer: int = 0

    def add(self, other: "TicketCounters", *, stocks: bool = True) -> None:
        """Take another cell in; cells of different days only without their stocks."""
        for name in TICKET_COUNTER_NAMES if stocks else FLOWS:
            if number := getattr(other, name):
                setattr(self, name, getattr(self, name) + number)

    def as_dict(self) -> dict[str, int]:
        """Every counter by its name."""
        return {name: getattr(self, name) for name in TICKET_COUNTER_NAMES}


TICKET_COUNTER_NAMES: Final = tuple(field.name for field in fields(TicketCounters))
RESOLVE_BUCKETS: Final = (*(f"resolved_to_{bound}h" for bound in RESOLVE_BOUNDS), "resolved_later")
AGE_BUCKETS: Final = (*(f"open_to_{bound}d" for bound in AGE_BOUNDS), "open_longer")
STOCKS: Final = ("tickets_open", "tickets_open_overdue", *AGE_BUCKETS)
FLOWS: Final = tuple(name for name in TICKET_COUNTER_NAMES if name not in STOCKS)
_RESOLVE_BOUNDS_MS: Final = [_HOUR * bound / _MILLISECOND for bound in RESOLVE_BOUNDS]
_AGE_BOUNDS: Final = [timedelta(days=bound) for bound in AGE_BOUNDS]


@dataclass(frozen=True)
class Days:
    """Some local days in a row: `starts` has the beginning (UTC) of each and the end of the last;
    what is after `now` has not happened.
    """

    first: date
    starts: Sequence[datetime]
    now: datetime

    def day_of(self, at: datetime) -> date | None:
        """The day of a moment (intervals are half-open); None outside of them."""
        if not self.starts[0] <= at < self.starts[-1]:
            return None
        return self.first + timedelta(days=self._place(at))

    def _place(self, at: datetime) -> int:
        place = bisect_left(self.starts, at)
        return place if place < len(self.starts) and self.starts[place] == at else place - 1

    def ends(self) -> Iterator[tuple[date, datetime]]:
        """Each day that has begun, and the moment at which its stocks are taken."""
        for number, end in enumerate(self.starts[1:]):
            if self.starts[number] < self.now:
                yield self.first + timedelta(days=number), min(end, self.now)


def count(histories: Iterable[History], days: Days) -> dict[Of, TicketCounters]:
    """All cells of some days from the histories of their tickets, in any order."""
    cells: dict[Of, TicketCounters] = {}
    for each in histories:
        for day, name, by in [*flows(each, days), *stocks(each, days)]:
            of = Of(day, each.category or NOTHING, each.division, each.area or NOTHING)
            counters = cells.setdefault(of, TicketCounters())
            setattr(counters, name, getattr(counters, name) + by)
    return cells


def flows(history: History, days: Days) -> Iterator[tuple[date, str, int]]:
    """What a ticket adds to the flows: day, counter, by how much."""
    for at, name, by in _happened(history):
        day = days.day_of(at)
        if day is not None and at <= days.now:
            yield day, name, by


def _happened(history: History) -> Iterator[tuple[datetime, str, int]]:
    yield history.received_at, "tickets_received", 1
    if history.closed_at_once:
        yield history.received_at, "tickets_answered_at_once", 1
    for change in history.changes:
        yield from _opened(change) if change.is_open else _closed(history, change)
    for at in history.overdue:
        yield at, "deadlines_passed", 1
    for marks in _last_judgements(history):
        for at, mark in marks:
            yield at, "tickets_judged", 1
            yield at, "judgement_sum", mark
        yield min(marks)[0], "results_judged", 1
    if history.suggested is not None and history.category is not None:
        at, suggested = history.suggested
        yield at, "categories_suggested", 1
        yield at, "categories_suggested_right", int(suggested == history.category)


def _opened(change: Change) -> Iterator[tuple[datetime, str, int]]:
    if change.how == "reopened":
        yield change.at, "tickets_reopened", 1


def _closed(history: History, change: Change) -> Iterator[tuple[datetime, str, int]]:
    if change.how == "merged":
        yield change.at, "tickets_merged", 1
        return
    yield change.at, "tickets_closed", 1
    due = due_at(history, change.at)
    if due is not None:
        yield change.at, "tickets_closed_due", 1
        yield change.at, "tickets_closed_on_time", int(change.at <= due)
    if change.how == "withdrawn":
        yield change.at, "tickets_cancelled", 1
        return
    took = change.at - history.received_at
    yield change.at, "tickets_resolved", 1
    yield change.at, "resolve_ms", took // _MILLISECOND
    yield change.at, RESOLVE_BUCKETS[bisect_left(_RESOLVE_BOUNDS_MS, took / _MILLISECOND)], 1


def _last_judgements(history: History) -> Iterator[list[tuple[datetime, int]]]:
    """The last marks of each closing: who changes their mind has one, and so has each who came with
    the matter.
    """
    closings = [change.at for change in history.changes if not change.is_open]
    last: dict[int, dict[str, tuple[datetime, int]]] = {}
    for at, mark, who in history.judged:
        last.setdefault(bisect_left(closings, at), {})[who] = (at, mark)
    for by_whom in last.values():
        yield list(by_whom.values())


def due_at(history: History, at: datetime) -> datetime | None:
    """The deadline as it stood at a moment."""
    found = [due for since, due in history.dues if since <= at]
    return found[-1] if found else None


def stocks(history: History, days: Days) -> Iterator[tuple[date, str, int]]:
    """What a ticket adds to the stocks of the days' ends."""
    if history.closed_at_once and not history.changes:
        return
    for day, end in days.ends():
        if not is_open(history, end):
            continue
        yield day, "tickets_open", 1
        due = due_at(history, end)
        yield day, "tickets_open_overdue", int(due is not None and due < end)
        yield day, AGE_BUCKETS[bisect_left(_AGE_BOUNDS, end - history.received_at)], 1


def is_open(history: History, end: datetime) -> bool:
    """Whether the ticket was there and open when a day was over: what happens at the very end of a
    day belongs to the next.
    """
    if history.received_at >= end:
        return False
    found = not history.closed_at_once
    for change in history.changes:
        if change.at < end:
            found = change.is_open
    return found


# ---------------------------------------------------------------- sums and rates


def total(
    cells: Mapping[Of, TicketCounters] | Iterable[tuple[Of, TicketCounters]], last: date
) -> TicketCounters:
    """The sum of cells whose newest day may be `last`: flows of all, stocks of that day."""
    result = TicketCounters()
    for of, counters in cells.items() if isinstance(cells, Mapping) else cells:
        result.add(counters, stocks=of.day == last)
    return result


def without_stocks(counters: TicketCounters) -> TicketCounters:
    """The flows of a cell alone."""
    flows_only = TicketCounters()
    flows_only.add(counters, stocks=False)
    return flows_only


@dataclass(frozen=True)
class TicketRates:
    """The rates of a sum: shares from 0 to 1, durations in milliseconds; None: nothing to divide
    by.
    """

    on_time: float | None
    average_resolve: float | None
    median_resolve: float | None
    reopened_rate: float | None
    average_judgement: float | None
    judgement_response: float | None
    suggestion_accuracy: float | None


def ticket_rates(counters: TicketCounters) -> TicketRates:
    """Work the rates out."""
    owed = counters.tickets_closed_due + counters.tickets_open_overdue
    return TicketRates(
        on_time=_share(counters.tickets_closed_on_time, owed),
        average_resolve=_share(counters.resolve_ms, counters.tickets_resolved),
        median_resolve=median_resolve(counters),
        reopened_rate=_share(counters.tickets_reopened, counters.tickets_closed),
        average_judgement=_share(counters.judgement_sum, counters.tickets_judged),
        judgement_response=_share(counters.results_judged, counters.tickets_resolved),
        suggestion_accuracy=_share(
            counters.categories_suggested_right, counters.categories_suggested
        ),
    )


def median_resolve(counters: TicketCounters, least: int = LEAST) -> float | None:
    """The median time to resolve in milliseconds; None of fewer than `least`. At most a bucket's
    width from the exact one; what took longer than a year is taken for two.
    """
    if counters.tickets_resolved < least:
        return None
    counts = [getattr(counters, name) for name in RESOLVE_BUCKETS]
    return percentile(_RESOLVE_BOUNDS_MS, counts, 0.5, 2 * _RESOLVE_BOUNDS_MS[-1])


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


# ---------------------------------------------------------------- in words


def _metric(id_: str, unit: Unit, th: tuple[str, str], en: tuple[str, str]) -> Metric:
    return Metric(id_, unit, {"th": th[0], "en": en[0]}, {"th": th[1], "en": en[1]})


def _buckets() -> Iterator[Metric]:
    bounds = zip(RESOLVE_BUCKETS, (0, *RESOLVE_BOUNDS), RESOLVE_BOUNDS, strict=False)
    for name, low, high in bounds:
        yield _metric(
            name,
            "tickets",
            (
                f"แก้ไขใน {low}–{high} ชม.",
                f"เรื่องที่แก้ไขแล้วเสร็จเกิน {low} แต่ไม่เกิน {high} ชั่วโมงหลังรับเรื่อง",
            ),
            (
                f"Resolved in {low} to {high} h",
                f"Resolved more than {low} and no more than {high} hours after receipt.",
            ),
        )
    yield _metric(
        "resolved_later",
        "tickets",
        ("แก้ไขช้ากว่านั้น", f"เรื่องที่แก้ไขแล้วเสร็จเกิน {RESOLVE_BOUNDS[-1]} ชั่วโมงหลังรับเรื่อง"),
        ("Resolved later", f"Resolved more than {RESOLVE_BOUNDS[-1]} hours after receipt."),
    )


def _ages() -> Iterator[Metric]:
    for name, low, high in zip(AGE_BUCKETS, (0, *AGE_BOUNDS), AGE_BOUNDS, strict=False):
        yield _metric(
            name,
            "tickets",
            (f"ค้าง {low}–{high} วัน", f"เรื่องที่ยังไม่ปิดเมื่อสิ้นวัน รับมาแล้วเกิน {low} แต่ไม่เกิน {high} วัน"),
            (
                f"Open {low} to {high} days",
                f"Open at the end of the day, received more than {low} and no more than {high} "
                "days before.",
            ),
        )
    yield _metric(
        "open_longer",
        "tickets",
        ("ค้างนานกว่านั้น", f"เรื่องที่ยังไม่ปิดเมื่อสิ้นวัน รับมาแล้วเกิน {AGE_BOUNDS[-1]} วัน"),
        (
            "Open longer",
            f"Open at the end of the day, received more than {AGE_BOUNDS[-1]} days before.",
        ),
    )


TICKET_COUNTERS: tuple[Metric, ...] = (
    _metric(
        "tickets_received",
        "tickets",
        ("รับเรื่อง", "เรื่องที่รับในวันนั้น รวมเรื่องที่ตอบได้ทันที"),
        ("Tickets received", "Tickets that came in on the day, those answered at once included."),
    ),
    _metric(
        "tickets_answered_at_once",
        "tickets",
        ("ตอบได้ทันที", "เรื่องที่ตอบหรือจบได้ในสายที่รับเรื่อง ไม่นับในเรื่องที่แก้ไขแล้ว"),
        (
            "Answered at once",
            "Received tickets that were closed as they were made; no figure of closings has them.",
        ),
    ),
    _metric(
        "tickets_closed",
        "tickets",
        ("ปิดเรื่อง", "การปิดเรื่อง ไม่รวมเรื่องที่รวมเข้ากับเรื่องอื่น เรื่องที่เปิดใหม่แล้วปิดอีกนับสองครั้ง"),
        (
            "Tickets closed",
            "Closings, not those by merging; a ticket that was opened and closed again has two.",
        ),
    ),
    _metric(
        "tickets_resolved",
        "tickets",
        ("แก้ไขแล้ว", "การปิดเรื่องที่มีผล ไม่รวมที่ยกเลิก"),
        ("Tickets resolved", "Closings with a result; not those that were withdrawn."),
    ),
    _metric(
        "tickets_cancelled",
        "tickets",
        ("ยกเลิก", "การปิดเรื่องเพราะผู้แจ้งขอยกเลิก"),
        ("Tickets withdrawn", "Closings because the matter was withdrawn."),
    ),
    _metric(
        "tickets_merged",
        "tickets",
        ("รวมกับเรื่องอื่น", "เรื่องที่รวมเข้ากับเรื่องเดียวกันที่มีอยู่แล้ว"),
        ("Tickets merged", "Tickets that were found to be the same matter as another."),
    ),
    _metric(
        "tickets_closed_due",
        "tickets",
        ("ปิดเรื่องที่มีกำหนด", "การปิดเรื่องที่มีกำหนดเสร็จในขณะนั้น"),
        ("Closed with a deadline", "Closings of tickets that had a deadline at that moment."),
    ),
    _metric(
        "tickets_closed_on_time",
        "tickets",
        ("ปิดทันกำหนด", "การปิดเรื่องไม่ช้ากว่ากำหนดเสร็จ (ตรงกำหนดพอดีถือว่าทัน)"),
        (
            "Closed on time",
            "Of those, the closings not after the deadline; exactly at it is on time.",
        ),
    ),
    _metric(
        "tickets_reopened",
        "tickets",
        ("เปิดใหม่", "เรื่องที่ปิดแล้วและเปิดใหม่ในวันนั้น"),
        ("Tickets reopened", "Closed tickets that were opened again on the day."),
    ),
    _metric(
        "deadlines_passed",
        "tickets",
        ("เลยกำหนด", "กำหนดเสร็จที่ผ่านไปในวันนั้นโดยที่เรื่องยังไม่ปิด"),
        ("Deadlines passed", "Deadlines that passed on the day with the ticket open."),
    ),
    _metric(
        "resolve_ms",
        "milliseconds",
        ("เวลาแก้ไขรวม", "ผลรวมเวลาตั้งแต่รับเรื่องจนปิด ของเรื่องที่แก้ไขแล้ว"),
        (
            "Time to resolve",
            "Sum, over tickets resolved, of the time from receipt to that closing.",
        ),
    ),
    _metric(
        "tickets_judged",
        "marks",
        ("ผู้แจ้งให้คะแนน", "คะแนนล่าสุดที่ผู้แจ้งแต่ละรายให้ผลการแก้ไขแต่ละครั้ง นับในวันที่ให้คะแนน"),
        (
            "Results judged",
            "Citizens' marks for a result: of each who came with the matter the last of each "
            "closing, on the day of the mark.",
        ),
    ),
    _metric(
        "judgement_sum",
        "marks",
        ("คะแนนผลการแก้ไขรวม", "ผลรวมคะแนน 1–5 ที่ผู้แจ้งให้"),
        ("Sum of judgements", "Sum of those marks, 1 to 5."),
    ),
    _metric(
        "results_judged",
        "tickets",
        ("ผลที่มีผู้ให้คะแนน", "ผลการแก้ไขที่มีผู้แจ้งให้คะแนนอย่างน้อยหนึ่งราย นับในวันของคะแนนแรก"),
        (
            "Results with a mark",
            "Results that at least one citizen has given a mark, on the day of the first of those "
            "marks.",
        ),
    ),
    _metric(
        "categories_suggested",
        "suggestions",
        ("แนะนำประเภท", "เรื่องที่ระบบแนะนำประเภทให้เมื่อเลือกครั้งแรก และมีประเภทแล้วในปัจจุบัน"),
        (
            "Categories suggested",
            "Tickets with something suggested at the first choice of a category, and with one now.",
        ),
    ),
    _metric(
        "categories_suggested_right",
        "suggestions",
        ("แนะนำถูก", "ในจำนวนนั้น ที่ประเภทแรกที่แนะนำตรงกับประเภทในปัจจุบัน"),
        (
            "Suggested rightly",
            "Of those, where the first suggestion is the category that the ticket has now.",
        ),
    ),
    *_buckets(),
    _metric(
        "tickets_open",
        "tickets",
        ("ค้างอยู่", "เรื่องที่ยังไม่ปิดเมื่อสิ้นวัน (ของช่วงเวลา: สิ้นวันสุดท้าย)"),
        ("Tickets open", "Tickets that were open when the day was over; of a span, its last day."),
    ),
    _metric(
        "tickets_open_overdue",
        "tickets",
        ("ค้างเกินกำหนด", "เรื่องที่ยังไม่ปิดเมื่อสิ้นวันและเลยกำหนดเสร็จแล้ว"),
        ("Open and overdue", "Of those, the ones whose deadline had passed."),
    ),
    *_ages(),
)

TICKET_RATES: tuple[Metric, ...] = (
    _metric(
        "on_time",
        "share",
        ("ทันกำหนด", "ปิดทันกำหนด ÷ (ปิดเรื่องที่มีกำหนด + ค้างเกินกำหนด) เรื่องค้างจึงไม่ทำให้ตัวเลขดูดี"),
        (
            "On time",
            "Closed on time ÷ (closed with a deadline + open and overdue): a backlog does not look "
            "like success.",
        ),
    ),
    _metric(
        "average_resolve",
        "milliseconds",
        ("เวลาแก้ไขเฉลี่ย", "เวลาแก้ไขรวม ÷ แก้ไขแล้ว"),
        ("Average time to resolve", "Time to resolve ÷ tickets resolved."),
    ),
    _metric(
        "median_resolve",
        "milliseconds",
        (
            "มัธยฐานเวลาแก้ไข",
            "เวลาที่ครึ่งหนึ่งของเรื่องที่แก้ไขแล้วไม่เกิน คำนวณจากช่วงเวลาที่เก็บไว้ "
            f"คลาดเคลื่อนไม่เกินความกว้างของช่วง ว่างเมื่อมีน้อยกว่า {LEAST} เรื่อง",
        ),
        (
            "Median time to resolve",
            "The time that half of the tickets resolved did not exceed, from the stored buckets: "
            f"at most the width of its bucket from the exact one; empty of fewer than {LEAST}.",
        ),
    ),
    _metric(
        "reopened_rate",
        "share",
        ("อัตราเปิดใหม่", "เปิดใหม่ ÷ ปิดเรื่อง"),
        ("Reopened, share", "Tickets reopened ÷ tickets closed."),
    ),
    _metric(
        "average_judgement",
        "mark",
        ("คะแนนผลการแก้ไขเฉลี่ย", "คะแนนผลการแก้ไขรวม ÷ ผู้แจ้งให้คะแนน แสดงคู่กับอัตราการตอบเสมอ"),
        (
            "Average judgement",
            "Sum of judgements ÷ results judged; always shown with the response.",
        ),
    ),
    _metric(
        "judgement_response",
        "share",
        ("อัตราผู้แจ้งให้คะแนน", "ผลที่มีผู้ให้คะแนน ÷ แก้ไขแล้ว"),
        ("Response of citizens", "Results with a mark ÷ tickets resolved."),
    ),
    _metric(
        "suggestion_accuracy",
        "share",
        ("แนะนำประเภทถูก", "แนะนำถูก ÷ แนะนำประเภท"),
        ("Accuracy of suggestions", "Suggested rightly ÷ categories suggested."),
    ),
)
