import csv
import html
import io
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from hotline import auth, clock
from hotline.auth import COOKIE, Role
from hotline.errors import Forbidden
from hotline.floor import Floor
from hotline.i18n import masked
from hotline.models import Account
from tests.service.tickets.conftest import CALLER, NOW
from tests.support.floors import Bearer, sign_in_as
from tickets import board, jobs, numbers, service
from tickets.config import Tickets
from tickets.search import PAGE
from tickets.service import TicketFacts
from tickets.web import NUMBER_AT_HAND, READABLE_CALLS
from tickets.workflow import State

Make = Callable[..., TicketFacts]
Post = Callable[..., Any]
#: The offer that whoever is signed in has at hand: of the caller `CALLER`.
OFFER = 7
DIVISION = "division"  # the username that the shipped city names as administrator


@pytest.fixture(autouse=True)
def time() -> Iterator[clock.DrivenClock]:
    with clock.driven(NOW) as driven:
        yield driven


@pytest.fixture(autouse=True)
def at_hand(app: Flask) -> None:
    """What the room of calls says of offers."""

    def number(_: Session, offer_id: int) -> str:
        if offer_id != OFFER:
            raise Forbidden
        return CALLER

    app.extensions[NUMBER_AT_HAND] = number


@pytest.fixture
def make(floor: Floor, config: Tickets) -> Make:
    calls = iter(range(1, 1000))

    def complaint(category: str | None = "street_light", **more: Any) -> TicketFacts:
        asked = {"outcome": "complaint", "caller": CALLER, "by": "the-agent", "now": clock.now()}
        with floor.db.write() as session:
            return service.record_call(
                session, config, call_id=next(calls), category=category, **asked | more
            )

    return complaint


@pytest.fixture
def browse(floor: Floor, client: FlaskClient) -> Callable[..., None]:
    """`browse(Role.AGENT)`: whoever has that role sits at the browser now."""

    def as_somebody(role: Role, username: str = "") -> None:
        client.set_cookie(COOKIE, sign_in_as(floor, role, username))

    return as_somebody


@pytest.fixture
def post(client: FlaskClient) -> Post:
    """Send a form of a page, with the token that the page gave."""

    def send(page: str, address: str, **form: str) -> Any:
        token = re.search(r'name="csrf_token" value="(\w+)"', client.get(page).text)
        assert token, f"no form on {page}"
        return client.post(address, data=form | {"csrf_token": token[1]})

    return send


def page_of(ticket: TicketFacts) -> str:
    return f"/tickets/{ticket.number}"


# ------------------------------------------------------------------ who may


def test_nobody_reads_without_signing_in(client: FlaskClient, make: Make) -> None:
    ticket = make()
    assert client.get("/tickets").status_code == 302
    assert client.get(f"/api/tickets/{ticket.number}").status_code == 401


@pytest.mark.parametrize("role", list(Role))
def test_every_role_reads_the_list_and_a_ticket(
    client: FlaskClient, browse: Any, make: Make, role: Role
) -> None:
    ticket = make(note="ไฟดับทั้งซอย")
    browse(role)
    for address in ("/tickets", page_of(ticket)):
        for language in ("th", "en"):
            page = client.get(f"{address}?lang={language}")
            assert page.status_code == 200
            assert ticket.number_shown in page.text
            assert "ไฟดับทั้งซอย" in page.text


def test_the_list_never_shows_a_whole_telephone_number(
    client: FlaskClient, browse: Any, make: Make
) -> None:
    make()
    browse(Role.SUPERVISOR)
    page = client.get("/tickets").text
    assert CALLER not in page
    assert "+66·····678" in page


@pytest.mark.parametrize(
    ("role", "username", "whole"),
    [
        (Role.AGENT, "", True),
        (Role.SUPERVISOR, "", True),
        (Role.DIVISION, DIVISION, True),
        (Role.DIVISION, "another", False),
        (Role.MANAGER, "", False),
        (Role.ADMINISTRATOR, "", True),
    ],
)
def test_the_page_shows_the_whole_number_to_who_calls_back(
    client: FlaskClient,
    browse: Any,
    post: Post,
    make: Make,
    role: Role,
    username: str,
    whole: bool,
) -> None:
    ticket = make()
    browse(role, username)
    """Only when they ask for it: until then it is hidden from everybody."""
    assert CALLER not in client.get(page_of(ticket)).text
    answer = client.get(f"/api/tickets/{ticket.number}").json
    assert answer is not None
    assert answer["caller"] == masked(CALLER)
    shown = post("/me/notices", f"{page_of(ticket)}/caller", text="โทรกลับ")
    assert shown.status_code == (200 if whole else 403)
    assert (CALLER in shown.text) is whole
    told = post("/me/notices", f"/api/tickets/{ticket.number}/caller").json
    assert told is not None
    assert told.get("caller") == (CALLER if whole else None)


