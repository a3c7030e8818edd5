"""Which report is due when, and for how long a link opens one. Pure.

A report is due on the morning after its period, at a local time of the city: of a day each day, of
a month on the first, of a fiscal year on its first day. **Of each kind only the newest is ever
due**: after an outage a missed morning is sent once, late, and none of those before it.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from hotline import clock
from hotline.errors import Invalid
from hotline.roles import Role

_ONE_DAY: Final = timedelta(days=1)
#: Who may get reports by e-mail with an account of their own.
READERS: Final = (Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR)
#: Who sees all subscriptions, enters addresses outside and makes links.
MANAGES: Final = (Role.MANAGER, Role.ADMINISTRATOR)
#: What is tried in vain begins anew after a pause, until it is given up; of the wall.
PAUSE: Final = timedelta(minutes=10)
GIVE_UP: Final = timedelta(days=7)


class Kind(StrEnum):
    """Of which period a report is."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


class Form(StrEnum):
    """What can be attached, or taken by a link."""

    PDF = "pdf"
    XLSX = "xlsx"
    CSV = "csv"

    @property
    def mime(self) -> str:
        """Its media type."""
        return _MIME[self]


_MIME: Final = {
    Form.PDF: "application/pdf",
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Form.CSV: "text/csv",
}


class State(StrEnum):
    """How far the mail of one report to one subscriber is."""

    #: Its time has come; the numbers are not counted yet, or it is being set.
    WAITING = "waiting"
    #: In the outbox.
    POSTED = "posted"
    SENDING = "sending"
    #: The mail server has it.
    SENT = "sent"
    #: Refused for good, or given up.
    FAILED = "failed"
    #: The connection broke after the last word: it is not sent again.
    UNSURE = "unsure"
    #: A newer one had come before this one could go.
    OVERTAKEN = "overtaken"
    #: Nobody wants it any more, or there is no address.
    DROPPED = "dropped"


class NoDays(Invalid):
    """A link lasts at least a day, and at most as long as the city says."""

    code, text = "no-such-length", "reports.mail.no_days"


@dataclass(frozen=True)
class Edition:
    """One report: local days, both included."""

    kind: Kind
    first: date
    last: date

    @classmethod
    def holding(cls, kind: Kind, day: date) -> "Edition":
        """The day, the month or the fiscal year of `day`."""
        if kind is Kind.DAY:
            return cls(kind, day, day)
        if kind is Kind.MONTH:
            first, after = clock.month_days(day.year, day.month)
        else:
            first, after = clock.fiscal_year_days(clock.fiscal_year_of(day))
        return cls(kind, first, after - _ONE_DAY)

    @classmethod
    def named(cls, name: str) -> "Edition":
        """By the name that addresses have: 2026-11-20, 2026-11, 2570; raises ValueError."""
        match name.count("-"):
            case 0:
                first, _ = clock.fiscal_year_days(int(name))
                found = cls.holding(Kind.YEAR, first)
            case 1:
                found = cls.holding(Kind.MONTH, date.fromisoformat(f"{name}-01"))
            case _:
                found = cls.holding(Kind.DAY, date.fromisoformat(name))
        if found.name != name:  # what is written otherwise, such as by weeks
            raise ValueError(name)
        return found

    @property
    def name(self) -> str:
        """How addresses and files call it."""
        if self.kind is Kind.YEAR:
            return str(clock.fiscal_year_of(self.first))
        return f"{self.first:%Y-%m-%d}" if self.kind is Kind.DAY else f"{self.first:%Y-%m}"

    @property
    def before(self) -> "Edition":
        """What it is compared with: the same weekday of the week before, the month or the fiscal
        year before.
        """
        back = timedelta(days=7) if self.kind is Kind.DAY else _ONE_DAY
        return Edition.holding(self.kind, self.first - back)

    @property
    def path(self) -> str:
        """The address of its page."""
        return f"/reports/{self.kind}/{self.name}"


@dataclass(frozen=True)
class Due:
    """A report whose time has come at `at` (aware)."""

    edition: Edition
    at: datetime


def due(kind: Kind, *, now: datetime, zone: ZoneInfo, at: time) -> Due:
    """The newest report of a kind whose time has come; `at` local.

    Where clocks are changed a time that a day has twice is its first, and one that it has not is
    as much later.
    """
    begun = Edition.holding(kind, clock.local_day(now, zone))
    # twice at most, but where a day was left out of the calendar (Samoa, 30 December 2011)
    while (moment := clock.utc(datetime.combine(begun.first, at, zone))) > now:
        begun = _earlier(begun)
    return Due(_earlier(begun), moment)


def _earlier(edition: Edition) -> Edition:
    return Edition.holding(edition.kind, edition.first - _ONE_DAY)


def wanted(found: Due, *, since: datetime, newest: date | None) -> bool:
    """Whether a subscriber since `since` gets what is due, of whom `newest` is the first day of the
    newest report planned so far (None: none). A clock that is behind another one plans nothing
    twice and nothing old.
    """
    return found.at >= since and (newest is None or found.edition.first > newest)


def is_over(edition: Edition, *, now: datetime, zone: ZoneInfo) -> bool:
    """Whether its last day is over."""
    return clock.local_day(now, zone) > edition.last


def has_begun(edition: Edition, *, now: datetime, zone: ZoneInfo) -> bool:
    """Whether its first day has come."""
    return clock.local_day(now, zone) >= edition.first


def gives_up(due_at: datetime, *, now: datetime, speed: float) -> bool:
    """Whether a mail that was due then and went in vain is not tried any more."""
    return now - due_at >= GIVE_UP * speed


def expiry(days: int, *, longest: int, now: datetime) -> datetime:
    """When a link of so many days ends; raises `NoDays`."""
    if not 1 <= days <= longest:
        raise NoDays(longest=longest)
    return now + timedelta(days=days)
