"""A citizen is told once of each moment, whatever the carrier, the night and our processes do."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa

from hotline import clock
from hotline.floor import Floor
from hotline.jobs import SOON
from hotline.privacy.keepers import Erasure, Subject
from hotline.telephony import CarrierError, Refused
from tests.service.tickets.conftest import CALLER, NOW, SUPERVISOR, WORKS
from tests.support.floors import SignedPost
from tickets import answering, erasing, links, service, sms, sms_received
from tickets.config import Tickets
from tickets.life import merging
from tickets.models import EventKind, Ticket, TicketEvent, TicketSms
from tickets.service import TicketFacts
from tickets.sms import Told
from tickets.workflow import Result, State, Waiting
from tickets.writing import tell

LANDLINE = "+6638253100"
#: Ten in the evening where the city is, in the quiet hours.
EVENING = NOW.replace(hour=15)
MORNING = NOW.replace(day=21, hour=1)


class Texting:
    """A carrier that takes SMS. `before`: what it answers without taking one; `after`: what comes
    of a request though it has taken it; one each, the first first.
    """

    def __init__(self) -> None:
        self.taken: list[tuple[str, str, str]] = []
        self.callbacks: list[str] = []
        self.before: list[CarrierError] = []
        self.after: list[CarrierError] = []
        self.list_away = False
        self._lock = threading.Lock()

    def send_message(
        self, to: str, *, from_: str, body: str, status_callback: str | None = None
    ) -> str:
        with self._lock:
            if self.before:
                raise self.before.pop(0)
            self.taken.append((to, from_, body))
            self.callbacks.append(status_callback or "")
            if self.after:
                raise self.after.pop(0)
            return f"SM{len(self.taken)}"

    def find_message(self, to: str, *, body: str, since: datetime) -> str | None:
        if self.list_away:
            raise CarrierError("no list")
        for n, (number, _, text) in enumerate(self.taken, 1):
            if (number, text) == (to, body):
                return f"SM{n}"
        return None


class Handed:
    """What was handed to a worker lies here; `away`: Redis is."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.away = False

    def enqueue(self, name: str, *arguments: Any, queue: str) -> bool:
        assert name == sms.SEND
        assert queue == SOON, "never before a telephone that is to ring"
        if not self.away:
            self.ids.append(int(arguments[0]))
        return not self.away


@pytest.fixture(autouse=True)
def time() -> Iterator[clock.DrivenClock]:
    with clock.driven(NOW) as driven:
        yield driven


@pytest.fixture(autouse=True)
def carrier(floor: Floor) -> Texting:
    made = Texting()
    floor.carrier = made  # type: ignore[assignment]
    floor.jobs = Handed()  # type: ignore[assignment]
    return made


@pytest.fixture
def make(floor: Floor, config: Tickets) -> Callable[..., TicketFacts]:
    calls = iter(range(1, 1000))

    def made(**more: Any) -> TicketFacts:
        asked = {"outcome": "complaint", "category": "street_light", "caller": CALLER}
        with floor.db.write() as session:
            return service.record_call(
                session, config, call_id=next(calls), now=clock.now(), **asked | more
            )

    return made


@pytest.fixture
def move(floor: Floor, config: Tickets) -> Callable[..., TicketFacts]:
    def moved(ticket: TicketFacts, to: State, **more: Any) -> TicketFacts:
        with floor.db.write() as session:
            now = service.by_number(session, ticket.number)
            more.setdefault("actor", WORKS)
            return service.move(session, config, now, to, now=clock.now(), **more)

    return moved


@pytest.fixture
def run(floor: Floor, time: clock.DrivenClock) -> Callable[..., None]:
    """Let time pass, and everything that is due be sent."""

    def pass_(**how_long: float) -> None:
        time.advance(**how_long)
        sms.sweep(floor, clock.now())
        deliver_all(floor)

    return pass_


def deliver_all(floor: Floor) -> None:
    """As a worker that does what was handed over."""
    assert isinstance(floor.jobs, Handed)
    while floor.jobs.ids:
        sms.deliver(floor, floor.jobs.ids.pop(0))


def told(floor: Floor, ticket: TicketFacts) -> list[Told]:
    with floor.db.read() as session:
        return sms.of_ticket(session, ticket.id)


