"""Notices: told once, counted until they are seen, e-mailed as chosen and never twice."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from hotline import auth, clock, outbox
from hotline.auth import COOKIE, Role
from hotline.floor import Floor
from hotline.models import Effect, Notice
from hotline.notices import rules, service
from hotline.notices.rules import BadEmail, Choice, How, Kind, Mail
from tests.support.floors import sign_in_as
from tests.support.mail_server import MailServer, mail_server

NOON = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
DIVISION = {"th": "สำนักช่าง", "en": "Engineering"}
FACTS = {"ticket": "1000019", "number": "100-0019", "division": DIVISION}


@pytest.fixture(autouse=True)
def time() -> Iterator[clock.DrivenClock]:
    with clock.driven(NOON) as driven:
        yield driven


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def mailing(floor: Floor, server: MailServer) -> Floor:
    """The floor with that mail server."""
    given = {"smtp_url": server.url, "mail_from": "hotline@city.example"}
    floor.settings = floor.settings.model_copy(update=given)
    return floor


@pytest.fixture
def somchai(floor: Floor) -> int:
    with floor.db.write() as session:
        account_id = auth.create_account(
            session,
            username="somchai",
            name="สมชาย",
            role=Role.DIVISION,
            password=None,
            now=NOON,
        )
        service.choose(session, account_id, Choice(), "somchai@city.example")
    return account_id


def tell(floor: Floor, kind: Kind = Kind.ASSIGNED, key: str = "1", **more: object) -> list[str]:
    facts = {"level": 1, "since": NOON.isoformat(), "until": NOON.isoformat()} | FACTS
    with floor.db.write() as session:
        return service.tell(
            session,
            ["somchai", "nobody"],
            kind,
            key=key,
            subject="ticket:19",
            now=clock.now(),
            **facts | more,  # type: ignore[arg-type]
        )


def send(floor: Floor) -> None:
    """As the sweeps do, until nothing is due."""
    service.plan_mail(floor, clock.now())
    with floor.db.read() as session:
        due = session.scalars(
            sa.select(Effect.id).where(Effect.kind == service.MAIL, Effect.state == "pending")
        ).all()
    for effect_id in due:
        outbox.deliver(floor, effect_id)


def states(floor: Floor) -> list[str]:
    with floor.db.read() as session:
        return list(session.scalars(sa.select(Notice.mail).order_by(Notice.id)))


def test_the_same_is_told_once_and_counts_until_it_is_seen(floor: Floor, somchai: int) -> None:
    for _ in range(2):
        assert tell(floor) == ["somchai"]
    tell(floor, key="2")
    with floor.db.write() as session:
        assert service.unread(session, somchai) == 2
        first = service.of_account(session, somchai)[0]
        service.see(session, somchai, first.id, NOON)
        assert service.unread(session, somchai) == 1
        service.see(session, somchai, None, NOON)
        assert service.unread(session, somchai) == 0
        assert len(service.about(session, "ticket:19")) == 2


def test_it_is_e_mailed_once_in_two_languages_and_without_anybodys_data(
    mailing: Floor, server: MailServer, somchai: int
) -> None:
    tell(mailing)
    for _ in range(3):
        send(mailing)
    (message,) = server.taken
    assert message["To"] == "somchai@city.example"
    assert message["Subject"].startswith("[1337] เรื่อง 100-0019 มอบหมายให้ท่าน")
    assert "Ticket 100-0019 is yours to do (Engineering)" in message["Subject"]
    body = message.get_content()
    assert "https://hotline.example/tickets/1000019" in body
    assert "สมชาย" in body
    with mailing.db.read() as session:
        (found,) = service.about(session, "ticket:19")
    assert (found.mail, found.mail_at, found.name) == (Mail.SENT, NOON, "สมชาย")


def test_without_a_mail_server_it_stands_in_the_pages_alone(floor: Floor, somchai: int) -> None:
    tell(floor)
    send(floor)
    assert states(floor) == ["none"]


def test_a_server_that_is_busy_is_asked_again_and_gets_it_once(
    mailing: Floor, server: MailServer, somchai: int, time: clock.DrivenClock
) -> None:
    server.says = ["451 later", "452 full"]
    tell(mailing)
    for _ in range(4):
        send(mailing)
        time.advance(seconds=60)
    assert len(server.taken) == 1
    assert states(mailing) == ["sent"]


def test_a_server_that_is_away_for_an_hour_gets_it_in_the_end(
    mailing: Floor, server: MailServer, somchai: int, time: clock.DrivenClock
) -> None:
    there = mailing.settings
    away = there.model_copy(update={"smtp_url": "smtp://127.0.0.1:9"})
    mailing.settings = away
    tell(mailing)
    for _ in range(12):  # the outbox gives up after six tries, and begins anew
        send(mailing)
        time.advance(seconds=300)
    assert states(mailing)[0] in ("held", "posted")
    mailing.settings = there
    for _ in range(6):
        send(mailing)
        time.advance(seconds=300)
    assert states(mailing) == ["sent"]
    assert len(server.taken) == 1


def test_what_never_goes_is_told_of_in_the_end(
    mailing: Floor, somchai: int, time: clock.DrivenClock
) -> None:
    mailing.settings = mailing.settings.model_copy(update={"smtp_url": "smtp://127.0.0.1:9"})
    tell(mailing)
    for _ in range(30):
        send(mailing)
        time.advance(seconds=1800)
    with mailing.db.read() as session:
        (lost,) = service.not_sent(session)
    assert lost.mail is Mail.FAILED
    with mailing.db.write() as session:
        service.settle(session, lost.id, clock.now())
        assert service.not_sent(session) == []


def test_an_address_that_is_refused_for_good_is_not_tried_again(
    mailing: Floor, server: MailServer, somchai: int, time: clock.DrivenClock
) -> None:
    server.says = ["550 nobody here"]
    tell(mailing)
    for _ in range(3):
        send(mailing)
        time.advance(seconds=900)
    assert (states(mailing), server.taken) == (["failed"], [])
    with mailing.db.read() as session:
        assert "nobody here" in service.not_sent(session)[0].mail_error


def test_what_may_have_arrived_is_never_sent_twice(
    mailing: Floor, server: MailServer, somchai: int, time: clock.DrivenClock
) -> None:
    server.drop = True
    tell(mailing)
    for _ in range(4):
        send(mailing)
        time.advance(seconds=900)
    assert len(server.taken) == 1
    assert states(mailing) == ["unsure"]


def test_a_sender_that_died_on_its_way_sends_nothing_twice(
    mailing: Floor, server: MailServer, somchai: int
) -> None:
    tell(mailing)
    service.plan_mail(mailing, clock.now())
    with mailing.db.write() as session:
        notice_id = service.of_account(session, somchai)[0].id
        assert service.begin(session, notice_id) == [notice_id]  # … and it dies
    send(mailing)
    assert (states(mailing), server.taken) == (["unsure"], [])


def test_who_has_no_address_is_told_of_to_others(mailing: Floor, somchai: int) -> None:
    with mailing.db.write() as session:
        service.choose(session, somchai, Choice(), "")
        with pytest.raises(BadEmail):
            service.choose(session, somchai, Choice(), "nobody")
    tell(mailing)
    send(mailing)
    with mailing.db.read() as session:
        assert [each.mail for each in service.not_sent(session)] == [Mail.NOWHERE]


def test_quiet_hours_hold_back_all_but_what_is_urgent(
    mailing: Floor, server: MailServer, somchai: int, time: clock.DrivenClock
) -> None:
    with mailing.db.write() as session:
        quiet = Choice({}, "11:00", "13:00")  # noon in the city is five in UTC
        service.choose(session, somchai, quiet, "somchai@city.example")
    tell(mailing)
    tell(mailing, Kind.ESCALATED, key="2", urgent=True)
    send(mailing)
    assert states(mailing) == ["held", "sent"]
    time.advance(seconds=3601)
    send(mailing)
    assert states(mailing) == ["sent", "sent"]


def test_what_gathers_goes_with_the_nights_list(
    mailing: Floor, server: MailServer, somchai: int
) -> None:
    with mailing.db.write() as session:
        digest = Choice({Kind.ASSIGNED: How.DIGEST})
        service.choose(session, somchai, digest, "somchai@city.example")
    for key in "12":
        tell(mailing, key=key)
    send(mailing)
    assert (states(mailing), server.taken) == (["digest", "digest"], [])
    with mailing.db.write() as session:
        assert service.gather(session, "2026-11-20", [], NOON) == ["somchai"]
        assert service.unread(session, somchai) == 2
    send(mailing)
    (message,) = server.taken
    assert message.get_content().count("/tickets/1000019") == 4  # two, in two languages
    assert states(mailing) == ["sent"] * 3


# ---------------------------------------------------------------- pages


@pytest.fixture
def browser(app: Flask, floor: Floor, somchai: int) -> Callable[[str], FlaskClient]:
    def of(username: str, role: Role = Role.DIVISION) -> FlaskClient:
        client = app.test_client()
        client.set_cookie(COOKIE, sign_in_as(floor, role, username))
        return client

    return of


def token_of(page: str) -> str:
    return page.partition('name="csrf_token" value="')[2].partition('"')[0]


def test_the_bell_counts_and_a_notice_leads_to_its_ticket(
    floor: Floor, browser: Callable[..., FlaskClient], somchai: int
) -> None:
    tell(floor)
    mine, others = browser("somchai"), browser("another", Role.SUPERVISOR)
    assert '<strong class="count">1</strong>' in mine.get("/notices/bell").text
    assert "count" not in others.get("/notices/bell").text
    page = mine.get("/notices?lang=en").text
    assert "Ticket 100-0019 is yours to do" in page
    other = {"csrf_token": token_of(others.get("/notices").text)}
    assert others.post("/notices/1/open", data=other).status_code == 404
    answer = mine.post("/notices/1/open", data={"csrf_token": token_of(page)})
    assert (answer.status_code, answer.location) == (303, "/tickets/1000019")
    assert "count" not in mine.get("/notices/bell").text


def test_somebody_chooses_how_they_are_told(
    floor: Floor, browser: Callable[..., FlaskClient], somchai: int
) -> None:
    mine = browser("somchai")
    form = {"csrf_token": token_of(mine.get("/me/notices").text)}
    wrong = mine.post("/me/notices?lang=en", data=form | {"email": "nobody"})
    assert wrong.status_code == 422
    assert "no e-mail address" in wrong.text
    half = mine.post("/me/notices", data=form | {"quiet_from": "22:00"})
    assert half.status_code == 422
    said = {
        "email": "s@city.example",
        "assigned": "no",
        "quiet_from": "22:00",
        "quiet_until": "06:00",
    }
    assert mine.post("/me/notices", data=form | said).status_code == 303
    with floor.db.read() as session:
        choice = service.choice_of(session, somchai)
        assert service.email_of(session, somchai) == "s@city.example"
    assert (choice.of(Kind.ASSIGNED), choice.of(Kind.ESCALATED)) == (How.NO, How.NOW)
    assert (choice.quiet_from, choice.quiet_until) == ("22:00", "06:00")
    assert rules.quiet_until(choice, NOON, floor.city.zone) is None