def test_another_divisions_private_ticket_is_nowhere(
    client: FlaskClient, browse: Any, make: Make
) -> None:
    private = make("corruption", note="ความลับ")
    browse(Role.DIVISION, DIVISION)
    assert client.get(page_of(private)).status_code == 404
    assert client.get(f"/api/tickets/{private.number}").status_code == 404
    assert client.post(f"{page_of(private)}/note").status_code in (403, 404)
    for address in ("/tickets?state=all&division=", "/tickets.csv?state=all&division="):
        assert "ความลับ" not in client.get(address).text
    assert private.number_shown not in client.get("/tickets/of-call/1").text
    browse(Role.SUPERVISOR)
    assert "ความลับ" in client.get(page_of(private)).text


def test_a_form_without_its_token_is_refused(
    floor: Floor, client: FlaskClient, browse: Any, make: Make
) -> None:
    ticket = make()
    browse(Role.SUPERVISOR)
    form = {"from": "received", "to": "in_progress"}
    assert client.post(f"{page_of(ticket)}/move", data=form).status_code == 403
    with floor.db.read() as session:
        assert service.by_number(session, ticket.number).state is State.RECEIVED


# ------------------------------------------------------------------ the life, by hand


def test_a_division_takes_it_up_and_closes_it(
    client: FlaskClient, browse: Any, post: Post, make: Make
) -> None:
    page = page_of(make())
    browse(Role.DIVISION, DIVISION)
    taken = post(page, f"{page}/move", **{"from": "received", "to": "in_progress"})
    assert (taken.status_code, taken.location) == (303, page)
    closing = {"from": "in_progress", "to": "done", "result": "fixed", "text": "เปลี่ยนหลอด"}
    assert post(page, f"{page}/move", **closing).status_code == 303
    words = client.get(f"{page}?lang=en").text
    assert "Closed it: Fixed" in words
    assert "Took it up" in words
    assert "เปลี่ยนหลอด" in words


def test_what_is_missing_is_said_and_what_was_typed_is_kept(
    browse: Any, post: Post, make: Make
) -> None:
    page = page_of(make())
    browse(Role.DIVISION, DIVISION)
    closing = {"from": "received", "to": "done", "result": "", "text": "พิมพ์ไว้ยาวมาก"}
    refused = post(page, f"{page}/move", **closing)
    assert refused.status_code == 422
    assert "โปรดเลือกผลการดำเนินการ" in refused.text
    assert "พิมพ์ไว้ยาวมาก" in refused.text


def test_who_acts_on_an_old_page_is_told_and_changes_nothing(
    client: FlaskClient, browse: Any, post: Post, make: Make
) -> None:
    page = page_of(make())
    browse(Role.SUPERVISOR)
    post(page, f"{page}/move", **{"from": "received", "to": "in_progress"})
    late = {"from": "received", "to": "done", "result": "fixed", "text": "x"}
    assert post(page, f"{page}/move", **late).status_code == 409
    api = client.get(page.replace("/tickets", "/api/tickets")).json
    assert api is not None
    assert api["state"] == "in_progress"


def test_a_page_that_stands_open_is_told_what_others_did(
    floor: Floor, client: FlaskClient, browse: Any, post: Post, make: Make
) -> None:
    ticket = make()
    browse(Role.SUPERVISOR)
    page = client.get(f"{page_of(ticket)}?lang=en").text
    (address,) = re.findall(r'data-changed="([^"]+)"', page)
    assert client.get(address).text.strip() == ""
    browse(Role.DIVISION, DIVISION)
    post(page_of(ticket), f"{page_of(ticket)}/move", **{"from": "received", "to": "in_progress"})
    browse(Role.SUPERVISOR)
    told = client.get(f"{address}?lang=en").text
    assert "Something has happened since this page was shown: Took it up" in told
    assert f'href="{page_of(ticket)}"' in told
    post(page_of(ticket), f"{page_of(ticket)}/note", text="ช่างอยู่ที่จุดแล้ว", note="1")
    assert "2 new things have happened" in client.get(f"{address}?lang=en").text
    # of what is not there, or not to be read, nothing is told
    assert client.get(f"/tickets/{numbers.make(999)}/since/0").status_code == 404


