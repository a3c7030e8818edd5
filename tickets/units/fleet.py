"""The verbs of the fleet: which units there are, and who is on them. Each is audited."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from re import fullmatch
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import audit, clock
from hotline.auth import Identity
from hotline.config import READER_LANGUAGES
from hotline.db import insert_ignore
from hotline.floor import Floor
from hotline.models import Account
from tickets import facts
from tickets.config import Tickets
from tickets.errors import RoleMayNot
from tickets.facts import Actor
from tickets.units.errors import (
    BadUnit,
    NoSuchUnit,
    NotACrew,
    OnAnotherUnit,
    StillHasJobs,
    UnitChanged,
)
from tickets.units.facts import UnitFacts
from tickets.units.models import IS_OPEN_JOB, Dispatch, Unit, UnitCrew
from tickets.units.reading import unit as read
from tickets.workflow import Role

#: Who says which units there are, and who is on them; a crew puts itself on one and off.
KEEPERS = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
_CODE, _NUMBER = r"[a-z][a-z0-9_]{0,31}", r"\+[1-9]\d{6,14}|[1-9]\d{2,5}"
_LONGEST = 80
#: The demo's crew, and who put it on a unit.
_DEMO, _BY = "crew", Actor("import", Role.ADMINISTRATOR)


@dataclass(frozen=True)
class UnitDraft:
    """What a form says of a unit; `title` by language."""

    call_sign: str
    title: dict[str, str]
    divisions: Sequence[str] = ()
    languages: Sequence[str] = ("th",)
    telephone: str | None = None
    active: bool = True


def missing(session: Session, config: Tickets) -> list[str]:
    """Return the codes of config.yaml of which there is no unit."""
    there = set(session.scalars(sa.select(Unit.code)))
    return [code for code in config.units.fleet if code not in there]


def seed(session: Session, config: Tickets) -> int:
    """Make the units of config.yaml that are not there yet; those that are stay as they are. How
    many were made.
    """
    made = 0
    for code, each in config.units.fleet.items():
        row = {
            "code": code,
            "call_sign": each.call_sign,
            "title": each.title.root,
            "divisions": list(each.divisions),
            "languages": list(each.languages),
            "telephone": each.telephone,
            "active": True,
            "version": 1,
        }
        made += insert_ignore(session, Unit, row) is not None
    return made


def demo(floor: Floor) -> None:
    """Have the demo's crew on the first unit, where nobody is on any."""
    config, now = floor.section(Tickets), clock.now()
    with floor.db.write() as session:
        seed(session, config)
        first = next(iter(config.units.fleet), None)
        manned = session.scalar(sa.select(UnitCrew.id).limit(1))
        if first is not None and manned is None and _DEMO in crews(session):
            put_on(session, first, _DEMO, actor=_BY, by=None, now=now)


def make(
    session: Session,
    config: Tickets,
    code: str,
    draft: UnitDraft,
    *,
    actor: Actor,
    by: Identity | None,
    now: datetime,
) -> UnitFacts:
    """Make a unit. Raises `RoleMayNot`, `BadUnit`; `UnitChanged` when there is one of that code."""
    _refuse(actor)
    if not fullmatch(_CODE, code):
        raise BadUnit
    values = _values(config, draft)
    if insert_ignore(session, Unit, {"code": code, "version": 1, **values}) is None:
        raise UnitChanged
    audit.record(session, "tickets.unit_made", f"unit:{code}", by=by, at=now, **values)
    return read(session, code)


