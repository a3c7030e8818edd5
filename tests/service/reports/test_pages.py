"""The pages and files: who may read them, and that their numbers are the sums of their rows."""

import csv
import io
import random
import re
from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from hotline import clock
from hotline.auth import Role
from reports import jobs
from tests.service.reports.test_night import DAY, NEXT, midnight, write_day
from tests.support.prepared import prepared
from tests.support.stories import Story

PAGES = [
    "/reports/day/2026-11-20",
    "/reports/month/2026-11",
    "/reports/year/2570",
    "/reports/definitions",
]
READERS = {Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR}


@pytest.fixture
def played(floor):
    """Two days with calls, the first counted by its night; it is noon of the second."""
    two_days(floor)
    with clock.driven(midnight(floor, NEXT) + timedelta(hours=23, minutes=30)):
        yield floor


@prepared
def two_days(floor):
    write_day(floor, DAY, 40)
    write_day(floor, NEXT, 10, seed=2)
    with floor.db.write() as session:
        Story(session, midnight(floor) + timedelta(hours=9)).queued().abandoned(2)
    with clock.driven(midnight(floor, NEXT) + timedelta(minutes=30)):
        jobs.night(floor, DAY)


@pytest.fixture
def get(client, played, bearer):
    headers = bearer(Role.MANAGER)

    def get(path: str, expect: int = 200):
        answer = client.get(path, headers=headers)
        assert answer.status_code == expect, answer.text
        return answer

    return get


@pytest.fixture
def counters(get):
    """The stored counters of a report, as a program reads them."""

    def counters(path: str) -> list[dict[str, str]]:
        return rows(get(f"{path}.csv?names=identifiers"))

    return counters


def rows(answer) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def test_who_may_read(client, played, bearer):
    for role in Role:
        for page in ("/reports/day/2026-11-20", "/reports/month/2026-11.csv"):
            answer = client.get(page, headers=bearer(role))
            assert answer.status_code == (200 if role in READERS else 403), (role, page)


@pytest.mark.parametrize(("language", "words"), [("th", "นับอย่างไร"), ("en", "How this is counted")])
def test_pages_in_both_languages(get, language, words):
    for page in PAGES:
        answer = get(f"{page}?lang={language}")
        assert "style=" not in answer.text  # the security policy allows none
        assert "None" not in re.sub(r"<[^>]*>", "", answer.text)
        assert words in answer.text or page == "/reports/definitions"


def test_the_title_says_the_finding(get, counters):
    total = sum(int(row["calls"]) for row in counters("/reports/day/2026-11-20"))
    (title,) = re.findall(r"<h1>(.*?)</h1>", get("/reports/day/2026-11-20?lang=en").text)
    assert title.startswith(f"{total} calls: ")


def test_the_title_of_a_single_call_that_came_to_no_queue(floor, client, bearer):
    with floor.db.write() as session:
        Story(session, midnight(floor) + timedelta(hours=9)).ended(5)
    with clock.driven(midnight(floor) + timedelta(hours=12)):
        for language, said in (
            ("en", "<h1>One call; none came to a queue</h1>"),
            ("th", "<h1>สายเข้า 1 สาย ไม่มีสายใดเข้าคิว</h1>"),
        ):
            headers = bearer(Role.MANAGER)
            page = client.get(f"/reports/day/{DAY}?lang={language}", headers=headers).text
            assert said in page


def test_years_are_the_readers(get):
    assert "พฤศจิกายน 2569" in get("/reports/month/2026-11?lang=th").text
    assert "November 2026" in get("/reports/month/2026-11?lang=en").text
    assert "ปีงบประมาณ 2570" in get("/reports/year/2570?lang=th").text


def test_the_files_of_day_month_and_year_add_up(counters):
    day, next_day = (counters(f"/reports/day/{each}") for each in (DAY, NEXT))
    month, year = counters("/reports/month/2026-11"), counters("/reports/year/2570")
    for name in ("calls", "offered", "answered", "abandoned", "talk_ms", "wait_answered_ms"):
        of_days = sum(int(row[name]) for row in day + next_day)
        assert of_days > 0
        assert sum(int(row[name]) for row in month) == of_days
        assert sum(int(row[name]) for row in year) == of_days
    longest = max(int(row["talk_max_ms"]) for row in day + next_day)
    assert max(int(row["talk_max_ms"]) for row in year) == longest
    assert {row["day"] for row in month} == {DAY.isoformat(), NEXT.isoformat()}