def hows(floor: Floor, ticket: TicketFacts) -> list[tuple[str, str]]:
    return [(each.moment.value, each.how) for each in told(floor, ticket)]


# ------------------------------------------------------------------ at which moments, how


def test_the_whole_life_of_a_ticket_is_told_in_its_language(
    floor: Floor, config: Tickets, carrier: Texting, make: Any, move: Any, run: Any
) -> None:
    ticket = make()
    run()
    move(ticket, State.IN_PROGRESS)
    run()
    with floor.db.write() as session:
        found = service.by_number(session, ticket.number)
        until = clock.now() + timedelta(days=2)
        service.wait(
            session, config, found, for_=Waiting.CITIZEN, until=until, text="บ้านเลขที่",
            actor=WORKS, now=clock.now(),
        )  # fmt: skip
        tell(
            session,
            ticket.id,
            EventKind.MESSAGE,
            "lek",
            clock.now(),
            {"text": "ขอบ้านเลขที่", "language": "th"},
        )
    run()
    move(ticket, State.DONE, result=Result.FIXED, text="เปลี่ยนหลอดแล้ว")
    run()
    move(ticket, State.IN_PROGRESS, actor=SUPERVISOR, text="ยังดับ")
    run()
    order = ["made", "accepted", "waiting", "message", "closed", "reopened"]
    assert hows(floor, ticket) == [(moment, "sent") for moment in order]
    assert [to for to, _, _ in carrier.taken] == [CALLER] * 6
    bodies = [body for _, _, body in carrier.taken]
    assert all(ticket.number_shown in body for body in bodies)
    assert "ดำเนินการแก้ไขแล้ว" in bodies[4]
    # one link, in each of them, and nothing of what was said inside
    (link,) = {body[body.index("https://") :].split()[0] for body in bodies}
    assert link.startswith("https://hotline.example/t/")
    assert not any(word in "".join(bodies) for word in ("บ้านเลขที่", "เปลี่ยนหลอด", "ยังดับ"))


@pytest.mark.parametrize(
    ("language", "words"), [("en", "received"), ("ru", "приняла"), ("de", "received")]
)
def test_in_the_callers_language_or_in_english(
    carrier: Texting, make: Any, run: Any, language: str, words: str
) -> None:
    make(language=language)
    run()
    assert words in carrier.taken[0][2]


def test_what_is_answered_or_not_a_matter_yet_is_not_told(
    floor: Floor, config: Tickets, carrier: Texting, make: Any, run: Any
) -> None:
    make(outcome="information", category=None)
    draft = make(outcome=None, category=None, incomplete=True)
    run()
    assert carrier.taken == []
    with floor.db.write() as session:
        service.complete(
            session, config, draft, outcome="complaint", category="rubbish", text="ขยะ",
            actor=SUPERVISOR, now=clock.now(),
        )  # fmt: skip
    run()
    assert hows(floor, draft) == [("made", "sent")]


def test_a_voice_message_is_told_at_once_and_how_it_ended(
    floor: Floor, config: Tickets, make: Any, run: Any
) -> None:
    left = make(outcome=None, category=None, incomplete=True, source="message")
    run()
    with floor.db.write() as session:
        service.complete(
            session, config, left, outcome="information", actor=SUPERVISOR, now=clock.now()
        )
    run()
    assert hows(floor, left) == [("made", "sent"), ("closed", "sent")]


@pytest.mark.parametrize(
    ("caller", "why"), [(None, "withheld"), (LANDLINE, "landline"), ("+661337", "landline")]
)
def test_who_cannot_be_told_is_not_and_the_ticket_says_why(
    floor: Floor, carrier: Texting, make: Any, run: Any, caller: str | None, why: str
) -> None:
    ticket = make(caller=caller)
    run()
    assert carrier.taken == []
    assert [(each.how, each.why) for each in told(floor, ticket)] == [("skipped", why)]


def test_an_event_is_told_of_once_however_often_it_is_heard_of(
    floor: Floor, carrier: Texting, make: Any, run: Any
) -> None:
    ticket = make()
    with floor.db.write() as session:
        event = session.scalars(sa.select(TicketEvent)).one()
        for _ in range(3):
            sms.on_event(floor, session, event=event)
    run()
    assert hows(floor, ticket) == [("made", "sent")]
    assert len(carrier.taken) == 1


