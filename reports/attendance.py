"""What every number about the agents' time means. Pure: presence in, counters of days out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Final

from agents.roster.adherence import Kept, Seen
from agents.states import State, Status
from reports.metrics import Metric, Unit

_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(slots=True)
class PresenceCounters:
    """The counters of an agent's day, or of any sum of such. Each is defined in
    PRESENCE_COUNTERS; whole milliseconds.
    """

    present_ms: int = 0
    available_ms: int = 0
    unreachable_ms: int = 0
    on_call_ms: int = 0
    wrapping_up_ms: int = 0
    monitoring_ms: int = 0
    break_ms: int = 0
    missed_ms: int = 0
    shifts: int = 0
    shifts_late: int = 0
    shifts_left_early: int = 0
    shifts_absent: int = 0
    planned_ms: int = 0
    kept_ms: int = 0
    unplanned_ms: int = 0

    def add(self, other: "PresenceCounters") -> None:
        """Take another cell in."""
        for name in PRESENCE_COUNTER_NAMES:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def as_dict(self) -> dict[str, int]:
        """Every counter by its name."""
        return {name: getattr(self, name) for name in PRESENCE_COUNTER_NAMES}

    @property
    def is_empty(self) -> bool:
        """Nobody was there, and nobody was to be."""
        return not any(getattr(self, name) for name in PRESENCE_COUNTER_NAMES)


PRESENCE_COUNTER_NAMES: Final = tuple(field.name for field in fields(PresenceCounters))
#: Those that `count_shifts` counts.
OF_SHIFTS: Final = (
    *("shifts", "shifts_late", "shifts_left_early", "shifts_absent"),
    *("planned_ms", "kept_ms", "unplanned_ms"),
)
_BY_STATE: Final = {
    State.ON_CALL: "on_call_ms",
    State.WRAP_UP: "wrapping_up_ms",
    State.MONITORING: "monitoring_ms",
}
_BY_STATUS: Final = {
    Status.READY: "available_ms",
    Status.BREAK: "break_ms",
    Status.MISSED: "missed_ms",
    # an offer rings at somebody who has just gone
    Status.SIGNED_OUT: "available_ms",
}


def count_presence(
    counters: PresenceCounters, seen: Sequence[Seen], start: datetime, end: datetime
) -> None:
    """Count the changes of one agent's presence (the last before `start` first) between `start`
    and `end`: what goes on at either is cut there.
    """
    ends = [*(each.at for each in seen[1:]), end]
    for each, until in zip(seen, ends, strict=False):
        took = (min(until, end) - max(each.at, start)) // _MILLISECOND
        name = kind_of(each)
        if took > 0 and name is not None:
            counters.present_ms += took
            setattr(counters, name, getattr(counters, name) + took)


def kind_of(seen: Seen) -> str | None:
    """The counter that a stretch of presence adds to, beside `present_ms`; None of who is away."""
    if seen.state in _BY_STATE:
        return _BY_STATE[seen.state]
    if seen.status is Status.SIGNED_OUT and seen.state is State.IDLE:
        return None
    return "unreachable_ms" if seen.unreachable else _BY_STATUS[seen.status]


def count_shifts(counters: PresenceCounters, kept: Iterable[Kept], unplanned: timedelta) -> None:
    """Count how the shifts of one agent were kept that began on the day."""
    for each in kept:
        if not each.planned:
            continue
        counters.shifts += 1
        counters.shifts_absent += each.absent
        counters.shifts_late += bool(each.late)
        counters.shifts_left_early += bool(each.early)
        counters.planned_ms += each.planned // _MILLISECOND
        counters.kept_ms += each.present // _MILLISECOND
    counters.unplanned_ms += unplanned // _MILLISECOND


def total(cells: Iterable[PresenceCounters]) -> PresenceCounters:
    """The sum of cells."""
    result = PresenceCounters()
    for each in cells:
        result.add(each)
    return result


@dataclass(frozen=True)
class PresenceRates:
    """Shares from 0 to 1; None: nothing to divide by."""

    occupancy: float | None
    adherence: float | None


def presence_rates(counters: PresenceCounters) -> PresenceRates:
    """Work the rates out."""
    busy = counters.on_call_ms + counters.wrapping_up_ms
    whole = busy + counters.available_ms
    return PresenceRates(
        occupancy=busy / whole if whole else None,
        adherence=counters.kept_ms / counters.planned_ms if counters.planned_ms else None,
    )


def _metric(id_: str, unit: Unit, th: tuple[str, str], en: tuple[str, str]) -> Metric:
    return Metric(id_, unit, {"th": th[0], "en": en[0]}, {"th": th[1], "en": en[1]})


_MS: Final = "milliseconds"
PRESENCE_COUNTERS: tuple[Metric, ...] = (
    _metric(
        "present_ms",
        _MS,
        ("เวลาอยู่ในระบบ", "ผลรวมเวลาที่เจ้าหน้าที่เข้าระบบอยู่ ตัดที่เที่ยงคืน"),
        ("Time signed in", "Sum of the time that agents were signed in, cut at midnight."),
    ),
    _metric(
        "available_ms",
        _MS,
        ("เวลาพร้อมรับสาย", "พร้อมรับและไม่มีสาย รวมช่วงที่สายกำลังดัง ไม่รวมเวลาติดต่อไม่ได้"),
        (
            "Time available",
            "Ready and without a call, the ringing of an offer included; not the time unreachable.",
        ),
    ),
    _metric(
        "unreachable_ms",
        _MS,
        (
            "เวลาติดต่อไม่ได้",
            "พร้อมรับและไม่มีสาย แต่โทรศัพท์ในหน้ารับสายใช้ไม่ได้ (ไม่มีไมโครโฟน "
            "หรือติดต่อระบบโทรศัพท์ไม่ได้) จึงไม่มีสายส่งมา",
        ),
        (
            "Time unreachable",
            "Ready and without a call, while the telephone in the page could not be answered (no "
            "microphone, telephone system not reached), so that nothing was offered.",
        ),
    ),
    _metric(
        "on_call_ms",
        _MS,
        ("เวลาในสาย", "ตั้งแต่กดรับจนจบการสนทนา รวมพักสายและสายโทรออก"),
        ("Time on calls", "From taking a call to its end, holding and calls out included."),
    ),
    _metric(
        "wrapping_up_ms",
        _MS,
        ("เวลาปิดงาน", "ตั้งแต่จบการสนทนาจนบันทึกผล"),
        ("Time wrapping up", "From the end of a conversation to its outcome."),
    ),
    _metric(
        "monitoring_ms",
        _MS,
        ("เวลาฟังสายผู้อื่น", "หัวหน้าฟังหรือช่วยในสายของผู้อื่น"),
        (
            "Time in others' calls",
            "Supervisors listening to, or helping in, others' conversations.",
        ),
    ),
    _metric(
        "break_ms",
        _MS,
        ("เวลาพัก", "เข้าระบบอยู่แต่พัก"),
        ("Time on breaks", "Signed in and on a break."),
    ),
    _metric(
        "missed_ms",
        _MS,
        ("เวลาหลังไม่รับสาย", "เวลาที่สถานะเป็น “ไม่ได้รับสาย” จนกลับมาพร้อม"),
        ("Time after a missed offer", "From letting an offer ring out to choosing again."),
    ),
    _metric(
        "shifts",
        "shifts",
        ("กะ", "กะตามตารางที่เริ่มในวันนั้น"),
        ("Shifts", "Shifts of the roster that began on the day."),
    ),
    _metric(
        "shifts_late",
        "shifts",
        ("มาสาย", "กะที่เข้าระบบช้ากว่าเวลาผ่อนผัน"),
        ("Late", "Shifts whose agent came later than the grace."),
    ),
    _metric(
        "shifts_left_early",
        "shifts",
        ("กลับก่อน", "กะที่ออกจากระบบก่อนเลิกกะเกินเวลาผ่อนผัน"),
        ("Left early", "Shifts whose agent left earlier than the grace before the end."),
    ),
    _metric(
        "shifts_absent",
        "shifts",
        ("ขาด", "กะที่ไม่มีผู้เข้าระบบเลย"),
        ("Absent", "Shifts to which nobody came."),
    ),
    _metric(
        "planned_ms",
        _MS,
        ("เวลาตามตาราง", "ผลรวมเวลาของกะ"),
        ("Time planned", "Sum of the shifts."),
    ),
    _metric(
        "kept_ms",
        _MS,
        ("เวลาทำงานในกะ", "เวลาในกะที่พร้อม อยู่ในสาย ปิดงาน หรือพักด้วยเหตุที่นับเป็นงาน ไม่รวมเวลาติดต่อไม่ได้"),
        (
            "Time kept",
            "Of the shifts, the time ready, at calls, wrapping up, or on a break that counts; not "
            "the time unreachable.",
        ),
    ),
    _metric(
        "unplanned_ms",
        _MS,
        ("เวลาทำงานนอกกะ", "เวลาทำงานที่อยู่นอกกะทั้งหมด"),
        ("Time unplanned", "Work outside of any shift."),
    ),
)

PRESENCE_RATES: tuple[Metric, ...] = (
    _metric(
        "occupancy",
        "share",
        ("อัตราการทำงาน", "(เวลาในสาย + เวลาปิดงาน) ÷ (สองอย่างนั้น + เวลาพร้อมรับสาย) ไม่รวมเวลาติดต่อไม่ได้"),
        (
            "Occupancy",
            "(Time on calls + time wrapping up) ÷ (both + time available). The time unreachable is "
            "in neither.",
        ),
    ),
    _metric(
        "adherence",
        "share",
        ("ตรงตามตาราง", "เวลาทำงานในกะ ÷ เวลาตามตาราง"),
        ("Adherence", "Time kept ÷ time planned."),
    ),
)
