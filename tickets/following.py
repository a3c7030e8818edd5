"""A citizen follows their own ticket: the proof, what they are shown, what they can do.

What they see is decided here, event by event, and by what is named, not by what is left out: what
`_SEEN` does not know stays inside. No name of anybody is in any of it.
"""

import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.announce import announce
from tickets import attempts, facts, handling, numbers, planning, search, service, workflow
from tickets.config import Tickets
from tickets.errors import (
    AlreadyClosed,
    BadMark,
    ClosedForGood,
    NotClosed,
    NoteEmpty,
    TooManyTries,
    TooManyWords,
    WordsTooLong,
)
from tickets.facts import CITIZEN, Actor, EventFacts, TicketFacts
from tickets.masking import masked
from tickets.models import EventKind, Ticket, TicketCall, TicketEvent
from tickets.workflow import OPEN, Result, Role, State, Waiting
from tickets.writing import locked, tell

#: Letters of one message.
LONGEST = 2000
#: So many messages of a citizen a ticket takes in an hour.
MOST_WORDS, WORDS_WITHIN = 10, timedelta(hours=1)
MARKS: Final = range(1, 6)
PROOF_DIGITS: Final = 4
_THAI_DIGITS: Final = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")
_ME: Final = Actor(CITIZEN, Role.CITIZEN)


# ------------------------------------------------------------------ the proof


@dataclass(frozen=True)
class Guess:
    """What somebody gives as proof: a ticket's number (bare digits, `numbers.parse`), the last four
    digits of a telephone, and the address that it comes from.
    """

    number: str
    digits: str
    address: str


def prove(
    session: Session, config: Tickets, guess: Guess, *, secret_key: str, now: datetime
) -> TicketFacts | None:
    """Return the ticket if the proof is right; None, and a failure is counted, if it is wrong or
    there is no such ticket: nothing tells the two apart, also not what is asked of the database.

    Raises `TooManyTries` (`until`: the moment) while the number or the address is locked, whether
    or not there is such a ticket and whether or not the proof is right.
    """
    keys = (
        attempts.of_number(secret_key, guess.number),
        attempts.of_address(secret_key, guess.address),
    )
    if until := attempts.locked_until(session, *keys, now=now):
        raise TooManyTries(until=until)
    row = session.scalar(sa.select(Ticket).where(Ticket.number == guess.number))
    called = session.scalars(
        sa.select(TicketCall.caller_number).where(
            TicketCall.ticket_id == (row.id if row else 0), TicketCall.caller_number.is_not(None)
        )
    ).all()
    known = {each for each in (*called, row.caller_number if row else None) if each}
    if _proves(guess.digits, known) and row is not None:
        return facts.of_ticket(row)
    limits = config.citizens.attempts, config.citizens.attempts_of_address
    for key, free in zip(keys, limits, strict=True):
        attempts.failed(session, key, free=free, now=now)
    return None


def _proves(digits: str, known: Iterable[str]) -> bool:
    given = digits.translate(_THAI_DIGITS).strip()
    if len(given) != PROOF_DIGITS or not given.isascii() or not given.isdecimal():
        return False
    # each is compared, whichever is right
    right = [hmac.compare_digest(given, number[-PROOF_DIGITS:]) for number in known]
    return any(right)


# ------------------------------------------------------------------ what is seen


class Sight(StrEnum):
    """What a citizen is told that happened."""

    RECEIVED = "received"
    TAKEN_UP = "taken_up"
    DONE = "done"
    CANCELLED = "cancelled"
    REOPENED = "reopened"
    JOINED = "joined"
    WAITS_FOR_YOU = "waits_for_you"
    WAITS_FOR_AGENCY = "waits_for_agency"
    PASSED_ON = "passed_on"
    UNIT = "unit"
    CALLED_YOU = "called_you"
    MESSAGE = "message"
    YOU = "you"
    JUDGED = "judged"
    CONFIRMED = "confirmed"


@dataclass(frozen=True)
class Seen:
    """One line of the timeline. `text`: somebody's words, with numbers in them masked; `mine`:
    what the citizen said or did; `more`: a result, a division, a unit, a moment, a mark, a number.
    """

    at: datetime
    what: Sight
    text: str = ""
    more: str = ""
    mine: bool = False


