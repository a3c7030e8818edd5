"""A citizen's page: whoever proves it is theirs sees it, nobody else, and nothing of the inside."""

import io
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from hotline import clock
from hotline.auth import COOKIE, Role
from hotline.floor import Floor
from tests.service.tickets.conftest import CALLER, NOW, SUPERVISOR, WORKS
from tests.support import photos
from tests.support.floors import sign_in_as
from tests.support.statements import statements
from tickets import answering, attempts, following, links, numbers, service
from tickets.citizen_words import moment_words
from tickets.config import Tickets
from tickets.errors import ClosedForGood
from tickets.life import merging
from tickets.models import CitizenLink, EventKind
from tickets.service import Filters, Show, TicketFacts
from tickets.web import SPOKEN
from tickets.workflow import Result, State, Waiting
from tickets.writing import tell

DIGITS = CALLER[-4:]
OTHERS_NUMBER = "+66898765432"
SESSION = "__Host-hotline_ticket"
PAGE = "/t/ticket"


@pytest.fixture(autouse=True)
def time() -> Iterator[clock.DrivenClock]:
    with clock.driven(NOW) as driven:
        yield driven


@pytest.fixture
def make(floor: Floor, config: Tickets) -> Callable[..., TicketFacts]:
    calls = iter(range(1, 1000))

    def made(**more: Any) -> TicketFacts:
        asked = {"outcome": "complaint", "category": "street_light", "caller": CALLER, "by": "nok"}
        with floor.db.write() as session:
            return service.record_call(
                session, config, call_id=next(calls), now=clock.now(), **asked | more
            )

    return made


@pytest.fixture
def move(floor: Floor, config: Tickets) -> Callable[..., TicketFacts]:
    def moved(ticket: TicketFacts, to: State, **more: Any) -> TicketFacts:
        with floor.db.write() as session:
            seen = service.by_number(session, ticket.number)
            more.setdefault("actor", WORKS)
            return service.move(session, config, seen, to, now=clock.now(), **more)

    return moved


@pytest.fixture
def closed(make: Any, move: Any) -> TicketFacts:
    return move(make(), State.DONE, result=Result.FIXED, text="เปลี่ยนหลอดแล้ว")


def enter(client: FlaskClient, ticket: TicketFacts, digits: str = DIGITS, **more: Any) -> Any:
    return client.post("/t", data={"number": ticket.number, "digits": digits}, **more)


def act(client: FlaskClient, what: str, **form: str) -> Any:
    """Send the form of a question, as the page gave it."""
    token = re.search(r'name="form_token" value="(\w+)"', client.get(f"{PAGE}/{what}").text)
    assert token
    return client.post(f"{PAGE}/{what}", data=form | {"form_token": token[1]})


def token_of(floor: Floor, ticket: TicketFacts) -> str:
    with floor.db.read() as session:
        mine = sa.select(CitizenLink.nonce).where(CitizenLink.ticket_id == ticket.id)
        nonce = session.scalars(mine).one()
    return links.token(floor.settings.secret_key, nonce)


def now_is(floor: Floor, ticket: TicketFacts) -> TicketFacts:
    with floor.db.read() as session:
        return service.by_number(session, ticket.number)


# ------------------------------------------------------------------ the proof


def test_number_and_four_digits_open_it(client: FlaskClient, make: Any) -> None:
    ticket = make()
    asked = client.get("/t").text
    assert "ขั้นที่ 1" in asked
    assert '<a href="tel:1337">โทรหาเรา' in asked
    second = client.get(f"/t?number={ticket.number_shown}")
    assert ticket.number_shown in second.text
    came = enter(client, ticket, "๕๖๗๘")
    assert (came.status_code, came.location) == (303, PAGE)
    page = client.get(PAGE)
    assert page.status_code == 200
    assert ticket.number_shown in page.text
    assert "อยู่ระหว่างการรับเรื่องร้องเรียน" in page.text
    assert "พ.ย. 2569" in page.text


