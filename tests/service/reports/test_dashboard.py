"""Comparisons, trends and the page where the reports begin: from what was counted, and no more."""

import re
from datetime import date, timedelta

import pytest

from hotline import clock
from hotline.auth import Role
from hotline.floor import Floor
from reports import behind, dashboard, jobs, library, numerals, past, publishing, service
from reports.compare import Stretch, With
from reports.figures import figures, patterns
from reports.metrics import rates, total
from reports.service import How
from reports.span import Span
from reports.today import Today
from reports.view import Period
from tests.service.reports.test_night import DAY, midnight, write_day
from tests.support.prepared import prepared

WEEK = timedelta(days=7)
TODAY = DAY + WEEK
NOVEMBER = date(2026, 11, 1)


@pytest.fixture
def week(floor: Floor):
    """A day that its night has counted, and a week later the same weekday at noon."""
    two_days(floor)
    with clock.driven(midnight(floor, TODAY) + timedelta(hours=12)):
        yield floor


@prepared
def two_days(floor: Floor) -> None:
    write_day(floor, DAY, 30)
    write_day(floor, TODAY, 20, seed=2)
    with clock.driven(midnight(floor, DAY) + timedelta(days=1, minutes=30)):
        jobs.night(floor, DAY)


def stretch(*, until=None) -> Stretch:
    return Stretch(With.WEEK, Period.day(DAY), DAY, DAY, until)


def test_what_was_is_what_the_night_counted(week: Floor) -> None:
    how, noon = How.of(week), midnight(week, DAY) + timedelta(hours=12)
    with week.db.read() as session:
        rows = service.rows(session, DAY, DAY)
        whole = past.against(session, stretch(), how)
        part = past.against(session, stretch(until=noon), how)
        days = past.by_day(session, DAY - WEEK, TODAY, how)
    assert whole.complete
    assert whole.line.counters.calls == total(row.counters for row in rows).calls == 30
    morning = [row.counters for row in rows if row.interval_start < noon]
    assert 0 < part.line.counters.calls == total(morning).calls < 30
    assert part.line.rates == rates(total(morning), how.formula)
    assert part.known == 1
    window = {DAY - timedelta(days=n): 0 for n in range(1, how.window_days)}
    assert {day: counters.calls for day, counters in days.items()} == window | {DAY: 30}


def test_a_day_that_no_night_counted_is_not_known(week: Floor) -> None:
    before = DAY - WEEK
    with week.db.read() as session:
        two = Stretch(With.MONTH, Period.month(2026, 11), before, DAY)
        found = past.against(session, two, How.of(week))
        none = past.against(
            session, Stretch(With.WEEK, Period.day(before), before, before), How.of(week)
        )
    assert (found.known, found.complete, found.line.counters.calls) == (3, False, 30)
    assert (none.known, none.line.counters.calls) == (0, 0)


def test_today_so_far_is_what_the_report_of_the_day_says(week: Floor) -> None:
    how, now = How.of(week), clock.now()
    with week.db.read() as session:
        found = dashboard.so_far(session, Today(how), how, now=now)
        counted = service.counted(session, TODAY, TODAY, how, now=now, by_day=False)
    assert found.report.total.counters == total(row.counters for row in counted.rows)
    (then,) = found.against
    assert (then.stretch.first, then.stretch.until) == (
        DAY,
        midnight(week, DAY) + timedelta(hours=12),
    )


def test_an_hour_of_the_week_leads_to_its_calls(week: Floor) -> None:
    how, now = How.of(week), clock.now()
    with week.db.read() as session:
        hours = patterns(session, Span.of_month(2026, 11), how, now=now).hours
        assert hours == figures(session, Span.of_month(2026, 11), how, now=now).hours
        (weekday, hour), tally = max(hours.items(), key=lambda each: each[1].calls)
        by = {"hour": f"{hour:02}", "weekday": str(weekday + 1)}
        asked = behind.wanted("calls", Span(DAY, TODAY), by)
        items = behind.summed(asked, behind.behind(session, asked, how, now=now))
        assert behind.number(session, asked, how, now=now) == items == tally.calls > 0
        other = behind.wanted("calls", Span(DAY, TODAY), {**by, "weekday": str(weekday or 7)})
        assert behind.summed(other, behind.behind(session, other, how, now=now)) == 0


