"""Demo accounts, for a hotline on its embedded defaults only. Their passwords are published."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents import service
from hotline import auth, clock
from hotline.auth import Role
from hotline.floor import Floor
from hotline.models import Account

PASSWORD = "saidduan-demo"  # noqa: S105 - published on purpose, see the module's first line

_ALL = ("information", "complaint", "emergency")


@dataclass(frozen=True)
class Demo:
    """One demo account; with queues it is an agent as well."""

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
            # one at a time: a password takes 50 ms on purpose, and nobody shall wait for nine
            with floor.db.write() as session:
                _make(session, demo, clock.now())


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
    if demo.queues:
        service.create_agent(
            session,
            account_id=account_id,
            name=demo.name,
            queues=demo.queues,
            languages=demo.languages,
            now=now,
        )


def credentials() -> Iterator[str]:
    """One line for each demo account: who, with which password, for what."""
    for demo in ACCOUNTS:
        what = f"{', '.join(demo.queues)} · {', '.join(demo.languages)}" if demo.queues else ""
        yield f"{demo.username:<11} {PASSWORD}  {demo.role:<11} {what}".rstrip()