def test_a_slip_is_told_before_anything_is_looked_up(
    floor: Floor, client: FlaskClient, make: Any
) -> None:
    number = make().number
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    with statements(floor.db.engine) as asked:
        for answer in (
            client.get(f"/t?number={wrong}&lang=en"),
            client.post("/t", data={"number": wrong}),
        ):
            assert answer.status_code == 422
    assert not any("tickets" in each or "citizen_attempts" in each for each in asked)
    for text in ("100", "abc", "1" * 5000, "<script>"):
        page = client.get("/t", query_string={"number": text})
        assert page.status_code == 422
        assert "<script>" not in page.text


def test_nothing_tells_a_wrong_proof_from_a_ticket_that_is_not_there(
    floor: Floor, client: FlaskClient, make: Any
) -> None:
    """Neither what is answered, nor what is asked of the database for it."""
    there, nowhere = make().number, numbers.make(777)
    answers, asked = [], []
    for number in (there, nowhere):
        for digits in ("0000", "", "56789", "abcd"):
            with statements(floor.db.engine) as noted:
                answer = client.post("/t", data={"number": number, "digits": digits})
            shown = numbers.display(number)
            answers.append(
                (answer.status_code, answer.text.replace(shown, "#").replace(number, "#"))
            )
            asked.append([re.sub(r"_\d+", "", each) for each in noted])
            assert (
                "Set-Cookie" not in answer.headers or "ticket" not in answer.headers["Set-Cookie"]
            )
    assert {status for status, _ in answers[:4]} == {422}
    assert answers[:4] == answers[4:]
    assert asked[:4] == asked[4:]


def test_guesses_lock_the_number_whoever_guesses_and_whether_or_not_it_exists(
    floor: Floor, client: FlaskClient, make: Any, time: clock.DrivenClock
) -> None:
    ticket = make()
    for number in (ticket.number, numbers.make(777)):
        for n in range(5):
            answer = client.post(
                "/t",
                data={"number": number, "digits": f"{n:04}"},
                environ_base={"REMOTE_ADDR": f"203.0.113.{n}"},
            )
            assert answer.status_code == 422
        # the right digits as well, and from anywhere
        locked = client.post(
            "/t",
            data={"number": number, "digits": DIGITS},
            environ_base={"REMOTE_ADDR": "198.51.100.9"},
        )
        assert locked.status_code == 429
        # until when is said, in words
        until = moment_words(clock.now() + attempts.FIRST_LOCK, "th", floor.city.zone)
        assert until in locked.text
    other = make(caller=OTHERS_NUMBER)
    assert enter(client, other, OTHERS_NUMBER[-4:]).status_code == 303
    time.advance(minutes=16)
    assert enter(client, ticket).status_code == 303
    # what was right forgets nothing
    assert enter(client, ticket, "0000").status_code == 422
    assert enter(client, ticket).status_code == 429


def test_guesses_lock_the_address_and_a_right_proof_gives_no_new_ones(
    client: FlaskClient, config: Tickets, make: Any
) -> None:
    mine = make()
    for n in range(config.citizens.attempts_of_address):
        number = numbers.make(1000 + n)
        assert client.post("/t", data={"number": number, "digits": "0000"}).status_code == 422
        if n == 10:
            assert enter(client, mine).status_code == 303
    assert enter(client, mine).status_code == 429
    through_link = client.get("/t/" + "x" * 22)
    assert through_link.status_code == 429
    assert "เปิดลิงก์ได้อีกครั้งตั้งแต่" in through_link.text
    elsewhere = enter(client, mine, environ_base={"REMOTE_ADDR": "198.51.100.9"})
    assert elsewhere.status_code == 303
    # whoever asks can write this header: nobody believes it unless BEHIND_PROXY is set
    forged = enter(client, mine, headers={"X-Forwarded-For": "198.51.100.10"})
    assert forged.status_code == 429


def test_it_is_limited_without_redis(floor: Floor, client: FlaskClient, make: Any) -> None:
    ticket = make()
    floor.jobs = None  # type: ignore[assignment]
    floor.changes = None
    assert [enter(client, ticket, "0000").status_code for _ in range(6)] == [422] * 5 + [429]


