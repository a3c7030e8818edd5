"""Which way a notice goes, and when."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from hotline.notices.rules import (
    BadEmail,
    BadHours,
    Choice,
    How,
    Kind,
    Mail,
    Plan,
    plan,
    quiet_until,
    read_choice,
    read_email,
)

ZONE = ZoneInfo("Asia/Bangkok")
NIGHT = Choice({}, "22:00", "06:00")
INJECTED, LONG = "a@b.co\nBcc: x@y.co", "a" * 250 + "@b.co"
NO_EMAILS = ["a", "a@b", "a b@c.co", INJECTED, "<a@b.co>", "a@-b.co", LONG]


def at(hour: int, day: int = 20) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=ZONE).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (at(21), None),
        (at(22), at(6, 21)),
        (at(23), at(6, 21)),
        (at(0, 21), at(6, 21)),
        (at(5, 21), at(6, 21)),
        (at(6, 21), None),
    ],
)
def test_a_quiet_night_ends_in_the_morning(now: datetime, until: datetime | None) -> None:
    assert quiet_until(NIGHT, now, ZONE) == until


def test_quiet_hours_of_a_day_end_that_day() -> None:
    noon = Choice({}, "12:00", "13:00")
    assert quiet_until(noon, at(12), ZONE) == at(13)
    assert quiet_until(noon, at(13), ZONE) is None
    assert quiet_until(Choice(), at(12), ZONE) is None
    assert quiet_until(Choice({}, "12:00", "12:00"), at(12), ZONE) is None


@pytest.mark.parametrize(
    ("how", "urgent", "email", "hour", "planned"),
    [
        (How.NOW, False, "a@b.co", 12, Plan(Mail.POSTED)),
        (How.NOW, False, "a@b.co", 23, Plan(Mail.HELD, at(6, 21))),
        (How.NOW, True, "a@b.co", 23, Plan(Mail.POSTED)),
        (How.DIGEST, False, "a@b.co", 12, Plan(Mail.DIGEST)),
        (How.DIGEST, True, "a@b.co", 23, Plan(Mail.POSTED)),
        (How.NO, True, "a@b.co", 12, Plan(Mail.NONE)),
        (How.NO, True, "", 12, Plan(Mail.NONE)),
        (How.NOW, False, "", 12, Plan(Mail.NOWHERE)),
    ],
)
def test_the_plan(how: How, urgent: bool, email: str, hour: int, planned: Plan) -> None:
    choice = Choice({Kind.ESCALATED: how}, "22:00", "06:00")
    facts = {"urgent": urgent, "email": email, "now": at(hour), "zone": ZONE}
    assert plan(Kind.ESCALATED, choice, **facts) == planned


@pytest.mark.parametrize("email", ["a@b.co", " somchai.j+1@city.example.th ", ""])
def test_an_address(email: str) -> None:
    assert read_email(email) == email.strip()


@pytest.mark.parametrize(
    "email",
    ["a", "a@b", "a b@c.co", "a@b.co\nBcc: x@y.co", "<a@b.co>", "a@-b.co", "a" * 250 + "@b.co"],
)
def test_no_address(email: str) -> None:
    with pytest.raises(BadEmail):
        read_email(email)


def test_a_form_says_what_it_says_and_nothing_else() -> None:
    choice = read_choice({"escalated": "no", "nightly": "digest", "assigned": "loudly"})
    assert choice.of(Kind.ESCALATED) is How.NO
    assert choice.of(Kind.NIGHTLY) is How.NOW, "the night's list is the digest"
    assert choice.of(Kind.ASSIGNED) is How.NOW
    for hours in (("22:00", ""), ("", "6:00"), ("24:00", "06:00"), ("x", "y")):
        with pytest.raises(BadHours):
            read_choice(dict(zip(("quiet_from", "quiet_until"), hours, strict=True)))
