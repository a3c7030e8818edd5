"""How long tickets are kept, and what somebody asks of theirs: this room's part of
`hotline.privacy`.

A step is due by `tickets.retention` of config.yaml or by the category's own. An open ticket is
never touched but by `close`, which was announced before, and a held one not at all.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.config import READER_LANGUAGES, length_of
from hotline.floor import Floor
from hotline.privacy import keepers
from hotline.privacy.keepers import About, Due, Forgotten, Keeper, Subject
from tickets import erasing, facts, numbers, planning, redaction, search, sms, whose
from tickets.config import Retention, Tickets
from tickets.facts import SYSTEM
from tickets.files import service as files
from tickets.matters.models import TicketCaller
from tickets.models import (
    IS_OPEN,
    EventKind,
    Ticket,
    TicketCall,
    TicketEvent,
)
from tickets.persons import service as persons
from tickets.places import rules
from tickets.places import service as places
from tickets.telling import about_to_close
from tickets.workflow import Result, State
from tickets.writing import change, locked, tell

ROOM = "tickets"
ANNOUNCE, CLOSE, ANONYMISE, DELETE = "announce", "close", "anonymise", "delete"
_FREE = (Ticket.hold == "", Ticket.deleted_at.is_(None))
#: What happens to a ticket that is no work on it.
_NO_WORK = (
    EventKind.LOOKED,
    EventKind.HELD,
    EventKind.RELEASED,
    EventKind.REDACTED,
    EventKind.INCIDENT,
)


@dataclass(frozen=True)
class _Policy:
    """What holds for which tickets."""

    kept: Retention
    which: sa.ColumnElement[bool]


def _policies(config: Tickets) -> Iterator[_Policy]:
    own = {id_: each.retention for id_, each in config.categories.items() if each.retention}
    for id_, kept in own.items():
        yield _Policy(kept, Ticket.category == id_)
    others = Ticket.category.not_in(sorted(own)) | Ticket.category.is_(None)
    yield _Policy(config.retention, others if own else sa.true())


# ------------------------------------------------------------------ what is due


def due(floor: Floor, session: Session, now: datetime) -> Iterator[Due]:
    """See `keepers.Keeper`."""
    for policy in _policies(floor.section(Tickets)):
        yield from _inactive(session, policy, now)
        for act, length, done in (
            (DELETE, policy.kept.delete, Ticket.deleted_at),
            (ANONYMISE, policy.kept.anonymise, Ticket.anonymised_at),
        ):
            if length is not None:
                # what goes whole is not told of twice
                whole = policy.kept.delete if act == ANONYMISE else None
                before = now - length_of(whole) if whole else None
                yield from _closed(session, policy, act, length, done, now, before)


def _closed(
    session: Session,
    policy: _Policy,
    act: str,
    length: str,
    done: sa.orm.InstrumentedAttribute[datetime | None],
    now: datetime,
    not_before: datetime | None,
) -> Iterator[Due]:
    rows = session.execute(
        sa.select(Ticket.id, Ticket.number, Ticket.closed_at)
        .where(
            policy.which,
            *_FREE,
            Ticket.closed_at < now - length_of(length),
            done.is_(None),
            *([] if not_before is None else [Ticket.closed_at >= not_before]),
        )
        .order_by(Ticket.closed_at)
    )
    for id_, number, closed_at in rows:
        yield _due(act, id_, number, length, _aware(closed_at))


def _inactive(session: Session, policy: _Policy, now: datetime) -> Iterator[Due]:
    length = policy.kept.close
    if length is None:
        return
    last = _last_work()
    rows = session.execute(
        sa.select(Ticket.id, Ticket.number, Ticket.closing_told_at, last.label("last"))
        .where(policy.which, IS_OPEN, Ticket.hold == "", last < now - length_of(length))
        .order_by(Ticket.id)
    )
    for id_, number, told_at, at in rows:
        last_at = _aware(at)
        if told_at is None or told_at < last_at:
            yield _due(ANNOUNCE, id_, number, length, last_at)
        elif told_at + length_of(policy.kept.announce) <= now:
            yield _due(CLOSE, id_, number, length, last_at)


def _last_work() -> sa.ScalarSelect[datetime]:
    """When somebody did something about a ticket, or called about it."""
    by_somebody = TicketEvent.who != SYSTEM
    called = TicketEvent.kind.in_((EventKind.MADE.value, EventKind.CALL.value))
    return (
        sa.select(sa.func.max(TicketEvent.at, type_=TicketEvent.at.type))
        .where(
            TicketEvent.ticket_id == Ticket.id,
            by_somebody | called,
            TicketEvent.kind.not_in([each.value for each in _NO_WORK]),
        )
        .correlate(Ticket)
        .scalar_subquery()
    )


def _aware(at: datetime | None) -> datetime:
    assert at is not None, "a ticket without its first event"
    return at


def _due(act: str, id_: int, number: str, rule: str, since: datetime) -> Due:
    return Due(ROOM, act, f"ticket:{id_}", numbers.display(number), rule, since)


# ------------------------------------------------------------------ what is done


def act(floor: Floor, session: Session, due: Due, now: datetime) -> bool:
    """See `keepers.Keeper`. What changed since it was found to be due is left for another night."""
    row = session.get(Ticket, due.id)
    if row is None:
        return False
    ticket = locked(session, facts.of_ticket(row))
    if ticket.hold or ticket.is_open is not (due.act in (ANNOUNCE, CLOSE)):
        return False
    if due.act == ANNOUNCE:
        return _tell_before(floor, session, ticket, now)
    if due.act == CLOSE:
        return _close(session, ticket, due, now)
    if (ticket.deleted_at if due.act == DELETE else ticket.anonymised_at) is not None:
        return False
    return _forget(floor, session, ticket, now, whole=due.act == DELETE)


def _tell_before(floor: Floor, session: Session, ticket: facts.TicketFacts, now: datetime) -> bool:
    config = floor.section(Tickets)
    until = now + length_of(config.retention_of(ticket.category).announce)
    _set(session, ticket.id, closing_told_at=now)
    said = {"until": until.isoformat()}
    tell(session, ticket.id, EventKind.CLOSING, SYSTEM, now, said)
    about_to_close(session, config, ticket, until, now)
    return True


def _close(session: Session, ticket: facts.TicketFacts, due: Due, now: datetime) -> bool:
    last = session.scalar(sa.select(_last_work()).select_from(Ticket).where(Ticket.id == ticket.id))
    if _aware(last) != due.since:
        return False  # somebody has just done something
    values = {
        "state": State.DONE.value,
        "result": Result.OTHER.value,
        "closed_at": now,
        "incomplete": False,
    } | planning.stopped(ticket, now)
    change(session, ticket, {"version": ticket.version}, values)
    said = {
        "from": ticket.state.value,
        "to": State.DONE.value,
        "result": Result.OTHER.value,
        "text": "",
        "inactive": True,
    }
    tell(session, ticket.id, EventKind.MOVED, SYSTEM, now, said)
    return True


def _forget(
    floor: Floor, session: Session, ticket: facts.TicketFacts, now: datetime, *, whole: bool
) -> bool:
    # its own, and not those of what is merged into it: each is forgotten in its own time
    own = sa.select(TicketCall.call_id).where(TicketCall.ticket_id == ticket.id)
    calls = list(session.scalars(own))
    nameless = redaction.without(redaction.names_in(session, ticket.id))
    redaction.forget_caller(session, ticket.id, "retention", SYSTEM, now)
    sms.forget_ticket(session, ticket.id)
    if not whole:
        files.anonymise(session, ticket.id, now=now)
        redaction.coarsen_place(session, ticket.id, nameless)
    else:
        files.forget(session, ticket.id, now=now)
        redaction.forget_place(session, ticket.id)
        redaction.change_words(session, ticket.id, redaction.nothing)
        said = {"why": "deletion", "text": ""}
        tell(session, ticket.id, EventKind.REDACTED, SYSTEM, now, said)
        _set(session, ticket.id, deleted_at=now)
    _set(session, ticket.id, anonymised_at=ticket.anonymised_at or now)
    keepers.forget(floor, session, Forgotten(ticket.id, calls, whole), now)
    return True


def _set(session: Session, ticket_id: int, **values: Any) -> None:
    session.execute(
        sa.update(Ticket)
        .where(Ticket.id == ticket_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()


# ------------------------------------------------------------------ what somebody asks of theirs


def about(floor: Floor, session: Session, subject: Subject) -> About:
    """See `keepers.Keeper`: the persons, their tickets with all that was written in them, what was
    sent to them, and the photos that they sent or that everybody may see.
    """
    config = floor.section(Tickets)
    people = [_of_person(session, id_) for id_ in whose.persons_of(session, subject)]
    ids, told_at = whose.tickets_of(session, subject), whose.numbers_of(session, subject)
    theirs = [_of_ticket(session, config, id_, told_at) for id_ in ids]
    shown = [file for id_ in ids for file in _files_of(session, id_, told_at)]
    known = {
        "persons": people,
        "tickets": theirs,
        "same_matter": [_of_caller(row) for row in _came_later(session, ids, told_at)],
        "sms": [
            {
                "number": numbers.display(number),
                "at": told.at.isoformat(),
                "text": told.text,
                "how": told.how,
            }
            for number, told in sms.of_numbers(session, told_at)
            if told.ticket_id in set(ids)
        ],
        "sms_wishes": [
            {"at": at.isoformat(), "wanted": wanted}
            for at, wanted in sms.wishes_of(session, told_at)
        ],
        "files": [_of_file(number, file) for number, file in shown],
    }
    # read after the unit of work: they may come over the network
    reads = {_file_name(file): partial(files.read, floor, file) for _, file in shown}
    return About(known, reads, _kept(session, ids))


def _kept(session: Session, ids: Sequence[int]) -> list[tuple[str, dict[str, Any]]]:
    """What of theirs somebody is not given, and what stays whatever they ask for."""
    kept: list[tuple[str, dict[str, Any]]] = []
    if ids:
        kept.append(("tickets.privacy.not_given", {}))
    held = sa.select(Ticket.number).where(Ticket.id.in_(ids), Ticket.hold != "")
    if shown := ", ".join(numbers.display(number) for number in session.scalars(held)):
        kept.append(("tickets.privacy.kept_held", {"numbers": shown}))
    return kept


def _of_file(number: str, file: files.FileFacts) -> dict[str, Any]:
    # where a camera of the city's stood is nothing of theirs
    theirs = file.by_citizen
    return {
        "number": numbers.display(number),
        "at": file.added_at.isoformat(),
        "what": file.kind.value,
        "file": _file_name(file),
        "taken": file.taken_at.isoformat() if file.taken_at and theirs else None,
        "position": _position(file) if theirs else None,
    }


def _files_of(
    session: Session, ticket_id: int, theirs: Collection[str | None]
) -> Iterator[tuple[str, files.FileFacts]]:
    """The files of a ticket that somebody is given: what they sent, if it is their own ticket, and
    what everybody may see. What others sent, and what the city keeps to itself, is not theirs.
    """
    ticket = facts.of_ticket(session.get_one(Ticket, ticket_id))
    own = ticket.caller_number is not None and ticket.caller_number in theirs
    seen = files.for_citizen if own else files.public_ones
    for file in seen(session, ticket):
        yield ticket.number, file


def _file_name(file: files.FileFacts) -> str:
    return f"photos/{file.id}.{file.type.value}"


def _position(file: files.FileFacts) -> str | None:
    where = file.position
    return f"{where.latitude}, {where.longitude}" if where else None


def _came_later(
    session: Session, tickets: Sequence[int], own: frozenset[str]
) -> Sequence[TicketCaller]:
    """Where somebody came with a matter that had a ticket."""
    mine = (TicketCaller.ticket_id.in_(tickets), TicketCaller.number.in_(own))
    return session.scalars(sa.select(TicketCaller).where(*mine).order_by(TicketCaller.id)).all()


def _of_caller(row: TicketCaller) -> dict[str, Any]:
    return {
        "at": row.at.isoformat(),
        "number": row.number,
        "language": row.language,
        "said": row.note,
        "told_by_sms": row.wants_news,
    }


def _of_person(session: Session, person_id: int) -> dict[str, Any]:
    person = persons.find(session, person_id)
    return {
        "id": person.id,
        "name": person.name,
        "language": person.language,
        "note": person.note,
        "vip": person.vip,
        "since": person.made_at.isoformat(),
        "numbers": list(person.numbers),
        "changes": [
            {"at": each.at.isoformat(), "what": each.kind, **each.data}
            for each in persons.history(session, person_id)
        ],
    }


def _of_ticket(
    session: Session, config: Tickets, ticket_id: int, own: frozenset[str]
) -> dict[str, Any]:
    """`own`: the numbers of who asks: those of others who called about it are not theirs."""
    ticket = facts.of_ticket(session.get_one(Ticket, ticket_id))
    category = config.categories.get(ticket.category or "")
    division = config.divisions.get(ticket.division)
    return {
        "number": ticket.number_shown,
        "kind": ticket.kind.value,
        "category": category.title.root if category else ticket.category,
        "division": division.title.root if division else ticket.division,
        "state": ticket.state.value,
        "result": ticket.result.value if ticket.result else None,
        "received": ticket.received_at.isoformat(),
        "closed": ticket.closed_at.isoformat() if ticket.closed_at else None,
        "caller": ticket.caller_number if ticket.caller_number in own else None,
        "text": ticket.text,
        "place": _place(session, config, ticket),
        "story": [
            {
                "at": event.at.isoformat(),
                "what": event.kind.value,
                "text": event.data.get("text") or None,
            }
            for event in search.story(session, ticket_id)
        ],
    }


def _place(session: Session, config: Tickets, ticket: facts.TicketFacts) -> dict[str, str] | None:
    """Where it is, as it is said in each language, and the pin's degrees."""
    where = places.of_ticket(session, ticket)
    if where.is_empty:
        return None
    pin = f" ({where.pin.latitude}, {where.pin.longitude})" if where.pin else ""
    return {
        language: rules.said(
            where, {id_: each.name(language) for id_, each in config.areas.areas.items()}
        )
        + pin
        for language in READER_LANGUAGES
    }


KEEPER = Keeper(ROOM, due=due, act=act, about=about, erase=erasing.erase)