def test_words_whose_move_is_gone_are_offered_as_a_note(
    client: FlaskClient, browse: Any, post: Post, make: Make
) -> None:
    """Two people close it at once: the slower one's words are not lost."""
    page = page_of(make())
    browse(Role.SUPERVISOR)
    close = {"from": "received", "to": "done", "result": "fixed"}
    assert post(page, f"{page}/move", text="ช่างเปลี่ยนหลอดแล้ว", **close).status_code == 303
    slower = post(page, f"{page}/move", text="เปลี่ยนสายไฟด้วย", **close)
    assert slower.status_code == 409
    assert "ข้อความที่คุณพิมพ์ไว้ยังอยู่" in slower.text
    note = re.search(r"<details open>(?:(?!</details>).)*/note.*?</details>", slower.text, re.S)
    assert note, "the note is not opened"
    assert re.search(r"<textarea[^>]*>เปลี่ยนสายไฟด้วย</textarea>", note[0])
    assert post(page, f"{page}/note", text="เปลี่ยนสายไฟด้วย").status_code == 303
    assert "เปลี่ยนสายไฟด้วย" in client.get(page).text


def test_words_whose_move_is_still_there_stay_in_it(browse: Any, post: Post, make: Make) -> None:
    page = page_of(make())
    browse(Role.SUPERVISOR)
    post(page, f"{page}/move", **{"from": "received", "to": "in_progress"})
    late = {"from": "received", "to": "done", "result": "fixed", "text": "เปลี่ยนหลอดแล้ว"}
    refused = post(page, f"{page}/move", **late)
    assert refused.text.count("เปลี่ยนหลอดแล้ว</textarea>") == 1
    assert "ยังอยู่ในช่องบันทึกภายใน" not in refused.text


def test_words_of_a_completion_that_came_second_are_offered_as_a_note(
    browse: Any, post: Post, make: Make
) -> None:
    page = page_of(make(None, outcome=None, incomplete=True, by=service.SYSTEM))
    browse(Role.AGENT)
    full = {"outcome": "complaint", "category": "rubbish"}
    assert post(page, f"{page}/complete", text="กองขยะ", **full).status_code == 303
    second = post(page, f"{page}/complete", text="ขยะกองใหญ่", **full)
    assert second.status_code == 409
    assert "ขยะกองใหญ่</textarea>" in second.text


def test_words_for_a_ticket_that_went_to_another_division_can_still_be_copied(
    browse: Any, post: Post, make: Make
) -> None:
    page = page_of(make(None, outcome="suggestion"))  # the central desk's
    own = page_of(make())
    browse(Role.DIVISION, DIVISION)
    form = {"from": "received", "to": "done", "result": "fixed", "text": "พิมพ์ไว้ยาวมาก"}
    refused = post(own, f"{page}/move", **form)
    assert refused.status_code == 403
    assert "<blockquote>พิมพ์ไว้ยาวมาก</blockquote>" in refused.text


def test_calls_are_linked_to_only_for_who_may_open_them(
    app: Flask, client: FlaskClient, browse: Any, make: Make
) -> None:
    page = page_of(make())
    browse(Role.AGENT)
    assert 'href="/calls/1"' not in client.get(page).text  # nobody has said who may
    app.extensions[READABLE_CALLS] = lambda _, calls: {call for call in calls if call == 1}
    assert 'href="/calls/1"' in client.get(page).text
    app.extensions[READABLE_CALLS] = lambda *_: set()
    assert 'href="/calls/1"' not in client.get(page).text
    assert "สายที่ 1" in client.get(page).text


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"from": "received", "to": "eaten"},
        {"from": "received", "to": "done", "result": "eaten", "text": "x"},
    ],
)
def test_nonsense_is_an_answer_and_not_a_fault(
    browse: Any, post: Post, make: Make, form: dict[str, str]
) -> None:
    page = page_of(make())
    browse(Role.SUPERVISOR)
    assert post(page, f"{page}/move", **form).status_code == 422


def test_a_note_is_kept(client: FlaskClient, browse: Any, post: Post, make: Make) -> None:
    page = page_of(make())
    browse(Role.AGENT)
    assert post(page, f"{page}/note", text="<b>โทรกลับแล้ว</b>").status_code == 303
    assert "&lt;b&gt;โทรกลับแล้ว&lt;/b&gt;" in client.get(page).text
    assert post(page, f"{page}/note", text=" ").status_code == 422


def test_an_incomplete_ticket_is_completed_on_its_page(
    client: FlaskClient, browse: Any, post: Post, make: Make
) -> None:
    page = page_of(make(None, outcome=None, incomplete=True, by=service.SYSTEM))
    browse(Role.AGENT)
    assert "รอเติมข้อมูล 1 เรื่อง" in client.get("/tickets").text
    missing = post(page, f"{page}/complete", outcome="complaint", text="กองขยะ")
    assert missing.status_code == 422
    assert "กองขยะ" in missing.text
    full = {"outcome": "complaint", "category": "rubbish", "text": "กองขยะ"}
    assert post(page, f"{page}/complete", **full).status_code == 303
    assert "รอเติมข้อมูล 1 เรื่อง" not in client.get("/tickets").text


