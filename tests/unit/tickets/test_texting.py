"""At which moments a citizen is told, when, and when not."""

from datetime import UTC, datetime
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hotline import calendars
from hotline.app import text_files
from hotline.i18n import Texts
from tickets import texting
from tickets.segments import segments
from tickets.texting import Moment, Why, Wish
from tickets.workflow import RESULTS_OF_KIND, Priority

BANGKOK = ZoneInfo("Asia/Bangkok")
MOBILE = "+66812345678"


@pytest.mark.parametrize(
    ("kind", "data", "moment"),
    [
        ("made", {"state": "received"}, Moment.MADE),
        ("made", {"state": "done"}, None),
        ("made", {"state": "received", "incomplete": True, "source": "call"}, None),
        ("made", {"state": "received", "incomplete": True, "source": "message"}, Moment.MADE),
        ("completed", {"state": "received", "source": "call"}, Moment.MADE),
        ("completed", {"state": "received", "source": "message"}, None),
        ("completed", {"state": "done", "source": "call"}, None),
        ("completed", {"state": "done", "source": "message"}, Moment.CLOSED),
        ("moved", {"from": "received", "to": "in_progress"}, Moment.ACCEPTED),
        ("moved", {"from": "in_progress", "to": "done"}, Moment.CLOSED),
        ("moved", {"from": "received", "to": "cancelled"}, Moment.CLOSED),
        ("moved", {"from": "received", "to": "cancelled", "instead": "1000019"}, None),
        ("moved", {"from": "done", "to": "in_progress"}, Moment.REOPENED),
        ("waiting", {"for": "citizen"}, Moment.WAITING),
        ("waiting", {"for": "agency"}, None),
        ("message", {"text": "x"}, Moment.MESSAGE),
        ("citizen", {"text": "x"}, None),
        ("note", {"text": "x"}, None),
        ("routed", {"now": {"division": "x"}}, None),
    ],
)
def test_which_events_are_moments(kind: str, data: dict[str, Any], moment: Moment | None) -> None:
    assert texting.moment_of(kind, data) is moment


@pytest.mark.parametrize(
    ("number", "sender", "opted_out", "why"),
    [
        (MOBILE, True, False, None),
        (MOBILE, True, True, Why.OPTED_OUT),
        (MOBILE, False, True, Why.NO_SENDER),
        (None, True, False, Why.WITHHELD),
        ("", True, False, Why.WITHHELD),
        ("+6638253100", True, False, Why.LANDLINE),
        ("anonymous", True, False, Why.LANDLINE),
    ],
)
def test_who_is_not_told(
    number: str | None, sender: bool, opted_out: bool, why: Why | None
) -> None:
    assert texting.why_not(number, has_sender=sender, opted_out=opted_out) is why


@pytest.mark.parametrize(
    ("quiet", "now", "at"),
    [
        ("21:00-08:00", "20:59", "20:59"),
        ("21:00-08:00", "21:00", "08:00"),
        ("21:00-08:00", "00:30", "08:00"),
        ("21:00-08:00", "07:59", "08:00"),
        ("21:00-08:00", "08:00", "08:00"),
        ("12:00-13:00", "12:30", "13:00"),
        ("12:00-13:00", "23:30", "23:30"),
    ],
)
def test_the_quiet_hours_are_the_citys(quiet: str, now: str, at: str) -> None:
    hour, minute = map(int, now.split(":"))
    moment = datetime(2026, 11, 20, hour, minute, tzinfo=BANGKOK).astimezone(UTC)
    found = texting.send_at(moment, calendars.span(quiet), BANGKOK, Priority.NORMAL)
    assert f"{found.astimezone(BANGKOK):%H:%M}" == at
    assert found >= moment
    assert texting.send_at(moment, calendars.span(quiet), BANGKOK, Priority.URGENT) == moment
    assert texting.send_at(moment, None, BANGKOK, Priority.NORMAL) == moment


def test_the_carriers_words_only_go_forward_in_whatever_order_they_come() -> None:
    for order in permutations(("queued", "sending", "sent", "delivered")):
        known = None
        for word in order:
            if texting.is_newer(word, known):
                known = word
        assert known == "delivered"
    assert not texting.is_newer("delivered", "undelivered")
    assert not texting.is_newer("read", None)


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("STOP", Wish(wanted=False)),
        (" stop. ", Wish(wanted=False)),
        ("ไม่รับ SMS", Wish(wanted=False)),
        ("Start", Wish(wanted=True)),
        ("stop the noise please", None),
        ("ยกเลิกเรื่อง", None),
        ("", None),
    ],
)
def test_what_an_sms_wishes(text: str, wish: Wish | None) -> None:
    assert texting.wish_of(text) == wish


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ก" * 70, 1),
        ("ก" * 71, 2),
        ("ก" * 134, 2),
        ("ก" * 135, 3),
        ("a" * 100 + "ก", 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 66, 2),
        ("😀" * 67, 3),
    ],
)
def test_segments(text: str, count: int) -> None:
    assert segments(text) == count


def test_texts_are_measured_with_the_longest_that_they_may_name() -> None:
    texts = Texts.load(text_files())
    for language in ("th", "en", "zh", "ru"):
        measure = texting.longest(language)["result"]
        given = {result for each in RESULTS_OF_KIND.values() for result in each}
        said = [texts.get(f"tickets.result.{result}", language) for result in given]
        assert max(map(len, said)) <= len(measure), language
