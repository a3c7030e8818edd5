"""Whatever the number, what is behind it adds up to it; and who may see it, page by page."""

import csv
import io
import random
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from hotline import clock
from hotline.auth import Role
from hotline.errors import Invalid
from hotline.floor import Floor
from hotline.models import AuditEvent
from reports import behind, jobs, matters, rollups, source
from reports.behind import FIRST, OF_RATE, wanted
from reports.catalogue import CATALOGUE, COUNTED, WORKED_OUT
from reports.figures import figures
from reports.service import How
from reports.span import Span
from tests.service.reports.test_night import DAY, NEXT, midnight
from tests.service.reports.test_rollups import (
    HOUR,
    close,
    complaint,
    conversation,
    night,
    played,
    work,
)
from tests.support.prepared import prepared
from tests.support.stories import Story


@pytest.fixture
def full(floor: Floor) -> Floor:
    """Two days with something of everything, the second not over and not counted."""
    filled(floor)
    return floor


@prepared
def filled(floor: Floor) -> None:
    work(floor, midnight(floor) + HOUR)
    with floor.db.write() as session:
        morning = midnight(floor) + 9 * HOUR
        Story(session, morning).tell("bulletin", 1, bulletins=[1], at="main").ended(5)
        asked = Story(session, morning).queued()
        asked.tell("callback", 9, callback=1, queue="information", language="th", at=None)
        asked.tell("callback_queued", 9, callback=1, queue="information", language="th")
        asked.connected().tell("rated", 3, offer=2, agent=2, mark=4).done(200, 10)
        out = Story(session, morning).queued().connected()
        out.tell("held", 3, offer=2, agent=2).tell("resumed", 3, offer=2, agent=2)
        out.tell("passed_on", 3, offer=2, agent=2, to="outside").done(60, 5)
        Story(session, morning).tell("transferring", 10, number="191").ended()
    conversation(floor, morning, "+66811111111")
    conversation(floor, morning + 2 * HOUR, "+66811111111")
    played(floor)
    with clock.driven(midnight(floor, DAY + timedelta(days=9))):
        jobs.recompute(floor, DAY, DAY)


@pytest.mark.parametrize("past", [True, False])
def test_every_counter_is_what_is_behind_it(full: Floor, past: bool) -> None:
    """From the rows, and of a day that is counted while it lasts; of all and of a part."""
    how = How.of(full)
    span = Span(DAY, DAY) if past else Span(DAY, NEXT)
    now = midnight(full, DAY + timedelta(days=9)) if past else midnight(full, NEXT) + 12 * HOUR
    seen = set()
    with full.db.read() as session:
        whole = figures(session, span, how, now=now)
        for metric in COUNTED:
            if metric.id in FIRST and not past:
                continue  # the rows know already what that noon cannot
            of = wanted(metric.id, span, {})
            found = behind.summed(of, behind.behind(session, of, how, now=now))
            assert found == (whole.metrics[metric.id] or 0), metric.id
            seen |= {metric.id} if found else set()
        for queue, calls in whole.calls_by_queue.items():
            for id_ in ("calls", "offered", "answered", "wait_answered_ms", "talk_max_ms"):
                of = wanted(id_, span, {"queue": queue})
                found = behind.summed(of, behind.behind(session, of, how, now=now))
                assert found == (calls.metrics[id_] or 0), (id_, queue)
                assert found == behind.number(session, of, how, now=now)
        for name, tallies in (
            ("outcome", whole.outcomes),
            ("category", whole.categories),
            ("area", whole.areas),
        ):
            for key, tally in tallies.items():
                of = wanted("answered", span, {name: key})
                items = list(behind.behind(session, of, how, now=now))
                assert len(items) == tally.answered == behind.number(session, of, how, now=now)
        for division, tickets in whole.tickets_by_division.items():
            of = wanted("tickets_open", span, {"division": division})
            items = list(behind.behind(session, of, how, now=now))
            assert len(items) == tickets.counters.tickets_open
    # what is compared must not be all zeros
    assert {"calls", "callbacks_kept", "passed_out", "mark_sum", "hold_max_ms"} <= seen
    assert {"ended_with_bulletin", "tickets_open", "resolve_ms", "on_call_ms"} <= seen
    assert "first_calls" in seen or not past


def test_an_hour_is_what_is_behind_it(full: Floor) -> None:
    how, span, now = How.of(full), Span(DAY, NEXT), midnight(full, NEXT) + 12 * HOUR
    with full.db.read() as session:
        whole = figures(session, span, how, now=now)
        for hour in range(24):
            of = wanted("calls", span, {"hour": f"{hour:02}"})
            there = sum(tally.calls for (_, at), tally in whole.hours.items() if at == hour)
            assert there == len(list(behind.behind(session, of, how, now=now)))
            assert there == behind.number(session, of, how, now=now)