def chosen(page: str, field: str) -> list[str]:
    """What a list of choices offers as already chosen: said so, or the first."""
    options = re.search(rf'<select name="{field}".*?</select>', page, re.DOTALL)
    assert options is not None
    found = re.findall(r'<option value="([^"]*)"( selected)?>', options[0])
    return [value for value, marked in found if marked] or [found[0][0]]


WAYS = {
    service.CALL: ("To complete", "Complete it", "The call ended without an outcome"),
    service.MESSAGE: ("To listen to", "Listen, then write it down", "left a voice message"),
    service.CALLBACK: ("Not reached yet", "Call back, or write it down", "and did not answer"),
}


@pytest.mark.parametrize("source", WAYS)
def test_what_is_to_be_done_depends_on_how_it_came(
    client: FlaskClient, browse: Any, post: Post, make: Make, source: str
) -> None:
    """A message is no wrap-up that somebody forgot; and nothing is chosen for whoever listens."""
    ticket = make(None, outcome=None, incomplete=True, by=service.SYSTEM, source=source)
    browse(Role.AGENT)
    tag, heading, sentence = WAYS[source]
    others = {word for each, words in WAYS.items() if each != source for word in words[1:]}
    page = client.get(f"{page_of(ticket)}?lang=en").text
    assert f">{tag}<" in page
    assert heading in page
    assert sentence in page
    assert [word for word in others if word in page] == []
    assert chosen(page, "outcome") == [""]
    listed = client.get("/tickets?lang=en").text.split("<tbody")[1]
    assert f">{tag}<" in listed
    kind = {service.MESSAGE: "Voice message", service.CALLBACK: "Callback promise"}
    assert kind.get(source, "Inquiry") in listed
    assert ("Inquiry" in listed) == (source == service.CALL)
    full = {"outcome": "complaint", "category": "rubbish", "text": "กองขยะ"}
    assert post(page_of(ticket), f"{page_of(ticket)}/complete", **full).status_code == 303
    listed = client.get("/tickets?lang=en").text.split("<tbody")[1]
    assert "Complaint" in listed
    assert ("Voice message" in listed) == (source == service.MESSAGE)


def test_messages_are_counted_and_listed_by_themselves(
    client: FlaskClient, browse: Any, make: Make
) -> None:
    unheard = {"outcome": None, "incomplete": True, "by": service.SYSTEM}
    forgotten, left = make(None, **unheard), make(None, source=service.MESSAGE, **unheard)
    browse(Role.AGENT)
    page = client.get("/tickets").text
    assert "รอเติมข้อมูล 2 เรื่อง" in page
    assert "ในนั้นเป็นข้อความเสียง 1 เรื่อง" in page
    led = re.search(r'href="(/tickets[^"]*source=message[^"]*)"', page)
    assert led is not None
    listed = client.get(led[1].replace("&amp;", "&")).text
    assert left.number_shown in listed
    assert forgotten.number_shown not in listed
    everything = client.get("/tickets?source=nonsense").text
    assert forgotten.number_shown in everything


def test_a_manager_is_offered_nothing_to_do(client: FlaskClient, browse: Any, make: Make) -> None:
    page = page_of(make())
    browse(Role.MANAGER)
    assert f"{page}/move" not in client.get(page).text


def test_a_number_in_another_spelling_leads_to_its_page(
    client: FlaskClient, browse: Any, make: Make
) -> None:
    ticket = make()
    browse(Role.AGENT)
    moved = client.get(f"/tickets/{ticket.number_shown}")
    assert (moved.status_code, moved.location) == (302, page_of(ticket))
    assert client.get("/tickets/1000018").status_code == 422
    assert client.get("/api/tickets/12").json["error"]["code"] == "bad-ticket-number"  # type: ignore[index]


# ------------------------------------------------------------------ the list


def test_lateness_is_swept_up_and_shown(
    floor: Floor, client: FlaskClient, browse: Any, make: Make, time: clock.DrivenClock
) -> None:
    ticket = make()
    browse(Role.SUPERVISOR)
    assert "nothing is overdue" in client.get("/tickets?lang=en").text
    time.advance(hours=72 + 50)
    sweep = jobs.SWEEPS["tickets.clocks"]
    assert callable(sweep)
    for _ in range(2):
        sweep(floor, clock.now())
    browse(Role.SUPERVISOR)  # two days are longer than a session
    page = client.get("/tickets?lang=en&overdue=1").text
    assert "overdue: 1" in page
    assert "2 days late" in page
    story = client.get(f"/api/tickets/{ticket.number}").json
    assert story is not None
    kinds = [event["kind"] for event in story["events"]]
    # each once; and each sweep tells one level more of those that are due
    once = ["made", "overdue", "missed", "missed"]
    assert kinds == [*once, "escalated", "told", "escalated", "told"]


