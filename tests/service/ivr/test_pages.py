"""The desk's fragments, a call's story, the list of calls; and what the statistics read."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from hotline import audit, clock
from hotline.auth import Role
from hotline.i18n import masked
from ivr import story
from ivr.callbacks import service as callbacks
from ivr.callbacks.rows import Asked
from ivr.models import CallEvent
from ivr.room import waiting
from tests.service.ivr.world import Agent, Caller, World
from tests.support.floors import sign_in_as


def html(agent: Agent, path: str = "/calls/current", status: int = 200) -> str:
    response = agent.ask("GET", path)
    assert response.status_code == status
    return str(response.get_data(as_text=True))


def read_as(world: World, role: Role, path: str, status: int = 200, *, method: str = "GET") -> str:
    token = sign_in_as(world.floor, role)
    headers = {"Authorization": f"Bearer {token}"}
    response = world.client.open(path, method=method, headers=headers)
    assert response.status_code == status, response.get_data(as_text=True)
    return str(response.get_data(as_text=True))


@pytest.mark.parametrize("language", ["th", "en"])
def test_the_desk_in_each_of_its_states(world: World, language: str) -> None:
    path = f"/calls/current?lang={language}"
    agent = world.agent()
    assert "/waiting/board" in html(agent, path)
    caller = world.caller().to_queue("2", "2")
    ringing = html(agent, path)
    assert "English" in ringing
    assert 'data-key="Enter"' in ringing
    assert f">{caller.number}<" not in ringing
    agent.accepts()
    assert f">{caller.number}<" in html(agent, path)
    agent.picks_up()
    caller.brought()
    talking = html(agent, path)
    assert f"/api/calls/{caller.id}/hang-up" in talking
    assert 'Control+Enter" disabled' in talking
    agent.hangs_up()
    writing = html(agent, path)
    assert f"/api/calls/{caller.id}/finish" in writing
    assert 'Control+Enter" disabled' not in writing
    agent.finishes()
    assert f"/tickets/of-call/{caller.id}" in html(agent, path)


def test_a_fragment_that_has_not_changed_is_not_sent_again(world: World) -> None:
    agent = world.agent()
    world.caller().to_queue()
    headers = {"Authorization": f"Bearer {agent.token}"}
    first = world.client.get("/calls/current", headers=headers)
    world.clock.advance(seconds=5)
    headers["If-None-Match"] = first.headers["ETag"]
    assert world.client.get("/calls/current", headers=headers).status_code == 304


def test_the_board_counts_who_waits(world: World) -> None:
    world.caller().to_queue()
    world.caller().to_queue("2")
    world.caller().to_queue("1", "2")
    board = read_as(world, Role.SUPERVISOR, "/waiting/board?lang=en")
    assert "Information" in board
    lines = list(world.read(lambda session: list(waiting.lines(session))))
    assert {(line.queue, line.language, line.waiting) for line in lines} == {
        ("information", "th", 1),
        ("information", "en", 1),
        ("complaint", "th", 1),
    }


def test_the_board_tells_callbacks_from_those_who_wait_on_the_line(world: World) -> None:
    promised, waits = world.caller().to_queue(), world.caller().to_queue()
    with world.floor.db.write() as session:
        asked = Asked(promised.id, promised.number, "information", "th", "information")
        callbacks.request(world.floor, session, asked, promised.stay, now=clock.now())
    promised.hangs_up()
    (line,) = world.read(lambda session: list(waiting.lines(session)))
    assert (line.waiting, line.callbacks, line.longest_since) == (1, 1, waits.stay.entered_at)
    waits.hangs_up()
    (line,) = world.read(lambda session: list(waiting.lines(session)))
    assert (line.waiting, line.callbacks, line.longest_since) == (0, 1, None)
    assert "Callbacks due" in read_as(world, Role.SUPERVISOR, "/waiting/board?lang=en")


def test_a_supervisors_program_sees_all_at_once(world: World) -> None:
    first, second = world.agent(), world.agent()
    world.caller().to_queue()
    caller = world.caller().to_queue()
    second.talks_with(caller)
    token = sign_in_as(world.floor, Role.SUPERVISOR)
    headers = {"Authorization": f"Bearer {token}"}
    held = world.client.get("/api/offers", headers=headers).get_json()["offers"]
    assert [(each["agent_id"], each["state"]) for each in held] == [
        (first.id, "offered"),
        (second.id, "talking"),
    ]
    assert second.ask("GET", "/api/offers").status_code == 403


@pytest.mark.parametrize("language", ["th", "en"])
def test_a_calls_story_in_plain_words(world: World, language: str) -> None:
    agent, other = world.agent(), world.agent(ready=False)
    caller = world.caller().to_queue("", "", "1")
    agent.declines().ready().talks_with(caller).hangs_up().finishes()
    caller.hangs_up()
    path = f"/calls/{caller.id}?lang={language}"
    page = read_as(world, Role.SUPERVISOR, path)
    assert agent.username in page
    assert {"th": "ให้ข้อมูลแล้ว", "en": "Information given"}[language] in page
    assert {"th": "ไม่ได้กดอะไร", "en": "Pressed nothing"}[language] in page
    assert {"th": "เมนูหลัก", "en": "Main menu"}[language] in page
    assert "{" not in page.split("<main")[1]
    for shown in (page, read_as(world, Role.MANAGER, path), html(agent, path)):
        assert caller.number not in shown, "it is hidden until somebody asks"
        assert masked(caller.number) in shown
    html(other, path, 403)
    read_as(world, Role.SUPERVISOR, "/calls/99999", 404)


def test_a_number_is_shown_to_who_asks_for_it_and_that_is_written_down(world: World) -> None:
    agent, other = world.agent(), world.agent(ready=False)
    caller = world.caller().to_queue("", "", "1")
    agent.talks_with(caller).hangs_up().finishes()
    ask = f"/calls/{caller.id}/caller"
    assert looked(world) == []
    assert caller.number in read_as(world, Role.SUPERVISOR, ask, method="POST")
    headers = {"Authorization": f"Bearer {agent.token}"}
    answer = world.client.post(ask, data={"text": "สายหลุด"}, headers=headers)
    assert caller.number in answer.get_data(as_text=True)
    assert looked(world) == [(f"call:{caller.id}", "สายหลุด"), (f"call:{caller.id}", "")]
    for role in (Role.MANAGER, Role.ADMINISTRATOR, Role.DIVISION, Role.CREW):
        read_as(world, role, ask, 403, method="POST")
    assert other.ask("POST", ask).status_code == 403
    read_as(world, Role.SUPERVISOR, "/calls/99999/caller", 404, method="POST")
    assert len(looked(world)) == 2, "who saw nothing looked at nothing"
    assert caller.number not in read_as(world, Role.SUPERVISOR, f"/calls/{caller.id}")


def test_of_an_anonymous_matter_nobody_sees_who_called(world: World) -> None:
    agent = world.agent()
    caller = world.caller().to_queue("", "", "1")
    number = agent.talks_with(caller).hangs_up().finishes("complaint", category="corruption")
    with world.floor.db.write() as session:
        session.execute(sa.text("UPDATE tickets SET contact = 'nobody'"))
    page = f"/calls/{caller.id}"
    assert number
    assert f'action="{page}/caller"' not in read_as(world, Role.SUPERVISOR, page)
    read_as(world, Role.SUPERVISOR, f"{page}/caller", 403, method="POST")
    assert looked(world) == []


def looked(world: World) -> list[tuple[str, str]]:
    with world.floor.db.read() as session:
        found = audit.lines(session, audit.Asked(kind="ivr.looked"))
    return [(line.subject, line.reason) for line in found]


@pytest.mark.parametrize(
    ("keys", "spoken"),
    [((), None), (("9",), None), (("", ""), None), (("2",), "en"), (("1",), "th")],
    ids=["hung up at once", "emergency first", "silent", "English", "Thai"],
)
def test_a_call_that_never_queued_has_the_language_that_was_chosen(
    world: World, keys: tuple[str, ...], spoken: str | None
) -> None:
    """The page, the list and the night's numbers say the same."""
    caller = world.caller().ring().press(*keys).hangs_up()
    (visit,) = world.read(story.visits_of, caller.id)
    assert visit.language == spoken
    shown = {None: "none chosen", "en": "English", "th": "ไทย"}
    page = read_as(world, Role.SUPERVISOR, f"/calls/{caller.id}?lang=en")
    assert f"<dt>Language</dt><dd>{shown[spoken]}</dd>" in page
    listed = read_as(world, Role.SUPERVISOR, f"/calls?lang=en&language={spoken or ''}")
    assert f'/calls/{caller.id}"' in listed
    rows = listed.split("<tbody")[1]
    assert [words for words in shown.values() if words in rows] == [shown[spoken]]
    other = read_as(world, Role.SUPERVISOR, "/calls?lang=en&language=zh")
    assert f'/calls/{caller.id}"' not in other


