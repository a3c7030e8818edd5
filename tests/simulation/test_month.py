"""A month of a city's tickets, with all that goes wrong in one: administrators who are away, or
have left, tickets that are forgotten, that lie with the wrong division, wait for an agency that
does not answer, are closed and opened again.

Each ticket is given a story when it is made, and with it what will have gone wrong at its end. What
the city is told at the month's end is that, ticket by ticket, and nothing else; on the way no
ticket is ever without somebody who has it, and no clock runs out unseen.

`HOTLINE_MONTH_TICKETS=3000` takes so many (the ordinary run fewer).
"""

import heapq
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
import yaml

from hotline import auth, city
from hotline.config import load_yaml
from hotline.db import Database
from hotline.models import Account
from tests.support.floors import CONFIG
from tickets import accountability, attendance, attention, service, sweeps
from tickets.accountability import Fault
from tickets.config import Tickets
from tickets.models import IS_OPEN, Ticket
from tickets.service import Actor, Role, TicketFacts
from tickets.workflow import Priority, Result, State, Waiting

TICKETS = int(os.environ.get("HOTLINE_MONTH_TICKETS", "150"))
ZONE = ZoneInfo("Asia/Bangkok")
FIRST, DAYS = date(2026, 11, 1), 30
START = datetime(2026, 11, 1, tzinfo=ZONE)
END = START + timedelta(days=DAYS)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: As often the hotline looks for clocks that have run out; it does so more often in life.
SWEEP = timedelta(minutes=30)

#: Who answers for what. Nobody has ever had the account of `traffic`.
PEOPLE = {
    "contact_center": ["supervisor"],
    "permanent_secretary": ["supervisor"],
    "engineering": ["somchai", "anong"],
    "engineering_north": ["anong"],
    "engineering_island": ["somchai"],
    "sanitary_engineering": ["wichai"],
    "public_health": ["mali", "prasit"],
    "city_police": ["decha"],
    "disaster_prevention": ["kamon"],
    "traffic": ["nobody_yet"],
    "social_welfare": ["ladda"],
    "tourism": ["niran"],
    "treasury": ["orasa"],
}
#: Days of the month (from 0), both included. Nobody stands in for the first.
AWAY = {"wichai": (4, 8, None), "decha": (9, 13, "mali")}
#: Her account ends on this day, and nobody follows her.
LEAVES = {"orasa": 14}
ALONE = {
    "traffic": range(DAYS),
    "sanitary_engineering": range(4, 9),
    "treasury": range(14, DAYS),
}

STORIES = {
    "kept": 50,
    "late_first_word": 8,
    "late": 8,
    "forgotten": 6,
    "wrong": 10,
    "answered_outside": 5,
    "unanswered_outside": 4,
    "reopened": 6,
    "withdrawn": 3,
}


def the_city(folder: Path) -> Tickets:
    """The shipped city, in which each division has its own people."""
    content = load_yaml(CONFIG)
    for id_, names in PEOPLE.items():
        content["tickets"]["divisions"][id_]["administrators"] = names
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return city.load(path).tickets


