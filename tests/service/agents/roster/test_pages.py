"""The roster's pages: supervisors write, managers read, agents see their own and nobody else's."""

import io
import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from agents import service as agents
from agents.roster import service
from agents.roster.service import Act, Plan
from hotline import audit, clock
from hotline.auth import Role
from hotline.models import Account
from hotline.web import LANGUAGE_COOKIE
from tests.support.floors import sign_in_as

HERE = ZoneInfo("Asia/Bangkok")
#: Noon of a Monday.
NOW = datetime(2026, 11, 16, 5, tzinfo=UTC)
MONDAY = date(2026, 11, 16)


@pytest.fixture
def database_url(sqlite_url):
    return sqlite_url


@pytest.fixture(autouse=True)
def now():
    with clock.driven(NOW) as driven:
        yield driven


@pytest.fixture
def people(floor):
    """Ids of two agents, by username."""
    return {name: employ(floor, name) for name in ("noi", "lek")}


def employ(floor, username):
    sign_in_as(floor, Role.AGENT, username)
    with floor.db.write() as session:
        account = session.scalar(sa.select(Account.id).where(Account.username == username))
        return agents.create_agent(
            session, account_id=account, name=f"คุณ{username}", queues=[], languages=[], now=NOW
        ).id


@pytest.fixture
def get(client, floor):
    """`get(path, role, username)`: a page as somebody sees it, in English."""

    def one(path, role=Role.SUPERVISOR, username=""):
        token = sign_in_as(floor, role, username)
        client.set_cookie(LANGUAGE_COOKIE, "en")
        headers = {"Authorization": f"Bearer {token}"}
        return client.get(path, headers=headers)

    return one


@pytest.fixture
def post(client, floor):
    def one(path, role=Role.SUPERVISOR, username="", **form):
        client.set_cookie(LANGUAGE_COOKIE, "en")
        headers = {"Authorization": f"Bearer {sign_in_as(floor, role, username)}"}
        return client.post(path, data=form, headers=headers)

    return one


def add(floor, agent_id, rule="FREQ=DAILY", start=time(8), **more):
    with floor.db.write() as session:
        plan = Plan(agent_id, MONDAY, start, 480, rule, **more)
        return service.add(session, plan, Act(None, NOW, HERE))