def test_a_call_leads_to_its_ticket_but_not_to_one_that_is_private(world: World) -> None:
    """For who may not read a private ticket there is no such number."""
    first, second = world.agent(), world.agent(ready=False)
    caller = world.caller().to_queue()
    first.declines()
    second.ready().talks_with(caller).hangs_up()
    number = second.finishes("complaint", category="corruption")
    caller.hangs_up()
    page = f"/calls/{caller.id}"
    for who in (read_as(world, Role.SUPERVISOR, page), html(second, page)):
        assert f'href="/tickets/{number}"' in who
    assert f'href="/tickets/{number}"' not in html(first, page)


def test_a_story_says_what_nobody_hung_up_and_what_nobody_wrote(world: World) -> None:
    caller = world.caller().to_queue()
    world.agent().talks_with(caller)
    world.carrier.gone.add(caller.sid)
    world.sweep("ivr.ask_for_calls", seconds=400)
    world.sweep("ivr.wrap_up", seconds=180)
    page = read_as(world, Role.SUPERVISOR, f"/calls/{caller.id}?lang=en")
    assert "The conversation ended (from which side is not known)" in page
    assert "recorded automatically: " in page
    assert "hung up" not in page


def test_every_kind_of_event_has_words(world: World) -> None:
    caller = world.caller().ring().press("9", "1")
    dial = caller.xml.find("Dial")
    assert dial is not None
    caller.goes_to(dial.attrib["action"], DialCallStatus="busy")
    world.sweep("ivr.ask_for_unseen", seconds=120)
    caller.waits().leaves("error").hangs_up()
    page = read_as(world, Role.SUPERVISOR, f"/calls/{caller.id}?lang=en")
    for words in ("191", "busy", "not heard of any more", "fault"):
        assert words in page


