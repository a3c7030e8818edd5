"""Demo accounts, for a hotline on its embedded defaults only. Their passwords are published."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents import service
from agents.roster import rules
from agents.roster import service as roster
from agents.roster.rules import Pattern, Repeat
from hotline import auth, clock
from hotline.auth import Role
from hotline.floor import Floor
from hotline.models import Account

PASSWORD = "saidduan-demo"  # noqa: S105 - published on purpose, see the module's first line

_ALL = ("information", "complaint", "emergency")


@dataclass(frozen=True)
class Demo:
    """One demo account; with queues it is an agent as well, and a supervisor has a telephone."""

    username: str
    name: str
    role: Role
    queues: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


ACCOUNTS = (
    Demo("supervisor", "สุดา หัวหน้าเวร", Role.SUPERVISOR),
    Demo("manager", "วิชัย ผู้จัดการศูนย์", Role.MANAGER),
    Demo("division", "ประสิทธิ์ สำนักช่าง", Role.DIVISION),
    Demo("agent1", "นภา", Role.AGENT, _ALL, ("th", "en")),
    Demo("agent2", "ธนา", Role.AGENT, _ALL, ("th",)),
    Demo("agent3", "มะลิ", Role.AGENT, ("information", "complaint"), ("th", "en")),
    Demo("agent4", "อนันต์", Role.AGENT, ("complaint", "emergency"), ("th", "en")),
    Demo("agent5", "หลิน", Role.AGENT, _ALL, ("th", "zh")),
    Demo("agent6", "นาตาชา", Role.AGENT, _ALL, ("en", "ru")),
    Demo("crew", "สมชาย ทีมลงพื้นที่", Role.CREW),
    Demo("administrator", "อรุณ ผู้ดูแลระบบ", Role.ADMINISTRATOR),
)


def seed(floor: Floor) -> None:
    """Make the demo accounts that are missing; those that exist stay as they are."""
    with floor.db.read() as session:
        there = set(session.scalars(sa.select(Account.username)))
    for demo in ACCOUNTS:
        if demo.username not in there:
            # one at a time: nobody shall wait for eleven
            with floor.db.write() as session:
                _make(session, demo, clock.now())
    with floor.db.write() as session:
        _plan(session, roster.Act(None, clock.now(), floor.city.zone))


def _make(session: Session, demo: Demo, now: datetime) -> None:
    account_id = auth.create_account(
        session,
        username=demo.username,
        name=demo.name,
        role=demo.role,
        password=PASSWORD,
        demo=True,
        now=now,
    )
    if demo.queues or demo.role is Role.SUPERVISOR:
        service.create_agent(
            session,
            account_id=account_id,
            name=demo.name,
            queues=demo.queues,
            languages=demo.languages,
            now=now,
        )


#: Who works when: the hour at which a shift of eight begins, and how it repeats.
_SHIFTS = {
    "agent1": (8, Repeat(Pattern.WEEKLY, (0, 1, 2, 3, 4))),
    "agent2": (8, Repeat(Pattern.ON_OFF, on=4, off=2)),
    "agent3": (16, Repeat(Pattern.ON_OFF, on=5, off=2)),
    "agent4": (16, Repeat(Pattern.WEEKLY, (2, 3, 4, 5, 6))),
    "agent5": (0, Repeat(Pattern.ON_OFF, on=3, off=3)),
    "agent6": (0, Repeat(Pattern.ON_OFF, on=3, off=3)),
}


def _plan(session: Session, act: roster.Act) -> None:
    """A roster from this week's Monday on, where nobody has made one."""
    people = {each.username: each.id for each in roster.people(session)}
    monday = act.today - timedelta(days=act.today.weekday())
    if roster.series_between(session, monday, act.today + timedelta(days=365)):
        return
    for username, (hour, repeat) in _SHIFTS.items():
        rule, run = rules.rule_of(repeat)
        # the second of the night begins when the first has worked their three
        first = monday + timedelta(days=3 if username == "agent6" else 0)
        if username in people:
            plan = roster.Plan(people[username], first, time(hour), 8 * 60, rule, run)
            roster.add(session, plan, act)


def credentials() -> Iterator[str]:
    """One line for each demo account: who, with which password, for what."""
    for demo in ACCOUNTS:
        what = f"{', '.join(demo.queues)} · {', '.join(demo.languages)}" if demo.queues else ""
        yield f"{demo.username:<11} {PASSWORD}  {demo.role:<11} {what}".rstrip()
