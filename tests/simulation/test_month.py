"""A month of a city's tickets, with all that goes wrong in one: administrators who are away, or
have left, tickets that are forgotten, that lie with the wrong division, wait for an agency that
does not answer, are closed and opened again.

Each ticket is given a story when it is made, and with it what will have gone wrong at its end. The
script keeps books of its own, out of what it does and nothing else: where each ticket lies, whether
it is open, in which list it stands since when, who is to be told. Every night, and at the month's
end, all tickets are held against them, one by one: each has a division with somebody who is there,
each has a deadline, none of whose clocks has run out unseen; and the list of each night, and that
of the month, says what the books say, where it was, and nothing else.

`HOTLINE_MONTH_TICKETS=3000` takes so many (the ordinary run fewer).
"""

import heapq
import importlib
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
from tickets.config import Tickets
from tickets.faults import Fault
from tickets.models import IS_OPEN, EventKind, Ticket, TicketEvent, TicketFault
from tickets.search import Show
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

MIGRATION = "hotline.migrations.versions.0049_failures_are_written_down"

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

#: Who is told by a level of the escalation; by the first, those who have the ticket.
LEVELS = {
    "central_desk": {"supervisor"},
    "supervisor": {"supervisor"},
    "manager": {"chief"},
    "administrator": {"it"},
}
ROLES = {
    "supervisor": auth.Role.SUPERVISOR,
    "chief": auth.Role.MANAGER,
    "it": auth.Role.ADMINISTRATOR,
}
#: In which list a ticket stands that has failed so, until it is made good.
LISTS = {
    Fault.UNACKNOWLEDGED: Show.UNACKNOWLEDGED,
    Fault.SILENT: Show.SILENT,
    Fault.OVERDUE: Show.OVERDUE,
    Fault.ESCALATED: Show.ESCALATED,
}

NAMES = [show.value for show in LISTS.values()]

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


def answer_for(division: str, at: datetime) -> set[str]:
    """Who has the tickets of a division at a moment, by the lists above."""
    day = (at - START) // DAY
    there = set()
    for name in PEOPLE[division]:
        first, last, substitute = AWAY.get(name, (-1, -1, None))
        left = name in LEAVES and at >= START + LEAVES[name] * DAY + 12 * HOUR
        who = substitute if first <= day <= last else name
        if who not in (None, "nobody_yet") and not left:
            there.add(who)
    return there or {"supervisor"}


@dataclass
class Entry:
    """What the script knows of a ticket: where it lies, whether it is open, and since when (which
    may be to come) it stands in which list.
    """

    division: str
    open: bool = True
    lists: dict[Show, datetime] = field(default_factory=dict)

    def stands_in(self, show: Show, now: datetime) -> bool:
        return show in self.lists and self.lists[show] < now

    def made_good(self, shows: set[Show], now: datetime) -> None:
        for show in shows:
            if self.stands_in(show, now):
                del self.lists[show]


