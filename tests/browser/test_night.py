"""What a supervisor does in a night, by hand on the pages: whoever waits, who answers, what is said
on the line, what was said in a talk, and the roster.
"""

import re
from datetime import timedelta

import sqlalchemy as sa
from playwright.sync_api import Locator, Page, expect

from agents import service as agents
from hotline import clock
from hotline.auth import Role
from ivr.models import Call
from tests.browser.conftest import Hotline, Open
from tests.browser.telephones import write_outcome

#: Somebody for Chinese, whom nobody else's tests know, asks for information.
CHINESE = ("3", "1", "")


def ready(open_page: Open, username: str) -> Page:
    """The agent's desk, at which they are ready."""
    desk = open_page(username, "/desk", language="en")
    desk.keyboard.press("r")
    expect(desk.locator("#state")).to_have_attribute("data-status", "ready")
    return desk


def waiting(floor: Page, count: int) -> Locator:
    """The callers on the floor's page, once so many wait."""
    rows = floor.locator("#floor-waiting > li")
    expect(rows).to_have_count(count, timeout=60_000)
    return rows


def call_of(row: Locator) -> str:
    """The address of the call in a row."""
    return row.locator("a").get_attribute("href") or ""


def place(row: Locator, reason: str) -> Locator:
    """The form behind *Change* of somebody who waits, with a reason in it."""
    row.locator("summary").click()
    row.locator("input[name=reason]").fill(reason)
    return row


def test_a_caller_is_put_in_front_and_an_agent_moved_to_where_they_wait(
    hotline: Hotline, open_page: Open
) -> None:
    name = hotline.employ("mover", Role.AGENT, queues=["complaint"])
    desk = ready(open_page, name)
    floor = open_page("supervisor", "/floor", language="en")
    first = hotline.ring(*CHINESE)
    waiting(floor, 1)
    last = hotline.ring(*CHINESE)
    rows = waiting(floor, 2)
    chosen = call_of(rows.nth(1))
    place(rows.nth(1), "an old man").get_by_role("button", name="Put in front").click()
    expect(floor.locator("#said")).to_have_text("Now the first of the line.")
    expect(rows.nth(0).locator("a")).to_have_attribute("href", chosen)
    # nobody is moved without being chosen
    floor.locator("#move-menu summary").click()
    floor.locator("#move input[name=give][value='information/zh']").check()
    floor.locator("#move input[name=reason]").fill("they queue there")
    floor.locator("#move button").click()
    expect(floor.locator("#said")).to_contain_text("select an agent")
    floor.locator("#floor-people > li", has_text=name).locator("input[name=agent]").check()
    floor.locator("#move-menu summary").click()
    floor.locator("#move input[name=give][value='information/zh']").check()
    floor.locator("#move input[name=reason]").fill("they queue there")
    floor.locator("#move button").click()
    expect(floor.locator("#said")).to_contain_text(f"Moved: {name}")
    expect(desk.locator("#state")).to_have_attribute("data-state", "offered")
    expect(desk.locator("#word")).to_contain_text("they queue there")
    offered = floor.locator("#floor-waiting > li", has_text=f"Ringing at {name}")
    expect(offered.locator("a")).to_have_attribute("href", chosen)
    expect(floor.locator(".floor-done li").first).to_contain_text("they queue there")
    for sid in (first, last):
        hotline.hang_up(sid)
    waiting(floor, 0)


def test_a_caller_is_given_to_a_certain_agent_and_another_to_another_queue(
    hotline: Hotline, open_page: Open
) -> None:
    name = hotline.employ("pulled", Role.AGENT, queues=["complaint"])
    desk = ready(open_page, name)
    floor = open_page("supervisor", "/floor", language="en")
    sid = hotline.ring(*CHINESE)
    row = waiting(floor, 1).nth(0)
    place(row, "").locator("input[name=priority]").fill("40")
    row.get_by_role("button", name="Set").click()
    expect(floor.locator("#said")).to_have_count(0)  # the browser asks for the reason first
    row.locator("input[name=reason]").fill("long on the line")
    row.get_by_role("button", name="Set").click()
    expect(floor.locator("#said")).to_contain_text("Priority 40")
    expect(row).to_contain_text("priority 40")
    place(row, "knows the case").locator("select[name=agent]").select_option(label=name)
    row.get_by_role("button", name="Give").click()
    expect(floor.locator("#said")).to_contain_text(f"Ringing at {name}")
    expect(desk.locator(".ring")).to_contain_text("Information")
    hotline.hang_up(sid)
    expect(desk.locator("#state")).to_have_attribute("data-state", "idle")
    sid = hotline.ring(*CHINESE)
    row = waiting(floor, 1).nth(0)
    place(row, "it is a complaint").locator("select[name=queue]").select_option("complaint")
    row.get_by_role("button", name="Move").click()
    expect(floor.locator("#said")).to_contain_text("Waits in Complaint")
    expect(desk.locator(".ring")).to_contain_text("Complaint")  # where somebody is ready
    hotline.hang_up(sid)
    expect(desk.locator("#state")).to_have_attribute("data-state", "idle")


