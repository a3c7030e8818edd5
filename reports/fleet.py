"""What every number of the Quick Response Units' jobs means. Pure: jobs in, numbers out.

A job is counted on the local day on which its unit was sent, however long it took, and as it stands
now. Nothing of it is stored: a year has a few thousand, and each is read.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from statistics import median
from typing import Final, Protocol

from reports.matters import LEAST
from reports.metrics import Metric, Unit

_MILLISECOND: Final = timedelta(milliseconds=1)


class Job(Protocol):
    """A unit sent to a ticket. Moments are aware; None: it never came to that, or not yet."""

    @property
    def unit(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def received_at(self) -> datetime: ...  # the ticket
    @property
    def sent_at(self) -> datetime: ...
    @property
    def acknowledge_due_at(self) -> datetime: ...
    @property
    def acknowledge_missed_at(self) -> datetime | None: ...
    @property
    def acknowledged_at(self) -> datetime | None: ...
    @property
    def on_way_at(self) -> datetime | None: ...
    @property
    def here_at(self) -> datetime | None: ...
    @property
    def ended_at(self) -> datetime | None: ...
    @property
    def is_first(self) -> bool: ...  # of its ticket
    @property
    def asked_help(self) -> bool: ...


@dataclass(slots=True)
class JobCounters:
    """How many jobs; see JOB_COUNTERS."""

    jobs_sent: int = 0
    jobs_first: int = 0
    jobs_acknowledged: int = 0
    jobs_acknowledge_due: int = 0
    jobs_acknowledged_in_time: int = 0
    jobs_acknowledged_late: int = 0
    jobs_on_way: int = 0
    jobs_here: int = 0
    jobs_done: int = 0
    jobs_declined: int = 0
    jobs_handed_over: int = 0
    jobs_recalled: int = 0
    jobs_open: int = 0
    jobs_asked_help: int = 0

    def as_dict(self) -> dict[str, int]:
        """Every counter by its name."""
        return {name: getattr(self, name) for name in JOB_COUNTER_NAMES}


JOB_COUNTER_NAMES: Final = tuple(field.name for field in fields(JobCounters))


@dataclass(frozen=True)
class JobRates:
    """A share from 0 to 1 and medians in milliseconds; None: nothing to divide by, or too few."""

    jobs_acknowledged_on_time: float | None
    median_first_sent: float | None
    median_job_acknowledged: float | None
    median_job_on_way: float | None
    median_job_here: float | None
    median_job_on_site: float | None


def counted(job: Job) -> Iterator[str]:
    """The counters to which a job adds one."""
    yield "jobs_sent"
    if job.is_first:
        yield "jobs_first"
    if job.acknowledged_at is not None:
        yield "jobs_acknowledged"
    if _is_late(job):
        yield "jobs_acknowledge_due"
        yield "jobs_acknowledged_late"
    elif job.acknowledged_at is not None:
        yield "jobs_acknowledge_due"
        yield "jobs_acknowledged_in_time"
    if job.on_way_at is not None:
        yield "jobs_on_way"
    if job.here_at is not None:
        yield "jobs_here"
    yield f"jobs_{job.state}" if job.ended_at is not None else "jobs_open"
    if job.asked_help:
        yield "jobs_asked_help"


def _is_late(job: Job) -> bool:
    """At the very moment it is not; a clock that ran out is late whatever a telephone says later
    of when it was.
    """
    if job.acknowledge_missed_at is not None:
        return True
    return job.acknowledged_at is not None and job.acknowledged_at > job.acknowledge_due_at


def count(jobs: Iterable[Job]) -> JobCounters:
    """The counters of some jobs."""
    found = JobCounters()
    for job in jobs:
        for name in counted(job):
            setattr(found, name, getattr(found, name) + 1)
    return found


def job_rates(jobs: Sequence[Job], counters: JobCounters) -> JobRates:
    """Work the rates out, the medians from the jobs themselves."""
    due = counters.jobs_acknowledge_due
    return JobRates(
        jobs_acknowledged_on_time=(counters.jobs_acknowledged_in_time / due if due else None),
        median_first_sent=_median((job.received_at, job.sent_at) for job in jobs if job.is_first),
        median_job_acknowledged=_median((job.sent_at, job.acknowledged_at) for job in jobs),
        median_job_on_way=_median((job.sent_at, job.on_way_at) for job in jobs),
        median_job_here=_median((job.sent_at, job.here_at) for job in jobs),
        median_job_on_site=_median(
            (job.here_at, job.ended_at) for job in jobs if job.state == "done"
        ),
    )


def _median(spans: Iterable[tuple[datetime | None, datetime | None]]) -> float | None:
    """In milliseconds; None of fewer than `LEAST`."""
    took = [(end - start) / _MILLISECOND for start, end in spans if start and end]
    return median(took) if len(took) >= LEAST else None


# ---------------------------------------------------------------- in words


def _metric(id_: str, unit: Unit, th: tuple[str, str], en: tuple[str, str]) -> Metric:
    return Metric(id_, unit, {"th": th[0], "en": en[0]}, {"th": th[1], "en": en[1]})


JOB_COUNTERS: tuple[Metric, ...] = (
    _metric(
        "jobs_sent",
        "jobs",
        ("สั่งหน่วยออก", "ครั้งที่ส่งหน่วยเคลื่อนที่เร็วไปยังเรื่องหนึ่ง นับในวันที่สั่ง"),
        ("Jobs sent", "How often a unit was sent to a ticket, on the day on which it was sent."),
    ),
    _metric(
        "jobs_first",
        "jobs",
        ("เรื่องที่มีหน่วยไป", "งานแรกของแต่ละเรื่อง: จำนวนเรื่องที่มีการส่งหน่วยเป็นครั้งแรกในวันนั้น"),
        (
            "Tickets with a unit",
            "Jobs that were the first of their ticket: to how many tickets a unit was sent at all.",
        ),
    ),
    _metric(
        "jobs_acknowledged",
        "jobs",
        ("หน่วยรับทราบ", "งานที่หน่วยแจ้งว่ารับทราบแล้ว"),
        ("Jobs acknowledged", "Jobs of which the crew said that it had seen them."),
    ),
    _metric(
        "jobs_acknowledge_due",
        "jobs",
        ("งานที่ถึงคราวรับทราบ", "งานที่หน่วยรับทราบแล้ว หรือเลยเวลารับทราบแล้ว: รับทราบทันเวลา + รับทราบช้า"),
        (
            "Acknowledgements due",
            "Jobs that the crew has seen, or whose time to be seen ran out: in time and late.",
        ),
    ),
    _metric(
        "jobs_acknowledged_in_time",
        "jobs",
        ("รับทราบทันเวลา", "งานที่หน่วยรับทราบไม่ช้ากว่ากำหนดของความเร่งด่วน (ตรงเวลาพอดีถือว่าทัน)"),
        (
            "Acknowledged in time",
            "Of those, the ones seen no later than the urgency asks for; exactly then is in time.",
        ),
    ),
    _metric(
        "jobs_acknowledged_late",
        "jobs",
        ("รับทราบช้า", "งานที่เลยเวลารับทราบก่อนหน่วยจะตอบ รวมที่ไม่เคยตอบ"),
        (
            "Acknowledged late",
            "Jobs whose time to be seen ran out before the crew answered, or without an answer.",
        ),
    ),
    _metric(
        "jobs_on_way",
        "jobs",
        ("หน่วยออกเดินทาง", "งานที่หน่วยแจ้งว่าออกเดินทางแล้ว"),
        ("On the way", "Jobs of which the crew said that it was on its way."),
    ),
    _metric(
        "jobs_here",
        "jobs",
        ("หน่วยถึงที่เกิดเหตุ", "งานที่หน่วยแจ้งว่าถึงที่เกิดเหตุแล้ว"),
        ("On site", "Jobs of which the crew said that it was there."),
    ),
    _metric(
        "jobs_done",
        "jobs",
        ("งานหน่วยเสร็จ", "งานที่หน่วยแจ้งว่าทำเสร็จ"),
        ("Jobs done", "Jobs that the crew said to be done."),
    ),
    _metric(
        "jobs_declined",
        "jobs",
        ("หน่วยไปไม่ได้", "งานที่หน่วยแจ้งว่าไปไม่ได้ พร้อมเหตุผล"),
        ("Jobs declined", "Jobs to which the crew could not go, and said why."),
    ),
    _metric(
        "jobs_handed_over",
        "jobs",
        ("ส่งต่อให้หน่วยอื่น", "งานที่ส่งต่อให้หน่วยอื่น ซึ่งนับเป็นงานที่สั่งอีกงานหนึ่ง"),
        (
            "Jobs handed over",
            "Jobs that were given to another unit, of which they are jobs sent as well.",
        ),
    ),
    _metric(
        "jobs_recalled",
        "jobs",
        ("เรียกหน่วยกลับ", "งานที่เรียกหน่วยกลับก่อนเสร็จ รวมที่เรื่องถูกปิดไปก่อน"),
        (
            "Jobs recalled",
            "Jobs called back before they were done, also because the ticket was closed.",
        ),
    ),
    _metric(
        "jobs_open",
        "jobs",
        ("งานหน่วยที่ยังไม่จบ", "งานที่สั่งในวันนั้นและยังไม่จบในขณะจัดทำ"),
        ("Jobs not ended", "Jobs sent on the day that have not ended yet."),
    ),
    _metric(
        "jobs_asked_help",
        "jobs",
        ("หน่วยขอความช่วยเหลือ", "งานที่หน่วยขอความช่วยเหลืออย่างน้อยหนึ่งครั้ง"),
        ("Help asked for", "Jobs in which the crew asked for help at least once."),
    ),
)


def _median_of(id_: str, th: tuple[str, str], en: tuple[str, str]) -> Metric:
    """All of them are left empty of too few."""
    return _metric(
        id_,
        "milliseconds",
        (th[0], f"{th[1]} ว่างเมื่อมีน้อยกว่า {LEAST} งาน"),
        (en[0], f"{en[1]} Empty of fewer than {LEAST} jobs."),
    )


JOB_RATES: tuple[Metric, ...] = (
    _metric(
        "jobs_acknowledged_on_time",
        "share",
        ("สัดส่วนรับทราบทันเวลา", "รับทราบทันเวลา ÷ (รับทราบทันเวลา + รับทราบช้า)"),
        (
            "Acknowledged in time, share",
            "Acknowledged in time ÷ (acknowledged in time + acknowledged late).",
        ),
    ),
    _median_of(
        "median_first_sent",
        ("มัธยฐานรับเรื่องถึงสั่งหน่วย", "เวลาที่ครึ่งหนึ่งของเรื่องที่มีหน่วยไปไม่เกิน ตั้งแต่รับเรื่องจนสั่งหน่วยแรก"),
        (
            "Median from receipt to sending",
            "The time from receiving a ticket to sending its first unit that half of the tickets "
            "with a unit did not exceed.",
        ),
    ),
    _median_of(
        "median_job_acknowledged",
        ("มัธยฐานสั่งถึงรับทราบ", "เวลาที่ครึ่งหนึ่งของงานไม่เกิน ตั้งแต่สั่งจนหน่วยรับทราบ"),
        (
            "Median to acknowledge",
            "The time from sending to the crew's having seen it that half of the jobs did not "
            "exceed.",
        ),
    ),
    _median_of(
        "median_job_on_way",
        ("มัธยฐานสั่งถึงออกเดินทาง", "เวลาที่ครึ่งหนึ่งของงานไม่เกิน ตั้งแต่สั่งจนหน่วยออกเดินทาง"),
        (
            "Median to set out",
            "The time from sending to being on the way that half of the jobs did not exceed.",
        ),
    ),
    _median_of(
        "median_job_here",
        ("มัธยฐานสั่งถึงที่เกิดเหตุ", "เวลาที่ครึ่งหนึ่งของงานไม่เกิน ตั้งแต่สั่งจนหน่วยถึงที่เกิดเหตุ"),
        (
            "Median to be on site",
            "The time from sending to being there that half of the jobs did not exceed.",
        ),
    ),
    _median_of(
        "median_job_on_site",
        ("มัธยฐานเวลาทำงานในที่เกิดเหตุ", "เวลาที่ครึ่งหนึ่งของงานที่เสร็จไม่เกิน ตั้งแต่ถึงที่เกิดเหตุจนเสร็จ"),
        (
            "Median on site",
            "The time from being there to being done that half of the jobs done did not exceed.",
        ),
    ),
)