def test_what_happened_to_tickets_is_behind_their_numbers(full: Floor) -> None:
    """Found by what happened, and by all that was open: the same flows; and of any part."""
    how, now = How.of(full), midnight(full, DAY + timedelta(days=9))
    days = rollups.days_of(DAY, DAY, how, now=now)
    with full.db.read() as session:
        start, end = days.starts[0], days.starts[-1]
        every, moved = (
            [(each.number, flow) for each in read for flow in matters.flows(each, days)]
            for read in (
                source.histories(session, start, end),
                source.moved(session, [(start, end)], of={}),
            )
        )
        assert every == moved
        for metric in matters.FLOWS:
            alone = source.moved(session, [(start, end)], of={}, adding_to=metric)
            found = [(each.number, flow) for each in alone for flow in matters.flows(each, days)]
            assert [flow for flow in every if flow[1][1] == metric] == [
                flow for flow in found if flow[1][1] == metric
            ]
        every, standing = (
            [(each.number, stock) for each in read for stock in matters.stocks(each, days)]
            for read in (
                source.histories(session, start, end),
                source.standing(session, start, end, of={}),
            )
        )
        assert every == standing
        assert standing
        assert moved
        whole = figures(session, Span(DAY, DAY), how, now=now)
        for division in whole.tickets_by_division:
            for category in whole.tickets_by_category:
                by = {"division": division, "category": category}
                of = wanted("tickets_received", Span(DAY, DAY), by)
                items = behind.behind(session, of, how, now=now)
                assert behind.summed(of, items) == behind.number(session, of, how, now=now)


def test_what_is_rare_is_not_looked_for_day_by_day(floor: Floor) -> None:
    """Of each page the statements are few, and its items those of the days, in their order."""
    days = [DAY + timedelta(days=n) for n in range(24)]
    for number, day in enumerate(days):
        at = midnight(floor, day) + 9 * HOUR
        with floor.db.write() as session:
            story = Story(session, at).queued().connected()
            story.tell("passed_on", 3, offer=2, agent=2, to="outside").done(60, 5)
            Story(session, at + 5 * HOUR).queued().abandoned(40)
        ticket = complaint(floor, at, 1000 + number)
        close(floor, ticket, at + HOUR)
    now = midnight(floor, days[-1] + timedelta(days=9)) + HOUR
    with clock.driven(now):
        jobs.recompute(floor, days[0], days[-1])
    how, span = How.of(floor), Span(days[0], days[-1])
    asked: list[str] = []
    sa.event.listen(floor.db.engine, "before_cursor_execute", lambda *of: asked.append(of[2]))
    with floor.db.read() as session:
        for metric in ("passed_out", "abandoned", "tickets_closed"):
            of = wanted(metric, span, {})
            asked.clear()
            items = list(behind.behind(session, of, how, now=now))
            assert [item.day for item in items] == days, metric
            assert len(asked) < 2 * len(days), metric
            for place in (1, 7, 20):
                rest = behind.behind(session, of, how, now=now, since=days[place])
                assert list(rest) == items[place:]


def test_what_came_after_a_day_was_counted_while_it_lasted(full: Floor) -> None:
    """The rows of such a day say nothing of where to look."""
    how = How.of(full)
    span = Span(NEXT, NEXT)
    noon = midnight(full, NEXT) + timedelta(hours=12)
    with clock.driven(noon):
        jobs.recompute(full, NEXT, NEXT)
    with full.db.write() as session:
        Story(session, noon + HOUR).queued().abandoned(40)
    with full.db.read() as session:
        of = wanted("abandoned", span, {})
        items = list(behind.behind(session, of, how, now=noon + 4 * HOUR))
        assert noon + HOUR < max(item.at for item in items)
        assert len(items) == behind.number(session, of, how, now=noon + 4 * HOUR)


def test_a_rate_leads_to_what_it_is_taken_over() -> None:
    assert set(OF_RATE) == {metric.id for metric in WORKED_OUT}
    assert set(OF_RATE.values()) <= {metric.id for metric in COUNTED}