def test_the_file_of_a_day_has_its_intervals_in_local_time(counters):
    found = counters(f"/reports/day/{DAY}")
    assert all(row["interval_start"].startswith("2026-11-20T") for row in found)
    assert all(row["interval_start"].endswith("+07:00") for row in found)
    assert {row["interval_start"][14:16] for row in found} <= {"00", "15", "30", "45"}


#: The same columns in the reader's words, and what they are called in the stored rows.
IN_WORDS = {
    "en": {
        "Calls": "calls",
        "Answered": "answered",
        "Talk time (seconds)": "talk_ms",
        "Wait of answered calls (seconds)": "wait_answered_ms",
    },
    "th": {
        "สายเข้า": "calls",
        "รับสาย": "answered",
        "เวลาสนทนารวม (วินาที)": "talk_ms",
        "เวลารอรวม (รับสาย) (วินาที)": "wait_answered_ms",
    },
}


@pytest.mark.parametrize("language", IN_WORDS)
@pytest.mark.parametrize("page", PAGES[:3])
def test_a_readers_file_says_the_same_in_words_and_seconds(get, counters, page, language):
    answer = get(f"{page}.csv?lang={language}")
    assert answer.data.startswith(b"\xef\xbb\xbf")  # or Excel reads it as Latin
    read, stored = rows(answer), counters(page)
    assert not set(read[0]) & set(stored[0])  # no identifier has slipped in
    for words, of_row in zip(read, stored, strict=True):
        for head, name in IN_WORDS[language].items():
            number = int(of_row[name]) / 1000 if name.endswith("_ms") else int(of_row[name])
            assert float(words[head]) == number, head


@pytest.mark.parametrize("page", PAGES[:3])
def test_a_readers_file_has_the_rates_of_each_row(get, counters, page):
    read, stored = rows(get(f"{page}.csv?lang=en")), counters(page)
    seen = 0
    for words, of_row in zip(read, stored, strict=True):
        answered, abandoned = int(of_row["answered"]), int(of_row["abandoned"])
        settled = answered + abandoned
        level = 100 * int(of_row["answered_in_threshold"]) / settled if settled else None
        wait = int(of_row["wait_answered_ms"]) / 1000 / answered if answered else None
        assert words["Service level (%)"] == ("" if level is None else str(round(level, 2)))
        if wait is None:
            assert words["Average speed of answer (seconds)"] == ""
            assert words["Longest wait of an answered call (seconds)"] == ""
        else:
            seen += 1
            assert float(words["Average speed of answer (seconds)"]) == pytest.approx(wait, abs=0.1)
    assert seen


def test_a_readers_file_names_days_queues_and_languages(get):
    of_day = rows(get(f"/reports/day/{DAY}.csv?lang=th"))
    assert all(row["วันที่"] == "2026-11-20" for row in of_day)
    assert all(re.fullmatch(r"2026-11-20 \d\d:(00|15|30|45)", row["เริ่มช่วงเวลา"]) for row in of_day)
    assert {"ไม่ได้เข้าคิว", "ข้อมูลและบริการ"} <= {row["คิว"] for row in of_day}
    assert "ไทย" in {row["ภาษา"] for row in of_day}
    of_month = rows(get("/reports/month/2026-11.csv?lang=en"))
    assert {row["Date"] for row in of_month} == {"2026-11-20", "2026-11-21"}
    assert "Interval start" not in of_month[0]
    assert "Thai" in {row["Language"] for row in of_month}


@pytest.mark.parametrize("language", ["th", "en"])
@pytest.mark.parametrize("page", PAGES[:3])
def test_the_link_to_the_file_keeps_the_readers_language(get, page, language):
    (href,) = re.findall(r'href="([^"]+\.csv[^"]*)" download', get(f"{page}?lang={language}").text)
    heads = get(href).text.splitlines()[0].removeprefix("\ufeff").split(",")
    assert heads[0] == {"th": "วันที่", "en": "Date"}[language]
    assert len(set(heads)) == len(heads)