def test_a_division_sees_its_own_first_and_others_when_asked(
    client: FlaskClient, browse: Any, make: Make
) -> None:
    own, other = make(), make(None, outcome="suggestion")
    browse(Role.DIVISION, DIVISION)
    mine = client.get("/tickets").text
    assert own.number_shown in mine
    assert other.number_shown not in mine
    assert other.number_shown in client.get("/tickets?division=").text


def test_filters_of_the_address(client: FlaskClient, browse: Any, make: Make) -> None:
    light, done = make(note="ไฟดับ"), make(None, outcome="information", note="เวลาทำการ")
    browse(Role.SUPERVISOR)

    def shows(query: str) -> tuple[bool, bool]:
        page = client.get(f"/tickets?{query}").text
        return f'number">{light.number_shown}' in page or page_of(light) in page, page_of(
            done
        ) in page

    assert shows("division=") == (True, False)
    assert shows("division=&state=all") == (True, True)
    assert shows("division=&state=done") == (False, True)
    assert shows("division=&state=all&q=ไฟ") == (True, False)
    assert shows(f"division=&state=all&q={done.number_shown}") == (False, True)
    assert shows("division=traffic&state=all") == (False, False)
    assert shows("division=nonsense&state=nonsense&before=nonsense") == (True, True)


@pytest.mark.parametrize(
    "address",
    [
        f"/tickets?before={10**30}",
        "/tickets?before=-1",
        "/tickets?q=%00",
        "/tickets?q=a%00b",
        "/tickets?state=%00&division=%00",
        f"/tickets/of-call/{10**30}",
        f"/tickets/near-caller?offer={'9' * 400}",
        "/tickets/%00",
        f"/api/tickets/{'9' * 5000}",
    ],
)
def test_no_address_is_a_fault(client: FlaskClient, browse: Any, make: Make, address: str) -> None:
    make()
    browse(Role.AGENT)
    assert client.get(address).status_code < 500


def test_words_that_a_database_cannot_keep_are_kept_without_what_it_cannot(
    client: FlaskClient, browse: Any, post: Post, make: Make
) -> None:
    page = page_of(make(note="ไฟ\0ดับ"))
    browse(Role.SUPERVISOR)
    assert "ไฟดับ" in client.get(page).text
    assert post(page, f"{page}/note", text="รอ\0อะไหล่").status_code == 303
    assert post(page, f"{page}/note", text="\0").status_code == 422
    assert "รออะไหล่" in client.get(page).text


def test_pages_lead_to_older_ones_and_keep_the_filter(
    client: FlaskClient, browse: Any, make: Make
) -> None:
    tickets = [make(note="ไฟดับ") for _ in range(PAGE + 1)]
    browse(Role.SUPERVISOR)
    first = client.get("/tickets?division=&q=ไฟ").text
    assert page_of(tickets[0]) not in first
    link = re.search(r'rel="next" href="([^"]+)"', first)
    assert link
    second = client.get(link[1].replace("&amp;", "&")).text
    assert page_of(tickets[0]) in second
    assert page_of(tickets[1]) not in second


def test_the_export_is_the_list_as_a_spreadsheet_opens_it(
    client: FlaskClient, browse: Any, make: Make, post: Post, floor: Floor
) -> None:
    first = "/tickets/" + make(note='=HYPERLINK("http://x")').number
    browse(Role.DIVISION, DIVISION)
    post(first, f"{first}/move", to="in_progress", **{"from": "received"})
    with floor.db.write() as session:
        theirs = sa.update(Account).where(Account.username == DIVISION)
        session.execute(theirs.values(name="สมชาย ช่างดี"))
    make(note='ไฟดับ, "ซอย 5"\nสองบรรทัด')
    browse(Role.SUPERVISOR)
    answer = client.get("/tickets.csv?division=&lang=en")
    assert answer.mimetype == "text/csv"
    assert "tickets-2026-11-20.csv" in answer.headers["Content-Disposition"]
    assert answer.text.startswith("\ufeffNumber,")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row["Text"] for row in rows] == [
        'ไฟดับ, "ซอย 5"\nสองบรรทัด',
        '\'=HYPERLINK("http://x")',
    ]
    assert rows[1]["Number"] == "100-0002"  # as on every page
    assert rows[0]["Received"] == "2026-11-20 10:00"
    assert [row["Owner"] for row in rows] == ["", "สมชาย ช่างดี"]  # a name, as on every page
    assert rows[0]["Category"] == "Street light"
    assert CALLER not in answer.text


