"""Who is told of what happens to tickets, and that they were: each telling is an event of the
ticket (`told`), and a notice of each person (`hotline.notices`) with how far its e-mail is.

A notice names the ticket and its division and nothing of what stands in it: who may not read a
private ticket learns no more of it than that it is late.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from hotline.config import READER_LANGUAGES
from hotline.notices import service as notices
from hotline.notices.rules import Kind
from hotline.roles import Role
from tickets import attendance
from tickets.attendance import Attendance
from tickets.config import Tickets, Told
from tickets.facts import SYSTEM, TicketFacts
from tickets.models import EventKind
from tickets.writing import tell

#: Who is told at night of every division.
WATCHES = (Role.SUPERVISOR, Role.MANAGER)


def escalated(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    level: int,
    since: datetime,
    now: datetime,
) -> list[str]:
    """Tell those to whom a level of the escalation goes; their usernames.

    A division without anybody is told by its central desk, loudly; a level that reaches nobody, by
    the administrators.
    """
    there = attendance.on(session, config, now)
    to = config.escalation[level - 1].to
    names, urgent = _reached(session, config, there, ticket, to)
    told = notices.tell(
        session,
        names,
        Kind.ESCALATED,
        key=f"escalated:{ticket.id}:{level}:{since:%Y%m%d%H%M%S}",
        urgent=urgent,
        now=now,
        level=level,
        since=since.isoformat(),
        **_about(config, ticket),
    )
    _write(session, ticket, Kind.ESCALATED, told, now, level)
    return told


def _reached(
    session: Session, config: Tickets, there: Attendance, ticket: TicketFacts, to: Told
) -> tuple[list[str], bool]:
    """Who is meant, and whether it is loud: they answer for it in somebody's place."""
    if to is Told.DIVISION:
        own = there.responsible(ticket.division)
        names = own or there.responsible(config.central_desk)
        urgent = not own
    elif to is Told.CENTRAL_DESK:
        names, urgent = there.responsible(config.central_desk), False
    else:
        names, urgent = notices.of_role(session, Role(to.value)), False
    if names:
        return names, urgent
    return notices.of_role(session, Role.ADMINISTRATOR), True


def assigned(
    session: Session, config: Tickets, ticket: TicketFacts, *, to: str, by: str, now: datetime
) -> None:
    """Tell somebody that a ticket is theirs to do; who took it knows. The event of the assigning
    says who that is: there is no other.
    """
    if to == by:
        return
    notices.tell(
        session,
        [to],
        Kind.ASSIGNED,
        key=f"assigned:{ticket.id}:{ticket.version}",
        now=now,
        **_about(config, ticket),
    )


def about_to_close(
    session: Session, config: Tickets, ticket: TicketFacts, until: datetime, now: datetime
) -> None:
    """Tell who has a ticket that it will be closed, since nothing happens."""
    there = attendance.on(session, config, now)
    names = there.handlers(ticket.division)
    if ticket.owner is not None and there.is_there(ticket.owner):
        names = [ticket.owner, *names]
    told = notices.tell(
        session,
        names or notices.of_role(session, Role.SUPERVISOR),
        Kind.CLOSING,
        key=f"closing:{ticket.id}:{now:%Y%m%d}",
        now=now,
        until=until.isoformat(),
        **_about(config, ticket),
    )
    _write(session, ticket, Kind.CLOSING, told, now)


def _about(config: Tickets, ticket: TicketFacts) -> dict[str, Any]:
    return {
        "subject": f"ticket:{ticket.id}",
        "ticket": ticket.number,
        "number": ticket.number_shown,
        "division": titles(config, ticket.division),
    }


def titles(config: Tickets, division: str) -> dict[str, str]:
    """A division's title in the languages that the city's people read."""
    known = config.divisions.get(division)
    return {code: known.title.for_(code) if known else division for code in READER_LANGUAGES}


def _write(
    session: Session,
    ticket: TicketFacts,
    why: Kind,
    told: Sequence[str],
    now: datetime,
    level: int | None = None,
) -> None:
    said = {"why": why.value, "level": level, "to": list(told)}
    tell(session, ticket.id, EventKind.TOLD, SYSTEM, now, said)


# ------------------------------------------------------------------ of divisions


def unattended(session: Session, config: Tickets, now: datetime) -> list[str]:
    """Tell the central desk, loudly and once a day, of each division that nobody answers for; the
    divisions.
    """
    there = attendance.on(session, config, now)
    alone = there.unattended()
    desk = there.responsible(config.central_desk)
    names = [*desk, *notices.of_role(session, Role.SUPERVISOR)]
    for division in alone:
        notices.tell(
            session,
            names or notices.of_role(session, Role.ADMINISTRATOR),
            Kind.UNATTENDED,
            key=f"unattended:{division}:{config.day(now)}",
            subject=f"division:{division}",
            urgent=True,
            now=now,
            division=titles(config, division),
            address="/tickets/attention",
        )
    return alone


def night(
    session: Session,
    config: Tickets,
    day: date,
    counts: Mapping[str, Mapping[str, int]],
    now: datetime,
) -> list[str]:
    """Tell each division's people what needed attention there when `day` was over, and who watches
    the whole of all; whom. `counts`: by division, as `tickets.attention` counts.
    """
    there = attendance.on(session, config, now)
    late = {
        division: found
        for division, found in counts.items()
        if any(number for name, number in found.items() if name != "open")
    }
    watch = [name for role in WATCHES for name in notices.of_role(session, role)]
    divisions: dict[str, list[str]] = {name: list(late) for name in watch}
    for division in late:
        for name in there.handlers(division):
            mine = divisions.setdefault(name, [])
            if division not in mine:
                mine.append(division)
    told: list[str] = []
    for name, theirs in divisions.items():
        rows: list[dict[str, Any]] = [
            {"division": titles(config, each), **late[each]} for each in theirs
        ]
        if rows:
            told += notices.tell(
                session,
                [name],
                Kind.NIGHTLY,
                key=f"nightly:{day}",
                now=now,
                day=day.isoformat(),
                count=sum(int(row["overdue"]) for row in rows),
                rows=rows,
                address="/tickets/attention",
            )
    notices.gather(session, day.isoformat(), told, now)
    return told