def test_a_bulletin_is_looked_at_put_on_air_and_withdrawn(open_page: Open) -> None:
    page = open_page("supervisor", "/bulletins", language="en")
    page.get_by_role("link", name="New bulletin").click()
    page.fill("[name='text.th']", "คืนนี้น้ำไม่ไหลที่นาเกลือ")
    page.fill("[name='text.en']", "No water in Naklua tonight")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".preview")).to_contain_text("No water in Naklua tonight")
    page.locator("input[name=places]").first.check()
    page.fill("[name=ends_at]", (clock.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M"))
    page.locator(".bulletin-form button.main").click()
    bulletin = page.locator("article.bulletin", has_text="No water in Naklua tonight")
    expect(bulletin).to_have_class(re.compile("on_air"))
    bulletin.get_by_role("button", name="Withdraw").click()
    expect(bulletin.locator(".tag").first).to_contain_text("Withdrawn")


def test_a_talk_is_heard_marked_read_and_commented_on(hotline: Hotline, open_page: Open) -> None:
    name = hotline.employ("marked", Role.AGENT)
    desk = ready(open_page, name)
    call = talked(hotline, desk)
    boss = open_page("supervisor", call, language="en")
    heard(boss)
    marked(boss, name)
    desk.goto("/quality/mine")
    desk.locator("main a[href^='/quality/']").first.click()
    expect(desk.locator("main")).to_contain_text("calm to the end")
    desk.fill("[name=text]", "thank you")
    desk.locator(".quality-form button").click()
    expect(desk.locator(".comment")).to_contain_text("thank you")
    boss.reload()
    expect(boss.locator(".comment")).to_contain_text("thank you")
    boss.goto(call)  # the call's own page leads to the mark as well
    expect(boss.locator("main a[href^='/quality/']")).to_be_visible()


def talked(hotline: Hotline, desk: Page) -> str:
    """A conversation that is recorded, over and written up; the address of its call."""
    sid = hotline.ring(*CHINESE)
    expect(desk.locator(".ring button.main")).to_be_visible(timeout=60_000)
    desk.locator(".ring button.main").click()
    expect(desk.locator(".talk")).to_contain_text("Recording")
    desk.wait_for_timeout(1500)
    hotline.hang_up(sid)
    write_outcome(desk)
    expect(desk.locator("[id^=finished-] .ticket-number")).to_be_visible()
    with hotline.floor() as floor, floor.db.read() as session:
        return f"/calls/{session.scalar(sa.select(Call.id).where(Call.sid == sid))}"


def heard(boss: Page) -> None:
    """On the page of a call: its recording is played, and that stands there afterwards."""
    sound = boss.locator("audio")
    for _ in range(60):  # it is fetched from the carrier after the call
        if sound.count():
            break
        boss.wait_for_timeout(500)
        boss.reload()
    assert sound.evaluate("each => each.play().then(() => each.duration)") > 1
    boss.reload()
    expect(boss.locator("summary", has_text="Heard by (1)")).to_be_visible()


def marked(boss: Page, name: str) -> None:
    """From there to a mark that is published, once every question has an answer."""
    boss.get_by_role("link", name=f"Mark {name}").first.click()
    boss.get_by_role("button", name="Publish").click()
    expect(boss.locator("#fault")).to_be_visible()
    for field in boss.locator(".quality-form select").all():
        field.select_option(index=1)
    boss.fill("[name=note]", "calm to the end")
    boss.get_by_role("button", name="Publish").click()
    expect(boss.locator(".quality-score")).to_contain_text("100")


CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//a city//EN
BEGIN:VEVENT
UID:night-{uid}@city.example
DTSTAMP:20261101T000000Z
DTSTART;TZID=Asia/Bangkok:{day}T220000
DTEND;TZID=Asia/Bangkok:{after}T060000
RRULE:FREQ=DAILY;COUNT=5
EXDATE;TZID=Asia/Bangkok:{off}T220000
SUMMARY:Night
END:VEVENT
END:VCALENDAR
"""


def test_a_calendar_is_shown_before_it_is_brought_in(hotline: Hotline, open_page: Open) -> None:
    name = hotline.employ("shifted", Role.AGENT)
    page = open_page("supervisor", "/roster/import", language="en")
    today = clock.now() + timedelta(days=7)
    monday = today - timedelta(days=today.weekday())
    day, after, off = ((monday + timedelta(days=n)).strftime("%Y%m%d") for n in (0, 1, 2))
    calendar = CALENDAR.format(uid=name, day=day, after=after, off=off).replace("\n", "\r\n")
    file = {"name": "n.ics", "mimeType": "text/calendar", "buffer": calendar.encode()}
    page.set_input_files("[name=file]", file)  # type: ignore[arg-type]
    page.select_option("form.card [name=agent]", name)
    page.locator("form.card button").click()
    expect(page.locator("main")).to_contain_text(name)
    roster = f"/roster?week={monday.date().isoformat()}"
    page.locator("form:not(.card) button.main").last.click()
    expect(page.locator("section.notice.good")).to_be_visible()
    page.goto(roster)
    nights = page.locator("table.roster tr", has_text=name).locator(".shift")
    expect(nights).to_have_count(5)
    expect(nights.locator("s")).to_have_count(1)  # the one that the calendar leaves out
    assert "22:00–06:00" in nights.first.inner_text()
    with page.expect_download() as sent:
        page.evaluate(
            "id => Object.assign(document.createElement('a'),"
            "{ href: `/roster/calendars/${id}.ics`, download: '' }).click()",
            _agent_id(hotline, name),
        )
    assert "RRULE" in sent.value.path().read_text(encoding="utf-8")


def _agent_id(hotline: Hotline, name: str) -> int:
    with hotline.floor() as floor, floor.db.read() as session:
        return next(row.agent.id for row in agents.board(session) if row.agent.name == name)