def test_an_agent_exports_nothing(client: FlaskClient, browse: Any) -> None:
    browse(Role.AGENT)
    assert client.get("/tickets.csv").status_code == 403


def test_divisions_without_anybody_are_told_to_who_can_mend_it(
    floor: Floor, client: FlaskClient, browse: Any
) -> None:
    browse(Role.SUPERVISOR)
    assert "Nobody answers for" in client.get("/tickets?lang=en").text
    browse(Role.AGENT)
    assert "Nobody answers for" not in client.get("/tickets?lang=en").text
    sign_in_as(floor, Role.DIVISION, DIVISION)
    browse(Role.SUPERVISOR, "supervisor")
    assert "Nobody answers for" not in client.get("/tickets?lang=en").text


# ------------------------------------------------------------------ for the desk and for programs


def test_the_desk_finds_a_calls_ticket_and_the_callers_earlier_ones(
    client: FlaskClient, browse: Any, make: Make
) -> None:
    ticket = make(note="ไฟดับ")
    browse(Role.AGENT)
    assert ticket.number_shown in client.get("/tickets/of-call/1").text
    assert "ยังไม่มีเรื่อง" in client.get("/tickets/of-call/99").text
    assert ticket.number_shown in client.get(f"/tickets/near-caller?offer={OFFER}").text
    assert "<html" not in client.get("/tickets/of-call/1").text


def test_near_caller_is_for_the_desk(client: FlaskClient, browse: Any) -> None:
    browse(Role.MANAGER)
    assert client.get(f"/tickets/near-caller?offer={OFFER}").status_code == 403


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR])
@pytest.mark.parametrize("asked", ["offer=8", "offer=x", "", "number=%2B66812345678"])
def test_nobody_looks_up_a_number_of_their_choice(
    client: FlaskClient, browse: Any, make: Make, role: Role, asked: str
) -> None:
    make()
    browse(role)
    assert client.get(f"/tickets/near-caller?{asked}").status_code == 403


def test_a_program_reads_outcomes_and_a_ticket(
    client: FlaskClient, bearer: Bearer, make: Make, config: Tickets
) -> None:
    headers = bearer(auth.Role.AGENT)
    offered = client.get("/api/outcomes", headers=headers).json
    assert offered is not None
    assert [each["id"] for each in offered["outcomes"]] == [each.id for each in config.outcomes]
    assert offered["categories"][0]["title"].keys() >= {"th", "en"}
    ticket = make(note="ไฟดับ")
    answer = client.get(f"/api/tickets/{ticket.number_shown}", headers=headers).json
    assert answer is not None
    assert answer["number"] == ticket.number
    assert answer["due_at"] == (NOW + timedelta(hours=72)).isoformat()
    assert answer["calls"] == [1]
    assert [event["kind"] for event in answer["events"]] == ["made"]


def test_every_word_of_the_room_is_there_and_used(floor: Floor) -> None:
    """Each kind, state, result, move and refusal has its words."""
    from tickets import workflow
    from tickets.numbers import Slip

    keys = [f"tickets.kind.{each}" for each in workflow.Kind]
    keys += [f"tickets.state.{each}" for each in workflow.State]
    keys += [f"tickets.result.{each}" for each in workflow.Result]
    keys += [f"tickets.priority.{each}" for each in workflow.Priority]
    keys += [f"tickets.error.number.{each.value.replace('-', '_')}" for each in Slip]
    keys += [f"tickets.error.{each}" for each in workflow.Refusal]
    assert [key for key in keys if key not in floor.texts] == []


# ------------------------------------------------------------------ the division's day


@pytest.fixture
def seen(client: FlaskClient) -> Callable[[TicketFacts], dict[str, str]]:
    """The version that the page of a ticket shows now, as a form sends it."""

    def version(ticket: TicketFacts) -> dict[str, str]:
        page = client.get(f"/tickets/{ticket.number}").text
        found = re.search(r'name="version" value="(\d+)"', page)
        assert found
        return {"version": found[1]}

    return version


