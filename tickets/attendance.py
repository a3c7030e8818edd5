"""Who answers for a division today: its administrators, those who stand in for them while they are
away, and the central desk for a division that has nobody.

`Attendance` is pure; below it, how it is read and how absences are written down. A day is one of
the city's (`Tickets.day`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.models import Account, Membership
from tickets.config import Tickets
from tickets.errors import BadAbsence, NoSuchAbsence, RoleMayNot
from tickets.facts import Actor
from tickets.models import Absence
from tickets.workflow import Role

#: Whose accounts can do the work of a division, and so stand in for its administrators.
STANDS_IN = (Role.DIVISION, Role.SUPERVISOR, Role.ADMINISTRATOR)
#: Who writes down anybody's absence; others their own, and those of their divisions' people.
ANYBODYS = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
#: So many absences a page shows at most.
SHOWN = 200


@dataclass(frozen=True)
class Attendance:
    """Who is there on one day.

    `names`: of the active accounts that matter here, by username; `away`: who is absent, and by
    whom they are replaced (None: by nobody in particular).
    """

    config: Tickets
    names: Mapping[str, str]
    away: Mapping[str, str | None]

    def is_there(self, username: str) -> bool:
        """Say whether somebody can be reached by a ticket: an active account that is not away."""
        return username in self.names and username not in self.away

    def responsible(self, division: str) -> list[str]:
        """Return who answers for a division today, in config's order, substitutes in their place.

        A substitute who is away themselves is replaced in their turn.
        """
        known = self.config.divisions.get(division)
        found = [self._reached(name) for name in known.administrators] if known else []
        return list(dict.fromkeys(name for name in found if name is not None))

    def unattended(self) -> list[str]:
        """Return the divisions that nobody answers for today, in config's order."""
        return [id_ for id_ in self.config.divisions if not self.responsible(id_)]

    def handlers(self, division: str) -> list[str]:
        """Return who does the work of a division today: those of its keeper."""
        return self.responsible(self.keeper(division))

    def keeper(self, division: str) -> str:
        """Return the division whose people do the work of another one today: itself, else the one
        that it is a part of, else the central desk, whoever is there.
        """
        there = (each for each in (division, self.config.whole_of(division)) if each is not None)
        return next((each for each in there if self.responsible(each)), self.config.central_desk)

    def divisions_of(self, username: str) -> frozenset[str]:
        """Return the divisions that somebody acts for: their own (also while away), those that they
        stand in for, and those that nobody answers for, where they are next (`handlers`).
        """
        standing_in = {id_ for id_ in self.config.divisions if username in self.handlers(id_)}
        return self.config.divisions_of(username) | standing_in

    def _reached(self, username: str) -> str | None:
        asked: set[str] = set()
        name: str | None = username
        while name is not None and name not in asked:
            if self.is_there(name):
                return name
            asked.add(name)
            name = self.away.get(name)
        return None


def on(session: Session, config: Tickets, now: datetime) -> Attendance:
    """Return who is there on the day of `now`."""
    today, config = config.day(now), with_members(session, config)
    rows = session.scalars(
        sa.select(Absence).where(
            Absence.last >= today, Absence.first <= today, Absence.withdrawn_at.is_(None)
        )
    )
    # of two that overlap the one written down last holds
    away = {row.username: row.substitute for row in sorted(rows, key=lambda row: row.id)}
    matter = {name for each in config.divisions.values() for name in each.administrators}
    matter |= {name for name in away.values() if name is not None}
    names = _names(session, Account.username.in_(matter))
    return Attendance(config, names, away)


def with_members(session: Session, config: Tickets) -> Tickets:
    """Return the configuration with those, too, of whom the city's own sign-in says that they are
    administrators of a division: after those whom the file names.
    """
    rows = session.execute(
        sa.select(Membership.division, Account.username)
        .join(Account, Account.id == Membership.account_id)
        .order_by(Account.username)
    ).all()
    if not rows:
        return config
    divisions = dict(config.divisions)
    for id_, username in rows:
        known = divisions.get(id_)
        if known is not None and username not in known.administrators:
            more = {"administrators": (*known.administrators, username)}
            divisions[id_] = known.model_copy(update=more)
    return config.model_copy(update={"divisions": divisions})


# ------------------------------------------------------------------ absences


@dataclass(frozen=True)
class AbsenceFacts:
    """Somebody's days away, both included."""

    id: int
    username: str
    first: date
    last: date
    substitute: str | None


def may_write(config: Tickets, actor: Actor, username: str) -> bool:
    """Say whether the actor may write down that somebody is away."""
    return (
        actor.role in ANYBODYS
        or actor.username == username
        or bool(config.divisions_of(actor.username) & config.divisions_of(username))
    )


def people(session: Session, config: Tickets, actor: Actor) -> dict[str, str]:
    """Return the names by username of those whose absence the actor may write down."""
    config = with_members(session, config)
    matter = {name for each in config.divisions.values() for name in each.administrators}
    theirs = [name for name in matter if may_write(config, actor, name)]
    return _names(session, Account.username.in_(theirs))


def substitutes(session: Session) -> dict[str, str]:
    """Return the names by username of those who can stand in."""
    return _names(session, Account.role.in_([role.value for role in STANDS_IN]))


def _names(session: Session, *where: sa.ColumnElement[bool]) -> dict[str, str]:
    rows = session.execute(
        sa.select(Account.username, Account.name)
        .where(Account.active, *where)
        .order_by(Account.name)
    )
    return {row.username: row.name for row in rows}


def absences(
    session: Session, config: Tickets, usernames: Collection[str], now: datetime
) -> list[AbsenceFacts]:
    """Return the absences of some people that are not over, in the order in which they begin."""
    rows = session.scalars(
        sa.select(Absence)
        .where(
            Absence.last >= config.day(now),
            Absence.withdrawn_at.is_(None),
            Absence.username.in_(list(usernames)),
        )
        .order_by(Absence.first, Absence.id)
        .limit(SHOWN)
    )
    return [AbsenceFacts(row.id, row.username, row.first, row.last, row.substitute) for row in rows]


def be_away(
    session: Session,
    config: Tickets,
    *,
    username: str,
    first: date,
    last: date,
    substitute: str | None,
    actor: Actor,
    now: datetime,
) -> None:
    """Write down that somebody is away from `first` to `last`. Raises `RoleMayNot`, `BadAbsence`.

    Where two absences of one person overlap, the one written down last says who stands in.
    """
    if username not in people(session, config, actor):
        raise RoleMayNot
    if not config.day(now) <= last >= first:
        raise BadAbsence(text="tickets.absence.error.days")
    if substitute is not None and (
        substitute == username or substitute not in substitutes(session)
    ):
        raise BadAbsence(text="tickets.absence.error.substitute")
    row = Absence(
        username=username,
        first=first,
        last=last,
        substitute=substitute,
        made_by=actor.username,
        made_at=now,
    )
    session.add(row)
    session.flush()


def be_back(
    session: Session, config: Tickets, absence_id: int, *, actor: Actor, now: datetime
) -> None:
    """Withdraw an absence; who does it again changes nothing. Raises `NoSuchAbsence`."""
    row = session.get(Absence, absence_id)
    if row is None or not may_write(with_members(session, config), actor, row.username):
        raise NoSuchAbsence
    session.execute(
        sa.update(Absence)
        .where(Absence.id == absence_id, Absence.withdrawn_at.is_(None))
        .values(withdrawn_by=actor.username, withdrawn_at=now)
        .execution_options(synchronize_session=False)
    )
