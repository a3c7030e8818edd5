"""Every number of the pages of a day, a month and a fiscal year is followed down to its list,
through all its pages, and agrees with it; every rate is the quotient of its lists; the JSON file
says what the page says.
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from hotline import clock, i18n
from hotline.auth import Role
from hotline.floor import Floor
from ivr.models import Call
from reports import jobs, service, written
from reports.figures import figures
from reports.history import importing, maps
from reports.history.importing import Job
from reports.metrics import total
from reports.service import How
from reports.span import Span
from reports.web import COLUMNS
from reports.wording import wording
from tests.service.reports.test_night import DAY, NEXT, midnight
from tests.service.reports.test_rollups import HOUR, close, complaint, work
from tests.support.prepared import prepared
from tests.support.stories import Story
from tickets.config import Tickets

ONE_DAY = timedelta(days=1)
OLD = date(2026, 10, 15)
MAP = """
source: old-exchange
time: {zone: Asia/Bangkok, era: buddhist, formats: ["%d/%m/%Y %H:%M:%S"]}
key: [id]
moments: {arrived: at}
lengths: {wait: wait, talk: talk}
outcomes: [{when: {end: ok}, is: answered}, {when: {end: lost}, is: abandoned}]
queue: {always: information}
number: phone
"""


# ---------------------------------------------------------------- two days with a bit of everything


def imported(floor: Floor, folder: Path) -> None:
    """Calls of an old exchange: a day of October, and some of the hotline's own first day."""
    file, the_map = folder / "old.csv", folder / "old.yaml"
    rows = ["id,at,wait,talk,end,phone"]
    for number in range(9):
        end = "lost" if number % 3 == 2 else "ok"
        talk = 60 + number if end == "ok" else ""
        rows.append(
            f"{number},15/10/2569 10:0{number}:00,{5 * number},{talk},{end},081234567{number}"
        )
    rows.append("20,20/11/2569 09:03:00,15,33,ok,0812345678")
    file.write_text("\n".join([*rows, ""]), encoding="utf-8")
    the_map.write_text(MAP, encoding="utf-8")
    now = midnight(floor, NEXT) + HOUR
    with clock.driven(now):
        job = Job(file, the_map, maps.load(the_map), How.of(floor), "TH", now)
        importing.perform(floor.db, job, by="tests")


def simple(floor: Floor, at, **more) -> None:
    """Answered in time and late, exactly at the threshold; abandoned shortly, exactly at the limit,
    and late; from the menu.
    """
    with floor.db.write() as session:
        for number, wait in enumerate((4, 20, 21, 95)):
            story = Story(session, at + timedelta(minutes=number), **more).queued()
            story.missed(wait - 2).connected(2).done(100 + number, 7 * number)
        for number, wait in enumerate((2, 5, 6, 70)):
            Story(session, at + timedelta(minutes=number), **more).queued().abandoned(wait)
        Story(session, at, **more).ended(9)