def test_a_division_lets_it_wait_and_goes_on(
    client: FlaskClient, browse: Any, post: Post, make: Make, seen: Any
) -> None:
    ticket = make()
    browse(Role.DIVISION, DIVISION)
    page = f"/tickets/{ticket.number}"
    post(page, f"{page}/move", to="in_progress", **{"from": "received"})
    asked = {"for": "agency", "until": "2026-11-24", "text": "รอการไฟฟ้า"}
    late = post(page, f"{page}/wait", **asked | {"until": "2026-11-19"}, **seen(ticket))
    assert late.status_code == 422 or late.status_code == 400
    assert "รอการไฟฟ้า" in late.text  # what was typed stays in its form
    assert post(page, f"{page}/wait", **asked, **seen(ticket)).status_code == 303
    shown = client.get(f"{page}?lang=en").text
    # until the day is over
    assert "Waits for an outside agency until 24 Nov 2026" in shown
    assert "waits for an agency" in client.get("/tickets?show=waiting&lang=en").text
    assert post(page, f"{page}/resume", **seen(ticket)).status_code == 303
    assert "Went on with it" in client.get(f"{page}?lang=en").text


def test_not_ours_goes_where_it_belongs_and_a_stale_page_changes_nothing(
    client: FlaskClient, browse: Any, post: Post, make: Make, seen: Any
) -> None:
    ticket = make()
    browse(Role.DIVISION, DIVISION)
    page = f"/tickets/{ticket.number}"
    stale = seen(ticket)
    asked = {"category": "rubbish", "priority": "normal", "division": "", "text": "เป็นเรื่องขยะ"}
    assert post(page, f"{page}/route", **asked, **stale).status_code == 303
    shown = client.get(f"{page}?lang=en").text
    assert "Sent to another division" in shown
    assert "Engineering Bureau → Public Health and Environment Bureau" in shown
    assert "เป็นเรื่องขยะ" in shown
    again = post(page, f"{page}/route", **asked | {"category": "noise", "text": "หรือเสียง"}, **stale)
    assert again.status_code == 409
    assert "หรือเสียง" in again.text
    assert "Public Health" in client.get(f"{page}?lang=en").text


def test_a_private_matter_that_was_sent_on_leads_back_to_the_list(
    browse: Any, post: Post, make: Make, seen: Any, floor: Floor
) -> None:
    ticket = make()
    sign_in_as(floor, Role.SUPERVISOR, "supervisor")  # somebody answers for where it goes
    browse(Role.DIVISION, DIVISION)
    page = f"/tickets/{ticket.number}"
    asked = {"category": "corruption", "priority": "normal", "division": "", "text": "x"}
    gone = post(page, f"{page}/route", **asked, **seen(ticket))
    assert gone.status_code == 303
    assert gone.headers["Location"] == "/tickets"


def test_who_does_it_is_chosen_among_those_who_answer_for_it(
    client: FlaskClient, browse: Any, post: Post, make: Make, seen: Any
) -> None:
    ticket = make()
    browse(Role.DIVISION, DIVISION)
    page = f"/tickets/{ticket.number}"
    assert post(page, f"{page}/assign", owner=DIVISION, **seen(ticket)).status_code == 303
    assert ticket.number_shown in client.get("/tickets?show=mine").text
    assert ticket.number_shown not in client.get("/tickets?show=unowned").text
    assert post(page, f"{page}/assign", owner="nok", **seen(ticket)).status_code >= 400


def test_an_absence_hands_over_and_is_said_loudly(
    client: FlaskClient, browse: Any, post: Post, make: Make, floor: Floor
) -> None:
    ticket = make()
    browse(Role.DIVISION, DIVISION)
    form = {"username": DIVISION, "first": "2026-11-20", "last": "2026-11-22", "substitute": ""}
    wrong = post("/tickets/absences", "/tickets/absences", **form | {"last": "2026-11-19"})
    assert wrong.status_code >= 400
    assert post("/tickets/absences", "/tickets/absences", **form).status_code == 303
    assert "22 November 2026" in client.get("/tickets/absences?lang=en").text
    browse(Role.SUPERVISOR, "supervisor")
    page = client.get(f"/tickets/{ticket.number}?lang=en").text
    assert "Nobody answers for Engineering Bureau today." in page
    assert "Pattaya Contact Center has this ticket meanwhile." in page
    assert "nobody there today" in client.get("/tickets?lang=en").text
    assert "Engineering Bureau" in client.get("/tickets/attention?lang=en").text
    assert post("/tickets/absences", "/tickets/absences/1/end").status_code == 303
    assert "Nobody answers for" not in client.get(f"/tickets/{ticket.number}?lang=en").text


