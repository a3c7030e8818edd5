"""Who is told what by which way, and when. Pure.

Every notice stands in the pages. By e-mail it goes at once, or with the night's list, or not at
all, as the person has chosen for its kind; in their quiet hours only what is urgent goes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from hotline.errors import Invalid


class Kind(StrEnum):
    """What somebody is told of."""

    #: A ticket of which a clock has run out has come to them.
    ESCALATED = "escalated"
    #: A division has nobody who answers for it.
    UNATTENDED = "unattended"
    #: A ticket is theirs to do.
    ASSIGNED = "assigned"
    #: A ticket will be closed, since nothing happens.
    CLOSING = "closing"
    #: A unit that was sent somewhere has not answered, cannot go, or needs help.
    UNIT_LATE = "unit_late"
    UNIT_DECLINED = "unit_declined"
    UNIT_HELP = "unit_help"
    #: Many callers tell of the same: it seems that something has happened.
    INCIDENT = "incident"
    #: What needed attention when the day was over.
    NIGHTLY = "nightly"
    #: The rows of the reports are not what the events say.
    REPORTS = "reports"
    #: A report that goes out by e-mail did not reach somebody.
    REPORT_MAIL = "report_mail"
    #: Only what gathered for the night.
    DIGEST = "digest"


class How(StrEnum):
    """When a kind is e-mailed."""

    NOW = "now"
    DIGEST = "digest"
    NO = "no"


class Mail(StrEnum):
    """How far the e-mail of a notice is."""

    HELD = "held"  # not before its time
    DIGEST = "digest"  # with the night's list
    NONE = "none"  # not wanted, or the hotline sends none
    NOWHERE = "nowhere"  # wanted, and there is no address
    POSTED = "posted"  # in the outbox
    SENDING = "sending"
    SENT = "sent"  # the mail server took it
    FAILED = "failed"
    UNSURE = "unsure"  # the connection broke after the last word: it is not sent again


#: What was wanted and did not go.
NOT_SENT: Final = (Mail.FAILED, Mail.UNSURE, Mail.NOWHERE)
#: The kinds that somebody chooses about, and what holds until they do.
BEGINNING: Final[Mapping[Kind, How]] = {
    Kind.ESCALATED: How.NOW,
    Kind.UNATTENDED: How.NOW,
    Kind.ASSIGNED: How.NOW,
    Kind.CLOSING: How.DIGEST,
    Kind.UNIT_LATE: How.NOW,
    Kind.UNIT_DECLINED: How.NOW,
    Kind.UNIT_HELP: How.NOW,
    Kind.INCIDENT: How.NOW,
    Kind.NIGHTLY: How.NOW,
    Kind.REPORTS: How.NOW,
    Kind.REPORT_MAIL: How.DIGEST,
}
#: The night's list is the digest.
HOWS: Final[Mapping[Kind, tuple[How, ...]]] = {
    kind: (How.NOW, How.NO) if kind is Kind.NIGHTLY else tuple(How) for kind in BEGINNING
}
EMAIL_LENGTH: Final = 254
_EMAIL: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)


class BadEmail(Invalid):
    code, text = "bad-email", "floor.notice.bad_email"


class BadHours(Invalid):
    code, text = "bad-hours", "floor.notice.bad_hours"


@dataclass(frozen=True)
class Choice:
    """How one person wants to be told; hours as HH:MM, both empty: no quiet ones."""

    how: Mapping[Kind, How] = field(default_factory=dict)
    quiet_from: str = ""
    quiet_until: str = ""

    def of(self, kind: Kind) -> How:
        """When a kind is e-mailed to them."""
        if kind is Kind.DIGEST:
            return How.NOW
        return self.how.get(kind, BEGINNING[kind])


def read_email(text: str) -> str:
    """An address as it is kept (the HTML standard's rule, with a domain of a dot at least); empty
    stays empty. Raises `BadEmail`.
    """
    email = text.strip()
    if email and (len(email) > EMAIL_LENGTH or not _EMAIL.fullmatch(email)):
        raise BadEmail()
    return email


def read_choice(form: Mapping[str, Any]) -> Choice:
    """What a form says: `escalated` and the other kinds, `quiet_from`, `quiet_until`. Raises
    `BadHours`.
    """
    how = {}
    for kind, hows in HOWS.items():
        said = form.get(kind.value)
        how[kind] = How(said) if said in hows else BEGINNING[kind]
    hours = [_hour(str(form.get(name) or "")) for name in ("quiet_from", "quiet_until")]
    if (hours[0] == "") is not (hours[1] == ""):
        raise BadHours()
    return Choice(how, *hours)


def _hour(text: str) -> str:
    text = text.strip()
    if not text:
        return ""
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text):
        raise BadHours()
    return text


def quiet_until(choice: Choice, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When somebody's quiet hours end in which `now` lies; None: it lies in none."""
    if not choice.quiet_from or choice.quiet_from == choice.quiet_until:
        return None
    first, last = time.fromisoformat(choice.quiet_from), time.fromisoformat(choice.quiet_until)
    local = now.astimezone(zone)
    at = local.time().replace(tzinfo=None)
    is_quiet = first <= at < last if first < last else at >= first or at < last
    if not is_quiet:
        return None
    day = local.date() + timedelta(days=1 if at >= last else 0)
    return datetime.combine(day, last, zone).astimezone(now.tzinfo)


@dataclass(frozen=True)
class Plan:
    """What becomes of a notice's e-mail: its state, and for `HELD` until when."""

    mail: Mail
    until: datetime | None = None


def plan(
    kind: Kind, choice: Choice, *, urgent: bool, email: str, now: datetime, zone: ZoneInfo
) -> Plan:
    """What becomes of the e-mail of a notice whose time has come. What is urgent waits for no
    digest and for no quiet hours to end, but it is not sent to who wants none.
    """
    how = choice.of(kind)
    if how is How.NO:
        return Plan(Mail.NONE)
    if not email:
        return Plan(Mail.NOWHERE)
    if how is How.DIGEST and not urgent:
        return Plan(Mail.DIGEST)
    until = None if urgent else quiet_until(choice, now, zone)
    return Plan(Mail.HELD, until) if until is not None else Plan(Mail.POSTED)