@dataclass
class Month:
    """The script: a heap of what is done when, and what it will have led to."""

    db: Database
    config: Tickets
    lot: random.Random
    now: datetime = START
    expected: Counter[tuple[str, str, Fault]] = field(default_factory=Counter)
    left_alone: dict[str, datetime] = field(default_factory=dict)
    _ahead: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=count)
    _calls: Iterator[int] = field(default_factory=lambda: count(1))

    def at(self, when: datetime, what: Callable[[], None]) -> None:
        """Do something at a moment; what lies behind the month's end is not done."""
        heapq.heappush(self._ahead, (when, next(self._order), what))

    def run(self) -> None:
        while self._ahead and self._ahead[0][0] < END:
            self.now, _, what = heapq.heappop(self._ahead)
            what()
        self.now = END

    # -------------------------------------------------------- who works here

    def people(self) -> None:
        with self.db.write() as session:
            names = {name for division in PEOPLE.values() for name in division} - {"nobody_yet"}
            for name in sorted(names):
                role = auth.Role.SUPERVISOR if name == "supervisor" else auth.Role.DIVISION
                auth.create_account(
                    session,
                    username=name,
                    name=name.title(),
                    role=role,
                    password="long enough",
                    now=START,
                )
            for name, (first, last, substitute) in AWAY.items():
                attendance.be_away(
                    session,
                    self.config,
                    username=name,
                    first=FIRST + first * DAY,
                    last=FIRST + last * DAY,
                    substitute=substitute,
                    actor=Actor(name, Role.DIVISION, self.config.divisions_of(name)),
                    now=START,
                )
        for name, day in LEAVES.items():
            self.at(START + day * DAY + 12 * HOUR, lambda name=name: self._leaves(name))

    def _leaves(self, name: str) -> None:
        with self.db.write() as session:
            session.execute(sa.update(Account).where(Account.username == name).values(active=False))

    def actor_for(self, session, ticket: TicketFacts) -> Actor:  # type: ignore[no-untyped-def]
        """Somebody who has the ticket today, with the rights that they have today."""
        there = attendance.on(session, self.config, self.now)
        name = self.lot.choice(there.handlers(ticket.division))
        role = "supervisor" if name == "supervisor" else "division"
        return service.acting(session, self.config, name, role, self.now)

    # -------------------------------------------------------- what the clock does

    def sweeps(self) -> None:
        with self.db.read() as session:
            anything = sweeps.anything(session, self.now)
        if anything:
            with self.db.write() as session:
                sweeps.sweep(session, self.config, self.now)
                assert not sweeps.anything(session, self.now), "a clock ran out unseen"
        self.at(self.now + SWEEP, self.sweeps)

    def night(self) -> None:
        """A little after midnight: the list of the day that is over; nobody has nobody."""
        with self.db.write() as session:
            day = self.config.day(self.now) - DAY
            attention.keep(session, self.config, day, self.now)
            there = attendance.on(session, self.config, self.now)
            owned = session.scalars(sa.select(Ticket.division).where(IS_OPEN).distinct()).all()
            assert all(there.handlers(division) for division in owned)
        self.at(self.now + DAY, self.night)

    # -------------------------------------------------------- what is done with a ticket

    def fresh(self, session, number: str) -> TicketFacts:  # type: ignore[no-untyped-def]
        return service.by_number(session, number)

    def fails(self, ticket: TicketFacts, *faults: Fault, at: datetime | None = None) -> None:
        """This will be said of the ticket where it lies now, if it is noticed in this month."""
        noticed = self.now if at is None else START + ((at - START) // SWEEP + 1) * SWEEP
        if noticed < END:
            for fault in faults:
                self.expected[ticket.number, ticket.division, fault] += 1

    def make(self, category: str, caller: str) -> TicketFacts:
        with self.db.write() as session:
            return service.record_call(
                session,
                self.config,
                call_id=next(self._calls),
                outcome="complaint",
                category=category,
                note=f"เรื่องที่ {caller}",
                caller=caller,
                by="nok",
                now=self.now,
            )

    def takes_up(self, number: str) -> None:
        with self.db.write() as session:
            it = self.fresh(session, number)
            actor = self.actor_for(session, it)
            service.move(session, self.config, it, State.IN_PROGRESS, actor=actor, now=self.now)
            assert self.fresh(session, number).acknowledged_at is not None

    def closes(self, number: str) -> None:
        with self.db.write() as session:
            it = self.fresh(session, number)
            results = [Result.FIXED, Result.CANNOT_FIX, Result.NOT_FOUND]
            if service.lacks_after_photo(session, self.config, it, Result.FIXED):
                results.remove(Result.FIXED)
            service.move(
                session,
                self.config,
                it,
                State.DONE,
                actor=self.actor_for(session, it),
                result=self.lot.choice(results),
                text="ดำเนินการแล้ว",
                now=self.now,
            )

    def reopens(self, number: str) -> None:
        with self.db.write() as session:
            it = self.fresh(session, number)
            self.fails(it, Fault.REOPENED)
            agent = Actor("nok", Role.AGENT)
            service.move(
                session,
                self.config,
                it,
                State.IN_PROGRESS,
                actor=agent,
                text="ยังไม่เสร็จ",
                now=self.now,
            )
            again = self.fresh(session, number)
        self.keeps(again)

    def withdraws(self, number: str) -> None:
        with self.db.write() as session:
            it = self.fresh(session, number)
            service.move(
                session,
                self.config,
                it,
                State.CANCELLED,
                actor=Actor("nok", Role.AGENT),
                result=Result.WITHDRAWN,
                text="ผู้แจ้งขอยกเลิก",
                now=self.now,
            )

    def waits(self, number: str, until: datetime) -> None:
        with self.db.write() as session:
            it = self.fresh(session, number)
            service.wait(
                session,
                self.config,
                it,
                for_=Waiting.AGENCY,
                until=until,
                text="ส่งการไฟฟ้าแล้ว",
                actor=self.actor_for(session, it),
                now=self.now,
            )

    def goes_on(self, number: str) -> None:
        with self.db.write() as session:
            it = self.fresh(session, number)
            actor = self.actor_for(session, it)
            service.resume(session, self.config, it, text="ได้รับคำตอบ", actor=actor, now=self.now)

    def routes(self, number: str, category: str) -> None:
        with self.db.write() as session:
            it = self.fresh(session, number)
            self.fails(it, Fault.MISROUTED)
            service.route(
                session,
                self.config,
                it,
                category=category,
                priority=Priority.NORMAL,
                division=None,
                text="ไม่ใช่งานของเรา",
                actor=self.actor_for(session, it),
                now=self.now,
            )
            again = self.fresh(session, number)
        self.keeps(again)

    # -------------------------------------------------------- the stories

    def keeps(self, ticket: TicketFacts) -> None:
        """From now on all is done in time, by the clocks as they stand."""
        assert ticket.due_at is not None
        left = ticket.due_at - self.now
        first = ticket.acknowledge_due_at
        if ticket.acknowledged_at is None and first is not None:
            left = min(left, first - self.now)
        taken = self.now + left * self.lot.uniform(0.2, 0.8)
        if ticket.state is State.RECEIVED:
            self.at(taken, lambda: self.takes_up(ticket.number))
        else:  # the division has seen it already, or says so with the result
            taken = self.now
        ends = min(ticket.due_at, taken + self._silence(ticket))
        when = taken + (ends - taken) * self.lot.uniform(0.2, 0.8)
        if ticket.acknowledged_at is None and ticket.state is not State.RECEIVED:
            when = min(when, self.now + left * 0.8)
        self.at(when, lambda: self.closes(ticket.number))

    def _silence(self, ticket: TicketFacts) -> timedelta:
        """How long the division may be silent after its first word."""
        hours = {Priority.NORMAL: 120, Priority.URGENT: 48, Priority.CRITICAL: 12}
        return timedelta(hours=hours[ticket.priority])

    def kept(self, ticket: TicketFacts) -> None:
        self.keeps(ticket)

    def late_first_word(self, ticket: TicketFacts) -> None:
        first = ticket.acknowledge_due_at
        assert first is not None and ticket.due_at is not None
        if ticket.due_at < first + 4 * HOUR:  # it would be overdue as well
            self.keeps(ticket)
            return
        self.fails(ticket, Fault.UNACKNOWLEDGED, Fault.ESCALATED, at=first)
        self.at(first + 2 * HOUR, lambda: self.takes_up(ticket.number))
        self.at(first + 3 * HOUR, lambda: self.closes(ticket.number))

    def late(self, ticket: TicketFacts) -> None:
        assert ticket.acknowledge_due_at is not None and ticket.due_at is not None
        begins = ticket.received_at + (ticket.acknowledge_due_at - ticket.received_at) / 2
        self.at(begins, lambda: self.takes_up(ticket.number))
        # what is said just before it is due is news; what is not closed then is late all the same
        news = ticket.due_at - HOUR / 2
        while begins + self._silence(ticket) < news:
            begins += self._silence(ticket) / 2
            self.at(begins, lambda: self.says(ticket.number))
        self.at(news, lambda: self.says(ticket.number))
        self.fails(ticket, Fault.OVERDUE, Fault.ESCALATED, at=ticket.due_at)
        self.at(ticket.due_at + 2 * HOUR, lambda: self.closes(ticket.number))

    def says(self, number: str) -> None:
        with self.db.write() as session:
            it = self.fresh(session, number)
            actor = self.actor_for(session, it)
            service.note(session, self.config, it, text="นัดช่างแล้ว", actor=actor, now=self.now)

    def forgotten(self, ticket: TicketFacts) -> None:
        due = (ticket.acknowledge_due_at, ticket.update_due_at, ticket.due_at)
        for fault, at in zip((Fault.UNACKNOWLEDGED, Fault.SILENT, Fault.OVERDUE), due, strict=True):
            if at is not None:
                self.fails(ticket, fault, at=at)
        first = min(at for at in due if at is not None)
        self.left_alone[ticket.number] = first
        for level in self.config.escalation:
            told = first + timedelta(hours=level.after_hours)
            self.fails(ticket, Fault.ESCALATED, at=told)

    def wrong(self, ticket: TicketFacts) -> None:
        assert ticket.acknowledge_due_at is not None
        # one that is not overdue by what it turns out to be
        right = self.lot.choice(
            [
                id_
                for id_, each in self.config.categories.items()
                if id_ != ticket.category and not each.calendar and (each.resolve_hours or 72) >= 48
            ]
        )
        found = ticket.received_at + (ticket.acknowledge_due_at - ticket.received_at) / 2
        self.at(found, lambda: self.routes(ticket.number, right))

    def answered_outside(self, ticket: TicketFacts) -> None:
        asked = self._forwards(ticket, days=3)
        self.at(asked + 2 * DAY, lambda: self.goes_on(ticket.number))
        self.at(asked + 2 * DAY + HOUR / 6, lambda: self.closes(ticket.number))

    def unanswered_outside(self, ticket: TicketFacts) -> None:
        asked = self._forwards(ticket, days=2)
        self.fails(ticket, Fault.UNANSWERED, at=asked + 2 * DAY)
        self.at(asked + 2 * DAY + SWEEP + HOUR / 6, lambda: self.closes(ticket.number))

    def _forwards(self, ticket: TicketFacts, days: int) -> datetime:
        """It is taken up in the first tenth of its time, and given outside at once."""
        assert ticket.acknowledge_due_at is not None
        begins = ticket.received_at + (ticket.acknowledge_due_at - ticket.received_at) / 10
        asked = begins + timedelta(minutes=1)
        self.at(begins, lambda: self.takes_up(ticket.number))
        self.at(asked, lambda: self.waits(ticket.number, asked + days * DAY))
        return asked

    def reopened(self, ticket: TicketFacts) -> None:
        assert ticket.acknowledge_due_at is not None
        first = ticket.received_at + (ticket.acknowledge_due_at - ticket.received_at) / 4
        self.at(first, lambda: self.takes_up(ticket.number))
        self.at(first + HOUR / 4, lambda: self.closes(ticket.number))
        self.at(first + HOUR / 4 + DAY, lambda: self.reopens(ticket.number))

    def withdrawn(self, ticket: TicketFacts) -> None:
        assert ticket.acknowledge_due_at is not None
        half = ticket.received_at + (ticket.acknowledge_due_at - ticket.received_at) / 2
        self.at(half, lambda: self.withdraws(ticket.number))

    def begins(self, number: int) -> None:
        """A ticket comes in, with a category and a story by lot."""
        # nobody's clocks of an office: the stories count hours, and need some
        counted = [
            id_
            for id_, each in self.config.categories.items()
            if not each.calendar and (each.resolve_hours or 72) >= 6
        ]
        ticket = self.make(self.lot.choice(counted), f"+668{number:08}")
        (story,) = self.lot.choices(list(STORIES), list(STORIES.values()))
        getattr(self, story)(ticket)


@pytest.fixture
def month(database_url: str, tmp_path: Path) -> Iterator[Month]:
    db = Database(database_url)
    yield Month(db, the_city(tmp_path), random.Random(1337))
    db.dispose()


@pytest.mark.timeout(1800)
def test_what_went_wrong_is_said_and_nothing_else(month: Month) -> None:
    month.people()
    month.sweeps()
    month.at(START + DAY + HOUR / 12, month.night)
    moments = sorted(month.lot.uniform(0, DAYS * 24) for _ in range(TICKETS))
    for number, hours in enumerate(moments):
        month.at(START + hours * HOUR, lambda number=number: month.begins(number))
    month.run()
    with month.db.write() as session:
        attention.keep(session, month.config, FIRST + (DAYS - 1) * DAY, END + HOUR / 12)
    boss = Actor("supervisor", Role.SUPERVISOR, frozenset({"contact_center"}))
    with month.db.read() as session:
        found = accountability.account(session, month.config, boss, start=START, end=END)
        failures = list(accountability.failures(session, month.config, boss, start=START, end=END))
        left = session.scalars(sa.select(Ticket).where(IS_OPEN)).all()
        levels = {row.number: row.escalation for row in left}
    told = Counter((each.number, each.division, each.fault) for each in failures)
    assert not told - month.expected, "said, and did not happen"
    assert not month.expected - told, "happened, and nobody was told"
    where = Counter((each.division, each.fault) for each in failures)
    assert where == +Counter(
        {(row.division, fault): n for row in found.rows for fault, n in row.faults.items()}
    ), "counted otherwise than told one by one"
    assert sum(row.received for row in found.rows) == TICKETS
    assert {row.division: [(day - FIRST).days for day in row.unattended] for row in found.rows} == {
        id_: list(ALONE.get(id_, ())) for id_ in month.config.divisions
    }
    top = timedelta(hours=month.config.escalation[-1].after_hours) + SWEEP
    for number, first in month.left_alone.items():
        if first + top < END:
            assert levels[number] == len(month.config.escalation)