def timeline(story: Iterable[EventFacts]) -> list[Seen]:
    """Return what a citizen sees of a story, oldest first."""
    return [seen for event in story if (seen := _see(event)) is not None]


def _see(event: EventFacts) -> Seen | None:
    see = _SEEN.get(event.kind)
    found = see(event.data) if see else None
    if found is None:
        return None
    what, text, more = found
    # a reason that somebody of the city gives is for their colleagues
    mine = event.who == CITIZEN
    if what in (Sight.REOPENED, Sight.CONFIRMED, Sight.JUDGED) and not mine:
        text = ""
    return Seen(event.at, what, masked(facts.clean(text)), more, mine)


_Found = tuple[Sight, str, str] | None


def _moved(data: Mapping[str, Any]) -> _Found:
    from_, to, text = State(data["from"]), State(data["to"]), str(data.get("text") or "")
    if to in OPEN:
        return (Sight.TAKEN_UP, "", "") if from_ in OPEN else (Sight.REOPENED, text, "")
    if "instead" in data:
        return Sight.JOINED, "", numbers.display(str(data["instead"]))
    what = Sight.DONE if to is State.DONE else Sight.CANCELLED
    return what, text, str(data.get("result") or "")


def _waiting(data: Mapping[str, Any]) -> _Found:
    yours = data["for"] == Waiting.CITIZEN
    return (Sight.WAITS_FOR_YOU if yours else Sight.WAITS_FOR_AGENCY), "", str(data["until"])


def _routed(data: Mapping[str, Any]) -> _Found:
    to = data["now"].get("division")
    return (Sight.PASSED_ON, "", str(to)) if to else None


def _unit(data: Mapping[str, Any]) -> _Found:
    """A unit that they were told of by SMS, which leads here (`tickets.texting.moment_of`)."""
    told = data.get("tell") or "on_way" in data
    return (Sight.UNIT, "", str(data["call_sign"])) if told else None


def _called_out(data: Mapping[str, Any]) -> _Found:
    return (Sight.CALLED_YOU, "", "") if data.get("result") == "answered" else None


def _said(what: Sight) -> Callable[[Mapping[str, Any]], _Found]:
    return lambda data: (what, str(data.get("text") or ""), str(data.get("mark") or ""))


_SEEN: Final[Mapping[EventKind, Callable[[Mapping[str, Any]], _Found]]] = {
    EventKind.MADE: lambda _: (Sight.RECEIVED, "", ""),
    EventKind.MOVED: _moved,
    EventKind.WAITING: _waiting,
    EventKind.ROUTED: _routed,
    EventKind.UNIT_MOVED: _unit,
    EventKind.INCIDENT: _unit,
    EventKind.CALLED_OUT: _called_out,
    EventKind.MESSAGE: _said(Sight.MESSAGE),
    EventKind.CITIZEN: _said(Sight.YOU),
    EventKind.JUDGED: _said(Sight.JUDGED),
    EventKind.CONFIRMED: _said(Sight.CONFIRMED),
    EventKind.MERGED: lambda data: (Sight.JOINED, "", numbers.display(str(data["into"]))),
}
#: What the citizen of a ticket that is merged sees of the other one's story: how it goes on, and
#: nothing of what was said to somebody else.
_SHARED: Final = (
    EventKind.MOVED,
    EventKind.WAITING,
    EventKind.ROUTED,
    EventKind.UNIT_MOVED,
    EventKind.INCIDENT,
)


@dataclass(frozen=True)
class Next:
    """What happens next and by when: `what` is one of received, in_progress, late, waits_for_you,
    waits_for_agency, done, cancelled, over; `at` None: no day is promised.
    """

    what: str
    at: datetime | None


def what_next(ticket: TicketFacts, within: timedelta, now: datetime) -> Next:
    """Say what its citizen can expect; `within`: so long after the closing it can be reopened."""
    if not ticket.is_open:
        assert ticket.closed_at is not None
        if not workflow.may_reopen(ticket.state, ticket.closed_at, within, now):
            return Next("over", ticket.closed_at)
        return Next(ticket.state.value, ticket.closed_at + within)
    if ticket.waiting_for is not None:
        yours = ticket.waiting_for is Waiting.CITIZEN
        return Next("waits_for_you" if yours else "waits_for_agency", ticket.waiting_until)
    if ticket.is_overdue(now):
        return Next("late", ticket.due_at)
    return Next(ticket.state.value, ticket.due_at)


