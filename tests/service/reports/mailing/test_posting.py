"""Reports by e-mail, through a real mail server: once, late after an outage, never twice."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from email.message import EmailMessage

import pytest
import redis
import rq
import sqlalchemy as sa
from rq.serializers import JSONSerializer
from sqlalchemy.orm import Session

from hotline import auth, clock, outbox
from hotline.auth import Identity, Role
from hotline.floor import Floor
from hotline.jobs import NIGHT
from hotline.models import Account, AuditEvent, Effect
from hotline.notices import mail as notice_mail
from hotline.notices import service as notices
from hotline.notices.rules import BadEmail, Choice
from hotline.notices.rules import Kind as NoticeKind
from reports.mailing import making, posting, service
from reports.mailing import models as rows
from reports.mailing.models import Mail
from reports.mailing.rules import Form, Kind, State
from reports.mailing.service import Wish
from tests.service.reports.test_night import DAY, midnight, night, write_day
from tests.support.mail_server import MailServer, mail_server

NEXT = DAY + timedelta(days=1)
HOUR = timedelta(hours=1)


def seven(floor: Floor, day: date = NEXT) -> datetime:
    """When the report of the day before `day` is due."""
    return midnight(floor, day) + 7 * HOUR


@pytest.fixture(autouse=True)
def time(floor: Floor) -> Iterator[clock.DrivenClock]:
    """It is the evening before."""
    with clock.driven(midnight(floor) + 20 * HOUR) as driven:
        yield driven


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def mailing(floor: Floor, server: MailServer, monkeypatch: pytest.MonkeyPatch) -> Floor:
    """The floor with that mail server, and jobs that are done at once."""
    given = {"smtp_url": server.url, "mail_from": "hotline@city.example"}
    floor.settings = floor.settings.model_copy(update=given)
    monkeypatch.setattr(floor.jobs, "enqueue", lambda *_, **__: False)
    return floor


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that are made at once: what is in them is asked of the printer's own tests."""

    def file(*_: object, **__: object) -> bytes:
        return b"%PDF"

    monkeypatch.setattr(making, "file", file)


def account(floor: Floor, name: str, role: Role = Role.MANAGER, email: str = "") -> Identity:
    with floor.db.write() as session:
        account_id = auth.create_account(
            session, username=name, name=name, role=role, password=None, now=clock.now()
        )
        notices.choose(session, account_id, Choice(), email or f"{name}@city.example")
        return auth.identity_of(session, account_id)


def choose(floor: Floor, who: Identity, kind: Kind = Kind.DAY, *wish: object) -> None:
    with floor.db.write() as session:
        service.choose(session, who, kind, Wish(*(wish or ("en",))), now=clock.now())  # type: ignore[arg-type]


def counted(floor: Floor, day: date = DAY, calls: int = 30) -> None:
    """The day with calls, and its night."""
    write_day(floor, day, calls)
    night(floor, day)


def go(floor: Floor) -> None:
    """As the sweeps do, until nothing is due."""
    posting.sweep(floor, clock.now())
    with floor.db.read() as session:
        due = session.scalars(
            sa.select(Effect.id).where(Effect.kind == posting.MAIL, Effect.state == "pending")
        ).all()
    for effect_id in due:
        outbox.deliver(floor, effect_id)


def states(floor: Floor) -> list[str]:
    with floor.db.read() as session:
        return list(session.scalars(sa.select(Mail.state).order_by(Mail.id)))


def attached(message: EmailMessage) -> dict[str, bytes]:
    found = {}
    for part in message.iter_attachments():
        content = part.get_content()
        found[part.get_filename() or ""] = (
            content.encode() if isinstance(content, str) else bytes(content)
        )
    return found