@pytest.mark.parametrize("page", PAGES[:3])
def test_every_number_leads_to_exactly_its_calls(get, page):
    """What the page says and what the list behind it holds is the same number."""
    text = get(f"{page}?lang=en").text
    links = dict(re.findall(r'<a href="(/calls\?[^"]+)">([\d,]+)</a>', text))
    assert len(links) > 20
    some = random.Random(page).sample(sorted(links.items()), 12)
    for href, number in some:
        listed = get(href.replace("&amp;", "&") + "&lang=en").text
        found = len(set(re.findall(r'href="/calls/(\d+)', listed)))
        assert found == int(number.replace(",", "")), href


def test_links_name_the_limits_that_were_counted_with(get):
    text = get("/reports/day/2026-11-20?lang=en").text
    queries = [
        parse_qs(urlsplit(href).query) for href in re.findall(r'href="(/calls\?[^"]+)"', text)
    ]
    within = {tuple(query["amp;within"]) for query in queries if "amp;within" in query}
    assert within == {("20",), ("5",)}


def test_addresses_of_nothing(get):
    for path in (
        "/reports/day/2026-02-30",
        "/reports/day/yesterday",
        "/reports/month/2026-13",
        "/reports/month/2026",
        "/reports/year/0",
        "/reports/year/99999999999",
        "/reports/year/abc.csv",
        "/reports/go?day=x",
    ):
        get(path, 404)


def test_a_day_is_gone_to(get):
    assert get(f"/reports/go?day={DAY}", 302).location == f"/reports/day/{DAY}"


def test_a_day_without_calls_and_days_to_come(get):
    empty = get("/reports/day/2026-11-19?lang=en").text
    assert "No calls" in empty
    assert "Calls per hour" not in empty, "of nothing there is no picture"
    assert "Nothing has been counted here" in get("/reports/day/2020-01-01?lang=en").text
    assert "Nothing has been counted here" in get("/reports/year/2580?lang=en").text


@pytest.mark.parametrize("name", ["year/2550", "month/2020-01", "day/2020-01-01", "month/2090-01"])
def test_what_nobody_counted_is_a_dash_and_no_zero(get, name):
    page = get(f"/reports/{name}?lang=en").text
    sums = re.findall(r"<tfoot>.*?</tfoot>", page, re.S)
    assert len(sums) == 2
    for each in sums:
        cells = re.findall(r'<td class="number">\s*([^<]*?)\s*</td>', each)
        assert set(cells) == {"–"}, each
    large = re.findall(r"</dt>\s*<dd>([^<]*)</dd>", page.partition("<tfoot>")[0])
    assert set(large) == {"–"}, large
    assert "data-chart" not in page
    # nothing is offered of days to come but the page itself
    assert (".pdf" in page) == (name.startswith(("year/2550", "month/2020")))


def test_what_is_live_and_what_was_revised_is_said(get, played):
    text = get("/reports/month/2026-11?lang=en").text
    assert "Counted from the events just now" in text
    assert "21 November 2026" in text
    with played.db.write() as session:
        Story(session, midnight(played, date(2026, 11, 18)) + timedelta(hours=8)).ended(1)
    with clock.driven(midnight(played, NEXT) + timedelta(days=1, minutes=30)):
        jobs.night(played, NEXT)
        assert "Revised afterwards" in get("/reports/month/2026-11?lang=en").text


def test_a_month_is_printed_for_who_reads_reports(client, played, get, bearer):
    page = get("/reports/month/2026-11?lang=en").text
    address = re.search(r'href="(/reports/month/2026-11\.pdf[^"]*)"', page).group(1)
    answer = get(address)
    assert answer.mimetype == "application/pdf"
    assert answer.data.startswith(b"%PDF")
    assert "report-2026-11-en.pdf" in answer.headers["Content-Disposition"]
    refused = client.get(address, headers=bearer(Role.AGENT))
    assert refused.status_code == 403
