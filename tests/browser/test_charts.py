"""The charts of the reports in a browser: drawn under the pages' strict policy, in the colours of
the page, no wider than the screen; and a month that is published.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect

from hotline import clock
from hotline.auth import COOKIE, Role
from hotline.floor import Floor
from hotline.web import LANGUAGE_COOKIE
from reports import numerals
from reports.metrics import Counters
from reports.models import ReportDay, RollupDay, call_days, call_intervals, call_topics
from reports.rollups import Part
from reports.topics import TALLIED
from tests.browser.conftest import Look
from tests.support.floors import sign_in_as

FIRST, LAST = date(2026, 8, 1), date(2026, 10, 31)
OCTOBER = "/reports/month/2026-10"
FAILED = "figure[data-failed]"
DRAWN = "figure[data-drawn]"


def cell(calls: int) -> Counters:
    return Counters(
        calls=calls,
        offered=calls,
        answered=calls - 2,
        answered_in_threshold=calls // 2,
        abandoned=2,
        wait_answered_ms=calls * 9_000,
        wait_answered_max_ms=60_000,
        talked=calls - 2,
        talk_ms=calls * 90_000,
    )


@pytest.fixture
def months(floor: Floor, client: FlaskClient) -> Iterator[Floor]:
    """Three months as their nights left them; it is the morning after, and a manager looks."""
    zone = floor.city.zone
    after = clock.midnight(LAST + timedelta(days=1), zone)
    with clock.driven(after + timedelta(hours=1)), floor.db.write() as session:
        for n in range((LAST - FIRST).days + 1):
            day = FIRST + timedelta(days=n)
            session.add(ReportDay(day=day, counted_at=clock.now(), revised_at=None))
            for part in (Part.TICKETS, Part.PRESENCE):
                session.add(RollupDay(part=part.value, day=day, counted_at=clock.now(), rules=""))
            of = {"day": day, "queue": "information", "language": "th"}
            counted = cell(10 + n % 7).as_dict()
            start = clock.midnight(day, zone) + timedelta(hours=9)
            session.execute(sa.insert(call_days), [of | counted])
            session.execute(sa.insert(call_intervals), [{**of, "interval_start": start} | counted])
            tally = dict.fromkeys(TALLIED, 0) | {"calls": 10 + n % 7}
            for hour in ("09", "15"):
                session.execute(
                    sa.insert(call_topics), [{"day": day, "by": "hour", "key": hour} | tally]
                )
    with clock.driven(after + timedelta(hours=8)):
        client.set_cookie(COOKIE, sign_in_as(floor, Role.MANAGER))
        yield floor


def drawn(page: Page) -> int:
    """How many charts there are, once all are drawn."""
    charts = page.locator("figure[data-chart]").count()
    expect(page.locator(DRAWN)).to_have_count(charts)
    assert page.locator(FAILED).count() == 0
    return charts


@pytest.mark.usefixtures("months")
@pytest.mark.parametrize("width", [1366, 360])
@pytest.mark.parametrize("language", ["th", "en"])
def test_charts_are_drawn_and_fit(look: Look, width: int, language: str) -> None:
    for path, number in ((OCTOBER, 5), ("/reports/day/2026-10-30", 2), ("/reports", 3)):
        page = look(f"{path}?lang={language}", width)
        assert drawn(page) == number, path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        smallest = page.evaluate(
            "Math.min(...[...document.querySelectorAll('figure svg text')]"
            ".map(text => parseFloat(getComputedStyle(text).fontSize)))"
        )
        assert smallest >= 14


@pytest.mark.usefixtures("months")
def test_a_chart_follows_the_theme(look: Look) -> None:
    page = look(f"{OCTOBER}?lang=en", 1280)
    drawn(page)
    label = "getComputedStyle(document.querySelector('#picture-level svg text')).fill"
    light = page.evaluate(label)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"() => {label} !== '{light}'")
    ink = page.evaluate("getComputedStyle(document.body).color")
    assert page.evaluate(label) == ink


@pytest.mark.usefixtures("months")
def test_a_chart_has_the_numerals_of_the_city(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numerals, "wanted", lambda: True)
    page = look(f"{OCTOBER}?lang=th", 1280)
    drawn(page)
    assert "๓๑" in (page.locator("#picture-calls svg").text_content() or "")
    shown = page.locator("main").inner_text()
    assert not set(shown) & set("0123456789")


def test_without_a_script_the_tables_stand(
    months: Floor, client: FlaskClient, chromium: Browser
) -> None:
    text = client.get(f"{OCTOBER}?lang=en").text
    page = chromium.new_context(java_script_enabled=False).new_page()
    page.set_content(text)
    tables = page.locator("figure details")
    assert tables.count() == 2, "the trend and the week; the others stand above the table by day"
    tables.last.locator("summary").click()
    expect(tables.last.locator("table")).to_be_visible()
    page.close()


# ---------------------------------------------------------------- publishing


def test_a_manager_publishes_a_month(months: Floor, client: FlaskClient, look: Look) -> None:
    client.set_cookie(LANGUAGE_COOKIE, "en")
    page = look(f"{OCTOBER}?lang=en", 1280)
    page.click("text=Published numbers")
    expect(page.locator("main form button")).to_have_text("Publish the numbers of this month")
    page.click("main form button")
    expect(page.locator("h1")).to_have_text("Every number is today what was published.")
    expect(page.locator("main form")).to_have_count(0)
    calls = page.locator("tr", has_text="Calls").first.locator("td").first
    assert calls.inner_text() == str(sum(10 + n % 7 for n in range(61, 92)))


def test_a_month_that_goes_on_has_no_button_and_says_why(months: Floor, look: Look) -> None:
    page = look("/reports/month/2026-11/published?lang=en", 1280)
    expect(page.locator(".notice")).to_contain_text("The month is not over")
    expect(page.locator("main form")).to_have_count(0)