# ------------------------------------------------------------------ who else waits to hear

OTHER, THIRD = "+66820000002", "+66830000003"


def merged(floor: Floor, ticket: TicketFacts, into: TicketFacts) -> None:
    with floor.db.write() as session:
        service_of = [service.by_number(session, each.number) for each in (ticket, into)]
        merging.merge(session, *service_of, text="ที่เดียวกัน", actor=SUPERVISOR, now=clock.now())


def called_about(floor: Floor, ticket: TicketFacts, caller: str, call_id: int) -> None:
    with floor.db.write() as session:
        service.link_call(
            session, call_id=call_id, ticket=ticket, caller=caller, text="", now=clock.now()
        )


def test_whose_ticket_was_merged_hears_how_the_other_ended_once_and_nothing_else(
    floor: Floor, carrier: Texting, make: Any, move: Any, run: Any
) -> None:
    stays = make(note="บ้านคุณสมชาย")
    theirs = make(caller=OTHER, language="en")
    same_again = make(caller=OTHER, language="en")
    withheld = make(caller=None)
    run()
    for each in (theirs, same_again, withheld):
        merged(floor, each, stays)
    called_about(floor, theirs, OTHER, 501)
    called_about(floor, stays, CALLER, 502)
    called_about(floor, stays, THIRD, 503)
    run()
    carrier.taken.clear()
    move(stays, State.IN_PROGRESS)
    run()
    assert [to for to, _, _ in carrier.taken] == [CALLER], "only how it ends"
    carrier.taken.clear()
    move(stays, State.DONE, result=Result.FIXED, text="โทรหาคุณสมชาย 0812345678 แล้ว")
    run()
    bodies = {to: body for to, _, body in carrier.taken}
    assert sorted(to for to, _, _ in carrier.taken) == sorted([CALLER, OTHER, THIRD])
    assert theirs.number_shown in bodies[OTHER]
    assert "is closed: Fixed" in bodies[OTHER], "in their language"
    assert stays.number_shown not in bodies[OTHER]
    assert "สมชาย" not in "".join(bodies.values())
    # by their own ticket's page; of another's ticket they prove first that they called about it
    (link,) = [word for word in bodies[OTHER].split() if word.startswith("https://")]
    with floor.db.read() as session:
        opened = links.opened_by(session, link.rpartition("/")[2].rstrip("."), clock.now())
        assert opened is not None
        assert (opened.ticket_id, opened.number) == (theirs.id, OTHER)
    assert bodies[THIRD].split("https://")[1].split()[0] == "hotline.example/t"
    assert stays.number_shown in bodies[THIRD]
    assert hows(floor, theirs)[-1] == ("closed", "sent")


def test_who_is_told_for_another_ticket_is_told_once_however_often_it_is_heard_of(
    floor: Floor, carrier: Texting, make: Any, move: Any, run: Any
) -> None:
    stays, theirs = make(), make(caller=OTHER)
    merged(floor, theirs, stays)
    called_about(floor, stays, THIRD, 503)
    move(stays, State.DONE, result=Result.FIXED, text="แล้ว")
    with floor.db.write() as session:
        closing = session.scalars(
            sa.select(TicketEvent).where(
                TicketEvent.kind == EventKind.MOVED, TicketEvent.ticket_id == stays.id
            )
        ).one()
        for _ in range(3):
            sms.on_event(floor, session, event=closing)
    run()
    told_how = [body for to, _, body in carrier.taken if to in (OTHER, THIRD)]
    assert sum("ผล:" in body for body in told_how) == 2


def test_what_is_taken_apart_again_or_not_wanted_is_not_told(
    floor: Floor, config: Tickets, carrier: Texting, make: Any, move: Any, run: Any
) -> None:
    stays, apart, stopped = make(), make(caller=OTHER), make(caller=THIRD)
    for each in (apart, stopped):
        merged(floor, each, stays)
    with floor.db.write() as session:
        found = service.by_number(session, apart.number)
        merging.unmerge(session, config, found, text="อีกเสา", actor=SUPERVISOR, now=clock.now())
        sms.wish(session, THIRD, wanted=False, now=clock.now())
    run()
    carrier.taken.clear()
    move(stays, State.DONE, result=Result.FIXED, text="แล้ว")
    run()
    assert [to for to, _, _ in carrier.taken] == [CALLER]
    assert [(each.how, each.why) for each in told(floor, stopped)][-1] == ("skipped", "opted_out")