def odd(floor: Floor, at) -> None:
    """What is rare: each a call that counts in two places, or in an unlikely one."""
    with floor.db.write() as session:
        Story(session, at).tell("bulletin", 1, bulletins=[1], at="main").ended(5)
        Story(session, at).tell("transferring", 10, number="191").ended()
        # a callback that is kept on the same day, and one on the next, each after the caller left
        for after in (9, 20 * 3600):
            asked = Story(session, at).queued()
            asked.tell("callback", 9, callback=1, queue="information", language="th", at=None)
            asked.ended()
            asked.tell("callback_queued", after, callback=1, queue="information", language="th")
            asked.connected().done(50, 5)
        unreached = Story(session, at).queued()
        unreached.tell("callback", 9, callback=2, queue="information", language="th", at=None)
        unreached.tell("callback_queued", 9, callback=2, queue="information", language="th")
        unreached.tell("callback_ended", 9, callback=2, result="unreached").ended()
        # passed on to another queue, at the border of the hour: two visits, one call
        passed = Story(session, at.replace(minute=59, second=30)).queued(0).connected(5)
        passed.tell("passed_on", 20, offer=2, agent=2, to="queue")
        passed.tell("talk_ended", 0, offer=2, agent=2, by="agent")
        passed.queued(15, queue="complaint").connected(8).done(70, 11)
        # taken over by a supervisor; held; rated; left to somebody outside
        taken = Story(session, at).queued().connected(6)
        taken.tell("taken_over", 30, offer=3, agent=3, queue="information", language="th")
        taken.tell("talk_ended", 40, offer=3, agent=3, by="caller").ended()
        held = Story(session, at, language="en").queued().connected(3)
        held.tell("held", 3, offer=2, agent=2).tell("resumed", 12, offer=2, agent=2)
        held.tell("passed_on", 3, offer=2, agent=2, to="outside").done(60, 5)
        held.tell("rated", 1, offer=2, agent=2, mark=4)
        # sent on by the queue itself
        sent = Story(session, at).queued()
        sent.tell("left", 33, queue="information", language="th", why="overflow")
        sent.tell("transferring", 0, number="1669").ended()
        # agents call
        for reached in (True, False):
            out = Story(session, at)
            out.tell("called_out", 1, agent=2, ticket="1", language="th")
            if reached:
                out.tell("connected", 9, offer=4, agent=2, queue="", language="th")
                out.tell("talk_ended", 60, offer=4, agent=2, by="agent").ended()
            else:
                out.tell("not_reached", 9, agent=2, result="busy").ended()
        # in the line still, and in the menu
        Story(session, at).queued()
        Story(session, at)


def matters(floor: Floor, at) -> None:
    """Tickets of conversations, all but one done."""
    for number in range(7):
        with floor.db.write() as session:
            story = Story(session, at + number * timedelta(minutes=2)).queued().connected().done()
            session.execute(
                sa.update(Call).where(Call.id == story.call_id).values(from_number="+66811111111")
            )
        made = complaint(floor, story.at, story.call_id)
        if number < 6:
            close(floor, made, story.at + HOUR)


@pytest.fixture
def everything(floor: Floor) -> Iterator[Floor]:
    """A day that its night has counted, one that goes on, and the calls of an old exchange; it is
    the noon of the second.
    """
    two_days(floor)
    with clock.driven(midnight(floor, NEXT) + 12 * HOUR):
        yield floor


@prepared
def two_days(floor: Floor) -> None:
    for day in (DAY, NEXT):
        morning = midnight(floor, day) + 9 * HOUR
        simple(floor, morning)
        simple(floor, morning + 2 * HOUR, language="en")
    odd(floor, midnight(floor, DAY) + 14 * HOUR)
    matters(floor, midnight(floor, DAY) + 15 * HOUR)
    work(floor, midnight(floor) + HOUR)
    with TemporaryDirectory() as folder:
        imported(floor, Path(folder))
    with clock.driven(midnight(floor, NEXT) + timedelta(minutes=30)):
        jobs.night(floor, DAY)


# ---------------------------------------------------------------- reading a page


@dataclass(frozen=True)
class Cell:
    """A cell of a table, or a large figure."""

    text: str
    href: str | None