@dataclass(frozen=True)
class Page:
    """All that the page shows. `mark`: the last one that its reader has given since the closing;
    `confirmed`: the citizen has said since then that it is done.
    """

    ticket: TicketFacts
    lines: list[Seen]
    next: Next
    mark: int | None
    confirmed: bool
    may_judge: bool
    may_confirm: bool
    may_reopen: bool
    may_withdraw: bool


def page(
    session: Session, config: Tickets, ticket: TicketFacts, now: datetime, caller: int = 0
) -> Page:
    """Return what a citizen of this ticket sees now: the first caller, or one of those who came
    with it later (`caller`: an id of `tickets.matters.models.TicketCaller`).
    """
    within = timedelta(days=config.citizens.reopen_days)
    story = _theirs(search.story(session, ticket.id), caller)
    if ticket.result is Result.MERGED:
        return _merged(session, ticket, story, within, now, caller)
    lines = timeline(planning.standing(story))
    if caller:
        return _shared(ticket, lines, within, now)
    closed = ticket.state, ticket.closed_at, within, now
    may_judge = workflow.may_judge(*closed)
    return Page(
        ticket=ticket,
        lines=lines,
        next=what_next(ticket, within, now),
        mark=_mark(ticket, lines),
        confirmed=any(line.what is Sight.CONFIRMED for line in _since_closing(ticket, lines)),
        may_judge=may_judge,
        may_confirm=may_judge,
        may_reopen=workflow.may_reopen(*closed),
        may_withdraw=State.CANCELLED in workflow.moves(ticket.state, Role.CITIZEN),
    )


#: What the first caller says and does, who came later is not shown; and the other way round.
_PERSONAL: Final = (
    EventKind.CITIZEN,
    EventKind.JUDGED,
    EventKind.CONFIRMED,
    EventKind.CALLED_OUT,
)


def _theirs(story: list[EventFacts], caller: int) -> list[EventFacts]:
    return [
        event
        for event in story
        if event.kind not in _PERSONAL
        or (int(event.data.get("caller") or 0) == caller and "of" not in event.data)
    ]


def _since_closing(ticket: TicketFacts, lines: Iterable[Seen]) -> list[Seen]:
    return [line for line in lines if ticket.closed_at and line.at >= ticket.closed_at]


def _mark(ticket: TicketFacts, lines: Iterable[Seen]) -> int | None:
    since = _since_closing(ticket, lines)
    marks = [int(line.more) for line in since if line.what is Sight.JUDGED]
    return marks[-1] if marks else None


def _shared(ticket: TicketFacts, lines: list[Seen], within: timedelta, now: datetime) -> Page:
    """What who came later sees, or with what was merged into it: how it stands, and no more to do
    than to write, and to rate the result that they were told of.
    """
    closed = ticket.state, ticket.closed_at, within, now
    return Page(
        ticket=ticket,
        lines=lines,
        next=what_next(ticket, within, now),
        mark=_mark(ticket, lines),
        confirmed=False,
        may_judge=workflow.may_judge(*closed),
        may_confirm=False,
        may_reopen=False,
        may_withdraw=False,
    )


def _merged(
    session: Session,
    ticket: TicketFacts,
    story: list[EventFacts],
    within: timedelta,
    now: datetime,
    caller: int,
) -> Page:
    """How the ticket stands that this one is part of; what can be done, its own citizen does."""
    root = search.root(session, ticket)
    since = [event.at for event in story if event.kind is EventKind.MERGED]
    mine = _whose(ticket, root, caller)
    shared = [
        event
        for event in planning.standing(search.story(session, root.id))
        if event.at >= since[-1]
        and (event.kind in _SHARED or (event.kind is EventKind.JUDGED and _is_by(mine, event)))
    ]
    here = replace(root, id=ticket.id, number=ticket.number)
    return _shared(here, timeline([*planning.standing(story), *shared]), within, now)


def _whose(ticket: TicketFacts, root: TicketFacts, caller: int) -> dict[str, int]:
    """Who of several that came with a matter: what their words carry in its story. `of`: the ticket
    that was merged into it, by its id; `caller`: as `page` has it.
    """
    of = {} if ticket.id == root.id else {"of": ticket.id}
    return of | ({"caller": caller} if caller else {})


