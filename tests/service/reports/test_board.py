"""The wallboard's figures: those of the reports, as they stand now, and who breaks a limit."""

import random
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from agents import service as agents
from hotline import clock
from hotline.auth import Role
from hotline.models import Account
from ivr.room import waiting
from reports import service, today
from reports.config import Reports, Wallboard
from reports.metrics import Counters, total
from reports.service import How
from reports.today import Today
from tests.service.reports.test_night import DAY, NEXT, midnight, write_day
from tests.support.floors import sign_in_as
from tests.support.stories import Story


def counted(floor, day):
    """What the night would count now, by queue."""
    with floor.db.read() as session:
        cells, _ = service.count_day(session, day, How.of(floor))
    queues = {cell.queue for cell in cells}
    return {
        queue: total(found for cell, found in cells.items() if cell.queue == queue)
        for queue in queues
    }


def figures(floor, figures_of_today, now):
    with floor.db.read() as session:
        found = today.by_queue(figures_of_today.cells(session, now))
    return {queue: counters for queue, counters in found.items() if counters != Counters()}


def test_the_figures_are_those_of_the_night_at_every_moment(floor, monkeypatch):
    """Calls of many hours go on in any order; a late event changes the quarter of its call."""
    monkeypatch.setattr(today, "SLACK", 0)
    figures_of_today, noon = Today(How.of(floor)), midnight(floor) + timedelta(hours=12)
    write_day(floor, DAY - timedelta(days=1), 10)
    write_day(floor, DAY, 25)
    assert figures(floor, figures_of_today, noon) == counted(floor, DAY)
    chance = random.Random(7)
    stories = []
    for _ in range(40):
        with floor.db.write() as session:
            if not stories or chance.random() < 0.5:
                at = midnight(floor) + timedelta(seconds=chance.uniform(0, 80_000))
                stories.append(Story(session, at).queued(chance.uniform(1, 50)))
            else:
                story = stories.pop(chance.randrange(len(stories)))
                story.session = session
                if chance.random() < 0.5:
                    story.abandoned(chance.uniform(1, 3000))
                else:
                    story.connected(chance.uniform(1, 3000)).done()
        assert figures(floor, figures_of_today, noon) == counted(floor, DAY)
    write_day(floor, NEXT, 5, seed=3)
    later = noon + timedelta(days=1)
    assert figures(floor, figures_of_today, later) == counted(floor, NEXT), "another day"


def test_only_what_has_changed_is_counted_again(floor, monkeypatch):
    write_day(floor, DAY, 40)
    figures_of_today, noon = Today(How.of(floor)), midnight(floor) + timedelta(hours=12)
    figures(floor, figures_of_today, noon)
    asked = []
    facts_of = today.source.facts_of
    monkeypatch.setattr(today.source, "facts", None)  # the day as a whole was counted once
    monkeypatch.setattr(
        today.source, "facts_of", lambda _, of, *span: asked.append(of) or facts_of(_, of, *span)
    )
    figures(floor, figures_of_today, noon)  # the newest, of which one may have come meanwhile
    before = figures(floor, figures_of_today, noon)
    assert figures(floor, figures_of_today, noon) == before
    with floor.db.write() as session:
        story = Story(session, midnight(floor) + timedelta(hours=9, minutes=1)).queued()
    for _ in range(2):
        figures(floor, figures_of_today, noon)
    assert asked[1:] == [{story.call_id}], "and each event is looked at once"


def test_a_call_that_goes_on_leaves_where_it_was_counted(floor):
    """It arrived in one quarter of an hour, in no queue; it is queued in the next."""
    figures_of_today, noon = Today(How.of(floor)), midnight(floor) + timedelta(hours=12)
    with floor.db.write() as session:
        story = Story(session, midnight(floor) + timedelta(hours=9, minutes=14, seconds=50))
    assert figures(floor, figures_of_today, noon) == counted(floor, DAY)
    with floor.db.write() as session:
        story.session = session
        story.queued(30)
    found = figures(floor, figures_of_today, noon)
    assert found == counted(floor, DAY)
    assert sum(each.calls for each in found.values()) == 1


def test_after_a_long_while_the_day_is_counted_anew(floor, monkeypatch):
    monkeypatch.setattr(today, "MANY", 3)
    figures_of_today, noon = Today(How.of(floor)), midnight(floor) + timedelta(hours=12)
    figures(floor, figures_of_today, noon)
    write_day(floor, DAY, 10)
    assert figures(floor, figures_of_today, noon) == counted(floor, DAY)


# ---------------------------------------------------------------- the fragment


@pytest.fixture
def noon(floor):
    with clock.driven(midnight(floor) + timedelta(hours=12)) as now:
        yield now


@pytest.fixture
def board(client, bearer):
    headers = bearer(Role.MANAGER)

    def board(**more):
        answer = client.get("/wallboard/now?lang=en", headers={**headers, **more})
        assert answer.status_code == 200
        return answer

    return board


def limits(floor, /, **settings):
    section = floor.section(Reports)
    wallboard = Wallboard.model_validate(settings)
    floor.sections = {
        **floor.sections,
        Reports: section.model_copy(update={"wallboard": wallboard}),
    }


def queue(floor, name, since):
    """Somebody waits there since then."""
    with floor.db.write() as session:
        story = Story(session, since).queued(0, queue=name)
        place = waiting.Place(story.call_id, 1, name, name, "th", 0)
        assert waiting.enter(session, place, now=since)


def alarms(text):
    """Those that are seen."""
    return re.findall(r'<span class="alarm" id="alarm-([a-z_-]+)"[^>]*(?<!hidden)>', text)