def test_what_is_held_back_for_the_morning_and_no_longer_so_is_told_to_nobody(
    floor: Floor, carrier: Texting, make: Any, move: Any, run: Any, time: clock.DrivenClock
) -> None:
    stays, theirs = make(), make(caller=OTHER)
    merged(floor, theirs, stays)
    run()
    carrier.taken.clear()
    time.advance(seconds=(EVENING - clock.now()).total_seconds())
    move(stays, State.DONE, result=Result.FIXED, text="แล้ว")
    move(stays, State.IN_PROGRESS, actor=SUPERVISOR, text="ยังดับ")
    run(hours=12)
    assert [to for to, _, _ in carrier.taken] == [CALLER]
    assert [(each.how, each.why) for each in told(floor, theirs)][-1] == ("skipped", "overtaken")


# ------------------------------------------------------------------ the night


def test_at_night_it_waits_for_the_morning(
    floor: Floor, carrier: Texting, make: Any, move: Any, run: Any, time: clock.DrivenClock
) -> None:
    time.advance(seconds=(EVENING - NOW).total_seconds())
    ticket = make()
    run()
    assert [(each.how, each.at) for each in told(floor, ticket)] == [("waiting", MORNING)]
    # what stands no longer is not said in the morning
    move(ticket, State.IN_PROGRESS)
    run(hours=9, minutes=59)
    assert carrier.taken == []
    run(minutes=2)
    assert hows(floor, ticket) == [("made", "skipped"), ("accepted", "sent")]
    assert told(floor, ticket)[0].why == "overtaken"
    assert len(carrier.taken) == 1


def test_what_is_urgent_wakes_people(
    carrier: Texting, make: Any, run: Any, time: clock.DrivenClock
) -> None:
    time.advance(seconds=(EVENING - NOW).total_seconds())
    make(category="flood")
    run()
    assert len(carrier.taken) == 1


# ------------------------------------------------------------------ a carrier in trouble