def test_the_list_shows_the_calls_behind_a_number(world: World) -> None:
    agent = world.agent()
    answered = world.caller().to_queue()
    agent.talks_with(answered).hangs_up().finishes()
    answered.hangs_up()
    agent.ask("POST", "/api/presence", status="signed_out")
    abandoned = world.caller().to_queue("2", "2")
    world.clock.advance(seconds=30)
    abandoned.hangs_up()
    menu = world.caller().ring().hangs_up()
    everyone = {answered.id, abandoned.id, menu.id}

    def listed(query: str) -> set[int]:
        page = read_as(world, Role.SUPERVISOR, f"/calls?from=2026-11-20&until=2026-11-20{query}")
        return {each for each in everyone if f'/calls/{each}"' in page}

    assert listed("") == everyone
    assert listed("&outcome=answered") == {answered.id}
    assert listed("&outcome=abandoned") == {abandoned.id}
    assert listed("&outcome=abandoned&within=29") == set()
    assert listed("&outcome=abandoned&within=30") == {abandoned.id}
    assert listed("&outcome=not_queued") == {menu.id}
    assert listed("&queue=complaint") == {abandoned.id}
    assert listed("&queue=complaint&language=th") == set()
    assert listed("&hour=12") == everyone
    assert listed("&hour=13") == set()
    read_as(world, Role.SUPERVISOR, "/calls?from=nonsense", 422)
    read_as(world, Role.SUPERVISOR, "/calls?from=2026-11-20&until=2026-11-19", 422)
    read_as(world, Role.DIVISION, "/calls", 403)


def test_the_list_is_in_the_order_of_the_time_it_shows(world: World) -> None:
    """The time of arrival, whatever moment the call is counted at."""
    early = world.caller().ring()
    world.clock.advance(minutes=2)
    late = world.caller().ring().press("1", "1")
    world.clock.advance(minutes=3)
    early.press("1", "1")
    with world.floor.db.write() as session:  # as when two processes wrote them down at a time
        session.execute(
            sa.update(CallEvent)
            .where(CallEvent.n == 0)
            .values(
                at=sa.case(
                    (CallEvent.call_id == early.id, clock.now() - timedelta(minutes=1)),
                    else_=clock.now() - timedelta(minutes=4),
                )
            )
        )
    page = read_as(world, Role.SUPERVISOR, "/calls?day=2026-11-20")
    first, second = f'/calls/{late.id}">', f'/calls/{early.id}">'
    assert page.index(first) < page.index(second)
    assert "12:01" in page.split(first)[1].split("</a>")[0]
    assert "12:04" in page.split(second)[1].split("</a>")[0]