class Tables(HTMLParser):
    """The rows of all tables of a page, and every number that leads somewhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[Cell]] = []
        self.links: list[Cell] = []
        self._text, self._href, self._in_cell = "", None, False
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self._text, self._href, self._in_cell = "", None, True
        if tag == "a":
            self._text, self._href = "", dict(attrs).get("href")

    def handle_data(self, data) -> None:
        self._text += data

    def handle_endtag(self, tag) -> None:
        found = Cell(self._text.strip(), self._href)
        if tag == "a" and self._href and is_list(self._href):
            self.links.append(found)
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append(found)
            self._in_cell, self._href = False, None


def is_list(href: str) -> bool:
    return href.startswith(("/calls?", "/reports/behind?"))


@pytest.fixture
def get(client, everything: Floor, bearer):
    headers = bearer(Role.MANAGER)

    def get(path: str) -> str:
        answer = client.get(path, headers=headers)
        assert answer.status_code == 200, (path, answer.text)
        return answer.text

    return get


@pytest.fixture
def followed(get, monkeypatch):
    """What the list behind an address holds, through all of its pages, a line each; each address
    is followed once.
    """
    monkeypatch.setattr("ivr.pages.call_list.PAGE", 20)
    monkeypatch.setattr("reports.behind_web.ON_PAGE", 20)
    known: dict[str, list[list[Cell]]] = {}

    def followed(href: str, language: str) -> list[list[Cell]]:
        if href in known:
            return known[href]
        rows: list[list[Cell]] = []
        address = f"{href}&lang={language}"
        while address:
            text = get(address)
            rows += Tables(text).rows[1:]
            more = re.search(r'class="button" href="([^"]+)"', text)
            address = more.group(1).replace("&amp;", "&") if more else ""
        known[href] = rows
        return rows

    return followed


def seconds(text: str) -> int:
    whole = 0
    for part in text.split(":"):
        whole = 60 * whole + int(part)
    return whole


def number(text: str) -> int | None:
    return int(text.replace(",", "")) if re.fullmatch(r"[\d,]+", text) else None


def counted_behind(href: str, rows: list[list[Cell]]) -> int:
    """What a list gives: of calls its lines, of others what each line adds."""
    if href.startswith("/calls?"):
        return len(rows)
    return sum(int(row[-1].text.replace(",", "")) for row in rows)


PAGES = (
    f"/reports/day/{DAY}",
    f"/reports/day/{NEXT}",
    f"/reports/day/{OLD}",
    "/reports/month/2026-11",
    "/reports/month/2026-10",
    "/reports/year/2570",
    "/reports",
)


@pytest.mark.parametrize("pages", [PAGES[:3], PAGES[3:]], ids=["days", "longer"])
def test_every_number_that_leads_to_a_list_is_what_it_holds(get, followed, pages) -> None:
    """Both languages show the same numbers with the same lists; each list is read in one of them,
    in turns.
    """
    seen: dict[str, int] = {}
    for page in pages:
        thai, english = (Tables(get(f"{page}?lang={each}")).links for each in ("th", "en"))
        assert [each.href for each in thai] == [each.href for each in english]
        for turn, (of_thai, cell) in enumerate(zip(thai, english, strict=True)):
            shown = number(cell.text)
            if shown is None or cell.href is None:
                continue  # a rate, or a length of time
            assert number(of_thai.text) == shown, (page, cell)
            rows = followed(cell.href, ("th", "en")[turn % 2])
            assert counted_behind(cell.href, rows) == shown, (page, cell)
            query = parse_qs(urlsplit(cell.href).query)
            name = (query.get("outcome") or query["metric"])[0]
            seen[name] = seen.get(name, 0) + 1
            if name == "incoming":  # a call is told once, however often it queued
                own = [row[0].href for row in rows if "/calls/" in (row[0].href or "")]
                assert len(set(own)) == len(own), cell
    assert min(seen.values()) >= 2
    assert {"incoming", "not_queued", "queued", "answered", "abandoned"} <= set(seen)
    assert sum(seen.values()) > 100


@pytest.mark.parametrize("page", PAGES[:-1])
def test_rates_are_the_quotients_of_their_lists(get, followed, page) -> None:
    columns = {id_: place for place, id_ in enumerate(COLUMNS)}
    lines = 0
    for row in Tables(get(f"{page}?lang=en")).rows:
        cells = dict(zip(columns, row[-len(columns) :], strict=False))
        level = cells.get("service_level")
        if len(row) <= len(columns) or level is None or "%" not in level.text:
            continue
        lines += 1
        within, gone = (
            number(cells[name].text) or 0 for name in ("answered_in_threshold", "abandoned")
        )
        wait = cells["average_wait"]
        on_line = followed(wait.href, "en") if wait.href else []
        # the columns of the list: arrived, caller, queue, language, outcome, waited, talked
        waits = [seconds(line[5].text) for line in on_line]
        assert level.text == i18n.percent(within / (len(waits) + gone), "en")
        if waits:
            assert wait.text == i18n.duration(sum(waits) / len(waits))
            assert cells["wait_answered_max_ms"].text in (i18n.duration(max(waits)), i18n.EMPTY)
        talk = cells["average_talk"]
        if talk.href:
            talks = [seconds(line[6].text) for line in followed(talk.href, "en")]
            assert talk.text == i18n.duration(sum(talks) / len(talks))
    assert lines >= 2, page


def test_the_lists_of_an_imported_month_say_where_each_call_is_from(get, client, bearer) -> None:
    path = "/calls?from=2026-10-01&until=2026-10-31&outcome=abandoned&lang=en"
    text = get(path)
    assert text.count('href="/reports/imports#import-1"') == 3
    assert "old-exchange, line 4" in text
    assert "+66·····672" in text or "+66·····562" in text or "·····" in text
    supervisor = client.get(path, headers=bearer(Role.SUPERVISOR)).text
    assert "/reports/imports" not in supervisor
    assert "old-exchange, line 4" in supervisor
    for query, lines in (
        ("outcome=incoming", 9),
        ("outcome=answered", 6),
        ("outcome=answered&within=20", 4),
        ("outcome=abandoned&within=5", 0),
        ("outcome=incoming&queue=complaint", 0),
        ("outcome=incoming&language=", 9),
        ("outcome=queued&hour=10", 9),
        ("outcome=queued&hour=11", 0),
        ("outcome=callback", 0),
        ("", 9),
    ):
        found = get(f"/calls?from=2026-10-01&until=2026-10-31&{query}&lang=th")
        assert found.count('<th role="rowheader"') == lines, query


def test_the_json_file_says_what_the_pages_say(get, everything: Floor, tmp_path) -> None:
    """Each number of the totals, by its identifier."""
    how, now = How.of(everything), clock.now()
    for page, span in (
        (PAGES[0], Span(DAY, DAY)),
        (PAGES[1], Span(NEXT, NEXT)),
        (PAGES[3], Span.of_month(2026, 11)),
        (PAGES[4], Span.of_month(2026, 10)),
        (PAGES[5], Span.of_fiscal_year(2570)),
    ):
        with everything.db.read() as session:
            found = figures(session, span, how, now=now)
        words = wording("en", everything.texts, *sections(everything))
        written.as_json(found, words, tmp_path / "file.json")
        metrics = json.loads((tmp_path / "file.json").read_text("utf-8"))["metrics"]
        totals = [
            row for row in Tables(get(f"{page}?lang=en")).rows if row and row[0].text == "Total"
        ]
        assert len(totals) == 2, page
        for row in totals:
            for id_, cell in zip(COLUMNS, row[-len(COLUMNS) :], strict=True):
                value = metrics[id_]
                if id_ == "service_level":
                    shown = i18n.percent(value, "en")
                elif id_.endswith("_ms") or id_.startswith("average"):
                    shown = i18n.duration(None if value is None else value / 1000)
                else:
                    shown = i18n.number(value, "en")
                assert cell.text == shown, (page, id_)


def sections(floor: Floor):
    from ivr.config import Ivr

    return floor.section(Ivr), floor.section(Tickets)


def test_the_file_of_calls_adds_up_to_the_page(get) -> None:
    text = get("/reports/year/2570.csv?names=identifiers")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    for id_ in ("calls", "offered", "answered", "abandoned"):
        (cell,) = (
            row[-len(COLUMNS) :][COLUMNS.index(id_)]
            for row in Tables(get("/reports/year/2570?lang=en")).rows[-1:]
        )
        assert number(cell.text) == sum(int(row[id_]) for row in rows), id_


def test_an_old_list_is_found_by_what_was_counted_and_loses_nothing(
    everything: Floor, client, bearer
) -> None:
    """Weeks later the rows say where to look: what is found is what was found without them."""
    names = ("incoming", "answered", "abandoned", "left", "callback", "outgoing", "held", "talked")

    def listed() -> dict[str, int]:
        headers, days = bearer(Role.MANAGER), f"from={DAY}&until={DAY}"
        pages = {
            name: client.get(f"/calls?{days}&outcome={name}&lang=en", headers=headers).text
            for name in names
        }
        return {name: text.count('<th role="rowheader"') for name, text in pages.items()}

    lists = listed()
    assert min(lists.values()) > 0
    with clock.driven(midnight(everything, DAY + 30 * ONE_DAY)):
        jobs.recompute(everything, DAY, NEXT + ONE_DAY)
        assert listed() == lists
    with everything.db.read() as session:
        rows = service.rows(session, DAY, DAY)
    assert total(row.counters for row in rows).calls == lists["incoming"]