def _is_by(mine: Mapping[str, int], event: EventFacts) -> bool:
    return {key: event.data[key] for key in ("of", "caller") if key in event.data} == mine


# ------------------------------------------------------------------ what they can do


def say(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    text: str,
    *,
    by: str,
    now: datetime,
    caller: int = 0,
) -> None:
    """Add a citizen's message (`by`: `page` or `sms`): unread until somebody answers. A ticket that
    waits for its citizen goes on. `caller`: as `page` has it.

    Raises `NoteEmpty`, `WordsTooLong`, `TooManyWords`.
    """
    text = _words(text)
    seen = locked(session, ticket)
    lately = sa.select(sa.func.count()).where(
        TicketEvent.ticket_id == ticket.id,
        TicketEvent.kind == EventKind.CITIZEN,
        TicketEvent.at > now - WORDS_WITHIN,
    )
    if (session.scalar(lately) or 0) >= MOST_WORDS:
        raise TooManyWords
    said: dict[str, Any] = {"text": text, "by": by} | ({"caller": caller} if caller else {})
    tell(session, ticket.id, EventKind.CITIZEN, CITIZEN, now, said)
    if seen.waiting_for is Waiting.CITIZEN:
        handling.go_on(session, config, seen, actor=_ME, now=now)
    announce(session, "ticket.moved", ticket_id=ticket.id)


def judge(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    mark: int,
    text: str = "",
    *,
    now: datetime,
    caller: int = 0,
) -> None:
    """Give the result a mark; the last one of each who came with the matter counts. Who came with a
    ticket that was merged judges what the one came to that it is worked on in. `caller`: as `page`
    has it. Raises `BadMark`, `WordsTooLong`, `NotClosed`, `ClosedForGood`.
    """
    if mark not in MARKS:
        raise BadMark
    seen = locked(session, search.root(session, ticket))
    _check_judging(config, seen, now)
    said: dict[str, Any] = {"mark": mark, "text": _words(text, optional=True)}
    said |= _whose(ticket, seen, caller)
    tell(session, seen.id, EventKind.JUDGED, CITIZEN, now, said)


def confirm(session: Session, config: Tickets, ticket: TicketFacts, *, now: datetime) -> None:
    """Say that it is done; once a closing. Raises `NotClosed`, `ClosedForGood`."""
    seen = locked(session, ticket)
    _check_judging(config, seen, now)
    if not page(session, config, seen, now).confirmed:
        tell(session, ticket.id, EventKind.CONFIRMED, CITIZEN, now, {"text": ""})


def _check_judging(config: Tickets, ticket: TicketFacts, now: datetime) -> None:
    if ticket.state is not State.DONE:
        raise NotClosed
    within = timedelta(days=config.citizens.reopen_days)
    if not workflow.may_judge(ticket.state, ticket.closed_at, within, now):
        raise ClosedForGood


def reopen(
    session: Session, config: Tickets, ticket: TicketFacts, text: str, *, now: datetime
) -> TicketFacts:
    """Open it again, which counts: `text` says what is not done.

    Raises `NoteEmpty`, `WordsTooLong`, `NotClosed`, `ClosedForGood`, `IsMerged`.
    """
    text, seen = _words(text), locked(session, ticket)
    if seen.is_open:
        raise NotClosed
    within = timedelta(days=config.citizens.reopen_days)
    if not workflow.may_reopen(seen.state, seen.closed_at, within, now):
        raise ClosedForGood
    return service.move(session, config, seen, State.IN_PROGRESS, actor=_ME, text=text, now=now)


def withdraw(
    session: Session, config: Tickets, ticket: TicketFacts, text: str, *, now: datetime
) -> TicketFacts:
    """Take the matter back. Raises `NoteEmpty`, `WordsTooLong`, `AlreadyClosed`."""
    text, seen = _words(text), locked(session, ticket)
    if not seen.is_open:
        raise AlreadyClosed
    return service.move(
        session,
        config,
        seen,
        State.CANCELLED,
        actor=_ME,
        result=Result.WITHDRAWN,
        text=text,
        now=now,
    )


def _words(text: str, *, optional: bool = False) -> str:
    text = facts.clean(text)
    if not text and not optional:
        raise NoteEmpty
    if len(text) > LONGEST:
        raise WordsTooLong(most=LONGEST)
    return text