def test_a_caller_in_the_menu_is_not_said_to_have_never_queued(world: World) -> None:
    caller, outside = world.caller().ring(), world.caller().ring().press("9", "2")

    def told(caller: Caller) -> str:
        (row,) = _rows(read_as(world, Role.SUPERVISOR, "/calls?lang=en"), caller)
        return row

    assert "In the menu" in told(caller)
    assert "Put through outside" in told(outside)
    caller.hangs_up()
    outside.hangs_up()
    assert "Never queued" in told(caller)
    assert "Put through outside" in told(outside)
    only = read_as(world, Role.SUPERVISOR, "/calls?lang=en&outcome=transferred")
    assert _rows(only, outside)
    assert not _rows(only, caller)


def _rows(page: str, caller: Caller) -> list[str]:
    return [row for row in page.split("<tr>") if f'/calls/{caller.id}"' in row]


def test_the_list_pages_through(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when what is on the next page came in the same moment."""
    monkeypatch.setattr("ivr.pages.call_list.PAGE", 2)
    callers = [world.caller().to_queue() for _ in range(5)]
    address, pages = "/calls?day=2026-11-20&lang=en", []
    while address:
        page = read_as(world, Role.SUPERVISOR, address)
        pages.append([each.id for each in callers if f'/calls/{each.id}"' in page])
        more = re.search(r'class="button" href="([^"]+)"', page)
        address = more.group(1).replace("&amp;", "&") if more else ""
    assert [each for page in pages for each in page] == [each.id for each in callers]
    assert [len(page) for page in pages] == [2, 2, 1]
    for bad in ("x", "1", "1.2.3", "1.2.3.-4", "9" * 18 + ".0.1.1"):
        read_as(world, Role.SUPERVISOR, f"/calls?day=2026-11-20&after={bad}", 422)


def test_visits_belong_to_the_span_in_which_they_began(world: World) -> None:
    caller = world.caller().to_queue()
    began = clock.now()
    world.clock.advance(hours=30)
    caller.hangs_up()
    menu = world.caller().ring()

    def of(start: timedelta, end: timedelta) -> list[tuple[int, bool]]:
        found = world.read(lambda session: list(story.visits(session, began + start, began + end)))
        return [(visit.call_id, visit.abandoned_at is not None) for visit in found]

    second = timedelta(seconds=1)
    assert of(timedelta(0), second) == [(caller.id, True)]
    assert of(-second, timedelta(0)) == []
    assert of(timedelta(hours=30), timedelta(hours=31)) == [(menu.id, False)]


def test_what_has_changed_since_the_last_night(world: World) -> None:
    caller = world.caller().to_queue()
    began = clock.now()
    moments, newest = world.read(story.touched_since, 0)
    assert moments == {began}
    assert world.read(story.touched_since, newest) == (set(), newest)
    world.clock.advance(hours=30)
    caller.hangs_up()
    moments, later = world.read(story.touched_since, newest)
    assert moments == {began}
    assert later > newest


def test_a_ticket_leads_to_its_call_only_who_may_open_it(world: World) -> None:
    agent, other = world.agent(), world.agent(ready=False)
    caller = world.caller().to_queue()
    ticket = agent.talks_with(caller).hangs_up().finishes()
    link = f'href="/calls/{caller.id}"'
    assert link in html(agent, f"/tickets/{ticket}")
    elsewhere = html(other, f"/tickets/{ticket}")
    assert link not in elsewhere
    assert f"สายที่ {caller.id}" in elsewhere
    html(other, f"/calls/{caller.id}", 403)
    for role in (Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR):
        assert link in read_as(world, role, f"/tickets/{ticket}")
        read_as(world, role, f"/calls/{caller.id}")
    assert link not in read_as(world, Role.DIVISION, f"/tickets/{ticket}")
    read_as(world, Role.DIVISION, f"/calls/{caller.id}", 403)


def test_a_tickets_number_is_spelled_as_on_its_page(world: World) -> None:
    agent, caller = world.agent(), world.caller().to_queue()
    number = agent.talks_with(caller).hangs_up().finishes()
    for path in (f"/calls/{caller.id}?lang=en", "/calls?lang=en"):
        page = read_as(world, Role.SUPERVISOR, path)
        assert f"{number[:3]}-{number[3:]}" in page
        assert number not in page.replace(f'"/tickets/{number}"', "")