def body(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


# ---------------------------------------------------------------- one morning


def test_the_morning_brings_the_day_before_once_with_its_pdf(
    mailing: Floor, server: MailServer, time: clock.DrivenClock
) -> None:
    choose(mailing, account(mailing, "malee"), Kind.DAY, "en", (Form.PDF, Form.CSV, Form.XLSX))
    counted(mailing)
    time.advance(hours=10, minutes=59)
    go(mailing)
    assert server.taken == []
    time.advance(minutes=1)
    for _ in range(3):
        go(mailing)
        time.advance(minutes=10)
    (message,) = server.taken
    assert message["To"] == "malee@city.example"
    assert message["Subject"].startswith("[1337] Friday 20 November 2026: 30 calls, service level")
    files = attached(message)
    assert list(files) == [f"1337-2026-11-20-en.{form}" for form in ("pdf", "xlsx", "csv")]
    assert files["1337-2026-11-20-en.pdf"].startswith(b"%PDF")
    assert b"tickets_received" in files["1337-2026-11-20-en.csv"]
    assert states(mailing) == ["sent"]


def test_what_it_says_is_what_was_counted_and_every_figure_leads_to_its_list(
    mailing: Floor, server: MailServer, time: clock.DrivenClock, plain: None
) -> None:
    before = DAY - timedelta(days=7)
    counted(mailing, before, 60)
    counted(mailing, DAY, 30)
    choose(mailing, account(mailing, "malee"))
    time.advance(hours=11)
    go(mailing)
    (message,) = server.taken
    text = body(message)
    assert "Calls: 30 (the Friday before: 60)" in text
    behind = "https://hotline.example/reports/behind?metric={}&from=2026-11-20&until=2026-11-20"
    for metric in ("calls", "answered", "abandoned", "service_level", "tickets_open_overdue"):
        assert behind.format(metric) in text
        assert behind.format(metric).replace("&", "&amp;") in body(message, "html")
    assert "50 % fewer calls than the Friday before." in text
    assert "https://hotline.example/reports/day/2026-11-20" in text
    assert "style" not in body(message, "html")


def test_in_thai_it_is_thai_and_the_year_is_the_readers(
    mailing: Floor, server: MailServer, time: clock.DrivenClock, plain: None
) -> None:
    choose(mailing, account(mailing, "malee"), Kind.DAY, "th")
    counted(mailing)
    time.advance(hours=11)
    go(mailing)
    (message,) = server.taken
    assert message["Subject"].startswith("[1337] วันศุกร์ 20 พฤศจิกายน 2569: 30 สาย")
    assert "สายเข้า: 30 (วันศุกร์ก่อนหน้า: –)" in body(message)
    assert "2026" not in body(message).replace("2026-11-20", "")
    assert '<html lang="th">' in body(message, "html")


def test_the_first_of_october_brings_day_month_and_year(
    mailing: Floor, server: MailServer, time: clock.DrivenClock, plain: None
) -> None:
    first = date(2027, 10, 1)
    with clock.driven(midnight(mailing, first) - HOUR) as then:
        who = account(mailing, "malee")
        for kind in Kind:
            choose(mailing, who, kind)
        write_day(mailing, first - timedelta(days=1), 5)
        with clock.driven(midnight(mailing, first) + HOUR / 2):
            night(mailing, first - timedelta(days=1))
        then.advance(hours=8)
        go(mailing)
        subjects = [each["Subject"].partition("] ")[2].partition(":")[0] for each in server.taken]
        assert subjects == [
            "Thursday 30 September 2027",
            "September 2027",
            "Fiscal year 2570 B.E. (Oct to Sep 2027)",
        ]


def test_the_month_in_which_the_hotline_began_is_told_as_far_as_it_goes(
    mailing: Floor, server: MailServer, time: clock.DrivenClock, plain: None
) -> None:
    last = date(2026, 11, 30)
    with clock.driven(midnight(mailing, last) + 20 * HOUR) as then:
        choose(mailing, account(mailing, "malee"), Kind.MONTH)
        counted(mailing, last, 7)
        then.advance(hours=11)
        go(mailing)
    assert "November 2026: 7 calls" in server.taken[0]["Subject"]
    assert "Calls: 7 (the month before: –)" in body(server.taken[0])


# ---------------------------------------------------------------- away, late, twice


def test_numbers_that_are_not_counted_are_waited_for_and_never_empty(
    mailing: Floor, server: MailServer, time: clock.DrivenClock, plain: None
) -> None:
    counted(mailing, DAY - timedelta(days=1))
    choose(mailing, account(mailing, "malee"))
    write_day(mailing, DAY)
    time.advance(hours=11)
    go(mailing)
    time.advance(hours=2)
    go(mailing)
    assert (states(mailing), server.taken) == (["waiting"], [])
    night(mailing, DAY)  # it had failed, and is done by hand
    time.advance(minutes=6)
    go(mailing)
    assert states(mailing) == ["sent"]
    assert "40 calls" in server.taken[0]["Subject"]


def test_after_days_away_the_newest_comes_and_none_before_it(
    mailing: Floor, server: MailServer, time: clock.DrivenClock, plain: None
) -> None:
    choose(mailing, account(mailing, "malee"))
    for back in range(5):
        counted(mailing, DAY + timedelta(days=back), 3)
    time.advance(days=4, hours=19)  # Wednesday afternoon: the clock begins again
    for _ in range(3):
        go(mailing)
        time.advance(minutes=10)
    (message,) = server.taken
    assert "Tuesday 24 November 2026" in message["Subject"]


def test_a_mail_server_that_is_away_gets_it_in_the_end_and_once(
    mailing: Floor, server: MailServer, time: clock.DrivenClock, plain: None
) -> None:
    there = mailing.settings
    choose(mailing, account(mailing, "malee"))
    counted(mailing)
    mailing.settings = there.model_copy(update={"smtp_url": "smtp://127.0.0.1:9"})
    time.advance(hours=11)
    for _ in range(20):
        go(mailing)
        time.advance(minutes=5)
    with mailing.db.read() as session:
        (stuck,) = service.not_sent(session)
    assert stuck.state in (State.WAITING, State.POSTED)
    assert "refused" in stuck.error
    mailing.settings = there
    for _ in range(6):
        go(mailing)
        time.advance(minutes=5)
    assert (states(mailing), len(server.taken)) == (["sent"], 1)


def test_mornings_do_not_pile_up_while_the_mail_server_is_away(
    mailing: Floor, server: MailServer, time: clock.DrivenClock, plain: None
) -> None:
    there = mailing.settings
    choose(mailing, account(mailing, "malee"))
    mailing.settings = there.model_copy(update={"smtp_url": "smtp://127.0.0.1:9"})
    for back in range(3):
        counted(mailing, DAY + timedelta(days=back), 3)
        time.advance(hours=12)
        go(mailing)
        time.advance(hours=12)
    mailing.settings = there
    for _ in range(4):
        go(mailing)
        time.advance(minutes=11)
    assert states(mailing) == ["overtaken", "overtaken", "sent"]
    assert len(server.taken) == 1


def test_what_is_not_taken_for_a_week_has_failed_and_is_told(
    mailing: Floor, time: clock.DrivenClock, plain: None
) -> None:
    with clock.driven(midnight(mailing, date(2026, 11, 30)) + 20 * HOUR) as then:
        choose(mailing, account(mailing, "malee"), Kind.MONTH)
        counted(mailing, date(2026, 11, 30), 3)
        away = {"smtp_url": "smtp://127.0.0.1:9"}
        mailing.settings = mailing.settings.model_copy(update=away)
        then.advance(hours=12)
        for _ in range(40):
            go(mailing)
            then.advance(hours=6)
        assert states(mailing) == ["failed"]
        with mailing.db.read() as session:
            assert [each.state for each in service.not_sent(session)] == [State.FAILED]
        said, _ = bells(mailing)["malee"]
        assert "of November 2026 did not go to malee@city.example: it was tried for a week" in said
        assert "refused" in said, "in the words of the last time"


def test_two_clocks_and_two_workers_at_once_send_it_once(
    mailing: Floor, server: MailServer, time: clock.DrivenClock, plain: None
) -> None:
    for name in ("malee", "somchai", "arun"):
        choose(mailing, account(mailing, name))
    counted(mailing)
    time.advance(hours=11)
    barrier = threading.Barrier(4, timeout=20)

    def one() -> None:
        barrier.wait()
        go(mailing)

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(one) for _ in range(4)]:
            done.result()
    time.advance(minutes=30)
    go(mailing)
    assert sorted(each["To"].partition("@")[0] for each in server.taken) == [
        "arun",
        "malee",
        "somchai",
    ]
    assert states(mailing) == ["sent"] * 3