def text(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


FORM = {
    "first_day": "2026-11-17",
    "start": "22:00",
    "end": "06:00",
    "pattern": "weekly",
    "weekdays": ["1", "3"],
}


def test_a_shift_is_made_changed_and_ended_on_pages(floor, people, get, post):
    noi = people["noi"]
    assert post("/roster/shifts/new", agent=noi, **FORM).status_code == 302
    page = text(get("/roster?week=2026-11-18"))
    assert page.count("22:00 – 06:00") == 4  # two shifts, in the table and in the lists
    (series,) = read(floor)
    assert get(f"/roster/shifts/{series.id}").status_code == 200
    changed = {**FORM, "first_day": "2026-11-19", "start": "20:00", "version": 1, "count": 3}
    assert post(f"/roster/shifts/{series.id}", **changed).status_code == 302
    first, second = read(floor)
    assert (first.last_day, second.first_day) == (date(2026, 11, 18), date(2026, 11, 19))
    assert second.last_day == date(2026, 11, 26)
    form = {"since": "2026-11-20", "version": second.version}
    assert post(f"/roster/shifts/{second.id}/remove", **form).status_code == 302
    assert "20:00" not in text(get("/roster?week=2026-11-24"))
    with floor.db.read() as session:
        lines = audit.lines(session, audit.Asked(subject=f"agent:{noi}"))
    assert [each.kind for each in lines] == [
        "agents.shift_removed",
        "agents.shift_changed",
        "agents.shift_added",
    ]
    assert {each.by for each in lines} == {"the-supervisor"}


def read(floor):
    with floor.db.read() as session:
        return service.series_between(session, date(2026, 1, 1), date(2027, 1, 1))


@pytest.mark.parametrize(
    "wrong",
    [
        {"agent": ""},
        {"agent": "99"},
        {"first_day": "soon"},
        {"end": ""},
        {"end": "22:00"},
        {"weekdays": []},
        {"every": "x"},
        {"pattern": "sometimes"},
        {"pattern": "on_off", "on": "0"},
        {"count": "5000"},
        {"last_day": "2026-01-01"},
    ],
)
def test_a_wrong_form_comes_back_with_what_was_typed(floor, people, post, wrong):
    answer = post("/roster/shifts/new", **{"agent": people["noi"], "note": "keep", **FORM, **wrong})
    assert answer.status_code in (404, 422)
    assert 'value="keep"' in answer.text
    assert 'id="fault"' in answer.text
    assert read(floor) == []


def test_one_day_is_changed_and_put_back(floor, people, get, post):
    shift = add(floor, people["noi"])
    page = f"/roster/shifts/{shift}/days/2026-11-17"
    assert get(page).status_code == 200
    form = {"day": "2026-11-17", "start": "08:00", "end": "16:00", "agent": people["lek"]}
    assert post(page, **form, off="", version=1, reason="").status_code == 422
    assert post(page, **form, off="", version=1, reason="dentist").status_code == 302
    week = text(get("/roster"))
    assert "instead of คุณnoi" in week
    assert "dentist" in week
    assert post(page, **form, off="off", version=1, reason="late").status_code == 409
    assert post(page, **form, off="planned", version=2).status_code == 302
    assert "dentist" not in text(get("/roster"))
    assert get(f"/roster/shifts/{shift}/days/2026-11-15").status_code == 404


def test_what_conflicts_and_where_somebody_is_missing(floor, people, get):
    add(floor, people["noi"], "")
    add(floor, people["noi"], "", time(20))
    add(floor, people["lek"], "")
    page = text(get("/roster"))
    assert "Conflicts: 1" in page
    assert "only 4.0 hours of rest" in page
    # nobody through the night
    assert "0 /1 too few" in page


def test_an_agent_sees_their_own_and_no_more(floor, people, get, post):
    shift, _ = add(floor, people["noi"], note="early"), add(floor, people["lek"], note="theirs")
    page = text(get("/roster/mine", Role.AGENT, "noi"))
    assert "early" in page
    assert "theirs" not in page
    for path in ("/roster", "/roster/now", "/roster/adherence", f"/roster/shifts/{shift}"):
        assert get(path, Role.AGENT, "noi").status_code == 403
    assert post("/roster/shifts/new", Role.AGENT, "noi", **FORM).status_code == 403
    assert post("/roster/shifts/new", Role.MANAGER, **FORM).status_code == 403
    assert get("/roster", Role.MANAGER).status_code == 200
    assert get("/roster/mine", Role.SUPERVISOR).status_code == 404


def test_a_secret_address_opens_the_calendar_without_signing_in(floor, people, client, get, post):
    add(floor, people["noi"])
    add(floor, people["lek"], start=time(16))
    page = post("/roster/feed", Role.AGENT, "noi")
    (address,) = re.findall(r"https://hotline\.example(/roster/feed/[\w-]+)", page.text)
    answer = client.get(f"{address}.ics")
    assert answer.mimetype == "text/calendar"
    assert answer.text.count("BEGIN:VEVENT") == 1
    assert "T080000" in answer.text
    # it is shown once
    assert address not in get("/roster/mine", Role.AGENT, "noi").text
    assert post("/roster/feed/revoke", Role.AGENT, "noi").status_code == 302
    assert client.get(address).status_code == 404


def test_a_file_is_shown_before_it_is_brought_in(floor, people, post):
    table = "agent,date,start,end,note\nnoi,17/11/2569,08:00,16:00,<b>\n"

    def send(content, **form):
        file = (io.BytesIO(content.encode()), "roster.csv")
        return post("/roster/import", file=file, **form)

    looked = send(table)
    assert looked.status_code == 200
    assert "New: 1, changed: 0" in looked.text
    assert read(floor) == []
    assert post("/roster/import", text=table, do="1").status_code == 200
    assert len(read(floor)) == 1
    bad = send(table + "lek,tomorrow,08:00,16:00,\n", do="1")
    assert bad.status_code == 422
    assert "Line 3:" in bad.text
    assert len(read(floor)) == 1
    nobodys = send("BEGIN:VCALENDAR")
    assert nobodys.status_code == 422
    assert "Please choose the agent" in nobodys.text
    assert 'type="file"' in nobodys.text, "on the form, where it can be put right"
    assert post("/roster/import").status_code == 422
    latin = post("/roster/import", file=(io.BytesIO(b"agent,\xe9"), "x.csv"))
    assert latin.status_code == 422


def test_exports_and_copies(floor, people, get, post):
    add(floor, people["noi"], "FREQ=WEEKLY;BYDAY=MO", last_day=MONDAY)
    table = get("/roster/shifts.csv?from=2026-11-16&until=2026-11-22")
    assert table.text == "\ufeffagent,date,start,end,note\r\nnoi,2026-11-16,08:00,16:00,\r\n"
    assert get("/roster/shifts.csv?from=2026-11-16&until=2030-01-01").status_code == 422
    assert "BEGIN:VEVENT" in get(f"/roster/calendars/{people['noi']}.ics").text
    assert post("/roster/copy", week="2026-11-16", to="2026-11-25").status_code == 302
    assert len(read(floor)) == 2


def test_who_is_here_and_who_was(floor, people, get, now):
    add(floor, people["noi"])
    with floor.db.write() as session:
        agents.ready(session, people["lek"], now=NOW)
    now.advance(hours=1)
    fragment = text(get("/roster/now"))
    assert "คุณnoi Absent" in fragment
    assert "คุณlek Not planned" in fragment
    assert get("/roster/here").status_code == 200
    page = text(get("/roster/adherence"))
    assert "คุณnoi 300 min 0 min 0 %" in page
    assert "60 min" in page
    assert get("/roster/adherence?from=2026-11-16&until=2027-01-01").status_code == 422
    assert get("/roster?week=never").status_code == 422


def test_an_agent_sees_how_they_kept_their_own_week_and_nobody_elses(floor, people, get):
    """Monday noon: the shift began at eight, they came at half past, and left for ten."""
    for username, agent_id in people.items():
        add(floor, agent_id)
        if username == "lek":
            continue
        with floor.db.write() as session:
            morning = datetime(2026, 11, 16, 1, 30, tzinfo=UTC)
            agents.ready(session, agent_id, now=morning)
            away = morning.replace(hour=3)
            agents.sign_out(session, agent_id, now=away)
            agents.ready(session, agent_id, now=away.replace(minute=40))
    page = get("/roster/mine", Role.AGENT, "noi").text
    own = page[page.index("own-week") : page.index("calendar")]
    assert "Came 30 min after the beginning" in own
    assert "Signed out in between for 10 min" in own
    assert "240 min" in own and "200 min" in own and "83%" in own.replace(" %", "%")
    assert "คุณlek" not in own and "Not there" not in own
    assert get("/roster/adherence", Role.AGENT, "noi").status_code == 403
    assert "Not there: 240 min" in get("/roster/mine", Role.AGENT, "lek").text
    thai = get("/roster/mine?lang=th", Role.AGENT, "noi").text
    assert "เข้าหลังเวลาเริ่ม 30 นาที" in thai