def test_of_an_address_a_network_and_of_a_key_nobody_can_tell(settings: Any) -> None:
    key = settings.secret_key
    same = {attempts.of_address(key, each) for each in ("2001:db8::1", "2001:db8::ffff:1:2:3")}
    assert len(same) == 1
    assert attempts.of_address(key, "2001:db8:0:1::1") not in same
    assert attempts.of_address(key, "::ffff:192.0.2.1") == attempts.of_address(key, "192.0.2.1")
    assert CALLER not in attempts.of_number(key, "1000019")


def test_who_withheld_the_number_has_no_proof(client: FlaskClient, make: Any) -> None:
    ticket = make(caller=None)
    assert {enter(client, ticket, digits).status_code for digits in ("", "None", "0000")} == {422}


def test_a_private_ticket_opens_to_its_citizen_too(client: FlaskClient, make: Any) -> None:
    ticket = make(category="corruption")
    assert enter(client, ticket).status_code == 303
    assert ticket.number_shown in client.get(PAGE).text


# ------------------------------------------------------------------ the link


def test_the_link_opens_it_and_leaves_the_address(
    floor: Floor, client: FlaskClient, make: Any
) -> None:
    ticket = make(language="en")
    token = token_of(floor, ticket)
    assert len(token) == links.LENGTH
    came = client.get(f"/t/{token}")
    assert (came.status_code, came.location) == (303, PAGE)
    page = client.get(PAGE)
    assert ticket.number_shown in page.text
    assert "Being received" in page.text
    assert token not in page.text
    for answer in (came, page, client.get("/t")):
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert answer.headers["Cache-Control"] == "no-store"
    cookie = next(each for each in came.headers.getlist("Set-Cookie") if SESSION in each)
    assert all(each in cookie for each in ("HttpOnly", "Secure", "SameSite=Lax", "Path=/"))
    with floor.db.read() as session:
        row = session.scalars(sa.select(CitizenLink)).one()
        assert token not in str(vars(row))


def test_a_link_ends_by_time_and_by_hand_and_with_it_who_came_by_it(
    floor: Floor, config: Tickets, client: FlaskClient, make: Any, time: clock.DrivenClock
) -> None:
    ticket = make()
    token = token_of(floor, ticket)
    client.get(f"/t/{token}")
    with floor.db.write() as session:
        assert answering.end_links(session, ticket, actor=WORKS, now=clock.now()) == 1
    assert client.get(PAGE).location == "/t"
    assert client.get(f"/t/{token}").status_code == 404
    with floor.db.write() as session:
        days = config.citizens.link_days
        key = floor.settings.secret_key
        new = links.renew(session, key, ticket.id, CALLER, days=days, now=clock.now())
        nonce = session.get_one(CitizenLink, new).nonce
    fresh = links.token(key, nonce)
    assert fresh != token
    assert client.get(f"/t/{fresh}").status_code == 303
    time.advance(days=days, seconds=1)
    assert client.get(f"/t/{fresh}").status_code == 404


@pytest.mark.parametrize("guess", ["x" * 22, "x", "-" * 22, "%00" * 5, "a" * 900, "ticket%0d%0a"])
def test_a_guessed_link_is_none(client: FlaskClient, make: Any, guess: str) -> None:
    make()
    answer = client.get(f"/t/{guess}")
    assert answer.status_code == 404
    assert SESSION not in str(answer.headers)


def test_no_log_has_the_link(floor: Floor) -> None:
    import logging

    from hotline import logs

    line = logging.LogRecord("x", logging.INFO, "", 0, f"fault in GET /t/{'Ab-_' * 5}xy", (), None)
    formatter = logs._Formatter(
        processors=[lambda _, __, event: str(event["event"])],  # type: ignore[list-item]
    )
    assert formatter.format(line) == "fault in GET /t/···"


# ------------------------------------------------------------------ the session


@pytest.mark.parametrize("cookie", ["", "x", "WzEsMCwieCIsOTk5OTk5OTk5OV0.forged", "a.b.c"])
def test_a_forged_cookie_opens_nothing(client: FlaskClient, make: Any, cookie: str) -> None:
    make()
    client.set_cookie(SESSION, cookie)
    assert client.get(PAGE).location == "/t"
    for what in ("message", "rate", "reopen", "withdraw", "confirm"):
        assert client.get(f"{PAGE}/{what}").location == "/t"
        assert client.post(f"{PAGE}/{what}", data={"text": "x"}).status_code == 401