def test_what_may_have_arrived_is_never_sent_twice(
    mailing: Floor, server: MailServer, time: clock.DrivenClock, plain: None
) -> None:
    server.drop = True
    choose(mailing, account(mailing, "malee"))
    counted(mailing)
    time.advance(hours=11)
    for _ in range(4):
        go(mailing)
        time.advance(minutes=15)
    assert (states(mailing), len(server.taken)) == (["unsure"], 1)


def test_a_report_that_cannot_be_set_is_tried_again_and_the_others_go(
    mailing: Floor,
    server: MailServer,
    time: clock.DrivenClock,
    plain: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    choose(mailing, account(mailing, "malee"), Kind.DAY, "th")
    choose(mailing, account(mailing, "arun"), Kind.DAY, "en")
    counted(mailing)
    time.advance(hours=11)
    working = making.set_edition

    def broken(floor: Floor, edition: object, language: str, *more: object, **named: object) -> int:
        if language == "th":
            raise RuntimeError("no paper")
        return working(floor, edition, language, *more, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(making, "set_edition", broken)
        go(mailing)
    assert states(mailing) == ["waiting", "sent"]
    with mailing.db.read() as session:
        assert service.not_sent(session)[0].error == "no paper"
    time.advance(minutes=6)
    go(mailing)
    assert states(mailing) == ["sent", "sent"]


def test_what_cannot_be_set_for_a_week_has_failed(
    mailing: Floor, plain: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> int:
        raise RuntimeError("no seal\nin the folder")

    monkeypatch.setattr(making, "set_edition", broken)
    last = date(2026, 11, 30)
    with clock.driven(midnight(mailing, last) + 20 * HOUR) as then:
        choose(mailing, account(mailing, "malee"), Kind.MONTH)
        counted(mailing, last, 3)
        then.advance(hours=12)
        go(mailing)
        assert states(mailing) == ["waiting"]
        then.advance(days=8)
        go(mailing)
        assert states(mailing) == ["failed"]
        with mailing.db.read() as session:
            assert service.not_sent(session)[0].error == "no seal\nin the folder"
        said, _ = bells(mailing)["malee"]
        assert "malee@city.example: it could not be made for a week (no seal in the folder)" in said


def test_it_is_set_by_the_worker_of_the_night_and_handed_out_once(
    floor: Floor, redis_url: str, time: clock.DrivenClock, plain: None
) -> None:
    given = {"smtp_url": "smtp://127.0.0.1:9", "mail_from": "hotline@city.example"}
    floor.settings = floor.settings.model_copy(update=given)
    choose(floor, account(floor, "malee"))
    counted(floor)
    time.advance(hours=11)
    for _ in range(3):
        posting.sweep(floor, clock.now())
        time.advance(seconds=20)
    with redis.Redis.from_url(redis_url) as connection:
        (job,) = rq.Queue(NIGHT, connection=connection, serializer=JSONSerializer).jobs
    name, ids = job.args
    assert states(floor) == ["waiting"]
    floor.job(name)(floor, ids)
    assert states(floor) == ["posted"]


# ---------------------------------------------------------------- who gets what


def test_an_address_that_is_refused_for_good_is_paused_until_somebody_says_otherwise(
    mailing: Floor, server: MailServer, time: clock.DrivenClock, plain: None
) -> None:
    who = account(mailing, "malee")
    choose(mailing, who)
    server.says = ["550 nobody here"]
    counted(mailing)
    time.advance(hours=11)
    go(mailing)
    with mailing.db.read() as session:
        found = service.own(session, who.id)[Kind.DAY]
    assert found.paused_at is not None
    assert "nobody here" in found.paused_because
    time.advance(days=1)
    counted(mailing, NEXT, 3)
    go(mailing)
    assert (states(mailing), server.taken) == (["failed"], [])
    time.advance(minutes=1)
    with mailing.db.write() as session:
        service.resume(session, found.id, now=clock.now())
    go(mailing)
    assert server.taken == [], "not what was due before"
    counted(mailing, NEXT + timedelta(days=1), 3)
    time.advance(days=1)
    go(mailing)
    assert len(server.taken) == 1


# ---------------------------------------------------------------- who is told that it did not go


def bells(floor: Floor) -> dict[str, tuple[str, str]]:
    """Who has a notice that a report did not go: in English what it says, and where it leads."""
    with floor.db.read() as session:
        names = session.scalars(sa.select(Account.username)).all()
        found = [
            each
            for name in names
            for each in notices.of_account(session, account_id(session, name))
            if each.kind is NoticeKind.REPORT_MAIL
        ]
    assert len({each.username for each in found}) == len(found), "each is told once"
    return {
        each.username: (notice_mail.title(floor, each, "en"), notice_mail.address_of(each))
        for each in found
    }


def account_id(session: Session, name: str) -> int:
    return session.scalars(sa.select(Account.id).where(Account.username == name)).one()


def test_who_is_told_of_an_address_that_is_refused(
    mailing: Floor, server: MailServer, time: clock.DrivenClock, plain: None
) -> None:
    account(mailing, "malee")
    account(mailing, "arun", Role.ADMINISTRATOR)
    account(mailing, "wanna", Role.AGENT)
    choose(mailing, account(mailing, "somchai", Role.SUPERVISOR))
    server.says = ["550-5.1.1 nobody here\r\n550 5.1.1 any more"]
    counted(mailing)
    time.advance(hours=11)
    for _ in range(3):
        go(mailing)
        time.advance(minutes=15)
    said = (
        "The report of Friday 20 November 2026 did not go to somchai@city.example: the mail server "
        "takes nothing for this address (550 5.1.1 nobody here 5.1.1 any more), so it is paused "
        "until “Send again” is pressed"
    )
    listed = "/reports/mailing#subscription-1"
    assert bells(mailing) == {
        "somchai": (said, "/me/reports"),
        "malee": (said, listed),
        "arun": (said, listed),
    }
    with mailing.db.read() as session:
        (mine,) = notices.of_account(session, account_id(session, "malee"))
    assert "วันศุกร์ 20 พฤศจิกายน 2569" in notice_mail.title(mailing, mine, "th")
    # a line break in a header would be a header more, and none is made
    message = notice_mail.message(mailing, [mine], "malee@city.example")
    assert "nobody here" in message["Subject"]


def test_whose_it_is_and_looks_after_the_list_too_is_told_once_on_their_own_page(
    mailing: Floor, server: MailServer, time: clock.DrivenClock, plain: None
) -> None:
    choose(mailing, account(mailing, "malee"))
    server.says = ["550 nobody here"]
    counted(mailing)
    time.advance(hours=11)
    go(mailing)
    assert [address for _, address in bells(mailing).values()] == ["/me/reports"]


def test_of_an_address_outside_those_are_told_who_look_after_the_list(
    mailing: Floor, server: MailServer, time: clock.DrivenClock, plain: None
) -> None:
    manager = account(mailing, "malee")
    account(mailing, "somchai", Role.SUPERVISOR)
    with mailing.db.write() as session:
        service.enter(
            session,
            "clerk@council.example",
            Kind.DAY,
            Wish("en"),
            reason="asked",
            by=manager,
            now=clock.now(),
        )
    server.says = ["554 no mail from you"]
    counted(mailing)
    time.advance(hours=11)
    go(mailing)
    ((name, (said, address)),) = bells(mailing).items()
    assert (name, address) == ("malee", "/reports/mailing#subscription-1")
    assert "clerk@council.example" in said


def test_what_is_taken_or_tried_again_rings_no_bell(
    mailing: Floor, server: MailServer, time: clock.DrivenClock, plain: None
) -> None:
    choose(mailing, account(mailing, "malee"))
    server.says = ["451 try again later"]
    counted(mailing)
    time.advance(hours=11)
    go(mailing)
    assert (states(mailing), bells(mailing)) == (["posted"], {})
    time.advance(minutes=15)
    go(mailing)
    assert (states(mailing), bells(mailing)) == (["sent"], {})


def test_an_address_outside_gets_no_address_that_needs_an_account(
    mailing: Floor, server: MailServer, time: clock.DrivenClock, plain: None
) -> None:
    manager = account(mailing, "malee")
    with mailing.db.write() as session:
        service.enter(
            session,
            " Clerk@Council.example ",
            Kind.DAY,
            Wish("en"),
            reason="the council asked",
            by=manager,
            now=clock.now(),
        )
    counted(mailing)
    time.advance(hours=11)
    go(mailing)
    (message,) = server.taken
    assert message["To"] == "clerk@council.example"
    for kind in ("plain", "html"):
        assert "/reports/" not in body(message, kind)
    assert "/unsubscribe/" in body(message)
    with mailing.db.read() as session:
        line = session.scalars(sa.select(AuditEvent)).one()
    assert (line.kind, line.by, line.reason) == (
        "reports.subscribed",
        "malee",
        "the council asked",
    )
    assert line.data["email"] == "clerk@council.example"


def test_what_an_address_outside_needs(mailing: Floor) -> None:
    manager = account(mailing, "malee")

    def enter(email: str, reason: str = "asked") -> int:
        with mailing.db.write() as session:
            return service.enter(
                session, email, Kind.DAY, Wish("th"), reason=reason, by=manager, now=clock.now()
            )

    for email, error in (("", service.EmailNeeded), ("nobody", BadEmail)):
        with pytest.raises(error):
            enter(email)
    with pytest.raises(service.ReasonNeeded):
        enter("a@b.example", " ")
    number = enter("a@b.example")
    with pytest.raises(service.AlreadySubscribed):
        enter("A@B.example")
    with mailing.db.write() as session:
        service.stop(session, number, by=manager, now=clock.now())
    with pytest.raises(service.NoSubscription), mailing.db.write() as session:
        service.stop(session, number, by=manager, now=clock.now())
    assert enter("a@b.example") != number, "an ended one is in nobody's way"


@pytest.mark.parametrize("what", ["locked", "role", "address", "ended"])
def test_who_reads_no_reports_any_more_gets_none(
    mailing: Floor, server: MailServer, time: clock.DrivenClock, plain: None, what: str
) -> None:
    who = account(mailing, "malee")
    choose(mailing, who)
    with mailing.db.write() as session:
        if what == "locked":
            auth.lock_out(session, who.id)
        elif what == "role":
            session.execute(sa.text("UPDATE accounts SET role = 'agent'"))
        elif what == "address":
            notices.choose(session, who.id, Choice(), "")
        else:
            service.choose(session, who, Kind.DAY, None, now=clock.now())
    counted(mailing)
    time.advance(hours=11)
    go(mailing)
    assert (states(mailing), server.taken) == ([], [])


def test_who_unsubscribes_while_it_waits_gets_nothing(
    mailing: Floor, server: MailServer, time: clock.DrivenClock, plain: None
) -> None:
    who = account(mailing, "malee")
    choose(mailing, who)
    counted(mailing)
    time.advance(hours=11)
    posting.sweep(mailing, clock.now())
    assert states(mailing) == ["posted"]
    with mailing.db.write() as session:
        service.choose(session, who, Kind.DAY, None, now=clock.now())
    go(mailing)
    assert (states(mailing), server.taken) == (["dropped"], [])


def test_another_choice_changes_the_subscription_and_sends_nothing_again(
    mailing: Floor, server: MailServer, time: clock.DrivenClock, plain: None
) -> None:
    who = account(mailing, "malee")
    choose(mailing, who)
    counted(mailing)
    time.advance(hours=11)
    go(mailing)
    choose(mailing, who, Kind.DAY, "th", (Form.CSV,))
    time.advance(hours=1)
    go(mailing)
    assert len(server.taken) == 1
    with mailing.db.read() as session:
        (found,) = service.all_of(session)
    assert found.wish == Wish("th", (Form.CSV,))


def test_without_a_mail_server_nothing_is_planned(floor: Floor, time: clock.DrivenClock) -> None:
    choose(floor, account(floor, "malee"))
    counted(floor)
    time.advance(hours=11)
    go(floor)
    assert states(floor) == []


# ---------------------------------------------------------------- the link in each mail, and later


def test_a_token_ends_its_own_subscription_and_no_other() -> None:
    token = service.token("secret", 7)
    assert service.read_token("secret", token) == 7
    assert service.read_token("another secret", token) is None
    for wrong in ("", "7", "7-", token.replace("7-", "8-", 1), f"{token}0", "x-y", "๗-1"):
        assert service.read_token("secret", wrong) is None


def test_what_was_sent_long_ago_goes_and_a_year_is_not_sent_twice_for_it(
    mailing: Floor, server: MailServer, time: clock.DrivenClock, plain: None
) -> None:
    first = date(2027, 10, 1)
    with clock.driven(midnight(mailing, first) - HOUR) as then:
        who = account(mailing, "malee")
        choose(mailing, who, Kind.YEAR)
        counted(mailing, first - timedelta(days=1), 3)
        then.advance(hours=8)
        go(mailing)
        for _ in range(6):
            then.advance(days=30)
            posting.forget(mailing, clock.now())
            go(mailing)
        assert len(server.taken) == 1
        with mailing.db.read() as session:
            assert session.scalars(sa.select(rows.Edition)).all() == []
            assert session.scalars(sa.select(rows.EditionFile)).all() == []
        with mailing.db.write() as session:
            service.choose(session, who, Kind.YEAR, None, now=clock.now())
        then.advance(days=91)
        posting.forget(mailing, clock.now())
        with mailing.db.read() as session:
            assert session.scalars(sa.select(rows.Subscription)).all() == []
        assert states(mailing) == []