@dataclass
class Month:
    """The script: a heap of what is done when, and what it will have led to."""

    db: Database
    config: Tickets
    lot: random.Random
    now: datetime = START
    expected: Counter[tuple[str, str, Fault]] = field(default_factory=Counter)
    book: dict[str, Entry] = field(default_factory=dict)
    #: Ticket and level of the escalation → who is to be told.
    to_tell: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    swept: datetime = START
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
            for name in sorted(names | set(ROLES)):
                auth.create_account(
                    session,
                    username=name,
                    name=name.title(),
                    role=ROLES.get(name, auth.Role.DIVISION),
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
        self.sweep()
        self.at(self.now + SWEEP, self.sweeps)

    def sweep(self) -> None:
        with self.db.read() as session:
            anything = sweeps.anything(session, self.now)
        if anything:
            with self.db.write() as session:
                sweeps.sweep(session, self.config, self.now)
                assert not sweeps.anything(session, self.now), "a clock ran out unseen"
        self.swept = self.now

    def night(self) -> None:
        """A little after midnight: every ticket is looked at, and the list of the day that is over
        is held against the books.
        """
        with self.db.write() as session:
            day = self.config.day(self.now) - DAY
            attention.keep(session, self.config, day, self.now)
            self.every_ticket(session)
            kept = attention.night(session, day)
        assert kept is not None
        number = (day - FIRST).days
        assert set(kept.unattended) == {id_ for id_, days in ALONE.items() if number in days}
        expected = self.lists()
        for show, numbers in kept.tickets.items():
            mine = [ticket for ticket, entry in self.book.items() if show in expected[ticket]]
            assert list(numbers) == mine[: attention.KEPT_TICKETS], (day, show)
        assert {row["division"]: row for row in kept.divisions} == self.counted(expected), day
        self.at(self.now + DAY, self.night)

    def lists(self) -> dict[str, set[str]]:
        """By ticket the lists in which it stands now, by the books."""
        return {
            ticket: {show.value for show in entry.lists if entry.stands_in(show, self.now)}
            for ticket, entry in self.book.items()
        }

    def counted(self, expected: dict[str, set[str]]) -> dict[str, dict[str, object]]:
        """The same by division, of those that have something open."""
        rows: dict[str, dict[str, object]] = {}
        for ticket, entry in self.book.items():
            if entry.open:
                row = rows.setdefault(entry.division, Counter(open=0, **dict.fromkeys(NAMES, 0)))
                row.update(Counter(["open", *expected[ticket]]))
        return {division: {"division": division, **row} for division, row in rows.items()}

    def every_ticket(self, session) -> None:  # type: ignore[no-untyped-def]
        """None is lost, none without an owner who is there, none without a deadline, and of none a
        clock has run out unseen.
        """
        there = attendance.on(session, self.config, self.now)
        rows = session.scalars(sa.select(Ticket)).all()
        assert {row.number for row in rows} == set(self.book)
        for row in rows:
            entry = self.book[row.number]
            assert row.division == entry.division, row.number
            assert (row.closed_at is None) == entry.open, row.number
            has_it = there.handlers(row.division)
            assert set(has_it) == answer_for(row.division, self.now), row.division
            assert has_it, row.division
            assert row.due_at is not None, row.number
            first = row.acknowledged_at or row.closed_at or self.swept
            last = row.closed_at or self.swept
            for due, until, seen in (
                (row.acknowledge_due_at, first, row.acknowledge_missed_at),
                (row.update_due_at, last, row.update_missed_at),
                (row.due_at, last, row.overdue_at),
            ):
                assert due is None or (due < until) == (seen is not None), row.number

    # -------------------------------------------------------- what is done with a ticket

    def fresh(self, session, number: str) -> TicketFacts:  # type: ignore[no-untyped-def]
        return service.by_number(session, number)

    def fails(self, ticket: TicketFacts, *faults: Fault, at: datetime | None = None) -> None:
        """This will be said of the ticket where it lies now, if it is noticed in this month."""
        noticed = self.now if at is None else START + ((at - START) // SWEEP + 1) * SWEEP
        lists = self.book[ticket.number].lists
        for fault in faults:
            if fault in LISTS and at is not None:  # who looks sees a clock before it is noticed
                lists.setdefault(LISTS[fault], noticed if fault is Fault.ESCALATED else at)
            if noticed < END:  # what is noticed at its end is of the next month
                self.expected[ticket.number, ticket.division, fault] += 1
            if noticed <= END and fault is Fault.ESCALATED:
                self._tells(ticket, noticed)

    def _tells(self, ticket: TicketFacts, when: datetime) -> None:
        """The next level of the escalation is told of it."""
        level = 1 + sum(number == ticket.number for number, _ in self.to_tell)
        told = LEVELS.get(self.config.escalation[level - 1].to.value)
        self.to_tell[ticket.number, level] = told or answer_for(ticket.division, when)

    def make(self, category: str, caller: str) -> TicketFacts:
        with self.db.write() as session:
            ticket = service.record_call(
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
        self.book[ticket.number] = Entry(self.config.categories[category].division)
        return ticket

    def takes_up(self, number: str) -> None:
        with self.db.write() as session:
            it = self.fresh(session, number)
            actor = self.actor_for(session, it)
            service.move(session, self.config, it, State.IN_PROGRESS, actor=actor, now=self.now)
            assert self.fresh(session, number).acknowledged_at is not None
        self.book[number].made_good({Show.UNACKNOWLEDGED, Show.ESCALATED}, self.now)

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
        self._ends(number)

    def _ends(self, number: str) -> None:
        entry = self.book[number]
        entry.open = False
        entry.made_good(set(LISTS.values()), self.now)
        assert not entry.lists, "the script closes what it still wanted to be late"

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
        self.book[number].open = True
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
        self._ends(number)

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
        self.book[number].division = self.config.categories[category].division
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
    month.sweep()  # at the end itself
    month.now = END + HOUR / 12
    month.night()
    boss = Actor("supervisor", Role.SUPERVISOR, frozenset({"contact_center"}))
    with month.db.read() as session:
        found = accountability.account(session, month.config, boss, start=START, end=END)
        failures = list(accountability.failures(session, month.config, boss, start=START, end=END))
        left = session.scalars(sa.select(Ticket).where(IS_OPEN)).all()
        levels = {row.number: row.escalation for row in left if row.escalation}
        sent = session.execute(
            sa.select(Ticket.number, TicketEvent.data)
            .join(Ticket, Ticket.id == TicketEvent.ticket_id)
            .where(TicketEvent.kind == EventKind.TOLD.value)
        ).all()
    told = Counter((each.number, each.division, each.fault) for each in failures)
    assert not told - month.expected, "said, and did not happen"
    assert not month.expected - told, "happened, and nobody was told"
    where = Counter((each.division, each.fault) for each in failures)
    assert where == +Counter(
        {(row.division, fault): n for row in found.rows for fault, n in row.faults.items()}
    ), "counted otherwise than told one by one"
    assert sum(row.received for row in found.rows) == TICKETS == len(month.book)
    assert Counter({row.division: row.received for row in found.rows if row.received}) == Counter(
        entry.division for entry in month.book.values()
    )
    assert {row.division: [(day - FIRST).days for day in row.unattended] for row in found.rows} == {
        id_: list(ALONE.get(id_, ())) for id_ in month.config.divisions
    }
    # a database of before these rows were written gets the same ones out of its stories
    kept = rows_of_failures(month.db)
    migration = importlib.import_module(MIGRATION)
    with month.db.write() as session:
        session.execute(sa.delete(TicketFault))
        migration.write(session.connection())
    assert rows_of_failures(month.db) == kept
    # each step of the escalation went to somebody, once, and to whom it had to go
    assert len(sent) == len(month.to_tell)
    assert {(row.number, row.data["level"]): set(row.data["to"]) for row in sent} == month.to_tell
    highest = dict(sorted(month.to_tell))
    assert levels == {number: highest[number] for number in levels}
    assert set(levels) == {
        number for number, lists in month.lists().items() if Show.ESCALATED.value in lists
    }


def rows_of_failures(db: Database) -> list[tuple[object, ...]]:
    with db.read() as session:
        rows = session.execute(sa.select(*TicketFault.__table__.columns))
        return sorted(tuple(row) for row in rows)