def test_a_session_is_for_one_ticket_and_a_while(
    client: FlaskClient, config: Tickets, make: Any, time: clock.DrivenClock
) -> None:
    mine, other = make(), make(caller=OTHERS_NUMBER)
    enter(client, mine)
    assert other.number_shown not in client.get(PAGE).text
    assert client.get(f"/tickets/{mine.number}").status_code == 302  # no way to the staff's pages
    assert client.get(f"/api/tickets/{mine.number}").status_code == 401
    time.advance(minutes=config.citizens.session_minutes - 1)
    assert client.get(PAGE).status_code == 200  # used: it stays open
    time.advance(minutes=config.citizens.session_minutes - 1)
    assert client.get(PAGE).status_code == 200
    time.advance(minutes=config.citizens.session_minutes + 1)
    kept = client.post(f"{PAGE}/message", data={"text": "ข้อความที่พิมพ์ไว้นาน"})
    assert kept.status_code == 401
    assert "ข้อความที่พิมพ์ไว้นาน" in kept.text
    assert client.get(PAGE).location == "/t"


def test_another_site_changes_nothing(
    floor: Floor, client: FlaskClient, app: Flask, make: Any
) -> None:
    ticket, other = make(), make(caller=OTHERS_NUMBER)
    enter(client, ticket)
    stranger = app.test_client()
    enter(stranger, other, OTHERS_NUMBER[-4:])
    theirs = re.search(r'name="form_token" value="(\w+)"', stranger.get(f"{PAGE}/message").text)
    assert theirs
    for form in ({}, {"form_token": "x"}, {"form_token": theirs[1]}):
        for what in ("message", "withdraw"):
            answer = client.post(f"{PAGE}/{what}", data={"text": "ยกเลิก", **form})
            assert answer.status_code == 422
    assert now_is(floor, ticket).state is State.RECEIVED
    elsewhere = client.post("/t", data={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert elsewhere.status_code == 403


def test_who_is_signed_in_as_staff_follows_a_ticket_as_anybody(
    floor: Floor, client: FlaskClient, make: Any
) -> None:
    client.set_cookie(COOKIE, sign_in_as(floor, Role.AGENT))
    ticket = make()
    form = re.search(
        r'name="csrf_token" value="(\w+)"', client.get(f"/t?number={ticket.number}").text
    )
    assert form
    data = {"number": ticket.number, "digits": DIGITS, "csrf_token": form[1]}
    assert client.post("/t", data=data).status_code == 303
    assert "/desk" not in client.get(PAGE).text


def test_leaving_forgets_it(client: FlaskClient, make: Any) -> None:
    enter(client, make())
    assert client.post("/t/leave").location == "/t"
    assert client.get(PAGE).location == "/t"


@pytest.mark.parametrize("next_", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_nobody_is_led_elsewhere(client: FlaskClient, make: Any, next_: str) -> None:
    ticket = make()
    asked = {"next": next_, "done": next_, "lang": next_}
    answers = [
        client.post(f"/t?next={next_}", data={"number": ticket.number, "digits": DIGITS}),
        client.get("/t", query_string=asked),
        client.get(PAGE, query_string=asked),
        client.post("/t/leave", data=asked),
    ]
    for answer in answers:
        assert answer.location in (None, PAGE, "/t")
        assert "evil" not in answer.text


# ------------------------------------------------------------------ what is seen


def test_nothing_of_the_inside_is_seen(
    floor: Floor, config: Tickets, app: Flask, client: FlaskClient, make: Any, move: Any
) -> None:
    app.extensions[SPOKEN] = ("th", "en", "zh", "ru")
    sign_in_as(floor, Role.DIVISION, "lek")
    ticket = make(note="ลับ1 จากเจ้าหน้าที่")
    with floor.db.write() as session:
        service.link_call(
            session, call_id=900, ticket=ticket, caller=OTHERS_NUMBER, text="ลับ2", by="nok", now=NOW
        )
        service.note(session, config, ticket, text="ลับ3", actor=SUPERVISOR, now=NOW)
    move(ticket, State.IN_PROGRESS)
    with floor.db.write() as session:
        seen = service.by_number(session, ticket.number)
        until = NOW + timedelta(days=2)
        service.wait(
            session, config, seen, for_=Waiting.CITIZEN, until=until, text="ลับ4", actor=WORKS,
            now=NOW,
        )  # fmt: skip
        tell(
            session,
            ticket.id,
            EventKind.MESSAGE,
            "lek",
            NOW,
            {"text": "โทร 081-234-5678 ได้", "language": "th"},
        )
        tell(session, ticket.id, EventKind.RATED, "system", NOW, {"call_id": 1, "mark": 1})
    move(ticket, State.DONE, result=Result.FIXED, text="ซ่อมแล้ว บัตร 1 2345 67890 12 3")
    move(ticket, State.IN_PROGRESS, actor=SUPERVISOR, text="ลับ5")
    enter(client, ticket)
    for language in ("th", "en", "zh", "ru"):
        page = client.get(f"{PAGE}?lang={language}").text
        assert f'<html lang="{language}"' in page
        assert "ลับ" not in page
        for name in ("nok", "lek", "supervisor", CALLER, OTHERS_NUMBER, CALLER[-4:], "5432"):
            assert name not in page, name
        assert "2345" not in page
        assert "โทร ····· ได้" in page
    assert OTHERS_NUMBER[-4:] not in client.get(PAGE).text


def test_the_page_speaks_every_language_of_the_hotline(
    client: FlaskClient, app: Flask, make: Any
) -> None:
    app.extensions[SPOKEN] = ("th", "en", "zh", "ru")
    enter(client, make(language="zh"))
    page = client.get(PAGE).text
    assert "正在受理" in page
    assert re.search(r"2026年11月\d+日", page)
    assert "Being received" in client.get(f"{PAGE}?lang=en").text
    assert "Being received" in client.get(PAGE).text  # what was chosen stays


@pytest.mark.parametrize(
    ("browser", "said"),
    [
        ("", "th"),
        ("en-GB,en;q=0.9", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("de-DE,ru;q=0.4", "ru"),
        ("de-DE", "th"),
    ],
)
def test_who_has_no_ticket_yet_is_asked_in_the_language_of_the_browser(
    client: FlaskClient, app: Flask, make: Any, browser: str, said: str
) -> None:
    app.extensions[SPOKEN] = ("th", "en", "zh", "ru")
    headers = {"Accept-Language": browser} if browser else {}
    for address in ("/t", f"/t/{'A' * 22}"):
        assert f'<html lang="{said}"' in client.get(address, headers=headers).text, address
    enter(client, make(language="th"))
    assert '<html lang="th"' in client.get(PAGE, headers=headers).text, "a ticket has its own"


def test_what_next_is_said_for_each_way_it_can_stand(
    floor: Floor, config: Tickets, client: FlaskClient, make: Any, move: Any, time: Any
) -> None:
    ticket = make(language="en")
    enter(client, ticket)

    def said() -> str:
        found = re.search(r'class="card next">.*?<p>(.*?)</p>', client.get(PAGE).text, re.S)
        assert found
        return found[1]

    assert "Engineering Bureau takes it up. It is to be done by 23 Nov 2026 10:00." in said()
    move(ticket, State.IN_PROGRESS)
    assert "is working on it" in said()
    with floor.db.write() as session:
        seen = service.by_number(session, ticket.number)
        service.wait(
            session, config, seen, for_=Waiting.AGENCY, until=NOW + timedelta(hours=5), text="x",
            actor=WORKS, now=NOW,
        )  # fmt: skip
    assert "agency outside the city, until 20 Nov 2026 15:00" in said()
    with floor.db.write() as session:
        service.resume(
            session, config, service.by_number(session, ticket.number), actor=WORKS, now=NOW
        )
    time.advance(days=5)
    enter(client, ticket)
    assert "We are sorry" in said()
    move(ticket, State.DONE, result=Result.FIXED, text="x")
    assert "you can open it again until 25 Dec 2026" in said()
    time.advance(days=config.citizens.reopen_days, seconds=1)
    enter(client, ticket)
    assert "closed for good" in said()


# ------------------------------------------------------------------ what they can do


def test_what_a_citizen_writes_is_unread_until_somebody_answers(
    floor: Floor, config: Tickets, client: FlaskClient, make: Any, time: clock.DrivenClock
) -> None:
    ticket = make()
    enter(client, ticket)
    nasty = "<script>alert(1)</script> {{ 7*7 }}\n'\"; DROP TABLE tickets; --"
    assert act(client, "message", text=nasty).location == f"{PAGE}?done=message"
    page = client.get(PAGE).text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "49" not in page.replace(ticket.number_shown, "")
    assert now_is(floor, ticket).unread_since == NOW

    def unanswered() -> list[str]:
        with floor.db.read() as session:
            found = answering.waiting(session, config, SUPERVISOR, now=clock.now())
            listed = service.search(
                session, Filters(show=Show.UNANSWERED), SUPERVISOR, now=clock.now()
            )
            assert [each.number for each in listed.tickets] == [ticket.number]
        return [each.number for each in found.unanswered]

    assert unanswered() == []
    time.advance(hours=config.citizens.answer_hours)
    assert unanswered() == [ticket.number]
    with floor.db.write() as session:
        service.note(session, config, ticket, text="note", actor=SUPERVISOR, now=NOW)
    assert now_is(floor, ticket).unread_since == NOW  # a note answers nobody
    with floor.db.write() as session:
        tell(
            session,
            ticket.id,
            EventKind.MESSAGE,
            "lek",
            clock.now(),
            {"text": "กำลังไป", "language": "th"},
        )
    assert now_is(floor, ticket).unread_since is None
    enter(client, ticket)
    assert "กำลังไป" in client.get(PAGE).text


def test_a_word_ends_the_waiting_for_it(
    floor: Floor, config: Tickets, client: FlaskClient, make: Any, move: Any
) -> None:
    ticket = move(make(), State.IN_PROGRESS)
    with floor.db.write() as session:
        service.wait(
            session, config, ticket, for_=Waiting.CITIZEN, until=NOW + timedelta(days=2), text="x",
            actor=WORKS, now=NOW,
        )  # fmt: skip
    enter(client, ticket)
    act(client, "message", text="บ้านเลขที่ 12/3")
    found = now_is(floor, ticket)
    assert (found.waiting_for, found.unread_since) == (None, NOW)


def test_words_are_limited(client: FlaskClient, make: Any) -> None:
    enter(client, make())
    assert act(client, "message", text="  ").status_code == 422
    assert act(client, "message", text="ก" * (following.LONGEST + 1)).status_code == 422
    for _ in range(following.MOST_WORDS):
        assert act(client, "message", text="ถึงไหนแล้ว\0").status_code == 303
    assert act(client, "message", text="ถึงไหนแล้ว").status_code == 429


def test_the_result_is_rated_again_until_it_is_closed_for_good(
    floor: Floor, config: Tickets, client: FlaskClient, closed: TicketFacts, time: Any
) -> None:
    enter(client, closed)
    for wrong in ("0", "6", "x", "", "99999999999999999999"):
        assert act(client, "rate", mark=wrong).status_code == 422
    assert act(client, "rate", mark="2", text="ช้า").status_code == 303
    assert act(client, "rate", mark="4").status_code == 303
    with floor.db.read() as session:
        page = following.page(session, config, closed, clock.now())
        marks = [e.data["mark"] for e in service.story(session, closed.id) if e.kind == "judged"]
    assert (page.mark, marks) == (4, [2, 4])
    time.advance(days=config.citizens.reopen_days, seconds=1)
    with floor.db.write() as session, pytest.raises(ClosedForGood):
        following.judge(session, config, closed, 5, now=clock.now())


def test_what_is_open_has_no_result_to_rate_confirm_or_reopen(
    client: FlaskClient, make: Any
) -> None:
    enter(client, make())
    for what in ("rate", "confirm", "reopen"):
        assert act(client, what, mark="5", text="x").status_code == 409
    page = client.get(PAGE).text
    assert f"{PAGE}/rate" not in page


def test_confirmed_once(floor: Floor, client: FlaskClient, closed: TicketFacts) -> None:
    enter(client, closed)
    for _ in range(2):
        assert act(client, "confirm").status_code == 303
    with floor.db.read() as session:
        kinds = [event.kind for event in service.story(session, closed.id)]
    assert kinds.count(EventKind.CONFIRMED) == 1


def test_reopened_within_the_time_and_it_counts(
    floor: Floor, config: Tickets, client: FlaskClient, closed: TicketFacts, move: Any, time: Any
) -> None:
    enter(client, closed)
    assert act(client, "reopen", text=" ").status_code == 422
    time.advance(minutes=5)
    assert act(client, "reopen", text="ยังดับอยู่").status_code == 303
    found = now_is(floor, closed)
    assert (found.state, found.reopened, found.closed_at) == (State.IN_PROGRESS, 1, None)
    assert found.due_at is not None
    assert found.due_at > clock.now()
    assert act(client, "reopen", text="อีกครั้ง").status_code == 409
    move(closed, State.DONE, result=Result.FIXED, text="แล้ว")
    # of the closing before nothing counts any more
    with floor.db.read() as session:
        assert following.page(session, config, now_is(floor, closed), clock.now()).mark is None
    time.advance(days=config.citizens.reopen_days, seconds=1)
    enter(client, closed)
    assert act(client, "reopen", text="ยังดับอยู่").status_code == 409
    assert now_is(floor, closed).reopened == 1


def test_withdrawn_and_opened_again(floor: Floor, client: FlaskClient, make: Any) -> None:
    ticket = make()
    enter(client, ticket)
    assert act(client, "withdraw", text="เรียบร้อยเอง").status_code == 303
    found = now_is(floor, ticket)
    assert (found.state, found.result) == (State.CANCELLED, Result.WITHDRAWN)
    assert act(client, "withdraw", text="อีก").status_code == 409
    assert "ยกเลิกเรื่องร้องเรียน" in client.get(PAGE).text
    assert act(client, "reopen", text="ยังไม่เรียบร้อย").status_code == 303


# ------------------------------------------------------------------ who reads the ticket


def test_staff_see_what_was_told_written_rated_and_reopened(
    floor: Floor, client: FlaskClient, app: Flask, closed: TicketFacts, make: Any
) -> None:
    enter(client, closed)
    act(client, "rate", mark="1", text="ไม่ดีเลย")
    act(client, "reopen", text="ยังดับอยู่")
    act(client, "message", text="รีบด้วย")
    desk = app.test_client()
    desk.set_cookie(COOKIE, sign_in_as(floor, Role.SUPERVISOR, "supervisor"))
    page = desk.get(f"/tickets/{closed.number}?lang=en").text
    for words in (
        "The citizen rated the result 1", "ไม่ดีเลย", "รีบด้วย", "The citizen wrote on their page",
        "Reopened ×1", "What the citizen was told by SMS", "Received", "goes ",
    ):  # fmt: skip
        assert words in page, words
    assert "hotline.example/t/" not in page
    assert "Reopened ×1" in desk.get("/tickets?lang=en").text
    assert closed.number_shown in desk.get("/tickets?show=unanswered&state=all").text
    token = re.search(r'name="csrf_token" value="(\w+)"', page)
    assert token
    csrf = {"csrf_token": token[1]}
    assert desk.post(f"/tickets/{closed.number}/read", data=csrf).status_code == 303
    assert now_is(floor, closed).unread_since is None
    assert desk.post(f"/tickets/{closed.number}/read", data=csrf).status_code == 422
    old = token_of(floor, closed)
    assert desk.post(f"/tickets/{closed.number}/links/end", data=csrf).status_code == 303
    assert client.get(f"/t/{old}").status_code == 404
    assert "Ended the links" in desk.get(f"/tickets/{closed.number}?lang=en").text
    assert desk.get("/tickets/attention?lang=en").status_code == 200
    withheld = make(caller=None)
    assert (
        "no number of the caller is known" in desk.get(f"/tickets/{withheld.number}?lang=en").text
    )


# ------------------------------------------------------------------ photos


def send_photo(client: FlaskClient, data: bytes) -> Any:
    token = re.search(r'name="form_token" value="(\w+)"', client.get(f"{PAGE}/photo").text)
    assert token
    form = {"form_token": token[1], "photo": (io.BytesIO(data), "หน้าบ้าน.jpg")}
    return client.post(f"{PAGE}/photo", data=form)


def test_a_photo_that_is_too_large_is_refused_on_the_question(
    client: FlaskClient, config: Tickets, make: Any
) -> None:
    enter(client, make())
    most = config.files.citizens.file_megabytes
    refused = client.post(
        f"{PAGE}/photo",
        # by hand: the client's own encoder leaves a file open for so much
        input_stream=io.BytesIO(b"--edge\r\n" + b"\0" * 100_000),
        content_type="multipart/form-data; boundary=edge",
        environ_overrides={"CONTENT_LENGTH": str(int(most * 1_000_000 + 70_000))},
    )
    assert refused.status_code == 422
    assert f"ไฟล์ใหญ่เกิน {most:g} เมกะไบต์" in refused.text
    assert 'id="photo"' in refused.text
    assert send_photo(client, photos.photo()).status_code == 303


@pytest.mark.parametrize(
    "path",
    ["/t/nothing/here", f"{PAGE}/photos/99999", f"{PAGE}/photos/1", "/t/a-link-that-is-over"],
)
def test_whatever_is_wrong_a_citizen_stays_on_their_own_pages(
    client: FlaskClient, make: Any, path: str
) -> None:
    for _ in range(2):
        answer = client.get(path)
        assert answer.status_code == 404
        assert 'href="/"' not in answer.text  # of staff, who sign in there
        assert 'name="number"' in answer.text
        assert 'class="notice bad"' in answer.text
        enter(client, make())


def test_a_photo_is_seen_by_who_sent_it_and_by_the_city_alone(
    app: Flask, floor: Floor, client: FlaskClient, make: Any
) -> None:
    ticket = make()
    picture = photos.photo()
    assert client.post(f"{PAGE}/photo", data={}).status_code == 401  # nobody has proved anything
    enter(client, ticket)
    without = {"photo": (io.BytesIO(picture), "a.jpg")}
    assert client.post(f"{PAGE}/photo", data=without).status_code == 422  # not our form
    sent = send_photo(client, picture)
    assert (sent.status_code, sent.location) == (303, f"{PAGE}?done=photo")
    page = client.get(sent.location).text
    (address,) = re.findall(r'href="(/t/ticket/photos/\d+)"', page)
    for each in (address, f"{address}?small=1"):
        with client.get(each) as bytes_:
            assert (bytes_.status_code, bytes_.mimetype) == (200, "image/jpeg")
    assert now_is(floor, ticket).unread_since is not None
    with app.test_client() as stranger:
        assert stranger.get(address).status_code == 404
        enter(stranger, make(caller=OTHERS_NUMBER), OTHERS_NUMBER[-4:])
        assert stranger.get(address).status_code == 404
    refused = send_photo(client, b"<svg onload=alert(1)>")
    assert refused.status_code == 422
    assert "<svg" not in refused.text


# ------------------------------------------------------------------ one of several


def test_who_asks_about_a_merged_ticket_is_told_how_the_other_stands(
    floor: Floor, client: FlaskClient, make: Any, move: Any, config: Tickets
) -> None:
    mine, other = make(), make(caller=OTHERS_NUMBER)
    with floor.db.write() as session:
        merging.merge(session, mine, other, text="เรื่องเดียวกัน", actor=SUPERVISOR, now=clock.now())
    with floor.db.write() as session:
        tell(session, other.id, EventKind.MESSAGE, "lek", clock.now(), {"text": "ถึงอีกคน"})
    enter(client, mine)
    page = client.get(f"{PAGE}?lang=en").text
    assert mine.number_shown in page
    assert other.number_shown in page  # where it goes on
    assert "ถึงอีกคน" not in page
    assert "เรื่องเดียวกัน" not in page
    for question in ("reopen", "rate", "withdraw", "confirm"):
        assert f"{PAGE}/{question}" not in page
    assert act(client, "message", text="ยังไม่มีใครมา").status_code == 303
    assert now_is(floor, other).unread_since is not None
    move(other, State.DONE, result=Result.FIXED, text="ซ่อมแล้ว")
    assert "ซ่อมแล้ว" in client.get(PAGE).text