def change(
    session: Session,
    config: Tickets,
    code: str,
    draft: UnitDraft,
    *,
    version: int,
    actor: Actor,
    by: Identity | None,
    now: datetime,
) -> UnitFacts:
    """Change a unit; `version`: the one that the form showed. One with open jobs stays in use.

    Raises `RoleMayNot`, `BadUnit`, `NoSuchUnit`, `UnitChanged`, `StillHasJobs`.
    """
    _refuse(actor)
    row = _locked(session, code)
    values = _values(config, draft)
    if not draft.active and _has_jobs(session, row.id):
        raise StillHasJobs(unit=row.call_sign)
    changed = session.execute(
        sa.update(Unit)
        .where(Unit.id == row.id, Unit.version == version)
        .values(**values, version=version + 1)
        .returning(Unit.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if changed is None:
        raise UnitChanged
    audit.record(session, "tickets.unit_changed", f"unit:{code}", by=by, at=now, **values)
    return read(session, code)


def _refuse(actor: Actor) -> None:
    if actor.role not in KEEPERS:
        raise RoleMayNot


def _locked(session: Session, code: str) -> Unit:
    row = session.scalars(
        sa.select(Unit)
        .where(Unit.code == code)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NoSuchUnit(unit=code)
    return row


def _has_jobs(session: Session, unit_id: int) -> bool:
    mine = sa.select(Dispatch.id).where(Dispatch.unit_id == unit_id, IS_OPEN_JOB)
    return session.scalar(mine.limit(1)) is not None


def _values(config: Tickets, draft: UnitDraft) -> dict[str, Any]:
    call_sign = facts.clean(draft.call_sign)[:32]
    title = {each: facts.clean(draft.title.get(each))[:_LONGEST] for each in READER_LANGUAGES}
    telephone = (draft.telephone or "").strip() or None
    known = all(each in config.divisions for each in draft.divisions)
    speaks = all(fullmatch(r"[a-z]{2,3}", each) for each in draft.languages)
    number = telephone is None or fullmatch(_NUMBER, telephone)
    if not (call_sign and all(title.values()) and known and speaks and number):
        raise BadUnit
    return {
        "call_sign": call_sign,
        "title": title,
        "divisions": list(dict.fromkeys(draft.divisions)),
        "languages": list(dict.fromkeys(draft.languages)),
        "telephone": telephone,
        "active": draft.active,
    }


# ------------------------------------------------------------------ who is on it


def free_crews(session: Session) -> dict[str, str]:
    """Return those of them that are on no unit now."""
    on = set(session.scalars(sa.select(UnitCrew.username).where(UnitCrew.until_at.is_(None))))
    return {username: name for username, name in crews(session).items() if username not in on}


def crews(session: Session) -> dict[str, str]:
    """Return the accounts that can be put on a unit: names by username."""
    asked = sa.select(Account.username, Account.name).where(
        Account.active, Account.role == Role.CREW.value
    )
    return {row.username: row.name for row in session.execute(asked.order_by(Account.name))}


def _may_man(actor: Actor, username: str) -> bool:
    mine = actor.role is Role.CREW and actor.username == username
    return mine or actor.role in KEEPERS


def put_on(
    session: Session,
    code: str,
    username: str,
    *,
    actor: Actor,
    by: Identity | None,
    now: datetime,
) -> UnitFacts:
    """Put a crew's account on a unit from now on; nothing happens when it is on it already.

    Raises `RoleMayNot`, `NoSuchUnit`, `NotACrew`; `OnAnotherUnit` when it is on another one.
    """
    if not _may_man(actor, username):
        raise RoleMayNot
    row = _locked(session, code)
    if username not in crews(session):
        raise NotACrew
    values = {
        "unit_id": row.id,
        "username": username,
        "from_at": now,
        "put_on_by": actor.username,
    }
    if insert_ignore(session, UnitCrew, values) is None:
        there = session.scalar(
            sa.select(UnitCrew.unit_id).where(
                UnitCrew.username == username, UnitCrew.until_at.is_(None)
            )
        )
        if there != row.id:
            raise OnAnotherUnit
        return read(session, code)
    audit.record(session, "tickets.unit_crew_on", f"unit:{code}", by=by, at=now, crew=username)
    return read(session, code)


def take_off(
    session: Session,
    code: str,
    username: str,
    *,
    actor: Actor,
    by: Identity | None,
    now: datetime,
) -> UnitFacts:
    """Take somebody off a unit; nothing happens when they are not on it.

    Raises `RoleMayNot`, `NoSuchUnit`; `StillHasJobs` for the last one of a unit with open jobs.
    """
    if not _may_man(actor, username):
        raise RoleMayNot
    row = _locked(session, code)
    on = (UnitCrew.unit_id == row.id, UnitCrew.until_at.is_(None))
    names = session.scalars(sa.select(UnitCrew.username).where(*on)).all()
    if username not in names:
        return read(session, code)
    if len(names) == 1 and _has_jobs(session, row.id):
        raise StillHasJobs(unit=row.call_sign)
    session.execute(
        sa.update(UnitCrew)
        .where(*on, UnitCrew.username == username)
        .values(until_at=now, taken_off_by=actor.username)
        .execution_options(synchronize_session=False)
    )
    audit.record(session, "tickets.unit_crew_off", f"unit:{code}", by=by, at=now, crew=username)
    return read(session, code)