def test_it_is_tried_again_later_each_time_and_given_up_loudly(
    floor: Floor,
    config: Tickets,
    carrier: Texting,
    make: Any,
    run: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ticket = make()
    carrier.before = [CarrierError("away")] * 1000
    tried = []
    for _ in range(14 * 60):
        before = len(carrier.before)
        run(minutes=1)
        if len(carrier.before) < before:
            tried.append(clock.now())
        if told(floor, ticket)[0].how == "failed":
            break
    pauses = [after - before for before, after in pairwise(tried)]
    assert pauses[0] < pauses[3] <= pauses[-1] <= timedelta(minutes=32)
    assert len(tried) < 40
    assert [(each.how, each.why) for each in told(floor, ticket)] == [("failed", "given_up")]
    assert "given_up" in caplog.text
    assert CALLER not in caplog.text
    with floor.db.read() as session:
        found = answering.waiting(session, config, SUPERVISOR, now=clock.now())
    assert [(each.number, lost.why) for each, lost in found.lost] == [(ticket.number, "given_up")]


def test_without_redis_it_waits_and_is_handed_over_again(
    floor: Floor, carrier: Texting, make: Any, run: Any
) -> None:
    ticket = make()
    assert isinstance(floor.jobs, Handed)
    floor.jobs.away = True
    run()
    run(minutes=2)
    floor.jobs.away = False
    assert hows(floor, ticket) == [("made", "waiting")]
    run(minutes=2)
    run(minutes=4)
    assert hows(floor, ticket) == [("made", "sent")]
    assert len(carrier.taken) == 1


def test_who_the_carrier_refuses_is_not_tried_again(
    floor: Floor, carrier: Texting, make: Any, run: Any
) -> None:
    ticket = make()
    carrier.before = [Refused("unknown subscriber")]
    run()
    run(minutes=5)
    assert [(each.how, each.why) for each in told(floor, ticket)] == [("failed", "refused")]
    assert carrier.taken == []


def test_one_that_was_taken_though_the_answer_was_lost_is_not_sent_again(
    floor: Floor, carrier: Texting, make: Any, run: Any
) -> None:
    ticket = make()
    carrier.after = [CarrierError("timed out")]
    run()
    assert hows(floor, ticket) == [("made", "waiting")]
    carrier.list_away = True
    run(minutes=2)  # whether it was taken cannot be asked: so nothing is sent
    carrier.list_away = False
    run(minutes=5)
    assert hows(floor, ticket) == [("made", "sent")]
    assert len(carrier.taken) == 1


class Killed(BaseException):
    """The process is no more."""


def test_a_sender_that_dies_between_the_carriers_yes_and_its_note_sends_nothing_twice(
    floor: Floor, carrier: Texting, make: Any, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = make()

    def die(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(sms, "_settle", die)
        with pytest.raises(Killed):
            run()
    assert hows(floor, ticket) == [("made", "sending")]
    with floor.db.read() as session:
        (sms_id,) = session.scalars(sa.select(TicketSms.id)).all()
    sms.deliver(floor, sms_id)  # it may only be slow: nobody takes over yet
    assert len(carrier.taken) == 1
    run(minutes=4)
    assert hows(floor, ticket) == [("made", "sent")]
    assert len(carrier.taken) == 1


def test_of_many_that_send_at_once_one_does(floor: Floor, carrier: Texting, make: Any) -> None:
    tickets = [make() for _ in range(4)]
    barrier = threading.Barrier(6)

    def work() -> None:
        barrier.wait()
        sms.sweep(floor, clock.now())
        with floor.db.read() as session:
            ids = session.scalars(sa.select(TicketSms.id)).all()
        for each in ids:
            sms.deliver(floor, each)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    deliver_all(floor)
    assert sorted(body for _, _, body in carrier.taken) == sorted(
        {body for _, _, body in carrier.taken}
    )
    assert len(carrier.taken) == len(tickets)


# ------------------------------------------------------------------ what the carrier tells


def status(post: SignedPost, carrier: Texting, word: str, sid: str = "SM1", **more: str) -> None:
    path = carrier.callbacks[0].removeprefix("https://hotline.example")
    answer = post(path, {"MessageSid": sid, "MessageStatus": word, **more})
    assert answer.status_code == 204


@pytest.mark.parametrize(
    ("words", "how"),
    [
        (["queued", "sent", "delivered"], "delivered"),
        (["delivered", "sent", "queued", "delivered"], "delivered"),
        (["sent", "undelivered", "sent"], "lost"),
        (["failed", "delivered"], "lost"),
        (["queued", "nonsense"], "sent"),
    ],
)
def test_the_carriers_word_is_heard_twice_late_and_reversed(
    floor: Floor,
    carrier: Texting,
    make: Any,
    run: Any,
    signed_post: SignedPost,
    words: list[str],
    how: str,
) -> None:
    ticket = make()
    run()
    for word in words:
        status(signed_post, carrier, word)
    assert hows(floor, ticket) == [("made", how)]


def test_the_carriers_word_says_that_it_was_taken_when_we_do_not_know(
    floor: Floor, carrier: Texting, make: Any, run: Any, signed_post: SignedPost
) -> None:
    ticket = make()
    carrier.after = [CarrierError("timed out")]
    run()
    status(signed_post, carrier, "queued")
    assert hows(floor, ticket) == [("made", "sent")]
    run(minutes=10)
    assert len(carrier.taken) == 1


def test_only_the_carrier_tells(
    floor: Floor, carrier: Texting, make: Any, run: Any, client: Any, signed_post: SignedPost
) -> None:
    ticket = make()
    run()
    path = carrier.callbacks[0].removeprefix("https://hotline.example")
    for forged in (path, "/sms/incoming"):
        assert client.post(forged, data={"MessageStatus": "failed"}).status_code == 403
    status(signed_post, carrier, "failed", sid="SM-of-somebody-else")
    assert signed_post("/sms/status?id=999999999999999999999", {}).status_code == 204
    assert hows(floor, ticket) == [("made", "sent")]


def test_what_never_arrived_needs_attention_until_something_does(
    floor: Floor,
    config: Tickets,
    carrier: Texting,
    make: Any,
    move: Any,
    run: Any,
    signed_post: SignedPost,
) -> None:
    ticket = make()
    run()
    status(signed_post, carrier, "undelivered", ErrorCode="30005")

    def lost() -> int:
        with floor.db.read() as session:
            return len(answering.waiting(session, config, SUPERVISOR, now=clock.now()).lost)

    assert lost() == 1
    move(ticket, State.IN_PROGRESS)
    run()
    assert lost() == 0


# ------------------------------------------------------------------ what a citizen writes


@pytest.fixture
def text(signed_post: SignedPost) -> Callable[..., None]:
    sids = iter(range(1, 1000))

    def send(body: str, number: str = CALLER, sid: str = "") -> None:
        form = {"MessageSid": sid or f"SMin{next(sids)}", "From": number, "Body": body}
        answer = signed_post("/sms/incoming", form | {"To": "+6638111337"})
        assert answer.status_code == 200
        assert answer.mimetype == "text/xml"

    return send


def story(floor: Floor, ticket: TicketFacts, kind: EventKind) -> list[dict[str, Any]]:
    with floor.db.read() as session:
        found = service.story(session, ticket.id)
    return [event.data for event in found if event.kind is kind]


def test_who_wants_none_gets_none_until_they_want_them_again(
    floor: Floor, carrier: Texting, make: Any, move: Any, run: Any, text: Any
) -> None:
    ticket = make()
    text("หยุด")
    run()
    assert carrier.taken == []  # also what was on its way
    other = make()
    assert [each.why for each in told(floor, ticket) + told(floor, other)] == ["opted_out"] * 2
    text(" START ")
    move(ticket, State.IN_PROGRESS)
    run()
    assert [each.how for each in told(floor, ticket)] == ["skipped", "sent"]


def test_an_answer_goes_to_the_ticket_that_our_last_sms_was_about(
    floor: Floor, make: Any, run: Any, text: Any
) -> None:
    first = make()
    second = make()
    run()
    text("ยังไม่มีใครมาเลย", sid="SMx")
    text("ยังไม่มีใครมาเลย", sid="SMx")
    assert story(floor, second, EventKind.CITIZEN) == [{"text": "ยังไม่มีใครมาเลย", "by": "sms"}]
    assert story(floor, first, EventKind.CITIZEN) == []
    with floor.db.read() as session:
        assert service.by_number(session, second.number).unread_since is not None


def test_without_an_sms_of_ours_to_the_only_open_one_else_a_new_ticket(
    floor: Floor, config: Tickets, make: Any, text: Any
) -> None:
    only = make()
    text("ถึงไหนแล้ว")
    assert len(story(floor, only, EventKind.CITIZEN)) == 1
    make()
    text("ถังขยะล้น", number=CALLER)
    with floor.db.read() as session:
        newest = session.scalars(sa.select(Ticket).order_by(Ticket.id.desc())).first()
        assert newest is not None
        assert (newest.source, newest.text, newest.incomplete) == ("sms", "ถังขยะล้น", True)
        assert newest.division == config.central_desk


def test_two_of_the_carriers_webhooks_at_once_make_one_ticket(
    floor: Floor, config: Tickets
) -> None:
    barrier = threading.Barrier(4)

    def work() -> None:
        barrier.wait()
        with floor.db.write() as session:
            sms_received.receive(
                session, config, sid="SMone", number=CALLER, text="น้ำไม่ไหล", language="th", now=NOW
            )

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    with floor.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Ticket)) == 1


# ------------------------------------------------------------------ forgetting


def test_an_erased_number_stands_nowhere_and_its_link_opens_nothing(
    floor: Floor, carrier: Texting, make: Any, run: Any, text: Any
) -> None:
    ticket = make()
    run()
    text("หยุด")
    token = carrier.taken[0][2].rpartition("/t/")[2]
    with floor.db.write() as session:
        who = Subject(number=CALLER)
        asked = Erasure(who, by="supervisor", reason="", now=clock.now(), dry=False)
        erasing.erase(floor, session, asked)
    with floor.db.read() as session:
        assert links.opened_by(session, token, clock.now()) is None
        for table in sa.inspect(floor.db.engine).get_table_names():
            rows = session.execute(sa.text(f"SELECT * FROM {table}")).all()
            assert CALLER not in str(rows), table
    assert [each.how for each in told(floor, ticket)] == ["sent"]
