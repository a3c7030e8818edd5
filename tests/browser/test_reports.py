"""The tables of a report at the widths people have: nothing is cut without a hint."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from playwright.sync_api import Locator, Page

from hotline import clock
from hotline.auth import COOKIE, Role
from hotline.floor import Floor
from reports.metrics import Counters
from reports.models import ReportDay, call_days, call_intervals
from reports.view import Period
from tests.browser.conftest import Look
from tests.support.floors import sign_in_as

YEAR = Period.year(2570)
AFTER = YEAR.last + timedelta(days=1)
#: Of one queue and language on one day; twelve of them are what a city of 260,000 calls has.
CELL = Counters(
    calls=60,
    offered=59,
    not_queued=1,
    answered=52,
    answered_in_threshold=41,
    abandoned=7,
    short_abandoned=2,
    wait_answered_ms=5_200_000,
    wait_answered_max_ms=4_123_000,
    talked=52,
    talk_ms=52 * 754_000,
    wrapped_up=52,
    wrap_up_ms=52 * 95_000,
)
HIDDEN = """frame => frame.scrollWidth - frame.clientWidth"""


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    # the same numbers out of PostgreSQL: tests/service/reports
    return sqlite_url


@pytest.fixture
def year(floor: Floor) -> Iterator[Floor]:
    """A whole fiscal year as its nights left it."""
    midnight = clock.midnight(AFTER, floor.city.zone)
    days = [YEAR.first + timedelta(days=each) for each in range((AFTER - YEAR.first).days)]
    with clock.driven(midnight + timedelta(hours=1)), floor.db.write() as session:
        session.add_all(ReportDay(day=day, counted_at=clock.now(), revised_at=None) for day in days)
        rows = [row for day in days for row in cells(floor, day)]
        session.execute(sa.insert(call_intervals), rows)
        keys = [name for name in call_days.c.keys() if name != "interval_start"]  # noqa: SIM118
        session.execute(sa.insert(call_days), [{key: row[key] for key in keys} for row in rows])
    with clock.driven(midnight + timedelta(hours=1)):
        yield floor


def cells(floor: Floor, day: date) -> Iterator[dict[str, object]]:
    start = clock.midnight(day, floor.city.zone)
    for queue in ("information", "complaint", "emergency"):
        for language in ("th", "en", "zh", "ru"):
            yield {
                "day": day,
                "interval_start": start,
                "queue": queue,
                "language": language,
            } | CELL.as_dict()


@pytest.fixture(autouse=True)
def signed_in(year: Floor, client: FlaskClient) -> None:
    client.set_cookie(COOKIE, sign_in_as(year, Role.MANAGER))


@pytest.mark.parametrize("language", ["th", "en"])
@pytest.mark.parametrize("period", [YEAR, Period.month(2027, 1), Period.day(date(2027, 1, 5))])
def test_the_tables_fit_an_ordinary_screen(look: Look, period: Period, language: str) -> None:
    frames = look(f"{period.path}?lang={language}", 1280).locator("section > .scroll")
    assert frames.count() == 2
    assert [frames.nth(each).evaluate(HIDDEN) for each in range(2)] == [0, 0]


def test_what_a_narrow_screen_hides_is_hinted_at(look: Look) -> None:
    """The edge that hides columns is shaded, and is not once it has been scrolled to."""
    page = look(f"{YEAR.path}?lang=en", 360)
    frame = page.locator("section > .scroll").first
    assert frame.evaluate(HIDDEN) > 0
    frame.scroll_into_view_if_needed()
    assert shaded(page, frame)
    frame.evaluate("frame => { frame.scrollLeft = frame.scrollWidth }")
    assert not shaded(page, frame)


def shaded(page: Page, frame: Locator) -> bool:
    """Whether the right edge looks other than it would without any hint."""
    box = frame.bounding_box()
    assert box
    edge = {"x": box["x"] + box["width"] - 6, "y": box["y"], "width": 6, "height": 200}
    hinted = page.screenshot(clip=edge)  # type: ignore[arg-type]
    frame.evaluate("frame => { frame.style.background = 'none' }")
    plain = page.screenshot(clip=edge)  # type: ignore[arg-type]
    frame.evaluate("frame => { frame.style.background = '' }")
    return hinted != plain