def test_the_board_and_its_nights(
    floor: Floor, client: FlaskClient, browse: Any, make: Make, time: clock.DrivenClock
) -> None:
    ticket = make()
    time.advance(hours=25)
    jobs.SWEEPS["tickets.clocks"](floor, clock.now())
    day = floor.section(Tickets).day(clock.now())
    nightly = jobs.nightly(floor)["tickets.attention"]
    assert [nightly.run(floor, day), nightly.run(floor, day)] == ["kept", "there already"]
    browse(Role.MANAGER)
    board = client.get("/tickets/attention?lang=en").text
    assert "/tickets?show=unacknowledged&amp;division=engineering" in board
    assert f"/tickets/{ticket.number}" in board
    assert f"/tickets/attention/{day}" in board
    assert ticket.number_shown in client.get(f"/tickets/attention/{day}").text
    for missing in ("2026-01-01", "yesterday"):
        assert client.get(f"/tickets/attention/{missing}").status_code == 404
    browse(Role.DIVISION, "somebody-new")
    assert "answers for no division" in client.get("/tickets/attention?lang=en").text
    assert client.get(f"/tickets/attention/{day}").status_code == 403


def test_every_list_has_an_address_that_stays(client: FlaskClient, browse: Any, make: Make) -> None:
    make()
    browse(Role.SUPERVISOR)
    for show in service.Show:
        assert client.get(f"/tickets?show={show}&division=engineering").status_code == 200
    assert client.get("/tickets?show=nonsense").status_code == 200


def test_what_went_wrong_in_a_span_can_be_opened_and_taken_along(
    floor: Floor, client: FlaskClient, browse: Any, make: Make, time: clock.DrivenClock
) -> None:
    late = make()
    time.advance(hours=25)
    jobs.SWEEPS["tickets.clocks"](floor, clock.now())
    browse(Role.MANAGER)
    page = client.get("/tickets/accountability?lang=en").text
    assert f'href="/tickets/{late.number}"' in page
    assert "2 failures" in page  # it was taken up late, and the next level was told
    earlier = client.get("/tickets/accountability?lang=en&from=2026-10-01&until=2026-10-31").text
    assert "Nothing went wrong" in earlier
    sheet = client.get("/tickets/accountability.csv?lang=en").text.splitlines()
    assert len(sheet) == 3
    assert sheet[1].split(",")[1:4] == [late.number_shown, "Engineering Bureau", "Taken up late"]
    for wrong in ("from=2026-11-02&until=2026-11-01", "from=x", "from=2020-01-01&until=2026-01-01"):
        assert "could not be read" in client.get(f"/tickets/accountability?lang=en&{wrong}").text
    # a number of the table leads to what makes it
    theirs = "/tickets/accountability/unacknowledged?division=engineering&"
    assert f'href="{theirs}from='.replace("&", "&amp;") in page
    assert late.number_shown in client.get(theirs).text
    assert late.number_shown not in client.get(theirs.replace("engineering", "traffic")).text
    assert client.get("/tickets/accountability/nonsense").status_code == 404
    browse(Role.DIVISION, "somebody-new")
    assert late.number_shown not in client.get("/tickets/accountability.csv?lang=en").text
    assert late.number_shown not in client.get(theirs).text


def test_many_failures_stand_on_pages_of_their_own(
    floor: Floor,
    client: FlaskClient,
    browse: Any,
    make: Make,
    time: clock.DrivenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(board, "FEW", 3)
    monkeypatch.setattr(board, "ON_PAGE", 2)
    late = [make() for _ in range(5)]
    time.advance(hours=25)
    jobs.SWEEPS["tickets.clocks"](floor, clock.now())
    browse(Role.MANAGER)
    page = client.get("/tickets/accountability?lang=en").text
    assert late[0].number_shown not in page
    assert "Show all 5" in page
    seen, address = [], "/tickets/accountability/unacknowledged?lang=en"
    while address:
        text = client.get(address).text
        found = re.findall(r'class="attention-ticket"><a href="[^"]+">([^<]+)', text)
        assert len(found) <= 2
        seen += found
        following = re.search(r'rel="next" href="([^"]+)"', text)
        address = html.unescape(following[1]) if following else ""
    assert seen == [each.number_shown for each in late]


def test_a_row_of_the_list_says_what_is_so_now(
    client: FlaskClient, browse: Any, make: Make
) -> None:
    it = make()
    browse(Role.SUPERVISOR)
    first = client.get(f"/tickets/{it.number}/row?lang=en")
    assert it.number_shown in first.text
    assert ">Received<" in first.text
    tag = first.headers["ETag"]
    again = client.get(f"/tickets/{it.number}/row?lang=en", headers={"If-None-Match": tag})
    assert again.status_code == 304
    secret = make("corruption")
    browse(Role.DIVISION, "somebody-new")
    assert client.get(f"/tickets/{secret.number}/row").status_code == 404