def test_who_may_see_it(client, bearer):
    for role in Role:
        may = role in (Role.AGENT, Role.SUPERVISOR, Role.MANAGER)
        status = client.get("/wallboard/now", headers=bearer(role)).status_code
        assert status == (200 if may else 403), role


def test_it_shows_how_the_floor_stands(floor, board, noon):
    write_day(floor, DAY, 30)
    sign_in_as(floor, Role.AGENT, "noi")
    with floor.db.write() as session:
        account = session.execute(sa.select(Account.id).where(Account.username == "noi"))
        facts = agents.create_agent(
            session,
            account_id=account.scalar_one(),
            name="noi",
            queues=["complaint"],
            languages=["th", "en"],
            now=clock.now(),
        )
        agents.ready(session, facts.id, now=clock.now())
    queue(floor, "complaint", clock.now() - timedelta(seconds=90))
    queue(floor, "complaint", clock.now() - timedelta(seconds=30))
    page = board().text
    of_day = total(counted(floor, DAY).values())
    big = re.search(r'id="big">(.*?)</div>', page, re.DOTALL)[1]
    assert "<strong>2</strong> <span>waiting" in big
    since = (clock.now() - timedelta(seconds=90)).isoformat()
    assert f'data-since="{since}"' in big
    assert "<strong>1</strong> <span>agents ready" in big
    level = f"{of_day.answered_in_threshold / (of_day.answered + of_day.abandoned):.0%}"
    assert level.replace("%", "") in big
    row = re.search(r'id="queue-complaint"(.*?)</tr>', page, re.DOTALL)[1]
    assert re.findall(r"<td[^>]*>(?:<strong>)?([^<]*)", row)[0] == "2"
    assert re.findall(r"<td[^>]*>(?:<strong>)?([^<]*)", row)[5] == "1", "ready for this queue"
    other = re.search(r'id="queue-emergency"(.*?)</tr>', page, re.DOTALL)[1]
    assert re.findall(r"<td[^>]*>(?:<strong>)?([^<]*)", other)[5] == "0"
    assert f"<strong>{of_day.abandoned}</strong> abandoned today" in page


def test_a_row_that_breaks_its_limit_has_its_word(floor, board, noon):
    limits(
        floor,
        floor={"waiting": 1},
        queue={"waiting": 1, "longest_wait": 60},
        queues={"emergency": {"waiting": 0, "agents_ready": 1}},
    )
    assert alarms(board().text) == ["emergency-agents_ready"]
    queue(floor, "complaint", clock.now())
    assert alarms(board().text) == ["emergency-agents_ready"]
    queue(floor, "emergency", clock.now())
    text = board().text
    assert alarms(text) == ["floor-waiting", "emergency-waiting", "emergency-agents_ready"]
    assert "Too many waiting</span>" in text
    noon.advance(seconds=61)
    assert "complaint-longest_wait" in alarms(board().text), "a page that is loaded late"
    assert 'data-limit="60.0"' in board().text, "the browser finds out by itself"


def warned(text):
    """What is seen to be near its limit."""
    return re.findall(r'<span class="warning" id="warning-([a-z_-]+)"[^>]*(?<!hidden)>', text)


def test_a_row_near_its_limit_says_so_before_the_alarm(floor, board, noon):
    limits(
        floor,
        warn_at=0.5,
        queue={"waiting": 2, "longest_wait": 60},
        floor={"warn": {"waiting": 1}},
    )
    assert (warned(board().text), alarms(board().text)) == ([], [])
    queue(floor, "complaint", clock.now())
    assert warned(board().text) == [], "one of two is half of it, and not more"
    queue(floor, "complaint", clock.now())
    text = board().text
    assert (warned(text), alarms(text)) == (["floor-waiting", "complaint-waiting"], [])
    assert "Nearly too many waiting</span>" in text
    noon.advance(seconds=31)
    text = board().text
    assert "complaint-longest_wait" in warned(text)
    assert 'data-limit="30.0" data-until="60.0"' in text, "the browser finds out by itself"
    noon.advance(seconds=30)
    queue(floor, "complaint", clock.now())
    text = board().text
    assert "complaint-longest_wait" in alarms(text), "the alarm takes its place"
    assert warned(text) == ["floor-waiting"]


def test_the_level_of_few_calls_raises_no_alarm(floor, board, noon):
    limits(floor, floor={"service_level": 0.9}, service_level_after=3)
    for number in range(3):
        assert alarms(board().text) == [], number
        with floor.db.write() as session:
            Story(session, midnight(floor) + timedelta(hours=8)).queued().abandoned()
    assert alarms(board().text) == ["floor-service_level"]


def test_all_who_ask_after_one_change_get_the_same(floor, board, noon):
    one = board(**{"Hotline-After": "a.1"})
    queue(floor, "complaint", clock.now())
    assert board(**{"Hotline-After": "a.1"}).text == one.text
    assert board(**{"Hotline-After": "a.2"}).text != one.text
    assert board().text != one.text


def test_an_unchanged_one_is_not_sent_again(client, bearer, noon):
    headers = bearer(Role.MANAGER)
    etag = client.get("/wallboard/now", headers=headers).headers["ETag"]
    again = client.get("/wallboard/now", headers={**headers, "If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")


def test_the_page_has_the_figures_without_a_script(client, bearer, floor, noon):
    queue(floor, "complaint", clock.now())
    page = client.get("/wallboard?lang=en", headers=bearer(Role.SUPERVISOR)).text
    assert 'id="big-waiting"><strong>1</strong>' in page
    assert 'data-stream=""' in page, "none is configured"