@pytest.mark.parametrize(
    ("metric", "by"),
    [("nothing", {}), ("calls", {"division": "x"}), ("tickets_open", {"queue": "x"})],
)
def test_what_is_no_number_is_refused(metric: str, by: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        wanted(metric, Span(DAY, DAY), by)


# ---------------------------------------------------------------- the pages


def test_pages_show_all_of_it_once(full: Floor, client, bearer) -> None:
    with full.db.write() as session:
        chance = random.Random(1)
        for _ in range(150):
            at = midnight(full) + timedelta(seconds=chance.uniform(0, 80_000))
            Story(session, at).ended(1)
    span = f"from={DAY}&until={NEXT}"
    with clock.driven(midnight(full, NEXT) + HOUR):
        night(full, DAY)
        who = bearer(Role.MANAGER)
        seen, address = [], f"/reports/behind?metric=calls&{span}&lang=en"
        while address:
            text = client.get(address, headers=who).text
            seen += [part.split('"')[0] for part in text.split('href="/calls/')[1:]]
            after = text.split('class="button" href="')
            address = after[1].split('"')[0].replace("&amp;", "&") if len(after) > 1 else ""
        answer = client.get(f"/reports/behind.csv?metric=calls&{span}", headers=who)
        lines = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert len(seen) == len(set(seen)) == len(lines) > 150
    assert sum(int(line["calls"]) for line in lines) == len(lines)


def test_who_may_see_it_and_what_is_no_address(full: Floor, client, bearer) -> None:
    good = f"metric=tickets_open&from={DAY}&until={DAY}"
    for role in Role:
        allowed = role in {Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR}
        for page in (f"/reports/behind?{good}", "/reports/month/2026-11/published"):
            status = client.get(page, headers=bearer(role)).status_code
            assert status == (200 if allowed else 403), (role, page)
    who = bearer(Role.MANAGER)
    for bad in ("metric=x", f"{good}&after=x", f"{good}&queue=x", f"metric=calls&from={NEXT}"):
        assert client.get(f"/reports/behind?{bad}", headers=who).status_code == 422, bad
    assert client.get("/reports/behind.csv", headers=who).status_code == 422
    for language in ("th", "en"):
        for metric in ("tickets_open", "talk_ms", "planned_ms", "service_level", "on_call_ms"):
            page = f"/reports/behind?metric={metric}&from={DAY}&until={DAY}&lang={language}"
            text = client.get(page, headers=who).text
            assert CATALOGUE[OF_RATE.get(metric, metric)].name[language] in text


def test_an_address_without_a_number_asks_which(full: Floor, client, bearer) -> None:
    who = bearer(Role.MANAGER)
    with clock.driven(midnight(full, NEXT) + HOUR):
        asked = client.get("/reports/behind?lang=en", headers=who)
        assert asked.status_code == 200
        assert "Which number, of which days?" in asked.text
        assert 'href="/reports"' in asked.text
        assert asked.text.count(f'value="{DAY}"') == 2, "the last day that is over"
        assert 'role="alert"' not in asked.text
        (chosen,) = re.findall(r'<option value="(\w+)">Calls</option>', asked.text)
        days = f"metric={chosen}&from={DAY}&until={DAY}&lang=en"
        assert client.get(f"/reports/behind?{days}", headers=who).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("metric=calls", "Please give the first and the last day"),
        ("metric=calls&from=2026-02-30&until=2026-03-01", "Please give the first and the last day"),
        (f"metric=calls&from={NEXT}&until={DAY}", "366 days at most"),
        ("metric=calls&from=2020-01-01&until=2026-01-01", "366 days at most"),
        (f"metric=x&from={DAY}&until={DAY}", "There is no such number"),
        (f"metric=calls&unit=1&from={DAY}&until={DAY}", "There is no such number"),
    ],
)
def test_what_names_no_number_says_what_is_missing_and_keeps_the_rest(
    client, bearer, wrong: str, said: str
) -> None:
    asked = client.get(f"/reports/behind?{wrong}&lang=en", headers=bearer(Role.MANAGER))
    assert asked.status_code == 422
    assert said in asked.text
    assert "is no day" not in asked.text
    if "metric=calls" in wrong:
        assert '<option value="calls" selected>' in asked.text
    if "until=" in wrong:
        assert f'name="until" required value="{wrong.rpartition("=")[2]}"' in asked.text


def test_a_manager_publishes_a_month_once(full: Floor, client, bearer) -> None:
    after = DAY.replace(day=1) + timedelta(days=31)
    with clock.driven(midnight(full, after) + HOUR):
        for role in (Role.SUPERVISOR, Role.ADMINISTRATOR, Role.AGENT):
            answer = client.post("/reports/month/2026-11/publish", headers=bearer(role))
            assert answer.status_code == 403
        who = bearer(Role.MANAGER)
        assert client.post("/reports/month/2026-11/publish", headers=who).status_code == 422
        night(full, after - timedelta(days=1))
        assert client.post("/reports/month/2026-11/publish", headers=who).status_code == 303
        assert client.post("/reports/month/2026-11/publish", headers=who).status_code == 409
        assert client.get("/reports/month/x/published", headers=who).status_code == 404
        same = client.get("/reports/month/2026-11/published?lang=en", headers=who).text
        assert "is today what was published" in same
        with full.db.write() as session:
            Story(session, midnight(full) + 3 * HOUR).ended(5)
        jobs.recompute(full, DAY, DAY)
        text = client.get("/reports/month/2026-11/published?lang=en", headers=who).text
    assert "are other ones today" in text
    with full.db.read() as session:
        assert session.scalars(sa.select(AuditEvent.subject)).all() == ["month:2026-11"]
