"""The charts of the reports in a browser: drawn under the pages' strict policy, in the colours of
the page, no wider than the screen; and a month that is published.
"""

import re
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
from reports.service import How
from reports.topics import TALLIED
from tests.browser.conftest import Look
from tests.support.fixtures import ENGINES
from tests.support.floors import sign_in_as
from tests.support.stories import Story

FIRST, LAST = date(2026, 8, 1), date(2026, 10, 31)
OCTOBER = "/reports/month/2026-10"
FAILED = ".drawn[data-failed]"
DRAWN = ".drawn[data-drawn]"
#: The views that the drawing library has begun and not ended.
LIVING = """() => {
  globalThis.living = new Set();
  globalThis.ended = 0;
  const of = globalThis.vega.View.prototype;
  const { runAsync, finalize } = of;
  of.runAsync = function (...more) { living.add(this); return runAsync.apply(this, more); };
  of.finalize = function () { living.delete(this); ended += 1; return finalize.apply(this); };
}"""


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


#: What a database counts is drawn from either; how it looks is the same.
BOTH = pytest.mark.parametrize("database_url", ENGINES, indirect=True)


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """SQLite, unless a test asks for both."""
    url: str = request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_url")
    return url


@pytest.fixture
def months(floor: Floor, client: FlaskClient) -> Iterator[Floor]:
    """Three months as their nights left them; it is the morning after, and a manager looks."""
    zone = floor.city.zone
    after, mark = clock.midnight(LAST + timedelta(days=1), zone), How.of(floor).mark
    with clock.driven(after + timedelta(hours=1)), floor.db.write() as session:
        for n in range((LAST - FIRST).days + 1):
            day = FIRST + timedelta(days=n)
            session.add(ReportDay(day=day, counted_at=clock.now(), revised_at=None, rules=mark))
            for part in (Part.TICKETS, Part.PRESENCE):
                session.add(RollupDay(part=part.value, day=day, counted_at=clock.now(), rules=mark))
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


@BOTH
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


def ring(floor: Floor, number: int) -> None:
    """So many have called just now."""
    with floor.db.write() as session:
        for _ in range(number):
            Story(session, clock.now() - timedelta(minutes=2)).ended(30)


@BOTH
def test_the_charts_of_today_are_drawn_anew_when_their_numbers_change(
    months: Floor, look: Look
) -> None:
    ring(months, 3)
    page = look("/reports?lang=en", 1280)
    assert drawn(page) == 3
    page.evaluate(LIVING)
    page.evaluate(
        """() => {
          const place = document.querySelector("#picture-hours .drawn");
          globalThis.seen = [];
          new MutationObserver(() => seen.push(place.querySelectorAll("svg").length))
            .observe(place, { childList: true });
          globalThis.others = [...document.querySelectorAll("#weeks svg")];
          document.querySelector("#picture-hours details").open = true;
        }"""
    )
    title = page.locator("#picture-hours figcaption")
    assert "3 calls" in title.inner_text()
    for number in (7, 12):
        ring(months, number - int(re.findall(r"(\d+) calls", title.inner_text())[0]))
        # what a stream tells of, or a minute: without waiting for either
        page.evaluate("dispatchEvent(new Event('online'))")
        expect(title).to_contain_text(f"{number} calls")
        page.wait_for_function("(n) => seen.length >= n", arg=1 if number == 7 else 2)
    # each drawing takes the place of the one before in a step: there never was none, or two
    assert set(page.evaluate("seen")) == {1}
    assert page.evaluate("others.every((svg) => svg.isConnected)"), "what is the same is not drawn"
    assert page.evaluate("document.querySelector('#picture-hours details').open")
    assert page.evaluate("living.size") == 1, "of two drawings the last one lives"
    assert page.locator("#picture-hours svg").count() == 1


def test_a_chart_that_comes_is_drawn_and_one_that_goes_is_let_go_of(
    months: Floor, look: Look
) -> None:
    page = look("/reports?lang=en", 1280)
    assert drawn(page) == 3
    page.evaluate(LIVING)
    page.evaluate("globalThis.gone = document.querySelector('#hours'); gone.remove()")
    page.evaluate("import('/static/reports/charts.js').then((charts) => charts.follow())")
    assert page.evaluate("ended") == 1
    page.evaluate("document.querySelector('#weeks').before(gone)")
    page.evaluate("import('/static/reports/charts.js').then((charts) => charts.follow())")
    assert drawn(page) == 3
    expect(page.locator("#picture-hours svg")).to_have_count(1)
    assert page.evaluate("living.size") == 1


@pytest.mark.usefixtures("months")
@pytest.mark.parametrize("path", [OCTOBER, "/reports"])
def test_paper_is_light_whatever_the_screen_is(look: Look, path: str) -> None:
    def colours(page: Page, of: str = "*") -> set[str]:
        """Of what is seen of the charts."""
        found = page.evaluate(
            """(of) => [...document.querySelectorAll("figure svg")]
              .filter((svg) => svg.checkVisibility())
              .flatMap((svg) => [...svg.querySelectorAll(of)])
              .flatMap((each) => [each.getAttribute("fill"), each.getAttribute("stroke")])""",
            of,
        )
        return {each for each in found if each and each != "none"}

    light, dark = (look(f"{path}?lang=en", 1280, scheme) for scheme in ("light", "dark"))
    charts = drawn(light)
    assert drawn(dark) == charts
    of_dark, letters = colours(dark) - colours(light), colours(light, "text")
    assert of_dark
    assert len(letters) == 2
    for page, scheme in ((light, "light"), (dark, "dark")):
        page.emulate_media(media="print", color_scheme=scheme)  # type: ignore[arg-type]
        assert colours(page, "text") == letters, scheme
        assert not colours(page) & of_dark, scheme
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(27, 32, 36)"
    seen = "[...document.querySelectorAll('figure svg')].filter(s => s.checkVisibility()).length"
    assert dark.evaluate(seen) == charts, "each once"
    dark.emulate_media(media="screen", color_scheme="dark")
    dark.wait_for_function(f"() => {seen} === {charts}")


@pytest.mark.usefixtures("months")
def test_clocks_that_scripts_write_have_the_numerals_of_the_city(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numerals, "wanted", lambda: True)
    page = look("/reports?lang=th", 1280)
    drawn(page)
    expect(page.locator("#as-of")).to_have_text(re.compile("^[๐-๙]{2}:[๐-๙]{2}:[๐-๙]{2}$"))
    page.evaluate(
        """() => {
          const root = document.getElementById("dashboard");
          const time = Object.assign(document.createElement("time"), { id: "waiting" });
          time.dataset.since = new Date(Date.parse(root.dataset.now) - 65e3).toISOString();
          root.append(time);
        }"""
    )
    expect(page.locator("#waiting")).to_have_text(re.compile("^๑:[๐-๙]{2}$"))
    assert not set(page.locator("main").inner_text()) & set("0123456789")


@pytest.mark.usefixtures("months")
@pytest.mark.parametrize("language", ["th", "en"])
def test_what_stands_beside_the_name_of_a_report_keeps_its_words_whole(
    look: Look, language: str
) -> None:
    for width in (360, 820, 1366):
        page = look(f"{OCTOBER}?lang={language}", width)
        heights = page.evaluate(
            "[...document.querySelectorAll('.turn a')].map((each) => each.getClientRects().length)"
        )
        assert set(heights) == {1}, "no link is broken"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if width == 360:
            boxes = [each.bounding_box() for each in page.locator(".turn a").all()]
            assert all(box and box["height"] >= 44 for box in boxes)


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


@BOTH
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