def test_the_page_of_today(client, week: Floor, bearer) -> None:
    for role in Role:
        answer = client.get("/reports?lang=en", headers=bearer(role))
        readers = {Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR}
        assert answer.status_code == (200 if role in readers else 403), role
    page = client.get("/reports/?lang=en", headers=bearer(Role.MANAGER)).text
    assert "a week before" in page
    assert f'href="/reports/day/{DAY}"' in page
    assert page.count("data-chart") == 1, "of the weeks there are none yet"
    piece = client.get("/reports/now?lang=en", headers=bearer(Role.MANAGER))
    assert piece.text.strip() in page
    again = {**bearer(Role.MANAGER), "If-None-Match": piece.headers["ETag"]}
    assert client.get("/reports/now?lang=en", headers=again).status_code == 304


def test_the_charts_of_today_are_a_fragment_that_changes_with_the_numbers(
    client, week: Floor, bearer
) -> None:
    who = bearer(Role.MANAGER)
    page = client.get("/reports?lang=en", headers=who).text
    piece = client.get("/reports/now/charts?lang=en", headers=who)
    assert piece.text.strip() in page
    assert 'data-fragment="/reports/now/charts"' in page
    assert f'data-day="{TODAY}"' in page, "a page that is open at midnight knows it"
    again = {**who, "If-None-Match": piece.headers["ETag"]}
    assert client.get("/reports/now/charts?lang=en", headers=again).status_code == 304
    write_day(week, TODAY, 5, seed=7)
    changed = client.get("/reports/now/charts?lang=en", headers=again)
    assert changed.status_code == 200
    assert charts(changed.text) != charts(piece.text)
    for role in (Role.AGENT, Role.DIVISION, Role.CREW):
        assert client.get("/reports/now/charts", headers=bearer(role)).status_code == 403


def charts(text: str) -> list[str]:
    return re.findall("data-chart='([^']*)'", text)


def test_what_scripts_write_has_the_citys_numerals(
    client, week: Floor, bearer, monkeypatch
) -> None:
    monkeypatch.setattr(numerals, "wanted", lambda: True)
    page = client.get("/reports", headers=bearer(Role.MANAGER)).text
    assert re.search('<div id="dashboard"[^>]* data-numerals="thai"', page)
    piece = client.get("/reports/now/charts", headers=bearer(Role.MANAGER)).text
    assert 'data-numerals="thai"' in piece
    assert not re.search("[0-9]", re.sub(r"<[^>]*>", "", piece))


def test_pages_have_the_citys_numerals(client, week: Floor, bearer, monkeypatch) -> None:
    headers, path = bearer(Role.MANAGER), f"/reports/day/{DAY}"
    plain = client.get(path, headers=headers).text
    monkeypatch.setattr(numerals, "wanted", lambda: True)
    found = client.get(path, headers=headers).text
    assert "๒๐ พฤศจิกายน ๒๕๖๙" in found
    main = found[found.index("<main") :]
    main = re.sub(r"<script.*?</script>|<[^>]*>", "", main, flags=re.DOTALL)
    assert not re.search("[0-9]", main)
    hrefs = [re.findall('href="([^"]*)"', page) for page in (plain, found)]
    assert hrefs[0] == hrefs[1]
    assert 'data-numerals="thai"' in found
    assert 'data-numerals="thai"' not in plain


@pytest.mark.parametrize("name", ["vega.js", "vega-lite.js", "interpreter.js"])
def test_the_drawing_library_is_served(client, name: str) -> None:
    with client.get(f"/reports/drawing/{name}") as answer:
        assert answer.status_code == 200
        assert "javascript" in answer.mimetype
        assert len(answer.data) > 5_000
        assert "max-age" in answer.headers["Cache-Control"]
    assert client.get("/reports/drawing/other.js").status_code == 404


def test_the_interpreter_names_no_package() -> None:
    (named,) = re.findall(r"^import .* from '(.*)';$", library._interpreter(), re.MULTILINE)
    assert named == "/static/reports/vega-util.js"


# ---------------------------------------------------------------- publishing


def test_what_a_month_waits_for(week: Floor) -> None:
    how, end = How.of(week), midnight(week, date(2026, 12, 1))

    def waits(month: date = NOVEMBER, now=None):
        with week.db.read() as session:
            return publishing.waits_for(session, month, how, now=now or clock.now())

    assert waits() == publishing.Missing("over", date(2026, 11, 30))
    assert waits(now=end) == publishing.Missing("counted", date(2026, 11, 30))
    assert waits(date(2026, 9, 1)) == publishing.Missing("nothing", date(2026, 9, 30))
    with clock.driven(end + timedelta(minutes=30)):
        jobs.night(week, date(2026, 11, 30))
        assert waits() is None


def test_there_is_no_button_for_a_month_that_is_not_over(client, week: Floor, bearer) -> None:
    page = client.get("/reports/month/2026-11/published?lang=en", headers=bearer(Role.MANAGER)).text
    assert "The month is not over: it can be published after 30 November 2026." in page
    assert "/publish" + '"' not in page
